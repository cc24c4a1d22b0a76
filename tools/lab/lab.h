/*
 * lab.h -- a private pcscd with virtual readers and running cards.
 *
 * Everything of a lab lives in one directory and under one process, the
 * keeper: when it ends, whatever the reason, its children end too. It holds a
 * lock on the file `lab.lock`, which also marks the directory as ours.
 */
#ifndef SOJOURN_TOOLS_LAB_LAB_H
#define SOJOURN_TOOLS_LAB_LAB_H

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/child.h"
#include "cli/cli.h"

/* pcscd has at most 16 readers, the driver two of them a device. */
#define LAB_CARDS_MAX 16
#define LAB_PATH_MAX 96 /* of the directory: sun_path has 108 bytes, and the socket stands in it */
#define LAB_READER_NAME "Sojourn Lab"

struct lab {
	struct cli *cli;
	char dir[LAB_PATH_MAX];
	unsigned cards;
	bool blank; /* cards are not personalised */
	bool eid; /* they are eID cards, and there are terminals for them */
	bool open_ports; /* the readers' ports are not hidden in a network of our own */
	uint16_t port; /* of the first reader */
	int lock;
	pid_t pcscd;
	pid_t card[LAB_CARDS_MAX];
};

/* --- directory.c ------------------------------------------------------------------- */

/* The directory that was asked for, or the default; absolute. */
CLI_MUST_CHECK int lab_directory(struct cli *cli, char dir[static LAB_PATH_MAX]);
/* A path in the directory. */
struct lab_path {
	char text[LAB_PATH_MAX + 96];
};
struct lab_path lab_path(const char *dir, const char *format, ...) CLI_PRINTF(2, 3);
/* Makes it or takes it over, clean, and locks it. */
CLI_MUST_CHECK int lab_directory_take(struct lab *lab);
/* The keeper's process; 0: none runs; -1: this is not a lab's directory. */
pid_t lab_directory_keeper(const char *dir);

/* --- network.c --------------------------------------------------------------------- */

/*
 * The driver listens on all addresses: moves this process into a network
 * namespace of its own when the system allows it, and chooses the ports.
 * Before any thread is started.
 */
CLI_MUST_CHECK int lab_network(struct lab *lab);

/* --- pcscd.c ----------------------------------------------------------------------- */

/* Writes the readers' configuration and starts pcscd on the socket of the directory. */
CLI_MUST_CHECK int lab_pcscd_start(struct lab *lab);
/* Points this process, and those it starts, to that socket. */
void lab_pcscd_use(const char *dir);

/* --- cards.c ----------------------------------------------------------------------- */

/* "Sojourn Lab 1 00 01": the reader of card i (from 0). */
struct lab_path lab_reader(unsigned i);
/* The file that is there as long as card i is taken out of its reader. */
struct lab_path lab_card_mark(const char *dir, unsigned i);
/* Makes the card file (unless it is there) and starts the card. */
CLI_MUST_CHECK int lab_card_start(struct lab *lab, unsigned i);
/* Waits until a card is present in every reader that has one. */
CLI_MUST_CHECK int lab_cards_wait(struct lab *lab);
/* Waits until the reader of card i has one, or none. */
CLI_MUST_CHECK int lab_card_wait(struct lab *lab, unsigned i, bool there);

/* --- tap.c ------------------------------------------------------------------------- */

extern const struct cli_command lab_take_command, lab_put_command;

/* --- personalise.c ----------------------------------------------------------------- */

/* A developer authority, its trust store, and a holder on every card. */
CLI_MUST_CHECK int lab_personalise(struct lab *lab);
/* Runs a program of Sojourn (argv[0] is set here) to its end; its results go to the lab's log. */
CLI_MUST_CHECK int lab_run(struct lab *lab, const char *program, const char **argv);

/* --- terminals.c ------------------------------------------------------------------- */

/* The authority's CVCAs, whom eID cards believe, and its document verifier. */
CLI_MUST_CHECK int lab_verifiers(struct lab *lab);
/* Terminals of some services, a folder each. */
CLI_MUST_CHECK int lab_terminals(struct lab *lab);
/* The i-th: its folder's name and its service; NULL: past the end. */
const char *lab_terminal_at(unsigned i, const char **service);

/* --- keeper.c ---------------------------------------------------------------------- */

/*
 * Starts all of it, calls ready() and keeps it running until a signal comes;
 * then takes it down and removes the directory. ready() returns false to end.
 */
CLI_MUST_CHECK int lab_keep(struct lab *lab, bool (*ready)(void *user), void *user);

/* In a child before exec: it ends when the keeper (const pid_t *) does. */
bool lab_follow(void *keeper);

#endif
