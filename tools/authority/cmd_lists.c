/* cmd_lists.c -- authority masterlist, crl. */
#include <stdlib.h>

#include "authority/commands.h"
#include "authority/crl.h"
#include "authority/masterlist.h"
#include "authority/signatures.h"

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const enum sj_rc list_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					    SJ_INPUT_REFUSED, SJ_OUTPUT_FAILED, SJ_OK };

/* --- masterlist -------------------------------------------------------------- */

static const struct cli_option masterlist_options[] = {
	{ "out", 'o', "FILE", "where the list goes", CLI_COMPLETE_FILE, NULL, false },
	{ "add", 'a', "FILE", "another country's CSCA certificate (DER); may be repeated",
	  CLI_COMPLETE_FILE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int masterlist_run(struct cli *cli)
{
	struct authority a = { .lock = -1 };
	uint8_t *bytes = NULL;
	size_t len = 0, n = 0;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);

	if (rc == 0 && !cli_given(cli, "out"))
		rc = cli_usage(cli, "--out FILE is needed");
	if (rc == 0)
		rc = masterlist_make(&a, &bytes, &len, &n);
	if (rc == 0)
		rc = signatures_flush(&a);
	if (rc == 0)
		rc = cli_file_write(cli, cli_value(cli, "out"), bytes, len, 0644);
	if (rc == 0)
		cli_note(cli, "%s: %zu certificates", cli_value(cli, "out"), n);
	free(bytes);
	authority_close(&a);
	return rc;
}

static const char *const masterlist_examples[] = {
	"sojourn authority masterlist utopia --out utopia.ml",
	"sojourn authority masterlist utopia --add freedonia.cer --out friends.ml",
	NULL,
};

const struct cli_command authority_masterlist_command = {
	.noun = "authority",
	.verb = "masterlist",
	.summary = "sign a master list of CSCA certificates",
	.description = "The list holds all CSCA and link certificates of the authority and those\n"
		       "added. A master list signer is made when there is none.",
	.features = CLI_KEYS,
	.options = masterlist_options,
	.positionals = directory_only,
	.examples = masterlist_examples,
	.failures = list_failures,
	.run = masterlist_run,
};

/* --- crl --------------------------------------------------------------------- */

static const struct cli_option crl_options[] = {
	{ "out", 'o', "FILE", "where the list goes", CLI_COMPLETE_FILE, NULL, false },
	{ "revoke", 'r', "SERIAL", "revoke this certificate (hexadecimal); may be repeated",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "days", 0, "N", "days until the next list is due (default 90)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int crl_run(struct cli *cli)
{
	struct authority a = { .lock = -1 };
	unsigned long days = CRL_DAYS;
	int rc = cli_number(cli, "days", 1, 3660, &days);

	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0)
		rc = crl_mark(&a, AUTHORITY_CSCA);
	if (rc == 0)
		rc = crl_write(&a, AUTHORITY_CSCA, authority_current(&a, AUTHORITY_CSCA), days);
	authority_close(&a);
	return rc;
}

static const char *const crl_examples[] = {
	"sojourn authority crl utopia --out utopia.crl",
	"sojourn authority crl utopia --revoke 4f0c... --out utopia.crl # serial: authority show",
	NULL,
};

const struct cli_command authority_crl_command = {
	.noun = "authority",
	.verb = "crl",
	.summary = "sign a revocation list, after revoking certificates",
	.features = CLI_KEYS,
	.options = crl_options,
	.positionals = directory_only,
	.examples = crl_examples,
	.failures = list_failures,
	.run = crl_run,
};
