/*
 * cardkeys.h -- which keys a card's manager has: the transport keys it came with, or its own.
 *
 * Source: card-sim/applets/manager/GP.md, "Keys". Functions that return int return 0 or the exit
 * code of what they told.
 */
#ifndef SJ_AUTHORITY_CARDKEYS_H
#define SJ_AUTHORITY_CARDKEYS_H

#include "authority/channel.h"
#include "authority/secrets.h"

#define CARDKEYS_TRANSPORT 0x30u /* key version */
#define CARDKEYS_LAST 0x3Fu
#define CARDKEYS_SERIAL 8u /* bytes, behind 534A in the diversification data */

/* N of the newest card-master-N; 0: there is none. */
unsigned cardkeys_newest(const struct authority *a);
/* Makes the next card-master-N; authority_save() is the caller's. */
CLI_MUST_CHECK int cardkeys_make_master(struct authority *a);
/* The version after this one: 3F is followed by 30. */
uint8_t cardkeys_next_version(uint8_t version);
/* The serial number in diversification data. */
const uint8_t *cardkeys_serial(const uint8_t diversification[static SJ_SCP03_DIVERSIFICATION]);

/* Which keys opened a channel. */
struct cardkeys_found {
	unsigned master; /* N of card-master-N; 0: the transport keys */
	bool published; /* the transport keys that everybody knows */
};

/*
 * Opens the channel to the manager, which is selected, with whichever keys the card has: masters
 * are tried from the newest. SJ_CARD_CHANNEL is told with the card's serial number and key version.
 */
CLI_MUST_CHECK int cardkeys_open(struct channel *c, struct cli *cli, const struct authority *a,
				 struct cardkeys_found *out);
/*
 * Gives the card its own keys of that version under the newest master, and opens the channel
 * anew with them, so that what follows is secret to who knows the keys before. *sent is set before
 * the card may have changed.
 */
CLI_MUST_CHECK int cardkeys_replace(struct channel *c, struct cli *cli, const struct authority *a,
				    uint8_t version, bool *sent);

#define CARDKEYS_PLAIN_OPTION \
	{ \
		"plain-answers", 0, NULL, \
			"take a card whose answers carry no MAC (SCP03, i = 00 or 10)", \
			CLI_COMPLETE_NONE, NULL, false \
	}
#define CARDKEYS_OPTIONS \
	{ \
		"transport-key-file", 0, "FILE", \
			"the key that cards come with, in hexadecimal (default: DIR/transport.key, if it is " \
			"there)", \
			CLI_COMPLETE_FILE, NULL, false \
	}

#endif
