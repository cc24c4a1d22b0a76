/* Taps at a gate: what opens, what does not, and what honest and other cards do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/reader/gate_stage.h"

static void test_a_card_passes(void **state)
{
	struct stage *s = *state;
	struct test_card card;
	struct sj_gate_verdict v;

	card_make(s, &card, 3);
	v = stage_tap(s->gate, &card, 0, 0);
	assert_int_equal(v.reasons[0], SJ_OK);
	assert_int_equal(v.decision, SJ_GATE_OPEN);
	assert_false(v.resumed);
	assert_true(card.confirmed);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_card_passes, stage_open, stage_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
