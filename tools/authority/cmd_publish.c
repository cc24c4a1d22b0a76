/* cmd_publish.c -- authority publish. */
#include <time.h>

#include "authority/commands.h"
#include "authority/publish.h"

static const struct cli_positional directory_only[] = {
	{ "DIR", "the authority's directory", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static const enum sj_rc publish_failures[] = { SJ_INPUT_UNREADABLE,     SJ_INPUT_MALFORMED,
					       SJ_INPUT_REFUSED,        SJ_OUTPUT_FAILED,
					       SJ_REGISTER_UNREACHABLE, SJ_OK };

static const struct cli_option publish_options[] = {
	{ "out", 'o', "DIR", "the folder that is served; needed", CLI_COMPLETE_DIRECTORY, NULL,
	  false },
	{ "days", 0, "N", "days for which bundle and status list hold (default 7)",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "keep", 0, "N", "small deltas from so many of the last lists (default 30)",
	  CLI_COMPLETE_NONE, NULL, false },
	{ "if-needed", 0, NULL,
	  "nothing, if nothing changed and more than half of the time is left", CLI_COMPLETE_NONE,
	  NULL, false },
	{ "add", 'a', "FILE",
	  "another country's CSCA certificate (DER) for the master list; may be repeated",
	  CLI_COMPLETE_FILE, NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};

static int tell(struct cli *cli, const struct publication *p)
{
	const struct tm *tm;
	struct tm buffer;
	const time_t expires = (time_t)p->expires;
	char date[32];

	if (!p->fresh) {
		cli_note(cli, "nothing changed: the bundle in use stays");
		return cli_json(cli) ? cli_json_print(cli, 1, json_pack("{s:b}", "published", 0))
				     : 0;
	}
	tm = gmtime_r(&expires, &buffer);
	if (tm == NULL || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", tm) == 0)
		date[0] = '\0';
	cli_note(cli, "bundle %u: epoch %u, %zu revoked, %zu files, %llu new bytes; until %s",
		 p->version, p->epoch, p->revoked, p->files, (unsigned long long)p->added, date);
	if (!cli_json(cli))
		return 0;
	return cli_json_print(
		cli, 1,
		json_pack("{s:b, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "published", 1,
			  "version", (json_int_t)p->version, "manifest", p->manifest, "expires",
			  date, "epoch", (json_int_t)p->epoch, "revoked", (json_int_t)p->revoked,
			  "listBytes", (json_int_t)p->list, "files", (json_int_t)p->files, "deltas",
			  (json_int_t)p->deltas, "newBytes", (json_int_t)p->added));
}

static int publish_run(struct cli *cli)
{
	struct publish_plan plan = { .dir = cli_value(cli, "out"),
				     .days = PUBLISH_DAYS,
				     .keep = PUBLISH_KEEP,
				     .if_needed = cli_given(cli, "if-needed") };
	struct holder_register *r = NULL;
	struct authority a = { .lock = -1 };
	struct publication out;
	int rc = cli_number(cli, "days", 1, 90, &plan.days);

	if (rc == 0)
		rc = cli_number(cli, "keep", 0, PUBLISH_KEEP_MAX, &plan.keep);
	if (rc == 0 && plan.dir == NULL)
		rc = cli_usage(cli, "--out DIR is needed");
	if (rc == 0)
		rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);
	if (rc == 0)
		rc = register_open(&a, &r);
	if (rc == 0)
		rc = publish(&a, r, &plan, &out);
	if (rc == 0)
		rc = tell(cli, &out);
	register_close(r);
	authority_close(&a);
	return rc;
}

static const char *const publish_examples[] = {
	"sojourn authority publish utopia --out /srv/www/trust",
	"sojourn authority publish utopia --out /srv/www/trust --if-needed # every hour, by a timer",
	NULL,
};

const struct cli_command authority_publish_command = {
	.noun = "authority",
	.verb = "publish",
	.summary = "sign the next trust bundle and write it to a folder that is served",
	.description =
		"Certificates, links, revocation lists, master list, signers' tokens, terminals'\n"
		"CAs, service registry and the status list of all that is revoked or suspended now,\n"
		"with small deltas from the lists before. Files are named by their hashes; only\n"
		"`latest` is ever replaced, last, so that a web server or rsync may read at any\n"
		"moment. Files that no bundle of the last 14 days names are deleted.",
	.features = CLI_JSON | CLI_KEYS,
	.options = publish_options,
	.positionals = directory_only,
	.examples = publish_examples,
	.failures = publish_failures,
	.run = publish_run,
};
