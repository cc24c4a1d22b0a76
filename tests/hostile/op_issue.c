/* op_issue.c -- cards issued, and visited later, by the authority's own commands, before a liar. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/hostile/liar.h"
#include "tests/pkcs11/plug.h"
#include "tests/power/folder.h"

#include "authority/channel.h"
#include "authority/commands.h"

#define ARGUMENTS 24
#define SHOWN_MAX 16384u
#define KEY_TIMEOUT_MS 120000u /* of a command that makes a key */

struct desk {
	char directory[64], home[300];
	struct card_store *blank, *visited; /* what is issued; what is visited */
	const char *verb; /* of the visit */
	uint8_t ins; /* the last command of that */
};

/* --- the commands, in this process ------------------------------------------------------- */

/* What is printed goes to the file `out`, what is told to none. */
static int run_command(const char *const *words, const char *out)
{
	static const struct cli_command *const commands[] = { &authority_init_command,
							      &authority_card_show_command,
							      &authority_card_rotate_command,
							      &authority_card_lock_command,
							      &authority_card_unlock_command,
							      &authority_card_terminate_command,
							      &authority_card_reset_command,
							      &issue_command,
							      NULL };
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

static int visit(const char *verb)
{
	const bool final = strcmp(verb, "card-terminate") == 0 || strcmp(verb, "card-reset") == 0;
	const bool show = strcmp(verb, "card-show") == 0;
	const char *const words[] = {
		"sojourn", "authority", verb, "ut", final ? "--yes" : show ? "--json" : NULL, NULL
	};

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

static void lose(struct liar *l, const struct wrong *w, struct answer *x)
{
	(void)w;
	(void)x;
	l->rc = SJ_CARD_LOST;
}

/* A visit's card: what an honest one has become by then, or one that was lost on the way. */
static int make(struct desk *d, const struct card_store *from, const struct wrong *w, unsigned at,
		const char *verb)
{
	struct liar *l = calloc(1, sizeof(*l));
	int rc;

	assert_non_null(l);
	liar_begin(l, w, at);
	liar_insert(l, from, CARD_CONTACT);
	plug = (struct plug){ &l->head, 1 };
	rc = verb != NULL ? visit(verb) : issue();
	if (d->visited != NULL)
		card_store_close(d->visited);
	d->visited = stores_copy(l->b->store);
	liar_end(l);
	plug.card = NULL;
	free(l);
	return rc;
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
	return d;
}

static void *open_visit(const char *verb, uint8_t ins)
{
	struct desk *d = open_desk();

	d->verb = verb;
	d->ins = ins;
	assert_int_equal(make(d, d->blank, NULL, 0, NULL), 0);
	return d;
}

static void *open_show(void)
{
	return open_visit("card-show", 0);
}

static void *open_rotate(void)
{
	return open_visit("card-rotate", 0xD8);
}

static void *open_lock(void)
{
	return open_visit("card-lock", 0xF0);
}

static void *open_unlock(void)
{
	struct desk *d = open_visit("card-unlock", 0xF0);

	assert_int_equal(make(d, d->visited, NULL, 0, "card-lock"), 0);
	return d;
}

static void *open_terminate(void)
{
	return open_visit("card-terminate", 0xF0);
}

/* It was lost in the middle of its personalisation. */
static void *open_reset(void)
{
	static const struct wrong lost = { .name = "lost", .where = WRONG_WIRE, .change = lose };
	struct desk *d = open_desk();

	d->verb = "card-reset";
	d->ins = 0xE6;
	assert_int_not_equal(make(d, d->blank, &lost, 20, NULL), 0);
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
	if (d->visited != NULL)
		card_store_close(d->visited);
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

	l->each = KEY_TIMEOUT_MS;
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

static int visited(const struct desk *d, struct liar *l, struct outcome *o)
{
	int rc;

	l->each = CHANNEL_TIMEOUT_MS;
	liar_insert(l, d->visited, CARD_CONTACT);
	plug = (struct plug){ &l->head, 1 };
	rc = visit(d->verb);
	plug.card = NULL;
	o->rc = failure(rc);
	return rc;
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
	const int rc = visited(d, l, o);
	FILE *f = fopen("out", "rb");

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

/* Nobody is told that a card is something else now, whose answer to the last command was not 9000. */
static void visit_run(void *rig, struct liar *l, struct outcome *o)
{
	const struct desk *d = rig;

	o->accepted = visited(d, l, o) == 0;
	if (o->accepted && l->done[d->ins] == 0)
		o->wrong = "done, and the card did not do it";
}

const struct operation *const *operations_issue(void)
{
#define DESK(name_, kind_, open_, run_) \
	{ \
		.name = name_, .kind = ON_ISSUE | (kind_), .card_is_believed = true, \
		.open = open_, .run = run_, .close = close_desk \
	}
	static const struct operation issuing =
		DESK("issue", ON_WRITES | ON_CHANGES, open_desk, issue_run);
	static const struct operation showing = DESK("card-show", 0, open_show, show_run);
	static const struct operation rotating =
		DESK("card-rotate", ON_CHANGES, open_rotate, visit_run);
	static const struct operation locking = DESK("card-lock", ON_CHANGES, open_lock, visit_run);
	static const struct operation unlocking =
		DESK("card-unlock", ON_CHANGES, open_unlock, visit_run);
	static const struct operation terminating =
		DESK("card-terminate", ON_CHANGES, open_terminate, visit_run);
	static const struct operation emptying =
		DESK("card-reset", ON_CHANGES, open_reset, visit_run);
	static const struct operation *const all[] = { &issuing,  &showing,   &rotating,
						       &locking,  &unlocking, &terminating,
						       &emptying, NULL };

	return all;
}
