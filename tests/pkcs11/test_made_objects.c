/* Objects that programs make: in a session, and on the card. */
#include "tests/pkcs11/fake/card.h"
#include "wire/tlv.h"

static CK_RV get(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE t = { type, NULL, 0 };

	return C_GetAttributeValue(FAKE_RO, object, &t, 1);
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
