/* clock.c -- what deadlines are measured by. */
#include <time.h>

#include "reader/transport.h"

int64_t sj_clock_us(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t sj_clock_ms(void)
{
	return sj_clock_us() / 1000;
}
