/* A card that other processes use too, commands that take long, and who cancels them. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <winscard.h>

#include <cmocka.h>

#include "reader/session.h"
#include "tests/reader/pcsc_stage.h"

/* --- other processes ------------------------------------------------------------------- */

static void test_a_deadline_holds_against_a_transaction(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	int64_t start;
	int until;
	pid_t pid = pcsc_other(HOLDS_TRANSACTION, &until);

	sj_session_deadline(sj_card_session(card), sj_clock_ms() + 300);
	start = sj_clock_ms();
	assert_int_equal(sj_session_begin(sj_card_session(card)), SJ_READER_BUSY);
	assert_in_range(sj_clock_ms() - start, 250, 1500);
	assert_int_equal(pcsc_ping(card, 300), SJ_CARD_LOST);
	pcsc_other_end(pid, until);
	/* The worker that was left behind does not stand in the way. */
	sj_session_deadline(sj_card_session(card), sj_clock_ms() + 5000);
	assert_int_equal(sj_session_restart(sj_card_session(card), false), SJ_OK);
	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	sj_card_close(card);
}

static void test_connecting_gives_up_at_its_deadline(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f), *second = NULL;
	int until;
	pid_t pid = pcsc_other(HOLDS_TRANSACTION, &until);

	assert_int_equal(sj_card_wait(f->ctx, FIRST, 500, &second), SJ_READER_BUSY);
	pcsc_other_end(pid, until);
	sj_card_close(card);
}

static void test_a_card_that_another_has_alone_is_busy(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	int until;
	pid_t pid;

	sj_card_close(card);
	pid = pcsc_other(HAS_IT_ALONE, &until);
	card = NULL;
	assert_int_equal(sj_card_wait(f->ctx, FIRST, 2000, &card), SJ_READER_BUSY);
	pcsc_other_end(pid, until);
}

static void test_a_reset_by_another_is_told_and_recovered(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	int until;
	pid_t pid;

	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	pid = pcsc_other(RESETS_CARD, &until);
	assert_int_equal(pcsc_ping(card, 5000), SJ_CARD_RESET);
	assert_int_equal(sj_session_restart(sj_card_session(card), false), SJ_OK);
	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	pcsc_other_end(pid, until);
	sj_card_close(card);
}

/* How many commands reach the card for one in a channel that was made before `between` said something, if it is one. */
static unsigned sent_in_channel(struct sj_card *card, struct sj_card *between)
{
	static const struct sj_sm_keys keys = { .cipher = SJ_CIPHER_3DES };
	const struct sj_apdu a = { .ins = 0x84, .ne = 8 };
	struct sj_session *s = sj_card_session(card);
	struct sj_response r;
	unsigned before;

	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	sj_session_sm_start(s, &keys, NULL);
	if (between)
		assert_int_equal(pcsc_ping(between, 5000), SJ_OK);
	before = sj_session_count(s).apdus;
	assert_int_equal(sj_session_command(s, &a, &r), SJ_CARD_SM_BROKEN);
	return sj_session_count(s).apdus - before;
}

/* Another's channel may be in the card instead, and would be broken by it. */
static void test_a_channel_is_not_spoken_in_after_another(void **state)
{
	char folder[] = "/tmp/sojourn-turns-XXXXXX", file[64];
	struct pcsc_stage *f = *state;
	struct sj_context *ctx = NULL;
	struct sj_card *card, *other = NULL;

	assert_non_null(mkdtemp(folder));
	setenv("XDG_RUNTIME_DIR", folder, 1);
	card = pcsc_open(f);
	assert_int_equal(sj_context_new(&ctx), SJ_OK);
	assert_int_equal(sj_card_wait(ctx, FIRST, PRESENCE_MS, &other), SJ_OK);
	assert_int_equal(sent_in_channel(card, NULL), 1);
	assert_int_equal(sent_in_channel(card, other), 0);
	sj_card_close(other);
	sj_context_free(ctx);
	sj_card_close(card);
	unsetenv("XDG_RUNTIME_DIR");
	snprintf(file, sizeof(file), "%s/sojourn-turns", folder);
	unlink(file);
	rmdir(folder);
}

/* What the service says to the next transmission in place of what it would say. */
static atomic_long next_failure = SCARD_S_SUCCESS, next_status = SCARD_S_SUCCESS;
static atomic_long last_answer = SCARD_S_SUCCESS; /* to a transmission */

__typeof__(SCardTransmit) __real_SCardTransmit, __wrap_SCardTransmit;
LONG __wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE send,
			  DWORD send_len, SCARD_IO_REQUEST *receive_pci, LPBYTE receive,
			  LPDWORD receive_len)
{
	const LONG failure = atomic_exchange(&next_failure, SCARD_S_SUCCESS);

	if (failure != SCARD_S_SUCCESS)
		return failure;
	atomic_store(&last_answer, __real_SCardTransmit(card, send_pci, send, send_len, receive_pci,
							receive, receive_len));
	return atomic_load(&last_answer);
}

__typeof__(SCardStatus) __real_SCardStatus, __wrap_SCardStatus;
LONG __wrap_SCardStatus(SCARDHANDLE card, LPSTR name, LPDWORD name_len, LPDWORD state,
			LPDWORD protocol, LPBYTE atr, LPDWORD atr_len)
{
	const LONG failure = atomic_exchange(&next_status, SCARD_S_SUCCESS);

	if (failure != SCARD_S_SUCCESS)
		return failure;
	return __real_SCardStatus(card, name, name_len, state, protocol, atr, atr_len);
}

/* As when another's transaction ends with its process: nothing of this card's was lost yet. */
static void test_a_reset_before_the_first_command_is_none(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);

	atomic_store(&next_status, SCARD_W_RESET_CARD);
	assert_int_equal(sj_session_restart(sj_card_session(card), false), SJ_OK);
	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	sj_card_close(card);
}

/* pcscd says so to who connects while it carries out another's reset: seldom, but it does. */
static void test_a_reset_under_way_is_a_reset(void **state)
{
	static const LONG failures[] = { SCARD_E_PROTO_MISMATCH, SCARD_W_UNPOWERED_CARD,
					 SCARD_W_RESET_CARD };
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		atomic_store(&next_failure, failures[i]);
		assert_int_equal(pcsc_ping(card, 5000), SJ_CARD_RESET);
		assert_int_equal(sj_session_restart(sj_card_session(card), false), SJ_OK);
		assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	}
	sj_card_close(card);
}

/* Else it would come in the middle of what somebody says to the card when the transaction is over. */
static void test_a_command_that_was_given_up_never_reaches_the_card(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	unsigned commands;
	int until;
	pid_t pid;

	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	pid = pcsc_other(HOLDS_TRANSACTION, &until);
	commands = atomic_load(&f->card.commands);
	assert_int_equal(pcsc_ping(card, 300), SJ_TIMED_OUT);
	pcsc_other_end(pid, until);
	for (int i = 0; i < 1500 && atomic_load(&last_answer) == SCARD_S_SUCCESS; i++)
		pcsc_rest(10);
	assert_int_equal((uint32_t)atomic_load(&last_answer), (uint32_t)SCARD_E_PROTO_MISMATCH);
	assert_int_equal(atomic_load(&f->card.commands), commands);
	sj_card_close(card);
}

/* --- time and cancelling ---------------------------------------------------------------- */

static void test_a_card_that_hangs_times_out(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	int64_t start = sj_clock_ms();

	atomic_store(&f->card.delay_ms, 3000);
	assert_int_equal(pcsc_ping(card, 200), SJ_TIMED_OUT);
	assert_in_range(sj_clock_ms() - start, 150, 1500);
	sj_card_close(card);
}

static void *cancel_soon(void *ctx)
{
	pcsc_rest(200);
	sj_context_cancel(ctx);
	return NULL;
}

static void test_another_thread_cancels_waiting(void **state)
{
	struct pcsc_stage *f = *state;
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
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	pthread_t thread;

	atomic_store(&f->card.delay_ms, 3000);
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, f->ctx), 0);
	assert_int_equal(pcsc_ping(card, 0), SJ_CANCELLED);
	pthread_join(thread, NULL);
	sj_card_close(card);
}

static void test_who_was_cancelled_hears_nothing_else(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	struct sj_session *s = sj_card_session(card);
	pthread_t thread;
	int until;
	pid_t pid = pcsc_other(HOLDS_TRANSACTION, &until);

	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, f->ctx), 0);
	sj_session_deadline(s, sj_clock_ms() + 5000);
	assert_int_equal(sj_session_begin(s), SJ_CANCELLED);
	pthread_join(thread, NULL);
	assert_int_equal(sj_session_begin(s), SJ_CANCELLED);
	assert_int_equal(pcsc_ping(card, 5000), SJ_CANCELLED);
	pcsc_other_end(pid, until);
	sj_card_close(card);
}

static void test_a_transaction_is_given_back_though_cancelled(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	int until;
	pid_t pid;

	sj_session_deadline(sj_card_session(card), sj_clock_ms() + 5000);
	assert_int_equal(sj_session_begin(sj_card_session(card)), SJ_OK);
	sj_context_cancel(f->ctx);
	sj_session_end(sj_card_session(card));
	alarm(10); /* the other waits for us without end */
	pid = pcsc_other(HOLDS_TRANSACTION, &until);
	alarm(0);
	pcsc_other_end(pid, until);
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
	struct pcsc_stage *f = *state;
	struct sj_card *card = NULL;

	to_cancel = f->ctx;
	signal(SIGALRM, on_alarm);
	alarm(1);
	assert_int_equal(sj_card_wait(f->ctx, SECOND, 0, &card), SJ_CANCELLED);
	signal(SIGALRM, SIG_DFL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_a_deadline_holds_against_a_transaction, pcsc_setup_card),
		CASE(test_connecting_gives_up_at_its_deadline, pcsc_setup_card),
		CASE(test_a_card_that_another_has_alone_is_busy, pcsc_setup_card),
		CASE(test_a_reset_by_another_is_told_and_recovered, pcsc_setup_card),
		CASE(test_a_channel_is_not_spoken_in_after_another, pcsc_setup_card),
		CASE(test_a_reset_before_the_first_command_is_none, pcsc_setup_card),
		CASE(test_a_command_that_was_given_up_never_reaches_the_card, pcsc_setup_card),
		CASE(test_a_reset_under_way_is_a_reset, pcsc_setup_card),
		CASE(test_a_card_that_hangs_times_out, pcsc_setup_card),
		CASE(test_another_thread_cancels_waiting, pcsc_setup_readers),
		CASE(test_another_thread_cancels_a_command, pcsc_setup_card),
		CASE(test_who_was_cancelled_hears_nothing_else, pcsc_setup_card),
		CASE(test_a_transaction_is_given_back_though_cancelled, pcsc_setup_card),
		CASE(test_a_signal_handler_cancels, pcsc_setup_readers),
	};

	return cmocka_run_group_tests(tests, pcsc_begin, pcsc_end);
}
