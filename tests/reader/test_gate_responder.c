/* The Responder against published runs, and against every message that is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "gate/responder.h"
#include "tests/vectors/shared.h"

static const uint8_t all_suites[] = { 0, 2, 3 };
#define ALL_METHODS 0x1Fu

/* A published run; what starts with one of these words is its value. */
struct trace {
	json_t *root, *run;
	struct sj_responder r;
};

static struct sj_span item(const struct trace *t, const char *prefix)
{
	const char *name;
	json_t *value;

	json_object_foreach(t->run, name, value) if (strncmp(name, prefix, strlen(prefix)) ==
						     0) return hex(json_string_value(value));
	fail_msg("no %s", prefix);
	return sj_span(NULL, 0);
}

static bool open_trace(struct trace *t, const char *file, const char *name)
{
	const char *shared = getenv("SOJOURN_SHARED");
	char path[1024];

	memset(t, 0, sizeof(*t));
	if (shared == NULL)
		return false;
	snprintf(path, sizeof(path), "%s/vectors/%s", shared, file);
	t->root = json_load_file(path, 0, NULL);
	t->run = json_object_get(t->root, name);
	if (json_is_array(t->run))
		t->run = json_array_get(t->run, 0);
	assert_non_null(t->run);
	sj_responder_begin(&t->r, ALL_METHODS, all_suites, sizeof(all_suites));
	return true;
}

static void close_trace(struct trace *t)
{
	sj_responder_end(&t->r);
	json_decref(t->root);
}

static void same(struct sj_span a, struct sj_span b)
{
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.ptr, b.ptr, a.len);
}

/* The published ephemeral key in place of a random one. */
static void prepare(struct trace *t, int suite)
{
	t->r.suite = sj_edhoc_suite(suite);
	memcpy(t->r.y, item(t, "Responder's ephemeral private key").ptr, SJ_EDHOC_KEY);
	memcpy(t->r.g_y, item(t, "Responder's ephemeral public key").ptr, SJ_EDHOC_KEY);
}

static void run_to_2(struct trace *t, int suite, struct sj_span message_1, struct sj_span c_r)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_responder_own own = { 0 };
	struct sj_edhoc_message_1 m;
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	prepare(t, suite);
	assert_true(sj_responder_message_1(&t->r, message_1, &m));
	if (m.method != SJ_EDHOC_PSK) {
		own.key = item(t, "Responder's private authentication key").ptr;
		own.id_cred = item(t, "ID_CRED_R (CBOR");
		own.cred = item(t, "CRED_R (CBOR");
	}
	assert_true(sj_responder_message_2(&t->r, m.method == SJ_EDHOC_PSK ? NULL : &own, c_r,
					   sj_span(NULL, 0), &rnd, &w));
	same(sj_written(&w), item(t, "message_2 (CBOR"));
}

static void run_to_end(struct trace *t, struct sj_span key_i)
{
	struct sj_span id, ead;
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	assert_true(sj_responder_open_3(&t->r, item(t, "message_3 (CBOR"), &id, &ead));
	assert_int_equal(ead.len, 0);
	assert_true(sj_responder_check_3(&t->r, item(t, "CRED_I (CBOR"), key_i));
	same(SJ_SPAN_OF(t->r.th), item(t, "TH_4 (Raw"));
	same(SJ_SPAN_OF(t->r.exporter.bytes), item(t, "PRK_exporter (Raw"));
	assert_true(sj_responder_message_4(&t->r, sj_span(NULL, 0), &w));
	same(sj_written(&w), item(t, "message_4 (CBOR"));
}

/* RFC 9529, 2: method 0, suite 0, X.509 by hash. */
static void test_the_published_run_with_signatures(void **state)
{
	struct trace t;

	(void)state;
	if (!open_trace(&t, "edhoc.json", "trace_1"))
		SKIP_BECAUSE("SOJOURN_SHARED is not set");
	run_to_2(&t, 0, item(&t, "message_1 (CBOR"), hex("18"));
	run_to_end(&t, item(&t, "Initiator's public authentication key"));
	close_trace(&t);
}

/* RFC 9529, 3: method 3, suite 2, after a first message_1 with suite 6. */
static void test_the_published_run_with_static_keys(void **state)
{
	struct trace t;

	(void)state;
	if (!open_trace(&t, "edhoc.json", "trace_2"))
		SKIP_BECAUSE("SOJOURN_SHARED is not set");
	run_to_2(&t, 2, item(&t, "message_1 (CBOR Sequence) (39"), hex("27"));
	run_to_end(&t, item(&t, "Initiator's public authentication key"));
	close_trace(&t);
}

static void test_the_published_run_with_a_psk(void **state)
{
	struct sj_span id, ead;
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct trace t;

	(void)state;
	if (!open_trace(&t, "edhoc-psk.json", "vectors"))
		SKIP_BECAUSE("SOJOURN_SHARED is not set");
	run_to_2(&t, 2, item(&t, "message_1 (CBOR"), hex("05"));
	assert_true(sj_responder_open_3(&t.r, item(&t, "message_3 (CBOR"), &id, &ead));
	same(id, hex("420010"));
	assert_true(sj_responder_check_psk(&t.r, item(&t, "PSK (Raw"), item(&t, "CRED_I (Raw"),
					   item(&t, "CRED_R (Raw"), &ead));
	same(SJ_SPAN_OF(t.r.exporter.bytes), item(&t, "PRK_exporter (Raw"));
	assert_true(sj_responder_message_4(&t.r, sj_span(NULL, 0), &w));
	same(sj_written(&w), item(&t, "message_4 (CBOR"));
	close_trace(&t);
}

/* RFC 9529, 4: every invalid message_1 is refused, here or when its point is used. */
static void test_published_invalid_messages_are_refused(void **state)
{
	const struct sj_random rnd = sj_random_system();
	const uint8_t key[SJ_EDHOC_KEY] = { 1, 2, 3 };
	const struct sj_responder_own own = { key, hex("a1044132"), hex("a0") };
	struct sj_edhoc_message_1 m;
	struct trace t;
	size_t i, n = 0;
	json_t *row;

	(void)state;
	if (!open_trace(&t, "edhoc.json", "trace_1"))
		SKIP_BECAUSE("SOJOURN_SHARED is not set");
	json_array_foreach(json_object_get(t.root, "invalid"), i, row)
	{
		uint8_t bytes[512];
		struct sj_writer w = SJ_WRITER_OF(bytes), error = SJ_WRITER_OF(bytes);

		if (strstr(text_of(row, "what"), "message_1") == NULL)
			continue;
		sj_responder_begin(&t.r, ALL_METHODS, all_suites, sizeof(all_suites));
		assert_false(
			sj_responder_message_1(&t.r, hex_of(row, "hex"), &m) &&
			sj_responder_message_2(&t.r, &own, hex("05"), sj_span(NULL, 0), &rnd, &w));
		sj_responder_error(&t.r, &error);
		assert_true(error.len >= 2 && !error.failed);
		n++;
	}
	assert_int_equal(n, 11);
	close_trace(&t);
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
	struct trace t;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * 19; i++) {
		uint8_t bytes[64];
		struct sj_writer w = SJ_WRITER_OF(bytes);
		struct sj_span id, ead;

		if (!open_trace(&t, "edhoc.json", "trace_2"))
			SKIP_BECAUSE("SOJOURN_SHARED is not set");
		run_to_2(&t, 2, item(&t, "message_1 (CBOR Sequence) (39"), hex("27"));
		sj_put(&w, item(&t, "message_3 (CBOR"));
		assert_int_equal(w.len, 19);
		if (i < 19)
			w.len = i;
		else
			bytes[i - 19] ^= 0x10;
		assert_false(sj_responder_open_3(&t.r, sj_written(&w), &id, &ead));
		assert_int_equal(t.r.state, SJ_RESPONDER_FAILED);
		w = SJ_WRITER_OF(bytes);
		assert_false(sj_responder_open_3(&t.r, item(&t, "message_3 (CBOR"), &id, &ead));
		assert_false(sj_responder_message_4(&t.r, sj_span(NULL, 0), &w));
		close_trace(&t);
	}
}

static void test_another_credential_is_refused(void **state)
{
	struct sj_span id, ead;
	struct trace t;

	(void)state;
	if (!open_trace(&t, "edhoc.json", "trace_2"))
		SKIP_BECAUSE("SOJOURN_SHARED is not set");
	run_to_2(&t, 2, item(&t, "message_1 (CBOR Sequence) (39"), hex("27"));
	assert_true(sj_responder_open_3(&t.r, item(&t, "message_3 (CBOR"), &id, &ead));
	assert_false(sj_responder_check_3(&t.r, item(&t, "CRED_R (CBOR"),
					  item(&t, "Initiator's public authentication key")));
	close_trace(&t);
	open_trace(&t, "edhoc.json", "trace_2");
	run_to_2(&t, 2, item(&t, "message_1 (CBOR Sequence) (39"), hex("27"));
	assert_true(sj_responder_open_3(&t.r, item(&t, "message_3 (CBOR"), &id, &ead));
	assert_false(sj_responder_check_3(&t.r, item(&t, "CRED_I (CBOR"),
					  item(&t, "Responder's public authentication key")));
	close_trace(&t);
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
