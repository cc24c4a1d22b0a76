/*
 * bench.h -- measuring: a stage (private pcscd, cards as processes), and rows.
 *
 * A group of rows is a function in the table of main.c. It sets its stage,
 * measures, and adds rows; what it cannot measure it says with bench_skip().
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>
#include <sojourn/document.h>

#include "host/rf.h"

#define BENCH_PATH 160
#define BENCH_NO_FLOOR ((double)NAN)
#define BENCH_SLOTS 2

struct bench {
	const char *build; /* SOJOURN_BUILD */
	char dir[BENCH_PATH]; /* on tmpfs: sockets, card files, keys */
	char disk[BENCH_PATH]; /* on the disk of the build */
	pid_t pcscd;
	unsigned port; /* slot 0; slot 1 is one more */
	pid_t card[BENCH_SLOTS]; /* what dials each slot; 0: nothing */
	json_t *rows;
	unsigned gate_cards; /* of the group gate, or load; 0: the bench's default */
	bool failed, lacking;
};

/* --- rows ------------------------------------------------------------------------ */

/*
 * A figure with its floor (or BENCH_NO_FLOOR) in the same unit: "ms", "1/s", "bytes", "apdus". Nobody
 * else does the same: the note says so.
 */
void bench_row(struct bench *b, const char *id, double value, const char *unit, double floor,
	       const char *note);
/*
 * What others take for the same, in the same unit; name NULL ends the list. Beside our value stands the best
 * of them, each below. Who is missing is skipped aloud.
 */
struct bench_peer {
	const char *name;
	double value;
};
void bench_row_peers(struct bench *b, const char *id, double value, const char *unit, double floor,
		     const struct bench_peer *peers, const char *note);
/* What could not be measured, and why: in the file a row with "skipped". */
void bench_skip(struct bench *b, const char *id, const char *why);
/* The same of a peer that the table is to name, or a floor that is none: the run then ends with BENCH_INCOMPLETE. */
void bench_lack(struct bench *b, const char *id, const char *why);
#define BENCH_INCOMPLETE 3
/* Something is broken: says so; the run ends with a failure. Returns false. */
bool bench_fail(struct bench *b, const char *what);

/* The rows; each returns when it has added what it could. */
void bench_roundtrips(struct bench *b);
void bench_store(struct bench *b);
void bench_document(struct bench *b);
void bench_eid(struct bench *b);
void bench_counter(struct bench *b);
void bench_issue(struct bench *b);
void bench_load(struct bench *b);
void bench_programs(struct bench *b);
void bench_status(struct bench *b);
void bench_gate(struct bench *b);
void bench_pkcs11(struct bench *b);
void bench_publish(struct bench *b);

/* log2 of the number of sets of m among n, in bytes. */
double bench_entropy_bytes(double n, double m);
/*
 * Bytes of a signed CRL without extensions that OpenSSL makes; the serial numbers are those of
 * the bits that are set, of n. 0: failed.
 */
double bench_crl_bytes(const uint8_t *bitmap, uint32_t n);

/* --- the stage ---------------------------------------------------------------------- */

/* Folders and pcscd with two virtual readers, "Yubico Bench 00 00" and "... 00 01": ykcs11 wants the name. */
bool bench_stage_up(struct bench *b);
void bench_stage_down(struct bench *b);
#define BENCH_READER_0 "Yubico Bench 00 00"
#define BENCH_READER_1 "Yubico Bench 00 01"

/* Starts a program; argv[0] may be relative to the build. Its output is dropped. */
pid_t bench_start(struct bench *b, const char *const argv[]);
/* Runs one to its end; true: it ended with 0. */
bool bench_run(struct bench *b, const char *const argv[]);
bool bench_have(const struct bench *b, const char *program);
/* Where the system's loader finds a library; false: nowhere. */
bool bench_library(const char *name, char path[static BENCH_PATH]);
/* Where a program is: as it is if absolute, else in the build. */
void bench_full_path(const struct bench *b, const char *program, char path[static BENCH_PATH]);
/* What one run took; it is to end with that exit code. Processor's time hardly knows what else runs. */
struct bench_cost {
	double ms, cpu_ms;
	double rss; /* bytes, at most */
};
bool bench_cost(struct bench *b, const char *const argv[], int ends, struct bench_cost *out);
/* `bench --cost FILE PROGRAM [ARGUMENT...]`: the program between; its exit code. */
#define BENCH_COST "--cost"
int bench_cost_main(char **argv);
/* Puts the null card, or the card of a file, into a slot. */
bool bench_null_card(struct bench *b, unsigned slot);
bool bench_card(struct bench *b, unsigned slot, const char *file);
void bench_remove(struct bench *b, unsigned slot);

/*
 * A process between the reader at a port and a card that listens at another. It counts the
 * commands that went through; at number `cut` (0: never) it takes the card out, for BENCH_OUT_MS.
 * NULL: there is none. The end takes what was returned.
 */
#define BENCH_OUT_MS 700
#define BENCH_HOLD_MS 30
enum bench_cut {
	BENCH_CUT_BEFORE, /* the card does not get the command */
	BENCH_CUT_DURING, /* the reader gets the first half of the answer */
	BENCH_CUT_AFTER, /* the reader gets nothing of it */
	BENCH_CUTS
};
struct bench_relay {
	atomic_uint count, cut;
	atomic_uint how; /* enum bench_cut */
	atomic_uint
		hold; /* from that number on answers wait BENCH_HOLD_MS, until the card is reset; 0: none */
	_Atomic int64_t cut_ns; /* bench_ns() of the last cut */
};
struct bench_relay *bench_relay(unsigned reader_port, unsigned card_port, pid_t *pid);
void bench_relay_end(struct bench_relay *relay, pid_t pid);

/* --- time ------------------------------------------------------------------------------ */

int64_t bench_ns(void);
/* CPU time of this process so far. */
int64_t bench_own_cpu_ns(void);
/* CPU time of another process so far; -1: it cannot be told. */
int64_t bench_cpu_ns(pid_t pid);
/* The part of it outside the kernel, in steps of 10 ms; -1: it cannot be told. */
int64_t bench_user_ns(pid_t pid);
/* Most memory that a process ever had, in bytes; 0: it cannot be told. */
size_t bench_rss(pid_t pid);
/* What it has now. */
size_t bench_rss_now(pid_t pid);

/* Samples in ns. */
struct bench_samples {
	int64_t *ns;
	size_t n, cap;
};
bool bench_samples_init(struct bench_samples *s, size_t cap);
void bench_samples_free(struct bench_samples *s);
void bench_sample(struct bench_samples *s, int64_t ns);
/* The p-th percentile in ms; sorts. */
double bench_percentile(struct bench_samples *s, unsigned p);

/* --- public-key operations --------------------------------------------------------------- */

enum bench_operation {
	BENCH_BASE, /* a scalar by the generator */
	BENCH_POINT, /* a scalar by another point */
	BENCH_SIGN,
	BENCH_VERIFY,
	BENCH_Y, /* a point from its x */
	BENCH_OTHER, /* one that the floor does not know */
};

#define BENCH_CALLS_MAX 16
struct bench_calls {
	struct sj_meter meter; /* first: what counts finds the rest by it */
	struct bench_call {
		enum bench_operation operation;
		enum sj_curve curve;
		unsigned count; /* 0: the end */
	} call[BENCH_CALLS_MAX];
};

/* From now on this thread's calls of crypt are counted there; NULL: no more. */
void bench_record(struct bench_calls *calls);
/* Does these operations, ended by count 0, so many times over. */
bool bench_bare_work(const struct bench_call *calls, unsigned times);
/* Of all that was recorded, with the list of it as text. False: there is one that is not known. */
bool bench_floor(const struct bench_calls *calls, double *ms, char *text, size_t cap);

/* --- floors of conversations ---------------------------------------------------------------- */

/* What cannot be left out of a conversation through PC/SC. */
struct bench_talk {
	unsigned apdus;
	double operations_ms; /* as of bench_floor() */
	bool connects; /* with nothing there before */
	const char *kept; /* the folder in which it writes something that must stay; NULL: none */
};
/* Wall time in all, and the processor's of the commands alone, at both ends. */
struct bench_least {
	double ms, p99_ms; /* the median, and the 99th percentile */
	double cpu_ms;
	char text[160]; /* what it is made of */
};
/* Measured now, with the null card in slot 0. */
bool bench_least(struct bench *b, const struct bench_talk *talk, struct bench_least *out);

/* --- issued cards ------------------------------------------------------------------------- */

#define BENCH_CAN "267431"

/* Where everything about issuing lies; all on tmpfs. */
struct bench_place {
	char authority[BENCH_PATH + 32], csca[BENCH_PATH + 48], trust[BENCH_PATH + 32];
	char can[BENCH_PATH + 32], letter[BENCH_PATH + 32], holder[BENCH_PATH + 32];
	char whole[BENCH_PATH + 32], lean[BENCH_PATH + 32]; /* card files */
};

/* An authority, a trust store that knows it, a CAN and the lean card's holder. */
bool bench_place_make(struct bench *b, struct bench_place *p);
/* From now on lean cards have this document number. */
bool bench_holder_number(const struct bench_place *p, const char *number);
/* A blank card in a file. */
bool bench_blank(struct bench *b, const char *file);
enum bench_kind {
	BENCH_WHOLE, /* as by default */
	BENCH_LEAN, /* PACE, CA, DG1, DG2 (of 20 kB), DG14 and no more */
	BENCH_FOR_GATES, /* that, and credentials for gates */
	BENCH_EID, /* an eID card with all that it can have */
};
/* Issues to it through a pipe. */
bool bench_issue_to(struct bench *b, const struct bench_place *p, const char *file,
		    enum bench_kind kind);

/*
 * A card of a file and its reader in this process, nothing between them; NULL: failed.
 * `rf`: as in struct card_config.
 */
struct bench_inside;
struct bench_inside *bench_inside_open(const char *file, const struct card_rf *rf);
struct sj_card *bench_inside_card(struct bench_inside *in);
void bench_inside_close(struct bench_inside *in);

/* --- the timing model ---------------------------------------------------------------------- */

/*
 * What card and reader do in this thread, for the model: give `rf` to the card,
 * play, take the moment of the decision. One recording serves every chip and rate.
 */
#define BENCH_STEPS_MAX 256
struct bench_exchange {
	struct card_rf rf;
	struct card_rf_meter reader;
	size_t n;
	struct card_rf_step steps[BENCH_STEPS_MAX];
};
/* Counts from now on until it is freed; not beside bench_record(). NULL: no memory. */
struct bench_exchange *bench_exchange_new(void);
void bench_exchange_free(struct bench_exchange *e);

/* How far it has come: steps of the card, and the reader's work. */
struct bench_moment {
	size_t steps;
	struct card_rf_work reader;
};
struct bench_moment bench_exchange_now(const struct bench_exchange *e);
/* Modelled ms from card present to that moment. */
double bench_model_ms(const struct bench_exchange *e, const struct bench_moment *until,
		      enum card_chip chip, unsigned rate);
/* The least of it: what card and reader do, and the bytes at that rate; no frames, no waiting. */
double bench_model_least_ms(const struct bench_exchange *e, const struct bench_moment *until,
			    enum card_chip chip, unsigned rate);
/* Rows <prefix>.model.CHIP.RATE for all chips at 106 and 848. */
bool bench_model_rows(struct bench *b, const struct bench_exchange *e,
		      const struct bench_moment *until, const char *prefix, const char *what);

/* Prints what the card's work up to that moment is made of, in ms. */
void bench_model_shares(const struct bench_exchange *e, const struct bench_moment *until,
			enum card_chip chip);

/* --- a raw client ------------------------------------------------------------------------ */

struct bench_client;
/* Connects, waiting for a card at most ten seconds. NULL: none came. */
struct bench_client *bench_client_open(const char *reader);
/* One APDU; the response's size, 0: it failed. */
size_t bench_client_send(struct bench_client *c, const uint8_t *command, size_t len,
			 uint8_t *response, size_t cap);
void bench_client_close(struct bench_client *c);

#endif
