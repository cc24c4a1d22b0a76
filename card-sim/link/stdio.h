/*
 * stdio.h -- a card on two descriptors, in lines of text, for scripts.
 *
 * In, a line each: "on" or "reset" (answered with the ATR in hex), "off"
 * (answered "off"), or a command in hex, blanks allowed (answered with the
 * response in hex, or "off" when the card has no power). Empty lines and lines
 * that begin with '#' are skipped; a line that is none of these is answered
 * "error". Every line that is answered is answered with exactly one line. The
 * card is off at first; end of input ends the link, and so does a reader that
 * no longer takes answers. The caller ignores SIGPIPE.
 */
#ifndef CARD_LINK_STDIO_H
#define CARD_LINK_STDIO_H

#include "host/card.h"

struct card_stdio_config {
	int in, out;
	int stop_fd; /* readable: end; -1: never */
	/*
	 * After "off": the card that is there from now on, which is off; NULL: none, and the
	 * link ends. NULL as a function: the same card.
	 */
	struct card *(*taken)(void *self, struct card *card);
	void *self;
};

enum card_stdio_rc {
	CARD_STDIO_ENDED, /* end of input, the reader went away, or stop_fd */
	CARD_STDIO_IO, /* errno says why */
	CARD_STDIO_NO_MEMORY,
};

/* The clock for a card on this link: a wait ends early when stop_fd is readable. */
struct card_clock card_stdio_clock(struct card_stdio_config *config);

SJ_MUST_CHECK enum card_stdio_rc card_stdio_run(const struct card_stdio_config *config,
						struct card *card);

#endif
