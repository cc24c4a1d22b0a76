/*
 * aa.c -- the reader's role in Active Authentication, and the sum of both proofs.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 6.1.
 */
#include <string.h>

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

/* DG15's key, the size of its signatures, and the hash it signs with. */
struct key {
	struct sj_span spki;
	size_t size; /* 0: a kind that is not known */
	bool named; /* DG14 names the hash */
	enum sj_hash hash;
};

static struct key key_of(struct sj_document *doc)
{
	struct sj_span file = sj_report_bytes(doc->report, SJ_DG15);
	struct key key = { .hash = SJ_HASH_NONE };

	if (file.ptr && sj_lds_open(file, SJ_TAG_DG15, &key.spki))
		key.size = signature_size(key.spki);
	key.named = named_hash(doc, &key.hash);
	if (key.size > 0 && !key.named)
		key.hash = sj_aa_hash_for_key(key.spki);
	return key;
}

bool sj_active_possible(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_ACTIVE];
	const struct key key = key_of(doc);

	if (!sj_report_bytes(doc->report, SJ_DG15).ptr)
		return false;
	if (key.size == 0)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "DG15's key is of a kind that is not known here.");
	else if (key.named && key.hash == SJ_HASH_NONE && sj_rsa_modulus_size(key.spki) == 0)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "DG14 names a signature for DG15's key that is not known here.");
	else if (!doc->session)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_COPY_NOT_EXCLUDED,
			     "There is no chip to ask.");
	else
		return true;
	return false;
}

/* Keeps what shows afterwards that the chip was there. */
static void keep(struct sj_report *report, const uint8_t challenge[static SJ_AA_CHALLENGE],
		 struct sj_span signature)
{
	memcpy(report->challenge, challenge, SJ_AA_CHALLENGE);
	memcpy(report->signature, signature.ptr, signature.len);
	report->signature_len = signature.len;
}

enum sj_rc sj_check_active(struct sj_document *doc, const uint8_t challenge[static SJ_AA_CHALLENGE])
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_ACTIVE];
	const struct key key = key_of(doc);
	struct sj_apdu a = { .ins = SJ_INS_INTERNAL_AUTHENTICATE,
			     .data = sj_span(challenge, SJ_AA_CHALLENGE),
			     .ne = SJ_APDU_NE_SHORT };
	struct sj_response r = { 0 };
	enum sj_rc rc;

	if (key.size > SIGNATURE_SHORT && !doc->options.short_only) {
		a.ne = SJ_APDU_NE_EXTENDED;
		a.extended = true;
	}
	rc = sj_session_command(doc->session, &a, &r);
	if (rc != SJ_OK)
		return rc;
	if (r.sw != SJ_SW_OK) {
		sj_check_set(check, SJ_CHECK_FAILED, SJ_AA_FAILED,
			     "The chip refuses Active Authentication (status %04X).", r.sw);
	} else if (r.data.len > SJ_AA_SIGNATURE_MAX ||
		   !sj_aa_verify(key.spki, key.hash, challenge, r.data)) {
		sj_check_set(check, SJ_CHECK_FAILED, SJ_AA_FAILED,
			     "The chip's signature does not hold under DG15's key.");
	} else {
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK,
			     "Active Authentication with DG15's key.");
		keep(doc->report, challenge, r.data);
	}
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
