/*
 * The card's Initiator against the printed traces, byte by byte, and against a
 * Responder of the tests in every method and suite.
 */
#include "applets/gate/initiator.h"
#include "crypt/cfrg.h"
#include "tests/card/gate_responder.h"
#include "tests/vectors/edhoc_psk.h"
#include "tests/vectors/hexbytes.h"
#include "tests/vectors/rfc9529.h"

static const struct sj_span none = { NULL, 0 };

/* --- printed runs --------------------------------------------------------------- */

static void begin_printed(struct initiator *in, uint8_t method, int64_t suite, const char *x,
			  const char *message_1)
{
	const struct sj_span m = hex(message_1);
	uint8_t hash[SJ_HASH_MAX];

	assert_true(sj_hash(SJ_SHA256, &m, 1, hash));
	initiator_begin(in, method, sj_edhoc_suite(suite), hex(x).ptr, hash);
}

static void verify_printed(struct initiator *in, const struct rfc9529_trace *t)
{
	struct sj_edhoc_plaintext plain;
	struct sj_span suites = hex(t->suites);

	begin_printed(in, t->method, suites.ptr[suites.len - 1], t->x, t->message_1);
	assert_true(initiator_message_2(in, hex(t->message_2), &plain));
	assert_hex(plain.c_r, t->c_r);
	assert_int_equal(plain.ead.len, 0);
	assert_true(initiator_verify(in, hex(t->cred_r), hex(t->pk_r)));
	assert_hex(SJ_SPAN_OF(in->th), t->th_3);
}

static void run_printed(const struct rfc9529_trace *t)
{
	struct initiator in = { .state = INITIATOR_NONE };
	struct initiator_credential own = { hex(t->id_cred_i), hex(t->cred_i), hex(t->sk_i).ptr };
	struct sj_edhoc_prk exporter = { .mac = NULL };
	uint8_t bytes[512], opened[64];
	struct sj_writer out = SJ_WRITER_OF(bytes), buffer = SJ_WRITER_OF(opened);
	struct sj_span ead_4;

	verify_printed(&in, t);
	assert_true(initiator_message_3(&in, &own, none, &out));
	assert_hex(sj_written(&out), t->message_3);
	assert_true(initiator_message_4(&in, hex(t->message_4), &buffer, &ead_4, &exporter));
	assert_int_equal(ead_4.len, 0);
	assert_hex(SJ_SPAN_OF(exporter.bytes), t->prk_exporter);
	assert_int_equal(in.state, INITIATOR_NONE);
	sj_edhoc_prk_end(&exporter);
}

static void first_trace(void **state)
{
	(void)state;
	run_printed(&rfc9529_trace_1);
}

static void second_trace(void **state)
{
	(void)state;
	run_printed(&rfc9529_trace_2);
}

static void psk_run(void **state)
{
	struct initiator in = { .state = INITIATOR_NONE };
	struct initiator_psk psk = { hex(PSK_ID_CRED_KID), hex(PSK_CRED_I), hex(PSK_CRED_R),
				     hex(PSK_SECRET) };
	struct sj_edhoc_prk exporter = { .mac = NULL };
	struct sj_edhoc_plaintext plain;
	uint8_t bytes[64], opened[64];
	struct sj_writer out = SJ_WRITER_OF(bytes), buffer = SJ_WRITER_OF(opened);
	struct sj_span ead_4;

	(void)state;
	begin_printed(&in, SJ_EDHOC_PSK, 2, PSK_X, PSK_MESSAGE_1);
	assert_true(initiator_message_2(&in, hex(PSK_MESSAGE_2), &plain));
	assert_hex(plain.c_r, PSK_C_R);
	assert_true(initiator_message_3_psk(&in, &psk, none, &out));
	assert_hex(sj_written(&out), PSK_MESSAGE_3);
	assert_true(initiator_message_4(&in, hex(PSK_MESSAGE_4), &buffer, &ead_4, &exporter));
	assert_hex(SJ_SPAN_OF(exporter.bytes), PSK_PRK_EXPORTER);
	sj_edhoc_prk_end(&exporter);
}

/* --- every method and suite ------------------------------------------------------- */

struct party {
	uint8_t key[SJ_EDHOC_KEY], x[SJ_EDHOC_KEY];
	uint8_t point[65];
	struct sj_span public_key; /* as the method of the party wants it */
};

static void make_party(struct party *p, const struct sj_edhoc_suite *suite, bool signs)
{
	struct sj_random rnd = sj_random_system();
	struct sj_ec_point point;
	struct sj_ec_secret k;

	assert_true(sj_edhoc_keygen(suite, &rnd, p->key, p->x));
	p->public_key = SJ_SPAN_OF(p->x);
	if (!signs)
		return;
	if (suite->curve == SJ_CURVE_NONE) {
		assert_true(sj_ed25519_public(p->key, p->x));
		return;
	}
	assert_true(sj_ec_secret_read(suite->curve, SJ_SPAN_OF(p->key), &k));
	assert_true(sj_ec_multiply(suite->curve, &k, NULL, &point));
	memcpy(p->point, point.bytes, sizeof(p->point));
	p->public_key = SJ_SPAN_OF(p->point);
}

struct run {
	struct initiator in;
	struct responder r;
	struct party i_side, r_side;
	uint8_t message_1[64], message_2[512], message_3[512], message_4[128];
	struct sj_writer w1, w2, w3, w4;
};

#define RUN_ID_R "A10441AB" /* { 4 : h'AB' } */
#define RUN_ID_I "A10D83010203" /* { 13 : [ 1, 2, 3 ] } */
#define RUN_CRED_R "A10263666F6F"
#define RUN_CRED_I "83010203"
#define RUN_EAD "0141FF" /* 1, h'FF' */

/* Up to message_2, which says C_R AB CD and EAD_2. */
static void start(struct run *run, uint8_t method, uint8_t suite_id)
{
	const struct sj_edhoc_suite *suite = sj_edhoc_suite(suite_id);
	const struct responder_own own = { run->r_side.key, hex(RUN_ID_R), hex(RUN_CRED_R) };
	struct sj_random rnd = sj_random_system();
	uint8_t key[SJ_EDHOC_KEY], x[SJ_EDHOC_KEY], hash[SJ_HASH_MAX];
	struct sj_span m;

	*run = (struct run){ .w1 = SJ_WRITER_OF(run->message_1),
			     .w2 = SJ_WRITER_OF(run->message_2),
			     .w3 = SJ_WRITER_OF(run->message_3),
			     .w4 = SJ_WRITER_OF(run->message_4) };
	make_party(&run->i_side, suite, sj_edhoc_initiator_signs(method));
	make_party(&run->r_side, suite, sj_edhoc_responder_signs(method));
	assert_true(sj_edhoc_keygen(suite, &rnd, key, x));
	sj_edhoc_message_1_put(&run->w1, method, sj_span(&suite_id, 1), SJ_SPAN_OF(x), hex("2A1B"),
			       hex(RUN_EAD));
	m = sj_written(&run->w1);
	assert_true(sj_hash(SJ_SHA256, &m, 1, hash));
	initiator_begin(&run->in, method, suite, key, hash);
	responder_take_1(&run->r, m);
	responder_put_2(&run->r, method == SJ_EDHOC_PSK ? NULL : &own, hex("ABCD"), hex(RUN_EAD),
			&run->w2);
}

static bool make_3(struct run *run)
{
	const struct initiator_credential own = { hex(RUN_ID_I), hex(RUN_CRED_I), run->i_side.key };
	const struct initiator_psk psk = { hex("ABAB"), hex(RUN_CRED_I), hex(RUN_CRED_R),
					   hex("00112233") };

	if (run->r.method == SJ_EDHOC_PSK)
		return initiator_message_3_psk(&run->in, &psk, hex(RUN_EAD), &run->w3);
	return initiator_verify(&run->in, hex(RUN_CRED_R), run->r_side.public_key) &&
	       initiator_message_3(&run->in, &own, hex(RUN_EAD), &run->w3);
}

static void finish(struct run *run)
{
	struct sj_edhoc_prk ours = { .mac = NULL }, theirs = { .mac = NULL };
	uint8_t opened[64];
	struct sj_writer buffer = SJ_WRITER_OF(opened);
	struct sj_span ead_4;

	responder_put_4(&run->r, hex(RUN_EAD), &run->w4);
	responder_exporter(&run->r, &theirs);
	assert_true(initiator_message_4(&run->in, sj_written(&run->w4), &buffer, &ead_4, &ours));
	assert_hex(ead_4, RUN_EAD);
	assert_memory_equal(ours.bytes, theirs.bytes, SJ_PRK_SIZE);
	sj_edhoc_prk_end(&ours);
	sj_edhoc_prk_end(&theirs);
}

static void every_method_and_suite(void **state)
{
	struct run *run = *state;
	static const uint8_t suites[] = { 0, 2, 3 };
	struct sj_edhoc_plaintext plain;

	for (uint8_t method = 0; method <= SJ_EDHOC_PSK; method++)
		for (size_t i = 0; i < sizeof(suites); i++) {

			start(run, method, suites[i]);
			assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
			assert_hex(plain.c_r, "ABCD");
			assert_hex(plain.ead, RUN_EAD);
			assert_true(make_3(run));
			assert_true(responder_take_3(&run->r, sj_written(&run->w3)));
			assert_true(method == SJ_EDHOC_PSK
					    ? responder_check_psk(&run->r, hex("00112233"),
								  hex(RUN_CRED_I), hex(RUN_CRED_R))
					    : responder_check_3(&run->r, hex(RUN_CRED_I),
								run->i_side.public_key));
			finish(run);
		}
}

/* --- refusals ----------------------------------------------------------------------- */

/* In between the long states nothing is on the heap: wiping memory is enough. */
static void long_states_hold_bytes_only(void **state)
{
	struct run *run = *state;
	struct sj_edhoc_plaintext plain;

	start(run, SJ_EDHOC_DH_DH, 3);
	assert_null(run->in.prk_2e.mac);
	assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
	assert_true(make_3(run));
	assert_null(run->in.prk_2e.mac);
	assert_null(run->in.prk_3e2m.mac);
	assert_null(run->in.prk_4e3m.mac);
	for (size_t i = 0; i < SJ_EDHOC_KEY; i++)
		assert_int_equal(run->in.key[i], 0);
	initiator_end(&run->in);
}

static void steps_out_of_turn_end_the_exchange(void **state)
{
	struct run *run = *state;
	const struct initiator_psk psk = { hex("AB"), none, none, none };
	struct sj_edhoc_prk exporter = { .mac = NULL };
	struct sj_edhoc_plaintext plain;
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span ead;

	start(run, SJ_EDHOC_DH_DH, 3);
	assert_false(initiator_verify(&run->in, hex(RUN_CRED_R), run->r_side.public_key));
	assert_false(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
	start(run, SJ_EDHOC_DH_DH, 3);
	assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
	assert_false(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
	start(run, SJ_EDHOC_DH_DH, 3);
	assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
	assert_false(initiator_message_3_psk(&run->in, &psk, none, &w));
	start(run, SJ_EDHOC_DH_DH, 3);
	assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
	assert_false(initiator_message_4(&run->in, hex("40"), &w, &ead, &exporter));
	assert_int_equal(run->in.state, INITIATOR_NONE);
}

static void every_truncated_message_2_is_refused(void **state)
{
	struct run *run = *state;
	struct sj_edhoc_plaintext plain;

	start(run, SJ_EDHOC_DH_DH, 3);
	for (size_t n = 0; n < run->w2.len; n++) {
		struct initiator copy = run->in;

		assert_false(initiator_message_2(&copy, sj_span(run->message_2, n), &plain));
		assert_int_equal(copy.state, INITIATOR_NONE);
	}
	initiator_end(&run->in);
}

/* Whatever bit: not parsed, or not believed. */
static void every_changed_message_2_is_refused(void **state)
{
	struct run *run = *state;
	struct sj_edhoc_plaintext plain;

	for (uint8_t method = 0; method < SJ_EDHOC_PSK; method++) {
		start(run, method, 3);
		for (size_t i = 0; i < run->w2.len; i++) {
			struct initiator copy = run->in;

			run->message_2[i] ^= 1;
			assert_false(
				initiator_message_2(&copy, sj_written(&run->w2), &plain) &&
				initiator_verify(&copy, hex(RUN_CRED_R), run->r_side.public_key));
			run->message_2[i] ^= 1;
			initiator_end(&copy);
		}
		initiator_end(&run->in);
	}
}

static void another_credential_or_key_is_refused(void **state)
{
	struct run *run = *state;
	struct sj_edhoc_plaintext plain;

	for (uint8_t method = 0; method < SJ_EDHOC_PSK; method++) {
		start(run, method, 2);
		assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
		assert_false(
			initiator_verify(&run->in, hex("A10263666F70"), run->r_side.public_key));
		start(run, method, 2);
		assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
		assert_false(initiator_verify(&run->in, hex(RUN_CRED_R), run->i_side.public_key));
		start(run, method, 2);
		assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
		assert_false(initiator_verify(&run->in, hex(RUN_CRED_R), none));
	}
}

static void every_truncated_or_changed_message_4_is_refused(void **state)
{
	struct run *run = *state;
	struct sj_edhoc_prk exporter = { .mac = NULL };
	struct sj_edhoc_plaintext plain;
	uint8_t opened[64];
	struct sj_span ead;

	start(run, SJ_EDHOC_DH_DH, 3);
	assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
	assert_true(make_3(run));
	assert_true(responder_take_3(&run->r, sj_written(&run->w3)));
	assert_true(responder_check_3(&run->r, hex(RUN_CRED_I), run->i_side.public_key));
	responder_put_4(&run->r, hex(RUN_EAD), &run->w4);
	for (size_t i = 0; i < run->w4.len; i++) {
		struct initiator cut = run->in, changed = run->in;
		struct sj_writer buffer = SJ_WRITER_OF(opened);

		assert_false(initiator_message_4(&cut, sj_span(run->message_4, i), &buffer, &ead,
						 &exporter));
		run->message_4[i] ^= 0x10;
		assert_false(initiator_message_4(&changed, sj_written(&run->w4), &buffer, &ead,
						 &exporter));
		run->message_4[i] ^= 0x10;
	}
	initiator_end(&run->in);
}

/* RFC 9528, 9.2: a G_Y that is no point, or of small order on curve25519. */
static void bad_ephemeral_keys_are_refused(void **state)
{
	struct run *run = *state;
	struct sj_edhoc_plaintext plain;

	start(run, SJ_EDHOC_DH_DH, 3);
	memset(run->message_2 + 2, 0xFF, SJ_EDHOC_KEY);
	assert_false(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
	start(run, SJ_EDHOC_DH_DH, 0);
	memset(run->message_2 + 2, 0, SJ_EDHOC_KEY);
	assert_false(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
}

/* What does not fit is refused, not cut. */
static void too_long_credentials_are_refused(void **state)
{
	struct run *run = *state;
	static const uint8_t zeros[INITIATOR_TEXT];
	const struct sj_span big = SJ_SPAN_OF(zeros);
	struct sj_edhoc_plaintext plain;
	struct initiator_credential own;

	start(run, SJ_EDHOC_DH_DH, 3);
	own = (struct initiator_credential){ hex(RUN_ID_I), big, run->i_side.key };
	assert_true(initiator_message_2(&run->in, sj_written(&run->w2), &plain));
	assert_true(initiator_verify(&run->in, hex(RUN_CRED_R), run->r_side.public_key));
	assert_false(initiator_message_3(&run->in, &own, none, &run->w3));
	assert_int_equal(run->in.state, INITIATOR_NONE);
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct run));
	return *state == NULL;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

#define RUN_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_trace),
		cmocka_unit_test(second_trace),
		cmocka_unit_test(psk_run),
		RUN_CASE(every_method_and_suite),
		RUN_CASE(long_states_hold_bytes_only),
		RUN_CASE(steps_out_of_turn_end_the_exchange),
		RUN_CASE(every_truncated_message_2_is_refused),
		RUN_CASE(every_changed_message_2_is_refused),
		RUN_CASE(another_credential_or_key_is_refused),
		RUN_CASE(every_truncated_or_changed_message_4_is_refused),
		RUN_CASE(bad_ephemeral_keys_are_refused),
		RUN_CASE(too_long_credentials_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
