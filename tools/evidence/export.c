/* export.c -- `sojourn evidence export`: a record as a file that proves itself. */
#include <stdlib.h>
#include <string.h>

#include "evidence/tool.h"

static int write_export(struct cli *cli, const struct cli_journal *journal, uint64_t number,
			const uint8_t *key)
{
	struct sj_export_options options = SJ_EXPORT_OPTIONS_INIT;
	uint8_t *bytes = NULL;
	const char *why = NULL;
	size_t len = 0;
	enum sj_rc rc;
	int code;

	options.operator_key = key;
	options.data = cli_given(cli, "data");
	rc = sj_evidence_export(cli_journal_store(journal), cli_journal_public(journal), number,
				&options, &bytes, &len, &why);
	if (rc != SJ_OK)
		return cli_fail(cli, rc, "record %llu%s%s", (unsigned long long)number,
				why != NULL ? ": " : "", why != NULL ? why : "");
	code = cli_file_write(cli, cli_value(cli, "out"), bytes, len, 0600);
	sj_export_free(bytes, len);
	return code;
}

static int run_export(struct cli *cli)
{
	uint8_t key[SJ_OPERATOR_KEY] = { 0 };
	struct cli_journal *journal = NULL;
	uint64_t number = 0;
	bool given = false;
	int rc;

	if (cli_value(cli, "out") == NULL)
		return cli_usage(cli, "--out FILE is due");
	if (cli_given(cli, "data") && !cli_given(cli, "operator-key"))
		return cli_usage(cli, "--data needs --operator-key");
	rc = evidence_number(cli, &number);
	if (rc == 0)
		rc = evidence_operator(cli, key, &given);
	if (rc == 0)
		rc = evidence_open(cli, &journal);
	if (rc == 0)
		rc = write_export(cli, journal, number, given ? key : NULL);
	explicit_bzero(key, sizeof(key));
	cli_journal_close(journal);
	return rc;
}

static const struct cli_option export_options[] = {
	EVIDENCE_JOURNAL_OPTION,
	{ .name = "out",
	  .argument = "FILE",
	  .help = "file to write",
	  .complete = CLI_COMPLETE_FILE },
	EVIDENCE_KEY_OPTIONS,
	{ .name = "data", .help = "with the data that were kept; needs the operator's key" },
	{ 0 },
};
static const struct cli_positional export_positionals[] = {
	{ "N", "number of the record", CLI_COMPLETE_NONE, NULL, false, false },
	{ 0 },
};
static const char *const export_examples[] = {
	"sojourn evidence export 17 --out 17.evidence # what the terminal says",
	"sojourn evidence export 17 --out 17.evidence --operator-key office.key # and the chip's signature",
	"sojourn evidence export 17 --out 17.evidence --operator-key office.key --data",
	NULL,
};
static const enum sj_rc export_failures[] = { SJ_INPUT_REFUSED, SJ_JOURNAL_BROKEN, SJ_KEY_STORE,
					      SJ_OUTPUT_FAILED, SJ_OK };

const struct cli_command evidence_export = {
	.noun = "evidence",
	.verb = "export",
	.summary = "write a record to a file that proves itself",
	.description =
		"The file has the record, its place in the chain up to a signed head, and the\n"
		"terminal's certificates. With the operator's private key it also has what the\n"
		"chip answered: only then can it be card-signed; the holder's data come with\n"
		"--data alone.\n"
		"\n"
		"What the chip answered identifies the card: give it to those who need it.",
	.options = export_options,
	.positionals = export_positionals,
	.examples = export_examples,
	.failures = export_failures,
	.run = run_export,
};
