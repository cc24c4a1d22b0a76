#include <cbor.h>

#include "tests/vectors/hexbytes.h"
#include "wire/cbor.h"

/* One item, all of the input. */
static bool accepted(struct sj_span in)
{
	struct sj_span item;

	return sj_cbor_take_item(&in, &item) && in.len == 0;
}

/* --- heads -------------------------------------------------------------------- */

/* From the examples of RFC 8949, appendix A, and at the edges of each width. */
static const struct {
	const char *text;
	int64_t value;
} integers[] = {
	{ "00", 0 },
	{ "17", 23 },
	{ "1818", 24 },
	{ "18FF", 255 },
	{ "190100", 256 },
	{ "1903E8", 1000 },
	{ "19FFFF", 65535 },
	{ "1A00010000", 65536 },
	{ "1A000F4240", 1000000 },
	{ "1AFFFFFFFF", 4294967295 },
	{ "1B0000000100000000", 4294967296 },
	{ "1B000000E8D4A51000", 1000000000000 },
	{ "1B7FFFFFFFFFFFFFFF", INT64_MAX },
	{ "20", -1 },
	{ "37", -24 },
	{ "3818", -25 },
	{ "3863", -100 },
	{ "3903E7", -1000 },
	{ "3B7FFFFFFFFFFFFFFF", INT64_MIN },
};

static void integers_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		struct sj_span in = hex(integers[i].text);
		uint8_t buffer[9];
		struct sj_writer w = SJ_WRITER_OF(buffer);
		int64_t value;

		assert_true(accepted(in));
		assert_true(sj_cbor_take_int(&in, &value) && in.len == 0);
		assert_true(value == integers[i].value);
		sj_cbor_put_int(&w, value);
		assert_hex(sj_written(&w), integers[i].text);
	}
}

static void integers_beyond_int64_are_refused(void **state)
{
	struct sj_span in = hex("1B8000000000000000");
	int64_t value;

	(void)state;
	assert_false(accepted(in));
	assert_false(sj_cbor_take_int(&in, &value));
	assert_int_equal(in.len, 9);
	assert_false(accepted(hex("3B8000000000000000")));
	assert_false(accepted(hex("81"
				  "3BFFFFFFFFFFFFFFFF")));
}

/* Strings, arrays, maps and tags have their heads alike: of every type, every longer form. */
static void only_the_shortest_heads(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 8; type++) {
		const uint8_t first = (uint8_t)(type << 5);
		uint8_t one[300] = { first | 24 }, two[300] = { first | 25 };
		uint8_t four[300] = { first | 26 }, eight[300] = { first | 27 };
		enum sj_cbor_type t;

		for (unsigned n = 0; n < 24; n++) {
			one[1] = two[2] = four[4] = eight[8] = (uint8_t)n;
			assert_false(sj_cbor_peek(SJ_SPAN_OF(one), &t));
			assert_false(sj_cbor_peek(SJ_SPAN_OF(two), &t));
			assert_false(sj_cbor_peek(SJ_SPAN_OF(four), &t));
			assert_false(sj_cbor_peek(SJ_SPAN_OF(eight), &t));
		}
		one[1] = two[2] = 0xFF;
		assert_true(sj_cbor_peek(SJ_SPAN_OF(one), &t) && t == type);
		assert_false(sj_cbor_peek(SJ_SPAN_OF(two), &t));
		four[3] = four[4] = 0xFF;
		assert_false(sj_cbor_peek(SJ_SPAN_OF(four), &t));
		memset(eight + 5, 0xFF, 4);
		assert_false(sj_cbor_peek(SJ_SPAN_OF(eight), &t));
		two[1] = four[2] = eight[4] = 1;
		assert_true(sj_cbor_peek(SJ_SPAN_OF(two), &t) && t == type);
		assert_true(sj_cbor_peek(SJ_SPAN_OF(four), &t) && t == type);
		assert_true(sj_cbor_peek(SJ_SPAN_OF(eight), &t) && t == type);
	}
}

static void no_indefinite_and_no_reserved_heads(void **state)
{
	enum sj_cbor_type type;

	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		const uint8_t bytes[] = { (uint8_t)first, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF };

		if ((first & 0x1F) >= 28)
			assert_false(sj_cbor_peek(SJ_SPAN_OF(bytes), &type));
	}
	assert_false(accepted(hex("5F42010243030405FF")));
	assert_false(accepted(hex("7F657374726561646D696E67FF")));
	assert_false(accepted(hex("9FFF")));
	assert_false(accepted(hex("8301820203"
				  "9F0405FF")));
	assert_false(accepted(hex("BF61610161629F0203FFFF")));
	assert_false(accepted(hex("FF")));
}

static void simple_values(void **state)
{
	static const char *const none_of_ours[] = { "E0",         "F3",
						    "F7",         "F818",
						    "F820",       "F8FF",
						    "F90000",     "FA47C35000",
						    "F97E00",     "FB3FF199999999999A",
						    "F814",       "F90100",
						    "FA00010000", "FB0000000100000000" };

	(void)state;
	assert_true(accepted(hex("F4")));
	assert_true(accepted(hex("F5")));
	assert_true(accepted(hex("F6")));
	for (size_t i = 0; i < sizeof(none_of_ours) / sizeof(none_of_ours[0]); i++)
		assert_false(accepted(hex(none_of_ours[i])));
}

/* --- items ---------------------------------------------------------------------- */

static void strings(void **state)
{
	struct sj_span in = hex("4401020304"
				"40"
				"6449455446"),
		       out;

	(void)state;
	assert_false(sj_cbor_take_text(&in, &out));
	assert_true(sj_cbor_take_bytes(&in, &out));
	assert_hex(out, "01020304");
	assert_true(sj_cbor_take_bytes(&in, &out) && out.len == 0);
	assert_false(sj_cbor_take_bytes(&in, &out));
	assert_true(sj_cbor_take_text(&in, &out));
	assert_true(sj_span_eq(out, SJ_SPAN_STR("IETF")));
	assert_false(sj_cbor_take_text(&in, &out));
	in = hex("5BFFFFFFFFFFFFFFFF00");
	assert_false(sj_cbor_take_bytes(&in, &out));
	assert_false(sj_cbor_take_item(&in, &out));
	assert_int_equal(in.len, 10);
	in = hex("5B000000010000000141");
	assert_false(sj_cbor_take_bytes(&in, &out));
}

static void strings_put(void **state)
{
	uint8_t buffer[32];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	(void)state;
	sj_cbor_put_array(&w, 2);
	sj_cbor_put_bytes(&w, hex("0102"));
	sj_cbor_put_map(&w, 1);
	sj_cbor_put_text(&w, SJ_SPAN_STR("a"));
	sj_cbor_put_bytes_head(&w, 24);
	assert_hex(sj_written(&w), "82420102A161615818");
	sj_cbor_put_bytes(&w, sj_span(buffer, sizeof(buffer)));
	assert_true(w.failed);
}

static void arrays(void **state)
{
	struct sj_span in = hex("8301820203820405"), item;
	int64_t value;
	size_t n;

	(void)state;
	assert_true(accepted(in));
	assert_true(sj_cbor_take_array(&in, &n) && n == 3);
	assert_true(sj_cbor_take_int(&in, &value) && value == 1);
	assert_false(sj_cbor_take_int(&in, &value));
	assert_true(sj_cbor_take_item(&in, &item));
	assert_hex(item, "820203");
	assert_hex(in, "820405");
	in = hex("8201"); /* more than there is */
	assert_false(sj_cbor_take_array(&in, &n));
	in = hex("9BFFFFFFFFFFFFFFFF01");
	assert_false(sj_cbor_take_array(&in, &n) || sj_cbor_take_item(&in, &item));
	assert_int_equal(in.len, 10);
}

static void maps(void **state)
{
	/* { 1: 2, 3: [-1, 4], -1: "x", "a": true }, and something behind. */
	struct sj_span in = hex("A401020382200420617861"
				"61F500"),
		       key, value;
	struct sj_cbor_map map, walk;
	int64_t number;
	size_t n = 0;

	(void)state;
	assert_true(sj_cbor_take_map(&in, &map));
	assert_hex(in, "00");
	for (walk = map; sj_cbor_next(&walk, &key, &value); n++)
		if (n == 2)
			assert_hex(key, "20");
	assert_int_equal(n, 4);
	assert_true(sj_cbor_find(map, 3, &value));
	assert_hex(value, "822004");
	assert_true(sj_cbor_find(map, 1, &value));
	assert_true(sj_cbor_take_int(&value, &number));
	assert_int_equal(number, 2);
	assert_true(sj_cbor_find(map, -1, &value) && !sj_cbor_find(map, 0, &value));
	assert_false(sj_cbor_take_map(&in, &map));
}

/* RFC 8949, 4.2.1: bytewise order of the encoded keys. */
static void keys_in_order_and_once(void **state)
{
	(void)state;
	assert_true(accepted(hex("A90A001864002000"
				 "617A00"
				 "62616100"
				 "811864008120"
				 "00C10100F400")));
	assert_false(accepted(hex("A202000100")));
	assert_false(accepted(hex("A201000100"))); /* twice */
	assert_false(accepted(hex("A220000100")));
	assert_false(accepted(hex("A26262620061" /* shorter first */
				  "6100")));
	assert_false(accepted(hex("A3010002000200")));
	assert_false(accepted(hex("A2F4001864" /* by type, not by value */
				  "00")));
	assert_false(accepted(hex("81"
				  "A202000100"))); /* within */
	assert_false(accepted(hex("A101"
				  "A202000100")));
	assert_false(accepted(hex("A1"
				  "A2020001000000")));
}

static void levels_are_bounded(void **state)
{
	static const uint8_t heads[] = { 0x81, 0xC1, 0xA1 };

	(void)state;
	for (size_t i = 0; i < sizeof(heads); i++) {
		uint8_t buffer[32];
		struct sj_writer w = SJ_WRITER_OF(buffer);

		for (unsigned n = 1; n < SJ_CBOR_DEPTH_MAX; n++) {
			sj_put_u8(&w, heads[i]);
			if (heads[i] == 0xA1)
				sj_put_u8(&w, 0);
		}
		sj_put_u8(&w, 0);
		assert_true(accepted(sj_written(&w)));
		buffer[w.len - 1] = 0x81;
		sj_put_u8(&w, 0);
		assert_false(accepted(sj_written(&w)));
	}
}

static void every_truncation(void **state)
{
	const struct sj_span in = hex("A401820A1903E803"
				      "D83D43010203"
				      "206461626364"
				      "6161"
				      "A10083F4F51B7FFFFFFFFFFFFFFF");
	struct sj_cbor_map map;

	(void)state;
	assert_true(accepted(in));
	for (size_t n = 0; n < in.len; n++) {
		uint8_t *copy = malloc(n + 1);
		struct sj_span cut = { copy, n }, item;

		assert_non_null(copy);
		memcpy(copy, in.ptr, n);
		assert_false(sj_cbor_take_item(&cut, &item) || sj_cbor_take_map(&cut, &map));
		assert_int_equal(cut.len, n);
		free(copy);
	}
}

/* --- the oracle: libcbor ------------------------------------------------------------ */

/*
 * libcbor looks into UTF-8, we do not: texts of an item become ASCII. Its version
 * 0.8 does not know the tags 6 to 20: they become tag 5.
 */
static void make_palatable(uint8_t *item, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const unsigned type = item[at] >> 5, info = item[at] & 0x1F;
		uint64_t argument = info;

		if (type == SJ_CBOR_TAG && info > 5 && info < 21)
			item[at] = 0xC5;
		at++;
		if (info >= 24)
			argument = 0;
		for (size_t n = info < 24 ? 0 : (size_t)1 << (info - 24); n > 0; n--)
			argument = argument << 8 | item[at++];
		if (type == SJ_CBOR_BYTES)
			at += (size_t)argument;
		for (; type == SJ_CBOR_TEXT && argument > 0; argument--)
			item[at++] &= 0x7F;
	}
}

/* What we accept, libcbor reads as the same item: it writes the same bytes again. */
static void agrees(struct sj_span in)
{
	struct cbor_load_result result;
	struct sj_span item;
	unsigned char *again = NULL;
	static uint8_t copy[16384];
	size_t size;
	cbor_item_t *oracle;

	if (!sj_cbor_take_item(&in, &item))
		return;
	assert_true(item.len <= sizeof(copy));
	memcpy(copy, item.ptr, item.len);
	make_palatable(copy, item.len);
	oracle = cbor_load(copy, item.len, &result);
	assert_non_null(oracle);
	assert_int_equal(result.error.code, CBOR_ERR_NONE);
	assert_int_equal(result.read, item.len);
	assert_int_equal(cbor_serialize_alloc(oracle, &again, &size), item.len);
	assert_memory_equal(again, copy, item.len);
	free(again);
	cbor_decref(&oracle);
}

static void values_as_libcbor_reads_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		const struct sj_span in = hex(integers[i].text);
		struct cbor_load_result result;
		cbor_item_t *item = cbor_load(in.ptr, in.len, &result);
		const int64_t value = integers[i].value;

		assert_non_null(item);
		assert_true(cbor_get_int(item) == (uint64_t)(value < 0 ? -1 - value : value));
		assert_int_equal(cbor_isa_negint(item), value < 0);
		cbor_decref(&item);
		agrees(in);
	}
}

/* A small generator (an LCG), so that a failure comes again. */
static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* An integer in the shortest width that libcbor has for it. */
static cbor_item_t *random_int(uint32_t *seed)
{
	const uint64_t wide = (uint64_t)draw(seed) << 24 | draw(seed);
	const uint64_t n = wide >> draw(seed) % 48;
	const bool negative = draw(seed) % 2 == 0;

	if (n <= UINT8_MAX)
		return negative ? cbor_build_negint8((uint8_t)n) : cbor_build_uint8((uint8_t)n);
	if (n <= UINT16_MAX)
		return negative ? cbor_build_negint16((uint16_t)n) : cbor_build_uint16((uint16_t)n);
	if (n <= UINT32_MAX)
		return negative ? cbor_build_negint32((uint32_t)n) : cbor_build_uint32((uint32_t)n);
	return negative ? cbor_build_negint64(n) : cbor_build_uint64(n);
}

static cbor_item_t *random_string(uint32_t *seed)
{
	static const char text[300] = { 'a' };
	const size_t n = draw(seed) % (draw(seed) % 4 == 0 ? sizeof(text) : 30);

	if (draw(seed) % 2 == 0)
		return cbor_build_bytestring((const unsigned char *)text, n);
	return cbor_build_stringn(text, n);
}

static cbor_item_t *random_item(uint32_t *seed, unsigned depth);

static cbor_item_t *random_array(uint32_t *seed, unsigned depth)
{
	const size_t n = draw(seed) % 5;
	cbor_item_t *array = cbor_new_definite_array(n);

	for (size_t i = 0; i < n; i++)
		assert_true(cbor_array_push(array, cbor_move(random_item(seed, depth + 1))));
	return array;
}

/* Keys ascend: small integers, then negative ones. */
static cbor_item_t *random_map(uint32_t *seed, unsigned depth)
{
	const size_t n = draw(seed) % 5;
	cbor_item_t *map = cbor_new_definite_map(n);
	uint8_t key = 0;

	for (size_t i = 0; i < n; i++) {
		const bool negative = i >= 2;

		key = (uint8_t)((i == 2 ? 1u : key + 1u) + draw(seed) % 100);
		assert_true(cbor_map_add(
			map,
			(struct cbor_pair){ .key = cbor_move(negative ? cbor_build_negint8(key)
								      : cbor_build_uint8(key)),
					    .value = cbor_move(random_item(seed, depth + 1)) }));
	}
	return map;
}

static cbor_item_t *random_item(uint32_t *seed, unsigned depth)
{
	switch (draw(seed) % (depth < SJ_CBOR_DEPTH_MAX ? 7 : 4)) {
	case 0:
		return cbor_build_bool(draw(seed) % 2 == 0);
	case 1:
		return cbor_new_null();
	case 2:
		return random_string(seed);
	case 4:
		return random_array(seed, depth);
	case 5:
		return random_map(seed, depth);
	case 6:
		return cbor_build_tag(draw(seed) % 100000, cbor_move(random_item(seed, depth + 1)));
	default:
		return random_int(seed);
	}
}

static void what_libcbor_writes_is_accepted(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		cbor_item_t *item = random_item(&seed, 1);
		unsigned char *bytes = NULL;
		size_t size, n = cbor_serialize_alloc(item, &bytes, &size);

		assert_true(n > 0 && accepted(sj_span(bytes, n)));
		agrees(sj_span(bytes, n));
		free(bytes);
		cbor_decref(&item);
	}
}

static void mutations_agree(void **state)
{
	uint32_t seed = 2;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		cbor_item_t *item = random_item(&seed, 1);
		unsigned char *bytes = NULL;
		size_t size, n = cbor_serialize_alloc(item, &bytes, &size);

		assert_true(n > 0);
		for (int j = 0; j < 20; j++) {
			const size_t at = draw(&seed) % n;
			const uint8_t was = bytes[at];

			bytes[at] = (uint8_t)draw(&seed);
			agrees(sj_span(bytes, n));
			if (j % 4 != 0)
				bytes[at] = was;
		}
		free(bytes);
		cbor_decref(&item);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_both_ways),
		cmocka_unit_test(integers_beyond_int64_are_refused),
		cmocka_unit_test(only_the_shortest_heads),
		cmocka_unit_test(no_indefinite_and_no_reserved_heads),
		cmocka_unit_test(simple_values),
		cmocka_unit_test(strings),
		cmocka_unit_test(strings_put),
		cmocka_unit_test(arrays),
		cmocka_unit_test(maps),
		cmocka_unit_test(keys_in_order_and_once),
		cmocka_unit_test(levels_are_bounded),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(values_as_libcbor_reads_them),
		cmocka_unit_test(what_libcbor_writes_is_accepted),
		cmocka_unit_test(mutations_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
