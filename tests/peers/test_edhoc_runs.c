/* Whole runs of another implementation: each of our roles in the place of its own. */
#include <stdio.h>

#include "applets/gate/initiator.h"
#include "gate/responder.h"
#include "tests/vectors/edhoc_runs.h"
#include "tests/vectors/hexbytes.h"

#define EXPORT_LABEL 32769u
#define EAD SJ_SPAN_STR("\x19\x53\x4A\x43\x01\x02\x03")
#define ID_I SJ_SPAN_STR("\xA1\x04\x41\x2B")
#define ID_R SJ_SPAN_STR("\xA1\x04\x41\x02")

/* An ephemeral key that is given. */
static bool fill_given(void *self, uint8_t *out, size_t n)
{
	struct sj_span given = hex(self);

	assert_int_equal(given.len, n);
	memcpy(out, given.ptr, n);
	return true;
}

static void assert_export(struct sj_edhoc_prk *exporter, const char *expected)
{
	uint8_t out[32];

	assert_true(sj_edhoc_kdf(exporter, EXPORT_LABEL, NULL, 0, out, sizeof(out)));
	assert_hex(SJ_SPAN_OF(out), expected);
}

/* --- the card's role ------------------------------------------------------------ */

static void initiator_is_understood(const struct edhoc_run *run)
{
	static struct initiator in;
	uint8_t bytes[1024], message_1[SJ_HASH_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_edhoc_prk exporter = { .mac = NULL };
	struct sj_edhoc_plaintext plain;
	struct sj_span first = hex(run->message[0]), ead_4;
	struct initiator_credential own = { ID_I, hex(run->cred_i), hex(run->i).ptr };

	assert_true(sj_hash(SJ_SHA256, &first, 1, message_1));
	initiator_begin(&in, (uint8_t)run->method, sj_edhoc_suite(run->suite), hex(run->x).ptr,
			message_1);
	assert_true(initiator_message_2(&in, hex(run->message[1]), &plain));
	assert_true(sj_span_eq(plain.ead, EAD));
	assert_true(initiator_verify(&in, hex(run->cred_r), hex(run->pk_r)));
	assert_true(initiator_message_3(&in, &own, EAD, &w));
	/* ECDSA is random; everything else must be the very bytes. */
	if (!sj_edhoc_initiator_signs((uint8_t)run->method) || run->suite == 0) {
		assert_hex(sj_written(&w), run->message[2]);
		w.len = 0;
		assert_true(initiator_message_4(&in, hex(run->message[3]), &w, &ead_4, &exporter));
		assert_true(sj_span_eq(ead_4, EAD));
		assert_export(&exporter, run->exporter);
	}
	sj_edhoc_prk_end(&exporter);
	initiator_end(&in);
}

/* --- the gate's role -------------------------------------------------------------- */

static void responder_begin(struct sj_responder *r, const struct edhoc_run *run)
{
	char y[65];
	const struct sj_random given = { fill_given, y };
	struct sj_edhoc_message_1 m;
	uint8_t suite = (uint8_t)run->suite;

	snprintf(y, sizeof(y), "%s", run->y);
	sj_responder_begin(r, 1u << run->method, &suite, 1);
	assert_true(sj_responder_prepare(r, sj_edhoc_suite(suite), &given));
	assert_true(sj_responder_message_1(r, hex(run->message[0]), &m));
	assert_true(sj_span_eq(m.ead, EAD));
}

static void responder_is_understood(const struct edhoc_run *run)
{
	static struct sj_responder r;
	const struct sj_random none = sj_random_system();
	struct sj_responder_own own = { hex(run->r).ptr, ID_R, hex(run->cred_r) };
	uint8_t bytes[1024];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span id_cred, ead;

	responder_begin(&r, run);
	assert_true(sj_responder_message_2(&r, &own, SJ_SPAN_STR("\x01"), EAD, &none, &w));
	/* With a random signature of ours the run cannot go on as it was recorded. */
	if (!sj_edhoc_responder_signs((uint8_t)run->method) || run->suite == 0) {
		assert_hex(sj_written(&w), run->message[1]);
		w.len = 0;
		assert_true(sj_responder_open_3(&r, hex(run->message[2]), &id_cred, &ead));
		assert_true(sj_span_eq(id_cred, SJ_SPAN_STR("\x2B")) && sj_span_eq(ead, EAD));
		assert_true(sj_responder_check_3(&r, hex(run->cred_i), hex(run->pk_i)));
		assert_true(sj_responder_message_4(&r, EAD, &w));
		assert_hex(sj_written(&w), run->message[3]);
		assert_export(&r.exporter, run->exporter);
	}
	sj_responder_end(&r);
}

#define RUN_COUNT (sizeof(edhoc_runs) / sizeof(edhoc_runs[0]))

static void every_method_and_suite_as_initiator(void **state)
{
	(void)state;
	for (size_t i = 0; i < RUN_COUNT; i++)
		initiator_is_understood(&edhoc_runs[i]);
}

static void every_method_and_suite_as_responder(void **state)
{
	(void)state;
	for (size_t i = 0; i < RUN_COUNT; i++)
		responder_is_understood(&edhoc_runs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_method_and_suite_as_initiator),
		cmocka_unit_test(every_method_and_suite_as_responder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
