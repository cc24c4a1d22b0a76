/*
 * bac.c -- Basic Access Control, the card's side.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 4.3; ISO/IEC 7816-4:2020, 11.6.3 (GET
 * CHALLENGE), 11.6 (EXTERNAL AUTHENTICATE).
 */
#include "crypt/wipe.h"
#include "state.h"

/* The MRZ's failures are counted together with those of PACE. */
#define DELAY_SLOT ((uint8_t)SJ_PACE_MRZ)

static bool load_bac(struct card *card, struct emrtd_access *access)
{
	return !card_is_eid(card) && emrtd_access_load(card, access) &&
	       (access->protocols & EMRTD_BAC) != 0;
}

uint16_t emrtd_get_challenge(struct card_call *call)
{
	struct emrtd_bac *bac = &((struct emrtd_state *)call->state)->bac;
	struct emrtd_access access;
	size_t n = call->apdu->ne;
	uint8_t *challenge;

	sj_wipe(bac, sizeof(*bac));
	if (call->secured && emrtd_ta_may_begin(call) == SJ_SW_OK)
		return emrtd_ta_challenge(call);
	if (!load_bac(call->card, &access))
		return SJ_SW_CONDITIONS;
	if (n == SJ_APDU_NE_SHORT || n == SJ_APDU_NE_EXTENDED)
		n = SJ_BAC_NONCE;
	if (n == 0 || n > SJ_APDU_NE_SHORT)
		return SJ_SW_WRONG_LENGTH;
	challenge = sj_put_space(call->out, n);
	if (!challenge || !sj_random_fill(card_random(call->card), challenge, n))
		return SJ_SW_EXECUTION_ERROR;
	if (n == SJ_BAC_NONCE && !call->secured) {
		struct sj_span rnd = sj_span(challenge, n);

		if (sj_take_copy(&rnd, n, bac->rnd_ic)) {
			bac->channel = call->channel;
			bac->state = BAC_CHALLENGED;
		}
	}
	return SJ_SW_OK;
}

/*
 * The terminal's token: right only if its MAC is and it answers this
 * challenge. One failure is stored before anything is compared.
 */
static uint16_t check_token(struct card_call *call, const struct sj_bac_keys *keys,
			    const struct emrtd_bac *bac, struct sj_bac_content *ifd)
{
	card_delay_serve(call->card, DELAY_SLOT);
	if (!card_delay_raise(call->card, DELAY_SLOT))
		return SJ_SW_MEMORY_FAILURE;
	if (!sj_bac_token_open(keys, call->apdu->data, ifd) ||
	    !sj_equal_secret(SJ_SPAN_OF(ifd->rnd_peer), SJ_SPAN_OF(bac->rnd_ic)))
		return SJ_SW_NO_INFORMATION;
	return SJ_SW_OK;
}

/* Our token and the session that both tokens make. */
static uint16_t answer_token(struct card_call *call, const struct sj_bac_keys *keys,
			     const struct emrtd_bac *bac, const struct sj_bac_content *ifd)
{
	struct sj_bac_content ic = { 0 };
	struct sj_span rnd_ic = SJ_SPAN_OF(bac->rnd_ic), rnd_ifd = SJ_SPAN_OF(ifd->rnd_own);
	struct sj_sm_keys session = { 0 };
	struct sj_ssc ssc;
	uint8_t *token = sj_put_space(call->out, SJ_BAC_TOKEN);
	uint16_t sw = SJ_SW_EXECUTION_ERROR;

	if (!token || !sj_take_copy(&rnd_ic, SJ_BAC_NONCE, ic.rnd_own) ||
	    !sj_take_copy(&rnd_ifd, SJ_BAC_NONCE, ic.rnd_peer) ||
	    !sj_random_fill(card_random(call->card), ic.keying, sizeof(ic.keying)) ||
	    !sj_bac_token_seal(keys, &ic, token) ||
	    !sj_bac_session(ifd->keying, ic.keying, ifd->rnd_own, bac->rnd_ic, &session, &ssc))
		goto out;
	card_delay_clear(call->card, DELAY_SLOT);
	card_sm_start(call->card, &session, &ssc);
	card_grant(call->card, CARD_RIGHT_BAC);
	sw = SJ_SW_OK;
out:
	sj_wipe(&ic, sizeof(ic));
	sj_wipe(&session, sizeof(session));
	return sw;
}

uint16_t emrtd_external_authenticate(struct card_call *call)
{
	struct emrtd_bac *state = &((struct emrtd_state *)call->state)->bac;
	struct emrtd_bac bac = *state;
	struct emrtd_access access;
	struct sj_bac_keys keys = { 0 };
	struct sj_bac_content ifd = { 0 };
	uint16_t sw = SJ_SW_CONDITIONS;

	if (call->secured)
		return emrtd_ta_finish(call);
	if (call->apdu->data.len != SJ_BAC_TOKEN)
		return SJ_SW_WRONG_LENGTH;
	sj_wipe(state, sizeof(*state)); /* a challenge serves once */
	if (bac.state != BAC_CHALLENGED || bac.channel != call->channel)
		goto out;
	if (!load_bac(call->card, &access))
		goto out;
	sw = SJ_SW_EXECUTION_ERROR;
	if (!sj_bac_keys(access.mrz, &keys))
		goto out;
	sw = check_token(call, &keys, &bac, &ifd);
	if (sw == SJ_SW_OK)
		sw = answer_token(call, &keys, &bac, &ifd);
out:
	sj_wipe(&bac, sizeof(bac));
	sj_wipe(&keys, sizeof(keys));
	sj_wipe(&ifd, sizeof(ifd));
	return sw;
}
