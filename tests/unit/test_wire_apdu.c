#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/apdu.h"
static void check(struct sj_span bytes, size_t nc, uint32_t ne, bool extended)
{
	uint8_t out[32];
	struct sj_writer w = SJ_WRITER_OF(out);
	struct sj_apdu a;

	assert_true(sj_apdu_parse(bytes, &a));
	assert_int_equal(a.cla, 0x0C);
	assert_int_equal(a.ins, 0xB0);
	assert_int_equal(a.data.len, nc);
	assert_int_equal(a.ne, ne);
	assert_int_equal(a.extended, extended);
	sj_apdu_put(&w, &a);
	assert_false(w.failed);
	assert_true(sj_span_eq(sj_written(&w), bytes));
}

static void short_cases(void **state)
{
	(void)state;
	check(SJ_SPAN_STR("\x0C\xB0\x01\x02"), 0, 0, false);
	check(SJ_SPAN_STR("\x0C\xB0\x01\x02\x05"), 0, 5, false);
	check(SJ_SPAN_STR("\x0C\xB0\x01\x02\x00"), 0, 256, false);
	check(SJ_SPAN_STR("\x0C\xB0\x01\x02\x01\x41"), 1, 0, false);
	check(SJ_SPAN_STR("\x0C\xB0\x01\x02\x01\x41\x00"), 1, 256, false);
}

static void extended_cases(void **state)
{
	(void)state;
	check(SJ_SPAN_STR("\x0C\xB0\x01\x02\x00\x00\x05"), 0, 5, true);
	check(SJ_SPAN_STR("\x0C\xB0\x01\x02\x00\x00\x00"), 0, 65536, true);
	check(SJ_SPAN_STR("\x0C\xB0\x01\x02\x00\x00\x01\x41"), 1, 0, true);
	check(SJ_SPAN_STR("\x0C\xB0\x01\x02\x00\x00\x01\x41\x01\x00"), 1, 256, true);
}

static void lengths_that_fit_no_case(void **state)
{
	const struct sj_span bad[] = {
		SJ_SPAN_STR(""),
		SJ_SPAN_STR("\x0C\xB0\x01"),
		SJ_SPAN_STR("\x0C\xB0\x01\x02\x02\x41"),
		SJ_SPAN_STR("\x0C\xB0\x01\x02\x01\x41\x00\x00"),
		SJ_SPAN_STR("\x0C\xB0\x01\x02\x00\x00"),
		SJ_SPAN_STR("\x0C\xB0\x01\x02\x00\x00\x00\x41"),
		SJ_SPAN_STR("\x0C\xB0\x01\x02\x00\x00\x02\x41"),
		SJ_SPAN_STR("\x0C\xB0\x01\x02\x00\x00\x01\x41\x01"),
		SJ_SPAN_STR("\x0C\xB0\x01\x02\x00\x00\x00\x00\x00"),
	};
	struct sj_apdu a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sj_apdu_parse(bad[i], &a));
}

static void long_data_make_it_extended(void **state)
{
	static uint8_t data[256], out[300];
	struct sj_writer w = SJ_WRITER_OF(out);
	const struct sj_apdu a = { .ins = 0xD6, .data = SJ_SPAN_OF(data) };

	(void)state;
	sj_apdu_put(&w, &a);
	assert_int_equal(w.len, 4 + 3 + 256);
	assert_memory_equal(out, "\0\xD6\0\0\0\x01\0", 7);
}

static void what_no_apdu_can_hold_fails(void **state)
{
	uint8_t out[8];
	struct sj_writer w = SJ_WRITER_OF(out), x = SJ_WRITER_OF(out);
	const struct sj_apdu long_le = { .ne = 65537 }, no_room = { .data = SJ_SPAN_STR("12345") };

	(void)state;
	sj_apdu_put(&w, &long_le);
	assert_true(w.failed);
	sj_apdu_put(&x, &no_room);
	assert_true(x.failed);
}

static void responses_split(void **state)
{
	struct sj_response r;

	(void)state;
	assert_true(sj_response_parse(SJ_SPAN_STR("ab\x90\x00"), &r));
	assert_int_equal(r.sw, 0x9000);
	assert_true(sj_span_eq(r.data, SJ_SPAN_STR("ab")));
	assert_true(sj_response_parse(SJ_SPAN_STR("\x6A\x82"), &r));
	assert_int_equal(r.data.len, 0);
	assert_false(sj_response_parse(SJ_SPAN_STR("\x90"), &r));
}

static void what_is_no_status_is_no_response(void **state)
{
	static const struct {
		uint8_t sw1;
		bool is;
	} rows[] = { { 0x00, false }, { 0x5F, false }, { 0x60, false }, { 0x61, true },
		     { 0x6F, true },  { 0x70, false }, { 0x8F, false }, { 0x90, true },
		     { 0x9F, true },  { 0xA0, false }, { 0xFF, false } };
	struct sj_response r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t bytes[] = { 0x7C, rows[i].sw1, 0x00 };

		assert_int_equal(sj_response_parse(SJ_SPAN_OF(bytes), &r), rows[i].is);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_cases),
		cmocka_unit_test(extended_cases),
		cmocka_unit_test(lengths_that_fit_no_case),
		cmocka_unit_test(long_data_make_it_extended),
		cmocka_unit_test(what_no_apdu_can_hold_fails),
		cmocka_unit_test(responses_split),
		cmocka_unit_test(what_is_no_status_is_no_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
