/*
 * pace.h -- the bytes and key schedule of PACE, for both ends.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.4 and appendices G.1, I; BSI TR-03110-3
 * v2.21, A.3 and B.1. Generic mapping and chip-authentication mapping over
 * ECDH. The order of steps and every decision belongs to the ends.
 */
#ifndef SJ_SECURE_PACE_H
#define SJ_SECURE_PACE_H

#include "crypt/ec.h"
#include "secure/sm.h"

#define SJ_PACE_NONCE 16u /* what our card draws */
#define SJ_PACE_NONCE_MAX 32u /* what a reader accepts: whole blocks, the card decides */
#define SJ_PACE_CAM_MAX 80u /* encrypted chip authentication data: P-521, padded */

enum sj_pace_mapping { SJ_PACE_GM, SJ_PACE_CAM };
/* Password references as tag 83 of MSE:Set AT carries them. */
enum sj_pace_password { SJ_PACE_MRZ = 1, SJ_PACE_CAN = 2, SJ_PACE_PIN = 3, SJ_PACE_PUK = 4 };

/* One PACEInfo that we can run. */
struct sj_pace_suite {
	enum sj_pace_mapping mapping;
	enum sj_cipher cipher;
	enum sj_curve curve;
};

/* Content bytes of the protocol's OBJECT IDENTIFIER (static; 10 bytes). */
struct sj_span sj_pace_oid(enum sj_pace_mapping mapping, enum sj_cipher cipher);
/* False: an OID that is not ECDH with generic or chip-authentication mapping. */
SJ_MUST_CHECK bool sj_pace_from_oid(struct sj_span oid, enum sj_pace_mapping *mapping,
				    enum sj_cipher *cipher);

/*
 * K_pi. `password`: for the CAN its digits, for the MRZ the MRZ information
 * (its SHA-1 is taken here, 9.7.3).
 */
SJ_MUST_CHECK bool sj_pace_k_pi(enum sj_cipher c, enum sj_pace_password kind,
				struct sj_span password, uint8_t k_pi[static SJ_CIPHER_KEY_MAX]);

/*
 * z = E(K_pi, s) and back. 4.4.3.3 leaves the size to the card, whole blocks of
 * the cipher: decrypting takes up to SJ_PACE_NONCE_MAX bytes; s has the size of z.
 */
SJ_MUST_CHECK bool sj_pace_nonce_encrypt(enum sj_cipher c, const uint8_t *k_pi,
					 const uint8_t s[static SJ_PACE_NONCE],
					 uint8_t z[static SJ_PACE_NONCE]);
SJ_MUST_CHECK bool sj_pace_nonce_decrypt(enum sj_cipher c, const uint8_t *k_pi, struct sj_span z,
					 uint8_t s[static SJ_PACE_NONCE_MAX]);

/* KS_Enc and KS_MAC from the shared secret (the x coordinate, field size). */
SJ_MUST_CHECK bool sj_pace_session(enum sj_cipher c, struct sj_span shared,
				   struct sj_sm_keys *keys);

/*
 * Authentication token over the *other* end's ephemeral public key: MAC(KS_MAC,
 * 7F49{06 oid, 86 point}).
 */
SJ_MUST_CHECK bool sj_pace_token(const struct sj_sm_keys *keys, struct sj_span oid,
				 const struct sj_ec_point *peer, uint8_t token[static SJ_MAC_SIZE]);

/* A_IC = E(KS_Enc, pad(CA_IC)), IV = E(KS_Enc, -1) (ICAO 9303-11, 4.4.3.5). */
SJ_MUST_CHECK bool sj_pace_cam_seal(const struct sj_sm_keys *keys,
				    const struct sj_ec_secret *ca_data, struct sj_writer *a_ic);
SJ_MUST_CHECK bool sj_pace_cam_open(const struct sj_sm_keys *keys, enum sj_curve curve,
				    struct sj_span a_ic, struct sj_ec_secret *ca_data);

#endif
