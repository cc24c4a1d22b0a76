/* test_crypt_meter.c -- crypt counts what it does, for the thread that asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "crypt/aead.h"
#include "crypt/cipher.h"
#include "crypt/hkdf.h"
#include "crypt/kdf.h"
#include "crypt/meter.h"
#include "crypt/rsa.h"
#include "crypt/sign.h"

struct tally {
	struct sj_meter head;
	unsigned calls[SJ_METER_HASH + 1];
	size_t amount[SJ_METER_HASH + 1];
	enum sj_curve curve; /* of the last one */
};

static void count(struct sj_meter *self, enum sj_meter_op op, enum sj_curve curve, size_t amount)
{
	struct tally *t = (struct tally *)self;

	t->calls[op]++;
	t->amount[op] += amount;
	t->curve = curve;
}

static int start(void **state)
{
	static struct tally t;

	t = (struct tally){ .head = { count } };
	assert_null(sj_meter_use(&t.head));
	*state = &t;
	return 0;
}

static int stop(void **state)
{
	assert_ptr_equal(sj_meter_use(NULL), *state);
	return 0;
}

static unsigned total(const struct tally *t)
{
	unsigned n = 0;

	for (size_t i = 0; i <= SJ_METER_HASH; i++)
		n += t->calls[i];
	return n;
}

/* --- hashes: FIPS 180-4, 5.1: 55 bytes and their padding fill one block of 64 ------------- */

static void hash_of(const struct tally *t, enum sj_hash alg, size_t bytes, size_t blocks)
{
	static const uint8_t data[300];
	struct sj_span parts[2] = { { data, bytes / 2 }, { data, bytes - bytes / 2 } };
	size_t before = t->amount[SJ_METER_HASH];
	uint8_t out[SJ_HASH_MAX];

	assert_true(sj_hash(alg, parts, 2, out));
	assert_int_equal(t->amount[SJ_METER_HASH] - before, blocks);
}

static void test_hash_blocks(void **state)
{
	const struct tally *t = *state;

	hash_of(t, SJ_SHA256, 0, 1);
	hash_of(t, SJ_SHA256, 55, 1);
	hash_of(t, SJ_SHA256, 56, 2);
	hash_of(t, SJ_SHA1, 256, 5);
	hash_of(t, SJ_SHA512, 111, 2);
	hash_of(t, SJ_SHA384, 112, 4);
	assert_int_equal(t->calls[SJ_METER_HASH], 6);
}

static void test_hkdf_is_hmacs(void **state)
{
	const struct tally *t = *state;
	const struct sj_span info = SJ_SPAN_STR("0123456789"), salt = SJ_SPAN_STR("salt");
	uint8_t prk[SJ_PRK_SIZE], out[64];
	struct sj_hmac *h;

	assert_true(sj_hkdf_extract(salt, info, prk)); /* 64 + 10 and 64 + 32: 2 and 2 blocks */
	assert_int_equal(t->amount[SJ_METER_HASH], 4);
	h = sj_hmac_new(SJ_SPAN_OF(prk));
	assert_non_null(h);
	assert_int_equal(t->calls[SJ_METER_HASH], 2);
	/* T(1) over 11 bytes as above; T(2) over 43 after the kept state: 1 and 1. */
	assert_true(sj_hkdf_expand(h, &info, 1, out, sizeof(out)));
	assert_int_equal(t->calls[SJ_METER_HASH], 6);
	assert_int_equal(t->amount[SJ_METER_HASH], 10);
	assert_int_equal(total(t), 6);
	sj_hmac_free(h);
}

static void test_kdf_is_one_hash(void **state)
{
	const struct tally *t = *state;
	uint8_t key[SJ_CIPHER_KEY_MAX];

	assert_true(sj_kdf(SJ_CIPHER_AES128, SJ_SPAN_STR("0123456789ABCDEF"), SJ_KDF_ENC, key));
	assert_int_equal(t->calls[SJ_METER_HASH], 1);
	assert_int_equal(total(t), 1);
}

/* --- ciphers -------------------------------------------------------------------------------- */

static void test_cipher_bytes(void **state)
{
	const struct tally *t = *state;
	const uint8_t key[32] = { 1 }, in[48] = { 2 };
	const struct sj_span parts[] = { SJ_SPAN_OF(in), { in, 5 } };
	uint8_t out[48];

	assert_true(sj_cbc_encrypt(SJ_CIPHER_AES128, key, NULL, SJ_SPAN_OF(in), out));
	assert_true(sj_cbc_decrypt(SJ_CIPHER_3DES, key, NULL, SJ_SPAN_OF(in), out));
	assert_int_equal(t->amount[SJ_METER_CIPHER], 96);
	assert_true(sj_mac(SJ_CIPHER_AES256, key, parts, 2, out));
	assert_true(sj_mac(SJ_CIPHER_3DES, key, parts, 1, out));
	assert_int_equal(t->calls[SJ_METER_CIPHER], 4);
	assert_int_equal(t->amount[SJ_METER_CIPHER], 96 + 53 + 48);
	assert_int_equal(total(t), 4);
}

static void test_aead_is_one_call(void **state)
{
	const struct tally *t = *state;
	const uint8_t key[16] = { 1 }, nonce[13] = { 2 };
	const struct sj_span aad = SJ_SPAN_STR("aad"), text = SJ_SPAN_STR("0123456789");
	uint8_t sealed[26], plain[10];
	struct sj_writer s = SJ_WRITER_OF(sealed), p = SJ_WRITER_OF(plain);

	assert_true(sj_aead_seal(SJ_AES_CCM_16_128_128, key, nonce, aad, text, &s));
	assert_int_equal(t->amount[SJ_METER_CIPHER], 13);
	assert_true(sj_aead_open(SJ_AES_CCM_16_128_128, key, nonce, aad, sj_written(&s), &p));
	assert_int_equal(t->amount[SJ_METER_CIPHER], 26);
	assert_int_equal(total(t), 2);
}

/* --- public keys ------------------------------------------------------------------------------ */

static void test_key_pair_and_agreement(void **state)
{
	const struct tally *t = *state;
	const struct sj_random random = sj_random_system();
	struct sj_ec_secret k;
	struct sj_ec_point q, mapped;
	uint8_t shared[SJ_EC_FIELD_MAX];

	assert_true(sj_ec_secret_random(SJ_P384, &random, &k));
	assert_int_equal(total(t), 0);
	assert_true(sj_ec_multiply(SJ_P384, &k, NULL, &q));
	assert_true(sj_ec_agree(SJ_P384, &k, &q, shared));
	assert_true(sj_ec_map_generic(SJ_P384, SJ_SPAN_STR("nonce"), &q, &mapped));
	assert_int_equal(t->calls[SJ_METER_EC_BASE], 1);
	assert_int_equal(t->calls[SJ_METER_EC_POINT], 1);
	assert_int_equal(t->calls[SJ_METER_EC_MAP], 1);
	assert_int_equal(t->curve, SJ_P384);
	assert_int_equal(total(t), 3);
}

static void test_point_from_x(void **state)
{
	const struct tally *t = *state;
	const struct sj_random random = sj_random_system();
	struct sj_ec_secret k;
	struct sj_ec_point q, found;

	assert_true(sj_ec_secret_random(SJ_P256, &random, &k));
	assert_true(sj_ec_multiply(SJ_P256, &k, NULL, &q));
	assert_true(sj_ec_point_from_x(SJ_P256, sj_span(q.bytes + 1, 32), &found));
	assert_int_equal(t->calls[SJ_METER_EC_Y], 1);
	assert_int_equal(total(t), 2);
}

static void test_sign_and_verify(void **state)
{
	const struct tally *t = *state;
	const struct sj_random random = sj_random_system();
	uint8_t digest[32] = { 7 }, signature[SJ_EC_SIGNATURE_MAX];
	struct sj_ec_secret k;
	struct sj_ec_point q;
	size_t len;

	assert_true(sj_ec_secret_random(SJ_P256, &random, &k));
	assert_true(sj_ec_multiply(SJ_P256, &k, NULL, &q));
	assert_true(sj_ec_sign(SJ_P256, &k, SJ_SPAN_OF(digest), signature, &len));
	assert_true(sj_ec_verify(SJ_P256, &q, SJ_SPAN_OF(digest), sj_span(signature, len)));
	assert_int_equal(t->calls[SJ_METER_EC_SIGN], 1);
	assert_int_equal(t->calls[SJ_METER_EC_VERIFY], 1);
	assert_int_equal(total(t), 3);
}

static void test_failure_counts_too(void **state)
{
	const struct tally *t = *state;
	uint8_t digest[32] = { 7 }, signature[64] = { 1 };
	struct sj_ec_point q = { .len = 0 };

	signature[63] = 1;
	assert_false(sj_ec_verify(SJ_P256, &q, SJ_SPAN_OF(digest), SJ_SPAN_OF(signature)));
	assert_int_equal(t->calls[SJ_METER_EC_VERIFY], 1);
}

static void test_signature_of_a_certificate(void **state)
{
	struct tally *t = *state;
	struct sj_key *key = sj_key_generate("P-384");
	uint8_t spki[600], algorithm[64], value[160];
	struct sj_writer s = SJ_WRITER_OF(spki), a = SJ_WRITER_OF(algorithm),
			 v = SJ_WRITER_OF(value);
	const struct sj_span message = SJ_SPAN_STR("message");

	assert_true(sj_key_put_public(key, true, &s));
	assert_true(sj_key_sign(key, message, &a, &v));
	*t = (struct tally){ .head = t->head };
	assert_true(sj_signature_verify(sj_written(&s), sj_written(&a), SJ_SHA384, message,
					sj_written(&v)));
	assert_int_equal(t->calls[SJ_METER_EC_VERIFY], 1);
	assert_int_equal(t->calls[SJ_METER_HASH], 1);
	assert_int_equal(t->curve, SJ_P384);
	assert_int_equal(total(t), 2);
	sj_key_free(key);
}

static void test_rsa_bytes(void **state)
{
	const struct tally *t = *state;
	static uint8_t pkcs8[SJ_KEY_MAX], spki[600];
	struct sj_writer k = SJ_WRITER_OF(pkcs8), s = SJ_WRITER_OF(spki);
	uint8_t in[256] = { 0, 1 }, out[SJ_RSA_MAX];

	assert_true(sj_rsa_generate(2048, &k, &s));
	assert_true(sj_rsa_private(sj_written(&k), SJ_SPAN_OF(in), out));
	assert_true(sj_rsa_public(sj_written(&s), sj_span(out, 256), out));
	assert_int_equal(t->calls[SJ_METER_RSA_PRIVATE], 1);
	assert_int_equal(t->amount[SJ_METER_RSA_PRIVATE], 256);
	assert_int_equal(t->amount[SJ_METER_RSA_PUBLIC], 256);
	assert_int_equal(total(t), 2);
}

/* --- whose meter -------------------------------------------------------------------------------- */

static void *hash_elsewhere(void *arg)
{
	const struct sj_span part = SJ_SPAN_STR("x");
	uint8_t out[SJ_HASH_MAX];

	(void)arg;
	assert_true(sj_hash(SJ_SHA256, &part, 1, out));
	return NULL;
}

static void test_other_threads_are_not_counted(void **state)
{
	const struct tally *t = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, hash_elsewhere, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(total(t), 0);
}

static void test_meters_nest(void **state)
{
	struct tally *outer = *state, inner = { .head = { count } };

	assert_ptr_equal(sj_meter_use(&inner.head), outer);
	sj_meter_cipher(16);
	assert_ptr_equal(sj_meter_use(&outer->head), &inner);
	sj_meter_cipher(32);
	assert_int_equal(inner.amount[SJ_METER_CIPHER], 16);
	assert_int_equal(outer->amount[SJ_METER_CIPHER], 32);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hash_blocks),        TEST(test_hkdf_is_hmacs),
		TEST(test_kdf_is_one_hash),    TEST(test_cipher_bytes),
		TEST(test_aead_is_one_call),   TEST(test_key_pair_and_agreement),
		TEST(test_point_from_x),       TEST(test_sign_and_verify),
		TEST(test_failure_counts_too), TEST(test_signature_of_a_certificate),
		TEST(test_rsa_bytes),          TEST(test_other_threads_are_not_counted),
		TEST(test_meters_nest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
