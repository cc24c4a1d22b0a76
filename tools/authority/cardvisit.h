/*
 * cardvisit.h -- an operator with one card: connected, its manager selected, the channel open.
 *
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_CARDVISIT_H
#define SJ_AUTHORITY_CARDVISIT_H

#include "authority/cardkeys.h"
#include "authority/cardstatus.h"
#include "authority/connect.h"
#include "authority/register.h"

#define CARDVISIT_APPLICATIONS 16u
#define CARDVISIT_KEYS 12u /* four versions */
#define CARDVISIT_CPLC 42u

struct cardvisit {
	struct cli *cli;
	struct authority authority;
	struct sj_card *card;
	struct channel channel;
	struct cardkeys_found found;
	char serial[2 * CARDKEYS_SERIAL + 1]; /* hexadecimal */
	/* Set by cardvisit_register(). */
	struct holder_register *reg;
	struct register_card row; /* id 0: the register does not have this card */
	/* Set by cardvisit_status(). */
	uint8_t state; /* enum cardstatus_state */
	struct cardstatus_entry applications[CARDVISIT_APPLICATIONS];
	size_t application_count;
};

/*
 * Opens all that for the authority of the first argument, does `work`, and closes it. A card
 * that hides its manager from a contactless reader is asked for inside PACE (--can-file).
 * Answers without MAC: asked for without CARDVISIT_CHANGES, they are taken with a warning.
 */
enum cardvisit_aim { CARDVISIT_ASKS, CARDVISIT_CHANGES };
CLI_MUST_CHECK int cardvisit_run(struct cli *cli, enum cardvisit_aim aim,
				 int (*work)(struct cardvisit *v));
/* GET STATUS: the card's state and its applications. */
CLI_MUST_CHECK int cardvisit_status(struct cardvisit *v);
/* GET STATUS: the modules of the one load file that the card may have, which are `list`'s in `bytes`. */
struct cardvisit_modules {
	uint8_t bytes[SJ_APDU_NE_SHORT];
	struct cardstatus_modules list;
};
CLI_MUST_CHECK int cardvisit_modules(struct cardvisit *v, struct sj_span load_file,
				     struct cardvisit_modules *out);
/* GET DATA; `tag`: of the one object that the answer must be; the value stays until the next. */
CLI_MUST_CHECK int cardvisit_data(struct cardvisit *v, uint16_t tag, struct sj_span *value);
/* The register, and its newest row of this card. */
CLI_MUST_CHECK int cardvisit_register(struct cardvisit *v);
/* Ends a change there: commits when rc is 0. */
CLI_MUST_CHECK int cardvisit_end(struct cardvisit *v, int rc);
/* SET STATUS of the card; *sw tells whether it took it. */
CLI_MUST_CHECK int cardvisit_set_state(struct cardvisit *v, enum cardstatus_state state,
				       uint16_t *sw);

extern const enum sj_rc cardvisit_failures[];

#define CARDVISIT_FEATURES (CLI_CARD | CLI_READER | CLI_TIMEOUT | CLI_KEYS)
#define CARDVISIT_OPTIONS \
	CARDKEYS_OPTIONS, \
		CLI_SECRET_OPTIONS("can", "CAN, for an issued card on a contactless reader"), \
		CONNECT_EXEC_OPTION
#define CARDVISIT_CHANGE_OPTIONS CARDKEYS_PLAIN_OPTION, CARDVISIT_OPTIONS
#define CARDVISIT_POSITIONALS \
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false }, \
		CONNECT_CMD

#endif
