#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/oid.h"
#include "wire/std/icao9303.h"
#include "wire/std/rfc5652.h"
#include "wire/std/tr03110.h"
static void both_ways(struct sj_span oid, const char *text)
{
	char out[SJ_OID_TEXT_MAX];
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	assert_true(sj_oid_text(oid, out, sizeof(out)));
	assert_string_equal(out, text);
	assert_true(sj_oid_read(text, strlen(text), &w));
	assert_true(sj_span_eq(sj_written(&w), oid));
}

static void known_ones_both_ways(void **state)
{
	(void)state;
	both_ways(SJ_OID_ICAO_LDS_SECURITY_OBJECT, "2.23.136.1.1.1");
	both_ways(SJ_OID_PACE_ECDH_CAM, "0.4.0.127.0.7.2.2.4.6");
	both_ways(SJ_OID_ECDSA_PLAIN_SHA256, "0.4.0.127.0.7.1.1.4.1.3");
	both_ways(SJ_OID_SIGNED_DATA, "1.2.840.113549.1.7.2");
	both_ways(SJ_SPAN_STR("\x88\x37\x03"), "2.999.3"); /* ISO/IEC 8825-1, 8.19.5 */
	both_ways(SJ_SPAN_STR("\x27"), "0.39");
	both_ways(SJ_SPAN_STR("\x28"), "1.0");
	both_ways(SJ_SPAN_STR("\x2A\x8F\xFF\xFF\xFF\x7F"), "1.2.4294967295");
}

static void bytes_that_are_no_oid(void **state)
{
	char out[SJ_OID_TEXT_MAX];

	(void)state;
	assert_false(sj_oid_valid(SJ_SPAN_STR("")));
	assert_false(sj_oid_valid(SJ_SPAN_STR("\x2A\x80\x01"))); /* not shortest */
	assert_false(sj_oid_valid(SJ_SPAN_STR("\x2A\x86"))); /* cut */
	assert_false(sj_oid_valid(SJ_SPAN_STR("\x2A\x90\x80\x80\x80\x00"))); /* 2^32 */
	assert_false(sj_oid_text(SJ_SPAN_STR("\x2A\x86"), out, sizeof(out)));
	assert_string_equal(out, "");
}

static void text_that_is_no_oid(void **state)
{
	static const char *const bad[] = {
		"",     "1",    "1.",   "1..2",  ".1.2",           "3.1",          "1.40",
		"0.40", "1.02", "1.2.", "1.2.x", "1.2.4294967296", "2.4294967295", "1 .2"
	};
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(sj_oid_read(bad[i], strlen(bad[i]), &w));
	assert_int_equal(w.len, 0);
	assert_false(w.failed);
}

static void too_little_room_changes_nothing(void **state)
{
	uint8_t bytes[5];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	char out[6];

	(void)state;
	assert_false(sj_oid_read("2.23.136.1.1.1", 14, &w));
	assert_int_equal(w.len, 0);
	assert_false(sj_oid_text(SJ_OID_PACE, out, sizeof(out)));
	assert_string_equal(out, "");
	assert_true(sj_oid_text(SJ_SPAN_STR("\x2A\x03"), out, sizeof(out)));
}

static void under_an_arc(void **state)
{
	(void)state;
	assert_true(sj_oid_under(SJ_OID_PACE_ECDH_GM, SJ_OID_PACE));
	assert_false(sj_oid_under(SJ_OID_PACE, SJ_OID_PACE));
	assert_false(sj_oid_under(SJ_OID_CA, SJ_OID_PACE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_ones_both_ways),
		cmocka_unit_test(bytes_that_are_no_oid),
		cmocka_unit_test(text_that_is_no_oid),
		cmocka_unit_test(too_little_room_changes_nothing),
		cmocka_unit_test(under_an_arc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
