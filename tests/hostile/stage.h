/*
 * stage.h -- cards full of marks in every state of their lives, and a terminal that can do
 * everything rightly and everything wrongly to them, a monitor beside it.
 */
#ifndef TESTS_HOSTILE_STAGE_H
#define TESTS_HOSTILE_STAGE_H

#include "tests/card/eid_rig.h"
#include "tests/card/gate_rig.h"
#include "tests/card/piv_rig.h"
#include "tests/hostile/monitor.h"

/* What cards are copied from. */
enum base { BASE_BLANK, BASE_PERSO, BASE_PLAIN, BASE_OPEN, BASE_EID_PERSO, BASE_EID };
#define BASES 6u
/* Plain cards and eID cards come from different personalisations. */
static inline bool base_is_eid(enum base base)
{
	return base == BASE_EID_PERSO || base == BASE_EID;
}

struct world {
	struct card_store *stores[BASES];
	struct marks *marks[BASES];
	struct eac_card cards[BASES]; /* public keys */
	struct eac_chain at, is;
	struct eid_sector sector;
	struct issuer gates;
	struct rig_reader reader;
};
struct world *world_new(void);
void world_free(struct world *w);
/* A card of its own. */
struct card_store *world_copy(const struct world *w, enum base base);

/* A card in a state. */
struct scene {
	const char *name;
	enum base base;
	enum card_interface interface;
	const char *before; /* script that leads there; NULL: none */
};
#define SCENES 32u
extern const struct scene scenes[SCENES];
/* NULL: no such. */
const struct scene *scene_named(const char *name);

struct stage {
	struct world *world;
	const struct scene *scene;
	struct bench *b;
	struct monitor m;
	struct eac_card card;
	struct eac_terminal t;
	struct piv_reader piv;
	bool piv_open;
	struct tap *tap;
	uint8_t room[3][2304]; /* for commands that are forged */
	uint32_t seed;
	bool thorough; /* sweeps are whole */
	unsigned long swept; /* instructions, each of a class and in a state */
	const char *script; /* that runs, and how much of it is done */
	size_t done;
	bool believes; /* the terminal takes what was open for open still, whatever it sent */
};

struct stage *stage_new(struct world *w);
void stage_free(struct stage *s);
/* A fresh card of this scene; false: its script did not lead there. */
bool stage_set(struct stage *s, const struct scene *scene, const char *where);

/* What stage_do() knows besides hexadecimal; the status word of the last command. */
uint16_t stage_power(struct stage *s, bool warm);
uint16_t stage_insert(struct stage *s, enum card_interface interface);
/* PACE up to `last`, 5 all of it; NULL: with the right password. */
uint16_t stage_pace(struct stage *s, enum sj_pace_password kind, const char *wrong, int last,
		    const struct sj_cvc_rights *chat);
uint16_t stage_bac(struct stage *s, bool right);
uint16_t stage_ca1(struct stage *s);
uint16_t stage_ta1(struct stage *s);
/* A terminal that comes with a certificate and a CHAT; zeros in them are no rights. */
struct visit {
	enum sj_cvc_terminal who;
	enum sj_pace_password with;
	uint64_t bits, extension; /* of the certificate */
	uint64_t chat, chat_extension;
	bool wrong; /* the signature is another's */
	bool forged; /* the certificate was signed by itself in the DV's name */
	bool other_key; /* Chip Authentication with another key than was signed */
};
/* All rights, with PIN or CAN. */
struct visit visit_of(enum sj_cvc_terminal who);
/* General Authentication up to this step. */
uint16_t stage_eac(struct stage *s, const struct visit *v, enum eac_step last);
uint16_t stage_admin(struct stage *s, bool right);
uint16_t stage_messaging(struct stage *s);
enum channel_fault { CHANNEL_RIGHT, CHANNEL_MAC, CHANNEL_CRYPTOGRAM };
uint16_t stage_channel(struct stage *s, uint8_t level, enum channel_fault fault);
/* A whole tap at a genuine gate; wrong: the reader's key is another. */
uint16_t stage_gate_tap(struct stage *s, bool wrong);

/* As it stands. */
uint16_t stage_plain(struct stage *s, struct sj_span command);
/* In what is open: messaging of the keys, secure messaging, secure channel. */
uint16_t stage_inside(struct stage *s, const struct sj_apdu *apdu);
/* Protected and then spoilt; false: nothing is open that could be. */
bool stage_forge(struct stage *s, const char *how, const struct sj_apdu *apdu);
uint16_t stage_replay(struct stage *s);
/*
 * Every instruction with edges of P1, P2, Lc and Le, plain or inside, each in the state that the script
 * has led to: when one leads away, a fresh card is led there again. False: that failed, or an
 * instruction could not be sent.
 */
bool stage_sweep(struct stage *s, bool inside);

/* script.c: steps, separated by blanks; false: an answer was another. */
bool stage_run(struct stage *s, const char *script);

uint32_t stage_draw(struct stage *s);

#endif
