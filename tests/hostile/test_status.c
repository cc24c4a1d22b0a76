/* A document in its issuer's status list: revoked, good, unknown; lists that tell nothing. */
#include "tests/hostile/issued.h"
#include "tests/unit/status_rig.h"

/* In the list of epoch n an index is revoked if its last three digits are below n. */
#define REVOKED 41001u
#define GOOD 41002u
#define EPOCH 2u /* its next update is due in three days */

/* A document with this DG13 (NULL: none), `plan` but for that. */
static struct issued *with_dg13(struct plan plan, const struct sj_writer *file)
{
	struct issued *d;

	plan.face = 600;
	if (file)
		plan.dg13 = sj_written(file);
	d = issued_new(&plan);
	d->plan.dg13 = sj_span(NULL, 0); /* the caller's */
	return d;
}

static struct issued *with_place(struct plan plan, uint16_t partition, uint32_t index)
{
	uint8_t file[16];
	struct sj_writer w = SJ_WRITER_OF(file);

	sj_dg13_put(&w, partition, index);
	assert_false(w.failed);
	return with_dg13(plan, &w);
}

/* Utopia's list; head: the head alone of the one after it, too. */
static void import_list(struct issued *d, bool head)
{
	struct status_rig *rig = calloc(1, sizeof(*rig));
	struct rig_file list, next;

	assert_non_null(rig);
	strcpy(rig->directory, d->directory);
	rig_found(rig);
	list = rig_list(rig, EPOCH);
	next = rig_head(rig, EPOCH + 1);
	assert_int_equal(sj_status_import(d->directory, list.bytes, list.len, NULL), SJ_OK);
	if (head)
		assert_int_equal(sj_status_note_head(d->directory, next.bytes, next.len, NULL),
				 SJ_OK);
	rig_file_free(&list);
	rig_file_free(&next);
	free(rig);
}

static struct issued *listed(uint32_t index)
{
	struct issued *d = with_place(issued_plan(), RIG_PARTITION, index);

	import_list(d, false);
	return d;
}

static void assert_status(const struct issued *d, enum sj_check_state state, enum sj_rc reason)
{
	struct sj_check check = issued_check(d, SJ_CHECK_STATUS);

	assert_int_equal(check.state, state);
	assert_int_equal(check.reason, reason);
	assert_int_not_equal(check.detail[0], 0);
}

/* One verification that many days later. */
static void verify_after(struct issued *d, int64_t days)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;

	options.now = NOW + days * DAY;
	assert_int_equal(issued_verify(d, &options), SJ_OK);
}

/* --- what the list says ----------------------------------------------------------- */

static void a_revoked_document(void **state)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	struct issued *d = listed(REVOKED);

	(void)state;
	assert_verdict(d, SJ_VERDICT_EXPIRED, SJ_DOCUMENT_REVOKED);
	assert_status(d, SJ_CHECK_FAILED, SJ_DOCUMENT_REVOKED);
	assert_int_equal(sj_exit_code(sj_report_reason(d->report)), 8);
	assert_true(sj_report_holder(d->report, &holder)); /* authentic all the same */
	issued_free(d);
}

static void a_document_that_is_not_revoked(void **state)
{
	struct issued *d = listed(GOOD);

	(void)state;
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_status(d, SJ_CHECK_PASSED, SJ_OK);
	issued_free(d);
}

static void unknown_is_not_revoked_and_not_good(void **state)
{
	static const struct {
		uint16_t partition;
		uint32_t index;
	} places[] = { { RIG_PARTITION, RIG_SIZE },
		       { RIG_PARTITION, UINT32_MAX },
		       { RIG_PARTITION + 1, REVOKED } };

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct issued *d = with_place(issued_plan(), places[i].partition, places[i].index);

		import_list(d, false);
		assert_verdict(d, SJ_VERDICT_UNDECIDED, SJ_STATUS_NOT_COVERED);
		assert_status(d, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_NOT_COVERED);
		issued_free(d);
	}
}

static void revoked_goes_before_expired(void **state)
{
	struct plan plan = issued_plan();
	struct issued *d;

	(void)state;
	plan.expiry = "260920";
	d = with_place(plan, RIG_PARTITION, REVOKED);
	assert_verdict(d, SJ_VERDICT_EXPIRED, SJ_DOCUMENT_EXPIRED);
	import_list(d, false);
	assert_verdict(d, SJ_VERDICT_EXPIRED, SJ_DOCUMENT_REVOKED);
	issued_free(d);
}

/* --- lists of which less is left --------------------------------------------------- */

static void a_stale_list_still_revokes_and_no_longer_clears(void **state)
{
	struct issued *good = listed(GOOD), *revoked = listed(REVOKED);

	(void)state;
	verify_after(good, 3);
	assert_status(good, SJ_CHECK_PASSED, SJ_OK);
	verify_after(good, 4);
	assert_int_equal(sj_report_verdict(good->report), SJ_VERDICT_UNDECIDED);
	assert_int_equal(sj_report_reason(good->report), SJ_STATUS_STALE);
	assert_status(good, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_STALE);
	verify_after(revoked, 4);
	assert_int_equal(sj_report_reason(revoked->report), SJ_DOCUMENT_REVOKED);
	issued_free(good);
	issued_free(revoked);
}

static void a_clock_set_back_makes_no_list_fresh(void **state)
{
	struct issued *d = listed(GOOD);

	(void)state;
	assert_int_equal(sj_trust_note_time(d->trust, NOW + 4 * DAY), SJ_OK);
	assert_verdict(d, SJ_VERDICT_UNDECIDED, SJ_STATUS_STALE);
	issued_free(d);
}

static void a_list_of_which_there_is_a_newer_one(void **state)
{
	struct issued *d = with_place(issued_plan(), RIG_PARTITION, GOOD);

	(void)state;
	import_list(d, true);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_non_null(strstr(issued_check(d, SJ_CHECK_STATUS).detail, "newer one"));
	issued_free(d);
}

static void a_damaged_list_is_not_no_list(void **state)
{
	struct issued *d = listed(GOOD);
	char command[120];

	(void)state;
	snprintf(command, sizeof(command), "for f in %s/status/*/[ab]; do echo x >>$f; done",
		 d->directory);
	assert_int_equal(system(command), 0);
	assert_verdict(d, SJ_VERDICT_UNDECIDED, SJ_TRUST_UNREADABLE);
	issued_free(d);
}

static void without_a_list_nothing_changes(void **state)
{
	struct issued *d = with_place(issued_plan(), RIG_PARTITION, REVOKED);

	(void)state;
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_status(d, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_MISSING);
	issued_free(d);
}

static void the_list_of_another_issuer_is_not_asked(void **state)
{
	struct plan plan = issued_plan();
	struct issued *d;

	(void)state;
	plan.state = "QQQ";
	d = with_place(plan, RIG_PARTITION, REVOKED);
	import_list(d, false);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_status(d, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_MISSING);
	issued_free(d);
}

/* --- places that are none ----------------------------------------------------------- */

/* Other issuers keep other things in DG13. */
static void a_dg13_of_another_shape(void **state)
{
	static const char *const starts[] = { "\x6D\x08\x81\x06", "\x6D\x07\x80\x05",
					      "\x6D\x09\x80\x07", "\x6D\x81\x08\x30\x06" };

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t head = strlen(starts[i]);
		uint8_t file[16] = { 0 };
		struct sj_writer w = SJ_WRITER_OF(file);
		struct issued *d;

		sj_put(&w, sj_span((const uint8_t *)starts[i], head));
		w.len += w.ptr[head - 1]; /* zeros */
		d = with_dg13(issued_plan(), &w);
		import_list(d, false);
		assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
		assert_status(d, SJ_CHECK_NOT_DONE, SJ_OK);
		issued_free(d);
	}
}

static void a_document_without_dg13(void **state)
{
	struct issued *d = with_dg13(issued_plan(), NULL);

	(void)state;
	import_list(d, false);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_status(d, SJ_CHECK_NOT_DONE, SJ_OK);
	issued_free(d);
}

static void an_altered_place_is_a_forgery(void **state)
{
	struct plan plan = issued_plan();
	struct issued *d;

	(void)state;
	plan.altered = SJ_DG13;
	plan.altered_at = 9; /* 41000, which is revoked, for 41001, which is, too */
	d = with_place(plan, RIG_PARTITION, REVOKED);
	import_list(d, false);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_HASH_MISMATCH);
	assert_status(d, SJ_CHECK_NOT_DONE, SJ_OK);
	issued_free(d);
}

static void a_withheld_place_is_a_forgery(void **state)
{
	struct plan plan = issued_plan();
	struct issued *d;

	(void)state;
	plan.withheld = 1u << SJ_DG13;
	d = with_place(plan, RIG_PARTITION, REVOKED);
	import_list(d, false);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_GROUP_WITHHELD);
	assert_status(d, SJ_CHECK_NOT_DONE, SJ_OK);
	issued_free(d);
}

/* Beside the files of a document that has no DG13. */
static void a_place_that_nobody_signed(void **state)
{
	struct issued *d = with_dg13(issued_plan(), NULL);
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_file files[SJ_DG_COUNT + 3];
	uint8_t place[16];
	struct sj_writer w = SJ_WRITER_OF(place);
	size_t n = 0;

	(void)state;
	import_list(d, false);
	sj_dg13_put(&w, RIG_PARTITION, REVOKED);
	for (unsigned f = 1; f < FILES && n < SJ_DG_COUNT; f++)
		if (d->len[f] > 0)
			files[n++] = (struct sj_file){ sj_lds_entry((enum sj_lds_file)f)->name,
						       d->bytes[f], d->len[f] };
	files[n++] = (struct sj_file){ "DG13", place, w.len };
	options.now = NOW;
	assert_int_equal(sj_document_verify_files(files, n, d->trust, &options, &d->report), SJ_OK);
	assert_int_equal(sj_report_verdict(d->report), SJ_VERDICT_COPY_NOT_EXCLUDED);
	assert_status(d, SJ_CHECK_NOT_DONE, SJ_OK);
	issued_free(d);
}

static void of_an_unknown_issuer_nothing_is_looked_up(void **state)
{
	struct plan plan = issued_plan();
	struct issued *d;

	(void)state;
	plan.no_trust = true;
	d = with_place(plan, RIG_PARTITION, REVOKED);
	import_list(d, false);
	assert_int_equal(issued_verify(d, NULL), SJ_OK);
	assert_int_equal(sj_report_verdict(d->report), SJ_VERDICT_UNDECIDED);
	assert_status(d, SJ_CHECK_NOT_DONE, SJ_OK);
	issued_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revoked_document),
		cmocka_unit_test(a_document_that_is_not_revoked),
		cmocka_unit_test(unknown_is_not_revoked_and_not_good),
		cmocka_unit_test(revoked_goes_before_expired),
		cmocka_unit_test(a_stale_list_still_revokes_and_no_longer_clears),
		cmocka_unit_test(a_clock_set_back_makes_no_list_fresh),
		cmocka_unit_test(a_list_of_which_there_is_a_newer_one),
		cmocka_unit_test(a_damaged_list_is_not_no_list),
		cmocka_unit_test(without_a_list_nothing_changes),
		cmocka_unit_test(the_list_of_another_issuer_is_not_asked),
		cmocka_unit_test(a_dg13_of_another_shape),
		cmocka_unit_test(a_document_without_dg13),
		cmocka_unit_test(an_altered_place_is_a_forgery),
		cmocka_unit_test(a_withheld_place_is_a_forgery),
		cmocka_unit_test(a_place_that_nobody_signed),
		cmocka_unit_test(of_an_unknown_issuer_nothing_is_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
