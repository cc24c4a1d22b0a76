/*
 * gate_responder.h -- EDHOC's Responder for tests, all methods and suites: its
 * own, so that the card faces one that was not made for it, and pliable, so
 * that it can lie. Written from RFC 9528 and the PSK draft.
 */
#ifndef TESTS_CARD_GATE_RESPONDER_H
#define TESTS_CARD_GATE_RESPONDER_H

#include "secure/edhoc.h"

struct responder {
	const struct sj_edhoc_suite *suite;
	uint8_t method;
	uint8_t y[SJ_EDHOC_KEY], g_y[SJ_EDHOC_KEY], g_x[SJ_EDHOC_KEY];
	uint8_t th[SJ_EDHOC_HASH];
	uint8_t prk[SJ_PRK_SIZE]; /* the latest */
	uint8_t prk_3e2m[SJ_PRK_SIZE];
	uint8_t text[1024]; /* of message_3 */
	struct sj_edhoc_plaintext plain;
	struct sj_span id_cred, ciphertext_3b; /* method 4 */
};

struct responder_own {
	const uint8_t *key;
	struct sj_span id_cred; /* the map */
	struct sj_span cred;
};

/* All assert that they succeed, unless they answer with a bool. */
void responder_take_1(struct responder *r, struct sj_span message_1);
/* `own` NULL: method 4. */
void responder_put_2(struct responder *r, const struct responder_own *own, struct sj_span c_r,
		     struct sj_span ead_2, struct sj_writer *out);
/* Decrypts: plain.id_cred, proof and ead, or id_cred and ciphertext_3b. */
SJ_MUST_CHECK bool responder_take_3(struct responder *r, struct sj_span message_3);
SJ_MUST_CHECK bool responder_check_3(struct responder *r, struct sj_span cred_i,
				     struct sj_span key_i);
SJ_MUST_CHECK bool responder_check_psk(struct responder *r, struct sj_span psk,
				       struct sj_span cred_i, struct sj_span cred_r);
void responder_put_4(struct responder *r, struct sj_span ead_4, struct sj_writer *out);
void responder_exporter(struct responder *r, struct sj_edhoc_prk *exporter);

#endif
