/*
 * Issuing over the secure channel when the card is pulled, or somebody in between changes bytes.
 * This program is the card, too, when it is started as "test_issue_channel card FILE [ANSWERS]".
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sojourn/sojourn.h>

#include "host/card.h"
#include "host/store.h"
#include "link/stdio.h"
#include "tests/card/issue_rig.h"

/* --- the card ------------------------------------------------------------------ */

/* How many answers leave the card; the next one is lost with it, though it did what it was told. */
struct leash {
	int in;
	unsigned long answers;
};

static void *pass_answers(void *arg)
{
	const struct leash *leash = arg;
	unsigned long n = 0;
	char c;

	while (n < leash->answers && read(leash->in, &c, 1) == 1) {
		if (write(STDOUT_FILENO, &c, 1) != 1)
			_exit(1);
		n += c == '\n';
	}
	if (read(leash->in, &c, 1) == 1)
		_exit(1);
	return NULL;
}

/* `answers` NULL: as many as it likes; the ATR is one. */
static int run_card(const char *path, const char *answers)
{
	struct card_stdio_config link = { .in = 0, .out = 1, .stop_fd = -1 };
	struct card_config config = { .interface = CARD_CONTACTLESS,
				      .clock = card_clock_system(),
				      .random = sj_random_system() };
	struct leash leash = { -1, 0 };
	struct card *card;
	pthread_t thread;
	int ends[2];

	if (answers != NULL) {
		if (pipe(ends) != 0)
			return 1;
		leash = (struct leash){ ends[0], strtoul(answers, NULL, 10) };
		link.out = ends[1];
		if (pthread_create(&thread, NULL, pass_answers, &leash) != 0)
			return 1;
	}
	if (card_store_open(path, &config.store) != CARD_STORE_OK &&
	    card_store_create(path, &config.store) != CARD_STORE_OK)
		return 1;
	card = card_new(&config);
	if (card == NULL || card_stdio_run(&link, card) != CARD_STDIO_ENDED)
		return 1;
	card_free(card);
	card_store_close(config.store);
	_exit(0); /* the thread may wait in read() */
}

/* To card-<cards>, which dies instead of the answer after `answers`, if that is not 0. */
static int issue(const struct place *p, const char *options, unsigned answers)
{
	char count[16] = "";

	if (answers != 0)
		snprintf(count, sizeof(count), "%u", answers);
	return shell(
		p,
		"rm -f letter && %s/bin/sojourn issue --again --letter-out letter --can-file can %s "
		"--exec -- %s card card-%u %s",
		p->build, options, p->self, p->cards, count);
}

/* --- cases ---------------------------------------------------------------------- */

#define LEAN GENUINE "--no-keys --no-gate --access bac --aa none --no-ca"

/* What the card makes is asked for together. */
static void a_default_card_takes_30_commands(void **state)
{
	struct place *p = *state;

	p->cards++;
	assert_int_equal(issue(p, GENUINE "--json", 0), 0);
	assert_int_equal(shell(p, "grep -q '\"apdus\": 30,' log"), 0);
}

/* Keys put or not, sequences open, files half written, the lock stored: all is found again. */
static void a_card_pulled_after_any_command_can_be_issued_again(void **state)
{
	struct place *p = *state;
	unsigned n, again = 0, issued = 0;
	int rc;

	for (n = 1;; n++) {
		p->cards++;
		rc = issue(p, LEAN, n);
		if (rc == 0)
			break;
		assert_int_equal(rc, sj_exit_code(SJ_CARD_LOST));
		assert_true(n < 100);
		rc = issue(p, LEAN, 0);
		assert_true(rc == 0 || rc == sj_exit_code(SJ_CARD_STATE));
		again += rc == 0;
		issued += rc != 0;
	}
	assert_int_equal(issued, 1); /* only the lock */
	assert_true(again > 15);
}

/* Wrapped commands that are lost, twice, changed or in the clear: the card ends the channel. */
static void bytes_changed_on_the_way_to_the_card_end_the_attempt(void **state)
{
	static const char *const filters[] = {
		"s/^84e2\\(......\\)./84e2\\10/I", /* the first digit of the data */
		"s/^84e2/80e2/I", /* in the clear */
	};
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		p->cards++;
		assert_int_equal(
			shell(p,
			      "rm -f letter && %s/bin/sojourn issue --again -l letter --can-file can " LEAN
			      " --exec -- sh -c 'sed -u \"%s\" | %s card card-%u'",
			      p->build, filters[i], p->self, p->cards),
			sj_exit_code(SJ_CARD_REFUSED));
		assert_int_equal(shell(p, "test ! -e letter && tail -1 log | grep -q 6982"), 0);
		assert_int_equal(issue(p, LEAN, 0), 0);
	}
}

/* A public key in an answer is what an attacker would change. */
static void bytes_changed_on_the_way_from_the_card_are_not_believed(void **state)
{
	struct place *p = *state;

	p->cards++;
	assert_int_equal(
		shell(p,
		      "rm -f letter && %s/bin/sojourn issue --again -l letter --can-file can " GENUINE
		      " --exec -- sh -c '%s card card-%u | "
		      "sed -u \"s/^\\(.\\{200\\}\\).\\(.*9000\\)$/\\10\\2/I\"'",
		      p->build, p->self, p->cards),
		sj_exit_code(SJ_CARD_SM_BROKEN));
	assert_int_equal(shell(p, "test ! -e letter && tail -1 log | grep -q SJ-0605"), 0);
}

/* Both channels tell an i that nothing proves: the one that is opened with the card's own keys, too. */
static void a_level_lowered_after_the_new_keys_is_refused(void **state)
{
	struct place *p = *state;

	p->cards++;
	assert_int_equal(
		shell(p,
		      "rm -f letter && %s/bin/sojourn issue --again -l letter --can-file can " LEAN
		      " --exec -- sh -c '%s card card-%u | "
		      "sed -u \"s/^\\(534A.\\{16\\}3103\\)7/\\11/I\"'",
		      p->build, p->self, p->cards),
		sj_exit_code(SJ_CARD_CHANNEL));
	assert_int_equal(shell(p, "test ! -e letter && grep -q 'says that they do not' log"), 0);
	assert_int_equal(issue(p, LEAN, 0), 0);
}

/* The transport key, and one that somebody who knew it has added. */
static void put_keys(struct card_store *store, uint8_t version)
{
	uint8_t keys[49] = { 16 };

	for (size_t i = 0; i < 48; i++)
		keys[1 + i] = (uint8_t)(0x40 + i % 16);
	assert_true(card_store_set(store, 0x01000100u + version, SJ_SPAN_OF(keys)));
}

static void a_card_with_keys_of_somebody_else_is_not_issued(void **state)
{
	struct place *p = *state;
	struct card_store *store = NULL;
	char path[64];

	p->cards++;
	snprintf(path, sizeof(path), "%s/card-%u", p->directory, p->cards);
	assert_int_equal(card_store_create(path, &store), CARD_STORE_OK);
	put_keys(store, 0x30);
	put_keys(store, 0x7F);
	assert_int_equal(card_store_commit(store), CARD_STORE_OK);
	card_store_close(store);
	assert_int_equal(issue(p, LEAN, 0), sj_exit_code(SJ_CARD_CHANNEL));
	assert_int_equal(shell(p, "test ! -e letter && tail -1 log | grep -q 'version 7F'"), 0);
	assert_int_equal(issue(p, LEAN, 0), sj_exit_code(SJ_CARD_CHANNEL));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_default_card_takes_30_commands),
		cmocka_unit_test(a_card_pulled_after_any_command_can_be_issued_again),
		cmocka_unit_test(bytes_changed_on_the_way_to_the_card_end_the_attempt),
		cmocka_unit_test(bytes_changed_on_the_way_from_the_card_are_not_believed),
		cmocka_unit_test(a_level_lowered_after_the_new_keys_is_refused),
		cmocka_unit_test(a_card_with_keys_of_somebody_else_is_not_issued),
	};

	if (argc >= 3 && strcmp(argv[1], "card") == 0)
		return run_card(argv[2], argc > 3 ? argv[3] : NULL);
	return cmocka_run_group_tests(tests, open_place, close_place);
}
