/*
 * hurry.c -- preloaded into pcscd, which looks for cards every 400 ms, and for the end of another's
 * transaction every 100 ms: there a second has 25 ms, so that cards can come and go all the time.
 */
#include <errno.h>
#include <time.h>

#define HURRY 40

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	const long long ns = (wanted->tv_sec * 1000000000LL + wanted->tv_nsec) / HURRY;
	const struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	const int rc = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, left);

	errno = rc != 0 ? rc : errno;
	return rc != 0 ? -1 : 0;
}
