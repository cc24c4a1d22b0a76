/* new.c -- `sojourn card new`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card/card.h"

/* What the options say of it; `key` takes the transport key. */
static int read_birth(struct cli *cli, struct sj_writer *key, struct card_birth *out)
{
	const char *i = cli_value(cli, "scp-i");
	struct cli_secret text = { .len = 0 };
	int rc = 0;

	/* A word of the option's table. */
	out->scp_i = i != NULL ? (uint8_t)strtoul(i, NULL, 16) : 0x70;
	if (!cli_secret_given(cli, "transport-key"))
		return 0;
	rc = cli_secret_read(cli, "transport-key", "Transport key", &text);
	if (rc == 0 && !card_key_read(text.text, text.len, key))
		rc = cli_fail(cli, SJ_INPUT_MALFORMED,
			      "--transport-key-file: a line of 32, 48 or 64 hexadecimal digits");
	cli_secret_wipe(&text);
	out->transport_key = sj_written(key);
	return rc;
}

/* It gets its file with everything in it: a card without its transport key takes the well-known one. */
static int make(struct cli *cli, const struct card_birth *birth)
{
	const char *path = cli_argument(cli, 0);
	struct card_store *store = NULL;
	enum card_store_rc rc = card_store_memory(&store);
	int exit_code = 0;

	if (rc == CARD_STORE_OK && !card_be_born(store, birth))
		rc = CARD_STORE_NO_MEMORY;
	if (rc == CARD_STORE_OK)
		rc = card_store_keep(store, path);
	if (rc == CARD_STORE_IO && !card_file_denied())
		exit_code = cli_fail(cli, SJ_OUTPUT_FAILED, "%s: %s", path, strerror(errno));
	else if (rc != CARD_STORE_OK)
		exit_code = card_file_fail(cli, rc, path);
	else
		cli_note(cli, "%s: a blank card", path);
	card_store_close(store);
	return exit_code;
}

static int run_new(struct cli *cli)
{
	const struct sj_random random = sj_random_system();
	struct card_birth birth = { .random = &random };
	uint8_t bytes[CARD_KEY_MAX];
	struct sj_writer key = SJ_WRITER_OF(bytes);
	int rc = read_birth(cli, &key, &birth);

	if (rc == 0)
		rc = make(cli, &birth);
	memset(bytes, 0, sizeof(bytes));
	return rc;
}

static const struct cli_option options[] = {
	CLI_SECRET_OPTIONS("transport-key", "transport key"),
	{ "scp-i", 0, "HEX", "what its secure channel can do: parameter i (default 70)",
	  CLI_COMPLETE_WORDS, "00 10 60 70", false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};
static const char *const examples[] = {
	"sojourn card new alice.card # then run it, and issue it through the reader",
	"sojourn card new bob.card --transport-key-file utopia/transport.key",
	NULL,
};
static const enum sj_rc failures[] = { SJ_OUTPUT_FAILED,   SJ_FILE_PERMISSION, SJ_INPUT_REFUSED,
				       SJ_INPUT_MALFORMED, SJ_CARD_FILE_BUSY,  SJ_OK };

const struct cli_command card_new_command = {
	.noun = "card",
	.verb = "new",
	.summary = "make a blank card",
	.description =
		"Makes a card as it comes from the factory, in a new file that only its owner\n"
		"may read. An existing file is never touched. It has a serial number of its own,\n"
		"and one key for its secure channel (SCP03, version 30): that of the file, 32, 48\n"
		"or 64 hexadecimal digits, or the one that everybody knows, 404142...4F. Issuing\n"
		"replaces it by keys that no other card has.\n"
		"\n"
		"Parameter i: 00 a random challenge, 10 one that can be foreseen; 60 and 70 the\n"
		"same with answers protected too.",
	.options = options,
	.positionals = card_file_argument,
	.examples = examples,
	.failures = failures,
	.run = run_new,
};
