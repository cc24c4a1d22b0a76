#include "tests/fuzz/snapshot.h"

/* What a bench has besides buffers, which are behind each other. */
static void copy_bench(struct bench *to, const struct bench *from)
{
	memcpy(to, from, offsetof(struct bench, wrapped));
	to->block = from->block;
	to->data = from->data;
	to->sw = from->sw;
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
	s->store = stores_copy(b->store);
}

struct bench *snapshot_restore(struct snapshot *s)
{
	struct card *card = s->b->card;

	assert_ptr_equal(card, s->bench->card);
	stores_become(s->b->store, s->store);
	copy_bench(s->b, s->bench);
	*card = s->card;
	for (size_t i = 0; i < card->applet_count; i++)
		if (s->states[i] != NULL)
			memcpy(card->states[i], s->states[i], card->applets[i]->state_size);
	return s->b;
}
