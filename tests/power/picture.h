/* picture.h -- everything that a card's store holds, to compare it with another moment's. */
#ifndef TESTS_POWER_PICTURE_H
#define TESTS_POWER_PICTURE_H

#include "host/store.h"

struct picture {
	uint8_t *bytes; /* number (4), size (4), bytes, of each object; owned */
	size_t len;
};

void picture_take(struct picture *p, const struct card_store *store);
void picture_copy(struct picture *p, const struct picture *from);
void picture_drop(struct picture *p);
bool picture_same(const struct picture *a, const struct picture *b);
/* The object's bytes; false: there is none. */
bool picture_find(const struct picture *p, uint32_t id, struct sj_span *value);

/*
 * `after` is `before` but for what a card gives away before it answers: tries left, failures that
 * cost time, the use of a key or a ticket for one tap, a counter of channels. None has risen.
 */
bool picture_is_spent(const struct picture *before, const struct picture *after);
/* Which objects differ, but for failures that cost time: the same number for the same ones; 0: none. */
uint64_t picture_changes(const struct picture *before, const struct picture *after);
/* A try is spent, or a failure that costs time is stored. */
bool picture_is_paid(const struct picture *before, const struct picture *after);

#endif
