#include "tests/fuzz/snapshot.h"

/* What a bench has besides buffers, which are behind each other. */
static void copy_bench(struct bench *to, const struct bench *from)
{
	memcpy(to, from, offsetof(struct bench, wrapped));
	to->block = from->block;
	to->data = from->data;
	to->sw = from->sw;
}

static void put(struct card_store *s, const struct store_object *o)
{
	uint8_t *data = malloc(o->len == 0 ? 1 : o->len);

	assert_non_null(data);
	if (o->len > 0)
		memcpy(data, o->data, o->len);
	assert_true(store_put(&s->table, o->id, data, o->len));
}

void snapshot_store(struct card_store *s, const struct card_store *image)
{
	size_t i = 0, k = 0;

	card_store_abort(s);
	while (i < s->table.count || k < image->table.count) {
		struct store_object *is = i < s->table.count ? &s->table.rows[i] : NULL;
		const struct store_object *was =
			k < image->table.count ? &image->table.rows[k] : NULL;

		if (was == NULL || (is != NULL && is->id < was->id)) {
			store_remove(&s->table, is->id);
			continue;
		}
		if (is == NULL || is->id > was->id || is->len != was->len ||
		    (is->len > 0 && memcmp(is->data, was->data, is->len) != 0))
			put(s, was);
		i++;
		k++;
	}
}

struct card_store *snapshot_copy(const struct card_store *s)
{
	struct card_store *copy = store_new();

	assert_non_null(copy);
	snapshot_store(copy, s);
	return copy;
}

void snapshot_take(struct snapshot *s, struct bench *b)
{
	const struct card *card = b->card;

	assert_true(card->applet_count <= SNAPSHOT_APPLETS && card->powered);
	assert_false(card->now.chain.open || card->now.pieces.len > 0);
	s->b = b;
	s->bench = calloc(1, sizeof(*s->bench));
	assert_non_null(s->bench);
	copy_bench(s->bench, b);
	s->card = *card;
	for (size_t i = 0; i < card->applet_count; i++) {
		if (card->states[i] == NULL)
			continue;
		s->states[i] = malloc(card->applets[i]->state_size);
		assert_non_null(s->states[i]);
		memcpy(s->states[i], card->states[i], card->applets[i]->state_size);
	}
	s->store = snapshot_copy(b->store);
}

struct bench *snapshot_restore(struct snapshot *s)
{
	struct card *card = s->b->card;

	assert_ptr_equal(card, s->bench->card);
	snapshot_store(s->b->store, s->store);
	copy_bench(s->b, s->bench);
	*card = s->card;
	for (size_t i = 0; i < card->applet_count; i++)
		if (s->states[i] != NULL)
			memcpy(card->states[i], s->states[i], card->applets[i]->state_size);
	return s->b;
}
