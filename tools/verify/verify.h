/* verify.h -- what the files of this program share. */
#ifndef SOJOURN_TOOLS_VERIFY_VERIFY_H
#define SOJOURN_TOOLS_VERIFY_VERIFY_H

#include <sojourn/document.h>

#include "cli/cli.h"

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
