/* perso.c -- the card's life, its profile, and its personalisation. */
#include "host/card_internal.h"

#define OBJECT_LIFE (CARD_OBJECT_HOST + 1u) /* one byte; absent: OP_READY */
#define OBJECT_PROFILE (CARD_OBJECT_HOST + 2u) /* enum card_profile, one byte; absent: private */
#define LIFE_ISSUED 0x01u /* what cards of before said for SECURED */

enum card_life card_life(const struct card *card)
{
	struct sj_span life;

	if (!card_store_get(card->store, OBJECT_LIFE, &life) || life.len != 1)
		return CARD_OP_READY;
	switch (life.ptr[0]) {
	case CARD_INITIALIZED:
		return CARD_INITIALIZED;
	case LIFE_ISSUED:
	case CARD_SECURED:
		return CARD_SECURED;
	case CARD_LOCKED:
		return CARD_LOCKED;
	default:
		return CARD_TERMINATED;
	}
}

const char *card_life_name(enum card_life life)
{
	switch (life) {
	case CARD_OP_READY:
		return "OP_READY";
	case CARD_INITIALIZED:
		return "INITIALIZED";
	case CARD_SECURED:
		return "SECURED";
	case CARD_LOCKED:
		return "CARD_LOCKED";
	case CARD_TERMINATED:
	default:
		return "TERMINATED";
	}
}

bool card_is_issued(const struct card *card)
{
	return card_life(card) >= CARD_SECURED;
}

bool card_set_life(struct card *card, enum card_life life)
{
	uint8_t byte = (uint8_t)life;
	bool ok = card_store_set(card->store, OBJECT_LIFE, sj_span(&byte, 1)) &&
		  (life != CARD_TERMINATED || card_apps_wipe(card));

	card_leave_unselectable(card);
	return ok;
}

enum card_profile card_profile(const struct card *card)
{
	struct sj_span profile;

	if (card_store_get(card->store, OBJECT_PROFILE, &profile) && profile.len == 1 &&
	    profile.ptr[0] == CARD_OPEN)
		return CARD_OPEN;
	return CARD_PRIVATE;
}

bool card_set_profile(struct card *card, uint8_t profile)
{
	return card_store_set(card->store, OBJECT_PROFILE, sj_span(&profile, 1));
}

/*
 * A plain command has ended PACE, and its right, before it gets here. A terminal that announced its
 * rights is to have those alone.
 */
bool card_hides(const struct card *card)
{
	if (card->now.terminal.chat)
		return card_is_issued(card);
	return card->interface == CARD_CONTACTLESS && card_is_issued(card) &&
	       card_profile(card) == CARD_PRIVATE && (card->now.rights & CARD_RIGHT_PACE) == 0;
}

static bool is_installed(const struct card *card, const struct card_applet *applet)
{
	return applet->objects == 0 || card_app_life_of(card, applet) != CARD_APP_REMOVED;
}

/* One that is installed, locked or not. */
static const struct card_applet *find_applet(const struct card *card, struct sj_span aid)
{
	for (size_t i = 0; i < card->applet_count; i++) {
		const struct card_applet *applet = card->applets[i];

		if (!applet->is_mf && sj_span_eq(applet->aid, aid) && is_installed(card, applet))
			return applet;
	}
	return NULL;
}

bool card_has_applet(const struct card *card, struct sj_span aid)
{
	return find_applet(card, aid) != NULL;
}

uint16_t card_personalise(struct card_call *call, struct sj_span aid, uint16_t dgi,
			  struct sj_span data)
{
	const struct card_applet *applet = find_applet(call->card, aid);
	struct card_call inner = *call;

	if (applet == NULL || applet->personalise == NULL)
		return SJ_SW_REFERENCE_NOT_FOUND;
	inner.state = card_state_of(call->card, applet);
	return applet->personalise(&inner, dgi, data);
}

uint16_t card_lock(struct card_call *call)
{
	struct card *card = call->card;

	for (size_t i = 0; i < card->applet_count; i++) {
		struct card_call inner = *call;
		uint16_t sw;

		if (card->applets[i]->lock == NULL || !is_installed(card, card->applets[i]))
			continue;
		inner.state = card_state_of(card, card->applets[i]);
		sw = card->applets[i]->lock(&inner);
		if (sw != SJ_SW_OK)
			return sw;
	}
	return card_set_life(card, CARD_SECURED) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}
