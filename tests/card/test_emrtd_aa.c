/* Active Authentication on the card: RSA by ISO/IEC 9796-2 and plain ECDSA, each key's way in. */
#include "crypt/sign.h"
#include "secure/aa.h"
#include "tests/card/emrtd_reader.h"

#define CHALLENGE "F173589974BF40C6"
#define INTERNAL "0088000008" CHALLENGE "00"

struct public_key {
	uint8_t bytes[SJ_RSA_SPKI_MAX];
	size_t len;
};

/* The key grouping's answer is kept; then the card is issued and opened. */
static void issue(struct bench *b, struct public_key *pk)
{
	assert_true(b->data.len > 0 && b->data.len <= sizeof(pk->bytes));
	memcpy(pk->bytes, b->data.ptr, b->data.len);
	pk->len = b->data.len;
	bench_perso_files(b);
	bench_lock(b);
	bench_bac(b);
}

static struct bench *bench_blank(void)
{
	struct bench *b = bench_new();

	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
	return b;
}

static bool is_authentic(struct bench *b, const struct public_key *pk, enum sj_hash hash)
{
	uint8_t challenge[SJ_AA_CHALLENGE];

	hex(CHALLENGE, challenge, sizeof(challenge));
	assert_int_equal(bench_do(b, INTERNAL), SJ_SW_OK);
	return sj_aa_verify(sj_span(pk->bytes, pk->len), hash, challenge, b->data);
}

static void test_ecdsa_with_every_curve(void **state)
{
	static const struct {
		const char *grouping;
		enum sj_hash hash;
	} keys[] = {
		{ "0C03", SJ_SHA256 }, { "0D03", SJ_SHA256 }, { "0F04", SJ_SHA384 },
		{ "1004", SJ_SHA384 }, { "1105", SJ_SHA512 }, { "1205", SJ_SHA512 },
		{ "0C01", SJ_SHA1 },   { "0D02", SJ_SHA224 }, { "0E03", SJ_SHA256 },
	};
	struct public_key pk;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct bench *b = bench_blank();

		assert_int_equal(bench_dgi_hex(b, 0x0012, keys[i].grouping), SJ_SW_OK);
		issue(b, &pk);
		assert_true(is_authentic(b, &pk, keys[i].hash));
		bench_free(b);
	}
}

static void test_rsa_made_on_the_card(void **state)
{
	struct bench *b = bench_blank();
	struct public_key pk;

	(void)state;
	assert_int_equal(bench_dgi_hex(b, 0x0014, "080003"), SJ_SW_OK);
	issue(b, &pk);
	assert_int_equal(sj_rsa_modulus_size(sj_span(pk.bytes, pk.len)), 256);
	assert_true(is_authentic(b, &pk, SJ_HASH_NONE));
	bench_free(b);
}

/* --- import ------------------------------------------------------------------------- */

static uint16_t import_piece(struct bench *b, uint8_t hash, size_t offset, struct sj_span piece)
{
	uint8_t value[512];
	struct sj_writer w = SJ_WRITER_OF(value);

	sj_put_u8(&w, hash);
	sj_put_be(&w, 3, (uint32_t)offset);
	sj_put(&w, piece);
	assert_false(w.failed);
	return bench_dgi(b, 0x0013, sj_written(&w));
}

/* In pieces of n bytes; stops at the first refusal. */
static uint16_t import(struct bench *b, uint8_t hash, struct sj_span key, size_t n)
{
	uint16_t sw = SJ_SW_OK;

	for (size_t from = 0; from < key.len && sw == SJ_SW_OK; from += n) {
		size_t size = key.len - from < n ? key.len - from : n;

		sw = import_piece(b, hash, from, sj_span(key.ptr + from, size));
		if (sw == SJ_SW_OK && from + size < key.len)
			assert_int_equal(b->data.len, 0);
	}
	return sw;
}

struct rsa {
	uint8_t pkcs8[SJ_RSA_PRIVATE_MAX];
	uint8_t spki[SJ_RSA_SPKI_MAX];
	struct sj_span private, public;
};

/* The caller frees it. */
static struct rsa *make_rsa(unsigned bits)
{
	struct rsa *key = calloc(1, sizeof(*key));
	struct sj_writer private, public;

	assert_non_null(key);
	private = SJ_WRITER_OF(key->pkcs8);
	public = SJ_WRITER_OF(key->spki);
	assert_true(sj_rsa_generate(bits, &private, &public));
	key->private = sj_written(&private);
	key->public = sj_written(&public);
	return key;
}

static void assert_imported(const struct rsa *key, uint8_t hash, size_t piece)
{
	struct bench *b = bench_blank();
	struct public_key pk;

	assert_int_equal(import(b, hash, key->private, piece), SJ_SW_OK);
	assert_true(sj_span_eq(b->data, key->public));
	issue(b, &pk);
	assert_true(is_authentic(b, &pk, SJ_HASH_NONE));
	bench_free(b);
}

static void test_rsa_imported_in_pieces(void **state)
{
	const struct rsa *key = *state;

	assert_imported(key, SJ_SHA1, 240);
	assert_imported(key, SJ_SHA256, 500);
	assert_imported(key, SJ_SHA512, 7);
}

static void test_rsa_3072(void **state)
{
	struct rsa *key = make_rsa(3072);

	(void)state;
	assert_imported(key, SJ_SHA256, 245);
	free(key);
}

static void test_import_refuses(void **state)
{
	struct bench *b = bench_blank();
	const struct rsa *key = *state;

	assert_int_equal(import_piece(b, 3, 1, sj_span(key->pkcs8, 100)),
			 SJ_SW_WRONG_DATA); /* no beginning */
	assert_int_equal(import_piece(b, 0, 0, sj_span(key->pkcs8, 100)), SJ_SW_WRONG_DATA);
	assert_int_equal(import_piece(b, 6, 0, sj_span(key->pkcs8, 100)), SJ_SW_WRONG_DATA);
	assert_int_equal(import_piece(b, 3, 0, sj_span(NULL, 0)), SJ_SW_WRONG_DATA);
	assert_int_equal(import_piece(b, 3, 0, sj_span(key->pkcs8, 1)), SJ_SW_WRONG_DATA);
	assert_int_equal(import_piece(b, 3, 0, sj_span(key->pkcs8, 100)), SJ_SW_OK);
	assert_int_equal(import_piece(b, 3, 101, sj_span(key->pkcs8, 1)), SJ_SW_WRONG_DATA);
	assert_int_equal(import_piece(b, 3, 99, sj_span(key->pkcs8, 1)), SJ_SW_WRONG_DATA);
	assert_int_equal(import_piece(b, 4, 100, sj_span(key->pkcs8, 1)), SJ_SW_WRONG_DATA);
	assert_int_equal(import_piece(b, 3, 100, sj_span(key->pkcs8 + 100, 1)), SJ_SW_OK);
	bench_free(b);
}

static void test_import_refuses_what_is_no_rsa_key(void **state)
{
	struct bench *b = bench_blank();
	struct sj_key *ec = sj_key_generate("P-256");
	uint8_t der[512];
	struct sj_writer w = SJ_WRITER_OF(der);

	(void)state;
	assert_non_null(ec);
	assert_true(sj_key_put(ec, &w));
	assert_int_equal(import(b, 3, sj_written(&w), 500), SJ_SW_WRONG_DATA);
	sj_key_free(ec);
	assert_int_equal(import(b, 3, HEX("300430020500"), 6), SJ_SW_WRONG_DATA);
	assert_int_equal(import(b, 3, HEX("30030201000000"), 7), SJ_SW_WRONG_DATA);
	bench_free(b);
}

static void test_an_unfinished_import_stops_the_lock(void **state)
{
	struct bench *b = bench_blank();
	const struct rsa *key = *state;

	bench_perso_files(b);
	assert_int_equal(import_piece(b, 3, 0, sj_span(key->pkcs8, 100)), SJ_SW_OK);
	bench_manage(b);
	assert_int_equal(bench_do(b, LOCK), SJ_SW_CONDITIONS);
	bench_install(b);
	assert_int_equal(import(b, 3, key->private, 240), SJ_SW_OK);
	bench_lock(b);
	bench_free(b);
}

static void test_a_later_key_replaces(void **state)
{
	struct bench *b = bench_blank();
	struct public_key pk;
	const struct rsa *key = *state;

	assert_int_equal(bench_dgi_hex(b, 0x0012, "0C03"), SJ_SW_OK);
	assert_int_equal(import(b, 3, key->private, 240), SJ_SW_OK);
	issue(b, &pk);
	assert_true(is_authentic(b, &pk, SJ_HASH_NONE));
	bench_free(b);
	b = bench_blank();
	assert_int_equal(import(b, 3, key->private, 240), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0012, "0C03"), SJ_SW_OK);
	issue(b, &pk);
	assert_true(is_authentic(b, &pk, SJ_SHA256));
	bench_free(b);
}

/* --- use ------------------------------------------------------------------------------ */

static void test_key_groupings_refuse(void **state)
{
	static const struct {
		uint16_t dgi;
		const char *value;
	} wrong[] = {
		{ 0x0012, "0C00" },   { 0x0012, "0C06" },     { 0x0012, "0103" },
		{ 0x0012, "0C" },     { 0x0012, "0C0300" },   { 0x0012, "0C04" },
		{ 0x0014, "040003" }, { 0x0014, "100003" },   { 0x0014, "080000" },
		{ 0x0014, "0800" },   { 0x0014, "08000300" },
	};
	struct bench *b = bench_blank();

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_dgi_hex(b, wrong[i].dgi, wrong[i].value), SJ_SW_WRONG_DATA);
	bench_free(b);
}

static void test_not_before_access(void **state)
{
	struct bench *b = bench_blank();
	struct public_key pk;

	(void)state;
	assert_int_equal(bench_dgi_hex(b, 0x0012, "0C03"), SJ_SW_OK);
	issue(b, &pk);
	bench_power(b);
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bench_hex(b, INTERNAL), SJ_SW_SECURITY_STATUS);
	bench_bac(b);
	assert_int_equal(bench_do(b, "0088000007F173589974BF4000"), SJ_SW_WRONG_LENGTH);
	assert_int_equal(bench_do(b, "0088000108" CHALLENGE "00"), SJ_SW_WRONG_P1P2);
	assert_true(is_authentic(b, &pk, SJ_SHA256));
	bench_free(b);
}

static void test_a_card_without_a_key(void **state)
{
	struct bench *b = bench_issued(ACCESS_BAC);

	(void)state;
	bench_bac(b);
	assert_int_equal(bench_do(b, INTERNAL), SJ_SW_REFERENCE_NOT_FOUND);
	bench_free(b);
}

/* One key for all tests that only want some: they take time. */
static int make_shared(void **state)
{
	*state = make_rsa(2048);
	return 0;
}

static int free_shared(void **state)
{
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ecdsa_with_every_curve),
		cmocka_unit_test(test_rsa_made_on_the_card),
		cmocka_unit_test(test_rsa_imported_in_pieces),
		cmocka_unit_test(test_rsa_3072),
		cmocka_unit_test(test_import_refuses),
		cmocka_unit_test(test_import_refuses_what_is_no_rsa_key),
		cmocka_unit_test(test_an_unfinished_import_stops_the_lock),
		cmocka_unit_test(test_a_later_key_replaces),
		cmocka_unit_test(test_key_groupings_refuse),
		cmocka_unit_test(test_not_before_access),
		cmocka_unit_test(test_a_card_without_a_key),
	};

	return cmocka_run_group_tests(tests, make_shared, free_shared);
}
