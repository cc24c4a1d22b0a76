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
#include "host/rf.h"
#include "wire/apdu.h"
#include "wire/sw.h"

struct card;
struct card_store;

#define CARD_ATR_MAX 33u
#define CARD_UID_SIZE 4u /* single size, random: ISO/IEC 14443-3, 6.5.4 */

enum card_interface { CARD_CONTACT = 1, CARD_CONTACTLESS = 2 };

/* The card's time: monotonic microseconds while powered, and waiting. */
struct card_clock {
	uint64_t (*now_us)(void *self);
	void (*wait_us)(void *self, uint64_t us); /* returns early when power goes */
	void *self;
};
struct card_clock card_clock_system(void);
/* Stands still at *us but for waits, which take no time; advance it for what others do. */
struct card_clock card_clock_virtual(uint64_t *us);

struct card_config {
	enum card_interface interface;
	struct card_clock clock;
	struct sj_random random;
	struct card_store *store; /* open; the caller closes it after card_free() */
	/* Charges every command for the air and a chip; copied. NULL, or on contact: free. */
	const struct card_rf *rf;
	/*
	 * NULL-terminated, in the order of first and next occurrence; an empty
	 * SELECT by DF name takes the first. NULL: all built-in.
	 */
	const struct card_applet *const *applets;
};

/* NULL: no memory, or the store lacks what a card needs. The card is powered off. */
SJ_MUST_CHECK struct card *card_new(const struct card_config *config);
void card_free(struct card *card);

/* Power-up or warm reset; writes the ATR and returns its size. A fresh UID each power-up. */
size_t card_power_on(struct card *card, uint8_t atr[static CARD_ATR_MAX]);
size_t card_reset(struct card *card, uint8_t atr[static CARD_ATR_MAX]);
/* Wipes every volatile secret. */
void card_power_off(struct card *card);

/* This power-up's UID (08 and three random bytes); empty on a contact card or without power. */
struct sj_span card_uid(const struct card *card);

/*
 * One command, one response. `response` has room for SJ_APDU_RESPONSE_MAX
 * bytes; returns the response's size (0: the card is not powered).
 */
size_t card_transmit(struct card *card, struct sj_span command, uint8_t *response);
/*
 * Links call this when the response has left: what an applet put off until then
 * (card_after()) is done now. Else the next card_transmit() does it first.
 */
void card_settle(struct card *card);

/*
 * What the model has charged since power-up, in microseconds: activation (not
 * the wait for the reader's look), commands, and waits for work put off. The
 * host's time is not the card's. A lower bound (rf.h); 0: nothing is charged.
 */
uint64_t card_rf_elapsed_us(const struct card *card);

/* --- what a card is, for showing it ------------------------------------- */

/* The final lock was passed. */
bool card_is_issued(const struct card *card);

/* What an issued card lets a contactless reader see before PACE (STATES.md, "Profiles"). */
enum card_profile { CARD_PRIVATE = 0, CARD_OPEN = 1 };
enum card_profile card_profile(const struct card *card);

struct card_applet_info {
	const char *name;
	struct sj_span aid; /* empty: the MF */
};

/* A file as it is stored; not its content. */
struct card_file_info {
	uint16_t fid;
	const char *name; /* "EF.DG1"; NULL: no name known */
	size_t size; /* bytes */
};

/* The i-th applet in the list; false: past the end. */
bool card_applet_at(const struct card *card, size_t i, struct card_applet_info *out);
/* The i-th file of that applet; false: past the end. */
bool card_file_at(const struct card *card, size_t applet, size_t i, struct card_file_info *out);

#endif
