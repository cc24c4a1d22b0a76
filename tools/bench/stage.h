/* stage.h -- the temporary folder in which our exchanges are played. */
#ifndef SOJOURN_TOOLS_BENCH_STAGE_H
#define SOJOURN_TOOLS_BENCH_STAGE_H

#include <sojourn/gate.h>

#include "bench/bench.h"

#define TEMPLATE "/tmp/sojourn-bench-XXXXXX"
#define NAME_MAX_SIZE 40u

struct stage {
	struct cli *cli;
	char dir[sizeof(TEMPLATE)];
	int log; /* standard error of the programs that are run */
	struct sj_gate *gate;
	struct card_rf_meter meter; /* of the reader, while an exchange is played */
	/* Where a row ends before its exchange does; 0 commands: it does not. */
	size_t decided_commands;
	struct card_rf_work decided_reader;
};

struct path {
	char text[sizeof(TEMPLATE) + NAME_MAX_SIZE];
};
struct path in_stage(const struct stage *s, const char *name);
/* Runs a program of Sojourn (argv[0] is set here); a failure is told. */
CLI_MUST_CHECK int run_program(struct stage *s, const char *program, const char **argv);

/* --- gate.c --------------------------------------------------------------------------- */

/* A gate that the stage's authority has signed, and that believes it. */
CLI_MUST_CHECK int stage_gate_open(struct stage *s);
/* Taps that must open; a row ends with the decision. */
enum sj_rc stage_gate_tap(struct stage *s, struct sj_card *card); /* leaves no ticket */
enum sj_rc stage_gate_tap_ticket(struct stage *s, struct sj_card *card); /* leaves one */
enum sj_rc stage_gate_repeat(struct stage *s, struct sj_card *card); /* by that ticket */

#endif
