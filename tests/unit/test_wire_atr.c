#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/atr.h"
static void contactless_as_pcsc_part_3_says(void **state)
{
	uint8_t bytes[SJ_ATR_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_atr atr;

	(void)state;
	sj_atr_put_contactless(&w, SJ_SPAN_STR("\x80\x31\xC0"));
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR("\x3B\x83\x80\x01\x80\x31\xC0\x73")));
	assert_true(sj_atr_parse(sj_written(&w), &atr));
	assert_int_equal(atr.protocols, 1 << 0 | 1 << 1);
	assert_true(atr.tck);
	assert_true(sj_span_eq(atr.historical, SJ_SPAN_STR("\x80\x31\xC0")));
}

static void contact_offers_t1(void **state)
{
	uint8_t bytes[SJ_ATR_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_atr atr;

	(void)state;
	sj_atr_put_contact(&w, SJ_SPAN_STR("123456789012345"));
	assert_false(w.failed);
	assert_true(sj_atr_parse(sj_written(&w), &atr));
	assert_int_equal(atr.protocols, 1 << 1 | 1 << 15);
	assert_int_equal(atr.historical.len, 15);
}

static void t0_alone_has_no_check_byte(void **state)
{
	struct sj_atr atr;

	(void)state;
	assert_true(sj_atr_parse(SJ_SPAN_STR("\x3B\x02\x14\x50"), &atr));
	assert_false(atr.tck);
	assert_int_equal(atr.protocols, 1);
	assert_false(sj_atr_parse(SJ_SPAN_STR("\x3B\x02\x14\x50\x46"), &atr));
	assert_true(sj_atr_parse(SJ_SPAN_STR("\x3F\x65\x25\x00\x52\x09\x6A\x90\x00"), &atr));
}

static void what_is_no_atr(void **state)
{
	uint8_t bytes[SJ_ATR_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_atr atr;

	(void)state;
	sj_atr_put_contactless(&w, SJ_SPAN_STR("\x80\x31\xC0"));
	for (size_t n = 0; n < w.len; n++)
		assert_false(sj_atr_parse(sj_span(bytes, n), &atr));
	bytes[w.len - 1] ^= 1;
	assert_false(sj_atr_parse(sj_written(&w), &atr));
	assert_false(sj_atr_parse(SJ_SPAN_STR("\x3C\x02\x14\x50"), &atr));
}

static void sixteen_historical_bytes_are_too_many(void **state)
{
	uint8_t bytes[SJ_ATR_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes), x = SJ_WRITER_OF(bytes);

	(void)state;
	sj_atr_put_contactless(&w, SJ_SPAN_STR("1234567890123456"));
	sj_atr_put_contact(&x, SJ_SPAN_STR("1234567890123456"));
	assert_true(w.failed);
	assert_true(x.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contactless_as_pcsc_part_3_says),
		cmocka_unit_test(contact_offers_t1),
		cmocka_unit_test(t0_alone_has_no_check_byte),
		cmocka_unit_test(what_is_no_atr),
		cmocka_unit_test(sixteen_historical_bytes_are_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
