/* keyca.c -- certificates of card keys and of CVC signers, judged by key CAs. */
#include "trust/keyca.h"
#include "trust/status_store.h"
#include <string.h>

#include <sojourn/status.h>

#include "trust/certificate.h"
#include "trust/chain.h"
#include "trust/time.h"
#include "wire/keystatus.h"
#include "wire/std/sojourn.h"

/* id-PIV-content-signing 2.16.840.1.101.3.6.7 (FIPS 201-3, 4.2.1). */
static const uint8_t oid_content_signing[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x06, 0x07 };

static bool fits(const struct sj_cert *cert, enum sj_key_purpose purpose)
{
	if (cert->unknown_critical)
		return false;
	switch (purpose) {
	case SJ_KEY_OF_CARD:
		return !cert->is_ca;
	case SJ_KEY_OF_CVC_SIGNER:
		return !cert->is_ca && (cert->key_usage & SJ_USAGE_SIGNATURE) &&
		       sj_cert_has_extended_usage(cert, SJ_SPAN_OF(oid_content_signing));
	case SJ_KEY_OF_ATTESTATION:
		return sj_cert_may_certify(cert);
	}
	return false;
}

enum sj_rc sj_trust_judge_key(const struct sj_trust *trust, struct sj_span der,
			      enum sj_key_purpose purpose, int64_t now)
{
	struct sj_issuer issuer = { 0 };
	struct sj_finding f;
	struct sj_cert cert;
	bool asked, behind;

	if (!sj_cert_read(der, &cert))
		return SJ_SIGNER_INVALID;
	sj_chain_find_key_ca(trust, &cert, &issuer, &f);
	if (f.rc != SJ_OK)
		return f.rc;
	if (!fits(&cert, purpose))
		sj_find(&f, SJ_SIGNER_INVALID, "The certificate is for another purpose.");
	now = sj_trust_time(trust, now, &behind);
	if (f.rc == SJ_OK)
		sj_chain_times(&cert, &issuer.cert, 0, now, &f);
	if (f.rc == SJ_OK)
		sj_chain_revocation(trust, &cert, now, &asked, &f);
	sj_issuer_free(&issuer);
	return f.rc;
}

static enum sj_rc ask(const struct sj_status *status, const struct sj_key_status *place,
		      int64_t now)
{
	const enum sj_status_answer answer =
		sj_status_query(status, place->partition, place->index);
	struct sj_status_info info = { .size = sizeof(info) };

	sj_status_describe(status, now, &info);
	if (answer == SJ_STATUS_REVOKED)
		return SJ_CARD_REVOKED;
	if (info.stale)
		return SJ_STATUS_STALE;
	return answer == SJ_STATUS_VALID ? SJ_OK : SJ_STATUS_NOT_COVERED;
}

enum sj_rc sj_trust_key_status(const struct sj_trust *trust, struct sj_span der, int64_t now)
{
	char issuer[SJ_KEY_STATUS_ISSUER_MAX + 1] = "";
	struct sj_status *status = NULL;
	struct sj_key_status place;
	struct sj_span value;
	struct sj_cert cert;
	bool behind;
	enum sj_rc rc;

	if (!sj_cert_read(der, &cert) ||
	    !sj_cert_extension(&cert, SJ_OID_SOJOURN_KEY_STATUS, &value) ||
	    !sj_key_status_read(value, &place))
		return SJ_STATUS_NOT_COVERED;
	memcpy(issuer, place.issuer.ptr, place.issuer.len);
	rc = sj_status_open_at(trust->dir, issuer, &status);
	if (rc == SJ_OK)
		rc = ask(status, &place, sj_trust_time(trust, now, &behind));
	else if (rc == SJ_TRUST_MISSING)
		rc = SJ_STATUS_MISSING;
	sj_status_close(status);
	return rc;
}
