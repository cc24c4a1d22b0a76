/* PACE on the card: every suite, every cell of STATES.md, every refused step. */
#include "tests/card/pace_reader.h"

#define ACCESS_PACE "800102" ACCESS_MRZ ACCESS_CAN "830300010D"

static const enum sj_curve curves[] = { SJ_P256,    SJ_P384,    SJ_P521,
					SJ_BP256R1, SJ_BP384R1, SJ_BP512R1 };
#define CURVE_COUNT (sizeof(curves) / sizeof(curves[0]))

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

/* --- every suite ---------------------------------------------------------------- */

/* A blank card that offers these suites, its personalisation open. */
static struct bench *bench_with(const struct sj_pace_suite *suites, size_t n)
{
	uint8_t access[128];
	struct sj_writer w = SJ_WRITER_OF(access);
	struct bench *b = bench_new();

	sj_put(&w, HEX("800102" ACCESS_MRZ ACCESS_CAN));
	for (size_t i = 0; i < n; i++) {
		sj_put(&w, HEX("8303"));
		sj_put_u8(&w, (uint8_t)suites[i].mapping);
		sj_put_u8(&w, (uint8_t)suites[i].cipher);
		sj_put_u8(&w, sj_pace_parameter_id(&suites[i]));
	}
	bench_install(b);
	assert_int_equal(bench_dgi(b, 0x0001, sj_written(&w)), SJ_SW_OK);
	return b;
}

static void assert_open(struct bench *b)
{
	assert_int_equal(bench_do(b, "00B09D0000"), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B09E0000"), SJ_SW_OK);
	assert_bytes(b->data, COM_HEX);
	bench_power(b);
}

static void test_generic_mapping_with_every_curve_and_cipher(void **state)
{
	(void)state;
	for (size_t i = 0; i < CURVE_COUNT; i++) {
		const struct sj_pace_suite suites[] = {
			{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_3DES, .curve = curves[i] },
			{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES128, .curve = curves[i] },
			{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES192, .curve = curves[i] },
			{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES256, .curve = curves[i] },
		};
		struct bench *b = bench_with(suites, 4);

		bench_perso_files(b);
		bench_lock(b);
		for (size_t k = 0; k < 4; k++) {
			assert_int_equal(pace_run(b, suites[k], SJ_PACE_CAN, CAN), SJ_SW_OK);
			assert_open(b);
			assert_int_equal(pace_run(b, suites[k], SJ_PACE_MRZ, MRZ), SJ_SW_OK);
			assert_open(b);
		}
		bench_free(b);
	}
}

/* PK_Map,IC = CA_IC * PK_IC: what a reader checks (Doc 9303-11, 4.4.3.3.3). */
static void assert_cam(const struct pace_reader *p, const struct sj_ec_point *pk_ic)
{
	struct sj_ec_secret ca_data;
	struct sj_ec_point expected;

	assert_true(sj_pace_cam_open(&p->keys, p->suite.curve, sj_span(p->a_ic, p->a_ic_size),
				     &ca_data));
	assert_true(sj_ec_multiply(p->suite.curve, &ca_data, pk_ic, &expected));
	assert_true(sj_span_eq(sj_ec_point_span(&expected), sj_pace_public_span(&p->pk_map_ic)));
}

static void test_chip_authentication_mapping_with_every_curve_and_cipher(void **state)
{
	(void)state;
	for (size_t i = 0; i < CURVE_COUNT; i++) {
		const struct sj_pace_suite suites[] = {
			{ .mapping = SJ_PACE_CAM, .cipher = SJ_CIPHER_AES128, .curve = curves[i] },
			{ .mapping = SJ_PACE_CAM, .cipher = SJ_CIPHER_AES192, .curve = curves[i] },
			{ .mapping = SJ_PACE_CAM, .cipher = SJ_CIPHER_AES256, .curve = curves[i] },
		};
		struct bench *b = bench_with(suites, 3);
		const uint8_t id = (uint8_t)curves[i];
		struct sj_ec_point pk_ic;
		enum sj_curve curve;
		struct pace_reader p;

		assert_int_equal(bench_dgi(b, 0x0015, sj_span(&id, 1)), SJ_SW_OK);
		assert_true(sj_ec_spki_read(b->data, &curve, &pk_ic));
		assert_int_equal(curve, curves[i]);
		bench_perso_files(b);
		bench_lock(b);
		for (size_t k = 0; k < 3; k++) {
			pace_init(&p, b, suites[k], SJ_PACE_CAN, CAN);
			assert_int_equal(pace_until(&p, 5), SJ_SW_OK);
			assert_cam(&p, &pk_ic);
			assert_open(b);
		}
		bench_free(b);
	}
}

/* Each of the suites with the CAN and with the MRZ. */
static void run_all(const struct sj_pace_suite *suites, size_t n)
{
	struct bench *b = bench_with(suites, n);

	bench_perso_files(b);
	bench_lock(b);
	for (size_t k = 0; k < n; k++) {
		assert_int_equal(pace_run(b, suites[k], SJ_PACE_CAN, CAN), SJ_SW_OK);
		assert_open(b);
		assert_int_equal(pace_run(b, suites[k], SJ_PACE_MRZ, MRZ), SJ_SW_OK);
		assert_open(b);
	}
	bench_free(b);
}

static void test_integrated_mapping_with_every_curve_and_cipher(void **state)
{
	(void)state;
	for (size_t i = 0; i < CURVE_COUNT; i++) {
		struct sj_pace_suite suites[4];

		for (unsigned c = 0; c < 4; c++)
			suites[c] = (struct sj_pace_suite){ .mapping = SJ_PACE_IM,
							    .cipher = (enum sj_cipher)c,
							    .curve = curves[i] };
		run_all(suites, 4);
	}
}

static void test_groups_of_integers_with_every_mapping_and_cipher(void **state)
{
	(void)state;
	for (unsigned group = SJ_DH_1024_160; group <= SJ_DH_2048_256; group++) {
		struct sj_pace_suite suites[8];

		for (unsigned c = 0; c < 8; c++)
			suites[c] = (struct sj_pace_suite){
				.mapping = c < 4 ? SJ_PACE_GM : SJ_PACE_IM,
				.cipher = (enum sj_cipher)(c % 4),
				.group = (enum sj_dh_group)group,
			};
		run_all(suites, 8);
	}
}

/* A key outside the subgroup (RFC 2631, 2.1.5), and nonces of other sizes. */
static void test_mapping_data_that_are_none(void **state)
{
	static const struct sj_pace_suite suites[] = {
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES128, .group = SJ_DH_1024_160 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_AES256, .curve = SJ_P256 },
	};
	static const uint8_t bytes[129] = { 2 };
	struct bench *b = bench_with(suites, 2);

	(void)state;
	bench_perso_files(b);
	bench_lock(b);
	for (size_t i = 0; i < 2; i++) {
		for (size_t n = 1; n <= sizeof(bytes); n += i == 0 ? 1 : 3) {
			struct pace_reader p;

			pace_init(&p, b, suites[i], SJ_PACE_CAN, CAN);
			assert_int_equal(pace_until(&p, 2), SJ_SW_OK);
			assert_int_equal(general_authenticate(b, true, 0x81, sj_span(bytes, n)),
					 SJ_SW_WRONG_DATA);
		}
	}
	bench_free(b);
}

static void test_eight_pace_infos(void **state)
{
	static const struct sj_pace_suite suites[] = {
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_3DES, .curve = SJ_P256 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES128, .curve = SJ_P256 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES128, .curve = SJ_BP256R1 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES192, .curve = SJ_P384 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES192, .curve = SJ_BP384R1 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES256, .curve = SJ_P521 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES256, .curve = SJ_BP512R1 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES256, .curve = SJ_P256 },
	};
	struct bench *b = bench_with(suites, 8);

	(void)state;
	bench_perso_files(b);
	bench_lock(b);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(pace_run(b, suites[i], SJ_PACE_MRZ, MRZ), SJ_SW_OK);
		assert_open(b);
	}
	bench_free(b);
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
		cmocka_unit_test(test_generic_mapping_with_every_curve_and_cipher),
		cmocka_unit_test(test_chip_authentication_mapping_with_every_curve_and_cipher),
		cmocka_unit_test(test_integrated_mapping_with_every_curve_and_cipher),
		cmocka_unit_test(test_groups_of_integers_with_every_mapping_and_cipher),
		cmocka_unit_test(test_mapping_data_that_are_none),
		cmocka_unit_test(test_eight_pace_infos),
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
