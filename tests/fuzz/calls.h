/*
 * calls.h -- a program that calls the module in any order (parsers_calls.c): what its calls share.
 *
 * An input is calls of three bytes, which and two arguments. A call may take more of the input: data,
 * lengths, mechanisms and templates stand there, and are given to all calls behind (calls_given.c).
 */
#ifndef TESTS_FUZZ_CALLS_H
#define TESTS_FUZZ_CALLS_H

#include "pkcs11/p11.h"
#include "tests/fuzz/parsers.h"

#define CALLS_MADE_MAX 32u /* objects that are remembered */
#define CALLS_ATTRIBUTES 12u
#define CALLS_ROOM 512u /* bytes for an output, if the input says nothing else */

/* A block of just its size, so that a byte past it is seen. NULL with a length: as careless programs give it. */
struct calls_block {
	CK_BYTE *bytes;
	CK_ULONG len;
};

struct calls_template {
	bool given;
	CK_ATTRIBUTE t[CALLS_ATTRIBUTES];
	CK_ULONG n;
};

struct program {
	struct sj_span in; /* what is left of the input */
	CK_SESSION_HANDLE sessions[4];
	CK_OBJECT_HANDLE objects[CALLS_MADE_MAX];
	CK_ULONG n;
	bool finalised;

	struct calls_block data; /* to be signed, sealed, digested, or a PIN */
	bool has_data;
	struct calls_block made; /* what came out last: a signature, something sealed */
	struct calls_block out;
	CK_ULONG room; /* of `out` */
	bool asks_length; /* `out` is NULL */
	bool no_length;
	CK_MECHANISM mechanism;
	struct calls_block inner[2]; /* what its parameter points to */
	bool has_mechanism;
	struct calls_template template;
};

CK_SESSION_HANDLE calls_session(const struct program *p, uint8_t a);
CK_OBJECT_HANDLE calls_object(const struct program *p, uint8_t a);
void calls_keep(struct program *p, CK_OBJECT_HANDLE object);

/* --- calls_given.c: what the input has said last, else what the call has by itself ------------------- */

struct calls_block calls_data(const struct program *p, struct sj_span otherwise);
/* The same for what came out last. */
struct calls_block calls_made(const struct program *p, struct sj_span otherwise);
CK_MECHANISM calls_mechanism(const struct program *p, uint8_t which);
/* Copies, for the module writes lengths into them; returns how many. */
CK_ULONG calls_template(const struct program *p, CK_ATTRIBUTE out[static CALLS_ATTRIBUTES],
			const CK_ATTRIBUTE *otherwise, CK_ULONG n);
/* Where an output of at most *len bytes goes; `len` then points to its length, or is NULL. */
CK_BYTE *calls_out(struct program *p, CK_ULONG **len);
/* What was written there is `made` from now on. */
void calls_came_out(struct program *p, CK_RV rv);
void calls_given_free(struct program *p);

/* --- more calls, counted from 0 ---------------------------------------------------------------------- */

#define CALLS_GIVEN 4u
void calls_given(struct program *p, unsigned which, uint8_t a, uint8_t b);
#define CALLS_MORE 12u
void calls_more(struct program *p, unsigned which, uint8_t a, uint8_t b);

#endif
