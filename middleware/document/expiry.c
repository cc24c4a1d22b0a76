/* expiry.c -- the document's own dates and lines, once they are authentic. */
#include <string.h>

#include "crypt/wipe.h"
#include "document/document.h"

/* DG1's zone; its check digits were the issuer's business. */
static bool read_zone(struct sj_document *doc)
{
	struct sj_span file = sj_report_bytes(doc->report, SJ_DG1), zone;
	enum sj_mrz_rc rc;

	if (!file.ptr || !sj_dg1_parse(file, &zone))
		return false;
	rc = sj_mrz_parse((const char *)zone.ptr, zone.len, &doc->mrz);
	return rc != SJ_MRZ_WRONG_SIZE && rc != SJ_MRZ_WRONG_CHARACTER;
}

/* The lines that opened the chip must be those in it. */
static void compare_zone(struct sj_document *doc)
{
	uint8_t information[SJ_MRZ_INFORMATION_MAX];
	struct sj_writer w = SJ_WRITER_OF(information);

	if (!doc->access || doc->access->kind != SJ_SECRET_MRZ)
		return;
	sj_mrz_put_information(&w, &doc->mrz);
	if (w.failed ||
	    !sj_equal_secret(sj_written(&w), sj_span(doc->access->secret, doc->access->len)))
		sj_check_set(&doc->report->checks[SJ_CHECK_ACCESS], SJ_CHECK_FAILED,
			     SJ_MRZ_MISMATCH,
			     "The lines that opened the chip are not those of DG1.");
	sj_wipe(information, sizeof(information));
}

/* Filler only: the document says that it does not expire. */
static bool is_blank(const char *date)
{
	return strspn(date, "<") == strlen(date);
}

static void judge_date(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_EXPIRY];
	char expiry[9], today[9];

	sj_date_complete(doc->mrz.expiry_date, false, doc->now, expiry);
	sj_date_of(doc->now, today);
	if (is_blank(doc->mrz.expiry_date))
		sj_check_set(check, SJ_CHECK_NOT_DONE, SJ_OK,
			     "The document has no date of expiry.");
	else if (expiry[0] == 0)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "The date of expiry cannot be understood.");
	else if (strcmp(today, expiry) > 0)
		sj_check_set(check, SJ_CHECK_FAILED, SJ_DOCUMENT_EXPIRED,
			     "The document's last day is past.");
	else
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK, "The document is in time.");
}

void sj_check_expiry(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_EXPIRY];

	if (doc->report->groups[SJ_DG1].state != SJ_CHECK_PASSED)
		return;
	doc->mrz_read = read_zone(doc);
	if (doc->mrz_read)
		compare_zone(doc);
	if (!doc->chain_holds)
		sj_check_set(check, SJ_CHECK_NOT_DONE, SJ_OK,
			     "The date is not judged: its issuer is not known.");
	else if (!doc->mrz_read)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_UNDECIDED,
			     "DG1 cannot be understood.");
	else
		judge_date(doc);
}
