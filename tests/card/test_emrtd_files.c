/* Files of the identity applet: SELECT, READ BINARY, who may read what, nothing written. */
#include "tests/card/pace_reader.h"

static int open_bac(void **state)
{
	*state = bench_issued(ACCESS_BOTH);
	bench_bac(*state);
	return 0;
}

static int open_plain(void **state)
{
	*state = bench_issued(ACCESS_BOTH);
	return 0;
}

static int close_bench(void **state)
{
	bench_free(*state);
	return 0;
}

static void assert_pattern(struct sj_span got, uint16_t fid, size_t from, size_t n)
{
	assert_int_equal(got.len, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(got.ptr[i], pattern(fid, from + i));
}

/* --- SELECT ------------------------------------------------------------------ */

static void test_free_files_of_the_mf(void **state)
{
	static const struct {
		const char *select, *read;
		uint16_t fid;
	} files[] = {
		{ "00A4020C02011C", "00B09C0000", 0x011C },
		{ "00A4020C022F00", "00B09E0000", 0x2F00 },
		{ "00A4020C022F01", "00B0810000", 0x2F01 },
	};

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(bench_hex(*state, files[i].select), SJ_SW_OK);
		assert_int_equal(bench_hex(*state, "00B0000000"), SJ_SW_OK);
		assert_pattern(((struct bench *)*state)->data, files[i].fid, 0, DG1_SIZE);
		assert_int_equal(bench_hex(*state, files[i].read), SJ_SW_OK);
		assert_pattern(((struct bench *)*state)->data, files[i].fid, 0, DG1_SIZE);
	}
}

static void test_select_answers_by_p2(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, "00A4020002011C00"), SJ_SW_OK);
	assert_bytes(b->data, "6F0C800300005D8201018302011C");
	assert_int_equal(bench_hex(b, "00A4020402011C00"), SJ_SW_OK);
	assert_bytes(b->data, "620C800300005D8201018302011C");
	assert_int_equal(bench_hex(b, "00A4020C02011C00"), SJ_SW_OK);
	assert_int_equal(b->data.len, 0);
	assert_int_equal(bench_hex(b, "00A4000000"), SJ_SW_OK);
	assert_bytes(b->data, "6F0782013883023F00");
	assert_int_equal(bench_hex(b, "00A4020802011C00"), SJ_SW_WRONG_P1P2);
}

static void test_select_by_id_and_path(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, "00A4000C02011C"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00A4080C02011C"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00A4090C022F00"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00A4000C"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00A4000C023F00"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00A4080C043F00011C"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "00A4080C03011C01"), SJ_SW_WRONG_LENGTH);
	assert_int_equal(bench_hex(b, "00A4000C0101"), SJ_SW_WRONG_LENGTH);
	assert_int_equal(bench_hex(b, "00A4020C020199"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "00A4030C"), SJ_SW_WRONG_P1P2);
}

static void test_selecting_the_mf_leaves_the_application(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00A4020C02011E"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00A4000C023F00"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B0000000"), SJ_SW_NOT_ALLOWED);
	assert_int_equal(bench_do(b, "00A4020C02011E"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(b, "00A4020C02011C"), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B0000000"), SJ_SW_NOT_ALLOWED);
	assert_int_equal(bench_do(b, "00A4000C023F00"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B0000000"), SJ_SW_NOT_ALLOWED);
}

static void test_application_answers_its_name(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, "00A4040007A000000247100100"), SJ_SW_OK);
	assert_bytes(b->data, "6F098407A0000002471001");
}

/* Doc 9303-10 (8th ed.), 4.1: the RID without the PIX does not find it. */
static void test_application_has_its_full_name_only(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, "00A4040C05A000000247"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "00A4040C06A00000024710"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "00A4040C08A000000247100100"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "00A4040205A000000247"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "00A4040000"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "00A4040C07A0000002471001"), SJ_SW_OK);
}

static void test_channels_have_current_files_of_their_own(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, "00A4020C02011C"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "0070000001"), SJ_SW_OK);
	assert_bytes(b->data, "01");
	assert_int_equal(bench_hex(b, "01B0000000"), SJ_SW_NOT_ALLOWED);
	assert_int_equal(bench_hex(b, "01A4020C022F00"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00B0000001"), SJ_SW_OK);
	assert_pattern(b->data, 0x011C, 0, 1);
	assert_int_equal(bench_hex(b, "01B0000001"), SJ_SW_OK);
	assert_pattern(b->data, 0x2F00, 0, 1);
}

static void test_a_channel_opened_again_has_no_current_file(void **state)
{
	static const char *const closes[] = { "00708001", "01708000" };
	struct bench *b = *state;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(bench_hex(b, "00700001"), SJ_SW_OK);
		assert_int_equal(bench_hex(b, "01B0000001"), SJ_SW_NOT_ALLOWED);
		assert_int_equal(bench_hex(b, "01A4020C02011C"), SJ_SW_OK);
		assert_int_equal(bench_hex(b, "01B0000001"), SJ_SW_OK);
		assert_int_equal(bench_hex(b, closes[i]), SJ_SW_OK);
	}
	assert_int_equal(bench_hex(b, "00700001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "01B0000001"), SJ_SW_NOT_ALLOWED);
}

static void test_closing_a_channel_leaves_the_others_as_they_are(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, "00A4020C02011C"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00700001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00708001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00B0000001"), SJ_SW_OK);
	assert_pattern(b->data, 0x011C, 0, 1);
}

/* --- READ BINARY ------------------------------------------------------------- */

static void test_end_of_file(void **state)
{
	struct bench *b = *state; /* DG1 has 93 bytes: 5D */

	assert_int_equal(bench_do(b, "00B0810000"), SJ_SW_OK);
	assert_pattern(b->data, 0x0101, 0, DG1_SIZE);
	assert_int_equal(bench_do(b, "00B000005D"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B000005E"), SJ_SW_END_OF_FILE);
	assert_pattern(b->data, 0x0101, 0, DG1_SIZE);
	assert_int_equal(bench_do(b, "00B0005C08"), SJ_SW_END_OF_FILE);
	assert_pattern(b->data, 0x0101, 0x5C, 1);
	assert_int_equal(bench_do(b, "00B0005D01"), SJ_SW_WRONG_P1P2_PLAIN);
	assert_int_equal(bench_do(b, "00B07FFF01"), SJ_SW_WRONG_P1P2_PLAIN);
	assert_int_equal(bench_do(b, "00B00000"), SJ_SW_WRONG_LENGTH);
}

static void test_offset_form_reaches_32767(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00B0820010"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B07FFF10"), SJ_SW_OK);
	assert_pattern(b->data, 0x0102, 0x7FFF, 0x10);
}

static void test_short_id_form(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00B0821020"), SJ_SW_OK);
	assert_pattern(b->data, 0x0102, 0x10, 0x20);
	assert_int_equal(bench_do(b, "00B0000004"), SJ_SW_OK);
	assert_pattern(b->data, 0x0102, 0, 4);
	assert_int_equal(bench_do(b, "00B0850000"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(b, "00B0C10000"), SJ_SW_WRONG_P1P2);
}

static void test_odd_instruction_reads_beyond(void **state)
{
	struct bench *b = *state;
	struct sj_span data, value;

	assert_int_equal(bench_do(b, "00B10002045402900020"), SJ_SW_OK);
	data = b->data;
	assert_int_equal(data.len, 0x20);
	assert_int_equal(sj_tlv_take(&data, 0x53, &value), SJ_TLV_FOUND);
	assert_pattern(value, 0x0102, 0x9000, 0x1E);
	assert_int_equal(bench_do(b, "00B1000004540280000A"), SJ_SW_OK);
	assert_int_equal(b->data.len, 0x0A);
	assert_int_equal(bench_do(b, "00B1010205540300800005"), SJ_SW_OK);
}

static void test_odd_instruction_with_a_short_le_of_zeros(void **state)
{
	struct bench *b = *state;
	struct sj_span data, value;

	assert_int_equal(bench_do(b, "00B100020354010000"), SJ_SW_OK);
	data = b->data;
	assert_int_equal(data.len, 256);
	assert_int_equal(sj_tlv_take(&data, 0x53, &value), SJ_TLV_FOUND);
	assert_pattern(value, 0x0102, 0, 253);
}

static void test_odd_instruction_refuses(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00B10000045402000010"), SJ_SW_NOT_ALLOWED);
	assert_int_equal(bench_do(b, "00B100020454029C4010"), SJ_SW_WRONG_P1P2_PLAIN);
	assert_int_equal(bench_do(b, "00B10002045302000010"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "00B10002045401000010"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "00B1000202540010"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "00B10002045402000002"), SJ_SW_WRONG_LENGTH);
	assert_int_equal(bench_do(b, "00B10199045402000010"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(b, "00B100020454029C3F10"), SJ_SW_END_OF_FILE);
	assert_bytes(b->data, "5301A1");
}

static void test_whole_file_in_one_extended_read(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00B08200000000"), SJ_SW_OK);
	assert_pattern(b->data, 0x0102, 0, DG2_SIZE);
	assert_int_equal(bench_do(b, "00B08200000100"), SJ_SW_OK);
	assert_pattern(b->data, 0x0102, 0, 256);
	assert_int_equal(bench_do(b, "00B08100000100"), SJ_SW_END_OF_FILE);
}

/* --- access ------------------------------------------------------------------ */

/* Doc 9303-11, 4: whether the file is there or not. */
static void test_nothing_of_lds_before_access(void **state)
{
	static const char *const commands[] = {
		"00A4020C02011E", "00A4020C020101", "00A4020C020105",
		"00A4020C02FFFF", "00B09E0000",     "00B0810000",
		"00B0850000",     "00B0000000",     "00B10002045402000010",
	};

	assert_int_equal(bench_hex(*state, SELECT_LDS), SJ_SW_OK);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		assert_int_equal(bench_hex(*state, commands[i]), SJ_SW_SECURITY_STATUS);
}

static void test_rights_end_with_the_session(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00B0810001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00B0810001"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, "00B0810001"), SJ_SW_SM_NOT_SUPPORTED);
}

static void test_fingerprints_are_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00A4020C020103"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, "00B0830000"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, "00B0840000"), SJ_SW_NOT_FOUND);
}

static void test_card_security_after_pace_only(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, "00B09D0000"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_hex(b, "00A4020C02011D"), SJ_SW_SECURITY_STATUS);
	bench_bac(b);
	assert_int_equal(bench_do(b, "00A4000C"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B09D0000"), SJ_SW_SECURITY_STATUS);
	bench_power(b);
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B09D0000"), SJ_SW_OK);
	assert_pattern(b->data, 0x011D, 0, DG1_SIZE);
	assert_int_equal(bench_do(b, "00B09C0000"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00B09D0000"), SJ_SW_SECURITY_STATUS);
}

static void test_nothing_can_be_written(void **state)
{
	static const char *const commands[] = {
		"00D6810001FF", "00D700010453005400", "00DB3FFF0401020304", "00E00000026200",
		"00E40000",     "00DA010001FF",       "000E0000",           "00D0810001FF",
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		assert_int_equal(bench_do(*state, commands[i]), SJ_SW_WRONG_INS);
		assert_int_equal(bench_do(*state, "00B0810001"), SJ_SW_OK);
	}
	assert_int_equal(bench_hex(*state, SELECT_MANAGER), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(*state, INSTALL), SJ_SW_WRONG_CLA);
}

static void test_two_cards_in_one_process(void **state)
{
	struct bench *other = bench_issued(ACCESS_BAC);

	assert_int_equal(bench_do(*state, "00B0810001"), SJ_SW_OK);
	assert_int_equal(bench_hex(other, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_hex(other, "00B0810001"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(*state, "00B0810001"), SJ_SW_OK);
	bench_free(other);
}

static void test_files_are_shown_with_names_and_sizes(void **state)
{
	struct bench *b = *state;
	struct card_file_info info;
	size_t applet = 0, n = 0;
	struct card_applet_info a;

	while (card_applet_at(b->card, applet, &a) && strcmp(a.name, "eMRTD") != 0)
		applet++;
	assert_true(card_file_at(b->card, applet, 0, &info));
	assert_string_equal(info.name, "EF.DG1");
	assert_int_equal(info.size, DG1_SIZE);
	while (card_file_at(b->card, applet, n, &info))
		n++;
	assert_int_equal(n, 7);
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, open_plain, close_bench)
#define OPEN(test) cmocka_unit_test_setup_teardown(test, open_bac, close_bench)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(test_free_files_of_the_mf),
		PLAIN(test_select_answers_by_p2),
		PLAIN(test_select_by_id_and_path),
		OPEN(test_selecting_the_mf_leaves_the_application),
		PLAIN(test_application_answers_its_name),
		PLAIN(test_application_has_its_full_name_only),
		PLAIN(test_channels_have_current_files_of_their_own),
		PLAIN(test_a_channel_opened_again_has_no_current_file),
		PLAIN(test_closing_a_channel_leaves_the_others_as_they_are),
		OPEN(test_end_of_file),
		OPEN(test_offset_form_reaches_32767),
		OPEN(test_short_id_form),
		OPEN(test_odd_instruction_reads_beyond),
		OPEN(test_odd_instruction_with_a_short_le_of_zeros),
		OPEN(test_odd_instruction_refuses),
		OPEN(test_whole_file_in_one_extended_read),
		PLAIN(test_nothing_of_lds_before_access),
		OPEN(test_rights_end_with_the_session),
		OPEN(test_fingerprints_are_refused),
		PLAIN(test_card_security_after_pace_only),
		OPEN(test_nothing_can_be_written),
		OPEN(test_two_cards_in_one_process),
		PLAIN(test_files_are_shown_with_names_and_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
