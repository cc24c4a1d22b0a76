/* cmd_service.c -- service list, show, check. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "authority/commands.h"
#include "authority/cvrights.h"
#include "authority/service.h"

static const enum sj_rc file_failures[] = { SJ_INPUT_UNREADABLE, SJ_INPUT_MALFORMED, SJ_OK };

static const char *const accesses[] = { "card alone", "card and CAN", "card and PIN" };

static void print_head(struct cli *cli, const struct sj_service *s)
{
	cli_print(cli, "%3u %-14s %-26s %s, status list at most %u h old\n", s->id,
		  sj_sector_name(s->sector), s->name, accesses[s->access], s->stale / 3600);
}

/* What stands for the row in a terminal's certificate, and what it has to keep. */
static void print_rest(struct cli *cli, const struct sj_service *s)
{
	struct sj_cvc_rights rights;
	const bool inspection = cv_rights_of_row(SJ_CVC_INSPECTION, s, &rights);
	char text[CLI_RIGHTS_TEXT];

	if (cv_rights_of_row(SJ_CVC_AUTHENTICATION, s, &rights))
		cli_print(cli,
			  "    terminal certificates: CHAT %010" PRIX64 ", extension %08" PRIX64
			  "%s\n",
			  rights.bits, rights.extra[SJ_CVC_SOJOURN],
			  inspection ? "; inspection system" : "");
	if (s->keep == 0)
		return;
	cli_print(cli, "    keeps for %u days: %s\n", s->retention / 86400,
		  cli_rights_text(s->keep, text, sizeof(text)));
}

static void print_row(struct cli *cli, const struct sj_service *s)
{
	char text[CLI_RIGHTS_TEXT];

	print_head(cli, s);
	cli_print(cli, "    %s\n", cli_rights_text(s->rights, text, sizeof(text)));
	print_rest(cli, s);
}

static json_t *row_json(const struct sj_service *s)
{
	static const char *const words[] = { "none", "can", "pin" };
	json_t *row = json_pack("{s:i, s:s, s:s, s:s, s:I, s:o}", "id", (int)s->id, "sector",
				sj_sector_name(s->sector), "name", s->name, "access",
				words[s->access], "stale", (json_int_t)s->stale, "rights",
				cli_rights_json(s->rights & ~(uint32_t)SJ_RIGHT_VALID));

	if (s->keep != 0) {
		json_object_set_new(row, "keep", cli_rights_json(s->keep));
		json_object_set_new(row, "retention", json_integer(s->retention));
	}
	return row;
}

static json_t *rows_json(const struct cli_services *s)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(rows, row_json(&s->rows[i]));
	return rows;
}

/* Reads the registry that was named; with --json the whole of it is printed. */
static int with_services(struct cli *cli, void (*use)(struct cli *, const struct cli_services *))
{
	struct cli_services *s = NULL;
	int rc = cli_services_read(cli, cli_argument(cli, 0), &s);

	if (rc == 0 && cli_json(cli)) {
		rc = cli_json_print(cli, 1, json_pack("{s:o}", "services", rows_json(s)));
	} else if (rc == 0) {
		use(cli, s);
	}
	free(s);
	return rc;
}

/* --- list ------------------------------------------------------------------ */

static const struct cli_positional list_positionals[] = {
	{ "FILE", "a registry (default: the one that ships)", CLI_COMPLETE_FILE, NULL, true,
	  false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static void print_rows(struct cli *cli, const struct cli_services *s)
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

/* --- show ------------------------------------------------------------------- */

static const struct cli_positional show_positionals[] = {
	{ "N|NAME", "number or name of the service", CLI_COMPLETE_NONE, NULL, false, false },
	{ "FILE", "a registry (default: the one that ships)", CLI_COMPLETE_FILE, NULL, true,
	  false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

/* "data group 4, CHAT bit 11", "our extension": where a right stands. */
static void print_place(struct cli *cli, const struct sj_right_place *p)
{
	const char *before = "";

	if (p->group != 0) {
		cli_print(cli, "data group %u", p->group);
		before = ", ";
	}
	if (p->chat_bit >= 0) {
		cli_print(cli, "%sCHAT bit %d", before, p->chat_bit);
		before = ", ";
	}
	if (p->extension)
		cli_print(cli, "%sour extension", before);
	if (p->inspection)
		cli_print(cli, "inspection systems, in the LDS application");
}

static void print_places(struct cli *cli, const struct sj_service *s)
{
	struct sj_right_place p = { .size = sizeof(p) };
	const char *name;
	uint32_t bit;

	print_head(cli, s);
	for (size_t i = 0; (name = sj_right_at(i, &bit)) != NULL; i++) {
		const char *before = "";

		if (!(s->rights & bit))
			continue;
		cli_print(cli, "    %-18s", name);
		for (size_t k = 0; sj_right_place_at(k, &p); k++) {
			if (p.right != bit)
				continue;
			cli_print(cli, "%s", before);
			print_place(cli, &p);
			before = "; ";
		}
		cli_print(cli, "\n");
	}
	print_rest(cli, s);
}

static json_t *places_json(const struct sj_service *s)
{
	struct sj_right_place p = { .size = sizeof(p) };
	json_t *list = json_array(), *item;
	const char *name;
	uint32_t bit;

	for (size_t i = 0; (name = sj_right_at(i, &bit)) != NULL; i++) {
		for (size_t k = 0; s->rights & bit && sj_right_place_at(k, &p); k++) {
			if (p.right != bit)
				continue;
			item = json_pack("{s:s, s:b, s:b}", "right", name, "extension",
					 (int)p.extension, "inspection", (int)p.inspection);
			if (p.group != 0)
				json_object_set_new(item, "group", json_integer(p.group));
			if (p.chat_bit >= 0)
				json_object_set_new(item, "chatBit", json_integer(p.chat_bit));
			json_array_append_new(list, item);
		}
	}
	return list;
}

static int show_one(struct cli *cli, const struct cli_services *s)
{
	const struct sj_service *row = cli_services_find(s, cli_argument(cli, 0));

	if (row == NULL)
		return cli_usage(cli, "%s: no such service; see `sojourn service list`",
				 cli_argument(cli, 0));
	if (cli_json(cli))
		return cli_json_print(cli, 1,
				      json_pack("{s:o, s:o}", "service", row_json(row), "places",
						places_json(row)));
	print_places(cli, row);
	return 0;
}

static int show_run(struct cli *cli)
{
	struct cli_services *s = NULL;
	int rc = cli_services_read(cli, cli_argument(cli, 1), &s);

	if (rc == 0)
		rc = show_one(cli, s);
	free(s);
	return rc;
}

static const char *const show_examples[] = { "sojourn service show 'hotel check-in'", NULL };

const struct cli_command service_show_command = {
	.noun = "service",
	.verb = "show",
	.summary = "show what a service may ask, and where that stands on a card",
	.description =
		"Each right with the data group of the eID application that holds it, and with\n"
		"what a terminal's certificate needs for it: a bit of the authorization template\n"
		"(CHAT), our authorization extension, or both.",
	.features = CLI_JSON,
	.positionals = show_positionals,
	.examples = show_examples,
	.failures = file_failures,
	.run = show_run,
};

/* --- check ----------------------------------------------------------------- */

static const struct cli_positional check_positionals[] = {
	{ "FILE", "a registry (JSON; see service.schema.json)", CLI_COMPLETE_FILE, NULL, false,
	  false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

static void note_good(struct cli *cli, const struct cli_services *s)
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
