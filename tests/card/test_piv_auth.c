/* The key applet's GENERAL AUTHENTICATE and key generation, case by case. */
#include "applets/piv/state.h"
#include "secure/piv_spki.h"
#include "tests/card/piv_rig.h"

#define DIGEST "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"

/* A new key on the card in this place; the PIN is verified, the management key proved. */
static void make_key(struct bench *b, uint8_t ref, uint8_t algorithm)
{
	const uint8_t command[] = { 0x00, 0x47, 0x00, ref,       0x05, 0xAC,
				    0x03, 0x80, 0x01, algorithm, 0x00 };
	struct sj_apdu apdu;

	piv_administer(b);
	assert_true(sj_apdu_parse(SJ_SPAN_OF(command), &apdu));
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
}

static struct sj_ec_point point_of(struct bench *b, uint8_t ref, enum sj_curve curve)
{
	struct sj_ec_point point;

	assert_true(sj_ec_point_read(curve, piv_public_key(b, ref).point, &point));
	return point;
}

/* --- signatures -------------------------------------------------------------------------------- */

static void assert_ecdsa(struct bench *b, uint8_t ref, uint8_t algorithm, struct sj_span digest)
{
	const enum sj_curve curve = sj_piv_curve(algorithm);
	uint8_t plain[SJ_EC_SIGNATURE_MAX];
	struct sj_ec_point point;

	assert_int_equal(piv_use(b, algorithm, ref, PIV_TAG_CHALLENGE, digest), SJ_SW_OK);
	point = point_of(b, ref, curve);
	assert_true(sj_ecdsa_from_der(b->data, sj_curve_order_size(curve), plain));
	assert_true(sj_ec_verify(curve, &point, digest,
				 sj_span(plain, 2 * sj_curve_order_size(curve))));
}

static void ecdsa_signatures_are_der(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_ecdsa(b, 0x9A, PIV_ALG_P256, HEX(DIGEST));
	assert_ecdsa(b, 0x9A, PIV_ALG_P256, HEX("0011223344556677889900112233445566778899"));
	assert_ecdsa(b, 0x9A, PIV_ALG_P256, HEX(DIGEST DIGEST));
	make_key(b, 0x9A, PIV_ALG_P384);
	assert_ecdsa(b, 0x9A, PIV_ALG_P384, HEX(DIGEST "00112233445566778899AABBCCDDEEFF"));
}

static void ed25519_signs_the_message(void **state)
{
	struct bench *b = *state;
	uint8_t message[1000];

	memset(message, 0x42, sizeof(message));
	make_key(b, 0x9A, YUBICO_ALG_ED25519);
	for (size_t n = 1; n <= sizeof(message); n += 333) {
		assert_int_equal(piv_use(b, YUBICO_ALG_ED25519, 0x9A, PIV_TAG_CHALLENGE,
					 sj_span(message, n)),
				 SJ_SW_OK);
		assert_int_equal(b->data.len, SJ_ED25519_SIGNATURE);
		assert_true(sj_ed25519_verify(piv_public_key(b, 0x9A).point.ptr,
					      sj_span(message, n), b->data.ptr));
	}
}

/* SubjectPublicKeyInfo of a key in the store. */
static struct sj_span rsa_spki(struct bench *b, uint8_t ref, uint8_t *out, size_t cap)
{
	static const uint8_t identifier[] = { 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
					      0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00 };
	struct sj_piv_public public = piv_public_key(b, ref);
	struct sj_writer w = sj_writer(out, cap);
	size_t body = sj_tlv_open(&w), bits, key, number;

	sj_put(&w, SJ_SPAN_OF(identifier));
	bits = sj_tlv_open(&w);
	sj_put_u8(&w, 0);
	key = sj_tlv_open(&w);
	number = sj_tlv_open(&w);
	sj_put_u8(&w, 0);
	sj_put(&w, public.modulus);
	sj_tlv_close(&w, 0x02, number);
	sj_tlv_put(&w, 0x02, public.exponent);
	sj_tlv_close(&w, 0x30, key);
	sj_tlv_close(&w, 0x03, bits);
	sj_tlv_close(&w, 0x30, body);
	assert_false(w.failed);
	return sj_written(&w);
}

static void assert_rsa(struct bench *b, uint8_t algorithm, size_t size)
{
	uint8_t block[SJ_RSA_MAX], spki[SJ_RSA_SPKI_MAX], back[SJ_RSA_MAX];

	make_key(b, 0x9D, algorithm);
	memset(block, 0x5A, sizeof(block));
	block[0] = 0;
	assert_int_equal(piv_use(b, algorithm, 0x9D, PIV_TAG_CHALLENGE, sj_span(block, size)),
			 SJ_SW_OK);
	assert_int_equal(b->data.len, size);
	assert_true(sj_rsa_public(rsa_spki(b, 0x9D, spki, sizeof(spki)), b->data, back));
	assert_memory_equal(back, block, size);
}

static void rsa_is_raw(void **state)
{
	assert_rsa(*state, PIV_ALG_RSA_2048, 256);
	assert_rsa(*state, PIV_ALG_RSA_3072, 384);
}

static void an_rsa_block_of_another_size_or_not_below_the_modulus(void **state)
{
	struct bench *b = *state;
	uint8_t block[257];

	make_key(b, 0x9D, PIV_ALG_RSA_2048);
	memset(block, 0xFF, sizeof(block));
	assert_int_equal(piv_use(b, PIV_ALG_RSA_2048, 0x9D, 0x81, sj_span(block, 256)),
			 SJ_SW_WRONG_DATA);
	block[0] = 0;
	assert_int_equal(piv_use(b, PIV_ALG_RSA_2048, 0x9D, 0x81, sj_span(block, 255)),
			 SJ_SW_WRONG_DATA);
	assert_int_equal(piv_use(b, PIV_ALG_RSA_2048, 0x9D, 0x81, sj_span(block, 257)),
			 SJ_SW_WRONG_DATA);
	assert_int_equal(piv_use(b, PIV_ALG_RSA_2048, 0x9D, 0x85, sj_span(block, 256)),
			 SJ_SW_WRONG_DATA);
}

/* As a program without extended length sends it: a chain, and GET RESPONSE. */
static void a_block_goes_in_a_chain(void **state)
{
	static const uint8_t head[] = {
		0x7C, 0x82, 0x01, 0x06, 0x82, 0x00, 0x81, 0x82, 0x01, 0x00
	};
	struct bench *b = *state;
	uint8_t data[sizeof(head) + 256] = { 0 };
	struct sj_apdu apdu = { .cla = 0x10, .ins = 0x87, .p1 = PIV_ALG_RSA_2048, .p2 = 0x9D };

	make_key(b, 0x9D, PIV_ALG_RSA_2048);
	memcpy(data, head, sizeof(head));
	data[sizeof(data) - 1] = 2;
	apdu.data = sj_span(data, 255);
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	assert_int_equal(b->data.len, 0);
	apdu.cla = 0x00;
	apdu.ne = 256;
	apdu.data = sj_span(data + 255, sizeof(data) - 255);
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	assert_int_equal(b->data.len, 4 + 4 + 256);
}

/* Part 2, 3.2.4: an interrupted chain has no effect. */
static void a_chain_that_is_interrupted(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, "1087119A057C2482008120"), SJ_SW_OK);
	assert_int_equal(piv_get(b, 0x7E), SJ_SW_LAST_OF_CHAIN_EXPECTED);
	assert_ecdsa(b, 0x9A, PIV_ALG_P256, HEX(DIGEST));
}

/* --- agreement ------------------------------------------------------------------------------------ */

static void assert_ecdh(struct bench *b, uint8_t ref, uint8_t algorithm)
{
	const enum sj_curve curve = sj_piv_curve(algorithm);
	const struct sj_random rnd = sj_random_system();
	uint8_t shared[SJ_EC_FIELD_MAX];
	struct sj_ec_secret k;
	struct sj_ec_point own, card;

	assert_true(sj_ec_secret_random(curve, &rnd, &k));
	assert_true(sj_ec_multiply(curve, &k, NULL, &own));
	assert_int_equal(piv_use(b, algorithm, ref, PIV_TAG_EXPONENTIATION, sj_ec_point_span(&own)),
			 SJ_SW_OK);
	card = point_of(b, ref, curve);
	assert_true(sj_ec_agree(curve, &k, &card, shared));
	assert_int_equal(b->data.len, sj_curve_field_size(curve));
	assert_memory_equal(b->data.ptr, shared, b->data.len);
}

static void agreement_on_two_curves_and_x25519(void **state)
{
	static const uint8_t k[SJ_CFRG_KEY] = { 1, 2, 3 };
	struct bench *b = *state;
	uint8_t own[SJ_CFRG_KEY], shared[SJ_CFRG_KEY];

	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_ecdh(b, 0x9D, PIV_ALG_P256);
	assert_ecdh(b, 0x82, PIV_ALG_P256);
	make_key(b, 0x95, PIV_ALG_P384);
	assert_ecdh(b, 0x95, PIV_ALG_P384);
	make_key(b, 0x9D, YUBICO_ALG_X25519);
	assert_true(sj_x25519_public(k, own));
	assert_int_equal(piv_use(b, YUBICO_ALG_X25519, 0x9D, 0x85, SJ_SPAN_OF(own)), SJ_SW_OK);
	assert_true(sj_x25519_agree(k, piv_public_key(b, 0x9D).point.ptr, shared));
	assert_memory_equal(b->data.ptr, shared, sizeof(shared));
}

static void no_agreement_with_the_other_keys(void **state)
{
	static const uint8_t refs[] = { 0x9A, 0x9C, 0x9E };
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(refs); i++) {
		struct sj_ec_point card = point_of(b, refs[i], SJ_P256);

		assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
		assert_int_equal(piv_use(b, PIV_ALG_P256, refs[i], 0x85, sj_ec_point_span(&card)),
				 SJ_SW_WRONG_DATA);
	}
}

static void points_that_are_none(void **state)
{
	struct bench *b = *state;
	struct sj_ec_point p = point_of(b, 0x9D, SJ_P256);

	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	p.bytes[64] ^= 1; /* not on the curve */
	assert_int_equal(piv_use(b, PIV_ALG_P256, 0x9D, 0x85, sj_ec_point_span(&p)),
			 SJ_SW_WRONG_DATA);
	assert_int_equal(piv_use(b, PIV_ALG_P256, 0x9D, 0x85, sj_span(p.bytes, 64)),
			 SJ_SW_WRONG_DATA);
	assert_int_equal(piv_use(b, PIV_ALG_P256, 0x9D, 0x85, HEX("00")), SJ_SW_WRONG_DATA);
	assert_int_equal(piv_use(b, PIV_ALG_P256, 0x9D, 0x85, sj_span(NULL, 0)), SJ_SW_WRONG_DATA);
	make_key(b, 0x9D, YUBICO_ALG_X25519);
	assert_int_equal(piv_use(b, YUBICO_ALG_X25519, 0x9D, 0x85, HEX(DIGEST "00")),
			 SJ_SW_WRONG_DATA);
	assert_int_equal(piv_use(b, YUBICO_ALG_X25519, 0x9D, 0x81, HEX(DIGEST)), SJ_SW_WRONG_DATA);
}

/* --- which key, which template ------------------------------------------------------------------- */

static void keys_and_algorithms_that_are_not_there(void **state)
{
	static const uint8_t refs[] = { 0x83, 0x95, 0xF9, 0x00, 0x80, 0x96, 0x9F, 0x81 };
	struct bench *b = *state;

	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	for (size_t i = 0; i < sizeof(refs); i++)
		assert_int_equal(piv_use(b, PIV_ALG_P256, refs[i], 0x81, HEX(DIGEST)),
				 SJ_SW_WRONG_P1P2);
	for (unsigned algorithm = 0; algorithm < 256; algorithm++)
		if (algorithm != PIV_ALG_P256)
			assert_int_equal(piv_use(b, (uint8_t)algorithm, 0x9A, 0x81, HEX(DIGEST)),
					 SJ_SW_WRONG_P1P2);
	assert_int_equal(piv_authenticate(b, PIV_ALG_P256, 0x04, "8200"), SJ_SW_WRONG_P1P2);
	assert_int_equal(piv_authenticate(b, PIV_ALG_CS7, 0x04, "8200"), SJ_SW_WRONG_P1P2);
}

static void templates_that_are_none(void **state)
{
	static const char *const wrong[] = {
		"",
		"8200",
		"81028200",
		"8202AAAA8102BBBB",
		"820080028102AA",
		"82008102AAAA8502AAAA",
		"8102AAAA",
		"8200810082008100",
		"8200810385",
		"8400",
		"82008000",
		"82008100",
	};
	struct bench *b = *state;

	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(piv_authenticate(b, PIV_ALG_P256, 0x9A, wrong[i]),
				 SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "0087119A047D02820000"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "0087119A057C0282000000"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "0087119A"), SJ_SW_WRONG_LENGTH);
}

/* --- the PIN policies ------------------------------------------------------------------------------ */

static uint16_t sign(struct bench *b, uint8_t ref)
{
	return piv_use(b, PIV_ALG_P256, ref, 0x81, HEX(DIGEST));
}

static void always_means_the_command_just_before(void **state)
{
	static const char *const between[] = { "00CB3FFF035C017E00", "00200080", "00EE0000",
					       SELECT_PIV, "80CA0000" };
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
		bench_do(b, between[i]);
		assert_int_equal(sign(b, 0x9C), SJ_SW_SECURITY_STATUS);
		assert_int_equal(sign(b, 0x9A), SJ_SW_OK);
	}
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(sign(b, 0x9C), SJ_SW_OK);
	assert_int_equal(sign(b, 0x9C), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, VERIFY_GLOBAL), SJ_SW_OK);
	assert_int_equal(sign(b, 0x9C), SJ_SW_OK);
}

static void a_chain_is_one_command_for_always(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, "1087119C067C2482008120"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0087119C20" DIGEST "00"), SJ_SW_OK);
}

static void in_messaging_always_holds_too(void **state)
{
	struct piv_visit v;

	(void)state;
	visit_begin(&v, VCI);
	assert_int_equal(visit_say(&v, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(visit_use(&v, 0x9C), SJ_SW_OK);
	assert_int_equal(visit_use(&v, 0x9C), SJ_SW_SECURITY_STATUS);
	visit_end(&v);
}

static void policies_by_key(void **state)
{
	struct bench *b = *state;

	piv_administer(b);
	assert_int_equal(bench_do(b, "0047009A08AC06800111AA010100"), SJ_SW_OK); /* never */
	assert_int_equal(sign(b, 0x9A), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0047009A08AC06800111AA010300"), SJ_SW_OK); /* always */
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(sign(b, 0x9A), SJ_SW_OK);
	assert_int_equal(sign(b, 0x9A), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, "0047009C08AC06800111AA010200"), SJ_SW_OK); /* once */
	assert_int_equal(sign(b, 0x9C), SJ_SW_OK);
	assert_int_equal(sign(b, 0x9C), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0047009C08AC06800111AA010400"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "0047009C08AC06800111AB010200"), SJ_SW_WRONG_DATA);
}

/* --- the management key: algorithms -------------------------------------------------------------------- */

/* EXTERNAL AUTHENTICATE (A.1), with the rig's key of this algorithm. */
static uint16_t prove(struct bench *b, uint8_t algorithm, enum sj_cipher cipher, size_t block)
{
	uint8_t key[SJ_CIPHER_KEY_MAX], sealed[SJ_CIPHER_BLOCK_MAX], data[32];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .ins = 0x87, .p1 = algorithm, .p2 = 0x9B, .ne = 256 };
	struct sj_piv_auth auth;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i + 1);
	assert_int_equal(piv_authenticate(b, algorithm, 0x9B, "8100"), SJ_SW_OK);
	assert_true(sj_piv_auth_read(b->data, &auth));
	assert_int_equal(auth.challenge.len, block);
	if (block == SJ_TDES_BLOCK)
		assert_true(sj_tdes_encrypt(key, auth.challenge.ptr, sealed));
	else
		assert_true(sj_cbc_encrypt(cipher, key, NULL, auth.challenge, sealed));
	auth = (struct sj_piv_auth){ .has_response = true, .response = { sealed, block } };
	sj_piv_auth_put(&w, &auth);
	apdu.data = sj_written(&w);
	return bench_send(b, &apdu);
}

static void management_keys_of_every_algorithm(void **state)
{
	static const struct {
		uint8_t algorithm, asked;
		enum sj_cipher cipher;
		size_t block;
	} keys[] = {
		{ PIV_ALG_3DES, PIV_ALG_3DES, SJ_CIPHER_3DES, 8 },
		{ PIV_ALG_3DES, PIV_ALG_3DES_DEFAULT, SJ_CIPHER_3DES, 8 },
		{ PIV_ALG_AES_128, PIV_ALG_AES_128, SJ_CIPHER_AES128, 16 },
		{ PIV_ALG_AES_192, PIV_ALG_AES_192, SJ_CIPHER_AES192, 16 },
		{ PIV_ALG_AES_192, PIV_ALG_3DES_DEFAULT, SJ_CIPHER_AES192, 16 },
		{ PIV_ALG_AES_256, PIV_ALG_AES_256, SJ_CIPHER_AES256, 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct bench *b = piv_card(&(struct piv_plan){ .admin = keys[i].algorithm });

		assert_int_equal(prove(b, keys[i].asked, keys[i].cipher, keys[i].block), SJ_SW_OK);
		assert_int_equal(piv_put(b, 0x5FC105, HEX("01")), SJ_SW_OK);
		assert_int_equal(piv_authenticate(b, 0x11, 0x9B, "8100"), SJ_SW_WRONG_P1P2);
		bench_free(b);
	}
}

/* What the card would encrypt for anybody, it could be asked to answer itself with. */
static void the_management_key_encrypts_for_nobody(void **state)
{
	static const char block[] = "000102030405060708090A0B0C0D0E0F";
	struct bench *b = *state;
	char objects[80];

	strcpy(objects, "8110");
	strcat(objects, block);
	assert_int_equal(piv_authenticate(b, PIV_ALG_AES_192, 0x9B, objects), SJ_SW_WRONG_DATA);
	strcat(objects, "8200");
	assert_int_equal(piv_authenticate(b, PIV_ALG_AES_192, 0x9B, objects), SJ_SW_WRONG_DATA);
	assert_int_equal(piv_authenticate(b, PIV_ALG_AES_192, 0x9B, "8500"), SJ_SW_WRONG_DATA);
}

/* --- GENERATE ---------------------------------------------------------------------------------------------- */

static void generation_answers_the_public_key(void **state)
{
	struct bench *b = *state;
	struct sj_span content, in;
	struct sj_piv_public public;

	piv_administer(b);
	assert_int_equal(bench_do(b, "0047009A05AC0380011400"), SJ_SW_OK);
	in = b->data;
	assert_int_equal(sj_tlv_take(&in, PIV_TAG_PUBLIC_KEY, &content), SJ_TLV_FOUND);
	assert_true(sj_piv_public_read(content, &public));
	assert_int_equal(public.point.len, 97);
	assert_int_equal(bench_do(b, "0047009A05AC0380010700"), SJ_SW_OK);
	in = b->data;
	assert_int_equal(sj_tlv_take(&in, PIV_TAG_PUBLIC_KEY, &content), SJ_TLV_FOUND);
	assert_true(sj_piv_public_read(content, &public));
	assert_int_equal(public.modulus.len, 256);
	assert_bytes(public.exponent, "010001");
}

static void generation_that_is_refused_leaves_the_key(void **state)
{
	static const struct {
		const char *command;
		uint16_t sw;
	} wrong[] = {
		{ "0047009A05AC0380010600", SJ_SW_WRONG_DATA }, /* RSA-1024 */
		{ "0047009A05AC0380012700", SJ_SW_WRONG_DATA },
		{ "0047009A05AC038001E100", SJ_SW_WRONG_DATA }, /* X25519 cannot agree there */
		{ "0047009A02AC0000", SJ_SW_WRONG_DATA },
		{ "0047009A05AD0380011100", SJ_SW_WRONG_DATA },
		{ "0047009A08AC0680010781010300", SJ_SW_WRONG_DATA }, /* exponent 3 */
		{ "0047000405AC0380011100", SJ_SW_WRONG_P1P2 },
		{ "0047009B05AC0380011100", SJ_SW_WRONG_P1P2 },
		{ "0047008105AC0380011100", SJ_SW_WRONG_P1P2 },
		{ "0047019A05AC0380011100", SJ_SW_WRONG_P1P2 },
	};
	struct bench *b = *state;
	struct sj_ec_point before = point_of(b, 0x9A, SJ_P256), after;

	piv_administer(b);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_do(b, wrong[i].command), wrong[i].sw);
	after = point_of(b, 0x9A, SJ_P256);
	assert_memory_equal(before.bytes, after.bytes, before.len);
	assert_int_equal(bench_do(b, "0047009A0AAC08800107810301000100"), SJ_SW_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIV_CASE(ecdsa_signatures_are_der),
		PIV_CASE(ed25519_signs_the_message),
		PIV_CASE(rsa_is_raw),
		PIV_CASE(an_rsa_block_of_another_size_or_not_below_the_modulus),
		PIV_CASE(a_block_goes_in_a_chain),
		PIV_CASE(a_chain_that_is_interrupted),
		PIV_CASE(agreement_on_two_curves_and_x25519),
		PIV_CASE(no_agreement_with_the_other_keys),
		PIV_CASE(points_that_are_none),
		PIV_CASE(keys_and_algorithms_that_are_not_there),
		PIV_CASE(templates_that_are_none),
		PIV_CASE(always_means_the_command_just_before),
		PIV_CASE(a_chain_is_one_command_for_always),
		cmocka_unit_test(in_messaging_always_holds_too),
		PIV_CASE(policies_by_key),
		cmocka_unit_test(management_keys_of_every_algorithm),
		PIV_CASE(the_management_key_encrypts_for_nobody),
		PIV_CASE(generation_answers_the_public_key),
		PIV_CASE(generation_that_is_refused_leaves_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
