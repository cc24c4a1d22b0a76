#include <openssl/bn.h>

#include "tests/unit/rsa_parts.h"
#include "tests/vectors/hexbytes.h"
#include "wire/tlv.h"

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

/* With an exponent of 1 everything is its own signature; an even one has no private key. */
static void exponents_that_protect_nothing(void **state)
{
	static const uint8_t weak[][3] = { { 0, 0, 1 }, { 0, 0, 2 }, { 1, 0, 0 } };
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		memcpy(public_key + spki.len - 3, weak[i], 3); /* e stands at the end */
		assert_int_equal(sj_rsa_modulus_size(sj_written(&spki)), 0);
	}
	memcpy(public_key + spki.len - 3, "\0\0\3", 3);
	assert_int_equal(sj_rsa_modulus_size(sj_written(&spki)), 256);
}

static void a_modulus_that_can_be_factored(void **state)
{
	uint8_t n[128], key[160], bits[161] = { 0 }, public_key[200];

	(void)state;
	memset(n, 0xC1, sizeof(n));
	for (size_t size = 127; size <= 128; size++) {
		struct sj_writer k = SJ_WRITER_OF(key), p = SJ_WRITER_OF(public_key);

		sj_tlv_put(&k, 0x02, sj_span(n, size));
		sj_tlv_put(&k, 0x02, SJ_SPAN_STR("\3"));
		sj_tlv_close(&k, 0x30, 0);
		memcpy(bits + 1, key, k.len);
		sj_put(&p, hex("300D06092A864886F70D0101010500"));
		sj_tlv_put(&p, 0x03, sj_span(bits, k.len + 1));
		sj_tlv_close(&p, 0x30, 0);
		assert_false(p.failed);
		assert_int_equal(sj_rsa_modulus_size(sj_written(&p)), size < 128 ? 0 : 128);
	}
}

static void a_key_from_its_parts_is_the_same_key(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	static uint8_t again[SJ_RSA_PRIVATE_MAX];
	struct sj_span part[SJ_RSA_CRT];

	(void)state;
	for (unsigned bits = 2048; bits <= 4096; bits += 1024) {
		struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key),
				 out = SJ_WRITER_OF(again);
		uint8_t in[SJ_RSA_MAX] = { 0, 2, 3 }, s[SJ_RSA_MAX], back[SJ_RSA_MAX];

		assert_true(sj_rsa_generate(bits, &pkcs8, &spki));
		rsa_parts(sj_written(&pkcs8), part);
		assert_true(sj_rsa_import(bits, part, &out));
		assert_true(sj_rsa_private(sj_written(&out), sj_span(in, bits / 8), s));
		assert_true(sj_rsa_public(sj_written(&spki), sj_span(s, bits / 8), back));
		assert_memory_equal(in, back, bits / 8);
		assert_false(sj_rsa_import(bits + 8, part, &out));
		assert_false(sj_rsa_import(bits - 1024, part, &out));
	}
}

static void parts_that_do_not_belong_together(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	static uint8_t again[SJ_RSA_PRIVATE_MAX];
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);
	struct sj_span part[SJ_RSA_CRT], swapped[SJ_RSA_CRT];
	struct sj_writer w = SJ_WRITER_OF(again);
	const uint8_t one = 1;

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	rsa_parts(sj_written(&pkcs8), part);
	for (size_t i = 0; i < SJ_RSA_CRT; i++) {
		const struct sj_span bad[] = { sj_span(part[i].ptr, part[i].len - 1),
					       sj_span(&one, 1), sj_span(NULL, 0) };

		for (size_t k = 0; k < 3; k++) {
			struct sj_writer out = SJ_WRITER_OF(again);

			memcpy(swapped, part, sizeof(part));
			swapped[i] = bad[k];
			assert_false(sj_rsa_import(2048, swapped, &out));
			assert_int_equal(out.len, 0);
		}
	}
	memcpy(swapped, part, sizeof(part));
	swapped[1] = part[0]; /* p twice */
	assert_false(sj_rsa_import(2048, swapped, &w));
}

/* Of p or q something odd in its place: all parts belong together, and it is no key. */
static void a_part_that_is_no_prime(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	static uint8_t again[SJ_RSA_PRIVATE_MAX], made[SJ_RSA_CRT][128];
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);
	struct sj_span part[SJ_RSA_CRT];
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *bn[SJ_RSA_CRT], *e = BN_new(), *t = BN_new();

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki) && BN_set_word(e, 65537));
	for (size_t which = 0; which < 2; which++) {
		struct sj_writer out = SJ_WRITER_OF(again);

		rsa_parts(sj_written(&pkcs8), part);
		for (size_t i = 0; i < SJ_RSA_CRT; i++)
			bn[i] = BN_bin2bn(part[i].ptr, (int)part[i].len, NULL);
		do {
			assert_true(BN_sub_word(bn[which], 2) &&
				    BN_sub(t, bn[which], BN_value_one()));
		} while (BN_mod_inverse(bn[2 + which], e, t, ctx) == NULL ||
			 BN_mod_inverse(bn[4], bn[1], bn[0], ctx) == NULL ||
			 BN_check_prime(bn[which], ctx, NULL) != 0);
		for (size_t i = 0; i < SJ_RSA_CRT; i++) {
			assert_int_equal(BN_bn2binpad(bn[i], made[i], 128), 128);
			part[i] = SJ_SPAN_OF(made[i]);
			BN_free(bn[i]);
		}
		assert_false(sj_rsa_import(2048, part, &out));
	}
	BN_free(e);
	BN_free(t);
	BN_CTX_free(ctx);
}

static void a_part_that_is_longer_than_a_prime(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
	static uint8_t again[SJ_RSA_PRIVATE_MAX], padded[129];
	struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);
	struct sj_writer out = SJ_WRITER_OF(again);
	struct sj_span part[SJ_RSA_CRT];

	(void)state;
	assert_true(sj_rsa_generate(2048, &pkcs8, &spki));
	rsa_parts(sj_written(&pkcs8), part);
	memcpy(padded + 1, part[0].ptr, 128);
	part[0] = SJ_SPAN_OF(padded);
	assert_false(sj_rsa_import(2048, part, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_and_public_are_inverse),
		cmocka_unit_test(the_largest_key_fits),
		cmocka_unit_test(complement_twice_is_the_number),
		cmocka_unit_test(truncated_keys_are_none),
		cmocka_unit_test(exponents_that_protect_nothing),
		cmocka_unit_test(a_modulus_that_can_be_factored),
		cmocka_unit_test(a_key_from_its_parts_is_the_same_key),
		cmocka_unit_test(parts_that_do_not_belong_together),
		cmocka_unit_test(a_part_that_is_no_prime),
		cmocka_unit_test(a_part_that_is_longer_than_a_prime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
