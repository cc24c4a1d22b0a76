/* store_format.c -- the bytes of a card file; STORE.md documents them. */
#include <stdlib.h>
#include <string.h>

#include "crypt/hash.h"
#include "crypt/memory.h"
#include "host/store_internal.h"

#define FORMAT_VERSION 1u
#define HEAD_SIZE 24u /* of a transaction: magic, sequence, length, head check */
#define HEAD_CHECK_SIZE 8u
#define HEAD_CHECKED (HEAD_SIZE - HEAD_CHECK_SIZE)
#define SECTOR 512u

enum entry_kind { ENTRY_SET = 1, ENTRY_WRITE = 2, ENTRY_DELETE = 3 };
#define ENTRY_OVERHEAD 13u /* kind, id, offset, length */

static const uint8_t file_magic[8] = { 'S', 'J', 'C', 'A', 'R', 'D', '\r', '\n' };
static const uint8_t head_magic[4] = { 'T', 'X', 'N', '1' };

/* The first n bytes of SHA-256 over the parts. */
static bool check_of(const struct sj_span *parts, size_t count, uint8_t *out, size_t n)
{
	uint8_t digest[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, parts, count, digest))
		return false;
	memcpy(out, digest, n);
	return true;
}

static void put_be64(struct sj_writer *w, uint64_t value)
{
	sj_put_be(w, 4, (uint32_t)(value >> 32));
	sj_put_be(w, 4, (uint32_t)value);
}

/* --- writing -------------------------------------------------------------- */

bool store_put_header(struct sj_writer *w, struct store_log *log)
{
	size_t at = w->len;
	struct sj_span checked;

	sj_put(w, SJ_SPAN_OF(file_magic));
	sj_put_be(w, 4, FORMAT_VERSION);
	sj_put_be(w, 4, 0);
	if (w->failed)
		return false;
	checked = sj_span(w->ptr + at, w->len - at);
	if (!check_of(&checked, 1, log->check, STORE_CHECK_SIZE))
		return false;
	sj_put(w, SJ_SPAN_OF(log->check));
	log->length = STORE_HEADER_SIZE;
	log->sequence = 0;
	return !w->failed;
}

static void put_set(struct sj_writer *w, uint32_t id, struct sj_span value)
{
	sj_put_u8(w, ENTRY_SET);
	sj_put_be(w, 4, id);
	sj_put_be(w, 4, (uint32_t)value.len);
	sj_put(w, value);
}

static void put_write(struct sj_writer *w, uint32_t id, size_t offset, struct sj_span value)
{
	sj_put_u8(w, ENTRY_WRITE);
	sj_put_be(w, 4, id);
	sj_put_be(w, 4, (uint32_t)offset);
	sj_put_be(w, 4, (uint32_t)value.len);
	sj_put(w, value);
}

static void put_delete(struct sj_writer *w, uint32_t id)
{
	sj_put_u8(w, ENTRY_DELETE);
	sj_put_be(w, 4, id);
}

/* An object that was `old` and is `now`: the stretch that differs, or all of it. */
static void put_difference(struct sj_writer *w, uint32_t id, struct sj_span old, struct sj_span now)
{
	size_t from = 0, to = now.len;

	if (sj_span_eq(old, now))
		return;
	if (now.len >= old.len) {
		while (from < old.len && old.ptr[from] == now.ptr[from])
			from++;
		while (to == old.len && to > 0 && old.ptr[to - 1] == now.ptr[to - 1])
			old.len = --to;
		if (to - from + 4 < now.len) {
			put_write(w, id, from, sj_span(now.ptr + from, to - from));
			return;
		}
	}
	put_set(w, id, now);
}

static void put_change(struct sj_writer *w, const struct card_store *s,
		       const struct store_before *before)
{
	uint32_t id = before->object.id;
	const struct store_object *now = store_find(&s->table, id);

	if (now == NULL && before->existed)
		put_delete(w, id);
	else if (now != NULL && before->existed)
		put_difference(w, id, sj_span(before->object.data, before->object.len),
			       sj_span(now->data, now->len));
	else if (now != NULL)
		put_set(w, id, sj_span(now->data, now->len));
}

/* Fills in head and check around the entries written after `at + HEAD_SIZE`. */
static bool close_transaction(struct sj_writer *w, size_t at, struct store_log *log)
{
	struct sj_span entries, parts[3];
	struct sj_writer head;

	if (w->failed || w->len - at - HEAD_SIZE > STORE_FILE_MAX)
		return false;
	entries = sj_span(w->ptr + at + HEAD_SIZE, w->len - at - HEAD_SIZE);
	head = sj_writer(w->ptr + at, HEAD_SIZE);
	sj_put(&head, SJ_SPAN_OF(head_magic));
	put_be64(&head, log->sequence + 1);
	sj_put_be(&head, 4, (uint32_t)entries.len);
	parts[0] = sj_written(&head);
	if (!check_of(parts, 1, w->ptr + at + HEAD_CHECKED, HEAD_CHECK_SIZE))
		return false;
	parts[0] = SJ_SPAN_OF(log->check);
	parts[1] = sj_span(w->ptr + at, HEAD_SIZE);
	parts[2] = entries;
	if (!check_of(parts, 3, log->check, STORE_CHECK_SIZE))
		return false;
	sj_put(w, SJ_SPAN_OF(log->check));
	log->sequence++;
	log->length += w->len - at;
	return !w->failed;
}

bool store_put_changes(struct sj_writer *w, const struct card_store *s, struct store_log *log)
{
	size_t at = w->len;

	sj_put_fill(w, 0, HEAD_SIZE);
	for (size_t i = 0; i < s->before_count; i++)
		put_change(w, s, &s->before[i]);
	if (!w->failed && w->len == at + HEAD_SIZE) {
		w->len = at;
		return true;
	}
	return close_transaction(w, at, log);
}

size_t store_changes_bound(const struct card_store *s)
{
	size_t n = HEAD_SIZE + STORE_CHECK_SIZE;

	for (size_t i = 0; i < s->before_count; i++) {
		const struct store_object *o = store_find(&s->table, s->before[i].object.id);

		n += ENTRY_OVERHEAD + (o != NULL ? o->len : 0);
	}
	return n;
}

bool store_put_image(struct sj_writer *w, const struct store_table *t, uint64_t sequence,
		     struct store_log *log)
{
	size_t at;

	if (!store_put_header(w, log))
		return false;
	if (t->count == 0)
		return true;
	log->sequence = sequence;
	at = w->len;
	sj_put_fill(w, 0, HEAD_SIZE);
	for (size_t i = 0; i < t->count; i++)
		put_set(w, t->rows[i].id, sj_span(t->rows[i].data, t->rows[i].len));
	return close_transaction(w, at, log);
}

size_t store_image_bound(const struct store_table *t)
{
	size_t n = STORE_HEADER_SIZE + HEAD_SIZE + STORE_CHECK_SIZE;

	for (size_t i = 0; i < t->count; i++)
		n += ENTRY_OVERHEAD + t->rows[i].len;
	return n;
}

/* --- reading -------------------------------------------------------------- */

static bool load_set(struct store_table *t, uint32_t id, struct sj_span value)
{
	uint8_t *data = malloc(value.len == 0 ? 1 : value.len);

	if (data == NULL)
		return false;
	if (value.len > 0)
		memcpy(data, value.ptr, value.len);
	if (store_put(t, id, data, value.len))
		return true;
	store_free_bytes(data, value.len);
	return false;
}

/* Overwrites and lengthens, without a gap. */
static enum card_store_rc load_write(struct store_table *t, uint32_t id, size_t offset,
				     struct sj_span value)
{
	struct store_object *o = store_find(t, id);
	size_t len;
	uint8_t *data;

	if (o == NULL || offset > o->len || value.len > STORE_OBJECT_MAX - offset)
		return CARD_STORE_CORRUPT;
	len = offset + value.len;
	if (len > o->len) {
		data = malloc(len);
		if (data == NULL)
			return CARD_STORE_NO_MEMORY;
		if (o->len > 0)
			memcpy(data, o->data, o->len);
		store_free_bytes(o->data, o->len);
		o->data = data;
		o->len = len;
	}
	if (value.len > 0)
		memcpy(o->data + offset, value.ptr, value.len);
	return CARD_STORE_OK;
}

static enum card_store_rc load_entry(struct store_table *t, struct sj_span *in)
{
	uint8_t kind;
	uint32_t id, offset = 0, len = 0;
	struct sj_span value = { NULL, 0 };

	if (!sj_take_u8(in, &kind) || !sj_take_be(in, 4, &id) || kind < ENTRY_SET ||
	    kind > ENTRY_DELETE)
		return CARD_STORE_CORRUPT;
	if (kind == ENTRY_WRITE && !sj_take_be(in, 4, &offset))
		return CARD_STORE_CORRUPT;
	if (kind != ENTRY_DELETE && (!sj_take_be(in, 4, &len) || !sj_take(in, len, &value)))
		return CARD_STORE_CORRUPT;
	if (value.len > STORE_OBJECT_MAX || offset > STORE_OBJECT_MAX)
		return CARD_STORE_CORRUPT;
	if (kind == ENTRY_SET)
		return load_set(t, id, value) ? CARD_STORE_OK : CARD_STORE_NO_MEMORY;
	if (kind == ENTRY_WRITE)
		return load_write(t, id, offset, value);
	store_remove(t, id);
	return CARD_STORE_OK;
}

/* Reads a head whose check holds. */
static bool head_read(struct sj_span in, uint64_t *sequence, uint32_t *len)
{
	uint8_t check[HEAD_CHECK_SIZE];
	struct sj_span checked = sj_span(in.ptr, HEAD_CHECKED), magic, stored;
	uint32_t high, low;

	if (!sj_take(&in, sizeof(head_magic), &magic) ||
	    !sj_span_eq(magic, SJ_SPAN_OF(head_magic)) || !sj_take_be(&in, 4, &high) ||
	    !sj_take_be(&in, 4, &low) || !sj_take_be(&in, 4, len) ||
	    !sj_take(&in, HEAD_CHECK_SIZE, &stored) || !check_of(&checked, 1, check, sizeof(check)))
		return false;
	*sequence = (uint64_t)high << 32 | low;
	return sj_span_eq(stored, SJ_SPAN_OF(check));
}

/* Any whole head in these bytes: then what precedes it is damage, not a torn end. */
static bool has_head(struct sj_span in)
{
	uint64_t sequence;
	uint32_t len;

	for (; in.len >= HEAD_SIZE; in.ptr++, in.len--)
		if (head_read(in, &sequence, &len))
			return true;
	return false;
}

/*
 * Does a sector's part of these bytes hold nothing but zeros, with `within`
 * bytes at most before it? A power cut leaves such sectors where the file had
 * grown already; `at` is the place in the file.
 */
static bool has_empty_sector(struct sj_span in, uint64_t at, size_t within)
{
	size_t from = 0;

	while (from < in.len && from < within) {
		size_t to = from + (size_t)(SECTOR - (at + from) % SECTOR);
		size_t zeros = from;

		if (to > in.len)
			to = in.len;
		while (zeros < to && in.ptr[zeros] == 0)
			zeros++;
		if (zeros == to)
			return true;
		from = to;
	}
	return false;
}

/*
 * Takes one transaction. *torn: the bytes are the rest of one that was being
 * written when power went, and nothing follows it.
 */
static enum card_store_rc load_transaction(struct card_store *s, struct sj_span *in, bool *torn)
{
	struct store_log *log = &s->file.log;
	struct sj_span rest = *in, parts[3], stored;
	uint8_t check[STORE_CHECK_SIZE];
	uint64_t sequence;
	uint32_t len;
	enum card_store_rc rc = CARD_STORE_OK;

	*torn = rest.len < HEAD_SIZE;
	if (*torn)
		return CARD_STORE_OK;
	if (!head_read(rest, &sequence, &len)) {
		*torn = has_empty_sector(rest, log->length, HEAD_SIZE) && !has_head(rest);
		return *torn ? CARD_STORE_OK : CARD_STORE_CORRUPT;
	}
	parts[0] = SJ_SPAN_OF(log->check);
	*torn = !sj_take(&rest, HEAD_SIZE, &parts[1]) || !sj_take(&rest, len, &parts[2]) ||
		!sj_take(&rest, STORE_CHECK_SIZE, &stored);
	if (*torn)
		return CARD_STORE_OK;
	if (!check_of(parts, 3, check, sizeof(check)))
		return CARD_STORE_NO_MEMORY;
	if (!sj_span_eq(stored, SJ_SPAN_OF(check))) {
		*torn = rest.len == 0 && has_empty_sector(*in, log->length, in->len);
		return *torn ? CARD_STORE_OK : CARD_STORE_CORRUPT;
	}
	/* The first of a file may carry any number: compaction goes on counting. */
	if (log->sequence != 0 && sequence != log->sequence + 1)
		return CARD_STORE_CORRUPT;
	while (rc == CARD_STORE_OK && parts[2].len > 0)
		rc = load_entry(&s->table, &parts[2]);
	memcpy(log->check, check, sizeof(check));
	log->sequence = sequence;
	log->length += in->len - rest.len;
	*in = rest;
	return rc;
}

static enum card_store_rc load_header(struct store_log *log, struct sj_span *in)
{
	uint8_t bytes[STORE_HEADER_SIZE];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span header;

	if (in->len < sizeof(file_magic) || memcmp(in->ptr, file_magic, sizeof(file_magic)) != 0)
		return CARD_STORE_NOT_A_CARD;
	if (!store_put_header(&w, log))
		return CARD_STORE_NO_MEMORY;
	if (!sj_take(in, STORE_HEADER_SIZE, &header) || !sj_span_eq(header, sj_written(&w)))
		return CARD_STORE_CORRUPT;
	return CARD_STORE_OK;
}

enum card_store_rc store_load(struct card_store *s, struct sj_span image)
{
	const unsigned mark = sj_memory_mark();
	enum card_store_rc rc = load_header(&s->file.log, &image);
	bool torn = false;

	while (rc == CARD_STORE_OK && image.len > 0 && !torn)
		rc = load_transaction(s, &image, &torn);
	/* A check that could not be made says nothing about the file, whole or torn. */
	return (rc == CARD_STORE_CORRUPT || torn) && sj_memory_lacked(mark) ? CARD_STORE_NO_MEMORY
									    : rc;
}
