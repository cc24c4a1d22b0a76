/* new.c -- `sojourn card new`. */
#include <errno.h>
#include <string.h>

#include "card/card.h"

static int run_new(struct cli *cli)
{
	const char *path = cli_argument(cli, 0);
	struct card_store *store;
	enum card_store_rc rc = card_store_create(path, &store);

	if (rc == CARD_STORE_IO && !card_file_denied())
		return cli_fail(cli, SJ_OUTPUT_FAILED, "%s: %s", path, strerror(errno));
	if (rc != CARD_STORE_OK)
		return card_file_fail(cli, rc, path);
	card_store_close(store);
	cli_note(cli, "%s: a blank card", path);
	return 0;
}

static const char *const examples[] = {
	"sojourn card new alice.card # then run it, and issue it through the reader",
	NULL,
};
static const enum sj_rc failures[] = { SJ_OUTPUT_FAILED, SJ_FILE_PERMISSION, SJ_INPUT_REFUSED,
				       SJ_CARD_FILE_BUSY, SJ_OK };

const struct cli_command card_new_command = {
	.noun = "card",
	.verb = "new",
	.summary = "make a blank card",
	.description =
		"Makes a card as it comes from the factory, in a new file that only its owner\n"
		"may read. An existing file is never touched.",
	.positionals = card_file_argument,
	.examples = examples,
	.failures = failures,
	.run = run_new,
};
