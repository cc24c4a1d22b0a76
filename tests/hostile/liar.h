/*
 * liar.h -- a card that lies by a script: an honest card behind a transport, and what is done to
 * its answers on the way, inside its own secure messaging, or to what it stores.
 *
 * A script is a wrongness at an operation. It strikes at the first answer from number `at` on that
 * it fits, once or from there on.
 */
#ifndef TESTS_HOSTILE_LIAR_H
#define TESTS_HOSTILE_LIAR_H

#include "reader/card.h"
#include "tests/card/emrtd_reader.h"
#include "tests/card/stores.h"

#define LIAR_COMMANDS_MAX \
	5000u /* more than that for one operation, or one step of a program's, is a hang */
#define LIAR_HANDED_MAX 65536u

/* What an operation is; a wrongness names those that it means something to. */
enum {
	ON_DOCUMENT = 1 << 0, /* the LDS application */
	ON_EID = 1 << 1,
	ON_PIV = 1 << 2,
	ON_GATE = 1 << 3,
	ON_ISSUE = 1 << 4, /* the manager, in SCP03 */
	ON_MODULE = 1 << 5,
	ON_SM = 1 << 6, /* secure messaging of Doc 9303-11 */
	ON_PACE = 1 << 7,
	ON_PIV_SM = 1 << 8,
	ON_CONTACT = 1 << 9,
	ON_IDENTITY = 1 << 10, /* there is another person's card beside it */
	/* What is signed of the holder names the chip's key: with the mapping alone, it does not. */
	ON_BOUND = 1 << 11,
	ON_ADMIN = 1 << 12, /* the management key is proved */
	ON_WRITES = 1 << 13, /* an issuer writes what it signed */
	ON_CHANGES = 1 << 14, /* the card becomes another: issued, locked, with other keys */
	ON_ALL = 0xFFFF,
};

enum wrong_where {
	WRONG_ATR,
	WRONG_WIRE, /* what comes out of the card */
	WRONG_INNER, /* what its secure messaging is about to protect */
	WRONG_CARD, /* what it stores, before it is powered */
};

struct liar;
struct wrong;

/* An answer with its status word, in a buffer with room for LIAR_ANSWER_MAX. */
#define LIAR_ANSWER_MAX (SJ_APDU_RESPONSE_MAX + 8192u)
struct answer {
	uint8_t *bytes;
	size_t len;
};

typedef void (*change_fn)(struct liar *l, const struct wrong *w, struct answer *x);
typedef bool (*fits_fn)(const struct liar *l);

enum {
	STAYS = 1, /* from the first strike on, all that fit */
	NEVER = 2, /* whatever it strikes, nothing is accepted */
};

struct wrong {
	const char *name;
	enum wrong_where where;
	unsigned on; /* all of these bits, or one of them: any_of */
	unsigned any_of;
	fits_fn fits; /* NULL: every answer */
	change_fn change;
	unsigned flags;
	enum sj_rc rc; /* how it must end; SJ_OK: in any failure */
	uint32_t n; /* for change */
	struct sj_span bytes; /* for change */
};

/* Changes that tables share: the status word w->n, with the data or alone; w->bytes and 9000. */
void change_other_status(struct liar *l, const struct wrong *w, struct answer *x);
void change_only_status(struct liar *l, const struct wrong *w, struct answer *x);
void change_answers(struct liar *l, const struct wrong *w, struct answer *x);
void answer_put_status(struct answer *x, unsigned sw);

/* All of them, in tables by kind. */
struct wrongs {
	const struct wrong *rows;
	size_t n;
};
struct wrongs wrongs_wire(void);
struct wrongs wrongs_inner(void);
struct wrongs wrongs_key_agreement(void);
struct wrongs wrongs_files(void);
struct wrongs wrongs_piv(void);
struct wrongs wrongs_gate(void);
struct wrongs wrongs_manager(void);

/* What the protection of the answer that is being made uses; change() may spoil it. */
struct liar_sm {
	struct sj_sm_keys keys;
	struct sj_ssc ssc;
	bool odd;
	uint16_t outer; /* the status word in clear; 0: as inside */
	enum { SM_WHOLE, SM_NO_STATUS, SM_EMPTY_DATA, SM_LONG_STATUS, SM_NO_PADDING } form;
};

struct liar {
	struct sj_transport head;
	struct bench *b; /* the card; NULL: answers come from `ask` */
	struct bench *other; /* another person's card; NULL: none */
	size_t (*ask)(void *user, struct sj_span command, uint8_t *response);
	void *user;
	const struct card_store *foreign; /* what the other person's card stores */
	const char *keyed; /* what is typed on the reader's keypad; NULL: it has none */

	const struct wrong *wrong; /* NULL: honest */
	unsigned at; /* the least number of the answer that it strikes, from 1 */
	unsigned struck; /* the first that it did; 0: none */

	struct sj_apdu command; /* of the answer that is being made; in clear but for its data */
	unsigned answers, inner; /* so far: on the wire, inside */
	unsigned begun; /* answers before the present call */
	int64_t until; /* the present call's deadline; 0: each command has `each` ms of its own */
	unsigned each;
	bool late; /* a command went, or might have waited, past that */
	unsigned good[256]; /* answers that said 9000 to each INS, as the reader got them */
	unsigned done[256]; /* inside, as the card said it */
	bool locked; /* the lock was asked for (SET STATUS) */
	bool endless; /* LIAR_COMMANDS_MAX was reached */
	enum sj_rc rc; /* of the present transmission */
	struct liar_sm sm;
	struct sj_writer *record; /* length (4) and answer, each; or NULL */
	struct sj_span recorded; /* of the honest run */
	uint8_t last[LIAR_ANSWER_MAX];
	size_t last_len; /* the answer before */
	uint8_t bytes[LIAR_ANSWER_MAX], inside[LIAR_ANSWER_MAX];
};

/* Begins a run; forgets what was before but `recorded`. */
void liar_begin(struct liar *l, const struct wrong *w, unsigned at);
/* The card is a copy of this one, spoilt if the wrongness is one of cards, on this interface. */
void liar_insert(struct liar *l, const struct card_store *store, enum card_interface interface);
void liar_end(struct liar *l);
/* The clock of this program, which stands still but for this and a millisecond a command, goes on by so much. */
void liar_wait(int64_t ms);
/* A call begins: its commands together have so long, which is returned, and are LIAR_COMMANDS_MAX at most. */
unsigned liar_call(struct liar *l, unsigned timeout_ms);

/* --- operations ---------------------------------------------------------------------- */

/* What became of one. */
struct outcome {
	bool accepted; /* it ended well: genuine, open, logged in, signed, issued */
	long rc;
	const char *wrong; /* what it should never do; NULL: nothing */
	size_t handed_len;
	uint8_t handed[LIAR_HANDED_MAX]; /* what was handed out as verified */
};

/* What was handed out under this name. */
void outcome_put(struct outcome *o, const char *name, const void *bytes, size_t len);
/* Reads every byte. */
void outcome_touch(const void *bytes, size_t len);

struct operation {
	const char *name;
	unsigned kind;
	/* What the card says of itself is believed: only what is changed on the wire must be seen. */
	bool card_is_believed;
	/* A piece that its issuer signed whatever the card says, and that may be missing; NULL: none. */
	const char *optional;
	void *(*open)(void);
	void (*run)(void *rig, struct liar *l, struct outcome *o);
	void (*close)(void *rig);
};

/* NULL-terminated. */
const struct operation *const *operations_document(void);
const struct operation *const *operations_eid(void);
const struct operation *const *operations_piv(void);
const struct operation *const *operations_gate(void);
const struct operation *const *operations_module(void);
const struct operation *const *operations_issue(void);

#endif
