/* Every row of gate/VERDICT.md, at an entry and at an exit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/gate.h"
#include "tests/skip.h"

#define NOW INT64_C(1780000000)
#define DAY INT64_C(86400)

/* A card without fault at a gate without wishes. */
static struct sj_gate_facts good(void)
{
	return (struct sj_gate_facts){ .now = NOW,
				       .minute_of_week = 600,
				       .not_before = NOW - 100 * DAY,
				       .expires = NOW + 100 * DAY,
				       .list = true,
				       .status = SJ_STATUS_VALID,
				       .list_time = NOW - 3600,
				       .list_epoch = 5,
				       .newest_epoch = 5,
				       .card_epoch = 5,
				       .rights = 0xFFFFFF,
				       .class = SJ_CLASS_VISITOR,
				       .ages = 0x0F,
				       .pseudonym = { 1 } };
}

/* Makes the state of a row out of a good one. */
static bool make(const char *row, struct sj_gate_policy *p, struct sj_gate_facts *f)
{
	const bool missing = strncmp(row, "missing", 7) == 0, stale = strncmp(row, "stale", 5) == 0;
	const char *end = strrchr(row, '-');

	if (strcmp(row, "unproved") == 0)
		f->card = SJ_GATE_PROOF;
	else if (strcmp(row, "gate-expired") == 0) {
		f->card = SJ_GATE_REFUSED;
		f->gate_expired = true;
	} else if (strcmp(row, "own-expired") == 0) {
		f->gate_expired = true;
	} else if (strcmp(row, "revoked") == 0) {
		f->status = SJ_STATUS_REVOKED;
	} else if (strcmp(row, "expired") == 0) {
		f->expires = NOW - 1;
	} else if (strcmp(row, "signer-expired") == 0) {
		f->signer_expired = true;
	} else if (strcmp(row, "class") == 0) {
		p->classes = 1u << SJ_CLASS_RESIDENT;
	} else if (strcmp(row, "too-young") == 0) {
		p->min_age = 60;
	} else if (strcmp(row, "window") == 0) {
		p->windows[0] = (struct sj_gate_window){ 0x01, 601, 700 };
		p->window_count = 1;
	} else if (strcmp(row, "passed") == 0) {
		p->antipassback = 60;
		f->passed = true;
	} else if (strcmp(row, "not-told") == 0) {
		p->classes = 2;
		f->class = SJ_CLASS_NONE;
	} else if (strcmp(row, "behind-asked") == 0) {
		p->ask_when_behind = true;
		f->card_epoch = 6;
	} else if (strcmp(row, "clock-behind") == 0) {
		f->clock_behind = true;
	} else if (missing || stale || strncmp(row, "not-covered", 11) == 0) {
		f->list = !missing;
		f->list_time = stale ? NOW - 2 * DAY : NOW;
		f->status = missing || !stale ? SJ_STATUS_UNKNOWN : SJ_STATUS_VALID;
		p->when_stale = strcmp(end, "-refused") == 0   ? SJ_GATE_STALE_REFUSE
				: strcmp(end, "-vouched") == 0 ? SJ_GATE_STALE_STAPLE
							       : SJ_GATE_STALE_ASK;
		if (p->when_stale == SJ_GATE_STALE_STAPLE)
			f->not_before = NOW - DAY;
	} else {
		return false;
	}
	return true;
}

static bool has_reason(const struct sj_gate_verdict *v, unsigned reason)
{
	for (size_t i = 0; i < SJ_GATE_REASONS && v->reasons[i] != SJ_OK; i++)
		if ((unsigned)v->reasons[i] == reason)
			return true;
	return false;
}

/* One line of the page: name, reason, entry, exit. */
static bool read_row(char *line, char *name[static 4])
{
	char *cell, *save = NULL;
	int n = 0;

	if (line[0] != '|' || strncmp(line, "|---", 4) == 0 || strncmp(line, "| row", 5) == 0)
		return false;
	for (cell = strtok_r(line, "|\n", &save); cell; cell = strtok_r(NULL, "|\n", &save), n++) {
		while (*cell == ' ')
			cell++;
		while (*cell && cell[strlen(cell) - 1] == ' ')
			cell[strlen(cell) - 1] = '\0';
		if (n < 5 && n != 1)
			name[n < 1 ? 0 : n - 1] = cell;
	}
	return n == 5;
}

static void check(const char *row, unsigned reason, const char *wanted, bool exit)
{
	struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;
	struct sj_gate_facts facts = good();
	struct sj_gate_verdict v;

	policy.fail_safe = exit;
	if (!make(row, &policy, &facts))
		fail_msg("no such state: %s", row);
	sj_gate_judge(&policy, &facts, &v);
	if (strcmp(sj_gate_decision_name(v.decision), wanted) != 0)
		fail_msg("%s at an %s: %s", row, exit ? "exit" : "entry",
			 sj_gate_decision_name(v.decision));
	if (!has_reason(&v, reason))
		fail_msg("%s: no reason %u", row, reason);
}

static void test_every_row_of_the_page_holds(void **state)
{
	FILE *page = fopen("middleware/gate/VERDICT.md", "r");
	char line[512], *cell[4];
	unsigned rows = 0;

	(void)state;
	assert_non_null(page);
	while (fgets(line, sizeof(line), page)) {
		unsigned reason;

		if (!read_row(line, cell))
			continue;
		reason = strncmp(cell[1], "SJ-", 3) == 0 ? (unsigned)strtoul(cell[1] + 3, NULL, 10)
							 : SJ_GATE_PROOF;
		check(cell[0], reason, cell[2], false);
		check(cell[0], reason, cell[3], true);
		rows++;
	}
	fclose(page);
	assert_int_equal(rows, 22);
}

static void test_nothing_wrong_opens(void **state)
{
	struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;
	struct sj_gate_facts facts = good();
	struct sj_gate_verdict v;

	(void)state;
	sj_gate_judge(&policy, &facts, &v);
	assert_int_equal(v.decision, SJ_GATE_OPEN);
	assert_int_equal(v.reasons[0], SJ_OK);
	assert_false(v.from_staple);
}

/* A forgery never opens, whatever the policy and whatever else it claims. */
static void test_what_is_unproved_opens_nothing(void **state)
{
	static const enum sj_rc unproved[] = { SJ_CARD_LOST,    SJ_CARD_ANSWER,
					       SJ_CARD_REFUSED, SJ_NO_GATE_APPLICATION,
					       SJ_GATE_REFUSED, SJ_CHAIN_SIGNATURE,
					       SJ_GATE_PROOF,   SJ_ISSUER_UNKNOWN };

	(void)state;
	for (size_t i = 0; i < sizeof(unproved) / sizeof(unproved[0]); i++)
		for (int exit = 0; exit < 2; exit++) {
			struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;
			struct sj_gate_facts facts = good();
			struct sj_gate_verdict v;

			policy.fail_safe = exit;
			facts.card = unproved[i];
			facts.gate_expired = unproved[i] != SJ_GATE_REFUSED;
			sj_gate_judge(&policy, &facts, &v);
			assert_int_equal(v.decision, SJ_GATE_REFUSE);
			assert_int_equal(v.reasons[0], unproved[i]);
			assert_false(v.pseudonym_known);
			assert_int_equal(v.expires, 0);
		}
}

/* However old the list, a revoked card stays revoked. */
static void test_a_revoked_card_passes_nowhere(void **state)
{
	static const enum sj_gate_when_stale whens[] = { SJ_GATE_STALE_ASK, SJ_GATE_STALE_REFUSE,
							 SJ_GATE_STALE_STAPLE };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (int fresh = 0; fresh < 2; fresh++) {
			struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;
			struct sj_gate_facts facts = good();
			struct sj_gate_verdict v;

			policy.when_stale = whens[i];
			facts.status = SJ_STATUS_REVOKED;
			facts.list_time = fresh ? NOW : NOW - 90 * DAY;
			facts.not_before = NOW - 60;
			sj_gate_judge(&policy, &facts, &v);
			assert_int_equal(v.decision, SJ_GATE_REFUSE);
			assert_int_equal(v.reasons[0], SJ_CARD_REVOKED);
			policy.fail_safe = true;
			sj_gate_judge(&policy, &facts, &v);
			assert_int_equal(v.decision, SJ_GATE_ASK);
		}
}

static enum sj_gate_decision by_age(unsigned min_age, uint32_t rights, uint8_t ages)
{
	struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;
	struct sj_gate_facts facts = good();
	struct sj_gate_verdict v;

	policy.min_age = min_age;
	facts.rights = rights;
	facts.ages = ages;
	sj_gate_judge(&policy, &facts, &v);
	return v.decision;
}

static void test_ages(void **state)
{
	const uint32_t over_18 = SJ_RIGHT_AGE_FIRST << 3, over_12 = SJ_RIGHT_AGE_FIRST;

	(void)state;
	assert_int_equal(by_age(18, over_18, 0x08), SJ_GATE_OPEN);
	assert_int_equal(by_age(18, over_18, 0), SJ_GATE_REFUSE);
	assert_int_equal(by_age(16, over_18, 0x08), SJ_GATE_OPEN); /* over 18 is over 16 */
	assert_int_equal(by_age(16, over_18, 0), SJ_GATE_ASK); /* under 18 may be over 16 */
	assert_int_equal(by_age(16, over_12, 0), SJ_GATE_REFUSE); /* under 12 is under 16 */
	assert_int_equal(by_age(16, over_12, 1), SJ_GATE_ASK);
	assert_int_equal(by_age(18, 0, 0), SJ_GATE_ASK);
}

static enum sj_gate_decision at_minute(unsigned minute)
{
	struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;
	struct sj_gate_facts facts = good();
	struct sj_gate_verdict v;

	policy.windows[0] = (struct sj_gate_window){ 0x1F, 8 * 60, 18 * 60 };
	policy.windows[1] = (struct sj_gate_window){ 0x40, 0, 1440 };
	policy.window_count = 2;
	facts.minute_of_week = minute;
	sj_gate_judge(&policy, &facts, &v);
	return v.decision;
}

static void test_windows_have_edges(void **state)
{
	(void)state;
	assert_int_equal(at_minute(8 * 60 - 1), SJ_GATE_REFUSE);
	assert_int_equal(at_minute(8 * 60), SJ_GATE_OPEN);
	assert_int_equal(at_minute(18 * 60 - 1), SJ_GATE_OPEN);
	assert_int_equal(at_minute(18 * 60), SJ_GATE_REFUSE);
	assert_int_equal(at_minute(5 * 1440 + 600), SJ_GATE_REFUSE); /* Saturday */
	assert_int_equal(at_minute(6 * 1440), SJ_GATE_OPEN);
	assert_int_equal(at_minute(7 * 1440 - 1), SJ_GATE_OPEN);
}

static void test_reasons_come_worst_first_and_no_more_than_fit(void **state)
{
	struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;
	struct sj_gate_facts facts = good();
	struct sj_gate_verdict v;

	(void)state;
	policy.classes = 1u << SJ_CLASS_PERMANENT;
	policy.min_age = 65;
	facts.status = SJ_STATUS_REVOKED;
	facts.expires = NOW - 1;
	facts.list_time = 0;
	facts.clock_behind = true;
	sj_gate_judge(&policy, &facts, &v);
	assert_int_equal(v.reasons[0], SJ_CARD_REVOKED);
	assert_int_equal(v.reasons[1], SJ_CREDENTIAL_EXPIRED);
	assert_int_equal(v.reasons[2], SJ_CLASS_NOT_ADMITTED);
	assert_int_equal(v.reasons[3], SJ_TOO_YOUNG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_of_the_page_holds),
		cmocka_unit_test(test_nothing_wrong_opens),
		cmocka_unit_test(test_what_is_unproved_opens_nothing),
		cmocka_unit_test(test_a_revoked_card_passes_nowhere),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_windows_have_edges),
		cmocka_unit_test(test_reasons_come_worst_first_and_no_more_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
