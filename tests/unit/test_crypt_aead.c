#include "crypt/aead.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/rfc9529.h"

#define KEY_16 "000102030405060708090a0b0c0d0e0f"
#define KEY_32 KEY_16 "101112131415161718191a1b1c1d1e1f"
#define NONCE_12 "404142434445464748494a4b"
#define NONCE_13 NONCE_12 "4c"
#define TEXT_7 "536f6a6f75726e"
#define AAD_20 KEY_16 "10111213"
#define TEXT_40 KEY_32 "2021222324252627"

/* Made with python3-cryptography; the last is test case 16 of the GCM submission to NIST. */
static const struct {
	enum sj_aead alg;
	const char *key, *nonce, *aad, *text, *sealed;
} vectors[] = {
	{ SJ_AES_CCM_16_64_128, KEY_16, NONCE_13, "", "", "fa3efeecaf68a07c" },
	{ SJ_AES_CCM_16_64_128, KEY_16, NONCE_13, "616164", "", "f2086c1d7eb1cb8a" },
	{ SJ_AES_CCM_16_64_128, KEY_16, NONCE_13, "", TEXT_7, "bd74f33e2f7ef10c1dccd2fb352e17" },
	{ SJ_AES_CCM_16_64_128, KEY_16, NONCE_13, AAD_20, TEXT_40,
	  "ee1a9b525e0999c435e9193479e2dbed6b76ace6065746c344056618f3301b96"
	  "af5ec8b3ab26bdfbdc63dc3fe5142910" },
	{ SJ_AES_CCM_16_128_128, KEY_16, NONCE_13, "", "", "ccb30e26eec3ae450cf5c73d1d61eeb6" },
	{ SJ_AES_CCM_16_128_128, KEY_16, NONCE_13, "616164", "",
	  "dedfd2b35edd140bbaeffad832cea040" },
	{ SJ_AES_CCM_16_128_128, KEY_16, NONCE_13, "", TEXT_7,
	  "bd74f33e2f7ef1310579b07df763b9f0cc015cfa5cf0c6" },
	{ SJ_AES_CCM_16_128_128, KEY_16, NONCE_13, AAD_20, TEXT_40,
	  "ee1a9b525e0999c435e9193479e2dbed6b76ace6065746c344056618f3301b96"
	  "af5ec8b3ab26bdfb8c25e866d99fec356f7a1cd9dba3dc4d" },
	{ SJ_AES_256_GCM, KEY_32, NONCE_12, "", "", "c9b3c23ebecd69c4c2d87bc27ee34810" },
	{ SJ_AES_256_GCM, KEY_32, NONCE_12, "616164", "", "37f492e2a30f9004d087401a8d10ea95" },
	{ SJ_AES_256_GCM, KEY_32, NONCE_12, "", TEXT_7,
	  "b1d6c44c534ee9cf8e9b59ffed3042dee16a7ef36d9cdd" },
	{ SJ_AES_256_GCM, KEY_32, NONCE_12, AAD_20, TEXT_40,
	  "e2b8ac2022398104c5cd1d3d97691d5469d7404fa32019346f5e54fe8b0ef3c4"
	  "b829d18ffa9cf97388866dfb49ec8ec8466c1cf279874e2f" },
	{ SJ_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void vectors_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		const struct sj_span key = hex(vectors[i].key), nonce = hex(vectors[i].nonce);
		const struct sj_span aad = hex(vectors[i].aad), text = hex(vectors[i].text);
		const enum sj_aead alg = vectors[i].alg;
		uint8_t buffer[128];
		struct sj_writer w = SJ_WRITER_OF(buffer);

		assert_int_equal(key.len, sj_aead_key_size(alg));
		assert_int_equal(nonce.len, sj_aead_nonce_size(alg));
		assert_true(sj_aead_seal(alg, key.ptr, nonce.ptr, aad, text, &w));
		assert_hex(sj_written(&w), vectors[i].sealed);
		assert_int_equal(w.len, text.len + sj_aead_tag_size(alg));
		w.len = 0;
		assert_true(sj_aead_open(alg, key.ptr, nonce.ptr, aad, hex(vectors[i].sealed), &w));
		assert_hex(sj_written(&w), vectors[i].text);
	}
}

/* [ "Encrypt0", h'', TH_3 ] and the keys of both traces. */
static void rfc9529_ciphertexts(void **state)
{
	const struct rfc9529_trace *const traces[] = { &rfc9529_trace_1, &rfc9529_trace_2 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct rfc9529_trace *t = traces[i];
		uint8_t buffer[128], aad[64];
		struct sj_writer w = SJ_WRITER_OF(buffer), a = SJ_WRITER_OF(aad);

		sj_put(&a, hex("8368456e637279707430405820"));
		sj_put(&a, hex(t->th_3));
		assert_true(sj_aead_seal(SJ_AES_CCM_16_64_128, hex(t->k_3).ptr, hex(t->iv_3).ptr,
					 sj_written(&a), hex(t->plaintext_3), &w));
		assert_hex(sj_written(&w), t->ciphertext_3);
	}
}

/* One input of the four with one byte flipped: the text does not come out, not even in part. */
static void assert_forged(size_t i, size_t which, size_t at)
{
	uint8_t key[32], nonce[13], aad[64], sealed[128], out[128] = { 0 };
	const struct sj_span from[] = { hex(vectors[i].key), hex(vectors[i].nonce),
					hex(vectors[i].aad), hex(vectors[i].sealed) };
	uint8_t *const copies[] = { key, nonce, aad, sealed };
	struct sj_writer w = SJ_WRITER_OF(out);

	for (size_t j = 0; j < 4; j++)
		memcpy(copies[j], from[j].ptr, from[j].len);
	copies[which][at] ^= 0x80;
	assert_false(sj_aead_open(vectors[i].alg, key, nonce, sj_span(aad, from[2].len),
				  sj_span(sealed, from[3].len), &w));
	assert_int_equal(w.len, 0);
	assert_false(w.failed);
	for (size_t j = 0; j < sizeof(out); j++)
		assert_int_equal(out[j], 0);
}

static void every_flipped_byte_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		const struct sj_span from[] = { hex(vectors[i].key), hex(vectors[i].nonce),
						hex(vectors[i].aad), hex(vectors[i].sealed) };

		for (size_t j = 0; j < 4; j++)
			for (size_t at = 0; at < from[j].len; at++)
				assert_forged(i, j, at);
	}
}

static void every_truncation_is_refused(void **state)
{
	uint8_t out[128];
	struct sj_writer w = SJ_WRITER_OF(out);

	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		const struct sj_span sealed = hex(vectors[i].sealed);

		for (size_t n = 0; n < sealed.len; n++)
			assert_false(sj_aead_open(vectors[i].alg, hex(vectors[i].key).ptr,
						  hex(vectors[i].nonce).ptr, hex(vectors[i].aad),
						  sj_span(sealed.ptr, n), &w));
	}
	assert_int_equal(w.len, 0);
}

/* Appended behind what is there; nothing at all if a byte of room is missing. */
static void room_is_needed(void **state)
{
	const uint8_t *key = hex(KEY_32).ptr, *nonce = hex(NONCE_13).ptr;
	const struct sj_span text = hex(TEXT_7), none = { NULL, 0 };

	(void)state;
	for (int alg = SJ_AES_CCM_16_64_128; alg <= SJ_AES_256_GCM; alg++) {
		const enum sj_aead a = (enum sj_aead)alg;
		const size_t size = text.len + sj_aead_tag_size(a);
		uint8_t sealed[64], out[64];
		struct sj_writer w = sj_writer(sealed, size), x = sj_writer(out, 1 + text.len);

		sj_put_u8(&w, 0xAA);
		assert_false(sj_aead_seal(a, key, nonce, none, text, &w));
		assert_true(w.len == 1 && !w.failed);
		w.cap++;
		assert_true(sj_aead_seal(a, key, nonce, none, text, &w));
		assert_int_equal(w.len, 1 + size);
		sj_put(&x, hex("AABB"));
		assert_false(sj_aead_open(a, key, nonce, none, sj_span(sealed + 1, size), &x));
		assert_true(x.len == 2 && !x.failed);
		x.len = 1;
		assert_true(sj_aead_open(a, key, nonce, none, sj_span(sealed + 1, size), &x));
		assert_true(sj_span_eq(sj_span(out + 1, x.len - 1), text));
		x.failed = true;
		assert_false(sj_aead_open(a, key, nonce, none, sj_span(sealed + 1, size), &x));
	}
}

/* A nonce of 13 bytes leaves 2 for the length (RFC 3610, 2.1). */
static void ccm_ends_at_65535_bytes(void **state)
{
	static uint8_t text[65536], sealed[65536 + 16];
	const uint8_t *key = hex(KEY_32).ptr, *nonce = hex(NONCE_13).ptr;
	const struct sj_span none = { NULL, 0 };
	struct sj_writer w = SJ_WRITER_OF(sealed);

	(void)state;
	assert_false(sj_aead_seal(SJ_AES_CCM_16_64_128, key, nonce, none, SJ_SPAN_OF(text), &w));
	assert_int_equal(w.len, 0);
	assert_true(sj_aead_seal(SJ_AES_CCM_16_64_128, key, nonce, none, sj_span(text, 65535), &w));
	w.len = 0;
	assert_true(sj_aead_seal(SJ_AES_256_GCM, key, nonce, none, SJ_SPAN_OF(text), &w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_both_ways),
		cmocka_unit_test(rfc9529_ciphertexts),
		cmocka_unit_test(every_flipped_byte_is_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(room_is_needed),
		cmocka_unit_test(ccm_ends_at_65535_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
