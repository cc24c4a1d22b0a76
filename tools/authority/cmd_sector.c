/* cmd_sector.c -- authority sector-new, sector-list. */
#include <stdio.h>

#include "authority/ceremony.h"
#include "authority/commands.h"
#include "authority/sector.h"
#include "wire/hex.h"

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const enum sj_rc sector_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					      SJ_INPUT_REFUSED, SJ_KEY_STORE, SJ_OK };

/* --- sector-new ------------------------------------------------------------------------ */

static const struct cli_option new_options[] = {
	{ "operator", 0, "HEX8", "the operator's id, eight hexadecimal digits; needed",
	  CLI_COMPLETE_NONE, NULL, false },
	CEREMONY_OPTION,
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int new_run(struct cli *cli)
{
	struct authority a = { .lock = -1 };
	struct ceremony before;
	uint32_t operator_id;
	int rc = sector_operator(cli, true, &operator_id);

	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	before = ceremony_begin(&a);
	if (rc == 0)
		rc = sector_make(&a, operator_id);
	if (rc == 0)
		rc = ceremony_end(&a, &before);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(cli,
			 "%s/sector-%08x.cvkey made: it goes to the operator's terminals, as "
			 "sector.cvkey",
			 cli_argument(cli, 0), operator_id);
	authority_close(&a);
	return rc;
}

static const char *const new_examples[] = {
	"sojourn authority sector new utopia --operator 00004711",
	NULL,
};

const struct cli_command authority_sector_new_command = {
	.noun = "authority",
	.verb = "sector-new",
	.summary = "make an operator's sector key, for pseudonyms",
	.description =
		"Cards give each sector key a pseudonym of its own (Restricted Identification):\n"
		"the same at all terminals of one operator, and never the same at two. The\n"
		"public half, DIR/sector-HEX8.cvkey, goes to the terminals ('authority terminal\n"
		"sign --folder' copies it), whose certificates have its hash. The private half\n"
		"stays here; with it 'authority publish' tells that operator which of its\n"
		"pseudonyms are revoked. An operator that got another key would not know its\n"
		"customers again: there is no renewing.",
	.features = CLI_KEYS,
	.options = new_options,
	.positionals = directory_only,
	.examples = new_examples,
	.failures = sector_failures,
	.run = new_run,
};

/* --- sector-list ------------------------------------------------------------------------ */

static int list(struct cli *cli, const struct authority *a)
{
	char hash[2 * SJ_RI_IDENTIFIER + 1], id[9];
	json_t *rows = json_array();
	uint32_t operator_id;
	struct sector s;
	int rc = 0;

	for (size_t i = 0; rc == 0 && sector_at(a, i, &operator_id); i++) {
		rc = sector_get(a, operator_id, &s);
		if (rc != 0)
			break;
		sj_hex_text(SJ_SPAN_OF(s.hash), SJ_HEX_LOWER, hash, sizeof(hash));
		snprintf(id, sizeof(id), "%08x", operator_id);
		json_array_append_new(rows,
				      json_pack("{s:s, s:s}", "operator", id, "keyHash", hash));
		if (!cli_json(cli))
			cli_print(cli, "%s %s\n", id, hash);
	}
	if (rc == 0 && cli_json(cli))
		return cli_json_print(cli, 1, json_pack("{s:o}", "sectors", rows));
	json_decref(rows);
	return rc;
}

static int list_run(struct cli *cli)
{
	struct authority a;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);

	if (rc == 0)
		rc = list(cli, &a);
	authority_close(&a);
	return rc;
}

static const char *const list_examples[] = { "sojourn authority sector list utopia", NULL };

const struct cli_command authority_sector_list_command = {
	.noun = "authority",
	.verb = "sector-list",
	.summary = "list the operators that have a sector key, and its hash",
	.features = CLI_JSON,
	.positionals = directory_only,
	.examples = list_examples,
	.failures = sector_failures,
	.run = list_run,
};
