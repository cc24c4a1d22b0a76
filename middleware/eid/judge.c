/* judge.c -- the table of SERVICE.md. */
#include "eid/eid.h"

struct row {
	enum sj_verdict verdict;
	enum sj_answer_check id;
	enum sj_check_state state;
	enum sj_rc only; /* with this reason only; SJ_OK: with any */
};

static const struct row rows[] = {
	/* Who signed it is out of time or withdrawn: not a forgery. */
	{ SJ_VERDICT_EXPIRED, SJ_ANSWER_SECURITY, SJ_CHECK_FAILED, SJ_SIGNER_REVOKED },
	{ SJ_VERDICT_EXPIRED, SJ_ANSWER_SECURITY, SJ_CHECK_FAILED, SJ_SIGNER_EXPIRED },
	{ SJ_VERDICT_NOT_GENUINE, SJ_ANSWER_SECURITY, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_NOT_GENUINE, SJ_ANSWER_CHIP, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_EXPIRED, SJ_ANSWER_STATUS, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_EXPIRED, SJ_ANSWER_EXPIRY, SJ_CHECK_FAILED, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_ANSWER_SECURITY, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_ANSWER_TERMINAL, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_ANSWER_EXPIRY, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
	{ SJ_VERDICT_UNDECIDED, SJ_ANSWER_STATUS, SJ_CHECK_NOT_POSSIBLE, SJ_OK },
};

static bool applies(const struct row *row, const struct sj_check *check)
{
	return check->state == row->state && (row->only == SJ_OK || row->only == check->reason);
}

static bool passed(const struct sj_answer *answer, enum sj_answer_check id)
{
	return answer->checks[id].state == SJ_CHECK_PASSED;
}

static void decide(struct sj_answer *answer, enum sj_verdict verdict, enum sj_rc reason)
{
	answer->verdict = verdict;
	answer->reason = reason;
}

void sj_answer_judge(struct sj_answer *answer)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sj_check *check = &answer->checks[rows[i].id];

		if (applies(&rows[i], check)) {
			decide(answer, rows[i].verdict, check->reason);
			return;
		}
	}
	/* Nothing may be called genuine for which these were not reached. */
	if (!passed(answer, SJ_ANSWER_SECURITY) || !passed(answer, SJ_ANSWER_EXPIRY) ||
	    !passed(answer, SJ_ANSWER_STATUS))
		decide(answer, SJ_VERDICT_UNDECIDED, SJ_UNDECIDED);
	else if (!passed(answer, SJ_ANSWER_CHIP))
		decide(answer, SJ_VERDICT_COPY_NOT_EXCLUDED, SJ_COPY_NOT_EXCLUDED);
	else
		decide(answer, SJ_VERDICT_GENUINE, SJ_OK);
}

bool sj_answer_may_tell(const struct sj_answer *answer)
{
	return answer->verdict != SJ_VERDICT_NONE && answer->verdict != SJ_VERDICT_NOT_GENUINE &&
	       passed(answer, SJ_ANSWER_SECURITY) &&
	       answer->checks[SJ_ANSWER_STATUS].state != SJ_CHECK_FAILED;
}
