/*
 * dh.h -- Diffie-Hellman in the MODP groups with prime order subgroups.
 *
 * Sources: RFC 5114, 2.1 to 2.3; RFC 2631, 2.1 and 2.1.5; ICAO Doc 9303-11 (8th ed.),
 * 4.4.3.3 and 9.5.1. Numbers are big-endian.
 */
#ifndef SJ_CRYPT_DH_H
#define SJ_CRYPT_DH_H

#include "crypt/random.h"

/* The numbers are the standardised domain parameter ids. */
enum sj_dh_group {
	SJ_DH_1024_160 = 0,
	SJ_DH_2048_224 = 1,
	SJ_DH_2048_256 = 2,
};

#define SJ_DH_MAX 256u /* bytes of the longest prime */

/* Bytes of the prime, and of a shared secret. 0: unknown. */
size_t sj_dh_size(enum sj_dh_group group);
/* "modp-2048-256"; never NULL. */
const char *sj_dh_name(enum sj_dh_group group);
/* False: unknown. */
SJ_MUST_CHECK bool sj_dh_from_name(const char *name, enum sj_dh_group *out);

/* A public key or another element, without leading zeros (TR-03110-3, D.2.1.1). */
struct sj_dh_public {
	uint8_t bytes[SJ_DH_MAX];
	size_t len;
};

/* An exponent, 1 <= x < p. Wipe it. */
struct sj_dh_secret {
	uint8_t bytes[SJ_DH_MAX];
	size_t len;
};

static inline struct sj_span sj_dh_public_span(const struct sj_dh_public *p)
{
	return sj_span(p->bytes, p->len);
}

/* Reads a public key, leading zeros or not; false: 1 < y < p - 1 and y^q = 1 do not hold. */
SJ_MUST_CHECK bool sj_dh_public_read(enum sj_dh_group group, struct sj_span in,
				     struct sj_dh_public *out);
/* A uniform exponent 1 <= x < q. */
SJ_MUST_CHECK bool sj_dh_secret_random(enum sj_dh_group group, const struct sj_random *rnd,
				       struct sj_dh_secret *out);
/* out = base ^ x; base NULL: the group's generator. False also when that is 1. */
SJ_MUST_CHECK bool sj_dh_power(enum sj_dh_group group, const struct sj_dh_secret *x,
			       const struct sj_dh_public *base, struct sj_dh_public *out);
/* Key agreement: peer ^ x in sj_dh_size() bytes (RFC 2631, 2.1.2). */
SJ_MUST_CHECK bool sj_dh_agree(enum sj_dh_group group, const struct sj_dh_secret *x,
			       const struct sj_dh_public *peer, uint8_t out[static SJ_DH_MAX]);

/* PACE generic mapping (Doc 9303-11, 4.4.3.3.1): out = g ^ s * h. */
SJ_MUST_CHECK bool sj_dh_map_generic(enum sj_dh_group group, struct sj_span s,
				     const struct sj_dh_public *h, struct sj_dh_public *out);
/*
 * PACE integrated mapping (4.4.3.3.2): out = (r mod p) ^ ((p - 1) / q); `r`: what the
 * pseudo-random function gave. False also when that is 1.
 */
SJ_MUST_CHECK bool sj_dh_map_integrated(enum sj_dh_group group, struct sj_span r,
					struct sj_dh_public *out);

#endif
