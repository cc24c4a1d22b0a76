/* Cards that answer anything at all: no answer but the right one opens a gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/reader/gate_stage.h"

/* What a card does to one of its responses. */
struct change {
	unsigned step;
	size_t keep; /* bytes of it that stay; SIZE_MAX: all */
	size_t flip; /* bit that is turned; SIZE_MAX: none */
	struct sj_span instead; /* another response; NULL: none */
	size_t seen; /* size of the honest one */
};

static void change(struct test_card *card, unsigned step, uint8_t *response, size_t *len)
{
	struct change *c = card->user;

	if (step != c->step)
		return;
	c->seen = *len;
	if (c->instead.ptr != NULL) {
		memcpy(response, c->instead.ptr, c->instead.len);
		*len = c->instead.len;
	}
	if (c->keep < *len)
		*len = c->keep;
	if (c->flip / 8 < *len)
		response[c->flip / 8] ^= (uint8_t)(1u << c->flip % 8);
}

static struct sj_gate_verdict tap_with(struct stage *s, struct test_card *card, struct change *c)
{
	card->meddle = change;
	card->user = c;
	return stage_tap(s->gate, card, 0);
}

static const struct change none = { 99, SIZE_MAX, SIZE_MAX, { NULL, 0 }, 0 };

static void test_every_truncation_is_refused(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	for (unsigned step = 0; step < 2; step++) {
		struct change c = none;

		c.step = step;
		card_make(s, &card, 3);
		assert_int_equal(tap_with(s, &card, &c).decision, SJ_GATE_OPEN);
		for (size_t n = 0; n < c.seen; n++) {
			c.keep = n;
			assert_int_equal(tap_with(s, &card, &c).decision, SJ_GATE_REFUSE);
		}
	}
}

static void test_every_turned_bit_is_refused(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	for (unsigned step = 0; step < 2; step++) {
		struct change c = none;

		c.step = step;
		card_make(s, &card, 3);
		tap_with(s, &card, &c);
		for (size_t bit = 0; bit < 8 * c.seen; bit += 3) {
			c.flip = bit;
			assert_int_equal(tap_with(s, &card, &c).decision, SJ_GATE_REFUSE);
		}
	}
}

/* Repeated taps go on with a full run, so that they open; but never by the altered ticket. */
static void test_an_altered_repeat_is_no_repeat(void **state)
{
	struct stage *s = *state;
	struct test_card card;
	struct change c = none;

	stage_ticket_keys(s, 1, 0);
	card_make(s, &card, 3);
	stage_tap(s->gate, &card, 0);
	c.step = 1;
	assert_true(tap_with(s, &card, &c).resumed);
	card.selects = 0;
	/* From message_3's first byte on: the templates around it are not the card's proof. */
	for (size_t bit = 8 * 8; bit < 8 * (c.seen - 2); bit += 17) {
		struct sj_gate_verdict v;

		c.flip = bit;
		v = tap_with(s, &card, &c);
		assert_false(v.resumed);
		assert_int_equal(v.decision, SJ_GATE_OPEN);
		assert_true(card.has_ticket);
		assert_int_equal(card.selects, 2);
		card.selects = 0;
	}
}

/* What comes behind the decision may be anything; the decision stands. */
static void test_after_the_decision_nothing_matters(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	for (unsigned step = 2; step < 5; step++) {
		struct change c = none;

		card_make(s, &card, 3);
		card.ead.epoch = 9;
		card.head_len = stage_head(s, 3, STAGE_NOW, card.head);
		c.step = step;
		for (size_t n = 0; n < 60; n++) {
			c.keep = n;
			assert_int_equal(tap_with(s, &card, &c).decision, SJ_GATE_OPEN);
		}
	}
}

static void test_wrong_answers_are_named(void **state)
{
	static const struct {
		unsigned step;
		struct sj_span response;
		enum sj_rc reason;
	} rows[] = {
		{ 0, SJ_SPAN_STR("\x6A\x82"), SJ_NO_GATE_APPLICATION },
		{ 0, SJ_SPAN_STR("\x6D\x00"), SJ_NO_GATE_APPLICATION },
		{ 0, SJ_SPAN_STR("\x90\x00"), SJ_CARD_ANSWER },
		{ 0, SJ_SPAN_STR("\x6F\x00\x90\x00"), SJ_CARD_ANSWER },
		{ 0, SJ_SPAN_STR("\x7C\x04\x8F\x02\x01\x60\x90\x00"), SJ_CARD_ANSWER },
		{ 0, SJ_SPAN_STR(""), SJ_CARD_LOST },
		{ 0, SJ_SPAN_STR("\x90"), SJ_CARD_ANSWER },
		{ 1, SJ_SPAN_STR("\x6A\x82"), SJ_CARD_REFUSED },
		{ 1, SJ_SPAN_STR("\x69\x85"), SJ_CARD_REFUSED },
		{ 1, SJ_SPAN_STR("\x90\x00"), SJ_CARD_ANSWER },
		{ 1, SJ_SPAN_STR("\x7C\x00\x90\x00"), SJ_CARD_ANSWER },
		{ 1, SJ_SPAN_STR("\x7C\x02\x84\x00\x90\x00"), SJ_CARD_ANSWER },
		{ 1, SJ_SPAN_STR("\x7C\x02\x83\x00\x90\x00"), SJ_GATE_PROOF },
		{ 1, SJ_SPAN_STR("\x7C\x04\x83\x02\x41\x00\x90\x00"), SJ_GATE_PROOF },
		{ 1, SJ_SPAN_STR("\x7C\x04\x8F\x02\x01\x60\x90\x00"), SJ_GATE_REFUSED },
		{ 1, SJ_SPAN_STR("\x7C\x04\x8F\x02\x01\x60\x8F\x00\x90\x00"), SJ_CARD_ANSWER },
		{ 1, SJ_SPAN_STR(""), SJ_CARD_LOST },
	};
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, 3);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct change c = none;
		struct sj_gate_verdict v;

		c.step = rows[i].step;
		c.instead = rows[i].response;
		v = tap_with(s, &card, &c);
		assert_int_equal(v.decision, SJ_GATE_REFUSE);
		if (v.reasons[0] != rows[i].reason)
			fail_msg("row %zu: %d", i, (int)v.reasons[0]);
	}
}

/* An FCI with a message_1 of our own making. */
static enum sj_rc with_message_1(struct stage *s, struct sj_span message_1)
{
	static const uint8_t head[] = { 0x84, 0x09, 0xF0, 0x53, 0x4F, 0x4A, 0x4F, 0x55, 0x52,
					0x4E, 0x01, 0xA5, 0,    0x80, 0x01, 0x01, 0x81, 0 };
	uint8_t bytes[128] = { 0x6F };
	struct sj_writer w = { bytes, 2, sizeof(bytes), false };
	struct change c = none;
	struct test_card card;

	sj_put(&w, SJ_SPAN_OF(head));
	bytes[1] = (uint8_t)(sizeof(head) + message_1.len);
	bytes[2 + 12] = (uint8_t)(5 + message_1.len);
	bytes[2 + 17] = (uint8_t)message_1.len;
	sj_put(&w, message_1);
	sj_put_be(&w, 2, 0x9000);
	c.step = 0;
	c.instead = sj_written(&w);
	card_make(s, &card, 3);
	return tap_with(s, &card, &c).reasons[0];
}

static void test_other_message_1_is_refused(void **state)
{
	static const char *const starts[] = {
		"\x00\x03", "\x01\x03", "\x02\x03", "\x04\x03", "\x05\x03", "\x03\x02", "\x03\x06",
	};
	struct stage *s = *state;
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_ec_secret key;
	struct sj_ec_point point;

	stage_random(&key);
	assert_true(sj_ec_multiply(SJ_P256, &key, NULL, &point));
	sj_put(&w, SJ_SPAN_STR("\x03\x03\x58\x20"));
	sj_put(&w, sj_span(point.bytes + 1, 32));
	sj_put(&w, SJ_SPAN_STR("\x00"));
	/* This one is right: another's key, so that its message_3 does not fit. */
	assert_int_equal(with_message_1(s, sj_written(&w)), SJ_GATE_REFUSED);
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		memcpy(bytes, starts[i], 2);
		assert_int_equal(with_message_1(s, sj_written(&w)), SJ_CARD_ANSWER);
	}
	memcpy(bytes, "\x03\x03", 2);
	sj_put(&w, SJ_SPAN_STR("\x20")); /* EAD_1, critical */
	assert_int_equal(with_message_1(s, sj_written(&w)), SJ_CARD_ANSWER);
	memset(bytes + 4, 0xFF, 32); /* no point */
	w.len--;
	assert_int_equal(with_message_1(s, sj_written(&w)), SJ_CARD_ANSWER);
}

struct record {
	uint8_t bytes[2][300];
	size_t len[2];
	bool play;
};

static void replay(struct test_card *card, unsigned step, uint8_t *response, size_t *len)
{
	struct record *r = card->user;

	if (step > 1)
		return;
	if (r->play) {
		*len = r->len[step];
		memcpy(response, r->bytes[step], *len);
	} else {
		r->len[step] = *len;
		memcpy(r->bytes[step], response, *len);
	}
}

/* All that an honest card said, once more. */
static void test_replayed_messages_are_refused(void **state)
{
	struct stage *s = *state;
	struct record r = { .play = false };
	struct test_card card;
	struct sj_gate_verdict v;

	card_make(s, &card, 3);
	card.meddle = replay;
	card.user = &r;
	assert_int_equal(stage_tap(s->gate, &card, 0).decision, SJ_GATE_OPEN);
	r.play = true;
	v = stage_tap(s->gate, &card, 1);
	assert_int_equal(v.decision, SJ_GATE_REFUSE);
	assert_int_equal(v.reasons[0], SJ_GATE_PROOF);
}

static void test_a_replayed_repeat_is_refused(void **state)
{
	struct stage *s = *state;
	struct record r = { .play = false };
	struct test_card card, thief;

	stage_ticket_keys(s, 1, 0);
	card_make(s, &card, 3);
	stage_tap(s->gate, &card, 0);
	card.meddle = replay;
	card.user = &r;
	assert_true(stage_tap(s->gate, &card, 1).resumed);
	card_make(s, &thief, 3);
	thief.mood = NO_APPLICATION;
	thief.meddle = replay;
	thief.user = &r;
	r.play = true;
	assert_int_equal(stage_tap(s->gate, &thief, 2).decision, SJ_GATE_REFUSE);
}

/* A card that offers a ticket to whoever asks for none, and for ever. */
static void always_psk(struct test_card *card, unsigned step, uint8_t *response, size_t *len)
{
	(void)card;
	(void)step;
	if (*len > 20 && response[0] == 0x6F)
		response[20] = 4;
}

static void test_a_card_cannot_keep_a_gate_busy(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	stage_ticket_keys(s, 1, 0);
	card_make(s, &card, 3);
	card.meddle = always_psk;
	assert_int_equal(stage_tap(s->gate, &card, 0).decision, SJ_GATE_REFUSE);
	assert_true(card.step < 8);
	card_make(s, &card, 3);
	card.ead.epoch = 0;
	card.mood = DENIES_HEAD;
	stage_tap(s->gate, &card, 0);
	assert_true(card.step < 9);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_every_truncation_is_refused),
		CASE(test_every_turned_bit_is_refused),
		CASE(test_an_altered_repeat_is_no_repeat),
		CASE(test_after_the_decision_nothing_matters),
		CASE(test_wrong_answers_are_named),
		CASE(test_other_message_1_is_refused),
		CASE(test_replayed_messages_are_refused),
		CASE(test_a_replayed_repeat_is_refused),
		CASE(test_a_card_cannot_keep_a_gate_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
