#include "tests/power/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "applets/emrtd/state.h"
#include "applets/gate/state.h"
#include "applets/manager/state.h"
#include "applets/piv/state.h"

#define HEAD 8u
#define DELAY (CARD_OBJECT_HOST + 0x100u) /* STORE.md */
#define DELAY_END (DELAY + 0x10u)
#define LEFT 1u /* place of the tries left in a password of the key applet */

void picture_take(struct picture *p, const struct card_store *store)
{
	struct sj_writer w;
	struct sj_span value;
	size_t size = 0;

	for (uint32_t id = 0; card_store_next(store, &id); id++)
		if (card_store_get(store, id, &value))
			size += HEAD + value.len;
	p->bytes = malloc(size + 1);
	assert_non_null(p->bytes);
	w = sj_writer(p->bytes, size);
	for (uint32_t id = 0; card_store_next(store, &id); id++) {
		if (!card_store_get(store, id, &value))
			continue;
		sj_put_be(&w, 4, id);
		sj_put_be(&w, 4, (uint32_t)value.len);
		sj_put(&w, value);
	}
	assert_false(w.failed);
	p->len = w.len;
}

void picture_copy(struct picture *p, const struct picture *from)
{
	p->bytes = malloc(from->len + 1);
	assert_non_null(p->bytes);
	memcpy(p->bytes, from->bytes, from->len);
	p->len = from->len;
}

void picture_drop(struct picture *p)
{
	free(p->bytes);
	*p = (struct picture){ .len = 0 };
}

bool picture_same(const struct picture *a, const struct picture *b)
{
	return sj_span_eq(sj_span(a->bytes, a->len), sj_span(b->bytes, b->len));
}

static bool take_object(struct sj_span *in, uint32_t *id, struct sj_span *value)
{
	uint32_t size;

	return sj_take_be(in, 4, id) && sj_take_be(in, 4, &size) && sj_take(in, size, value);
}

bool picture_find(const struct picture *p, uint32_t id, struct sj_span *value)
{
	struct sj_span in = sj_span(p->bytes, p->len);
	uint32_t found;

	while (take_object(&in, &found, value))
		if (found == id)
			return true;
	*value = sj_span(NULL, 0);
	return false;
}

/* --- what may be given away --------------------------------------------------------------- */

/* A number of this size; absent: that one. */
static uint32_t number(struct sj_span value, size_t size, uint32_t absent)
{
	uint32_t n = absent;

	return value.len == size && sj_take_be(&value, size, &n) ? n : absent;
}

/* All but the byte at `place`, which has not risen. */
static bool one_byte_fell(struct sj_span before, struct sj_span after, size_t place)
{
	return before.len == after.len && place < before.len &&
	       memcmp(before.ptr, after.ptr, place) == 0 && after.ptr[place] <= before.ptr[place] &&
	       memcmp(before.ptr + place + 1, after.ptr + place + 1, before.len - place - 1) == 0;
}

/* The PIN as it was issued is no object yet; its first failure makes one, which is active. */
static bool pin_fell(struct sj_span before, struct sj_span after)
{
	if (before.len > 0)
		return one_byte_fell(before, after, 0);
	return after.len == 2 + EMRTD_PIN_SIZE && after.ptr[0] < EMRTD_PIN_TRIES &&
	       after.ptr[1] == 1;
}

/* Tickets went, none came. */
static bool tickets_fell(struct sj_span before, struct sj_span after)
{
	const size_t row = SJ_GATE_OPERATOR + SJ_GATE_TICKET + SJ_PRK_SIZE + 2u * SJ_GATE_PSK_CRED;
	struct sj_span old, kept;

	while (sj_take(&after, row, &kept)) {
		do {
			if (!sj_take(&before, row, &old))
				return false;
		} while (!sj_span_eq(old, kept));
	}
	return after.len == 0;
}

static bool is_delay(uint32_t id)
{
	return id >= DELAY && id < DELAY_END;
}

static bool object_is_spent(uint32_t id, struct sj_span before, struct sj_span after)
{
	if (sj_span_eq(before, after))
		return true;
	if (is_delay(id))
		return number(after, 1, 0) > number(before, 1, 0);
	if (id > MANAGER_OBJECT_SEQUENCE && id <= MANAGER_OBJECT_SEQUENCE + 0x7F)
		return number(after, 3, 0) > number(before, 3, 0);
	if (id == EMRTD_OBJECT_PIN)
		return pin_fell(before, after);
	if (id == EMRTD_OBJECT_PUK)
		return number(after, 1, EMRTD_PUK_USES) < number(before, 1, EMRTD_PUK_USES);
	if (id >= PIV_STORE_PASSWORD && id < PIV_STORE_KEY)
		return one_byte_fell(before, after, LEFT);
	if (id == GATE_OBJECT_EPHEMERAL)
		return after.len == 0;
	return id == GATE_OBJECT_TICKETS && tickets_fell(before, after);
}

static bool is_try(uint32_t id)
{
	return is_delay(id) || id == EMRTD_OBJECT_PIN ||
	       (id >= PIV_STORE_PASSWORD && id < PIV_STORE_KEY);
}

bool picture_is_paid(const struct picture *before, const struct picture *after)
{
	struct sj_span in = sj_span(after->bytes, after->len), value, old;
	uint32_t id;

	while (take_object(&in, &id, &value)) {
		(void)picture_find(before, id, &old);
		if (is_try(id) && !sj_span_eq(old, value) && object_is_spent(id, old, value))
			return true;
	}
	return false;
}

uint64_t picture_changes(const struct picture *before, const struct picture *after)
{
	struct sj_span a = sj_span(before->bytes, before->len), value, other;
	struct sj_span b = sj_span(after->bytes, after->len);
	uint64_t sum = 0;
	uint32_t id;

	while (take_object(&a, &id, &value))
		if (!is_delay(id) &&
		    (!picture_find(after, id, &other) || !sj_span_eq(value, other)))
			sum = sum * 31 + id;
	while (take_object(&b, &id, &value))
		if (!is_delay(id) && !picture_find(before, id, &other))
			sum = sum * 37 + id;
	return sum;
}

bool picture_is_spent(const struct picture *before, const struct picture *after)
{
	struct sj_span a = sj_span(before->bytes, before->len), value, other;
	struct sj_span b = sj_span(after->bytes, after->len);
	uint32_t id;

	while (take_object(&a, &id, &value)) {
		(void)picture_find(after, id, &other);
		if (!object_is_spent(id, value, other))
			return false;
	}
	while (take_object(&b, &id, &value))
		if (!picture_find(before, id, &other) && !object_is_spent(id, other, value))
			return false;
	return true;
}
