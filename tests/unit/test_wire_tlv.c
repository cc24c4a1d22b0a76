#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/tlv.h"
static void tags_of_one_to_three_bytes(void **state)
{
	struct sj_span in = SJ_SPAN_STR("\x80\x00\x5F\x1F\x01\x41\x7F\x81\x02\x00"), value;
	uint32_t tag;

	(void)state;
	assert_int_equal(sj_tlv_next(&in, &tag, &value), SJ_TLV_FOUND);
	assert_int_equal(tag, 0x80);
	assert_int_equal(sj_tlv_next(&in, &tag, &value), SJ_TLV_FOUND);
	assert_int_equal(tag, 0x5F1F);
	assert_true(sj_span_eq(value, SJ_SPAN_STR("A")));
	assert_int_equal(sj_tlv_next(&in, &tag, &value), SJ_TLV_FOUND);
	assert_int_equal(tag, 0x7F8102);
	assert_int_equal(sj_tlv_next(&in, &tag, &value), SJ_TLV_ABSENT);
}

static void malformed_headers(void **state)
{
	const struct sj_span bad[] = {
		SJ_SPAN_STR("\x80"),
		SJ_SPAN_STR("\x80\x80\x00\x00"),
		SJ_SPAN_STR("\x80\x85\x00\x00\x00\x00\x00"),
		SJ_SPAN_STR("\x80\x02\x00"),
		SJ_SPAN_STR("\x1F\x00\x00"),
		SJ_SPAN_STR("\x1F\x81\x81\x01\x00"),
		SJ_SPAN_STR("\x1F\x80\x01\x00"),
		SJ_SPAN_STR("\x80\x84\xFF\xFF\xFF\xFF\x00"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sj_span in = bad[i], value;
		uint32_t tag;

		assert_int_equal(sj_tlv_next(&in, &tag, &value), SJ_TLV_MALFORMED);
		assert_ptr_equal(in.ptr, bad[i].ptr);
		assert_int_equal(in.len, bad[i].len);
	}
}

static void take_wants_its_tag(void **state)
{
	struct sj_span in = SJ_SPAN_STR("\x80\x01\x05\x81\x00"), value;

	(void)state;
	assert_int_equal(sj_tlv_take(&in, 0x81, &value), SJ_TLV_ABSENT);
	assert_int_equal(in.len, 5);
	assert_int_equal(sj_tlv_take(&in, 0x80, &value), SJ_TLV_FOUND);
	assert_int_equal(in.len, 2);
}

static void an_element_covers_its_header(void **state)
{
	struct sj_span in = SJ_SPAN_STR("\x30\x81\x01\x05\x31\x00"), element;

	(void)state;
	assert_int_equal(sj_tlv_take_element(&in, 0x30, &element), SJ_TLV_FOUND);
	assert_true(sj_span_eq(element, SJ_SPAN_STR("\x30\x81\x01\x05")));
	assert_int_equal(sj_tlv_take_any(&in, &element), SJ_TLV_FOUND);
	assert_true(sj_span_eq(element, SJ_SPAN_STR("\x31\x00")));
	assert_int_equal(sj_tlv_take_any(&in, &element), SJ_TLV_ABSENT);
}

static void find_looks_at_everything(void **state)
{
	struct sj_span value;

	(void)state;
	assert_int_equal(
		sj_tlv_find(SJ_SPAN_STR("\x80\x01\x01\x81\x01\x02\x81\x01\x03"), 0x81, &value),
		SJ_TLV_FOUND);
	assert_int_equal(value.ptr[0], 2);
	assert_int_equal(sj_tlv_find(SJ_SPAN_STR("\x80\x01\x01"), 0x81, &value), SJ_TLV_ABSENT);
	assert_int_equal(sj_tlv_find(SJ_SPAN_STR("\x81\x01\x01\x80\x05"), 0x81, &value),
			 SJ_TLV_MALFORMED);
	assert_true(sj_tlv_well_formed(SJ_SPAN_STR("")));
	assert_false(sj_tlv_well_formed(SJ_SPAN_STR("\x80")));
}

/* 30 { 30 {} }: fine; a long length, outside or inside; nine deep. */
static void strict_means_shortest_lengths_at_any_depth(void **state)
{
	uint8_t deep[20];
	struct sj_writer w = SJ_WRITER_OF(deep);

	(void)state;
	assert_true(sj_tlv_strict(SJ_SPAN_STR("")));
	assert_true(sj_tlv_strict(SJ_SPAN_STR("\x30\x02\x30\x00\x04\x01\x30")));
	assert_false(sj_tlv_strict(SJ_SPAN_STR("\x04\x81\x01\x00")));
	assert_false(sj_tlv_strict(SJ_SPAN_STR("\x30\x04\x04\x81\x01\x00")));
	assert_false(sj_tlv_strict(SJ_SPAN_STR("\x7F\x21\x02\x04\x01")));
	for (size_t n = 0; n < 10; n++) {
		assert_int_equal(sj_tlv_strict(sj_written(&w)), n <= 8);
		sj_tlv_close(&w, 0x30, 0);
	}
}

static void a_prefix_announces_the_size(void **state)
{
	size_t size;

	(void)state;
	assert_true(sj_tlv_announced(SJ_SPAN_STR("\x75\x82\x50\x00"), &size));
	assert_int_equal(size, 0x5004);
	assert_false(sj_tlv_announced(SJ_SPAN_STR("\x75\x82\x50"), &size));
	assert_false(sj_tlv_announced(SJ_SPAN_STR(""), &size));
}

static void headers_are_shortest(void **state)
{
	uint8_t bytes[16];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	sj_tlv_put_header(&w, 0x80, 0x7F);
	sj_tlv_put_header(&w, 0x7F49, 0x80);
	sj_tlv_put_header(&w, 0x75, 0x100);
	assert_true(sj_span_eq(sj_written(&w),
			       SJ_SPAN_STR("\x80\x7F\x7F\x49\x81\x80\x75\x82\x01\x00")));
	assert_int_equal(sj_tlv_header_size(0x7F49, 0x80), 4);
}

static void close_makes_room_for_the_header(void **state)
{
	uint8_t bytes[300];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	size_t outer = sj_tlv_open(&w), inner;

	(void)state;
	sj_put_u8(&w, 0xAA);
	inner = sj_tlv_open(&w);
	sj_put_fill(&w, 0x55, 0x80);
	sj_tlv_close(&w, 0x31, inner);
	sj_tlv_close(&w, 0x30, outer);
	assert_false(w.failed);
	assert_memory_equal(bytes, "\x30\x81\x84\xAA\x31\x81\x80\x55", 8);
	assert_int_equal(w.len, 3 + 1 + 3 + 0x80);
}

static void close_fails_where_the_header_does_not_fit(void **state)
{
	uint8_t bytes[3];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	size_t at = sj_tlv_open(&w);

	(void)state;
	sj_put(&w, SJ_SPAN_STR("ab"));
	sj_tlv_close(&w, 0x30, at);
	assert_true(w.failed);
}

static void small_integers(void **state)
{
	uint32_t value;

	(void)state;
	assert_true(sj_der_small(SJ_SPAN_STR("\x00\xFF\xFF\xFF\xFF"), &value));
	assert_int_equal(value, 0xFFFFFFFF);
	assert_true(sj_der_small(SJ_SPAN_STR("\x05"), &value));
	assert_int_equal(value, 5);
	assert_false(sj_der_small(SJ_SPAN_STR("\x80"), &value));
	assert_false(sj_der_small(SJ_SPAN_STR(""), &value));
	assert_false(sj_der_small(SJ_SPAN_STR("\x01\x00\x00\x00\x00"), &value));
}

static void integers_come_back(void **state)
{
	static const uint32_t values[] = { 0,      1,     0x7F,       0x80,      0xFF,
					   0x8000, 65536, 0x80000000, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint8_t bytes[8];
		struct sj_writer w = SJ_WRITER_OF(bytes);
		struct sj_span in;
		uint32_t value;

		sj_der_put_small(&w, values[i]);
		in = sj_written(&w);
		assert_true(sj_der_take_small(&in, &value));
		assert_int_equal(value, values[i]);
		assert_int_equal(in.len, 0);
	}
}

static void a_set_stands_in_order(void **state)
{
	const struct sj_span elements[] = { SJ_SPAN_STR("\x04\x01\x02"),
					    SJ_SPAN_STR("\x02\x01\x09"),
					    SJ_SPAN_STR("\x04\x01\x01"),
					    SJ_SPAN_STR("\x02\x01\x09") };
	uint8_t bytes[16];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	sj_der_put_set(&w, elements, 4);
	assert_true(sj_span_eq(
		sj_written(&w),
		SJ_SPAN_STR("\x31\x0C\x02\x01\x09\x02\x01\x09\x04\x01\x01\x04\x01\x02")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_of_one_to_three_bytes),
		cmocka_unit_test(malformed_headers),
		cmocka_unit_test(take_wants_its_tag),
		cmocka_unit_test(an_element_covers_its_header),
		cmocka_unit_test(find_looks_at_everything),
		cmocka_unit_test(strict_means_shortest_lengths_at_any_depth),
		cmocka_unit_test(a_prefix_announces_the_size),
		cmocka_unit_test(headers_are_shortest),
		cmocka_unit_test(close_makes_room_for_the_header),
		cmocka_unit_test(close_fails_where_the_header_does_not_fit),
		cmocka_unit_test(small_integers),
		cmocka_unit_test(integers_come_back),
		cmocka_unit_test(a_set_stands_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
