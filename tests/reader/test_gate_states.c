/* Every cell of gate/STATES.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/tap.h"
#include "tests/reader/gate_stage.h"

static const char *const steps[] = { "select-operator", "select",  "authenticate", "restart",
				     "refuse",          "confirm", "object",       "end" };
#define STEPS (sizeof(steps) / sizeof(steps[0]))
#define COLUMNS 6u

static void answer(struct sj_tap *tap, struct test_card *card)
{
	uint8_t response[300];
	const uint8_t *command;
	size_t len;

	assert_true(sj_tap_command(tap, &command, &len));
	len = card_answer(card, sj_span(command, len), response);
	sj_tap_feed(tap, response, len);
}

/* A tap that has come to this step. */
static struct sj_tap *tap_in(struct stage *s, struct test_card *card, enum sj_tap_step step)
{
	const unsigned answers[STEPS] = { 0, 0, 1, 2, 2, 2, 3, 0 };
	struct sj_tap *tap = NULL;

	card_make(s, card, 3);
	card->ead.epoch = 0; /* it lacks our head */
	stage_ticket_keys(s, step == SJ_TAP_SELECT_OPERATOR || step == SJ_TAP_RESTART, 0);
	if (step == SJ_TAP_RESTART) {
		stage_tap(s->gate, card, 0);
		card->mood = WRONG_PSK;
	} else if (step == SJ_TAP_REFUSE) {
		card->mood = WRONG_KEY;
	}
	assert_int_equal(sj_tap_new(s->gate, STAGE_NOW, 0, &tap), SJ_OK);
	for (unsigned i = 0; i < answers[step]; i++)
		answer(tap, card);
	assert_int_equal(tap->step, step);
	return tap;
}

static void feed(struct sj_tap *tap, struct test_card *card, size_t column)
{
	const struct sj_span responses[COLUMNS] = {
		{ NULL, 0 },
		SJ_SPAN_STR("\x6A\x82"),
		SJ_SPAN_STR("\x69\x85"),
		SJ_SPAN_STR("\x7C\x04\x8F\x02\x01\x60\x90\x00"),
		SJ_SPAN_STR("\x7C\x00\x90\x00"),
		{ NULL, 0 },
	};

	if (column == 0)
		answer(tap, card);
	else
		sj_tap_feed(tap, responses[column].ptr, responses[column].len);
}

/* The cell: a step, or a reason at the end. */
static void check(struct stage *s, size_t step, size_t column, const char *cell)
{
	struct sj_gate_verdict v = { .size = sizeof(v) };
	struct test_card card;
	struct sj_tap *tap = tap_in(s, &card, (enum sj_tap_step)step);
	const bool number = cell[0] >= '0' && cell[0] <= '9';
	const enum sj_rc before = sj_tap_verdict(tap, &v) ? v.reasons[0] : SJ_OK;

	feed(tap, &card, column);
	if (strcmp(steps[tap->step], number ? "end" : cell) != 0)
		fail_msg("%s, column %zu: %s", steps[step], column, steps[tap->step]);
	if (number) {
		assert_true(sj_tap_verdict(tap, &v));
		assert_int_equal(v.reasons[0], strtoul(cell, NULL, 10));
		assert_int_equal(v.decision, SJ_GATE_REFUSE);
	} else if (step >= SJ_TAP_REFUSE) {
		assert_true(sj_tap_verdict(tap, &v));
		assert_int_equal(v.reasons[0], before);
	}
	sj_tap_free(tap);
	card_end(&card);
}

static size_t step_named(const char *name)
{
	size_t i = 0;

	while (i < STEPS && strcmp(steps[i], name) != 0)
		i++;
	return i;
}

static void test_every_cell_of_the_page(void **state)
{
	FILE *page = fopen("middleware/gate/STATES.md", "r");
	char line[512], *save = NULL;
	unsigned rows = 0;

	assert_non_null(page);
	while (fgets(line, sizeof(line), page)) {
		size_t step;

		if (line[0] != '|' || (step = step_named(strtok_r(line, "| \n", &save))) == STEPS)
			continue;
		for (size_t column = 0; column < COLUMNS; column++)
			check(*state, step, column, strtok_r(NULL, "| \n", &save));
		rows++;
	}
	fclose(page);
	assert_int_equal(rows, STEPS - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_cell_of_the_page, stage_open,
						stage_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
