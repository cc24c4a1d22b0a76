/* Decryption, digests, agreement, wrapping; how operations begin, go on and end. */
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

static const struct sj_span message = { (const uint8_t *)"a message to sign", 17 };

/* --- encryption ------------------------------------------------------------------------------ */

static void encrypt(CK_MECHANISM *m, struct sj_span data, uint8_t out[256])
{
	CK_ULONG len = 256;

	assert_int_equal(C_EncryptInit(FAKE_RO, m, public_key(0x9D)), CKR_OK);
	assert_int_equal(C_Encrypt(FAKE_RO, (CK_BYTE_PTR)(uintptr_t)data.ptr, data.len, out, &len),
			 CKR_OK);
	assert_int_equal(len, 256);
}

static void what_is_encrypted_is_decrypted(void **state)
{
	uint8_t label[] = "label", sealed[256], out[256];
	CK_RSA_PKCS_OAEP_PARAMS p = { CKM_SHA256, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, label, 5 };
	CK_MECHANISM all[] = { plain(CKM_RSA_PKCS), { CKM_RSA_PKCS_OAEP, &p, sizeof(p) } };

	(void)state;
	fake_login(CKU_USER);
	for (size_t i = 0; i < N(all); i++) {
		CK_ULONG n = 0;

		encrypt(&all[i], message, sealed);
		assert_int_equal(C_DecryptInit(FAKE_RO, &all[i], private_key(0x9D)), CKR_OK);
		label[0] = i == 0 ? 'l' : 'x'; /* the operation has its own copy */
		assert_int_equal(C_Decrypt(FAKE_RO, sealed, 256, NULL, &n), CKR_OK);
		assert_true(n >= message.len && n < 256);
		n = 16;
		assert_int_equal(C_Decrypt(FAKE_RO, sealed, 256, out, &n), CKR_BUFFER_TOO_SMALL);
		assert_int_equal(n, message.len);
		assert_int_equal(C_Decrypt(FAKE_RO, sealed, 256, out, &n), CKR_OK);
		assert_true(sj_span_eq(sj_span(out, n), message));
		assert_int_equal(fake_uses(), i + 1); /* asked of the card once */
	}
}

static void decryption_has_one_error_for_every_fault(void **state)
{
	CK_RSA_PKCS_OAEP_PARAMS p = { CKM_SHA_1, CKG_MGF1_SHA1, 0, NULL, 0 };
	CK_MECHANISM raw = plain(CKM_RSA_X_509), pkcs1 = plain(CKM_RSA_PKCS);
	CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, &p, sizeof(p) };
	uint8_t sealed[256], out[256], big[256];
	CK_ULONG n = 256;

	(void)state;
	fake_login(CKU_USER);
	encrypt(&raw, message, sealed); /* no padding at all */
	assert_int_equal(C_DecryptInit(FAKE_RO, &pkcs1, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_Decrypt(FAKE_RO, sealed, 256, out, &n), CKR_ENCRYPTED_DATA_INVALID);
	assert_int_equal(C_DecryptInit(FAKE_RO, &oaep, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_Decrypt(FAKE_RO, sealed, 256, out, &n), CKR_ENCRYPTED_DATA_INVALID);
	memset(big, 0xFF, sizeof(big));
	assert_int_equal(C_DecryptInit(FAKE_RO, &pkcs1, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_Decrypt(FAKE_RO, big, 256, out, &n), CKR_ENCRYPTED_DATA_INVALID);
	assert_int_equal(C_DecryptInit(FAKE_RO, &pkcs1, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_Decrypt(FAKE_RO, sealed, 255, out, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
}

static void encryption_in_parts(void **state)
{
	CK_MECHANISM m = plain(CKM_RSA_PKCS);
	uint8_t sealed[256], out[256];
	CK_ULONG n = 256, none = 256;

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_EncryptInit(FAKE_RO, &m, public_key(0x9D)), CKR_OK);
	assert_int_equal(C_EncryptUpdate(FAKE_RO, GIVEN("da"), sealed, &none), CKR_OK);
	assert_int_equal(none, 0);
	assert_int_equal(C_EncryptUpdate(FAKE_RO, GIVEN("ta"), sealed, &none), CKR_OK);
	assert_int_equal(C_EncryptFinal(FAKE_RO, sealed, &n), CKR_OK);
	assert_int_equal(C_DecryptInit(FAKE_RO, &m, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_DecryptUpdate(FAKE_RO, sealed, 100, out, &none), CKR_OK);
	assert_int_equal(C_DecryptUpdate(FAKE_RO, sealed + 100, 156, out, &none), CKR_OK);
	assert_int_equal(C_DecryptFinal(FAKE_RO, out, &n), CKR_OK);
	assert_true(sj_span_eq(sj_span(out, n), SJ_SPAN_STR("data")));
	assert_int_equal(C_EncryptInit(FAKE_RO, &m, public_key(0x9D)), CKR_OK);
	assert_int_equal(C_EncryptUpdate(FAKE_RO, sealed, 256, out, &none), CKR_OK);
	n = 256;
	assert_int_equal(C_EncryptFinal(FAKE_RO, out, &n), CKR_DATA_LEN_RANGE);
}

/* --- digests ------------------------------------------------------------------------------------ */

static void digests_whole_and_in_parts(void **state)
{
	CK_MECHANISM m = plain(CKM_SHA_1), other = plain(CKM_ECDSA);
	uint8_t out[20];
	CK_ULONG n = 0;

	(void)state;
	assert_int_equal(C_DigestInit(FAKE_RO, &other), CKR_MECHANISM_INVALID);
	assert_int_equal(C_DigestInit(FAKE_RO, &m), CKR_OK);
	assert_int_equal(C_Digest(FAKE_RO, GIVEN("abc"), NULL, &n), CKR_OK);
	assert_int_equal(n, 20);
	assert_int_equal(C_Digest(FAKE_RO, GIVEN("abc"), out, &n), CKR_OK);
	assert_hex(sj_span(out, 20), "A9993E364706816ABA3E25717850C26C9CD0D89D"); /* FIPS 180-4 */
	assert_int_equal(C_DigestInit(FAKE_RO, &m), CKR_OK);
	assert_int_equal(C_DigestUpdate(FAKE_RO, GIVEN("ab")), CKR_OK);
	assert_int_equal(C_DigestUpdate(FAKE_RO, GIVEN("c")), CKR_OK);
	assert_int_equal(C_DigestFinal(FAKE_RO, out, &n), CKR_OK);
	assert_hex(sj_span(out, 20), "A9993E364706816ABA3E25717850C26C9CD0D89D");
}

static void a_digest_in_one_piece_is_not_ended_in_parts(void **state)
{
	CK_MECHANISM m = plain(CKM_SHA256);
	uint8_t out[32];
	CK_ULONG n = 0;

	(void)state;
	assert_int_equal(C_DigestInit(FAKE_RO, &m), CKR_OK);
	assert_int_equal(C_Digest(FAKE_RO, GIVEN("abc"), NULL, &n), CKR_OK);
	assert_int_equal(C_DigestFinal(FAKE_RO, out, &n), CKR_OPERATION_ACTIVE);
	assert_int_equal(C_Digest(FAKE_RO, GIVEN("abc"), out, &n), CKR_OPERATION_NOT_INITIALIZED);
}

static void a_secret_key_may_be_digested(void **state)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) },
			     { CKA_VALUE, GIVEN("bc") } };
	CK_MECHANISM m = plain(CKM_SHA_1);
	CK_OBJECT_HANDLE key = 0;
	uint8_t out[20];
	CK_ULONG n = 20;

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_CreateObject(FAKE_RO, t, N(t), &key), CKR_OK);
	assert_int_equal(C_DigestInit(FAKE_RO, &m), CKR_OK);
	assert_int_equal(C_DigestUpdate(FAKE_RO, GIVEN("a")), CKR_OK);
	assert_int_equal(C_DigestKey(FAKE_RO, key), CKR_OK);
	assert_int_equal(C_DigestFinal(FAKE_RO, out, &n), CKR_OK);
	assert_hex(sj_span(out, 20), "A9993E364706816ABA3E25717850C26C9CD0D89D");
	assert_int_equal(C_DigestInit(FAKE_RO, &m), CKR_OK);
	assert_int_equal(C_DigestKey(FAKE_RO, public_key(0x9A)), CKR_KEY_INDIGESTIBLE);
}

/* --- agreement -------------------------------------------------------------------------------------- */

/* The value of a key derived from a private one with this point, all told. */
static CK_RV derive(uint8_t id, CK_ECDH1_DERIVE_PARAMS *p, CK_ULONG length, CK_OBJECT_HANDLE *out)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) },
			     { CKA_SENSITIVE, &no, 1 },
			     { CKA_EXTRACTABLE, &yes, 1 },
			     { CKA_VALUE_LEN, &length, sizeof(length) } };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, p, sizeof(*p) };

	return C_DeriveKey(FAKE_RO, &m, private_key(id), t, length != 0 ? 5 : 4, out);
}

static void ecdh_agrees_with_the_other_side(void **state)
{
	const struct sj_random random = sj_random_system();
	uint8_t want[SJ_EC_FIELD_MAX], kdf[40], element[100];
	struct sj_ec_secret mine;
	struct sj_ec_point point;
	struct sj_public card;
	CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, 0, NULL };
	struct sj_writer w = SJ_WRITER_OF(element);
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	fake_login(CKU_USER);
	assert_true(sj_ec_secret_random(SJ_P256, &random, &mine));
	assert_true(sj_ec_multiply(SJ_P256, &mine, NULL, &point));
	assert_true(sj_public_read(fake_spki(0x84), &card));
	assert_true(sj_ec_agree(SJ_P256, &mine, &card.point, want));
	p.pPublicData = point.bytes;
	p.ulPublicDataLen = point.len;
	assert_int_equal(derive(0x84, &p, 0, &o), CKR_OK);
	assert_true(sj_span_eq(attribute_of(o, CKA_VALUE), sj_span(want, 32)));
	assert_int_equal(derive(0x84, &p, 16, &o), CKR_OK); /* leading bytes go (3.1, 6.3.17) */
	assert_true(sj_span_eq(attribute_of(o, CKA_VALUE), sj_span(want + 16, 16)));
	assert_int_equal(derive(0x84, &p, 33, &o), CKR_KEY_SIZE_RANGE);
	sj_put(&w, hex("0441"));
	sj_put(&w, sj_ec_point_span(&point));
	p = (CK_ECDH1_DERIVE_PARAMS){ CKD_SHA256_KDF, 4, (CK_BYTE_PTR)(uintptr_t) "info", w.len,
				      element };
	assert_int_equal(derive(0x84, &p, 40, &o), CKR_OK);
	assert_true(sj_kdf_x963(SJ_SHA256, sj_span(want, 32), SJ_SPAN_STR("info"), kdf, 40));
	assert_true(sj_span_eq(attribute_of(o, CKA_VALUE), SJ_SPAN_OF(kdf)));
}

static void x25519_agrees_too(void **state)
{
	const uint8_t mine[SJ_CFRG_KEY] = { 8, 9 };
	uint8_t point[SJ_CFRG_KEY], want[SJ_CFRG_KEY];
	CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, sizeof(point), point };
	struct sj_public card;
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	fake_login(CKU_USER);
	assert_true(sj_x25519_public(mine, point));
	assert_true(sj_public_read(fake_spki(0x83), &card));
	assert_true(sj_x25519_agree(mine, card.point.bytes, want));
	assert_int_equal(derive(0x83, &p, 0, &o), CKR_OK);
	assert_true(sj_span_eq(attribute_of(o, CKA_VALUE), SJ_SPAN_OF(want)));
}

static void derivations_that_cannot_be(void **state)
{
	uint8_t point[65] = { 4, 1 };
	CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, sizeof(point), point };
	CK_OBJECT_HANDLE o;

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(derive(0x84, &p, 0, &o),
			 CKR_MECHANISM_PARAM_INVALID); /* not on the curve */
	p.ulPublicDataLen = 0;
	assert_int_equal(derive(0x84, &p, 0, &o), CKR_MECHANISM_PARAM_INVALID);
	p.ulPublicDataLen = sizeof(point);
	p.kdf = CKD_CPDIVERSIFY_KDF;
	assert_int_equal(derive(0x84, &p, 0, &o), CKR_MECHANISM_PARAM_INVALID);
	p.kdf = CKD_NULL;
	assert_int_equal(derive(0x9E, &p, 0, &o), CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(derive(0x9A, &p, 0, &o), CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(derive(0x82, &p, 0, &o), CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(fake_uses(), 0);
}

/* --- wrapping ---------------------------------------------------------------------------------------- */

static void a_wrapped_key_comes_back(void **state)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) },
			     { CKA_EXTRACTABLE, &yes, 1 },
			     { CKA_SENSITIVE, &no, 1 },
			     { CKA_VALUE, GIVEN("0123456789abcdef") } };
	CK_MECHANISM m = plain(CKM_RSA_PKCS);
	CK_OBJECT_HANDLE key = 0, back = 0;
	uint8_t wrapped[256];
	CK_ULONG n = 0;

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_CreateObject(FAKE_RO, t, 5, &key), CKR_OK);
	assert_int_equal(C_WrapKey(FAKE_RO, &m, public_key(0x9D), key, NULL, &n), CKR_OK);
	assert_int_equal(C_WrapKey(FAKE_RO, &m, public_key(0x9D), key, wrapped, &n), CKR_OK);
	assert_int_equal(C_UnwrapKey(FAKE_RO, &m, private_key(0x9D), wrapped, n, t, 4, &back),
			 CKR_OK);
	assert_true(sj_span_eq(attribute_of(back, CKA_VALUE), SJ_SPAN_STR("0123456789abcdef")));
	assert_int_equal(number_of(back, CKA_VALUE_LEN), 16);
	assert_int_equal(C_UnwrapKey(FAKE_RO, &m, private_key(0x9D), wrapped, n, t, 5, &back),
			 CKR_ATTRIBUTE_READ_ONLY);
	wrapped[0] ^= 1;
	assert_int_equal(C_UnwrapKey(FAKE_RO, &m, private_key(0x9D), wrapped, n, t, 4, &back),
			 CKR_WRAPPED_KEY_INVALID);
	assert_int_equal(C_UnwrapKey(FAKE_RO, &m, private_key(0x9D), wrapped, 255, t, 4, &back),
			 CKR_WRAPPED_KEY_LEN_RANGE);
}

static void keys_that_may_not_be_wrapped(void **state)
{
	CK_MECHANISM m = plain(CKM_RSA_PKCS);
	uint8_t wrapped[256];
	CK_ULONG n = 256;

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_WrapKey(FAKE_RO, &m, public_key(0x9D), private_key(0x9A), wrapped, &n),
			 CKR_KEY_UNEXTRACTABLE);
	assert_int_equal(C_WrapKey(FAKE_RO, &m, public_key(0x9D), public_key(0x9A), wrapped, &n),
			 CKR_KEY_NOT_WRAPPABLE);
	assert_int_equal(C_WrapKey(FAKE_RO, &m, public_key(0x9A), private_key(0x9A), wrapped, &n),
			 CKR_WRAPPING_KEY_TYPE_INCONSISTENT);
	assert_int_equal(C_WrapKey(FAKE_RO, &m, 1, private_key(0x9A), wrapped, &n),
			 CKR_WRAPPING_KEY_HANDLE_INVALID);
}

/* --- the rules of operations ---------------------------------------------------------------------------- */

static void one_operation_of_a_kind(void **state)
{
	CK_MECHANISM s = plain(CKM_ECDSA), d = plain(CKM_SHA256);

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_SignInit(FAKE_RO, &s, private_key(0x9A)), CKR_OK);
	assert_int_equal(C_SignInit(FAKE_RO, &s, private_key(0x9A)), CKR_OPERATION_ACTIVE);
	assert_int_equal(C_DigestInit(FAKE_RO, &d), CKR_OK);
	assert_int_equal(C_VerifyInit(FAKE_RO, &s, public_key(0x9A)), CKR_OK);
	assert_int_equal(C_SignInit(FAKE_RW, &s, private_key(0x9A)), CKR_OK); /* another session */
	assert_int_equal(C_SignInit(FAKE_RO, NULL, 0), CKR_OK); /* ends it */
	assert_int_equal(C_SignInit(FAKE_RO, &s, private_key(0x9A)), CKR_OK);
}

static void a_key_must_fit_and_may(void **state)
{
	CK_MECHANISM ecdsa = plain(CKM_ECDSA), rsa = plain(CKM_RSA_PKCS), odd = plain(0x12345);
	CK_MECHANISM eddsa = plain(CKM_EDDSA), parameter = { CKM_ECDSA, &odd, sizeof(odd) };

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_SignInit(FAKE_RO, &rsa, private_key(0x9A)), CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(C_SignInit(FAKE_RO, &ecdsa, public_key(0x9A)), CKR_KEY_TYPE_INCONSISTENT);
	assert_int_equal(C_SignInit(FAKE_RO, &odd, private_key(0x9A)), CKR_MECHANISM_INVALID);
	assert_int_equal(C_SignInit(FAKE_RO, &ecdsa, 77), CKR_KEY_HANDLE_INVALID);
	assert_int_equal(C_SignInit(FAKE_RO, &parameter, private_key(0x9A)),
			 CKR_MECHANISM_PARAM_INVALID);
	assert_int_equal(C_DecryptInit(FAKE_RO, &rsa, private_key(0x9C)),
			 CKR_KEY_FUNCTION_NOT_PERMITTED);
	assert_int_equal(C_EncryptInit(FAKE_RO, &ecdsa, public_key(0x9A)), CKR_MECHANISM_INVALID);
	fake_old_card();
	assert_int_equal(C_SignInit(FAKE_RO, &eddsa, private_key(0x82)), CKR_MECHANISM_INVALID);
}

static void logout_ends_what_the_user_began(void **state)
{
	CK_MECHANISM s = plain(CKM_ECDSA), d = plain(CKM_SHA256);
	CK_ULONG n = 64;
	uint8_t out[64];

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_SignInit(FAKE_RO, &s, private_key(0x9A)), CKR_OK);
	assert_int_equal(C_DigestInit(FAKE_RO, &d), CKR_OK);
	fake_logout();
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("d"), out, &n), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_Digest(FAKE_RO, GIVEN("d"), out, &n), CKR_OK);
}

/* Operations of the user end in the middle of themselves. */
static void the_card_forgets_the_pin(void **state)
{
	CK_MECHANISM ecdsa = plain(CKM_ECDSA), rsa = plain(CKM_RSA_PKCS);
	CK_OBJECT_HANDLE key;
	uint8_t sealed[256], out[256];
	CK_ULONG n = 256;

	(void)state;
	fake_login(CKU_USER);
	key = private_key(0x9A);
	encrypt(&rsa, message, sealed);
	assert_int_equal(C_SignInit(FAKE_RO, &ecdsa, key), CKR_OK);
	assert_int_equal(C_MessageSignInit(FAKE_RO, &ecdsa, key), CKR_OK);
	assert_int_equal(C_DecryptInit(FAKE_RW, &rsa, private_key(0x9D)), CKR_OK);
	fake_forgets();
	assert_int_equal(C_SignMessage(FAKE_RO, NULL, 0, GIVEN("d"), out, &n),
			 CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("d"), out, &n), CKR_OPERATION_NOT_INITIALIZED);
	fake_login(CKU_USER);
	assert_int_equal(C_DecryptInit(FAKE_RO, &rsa, private_key(0x9D)), CKR_OK);
	assert_int_equal(C_Decrypt(FAKE_RO, sealed, 256, out, &n), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(C_Decrypt(FAKE_RW, sealed, 256, out, &n), CKR_OPERATION_NOT_INITIALIZED);
}

static void an_object_goes_while_it_is_read(void **state)
{
	CK_ATTRIBUTE t[] = { { CKA_SUBJECT, NULL, 0 },
			     { CKA_ID, NULL, 0 },
			     { CKA_LABEL, NULL, 0 } };
	CK_OBJECT_HANDLE key;

	(void)state;
	fake_login(CKU_USER);
	key = private_key(0x9A);
	fake_forgets();
	assert_int_equal(C_GetAttributeValue(FAKE_RO, key, t, 3), CKR_DEVICE_ERROR);
	assert_int_equal(C_FindObjectsInit(FAKE_RO, t, 1), CKR_DEVICE_ERROR);
	assert_int_equal(C_FindObjectsFinal(FAKE_RO), CKR_OPERATION_NOT_INITIALIZED);
}

static void operations_are_cancelled_by_flags(void **state)
{
	CK_MECHANISM s = plain(CKM_ECDSA), d = plain(CKM_SHA256);
	struct p11_session *session;
	CK_ULONG n = 64;
	uint8_t out[64];

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_SignInit(FAKE_RO, &s, private_key(0x9A)), CKR_OK);
	assert_int_equal(C_DigestInit(FAKE_RO, &d), CKR_OK);
	assert_int_equal(C_FindObjectsInit(FAKE_RO, NULL, 0), CKR_OK);
	assert_int_equal(p11_session_enter(FAKE_RO, &session), CKR_OK);
	assert_int_equal(p11_operations_cancel(session, CKF_SIGN | CKF_FIND_OBJECTS), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("d"), out, &n), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_FindObjectsFinal(FAKE_RO), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_Digest(FAKE_RO, GIVEN("d"), out, &n), CKR_OK);
}

static void parts_and_whole_do_not_mix(void **state)
{
	CK_MECHANISM m = plain(CKM_ECDSA_SHA256);
	CK_ULONG n = 64;
	uint8_t out[64];

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(0x9A)), CKR_OK);
	assert_int_equal(C_SignUpdate(FAKE_RO, GIVEN("d")), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, GIVEN("d"), out, &n), CKR_OPERATION_ACTIVE);
	assert_int_equal(C_SignInit(FAKE_RO, &m, private_key(0x9A)), CKR_OK);
	assert_int_equal(C_Sign(FAKE_RO, NULL, 4, out, &n), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_SignUpdate(FAKE_RO, GIVEN("d")), CKR_OPERATION_NOT_INITIALIZED);
}

/* --- what the card can --------------------------------------------------------------------------------------- */

static void the_list_is_that_of_the_card(void **state)
{
	CK_MECHANISM_TYPE list[64];
	CK_MECHANISM_INFO info;
	CK_ULONG all = 0, old = 0;

	(void)state;
	assert_int_equal(C_GetMechanismList(0, NULL, &all), CKR_OK);
	old = 1;
	assert_int_equal(C_GetMechanismList(0, list, &old), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(old, all);
	assert_int_equal(C_GetMechanismList(0, list, &old), CKR_OK);
	for (CK_ULONG i = 0; i < all; i++)
		assert_int_equal(C_GetMechanismInfo(0, list[i], &info), CKR_OK);
	assert_int_equal(fake_asked(), 1);
	fake_old_card();
	assert_int_equal(C_GetMechanismList(0, NULL, &old), CKR_OK);
	assert_int_equal(all - old, 3); /* EDDSA and two kinds of pairs */
	assert_int_equal(C_GetMechanismInfo(0, CKM_EDDSA, &info), CKR_MECHANISM_INVALID);
	assert_int_equal(C_GetMechanismInfo(0, CKM_AES_CBC, &info), CKR_MECHANISM_INVALID);
	assert_int_equal(C_GetMechanismInfo(1, CKM_ECDSA, &info), CKR_SLOT_ID_INVALID);
}

static void a_mechanism_says_what_it_does(void **state)
{
	CK_MECHANISM_INFO info;

	(void)state;
	assert_int_equal(C_GetMechanismInfo(0, CKM_RSA_PKCS, &info), CKR_OK);
	assert_int_equal(info.ulMinKeySize, 2048);
	assert_int_equal(info.ulMaxKeySize, 4096);
	assert_true(info.flags & CKF_UNWRAP);
	assert_int_equal(C_GetMechanismInfo(0, CKM_ECDSA, &info), CKR_OK);
	assert_int_equal(info.ulMaxKeySize, 384);
	assert_true(info.flags & CKF_EC_F_P);
	assert_int_equal(C_GetMechanismInfo(0, CKM_SHA256, &info), CKR_OK);
	assert_int_equal(info.flags, CKF_DIGEST);
	assert_int_equal(C_GetMechanismInfo(0, CKM_ECDSA, NULL), CKR_ARGUMENTS_BAD);
}

static void a_public_key_of_a_program_verifies(void **state)
{
	const uint8_t secret[SJ_CFRG_KEY] = { 1 };
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC_EDWARDS;
	uint8_t point[SJ_CFRG_KEY], s[SJ_ED25519_SIGNATURE];
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) },
			     { CKA_EC_PARAMS, GIVEN("\x06\x03\x2B\x65\x70") },
			     { CKA_EC_POINT, point, sizeof(point) } };
	CK_MECHANISM m = plain(CKM_EDDSA);
	CK_OBJECT_HANDLE key = 0;

	(void)state;
	assert_true(sj_ed25519_public(secret, point));
	assert_true(sj_ed25519_sign(secret, message, s));
	assert_int_equal(C_CreateObject(FAKE_RO, t, N(t), &key), CKR_OK);
	assert_int_equal(C_VerifyInit(FAKE_RO, &m, key), CKR_OK);
	assert_int_equal(C_Verify(FAKE_RO, GIVEN("a message to sign"), s, sizeof(s)), CKR_OK);
}

#define CASE(f) cmocka_unit_test_setup(f, fake_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_encrypted_is_decrypted),
		CASE(decryption_has_one_error_for_every_fault),
		CASE(encryption_in_parts),
		CASE(digests_whole_and_in_parts),
		CASE(a_digest_in_one_piece_is_not_ended_in_parts),
		CASE(a_secret_key_may_be_digested),
		CASE(ecdh_agrees_with_the_other_side),
		CASE(x25519_agrees_too),
		CASE(derivations_that_cannot_be),
		CASE(a_wrapped_key_comes_back),
		CASE(keys_that_may_not_be_wrapped),
		CASE(one_operation_of_a_kind),
		CASE(a_key_must_fit_and_may),
		CASE(logout_ends_what_the_user_began),
		CASE(the_card_forgets_the_pin),
		CASE(an_object_goes_while_it_is_read),
		CASE(operations_are_cancelled_by_flags),
		CASE(parts_and_whole_do_not_mix),
		CASE(the_list_is_that_of_the_card),
		CASE(a_mechanism_says_what_it_does),
		CASE(a_public_key_of_a_program_verifies),
	};

	return cmocka_run_group_tests(tests, fake_begin, fake_end);
}
