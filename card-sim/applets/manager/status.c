/*
 * status.c -- GET STATUS and SET STATUS.
 *
 * Source: GlobalPlatform Card Specification 2.3.1, 11.4 and 11.10.
 */
#include "state.h"

#include "crypt/wipe.h"
#include "wire/tlv.h"

#define PIECE 128u /* bytes of entries, so that a protected short response holds them */
#define NEXT 0x01u /* P2 */
#define TLV 0x02u
#define MORE 0x6310u
#define LOADED 0x01u /* life of an executable load file */

enum list { DOMAIN = 0x80, APPLICATIONS = 0x40, LOAD_FILES = 0x20, MODULES = 0x10 };

static void put_life(struct sj_writer *w, uint8_t life)
{
	sj_tlv_put(w, 0x9F70, sj_span(&life, 1));
}

static void put_entry(struct sj_writer *w, struct sj_span aid, uint8_t life,
		      struct sj_span privileges, struct sj_span file, struct sj_span domain)
{
	size_t at = sj_tlv_open(w);

	sj_tlv_put(w, 0x4F, aid);
	put_life(w, life);
	sj_tlv_put(w, 0xC5, privileges);
	if (file.len > 0)
		sj_tlv_put(w, 0xC4, file);
	if (domain.len > 0)
		sj_tlv_put(w, 0xCC, domain);
	sj_tlv_close(w, 0xE3, at);
}

/* Security domain, card lock and terminate, default selected, final application... 6.6.1. */
static void put_domain(struct card *card, struct sj_writer *w)
{
	static const uint8_t privileges[] = { 0x9E, 0xFE, 0x80 };

	put_entry(w, SJ_SPAN_OF(manager_aid), (uint8_t)card_life(card), SJ_SPAN_OF(privileges),
		  sj_span(NULL, 0), sj_span(NULL, 0));
}

static void put_load_file(struct card *card, struct sj_writer *w, bool modules)
{
	size_t at = sj_tlv_open(w);
	struct card_app app;

	sj_tlv_put(w, 0x4F, SJ_SPAN_OF(manager_load_file));
	put_life(w, LOADED);
	for (size_t i = 0; modules && card_app_at(card, i, &app); i++)
		sj_tlv_put(w, 0x84, app.aid);
	sj_tlv_put(w, 0xCC, SJ_SPAN_OF(manager_aid));
	sj_tlv_close(w, 0xE3, at);
}

static bool begins_with(struct sj_span aid, struct sj_span with)
{
	return with.len <= aid.len && sj_span_eq(sj_span(aid.ptr, with.len), with);
}

/* Applications from *i on while they fit a piece; true: more are left. */
static bool put_applications(struct card *card, struct sj_span aid, size_t *i, struct sj_writer *w)
{
	static const uint8_t privileges[3];
	struct card_app app;

	for (; card_app_at(card, *i, &app); ++*i) {
		const size_t before = w->len;

		if (app.life == CARD_APP_REMOVED || !begins_with(app.aid, aid))
			continue;
		put_entry(w, app.aid, app.life, SJ_SPAN_OF(privileges),
			  SJ_SPAN_OF(manager_load_file), SJ_SPAN_OF(manager_aid));
		if (w->len <= PIECE)
			continue;
		w->len = before;
		return true;
	}
	return false;
}

/* 4F, then perhaps a tag list, which is not needed: every entry has all its tags. */
static bool take_search(struct sj_span in, struct sj_span *aid)
{
	struct sj_span tags;

	return sj_tlv_take(&in, 0x4F, aid) == SJ_TLV_FOUND && aid->len <= MANAGER_AID_MAX &&
	       sj_tlv_take(&in, 0x5C, &tags) != SJ_TLV_MALFORMED && in.len == 0;
}

static uint16_t list_applications(struct card_call *call, struct sj_span aid)
{
	struct manager *m = call->state;
	bool next = (call->apdu->p2 & NEXT) != 0;
	size_t i = next ? m->list.next : 0;

	if (next && !m->list.open)
		return SJ_SW_CONDITIONS;
	m->list.open = put_applications(call->card, aid, &i, call->out);
	m->list.next = i;
	if (m->list.open)
		return MORE;
	return call->out->len > 0 ? SJ_SW_OK : SJ_SW_REFERENCE_NOT_FOUND;
}

uint16_t manager_get_status(struct card_call *call)
{
	uint8_t p1 = call->apdu->p1, p2 = call->apdu->p2;
	struct manager *m = call->state;
	struct sj_span aid;

	if ((p2 & ~NEXT) != TLV ||
	    (p1 != DOMAIN && p1 != APPLICATIONS && p1 != LOAD_FILES && p1 != MODULES))
		return SJ_SW_WRONG_P1P2;
	if (!take_search(call->apdu->data, &aid))
		return SJ_SW_WRONG_DATA;
	if (p1 == APPLICATIONS)
		return list_applications(call, aid);
	m->list.open = false;
	if ((p2 & NEXT) != 0)
		return SJ_SW_CONDITIONS;
	if (!begins_with(p1 == DOMAIN ? SJ_SPAN_OF(manager_aid) : SJ_SPAN_OF(manager_load_file),
			 aid))
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (p1 == DOMAIN)
		put_domain(call->card, call->out);
	else
		put_load_file(call->card, call->out, p1 == MODULES);
	return SJ_SW_OK;
}

/* --- SET STATUS ----------------------------------------------------------------------------- */

static uint16_t set_life(struct card_call *call, enum card_life life)
{
	return card_set_life(call->card, life) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

/* Keys, counters: all but what says which card this was. */
static uint16_t terminate(struct card_call *call)
{
	if (!card_store_wipe(card_store_of(call->card), MANAGER_OBJECT_I, CARD_OBJECT_EMRTD))
		return SJ_SW_MEMORY_FAILURE;
	card_scp_end(call->card);
	sj_wipe(call->state, sizeof(struct manager));
	return set_life(call, CARD_TERMINATED);
}

/* Figure 5-1; the lock of the card's content is the way into SECURED. */
uint16_t manager_set_card_status(struct card_call *call)
{
	const struct manager *m = call->state;
	enum card_life from = card_life(call->card);

	switch (call->apdu->p2) {
	case CARD_INITIALIZED:
		if (from != CARD_OP_READY || m->sequence.open)
			return SJ_SW_CONDITIONS;
		return set_life(call, CARD_INITIALIZED);
	case CARD_SECURED:
		if (from == CARD_LOCKED)
			return set_life(call, CARD_SECURED);
		if (from == CARD_SECURED || m->sequence.open)
			return SJ_SW_CONDITIONS;
		return card_lock(call);
	case CARD_LOCKED:
		return from == CARD_SECURED ? set_life(call, CARD_LOCKED) : SJ_SW_CONDITIONS;
	case CARD_TERMINATED:
		return terminate(call);
	default:
		return SJ_SW_WRONG_P1P2;
	}
}

/* P2: b8 locks, else unlocks; the other bits are the life before, which the card knows. */
uint16_t manager_set_application_status(struct card_call *call)
{
	bool lock = (call->apdu->p2 & CARD_APP_LOCKED) != 0, locked;
	struct card_app app;
	uint8_t life;

	if (!card_app_find(call->card, call->apdu->data, &app) || app.life == CARD_APP_REMOVED)
		return SJ_SW_REFERENCE_NOT_FOUND;
	locked = (app.life & CARD_APP_LOCKED) != 0;
	if (lock == locked)
		return SJ_SW_CONDITIONS;
	life = (uint8_t)(lock ? app.life | CARD_APP_LOCKED : app.life & ~CARD_APP_LOCKED);
	return card_app_set(call->card, app.aid, life) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}
