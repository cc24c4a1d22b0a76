#include "crypt/hash.h"
#include "tests/unit/edhoc_check.h"
#include "tests/vectors/rfc9529.h"

/* Each step of a trace starts from the values printed before it, and is made by both sides. */
#define OF_BOTH_TRACES(name) \
	static void name(void **state) \
	{ \
		(void)state; \
		name##_of(&rfc9529_trace_1); \
		name##_of(&rfc9529_trace_2); \
	}

static const struct sj_edhoc_suite *suite_of(const struct rfc9529_trace *t)
{
	const struct sj_span ids = hex(t->suites);
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(ids.ptr[ids.len - 1]);

	assert_non_null(suite);
	return suite;
}

/* --- the traces -------------------------------------------------------------- */

static void keys_and_shared_secrets_of(const struct rfc9529_trace *t)
{
	const struct sj_edhoc_suite *suite = suite_of(t);

	assert_public(suite, t->x, t->g_x);
	assert_public(suite, t->y, t->g_y);
	assert_agreement(suite, t->x, t->g_y, t->g_xy);
	assert_agreement(suite, t->y, t->g_x, t->g_xy);
	if (t->method != SJ_EDHOC_DH_DH)
		return;
	assert_public(suite, t->sk_r, t->pk_r);
	assert_public(suite, t->sk_i, t->pk_i);
	assert_agreement(suite, t->sk_r, t->g_x, t->g_rx);
	assert_agreement(suite, t->x, t->pk_r, t->g_rx);
	assert_agreement(suite, t->sk_i, t->g_y, t->g_iy);
	assert_agreement(suite, t->y, t->pk_i, t->g_iy);
}
OF_BOTH_TRACES(keys_and_shared_secrets)

static void message_1_put_of(const struct rfc9529_trace *t)
{
	uint8_t buffer[64];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	sj_edhoc_message_1_put(&w, t->method, hex(t->suites), hex(t->g_x), hex(t->c_i),
			       sj_span(NULL, 0));
	assert_false(w.failed);
	assert_hex(sj_written(&w), t->message_1);
}
OF_BOTH_TRACES(message_1_put)

static void message_1_parsed_of(const struct rfc9529_trace *t)
{
	const struct sj_span suites = hex(t->suites);
	struct sj_edhoc_message_1 m;
	int64_t id;

	assert_true(sj_edhoc_message_1_parse(hex(t->message_1), &m));
	assert_int_equal(m.method, t->method);
	for (size_t i = 0; i < suites.len; i++) {
		assert_true(sj_edhoc_suite_next(&m.suites, &id));
		assert_int_equal(id, suites.ptr[i]);
	}
	assert_false(sj_edhoc_suite_next(&m.suites, &id));
	assert_int_equal(m.selected, suites.ptr[suites.len - 1]);
	assert_hex(m.g_x, t->g_x);
	assert_hex(m.c_i, t->c_i);
	assert_int_equal(m.ead.len, 0);
}
OF_BOTH_TRACES(message_1_parsed)

static void first_hashes_and_prk_of(const struct rfc9529_trace *t)
{
	const struct sj_span message_1 = hex(t->message_1);
	uint8_t h[SJ_HASH_MAX], th[SJ_EDHOC_HASH];
	struct sj_edhoc_prk prk = { .mac = NULL };

	assert_true(sj_hash(SJ_SHA256, &message_1, 1, h));
	assert_hex(sj_span(h, SJ_EDHOC_HASH), t->h_message_1);
	assert_true(sj_edhoc_th_2(hex(t->g_y), h, th));
	assert_hex(SJ_SPAN_OF(th), t->th_2);
	assert_true(sj_edhoc_extract(&prk, SJ_SPAN_OF(th), hex(t->g_xy)));
	assert_hex(SJ_SPAN_OF(prk.bytes), t->prk_2e);
	sj_edhoc_prk_end(&prk);
}
OF_BOTH_TRACES(first_hashes_and_prk)

/* Who signs adds no key of his own. */
static void later_prks_of(const struct rfc9529_trace *t)
{
	if (sj_edhoc_responder_signs(t->method))
		assert_string_equal(t->prk_3e2m, t->prk_2e);
	else
		assert_next_prk(t->prk_2e, SJ_EDHOC_SALT_3E2M, t->salt_3e2m, t->th_2, t->g_rx,
				t->prk_3e2m);
	if (sj_edhoc_initiator_signs(t->method))
		assert_string_equal(t->prk_4e3m, t->prk_3e2m);
	else
		assert_next_prk(t->prk_3e2m, SJ_EDHOC_SALT_4E3M, t->salt_4e3m, t->th_3, t->g_iy,
				t->prk_4e3m);
}
OF_BOTH_TRACES(later_prks)

static void assert_mac(const char *prk_text, enum sj_edhoc_label label, const char *th,
		       const struct sj_edhoc_claim *claim, const char *want)
{
	struct sj_edhoc_prk prk = edhoc_prk(prk_text);
	uint8_t mac[SJ_EDHOC_MAC_MAX];

	assert_true(sj_edhoc_mac(&prk, label, hex(th).ptr, claim, mac, strlen(want) / 2));
	assert_hex(sj_span(mac, strlen(want) / 2), want);
	sj_edhoc_prk_end(&prk);
}

static struct sj_edhoc_claim claim_2(const struct rfc9529_trace *t)
{
	static uint8_t buffer[8];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	sj_edhoc_put_id(&w, hex(t->c_r));
	return (struct sj_edhoc_claim){ .c_r = sj_written(&w),
					.id_cred = hex(t->id_cred_r),
					.cred = hex(t->cred_r) };
}

static struct sj_edhoc_claim claim_3(const struct rfc9529_trace *t)
{
	return (struct sj_edhoc_claim){ .id_cred = hex(t->id_cred_i), .cred = hex(t->cred_i) };
}

static void macs_of(const struct rfc9529_trace *t)
{
	const struct sj_edhoc_claim two = claim_2(t), three = claim_3(t);
	const size_t size = suite_of(t)->mac_size;

	assert_mac(t->prk_3e2m, SJ_EDHOC_MAC_2, t->th_2, &two, t->mac_2);
	assert_mac(t->prk_4e3m, SJ_EDHOC_MAC_3, t->th_3, &three, t->mac_3);
	assert_int_equal(strlen(t->mac_2) / 2, t->method == SJ_EDHOC_DH_DH ? size : 32);
}
OF_BOTH_TRACES(macs)

static void assert_signature(const char *th, const struct sj_edhoc_claim *claim, const char *mac,
			     const char *signed_text, const char *key, const char *public_key,
			     const char *want)
{
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(0);
	uint8_t buffer[512], signature[SJ_EDHOC_SIGNATURE];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	sj_edhoc_signed_put(&w, hex(th).ptr, claim, hex(mac));
	assert_hex(sj_written(&w), signed_text);
	assert_true(sj_edhoc_sign(suite, hex(key).ptr, sj_written(&w), signature));
	assert_hex(SJ_SPAN_OF(signature), want);
	assert_true(sj_edhoc_verify(suite, hex(public_key), sj_written(&w), hex(want)));
	buffer[w.len - 1] ^= 1;
	assert_false(sj_edhoc_verify(suite, hex(public_key), sj_written(&w), hex(want)));
}

static void signatures(void **state)
{
	const struct rfc9529_trace *t = &rfc9529_trace_1;
	const struct sj_edhoc_claim two = claim_2(t), three = claim_3(t);

	(void)state;
	assert_signature(t->th_2, &two, t->mac_2, t->m_2, t->sk_r, t->pk_r, t->proof_2);
	assert_signature(t->th_3, &three, t->mac_3, t->m_3, t->sk_i, t->pk_i, t->proof_3);
}

static void plaintexts_put_of(const struct rfc9529_trace *t)
{
	uint8_t buffer[256];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	sj_edhoc_put_id(&w, hex(t->c_r));
	sj_edhoc_put_id_cred(&w, hex(t->id_cred_r));
	sj_cbor_put_bytes(&w, hex(t->proof_2));
	assert_hex(sj_written(&w), t->plaintext_2);
	w.len = 0;
	sj_edhoc_put_id_cred(&w, hex(t->id_cred_i));
	sj_cbor_put_bytes(&w, hex(t->proof_3));
	assert_hex(sj_written(&w), t->plaintext_3);
}
OF_BOTH_TRACES(plaintexts_put)

static void assert_id_cred(struct sj_span travelling, const char *map)
{
	uint8_t buffer[64];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	sj_edhoc_put_id_cred_map(&w, travelling);
	assert_hex(sj_written(&w), map);
}

static void plaintexts_parsed_of(const struct rfc9529_trace *t)
{
	struct sj_edhoc_plaintext p;

	assert_true(sj_edhoc_plaintext_2_parse(hex(t->plaintext_2), &p));
	assert_hex(p.c_r, t->c_r);
	assert_id_cred(p.id_cred, t->id_cred_r);
	assert_hex(p.proof, t->proof_2);
	assert_int_equal(p.ead.len, 0);
	assert_true(sj_edhoc_plaintext_3_parse(hex(t->plaintext_3), &p));
	assert_int_equal(p.c_r.len, 0);
	assert_id_cred(p.id_cred, t->id_cred_i);
	assert_hex(p.proof, t->proof_3);
	assert_int_equal(p.ead.len, 0);
}
OF_BOTH_TRACES(plaintexts_parsed)

static void message_2_of(const struct rfc9529_trace *t)
{
	struct sj_span g_y, ciphertext;
	uint8_t buffer[128];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	assert_stream(t->prk_2e, SJ_EDHOC_KEYSTREAM_2, t->th_2, t->keystream_2, t->plaintext_2,
		      t->ciphertext_2);
	sj_cbor_put_bytes_head(&w, SJ_EDHOC_KEY + strlen(t->ciphertext_2) / 2);
	sj_put(&w, hex(t->g_y));
	sj_put(&w, hex(t->ciphertext_2));
	assert_hex(sj_written(&w), t->message_2);
	assert_true(sj_edhoc_message_2_parse(hex(t->message_2), &g_y, &ciphertext));
	assert_hex(g_y, t->g_y);
	assert_hex(ciphertext, t->ciphertext_2);
}
OF_BOTH_TRACES(message_2)

static void later_hashes_of(const struct rfc9529_trace *t)
{
	const struct sj_span none = { NULL, 0 };

	assert_th(t->th_2, hex(t->plaintext_2), hex(t->cred_r), none, t->th_3);
	assert_th(t->th_3, hex(t->plaintext_3), hex(t->cred_i), none, t->th_4);
}
OF_BOTH_TRACES(later_hashes)

static void messages_3_and_4_of(const struct rfc9529_trace *t)
{
	const struct sj_edhoc_suite *suite = suite_of(t);
	struct sj_span content;

	assert_kdf(t->prk_3e2m, SJ_EDHOC_K_3, t->th_3, t->k_3);
	assert_kdf(t->prk_3e2m, SJ_EDHOC_K_3 + 1, t->th_3, t->iv_3);
	assert_encrypt0(suite, t->prk_3e2m, SJ_EDHOC_K_3, t->th_3, hex(t->th_3), t->plaintext_3,
			t->ciphertext_3);
	assert_true(sj_edhoc_message_parse(hex(t->message_3), &content));
	assert_hex(content, t->ciphertext_3);
	assert_kdf(t->prk_4e3m, SJ_EDHOC_K_4, t->th_4, t->k_4);
	assert_kdf(t->prk_4e3m, SJ_EDHOC_K_4 + 1, t->th_4, t->iv_4);
	assert_encrypt0(suite, t->prk_4e3m, SJ_EDHOC_K_4, t->th_4, hex(t->th_4), "",
			t->ciphertext_4);
	assert_true(sj_edhoc_message_parse(hex(t->message_4), &content));
	assert_hex(content, t->ciphertext_4);
}
OF_BOTH_TRACES(messages_3_and_4)

static void exports_of(const struct rfc9529_trace *t)
{
	struct sj_edhoc_prk prk = edhoc_prk(t->prk_4e3m), out = { .mac = NULL },
			    exporter = { .mac = NULL };

	assert_true(sj_edhoc_prk_out(&prk, hex(t->th_4).ptr, &out));
	assert_hex(SJ_SPAN_OF(out.bytes), t->prk_out);
	assert_true(sj_edhoc_prk_exporter(&out, &exporter));
	assert_hex(SJ_SPAN_OF(exporter.bytes), t->prk_exporter);
	assert_kdf(t->prk_exporter, 0, "", t->oscore_secret);
	assert_kdf(t->prk_exporter, 1, "", t->oscore_salt);
	assert_true(sj_edhoc_key_update(&out, hex(t->update_context)));
	assert_hex(SJ_SPAN_OF(out.bytes), t->updated_prk_out);
	assert_true(sj_edhoc_prk_exporter(&out, &exporter));
	assert_hex(SJ_SPAN_OF(exporter.bytes), t->updated_prk_exporter);
	assert_kdf(t->updated_prk_exporter, 0, "", t->updated_oscore_secret);
	assert_kdf(t->updated_prk_exporter, 1, "", t->updated_oscore_salt);
	sj_edhoc_prk_end(&prk);
	sj_edhoc_prk_end(&out);
	sj_edhoc_prk_end(&exporter);
}
OF_BOTH_TRACES(exports)

/* Trace 2 begins with a suite that the Responder has not, and says so. */
static void suite_negotiation(void **state)
{
	static const uint8_t ours[] = { 2 };
	struct sj_edhoc_message_1 m;
	struct sj_span info;
	uint8_t buffer[16];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	int64_t code, id;

	(void)state;
	assert_true(sj_edhoc_message_1_parse(hex(RFC9529_SUITE_6_MESSAGE_1), &m));
	assert_int_equal(m.selected, 6);
	assert_hex(m.g_x, RFC9529_SUITE_6_G_X);
	assert_public(sj_edhoc_suite(2), RFC9529_SUITE_6_X, RFC9529_SUITE_6_G_X);
	assert_null(sj_edhoc_suite(m.selected));
	sj_edhoc_error_put(&w, SJ_EDHOC_WRONG_SUITE, SJ_SPAN_OF(ours));
	assert_hex(sj_written(&w), RFC9529_SUITE_6_ERROR);
	assert_true(sj_edhoc_error_parse(sj_written(&w), &code, &info));
	assert_int_equal(code, SJ_EDHOC_WRONG_SUITE);
	assert_true(sj_edhoc_suite_next(&info, &id));
	assert_int_equal(id, 2);
	assert_false(sj_edhoc_suite_next(&info, &id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_shared_secrets),
		cmocka_unit_test(message_1_put),
		cmocka_unit_test(message_1_parsed),
		cmocka_unit_test(first_hashes_and_prk),
		cmocka_unit_test(later_prks),
		cmocka_unit_test(macs),
		cmocka_unit_test(signatures),
		cmocka_unit_test(plaintexts_put),
		cmocka_unit_test(plaintexts_parsed),
		cmocka_unit_test(message_2),
		cmocka_unit_test(later_hashes),
		cmocka_unit_test(messages_3_and_4),
		cmocka_unit_test(exports),
		cmocka_unit_test(suite_negotiation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
