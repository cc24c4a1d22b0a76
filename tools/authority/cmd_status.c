/* cmd_status.c -- authority status-build, status-revoke, status-list, status-staple, status-export. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/commands.h"
#include "authority/register.h"
#include "authority/statuslist.h"
#include "authority/token.h"

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const enum sj_rc status_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED,
					      SJ_INPUT_REFUSED, SJ_OUTPUT_FAILED, SJ_OK };

/* --- status-build ------------------------------------------------------------ */

static const struct cli_option build_options[] = {
	{ "out", 'o', "FILE", "where the list goes, beside DIR/status.list", CLI_COMPLETE_FILE,
	  NULL, false },
	{ "delta", 'd', "FILE", "--out gets what leads from this older list to the new one",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "days", 0, "N", "days until the next list is due (default 1)", CLI_COMPLETE_NONE, NULL,
	  false },
	{ "indices", 0, "N", "from now on so many indices a partition, not fewer than before",
	  CLI_COMPLETE_NONE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int enlarge(struct authority *a)
{
	json_t *status = json_object_get(a->state, "status");
	unsigned long indices =
		(unsigned long)json_integer_value(json_object_get(status, "indices"));
	int rc = cli_number(a->cli, "indices", indices, TOKEN_INDICES_MAX, &indices);

	if (rc == 0 && status == NULL)
		rc = cli_fail(a->cli, SJ_INPUT_REFUSED,
			      "%s: no status signer; make it with `authority gate init`",
			      a->directory);
	if (rc == 0 &&
	    json_object_set_new(status, "indices", json_integer((json_int_t)indices)) != 0)
		rc = cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	return rc;
}

static int build_run(struct cli *cli)
{
	const char *out = cli_value(cli, "out"), *old = cli_value(cli, "delta");
	struct statuslist list = { .bytes = NULL };
	struct holder_register *r = NULL;
	struct authority a = { .lock = -1 };
	unsigned long days = 1;
	int rc = cli_number(cli, "days", 1, 90, &days);

	if (rc == 0 && old != NULL && out == NULL)
		rc = cli_usage(cli, "--delta FILE needs --out FILE");
	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0)
		rc = enlarge(&a);
	if (rc == 0)
		rc = register_open(&a, &r);
	if (rc == 0)
		rc = statuslist_build(&a, r, (uint32_t)days * 86400u, &list);
	/* First the registry: an epoch may be lost, never given twice. */
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		rc = authority_file_write(&a, "status", ".list", sj_span(list.bytes, list.len),
					  0644);
	if (rc == 0 && old != NULL)
		rc = statuslist_write_delta(cli, &list, old, out);
	else if (rc == 0 && out != NULL)
		rc = cli_file_write(cli, out, list.bytes, list.len, 0644);
	if (rc == 0)
		cli_note(cli, "epoch %u: %zu revoked, %zu bytes", list.epoch, list.revoked,
			 list.len);
	statuslist_free(&list);
	register_close(r);
	authority_close(&a);
	return rc;
}

static const char *const build_examples[] = {
	"sojourn authority status build utopia --out utopia.list",
	"sojourn authority status build utopia --delta yesterday.list --out today.delta",
	NULL,
};

const struct cli_command authority_status_build_command = {
	.noun = "authority",
	.verb = "status-build",
	.summary = "sign the status list of all that was issued and revoked so far",
	.description =
		"The list covers every month in which a credential may expire, so that what is\n"
		"issued tomorrow is known as good today. DIR/status.list is always the newest\n"
		"one. Each list has an epoch, one more than the last.",
	.features = CLI_KEYS,
	.options = build_options,
	.positionals = directory_only,
	.examples = build_examples,
	.failures = status_failures,
	.run = build_run,
};

/* --- status-revoke ----------------------------------------------------------- */

static const struct cli_option document_option[] = {
	{ "document", 'd', "NUMBER", "the document's number; needed, may be repeated",
	  CLI_COMPLETE_NONE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

/* In one change of its own. */
static int revoke(struct holder_register *r, struct cli *cli, const char *number)
{
	struct register_document d;
	bool found;
	int rc = register_find(r, number, &d, &found);

	if (rc == 0 && !found)
		rc = cli_fail(cli, SJ_INPUT_REFUSED, "%s: nothing was issued to this number",
			      number);
	if (rc == 0)
		rc = register_begin(r);
	if (rc != 0)
		return rc;
	rc = register_move(r, d.id, DOCUMENT_REVOKED, NULL);
	if (rc == 0)
		return register_commit(r);
	register_rollback(r);
	return rc;
}

static int revoke_run(struct cli *cli)
{
	struct authority a = { .lock = -1 };
	struct holder_register *r = NULL;
	const char *document;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);

	if (rc == 0 && !cli_given(cli, "document"))
		rc = cli_usage(cli, "--document NUMBER is needed");
	if (rc == 0)
		rc = register_open(&a, &r);
	for (size_t i = 0; rc == 0 && (document = cli_value_at(cli, "document", i)) != NULL; i++) {
		rc = revoke(r, cli, document);
		if (rc == 0)
			cli_note(cli, "%s: revoked; publish with status build and key crl",
				 document);
	}
	register_close(r);
	authority_close(&a);
	return rc;
}

static const char *const revoke_examples[] = {
	"sojourn authority status revoke utopia --document SJ0000001",
	NULL,
};

const struct cli_command authority_status_revoke_command = {
	.noun = "authority",
	.verb = "status-revoke",
	.summary = "revoke a document with all its credentials",
	.description =
		"Marks every index that was ever given to a card of this number: those of its\n"
		"gate credentials, its keys' and the document's own. It is in the next list (status\n"
		"build) and in all later ones; there is no way back.",
	.features = CLI_KEYS,
	.options = document_option,
	.positionals = directory_only,
	.examples = revoke_examples,
	.failures = status_failures,
	.run = revoke_run,
};

/* --- status-list ------------------------------------------------------------- */

struct counts {
	struct cli *cli;
	json_t *rows; /* NULL: for people */
};

static int count_row(void *user, uint16_t partition, uint64_t issued, uint64_t revoked)
{
	struct counts *c = user;
	char month[16];

	snprintf(month, sizeof(month), "%04u-%02u", 2020u + partition / 12, partition % 12 + 1u);
	if (c->rows == NULL)
		cli_print(c->cli, "%04x expiring in %s: %llu issued, %llu revoked\n", partition,
			  month, (unsigned long long)issued, (unsigned long long)revoked);
	else
		json_array_append_new(c->rows,
				      json_pack("{s:i, s:s, s:I, s:I}", "partition", (int)partition,
						"month", month, "issued", (json_int_t)issued,
						"revoked", (json_int_t)revoked));
	return 0;
}

static int list_run(struct cli *cli)
{
	struct counts c = { .cli = cli, .rows = cli_json(cli) ? json_array() : NULL };
	struct authority a = { .lock = -1 };
	struct holder_register *r = NULL;
	json_int_t epoch;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);

	if (rc == 0)
		rc = register_open(&a, &r);
	if (rc != 0)
		goto out;
	epoch = json_integer_value(json_object_get(json_object_get(a.state, "status"), "epoch"));
	cli_print(cli, "issuer %s, epoch %d, %u indices a partition\n", authority_country(&a),
		  (int)epoch, register_indices(r));
	rc = register_count(r, count_row, &c);
	if (rc == 0 && cli_json(cli))
		rc = cli_json_print(cli, 1,
				    json_pack("{s:s, s:I, s:i, s:O}", "issuer",
					      authority_country(&a), "epoch", epoch, "indices",
					      (int)register_indices(r), "partitions", c.rows));
out:
	json_decref(c.rows);
	register_close(r);
	authority_close(&a);
	return rc;
}

static const char *const list_examples[] = { "sojourn authority status list utopia", NULL };

const struct cli_command authority_status_list_command = {
	.noun = "authority",
	.verb = "status-list",
	.summary = "count what was issued and revoked, by month of expiry",
	.features = CLI_KEYS | CLI_JSON,
	.positionals = directory_only,
	.examples = list_examples,
	.failures = status_failures,
	.run = list_run,
};

/* --- status-staple ----------------------------------------------------------- */

static const struct cli_option staple_options[] = {
	{ "document", 'd', "NUMBER", "the document's number; needed, may be repeated",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "out-dir", 'o', "DIR", "where the staples go, PPPP-IIIIIIII.cwt; needed",
	  CLI_COMPLETE_DIRECTORY, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int staple_run(struct cli *cli)
{
	const char *dir = cli_value(cli, "out-dir"), *document;
	struct authority a = { .lock = -1 };
	struct holder_register *r = NULL;
	size_t made = 0;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);

	if (rc == 0 && (dir == NULL || !cli_given(cli, "document")))
		rc = cli_usage(cli, "--document NUMBER and --out-dir DIR are needed");
	if (rc == 0)
		rc = cli_directory_make(cli, dir, 0755);
	if (rc == 0)
		rc = register_open(&a, &r);
	for (size_t i = 0; rc == 0 && (document = cli_value_at(cli, "document", i)) != NULL; i++)
		rc = statuslist_staple(&a, r, document, dir, &made);
	if (rc == 0)
		cli_note(cli, "%s: %zu staples", dir, made);
	register_close(r);
	authority_close(&a);
	return rc;
}

static const char *const staple_examples[] = {
	"sojourn authority status staple utopia --document SJ0000001 --out-dir staples",
	NULL,
};

const struct cli_command authority_status_staple_command = {
	.noun = "authority",
	.verb = "status-staple",
	.summary = "say of a document's credentials that they are good today",
	.description =
		"A staple is the credential again, signed now. A gate whose status list is old\n"
		"takes it for an answer, and gives it to the card. None for what is revoked.",
	.features = CLI_KEYS,
	.options = staple_options,
	.positionals = directory_only,
	.examples = staple_examples,
	.failures = status_failures,
	.run = staple_run,
};

/* --- status-export ----------------------------------------------------------- */

static const struct cli_option export_options[] = {
	{ "month", 'm', "YYYY-MM", "month of expiry: the partition; needed", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "format", 'f', "FORM", "tsl-json (default) or tsl-cbor", CLI_COMPLETE_WORDS,
	  "tsl-json tsl-cbor", false },
	{ "out", 'o', "FILE", "where it goes; needed", CLI_COMPLETE_FILE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int read_month(struct cli *cli, uint16_t *out)
{
	const char *text = cli_value(cli, "month");
	unsigned year, month;
	char end;

	/* NOLINTNEXTLINE(cert-err34-c): five digits at most */
	if (text == NULL || sscanf(text, "%4u-%2u%c", &year, &month, &end) != 2 || year < 2020 ||
	    month < 1 || month > 12)
		return cli_usage(cli, "--month YYYY-MM is needed, from 2020-01");
	*out = (uint16_t)((year - 2020) * 12 + month - 1);
	return 0;
}

static int export_run(struct cli *cli)
{
	const char *format = cli_value(cli, "format"), *out = cli_value(cli, "out");
	struct authority a = { .lock = -1 };
	uint16_t partition = 0;
	int rc = read_month(cli, &partition);

	if (rc == 0 && out == NULL)
		rc = cli_usage(cli, "--out FILE is needed");
	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_READ, &a);
	if (rc == 0)
		rc = statuslist_export(&a, partition,
				       format != NULL && strcmp(format, "tsl-cbor") == 0, out);
	authority_close(&a);
	return rc;
}

static const char *const export_examples[] = {
	"sojourn authority status export utopia --month 2031-11 --out 2031-11.json",
	NULL,
};

const struct cli_command authority_status_export_command = {
	.noun = "authority",
	.verb = "status-export",
	.summary = "write a month of the newest list as an IETF Token Status List",
	.description =
		"One bit a credential, with zlib; not signed: others wrap it in their tokens.",
	.options = export_options,
	.positionals = directory_only,
	.examples = export_examples,
	.failures = status_failures,
	.run = export_run,
};
