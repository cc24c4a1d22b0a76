/* Chip Authentication on the card: ECDH with every curve and cipher, and what is refused. */
#include "tests/card/pace_reader.h"

static const enum sj_curve curves[] = { SJ_P256,    SJ_P384,    SJ_P521,
					SJ_BP256R1, SJ_BP384R1, SJ_BP512R1 };

/* A key for Chip Authentication; `pk` gets its public half. */
static void make_key(struct bench *b, enum sj_curve curve, uint8_t ciphers, uint8_t id,
		     struct sj_ec_point *pk)
{
	const uint8_t value[] = { (uint8_t)curve, ciphers, id };
	enum sj_curve answered;

	assert_int_equal(bench_dgi(b, 0x0011, SJ_SPAN_OF(value)), SJ_SW_OK);
	assert_true(sj_ec_spki_read(b->data, &answered, pk));
	assert_int_equal(answered, curve);
}

/* An open application on a card with a key for all ciphers, id 1, on this curve. */
static struct bench *bench_ca(enum sj_curve curve, struct sj_ec_point *pk)
{
	struct bench *b = bench_new();

	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	make_key(b, curve, 0x0F, 0x01, pk);
	bench_perso_files(b);
	bench_lock(b);
	bench_bac(b);
	return b;
}

/* --- the reader's half (Doc 9303-11, 6.2.4) -------------------------------------- */

struct ca_reader {
	enum sj_curve curve;
	struct sj_ec_secret sk;
	struct sj_ec_point pk;
};

static void ca_init(struct ca_reader *r, enum sj_curve curve)
{
	struct sj_random random = sj_random_system();

	r->curve = curve;
	assert_true(sj_ec_secret_random(curve, &random, &r->sk));
	assert_true(sj_ec_multiply(curve, &r->sk, NULL, &r->pk));
}

/* id < 0: without tag 84. */
static uint16_t mse(struct bench *b, uint8_t p2, uint32_t tag, struct sj_span value, int id)
{
	uint8_t data[256];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0x41, .p2 = p2 };
	uint8_t key_id = (uint8_t)id;

	sj_tlv_put(&w, tag, value);
	if (id >= 0)
		sj_tlv_put(&w, 0x84, sj_span(&key_id, 1));
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

static uint16_t set_kat(struct bench *b, const struct ca_reader *r, int id)
{
	return mse(b, 0xA6, 0x91, sj_ec_point_span(&r->pk), id);
}

static uint16_t set_at(struct bench *b, enum sj_cipher cipher, int id)
{
	return mse(b, 0xA4, 0x80, sj_ca_oid(cipher), id);
}

static uint16_t agree(struct bench *b, const struct ca_reader *r)
{
	return general_authenticate(b, false, 0x80, sj_ec_point_span(&r->pk));
}

/* Goes over to the new keys, whose counter starts at zero. */
static void renew(struct bench *b, const struct ca_reader *r, enum sj_cipher cipher,
		  const struct sj_ec_point *pk_ic)
{
	assert_true(sj_ca_session(cipher, r->curve, &r->sk, pk_ic, &b->keys));
	b->ssc = (struct sj_ssc){ { 0 } };
}

static void assert_reads(struct bench *b)
{
	assert_int_equal(bench_do(b, "00B09E0000"), SJ_SW_OK);
	assert_bytes(b->data, COM_HEX);
}

/* --- what works --------------------------------------------------------------------- */

static void test_every_curve_and_cipher(void **state)
{
	struct sj_ec_point pk_ic;
	struct ca_reader r;

	(void)state;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		struct bench *b = bench_ca(curves[i], &pk_ic);

		for (enum sj_cipher c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++) {
			ca_init(&r, curves[i]);
			assert_int_equal(set_at(b, c, 1), SJ_SW_OK);
			assert_int_equal(agree(b, &r), SJ_SW_OK);
			assert_bytes(b->data, "7C00");
			renew(b, &r, c, &pk_ic);
			assert_reads(b);
		}
		ca_init(&r, curves[i]);
		assert_int_equal(set_kat(b, &r, 1), SJ_SW_OK);
		renew(b, &r, SJ_CIPHER_3DES, &pk_ic);
		assert_reads(b);
		bench_free(b);
	}
}

static void test_after_pace(void **state)
{
	struct sj_ec_point pk_ic;
	struct ca_reader r;
	struct bench *b = bench_ca(SJ_P256, &pk_ic);

	(void)state;
	bench_power(b);
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_LDS), SJ_SW_OK);
	ca_init(&r, SJ_P256);
	assert_int_equal(set_at(b, SJ_CIPHER_AES256, -1), SJ_SW_OK);
	assert_int_equal(agree(b, &r), SJ_SW_OK);
	renew(b, &r, SJ_CIPHER_AES256, &pk_ic);
	assert_reads(b);
	assert_int_equal(bench_do(b, "00A4000C"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B09D0000"), SJ_SW_OK); /* PACE's right stays */
	bench_free(b);
}

static void test_one_key_needs_no_reference(void **state)
{
	struct sj_ec_point pk_ic;
	struct ca_reader r;
	struct bench *b = bench_ca(SJ_P256, &pk_ic);

	(void)state;
	ca_init(&r, SJ_P256);
	assert_int_equal(set_kat(b, &r, -1), SJ_SW_OK);
	renew(b, &r, SJ_CIPHER_3DES, &pk_ic);
	assert_int_equal(set_at(b, SJ_CIPHER_AES128, -1), SJ_SW_OK);
	bench_free(b);
}

static void test_several_keys_want_a_reference(void **state)
{
	struct sj_ec_point first, second;
	struct bench *b = bench_new();
	struct ca_reader r;

	(void)state;
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	make_key(b, SJ_P256, 0x01, 0x01, &first);
	make_key(b, SJ_P384, 0x08, 0x02, &second);
	bench_perso_files(b);
	bench_lock(b);
	bench_bac(b);
	ca_init(&r, SJ_P256);
	assert_int_equal(set_kat(b, &r, -1), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(set_kat(b, &r, 2), SJ_SW_WRONG_DATA); /* not for 3DES */
	assert_int_equal(set_kat(b, &r, 3), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(set_at(b, SJ_CIPHER_AES256, -1), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(set_at(b, SJ_CIPHER_AES256, 1), SJ_SW_WRONG_DATA);
	assert_int_equal(set_kat(b, &r, 1), SJ_SW_OK);
	renew(b, &r, SJ_CIPHER_3DES, &first);
	ca_init(&r, SJ_P384);
	assert_int_equal(set_at(b, SJ_CIPHER_AES256, 2), SJ_SW_OK);
	assert_int_equal(agree(b, &r), SJ_SW_OK);
	renew(b, &r, SJ_CIPHER_AES256, &second);
	assert_reads(b);
	bench_free(b);
}

/* --- what is refused ------------------------------------------------------------------ */

static int open_ca(void **state)
{
	struct sj_ec_point pk_ic;

	*state = bench_ca(SJ_P256, &pk_ic);
	return 0;
}

static int discard(void **state)
{
	bench_free(*state);
	return 0;
}

static void test_not_before_access(void **state)
{
	struct bench *b = *state;
	struct ca_reader r;

	ca_init(&r, SJ_P256);
	bench_power(b);
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(set_kat(b, &r, 1), SJ_SW_SECURITY_STATUS);
	assert_int_equal(set_at(b, SJ_CIPHER_AES128, 1), SJ_SW_SECURITY_STATUS);
	assert_int_equal(agree(b, &r), SJ_SW_SECURITY_STATUS);
}

static void test_agreement_without_mse(void **state)
{
	struct ca_reader r;

	ca_init(&r, SJ_P256);
	assert_int_equal(agree(*state, &r), SJ_SW_CONDITIONS);
	assert_reads(*state);
}

static void test_mse_serves_once(void **state)
{
	struct bench *b = *state;
	struct ca_reader r;

	ca_init(&r, SJ_P256);
	assert_int_equal(set_at(b, SJ_CIPHER_AES128, 1), SJ_SW_OK);
	assert_int_equal(general_authenticate(b, false, 0x81, sj_ec_point_span(&r.pk)),
			 SJ_SW_WRONG_DATA);
	assert_int_equal(agree(b, &r), SJ_SW_CONDITIONS);
	assert_reads(b);
}

static void test_kat_forgets_what_was_set(void **state)
{
	struct bench *b = *state;
	struct ca_reader r;

	ca_init(&r, SJ_P256);
	assert_int_equal(set_at(b, SJ_CIPHER_AES128, 1), SJ_SW_OK);
	assert_int_equal(set_kat(b, &r, 9), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(agree(b, &r), SJ_SW_CONDITIONS);
}

static void test_points_are_checked(void **state)
{
	struct bench *b = *state;
	struct ca_reader r;

	ca_init(&r, SJ_P256);
	r.pk.bytes[40] ^= 1;
	assert_int_equal(set_kat(b, &r, 1), SJ_SW_WRONG_DATA);
	assert_reads(b);
	assert_int_equal(set_at(b, SJ_CIPHER_AES128, 1), SJ_SW_OK);
	assert_int_equal(agree(b, &r), SJ_SW_WRONG_DATA);
	assert_reads(b);
	ca_init(&r, SJ_BP256R1);
	assert_int_equal(set_kat(b, &r, 1), SJ_SW_WRONG_DATA);
	assert_reads(b);
}

static void test_malformed_mse(void **state)
{
	static const struct {
		uint8_t p2;
		const char *data;
	} wrong[] = {
		{ 0xA6, "840101" }, /* no key */
		{ 0xA6, "9100840101" }, /* an empty one */
		{ 0xA6, "910104910104" }, /* twice */
		{ 0xA6, "9102" }, /* cut off */
		{ 0xA6, "91010484020101" }, /* an id of two bytes */
		{ 0xA6, "830101840101" }, /* another object */
		{ 0xA6, "9101047F4C0253" }, /* an unknown one, cut off */
		{ 0xA4, "840101" }, /* no OID */
		{ 0xA4, "800104840101" }, /* not one that is known */
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sj_apdu apdu = { .ins = 0x22, .p1 = 0x41, .p2 = wrong[i].p2 };

		apdu.data = HEX(wrong[i].data);
		assert_int_equal(bench_send(*state, &apdu), SJ_SW_WRONG_DATA);
	}
	assert_reads(*state);
}

static void test_mse_passes_over_objects_it_does_not_know(void **state)
{
	struct sj_apdu apdu = { .ins = 0x22, .p1 = 0x41, .p2 = 0xA4 };
	struct sj_ec_point pk_ic;
	struct bench *b = bench_ca(SJ_P256, &pk_ic);
	struct ca_reader r;

	(void)state;
	apdu.data = HEX("800A04007F000702020302027F4C00"
			"8301018401015F2000");
	ca_init(&r, SJ_P256);
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	assert_int_equal(agree(b, &r), SJ_SW_OK);
	renew(b, &r, SJ_CIPHER_AES128, &pk_ic);
	assert_reads(b);
	bench_free(b);
}

static void test_unknown_oid(void **state)
{
	assert_int_equal(mse(*state, 0xA4, 0x80, HEX("04007F00070202030102"), 1), SJ_SW_WRONG_DATA);
	assert_int_equal(mse(*state, 0xA4, 0x80, HEX("04007F00070202040202"), 1), SJ_SW_WRONG_DATA);
}

static void test_a_card_without_keys(void **state)
{
	struct bench *b = bench_issued(ACCESS_BAC);
	struct ca_reader r;

	(void)state;
	bench_bac(b);
	ca_init(&r, SJ_P256);
	assert_int_equal(set_kat(b, &r, -1), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(set_kat(b, &r, 1), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(set_at(b, SJ_CIPHER_AES128, 1), SJ_SW_REFERENCE_NOT_FOUND);
	bench_free(b);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, open_ca, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_curve_and_cipher),
		cmocka_unit_test(test_after_pace),
		cmocka_unit_test(test_one_key_needs_no_reference),
		cmocka_unit_test(test_several_keys_want_a_reference),
		cmocka_unit_test(test_mse_passes_over_objects_it_does_not_know),
		OPEN(test_not_before_access),
		OPEN(test_agreement_without_mse),
		OPEN(test_mse_serves_once),
		OPEN(test_kat_forgets_what_was_set),
		OPEN(test_points_are_checked),
		OPEN(test_malformed_mse),
		OPEN(test_unknown_oid),
		cmocka_unit_test(test_a_card_without_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
