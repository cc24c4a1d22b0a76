/* Objects of the card, their attributes, searches. */
#include "tests/pkcs11/fake/card.h"

static CK_OBJECT_HANDLE any(CK_OBJECT_CLASS class)
{
	return find_key(class, 0);
}

static CK_RV get(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE t = { type, NULL, 0 };

	return C_GetAttributeValue(FAKE_RO, object, &t, 1);
}

/* --- the card's objects ------------------------------------------------------------- */

static void private_objects_are_seen_after_login(void **state)
{
	CK_ATTRIBUTE keys[] = { CLASS(CKO_PRIVATE_KEY) };
	CK_ATTRIBUTE data[] = { CLASS(CKO_DATA) };
	CK_OBJECT_HANDLE key;

	(void)state;
	assert_int_equal(find_count(FAKE_RO, keys, 1), 1); /* 9E, which wants no PIN */
	assert_int_equal(find_count(FAKE_RO, data, 1), 2);
	fake_login(CKU_USER);
	assert_int_equal(find_count(FAKE_RO, keys, 1), 7);
	assert_int_equal(find_count(FAKE_RO, data, 1), 3);
	key = find_key(CKO_PRIVATE_KEY, 0x9A);
	fake_logout();
	assert_int_equal(get(key, CKA_CLASS), CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(find_count(FAKE_RO, data, 1), 2);
}

static void the_so_sees_private_keys_but_no_private_data(void **state)
{
	CK_ATTRIBUTE keys[] = { CLASS(CKO_PRIVATE_KEY) };
	CK_ATTRIBUTE data[] = { CLASS(CKO_DATA) };

	(void)state;
	fake_login(CKU_SO);
	assert_int_equal(find_count(FAKE_RO, keys, 1), 7);
	assert_int_equal(find_count(FAKE_RO, data, 1), 2);
}

static void certificate_public_and_private_key_share_an_id(void **state)
{
	CK_ATTRIBUTE t[] = { TEXT(CKA_ID, "\x9A") };

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(find_count(FAKE_RO, t, 1), 3);
	assert_int_equal(find_key(CKO_CERTIFICATE, 0x9A), find_key(CKO_CERTIFICATE, 0x9A));
}

static void a_certificate_tells_what_is_in_it(void **state)
{
	CK_OBJECT_HANDLE o = find_key(CKO_CERTIFICATE, 0x9A);
	uint8_t hash[SJ_HASH_MAX];
	struct sj_span der = fake_certificate(), value;

	(void)state;
	assert_true(sj_span_eq(attribute_of(o, CKA_VALUE), der));
	assert_int_equal(number_of(o, CKA_CERTIFICATE_TYPE), CKC_X_509);
	assert_int_equal(number_of(o, CKA_CERTIFICATE_CATEGORY),
			 CK_CERTIFICATE_CATEGORY_TOKEN_USER);
	assert_hex(attribute_of(o, CKA_SERIAL_NUMBER), "020312AB34");
	assert_true(sj_span_eq(attribute_of(o, CKA_SUBJECT), attribute_of(o, CKA_ISSUER)));
	value = attribute_of(o, CKA_END_DATE);
	assert_int_equal(value.len, 8);
	assert_memory_equal(value.ptr, "20361120", 8);
	assert_true(sj_hash(SJ_SHA1, &der, 1, hash));
	assert_true(sj_span_eq(attribute_of(o, CKA_CHECK_VALUE), sj_span(hash, 3)));
	assert_true(flag_of(o, CKA_TOKEN));
	assert_false(flag_of(o, CKA_PRIVATE));
	assert_false(flag_of(o, CKA_TRUSTED));
	assert_int_equal(number_of(o, CKA_NAME_HASH_ALGORITHM), CKM_SHA_1);
	assert_int_equal(attribute_of(o, CKA_URL).len, 0);
	assert_int_equal(attribute_of(o, CKA_PUBLIC_KEY_INFO).ptr[0], 0x30);
}

static void an_rsa_key_tells_its_numbers(void **state)
{
	CK_OBJECT_HANDLE public = find_key(CKO_PUBLIC_KEY, 0x9D), private;

	(void)state;
	fake_login(CKU_USER);
	private = find_key(CKO_PRIVATE_KEY, 0x9D);
	assert_int_equal(number_of(public, CKA_KEY_TYPE), CKK_RSA);
	assert_int_equal(number_of(public, CKA_MODULUS_BITS), 2048);
	assert_int_equal(attribute_of(public, CKA_MODULUS).len, 256);
	assert_hex(attribute_of(private, CKA_PUBLIC_EXPONENT), "010001");
	assert_int_equal(get(private, CKA_MODULUS_BITS), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_true(flag_of(private, CKA_DECRYPT));
	assert_true(flag_of(private, CKA_UNWRAP));
	assert_false(flag_of(private, CKA_DERIVE));
	assert_false(flag_of(private, CKA_LOCAL)); /* imported, says the card */
	assert_int_equal(number_of(private, CKA_KEY_GEN_MECHANISM), CK_UNAVAILABLE_INFORMATION);
}

static void a_curve_key_tells_its_point(void **state)
{
	CK_OBJECT_HANDLE o = find_key(CKO_PUBLIC_KEY, 0x9A);

	(void)state;
	assert_hex(attribute_of(o, CKA_EC_PARAMS), "06082A8648CE3D030107");
	assert_int_equal(attribute_of(o, CKA_EC_POINT).len, 67);
	assert_int_equal(attribute_of(o, CKA_EC_POINT).ptr[0], 0x04);
	assert_int_equal(number_of(o, CKA_KEY_GEN_MECHANISM), CKM_EC_KEY_PAIR_GEN);
	assert_true(flag_of(o, CKA_LOCAL));
	assert_true(sj_span_eq(attribute_of(o, CKA_PUBLIC_KEY_INFO), fake_spki(0x9A)));
	o = find_key(CKO_PUBLIC_KEY, 0x82);
	assert_int_equal(number_of(o, CKA_KEY_TYPE), CKK_EC_EDWARDS);
	assert_hex(attribute_of(o, CKA_EC_PARAMS), "130C656477617264733235353139");
	assert_int_equal(attribute_of(o, CKA_EC_POINT).len, 34);
	o = find_key(CKO_PUBLIC_KEY, 0x83);
	assert_int_equal(number_of(o, CKA_KEY_TYPE), CKK_EC_MONTGOMERY);
	assert_hex(attribute_of(o, CKA_EC_PARAMS), "130A63757276653235353139");
}

static void private_keys_keep_their_secrets(void **state)
{
	CK_OBJECT_HANDLE rsa, ec;

	(void)state;
	fake_login(CKU_USER);
	rsa = find_key(CKO_PRIVATE_KEY, 0x9D);
	ec = find_key(CKO_PRIVATE_KEY, 0x9A);
	assert_int_equal(get(rsa, CKA_PRIVATE_EXPONENT), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(get(rsa, CKA_COEFFICIENT), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(get(rsa, CKA_VALUE), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_int_equal(get(ec, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(get(ec, CKA_PRIME_1), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_true(flag_of(ec, CKA_SENSITIVE));
	assert_false(flag_of(ec, CKA_EXTRACTABLE));
	assert_true(flag_of(ec, CKA_ALWAYS_SENSITIVE));
	assert_false(flag_of(rsa, CKA_NEVER_EXTRACTABLE));
	assert_false(flag_of(ec, CKA_MODIFIABLE));
}

static void the_signature_key_wants_the_pin_each_time(void **state)
{
	(void)state;
	fake_login(CKU_USER);
	assert_true(flag_of(find_key(CKO_PRIVATE_KEY, 0x9C), CKA_ALWAYS_AUTHENTICATE));
	assert_false(flag_of(find_key(CKO_PRIVATE_KEY, 0x9A), CKA_ALWAYS_AUTHENTICATE));
	assert_false(flag_of(find_key(CKO_PRIVATE_KEY, 0x9C), CKA_DECRYPT));
}

static void a_keys_subject_is_its_certificates(void **state)
{
	(void)state;
	fake_login(CKU_USER);
	assert_true(sj_span_eq(attribute_of(find_key(CKO_PRIVATE_KEY, 0x9A), CKA_SUBJECT),
			       attribute_of(find_key(CKO_CERTIFICATE, 0x9A), CKA_SUBJECT)));
	assert_int_equal(attribute_of(find_key(CKO_PUBLIC_KEY, 0x9D), CKA_SUBJECT).len, 0);
}

static void a_key_names_the_mechanisms_it_serves(void **state)
{
	struct sj_span list = attribute_of(find_key(CKO_PUBLIC_KEY, 0x82), CKA_ALLOWED_MECHANISMS);
	CK_MECHANISM_TYPE only;

	(void)state;
	assert_int_equal(list.len, sizeof(only));
	memcpy(&only, list.ptr, sizeof(only));
	assert_int_equal(only, CKM_EDDSA);
}

static void unique_ids_differ_and_stay(void **state)
{
	CK_OBJECT_HANDLE a = find_key(CKO_PUBLIC_KEY, 0x9A), b = find_key(CKO_CERTIFICATE, 0x9A);
	uint8_t before[64];
	struct sj_span id = attribute_of(a, CKA_UNIQUE_ID);

	(void)state;
	memcpy(before, id.ptr, id.len);
	assert_false(sj_span_eq(id, attribute_of(b, CKA_UNIQUE_ID)));
	(void)fake_reset(NULL);
	assert_true(sj_span_eq(attribute_of(a, CKA_UNIQUE_ID), sj_span(before, id.len)));
}

/* Also of a copy, and before anybody has asked for them. */
static void objects_are_found_by_what_is_calculated(void **state)
{
	CK_OBJECT_HANDLE certificate = find_key(CKO_CERTIFICATE, 0x9A), copy = 0;
	struct sj_span told = attribute_of(certificate, CKA_UNIQUE_ID);
	uint8_t id[64], check[3];
	CK_ATTRIBUTE by_id = { CKA_UNIQUE_ID, id, told.len },
		     by_check = { CKA_CHECK_VALUE, check, sizeof(check) };

	(void)state;
	memcpy(id, told.ptr, told.len);
	memcpy(check, attribute_of(certificate, CKA_CHECK_VALUE).ptr, sizeof(check));
	(void)fake_reset(NULL);
	assert_int_equal(find_count(FAKE_RO, &by_id, 1), 1);
	assert_int_equal(find_count(FAKE_RO, &by_check, 1), 1);
	assert_int_equal(C_CopyObject(FAKE_RO, certificate, NULL, 0, &copy), CKR_OK);
	assert_int_equal(find_count(FAKE_RO, &by_check, 1), 2);
	assert_int_equal(find_count(FAKE_RO, &by_id, 1), 1);
	assert_true(sj_span_eq(attribute_of(copy, CKA_CHECK_VALUE), SJ_SPAN_OF(check)));
}

static void profiles_are_told(void **state)
{
	CK_PROFILE_ID id = CKP_AUTHENTICATION_TOKEN;
	CK_ATTRIBUTE t[] = { CLASS(CKO_PROFILE), { CKA_PROFILE_ID, &id, sizeof(id) } };

	(void)state;
	assert_int_equal(find_count(FAKE_RO, t, 1), 4);
	assert_int_equal(find_count(FAKE_RO, t, 2), 1);
}

static void mechanisms_and_features_are_found_by_class_only(void **state)
{
	CK_ATTRIBUTE mechanisms[] = { CLASS(CKO_MECHANISM) },
		     features[] = { CLASS(CKO_HW_FEATURE) };
	CK_ATTRIBUTE one[] = { { CKA_MECHANISM_TYPE, &(CK_MECHANISM_TYPE){ CKM_ECDSA },
				 sizeof(CK_MECHANISM_TYPE) } };

	(void)state;
	assert_true(find_count(FAKE_RO, mechanisms, 1) > 25);
	assert_int_equal(find_count(FAKE_RO, features, 1), 0); /* no keypad */
	assert_int_equal(find_count(FAKE_RO, one, 1), 0);
	fake_keypad();
	assert_int_equal(find_count(FAKE_RO, features, 1), 1);
	assert_int_equal(number_of(any(CKO_HW_FEATURE), CKA_HW_FEATURE_TYPE), CKH_USER_INTERFACE);
}

static void a_data_object_has_its_name_and_number(void **state)
{
	CK_OBJECT_HANDLE o = p11_token_handle(CKO_DATA, 0x5FC102);

	(void)state;
	assert_hex(attribute_of(o, CKA_OBJECT_ID), "060960864801650307"
						   "3000");
	assert_true(sj_span_eq(attribute_of(o, CKA_VALUE), SJ_SPAN_STR("chuid")));
	assert_true(sj_span_eq(attribute_of(o, CKA_APPLICATION), SJ_SPAN_STR("PIV")));
}

/* --- reading attributes ----------------------------------------------------------------- */

static void every_attribute_is_answered_whatever_the_others(void **state)
{
	CK_OBJECT_HANDLE o;
	uint8_t small[1], params[16];
	CK_ATTRIBUTE t[] = { { CKA_VALUE, NULL, 0 },
			     { CKA_WRAP, NULL, 0 },
			     { CKA_EC_POINT, small, sizeof(small) },
			     { CKA_EC_PARAMS, params, sizeof(params) } };

	(void)state;
	fake_login(CKU_USER);
	o = find_key(CKO_PRIVATE_KEY, 0x9A);
	assert_int_equal(C_GetAttributeValue(FAKE_RO, o, t, N(t)), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(t[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(t[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(t[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(t[3].ulValueLen, 10);
	assert_int_equal(C_GetAttributeValue(FAKE_RO, o, t + 1, 1), CKR_ATTRIBUTE_TYPE_INVALID);
	t[2].ulValueLen = 1;
	assert_int_equal(C_GetAttributeValue(FAKE_RO, o, t + 2, 1), CKR_BUFFER_TOO_SMALL);
}

static void handles_that_name_nothing(void **state)
{
	static const CK_OBJECT_HANDLE none[] = { 0,          1,          0x9A,
						 0x040000FF, 0x02000096, 0x40000000,
						 0x7FFFFFFF, ~0UL,       0x04000095 };

	(void)state;
	fake_login(CKU_USER);
	for (size_t i = 0; i < N(none); i++)
		assert_int_equal(get(none[i], CKA_CLASS), CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(C_GetAttributeValue(3, none[0], NULL, 0), CKR_SESSION_HANDLE_INVALID);
}

static void a_size_is_told(void **state)
{
	CK_ULONG size = 0;

	(void)state;
	assert_int_equal(C_GetObjectSize(FAKE_RO, find_key(CKO_CERTIFICATE, 0x9A), &size), CKR_OK);
	assert_true(size > fake_certificate().len);
}

/* --- searching ------------------------------------------------------------------------------ */

static void a_search_has_a_beginning_and_an_end(void **state)
{
	CK_OBJECT_HANDLE found[3];
	CK_ULONG n = 9, sum = 0;

	(void)state;
	assert_int_equal(C_FindObjects(FAKE_RO, found, 3, &n), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_FindObjectsInit(FAKE_RO, NULL, 0), CKR_OK);
	assert_int_equal(C_FindObjectsInit(FAKE_RO, NULL, 0), CKR_OPERATION_ACTIVE);
	do {
		assert_int_equal(C_FindObjects(FAKE_RO, found, 3, &n), CKR_OK);
		sum += n;
	} while (n != 0);
	/* one certificate, seven public keys, 9E's private one, two data objects, four profiles */
	assert_int_equal(sum, 15);
	assert_int_equal(C_FindObjectsFinal(FAKE_RO), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(FAKE_RO), CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(C_FindObjectsInit(FAKE_RO, NULL, 1), CKR_ARGUMENTS_BAD);
}

static void hidden_attributes_match_nothing(void **state)
{
	CK_ATTRIBUTE t[] = { CLASS(CKO_PRIVATE_KEY), { CKA_VALUE, NULL, 0 } };
	CK_ATTRIBUTE odd[] = { { CKA_CLASS, NULL, sizeof(CK_OBJECT_CLASS) } };

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(find_count(FAKE_RO, t, 2), 0);
	assert_int_equal(find_count(FAKE_RO, odd, 1), 0);
}

static void a_subject_finds_certificate_and_keys(void **state)
{
	struct sj_span subject = attribute_of(find_key(CKO_CERTIFICATE, 0x9A), CKA_SUBJECT);
	CK_ATTRIBUTE t[] = { BYTES(CKA_SUBJECT, subject) };

	(void)state;
	fake_login(CKU_USER);
	assert_int_equal(find_count(FAKE_RO, t, 1), 3);
}

/* --- cards that say anything ------------------------------------------------------------------- */

/* Finds all objects and reads all attributes that there are; how many objects. */
static size_t read_everything(void)
{
	static const CK_ATTRIBUTE_TYPE last = CKA_ALWAYS_AUTHENTICATE;
	CK_OBJECT_HANDLE found[64];
	uint8_t value[2048];
	CK_ULONG n = 0;

	fake_changed();
	assert_int_equal(C_FindObjectsInit(FAKE_RO, NULL, 0), CKR_OK);
	assert_int_equal(C_FindObjects(FAKE_RO, found, 64, &n), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(FAKE_RO), CKR_OK);
	for (CK_ULONG i = 0; i < n; i++)
		for (CK_ATTRIBUTE_TYPE type = 0; type <= last; type++) {
			CK_ATTRIBUTE t = { type, value, sizeof(value) };
			const CK_RV rv = C_GetAttributeValue(FAKE_RO, found[i], &t, 1);

			assert_true(rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
				    rv == CKR_ATTRIBUTE_SENSITIVE);
			assert_true(rv == CKR_OK || t.ulValueLen == CK_UNAVAILABLE_INFORMATION);
		}
	return n;
}

/* Every certificate is shown, whatever it is; keys only if they are keys. */
static void certificates_of_any_bytes(void **state)
{
	size_t *len, all;
	uint8_t *bytes = fake_told_certificate(&len);

	(void)state;
	fake_login(CKU_USER);
	all = read_everything();
	for (size_t i = 0; i < *len; i += 3) {
		bytes[i] ^= 0x5A;
		assert_int_equal(read_everything(), all);
		bytes[i] ^= 0x5A;
	}
	for (*len = 120; *len > 0; --*len)
		assert_int_equal(read_everything(), all);
	assert_int_equal(read_everything(), all - 1);
}

static void keys_of_any_bytes(void **state)
{
	static const uint8_t refs[] = { 0x9A, 0x9D, 0x82 };
	size_t *len, all, size;

	(void)state;
	fake_login(CKU_USER);
	all = read_everything();
	for (size_t k = 0; k < N(refs); k++) {
		uint8_t *bytes = fake_told_spki(refs[k], &len);

		size = *len;
		for (size_t i = 0; i < size; i += 3) {
			bytes[i] ^= 0x5A;
			assert_in_range(read_everything(), all - 2, all);
			bytes[i] ^= 0x5A;
		}
		for (*len = 0; *len < size; ++*len)
			assert_int_equal(read_everything(), all - 2);
	}
}

#define CASE(f) cmocka_unit_test_setup(f, fake_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(private_objects_are_seen_after_login),
		CASE(the_so_sees_private_keys_but_no_private_data),
		CASE(certificate_public_and_private_key_share_an_id),
		CASE(a_certificate_tells_what_is_in_it),
		CASE(an_rsa_key_tells_its_numbers),
		CASE(a_curve_key_tells_its_point),
		CASE(private_keys_keep_their_secrets),
		CASE(the_signature_key_wants_the_pin_each_time),
		CASE(a_keys_subject_is_its_certificates),
		CASE(a_key_names_the_mechanisms_it_serves),
		CASE(unique_ids_differ_and_stay),
		CASE(objects_are_found_by_what_is_calculated),
		CASE(profiles_are_told),
		CASE(mechanisms_and_features_are_found_by_class_only),
		CASE(a_data_object_has_its_name_and_number),
		CASE(every_attribute_is_answered_whatever_the_others),
		CASE(handles_that_name_nothing),
		CASE(a_size_is_told),
		CASE(a_search_has_a_beginning_and_an_end),
		CASE(hidden_attributes_match_nothing),
		CASE(a_subject_finds_certificate_and_keys),
		CASE(certificates_of_any_bytes),
		CASE(keys_of_any_bytes),
	};

	return cmocka_run_group_tests(tests, fake_begin, fake_end);
}
