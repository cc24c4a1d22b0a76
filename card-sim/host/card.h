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

/* GlobalPlatform Card Specification 2.3.1, 5.1.1 and table 11-6. */
enum card_life {
	CARD_OP_READY = 0x01,
	CARD_INITIALIZED = 0x07,
	CARD_SECURED = 0x0F,
	CARD_LOCKED = 0x7F,
	CARD_TERMINATED = 0xFF,
};
enum card_life card_life(const struct card *card);
const char *card_life_name(enum card_life life);
/* The final lock was passed: SECURED or beyond. */
bool card_is_issued(const struct card *card);

/* 5.3.1 and table 11-4; the bit LOCKED keeps the life before. */
enum card_app_life {
	CARD_APP_REMOVED = 0x00,
	CARD_APP_INSTALLED = 0x03,
	CARD_APP_SELECTABLE = 0x07,
	CARD_APP_PERSONALIZED = 0x0F,
	CARD_APP_LOCKED = 0x80,
};

/* What an issued card lets a contactless reader see before PACE (STATES.md, "Profiles"). */
enum card_profile { CARD_PRIVATE = 0, CARD_OPEN = 1 };
enum card_profile card_profile(const struct card *card);

struct card_applet_info {
	const char *name;
	struct sj_span aid; /* empty: the MF */
	uint8_t life; /* enum card_app_life; REMOVED for what is no application */
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

/* --- the manager's, of a card in the built-in applets ------------------------- */

#define CARD_SERIAL_SIZE 8u
#define CARD_KEY_MAX 32u

/* How a card leaves the factory. */
struct card_birth {
	struct sj_span transport_key; /* 16, 24 or 32 bytes; empty: the well-known 4041..4F */
	uint8_t scp_i; /* parameter i of SCP03: 00, 10, 60 or 70 */
	const struct sj_random *random; /* of the serial number */
};
/* An AES key of 32, 48 or 64 hexadecimal digits; false: that is none. */
SJ_MUST_CHECK bool card_key_read(const char *text, size_t len, struct sj_writer *out);
/*
 * Into a new store, committed; into one in memory that gets its file afterwards, so that no card is
 * there without its key. False: a value is none of these, or the store failed.
 */
SJ_MUST_CHECK bool card_be_born(struct card_store *store, const struct card_birth *birth);
/* CARD_SERIAL_SIZE bytes; false: it has none yet. */
bool card_serial(const struct card_store *store, struct sj_span *out);
/* The i-th key version of the manager and the size of its keys, never the keys. */
struct card_key_info {
	uint8_t version;
	size_t size; /* bytes */
};
bool card_key_at(const struct card_store *store, size_t i, struct card_key_info *out);

#endif
