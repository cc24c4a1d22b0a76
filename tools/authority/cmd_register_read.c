/* cmd_register_read.c -- register show, list, history, verify, key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/commands.h"
#include "authority/desk.h"
#include "crypt/wipe.h"
#include "wire/hex.h"

#define HISTORY_SCHEMA 1

/* "2033-05-18T12:00:00Z" */
static void time_text(int64_t seconds, char out[static 32])
{
	const time_t when = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(out, 32, "?");
}

static json_t *document_json(const struct register_document *d)
{
	char expires[32];

	time_text(d->expires, expires);
	return json_pack("{s:I, s:s?, s:s, s:s, s:s?, s:o}", "id", (json_int_t)d->id, "number",
			 d->number[0] != '\0' ? d->number : NULL, "state",
			 register_state_name(d->state), "expires", expires, "reason",
			 d->reason[0] != '\0' ? d->reason : NULL, "replaces",
			 d->replaces != 0 ? json_integer((json_int_t)d->replaces) : json_null());
}

static void document_line(struct cli *cli, const struct register_document *d)
{
	char expires[32];

	time_text(d->expires, expires);
	cli_print(cli, "%-10lld %-12s %-12s until %.10s%s%s\n", (long long)d->id,
		  d->number[0] != '\0' ? d->number : "(erased)", register_state_name(d->state),
		  expires, d->reason[0] != '\0' ? "  " : "", d->reason);
}

/* --- show -------------------------------------------------------------------------------- */

static int add_card(void *user, const struct register_card *c)
{
	char serial[2 * REGISTER_SERIAL + 1];

	sj_hex_text(SJ_SPAN_OF(c->serial), SJ_HEX_LOWER, serial, sizeof(serial));
	return json_array_append_new(
		user, json_pack("{s:I, s:s, s:s, s:i, s:i}", "id", (json_int_t)c->id, "state",
				register_card_state_name(c->state), "serial", serial, "keyVersion",
				(int)c->key_version, "master", (int)c->master));
}

static int add_credential(void *user, const struct register_credential *c, uint32_t expires,
			  bool good)
{
	char key[2 * SJ_CWT_KEY + 1], until[32];

	sj_hex_text(SJ_SPAN_OF(c->key_x), SJ_HEX_LOWER, key, sizeof(key));
	time_text(expires, until);
	return json_array_append_new(user, json_pack("{s:i, s:i, s:i, s:I, s:s, s:s, s:b}",
						     "sector", (int)c->sector, "slot", (int)c->slot,
						     "partition", (int)c->status.partition, "index",
						     (json_int_t)c->status.index, "key", key,
						     "expires", until, "good", (int)good));
}

/* --person: who looked at a holder's data stands in the history. */
static int read_person(struct desk *d, const struct register_document *document, json_t **out)
{
	uint8_t *json = NULL, *portrait = NULL;
	size_t json_len = 0, portrait_len = 0;
	int rc = register_begin(d->r);

	if (rc != 0)
		return rc;
	rc = register_person(d->r, document->id, &json, &json_len, &portrait, &portrait_len);
	if (rc == 0)
		rc = register_event(d->r, "person shown", document->id, 0, NULL);
	rc = desk_end(d, rc);
	if (rc == 0)
		rc = register_json(d->r, sj_span(json, json_len), out);
	if (json != NULL)
		sj_wipe(json, json_len);
	if (portrait != NULL)
		sj_wipe(portrait, portrait_len);
	free(json);
	free(portrait);
	return rc;
}

static void print_card(struct cli *cli, const json_t *card)
{
	cli_print(cli, "  card %lld  %s  serial %s, issued with keys %02llX of card-master-%lld\n",
		  (long long)json_integer_value(json_object_get(card, "id")),
		  json_string_value(json_object_get(card, "state")),
		  json_string_value(json_object_get(card, "serial")),
		  (long long)json_integer_value(json_object_get(card, "keyVersion")),
		  (long long)json_integer_value(json_object_get(card, "master")));
}

static void print_shown(struct cli *cli, const struct register_document *document,
			const json_t *cards, const json_t *credentials, json_t *person)
{
	const json_t *value;
	const char *key;
	size_t i;

	document_line(cli, document);
	for (i = 0; i < json_array_size(cards); i++)
		print_card(cli, json_array_get(cards, i));
	cli_print(cli, "  %zu credentials\n", json_array_size(credentials));
	for (void *at = json_object_iter(person); at != NULL;
	     at = json_object_iter_next(person, at)) {
		key = json_object_iter_key(at);
		value = json_object_iter_value(at);
		if (json_is_string(value))
			cli_print(cli, "  %s: %s\n", key, json_string_value(value));
	}
}

static int show(struct desk *d, const char *number, json_t *cards, json_t *credentials)
{
	struct register_document document;
	json_t *person = NULL;
	int rc = desk_find(d, number, &document);

	if (rc == 0)
		rc = register_cards(d->r, document.id, add_card, cards);
	if (rc == 0)
		rc = register_credentials(d->r, number, add_credential, credentials);
	if (rc == 0 && cli_given(d->cli, "person"))
		rc = read_person(d, &document, &person);
	if (rc == 0 && cli_json(d->cli))
		rc = cli_json_print(d->cli, 1,
				    json_pack("{s:o, s:O, s:O, s:o?}", "document",
					      document_json(&document), "cards", cards,
					      "credentials", credentials, "person",
					      json_incref(person)));
	else if (rc == 0)
		print_shown(d->cli, &document, cards, credentials, person);
	json_decref(person);
	return rc;
}

static int show_run(struct cli *cli)
{
	const char *number = cli_value(cli, "document");
	json_t *cards = json_array(), *credentials = json_array();
	struct desk d;
	int rc = desk_open(&d, cli);

	if (rc == 0 && number == NULL)
		rc = cli_usage(cli, "--document NUMBER is needed");
	if (rc == 0)
		rc = show(&d, number, cards, credentials);
	json_decref(cards);
	json_decref(credentials);
	desk_close(&d);
	return rc;
}

static const struct cli_option show_options[] = {
	DESK_DOCUMENT_OPTION(""),
	{ "person", 0, NULL, "the holder's data, too; this is noted in the history",
	  CLI_COMPLETE_NONE, NULL, false },
	DESK_ACTOR_OPTION,
	DESK_END,
};

static const char *const show_examples[] = { "sojourn register show utopia --document SJ0000001",
					     NULL };

const struct cli_command register_show_command = {
	.noun = "register",
	.verb = "show",
	.summary = "show a document, its cards and what they were given",
	.features = CLI_KEYS | CLI_JSON,
	.options = show_options,
	.positionals = desk_positionals,
	.examples = show_examples,
	.failures = desk_failures,
	.run = show_run,
};

/* --- list ---------------------------------------------------------------------------------- */

static int list_row(void *user, const struct register_document *d)
{
	struct cli *cli = user;

	if (cli_json(cli))
		return cli_json_line(cli, 1, document_json(d));
	document_line(cli, d);
	return 0;
}

static int state_of(struct cli *cli)
{
	const char *name = cli_value(cli, "state");

	for (int s = DOCUMENT_APPLIED; name != NULL && s <= DOCUMENT_EXPIRED; s++) {
		if (strcmp(name, register_state_name((enum document_state)s)) == 0)
			return s;
	}
	return -1;
}

static int list_run(struct cli *cli)
{
	struct desk d;
	int rc = desk_open(&d, cli);

	if (rc == 0)
		rc = register_list(d.r, state_of(cli), list_row, cli);
	desk_close(&d);
	return rc;
}

static const struct cli_option list_options[] = {
	{ "state", 's', "STATE", "only those in this state", CLI_COMPLETE_WORDS,
	  "applied approved personalised delivered active suspended revoked expired", false },
	DESK_END,
};

static const char *const list_examples[] = { "sojourn register list utopia --state approved",
					     NULL };

const struct cli_command register_list_command = {
	.noun = "register",
	.verb = "list",
	.summary = "list documents, by state",
	.features = CLI_KEYS | CLI_JSON,
	.options = list_options,
	.positionals = desk_positionals,
	.examples = list_examples,
	.failures = desk_failures,
	.run = list_run,
};

/* --- history ---------------------------------------------------------------------------------- */

static json_t *or_null(int64_t id)
{
	return id != 0 ? json_integer((json_int_t)id) : json_null();
}

static int history_row(void *user, const struct register_record *r)
{
	struct cli *cli = user;
	json_t *detail;
	json_error_t fault;
	char at[32];

	time_text(r->at, at);
	if (!cli_json(cli)) {
		cli_print(cli, "%-8lld %s  %-20s %-20s document %lld, card %lld  %s\n",
			  (long long)r->number, at, r->actor, r->event, (long long)r->document,
			  (long long)r->card, r->detail);
		return 0;
	}
	if (cli_json_parse(r->detail, strlen(r->detail), &detail, &fault) == SJ_NO_MEMORY)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	return cli_json_line(cli, HISTORY_SCHEMA,
			     json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o}", "record",
				       (json_int_t)r->number, "at", at, "actor", r->actor, "event",
				       r->event, "document", or_null(r->document), "card",
				       or_null(r->card), "detail",
				       detail != NULL ? detail : json_null()));
}

static int history_run(struct cli *cli)
{
	const char *number = cli_value(cli, "document");
	struct register_document document = { .id = 0 };
	struct desk d;
	int rc = desk_open(&d, cli);

	if (rc == 0 && number != NULL)
		rc = desk_find(&d, number, &document);
	if (rc == 0)
		rc = register_history(d.r, document.id, history_row, cli);
	desk_close(&d);
	return rc;
}

static const struct cli_option history_options[] = {
	{ "document", 'd', "NUMBER", "only what happened to this document", CLI_COMPLETE_NONE, NULL,
	  false },
	DESK_END,
};

static const char *const history_examples[] = {
	"sojourn register history utopia --document SJ0000001", NULL
};

const struct cli_command register_history_command = {
	.noun = "register",
	.verb = "history",
	.summary = "tell who did what when",
	.features = CLI_KEYS | CLI_JSON,
	.options = history_options,
	.positionals = desk_positionals,
	.examples = history_examples,
	.failures = desk_failures,
	.run = history_run,
};

/* --- verify -------------------------------------------------------------------------------------- */

static int verify_run(struct cli *cli)
{
	int64_t broken = 0;
	struct desk d;
	int rc = desk_open(&d, cli);

	if (rc == 0)
		rc = register_check(d.r, &broken);
	if (rc == 0 && broken != 0)
		rc = cli_fail(cli, SJ_REGISTER_BROKEN, "record %lld of the history does not hold",
			      (long long)broken);
	if (rc == 0 && cli_json(cli))
		rc = cli_json_print(cli, 1, json_pack("{s:b}", "holds", 1));
	else if (rc == 0)
		cli_line(cli, CLI_MARK_GOOD, "holds", "%s",
			 "the history, from the first record on");
	desk_close(&d);
	return rc;
}

static const char *const verify_examples[] = { "sojourn register verify utopia", NULL };

const struct cli_command register_verify_command = {
	.noun = "register",
	.verb = "verify",
	.summary = "check the whole history: nothing changed, nothing taken out",
	.features = CLI_KEYS | CLI_JSON,
	.positionals = desk_positionals,
	.examples = verify_examples,
	.failures = desk_failures,
	.run = verify_run,
};

/* --- key ------------------------------------------------------------------------------------------- */

struct issued {
	int64_t card;
};

static int find_issued(void *user, const struct register_card *c)
{
	struct issued *i = user;

	if (c->state == CARD_ISSUED || c->state == CARD_FINISHING)
		i->card = c->id;
	return 0;
}

/* Noted before it is handed over. */
static int take_key(struct desk *d, const struct register_document *document, uint8_t **key,
		    size_t *len)
{
	const char *name = cli_value(d->cli, "which");
	struct issued issued = { 0 };
	int rc = register_begin(d->r);

	if (rc != 0)
		return rc;
	if (name == NULL)
		name = "9B";
	rc = register_cards(d->r, document->id, find_issued, &issued);
	if (rc == 0 && issued.card == 0)
		rc = cli_fail(d->cli, SJ_INPUT_REFUSED, "%s: no card of it", document->number);
	if (rc == 0)
		rc = register_card_secret_read(d->r, issued.card, name, key, len);
	if (rc == 0)
		rc = register_event(d->r, "secret shown", document->id, issued.card,
				    json_pack("{s:s}", "name", name));
	return desk_end(d, rc);
}

static int key_run(struct cli *cli)
{
	const char *number = cli_value(cli, "document");
	struct register_document document;
	uint8_t *key = NULL, *line;
	size_t len = 0;
	struct desk d;
	int rc = desk_open(&d, cli);

	if (rc == 0 && number == NULL)
		rc = cli_usage(cli, "--document NUMBER is needed");
	if (rc == 0)
		rc = desk_find(&d, number, &document);
	if (rc == 0)
		rc = take_key(&d, &document, &key, &len);
	if (rc == 0) {
		line = realloc(key, len + 1);
		if (line != NULL) {
			key = line;
			key[len] = '\n';
			rc = cli_secret_write_letter(cli, cli_value(cli, "out"), (char *)key,
						     len + 1);
		} else {
			rc = cli_fail(cli, SJ_NO_MEMORY, NULL);
		}
	}
	if (key != NULL)
		sj_wipe(key, len);
	free(key);
	desk_close(&d);
	return rc;
}

static const struct cli_option key_options[] = {
	DESK_DOCUMENT_OPTION(""),
	{ "out", 'o', "FILE", "write it there (0600); needed unless on a terminal",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "which", 0, "NAME", "another secret that the register keeps: letter", CLI_COMPLETE_WORDS,
	  "9B letter", false },
	DESK_ACTOR_OPTION,
	DESK_END,
};

static const char *const key_examples[] = {
	"sojourn register key utopia --document SJ0000001 --out admin.key", NULL
};

const struct cli_command register_key_command = {
	.noun = "register",
	.verb = "key",
	.summary = "hand out the management key (9B) of a document's card",
	.description = "ALGORITHM KEY, in a line. Who took it when is noted in the history first.",
	.features = CLI_KEYS,
	.options = key_options,
	.positionals = desk_positionals,
	.examples = key_examples,
	.failures = desk_failures,
	.run = key_run,
};
