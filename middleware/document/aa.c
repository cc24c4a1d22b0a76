/*
 * aa.c -- the reader's role in Active Authentication, and the sum of both proofs.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 6.1.
 */
#include "secure/aa.h"
#include "document/document.h"
#include "wire/std/icao9303.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"

#define SIGNATURE_SHORT 220u /* a signature that fits any protected short answer */

/* Whether DG14 names a hash for ECDSA, and in *hash which; SJ_HASH_NONE: one that is not known. */
static bool named_hash(struct sj_document *doc, enum sj_hash *hash)
{
	struct sj_span file = sj_report_bytes(doc->report, SJ_DG14), content;

	return file.ptr && sj_lds_open(file, SJ_TAG_DG14, &content) &&
	       sj_aa_hash_named(content, hash);
}

/* Bytes of the signature that this key gives; 0: a key that is not known. */
static size_t signature_size(struct sj_span spki)
{
	struct sj_ec_point point;
	enum sj_curve curve;

	if (sj_ec_spki_read(spki, &curve, &point))
		return 2 * sj_curve_order_size(curve);
	return sj_rsa_modulus_size(spki);
}

static enum sj_rc challenge(struct sj_document *doc, struct sj_span spki, size_t size,
			    enum sj_hash hash)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_ACTIVE];
	uint8_t random[SJ_AA_CHALLENGE];
	struct sj_apdu a = { .ins = SJ_INS_INTERNAL_AUTHENTICATE,
			     .data = SJ_SPAN_OF(random),
			     .ne = SJ_APDU_NE_SHORT };
	struct sj_response r = { 0 };
	enum sj_rc rc;

	if (!sj_random_fill(&doc->random, random, sizeof(random)))
		return SJ_CRYPTO_FAILED;
	if (size > SIGNATURE_SHORT && !doc->options.short_only) {
		a.ne = SJ_APDU_NE_EXTENDED;
		a.extended = true;
	}
	rc = sj_session_command(doc->session, &a, &r);
	if (rc != SJ_OK)
		return rc;
	if (r.sw != SJ_SW_OK)
		sj_check_set(check, SJ_CHECK_FAILED, SJ_AA_FAILED,
			     "The chip refuses Active Authentication (status %04X).", r.sw);
	else if (!sj_aa_verify(spki, hash, random, r.data))
		sj_check_set(check, SJ_CHECK_FAILED, SJ_AA_FAILED,
			     "The chip's signature does not hold under DG15's key.");
	else
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK,
			     "Active Authentication with DG15's key.");
	return SJ_OK;
}

enum sj_rc sj_check_active(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_ACTIVE];
	struct sj_span file = sj_report_bytes(doc->report, SJ_DG15), spki;
	enum sj_hash hash = SJ_HASH_NONE;
	bool named;
	size_t size;

	if (!file.ptr)
		return SJ_OK;
	size = sj_lds_open(file, SJ_TAG_DG15, &spki) ? signature_size(spki) : 0;
	named = named_hash(doc, &hash);
	if (size > 0 && !named)
		hash = sj_aa_hash_for_key(spki);
	if (size == 0)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "DG15's key is of a kind that is not known here.");
	else if (named && hash == SJ_HASH_NONE && sj_rsa_modulus_size(spki) == 0)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "DG14 names a signature for DG15's key that is not known here.");
	else if (!doc->session)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_COPY_NOT_EXCLUDED,
			     "There is no chip to ask.");
	else
		return challenge(doc, spki, size, hash);
	return SJ_OK;
}

void sj_check_copy(struct sj_document *doc)
{
	struct sj_check *active = &doc->report->checks[SJ_CHECK_ACTIVE];
	struct sj_check *chip = &doc->report->checks[SJ_CHECK_CHIP];
	bool proved = active->state == SJ_CHECK_PASSED || chip->state == SJ_CHECK_PASSED;
	enum sj_check_state none = proved ? SJ_CHECK_NOT_DONE : SJ_CHECK_NOT_POSSIBLE;
	enum sj_rc reason = proved ? SJ_OK : SJ_COPY_NOT_EXCLUDED;

	if (active->state == SJ_CHECK_NOT_DONE)
		sj_check_set(active, none, reason,
			     "The document has no key for Active Authentication.");
	if (chip->state == SJ_CHECK_NOT_DONE)
		sj_check_set(chip, none, reason,
			     "The document has no key for Chip Authentication.");
}
