/* DG13: where a document stands in its issuer's status list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/lds.h"

static void dg13_comes_back(void **state)
{
	uint8_t bytes[16];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	uint16_t partition;
	uint32_t index;

	(void)state;
	sj_dg13_put(&w, 172, 0x80ABCDEF);
	assert_true(sj_span_eq(sj_written(&w),
			       SJ_SPAN_STR("\x6D\x08\x80\x06\x00\xAC\x80\xAB\xCD\xEF")));
	assert_true(sj_dg13_parse(sj_written(&w), &partition, &index));
	assert_int_equal(partition, 172);
	assert_int_equal(index, 0x80ABCDEF);
	for (size_t n = 0; n < w.len; n++)
		assert_false(sj_dg13_parse(sj_span(bytes, n), &partition, &index));
	/* What others keep in their DG13 is not ours. */
	assert_false(sj_dg13_parse(SJ_SPAN_STR("\x6D\x03\x80\x01\x00"), &partition, &index));
	assert_false(sj_dg13_parse(SJ_SPAN_STR("\x6D\x03\x81\x01\x00"), &partition, &index));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dg13_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
