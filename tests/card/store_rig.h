/* store_rig.h -- a card file in a folder of its own, and system calls that fail on demand. */
#ifndef TESTS_CARD_STORE_RIG_H
#define TESTS_CARD_STORE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host/store_io.h"

#define TRANSACTIONS 5u
#define IMAGE_MAX 8192u

struct room {
	char folder[64], path[96];
	/* Failing system calls. */
	struct card_store_io io;
	unsigned calls; /* of every kind so far */
	unsigned fail_at; /* 0: never; else the number of the first call that fails */
	bool fail_on; /* later ones fail, too */
	int error;
	size_t most; /* bytes that a pwrite takes at once; 0: all */
	unsigned writes, syncs;
};

int store_rig_setup(void **state);
int store_rig_teardown(void **state);
#define STORE_CASE(name) cmocka_unit_test_setup_teardown(name, store_rig_setup, store_rig_teardown)

/* On the room's path, through its system calls. */
struct card_store *create(struct room *r);
struct card_store *reopen(struct room *r, struct card_store *s);
void put_file(struct room *r, const uint8_t *bytes, size_t n);

/* Assert that they succeed. */
void set(struct card_store *s, uint32_t id, const char *text);
void commit(struct card_store *s);
bool has(const struct card_store *s, uint32_t id, const char *text);

/* Makes the store be in state n (1..TRANSACTIONS) from state n - 1. */
void step(struct card_store *s, unsigned n);
/* Which state it is in; asserts that it is none in between. */
unsigned state_of(const struct card_store *s);
/* All states, with the file's length after each in ends[]; the file's bytes in image. */
size_t make_image(struct room *r, uint8_t *image, size_t ends[TRANSACTIONS + 1]);

/* The card file's bytes as they are now; free them. */
uint8_t *store_rig_image(const struct room *r, size_t *len);

#endif
