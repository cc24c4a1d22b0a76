/*
 * hurry.c -- preloaded into pcscd, which looks for cards every 400 ms, for the end of another's
 * transaction every 100 ms, and ends by itself after a minute without clients: there a second has
 * 25 ms, so that cards can come and go all the time.
 */
#include <errno.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define HURRY 40

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	const long long ns = (wanted->tv_sec * 1000000000LL + wanted->tv_nsec) / HURRY;
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
