/* The key applet's selection, and when there is none. */
#include "applets/piv/piv.h"
#include "tests/card/piv_rig.h"

static void selected_by_its_name_and_the_beginnings_of_it(void **state)
{
	static const char *const names[] = { "00A404000BA00000030800001000010000",
					     "00A4040009A0000003080000100000",
					     "00A4040005A00000030800" };
	struct bench *b = *state;
	struct sj_piv_application apt;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bench_power(b);
		assert_int_equal(bench_do(b, names[i]), SJ_SW_OK);
		assert_true(sj_piv_application_read(b->data, &apt));
		assert_bytes(apt.aid, "A000000308000010000100");
		assert_int_equal(apt.suite, PIV_ALG_CS2);
		assert_int_equal(apt.command_max, SJ_APDU_COMMAND_MAX);
		assert_int_equal(apt.response_max, SJ_APDU_NE_EXTENDED);
	}
}

static void other_names_are_not_it(void **state)
{
	static const char *const names[] = { "00A404000BA00000030800001000020000",
					     "00A404000CA0000003080000100001000000",
					     "00A4040009A0000003080000200000" };
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(bench_do(b, names[i]), SJ_SW_NOT_FOUND);
	assert_int_equal(piv_get(b, 0x7E), SJ_SW_OK); /* what was selected stays so */
}

static void commands_it_has_not(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00B0000000"), SJ_SW_WRONG_INS);
	assert_int_equal(bench_do(b, "80CB3FFF035C017E00"), SJ_SW_WRONG_CLA);
	assert_int_equal(bench_do(b, "00A4020C020001"), SJ_SW_WRONG_P1P2);
}

static void a_card_without_keys_has_no_such_application(void **state)
{
	struct bench *b = bench_issued_as(ACCESS_BAC, PROFILE_OPEN);

	(void)state;
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_NOT_FOUND);
	bench_insert(b, CARD_CONTACT);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_NOT_FOUND);
	bench_free(b);
}

/* Before the lock no key can be used, and nothing is administered but by data groupings. */
static void a_blank_card_has_no_such_application(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	piv_personalise_all(b, &(struct piv_plan){ .policy = 0 });
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_NOT_FOUND);
	bench_free(b);
}

/* --- private cards, over the air ------------------------------------------------------------ */

static void a_private_card_hides_it_before_pace(void **state)
{
	const struct piv_plan plan = { .interface = CARD_CONTACTLESS, .is_private = true };
	struct bench *b = piv_card(&plan);

	(void)state;
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(b, "00A4040005A00000030800"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bac_run(b, MRZ), SJ_SW_OK); /* BAC is not PACE */
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_NOT_FOUND);
	bench_insert(b, CARD_CONTACT);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	bench_free(b);
}

/* The first plain command ends PACE: nothing of the application is told, nothing kept. */
static void a_private_card_hides_it_again_when_pace_ends(void **state)
{
	struct piv_visit v;

	(void)state;
	visit_begin(&v, PACE);
	assert_int_equal(visit_say(&v, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_hex(v.b, "00CB3FFF055C035FC10200"), SJ_SW_WRONG_INS);
	assert_int_equal(bench_hex(v.b, SELECT_PIV), SJ_SW_NOT_FOUND);
	v.b->secured = false;
	assert_int_equal(pace_run(v.b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(visit_say(&v, SELECT_PIV), SJ_SW_OK);
	assert_int_equal(visit_say(&v, "00200080"), 0x63C4);
	visit_end(&v);
}

static void in_pace_on_an_open_card_it_is_over_the_air(void **state)
{
	struct bench *b = piv_card(&(struct piv_plan){ .interface = CARD_CONTACTLESS });

	(void)state;
	bench_insert(b, CARD_CONTACTLESS);
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, VERIFY_PAIRING), SJ_SW_SECURITY_STATUS);
	assert_int_equal(piv_get(b, PIV_OBJECT_CHUID), SJ_SW_OK);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIV_CASE(selected_by_its_name_and_the_beginnings_of_it),
		PIV_CASE(other_names_are_not_it),
		PIV_CASE(commands_it_has_not),
		cmocka_unit_test(a_card_without_keys_has_no_such_application),
		cmocka_unit_test(a_blank_card_has_no_such_application),
		cmocka_unit_test(a_private_card_hides_it_before_pace),
		cmocka_unit_test(a_private_card_hides_it_again_when_pace_ends),
		cmocka_unit_test(in_pace_on_an_open_card_it_is_over_the_air),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
