/*
 * status.c -- is the document itself revoked? Looked up offline.
 *
 * An authentic DG13 says where it stands (wire/lds.h) in the list of the state
 * that DG1 names, which lies in the trust directory (trust/STATUS.md).
 */
#include <sojourn/status.h>

#include "document/document.h"
#include "trust/status_store.h"

struct place {
	uint16_t partition;
	uint32_t index;
};

/* False: *check says why there is nothing to look up. */
static bool find_place(const struct sj_document *doc, struct sj_check *check, struct place *out)
{
	const char *why = "The issuer is not known or DG1 is not authentic: nothing is looked up.";

	if (doc->chain_holds && doc->mrz_read) {
		if (doc->report->groups[SJ_DG13].state == SJ_CHECK_PASSED &&
		    sj_dg13_parse(sj_report_bytes(doc->report, SJ_DG13), &out->partition,
				  &out->index))
			return true;
		why = "The document names no place in a status list.";
	}
	sj_check_set(check, SJ_CHECK_NOT_DONE, SJ_OK, "%s", why);
	return false;
}

static void ask_list(const struct sj_document *doc, const struct sj_status *status,
		     const struct place *place, struct sj_check *check)
{
	enum sj_status_answer answer = sj_status_query(status, place->partition, place->index);
	struct sj_status_info info = { .size = sizeof(info) };

	sj_status_describe(status, doc->now, &info);
	doc->report->status_epoch = info.epoch;
	if (answer == SJ_STATUS_REVOKED)
		sj_check_set(check, SJ_CHECK_FAILED, SJ_DOCUMENT_REVOKED,
			     "The document is revoked in the status list of %s.", info.issuer);
	else if (doc->stale > 0 && info.age > (int64_t)doc->stale)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_STALE,
			     "The status list of %s is older than it may be.", info.issuer);
	else if (doc->stale == 0 && info.stale)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_STALE,
			     "The status list of %s is past its next update.", info.issuer);
	else if (answer == SJ_STATUS_UNKNOWN)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_NOT_COVERED,
			     "The status list of %s says nothing about this document.",
			     info.issuer);
	else
		sj_check_set(check, SJ_CHECK_PASSED, SJ_OK,
			     "The document is not revoked in the status list of %s%s.", info.issuer,
			     info.newest_epoch > info.epoch ? ", of which there is a newer one"
							    : "");
}

struct sj_status *sj_document_status_open(const struct sj_trust *trust, const char *issuer,
					  struct sj_check *check)
{
	struct sj_status *status = NULL;
	enum sj_rc rc =
		issuer[0] != 0 ? sj_status_open_at(trust->dir, issuer, &status) : SJ_TRUST_MISSING;

	if (rc == SJ_TRUST_MISSING)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_STATUS_MISSING,
			     "No status list of this issuer (%s) is in the trust store.", issuer);
	else if (rc != SJ_OK)
		sj_check_set(check, SJ_CHECK_NOT_POSSIBLE, SJ_TRUST_UNREADABLE,
			     "The status list of this issuer (%s) cannot be read: %s", issuer,
			     sj_strerror(rc));
	return rc == SJ_OK ? status : NULL;
}

void sj_check_status(struct sj_document *doc)
{
	struct sj_check *check = &doc->report->checks[SJ_CHECK_STATUS];
	struct sj_status *status;
	struct place place;

	if (!find_place(doc, check, &place))
		return;
	status = sj_document_status_open(doc->trust, doc->mrz.issuing_state, check);
	if (status)
		ask_list(doc, status, &place, check);
	sj_status_close(status);
}
