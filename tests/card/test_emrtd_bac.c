/* BAC on the card: the table of STATES.md, and what a terminal may get wrong. */
#include "tests/card/emrtd_reader.h"

static int select_lds(void **state)
{
	*state = bench_issued(ACCESS_BAC);
	assert_int_equal(bench_hex(*state, SELECT_LDS), SJ_SW_OK);
	return 0;
}

static int discard(void **state)
{
	bench_free(*state);
	return 0;
}

/* A right token for a fresh challenge, not sent yet. */
static void challenge(struct bench *b, uint8_t token[static SJ_BAC_TOKEN])
{
	struct sj_bac_content ifd;

	assert_int_equal(bench_do(b, "0084000008"), SJ_SW_OK);
	bac_token(MRZ, b->data.ptr, &ifd, token);
}

static void test_right_keys_open_the_application(void **state)
{
	assert_int_equal(bac_run(*state, MRZ), SJ_SW_OK);
	assert_int_equal(bench_do(*state, "00B09E0000"), SJ_SW_OK);
	assert_bytes(((struct bench *)*state)->data, COM_HEX);
}

static void test_long_document_number(void **state)
{
	/* D23145890734 of Doc 9303-11, appendix D.2 (TD1): the number in whole. */
	struct bench *b = bench_issued("800101821B"
				       "443233313435383930373334393334303731323739353037313232");

	(void)state;
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bac_run(b, "D23145890734934071279507122"), SJ_SW_OK);
	bench_free(b);
}

static void test_wrong_mrz(void **state)
{
	assert_int_equal(bac_run(*state, "L898902C<369080619406237"), SJ_SW_NO_INFORMATION);
	assert_int_equal(((struct bench *)*state)->data.len, 0);
	assert_int_equal(bench_hex(*state, "00B09E0000"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bac_run(*state, MRZ), SJ_SW_OK);
}

static void test_no_challenge(void **state)
{
	uint8_t token[SJ_BAC_TOKEN] = { 0 };

	assert_int_equal(bac_answer(*state, token), SJ_SW_CONDITIONS);
}

static void test_a_challenge_serves_once(void **state)
{
	uint8_t token[SJ_BAC_TOKEN];

	challenge(*state, token);
	token[0] ^= 1;
	assert_int_equal(bac_answer(*state, token), SJ_SW_NO_INFORMATION);
	token[0] ^= 1;
	assert_int_equal(bac_answer(*state, token), SJ_SW_CONDITIONS);
}

static void test_a_success_serves_once(void **state)
{
	uint8_t token[SJ_BAC_TOKEN];

	challenge(*state, token);
	assert_int_equal(bac_answer(*state, token), SJ_SW_OK);
	assert_int_equal(bac_answer(*state, token), SJ_SW_CONDITIONS);
}

static void test_a_token_for_an_older_challenge(void **state)
{
	uint8_t old[SJ_BAC_TOKEN], token[SJ_BAC_TOKEN];

	challenge(*state, old);
	challenge(*state, token);
	assert_int_equal(bac_answer(*state, old), SJ_SW_NO_INFORMATION);
	assert_int_equal(bac_answer(*state, token), SJ_SW_CONDITIONS);
}

static void test_every_byte_of_the_token_counts(void **state)
{
	uint8_t token[SJ_BAC_TOKEN];

	for (size_t i = 0; i < SJ_BAC_TOKEN; i++) {
		challenge(*state, token);
		token[i] ^= 0x80;
		assert_int_equal(bac_answer(*state, token), SJ_SW_NO_INFORMATION);
	}
}

static void test_token_of_another_size(void **state)
{
	uint8_t token[SJ_BAC_TOKEN];
	struct sj_apdu shorter = { .ins = 0x82, .data = { token, 39 }, .ne = 40 };

	challenge(*state, token);
	assert_int_equal(bench_send(*state, &shorter), SJ_SW_WRONG_LENGTH);
}

static void test_other_challenge_sizes(void **state)
{
	struct bench *b = *state;
	uint8_t token[SJ_BAC_TOKEN] = { 0 };

	assert_int_equal(bench_hex(b, "0084000010"), SJ_SW_OK);
	assert_int_equal(b->data.len, 16);
	assert_int_equal(bac_answer(b, token), SJ_SW_CONDITIONS);
	assert_int_equal(bench_hex(b, "0084000004"), SJ_SW_OK);
	assert_int_equal(b->data.len, 4);
	assert_int_equal(bac_answer(b, token), SJ_SW_CONDITIONS);
	assert_int_equal(bench_hex(b, "0084000000"), SJ_SW_OK);
	assert_int_equal(b->data.len, SJ_BAC_NONCE);
	assert_int_equal(bench_hex(b, "00840000"), SJ_SW_WRONG_LENGTH);
	assert_int_equal(bench_hex(b, "00840000000101"), SJ_SW_WRONG_LENGTH);
	assert_int_equal(bench_hex(b, "0084000108"), SJ_SW_WRONG_P1P2);
}

static void test_another_command_in_between(void **state)
{
	static const char *const between[] = { "00B09E0000", "00A4020C02011E", "00B100000354010010",
					       SELECT_LDS };
	uint8_t token[SJ_BAC_TOKEN];

	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		challenge(*state, token);
		bench_hex(*state, between[i]);
		assert_int_equal(bac_answer(*state, token), SJ_SW_CONDITIONS);
	}
}

static void test_another_channel(void **state)
{
	struct bench *b = *state;
	uint8_t token[SJ_BAC_TOKEN];
	struct sj_apdu answer = { .cla = 0x01, .ins = 0x82, .data = SJ_SPAN_OF(token), .ne = 40 };

	assert_int_equal(bench_hex(b, "0070000001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "01A4040C07A0000002471001"), SJ_SW_OK);
	challenge(b, token);
	assert_int_equal(bench_send(b, &answer), SJ_SW_CONDITIONS);
	assert_int_equal(bac_answer(b, token), SJ_SW_CONDITIONS);
}

static void test_reset_forgets_the_challenge(void **state)
{
	uint8_t token[SJ_BAC_TOKEN];

	challenge(*state, token);
	bench_power(*state);
	assert_int_equal(bench_hex(*state, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bac_answer(*state, token), SJ_SW_CONDITIONS);
}

static void test_not_at_the_mf(void **state)
{
	uint8_t token[SJ_BAC_TOKEN] = { 0 };

	bench_power(*state);
	/* There both are of Terminal Authentication, inside PACE. */
	assert_int_equal(bench_hex(*state, "0084000008"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bac_answer(*state, token), SJ_SW_SECURITY_STATUS);
}

static void test_inside_secure_messaging(void **state)
{
	struct bench *b = *state;
	uint8_t token[SJ_BAC_TOKEN];

	assert_int_equal(bac_run(b, MRZ), SJ_SW_OK);
	challenge(b, token);
	assert_int_equal(bac_answer(b, token), SJ_SW_CONDITIONS);
	b->secured = false;
	assert_int_equal(bac_answer(b, token), SJ_SW_CONDITIONS);
}

static void test_session_keys_are_fresh(void **state)
{
	struct bench *b = *state;
	struct sj_sm_keys first;

	assert_int_equal(bac_run(b, MRZ), SJ_SW_OK);
	first = b->keys;
	b->secured = false;
	assert_int_equal(bac_run(b, MRZ), SJ_SW_OK);
	assert_memory_not_equal(first.enc, b->keys.enc, 16);
}

static void test_a_blank_card_is_no_document(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "00B09C0000"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_hex(b, "0022C1A40F800A04007F00070202040202830101"),
			 SJ_SW_CONDITIONS);
	bench_free(b);
}

#define SELECTED(test) cmocka_unit_test_setup_teardown(test, select_lds, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SELECTED(test_right_keys_open_the_application),
		cmocka_unit_test(test_long_document_number),
		SELECTED(test_wrong_mrz),
		SELECTED(test_no_challenge),
		SELECTED(test_a_challenge_serves_once),
		SELECTED(test_a_success_serves_once),
		SELECTED(test_a_token_for_an_older_challenge),
		SELECTED(test_every_byte_of_the_token_counts),
		SELECTED(test_token_of_another_size),
		SELECTED(test_other_challenge_sizes),
		SELECTED(test_another_command_in_between),
		SELECTED(test_another_channel),
		SELECTED(test_reset_forgets_the_challenge),
		SELECTED(test_not_at_the_mf),
		SELECTED(test_inside_secure_messaging),
		SELECTED(test_session_keys_are_fresh),
		cmocka_unit_test(test_a_blank_card_is_no_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
