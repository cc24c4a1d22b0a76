#include "crypt/hash.h"
#include "tests/unit/edhoc_check.h"
#include "tests/vectors/edhoc_psk.h"

/* The printed run of method 4, step by step, each from the values printed before it. */

static const struct sj_span none = { NULL, 0 };

static void message_1_both_ways(void **state)
{
	static const uint8_t suites[] = { 2 };
	struct sj_edhoc_message_1 m;
	uint8_t buffer[64];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	(void)state;
	sj_edhoc_message_1_put(&w, SJ_EDHOC_PSK, SJ_SPAN_OF(suites), hex(PSK_G_X), hex(PSK_C_I),
			       none);
	assert_hex(sj_written(&w), PSK_MESSAGE_1);
	assert_true(sj_edhoc_message_1_parse(sj_written(&w), &m));
	assert_int_equal(m.method, SJ_EDHOC_PSK);
	assert_int_equal(m.selected, 2);
	assert_hex(m.g_x, PSK_G_X);
	assert_hex(m.c_i, PSK_C_I);
}

static void keys_and_shared_secret(void **state)
{
	(void)state;
	assert_public(sj_edhoc_suite(2), PSK_X, PSK_G_X);
	assert_public(sj_edhoc_suite(2), PSK_Y, PSK_G_Y);
	assert_agreement(sj_edhoc_suite(2), PSK_X, PSK_G_Y, PSK_G_XY);
	assert_agreement(sj_edhoc_suite(2), PSK_Y, PSK_G_X, PSK_G_XY);
}

static void hashes_and_prks(void **state)
{
	const struct sj_span message_1 = hex(PSK_MESSAGE_1);
	uint8_t h[SJ_HASH_MAX], th[SJ_EDHOC_HASH];
	struct sj_edhoc_prk prk = { .mac = NULL };

	(void)state;
	assert_true(sj_hash(SJ_SHA256, &message_1, 1, h));
	assert_hex(sj_span(h, SJ_EDHOC_HASH), PSK_H_MESSAGE_1);
	assert_true(sj_edhoc_th_2(hex(PSK_G_Y), h, th));
	assert_hex(SJ_SPAN_OF(th), PSK_TH_2);
	assert_true(sj_edhoc_extract(&prk, hex(PSK_TH_2), hex(PSK_G_XY)));
	assert_hex(SJ_SPAN_OF(prk.bytes), PSK_PRK_2E);
	sj_edhoc_prk_end(&prk);
	assert_th(PSK_TH_2, hex(PSK_PLAINTEXT_2A), none, none, PSK_TH_3);
	assert_next_prk(PSK_PRK_2E, SJ_EDHOC_SALT_4E3M, PSK_SALT_4E3M, PSK_TH_3, PSK_SECRET,
			PSK_PRK_4E3M);
}

static void message_2_both_ways(void **state)
{
	struct sj_span g_y, ciphertext;
	struct sj_edhoc_plaintext p;

	(void)state;
	assert_stream(PSK_PRK_2E, SJ_EDHOC_KEYSTREAM_2, PSK_TH_2, PSK_KEYSTREAM_2A,
		      PSK_PLAINTEXT_2A, PSK_CIPHERTEXT_2A);
	assert_true(sj_edhoc_message_2_parse(hex(PSK_MESSAGE_2), &g_y, &ciphertext));
	assert_hex(g_y, PSK_G_Y);
	assert_hex(ciphertext, PSK_CIPHERTEXT_2A);
	assert_true(sj_edhoc_plaintext_2a_parse(hex(PSK_PLAINTEXT_2A), &p));
	assert_hex(p.c_r, PSK_C_R);
	assert_int_equal(p.ead.len, 0);
}

/* ID_CRED_PSK in its compact form, as it travels. */
static struct sj_span id_cred(void)
{
	static uint8_t buffer[8];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	sj_edhoc_put_id(&w, hex(PSK_ID_CRED_KID));
	return sj_written(&w);
}

static void message_3_inner(void **state)
{
	uint8_t buffer[256];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_span travelling, ciphertext, sealed = hex(PSK_CIPHERTEXT_3B);

	(void)state;
	assert_kdf(PSK_PRK_4E3M, SJ_EDHOC_K_3, PSK_TH_3, PSK_K_3);
	assert_kdf(PSK_PRK_4E3M, SJ_EDHOC_K_3 + 1, PSK_TH_3, PSK_IV_3);
	sj_edhoc_psk_aad_put(&w, id_cred(), hex(PSK_TH_3).ptr, hex(PSK_CRED_I), hex(PSK_CRED_R));
	/* The printed CIPHERTEXT_3B is the encoded byte string. */
	assert_true(sj_edhoc_plaintext_3a_parse(hex(PSK_PLAINTEXT_3A), &travelling, &ciphertext));
	assert_true(sj_span_eq(travelling, id_cred()));
	assert_true(sj_edhoc_message_parse(sealed, &sealed) && sj_span_eq(sealed, ciphertext));
	assert_encrypt0(sj_edhoc_suite(2), PSK_PRK_4E3M, SJ_EDHOC_K_3, PSK_TH_3, sj_written(&w), "",
			&PSK_CIPHERTEXT_3B[2]);
}

static void message_3_outer(void **state)
{
	struct sj_span content;

	(void)state;
	assert_stream(PSK_PRK_2E, SJ_EDHOC_KEYSTREAM_3A, PSK_TH_3, PSK_KEYSTREAM_3A,
		      PSK_PLAINTEXT_3A, PSK_CIPHERTEXT_3A);
	assert_true(sj_edhoc_message_parse(hex(PSK_MESSAGE_3), &content));
	assert_hex(content, PSK_CIPHERTEXT_3A);
}

static void message_4(void **state)
{
	const struct sj_span creds[] = { hex(PSK_CRED_I), hex(PSK_CRED_R) };

	(void)state;
	/* PLAINTEXT_3B is empty. */
	assert_th(PSK_TH_3, id_cred(), creds[0], creds[1], PSK_TH_4);
	assert_kdf(PSK_PRK_4E3M, SJ_EDHOC_K_4, PSK_TH_4, PSK_K_4);
	assert_kdf(PSK_PRK_4E3M, SJ_EDHOC_K_4 + 1, PSK_TH_4, PSK_IV_4);
	assert_encrypt0(sj_edhoc_suite(2), PSK_PRK_4E3M, SJ_EDHOC_K_4, PSK_TH_4, hex(PSK_TH_4), "",
			&PSK_MESSAGE_4[2]);
}

/* In place, so that no older key stays; the labels of rPSK and rKID are not registered yet. */
static void exports(void **state)
{
	struct sj_edhoc_prk prk = edhoc_prk(PSK_PRK_4E3M);

	(void)state;
	assert_true(sj_edhoc_prk_out(&prk, hex(PSK_TH_4).ptr, &prk));
	assert_hex(SJ_SPAN_OF(prk.bytes), PSK_PRK_OUT);
	assert_true(sj_edhoc_prk_exporter(&prk, &prk));
	assert_hex(SJ_SPAN_OF(prk.bytes), PSK_PRK_EXPORTER);
	sj_edhoc_prk_end(&prk);
	assert_kdf(PSK_PRK_EXPORTER, 2, "", PSK_RESUMPTION);
	assert_kdf(PSK_PRK_EXPORTER, 3, "", PSK_RESUMPTION_KID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_1_both_ways), cmocka_unit_test(keys_and_shared_secret),
		cmocka_unit_test(hashes_and_prks),     cmocka_unit_test(message_2_both_ways),
		cmocka_unit_test(message_3_inner),     cmocka_unit_test(message_3_outer),
		cmocka_unit_test(message_4),           cmocka_unit_test(exports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
