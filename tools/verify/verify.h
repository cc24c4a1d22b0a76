/* verify.h -- what the files of this program share. */
#ifndef SOJOURN_TOOLS_VERIFY_VERIFY_H
#define SOJOURN_TOOLS_VERIFY_VERIFY_H

#include "cli/journal.h"

/* One verification: of a whole document (a report), or for a service (an answer). */
struct verify_run {
	struct cli *cli;
	struct sj_trust *trust;
	struct sj_access *access;
	struct sj_card *card;
	struct sj_report *report;
	struct sj_service service;
	struct sj_terminal *terminal;
	struct sj_answer *answer;
	struct cli_journal *journal; /* NULL: nothing is recorded */
	struct sj_evidence *evidence;
	uint64_t record; /* its number; 0: none */
};

/* --- card.c ---------------------------------------------------------------- */

/* The CAN or the MRZ, from options or the terminal. */
CLI_MUST_CHECK int verify_get_access(struct verify_run *run);
/* Waits for a card on the reader, unless there is one already. */
CLI_MUST_CHECK int verify_open_card(struct verify_run *run);
/* Tells a failure of the card: with the reader's name, and of a card that is no document what it is. */
int verify_fail_card(struct verify_run *run, enum sj_rc rc);

/* --- service.c --------------------------------------------------------------- */

/* Asks the card for --service; the answer is in run->answer. */
CLI_MUST_CHECK int verify_service(struct verify_run *run);
/* Prints the answer, for people or as JSON. */
CLI_MUST_CHECK int verify_service_tell(struct verify_run *run);

/* --- record.c ------------------------------------------------------------------ */

/* When a journal is configured: opens it, and has the chip sign what is asked. */
CLI_MUST_CHECK int verify_record_begin(struct verify_run *run, struct sj_service_options *options);
/* Records the answer, or without one why there is none. Else nothing may be told. */
CLI_MUST_CHECK int verify_record(struct verify_run *run, enum sj_rc failure);
void verify_record_end(struct verify_run *run);

/* --- portrait.c ---------------------------------------------------------------- */

/* Removes what --portrait-out names, if it is a file. */
CLI_MUST_CHECK int verify_portrait_forget(struct cli *cli);
/* Of the report or answer: draws it for --draw and writes it for --portrait-out. */
CLI_MUST_CHECK int verify_portrait(struct verify_run *run);

/* --- show.c, json.c ------------------------------------------------------------ */

/* The verdict in capital letters, its reason and what to do. */
void verify_show_verdict(struct cli *cli, enum sj_verdict verdict, enum sj_rc reason);
void verify_show_check(struct cli *cli, const struct sj_check *check, const char *name);
void verify_show_statistics(struct cli *cli, const struct sj_statistics *statistics);
/* {id, name, text, action}, or null. */
json_t *verify_reason_json(enum sj_rc rc);
/* {KIND: name, state, reason, detail} */
json_t *verify_check_json(const struct sj_check *check, const char *kind, const char *name);
json_t *verify_statistics_json(const struct sj_statistics *statistics);

/* Prints the report for people: verdict, checks, holder, figures. */
void verify_show(struct cli *cli, const struct sj_report *report);
/* Prints it as JSON (tools/schema/verify.schema.json). Returns the exit code of printing. */
CLI_MUST_CHECK int verify_json(struct cli *cli, const struct sj_report *report);

/*
 * Judges the files EF.SOD.bin, EF.COM.bin, DG1.bin, ... of a folder, as
 * `sojourn issue --files-out` writes them. Returns 0 or the exit code of what it told.
 */
CLI_MUST_CHECK int verify_files(struct cli *cli, const char *directory, struct sj_trust *trust,
				struct sj_report **out);

/*
 * Writes the files that may be handed out in the same way: those of a forgery
 * without its data groups.
 */
CLI_MUST_CHECK int verify_files_out(struct cli *cli, const char *directory,
				    const struct sj_report *report);

/* The holder's fields in the order to show them, empty ones too. Wipe it after use. */
#define VERIFY_FIELDS 17
struct verify_holder {
	struct sj_holder holder;
	struct verify_field {
		const char *key; /* as in JSON */
		const char *label; /* for people */
		const char *value; /* inside this struct; dates are YYYY-MM-DD */
	} fields[VERIFY_FIELDS];
	char dates[3][11];
};
/* False: there is nothing that may be shown. */
CLI_MUST_CHECK bool verify_holder(const struct sj_report *report, struct verify_holder *out);

#endif
