#include "tests/failures/snap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct object {
	uint32_t id;
	uint8_t *bytes;
	size_t len;
};

struct snap {
	struct object *objects;
	size_t n;
};

struct snap *snap_take(const struct card_store *store)
{
	struct snap *snap = calloc(1, sizeof(*snap));
	struct sj_span value;

	assert_non_null(snap);
	for (uint32_t id = 0; card_store_next(store, &id); id++) {
		assert_true(card_store_get(store, id, &value));
		snap->objects = realloc(snap->objects, (snap->n + 1) * sizeof(*snap->objects));
		assert_non_null(snap->objects);
		snap->objects[snap->n] = (struct object){ id, malloc(value.len + 1), value.len };
		assert_non_null(snap->objects[snap->n].bytes);
		memcpy(snap->objects[snap->n++].bytes, value.ptr, value.len);
	}
	return snap;
}

void snap_put(const struct snap *snap, struct card_store *store)
{
	for (uint32_t id = 0; card_store_next(store, &id); id++)
		assert_true(card_store_delete(store, id));
	for (size_t i = 0; i < snap->n; i++)
		assert_true(card_store_set(store, snap->objects[i].id,
					   sj_span(snap->objects[i].bytes, snap->objects[i].len)));
	assert_int_equal(card_store_commit(store), CARD_STORE_OK);
}

void snap_free(struct snap *snap)
{
	/* There are keys among them, which whoever looks for secrets would find (test_secrets.c). */
	for (size_t i = 0; i < snap->n; i++) {
		explicit_bzero(snap->objects[i].bytes, snap->objects[i].len);
		free(snap->objects[i].bytes);
	}
	free(snap->objects);
	free(snap);
}
