/* export.c -- a record as a file that proves itself: EVIDENCE.md. */
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "journal/evidence.h"
#include "reader/memory.h"

#define MAGIC SJ_SPAN_STR("SJ-EVIDENCE\n")
#define VERSION 1u
#define FOLLOWING_MAX 4096u /* records between this one and the next signed head */

/* --- the bytes --------------------------------------------------------------------- */

static void put_part(struct sj_writer *w, struct sj_span part)
{
	sj_put_be(w, 4, (uint32_t)part.len);
	if (part.len != 0)
		sj_put(w, part);
}

static bool take_part(struct sj_span *in, size_t max, struct sj_span *out)
{
	uint32_t len;

	return sj_take_be(in, 4, &len) && len <= max && sj_take(in, len, out);
}

/* Bytes that sj_export_put() writes. */
static size_t size_of(const struct sj_export *e)
{
	return MAGIC.len + 1 + 8 + SJ_JOURNAL_HEAD + SJ_JOURNAL_SIGNATURE + SJ_JOURNAL_PUBLIC +
	       5 * 4 + e->body.len + e->following.len + e->parts[0].len + e->parts[1].len +
	       e->tap.len;
}

void sj_export_put(struct sj_writer *w, const struct sj_export *e)
{
	sj_put(w, MAGIC);
	sj_put_u8(w, VERSION);
	sj_put_u64(w, e->number);
	sj_put(w, e->public_key);
	sj_put(w, SJ_SPAN_OF(e->head.bytes));
	sj_put(w, SJ_SPAN_OF(e->head.signature));
	put_part(w, e->body);
	put_part(w, e->following);
	put_part(w, e->parts[SJ_SEALED_PROOF]);
	put_part(w, e->parts[SJ_SEALED_DATA]);
	put_part(w, e->tap);
}

/* The number that a head is stored under is the one that it names. */
static bool take_head(struct sj_span *in, struct sj_journal_head *out)
{
	struct sj_span bytes;
	uint8_t version, kind;

	if (!sj_take_copy(in, sizeof(out->bytes), out->bytes) ||
	    !sj_take_copy(in, sizeof(out->signature), out->signature))
		return false;
	bytes = SJ_SPAN_OF(out->bytes);
	return sj_take_u8(&bytes, &version) && sj_take_u8(&bytes, &kind) &&
	       sj_take_u64(&bytes, &out->number);
}

bool sj_export_take(struct sj_span in, struct sj_export *out)
{
	struct sj_span magic;
	uint8_t version;

	return in.len <= SJ_EXPORT_MAX && sj_take(&in, MAGIC.len, &magic) &&
	       sj_span_eq(magic, MAGIC) && sj_take_u8(&in, &version) && version == VERSION &&
	       sj_take_u64(&in, &out->number) &&
	       sj_take(&in, SJ_JOURNAL_PUBLIC, &out->public_key) && take_head(&in, &out->head) &&
	       take_part(&in, SJ_JOURNAL_BODY_MAX, &out->body) &&
	       take_part(&in, SJ_EXPORT_MAX, &out->following) &&
	       take_part(&in, SJ_JOURNAL_SEALED_MAX, &out->parts[SJ_SEALED_PROOF]) &&
	       take_part(&in, SJ_JOURNAL_SEALED_MAX, &out->parts[SJ_SEALED_DATA]) &&
	       take_part(&in, SJ_JOURNAL_BODY_MAX, &out->tap) && in.len == 0;
}

bool sj_export_body(struct sj_span *following, struct sj_span *body)
{
	return take_part(following, SJ_JOURNAL_BODY_MAX, body);
}

/* --- collecting ----------------------------------------------------------------------- */

/* Everything that an export is made of, owned. */
struct collected {
	struct sj_bytes body, following, tap;
	struct sj_bytes parts[SJ_SEALED_PARTS];
	struct sj_export e;
};

static bool append(struct sj_bytes *to, struct sj_span bytes, bool with_length)
{
	size_t more = bytes.len + (with_length ? 4 : 0);
	uint8_t *longer = realloc(to->ptr, to->len + more + 1);
	struct sj_writer w;

	if (longer == NULL)
		return false;
	to->ptr = longer;
	w = sj_writer(longer + to->len, more);
	if (with_length)
		sj_put_be(&w, 4, (uint32_t)bytes.len);
	sj_put(&w, bytes);
	to->len += w.len;
	return !w.failed;
}

static enum sj_rc collect_tap(const struct sj_journal_row *row, struct collected *c)
{
	uint8_t plain[64];
	struct sj_writer w = SJ_WRITER_OF(plain);
	enum sj_rc rc = SJ_OK;

	if (sj_journal_open_tap(row, &w) && !append(&c->tap, sj_written(&w), false))
		rc = SJ_NO_MEMORY;
	sj_wipe(plain, sizeof(plain));
	return rc;
}

static enum sj_rc collect_sealed(const struct sj_journal_record *r,
				 const struct sj_export_options *o, struct collected *c,
				 const char **why)
{
	struct sj_statement s;
	enum sj_rc rc;

	if (o->operator_key == NULL)
		return SJ_OK;
	*why = r->erased            ? "What was sealed in it has been erased."
	       : r->sealed_len == 0 ? "Nothing is sealed in it."
				    : "It is sealed to another operator's key.";
	rc = sj_evidence_open(r, o->operator_key, &s, c->parts);
	if (rc == SJ_OK && !o->data)
		sj_bytes_free(&c->parts[SJ_SEALED_DATA]);
	return rc;
}

static enum sj_rc collect_record(const struct sj_journal_store *store, uint64_t number,
				 const struct sj_export_options *o, struct collected *c,
				 const char **why)
{
	struct sj_journal_record record = SJ_JOURNAL_RECORD_INIT;
	struct sj_journal_row row = { .number = 0 };
	enum sj_rc rc = number != 0 ? store->row(store->user, number - 1, &row) : SJ_OK;

	*why = "There is no such record.";
	if (rc == SJ_OK && (row.number == 0 || row.number != number))
		rc = SJ_INPUT_REFUSED;
	if (rc == SJ_OK)
		rc = sj_journal_take_row(&row, &record);
	if (rc == SJ_OK && !append(&c->body, sj_span(row.body, row.body_len), false))
		rc = SJ_NO_MEMORY;
	if (rc == SJ_OK && record.kind == SJ_JOURNAL_TAP) {
		rc = collect_tap(&row, c);
	} else if (rc == SJ_OK && record.kind == SJ_JOURNAL_VERIFICATION) {
		rc = collect_sealed(&record, o, c, why);
	} else if (rc == SJ_OK) {
		*why = "It is neither a verification nor a tap.";
		rc = SJ_INPUT_REFUSED;
	}
	sj_wipe(&row, sizeof(row));
	sj_wipe(&record, sizeof(record));
	return rc;
}

/* The bodies behind it, up to the next head. */
static enum sj_rc collect_following(const struct sj_journal_store *store, struct collected *c,
				    const char **why)
{
	struct sj_journal_row row = { .number = c->e.number };
	enum sj_rc rc = store->head(store->user, c->e.number - 1, &c->e.head);

	*why = "No signed head vouches for it yet: sign the journal first.";
	if (rc == SJ_OK &&
	    (c->e.head.number == 0 || c->e.head.number - c->e.number > FOLLOWING_MAX))
		rc = SJ_INPUT_REFUSED;
	while (rc == SJ_OK && row.number < c->e.head.number) {
		rc = store->row(store->user, row.number, &row);
		if (rc == SJ_OK && row.number == 0)
			rc = SJ_JOURNAL_BROKEN;
		if (rc == SJ_OK && !append(&c->following, sj_span(row.body, row.body_len), true))
			rc = SJ_NO_MEMORY;
	}
	sj_wipe(&row, sizeof(row));
	return rc;
}

static struct sj_span span_of(const struct sj_bytes *b)
{
	return sj_span(b->ptr, b->len);
}

static enum sj_rc write_out(struct collected *c, uint8_t **bytes, size_t *len)
{
	struct sj_writer w;

	c->e.body = span_of(&c->body);
	c->e.following = span_of(&c->following);
	c->e.tap = span_of(&c->tap);
	for (size_t i = 0; i < SJ_SEALED_PARTS; i++)
		c->e.parts[i] = span_of(&c->parts[i]);
	w = sj_writer(malloc(size_of(&c->e)), size_of(&c->e));
	if (w.ptr == NULL)
		return SJ_NO_MEMORY;
	sj_export_put(&w, &c->e);
	*bytes = w.ptr;
	*len = w.len;
	return SJ_OK;
}

enum sj_rc sj_evidence_export(const struct sj_journal_store *store,
			      const uint8_t public_key[SJ_JOURNAL_PUBLIC], uint64_t number,
			      const struct sj_export_options *options, uint8_t **bytes, size_t *len,
			      const char **why)
{
	const unsigned mark = sj_memory_mark();
	struct sj_export_options o = SJ_EXPORT_OPTIONS_INIT;
	struct collected c = { .e = { .number = number } };
	enum sj_rc rc;

	if (options != NULL)
		memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
	c.e.public_key = sj_span(public_key, SJ_JOURNAL_PUBLIC);
	rc = collect_record(store, number, &o, &c, why);
	if (rc == SJ_OK)
		rc = collect_following(store, &c, why);
	if (rc == SJ_OK)
		rc = write_out(&c, bytes, len);
	if (rc != SJ_INPUT_REFUSED)
		*why = NULL;
	sj_bytes_free(&c.body);
	sj_bytes_free(&c.following);
	sj_bytes_free(&c.tap);
	for (size_t i = 0; i < SJ_SEALED_PARTS; i++)
		sj_bytes_free(&c.parts[i]);
	return sj_memory_rc(mark, rc);
}

void sj_export_free(uint8_t *bytes, size_t len)
{
	if (bytes == NULL)
		return;
	sj_wipe(bytes, len);
	free(bytes);
}
