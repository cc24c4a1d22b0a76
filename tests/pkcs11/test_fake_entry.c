#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pkcs11/lock.h"
#include "tests/pkcs11/fakepiv.h"

/* --- interfaces ------------------------------------------------------------------------ */

static CK_VERSION version_of(const CK_INTERFACE *in)
{
	CK_VERSION v;

	memcpy(&v, in->pFunctionList, sizeof(v));
	return v;
}

static void the_newest_interface_comes_first(void **state)
{
	CK_INTERFACE list[4], *in;
	CK_ULONG n = 0;
	CK_UTF8CHAR name[] = "PKCS 11";

	(void)state;
	assert_int_equal(C_GetInterfaceList(NULL, &n), CKR_OK);
	assert_int_equal(n, 3);
	n = 2;
	assert_int_equal(C_GetInterfaceList(list, &n), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(C_GetInterfaceList(list, &n), CKR_OK);
	assert_int_equal(version_of(&list[0]).minor, 1);
	assert_int_equal(C_GetInterface(NULL, NULL, &in, 0), CKR_OK);
	assert_int_equal(version_of(in).major, 3);
	assert_int_equal(C_GetInterface(name, NULL, &in, 0), CKR_OK);
	assert_string_equal((const char *)in->pInterfaceName, "PKCS 11");
}

static void an_interface_is_found_by_its_version(void **state)
{
	CK_VERSION v = { 2, 40 }, none = { 9, 9 };
	CK_UTF8CHAR other[] = "Vendor";
	CK_INTERFACE *in;

	(void)state;
	assert_int_equal(C_GetInterface(NULL, &v, &in, 0), CKR_OK);
	assert_int_equal(version_of(in).minor, 40);
	assert_int_equal(C_GetInterface(NULL, &none, &in, 0), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetInterface(other, NULL, &in, 0), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetInterface(NULL, NULL, &in, CKF_INTERFACE_FORK_SAFE),
			 CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetInterface(NULL, NULL, NULL, 0), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
}

/* --- every function, with nothing ------------------------------------------------------------ */

#define CK_PKCS11_FUNCTION_INFO(name) { #name, (void (*)(void))(name) },
static const struct {
	const char *name;
	void (*fn)(void);
} functions[] = {
#include "pkcs11/oasis/pkcs11f.h"
};

#define N_FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

/* All arguments 0 or NULL but the first; no function has more than ten. */
static CK_RV call(void (*fn)(void), CK_ULONG first)
{
	CK_RV(*f)
	(CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG,
	 CK_ULONG);

	memcpy(&f, &fn, sizeof(f));
	return f(first, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static bool is_one_of(const char *name, const char *names)
{
	const char *at = strstr(names, name);

	return at != NULL && (at[strlen(name)] == ' ' || at[strlen(name)] == '\0');
}

static void nothing_works_before_initialize(void **state)
{
	(void)state;
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	for (size_t i = 0; i < N_FUNCTIONS; i++) {
		CK_RV rv;

		if (is_one_of(functions[i].name, "C_Initialize C_GetFunctionList C_GetInterface "
						 "C_GetInterfaceList"))
			continue;
		rv = call(functions[i].fn, 0);
		if (rv != CKR_CRYPTOKI_NOT_INITIALIZED && rv != CKR_ARGUMENTS_BAD)
			fail_msg("%s: %lx", functions[i].name, rv);
	}
}

static void no_function_takes_a_session_that_is_not_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FUNCTIONS; i++) {
		CK_RV rv;

		/* Their first argument is no number. */
		if (is_one_of(functions[i].name,
			      "C_Initialize C_Finalize C_GetInfo C_GetFunctionList "
			      "C_GetInterface C_GetInterfaceList"))
			continue;
		rv = call(functions[i].fn, 0x12345);
		if (rv != CKR_SESSION_HANDLE_INVALID && rv != CKR_ARGUMENTS_BAD &&
		    rv != CKR_SLOT_ID_INVALID && rv != CKR_SESSION_PARALLEL_NOT_SUPPORTED)
			fail_msg("%s: %lx", functions[i].name, rv);
	}
}

static void no_function_dies_of_null(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FUNCTIONS; i++) {
		CK_SESSION_HANDLE s = fake_session(RW);
		CK_RV rv;

		if (is_one_of(functions[i].name, "C_Initialize C_Finalize C_GetSlotList "
						 "C_GetFunctionList C_GetInterface "
						 "C_GetInterfaceList C_GetInfo C_WaitForSlotEvent"))
			continue;
		rv = call(functions[i].fn, s);
		if (rv == CKR_OK && !is_one_of(functions[i].name,
					       "C_CloseSession C_GenerateRandom C_FindObjectsInit "
					       "C_SessionCancel C_EncryptInit C_DecryptInit "
					       "C_SignInit C_VerifyInit C_DigestInit "
					       "C_SignRecoverInit C_VerifyRecoverInit "
					       "C_MessageSignInit C_MessageVerifyInit "
					       "C_MessageEncryptInit C_MessageDecryptInit"))
			fail_msg("%s", functions[i].name);
		assert_true(rv != CKR_SESSION_HANDLE_INVALID ||
			    strncmp(functions[i].name, "C_Close", 7) != 0);
	}
}

static void arguments_of_initialize_are_looked_at(void **state)
{
	CK_C_INITIALIZE_ARGS args = { NULL, NULL, NULL, NULL, 0, &args };

	(void)state;
	assert_int_equal(C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	assert_int_equal(C_Finalize(&args), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_int_equal(C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.pReserved = NULL;
	assert_int_equal(C_Initialize(&args), CKR_OK);
}

/* --- the program's own mutexes --------------------------------------------------------------- */

static int made, ended, held, locked, fails_at;

static CK_RV make_mutex(void **out)
{
	if (made + 1 == fails_at)
		return CKR_HOST_MEMORY;
	made++;
	*out = malloc(1);
	return *out != NULL ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV end_mutex(void *m)
{
	ended++;
	free(m);
	return CKR_OK;
}

static CK_RV lock_mutex(void *m)
{
	(void)m;
	held++;
	locked++;
	return CKR_OK;
}

static CK_RV unlock_mutex(void *m)
{
	(void)m;
	held--;
	return CKR_OK;
}

static void the_programs_mutexes_are_used(void **state)
{
	CK_C_INITIALIZE_ARGS args = { make_mutex, end_mutex, lock_mutex, NULL, 0, NULL };

	(void)state;
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_int_equal(C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.UnlockMutex = unlock_mutex;
	assert_int_equal(C_Initialize(&args), CKR_OK);
	assert_int_equal(fake_sign(fake_session(RO), 0x9E), CKR_OK);
	assert_true(made >= 3 && locked > 3);
	assert_int_equal(held, 0);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_int_equal(made, ended);
}

static void what_was_not_made_is_not_ended(void **state)
{
	CK_C_INITIALIZE_ARGS args = { make_mutex, end_mutex, lock_mutex, unlock_mutex, 0, NULL };

	(void)state;
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	for (fails_at = 1; fails_at <= 2; fails_at++) {
		made = ended = 0;
		assert_int_equal(C_Initialize(&args), CKR_HOST_MEMORY);
		assert_int_equal(made, fails_at - 1);
		assert_int_equal(ended, made);
	}
	fails_at = 0;
	assert_int_equal(C_Initialize(&args), CKR_OK);
}

static void with_os_locking_they_are_not_needed(void **state)
{
	CK_C_INITIALIZE_ARGS args = { make_mutex,
				      end_mutex,
				      lock_mutex,
				      unlock_mutex,
				      CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS,
				      NULL };

	(void)state;
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	made = 0;
	assert_int_equal(C_Initialize(&args), CKR_OK);
	assert_int_equal(made, 0);
}

/* --- fork -------------------------------------------------------------------------------------- */

static int child_of(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int in_the_child(CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;
	unsigned calls = fake.calls;

	if (C_GetSessionInfo(s, &info) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 1;
	if (C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED || fake.calls != calls)
		return 2;
	if (C_Initialize(NULL) != CKR_OK)
		return 3;
	if (C_GetSessionInfo(s, &info) != CKR_SESSION_HANDLE_INVALID)
		return 4;
	if (fake_sign(fake_session(RO), 0x9E) != CKR_OK)
		return 5;
	return C_Finalize(NULL) == CKR_OK ? 0 : 6;
}

static void a_child_begins_anew_and_the_parent_goes_on(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);
	pid_t pid;

	(void)state;
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_OK);
	pid = fork();
	if (pid == 0)
		_exit(in_the_child(s));
	assert_int_equal(child_of(pid), 0);
	assert_int_equal(fake_sign(s, 0x9A), CKR_OK);
}

static void *many_calls(void *arg)
{
	CK_SESSION_INFO info;

	for (int i = 0; i < 20000; i++)
		C_GetSessionInfo(*(CK_SESSION_HANDLE *)arg, &info);
	return NULL;
}

/* Another thread may be inside at that moment: no lock of its is inherited held. */
static void forking_while_threads_work_is_fine(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, many_calls, &s), 0);
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			alarm(20);
			_exit(in_the_child(s));
		}
		assert_int_equal(child_of(pid), 0);
	}
	pthread_join(thread, NULL);
}

struct busy {
	pthread_t thread;
	atomic_bool ends;
};

static void *sign_until_told(void *arg)
{
	struct busy *b = arg;
	CK_SESSION_HANDLE s = fake_session(RO);

	while (!b->ends)
		fake_sign(s, 0x9E);
	return NULL;
}

static void a_fork_does_not_wait_for_ever(void **state)
{
	struct busy b = { .ends = true };
	CK_SESSION_HANDLE s = fake_session(RO);
	pid_t pid;

	(void)state;
	fake.slow = true;
	b.ends = false;
	assert_int_equal(pthread_create(&b.thread, NULL, sign_until_told, &b), 0);
	while (fake.blocked == 0)
		usleep(500);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		fake.slow = false;
		_exit(in_the_child(s));
	}
	assert_int_equal(child_of(pid), 0);
	b.ends = true;
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	pthread_join(b.thread, NULL);
}

/* --- threads --------------------------------------------------------------------------------------- */

static void *sign_a_lot(void *arg)
{
	CK_RV *rv = arg;
	CK_SESSION_HANDLE s = fake_session(RO);

	for (int i = 0; i < 100 && *rv == CKR_OK; i++)
		*rv = fake_sign(s, 0x9E);
	C_CloseSession(s);
	return NULL;
}

static void eight_threads_work_at_once(void **state)
{
	pthread_t threads[8];
	CK_RV rv[8] = { CKR_OK };

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_a_lot, &rv[i]), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(rv[i], CKR_OK);
	}
}

struct queue {
	struct p11_lock lock;
	int order[3], n;
};

struct comer {
	struct queue *queue;
	pthread_t thread;
	int number;
};

static void *come(void *arg)
{
	struct comer *c = arg;

	p11_lock(&c->queue->lock);
	c->queue->order[c->queue->n++] = c->number;
	p11_unlock(&c->queue->lock);
	return NULL;
}

static void a_lock_is_for_who_came_first(void **state)
{
	static const struct p11_mutexes ours = { NULL, NULL, NULL, NULL };
	struct queue q = { .n = 0 };
	struct comer c[3];

	(void)state;
	assert_int_equal(p11_lock_init(&q.lock, &ours), CKR_OK);
	p11_lock(&q.lock);
	for (unsigned i = 0; i < 3; i++) {
		unsigned long waiting = 0;

		c[i] = (struct comer){ .queue = &q, .number = (int)i };
		assert_int_equal(pthread_create(&c[i].thread, NULL, come, &c[i]), 0);
		while (waiting != i + 2) {
			usleep(500);
			pthread_mutex_lock(&q.lock.own);
			waiting = q.lock.next;
			pthread_mutex_unlock(&q.lock.own);
		}
	}
	p11_unlock(&q.lock);
	p11_lock(&q.lock); /* at once, and yet after them */
	for (int i = 0; i < 3; i++)
		assert_int_equal(q.order[i], i);
	p11_unlock(&q.lock);
	for (int i = 0; i < 3; i++)
		pthread_join(c[i].thread, NULL);
	p11_lock_free(&q.lock);
}

static void *start_and_end(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		CK_INFO info;

		C_Initialize(NULL);
		C_GetInfo(&info);
		C_Finalize(NULL);
	}
	return NULL;
}

static void initialize_and_finalize_may_race(void **state)
{
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, start_and_end, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_CASE(the_newest_interface_comes_first),
		FAKE_CASE(an_interface_is_found_by_its_version),
		FAKE_CASE(nothing_works_before_initialize),
		FAKE_CASE(no_function_takes_a_session_that_is_not_there),
		FAKE_CASE(no_function_dies_of_null),
		FAKE_CASE(arguments_of_initialize_are_looked_at),
		FAKE_CASE(the_programs_mutexes_are_used),
		FAKE_CASE(what_was_not_made_is_not_ended),
		FAKE_CASE(with_os_locking_they_are_not_needed),
		FAKE_CASE(a_child_begins_anew_and_the_parent_goes_on),
		FAKE_CASE(forking_while_threads_work_is_fine),
		FAKE_CASE(a_fork_does_not_wait_for_ever),
		FAKE_CASE(eight_threads_work_at_once),
		FAKE_CASE(a_lock_is_for_who_came_first),
		FAKE_CASE(initialize_and_finalize_may_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
