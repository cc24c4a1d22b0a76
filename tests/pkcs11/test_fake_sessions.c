#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/pkcs11/fakepiv.h"

static CK_STATE state_of(CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	assert_int_equal(C_GetSessionInfo(s, &info), CKR_OK);
	return info.state;
}

static void states_follow_the_login(void **state)
{
	CK_SESSION_HANDLE ro = fake_session(RO), rw = fake_session(RW);

	(void)state;
	assert_int_equal(state_of(ro), CKS_RO_PUBLIC_SESSION);
	assert_int_equal(state_of(rw), CKS_RW_PUBLIC_SESSION);
	assert_int_equal(fake_login(ro, CKU_USER, "123456"), CKR_OK);
	assert_int_equal(state_of(ro), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(state_of(rw), CKS_RW_USER_FUNCTIONS);
	assert_int_equal(C_Logout(rw), CKR_OK);
	assert_int_equal(state_of(ro), CKS_RO_PUBLIC_SESSION);
	assert_false(fake.verified);
}

static void sessions_must_be_serial(void **state)
{
	CK_SESSION_HANDLE s;

	(void)state;
	assert_int_equal(C_OpenSession(0, CKF_RW_SESSION, NULL, NULL, &s),
			 CKR_SESSION_PARALLEL_NOT_SUPPORTED);
}

static void without_a_card_there_is_no_session(void **state)
{
	CK_SESSION_HANDLE s;

	(void)state;
	fake_insert(0, false);
	assert_int_equal(C_OpenSession(0, RO, NULL, NULL, &s), CKR_TOKEN_NOT_PRESENT);
	assert_int_equal(C_OpenSession(7, RO, NULL, NULL, &s), CKR_SLOT_ID_INVALID);
}

static void logging_in_twice_is_told(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RW);

	(void)state;
	assert_int_equal(C_Logout(s), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_OK);
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_USER_ALREADY_LOGGED_IN);
	assert_int_equal(fake_login(s, CKU_SO, FAKE_ADMIN), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	assert_int_equal(fake_login(s, 7, "123456"), CKR_USER_TYPE_INVALID);
}

static void the_security_officer_wants_no_read_only_session(void **state)
{
	CK_SESSION_HANDLE ro = fake_session(RO), rw = fake_session(RW), s;

	(void)state;
	assert_int_equal(fake_login(rw, CKU_SO, FAKE_ADMIN), CKR_SESSION_READ_ONLY_EXISTS);
	assert_int_equal(C_CloseSession(ro), CKR_OK);
	assert_int_equal(fake_login(rw, CKU_SO, FAKE_ADMIN), CKR_OK);
	assert_int_equal(state_of(rw), CKS_RW_SO_FUNCTIONS);
	assert_int_equal(C_OpenSession(0, RO, NULL, NULL, &s), CKR_SESSION_READ_WRITE_SO_EXISTS);
}

static void a_wrong_management_key_is_a_wrong_pin(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RW);

	(void)state;
	assert_int_equal(fake_login(s, CKU_SO, "0102"), CKR_PIN_INCORRECT);
	assert_int_equal(fake_login(s, CKU_SO, "not hexadecimal"), CKR_PIN_INCORRECT);
	assert_int_equal(fake_login(s, CKU_SO, "FF02030405060708010203040506070801020304050607FF"),
			 CKR_PIN_INCORRECT);
	assert_int_equal(state_of(s), CKS_RW_PUBLIC_SESSION);
}

static void closing_the_last_session_logs_out_of_the_module(void **state)
{
	CK_SESSION_HANDLE a = fake_session(RO), b = fake_session(RO);

	(void)state;
	assert_int_equal(fake_login(a, CKU_USER, "123456"), CKR_OK);
	assert_int_equal(C_CloseSession(a), CKR_OK);
	assert_int_equal(state_of(b), CKS_RO_USER_FUNCTIONS);
	assert_int_equal(C_CloseAllSessions(0), CKR_OK);
	assert_int_equal(C_CloseSession(b), CKR_SESSION_HANDLE_INVALID);
	assert_true(fake.verified); /* other processes keep what they proved */
	assert_int_equal(state_of(fake_session(RO)), CKS_RO_PUBLIC_SESSION);
}

static void a_key_wants_the_login_and_one_each_time(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);

	(void)state;
	assert_int_equal(fake_sign(s, 0x9E), CKR_OK);
	assert_int_equal(fake_login(s, CKU_CONTEXT_SPECIFIC, "123456"),
			 CKR_OPERATION_NOT_INITIALIZED);
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_OK);
	assert_int_equal(fake_sign(s, 0x9A), CKR_OK);
	assert_int_equal(fake_sign(s, 0x9A), CKR_OK);
	assert_int_equal(fake_sign(s, 0x9C), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(fake_sign_with(s, 0x9C, "123456"), CKR_OK);
	assert_int_equal(fake_sign(s, 0x9C), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
}

static void what_the_card_forgot_is_a_logout(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);

	(void)state;
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_OK);
	fake.verified = false; /* another process reset it */
	assert_int_equal(fake_sign(s, 0x9A), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_OK);
	assert_int_equal(fake_sign(s, 0x9A), CKR_OK);
}

static void the_keypad_takes_the_pin(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);
	CK_TOKEN_INFO info;

	(void)state;
	assert_int_equal(C_Login(s, CKU_USER, NULL, 0), CKR_ARGUMENTS_BAD);
	fake.keypad = true;
	assert_int_equal(C_GetTokenInfo(0, &info), CKR_OK);
	assert_true((info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0);
	assert_int_equal(C_Login(s, CKU_USER, NULL, 0), CKR_OK);
	assert_int_equal(state_of(s), CKS_RO_USER_FUNCTIONS);
}

/* PC/SC part 10: 6401, or 6400 when nobody typed. The card is as it was. */
static void who_cancels_on_the_keypad_keeps_the_session(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);

	(void)state;
	fake.keypad = fake.keypad_cancelled = true;
	assert_int_equal(C_Login(s, CKU_USER, NULL, 0), CKR_FUNCTION_CANCELED);
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	fake.keypad_cancelled = false;
	assert_int_equal(C_Login(s, CKU_USER, NULL, 0), CKR_OK);
}

static void users_have_no_names(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);
	CK_UTF8CHAR pin[] = "123456", name[] = "visitor";

	(void)state;
	assert_int_equal(C_LoginUser(s, CKU_USER, pin, 6, name, 7), CKR_PIN_INCORRECT);
	assert_int_equal(C_LoginUser(s, CKU_USER, pin, 6, NULL, 7), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_LoginUser(s, CKU_USER, pin, 6, NULL, 0), CKR_OK);
}

static void sessions_are_counted(void **state)
{
	CK_TOKEN_INFO info;

	(void)state;
	fake_session(RO);
	fake_session(RW);
	assert_int_equal(C_GetTokenInfo(0, &info), CKR_OK);
	assert_int_equal(info.ulSessionCount, 2);
	assert_int_equal(info.ulRwSessionCount, 1);
}

static void random_bytes_are_the_cards(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);
	CK_BYTE out[4], seed[1] = { 0 };

	(void)state;
	assert_int_equal(C_GenerateRandom(s, out, sizeof(out)), CKR_OK);
	assert_memory_equal(out, "\x55\x55\x55\x55", 4);
	assert_int_equal(C_GenerateRandom(s, NULL, 1), CKR_ARGUMENTS_BAD);
	assert_int_equal(C_SeedRandom(s, seed, 1), CKR_RANDOM_SEED_NOT_SUPPORTED);
}

/* --- cards that go and come -------------------------------------------------------------- */

static void a_card_that_goes_takes_its_sessions_along(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);

	(void)state;
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_OK);
	fake_insert(0, true); /* taken out and put back */
	assert_int_equal(fake_sign(s, 0x9A), CKR_DEVICE_REMOVED);
	assert_int_equal(fake_sign(s, 0x9A), CKR_SESSION_HANDLE_INVALID);
	s = fake_session(RO);
	assert_int_equal(state_of(s), CKS_RO_PUBLIC_SESSION);
	assert_int_equal(fake_login(s, CKU_USER, "123456"), CKR_OK);
	assert_int_equal(fake_sign(s, 0x9A), CKR_OK);
}

static void a_look_at_the_slot_is_enough_to_notice(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);
	CK_SESSION_INFO info;
	CK_SLOT_INFO slot;

	(void)state;
	fake_insert(0, false);
	assert_int_equal(C_GetSlotInfo(0, &slot), CKR_OK);
	assert_int_equal(C_GetSessionInfo(s, &info), CKR_DEVICE_REMOVED);
	assert_int_equal(C_GetSessionInfo(s, &info), CKR_SESSION_HANDLE_INVALID);
}

/* From the first session to the second signature, and what lies between. */
static CK_RV scenario(void)
{
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE s;
	CK_BYTE random[8];
	CK_RV rv = C_OpenSession(0, RW, NULL, NULL, &s);

	if (rv == CKR_OK)
		rv = C_GetTokenInfo(0, &info);
	if (rv == CKR_OK)
		rv = fake_sign(s, 0x9E);
	if (rv == CKR_OK)
		rv = fake_login(s, CKU_USER, "123456");
	if (rv == CKR_OK)
		rv = fake_sign(s, 0x9A);
	if (rv == CKR_OK)
		rv = C_GenerateRandom(s, random, sizeof(random));
	if (rv == CKR_OK)
		rv = C_Logout(s);
	if (rv == CKR_OK)
		rv = C_CloseAllSessions(0);
	return rv;
}

static bool fits(CK_RV rv)
{
	return rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT;
}

static void a_card_may_go_at_every_command(void **state)
{
	unsigned all;

	(void)state;
	fake.calls = 0;
	assert_int_equal(scenario(), CKR_OK);
	all = fake.calls;
	assert_true(all > 8);
	for (unsigned i = 1; i <= all; i++) {
		C_Finalize(NULL);
		fake_reset();
		assert_int_equal(C_Initialize(NULL), CKR_OK);
		fake.fail_at = i;
		assert_true(fits(scenario()));
		fake.fail_at = 0;
		fake_insert(0, true);
		assert_int_equal(scenario(), CKR_OK);
	}
}

static void every_failure_at_every_command_is_survived(void **state)
{
	static const enum sj_rc failures[] = {
		SJ_READER_LOST, SJ_NO_PCSCD,           SJ_TIMED_OUT,    SJ_CARD_RESET,
		SJ_READER_BUSY, SJ_CARD_ANSWER,        SJ_CARD_REFUSED, SJ_NO_MEMORY,
		SJ_PIN_NEEDED,  SJ_NO_KEY_APPLICATION, SJ_KEY_ABSENT
	};

	(void)state;
	for (size_t f = 0; f < sizeof(failures) / sizeof(failures[0]); f++) {
		for (unsigned i = 1; i <= 12; i++) {
			C_Finalize(NULL);
			fake_reset();
			assert_int_equal(C_Initialize(NULL), CKR_OK);
			fake.fail_at = i;
			fake.fail_rc = failures[f];
			(void)scenario();
			fake.fail_at = 0;
			C_CloseAllSessions(0);
			fake_insert(0, true);
			assert_int_equal(scenario(), CKR_OK);
		}
	}
}

/* What takes longer than one call may take is done by several, in the same session. */
static void a_call_whose_time_is_up_keeps_what_it_has_read(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);
	CK_RV rv = CKR_DEVICE_ERROR;
	unsigned calls = 0;

	(void)state;
	fake.fail_rc = SJ_TIMED_OUT;
	for (; calls < 50 && rv != CKR_OK; calls++) {
		fake.fail_at = fake.calls + 3;
		rv = fake_sign(s, 0x9E);
		assert_true(rv == CKR_OK || rv == CKR_DEVICE_ERROR);
	}
	assert_int_equal(rv, CKR_OK);
	assert_true(calls > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_CASE(states_follow_the_login),
		FAKE_CASE(sessions_must_be_serial),
		FAKE_CASE(without_a_card_there_is_no_session),
		FAKE_CASE(logging_in_twice_is_told),
		FAKE_CASE(the_security_officer_wants_no_read_only_session),
		FAKE_CASE(a_wrong_management_key_is_a_wrong_pin),
		FAKE_CASE(closing_the_last_session_logs_out_of_the_module),
		FAKE_CASE(a_key_wants_the_login_and_one_each_time),
		FAKE_CASE(what_the_card_forgot_is_a_logout),
		FAKE_CASE(the_keypad_takes_the_pin),
		FAKE_CASE(who_cancels_on_the_keypad_keeps_the_session),
		FAKE_CASE(users_have_no_names),
		FAKE_CASE(sessions_are_counted),
		FAKE_CASE(random_bytes_are_the_cards),
		FAKE_CASE(a_card_that_goes_takes_its_sessions_along),
		FAKE_CASE(a_look_at_the_slot_is_enough_to_notice),
		FAKE_CASE(a_card_may_go_at_every_command),
		FAKE_CASE(every_failure_at_every_command_is_survived),
		FAKE_CASE(a_call_whose_time_is_up_keeps_what_it_has_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
