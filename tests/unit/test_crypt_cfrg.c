#include "crypt/cfrg.h"
#include "tests/vectors/hexbytes.h"

/* --- X25519: RFC 7748 ------------------------------------------------------------ */

/* Section 5.2; the second u has its unused bit set. Then both views of section 6.1. */
static const struct {
	const char *key, *peer, *shared;
} rfc7748[] = {
	{ "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
	{ "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
	  "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
	  "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
	{ "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
	{ "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	  "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
	  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
};

static void agreement_of_rfc7748(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc7748) / sizeof(rfc7748[0]); i++) {
		uint8_t out[SJ_CFRG_KEY];

		assert_true(
			sj_x25519_agree(hex(rfc7748[i].key).ptr, hex(rfc7748[i].peer).ptr, out));
		assert_hex(SJ_SPAN_OF(out), rfc7748[i].shared);
	}
}

static void public_keys_of_rfc7748(void **state)
{
	uint8_t out[SJ_CFRG_KEY];

	(void)state;
	assert_true(sj_x25519_public(hex(rfc7748[2].key).ptr, out));
	assert_hex(SJ_SPAN_OF(out), rfc7748[3].peer);
	assert_true(sj_x25519_public(hex(rfc7748[3].key).ptr, out));
	assert_hex(SJ_SPAN_OF(out), rfc7748[2].peer);
}

/* The points of low order and their forms beyond the prime give zeros (RFC 7748, 6.1). */
static void a_shared_secret_of_zeros_is_refused(void **state)
{
	static const char *const peers[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t out[SJ_CFRG_KEY];

	(void)state;
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++)
		assert_false(sj_x25519_agree(hex(rfc7748[0].key).ptr, hex(peers[i]).ptr, out));
}

/* --- Ed25519: RFC 8032, 7.1, tests 1 to 3 ------------------------------------------ */

static const struct {
	const char *key, *public_key, *message, *signature;
} rfc8032[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	  "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	  "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	  "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

static void signatures_of_rfc8032(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rfc8032) / sizeof(rfc8032[0]); i++) {
		const uint8_t *key = hex(rfc8032[i].key).ptr;
		const struct sj_span message = hex(rfc8032[i].message);
		uint8_t public_key[SJ_CFRG_KEY], signature[SJ_ED25519_SIGNATURE];

		assert_true(sj_ed25519_public(key, public_key));
		assert_hex(SJ_SPAN_OF(public_key), rfc8032[i].public_key);
		assert_true(sj_ed25519_sign(key, message, signature));
		assert_hex(SJ_SPAN_OF(signature), rfc8032[i].signature);
		assert_true(sj_ed25519_verify(public_key, message, signature));
	}
}

static void another_bit_is_no_signature(void **state)
{
	const struct sj_span message = hex(rfc8032[2].message);
	uint8_t key[SJ_CFRG_KEY], signature[SJ_ED25519_SIGNATURE];

	(void)state;
	memcpy(key, hex(rfc8032[2].public_key).ptr, sizeof(key));
	memcpy(signature, hex(rfc8032[2].signature).ptr, sizeof(signature));
	for (size_t i = 0; i < sizeof(signature); i++) {
		signature[i] ^= 1;
		assert_false(sj_ed25519_verify(key, message, signature));
		signature[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof(key); i++) {
		key[i] ^= 1;
		assert_false(sj_ed25519_verify(key, message, signature));
		key[i] ^= 1;
	}
	assert_false(sj_ed25519_verify(key, hex("af83"), signature));
	assert_false(sj_ed25519_verify(key, hex(""), signature));
	assert_true(sj_ed25519_verify(key, message, signature));
}

/* Test 1 with the order added to S: the same equation, refused (RFC 8032, 5.1.7). */
static void a_second_form_of_a_signature_is_refused(void **state)
{
	(void)state;
	assert_false(sj_ed25519_verify(
		hex(rfc8032[0].public_key).ptr, hex(""),
		hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
		    "4c8c7872aa064e049dbb3013fbf29380d25bf5f0595bbe24655141438e7a101b")
			.ptr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agreement_of_rfc7748),
		cmocka_unit_test(public_keys_of_rfc7748),
		cmocka_unit_test(a_shared_secret_of_zeros_is_refused),
		cmocka_unit_test(signatures_of_rfc8032),
		cmocka_unit_test(another_bit_is_no_signature),
		cmocka_unit_test(a_second_form_of_a_signature_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
