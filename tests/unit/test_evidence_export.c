/* Exported evidence: what it proves, what it does not, and that no byte of it can be changed. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/evidence_rig.h"

static enum sj_evidence_strength strength_of(const struct rig *r)
{
	enum sj_evidence_strength strength = SJ_OPERATOR_ATTESTED;

	assert_true(sj_evidence_report_strength(r->report, &strength));
	return strength;
}

/* --- exports --------------------------------------------------------------------------- */

static void test_a_card_that_signed_is_proved(void **state)
{
	struct sj_evidence_info info = { .size = sizeof(info) };
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
	assert_true(sj_evidence_report_info(r->report, &info));
	assert_int_equal(info.number, 1);
	assert_string_equal(sj_evidence_step_name(SJ_EVIDENCE_STEP_CARD), "card");
	assert_string_equal(sj_evidence_strength_name(SJ_CARD_SIGNED), "card-signed");
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

/* A signer may have been revoked meanwhile: a list that is overdue clears nobody. */
static void test_an_overdue_crl_makes_it_weaker(void **state)
{
	struct rig *r = *state;

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
	assert_int_equal(sj_trust_note_time(r->trust, RIG_NOW - 5 * 86400), SJ_OK);
	assert_int_equal(sj_trust_import_crl(r->trust, r->crl, r->crl_len), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_OPERATOR_ATTESTED);
	assert_int_equal(rig_step(r, SJ_EVIDENCE_STEP_CARD).reason, SJ_CRL_STALE);
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

/* As a signed bundle brings it (BUNDLE.md): cv/ in the slot in use. */
static void test_a_cvca_of_the_bundle_is_believed(void **state)
{
	struct rig *r = *state;
	char path[80];
	int fd;

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, true, false), SJ_OK);
	snprintf(path, sizeof(path), "%s/cv", r->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/cv/UTCVCA00001.cvcert", r->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, r->certs[RIG_CVCA], r->cert_len[RIG_CVCA]),
			 r->cert_len[RIG_CVCA]);
	close(fd);
	r->believed.cvca = NULL;
	r->trust->slot = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(rig_prove(r), SJ_OK);
	assert_int_equal(strength_of(r), SJ_CARD_SIGNED);
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

static void test_a_record_of_tomorrow_is_not_believed(void **state)
{
	struct rig *r = *state;

	rig_verify(r);
	assert_int_equal(rig_export(r, 1, false, false), SJ_OK);
	r->believed.now = RIG_NOW - 86400;
	assert_int_equal(rig_prove(r), SJ_OK);
	r->believed.now--;
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_TERMINAL);
	assert_non_null(strstr(rig_step(r, SJ_EVIDENCE_STEP_TERMINAL).detail, "not come"));
}

static void test_a_terminal_of_another_sector_is_not_believed(void **state)
{
	struct rig *r = *state;

	r->service.sector = 5;
	rig_agreed(r);
	rig_add(r);
	assert_int_equal(rig_export(r, 1, false, false), SJ_OK);
	assert_int_equal(rig_prove(r), SJ_EVIDENCE_TERMINAL);
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
		CASE(test_a_card_that_signed_is_proved),
		CASE(test_kept_data_go_into_a_file_when_they_are_asked_for),
		CASE(test_without_the_operators_key_nothing_is_card_signed),
		CASE(test_chip_authentication_is_the_operators_word),
		CASE(test_a_forged_answer_is_found),
		CASE(test_a_key_that_the_issuer_did_not_sign_is_found),
		CASE(test_an_issuer_that_nobody_knows_makes_it_weaker),
		CASE(test_an_overdue_crl_makes_it_weaker),
		CASE(test_who_does_not_know_the_cvca_believes_nobody),
		CASE(test_a_cvca_of_the_bundle_is_believed),
		CASE(test_a_terminal_out_of_its_time_is_not_believed),
		CASE(test_a_record_of_tomorrow_is_not_believed),
		CASE(test_a_terminal_of_another_sector_is_not_believed),
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
