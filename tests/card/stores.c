#include "tests/card/stores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/store_internal.h"

static void put(struct card_store *s, const struct store_object *o)
{
	uint8_t *data = malloc(o->len == 0 ? 1 : o->len);

	assert_non_null(data);
	if (o->len > 0)
		memcpy(data, o->data, o->len);
	assert_true(store_put(&s->table, o->id, data, o->len));
}

void stores_become(struct card_store *s, const struct card_store *image)
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

struct card_store *stores_copy(const struct card_store *s)
{
	struct card_store *copy = store_new();

	assert_non_null(copy);
	stores_become(copy, s);
	return copy;
}
