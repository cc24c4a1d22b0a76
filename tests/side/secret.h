/*
 * secret.h -- secrets that valgrind takes for undefined: a branch or an address that depends on
 * one is an error then (the idea of Adam Langley's ctgrind).
 */
#ifndef TESTS_SIDE_SECRET_H
#define TESTS_SIDE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <valgrind/memcheck.h>

/* From here on a secret. */
static inline void secret(const void *bytes, size_t n)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(bytes, n);
}

/* Everybody may see it: what is sent, and a verdict. */
static inline void published(const void *bytes, size_t n)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(bytes, n);
}

#define SECRET(object) secret(&(object), sizeof(object))
#define PUBLISHED(object) published(&(object), sizeof(object))

struct side_case {
	const char *name;
	void (*run)(void);
	bool p256; /* the one curve for which OpenSSL has constant-time code: p256.supp */
};

/* Until a row without a name. */
extern const struct side_case side_crypt[], side_secure[], side_card[], side_whole[];

/* A case, and what is planted: with the suppressions of P-256 it has to be found. */
void side_p384(void);

#endif
