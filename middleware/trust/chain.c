/* chain.c -- from a signer to the trust store, in one step. */
#include <string.h>
#include <time.h>

#include "trust/certificate.h"
#include "trust/chain.h"

#define CLOCK_SLACK 86400 /* seconds by which a signer's clock may be ahead of ours */

void sj_issuer_free(struct sj_issuer *issuer)
{
	sj_trust_file_free(&issuer->file);
}

/* The next CA under this name key, read; one that is unreadable is counted. */
static bool next_issuer(const struct sj_trust *trust, enum sj_trust_class cas,
			const uint8_t key[static SJ_TRUST_NAME_KEY], size_t *at,
			struct sj_issuer *out, unsigned *unreadable)
{
	const struct sj_trust_item *item;

	while ((item = sj_trust_next(&trust->items, cas, key, at)) != NULL) {
		if (sj_trust_load(trust, item, &out->file) == SJ_OK) {
			if (sj_cert_read(sj_span(out->file.bytes, out->file.len), &out->cert))
				return true;
			sj_trust_file_free(&out->file);
		}
		(*unreadable)++;
	}
	return false;
}

/* What stood in the way of candidates that have the right name. */
struct obstacles {
	unsigned unreadable, forged, no_ca, others;
};

static bool certified(const struct sj_cert *cert, const struct sj_cert *issuer,
		      struct obstacles *seen)
{
	if (!sj_cert_names_issuer(cert, issuer))
		seen->others++;
	else if (!sj_cert_may_certify(issuer))
		seen->no_ca++;
	else if (sj_cert_signed_by(cert, issuer->spki))
		return true;
	else if (sj_cert_identifies_issuer(cert, issuer))
		seen->forged++;
	else
		seen->others++;
	return false;
}

static void explain(const struct obstacles *seen, struct sj_finding *f)
{
	if (seen->forged > 0)
		sj_find(f, SJ_CHAIN_SIGNATURE,
			"The signer's certificate names a key of the trust store that did not sign it.");
	else if (seen->unreadable > 0)
		sj_find(f, SJ_TRUST_UNREADABLE,
			"A certificate of this issuer in the trust store cannot be read.");
	else if (seen->no_ca > 0)
		sj_find(f, SJ_ISSUER_UNKNOWN,
			"The issuer's certificate in the trust store is not one of a CA.");
	else if (seen->others > 0)
		sj_find(f, SJ_ISSUER_UNKNOWN,
			"The issuer's name is in the trust store, but not the key that signed.");
	else
		sj_find(f, SJ_ISSUER_UNKNOWN, "The issuer is not in the trust store.");
}

static void find(const struct sj_trust *trust, enum sj_trust_class cas, const struct sj_cert *cert,
		 struct sj_issuer *out, struct sj_finding *f)
{
	uint8_t key[SJ_TRUST_NAME_KEY];
	struct obstacles seen = { 0 };
	struct sj_issuer issuer = { 0 };
	char name[80];
	size_t at = 0;

	if (!trust) {
		sj_find(f, SJ_TRUST_MISSING, "There is no trust store.");
		return;
	}
	if (!sj_trust_name_key(cert->issuer, key)) {
		sj_find(f, SJ_CRYPTO_FAILED, "A name could not be hashed.");
		return;
	}
	while (next_issuer(trust, cas, key, &at, &issuer, &seen.unreadable)) {
		if (certified(cert, &issuer.cert, &seen)) {
			sj_name_text(issuer.cert.subject, name, sizeof(name));
			sj_find(f, SJ_OK, "Certified by %s.", name);
			*out = issuer;
			return;
		}
		sj_issuer_free(&issuer);
	}
	explain(&seen, f);
}

void sj_chain_find(const struct sj_trust *trust, const struct sj_cert *cert, struct sj_issuer *out,
		   struct sj_finding *f)
{
	find(trust, SJ_TRUST_DOCUMENT_CAS, cert, out, f);
}

void sj_chain_find_key_ca(const struct sj_trust *trust, const struct sj_cert *cert,
			  struct sj_issuer *out, struct sj_finding *f)
{
	find(trust, SJ_TRUST_KEY_CAS, cert, out, f);
}

void sj_chain_purpose(const struct sj_cert *signer, struct sj_finding *f)
{
	char own[4], issuer[4];

	sj_name_country(signer->subject, own);
	sj_name_country(signer->issuer, issuer);
	if (signer->unknown_critical)
		sj_find(f, SJ_SIGNER_INVALID,
			"The signer's certificate has a critical extension that is not known.");
	else if (signer->is_ca)
		sj_find(f, SJ_SIGNER_INVALID, "The signer's certificate is one of a CA.");
	else if (!(signer->key_usage & SJ_USAGE_SIGNATURE))
		sj_find(f, SJ_SIGNER_INVALID, "The signer's key may not sign (key usage).");
	else if (signer->extended_key_usage.len > 0)
		sj_find(f, SJ_SIGNER_INVALID,
			"The signer's certificate is for another purpose (extended key usage).");
	else if (strcmp(own, issuer) != 0)
		sj_find(f, SJ_SIGNER_INVALID,
			"The signer is of another country (%s) than its CSCA (%s).", own, issuer);
	else
		sj_find(f, SJ_OK, "The certificate is one of a document signer.");
}

static void date_text(int64_t when, char out[static 11])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, 11, "%Y-%m-%d", &tm) == 0)
		memcpy(out, "?", 2);
}

bool sj_chain_could_sign(const struct sj_cert *signer, int64_t when)
{
	return sj_cert_valid_at(signer, when) &&
	       (signer->private_from == 0 || when >= signer->private_from) &&
	       (signer->private_until == 0 || when <= signer->private_until);
}

void sj_chain_times(const struct sj_cert *signer, const struct sj_cert *issuer, int64_t signed_at,
		    int64_t now, struct sj_finding *f)
{
	char date[11];

	if (signed_at != 0 && !sj_chain_could_sign(signer, signed_at)) {
		date_text(signed_at, date);
		sj_find(f, SJ_SIGNER_INVALID, "The signer could not sign on %s (UTC).", date);
	} else if (signed_at - CLOCK_SLACK > now) {
		date_text(signed_at, date);
		sj_find(f, SJ_SIGNER_EXPIRED, "The signature is dated %s (UTC), yet to come.",
			date);
	} else if (!sj_cert_valid_at(signer, now)) {
		date_text(now > signer->not_after ? signer->not_after : signer->not_before, date);
		sj_find(f, SJ_SIGNER_EXPIRED, "The signer's certificate %s on %s (UTC).",
			now > signer->not_after ? "ended" : "begins", date);
	} else if (!sj_cert_valid_at(issuer, now)) {
		date_text(now > issuer->not_after ? issuer->not_after : issuer->not_before, date);
		sj_find(f, SJ_SIGNER_EXPIRED, "The issuer's certificate %s on %s (UTC).",
			now > issuer->not_after ? "ended" : "begins", date);
	} else if (signed_at == 0) {
		sj_find(f, SJ_OK, "The certificates hold now; the signing time is not stated.");
	} else {
		sj_find(f, SJ_OK, "The certificates held at signing and hold now.");
	}
}

/* Certificates that cannot be read are counted. */
static bool crl_signed(const struct sj_trust *trust, enum sj_trust_class cas,
		       const struct sj_crl *crl, unsigned *unreadable)
{
	uint8_t key[SJ_TRUST_NAME_KEY];
	struct sj_issuer issuer = { 0 };
	bool signed_by = false;
	size_t at = 0;

	if (!sj_trust_name_key(crl->issuer, key))
		return false;
	while (!signed_by && next_issuer(trust, cas, key, &at, &issuer, unreadable)) {
		signed_by = sj_name_eq(crl->issuer, issuer.cert.subject) &&
			    sj_cert_may_certify(&issuer.cert) &&
			    (issuer.cert.key_usage & SJ_USAGE_CRL_SIGN) &&
			    sj_cert_valid_at(&issuer.cert, crl->this_update) &&
			    sj_crl_signed_by(crl, issuer.cert.spki);
		sj_issuer_free(&issuer);
	}
	return signed_by;
}

enum sj_rc sj_chain_crl_signed(const struct sj_trust *trust, const struct sj_crl *crl)
{
	unsigned unreadable = 0;

	if (crl_signed(trust, SJ_TRUST_DOCUMENT_CAS, crl, &unreadable) ||
	    crl_signed(trust, SJ_TRUST_KEY_CAS, crl, &unreadable))
		return SJ_OK;
	return unreadable > 0 ? SJ_TRUST_UNREADABLE : SJ_CHAIN_SIGNATURE;
}

static void judge_crl(const struct sj_crl *crl, const struct sj_cert *signer, int64_t now,
		      struct sj_finding *f)
{
	char date[11];
	int64_t when;

	if (sj_crl_lists(crl, signer->serial, &when)) {
		date_text(when, date);
		sj_find(f, SJ_SIGNER_REVOKED, "The signer was revoked on %s (UTC).", date);
	} else if (crl->next_update != 0 && now > crl->next_update) {
		date_text(crl->next_update, date);
		sj_find(f, SJ_CRL_STALE, "The CRL was to be replaced by %s (UTC).", date);
	} else {
		date_text(crl->this_update, date);
		sj_find(f, SJ_OK, "Not on the CRL of %s (UTC).", date);
	}
}

/* Whether a CRL that is read says more than what was found before: of two the newer, and who revokes. */
static bool says_more(const struct sj_crl *crl, int64_t newest, const struct sj_finding *f,
		      const struct sj_finding *found)
{
	if (f->rc == SJ_SIGNER_REVOKED || f->rc == SJ_TRUST_UNREADABLE)
		return false;
	return found->rc == SJ_SIGNER_REVOKED || crl->this_update >= newest;
}

void sj_chain_revocation(const struct sj_trust *trust, const struct sj_cert *signer, int64_t now,
			 bool *asked, struct sj_finding *f)
{
	uint8_t key[SJ_TRUST_NAME_KEY];
	struct sj_trust_file file = { NULL, 0 };
	const struct sj_trust_item *item;
	struct sj_crl crl;
	struct sj_finding found;
	int64_t newest = INT64_MIN;
	size_t at = 0;

	*asked = false;
	sj_find(f, SJ_OK, "No CRL of this issuer is in the trust store.");
	if (!sj_trust_name_key(signer->issuer, key))
		return;
	while ((item = sj_trust_next(&trust->items, SJ_TRUST_CRLS, key, &at)) != NULL) {
		if (sj_trust_load(trust, item, &file) != SJ_OK ||
		    !sj_crl_read(sj_span(file.bytes, file.len), &crl)) {
			*asked = true;
			if (f->rc != SJ_SIGNER_REVOKED)
				sj_find(f, SJ_TRUST_UNREADABLE,
					"The CRL of this issuer cannot be read.");
		} else if (sj_name_eq(crl.issuer, signer->issuer)) {
			*asked = true;
			judge_crl(&crl, signer, now, &found);
			if (says_more(&crl, newest, f, &found))
				*f = found;
			newest = crl.this_update > newest ? crl.this_update : newest;
		}
		sj_trust_file_free(&file);
	}
}
