/*
 * sm.c -- secure messaging is opened with key 04: the card's steps of the key
 * establishment protocol (NIST SP 800-73-5, part 2, 4.1.2). The host keeps the
 * session (host/sm_piv.c).
 */
#include "crypt/wipe.h"
#include "secure/piv_sm.h"
#include "state.h"

#define ANSWER_MAX 1024u /* in 82: control, nonce, cryptogram, certificate */

/* C3 to C9: session keys and what the host needs to come to the same. */
static uint16_t answer(struct card *card, const struct piv_key *key,
		       const struct sj_piv_sm_request *request, struct sj_span cvc,
		       struct sj_piv_sm_keys *keys, struct sj_writer *out)
{
	const struct sj_piv_suite *suite = sj_piv_suite(key->algorithm);
	uint8_t z[SJ_EC_FIELD_MAX], card_id[SJ_PIV_SM_ID];
	uint8_t nonce[SJ_PIV_SM_NONCE_MAX], cryptogram[SJ_PIV_SM_CRYPTOGRAM];
	struct sj_piv_sm_facts facts = {
		.z = { z, sj_curve_field_size(suite->curve) },
		.host_id = request->id.ptr,
		.card_id = card_id,
		.nonce = { nonce, suite->nonce },
	};
	struct sj_ec_secret d = { .len = 0 };
	uint16_t sw = SJ_SW_WRONG_DATA;

	if (request->control != 0 || !sj_ec_point_read(suite->curve, request->key, &facts.host_key))
		return sw;
	sw = SJ_SW_UNKNOWN;
	if (sj_ec_secret_read(suite->curve, key->secret, &d) &&
	    sj_ec_agree(suite->curve, &d, &facts.host_key, z) && sj_piv_sm_card_id(cvc, card_id) &&
	    sj_random_fill(card_random(card), nonce, suite->nonce) &&
	    sj_piv_sm_derive(suite, &facts, keys) &&
	    sj_piv_sm_cryptogram(keys, &facts, cryptogram)) {
		sj_piv_sm_answer_put(
			out, &(struct sj_piv_sm_answer){ .nonce = facts.nonce,
							 .cryptogram = SJ_SPAN_OF(cryptogram),
							 .cvc = cvc });
		sw = SJ_SW_OK;
	}
	sj_wipe(&d, sizeof(d));
	sj_wipe(z, sizeof(z));
	return sw;
}

uint16_t piv_establish(struct card_call *call, const struct sj_piv_auth *in)
{
	const struct card_store *store = card_store_of(call->card);
	uint8_t bytes[ANSWER_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_auth out = { .has_response = true };
	struct sj_piv_sm_keys keys;
	struct sj_piv_sm_request request;
	struct piv_key key;
	struct sj_span cvc;
	uint16_t sw;

	if (call->secured)
		return SJ_SW_CONDITIONS;
	card_sm_end(call->card); /* asking for new keys is enough (4.3) */
	if (!piv_key_find(store, PIV_KEY_SECURE_MESSAGING, &key) ||
	    key.algorithm != call->apdu->p1 || !card_store_get(store, PIV_STORE_CVC, &cvc))
		return SJ_SW_WRONG_P1P2;
	if (!in->has_challenge || !in->has_response || in->response.len != 0 || in->has_witness ||
	    in->has_exponentiation ||
	    !sj_piv_sm_request_read(sj_piv_suite(key.algorithm), in->challenge, &request))
		return SJ_SW_WRONG_DATA;
	sw = answer(call->card, &key, &request, cvc, &keys, &w);
	out.response = sj_written(&w);
	if (sw == SJ_SW_OK) {
		sj_piv_auth_put(call->out, &out);
		card_sm_start_piv(call->card, &keys);
	}
	sj_wipe(&keys, sizeof(keys));
	return w.failed ? SJ_SW_UNKNOWN : sw;
}
