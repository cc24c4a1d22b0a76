/* test_host_rf.c -- the timing model's formulas against the values of the design note's script. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host/rf.h"

#define assert_ms(value, expected) assert_true(fabs((value) - (expected)) < 1e-6)

/* --- formulas ---------------------------------------------------------------------- */

static void test_air(void **state)
{
	(void)state;
	assert_ms(card_rf_air_ms(106, 0), 0.5196165191740413);
	assert_ms(card_rf_air_ms(106, 2), 0.68952802359882);
	assert_ms(card_rf_air_ms(212, 253), 11.124926253687315);
	assert_ms(card_rf_air_ms(848, 253), 2.958554572271386);
}

static void test_air_of_chained_blocks(void **state)
{
	(void)state;
	assert_ms(card_rf_air_ms(106, 254), 23.137610619469022);
	assert_ms(card_rf_air_ms(424, 506), 11.668584070796461);
	assert_ms(card_rf_air_ms(848, 507), 6.743215339233037);
	assert_ms(card_rf_air_ms(848, 1200), 15.189823008849558);
}

static void test_activation(void **state)
{
	(void)state;
	assert_ms(CARD_RF_POLL_MS + card_rf_activation_ms(106), 27.41622418879056);
	assert_ms(CARD_RF_POLL_MS + card_rf_activation_ms(848), 28.825368731563422);
}

static void test_work(void **state)
{
	const struct card_rf_work signed_once = { { [CARD_RF_SIGN] = 1 } };
	const struct card_rf_work agreed = {
		{ [CARD_RF_KEYGEN] = 1, [CARD_RF_ECDH] = 1, [CARD_RF_VERIFY] = 1 }
	};
	const struct card_rf_work sealed = {
		{ [CARD_RF_CIPHER] = 1, [CARD_RF_CIPHER_BYTES] = 64 }
	};
	const struct card_rf_work hashed = { { [CARD_RF_HASH] = 4, [CARD_RF_HASH_BLOCKS] = 10 } };

	(void)state;
	assert_ms(card_rf_work_ms(CARD_CHIP_JCOP4_P71, &signed_once), 32.0);
	assert_ms(card_rf_work_ms(CARD_CHIP_JCOP3_P60, &agreed), 261.7);
	assert_ms(card_rf_work_ms(CARD_CHIP_SLE78, &sealed), 15.375);
	assert_ms(card_rf_work_ms(CARD_CHIP_NATIVE, &hashed), 0.4);
}

static void test_meter_books_by_size(void **state)
{
	struct card_rf_meter m;

	(void)state;
	card_rf_meter_init(&m);
	m.head.count(&m.head, SJ_METER_EC_SIGN, SJ_P256, 1);
	m.head.count(&m.head, SJ_METER_EC_MAP, SJ_BP512R1, 1);
	m.head.count(&m.head, SJ_METER_RSA_PRIVATE, SJ_CURVE_NONE, 512);
	m.head.count(&m.head, SJ_METER_HASH, SJ_CURVE_NONE, 3);
	assert_ms(m.work.n[CARD_RF_SIGN], 1);
	assert_ms(m.work.n[CARD_RF_ECDH], 8);
	assert_ms(m.work.n[CARD_RF_RSA], 8);
	assert_ms(m.work.n[CARD_RF_HASH], 1);
	assert_ms(m.work.n[CARD_RF_HASH_BLOCKS], 3);
}

static void test_every_operation_costs_and_has_a_name(void **state)
{
	(void)state;
	for (size_t op = 0; op < CARD_RF_OPS; op++) {
		struct card_rf_work one = { .n = { 0 } };

		one.n[op] = 1;
		assert_non_null(card_rf_op_name((enum card_rf_op)op));
		for (size_t chip = 0; chip < CARD_CHIPS; chip++)
			assert_true(card_rf_work_ms((enum card_chip)chip, &one) > 0);
	}
	assert_null(card_rf_op_name(CARD_RF_OPS));
}

static void test_names(void **state)
{
	enum card_chip chip;

	(void)state;
	for (size_t i = 0; i < CARD_CHIPS; i++) {
		assert_true(card_chip_find(card_chip_name((enum card_chip)i), &chip));
		assert_int_equal(chip, i);
	}
	assert_null(card_chip_name(CARD_CHIPS));
	assert_false(card_chip_find("logic", &chip));
	assert_false(card_chip_find("", &chip));
	assert_true(card_rf_rate_known(424));
	assert_false(card_rf_rate_known(0) || card_rf_rate_known(107));
}

/* PKOC of the script: 78.238 at 848, 94.100 at 106, less 1 ms of the reader's. */
static void test_exchange(void **state)
{
	const struct card_rf_step pkoc[] = {
		{ 14, 8, { { [CARD_RF_SELECT] = 1 } } },
		{ 62, 135, { { [CARD_RF_SIGN] = 1 } } },
	};
	struct card_rf_model model = { 848, CARD_CHIP_JCOP4_P71, CARD_RF_HOST_MS };

	(void)state;
	assert_true(fabs(card_rf_exchange_ms(&model, pkoc, 2) - 77.238) < 0.001);
	model.rate = 106;
	assert_true(fabs(card_rf_exchange_ms(&model, pkoc, 2) - 93.100) < 0.001);
	assert_ms(card_rf_exchange_ms(&model, pkoc, 0),
		  CARD_RF_POLL_MS + card_rf_activation_ms(106));
}

static void test_exchange_waits_for_what_the_host_does_not_cover(void **state)
{
	struct card_rf_step steps[] = {
		{ 5, 2, { { 0 } } },
		{ 0, 0, { { [CARD_RF_KEYGEN] = 1 } } },
		{ 5, 2, { { 0 } } },
	};
	const struct card_rf_model model = { 848, CARD_CHIP_NATIVE, 4.0 };
	double before = card_rf_exchange_ms(&model, steps, 2), after, command;

	(void)state;
	command = card_rf_command_ms(848, CARD_CHIP_NATIVE, 5, 2, &steps[0].work);
	after = card_rf_exchange_ms(&model, steps, 3);
	assert_ms(after - before, 10.0 + command); /* a key pair; 4 ms of it beside the host */
	steps[1].work.n[CARD_RF_KEYGEN] = 0.3;
	after = card_rf_exchange_ms(&model, steps, 3);
	assert_ms(after - before, 4.0 + command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_air),
		cmocka_unit_test(test_air_of_chained_blocks),
		cmocka_unit_test(test_activation),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_meter_books_by_size),
		cmocka_unit_test(test_every_operation_costs_and_has_a_name),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_exchange_waits_for_what_the_host_does_not_cover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
