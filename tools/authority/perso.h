/*
 * perso.h -- personalising a card by its APDUs.
 *
 * Sources: card-sim/applets/emrtd/PERSO.md; GlobalPlatform Card Specification
 * 2.3.1, 11.5.2.3.7 and 11.11. Every command goes through the secure channel
 * (channel.h), and what the card generates is believed because it came through it.
 */
#ifndef SJ_AUTHORITY_PERSO_H
#define SJ_AUTHORITY_PERSO_H

#include "authority/cardkeys.h"
#include "authority/files.h"

/* How far a card has come; after a failure: what state it was left in. */
enum perso_state {
	PERSO_UNTOUCHED, /* as it was */
	PERSO_BEGUN, /* half-personalised: can be issued again from the start */
	PERSO_LOCKING, /* the lock was sent and not answered: issued or not */
	PERSO_ISSUED,
};

/* A card being personalised. */
struct perso {
	struct cli *cli;
	struct channel channel;
	uint8_t serial[CARDKEYS_SERIAL]; /* the card's, set by perso_begin() */
	uint8_t key_version; /* of its own keys; 0: it has the transport keys */
	unsigned master; /* N of card-master-N, from which they come; 0: as above */
	size_t data_max; /* most data bytes of a command, before it is protected */
	unsigned block; /* number of the next STORE DATA */
	enum perso_state state;
	struct sj_span target; /* AID of the applet that is being personalised */
	bool target_found;
	bool issued; /* it was issued before; its serial is zeros when it hides its manager */
	bool asking; /* whether it is issued: that is no failure */
	bool told; /* a failure was told, with the state */
};

/* Everything that the card's configuration needs. */
struct perso_access {
	const struct profile *profile;
	const char *can; /* six digits; NULL: none */
	struct sj_span mrz_information; /* empty: none */
	const char *pin, *puk; /* of an eID card; else NULL */
};

/*
 * Each returns 0 or the exit code of what it told: SJ_CARD_STATE for a card
 * that was issued before, SJ_NOT_A_DOCUMENT for one without our applets.
 */
/*
 * Opens the channel, with the transport keys or the card's own, and gives it its own if it has
 * them not yet (`a` NULL: it keeps what it has). SJ_CARD_CHANNEL: it has neither. Options of the
 * command: CARDKEYS_OPTIONS. End it with perso_end() whatever this returned.
 */
CLI_MUST_CHECK int perso_begin(struct perso *p, struct cli *cli, struct sj_card *card,
			       const struct authority *a);
/* The same, but that the card was issued before is no failure: p->issued tells. */
CLI_MUST_CHECK int perso_ask(struct perso *p, struct cli *cli, struct sj_card *card,
			     const struct authority *a);
/* Commands sent so far. */
unsigned perso_commands(const struct perso *p);
CLI_MUST_CHECK int perso_set_access(struct perso *p, const struct perso_access *access);
/* Has the card make the keys of `profile`, or take the one that is given. */
CLI_MUST_CHECK int perso_make_keys(struct perso *p, const struct profile *profile,
				   struct card_keys *out);
/* The keys of the PACE suites alone: without them the card takes no such suite. */
CLI_MUST_CHECK int perso_make_cam_keys(struct perso *p, const struct profile *profile,
				       struct card_keys *out);
CLI_MUST_CHECK int perso_write_files(struct perso *p, const struct file_set *set);
/* What the whole card tells without a key: host/STATES.md. */
CLI_MUST_CHECK int perso_set_profile(struct perso *p, bool open);
/* The final lock: after it the card is issued. */
CLI_MUST_CHECK int perso_lock(struct perso *p);
void perso_end(struct perso *p);

/*
 * For the parts of other applets. The AID is static; target_found says whether
 * the card has the applet, and when it does not and is `needed`, that is told.
 */
/* The identity application, unless it is the target already. */
CLI_MUST_CHECK int perso_target_identity(struct perso *p);
CLI_MUST_CHECK int perso_target(struct perso *p, struct sj_span aid, const char *name, bool needed);
/* One grouping; `answer` not NULL: it answers, until the next command. */
CLI_MUST_CHECK int perso_store(struct perso *p, const char *step, uint16_t dgi,
			       struct sj_span value, struct sj_span *answer);
/*
 * Groupings put together with perso_put_grouping(), in one command; so many of them answer, one
 * after the other, until the next command (0: `answer` may be NULL).
 */
CLI_MUST_CHECK int perso_store_groupings(struct perso *p, const char *step,
					 struct sj_span groupings, unsigned answers,
					 struct sj_span *answer);
/* Groupings that answer, all of one kind. */
struct perso_each {
	const char *step;
	uint16_t dgi;
	const uint8_t *values; /* n of `size` bytes each, one after the other */
	size_t size, n;
};

/* Takes the i-th answer off the front; it stays until the next command. */
typedef int perso_taker(void *user, size_t i, struct sj_span *answer);
/* In one command where the card takes long ones, else one by one; all answers are taken then. */
CLI_MUST_CHECK int perso_store_each(struct perso *p, const struct perso_each *each,
				    perso_taker *take, void *user);
/* The same, without answers; it ends the sequence. */
CLI_MUST_CHECK int perso_store_last(struct perso *p, const char *step, struct sj_span groupings);
void perso_put_grouping(struct sj_writer *w, uint16_t dgi, struct sj_span value);
/*
 * Groupings on their way, without answers: as many in a command as the card takes, each a step of
 * its store. Begun with a buffer of its own, of PERSO_PACKET bytes, which is wiped when it was sent.
 */
struct perso_packet {
	struct perso *p;
	const char *step; /* what they are */
	struct sj_writer w;
};
#define PERSO_PACKET (PERSO_PIECE_MAX + 64u)
CLI_MUST_CHECK int perso_packet_put(struct perso_packet *packet, uint16_t dgi,
				    struct sj_span value);
CLI_MUST_CHECK int perso_packet_send(struct perso_packet *packet);
/* What stands before a value of `len` bytes. */
void perso_put_head(struct sj_writer *w, uint16_t dgi, size_t len);
#define PERSO_PIECE_MAX 16384u /* bytes in one command: drivers' buffers take it */
/* Exactly a public key on this curve; SJ_CURVE_NONE: of RSA. What a card says is its key may be anything. */
bool perso_key_is(struct sj_span spki, enum sj_curve curve);
/* Most bytes of a file or a key in one grouping, which has a head of its own before them. */
size_t perso_piece_max(const struct perso *p, size_t head);
/* Tells a failure and the state that the card is left in. */
CLI_PRINTF(3, 4) int perso_fail(struct perso *p, enum sj_rc rc, const char *format, ...);

/* What the card's state means to the person at the desk: a clause. */
const char *perso_state_text(enum perso_state state);

#endif
