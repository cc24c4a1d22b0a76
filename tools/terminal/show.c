/* show.c -- `sojourn terminal show`: who this terminal is, and for how long. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/services.h"
#include "terminal/terminal.h"

/* The name of its row in the registry to go by; "": none, or another authority's number. */
static int row_name(struct cli *cli, const struct sj_terminal_info *info, char name[static 50])
{
	struct cli_services *services = NULL;
	const struct sj_service *row;
	char number[12];
	int rc = cli_services_here(cli, &services);

	name[0] = '\0';
	snprintf(number, sizeof(number), "%u", info->service);
	row = rc == 0 ? cli_services_find(services, number) : NULL;
	if (row != NULL && row->sector == info->sector)
		snprintf(name, 50, "%s", row->name);
	free(services);
	return rc;
}

static int print_json(struct cli *cli, const struct sj_terminal_info *info, const char *row,
		      bool over)
{
	const char *sector = sj_sector_name(info->sector);
	char operator_id[9];

	snprintf(operator_id, sizeof(operator_id), "%08x", info->operator_id);
	return cli_json_print(
		cli, 1,
		json_pack("{s:s, s:s, s:s, s:s?, s:i, s:s?, s:s, s:o, s:b, s:s, s:s, s:b}",
			  "holder", info->holder, "issuer", info->issuer, "kind",
			  info->inspection ? "inspection" : "authentication", "sector", sector,
			  "service", (int)info->service, "name", row[0] != '\0' ? row : NULL,
			  "operator", operator_id, "rights", cli_rights_json(info->rights),
			  "pseudonyms", info->pseudonyms, "notBefore",
			  cli_time_text(info->not_before).text, "expires",
			  cli_time_text(info->expires).text, "expired", over));
}

static void print(struct cli *cli, const struct sj_terminal_info *info, const char *row, bool over)
{
	const char *sector = sj_sector_name(info->sector);
	char rights[CLI_RIGHTS_TEXT];

	cli_print(cli, "%s, signed by %s: %s\n", info->holder, info->issuer,
		  info->inspection ? "inspection system (all of the LDS application)"
				   : "authentication terminal (the eID application)");
	if (info->service != 0)
		cli_print(cli, "service %u%s%s, sector %s, operator %08x\n", info->service,
			  row[0] != '\0' ? " " : "", row, sector != NULL ? sector : "unknown",
			  info->operator_id);
	cli_print(cli, "may ask for %s\n", cli_rights_text(info->rights, rights, sizeof(rights)));
	if (info->pseudonyms)
		cli_print(cli, "has a sector key: pseudonyms are its operator's own\n");
	cli_line(cli, over ? CLI_MARK_BAD : CLI_MARK_GOOD, over ? "expired" : "in time",
		 "from %s to %s", cli_time_text(info->not_before).text,
		 cli_time_text(info->expires).text);
}

static int run(struct cli *cli)
{
	const char *folder = terminal_folder(cli, 0);
	struct sj_terminal_info info = { .size = sizeof(info) };
	struct sj_terminal *terminal = NULL;
	char row[50];
	bool over;
	int rc;

	if (folder == NULL)
		return cli_exit_code(cli);
	rc = cli_terminal_open(cli, folder, &terminal);
	if (rc != 0)
		return rc;
	sj_terminal_get_info(terminal, &info);
	sj_terminal_close(terminal);
	over = (int64_t)time(NULL) >= info.expires;
	rc = row_name(cli, &info, row);
	if (rc == 0 && cli_json(cli))
		rc = print_json(cli, &info, row, over);
	else if (rc == 0)
		print(cli, &info, row, over);
	return rc == 0 && over ? cli_fail(cli, SJ_TERMINAL_EXPIRED, "%s", folder) : rc;
}

static const struct cli_positional positionals[] = {
	{ "DIR", "the terminal's folder (default: the setting 'terminal')", CLI_COMPLETE_DIRECTORY,
	  NULL, true, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};
static const struct cli_option options[] = {
	{ .name = "services",
	  .argument = "FILE",
	  .help = "the service registry, where the trust bundle has none",
	  .complete = CLI_COMPLETE_FILE },
	{ 0 },
};
static const char *const examples[] = { "sojourn terminal show desk", NULL };
static const enum sj_rc failures[] = { SJ_TERMINAL_EXPIRED, SJ_TERMINAL_FILES, SJ_OK };

const struct cli_command terminal_show = {
	.noun = "terminal",
	.verb = "show",
	.summary = "show who a terminal is, what it may ask for, and for how long",
	.description =
		"What is shown is what its certificates say; a card that has seen a newer date may\n"
		"already refuse them. Exit code 10 when their time is over.",
	.features = CLI_JSON | CLI_TRUST,
	.positionals = positionals,
	.options = options,
	.examples = examples,
	.failures = failures,
	.run = run,
};
