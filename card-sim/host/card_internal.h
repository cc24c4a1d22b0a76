/* card_internal.h -- the inside of a card, for the host's own files. */
#ifndef CARD_HOST_CARD_INTERNAL_H
#define CARD_HOST_CARD_INTERNAL_H

#include "host/applet.h"
#include "host/eac.h"

/* The largest response in plain, and with the objects of secure messaging around it. */
#define CARD_PLAIN_MAX SJ_APDU_NE_EXTENDED
#define CARD_WIRE_MAX (CARD_PLAIN_MAX + 64u)
/* Most that goes out at once: links count a response with its SW in 16 bits. More is 61xx. */
#define CARD_PIECE_MAX 65533u

struct card_channel_state {
	bool open;
	const struct card_applet *applet; /* NULL: no application, the MF */
};

/* Of SP 800-73-5: sm_piv.c. */
struct card_piv_session {
	struct sj_piv_sm_keys keys;
	uint8_t counter[SJ_PIV_SM_BLOCK]; /* of the present command */
	uint8_t command_chain[SJ_PIV_SM_BLOCK], response_chain[SJ_PIV_SM_BLOCK];
};

struct card_session {
	bool running;
	bool is_piv; /* then: piv; else ICAO's */
	struct sj_sm_keys keys;
	struct sj_ssc ssc;
	struct card_piv_session piv;
};

/* Of SCP03: scp.c. On the basic channel. */
struct card_scp {
	bool running;
	bool starts, ends; /* after the present response */
	bool wrapped; /* the present command came in it */
	struct sj_scp03 session;
};

/* A command chain whose last command has not come; the data are in card->chain_data. */
struct card_chain {
	bool open;
	uint8_t cla, ins, p1, p2, channel;
	bool secured;
	size_t len;
};

/* A response that is fetched in pieces; its bytes are in card->wire. */
struct card_pieces {
	size_t from, len;
	uint16_t sw;
	uint8_t channel;
};

/* The timing model of this card: charge.c. */
struct card_charge {
	bool on;
	struct card_rf rf;
	struct card_rf_meter meter; /* of the present command, or of work put off */
	struct sj_meter *former; /* the thread's meter around it */
	/* Of the command, waits for failures taken out; then: when its response left, us. */
	uint64_t start;
	uint64_t ready; /* the card is busy until then, us */
	bool behind; /* with work put off: a wait for it counts */
	uint64_t elapsed; /* since power-up, us */
};

/* Everything that power-off wipes, besides buffers and applets' states. */
struct card_volatile {
	uint8_t uid[CARD_UID_SIZE];
	uint8_t channel; /* of the present command */
	uint64_t aged_us; /* powered time until which failures were forgotten (delay.c) */
	struct card_channel_state channels[CARD_CHANNELS];
	struct card_session session;
	struct card_session next; /* takes over after the present response */
	bool session_ends; /* the session ends after the present response */
	struct card_scp scp;
	unsigned rights;
	struct card_terminal terminal; /* eac.c */
	uint32_t sessions; /* card_sm_number() */
	struct card_chain chain;
	struct card_pieces pieces;
	uint32_t commands; /* card_command_number() */
	bool after_asked; /* by the present command's handler */
	const struct card_applet *after; /* has work put off; NULL: none has */
	uint8_t after_channel;
};

struct card {
	enum card_interface interface;
	struct card_clock clock;
	struct sj_random random;
	struct card_store *store;
	const struct card_applet *const *applets;
	size_t applet_count;
	const struct card_applet *mf; /* NULL: none */
	void **states; /* one an applet; NULL where it needs none */
	bool powered;
	bool cut; /* power went while the card waited: nothing may be stored any more */
	struct card_volatile now;
	struct card_charge charge;
	uint8_t *chain_data; /* SJ_APDU_NC_EXTENDED bytes */
	uint8_t *opened; /* plain data of a protected command, as many */
	uint8_t *plain; /* CARD_PLAIN_MAX bytes: response data */
	uint8_t *wire; /* CARD_WIRE_MAX bytes: the response as it goes out */
};

/* CLA taken apart. */
struct card_class {
	uint8_t base; /* 0x00 or 0x80 */
	uint8_t channel;
	bool secured;
	bool scp; /* secure messaging of GlobalPlatform */
	bool chained;
};

/* --- card.c --- */

/* This applet's volatile state; NULL if it has none. */
void *card_state_of(struct card *card, const struct card_applet *applet);
/* Whether it may be found by SELECT by DF name now. */
bool card_applet_selectable(struct card *card, const struct card_applet *applet);

/* Waits under power; if that goes meanwhile, card->cut is set. */
void card_wait(struct card *card, uint64_t us);

/* --- charge.c: the timing model; all of it does nothing on a card without --- */

/* Power-up: the card takes commands only after activation, which the first one waits out. */
void card_charge_activation(struct card *card);
/* Around one command: waits until the card is ready; then for what it cost (0: none left). */
void card_charge_begin(struct card *card);
void card_charge_end(struct card *card, size_t command, size_t response);
/* Around work after a response: it delays what comes next. */
void card_charge_after_begin(struct card *card);
void card_charge_after_end(struct card *card);
/* An operation that crypt does not see. */
void card_charge(struct card *card, enum card_rf_op op, double amount);
/* A wait that was served inside the command comes on top of its cost. */
void card_charge_wait(struct card *card, uint64_t us);

/* --- registry.c --- */

/* Applications that cannot be selected any more are left, on every channel; not the manager. */
void card_leave_unselectable(struct card *card);
/* Its life lets it be selected. */
bool card_app_selectable(const struct card *card, const struct card_applet *applet);
/* enum card_app_life of any applet; one that is no application is REMOVED. */
uint8_t card_app_life_of(const struct card *card, const struct card_applet *applet);
/* What every application stored, and what it keeps volatile. False: the store failed. */
SJ_MUST_CHECK bool card_apps_wipe(struct card *card);

/* --- class.c --- */

/* 9000, 6E00, 6881 or 6882: which CLA the card understands. */
uint16_t card_class_parse(uint8_t cla, struct card_class *out);

/* --- dispatch.c --- */

/*
 * Runs one plain command inside a storage transaction: finds its row, checks
 * it, collects chains, calls the handler, commits. `out` has response data
 * only where the status word allows them.
 */
uint16_t card_dispatch(struct card *card, const struct sj_apdu *plain,
		       const struct card_class *class, struct sj_writer *out);
bool card_sw_is_error(uint16_t sw);

/* The applet whose table is in force on the present channel; NULL: none. */
const struct card_applet *card_current_applet(const struct card *card);
/* This command is the next part of the chain that is open. */
bool card_chain_continues(const struct card_chain *chain, const struct sj_apdu *apdu,
			  const struct card_class *class);
/* Forgets the chain that is open, if one is. */
void card_chain_drop(struct card *card);
/*
 * Adds the command's data to the chain, which may begin with it; *whole: all of them. 9000, 6700.
 */
uint16_t card_chain_collect(struct card *card, const struct sj_apdu *apdu,
			    const struct card_class *class, struct sj_span *whole);

/* --- select.c, channel.c: the host's own commands --- */

uint16_t card_select_by_name(struct card_call *call);
uint16_t card_manage_channel(struct card_call *call);
/* Makes the applet (NULL: the MF) current on the present channel, telling the former one. */
void card_make_current(struct card *card, const struct card_applet *applet);
/* The present channel closes: nothing is current on it, the MF neither. */
void card_leave_current(struct card *card);

/* --- delay.c --- */

/* Before a command: forgets failures of passwords for the time that the card was powered. */
void card_delay_age(struct card *card);

/* --- sm.c --- */

/* Opens a protected command; 9000, 6882, 6987, 6988. Anything but 9000 has ended the session. */
uint16_t card_sm_open(struct card *card, const struct sj_apdu *protected_command,
		      struct sj_apdu *plain);
/* Protects the response into card->wire; its size without SW, 0: failed, session ended. */
size_t card_sm_protect(struct card *card, uint8_t ins, struct sj_span data, uint16_t sw);
/* Ends session and rights at once. */
void card_sm_drop(struct card *card);
/* A command that is not protected, or not one at all: it ends ICAO's session, not PIV's. */
void card_sm_plain(struct card *card);
/*
 * --- sm_piv.c: the same with SP 800-73-5's ---
 *
 * Takes the next part of a protected command; once whole it is opened. 9000 with
 * class->chained: more parts follow. Other answers have ended the session.
 */
uint16_t card_piv_open(struct card *card, const struct sj_apdu *protected_command,
		       const struct card_class *class, struct sj_apdu *plain);
size_t card_piv_protect(struct card *card, struct sj_span data, uint16_t sw);

/*
 * --- scp.c: a secure channel ---
 *
 * Opens the command in place, if it is one of the channel's: 9000; 6882: no channel could be
 * here; 6982: it is not intact, or in plain while the channel is open, which has ended then.
 */
uint16_t card_scp_open(struct card *card, const struct card_class *class, struct sj_apdu *apdu);
/* Protects the response to such a command; *data may then lie in card->opened. The status word. */
uint16_t card_scp_protect(struct card *card, struct sj_span *data, uint16_t sw);
/* After the response: a channel that was opened runs, one that was ended goes. */
void card_scp_settle(struct card *card);
/* The handler that would have started one answered with an error. */
void card_scp_undo(struct card *card);

/* After the response: a session that was started takes over, one that was ended goes. */
void card_sm_settle(struct card *card);

#endif
