#include "crypt/public.h"
#include "crypt/soft.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/nist_pss.h"

static uint8_t private_key[SJ_RSA_PRIVATE_MAX], public_key[SJ_RSA_SPKI_MAX];
static struct sj_writer pkcs8 = SJ_WRITER_OF(private_key), spki = SJ_WRITER_OF(public_key);

static int make_key(void **state)
{
	(void)state;
	return sj_rsa_generate(2048, &pkcs8, &spki) ? 0 : -1;
}

/* --- digests ------------------------------------------------------------------- */

static void a_digest_in_pieces_is_the_digest(void **state)
{
	struct sj_digest *d = sj_digest_new(SJ_SHA256);
	uint8_t out[SJ_HASH_MAX];

	(void)state;
	assert_non_null(d);
	assert_true(sj_digest_add(d, SJ_SPAN_STR("a")));
	assert_true(sj_digest_add(d, SJ_SPAN_STR("")));
	assert_true(sj_digest_add(d, SJ_SPAN_STR("bc")));
	assert_true(sj_digest_end(d, out));
	/* FIPS 180-4's example "abc" */
	assert_hex(sj_span(out, 32),
		   "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
	sj_digest_free(d);
	sj_digest_free(NULL);
	assert_null(sj_digest_new(SJ_HASH_NONE));
}

/* RFC 8017, 9.2, note 1. */
static void digest_infos_are_those_of_the_standard(void **state)
{
	uint8_t out[128], digest[64] = { 0 };
	struct sj_writer w = SJ_WRITER_OF(out);

	(void)state;
	sj_digest_info_put(&w, SJ_SHA1, sj_span(digest, 20));
	assert_hex(sj_span(out, 15), "3021300906052B0E03021A05000414");
	w.len = 0;
	sj_digest_info_put(&w, SJ_SHA512, sj_span(digest, 64));
	assert_hex(sj_span(out, 19), "3051300D060960864801650304020305000440");
	assert_int_equal(w.len, 83);
}

/* NIST CAVS 12.0, ANS X9.63-2001, SHA-256, and a length that is no multiple of the hash. */
static void the_x963_kdf(void **state)
{
	const struct sj_span z = hex("96C05619D56C328AB95FE84B18264B08725B85E33FD34F08");
	uint8_t out[48];

	(void)state;
	assert_true(sj_kdf_x963(SJ_SHA256, z, sj_span(NULL, 0), out, 16));
	assert_hex(sj_span(out, 16), "443024C3DAE66B95E6F5670601558F71");
	assert_true(sj_kdf_x963(SJ_SHA256, z, sj_span(NULL, 0), out, 33));
	assert_hex(sj_span(out, 16), "443024C3DAE66B95E6F5670601558F71");
	assert_false(sj_kdf_x963(SJ_HASH_NONE, z, sj_span(NULL, 0), out, 16));
}

/* --- paddings -------------------------------------------------------------------- */

static void type_1_blocks_go_both_ways(void **state)
{
	uint8_t block[SJ_RSA_MAX], data[245] = { 7 };
	struct sj_span out;

	(void)state;
	assert_true(sj_rsa_pad_type1(SJ_SPAN_OF(data), 256, block));
	assert_true(sj_rsa_unpad_type1(sj_span(block, 256), &out));
	assert_true(sj_span_eq(out, SJ_SPAN_OF(data)));
	for (size_t i = 0; i < 11; i++) { /* each byte of the padding counts */
		block[i] ^= 0x55;
		assert_false(sj_rsa_unpad_type1(sj_span(block, 256), &out));
		block[i] ^= 0x55;
	}
	assert_false(sj_rsa_pad_type1(SJ_SPAN_OF(data), 255, block));
	assert_true(sj_rsa_pad_type1(sj_span(NULL, 0), 256, block));
	assert_true(sj_rsa_unpad_type1(sj_span(block, 256), &out));
	assert_int_equal(out.len, 0);
	assert_false(sj_rsa_unpad_type1(sj_span(block, 10), &out));
}

/* Salt bytes that a case chooses; none in NIST's. */
static bool fixed_salt(void *self, uint8_t *out, size_t n)
{
	memset(out, *(uint8_t *)self, n);
	return true;
}

static void pss_blocks_are_nists(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(nist_pss) / sizeof(nist_pss[0]); i++) {
		const struct nist_pss *v = &nist_pss[i];
		const struct sj_padding p = { v->hash, v->hash, 0, { NULL, 0 } };
		const struct sj_random none = { fixed_salt, NULL };
		uint8_t key[SJ_RSA_SPKI_MAX], block[SJ_RSA_MAX], want[SJ_RSA_MAX],
			hash[SJ_HASH_MAX];
		const struct sj_span n = hex(v->n), message = hex(v->message),
				     s = hex(v->signature);
		struct sj_writer w = SJ_WRITER_OF(key);

		sj_public_put_rsa(&w, n, hex(v->e));
		assert_true(sj_hash(v->hash, &message, 1, hash));
		assert_true(sj_rsa_pad_pss(&p, &none, sj_span(hash, sj_hash_size(v->hash)),
					   8 * n.len, block));
		assert_true(sj_rsa_public(sj_written(&w), s, want));
		assert_memory_equal(block, want, n.len);
		assert_true(sj_rsa_verify_pss(sj_written(&w), &p,
					      sj_span(hash, sj_hash_size(v->hash)), s));
	}
}

/* What we pad and sign holds for OpenSSL, with every hash, mixed ones and the longest salt. */
static void pss_signatures_hold(void **state)
{
	static const struct sj_padding all[] = {
		{ SJ_SHA1, SJ_SHA1, 20, { NULL, 0 } },
		{ SJ_SHA224, SJ_SHA224, 28, { NULL, 0 } },
		{ SJ_SHA256, SJ_SHA256, 0, { NULL, 0 } },
		{ SJ_SHA384, SJ_SHA1, 48, { NULL, 0 } },
		{ SJ_SHA512, SJ_SHA512, 64, { NULL, 0 } },
		{ SJ_SHA512, SJ_SHA256, 190, { NULL, 0 } },
	};
	const struct sj_random random = sj_random_system();
	uint8_t digest[SJ_HASH_MAX] = { 1, 2 }, block[SJ_RSA_MAX], s[SJ_RSA_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct sj_span d = sj_span(digest, sj_hash_size(all[i].hash));

		assert_true(sj_rsa_pad_pss(&all[i], &random, d, 2048, block));
		assert_true(sj_rsa_private(sj_written(&pkcs8), sj_span(block, 256), s));
		assert_true(sj_rsa_verify_pss(sj_written(&spki), &all[i], d, sj_span(s, 256)));
		digest[0] ^= 1;
		assert_false(sj_rsa_verify_pss(sj_written(&spki), &all[i], d, sj_span(s, 256)));
	}
}

static void pss_that_does_not_fit(void **state)
{
	const struct sj_padding wide = { SJ_SHA512, SJ_SHA512, 191, { NULL, 0 } };
	const struct sj_padding fits = { SJ_SHA512, SJ_SHA512, 190, { NULL, 0 } };
	const struct sj_random random = sj_random_system();
	uint8_t digest[64] = { 0 }, block[SJ_RSA_MAX];

	(void)state;
	assert_false(sj_rsa_pad_pss(&wide, &random, SJ_SPAN_OF(digest), 2048, block));
	assert_false(sj_rsa_pad_pss(&wide, &random, sj_span(digest, 20), 4096, block));
	assert_true(sj_rsa_pad_pss(&fits, &random, SJ_SPAN_OF(digest), 2049, block));
	assert_int_equal(block[0], 0); /* 2048 bits in 257 bytes */
}

static void encrypt(const struct sj_padding *p, struct sj_span data, uint8_t block[SJ_RSA_MAX])
{
	uint8_t sent[SJ_RSA_MAX];

	assert_true(sj_rsa_encrypt(sj_written(&spki), p, data, sent));
	assert_true(sj_rsa_private(sj_written(&pkcs8), sj_span(sent, 256), block));
}

static void type_2_blocks_of_openssl_open(void **state)
{
	uint8_t block[SJ_RSA_MAX], out[SJ_RSA_MAX], long_one[245] = { 3 };
	size_t len = 0;

	(void)state;
	encrypt(NULL, SJ_SPAN_STR("hello"), block);
	assert_true(sj_rsa_unpad_type2(sj_span(block, 256), out, &len));
	assert_true(sj_span_eq(sj_span(out, len), SJ_SPAN_STR("hello")));
	encrypt(NULL, sj_span(NULL, 0), block);
	assert_true(sj_rsa_unpad_type2(sj_span(block, 256), out, &len));
	assert_int_equal(len, 0);
	encrypt(NULL, SJ_SPAN_OF(long_one), block);
	assert_true(sj_rsa_unpad_type2(sj_span(block, 256), out, &len));
	assert_int_equal(len, 245);
}

/* `block` with one byte changed. */
static bool opens(const uint8_t block[256], size_t at, uint8_t value)
{
	uint8_t copy[256], out[SJ_RSA_MAX];
	size_t len;

	memcpy(copy, block, sizeof(copy));
	copy[at] = value;
	return sj_rsa_unpad_type2(SJ_SPAN_OF(copy), out, &len);
}

static void type_2_blocks_that_are_none(void **state)
{
	uint8_t block[256], out[SJ_RSA_MAX] = { 9 };
	size_t len = 77;

	(void)state;
	memset(block, 0xA5, sizeof(block));
	block[0] = 0;
	block[1] = 2;
	assert_false(opens(block, 255, 1)); /* no zero at all */
	for (size_t i = 2; i < 10; i++)
		assert_false(opens(block, i, 0)); /* fewer than eight bytes of padding */
	assert_true(opens(block, 10, 0));
	assert_true(opens(block, 255, 0));
	block[128] = 0;
	assert_true(opens(block, 200, 0));
	assert_false(opens(block, 0, 1));
	assert_false(opens(block, 1, 1));
	assert_false(sj_rsa_unpad_type2(sj_span(block, 10), out, &len));
	assert_int_equal(len, 77); /* nothing was written */
	assert_int_equal(out[0], 9);
}

static void oaep_blocks_of_openssl_open(void **state)
{
	static const struct sj_padding all[] = {
		{ SJ_SHA1, SJ_SHA1, 0, { NULL, 0 } },
		{ SJ_SHA224, SJ_SHA256, 0, { NULL, 0 } },
		{ SJ_SHA256, SJ_SHA256, 0, { (const uint8_t *)"label", 5 } },
		{ SJ_SHA384, SJ_SHA1, 0, { NULL, 0 } },
		{ SJ_SHA512, SJ_SHA512, 0, { (const uint8_t *)"l", 1 } },
	};
	uint8_t block[SJ_RSA_MAX], out[SJ_RSA_MAX], full[SJ_RSA_MAX] = { 1 };
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const size_t max = sj_rsa_encrypt_max(256, &all[i]);

		encrypt(&all[i], SJ_SPAN_STR("hello"), block);
		assert_true(sj_rsa_unpad_oaep(&all[i], sj_span(block, 256), out, &len));
		assert_true(sj_span_eq(sj_span(out, len), SJ_SPAN_STR("hello")));
		encrypt(&all[i], sj_span(full, max), block);
		assert_true(sj_rsa_unpad_oaep(&all[i], sj_span(block, 256), out, &len));
		assert_int_equal(len, max);
		assert_false(
			sj_rsa_encrypt(sj_written(&spki), &all[i], sj_span(full, max + 1), out));
	}
}

static void oaep_blocks_that_are_none(void **state)
{
	const struct sj_padding p = { SJ_SHA256, SJ_SHA256, 0, { NULL, 0 } };
	struct sj_padding other = p;
	uint8_t block[SJ_RSA_MAX], out[SJ_RSA_MAX];
	size_t len;

	(void)state;
	encrypt(&p, sj_span(NULL, 0), block);
	assert_true(sj_rsa_unpad_oaep(&p, sj_span(block, 256), out, &len));
	assert_int_equal(len, 0);
	for (size_t i = 0; i < 256; i++) { /* every byte of it counts */
		block[i] ^= 0x80;
		assert_false(sj_rsa_unpad_oaep(&p, sj_span(block, 256), out, &len));
		block[i] ^= 0x80;
	}
	other.label = SJ_SPAN_STR("x");
	assert_false(sj_rsa_unpad_oaep(&other, sj_span(block, 256), out, &len));
	for (size_t n = 0; n < 256; n++)
		assert_false(sj_rsa_unpad_oaep(&p, sj_span(block, n), out, &len));
}

static void type_1_signatures_are_compared_whole(void **state)
{
	uint8_t block[SJ_RSA_MAX], s[SJ_RSA_MAX];

	(void)state;
	assert_true(sj_rsa_pad_type1(SJ_SPAN_STR("data"), 256, block));
	assert_true(sj_rsa_private(sj_written(&pkcs8), sj_span(block, 256), s));
	assert_true(sj_rsa_verify_type1(sj_written(&spki), SJ_SPAN_STR("data"), sj_span(s, 256)));
	assert_false(sj_rsa_verify_type1(sj_written(&spki), SJ_SPAN_STR("date"), sj_span(s, 256)));
	assert_false(sj_rsa_verify_type1(sj_written(&spki), SJ_SPAN_STR("data"), sj_span(s, 255)));
	block[9] = 0; /* a second end of the padding, which a search would take */
	assert_true(sj_rsa_private(sj_written(&pkcs8), sj_span(block, 256), s));
	assert_false(sj_rsa_verify_type1(sj_written(&spki), SJ_SPAN_STR("data"), sj_span(s, 256)));
}

/* --- public keys --------------------------------------------------------------------- */

static void every_kind_of_key_is_told_apart(void **state)
{
	const uint8_t point[SJ_CFRG_KEY] = { 5 };
	uint8_t der[128];
	struct sj_writer w = SJ_WRITER_OF(der);
	struct sj_public key;

	(void)state;
	assert_true(sj_public_read(sj_written(&spki), &key));
	assert_int_equal(key.kind, SJ_PUBLIC_RSA);
	assert_int_equal(key.bits, 2048);
	sj_public_put_cfrg(&w, SJ_PUBLIC_ED25519, point);
	assert_hex(sj_span(der, 12), "302A300506032B6570032100");
	assert_true(sj_public_read(sj_written(&w), &key));
	assert_int_equal(key.kind, SJ_PUBLIC_ED25519);
	w.len = 0;
	sj_public_put_cfrg(&w, SJ_PUBLIC_X25519, point);
	assert_true(sj_public_read(sj_written(&w), &key));
	assert_int_equal(key.kind, SJ_PUBLIC_X25519);
	assert_true(sj_span_eq(sj_ec_point_span(&key.point), SJ_SPAN_OF(point)));
}

static void a_curve_key_keeps_its_parameters(void **state)
{
	const struct sj_random random = sj_random_system();
	uint8_t der[256], parameters[16];
	struct sj_writer w = SJ_WRITER_OF(der), p = SJ_WRITER_OF(parameters);
	struct sj_ec_secret secret;
	struct sj_ec_point point;
	struct sj_public key;

	(void)state;
	assert_true(sj_ec_secret_random(SJ_P384, &random, &secret));
	assert_true(sj_ec_multiply(SJ_P384, &secret, NULL, &point));
	assert_true(sj_ec_spki_put(&w, SJ_P384, &point, false));
	assert_true(sj_public_read(sj_written(&w), &key));
	assert_int_equal(key.kind, SJ_PUBLIC_EC);
	assert_int_equal(key.bits, 384);
	assert_hex(key.parameters, "06052B81040022");
	assert_int_equal(sj_curve_from_parameters(key.parameters), SJ_P384);
	sj_curve_put_parameters(&p, SJ_P384);
	assert_true(sj_span_eq(key.parameters, sj_written(&p)));
	assert_int_equal(sj_curve_from_parameters(sj_span(parameters, 6)), SJ_CURVE_NONE);
	for (size_t n = 0; n < w.len; n++)
		assert_false(sj_public_read(sj_span(der, n), &key));
}

static void an_rsa_key_is_written_as_it_was(void **state)
{
	uint8_t der[SJ_RSA_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(der);
	struct sj_public key;

	(void)state;
	assert_true(sj_public_read(sj_written(&spki), &key));
	sj_public_put_rsa(&w, key.modulus, key.exponent);
	assert_true(sj_span_eq(sj_written(&w), sj_written(&spki)));
	for (size_t n = 0; n < w.len; n++)
		assert_false(sj_public_read(sj_span(der, n), &key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_digest_in_pieces_is_the_digest),
		cmocka_unit_test(digest_infos_are_those_of_the_standard),
		cmocka_unit_test(the_x963_kdf),
		cmocka_unit_test(type_1_blocks_go_both_ways),
		cmocka_unit_test(pss_blocks_are_nists),
		cmocka_unit_test(pss_signatures_hold),
		cmocka_unit_test(pss_that_does_not_fit),
		cmocka_unit_test(type_2_blocks_of_openssl_open),
		cmocka_unit_test(type_2_blocks_that_are_none),
		cmocka_unit_test(oaep_blocks_of_openssl_open),
		cmocka_unit_test(oaep_blocks_that_are_none),
		cmocka_unit_test(type_1_signatures_are_compared_whole),
		cmocka_unit_test(every_kind_of_key_is_told_apart),
		cmocka_unit_test(a_curve_key_keeps_its_parameters),
		cmocka_unit_test(an_rsa_key_is_written_as_it_was),
	};

	return cmocka_run_group_tests(tests, make_key, NULL);
}
