/* counter_bare.h -- a counter without server, threads and files, for a test to ask. */
#ifndef TESTS_UNIT_COUNTER_BARE_H
#define TESTS_UNIT_COUNTER_BARE_H

#include "counter/counter.h"

/* `c` is zero but for its configuration; its stores are the caller's. */
void counter_bare_begin(struct counter *c, struct counter_engine *engine);
/* Frees the configuration, too. */
void counter_bare_end(struct counter *c);

#endif
