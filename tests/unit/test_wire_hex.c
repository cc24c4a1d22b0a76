#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/hex.h"
static void either_case_is_read(void **state)
{
	uint8_t bytes[4];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	assert_true(sj_hex_read("00aBFf", 6, &w));
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR("\x00\xAB\xFF")));
}

static void anything_else_is_refused(void **state)
{
	uint8_t bytes[2];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	assert_false(sj_hex_read("abc", 3, &w));
	assert_false(sj_hex_read("abcd", 3, &w));
	assert_false(sj_hex_read("0g", 2, &w));
	assert_false(sj_hex_read("0 1 ", 4, &w));
	assert_false(sj_hex_read("0x12", 4, &w));
	assert_false(sj_hex_read("000000", 6, &w));
	assert_int_equal(w.len, 0);
	assert_false(w.failed);
	assert_true(sj_hex_read("", 0, &w));
}

static void text_is_terminated(void **state)
{
	char out[5];

	(void)state;
	assert_true(sj_hex_text(SJ_SPAN_STR("\x0A\xF0"), SJ_HEX_LOWER, out, sizeof(out)));
	assert_string_equal(out, "0af0");
	assert_true(sj_hex_text(SJ_SPAN_STR("\x0A\xF0"), SJ_HEX_UPPER, out, sizeof(out)));
	assert_string_equal(out, "0AF0");
	assert_false(sj_hex_text(SJ_SPAN_STR("\x0A\xF0"), SJ_HEX_LOWER, out, 4));
	assert_string_equal(out, "");
	assert_false(sj_hex_text(SJ_SPAN_STR(""), SJ_HEX_LOWER, out, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(either_case_is_read),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(text_is_terminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
