/* The Responder against published runs, and against every message that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "gate/responder.h"
#include "tests/vectors/edhoc_psk.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/rfc9529.h"

static const uint8_t all_suites[] = { 0, 2, 3 };
#define ALL_METHODS 0x1Fu

static void same(struct sj_span a, struct sj_span b)
{
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.ptr, b.ptr, a.len);
}

/* A Responder with the published ephemeral key in place of a random one. */
static void begin(struct sj_responder *r, int suite, const char *y, const char *g_y)
{
	memset(r, 0, sizeof(*r));
	sj_responder_begin(r, ALL_METHODS, all_suites, sizeof(all_suites));
	r->suite = sj_edhoc_suite(suite);
	memcpy(r->y, hex(y).ptr, SJ_EDHOC_KEY);
	memcpy(r->g_y, hex(g_y).ptr, SJ_EDHOC_KEY);
}

static void run_to_2(struct sj_responder *r, int suite, const struct rfc9529_trace *t)
{
	const struct sj_random rnd = sj_random_system();
	const struct sj_responder_own own = { hex(t->sk_r).ptr, hex(t->id_cred_r), hex(t->cred_r) };
	struct sj_edhoc_message_1 m;
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	begin(r, suite, t->y, t->g_y);
	assert_true(sj_responder_message_1(r, hex(t->message_1), &m));
	assert_true(sj_responder_message_2(r, &own, hex(t->c_r), sj_span(NULL, 0), &rnd, &w));
	same(sj_written(&w), hex(t->message_2));
}

static void run_to_end(struct sj_responder *r, const struct rfc9529_trace *t)
{
	struct sj_span id, ead;
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	assert_true(sj_responder_open_3(r, hex(t->message_3), &id, &ead));
	assert_int_equal(ead.len, 0);
	assert_true(sj_responder_check_3(r, hex(t->cred_i), hex(t->pk_i)));
	same(SJ_SPAN_OF(r->th), hex(t->th_4));
	same(SJ_SPAN_OF(r->exporter.bytes), hex(t->prk_exporter));
	assert_true(sj_responder_message_4(r, sj_span(NULL, 0), &w));
	same(sj_written(&w), hex(t->message_4));
	sj_responder_end(r);
}

/* RFC 9529, 2: method 0, suite 0, X.509 by hash. */
static void test_the_published_run_with_signatures(void **state)
{
	struct sj_responder r;

	(void)state;
	run_to_2(&r, 0, &rfc9529_trace_1);
	run_to_end(&r, &rfc9529_trace_1);
}

/* RFC 9529, 3: method 3, suite 2, after a first message_1 with suite 6. */
static void test_the_published_run_with_static_keys(void **state)
{
	struct sj_responder r;

	(void)state;
	run_to_2(&r, 2, &rfc9529_trace_2);
	run_to_end(&r, &rfc9529_trace_2);
}

static void test_the_published_run_with_a_psk(void **state)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_edhoc_message_1 m;
	struct sj_responder r;
	struct sj_span id, ead;
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	begin(&r, 2, PSK_Y, PSK_G_Y);
	assert_true(sj_responder_message_1(&r, hex(PSK_MESSAGE_1), &m));
	assert_true(sj_responder_message_2(&r, NULL, hex(PSK_C_R), sj_span(NULL, 0), &rnd, &w));
	same(sj_written(&w), hex(PSK_MESSAGE_2));
	assert_true(sj_responder_open_3(&r, hex(PSK_MESSAGE_3), &id, &ead));
	same(id, hex("420010"));
	assert_true(sj_responder_check_psk(&r, hex(PSK_SECRET), hex(PSK_CRED_I), hex(PSK_CRED_R),
					   &ead));
	same(SJ_SPAN_OF(r.exporter.bytes), hex(PSK_PRK_EXPORTER));
	w.len = 0;
	assert_true(sj_responder_message_4(&r, sj_span(NULL, 0), &w));
	same(sj_written(&w), hex(PSK_MESSAGE_4));
	sj_responder_end(&r);
}

/* RFC 9529, 4: every invalid message_1 is refused, here or when its point is used. */
static void test_published_invalid_messages_are_refused(void **state)
{
	static const char *const invalid[] = {
		RFC9529_MESSAGE_1_IN_ARRAY,       RFC9529_C_I_AS_BSTR,
		RFC9529_ONE_SUITE_IN_ARRAY,       RFC9529_G_X_AS_TSTR,
		RFC9529_G_X_WITHOUT_LEADING_ZERO, RFC9529_METHOD_IN_16_BITS,
		RFC9529_SUITES_INDEFINITE,        RFC9529_G_X_NOT_BELOW_P,
		RFC9529_G_X_NOT_ON_CURVE,         RFC9529_G_X_OF_LOW_ORDER,
		RFC9529_SUITE_24_G_X_SHORT,
	};
	const struct sj_random rnd = sj_random_system();
	const uint8_t key[SJ_EDHOC_KEY] = { 1, 2, 3 };
	const struct sj_responder_own own = { key, hex("a1044132"), hex("a0") };
	struct sj_responder r = { 0 };
	struct sj_edhoc_message_1 m;

	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		uint8_t bytes[512];
		struct sj_writer w = SJ_WRITER_OF(bytes), error = SJ_WRITER_OF(bytes);

		sj_responder_begin(&r, ALL_METHODS, all_suites, sizeof(all_suites));
		assert_false(
			sj_responder_message_1(&r, hex(invalid[i]), &m) &&
			sj_responder_message_2(&r, &own, hex("05"), sj_span(NULL, 0), &rnd, &w));
		sj_responder_error(&r, &error);
		assert_true(error.len >= 2 && !error.failed);
		sj_responder_end(&r);
	}
}

/* A message_1 with these SUITES_I (encoded) to a gate of these suites; the error that comes. */
static void expect_error(const char *suites_i, const uint8_t *suites, size_t n, const char *error)
{
	struct sj_responder r = { 0 };
	struct sj_edhoc_message_1 m;
	uint8_t bytes[64], answer[16];
	struct sj_writer w = SJ_WRITER_OF(bytes), e = SJ_WRITER_OF(answer);

	sj_responder_begin(&r, ALL_METHODS, suites, n);
	sj_put_u8(&w, SJ_EDHOC_DH_DH);
	sj_put(&w, hex(suites_i));
	sj_put(&w, hex("5820"));
	sj_put_fill(&w, 7, SJ_EDHOC_KEY);
	sj_put_u8(&w, 0);
	assert_false(sj_responder_message_1(&r, sj_written(&w), &m));
	sj_responder_error(&r, &e);
	same(sj_written(&e), hex(error));
	sj_responder_end(&r);
}

/* RFC 9528, 6.3. */
static void test_suites_are_negotiated(void **state)
{
	static const uint8_t three[] = { 3 };

	(void)state;
	expect_error("02", three, 1, "0203"); /* not ours */
	expect_error("06", all_suites, 3, "0283000203"); /* none of ours: all that we have */
	expect_error("820302", all_suites, 3, "0203"); /* 3 was preferred, and we have it */
	expect_error("820306", three, 1, "0203");
	expect_error("820602", three, 1, "0203");
}

static void test_a_method_that_was_not_asked_for_is_refused(void **state)
{
	struct sj_responder r = { 0 };
	struct sj_edhoc_message_1 m;
	uint8_t bytes[64], answer[16];
	struct sj_writer w = SJ_WRITER_OF(bytes), e = SJ_WRITER_OF(answer);
	const uint8_t g_x[SJ_EDHOC_KEY] = { 7 };

	(void)state;
	sj_responder_begin(&r, 1u << SJ_EDHOC_DH_DH | 1u << SJ_EDHOC_PSK, all_suites, 3);
	sj_edhoc_message_1_put(&w, SJ_EDHOC_SIGN_SIGN, hex("03"), SJ_SPAN_OF(g_x), hex("00"),
			       sj_span(NULL, 0));
	assert_false(sj_responder_message_1(&r, sj_written(&w), &m));
	sj_responder_error(&r, &e);
	same(sj_written(&e), hex("0160"));
	sj_responder_end(&r);
}

/* Cut or with one bit changed, message_3 is refused, and nothing works after that. */
static void test_every_altered_message_3_is_refused(void **state)
{
	const struct sj_span good = hex(rfc9529_trace_2.message_3);
	struct sj_responder r;

	(void)state;
	for (size_t i = 0; i < 2 * good.len; i++) {
		uint8_t bytes[64];
		struct sj_writer w = SJ_WRITER_OF(bytes);
		struct sj_span id, ead;

		run_to_2(&r, 2, &rfc9529_trace_2);
		sj_put(&w, hex(rfc9529_trace_2.message_3));
		if (i < good.len)
			w.len = i;
		else
			bytes[i - good.len] ^= 0x10;
		assert_false(sj_responder_open_3(&r, sj_written(&w), &id, &ead));
		assert_int_equal(r.state, SJ_RESPONDER_FAILED);
		w = SJ_WRITER_OF(bytes);
		assert_false(sj_responder_open_3(&r, hex(rfc9529_trace_2.message_3), &id, &ead));
		assert_false(sj_responder_message_4(&r, sj_span(NULL, 0), &w));
		sj_responder_end(&r);
	}
}

/* Of the second run: what CRED_I or its key is not. */
static void refuses_as_initiator(const char *cred, const char *key)
{
	struct sj_responder r;
	struct sj_span id, ead;

	run_to_2(&r, 2, &rfc9529_trace_2);
	assert_true(sj_responder_open_3(&r, hex(rfc9529_trace_2.message_3), &id, &ead));
	assert_false(sj_responder_check_3(&r, hex(cred), hex(key)));
	sj_responder_end(&r);
}

static void test_another_credential_is_refused(void **state)
{
	(void)state;
	refuses_as_initiator(rfc9529_trace_2.cred_r, rfc9529_trace_2.pk_i);
	refuses_as_initiator(rfc9529_trace_2.cred_i, rfc9529_trace_2.pk_r);
}

static void test_calls_out_of_order_fail(void **state)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_responder r = { 0 };
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span id, ead;

	(void)state;
	sj_responder_begin(&r, ALL_METHODS, all_suites, 3);
	assert_false(sj_responder_open_3(&r, hex("4100"), &id, &ead));
	sj_responder_begin(&r, ALL_METHODS, all_suites, 3);
	assert_false(sj_responder_message_2(&r, NULL, hex("01"), sj_span(NULL, 0), &rnd, &w));
	sj_responder_begin(&r, ALL_METHODS, all_suites, 3);
	assert_false(sj_responder_check_psk(&r, hex("00"), hex("a0"), hex("a0"), &ead));
	sj_responder_begin(&r, ALL_METHODS, all_suites, 3);
	assert_false(sj_responder_message_4(&r, sj_span(NULL, 0), &w));
	assert_int_equal(w.len, 0);
	sj_responder_end(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_published_run_with_signatures),
		cmocka_unit_test(test_the_published_run_with_static_keys),
		cmocka_unit_test(test_the_published_run_with_a_psk),
		cmocka_unit_test(test_published_invalid_messages_are_refused),
		cmocka_unit_test(test_suites_are_negotiated),
		cmocka_unit_test(test_a_method_that_was_not_asked_for_is_refused),
		cmocka_unit_test(test_every_altered_message_3_is_refused),
		cmocka_unit_test(test_another_credential_is_refused),
		cmocka_unit_test(test_calls_out_of_order_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
