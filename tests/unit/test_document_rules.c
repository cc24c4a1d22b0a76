/* The rules of a verification by themselves: secrets, dates, choice, verdict table, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "document/document.h"

#define NOW INT64_C(1790000000) /* 2026-09-21 */

static enum sj_rc can(const char *text)
{
	struct sj_access *access = NULL;
	enum sj_rc rc = sj_access_can(text, strlen(text), &access);

	sj_access_free(access);
	return rc;
}

static enum sj_rc mrz(const char *text)
{
	struct sj_access *access = NULL;
	enum sj_rc rc = sj_access_mrz(text, strlen(text), &access);

	sj_access_free(access);
	return rc;
}

static void secrets_are_checked(void **state)
{
	(void)state;
	assert_int_equal(can("123456"), SJ_OK);
	assert_int_equal(can(" \t123456\r\n"), SJ_OK);
	assert_int_equal(can("12345"), SJ_SECRET_MALFORMED);
	assert_int_equal(can("1234567"), SJ_SECRET_MALFORMED);
	assert_int_equal(can("12345a"), SJ_SECRET_MALFORMED);
	assert_int_equal(can(""), SJ_SECRET_MALFORMED);
	assert_int_equal(mrz("L898902C<369080619406236"), SJ_OK); /* Doc 9303-11, D.2 */
	assert_int_equal(mrz("L898902C<469080619406236"), SJ_SECRET_MALFORMED);
	assert_int_equal(mrz("hello"), SJ_SECRET_MALFORMED);
	sj_access_free(NULL);
}

static void assert_date(const char *yymmdd, bool birth, const char *expected)
{
	char out[9];

	sj_date_complete(yymmdd, birth, NOW, out);
	assert_string_equal(out, expected);
}

static void two_digit_years(void **state)
{
	(void)state;
	assert_date("260921", true, "20260921");
	assert_date("260922", true, "19260922");
	assert_date("740812", true, "19740812");
	assert_date("310101", false, "20310101");
	assert_date("751231", false, "20751231");
	assert_date("760101", false, "19760101");
	assert_date("991231", false, "19991231");
	assert_date("<<<<<<", false, "");
	assert_date("74<<<<", true, "");
	assert_date("7408", true, "");
}

/* --- choosing PACE --------------------------------------------------------------- */

static void put(struct sj_writer *w, enum sj_pace_mapping mapping, enum sj_cipher cipher,
		uint32_t curve)
{
	const struct sj_pace_suite suite = { mapping, cipher, sj_curve_from_id(curve),
					     (enum sj_dh_group)curve };
	struct sj_pace_info info = { .oid = sj_pace_oid(&suite),
				     .version = 2,
				     .parameter_id = { true, curve } };

	sj_secinfo_put_pace(w, &info);
}

static bool choose(const struct sj_writer *items, struct sj_pace_suite *suite, bool *ambiguous)
{
	uint8_t file[512];
	struct sj_writer w = SJ_WRITER_OF(file);
	struct sj_pace_offer offer;

	sj_secinfos_put(&w, sj_written(items));
	assert_false(w.failed);
	if (!sj_pace_choose(sj_written(&w), &offer))
		return false;
	*suite = offer.suite;
	*ambiguous = offer.ambiguous;
	return true;
}

static void the_best_suite_is_chosen(void **state)
{
	uint8_t items[512];
	struct sj_writer w = SJ_WRITER_OF(items);
	struct sj_pace_suite suite;
	bool ambiguous;

	(void)state;
	put(&w, SJ_PACE_GM, SJ_CIPHER_3DES, SJ_P256);
	put(&w, SJ_PACE_GM, SJ_CIPHER_AES256, SJ_BP256R1);
	put(&w, SJ_PACE_GM, SJ_CIPHER_AES256, SJ_P384);
	assert_true(choose(&w, &suite, &ambiguous));
	assert_int_equal(suite.cipher, SJ_CIPHER_AES256);
	assert_int_equal(suite.curve, SJ_P384);
	assert_true(ambiguous);
	put(&w, SJ_PACE_CAM, SJ_CIPHER_AES128, SJ_P256);
	assert_true(choose(&w, &suite, &ambiguous));
	assert_int_equal(suite.mapping, SJ_PACE_CAM);
	assert_false(ambiguous);
}

/* Proof of the chip, then curves, the cipher, the size, the generic mapping. */
static void every_mapping_has_its_rank(void **state)
{
	static const struct sj_pace_suite worst_first[] = {
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_AES256, .group = SJ_DH_1024_160 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES256, .group = SJ_DH_2048_256 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_3DES, .curve = SJ_P521 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_AES128, .curve = SJ_P256 },
		{ .mapping = SJ_PACE_GM, .cipher = SJ_CIPHER_AES128, .curve = SJ_P256 },
		{ .mapping = SJ_PACE_IM, .cipher = SJ_CIPHER_AES128, .curve = SJ_P384 },
		{ .mapping = SJ_PACE_CAM, .cipher = SJ_CIPHER_AES128, .curve = SJ_P256 },
	};
	uint8_t items[512];
	struct sj_writer w = SJ_WRITER_OF(items);
	struct sj_pace_suite suite;
	bool ambiguous;

	(void)state;
	for (size_t i = 0; i < sizeof(worst_first) / sizeof(worst_first[0]); i++) {
		const struct sj_pace_suite *s = &worst_first[i];

		put(&w, s->mapping, s->cipher, sj_pace_parameter_id(s));
		assert_true(choose(&w, &suite, &ambiguous));
		assert_true(sj_pace_suite_eq(&suite, s));
	}
}

static void unknown_suites_are_passed_over(void **state)
{
	uint8_t items[512];
	struct sj_writer w = SJ_WRITER_OF(items);
	struct sj_pace_suite suite;
	bool ambiguous;

	(void)state;
	put(&w, SJ_PACE_GM, SJ_CIPHER_AES128, 3); /* a group of integers that nobody knows */
	assert_false(choose(&w, &suite, &ambiguous));
	put(&w, SJ_PACE_GM, SJ_CIPHER_AES128, SJ_P256);
	assert_true(choose(&w, &suite, &ambiguous));
	assert_int_equal(suite.curve, SJ_P256);
}

/* --- hashes -------------------------------------------------------------------------- */

static void a_hash_counts_whole_or_not_at_all(void **state)
{
	static const uint8_t sha256[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 };
	uint8_t bytes[] = "abc", hash[SJ_HASH_MAX + 1] = { 0 };
	const struct sj_span content = sj_span(bytes, 3);
	struct sj_document doc = { .report = sj_report_new() };
	struct sj_document_file *file = &doc.report->files[SJ_DG1];

	(void)state;
	assert_true(sj_hash(SJ_SHA256, &content, 1, hash));
	*file = (struct sj_document_file){ .state = SJ_FILE_READ, .bytes = bytes, .len = 3 };
	doc.object =
		(struct sj_security_object){ .groups = 1u << 1, .hash_oid = SJ_SPAN_OF(sha256) };
	for (size_t n = 0; n <= 40; n++) {
		doc.object.hashes[1] = sj_span(hash, n);
		sj_check_groups(&doc);
		assert_int_equal(doc.report->checks[SJ_CHECK_GROUPS].state,
				 n == 32 ? SJ_CHECK_PASSED : SJ_CHECK_FAILED);
	}
	file->bytes = NULL; /* it is not the report's */
	sj_report_free(doc.report);
}

/* --- texts ------------------------------------------------------------------------- */

static void give_file(struct sj_report *report, enum sj_lds_file file, const struct sj_writer *w)
{
	report->files[file].bytes = malloc(w->len);
	assert_non_null(report->files[file].bytes);
	memcpy(report->files[file].bytes, w->ptr, w->len);
	report->files[file].len = w->len;
	report->files[file].state = SJ_FILE_READ;
	sj_check_set(&report->groups[file], SJ_CHECK_PASSED, SJ_OK, "ok");
}

/* The full name that a report shows for DG11's, however it is written. */
static void assert_full_name(struct sj_span name, const char *expected)
{
	static const char lines[] = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
				    "L898902C36UTO7408122F1204159ZE184226B<<<<<10";
	uint8_t file[512];
	struct sj_writer w = SJ_WRITER_OF(file);
	struct sj_report *report = sj_report_new();
	struct sj_holder holder = { .size = sizeof(holder) };
	struct sj_dg11 *dg11 = calloc(1, sizeof(*dg11));

	assert_non_null(report);
	assert_non_null(dg11);
	sj_dg1_put(&w, sj_span((const uint8_t *)lines, strlen(lines)));
	give_file(report, SJ_DG1, &w);
	w.len = 0;
	dg11->full_name = name;
	sj_dg11_put(&w, dg11);
	give_file(report, SJ_DG11, &w);
	free(dg11);
	sj_check_set(&report->checks[SJ_CHECK_SOD], SJ_CHECK_PASSED, SJ_OK, "ok");
	report->verdict = SJ_VERDICT_UNDECIDED;
	assert_true(sj_report_holder(report, &holder));
	assert_string_equal(holder.full_name, expected);
	sj_report_free(report);
}

static void texts_show_what_they_are(void **state)
{
	(void)state;
	assert_full_name(SJ_SPAN_STR("M\xC3\xBCller<<J\xC3\xB6rg"), "M\xC3\xBCller, J\xC3\xB6rg");
	assert_full_name(SJ_SPAN_STR("\xE6\x9D\x8E<<\xF0\xA0\xAE\xB7"),
			 "\xE6\x9D\x8E, \xF0\xA0\xAE\xB7");
	assert_full_name(SJ_SPAN_STR("a\x1B[2Jb\x7F"), "a?[2Jb?"); /* steers a terminal */
	assert_full_name(SJ_SPAN_STR("a\xC2\x9B"
				     "2J"),
			 "a?2J"); /* so does this */
	assert_full_name(SJ_SPAN_STR("a\xE2\x80\xAE"
				     "b"),
			 "a?b"); /* right to left from here */
	assert_full_name(SJ_SPAN_STR("M\xFCller"), "M?ller"); /* Latin-1 */
	assert_full_name(SJ_SPAN_STR("\xC0\xAF\xED\xA0\x80"), "?????"); /* too long; half a pair */
	assert_full_name(SJ_SPAN_STR("a\xC3"), "a?");
}

/* --- the verdict table ------------------------------------------------------------- */

static struct sj_report *all_passed(void)
{
	struct sj_report *report = sj_report_new();

	assert_non_null(report);
	for (int i = 0; i < SJ_CHECK_COUNT; i++)
		sj_check_set(&report->checks[i], SJ_CHECK_PASSED, SJ_OK, "ok");
	return report;
}

static void assert_judged(enum sj_check_id id, enum sj_check_state check_state, enum sj_rc rc,
			  enum sj_verdict verdict)
{
	struct sj_report *report = all_passed();

	sj_check_set(&report->checks[id], check_state, rc, "it");
	sj_document_judge(report);
	assert_int_equal(sj_report_verdict(report), verdict);
	assert_int_equal(sj_report_reason(report), verdict == SJ_VERDICT_GENUINE ? SJ_OK : rc);
	sj_report_free(report);
}

static void every_row_of_the_table(void **state)
{
	static const struct {
		enum sj_check_id id;
		enum sj_rc rc;
		enum sj_verdict verdict;
	} failures[] = {
		{ SJ_CHECK_SOD, SJ_SOD_SIGNATURE, SJ_VERDICT_NOT_GENUINE },
		{ SJ_CHECK_CHAIN, SJ_CHAIN_SIGNATURE, SJ_VERDICT_NOT_GENUINE },
		{ SJ_CHECK_GROUPS, SJ_HASH_MISMATCH, SJ_VERDICT_NOT_GENUINE },
		{ SJ_CHECK_PRESENCE, SJ_GROUP_WITHHELD, SJ_VERDICT_NOT_GENUINE },
		{ SJ_CHECK_ACCESS_FILE, SJ_ACCESS_FILE_MISMATCH, SJ_VERDICT_NOT_GENUINE },
		{ SJ_CHECK_CHIP, SJ_CA_FAILED, SJ_VERDICT_NOT_GENUINE },
		{ SJ_CHECK_ACTIVE, SJ_AA_FAILED, SJ_VERDICT_NOT_GENUINE },
		{ SJ_CHECK_SIGNER_TIME, SJ_SIGNER_INVALID, SJ_VERDICT_NOT_GENUINE },
		{ SJ_CHECK_ACCESS, SJ_MRZ_MISMATCH, SJ_VERDICT_NOT_GENUINE },
		{ SJ_CHECK_REVOCATION, SJ_SIGNER_REVOKED, SJ_VERDICT_EXPIRED },
		{ SJ_CHECK_STATUS, SJ_DOCUMENT_REVOKED, SJ_VERDICT_EXPIRED },
		{ SJ_CHECK_SIGNER_TIME, SJ_SIGNER_EXPIRED, SJ_VERDICT_EXPIRED },
		{ SJ_CHECK_EXPIRY, SJ_DOCUMENT_EXPIRED, SJ_VERDICT_EXPIRED },
	};
	static const enum sj_check_id needed[] = {
		SJ_CHECK_SOD,    SJ_CHECK_CHAIN,    SJ_CHECK_SIGNER_TIME, SJ_CHECK_REVOCATION,
		SJ_CHECK_GROUPS, SJ_CHECK_PRESENCE, SJ_CHECK_ACCESS_FILE, SJ_CHECK_EXPIRY,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		assert_judged(failures[i].id, SJ_CHECK_FAILED, failures[i].rc, failures[i].verdict);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		assert_judged(needed[i], SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED, SJ_VERDICT_UNDECIDED);
	/* One proof that it is no copy is enough. */
	assert_judged(SJ_CHECK_CHIP, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED, SJ_VERDICT_GENUINE);
	assert_judged(SJ_CHECK_ACTIVE, SJ_CHECK_NOT_DONE, SJ_OK, SJ_VERDICT_GENUINE);
}

/* Only the want of any list is not held against the document. */
static void a_status_that_cannot_be_told(void **state)
{
	const enum sj_check_state none = SJ_CHECK_NOT_POSSIBLE;

	(void)state;
	assert_judged(SJ_CHECK_STATUS, none, SJ_STATUS_MISSING, SJ_VERDICT_GENUINE);
	assert_judged(SJ_CHECK_STATUS, none, SJ_TRUST_UNREADABLE, SJ_VERDICT_UNDECIDED);
	assert_judged(SJ_CHECK_STATUS, none, SJ_STATUS_STALE, SJ_VERDICT_UNDECIDED);
	assert_judged(SJ_CHECK_STATUS, none, SJ_STATUS_NOT_COVERED, SJ_VERDICT_UNDECIDED);
	assert_judged(SJ_CHECK_STATUS, SJ_CHECK_NOT_DONE, SJ_OK, SJ_VERDICT_GENUINE);
}

static void what_was_not_done_is_never_genuine(void **state)
{
	static const enum sj_check_id needed[] = { SJ_CHECK_SOD, SJ_CHECK_CHAIN,
						   SJ_CHECK_SIGNER_TIME, SJ_CHECK_GROUPS,
						   SJ_CHECK_PRESENCE };
	struct sj_report *nothing = sj_report_new();

	(void)state;
	sj_document_judge(nothing);
	assert_int_equal(sj_report_verdict(nothing), SJ_VERDICT_UNDECIDED);
	sj_report_free(nothing);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		assert_judged(needed[i], SJ_CHECK_NOT_DONE, SJ_UNDECIDED, SJ_VERDICT_UNDECIDED);
}

static void the_worst_finding_decides(void **state)
{
	struct sj_report *report = all_passed();

	(void)state;
	sj_check_set(&report->checks[SJ_CHECK_EXPIRY], SJ_CHECK_FAILED, SJ_DOCUMENT_EXPIRED, "x");
	sj_check_set(&report->checks[SJ_CHECK_REVOCATION], SJ_CHECK_NOT_POSSIBLE, SJ_CRL_STALE,
		     "x");
	sj_document_judge(report);
	assert_int_equal(sj_report_reason(report), SJ_DOCUMENT_EXPIRED);
	sj_check_set(&report->checks[SJ_CHECK_ACTIVE], SJ_CHECK_FAILED, SJ_AA_FAILED, "x");
	sj_document_judge(report);
	assert_int_equal(sj_report_reason(report), SJ_AA_FAILED);
	sj_report_free(report);
}

/* --- names, small structs -------------------------------------------------------------- */

static void names_are_stable(void **state)
{
	(void)state;
	assert_string_equal(sj_verdict_name(SJ_VERDICT_COPY_NOT_EXCLUDED), "copy-not-excluded");
	assert_string_equal(sj_verdict_name((enum sj_verdict)99), "unknown");
	assert_string_equal(sj_check_name(SJ_CHECK_ACCESS), "access");
	assert_string_equal(sj_check_name((enum sj_check_id)99), "unknown");
	assert_string_equal(sj_check_state_name(SJ_CHECK_NOT_POSSIBLE), "not possible");
	assert_string_equal(sj_check_state_name((enum sj_check_state)99), "unknown");
}

static void an_older_caller_gets_what_it_knows(void **state)
{
	struct sj_report *report = all_passed();
	struct sj_check check;

	(void)state;
	memset(&check, 0x55, sizeof(check));
	check.size = offsetof(struct sj_check, detail);
	assert_true(sj_report_check(report, SJ_CHECK_SOD, &check));
	assert_int_equal(check.size, offsetof(struct sj_check, detail));
	assert_int_equal(check.state, SJ_CHECK_PASSED);
	assert_int_equal(check.detail[0], 0x55);
	assert_false(sj_report_check(report, SJ_CHECK_COUNT, &check));
	assert_false(sj_report_group(report, 0, &check));
	assert_false(sj_report_group(report, 17, &check));
	sj_report_free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_checked),
		cmocka_unit_test(two_digit_years),
		cmocka_unit_test(the_best_suite_is_chosen),
		cmocka_unit_test(every_mapping_has_its_rank),
		cmocka_unit_test(unknown_suites_are_passed_over),
		cmocka_unit_test(a_hash_counts_whole_or_not_at_all),
		cmocka_unit_test(texts_show_what_they_are),
		cmocka_unit_test(every_row_of_the_table),
		cmocka_unit_test(a_status_that_cannot_be_told),
		cmocka_unit_test(what_was_not_done_is_never_genuine),
		cmocka_unit_test(the_worst_finding_decides),
		cmocka_unit_test(names_are_stable),
		cmocka_unit_test(an_older_caller_gets_what_it_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
