/* A process that forks, or changes what PC/SC has open, while another thread of it is in a call of PC/SC. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>
#include <winscard.h>

#include <cmocka.h>

#include "reader/session.h"
#include "reader/transport.h"
#include "tests/reader/pcsc_stage.h"

static atomic_uint inside, takes_ms;
static atomic_uint changing, change_takes_ms, changes,
	beside; /* beside: what began in a change of another */
static atomic_bool hangs, ends;

__typeof__(SCardEstablishContext) __real_SCardEstablishContext, __wrap_SCardEstablishContext;
LONG __wrap_SCardEstablishContext(DWORD scope, LPCVOID reserved, LPCVOID more, LPSCARDCONTEXT out)
{
	const unsigned change_ms = atomic_load(&change_takes_ms);
	LONG rv;

	atomic_fetch_add(&beside, atomic_fetch_add(&changing, 1) > 0);
	atomic_fetch_add(&changes, 1);
	pcsc_rest(change_ms);
	rv = __real_SCardEstablishContext(scope, reserved, more, out);
	atomic_fetch_sub(&changing, 1);
	return rv;
}

__typeof__(SCardTransmit) __real_SCardTransmit, __wrap_SCardTransmit;
LONG __wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *send_pci, LPCBYTE send,
			  DWORD send_len, SCARD_IO_REQUEST *receive_pci, LPBYTE receive,
			  LPDWORD receive_len)
{
	LONG rv;

	atomic_fetch_add(&beside, atomic_load(&changing) > 0);
	atomic_fetch_add(&inside, 1);
	pcsc_rest(atomic_load(&takes_ms));
	while (atomic_load(&hangs))
		pcsc_rest(1);
	rv = __real_SCardTransmit(card, send_pci, send, send_len, receive_pci, receive,
				  receive_len);
	atomic_fetch_sub(&inside, 1);
	return rv;
}

static void *ping_until_told(void *card)
{
	while (!atomic_load(&ends))
		if (pcsc_ping(card, 20000) != SJ_OK)
			return card;
	return NULL;
}

static struct sj_card *begin(struct pcsc_stage *f, pthread_t *thread)
{
	struct sj_card *card = pcsc_open(f);

	atomic_store(&ends, false);
	assert_int_equal(pthread_create(thread, NULL, ping_until_told, card), 0);
	return card;
}

static void finish(struct sj_card *card, pthread_t thread)
{
	void *failed;

	atomic_store(&ends, true);
	pthread_join(thread, &failed);
	assert_null(failed);
	sj_card_close(card);
}

/* How many calls other threads were in when the child was made. */
static int fork_in_a_call(void)
{
	int status;
	pid_t pid;

	while (atomic_load(&inside) == 0)
		pcsc_rest(1);
	pid = fork();
	if (pid == 0)
		_exit((int)atomic_load(&inside));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* In the child of such a moment libpcsclite would hang, with its lock held by nobody. */
static void test_a_fork_waits_for_the_calls_of_other_threads(void **state)
{
	pthread_t thread;
	struct sj_card *card = begin(*state, &thread);
	int in_a_call = 0;

	atomic_store(&takes_ms, 5);
	for (int i = 0; i < 20; i++)
		in_a_call += fork_in_a_call();
	finish(card, thread);
	/* It does not wait for ever, and a machine may be slow. */
	assert_in_range(in_a_call, 0, 10);
}

/* And once for one call: a service that hangs, or a user at a keypad, does not make each fork slow. */
static void test_a_fork_does_not_wait_for_ever(void **state)
{
	pthread_t thread;
	struct sj_card *card = begin(*state, &thread);
	int64_t start = sj_clock_ms();

	atomic_store(&hangs, true);
	for (int i = 0; i < 20; i++)
		assert_int_equal(fork_in_a_call(), 1);
	assert_true(sj_clock_ms() - start < 3000);
	atomic_store(&hangs, false);
	finish(card, thread);
}

static void *wait_for_a_card(void *ctx)
{
	struct sj_card *card = NULL;

	return sj_card_wait(ctx, SECOND, 0, &card) == SJ_CANCELLED ? NULL : ctx;
}

/* Both go on: who waits for a card is not waited for, and loses nothing. */
static void test_a_fork_beside_who_waits_for_a_card(void **state)
{
	struct pcsc_stage *f = *state;
	pthread_t thread;
	void *failed;
	int status;
	pid_t pid;

	assert_int_equal(pthread_create(&thread, NULL, wait_for_a_card, f->ctx), 0);
	for (int i = 0; i < 10; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	sj_context_cancel(f->ctx);
	pthread_join(thread, &failed);
	assert_null(failed);
}

#define CHANGES 60u

static void *change_once(void *failed)
{
	struct sj_context *ctx = NULL;
	struct sj_readers *list = NULL;

	if (sj_context_new(&ctx) != SJ_OK || sj_readers_list(ctx, 20000, &list) != SJ_OK)
		return failed;
	sj_readers_free(list);
	sj_context_free(ctx);
	return NULL;
}

static void *come_and_go(void *failed)
{
	while (atomic_load(&changes) < CHANGES)
		if (change_once(failed) != NULL)
			return failed;
	return NULL;
}

/* libpcsclite's lists break if they are changed while another call looks through them. */
static void test_what_changes_is_alone(void **state)
{
	pthread_t pings, changers[2];
	void *failed = NULL;
	struct sj_card *card = begin(*state, &pings);

	atomic_store(&takes_ms, 0);
	atomic_store(&change_takes_ms, 3);
	atomic_store(&changes, 0);
	atomic_store(&beside, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&changers[i], NULL, come_and_go, card), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(changers[i], &failed);
		assert_null(failed);
	}
	finish(card, pings);
	/* Nobody waits for ever for the others, and a machine may be slow. */
	assert_in_range(atomic_load(&beside), 0, CHANGES / 4);
}

/* A card that does not answer keeps no other from a reader beside it: it is waited for once. */
static void test_a_change_that_takes_long_is_waited_for_once(void **state)
{
	struct sj_card *card = pcsc_open(*state);
	pthread_t slow;
	void *failed;
	int64_t start;

	atomic_store(&changing, 0);
	atomic_store(&change_takes_ms, 8000);
	assert_int_equal(pthread_create(&slow, NULL, change_once, card), 0);
	while (atomic_load(&changing) == 0)
		pcsc_rest(1);
	atomic_store(&change_takes_ms, 0);
	start = sj_clock_ms();
	for (int i = 0; i < 10; i++) {
		assert_int_equal(pcsc_ping(card, 20000), SJ_OK);
		assert_null(change_once(card));
	}
	assert_true(sj_clock_ms() - start < 5000);
	assert_int_equal(atomic_load(&changing), 1);
	pthread_join(slow, &failed);
	assert_null(failed);
	sj_card_close(card);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_a_fork_waits_for_the_calls_of_other_threads, pcsc_setup_card),
		CASE(test_a_fork_does_not_wait_for_ever, pcsc_setup_card),
		CASE(test_what_changes_is_alone, pcsc_setup_card),
		CASE(test_a_change_that_takes_long_is_waited_for_once, pcsc_setup_card),
		CASE(test_a_fork_beside_who_waits_for_a_card, pcsc_setup_readers),
	};

	return cmocka_run_group_tests(tests, pcsc_begin, pcsc_end);
}
