/*
 * channel.h -- the issuer's end of a secure channel to a card's manager.
 *
 * Sources: GlobalPlatform Card Specification 2.3.1, 11; Secure Channel Protocol '03', Amendment
 * D, v1.2, 6.2 and 7.1; card-sim/applets/manager/GP.md. Nothing here tells the user anything.
 */
#ifndef SJ_AUTHORITY_CHANNEL_H
#define SJ_AUTHORITY_CHANNEL_H

#include <sojourn/reader.h>

#include "crypt/random.h"
#include "secure/scp03.h"

#define CHANNEL_MANAGER SJ_SPAN_STR("\xA0\x00\x00\x01\x51\x00\x00\x00")
#define CHANNEL_CLA 0x80u
#define CHANNEL_TIMEOUT_MS 30000u /* failed attempts make a card wait, 21 seconds at most */
/* AES-256 for the card's own keys. */
#define CHANNEL_CIPHER SJ_CIPHER_AES256

enum channel_state {
	CHANNEL_PLAIN, /* nothing is protected */
	CHANNEL_ASKED, /* the card has answered INITIALIZE UPDATE */
	CHANNEL_OPEN,
	CHANNEL_BROKEN, /* it was open: nothing goes through any more */
};

struct channel {
	struct sj_card *card; /* the caller's */
	struct sj_random random;
	enum channel_state state;
	uint16_t sw; /* of the last command */
	unsigned commands; /* sent so far */
	/* What INITIALIZE UPDATE told; not proved before the state is open. */
	uint8_t diversification[SJ_SCP03_DIVERSIFICATION];
	uint8_t version; /* of the keys */
	uint8_t i; /* enum sj_scp03_option bits */
	size_t size; /* of challenges and MACs */
	uint8_t host[SJ_SCP03_FULL], challenge[SJ_SCP03_FULL], cryptogram[SJ_SCP03_FULL];
	struct sj_scp03 session;
	struct sj_scp03_keys keys; /* that fit */
	uint8_t *response, *plain; /* SJ_APDU_RESPONSE_MAX bytes each */
};

/* False: no memory. End it with channel_end() whatever this returned. */
SJ_MUST_CHECK bool channel_begin(struct channel *c, struct sj_card *card);
/* Wipes the keys. */
void channel_end(struct channel *c);

/*
 * Sends a command, protected once the channel is open, and gets the answer; out->data stays
 * until the next one. SJ_CARD_SM_BROKEN: the answer is not protected as it must be, or the
 * channel was broken before. Any failure of an open channel breaks it, and so does 6982.
 */
SJ_MUST_CHECK enum sj_rc channel_send(struct channel *c, const struct sj_apdu *a,
				      unsigned timeout_ms, struct sj_response *out);
/* SELECT of an application by its name; ends the channel. */
SJ_MUST_CHECK enum sj_rc channel_select(struct channel *c, struct sj_span aid,
					struct sj_response *out);

/*
 * INITIALIZE UPDATE with a fresh challenge, for keys of this version (0: the card's first). A
 * card whose i offers S16 (bit 1) is asked again for that. `size`: SJ_SCP03_SHORT or _FULL.
 * SJ_CARD_REFUSED: c->sw says why; SJ_CARD_ANSWER: no answer of SCP03.
 */
SJ_MUST_CHECK enum sj_rc channel_ask(struct channel *c, uint8_t version, size_t size);
/* Did the card prove these keys? Costs the card nothing, so that many can be tried. */
SJ_MUST_CHECK bool channel_fits(struct channel *c, const struct sj_scp03_keys *keys);
/*
 * EXTERNAL AUTHENTICATE with the keys that fitted, at the highest level that i allows.
 * SJ_CARD_CHANNEL: the card does not take our proof.
 */
SJ_MUST_CHECK enum sj_rc channel_open(struct channel *c);

/*
 * Answers will carry a MAC. The card cannot prove its i: somebody in between may have changed it,
 * so that who believes answers must insist on this.
 */
bool channel_is_mutual(const struct channel *c);

/* Most data bytes of a plain command when the card takes `most` in a protected one. */
size_t channel_room(const struct channel *c, size_t most);

/*
 * PUT KEY: these keys, of this version, in the place of those that opened the channel, which
 * stays open. SJ_CARD_ANSWER: the check values in the answer are of other keys.
 */
SJ_MUST_CHECK enum sj_rc channel_put_keys(struct channel *c, uint8_t version,
					  const struct sj_scp03_keys *fresh);
/*
 * Version of a key set that the card has besides the one that opened the channel; 0: none.
 * SJ_CARD_REFUSED: it does not tell.
 */
SJ_MUST_CHECK enum sj_rc channel_other_keys(struct channel *c, uint8_t *version);

#endif
