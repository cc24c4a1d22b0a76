/* entry.c -- C_Initialize, C_Finalize, and what every other function begins with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

/* C_Finalize waits that long for other threads' calls to come back. */
#define LEAVE_MS 800

/*
 * PKCS #11 has no handle for the library itself: its functions find what C_Initialize made
 * only through a static variable. This is the only one; everything else hangs on
 * `module`. The mutex is the system's even when the program brought its own: it is there before
 * C_Initialize, and held for a few instructions only, in which nothing is called.
 */
static struct {
	pthread_mutex_t lock;
	pthread_once_t once;
	struct p11_module *module; /* NULL: not initialised */
	struct p11_module *inherited; /* of the parent process; not touched, and not lost */
} p11 = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_ONCE_INIT, NULL, NULL };

/* --- fork (3.1, 5.4: the child must call C_Initialize itself) ------------------------ */

static void before_fork(void)
{
	pthread_mutex_lock(&p11.lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&p11.lock);
}

/* Handles and threads are the parent's: the child begins with nothing. */
static void forget(void)
{
	p11.inherited = p11.module;
	p11.module = NULL;
}

static void after_fork_in_child(void)
{
	if (p11.module != NULL)
		forget();
	pthread_mutex_unlock(&p11.lock);
}

static void register_fork(void)
{
	(void)pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* The lock is held. A process made without fork()'s handlers (clone) is told by its id. */
static struct p11_module *current(void)
{
	if (p11.module != NULL && p11.module->pid != getpid())
		forget();
	return p11.module;
}

/* --- the module's life ----------------------------------------------------------------- */

static void module_free(struct p11_module *m)
{
	p11_slots_free(m);
	sj_context_free(m->watch);
	p11_lock_free(&m->watch_lock);
	p11_lock_free(&m->lock);
	p11_config_free(&m->config);
	free(m);
}

static CK_RV module_new(const struct p11_mutexes *mutexes, struct p11_module **out)
{
	struct p11_module *m = calloc(1, sizeof(*m));
	char problem[P11_CONFIG_PROBLEM];
	CK_RV rv;

	if (m == NULL)
		return CKR_HOST_MEMORY;
	m->pid = getpid();
	m->mutexes = *mutexes;
	p11_config_init(&m->config);
	rv = p11_lock_init(&m->lock, &m->mutexes);
	if (rv == CKR_OK)
		rv = p11_lock_init(&m->watch_lock, &m->mutexes);
	if (rv == CKR_OK)
		rv = p11_rv(sj_context_new(&m->watch));
	/* The file may hide things: what cannot be understood must not show them. */
	if (rv == CKR_OK && !p11_config_load(&m->config, problem)) {
		fprintf(stderr, "sojourn-pkcs11: %s\n", problem);
		rv = CKR_GENERAL_ERROR;
	}
	if (rv != CKR_OK)
		module_free(m);
	else
		*out = m;
	return rv;
}

/* 3.1, 5.4.1: which mutexes to use. */
static CK_RV take_mutexes(const CK_C_INITIALIZE_ARGS *args, struct p11_mutexes *out)
{
	int given;

	*out = (struct p11_mutexes){ NULL, NULL, NULL, NULL };
	if (args == NULL)
		return CKR_OK;
	given = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) +
		(args->LockMutex != NULL) + (args->UnlockMutex != NULL);
	if (args->pReserved != NULL || (given != 0 && given != 4))
		return CKR_ARGUMENTS_BAD;
	if (given == 4 && (args->flags & CKF_OS_LOCKING_OK) == 0)
		*out = (struct p11_mutexes){ args->CreateMutex, args->DestroyMutex, args->LockMutex,
					     args->UnlockMutex };
	return CKR_OK;
}

static CK_RV initialize(const struct p11_mutexes *mutexes)
{
	struct p11_module *m = NULL;
	CK_RV rv = module_new(mutexes, &m);

	if (rv != CKR_OK)
		return rv;
	/* Events count from here (3.1, 5.5.6); no service is no reason to fail. */
	(void)p11_slots_begin(m);
	pthread_mutex_lock(&p11.lock);
	if (current() != NULL)
		rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
	else
		p11.module = m;
	pthread_mutex_unlock(&p11.lock);
	if (rv != CKR_OK)
		module_free(m);
	return rv;
}

/*
 * CKF_LIBRARY_CANT_CREATE_OS_THREADS is accepted (NSS sets it always): the
 * thread that waits for the card runs none of the program's code.
 */
CK_RV C_Initialize(CK_VOID_PTR args)
{
	struct p11_mutexes mutexes;
	CK_RV rv = take_mutexes(args, &mutexes);

	if (rv != CKR_OK)
		return rv;
	pthread_once(&p11.once, register_fork);
	pthread_mutex_lock(&p11.lock);
	if (current() != NULL)
		rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
	pthread_mutex_unlock(&p11.lock);
	return rv == CKR_OK ? initialize(&mutexes) : rv;
}

CK_RV p11_enter(struct p11_module **out)
{
	struct p11_module *m;

	pthread_mutex_lock(&p11.lock);
	m = current();
	if (m != NULL)
		m->calls++;
	pthread_mutex_unlock(&p11.lock);
	*out = m;
	return m != NULL ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED;
}

void p11_leave(struct p11_module *m)
{
	bool last;

	pthread_mutex_lock(&p11.lock);
	last = --m->calls == 0 && m->closing;
	pthread_mutex_unlock(&p11.lock);
	if (last)
		module_free(m);
}

bool p11_closing(const struct p11_module *m)
{
	bool closing;

	pthread_mutex_lock(&p11.lock);
	closing = m->closing;
	pthread_mutex_unlock(&p11.lock);
	return closing;
}

static bool alone(const struct p11_module *m)
{
	bool is;

	pthread_mutex_lock(&p11.lock);
	is = m->calls == 1;
	pthread_mutex_unlock(&p11.lock);
	return is;
}

/* A pause of a millisecond takes many on a machine that has much to do. */
static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Whoever is inside is woken and comes back with CKR_FUNCTION_CANCELED or the like. A
 * call that does not come back in time keeps what it uses, and frees it when it does.
 */
CK_RV C_Finalize(CK_VOID_PTR reserved)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	const long until = now_ms() + LEAVE_MS;
	struct p11_module *m;

	if (reserved != NULL)
		return CKR_ARGUMENTS_BAD;
	pthread_mutex_lock(&p11.lock);
	m = current();
	if (m != NULL) {
		m->calls++;
		m->closing = true;
		p11.module = NULL;
	}
	pthread_mutex_unlock(&p11.lock);
	if (m == NULL)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	p11_slots_cancel(m);
	while (!alone(m) && now_ms() < until)
		nanosleep(&pause, NULL);
	p11_leave(m);
	return CKR_OK;
}

CK_RV C_GetInfo(CK_INFO_PTR info)
{
	struct p11_module *m;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = p11_enter(&m);
	if (rv != CKR_OK)
		return rv;
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion = (CK_VERSION){ CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR };
	p11_pad(info->manufacturerID, sizeof(info->manufacturerID), "Sojourn");
	p11_pad(info->libraryDescription, sizeof(info->libraryDescription),
		"Keys on Sojourn cards");
	info->libraryVersion = (CK_VERSION){ 0, 1 };
	p11_leave(m);
	return CKR_OK;
}
