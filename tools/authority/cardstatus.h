/*
 * cardstatus.h -- what a card's manager tells about the card.
 *
 * Source: GlobalPlatform Card Specification 2.3.1, 11.1.1 (life cycle), 11.3.3.1 (key
 * information), 11.4.3.1 (GET STATUS); card-sim/applets/manager/GP.md.
 */
#ifndef SJ_AUTHORITY_CARDSTATUS_H
#define SJ_AUTHORITY_CARDSTATUS_H

#include "wire/bytes.h"

#define CARDSTATUS_AID_MAX 16u

enum cardstatus_state {
	CARDSTATUS_OP_READY = 0x01,
	CARDSTATUS_INITIALIZED = 0x07,
	CARDSTATUS_SECURED = 0x0F,
	CARDSTATUS_LOCKED = 0x7F,
	CARDSTATUS_TERMINATED = 0xFF,
};
/* "SECURED"; "UNKNOWN" for what the standard lacks. */
const char *cardstatus_card_name(uint8_t state);
/* "PERSONALIZED"; of an application, without the bit that locks it. */
const char *cardstatus_application_name(uint8_t state);
#define CARDSTATUS_APPLICATION_LOCKED 0x80u

/* An application or the issuer security domain. */
struct cardstatus_entry {
	uint8_t aid[CARDSTATUS_AID_MAX];
	size_t aid_len;
	uint8_t state;
};
/* Takes the next template E3. False: none, or malformed (in->len says which). */
SJ_MUST_CHECK bool cardstatus_take_entry(struct sj_span *in, struct cardstatus_entry *out);

/* What the modules of a load file are named (11.4.3.1: 84 inside E3); the names stay in what was read. */
#define CARDSTATUS_MODULES 16u
struct cardstatus_modules {
	struct sj_span aids[CARDSTATUS_MODULES];
	size_t n;
};
/* False: malformed, none, or of another load file. */
SJ_MUST_CHECK bool cardstatus_read_modules(struct sj_span in, struct sj_span load_file,
					   struct cardstatus_modules *out);

/* A key of a security domain. */
struct cardstatus_key {
	uint8_t id, version, type; /* type 88: AES */
	uint8_t size; /* bytes */
};
/* Inside template E0: takes the next C0. As above. */
SJ_MUST_CHECK bool cardstatus_take_key(struct sj_span *in, struct cardstatus_key *out);

#endif
