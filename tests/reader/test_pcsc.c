/* The reader's side over a real pcscd of our own, which is stopped and killed. */
#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <sojourn/reader.h>

#include "reader/pcsc_denied.h"
#include "tests/reader/pcsc_stage.h"

/* --- no service, no reader, names ---------------------------------------------------- */

static void test_no_service(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_readers *list = NULL;

	lab_down(&pcsc_lab, SIGTERM);
	assert_int_equal(sj_readers_list(f->ctx, 2000, &list), SJ_NO_PCSCD);
	assert_null(list);
}

/* Does to so many clients what pcscd does when polkit says no; the next one may wait. */
struct porter {
	int listening, waiting;
	unsigned times;
	pthread_t thread;
};

static void *hang_up(void *arg)
{
	struct porter *p = arg;
	int fd;

	while ((fd = accept(p->listening, NULL, NULL)) >= 0) {
		if (p->times == 0 && p->waiting < 0) {
			p->waiting = fd;
			continue;
		}
		p->times -= p->times > 0;
		close(fd);
	}
	return NULL;
}

static void meet_porter(const struct pcsc_stage *f, unsigned times, enum sj_rc rc)
{
	struct porter p = { .listening = lab_bind(&pcsc_lab), .waiting = -1, .times = times };
	struct sj_readers *list = NULL;

	assert_true(p.listening >= 0);
	assert_int_equal(pthread_create(&p.thread, NULL, hang_up, &p), 0);
	assert_int_equal(sj_readers_list(f->ctx, 5000, &list), rc);
	shutdown(p.listening, SHUT_RDWR);
	pthread_join(p.thread, NULL);
	close(p.listening);
	if (p.waiting >= 0)
		close(p.waiting);
}

static void test_a_denial_is_not_taken_for_absence(void **state)
{
	meet_porter(*state, UINT_MAX, SJ_NOT_ALLOWED);
}

/* libpcsclite's own connection and our first knock meet a service that ends just now. */
static void test_an_end_is_not_taken_for_a_denial(void **state)
{
	meet_porter(*state, 2, SJ_NO_PCSCD);
}

/* To connect would take as long as nobody is let in. */
static void test_a_service_whose_queue_is_full_keeps_nobody_waiting(void **state)
{
	int listening = lab_bind(&pcsc_lab), fds[8];
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t n = 0;

	(void)state;
	strcpy(at.sun_path, pcsc_lab.socket);
	assert_int_equal(listen(listening, 0), 0);
	do {
		assert_true(n < sizeof(fds) / sizeof(fds[0]));
		fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert_true(fds[n] >= 0);
	} while (connect(fds[n++], (struct sockaddr *)&at, sizeof(at)) == 0);
	alarm(20);
	assert_false(sj_pcsc_denied());
	alarm(0);
	while (n > 0)
		close(fds[--n]);
	close(listening);
}

static void test_no_reader(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_readers *list = NULL;
	struct sj_card *card = NULL;

	assert_true(lab_up(&pcsc_lab, false));
	assert_int_equal(sj_readers_list(f->ctx, 5000, &list), SJ_OK);
	assert_int_equal(sj_readers_count(list), 0);
	sj_readers_free(list);
	assert_int_equal(sj_card_wait(f->ctx, NULL, 5000, &card), SJ_NO_READER);
	lab_down(&pcsc_lab, SIGTERM);
}

static void test_two_readers_and_their_names(void **state)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct pcsc_stage *f = *state;
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
	struct pcsc_stage *f = *state;
	size_t bytes = 1;

	assert_int_equal(sj_reader_apdu_max(f->ctx, FIRST, 5000, &bytes), SJ_OK);
	assert_int_equal(bytes, 0); /* vpcd tells none */
	assert_int_equal(sj_reader_apdu_max(f->ctx, "Other", 5000, &bytes), SJ_READER_LOST);
}

static void test_names_are_matched(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = NULL;

	assert_int_equal(sj_card_wait(f->ctx, "Test", 300, &card), SJ_READER_AMBIGUOUS);
	assert_int_equal(sj_card_wait(f->ctx, "Other", 300, &card), SJ_READER_UNKNOWN);
	assert_int_equal(sj_card_wait(f->ctx, "00 01", 300, &card), SJ_NO_CARD);
}

/* --- cards come and go --------------------------------------------------------------- */

static void test_a_card_is_found_whichever_reader_it_is_in(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = NULL;
	uint8_t atr[SJ_ATR_MAX];

	assert_true(lab_insert(&pcsc_lab, &f->card, 1));
	f->inserted = true;
	assert_int_equal(sj_card_wait(f->ctx, NULL, PRESENCE_MS, &card), SJ_OK);
	assert_string_equal(sj_card_reader(card), SECOND);
	assert_int_equal(sj_card_atr(card, atr), 5);
	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
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
	struct pcsc_stage *f = *state;
	unsigned before = threads_of_this_process();
	struct sj_card *card = pcsc_open(f);

	assert_int_equal(threads_of_this_process(), before + 1);
	assert_false(pcsc_empty(f->ctx));
	assert_int_equal(threads_of_this_process(), before + 2);
	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	sj_card_close(card);
	assert_int_equal(threads_of_this_process(), before + 1);
}

static void test_waiting_sees_a_card_come_and_go(void **state)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct sj_readers *before = NULL, *after = NULL, *end = NULL;
	struct pcsc_stage *f = *state;

	assert_int_equal(sj_readers_wait(f->ctx, NULL, PRESENCE_MS, &before), SJ_OK);
	assert_int_equal(sj_readers_wait(f->ctx, before, 300, &after), SJ_TIMED_OUT);
	assert_true(lab_insert(&pcsc_lab, &f->card, 0));
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
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);

	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	lab_remove(&f->card);
	f->inserted = false;
	assert_int_equal(pcsc_ping(card, 5000), SJ_CARD_LOST);
	sj_card_close(card);
}

static void test_a_refused_card_is_passed_over_until_it_is_taken_away(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f), *again = NULL;

	sj_card_refuse(card);
	sj_card_close(card);
	assert_int_equal(sj_card_wait(f->ctx, NULL, 1500, &again), SJ_NOT_A_DOCUMENT);
	lab_remove(&f->card);
	pcsc_rest(1000);
	assert_true(lab_insert(&pcsc_lab, &f->card, 0));
	assert_int_equal(sj_card_wait(f->ctx, NULL, PRESENCE_MS, &again), SJ_OK);
	sj_card_close(again);
}

static void test_a_mute_card(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = NULL;

	f->card.mute = true;
	assert_true(lab_insert(&pcsc_lab, &f->card, 0));
	f->inserted = true;
	assert_int_equal(sj_card_wait(f->ctx, FIRST, 2000, &card), SJ_CARD_MUTE);
}

/* --- the service dies -------------------------------------------------------------------- */

static void test_the_service_is_killed_and_comes_back(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	struct sj_readers *list = NULL;

	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	lab_down(&pcsc_lab, SIGKILL);
	assert_int_equal(pcsc_ping(card, 5000), SJ_READER_LOST);
	assert_int_equal(sj_readers_list(f->ctx, 2000, &list), SJ_NO_PCSCD);
	assert_true(lab_up(&pcsc_lab, true));
	sj_card_close(card);
	card = pcsc_open(f);
	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	sj_card_close(card);
}

/* Once a command should be on its way to it; earlier is as good. */
static void *kill_soon(void *arg)
{
	(void)arg;
	pcsc_rest(200);
	lab_down(&pcsc_lab, SIGKILL);
	return NULL;
}

static void test_the_service_is_killed_with_a_command_unread(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_card *card = pcsc_open(f);
	pthread_t thread;

	assert_int_equal(pcsc_ping(card, 5000), SJ_OK);
	kill(pcsc_lab.pcscd, SIGSTOP);
	assert_int_equal(pthread_create(&thread, NULL, kill_soon, NULL), 0);
	assert_int_equal(pcsc_ping(card, 30000), SJ_READER_LOST);
	pthread_join(thread, NULL);
	sj_card_close(card);
}

static void test_who_looked_before_a_restart_looks_again(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_readers *list = NULL;

	assert_int_equal(sj_readers_list(f->ctx, 5000, &list), SJ_OK);
	sj_readers_free(list);
	lab_down(&pcsc_lab, SIGKILL);
	assert_true(lab_up(&pcsc_lab, true));
	assert_int_equal(sj_readers_list(f->ctx, 5000, &list), SJ_OK);
	sj_readers_free(list);
}

static void test_a_service_that_hangs_times_out(void **state)
{
	struct pcsc_stage *f = *state;
	struct sj_readers *list = NULL;

	kill(pcsc_lab.pcscd, SIGSTOP);
	assert_int_equal(sj_readers_list(f->ctx, 300, &list), SJ_TIMED_OUT);
	kill(pcsc_lab.pcscd, SIGCONT);
	assert_int_equal(sj_readers_list(f->ctx, 5000, &list), SJ_OK);
	sj_readers_free(list);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_no_service, pcsc_setup),
		CASE(test_a_denial_is_not_taken_for_absence, pcsc_setup),
		CASE(test_an_end_is_not_taken_for_a_denial, pcsc_setup),
		CASE(test_a_service_whose_queue_is_full_keeps_nobody_waiting, pcsc_setup),
		CASE(test_no_reader, pcsc_setup),
		CASE(test_two_readers_and_their_names, pcsc_setup_readers),
		CASE(test_what_a_driver_does_not_tell_is_no_failure, pcsc_setup_readers),
		CASE(test_names_are_matched, pcsc_setup_readers),
		CASE(test_a_card_is_found_whichever_reader_it_is_in, pcsc_setup_readers),
		CASE(test_a_card_is_opened_by_the_thread_that_found_it, pcsc_setup_card),
		CASE(test_waiting_sees_a_card_come_and_go, pcsc_setup_readers),
		CASE(test_a_card_taken_away_is_lost, pcsc_setup_card),
		CASE(test_a_refused_card_is_passed_over_until_it_is_taken_away, pcsc_setup_card),
		CASE(test_a_mute_card, pcsc_setup_readers),
		CASE(test_the_service_is_killed_and_comes_back, pcsc_setup_card),
		CASE(test_the_service_is_killed_with_a_command_unread, pcsc_setup_card),
		CASE(test_who_looked_before_a_restart_looks_again, pcsc_setup_card),
		CASE(test_a_service_that_hangs_times_out, pcsc_setup_readers),
	};

	return cmocka_run_group_tests(tests, pcsc_begin, pcsc_end);
}
