/* What each mechanism signs, whole, in parts and message by message. */
#include "tests/pkcs11/fake/card.h"

#define GIVEN(text) (CK_BYTE_PTR)(uintptr_t)(text), sizeof(text) - 1

static CK_MECHANISM plain(CK_MECHANISM_TYPE type)
{
	return (CK_MECHANISM){ type, NULL, 0 };
}

static CK_OBJECT_HANDLE private_key(uint8_t id)
{
	return find_key(CKO_PRIVATE_KEY, id);
}

static CK_OBJECT_HANDLE public_key(uint8_t id)
{
	return find_key(CKO_PUBLIC_KEY, id);
}

/* Signs in one piece; for the key that wants it, proves the PIN between. */
static size_t sign(CK_MECHANISM *m, uint8_t id, struct sj_span data, uint8_t out[512])
{
	CK_ULONG len = 512;

	assert_int_equal(C_SignInit(FAKE_RO, m, private_key(id)), CKR_OK);
	if (fake_wants_pin(FAKE_RO))
		fake_context_login();
	assert_int_equal(C_Sign(FAKE_RO, (CK_BYTE_PTR)(uintptr_t)data.ptr, data.len, out, &len),
			 CKR_OK);
	return len;
}

static CK_RV verify(CK_MECHANISM *m, uint8_t id, struct sj_span data, uint8_t *s, size_t len)
{
	assert_int_equal(C_VerifyInit(FAKE_RO, m, public_key(id)), CKR_OK);
	return C_Verify(FAKE_RO, (CK_BYTE_PTR)(uintptr_t)data.ptr, data.len, s, len);
}

/* A signature that holds, does not for other data, and not with a bit changed. */
static void signs_and_verifies(CK_MECHANISM *m, uint8_t id, struct sj_span data)
{
	uint8_t s[512], other[64];
	const size_t n = sign(m, id, data, s);

	memcpy(other, data.ptr, data.len);
	other[0] ^= 1;
	assert_int_equal(verify(m, id, data, s, n), CKR_OK);
	assert_int_equal(verify(m, id, sj_span(other, data.len), s, n), CKR_SIGNATURE_INVALID);
	s[n / 2] ^= 4;
	assert_int_equal(verify(m, id, data, s, n), CKR_SIGNATURE_INVALID);
	assert_int_equal(verify(m, id, data, s, n - 1), CKR_SIGNATURE_LEN_RANGE);
}

static const struct sj_span message = { (const uint8_t *)"a message to sign", 17 };

/* --- signatures ------------------------------------------------------------------------- */

static void rsa_pkcs1_with_every_hash(void **state)
{
	static const CK_MECHANISM_TYPE all[] = { CKM_RSA_PKCS,        CKM_SHA1_RSA_PKCS,
						 CKM_SHA224_RSA_PKCS, CKM_SHA256_RSA_PKCS,
						 CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS };

	(void)state;
	fake_login(CKU_USER);
	for (size_t i = 0; i < N(all); i++) {
		CK_MECHANISM m = plain(all[i]);

		signs_and_verifies(&m, 0x9D, message);
	}
}

/* The card's answer judged by OpenSSL alone, not by C_Verify. */
static void rsa_pkcs1_is_what_openssl_takes(void **state)
{
	/* AlgorithmIdentifier sha256WithRSAEncryption */
	CK_MECHANISM m = plain(CKM_SHA256_RSA_PKCS);
	uint8_t s[512], hash[SJ_HASH_MAX], info[64];
	struct sj_writer w = SJ_WRITER_OF(info);
	size_t n;

	(void)state;
	fake_login(CKU_USER);
	n = sign(&m, 0x9C, message, s);
	assert_true(sj_hash(SJ_SHA256, &message, 1, hash));
	sj_digest_info_put(&w, SJ_SHA256, sj_span(hash, 32));
	assert_true(sj_rsa_verify_type1(fake_spki(0x9C), sj_written(&w), sj_span(s, n)));
}

static void pss_with_every_hash(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type, hash;
		CK_RSA_PKCS_MGF_TYPE mgf;
		size_t size;
	} all[] = { { CKM_SHA1_RSA_PKCS_PSS, CKM_SHA_1, CKG_MGF1_SHA1, 20 },
		    { CKM_SHA224_RSA_PKCS_PSS, CKM_SHA224, CKG_MGF1_SHA224, 28 },
		    { CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 32 },
		    { CKM_SHA384_RSA_PKCS_PSS, CKM_SHA384, CKG_MGF1_SHA384, 48 },
		    { CKM_SHA512_RSA_PKCS_PSS, CKM_SHA512, CKG_MGF1_SHA512, 64 } };
	uint8_t digest[64] = { 3 };

	(void)state;
	fake_login(CKU_USER);
	for (size_t i = 0; i < N(all); i++) {
		CK_RSA_PKCS_PSS_PARAMS p = { all[i].hash, all[i].mgf, all[i].size };
		CK_MECHANISM hashed = { all[i].type, &p, sizeof(p) };
		CK_MECHANISM raw = { CKM_RSA_PKCS_PSS, &p, sizeof(p) };

		signs_and_verifies(&hashed, 0x9D, message);
		signs_and_verifies(&raw, 0x9D, sj_span(digest, all[i].size));
		digest[1]++;
	}
}

static void pss_parameters_must_fit(void **state)
{
	CK_RSA_PKCS_PSS_PARAMS p = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
	CK_MECHANISM none = plain(CKM_RSA_PKCS_PSS),
		     other = { CKM_SHA1_RSA_PKCS_PSS, &p, sizeof(p) };
	CK_MECHANISM raw = { CKM_RSA_PKCS_PSS, &p, sizeof(p) };
	CK_ULONG len = 512;
	uint8_t s[512];

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_SignInit(FAKE_RO, &none, private_key(0x9D)),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(C_SignInit(FAKE_RO, &other, private_key(0x9D)),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(C_SignInit(FAKE_RO, &raw, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("not a digest"), s, &len), CKR_DATA_LEN_RANGE);
	p.sLen = 223;
	assert_int_equal(C_SignInit(FAKE_RO, &raw, private_key(0x9D)), CKR_MECHANISM_PARAM_INVALID);
	p.sLen = 32;
	p.mgf = 99;
	assert_int_equal(C_SignInit(FAKE_RO, &raw, private_key(0x9D)), CKR_MECHANISM_PARAM_INVALID);
}

static void raw_rsa_takes_a_number_below_the_modulus(void **state)
{
	CK_MECHANISM m = plain(CKM_RSA_X_509);
	uint8_t big[257], s[512];
	CK_ULONG len = sizeof(s);

	(void)state;
	fake_login(CKU_USER);
	signs_and_verifies(&m, 0x9D, message);
	memset(big, 0xFF, sizeof(big));
	assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, big, 256, s, &len), CKR_DATA_INVALID);
	assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, big, 257, s, &len), CKR_DATA_LEN_RANGE);
}

static void pkcs1_takes_what_fits(void **state)
{
	CK_MECHANISM m = plain(CKM_RSA_PKCS);
	uint8_t data[246] = { 1 }, s[512];
	CK_ULONG len = sizeof(s);

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(sign(&m, 0x9D, sj_span(data, 245), s), 256);
	assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, data, 246, s, &len), CKR_DATA_LEN_RANGE);
}

static void ecdsa_with_every_hash(void **state)
{
	static const CK_MECHANISM_TYPE all[] = { CKM_ECDSA_SHA1, CKM_ECDSA_SHA224, CKM_ECDSA_SHA256,
						 CKM_ECDSA_SHA384, CKM_ECDSA_SHA512 };

	(void)state;
	fake_login(CKU_USER);
	for (size_t i = 0; i < N(all); i++) {
		CK_MECHANISM m = plain(all[i]);

		signs_and_verifies(&m, 0x9A, message); /* P-256: longer hashes are cut */
		signs_and_verifies(&m, 0x9E, message); /* P-384: shorter ones are small numbers */
	}
}

static void ecdsa_is_what_openssl_takes(void **state)
{
	CK_MECHANISM m = plain(CKM_ECDSA_SHA512);
	uint8_t s[512], hash[SJ_HASH_MAX];
	struct sj_public key;
	size_t n;

	(void)state;
	fake_login(CKU_USER);
	n = sign(&m, 0x9A, message, s);
	assert_int_equal(n, 64);
	assert_true(sj_hash(SJ_SHA512, &message, 1, hash));
	assert_true(sj_public_read(fake_spki(0x9A), &key));
	assert_true(sj_ec_verify(SJ_P256, &key.point, sj_span(hash, 64), sj_span(s, n)));
}

static void ecdsa_takes_a_digest_of_any_length(void **state)
{
	CK_MECHANISM m = plain(CKM_ECDSA);
	uint8_t digest[64] = { 1 }, s[64];
	CK_ULONG len = sizeof(s);

	(void)state;
	fake_login(CKU_USER);
	signs_and_verifies(&m, 0x9A, sj_span(digest, 20));
	signs_and_verifies(&m, 0x9A, sj_span(digest, 32));
	signs_and_verifies(&m, 0x9A, sj_span(digest, 64));
	assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(0x9A)), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, NULL, 0, s, &len), CKR_DATA_LEN_RANGE);
}

static void eddsa_is_pure(void **state)
{
	CK_EDDSA_PARAMS p = { CK_FALSE, 0, NULL };
	CK_MECHANISM none = plain(CKM_EDDSA), given = { CKM_EDDSA, &p, sizeof(p) };
	uint8_t s[512];

	(void)state;
	fake_login(CKU_USER);
	signs_and_verifies(&none, 0x82, message);
	signs_and_verifies(&given, 0x82, message);
	assert_int_equal(sign(&none, 0x82, sj_span(NULL, 0), s), 64);
	assert_int_equal(verify(&none, 0x82, sj_span(NULL, 0), s, 64), CKR_OK);
	p.phFlag = CK_TRUE;
	assert_int_equal(C_SignInit(FAKE_RO, &given, private_key(0x82)),
			 CKR_MECHANISM_PARAM_INVALID);
}

static void parts_make_the_same_signature(void **state)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		uint8_t id;
	} all[] = { { CKM_SHA256_RSA_PKCS, 0x9D }, { CKM_RSA_PKCS, 0x9D }, { CKM_EDDSA, 0x82 } };
	uint8_t whole[512], parts[512];

	(void)state;
	fake_login(CKU_USER);
	for (size_t i = 0; i < N(all); i++) { /* these have one signature a message */
		CK_MECHANISM m = plain(all[i].type);
		const size_t n = sign(&m, all[i].id, message, whole);
		CK_ULONG len = 0;

		assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(all[i].id)), CKR_OK);
		assert_int_equal(C_SignUpdate(FAKE_RO, GIVEN("a mess")), CKR_OK);
		assert_int_equal(C_SignUpdate(FAKE_RO, NULL, 0), CKR_OK);
		assert_int_equal(C_SignUpdate(FAKE_RO, GIVEN("age to sign")), CKR_OK);
		assert_int_equal(C_SignFinal(FAKE_RO, NULL, &len), CKR_OK);
		assert_int_equal(len, n);
		assert_int_equal(C_SignFinal(FAKE_RO, parts, &len), CKR_OK);
		assert_memory_equal(whole, parts, n);
		assert_int_equal(C_VerifyInit(FAKE_RO, &m, public_key(all[i].id)), CKR_OK);
		assert_int_equal(C_VerifyUpdate(FAKE_RO, GIVEN("a message")), CKR_OK);
		assert_int_equal(C_VerifyUpdate(FAKE_RO, GIVEN(" to sign")), CKR_OK);
		assert_int_equal(C_VerifyFinal(FAKE_RO, parts, len), CKR_OK);
	}
}

static void a_length_may_be_asked_and_the_buffer_be_too_small(void **state)
{
	CK_MECHANISM m = plain(CKM_ECDSA_SHA256);
	CK_ULONG len = 0;
	uint8_t s[64];

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(0x9A)), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("data"), NULL, &len), CKR_OK);
	assert_int_equal(len, 64);
	len = 63;
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("data"), s, &len), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(fake_uses(), 0); /* the card was left alone */
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("data"), s, &len), CKR_OK);
	assert_int_equal(fake_uses(), 1);
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("data"), s, &len), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(verify(&m, 0x9A, SJ_SPAN_STR("data"), s, 64), CKR_OK);
}

static void the_signature_key_signs_once_a_pin(void **state)
{
	CK_MECHANISM m = plain(CKM_SHA256_RSA_PKCS);
	CK_ULONG len = 256;
	uint8_t s[512];

	(void)state;
	fake_login(CKU_USER);
	assert_false(fake_wants_pin(FAKE_RO));
	assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(0x9C)), CKR_OK);
	assert_true(fake_wants_pin(FAKE_RO));
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("data"), s, &len), CKR_USER_NOT_LOGGED_IN);
	assert_false(fake_wants_pin(FAKE_RO)); /* the operation is over */
	(void)sign(&m, 0x9C, message, s);
	assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(0x9C)), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("data"), s, &len), CKR_USER_NOT_LOGGED_IN);
}

static void the_card_key_signs_without_login(void **state)
{
	CK_MECHANISM m = plain(CKM_ECDSA_SHA384);

	(void)state;
	signs_and_verifies(&m, 0x9E, message);
}

static void recovering_gives_back_what_was_signed(void **state)
{
	static const CK_MECHANISM_TYPE all[] = { CKM_RSA_PKCS, CKM_RSA_X_509 };
	uint8_t s[256], out[256];

	(void)state;
	fake_login(CKU_USER);
	for (size_t i = 0; i < N(all); i++) {
		CK_MECHANISM m = plain(all[i]);
		CK_ULONG len = sizeof(s), n = 1;

		assert_int_equal(C_SignRecoverInit(FAKE_RO, &m, private_key(0x9D)), CKR_OK);
		assert_int_equal(C_SignRecover(FAKE_RO, GIVEN("data"), s, &len), CKR_OK);
		assert_int_equal(C_VerifyRecoverInit(FAKE_RO, &m, public_key(0x9D)), CKR_OK);
		assert_int_equal(C_VerifyRecover(FAKE_RO, s, len, out, &n), CKR_BUFFER_TOO_SMALL);
		assert_int_equal(C_VerifyRecover(FAKE_RO, s, len, out, &n), CKR_OK);
		assert_int_equal(n, i == 0 ? 4 : 256);
		assert_memory_equal(out + n - 4, "data", 4);
		assert_int_equal(C_VerifyRecoverInit(FAKE_RO, &m, public_key(0x9C)), CKR_OK);
		if (all[i] == CKM_RSA_PKCS)
			assert_int_equal(C_VerifyRecover(FAKE_RO, s, len, out, &n),
					 CKR_SIGNATURE_INVALID);
	}
}

/* --- messages ------------------------------------------------------------------------------ */

static void many_messages_one_operation(void **state)
{
	CK_MECHANISM m = plain(CKM_SHA256_RSA_PKCS);
	CK_ULONG len = 0;
	uint8_t a[256], b[256];

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_MessageSignInit(FAKE_RO, &m, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_SignMessage(FAKE_RO, NULL, 0, GIVEN("one message"), NULL, &len), CKR_OK);
	assert_int_equal(C_SignMessage(FAKE_RO, NULL, 0, GIVEN("one message"), a, &len), CKR_OK);
	assert_int_equal(C_SignMessageBegin(FAKE_RO, NULL, 0), CKR_OK);
	assert_int_equal(C_SignMessage(FAKE_RO, NULL, 0, GIVEN("x"), b, &len),
			 CKR_OPERATION_ACTIVE);
	assert_int_equal(C_SignMessageNext(FAKE_RO, NULL, 0, GIVEN("one "), NULL, NULL), CKR_OK);
	assert_int_equal(C_SignMessageNext(FAKE_RO, NULL, 0, GIVEN("message"), b, &len), CKR_OK);
	assert_memory_equal(a, b, 256);
	assert_int_equal(C_SignMessageNext(FAKE_RO, NULL, 0, GIVEN("x"), b, &len),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_MessageSignFinal(FAKE_RO), CKR_OK);
	assert_int_equal(C_MessageSignFinal(FAKE_RO), CKR_OPERATION_NOT_INITIALIZED);
}

static void messages_are_verified_one_by_one(void **state)
{
	CK_MECHANISM m = plain(CKM_EDDSA);
	uint8_t s[512];
	size_t n;

	(void)state;
	fake_login(CKU_USER);
	n = sign(&m, 0x82, message, s);
	assert_int_equal(C_MessageVerifyInit(FAKE_RO, &m, public_key(0x82)), CKR_OK);
	assert_int_equal(C_VerifyMessage(FAKE_RO, NULL, 0, GIVEN("a message to sign"), s, n),
			 CKR_OK);
	assert_int_equal(C_VerifyMessage(FAKE_RO, NULL, 0, GIVEN("another"), s, n),
			 CKR_SIGNATURE_INVALID);
	assert_int_equal(C_VerifyMessageBegin(FAKE_RO, NULL, 0), CKR_OK);
	assert_int_equal(C_VerifyMessageNext(FAKE_RO, NULL, 0, GIVEN("a message"), NULL, 0),
			 CKR_OK);
	assert_int_equal(C_VerifyMessageNext(FAKE_RO, NULL, 0, GIVEN(" to sign"), s, n), CKR_OK);
	assert_int_equal(C_MessageVerifyFinal(FAKE_RO), CKR_OK);
}

#define CASE(f) cmocka_unit_test_setup(f, fake_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(rsa_pkcs1_with_every_hash),
		CASE(rsa_pkcs1_is_what_openssl_takes),
		CASE(pss_with_every_hash),
		CASE(pss_parameters_must_fit),
		CASE(raw_rsa_takes_a_number_below_the_modulus),
		CASE(pkcs1_takes_what_fits),
		CASE(ecdsa_with_every_hash),
		CASE(ecdsa_is_what_openssl_takes),
		CASE(ecdsa_takes_a_digest_of_any_length),
		CASE(eddsa_is_pure),
		CASE(parts_make_the_same_signature),
		CASE(a_length_may_be_asked_and_the_buffer_be_too_small),
		CASE(the_signature_key_signs_once_a_pin),
		CASE(the_card_key_signs_without_login),
		CASE(recovering_gives_back_what_was_signed),
		CASE(many_messages_one_operation),
		CASE(messages_are_verified_one_by_one),
	};

	return cmocka_run_group_tests(tests, fake_begin, fake_end);
}
