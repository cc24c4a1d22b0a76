/* verdict.c -- the table of VERDICT.md. */
#include <string.h>

#include "gate/gate.h"

typedef bool (*holds_fn)(const struct sj_gate_policy *policy, const struct sj_gate_facts *facts);

struct row {
	enum sj_rc reason; /* SJ_OK: facts->card */
	holds_fn holds;
	enum sj_gate_decision entry, exit; /* the most that is still possible */
};

/* --- what may be wrong ---------------------------------------------------------------- */

/* The card refused us, and we know why. */
static bool refused_expired(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	(void)policy;
	return f->card == SJ_GATE_REFUSED && f->gate_expired;
}

static bool unproved(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return f->card != SJ_OK && !refused_expired(policy, f);
}

static bool revoked(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	(void)policy;
	return f->status == SJ_STATUS_REVOKED;
}

static bool expired(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	(void)policy;
	return f->expires < f->now || f->early;
}

static bool signer_expired(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	(void)policy;
	return f->signer_expired;
}

static bool class_refused(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return policy->classes != 0 && f->class != 0 && (policy->classes >> f->class & 1) == 0;
}

static size_t age_index(unsigned years)
{
	size_t i = 0;

	while (i < SJ_GATE_AGES && sj_gate_age(i) != years)
		i++;
	return i;
}

/* Old enough for this threshold or a higher one. */
static bool old_enough(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return f->ages >> age_index(policy->min_age) != 0;
}

/* Asked for this threshold or a lower one, the card said no. */
static bool too_young(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	if (policy->min_age == 0 || old_enough(policy, f))
		return false;
	for (size_t i = 0; i <= age_index(policy->min_age); i++)
		if ((f->rights & (uint32_t)SJ_RIGHT_AGE_FIRST << i) != 0 && (f->ages >> i & 1) == 0)
			return true;
	return false;
}

static bool outside_windows(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	const unsigned day = f->minute_of_week / 1440, minute = f->minute_of_week % 1440;

	for (size_t i = 0; i < policy->window_count; i++) {
		const struct sj_gate_window *w = &policy->windows[i];

		if ((w->days >> day & 1) != 0 && minute >= w->from && minute < w->to)
			return false;
	}
	return policy->window_count > 0;
}

static bool passed_already(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return policy->antipassback != 0 && f->passed;
}

/* --- doubt --------------------------------------------------------------------------- */

bool sj_gate_pseudonym_told(const struct sj_gate_facts *f)
{
	static const uint8_t zeros[SJ_GATE_PSEUDONYM];

	return (f->rights & SJ_RIGHT_PSEUDONYM) != 0 &&
	       memcmp(f->pseudonym, zeros, sizeof(zeros)) != 0;
}

static bool not_told(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return (policy->classes != 0 && f->class == 0) ||
	       (policy->min_age != 0 && !old_enough(policy, f) && !too_young(policy, f)) ||
	       (policy->antipassback != 0 && !sj_gate_pseudonym_told(f));
}

static bool missing(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	(void)policy;
	return !f->list;
}

static bool stale(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return f->list && f->now - f->list_time > (int64_t)policy->stale_after;
}

static bool not_covered(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return f->list && !stale(policy, f) && f->status == SJ_STATUS_UNKNOWN;
}

static bool behind(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	const uint32_t newest = f->card_epoch > f->newest_epoch ? f->card_epoch : f->newest_epoch;

	return policy->ask_when_behind && f->list && newest > f->list_epoch;
}

bool sj_gate_stale(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return missing(policy, f) || stale(policy, f);
}

/* A credential or staple so new that its signer knew as much as a fresh list. */
static bool vouched(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return policy->when_stale == SJ_GATE_STALE_STAPLE && f->not_before != 0 &&
	       f->now - f->not_before <= (int64_t)policy->stale_after;
}

static bool list_refused(const struct sj_gate_policy *policy, holds_fn what,
			 const struct sj_gate_facts *f)
{
	return what(policy, f) && policy->when_stale == SJ_GATE_STALE_REFUSE;
}

static bool missing_refused(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return list_refused(policy, missing, f);
}

static bool missing_asked(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return missing(policy, f) && !missing_refused(policy, f) && !vouched(policy, f);
}

static bool stale_refused(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return list_refused(policy, stale, f);
}

static bool stale_asked(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return stale(policy, f) && !stale_refused(policy, f) && !vouched(policy, f);
}

static bool not_covered_asked(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return not_covered(policy, f) && !vouched(policy, f);
}

static bool behind_asked(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return behind(policy, f) && !vouched(policy, f);
}

static bool missing_vouched(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return missing(policy, f) && vouched(policy, f);
}

static bool stale_vouched(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return stale(policy, f) && vouched(policy, f);
}

static bool not_covered_vouched(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	return not_covered(policy, f) && vouched(policy, f);
}

static bool clock_behind(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	(void)policy;
	return f->clock_behind;
}

static bool own_expired(const struct sj_gate_policy *policy, const struct sj_gate_facts *f)
{
	(void)policy;
	return f->gate_expired;
}

/* --- the table ------------------------------------------------------------------------ */

#define NO SJ_GATE_REFUSE
#define ASK SJ_GATE_ASK
#define YES SJ_GATE_OPEN

static const struct row unproved_rows[] = {
	{ SJ_OK, unproved, NO, NO },
	{ SJ_GATE_CREDENTIAL_EXPIRED, refused_expired, ASK, YES },
	{ SJ_OK, refused_expired, ASK, YES },
};

static const struct row rows[] = {
	{ SJ_CARD_REVOKED, revoked, NO, ASK },
	{ SJ_CREDENTIAL_EXPIRED, expired, NO, YES },
	{ SJ_SIGNER_EXPIRED, signer_expired, NO, YES },
	{ SJ_CLASS_NOT_ADMITTED, class_refused, NO, ASK },
	{ SJ_TOO_YOUNG, too_young, NO, ASK },
	{ SJ_NOT_AT_THIS_TIME, outside_windows, NO, ASK },
	{ SJ_PASSED_ALREADY, passed_already, NO, ASK },
	{ SJ_STATUS_MISSING, missing_refused, NO, YES },
	{ SJ_STATUS_STALE, stale_refused, NO, YES },
	{ SJ_NOT_TOLD, not_told, ASK, YES },
	{ SJ_STATUS_MISSING, missing_asked, ASK, YES },
	{ SJ_STATUS_STALE, stale_asked, ASK, YES },
	{ SJ_STATUS_NOT_COVERED, not_covered_asked, ASK, YES },
	{ SJ_STATUS_BEHIND, behind_asked, ASK, YES },
	{ SJ_STATUS_MISSING, missing_vouched, YES, YES },
	{ SJ_STATUS_STALE, stale_vouched, YES, YES },
	{ SJ_STATUS_NOT_COVERED, not_covered_vouched, YES, YES },
	{ SJ_GATE_CREDENTIAL_EXPIRED, own_expired, YES, YES },
	{ SJ_CLOCK_BEHIND, clock_behind, YES, YES },
};

static void walk(const struct row *list, size_t n, const struct sj_gate_policy *policy,
		 const struct sj_gate_facts *facts, struct sj_gate_verdict *out)
{
	size_t reasons = 0;

	out->decision = SJ_GATE_OPEN;
	for (size_t i = 0; i < n; i++) {
		const enum sj_gate_decision most = policy->fail_safe ? list[i].exit : list[i].entry;

		if (!list[i].holds(policy, facts))
			continue;
		if (most < out->decision)
			out->decision = most;
		if (reasons < SJ_GATE_REASONS)
			out->reasons[reasons++] =
				list[i].reason == SJ_OK ? facts->card : list[i].reason;
	}
}

void sj_gate_judge(const struct sj_gate_policy *policy, const struct sj_gate_facts *facts,
		   struct sj_gate_verdict *out)
{
	*out = (struct sj_gate_verdict){ .size = sizeof(*out), .resumed = facts->resumed };
	if (facts->card != SJ_OK) {
		walk(unproved_rows, sizeof(unproved_rows) / sizeof(unproved_rows[0]), policy, facts,
		     out);
		return;
	}
	walk(rows, sizeof(rows) / sizeof(rows[0]), policy, facts, out);
	out->from_staple = out->decision == SJ_GATE_OPEN && vouched(policy, facts) &&
			   (missing(policy, facts) || stale(policy, facts) ||
			    not_covered(policy, facts) || behind(policy, facts));
	out->pseudonym_known = sj_gate_pseudonym_told(facts);
	if (out->pseudonym_known)
		memcpy(out->pseudonym, facts->pseudonym, sizeof(out->pseudonym));
	out->holder_class = facts->class;
	out->ages = facts->ages;
	out->expires = facts->expires;
	out->card_epoch = facts->card_epoch;
}

uint32_t sj_gate_rights_wanted(const struct sj_gate_policy *policy)
{
	uint32_t rights = 0;

	if (policy->classes != 0)
		rights |= SJ_RIGHT_CLASS;
	if (policy->min_age != 0)
		rights |= (uint32_t)SJ_RIGHT_AGE_FIRST << age_index(policy->min_age);
	if (policy->antipassback != 0)
		rights |= SJ_RIGHT_PSEUDONYM;
	return rights;
}
