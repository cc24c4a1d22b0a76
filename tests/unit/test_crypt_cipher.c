#include "crypt/cipher.h"
#include "tests/vectors/hexbytes.h"

/* The message of SP 800-38A appendix F and SP 800-38B appendix D. */
#define NIST_MESSAGE \
	"6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51" \
	"30C81C46A35CE411E5FBC1191A0A52EFF69F2445DF4F9B17AD2B417BE66C3710"

static const char *const nist_keys[] = {
	[SJ_CIPHER_AES128] = "2B7E151628AED2A6ABF7158809CF4F3C",
	[SJ_CIPHER_AES192] = "8E73B0F7DA0E6452C810F32B809079E562F8EAD2522C6B7B",
	[SJ_CIPHER_AES256] = "603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4",
};

/* SP 800-38B, D.1 to D.3: MACs over 0, 16, 40 and 64 bytes, cut to 8. */
static const struct {
	enum sj_cipher cipher;
	size_t len;
	const char *mac;
} cmac_vectors[] = {
	{ SJ_CIPHER_AES128, 0, "BB1D6929E9593728" },  { SJ_CIPHER_AES128, 16, "070A16B46B4D4144" },
	{ SJ_CIPHER_AES128, 40, "DFA66747DE9AE630" }, { SJ_CIPHER_AES128, 64, "51F0BEBF7E3B9D92" },
	{ SJ_CIPHER_AES192, 0, "D17DDF46ADAACDE5" },  { SJ_CIPHER_AES192, 16, "9E99A7BF31E71090" },
	{ SJ_CIPHER_AES192, 40, "8A1DE5BE2EB31AAD" }, { SJ_CIPHER_AES192, 64, "A1D5DF0EED790F79" },
	{ SJ_CIPHER_AES256, 0, "028962F61B7BF89E" },  { SJ_CIPHER_AES256, 16, "28A7023F452E8F82" },
	{ SJ_CIPHER_AES256, 40, "AAF3D8F1DE5640C2" }, { SJ_CIPHER_AES256, 64, "E1992190549F6ED5" },
};

static void cmac_of_sp800_38b(void **state)
{
	uint8_t mac[SJ_MAC_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cmac_vectors) / sizeof(cmac_vectors[0]); i++) {
		const enum sj_cipher c = cmac_vectors[i].cipher;
		const struct sj_span message = sj_span(hex(NIST_MESSAGE).ptr, cmac_vectors[i].len);

		assert_true(sj_mac(c, hex(nist_keys[c]).ptr, &message, 1, mac));
		assert_hex(SJ_SPAN_OF(mac), cmac_vectors[i].mac);
	}
}

/* SP 800-38B, D.1 and D.3, first examples: uncut. */
static void whole_cmac_of_sp800_38b(void **state)
{
	const struct sj_span message = sj_span(hex(NIST_MESSAGE).ptr, 16), none = { NULL, 0 };
	uint8_t mac[SJ_CIPHER_BLOCK_MAX];

	(void)state;
	assert_true(sj_cmac(SJ_CIPHER_AES128, hex(nist_keys[SJ_CIPHER_AES128]).ptr, &none, 1, mac));
	assert_hex(SJ_SPAN_OF(mac), "BB1D6929E95937287FA37D129B756746");
	assert_true(
		sj_cmac(SJ_CIPHER_AES256, hex(nist_keys[SJ_CIPHER_AES256]).ptr, &message, 1, mac));
	assert_hex(SJ_SPAN_OF(mac), "28A7023F452E8F82BD4BF28D8C37C35C");
	assert_false(sj_cmac(SJ_CIPHER_3DES, hex(nist_keys[SJ_CIPHER_AES128]).ptr, &none, 1, mac));
}

/* How the message is cut into parts changes nothing: every pair of cuts. */
static void mac_of_any_parts(void **state)
{
	const uint8_t *message = hex(NIST_MESSAGE).ptr, *key = hex(nist_keys[1]).ptr;
	uint8_t whole[2][SJ_MAC_SIZE], mac[SJ_MAC_SIZE];
	const enum sj_cipher ciphers[] = { SJ_CIPHER_3DES, SJ_CIPHER_AES128 };

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		const struct sj_span all = sj_span(message, 64);

		assert_true(sj_mac(ciphers[k], key, &all, 1, whole[k]));
		for (size_t i = 0; i <= 64; i++) {
			for (size_t j = i; j <= 64; j++) {
				const struct sj_span parts[] = { sj_span(message, i),
								 sj_span(message + i, j - i),
								 sj_span(message + j, 64 - j) };

				assert_true(sj_mac(ciphers[k], key, parts, 3, mac));
				assert_memory_equal(mac, whole[k], sizeof(mac));
			}
		}
	}
}

/* Longer than the scratch buffer of the chain: as one part and byte by byte. */
static void mac_of_a_long_message(void **state)
{
	static uint8_t message[5000];
	static struct sj_span parts[sizeof(message)];
	uint8_t a[SJ_MAC_SIZE], b[SJ_MAC_SIZE];
	const struct sj_span whole = SJ_SPAN_OF(message);
	const uint8_t *key = hex(nist_keys[1]).ptr;

	(void)state;
	for (size_t i = 0; i < sizeof(message); i++) {
		message[i] = (uint8_t)(i * 7);
		parts[i] = sj_span(message + i, 1);
	}
	assert_true(sj_mac(SJ_CIPHER_AES128, key, &whole, 1, a));
	assert_true(sj_mac(SJ_CIPHER_AES128, key, parts, sizeof(message), b));
	assert_memory_equal(a, b, sizeof(a));
}

/* ICAO Doc 9303-11, appendix D.3: M_IFD over the padded E_IFD. */
static void retail_mac_of_appendix_d(void **state)
{
	const struct sj_span input = hex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F"
					 "76ED92F28000000000000000");
	uint8_t mac[SJ_MAC_SIZE];

	(void)state;
	assert_true(sj_mac(SJ_CIPHER_3DES, hex("7962D9ECE03D1ACD4C76089DCE131543").ptr, &input, 1,
			   mac));
	assert_hex(SJ_SPAN_OF(mac), "5F1448EEA8AD90A7");
}

static void retail_mac_wants_whole_blocks(void **state)
{
	const struct sj_span odd = hex("0102030405060708090A");
	uint8_t mac[SJ_MAC_SIZE];

	(void)state;
	assert_false(sj_mac(SJ_CIPHER_3DES, hex(nist_keys[1]).ptr, &odd, 1, mac));
	assert_false(sj_mac(SJ_CIPHER_3DES, hex(nist_keys[1]).ptr, NULL, 0, mac));
}

/* SP 800-38A, F.2.1 and F.2.2. */
static void cbc_of_sp800_38a(void **state)
{
	const struct sj_span iv = hex("000102030405060708090A0B0C0D0E0F");
	const uint8_t *key = hex(nist_keys[SJ_CIPHER_AES128]).ptr;
	uint8_t out[64];

	(void)state;
	assert_true(sj_cbc_encrypt(SJ_CIPHER_AES128, key, iv.ptr, hex(NIST_MESSAGE), out));
	assert_hex(SJ_SPAN_OF(out),
		   "7649ABAC8119B246CEE98E9B12E9197D5086CB9B507219EE95DB113A917678B2"
		   "73BED6B8E3C1743B7116E69E222295163FF1CAA1681FAC09120ECA307586E1A7");
	assert_true(sj_cbc_decrypt(SJ_CIPHER_AES128, key, iv.ptr, SJ_SPAN_OF(out), out));
	assert_hex(SJ_SPAN_OF(out), NIST_MESSAGE);
}

static void cbc_wants_whole_blocks(void **state)
{
	uint8_t out[32];

	(void)state;
	for (int c = SJ_CIPHER_3DES; c <= SJ_CIPHER_AES256; c++) {
		const uint8_t *key = hex(nist_keys[SJ_CIPHER_AES256]).ptr;

		assert_false(sj_cbc_encrypt((enum sj_cipher)c, key, NULL, hex("0102030405"), out));
		assert_false(sj_cbc_decrypt((enum sj_cipher)c, key, NULL, hex("0102030405"), out));
		assert_true(sj_cbc_encrypt((enum sj_cipher)c, key, NULL, sj_span(NULL, 0), out));
	}
}

/* SP 800-67, the example of appendix B. */
static void three_key_3des_of_sp800_67(void **state)
{
	static const uint8_t key[SJ_TDES_KEY] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
						  0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x01,
						  0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x01, 0x23 };
	static const uint8_t plain[] = "The qufc";
	static const uint8_t sealed[] = { 0xA8, 0x26, 0xFD, 0x8C, 0xE5, 0x3B, 0x85, 0x5F };
	uint8_t out[SJ_TDES_BLOCK];

	(void)state;
	assert_true(sj_tdes_encrypt(key, plain, out));
	assert_memory_equal(out, sealed, sizeof(sealed));
	assert_true(sj_tdes_decrypt(key, sealed, out));
	assert_memory_equal(out, plain, sizeof(out));
}

static void sizes_and_names(void **state)
{
	(void)state;
	assert_int_equal(sj_cipher_key_size(SJ_CIPHER_3DES), 16);
	assert_int_equal(sj_cipher_key_size(SJ_CIPHER_AES128), 16);
	assert_int_equal(sj_cipher_key_size(SJ_CIPHER_AES192), 24);
	assert_int_equal(sj_cipher_key_size(SJ_CIPHER_AES256), 32);
	assert_int_equal(sj_cipher_block_size(SJ_CIPHER_3DES), 8);
	assert_int_equal(sj_cipher_block_size(SJ_CIPHER_AES256), 16);
	assert_string_equal(sj_cipher_name(SJ_CIPHER_3DES), "3DES");
	assert_string_equal(sj_cipher_name(SJ_CIPHER_AES192), "AES-192");
}

static void padding_and_back(void **state)
{
	uint8_t buffer[64];
	size_t len;

	(void)state;
	for (size_t n = 0; n < 40; n++) {
		struct sj_writer w = SJ_WRITER_OF(buffer);

		sj_put_fill(&w, 0x80, n);
		sj_pad(&w, 0, 16);
		assert_false(w.failed);
		assert_int_equal(w.len, (n / 16 + 1) * 16);
		assert_true(sj_unpad(sj_written(&w), 16, &len));
		assert_int_equal(len, n);
	}
}

static void padding_starts_where_told(void **state)
{
	uint8_t buffer[19];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	(void)state;
	sj_put(&w, hex("AABBCC"));
	sj_pad(&w, 3, 8);
	assert_hex(sj_written(&w), "AABBCC8000000000000000");
	sj_pad(&w, 0, 16);
	assert_false(w.failed);
	sj_pad(&w, 0, 16);
	assert_true(w.failed);
}

static void wrong_padding_is_refused(void **state)
{
	size_t len;

	(void)state;
	assert_false(sj_unpad(hex("0000000000000000"), 8, &len));
	assert_false(sj_unpad(hex("8000000000000001"), 8, &len));
	assert_false(sj_unpad(hex("80000000000000000000000000000000"), 8, &len));
	assert_false(sj_unpad(hex("80000000"), 8, &len));
	assert_false(sj_unpad(sj_span(NULL, 0), 8, &len));
	assert_true(sj_unpad(hex("1122334455667780"), 8, &len));
	assert_int_equal(len, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cmac_of_sp800_38b),
		cmocka_unit_test(whole_cmac_of_sp800_38b),
		cmocka_unit_test(mac_of_any_parts),
		cmocka_unit_test(mac_of_a_long_message),
		cmocka_unit_test(retail_mac_of_appendix_d),
		cmocka_unit_test(retail_mac_wants_whole_blocks),
		cmocka_unit_test(cbc_of_sp800_38a),
		cmocka_unit_test(cbc_wants_whole_blocks),
		cmocka_unit_test(three_key_3des_of_sp800_67),
		cmocka_unit_test(sizes_and_names),
		cmocka_unit_test(padding_and_back),
		cmocka_unit_test(padding_starts_where_told),
		cmocka_unit_test(wrong_padding_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
