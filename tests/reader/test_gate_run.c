/* The engine around a connected card: commands, times, cards that go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "reader/card.h"
#include "tests/reader/gate_stage.h"

/* The test's card behind a direct transport. */
struct field {
	struct test_card card;
	unsigned gone_at; /* no answer from this command on */
	bool heard; /* the card gets that one all the same */
	unsigned commands;
};

static size_t power_on(void *user, uint8_t atr[static 33])
{
	(void)user;
	memcpy(atr, "\x3B\x80\x01\x81", 4);
	return 4;
}

static void power_off(void *user)
{
	(void)user;
}

static size_t transmit(void *user, struct sj_span command, uint8_t *response)
{
	struct field *f = user;

	if (++f->commands < f->gone_at)
		return card_answer(&f->card, command, response);
	if (f->commands == f->gone_at && f->heard)
		(void)card_answer(&f->card, command, response);
	return 0;
}

struct told {
	unsigned times;
	unsigned commands; /* that the card had had at the decision */
	const struct field *field;
	struct sj_gate_verdict verdict;
};

static void decided(void *user, const struct sj_gate_verdict *verdict)
{
	struct told *t = user;

	t->times++;
	t->commands = t->field->commands;
	t->verdict = *verdict;
}

static enum sj_rc run_times(struct stage *s, struct field *f, struct told *t,
			    struct sj_gate_times *times)
{
	static const struct sj_direct_ops ops = { power_on, power_off, transmit };
	struct sj_transport *transport = sj_transport_direct(&ops, f);
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	enum sj_rc rc;

	f->commands = 0;
	memset(t, 0, sizeof(*t));
	t->field = f;
	t->verdict.size = sizeof(t->verdict);
	times->size = sizeof(*times);
	assert_int_equal(sj_context_new(&ctx), SJ_OK);
	assert_int_equal(sj_card_over(ctx, transport, "field", sj_deadline_after(5000), &card),
			 SJ_OK);
	rc = sj_gate_run(s->gate, card, 5000, decided, t, &t->verdict, times);
	sj_card_close(card);
	sj_context_free(ctx);
	card_end(&f->card);
	return rc;
}

static enum sj_rc run(struct stage *s, struct field *f, struct told *t)
{
	struct sj_gate_times times;

	return run_times(s, f, t, &times);
}

static void make_field(struct stage *s, struct field *f)
{
	*f = (struct field){ .gone_at = 1000 };
	card_make(s, &f->card, 3);
	/* The runner goes by the clock of this machine: the list may be old by it. */
	s->policy.stale_after = UINT32_MAX;
	stage_policy(s);
}

/* Two command-response pairs to the decision, and no more, first tap or repeated. */
static void test_a_decision_takes_two_pairs(void **state)
{
	struct stage *s = *state;
	struct sj_gate_times times = { 0 };
	struct field f;
	struct told t;

	make_field(s, &f);
	stage_ticket_keys(s, 1, 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(run_times(s, &f, &t, &times), SJ_OK);
		assert_int_equal(t.verdict.decision, SJ_GATE_OPEN);
		assert_int_equal(t.verdict.resumed, i);
		assert_int_equal(t.times, 1);
		assert_int_equal(t.commands, 2);
		assert_int_equal(times.apdus, 2);
		assert_true(times.select_us > 0 && times.card_us > 0 && times.gate_us > 0);
		assert_int_equal(times.decision_us,
				 times.select_us + times.card_us + times.gate_us);
		assert_true(times.complete_us > times.decision_us);
	}
}

static void test_a_card_that_goes_before_the_decision(void **state)
{
	struct stage *s = *state;
	struct field f;
	struct told t;

	make_field(s, &f);
	for (f.gone_at = 1; f.gone_at <= 2; f.gone_at++) {
		assert_int_equal(run(s, &f, &t), SJ_CARD_LOST);
		assert_int_equal(t.times, 0);
	}
}

static void test_a_card_that_goes_after_it(void **state)
{
	struct stage *s = *state;
	struct field f;
	struct told t;

	make_field(s, &f);
	f.gone_at = 3;
	assert_int_equal(run(s, &f, &t), SJ_OK);
	assert_int_equal(t.times, 1);
	assert_int_equal(t.verdict.decision, SJ_GATE_OPEN);
}

/*
 * At every command of a first and of a repeated tap: lost as long as nothing is decided, open from
 * then on, and told once; the next tap opens, with a ticket or without.
 */
static void test_a_card_that_goes_at_any_command(void **state)
{
	struct stage *s = *state;
	struct field f;
	struct told t;
	unsigned cuts = 0;

	make_field(s, &f);
	stage_ticket_keys(s, 1, 0);
	for (unsigned i = 0; i < 2 * 2 * 4; i++) {
		const unsigned at = i / 4 + 1;

		f.card.has_ticket = f.card.has_ticket && i % 2 == 1;
		f.heard = i / 2 % 2 == 1;
		f.gone_at = at;
		assert_int_equal(run(s, &f, &t), at > 2 ? SJ_OK : SJ_CARD_LOST);
		assert_int_equal(t.times, at > 2);
		cuts += f.commands >= at;
		f.gone_at = 1000;
		assert_int_equal(run(s, &f, &t), SJ_OK);
		assert_int_equal(t.times, 1);
		assert_int_equal(t.verdict.decision, SJ_GATE_OPEN);
	}
	print_message("# figure: removal.gate.cuts %u\n", cuts);
}

static void test_other_cards_end_after_one_command(void **state)
{
	struct stage *s = *state;
	struct field f;
	struct told t;

	make_field(s, &f);
	f.card.mood = NO_APPLICATION;
	assert_int_equal(run(s, &f, &t), SJ_OK);
	assert_int_equal(t.verdict.reasons[0], SJ_NO_GATE_APPLICATION);
	assert_int_equal(f.commands, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_a_decision_takes_two_pairs),
		CASE(test_a_card_that_goes_before_the_decision),
		CASE(test_a_card_that_goes_after_it),
		CASE(test_a_card_that_goes_at_any_command),
		CASE(test_other_cards_end_after_one_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
