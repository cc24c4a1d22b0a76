/* Management of a key card: the management key, making, bringing, deleting keys, certificates. */
#include "crypt/rsa.h"
#include "crypt/sign.h"
#include "tests/reader/piv_stage.h"

static void random_bytes_come_from_the_card(void **state)
{
	struct piv_stage *s = *state;
	uint8_t a[40] = { 0 }, b[40] = { 0 };

	assert_int_equal(sj_piv_random(s->piv, a, sizeof(a)), SJ_OK);
	assert_int_equal(sj_piv_random(s->piv, b, sizeof(b)), SJ_OK);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + 32, "\0\0\0\0\0\0\0", 8);
}

static void the_management_key_is_proved_and_replaced(void **state)
{
	static const uint8_t wrong[24] = { 1 }, next[32] = { 2, 3 };
	enum sj_piv_algorithm algorithm = SJ_PIV_ALGORITHM_NONE;
	struct piv_stage *s = *state;

	assert_int_equal(sj_piv_admin_algorithm(s->piv, &algorithm), SJ_OK);
	assert_int_equal(algorithm, SJ_PIV_AES_192);
	assert_int_equal(sj_piv_administer(s->piv, algorithm, wrong, 24), SJ_WRONG_ADMIN_KEY);
	assert_int_equal(sj_piv_administer(s->piv, algorithm, wrong, 23), SJ_SECRET_MALFORMED);
	assert_int_equal(sj_piv_set_admin_key(s->piv, SJ_PIV_AES_256, next, 32), SJ_CARD_REFUSED);
	piv_stage_administer(s);
	assert_int_equal(sj_piv_set_admin_key(s->piv, SJ_PIV_AES_256, next, 32), SJ_OK);
	assert_int_equal(sj_piv_administer(s->piv, SJ_PIV_AES_256, next, 32), SJ_OK);
}

static void three_keys_of_3des_work_too(void **state)
{
	struct piv_stage *s = *state;
	uint8_t key[24];

	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7 + 1);
	piv_stage_administer(s);
	assert_int_equal(sj_piv_set_admin_key(s->piv, SJ_PIV_3DES, key, 24), SJ_OK);
	assert_int_equal(sj_piv_administer(s->piv, SJ_PIV_3DES, key, 24), SJ_OK);
	assert_int_equal(sj_piv_random(s->piv, key, sizeof(key)), SJ_OK);
}

static void writing_needs_the_management_key(void **state)
{
	struct piv_stage *s = *state;

	assert_int_equal(sj_piv_write(s->piv, 0x5FFF10, (const uint8_t *)"x", 1), SJ_CARD_REFUSED);
	assert_int_equal(sj_piv_status_word(s->piv), 0x6982);
}

/* Every kind of key is made, told by the card as it was made, and signs. */
static void keys_of_every_kind_are_made(void **state)
{
	static const enum sj_piv_algorithm kinds[] = { SJ_PIV_P256, SJ_PIV_P384, SJ_PIV_ED25519,
						       SJ_PIV_X25519, SJ_PIV_RSA_2048 };
	struct piv_stage *s = *state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint8_t spki[SJ_PIV_SPKI_MAX], in[256] = { 0, 1 }, out[SJ_PIV_BLOCK_MAX];
		struct sj_piv_key_info info = { .size = sizeof(info) };
		size_t len = sizeof(spki), out_len = sizeof(out);

		piv_stage_administer(s);
		assert_int_equal(
			sj_piv_generate(s->piv, 0x83, kinds[i], SJ_PIV_PIN_NEVER, spki, &len),
			SJ_OK);
		assert_int_equal(sj_piv_key_info(s->piv, 0x83, &info), SJ_OK);
		assert_int_equal(info.algorithm, kinds[i]);
		assert_true(info.pin_never && info.generated);
		assert_int_equal(info.spki_len, len);
		assert_memory_equal(info.spki, spki, len);
		if (kinds[i] != SJ_PIV_X25519)
			assert_int_equal(sj_piv_sign(s->piv, 0x83, kinds[i], in,
						     kinds[i] == SJ_PIV_RSA_2048 ? 256 : 32, out,
						     &out_len),
					 SJ_OK);
	}
}

/* A key made elsewhere is brought in and is the same. */
static void keys_of_every_kind_are_imported(void **state)
{
	static const char *const kinds[] = { "P-256", "P-384", "RSA-2048" };
	struct piv_stage *s = *state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct sj_piv_key_info info = { .size = sizeof(info) };
		struct sj_key *key = sj_key_generate(kinds[i]);
		uint8_t pkcs8[SJ_RSA_PRIVATE_MAX], spki[SJ_PIV_SPKI_MAX];
		struct sj_writer w = SJ_WRITER_OF(pkcs8), p = SJ_WRITER_OF(spki);

		assert_true(sj_key_put(key, &w) && sj_key_put_public(key, false, &p));
		piv_stage_administer(s);
		assert_int_equal(sj_piv_import(s->piv, 0x84, pkcs8, w.len, SJ_PIV_PIN_ALWAYS),
				 SJ_OK);
		assert_int_equal(sj_piv_key_info(s->piv, 0x84, &info), SJ_OK);
		assert_false(info.generated);
		assert_true(info.pin_always);
		assert_int_equal(info.spki_len, p.len);
		assert_memory_equal(info.spki, spki, p.len);
		sj_key_free(key);
	}
}

static void what_is_no_key_is_not_imported(void **state)
{
	struct sj_key *key = sj_key_generate("P-256");
	struct piv_stage *s = *state;
	uint8_t pkcs8[512];
	struct sj_writer w = SJ_WRITER_OF(pkcs8);
	unsigned sent = s->sent;

	assert_true(sj_key_put(key, &w));
	for (size_t n = 0; n < w.len; n++)
		assert_int_equal(sj_piv_import(s->piv, 0x84, pkcs8, n, SJ_PIV_POLICY_DEFAULT),
				 SJ_INPUT_MALFORMED);
	assert_int_equal(s->sent, sent);
	sj_key_free(key);
}

static void a_key_is_deleted(void **state)
{
	struct sj_piv_key_info info = { .size = sizeof(info) };
	struct piv_stage *s = *state;

	piv_stage_administer(s);
	assert_int_equal(sj_piv_delete_key(s->piv, 0x82), SJ_OK);
	assert_int_equal(sj_piv_write(s->piv, 0x5FC10D, NULL, 0), SJ_OK);
	assert_int_equal(sj_piv_key_info(s->piv, 0x82, &info), SJ_KEY_ABSENT);
}

static void a_certificate_comes_back_as_written(void **state)
{
	struct piv_stage *s = *state;
	struct sj_piv_key_info info = { .size = sizeof(info) };
	uint8_t der[1200], back[1200];
	size_t len, back_len = sizeof(back);

	assert_int_equal(sj_piv_key_info(s->piv, 0x9E, &info), SJ_OK);
	len = piv_stage_certificate(sj_span(info.spki, info.spki_len), der, sizeof(der));
	piv_stage_administer(s);
	assert_int_equal(sj_piv_write_certificate(s->piv, 0x9E, der, len), SJ_OK);
	assert_int_equal(sj_piv_read_certificate(s->piv, 0x9E, back, &back_len), SJ_OK);
	assert_int_equal(back_len, len);
	assert_memory_equal(back, der, len);
	assert_int_equal(sj_piv_write_certificate(s->piv, 0x9E, der, len - 1), SJ_INPUT_MALFORMED);
	assert_int_equal(sj_piv_write_certificate(s->piv, 0x9E, NULL, 0), SJ_OK);
	assert_int_equal(sj_piv_read_certificate(s->piv, 0x9E, back, &back_len), SJ_KEY_ABSENT);
	assert_int_equal(sj_piv_read_certificate(s->piv, 0x9B, back, &back_len), SJ_USAGE);
}

static void only_a_blocked_card_is_emptied(void **state)
{
	struct piv_stage *s = *state;

	assert_int_equal(sj_piv_reset(s->piv), SJ_CARD_REFUSED);
	while (sj_piv_verify(s->piv, SJ_PIV_PIN, "999999", 6, NULL) == SJ_WRONG_PIN)
		;
	while (sj_piv_unblock(s->piv, "99999999", 8, "555555", 6, NULL) == SJ_WRONG_PUK)
		;
	assert_int_equal(sj_piv_reset(s->piv), SJ_OK);
	assert_int_equal(sj_piv_verify(s->piv, SJ_PIV_PIN, "123456", 6, NULL), SJ_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_CASE(random_bytes_come_from_the_card),
		STAGE_CASE(the_management_key_is_proved_and_replaced),
		STAGE_CASE(three_keys_of_3des_work_too),
		STAGE_CASE(writing_needs_the_management_key),
		STAGE_CASE(keys_of_every_kind_are_made),
		STAGE_CASE(keys_of_every_kind_are_imported),
		STAGE_CASE(what_is_no_key_is_not_imported),
		STAGE_CASE(a_key_is_deleted),
		STAGE_CASE(a_certificate_comes_back_as_written),
		STAGE_CASE(only_a_blocked_card_is_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
