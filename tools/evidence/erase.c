/* erase.c -- `sojourn evidence erase`: what is due, or one record. */
#include <string.h>

#include "evidence/tool.h"

static int run_erase(struct cli *cli)
{
	struct cli_journal *journal = NULL;
	bool one = cli_argument(cli, 0) != NULL;
	uint64_t number = 0, n = 0;
	enum sj_rc erased;
	int rc = one ? evidence_number(cli, &number) : 0;

	if (rc == 0)
		rc = evidence_open(cli, &journal);
	if (rc != 0)
		return rc;
	erased = one ? sj_journal_erase_record(cli_journal_store(journal), number, &n)
		     : cli_journal_erase_due(journal, &n);
	cli_journal_close(journal);
	if (erased != SJ_OK)
		return cli_fail(cli, erased, "%s", cli_setting(cli, "journal"));
	if (one && n == 0)
		cli_line(cli, CLI_MARK_PLAIN, "nothing",
			 "record %llu is not there, or seals nothing", (unsigned long long)number);
	else
		cli_line(cli, CLI_MARK_GOOD, "erased", "%llu records", (unsigned long long)n);
	if (!cli_json(cli))
		return 0;
	return cli_json_print(cli, EVIDENCE_SCHEMA, json_pack("{s:I}", "erased", (json_int_t)n));
}

static const struct cli_option erase_options[] = { EVIDENCE_JOURNAL_OPTION, { 0 } };
static const struct cli_positional erase_positionals[] = {
	{ "N", "number of a record; none: everything that is due", CLI_COMPLETE_NONE, NULL, true,
	  false },
	{ 0 },
};
static const char *const erase_examples[] = {
	"sojourn evidence erase # what is due; a timer does it every hour",
	"sojourn evidence erase 17 # what is sealed in this record, before its time",
	NULL,
};
static const enum sj_rc erase_failures[] = { SJ_INPUT_UNREADABLE, SJ_JOURNAL_BROKEN,
					     SJ_OUTPUT_FAILED, SJ_TIMED_OUT, SJ_OK };

const struct cli_command evidence_erase = {
	.noun = "evidence",
	.verb = "erase",
	.summary = "erase what is due, or what is sealed in one record",
	.description =
		"Key and data go for good, also from the log of the database; the record stays,\n"
		"and the chain still holds. It can no longer be card-signed: the chip's answer\n"
		"goes with the data. Works while others write.",
	.features = CLI_JSON,
	.options = erase_options,
	.positionals = erase_positionals,
	.examples = erase_examples,
	.failures = erase_failures,
	.run = run_erase,
};
