/* ticketkey.c -- `sojourn gate ticket-key new|list|rotate`. */
#include <string.h>

#include "gate/tool.h"

static int rotate(struct cli *cli, const struct gate_config *config, int64_t now)
{
	unsigned removed = 0;
	int rc = gate_ticket_make(cli, config, now);

	if (rc == 0)
		rc = gate_tickets_prune(cli, config, now, &removed);
	if (rc == 0)
		cli_line(cli, CLI_MARK_PLAIN, "removed", "%u that were older than 7 days", removed);
	return rc;
}

static json_t *row(const struct gate_ticket_keys *keys, size_t i)
{
	return json_pack("{s:s, s:s, s:b}", "made", cli_time_text(keys->made[i]).text, "opensUntil",
			 cli_time_text(keys->made[i] + GATE_TICKET_LIFE).text, "seals", i == 0);
}

/* Never the keys themselves. */
static int list(struct cli *cli, const struct gate_config *config, int64_t now)
{
	struct gate_ticket_keys keys = { .n = 0 };
	json_t *rows = json_array();
	int rc = gate_tickets_load(cli, config, now, &keys);

	gate_wipe(keys.keys, sizeof(keys.keys));
	for (size_t i = 0; rc == 0 && i < keys.n; i++) {
		cli_line(cli, i == 0 ? CLI_MARK_GOOD : CLI_MARK_PLAIN, i == 0 ? "seals" : "opens",
			 "made %s", cli_time_text(keys.made[i]).text);
		json_array_append_new(rows, row(&keys, i));
	}
	if (rc == 0 && keys.n == 0)
		cli_line(cli, CLI_MARK_UNSURE, "none", "no tickets are left on cards");
	if (rc == 0 && cli_json(cli))
		return cli_json_print(cli, GATE_SCHEMA, json_pack("{s:o}", "ticketKeys", rows));
	json_decref(rows);
	return rc;
}

static int run_ticket_key(struct cli *cli)
{
	const char *action = cli_argument(cli, 0);
	int64_t now = (int64_t)time(NULL);
	struct gate_config config;
	int rc = gate_config_load(cli, &config);

	if (rc == 0 && strcmp(action, "list") == 0)
		rc = list(cli, &config, now);
	else if (rc == 0 && strcmp(action, "new") == 0)
		rc = gate_ticket_make(cli, &config, now);
	else if (rc == 0)
		rc = rotate(cli, &config, now);
	gate_config_free(&config);
	return rc;
}

static const struct cli_option ticket_key_options[] = { GATE_CONFIG_OPTIONS, { 0 } };
static const struct cli_positional ticket_key_positionals[] = {
	{ "ACTION", "new, list, or rotate: a new one, and those older than 7 days go",
	  CLI_COMPLETE_WORDS, "new list rotate", false, false },
	{ 0 },
};
static const char *const ticket_key_examples[] = {
	"sojourn gate ticket-key rotate # once a day, by a timer; a running gate notices",
	"sojourn gate ticket-key list --json",
	NULL,
};
static const enum sj_rc ticket_key_failures[] = { SJ_OUTPUT_FAILED, SJ_FILE_PERMISSION,
						  SJ_INPUT_MALFORMED, SJ_OK };

const struct cli_command gate_ticket_key = {
	.noun = "gate",
	.verb = "ticket-key",
	.summary = "make, list and rotate the operator's ticket keys",
	.description =
		"The keys under which this operator's gates seal tickets: files of 32 bytes in\n"
		"STATE/ticket-keys, named by the time they were made. The newest seals, those of\n"
		"the last 7 days open. Copy the folder to all gates of the operator, or let\n"
		"ticket_key_exec in sojourn-gate.conf(5) fetch the keys. Whoever has a key can\n"
		"forge tickets of this operator until it is 7 days old.",
	.features = CLI_JSON,
	.options = ticket_key_options,
	.positionals = ticket_key_positionals,
	.examples = ticket_key_examples,
	.failures = ticket_key_failures,
	.run = run_ticket_key,
};
