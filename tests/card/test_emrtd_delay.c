/* What wrong passwords cost, on the card's clock (BSI TR-03110-2, 2.2). */
#include "tests/card/pace_reader.h"

#define WRONG_CAN "000000"
#define WRONG_MRZ "L898902C<369080619406237"

static int issue(void **state)
{
	*state = bench_issued(ACCESS_BOTH);
	return 0;
}

static int discard(void **state)
{
	bench_free(*state);
	return 0;
}

/* Milliseconds that an attempt took; powers the card up first. */
static uint64_t pace_cost(struct bench *b, enum sj_pace_password kind, const char *password,
			  uint16_t sw)
{
	uint64_t before = b->waited_ms;

	bench_power(b);
	assert_int_equal(pace_run(b, SUITE_DEFAULT, kind, password), sw);
	return b->waited_ms - before;
}

static uint64_t bac_cost(struct bench *b, const char *mrz, uint16_t sw)
{
	uint64_t before = b->waited_ms;

	bench_power(b);
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bac_run(b, mrz), sw);
	return b->waited_ms - before;
}

static void test_right_passwords_cost_nothing(void **state)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pace_cost(*state, SJ_PACE_CAN, CAN, SJ_SW_OK), 0);
		assert_int_equal(pace_cost(*state, SJ_PACE_MRZ, MRZ, SJ_SW_OK), 0);
		assert_int_equal(bac_cost(*state, MRZ, SJ_SW_OK), 0);
	}
}

static void test_repeated_failures_cost_seven_seconds(void **state)
{
	uint64_t second, third;

	assert_int_equal(pace_cost(*state, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION), 0);
	second = pace_cost(*state, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION);
	third = pace_cost(*state, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION);
	assert_true(second > 0);
	assert_true(third >= 7000);
	assert_true(third > second);
}

static void test_success_forgets_after_one_more_wait(void **state)
{
	for (int i = 0; i < 3; i++)
		pace_cost(*state, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION);
	assert_true(pace_cost(*state, SJ_PACE_CAN, CAN, SJ_SW_OK) >= 7000);
	assert_int_equal(pace_cost(*state, SJ_PACE_CAN, CAN, SJ_SW_OK), 0);
}

/* The card is powered for so long and then asked something. */
static void stay_powered(struct bench *b, uint64_t ms)
{
	bench_power(b);
	b->now_ms += ms;
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
}

static void test_a_minute_of_power_forgets_one_failure(void **state)
{
	for (int i = 0; i < 3; i++)
		pace_cost(*state, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION);
	stay_powered(*state, 59999);
	stay_powered(*state, 59999); /* the time of two taps does not add up */
	assert_int_equal(pace_cost(*state, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION), 14000);
	stay_powered(*state, 120000);
	assert_int_equal(pace_cost(*state, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION), 7000);
	stay_powered(*state, 3600000);
	assert_int_equal(pace_cost(*state, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION), 0);
}

static void test_each_password_has_its_own_count(void **state)
{
	for (int i = 0; i < 3; i++)
		pace_cost(*state, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION);
	assert_int_equal(pace_cost(*state, SJ_PACE_MRZ, MRZ, SJ_SW_OK), 0);
	assert_true(pace_cost(*state, SJ_PACE_CAN, CAN, SJ_SW_OK) >= 7000);
}

static void test_bac_and_pace_count_the_mrz_together(void **state)
{
	assert_int_equal(bac_cost(*state, WRONG_MRZ, SJ_SW_NO_INFORMATION), 0);
	assert_true(bac_cost(*state, WRONG_MRZ, SJ_SW_NO_INFORMATION) > 0);
	assert_true(pace_cost(*state, SJ_PACE_MRZ, WRONG_MRZ, SJ_SW_NO_INFORMATION) >= 7000);
	assert_true(bac_cost(*state, MRZ, SJ_SW_OK) >= 7000);
	assert_int_equal(pace_cost(*state, SJ_PACE_MRZ, MRZ, SJ_SW_OK), 0);
}

static void test_the_wait_comes_before_the_nonce(void **state)
{
	struct bench *b = *state;
	struct pace_reader p;
	uint64_t before;

	pace_cost(b, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION);
	bench_power(b);
	pace_init(&p, b, SUITE_DEFAULT, SJ_PACE_CAN, CAN);
	before = b->waited_ms;
	assert_int_equal(pace_set(&p), SJ_SW_OK);
	assert_int_equal(b->waited_ms, before);
	assert_int_equal(pace_nonce(&p), SJ_SW_OK);
	assert_true(b->waited_ms > before);
}

static void test_giving_up_before_the_token_is_no_failure(void **state)
{
	struct pace_reader p;

	for (int i = 0; i < 5; i++) {
		pace_init(&p, *state, SUITE_DEFAULT, SJ_PACE_CAN, WRONG_CAN);
		assert_int_equal(pace_until(&p, 4), SJ_SW_OK);
	}
	assert_int_equal(((struct bench *)*state)->waited_ms, 0);
}

/* Power goes during the wait: no answer, and the next attempt waits in whole. */
static void test_pulling_the_card_gains_nothing(void **state)
{
	struct bench *b = *state;
	struct pace_reader p;

	for (int i = 0; i < 3; i++)
		pace_cost(b, SJ_PACE_CAN, WRONG_CAN, SJ_SW_NO_INFORMATION);
	for (int i = 0; i < 3; i++) {
		bench_power(b);
		b->power_left_ms = 500;
		pace_init(&p, b, SUITE_DEFAULT, SJ_PACE_CAN, CAN);
		assert_int_equal(pace_set(&p), SJ_SW_OK);
		assert_int_equal(bench_hex(b, "10860000027C0000"), 0);
	}
	b->power_left_ms = 0;
	assert_true(pace_cost(b, SJ_PACE_CAN, CAN, SJ_SW_OK) >= 7000);
}

static void test_pulling_the_card_gains_nothing_with_bac(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 3; i++)
		bac_cost(b, WRONG_MRZ, SJ_SW_NO_INFORMATION);
	b->power_left_ms = 500;
	assert_int_equal(bac_cost(b, MRZ, 0), 500);
	b->power_left_ms = 0;
	assert_true(bac_cost(b, MRZ, SJ_SW_OK) >= 7000);
	assert_int_equal(bac_cost(b, MRZ, SJ_SW_OK), 0);
}

#define ISSUED(test) cmocka_unit_test_setup_teardown(test, issue, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ISSUED(test_right_passwords_cost_nothing),
		ISSUED(test_repeated_failures_cost_seven_seconds),
		ISSUED(test_success_forgets_after_one_more_wait),
		ISSUED(test_a_minute_of_power_forgets_one_failure),
		ISSUED(test_each_password_has_its_own_count),
		ISSUED(test_bac_and_pace_count_the_mrz_together),
		ISSUED(test_the_wait_comes_before_the_nonce),
		ISSUED(test_giving_up_before_the_token_is_no_failure),
		ISSUED(test_pulling_the_card_gains_nothing),
		ISSUED(test_pulling_the_card_gains_nothing_with_bac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
