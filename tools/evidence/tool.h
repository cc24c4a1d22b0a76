/* tool.h -- what the files of `sojourn evidence` share. */
#ifndef SOJOURN_TOOLS_EVIDENCE_TOOL_H
#define SOJOURN_TOOLS_EVIDENCE_TOOL_H

#include <time.h>

#include "cli/journal.h"
#include "cli/services.h"

#define EVIDENCE_SCHEMA 1

extern const struct cli_command evidence_list;
extern const struct cli_command evidence_show;
extern const struct cli_command evidence_export;
extern const struct cli_command evidence_verify;
extern const struct cli_command evidence_check;
extern const struct cli_command evidence_erase;
extern const struct cli_command evidence_keep;
extern const struct cli_command evidence_operator_key;

#define EVIDENCE_JOURNAL_OPTION \
	{ \
		.name = "journal", .letter = 'j', .argument = "DIR", \
		.help = "folder of the journal; default: the configuration's", \
		.complete = CLI_COMPLETE_DIRECTORY \
	}
#define EVIDENCE_KEY_OPTIONS \
	{ .name = "operator-key", \
	  .argument = "FILE", \
	  .help = "private key of the operator's office", \
	  .complete = CLI_COMPLETE_FILE }, \
		CLI_SECRET_OPTIONS("passphrase", "passphrase of the operator's key")

/* --- common.c ------------------------------------------------------------------------ */

/* The journal of --journal or the configuration, to be read. */
CLI_MUST_CHECK int evidence_open(struct cli *cli, struct cli_journal **out);
/* The argument N. */
CLI_MUST_CHECK int evidence_number(struct cli *cli, uint64_t *out);
/* The record of that number; its bytes belong to the store. */
CLI_MUST_CHECK int evidence_record(struct cli *cli, const struct cli_journal *journal,
				   uint64_t number, struct sj_journal_record *out);
/* The key of --operator-key, asking for its passphrase if it has one. *given: there was one. Wipe it. */
CLI_MUST_CHECK int evidence_operator(struct cli *cli, uint8_t key[static SJ_OPERATOR_KEY],
				     bool *given);
/* "2026-11-25T06:30:00Z" */
struct cli_time evidence_time(int64_t when);

/* --- words.c: a record as text and as JSON -------------------------------------------- */

json_t *evidence_json(const struct sj_evidence_info *info);
json_t *evidence_kept_json(const struct sj_kept *kept);
void evidence_print(struct cli *cli, const struct sj_evidence_info *info);
void evidence_kept_print(struct cli *cli, const struct sj_kept *kept);
/* "card-signed" or "operator-attested", as the record claims. */
const char *evidence_outcome(const struct sj_evidence_info *info);

#endif
