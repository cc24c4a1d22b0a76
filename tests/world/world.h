/*
 * world.h -- a reader's process in the world: pcscd kept as systemd keeps it, an issued card behind
 * a relay, another process at the same card, and conversations with it that may be disturbed
 * at any command.
 */
#ifndef TESTS_WORLD_WORLD_H
#define TESTS_WORLD_WORLD_H

#include "pkcs11/p11.h"
#include "tests/bench/desk.h"
#include "tests/bench/gate.h"
#include "tests/reader/lab.h"

#define WORLD_READER "Test PCD 00 00"
#define WORLD_PIN "246802"
#define WORLD_OTHER_PIN "135790" /* by turns with that one */
#define WORLD_PUK "86420864"
#define WORLD_PATIENCE_MS 20000 /* for a card to be seen at all; machines are slow at times */

struct world {
	struct bench bench; /* its folder is the lab's; it has no pcscd of its own */
	struct bench_desk desk;
	struct lab lab;
	struct lab_keeper keeper;
	struct bench_relay *relay; /* commands are counted there */
	char *hurry; /* hurry.so; NULL: pcscd has its own time */
	pid_t through, card, other;
	int ask, heard; /* the other process */
	bool owed; /* an answer of it, when our transaction is over */
	struct sj_context *ctx;
	struct sj_trust *trust;
	struct sj_gate *gate;
	bool module; /* C_Initialize was called */
	double call_ms; /* the longest of its calls so far */
	CK_RV rv; /* the last one's value */
	bool issued; /* the card in the reader, by world_issue() */
	unsigned unheard; /* cards that were issued, and nobody heard of it */
	bool second, eid_second; /* the PIN of key application and eID is WORLD_OTHER_PIN now */
	char eid_pin[8]; /* the first one */
	uint8_t admin[32]; /* the key application's management key */
	size_t admin_len;
};

/* Ends the process with a message when it cannot. */
void world_up(struct world *w, bool auto_exit);
void world_down(struct world *w);
_Noreturn void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- the conversations ------------------------------------------------------------------ */

struct flow {
	const char *name;
	const char *card; /* whole.card, eid.card: in the stage's folder */
	const char *interface;
	/* Once, from a card in the reader; `shown`: it gave data, opened, or signed. */
	enum sj_rc (*run)(struct world *w, unsigned timeout_ms, bool *shown);
	unsigned own_ms; /* a deadline of its own for each call, instead; 0: none */
	bool process; /* a program of its own: commands are counted by the relay alone */
	bool blank; /* it wants one that is not issued, see world_ready() */
};
#define WORLD_FLOWS 12
extern const struct flow world_flows[WORLD_FLOWS];
bool world_is_flow(const char *name);
/* Among a program's words by its name; if none is named, each. */
bool world_named(const struct flow *f, int argc, char **argv);

/*
 * flows_change.c. Each finds the card as the one before was to leave it, or as that one found it, and
 * nothing else; it does not recover otherwise.
 */
enum sj_rc world_key_pin(struct world *w, unsigned timeout_ms, bool *shown);
enum sj_rc world_key_unblock(struct world *w, unsigned timeout_ms, bool *shown);
enum sj_rc world_key_make(struct world *w, unsigned timeout_ms, bool *shown);
enum sj_rc world_eid_pin(struct world *w, unsigned timeout_ms, bool *shown);
enum sj_rc world_card_rotate(struct world *w, unsigned timeout_ms, bool *shown);
enum sj_rc world_card_lock(struct world *w, unsigned timeout_ms, bool *shown);
enum sj_rc world_issue(struct world *w, unsigned timeout_ms, bool *shown);
/* The management key of whole.card. */
bool world_read_admin(struct world *w);

/* The flow's card is put in; then the flow once, undisturbed: the commands that it takes. */
unsigned world_begin(struct world *w, const struct flow *f);
void world_end(struct world *w);
/* Before each: a card that was issued gives way to a blank one, in time that is none of the flow's. */
void world_ready(struct world *w, const struct flow *f);
/* Again and again until it succeeds; ms since `start` (bench_ns()). */
double world_recover(struct world *w, const struct flow *f, int64_t start);

/* --- the other process -------------------------------------------------------------------- */

/*
 * R: resets the card; T: takes a transaction, U: gives it back; P: waits until a card is seen by
 * who asks anew; D: lets go of everything.
 */
void world_other_ask(struct world *w, char what);
void world_other_hear(struct world *w);
void world_other(struct world *w, char what); /* both */

/* --- this process's calls of PC/SC (linked with --wrap) ------------------------------------- */

struct hook {
	unsigned at; /* the SCardTransmit, from 1; 0: none */
	bool after; /* else before it */
	void (*fire)(struct world *w);
	struct world *world;
};
/* From now on; commands and calls count from 1 again. */
void world_hook(const struct hook *hook);
unsigned world_hook_count(void);
/* Where this process is. */
struct moment {
	const char *call; /* of PC/SC, that is under way; NULL: none */
	unsigned calls; /* that have begun */
};
struct moment world_moment(void);
/* This process has the card for itself at the moment. */
bool world_in_transaction(void);

/* --- what this process has --------------------------------------------------------------------- */

struct holdings {
	unsigned descriptors, threads;
	size_t rss;
};
struct holdings world_holdings(void);

#define WORLD_GROWTH_MAX 1000u
/*
 * The heap in use after each of many disturbances; more than the most are not noted. Exact without
 * malloc's cache of each thread (GLIBC_TUNABLES=glibc.malloc.tcache_count=0), what is in which counts as used.
 */
struct growth {
	size_t n;
	double bytes[WORLD_GROWTH_MAX];
};
void world_growth_note(struct growth *g);
/* Bytes for one disturbance more, in the second half: the median of all pairs' slopes (Theil and Sen). */
double world_growth_slope(const struct growth *g);

#endif
