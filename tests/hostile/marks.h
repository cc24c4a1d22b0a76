/*
 * marks.h -- what is on a card and may not be told to everybody, found again in what a card says:
 * any eight bytes of it that follow one another.
 */
#ifndef TESTS_HOSTILE_MARKS_H
#define TESTS_HOSTILE_MARKS_H

#include "host/store.h"

/* What the bytes belong to; who may have them is the monitor's to say. */
enum mark_kind {
	MARK_SECRET, /* nobody: passwords, keys, what is compared */
	MARK_FILE, /* of LDS1, but for the two beside */
	MARK_DG3,
	MARK_DG4,
	MARK_CARD_SECURITY, /* n: sector, 0xFF on a plain card */
	MARK_GROUP, /* n: of the eID application; of 30 with its sector */
	MARK_PIV, /* n: the tag's last two bytes */
	MARK_SERIAL, /* of the card */
};

struct mark {
	enum mark_kind kind;
	unsigned n;
	uint8_t sector;
	uint32_t id; /* of the object in the store; 0: in none */
};

#define MARKS_MAX 320u
#define MARKS_SLOTS (1u << 16)
#define MARKS_FILTER (1u << 17)
#define MARK_BYTES 8u

struct marks {
	struct mark rows[MARKS_MAX];
	size_t count;
	uint64_t windows[MARKS_SLOTS]; /* 0: free */
	uint16_t owners[MARKS_SLOTS];
	size_t used;
	uint8_t filter[MARKS_FILTER / 8];
};

/* Bytes of their own for this object: nothing else of ours has eight of them in a row. */
struct sj_span marks_fill(uint32_t id, uint8_t *out, size_t n);
/* Everything of a card that is to be found again. */
void marks_learn(struct marks *m, const struct card_store *store);
/* The next mark in what is left of `in`, which is moved on; NULL: none. */
const struct mark *marks_next(const struct marks *m, struct sj_span *in);

#endif
