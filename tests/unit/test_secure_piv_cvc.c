#include "secure/piv_cvc.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/nist_piv_sm_cs2.h"
#include "tests/vectors/nist_piv_sm_cs7.h"
#include "wire/std/sp800-73.h"

/*
 * The signers' public keys are not in the captures: they were recovered from the
 * signatures (SEC 1, 4.1.6); that the issuer of each CVC begins their identifiers shows that
 * they are the right ones.
 */
static const struct {
	const struct nist_session *session;
	enum sj_curve curve;
	const char *issuer, *guid, *signer;
} rows[] = {
	{ &nist_cs2, SJ_P256, "1905976BDDCA823D", "A4EB5A0966C34F3E83F3B77E0EE96A25",
	  "040CE63780789320FEB518D6442F6A50E24F1E40E96437A183C03AB42928649EFC"
	  "A86C8097CC20ADAD61063508A47B94C00A4D9AD80A9C7C75F19174D65991F6EA" },
	{ &nist_cs7, SJ_P384, "B6103792270FBD08", "0375B685F1084DF78DEC3A11EC525C6F",
	  "0465456E2E36A7E92674D5974BCEA49C30A91C3A84017591324D3DB06CE673724DDFFEB51ACAA8FE13"
	  "DB7EB90B97E5BCCE90B61FBA08030A60AB9BA10C0C55257B4ECD87C9B553704634EE946486DDD477F6"
	  "34644CE306D630279DCB5BE8E8C0AE" },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void captured_certificates_are_read(void **state)
{
	struct sj_piv_cvc cvc;

	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		assert_true(sj_piv_cvc_read(hex(rows[i].session->cvc), &cvc));
		assert_hex(cvc.element, rows[i].session->cvc);
		assert_int_equal(cvc.curve, rows[i].curve);
		assert_int_equal(cvc.role, SJ_PIV_CVC_CARD);
		assert_hex(cvc.issuer, rows[i].issuer);
		assert_hex(cvc.subject, rows[i].guid);
	}
}

static struct sj_span spki_of(enum sj_curve curve, struct sj_span point, struct sj_writer *w)
{
	struct sj_ec_point key;

	assert_true(sj_ec_point_read(curve, point, &key));
	assert_true(sj_ec_spki_put(w, curve, &key, false));
	return sj_written(w);
}

static void captured_signatures_hold(void **state)
{
	uint8_t bytes[2][SJ_EC_SPKI_MAX], digest[SJ_HASH_MAX];
	struct sj_writer w[] = { SJ_WRITER_OF(bytes[0]), SJ_WRITER_OF(bytes[1]) };
	struct sj_span spki[2], point;
	struct sj_piv_cvc cvc;

	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++)
		spki[i] = spki_of(rows[i].curve, hex(rows[i].signer), &w[i]);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		assert_true(sj_piv_cvc_read(hex(rows[i].session->cvc), &cvc));
		assert_true(sj_piv_cvc_verify(&cvc, spki[i]));
		assert_false(sj_piv_cvc_verify(&cvc, spki[1 - i]));
		point = hex(rows[i].signer);
		assert_true(sj_hash(SJ_SHA1, &point, 1, digest));
		assert_memory_equal(digest, cvc.issuer.ptr, cvc.issuer.len);
	}
}

/* Every bit of what is signed matters; most changes are not even read. */
static void a_changed_certificate_does_not_verify(void **state)
{
	const struct sj_span whole = hex(nist_cs2.cvc);
	uint8_t spki_bytes[SJ_EC_SPKI_MAX], bytes[SJ_PIV_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(spki_bytes);
	const struct sj_span spki = spki_of(SJ_P256, hex(rows[0].signer), &w);
	struct sj_piv_cvc cvc;

	(void)state;
	memcpy(bytes, whole.ptr, whole.len);
	assert_true(sj_piv_cvc_read(sj_span(bytes, whole.len), &cvc));
	for (size_t at = (size_t)(cvc.body.ptr - bytes), end = at + cvc.body.len; at < end; at++) {
		bytes[at] ^= 1;
		assert_false(sj_piv_cvc_read(sj_span(bytes, whole.len), &cvc) &&
			     sj_piv_cvc_verify(&cvc, spki));
		bytes[at] ^= 1;
	}
}

static void every_truncation(void **state)
{
	struct sj_piv_cvc cvc;

	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct sj_span whole = hex(rows[i].session->cvc);

		for (size_t n = 0; n < whole.len; n++)
			assert_false(sj_piv_cvc_read(sj_span(whole.ptr, n), &cvc));
	}
}

/* A plan with the captured card's key. */
static struct sj_piv_cvc plan_of(uint8_t role)
{
	struct sj_piv_cvc plan = { .issuer = SJ_SPAN_STR("issuer-1"),
				   .subject = SJ_SPAN_STR("0123456789abcdef"),
				   .curve = SJ_P256,
				   .role = role };

	assert_true(sj_ec_point_read(SJ_P256, hex(rows[0].signer), &plan.key));
	if (role == SJ_PIV_CVC_SIGNER)
		plan.subject.len = 8;
	return plan;
}

static void check_made(const char *kind, uint8_t role)
{
	struct sj_key *signer = sj_key_generate(kind);
	const struct sj_piv_cvc plan = plan_of(role);
	uint8_t bytes[SJ_PIV_CVC_MAX], spki[SJ_EC_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes), s = SJ_WRITER_OF(spki);
	struct sj_piv_cvc cvc;

	assert_non_null(signer);
	assert_true(sj_piv_cvc_put(&w, &plan, signer));
	assert_true(sj_piv_cvc_read(sj_written(&w), &cvc));
	assert_int_equal(cvc.role, role);
	assert_true(sj_span_eq(cvc.subject, plan.subject));
	assert_true(sj_span_eq(cvc.issuer, plan.issuer));
	assert_memory_equal(cvc.key.bytes, plan.key.bytes, plan.key.len);
	assert_true(sj_key_put_public(signer, false, &s));
	assert_true(sj_piv_cvc_verify(&cvc, sj_written(&s)));
	sj_key_free(signer);
}

static void what_is_made_verifies(void **state)
{
	(void)state;
	check_made("P-256", SJ_PIV_CVC_CARD);
	check_made("P-384", SJ_PIV_CVC_CARD);
	check_made("P-256", SJ_PIV_CVC_SIGNER);
	check_made("RSA-2048", SJ_PIV_CVC_SIGNER);
}

static void role_and_subject_must_fit(void **state)
{
	struct sj_key *signer = sj_key_generate("P-256");
	struct sj_piv_cvc plan = plan_of(SJ_PIV_CVC_CARD);
	uint8_t bytes[SJ_PIV_CVC_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	plan.subject.len = 8;
	assert_false(sj_piv_cvc_put(&w, &plan, signer));
	plan = plan_of(SJ_PIV_CVC_SIGNER);
	plan.role = 0x01;
	assert_false(sj_piv_cvc_put(&w, &plan, signer));
	plan = plan_of(SJ_PIV_CVC_CARD);
	plan.curve = SJ_BP256R1;
	assert_false(sj_piv_cvc_put(&w, &plan, signer));
	plan = plan_of(SJ_PIV_CVC_CARD);
	plan.issuer.len = 7;
	assert_false(sj_piv_cvc_put(&w, &plan, signer));
	assert_int_equal(w.len, 0);
	sj_key_free(signer);
}

/* Each from the captured one: another profile, curve, point, role; two unused bits. */
static void what_is_no_certificate(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{ "5F290180", "5F290170" },     { "06082A8648CE3D030107", "06082A8648CE3D030101" },
		{ "864104F5", "864104F6" },     { "5F4C0100", "5F4C0112" },
		{ "5F4C0100", "5F4C0180" },     { "0347003044", "0347023044" },
		{ "4208190597", "5F08190597" },
	};
	char text[2 * SJ_PIV_CVC_MAX];
	struct sj_piv_cvc cvc;
	char *at;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		strcpy(text, nist_cs2.cvc);
		at = strstr(text, changes[i].from);
		assert_non_null(at);
		memcpy(at, changes[i].to, strlen(changes[i].to));
		assert_false(sj_piv_cvc_read(hex(text), &cvc));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captured_certificates_are_read),
		cmocka_unit_test(captured_signatures_hold),
		cmocka_unit_test(a_changed_certificate_does_not_verify),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(what_is_made_verifies),
		cmocka_unit_test(role_and_subject_must_fit),
		cmocka_unit_test(what_is_no_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
