/*
 * hurry.c -- preloaded into pcscd, which looks for cards every 400 ms, for the end of another's
 * transaction every 100 ms, and ends by itself after a minute without clients: there a second has
 * 25 ms, so that cards can come and go all the time.
 *
 * Of its sleeps one is no look at anything: a signal wakes the loop that takes clients, which gives the
 * thread that is told of signals 1 ms to say "end" (pcscdaemon.c, SVCServiceRunLoop), and then waits for
 * the next client, for ever. 25 us were too short at times, 1 ms may be: that one has 200 ms.
 */
#include <errno.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define HURRY 40
#define GRACE_NS 1000000 /* what it sleeps then; all else is 10 ms and more */
#define GRACE_MS 200

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	const long long asked = wanted->tv_sec * 1000000000LL + wanted->tv_nsec;
	const long long ns = asked > GRACE_NS ? asked / HURRY : GRACE_MS * 1000000LL;
	const struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	const int rc = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, left);

	errno = rc != 0 ? rc : errno;
	return rc != 0 ? -1 : 0;
}

unsigned alarm(unsigned seconds)
{
	const long ms = seconds * 1000L / HURRY;
	const struct itimerval t = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	return (unsigned)setitimer(ITIMER_REAL, &t, NULL);
}
