/* PACE on the card with every suite: mappings, groups, ciphers. */
#include "tests/card/pace_reader.h"

static const enum sj_curve curves[] = { SJ_P256,    SJ_P384,    SJ_P521,
					SJ_BP256R1, SJ_BP384R1, SJ_BP512R1 };
#define CURVE_COUNT (sizeof(curves) / sizeof(curves[0]))

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generic_mapping_with_every_curve_and_cipher),
		cmocka_unit_test(test_chip_authentication_mapping_with_every_curve_and_cipher),
		cmocka_unit_test(test_integrated_mapping_with_every_curve_and_cipher),
		cmocka_unit_test(test_groups_of_integers_with_every_mapping_and_cipher),
		cmocka_unit_test(test_mapping_data_that_are_none),
		cmocka_unit_test(test_eight_pace_infos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
