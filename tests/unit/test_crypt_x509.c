#include "crypt/ec.h"
#include "crypt/time.h"
#include "crypt/x509.h"
#include "tests/vectors/openssl_x509.h"
#include "tests/vectors/shared.h"
#include "wire/cms.h"

static struct sj_cert csca(void)
{
	struct sj_cert cert;

	assert_true(sj_cert_read(hex(openssl_csca), &cert));
	return cert;
}

static struct sj_crl crl(void)
{
	struct sj_crl list;

	assert_true(sj_crl_read(hex(openssl_crl), &list));
	return list;
}

static void fields_of_a_csca(void **state)
{
	const struct sj_cert cert = csca();
	char text[80];

	(void)state;
	assert_hex(cert.serial, "12AB34");
	assert_hex(cert.subject_key_id, "FE5B5274D75666200EA7AF7921C7E465385F2A66");
	assert_hex(cert.authority_key_id, "FE5B5274D75666200EA7AF7921C7E465385F2A66");
	assert_int_equal(cert.not_before, 1795451675);
	assert_int_equal(cert.not_after, 2110811675);
	assert_int_equal(cert.private_from, 1767225600);
	assert_int_equal(cert.private_until, 1924992000);
	assert_int_equal(cert.key_usage, SJ_USAGE_CERT_SIGN | SJ_USAGE_CRL_SIGN);
	assert_true(cert.is_ca && cert.explicit_parameters && !cert.unknown_critical);
	assert_hex(cert.extended_key_usage, "0606678108010103");
	assert_true(sj_span_eq(cert.issuer, cert.subject));
	sj_name_text(cert.subject, text, sizeof(text));
	assert_string_equal(text, "C=UT,O=Utopia\\, Ministry,CN=CSCA Utopia");
}

/* OpenSSL's own chain check refuses this key. */
static void explicit_parameters_verify(void **state)
{
	const struct sj_cert cert = csca();

	(void)state;
	assert_true(sj_cert_signed_by(&cert, cert.spki));
}

/* Any flipped bit of what is signed, or of the signature, breaks it. */
static void any_altered_byte_breaks_the_signature(void **state)
{
	const struct sj_cert good = csca();
	uint8_t copy[1024];
	struct sj_cert cert;

	(void)state;
	for (size_t i = 0; i < good.der.len; i++) {
		memcpy(copy, good.der.ptr, good.der.len);
		copy[i] ^= 1;
		if (sj_cert_read(sj_span(copy, good.der.len), &cert))
			assert_false(sj_cert_signed_by(&cert, good.spki));
	}
}

static void truncations_are_refused(void **state)
{
	const struct sj_span cert_der = hex(openssl_csca), crl_der = hex(openssl_crl);
	struct sj_cert cert;
	struct sj_crl list;

	(void)state;
	for (size_t n = 0; n < cert_der.len; n++)
		assert_false(sj_cert_read(sj_span(cert_der.ptr, n), &cert));
	for (size_t n = 0; n < crl_der.len; n++)
		assert_false(sj_crl_read(sj_span(crl_der.ptr, n), &list));
}

/* Replaces bytes of the certificate, all of the same length; it must be there. */
static bool read_with(const char *from, const char *to, struct sj_cert *cert)
{
	static uint8_t copy[1024];
	const struct sj_span der = hex(openssl_csca), old = hex(from), new = hex(to);
	uint8_t *at;

	memcpy(copy, der.ptr, der.len);
	at = memmem(copy, der.len, old.ptr, old.len);
	assert_non_null(at);
	memcpy(at, new.ptr, new.len);
	return sj_cert_read(sj_span(copy, der.len), cert);
}

static void unknown_critical_extension_is_noted(void **state)
{
	struct sj_cert cert;

	(void)state;
	assert_true(read_with("0607678108010106020101FF", "0607678109010106020101FF", &cert));
	assert_true(cert.unknown_critical);
}

/* basicConstraints turned into a second keyUsage. */
static void an_extension_twice_is_refused(void **state)
{
	struct sj_cert cert;

	(void)state;
	assert_false(read_with("0603551D0F", "0603551D13", &cert));
}

static void inner_and_outer_algorithm_must_agree(void **state)
{
	struct sj_cert cert;

	(void)state; /* the first is the inner one */
	assert_false(read_with("06082A8648CE3D040302", "06082A8648CE3D040303", &cert));
}

static void crl_lists_its_serials(void **state)
{
	const struct sj_crl list = crl();
	int64_t date = 0;

	(void)state;
	assert_true(sj_crl_lists(&list, hex("00B1"), &date));
	assert_int_equal(date, 1767323045);
	assert_true(sj_crl_lists(&list, hex("B1"), &date));
	assert_true(sj_crl_lists(&list, hex("7F"), &date));
	assert_false(sj_crl_lists(&list, hex("7E"), &date));
	assert_false(sj_crl_lists(&list, hex("7F00"), &date));
}

static void crl_is_signed_by_its_issuer(void **state)
{
	const struct sj_cert cert = csca();
	struct sj_crl list = crl();

	(void)state;
	assert_true(sj_name_eq(list.issuer, cert.subject));
	assert_true(sj_crl_signed_by(&list, cert.spki));
	assert_int_equal(list.this_update, 1795451675);
	assert_int_equal(list.next_update - list.this_update, 30 * 86400);
	assert_false(list.unknown_critical);
	list.tbs.len--;
	assert_false(sj_crl_signed_by(&list, cert.spki));
}

/* One RDN with commonName of this type and content, given as hexadecimal text. */
static struct sj_span name(uint8_t tag, const char *content)
{
	static uint8_t pool[16][128];
	static size_t next;
	struct sj_writer w = SJ_WRITER_OF(pool[next++ % 16]);
	size_t at = sj_tlv_open(&w);

	sj_tlv_put(&w, 0x06, hex("550403"));
	sj_tlv_put(&w, tag, hex(content));
	sj_tlv_close(&w, 0x30, at);
	sj_tlv_close(&w, 0x31, at);
	sj_tlv_close(&w, 0x30, at);
	assert_false(w.failed);
	return sj_written(&w);
}

static void names_match_over_case_space_and_type(void **state)
{
	const struct sj_span plain = name(0x13, "4353434120416263"); /* "CSCA Abc" */

	(void)state;
	assert_true(sj_name_eq(plain, name(0x0C, "6373636120414243"))); /* "csca ABC" */
	assert_true(sj_name_eq(plain, name(0x16, "2020435343412020204162632020")));
	assert_true(sj_name_eq(plain, name(0x1E, "00430053004300410020004100620063")));
	assert_false(sj_name_eq(plain, name(0x13, "43534341416263"))); /* "CSCAAbc" */
	assert_false(sj_name_eq(plain, name(0x13, "43534341204162")));
	assert_false(sj_name_eq(name(0x13, "43534341204162"), plain));
	assert_false(sj_name_eq(plain, name(0x03, "4353434120416263")));
	assert_true(sj_name_eq(name(0x0C, "C389"), name(0x14, "E9"))); /* É, é */
}

static void broken_names_match_only_themselves(void **state)
{
	(void)state;
	assert_true(sj_name_eq(hex("3001"), hex("3001")));
	assert_false(sj_name_eq(hex("3001"), hex("3002")));
	assert_false(sj_name_eq(name(0x13, "41"), hex("3000")));
	assert_true(sj_name_eq(name(0x0C, "FF"), name(0x14, "FF"))); /* not UTF-8: Latin-1 */
}

static void check_text(struct sj_span n, size_t cap, const char *expected)
{
	char text[40];

	assert_true(cap <= sizeof(text));
	sj_name_text(n, text, cap);
	assert_string_equal(text, expected);
}

static void text_of_names(void **state)
{
	(void)state;
	check_text(name(0x0C, "41C3896F"), 40, "CN=A\xC3\x89o");
	check_text(name(0x14, "41C96F"), 40, "CN=A\xC3\x89o");
	check_text(name(0x0C, "410A1B42"), 40, "CN=A??B");
	check_text(name(0x0C, "41E280AE42"), 40, "CN=A?B"); /* right-to-left override */
	check_text(name(0x0C, "F09F9880"), 40, "CN=\xF0\x9F\x98\x80");
	check_text(name(0x0C, "41C3896F"), 6, "CN=A"); /* never half a character */
	check_text(name(0x0C, "41"), 1, "");
	check_text(name(0x04, "41"), 40, "CN=?");
	check_text(hex("30"), 40, "");
}

static void check_time(uint32_t tag, const char *text, int64_t expected)
{
	int64_t got;

	assert_true(sj_time_read(tag, sj_span((const uint8_t *)text, strlen(text)), &got));
	assert_int_equal(got, expected);
}

static void times(void **state)
{
	(void)state;
	check_time(SJ_TAG_UTC_TIME, "700101000000Z", 0);
	check_time(SJ_TAG_UTC_TIME, "491231235959Z", 2524607999);
	check_time(SJ_TAG_UTC_TIME, "500101000000Z", -631152000);
	check_time(SJ_TAG_UTC_TIME, "0002292359Z", 951868740); /* no seconds */
	check_time(SJ_TAG_UTC_TIME, "000301010000+0100", 951868800);
	check_time(SJ_TAG_GENERALIZED_TIME, "20991231235959Z", 4102444799);
	check_time(SJ_TAG_GENERALIZED_TIME, "20260228120000-0500", 1772298000);
}

static void no_times(void **state)
{
	static const char *const texts[] = { "",
					     "700101000000",
					     "700101000000ZZ",
					     "701301000000Z",
					     "700001000000Z",
					     "700230000000Z",
					     "010229000000Z",
					     "700101240000Z",
					     "70010100000xZ",
					     "700101000000+2400" };
	int64_t got;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(sj_time_read(SJ_TAG_UTC_TIME,
					  sj_span((const uint8_t *)texts[i], strlen(texts[i])),
					  &got));
	assert_false(sj_time_read(0x0C, SJ_SPAN_STR("700101000000Z"), &got));
}

/* The list's whole file, freed by the caller; NULL: SOJOURN_SHARED is unset. */
static uint8_t *load_master_list(size_t *len)
{
	const char *shared = getenv("SOJOURN_SHARED");
	const size_t most = (size_t)4 << 20;
	uint8_t *bytes = NULL;
	char path[1024];
	FILE *file;

	if (shared == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s/data/masterlists/DE_ML_2026-05-28.ml", shared);
	file = fopen(path, "rb");
	assert_non_null(file);
	bytes = malloc(most);
	assert_non_null(bytes);
	*len = fread(bytes, 1, most, file);
	fclose(file);
	return bytes;
}

/* The certificates of CscaMasterList (Doc 9303-12, 9): the SET's content. */
static struct sj_span certificates_of(struct sj_span file)
{
	struct sj_cms cms;
	struct sj_span list, version, set;

	assert_true(sj_cms_parse(file, &cms));
	assert_int_equal(sj_tlv_take(&cms.content, 0x30, &list), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&list, 0x02, &version), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&list, 0x31, &set), SJ_TLV_FOUND);
	return set;
}

/* All certificates of a real list read; self-signed ones verify. */
static void german_master_list(void **state)
{
	size_t len = 0, read = 0, explicit = 0, self_signed = 0;
	uint8_t *bytes = load_master_list(&len);
	struct sj_span set, der;
	struct sj_cert cert;

	(void)state;
	if (bytes == NULL)
		SKIP_BECAUSE("SOJOURN_SHARED is unset");
	set = certificates_of(sj_span(bytes, len));
	while (sj_tlv_take_any(&set, &der) == SJ_TLV_FOUND) {
		assert_true(sj_cert_read(der, &cert));
		assert_false(cert.unknown_critical);
		read++;
		explicit += cert.explicit_parameters;
		if (sj_span_eq(cert.authority_key_id, cert.subject_key_id)) {
			assert_true(sj_cert_signed_by(&cert, cert.spki));
			self_signed++;
		}
	}
	assert_int_equal(read, 588);
	assert_int_equal(explicit, 160);
	assert_int_equal(self_signed, 279);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_a_csca),
		cmocka_unit_test(explicit_parameters_verify),
		cmocka_unit_test(any_altered_byte_breaks_the_signature),
		cmocka_unit_test(truncations_are_refused),
		cmocka_unit_test(unknown_critical_extension_is_noted),
		cmocka_unit_test(an_extension_twice_is_refused),
		cmocka_unit_test(inner_and_outer_algorithm_must_agree),
		cmocka_unit_test(crl_lists_its_serials),
		cmocka_unit_test(crl_is_signed_by_its_issuer),
		cmocka_unit_test(names_match_over_case_space_and_type),
		cmocka_unit_test(broken_names_match_only_themselves),
		cmocka_unit_test(text_of_names),
		cmocka_unit_test(times),
		cmocka_unit_test(no_times),
		cmocka_unit_test(german_master_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
