/* Objects, their attributes, searches, and what sessions make of them. */
#include "tests/pkcs11/fake/card.h"
#include "wire/tlv.h"

#define CLASS(c) \
	{ \
		CKA_CLASS, &(CK_OBJECT_CLASS){ c }, sizeof(CK_OBJECT_CLASS) \
	}
#define TYPE(k) \
	{ \
		CKA_KEY_TYPE, &(CK_KEY_TYPE){ k }, sizeof(CK_KEY_TYPE) \
	}
#define FLAG(type, value) \
	{ \
		type, &(CK_BBOOL){ value }, 1 \
	}
#define BYTES(type, span) \
	{ \
		type, (void *)(uintptr_t)(span).ptr, (span).len \
	}
#define TEXT(type, text) \
	{ \
		type, (void *)(uintptr_t)(text), sizeof(text) - 1 \
	}
#define N(t) (sizeof(t) / sizeof((t)[0]))

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
	assert_int_equal(find_count(FAKE_RO, keys, 1), 6);
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
	assert_int_equal(find_count(FAKE_RO, keys, 1), 6);
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
	/* one certificate, six public keys, 9E's private one, two data objects, four profiles */
	assert_int_equal(sum, 14);
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

/* --- objects of a session ---------------------------------------------------------------------- */

static CK_OBJECT_HANDLE make_secret(bool sensitive, bool extractable)
{
	CK_ATTRIBUTE t[] = { CLASS(CKO_SECRET_KEY),
			     TYPE(CKK_GENERIC_SECRET),
			     TEXT(CKA_VALUE, "0123456789abcdef"),
			     TEXT(CKA_LABEL, "s"),
			     FLAG(CKA_SENSITIVE, sensitive),
			     FLAG(CKA_EXTRACTABLE, extractable) };
	CK_OBJECT_HANDLE o = 0;

	assert_int_equal(C_CreateObject(FAKE_RO, t, N(t), &o), CKR_OK);
	return o;
}

static void a_secret_key_is_told_only_if_it_may(void **state)
{
	CK_OBJECT_HANDLE open, closed;

	(void)state;
	fake_login(CKU_USER);
	open = make_secret(false, true);
	closed = make_secret(true, true);
	assert_int_equal(get(open, CKA_VALUE), CKR_OK);
	assert_int_equal(get(closed, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(get(make_secret(false, false), CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(number_of(closed, CKA_VALUE_LEN), 16);
	assert_int_equal(attribute_of(closed, CKA_CHECK_VALUE).len, 3);
	assert_false(flag_of(closed, CKA_LOCAL));
	assert_false(flag_of(closed, CKA_NEVER_EXTRACTABLE));
}

static void sensitive_is_a_one_way_street(void **state)
{
	CK_ATTRIBUTE on = FLAG(CKA_SENSITIVE, CK_TRUE), off = FLAG(CKA_SENSITIVE, CK_FALSE);
	CK_ATTRIBUTE token = FLAG(CKA_TOKEN, CK_TRUE), local = FLAG(CKA_LOCAL, CK_TRUE);
	CK_OBJECT_HANDLE o;

	(void)state;
	fake_login(CKU_USER);
	o = make_secret(false, true);
	assert_int_equal(C_SetAttributeValue(FAKE_RO, o, &on, 1), CKR_OK);
	assert_int_equal(get(o, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(C_SetAttributeValue(FAKE_RO, o, &off, 1), CKR_ATTRIBUTE_READ_ONLY);
	assert_int_equal(C_SetAttributeValue(FAKE_RO, o, &token, 1), CKR_ATTRIBUTE_READ_ONLY);
	assert_int_equal(C_SetAttributeValue(FAKE_RO, o, &local, 1), CKR_ATTRIBUTE_READ_ONLY);
}

static void a_change_is_made_whole_or_not_at_all(void **state)
{
	CK_ATTRIBUTE t[] = { TEXT(CKA_LABEL, "new"), FLAG(CKA_LOCAL, CK_TRUE) };
	CK_OBJECT_HANDLE o;

	(void)state;
	fake_login(CKU_USER);
	o = make_secret(false, true);
	assert_int_equal(C_SetAttributeValue(FAKE_RO, o, t, 2), CKR_ATTRIBUTE_READ_ONLY);
	assert_true(sj_span_eq(attribute_of(o, CKA_LABEL), SJ_SPAN_STR("s")));
	assert_int_equal(C_SetAttributeValue(FAKE_RO, o, t, 1), CKR_OK);
	assert_true(sj_span_eq(attribute_of(o, CKA_LABEL), SJ_SPAN_STR("new")));
}

static void copies_differ_as_their_template_says(void **state)
{
	CK_ATTRIBUTE t[] = { TEXT(CKA_LABEL, "copy"), FLAG(CKA_SENSITIVE, CK_TRUE) };
	CK_ATTRIBUTE off = FLAG(CKA_SENSITIVE, CK_FALSE);
	CK_OBJECT_HANDLE o, copy = 0, again = 0;

	(void)state;
	fake_login(CKU_USER);
	o = make_secret(false, true);
	assert_int_equal(C_CopyObject(FAKE_RO, o, t, 2, &copy), CKR_OK);
	assert_int_equal(get(o, CKA_VALUE), CKR_OK);
	assert_int_equal(get(copy, CKA_VALUE), CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(C_CopyObject(FAKE_RO, copy, &off, 1, &again), CKR_ATTRIBUTE_READ_ONLY);
	assert_int_equal(C_CopyObject(FAKE_RO, find_key(CKO_PRIVATE_KEY, 0x9A), NULL, 0, &again),
			 CKR_ACTION_PROHIBITED);
	assert_int_equal(C_CopyObject(FAKE_RO, find_key(CKO_PUBLIC_KEY, 0x9A), t, 1, &again),
			 CKR_OK);
	assert_false(flag_of(again, CKA_TOKEN));
	assert_true(flag_of(again, CKA_MODIFIABLE));
}

static void session_objects_end_with_session_and_login(void **state)
{
	CK_ATTRIBUTE t[] = { CLASS(CKO_DATA), TEXT(CKA_LABEL, "public"), TEXT(CKA_VALUE, "v") };
	CK_OBJECT_HANDLE secret, data = 0;

	(void)state;
	fake_login(CKU_USER);
	secret = make_secret(false, true);
	assert_int_equal(C_CreateObject(FAKE_RO, t, N(t), &data), CKR_OK);
	assert_int_equal(C_DestroyObject(FAKE_RW, data), CKR_OK);
	assert_int_equal(C_CreateObject(FAKE_RO, t, N(t), &data), CKR_OK);
	fake_logout();
	assert_int_equal(get(secret, CKA_CLASS), CKR_OBJECT_HANDLE_INVALID);
	assert_int_equal(get(data, CKA_CLASS), CKR_OK);
	(void)fake_reset(NULL);
	assert_int_equal(get(data, CKA_CLASS), CKR_OBJECT_HANDLE_INVALID);
}

static void what_a_template_may_not_say(void **state)
{
	CK_ATTRIBUTE no_class[] = { TEXT(CKA_LABEL, "x") };
	CK_ATTRIBUTE twice[] = { CLASS(CKO_DATA), TEXT(CKA_LABEL, "a"), TEXT(CKA_LABEL, "b") };
	CK_ATTRIBUTE foreign[] = { CLASS(CKO_DATA), TEXT(CKA_MODULUS, "a") };
	CK_ATTRIBUTE badly[] = { CLASS(CKO_DATA), TEXT(CKA_TOKEN, "ab") };
	CK_ATTRIBUTE computed[] = { CLASS(CKO_DATA), TEXT(CKA_UNIQUE_ID, "a") };
	CK_ATTRIBUTE token[] = { CLASS(CKO_DATA), FLAG(CKA_TOKEN, CK_TRUE) };
	CK_ATTRIBUTE incomplete[] = { CLASS(CKO_PUBLIC_KEY), TYPE(CKK_RSA),
				      TEXT(CKA_MODULUS, "a") };
	CK_ATTRIBUTE private[] = { CLASS(CKO_DATA), FLAG(CKA_PRIVATE, CK_TRUE) };
	CK_ATTRIBUTE trusted[] = { CLASS(CKO_CERTIFICATE), FLAG(CKA_TRUSTED, CK_TRUE) };
	CK_ATTRIBUTE curve[] = { CLASS(CKO_PUBLIC_KEY), TYPE(CKK_EC), TEXT(CKA_EC_PARAMS, "\6\1\1"),
				 TEXT(CKA_EC_POINT, "\4") };
	CK_OBJECT_HANDLE o;

	(void)state;
	assert_int_equal(C_CreateObject(FAKE_RO, no_class, 1, &o), CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(C_CreateObject(FAKE_RO, twice, 3, &o), CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(C_CreateObject(FAKE_RO, foreign, 2, &o), CKR_ATTRIBUTE_TYPE_INVALID);
	assert_int_equal(C_CreateObject(FAKE_RO, badly, 2, &o), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(C_CreateObject(FAKE_RO, computed, 2, &o), CKR_ATTRIBUTE_READ_ONLY);
	assert_int_equal(C_CreateObject(FAKE_RO, token, 2, &o), CKR_SESSION_READ_ONLY);
	assert_int_equal(C_CreateObject(FAKE_RO, incomplete, 3, &o), CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(C_CreateObject(FAKE_RO, private, 2, &o), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(C_CreateObject(FAKE_RO, trusted, 2, &o), CKR_ATTRIBUTE_READ_ONLY);
	assert_int_equal(C_CreateObject(FAKE_RO, curve, 4, &o), CKR_CURVE_NOT_SUPPORTED);
	assert_int_equal(C_CreateObject(FAKE_RO, NULL, 0, &o), CKR_ARGUMENTS_BAD);
}

static void a_certificate_of_the_session(void **state)
{
	CK_ATTRIBUTE t[] = { CLASS(CKO_CERTIFICATE),
			     { CKA_CERTIFICATE_TYPE, &(CK_ULONG){ CKC_X_509 }, sizeof(CK_ULONG) },
			     BYTES(CKA_VALUE, fake_certificate()) };
	CK_ATTRIBUTE broken[] = { CLASS(CKO_CERTIFICATE), TEXT(CKA_VALUE, "no certificate") };
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	assert_int_equal(C_CreateObject(FAKE_RO, t, N(t), &o), CKR_OK);
	assert_hex(attribute_of(o, CKA_SERIAL_NUMBER), "020312AB34");
	assert_false(flag_of(o, CKA_TOKEN));
	assert_int_equal(C_CreateObject(FAKE_RO, broken, 2, &o), CKR_ATTRIBUTE_VALUE_INVALID);
}

/* --- onto the card --------------------------------------------------------------------------------- */

static void the_so_writes_and_deletes_certificates(void **state)
{
	CK_ATTRIBUTE t[] = { CLASS(CKO_CERTIFICATE), FLAG(CKA_TOKEN, CK_TRUE),
			     BYTES(CKA_VALUE, fake_certificate()), TEXT(CKA_ID, "\x9D") };
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	assert_int_equal(C_CreateObject(FAKE_RW, t, N(t), &o), CKR_USER_NOT_LOGGED_IN);
	fake_login(CKU_SO);
	assert_int_equal(C_CreateObject(FAKE_RO, t, N(t), &o), CKR_SESSION_READ_ONLY);
	assert_int_equal(C_CreateObject(FAKE_RW, t, N(t), &o), CKR_OK);
	assert_int_equal(o, find_key(CKO_CERTIFICATE, 0x9D));
	assert_int_equal(C_DestroyObject(FAKE_RO, o), CKR_SESSION_READ_ONLY);
	assert_int_equal(C_DestroyObject(FAKE_RW, o), CKR_OK);
	assert_int_equal(get(o, CKA_CLASS), CKR_OBJECT_HANDLE_INVALID);
}

static void an_id_is_a_key_reference(void **state)
{
	CK_ATTRIBUTE t[] = { CLASS(CKO_CERTIFICATE), FLAG(CKA_TOKEN, CK_TRUE),
			     BYTES(CKA_VALUE, fake_certificate()), TEXT(CKA_ID, "\x01") };
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	fake_login(CKU_SO);
	assert_int_equal(C_CreateObject(FAKE_RW, t, 4, &o), CKR_ATTRIBUTE_VALUE_INVALID);
	/* Without one: the key of the certificate, which this card does not have. */
	assert_int_equal(C_CreateObject(FAKE_RW, t, 3, &o), CKR_TEMPLATE_INCOMPLETE);
}

static void data_objects_are_named_by_oid_or_label(void **state)
{
	CK_ATTRIBUTE t[] = { CLASS(CKO_DATA), FLAG(CKA_TOKEN, CK_TRUE), TEXT(CKA_VALUE, "new"),
			     BYTES(CKA_OBJECT_ID, hex("0609608648016503073000")) };
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	fake_login(CKU_SO);
	assert_int_equal(C_CreateObject(FAKE_RW, t, 3, &o), CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(C_CreateObject(FAKE_RW, t, 4, &o), CKR_OK);
	assert_true(sj_span_eq(attribute_of(o, CKA_VALUE), SJ_SPAN_STR("new")));
	assert_int_equal(C_DestroyObject(FAKE_RW, o), CKR_OK);
	assert_int_equal(get(o, CKA_CLASS), CKR_OBJECT_HANDLE_INVALID);
}

static void keys_of_the_card_cannot_be_changed(void **state)
{
	CK_ATTRIBUTE label = TEXT(CKA_LABEL, "mine");

	(void)state;
	fake_login(CKU_SO);
	assert_int_equal(C_SetAttributeValue(FAKE_RW, find_key(CKO_PRIVATE_KEY, 0x9A), &label, 1),
			 CKR_ACTION_PROHIBITED);
	assert_int_equal(C_DestroyObject(FAKE_RW, find_key(CKO_PUBLIC_KEY, 0x9A)),
			 CKR_ACTION_PROHIBITED);
	assert_int_equal(C_DestroyObject(FAKE_RW, find_key(CKO_PRIVATE_KEY, 0x9A)), CKR_OK);
	assert_int_equal(get(0x0300009A, CKA_CLASS), CKR_OBJECT_HANDLE_INVALID);
}

/* --- key pairs ------------------------------------------------------------------------------------------ */

static CK_RV pair(CK_MECHANISM_TYPE type, CK_ATTRIBUTE *public, CK_ULONG n, CK_ATTRIBUTE *private,
		  CK_ULONG m, CK_OBJECT_HANDLE *out)
{
	CK_MECHANISM mechanism = { type, NULL, 0 };
	CK_OBJECT_HANDLE other;

	return C_GenerateKeyPair(FAKE_RW, &mechanism, public, n, private, m, &other, out);
}

static void the_so_makes_key_pairs_where_the_id_says(void **state)
{
	CK_ATTRIBUTE public[] = { BYTES(CKA_EC_PARAMS, hex("06052B81040022")) };
	CK_ATTRIBUTE private[] = { FLAG(CKA_TOKEN, CK_TRUE), TEXT(CKA_ID, "\x85"),
				   FLAG(CKA_ALWAYS_AUTHENTICATE, CK_TRUE) };
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	assert_int_equal(pair(CKM_EC_KEY_PAIR_GEN, public, 1, private, 3, &o),
			 CKR_USER_NOT_LOGGED_IN);
	fake_login(CKU_SO);
	assert_int_equal(pair(CKM_EC_KEY_PAIR_GEN, public, 1, private, 3, &o), CKR_OK);
	assert_hex(attribute_of(o, CKA_ID), "85");
	assert_hex(attribute_of(o, CKA_EC_PARAMS), "06052B81040022");
	assert_true(flag_of(o, CKA_ALWAYS_AUTHENTICATE));
	assert_true(flag_of(o, CKA_LOCAL));
	/* and the key history speaks of it, so that a search without an id finds it */
	assert_hex(attribute_of(p11_token_handle(CKO_DATA, 0x5FC10C), CKA_VALUE),
		   "C10104C20100FE00");
}

static void without_an_id_the_first_free_key_is_made(void **state)
{
	CK_ATTRIBUTE public[] = { { CKA_MODULUS_BITS, &(CK_ULONG){ 2048 }, sizeof(CK_ULONG) } };
	CK_ATTRIBUTE private[] = { FLAG(CKA_TOKEN, CK_TRUE), FLAG(CKA_SENSITIVE, CK_TRUE) };
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	fake_login(CKU_SO);
	assert_int_equal(pair(CKM_RSA_PKCS_KEY_PAIR_GEN, public, 1, private, 2, &o),
			 CKR_DEVICE_MEMORY); /* nothing is overwritten unasked */
	assert_int_equal(C_DestroyObject(FAKE_RW, find_key(CKO_PRIVATE_KEY, 0x9D)), CKR_OK);
	assert_int_equal(pair(CKM_RSA_PKCS_KEY_PAIR_GEN, public, 1, private, 2, &o), CKR_OK);
	assert_hex(attribute_of(o, CKA_ID), "9D");
}

static void the_curves_have_many_names(void **state)
{
	static const char *const names[] = { "130A63757276653235353139", "130B63757276653235353139",
					     "06032B656E", "060A2B060104019755010501" };
	CK_ATTRIBUTE private[] = { FLAG(CKA_TOKEN, CK_TRUE), TEXT(CKA_ID, "\x83") };
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	fake_login(CKU_SO);
	for (size_t i = 0; i < N(names); i++) {
		CK_ATTRIBUTE public[] = { BYTES(CKA_EC_PARAMS, hex(names[i])) };

		assert_int_equal(pair(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, public, 1, private, 2, &o),
				 CKR_OK);
		assert_hex(attribute_of(o, CKA_EC_PARAMS), names[0]);
	}
}

static void pairs_that_cannot_be(void **state)
{
	CK_ATTRIBUTE bits[] = { { CKA_MODULUS_BITS, &(CK_ULONG){ 1024 }, sizeof(CK_ULONG) },
				TEXT(CKA_PUBLIC_EXPONENT, "\3") };
	CK_ATTRIBUTE curve[] = { BYTES(CKA_EC_PARAMS, hex("06052B81040021")) };
	CK_ATTRIBUTE private[] = { FLAG(CKA_TOKEN, CK_TRUE), FLAG(CKA_EXTRACTABLE, CK_TRUE) };
	CK_OBJECT_HANDLE o;

	(void)state;
	fake_login(CKU_SO);
	assert_int_equal(pair(CKM_RSA_PKCS_KEY_PAIR_GEN, bits, 1, private, 1, &o),
			 CKR_KEY_SIZE_RANGE);
	assert_int_equal(pair(CKM_RSA_PKCS_KEY_PAIR_GEN, bits, 2, private, 1, &o),
			 CKR_ATTRIBUTE_VALUE_INVALID);
	assert_int_equal(pair(CKM_EC_KEY_PAIR_GEN, bits, 0, private, 1, &o),
			 CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(pair(CKM_EC_KEY_PAIR_GEN, curve, 1, private, 1, &o),
			 CKR_CURVE_NOT_SUPPORTED);
	assert_int_equal(pair(CKM_EC_KEY_PAIR_GEN, curve, 1, private, 2, &o),
			 CKR_TEMPLATE_INCONSISTENT);
	assert_int_equal(pair(CKM_EC_KEY_PAIR_GEN, curve, 1, private, 0, &o),
			 CKR_TEMPLATE_INCONSISTENT); /* of the session */
	fake_old_card();
	assert_int_equal(pair(CKM_EC_EDWARDS_KEY_PAIR_GEN, curve, 1, private, 1, &o),
			 CKR_MECHANISM_INVALID);
}

/* The numbers of a PKCS #8 key, as a program that imports it has them. */
static void rsa_numbers(struct sj_span pkcs8, struct sj_span out[8])
{
	struct sj_span body, skip, key, numbers;

	assert_int_equal(sj_tlv_take(&pkcs8, 0x30, &body), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&body, 0x02, &skip), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&body, 0x30, &skip), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&body, 0x04, &key), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&key, 0x30, &numbers), SJ_TLV_FOUND);
	assert_int_equal(sj_tlv_take(&numbers, 0x02, &skip), SJ_TLV_FOUND);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(sj_tlv_take(&numbers, 0x02, &out[i]), SJ_TLV_FOUND);
}

static void an_imported_key_is_the_one_that_was_given(void **state)
{
	static uint8_t der[SJ_RSA_PRIVATE_MAX], public[SJ_RSA_SPKI_MAX];
	struct sj_writer pkcs8 = SJ_WRITER_OF(der), spki = SJ_WRITER_OF(public);
	struct sj_span n[8];
	CK_OBJECT_HANDLE o = 0;

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	rsa_numbers(sj_written(&pkcs8), n);
	CK_ATTRIBUTE t[] = { CLASS(CKO_PRIVATE_KEY),
			     TYPE(CKK_RSA),
			     FLAG(CKA_TOKEN, CK_TRUE),
			     TEXT(CKA_ID, "\x84"),
			     BYTES(CKA_MODULUS, n[0]),
			     BYTES(CKA_PUBLIC_EXPONENT, n[1]),
			     BYTES(CKA_PRIVATE_EXPONENT, n[2]),
			     BYTES(CKA_PRIME_1, n[3]),
			     BYTES(CKA_PRIME_2, n[4]),
			     BYTES(CKA_EXPONENT_1, n[5]),
			     BYTES(CKA_EXPONENT_2, n[6]),
			     BYTES(CKA_COEFFICIENT, n[7]) };
	fake_login(CKU_SO);
	assert_int_equal(C_CreateObject(FAKE_RW, t, N(t) - 1, &o), CKR_TEMPLATE_INCOMPLETE);
	assert_int_equal(C_CreateObject(FAKE_RW, t, N(t), &o), CKR_OK);
	assert_true(sj_span_eq(attribute_of(o, CKA_PUBLIC_KEY_INFO), sj_written(&spki)));
	assert_false(flag_of(o, CKA_LOCAL));
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
		CASE(profiles_are_told),
		CASE(mechanisms_and_features_are_found_by_class_only),
		CASE(a_data_object_has_its_name_and_number),
		CASE(every_attribute_is_answered_whatever_the_others),
		CASE(handles_that_name_nothing),
		CASE(a_size_is_told),
		CASE(a_search_has_a_beginning_and_an_end),
		CASE(hidden_attributes_match_nothing),
		CASE(a_subject_finds_certificate_and_keys),
		CASE(a_secret_key_is_told_only_if_it_may),
		CASE(sensitive_is_a_one_way_street),
		CASE(a_change_is_made_whole_or_not_at_all),
		CASE(copies_differ_as_their_template_says),
		CASE(session_objects_end_with_session_and_login),
		CASE(what_a_template_may_not_say),
		CASE(a_certificate_of_the_session),
		CASE(the_so_writes_and_deletes_certificates),
		CASE(an_id_is_a_key_reference),
		CASE(data_objects_are_named_by_oid_or_label),
		CASE(keys_of_the_card_cannot_be_changed),
		CASE(the_so_makes_key_pairs_where_the_id_says),
		CASE(without_an_id_the_first_free_key_is_made),
		CASE(the_curves_have_many_names),
		CASE(pairs_that_cannot_be),
		CASE(an_imported_key_is_the_one_that_was_given),
	};

	return cmocka_run_group_tests(tests, fake_begin, fake_end);
}
