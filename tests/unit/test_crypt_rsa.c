#include "crypt/rsa.h"
#include "tests/vectors/hexbytes.h"

static void private_and_public_are_inverse(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);
	uint8_t in[256] = { 0x6A, 1, 2, 3 }, s[SJ_RSA_MAX], back[SJ_RSA_MAX];

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	assert_int_equal(sj_rsa_modulus_size(sj_written(&spki)), 256);
	assert_int_equal(sj_rsa_private_size(sj_written(&pkcs8)), 256);
	assert_true(sj_rsa_private(sj_written(&pkcs8), SJ_SPAN_OF(in), s));
	assert_true(sj_rsa_public(sj_written(&spki), sj_span(s, 256), back));
	assert_memory_equal(in, back, sizeof(in));
	assert_false(sj_rsa_private(sj_written(&pkcs8), sj_span(in, 255), s));
	assert_false(sj_rsa_public(sj_written(&spki), sj_span(s, 255), back));
	memset(in, 0xFF, sizeof(in)); /* not below the modulus */
	assert_false(sj_rsa_public(sj_written(&spki), SJ_SPAN_OF(in), back));
}

static void the_largest_key_fits(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);

	(void)state;
	assert_true(sj_rsa_generate(4096, &pkcs8, &spki));
	assert_int_equal(sj_rsa_modulus_size(sj_written(&spki)), SJ_RSA_MAX);
	assert_int_equal(sj_rsa_private_size(sj_written(&pkcs8)), SJ_RSA_MAX);
	assert_false(sj_rsa_generate(1024, &pkcs8, &spki));
}

static void complement_twice_is_the_number(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);
	uint8_t in[256] = { 0, 1, 2, 3 }, once[SJ_RSA_MAX], twice[SJ_RSA_MAX];

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	assert_true(sj_rsa_complement(sj_written(&spki), SJ_SPAN_OF(in), once));
	assert_true(sj_rsa_complement(sj_written(&spki), sj_span(once, 256), twice));
	assert_memory_equal(in, twice, sizeof(in));
	memset(in, 0xFF, sizeof(in));
	assert_false(sj_rsa_complement(sj_written(&spki), SJ_SPAN_OF(in), once));
}

static void truncated_keys_are_none(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	for (size_t n = 0; n < spki.len; n++)
		assert_int_equal(sj_rsa_modulus_size(sj_span(public_key, n)), 0);
	for (size_t n = 0; n < pkcs8.len; n++)
		assert_int_equal(sj_rsa_private_size(sj_span(private_key, n)), 0);
	assert_int_equal(sj_rsa_modulus_size(sj_written(&pkcs8)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_and_public_are_inverse),
		cmocka_unit_test(the_largest_key_fits),
		cmocka_unit_test(complement_twice_is_the_number),
		cmocka_unit_test(truncated_keys_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
