/* The manager: the sequence of STORE DATA of its STATES.md, transactions, the lock. */
#include "tests/card/emrtd_reader.h"

static int blank(void **state)
{
	*state = bench_new();
	bench_manage(*state);
	return 0;
}

static int discard(void **state)
{
	bench_free(*state);
	return 0;
}

/* STORE DATA of one byte of EF.DIR at offset 0. */
static uint16_t store(void **state, uint8_t p1, uint8_t block)
{
	static const uint8_t data[] = { 0x00, 0x02, 0x08, 0x3F, 0x00, 0x2F,
					0x00, 0x00, 0x00, 0x00, 0x61 };
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0xE2, .p1 = p1, .p2 = block };

	apdu.data = SJ_SPAN_OF(data);
	return bench_send(*state, &apdu);
}

static void install(void **state)
{
	assert_int_equal(bench_do(*state, INSTALL), SJ_SW_OK);
}

/* --- SELECT, INSTALL ------------------------------------------------------------------ */

static void test_select_by_full_and_truncated_name(void **state)
{
	static const char *const names[] = { SELECT_MANAGER, "00A4040007A000000151000000",
					     "00A4040005A00000015100", "00A4040000" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bench_power(*state);
		assert_int_equal(bench_hex(*state, names[i]), SJ_SW_OK);
		assert_bytes(((struct bench *)*state)->data,
			     "6F118408A000000151000000A5059F6502FFFF");
	}
}

static void test_install(void **state)
{
	assert_int_equal(bench_do(*state, INSTALL), SJ_SW_OK);
	assert_bytes(((struct bench *)*state)->data, "00");
}

static void test_install_refuses(void **state)
{
	static const struct {
		const char *command;
		uint16_t sw;
	} wrong[] = {
		{ "80E620000D000007A000000247100200000000", SJ_SW_REFERENCE_NOT_FOUND },
		{ "80E620000B000005A00000024700000000", SJ_SW_REFERENCE_NOT_FOUND },
		{ "80E620000C000007A0000002471001000000", SJ_SW_WRONG_DATA },
		{ "80E620000E000007A00000024710010000000000", SJ_SW_WRONG_DATA },
		{ "80E620000D000107A000000247100100000000", SJ_SW_WRONG_DATA },
		{ "80E620000D000007A000000247100100010000", SJ_SW_WRONG_DATA },
		{ "80E6200006000000000000", SJ_SW_WRONG_DATA },
		{ "80E620000700000100000000", SJ_SW_WRONG_DATA },
		{ "80E62000", SJ_SW_WRONG_LENGTH },
		{ "80E610000D000007A000000247100100000000", SJ_SW_WRONG_P1P2 },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(bench_do(*state, wrong[i].command), wrong[i].sw);
		assert_int_equal(store(state, 0x08, 0), SJ_SW_CONDITIONS);
	}
}

/* --- STORE DATA ------------------------------------------------------------------------ */

static void test_store_data_wants_install(void **state)
{
	assert_int_equal(store(state, 0x08, 0), SJ_SW_CONDITIONS);
	install(state);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_OK);
}

static void test_blocks_come_in_order(void **state)
{
	install(state);
	assert_int_equal(store(state, 0x08, 1), SJ_SW_WRONG_P1P2);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_OK);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_WRONG_P1P2);
	assert_int_equal(store(state, 0x08, 2), SJ_SW_WRONG_P1P2);
	assert_int_equal(store(state, 0x09, 1), SJ_SW_OK);
	assert_int_equal(store(state, 0x88, 2), SJ_SW_OK);
	assert_int_equal(store(state, 0x08, 3), SJ_SW_CONDITIONS);
}

static void test_install_counts_anew(void **state)
{
	install(state);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_OK);
	install(state);
	assert_int_equal(store(state, 0x08, 1), SJ_SW_WRONG_P1P2);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_OK);
}

static void test_the_256th_block_is_the_last(void **state)
{
	install(state);
	for (unsigned i = 0; i < 255; i++)
		assert_int_equal(store(state, 0x08, (uint8_t)i), SJ_SW_OK);
	assert_int_equal(store(state, 0x08, 255), SJ_SW_WRONG_P1P2);
	assert_int_equal(store(state, 0x88, 255), SJ_SW_OK);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_CONDITIONS);
}

static void test_only_plain_dgi_format(void **state)
{
	install(state);
	for (unsigned p1 = 0; p1 <= 0xFF; p1++)
		if ((p1 & 0x7E) != 0x08)
			assert_int_equal(store(state, (uint8_t)p1, 0), SJ_SW_WRONG_P1P2);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_OK);
}

static void test_malformed_groupings(void **state)
{
	static const char *const wrong[] = {
		"80E208000100",       "80E20800020002",       "80E2080003000201",
		"80E20800040002FF00", "80E20800050002FF0001", "80E208000C0002083F002F000000006100",
	};

	install(state);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_do(*state, wrong[i]), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(*state, "80E20800"), SJ_SW_WRONG_LENGTH);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_OK);
}

/* EF.DIR, then a grouping that is refused: the file has not come into being. */
static void test_a_command_is_one_transaction(void **state)
{
	struct bench *b = *state;

	install(state);
	assert_int_equal(bench_do(b, "80E208000F0002083F002F00000000610002013F"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_hex(b, "00A4000C"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00B09E0000"), SJ_SW_NOT_FOUND);
}

static void test_several_groupings_in_one_command(void **state)
{
	struct bench *b = *state;

	install(state);
	assert_int_equal(bench_do(b, "80E20800160002083F002F00000000610002083F002F0000000162"),
			 SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00A4000C"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00B09E0000"), SJ_SW_OK);
	assert_bytes(b->data, "6162");
}

static void test_long_form_and_extended_length(void **state)
{
	struct bench *b = *state;
	uint8_t *value = calloc(1, 60000);
	struct sj_span content;
	struct sj_apdu apdu = { .cla = 0x80, .ins = 0xE2, .p1 = 0x88 };

	assert_non_null(value);
	content = pattern_fill(0x2F00, value + 12, 60000 - 12);
	memcpy(value, (const uint8_t[]){ 0x00, 0x02, 0xFF, 0xEA, 0x5B, 0x3F, 0x00, 0x2F, 0x00 }, 9);
	apdu.data = sj_span(value, 60000);
	install(state);
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00A4000C"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B09E00000000"), SJ_SW_OK);
	assert_true(sj_span_eq(b->data, content));
	free(value);
}

/* Deselection, a new selection, a new channel, power. */
static void test_a_sequence_ends_with_the_channel(void **state)
{
	install(state);
	assert_int_equal(bench_do(*state, "00A4000C"), SJ_SW_OK);
	bench_manage(*state);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_CONDITIONS);
	install(state);
	bench_manage(*state);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_CONDITIONS);
	install(state);
	bench_power(*state);
	bench_manage(*state);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_CONDITIONS);
}

static void test_basic_channel_only(void **state)
{
	assert_int_equal(bench_hex(*state, "0070000001"), SJ_SW_OK);
	assert_int_equal(bench_hex(*state, "01A4040C08A000000151000000"), SJ_SW_OK);
	assert_int_equal(bench_hex(*state, "81E620000D000007A000000247100100000000"),
			 SJ_SW_CHANNEL_NOT_SUPPORTED);
}

/* --- the lock --------------------------------------------------------------------------- */

static void test_lock_not_inside_a_sequence(void **state)
{
	install(state);
	assert_int_equal(bench_do(*state, LOCK), SJ_SW_CONDITIONS);
	assert_int_equal(store(state, 0x08, 0), SJ_SW_OK);
	assert_int_equal(bench_do(*state, LOCK), SJ_SW_CONDITIONS);
}

static void test_lock_parameters(void **state)
{
	assert_int_equal(bench_do(*state, "80F08003"), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(*state, "80F0200F"), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(*state, "80F0400F"), SJ_SW_WRONG_LENGTH);
}

#define BLANK(test) cmocka_unit_test_setup_teardown(test, blank, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BLANK(test_select_by_full_and_truncated_name),
		BLANK(test_install),
		BLANK(test_install_refuses),
		BLANK(test_store_data_wants_install),
		BLANK(test_blocks_come_in_order),
		BLANK(test_install_counts_anew),
		BLANK(test_the_256th_block_is_the_last),
		BLANK(test_only_plain_dgi_format),
		BLANK(test_malformed_groupings),
		BLANK(test_a_command_is_one_transaction),
		BLANK(test_several_groupings_in_one_command),
		BLANK(test_long_form_and_extended_length),
		BLANK(test_a_sequence_ends_with_the_channel),
		BLANK(test_basic_channel_only),
		BLANK(test_lock_not_inside_a_sequence),
		BLANK(test_lock_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
