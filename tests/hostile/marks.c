#include "tests/hostile/marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "applets/eid/state.h"
#include "applets/emrtd/state.h"
#include "applets/gate/state.h"
#include "applets/manager/state.h"
#include "applets/piv/state.h"

/* --- bytes ------------------------------------------------------------------------------- */

static uint64_t stir(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xBF58476D1CE4E5B9);
	x ^= x >> 27;
	x *= UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

struct sj_span marks_fill(uint32_t id, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(stir((uint64_t)id << 32 | i) >> 17);
	return sj_span(out, n);
}

/* --- the table ------------------------------------------------------------------------------ */

/* Zeros, fills and the like mark nothing. */
static bool is_plain(uint64_t window)
{
	unsigned kinds = 0;

	for (unsigned i = 0; i < MARK_BYTES; i++) {
		unsigned k = 0;

		while (k < i && (uint8_t)(window >> 8 * k) != (uint8_t)(window >> 8 * i))
			k++;
		kinds += k == i;
	}
	return kinds < 4;
}

static size_t slot_of(uint64_t window)
{
	return (size_t)(stir(window) % MARKS_SLOTS);
}

static size_t bit_of(uint64_t window)
{
	return (size_t)(window * UINT64_C(0x9E3779B97F4A7C15) >> 47);
}

static void add_window(struct marks *m, uint64_t window, size_t owner)
{
	size_t slot = slot_of(window), bit = bit_of(window);

	if (is_plain(window))
		return;
	while (m->windows[slot] != 0 && m->windows[slot] != window)
		slot = (slot + 1) % MARKS_SLOTS;
	if (m->windows[slot] == window)
		return;
	assert_true(++m->used < MARKS_SLOTS / 2);
	m->windows[slot] = window;
	m->owners[slot] = (uint16_t)owner;
	m->filter[bit / 8] |= (uint8_t)(1u << bit % 8);
}

static void marks_add(struct marks *m, const struct mark *mark, struct sj_span bytes)
{
	uint64_t window = 0;

	assert_true(m->count < MARKS_MAX);
	m->rows[m->count] = *mark;
	for (size_t i = 0; i < bytes.len; i++) {
		window = window << 8 | bytes.ptr[i];
		if (i + 1 >= MARK_BYTES)
			add_window(m, window, m->count);
	}
	m->count++;
}

const struct mark *marks_next(const struct marks *m, struct sj_span *in)
{
	uint64_t window = 0;

	for (size_t i = 0; i < in->len; i++) {
		size_t bit, slot;

		window = window << 8 | in->ptr[i];
		bit = bit_of(window);
		if (i + 1 < MARK_BYTES || ((unsigned)m->filter[bit / 8] >> bit % 8 & 1u) == 0)
			continue;
		for (slot = slot_of(window); m->windows[slot] != 0;
		     slot = (slot + 1) % MARKS_SLOTS) {
			if (m->windows[slot] != window)
				continue;
			*in = sj_span(in->ptr + i + 1, in->len - i - 1);
			return &m->rows[m->owners[slot]];
		}
	}
	return NULL;
}

/* --- a card ------------------------------------------------------------------------------------ */

static bool within(uint32_t id, uint32_t from, uint32_t count)
{
	return id >= from && id - from < count;
}

static bool of_document(uint32_t id, struct mark *out)
{
	const uint32_t fid = id & 0xFFFF;

	*out = (struct mark){ .kind = MARK_SECRET, .id = id };
	if (within(id, EMRTD_OBJECT_FILES_LDS, 0x10000)) {
		out->kind = fid == 0x0103 ? MARK_DG3 : fid == 0x0104 ? MARK_DG4 : MARK_FILE;
		return true;
	}
	if (within(id, EMRTD_OBJECT_FILES_MF, 0x10000)) {
		out->kind = MARK_CARD_SECURITY;
		out->n = fid == 0x011D ? 0xFF : fid & 0x0F;
		return fid == 0x011D || fid >> 8 == 0x1D; /* the others are everybody's */
	}
	return !within(id, EMRTD_OBJECT_ANCHOR, 0x100);
}

static bool of_keys(uint32_t id, struct mark *out)
{
	*out = (struct mark){ .kind = MARK_SECRET, .id = id };
	if (within(id, PIV_STORE_DATA, 0x10000)) {
		out->kind = MARK_PIV;
		out->n = id & 0xFFFF;
		return true;
	}
	return id == PIV_STORE_ADMIN || id == PIV_STORE_PAIRING ||
	       within(id, PIV_STORE_PASSWORD, 0x200);
}

static bool of_eid(uint32_t id, struct mark *out)
{
	*out = (struct mark){ .kind = MARK_SECRET, .id = id };
	if (within(id, EID_OBJECT_GROUP, 0x10000)) {
		out->kind = MARK_GROUP;
		out->n = id & 0xFF;
		out->sector = (uint8_t)(id >> 8);
	}
	return true;
}

static bool of_card(uint32_t id, struct mark *out)
{
	*out = (struct mark){ .kind = MARK_SECRET, .id = id };
	if (id == MANAGER_OBJECT_SERIAL)
		out->kind = MARK_SERIAL;
	return out->kind == MARK_SERIAL || within(id, MANAGER_OBJECT_KEYS, 0x100) ||
	       id == GATE_OBJECT_HOLDER || within(id, GATE_OBJECT_CREDENTIAL, 0x10000);
}

void marks_learn(struct marks *m, const struct card_store *store)
{
	struct sj_span bytes;
	struct mark mark;

	for (uint32_t id = 0; card_store_next(store, &id); id++) {
		const uint32_t owner = id & 0xFF000000;
		const bool found = owner == CARD_OBJECT_EMRTD ? of_document(id, &mark)
				   : owner == CARD_OBJECT_PIV ? of_keys(id, &mark)
				   : owner == CARD_OBJECT_EID ? of_eid(id, &mark)
							      : of_card(id, &mark);

		if (found && card_store_get(store, id, &bytes))
			marks_add(m, &mark, bytes);
	}
}
