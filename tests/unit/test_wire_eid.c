#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/eid.h"

#define T(literal) SJ_SPAN_STR(literal)

/* Bytes as the standard's ASN.1 makes them, and the same as parts. */
static const struct sample {
	unsigned group;
	struct sj_span bytes;
	struct sj_eid_value value;
} samples[] = {
	{ SJ_EID_DOCUMENT_TYPE, T("\x61\x04\x13\x02ID"), { { T("ID") }, 1 } },
	{ SJ_EID_ISSUING_STATE, T("\x62\x05\x13\x03UTO"), { { T("UTO") }, 1 } },
	{ SJ_EID_EXPIRY,
	  T("\x63\x0A\x12\x08"
	    "20301231"),
	  { { T("20301231") }, 1 } },
	{ SJ_EID_GIVEN_NAMES,
	  T("\x64\x0C\x0C\x0A"
	    "ANNA MARIA"),
	  { { T("ANNA MARIA") }, 1 } },
	{ SJ_EID_FAMILY_NAMES,
	  T("\x65\x0A\x0C\x08"
	    "ERIKSSON"),
	  { { T("ERIKSSON") }, 1 } },
	{ SJ_EID_BIRTH_DATE,
	  T("\x68\x0A\x12\x08"
	    "1974    "),
	  { { T("1974    ") }, 1 } },
	{ SJ_EID_BIRTH_PLACE,
	  T("\x69\x0A\xA1\x08\x0C\x06"
	    "BERLIN"),
	  { { T("BERLIN") }, 1 } },
	{ SJ_EID_NATIONALITY,
	  T("\x6A\x03\x13\x01"
	    "D"),
	  { { T("D") }, 1 } },
	{ SJ_EID_SEX,
	  T("\x6B\x03\x13\x01"
	    "F"),
	  { { T("F") }, 1 } },
	{ 12, T("\x6C\x02\x31\x00"), { { T("\x31\x00") }, 1 } },
	{ SJ_EID_ADDRESS,
	  T("\x71\x18\x30\x16\xAB\x07\x0C\x05"
	    "KOELN\xAD\x03\x13\x01"
	    "D\xAE\x06\x13\x04"
	    "5066"),
	  { { { NULL, 0 }, T("KOELN"), { NULL, 0 }, T("D"), T("5066") }, 5 } },
	{ SJ_EID_COMMUNITY,
	  T("\x72\x09\x04\x07\x02\x76\x05\x03\x15\x00\x00"),
	  { { T("\x02\x76\x05\x03\x15\x00\x00") }, 1 } },
	{ 19, T("\x73\x06\xA1\x04\x0C\x02ok"), { { T("ok") }, 1 } },
	{ 20, T("\x74\x06\xA2\x04\x04\x02\x03\x00"), { { { NULL, 0 }, T("\x03\x00") }, 2 } },
	{ SJ_EID_PHONE, T("\x75\x06\x13\x04+861"), { { T("+861") }, 1 } },
	{ SJ_EID_EMAIL,
	  T("\x76\x05\x16\x03"
	    "a@b"),
	  { { T("a@b") }, 1 } },
	{ SJ_EID_DOCUMENT_NUMBER,
	  T("\x77\x04\x13\x02"
	    "D2"),
	  { { T("D2") }, 1 } },
	{ SJ_EID_CLASS, T("\x78\x03\x02\x01\x03"), { { T("\x03") }, 1 } },
	{ SJ_EID_HOME_PASSPORT,
	  T("\x79\x0B\x30\x09\x13\x03UTO\x13\x02L8"),
	  { { T("UTO"), T("L8") }, 2 } },
	{ SJ_EID_PORTRAIT, T("\x7A\x05\x04\x03\xFF\xD8\xFF"), { { T("\xFF\xD8\xFF") }, 1 } },
	{ SJ_EID_EMERGENCY,
	  T("\x7C\x0A\x30\x08\x80\x02"
	    "A+\x82\x02"
	    "E1"),
	  { { T("A+"), { NULL, 0 }, T("E1") }, 3 } },
	{ SJ_EID_INSURANCE, T("\x7D\x04\x0C\x02I9"), { { T("I9") }, 1 } },
	{ SJ_EID_STATUS,
	  T("\x7E\x08\x04\x06\x00\x01\x00\x00\x02\x03"),
	  { { T("\x00\x01\x00\x00\x02\x03") }, 1 } },
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void groups_are_written_as_the_guideline_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		uint8_t bytes[64];
		struct sj_writer w = SJ_WRITER_OF(bytes);

		sj_eid_put(&w, samples[i].group, &samples[i].value);
		assert_false(w.failed);
		assert_true(sj_span_eq(sj_written(&w), samples[i].bytes));
	}
}

static void groups_are_read_back(void **state)
{
	struct sj_eid_value v;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		assert_true(sj_eid_read(samples[i].bytes, samples[i].group, &v));
		assert_int_equal(v.count, samples[i].value.count);
		for (size_t p = 0; p < v.count; p++)
			assert_true(sj_span_eq(v.parts[p], samples[i].value.parts[p]));
	}
}

static void no_group_is_read_as_another(void **state)
{
	struct sj_eid_value v;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++)
		for (unsigned g = 0; g <= SJ_EID_GROUPS + 1; g++)
			if (g != samples[i].group)
				assert_false(sj_eid_read(samples[i].bytes, g, &v));
}

static void every_truncation_is_refused(void **state)
{
	struct sj_eid_value v;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++)
		for (size_t n = 0; n < samples[i].bytes.len; n++)
			assert_false(sj_eid_read(sj_span(samples[i].bytes.ptr, n), samples[i].group,
						 &v));
}

/* The same with every inner length made to fit. */
static void content_cut_short_is_refused(void **state)
{
	uint8_t bytes[64];
	struct sj_eid_value v;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		for (size_t n = 2; n < samples[i].bytes.len; n++) {
			memcpy(bytes, samples[i].bytes.ptr, n);
			bytes[1] = (uint8_t)(n - 2);
			assert_false(sj_eid_read(sj_span(bytes, n), samples[i].group, &v));
		}
	}
}

static void what_follows_a_group_is_refused(void **state)
{
	uint8_t bytes[64];
	struct sj_eid_value v;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		struct sj_writer w = SJ_WRITER_OF(bytes);

		sj_put(&w, samples[i].bytes);
		sj_put_u8(&w, 0);
		assert_false(sj_eid_read(sj_written(&w), samples[i].group, &v));
		bytes[1]++;
		assert_false(sj_eid_read(sj_written(&w), samples[i].group, &v));
	}
}

static void values_that_do_not_fit_are_not_written(void **state)
{
	static const struct {
		unsigned group;
		struct sj_eid_value value;
	} bad[] = {
		{ 0, { { T("x") }, 1 } },
		{ 16, { { T("x") }, 1 } },
		{ SJ_EID_ENTRY_RECORDS, { { T("x") }, 1 } },
		{ SJ_EID_GROUPS + 1, { { T("x") }, 1 } },
		{ SJ_EID_EXPIRY, { { T("2030123") }, 1 } },
		{ SJ_EID_EXPIRY, { { T("2030-1-1") }, 1 } },
		{ SJ_EID_DOCUMENT_TYPE, { { T("I") }, 1 } },
		{ SJ_EID_SEX, { { T("X") }, 1 } },
		{ SJ_EID_NATIONALITY, { { T("UTOO") }, 1 } },
		{ SJ_EID_NATIONALITY, { { T("uto") }, 1 } },
		{ SJ_EID_EMAIL, { { T("\xC3\xA4@b") }, 1 } },
		{ SJ_EID_PHONE, { { T("+86*1") }, 1 } },
		{ SJ_EID_CLASS, { { T("\x80") }, 1 } },
		{ SJ_EID_STATUS, { { T("12345") }, 1 } },
		{ SJ_EID_ADDRESS, { { T("a"), T("b") }, 2 } },
		{ SJ_EID_HOME_PASSPORT, { { T("UTO") }, 1 } },
		{ SJ_EID_HOME_PASSPORT, { { T("UTO"), T("") }, 2 } },
		{ SJ_EID_GIVEN_NAMES, { { T("a"), T("b") }, 2 } },
		{ SJ_EID_GIVEN_NAMES, { { T("a") }, 0 } },
		{ 12, { { T("\x30\x00") }, 1 } },
		{ 12, { { T("\x31\x01") }, 1 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t bytes[64];
		struct sj_writer w = SJ_WRITER_OF(bytes);

		sj_eid_put(&w, bad[i].group, &bad[i].value);
		assert_true(w.failed);
	}
}

static void of_several_addresses_the_first_is_read(void **state)
{
	const struct sj_span two = T("\x71\x10\x31\x0E\xA1\x05\x0C\x03"
				     "one\xA2\x05\x0C\x03"
				     "two");
	struct sj_eid_value v;

	(void)state;
	assert_true(sj_eid_read(two, SJ_EID_ADDRESS, &v));
	assert_int_equal(v.count, 1);
	assert_true(sj_span_eq(v.parts[0], T("one")));
}

static size_t put_entries(uint8_t out[static 64], unsigned kind)
{
	const struct sj_eid_entry entries[] = { { T("20260102"), 1, T("PVG") },
						{ T("20260203"), kind, T("") } };
	struct sj_writer w = sj_writer(out, 64);

	sj_eid_entries_put(&w, entries, 2);
	return w.failed ? 0 : w.len;
}

static void entry_records_come_back(void **state)
{
	uint8_t bytes[64];
	const size_t len = put_entries(bytes, 2);
	struct sj_eid_entry entry;
	struct sj_span items;

	(void)state;
	assert_true(sj_eid_entries_read(sj_span(bytes, len), &items));
	assert_int_equal(sj_eid_entry_next(&items, &entry), SJ_TLV_FOUND);
	assert_int_equal(entry.kind, 1);
	assert_true(sj_span_eq(entry.place, T("PVG")));
	assert_int_equal(sj_eid_entry_next(&items, &entry), SJ_TLV_FOUND);
	assert_int_equal(entry.kind, 2);
	assert_true(sj_span_eq(entry.date, T("20260203")));
	assert_int_equal(sj_eid_entry_next(&items, &entry), SJ_TLV_ABSENT);
}

static bool walk(struct sj_span in)
{
	struct sj_eid_entry entry;
	struct sj_span items;
	enum sj_tlv_rc rc;

	if (!sj_eid_entries_read(in, &items))
		return false;
	do
		rc = sj_eid_entry_next(&items, &entry);
	while (rc == SJ_TLV_FOUND);
	return rc == SJ_TLV_ABSENT;
}

static void broken_entry_records_are_refused(void **state)
{
	uint8_t bytes[64];
	const size_t len = put_entries(bytes, 2);

	(void)state;
	assert_true(walk(sj_span(bytes, len)));
	for (size_t n = 0; n < len; n++)
		assert_false(walk(sj_span(bytes, n)));
	assert_int_equal(put_entries(bytes, 3), 0);
	assert_int_equal(put_entries(bytes, 0), 0);
	assert_true(put_entries(bytes, 2) == len);
	bytes[len - 3] = 3; /* a kind that is none */
	assert_false(walk(sj_span(bytes, len)));
}

static void no_entry_record_is_a_list_too(void **state)
{
	(void)state;
	assert_true(walk(T("\x7B\x02\x30\x00")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_written_as_the_guideline_says),
		cmocka_unit_test(groups_are_read_back),
		cmocka_unit_test(no_group_is_read_as_another),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(content_cut_short_is_refused),
		cmocka_unit_test(what_follows_a_group_is_refused),
		cmocka_unit_test(values_that_do_not_fit_are_not_written),
		cmocka_unit_test(of_several_addresses_the_first_is_read),
		cmocka_unit_test(entry_records_come_back),
		cmocka_unit_test(broken_entry_records_are_refused),
		cmocka_unit_test(no_entry_record_is_a_list_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
