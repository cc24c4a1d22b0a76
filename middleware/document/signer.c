/* signer.c -- who signed the security object, then and now. */
#include <string.h>

#include "document/document.h"
#include "trust/certificate.h"
#include "trust/chain.h"
#include "trust/time.h"
#include "wire/std/tr03110.h"

enum sj_check_state sj_signer_state(const struct sj_finding *f)
{
	switch ((int)f->rc) {
	case SJ_OK:
		return SJ_CHECK_PASSED;
	case SJ_CHAIN_SIGNATURE:
	case SJ_SIGNER_INVALID:
	case SJ_SIGNER_EXPIRED:
	case SJ_SIGNER_REVOKED:
		return SJ_CHECK_FAILED;
	default:
		return SJ_CHECK_NOT_POSSIBLE;
	}
}

int64_t sj_signed_at(const struct sj_signed *signature)
{
	return signature->signer.signing_time.len > 0 ? signature->signer.signed_at : 0;
}

/* The signed date of a signature, where it lies within what the certificates allow; 0: none. */
static int64_t evidence_of(const struct sj_signed *signature, const struct sj_cert *issuer)
{
	const struct sj_cert *signer = &signature->certificate;
	int64_t when = sj_signed_at(signature);

	if (when == 0)
		when = signer->not_before;
	return sj_chain_could_sign(signer, when) && sj_cert_valid_at(issuer, when) ? when : 0;
}

void sj_document_learn_time(struct sj_document *doc, const struct sj_signed *signature,
			    const struct sj_cert *issuer)
{
	struct sj_statistics *statistics = &doc->report->statistics;
	bool behind;

	/* A store that cannot be written has told its listener; memory serves. */
	if (sj_trust_learn_time(doc->trust, evidence_of(signature, issuer), doc->options.now) !=
	    SJ_OK)
		sj_trust_say(doc->trust, "time", "It is kept in memory only.");
	doc->now = sj_trust_time(doc->trust, doc->options.now, &behind);
	statistics->clock_behind = behind;
	statistics->time_used = doc->now;
}

static void check_revocation(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_REVOCATION];
	struct sj_finding f;
	bool asked;

	sj_chain_revocation(doc->trust, &doc->sod.certificate, doc->now, &asked, &f);
	sj_check_from(check, asked ? sj_signer_state(&f) : SJ_CHECK_NOT_DONE, &f);
}

static void check_times(struct sj_document *doc, const struct sj_cert *issuer)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_SIGNER_TIME];
	struct sj_finding f;

	sj_chain_times(&doc->sod.certificate, issuer, sj_signed_at(&doc->sod), doc->now, &f);
	sj_check_from(check, sj_signer_state(&f), &f);
}

void sj_check_signer(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_CHAIN];
	struct sj_issuer issuer = { 0 };
	struct sj_finding chain, purpose;

	sj_signed_chain(doc->trust, &doc->sod, &issuer, &chain);
	if (chain.rc != SJ_OK) {
		sj_check_from(check, sj_signer_state(&chain), &chain);
		return;
	}
	sj_chain_purpose(&doc->sod.certificate, &purpose);
	sj_check_from(check, sj_signer_state(&purpose), purpose.rc == SJ_OK ? &chain : &purpose);
	if (purpose.rc == SJ_OK) {
		doc->chain_holds = true;
		sj_name_country(issuer.cert.subject, doc->report->statistics.country);
		check_revocation(doc);
		/* Who was revoked says nothing about the time. */
		if (doc->report->checks[SJ_CHECK_REVOCATION].state != SJ_CHECK_FAILED) {
			sj_document_learn_time(doc, &doc->sod, &issuer.cert);
			check_revocation(doc);
		}
		check_times(doc, &issuer.cert);
	}
	sj_issuer_free(&issuer);
}

/* Its signer is believed for the same country as that of the security object. */
static void judge_security(struct sj_document *doc, struct sj_signed *security,
			   struct sj_finding *f)
{
	const struct sj_cert *signer = &security->certificate;
	struct sj_issuer issuer = { 0 };
	char country[4];
	bool asked;

	sj_signed_chain(doc->trust, security, &issuer, f);
	if (f->rc != SJ_OK)
		return;
	sj_chain_purpose(signer, f);
	sj_name_country(issuer.cert.subject, country);
	if (f->rc == SJ_OK && !doc->chain_holds)
		sj_find(f, SJ_UNDECIDED, "Who signed EF.SOD is not known.");
	if (f->rc == SJ_OK && strcmp(country, doc->report->statistics.country) != 0)
		sj_find(f, SJ_CAM_FAILED, "EF.CardSecurity is of another country than EF.SOD.");
	if (f->rc == SJ_OK)
		sj_chain_times(signer, &issuer.cert, sj_signed_at(security), doc->now, f);
	if (f->rc == SJ_OK)
		sj_chain_revocation(doc->trust, signer, doc->now, &asked, f);
	sj_issuer_free(&issuer);
}

bool sj_card_security_holds(struct sj_document *doc, struct sj_span *infos, struct sj_finding *f)
{
	struct sj_span file = sj_report_bytes(doc->report, SJ_EF_CARD_SECURITY);
	struct sj_signed *security = &doc->security;
	enum sj_signed_rc rc;

	if (!file.ptr) {
		sj_find(f, SJ_CAM_FAILED, "The card does not deliver EF.CardSecurity.");
		return false;
	}
	sj_signed_close(security);
	rc = sj_signed_open_for(doc->context, file, SJ_OID_SECURITY_OBJECT, security);
	doc->unread |= rc == SJ_SIGNED_STOPPED;
	if (rc != SJ_SIGNED_OK) {
		sj_find(f, SJ_CAM_FAILED, "EF.CardSecurity: %s", sj_signed_text(rc));
		return false;
	}
	judge_security(doc, security, f);
	*infos = security->cms.content;
	return f->rc == SJ_OK;
}
