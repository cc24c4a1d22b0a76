/*
 * hkdf.h -- HMAC (RFC 2104) and HKDF (RFC 5869), both with SHA-256.
 */
#ifndef SJ_CRYPT_HKDF_H
#define SJ_CRYPT_HKDF_H

#include "wire/bytes.h"

#define SJ_PRK_SIZE 32u /* of a pseudorandom key, and of an HMAC */
#define SJ_HKDF_MAX (255u * SJ_PRK_SIZE) /* most bytes that one expansion gives */

/* A key made ready: several MACs with it hash its two blocks once. Opaque. */
struct sj_hmac;

/* NULL: failure. Freed, and so wiped, with sj_hmac_free(). */
SJ_MUST_CHECK struct sj_hmac *sj_hmac_new(struct sj_span key);
/* NULL is fine. */
void sj_hmac_free(struct sj_hmac *h);
/* The MAC over the parts one after the other; any number of times. */
SJ_MUST_CHECK bool sj_hmac(struct sj_hmac *h, const struct sj_span *parts, size_t n,
			   uint8_t out[static SJ_PRK_SIZE]);

/* HKDF-Extract; an empty salt stands for 32 zeros. */
SJ_MUST_CHECK bool sj_hkdf_extract(struct sj_span salt, struct sj_span ikm,
				   uint8_t prk[static SJ_PRK_SIZE]);
/* HKDF-Expand: `len` bytes, at most SJ_HKDF_MAX; `info` in at most 8 parts. */
SJ_MUST_CHECK bool sj_hkdf_expand(struct sj_hmac *prk, const struct sj_span *info, size_t n,
				  uint8_t *out, size_t len);

#endif
