/* no_clock.h -- a clock for cards whose time does not matter: always 0, and no wait waits. */
#ifndef TESTS_CARD_NO_CLOCK_H
#define TESTS_CARD_NO_CLOCK_H

#include "host/card.h"

static inline uint64_t no_clock_now(void *self)
{
	(void)self;
	return 0;
}

static inline void no_clock_wait(void *self, uint64_t us)
{
	(void)self;
	(void)us;
}

static inline struct card_clock no_clock(void)
{
	return (struct card_clock){ no_clock_now, no_clock_wait, NULL };
}

#endif
