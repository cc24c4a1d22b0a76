/* Attestations: what they say, who signs them, and which keys get none. */
#include "applets/piv/yubico.h"
#include "crypt/x509.h"
#include "tests/card/attest_rig.h"
#include "wire/sw.h"

struct room {
	struct bench *b;
	struct attester attester;
};

static int setup(void **state)
{
	struct room *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->b = piv_contact();
	attester_make(&r->attester, "P-256");
	attester_give(r->b, &r->attester);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct room *r = *state;

	bench_free(r->b);
	free(r);
	return 0;
}
#define ATTEST_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static struct sj_cert attested(struct room *r, const char *command)
{
	struct sj_cert cert;

	assert_int_equal(bench_do(r->b, command), SJ_SW_OK);
	assert_true(sj_cert_read(r->b->data, &cert));
	return cert;
}

static void take_body(struct sj_span *tbs, struct sj_span *skipped)
{
	struct sj_span body;

	assert_int_equal(sj_tlv_take(tbs, 0x30, &body), SJ_TLV_FOUND);
	*tbs = body;
	for (size_t i = 0; i < 4; i++) /* version, serial, algorithm, issuer */
		assert_int_equal(sj_tlv_take_any(tbs, skipped), SJ_TLV_FOUND);
}

/* --- what stands in it --------------------------------------------------------------------- */

static void issuer_and_validity_are_those_of_the_attestation_certificate(void **state)
{
	struct room *r = *state;
	struct sj_cert cert = attested(r, "00F99A0000"), signer;
	struct sj_span tbs = cert.tbs, theirs, validity, same;

	assert_true(sj_cert_read(r->attester.der, &signer));
	assert_true(sj_span_eq(cert.issuer, signer.subject));
	theirs = signer.tbs;
	take_body(&tbs, &validity);
	take_body(&theirs, &same);
	assert_int_equal(sj_tlv_take_any(&tbs, &validity), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take_any(&theirs, &same), SJ_TLV_FOUND);
	assert_true(sj_span_eq(validity, same));
}

static void the_subject_names_the_key(void **state)
{
	char text[64];
	struct sj_cert cert = attested(*state, "00F99A0000");

	sj_name_text(cert.subject, text, sizeof(text));
	assert_string_equal(text, "CN=Sojourn PIV Attestation 9a");
	assert_int_equal(bench_do(((struct room *)*state)->b, "00F6959C"), SJ_SW_OK);
	cert = attested(*state, "00F9950000");
	sj_name_text(cert.subject, text, sizeof(text));
	assert_string_equal(text, "CN=Sojourn PIV Attestation 95");
}

static void extensions_are_those_of_a_yubikey(void **state)
{
	struct sj_cert cert = attested(*state, "00F99C0000");
	struct sj_span tbs = cert.tbs, skipped, extensions;

	take_body(&tbs, &skipped);
	for (size_t i = 0; i < 3; i++) /* validity, subject, key */
		assert_int_equal(sj_tlv_take_any(&tbs, &skipped), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take_element(&tbs, 0xA3, &extensions), SJ_TLV_FOUND);
	assert_bytes(extensions, "A34E304C"
				 "3011060A2B0601040182C40A03030403050700"
				 "3014060A2B0601040182C40A030704060204"
				 "00BC614E"
				 "3010060A2B0601040182C40A030804020301"
				 "300F060A2B0601040182C40A0309040100");
	assert_int_equal(tbs.len, 0);
}

static void without_serial_number_there_is_no_extension_of_it(void **state)
{
	struct room *r = *state;
	struct sj_cert cert;

	assert_true(card_store_set(r->b->store, PIV_STORE_IDENTITY, HEX(PIV_GUID "00000000")));
	cert = attested(r, "00F99C0000");
	assert_memory_equal(cert.tbs.ptr + cert.tbs.len - 58, HEX("A338303630").ptr, 5);
}

/* --- the keys --------------------------------------------------------------------------------- */

static void every_signer_verifies(void **state)
{
	static const char *const kinds[] = { "P-256", "P-384", "RSA-2048", "RSA-3072" };
	struct room *r = *state;

	for (size_t i = 0; i < 4; i++) {
		struct sj_cert cert;

		attester_make(&r->attester, kinds[i]);
		attester_give(r->b, &r->attester);
		cert = attested(r, "00F99A0000");
		assert_true(sj_cert_signed_by(&cert, r->attester.public_key));
		r->b->opened[cert.tbs.ptr - r->b->opened + 40] ^= 1;
		assert_false(sj_cert_signed_by(&cert, r->attester.public_key));
	}
}

/* An Ed25519 signer: RFC 8410, 6. The certificate is still that of the former key. */
static void an_ed25519_signer_verifies(void **state)
{
	struct room *r = *state;
	uint8_t key[SJ_CFRG_KEY];
	struct sj_cert cert;

	assert_int_equal(bench_do(r->b, "004700F905AC038001E000"), SJ_SW_OK);
	memcpy(key, piv_public_key(r->b, 0xF9).point.ptr, sizeof(key));
	cert = attested(r, "00F99A0000");
	assert_bytes(cert.signature_algorithm, "300506032B6570");
	assert_int_equal(cert.signature.len, SJ_ED25519_SIGNATURE);
	assert_true(sj_ed25519_verify(key, cert.tbs, cert.signature.ptr));
}

static void the_public_key_is_the_one_of_the_place(void **state)
{
	static const struct {
		const char *generate, *head; /* of SubjectPublicKeyInfo */
	} keys[] = {
		{ "0047009D05AC0380011100",
		  "3059301306072A8648CE3D020106082A8648CE3D030107034200" },
		{ "0047009D05AC0380011400", "3076301006072A8648CE3D020106052B81040022036200" },
		{ "0047009D05AC038001E000", "302A300506032B6570032100" },
		{ "0047009D05AC038001E100", "302A300506032B656E032100" },
	};
	struct room *r = *state;

	for (size_t i = 0; i < 4; i++) {
		struct sj_span head = HEX(keys[i].head), point;
		struct sj_cert cert;

		assert_int_equal(bench_do(r->b, keys[i].generate), SJ_SW_OK);
		cert = attested(r, "00F99D0000");
		point = piv_public_key(r->b, 0x9D).point;
		assert_int_equal(cert.spki.len, head.len + point.len);
		assert_memory_equal(cert.spki.ptr, head.ptr, head.len);
		assert_memory_equal(cert.spki.ptr + head.len, point.ptr, point.len);
	}
}

static void an_rsa_key_is_attested(void **state)
{
	struct room *r = *state;

	for (uint8_t bits = 0; bits < 2; bits++) {
		struct sj_cert cert;
		struct sj_piv_public key;

		assert_int_equal(bench_do(r->b, bits == 0 ? "0047009D05AC0380010700"
							  : "0047009D05AC0380010500"),
				 SJ_SW_OK);
		cert = attested(r, "00F99D0000");
		key = piv_public_key(r->b, 0x9D);
		assert_int_equal(sj_rsa_modulus_size(cert.spki), key.modulus.len);
		assert_memory_equal(cert.spki.ptr + cert.spki.len - 5 - key.modulus.len,
				    key.modulus.ptr, key.modulus.len);
		assert_true(sj_cert_signed_by(&cert, r->attester.public_key));
	}
}

/* --- none ------------------------------------------------------------------------------------------ */

static void keys_that_are_not_attested(void **state)
{
	static const struct {
		const char *command;
		uint16_t sw;
	} wrong[] = {
		{ "00F9830000", SJ_SW_REFERENCE_NOT_FOUND }, { "00F9F90000", SJ_SW_WRONG_DATA },
		{ "00F9040000", SJ_SW_WRONG_DATA },          { "00F99B0000", SJ_SW_WRONG_DATA },
		{ "00F99A0100", SJ_SW_WRONG_P1P2 },
	};
	struct room *r = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_do(r->b, wrong[i].command), wrong[i].sw);
}

static void an_imported_key_is_not_attested(void **state)
{
	struct room *r = *state;

	assert_int_equal(bench_do(r->b, "00FE119D22"
					"062001020304050607080102030405060708"
					"01020304050607080102030405060708"),
			 SJ_SW_OK);
	assert_int_equal(bench_do(r->b, "00F99D0000"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(r->b, "00F6959D"), SJ_SW_OK); /* nor where it moves */
	assert_int_equal(bench_do(r->b, "00F9950000"), SJ_SW_WRONG_DATA);
}

static void without_key_or_certificate_nothing_is_attested(void **state)
{
	struct room *r = *state;

	assert_int_equal(attester_write(r->b, r->attester.der, true), SJ_SW_OK);
	assert_int_equal(bench_do(r->b, "00F99A0000"), SJ_SW_CONDITIONS);
	assert_int_equal(piv_put(r->b, YUBICO_OBJECT_ATTESTATION_CERTIFICATE, sj_span(NULL, 0)),
			 SJ_SW_OK);
	assert_int_equal(bench_do(r->b, "00F99A0000"), SJ_SW_CONDITIONS);
	assert_int_equal(attester_write(r->b, r->attester.der, false), SJ_SW_OK);
	assert_int_equal(bench_do(r->b, "00F6FFF9"), SJ_SW_OK);
	assert_int_equal(bench_do(r->b, "00F99A0000"), SJ_SW_CONDITIONS);
}

static void every_truncated_certificate_attests_nothing(void **state)
{
	struct room *r = *state;
	struct yubico_signer signer;

	assert_true(yubico_signer_read(r->attester.der, &signer));
	for (size_t n = 0; n < r->attester.der.len; n++)
		assert_false(yubico_signer_read(sj_span(r->attester.der.ptr, n), &signer));
	assert_int_equal(attester_write(r->b, sj_span(r->attester.der.ptr, 200), false), SJ_SW_OK);
	assert_int_equal(bench_do(r->b, "00F99A0000"), SJ_SW_CONDITIONS);
}

static void over_the_air_it_wants_the_virtual_contact_interface(void **state)
{
	struct room *r = *state;
	struct piv_reader reader;
	struct sj_cert cert;

	piv_move(r->b, CARD_CONTACTLESS);
	assert_int_equal(bench_do(r->b, "00F99A0000"), SJ_SW_SECURITY_STATUS);
	piv_open(&reader, r->b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&reader, "00F99A0000"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(piv_secure_hex(&reader, VERIFY_PAIRING), SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&reader, "00F99A0000"), SJ_SW_OK);
	assert_true(sj_cert_read(r->b->data, &cert));
	assert_true(sj_cert_signed_by(&cert, r->attester.public_key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ATTEST_CASE(issuer_and_validity_are_those_of_the_attestation_certificate),
		ATTEST_CASE(the_subject_names_the_key),
		ATTEST_CASE(extensions_are_those_of_a_yubikey),
		ATTEST_CASE(without_serial_number_there_is_no_extension_of_it),
		ATTEST_CASE(every_signer_verifies),
		ATTEST_CASE(an_ed25519_signer_verifies),
		ATTEST_CASE(the_public_key_is_the_one_of_the_place),
		ATTEST_CASE(an_rsa_key_is_attested),
		ATTEST_CASE(keys_that_are_not_attested),
		ATTEST_CASE(an_imported_key_is_not_attested),
		ATTEST_CASE(without_key_or_certificate_nothing_is_attested),
		ATTEST_CASE(every_truncated_certificate_attests_nothing),
		ATTEST_CASE(over_the_air_it_wants_the_virtual_contact_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
