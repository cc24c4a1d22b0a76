#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wire/piv.h"

/* What NIST's test card sd33-04 answers to SELECT. */
#define SELECT_ANSWER \
	"\x61\x2A\x4F\x0B\xA0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00\x79\x07\x4F\x05\xA0\x00\x00" \
	"\x03\x08\x50\x0AID-One PIV\xAC\x06\x80\x01\x27\x06\x01\x00\x7F\x66\x08\x02\x02\x03\xF8" \
	"\x02\x02\x7F\xFF"
/* That of a YubiKey 5.7: no suite, no label, the AID without its provider. */
#define SELECT_SHORT "\x61\x11\x4F\x06\x00\x00\x10\x00\x01\x00\x79\x07\x4F\x05\xA0\x00\x00\x03\x08"
#define DISCOVERY "\x7E\x12\x4F\x0B\xA0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00\x5F\x2F\x02\x68\x10"
#define FASC_N \
	"\xD6\x50\x18\x5B\x3C\xCE\x6D\x9C\x90\x53\x25\xA1\x62\x5A\x10\xAA\x09\xC4\x37\x84\x86\x50\x18" \
	"\x43\xEB"
#define GUID "\xA4\xEB\x5A\x09\x66\xC3\x4F\x3E\x83\xF3\xB7\x7E\x0E\xE9\x6A\x25"
#define CHUID \
	"\x30\x19" FASC_N "\x34\x10" GUID "\x35\x08" \
	"20401231" \
	"\x3E\x02\x30\x00\xFE\x00"

static void each_key_has_its_certificate(void **state)
{
	(void)state;
	for (unsigned ref = 0; ref < 256; ref++) {
		uint32_t tag = sj_piv_key_object((uint8_t)ref);

		assert_int_equal(sj_piv_key_is((uint8_t)ref), tag != 0);
		if (tag != 0)
			assert_int_equal(sj_piv_object_key(tag), ref);
	}
	assert_int_equal(sj_piv_key_object(0x9C), 0x5FC10A);
	assert_int_equal(sj_piv_key_object(0x82), 0x5FC10D);
	assert_int_equal(sj_piv_key_object(0x95), 0x5FC120);
	assert_int_equal(sj_piv_key_object(0xF9), 0x5FFF01);
	assert_false(sj_piv_key_is(PIV_KEY_ADMINISTRATION));
	assert_int_equal(sj_piv_object_key(PIV_OBJECT_CHUID), 0);
}

static void names_and_sizes(void **state)
{
	(void)state;
	assert_string_equal(sj_piv_key_name(0x9A), "PIV Authentication");
	assert_string_equal(sj_piv_key_name(0x82), "Retired Key Management 1");
	assert_string_equal(sj_piv_key_name(0x95), "Retired Key Management 20");
	assert_string_equal(sj_piv_key_name(0x00), "unknown key");
	assert_string_equal(sj_piv_object_name(PIV_OBJECT_CHUID), "Card Holder Unique Identifier");
	assert_string_equal(sj_piv_object_name(0x5FC120),
			    "X.509 Certificate for Retired Key Management 20");
	assert_null(sj_piv_object_name(0x5FC1FF));
	assert_string_equal(sj_piv_algorithm_name(0xE0), "Ed25519");
	assert_string_equal(sj_piv_algorithm_name(0x42), "unknown algorithm");
	assert_int_equal(sj_piv_algorithm_size(PIV_ALG_RSA_3072), 384);
	assert_int_equal(sj_piv_algorithm_size(PIV_ALG_P384), 48);
	assert_int_equal(sj_piv_algorithm_size(0x42), 0);
}

static void tag_lists_have_one_to_three_bytes(void **state)
{
	uint8_t bytes[16];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span in;
	uint32_t tag;

	(void)state;
	sj_piv_tag_list_put(&w, PIV_OBJECT_DISCOVERY);
	sj_piv_tag_list_put(&w, PIV_OBJECT_BIOMETRIC_GROUP);
	sj_piv_tag_list_put(&w, YUBICO_OBJECT_LAST);
	in = sj_written(&w);
	assert_true(
		sj_span_eq(in, SJ_SPAN_STR("\x5C\x01\x7E\x5C\x02\x7F\x61\x5C\x03\x5F\xFF\xFF")));
	assert_true(sj_piv_tag_list_take(&in, &tag) && tag == 0x7E);
	assert_true(sj_piv_tag_list_take(&in, &tag) && tag == 0x7F61);
	assert_true(sj_piv_tag_list_take(&in, &tag) && tag == 0x5FFFFF);
	assert_int_equal(in.len, 0);
	in = SJ_SPAN_STR("\x5C\x04\x5F\xC1\x02\x00");
	assert_false(sj_piv_tag_list_take(&in, &tag));
	assert_int_equal(in.len, 6);
	in = SJ_SPAN_STR("\x5C\x00");
	assert_false(sj_piv_tag_list_take(&in, &tag));
}

static void an_empty_object_asks(void **state)
{
	const struct sj_piv_auth ask = { .has_challenge = true,
					 .has_response = true,
					 .challenge = SJ_SPAN_STR("\1\2") };
	uint8_t bytes[16];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_auth a;

	(void)state;
	sj_piv_auth_put(&w, &ask);
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR("\x7C\x06\x81\x02\1\2\x82\x00")));
	assert_true(sj_piv_auth_read(SJ_SPAN_STR("\x7C\x06\x82\x00\x81\x02\1\2"), &a));
	assert_true(a.has_response && a.response.len == 0);
	assert_true(a.has_challenge && sj_span_eq(a.challenge, SJ_SPAN_STR("\1\2")));
	assert_false(a.has_witness || a.has_exponentiation);
}

static void an_authentication_template_is_closed(void **state)
{
	struct sj_piv_auth a;

	(void)state;
	assert_true(sj_piv_auth_read(SJ_SPAN_STR("\x7C\x00"), &a));
	assert_false(sj_piv_auth_read(SJ_SPAN_STR("\x7C\x02\x83\x00"), &a));
	assert_false(sj_piv_auth_read(SJ_SPAN_STR("\x7C\x04\x81\x00\x81\x00"), &a));
	assert_false(sj_piv_auth_read(SJ_SPAN_STR("\x7C\x02\x81\x00\x00"), &a));
	assert_false(sj_piv_auth_read(SJ_SPAN_STR("\x7D\x02\x81\x00"), &a));
}

static void generate_with_and_without_policies(void **state)
{
	const struct sj_piv_generate plan = { PIV_ALG_P256, YUBICO_PIN_POLICY_ALWAYS, 1,
					      SJ_SPAN_STR("\1\0\1") };
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_generate g;

	(void)state;
	sj_piv_generate_put(&w, &plan);
	assert_true(sj_span_eq(
		sj_written(&w),
		SJ_SPAN_STR("\xAC\x0E\x80\x01\x11\x81\x03\1\0\1\xAA\x01\x03\xAB\x01\x01")));
	assert_true(sj_piv_generate_read(sj_written(&w), &g));
	assert_int_equal(g.pin_policy, YUBICO_PIN_POLICY_ALWAYS);
	assert_true(sj_piv_generate_read(SJ_SPAN_STR("\xAC\x03\x80\x01\x07"), &g));
	assert_int_equal(g.algorithm, PIV_ALG_RSA_2048);
	assert_true(g.pin_policy == 0 && g.touch_policy == 0 && g.parameter.len == 0);
	assert_false(sj_piv_generate_read(SJ_SPAN_STR("\xAC\x03\x81\x01\x07"), &g));
	assert_false(sj_piv_generate_read(SJ_SPAN_STR("\xAC\x04\x80\x02\x07\x07"), &g));
}

static void public_keys_are_rsa_or_a_point(void **state)
{
	const struct sj_piv_public rsa = { .modulus = SJ_SPAN_STR("\xC1"),
					   .exponent = SJ_SPAN_STR("\3") };
	const struct sj_piv_public ec = { .point = SJ_SPAN_STR("\4xy") };
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_public key;

	(void)state;
	sj_piv_public_put(&w, &rsa);
	sj_piv_public_put(&w, &ec);
	assert_true(sj_span_eq(
		sj_written(&w),
		SJ_SPAN_STR("\x7F\x49\x06\x81\x01\xC1\x82\x01\3\x7F\x49\x05\x86\x03\4xy")));
	assert_true(sj_piv_public_read(sj_span(bytes + 3, 6), &key));
	assert_true(sj_span_eq(key.exponent, rsa.exponent) && key.point.len == 0);
	assert_true(sj_piv_public_read(sj_span(bytes + 12, 5), &key));
	assert_true(sj_span_eq(key.point, ec.point) && key.modulus.len == 0);
	assert_false(sj_piv_public_read(SJ_SPAN_STR("\x81\x01\xC1"), &key));
	assert_false(sj_piv_public_read(SJ_SPAN_STR("\x81\x01\xC1\x82\x01\3\x86\x01\4"), &key));
	assert_false(sj_piv_public_read(sj_span(NULL, 0), &key));
}

static void certificates_with_gzip_and_cvc(void **state)
{
	const struct sj_piv_certificate plan = { SJ_SPAN_STR("DER"), true,
						 SJ_SPAN_STR("\x7F\x21\x01!") };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_certificate c;

	(void)state;
	sj_piv_certificate_put(&w, &plan);
	assert_true(
		sj_span_eq(sj_written(&w), SJ_SPAN_STR("\x70\x03"
						       "DER\x71\x01\x01\x7F\x21\x01!\xFE\x00")));
	assert_true(sj_piv_certificate_read(sj_written(&w), &c));
	assert_true(c.gzip && sj_span_eq(c.certificate, plan.certificate));
	assert_true(sj_span_eq(c.intermediate_cvc, plan.intermediate_cvc));
	assert_true(sj_piv_certificate_read(SJ_SPAN_STR("\x70\x01x\x72\x01y\xFE\x00"), &c));
	assert_true(!c.gzip && c.intermediate_cvc.len == 0);
	assert_false(sj_piv_certificate_read(SJ_SPAN_STR("\x70\x00\x71\x01\0\xFE\x00"), &c));
	assert_false(sj_piv_certificate_read(SJ_SPAN_STR("\x70\x01x\x70\x01y"), &c));
}

static void a_chuid(void **state)
{
	uint8_t bytes[256];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_chuid c;

	(void)state;
	assert_true(sj_piv_chuid_read(SJ_SPAN_STR(CHUID), &c));
	assert_true(sj_span_eq(c.guid, SJ_SPAN_STR(GUID)));
	assert_true(sj_span_eq(c.fasc_n, SJ_SPAN_STR(FASC_N)));
	assert_true(sj_span_eq(c.expiration, SJ_SPAN_STR("20401231")));
	assert_true(c.signature.len == 2 && c.cardholder_uuid.len == 0);
	sj_piv_chuid_put(&w, &c);
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR(CHUID)));
	c.cardholder_uuid = c.guid;
	sj_piv_chuid_put(&w, &c);
	assert_true(sj_piv_chuid_read(sj_span(bytes + sizeof(CHUID) - 1, w.len - sizeof(CHUID) + 1),
				      &c));
	assert_true(sj_span_eq(c.cardholder_uuid, SJ_SPAN_STR(GUID)));
	assert_false(sj_piv_chuid_read(SJ_SPAN_STR("\x30\x19" FASC_N "\x34\x10" GUID), &c));
}

static void the_discovery_object(void **state)
{
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_discovery d;

	(void)state;
	assert_true(sj_piv_discovery_read(SJ_SPAN_STR(DISCOVERY), &d));
	assert_true(sj_span_eq(d.aid, sj_piv_aid()));
	assert_int_equal(d.policy, PIV_POLICY_PIN | PIV_POLICY_GLOBAL_PIN | PIV_POLICY_VCI);
	assert_int_equal(d.preference, PIV_PREFER_PIN);
	sj_piv_discovery_put(&w, &d);
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR(DISCOVERY)));
	assert_false(sj_piv_discovery_read(SJ_SPAN_STR(DISCOVERY "\0"), &d));
}

static void the_key_history(void **state)
{
	const struct sj_piv_key_history plan = { 3, 2, SJ_SPAN_STR("http://a/b") };
	uint8_t bytes[32];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_key_history h;

	(void)state;
	sj_piv_key_history_put(&w, &plan);
	assert_true(sj_span_eq(sj_written(&w),
			       SJ_SPAN_STR("\xC1\x01\x03\xC2\x01\x02\xF3\x0Ahttp://a/b\xFE\x00")));
	assert_true(sj_piv_key_history_read(sj_written(&w), &h));
	assert_true(h.on_card == 3 && h.off_card == 2 && sj_span_eq(h.url, plan.url));
	assert_true(sj_piv_key_history_read(SJ_SPAN_STR("\xC1\x01\x00\xC2\x01\x00\xFE\x00"), &h));
	assert_int_equal(h.url.len, 0);
	assert_false(sj_piv_key_history_read(SJ_SPAN_STR("\xC1\x01\x00"), &h));
}

static void the_answer_to_select(void **state)
{
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_piv_application a;

	(void)state;
	assert_true(sj_piv_application_read(SJ_SPAN_STR(SELECT_ANSWER), &a));
	assert_true(sj_span_eq(a.aid, sj_piv_aid()));
	assert_true(sj_span_eq(a.label, SJ_SPAN_STR("ID-One PIV")));
	assert_int_equal(a.suite, PIV_ALG_CS2);
	assert_true(a.command_max == 0x3F8 && a.response_max == 0x7FFF);
	sj_piv_application_put(&w, &a);
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR(SELECT_ANSWER)));
	assert_true(sj_piv_application_read(SJ_SPAN_STR(SELECT_SHORT), &a));
	assert_true(a.suite == 0 && a.label.len == 0 && a.command_max == 0 && a.aid.len == 6);
}

/* Algorithms that are no cipher suite are passed over; a length may lack its zero byte. */
static void what_other_cards_answer_to_select(void **state)
{
	struct sj_piv_application a;

	(void)state;
	assert_true(
		sj_piv_application_read(SJ_SPAN_STR("\x61\x11\x4F\x01\xA0\xAC\x0C\x80\x01\x07\x80"
						    "\x01\x2E\x80\x01\x27\x06\x01\x00"),
					&a));
	assert_int_equal(a.suite, PIV_ALG_CS7);
	assert_true(sj_piv_application_read(
		SJ_SPAN_STR("\x61\x0E\x4F\x01\xA0\x7F\x66\x08\x02\x02\xFF\xFF\x02\x02\xFF\xFE"),
		&a));
	assert_true(a.command_max == 0xFFFF && a.response_max == 0xFFFE);
	assert_false(sj_piv_application_read(
		SJ_SPAN_STR("\x61\x0A\x4F\x01\xA0\x7F\x66\x04\x02\x02\xFF\xFF"), &a));
	assert_false(sj_piv_application_read(SJ_SPAN_STR("\x61\x02\x50\x00"), &a));
}

static bool read_one(size_t parser, struct sj_span in)
{
	struct sj_piv_application application;
	struct sj_piv_certificate certificate;
	struct sj_piv_discovery discovery;
	struct sj_piv_key_history history;
	struct sj_piv_generate generate;
	struct sj_piv_public public;
	struct sj_piv_chuid chuid;
	struct sj_piv_auth auth;
	struct sj_span value;
	uint32_t tag;

	switch (parser) {
	case 0:
		return sj_piv_application_read(in, &application);
	case 1:
		return sj_piv_discovery_read(in, &discovery);
	case 2:
		return sj_piv_auth_read(in, &auth);
	case 3:
		return sj_piv_generate_read(in, &generate);
	case 4:
		return sj_piv_data_read(in, &value);
	case 5:
		return sj_piv_tag_list_take(&in, &tag);
	case 6:
		return sj_piv_public_read(in, &public);
	case 7:
		return sj_piv_certificate_read(in, &certificate);
	case 8:
		return sj_piv_chuid_read(in, &chuid);
	default:
		return sj_piv_key_history_read(in, &history);
	}
}

/* Those without a length around them accept a cut behind what they must have (`whole`). */
static void every_truncation(void **state)
{
	static const struct {
		struct sj_span in;
		size_t whole[2]; /* sizes at which a prefix is one too; 0: none */
	} rows[] = {
		{ SJ_SPAN_STR(SELECT_ANSWER), { 2 + 0x2A } },
		{ SJ_SPAN_STR(DISCOVERY), { 0 } },
		{ SJ_SPAN_STR("\x7C\x06\x81\x02\1\2\x82\x00"), { 0 } },
		{ SJ_SPAN_STR("\xAC\x06\x80\x01\x11\xAA\x01\x03"), { 0 } },
		{ SJ_SPAN_STR("\x53\x02\x70\x00"), { 0 } },
		{ SJ_SPAN_STR("\x5C\x03\x5F\xC1\x02"), { 0 } },
		{ SJ_SPAN_STR("\x81\x01\xC1\x82\x01\3"), { 0 } },
		{ SJ_SPAN_STR("\x70\x01x\x71\x01\x00\xFE\x00"), { 3, 6 } },
		{ SJ_SPAN_STR(CHUID), { 27 + 18 + 10, 27 + 18 + 10 + 4 } },
		{ SJ_SPAN_STR("\xC1\x01\x03\xC2\x01\x02\xF3\x01u\xFE\x00"), { 6, 9 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(read_one(i, rows[i].in));
		for (size_t n = 0; n < rows[i].in.len; n++) {
			bool whole = n > 0 && (n == rows[i].whole[0] || n == rows[i].whole[1]);

			assert_int_equal(read_one(i, sj_span(rows[i].in.ptr, n)), whole);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_has_its_certificate),
		cmocka_unit_test(names_and_sizes),
		cmocka_unit_test(tag_lists_have_one_to_three_bytes),
		cmocka_unit_test(an_empty_object_asks),
		cmocka_unit_test(an_authentication_template_is_closed),
		cmocka_unit_test(generate_with_and_without_policies),
		cmocka_unit_test(public_keys_are_rsa_or_a_point),
		cmocka_unit_test(certificates_with_gzip_and_cvc),
		cmocka_unit_test(a_chuid),
		cmocka_unit_test(the_discovery_object),
		cmocka_unit_test(the_key_history),
		cmocka_unit_test(the_answer_to_select),
		cmocka_unit_test(what_other_cards_answer_to_select),
		cmocka_unit_test(every_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
