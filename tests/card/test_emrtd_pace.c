/* PACE on the card: every cell of STATES.md, every refused step. */
#include "tests/card/pace_reader.h"

#define ACCESS_PACE "800102" ACCESS_MRZ ACCESS_CAN "830300010D"

static int issue(void **state)
{
	*state = bench_issued(ACCESS_PACE);
	return 0;
}

static int discard(void **state)
{
	bench_free(*state);
	return 0;
}

static void start(struct pace_reader *p, void **state)
{
	pace_init(p, *state, SUITE_DEFAULT, SJ_PACE_CAN, CAN);
}

/* --- configurations --------------------------------------------------------------- */

static void test_pace_only_refuses_bac(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "0084000008"), SJ_SW_CONDITIONS);
	assert_int_equal(bac_answer(b, (uint8_t[SJ_BAC_TOKEN]){ 0 }), SJ_SW_CONDITIONS);
}

static void test_bac_only_refuses_pace(void **state)
{
	struct bench *b = bench_issued(ACCESS_BAC);

	(void)state;
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_MRZ, MRZ), SJ_SW_CONDITIONS);
	bench_bac(b);
	bench_free(b);
}

static void test_both_take_either(void **state)
{
	struct bench *b = bench_issued(ACCESS_BOTH);

	(void)state;
	bench_bac(b);
	assert_int_equal(bench_do(b, "00B0810000"), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_MRZ, MRZ), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B0810000"), SJ_SW_OK);
	bench_free(b);
}

/* --- MSE:Set AT ------------------------------------------------------------------- */

#define OID_GM_AES128 "800A04007F00070202040202"

static uint16_t mse(void **state, const char *data)
{
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0xC1, .p2 = 0xA4, .data = HEX(data) };

	return bench_send(*state, &apdu);
}

static void test_mse_takes_the_objects_in_any_order(void **state)
{
	assert_int_equal(mse(state, OID_GM_AES128 "830102"), SJ_SW_OK);
	assert_int_equal(mse(state, "830101" OID_GM_AES128), SJ_SW_OK);
	assert_int_equal(mse(state, "84010D830102" OID_GM_AES128), SJ_SW_OK);
}

/* Doc 9303-11 (8th ed.), 4.4.4.1, note 2; 7F4C: the terminal's rights. */
static void test_mse_passes_over_objects_it_does_not_know(void **state)
{
	static const char *const known[] = {
		OID_GM_AES128 "830102"
			      "7F4C12060904007F0007030102015305000000000184010D",
		OID_GM_AES128 "5F2006414243444546830102",
		OID_GM_AES128 "8301028500",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(mse(state, known[i]), SJ_SW_OK);
	assert_int_equal(general_authenticate(*state, true, 0, sj_span(NULL, 0)), SJ_SW_OK);
}

static void test_mse_refuses_wrong_data(void **state)
{
	static const char *const wrong[] = {
		"830102", /* no OID */
		OID_GM_AES128, /* no password */
		"800A04007F00070202040204830102", /* GM with AES-256: not offered */
		"800A04007F00070202040602830102", /* CAM: not offered */
		"800A04007F00070202040102830102", /* DH */
		"800100830102", /* no OID of PACE */
		OID_GM_AES128 OID_GM_AES128 "830102", /* twice */
		OID_GM_AES128 "83020102", /* two bytes */
		OID_GM_AES128 "83010284020D0D", /* two bytes */
		OID_GM_AES128 "8302", /* cut off */
		OID_GM_AES128 "8301027F4C", /* an unknown one without length */
		OID_GM_AES128 "8301027F4C0253", /* cut off */
		OID_GM_AES128 "8301025F80", /* half a tag */
		OID_GM_AES128 "7F4C03830102", /* what is in an unknown one does not count */
		"80008301028300",
		"7F4C00" OID_GM_AES128 "830102", /* a CHAT without content */
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(mse(state, wrong[i]), SJ_SW_WRONG_DATA);
}

static void test_mse_refuses_references_that_it_lacks(void **state)
{
	assert_int_equal(mse(state, OID_GM_AES128 "830103"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(mse(state, OID_GM_AES128 "830104"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(mse(state, OID_GM_AES128 "830100"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(mse(state, OID_GM_AES128 "83010284010C"), SJ_SW_REFERENCE_NOT_FOUND);
}

static void test_mse_knows_only_the_passwords_given(void **state)
{
	struct bench *can = bench_issued("800102" ACCESS_CAN "830300010D");
	struct bench *mrz = bench_issued("800102" ACCESS_MRZ "830300010D");

	(void)state;
	assert_int_equal(pace_run(can, SUITE_DEFAULT, SJ_PACE_MRZ, MRZ), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(pace_run(can, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(pace_run(mrz, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(pace_run(mrz, SUITE_DEFAULT, SJ_PACE_MRZ, MRZ), SJ_SW_OK);
	bench_free(can);
	bench_free(mrz);
}

static void test_ambiguous_parameters_want_tag_84(void **state)
{
	struct bench *b = bench_issued("800102" ACCESS_CAN "830300010D830300010C");
	struct sj_span oid = sj_pace_oid(&SUITE_DEFAULT);

	(void)state;
	assert_int_equal(mse_pace(b, oid, 2, MSE_NO_PARAMETER), SJ_SW_WRONG_DATA);
	assert_int_equal(mse_pace(b, oid, 2, 12), SJ_SW_OK);
	assert_int_equal(mse_pace(b, oid, 2, 13), SJ_SW_OK);
	assert_int_equal(mse_pace(b, oid, 2, 15), SJ_SW_REFERENCE_NOT_FOUND);
	bench_free(b);
}

/* --- the table of states ------------------------------------------------------------ */

struct event {
	bool chained;
	uint32_t tag;
	size_t size; /* of the value: a token's or a point's */
};

static const struct event events[] = {
	{ true, 0, 0 },     { true, 0x81, 65 }, { true, 0x83, 65 },
	{ false, 0x85, 8 }, { true, 0x80, 16 }, { true, 0x87, 8 },
};
#define EVENT_COUNT (sizeof(events) / sizeof(events[0]))

/* Well-formed in every state: the generator, or its first bytes. */
static uint16_t give(struct bench *b, const struct event *e, bool chained)
{
	struct sj_ec_secret one = { .len = 32 };
	struct sj_ec_point generator;

	one.bytes[31] = 1;
	assert_true(sj_ec_multiply(SJ_BP256R1, &one, NULL, &generator));
	return general_authenticate(b, chained, e->tag, sj_span(generator.bytes, e->size));
}

/* The event of column i is expected in state i + 1; the wrong token is a failure, not a refusal. */
static uint16_t expected(size_t in_state, size_t event)
{
	if (event + 1 != in_state)
		return SJ_SW_CONDITIONS;
	return event == 3 ? SJ_SW_NO_INFORMATION : SJ_SW_OK;
}

static void test_every_cell(void **state)
{
	struct bench *b = *state;
	struct pace_reader p;

	for (size_t in_state = 0; in_state <= 4; in_state++) {
		for (size_t e = 0; e < EVENT_COUNT; e++) {
			bench_power(b);
			start(&p, state);
			assert_int_equal(pace_until(&p, (int)in_state), SJ_SW_OK);
			assert_int_equal(give(b, &events[e], events[e].chained),
					 expected(in_state, e));
			if (expected(in_state, e) != SJ_SW_OK)
				assert_int_equal(give(b, &events[in_state % 4], true),
						 SJ_SW_CONDITIONS);
		}
	}
}

static void test_chaining_bit_missing_or_too_many(void **state)
{
	struct bench *b = *state;
	struct pace_reader p;

	for (size_t in_state = 1; in_state <= 4; in_state++) {
		bench_power(b);
		start(&p, state);
		assert_int_equal(pace_until(&p, (int)in_state), SJ_SW_OK);
		assert_int_equal(give(b, &events[in_state - 1], !events[in_state - 1].chained),
				 SJ_SW_LAST_OF_CHAIN_EXPECTED);
		assert_int_equal(give(b, &events[in_state - 1], events[in_state - 1].chained),
				 SJ_SW_CONDITIONS);
	}
}

static void test_mse_starts_again_from_every_state(void **state)
{
	struct pace_reader p;

	for (int in_state = 1; in_state <= 4; in_state++) {
		start(&p, state);
		assert_int_equal(pace_until(&p, in_state), SJ_SW_OK);
		start(&p, state);
		assert_int_equal(pace_until(&p, 5), SJ_SW_OK);
		bench_power(*state);
	}
}

static void test_another_command_in_between(void **state)
{
	static const char *const between[] = { "00B09C0001", "00A4020C02011C", "00A4000C",
					       "00B100000354010010" };
	struct pace_reader p;

	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		start(&p, state);
		assert_int_equal(pace_until(&p, 1), SJ_SW_OK);
		bench_hex(*state, between[i]);
		assert_int_equal(pace_nonce(&p), SJ_SW_OK);
		bench_hex(*state, between[i]);
		assert_int_equal(pace_map(&p), SJ_SW_CONDITIONS);
	}
}

static void test_application_in_between(void **state)
{
	struct pace_reader p;

	start(&p, state);
	assert_int_equal(pace_until(&p, 1), SJ_SW_OK);
	assert_int_equal(bench_hex(*state, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(pace_nonce(&p),
			 SJ_SW_CHAINING_NOT_SUPPORTED); /* Chip Authentication's row */
	assert_int_equal(bench_hex(*state, "00A4000C"), SJ_SW_OK);
	assert_int_equal(pace_nonce(&p), SJ_SW_CONDITIONS);
}

static void test_reset_in_between(void **state)
{
	struct pace_reader p;

	start(&p, state);
	assert_int_equal(pace_until(&p, 4), SJ_SW_OK);
	bench_power(*state);
	assert_int_equal(pace_confirm(&p), SJ_SW_CONDITIONS);
}

static void test_another_channel_in_between(void **state)
{
	struct bench *b = *state;
	struct pace_reader p;

	start(&p, state);
	assert_int_equal(pace_until(&p, 1), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "0070000001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "11860000027C0000"), SJ_SW_CONDITIONS);
	assert_int_equal(pace_nonce(&p), SJ_SW_CONDITIONS);
}

static void test_not_inside_secure_messaging(void **state)
{
	struct pace_reader p;

	start(&p, state);
	assert_int_equal(pace_until(&p, 5), SJ_SW_OK);
	assert_int_equal(pace_set(&p), SJ_SW_CONDITIONS);
	assert_int_equal(general_authenticate(*state, false, 0, sj_span(NULL, 0)),
			 SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(*state, "00B09C0001"), SJ_SW_OK);
}

static void test_again_after_success(void **state)
{
	struct bench *b = *state;

	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	b->secured = false;
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_MRZ, MRZ), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B09D0000"), SJ_SW_OK);
}

/* --- what the terminal may get wrong ------------------------------------------------- */

static void test_wrong_password(void **state)
{
	struct bench *b = *state;

	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, "123457"), SJ_SW_NO_INFORMATION);
	assert_int_equal(b->data.len, 0);
	assert_int_equal(bench_hex(b, "00B09D0000"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
}

static void test_a_second_token_is_not_compared(void **state)
{
	struct pace_reader p;

	start(&p, state);
	assert_int_equal(pace_until(&p, 4), SJ_SW_OK);
	p.keys.mac[0] ^= 1;
	assert_int_equal(pace_confirm(&p), SJ_SW_NO_INFORMATION);
	p.keys.mac[0] ^= 1;
	assert_int_equal(pace_confirm(&p), SJ_SW_CONDITIONS);
}

static void test_token_of_another_size(void **state)
{
	struct pace_reader p;

	start(&p, state);
	assert_int_equal(pace_until(&p, 4), SJ_SW_OK);
	assert_int_equal(general_authenticate(*state, false, 0x85, HEX("00112233445566")),
			 SJ_SW_WRONG_DATA);
}

/* The card is made to draw the terminal's ephemeral key (4.4.1, step 3). */
static void test_equal_ephemeral_keys(void **state)
{
	struct bench *b = *state;
	struct pace_reader p;

	start(&p, state);
	for (size_t i = 0; i < 16 + 32; i++)
		b->queued[b->queued_to++] = (uint8_t)(i + 1);
	memcpy(b->queued + b->queued_to, p.sk_dh.bytes, 32);
	b->queued_to += 32;
	assert_int_equal(pace_until(&p, 3), SJ_SW_OK);
	assert_int_equal(pace_agree(&p), SJ_SW_NO_INFORMATION);
	assert_int_equal(pace_agree(&p), SJ_SW_CONDITIONS);
}

static void assert_point_refused(void **state, int until, uint32_t tag, struct sj_span point)
{
	struct pace_reader p;

	start(&p, state);
	assert_int_equal(pace_until(&p, until), SJ_SW_OK);
	assert_int_equal(general_authenticate(*state, true, tag, point), SJ_SW_WRONG_DATA);
	assert_int_equal(general_authenticate(*state, true, tag, point), SJ_SW_CONDITIONS);
}

static void test_points_are_checked(void **state)
{
	struct sj_ec_secret k = { .len = 32 };
	struct sj_ec_point right, off, other;

	k.bytes[31] = 7;
	assert_true(sj_ec_multiply(SJ_BP256R1, &k, NULL, &right));
	assert_true(sj_ec_multiply(SJ_P256, &k, NULL, &other));
	off = right;
	off.bytes[64] ^= 1;
	for (int until = 2; until <= 3; until++) {
		uint32_t tag = until == 2 ? 0x81 : 0x83;

		assert_point_refused(state, until, tag, sj_ec_point_span(&off));
		assert_point_refused(state, until, tag, sj_ec_point_span(&other));
		assert_point_refused(state, until, tag, sj_span(right.bytes, 64));
		assert_point_refused(state, until, tag, HEX("00"));
		assert_point_refused(state, until, tag, sj_span(right.bytes, 33));
	}
}

static void test_malformed_dynamic_data(void **state)
{
	static const char *const wrong[] = { "7C01",         "7C0200", "8100",      "7C0000",
					     "7C0480008100", "7D00",   "7C03008100" };
	struct pace_reader p;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sj_apdu apdu = {
			.cla = 0x10, .ins = 0x86, .data = HEX(wrong[i]), .ne = 256
		};

		start(&p, state);
		assert_int_equal(pace_until(&p, 1), SJ_SW_OK);
		assert_int_equal(bench_send(*state, &apdu), SJ_SW_WRONG_DATA);
		assert_int_equal(pace_nonce(&p), SJ_SW_CONDITIONS);
	}
}

static void test_nonces_are_fresh(void **state)
{
	struct pace_reader p, q;

	start(&p, state);
	assert_int_equal(pace_until(&p, 2), SJ_SW_OK);
	start(&q, state);
	assert_int_equal(pace_until(&q, 2), SJ_SW_OK);
	assert_memory_not_equal(p.s, q.s, sizeof(p.s));
}

#define ISSUED(test) cmocka_unit_test_setup_teardown(test, issue, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ISSUED(test_pace_only_refuses_bac),
		cmocka_unit_test(test_bac_only_refuses_pace),
		cmocka_unit_test(test_both_take_either),
		ISSUED(test_mse_takes_the_objects_in_any_order),
		ISSUED(test_mse_passes_over_objects_it_does_not_know),
		ISSUED(test_mse_refuses_wrong_data),
		ISSUED(test_mse_refuses_references_that_it_lacks),
		cmocka_unit_test(test_mse_knows_only_the_passwords_given),
		cmocka_unit_test(test_ambiguous_parameters_want_tag_84),
		ISSUED(test_every_cell),
		ISSUED(test_chaining_bit_missing_or_too_many),
		ISSUED(test_mse_starts_again_from_every_state),
		ISSUED(test_another_command_in_between),
		ISSUED(test_application_in_between),
		ISSUED(test_reset_in_between),
		ISSUED(test_another_channel_in_between),
		ISSUED(test_not_inside_secure_messaging),
		ISSUED(test_again_after_success),
		ISSUED(test_wrong_password),
		ISSUED(test_a_second_token_is_not_compared),
		ISSUED(test_token_of_another_size),
		ISSUED(test_equal_ephemeral_keys),
		ISSUED(test_points_are_checked),
		ISSUED(test_malformed_dynamic_data),
		ISSUED(test_nonces_are_fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
