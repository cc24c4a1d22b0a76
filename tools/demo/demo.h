/*
 * demo.h -- the main job, end to end, before the eyes: cards are made, issued,
 * put on readers of a private pcscd and verified by a program that knows
 * nothing of all that. Then one goes to a gate.
 */
#ifndef SOJOURN_TOOLS_DEMO_DEMO_H
#define SOJOURN_TOOLS_DEMO_DEMO_H

#include <stdint.h>
#include <sys/types.h>

#include "cli/child.h"
#include "cli/cli.h"

#define DEMO_PATH_MAX 256

struct demo {
	struct cli *cli;
	char dir[64]; /* everything that the demo writes is in here */
	int log; /* standard error of the programs that are run */
	pid_t lab;
};

struct demo_path {
	char text[DEMO_PATH_MAX];
};
/* A path in the demo's directory. */
struct demo_path demo_path(const struct demo *demo, const char *format, ...) CLI_PRINTF(2, 3);
uint64_t demo_now_ms(void);
/* A member that is a text, else "". */
const char *demo_text_at(const json_t *object, const char *key);

/* --- stage.c --------------------------------------------------------------------- */

/* Makes the directory and the lab with n blank cards. */
CLI_MUST_CHECK int demo_stage_open(struct demo *demo, unsigned n);
/* Takes all down; nothing is left. */
void demo_stage_close(struct demo *demo);
/*
 * Runs a program of Sojourn (argv[0] is set here, NULL ends) and collects its
 * standard output (free it). Returns its exit code, -1: it did not run.
 */
int demo_run(struct demo *demo, const char *program, const char **argv, char **out);
/* The same, of a step that must succeed: 0, or the exit code of the failure that was told. */
int demo_step(struct demo *demo, const char *program, const char **argv);
/* "Sojourn Lab 1 00 01": reader of card i (from 0). */
struct demo_path demo_reader(unsigned i);

/* --- scenes.c -------------------------------------------------------------------- */

/* Readers: of the genuine card that is stolen in the end, and of another genuine one. */
#define DEMO_STOLEN 0u
#define DEMO_OTHER 6u
#define DEMO_EID 7u /* an eID card */

unsigned demo_cards(void);
/* Two authorities, of which one is trusted, and all the cards. */
CLI_MUST_CHECK int demo_issue(struct demo *demo);
/* Verifies them one after the other; 1 when one does not end as it should. */
CLI_MUST_CHECK int demo_play(struct demo *demo);

enum demo_event {
	DEMO_NOTHING,
	DEMO_REPORTED, /* the holder reports a theft: revoked in the register, and published */
	DEMO_SYNCED, /* the terminals fetch what was published last */
};
CLI_MUST_CHECK int demo_event(struct demo *demo, enum demo_event event);

/* --- login.c ---------------------------------------------------------------------- */

/* The genuine card at a TLS server, with OpenSSL's programs and our module; scene `number`. */
CLI_MUST_CHECK int demo_login_play(struct demo *demo, unsigned number, unsigned *wrong);

/* --- gate.c ------------------------------------------------------------------------ */

unsigned demo_gate_scenes(void);
/* Sets a gate up, of the trusted authority, and takes genuine cards there; scenes from `number`. */
CLI_MUST_CHECK int demo_gate_play(struct demo *demo, unsigned number, unsigned *wrong);
/* What the gate, once it is set up, says of a card; NULL: nothing. */
json_t *demo_gate_tap(struct demo *demo, unsigned card);

/* --- services.c --------------------------------------------------------------------- */

#define DEMO_SERVICES 3u
/* Whom eID cards believe; before one is issued. */
CLI_MUST_CHECK int demo_services_found(struct demo *demo);
/* One eID card, asked by a hotel, a pharmacy and the gate: what each is told; scenes from `number`. */
CLI_MUST_CHECK int demo_services_play(struct demo *demo, unsigned number, unsigned *wrong);

#endif
