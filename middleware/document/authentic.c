/*
 * authentic.c -- the security object, and the data against it.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 5 (Passive Authentication); 9303-10, 4.6.2.
 */
#include <stdio.h>
#include <string.h>

#include "document/document.h"
#include "wire/std/icao9303.h"

#define DG1_BIT (1u << 1)
/* Fingers and iris: behind Terminal Authentication (Doc 9303-11, 7.1). */
#define GUARDED_BITS (1u << 3 | 1u << 4)

static struct sj_check *check_of(struct sj_document *doc, enum sj_check_id id)
{
	return &doc->report->checks[id];
}

static void fail_object(struct sj_document *doc, const char *why)
{
	sj_check_set(check_of(doc, SJ_CHECK_SOD), SJ_CHECK_FAILED, SJ_SOD_SIGNATURE, "EF.SOD: %s",
		     why);
}

static void signer_text(struct sj_document *doc)
{
	struct sj_statistics *statistics = &doc->report->statistics;

	sj_name_text(doc->sod.certificate.subject, statistics->signer, sizeof(statistics->signer));
}

static void judge_object(struct sj_document *doc, enum sj_signed_rc rc)
{
	struct sj_check *check = check_of(doc, SJ_CHECK_SOD);

	if (rc == SJ_SIGNED_NO_CERTIFICATE || rc == SJ_SIGNED_STOPPED) {
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED, "EF.SOD: %s",
			     sj_signed_text(rc));
		doc->unread = rc == SJ_SIGNED_STOPPED;
		return;
	}
	if (rc != SJ_SIGNED_OK) {
		fail_object(doc, sj_signed_text(rc));
		return;
	}
	if (!sj_security_object_parse(doc->sod.cms.content, &doc->object) ||
	    sj_hash_from_oid(doc->object.hash_oid) == SJ_HASH_NONE) {
		fail_object(doc, "What is signed is not an LDS security object that is known.");
		return;
	}
	signer_text(doc);
	doc->sod_holds = true;
	sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "The signature of EF.SOD holds, hashes are %s.",
		     sj_hash_name(sj_hash_from_oid(doc->object.hash_oid)));
}

void sj_check_security_object(struct sj_document *doc)
{
	struct sj_span file = sj_report_bytes(doc->report, SJ_EF_SOD), content;

	if (!file.ptr) {
		/* Such a card opens its files to terminals alone; nothing is told, nothing proved. */
		if (sj_document_offers_eid(doc->report))
			sj_check_set(
				check_of(doc, SJ_CHECK_SOD), SJ_CHECK_NOT_POSSIBLE,
				SJ_TERMINAL_NEEDED,
				"An eID card: it delivers EF.SOD to no one without a terminal.");
		else
			fail_object(doc, "The card does not deliver it.");
		return;
	}
	if (!sj_lds_open(file, SJ_TAG_SOD, &content)) {
		fail_object(doc, "It cannot be understood.");
		return;
	}
	sj_signed_close(&doc->sod);
	judge_object(doc, sj_signed_open_for(doc->context, content, SJ_OID_ICAO_LDS_SECURITY_OBJECT,
					     &doc->sod));
}

/* --- data groups ------------------------------------------------------------ */

static void check_hash(struct sj_document *doc, unsigned dg)
{
	struct sj_check *check = &doc->report->groups[dg];
	struct sj_span bytes = sj_report_bytes(doc->report, (enum sj_lds_file)dg);
	enum sj_hash alg = sj_hash_from_oid(doc->object.hash_oid);
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(alg, &bytes, 1, hash))
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_CRYPTO_FAILED,
			     "DG%u: %s is not available.", dg, sj_hash_name(alg));
	else if (sj_span_eq(doc->object.hashes[dg], sj_span(hash, sj_hash_size(alg))))
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "DG%u is as it was signed.", dg);
	else
		sj_check_set(check, SJ_CHECK_FAILED, SJ_HASH_MISMATCH,
			     "DG%u differs from what was signed.", dg);
}

static void check_group(struct sj_document *doc, unsigned dg)
{
	const struct sj_document_file *file = &doc->report->files[dg];
	struct sj_check *check = &doc->report->groups[dg];
	bool listed = doc->object.groups & (1u << dg);

	if (!listed)
		sj_check_set(check, SJ_CHECK_NOT_DONE, SJ_OK,
			     file->state == SJ_FILE_READ ? "DG%u is not covered by EF.SOD."
							 : "DG%u is not listed by EF.SOD.",
			     dg);
	else if (file->state == SJ_FILE_READ)
		check_hash(doc, dg);
	else if ((1u << dg) & GUARDED_BITS)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "DG%u is readable after Terminal Authentication only.", dg);
	else if (file->state == SJ_FILE_REFUSED)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_GROUP_WITHHELD,
			     "The card does not deliver DG%u (status %04X).", dg, file->sw);
	else
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED, "DG%u was left out.", dg);
}

/* " DG2, DG14" for the groups in a set. */
static const char *list_text(uint32_t groups, char out[static 96])
{
	size_t len = 0;
	unsigned dg;

	out[0] = 0;
	for (dg = 1; dg <= SJ_DG_COUNT; dg++)
		if (groups & (1u << dg))
			len += (size_t)snprintf(out + len, 96 - len, "%sDG%u", len ? ", " : "", dg);
	return out;
}

/* The groups whose hash ended in this state. */
static uint32_t groups_in(const struct sj_document *doc, enum sj_check_state state)
{
	uint32_t groups = 0;
	unsigned dg;

	for (dg = 1; dg <= SJ_DG_COUNT; dg++)
		if (doc->report->groups[dg].state == state)
			groups |= 1u << dg;
	return groups;
}

/* Missing hashes that are no fault: guarded ones, and what the caller left out. */
static uint32_t excused(const struct sj_document *doc)
{
	uint32_t groups = GUARDED_BITS;

	for (unsigned dg = 2; dg <= SJ_DG_COUNT; dg++)
		if (!(doc->wanted & (1u << dg)) && doc->report->files[dg].state == SJ_FILE_LEFT_OUT)
			groups |= 1u << dg;
	return groups;
}

void sj_check_groups(struct sj_document *doc)
{
	struct sj_check *check = check_of(doc, SJ_CHECK_GROUPS);
	uint32_t failed, missing, passed;
	char text[96];
	unsigned dg;

	for (dg = 1; dg <= SJ_DG_COUNT; dg++)
		check_group(doc, dg);
	failed = groups_in(doc, SJ_CHECK_FAILED);
	missing = groups_in(doc, SJ_CHECK_NOT_POSSIBLE);
	passed = groups_in(doc, SJ_CHECK_PASSED);
	if (failed != 0)
		sj_check_set(check, SJ_CHECK_FAILED, SJ_HASH_MISMATCH,
			     "Not as they were signed: %s.", list_text(failed, text));
	else if (!(doc->object.groups & DG1_BIT))
		sj_check_set(check, SJ_CHECK_FAILED, SJ_HASH_MISMATCH,
			     "EF.SOD does not cover DG1.");
	else if (missing & ~excused(doc))
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "Not compared, as they were not read: %s.",
			     list_text(missing & ~excused(doc), text));
	else
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "As they were signed: %s.",
			     list_text(passed, text));
}

/* --- presence ----------------------------------------------------------------- */

/* Listed, asked for, and not delivered whole. */
static uint32_t withheld(const struct sj_document *doc)
{
	uint32_t groups = 0;
	unsigned dg;

	for (dg = 1; dg <= SJ_DG_COUNT; dg++)
		if (doc->report->files[dg].state == SJ_FILE_REFUSED)
			groups |= 1u << dg;
	return groups & doc->object.groups & ~GUARDED_BITS;
}

void sj_check_presence(struct sj_document *doc)
{
	struct sj_check *check = check_of(doc, SJ_CHECK_PRESENCE);
	struct sj_span file = sj_report_bytes(doc->report, SJ_EF_COM);
	uint32_t missing = withheld(doc);
	struct sj_com com = { .groups = 0 };
	char text[96];

	if (missing != 0)
		sj_check_set(check, SJ_CHECK_FAILED, SJ_GROUP_WITHHELD,
			     "Signed, but not delivered by the card: %s.",
			     list_text(missing, text));
	else if (!file.ptr && doc->report->files[SJ_EF_COM].state != SJ_FILE_REFUSED)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED, "EF.COM was left out.");
	else if (!file.ptr || !sj_com_parse(file, &com))
		sj_check_set(check, SJ_CHECK_FAILED, SJ_GROUP_WITHHELD,
			     "EF.COM is missing or cannot be understood.");
	else if (doc->object.groups & ~com.groups)
		sj_check_set(check, SJ_CHECK_FAILED, SJ_GROUP_WITHHELD,
			     "Signed, but left out of EF.COM: %s.",
			     list_text(doc->object.groups & ~com.groups, text));
	else
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "All that was signed is there.");
}
