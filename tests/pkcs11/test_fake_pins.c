#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/pkcs11/fakepiv.h"

#define PIN_FLAGS \
	(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED | \
	 CKF_USER_PIN_TO_BE_CHANGED)

static CK_FLAGS flags(void)
{
	CK_TOKEN_INFO info;

	assert_int_equal(C_GetTokenInfo(0, &info), CKR_OK);
	assert_int_equal(info.flags & ~(CK_FLAGS)PIN_FLAGS, CKF_RNG | CKF_LOGIN_REQUIRED |
								    CKF_USER_PIN_INITIALIZED |
								    CKF_TOKEN_INITIALIZED);
	return info.flags & PIN_FLAGS;
}

static void flags_are_true_at_every_count(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);

	(void)state;
	assert_int_equal(flags(), 0);
	for (int left = 4; left > 1; left--) {
		assert_int_equal(fake_login(s, CKU_USER, "999999"), CKR_PIN_INCORRECT);
		assert_int_equal(flags(), CKF_USER_PIN_COUNT_LOW);
	}
	assert_int_equal(fake_login(s, CKU_USER, "999999"), CKR_PIN_INCORRECT);
	assert_int_equal(flags(), CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
	assert_int_equal(fake_login(s, CKU_USER, "999999"), CKR_PIN_LOCKED);
	assert_int_equal(flags(), CKF_USER_PIN_LOCKED);
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_PIN_LOCKED);
}

static void a_right_pin_makes_them_whole_again(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);

	(void)state;
	assert_int_equal(fake_login(s, CKU_USER, "999999"), CKR_PIN_INCORRECT);
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_OK);
	assert_int_equal(flags(), 0);
}

static void another_process_spent_tries_and_it_shows(void **state)
{
	(void)state;
	fake_session(RO);
	fake.tries_left = 1;
	assert_int_equal(flags(), CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
}

static void a_card_that_does_not_tell_all_is_guessed_carefully(void **state)
{
	(void)state;
	fake.tries = 0;
	fake.tries_left = 3;
	assert_int_equal(flags(), 0);
	fake.tries_left = 2;
	assert_int_equal(flags(), CKF_USER_PIN_COUNT_LOW);
}

static void a_default_pin_is_to_be_changed(void **state)
{
	(void)state;
	fake.is_default = true;
	assert_int_equal(flags(), CKF_USER_PIN_TO_BE_CHANGED);
}

static void what_cannot_be_a_pin_spends_nothing(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);

	(void)state;
	assert_int_equal(fake_login(s, CKU_USER, "1"), CKR_PIN_INCORRECT);
	assert_int_equal(fake_login(s, CKU_USER, ""), CKR_PIN_INCORRECT);
	assert_int_equal(fake.tries_left, 5);
}

static CK_RV set_pin(CK_SESSION_HANDLE s, const char *from, const char *to)
{
	CK_UTF8CHAR a[80], b[80];

	memcpy(a, from, strlen(from) + 1);
	memcpy(b, to, strlen(to) + 1);
	return C_SetPIN(s, a, strlen(from), b, strlen(to));
}

static void the_user_changes_the_pin(void **state)
{
	(void)state;
	assert_int_equal(set_pin(fake_session(RO), "123456", "654321"), CKR_SESSION_READ_ONLY);
	assert_int_equal(set_pin(fake_session(RW), "999999", "654321"), CKR_PIN_INCORRECT);
	assert_int_equal(set_pin(fake_session(RW), "123456", "654321"), CKR_OK);
	assert_string_equal(fake.pin, "654321");
}

static void the_security_officer_changes_the_management_key(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RW);

	(void)state;
	assert_int_equal(fake_login(s, CKU_SO, FAKE_ADMIN), CKR_OK);
	assert_int_equal(set_pin(s, FAKE_ADMIN, "0102"), CKR_PIN_LEN_RANGE);
	assert_int_equal(set_pin(s, "00112233445566778899AABBCCDDEEFF0011223344556677", FAKE_ADMIN),
			 CKR_PIN_INCORRECT);
	assert_int_equal(set_pin(s, FAKE_ADMIN, "00112233445566778899AABBCCDDEEFF"), CKR_OK);
}

static CK_RV init_pin(CK_SESSION_HANDLE s, const char *value)
{
	CK_UTF8CHAR copy[40];

	memcpy(copy, value, strlen(value) + 1);
	return C_InitPIN(s, copy, strlen(value));
}

static void a_new_pin_needs_the_officer_and_the_puk(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RW);

	(void)state;
	assert_int_equal(init_pin(s, "12345678:111111"), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_login(s, CKU_SO, FAKE_ADMIN), CKR_OK);
	assert_int_equal(init_pin(s, "111111"), CKR_PIN_INVALID);
	assert_int_equal(init_pin(s, "12345678:111111"), CKR_OK);
	assert_string_equal(fake.pin, "111111");
}

static void a_card_is_emptied_only_by_who_may(void **state)
{
	CK_UTF8CHAR label[32] = "", right[] = FAKE_ADMIN,
		    wrong[] = "00112233445566778899AABBCCDDEEFF";
	CK_SESSION_HANDLE s = fake_session(RW);

	(void)state;
	assert_int_equal(C_InitToken(0, right, 48, label), CKR_SESSION_EXISTS);
	assert_int_equal(C_CloseSession(s), CKR_OK);
	assert_int_equal(C_InitToken(0, wrong, 32, label), CKR_PIN_INCORRECT);
	assert_int_equal(fake.tries_left, 5);
	fake.extensions = false;
	assert_int_equal(C_InitToken(0, right, 48, label), CKR_FUNCTION_NOT_SUPPORTED);
	assert_int_equal(fake.tries_left, 5);
}

/* It has no number and the key of fresh cards, but a PIN that somebody chose: not the officer's is no leave. */
static void only_a_fresh_card_is_emptied_without_its_key(void **state)
{
	CK_UTF8CHAR label[32] = "", other[] = "00112233445566778899AABBCCDDEEFF";

	(void)state;
	fake.no_guid = true;
	assert_int_equal(C_InitToken(0, other, 32, label), CKR_PIN_INCORRECT);
	assert_int_equal(fake.tries_left, 5);
	fake.is_default = true;
	(void)C_InitToken(0, other, 32, label); /* this PUK is never blocked */
	assert_int_equal(fake.tries_left, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_CASE(flags_are_true_at_every_count),
		FAKE_CASE(a_right_pin_makes_them_whole_again),
		FAKE_CASE(another_process_spent_tries_and_it_shows),
		FAKE_CASE(a_card_that_does_not_tell_all_is_guessed_carefully),
		FAKE_CASE(a_default_pin_is_to_be_changed),
		FAKE_CASE(what_cannot_be_a_pin_spends_nothing),
		FAKE_CASE(the_user_changes_the_pin),
		FAKE_CASE(the_security_officer_changes_the_management_key),
		FAKE_CASE(a_new_pin_needs_the_officer_and_the_puk),
		FAKE_CASE(a_card_is_emptied_only_by_who_may),
		FAKE_CASE(only_a_fresh_card_is_emptied_without_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
