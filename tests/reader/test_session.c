/* A session with cards that behave, and with cards that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reader/session_in.h"
#include "tests/reader/fakecard.h"
#include "wire/hex.h"

#define AID "A0000002471001"
static const uint8_t aid[] = { 0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01 };

/* --- 61xx and 6Cxx ------------------------------------------------------------- */

static void test_pieces_are_put_together(void **state)
{
	static const struct fake_step steps[] = {
		{ "00B0000000", "01026103", SJ_OK },
		{ "00C0000003", "0304056101", SJ_OK },
		{ "00C0000001", "069000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 256), SJ_OK);
	assert_int_equal(f->r.sw, 0x9000);
	assert_int_equal(f->r.data.len, 6);
	assert_memory_equal(f->r.data.ptr, "\1\2\3\4\5\6", 6);
}

static void test_pieces_of_nothing_end(void **state)
{
	static const struct fake_step steps[] = { { NULL, "6100", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	f->card.forever = true;
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 256), SJ_CARD_ANSWER);
	assert_true(sj_session_count(f->s).apdus <= 2);
}

static void test_pieces_of_a_byte_are_given_up(void **state)
{
	static const struct fake_step steps[] = { { NULL, "AA61FF", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	f->card.forever = true;
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 256), SJ_CARD_ANSWER);
	assert_int_equal(sj_session_count(f->s).apdus, 1 + 9);
}

static void test_wrong_le_is_repeated_once(void **state)
{
	static const struct fake_step steps[] = {
		{ "00B0000000", "6C02", SJ_OK },
		{ "00B0000002", "AABB9000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 256), SJ_OK);
	assert_int_equal(f->r.data.len, 2);
}

static void test_wrong_le_twice_is_refused(void **state)
{
	static const struct fake_step steps[] = { { NULL, "6C02", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	f->card.forever = true;
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 256), SJ_CARD_ANSWER);
	assert_int_equal(sj_session_count(f->s).apdus, 2);
}

static void test_longer_than_le_is_refused(void **state)
{
	static const struct fake_step steps[] = { { "00B0000002", "AABBCC9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 2), SJ_CARD_ANSWER);
}

static void test_data_nobody_asked_for_are_refused(void **state)
{
	static const struct fake_step steps[] = { { NULL, "AA9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0xA4, SJ_SPAN_OF(aid), 0), SJ_CARD_ANSWER);
}

static void test_too_short_an_answer_is_refused(void **state)
{
	static const struct fake_step steps[] = { { NULL, "90", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 0), SJ_CARD_ANSWER);
}

/* Half of an answer looks so, and must not be heard as a wrong password. */
static void test_a_failure_with_data_is_refused(void **state)
{
	static const struct fake_step steps[] = {
		{ NULL, "AABB6300", SJ_OK }, { NULL, "AABB63C2", SJ_OK }, { NULL, "AA6982", SJ_OK },
		{ NULL, "AA6C02", SJ_OK },   { NULL, "AA6FFF", SJ_OK },   { NULL, "AA6101", SJ_OK },
		{ NULL, "BB6982", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	for (size_t i = 0; i < 6; i++) /* the last in two pieces */
		assert_int_equal(fixture_send(f, 0x86, NOTHING, 256), SJ_CARD_ANSWER);
	assert_int_equal(sj_session_count(f->s).apdus, 7);
}

static void test_a_warning_with_data_is_passed_on(void **state)
{
	static const struct fake_step steps[] = { { NULL, "AABB6282", SJ_OK },
						  { NULL, "AABB6310", SJ_OK } };
	const struct sj_apdu get_status = { .cla = 0x80, .ins = 0xF2, .ne = SJ_APDU_NE_SHORT };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 256), SJ_OK);
	assert_int_equal(f->r.data.len, 2);
	assert_int_equal(sj_session_command(f->s, &get_status, &f->r), SJ_OK);
	assert_int_equal(f->r.sw, 0x6310);
	assert_int_equal(f->r.data.len, 2);
}

/* --- lengths ----------------------------------------------------------------------- */

/* What the fake card heard, without its bytes. */
static size_t commands_heard(const struct fixture *f)
{
	size_t n = 0;

	for (const char *p = f->heard.log; (p = strstr(p, "cmd ")) != NULL; p++)
		n++;
	return n;
}

static void test_long_data_are_chained(void **state)
{
	static const struct fake_step steps[] = {
		{ NULL, "9000", SJ_OK },
		{ NULL, "9000", SJ_OK },
		{ NULL, "AB9000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0x86, sj_span(f->big, 600), 256), SJ_OK);
	assert_int_equal(f->r.data.len, 1);
	assert_int_equal(commands_heard(f), 3);
	assert_non_null(strstr(f->heard.log, "cmd 10860000FF"));
	assert_non_null(strstr(f->heard.log, "cmd 008600005A"));
}

static void test_a_chain_stops_at_a_refusal(void **state)
{
	static const struct fake_step steps[] = { { NULL, "6883", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0x86, sj_span(f->big, 600), 256), SJ_OK);
	assert_int_equal(f->r.sw, 0x6883);
	assert_int_equal(sj_session_count(f->s).apdus, 1);
}

static void test_extended_length_when_announced(void **state)
{
	static const struct fake_step steps[] = { { "00B00000000400", "AA9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	sj_session_allow_extended(f->s, 0, 0);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 1024), SJ_OK);
	assert_int_equal(sj_session_read_max(f->s), 65536);
}

static void test_announced_limits_are_kept(void **state)
{
	static const struct fake_step steps[] = { { "00B000000003E6", "AA9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	sj_session_allow_extended(f->s, 600, 1000);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 5000), SJ_OK);
	assert_int_equal(sj_session_read_max(f->s), 998);
}

static void test_refused_extended_length_is_remembered(void **state)
{
	static const struct fake_step steps[] = {
		{ "00B00000001000", "6700", SJ_OK },
		{ "00B0000000", "AA9000", SJ_OK },
		{ "00B0000000", "BB9000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	sj_session_allow_extended(f->s, 0, 0);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 4096), SJ_OK);
	assert_false(sj_session_extended(f->s));
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 4096), SJ_OK);
	assert_int_equal(f->r.data.ptr[0], 0xBB);
	assert_int_equal(sj_session_read_max(f->s), 256);
}

/* Another program's application may have answered: only what the short form brings tells. */
static void test_a_refusal_is_remembered_if_the_short_form_helps(void **state)
{
	static const struct fake_step steps[] = {
		{ NULL, "6D00", SJ_OK },
		{ NULL, "6A80", SJ_OK },
		{ NULL, "9000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	sj_session_allow_extended(f->s, 0, 0);
	assert_int_equal(fixture_send(f, 0x87, sj_span(f->big, 300), 256), SJ_OK);
	assert_true(sj_session_extended(f->s));
	assert_int_equal(f->card.begins, 1); /* the pieces, alone */
	assert_int_equal(f->card.ends, 1);
	assert_int_equal(fixture_send(f, 0x87, sj_span(f->big, 300), 256), SJ_OK);
	assert_int_equal(commands_heard(f), 3);
}

static void test_anothers_chain_that_was_left_is_got_over(void **state)
{
	static const struct fake_step steps[] = {
		{ "00A40000", "6883", SJ_OK },
		{ "00A40000", "9000", SJ_OK },
		{ "00A40000", "6883", SJ_OK },
		{ "00A40000", "6883", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0xA4, NOTHING, 0), SJ_OK);
	assert_int_equal(f->r.sw, 0x9000);
	assert_int_equal(fixture_send(f, 0xA4, NOTHING, 0), SJ_OK);
	assert_int_equal(f->r.sw, 0x6883); /* and not again and again */
}

static void test_an_unknown_command_is_no_reason_against_extended_length(void **state)
{
	static const struct fake_step steps[] = {
		{ "00CC0000001000", "6D00", SJ_OK },
		{ "00CC000000", "6D00", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	sj_session_allow_extended(f->s, 0, 0);
	assert_int_equal(fixture_send(f, 0xCC, NOTHING, 4096), SJ_OK);
	assert_true(sj_session_extended(f->s));
}

static void test_atr_announces_extended_length(void **state)
{
	static const struct fake_step none[] = { { NULL, NULL, SJ_OK } };
	struct fixture *f = *state;

	fake_card_init(&f->card, none, 1);
	/* category 80, card capabilities 73 with extended Lc and Le */
	f->card.atr = "3B8580018073000140B6";
	f->s = fake_session(&f->card, f->ctx);
	assert_true(sj_session_atr_extended(f->s));
}

static void test_atr_does_not_announce_extended_length(void **state)
{
	static const struct fake_step none[] = { { NULL, NULL, SJ_OK } };
	struct fixture *f = *state;

	START(f, none);
	assert_false(sj_session_atr_extended(f->s));
}

/* --- selecting ----------------------------------------------------------------------- */

static void test_an_application_is_selected_without_fci(void **state)
{
	static const struct fake_step steps[] = { { "00A4040C07" AID, "9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(sj_session_select(f->s, SJ_SPAN_OF(aid), &f->r), SJ_OK);
	assert_int_equal(f->r.sw, 0x9000);
}

static void test_a_strange_card_is_refused_within_two_commands(void **state)
{
	static const struct fake_step steps[] = {
		{ "00A4040C07" AID, "6A86", SJ_OK },
		{ "00A4040007" AID "00", "6A82", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(sj_session_select(f->s, SJ_SPAN_OF(aid), &f->r), SJ_OK);
	assert_int_equal(f->r.sw, 0x6A82);
	assert_int_equal(sj_session_count(f->s).apdus, 2);
}

/* --- loss, reset, time ------------------------------------------------------------------ */

static void test_removal_at_every_command(void **state)
{
	static struct fake_step steps[6];
	struct fixture *f = *state;

	for (size_t gone = 0; gone < 5; gone++) {
		struct sj_session *s;
		enum sj_rc rc = SJ_OK;

		for (size_t i = 0; i < 5; i++)
			steps[i] = (struct fake_step){ NULL, "9000", SJ_OK };
		steps[gone] = (struct fake_step){ NULL, NULL, SJ_CARD_LOST };
		fake_card_init(&f->card, steps, 5);
		s = fake_session(&f->card, f->ctx);
		for (size_t i = 0; i <= gone; i++) {
			struct sj_apdu a = { .ins = 0xB0 };

			rc = sj_session_command(s, &a, &f->r);
			assert_int_equal(rc, i == gone ? SJ_CARD_LOST : SJ_OK);
		}
		sj_session_close(s);
	}
}

static void test_a_reset_is_told_and_restarted_with_its_stretch(void **state)
{
	static const struct fake_step steps[] = {
		{ NULL, NULL, SJ_CARD_RESET },
		{ NULL, "9000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(sj_session_begin(f->s), SJ_OK);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 0), SJ_CARD_RESET);
	assert_int_equal(sj_session_restart(f->s, false), SJ_OK);
	assert_int_equal(f->card.connects, 2);
	assert_int_equal(f->card.begins, 2);
	assert_int_equal(f->card.ends, 1);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 0), SJ_OK);
}

/* Half an answer broke the channel, and there is none to begin again with. */
static void test_a_card_that_has_gone_at_the_restart_was_lost(void **state)
{
	static const struct fake_step steps[] = { { NULL, "9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 0), SJ_OK);
	f->card.connect_rc = SJ_NO_CARD;
	assert_int_equal(sj_session_restart(f->s, false), SJ_CARD_LOST);
}

static void test_no_command_after_the_deadline(void **state)
{
	static const struct fake_step steps[] = { { NULL, "9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	sj_session_deadline(f->s, sj_clock_ms() - 1);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 0), SJ_TIMED_OUT);
	assert_int_equal(sj_session_count(f->s).apdus, 0);
	assert_null(strstr(f->heard.log, "cmd "));
}

static void test_a_cancelled_context_sends_nothing(void **state)
{
	static const struct fake_step steps[] = { { NULL, "9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	sj_context_cancel(f->ctx);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 0), SJ_CANCELLED);
	sj_context_resume(f->ctx);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 0), SJ_OK);
}

/* Whatever time a call was given, all of them end together; who is asked takes the time it takes. */
static void test_calls_of_a_context_end_together(void **state)
{
	static const struct fake_step steps[] = { { NULL, "9000", SJ_OK } };
	const int64_t hour = 3600000;
	struct fixture *f = *state;

	START(f, steps);
	sj_context_deadline(f->ctx, 1);
	sj_context_asked(f->ctx, -2);
	sj_session_deadline(f->s, sj_clock_ms() + hour);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 0), SJ_TIMED_OUT);
	sj_session_asked(f->s, hour);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 0), SJ_OK);
	sj_context_deadline(f->ctx, 0);
	assert_true(sj_context_until(f->ctx, INT64_MAX) == INT64_MAX);
}

static void test_a_slow_card_is_explained_once(void **state)
{
	static const struct fake_step steps[] = { { NULL, "9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	f->card.delay_ms = 1600;
	sj_session_patient(f->s, true);
	assert_int_equal(fixture_send(f, 0x86, NOTHING, 0), SJ_OK);
	assert_non_null(strstr(f->heard.log, "notice the card makes us wait"));
	assert_false(f->s->patient);
}

static void test_a_mute_card_does_not_open(void **state)
{
	struct fixture *f = *state;
	struct sj_session *s = NULL;

	fake_card_init(&f->card, NULL, 0);
	f->card.connect_rc = SJ_CARD_MUTE;
	assert_int_equal(sj_session_open(f->ctx, &f->card.head, sj_clock_ms() + 1000, &s),
			 SJ_CARD_MUTE);
	assert_null(s);
}

/* --- what the listener hears ------------------------------------------------------------ */

static void test_secrets_are_masked_for_the_listener(void **state)
{
	static const struct fake_step steps[] = {
		{ "0020000004"
		  "31323334",
		  "9000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0x20, SJ_SPAN_STR("1234"), 0), SJ_OK);
	assert_non_null(strstr(f->heard.log, "cmd 002000000400000000\n"));
	assert_null(strstr(f->heard.log, "31323334"));
}

static void test_what_was_sent_is_wiped(void **state)
{
	static const struct fake_step steps[] = { { NULL, "9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0x20, SJ_SPAN_STR("1234"), 0), SJ_OK);
	assert_null(memmem(f->s, sizeof(*f->s), "1234", 4));
}

static void test_what_is_counted(void **state)
{
	static const struct fake_step steps[] = { { NULL, "AABB9000", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 2), SJ_OK);
	assert_int_equal(sj_session_count(f->s).apdus, 1);
	assert_int_equal(sj_session_count(f->s).bytes_sent, 5);
	assert_int_equal(sj_session_count(f->s).bytes_received, 4);
}

/* --- the public raw command ----------------------------------------------------------------- */

static void test_transmit_gives_data_and_status_word(void **state)
{
	static const struct fake_step steps[] = { { "00B0000002", "AABB6282", SJ_OK } };
	static const uint8_t command[] = { 0x00, 0xB0, 0x00, 0x00, 0x02 };
	struct fixture *f = *state;
	struct sj_card *card = NULL;
	uint8_t out[16];
	size_t len = sizeof(out);
	uint16_t sw = 0;

	fake_card_init(&f->card, steps, 1);
	assert_int_equal(sj_card_over(f->ctx, &f->card.head, "fake", sj_clock_ms() + 1000, &card),
			 SJ_OK);
	assert_string_equal(sj_card_reader(card), "fake");
	assert_int_equal(sj_card_transmit(card, command, sizeof(command), 0, out, &len, &sw),
			 SJ_OK);
	assert_int_equal(sw, 0x6282);
	assert_int_equal(len, 2);
	sj_card_close(card);
}

/* The card's doing, and not the caller's: it may send any number of pieces. */
static void test_transmit_tells_how_much_room_it_takes(void **state)
{
	static const struct fake_step steps[] = { { "00B0000000", "AABB6101", SJ_OK },
						  { "00C0000001", "CC9000", SJ_OK } };
	static const uint8_t command[] = { 0x00, 0xB0, 0x00, 0x00, 0x00 };
	struct fixture *f = *state;
	struct sj_card *card = NULL;
	uint8_t out[2] = { 0 };
	size_t len = sizeof(out);
	uint16_t sw = 0;

	fake_card_init(&f->card, steps, 2);
	assert_int_equal(sj_card_over(f->ctx, &f->card.head, "fake", sj_clock_ms() + 1000, &card),
			 SJ_OK);
	assert_int_equal(sj_card_transmit(card, command, sizeof(command), 0, out, &len, &sw),
			 SJ_FILE_TOO_LARGE);
	assert_int_equal(len, 3);
	assert_int_equal(out[0], 0);
	sj_card_close(card);
}

static void test_transmit_refuses_what_is_no_command(void **state)
{
	static const uint8_t command[] = { 0x00, 0xB0, 0x00 };
	struct fixture *f = *state;
	struct sj_card *card = NULL;
	uint8_t out[16];
	size_t len = sizeof(out);
	uint16_t sw = 0;

	fake_card_init(&f->card, NULL, 0);
	assert_int_equal(sj_card_over(f->ctx, &f->card.head, "fake", sj_clock_ms() + 1000, &card),
			 SJ_OK);
	assert_int_equal(sj_card_transmit(card, command, sizeof(command), 0, out, &len, &sw),
			 SJ_USAGE);
	sj_card_close(card);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		CASE(test_pieces_are_put_together),
		CASE(test_pieces_of_nothing_end),
		CASE(test_pieces_of_a_byte_are_given_up),
		CASE(test_wrong_le_is_repeated_once),
		CASE(test_wrong_le_twice_is_refused),
		CASE(test_longer_than_le_is_refused),
		CASE(test_data_nobody_asked_for_are_refused),
		CASE(test_too_short_an_answer_is_refused),
		CASE(test_a_failure_with_data_is_refused),
		CASE(test_a_warning_with_data_is_passed_on),
		CASE(test_long_data_are_chained),
		CASE(test_a_chain_stops_at_a_refusal),
		CASE(test_extended_length_when_announced),
		CASE(test_announced_limits_are_kept),
		CASE(test_refused_extended_length_is_remembered),
		CASE(test_a_refusal_is_remembered_if_the_short_form_helps),
		CASE(test_anothers_chain_that_was_left_is_got_over),
		CASE(test_an_unknown_command_is_no_reason_against_extended_length),
		CASE(test_atr_announces_extended_length),
		CASE(test_atr_does_not_announce_extended_length),
		CASE(test_an_application_is_selected_without_fci),
		CASE(test_a_strange_card_is_refused_within_two_commands),
		CASE(test_removal_at_every_command),
		CASE(test_a_reset_is_told_and_restarted_with_its_stretch),
		CASE(test_a_card_that_has_gone_at_the_restart_was_lost),
		CASE(test_no_command_after_the_deadline),
		CASE(test_a_cancelled_context_sends_nothing),
		CASE(test_calls_of_a_context_end_together),
		CASE(test_a_slow_card_is_explained_once),
		CASE(test_a_mute_card_does_not_open),
		CASE(test_secrets_are_masked_for_the_listener),
		CASE(test_what_was_sent_is_wiped),
		CASE(test_what_is_counted),
		CASE(test_transmit_gives_data_and_status_word),
		CASE(test_transmit_tells_how_much_room_it_takes),
		CASE(test_transmit_refuses_what_is_no_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
