/* report.c -- what was found, and getting it out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "document/document.h"

static void reset_checks(struct sj_report *report)
{
	unsigned i;

	for (i = 0; i < SJ_CHECK_COUNT; i++)
		report->checks[i] = (struct sj_check){ .size = sizeof(struct sj_check),
						       .id = (enum sj_check_id)i };
	for (i = 0; i <= SJ_DG_COUNT; i++)
		report->groups[i] =
			(struct sj_check){ .size = sizeof(struct sj_check), .id = SJ_CHECK_GROUPS };
}

struct sj_report *sj_report_new(void)
{
	struct sj_report *report = calloc(1, sizeof(*report));

	if (report) {
		reset_checks(report);
		report->statistics.size = sizeof(report->statistics);
	}
	return report;
}

void sj_document_file_clear(struct sj_document_file *file)
{
	if (file->bytes)
		sj_wipe(file->bytes, file->len);
	free(file->bytes);
	*file = (struct sj_document_file){ 0 };
}

void sj_report_free(struct sj_report *report)
{
	size_t i;

	if (!report)
		return;
	for (i = 0; i < SJ_FILE_COUNT; i++)
		sj_document_file_clear(&report->files[i]);
	free(report);
}

void sj_document_reset(struct sj_document *doc)
{
	struct sj_report *report = doc->report;
	size_t i;

	for (i = 0; i < SJ_FILE_COUNT; i++)
		sj_document_file_clear(&report->files[i]);
	reset_checks(report);
	report->signature_len = 0;
	report->status_epoch = 0;
	sj_signed_close(&doc->sod);
	sj_signed_close(&doc->security);
	sj_wipe(&doc->pace, sizeof(doc->pace));
	sj_wipe(&doc->mrz, sizeof(doc->mrz));
	*doc = (struct sj_document){ .session = doc->session,
				     .context = doc->context,
				     .trust = doc->trust,
				     .access = doc->access,
				     .options = doc->options,
				     .random = doc->random,
				     .report = report,
				     .wanted = doc->wanted,
				     .stale = doc->stale,
				     .challenge = doc->challenge,
				     .guard = doc->guard,
				     .user = doc->user,
				     .mark = doc->mark };
}

void sj_check_from(struct sj_check *check, enum sj_check_state state, const struct sj_finding *f)
{
	sj_check_set(check, state, f->rc, "%s", f->detail);
}

struct sj_span sj_report_bytes(const struct sj_report *report, enum sj_lds_file file)
{
	const struct sj_document_file *f = &report->files[file];

	return f->state == SJ_FILE_READ ? sj_span(f->bytes, f->len) : sj_span(NULL, 0);
}

enum sj_verdict sj_report_verdict(const struct sj_report *report)
{
	return report->verdict;
}

enum sj_rc sj_report_reason(const struct sj_report *report)
{
	return report->reason;
}

/* Gives as much as the caller's struct has room for. */
static void give(const void *from, size_t size, void *out, size_t *out_size)
{
	size_t room = *out_size;

	memcpy(out, from, size < room ? size : room);
	*out_size = room;
}

bool sj_report_check(const struct sj_report *report, enum sj_check_id id, struct sj_check *out)
{
	if ((unsigned)id >= SJ_CHECK_COUNT)
		return false;
	give(&report->checks[id], sizeof(*out), out, &out->size);
	return true;
}

bool sj_report_group(const struct sj_report *report, unsigned dg, struct sj_check *out)
{
	if (dg < 1 || dg > SJ_DG_COUNT)
		return false;
	give(&report->groups[dg], sizeof(*out), out, &out->size);
	return true;
}

bool sj_report_statistics(const struct sj_report *report, struct sj_statistics *out)
{
	give(&report->statistics, sizeof(*out), out, &out->size);
	return true;
}

bool sj_report_file(const struct sj_report *report, const char *name, const uint8_t **bytes,
		    size_t *len)
{
	const struct sj_lds_entry *entry = sj_lds_by_name(name);
	struct sj_span file;

	if (!entry)
		return false;
	if ((unsigned)entry->file <= SJ_DG_COUNT &&
	    !sj_report_authentic(report, (unsigned)entry->file))
		return false;
	file = sj_report_bytes(report, entry->file);
	if (!file.ptr)
		return false;
	*bytes = file.ptr;
	*len = file.len;
	return true;
}

bool sj_report_authentic(const struct sj_report *report, unsigned dg)
{
	return report->verdict != SJ_VERDICT_NOT_GENUINE && report->verdict != SJ_VERDICT_NONE &&
	       report->checks[SJ_CHECK_SOD].state == SJ_CHECK_PASSED &&
	       report->groups[dg].state == SJ_CHECK_PASSED;
}

const char *sj_verdict_name(enum sj_verdict verdict)
{
	switch (verdict) {
	case SJ_VERDICT_NONE:
		return "none";
	case SJ_VERDICT_GENUINE:
		return "genuine";
	case SJ_VERDICT_COPY_NOT_EXCLUDED:
		return "copy-not-excluded";
	case SJ_VERDICT_UNDECIDED:
		return "undecided";
	case SJ_VERDICT_EXPIRED:
		return "expired";
	case SJ_VERDICT_NOT_GENUINE:
		return "not-genuine";
	}
	return "unknown";
}

const char *sj_check_name(enum sj_check_id id)
{
	static const char *const names[SJ_CHECK_COUNT] = {
		[SJ_CHECK_ACCESS] = "access",         [SJ_CHECK_SOD] = "sod",
		[SJ_CHECK_CHAIN] = "chain",           [SJ_CHECK_SIGNER_TIME] = "signer-time",
		[SJ_CHECK_REVOCATION] = "revocation", [SJ_CHECK_GROUPS] = "groups",
		[SJ_CHECK_PRESENCE] = "presence",     [SJ_CHECK_ACCESS_FILE] = "access-file",
		[SJ_CHECK_ACTIVE] = "active",         [SJ_CHECK_CHIP] = "chip",
		[SJ_CHECK_EXPIRY] = "expiry",         [SJ_CHECK_STATUS] = "status",
	};

	return (unsigned)id < SJ_CHECK_COUNT ? names[id] : "unknown";
}

const char *sj_check_state_name(enum sj_check_state state)
{
	switch (state) {
	case SJ_CHECK_NOT_DONE:
		return "not done";
	case SJ_CHECK_PASSED:
		return "passed";
	case SJ_CHECK_FAILED:
		return "failed";
	case SJ_CHECK_NOT_POSSIBLE:
		return "not possible";
	}
	return "unknown";
}
