/* The extension that says where the keys of a card stand in a status list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/keystatus.h"

#define GOOD SJ_SPAN_STR("\x30\x0F\x13\x03UTO\x02\x02\x00\xAC\x02\x04\x00\x80\xAB\xCD")

static void it_comes_back(void **state)
{
	const struct sj_key_status place = { SJ_SPAN_STR("UTO"), 172, 0x80ABCD };
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_key_status read;

	(void)state;
	sj_key_status_put(&w, &place);
	assert_true(sj_span_eq(sj_written(&w), GOOD));
	assert_true(sj_key_status_read(sj_written(&w), &read));
	assert_true(sj_span_eq(read.issuer, SJ_SPAN_STR("UTO")));
	assert_int_equal(read.partition, 172);
	assert_int_equal(read.index, 0x80ABCD);
}

static void what_is_cut_short_or_too_long_is_refused(void **state)
{
	static const struct sj_span bad[] = {
		SJ_SPAN_STR("\x30\x09\x13\x00\x02\x01\x01\x02\x01\x01\x00"),
		SJ_SPAN_STR("\x30\x08\x13\x00\x02\x01\x01\x02\x01\x01"),
		SJ_SPAN_STR("\x30\x09\x13\x01u\x02\x01\x01\x02\x01\x01"),
		SJ_SPAN_STR("\x30\x11\x13\x09UUUUUUUUU\x02\x01\x01\x02\x01\x01"),
		SJ_SPAN_STR("\x30\x0B\x13\x01U\x02\x03\x01\x00\x00\x02\x01\x01"),
		SJ_SPAN_STR("\x30\x09\x13\x01U\x02\x01\xFF\x02\x01\x01"),
		SJ_SPAN_STR("\x30\x0C\x13\x01U\x02\x01\x01\x02\x01\x01\x02\x01\x01"),
	};
	struct sj_key_status read;

	(void)state;
	for (size_t n = 0; n < GOOD.len; n++)
		assert_false(sj_key_status_read(sj_span(GOOD.ptr, n), &read));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sj_key_status_read(bad[i], &read));
}

static void an_issuer_that_is_no_state_is_not_written(void **state)
{
	const struct sj_key_status place = { SJ_SPAN_STR("uto"), 1, 1 };
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	sj_key_status_put(&w, &place);
	assert_true(w.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_back),
		cmocka_unit_test(what_is_cut_short_or_too_long_is_refused),
		cmocka_unit_test(an_issuer_that_is_no_state_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
