/* verdict.c -- the table of VERDICT.md. */
#include "document/document.h"

struct row {
	enum sj_verdict verdict;
	enum sj_check_id id;
	enum sj_check_state state;
	enum sj_rc only; /* with this reason only; SJ_OK: with any */
};

static const struct row rows[] = {
	{ SJ_VERDICT_NOT_GENUINE, SJ_CHECK_SOD, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_NOT_GENUINE, SJ_CHECK_CHAIN, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_NOT_GENUINE, SJ_CHECK_GROUPS, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_NOT_GENUINE, SJ_CHECK_PRESENCE, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_NOT_GENUINE, SJ_CHECK_ACCESS_FILE, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_NOT_GENUINE, SJ_CHECK_CHIP, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_NOT_GENUINE, SJ_CHECK_ACTIVE, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_NOT_GENUINE, SJ_CHECK_SIGNER_TIME, SJ_CHECK_FAILED, SJ_SIGNER_INVALID },
	{ SJ_VERDICT_NOT_GENUINE, SJ_CHECK_ACCESS, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_EXPIRED, SJ_CHECK_REVOCATION, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_EXPIRED, SJ_CHECK_STATUS, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_EXPIRED, SJ_CHECK_SIGNER_TIME, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_EXPIRED, SJ_CHECK_EXPIRY, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_SOD, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_CHAIN, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_SIGNER_TIME, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_REVOCATION, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_GROUPS, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_PRESENCE, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_ACCESS_FILE, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_EXPIRY, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	/* No list at all (SJ_STATUS_MISSING) is no fault. */
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_STATUS, SJ_CHECK_NOT_POSSIBLE, SJ_TRUST_UNREADABLE },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_STATUS, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_STALE },
	{ SJ_VERDICT_UNDECIDED, SJ_CHECK_STATUS, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_NOT_COVERED },
};

static bool applies(const struct row *row, const struct sj_check *check)
{
	return check->state == row->state && (row->only == SJ_OK || row->only == check->reason);
}

/* Nothing may be called genuine for which these were not reached. */
static bool proved(const struct sj_report *report)
{
	return report->checks[SJ_CHECK_SOD].state == SJ_CHECK_PASSED &&
	       report->checks[SJ_CHECK_CHAIN].state == SJ_CHECK_PASSED &&
	       report->checks[SJ_CHECK_SIGNER_TIME].state == SJ_CHECK_PASSED &&
	       report->checks[SJ_CHECK_GROUPS].state == SJ_CHECK_PASSED &&
	       report->checks[SJ_CHECK_PRESENCE].state == SJ_CHECK_PASSED;
}

static void decide(struct sj_report *report, enum sj_verdict verdict, enum sj_rc reason)
{
	report->verdict = verdict;
	report->reason = reason;
}

void sj_document_judge(struct sj_report *report)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sj_check *check = &report->checks[rows[i].id];

		if (applies(&rows[i], check)) {
			decide(report, rows[i].verdict, check->reason);
			return;
		}
	}
	if (!proved(report))
		decide(report, SJ_VERDICT_UNDECIDED, SJ_UNDECIDED);
	else if (report->checks[SJ_CHECK_CHIP].state != SJ_CHECK_PASSED &&
		 report->checks[SJ_CHECK_ACTIVE].state != SJ_CHECK_PASSED)
		decide(report, SJ_VERDICT_COPY_NOT_EXCLUDED, SJ_COPY_NOT_EXCLUDED);
	else
		decide(report, SJ_VERDICT_GENUINE, SJ_OK);
}
