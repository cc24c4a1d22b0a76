/* register_history.c -- the history: numbered, chained by SHA-256, its head sealed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/register_private.h"
#include "crypt/wipe.h"

#define COLUMNS 8u
#define HEADER_MAX 64u

struct head {
	int64_t number;
	uint8_t hash[SJ_HASH_MAX];
	uint8_t seal[SJ_PRK_SIZE];
};

static void put_be8(struct sj_writer *w, int64_t value)
{
	sj_put_be(w, 4, (uint32_t)((uint64_t)value >> 32));
	sj_put_be(w, 4, (uint32_t)value);
}

/* SHA-256(hash before || number, time, document, card || length and text, three times). */
static bool chain(uint8_t hash[static SJ_HASH_MAX], int64_t number, const struct register_event *e,
		  struct sj_span actor, struct sj_span event, struct sj_span detail)
{
	uint8_t bytes[HEADER_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	put_be8(&w, number);
	put_be8(&w, e->at);
	put_be8(&w, e->document);
	put_be8(&w, e->card);
	sj_put_be(&w, 4, (uint32_t)actor.len);
	sj_put_be(&w, 4, (uint32_t)event.len);
	sj_put_be(&w, 4, (uint32_t)detail.len);
	return !w.failed &&
	       sj_hash(SJ_SHA256,
		       (const struct sj_span[]){ sj_span(hash, REGISTER_HASH), sj_written(&w),
						 actor, event, detail },
		       5, hash);
}

static bool seal(struct holder_register *r, const struct head *h, uint8_t out[static SJ_PRK_SIZE])
{
	uint8_t number[8];
	struct sj_writer w = SJ_WRITER_OF(number);

	put_be8(&w, h->number);
	return sj_hmac(r->head,
		       (const struct sj_span[]){ sj_written(&w), sj_span(h->hash, REGISTER_HASH) },
		       2, out);
}

static struct sj_span text_span(const char *text)
{
	return sj_span((const uint8_t *)text, strlen(text));
}

/* --- writing --------------------------------------------------------------------------- */

int register_event(struct holder_register *r, const char *event, int64_t document, int64_t card,
		   json_t *detail)
{
	struct register_event *e;
	int rc = 0;

	if (!r->within)
		rc = cli_fail(r->cli, SJ_INTERNAL, "register: %s outside a change", event);
	if (rc == 0 && r->pending_count == REGISTER_PENDING)
		rc = register_flush(r);
	if (rc == 0) {
		e = &r->pending[r->pending_count];
		*e = (struct register_event){ .at = register_now(),
					      .document = document,
					      .card = card };
		snprintf(e->event, sizeof(e->event), "%s", event);
		e->detail = detail != NULL ? json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS)
					   : strdup("{}");
		if (e->detail == NULL)
			rc = cli_fail(r->cli, SJ_NO_MEMORY, NULL);
		else
			r->pending_count++;
	}
	json_decref(detail);
	return rc;
}

int register_note(struct holder_register *r, const char *event, json_t *detail)
{
	return register_event(r, event, 0, 0, detail);
}

void register_forget(struct holder_register *r)
{
	for (size_t i = 0; i < r->pending_count; i++)
		free(r->pending[i].detail);
	r->pending_count = 0;
}

bool register_values(char *out, size_t cap, const char *head, size_t rows, size_t columns)
{
	size_t at = (size_t)snprintf(out, cap, "%s", head);

	for (size_t i = 0; at < cap && i < rows * columns; i++) {
		const char *before = i % columns != 0 ? ", " : i == 0 ? "(" : "), (";

		at += (size_t)snprintf(out + at, cap - at, "%s$%zu", before, i + 1);
	}
	if (at < cap)
		at += (size_t)snprintf(out + at, cap - at, ")");
	return at < cap;
}

static int take_head(void *user, const struct db_value *columns, size_t n)
{
	struct head *h = user;

	if (n == 3 && columns[1].bytes.len == REGISTER_HASH &&
	    columns[2].bytes.len == sizeof(h->seal)) {
		h->number = columns[0].integer;
		memcpy(h->hash, columns[1].bytes.ptr, REGISTER_HASH);
		memcpy(h->seal, columns[2].bytes.ptr, sizeof(h->seal));
	}
	return 0;
}

/* Numbers the records from the head on; every other writer waits for our commit. */
static int lock_head(struct holder_register *r, size_t records, struct head *h)
{
	const struct db_value n = db_integer((int64_t)records);
	size_t changed = 0;
	int rc;

	*h = (struct head){ .number = -1 };
	rc = db_run(r->db,
		    "UPDATE history_head SET number = number + $1 RETURNING number, hash, seal", &n,
		    1, take_head, h, &changed);
	if (rc == 0 && h->number < 0)
		rc = cli_fail(r->cli, SJ_REGISTER_BROKEN, "the history has no head");
	h->number -= (int64_t)records;
	return rc;
}

static int write_head(struct holder_register *r, const struct head *h)
{
	const struct db_value values[] = {
		db_bytes(sj_span(h->hash, REGISTER_HASH)),
		db_bytes(SJ_SPAN_OF(h->seal)),
	};

	return db_run(r->db, "UPDATE history_head SET hash = $1, seal = $2", values, 2, NULL, NULL,
		      NULL);
}

int register_flush(struct holder_register *r)
{
	const size_t n = r->pending_count;
	struct db_value *v = r->values;
	struct head h;
	int rc;

	if (n == 0)
		return 0;
	rc = lock_head(r, n, &h);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct register_event *e = &r->pending[i];

		if (!chain(h.hash, ++h.number, e, text_span(r->actor), text_span(e->event),
			   text_span(e->detail)))
			rc = cli_fail(r->cli, SJ_CRYPTO_FAILED, "history");
		memcpy(r->hashes[i], h.hash, REGISTER_HASH);
		*v++ = db_integer(h.number);
		*v++ = db_integer(e->at);
		*v++ = db_text(r->actor);
		*v++ = db_text(e->event);
		*v++ = db_integer(e->document);
		*v++ = db_integer(e->card);
		*v++ = db_text(e->detail);
		*v++ = db_bytes(SJ_SPAN_OF(r->hashes[i]));
	}
	if (rc == 0 &&
	    (!seal(r, &h, h.seal) ||
	     !register_values(r->sql, sizeof(r->sql), "INSERT INTO history VALUES ", n, COLUMNS)))
		rc = cli_fail(r->cli, SJ_INTERNAL, "history");
	if (rc == 0)
		rc = db_run(r->db, r->sql, r->values, n * COLUMNS, NULL, NULL, NULL);
	if (rc == 0)
		rc = write_head(r, &h);
	register_forget(r);
	return rc;
}

/* --- the head ----------------------------------------------------------------------------- */

int register_head_make(struct holder_register *r)
{
	struct head h = { .number = 0 };
	const struct db_value values[] = {
		db_integer(0),
		db_bytes(sj_span(h.hash, REGISTER_HASH)),
		db_bytes(SJ_SPAN_OF(h.seal)),
	};

	if (!seal(r, &h, h.seal))
		return cli_fail(r->cli, SJ_CRYPTO_FAILED, "history");
	return db_run(r->db, "INSERT INTO history_head VALUES ($1, $2, $3)", values, 3, NULL, NULL,
		      NULL);
}

static int read_head(struct holder_register *r, struct head *h, bool *sealed)
{
	uint8_t ours[SJ_PRK_SIZE];
	int rc;

	*h = (struct head){ .number = -1 };
	rc = db_run(r->db, "SELECT number, hash, seal FROM history_head", NULL, 0, take_head, h,
		    NULL);
	*sealed = rc == 0 && h->number >= 0 && seal(r, h, ours) &&
		  sj_equal_secret(SJ_SPAN_OF(ours), SJ_SPAN_OF(h->seal));
	return rc;
}

int register_head_check(struct holder_register *r)
{
	struct head h;
	bool sealed;
	int rc = read_head(r, &h, &sealed);

	if (rc == 0 && !sealed)
		rc = cli_fail(
			r->cli, SJ_REGISTER_BROKEN,
			"the head of the history was not sealed with this authority's key " REGISTER_KEY);
	return rc;
}

/* --- checking ------------------------------------------------------------------------------ */

struct check {
	struct holder_register *r;
	uint8_t hash[SJ_HASH_MAX];
	int64_t number, broken;
};

static int check_row(void *user, const struct db_value *columns, size_t n)
{
	struct check *c = user;
	const struct register_event e = { .at = columns[1].integer,
					  .document = columns[4].integer,
					  .card = columns[5].integer };

	if (c->broken != 0)
		return 0;
	c->number++;
	if (n != COLUMNS || columns[0].integer != c->number ||
	    !chain(c->hash, c->number, &e, columns[2].bytes, columns[3].bytes, columns[6].bytes) ||
	    !sj_span_eq(columns[7].bytes, sj_span(c->hash, REGISTER_HASH)))
		c->broken = c->number;
	return 0;
}

/*
 * The last record is read first, then the head, which is never behind it: what others add
 * meanwhile lies behind the head.
 */
int register_check(struct holder_register *r, int64_t *broken)
{
	struct check c = { .r = r };
	struct head h;
	struct db_value last;
	int64_t newest = 0;
	bool sealed;
	int rc = db_number(r->db, "SELECT COALESCE(MAX(number), 0) FROM history", NULL, 0, &newest);

	if (rc == 0)
		rc = read_head(r, &h, &sealed);
	if (rc != 0)
		return rc;
	last = db_integer(h.number);
	rc = db_run(r->db,
		    "SELECT number, at, actor, event, document, card, detail, hash FROM history"
		    " WHERE number <= $1 ORDER BY number",
		    &last, 1, check_row, &c, NULL);
	if (c.broken == 0 && c.number != h.number) /* records are missing at the end */
		c.broken = c.number + 1;
	if (c.broken == 0 &&
	    (!sealed || memcmp(c.hash, h.hash, REGISTER_HASH) != 0)) /* the last one was replaced */
		c.broken = h.number > 0 ? h.number : 1;
	if (c.broken == 0 && newest > h.number) /* nobody chained it */
		c.broken = h.number + 1;
	*broken = c.broken;
	return rc;
}

/* --- reading ------------------------------------------------------------------------------- */

struct telling {
	int (*row)(void *user, const struct register_record *record);
	void *user;
};

/* Texts of a row as strings: the driver's have no NUL. */
static int tell_row(void *user, const struct db_value *c, size_t n)
{
	struct telling *t = user;
	char *detail, actor[REGISTER_ACTOR_MAX], event[32];
	struct register_record record = { c[0].integer, c[1].integer, c[4].integer, c[5].integer,
					  actor,        event,        NULL };
	int rc = 0;

	if (n != 7 || !db_copy_text(&c[2], actor, sizeof(actor)) ||
	    !db_copy_text(&c[3], event, sizeof(event)))
		return 0;
	detail = strndup((const char *)c[6].bytes.ptr, c[6].bytes.len);
	record.detail = detail;
	if (detail != NULL)
		rc = t->row(t->user, &record);
	free(detail);
	return rc;
}

int register_history(struct holder_register *r, int64_t document,
		     int (*row)(void *user, const struct register_record *record), void *user)
{
	const struct db_value id = db_integer(document);
	struct telling t = { row, user };

	if (document != 0)
		return db_run(r->db,
			      "SELECT number, at, actor, event, document, card, detail"
			      " FROM history WHERE document = $1 AND document <> 0 ORDER BY number",
			      &id, 1, tell_row, &t, NULL);
	return db_run(r->db,
		      "SELECT number, at, actor, event, document, card, detail FROM history"
		      " ORDER BY number",
		      NULL, 0, tell_row, &t, NULL);
}
