/*
 * secure.c -- secure messaging with the card's key 04, and the virtual contact
 * interface by the pairing code.
 *
 * Source: NIST SP 800-73-5, part 1, 5.5; part 2, 4.1 (key establishment).
 */
#include <stdlib.h>
#include <string.h>

#include "crypt/hash.h"
#include "crypt/wipe.h"
#include "piv/piv.h"
#include "secure/piv_cvc.h"
#include "secure/piv_sm.h"
#include "wire/std/iso7816.h"
#include "wire/tlv.h"

/* One establishment. */
struct agreement {
	const struct sj_piv_suite *suite;
	uint8_t host_id[SJ_PIV_SM_ID], card_id[SJ_PIV_SM_ID];
	struct sj_ec_secret secret;
	struct sj_ec_point own;
	uint8_t z[SJ_EC_FIELD_MAX];
	struct sj_piv_sm_keys keys;
};

/* H1 to H3: an ephemeral key; ID_sH is zeros, since we have no identity to tell. */
static enum sj_rc begin(struct sj_piv *piv, struct agreement *a)
{
	a->suite = sj_piv_suite(piv->suite);
	if (!a->suite)
		return SJ_ACCESS_UNSUPPORTED;
	return sj_ec_secret_random(a->suite->curve, &piv->random, &a->secret) &&
			       sj_ec_multiply(a->suite->curve, &a->secret, NULL, &a->own)
		       ? SJ_OK
		       : SJ_CRYPTO_FAILED;
}

static enum sj_rc ask_card(struct sj_piv *piv, const struct agreement *a,
			   struct sj_piv_sm_answer *answer)
{
	uint8_t data[SJ_EC_POINT_MAX + 32u];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_piv_sm_request request = { 0, SJ_SPAN_OF(a->host_id), sj_ec_point_span(&a->own) };
	struct sj_apdu apdu = { .ins = PIV_INS_GENERAL_AUTHENTICATE,
				.p1 = piv->suite,
				.p2 = PIV_KEY_SECURE_MESSAGING,
				.ne = SJ_APDU_NE_SHORT };
	size_t whole = sj_tlv_open(&w), at;
	struct sj_piv_auth auth;
	struct sj_response r;
	enum sj_rc rc;

	at = sj_tlv_open(&w);
	sj_piv_sm_request_put(&w, &request);
	sj_tlv_close(&w, PIV_TAG_CHALLENGE, at);
	sj_tlv_put(&w, PIV_TAG_RESPONSE, sj_span(NULL, 0));
	sj_tlv_close(&w, PIV_TAG_AUTHENTICATION, whole);
	if (w.failed)
		return SJ_INTERNAL;
	apdu.data = sj_written(&w);
	rc = sj_piv_send_plain(piv, &apdu, &r);
	if (rc != SJ_OK)
		return rc;
	if (r.sw != SJ_SW_OK)
		return SJ_CARD_REFUSED;
	return sj_piv_auth_read(r.data, &auth) && auth.has_response &&
			       sj_piv_sm_answer_read(a->suite, auth.response, answer)
		       ? SJ_OK
		       : SJ_CARD_ANSWER;
}

/* H4 to H10: the card has the key of its CVC if its cryptogram is right. */
static enum sj_rc check(struct agreement *a, const struct sj_piv_sm_answer *answer,
			const struct sj_piv_cvc *cvc)
{
	uint8_t expected[SJ_PIV_SM_CRYPTOGRAM];
	const struct sj_piv_sm_facts facts = {
		.z = sj_span(a->z, sj_curve_field_size(a->suite->curve)),
		.host_id = a->host_id,
		.card_id = a->card_id,
		.host_key = a->own,
		.nonce = answer->nonce,
		.card_control = answer->control,
	};
	enum sj_rc rc = SJ_CRYPTO_FAILED;

	if (answer->control != 0 || cvc->curve != a->suite->curve || cvc->role != SJ_PIV_CVC_CARD ||
	    cvc->subject.len != SJ_PIV_GUID)
		return SJ_CARD_ANSWER;
	if (sj_piv_sm_card_id(answer->cvc, a->card_id) &&
	    sj_ec_agree(a->suite->curve, &a->secret, &cvc->key, a->z) &&
	    sj_piv_sm_derive(a->suite, &facts, &a->keys) &&
	    sj_piv_sm_cryptogram(&a->keys, &facts, expected))
		rc = sj_equal_secret(answer->cryptogram, SJ_SPAN_OF(expected)) ? SJ_OK
									       : SJ_CARD_CVC_PROOF;
	sj_wipe(expected, sizeof(expected));
	return rc;
}

/* Keeps what the CVC says; a card with another CVC is not opened in its place, which was judged. */
static enum sj_rc know_card(struct sj_piv *piv, const struct sj_piv_cvc *cvc)
{
	uint8_t digest[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &cvc->element, 1, digest))
		return SJ_CRYPTO_FAILED;
	if (piv->has_cvc_guid && memcmp(piv->cvc_digest, digest, sizeof(piv->cvc_digest)) != 0)
		return SJ_CARD_LOST;
	memcpy(piv->cvc_digest, digest, sizeof(piv->cvc_digest));
	memcpy(piv->cvc_guid, cvc->subject.ptr, SJ_PIV_GUID);
	piv->has_cvc_guid = true;
	return SJ_OK;
}

/* Good, or nothing is known against it and the caller is told. Nothing secret goes to any other. */
static bool bearable(const struct sj_piv *piv)
{
	const enum sj_rc cvc = piv->cvc;

	if (piv->options.only_trusted)
		return cvc == SJ_OK;
	return cvc == SJ_OK || cvc == SJ_UNDECIDED || cvc == SJ_ISSUER_UNKNOWN ||
	       cvc == SJ_SIGNER_EXPIRED || cvc == SJ_CRL_STALE || cvc == SJ_TRUST_MISSING;
}

/* Secure messaging; the CVC is judged the first time. */
static enum sj_rc establish(struct sj_piv *piv)
{
	struct agreement a = { .suite = NULL };
	uint8_t bytes[SJ_PIV_CVC_MAX];
	struct sj_writer copy = SJ_WRITER_OF(bytes);
	struct sj_piv_sm_answer answer;
	struct sj_piv_cvc cvc;
	bool first = !piv->has_cvc_guid;
	enum sj_rc rc = begin(piv, &a);

	sj_session_sm_end(piv->session);
	if (rc == SJ_OK)
		rc = ask_card(piv, &a, &answer);
	if (rc != SJ_OK)
		goto out;
	sj_put(&copy, answer.cvc);
	if (copy.failed || !sj_piv_cvc_read(sj_written(&copy), &cvc)) {
		rc = SJ_CARD_ANSWER;
		goto out;
	}
	rc = check(&a, &answer, &cvc);
	if (rc == SJ_OK)
		rc = know_card(piv, &cvc);
	if (rc != SJ_OK)
		goto out;
	sj_session_piv_start(piv->session, &a.keys);
	piv->channel = SJ_PIV_SECURE;
	if (first)
		piv->cvc = sj_piv_judge_cvc(piv, cvc.element);
	if (!bearable(piv))
		rc = piv->cvc;
out:
	if (rc != SJ_OK)
		sj_session_sm_end(piv->session);
	sj_wipe(&a, sizeof(a));
	return rc;
}

/* VERIFY of the pairing code, which no counter guards. */
static enum sj_rc pair(struct sj_piv *piv)
{
	const struct sj_apdu a = { .ins = PIV_INS_VERIFY,
				   .p2 = PIV_REF_PAIRING_CODE,
				   .data = sj_span((const uint8_t *)piv->code.digits,
						   strlen(piv->code.digits)) };
	struct sj_response r;
	enum sj_rc rc = sj_piv_send(piv, &a, &r);

	if (rc != SJ_OK)
		return rc;
	if (r.sw == SJ_SW_OK)
		piv->channel = SJ_PIV_VCI;
	if (r.sw == SJ_SW_NO_INFORMATION || (r.sw & 0xFFF0) == SJ_SW_COUNTER)
		return SJ_WRONG_PAIRING_CODE;
	return r.sw == SJ_SW_OK ? SJ_OK : SJ_CARD_REFUSED;
}

enum sj_rc sj_piv_secure_again(struct sj_piv *piv)
{
	const enum sj_piv_channel before = piv->channel;
	enum sj_rc rc = establish(piv);

	/* Without a code: a card that needs no pairing. */
	if (rc == SJ_OK && before == SJ_PIV_VCI && piv->code.digits[0] != '\0')
		rc = pair(piv);
	if (rc != SJ_OK)
		sj_session_sm_end(piv->session);
	piv->channel = before;
	return rc;
}

/* Whether the card wants a pairing code for its virtual contact interface. */
static enum sj_rc read_policy(struct sj_piv *piv, uint8_t *policy)
{
	struct sj_piv_discovery d;
	struct sj_span object;
	enum sj_rc rc = sj_piv_get(piv, PIV_OBJECT_DISCOVERY, &object);

	*policy = 0;
	if (rc == SJ_OK)
		*policy = sj_piv_discovery_read(object, &d) ? d.policy : 0;
	return rc == SJ_KEY_ABSENT || rc == SJ_CARD_REFUSED || rc == SJ_PIN_NEEDED ? SJ_OK : rc;
}

/* One attempt that nobody disturbs; the channel anew if another took its place. */
static enum sj_rc try_code(struct sj_piv *piv)
{
	struct sj_response r;
	bool anew;
	enum sj_rc rc = sj_piv_transaction(piv, &anew);

	if (rc != SJ_OK)
		return rc;
	rc = sj_piv_select(piv, false, &r);
	if (rc == SJ_OK)
		rc = pair(piv);
	if (rc == SJ_CARD_SM_BROKEN) {
		piv->channel = SJ_PIV_VCI;
		rc = sj_piv_secure_again(piv);
	}
	sj_session_end(piv->session);
	return rc;
}

/* The code of this card if it is remembered, then what the user says. */
static enum sj_rc open_pairing(struct sj_piv *piv)
{
	bool again = false;
	enum sj_rc rc = SJ_WRONG_PAIRING_CODE;

	/* Whoever makes a CVC of his own can put any GUID in it: then the user decides. */
	if ((piv->cvc == SJ_OK || piv->cvc == SJ_UNDECIDED) &&
	    sj_piv_recall(piv, SJ_PIV_PAIRING_CODE)) {
		rc = try_code(piv);
		if (rc == SJ_WRONG_PAIRING_CODE)
			sj_piv_unlearn(piv, SJ_PIV_PAIRING_CODE, piv->cvc_guid);
	}
	while (rc == SJ_WRONG_PAIRING_CODE) {
		rc = sj_piv_ask(piv, SJ_PIV_PAIRING_CODE, again);
		again = true;
		if (rc != SJ_OK)
			return rc; /* given up */
		rc = try_code(piv);
	}
	if (rc == SJ_OK)
		sj_piv_keep(piv, SJ_PIV_PAIRING_CODE, piv->cvc_guid);
	return rc;
}

enum sj_rc sj_piv_open_secure(struct sj_piv *piv)
{
	uint8_t policy = 0;
	bool anew;
	enum sj_rc rc = sj_piv_transaction(piv, &anew);

	if (rc != SJ_OK)
		return rc;
	if (anew) {
		struct sj_response r;

		rc = sj_piv_select(piv, false, &r);
	}
	if (rc == SJ_OK)
		rc = read_policy(piv, &policy);
	if (rc == SJ_OK)
		rc = establish(piv);
	sj_session_end(piv->session);
	if (rc != SJ_OK || (policy & PIV_POLICY_VCI) == 0)
		return rc;
	if ((policy & PIV_POLICY_VCI_WITHOUT_PAIRING) == 0)
		return open_pairing(piv);
	piv->channel = SJ_PIV_VCI;
	return SJ_OK;
}
