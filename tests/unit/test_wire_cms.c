#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/cms.h"
#include "wire/std/icao9303.h"
#include "wire/std/rfc5652.h"
#define BUFFER 1024

static struct sj_cms_recipe recipe(struct sj_span attributes, const struct sj_span *certificates)
{
	return (struct sj_cms_recipe){
		.content_type = SJ_OID_ICAO_LDS_SECURITY_OBJECT,
		.content = SJ_SPAN_STR("content"),
		.certificates = certificates,
		.certificate_count = 2,
		.issuer = SJ_SPAN_STR("\x30\x02\x31\x00"),
		.serial = SJ_SPAN_STR("\x05"),
		.digest_algorithm = SJ_SPAN_STR("\x30\x03\x06\x01\x2A"),
		.attributes = attributes,
		.signature_algorithm = SJ_SPAN_STR("\x30\x03\x06\x01\x2B"),
		.signature = SJ_SPAN_STR("signature"),
	};
}

/* A SignedData with two certificates; `attributes` gets the SET that is signed. */
static struct sj_span make(uint8_t bytes[static BUFFER], struct sj_writer *attributes)
{
	const struct sj_span certificates[] = { SJ_SPAN_STR("\x30\x03\x02\x01\x09"),
						SJ_SPAN_STR("\x30\x03\x02\x01\x05") };
	struct sj_writer w = sj_writer(bytes, BUFFER);
	struct sj_cms_recipe r;

	sj_cms_put_attributes(attributes, SJ_OID_ICAO_LDS_SECURITY_OBJECT, SJ_SPAN_STR("digest"),
			      1700000000);
	r = recipe(sj_written(attributes), certificates);
	sj_cms_put(&w, &r);
	assert_false(attributes->failed);
	assert_false(w.failed);
	return sj_written(&w);
}

static void what_was_written_is_read(void **state)
{
	uint8_t bytes[BUFFER], set[256];
	struct sj_writer attributes = SJ_WRITER_OF(set);
	struct sj_cms cms;
	struct sj_span der;

	(void)state;
	assert_true(sj_cms_parse(make(bytes, &attributes), &cms));
	assert_int_equal(cms.version, 3);
	assert_true(sj_span_eq(cms.content_type, SJ_OID_ICAO_LDS_SECURITY_OBJECT));
	assert_true(sj_span_eq(cms.content, SJ_SPAN_STR("content")));
	assert_int_equal(cms.crls.len, 0);
	assert_int_equal(sj_cms_certificate(&cms.certificates, &der), SJ_TLV_FOUND);
	assert_true(sj_span_eq(der, SJ_SPAN_STR("\x30\x03\x02\x01\x05"))); /* DER sorts them */
	assert_int_equal(sj_cms_certificate(&cms.certificates, &der), SJ_TLV_FOUND);
	assert_int_equal(sj_cms_certificate(&cms.certificates, &der), SJ_TLV_ABSENT);
}

/* RFC 5652, 5.2; the content is elsewhere, as that of a CHUID's signature. */
static void a_detached_one_has_an_attribute_more(void **state)
{
	static const uint8_t alone[] = { 0x30, 0x08, 0x06, 0x06, 0x67, 0x81,
					 0x08, 0x01, 0x01, 0x01, 0x31 };
	static const uint8_t more[] = {
		0x30, 0x08, 0x06, 0x01, 0x2B, 0x31, 0x03, 0x04, 0x01, 0x07
	};
	uint8_t bytes[BUFFER], set[256];
	struct sj_writer attributes = SJ_WRITER_OF(set), w = SJ_WRITER_OF(bytes);
	struct sj_cms_recipe r;

	(void)state;
	sj_cms_put_attributes_and(&attributes, SJ_SPAN_STR("\x2A"), SJ_SPAN_STR("digest"), 0,
				  SJ_SPAN_STR("\x2B"), SJ_SPAN_STR("\x04\x01\x07"));
	r = recipe(sj_written(&attributes), NULL);
	r.certificate_count = 0;
	r.content = sj_span(NULL, 0);
	sj_cms_put(&w, &r);
	assert_false(w.failed);
	assert_non_null(memmem(bytes, w.len, alone, sizeof(alone))); /* then the signers */
	assert_non_null(memmem(bytes, w.len, more, sizeof(more)));
}

static void the_signer_is_read(void **state)
{
	uint8_t bytes[BUFFER], set[256];
	struct sj_writer attributes = SJ_WRITER_OF(set);
	struct sj_cms cms;
	struct sj_cms_signer s;

	(void)state;
	assert_true(sj_cms_parse(make(bytes, &attributes), &cms));
	assert_int_equal(sj_cms_signer(&cms.signers, &s), SJ_TLV_FOUND);
	assert_int_equal(s.version, 1);
	assert_true(sj_span_eq(s.serial, SJ_SPAN_STR("\x05")));
	assert_true(sj_span_eq(s.message_digest, SJ_SPAN_STR("digest")));
	assert_true(sj_span_eq(s.content_type, cms.content_type));
	assert_int_equal(s.signed_at, 1700000000);
	assert_true(sj_span_eq(s.signing_time, SJ_SPAN_STR("\x17\x0D"
							   "231114221320Z")));
	assert_true(sj_span_eq(s.signature, SJ_SPAN_STR("signature")));
	assert_int_equal(sj_cms_signer(&cms.signers, &s), SJ_TLV_ABSENT);
}

static void signed_attributes_stand_as_they_were(void **state)
{
	uint8_t bytes[BUFFER], set[256];
	struct sj_writer attributes = SJ_WRITER_OF(set);
	struct sj_cms cms;
	struct sj_cms_signer s;

	(void)state;
	assert_true(sj_cms_parse(make(bytes, &attributes), &cms));
	assert_int_equal(sj_cms_signer(&cms.signers, &s), SJ_TLV_FOUND);
	assert_int_equal(s.signed_attributes.ptr[0], 0xA0);
	assert_int_equal(set[0], 0x31);
	assert_int_equal(s.signed_attributes.len, attributes.len);
	assert_memory_equal(s.signed_attributes.ptr + 1, set + 1, attributes.len - 1);
}

static void other_content_is_refused(void **state)
{
	uint8_t bytes[BUFFER], set[256];
	struct sj_writer attributes = SJ_WRITER_OF(set);
	const struct sj_span good = make(bytes, &attributes);
	struct sj_cms cms;

	(void)state;
	for (size_t n = 0; n < good.len; n++)
		assert_false(sj_cms_parse(sj_span(bytes, n), &cms));
	bytes[good.len] = 0;
	assert_false(sj_cms_parse(sj_span(bytes, good.len + 1), &cms));
	assert_false(sj_cms_parse(
		SJ_SPAN_STR("\x30\x0D\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01\xA0\x00"), &cms));
}

static void a_signer_by_key_id(void **state)
{
	struct sj_span signers = SJ_SPAN_STR("\x30\x14\x02\x01\x03\x80\x02"
					     "ID"
					     "\x30\x03\x06\x01\x2A\x30\x03\x06\x01\x2B\x04\x01"
					     "S");
	struct sj_cms_signer s;

	(void)state;
	assert_int_equal(sj_cms_signer(&signers, &s), SJ_TLV_FOUND);
	assert_true(sj_span_eq(s.key_id, SJ_SPAN_STR("ID")));
	assert_int_equal(s.issuer.len, 0);
	assert_int_equal(s.signed_attributes.len, 0);
}

/* A SignerInfo with these attributes. */
static enum sj_tlv_rc with_attributes(struct sj_span attributes)
{
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_cms_signer s;
	struct sj_span signers;
	size_t at = sj_tlv_open(&w);

	sj_der_put_small(&w, 3);
	sj_tlv_put(&w, 0x80, SJ_SPAN_STR("ID"));
	sj_put(&w, SJ_SPAN_STR("\x30\x03\x06\x01\x2A"));
	sj_tlv_put(&w, 0xA0, attributes);
	sj_put(&w, SJ_SPAN_STR("\x30\x03\x06\x01\x2A"));
	sj_tlv_put(&w, 0x04, SJ_SPAN_STR("S"));
	sj_tlv_close(&w, 0x30, at);
	signers = sj_written(&w);
	return sj_cms_signer(&signers, &s);
}

#define DIGEST_OID "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x09\x04"

static void attributes_that_may_not_be(void **state)
{
	(void)state;
	assert_int_equal(with_attributes(SJ_SPAN_STR("\x30\x10" DIGEST_OID "\x31\x03\x04\x01\x01")),
			 SJ_TLV_FOUND);
	/* twice */
	assert_int_equal(with_attributes(SJ_SPAN_STR("\x30\x10" DIGEST_OID "\x31\x03\x04\x01\x01"
						     "\x30\x10" DIGEST_OID "\x31\x03\x04\x01\x02")),
			 SJ_TLV_MALFORMED);
	/* two values, none, another type */
	assert_int_equal(with_attributes(SJ_SPAN_STR("\x30\x13" DIGEST_OID
						     "\x31\x06\x04\x01\x01\x04\x01\x01")),
			 SJ_TLV_MALFORMED);
	assert_int_equal(with_attributes(SJ_SPAN_STR("\x30\x0D" DIGEST_OID "\x31\x00")),
			 SJ_TLV_MALFORMED);
	assert_int_equal(with_attributes(SJ_SPAN_STR("\x30\x10" DIGEST_OID "\x31\x03\x02\x01\x01")),
			 SJ_TLV_MALFORMED);
	/* one that we do not know */
	assert_int_equal(with_attributes(SJ_SPAN_STR("\x30\x05\x06\x01\x2A\x31\x00")),
			 SJ_TLV_FOUND);
}

static int64_t time_of(struct sj_span element)
{
	int64_t t = -1;

	return sj_cms_time(element, &t) ? t : -1;
}

static void times_in_both_forms(void **state)
{
	(void)state;
	assert_int_equal(time_of(SJ_SPAN_STR("\x17\x0D"
					     "700101000000Z")),
			 0);
	assert_int_equal(time_of(SJ_SPAN_STR("\x17\x0D"
					     "000229235959Z")),
			 951868799);
	assert_int_equal(time_of(SJ_SPAN_STR("\x17\x0D"
					     "491231235959Z")),
			 2524607999);
	assert_int_equal(time_of(SJ_SPAN_STR("\x18\x0F"
					     "20500101000000Z")),
			 2524608000);
	assert_int_equal(time_of(SJ_SPAN_STR("\x18\x0F"
					     "99991231235959Z")),
			 253402300799);
}

static void times_that_are_none(void **state)
{
	(void)state;
	assert_int_equal(time_of(SJ_SPAN_STR("\x17\x0D"
					     "010229000000Z")),
			 -1);
	assert_int_equal(time_of(SJ_SPAN_STR("\x17\x0D"
					     "011301000000Z")),
			 -1);
	assert_int_equal(time_of(SJ_SPAN_STR("\x17\x0D"
					     "010100000000Z")),
			 -1);
	assert_int_equal(time_of(SJ_SPAN_STR("\x17\x0D"
					     "010101240000Z")),
			 -1);
	assert_int_equal(time_of(SJ_SPAN_STR("\x17\x0B"
					     "0101010000Z")),
			 -1);
	assert_int_equal(time_of(SJ_SPAN_STR("\x17\x11"
					     "010101000000+0100")),
			 -1);
	assert_int_equal(time_of(SJ_SPAN_STR("\x04\x0D"
					     "010101000000Z")),
			 -1);
}

static void every_day_comes_back(void **state)
{
	(void)state;
	for (int64_t day = 1; day < 60000; day += 13) {
		uint8_t bytes[256];
		struct sj_writer w = SJ_WRITER_OF(bytes);
		struct sj_span set, attribute, type, values;
		int64_t t = day * 86400 + day % 86400, found = 0;

		sj_cms_put_attributes(&w, SJ_OID_ICAO_LDS_SECURITY_OBJECT, SJ_SPAN_STR("d"), t);
		assert_true(sj_tlv_find(sj_written(&w), 0x31, &set) == SJ_TLV_FOUND);
		while (sj_tlv_take(&set, 0x30, &attribute) == SJ_TLV_FOUND) {
			assert_int_equal(sj_tlv_take(&attribute, 0x06, &type), SJ_TLV_FOUND);
			assert_int_equal(sj_tlv_take(&attribute, 0x31, &values), SJ_TLV_FOUND);
			if (sj_span_eq(type, SJ_OID_ATTR_SIGNING_TIME))
				assert_true(sj_cms_time(values, &found));
		}
		assert_int_equal(found, t);
	}
}

static void assert_definite(struct sj_span in, struct sj_span want)
{
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	assert_true(sj_cms_definite(in, &w));
	assert_true(sj_span_eq(sj_written(&w), want));
}

static bool makes_definite(struct sj_span in)
{
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	return sj_cms_definite(in, &w);
}

static void indefinite_lengths_become_definite(void **state)
{
	(void)state;
	assert_definite(SJ_SPAN_STR("\x30\x80\x02\x01\x05\0\0"),
			SJ_SPAN_STR("\x30\x03\x02\x01\x05"));
	assert_definite(SJ_SPAN_STR("\x30\x80\xA0\x80\x02\x01\x05\0\0\x31\x00\0\0"),
			SJ_SPAN_STR("\x30\x07\xA0\x03\x02\x01\x05\x31\x00"));
	assert_definite(SJ_SPAN_STR("\x30\x80\x24\x80\x04\x01"
				    "a"
				    "\x04\x02"
				    "bc"
				    "\0\0\0\0"),
			SJ_SPAN_STR("\x30\x05\x04\x03"
				    "abc"));
	assert_definite(SJ_SPAN_STR("\x30\x80\x24\x06\x04\x01"
				    "a"
				    "\x04\x01"
				    "b"
				    "\0\0"),
			SJ_SPAN_STR("\x30\x04\x04\x02"
				    "ab"));
}

static void what_is_definite_stays_byte_for_byte(void **state)
{
	(void)state;
	assert_definite(SJ_SPAN_STR("\x30\x80\x31\x81\x03\x02\x01\x05\0\0"),
			SJ_SPAN_STR("\x30\x06\x31\x81\x03\x02\x01\x05"));
	assert_definite(SJ_SPAN_STR("\x30\x81\x03\x02\x01\x05"),
			SJ_SPAN_STR("\x30\x81\x03\x02\x01\x05"));
	assert_true(sj_cms_is_indefinite(SJ_SPAN_STR("\x30\x80")));
	assert_false(sj_cms_is_indefinite(SJ_SPAN_STR("\x30\x81\x80")));
	assert_false(sj_cms_is_indefinite(SJ_SPAN_STR("\x04\x80")));
}

static void indefinite_lengths_that_are_wrong(void **state)
{
	uint8_t deep[2 * (SJ_CMS_DEPTH + 1)];
	uint8_t closed[4 * SJ_CMS_DEPTH];

	(void)state;
	assert_false(makes_definite(SJ_SPAN_STR("\x30\x80\x02\x01\x05")));
	assert_false(makes_definite(SJ_SPAN_STR("\x30\x80\0\0\0")));
	assert_false(makes_definite(SJ_SPAN_STR("\x24\x80\x02\x01\x05\0\0")));
	assert_false(makes_definite(SJ_SPAN_STR("\x24\x80\x24\x80\0\0\0\0")));
	assert_false(makes_definite(SJ_SPAN_STR("")));
	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = i % 2 == 0 ? 0x30 : 0x80;
	assert_false(makes_definite(SJ_SPAN_OF(deep)));
	memcpy(closed, deep, 2 * SJ_CMS_DEPTH);
	memset(closed + 2 * SJ_CMS_DEPTH, 0, 2 * SJ_CMS_DEPTH);
	assert_true(makes_definite(SJ_SPAN_OF(closed)));
}

static void master_lists_come_back(void **state)
{
	const struct sj_span in[] = { SJ_SPAN_STR("\x30\x03\x02\x01\x09"),
				      SJ_SPAN_STR("\x30\x03\x02\x01\x05") };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_masterlist list;
	struct sj_span der;

	(void)state;
	sj_masterlist_put(&w, in, 2);
	assert_true(sj_masterlist_parse(sj_written(&w), &list));
	assert_int_equal(list.version, 0);
	assert_int_equal(sj_cms_certificate(&list.certificates, &der), SJ_TLV_FOUND);
	assert_true(sj_span_eq(der, in[1]));
	assert_false(sj_masterlist_parse(SJ_SPAN_STR("\x30\x03\x02\x01\x00"), &list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(a_detached_one_has_an_attribute_more),
		cmocka_unit_test(the_signer_is_read),
		cmocka_unit_test(signed_attributes_stand_as_they_were),
		cmocka_unit_test(other_content_is_refused),
		cmocka_unit_test(a_signer_by_key_id),
		cmocka_unit_test(attributes_that_may_not_be),
		cmocka_unit_test(times_in_both_forms),
		cmocka_unit_test(times_that_are_none),
		cmocka_unit_test(every_day_comes_back),
		cmocka_unit_test(indefinite_lengths_become_definite),
		cmocka_unit_test(what_is_definite_stays_byte_for_byte),
		cmocka_unit_test(indefinite_lengths_that_are_wrong),
		cmocka_unit_test(master_lists_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
