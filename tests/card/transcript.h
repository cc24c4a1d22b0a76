/*
 * transcript.h -- what a card said, and whether two taps of a card have
 * something in common that another card of the model does not say.
 */
#ifndef TESTS_CARD_TRANSCRIPT_H
#define TESTS_CARD_TRANSCRIPT_H

#include "tests/card/emrtd_reader.h"

#define SAID_MAX 8192u /* answers */
#define SAID_ROOM 524288u /* their bytes */

/* Everything that a card said in a tap, in order. */
struct transcript {
	struct bench *b;
	struct {
		size_t at, len;
		uint64_t waited_ms;
	} said[SAID_MAX];
	size_t count;
	uint8_t bytes[SAID_ROOM];
	size_t used;
};

/* Notes an answer, and how long the card waited for since the last one. */
void note(struct transcript *t, struct sj_span bytes);
/* Something that two have in common and the other card has not. */
bool share(const struct transcript *first, const struct transcript *second,
	   const struct transcript *other);

#endif
