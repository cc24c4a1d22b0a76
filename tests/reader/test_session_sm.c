/* The reader's role in secure messaging: the worked example, and what breaks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reader/session_in.h"
#include "tests/reader/fakecard.h"

/* --- secure messaging: ICAO Doc 9303-11 (8th ed.), appendix D.4 ------------------ */

static const struct sj_sm_keys d4_keys = {
	.cipher = SJ_CIPHER_3DES,
	.enc = { 0x97, 0x9E, 0xC1, 0x3B, 0x1C, 0xBF, 0xE9, 0xDC, 0xD0, 0x1A, 0xB0, 0xFE, 0xD3, 0x07,
		 0xEA, 0xE5 },
	.mac = { 0xF1, 0xCB, 0x1F, 0x1F, 0xB5, 0xAD, 0xF2, 0x08, 0x80, 0x6B, 0x89, 0xDC, 0x57, 0x9D,
		 0xC1, 0xF8 },
};
static const struct sj_ssc d4_ssc = { { 0x88, 0x70, 0x22, 0x12, 0x0C, 0x06, 0xC2, 0x26 } };

static enum sj_rc select_ef_com(struct fixture *f)
{
	static const uint8_t fid[] = { 0x01, 0x1E };
	struct sj_apdu a = { .ins = 0xA4, .p1 = 0x02, .p2 = 0x0C, .data = SJ_SPAN_OF(fid) };

	sj_session_sm_start(f->s, &d4_keys, &d4_ssc);
	return sj_session_command(f->s, &a, &f->r);
}

#define D4_SELECT "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800"
#define D4_SELECTED "990290008E08FA855A5D4C50A8ED9000"

static void test_the_worked_example_runs_both_ways(void **state)
{
	static const struct fake_step steps[] = {
		{ D4_SELECT, D4_SELECTED, SJ_OK },
		{ "0CB000000D9701048E08ED6705417E96BA5500",
		  "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(select_ef_com(f), SJ_OK);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 4), SJ_OK);
	assert_int_equal(f->r.sw, 0x9000);
	assert_int_equal(f->r.data.len, 4);
	assert_memory_equal(f->r.data.ptr, "\x60\x14\x5F\x01", 4);
	assert_non_null(strstr(f->heard.log, "pcmd 00B0000004\n"));
	assert_non_null(strstr(f->heard.log, "prsp 000000009000\n"));
	assert_int_equal(sj_session_read_max(f->s), 231);
}

static void test_a_changed_byte_ends_protection(void **state)
{
	static const struct fake_step steps[] = {
		{ D4_SELECT, "990290008E08FA855A5D4C50A8EE9000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(select_ef_com(f), SJ_CARD_SM_BROKEN);
	assert_int_equal(f->r.sw, 0);
	assert_false(sj_session_sm_active(f->s));
}

static void test_an_answer_in_clear_ends_protection(void **state)
{
	static const struct fake_step steps[] = { { D4_SELECT, "6988", SJ_OK } };
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(select_ef_com(f), SJ_CARD_SM_BROKEN);
	assert_int_equal(f->r.sw, 0x6988);
	assert_false(sj_session_sm_active(f->s));
}

static void test_data_in_clear_are_not_taken(void **state)
{
	static const struct fake_step steps[] = {
		{ D4_SELECT, D4_SELECTED, SJ_OK },
		{ NULL, "60145F019000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(select_ef_com(f), SJ_OK);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 4), SJ_CARD_SM_BROKEN);
	assert_int_equal(f->r.data.len, 0);
}

static void test_a_replayed_answer_is_not_taken(void **state)
{
	static const struct fake_step steps[] = {
		{ D4_SELECT, D4_SELECTED, SJ_OK },
		{ NULL, D4_SELECTED, SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(select_ef_com(f), SJ_OK);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 4), SJ_CARD_SM_BROKEN);
}

static void test_protection_is_split_over_pieces(void **state)
{
	static const struct fake_step steps[] = {
		{ D4_SELECT, "990290008E086108", SJ_OK },
		{ "00C0000008", "FA855A5D4C50A8ED9000", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(select_ef_com(f), SJ_OK);
	assert_int_equal(f->r.sw, 0x9000);
}

static void test_keys_do_not_survive_a_reset(void **state)
{
	static const struct fake_step steps[] = { { NULL, NULL, SJ_CARD_RESET } };
	static const struct sj_sm_keys none;
	struct fixture *f = *state;

	START(f, steps);
	assert_int_equal(select_ef_com(f), SJ_CARD_RESET);
	assert_false(sj_session_sm_active(f->s));
	assert_memory_equal(&f->s->keys, &none, sizeof(none));
}

static void test_a_restart_ends_protection(void **state)
{
	static const struct fake_step steps[] = { { NULL, "9000", SJ_OK } };
	static const struct sj_sm_keys none;
	struct fixture *f = *state;

	START(f, steps);
	sj_session_sm_start(f->s, &d4_keys, &d4_ssc);
	assert_int_equal(sj_session_restart(f->s, true), SJ_OK);
	assert_false(sj_session_sm_active(f->s));
	assert_memory_equal(&f->s->keys, &none, sizeof(none));
}

static void test_extended_length_refused_inside_protection_is_remembered(void **state)
{
	static const struct fake_step steps[] = {
		{ D4_SELECT, D4_SELECTED, SJ_OK },
		{ NULL, "6700", SJ_OK },
	};
	struct fixture *f = *state;

	START(f, steps);
	sj_session_allow_extended(f->s, 0, 0);
	assert_int_equal(select_ef_com(f), SJ_OK);
	assert_int_equal(fixture_send(f, 0xB0, NOTHING, 5000), SJ_CARD_SM_BROKEN);
	assert_false(sj_session_extended(f->s));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		CASE(test_the_worked_example_runs_both_ways),
		CASE(test_a_changed_byte_ends_protection),
		CASE(test_an_answer_in_clear_ends_protection),
		CASE(test_data_in_clear_are_not_taken),
		CASE(test_a_replayed_answer_is_not_taken),
		CASE(test_protection_is_split_over_pieces),
		CASE(test_keys_do_not_survive_a_reset),
		CASE(test_a_restart_ends_protection),
		CASE(test_extended_length_refused_inside_protection_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
