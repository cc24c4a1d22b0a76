/* op_issue.c -- cards issued and shown by the authority's own commands, before a liar. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/hostile/liar.h"
#include "tests/pkcs11/plug.h"
#include "tests/power/folder.h"

#include "authority/commands.h"

#define ARGUMENTS 24
#define SHOWN_MAX 16384u

struct desk {
	char directory[64], home[300];
	struct card_store *blank, *issued;
};

/* --- the commands, in this process ------------------------------------------------------- */

/* What is printed goes to the file `out`, what is told to none. */
static int run_command(const char *const *words, const char *out)
{
	static const struct cli_command *const commands[] = { &authority_init_command,
							      &authority_card_show_command,
							      &issue_command, NULL };
	static const struct cli_program program = { "authority", commands };
	char copies[ARGUMENTS][80], *argv[ARGUMENTS + 1] = { NULL };
	const int here[2] = { dup(1), dup(2) },
		  file = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600),
		  none = open("/dev/null", O_WRONLY);
	int argc = 0, rc;

	fflush(NULL);
	assert_true(here[0] >= 0 && here[1] >= 0 && file >= 0 && none >= 0);
	assert_true(dup2(file, 1) == 1 && dup2(none, 2) == 2);
	for (; words[argc] != NULL; argc++) {
		snprintf(copies[argc], sizeof(copies[argc]), "%s", words[argc]);
		argv[argc] = copies[argc];
	}
	rc = cli_main(&program, argc, argv);
	fflush(NULL);
	assert_true(dup2(here[0], 1) == 1 && dup2(here[1], 2) == 2);
	close(here[0]);
	close(here[1]);
	close(file);
	close(none);
	return rc;
}

static int init_authority(void)
{
	static const char *const words[] = { "sojourn", "authority", "init", "ut", NULL };

	return run_command(words, "out");
}

/* The card in the plug. */
static int issue(void)
{
	static const char *const words[] = {
		"sojourn",  "issue",       "--again",    "--authority", "ut",
		"--holder", "holder.json", "--portrait", "face.jpg",    "--letter-out",
		"letter",   "--can-file",  "can",        "--no-keys",   "--no-gate",
		"--access", "bac",         "--aa",       "ec:P-256",    NULL
	};

	unlink("letter");
	return run_command(words, "out");
}

static int show(void)
{
	static const char *const words[] = { "sojourn", "authority", "card-show",
					     "ut",      "--json",    NULL };

	return run_command(words, "out");
}

/* --- the rig ---------------------------------------------------------------------------------- */

static void copy_demo(const struct desk *d)
{
	char command[1200];

	snprintf(
		command, sizeof(command),
		"cp %s/tools/demo/holder.json %s/tools/demo/face.jpg . && umask 077 && echo 317905 >can",
		d->home, d->home);
	assert_int_equal(system(command), 0);
}

/* An honest card is issued, to be shown later. */
static void issue_one(struct desk *d)
{
	struct liar *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	liar_begin(l, NULL, 0);
	liar_insert(l, d->blank, CARD_CONTACT);
	plug = (struct plug){ &l->head, 1 };
	assert_int_equal(issue(), 0);
	d->issued = stores_copy(l->b->store);
	liar_end(l);
	plug.card = NULL;
	free(l);
}

static void *open_desk(void)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	assert_non_null(getcwd(d->home, sizeof(d->home)));
	folder_make(d->directory);
	assert_int_equal(chdir(d->directory), 0);
	copy_demo(d);
	assert_int_equal(init_authority(), 0);
	assert_int_equal(card_store_memory(&d->blank), CARD_STORE_OK);
	issue_one(d);
	return d;
}

static void close_desk(void *rig)
{
	struct desk *d = rig;
	char command[100];

	assert_int_equal(chdir(d->home), 0);
	snprintf(command, sizeof(command), "rm -rf %s", d->directory);
	assert_int_equal(system(command), 0);
	card_store_close(d->blank);
	card_store_close(d->issued);
	free(d);
}

/* The exit codes of the reader's own failures, as runners know them. */
static long failure(int rc)
{
	return rc == 1 ? SJ_INTERNAL : rc == 2 ? SJ_USAGE : rc;
}

/* A card is issued when it is locked; and a letter is of a card that may be. */
static void issue_run(void *rig, struct liar *l, struct outcome *o)
{
	const struct desk *d = rig;
	int rc;

	liar_insert(l, d->blank, CARD_CONTACT);
	plug = (struct plug){ &l->head, 1 };
	rc = issue();
	plug.card = NULL;
	o->rc = failure(rc);
	o->accepted = rc == 0;
	if (o->accepted && !card_is_issued(l->b->card))
		o->wrong = "issued, and the card is not locked";
	else if (!o->accepted && access("letter", F_OK) == 0 && !l->locked)
		o->wrong = "a letter of a card that was not locked";
}

/*
 * What is shown came through the channel, unless the card says that its answers carry no MAC, and
 * then the user is told. That it has no (more) applications, it says with 6A88, which SCP03 does not protect.
 */
static void show_run(void *rig, struct liar *l, struct outcome *o)
{
	const struct desk *d = rig;
	static char shown[SHOWN_MAX]; /* of this function */
	size_t len = 0;
	FILE *f;
	int rc;

	liar_insert(l, d->issued, CARD_CONTACT);
	plug = (struct plug){ &l->head, 1 };
	rc = show();
	plug.card = NULL;
	o->rc = failure(rc);
	f = fopen("out", "rb");
	if (f != NULL) {
		len = fread(shown, 1, sizeof(shown) - 1, f);
		fclose(f);
	}
	shown[len] = 0;
	outcome_touch(shown, len);
	o->accepted = rc == 0 && strstr(shown, "\"scp03\": 112") != NULL &&
		      strstr(shown, "\"applications\": []") == NULL;
	if (o->accepted)
		outcome_put(o, "shown", shown, len);
}

const struct operation *const *operations_issue(void)
{
#define DESK(name_, kind_, run_) \
	{ \
		.name = name_, .kind = ON_ISSUE | (kind_), .card_is_believed = true, \
		.open = open_desk, .run = run_, .close = close_desk \
	}
	static const struct operation issuing = DESK("issue", ON_WRITES, issue_run);
	static const struct operation showing = DESK("card-show", 0, show_run);
	static const struct operation *const all[] = { &issuing, &showing, NULL };

	return all;
}
