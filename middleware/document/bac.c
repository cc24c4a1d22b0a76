/*
 * bac.c -- the reader's role in Basic Access Control.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.3.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "document/document.h"
#include "secure/bac.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"

struct bac {
	struct sj_bac_keys keys;
	struct sj_bac_content own, peer;
	struct sj_sm_keys session;
	struct sj_ssc ssc;
};

static enum sj_rc get_challenge(struct sj_document *doc, uint8_t rnd_ic[static SJ_BAC_NONCE])
{
	struct sj_apdu a = { .ins = SJ_INS_GET_CHALLENGE, .ne = SJ_BAC_NONCE };
	struct sj_response r = { 0 };
	enum sj_rc rc = sj_session_command(doc->session, &a, &r);

	if (rc != SJ_OK)
		return rc;
	if (r.sw != SJ_SW_OK)
		return SJ_CARD_REFUSED;
	if (r.data.len != SJ_BAC_NONCE)
		return SJ_CARD_ANSWER;
	memcpy(rnd_ic, r.data.ptr, SJ_BAC_NONCE);
	return SJ_OK;
}

static enum sj_rc authenticate(struct sj_document *doc, const uint8_t out[static SJ_BAC_TOKEN],
			       uint8_t in[static SJ_BAC_TOKEN])
{
	struct sj_apdu a = { .ins = SJ_INS_EXTERNAL_AUTHENTICATE,
			     .data = sj_span(out, SJ_BAC_TOKEN),
			     .ne = SJ_BAC_TOKEN };
	struct sj_response r = { 0 };
	enum sj_rc rc = sj_session_command(doc->session, &a, &r);

	if (rc != SJ_OK)
		return rc;
	/* Cards differ in how they say that the MAC is not theirs. */
	if ((r.sw & 0xFF00) == SJ_SW_NO_INFORMATION || r.sw == SJ_SW_SECURITY_STATUS ||
	    r.sw == SJ_SW_AUTH_BLOCKED || r.sw == SJ_SW_CONDITIONS || r.sw == SJ_SW_SM_INCORRECT)
		return SJ_WRONG_MRZ;
	if (r.sw != SJ_SW_OK)
		return SJ_CARD_REFUSED;
	if (r.data.len != SJ_BAC_TOKEN)
		return SJ_CARD_ANSWER;
	memcpy(in, r.data.ptr, SJ_BAC_TOKEN);
	return SJ_OK;
}

/* The card wrote RND.IC || RND.IFD || K.IC: both nonces must be those of this run. */
static bool is_answer_to(const struct sj_bac_content *own, const struct sj_bac_content *peer)
{
	bool card = sj_equal_secret(SJ_SPAN_OF(peer->rnd_own), SJ_SPAN_OF(own->rnd_peer));
	bool ours = sj_equal_secret(SJ_SPAN_OF(peer->rnd_peer), SJ_SPAN_OF(own->rnd_own));

	return card && ours;
}

static enum sj_rc run(struct sj_document *doc, struct bac *b)
{
	uint8_t out[SJ_BAC_TOKEN], in[SJ_BAC_TOKEN];
	enum sj_rc rc = get_challenge(doc, b->own.rnd_peer);

	if (rc != SJ_OK)
		return rc;
	if (!sj_random_fill(&doc->random, b->own.rnd_own, SJ_BAC_NONCE) ||
	    !sj_random_fill(&doc->random, b->own.keying, SJ_BAC_KEYING) ||
	    !sj_bac_token_seal(&b->keys, &b->own, out))
		return SJ_CRYPTO_FAILED;
	rc = authenticate(doc, out, in);
	if (rc != SJ_OK)
		return rc;
	if (!sj_bac_token_open(&b->keys, SJ_SPAN_OF(in), &b->peer) ||
	    !is_answer_to(&b->own, &b->peer))
		return SJ_CARD_ANSWER;
	return SJ_OK;
}

enum sj_rc sj_bac_run(struct sj_document *doc)
{
	struct bac b = { 0 };
	enum sj_rc rc = SJ_CRYPTO_FAILED;

	if (!sj_bac_keys(sj_span(doc->access->secret, doc->access->len), &b.keys))
		goto out;
	rc = run(doc, &b);
	if (rc != SJ_OK)
		goto out;
	if (!sj_bac_session(b.own.keying, b.peer.keying, b.own.rnd_own, b.own.rnd_peer, &b.session,
			    &b.ssc)) {
		rc = SJ_CRYPTO_FAILED;
		goto out;
	}
	sj_session_sm_start(doc->session, &b.session, &b.ssc);
	doc->bac_done = true;
out:
	sj_wipe(&b, sizeof(b));
	return rc;
}
