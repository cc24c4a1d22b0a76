/* Evidence: what a record says, what is sealed, what an export proves and what it does not. */
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

/* --- exports --------------------------------------------------------------------------- */

static void test_a_card_that_signed_is_proved(void **state)
{
	struct rig *r = *state;

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_CARD_SIGNED);
	for (int i = 0; i < SJ_EVIDENCE_STEPS; i++)
		assert_int_equal(rig_step(r, (enum sj_evidence_step)i).state, SJ_CHECK_PASSED);
	assert_null(sj_evidence_report_kept(r->report));
	assert_null(memmem(r->file, r->file_len, "ERIKSSON", 8));
	assert_non_null(strstr(sj_evidence_report_limit(r->report, 0), "final verdict"));
}

static void test_kept_data_go_into_a_file_when_they_are_asked_for(void **state)
{
	struct rig *r = *state;
	struct sj_datum d = { .size = sizeof(d) };

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, true), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_true(sj_kept_datum(sj_evidence_report_kept(r->report), 0, &d));
	assert_string_equal(d.value, "ERIKSSON");
}

static void test_without_the_operators_key_nothing_is_card_signed(void **state)
{
	struct rig *r = *state;

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, false, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_OPERATOR_ATTESTED);
	assert_int_equal(rig_step(r, SJ_EVIDENCE_STEP_CARD).state, SJ_CHECK_NOT_DONE);
}

static void test_chip_authentication_is_the_operators_word(void **state)
{
	struct rig *r = *state;

	rig_agreed(r);
	rig_add(r);
	assert_int_equal(rig_export(r, 1, true, true), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_OPERATOR_ATTESTED);
	assert_non_null(strstr(sj_evidence_report_limit(r->report, 0), "a card was there"));
}

/* The record says that the chip signed, the operator seals something else: never card-signed. */
static void test_a_forged_answer_is_found(void **state)
{
	struct rig *r = *state;

	rig_answer(r);
	r->answer->response.bytes[5] ^= 1;
	rig_add(r);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_CARD);
	assert_non_null(strstr(rig_step(r, SJ_EVIDENCE_STEP_CARD).detail, "signature"));
}

static void test_a_key_that_the_issuer_did_not_sign_is_found(void **state)
{
	struct rig *r = *state;

	rig_answer(r);
	r->answer->statement.bytes[r->sod_len - 1] ^= 1;
	rig_add(r);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_CARD);
	assert_non_null(strstr(rig_step(r, SJ_EVIDENCE_STEP_CARD).detail, "issuer"));
}

static void test_an_issuer_that_nobody_knows_makes_it_weaker(void **state)
{
	struct rig *r = *state;

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
	r->believed.trust = NULL;
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_OPERATOR_ATTESTED);
	assert_int_equal(rig_step(r, SJ_EVIDENCE_STEP_CARD).state, SJ_CHECK_NOT_POSSIBLE);
}

static void test_who_does_not_know_the_cvca_believes_nobody(void **state)
{
	struct rig *r = *state;
	enum sj_evidence_strength strength;

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
	r->believed.cvca = NULL;
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_TERMINAL);
	assert_false(sj_evidence_report_strength(r->report, &strength));
	assert_null(sj_evidence_report_limit(r->report, 0));
	r->believed.journal_key = r->public_key;
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_CARD_SIGNED);
	r->believed.journal_key = r->operator_public;
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_TERMINAL);
}

static void test_a_terminal_out_of_its_time_is_not_believed(void **state)
{
	struct rig *r = *state;

	rig_agreed(r);
	r->answer->info.time = RIG_NOW + 400 * 86400;
	rig_add(r);
	assert_int_equal(rig_export(r, 1, false, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_TERMINAL);
	assert_non_null(strstr(rig_step(r, SJ_EVIDENCE_STEP_TERMINAL).detail, "in its time"));
}

static void test_a_terminal_of_another_service_is_not_believed(void **state)
{
	struct rig *r = *state;

	r->service.id = 25;
	rig_agreed(r);
	rig_add(r);
	assert_int_equal(rig_export(r, 1, false, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_TERMINAL);
	assert_non_null(strstr(rig_step(r, SJ_EVIDENCE_STEP_TERMINAL).detail, "another service"));
}

static void test_without_a_terminal_the_journals_key_must_be_known(void **state)
{
	struct rig *r = *state;

	sj_terminal_close(r->terminal);
	r->terminal = NULL;
	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_TERMINAL);
	r->believed.journal_key = r->public_key;
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_CARD_SIGNED);
}

static void every_byte(struct rig *r)
{
	for (size_t i = 0; i < r->file_len; i++) {
		enum sj_evidence_strength strength;
		enum sj_rc rc;

		r->file[i] ^= 0x20;
		rc = rig_prove(r);
		if (rc != SJ_EVIDENCE_BROKEN)
			fail_msg("byte %zu: %d", i, (int)rc);
		assert_false(sj_evidence_report_strength(r->report, &strength));
		assert_null(sj_evidence_report_kept(r->report));
		r->file[i] ^= 0x20;
	}
	assert_int_equal(rig_prove(r), SJ_OK);
}

static void test_every_altered_byte_is_found(void **state)
{
	struct rig *r = *state;

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, true), SJ_OK);
	every_byte(r);
}

static void test_every_altered_byte_of_a_longer_chain_is_found(void **state)
{
	struct rig *r = *state;

	sj_journal_sign_every(r->journal, 3);
	r->service.keep = 0;
	rig_verify(r);
	rig_verify(r);
	rig_verify(r);
	assert_int_equal(rig_export(r, 2, false, false), SJ_OK);
	every_byte(r);
}

static void test_every_truncation_of_a_file_is_found(void **state)
{
	struct rig *r = *state;
	size_t whole;

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, true), SJ_OK);
	for (whole = r->file_len; r->file_len-- > 0;)
		assert_int_equal(rig_prove(r), SJ_EVIDENCE_BROKEN);
	r->file_len = whole;
}

static void test_a_record_without_a_head_waits_for_one(void **state)
{
	struct rig *r = *state;

	sj_journal_sign_every(r->journal, 0);
	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, false), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why, "sign the journal"));
	assert_int_equal(rig_export(r, 2, true, false), SJ_INPUT_REFUSED);
	assert_non_null(strstr(r->why, "no such record"));
	assert_int_equal(sj_journal_sign(r->journal, RIG_NOW), SJ_OK);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
}

/* Another journal of the same operator, with the same terminal: the statement names the first. */
static void test_a_statement_does_not_move_to_another_journal(void **state)
{
	struct rig *r = *state;
	struct sj_journal_record record;
	struct memory_row *row = calloc(1, sizeof(*row));
	bool clean;

	rig_verify(r);
	assert_non_null(row);
	*row = r->kept.rows[0];
	r->key[0] = 1;
	r->kept.rows_n = r->kept.heads_n = 0;
	sj_journal_close(r->journal);
	assert_int_equal(sj_journal_public(r->key, r->public_key), SJ_OK);
	assert_int_equal(sj_journal_open(&r->store, r->key, &r->journal, &clean), SJ_OK);
	sj_journal_sign_every(r->journal, 1);
	record = (struct sj_journal_record){ .kind = SJ_JOURNAL_VERIFICATION,
					     .time = RIG_NOW,
					     .content = row->body + 90,
					     .content_len = row->body_len - 90,
					     .sealed = row->sealed,
					     .sealed_len = row->sealed_len,
					     .due = row->due };
	memcpy(record.key, row->key, sizeof(record.key));
	assert_int_equal(sj_journal_add(r->journal, &record), SJ_OK);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_BROKEN);
	assert_non_null(strstr(rig_step(r, SJ_EVIDENCE_STEP_FORM).detail, "another journal"));
	free(row);
}

/* --- taps ---------------------------------------------------------------------------------- */

static void test_a_tap_is_exported_and_is_the_gates_word(void **state)
{
	struct rig *r = *state;
	struct sj_journal_record tap = SJ_JOURNAL_RECORD_INIT;

	tap.kind = SJ_JOURNAL_TAP;
	tap.time = RIG_NOW;
	tap.decided = true;
	tap.verdict.pseudonym_known = true;
	memset(tap.verdict.pseudonym, 0xA5, 16);
	assert_int_equal(sj_journal_add(r->journal, &tap), SJ_OK);
	assert_int_equal(rig_export(r, 1, false, false), SJ_OK);
	assert_non_null(memmem(r->file, r->file_len, tap.verdict.pseudonym, 16));
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_TERMINAL);
	r->believed.journal_key = r->public_key;
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_OPERATOR_ATTESTED);
	r->believed.journal_key = NULL;
	for (size_t i = 0; i < r->file_len; i++) {
		r->file[i] ^= 1;
		assert_int_equal(rig_prove(r), SJ_EVIDENCE_BROKEN);
		r->file[i] ^= 1;
	}
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
		CASE(test_a_service_that_keeps_nothing_keeps_the_proof_as_long_as_told),
		CASE(test_a_failure_leaves_a_record_too),
		CASE(test_a_full_disk_adds_nothing_and_may_be_tried_again),
		CASE(test_a_signature_over_another_challenge_is_no_proof),
		CASE(test_every_truncation_of_a_record_is_found),
		CASE(test_every_truncation_of_what_is_sealed_is_found),
		CASE(test_a_card_that_signed_is_proved),
		CASE(test_kept_data_go_into_a_file_when_they_are_asked_for),
		CASE(test_without_the_operators_key_nothing_is_card_signed),
		CASE(test_chip_authentication_is_the_operators_word),
		CASE(test_a_forged_answer_is_found),
		CASE(test_a_key_that_the_issuer_did_not_sign_is_found),
		CASE(test_an_issuer_that_nobody_knows_makes_it_weaker),
		CASE(test_who_does_not_know_the_cvca_believes_nobody),
		CASE(test_a_terminal_out_of_its_time_is_not_believed),
		CASE(test_a_terminal_of_another_service_is_not_believed),
		CASE(test_without_a_terminal_the_journals_key_must_be_known),
		CASE(test_every_altered_byte_is_found),
		CASE(test_every_altered_byte_of_a_longer_chain_is_found),
		CASE(test_every_truncation_of_a_file_is_found),
		CASE(test_a_record_without_a_head_waits_for_one),
		CASE(test_a_statement_does_not_move_to_another_journal),
		CASE(test_a_tap_is_exported_and_is_the_gates_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
