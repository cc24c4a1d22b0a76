/*
 * brute.h -- reads everything that a card lets go, by all commands that read, whatever is selected.
 * What comes must be known: a whole file or object that the test has named before.
 */
#ifndef TESTS_CARD_BRUTE_H
#define TESTS_CARD_BRUTE_H

#include "tests/card/eac_rig.h"

/* Everything that can be read somewhere. */
enum item {
	EID, /* + group; the status of a sector is STATUS + sector */
	STATUS = 31, /* + sector */
	CARD_SECURITY = 40, /* + sector */
	LDS = 50, /* + short identifier */
	PUBLIC = 85, /* EF.CardAccess, EF.DIR, EF.ATR/INFO */
	PIV = 90, /* + number in piv_tags */
	ITEMS = 120,
};

#define BRUTE_PIV_OBJECTS 17u
extern const uint32_t brute_piv_tags[BRUTE_PIV_OBJECTS];

struct brute {
	struct bench *b;
	uint8_t *bytes[ITEMS];
	size_t len[ITEMS]; /* 0: no such item on the card */
	bool seen[ITEMS];
};

/* Names an item that the card has; nothing if it is empty. */
void brute_item(struct brute *f, unsigned i, struct sj_span content);
void brute_end(struct brute *f);

enum app { APP_MF, APP_LDS, APP_EID, APP_GATE, APP_PIV, APP_MANAGER };
#define APPS 6u
/*
 * SELECT on this logical channel. It may fail: then what was current before goes on. Keys and
 * manager must not be found: the channel announced a CHAT.
 */
void brute_select(struct brute *f, uint8_t channel, unsigned app);
/* Every file by every way, every object, in whatever is selected there. */
void brute_read(struct brute *f, uint8_t channel);
/* Every pair of applications one after the other, each once, with all that is read in both. */
void brute_pairs(struct brute *f);
/* Exactly these items were seen; forgets them. `who`: for the message. */
void brute_check(struct brute *f, const char *who, const bool expected[static ITEMS]);

#endif
