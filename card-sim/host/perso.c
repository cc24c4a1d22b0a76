/* perso.c -- the card's life: blank until the final lock; and its profile. */
#include "host/card_internal.h"

#define OBJECT_LIFE (CARD_OBJECT_HOST + 1u) /* one byte; absent: blank */
#define OBJECT_PROFILE (CARD_OBJECT_HOST + 2u) /* enum card_profile, one byte; absent: private */
#define LIFE_ISSUED 1u

bool card_is_issued(const struct card *card)
{
	struct sj_span life;

	return card_store_get(card->store, OBJECT_LIFE, &life) && life.len == 1 &&
	       life.ptr[0] == LIFE_ISSUED;
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

/* A plain command has ended PACE, and its right, before it gets here. */
bool card_hides(const struct card *card)
{
	return card->interface == CARD_CONTACTLESS && card_is_issued(card) &&
	       card_profile(card) == CARD_PRIVATE && (card->now.rights & CARD_RIGHT_PACE) == 0;
}

static const struct card_applet *find_applet(const struct card *card, struct sj_span aid)
{
	for (size_t i = 0; i < card->applet_count; i++)
		if (!card->applets[i]->is_mf && sj_span_eq(card->applets[i]->aid, aid))
			return card->applets[i];
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
	static const uint8_t issued = LIFE_ISSUED;
	struct card *card = call->card;

	for (size_t i = 0; i < card->applet_count; i++) {
		struct card_call inner = *call;
		uint16_t sw;

		if (card->applets[i]->lock == NULL)
			continue;
		inner.state = card_state_of(card, card->applets[i]);
		sw = card->applets[i]->lock(&inner);
		if (sw != SJ_SW_OK)
			return sw;
	}
	if (!card_store_set(card->store, OBJECT_LIFE, sj_span(&issued, 1)))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}
