/*
 * ec.h -- elliptic curve verbs: multiply, map, agree, sign, verify.
 *
 * Sources: BSI TR-03111 v2.1 (point and signature encodings), TR-03110-3
 * v2.21, A.2.1, and ICAO Doc 9303-11, 9.5.1 (standardised domain parameters),
 * FIPS 186-4, RFC 5639. Points are uncompressed: 04 || x || y.
 */
#ifndef SJ_CRYPT_EC_H
#define SJ_CRYPT_EC_H

#include "crypt/hash.h"
#include "crypt/random.h"

/* The numbers are the standardised domain parameter ids of TR-03110-3. */
enum sj_curve {
	SJ_CURVE_NONE = 0,
	SJ_P224 = 10,
	SJ_BP224R1 = 11,
	SJ_P256 = 12,
	SJ_BP256R1 = 13,
	SJ_BP320R1 = 14,
	SJ_P384 = 15,
	SJ_BP384R1 = 16,
	SJ_BP512R1 = 17,
	SJ_P521 = 18,
};

#define SJ_EC_FIELD_MAX 66u
#define SJ_EC_POINT_MAX (1u + 2u * SJ_EC_FIELD_MAX)
#define SJ_EC_SIGNATURE_MAX (2u * SJ_EC_FIELD_MAX)
#define SJ_EC_SPKI_MAX 700u /* explicit parameters of P-521 with seed fit */

/* Bytes of a field element (a coordinate; also of a shared secret). 0: unknown. */
size_t sj_curve_field_size(enum sj_curve curve);
/* Bytes of a scalar and of each half of a plain signature. */
size_t sj_curve_order_size(enum sj_curve curve);
/* "P-256", "brainpoolP256r1"; never NULL. */
const char *sj_curve_name(enum sj_curve curve);
/* From a standardised domain parameter id; SJ_CURVE_NONE if we do not have it. */
enum sj_curve sj_curve_from_id(uint32_t parameter_id);
/* From the name above; SJ_CURVE_NONE if unknown. */
enum sj_curve sj_curve_from_name(const char *name);

struct sj_ec_point {
	uint8_t bytes[SJ_EC_POINT_MAX];
	size_t len;
};

/* A private scalar, big-endian, exactly sj_curve_order_size() bytes. Wipe it. */
struct sj_ec_secret {
	uint8_t bytes[SJ_EC_FIELD_MAX];
	size_t len;
};

static inline struct sj_span sj_ec_point_span(const struct sj_ec_point *p)
{
	return sj_span(p->bytes, p->len);
}

/* Reads 04 || x || y; false: wrong size, not on the curve, or infinity. */
SJ_MUST_CHECK bool sj_ec_point_read(enum sj_curve curve, struct sj_span in,
				    struct sj_ec_point *out);
/*
 * The point with this x coordinate (field-size bytes, below the prime) and an
 * even y: for key agreement, which uses x alone (RFC 9528, 3.7). False: none.
 */
SJ_MUST_CHECK bool sj_ec_point_from_x(enum sj_curve curve, struct sj_span x,
				      struct sj_ec_point *out);
/* Reads a scalar: 1 <= value < order; leading zeros may be there or not. */
SJ_MUST_CHECK bool sj_ec_secret_read(enum sj_curve curve, struct sj_span in,
				     struct sj_ec_secret *out);
/* A uniform scalar 1 <= k < order. */
SJ_MUST_CHECK bool sj_ec_secret_random(enum sj_curve curve, const struct sj_random *rnd,
				       struct sj_ec_secret *out);

/*
 * out = k * base; base NULL: the curve's generator. False also when the
 * result is infinity.
 */
SJ_MUST_CHECK bool sj_ec_multiply(enum sj_curve curve, const struct sj_ec_secret *k,
				  const struct sj_ec_point *base, struct sj_ec_point *out);

/* Key agreement: the x coordinate of k * peer, field-size bytes, to `out`. */
SJ_MUST_CHECK bool sj_ec_agree(enum sj_curve curve, const struct sj_ec_secret *k,
			       const struct sj_ec_point *peer, uint8_t out[static SJ_EC_FIELD_MAX]);

/* PACE generic mapping (ICAO 9303-11, 4.4.3.3.1): out = s * G + h; s is the nonce. */
SJ_MUST_CHECK bool sj_ec_map_generic(enum sj_curve curve, struct sj_span s,
				     const struct sj_ec_point *h, struct sj_ec_point *out);

/*
 * PACE integrated mapping (4.4.3.3.2; appendix B.2): the point that r mod p encodes; `r`: what
 * the pseudo-random function gave. Only of curves whose prime is 3 mod 4: not of P-224.
 */
SJ_MUST_CHECK bool sj_ec_map_integrated(enum sj_curve curve, struct sj_span r,
					struct sj_ec_point *out);

/*
 * PACE chip-authentication mapping (ICAO 9303-11, 4.4.3.5.1):
 * out = inverse(sk) * map mod order, order-size bytes.
 */
SJ_MUST_CHECK bool sj_ec_cam_data(enum sj_curve curve, const struct sj_ec_secret *sk,
				  const struct sj_ec_secret *map, struct sj_ec_secret *out);

/* ECDSA over a digest; plain format r || s (TR-03111, 5.2.1); *len gets its size. */
SJ_MUST_CHECK bool sj_ec_sign(enum sj_curve curve, const struct sj_ec_secret *key,
			      struct sj_span digest, uint8_t out[static SJ_EC_SIGNATURE_MAX],
			      size_t *len);
SJ_MUST_CHECK bool sj_ec_verify(enum sj_curve curve, const struct sj_ec_point *key,
				struct sj_span digest, struct sj_span plain_signature);

/*
 * Plain signatures to the DER of Ecdsa-Sig-Value (RFC 3279, 2.2.3) and back; `plain` has room
 * for two halves.
 */
SJ_MUST_CHECK bool sj_ecdsa_to_der(struct sj_span plain, struct sj_writer *w);
SJ_MUST_CHECK bool sj_ecdsa_from_der(struct sj_span der, size_t half, uint8_t *plain);

/*
 * SubjectPublicKeyInfo (RFC 5480). Reading accepts a named curve, explicit
 * parameters that are exactly a known curve (ICAO Doc 9303-12, 4.1.6.3, requires
 * explicit ones) and the number of standardised ones (Doc 9303-11, 9.5.1: Chip
 * Authentication keys); id-ecDH keys too. Writing gives a named curve or, if
 * `explicit_form`, explicit parameters.
 */
SJ_MUST_CHECK bool sj_ec_spki_read(struct sj_span spki, enum sj_curve *curve,
				   struct sj_ec_point *out);
SJ_MUST_CHECK bool sj_ec_spki_put(struct sj_writer *w, enum sj_curve curve,
				  const struct sj_ec_point *key, bool explicit_form);

#endif
