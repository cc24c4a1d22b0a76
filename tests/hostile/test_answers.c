/* A card that answers wrongly: wrong secrets, cut, changed and endless answers, resets. */
#include <limits.h>

#include "tests/hostile/disturbed.h"

static struct issued *honest(void)
{
	struct plan plan = issued_plan();

	plan.face = 600;
	return issued_new(&plan);
}

static enum sj_rc verify_with(struct issued *d, enum sj_rc made, struct sj_access **access)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	enum sj_rc rc;

	assert_int_equal(made, SJ_OK);
	options.now = NOW;
	sj_report_free(d->report);
	d->report = NULL;
	rc = sj_document_verify(d->card, d->trust, *access, &options, &d->report);
	sj_access_free(*access);
	return rc;
}

#define CAN_OF(d, text) \
	struct sj_access *access = NULL; \
	enum sj_rc made = sj_access_can(text, strlen(text), &access)

/* --- secrets -------------------------------------------------------------------- */

static void wrong_can_and_then_the_right_one(void **state)
{
	struct issued *d = honest();
	CAN_OF(d, "314159");

	(void)state;
	assert_int_equal(verify_with(d, made, &access), SJ_WRONG_CAN);
	assert_null(d->report);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

static void wrong_mrz_for_pace_and_for_bac(void **state)
{
	static const char other[] = "L898902C<369080619406236";
	struct plan plan = issued_plan();
	struct sj_access *access = NULL;
	struct issued *d = honest();

	(void)state;
	assert_int_equal(verify_with(d, sj_access_mrz(other, strlen(other), &access), &access),
			 SJ_WRONG_MRZ);
	issued_free(d);
	plan.face = 600;
	plan.bac = true;
	plan.pace = false;
	d = issued_new(&plan);
	assert_int_equal(verify_with(d, sj_access_mrz(other, strlen(other), &access), &access),
			 SJ_WRONG_MRZ);
	issued_free(d);
}

static void bac_card_needs_the_mrz(void **state)
{
	struct plan plan = issued_plan();
	struct issued *d;
	CAN_OF(d, HOLDER_CAN);

	(void)state;
	plan.face = 600;
	plan.bac = true;
	plan.pace = false;
	d = issued_new(&plan);
	assert_int_equal(verify_with(d, made, &access), SJ_ACCESS_UNSUPPORTED);
	issued_free(d);
}

/* The chip opens with lines that are not those of its DG1. */
static void lines_of_another_document(void **state)
{
	struct plan plan = issued_plan();
	struct sj_access *access = NULL;
	struct issued *d;
	char lines[SJ_MRZ_SIZE_MAX + 1];

	(void)state;
	plan.face = 600;
	plan.other_lines = true;
	d = issued_new(&plan);
	strcpy(lines, OTHER_LINES);
	assert_int_equal(verify_with(d, sj_access_mrz(lines, strlen(lines), &access), &access),
			 SJ_OK);
	assert_int_equal(sj_report_verdict(d->report), SJ_VERDICT_NOT_GENUINE);
	assert_int_equal(sj_report_reason(d->report), SJ_MRZ_MISMATCH);
	issued_free(d);
}

static void a_secret_is_needed(void **state)
{
	struct issued *d = honest();

	(void)state;
	assert_int_equal(sj_document_verify(d->card, d->trust, NULL, NULL, &d->report),
			 SJ_SECRET_NEEDED);
	issued_free(d);
}

/* --- answers --------------------------------------------------------------------- */

static size_t answer(uint8_t *response, uint16_t sw)
{
	response[0] = (uint8_t)(sw >> 8);
	response[1] = (uint8_t)sw;
	return 2;
}

static size_t refuse_all(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)command;
	(void)n;
	d->seen++;
	return answer(response, 0x6A82);
}

static void a_card_that_is_not_ours_costs_two_apdus(void **state)
{
	struct issued *d = honest();

	(void)state;
	d->meddle = refuse_all;
	assert_int_equal(issued_verify(d, NULL), SJ_NOT_A_DOCUMENT);
	assert_true(d->seen <= 2); /* EF.CardAccess, SELECT */
	issued_free(d);
}

/* Bit by bit: the n-th answer gets one wrong bit somewhere. */
static size_t spoil_nth(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)command;
	if (d->seen++ == d->spoiled)
		response[(d->spoiled * 7u) % n] ^= (uint8_t)(1u << d->spoiled % 8);
	return n;
}

/* As if another program's command had come in between and ended the session. */
static size_t break_nth_protected(struct issued *d, struct sj_span command, uint8_t *response,
				  size_t n)
{
	if ((command.ptr[0] & 0x0C) != 0x0C || d->seen++ != d->spoiled)
		return n;
	return answer(response, 0x6988);
}

static void a_channel_that_breaks_once_begins_again(void **state)
{
	struct issued *d = honest();
	bool broke = true;

	(void)state;
	d->meddle = break_nth_protected;
	for (d->spoiled = 0; broke; d->spoiled++) {
		d->seen = 0;
		issued_over(d, &(struct disturbed){ .shared = true });
		assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
		broke = d->seen > d->spoiled;
	}
	assert_true(d->spoiled > 8);
	issued_free(d);
}

static size_t cut_nth(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)command;
	(void)response;
	return d->seen++ == d->spoiled ? 2 + (n - 2) / 2 : n;
}

static size_t empty_nth(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)command;
	return d->seen++ == d->spoiled ? answer(response, 0x9000) : n;
}

/* Whatever answer is spoiled: never another holder, never genuine with a hole. */
static void spoil_each(size_t (*meddle)(struct issued *, struct sj_span, uint8_t *, size_t))
{
	struct issued *d = honest();
	struct sj_holder holder = { .size = sizeof(holder) };
	unsigned total;

	d->meddle = meddle;
	d->spoiled = UINT_MAX; /* none */
	d->seen = 0;
	assert_int_equal(issued_verify(d, NULL), SJ_OK);
	total = d->seen; /* at least */
	for (d->spoiled = 0; d->spoiled < total; d->spoiled++) {
		enum sj_rc rc;

		d->seen = 0;
		rc = issued_verify(d, NULL);
		if (d->seen > total)
			total = d->seen;
		if (rc != SJ_OK) {
			assert_null(d->report);
			continue;
		}
		if (sj_report_verdict(d->report) != SJ_VERDICT_GENUINE)
			assert_false(sj_report_holder(d->report, &holder));
		else if (sj_report_holder(d->report, &holder))
			assert_string_equal(holder.surname, "ERIKSSON");
	}
	assert_true(total > 10);
	issued_free(d);
}

static void each_answer_with_a_wrong_bit(void **state)
{
	(void)state;
	spoil_each(spoil_nth);
}

static void each_answer_cut(void **state)
{
	(void)state;
	spoil_each(cut_nth);
}

static void each_answer_empty(void **state)
{
	(void)state;
	spoil_each(empty_nth);
}

/* The same bytes again and again, whatever is asked. */
static size_t announce_too_much(struct issued *d, struct sj_span command, uint8_t *response,
				size_t n)
{
	static const uint8_t huge[] = { 0x31, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x00, 0x90, 0x00 };

	(void)n;
	(void)d;
	if (command.len > 2 && command.ptr[1] == 0xB0) {
		memcpy(response, huge, sizeof(huge));
		return sizeof(huge);
	}
	return answer(response, 0x9000);
}

static void a_file_that_never_ends(void **state)
{
	struct issued *d = honest();

	(void)state;
	d->meddle = announce_too_much;
	assert_int_equal(issued_verify(d, NULL), SJ_FILE_TOO_LARGE);
	assert_null(d->report);
	issued_free(d);
}

/* A file of 16 kilobytes, four bytes at a time. */
static size_t give_crumbs(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)n;
	d->seen++;
	if (command.len < 3 || command.ptr[1] != 0xB0)
		return answer(response, 0x9000);
	memcpy(response, "\x31\x82\x40\x00\x90\x00", 6);
	return 6;
}

static void a_file_in_crumbs_is_given_up(void **state)
{
	struct issued *d = honest();

	(void)state;
	d->meddle = give_crumbs;
	assert_int_equal(issued_verify(d, NULL), SJ_CARD_ANSWER);
	assert_in_range(d->seen, 8, 12);
	assert_null(d->report);
	issued_free(d);
}

/* Our own ephemeral key comes back as the card's. */
static size_t mirror(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	struct sj_apdu a;

	(void)d;
	if (!sj_apdu_parse(command, &a) || a.ins != 0x86 || a.data.len < 60)
		return n;
	memcpy(response, a.data.ptr, a.data.len);
	response[2] = (uint8_t)(a.data.ptr[2] + 1);
	response[a.data.len] = 0x90;
	response[a.data.len + 1] = 0x00;
	return a.data.len + 2;
}

static void a_mirrored_key_ends_pace(void **state)
{
	struct issued *d = honest();

	(void)state;
	d->meddle = mirror;
	assert_int_equal(issued_verify(d, NULL), SJ_CARD_ANSWER);
	issued_free(d);
}

/* The session's keys are right, but the card does not say so: its token of step 4 is another. */
static size_t spoil_token(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	struct sj_apdu a;

	(void)d;
	/* 7C 0A { 85 08 token } asks, 7C 0A { 86 08 token } answers. */
	if (sj_apdu_parse(command, &a) && a.ins == 0x86 && a.data.len == 12 &&
	    a.data.ptr[2] == 0x85)
		response[11] ^= 0x01;
	return n;
}

static void a_wrong_token_ends_pace(void **state)
{
	struct issued *d = honest();

	(void)state;
	d->meddle = spoil_token;
	assert_int_equal(issued_verify(d, NULL), SJ_CARD_ANSWER);
	issued_free(d);
}

/* 6A80 for MSE without the parameter's number: it is tried with. */
static size_t wants_number(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	struct sj_apdu a;

	(void)d;
	if (sj_apdu_parse(command, &a) && a.ins == 0x22 && a.p1 == 0xC1 && a.data.len < 18)
		return answer(response, 0x6A80);
	return n;
}

static void a_card_that_wants_the_parameter_number(void **state)
{
	struct issued *d = honest();

	(void)state;
	d->meddle = wants_number;
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

/* Short identifiers are refused by some cards before access, where EF.CardAccess is. */
static size_t no_short_ids(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)d;
	if (command.len > 2 && command.ptr[0] == 0x00 && command.ptr[1] == 0xB0 &&
	    (command.ptr[2] & 0x80))
		return answer(response, 0x6A86);
	return n;
}

static void a_card_without_short_identifiers(void **state)
{
	struct issued *d = honest();

	(void)state;
	d->meddle = no_short_ids;
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	issued_free(d);
}

static size_t gone(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)command;
	(void)response;
	return d->seen++ < 9 ? n : 0;
}

static void a_card_taken_away(void **state)
{
	struct issued *d = honest();

	(void)state;
	d->meddle = gone;
	assert_int_equal(issued_verify(d, NULL), SJ_CARD_LOST);
	assert_null(d->report);
	issued_free(d);
}

static size_t refuses_mse(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)d;
	return command.len > 1 && command.ptr[1] == 0x22 ? answer(response, 0x6F00) : n;
}

static void a_card_that_refuses_pace(void **state)
{
	struct issued *d = honest();

	(void)state;
	d->meddle = refuses_mse;
	assert_int_equal(issued_verify(d, NULL), SJ_CARD_REFUSED);
	issued_free(d);
}

/* --- another process resets the card ------------------------------------------------ */

static void one_reset_is_recovered_from(void **state)
{
	static const unsigned places[] = { 1, 4, 8, 12 };

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct issued *d = honest();

		issued_disturb(d, SJ_CARD_RESET, places[i], 1);
		assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
		issued_free(d);
	}
}

static void a_second_reset_is_told(void **state)
{
	struct issued *d = honest();

	(void)state;
	issued_disturb(d, SJ_CARD_RESET, 9, 2);
	assert_int_equal(issued_verify(d, NULL), SJ_CARD_RESET);
	assert_null(d->report);
	issued_free(d);
}

/* --- revocation --------------------------------------------------------------------- */

static void import_crl(struct issued *d, bool revoke, int64_t next_update)
{
	static const uint8_t serial[] = { 0x40, 1 }; /* the signer's */
	uint8_t crl[2048], spki[SJ_EC_SPKI_MAX];
	struct sj_writer w = SJ_WRITER_OF(crl), s = SJ_WRITER_OF(spki);
	struct sj_revoked revoked = { SJ_SPAN_OF(serial), NOW - 3 * DAY };
	struct sj_crl_plan plan = { .issuer = d->csca_subject,
				    .number = 1,
				    .this_update = NOW - 2 * DAY,
				    .next_update = next_update,
				    .revoked = &revoked,
				    .revoked_count = revoke };

	assert_int_equal(sj_trust_note_time(d->trust, NOW - 5 * DAY), SJ_OK);
	assert_true(sj_key_put_public(d->csca_key, false, &s));
	plan.issuer_spki = sj_written(&s);
	assert_true(sj_crl_put(&w, &plan, d->csca_key));
	assert_int_equal(sj_trust_import_crl(d->trust, crl, w.len), SJ_OK);
}

static void a_revoked_signer(void **state)
{
	struct issued *d = honest();

	(void)state;
	import_crl(d, true, NOW + 30 * DAY);
	assert_verdict(d, SJ_VERDICT_EXPIRED, SJ_SIGNER_REVOKED);
	issued_free(d);
}

/* Whoever has a revoked key would else move everybody's time. */
static void a_revoked_signer_proves_no_time(void **state)
{
	struct plan plan = issued_plan();
	struct issued *d;
	bool behind;

	(void)state;
	plan.face = 600;
	plan.signed_at = NOW + 80 * DAY;
	d = issued_new(&plan);
	import_crl(d, true, NOW + 30 * DAY);
	assert_verdict(d, SJ_VERDICT_EXPIRED, SJ_SIGNER_REVOKED);
	assert_int_equal(sj_trust_time(d->trust, NOW, &behind), NOW);
	issued_free(d);
}

static void a_signer_that_the_crl_does_not_name(void **state)
{
	struct issued *d = honest();

	(void)state;
	import_crl(d, false, NOW + 30 * DAY);
	assert_verdict(d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(issued_check(d, SJ_CHECK_REVOCATION).state, SJ_CHECK_PASSED);
	issued_free(d);
}

static void a_stale_crl_says_no_longer_that_all_is_well(void **state)
{
	struct issued *d = honest();

	(void)state;
	import_crl(d, false, NOW - DAY);
	assert_verdict(d, SJ_VERDICT_UNDECIDED, SJ_CRL_STALE);
	issued_free(d);
}

static void a_damaged_trust_store_is_named(void **state)
{
	struct issued *d = honest();
	char command[120];

	(void)state;
	snprintf(command, sizeof(command), "for f in %s/csca/*; do echo x >>$f; done",
		 d->directory);
	assert_int_equal(system(command), 0);
	assert_verdict(d, SJ_VERDICT_UNDECIDED, SJ_TRUST_UNREADABLE);
	issued_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_channel_that_breaks_once_begins_again),
		cmocka_unit_test(wrong_can_and_then_the_right_one),
		cmocka_unit_test(wrong_mrz_for_pace_and_for_bac),
		cmocka_unit_test(bac_card_needs_the_mrz),
		cmocka_unit_test(lines_of_another_document),
		cmocka_unit_test(a_secret_is_needed),
		cmocka_unit_test(a_card_that_is_not_ours_costs_two_apdus),
		cmocka_unit_test(each_answer_with_a_wrong_bit),
		cmocka_unit_test(each_answer_cut),
		cmocka_unit_test(each_answer_empty),
		cmocka_unit_test(a_file_that_never_ends),
		cmocka_unit_test(a_file_in_crumbs_is_given_up),
		cmocka_unit_test(a_mirrored_key_ends_pace),
		cmocka_unit_test(a_wrong_token_ends_pace),
		cmocka_unit_test(a_card_that_wants_the_parameter_number),
		cmocka_unit_test(a_card_without_short_identifiers),
		cmocka_unit_test(a_card_taken_away),
		cmocka_unit_test(a_card_that_refuses_pace),
		cmocka_unit_test(one_reset_is_recovered_from),
		cmocka_unit_test(a_second_reset_is_told),
		cmocka_unit_test(a_revoked_signer),
		cmocka_unit_test(a_revoked_signer_proves_no_time),
		cmocka_unit_test(a_signer_that_the_crl_does_not_name),
		cmocka_unit_test(a_stale_crl_says_no_longer_that_all_is_well),
		cmocka_unit_test(a_damaged_trust_store_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
