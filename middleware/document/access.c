/* access.c -- opening the document: what the card offers, and which of it is used. */
#include <stdio.h>
#include <string.h>

#include "document/document.h"
#include "reader/context.h"
#include "wire/std/icao9303.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"

static enum sj_rc select_mf(struct sj_document *doc)
{
	uint8_t data[] = { SJ_FID_MF >> 8, SJ_FID_MF & 0xFF };
	struct sj_apdu a = { .ins = SJ_INS_SELECT,
			     .p2 = SJ_SELECT_NO_DATA,
			     .data = SJ_SPAN_OF(data) };
	struct sj_response r;

	/* Some cards have no MF and refuse: what was selected stays. */
	return sj_session_command(doc->session, &a, &r);
}

static enum sj_rc select_application(struct sj_document *doc, uint16_t *sw)
{
	struct sj_response r = { 0 };
	enum sj_rc rc = sj_session_select(doc->session, SJ_AID_LDS1, &r);

	*sw = r.sw;
	return rc;
}

/* SELECT must succeed now; what its refusal means. */
static enum sj_rc enter_application(struct sj_document *doc)
{
	uint16_t sw;
	enum sj_rc rc = select_application(doc, &sw);

	if (rc != SJ_OK || sw == SJ_SW_OK)
		return rc;
	return sw == SJ_SW_NOT_FOUND ? SJ_NOT_A_DOCUMENT : SJ_CARD_REFUSED;
}

static bool was_read(const struct sj_document *doc, enum sj_lds_file file)
{
	return doc->report->files[file].state == SJ_FILE_READ;
}

/* The file by its short identifier, with no other attempt. */
static enum sj_rc peek_card_access(struct sj_document *doc)
{
	enum sj_short_ids before = doc->short_ids;
	enum sj_rc rc;

	doc->short_ids = SJ_SHORT_IDS_WORK;
	rc = sj_document_read(doc, SJ_EF_CARD_ACCESS);
	if (!was_read(doc, SJ_EF_CARD_ACCESS))
		doc->short_ids = before;
	return rc;
}

/*
 * After power-up the MF is selected; else something may be, and a card that lacks the
 * application, too, is not ours.
 */
enum sj_rc sj_document_find_access(struct sj_document *doc)
{
	uint16_t sw = 0;
	enum sj_rc rc = peek_card_access(doc);

	if (rc != SJ_OK || was_read(doc, SJ_EF_CARD_ACCESS))
		return rc;
	rc = select_application(doc, &sw);
	if (rc != SJ_OK)
		return rc;
	if (sw != SJ_SW_OK && sw != SJ_SW_SECURITY_STATUS)
		return SJ_NOT_A_DOCUMENT;
	rc = select_mf(doc);
	return rc == SJ_OK ? sj_document_read(doc, SJ_EF_CARD_ACCESS) : rc;
}

/* Terminal Authentication 2 opens nothing but such an application (BSI TR-03110-2, 3.4). */
bool sj_document_offers_eid(const struct sj_report *report)
{
	struct sj_span file = sj_report_bytes(report, SJ_EF_CARD_ACCESS), items;
	struct sj_secinfo info;
	struct sj_ta_info ta;

	if (!file.ptr || !sj_secinfos_parse(file, &items))
		return false;
	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND)
		if (sj_secinfo_ta(&info, &ta) && ta.version == 2)
			return true;
	return false;
}

static void learn_lengths(struct sj_document *doc)
{
	struct sj_span file = sj_report_bytes(doc->report, SJ_EF_ATR_INFO);
	struct sj_atr_info info;

	if (file.len > 0 && sj_atr_info_parse(file, &info)) {
		if (info.has_capabilities && (info.capabilities[2] & SJ_CAPABILITY_EXTENDED))
			sj_session_allow_extended(doc->session, info.max_command,
						  info.max_response);
	} else if (sj_session_atr_extended(doc->session)) {
		sj_session_allow_extended(doc->session, 0, 0);
	}
}

enum sj_rc sj_document_find_lengths(struct sj_document *doc)
{
	enum sj_rc rc;

	if (doc->options.short_only) {
		sj_session_forbid_extended(doc->session);
		return SJ_OK;
	}
	rc = sj_document_read(doc, SJ_EF_ATR_INFO);
	if (rc == SJ_OK)
		learn_lengths(doc);
	return rc;
}

static enum sj_rc open_by_pace(struct sj_document *doc, const struct sj_pace_offer *offer)
{
	const struct sj_pace_suite *suite = &offer->suite;
	const struct sj_access *access = doc->access;
	char *text = doc->report->statistics.access;
	enum sj_rc rc;

	snprintf(text, sizeof(doc->report->statistics.access), "PACE %s %s %s, %s",
		 sj_pace_mapping_name(suite), sj_pace_domain_name(suite),
		 sj_cipher_name(suite->cipher), sj_access_name(access));
	sj_session_patient(doc->session, true);
	rc = sj_pace_run(doc->session, offer, sj_access_password(access),
			 sj_span(access->secret, access->len), NULL, &doc->random, &doc->pace);
	sj_session_patient(doc->session, false);
	if (rc == SJ_OK && suite->mapping == SJ_PACE_CAM)
		rc = sj_document_read(doc, SJ_EF_CARD_SECURITY);
	return rc == SJ_OK ? enter_application(doc) : rc;
}

static enum sj_rc open_by_bac(struct sj_document *doc)
{
	enum sj_rc rc;

	if (doc->options.access == SJ_ACCESS_PACE_ONLY) {
		sj_context_notice(doc->context, "The card offers no PACE that is known here.");
		return SJ_ACCESS_UNSUPPORTED;
	}
	rc = enter_application(doc);
	if (rc != SJ_OK)
		return rc;
	if (doc->access->kind != SJ_SECRET_MRZ) {
		sj_context_notice(doc->context,
				  "This card opens only with its machine readable lines (MRZ), "
				  "not with a number.");
		return SJ_ACCESS_UNSUPPORTED;
	}
	snprintf(doc->report->statistics.access, sizeof(doc->report->statistics.access),
		 "BAC 3DES, MRZ");
	sj_session_patient(doc->session, true);
	rc = sj_bac_run(doc);
	sj_session_patient(doc->session, false);
	return rc;
}

enum sj_rc sj_document_open(struct sj_document *doc)
{
	struct sj_pace_offer offer;
	struct sj_span offers;
	enum sj_rc rc = sj_document_find_access(doc);

	if (rc == SJ_OK)
		rc = sj_document_find_lengths(doc);
	if (rc != SJ_OK)
		return rc;
	offers = sj_report_bytes(doc->report, SJ_EF_CARD_ACCESS);
	if (doc->options.access != SJ_ACCESS_BAC_ONLY && offers.len > 0 &&
	    sj_pace_choose(offers, &offer))
		rc = open_by_pace(doc, &offer);
	else
		rc = open_by_bac(doc);
	if (rc == SJ_OK)
		sj_check_set(&doc->report->checks[SJ_CHECK_ACCESS], SJ_CHECK_PASSED, SJ_OK, "%s.",
			     doc->report->statistics.access);
	return rc;
}
