#include <stdio.h>

#include "tests/unit/edhoc_check.h"
#include "tests/vectors/rfc9529.h"

static const struct sj_span none = { NULL, 0 };

static bool message_1(struct sj_span in)
{
	struct sj_edhoc_message_1 m;

	return sj_edhoc_message_1_parse(in, &m);
}

static bool message_2(struct sj_span in)
{
	struct sj_span g_y, ciphertext;

	return sj_edhoc_message_2_parse(in, &g_y, &ciphertext);
}

static bool message(struct sj_span in)
{
	struct sj_span content;

	return sj_edhoc_message_parse(in, &content);
}

static bool plaintext_2(struct sj_span in)
{
	struct sj_edhoc_plaintext p;

	return sj_edhoc_plaintext_2_parse(in, &p);
}

static bool plaintext_2a(struct sj_span in)
{
	struct sj_edhoc_plaintext p;

	return sj_edhoc_plaintext_2a_parse(in, &p);
}

static bool plaintext_3(struct sj_span in)
{
	struct sj_edhoc_plaintext p;

	return sj_edhoc_plaintext_3_parse(in, &p);
}

static bool plaintext_3a(struct sj_span in)
{
	struct sj_span id_cred, ciphertext;

	return sj_edhoc_plaintext_3a_parse(in, &id_cred, &ciphertext);
}

static bool error(struct sj_span in)
{
	struct sj_span info;
	int64_t code;

	return sj_edhoc_error_parse(in, &code, &info);
}

/* --- the invalid messages of RFC 9529, section 4 ------------------------------ */

static void invalid_messages_are_refused(void **state)
{
	(void)state;
	assert_false(message_1(hex(RFC9529_MESSAGE_1_IN_ARRAY)));
	assert_false(message_1(hex(RFC9529_C_I_AS_BSTR)));
	assert_false(message_1(hex(RFC9529_ONE_SUITE_IN_ARRAY)));
	assert_false(message_1(hex(RFC9529_G_X_AS_TSTR)));
	assert_false(message_1(hex(RFC9529_G_X_WITHOUT_LEADING_ZERO)));
	assert_false(message_1(hex(RFC9529_METHOD_IN_16_BITS)));
	assert_false(message_1(hex(RFC9529_SUITES_INDEFINITE)));
	assert_false(message_2(hex(RFC9529_MESSAGE_2_OF_TWO)));
	assert_false(plaintext_2(hex(RFC9529_KID_IN_MAP)));
	assert_false(plaintext_2(hex(RFC9529_KID_AS_BSTR)));
	assert_false(plaintext_2(hex(RFC9529_MAC_2_SHORT)));
}

/* Well-formed messages; their keys are refused where they are used. */
static void invalid_keys_agree_on_nothing(void **state)
{
	static const char *const texts[] = { RFC9529_G_X_NOT_BELOW_P, RFC9529_G_X_NOT_ON_CURVE,
					     RFC9529_G_X_OF_LOW_ORDER };
	uint8_t shared[SJ_EDHOC_KEY];
	struct sj_edhoc_message_1 m;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(sj_edhoc_message_1_parse(hex(texts[i]), &m));
		assert_false(sj_edhoc_agree(sj_edhoc_suite(m.selected), hex(rfc9529_trace_1.y).ptr,
					    m.g_x, shared));
	}
}

/* Of a suite that is not ours we do not know the curve: the suite is what is refused. */
static void suite_24_is_not_ours(void **state)
{
	struct sj_edhoc_message_1 m;

	(void)state;
	assert_true(sj_edhoc_message_1_parse(hex(RFC9529_SUITE_24_G_X_SHORT), &m));
	assert_int_equal(m.selected, 24);
	assert_null(sj_edhoc_suite(m.selected));
}

/* --- truncations --------------------------------------------------------------- */

static void assert_whole_only(bool (*parse)(struct sj_span), const char *text)
{
	const struct sj_span in = hex(text);

	assert_true(parse(in));
	for (size_t n = 0; n < in.len; n++) {
		uint8_t *copy = malloc(n + 1);

		assert_non_null(copy);
		memcpy(copy, in.ptr, n);
		assert_false(parse(sj_span(copy, n)));
		free(copy);
	}
}

static void nothing_shorter_parses(void **state)
{
	const struct rfc9529_trace *const traces[] = { &rfc9529_trace_1, &rfc9529_trace_2 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_whole_only(message_1, traces[i]->message_1);
		assert_whole_only(message_2, traces[i]->message_2);
		assert_whole_only(message, traces[i]->message_3);
		assert_whole_only(plaintext_2, traces[i]->plaintext_2);
		assert_whole_only(plaintext_3, traces[i]->plaintext_3);
	}
	assert_whole_only(plaintext_2a, "4118");
	assert_whole_only(plaintext_3a, "420010480011223344556677");
	assert_whole_only(error, "0161FF");
	assert_whole_only(error, "02820302");
}

static void nothing_longer_parses(void **state)
{
	(void)state;
	assert_false(
		message_1(hex("0302"
			      "5820741A13D7BA048FBB615E94386AA3B61BEA5B3D8F65F32620B749BEE8D278EFA9"
			      "0E60")));
	assert_false(plaintext_2a(hex("05F6")));
	assert_false(plaintext_3a(hex("42001048001122334455667700")));
	assert_false(error(hex("016000")));
	assert_false(error(hex("020200")));
}

/* A point and no ciphertext. */
static void message_2_has_a_ciphertext(void **state)
{
	uint8_t bytes[35] = { 0x58, 32 };

	(void)state;
	assert_false(message_2(sj_span(bytes, 34)));
	bytes[1] = 33;
	assert_true(message_2(SJ_SPAN_OF(bytes)));
}

/* --- the parts ------------------------------------------------------------------- */

static void one_byte_identifiers_travel_as_integers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		const bool integer = i <= 0x17 || (i >= 0x20 && i <= 0x37);
		const uint8_t byte = (uint8_t)i, longer[] = { 0x41, byte };
		uint8_t buffer[4];
		struct sj_writer w = SJ_WRITER_OF(buffer);
		struct sj_span in = SJ_SPAN_OF(longer), id;

		assert_int_equal(sj_edhoc_take_id(&in, &id), !integer);
		sj_edhoc_put_id(&w, sj_span(&byte, 1));
		assert_int_equal(w.len, integer ? 1 : 2);
		in = sj_written(&w);
		assert_true(sj_edhoc_take_id(&in, &id) && in.len == 0 && id.len == 1);
		assert_int_equal(id.ptr[0], byte);
	}
}

static void longer_identifiers_travel_as_they_are(void **state)
{
	struct sj_span in = hex("40420010180041"), id;

	(void)state;
	assert_true(sj_edhoc_take_id(&in, &id) && id.len == 0);
	assert_true(sj_edhoc_take_id(&in, &id));
	assert_hex(id, "0010");
	assert_false(sj_edhoc_take_id(&in, &id)); /* an integer of two bytes */
	assert_int_equal(in.len, 3);
}

/* Label and value, a critical one, padding of one and of two bytes. */
static void ead_both_ways(void **state)
{
	uint8_t buffer[32];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_span in, value;
	int64_t label;

	(void)state;
	sj_edhoc_put_ead(&w, 1, hex("AABB"));
	sj_edhoc_put_ead(&w, -65536, none);
	sj_edhoc_put_ead(&w, 0, none);
	sj_edhoc_put_ead(&w, 0, SJ_SPAN_STR(""));
	assert_hex(sj_written(&w), "0142AABB"
				   "39FFFF"
				   "00"
				   "0040");
	in = sj_written(&w);
	assert_true(sj_edhoc_ead_check(in));
	assert_true(sj_edhoc_ead_next(&in, &label, &value) && label == 1);
	assert_hex(value, "AABB");
	assert_true(sj_edhoc_ead_next(&in, &label, &value) && label == -65536);
	assert_null(value.ptr);
	assert_true(sj_edhoc_ead_next(&in, &label, &value) && label == 0 && value.ptr == NULL);
	assert_true(sj_edhoc_ead_next(&in, &label, &value) && label == 0 && value.ptr != NULL);
	assert_false(sj_edhoc_ead_next(&in, &label, &value));
}

static void what_is_no_ead(void **state)
{
	(void)state;
	assert_true(sj_edhoc_ead_check(none));
	assert_false(sj_edhoc_ead_check(hex("40"))); /* a value without a label */
	assert_false(sj_edhoc_ead_check(hex("014000404140"))); /* two values */
	assert_false(sj_edhoc_ead_check(hex("0160"))); /* a text */
	assert_false(sj_edhoc_ead_check(hex("0142AA")));
	assert_false(sj_edhoc_ead_check(hex("1801")));
}

static void ead_at_the_end_of_each_message(void **state)
{
	struct sj_edhoc_message_1 m;
	struct sj_edhoc_plaintext p;
	uint8_t buffer[64];
	struct sj_writer w = SJ_WRITER_OF(buffer);

	(void)state;
	sj_put(&w, hex(rfc9529_trace_2.message_1));
	sj_put(&w, hex("2041AA"));
	assert_true(sj_edhoc_message_1_parse(sj_written(&w), &m));
	assert_hex(m.ead, "2041AA");
	assert_true(sj_edhoc_plaintext_2_parse(hex("2732480943305C899F5C542041AA"), &p));
	assert_hex(p.ead, "2041AA");
	assert_true(sj_edhoc_plaintext_2a_parse(hex("052041AA"), &p));
	assert_hex(p.ead, "2041AA");
	assert_true(sj_edhoc_plaintext_3_parse(hex("2B48623C91DF41E34C2F00"), &p));
	assert_hex(p.ead, "00");
	assert_false(plaintext_3(hex("2B48623C91DF41E34C2F40")));
}

static void methods(void **state)
{
	const char *rest = rfc9529_trace_2.message_1 + 2;
	char text[128];

	(void)state;
	for (int method = -1; method < 7; method++) {
		snprintf(text, sizeof(text), "%02x%s", (unsigned)(method < 0 ? 0x20 : method),
			 rest);
		assert_int_equal(message_1(hex(text)), method >= 0 && method <= SJ_EDHOC_PSK);
		if (method < 0)
			continue;
		assert_int_equal(sj_edhoc_initiator_signs((uint8_t)method), method < 2);
		assert_int_equal(sj_edhoc_responder_signs((uint8_t)method),
				 method == 0 || method == 2);
	}
}

static void suites_that_are_none(void **state)
{
	static const char *const texts[] = { "80", "8102", "820260", "82028102", "60", "A0" };
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(text, sizeof(text), "03%s5820%s0e", texts[i], rfc9529_trace_2.g_x);
		assert_false(message_1(hex(text)));
		snprintf(text, sizeof(text), "02%s", texts[i]);
		assert_false(error(hex(text)));
	}
}

static void id_cred_of_other_shapes(void **state)
{
	uint8_t buffer[64];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_span id_cred, text;

	(void)state;
	/* A kid beside something else stays a map; no map at all, or an empty one, is refused. */
	assert_true(sj_edhoc_plaintext_3a_parse(hex("A20441320F0040"), &id_cred, &text));
	assert_hex(id_cred, "A20441320F00");
	assert_false(plaintext_3a(hex("A040")));
	assert_false(plaintext_3a(hex("6040")));
	assert_false(plaintext_3a(hex("A1046040")));
	assert_false(plaintext_3a(hex("A10F0004410040")));
	sj_edhoc_put_id_cred(&w, hex("A20441320F00"));
	assert_hex(sj_written(&w), "A20441320F00");
	w.len = 0;
	sj_edhoc_put_id_cred(&w, hex("A104420010"));
	assert_hex(sj_written(&w), "420010");
}

static void errors(void **state)
{
	uint8_t buffer[16];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_span info;
	int64_t code;

	(void)state;
	sj_edhoc_error_put(&w, SJ_EDHOC_UNSPECIFIED, none);
	assert_hex(sj_written(&w), "0160");
	w.len = 0;
	sj_edhoc_error_put(&w, SJ_EDHOC_WRONG_SUITE, hex("0302"));
	assert_hex(sj_written(&w), "02820302");
	assert_true(sj_edhoc_error_parse(hex("03F5"), &code, &info));
	assert_int_equal(code, 3);
	assert_hex(info, "F5");
	assert_true(sj_edhoc_error_parse(hex("20A0"), &code, &info) && code == -1);
	assert_false(error(hex("0060"))); /* success is no error */
	assert_false(error(hex("0101")));
	assert_false(error(hex("0260")));
}

/* --- keys --------------------------------------------------------------------------- */

static void fresh_keys_agree(void **state)
{
	const struct sj_random rnd = sj_random_system();
	uint8_t a[SJ_EDHOC_KEY], b[SJ_EDHOC_KEY], ax[SJ_EDHOC_KEY], bx[SJ_EDHOC_KEY];
	uint8_t one[SJ_EDHOC_KEY], two[SJ_EDHOC_KEY];

	(void)state;
	for (int id = 0; id < 4; id++) {
		const struct sj_edhoc_suite *suite = sj_edhoc_suite(id);

		if (id == 1)
			continue;
		assert_true(sj_edhoc_keygen(suite, &rnd, a, ax));
		assert_true(sj_edhoc_keygen(suite, &rnd, b, bx));
		assert_memory_not_equal(a, b, sizeof(a));
		assert_true(sj_edhoc_agree(suite, a, SJ_SPAN_OF(bx), one));
		assert_true(sj_edhoc_agree(suite, b, SJ_SPAN_OF(ax), two));
		assert_memory_equal(one, two, sizeof(one));
		assert_false(sj_edhoc_agree(suite, a, sj_span(bx, sizeof(bx) - 1), one));
	}
}

static bool no_random(void *self, uint8_t *out, size_t n)
{
	(void)self;
	(void)out;
	(void)n;
	return false;
}

static void no_random_no_key(void **state)
{
	const struct sj_random rnd = { no_random, NULL };
	uint8_t key[SJ_EDHOC_KEY], x[SJ_EDHOC_KEY];

	(void)state;
	assert_false(sj_edhoc_keygen(sj_edhoc_suite(0), &rnd, key, x));
	assert_false(sj_edhoc_keygen(sj_edhoc_suite(3), &rnd, key, x));
}

static void ecdsa_signatures(void **state)
{
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(3);
	const struct sj_span key = hex(rfc9529_trace_2.sk_r), text = SJ_SPAN_STR("Sojourn");
	uint8_t signature[SJ_EDHOC_SIGNATURE];
	struct sj_ec_secret k;
	struct sj_ec_point p;

	(void)state;
	assert_true(sj_ec_secret_read(SJ_P256, key, &k));
	assert_true(sj_ec_multiply(SJ_P256, &k, NULL, &p));
	assert_true(sj_edhoc_sign(suite, key.ptr, text, signature));
	assert_true(sj_edhoc_verify(suite, sj_ec_point_span(&p), text, SJ_SPAN_OF(signature)));
	assert_false(sj_edhoc_verify(suite, sj_ec_point_span(&p), SJ_SPAN_STR("sojourn"),
				     SJ_SPAN_OF(signature)));
	assert_false(sj_edhoc_verify(suite, sj_ec_point_span(&p), text, sj_span(signature, 63)));
	assert_false(sj_edhoc_verify(suite, sj_span(p.bytes, 33), text, SJ_SPAN_OF(signature)));
	assert_false(sj_edhoc_verify(sj_edhoc_suite(0), sj_ec_point_span(&p), text,
				     SJ_SPAN_OF(signature)));
}

/* The right bytes, and one too few or too many. */
static void keys_and_signatures_have_their_size(void **state)
{
	const struct rfc9529_trace *t = &rfc9529_trace_1;
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(0);
	uint8_t key[SJ_EDHOC_KEY + 1] = { 0 }, proof[SJ_EDHOC_SIGNATURE + 1] = { 0 };

	(void)state;
	memcpy(key, hex(t->pk_r).ptr, SJ_EDHOC_KEY);
	memcpy(proof, hex(t->proof_2).ptr, SJ_EDHOC_SIGNATURE);
	for (size_t k = SJ_EDHOC_KEY - 1; k <= sizeof(key); k++)
		for (size_t p = SJ_EDHOC_SIGNATURE - 1; p <= sizeof(proof); p++)
			assert_int_equal(sj_edhoc_verify(suite, sj_span(key, k), hex(t->m_2),
							 sj_span(proof, p)),
					 k == SJ_EDHOC_KEY && p == SJ_EDHOC_SIGNATURE);
}

/* RFC 9528, 10.2. */
static void the_suites(void **state)
{
	(void)state;
	assert_int_equal(sj_edhoc_suite(0)->mac_size, 8);
	assert_int_equal(sj_edhoc_suite(2)->mac_size, 8);
	assert_int_equal(sj_edhoc_suite(3)->mac_size, 16);
	assert_int_equal(sj_edhoc_suite(0)->aead, SJ_AES_CCM_16_64_128);
	assert_int_equal(sj_edhoc_suite(2)->aead, SJ_AES_CCM_16_64_128);
	assert_int_equal(sj_edhoc_suite(3)->aead, SJ_AES_CCM_16_128_128);
	assert_null(sj_edhoc_suite(1));
	assert_null(sj_edhoc_suite(-1));
	assert_null(sj_edhoc_suite(256));
}

/* --- limits of the key schedule ---------------------------------------------------- */

static void what_is_too_long_is_refused(void **state)
{
	static uint8_t text[SJ_EDHOC_TEXT_MAX + 1];
	const struct sj_span parts[SJ_EDHOC_CONTEXT_PARTS + 1] = { { NULL, 0 } };
	struct sj_edhoc_prk prk = edhoc_prk(rfc9529_trace_1.prk_2e);
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(3);
	uint8_t th[SJ_EDHOC_HASH] = { 0 }, out[64];
	struct sj_writer w = SJ_WRITER_OF(out);

	(void)state;
	assert_true(sj_edhoc_stream(&prk, SJ_EDHOC_KEYSTREAM_2, th, text, SJ_EDHOC_TEXT_MAX));
	assert_false(sj_edhoc_stream(&prk, SJ_EDHOC_KEYSTREAM_2, th, text, sizeof(text)));
	assert_true(sj_edhoc_seal(suite, &prk, SJ_EDHOC_K_3, th, sj_span(text, SJ_EDHOC_AAD_MAX),
				  none, &w));
	assert_int_equal(w.len, 16);
	assert_false(sj_edhoc_seal(suite, &prk, SJ_EDHOC_K_3, th,
				   sj_span(text, SJ_EDHOC_AAD_MAX + 1), none, &w));
	assert_true(sj_edhoc_kdf(&prk, 0, parts, SJ_EDHOC_CONTEXT_PARTS, out, 16));
	assert_false(sj_edhoc_kdf(&prk, 0, parts, SJ_EDHOC_CONTEXT_PARTS + 1, out, 16));
	assert_false(sj_edhoc_th_next(th, parts, SJ_EDHOC_CONTEXT_PARTS + 1));
	assert_false(sj_edhoc_th_2(sj_span(text, 31), th, th));
	sj_edhoc_prk_end(&prk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invalid_messages_are_refused),
		cmocka_unit_test(invalid_keys_agree_on_nothing),
		cmocka_unit_test(suite_24_is_not_ours),
		cmocka_unit_test(nothing_shorter_parses),
		cmocka_unit_test(nothing_longer_parses),
		cmocka_unit_test(message_2_has_a_ciphertext),
		cmocka_unit_test(one_byte_identifiers_travel_as_integers),
		cmocka_unit_test(longer_identifiers_travel_as_they_are),
		cmocka_unit_test(ead_both_ways),
		cmocka_unit_test(what_is_no_ead),
		cmocka_unit_test(ead_at_the_end_of_each_message),
		cmocka_unit_test(methods),
		cmocka_unit_test(suites_that_are_none),
		cmocka_unit_test(id_cred_of_other_shapes),
		cmocka_unit_test(errors),
		cmocka_unit_test(fresh_keys_agree),
		cmocka_unit_test(no_random_no_key),
		cmocka_unit_test(ecdsa_signatures),
		cmocka_unit_test(keys_and_signatures_have_their_size),
		cmocka_unit_test(the_suites),
		cmocka_unit_test(what_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
