/* The module with real cards behind a real pcscd: what it costs, and what goes wrong in life. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/pkcs11/stage.h"
#include <sojourn/piv.h>

static struct stage stage;
static bool on_the_air; /* the card in reader 0 is there without contacts */

static CK_SESSION_HANDLE session(CK_SLOT_ID slot, CK_FLAGS flags)
{
	CK_SESSION_HANDLE s = 0;
	CK_ULONG n;

	assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	assert_int_equal(C_OpenSession(slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &s), CKR_OK);
	return s;
}

static CK_RV login(CK_SESSION_HANDLE s, CK_USER_TYPE type, const char *pin)
{
	CK_UTF8CHAR copy[80];

	memcpy(copy, pin, strlen(pin) + 1);
	return C_Login(s, type, copy, strlen(pin));
}

static CK_OBJECT_HANDLE find_key(CK_SESSION_HANDLE s, CK_BYTE ref)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_ID, &ref, 1 } };
	CK_OBJECT_HANDLE key = 0;
	CK_ULONG n = 0;

	assert_int_equal(C_FindObjectsInit(s, template, 2), CKR_OK);
	assert_int_equal(C_FindObjects(s, &key, 1, &n), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(s), CKR_OK);
	assert_int_equal(n, 1);
	return key;
}

static CK_RV sign(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	CK_BYTE digest[32] = { 1 }, signature[64];
	CK_ULONG len = sizeof(signature);
	CK_RV rv = C_SignInit(s, &mechanism, key);

	return rv == CKR_OK ? C_Sign(s, digest, sizeof(digest), signature, &len) : rv;
}

static CK_SESSION_HANDLE logged_in(CK_OBJECT_HANDLE *key)
{
	CK_SESSION_HANDLE s = session(0, 0);

	assert_int_equal(login(s, CKU_USER, STAGE_PIN), CKR_OK);
	*key = find_key(s, 0x9A);
	return s;
}

static CK_TOKEN_INFO token_info(CK_SLOT_ID slot)
{
	CK_TOKEN_INFO info;

	assert_int_equal(C_GetTokenInfo(slot, &info), CKR_OK);
	return info;
}

/* --- what it costs --------------------------------------------------------------------------- */

static unsigned commands_to_first_signature(void)
{
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s = logged_in(&key);
	unsigned before;

	assert_int_equal(sign(s, key), CKR_OK);
	before = stage_commands(0);
	assert_int_equal(sign(s, key), CKR_OK);
	assert_int_equal(stage_commands(0) - before, 1);
	return before;
}

static void a_new_card_signs_within_14_commands_and_a_known_one_within_6(void **state)
{
	unsigned fresh = commands_to_first_signature(), known;

	(void)state;
	C_Finalize(NULL);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	known = commands_to_first_signature();
	assert_true(fresh <= 14);
	assert_true(known <= 6);
}

static void a_known_card_is_recognised_within_3_commands(void **state)
{
	(void)state;
	assert_int_equal(login(session(0, 0), CKU_USER, STAGE_PIN), CKR_OK);
	C_Finalize(NULL);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	session(0, 0);
	assert_true(stage_commands(0) <= 3);
}

/* --- coming and going ---------------------------------------------------------------------------- */

static void a_card_of_another_kind_is_no_token(void **state)
{
	CK_SLOT_ID list[2];
	CK_ULONG n = 2;

	(void)state;
	stage_insert(&stage, 1, "contact", true);
	assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	assert_int_equal(C_GetSlotList(CK_TRUE, list, &n), CKR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(list[0], 0);
	stage_remove(&stage, 1);
}

static void *wait_for_event(void *arg)
{
	CK_SLOT_ID id = 99;

	if (C_WaitForSlotEvent(0, &id, NULL) == CKR_OK)
		*(CK_SLOT_ID *)arg = id;
	return NULL;
}

static void a_card_that_comes_wakes_who_waits(void **state)
{
	CK_SLOT_ID id = 99;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &id), 0);
	stage_insert(&stage, 1, "contact", false);
	pthread_join(thread, NULL);
	assert_int_equal(id, 1);
	token_info(1);
	stage_remove(&stage, 1);
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL), CKR_OK);
	assert_int_equal(id, 1);
}

static void a_card_that_goes_and_comes_back_works_again(void **state)
{
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s = logged_in(&key);

	(void)state;
	stage_remove(&stage, 0);
	stage_insert_again(&stage, 0, "contact");
	assert_int_equal(sign(s, key), CKR_DEVICE_REMOVED);
	assert_int_equal(sign(s, key), CKR_SESSION_HANDLE_INVALID);
	s = logged_in(&key);
	assert_int_equal(sign(s, key), CKR_OK);
}

static void the_service_may_come_anew(void **state)
{
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s = logged_in(&key);

	(void)state;
	stage_remove(&stage, 0);
	lab_down(&stage.lab, SIGKILL);
	assert_int_equal(sign(s, key), CKR_DEVICE_REMOVED);
	assert_true(lab_up(&stage.lab, true));
	stage_insert_again(&stage, 0, "contact");
	s = logged_in(&key);
	assert_int_equal(sign(s, key), CKR_OK);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void finalize_is_quick_when_the_service_hangs(void **state)
{
	CK_OBJECT_HANDLE key;
	double took;
	CK_RV rv;

	(void)state;
	logged_in(&key);
	kill(stage.lab.pcscd, SIGSTOP);
	took = now();
	rv = C_Finalize(NULL);
	took = now() - took;
	kill(stage.lab.pcscd, SIGCONT);
	assert_int_equal(rv, CKR_OK);
	assert_true(took < 1.0);
}

/* --- with others at the same card ------------------------------------------------------------------ */

/* Another process: sends one command, then lets go of the card or resets it. */
static void another_process_sends(const char *apdu, size_t len)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct sj_context *ctx;
		struct sj_card *card;
		uint8_t response[300];
		size_t n = sizeof(response);
		uint16_t sw;
		enum sj_rc rc = sj_context_new(&ctx);

		if (rc == SJ_OK)
			rc = sj_card_wait(ctx, "00 00", 5000, &card);
		if (rc == SJ_OK)
			rc = sj_card_transmit(card, (const uint8_t *)apdu, len, 5000, response, &n,
					      &sw);
		if (rc != SJ_OK)
			fprintf(stderr, "%s\n", sj_strerror(rc));
		if (rc == SJ_OK)
			sj_card_close(card);
		_exit(rc == SJ_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void anothers_select_costs_nothing_but_time(void **state)
{
	static const char manager[] = "\x00\xA4\x04\x00\x08\xA0\x00\x00\x01\x51\x00\x00\x00";
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s = logged_in(&key);

	(void)state;
	another_process_sends(manager, sizeof(manager));
	/* PIV forgets the PIN when another application is selected: the card says so, no try is lost. */
	assert_int_equal(sign(s, key), CKR_USER_NOT_LOGGED_IN);
	assert_int_equal(token_info(0).flags & CKF_USER_PIN_COUNT_LOW, 0);
	assert_int_equal(login(s, CKU_USER, STAGE_PIN), CKR_OK);
	assert_int_equal(sign(s, key), CKR_OK);
	another_process_sends(manager, sizeof(manager));
	assert_int_equal(sign(s, find_key(s, 0x9E)), CKR_OK);
}

static void anothers_wrong_pin_is_told_by_the_flags(void **state)
{
	static const char select[] =
		"\x00\xA4\x04\x00\x0B\xA0\x00\x00\x03\x08\x00\x00\x10\x00\x01\x00";
	static const char verify[] = "\x00\x20\x00\x80\x08"
				     "99999999";

	(void)state;
	assert_int_equal(token_info(0).flags & CKF_USER_PIN_COUNT_LOW, 0);
	another_process_sends(select, sizeof(select));
	another_process_sends(verify, sizeof(verify) - 1);
	assert_true((token_info(0).flags & CKF_USER_PIN_COUNT_LOW) != 0);
	for (int i = 0; i < 9 && (token_info(0).flags & CKF_USER_PIN_FINAL_TRY) == 0; i++)
		another_process_sends(verify, sizeof(verify) - 1);
	another_process_sends(verify, sizeof(verify) - 1);
	assert_true((token_info(0).flags & CKF_USER_PIN_LOCKED) != 0);
}

/* --- administration -------------------------------------------------------------------------------- */

static void a_blocked_pin_is_set_anew_with_the_puk(void **state)
{
	CK_UTF8CHAR value[] = "12345678:654321";
	CK_SESSION_HANDLE s = session(0, CKF_RW_SESSION);

	(void)state;
	while (login(s, CKU_USER, "999999") == CKR_PIN_INCORRECT)
		;
	assert_int_equal(login(s, CKU_USER, STAGE_PIN), CKR_PIN_LOCKED);
	assert_int_equal(login(s, CKU_SO, stage.admin), CKR_OK);
	assert_int_equal(C_InitPIN(s, value, sizeof(value) - 1), CKR_OK);
	assert_int_equal(login(s, CKU_USER, "654321"), CKR_OK);
}

static void a_card_is_emptied_and_the_management_key_is_what_was_given(void **state)
{
	CK_UTF8CHAR pin[80], label[32] = "";
	CK_SESSION_HANDLE s;

	(void)state;
	token_info(0);
	memcpy(pin, stage.admin, sizeof(pin));
	assert_int_equal(C_InitToken(0, pin, strlen(stage.admin), label), CKR_OK);
	s = session(0, CKF_RW_SESSION);
	assert_int_equal(login(s, CKU_SO, stage.admin), CKR_OK);
	assert_int_equal(C_Logout(s), CKR_OK);
	assert_int_equal(login(s, CKU_USER, "123456"), CKR_OK);
}

/* --- asking the user ---------------------------------------------------------------------------------- */

#define PINENTRY \
	"#!/bin/sh\necho OK\nwhile read -r c rest; do\n" \
	"\tcase $c in GETPIN) echo 'D 12%33456';; esac\n\techo OK\ndone\n"

static void configure(const char *text)
{
	char conf[256];

	stage_write(&stage, "pinentry", PINENTRY, 0755);
	snprintf(conf, sizeof(conf), text, stage.lab.dir);
	setenv("SOJOURN_PKCS11_CONF", stage_write(&stage, "pkcs11.conf", conf, 0600), 1);
	C_Finalize(NULL);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
}

static void pinentry_asks_for_the_pin(void **state)
{
	CK_SESSION_HANDLE s;

	(void)state;
	configure("[pkcs11]\npinentry = %s/pinentry\n");
	s = session(0, CKF_RW_SESSION);
	assert_true((token_info(0).flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0);
	assert_int_equal(C_Login(s, CKU_USER, NULL, 0), CKR_OK);
	assert_int_equal(sign(s, find_key(s, 0x9A)), CKR_OK);
}

static void *log_in_by_pinentry(void *arg)
{
	*(CK_RV *)arg = C_Login(session(0, 0), CKU_USER, NULL, 0);
	return NULL;
}

/* Threads of programs often block all signals; the dialog's program must not inherit that. */
static void a_dialog_ends_whatever_signals_its_caller_blocks(void **state)
{
	sigset_t all, before;
	CK_SESSION_HANDLE s;
	CK_RV rv;

	(void)state;
	configure("[pkcs11]\npinentry = %s/pinentry\n");
	s = session(0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rv = C_Login(s, CKU_USER, NULL, 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(rv, CKR_OK);
}

/* A wrapper whose child has the connection too, and which hears nothing. */
static void a_dialog_that_cannot_be_ended_keeps_nobody(void **state)
{
	CK_RV rv = CKR_OK;
	pthread_t thread;
	double begin;

	(void)state;
	configure("[pkcs11]\npinentry = %s/deaf\n");
	stage_write(&stage, "deaf", "#!/bin/sh\ntrap '' TERM\necho OK\nsleep 20\n", 0755);
	assert_int_equal(pthread_create(&thread, NULL, log_in_by_pinentry, &rv), 0);
	usleep(200000);
	begin = now();
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	pthread_join(thread, NULL);
	assert_true(now() - begin < 10.0);
	assert_int_not_equal(rv, CKR_OK);
}

static void who_does_not_answer_cancels(void **state)
{
	CK_SESSION_HANDLE s;

	(void)state;
	configure("[pkcs11]\npinentry = /bin/false\n# %s\n");
	s = session(0, 0);
	assert_int_equal(C_Login(s, CKU_USER, NULL, 0), CKR_FUNCTION_CANCELED);
	configure("[pkcs11]\npinentry = /there/is/none\n# %s\n");
	s = session(0, 0);
	assert_int_equal(C_Login(s, CKU_USER, NULL, 0), CKR_FUNCTION_CANCELED);
}

static void a_dialog_holds_nobody_up(void **state)
{
	CK_RV rv = CKR_OK;
	pthread_t thread;
	double begin;

	(void)state;
	configure("[pkcs11]\npinentry = %s/sleeper\n");
	stage_write(&stage, "sleeper", "#!/bin/sh\necho OK\nexec sleep 20\n", 0755);
	assert_int_equal(pthread_create(&thread, NULL, log_in_by_pinentry, &rv), 0);
	usleep(200000);
	begin = now();
	token_info(0);
	assert_int_equal(sign(session(0, 0), find_key(session(0, 0), 0x9E)), CKR_OK);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_true(now() - begin < 10.0);
	pthread_join(thread, NULL);
	assert_int_not_equal(rv, CKR_OK);
}

/* --- contactless, private: nothing is seen without the CAN --------------------------------------- */

static void put_on_the_air(const char *configuration)
{
	configure(configuration);
	if (on_the_air)
		return;
	stage_remove(&stage, 0);
	stage_insert(&stage, 0, "contactless", false);
	on_the_air = true;
}

static void signs_on_the_air(void)
{
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s = logged_in(&key);

	assert_int_equal(sign(s, key), CKR_OK);
}

static void a_hidden_card_opens_with_the_can_of_a_file(void **state)
{
	(void)state;
	put_on_the_air("[pkcs11]\ncan-file = %s/can\n");
	signs_on_the_air();
}

static void a_hidden_card_opens_with_the_can_that_the_user_types(void **state)
{
	char program[256];

	(void)state;
	snprintf(
		program, sizeof(program),
		"#!/bin/sh\necho OK\nwhile read -r c rest; do\n"
		"\tcase $c in GETPIN) echo 'D %s'; echo asked >> %s/asked;; esac\n\techo OK\ndone\n",
		stage.can, stage.lab.dir);
	stage_write(&stage, "asker", program, 0755);
	put_on_the_air("[pkcs11]\npinentry = %s/asker\nremember = yes\n");
	signs_on_the_air();
	C_Finalize(NULL);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	signs_on_the_air(); /* remembered */
	snprintf(program, sizeof(program), "[ $(wc -l < %s/asked) = 1 ]", stage.lab.dir);
	assert_int_equal(system(program), 0);
}

static void a_hidden_card_stays_hidden_without_one(void **state)
{
	CK_TOKEN_INFO info;
	CK_ULONG n = 9;

	(void)state;
	put_on_the_air("[pkcs11]\n# %s\n");
	assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
}

static void a_wrong_can_is_tried_once(void **state)
{
	CK_TOKEN_INFO info;
	CK_ULONG n = 9;

	(void)state;
	stage_write(&stage, "wrong", strcmp(stage.can, "000000") == 0 ? "111111" : "000000", 0600);
	put_on_the_air("[pkcs11]\ncan-file = %s/wrong\n");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
		assert_int_equal(n, 0);
		assert_int_equal(C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
	}
}

static int begin_case(void **state)
{
	(void)state;
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	if (stage.cards[0] == 0)
		stage_insert(&stage, 0, "contact", false);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	return 0;
}

static int end_case(void **state)
{
	char command[128];

	(void)state;
	C_Finalize(NULL);
	snprintf(command, sizeof(command), "rm -rf %s/sojourn", stage.lab.dir); /* the cache */
	return system(command);
}

static int begin(void **state)
{
	(void)state;
	return stage_up(&stage) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	stage_down(&stage);
	return 0;
}

/* The next case needs another card, or this one as it was. */
static int end_card(void **state)
{
	int rc = end_case(state);

	stage_remove(&stage, 0);
	return rc;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin_case, end_case)
#define LAST_OF_CARD(name) cmocka_unit_test_setup_teardown(name, begin_case, end_card)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_card_signs_within_14_commands_and_a_known_one_within_6),
		CASE(a_known_card_is_recognised_within_3_commands),
		CASE(a_card_of_another_kind_is_no_token),
		CASE(a_card_that_comes_wakes_who_waits),
		CASE(a_card_that_goes_and_comes_back_works_again),
		CASE(the_service_may_come_anew),
		LAST_OF_CARD(finalize_is_quick_when_the_service_hangs),
		CASE(anothers_select_costs_nothing_but_time),
		LAST_OF_CARD(anothers_wrong_pin_is_told_by_the_flags),
		LAST_OF_CARD(a_blocked_pin_is_set_anew_with_the_puk),
		LAST_OF_CARD(a_card_is_emptied_and_the_management_key_is_what_was_given),
		CASE(pinentry_asks_for_the_pin),
		CASE(a_dialog_ends_whatever_signals_its_caller_blocks),
		CASE(a_dialog_that_cannot_be_ended_keeps_nobody),
		CASE(who_does_not_answer_cancels),
		CASE(a_dialog_holds_nobody_up),
		CASE(a_hidden_card_opens_with_the_can_of_a_file),
		CASE(a_hidden_card_opens_with_the_can_that_the_user_types),
		CASE(a_hidden_card_stays_hidden_without_one),
		CASE(a_wrong_can_is_tried_once),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
