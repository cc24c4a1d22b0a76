/*
 * Card's Initiator against gate's Responder: each was written from RFC 9528
 * without the other. Every method, every suite, with and without EADs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "applets/gate/initiator.h"
#include "crypt/cfrg.h"
#include "gate/responder.h"

#define NONE sj_span(NULL, 0)

/* A party's key and credentials, for signing or static DH. */
struct party {
	uint8_t key[SJ_EDHOC_KEY], public[65];
	struct sj_span peer_key; /* as who checks it takes it */
	struct sj_span id_cred, cred;
};

static void make_party(struct party *p, const struct sj_edhoc_suite *suite, bool signs)
{
	const struct sj_random rnd = sj_random_system();
	struct sj_ec_secret secret;
	struct sj_ec_point point;

	assert_true(sj_edhoc_keygen(suite, &rnd, p->key, p->public));
	p->peer_key = sj_span(p->public, SJ_EDHOC_KEY);
	if (!signs)
		return;
	if (suite->curve == SJ_CURVE_NONE) {
		assert_true(sj_ed25519_public(p->key, p->public));
		return;
	}
	assert_true(sj_ec_secret_read(SJ_P256, SJ_SPAN_OF(p->key), &secret) &&
		    sj_ec_multiply(SJ_P256, &secret, NULL, &point));
	memcpy(p->public, point.bytes, sizeof(p->public));
	p->peer_key = SJ_SPAN_OF(p->public);
}

struct run {
	struct initiator i;
	struct sj_responder r;
	struct party card, gate;
	struct sj_edhoc_prk exporter;
};

static void open_run(struct run *run, uint8_t method, uint8_t suite_id, struct sj_span ead_1)
{
	const struct sj_random rnd = sj_random_system();
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(suite_id);
	uint8_t key[SJ_EDHOC_KEY], x[SJ_EDHOC_KEY], bytes[128], hash[SJ_HASH_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_edhoc_message_1 m;
	struct sj_span whole;

	memset(run, 0, sizeof(*run));
	make_party(&run->card, suite, sj_edhoc_initiator_signs(method));
	make_party(&run->gate, suite, sj_edhoc_responder_signs(method));
	run->card.id_cred = SJ_SPAN_STR("\xA1\x04\x41\x2B"); /* travels as one byte */
	run->card.cred = SJ_SPAN_STR("\xA1\x02\x61\x49");
	run->gate.id_cred = SJ_SPAN_STR("\xA1\x18\x22\x43\x01\x02\x03"); /* travels as a map */
	run->gate.cred = SJ_SPAN_STR("\xA1\x02\x61\x52");
	assert_true(sj_edhoc_keygen(suite, &rnd, key, x));
	sj_edhoc_message_1_put(&w, method, sj_span(&suite_id, 1), SJ_SPAN_OF(x),
			       SJ_SPAN_STR("\xAB\xCD"), ead_1);
	whole = sj_written(&w);
	assert_true(sj_hash(SJ_SHA256, &whole, 1, hash));
	initiator_begin(&run->i, method, suite, key, hash);
	sj_responder_begin(&run->r, 0x1F, &suite_id, 1);
	assert_true(sj_responder_message_1(&run->r, whole, &m));
	assert_int_equal(m.method, method);
	assert_true(sj_span_eq(m.ead, ead_1));
}

static void close_run(struct run *run)
{
	initiator_end(&run->i);
	sj_responder_end(&run->r);
	sj_edhoc_prk_end(&run->exporter);
}

/* message_2 to the card, which finds what the gate said. */
static void pass_2(struct run *run, struct sj_span ead_2)
{
	const struct sj_random rnd = sj_random_system();
	const struct sj_responder_own own = { run->gate.key, run->gate.id_cred, run->gate.cred };
	const bool psk = run->r.method == SJ_EDHOC_PSK;
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_edhoc_plaintext p;

	assert_true(sj_responder_message_2(&run->r, psk ? NULL : &own, SJ_SPAN_STR("\x18"), ead_2,
					   &rnd, &w));
	assert_true(initiator_message_2(&run->i, sj_written(&w), &p));
	assert_true(sj_span_eq(p.c_r, SJ_SPAN_STR("\x18")));
	assert_true(sj_span_eq(p.ead, ead_2));
	if (psk)
		return;
	assert_true(sj_span_eq(p.id_cred, run->gate.id_cred));
	assert_true(initiator_verify(&run->i, run->gate.cred, run->gate.peer_key));
}

/* message_4, and the same keys on both sides. */
static void pass_4(struct run *run, struct sj_span ead_4)
{
	uint8_t bytes[256], buffer[256], a[16], b[16];
	struct sj_writer w = SJ_WRITER_OF(bytes), out = SJ_WRITER_OF(buffer);
	struct sj_span ead;

	assert_true(sj_responder_message_4(&run->r, ead_4, &w));
	assert_true(initiator_message_4(&run->i, sj_written(&w), &out, &ead, &run->exporter));
	assert_true(sj_span_eq(ead, ead_4));
	assert_true(sj_edhoc_kdf(&run->exporter, 32768, NULL, 0, a, sizeof(a)));
	assert_true(sj_edhoc_kdf(&run->r.exporter, 32768, NULL, 0, b, sizeof(b)));
	assert_memory_equal(a, b, sizeof(a));
}

static void whole_run(struct run *run, uint8_t method, uint8_t suite, struct sj_span ead)
{
	const struct initiator_credential own = { SJ_SPAN_STR("\xA1\x04\x41\x2B"),
						  SJ_SPAN_STR("\xA1\x02\x61\x49"), run->card.key };
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span id, ead_3;

	open_run(run, method, suite, ead);
	pass_2(run, ead);
	assert_true(initiator_message_3(&run->i, &own, ead, &w));
	assert_true(sj_responder_open_3(&run->r, sj_written(&w), &id, &ead_3));
	assert_true(sj_span_eq(id, SJ_SPAN_STR("\x2B")));
	assert_true(sj_span_eq(ead_3, ead));
	assert_true(sj_responder_check_3(&run->r, run->card.cred, run->card.peer_key));
	pass_4(run, ead);
	close_run(run);
}

static void test_every_method_in_every_suite(void **state)
{
	static const uint8_t suites[] = { 0, 2, 3 };
	struct run *run = *state;

	for (uint8_t method = SJ_EDHOC_SIGN_SIGN; method <= SJ_EDHOC_DH_DH; method++)
		for (size_t s = 0; s < sizeof(suites); s++) {
			whole_run(run, method, suites[s], NONE);
			whole_run(run, method, suites[s],
				  SJ_SPAN_STR("\x19\x53\x4A\x43\x01\x02\x03"));
		}
}

static void psk_run(struct run *run, uint8_t suite, struct sj_span ead, bool right)
{
	const struct initiator_psk psk = { SJ_SPAN_STR("\x10\x11"), SJ_SPAN_STR("\xA1\x02\x61\x49"),
					   SJ_SPAN_STR("\xA1\x02\x61\x52"),
					   SJ_SPAN_STR("0123456789abcdef") };
	const struct sj_span key = right ? psk.psk : SJ_SPAN_STR("0123456789abcdeF");
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span id, ead_3;

	open_run(run, SJ_EDHOC_PSK, suite, ead);
	pass_2(run, ead);
	assert_true(initiator_message_3_psk(&run->i, &psk, ead, &w));
	assert_true(sj_responder_open_3(&run->r, sj_written(&w), &id, &ead_3));
	assert_true(sj_span_eq(id, SJ_SPAN_STR("\x42\x10\x11")));
	assert_int_equal(sj_responder_check_psk(&run->r, key, psk.cred_i, psk.cred_r, &ead_3),
			 right);
	if (right) {
		assert_true(sj_span_eq(ead_3, ead));
		pass_4(run, ead);
	}
	close_run(run);
}

static void test_a_psk_in_every_suite(void **state)
{
	static const uint8_t suites[] = { 0, 2, 3 };
	struct run *run = *state;

	for (size_t s = 0; s < sizeof(suites); s++) {
		psk_run(run, suites[s], NONE, true);
		psk_run(run, suites[s], SJ_SPAN_STR("\x19\x53\x4A\x43\x01\x02\x03"), true);
		psk_run(run, suites[s], NONE, false);
	}
}

/* The credential's key is not the one that made the proof. */
static void test_another_key_is_refused_in_every_method(void **state)
{
	struct run *run = *state;

	for (uint8_t method = SJ_EDHOC_SIGN_SIGN; method <= SJ_EDHOC_DH_DH; method++) {
		struct party other;
		const struct initiator_credential own = { SJ_SPAN_STR("\xA1\x04\x41\x2B"),
							  SJ_SPAN_STR("\xA1\x02\x61\x49"),
							  run->card.key };
		uint8_t bytes[512];
		struct sj_writer w = SJ_WRITER_OF(bytes);
		struct sj_span id, ead_3;

		open_run(run, method, 3, NONE);
		make_party(&other, sj_edhoc_suite(3), sj_edhoc_initiator_signs(method));
		pass_2(run, NONE);
		assert_true(initiator_message_3(&run->i, &own, NONE, &w));
		assert_true(sj_responder_open_3(&run->r, sj_written(&w), &id, &ead_3));
		assert_false(sj_responder_check_3(&run->r, run->card.cred, other.peer_key));
		close_run(run);
	}
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct run));
	return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_every_method_in_every_suite),
		CASE(test_a_psk_in_every_suite),
		CASE(test_another_key_is_refused_in_every_method),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
