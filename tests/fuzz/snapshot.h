/*
 * snapshot.h -- a bench with its powered card as it stood at some moment, put back for each input: what
 * it takes to come there (issuing, PACE, a tap) is done once, and so are 600 KiB of buffers.
 */
#ifndef TESTS_FUZZ_SNAPSHOT_H
#define TESTS_FUZZ_SNAPSHOT_H

#include "host/card_internal.h"
#include "tests/card/emrtd_reader.h"
#include "tests/card/stores.h"

#define SNAPSHOT_APPLETS 8u

/* Zeros: none yet. It stays until the program ends. */
struct snapshot {
	struct bench *b; /* whose card must not be another by then; NULL: none yet */
	struct bench *bench;
	struct card card;
	void *states[SNAPSHOT_APPLETS];
	struct card_store *store;
};

/* Takes over the bench: between commands, no chain or response half done. */
void snapshot_take(struct snapshot *s, struct bench *b);
/* The bench as it was; its buffers hold what they held last. */
struct bench *snapshot_restore(struct snapshot *s);

#endif
