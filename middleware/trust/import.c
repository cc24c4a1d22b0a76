/* import.c -- what is taken into the trust store, one certificate or CRL at a time. */
#include <string.h>
#include <time.h>

#include "reader/memory.h"
#include "trust/admit.h"
#include "trust/certificate.h"
#include "trust/chain.h"
#include "trust/time.h"

void sj_counts_give(const struct sj_trust_counts *found, struct sj_trust_counts *counts)
{
	size_t size;

	if (!counts)
		return;
	size = counts->size;
	memcpy(counts, found, size < sizeof(*found) ? size : sizeof(*found));
	counts->size = size;
}

static enum sj_rc refuse(const struct sj_trust *trust, struct sj_span name,
			 struct sj_trust_counts *counts, const char *why)
{
	char text[256] = "(not a certificate)";

	if (name.len > 0)
		sj_name_text(name, text, sizeof(text));
	sj_trust_say(trust, text, why);
	counts->refused++;
	return SJ_INPUT_REFUSED;
}

/* Documents and keys have CAs of their own, and so have their CRLs: by the name. */
static const char *name_fault(const struct sj_trust_batch *batch, bool key_ca, struct sj_span name)
{
	if (!sj_trust_batch_names(batch, key_ca ? SJ_TRUST_DOCUMENT_CAS : SJ_TRUST_KEY_CAS, name))
		return NULL;
	return key_ca ? "A CSCA of the trust store has the same name."
		      : "A key CA of the trust store has the same name.";
}

static enum sj_rc judge_and_add(struct sj_trust_batch *batch, struct sj_span der, bool key_ca,
				struct sj_trust_counts *counts)
{
	const struct sj_span no_name = { NULL, 0 };
	struct sj_cert cert;
	enum sj_trust_kind kind;
	const char *fault;
	bool own, known;
	enum sj_rc rc;

	if (der.len > SJ_CERT_MAX)
		return refuse(batch->trust, no_name, counts, "It is larger than any certificate.");
	if (!sj_cert_read(der, &cert))
		return refuse(batch->trust, no_name, counts, "It cannot be read.");
	if (!sj_cert_key_usable(&cert))
		return refuse(batch->trust, cert.subject, counts,
			      "Its key is of a kind or on a curve that is not known.");
	own = sj_cert_is_own_issuer(&cert);
	kind = key_ca ? SJ_TRUST_KEY_CA : own ? SJ_TRUST_CSCA : SJ_TRUST_LINK;
	if (own && !sj_trust_batch_checked(batch, kind, cert.subject, der) &&
	    !sj_cert_signed_by(&cert, cert.spki))
		return refuse(batch->trust, cert.subject, counts,
			      "It names itself as its issuer, and its signature does not hold.");
	fault = name_fault(batch, key_ca, cert.subject);
	if (fault)
		return refuse(batch->trust, cert.subject, counts, fault);
	rc = sj_trust_batch_add(batch, kind, cert.subject, der, &known);
	if (rc != SJ_OK)
		return rc;
	counts->added += !known;
	counts->known += known;
	counts->links += !own;
	counts->explicit_parameters += cert.explicit_parameters;
	return SJ_OK;
}

/* What was refused for want of memory was not judged. */
static enum sj_rc admit(struct sj_trust_batch *batch, struct sj_span der, bool key_ca,
			struct sj_trust_counts *counts)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, judge_and_add(batch, der, key_ca, counts));
}

enum sj_rc sj_admit(struct sj_trust_batch *batch, struct sj_span der,
		    struct sj_trust_counts *counts)
{
	return admit(batch, der, false, counts);
}

/* --- anchors, links ------------------------------------------------------------------ */

enum sj_rc sj_admit_anchor(struct sj_trust_batch *batch, struct sj_span der, bool key_ca,
			   struct sj_trust_counts *counts)
{
	struct sj_cert cert;

	if (!sj_cert_read(der, &cert))
		return SJ_INPUT_MALFORMED;
	if (!sj_cert_may_certify(&cert))
		return refuse(batch->trust, cert.subject, counts,
			      "It is not one of a CA that may sign certificates.");
	if (!sj_cert_is_own_issuer(&cert))
		return refuse(batch->trust, cert.subject, counts, "It is not self-signed.");
	return admit(batch, der, key_ca, counts);
}

/*
 * What keeps a certificate that `issuer` signed from being a link; NULL: nothing. A bundle's signer
 * vouches for what is in it, and all terminals come to the same answer, whatever their clocks say.
 */
static const char *issuer_fault(const struct sj_trust *trust, const struct sj_cert *cert,
				const struct sj_cert *issuer, bool bundled)
{
	char own[4], country[4];
	bool behind;

	sj_name_country(cert->subject, own);
	sj_name_country(issuer->subject, country);
	if (strcmp(own, country) != 0)
		return "It is of another country than the key that signed it.";
	/* Its own dates would be as easily forged as the rest by who has an old key. */
	if (!bundled &&
	    !sj_cert_valid_at(issuer, sj_trust_time(trust, (int64_t)time(NULL), &behind)))
		return "The certificate of the key that signed it is not valid now.";
	return NULL;
}

/* The same, issuer and all; what the finding says lives in *f. */
static const char *link_fault(const struct sj_trust *trust, const struct sj_cert *cert,
			      bool bundled, struct sj_finding *f)
{
	struct sj_issuer issuer = { 0 };
	const char *fault;

	if (!sj_cert_may_certify(cert))
		return "It is not one of a CA that may sign certificates.";
	if (sj_cert_is_own_issuer(cert))
		return "It is self-signed, not a link.";
	sj_chain_find(trust, cert, &issuer, f);
	if (f->rc != SJ_OK)
		return f->detail;
	fault = issuer_fault(trust, cert, &issuer.cert, bundled);
	sj_issuer_free(&issuer);
	return fault;
}

enum sj_rc sj_admit_link(const struct sj_trust *trust, struct sj_trust_batch *batch,
			 struct sj_span der, struct sj_trust_counts *counts)
{
	struct sj_finding finding = { .rc = SJ_OK };
	struct sj_cert cert;
	const char *fault;

	if (!sj_cert_read(der, &cert))
		return SJ_INPUT_MALFORMED;
	fault = link_fault(trust, &cert, batch->before != NULL, &finding);
	if (finding.rc == SJ_TRUST_UNREADABLE)
		return finding.rc;
	if (fault)
		return refuse(batch->trust, cert.subject, counts, fault);
	return admit(batch, der, false, counts);
}

/* --- CRLs ---------------------------------------------------------------------------- */

/* Whether the stored CRL of the same issuer is newer than `crl`. What is damaged is nothing; what cannot be read may be. */
static enum sj_rc compare_crl(const struct sj_trust *trust, const struct sj_crl *crl, bool *older)
{
	uint8_t key[SJ_TRUST_NAME_KEY];
	struct sj_trust_file file = { NULL, 0 };
	const struct sj_trust_item *item;
	struct sj_crl stored;
	size_t at = 0;
	enum sj_rc rc;

	*older = false;
	if (!sj_trust_name_key(crl->issuer, key))
		return SJ_CRYPTO_FAILED;
	while ((item = sj_trust_next(&trust->items, SJ_TRUST_CRLS, key, &at)) != NULL) {
		rc = sj_trust_load(trust, item, &file);
		if (rc == SJ_INPUT_MALFORMED)
			continue;
		if (rc != SJ_OK)
			return rc;
		if (sj_crl_read(sj_span(file.bytes, file.len), &stored) &&
		    stored.this_update > crl->this_update)
			*older = true;
		sj_trust_file_free(&file);
	}
	return SJ_OK;
}

/* SJ_OK with *fault: it is not acceptable, and why. */
static enum sj_rc judge_crl(const struct sj_trust *trust, const struct sj_crl *crl,
			    const char **fault)
{
	bool older;
	enum sj_rc rc = sj_chain_crl_signed(trust, crl);

	if (rc != SJ_OK && rc != SJ_CHAIN_SIGNATURE)
		return rc;
	*fault = NULL;
	if (crl->unknown_critical)
		*fault = "The CRL has a critical extension that is not known.";
	else if (rc != SJ_OK)
		*fault = "The CRL is not signed by a CSCA or key CA of the trust store.";
	else if (crl->next_update == 0)
		*fault = "The CRL does not say when it is to be replaced.";
	else if (!sj_trust_time_plausible(trust, crl->this_update, (int64_t)time(NULL)))
		*fault = "The CRL is dated far ahead of the clock.";
	if (*fault)
		return SJ_OK;
	rc = compare_crl(trust, crl, &older);
	if (rc == SJ_OK && older)
		*fault = "The CRL is older than the one in the trust store.";
	return rc;
}

enum sj_rc sj_admit_crl(const struct sj_trust *trust, struct sj_trust_batch *batch,
			struct sj_span der, int64_t *this_update)
{
	struct sj_trust_counts counts = { 0 };
	struct sj_crl crl;
	const char *fault;
	enum sj_rc rc;
	bool known;

	if (der.len > SJ_TRUST_FILE_MAX || !sj_crl_read(der, &crl))
		return SJ_INPUT_MALFORMED;
	*this_update = crl.this_update;
	rc = judge_crl(trust, &crl, &fault);
	if (rc != SJ_OK)
		return rc;
	if (fault)
		return refuse(batch->trust, crl.issuer, &counts, fault);
	rc = sj_trust_batch_replace_crl(batch, crl.issuer, der);
	return rc == SJ_OK ? sj_trust_batch_add(batch, SJ_TRUST_CRL, crl.issuer, der, &known) : rc;
}

/* --- one at a time ------------------------------------------------------------------- */

static enum sj_rc finish(struct sj_trust_batch *batch, enum sj_rc rc)
{
	if (rc == SJ_OK)
		return sj_trust_batch_commit(batch);
	sj_trust_batch_abort(batch);
	return rc;
}

/* A self-signed certificate, on the caller's word. */
static enum sj_rc import_anchor(struct sj_trust *trust, struct sj_span der, bool key_ca,
				struct sj_trust_counts *counts)
{
	struct sj_trust_counts found = { 0 };
	struct sj_trust_batch batch;
	struct sj_cert cert;
	enum sj_rc rc = sj_trust_batch_begin(trust, &batch);

	if (rc != SJ_OK)
		return rc;
	rc = finish(&batch, sj_admit_anchor(&batch, der, key_ca, &found));
	if (rc == SJ_OK || rc == SJ_INPUT_REFUSED)
		sj_counts_give(&found, counts);
	if (rc == SJ_OK && sj_cert_read(der, &cert))
		rc = sj_trust_time_imported(trust, cert.not_before);
	return rc;
}

enum sj_rc sj_trust_import_csca(struct sj_trust *trust, const uint8_t *der, size_t len,
				struct sj_trust_counts *counts)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, import_anchor(trust, sj_span(der, len), false, counts));
}

enum sj_rc sj_trust_import_key_ca(struct sj_trust *trust, const uint8_t *der, size_t len,
				  struct sj_trust_counts *counts)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, import_anchor(trust, sj_span(der, len), true, counts));
}

enum sj_rc sj_trust_import_link(struct sj_trust *trust, const uint8_t *der, size_t len,
				struct sj_trust_counts *counts)
{
	const unsigned mark = sj_memory_mark();
	struct sj_trust_counts found = { 0 };
	struct sj_trust_batch batch;
	enum sj_rc rc = sj_trust_batch_begin(trust, &batch);

	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	rc = finish(&batch, sj_admit_link(trust, &batch, sj_span(der, len), &found));
	if (rc == SJ_OK || rc == SJ_INPUT_REFUSED)
		sj_counts_give(&found, counts);
	return sj_memory_rc(mark, rc);
}

enum sj_rc sj_trust_import_crl(struct sj_trust *trust, const uint8_t *der, size_t len)
{
	const unsigned mark = sj_memory_mark();
	struct sj_trust_batch batch;
	int64_t this_update = 0;
	enum sj_rc rc = sj_trust_batch_begin(trust, &batch);

	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	rc = finish(&batch, sj_admit_crl(trust, &batch, sj_span(der, len), &this_update));
	return sj_memory_rc(mark, rc == SJ_OK ? sj_trust_note_time(trust, this_update) : rc);
}
