/*
 * Eight threads that use the module as they like, with a real card behind a real pcscd, while
 * another ends and begins it at any moment. `make check-programs` runs it under the thread sanitiser.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "reader/card.h"
#include "reader/session.h"
#include "tests/pkcs11/stage.h"

#define THREADS 8u
#define PATIENCE_S 5.0 /* the end takes less than one: on a busy machine that is no test */
#define ROUNDS 8u /* of C_Initialize to C_Finalize */
#define ROUND_US 400000u

struct crowd {
	pthread_t threads[THREADS], waiter;
	atomic_bool over;
	atomic_ulong signatures, bad;
	atomic_ulong odd; /* a return value that nothing here explains */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What may come of ends, logouts and other threads' sessions. */
static bool expected(CK_RV rv)
{
	static const CK_RV list[] = {
		CKR_OK,
		CKR_CRYPTOKI_NOT_INITIALIZED,
		CKR_SESSION_HANDLE_INVALID,
		CKR_OBJECT_HANDLE_INVALID,
		CKR_KEY_HANDLE_INVALID,
		CKR_OPERATION_NOT_INITIALIZED,
		CKR_OPERATION_ACTIVE,
		CKR_FUNCTION_CANCELED,
		CKR_USER_ALREADY_LOGGED_IN,
		CKR_USER_NOT_LOGGED_IN,
		CKR_SLOT_ID_INVALID,
		CKR_NO_EVENT,
		CKR_TOKEN_NOT_PRESENT,
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i] == rv)
			return true;
	return false;
}

static bool ok(struct crowd *c, CK_RV rv, const char *what)
{
	if (!expected(rv)) {
		print_message("%s: 0x%lX\n", what, rv);
		c->odd++;
	}
	return rv == CKR_OK;
}

static CK_OBJECT_HANDLE find(struct crowd *c, CK_SESSION_HANDLE s, CK_OBJECT_CLASS class)
{
	CK_BYTE ref = 0x9E;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_ID, &ref, 1 } };
	CK_OBJECT_HANDLE found = 0;
	CK_ULONG n = 0;

	if (ok(c, C_FindObjectsInit(s, t, 2), "C_FindObjectsInit")) {
		ok(c, C_FindObjects(s, &found, 1, &n), "C_FindObjects");
		ok(c, C_FindObjectsFinal(s), "C_FindObjectsFinal");
	}
	return n == 1 ? found : 0;
}

static void sign(struct crowd *c, CK_SESSION_HANDLE s)
{
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	CK_BYTE digest[32] = { 1 }, signature[96];
	CK_ULONG len = sizeof(signature);
	CK_RV rv;

	if (!ok(c, C_SignInit(s, &mechanism, find(c, s, CKO_PRIVATE_KEY)), "C_SignInit") ||
	    !ok(c, C_Sign(s, digest, sizeof(digest), signature, &len), "C_Sign"))
		return;
	c->signatures++;
	if (!ok(c, C_VerifyInit(s, &mechanism, find(c, s, CKO_PUBLIC_KEY)), "C_VerifyInit"))
		return;
	rv = C_Verify(s, digest, sizeof(digest), signature, len);
	c->bad += rv == CKR_SIGNATURE_INVALID || rv == CKR_SIGNATURE_LEN_RANGE;
	ok(c, rv, "C_Verify");
}

static void do_something(struct crowd *c, CK_SESSION_HANDLE s, unsigned what)
{
	CK_UTF8CHAR pin[] = STAGE_PIN;
	CK_SESSION_INFO session;
	CK_TOKEN_INFO token;
	CK_BYTE random[16];
	CK_SLOT_ID slot;
	CK_ULONG n = 0;

	switch (what % 8) {
	case 0:
		ok(c, C_Login(s, CKU_USER, pin, sizeof(pin) - 1), "C_Login");
		break;
	case 1:
		ok(c, C_Logout(s), "C_Logout");
		break;
	case 2:
		ok(c, C_GetTokenInfo(0, &token), "C_GetTokenInfo");
		break;
	case 3:
		ok(c, C_GetSlotList(CK_TRUE, NULL, &n), "C_GetSlotList");
		break;
	case 4:
		ok(c, C_GenerateRandom(s, random, sizeof(random)), "C_GenerateRandom");
		break;
	case 5:
		ok(c, C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), "C_WaitForSlotEvent");
		ok(c, C_GetSessionInfo(s, &session), "C_GetSessionInfo");
		break;
	default:
		sign(c, s);
		break;
	}
}

static void *work(void *arg)
{
	struct crowd *c = arg;
	unsigned seed = (unsigned)(uintptr_t)pthread_self() >> 8;
	CK_SESSION_HANDLE s = 0;

	while (!c->over) {
		if (!ok(c, C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s), "C_OpenSession")) {
			usleep(2000);
			continue;
		}
		for (int i = 0; i < 6 && !c->over; i++)
			do_something(c, s, (unsigned)rand_r(&seed));
		if (rand_r(&seed) % 8 == 0)
			ok(c, C_CloseAllSessions(0), "C_CloseAllSessions");
		else
			ok(c, C_CloseSession(s), "C_CloseSession");
	}
	return NULL;
}

static void *wait_for_events(void *arg)
{
	struct crowd *c = arg;
	CK_SLOT_ID slot;

	while (!c->over) {
		ok(c, C_WaitForSlotEvent(0, &slot, NULL), "C_WaitForSlotEvent");
		usleep(2000);
	}
	return NULL;
}

static void threads_do_as_they_like_and_the_end_comes_at_any_moment(void **state)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	struct crowd c = { .over = false };
	double begin;

	(void)state;
	assert_int_equal(C_Initialize(&args), CKR_OK);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&c.threads[i], NULL, work, &c), 0);
	assert_int_equal(pthread_create(&c.waiter, NULL, wait_for_events, &c), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		usleep(ROUND_US + 37777 * i);
		begin = now();
		assert_int_equal(C_Finalize(NULL), CKR_OK);
		assert_true(now() - begin < PATIENCE_S);
		assert_int_equal(C_Initialize(&args), CKR_OK);
	}
	c.over = true;
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(c.threads[i], NULL);
	pthread_join(c.waiter, NULL);
	print_message("%lu signatures\n", (unsigned long)c.signatures);
	assert_in_range(c.signatures, 1, 1000000);
	assert_int_equal(c.bad, 0);
	assert_int_equal(c.odd, 0);
}

/* --- the end while the card is not to be had ---------------------------------------------- */

static void *log_in(void *arg)
{
	CK_UTF8CHAR pin[] = STAGE_PIN;

	*(CK_RV *)arg = C_Login(*(CK_SESSION_HANDLE *)arg, CKU_USER, pin, sizeof(pin) - 1);
	return NULL;
}

/* A login that hangs; C_Finalize wakes it. */
static void end_while_it_hangs(void (*hang)(struct stage *), void (*go_on)(struct stage *),
			       struct stage *stage)
{
	union {
		CK_SESSION_HANDLE session;
		CK_RV rv;
	} u = { 0 };
	pthread_t thread;
	CK_ULONG n;
	double began;
	CK_RV rv;

	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_equal(C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	assert_int_equal(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &u.session), CKR_OK);
	hang(stage);
	assert_int_equal(pthread_create(&thread, NULL, log_in, &u), 0);
	usleep(300000);
	began = now();
	rv = C_Finalize(NULL);
	pthread_join(thread, NULL);
	began = now() - began;
	go_on(stage);
	assert_int_equal(rv, CKR_OK);
	assert_true(began < PATIENCE_S);
	assert_int_not_equal(u.rv, CKR_OK);
}

static void stop_card(struct stage *stage)
{
	kill(stage->cards[0], SIGSTOP);
}

static void continue_card(struct stage *stage)
{
	kill(stage->cards[0], SIGCONT);
}

static void the_end_comes_while_the_card_does_not_answer(void **state)
{
	end_while_it_hangs(stop_card, continue_card, *state);
}

static pid_t holder;

/* Another process keeps the card for itself until it is ended. */
static void hold_card(struct stage *stage)
{
	int ready[2];
	char byte = 0;

	(void)stage;
	assert_int_equal(pipe(ready), 0);
	holder = fork();
	if (holder == 0) {
		struct sj_context *ctx;
		struct sj_card *card;

		if (sj_context_new(&ctx) != SJ_OK ||
		    sj_card_wait(ctx, "00 00", 5000, &card) != SJ_OK)
			_exit(1);
		sj_session_deadline(sj_card_session(card), sj_clock_ms() + 5000);
		if (sj_session_begin(sj_card_session(card)) == SJ_OK &&
		    write(ready[1], "y", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static void release_card(struct stage *stage)
{
	(void)stage;
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
}

static void the_end_comes_while_another_process_holds_the_card(void **state)
{
	end_while_it_hangs(hold_card, release_card, *state);
}

static int begin(void **state)
{
	static struct stage stage;

	*state = &stage;
	if (!stage_up(&stage))
		return -1;
	stage_insert(&stage, 0, "contact", false);
	return 0;
}

static int end(void **state)
{
	stage_down(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_do_as_they_like_and_the_end_comes_at_any_moment),
		cmocka_unit_test(the_end_comes_while_another_process_holds_the_card),
		cmocka_unit_test(the_end_comes_while_the_card_does_not_answer),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
