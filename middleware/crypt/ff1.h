/*
 * ff1.h -- FF1, encryption that keeps the format: a permutation of numeral strings
 * (NIST SP 800-38G, 5.1) with AES-256 and any radix.
 */
#ifndef SJ_CRYPT_FF1_H
#define SJ_CRYPT_FF1_H

#include "wire/bytes.h"

#define SJ_FF1_KEY 32u
#define SJ_FF1_TWEAK_MAX 16u /* bytes; the standard allows more */

/* A key made ready, for strings of one length. Opaque. */
struct sj_ff1;
/*
 * For strings of `digits` numerals below `radix` (2 to 65536). Half of a string must stay
 * below 2^56. NULL: failure. Freed, and so wiped, with sj_ff1_free().
 */
SJ_MUST_CHECK struct sj_ff1 *sj_ff1_new(const uint8_t key[static SJ_FF1_KEY], uint32_t radix,
					unsigned digits);
/* NULL is fine. */
void sj_ff1_free(struct sj_ff1 *f);
/*
 * Encrypts a string that is given as two numbers: its first digits/2 (rounded down) numerals
 * and the others, the first numeral weighing most.
 */
SJ_MUST_CHECK bool sj_ff1_encrypt(struct sj_ff1 *f, struct sj_span tweak, uint64_t *first,
				  uint64_t *rest);

#endif
