/*
 * card.h -- one card: power, commands, applets, storage. No globals: any
 * number of cards live in one process.
 *
 * Sources: ISO/IEC 7816-3:2006, 7816-4:2020; GlobalPlatform Card Specification
 * 2.3.1; PC/SC part 3 (contactless ATR).
 */
#ifndef CARD_HOST_CARD_H
#define CARD_HOST_CARD_H

#include "crypt/random.h"
#include "wire/apdu.h"
#include "wire/sw.h"

struct card;
struct card_store;

#define CARD_ATR_MAX 33u

enum card_interface { CARD_CONTACT = 1, CARD_CONTACTLESS = 2 };

/* The card's time: monotonic milliseconds while powered, and waiting. */
struct card_clock {
	uint64_t (*now_ms)(void *self);
	void (*wait_ms)(void *self, uint64_t ms); /* returns early when power goes */
	void *self;
};
struct card_clock card_clock_system(void);

struct card_config {
	enum card_interface interface;
	struct card_clock clock;
	struct sj_random random;
	struct card_store *store; /* open; the caller closes it after card_free() */
	const struct card_applet *const *applets; /* NULL-terminated; NULL: all built-in */
};

/* NULL: no memory, or the store lacks what a card needs. The card is powered off. */
SJ_MUST_CHECK struct card *card_new(const struct card_config *config);
void card_free(struct card *card);

/* Power-up or warm reset; writes the ATR and returns its size. A fresh UID each power-up. */
size_t card_power_on(struct card *card, uint8_t atr[static CARD_ATR_MAX]);
size_t card_reset(struct card *card, uint8_t atr[static CARD_ATR_MAX]);
/* Wipes every volatile secret. */
void card_power_off(struct card *card);

/*
 * One command, one response. `response` has room for SJ_APDU_RESPONSE_MAX
 * bytes; returns the response's size (0: the card is not powered).
 */
size_t card_transmit(struct card *card, struct sj_span command, uint8_t *response);

#endif
