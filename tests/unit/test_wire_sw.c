#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/sw.h"
static void exact_values_have_their_names(void **state)
{
	(void)state;
	assert_string_equal(sj_sw_text(SJ_SW_OK), "normal processing");
	assert_string_equal(sj_sw_text(SJ_SW_NOT_FOUND), "file or application not found");
	assert_string_equal(sj_sw_text(SJ_SW_SECURITY_STATUS), "security status not satisfied");
	assert_string_equal(sj_sw_text(SJ_SW_SM_INCORRECT),
			    "incorrect secure messaging data objects");
	assert_string_equal(sj_sw_text(0x6340), "unsuccessful comparison");
	assert_string_equal(sj_sw_text(0x6482), "logical channel opening denied");
}

static void families_have_theirs(void **state)
{
	(void)state;
	assert_string_equal(sj_sw_text(0x6110), sj_sw_text(0x61FF));
	assert_string_equal(sj_sw_text(0x6C10), sj_sw_text(0x6C00));
	assert_string_equal(sj_sw_text(0x63C0), sj_sw_text(0x63CF));
	assert_string_not_equal(sj_sw_text(0x63C0), sj_sw_text(0x6300));
	assert_string_equal(sj_sw_text(0x6AFF), sj_sw_text(0x6A00));
	assert_string_equal(sj_sw_text(0x9210), "proprietary status");
	assert_string_equal(sj_sw_text(0x6D01), "proprietary status");
	assert_string_equal(sj_sw_text(0x6010), "invalid status word");
	assert_string_equal(sj_sw_text(0x1234), "invalid status word");
}

static void every_value_has_a_text(void **state)
{
	(void)state;
	for (unsigned sw = 0; sw <= 0xFFFF; sw++)
		assert_non_null(sj_sw_text((uint16_t)sw));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_values_have_their_names),
		cmocka_unit_test(families_have_theirs),
		cmocka_unit_test(every_value_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
