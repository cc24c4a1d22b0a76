/* show.c -- `sojourn card show`: what is on a card, without a secret. */
#include "card/card.h"

static const char *state_of(const struct card *card)
{
	return card_is_issued(card) ? "issued" : "blank";
}

static void hex(struct sj_span bytes, char out[static 33])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = bytes.len < 16 ? bytes.len : 16;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes.ptr[i] >> 4];
		out[2 * i + 1] = digits[bytes.ptr[i] & 0x0F];
	}
	out[2 * n] = '\0';
}

/* --- for people ------------------------------------------------------------- */

static void print_card(struct cli *cli, const struct card *card)
{
	struct card_applet_info applet;
	struct card_file_info file;
	char aid[33];

	cli_print(cli, "state   %s\n", state_of(card));
	for (size_t i = 0; card_applet_at(card, i, &applet); i++) {
		hex(applet.aid, aid);
		cli_print(cli, "applet  %-18s %s\n", applet.name, aid);
		for (size_t k = 0; card_file_at(card, i, k, &file); k++)
			cli_print(cli, "  %04X  %-18s %zu bytes\n", file.fid,
				  file.name != NULL ? file.name : "", file.size);
	}
}

/* --- for programs ------------------------------------------------------------ */

static json_t *files_json(const struct card *card, size_t applet)
{
	json_t *files = json_array();
	struct card_file_info file;

	for (size_t k = 0; card_file_at(card, applet, k, &file); k++)
		json_array_append_new(files, json_pack("{s:o, s:s?, s:I}", "fid",
						       json_sprintf("%04X", file.fid), "name",
						       file.name, "size", (json_int_t)file.size));
	return files;
}

static json_t *card_json(const struct card *card)
{
	json_t *applets = json_array();
	struct card_applet_info applet;
	char aid[33];

	for (size_t i = 0; card_applet_at(card, i, &applet); i++) {
		hex(applet.aid, aid);
		json_array_append_new(applets, json_pack("{s:s, s:s, s:o}", "name", applet.name,
							 "aid", aid, "files", files_json(card, i)));
	}
	return json_pack("{s:s, s:o}", "state", state_of(card), "applets", applets);
}

static int run_show(struct cli *cli)
{
	const struct card_config config = { .interface = CARD_CONTACTLESS,
					    .clock = card_clock_system() };
	struct card_store *store;
	struct card *card;
	int rc = card_file_open(cli, &store);

	if (rc != 0)
		return rc;
	card = card_load(cli, store, config);
	if (card == NULL)
		rc = cli_exit_code(cli);
	else if (cli_json(cli))
		rc = cli_json_print(cli, CARD_SCHEMA, card_json(card));
	else
		print_card(cli, card);
	card_free(card);
	card_store_close(store);
	return rc;
}

static const char *const examples[] = {
	"sojourn card show alice.card",
	"sojourn card show --json alice.card",
	NULL,
};
static const enum sj_rc failures[] = { SJ_FILE_PERMISSION, SJ_INPUT_UNREADABLE,
				       SJ_INPUT_MALFORMED, SJ_CARD_FILE_CORRUPT,
				       SJ_CARD_FILE_BUSY,  SJ_OK };

const struct cli_command card_show_command = {
	.noun = "card",
	.verb = "show",
	.summary = "show what is on a card",
	.description =
		"Shows the card's state, its applets and the files on it with their sizes, but\n"
		"no key, no password and no content. The card must not be running.",
	.features = CLI_JSON,
	.positionals = card_file_argument,
	.examples = examples,
	.failures = failures,
	.run = run_show,
};
