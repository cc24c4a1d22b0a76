#include "host/store_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"

struct card_store *store_new(void)
{
	struct card_store *s = calloc(1, sizeof(*s));

	if (s != NULL)
		s->file.fd = -1;
	return s;
}

void store_free_bytes(uint8_t *data, size_t len)
{
	if (data != NULL)
		sj_wipe(data, len);
	free(data);
}

/* --- the table ------------------------------------------------------------ */

/* Index of the least id >= id. */
static size_t lower_bound(const struct store_table *t, uint32_t id)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->rows[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct store_object *store_find(const struct store_table *t, uint32_t id)
{
	size_t i = lower_bound(t, id);

	return i < t->count && t->rows[i].id == id ? &t->rows[i] : NULL;
}

static bool table_grow(struct store_table *t)
{
	size_t cap = t->cap == 0 ? 16 : t->cap * 2;
	struct store_object *rows;

	if (t->count < t->cap)
		return true;
	rows = realloc(t->rows, cap * sizeof(*rows));
	if (rows == NULL)
		return false;
	t->rows = rows;
	t->cap = cap;
	return true;
}

bool store_put(struct store_table *t, uint32_t id, uint8_t *data, size_t len)
{
	struct store_object *o = store_find(t, id);
	size_t i;

	if (o != NULL) {
		store_free_bytes(o->data, o->len);
		o->data = data;
		o->len = len;
		return true;
	}
	if (!table_grow(t))
		return false;
	i = lower_bound(t, id);
	memmove(&t->rows[i + 1], &t->rows[i], (t->count - i) * sizeof(*t->rows));
	t->rows[i] = (struct store_object){ id, data, len };
	t->count++;
	return true;
}

void store_remove(struct store_table *t, uint32_t id)
{
	struct store_object *o = store_find(t, id);
	size_t i;

	if (o == NULL)
		return;
	i = (size_t)(o - t->rows);
	store_free_bytes(o->data, o->len);
	memmove(o, o + 1, (t->count - i - 1) * sizeof(*o));
	t->count--;
}

/* --- transactions --------------------------------------------------------- */

static bool is_touched(const struct card_store *s, uint32_t id)
{
	for (size_t i = 0; i < s->before_count; i++)
		if (s->before[i].object.id == id)
			return true;
	return false;
}

static bool before_grow(struct card_store *s)
{
	size_t cap = s->before_cap == 0 ? 8 : s->before_cap * 2;
	struct store_before *rows;

	if (s->before_count < s->before_cap)
		return true;
	rows = realloc(s->before, cap * sizeof(*rows));
	if (rows == NULL)
		return false;
	s->before = rows;
	s->before_cap = cap;
	return true;
}

/*
 * Remembers the object as it is, once a transaction; its bytes move over, the
 * table's row is left without. Only called when the row is replaced at once.
 */
static bool touch(struct card_store *s, uint32_t id)
{
	struct store_object *o = store_find(&s->table, id);

	if (is_touched(s, id))
		return true;
	if (!before_grow(s))
		return false;
	s->before[s->before_count++] = (struct store_before){
		.object = o != NULL ? *o : (struct store_object){ .id = id },
		.existed = o != NULL,
	};
	if (o != NULL) {
		o->data = NULL;
		o->len = 0;
	}
	return true;
}

/* Makes `data` (taken over) the object's value inside the transaction. */
static bool replace(struct card_store *s, uint32_t id, uint8_t *data, size_t len)
{
	if (touch(s, id) && store_put(&s->table, id, data, len))
		return true;
	store_free_bytes(data, len);
	s->failed = true;
	return false;
}

/* A value may be a PIN: its first bytes that are right may not show in the time. */
static bool same(const struct store_object *o, struct sj_span value)
{
	return o != NULL && sj_equal_secret(sj_span(o->data, o->len), value);
}

bool card_store_get(const struct card_store *s, uint32_t id, struct sj_span *out)
{
	const struct store_object *o = store_find(&s->table, id);

	if (o == NULL)
		return false;
	*out = sj_span(o->data, o->len);
	return true;
}

bool card_store_write(struct card_store *s, uint32_t id, size_t offset, struct sj_span value)
{
	const struct store_object *o = store_find(&s->table, id);
	struct sj_span old = o != NULL ? sj_span(o->data, o->len) : sj_span(NULL, 0);
	size_t len;
	uint8_t *data;

	if (offset > STORE_OBJECT_MAX || value.len > STORE_OBJECT_MAX - offset) {
		s->failed = true;
		return false;
	}
	len = offset + value.len > old.len ? offset + value.len : old.len;
	data = calloc(len == 0 ? 1 : len, 1);
	if (data == NULL) {
		s->failed = true;
		return false;
	}
	if (old.len > 0)
		memcpy(data, old.ptr, old.len);
	if (value.len > 0)
		memcpy(data + offset, value.ptr, value.len);
	return replace(s, id, data, len);
}

bool card_store_set(struct card_store *s, uint32_t id, struct sj_span value)
{
	uint8_t *data;

	if (same(store_find(&s->table, id), value))
		return true;
	data = value.len > STORE_OBJECT_MAX ? NULL : malloc(value.len == 0 ? 1 : value.len);
	if (data == NULL) {
		s->failed = true;
		return false;
	}
	if (value.len > 0)
		memcpy(data, value.ptr, value.len);
	return replace(s, id, data, value.len);
}

bool card_store_delete(struct card_store *s, uint32_t id)
{
	if (store_find(&s->table, id) == NULL)
		return true;
	if (!touch(s, id)) {
		s->failed = true;
		return false;
	}
	store_remove(&s->table, id);
	return true;
}

bool card_store_wipe(struct card_store *s, uint32_t first, uint32_t end)
{
	for (uint32_t id = first; card_store_next(s, &id) && id < end;) {
		if (!card_store_delete(s, id))
			return false;
		s->forgets = true;
	}
	return true;
}

bool card_store_next(const struct card_store *s, uint32_t *id)
{
	size_t i = lower_bound(&s->table, *id);

	if (i == s->table.count)
		return false;
	*id = s->table.rows[i].id;
	return true;
}

static void forget_before(struct card_store *s)
{
	for (size_t i = 0; i < s->before_count; i++)
		store_free_bytes(s->before[i].object.data, s->before[i].object.len);
	s->before_count = 0;
	s->failed = false;
	s->forgets = false;
}

/* Removes first: then the rows that existed fit without growing the table. */
void card_store_abort(struct card_store *s)
{
	for (size_t i = 0; i < s->before_count; i++)
		store_remove(&s->table, s->before[i].object.id);
	for (size_t i = 0; i < s->before_count; i++) {
		struct store_object *o = &s->before[i].object;

		if (s->before[i].existed && store_put(&s->table, o->id, o->data, o->len))
			o->data = NULL;
	}
	forget_before(s);
}

static enum card_store_rc write_changes(struct card_store *s)
{
	struct store_log after = s->file.log;
	enum card_store_rc rc = CARD_STORE_NO_MEMORY;
	size_t bound = store_changes_bound(s);
	uint8_t *record = malloc(bound);
	struct sj_writer w = sj_writer(record, bound);

	if (record == NULL || !store_put_changes(&w, s, &after))
		goto out;
	rc = w.len == 0 ? CARD_STORE_OK : store_append(s, sj_written(&w), &after);
out:
	store_free_bytes(record, w.len);
	return rc;
}

bool card_store_changed(const struct card_store *s)
{
	return s->before_count > 0;
}

enum card_store_rc card_store_commit(struct card_store *s)
{
	enum card_store_rc rc = CARD_STORE_OK;
	int error;

	if (s->failed)
		rc = CARD_STORE_NO_MEMORY;
	else if (card_store_changed(s) && s->file.io != NULL)
		rc = s->forgets || s->file.ahead ? store_commit_anew(s) : write_changes(s);
	if (rc != CARD_STORE_OK) {
		error = errno;
		card_store_abort(s);
		errno = error;
		return rc;
	}
	forget_before(s);
	if (s->file.io != NULL)
		store_compact_if_due(s);
	return CARD_STORE_OK;
}

enum card_store_rc card_store_memory(struct card_store **out)
{
	struct card_store *s = store_new();

	if (s == NULL)
		return CARD_STORE_NO_MEMORY;
	*out = s;
	return CARD_STORE_OK;
}

enum card_store_rc card_store_parse(struct sj_span image, struct card_store **out)
{
	struct card_store *s = store_new();
	enum card_store_rc rc;

	if (s == NULL)
		return CARD_STORE_NO_MEMORY;
	rc = store_load(s, image);
	if (rc == CARD_STORE_OK)
		*out = s;
	else
		card_store_close(s);
	return rc;
}

void card_store_close(struct card_store *s)
{
	if (s == NULL)
		return;
	card_store_abort(s);
	for (size_t i = 0; i < s->table.count; i++)
		store_free_bytes(s->table.rows[i].data, s->table.rows[i].len);
	free(s->table.rows);
	free(s->before);
	store_file_close(&s->file);
	free(s);
}
