/*
 * pace.h -- the bytes and key schedule of PACE, for both ends.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.4 and appendices B, G, H, I; BSI TR-03110-3
 * v2.21, A.3 and B.1. Generic and integrated mapping over ECDH and DH, chip-authentication
 * mapping over ECDH. The order of steps and every decision belongs to the ends.
 */
#ifndef SJ_SECURE_PACE_H
#define SJ_SECURE_PACE_H

#include "crypt/dh.h"
#include "crypt/ec.h"
#include "secure/sm.h"

#define SJ_PACE_NONCE_MAX 32u /* what a reader accepts: whole blocks, the card decides */
#define SJ_PACE_CAM_MAX 80u /* encrypted chip authentication data: P-521, padded */
#define SJ_PACE_PUBLIC_MAX SJ_DH_MAX

/* The numbers are those of our cards' access configuration. */
enum sj_pace_mapping { SJ_PACE_GM, SJ_PACE_CAM, SJ_PACE_IM };
/* Password references as tag 83 of MSE:Set AT carries them. */
enum sj_pace_password { SJ_PACE_MRZ = 1, SJ_PACE_CAN = 2, SJ_PACE_PIN = 3, SJ_PACE_PUK = 4 };

/* One PACEInfo that we can run. */
struct sj_pace_suite {
	enum sj_pace_mapping mapping;
	enum sj_cipher cipher;
	enum sj_curve curve; /* SJ_CURVE_NONE: DH, in `group` */
	enum sj_dh_group group;
};

bool sj_pace_suite_eq(const struct sj_pace_suite *a, const struct sj_pace_suite *b);
/* "ECDH-GM", "DH-IM" (static). */
const char *sj_pace_mapping_name(const struct sj_pace_suite *suite);
/* "brainpoolP256r1" or "modp-2048-256" (static). */
const char *sj_pace_domain_name(const struct sj_pace_suite *suite);
/* The number of its standardised domain parameters. */
uint8_t sj_pace_parameter_id(const struct sj_pace_suite *suite);
/*
 * Content bytes of the protocol's OBJECT IDENTIFIER (static; 10 bytes). Empty: there is no such
 * suite: CAM with 3DES or over DH, IM over P-224, whose prime does not allow it.
 */
struct sj_span sj_pace_oid(const struct sj_pace_suite *suite);
/* False: an OID and number that are no suite of ours. */
SJ_MUST_CHECK bool sj_pace_suite_read(struct sj_span oid, uint32_t parameter_id,
				      struct sj_pace_suite *out);
/*
 * Bytes of the nonce s that our card draws: the least whole blocks that are no shorter than the
 * key, which the integrated mapping wants of everybody (4.4.3.3); else 16.
 */
size_t sj_pace_nonce_size(const struct sj_pace_suite *suite);

/*
 * K_pi. `password`: for CAN, PIN and PUK their digits, for the MRZ the MRZ information
 * (its SHA-1 is taken here, 9.7.3).
 */
SJ_MUST_CHECK bool sj_pace_k_pi(enum sj_cipher c, enum sj_pace_password kind,
				struct sj_span password, uint8_t k_pi[static SJ_CIPHER_KEY_MAX]);

/* z = E(K_pi, s) and back, whole blocks up to SJ_PACE_NONCE_MAX bytes; `out` gets as many. */
SJ_MUST_CHECK bool sj_pace_nonce_encrypt(enum sj_cipher c, const uint8_t *k_pi, struct sj_span s,
					 uint8_t z[static SJ_PACE_NONCE_MAX]);
SJ_MUST_CHECK bool sj_pace_nonce_decrypt(enum sj_cipher c, const uint8_t *k_pi, struct sj_span z,
					 uint8_t s[static SJ_PACE_NONCE_MAX]);

/* A public key or generator: an uncompressed point, or a number without leading zeros. */
struct sj_pace_public {
	uint8_t bytes[SJ_PACE_PUBLIC_MAX];
	size_t len;
};

/* A scalar or an exponent. Wipe it. */
struct sj_pace_secret {
	uint8_t bytes[SJ_PACE_PUBLIC_MAX];
	size_t len;
};

static inline struct sj_span sj_pace_public_span(const struct sj_pace_public *p)
{
	return sj_span(p->bytes, p->len);
}

/* Reads and validates a public key; false: it is none of the suite's group. */
SJ_MUST_CHECK bool sj_pace_public_read(const struct sj_pace_suite *suite, struct sj_span in,
				       struct sj_pace_public *out);
/* An ephemeral key pair on `base`; NULL: the standardised generator. */
SJ_MUST_CHECK bool sj_pace_key_make(const struct sj_pace_suite *suite, const struct sj_random *rnd,
				    const struct sj_pace_public *base,
				    struct sj_pace_secret *secret, struct sj_pace_public *out);
/* The public key of a secret on `base`. */
SJ_MUST_CHECK bool sj_pace_key_public(const struct sj_pace_suite *suite,
				      const struct sj_pace_secret *secret,
				      const struct sj_pace_public *base,
				      struct sj_pace_public *out);

/* Generic mapping, which CAM shares: the generator from s and an anonymous agreement. */
SJ_MUST_CHECK bool sj_pace_map_generic(const struct sj_pace_suite *suite, struct sj_span s,
				       const struct sj_pace_secret *own,
				       const struct sj_pace_public *peer,
				       struct sj_pace_public *generator);
/*
 * Integrated mapping (4.4.3.3.2): the generator from s, of sj_pace_nonce_size() bytes, and the
 * terminal's t, of the cipher's key size. False also: of another size.
 */
SJ_MUST_CHECK bool sj_pace_map_integrated(const struct sj_pace_suite *suite, struct sj_span s,
					  struct sj_span t, struct sj_pace_public *generator);

/* Key agreement and the session keys from it. */
SJ_MUST_CHECK bool sj_pace_agree(const struct sj_pace_suite *suite,
				 const struct sj_pace_secret *own,
				 const struct sj_pace_public *peer, struct sj_sm_keys *keys);

/*
 * Comp() of a public key (TR-03110-3, A.2.2.3): the x coordinate; of DH the SHA-1 of the number.
 * *len gets its size.
 */
SJ_MUST_CHECK bool sj_pace_comp(const struct sj_pace_suite *suite, const struct sj_pace_public *key,
				uint8_t out[static SJ_EC_FIELD_MAX], size_t *len);

/* KS_Enc and KS_MAC from the shared secret (field size, or that of the prime). */
SJ_MUST_CHECK bool sj_pace_session(enum sj_cipher c, struct sj_span shared,
				   struct sj_sm_keys *keys);

/*
 * Authentication token over the *other* end's ephemeral public key: MAC(KS_MAC,
 * 7F49{06 oid, 86 point or 84 number}).
 */
SJ_MUST_CHECK bool sj_pace_token(const struct sj_sm_keys *keys, const struct sj_pace_suite *suite,
				 const struct sj_pace_public *peer,
				 uint8_t token[static SJ_MAC_SIZE]);

/* The same for any OID; `tag`: 86 or 84. Chip Authentication 2 has it too (TR-03110-3, B.1). */
SJ_MUST_CHECK bool sj_pace_token_over(const struct sj_sm_keys *keys, struct sj_span oid,
				      uint32_t tag, struct sj_span key,
				      uint8_t token[static SJ_MAC_SIZE]);

/* A_IC = E(KS_Enc, pad(CA_IC)), IV = E(KS_Enc, -1) (ICAO 9303-11, 4.4.3.5). */
SJ_MUST_CHECK bool sj_pace_cam_seal(const struct sj_sm_keys *keys,
				    const struct sj_ec_secret *ca_data, struct sj_writer *a_ic);
SJ_MUST_CHECK bool sj_pace_cam_open(const struct sj_sm_keys *keys, enum sj_curve curve,
				    struct sj_span a_ic, struct sj_ec_secret *ca_data);

#endif
