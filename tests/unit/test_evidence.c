/* Evidence: what a record says of a verification, and what is sealed in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/evidence_rig.h"

static struct sj_evidence_info info_of(struct rig *r, uint64_t number)
{
	struct sj_evidence_info info = { .size = sizeof(info) };
	struct sj_journal_record record = rig_read(r, number);

	assert_int_equal(sj_evidence_read(&record, &info), SJ_OK);
	return info;
}

static bool everywhere(const struct rig *r, const void *bytes, size_t len)
{
	for (size_t i = 0; i < r->kept.rows_n; i++) {
		const struct memory_row *row = &r->kept.rows[i];

		if (memmem(row->body, row->body_len, bytes, len) != NULL ||
		    memmem(row->sealed, row->sealed_len, bytes, len) != NULL)
			return true;
	}
	return false;
}

static enum sj_evidence_strength strength_of(const struct rig *r)
{
	enum sj_evidence_strength strength = SJ_OPERATOR_ATTESTED;

	assert_true(sj_evidence_report_strength(r->report, &strength));
	return strength;
}

/* --- records ---------------------------------------------------------------------- */

static void test_a_record_says_who_asked_and_what_for(void **state)
{
	struct rig *r = *state;
	struct sj_evidence_info i = info_of(r, rig_verify(r));

	assert_string_equal(i.name, "hotel-check-in");
	assert_string_equal(i.terminal, "UTHOTEL00001");
	assert_int_equal(i.service, 26);
	assert_int_equal(i.sector, 6);
	assert_true(i.answered && i.sealed && !i.erased);
	assert_int_equal(i.verdict, SJ_VERDICT_GENUINE);
	assert_int_equal(i.bound, SJ_VERDICT_COPY_NOT_EXCLUDED);
	assert_int_equal(i.granted, r->service.rights);
	assert_int_equal(i.kept, SJ_RIGHT_NAME | SJ_RIGHT_PORTRAIT);
	assert_int_equal(i.status_epoch, 42);
	assert_int_equal(i.time, RIG_NOW);
	assert_int_equal(i.due, RIG_NOW + 86400);
	assert_int_equal(i.checks[SJ_ANSWER_CHIP].state, SJ_CHECK_PASSED);
	assert_int_equal(i.claimed, SJ_CARD_SIGNED);
}

static void test_nothing_that_identifies_the_holder_can_be_read(void **state)
{
	struct rig *r = *state;

	rig_verify(r);
	assert_false(everywhere(r, "ERIKSSON", 8));
	assert_false(everywhere(r, "1974", 4));
	assert_false(everywhere(r, r->chip_key + r->chip_key_len - 32, 32));
	assert_false(everywhere(r, r->sod + r->sod_len - 32, 32));
	assert_false(everywhere(r, r->answer->response.bytes, 32));
}

static void test_two_records_of_one_card_have_nothing_in_common(void **state)
{
	struct rig *r = *state;
	struct sj_statement a, b;
	struct sj_journal_record record;

	rig_verify(r);
	rig_verify(r);
	record = rig_read(r, 1);
	assert_true(sj_statement_take(sj_span(record.content, record.content_len), &a));
	record = rig_read(r, 2);
	assert_true(sj_statement_take(sj_span(record.content, record.content_len), &b));
	assert_memory_not_equal(a.commitments[0], b.commitments[0], 32);
	assert_memory_not_equal(a.commitments[1], b.commitments[1], 32);
	assert_memory_not_equal(a.info.challenge, b.info.challenge, 8);
}

static void test_the_operator_reads_what_was_kept_and_nothing_else(void **state)
{
	struct rig *r = *state;
	struct sj_datum d = { .size = sizeof(d) };
	struct sj_kept *kept = NULL;
	struct sj_journal_record record;
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	rig_verify(r);
	record = rig_read(r, 1);
	assert_int_equal(sj_kept_open(&record, r->operator_key, &kept), SJ_OK);
	assert_true(sj_kept_datum(kept, 0, &d));
	assert_string_equal(d.name, "surname");
	assert_string_equal(d.value, "ERIKSSON");
	assert_false(sj_kept_datum(kept, 1, &d));
	assert_true(sj_kept_portrait(kept, &bytes, &len, &mime));
	assert_int_equal(len, 3000);
	assert_string_equal(mime, "image/jpeg");
	sj_kept_free(kept);
}

static void test_another_operator_reads_nothing(void **state)
{
	struct rig *r = *state;
	struct sj_kept *kept = NULL;
	struct sj_journal_record record;

	rig_verify(r);
	record = rig_read(r, 1);
	r->operator_key[30] = 1;
	assert_int_equal(sj_kept_open(&record, r->operator_key, &kept), SJ_INPUT_REFUSED);
	assert_null(kept);
}

static void test_what_is_due_cannot_be_opened_by_anybody(void **state)
{
	struct rig *r = *state;
	struct sj_kept *kept = NULL;
	struct sj_evidence_info i;
	struct sj_journal_record record;
	uint64_t n = 0;

	rig_verify(r);
	assert_int_equal(sj_journal_erase_due(&r->store, RIG_NOW + 86400, &n), SJ_OK);
	assert_int_equal(n, 1);
	i = info_of(r, 1);
	assert_true(i.erased && !i.sealed);
	assert_int_equal(i.claimed, SJ_OPERATOR_ATTESTED);
	record = rig_read(r, 1);
	assert_int_equal(sj_kept_open(&record, r->operator_key, &kept), SJ_INPUT_REFUSED);
	assert_int_equal(rig_export(r, 1, true, true), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why, "erased"));
	assert_int_equal(rig_export(r, 1, false, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_OPERATOR_ATTESTED);
}

static void test_a_service_that_keeps_needs_an_operators_key(void **state)
{
	struct rig *r = *state;
	uint64_t number = 0;

	rig_answer(r);
	r->options.operator_key = NULL;
	assert_int_equal(sj_evidence_add(r->evidence, r->journal, r->answer, &r->options, &number),
			 SJ_KEY_STORE);
	assert_int_equal(r->kept.rows_n, 0);
}

static void test_a_service_that_keeps_says_how_long(void **state)
{
	struct rig *r = *state;
	struct sj_evidence *e = NULL;

	r->service.retention = 0;
	assert_int_equal(sj_evidence_begin(&r->service, r->terminal, &e), SJ_USAGE);
	assert_null(e);
}

static void test_a_service_that_keeps_nothing_keeps_the_proof_as_long_as_told(void **state)
{
	struct rig *r = *state;
	struct sj_evidence_info i;

	r->service.keep = 0;
	rig_verify(r);
	i = info_of(r, 1);
	assert_false(i.sealed || i.erased || i.due != 0 || i.kept != 0);
	r->options.proof_retention = 60;
	rig_verify(r);
	i = info_of(r, 2);
	assert_true(i.sealed);
	assert_int_equal(i.due, RIG_NOW + 60);
	assert_int_equal(i.kept, 0);
	assert_int_equal(rig_export(r, 2, true, true), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_CARD_SIGNED);
	assert_null(sj_evidence_report_kept(r->report));
}

static void test_a_failure_leaves_a_record_too(void **state)
{
	struct rig *r = *state;
	struct sj_evidence_info i;
	uint64_t number = 0;

	rig_answer(r);
	r->options.failure = SJ_CARD_LOST;
	assert_int_equal(sj_evidence_add(r->evidence, r->journal, NULL, &r->options, &number),
			 SJ_OK);
	i = info_of(r, number);
	assert_false(i.answered || i.sealed);
	assert_int_equal(i.reason, SJ_CARD_LOST);
	assert_int_equal(i.proof, SJ_PROOF_NONE);
	assert_int_equal(rig_export(r, number, false, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_OK);
}

static void test_a_full_disk_adds_nothing_and_may_be_tried_again(void **state)
{
	struct rig *r = *state;
	uint64_t number = 0;

	rig_answer(r);
	r->kept.full = true;
	assert_int_equal(sj_evidence_add(r->evidence, r->journal, r->answer, &r->options, &number),
			 SJ_OUTPUT_FAILED);
	r->kept.full = false;
	assert_int_equal(rig_add(r), 1);
	assert_int_equal(rig_export(r, 1, true, true), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_OK);
}

static void test_a_signature_over_another_challenge_is_no_proof(void **state)
{
	struct rig *r = *state;
	struct sj_evidence_info i;

	rig_answer(r);
	r->answer->challenge.bytes[0] ^= 1;
	i = info_of(r, rig_add(r));
	assert_int_equal(i.proof, SJ_PROOF_NONE);
	assert_int_equal(i.claimed, SJ_OPERATOR_ATTESTED);
}

static void test_every_truncation_of_a_record_is_found(void **state)
{
	struct rig *r = *state;
	struct sj_journal_record record;
	struct sj_statement s;
	struct sj_span content;

	rig_verify(r);
	record = rig_read(r, 1);
	content = sj_span(record.content, record.content_len);
	assert_true(sj_statement_take(content, &s));
	/* Certificates are read by those who believe them, whole or not at all. */
	content.len -= s.certificates.len;
	for (;; content.len--) {
		assert_false(sj_statement_take(content, &s));
		if (content.len == 0)
			break;
	}
}

static void test_every_truncation_of_what_is_sealed_is_found(void **state)
{
	struct rig *r = *state;
	struct sj_bytes parts[SJ_SEALED_PARTS];
	struct sj_journal_record record;

	rig_verify(r);
	record = rig_read(r, 1);
	for (size_t n = 0; n < record.sealed_len; n++)
		assert_int_not_equal(
			sj_unseal(r->operator_key, record.key, sj_span(record.sealed, n), parts),
			SJ_OK);
}

static void test_an_operators_key_is_read_with_its_passphrase(void **state)
{
	uint8_t file[SJ_OPERATOR_FILE_MAX], key[SJ_OPERATOR_KEY];
	struct rig *r = *state;
	size_t len = 0;

	assert_int_equal(sj_operator_key_write(r->operator_key, "words", 5, file, &len), SJ_OK);
	assert_null(memmem(file, len, r->operator_key, SJ_OPERATOR_KEY));
	assert_int_equal(sj_operator_key_read(file, len, NULL, 0, key), SJ_SECRET_NEEDED);
	assert_int_equal(sj_operator_key_read(file, len, "word", 4, key), SJ_KEY_STORE);
	assert_int_equal(sj_operator_key_read(file, len, "words", 5, key), SJ_OK);
	assert_memory_equal(key, r->operator_key, SJ_OPERATOR_KEY);
	assert_int_equal(sj_operator_key_write(r->operator_key, NULL, 0, file, &len), SJ_OK);
	assert_int_equal(sj_operator_key_read(file, len, NULL, 0, key), SJ_OK);
	assert_memory_equal(key, r->operator_key, SJ_OPERATOR_KEY);
	while (len-- > 0)
		assert_int_equal(sj_operator_key_read(file, len, NULL, 0, key), SJ_INPUT_MALFORMED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_record_says_who_asked_and_what_for),
		CASE(test_nothing_that_identifies_the_holder_can_be_read),
		CASE(test_two_records_of_one_card_have_nothing_in_common),
		CASE(test_the_operator_reads_what_was_kept_and_nothing_else),
		CASE(test_another_operator_reads_nothing),
		CASE(test_what_is_due_cannot_be_opened_by_anybody),
		CASE(test_a_service_that_keeps_needs_an_operators_key),
		CASE(test_a_service_that_keeps_says_how_long),
		CASE(test_a_service_that_keeps_nothing_keeps_the_proof_as_long_as_told),
		CASE(test_a_failure_leaves_a_record_too),
		CASE(test_a_full_disk_adds_nothing_and_may_be_tried_again),
		CASE(test_a_signature_over_another_challenge_is_no_proof),
		CASE(test_every_truncation_of_a_record_is_found),
		CASE(test_every_truncation_of_what_is_sealed_is_found),
		CASE(test_an_operators_key_is_read_with_its_passphrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
