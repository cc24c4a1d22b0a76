#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/bytes.h"
static void take_consumes_the_front(void **state)
{
	struct sj_span in = SJ_SPAN_STR("abcd"), out;

	(void)state;
	assert_true(sj_take(&in, 3, &out));
	assert_true(sj_span_eq(out, SJ_SPAN_STR("abc")));
	assert_true(sj_span_eq(in, SJ_SPAN_STR("d")));
}

static void take_of_too_much_changes_nothing(void **state)
{
	struct sj_span in = SJ_SPAN_STR("ab"), out;
	uint8_t byte;

	(void)state;
	assert_false(sj_take(&in, 3, &out));
	assert_int_equal(in.len, 2);
	assert_true(sj_take(&in, 2, &out));
	assert_false(sj_take_u8(&in, &byte));
}

static void numbers_are_big_endian(void **state)
{
	struct sj_span in = SJ_SPAN_STR("\x01\x02\x03\x04\x05");
	uint32_t value;

	(void)state;
	assert_true(sj_take_be(&in, 4, &value));
	assert_int_equal(value, 0x01020304);
	assert_false(sj_take_be(&in, 2, &value));
	assert_false(sj_take_be(&in, 0, &value));
	assert_true(sj_take_be(&in, 1, &value));
	assert_int_equal(value, 5);
	in = SJ_SPAN_STR("\x01\x02\x03\x04\x05\x06");
	assert_false(sj_take_be(&in, 5, &value));
	assert_int_equal(in.len, 6);
}

static void copies_are_exact(void **state)
{
	struct sj_span in = SJ_SPAN_STR("abc");
	uint8_t out[2];

	(void)state;
	assert_true(sj_take_copy(&in, 2, out));
	assert_memory_equal(out, "ab", 2);
	assert_false(sj_take_copy(&in, 2, out));
	assert_int_equal(in.len, 1);
}

static void spans_compare_by_length_and_bytes(void **state)
{
	(void)state;
	assert_true(sj_span_eq(sj_span(NULL, 0), SJ_SPAN_STR("")));
	assert_false(sj_span_eq(SJ_SPAN_STR("a"), SJ_SPAN_STR("ab")));
	assert_false(sj_span_eq(SJ_SPAN_STR("aa"), SJ_SPAN_STR("ab")));
}

static void a_put_that_does_not_fit_fails_for_good(void **state)
{
	uint8_t bytes[3];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	sj_put_be(&w, 2, 0x0102);
	sj_put_be(&w, 2, 0x0304);
	assert_true(w.failed);
	assert_int_equal(w.len, 2);
	sj_put_u8(&w, 5);
	assert_int_equal(w.len, 2);
	assert_null(sj_put_space(&w, 1));
}

static void puts_append(void **state)
{
	uint8_t bytes[8];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	sj_put(&w, SJ_SPAN_STR("ab"));
	sj_put_fill(&w, 0x80, 2);
	sj_put_be(&w, 4, 0x01020304);
	assert_false(w.failed);
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR("ab\x80\x80\x01\x02\x03\x04")));
}

static void a_number_of_no_or_five_bytes_fails_the_writer(void **state)
{
	uint8_t bytes[8];
	struct sj_writer w = SJ_WRITER_OF(bytes), x = SJ_WRITER_OF(bytes);

	(void)state;
	sj_put_be(&w, 0, 1);
	sj_put_be(&x, 5, 1);
	assert_true(w.failed);
	assert_true(x.failed);
}

/* Published with the algorithm (Fowler, Noll, Vo). */
static void a_sum_of_parts_is_that_of_the_whole(void **state)
{
	const uint64_t foo = sj_fnv(SJ_FNV_BASIS, SJ_SPAN_STR("foo"));

	(void)state;
	assert_true(sj_fnv(SJ_FNV_BASIS, sj_span(NULL, 0)) == SJ_FNV_BASIS);
	assert_true(sj_fnv(SJ_FNV_BASIS, SJ_SPAN_STR("a")) == UINT64_C(0xAF63DC4C8601EC8C));
	assert_true(sj_fnv(foo, SJ_SPAN_STR("bar")) == UINT64_C(0x85944171F73967E8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(take_consumes_the_front),
		cmocka_unit_test(take_of_too_much_changes_nothing),
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(copies_are_exact),
		cmocka_unit_test(spans_compare_by_length_and_bytes),
		cmocka_unit_test(a_put_that_does_not_fit_fails_for_good),
		cmocka_unit_test(puts_append),
		cmocka_unit_test(a_number_of_no_or_five_bytes_fails_the_writer),
		cmocka_unit_test(a_sum_of_parts_is_that_of_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
