/*
 * ta.h -- the bytes of Terminal Authentication and of Chip Authentication 2, for both ends.
 *
 * Source: BSI TR-03110-3 v2.21, A.4, A.7, B.2, B.3; TR-03110-1, 3.5; -2, 3.3, 3.4. Who asks,
 * who believes and in which order is written by each end itself.
 */
#ifndef SJ_SECURE_TA_H
#define SJ_SECURE_TA_H

#include "crypt/ec.h"
#include "secure/cvc_key.h"
#include "secure/sm.h"

#define SJ_TA_CHALLENGE 8u
#define SJ_CA2_NONCE 8u

/* id-TA-...: content bytes of the OBJECT IDENTIFIER (static); empty: RSA with SHA-1 and such. */
struct sj_span sj_ta_oid(enum sj_cvc_scheme scheme, enum sj_hash hash);
SJ_MUST_CHECK bool sj_ta_from_oid(struct sj_span oid, enum sj_cvc_scheme *scheme,
				  enum sj_hash *hash);

/* What the terminal signs, one part after the other (A.7.2): parts of sj_cvc_key_verify(). */
struct sj_ta_signed {
	struct sj_span
		id_icc; /* version 2: Comp(ephemeral key of PACE); version 1: MRZ or the same */
	struct sj_span challenge;
	struct sj_span ephemeral; /* Comp(PK_PCD) */
	struct sj_span auxiliary; /* whole 67; empty: none */
};
#define SJ_TA_PARTS 4u
void sj_ta_parts(const struct sj_ta_signed *s, struct sj_span out[static SJ_TA_PARTS]);

/* Comp() of an EC key: its x coordinate, field size. */
struct sj_span sj_ec_comp(enum sj_curve curve, const struct sj_ec_point *key);

/* Version 2 of Chip Authentication: keys from K and the chip's nonce, and its token over PK_PCD. */
SJ_MUST_CHECK bool sj_ca2_session(enum sj_cipher c, enum sj_curve curve,
				  const struct sj_ec_secret *own, const struct sj_ec_point *peer,
				  const uint8_t nonce[static SJ_CA2_NONCE],
				  struct sj_sm_keys *keys);
SJ_MUST_CHECK bool sj_ca2_token(const struct sj_sm_keys *keys, enum sj_cipher c,
				const struct sj_ec_point *ephemeral,
				uint8_t token[static SJ_MAC_SIZE]);

#endif
