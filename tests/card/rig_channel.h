/*
 * rig_channel.h -- a host's half of SCP03 of its own, for tests that personalise cards: made of
 * the verbs of secure/ only, with the well-known transport keys.
 */
#ifndef TESTS_CARD_RIG_CHANNEL_H
#define TESTS_CARD_RIG_CHANNEL_H

#include "secure/scp03.h"

#define RIG_LEVEL 0x33u /* both ways encrypted and authenticated */

struct rig_channel {
	bool open;
	struct sj_scp03 session;
};

/* All three are 404142..4F. */
struct sj_scp03_keys rig_well_known(void);
/* The data of INITIALIZE UPDATE: 8 bytes. */
struct sj_span rig_host_challenge(void);
/*
 * From the answer to that: EXTERNAL AUTHENTICATE for this level, its data in `data`; asserts that
 * the card's cryptogram holds. The channel is open once the card has answered 9000.
 */
struct sj_apdu rig_channel_begin(struct rig_channel *c, const struct sj_scp03_keys *keys,
				 struct sj_span host_challenge, struct sj_span answer,
				 uint8_t level, struct sj_writer *data);

#endif
