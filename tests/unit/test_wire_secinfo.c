#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/secinfo.h"
#include "wire/std/tr03110.h"
static const struct sj_optional_id none;

static size_t card_access(uint8_t bytes[static 512])
{
	uint8_t list[256];
	struct sj_writer items = SJ_WRITER_OF(list), w = sj_writer(bytes, 512);

	sj_secinfo_put_pace(
		&items,
		&(struct sj_pace_info){
			SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x04\x02\x02"), 2, { true, 13 } });
	sj_secinfo_put_aa(&items, &(struct sj_aa_info){ 1, SJ_OID_ECDSA_PLAIN_SHA256 });
	sj_secinfo_put_ca(
		&items,
		&(struct sj_ca_info){
			SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x03\x02\x02"), 1, { true, 7 } });
	sj_secinfo_put_ca_key(
		&items,
		&(struct sj_ca_key_info){ SJ_OID_PK_ECDH, SJ_SPAN_STR("\x30\x00"), { true, 7 } });
	sj_secinfo_put_ta(&items,
			  &(struct sj_ta_info){ 1, SJ_SPAN_STR("\x01\x1C"), SJ_SPAN_STR("\x1C") });
	sj_secinfos_put(&w, sj_written(&items));
	assert_false(w.failed);
	return w.len;
}

static struct sj_secinfo first_of(struct sj_span items, enum sj_secinfo_kind kind)
{
	struct sj_secinfo info;

	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND) {
		if (info.kind == kind)
			return info;
	}
	fail();
	return (struct sj_secinfo){ .kind = SJ_SECINFO_UNKNOWN };
}

static struct sj_span items_of(struct sj_span file)
{
	struct sj_span items;

	assert_true(sj_secinfos_parse(file, &items));
	return items;
}

static void card_access_of_part_11(void **state)
{
	/* Doc 9303-11, appendix G.1: EF.CardAccess */
	const struct sj_span file = SJ_SPAN_STR(
		"\x31\x14\x30\x12\x06\x0A\x04\x00\x7F\x00\x07\x02\x02\x04\x02\x02\x02\x01\x02\x02\x01\x0D");
	const struct sj_secinfo info = first_of(items_of(file), SJ_SECINFO_PACE);
	struct sj_pace_info pace;
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	assert_true(sj_secinfo_pace(&info, &pace));
	assert_int_equal(pace.version, 2);
	assert_true(pace.parameter_id.present);
	assert_int_equal(pace.parameter_id.value, 13);
	sj_secinfo_put_pace(&w, &pace);
	assert_true(sj_span_eq(sj_written(&w), info.element));
}

static void every_kind_comes_back(void **state)
{
	uint8_t bytes[512];
	size_t len = card_access(bytes);
	const struct sj_span items = items_of(sj_span(bytes, len));
	struct sj_secinfo info = first_of(items, SJ_SECINFO_AA);
	struct sj_aa_info aa;
	struct sj_ca_info ca;
	struct sj_ca_key_info key;
	struct sj_ta_info ta;

	(void)state;
	assert_true(sj_secinfo_aa(&info, &aa));
	assert_true(sj_span_eq(aa.signature_oid, SJ_OID_ECDSA_PLAIN_SHA256));
	info = first_of(items, SJ_SECINFO_CA);
	assert_true(sj_secinfo_ca(&info, &ca));
	assert_int_equal(ca.key_id.value, 7);
	info = first_of(items, SJ_SECINFO_CA_KEY);
	assert_true(sj_secinfo_ca_key(&info, &key));
	assert_true(sj_span_eq(key.spki, SJ_SPAN_STR("\x30\x00")));
	info = first_of(items, SJ_SECINFO_TA);
	assert_true(sj_secinfo_ta(&info, &ta));
	assert_true(sj_span_eq(ta.file_id, SJ_SPAN_STR("\x01\x1C")));
	assert_true(sj_span_eq(ta.short_id, SJ_SPAN_STR("\x1C")));
}

static void domain_parameters_come_back(void **state)
{
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	const struct sj_pace_domain_info in = { SJ_OID_PACE_ECDH_GM,
						SJ_SPAN_STR("\x30\x03\x06\x01\x2A"), none };
	struct sj_pace_domain_info out;
	struct sj_secinfo info;
	struct sj_span items;

	(void)state;
	sj_secinfo_put_pace_domain(&w, &in);
	items = sj_written(&w);
	assert_int_equal(sj_secinfo_next(&items, &info), SJ_TLV_FOUND);
	assert_int_equal(info.kind, SJ_SECINFO_PACE_DOMAIN);
	assert_true(sj_secinfo_pace_domain(&info, &out));
	assert_true(sj_span_eq(out.parameters, in.parameters));
	assert_false(out.parameter_id.present);
}

static void unknown_kinds_stay_in_the_walk(void **state)
{
	struct sj_span items = items_of(SJ_SPAN_STR(
		"\x31\x10\x30\x06\x06\x01\x2A\x02\x01\x01\x30\x06\x06\x01\x2B\x02\x01\x01"));
	struct sj_secinfo info;

	(void)state;
	assert_int_equal(sj_secinfo_next(&items, &info), SJ_TLV_FOUND);
	assert_int_equal(info.kind, SJ_SECINFO_UNKNOWN);
	assert_int_equal(info.element.len, 8);
	assert_int_equal(sj_secinfo_next(&items, &info), SJ_TLV_FOUND);
	assert_int_equal(sj_secinfo_next(&items, &info), SJ_TLV_ABSENT);
}

static void elements_are_compared_byte_for_byte(void **state)
{
	uint8_t bytes[512];
	size_t len = card_access(bytes);
	const struct sj_span items = items_of(sj_span(bytes, len));
	const struct sj_secinfo info = first_of(items, SJ_SECINFO_PACE);
	uint8_t copy[32];

	(void)state;
	assert_true(sj_secinfos_contain(items, info.element));
	memcpy(copy, info.element.ptr, info.element.len);
	copy[info.element.len - 1]++;
	assert_false(sj_secinfos_contain(items, sj_span(copy, info.element.len)));
}

static void the_set_is_in_der_order(void **state)
{
	uint8_t bytes[512];
	size_t len = card_access(bytes);
	struct sj_span items = items_of(sj_span(bytes, len)), last = { NULL, 0 };
	struct sj_secinfo info;

	(void)state;
	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND) {
		size_t n = last.len < info.element.len ? last.len : info.element.len;

		if (last.len > 0)
			assert_true(memcmp(last.ptr, info.element.ptr, n) <= 0);
		last = info.element;
	}
}

static void what_is_no_set_of_infos(void **state)
{
	struct sj_span items;

	(void)state;
	assert_false(sj_secinfos_parse(SJ_SPAN_STR(""), &items));
	assert_false(sj_secinfos_parse(SJ_SPAN_STR("\x30\x00"), &items));
	assert_false(sj_secinfos_parse(SJ_SPAN_STR("\x31\x00\x00"), &items));
	assert_false(sj_secinfos_parse(SJ_SPAN_STR("\x31\x05\x30\x03\x06\x01\x2A"),
				       &items)); /* no data */
	assert_false(sj_secinfos_parse(
		SJ_SPAN_STR("\x31\x0E\x30\x0C\x06\x01\x2A\x02\x01\x01\x02\x01\x01\x02\x01\x01"),
		&items));
	assert_true(sj_secinfos_parse(SJ_SPAN_STR("\x31\x00"), &items));
}

static void a_view_wants_its_kind_and_form(void **state)
{
	struct sj_span items = items_of(SJ_SPAN_STR(
		"\x31\x11\x30\x0F\x06\x0A\x04\x00\x7F\x00\x07\x02\x02\x04\x02\x02\x04\x01\x02"));
	struct sj_secinfo info;
	struct sj_pace_info pace;
	struct sj_ca_info ca;

	(void)state;
	assert_int_equal(sj_secinfo_next(&items, &info), SJ_TLV_FOUND);
	assert_int_equal(info.kind, SJ_SECINFO_PACE);
	assert_false(sj_secinfo_pace(&info, &pace)); /* the version is an OCTET STRING */
	assert_false(sj_secinfo_ca(&info, &ca));
}

/* As German identity cards have them: OpenPACE and others read these. */
static void pseudonyms_and_standardised_parameters(void **state)
{
	static const uint8_t ri[] = { 0x30, 0x17, 0x06, 0x0A, 0x04, 0x00, 0x7F, 0x00, 0x07,
				      0x02, 0x02, 0x05, 0x02, 0x03, 0x30, 0x09, 0x02, 0x01,
				      0x01, 0x02, 0x01, 0x01, 0x01, 0x01, 0xFF };
	static const uint8_t domain[] = { 0x30, 0x19, 0x06, 0x09, 0x04, 0x00, 0x7F, 0x00, 0x07,
					  0x02, 0x02, 0x05, 0x02, 0x30, 0x0C, 0x06, 0x07, 0x04,
					  0x00, 0x7F, 0x00, 0x07, 0x01, 0x02, 0x02, 0x01, 0x0D };
	const struct sj_ri_info info = { SJ_OID_RI_ECDH_SHA_256, 1, true };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	sj_secinfo_put_ri(&w, &info);
	assert_int_equal(w.len, sizeof(ri));
	assert_memory_equal(bytes, ri, sizeof(ri));
	w = SJ_WRITER_OF(bytes);
	sj_secinfo_put_domain(&w, SJ_OID_RI_ECDH, 13, (struct sj_optional_id){ false, 0 });
	assert_int_equal(w.len, sizeof(domain));
	assert_memory_equal(bytes, domain, sizeof(domain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(card_access_of_part_11),
		cmocka_unit_test(every_kind_comes_back),
		cmocka_unit_test(domain_parameters_come_back),
		cmocka_unit_test(unknown_kinds_stay_in_the_walk),
		cmocka_unit_test(elements_are_compared_byte_for_byte),
		cmocka_unit_test(the_set_is_in_der_order),
		cmocka_unit_test(pseudonyms_and_standardised_parameters),
		cmocka_unit_test(what_is_no_set_of_infos),
		cmocka_unit_test(a_view_wants_its_kind_and_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
