/* Status lists: codings held against a plain bitmap, and deltas between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trust/status_build.h"
#include "trust/status_delta.h"

#define BLOCK SJ_STATUS_BLOCK

/* SplitMix64: the same sets in each run. */
static uint64_t draw(uint64_t *seed)
{
	uint64_t z = *seed += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

/* --- blocks ------------------------------------------------------------------------ */

struct room {
	uint8_t ends[256], data[BLOCK / 8 + 64];
	struct sj_status_bits bits, back;
	struct sj_status_block block;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct room));
	return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void mark(struct sj_status_bits *bits, uint32_t i)
{
	bits->bytes[i / 8] |= (uint8_t)(1u << i % 8);
}

/* Codes the room's bits, asks for each index, decodes again. */
static void assert_exact(struct room *r, uint32_t n)
{
	struct sj_writer ends = SJ_WRITER_OF(r->ends), data = SJ_WRITER_OF(r->data);

	sj_status_block_put(&ends, &data, &r->bits, n, &r->block);
	assert_false(ends.failed || data.failed);
	assert_true(data.len + ends.len <= (n + 7) / 8);
	assert_true(sj_status_block_check(&r->block, n));
	for (uint32_t i = 0; i < n; i++)
		if (sj_status_block_has(&r->block, n, i) != sj_status_bit(r->bits.bytes, i))
			fail_msg("index %u of %u, code %d", i, n, (int)r->block.code);
	assert_true(sj_status_block_read(&r->block, n, &r->back));
	assert_memory_equal(&r->back, &r->bits, sizeof(r->bits));
}

static void every_density_is_exact(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 7, 8, 9, 255, 4096, 50001, BLOCK - 1, BLOCK };
	struct room *r = *state;
	uint64_t seed = 1;

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (uint32_t mille = 0; mille <= 1000; mille += mille < 100 ? 9 : 50) {
			memset(&r->bits, 0, sizeof(r->bits));
			for (uint32_t i = 0; i < sizes[s]; i++)
				if (draw(&seed) % 1000 < mille)
					mark(&r->bits, i);
			assert_exact(r, sizes[s]);
		}
}

static void nothing_takes_no_bytes(void **state)
{
	struct room *r = *state;

	assert_exact(r, BLOCK);
	assert_int_equal(r->block.code, SJ_STATUS_EMPTY);
	assert_int_equal(r->block.data.len, 0);
}

static void everything_takes_one_byte(void **state)
{
	struct room *r = *state;

	memset(&r->bits, 0xFF, sizeof(r->bits));
	assert_exact(r, BLOCK);
	assert_int_equal(r->block.code, SJ_STATUS_DENSE);
	assert_int_equal(r->block.data.len, 1);
}

static void every_single_index_is_exact(void **state)
{
	struct room *r = *state;

	for (uint32_t i = 0; i < BLOCK; i += i < 300 || i > BLOCK - 300 ? 1 : 251) {
		struct sj_writer ends = SJ_WRITER_OF(r->ends), data = SJ_WRITER_OF(r->data);

		memset(&r->bits, 0, sizeof(r->bits));
		mark(&r->bits, i);
		sj_status_block_put(&ends, &data, &r->bits, BLOCK, &r->block);
		assert_true(sj_status_block_has(&r->block, BLOCK, i));
		assert_false(sj_status_block_has(&r->block, BLOCK, i ^ 1));
		assert_false(sj_status_block_has(&r->block, BLOCK, i ^ 0x8000));
	}
}

/* All in one bucket, runs longer than a word, halves of a block. */
static void clusters_are_exact(void **state)
{
	static const uint32_t runs[][2] = { { 0, 100 },       { 12345, 3000 }, { 65000, 536 },
					    { 32768, 32768 }, { 0, 32768 },    { 4096, 20000 },
					    { 1, 65535 } };
	struct room *r = *state;

	for (size_t k = 0; k < sizeof(runs) / sizeof(runs[0]); k++) {
		memset(&r->bits, 0, sizeof(r->bits));
		for (uint32_t i = 0; i < runs[k][1]; i++)
			mark(&r->bits, runs[k][0] + i);
		assert_exact(r, BLOCK);
	}
}

static void alternating_is_raw(void **state)
{
	struct room *r = *state;

	memset(&r->bits, 0x55, sizeof(r->bits));
	assert_exact(r, BLOCK);
	assert_int_equal(r->block.code, SJ_STATUS_RAW);
}

static void dense_is_the_mirror_of_sparse(void **state)
{
	struct room *r = *state;
	size_t sparse;

	for (uint32_t i = 5; i < BLOCK; i += 97)
		mark(&r->bits, i);
	assert_exact(r, BLOCK);
	assert_int_equal(r->block.code, SJ_STATUS_SPARSE);
	sparse = r->block.data.len;
	for (size_t i = 0; i < sizeof(r->bits); i++)
		r->bits.bytes[i] = (uint8_t)~r->bits.bytes[i];
	assert_exact(r, BLOCK);
	assert_int_equal(r->block.code, SJ_STATUS_DENSE);
	assert_int_equal(r->block.data.len, sparse);
}

/* --- lists ------------------------------------------------------------------------- */

/* A list from a bitmap: `n` partitions of `size`, numbered from `first`. */
struct made {
	struct sj_status_draft draft;
	struct sj_status_list list;
	uint8_t *bitmap;
	uint32_t size;
};

#define PARTS 3u
#define SIZE 200000u
#define FIRST 80u

static void make(struct made *m)
{
	struct sj_status_revoked parts[PARTS];
	uint32_t *list = calloc(PARTS * SIZE, sizeof(*list));
	struct sj_span body;
	size_t n = 0;

	assert_non_null(list);
	for (uint32_t p = 0; p < PARTS; p++) {
		parts[p] =
			(struct sj_status_revoked){ (uint16_t)(FIRST + p), m->size, list + n, 0 };
		for (uint32_t i = 0; i < m->size; i++)
			if (sj_status_bit(m->bitmap, p * SIZE + i)) {
				list[n++] = i;
				parts[p].n++;
			}
	}
	assert_int_equal(sj_status_build(parts, PARTS, &m->draft, &body), SJ_OK);
	assert_true(sj_status_list_open(body, &m->list));
	free(list);
}

static struct made *made_new(uint64_t seed, uint32_t mille)
{
	struct made *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->size = SIZE;
	m->bitmap = calloc(PARTS * SIZE / 8, 1);
	assert_non_null(m->bitmap);
	for (uint32_t i = 0; i < PARTS * SIZE; i++)
		if (draw(&seed) % 1000 < mille)
			m->bitmap[i / 8] |= (uint8_t)(1u << i % 8);
	make(m);
	return m;
}

/* A copy with so many indices flipped, in a list of its own. */
static struct made *made_next(const struct made *old, uint64_t seed, uint32_t flips)
{
	struct made *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->size = old->size;
	m->bitmap = malloc(PARTS * SIZE / 8);
	assert_non_null(m->bitmap);
	memcpy(m->bitmap, old->bitmap, PARTS * SIZE / 8);
	for (uint32_t k = 0; k < flips; k++) {
		uint64_t i = draw(&seed) % (PARTS * SIZE);

		m->bitmap[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	make(m);
	return m;
}

static void made_free(struct made *m)
{
	sj_status_draft_free(&m->draft);
	free(m->bitmap);
	free(m);
}

static void a_list_answers_for_every_index(void **state)
{
	struct made *m = made_new(7, 30);

	(void)state;
	for (uint32_t p = 0; p < PARTS; p++)
		for (uint32_t i = 0; i < SIZE; i++)
			if (sj_status_list_query(&m->list, (uint16_t)(FIRST + p), i) !=
			    (sj_status_bit(m->bitmap, p * SIZE + i) ? SJ_STATUS_REVOKED
								    : SJ_STATUS_VALID))
				fail_msg("partition %u, index %u", p, i);
	made_free(m);
}

static void outside_is_unknown_not_revoked(void **state)
{
	struct made *m = made_new(7, 1000);

	(void)state;
	assert_int_equal(sj_status_list_query(&m->list, FIRST, SIZE - 1), SJ_STATUS_REVOKED);
	assert_int_equal(sj_status_list_query(&m->list, FIRST, SIZE), SJ_STATUS_UNKNOWN);
	assert_int_equal(sj_status_list_query(&m->list, FIRST, UINT32_MAX), SJ_STATUS_UNKNOWN);
	assert_int_equal(sj_status_list_query(&m->list, FIRST - 1, 0), SJ_STATUS_UNKNOWN);
	assert_int_equal(sj_status_list_query(&m->list, FIRST + PARTS, 0), SJ_STATUS_UNKNOWN);
	assert_int_equal(sj_status_list_query(&m->list, 0xFFFF, 0), SJ_STATUS_UNKNOWN);
	made_free(m);
}

static void months_may_be_missing(void **state)
{
	static const uint32_t revoked[] = { 3 };
	const struct sj_status_revoked parts[] = { { 10, 5, revoked, 1 },
						   { 12, 5, NULL, 0 },
						   { 40, 5, revoked, 1 } };
	struct made *m = calloc(1, sizeof(*m));
	struct sj_span body;

	(void)state;
	assert_non_null(m);
	assert_int_equal(sj_status_build(parts, 3, &m->draft, &body), SJ_OK);
	assert_true(sj_status_list_open(body, &m->list));
	assert_int_equal(sj_status_list_query(&m->list, 10, 3), SJ_STATUS_REVOKED);
	assert_int_equal(sj_status_list_query(&m->list, 11, 3), SJ_STATUS_UNKNOWN);
	assert_int_equal(sj_status_list_query(&m->list, 12, 3), SJ_STATUS_VALID);
	assert_int_equal(sj_status_list_query(&m->list, 40, 3), SJ_STATUS_REVOKED);
	assert_int_equal(sj_status_list_query(&m->list, 40, 2), SJ_STATUS_VALID);
	made_free(m);
}

static void an_issuer_without_credentials_has_a_list(void **state)
{
	struct made *m = calloc(1, sizeof(*m));
	struct sj_span body;

	(void)state;
	assert_non_null(m);
	assert_int_equal(sj_status_build(NULL, 0, &m->draft, &body), SJ_OK);
	assert_true(sj_status_list_open(body, &m->list));
	assert_int_equal(sj_status_list_query(&m->list, 80, 0), SJ_STATUS_UNKNOWN);
	made_free(m);
}

static void what_is_out_of_order_is_not_built(void **state)
{
	static const uint32_t twice[] = { 3, 3 }, back[] = { 4, 3 }, far[] = { 5 };
	const struct sj_status_revoked bad[][2] = {
		{ { 10, 5, twice, 2 }, { 11, 5, NULL, 0 } },
		{ { 10, 5, back, 2 }, { 11, 5, NULL, 0 } },
		{ { 10, 5, far, 1 }, { 11, 5, NULL, 0 } },
		{ { 10, 0, NULL, 0 }, { 11, 5, NULL, 0 } },
		{ { 10, 5, NULL, 0 }, { 10, 5, NULL, 0 } },
		{ { 11, 5, NULL, 0 }, { 10, 5, NULL, 0 } },
		{ { 10, SJ_STATUS_PART_MAX + 1, NULL, 0 }, { 11, 5, NULL, 0 } },
	};
	struct sj_status_draft *draft = calloc(1, sizeof(*draft));
	struct sj_span body;

	(void)state;
	assert_non_null(draft);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sj_status_build(bad[i], 2, draft, &body), SJ_INPUT_REFUSED);
	free(draft);
}

static void every_truncated_list_is_refused(void **state)
{
	struct made *m = made_new(3, 1), *other = calloc(1, sizeof(*other));

	(void)state;
	assert_non_null(other);
	for (size_t n = 0; n < m->list.body.len; n++) {
		uint8_t *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, m->list.body.ptr, n);
		assert_false(sj_status_list_open(sj_span(copy, n), &other->list));
		free(copy);
	}
	free(other);
	made_free(m);
}

/* Whatever a list says, asking stays inside it; ASan watches. */
static void every_altered_byte_is_safe_to_ask(void **state)
{
	struct made *m = made_new(3, 1), *other = calloc(1, sizeof(*other));
	uint8_t *copy = malloc(m->list.body.len);
	uint8_t root[SJ_STATUS_ROOT], altered[SJ_STATUS_ROOT];

	(void)state;
	assert_non_null(other);
	assert_non_null(copy);
	assert_true(sj_status_root(m->list.body, root));
	for (size_t i = 0; i < m->list.body.len; i++) {
		memcpy(copy, m->list.body.ptr, m->list.body.len);
		copy[i] ^= (uint8_t)(1u << i % 8);
		assert_true(sj_status_root(sj_span(copy, m->list.body.len), altered));
		assert_memory_not_equal(root, altered, sizeof(root));
		if (!sj_status_list_open(sj_span(copy, m->list.body.len), &other->list))
			continue;
		for (uint32_t k = 0; k < SIZE; k += 1009)
			(void)sj_status_list_query(&other->list, FIRST, k);
	}
	free(copy);
	free(other);
	made_free(m);
}

/* --- deltas ------------------------------------------------------------------------- */

static size_t assert_delta(const struct made *old, const struct made *new)
{
	struct sj_status_draft *draft = malloc(sizeof(*draft));
	struct sj_span body;
	uint8_t *delta;
	size_t len;

	assert_non_null(draft);
	assert_int_equal(sj_status_delta_make(&old->list, &new->list, &delta, &len), SJ_OK);
	assert_int_equal(sj_status_delta_apply(&old->list, sj_span(delta, len), draft, &body),
			 SJ_OK);
	assert_true(sj_span_eq(body, new->list.body));
	sj_status_draft_free(draft);
	free(draft);
	free(delta);
	return len;
}

static void a_delta_leads_to_the_new_list(void **state)
{
	static const uint32_t flips[] = { 0, 1, 20, 5000, 400000 };

	(void)state;
	for (uint32_t mille = 0; mille <= 1000; mille += 250)
		for (size_t i = 0; i < sizeof(flips) / sizeof(flips[0]); i++) {
			struct made *old = made_new(11, mille);
			struct made *new = made_next(old, 12, flips[i]);

			(void)assert_delta(old, new);
			made_free(old);
			made_free(new);
		}
}

static void nothing_changed_takes_a_byte_a_partition(void **state)
{
	struct made *old = made_new(11, 20), *new = made_next(old, 1, 0);

	(void)state;
	assert_int_equal(assert_delta(old, new), 2 + PARTS * 6 + PARTS);
	made_free(old);
	made_free(new);
}

/* A block that fills up costs a block, not 65,536 indices. */
static void changed_blocks_are_sent_where_shorter(void **state)
{
	struct made *old = made_new(11, 20), *new = calloc(1, sizeof(*new));

	(void)state;
	assert_non_null(new);
	new->size = SIZE;
	new->bitmap = malloc(PARTS * SIZE / 8);
	assert_non_null(new->bitmap);
	memcpy(new->bitmap, old->bitmap, PARTS * SIZE / 8);
	memset(new->bitmap, 0xFF, BLOCK / 8);
	make(new);
	assert_true(assert_delta(old, new) < 64);
	made_free(old);
	made_free(new);
}

static void a_partition_may_grow(void **state)
{
	struct made *old = made_new(11, 20), *new = made_new(11, 20);

	(void)state;
	old->size = 70001;
	sj_status_draft_free(&old->draft);
	make(old);
	(void)assert_delta(old, new);
	made_free(old);
	made_free(new);
}

static void a_partition_may_not_shrink(void **state)
{
	struct made *old = made_new(11, 20), *new = made_new(11, 20);
	uint8_t *delta;
	size_t len;

	(void)state;
	new->size = SIZE - 1;
	sj_status_draft_free(&new->draft);
	make(new);
	assert_int_equal(sj_status_delta_make(&old->list, &new->list, &delta, &len),
			 SJ_INPUT_REFUSED);
	made_free(old);
	made_free(new);
}

static void partitions_come_and_go(void **state)
{
	static const uint32_t revoked[] = { 3, 77 };
	const struct sj_status_revoked was[] = { { 10, 99, revoked, 2 }, { 11, 99, revoked, 1 } };
	const struct sj_status_revoked is[] = { { 11, 99, revoked, 2 }, { 12, 99, revoked, 2 } };
	struct made *old = calloc(1, sizeof(*old)), *new = calloc(1, sizeof(*new));
	struct sj_span body;

	(void)state;
	assert_true(old != NULL && new != NULL);
	assert_int_equal(sj_status_build(was, 2, &old->draft, &body), SJ_OK);
	assert_true(sj_status_list_open(body, &old->list));
	assert_int_equal(sj_status_build(is, 2, &new->draft, &body), SJ_OK);
	assert_true(sj_status_list_open(body, &new->list));
	(void)assert_delta(old, new);
	made_free(old);
	made_free(new);
}

static void every_truncated_delta_is_refused(void **state)
{
	struct made *old = made_new(11, 20), *new = made_next(old, 12, 40);
	struct sj_status_draft *draft = malloc(sizeof(*draft));
	struct sj_span body;
	uint8_t *delta, *copy;
	size_t len;

	(void)state;
	assert_non_null(draft);
	assert_int_equal(sj_status_delta_make(&old->list, &new->list, &delta, &len), SJ_OK);
	for (size_t n = 0; n < len; n++) {
		copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, delta, n);
		assert_int_equal(sj_status_delta_apply(&old->list, sj_span(copy, n), draft, &body),
				 SJ_INPUT_MALFORMED);
		free(copy);
	}
	free(delta);
	free(draft);
	made_free(old);
	made_free(new);
}

/* --- drawing indices ------------------------------------------------------------------ */

#define BLOCK_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BLOCK_CASE(every_density_is_exact),
		BLOCK_CASE(nothing_takes_no_bytes),
		BLOCK_CASE(everything_takes_one_byte),
		BLOCK_CASE(every_single_index_is_exact),
		BLOCK_CASE(clusters_are_exact),
		BLOCK_CASE(alternating_is_raw),
		BLOCK_CASE(dense_is_the_mirror_of_sparse),
		cmocka_unit_test(a_list_answers_for_every_index),
		cmocka_unit_test(outside_is_unknown_not_revoked),
		cmocka_unit_test(months_may_be_missing),
		cmocka_unit_test(an_issuer_without_credentials_has_a_list),
		cmocka_unit_test(what_is_out_of_order_is_not_built),
		cmocka_unit_test(every_truncated_list_is_refused),
		cmocka_unit_test(every_altered_byte_is_safe_to_ask),
		cmocka_unit_test(a_delta_leads_to_the_new_list),
		cmocka_unit_test(nothing_changed_takes_a_byte_a_partition),
		cmocka_unit_test(changed_blocks_are_sent_where_shorter),
		cmocka_unit_test(a_partition_may_grow),
		cmocka_unit_test(a_partition_may_not_shrink),
		cmocka_unit_test(partitions_come_and_go),
		cmocka_unit_test(every_truncated_delta_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
