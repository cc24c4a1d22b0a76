/*
 * registry.c -- the lives of applications.
 *
 * Source: GlobalPlatform Card Specification 2.3.1, 5.3. Only what cannot be told from elsewhere
 * is stored, so that a card without a byte of it has every application: one that stored
 * something and is issued is PERSONALIZED, else it is SELECTABLE.
 */
#include "host/card_internal.h"

#include "crypt/wipe.h"

#define OBJECT_APP (CARD_OBJECT_HOST + 0x200u) /* + first byte of its numbers: life, one byte */
#define OBJECTS_EACH 0x01000000u

static uint32_t life_object(const struct card_applet *applet)
{
	return OBJECT_APP + (applet->objects >> 24);
}

static bool has_stored(const struct card *card, const struct card_applet *applet)
{
	uint32_t id = applet->objects;

	return card_store_next(card->store, &id) && id - applet->objects < OBJECTS_EACH;
}

uint8_t card_app_life_of(const struct card *card, const struct card_applet *applet)
{
	struct sj_span life;

	if (applet->objects == 0)
		return CARD_APP_REMOVED;
	if (card_store_get(card->store, life_object(applet), &life) && life.len == 1)
		return life.ptr[0];
	return card_is_issued(card) && has_stored(card, applet) ? CARD_APP_PERSONALIZED
								: CARD_APP_SELECTABLE;
}

bool card_app_selectable(const struct card *card, const struct card_applet *applet)
{
	uint8_t life;

	if (applet->scp03)
		return true;
	if (card_life(card) > CARD_SECURED)
		return false;
	life = card_app_life_of(card, applet);
	return applet->objects == 0 || life == CARD_APP_SELECTABLE || life == CARD_APP_PERSONALIZED;
}

void card_leave_unselectable(struct card *card)
{
	uint8_t present = card->now.channel;

	for (uint8_t i = 0; i < CARD_CHANNELS; i++) {
		const struct card_applet *applet = card->now.channels[i].applet;

		if (applet == NULL || card_app_selectable(card, applet))
			continue;
		card->now.channel = i;
		card_make_current(card, NULL);
	}
	card->now.channel = present;
}

static const struct card_applet *find(const struct card *card, struct sj_span aid)
{
	for (size_t i = 0; i < card->applet_count; i++)
		if (card->applets[i]->objects != 0 && sj_span_eq(card->applets[i]->aid, aid))
			return card->applets[i];
	return NULL;
}

static struct card_app describe(const struct card *card, const struct card_applet *applet)
{
	return (struct card_app){ applet->aid, card_app_life_of(card, applet) };
}

bool card_app_at(const struct card *card, size_t i, struct card_app *out)
{
	for (size_t k = 0; k < card->applet_count; k++) {
		if (card->applets[k]->objects == 0 || i-- != 0)
			continue;
		*out = describe(card, card->applets[k]);
		return true;
	}
	return false;
}

bool card_app_find(const struct card *card, struct sj_span aid, struct card_app *out)
{
	const struct card_applet *applet = find(card, aid);

	if (applet == NULL)
		return false;
	*out = describe(card, applet);
	return true;
}

static bool wipe(struct card *card, const struct card_applet *applet)
{
	if (!card_store_wipe(card->store, applet->objects, applet->objects + OBJECTS_EACH))
		return false;
	if (applet->state_size > 0)
		sj_wipe(card_state_of(card, applet), applet->state_size);
	return true;
}

bool card_apps_wipe(struct card *card)
{
	for (size_t i = 0; i < card->applet_count; i++)
		if (card->applets[i]->objects != 0 && !wipe(card, card->applets[i]))
			return false;
	return true;
}

bool card_app_set(struct card *card, struct sj_span aid, uint8_t life)
{
	const struct card_applet *applet = find(card, aid);
	struct sj_span present;
	bool ok;

	if (applet == NULL || (life == CARD_APP_REMOVED && !wipe(card, applet)))
		return false;
	if (life == CARD_APP_SELECTABLE || life == CARD_APP_PERSONALIZED)
		ok = !card_store_get(card->store, life_object(applet), &present) ||
		     card_store_delete(card->store, life_object(applet));
	else
		ok = card_store_set(card->store, life_object(applet), sj_span(&life, 1));
	card_leave_unselectable(card);
	return ok;
}
