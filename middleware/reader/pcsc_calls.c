/* pcsc_calls.c -- calls of PC/SC beside each other and beside fork(). */
#include "reader/pcsc_calls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "reader/transport.h"

/* fork() waits that long. */
#define FORK_MS 200
#define CHANGE_MS 500
#define LOOKED_UP_MS 20
#define STUCK 0x10000u
#define REST_US 1000
#define SHORT_REST_US 100

/*
 * A process forks as a whole, and pthread_atfork() has no argument: hence this one static
 * variable. It has no lock, which would be held over a fork, whoever waits for whom in it.
 */
static struct {
	pthread_once_t once;
	atomic_uint forks; /* under way: no call begins */
	atomic_uint calls; /* under way */
	atomic_uint hang; /* of those: waited for in vain, and not again */
	atomic_uint
		changes; /* of libpcsclite's lists, under way; and how many of them are stuck, times STUCK */
	atomic_llong since; /* the one began that is not */
} pcsc_calls = { .once = PTHREAD_ONCE_INIT };

static void rest(long us)
{
	const struct timespec pause = { .tv_nsec = us * 1000 };

	nanosleep(&pause, NULL);
}

/* A pause of a millisecond takes many on a machine that has much to do: by the clock. */
static void before_fork(void)
{
	const int64_t until = sj_clock_ms() + FORK_MS;

	atomic_fetch_add(&pcsc_calls.forks, 1);
	while (atomic_load(&pcsc_calls.calls) > atomic_load(&pcsc_calls.hang)) {
		if (sj_clock_ms() >= until)
			atomic_store(&pcsc_calls.hang, atomic_load(&pcsc_calls.calls));
		else
			rest(REST_US);
	}
}

static void after_fork(void)
{
	atomic_fetch_sub(&pcsc_calls.forks, 1);
}

static void after_fork_in_child(void)
{
	atomic_store(&pcsc_calls.forks, 0);
	atomic_store(&pcsc_calls.calls, 0);
	atomic_store(&pcsc_calls.hang, 0);
	atomic_store(&pcsc_calls.changes, 0);
}

static void register_fork(void)
{
	(void)pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* Is there one that is not stuck? */
static bool is_changing(void)
{
	unsigned changes = atomic_load(&pcsc_calls.changes);
	const unsigned n = changes % STUCK;

	if (n <= changes / STUCK)
		return false;
	if (sj_clock_ms() < atomic_load(&pcsc_calls.since) + CHANGE_MS)
		return true;
	(void)atomic_compare_exchange_strong(&pcsc_calls.changes, &changes, n + n * STUCK);
	return false;
}

/* Counted first, so that a fork or a change that comes in between sees it. */
static void enter(bool changes)
{
	atomic_fetch_add(&pcsc_calls.calls, 1);
	while (atomic_load(&pcsc_calls.forks) > 0 || (!changes && is_changing())) {
		sj_pcsc_call_end();
		rest(SHORT_REST_US);
		atomic_fetch_add(&pcsc_calls.calls, 1);
	}
}

void sj_pcsc_call_begin(void)
{
	pthread_once(&pcsc_calls.once, register_fork);
	enter(false);
}

void sj_pcsc_call_again(void)
{
	sj_pcsc_call_end();
	enter(false);
}

void sj_pcsc_call_end(void)
{
	const unsigned left = atomic_fetch_sub(&pcsc_calls.calls, 1) - 1;

	/* Which of them ended is not known. */
	if (atomic_load(&pcsc_calls.hang) > left)
		atomic_store(&pcsc_calls.hang, left);
}

/* --- changes of libpcsclite's lists ------------------------------------------------------------- */

static void change_begin(void)
{
	unsigned changes;
	int64_t now;

	sj_pcsc_call_end(); /* its own, or two would wait for each other */
	for (;;) {
		while (is_changing())
			rest(SHORT_REST_US);
		now = sj_clock_ms();
		atomic_store(&pcsc_calls.since, now);
		changes = atomic_load(&pcsc_calls.changes);
		if (changes % STUCK == changes / STUCK &&
		    atomic_compare_exchange_strong(&pcsc_calls.changes, &changes, changes + 1))
			break;
		rest(SHORT_REST_US);
	}
	while (atomic_load(&pcsc_calls.calls) > changes / STUCK &&
	       sj_clock_ms() < now + LOOKED_UP_MS)
		rest(SHORT_REST_US);
	enter(true);
	atomic_store(&pcsc_calls.since, sj_clock_ms()); /* it may have waited for a fork */
}

/* Which of them ended is not known: not one that is stuck, if there is another. */
static void change_end(void)
{
	unsigned changes = atomic_load(&pcsc_calls.changes), left;

	do {
		left = changes % STUCK - 1;
		left += (changes / STUCK < left ? changes / STUCK : left) * STUCK;
	} while (!atomic_compare_exchange_strong(&pcsc_calls.changes, &changes, left));
}

LONG sj_scard_establish(SCARDCONTEXT *context)
{
	LONG rv;

	change_begin();
	rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, context);
	change_end();
	return rv;
}

void sj_scard_release(SCARDCONTEXT context)
{
	change_begin();
	SCardReleaseContext(context);
	change_end();
}

LONG sj_scard_connect(SCARDCONTEXT context, const char *reader, DWORD mode, DWORD protocols,
		      SCARDHANDLE *card, DWORD *protocol)
{
	LONG rv;

	change_begin();
	rv = SCardConnect(context, reader, mode, protocols, card, protocol);
	change_end();
	return rv;
}

LONG sj_scard_disconnect(SCARDHANDLE card, DWORD disposition)
{
	LONG rv;

	change_begin();
	rv = SCardDisconnect(card, disposition);
	change_end();
	return rv;
}
