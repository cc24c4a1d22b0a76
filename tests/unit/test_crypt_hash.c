#include "crypt/hash.h"
#include "crypt/kdf.h"
#include "crypt/random.h"
#include "crypt/wipe.h"
#include "tests/vectors/hexbytes.h"

/* FIPS 180-4 examples: "abc", in two parts. */
static void check_abc(enum sj_hash alg, const char *expected)
{
	const struct sj_span parts[] = { SJ_SPAN_STR("a"), SJ_SPAN_STR("bc") };
	uint8_t out[SJ_HASH_MAX];

	assert_true(sj_hash(alg, parts, 2, out));
	assert_hex(sj_span(out, sj_hash_size(alg)), expected);
}

static void hashes_of_abc(void **state)
{
	(void)state;
	check_abc(SJ_SHA1, "A9993E364706816ABA3E25717850C26C9CD0D89D");
	check_abc(SJ_SHA224, "23097D223405D8228642A477BDA255B32AADBCE4BDA0B3F7E36C9DA7");
	check_abc(SJ_SHA256, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
	check_abc(SJ_SHA384, "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED"
			     "8086072BA1E7CC2358BAECA134C825A7");
	check_abc(SJ_SHA512, "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A"
			     "2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F");
}

static void no_hash_hashes_nothing(void **state)
{
	uint8_t out[SJ_HASH_MAX];

	(void)state;
	assert_false(sj_hash(SJ_HASH_NONE, NULL, 0, out));
	assert_int_equal(sj_hash_size(SJ_HASH_NONE), 0);
	assert_string_equal(sj_hash_name(SJ_HASH_NONE), "none");
	assert_string_equal(sj_hash_name(SJ_SHA256), "SHA-256");
}

static void oid_and_back(void **state)
{
	(void)state;
	for (int i = SJ_SHA1; i <= SJ_SHA512; i++)
		assert_int_equal(sj_hash_from_oid(sj_hash_oid((enum sj_hash)i)), i);
	assert_hex(sj_hash_oid(SJ_SHA256), "608648016503040201");
	assert_int_equal(sj_hash_from_oid(hex("608648016503040299")), SJ_HASH_NONE);
	assert_int_equal(sj_hash_from_oid(sj_span(NULL, 0)), SJ_HASH_NONE);
}

/* ICAO Doc 9303-11, appendix D.1: the keys have odd parity. */
static void kdf_of_appendix_d(void **state)
{
	uint8_t key[SJ_CIPHER_KEY_MAX];

	(void)state;
	assert_true(
		sj_kdf(SJ_CIPHER_3DES, hex("239AB9CB282DAF66231DC5A4DF6BFBAE"), SJ_KDF_ENC, key));
	assert_hex(sj_span(key, 16), "AB94FDECF2674FDFB9B391F85D7F76F2");
	assert_true(
		sj_kdf(SJ_CIPHER_3DES, hex("239AB9CB282DAF66231DC5A4DF6BFBAE"), SJ_KDF_MAC, key));
	assert_hex(sj_span(key, 16), "7962D9ECE03D1ACD4C76089DCE131543");
}

/* AES-192 takes 24 of SHA-256's 32 bytes: a prefix of what AES-256 takes. */
static void kdf_cuts_to_the_key_size(void **state)
{
	uint8_t longer[SJ_CIPHER_KEY_MAX], shorter[SJ_CIPHER_KEY_MAX] = { 0 };

	(void)state;
	assert_true(sj_kdf(SJ_CIPHER_AES256, hex("0102"), SJ_KDF_PI, longer));
	assert_true(sj_kdf(SJ_CIPHER_AES192, hex("0102"), SJ_KDF_PI, shorter));
	assert_memory_equal(longer, shorter, 24);
	assert_int_equal(shorter[24], 0);
}

static void wipe_and_compare(void **state)
{
	uint8_t secret[3] = { 1, 2, 3 };

	(void)state;
	assert_true(sj_equal_secret(SJ_SPAN_OF(secret), hex("010203")));
	assert_false(sj_equal_secret(SJ_SPAN_OF(secret), hex("010204")));
	assert_false(sj_equal_secret(SJ_SPAN_OF(secret), hex("0102")));
	assert_true(sj_equal_secret(sj_span(NULL, 0), sj_span(NULL, 0)));
	sj_wipe(secret, sizeof(secret));
	assert_hex(SJ_SPAN_OF(secret), "000000");
}

static void system_random_differs(void **state)
{
	const struct sj_random rnd = sj_random_system();
	uint8_t a[16] = { 0 }, b[16] = { 0 };

	(void)state;
	assert_true(sj_random_fill(&rnd, a, sizeof(a)));
	assert_true(sj_random_fill(&rnd, b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_of_abc),
		cmocka_unit_test(no_hash_hashes_nothing),
		cmocka_unit_test(oid_and_back),
		cmocka_unit_test(kdf_of_appendix_d),
		cmocka_unit_test(kdf_cuts_to_the_key_size),
		cmocka_unit_test(wipe_and_compare),
		cmocka_unit_test(system_random_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
