/* cmd_register_new.c -- register add, lost, replace, rebind: documents to be made. */
#include <stdlib.h>
#include <string.h>

#include "authority/commands.h"
#include "authority/desk.h"
#include "authority/job.h"
#include "authority/queue.h"
#include "crypt/wipe.h"

/* --- add -------------------------------------------------------------------------------- */

/* What goes into the register: a holder file that was accepted, and a face. */
struct person {
	char *json;
	uint8_t *portrait;
	size_t portrait_len;
};

static void person_free(struct person *p)
{
	if (p->json != NULL)
		sj_wipe(p->json, strlen(p->json));
	if (p->portrait != NULL)
		sj_wipe(p->portrait, p->portrait_len);
	free(p->json);
	free(p->portrait);
}

static struct sj_span json_span(const struct person *p)
{
	return sj_span((const uint8_t *)p->json, p->json != NULL ? strlen(p->json) : 0);
}

static int add(struct desk *d, const struct holder *holder, const struct person *p)
{
	const char *number = holder->fields[HOLDER_DOCUMENT_NUMBER];
	const int64_t expires = holder_end_of(holder->fields[HOLDER_EXPIRY_DATE]);
	int64_t id = 0;
	int rc = register_begin(d->r);

	if (rc != 0)
		return rc;
	rc = desk_end(d, register_apply(d->r, json_span(p), sj_span(p->portrait, p->portrait_len),
					number, (uint32_t)expires, &id));
	if (rc == 0)
		cli_note(d->cli, "%s: applied", number);
	return rc;
}

static int add_run(struct cli *cli)
{
	struct person p = { NULL, NULL, 0 };
	struct holder holder = { .root = NULL };
	struct sj_face face;
	struct desk d;
	int rc = desk_open(&d, cli);

	if (rc == 0)
		rc = job_read_holder(cli, &holder);
	if (rc == 0)
		rc = job_read_portrait(cli, &p.portrait, &p.portrait_len, &face);
	if (rc == 0) {
		p.json = json_dumps(holder.root, JSON_COMPACT);
		rc = p.json != NULL ? add(&d, &holder, &p) : cli_fail(cli, SJ_NO_MEMORY, NULL);
	}
	person_free(&p);
	holder_free(&holder);
	desk_close(&d);
	return rc;
}

static const struct cli_option add_options[] = {
	{ "holder", 0, "FILE", "who the holder is (JSON; see holder.schema.json); needed",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "portrait", 'p', "FILE", "the holder's face (JPEG or JPEG 2000); needed",
	  CLI_COMPLETE_FILE, NULL, false },
	DESK_ACTOR_OPTION,
	DESK_END,
};

static const char *const add_examples[] = {
	"sojourn register add utopia --holder anna.json --portrait anna.jpg", NULL
};

const struct cli_command register_add_command = {
	.noun = "register",
	.verb = "add",
	.summary = "take in an application: a holder file and a portrait",
	.description = "Both are encrypted with a key of this holder alone.",
	.features = CLI_KEYS,
	.options = add_options,
	.positionals = desk_positionals,
	.examples = add_examples,
	.failures = desk_failures,
	.run = add_run,
};

/* --- one for another ------------------------------------------------------------------------ */

/* What a replacement is to be. */
struct renewal {
	const char *old, *number, *reason;
	bool with_part; /* --holder: members of the holder file that are new */
	uint32_t expires;
	struct person person; /* json: the new holder file, if there is one */
};

static int read_part(struct cli *cli, json_t **part)
{
	const char *path = cli_value(cli, "holder");
	struct holder_fault fault;
	uint8_t *text = NULL;
	size_t len = 0;
	int rc;

	if (path == NULL)
		return cli_usage(cli, "--holder FILE is needed");
	rc = cli_file_read(cli, path, HOLDER_FILE_MAX, &text, &len);
	if (rc != 0)
		return rc;
	*part = holder_json((const char *)text, len, &fault);
	if (*part == NULL)
		rc = cli_fail(cli, fault.rc, "%s:%d: %s", path, fault.line, fault.what);
	sj_wipe(text, len);
	free(text);
	return rc;
}

/* The old holder file with what is new; accepted, or told why not. */
static int renew(struct desk *d, struct renewal *new, struct sj_span old, json_t *part)
{
	const char *expires = cli_value(d->cli, "expires");
	json_t *root;
	struct holder holder = { .root = NULL };
	struct holder_fault fault;
	int rc = register_json(d->r, old, &root);

	if (rc != 0)
		return rc;
	if ((part != NULL && json_object_update(root, part) != 0) ||
	    json_object_set_new(root, "documentNumber", json_string(new->number)) != 0 ||
	    (expires != NULL && json_object_set_new(root, "expiryDate", json_string(expires)) != 0))
		rc = cli_fail(d->cli, SJ_NO_MEMORY, NULL);
	if (rc == 0)
		new->person.json = json_dumps(root, JSON_COMPACT);
	if (rc == 0 && new->person.json == NULL)
		rc = cli_fail(d->cli, SJ_NO_MEMORY, NULL);
	if (rc == 0 && new->person.json != NULL &&
	    !holder_read(new->person.json, strlen(new->person.json), &holder, &fault))
		rc = cli_fail(d->cli, fault.rc, "%s %s", fault.path, fault.what);
	if (rc == 0)
		new->expires = (uint32_t)holder_end_of(holder.fields[HOLDER_EXPIRY_DATE]);
	holder_free(&holder);
	json_decref(root);
	return rc;
}

/* Reads, checks, and replaces, in one change. */
static int replace(struct desk *d, struct renewal *new, json_t *part)
{
	uint8_t *json = NULL, *portrait = NULL;
	size_t json_len = 0, portrait_len = 0;
	struct register_document document;
	int64_t id = 0;
	bool added;
	int rc = desk_find(d, new->old, &document);

	if (rc == 0)
		rc = register_person(d->r, document.id, &json, &json_len, &portrait, &portrait_len);
	if (rc == 0)
		rc = renew(d, new, sj_span(json, json_len), part);
	if (rc == 0)
		rc = register_replace(d->r, document.id, new->reason,
				      part != NULL ? json_span(&new->person) : sj_span(NULL, 0),
				      sj_span(new->person.portrait, new->person.portrait_len),
				      new->number, new->expires, &id);
	if (rc == 0)
		rc = queue_add(d->r, id, 0, &added);
	if (json != NULL)
		sj_wipe(json, json_len);
	if (portrait != NULL)
		sj_wipe(portrait, portrait_len);
	free(json);
	free(portrait);
	return rc;
}

static int replace_run(struct cli *cli, struct renewal *new)
{
	struct sj_face face;
	json_t *part = NULL;
	struct desk d;
	int rc;

	new->old = cli_value(cli, "document");
	new->number = cli_value(cli, "number");
	if (new->old == NULL || new->number == NULL)
		return cli_usage(cli, "--document NUMBER and --number NUMBER are needed");
	rc = desk_open(&d, cli);
	if (rc == 0 && new->with_part)
		rc = read_part(cli, &part);
	if (rc == 0 && cli_given(cli, "portrait"))
		rc = job_read_portrait(cli, &new->person.portrait, &new->person.portrait_len,
				       &face);
	if (rc == 0)
		rc = register_begin(d.r);
	if (rc == 0)
		rc = desk_end(&d, replace(&d, new, part));
	if (rc == 0)
		cli_note(cli, "%s: revoked; %s: approved", new->old, new->number);
	json_decref(part);
	person_free(&new->person);
	desk_close(&d);
	return rc;
}

#define REPLACE_OPTIONS \
	DESK_DOCUMENT_OPTION(": the old one"), \
		{ "number",          'n',  "NUMBER", "of the new document; needed", \
		  CLI_COMPLETE_NONE, NULL, false }, \
		{ "expires", \
		  0, \
		  "YYYY-MM-DD", \
		  "of the new document (default: as the old one)", \
		  CLI_COMPLETE_NONE, \
		  NULL, \
		  false }, \
		DESK_ACTOR_OPTION

static const struct cli_option replace_options[] = { REPLACE_OPTIONS, DESK_END };

static int lost_run(struct cli *cli)
{
	struct renewal new = { .reason = "lost" };

	return replace_run(cli, &new);
}

static const char *const lost_examples[] = {
	"sojourn register lost utopia --document SJ0000001 --number SJ0000117", NULL
};

const struct cli_command register_lost_command = {
	.noun = "register",
	.verb = "lost",
	.summary = "revoke a lost document and approve another for its holder",
	.description = "The other one waits for a card: 'sojourn issue --worker'.",
	.features = CLI_KEYS,
	.options = replace_options,
	.positionals = desk_positionals,
	.examples = lost_examples,
	.failures = desk_failures,
	.run = lost_run,
};

static int damaged_run(struct cli *cli)
{
	struct renewal new = { .reason = "damaged" };

	return replace_run(cli, &new);
}

static const char *const damaged_examples[] = {
	"sojourn register replace utopia --document SJ0000001 --number SJ0000117", NULL
};

const struct cli_command register_replace_command = {
	.noun = "register",
	.verb = "replace",
	.summary = "revoke a damaged document and approve another for its holder",
	.description = "The other one waits for a card: 'sojourn issue --worker'.",
	.features = CLI_KEYS,
	.options = replace_options,
	.positionals = desk_positionals,
	.examples = damaged_examples,
	.failures = desk_failures,
	.run = damaged_run,
};

static const struct cli_option rebind_options[] = {
	REPLACE_OPTIONS,
	{ "holder", 0, "FILE", "members of the holder file that are new (JSON); needed",
	  CLI_COMPLETE_FILE, NULL, false },
	{ "portrait", 'p', "FILE", "another face (default: as before)", CLI_COMPLETE_FILE, NULL,
	  false },
	DESK_END,
};

static int rebind_run(struct cli *cli)
{
	struct renewal new = { .reason = "changed-data", .with_part = true };

	return replace_run(cli, &new);
}

static const char *const rebind_examples[] = {
	"sojourn register rebind utopia --document SJ0000001 --number SJ0000117 --holder new.json",
	NULL,
};

const struct cli_command register_rebind_command = {
	.noun = "register",
	.verb = "rebind",
	.summary =
		"bind a holder to a changed home passport: another document, the old one revoked",
	.description =
		"What stands in the file takes the place of what the holder file said, the rest\n"
		"stays: {\"nationality\": \"UTO\", \"surname\": \"Ng\"}. The new document waits for a card:\n"
		"'sojourn issue --worker'.",
	.features = CLI_KEYS,
	.options = rebind_options,
	.positionals = desk_positionals,
	.examples = rebind_examples,
	.failures = desk_failures,
	.run = rebind_run,
};
