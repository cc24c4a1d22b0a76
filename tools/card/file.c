/* file.c -- opening the card file, and what can be wrong with it. */
#include <errno.h>
#include <string.h>

#include "card/card.h"

const struct cli_positional card_file_argument[] = {
	{ "FILE", "the card", CLI_COMPLETE_FILE, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};

bool card_file_denied(void)
{
	return errno == EACCES || errno == EPERM;
}

int card_file_fail(struct cli *cli, enum card_store_rc rc, const char *path)
{
	switch (rc) {
	case CARD_STORE_CORRUPT:
		return cli_fail(cli, SJ_CARD_FILE_CORRUPT, "%s", path);
	case CARD_STORE_BUSY:
		return cli_fail(cli, SJ_CARD_FILE_BUSY, "%s", path);
	case CARD_STORE_EXISTS:
		return cli_fail(cli, SJ_INPUT_REFUSED, "%s: the file exists already", path);
	case CARD_STORE_NOT_A_CARD:
		return cli_fail(cli, SJ_INPUT_MALFORMED, "%s: not a card file", path);
	case CARD_STORE_IO:
		return cli_fail(cli, card_file_denied() ? SJ_FILE_PERMISSION : SJ_INPUT_UNREADABLE,
				"%s: %s", path, strerror(errno));
	case CARD_STORE_OK:
	case CARD_STORE_NO_MEMORY:
	default:
		return cli_fail(cli, SJ_NO_MEMORY, "%s", path);
	}
}

int card_file_open(struct cli *cli, struct card_store **out)
{
	const char *path = cli_argument(cli, 0);
	enum card_store_rc rc = card_store_open(path, out);

	return rc == CARD_STORE_OK ? 0 : card_file_fail(cli, rc, path);
}

struct card *card_load(struct cli *cli, struct card_store *store, struct card_config config)
{
	struct card *card;

	config.random = sj_random_system();
	config.store = store;
	card = card_new(&config);
	if (card == NULL)
		cli_fail(cli, SJ_NO_MEMORY, NULL);
	return card;
}
