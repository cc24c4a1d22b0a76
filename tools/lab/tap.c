/* tap.c -- noun lab: take, put. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"

/* The lab that runs, and the card of it that was named, from 0. */
static int find_card(struct lab *lab, unsigned *i)
{
	const char *text = cli_argument(lab->cli, 0);
	int rc = lab_directory(lab->cli, lab->dir);
	unsigned long n;
	bool there;
	char *end;

	if (rc != 0)
		return rc;
	if (text == NULL)
		text = "1";
	n = strtoul(text, &end, 10);
	if (*end != '\0' || n < 1 || n > LAB_CARDS_MAX)
		return cli_usage(lab->cli, "CARD %s: must be a number from 1 to %d", text,
				 LAB_CARDS_MAX);
	*i = (unsigned)n - 1;
	if (lab_directory_keeper(lab->dir) <= 0)
		return cli_fail(lab->cli, SJ_INPUT_REFUSED, "no lab runs in %s", lab->dir);
	rc = cli_file_there(lab->cli, lab_path(lab->dir, "card-%02lu.card", n).text, &there);
	if (rc != 0)
		return rc;
	if (!there)
		return cli_fail(lab->cli, SJ_INPUT_REFUSED, "the lab in %s has no card %lu",
				lab->dir, n);
	lab_pcscd_use(lab->dir);
	return 0;
}

static int run_take(struct cli *cli)
{
	struct lab lab = { .cli = cli, .lock = -1 };
	unsigned i = 0;
	int rc = find_card(&lab, &i), fd;

	if (rc != 0)
		return rc;
	fd = open(lab_card_mark(lab.dir, i).text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return cli_fail(cli, SJ_OUTPUT_FAILED, "%s: %s", lab_card_mark(lab.dir, i).text,
				strerror(errno));
	close(fd);
	return lab_card_wait(&lab, i, false);
}

static int run_put(struct cli *cli)
{
	struct lab lab = { .cli = cli, .lock = -1 };
	unsigned i = 0;
	int rc = find_card(&lab, &i);

	if (rc != 0)
		return rc;
	if (unlink(lab_card_mark(lab.dir, i).text) != 0 && errno != ENOENT)
		return cli_fail(cli, SJ_OUTPUT_FAILED, "%s: %s", lab_card_mark(lab.dir, i).text,
				strerror(errno));
	return lab_card_wait(&lab, i, true);
}

static const struct cli_option options[] = {
	{ .name = "dir",
	  .argument = "DIR",
	  .help = "where the lab lives; default $XDG_RUNTIME_DIR/sojourn-lab or /tmp/sojourn-lab-UID",
	  .complete = CLI_COMPLETE_DIRECTORY },
	{ 0 },
};
static const struct cli_positional positionals[] = {
	{ "CARD", "its number, 1 (default) to 16", CLI_COMPLETE_NONE, NULL, true, false },
	{ 0 },
};
static const enum sj_rc failures[] = {
	SJ_INPUT_REFUSED, SJ_NO_PCSCD, SJ_TIMED_OUT, SJ_OUTPUT_FAILED, SJ_OK,
};
static const char *const take_examples[] = {
	"sojourn lab take",
	"sojourn lab take 2",
	NULL,
};
const struct cli_command lab_take_command = {
	.noun = "lab",
	.verb = "take",
	.summary = "take a card out of its reader",
	.description =
		"Returns when the reader has no card any more. The card keeps what it knows;\n"
		"'sojourn lab put' lays it down again.",
	.options = options,
	.positionals = positionals,
	.examples = take_examples,
	.failures = failures,
	.run = run_take,
};
static const char *const put_examples[] = {
	"sojourn lab take && sojourn lab put # another tap",
	"sojourn lab put 2",
	NULL,
};
const struct cli_command lab_put_command = {
	.noun = "lab",
	.verb = "put",
	.summary = "lay a card that was taken on its reader again",
	.description = "Returns when the reader has found the card.",
	.options = options,
	.positionals = positionals,
	.examples = put_examples,
	.failures = failures,
	.run = run_put,
};
