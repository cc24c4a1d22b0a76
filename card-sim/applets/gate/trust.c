/* trust.c -- whom the card believes, and what day it thinks it is. */
#include "crypt/wipe.h"
#include "state.h"

#define DATE_STEP_MAX (400u * 86400u) /* seconds that one token moves the date by */
#define EPOCH_SIZE 4u

/* --- the card's date ------------------------------------------------------------- */

uint32_t gate_date(const struct card_store *store)
{
	struct sj_span in;
	uint32_t date;

	return card_store_get(store, GATE_OBJECT_DATE, &in) && sj_take_be(&in, 4, &date) ? date : 0;
}

uint32_t gate_date_after(const struct card_store *store, uint32_t time)
{
	uint32_t date = gate_date(store);

	if (time <= date)
		return date;
	return time - date < DATE_STEP_MAX ? time : date + DATE_STEP_MAX;
}

bool gate_date_move(struct card_store *store, uint32_t time)
{
	uint8_t bytes[4];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_put_be(&w, 4, gate_date_after(store, time));
	return card_store_set(store, GATE_OBJECT_DATE, sj_written(&w));
}

/* --- anchors ---------------------------------------------------------------------- */

static uint32_t newest_anchor(uint8_t role)
{
	return GATE_OBJECT_ANCHOR + 2u * role;
}

static bool load_anchor(const struct card_store *store, uint32_t object, struct sj_span *token,
			struct sj_cwt *out)
{
	return card_store_get(store, object, token) && sj_cwt_parse(*token, out);
}

bool gate_has_anchor(const struct card_store *store, uint8_t role)
{
	struct sj_span token;

	return card_store_get(store, newest_anchor(role), &token);
}

/*
 * Where no anchor can have signed it, as many signatures are looked at as where
 * two might: the time tells nobody whose anchors these are, nor how many.
 */
bool gate_believes(const struct card_store *store, const struct sj_cwt *cwt, uint8_t role)
{
	struct sj_ec_point key = { .len = 0 };
	struct sj_cwt anchor;
	struct sj_span token;
	bool fits;

	for (uint32_t i = 0; i < 2; i++) {
		fits = load_anchor(store, newest_anchor(role) + i, &token, &anchor) &&
		       sj_cwt_signer_key(&anchor, &key) && sj_span_eq(anchor.issuer, cwt->issuer) &&
		       cwt->not_before <= anchor.expires;
		if (sj_cwt_verify(cwt, &key) && fits)
			return true;
	}
	return false;
}

static bool signed_by_itself(const struct sj_cwt *cwt)
{
	struct sj_ec_point key;

	return cwt->signer == SJ_CWT_GATE_CA && sj_cwt_signer_key(cwt, &key) &&
	       sj_cwt_verify(cwt, &key);
}

uint16_t gate_anchor_add(struct card_store *store, struct sj_span token, bool may_sign_itself)
{
	struct sj_cwt cwt, newest;
	struct sj_span present;
	uint8_t copy[SJ_CWT_MAX];
	struct sj_writer former = SJ_WRITER_OF(copy);
	uint32_t object;
	bool replaces;

	if (token.len > SJ_CWT_MAX || !sj_cwt_parse(token, &cwt) || cwt.kind != SJ_CWT_SIGNER ||
	    cwt.signer > SJ_CWT_STATUS_SIGNER)
		return SJ_SW_WRONG_DATA;
	object = newest_anchor(cwt.signer);
	replaces = load_anchor(store, object, &present, &newest);
	if (replaces && cwt.not_before <= newest.not_before)
		return SJ_SW_WRONG_DATA;
	if (!gate_believes(store, &cwt, SJ_CWT_GATE_CA) &&
	    (!may_sign_itself || !signed_by_itself(&cwt)))
		return SJ_SW_WRONG_DATA;
	if (replaces) {
		sj_put(&former, present);
		if (!card_store_set(store, object + 1, sj_written(&former)))
			return SJ_SW_MEMORY_FAILURE;
	}
	if (!card_store_set(store, object, token) || !gate_date_move(store, cwt.not_before))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}

/* --- the status head ----------------------------------------------------------------- */

/* 0: none. Epochs begin at 1. */
static uint32_t epoch_of(struct sj_span token, struct sj_cwt *out)
{
	uint32_t epoch;

	if (!sj_cwt_parse(token, out) || out->kind != SJ_CWT_HEAD ||
	    !sj_take_be(&(struct sj_span){ out->head.ptr, out->head.len }, EPOCH_SIZE, &epoch))
		return 0;
	return epoch;
}

uint32_t gate_epoch(const struct card_store *store)
{
	struct sj_span token;
	struct sj_cwt head;

	return card_store_get(store, GATE_OBJECT_HEAD, &token) ? epoch_of(token, &head) : 0;
}

uint16_t gate_head_add(struct card_store *store, struct sj_span token)
{
	struct sj_cwt head;

	if (token.len > SJ_GATE_OBJECT_MAX || epoch_of(token, &head) <= gate_epoch(store) ||
	    !gate_believes(store, &head, SJ_CWT_STATUS_SIGNER))
		return SJ_SW_WRONG_DATA;
	if (!card_store_set(store, GATE_OBJECT_HEAD, token) ||
	    !gate_date_move(store, head.not_before))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}
