/*
 * applet.h -- what an applet is to the host: a table of commands with their
 * conditions, and the handlers. The host checks the row before the handler
 * runs; one storage transaction a command, committed before the response
 * leaves, rolled back if the handler answers with an error.
 */
#ifndef CARD_HOST_APPLET_H
#define CARD_HOST_APPLET_H

#include "host/card.h"
#include "host/store.h"
#include "secure/piv_sm.h"
#include "secure/scp03.h"
#include "secure/sm.h"

#define CARD_ANY (-1)
#define CARD_CHANNELS 4u /* logical channels 0 to 3 */

/* Conditions of a row; all that are set must hold. */
enum card_condition {
	CARD_ALWAYS = 0,
	CARD_NEED_SM = 1 << 0, /* inside secure messaging, else 6982 */
	CARD_NEED_PLAIN = 1 << 1, /* outside it, else 6985 */
	CARD_ONLY_CONTACT = 1 << 2, /* else 6A81 */
	CARD_ONLY_BASIC_CHANNEL = 1 << 3, /* else 6881 */
	CARD_ONLY_BLANK = 1 << 4, /* before the final lock, else 6985 */
	CARD_ONLY_ISSUED = 1 << 5, /* after it, else 6985 */
	CARD_NEED_CHANNEL = 1 << 9, /* in a secure channel (SCP03), else 6982 */
	CARD_NEED_CONFIDENTIAL = 1 << 10, /* in one that encrypts commands, else 6982 */
	CARD_EVEN_TERMINATED = 1 << 11, /* on a terminated card too; else 6985 there */
	/* Parts of a command chain are collected, the handler gets the whole; else 6884. */
	CARD_TAKES_CHAIN = 1 << 6,
	/*
	 * The handler gets every command of a chain by itself and answers each
	 * (GENERAL AUTHENTICATE, ISO/IEC 7816-4:2020, 11.6; PACE); call->more tells.
	 */
	CARD_CHAIN_STEPS = 1 << 7,
	/*
	 * 6Cxx instead of the beginning and 61xx when Le is smaller than the
	 * response: for commands that can simply be given again. READ BINARY
	 * does without: its handler returns the Ne bytes asked for.
	 */
	CARD_LE_EXACT = 1 << 8,
};

struct card_call {
	struct card *card;
	const struct sj_apdu *apdu; /* plain, chaining and channel bits removed */
	struct sj_writer *out; /* response data */
	void *state; /* this applet's volatile state on this card */
	uint8_t channel;
	bool secured; /* came inside secure messaging */
	bool scp; /* b3 of CLA said that it is one of SCP03 */
	bool more; /* the chaining bit was set (CARD_CHAIN_STEPS only) */
};

struct card_command {
	uint8_t cla; /* 0x00 interindustry or 0x80 proprietary */
	uint8_t ins;
	int p1, p2; /* exact value or CARD_ANY */
	uint16_t lc_min, lc_max; /* data bytes, else 6700 */
	unsigned conditions; /* enum card_condition bits */
	uint16_t (*handler)(struct card_call *call); /* the status word */
};

struct card_applet {
	struct sj_span aid; /* empty for is_mf */
	const char *name;
	/* SELECT by DF name finds it by its whole name only, not by the beginning of it. */
	bool full_name_only;
	/*
	 * Bytes that may follow the whole name in SELECT; select() finds them in
	 * call->apdu->data. An extension of ours: ISO/IEC 7816-4 lets the card's
	 * name be longer than the one given, not shorter. 0: none.
	 */
	size_t name_suffix;
	/*
	 * A command without Le gets its response all the same, up to 256 bytes at once, as if
	 * Le were 00: programs of the application leave it out where ISO/IEC 7816-4 wants it.
	 */
	bool le_optional;
	/*
	 * Its table is the one in force while no application is selected on a
	 * channel. At most one applet; never found by SELECT by DF name.
	 */
	bool is_mf;
	/* It may be spoken to in secure messaging of SP 800-73-5 (card_sm_start_piv()). */
	bool piv_sm;
	/*
	 * It may be spoken to in a secure channel (card_scp_start()); it is the card's manager,
	 * and so all that can be selected on a locked or terminated card.
	 */
	bool scp03;
	/*
	 * What it stores: 2^24 object numbers from here, wiped when the instance is deleted and
	 * the card terminated. 0: it is no application that can be deleted.
	 */
	uint32_t objects;
	const struct card_command *commands;
	size_t command_count;
	/*
	 * Volatile, zeroed at power-up, wiped at power-off. One for the card:
	 * what differs by channel is an array of CARD_CHANNELS in it.
	 */
	size_t state_size;
	/*
	 * SELECT by DF name: writes the FCI for P2 (the host drops it for P2 = 0C). NULL: FCI with
	 * 84 only.
	 */
	uint16_t (*select)(struct card_call *call);
	/*
	 * Another applet was selected on the channel card_channel(), or it was
	 * closed. Not called at reset and power-off. May be NULL.
	 */
	void (*deselect)(struct card *card, void *state);
	/*
	 * Work put off with card_after(), in a storage transaction of its own that
	 * is committed unless a store function failed: what the next command will
	 * need and this response did not. Nothing can be answered: call->out is
	 * dropped, call->apdu empty. The host runs it once, after the response has
	 * left (card_settle()) or before the next command; if power goes first,
	 * never. In the timing model it delays the next command only if that comes
	 * before the work is done, which the store does not wait for. May be NULL.
	 */
	void (*after)(struct card_call *call);
	/* May this applet be found now (life cycle, interface)? NULL: always. */
	bool (*selectable)(struct card *card);
	/* One data grouping of STORE DATA after INSTALL [for personalisation]. May be NULL. */
	uint16_t (*personalise)(struct card_call *call, uint16_t dgi, struct sj_span data);
	/* The final lock: refuse (a status word) if something needed is missing. May be NULL. */
	uint16_t (*lock)(struct card_call *call);
	/* The i-th file, for showing the card; false: past the end. May be NULL. */
	bool (*file_at)(const struct card_store *store, size_t i, struct card_file_info *out);
};

/* The applets of a card of ours, NULL-terminated. */
const struct card_applet *const *card_applets_builtin(void);

/* --- what the host does for applets ------------------------------------ */

enum card_interface card_interface(const struct card *card);
const struct sj_random *card_random(const struct card *card);

/* The channel of the present command. */
uint8_t card_channel(const struct card *card);
/* SELECT of the MF: no application is selected on the present channel any more. */
void card_select_mf(struct card *card);
/*
 * The handler for that in applications without files: 00 A4 00 0C, no data or
 * 3F00 (ISO/IEC 7816-4:2020, 11.2.2); another file is 6A82.
 */
uint16_t card_lead_out(struct card_call *call);

/*
 * Asks for after() of the applet that is current on the present channel when
 * this command is done (in select(): the one that is being selected).
 * Forgotten if the command is answered with an error.
 */
void card_after(struct card *card);

/* The store, inside the command's transaction. */
struct card_store *card_store_of(struct card *card);
/*
 * Commits now, in the middle of a command: for counters that must be stored
 * before a comparison. False: answer 6581.
 */
SJ_MUST_CHECK bool card_commit(struct card *card);

/*
 * Starts secure messaging with the response *after* the one being made
 * (PACE, BAC, Chip Authentication): the present response still goes out as
 * its command came in. Replaces a running session, keeping its rights.
 * `ssc` NULL: zero. Forgotten if the handler answers with an error.
 */
void card_sm_start(struct card *card, const struct sj_sm_keys *keys, const struct sj_ssc *ssc);
/*
 * Ends it after the present response, which is still protected; the rights
 * are gone at once. The host itself ends it at every command that is not
 * intact under it (plain, wrong MAC, missing objects, not an APDU).
 */
void card_sm_end(struct card *card);

/*
 * The same for secure messaging of NIST SP 800-73-5, part 2, 4.2, which is spoken on the basic
 * channel with the applet that is current there. A plain command does not end it, nor does it
 * give rights. Counter 1 and chains of zeros.
 */
void card_sm_start_piv(struct card *card, const struct sj_piv_sm_keys *keys);
/* Such a session runs: what is `secured` came in it. */
bool card_sm_is_piv(const struct card *card);

/*
 * A secure channel of SCP03, on the basic channel with an applet that says scp03, while that is
 * current there. From the next command on every command to it is opened before its row is looked
 * for, and its response protected, as the session's level says. Forgotten if the handler answers
 * with an error. The session is copied; it stands where EXTERNAL AUTHENTICATE's MAC left it.
 */
void card_scp_start(struct card *card, const struct sj_scp03 *session);
/* Ends it at once: the present response goes out bare. */
void card_scp_drop(struct card *card);
/* Ends it after the present response. */
void card_scp_end(struct card *card);
/* The level of the channel that the present command came in; 0: none. */
unsigned card_scp_level(const struct card *card);

/*
 * Of the present command, counted since power-up from 1: a chain counts once, the pieces of a
 * response do not. For what must come right after something else.
 */
uint32_t card_command_number(const struct card *card);

/*
 * Rights gained by authentication, a bit mask that the applets agree on; the
 * host forgets them when secure messaging ends, at reset and power-off, and
 * what a handler granted that answers with an error.
 */
enum card_right { CARD_RIGHT_PACE = 1, CARD_RIGHT_BAC = 2, CARD_RIGHT_CA = 4 };
void card_grant(struct card *card, unsigned rights);
unsigned card_rights(const struct card *card);

/* Passes data groupings on to the applet with this AID (manager only); 6A88: none. */
uint16_t card_personalise(struct card_call *call, struct sj_span aid, uint16_t dgi,
			  struct sj_span data);
/* Whether an applet with exactly this AID is there. */
bool card_has_applet(const struct card *card, struct sj_span aid);

/* The i-th application that is built in, installed or not; false: past the end. */
struct card_app {
	struct sj_span aid;
	uint8_t life; /* enum card_app_life; with CARD_APP_LOCKED its life before */
};
bool card_app_at(const struct card *card, size_t i, struct card_app *out);
bool card_app_find(const struct card *card, struct sj_span aid, struct card_app *out);
/*
 * Its life from now on. CARD_APP_REMOVED wipes what it stored; what cannot be selected any more
 * is left on every channel. False: there is none, or the store failed.
 */
SJ_MUST_CHECK bool card_app_set(struct card *card, struct sj_span aid, uint8_t life);

/* Asks every applet's lock(), then sets the card issued (SECURED). */
uint16_t card_lock(struct card_call *call);
/* Any other life; CARD_TERMINATED wipes what applications stored. False: the store failed. */
SJ_MUST_CHECK bool card_set_life(struct card *card, enum card_life life);
/* enum card_profile. False: the store failed. */
SJ_MUST_CHECK bool card_set_profile(struct card *card, uint8_t profile);
/*
 * For selectable(): an application that a private card hides is hidden from the present command:
 * it is issued, contactless, and not inside PACE; or inside PACE with a CHAT, on any issued card.
 */
bool card_hides(const struct card *card);

/*
 * Failure delay for passwords that do not block (`slot` tells them apart; that of secure channels
 * costs nothing for the first three):
 * card_delay_serve() waits, under power, for what stored failures cost; if
 * power goes meanwhile, nothing of this command is stored or answered;
 * card_delay_raise() stores one more failure (commits) before a comparison;
 * card_delay_clear() forgets them after success. A minute of power forgets one
 * of each slot (0 to 15).
 */
#define CARD_DELAY_CHANNEL 15u
void card_delay_serve(struct card *card, uint8_t slot);
SJ_MUST_CHECK bool card_delay_raise(struct card *card, uint8_t slot);
void card_delay_clear(struct card *card, uint8_t slot);

#endif
