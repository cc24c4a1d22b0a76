/*
 * made.h -- secrets that are made in this process, followed from the verbs of crypt to their wiping.
 *
 * Linked with --wrap for those verbs, sj_wipe() and free() (tests.mk, made_wrap). While they are noted, each
 * secret is looked for in memory that is given back and in the dead part of the stack; where a verb put one it must
 * be wiped. Followed, it is looked for in all memory on the way, too: one kept for longer is found. A call of sj_wipe() can be left out, as if it were not written.
 */
#ifndef TESTS_FAILURES_MADE_H
#define TESTS_FAILURES_MADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/bytes.h"

#define MADE_SITES 512u

/* A call of sj_wipe(), by where it returns to. */
struct made_site {
	uintptr_t at; /* from the start of the program */
	bool secret; /* it wiped one that was noted */
};

struct made_sites {
	struct made_site list[MADE_SITES];
	size_t n;
};

/* What was left of secrets, and where. */
struct made_left {
	long places; /* where they were put, never wiped */
	long freed; /* in memory that was given back */
	long stack; /* in its dead part */
	long memory; /* in all of the process, at the end */
	long life; /* in all of it, each time that a secret is made, a card or for a verdict is asked */
};

/* Forgets all; notes from here on. `left_out`: the site whose wiping is not done, 0: none. */
void made_begin(uintptr_t left_out);
/* After made_begin(): all memory is looked through on the way, too (slow). */
void made_follow(void);
/* One such look more. */
void made_look(void);
/* A secret that these verbs do not make: digits, or a number. */
void made_key(const char *name, const void *bytes, size_t len);
/* The secret numbers of such a key; once. */
void made_rsa(struct sj_span pkcs8);
/* Notes no more, and looks through all memory. */
struct made_left made_end(void);
/* Keeps the dead part of the stack as it is now; nothing that is called later changes it. */
void made_stack_keep(void);
/* How often that number is in what was kept. */
long made_stack_holds(const void *number, size_t len);
/* How many were noted. */
size_t made_count(void);
/* Nothing is told of what is found. */
void made_quiet(bool quiet);
/* The sites that were passed since made_begin(). */
const struct made_sites *made_sites(void);

#endif
