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

static void print_card(struct cli *cli, const struct card *card, const struct card_store *store)
{
	struct card_key_info key;
	struct sj_span serial;
	struct card_applet_info applet;
	struct card_file_info file;
	char aid[33];

	cli_print(cli, "state   %s\n", state_of(card));
	cli_print(cli, "life    %s\n", card_life_name(card_life(card)));
	if (card_serial(store, &serial)) {
		hex(serial, aid);
		cli_print(cli, "serial  %s\n", aid);
	}
	for (size_t i = 0; card_key_at(store, i, &key); i++)
		cli_print(cli, "keys    %02X                 AES-%zu\n", key.version, key.size * 8);
	for (size_t i = 0; card_applet_at(card, i, &applet); i++) {
		hex(applet.aid, aid);
		cli_print(cli, "applet  %-18s %s%s\n", applet.name, aid,
			  (applet.life & CARD_APP_LOCKED) != 0 ? "  locked" : "");
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

static json_t *keys_json(const struct card_store *store)
{
	json_t *keys = json_array();
	struct card_key_info key;

	for (size_t i = 0; card_key_at(store, i, &key); i++)
		json_array_append_new(keys, json_pack("{s:o, s:I}", "version",
						      json_sprintf("%02X", key.version), "bits",
						      (json_int_t)key.size * 8));
	return keys;
}

static json_t *serial_json(const struct card_store *store)
{
	struct sj_span serial;
	char text[33];

	if (!card_serial(store, &serial))
		return json_null();
	hex(serial, text);
	return json_string(text);
}

static json_t *card_json(const struct card *card, const struct card_store *store)
{
	json_t *applets = json_array();
	struct card_applet_info applet;
	char aid[33];

	for (size_t i = 0; card_applet_at(card, i, &applet); i++) {
		hex(applet.aid, aid);
		json_array_append_new(applets, json_pack("{s:s, s:s, s:o}", "name", applet.name,
							 "aid", aid, "files", files_json(card, i)));
	}
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "state", state_of(card), "life",
			 card_life_name(card_life(card)), "serial", serial_json(store), "keys",
			 keys_json(store), "applets", applets);
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
		rc = cli_json_print(cli, CARD_SCHEMA, card_json(card, store));
	else
		print_card(cli, card, store);
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
		"Shows the card's state and life, its serial number, the versions of its keys,\n"
		"its applets and the files on it with their sizes, but no key, no password and\n"
		"no content. The card must not be running.",
	.features = CLI_JSON,
	.positionals = card_file_argument,
	.examples = examples,
	.failures = failures,
	.run = run_show,
};
