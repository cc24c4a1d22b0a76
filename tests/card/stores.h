/* stores.h -- what a card's store holds, copied and put back. */
#ifndef TESTS_CARD_STORES_H
#define TESTS_CARD_STORES_H

#include "host/store.h"

/* The store, which is in memory and whose card is off, becomes as `image` is; touches what differs. */
void stores_become(struct card_store *s, const struct card_store *image);
/* A store in memory that holds the same. */
struct card_store *stores_copy(const struct card_store *s);

#endif
