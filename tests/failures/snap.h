/* snap.h -- what a card's store holds, taken and put back. */
#ifndef TESTS_FAILURES_SNAP_H
#define TESTS_FAILURES_SNAP_H

#include "host/store.h"

struct snap;

struct snap *snap_take(const struct card_store *store);
/* The card is off meanwhile. */
void snap_put(const struct snap *snap, struct card_store *store);
void snap_free(struct snap *snap);

#endif
