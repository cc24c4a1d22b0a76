/*
 * responder.h -- EDHOC's Responder: it counts, checks and aborts. No I/O.
 *
 * Sources: RFC 9528, 5 and 6; draft-ietf-lake-edhoc-psk-08, 5 (method 4), here
 * "PSK draft". Bytes and key schedule: secure/edhoc.h.
 *
 * The order of a run: begin (prepare ahead, if there is time), message_1,
 * message_2, open_3, then the caller looks up CRED_I or the PSK, check_3 or
 * check_psk, message_4. A call out of order, and anything wrong, fails and ends
 * the run: only sj_responder_error() is left then.
 */
#ifndef SJ_GATE_RESPONDER_H
#define SJ_GATE_RESPONDER_H

#include "secure/edhoc.h"

#define SJ_RESPONDER_TEXT 1024u /* bytes of PLAINTEXT_2 and PLAINTEXT_3 */
#define SJ_RESPONDER_SUITES 3u

enum sj_responder_state {
	SJ_RESPONDER_READY,
	SJ_RESPONDER_GOT_1,
	SJ_RESPONDER_SENT_2,
	SJ_RESPONDER_GOT_3, /* decrypted, not believed */
	SJ_RESPONDER_DONE, /* the Initiator is who it says, and knows the session key */
	SJ_RESPONDER_FAILED,
};

struct sj_responder {
	enum sj_responder_state state;
	uint8_t suites[SJ_RESPONDER_SUITES]; /* supported */
	size_t suite_count;
	unsigned methods; /* bit m: method m */
	enum sj_edhoc_error error; /* to be sent after a failure */
	int64_t better; /* the suite of SUITES_I to use instead; -1: none of them */

	const struct sj_edhoc_suite *suite; /* of y and g_y; NULL: nothing prepared */
	uint8_t method;
	uint8_t y[SJ_EDHOC_KEY], g_y[SJ_EDHOC_KEY];
	struct sj_ec_point g_x; /* G_X; on P-256 with its y */
	uint8_t th[SJ_EDHOC_HASH]; /* H(message_1), then TH_2 to TH_4 */
	struct sj_edhoc_prk prk; /* PRK_2e, PRK_3e2m, then PRK_4e3m */
	struct sj_edhoc_prk exporter; /* PRK_exporter, from SJ_RESPONDER_DONE on */
	uint8_t text[SJ_RESPONDER_TEXT]; /* PLAINTEXT_3 or PLAINTEXT_3A */
	size_t text_len;
	uint8_t text_3b[SJ_RESPONDER_TEXT];
	struct sj_edhoc_plaintext plain; /* into text */
};

/* What the Responder is, in methods 0 to 3. Borrowed for the call. */
struct sj_responder_own {
	const uint8_t *key; /* SJ_EDHOC_KEY bytes: for signing or static DH, as the method says */
	struct sj_span id_cred; /* ID_CRED_R, the map */
	struct sj_span cred; /* CRED_R, encoded */
};

/* Methods and suites that are accepted; suites that sj_edhoc_suite() has. */
void sj_responder_begin(struct sj_responder *r, unsigned methods, const uint8_t *suites, size_t n);
/* Wipes; a zeroed one is fine. */
void sj_responder_end(struct sj_responder *r);
/* Makes the ephemeral key before message_1 is there; without it message_2 does. */
SJ_MUST_CHECK bool sj_responder_prepare(struct sj_responder *r, const struct sj_edhoc_suite *suite,
					const struct sj_random *rnd);

/* Takes message_1; method, C_I and EAD_1 are the caller's to look at (spans into `in`). */
SJ_MUST_CHECK bool sj_responder_message_1(struct sj_responder *r, struct sj_span in,
					  struct sj_edhoc_message_1 *out);
/* Writes message_2. `own` NULL: method 4, and only then. ead_2 encoded, or empty. */
SJ_MUST_CHECK bool sj_responder_message_2(struct sj_responder *r,
					  const struct sj_responder_own *own, struct sj_span c_r,
					  struct sj_span ead_2, const struct sj_random *rnd,
					  struct sj_writer *out);
/*
 * Decrypts message_3: *id_cred is ID_CRED_I or ID_CRED_PSK as it travels, *ead is
 * EAD_3 of methods 0 to 3 (valid until the end). Nothing of it is believed yet.
 */
SJ_MUST_CHECK bool sj_responder_open_3(struct sj_responder *r, struct sj_span in,
				       struct sj_span *id_cred, struct sj_span *ead);
/*
 * Checks Signature_or_MAC_3 for CRED_I (encoded) and its key: the x coordinate
 * for static DH, what sj_edhoc_verify() takes for signatures.
 */
SJ_MUST_CHECK bool sj_responder_check_3(struct sj_responder *r, struct sj_span cred_i,
					struct sj_span key_i);
/* Method 4: checks CIPHERTEXT_3B with the PSK and both credentials, and gives EAD_3. */
SJ_MUST_CHECK bool sj_responder_check_psk(struct sj_responder *r, struct sj_span psk,
					  struct sj_span cred_i, struct sj_span cred_r,
					  struct sj_span *ead);
SJ_MUST_CHECK bool sj_responder_message_4(struct sj_responder *r, struct sj_span ead_4,
					  struct sj_writer *out);
/* Ends the run, if it was not, and writes the error message for the Initiator. */
void sj_responder_error(struct sj_responder *r, struct sj_writer *out);

#endif
