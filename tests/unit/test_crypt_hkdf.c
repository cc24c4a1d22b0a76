#include "crypt/hkdf.h"
#include "tests/vectors/hexbytes.h"

/* RFC 4231, test cases 1, 2, 3, 4, 6 and 7: HMAC with SHA-256. */
#define AA_131 \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAA"

static const struct {
	const char *key, *data, *mac;
} rfc4231[] = {
	{ "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "4869205468657265",
	  "B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7" },
	{ "4A656665", "7768617420646F2079612077616E7420666F72206E6F7468696E673F",
	  "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843" },
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	  "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"
	  "DDDDDDDDDDDDDD",
	  "773EA91E36800E46854DB8EBD09181A72959098B3EF8C122D9635514CED565FE" },
	{ "0102030405060708090A0B0C0D0E0F10111213141516171819",
	  "CDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCD"
	  "CDCDCDCDCDCDCD",
	  "82558A389A443C0EA4CC819899F2083A85F0FAA3E578F8077A2E3FF46729665B" },
	{ AA_131,
	  "54657374205573696E67204C6172676572205468616E20426C6F636B2D53697A65204B6579202D20486173"
	  "68204B6579204669727374",
	  "60E431591EE0B67F0D8A26AACBF5B77F8E0BC6213728C5140546040F0EE37F54" },
	{ AA_131,
	  "5468697320697320612074657374207573696E672061206C6172676572207468616E20626C6F636B2D7369"
	  "7A65206B657920616E642061206C6172676572207468616E20626C6F636B2D73697A6520646174612E2054"
	  "6865206B6579206E6565647320746F20626520686173686564206265666F7265206265696E672075736564"
	  "2062792074686520484D414320616C676F726974686D2E",
	  "9B09FFA71B942FCB27635FBCD5B0E944BFDC63644F0713938A7F51535C3A35E2" },
};

static void hmac_of_rfc4231(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc4231) / sizeof(rfc4231[0]); i++) {
		const struct sj_span data = hex(rfc4231[i].data);
		struct sj_hmac *h = sj_hmac_new(hex(rfc4231[i].key));
		uint8_t mac[SJ_PRK_SIZE];

		assert_non_null(h);
		for (int again = 0; again < 2; again++) { /* the key stays ready */
			assert_true(sj_hmac(h, &data, 1, mac));
			assert_hex(SJ_SPAN_OF(mac), rfc4231[i].mac);
		}
		sj_hmac_free(h);
	}
	sj_hmac_free(NULL);
}

static void hmac_of_parts_is_of_the_whole(void **state)
{
	const struct sj_span whole = hex(rfc4231[1].data);
	struct sj_hmac *h = sj_hmac_new(hex(rfc4231[1].key));
	uint8_t mac[SJ_PRK_SIZE];

	(void)state;
	assert_non_null(h);
	for (size_t n = 0; n <= whole.len; n++) {
		const struct sj_span parts[] = { { whole.ptr, n },
						 { NULL, 0 },
						 { whole.ptr + n, whole.len - n } };

		assert_true(sj_hmac(h, parts, 3, mac));
		assert_hex(SJ_SPAN_OF(mac), rfc4231[1].mac);
	}
	sj_hmac_free(h);
}

/* RFC 5869, A.1 to A.3. */
static const struct {
	const char *ikm, *salt, *info, *prk, *okm;
} rfc5869[] = {
	{ "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "000102030405060708090A0B0C",
	  "F0F1F2F3F4F5F6F7F8F9",
	  "077709362C2E32DF0DDC3F0DC47BBA6390B6C73BB50F9C3122EC844AD7C2B3E5",
	  "3CB25F25FAACD57A90434F64D0362F2A2D2D0A90CF1A5A4C5DB02D56ECC4C5BF34007208D5B887185865" },
	{ "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F2021222324252627"
	  "28292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F",
	  "606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F8081828384858687"
	  "88898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAF",
	  "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7"
	  "D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF",
	  "06A6B88C5853361A06104C9CEB35B45CEF760014904671014A193F40C15FC244",
	  "B11E398DC80327A1C8E7F78C596A49344F012EDA2D4EFAD8A050CC4C19AFA97C59045A99CAC78272"
	  "71CB41C65E590E09DA3275600C2F09B8367793A9ACA3DB71CC30C58179EC3E87C14C01D5C1F3434F"
	  "1D87" },
	{ "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "", "",
	  "19EF24A32C717B167F33A91D6F648BDF96596776AFDB6377AC434C1C293CCB04",
	  "8DA4E775A563C18F715F802A063C5A31B8A11F5C5EE1879EC3454E5F3C738D2D9D201395FAA4B61A96C8" },
};

static void hkdf_of_rfc5869(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc5869) / sizeof(rfc5869[0]); i++) {
		const size_t size = strlen(rfc5869[i].okm) / 2;
		const struct sj_span info = hex(rfc5869[i].info);
		const struct sj_span halves[] = { { info.ptr, info.len / 2 },
						  { info.ptr + info.len / 2,
						    info.len - info.len / 2 } };
		uint8_t prk[SJ_PRK_SIZE], okm[96];
		struct sj_hmac *h;

		assert_true(sj_hkdf_extract(hex(rfc5869[i].salt), hex(rfc5869[i].ikm), prk));
		assert_hex(SJ_SPAN_OF(prk), rfc5869[i].prk);
		h = sj_hmac_new(SJ_SPAN_OF(prk));
		assert_non_null(h);
		assert_true(sj_hkdf_expand(h, &info, 1, okm, size));
		assert_hex(sj_span(okm, size), rfc5869[i].okm);
		assert_true(sj_hkdf_expand(h, halves, 2, okm, size));
		assert_hex(sj_span(okm, size), rfc5869[i].okm);
		sj_hmac_free(h);
	}
}

/* No info at all is an empty one; shorter outputs begin longer ones. */
static void expansion_without_info(void **state)
{
	struct sj_hmac *h = sj_hmac_new(hex(rfc5869[2].prk));
	uint8_t okm[42];

	(void)state;
	assert_non_null(h);
	for (size_t n = 0; n <= sizeof(okm); n++) {
		memset(okm, 0, sizeof(okm));
		assert_true(sj_hkdf_expand(h, NULL, 0, okm, n));
		assert_memory_equal(okm, hex(rfc5869[2].okm).ptr, n);
		assert_true(n == sizeof(okm) || okm[n] == 0);
	}
	sj_hmac_free(h);
}

static void expansion_has_a_limit(void **state)
{
	static uint8_t okm[SJ_HKDF_MAX + 1];
	const struct sj_span info[9] = { { NULL, 0 } };
	struct sj_hmac *h = sj_hmac_new(hex(rfc5869[2].prk));

	(void)state;
	assert_non_null(h);
	assert_true(sj_hkdf_expand(h, NULL, 0, okm, SJ_HKDF_MAX));
	assert_false(sj_hkdf_expand(h, NULL, 0, okm, SJ_HKDF_MAX + 1));
	assert_true(sj_hkdf_expand(h, info, 8, okm, 32));
	assert_false(sj_hkdf_expand(h, info, 9, okm, 32));
	sj_hmac_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hmac_of_rfc4231),
		cmocka_unit_test(hmac_of_parts_is_of_the_whole),
		cmocka_unit_test(hkdf_of_rfc5869),
		cmocka_unit_test(expansion_without_info),
		cmocka_unit_test(expansion_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
