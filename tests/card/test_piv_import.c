/* Keys that come from outside, and keys that change their place. */
#include "applets/piv/yubico.h"
#include "crypt/hash.h"
#include "crypt/sign.h"
#include "tests/card/piv_rig.h"
#include "tests/unit/rsa_parts.h"
#include "wire/sw.h"

#define DIGEST "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define SCALAR_48 \
	"0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F30"
#define SCALAR_32 "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"

static uint16_t import(struct bench *b, uint8_t algorithm, uint8_t ref, struct sj_span objects)
{
	const struct sj_apdu apdu = { .ins = 0xFE, .p1 = algorithm, .p2 = ref, .data = objects };

	return bench_send(b, &apdu);
}

static void put_rsa(struct sj_writer *w, struct sj_span pkcs8)
{
	struct sj_span part[SJ_RSA_CRT];

	rsa_parts(pkcs8, part);
	for (size_t i = 0; i < SJ_RSA_CRT; i++)
		sj_tlv_put(w, (uint32_t)i + 1, part[i]);
}

static uint8_t origin_of(struct bench *b, uint8_t ref)
{
	struct piv_key key;

	return piv_key_find(b->store, ref, &key) ? key.origin : 0;
}

/* --- right ones -------------------------------------------------------------------------- */

static void an_ec_key_signs(void **state)
{
	static const struct {
		uint8_t algorithm;
		enum sj_curve curve;
		const char *objects;
	} keys[] = { { PIV_ALG_P256, SJ_P256, "0620" SCALAR_32 },
		     { PIV_ALG_P384, SJ_P384, "0630" SCALAR_48 } };
	struct bench *b = *state;

	piv_administer(b);
	for (size_t i = 0; i < 2; i++) {
		struct sj_ec_secret k;
		struct sj_ec_point expected;

		assert_int_equal(import(b, keys[i].algorithm, 0x9A, HEX(keys[i].objects)),
				 SJ_SW_OK);
		assert_true(sj_ec_secret_read(keys[i].curve, HEX(keys[i].objects + 4), &k));
		assert_true(sj_ec_multiply(keys[i].curve, &k, NULL, &expected));
		assert_true(sj_span_eq(piv_public_key(b, 0x9A).point, sj_ec_point_span(&expected)));
		assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
		assert_int_equal(piv_use(b, keys[i].algorithm, 0x9A, 0x81, HEX(DIGEST)), SJ_SW_OK);
		assert_int_equal(origin_of(b, 0x9A), PIV_IMPORTED);
	}
}

/* RFC 8032, 7.1, test 1. */
static void an_ed25519_key_signs(void **state)
{
	struct bench *b = *state;
	uint8_t key[SJ_CFRG_KEY];

	piv_administer(b);
	assert_int_equal(
		import(b, YUBICO_ALG_ED25519, 0x9A,
		       HEX("07209D61B19DEFFD5A60BA844AF492EC2CC44449C5697B326919703BAC031CAE7F60")),
		SJ_SW_OK);
	assert_bytes(piv_public_key(b, 0x9A).point,
		     "D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A");
	memcpy(key, piv_public_key(b, 0x9A).point.ptr, sizeof(key));
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(piv_use(b, YUBICO_ALG_ED25519, 0x9A, 0x81, SJ_SPAN_STR("hello")),
			 SJ_SW_OK);
	assert_int_equal(b->data.len, SJ_ED25519_SIGNATURE);
	assert_true(sj_ed25519_verify(key, SJ_SPAN_STR("hello"), b->data.ptr));
}

/* RFC 7748, 6.1. */
static void an_x25519_key_agrees(void **state)
{
	struct bench *b = *state;

	piv_administer(b);
	assert_int_equal(
		import(b, YUBICO_ALG_X25519, 0x9D,
		       HEX("0820"
			   "77076D0A7318A57D3C16C17251B26645DF4C2F87EBC0992AB177FBA51DB92C2A")),
		SJ_SW_OK);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(
		piv_use(b, YUBICO_ALG_X25519, 0x9D, 0x85,
			HEX("DE9EDB7D7B7DC1B4D35B61C2ECE435373F8343C85B78674DADFC7E146F882B4F")),
		SJ_SW_OK);
	assert_bytes(b->data, "4A5D9D5BA4CE2DE1728E3BF480350F25E07E21C947D19E3376F09B3C1E161742");
}

static void an_rsa_key_deciphers(void **state)
{
	static uint8_t private_key[SJ_RSA_PRIVATE_MAX], spki[SJ_RSA_SPKI_MAX], objects[2048];
	struct sj_writer k = SJ_WRITER_OF(private_key), p = SJ_WRITER_OF(spki),
			 w = SJ_WRITER_OF(objects);
	uint8_t in[256] = { 0, 2, 3 }, expected[SJ_RSA_MAX];
	struct bench *b = *state;

	assert_true(sj_rsa_generate(2048, &k, &p));
	put_rsa(&w, sj_written(&k));
	sj_tlv_put(&w, YUBICO_TAG_PIN_POLICY, SJ_SPAN_STR("\1"));
	piv_administer(b);
	assert_int_equal(import(b, PIV_ALG_RSA_2048, 0x82, sj_written(&w)), SJ_SW_OK);
	assert_int_equal(piv_use(b, PIV_ALG_RSA_2048, 0x82, 0x81, SJ_SPAN_OF(in)), SJ_SW_OK);
	assert_true(sj_rsa_private(sj_written(&k), SJ_SPAN_OF(in), expected));
	assert_memory_equal(b->data.ptr, expected, sizeof(in));
	assert_int_equal(import(b, PIV_ALG_RSA_3072, 0x82, sj_written(&w)), SJ_SW_WRONG_DATA);
}

static void policies_are_kept(void **state)
{
	struct bench *b = *state;
	struct piv_key key;

	piv_administer(b);
	for (uint8_t policy = 1; policy <= 3; policy++) {
		uint8_t objects[40] = { 0 };
		struct sj_writer w = SJ_WRITER_OF(objects);

		sj_put(&w, HEX("0620" SCALAR_32 "AB0101AA01"));
		sj_put_u8(&w, policy);
		assert_int_equal(import(b, PIV_ALG_P256, 0x9D, sj_written(&w)), SJ_SW_OK);
		assert_true(piv_key_find(b->store, 0x9D, &key));
		assert_int_equal(key.pin_policy, policy);
		assert_int_equal(key.touch_policy, 1);
	}
}

static void a_key_of_the_issuer(void **state)
{
	struct bench *b = bench_new();
	struct piv_key key;

	(void)state;
	bench_manage(b);
	assert_int_equal(bench_do(b, INSTALL_PIV), SJ_SW_OK);
	b->block = 0;
	assert_int_equal(bench_dgi_hex(b, 0x0021, "9D1103010620" SCALAR_32), SJ_SW_OK);
	assert_true(piv_key_find(b->store, 0x9D, &key));
	assert_int_equal(key.origin, PIV_IMPORTED);
	assert_int_equal(key.pin_policy, 3);
	assert_int_equal(bench_dgi_hex(b, 0x0021, "9D1103"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(b, 0x0021, "9B1103010620" SCALAR_32), SJ_SW_WRONG_DATA);
	bench_free(b);
}

/* --- wrong ones --------------------------------------------------------------------------------- */

static void import_wants_the_management_key(void **state)
{
	assert_int_equal(bench_do(*state, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(import(*state, PIV_ALG_P256, 0x9A, HEX("0620" SCALAR_32)),
			 SJ_SW_SECURITY_STATUS);
	assert_int_equal(origin_of(*state, 0x9A), PIV_GENERATED);
}

static void references_that_take_no_key(void **state)
{
	static const uint8_t refs[] = { 0x00, 0x04, 0x80, 0x81, 0x96, 0x99, 0x9B, 0x9F, 0xFF };

	piv_administer(*state);
	for (size_t i = 0; i < sizeof(refs); i++)
		assert_int_equal(import(*state, PIV_ALG_P256, refs[i], HEX("0620" SCALAR_32)),
				 SJ_SW_WRONG_P1P2);
}

static void what_is_no_key(void **state)
{
	static const struct {
		uint8_t algorithm;
		const char *objects;
	} wrong[] = {
		{ PIV_ALG_P256, "0120" SCALAR_32 }, /* another object */
		{ PIV_ALG_P256, "0620" SCALAR_32 "0620" SCALAR_32 }, /* twice */
		{ PIV_ALG_P256, "0620" SCALAR_32 "0720" SCALAR_32 },
		{ PIV_ALG_P256, "0620" SCALAR_32 "0900" },
		{ PIV_ALG_P256, "062000000000000000000000000000000000000000000000000000000000000000"
				"0000" },
		{ PIV_ALG_P256, "0620FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
				"FFFF" }, /* not below the order */
		{ PIV_ALG_P256, "0630" SCALAR_48 },
		{ PIV_ALG_P384, "0620FF" },
		{ PIV_ALG_CS2, "0620" SCALAR_32 }, /* key 04's alone */
		{ PIV_ALG_P256, "0620" SCALAR_32 "AA0104" }, /* policies that are none */
		{ PIV_ALG_P256, "0620" SCALAR_32 "AA020101" },
		{ PIV_ALG_P256, "0620" SCALAR_32 "AB0102" }, /* touch */
		{ PIV_ALG_P256, "0620" SCALAR_32 "AB0103" },
		{ YUBICO_ALG_ED25519,
		  "071F"
		  "01020304050607080102030405060708010203040506070801020304050607" },
		{ YUBICO_ALG_ED25519, "0820" SCALAR_32 },
		{ YUBICO_ALG_X25519, "0820" SCALAR_32 }, /* not in 9A */
		{ PIV_ALG_RSA_2048, "0100020003000400"
				    "0500" },
		{ PIV_ALG_RSA_1024, "0100020003000400"
				    "0500" },
		{ PIV_ALG_3DES, "0620" SCALAR_32 },
		{ 0x00, "0620" SCALAR_32 },
	};
	struct bench *b = *state;

	piv_administer(b);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(import(b, wrong[i].algorithm, 0x9A, HEX(wrong[i].objects)),
				 SJ_SW_WRONG_DATA);
	assert_int_equal(origin_of(b, 0x9A), PIV_GENERATED);
}

static void every_truncation_is_refused(void **state)
{
	struct sj_span whole = HEX("0620" SCALAR_32 "AA0102AB0101");
	struct bench *b = *state;

	piv_administer(b);
	for (size_t n = 1; n < whole.len; n++) {
		bool ends = n == 34 || n == 37; /* behind an object */

		assert_int_equal(import(b, PIV_ALG_P256, 0x9A, sj_span(whole.ptr, n)),
				 ends ? SJ_SW_OK : SJ_SW_WRONG_DATA);
	}
}

/* --- places ---------------------------------------------------------------------------------------- */

static void a_key_moves_with_its_policies(void **state)
{
	struct bench *b = *state;
	uint8_t before[SJ_EC_POINT_MAX];
	struct piv_key key;

	memcpy(before, piv_public_key(b, 0x9C).point.ptr, 65);
	piv_administer(b);
	assert_int_equal(bench_do(b, "00F6839C"), SJ_SW_OK);
	assert_false(piv_key_find(b->store, 0x9C, &key));
	assert_true(piv_key_find(b->store, 0x83, &key));
	assert_int_equal(key.origin, PIV_GENERATED);
	assert_int_equal(key.pin_policy, YUBICO_PIN_POLICY_ALWAYS);
	assert_memory_equal(piv_public_key(b, 0x83).point.ptr, before, 65);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(piv_use(b, PIV_ALG_P256, 0x83, 0x81, HEX(DIGEST)), SJ_SW_OK);
}

static void a_key_is_deleted(void **state)
{
	struct bench *b = *state;
	struct sj_span content;
	struct piv_key key;

	piv_administer(b);
	assert_int_equal(bench_do(b, "00F6FF9A"), SJ_SW_OK);
	assert_false(piv_key_find(b->store, 0x9A, &key));
	assert_false(piv_key_public(b->store, 0x9A, &content));
	assert_int_equal(bench_do(b, "00F6FF9A"), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(piv_get(b, PIV_OBJECT_AUTHENTICATION_CERTIFICATE), SJ_SW_OK);
}

static void moves_that_are_refused(void **state)
{
	static const struct {
		const char *command;
		uint16_t sw;
	} wrong[] = {
		{ "00F69A9C", SJ_SW_CONDITIONS }, /* there is a key */
		{ "00F69A9A", SJ_SW_CONDITIONS }, { "00F6F99A", SJ_SW_CONDITIONS },
		{ "00F69AF9", SJ_SW_CONDITIONS }, { "00F68485", SJ_SW_REFERENCE_NOT_FOUND },
		{ "00F6049A", SJ_SW_WRONG_P1P2 }, { "00F68404", SJ_SW_WRONG_P1P2 },
		{ "00F6FF9B", SJ_SW_WRONG_P1P2 }, { "00F6FF04", SJ_SW_WRONG_P1P2 },
	};
	struct bench *b = *state;
	uint8_t content[PIV_CONTENT_SIZE];
	struct sj_span now;

	assert_int_equal(bench_do(b, "00F6849A"), SJ_SW_SECURITY_STATUS);
	piv_administer(b);
	assert_true(card_store_get(b->store, PIV_STORE_CONTENT, &now));
	memcpy(content, now.ptr, sizeof(content));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_do(b, wrong[i].command), wrong[i].sw);
	assert_true(card_store_get(b->store, PIV_STORE_CONTENT, &now));
	assert_memory_equal(now.ptr, content, sizeof(content));
}

/* Programs that keep copies see that something is new. */
static void import_and_move_change_the_content(void **state)
{
	struct bench *b = *state;
	uint8_t content[PIV_CONTENT_SIZE];
	struct sj_span now;

	piv_administer(b);
	assert_true(card_store_get(b->store, PIV_STORE_CONTENT, &now));
	memcpy(content, now.ptr, sizeof(content));
	assert_int_equal(import(b, PIV_ALG_P256, 0x9A, HEX("0620" SCALAR_32)), SJ_SW_OK);
	assert_true(card_store_get(b->store, PIV_STORE_CONTENT, &now));
	assert_memory_not_equal(now.ptr, content, sizeof(content));
	memcpy(content, now.ptr, sizeof(content));
	assert_int_equal(bench_do(b, "00F6849A"), SJ_SW_OK);
	assert_true(card_store_get(b->store, PIV_STORE_CONTENT, &now));
	assert_memory_not_equal(now.ptr, content, sizeof(content));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIV_CASE(an_ec_key_signs),
		PIV_CASE(an_ed25519_key_signs),
		PIV_CASE(an_x25519_key_agrees),
		PIV_CASE(an_rsa_key_deciphers),
		PIV_CASE(policies_are_kept),
		cmocka_unit_test(a_key_of_the_issuer),
		PIV_CASE(import_wants_the_management_key),
		PIV_CASE(references_that_take_no_key),
		PIV_CASE(what_is_no_key),
		PIV_CASE(every_truncation_is_refused),
		PIV_CASE(a_key_moves_with_its_policies),
		PIV_CASE(a_key_is_deleted),
		PIV_CASE(moves_that_are_refused),
		PIV_CASE(import_and_move_change_the_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
