/* Taps at a gate: what opens, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/reader/gate_stage.h"

static void expect(struct sj_gate_verdict v, enum sj_gate_decision decision, enum sj_rc reason)
{
	if (v.decision != decision || v.reasons[0] != reason)
		fail_msg("%s, %d", sj_gate_decision_name(v.decision), (int)v.reasons[0]);
}

/* --- a first tap ----------------------------------------------------------------------- */

static void test_a_card_passes(void **state)
{
	struct stage *s = *state;
	struct test_card card;
	struct sj_gate_verdict v;

	card_make(s, &card, 3);
	v = stage_tap(s->gate, &card, 0);
	expect(v, SJ_GATE_OPEN, SJ_OK);
	assert_false(v.resumed);
	assert_true(card.confirmed);
	assert_false(card.has_ticket); /* no ticket key, no ticket */
	assert_true(v.pseudonym_known);
	assert_memory_equal(v.pseudonym, card.ead.pseudonym, SJ_GATE_PSEUDONYM);
	assert_int_equal(v.holder_class, SJ_CLASS_VISITOR);
	assert_int_equal(v.ages, 0x0F);
	assert_int_equal(v.expires, card.claims.expires);
	assert_int_equal(v.card_epoch, 5);
}

static void test_a_gate_hears_what_its_rights_cover(void **state)
{
	struct stage *s = *state;
	struct sj_gate *gate = stage_gate(s, STAGE_OPERATOR, SJ_RIGHT_VALID | SJ_RIGHT_AGE_FIRST);
	struct test_card card;
	struct sj_gate_verdict v;

	card_make(s, &card, 3); /* tells more than it should */
	v = stage_tap(gate, &card, 0);
	expect(v, SJ_GATE_OPEN, SJ_OK);
	assert_false(v.pseudonym_known);
	assert_int_equal(v.holder_class, 0);
	assert_int_equal(v.ages, 1);
	sj_gate_free(gate);
}

static void test_a_card_without_the_suffix_passes(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, 3);
	stage_ticket_keys(s, 1, 0);
	card.mood = NO_SUFFIX;
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_OPEN, SJ_OK);
	assert_int_equal(card.selects, 2);
}

static void test_other_cards_are_refused(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, 3);
	card.mood = NO_APPLICATION;
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_NO_GATE_APPLICATION);
	card.mood = REFUSES_GATE;
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_GATE_REFUSED);
	card.mood = WRONG_KEY;
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_GATE_PROOF);
}

static void test_an_expired_gate_asks_and_its_exit_opens(void **state)
{
	struct stage *s = *state;
	struct sj_gate_verdict v;
	struct test_card card;

	card_make(s, &card, 3);
	card.mood = REFUSES_GATE;
	v = stage_tap(s->gate, &card, 8 * STAGE_DAY);
	expect(v, SJ_GATE_ASK, SJ_GATE_CREDENTIAL_EXPIRED);
	assert_int_equal(v.reasons[1], SJ_GATE_REFUSED);
	s->policy.fail_safe = true;
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 8 * STAGE_DAY), SJ_GATE_OPEN, SJ_GATE_CREDENTIAL_EXPIRED);
}

static void test_credentials_of_others_are_refused(void **state)
{
	struct stage *s = *state;
	struct sj_ec_secret other;
	struct test_card card;

	stage_random(&other);
	card_make(s, &card, 3);
	card_sign(&card, &other); /* our issuer's name, another's signature */
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_CHAIN_SIGNATURE);
	card.claims.issuer = SJ_SPAN_STR("XOM");
	card_sign(&card, &other);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_ISSUER_UNKNOWN);
	card_sign(&card, &s->ca); /* another's name, our signature */
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_ISSUER_UNKNOWN);
	card.claims.issuer = SJ_SPAN_STR("UTO");
	card_sign(&card, &s->signer); /* the status signer signs no cards */
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_CHAIN_SIGNATURE);
}

/* A stolen gate has a key, and a credential that the gate CA has signed. */
static void test_a_gates_credential_is_no_cards(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, 3);
	card.key = s->gate_key;
	memcpy(card.credential, s->credential, s->credential_len);
	card.credential_len = s->credential_len;
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_CARD_ANSWER);
}

static void test_a_credential_has_its_time(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, 3);
	card.claims.expires = (uint32_t)STAGE_NOW;
	card_sign(&card, &s->ca);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_OPEN, SJ_OK);
	expect(stage_tap(s->gate, &card, 1), SJ_GATE_REFUSE, SJ_CREDENTIAL_EXPIRED);
	card.claims.not_before = (uint32_t)(STAGE_NOW + 401 * STAGE_DAY);
	card.claims.expires = (uint32_t)(STAGE_NOW + 500 * STAGE_DAY);
	card_sign(&card, &s->ca);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_CREDENTIAL_EXPIRED);
}

static void test_the_callers_word_for_the_time_counts(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, 3);
	card.claims.expires = (uint32_t)(STAGE_NOW + STAGE_DAY);
	card_sign(&card, &s->ca);
	sj_gate_note_time(s->gate, STAGE_NOW + 2 * STAGE_DAY);
	sj_gate_note_time(s->gate, STAGE_NOW); /* and never goes back */
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_CREDENTIAL_EXPIRED);
}

/* Dates that were verified hold; a clock set back makes nothing valid again. */
static void test_a_clock_that_was_set_back(void **state)
{
	struct stage *s = *state;
	struct test_card card;
	struct sj_gate_verdict v;

	card_make(s, &card, 3);
	card.claims.expires = (uint32_t)(STAGE_NOW - 2 * STAGE_DAY);
	card_sign(&card, &s->ca);
	v = stage_tap(s->gate, &card, -10 * STAGE_DAY);
	expect(v, SJ_GATE_REFUSE, SJ_CREDENTIAL_EXPIRED);
	assert_int_equal(v.reasons[1], SJ_CLOCK_BEHIND);
	card.claims.not_before = (uint32_t)(STAGE_NOW + STAGE_DAY); /* a new card tells the time */
	card.claims.expires = (uint32_t)(STAGE_NOW + 100 * STAGE_DAY);
	card_sign(&card, &s->ca);
	v = stage_tap(s->gate, &card, 0);
	expect(v, SJ_GATE_ASK, SJ_STATUS_STALE);
	assert_int_equal(v.reasons[1], SJ_CLOCK_BEHIND);
}

/* The hour, too, is that of the time used. */
static void test_a_clock_that_was_set_back_into_a_window(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	s->policy.windows[0] = (struct sj_gate_window){ 0x7F, 590, 610 }; /* taps are at 600 */
	s->policy.window_count = 1;
	stage_policy(s);
	card_make(s, &card, 3);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_OPEN, SJ_OK);
	sj_gate_note_time(s->gate, STAGE_NOW + STAGE_DAY / 2);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_NOT_AT_THIS_TIME);
	s->policy.windows[0] = (struct sj_gate_window){ 0x01, 1319, 1321 };
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_OPEN, SJ_CLOCK_BEHIND);
	s->policy.windows[0] = (struct sj_gate_window){ 0x01, 600, 601 };
	s->policy.stale_after = (uint32_t)(30 * STAGE_DAY);
	stage_policy(s);
	sj_gate_note_time(s->gate, STAGE_NOW + 7 * STAGE_DAY); /* a week is a round */
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_OPEN, SJ_GATE_CREDENTIAL_EXPIRED);
}

/* --- status ------------------------------------------------------------------------------ */

static void test_a_revoked_card_at_a_fresh_gate(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, STAGE_REVOKED);
	stage_ticket_keys(s, 1, 0);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_CARD_REVOKED);
	assert_false(card.has_ticket);
	s->policy.fail_safe = true;
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_ASK, SJ_CARD_REVOKED);
}

/* Revoked since: the list cannot know it, so its age decides. */
static void test_a_revoked_card_at_a_stale_gate_by_policy(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, 3);
	expect(stage_tap(s->gate, &card, 2 * STAGE_DAY), SJ_GATE_ASK, SJ_STATUS_STALE);
	s->policy.when_stale = SJ_GATE_STALE_REFUSE;
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 2 * STAGE_DAY), SJ_GATE_REFUSE, SJ_STATUS_STALE);
	s->policy.fail_safe = true;
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 2 * STAGE_DAY), SJ_GATE_OPEN, SJ_STATUS_STALE);
	s->policy.fail_safe = false;
	s->policy.stale_after = (uint32_t)(3 * STAGE_DAY);
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 2 * STAGE_DAY), SJ_GATE_OPEN, SJ_OK);
}

static void test_a_fresh_staple_opens_where_the_list_is_stale(void **state)
{
	struct stage *s = *state;
	struct test_card card;
	struct sj_gate_verdict v;

	card_make(s, &card, 3);
	stage_ticket_keys(s, 1, 0);
	s->policy.when_stale = SJ_GATE_STALE_STAPLE;
	stage_policy(s);
	v = stage_tap(s->gate, &card, 2 * STAGE_DAY);
	expect(v, SJ_GATE_ASK, SJ_STATUS_STALE);
	assert_false(v.from_staple);
	card.claims.not_before = (uint32_t)(STAGE_NOW + STAGE_DAY);
	card_sign(&card, &s->ca);
	v = stage_tap(s->gate, &card, 2 * STAGE_DAY);
	expect(v, SJ_GATE_OPEN, SJ_STATUS_STALE);
	assert_true(v.from_staple);
	/* It has a ticket now, but only the credential tells: so it is asked for that. */
	assert_true(card.has_ticket);
	v = stage_tap(s->gate, &card, 2 * STAGE_DAY);
	expect(v, SJ_GATE_OPEN, SJ_STATUS_STALE);
	assert_false(v.resumed);
}

static void test_unknown_is_not_revoked(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, STAGE_INDICES);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_ASK, SJ_STATUS_NOT_COVERED);
	card.claims.status.index = 3;
	card.claims.status.partition++;
	card_sign(&card, &s->ca);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_ASK, SJ_STATUS_NOT_COVERED);
	s->policy.fail_safe = true;
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_OPEN, SJ_STATUS_NOT_COVERED);
}

static void run(const char *format, const char *directory)
{
	char command[256];

	snprintf(command, sizeof(command), format, directory, directory);
	assert_int_equal(system(command), 0);
}

static void test_without_a_list_the_gate_asks(void **state)
{
	struct stage *s = *state;
	struct test_card card;
	struct sj_gate *gate;

	run("rm -r %s/status", s->directory);
	gate = stage_gate(s, STAGE_OPERATOR, 0xFFFFFF);
	card_make(s, &card, 3);
	expect(stage_tap(gate, &card, 0), SJ_GATE_ASK, SJ_STATUS_MISSING);
	sj_gate_free(gate);
}

static void test_an_older_list_is_not_taken(void **state)
{
	struct stage *s = *state;
	struct sj_gate_info info = { .size = sizeof(info) };

	run("cp -r %s/status %s/before", s->directory);
	assert_int_equal(stage_list(s, s->directory, 6, STAGE_NOW), SJ_OK);
	assert_int_equal(stage_list(s, s->directory, 5, STAGE_NOW), SJ_INPUT_REFUSED);
	stage_load(s);
	run("rm -r %s/status", s->directory);
	run("mv %s/before %s/status", s->directory);
	assert_int_equal(sj_gate_load_trust(s->gate, s->directory), SJ_STATUS_BEHIND);
	assert_true(sj_gate_get_info(s->gate, &info));
	assert_int_equal(info.status_epoch, 6);
	run("rm -r %s/status", s->directory);
	assert_int_equal(sj_gate_load_trust(s->gate, s->directory), SJ_STATUS_BEHIND);
}

static void test_an_altered_list_is_not_taken(void **state)
{
	struct stage *s = *state;
	struct sj_gate_info info = { .size = sizeof(info) };

	run("for f in $(find %s/status -type f -size +0); do printf '\\377' | dd of=$f bs=1 conv=notrunc "
	    "seek=$(($(stat -c %%s $f) - 1)) 2>/dev/null; done",
	    s->directory);
	assert_int_equal(sj_gate_load_trust(s->gate, s->directory), SJ_TRUST_UNREADABLE);
	assert_true(sj_gate_get_info(s->gate, &info));
	assert_int_equal(info.status_epoch, 5);
}

/* --- policy ----------------------------------------------------------------------------------- */

static void test_nobody_passes_twice_in_a_row(void **state)
{
	struct stage *s = *state;
	struct test_card card, other;

	s->policy.antipassback = 60;
	stage_policy(s);
	card_make(s, &card, 3);
	card_make(s, &other, 4);
	other.ead.pseudonym[0] = 9;
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_OPEN, SJ_OK);
	expect(stage_tap(s->gate, &other, 1), SJ_GATE_OPEN, SJ_OK);
	expect(stage_tap(s->gate, &card, 59), SJ_GATE_REFUSE, SJ_PASSED_ALREADY);
	expect(stage_tap(s->gate, &card, 60), SJ_GATE_OPEN, SJ_OK);
	memset(card.ead.pseudonym, 0, sizeof(card.ead.pseudonym));
	expect(stage_tap(s->gate, &card, 70), SJ_GATE_ASK, SJ_NOT_TOLD);
}

static void test_windows_and_classes(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, 3);
	s->policy.windows[0] = (struct sj_gate_window){ 1, 601, 700 }; /* taps are at 600 */
	s->policy.window_count = 1;
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_NOT_AT_THIS_TIME);
	s->policy.windows[0].from = 600;
	s->policy.classes = 1u << SJ_CLASS_RESIDENT;
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_CLASS_NOT_ADMITTED);
	s->policy.classes |= 1u << SJ_CLASS_VISITOR;
	s->policy.min_age = 21;
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_TOO_YOUNG);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_a_card_passes),
		CASE(test_a_gate_hears_what_its_rights_cover),
		CASE(test_a_card_without_the_suffix_passes),
		CASE(test_other_cards_are_refused),
		CASE(test_an_expired_gate_asks_and_its_exit_opens),
		CASE(test_credentials_of_others_are_refused),
		CASE(test_a_gates_credential_is_no_cards),
		CASE(test_a_credential_has_its_time),
		CASE(test_the_callers_word_for_the_time_counts),
		CASE(test_a_clock_that_was_set_back),
		CASE(test_a_clock_that_was_set_back_into_a_window),
		CASE(test_a_revoked_card_at_a_fresh_gate),
		CASE(test_a_revoked_card_at_a_stale_gate_by_policy),
		CASE(test_a_fresh_staple_opens_where_the_list_is_stale),
		CASE(test_unknown_is_not_revoked),
		CASE(test_without_a_list_the_gate_asks),
		CASE(test_an_older_list_is_not_taken),
		CASE(test_an_altered_list_is_not_taken),
		CASE(test_nobody_passes_twice_in_a_row),
		CASE(test_windows_and_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
