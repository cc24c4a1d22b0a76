/*
 * piv_sm.h -- the PIV card application's secure messaging: key schedule and
 * bytes, for both ends; it keeps no role.
 *
 * Source: NIST SP 800-73-5, part 2, 4 (cipher suites CS2 and CS7, one-pass
 * ECDH of SP 800-56A with the concatenation KDF). Who counts, keeps the MAC
 * chaining values, checks and ends is written by each end itself.
 */
#ifndef SJ_SECURE_PIV_SM_H
#define SJ_SECURE_PIV_SM_H

#include "crypt/ec.h"
#include "secure/sm.h"
#include "wire/apdu.h"
#include "wire/std/sp800-73.h"

#define SJ_PIV_SM_ID 8u /* ID_sH, ID_sICC */
#define SJ_PIV_SM_NONCE_MAX 24u /* N_ICC: 16 (CS2), 24 (CS7) */
#define SJ_PIV_SM_BLOCK 16u
#define SJ_PIV_SM_CRYPTOGRAM 16u

/* What the two suites differ in; NULL: not PIV_ALG_CS2 or PIV_ALG_CS7. */
struct sj_piv_suite {
	uint8_t id;
	enum sj_curve curve;
	enum sj_hash hash;
	enum sj_cipher cipher; /* of all four keys */
	size_t nonce; /* bytes */
};
const struct sj_piv_suite *sj_piv_suite(uint8_t id);

/* Wipe it; the confirmation key is of no use after the cryptogram. */
struct sj_piv_sm_keys {
	const struct sj_piv_suite *suite;
	uint8_t confirm[SJ_CIPHER_KEY_MAX];
	uint8_t mac[SJ_CIPHER_KEY_MAX], enc[SJ_CIPHER_KEY_MAX], rmac[SJ_CIPHER_KEY_MAX];
};

/* What both ends know after the card's answer; spans have the suite's sizes. */
struct sj_piv_sm_facts {
	struct sj_span z; /* shared secret: x coordinate */
	const uint8_t *host_id; /* ID_sH, SJ_PIV_SM_ID bytes */
	const uint8_t *card_id; /* ID_sICC: the first 8 bytes of SHA-256 of the CVC as sent */
	struct sj_ec_point host_key; /* Q_eH, 04 || x || y */
	struct sj_span nonce; /* N_ICC */
	uint8_t card_control; /* CB_ICC */
};
/* ID_sICC of a card verifiable certificate (whole 7F21). */
SJ_MUST_CHECK bool sj_piv_sm_card_id(struct sj_span cvc, uint8_t out[static SJ_PIV_SM_ID]);
SJ_MUST_CHECK bool sj_piv_sm_derive(const struct sj_piv_suite *suite,
				    const struct sj_piv_sm_facts *facts,
				    struct sj_piv_sm_keys *out);
/* AuthCryptogram_ICC (4.1.7): what the card sends and the host recomputes. */
SJ_MUST_CHECK bool sj_piv_sm_cryptogram(const struct sj_piv_sm_keys *keys,
					const struct sj_piv_sm_facts *facts,
					uint8_t out[static SJ_PIV_SM_CRYPTOGRAM]);

/* Control byte, identifier and key of the host: GENERAL AUTHENTICATE's 81. */
struct sj_piv_sm_request {
	uint8_t control; /* CB_H: 00 */
	struct sj_span id; /* SJ_PIV_SM_ID bytes */
	struct sj_span key; /* 04 || x || y */
};
SJ_MUST_CHECK bool sj_piv_sm_request_read(const struct sj_piv_suite *suite, struct sj_span in,
					  struct sj_piv_sm_request *out);
void sj_piv_sm_request_put(struct sj_writer *w, const struct sj_piv_sm_request *r);
/* The card's answer in 82. */
struct sj_piv_sm_answer {
	uint8_t control; /* CB_ICC: 00 */
	struct sj_span nonce, cryptogram;
	struct sj_span cvc; /* whole 7F21 */
};
SJ_MUST_CHECK bool sj_piv_sm_answer_read(const struct sj_piv_suite *suite, struct sj_span in,
					 struct sj_piv_sm_answer *out);
void sj_piv_sm_answer_put(struct sj_writer *w, const struct sj_piv_sm_answer *a);

/*
 * One message. `counter` is that of this command; the response to it takes the
 * same one (4.2.2: its first bit is set for the response's IV inside). `chain` is
 * the MAC chaining value of this direction: in, that of the message before, out,
 * that of this one; changed only on success. Both begin: counter 1, chains zero.
 * A protected command is one APDU, however long: chaining and 61xx are outside.
 */
void sj_piv_sm_command_put(struct sj_writer *w, const struct sj_piv_sm_keys *keys,
			   const uint8_t counter[static SJ_PIV_SM_BLOCK],
			   uint8_t chain[static SJ_PIV_SM_BLOCK], const struct sj_apdu *plain);
/* As sj_sm_command_open(). */
SJ_MUST_CHECK enum sj_sm_rc sj_piv_sm_command_open(const struct sj_piv_sm_keys *keys,
						   const uint8_t counter[static SJ_PIV_SM_BLOCK],
						   uint8_t chain[static SJ_PIV_SM_BLOCK],
						   const struct sj_apdu *protected_command,
						   struct sj_writer *buffer, struct sj_apdu *plain);
/* Data objects 87, 99, 8E; then 9000 in clear whatever `sw` is, as NIST's cards do. */
void sj_piv_sm_response_put(struct sj_writer *w, const struct sj_piv_sm_keys *keys,
			    const uint8_t counter[static SJ_PIV_SM_BLOCK],
			    uint8_t chain[static SJ_PIV_SM_BLOCK], struct sj_span data,
			    uint16_t sw);
/* As sj_sm_response_open(). */
SJ_MUST_CHECK enum sj_sm_rc sj_piv_sm_response_open(const struct sj_piv_sm_keys *keys,
						    const uint8_t counter[static SJ_PIV_SM_BLOCK],
						    uint8_t chain[static SJ_PIV_SM_BLOCK],
						    struct sj_span data, struct sj_writer *buffer,
						    struct sj_response *plain);
/* Adds one to a big-endian block. False: it would begin again (end the session). */
SJ_MUST_CHECK bool sj_piv_sm_count(uint8_t counter[static SJ_PIV_SM_BLOCK]);

#endif
