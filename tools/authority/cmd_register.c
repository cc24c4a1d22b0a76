/* cmd_register.c -- register approve, deliver, activate, suspend, reinstate, revoke, expire, erase, init. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "authority/commands.h"
#include "authority/desk.h"
#include "authority/queue.h"

#define REASONS "lost stolen damaged changed-data withdrawn refused deceased fraud issued-in-error"

/* --- moving ---------------------------------------------------------------------------- */

/* Each document a change of its own: one that cannot be moved does not stop those before it. */
static int move_one(struct desk *d, const char *number, enum document_state to, bool back)
{
	const char *reason = cli_value(d->cli, "reason");
	struct register_document document;
	bool added;
	int rc = register_begin(d->r);

	if (rc != 0)
		return rc;
	rc = desk_find(d, number, &document);
	if (rc == 0)
		rc = back ? register_reinstate(d->r, document.id)
			  : register_move(d->r, document.id, to, reason);
	if (rc == 0 && to == DOCUMENT_APPROVED)
		rc = queue_add(d->r, document.id, 0, &added);
	if (rc == 0)
		rc = register_document_get(d->r, document.id, &document);
	rc = desk_end(d, rc);
	if (rc == 0)
		cli_note(d->cli, "%s: %s", number, register_state_name(document.state));
	return rc;
}

static int move(struct cli *cli, enum document_state to, bool back)
{
	const char *number;
	struct desk d;
	int rc;

	if (!cli_given(cli, "document"))
		return cli_usage(cli, "--document NUMBER is needed");
	rc = desk_open(&d, cli);
	for (size_t i = 0; rc == 0 && (number = cli_value_at(cli, "document", i)) != NULL; i++)
		rc = move_one(&d, number, to, back);
	desk_close(&d);
	return rc;
}

static const struct cli_option move_options[] = {
	DESK_DOCUMENT_OPTION(", may be repeated"),
	DESK_ACTOR_OPTION,
	DESK_END,
};

static const struct cli_option reason_options[] = {
	DESK_DOCUMENT_OPTION(", may be repeated"),
	{ "reason", 0, "WORD", "why, for the history", CLI_COMPLETE_WORDS, REASONS, false },
	DESK_ACTOR_OPTION,
	DESK_END,
};

static int approve_run(struct cli *cli)
{
	return move(cli, DOCUMENT_APPROVED, false);
}

static const char *const approve_examples[] = {
	"sojourn register approve utopia --document SJ0000001 --actor anna@desk-3", NULL
};

const struct cli_command register_approve_command = {
	.noun = "register",
	.verb = "approve",
	.summary = "let a card be made for an application",
	.description = "From then on it waits for a card: 'sojourn issue --worker'.",
	.features = CLI_KEYS,
	.options = move_options,
	.positionals = desk_positionals,
	.examples = approve_examples,
	.failures = desk_failures,
	.run = approve_run,
};

static int deliver_run(struct cli *cli)
{
	return move(cli, DOCUMENT_DELIVERED, false);
}

static const char *const deliver_examples[] = {
	"sojourn register deliver utopia --document SJ0000001", NULL
};

const struct cli_command register_deliver_command = {
	.noun = "register",
	.verb = "deliver",
	.summary = "note that the card was handed over or sent",
	.features = CLI_KEYS,
	.options = move_options,
	.positionals = desk_positionals,
	.examples = deliver_examples,
	.failures = desk_failures,
	.run = deliver_run,
};

static int activate_run(struct cli *cli)
{
	return move(cli, DOCUMENT_ACTIVE, false);
}

static const char *const activate_examples[] = {
	"sojourn register activate utopia --document SJ0000001", NULL
};

const struct cli_command register_activate_command = {
	.noun = "register",
	.verb = "activate",
	.summary = "note that the holder has the card",
	.features = CLI_KEYS,
	.options = move_options,
	.positionals = desk_positionals,
	.examples = activate_examples,
	.failures = desk_failures,
	.run = activate_run,
};

static int suspend_run(struct cli *cli)
{
	return move(cli, DOCUMENT_SUSPENDED, false);
}

static const char *const suspend_examples[] = {
	"sojourn register suspend utopia --document SJ0000001 --reason lost", NULL
};

const struct cli_command register_suspend_command = {
	.noun = "register",
	.verb = "suspend",
	.summary = "refuse a document for now: it can be reinstated",
	.description = "Its credentials are in the next status list; 'register reinstate' takes\n"
		       "them out again.",
	.features = CLI_KEYS,
	.options = reason_options,
	.positionals = desk_positionals,
	.examples = suspend_examples,
	.failures = desk_failures,
	.run = suspend_run,
};

static int reinstate_run(struct cli *cli)
{
	return move(cli, DOCUMENT_ACTIVE, true);
}

static const char *const reinstate_examples[] = {
	"sojourn register reinstate utopia --document SJ0000001", NULL
};

const struct cli_command register_reinstate_command = {
	.noun = "register",
	.verb = "reinstate",
	.summary = "end a suspension",
	.description = "The document is again what it was before.",
	.features = CLI_KEYS,
	.options = move_options,
	.positionals = desk_positionals,
	.examples = reinstate_examples,
	.failures = desk_failures,
	.run = reinstate_run,
};

static int revoke_run(struct cli *cli)
{
	return move(cli, DOCUMENT_REVOKED, false);
}

static const char *const revoke_examples[] = {
	"sojourn register revoke utopia --document SJ0000001 --reason stolen", NULL
};

const struct cli_command register_revoke_command = {
	.noun = "register",
	.verb = "revoke",
	.summary = "revoke a document with all its credentials, for good",
	.description =
		"Every credential that a card of this document was ever given is in the next\n"
		"status list and in all later ones: those for gates, its keys' and the\n"
		"document's own.",
	.features = CLI_KEYS,
	.options = reason_options,
	.positionals = desk_positionals,
	.examples = revoke_examples,
	.failures = desk_failures,
	.run = revoke_run,
};

/* --- expire, erase ------------------------------------------------------------------------ */

static const struct cli_option actor_options[] = { DESK_ACTOR_OPTION, DESK_END };

static int expire_run(struct cli *cli)
{
	size_t moved = 0;
	struct desk d;
	int rc = desk_open(&d, cli);

	if (rc == 0)
		rc = register_expire(d.r, (int64_t)time(NULL), &moved);
	if (rc == 0)
		cli_note(cli, "%zu documents have expired", moved);
	desk_close(&d);
	return rc;
}

static const char *const expire_examples[] = { "sojourn register expire utopia # once a day",
					       NULL };

const struct cli_command register_expire_command = {
	.noun = "register",
	.verb = "expire",
	.summary = "move every document whose time is over to expired",
	.features = CLI_KEYS,
	.options = actor_options,
	.positionals = desk_positionals,
	.examples = expire_examples,
	.failures = desk_failures,
	.run = expire_run,
};

static int erase_run(struct cli *cli)
{
	const char *number = cli_value(cli, "document");
	struct register_document document;
	struct desk d;
	int rc = desk_open(&d, cli);

	if (rc == 0 && number == NULL)
		rc = cli_usage(cli, "--document NUMBER is needed");
	if (rc == 0)
		rc = desk_find(&d, number, &document);
	if (rc == 0)
		rc = register_erase(d.r, document.id);
	if (rc == 0)
		cli_note(cli, "%s: the holder is forgotten", number);
	desk_close(&d);
	return rc;
}

static const struct cli_option erase_options[] = {
	DESK_DOCUMENT_OPTION(": one of the holder's"),
	DESK_ACTOR_OPTION,
	DESK_END,
};

static const char *const erase_examples[] = { "sojourn register erase utopia --document SJ0000001",
					      NULL };

const struct cli_command register_erase_command = {
	.noun = "register",
	.verb = "erase",
	.summary = "forget a holder: names, portrait, numbers, secrets",
	.description =
		"Deletes the holder's key, and what was encrypted with it, of all the holder's\n"
		"documents. The history stays, and what is revoked: neither has a name. Refused\n"
		"while a document of the holder is neither revoked nor expired. Backups and a\n"
		"server's log keep what they have until they are deleted.",
	.features = CLI_KEYS,
	.options = erase_options,
	.positionals = desk_positionals,
	.examples = erase_examples,
	.failures = desk_failures,
	.run = erase_run,
};

/* --- init ------------------------------------------------------------------------------------ */

static const struct cli_option init_options[] = {
	{ "database", 0, "WHERE",
	  "postgresql://... or host=... dbname=... (default DIR/register.db)", CLI_COMPLETE_NONE,
	  NULL, false },
	DESK_END,
};

static int has_file(const struct authority *a, bool *there)
{
	char *path = NULL;
	int rc;

	if (asprintf(&path, "%s/register.db", a->directory) < 0)
		return cli_fail(a->cli, SJ_NO_MEMORY, NULL);
	rc = cli_file_there(a->cli, path, there);
	free(path);
	return rc;
}

/* A register that has rows stays where it is: nothing is left behind unseen. */
static int refuse_filled(struct authority *a)
{
	struct holder_register *r = NULL;
	int64_t documents = 0;
	bool there = true;
	int rc = json_object_get(a->state, "register") == NULL ? has_file(a, &there) : 0;

	if (rc != 0 || !there)
		return rc;
	rc = register_open(a, &r);
	if (rc == 0)
		rc = db_number(register_db(r), "SELECT COUNT(*) FROM documents", NULL, 0,
			       &documents);
	if (rc == 0 && documents > 0)
		rc = cli_fail(a->cli, SJ_INPUT_REFUSED,
			      "the register has %lld documents; it stays where it is",
			      (long long)documents);
	register_close(r);
	return rc;
}

static int init_run(struct cli *cli)
{
	const char *where = cli_value(cli, "database");
	struct authority a = { .lock = -1 };
	struct holder_register *r = NULL;
	int rc = authority_open(cli, cli_argument(cli, 0), AUTHORITY_CHANGE, &a);

	if (rc == 0)
		rc = register_place(&a, NULL);
	if (rc == 0 && where != NULL)
		rc = refuse_filled(&a);
	if (rc == 0)
		rc = register_place(&a, where);
	if (rc == 0)
		rc = register_open(&a, &r);
	if (rc == 0)
		rc = authority_save(&a);
	if (rc == 0)
		cli_note(cli, "%s: the register is ready", cli_argument(cli, 0));
	register_close(r);
	authority_close(&a);
	return rc;
}

static const char *const init_examples[] = {
	"sojourn register init utopia --database 'host=db.example dbname=utopia sslmode=verify-full'",
	NULL,
};

const struct cli_command register_init_command = {
	.noun = "register",
	.verb = "init",
	.summary = "make the holder register, or say where it is",
	.description =
		"A new authority has its register in DIR/register.db. With --database it is on a\n"
		"PostgreSQL server, for any number of machines; DIR/registry.json keeps the\n"
		"connection string, so the password belongs into ~/.pgpass or a certificate.\n"
		"Its key (register-1) is made when there is none.",
	.features = CLI_KEYS,
	.options = init_options,
	.positionals = desk_positionals,
	.examples = init_examples,
	.failures = desk_failures,
	.run = init_run,
};
