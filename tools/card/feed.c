/* feed.c -- `sojourn card feed`: a stack of blank cards behind a pipe, one after the other. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "card/card.h"
#include "link/stdio.h"

#define PATH_SIZE 512u

/* The card in the reader, and where the next ones are made. */
struct feed {
	struct cli *cli;
	struct card_config how;
	struct card_store *store;
	struct card *card;
	unsigned count; /* cards made so far */
	int rc;
};

static void take_out(struct feed *f)
{
	card_free(f->card);
	if (f->store != NULL)
		card_store_close(f->store);
	f->card = NULL;
	f->store = NULL;
}

/* A new file by the number of this process; an older run's of that number is passed over. */
static enum card_store_rc create(struct feed *f, char path[static PATH_SIZE])
{
	enum card_store_rc rc;

	do {
		snprintf(path, PATH_SIZE, "%s/%ld-%u.card", cli_argument(f->cli, 0), (long)getpid(),
			 ++f->count);
		rc = card_store_create(path, &f->store);
	} while (rc == CARD_STORE_EXISTS);
	return rc;
}

/* Puts in the card of `first`, or a blank one (NULL). */
static void put_in(struct feed *f, const char *first)
{
	char path[PATH_SIZE];
	enum card_store_rc rc = first != NULL ? card_store_open(first, &f->store) : create(f, path);

	if (rc != CARD_STORE_OK) {
		f->store = NULL;
		f->rc = rc == CARD_STORE_IO && !card_file_denied()
				? cli_fail(f->cli, SJ_OUTPUT_FAILED, "%s: %s",
					   first != NULL ? first : path, strerror(errno))
				: card_file_fail(f->cli, rc, first != NULL ? first : path);
		return;
	}
	f->card = card_load(f->cli, f->store, f->how);
	if (f->card == NULL)
		f->rc = cli_exit_code(f->cli);
}

/* An issued card leaves for the next; one that is not stays. */
static struct card *next(void *self, struct card *card)
{
	struct feed *f = self;

	if (!card_is_issued(card))
		return card;
	take_out(f);
	put_in(f, NULL);
	return f->card;
}

static int run_feed(struct cli *cli)
{
	struct feed f = { .cli = cli };
	struct card_stdio_config link = { STDIN_FILENO, STDOUT_FILENO, cli_interrupt_fd(cli), next,
					  &f };

	if (link.stop_fd < 0)
		return cli_exit_code(cli);
	f.how = (struct card_config){ .interface = card_interface_asked(cli),
				      .clock = card_stdio_clock(&link) };
	signal(SIGPIPE, SIG_IGN); /* the reader's end is told by EPIPE */
	put_in(&f, cli_value(cli, "first"));
	if (f.rc == 0 && card_stdio_run(&link, f.card) != CARD_STDIO_ENDED)
		f.rc = cli_fail(cli, SJ_OUTPUT_FAILED, "%s", strerror(errno));
	take_out(&f);
	return f.rc;
}

static const struct cli_option options[] = {
	{ "interface", 'i', "KIND", "contact or contactless (the default)", CLI_COMPLETE_WORDS,
	  "contact contactless", false },
	{ "first", 0, "FILE", "begin with this card, which was not finished", CLI_COMPLETE_FILE,
	  NULL, false },
	{ NULL, 0, NULL, NULL, CLI_COMPLETE_NONE, NULL, false },
};
static const struct cli_positional positionals[] = {
	{ "DIR", "where the cards' files are made", CLI_COMPLETE_DIRECTORY, NULL, false, false },
	{ NULL, NULL, CLI_COMPLETE_NONE, NULL, false, false },
};
static const char *const examples[] = {
	"sojourn issue -a utopia --batch holders.jsonl --letters letters \\\n"
	"    --exec -- sojourn card feed cards # a batch without a reader",
	NULL,
};
static const enum sj_rc failures[] = { SJ_OUTPUT_FAILED, SJ_FILE_PERMISSION, SJ_CARD_FILE_BUSY,
				       SJ_OK };

const struct cli_command card_feed_command = {
	.noun = "card",
	.verb = "feed",
	.summary = "hand out blank cards, one after the other",
	.description =
		"A card behind standard input and output, as of 'card run --link stdio'. When it\n"
		"is powered off after it was issued, it leaves, and a new blank card takes its\n"
		"place; one that is not finished stays. Each is a file in DIR.",
	.options = options,
	.positionals = positionals,
	.examples = examples,
	.failures = failures,
	.run = run_feed,
};
