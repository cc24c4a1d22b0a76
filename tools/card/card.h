/* card.h -- what the files of `sojourn card` share. */
#ifndef SOJOURN_TOOLS_CARD_CARD_H
#define SOJOURN_TOOLS_CARD_CARD_H

#include <stdio.h>

#include "cli/cli.h"
#include "host/card.h"
#include "host/store.h"

#define CARD_SCHEMA 1

extern const struct cli_command card_feed_command;
extern const struct cli_command card_new_command;
extern const struct cli_command card_run_command;
extern const struct cli_command card_show_command;

/* The positional argument that all of them take. */
extern const struct cli_positional card_file_argument[];

/* Opens the card file of the command line. A failure is told; errno is used up. */
CLI_MUST_CHECK int card_file_open(struct cli *cli, struct card_store **out);
/* Tells what happened to the card file; errno belongs to CARD_STORE_IO. */
int card_file_fail(struct cli *cli, enum card_store_rc rc, const char *path);

/* Whether errno speaks of permission. */
bool card_file_denied(void);

/* A card of ours; only interface, clock and rf of the configuration are set. NULL: told. */
struct card *card_load(struct cli *cli, struct card_store *store, struct card_config config);

/* --interface; contactless by default. */
enum card_interface card_interface_asked(const struct cli *cli);
/*
 * --rf, --chip and --rf-log; *log is to be closed, NULL: none. The caller sets
 * rf->self to it.
 */
CLI_MUST_CHECK int card_rf_read(struct cli *cli, struct card_rf *rf, FILE **log);

#endif
