/*
 * sm.h -- the bytes of secure messaging, for both ends; it keeps no role.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 9.8; ISO/IEC 7816-4:2020, 10. Who counts
 * the SSC, who checks and who ends the session is written by each end itself:
 * reader/ and card-sim/host. Every function takes the SSC that is to be used
 * for this very message, already incremented.
 */
#ifndef SJ_SECURE_SM_H
#define SJ_SECURE_SM_H

#include "crypt/cipher.h"
#include "wire/apdu.h"

struct sj_sm_keys {
	enum sj_cipher cipher;
	uint8_t enc[SJ_CIPHER_KEY_MAX]; /* KS_Enc */
	uint8_t mac[SJ_CIPHER_KEY_MAX]; /* KS_MAC */
};

/* Send sequence counter: 8 bytes (3DES) or 16 (AES), big-endian, in front. */
struct sj_ssc {
	uint8_t bytes[SJ_CIPHER_BLOCK_MAX];
};

enum sj_sm_rc {
	SJ_SM_OK,
	SJ_SM_MISSING, /* an expected data object is missing (a card says 6987) */
	SJ_SM_INCORRECT, /* malformed, wrong MAC or wrong padding (a card says 6988) */
};

/* Adds one, modulo the block's size. */
void sj_ssc_increment(struct sj_ssc *ssc, enum sj_cipher c);

/*
 * Plain data bytes that fit in a protected short response (256 bytes with
 * data objects 87, 99 and 8E): 231 for 3DES, 223 for AES.
 */
size_t sj_sm_short_response(enum sj_cipher c);

/*
 * Protects a command: CLA with bits 0C set, DO 87 (85 for odd INS), 97, 8E.
 * The result is extended if `plain` is, or if it must be. Fails the writer.
 */
void sj_sm_command_put(struct sj_writer *w, const struct sj_sm_keys *keys, const struct sj_ssc *ssc,
		       const struct sj_apdu *plain);

/*
 * Checks and opens a protected command. `plain->data` points into `buffer`,
 * which gets the decrypted data; plain->cla has its secure messaging bits
 * cleared. Unchanged *plain unless SJ_SM_OK. Data that `buffer` has no room
 * for are SJ_SM_INCORRECT: give it as much as the command's data field.
 */
SJ_MUST_CHECK enum sj_sm_rc sj_sm_command_open(const struct sj_sm_keys *keys,
					       const struct sj_ssc *ssc,
					       const struct sj_apdu *protected_command,
					       struct sj_writer *buffer, struct sj_apdu *plain);

/* Protects a response: DO 87 (85 if `odd_ins`), 99, 8E, then the status word in clear. */
void sj_sm_response_put(struct sj_writer *w, const struct sj_sm_keys *keys,
			const struct sj_ssc *ssc, bool odd_ins, struct sj_span data, uint16_t sw);

/*
 * Checks and opens a protected response (without its trailing status word).
 * plain->data points into `buffer`; plain->sw is the protected one of DO 99.
 */
SJ_MUST_CHECK enum sj_sm_rc sj_sm_response_open(const struct sj_sm_keys *keys,
						const struct sj_ssc *ssc, struct sj_span data,
						struct sj_writer *buffer,
						struct sj_response *plain);

#endif
