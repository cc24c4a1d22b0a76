/*
 * security.c -- EF.CardSecurity by Passive Authentication, as for EF.SOD.
 *
 * Source: BSI TR-03110-2 v2.21, 3.4; TR-03110-3, A.1.2.5; ICAO Doc 9303-12 (8th ed.), 5 and 7.
 */
#include "eid/ask.h"
#include "trust/certificate.h"
#include "trust/chain.h"
#include "trust/time.h"
#include "wire/std/tr03110.h"

static enum sj_check_state state_of(const struct sj_finding *f)
{
	switch ((int)f->rc) {
	case SJ_CARD_SECURITY:
	case SJ_ACCESS_FILE_MISMATCH:
		return SJ_CHECK_FAILED;
	default:
		return sj_signer_state(f);
	}
}

static void judge(struct sj_ask *ask, struct sj_finding *f)
{
	const struct sj_cert *signer = &ask->security.certificate;
	struct sj_statistics *statistics = &ask->doc.report->statistics;
	struct sj_issuer issuer = { 0 };
	bool asked;

	sj_signed_chain(ask->trust, &ask->security, &issuer, f);
	if (f->rc != SJ_OK)
		return;
	sj_name_text(signer->subject, statistics->signer, sizeof(statistics->signer));
	sj_name_country(issuer.cert.subject, statistics->country);
	sj_chain_purpose(signer, f);
	if (f->rc == SJ_OK)
		sj_chain_revocation(ask->trust, signer, ask->now, &asked, f);
	/* Who was revoked says nothing about the time. */
	if (f->rc == SJ_OK) {
		sj_document_learn_time(&ask->doc, &ask->security, &issuer.cert);
		ask->now = ask->doc.now;
		ask->answer->info.time = ask->now;
		sj_chain_revocation(ask->trust, signer, ask->now, &asked, f);
	}
	if (f->rc == SJ_OK)
		sj_chain_times(signer, &issuer.cert, sj_signed_at(&ask->security), ask->now, f);
	if (f->rc == SJ_OK)
		sj_find(f, SJ_OK, "EF.CardSecurity is signed by %s.", statistics->signer);
	sj_issuer_free(&issuer);
}

bool sj_eid_infos(const struct sj_ask *ask, struct sj_span *items)
{
	return ask->answer->checks[SJ_ANSWER_SECURITY].state == SJ_CHECK_PASSED &&
	       sj_secinfos_parse(ask->security.cms.content, items);
}

/* Every element of `items` that decides something stands in `in`, too. */
static bool all_in(struct sj_span items, bool pace_alone, struct sj_span in)
{
	struct sj_secinfo info;
	enum sj_tlv_rc rc;

	while ((rc = sj_secinfo_next(&items, &info)) == SJ_TLV_FOUND) {
		const bool decides = pace_alone ? info.kind == SJ_SECINFO_PACE
						: info.kind != SJ_SECINFO_UNKNOWN ||
							  sj_span_eq(info.oid, SJ_OID_CA_ECDH);

		if (decides && !sj_secinfos_contain(in, info.element))
			return false;
	}
	return rc == SJ_TLV_ABSENT;
}

/* EF.CardAccess is not signed: what it said, and left out, is signed here (A.1.2). */
static void compare(const struct sj_ask *ask, struct sj_span items, struct sj_finding *f)
{
	struct sj_span file = sj_report_bytes(ask->doc.report, SJ_EF_CARD_ACCESS), access;

	if (!sj_secinfos_parse(file, &access) || !all_in(access, false, items) ||
	    !all_in(items, true, access))
		sj_find(f, SJ_ACCESS_FILE_MISMATCH,
			"EF.CardAccess says other than what is signed.");
}

enum sj_rc sj_eid_security(struct sj_ask *ask)
{
	struct sj_check *check = &ask->answer->checks[SJ_ANSWER_SECURITY];
	enum sj_rc rc = sj_document_read(&ask->doc, SJ_EF_CARD_SECURITY);
	struct sj_span file = sj_report_bytes(ask->doc.report, SJ_EF_CARD_SECURITY);
	struct sj_span items = { NULL, 0 };
	struct sj_finding f = { .rc = SJ_OK };
	enum sj_signed_rc signed_rc;

	if (rc != SJ_OK)
		return rc;
	if (!file.ptr) {
		sj_check_set(check, SJ_CHECK_FAILED, SJ_CARD_SECURITY,
			     "The card does not deliver EF.CardSecurity.");
		return SJ_OK;
	}
	signed_rc = sj_signed_open_for(ask->context, file, SJ_OID_SECURITY_OBJECT, &ask->security);
	if (signed_rc == SJ_SIGNED_NO_MEMORY)
		return SJ_NO_MEMORY;
	if (signed_rc == SJ_SIGNED_STOPPED)
		return SJ_SIGNED_UNREAD;
	if (signed_rc != SJ_SIGNED_OK)
		sj_find(&f, SJ_CARD_SECURITY, "EF.CardSecurity: %s", sj_signed_text(signed_rc));
	else if (!sj_secinfos_parse(ask->security.cms.content, &items))
		sj_find(&f, SJ_CARD_SECURITY, "EF.CardSecurity cannot be understood.");
	else
		judge(ask, &f);
	if (f.rc == SJ_OK)
		compare(ask, items, &f);
	sj_check_from(check, state_of(&f), &f);
	return SJ_OK;
}
