/* facts.c -- what an answer says, for evidence: the one file that asks it. */
#include <string.h>

#include "journal/evidence.h"

static bool collect_info(const struct sj_answer *answer, struct sj_evidence_info *i)
{
	struct sj_answer_info a = { .size = sizeof(a) };
	struct sj_check check = { .size = sizeof(check) };

	if (!sj_answer_get_info(answer, &a))
		return false;
	i->answered = true;
	i->verdict = sj_answer_verdict(answer);
	i->reason = sj_answer_reason(answer);
	i->eid = a.eid;
	i->enforced_by = a.enforced_by;
	i->asked = a.asked;
	i->granted = a.granted;
	i->absent = a.absent;
	i->status_epoch = a.status_epoch;
	for (size_t k = 0; k < SJ_ANSWER_CHECKS; k++) {
		if (!sj_answer_get_check(answer, (enum sj_answer_check)k, &check))
			continue;
		i->checks[k].state = check.state;
		i->checks[k].reason = check.reason;
	}
	/* The challenge has its time already. */
	if (i->time == 0)
		i->time = a.time;
	return true;
}

/* A signature over another challenge binds neither service nor verdict, and is not worth keeping. */
static enum sj_rc collect_proof(const struct sj_answer *answer, bool sealing, struct sj_facts *f)
{
	struct sj_proof proof = { .size = sizeof(proof) };
	struct sj_evidence_info *i = &f->statement.info;

	if (!sj_answer_proof(answer, &proof))
		return SJ_OK;
	if (proof.kind == SJ_PROOF_SIGNED &&
	    !sj_span_eq(sj_span(proof.challenge, proof.challenge_len), SJ_SPAN_OF(i->challenge)))
		return SJ_OK;
	i->proof = proof.kind;
	return sealing ? sj_proof_put(&proof, &f->parts[SJ_SEALED_PROOF]) : SJ_OK;
}

enum sj_rc sj_facts_collect(const struct sj_answer *answer, uint32_t keep, bool sealing,
			    struct sj_facts *facts)
{
	struct sj_evidence_info *i = &facts->statement.info;
	enum sj_rc rc;

	if (!collect_info(answer, i))
		return SJ_INTERNAL;
	rc = collect_proof(answer, sealing, facts);
	if (rc == SJ_OK)
		rc = sj_data_put(answer, keep & i->granted, &i->kept,
				 &facts->parts[SJ_SEALED_DATA]);
	return rc;
}
