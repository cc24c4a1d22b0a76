#include "secure/bac.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/icao_bac.h"

static struct sj_bac_keys keys_of_appendix_d(void)
{
	struct sj_bac_keys keys;

	assert_true(sj_bac_keys(SJ_SPAN_STR(BAC_MRZ_INFORMATION), &keys));
	return keys;
}

static void keys_from_the_mrz(void **state)
{
	const struct sj_bac_keys keys = keys_of_appendix_d();

	(void)state;
	assert_hex(SJ_SPAN_OF(keys.enc), BAC_K_ENC);
	assert_hex(SJ_SPAN_OF(keys.mac), BAC_K_MAC);
}

static struct sj_bac_content content(const char *own, const char *peer, const char *keying)
{
	struct sj_bac_content c;

	memcpy(c.rnd_own, hex(own).ptr, sizeof(c.rnd_own));
	memcpy(c.rnd_peer, hex(peer).ptr, sizeof(c.rnd_peer));
	memcpy(c.keying, hex(keying).ptr, sizeof(c.keying));
	return c;
}

static void tokens_of_both_ends(void **state)
{
	const struct sj_bac_keys keys = keys_of_appendix_d();
	const struct sj_bac_content ifd = content(BAC_RND_IFD, BAC_RND_IC, BAC_K_IFD);
	const struct sj_bac_content ic = content(BAC_RND_IC, BAC_RND_IFD, BAC_K_IC);
	uint8_t token[SJ_BAC_TOKEN];

	(void)state;
	assert_true(sj_bac_token_seal(&keys, &ifd, token));
	assert_hex(SJ_SPAN_OF(token), BAC_TOKEN_IFD);
	assert_true(sj_bac_token_seal(&keys, &ic, token));
	assert_hex(SJ_SPAN_OF(token), BAC_TOKEN_IC);
}

static void token_opens_to_its_content(void **state)
{
	const struct sj_bac_keys keys = keys_of_appendix_d();
	struct sj_bac_content c;

	(void)state;
	assert_true(sj_bac_token_open(&keys, hex(BAC_TOKEN_IFD), &c));
	assert_hex(SJ_SPAN_OF(c.rnd_own), BAC_RND_IFD);
	assert_hex(SJ_SPAN_OF(c.rnd_peer), BAC_RND_IC);
	assert_hex(SJ_SPAN_OF(c.keying), BAC_K_IFD);
}

static void any_altered_bit_closes_the_token(void **state)
{
	const struct sj_bac_keys keys = keys_of_appendix_d();
	uint8_t token[SJ_BAC_TOKEN];
	struct sj_bac_content c;

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(token); bit++) {
		memcpy(token, hex(BAC_TOKEN_IFD).ptr, sizeof(token));
		token[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(sj_bac_token_open(&keys, SJ_SPAN_OF(token), &c));
	}
	for (size_t n = 0; n < sizeof(token); n++)
		assert_false(sj_bac_token_open(&keys, sj_span(hex(BAC_TOKEN_IFD).ptr, n), &c));
}

static void session_keys_and_counter(void **state)
{
	struct sj_sm_keys keys;
	struct sj_ssc ssc;

	(void)state;
	assert_true(sj_bac_session(hex(BAC_K_IFD).ptr, hex(BAC_K_IC).ptr, hex(BAC_RND_IFD).ptr,
				   hex(BAC_RND_IC).ptr, &keys, &ssc));
	assert_int_equal(keys.cipher, SJ_CIPHER_3DES);
	assert_hex(sj_span(keys.enc, 16), BAC_KS_ENC);
	assert_hex(sj_span(keys.mac, 16), BAC_KS_MAC);
	assert_hex(sj_span(ssc.bytes, 8), BAC_SSC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_from_the_mrz),
		cmocka_unit_test(tokens_of_both_ends),
		cmocka_unit_test(token_opens_to_its_content),
		cmocka_unit_test(any_altered_bit_closes_the_token),
		cmocka_unit_test(session_keys_and_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
