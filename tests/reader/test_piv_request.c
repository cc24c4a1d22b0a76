/* Requests, certificates, signatures and attestations of keys on our card. */
#include <sojourn/certificate.h>

#include "crypt/sign.h"
#include "crypt/x509.h"
#include "piv/piv.h"
#include "reader/context.h"
#include "tests/reader/piv_stage.h"
#include "wire/std/rfc5652.h"
#include "wire/tlv.h"

#define SUBJECT "C=UT,O=A\\, B,CN=Ida"
#define ATTESTATION_KEY 0xF9

static const int64_t noon = 1793707200; /* 2026-11-03 12:00 UTC */

/* The PIN that the stage's cards prefer. */
static struct sj_piv_unlock unlock_with(const char *value, int *left)
{
	return (struct sj_piv_unlock){ SJ_PIV_GLOBAL_PIN, value, strlen(value), left };
}

static struct sj_span new_key(struct piv_stage *s, uint8_t key, enum sj_piv_algorithm algorithm,
			      uint8_t out[static SJ_PIV_SPKI_MAX])
{
	size_t len = SJ_PIV_SPKI_MAX;

	piv_stage_administer(s);
	assert_int_equal(sj_piv_generate(s->piv, key, algorithm, SJ_PIV_POLICY_DEFAULT, out, &len),
			 SJ_OK);
	return sj_span(out, len);
}

/* SEQUENCE { body, algorithm, BIT STRING } signed by the key. */
static struct sj_span signed_by(struct sj_span whole, struct sj_span spki)
{
	struct sj_span sequence, body, algorithm, bits;

	assert_int_equal(sj_tlv_take(&whole, SJ_ASN1_SEQUENCE, &sequence), SJ_TLV_FOUND);
	assert_int_equal(whole.len, 0);
	assert_int_equal(sj_tlv_take_element(&sequence, SJ_ASN1_SEQUENCE, &body), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take_element(&sequence, SJ_ASN1_SEQUENCE, &algorithm),
			 SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&sequence, SJ_ASN1_BIT_STRING, &bits), SJ_TLV_FOUND);
	assert_true(sj_signature_verify(spki, algorithm, SJ_HASH_NONE, body,
					sj_span(bits.ptr + 1, bits.len - 1)));
	return body;
}

static void requests_are_signed_by_the_key(void **state)
{
	static const enum sj_piv_algorithm algorithms[] = { SJ_PIV_P256, SJ_PIV_P384,
							    SJ_PIV_RSA_2048 };
	const struct sj_piv_unlock unlock = unlock_with(STAGE_GLOBAL, NULL);
	uint8_t spki[SJ_PIV_SPKI_MAX], der[SJ_CERTIFICATE_MADE_MAX];
	struct piv_stage *s = *state;
	struct sj_span body, info, key;
	uint32_t version;
	size_t len;

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		key = new_key(s, 0x82, algorithms[i], spki);
		len = sizeof(der);
		assert_int_equal(sj_piv_request(s->piv, 0x82, &unlock, SUBJECT, der, &len), SJ_OK);
		body = signed_by(sj_span(der, len), key);
		assert_int_equal(sj_tlv_take(&body, SJ_ASN1_SEQUENCE, &info), SJ_TLV_FOUND);
		assert_true(sj_der_take_small(&info, &version) && version == 0);
		assert_non_null(memmem(info.ptr, info.len, key.ptr, key.len));
	}
}

static void a_certificate_that_a_key_signs_itself(void **state)
{
	const struct sj_piv_unlock unlock = unlock_with(STAGE_GLOBAL, NULL);
	struct sj_certificate_info info = { .size = sizeof(info) };
	uint8_t spki[SJ_PIV_SPKI_MAX], der[SJ_CERTIFICATE_MADE_MAX];
	struct piv_stage *s = *state;
	size_t len = sizeof(der);
	struct sj_cert cert;

	new_key(s, SJ_PIV_KEY_MANAGEMENT, SJ_PIV_P256, spki);
	assert_int_equal(sj_piv_self_sign(s->piv, SJ_PIV_KEY_MANAGEMENT, &unlock, SUBJECT, noon, 10,
					  der, &len),
			 SJ_OK);
	assert_true(sj_cert_read(sj_span(der, len), &cert));
	assert_true(sj_cert_signed_by(&cert, cert.spki));
	assert_false(cert.is_ca || cert.unknown_critical);
	assert_int_equal(sj_certificate_describe(der, len, &info), SJ_OK);
	assert_string_equal(info.subject, "C=UT,O=A\\, B,CN=Ida");
	assert_string_equal(info.issuer, info.subject);
	assert_true(info.self_signed);
	assert_int_equal(info.not_before, noon);
	assert_int_equal(info.not_after, noon + 10 * 86400);
	assert_int_equal(strlen(info.serial), 32);
}

/* Beyond 2049 times have four digits of a year. */
static void a_certificate_for_fifty_years(void **state)
{
	const struct sj_piv_unlock unlock = unlock_with(STAGE_GLOBAL, NULL);
	uint8_t der[SJ_CERTIFICATE_MADE_MAX], spki[SJ_PIV_SPKI_MAX];
	struct piv_stage *s = *state;
	size_t len = sizeof(der);
	struct sj_cert cert;

	new_key(s, 0x82, SJ_PIV_P256, spki);
	assert_int_equal(
		sj_piv_self_sign(s->piv, 0x82, &unlock, "CN=Ida", noon, 50 * 365, der, &len),
		SJ_OK);
	assert_true(sj_cert_read(sj_span(der, len), &cert));
	assert_int_equal(cert.not_after, noon + (int64_t)50 * 365 * 86400);
}

static void what_is_no_subject_spends_no_try(void **state)
{
	static const char *const subjects[] = {
		"",      "Ida",        "CN=", "CN=Ida,",  ",CN=Ida",
		"C=UTO", "C=\xC3\xA9", "X=1", "CN=I\nda", "cn=Ida"
	};
	const struct sj_piv_unlock unlock = unlock_with("000000", NULL);
	uint8_t der[SJ_CERTIFICATE_MADE_MAX], spki[SJ_PIV_SPKI_MAX];
	struct piv_stage *s = *state;
	unsigned passwords = s->passwords;

	new_key(s, 0x82, SJ_PIV_P256, spki);
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		size_t len = sizeof(der);

		assert_int_equal(sj_piv_request(s->piv, 0x82, &unlock, subjects[i], der, &len),
				 SJ_INPUT_MALFORMED);
		assert_int_equal(
			sj_piv_self_sign(s->piv, 0x82, &unlock, subjects[i], noon, 1, der, &len),
			SJ_INPUT_MALFORMED);
	}
	assert_int_equal(s->passwords, passwords);
}

static void no_room(void **state)
{
	const struct sj_piv_unlock unlock = unlock_with(STAGE_GLOBAL, NULL);
	uint8_t der[SJ_CERTIFICATE_MADE_MAX], spki[SJ_PIV_SPKI_MAX];
	struct piv_stage *s = *state;

	new_key(s, 0x82, SJ_PIV_P256, spki);
	for (size_t room = 0; room < 300; room += 7) {
		size_t len = room;
		enum sj_rc rc = sj_piv_request(s->piv, 0x82, &unlock, "CN=Ida", der, &len);

		assert_true(rc == SJ_FILE_TOO_LARGE || (rc == SJ_OK && len <= room));
	}
}

static void a_wrong_pin_tells_what_is_left(void **state)
{
	uint8_t der[SJ_CERTIFICATE_MADE_MAX], spki[SJ_PIV_SPKI_MAX];
	struct piv_stage *s = *state;
	int left = -1;
	const struct sj_piv_unlock unlock = unlock_with("000000", &left);
	size_t len = sizeof(der);

	new_key(s, 0x82, SJ_PIV_P256, spki);
	assert_int_equal(sj_piv_request(s->piv, 0x82, &unlock, "CN=Ida", der, &len), SJ_WRONG_PIN);
	assert_true(left > 0);
	assert_int_equal(sj_piv_request(s->piv, 0x82, NULL, "CN=Ida", der, &len), SJ_PIN_NEEDED);
}

static void a_message_is_signed(void **state)
{
	const struct sj_piv_unlock unlock = unlock_with(STAGE_GLOBAL, NULL);
	const struct sj_span message = SJ_SPAN_STR("a message");
	uint8_t spki[SJ_PIV_SPKI_MAX], signature[SJ_PIV_BLOCK_MAX];
	struct piv_stage *s = *state;
	size_t len = sizeof(signature);
	struct sj_span key = new_key(s, 0x82, SJ_PIV_P384, spki);

	assert_int_equal(sj_piv_sign_message(s->piv, 0x82, &unlock, message.ptr, message.len,
					     signature, &len),
			 SJ_OK);
	/* ecdsa-with-SHA384 */
	assert_true(sj_signature_verify(
		key, SJ_SPAN_STR("\x30\x0A\x06\x08\x2A\x86\x48\xCE\x3D\x04\x03\x03"), SJ_HASH_NONE,
		message, sj_span(signature, len)));
	new_key(s, 0x83, SJ_PIV_X25519, spki);
	assert_int_equal(sj_piv_sign_message(s->piv, 0x83, &unlock, message.ptr, message.len,
					     signature, &len),
			 SJ_USAGE);
	assert_int_equal(sj_piv_sign_message(s->piv, 0x84, &unlock, message.ptr, message.len,
					     signature, &len),
			 SJ_KEY_ABSENT);
}

static void hashes_of_signatures(void **state)
{
	(void)state;
	assert_string_equal(sj_piv_signature_hash(SJ_PIV_P384), "SHA-384");
	assert_string_equal(sj_piv_signature_hash(SJ_PIV_RSA_3072), "SHA-256");
	assert_string_equal(sj_piv_signature_hash(SJ_PIV_ED25519), "");
	assert_null(sj_piv_signature_hash(SJ_PIV_X25519));
	assert_null(sj_piv_signature_hash(SJ_PIV_AES_192));
}

/* The certificate of a card's attestation key, and its statement about 82. */
struct stated {
	uint8_t attester[768], statement[768];
	size_t attester_len, statement_len;
};

static void state_of(struct piv_stage *s, struct stated *out)
{
	uint8_t spki[SJ_PIV_SPKI_MAX];
	struct sj_span key;

	new_key(s, 0x82, SJ_PIV_P256, spki);
	key = new_key(s, ATTESTATION_KEY, SJ_PIV_P256, spki);
	out->attester_len = piv_stage_certificate(key, out->attester, sizeof(out->attester));
	assert_int_equal(
		sj_piv_write_certificate(s->piv, ATTESTATION_KEY, out->attester, out->attester_len),
		SJ_OK);
	out->statement_len = sizeof(out->statement);
	assert_int_equal(sj_piv_attest(s->piv, 0x82, out->statement, &out->statement_len), SJ_OK);
}

static enum sj_rc judge(const struct stated *st, struct sj_attestation *a)
{
	*a = (struct sj_attestation){ .size = sizeof(*a) };
	return sj_attestation_judge(NULL, st->statement, st->statement_len, st->attester,
				    st->attester_len, noon, a);
}

static void an_attestation_tells_of_the_key(void **state)
{
	struct sj_piv_key_info info = { .size = sizeof(info) };
	struct piv_stage *s = *state;
	struct sj_attestation a;
	struct stated st;

	state_of(s, &st);
	assert_int_equal(judge(&st, &a),
			 SJ_TRUST_MISSING); /* signed well, by nobody that is known */
	assert_int_equal(sj_piv_key_info(s->piv, 0x82, &info), SJ_OK);
	assert_int_equal(a.spki_len, info.spki_len);
	assert_memory_equal(a.spki, info.spki, info.spki_len);
	assert_int_equal(a.serial, 0x00BC614E);
	assert_int_equal(a.version[0], 5);
	assert_false(a.pin_always || a.pin_never);
}

static void a_forged_attestation(void **state)
{
	struct piv_stage *s = *state;
	struct sj_attestation a;
	struct stated st;

	state_of(s, &st);
	st.statement[st.statement_len - 1] ^= 1;
	assert_int_equal(judge(&st, &a), SJ_CHAIN_SIGNATURE);
	assert_int_equal(a.spki_len, 0);
	st.statement[st.statement_len - 1] ^= 1;
	for (size_t n = st.statement_len; n > 0; n--) {
		st.statement_len = n - 1;
		assert_int_equal(judge(&st, &a), SJ_INPUT_MALFORMED);
	}
	memcpy(st.statement, st.attester, st.attester_len); /* a certificate, but no statement */
	st.statement_len = st.attester_len;
	assert_int_equal(judge(&st, &a), SJ_INPUT_MALFORMED);
}

/* The deadline of all calls, which a call made of others shortens for them. */
static void asking_is_not_counted_in_a_call_of_calls(void **state)
{
	struct piv_stage *s = *state;
	const int64_t all = sj_clock_ms() + 3600000;
	struct sj_piv_shared outer, inner;

	s->ctx->until = all;
	outer = sj_piv_together(s->piv);
	inner = sj_piv_together(s->piv);
	assert_true(s->ctx->until < all);
	sj_context_asked(s->ctx, 700);
	sj_piv_apart(s->piv, inner);
	assert_int_equal(s->ctx->until, outer.set + 700);
	sj_piv_apart(s->piv, outer);
	assert_int_equal(s->ctx->until, all + 700);
	s->ctx->until = 0; /* none */
	outer = sj_piv_together(s->piv);
	sj_context_asked(s->ctx, 700);
	sj_piv_apart(s->piv, outer);
	assert_int_equal(s->ctx->until, 0);
}

static void what_is_no_certificate(void **state)
{
	struct sj_certificate_info info = { .size = sizeof(info) };

	(void)state;
	assert_int_equal(sj_certificate_describe((const uint8_t *)"0", 1, &info),
			 SJ_INPUT_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_CASE(requests_are_signed_by_the_key),
		STAGE_CASE(a_certificate_that_a_key_signs_itself),
		STAGE_CASE(a_certificate_for_fifty_years),
		STAGE_CASE(what_is_no_subject_spends_no_try),
		STAGE_CASE(no_room),
		STAGE_CASE(a_wrong_pin_tells_what_is_left),
		STAGE_CASE(a_message_is_signed),
		cmocka_unit_test(hashes_of_signatures),
		STAGE_CASE(an_attestation_tells_of_the_key),
		STAGE_CASE(a_forged_attestation),
		STAGE_CASE(asking_is_not_counted_in_a_call_of_calls),
		cmocka_unit_test(what_is_no_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
