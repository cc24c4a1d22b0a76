/* Terminals that a card believes or not, secrets that open it or not. */
#include "eid/eid.h"
#include "tests/hostile/eid.h"

/* --- terminals ---------------------------------------------------------------------------------- */

static void a_link_leads_from_the_key_that_the_card_knows(void **state)
{
	struct eid_plan plan = eid_plan();

	(void)state;
	plan.rollover = true;
	eid_free(eid_asked(plan, SJ_VERDICT_GENUINE, SJ_OK));
}

static void without_the_link_the_card_does_not_believe(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.rollover = plan.no_links = true;
	r = eid_new(&plan);
	assert_int_equal(eid_ask(r, NULL), SJ_TERMINAL_REFUSED);
	assert_null(r->answer);
	eid_free(r);
}

static void a_terminal_whose_time_is_over_asks_no_card(void **state)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	options.now = EAC_2026 + 365 * DAY;
	assert_int_equal(eid_ask(r, &options), SJ_TERMINAL_EXPIRED);
	options.now = EAC_2026 + 365 * DAY - 1;
	assert_int_not_equal(eid_ask(r, &options), SJ_TERMINAL_EXPIRED);
	eid_free(r);
}

static void a_terminal_of_another_service_is_refused(void **state)
{
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	r->service.id++;
	assert_int_equal(eid_ask(r, NULL), SJ_RIGHT_REFUSED);
	eid_free(r);
}

static void secrets_that_do_not_open(void **state)
{
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);
	struct sj_access *access;

	(void)state;
	assert_int_equal(sj_access_can("000000", 6, &access), SJ_OK);
	assert_int_equal(sj_service_verify(r->d->card, r->d->trust, r->terminal, &r->service,
					   access, NULL, &r->answer),
			 SJ_WRONG_CAN);
	r->service.access = SJ_SERVICE_PIN;
	assert_int_equal(sj_service_verify(r->d->card, r->d->trust, r->terminal, &r->service,
					   access, NULL, &r->answer),
			 SJ_PIN_NEEDED);
	assert_int_equal(sj_service_verify(r->d->card, r->d->trust, r->terminal, &r->service, NULL,
					   NULL, &r->answer),
			 SJ_SECRET_NEEDED);
	assert_int_equal(sj_service_verify(r->d->card, r->d->trust, NULL, &r->service, access, NULL,
					   &r->answer),
			 SJ_TERMINAL_FILES);
	assert_null(r->answer);
	sj_access_free(access);
	eid_free(r);
}

/* A good card, asked as a document: undecided, and what to do; never a forgery. */
static void as_a_whole_document_it_accuses_nobody(void **state)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	const struct eid_plan plan = eid_plan();
	struct sj_holder holder = { .size = sizeof(holder) };
	struct eid_rig *r = eid_new(&plan);
	struct sj_report *report = NULL;
	struct sj_access *access;

	(void)state;
	options.now = NOW;
	assert_int_equal(sj_access_can(CAN, 6, &access), SJ_OK);
	assert_int_equal(sj_document_verify(r->d->card, r->d->trust, access, &options, &report),
			 SJ_OK);
	assert_int_equal(sj_report_verdict(report), SJ_VERDICT_UNDECIDED);
	assert_int_equal(sj_report_reason(report), SJ_TERMINAL_NEEDED);
	assert_int_equal(sj_exit_code(SJ_TERMINAL_NEEDED), 14);
	assert_false(sj_report_holder(report, &holder));
	sj_report_free(report);
	sj_access_free(access);
	eid_free(r);
}

/* What a card calls a text is UTF-8, and steers nothing: JSON and terminals take it. */
static void a_text_is_what_shows(void **state)
{
	struct sj_answer *answer = sj_answer_new();
	struct sj_datum datum = { .size = sizeof(datum) };

	(void)state;
	assert_non_null(answer);
	answer->info.granted = SJ_RIGHT_NAME;
	assert_int_equal(sj_answer_add(answer, SJ_RIGHT_NAME, "surname",
				       SJ_SPAN_STR("\xC3\x85s\xFFt\xE2\x80\xAEr\x1B\xC3")),
			 SJ_OK);
	assert_true(sj_answer_datum(answer, 0, &datum));
	assert_string_equal(datum.value, "\xC3\x85s?t?r??");
	sj_answer_free(answer);
}

/* --- the holder's PIN ------------------------------------------------------------------------ */

static enum sj_rc ask_with_pin(struct eid_rig *r, const char *pin)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	struct sj_access *access;
	enum sj_rc rc;

	options.now = NOW;
	assert_int_equal(sj_access_pin(pin, strlen(pin), &access), SJ_OK);
	sj_answer_free(r->answer);
	r->answer = NULL;
	rc = sj_service_verify(r->d->card, r->d->trust, r->terminal, &r->service, access, &options,
			       &r->answer);
	sj_access_free(access);
	return rc;
}

static void a_bank_asks_for_the_pin(void **state)
{
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	r->service.access = SJ_SERVICE_PIN;
	assert_int_equal(eid_ask(r, NULL), SJ_PIN_NEEDED);
	assert_int_equal(ask_with_pin(r, "000000"), SJ_WRONG_PIN);
	assert_int_equal(ask_with_pin(r, EAC_PIN), SJ_OK);
	assert_int_equal(sj_answer_verdict(r->answer), SJ_VERDICT_GENUINE);
	assert_string_equal(eid_said(r, "surname"), "Eriksson");
	eid_free(r);
}

static void a_pin_opens_what_the_can_would(void **state)
{
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	assert_int_equal(ask_with_pin(r, EAC_PIN), SJ_OK);
	assert_int_equal(eid_info(r).granted, EID_HOTEL);
	eid_free(r);
}

/* The reader's own pad is there for it alone; ours has none. */
static void a_pad_that_is_not_there(void **state)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	options.now = NOW;
	options.reader_pin = true;
	assert_int_equal(eid_ask(r, &options), SJ_USAGE);
	assert_int_equal(sj_service_verify(r->d->card, r->d->trust, r->terminal, &r->service, NULL,
					   &options, &r->answer),
			 SJ_ACCESS_UNSUPPORTED);
	eid_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_leads_from_the_key_that_the_card_knows),
		cmocka_unit_test(without_the_link_the_card_does_not_believe),
		cmocka_unit_test(a_terminal_whose_time_is_over_asks_no_card),
		cmocka_unit_test(a_terminal_of_another_service_is_refused),
		cmocka_unit_test(secrets_that_do_not_open),
		cmocka_unit_test(as_a_whole_document_it_accuses_nobody),
		cmocka_unit_test(a_text_is_what_shows),
		cmocka_unit_test(a_bank_asks_for_the_pin),
		cmocka_unit_test(a_pin_opens_what_the_can_would),
		cmocka_unit_test(a_pad_that_is_not_there),
	};

	return cmocka_run_group_tests_name("eid_asking", tests, NULL, NULL);
}
