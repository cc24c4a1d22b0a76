/* cmd_service.c -- service list, check. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "authority/commands.h"
#include "authority/cvrights.h"
#include "authority/service.h"

static const enum sj_rc file_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED, SJ_OK };

static void print_row(struct cli *cli, const struct service *s)
{
	static const char *const accesses[] = { "card alone", "card and CAN", "card and PIN" };
	struct sj_cvc_rights rights;
	bool inspection;
	const char *name;
	uint32_t bit;

	cli_print(cli, "%3u %-14s %-26s %s, status list at most %u h old\n", s->id,
		  service_sector_name(s->sector), s->name, accesses[s->access], s->stale / 3600);
	cli_print(cli, "    ");
	for (size_t i = 0; (name = service_right(i, &bit)) != NULL; i++) {
		if (s->rights & bit)
			cli_print(cli, "%s%s", i > 0 ? ", " : "", name);
	}
	cli_print(cli, "\n");
	inspection = cv_rights_of_row(SJ_CVC_INSPECTION, s, &rights);
	if (cv_rights_of_row(SJ_CVC_AUTHENTICATION, s, &rights))
		cli_print(cli,
			  "    terminal certificates: CHAT %010" PRIX64 ", extension %08" PRIX64
			  "%s\n",
			  rights.bits, rights.extra[SJ_CVC_SOJOURN],
			  inspection ? "; inspection system" : "");
}

/* Reads the registry that was named; with --json or a name the rows are printed. */
static int with_services(struct cli *cli, void (*use)(struct cli *, const struct services *))
{
	struct services *s = malloc(sizeof(*s));
	int rc;

	if (s == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = services_read(cli, cli_argument(cli, 0), s);
	if (rc == 0 && cli_json(cli)) {
		rc = cli_json_print(cli, 1, s->root);
		s->root = NULL;
	} else if (rc == 0) {
		use(cli, s);
	}
	services_free(s);
	free(s);
	return rc;
}

/* --- list ------------------------------------------------------------------ */

static const struct cli_positional list_positionals[] = {
	{ "FILE", "a registry (default: the one that ships)", CLI_COMPLETE_FILE, NULL, true,
	  false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static void print_rows(struct cli *cli, const struct services *s)
{
	for (size_t i = 0; i < s->count; i++)
		print_row(cli, &s->rows[i]);
}

static int list_run(struct cli *cli)
{
	return with_services(cli, print_rows);
}

static const char *const list_examples[] = { "sojourn service list", NULL };

const struct cli_command service_list_command = {
	.noun = "service",
	.verb = "list",
	.summary = "list the services that may ask a card, and what for",
	.features = CLI_JSON,
	.positionals = list_positionals,
	.examples = list_examples,
	.failures = file_failures,
	.run = list_run,
};

/* --- check ----------------------------------------------------------------- */

static const struct cli_positional check_positionals[] = {
	{ "FILE", "a registry (JSON; see service.schema.json)", CLI_COMPLETE_FILE, NULL, false,
	  false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static void note_good(struct cli *cli, const struct services *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (cv_right_lost(&s->rows[i]) != NULL)
			cli_warn(cli,
				 "%s: %s needs an inspection system, and that reads all of the "
				 "LDS application: the row must have all that is there",
				 s->rows[i].name, cv_right_lost(&s->rows[i]));
	cli_note(cli, "%s: good, %zu services", cli_argument(cli, 0), s->count);
}

static int check_run(struct cli *cli)
{
	return with_services(cli, note_good);
}

static const char *const check_examples[] = { "sojourn service check utopia/services.json", NULL };

const struct cli_command service_check_command = {
	.noun = "service",
	.verb = "check",
	.summary = "check a service registry",
	.description =
		"Besides the form, the rule that no service asks by the card alone for more than\n"
		"the gate applet may give: valid, class, pseudonym, age-over-N (and ticket: the\n"
		"right to leave one on the card outside transport).",
	.positionals = check_positionals,
	.examples = check_examples,
	.failures = file_failures,
	.run = check_run,
};
