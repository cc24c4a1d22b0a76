/*
 * monitor.h -- watches a card while a terminal speaks to it, and says what it should not have done.
 *
 * It is a model of what is allowed, written from the pages of STATES.md, PERSO.md and EID.md, and
 * shares no rule with the card. It learns what is open from what was answered, and from the terminal
 * itself, which knows whether it used the right password or key. It may believe that more is open
 * than is (then it is silent), never less.
 */
#ifndef TESTS_HOSTILE_MONITOR_H
#define TESTS_HOSTILE_MONITOR_H

#include "tests/card/eac_rig.h"
#include "tests/hostile/marks.h"

/* Where a channel is. */
enum monitor_place { AT_MF, AT_LDS, AT_EID, AT_GATE, AT_PIV, AT_MANAGER };
#define MONITOR_PLACES 6u

enum monitor_fault {
	FAULT_LEAK, /* bytes that were not to be told */
	FAULT_USE, /* a key, or a command, without its condition */
	FAULT_COUNTER, /* a counter of tries rose */
	FAULT_FORM, /* no status word, longer than asked for, data with an error */
	FAULT_STORE, /* something changed that this command may not change */
};
#define MONITOR_FAULTS 5u

enum monitor_kind { IN_NONE, IN_BAC, IN_PACE, IN_CA1, IN_CA2, IN_PIV };

/* A session as the terminal knows it. */
struct monitor_session {
	enum monitor_kind kind;
	uint8_t password; /* enum sj_pace_password, of the PACE that it began with */
	bool chat; /* was sent */
	bool authenticated; /* Terminal Authentication */
	bool in_force;
	struct sj_cvc_rights rights;
	uint8_t sector;
};

#define MONITOR_OBJECTS 400u
struct monitor_object {
	uint32_t id;
	uint64_t hash;
};

enum monitor_counter { OF_PIV_PIN, OF_PIV_GLOBAL, OF_PUK, OF_EID_PIN, OF_EID_PUK };
#define MONITOR_COUNTERS 5u

#define MONITOR_TRAIL 8u
struct monitor {
	struct bench *b;
	struct bench_watch watch;
	const struct marks *marks;
	const char *where; /* for messages */
	bool is_eid, is_open;
	bool was_blank; /* at power-up */
	enum card_interface interface;
	/* What the terminal says of what it sends. */
	bool honest; /* the step that proves something is right */
	/* What is open. */
	struct monitor_session session;
	bool pin[2]; /* 80, 00 */
	bool pairing, admin, gate;
	unsigned level; /* of the secure channel */
	uint32_t pin_at; /* number of the command that verified a PIN */
	uint32_t commands;
	/* What the passwords are by now. */
	uint8_t value[3][8]; /* 80, 00, 81 */
	/* The store as it was after the last command. */
	struct monitor_object objects[MONITOR_OBJECTS];
	size_t object_count;
	unsigned counters[MONITOR_COUNTERS];
	uint64_t passwords; /* hash of their values */
	/* The chain that is open. */
	struct sj_apdu chain_header;
	uint8_t chain[4096];
	size_t chain_len;
	bool chaining; /* more of a command is to come */
	uint8_t last[2048]; /* the last protected command as it went */
	size_t last_len;
	/* The last commands. */
	char trail[MONITOR_TRAIL][96];
	unsigned long sent;
	unsigned long faults[MONITOR_FAULTS];
};

/* From now on: this card, as it is in the bench, powered. */
void monitor_begin(struct monitor *m, struct bench *b, const struct marks *marks, bool is_eid,
		   const char *where);
/* The card was given power, or a reset. */
void monitor_power(struct monitor *m);
/* The terminal has opened this session. */
void monitor_open(struct monitor *m, const struct monitor_session *s);
void monitor_complain(struct monitor *m, enum monitor_fault fault, const char *what);
unsigned long monitor_faults(const struct monitor *m);

/* --- monitor_rules.c ------------------------------------------------------------------------ */

/* A command as the card understood it, and its answer. */
struct monitor_case {
	struct sj_apdu apdu; /* CLA without secure messaging and channel */
	uint8_t channel;
	enum monitor_place at;
	bool secured, in_channel;
	bool chained; /* more of the command is to come */
	struct sj_span data;
	uint16_t sw;
};

bool monitor_refused(uint16_t sw);
/* Why the card may not do this; NULL: it may. What follows from it is kept. */
const char *monitor_judge(struct monitor *m, const struct monitor_case *c);
/* Whether this may be told now. */
bool monitor_may_tell(const struct monitor *m, const struct mark *mark, enum monitor_place at,
		      bool secured);
/* The terminal's effective right. */
bool monitor_has_bit(const struct monitor_session *s, unsigned bit);
/* Whether a channel may stand there now. */
bool monitor_may_stand(const struct monitor *m, enum monitor_place at);
/* --- monitor_changes.c ---------------------------------------------------------------------- */

/* Whether the command may change this object. */
bool monitor_may_change(const struct monitor *m, const struct monitor_case *c, uint32_t id);
bool monitor_may_rise(const struct monitor *m, const struct monitor_case *c,
		      enum monitor_counter which, unsigned from);

#endif
