#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/pkcs11/fakepiv.h"

static CK_ULONG slots(CK_BBOOL with_token, CK_SLOT_ID list[static 4])
{
	CK_ULONG n = 4;

	assert_int_equal(C_GetSlotList(with_token, list, &n), CKR_OK);
	return n;
}

static CK_ULONG grow(void)
{
	CK_ULONG n;

	assert_int_equal(C_GetSlotList(CK_FALSE, NULL, &n), CKR_OK);
	return n;
}

static void a_reader_is_a_slot(void **state)
{
	CK_SLOT_ID list[4];
	CK_SLOT_INFO info;

	(void)state;
	assert_int_equal(slots(CK_FALSE, list), 1);
	assert_int_equal(C_GetSlotInfo(list[0], &info), CKR_OK);
	assert_memory_equal(info.slotDescription, "Fake Reader 00  ", 16);
	assert_int_equal(info.flags, CKF_TOKEN_PRESENT | CKF_REMOVABLE_DEVICE | CKF_HW_SLOT);
}

static void the_list_grows_only_when_asked_without_a_buffer(void **state)
{
	CK_SLOT_ID list[4];

	(void)state;
	assert_int_equal(grow(), 1);
	fake_insert(1, true);
	assert_int_equal(slots(CK_FALSE, list), 1);
	assert_int_equal(grow(), 2);
	assert_int_equal(slots(CK_TRUE, list), 2);
}

static void ids_stay_when_readers_go_and_come(void **state)
{
	CK_SLOT_ID list[4];
	CK_SLOT_INFO info;

	(void)state;
	fake_insert(1, true);
	assert_int_equal(grow(), 2);
	fake.readers[0].there = false;
	assert_int_equal(slots(CK_TRUE, list), 1);
	assert_int_equal(list[0], 1);
	assert_int_equal(C_GetSlotInfo(0, &info), CKR_OK);
	assert_int_equal(info.flags & CKF_TOKEN_PRESENT, 0);
	fake.readers[0].there = true;
	assert_int_equal(slots(CK_TRUE, list), 2);
	assert_int_equal(list[0], 0);
}

static void too_small_a_buffer_is_told(void **state)
{
	CK_SLOT_ID list[4];
	CK_ULONG n = 1;

	(void)state;
	fake_insert(1, false);
	assert_int_equal(grow(), 2);
	assert_int_equal(C_GetSlotList(CK_FALSE, list, &n), CKR_BUFFER_TOO_SMALL);
	assert_int_equal(n, 2);
}

static void a_foreign_card_is_left_alone_until_it_is_taken_away(void **state)
{
	CK_SLOT_ID list[4];
	CK_TOKEN_INFO info;

	(void)state;
	fake.readers[0].foreign = true;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(slots(CK_TRUE, list), 0);
		assert_int_equal(C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_RECOGNIZED);
	}
	assert_int_equal(fake.opens, 1);
	fake_insert(0, true);
	assert_int_equal(slots(CK_TRUE, list), 0);
	assert_int_equal(fake.opens, 2);
}

static void events_are_told_once(void **state)
{
	CK_SLOT_ID id = 99;

	(void)state;
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL), CKR_NO_EVENT);
	fake_insert(0, false);
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL), CKR_OK);
	assert_int_equal(id, 0);
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL), CKR_NO_EVENT);
}

static void a_card_changed_between_two_looks_is_an_event(void **state)
{
	CK_SLOT_ID id;

	(void)state;
	fake_insert(0, false);
	fake_insert(0, true);
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL), CKR_OK);
}

static void without_the_service_there_are_no_tokens(void **state)
{
	CK_SLOT_ID list[4], id;

	(void)state;
	assert_int_equal(slots(CK_TRUE, list), 1);
	fake.no_service = true;
	assert_int_equal(slots(CK_TRUE, list), 0);
	fake.no_service = false;
	assert_int_equal(slots(CK_TRUE, list), 1);
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, NULL), CKR_OK);
}

/* --- blocking ------------------------------------------------------------------------ */

struct wait {
	CK_SLOT_ID id;
	CK_RV rv;
};

static void *wait_for_event(void *arg)
{
	struct wait *w = arg;

	w->rv = C_WaitForSlotEvent(0, &w->id, NULL);
	return NULL;
}

static void until_blocked(int n)
{
	while (atomic_load(&fake.blocked) < n)
		usleep(1000);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void a_card_wakes_who_waits_and_others_work_meanwhile(void **state)
{
	struct wait w = { 99, CKR_GENERAL_ERROR };
	pthread_t thread;
	CK_SLOT_ID list[4];

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &w), 0);
	until_blocked(1);
	assert_int_equal(slots(CK_TRUE, list), 1);
	fake_insert(0, false);
	pthread_join(thread, NULL);
	assert_int_equal(w.rv, CKR_OK);
	assert_int_equal(w.id, 0);
}

static void a_new_reader_wakes_too(void **state)
{
	struct wait w = { 99, CKR_GENERAL_ERROR };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &w), 0);
	until_blocked(1);
	fake_insert(1, false);
	pthread_join(thread, NULL);
	assert_int_equal(w.rv, CKR_OK);
	assert_int_equal(w.id, 1);
}

static void finalize_wakes_all_who_wait(void **state)
{
	struct wait w[3];
	pthread_t threads[3];
	double begin;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_for_event, &w[i]), 0);
	until_blocked(3);
	begin = now();
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_true(now() - begin < 10.0);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(w[i].rv, CKR_CRYPTOKI_NOT_INITIALIZED);
	}
}

static void finalize_wakes_without_the_service(void **state)
{
	struct wait w;
	pthread_t thread;

	(void)state;
	fake.no_service = true;
	assert_int_equal(C_WaitForSlotEvent(CKF_DONT_BLOCK, &w.id, NULL), CKR_OK);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_event, &w), 0);
	usleep(30000);
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	pthread_join(thread, NULL);
	assert_int_equal(w.rv, CKR_CRYPTOKI_NOT_INITIALIZED);
}

static void *sign_slowly(void *arg)
{
	CK_RV *rv = arg;

	*rv = fake_sign(fake_session(RO), 0x9E);
	return NULL;
}

static void finalize_ends_a_call_that_hangs(void **state)
{
	CK_RV rv = CKR_OK;
	pthread_t thread;
	double begin;

	(void)state;
	fake.slow = true;
	assert_int_equal(pthread_create(&thread, NULL, sign_slowly, &rv), 0);
	until_blocked(1);
	begin = now();
	assert_int_equal(C_Finalize(NULL), CKR_OK);
	assert_true(now() - begin < 10.0);
	pthread_join(thread, NULL);
	assert_int_equal(rv, CKR_FUNCTION_CANCELED);
}

/* Whatever the card looks like that C_Finalize has cut off. */
static void what_finalize_ends_is_cancelled_not_removed(void **state)
{
	static const enum sj_rc looks[] = { SJ_CARD_LOST,      SJ_READER_LOST, SJ_NO_PCSCD,
					    SJ_CARD_MUTE,      SJ_CARD_RESET,  SJ_CARD_REFUSED,
					    SJ_CARD_SM_BROKEN, SJ_READER_BUSY, SJ_TIMED_OUT,
					    SJ_CARD_ANSWER,    SJ_NO_CARD };

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		fake.cancelled_rc = looks[i];
		finalize_ends_a_call_that_hangs(state);
		fake_reset();
		assert_int_equal(C_Initialize(NULL), CKR_OK);
	}
}

static void a_failure_of_the_moment_is_not_remembered(void **state)
{
	static const enum sj_rc failures[] = { SJ_CARD_MUTE,   SJ_CARD_RESET,  SJ_CARD_REFUSED,
					       SJ_CARD_ANSWER, SJ_READER_BUSY, SJ_TIMED_OUT };
	CK_SLOT_ID list[4];

	(void)state;
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		fake_insert(0, true);
		fake.fail_rc = failures[i];
		fake.fail_at = fake.calls + 1;
		assert_int_equal(slots(CK_TRUE, list), 1);
		fake.fail_at = 0;
		fake_session(RO);
	}
}

static void a_service_that_hangs_takes_no_card_away(void **state)
{
	CK_SESSION_HANDLE s = fake_session(RO);
	CK_SLOT_ID list[4];
	CK_ULONG n = 4;

	(void)state;
	fake.hangs = true;
	assert_int_equal(C_GetSlotList(CK_TRUE, list, &n), CKR_DEVICE_ERROR);
	fake.hangs = false;
	assert_int_equal(fake_sign(s, 0x9E), CKR_OK);
	assert_int_equal(slots(CK_TRUE, list), 1);
}

/* Another program's transaction may take as long as any other call. */
static void who_only_looks_waits_less_for_a_card_than_who_uses_it(void **state)
{
	CK_SLOT_ID list[4];
	CK_SESSION_HANDLE s;

	(void)state;
	assert_int_equal(slots(CK_TRUE, list), 1);
	assert_int_equal(fake.patience_ms, 3000);
	fake_insert(0, false);
	assert_int_equal(slots(CK_TRUE, list), 0);
	fake_insert(0, true);
	assert_int_equal(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
	assert_true(fake.patience_ms > 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE_CASE(a_reader_is_a_slot),
		FAKE_CASE(the_list_grows_only_when_asked_without_a_buffer),
		FAKE_CASE(ids_stay_when_readers_go_and_come),
		FAKE_CASE(too_small_a_buffer_is_told),
		FAKE_CASE(a_foreign_card_is_left_alone_until_it_is_taken_away),
		FAKE_CASE(events_are_told_once),
		FAKE_CASE(a_card_changed_between_two_looks_is_an_event),
		FAKE_CASE(without_the_service_there_are_no_tokens),
		FAKE_CASE(a_card_wakes_who_waits_and_others_work_meanwhile),
		FAKE_CASE(a_new_reader_wakes_too),
		FAKE_CASE(finalize_wakes_all_who_wait),
		FAKE_CASE(finalize_wakes_without_the_service),
		FAKE_CASE(finalize_ends_a_call_that_hangs),
		FAKE_CASE(what_finalize_ends_is_cancelled_not_removed),
		FAKE_CASE(a_failure_of_the_moment_is_not_remembered),
		FAKE_CASE(a_service_that_hangs_takes_no_card_away),
		FAKE_CASE(who_only_looks_waits_less_for_a_card_than_who_uses_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
