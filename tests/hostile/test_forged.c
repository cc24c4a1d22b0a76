/* Signatures that hold, from those who may not give them; and proofs that prove something else. */
#include "tests/hostile/issued.h"

#define WITH(...) \
	struct plan plan = issued_plan(); \
	struct issued *d; \
	(void)state; \
	plan.face = 600; \
	__VA_ARGS__; \
	d = issued_new(&plan)

#define WITH_MAPPING(...) \
	WITH(plan.suite = ((struct sj_pace_suite){ \
		     .mapping = SJ_PACE_CAM, .cipher = SJ_CIPHER_AES128, .curve = SJ_P256 }), \
	     plan.ca = SJ_CURVE_NONE, __VA_ARGS__)

static void assert_nothing_handed_out(struct issued *d)
{
	struct sj_holder holder = { .size = sizeof(holder) };
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	assert_false(sj_report_holder(d->report, &holder));
	assert_false(sj_report_portrait(d->report, &bytes, &len, &mime));
	assert_false(sj_report_file(d->report, "DG1", &bytes, &len));
}

/* --- countries --------------------------------------------------------------------- */

/* Every CSCA of a master list is trusted: for its own country only. */
static void a_document_of_another_state(void **state)
{
	WITH(plan.state = "D");
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_SIGNER_INVALID);
	assert_int_equal(issued_check(d, SJ_CHECK_CHAIN).state, SJ_CHECK_FAILED);
	assert_nothing_handed_out(d);
	issued_free(d);
}

static void a_state_that_is_not_in_the_table(void **state)
{
	WITH(plan.state = "QQQ");
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

static void a_signer_of_another_country_than_its_issuer(void **state)
{
	WITH(plan.signer_country = "DE");
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_SIGNER_INVALID);
	assert_nothing_handed_out(d);
	issued_free(d);
}

/* --- the chip-authentication mapping -------------------------------------------------- */

/* A chip whose key somebody got hold of, with the data of a document without keys. */
static void mapping_that_the_data_do_not_name(void **state)
{
	WITH_MAPPING(plan.mapping_unlisted = true);
	assert_verdict(d, SJ_VERDICT_COPY_NOT_EXCLUDED, SJ_COPY_NOT_EXCLUDED);
	issued_free(d);
}

static void mapping_key_of_another_country(void **state)
{
	WITH_MAPPING(plan.foreign_security = true);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_CAM_FAILED);
	assert_nothing_handed_out(d);
	issued_free(d);
}

/* --- times ----------------------------------------------------------------------------- */

static void assert_time_is(struct issued *d, int64_t expected)
{
	bool behind;

	assert_int_equal(sj_trust_time(d->trust, NOW, &behind), expected);
}

/* A date in the far future must not end the validity of everybody else. */
static void a_signature_of_the_far_future(void **state)
{
	WITH(plan.signer_from = NOW + 3000 * DAY, plan.signed_at = NOW + 3001 * DAY);
	assert_verdict(d, SJ_VERDICT_EXPIRED, SJ_SIGNER_EXPIRED);
	assert_time_is(d, NOW);
	issued_free(d);
}

static void a_signature_of_tomorrow_year(void **state)
{
	WITH(plan.signer_from = NOW - DAY, plan.signed_at = NOW + 100 * DAY);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_time_is(d, NOW + 100 * DAY);
	issued_free(d);
}

/* The signer's key ended before: its date is no evidence of anything. */
static void a_signature_after_the_keys_end_is_no_evidence(void **state)
{
	WITH(plan.signed_at = NOW + 200 * DAY);
	assert_verdict(d, SJ_VERDICT_NOT_GENUINE, SJ_SIGNER_INVALID);
	assert_time_is(d, NOW);
	issued_free(d);
}

/* --- what cannot be judged is not held against the document --------------------------------- */

static void active_authentication_with_an_unknown_hash(void **state)
{
	WITH(plan.ca = SJ_CURVE_NONE, plan.aa = SJ_P256, plan.unknown_aa = true,
	     plan.other_keys = true);
	assert_verdict(d, SJ_VERDICT_COPY_NOT_EXCLUDED, SJ_COPY_NOT_EXCLUDED);
	issued_free(d);
}

/* --- lines that cannot be judged ---------------------------------------------------------- */

static void a_date_of_expiry_that_is_none(void **state)
{
	WITH(plan.spoilt_date = true);
	assert_verdict(d, SJ_VERDICT_UNDECIDED, SJ_UNDECIDED);
	issued_free(d);
}

static void a_document_that_does_not_expire(void **state)
{
	WITH(plan.expiry = "<<<<<<");
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_of_another_state),
		cmocka_unit_test(a_state_that_is_not_in_the_table),
		cmocka_unit_test(a_signer_of_another_country_than_its_issuer),
		cmocka_unit_test(mapping_that_the_data_do_not_name),
		cmocka_unit_test(mapping_key_of_another_country),
		cmocka_unit_test(a_signature_of_the_far_future),
		cmocka_unit_test(a_signature_of_tomorrow_year),
		cmocka_unit_test(a_signature_after_the_keys_end_is_no_evidence),
		cmocka_unit_test(active_authentication_with_an_unknown_hash),
		cmocka_unit_test(a_date_of_expiry_that_is_none),
		cmocka_unit_test(a_document_that_does_not_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
