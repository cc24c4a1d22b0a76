/*
 * bench.h -- `sojourn bench rf`: what exchanges take on the air, ours beside
 * those of others.
 *
 * To add a row of ours: a row in the table of own.c with the function that
 * plays the exchange with a card; the card itself counts. To add one of
 * others: a row in peers.c.
 */
#ifndef SOJOURN_TOOLS_BENCH_BENCH_H
#define SOJOURN_TOOLS_BENCH_BENCH_H

#include "cli/cli.h"
#include "host/rf.h"

#define BENCH_SCHEMA 1
#define BENCH_STEPS_MAX 512

extern const struct cli_command bench_rf_command;

/* An exchange, whatever the chip and the rate. */
struct bench_row {
	const char *name;
	const char *properties; /* what it gives and what it lacks */
	/* How the bytes are known: m(easured), s(pecification), e(stimate), c(ounted in this run). */
	char source;
	bool ours;
	bool logic; /* the card is fixed logic, whatever the chip */
	struct card_rf_work reader; /* on the critical path */
	size_t n;
	struct card_rf_step steps[BENCH_STEPS_MAX];
};

/* The i-th row of others; false: past the end. */
bool bench_peer(size_t i, struct bench_row *out);

/*
 * Issues a card in a temporary folder, plays our exchanges with it and tells
 * each row. Nothing is left. A failure is told, and what the programs said.
 */
CLI_MUST_CHECK int bench_own(struct cli *cli, void (*tell)(void *self, const struct bench_row *row),
			     void *self);

#endif
