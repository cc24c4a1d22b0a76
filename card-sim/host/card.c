#include "host/card_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/wipe.h"
#include "wire/atr.h"

/*
 * Historical bytes, the same for all cards of the model (ISO/IEC 7816-4:2020,
 * 12.1.1): 80 compact TLV; 31 card service data F8: selection by full and by
 * partial DF name, EF.DIR and EF.ATR/INFO read by READ BINARY, an MF; 73
 * capabilities F4: selection by DF name, path, file id, short EF id; 21: data
 * unit of one byte; FB: chaining, extended length described in EF.ATR/INFO,
 * channels given by either side, four of them.
 */
static const uint8_t historical[] = { 0x80, 0x31, 0xF8, 0x73, 0xF4, 0x21, 0xFB };

/* --- the system's clock --------------------------------------------------- */

static uint64_t system_now_us(void *self)
{
	struct timespec t;

	(void)self;
	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void system_wait_us(void *self, uint64_t us)
{
	struct timespec left = { .tv_sec = (time_t)(us / 1000000),
				 .tv_nsec = (long)(us % 1000000) * 1000 };

	(void)self;
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		continue;
}

struct card_clock card_clock_system(void)
{
	return (struct card_clock){ system_now_us, system_wait_us, NULL };
}

static uint64_t virtual_now_us(void *self)
{
	return *(const uint64_t *)self;
}

static void virtual_wait_us(void *self, uint64_t us)
{
	*(uint64_t *)self += us;
}

struct card_clock card_clock_virtual(uint64_t *us)
{
	return (struct card_clock){ virtual_now_us, virtual_wait_us, us };
}

/* --- life ----------------------------------------------------------------- */

static size_t count_applets(const struct card_applet *const *applets)
{
	size_t n = 0;

	while (applets[n] != NULL)
		n++;
	return n;
}

static bool allocate(struct card *card)
{
	card->chain_data = calloc(SJ_APDU_NC_EXTENDED, 1);
	card->opened = calloc(SJ_APDU_NC_EXTENDED, 1);
	card->plain = calloc(CARD_PLAIN_MAX, 1);
	card->wire = calloc(CARD_WIRE_MAX, 1);
	card->states = calloc(card->applet_count + 1, sizeof(*card->states));
	if (card->chain_data == NULL || card->opened == NULL || card->plain == NULL ||
	    card->wire == NULL || card->states == NULL)
		return false;
	for (size_t i = 0; i < card->applet_count; i++) {
		if (card->applets[i]->is_mf)
			card->mf = card->applets[i];
		if (card->applets[i]->state_size == 0)
			continue;
		card->states[i] = calloc(1, card->applets[i]->state_size);
		if (card->states[i] == NULL)
			return false;
	}
	return true;
}

struct card *card_new(const struct card_config *config)
{
	struct card *card = calloc(1, sizeof(*card));

	if (card == NULL)
		return NULL;
	card->interface = config->interface;
	card->clock = config->clock;
	card->random = config->random;
	card->store = config->store;
	card->applets = config->applets != NULL ? config->applets : card_applets_builtin();
	card->applet_count = count_applets(card->applets);
	if (config->rf != NULL && config->interface == CARD_CONTACTLESS) {
		card->charge.rf = *config->rf;
		card->charge.on = true;
	}
	if (allocate(card))
		return card;
	card_free(card);
	return NULL;
}

static void wipe_volatile(struct card *card)
{
	sj_wipe(&card->now, sizeof(card->now));
	sj_wipe(card->chain_data, SJ_APDU_NC_EXTENDED);
	sj_wipe(card->opened, SJ_APDU_NC_EXTENDED);
	sj_wipe(card->plain, CARD_PLAIN_MAX);
	sj_wipe(card->wire, CARD_WIRE_MAX);
	for (size_t i = 0; i < card->applet_count; i++)
		if (card->states[i] != NULL)
			sj_wipe(card->states[i], card->applets[i]->state_size);
}

void card_free(struct card *card)
{
	if (card == NULL)
		return;
	card_power_off(card);
	for (size_t i = 0; card->states != NULL && i < card->applet_count; i++)
		free(card->states[i]);
	free(card->states);
	free(card->chain_data);
	free(card->opened);
	free(card->plain);
	free(card->wire);
	free(card);
}

void card_power_off(struct card *card)
{
	if (!card->powered)
		return;
	card->powered = false;
	card_store_abort(card->store);
	wipe_volatile(card);
}

static size_t put_atr(const struct card *card, uint8_t *atr)
{
	struct sj_writer w = sj_writer(atr, CARD_ATR_MAX);

	if (card->interface == CARD_CONTACTLESS)
		sj_atr_put_contactless(&w, SJ_SPAN_OF(historical));
	else
		sj_atr_put_contact(&w, SJ_SPAN_OF(historical));
	return w.failed ? 0 : w.len;
}

size_t card_power_on(struct card *card, uint8_t atr[static CARD_ATR_MAX])
{
	card_power_off(card);
	card_charge_activation(card);
	card->now.channels[0].open = true;
	/* ISO/IEC 14443-3:2018, 6.5.4: 08 and three random bytes. */
	if (!sj_random_fill(&card->random, card->now.uid, CARD_UID_SIZE))
		return 0;
	card->now.uid[0] = 0x08;
	card->now.aged_us = card->clock.now_us(card->clock.self);
	card->cut = false;
	card->powered = true;
	return put_atr(card, atr);
}

size_t card_reset(struct card *card, uint8_t atr[static CARD_ATR_MAX])
{
	uint8_t uid[CARD_UID_SIZE];
	size_t len;

	if (!card->powered)
		return card_power_on(card, atr);
	memcpy(uid, card->now.uid, sizeof(uid));
	len = card_power_on(card, atr);
	if (len > 0) /* the field did not go: the same UID */
		memcpy(card->now.uid, uid, sizeof(uid));
	return len;
}

/* --- what there is -------------------------------------------------------- */

struct sj_span card_uid(const struct card *card)
{
	if (!card->powered || card->interface != CARD_CONTACTLESS)
		return sj_span(NULL, 0);
	return SJ_SPAN_OF(card->now.uid);
}

enum card_interface card_interface(const struct card *card)
{
	return card->interface;
}

const struct sj_random *card_random(const struct card *card)
{
	return &card->random;
}

struct card_store *card_store_of(struct card *card)
{
	return card->store;
}

void card_wait(struct card *card, uint64_t us)
{
	uint64_t start;

	if (us == 0 || card->cut)
		return;
	start = card->clock.now_us(card->clock.self);
	card->clock.wait_us(card->clock.self, us);
	if (card->clock.now_us(card->clock.self) - start < us)
		card->cut = true;
}

void card_after(struct card *card)
{
	card->now.after_asked = true;
}

bool card_commit(struct card *card)
{
	bool changed = card_store_changed(card->store), ok;
	struct sj_meter *meter;

	if (card->cut)
		return false;
	meter = sj_meter_use(NULL); /* how a file is kept whole is no work of a chip */
	ok = card_store_commit(card->store) == CARD_STORE_OK;
	(void)sj_meter_use(meter);
	if (ok)
		card_charge(card, CARD_RF_WRITE, changed ? 1 : 0);
	return ok;
}

uint8_t card_channel(const struct card *card)
{
	return card->now.channel;
}

void card_grant(struct card *card, unsigned rights)
{
	card->now.rights |= rights;
}

unsigned card_rights(const struct card *card)
{
	return card->now.rights;
}

void *card_state_of(struct card *card, const struct card_applet *applet)
{
	for (size_t i = 0; i < card->applet_count; i++)
		if (card->applets[i] == applet)
			return card->states[i];
	return NULL;
}

bool card_applet_selectable(struct card *card, const struct card_applet *applet)
{
	return !applet->is_mf && card_app_selectable(card, applet) &&
	       (applet->selectable == NULL || applet->selectable(card));
}

bool card_applet_at(const struct card *card, size_t i, struct card_applet_info *out)
{
	if (i >= card->applet_count)
		return false;
	*out = (struct card_applet_info){ card->applets[i]->name, card->applets[i]->aid,
					  card_app_life_of(card, card->applets[i]) };
	return true;
}

bool card_file_at(const struct card *card, size_t applet, size_t i, struct card_file_info *out)
{
	if (applet >= card->applet_count || card->applets[applet]->file_at == NULL)
		return false;
	return card->applets[applet]->file_at(card->store, i, out);
}

uint32_t card_command_number(const struct card *card)
{
	return card->now.commands;
}
