/* masterlist.c -- a list of CSCA certificates that one CSCA vouches for. */
#include <string.h>

#include "reader/memory.h"
#include "trust/admit.h"
#include "trust/certificate.h"
#include "trust/signed.h"
#include "wire/std/icao9303.h"

/* The list signer stands directly below the given CSCA (Doc 9303-12, 9). */
static enum sj_rc check_signer(struct sj_signed *list, const struct sj_cert *csca)
{
	const struct sj_cert *signer = &list->certificate;
	const int64_t *when = &list->signer.signed_at;

	if (!sj_cert_may_certify(csca) || !sj_cert_names_issuer(signer, csca) ||
	    !sj_cert_signed_by(signer, csca->spki) || !sj_signed_read(list))
		return SJ_MASTERLIST_SIGNER;
	if (list->signer.signing_time.len == 0)
		return SJ_MASTERLIST_SIGNER;
	if (!sj_cert_has_extended_usage(signer, SJ_OID_ICAO_MASTER_LIST_SIGNER) || signer->is_ca ||
	    signer->unknown_critical || !(signer->key_usage & SJ_USAGE_SIGNATURE))
		return SJ_MASTERLIST_SIGNER;
	if (!sj_cert_valid_at(signer, *when) || !sj_cert_valid_at(csca, *when))
		return SJ_MASTERLIST_SIGNER;
	return SJ_OK;
}

/* The signature; who the signer is, is not asked yet. */
static enum sj_rc open_list(const struct sj_trust *trust, struct sj_span list,
			    struct sj_signed *out)
{
	enum sj_signed_rc signature = sj_signed_open_by(trust->find, trust->find_user, list,
							SJ_OID_ICAO_MASTER_LIST, out);

	if (signature == SJ_SIGNED_NO_MEMORY)
		return SJ_NO_MEMORY;
	if (signature == SJ_SIGNED_STOPPED)
		return SJ_SIGNED_UNREAD;
	if (signature == SJ_SIGNED_MALFORMED || signature == SJ_SIGNED_TYPE)
		return SJ_INPUT_MALFORMED;
	return signature == SJ_SIGNED_OK ? SJ_OK : SJ_MASTERLIST_SIGNER;
}

/* Who signed it is believed. */
static enum sj_rc read_list(const struct sj_signed *list, struct sj_masterlist *certificates)
{
	return sj_masterlist_parse(list->cms.content, certificates) ? SJ_OK : SJ_INPUT_MALFORMED;
}

static enum sj_rc admit_all(struct sj_trust_batch *batch, struct sj_span certificates,
			    struct sj_trust_counts *counts)
{
	struct sj_span der;
	enum sj_tlv_rc more;

	while ((more = sj_tlv_take_any(&certificates, &der)) == SJ_TLV_FOUND) {
		enum sj_rc rc = sj_admit(batch, der, counts);

		if (rc != SJ_OK && rc != SJ_INPUT_REFUSED)
			return rc;
	}
	return more == SJ_TLV_ABSENT ? SJ_OK : SJ_INPUT_MALFORMED;
}

/* Some CSCA certificate of the store is the one above the signer. */
static enum sj_rc check_signer_in(const struct sj_trust *trust, struct sj_signed *list)
{
	enum sj_rc rc = SJ_MASTERLIST_SIGNER;
	struct sj_trust_file file = { NULL, 0 };
	const struct sj_trust_item *item;
	uint8_t key[SJ_TRUST_NAME_KEY];
	struct sj_cert csca;
	size_t at = 0;

	if (!sj_trust_name_key(list->certificate.issuer, key))
		return SJ_CRYPTO_FAILED;
	while (rc != SJ_OK &&
	       (item = sj_trust_next(&trust->items, SJ_TRUST_DOCUMENT_CAS, key, &at)) != NULL) {
		if (sj_trust_load(trust, item, &file) == SJ_OK &&
		    sj_cert_read(sj_span(file.bytes, file.len), &csca))
			rc = check_signer(list, &csca);
		sj_trust_file_free(&file);
	}
	return rc;
}

enum sj_rc sj_admit_masterlist(const struct sj_trust *trust, struct sj_trust_batch *batch,
			       struct sj_span list, struct sj_trust_counts *counts)
{
	struct sj_masterlist certificates;
	struct sj_signed envelope;
	enum sj_rc rc = open_list(trust, list, &envelope);

	if (rc == SJ_OK)
		rc = check_signer_in(trust, &envelope);
	if (rc == SJ_OK)
		rc = read_list(&envelope, &certificates);
	if (rc == SJ_OK)
		rc = admit_all(batch, certificates.certificates, counts);
	sj_signed_close(&envelope);
	return rc;
}

/* All of them or none. */
static enum sj_rc store_all(struct sj_trust *trust, struct sj_span certificates,
			    struct sj_trust_counts *counts)
{
	struct sj_trust_batch batch;
	enum sj_rc rc = sj_trust_batch_begin(trust, &batch);

	if (rc != SJ_OK)
		return rc;
	rc = admit_all(&batch, certificates, counts);
	if (rc == SJ_OK)
		return sj_trust_batch_commit(&batch);
	sj_trust_batch_abort(&batch);
	return rc;
}

enum sj_rc sj_trust_import_masterlist(struct sj_trust *trust, const uint8_t *list, size_t list_len,
				      const uint8_t *csca_der, size_t csca_len,
				      struct sj_trust_counts *counts)
{
	const unsigned mark = sj_memory_mark();
	struct sj_trust_counts found = { 0 };
	struct sj_masterlist certificates;
	struct sj_signed envelope;
	struct sj_cert csca;
	enum sj_rc rc;

	if (!sj_cert_read(sj_span(csca_der, csca_len), &csca))
		return sj_memory_rc(mark, SJ_INPUT_MALFORMED);
	rc = open_list(trust, sj_span(list, list_len), &envelope);
	if (rc == SJ_OK)
		rc = check_signer(&envelope, &csca);
	if (rc == SJ_OK)
		rc = read_list(&envelope, &certificates);
	if (rc == SJ_OK)
		rc = store_all(trust, certificates.certificates, &found);
	if (rc == SJ_OK) {
		sj_counts_give(&found, counts);
		rc = sj_trust_note_time(trust, envelope.signer.signed_at);
	}
	sj_signed_close(&envelope);
	return sj_memory_rc(mark, rc);
}
