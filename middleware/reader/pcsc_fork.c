/* pcsc_fork.c -- fork() and PC/SC. */
#include "reader/pcsc_fork.h"

#include <pthread.h>
#include <time.h>

#include "reader/transport.h"

/* fork() waits that long. */
#define FORK_MS 200

/*
 * A process forks as a whole, and pthread_atfork() has no argument: hence this one static
 * variable. The lock is held for a few instructions, and over a fork.
 */
static struct {
	pthread_mutex_t lock;
	pthread_once_t once;
	unsigned forks; /* under way: no call begins */
	unsigned calls; /* under way */
} pcsc_calls = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_ONCE_INIT, 0, 0 };

static void wait_unlocked(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	pthread_mutex_unlock(&pcsc_calls.lock);
	nanosleep(&pause, NULL);
	pthread_mutex_lock(&pcsc_calls.lock);
}

/* A pause of a millisecond takes many on a machine that has much to do: by the clock. */
static void before_fork(void)
{
	const int64_t until = sj_clock_ms() + FORK_MS;

	pthread_mutex_lock(&pcsc_calls.lock);
	pcsc_calls.forks++;
	while (pcsc_calls.calls > 0 && sj_clock_ms() < until)
		wait_unlocked();
}

static void after_fork(void)
{
	pcsc_calls.forks--;
	pthread_mutex_unlock(&pcsc_calls.lock);
}

static void after_fork_in_child(void)
{
	pcsc_calls.forks = pcsc_calls.calls = 0;
	pthread_mutex_unlock(&pcsc_calls.lock);
}

static void register_fork(void)
{
	(void)pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

void sj_pcsc_call_begin(void)
{
	pthread_once(&pcsc_calls.once, register_fork);
	pthread_mutex_lock(&pcsc_calls.lock);
	while (pcsc_calls.forks > 0)
		wait_unlocked();
	pcsc_calls.calls++;
	pthread_mutex_unlock(&pcsc_calls.lock);
}

void sj_pcsc_call_end(void)
{
	pthread_mutex_lock(&pcsc_calls.lock);
	pcsc_calls.calls--;
	pthread_mutex_unlock(&pcsc_calls.lock);
}
