/*
 * prove_card.c -- did the chip of a genuine document sign the challenge of a record?
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 5 and 6.1.
 */
#include <string.h>

#include "journal/evidence.h"
#include "secure/aa.h"
#include "wire/lds.h"
#include "wire/std/icao9303.h"

/* DG14, if there is one, and DG15: whole files, and what is in them. */
struct groups {
	struct sj_span dg14, dg15, infos, key;
};

static bool split(struct sj_span in, struct groups *out)
{
	*out = (struct groups){ .infos = { 0 } };
	while (in.len != 0) {
		struct sj_span before = in, value, whole;
		uint32_t tag;

		if (sj_tlv_next(&in, &tag, &value) != SJ_TLV_FOUND)
			return false;
		whole = sj_span(before.ptr, before.len - in.len);
		if (tag == SJ_TAG_DG14 && out->dg14.len == 0 && out->dg15.len == 0) {
			out->dg14 = whole;
			out->infos = value;
		} else if (tag == SJ_TAG_DG15 && out->dg15.len == 0) {
			out->dg15 = whole;
			out->key = value;
		} else {
			return false;
		}
	}
	return out->dg15.len != 0;
}

/* The chip's answer to this record's challenge, under the key that it gave. */
static const char *why_not_signed(const struct sj_statement *s, const struct sj_proof *p,
				  const struct groups *g)
{
	uint8_t challenge[SJ_EVIDENCE_CHALLENGE];
	enum sj_hash hash = SJ_HASH_NONE;

	if (!sj_statement_challenge(s, challenge) ||
	    !sj_span_eq(SJ_SPAN_OF(challenge), SJ_SPAN_OF(s->info.challenge)) ||
	    !sj_span_eq(SJ_SPAN_OF(challenge), sj_span(p->challenge, p->challenge_len)))
		return "The challenge is not that of this service, terminal, time and verdict.";
	if (!sj_span_eq(g->key, sj_span(p->key, p->key_len)))
		return "The key is not the one in DG15.";
	if (!sj_aa_hash_named(g->infos, &hash))
		hash = sj_aa_hash_for_key(g->key);
	if (!sj_aa_verify(g->key, hash, challenge, sj_span(p->answer, p->answer_len)))
		return "The chip's signature does not hold.";
	return NULL;
}

static enum sj_check_state state_of(const struct sj_report *report, enum sj_check_id id,
				    enum sj_rc *reason)
{
	struct sj_check check = { .size = sizeof(check) };

	if (!sj_report_check(report, id, &check))
		return SJ_CHECK_NOT_DONE;
	*reason = check.reason;
	return check.state;
}

static bool group_holds(const struct sj_report *report, unsigned dg)
{
	struct sj_check check = { .size = sizeof(check) };

	return sj_report_group(report, dg, &check) && check.state == SJ_CHECK_PASSED;
}

/* Who made the document? */
static enum sj_rc judge(const struct sj_report *report, const struct groups *g,
			struct sj_check *check)
{
	enum sj_rc reason = SJ_OK;

	if (state_of(report, SJ_CHECK_SOD, &reason) != SJ_CHECK_PASSED ||
	    !group_holds(report, SJ_DG15) || (g->dg14.len != 0 && !group_holds(report, SJ_DG14)) ||
	    (state_of(report, SJ_CHECK_SIGNER_TIME, &reason) == SJ_CHECK_FAILED &&
	     reason == SJ_SIGNER_INVALID) ||
	    state_of(report, SJ_CHECK_CHAIN, &reason) == SJ_CHECK_FAILED) {
		sj_check_set(check, SJ_CHECK_FAILED, SJ_EVIDENCE_CARD,
			     "The chip's key is not one that the document's issuer signed.");
		return SJ_EVIDENCE_CARD;
	}
	if (state_of(report, SJ_CHECK_CHAIN, &reason) != SJ_CHECK_PASSED)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, reason,
			     "A chip signed, but the trust store does not know its issuer.");
	else if (state_of(report, SJ_CHECK_REVOCATION, &reason) == SJ_CHECK_FAILED)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, reason,
			     "A chip signed, but its document's signer was revoked.");
	else if (state_of(report, SJ_CHECK_REVOCATION, &reason) == SJ_CHECK_NOT_POSSIBLE)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, reason,
			     "A chip signed, but no CRL that is in time clears its document's "
			     "signer.");
	else
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK,
			     "The chip of a genuine document signed service, terminal, time and "
			     "the verdict so far.");
	return SJ_OK;
}

static enum sj_rc check_issuer(const struct sj_statement *s, const struct sj_proof *p,
			       const struct groups *g, struct sj_trust *trust,
			       struct sj_check *check)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_report *report = NULL;
	const struct sj_file files[] = {
		{ "EF.SOD", p->statement, p->statement_len },
		{ "DG15", g->dg15.ptr, g->dg15.len },
		{ "DG14", g->dg14.ptr, g->dg14.len },
	};
	enum sj_rc rc;

	options.now = s->info.time;
	rc = sj_document_verify_files(files, g->dg14.len != 0 ? 3 : 2, trust, &options, &report);
	if (rc == SJ_OK)
		rc = judge(report, g, check);
	sj_report_free(report);
	return rc;
}

enum sj_rc sj_evidence_check_card(const struct sj_statement *s, struct sj_span proof,
				  const struct sj_evidence_trust *trust, struct sj_check *check)
{
	struct groups groups;
	struct sj_proof p;
	const char *why;

	if (s->info.proof != SJ_PROOF_SIGNED) {
		sj_check_set(
			check, SJ_CHECK_NOT_DONE, SJ_OK,
			s->info.proof == SJ_PROOF_AGREED
				? "Chip Authentication: the terminal could have made it itself."
				: "No chip proved anything.");
		return SJ_OK;
	}
	if (proof.len == 0) {
		sj_check_set(check, SJ_CHECK_NOT_DONE, SJ_OK,
			     "The record says that a chip signed; its answer is not in this file.");
		return SJ_OK;
	}
	if (!sj_proof_take(proof, s->info.proof, &p) ||
	    !split(sj_span(p.groups, p.groups_len), &groups))
		why = "What the chip answered cannot be read.";
	else
		why = why_not_signed(s, &p, &groups);
	if (why != NULL) {
		sj_check_set(check, SJ_CHECK_FAILED, SJ_EVIDENCE_CARD, "%s", why);
		return SJ_EVIDENCE_CARD;
	}
	return check_issuer(s, &p, &groups, trust->trust, check);
}
