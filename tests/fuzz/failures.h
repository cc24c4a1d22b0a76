/*
 * failures.h -- what fails while an input runs; the input says it itself.
 *
 * An input begins with a head of FUZZ_HEAD bytes: the seed of random numbers (4), kinds of calls
 * (1, enum fuzz_kind), how many of these succeed first (2), and how often they fail then (1).
 * All zeros: nothing fails. The rest is the parser's. What is wrapped: wrap.c; only calls that our
 * own code makes, on the thread that runs the input.
 */
#ifndef TESTS_FUZZ_FAILURES_H
#define TESTS_FUZZ_FAILURES_H

#include <sojourn/failure.h>

#include "tests/fuzz/parsers.h"

#define FUZZ_HEAD 8u
#define FUZZ_ONCE \
	0xFFu /* of the last byte: the one call fails; 0: all from there; n: one in n + 1 */

enum fuzz_kind {
	FUZZ_MEMORY = 0x01,
	FUZZ_CRYPTO = 0x02, /* OpenSSL */
	FUZZ_STORAGE = 0x04,
	FUZZ_RANDOM = 0x08,
	FUZZ_CHANNEL = 0x10, /* to a card: those that harnesses make ask fuzz_channel() */
};

/*
 * Head and data. True: accepted. Ends the process when a descriptor stays open, or when the head
 * is cut short and nothing of it may run: false.
 */
bool fuzz_input(const struct fuzz_parser *p, struct sj_span input);

/* Does this call fail? Counts it. */
bool fuzz_fails(enum fuzz_kind kind);
/* Will calls of this kind fail from somewhere on? */
bool fuzz_may_fail(enum fuzz_kind kind);
/* A part of a file or of a folder's list could not be read: who takes the rest for all is wrong. */
void fuzz_lose(void);
bool fuzz_has_lost(void);
/*
 * What happens to the command that is sent now: SJ_OK, or the card was lost, reset by another (nothing was
 * sent), mute, or silent for too long.
 */
enum sj_rc fuzz_channel(void);
/* Then a caller that tries again would do so for ever. */
bool fuzz_fails_for_ever(void);
/* Did a call fail in the input that ran last? */
unsigned fuzz_failures(void); /* how many did */
/* Of the seed; while no input runs, zeros and false. */
bool fuzz_random(uint8_t *out, size_t n);

/* What a harness needs itself (a card, a gate, a file) is made with nothing failing, between these. */
void fuzz_calm_begin(void);
void fuzz_calm_end(void);
/* Something was made that stays open for inputs to come. */
void fuzz_stays(void);
/* Does nothing fail in this input? Then a harness may insist on what must succeed. */
bool fuzz_is_calm(void);

/* Does a stateful harness run? */
bool fuzz_is_whole(void);

/* The next number of a generator whose state this is: splitmix64. */
uint64_t fuzz_next(uint64_t *state);

#endif
