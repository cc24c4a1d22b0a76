/* register_document.c -- holders, their documents, and a document's life. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/register_private.h"
#include "crypt/wipe.h"

#define BIT(state) (1u << DOCUMENT_##state)

/* REGISTER.md, "A document's life": where it may go from each state. */
static const unsigned moves[] = {
	[DOCUMENT_APPLIED] = BIT(APPROVED) | BIT(REVOKED),
	[DOCUMENT_APPROVED] = BIT(PERSONALISED) | BIT(REVOKED),
	[DOCUMENT_PERSONALISED] =
		BIT(APPROVED) | BIT(DELIVERED) | BIT(SUSPENDED) | BIT(REVOKED) | BIT(EXPIRED),
	[DOCUMENT_DELIVERED] = BIT(ACTIVE) | BIT(SUSPENDED) | BIT(REVOKED) | BIT(EXPIRED),
	[DOCUMENT_ACTIVE] = BIT(SUSPENDED) | BIT(REVOKED) | BIT(EXPIRED),
	[DOCUMENT_SUSPENDED] =
		BIT(PERSONALISED) | BIT(DELIVERED) | BIT(ACTIVE) | BIT(REVOKED) | BIT(EXPIRED),
	[DOCUMENT_REVOKED] = 0,
	[DOCUMENT_EXPIRED] = 0,
};

static const char *const names[] = {
	"applied", "approved",  "personalised", "delivered",
	"active",  "suspended", "revoked",      "expired",
};

const char *register_state_name(enum document_state state)
{
	return (size_t)state < sizeof(names) / sizeof(names[0]) ? names[state] : "?";
}

bool register_may_move(enum document_state from, enum document_state to)
{
	return (moves[from] & 1u << to) != 0;
}

/* --- reading ------------------------------------------------------------------------- */

#define COLUMNS \
	"SELECT d.id, d.holder, d.state, d.expires, d.replaces, d.reason, d.number, h.wrapped," \
	" d.resumes, d.person FROM documents d JOIN holders h ON h.id = d.holder "

/* A row of COLUMNS. */
struct reading {
	struct holder_register *r;
	struct register_document *out;
	enum document_state resumes;
	int64_t person;
	bool found;
	int (*each)(void *user, const struct register_document *d);
	void *user;
};

/* The number of a document whose holder was not erased. */
static int open_number(struct holder_register *r, const struct db_value *wrapped,
		       const struct db_value *number, struct register_document *out)
{
	uint8_t key[REGISTER_KEY_SIZE];
	struct sj_span plain = { NULL, 0 };
	int rc;

	out->number[0] = '\0';
	if (wrapped->type != DB_BYTES || number->type != DB_BYTES)
		return 0;
	rc = register_unwrap(r, wrapped->bytes, key);
	if (rc == 0)
		rc = register_unseal(r, key, "number", number->bytes, &plain);
	if (rc == 0 && plain.len < sizeof(out->number)) {
		memcpy(out->number, plain.ptr, plain.len);
		out->number[plain.len] = '\0';
	}
	register_wipe(&plain);
	sj_wipe(key, sizeof(key));
	return rc;
}

static int take_document(void *user, const struct db_value *c, size_t n)
{
	struct reading *reading = user;
	struct register_document *out = reading->out;
	int rc;

	if (n != 10 || c[2].integer < 0 || c[2].integer > DOCUMENT_EXPIRED)
		return cli_fail(reading->r->cli, SJ_REGISTER_BROKEN, "a row of documents");
	*out = (struct register_document){
		.id = c[0].integer,
		.holder = c[1].integer,
		.state = (enum document_state)c[2].integer,
		.expires = (uint32_t)c[3].integer,
		.replaces = c[4].integer,
	};
	if (!db_copy_text(&c[5], out->reason, sizeof(out->reason)))
		out->reason[0] = '\0';
	reading->resumes = (enum document_state)c[8].integer;
	reading->person = c[9].integer;
	reading->found = true;
	rc = open_number(reading->r, &c[7], &c[6], out);
	return rc != 0 || reading->each == NULL ? rc : reading->each(reading->user, out);
}

/* SJ_INPUT_REFUSED: no such document. */
static int get(struct holder_register *r, int64_t id, struct reading *reading,
	       struct register_document *out)
{
	const struct db_value value = db_integer(id);
	int rc;

	*reading = (struct reading){ .r = r, .out = out };
	rc = db_run(r->db, COLUMNS "WHERE d.id = $1", &value, 1, take_document, reading, NULL);
	if (rc == 0 && !reading->found)
		rc = cli_fail(r->cli, SJ_INPUT_REFUSED, "document %lld: not in the register",
			      (long long)id);
	return rc;
}

int register_document_get(struct holder_register *r, int64_t id, struct register_document *out)
{
	struct reading reading;

	return get(r, id, &reading, out);
}

/* A change of SQLite's has the whole file to itself. */
int register_document_hold(struct holder_register *r, int64_t id, struct register_document *out)
{
	const struct db_value value = db_integer(id);
	int rc = 0;

	if (db_is_server(r->db))
		rc = db_run(r->db, "SELECT id FROM documents WHERE id = $1 FOR UPDATE", &value, 1,
			    NULL, NULL, NULL);
	return rc != 0 ? rc : register_document_get(r, id, out);
}

int register_find(struct holder_register *r, const char *number, struct register_document *out,
		  bool *found)
{
	struct reading reading = { .r = r, .out = out };
	uint8_t blind[SJ_PRK_SIZE];
	struct db_value value;
	int rc = register_blind(r, number, blind);

	value = db_bytes(SJ_SPAN_OF(blind));
	if (rc == 0)
		rc = db_run(r->db, COLUMNS "WHERE d.number_index = $1", &value, 1, take_document,
			    &reading, NULL);
	*found = reading.found;
	return rc;
}

int register_list(struct holder_register *r, int state,
		  int (*found)(void *user, const struct register_document *d), void *user)
{
	struct register_document d;
	struct reading reading = { .r = r, .out = &d, .each = found, .user = user };
	const struct db_value value = db_integer(state);

	if (state < 0)
		return db_run(r->db, COLUMNS "ORDER BY d.id", NULL, 0, take_document, &reading,
			      NULL);
	return db_run(r->db, COLUMNS "WHERE d.state = $1 ORDER BY d.id", &value, 1, take_document,
		      &reading, NULL);
}

/* --- a person's data ------------------------------------------------------------------- */

struct sealed {
	struct holder_register *r;
	const uint8_t *key;
	struct sj_span json, portrait;
};

static int take_person(void *user, const struct db_value *c, size_t n)
{
	struct sealed *s = user;
	int rc;

	if (n != 2 || c[0].type != DB_BYTES || c[1].type != DB_BYTES)
		return 0;
	rc = register_unseal(s->r, s->key, "details", c[0].bytes, &s->json);
	return rc != 0 ? rc : register_unseal(s->r, s->key, "portrait", c[1].bytes, &s->portrait);
}

int register_json(struct holder_register *r, struct sj_span json, json_t **out)
{
	json_error_t fault; /* quotes the holder's data: not told */
	const enum sj_rc rc = cli_json_parse((const char *)json.ptr, json.len, out, &fault);

	if (rc == SJ_NO_MEMORY)
		return cli_fail(r->cli, rc, NULL);
	if (json_is_object(*out))
		return 0;
	json_decref(*out);
	*out = NULL;
	return cli_fail(r->cli, SJ_REGISTER_BROKEN, "holder file of a document");
}

/* The holder file with the number and the expiry of this document, which may be a later one. */
static int fit(struct holder_register *r, const struct register_document *d, struct sj_span *json)
{
	const time_t expires = (time_t)d->expires;
	json_t *root;
	char day[16], *text = NULL;
	struct tm tm;
	int rc = register_json(r, *json, &root);

	if (rc != 0)
		return rc;
	if (gmtime_r(&expires, &tm) != NULL && strftime(day, sizeof(day), "%Y-%m-%d", &tm) != 0 &&
	    json_object_set_new(root, "documentNumber", json_string(d->number)) == 0 &&
	    json_object_set_new(root, "expiryDate", json_string(day)) == 0)
		text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	if (text == NULL)
		return cli_fail(r->cli, SJ_NO_MEMORY, NULL);
	register_wipe(json);
	*json = sj_span((const uint8_t *)text, strlen(text));
	return 0;
}

/* Frees nothing: the bytes of a span that we made. */
static uint8_t *bytes_of(struct sj_span span)
{
	uint8_t *bytes;

	memcpy(&bytes, &span.ptr, sizeof(bytes));
	return bytes;
}

int register_person(struct holder_register *r, int64_t document, uint8_t **json, size_t *json_len,
		    uint8_t **portrait, size_t *portrait_len)
{
	uint8_t key[REGISTER_KEY_SIZE];
	struct sealed s = { .r = r, .key = key };
	struct register_document d;
	struct reading reading;
	struct db_value person;
	int rc = get(r, document, &reading, &d);

	if (rc == 0)
		rc = register_holder_key(r, d.holder, key);
	if (rc != 0)
		return rc;
	person = db_integer(reading.person);
	rc = db_run(r->db, "SELECT details, portrait FROM persons WHERE id = $1", &person, 1,
		    take_person, &s, NULL);
	if (rc == 0 && s.json.ptr == NULL)
		rc = cli_fail(r->cli, SJ_REGISTER_BROKEN, "a document without its holder's file");
	if (rc == 0)
		rc = fit(r, &d, &s.json);
	if (rc == 0) {
		*json = bytes_of(s.json);
		*json_len = s.json.len;
		*portrait = bytes_of(s.portrait);
		*portrait_len = s.portrait.len;
	} else {
		register_wipe(&s.json);
		register_wipe(&s.portrait);
	}
	sj_wipe(key, sizeof(key));
	return rc;
}

static int take_id(void *user, const struct db_value *columns, size_t n)
{
	*(int64_t *)user = n == 1 ? columns[0].integer : 0;
	return 0;
}

static int add_person(struct holder_register *r, int64_t holder, const uint8_t *key,
		      struct sj_span json, struct sj_span portrait, int64_t *person)
{
	struct sj_span details = { NULL, 0 }, face = { NULL, 0 };
	struct db_value values[4];
	int rc = register_seal(r, key, "details", json, &details);

	if (rc == 0)
		rc = register_seal(r, key, "portrait", portrait, &face);
	values[0] = db_integer(holder);
	values[1] = db_bytes(details);
	values[2] = db_bytes(face);
	values[3] = db_integer(register_now());
	if (rc == 0)
		rc = db_run(r->db,
			    "INSERT INTO persons (holder, details, portrait, made)"
			    " VALUES ($1, $2, $3, $4) RETURNING id",
			    values, 4, take_id, person, NULL);
	register_wipe(&details);
	register_wipe(&face);
	return rc;
}

/* --- new documents ------------------------------------------------------------------------ */

/* What a new row of documents says; key: its holder's. */
struct draft {
	int64_t holder, person, replaces;
	enum document_state state;
	const char *number;
	uint32_t expires;
	const uint8_t *key;
};

static int add_document(struct holder_register *r, const struct draft *d, int64_t *id)
{
	uint8_t blind[SJ_PRK_SIZE];
	struct sj_span sealed = { NULL, 0 };
	struct db_value v[9];
	int rc = register_blind(r, d->number, blind);

	if (rc == 0)
		rc = register_seal(r, d->key, "number",
				   sj_span((const uint8_t *)d->number, strlen(d->number)), &sealed);
	v[0] = db_integer(d->holder);
	v[1] = db_integer(d->person);
	v[2] = db_integer(d->state);
	v[3] = db_bytes(SJ_SPAN_OF(blind));
	v[4] = db_bytes(sealed);
	v[5] = db_integer(d->expires);
	v[6] = d->replaces != 0 ? db_integer(d->replaces) : db_null();
	v[7] = db_integer(register_now());
	*id = 0;
	if (rc == 0)
		rc = db_run(r->db,
			    "INSERT INTO documents (holder, person, state, number_index, number,"
			    " expires, replaces, made, changed)"
			    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)"
			    " ON CONFLICT (number_index) DO NOTHING RETURNING id",
			    v, 8, take_id, id, NULL);
	if (rc == 0 && *id == 0)
		rc = cli_fail(r->cli, SJ_INPUT_REFUSED,
			      "%s: a document of this number is in the register", d->number);
	register_wipe(&sealed);
	return rc;
}

int register_apply(struct holder_register *r, struct sj_span holder_json, struct sj_span portrait,
		   const char *number, uint32_t expires, int64_t *document)
{
	uint8_t key[REGISTER_KEY_SIZE];
	struct draft draft = {
		.state = DOCUMENT_APPLIED, .number = number, .expires = expires, .key = key
	};
	int rc = register_holder_make(r, key, &draft.holder);

	if (rc == 0)
		rc = add_person(r, draft.holder, key, holder_json, portrait, &draft.person);
	if (rc == 0)
		rc = add_document(r, &draft, document);
	if (rc == 0)
		rc = register_event(r, names[DOCUMENT_APPLIED], *document, 0, NULL);
	sj_wipe(key, sizeof(key));
	return rc;
}

/* --- moving --------------------------------------------------------------------------------- */

static bool is_bad(enum document_state state)
{
	return state == DOCUMENT_SUSPENDED || state == DOCUMENT_REVOKED;
}

/* The credentials follow. What expires keeps what it had. */
static int set_status(struct holder_register *r, int64_t document, enum document_state from,
		      enum document_state to)
{
	if (to == DOCUMENT_EXPIRED || (!is_bad(from) && !is_bad(to)))
		return 0;
	return register_status_set(r, document,
				   to == DOCUMENT_REVOKED     ? REGISTER_REVOKED
				   : to == DOCUMENT_SUSPENDED ? REGISTER_SUSPENDED
							      : REGISTER_GOOD);
}

static int refuse(struct holder_register *r, const struct register_document *d,
		  enum document_state to)
{
	return cli_fail(r->cli, SJ_INPUT_REFUSED, "%s: the document is %s, which cannot become %s",
			d->number[0] != '\0' ? d->number : "erased", names[d->state], names[to]);
}

/* Only from the state that was read: another may have moved it meanwhile. */
static int write_state(struct holder_register *r, const struct register_document *d,
		       enum document_state to, const char *reason)
{
	const struct db_value v[] = {
		db_integer(d->id),
		db_integer(d->state),
		db_integer(to),
		db_text(reason),
		db_integer(register_now()),
		to == DOCUMENT_SUSPENDED ? db_integer(d->state) : db_null(),
	};
	size_t changed = 0;
	int rc = db_run(r->db,
			"UPDATE documents SET state = $3, reason = $4, changed = $5, resumes = $6"
			" WHERE id = $1 AND state = $2",
			v, 6, NULL, NULL, &changed);

	if (rc == 0 && changed != 1)
		rc = cli_fail(r->cli, SJ_INPUT_REFUSED, "%s: somebody else has just changed it",
			      d->number);
	return rc;
}

static int move(struct holder_register *r, const struct register_document *d,
		enum document_state to, const char *reason)
{
	int rc = write_state(r, d, to, reason);

	if (rc == 0)
		rc = set_status(r, d->id, d->state, to);
	return rc != 0 ? rc
		       : register_event(r, names[to], d->id, 0,
					reason != NULL
						? json_pack("{s:s, s:s}", "from", names[d->state],
							    "reason", reason)
						: json_pack("{s:s}", "from", names[d->state]));
}

int register_move(struct holder_register *r, int64_t document, enum document_state to,
		  const char *reason)
{
	struct register_document d;
	struct reading reading;
	int rc = get(r, document, &reading, &d);

	if (rc != 0)
		return rc;
	if (!register_may_move(d.state, to) ||
	    (d.state == DOCUMENT_SUSPENDED && to < DOCUMENT_SUSPENDED && to != reading.resumes))
		return refuse(r, &d, to);
	return move(r, &d, to, reason);
}

int register_reinstate(struct holder_register *r, int64_t document)
{
	struct register_document d;
	struct reading reading;
	int rc = get(r, document, &reading, &d);

	if (rc == 0 && d.state != DOCUMENT_SUSPENDED)
		rc = refuse(r, &d, DOCUMENT_ACTIVE);
	return rc != 0 ? rc : move(r, &d, reading.resumes, NULL);
}

/* --- one for another -------------------------------------------------------------------------- */

/* A new version of the person where something of it is new. */
static int renew_person(struct holder_register *r, int64_t old, const struct draft *d,
			struct sj_span json, struct sj_span portrait, int64_t *person)
{
	uint8_t *had_json = NULL, *had_portrait = NULL;
	size_t json_len = 0, portrait_len = 0;
	int rc;

	if (json.len == 0 && portrait.len == 0)
		return 0;
	rc = register_person(r, old, &had_json, &json_len, &had_portrait, &portrait_len);
	if (rc == 0)
		rc = add_person(
			r, d->holder, d->key, json.len > 0 ? json : sj_span(had_json, json_len),
			portrait.len > 0 ? portrait : sj_span(had_portrait, portrait_len), person);
	register_wipe(&(struct sj_span){ had_json, json_len });
	register_wipe(&(struct sj_span){ had_portrait, portrait_len });
	return rc;
}

int register_replace(struct holder_register *r, int64_t old, const char *reason,
		     struct sj_span holder_json, struct sj_span portrait, const char *number,
		     uint32_t expires, int64_t *document)
{
	uint8_t key[REGISTER_KEY_SIZE];
	struct register_document d;
	struct reading reading;
	struct draft draft = { .state = DOCUMENT_APPROVED,
			       .number = number,
			       .expires = expires,
			       .key = key,
			       .replaces = old };
	int rc = get(r, old, &reading, &d);

	if (rc == 0 && !register_may_move(d.state, DOCUMENT_REVOKED))
		rc = refuse(r, &d, DOCUMENT_REVOKED);
	draft.holder = d.holder;
	draft.person = reading.person;
	if (rc == 0)
		rc = register_holder_key(r, d.holder, key);
	if (rc == 0)
		rc = renew_person(r, old, &draft, holder_json, portrait, &draft.person);
	if (rc == 0)
		rc = move(r, &d, DOCUMENT_REVOKED, reason);
	if (rc == 0)
		rc = add_document(r, &draft, document);
	if (rc == 0)
		rc = register_event(
			r, names[DOCUMENT_APPROVED], *document, 0,
			json_pack("{s:I, s:s}", "replaces", (json_int_t)old, "reason", reason));
	sj_wipe(key, sizeof(key));
	return rc;
}
