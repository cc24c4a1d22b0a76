/*
 * inspect.c -- an inspection system: fingerprints, behind Terminal Authentication of either version.
 *
 * Sources: BSI TR-03110-1 v2.21, 3.4 and 3.5 (version 1: on plain documents, after Chip
 * Authentication 1); TR-03110-3, A.7.1.2, B.3; ICAO Doc 9303-11 (8th ed.), 7.
 */
#include "eid/ask.h"
#include "wire/std/icao9303.h"
#include "wire/std/iso7816.h"
#include "wire/std/tr03110.h"
#include "wire/sw.h"

#define FID_CVCA 0x011Cu
#define SFI_CVCA 0x1Cu
#define DATES_LEN 14u /* of the MRZ information: birth and expiry with their check digits */
#define DG3_BIT (1u << SJ_DG3)

/* --- plain documents ---------------------------------------------------------------------- */

/* What DG14 says of Terminal Authentication 1; false: nothing. */
static bool offered(const struct sj_document *doc, struct sj_ta_info *out)
{
	struct sj_span file = sj_report_bytes(doc->report, SJ_DG14), content, items;
	struct sj_secinfo info;

	if (!file.ptr || !sj_lds_open(file, SJ_TAG_DG14, &content) ||
	    !sj_secinfos_parse(content, &items))
		return false;
	while (sj_secinfo_next(&items, &info) == SJ_TLV_FOUND)
		if (sj_secinfo_ta(&info, out) && out->version == 1)
			return true;
	return false;
}

static struct sj_lds_entry file_of(const struct sj_ta_info *ta)
{
	struct sj_lds_entry entry = { .name = "EF.CVCA",
				      .file_id = FID_CVCA,
				      .short_id = SFI_CVCA };

	if (ta->file_id.len == 2)
		entry.file_id = (uint16_t)(ta->file_id.ptr[0] << 8 | ta->file_id.ptr[1]);
	if (ta->short_id.len == 1)
		entry.short_id = ta->short_id.ptr[0];
	return entry;
}

/* The card's CVCA keys: one or two names, then zeros. */
static size_t names_in(struct sj_span file, struct sj_span names[static SJ_PACE_CARS])
{
	size_t n = 0;

	while (n < SJ_PACE_CARS &&
	       sj_tlv_take(&file, SJ_TAG_CVC_AUTHORITY, &names[n]) == SJ_TLV_FOUND)
		n++;
	return n;
}

/* PACE's ephemeral key, or with BAC the document's number as the MRZ has it. */
static struct sj_span chip_name(const struct sj_document *doc)
{
	if (doc->pace.done)
		return sj_span(doc->pace.id_icc, doc->pace.id_icc_len);
	return sj_span(doc->access->secret, doc->access->len - DATES_LEN);
}

static enum sj_rc set_template(struct sj_ask *ask, uint16_t *sw)
{
	uint8_t buffer[2 + SJ_CVC_REFERENCE_MAX];
	struct sj_writer w = SJ_WRITER_OF(buffer);
	struct sj_apdu a = { .ins = SJ_INS_MSE, .p1 = SJ_MSE_SET_VERIFY, .p2 = SJ_MSE_AT };

	sj_tlv_put(&w, SJ_TAG_CRT_REFERENCE, ask->terminal->own.cvc.holder);
	if (w.failed)
		return SJ_INTERNAL;
	a.data = sj_written(&w);
	return sj_eid_send(ask, &a, sw);
}

static enum sj_rc authenticate(struct sj_ask *ask, const struct sj_document *doc)
{
	uint8_t challenge[SJ_TA_CHALLENGE];
	const struct sj_ta_signed s = { .id_icc = chip_name(doc),
					.challenge = SJ_SPAN_OF(challenge),
					.ephemeral =
						sj_ec_comp(doc->chip_curve, &doc->chip_ephemeral) };
	uint16_t sw;
	enum sj_rc rc = set_template(ask, &sw);

	if (rc == SJ_OK && sw != SJ_SW_OK)
		rc = SJ_TERMINAL_REFUSED;
	if (rc == SJ_OK)
		rc = sj_eid_challenge(ask, challenge);
	return rc == SJ_OK ? sj_eid_sign(ask, &s) : rc;
}

enum sj_rc sj_inspect_plain(struct sj_document *doc)
{
	struct sj_ask *ask = doc->user;
	struct sj_document_file file = { 0 };
	struct sj_span names[SJ_PACE_CARS];
	struct sj_lds_entry entry;
	struct sj_ta_info ta;
	size_t n;
	enum sj_rc rc;

	if (!doc->chip_started || !offered(doc, &ta))
		return SJ_OK;
	entry = file_of(&ta);
	rc = sj_document_read_entry(doc, &entry, &file);
	if (rc == SJ_OK && file.state == SJ_FILE_READ) {
		doc->chip_proved = true;
		n = names_in(sj_span(file.bytes, file.len), names);
		rc = sj_eid_chain(ask, names, n);
		if (rc == SJ_OK)
			rc = authenticate(ask, doc);
		if (rc == SJ_OK)
			doc->opened |= DG3_BIT;
	}
	sj_document_file_clear(&file);
	/* Then there are no fingerprints, but all the rest. */
	return rc == SJ_TERMINAL_REFUSED ? SJ_OK : rc;
}

/* --- eID cards ------------------------------------------------------------------------------ */

static enum sj_rc read_files(struct sj_ask *ask)
{
	struct sj_document *doc = &ask->doc;
	struct sj_response r = { 0 };
	enum sj_rc rc = sj_session_select(ask->session, SJ_AID_LDS1, &r);

	if (rc == SJ_OK && r.sw != SJ_SW_OK)
		rc = SJ_CARD_REFUSED;
	if (rc == SJ_OK)
		rc = sj_document_read(doc, SJ_EF_SOD);
	return rc == SJ_OK ? sj_document_read(doc, SJ_DG3) : rc;
}

/* What EF.SOD says of DG3; a forgery there is one of the card. */
static enum sj_rc judge_files(struct sj_ask *ask)
{
	struct sj_document *doc = &ask->doc;
	const struct sj_check *sod = &doc->report->checks[SJ_CHECK_SOD];
	const struct sj_check *group = &doc->report->groups[SJ_DG3], *failed = NULL;
	struct sj_answer *answer = ask->answer;

	sj_check_security_object(doc);
	if (doc->sod_holds) {
		sj_check_signer(doc);
		sj_check_groups(doc);
	}
	if (sod->state == SJ_CHECK_FAILED)
		failed = sod;
	else if (group->state == SJ_CHECK_FAILED)
		failed = group;
	if (failed) {
		sj_check_set(&answer->checks[SJ_ANSWER_SECURITY], SJ_CHECK_FAILED, failed->reason,
			     "%s", failed->detail);
		sj_answer_judge(answer);
		sj_answer_withdraw(answer, UINT32_MAX);
		return SJ_OK;
	}
	if (!doc->chain_holds || group->state != SJ_CHECK_PASSED)
		return SJ_OK;
	return sj_answer_keep(&answer->fingerprint, sj_report_bytes(doc->report, SJ_DG3));
}

enum sj_rc sj_eid_fingerprint(struct sj_ask *ask)
{
	enum sj_rc rc;

	if (!(ask->answer->info.granted & SJ_RIGHT_FINGERPRINT))
		return SJ_OK;
	rc = read_files(ask);
	if (rc == SJ_OK && ask->doc.report->files[SJ_DG3].state != SJ_FILE_READ) {
		if (ask->doc.report->files[SJ_DG3].sw != SJ_SW_NOT_FOUND)
			sj_answer_withdraw(ask->answer, SJ_RIGHT_FINGERPRINT);
		return SJ_OK;
	}
	return rc == SJ_OK ? judge_files(ask) : rc;
}
