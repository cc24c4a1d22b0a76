/* The reader's side over a real pcscd of our own, which is stopped, killed and shared. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>

#include <cmocka.h>

#include <sojourn/reader.h>

#include "reader/card.h"
#include "tests/reader/lab.h"

#define FIRST "Test PCD 00 00"
#define SECOND "Test PCD 00 01"
#define PRESENCE_MS 15000 /* pcscd looks every 400 ms; machines are slow at times */

static struct lab lab;

struct fixture {
	struct sj_context *ctx;
	struct lab_card card;
	bool inserted;
};

static void rest(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(sj_context_new(&f->ctx), SJ_OK);
	*state = f;
	return 0;
}

static int setup_readers(void **state)
{
	if (lab.pcscd == 0)
		assert_true(lab_up(&lab, true));
	return setup(state);
}

static int setup_card(void **state)
{
	struct fixture *f;

	setup_readers(state);
	f = *state;
	assert_true(lab_insert(&lab, &f->card, 0));
	f->inserted = true;
	return 0;
}

/*
 * pcscd believes in a card for some time after it has gone, and one that goes
 * while it is being reset leaves the slot dead until the next look at it: the
 * next test must not see that.
 */
#define TWO_LOOKS_MS 900

static bool slots_empty(struct sj_context *ctx)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct sj_readers *list = NULL;
	bool empty = true;

	if (sj_readers_list(ctx, 5000, &list) != SJ_OK)
		return true;
	for (size_t i = 0; sj_readers_get(list, i, &info); i++)
		empty = empty && !info.card_present;
	sj_readers_free(list);
	return empty;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->inserted) {
		rest(TWO_LOOKS_MS / 2);
		lab_remove(&f->card);
		rest(TWO_LOOKS_MS);
	}
	sj_context_resume(f->ctx);
	while (lab.pcscd != 0 && !slots_empty(f->ctx))
		rest(50);
	sj_context_free(f->ctx);
	free(f);
	return 0;
}

static struct sj_card *open_first(struct fixture *f)
{
	struct sj_card *card = NULL;

	assert_int_equal(sj_card_wait(f->ctx, FIRST, PRESENCE_MS, &card), SJ_OK);
	return card;
}

static enum sj_rc ping(struct sj_card *card, unsigned timeout_ms)
{
	static const uint8_t command[] = { 0x00, 0xA4, 0x00, 0x0C };
	uint8_t out[16];
	size_t len = sizeof(out);
	uint16_t sw = 0;
	enum sj_rc rc =
		sj_card_transmit(card, command, sizeof(command), timeout_ms, out, &len, &sw);

	if (rc == SJ_OK)
		assert_int_equal(sw, 0x9000);
	return rc;
}

/* --- no service, no reader, names ---------------------------------------------------- */

static void test_no_service(void **state)
{
	struct fixture *f = *state;
	struct sj_readers *list = NULL;

	lab_down(&lab, SIGTERM);
	assert_int_equal(sj_readers_list(f->ctx, 2000, &list), SJ_NO_PCSCD);
	assert_null(list);
}

/* Does to a client what pcscd does when polkit says no. */
static void *hang_up(void *arg)
{
	int listening = *(int *)arg, fd;

	while ((fd = accept(listening, NULL, NULL)) >= 0)
		close(fd);
	return NULL;
}

static void test_a_denial_is_not_taken_for_absence(void **state)
{
	struct fixture *f = *state;
	struct sj_readers *list = NULL;
	int fd = lab_bind(&lab);
	pthread_t thread;

	assert_true(fd >= 0);
	assert_int_equal(pthread_create(&thread, NULL, hang_up, &fd), 0);
	assert_int_equal(sj_readers_list(f->ctx, 5000, &list), SJ_NOT_ALLOWED);
	shutdown(fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(fd);
}

static void test_no_reader(void **state)
{
	struct fixture *f = *state;
	struct sj_readers *list = NULL;
	struct sj_card *card = NULL;

	assert_true(lab_up(&lab, false));
	assert_int_equal(sj_readers_list(f->ctx, 5000, &list), SJ_OK);
	assert_int_equal(sj_readers_count(list), 0);
	sj_readers_free(list);
	assert_int_equal(sj_card_wait(f->ctx, NULL, 5000, &card), SJ_NO_READER);
	lab_down(&lab, SIGTERM);
}

static void test_two_readers_and_their_names(void **state)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct fixture *f = *state;
	struct sj_readers *list = NULL;

	assert_int_equal(sj_readers_list(f->ctx, 5000, &list), SJ_OK);
	assert_int_equal(sj_readers_count(list), 2);
	assert_true(sj_readers_get(list, 0, &info));
	assert_string_equal(info.name, FIRST);
	assert_false(info.card_present);
	assert_false(sj_readers_get(list, 2, &info));
	sj_readers_free(list);
}

static void test_what_a_driver_does_not_tell_is_no_failure(void **state)
{
	struct fixture *f = *state;
	size_t bytes = 1;

	assert_int_equal(sj_reader_apdu_max(f->ctx, FIRST, 5000, &bytes), SJ_OK);
	assert_int_equal(bytes, 0); /* vpcd tells none */
	assert_int_equal(sj_reader_apdu_max(f->ctx, "Other", 5000, &bytes), SJ_READER_LOST);
}

static void test_names_are_matched(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = NULL;

	assert_int_equal(sj_card_wait(f->ctx, "Test", 300, &card), SJ_READER_AMBIGUOUS);
	assert_int_equal(sj_card_wait(f->ctx, "Other", 300, &card), SJ_READER_UNKNOWN);
	assert_int_equal(sj_card_wait(f->ctx, "00 01", 300, &card), SJ_NO_CARD);
}

/* --- cards come and go --------------------------------------------------------------- */

static void test_a_card_is_found_whichever_reader_it_is_in(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = NULL;
	uint8_t atr[SJ_ATR_MAX];

	assert_true(lab_insert(&lab, &f->card, 1));
	f->inserted = true;
	assert_int_equal(sj_card_wait(f->ctx, NULL, PRESENCE_MS, &card), SJ_OK);
	assert_string_equal(sj_card_reader(card), SECOND);
	assert_int_equal(sj_card_atr(card, atr), 5);
	assert_int_equal(ping(card, 5000), SJ_OK);
	sj_card_close(card);
}

static unsigned threads_of_this_process(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Who found the card goes on with it; a context that is asked again makes another. */
static void test_a_card_is_opened_by_the_thread_that_found_it(void **state)
{
	struct fixture *f = *state;
	unsigned before = threads_of_this_process();
	struct sj_card *card = open_first(f);

	assert_int_equal(threads_of_this_process(), before + 1);
	assert_false(slots_empty(f->ctx));
	assert_int_equal(threads_of_this_process(), before + 2);
	assert_int_equal(ping(card, 5000), SJ_OK);
	sj_card_close(card);
	assert_int_equal(threads_of_this_process(), before + 1);
}

static void test_waiting_sees_a_card_come_and_go(void **state)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct sj_readers *before = NULL, *after = NULL, *end = NULL;
	struct fixture *f = *state;

	assert_int_equal(sj_readers_wait(f->ctx, NULL, PRESENCE_MS, &before), SJ_OK);
	assert_int_equal(sj_readers_wait(f->ctx, before, 300, &after), SJ_TIMED_OUT);
	assert_true(lab_insert(&lab, &f->card, 0));
	assert_int_equal(sj_readers_wait(f->ctx, before, PRESENCE_MS, &after), SJ_OK);
	assert_true(sj_readers_get(after, 0, &info));
	assert_true(info.card_present);
	assert_int_equal(info.atr_len, 5);
	lab_remove(&f->card);
	assert_int_equal(sj_readers_wait(f->ctx, after, PRESENCE_MS, &end), SJ_OK);
	assert_true(sj_readers_get(end, 0, &info));
	assert_false(info.card_present);
	sj_readers_free(before);
	sj_readers_free(after);
	sj_readers_free(end);
}

static void test_a_card_taken_away_is_lost(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);

	assert_int_equal(ping(card, 5000), SJ_OK);
	lab_remove(&f->card);
	f->inserted = false;
	assert_int_equal(ping(card, 5000), SJ_CARD_LOST);
	sj_card_close(card);
}

static void test_a_refused_card_is_passed_over_until_it_is_taken_away(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f), *again = NULL;

	sj_card_refuse(card);
	sj_card_close(card);
	assert_int_equal(sj_card_wait(f->ctx, NULL, 300, &again), SJ_NOT_A_DOCUMENT);
	lab_remove(&f->card);
	rest(1000);
	assert_true(lab_insert(&lab, &f->card, 0));
	assert_int_equal(sj_card_wait(f->ctx, NULL, PRESENCE_MS, &again), SJ_OK);
	sj_card_close(again);
}

static void test_a_mute_card(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = NULL;

	f->card.mute = true;
	assert_true(lab_insert(&lab, &f->card, 0));
	f->inserted = true;
	assert_int_equal(sj_card_wait(f->ctx, FIRST, 2000, &card), SJ_CARD_MUTE);
}

/* --- other processes ------------------------------------------------------------------- */

enum other_does { HOLDS_TRANSACTION, RESETS_CARD, HAS_IT_ALONE };

/* Another process at the same card; ready when it returns. `until` ends it when closed. */
static pid_t other(enum other_does what, int *until)
{
	int ready[2], go[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		SCARDCONTEXT ctx;
		SCARDHANDLE card;
		DWORD protocol;
		LONG rv;

		close(go[1]);
		rv = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &ctx);
		if (rv == SCARD_S_SUCCESS)
			rv = SCardConnect(ctx, FIRST,
					  what == HAS_IT_ALONE ? SCARD_SHARE_EXCLUSIVE
							       : SCARD_SHARE_SHARED,
					  SCARD_PROTOCOL_T1, &card, &protocol);
		if (rv == SCARD_S_SUCCESS && what == HOLDS_TRANSACTION)
			rv = SCardBeginTransaction(card);
		if (rv == SCARD_S_SUCCESS && what == RESETS_CARD)
			rv = SCardReconnect(card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1,
					    SCARD_RESET_CARD, &protocol);
		byte = rv == SCARD_S_SUCCESS ? 'y' : 'n';
		if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(go[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_int_equal(byte, 'y');
	*until = go[1];
	return pid;
}

static void end_other(pid_t pid, int until)
{
	int status;

	close(until);
	waitpid(pid, &status, 0);
}

static void test_a_deadline_holds_against_a_transaction(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);
	int64_t start;
	int until;
	pid_t pid = other(HOLDS_TRANSACTION, &until);

	sj_session_deadline(sj_card_session(card), sj_clock_ms() + 300);
	start = sj_clock_ms();
	assert_int_equal(sj_session_begin(sj_card_session(card)), SJ_READER_BUSY);
	assert_in_range(sj_clock_ms() - start, 250, 1500);
	assert_int_equal(ping(card, 300), SJ_CARD_LOST);
	end_other(pid, until);
	/* The worker that was left behind does not stand in the way. */
	sj_session_deadline(sj_card_session(card), sj_clock_ms() + 5000);
	assert_int_equal(sj_session_restart(sj_card_session(card), false), SJ_OK);
	assert_int_equal(ping(card, 5000), SJ_OK);
	sj_card_close(card);
}

static void test_connecting_gives_up_at_its_deadline(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f), *second = NULL;
	int until;
	pid_t pid = other(HOLDS_TRANSACTION, &until);

	assert_int_equal(sj_card_wait(f->ctx, FIRST, 500, &second), SJ_READER_BUSY);
	end_other(pid, until);
	sj_card_close(card);
}

static void test_a_card_that_another_has_alone_is_busy(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);
	int until;
	pid_t pid;

	sj_card_close(card);
	pid = other(HAS_IT_ALONE, &until);
	card = NULL;
	assert_int_equal(sj_card_wait(f->ctx, FIRST, 2000, &card), SJ_READER_BUSY);
	end_other(pid, until);
}

static void test_a_reset_by_another_is_told_and_recovered(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);
	int until;
	pid_t pid;

	assert_int_equal(ping(card, 5000), SJ_OK);
	pid = other(RESETS_CARD, &until);
	assert_int_equal(ping(card, 5000), SJ_CARD_RESET);
	assert_int_equal(sj_session_restart(sj_card_session(card), false), SJ_OK);
	assert_int_equal(ping(card, 5000), SJ_OK);
	end_other(pid, until);
	sj_card_close(card);
}

/* What the service says to the next transmission in place of what it would say. */
static atomic_long next_failure = SCARD_S_SUCCESS;

LONG __real_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE send,
			  DWORD send_len, SCARD_IO_REQUEST *receive_pci, LPBYTE receive,
			  LPDWORD receive_len);
LONG __wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE send,
			  DWORD send_len, SCARD_IO_REQUEST *receive_pci, LPBYTE receive,
			  LPDWORD receive_len);
LONG __wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE send,
			  DWORD send_len, SCARD_IO_REQUEST *receive_pci, LPBYTE receive,
			  LPDWORD receive_len)
{
	const LONG failure = atomic_exchange(&next_failure, SCARD_S_SUCCESS);

	if (failure != SCARD_S_SUCCESS)
		return failure;
	return __real_SCardTransmit(card, send_pci, send, send_len, receive_pci, receive,
				    receive_len);
}

/* pcscd says so to who connects while it carries out another's reset: seldom, but it does. */
static void test_a_reset_under_way_is_a_reset(void **state)
{
	static const LONG failures[] = { SCARD_E_PROTO_MISMATCH, SCARD_W_UNPOWERED_CARD,
					 SCARD_W_RESET_CARD };
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		atomic_store(&next_failure, failures[i]);
		assert_int_equal(ping(card, 5000), SJ_CARD_RESET);
		assert_int_equal(sj_session_restart(sj_card_session(card), false), SJ_OK);
		assert_int_equal(ping(card, 5000), SJ_OK);
	}
	sj_card_close(card);
}

/* --- time and cancelling ---------------------------------------------------------------- */

static void test_a_card_that_hangs_times_out(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);
	int64_t start = sj_clock_ms();

	atomic_store(&f->card.delay_ms, 3000);
	assert_int_equal(ping(card, 200), SJ_TIMED_OUT);
	assert_in_range(sj_clock_ms() - start, 150, 1500);
	sj_card_close(card);
}

static void *cancel_soon(void *ctx)
{
	rest(200);
	sj_context_cancel(ctx);
	return NULL;
}

static void test_another_thread_cancels_waiting(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = NULL;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, f->ctx), 0);
	assert_int_equal(sj_card_wait(f->ctx, SECOND, 0, &card), SJ_CANCELLED);
	pthread_join(thread, NULL);
	sj_context_resume(f->ctx);
	assert_int_equal(sj_card_wait(f->ctx, SECOND, 100, &card), SJ_NO_CARD);
}

static void test_another_thread_cancels_a_command(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);
	pthread_t thread;

	atomic_store(&f->card.delay_ms, 3000);
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, f->ctx), 0);
	assert_int_equal(ping(card, 0), SJ_CANCELLED);
	pthread_join(thread, NULL);
	sj_card_close(card);
}

static void test_who_was_cancelled_hears_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);
	struct sj_session *s = sj_card_session(card);
	pthread_t thread;
	int until;
	pid_t pid = other(HOLDS_TRANSACTION, &until);

	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, f->ctx), 0);
	sj_session_deadline(s, sj_clock_ms() + 5000);
	assert_int_equal(sj_session_begin(s), SJ_CANCELLED);
	pthread_join(thread, NULL);
	assert_int_equal(sj_session_begin(s), SJ_CANCELLED);
	assert_int_equal(ping(card, 5000), SJ_CANCELLED);
	end_other(pid, until);
	sj_card_close(card);
}

static void test_a_transaction_is_given_back_though_cancelled(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);
	int until;
	pid_t pid;

	sj_session_deadline(sj_card_session(card), sj_clock_ms() + 5000);
	assert_int_equal(sj_session_begin(sj_card_session(card)), SJ_OK);
	sj_context_cancel(f->ctx);
	sj_session_end(sj_card_session(card));
	alarm(10); /* the other waits for us without end */
	pid = other(HOLDS_TRANSACTION, &until);
	alarm(0);
	end_other(pid, until);
	sj_card_close(card);
}

static struct sj_context *to_cancel;

static void on_alarm(int number)
{
	(void)number;
	sj_context_cancel(to_cancel);
}

static void test_a_signal_handler_cancels(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = NULL;

	to_cancel = f->ctx;
	signal(SIGALRM, on_alarm);
	alarm(1);
	assert_int_equal(sj_card_wait(f->ctx, SECOND, 0, &card), SJ_CANCELLED);
	signal(SIGALRM, SIG_DFL);
}

/* --- the service dies -------------------------------------------------------------------- */

static void test_the_service_is_killed_and_comes_back(void **state)
{
	struct fixture *f = *state;
	struct sj_card *card = open_first(f);
	struct sj_readers *list = NULL;

	assert_int_equal(ping(card, 5000), SJ_OK);
	lab_down(&lab, SIGKILL);
	assert_int_equal(ping(card, 5000), SJ_READER_LOST);
	assert_int_equal(sj_readers_list(f->ctx, 2000, &list), SJ_NO_PCSCD);
	assert_true(lab_up(&lab, true));
	sj_card_close(card);
	card = open_first(f);
	assert_int_equal(ping(card, 5000), SJ_OK);
	sj_card_close(card);
}

static void test_a_service_that_hangs_times_out(void **state)
{
	struct fixture *f = *state;
	struct sj_readers *list = NULL;

	kill(lab.pcscd, SIGSTOP);
	assert_int_equal(sj_readers_list(f->ctx, 300, &list), SJ_TIMED_OUT);
	kill(lab.pcscd, SIGCONT);
	assert_int_equal(sj_readers_list(f->ctx, 5000, &list), SJ_OK);
	sj_readers_free(list);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define CASE(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_no_service, setup),
		CASE(test_a_denial_is_not_taken_for_absence, setup),
		CASE(test_no_reader, setup),
		CASE(test_two_readers_and_their_names, setup_readers),
		CASE(test_what_a_driver_does_not_tell_is_no_failure, setup_readers),
		CASE(test_names_are_matched, setup_readers),
		CASE(test_a_card_is_found_whichever_reader_it_is_in, setup_readers),
		CASE(test_a_card_is_opened_by_the_thread_that_found_it, setup_card),
		CASE(test_waiting_sees_a_card_come_and_go, setup_readers),
		CASE(test_a_card_taken_away_is_lost, setup_card),
		CASE(test_a_refused_card_is_passed_over_until_it_is_taken_away, setup_card),
		CASE(test_a_mute_card, setup_readers),
		CASE(test_a_deadline_holds_against_a_transaction, setup_card),
		CASE(test_connecting_gives_up_at_its_deadline, setup_card),
		CASE(test_a_card_that_another_has_alone_is_busy, setup_card),
		CASE(test_a_reset_by_another_is_told_and_recovered, setup_card),
		CASE(test_a_reset_under_way_is_a_reset, setup_card),
		CASE(test_a_card_that_hangs_times_out, setup_card),
		CASE(test_another_thread_cancels_waiting, setup_readers),
		CASE(test_another_thread_cancels_a_command, setup_card),
		CASE(test_who_was_cancelled_hears_nothing_else, setup_card),
		CASE(test_a_transaction_is_given_back_though_cancelled, setup_card),
		CASE(test_a_signal_handler_cancels, setup_readers),
		CASE(test_the_service_is_killed_and_comes_back, setup_card),
		CASE(test_a_service_that_hangs_times_out, setup_readers),
	};
	int failed;

	if (!lab_init(&lab))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	lab_free(&lab);
	return failed;
}
