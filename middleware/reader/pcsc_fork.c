/* pcsc_fork.c -- fork() and PC/SC. */
#include "reader/pcsc_fork.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "reader/transport.h"

/* fork() waits that long. */
#define FORK_MS 200

/*
 * A process forks as a whole, and pthread_atfork() has no argument: hence this one static
 * variable. It has no lock, which would be held over a fork, whoever waits for whom in it.
 */
static struct {
	pthread_once_t once;
	atomic_uint forks; /* under way: no call begins */
	atomic_uint calls; /* under way */
	atomic_uint hang; /* of those: waited for in vain, and not again */
} pcsc_calls = { .once = PTHREAD_ONCE_INIT };

static void rest(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

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
			rest();
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
}

static void register_fork(void)
{
	(void)pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* Counted first, so that a fork that comes in between sees it. */
void sj_pcsc_call_begin(void)
{
	pthread_once(&pcsc_calls.once, register_fork);
	atomic_fetch_add(&pcsc_calls.calls, 1);
	while (atomic_load(&pcsc_calls.forks) > 0) {
		sj_pcsc_call_end();
		rest();
		atomic_fetch_add(&pcsc_calls.calls, 1);
	}
}

void sj_pcsc_call_end(void)
{
	const unsigned left = atomic_fetch_sub(&pcsc_calls.calls, 1) - 1;

	/* Which of them ended is not known. */
	if (atomic_load(&pcsc_calls.hang) > left)
		atomic_store(&pcsc_calls.hang, left);
}
