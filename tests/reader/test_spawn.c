/* Cards behind programs that speak lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sojourn/reader.h>

#include "reader/card.h"

/* A card as a shell script; ODD is what it says to commands. */
#define SCRIPT(odd) \
	"while read line; do case $line in on) echo 3B80800101;; off) echo off;; *) " odd \
	" ;; esac; done"

static int setup(void **state)
{
	struct sj_context *ctx = NULL;

	assert_int_equal(sj_context_new(&ctx), SJ_OK);
	*state = ctx;
	return 0;
}

static int teardown(void **state)
{
	sj_context_free(*state);
	return 0;
}

static struct sj_card *spawn(struct sj_context *ctx, const char *script)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct sj_card *card = NULL;

	assert_int_equal(sj_card_spawn(ctx, argv, 5000, &card), SJ_OK);
	return card;
}

static enum sj_rc ask_for(struct sj_card *card, unsigned timeout_ms, uint8_t first[static 8],
			  uint16_t *sw)
{
	static const uint8_t command[] = { 0x00, 0xB0, 0x00, 0x00, 0x02 };
	size_t len = 8;

	return sj_card_transmit(card, command, sizeof(command), timeout_ms, first, &len, sw);
}

static enum sj_rc ask(struct sj_card *card, unsigned timeout_ms, uint16_t *sw)
{
	uint8_t out[8];

	return ask_for(card, timeout_ms, out, sw);
}

static void test_a_command_and_its_answer(void **state)
{
	struct sj_card *card = spawn(*state, SCRIPT("[ $line = 00B0000002 ] && echo AABB9000"));
	uint8_t atr[SJ_ATR_MAX];
	uint16_t sw = 0;

	assert_int_equal(sj_card_atr(card, atr), 5);
	assert_int_equal(ask(card, 5000, &sw), SJ_OK);
	assert_int_equal(sw, 0x9000);
	sj_card_close(card);
}

static void test_off_and_on_may_bring_another_card(void **state)
{
	struct sj_card *card = spawn(*state, "n=0; while read line; do case $line in "
					     "on) n=$((n + 1)); echo 3B80800101;; off) echo off;; "
					     "*) echo 0${n}9000;; esac; done");
	uint8_t out[8] = { 0 };
	uint16_t sw = 0;

	assert_int_equal(ask_for(card, 5000, out, &sw), SJ_OK);
	assert_int_equal(out[0], 1);
	assert_int_equal(sj_card_restart(card, 5000), SJ_OK);
	assert_int_equal(ask_for(card, 5000, out, &sw), SJ_OK);
	assert_int_equal(out[0], 2);
	sj_card_close(card);
}

static void test_off_and_on_of_a_program_that_ended(void **state)
{
	struct sj_card *card = spawn(*state, SCRIPT("exit"));
	uint16_t sw;

	assert_int_equal(ask(card, 5000, &sw), SJ_CARD_LOST);
	assert_int_equal(sj_card_restart(card, 5000), SJ_CARD_LOST);
	sj_card_close(card);
}

static void test_no_such_program(void **state)
{
	static const char *const argv[] = { "/nonexistent/card", NULL };
	struct sj_card *card = NULL;

	assert_int_equal(sj_card_spawn(*state, argv, 5000, &card), SJ_INPUT_UNREADABLE);
	assert_null(card);
}

static void test_a_program_that_may_not_run(void **state)
{
	static const char *const argv[] = { "/etc/passwd", NULL };
	struct sj_card *card = NULL;

	assert_int_equal(sj_card_spawn(*state, argv, 5000, &card), SJ_FILE_PERMISSION);
}

static void test_a_program_that_ends_is_a_lost_card(void **state)
{
	struct sj_card *card = spawn(*state, SCRIPT("exit"));
	uint16_t sw;

	assert_int_equal(ask(card, 5000, &sw), SJ_CARD_LOST);
	assert_int_equal(ask(card, 5000, &sw), SJ_CARD_LOST);
	sj_card_close(card);
}

static void test_a_program_that_hangs_times_out(void **state)
{
	struct sj_card *card = spawn(*state, SCRIPT(":"));
	int64_t start = sj_clock_ms();
	uint16_t sw;

	assert_int_equal(ask(card, 200, &sw), SJ_TIMED_OUT);
	assert_in_range(sj_clock_ms() - start, 190, 2000);
	sj_card_close(card);
}

static void test_a_line_that_is_no_hex(void **state)
{
	struct sj_card *card = spawn(*state, SCRIPT("echo error"));
	uint16_t sw;

	assert_int_equal(ask(card, 5000, &sw), SJ_CARD_ANSWER);
	sj_card_close(card);
}

static void test_a_card_without_power_is_lost(void **state)
{
	struct sj_card *card = spawn(*state, SCRIPT("echo off"));
	uint16_t sw;

	assert_int_equal(ask(card, 5000, &sw), SJ_CARD_LOST);
	sj_card_close(card);
}

static void test_a_program_without_atr_is_mute(void **state)
{
	static const char *const argv[] = { "sh", "-c", "while read l; do echo; done", NULL };
	struct sj_card *card = NULL;

	assert_int_equal(sj_card_spawn(*state, argv, 5000, &card), SJ_CARD_MUTE);
}

static void test_a_program_that_says_nothing_is_given_up(void **state)
{
	static const char *const argv[] = { "sleep", "60", NULL };
	struct sj_card *card = NULL;
	int64_t start = sj_clock_ms();

	assert_int_equal(sj_card_spawn(*state, argv, 200, &card), SJ_TIMED_OUT);
	assert_true(sj_clock_ms() - start < 5000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_a_command_and_its_answer),
		CASE(test_off_and_on_may_bring_another_card),
		CASE(test_off_and_on_of_a_program_that_ended),
		CASE(test_no_such_program),
		CASE(test_a_program_that_may_not_run),
		CASE(test_a_program_that_ends_is_a_lost_card),
		CASE(test_a_program_that_hangs_times_out),
		CASE(test_a_line_that_is_no_hex),
		CASE(test_a_card_without_power_is_lost),
		CASE(test_a_program_without_atr_is_mute),
		CASE(test_a_program_that_says_nothing_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
