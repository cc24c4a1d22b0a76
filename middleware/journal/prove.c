/* prove.c -- an exported record, proved offline: EVIDENCE.md, "What it proves". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypt/wipe.h"
#include "journal/evidence.h"
#include "reader/memory.h"

#define LIMITS 8u

struct sj_evidence_report {
	bool proved, read;
	enum sj_evidence_strength strength;
	struct sj_evidence_info info;
	struct sj_check steps[SJ_EVIDENCE_STEPS];
	const char *limits[LIMITS];
	size_t limits_n;
	struct sj_kept *kept;
};

/* What is looked at while it is proved. */
struct proof {
	const struct sj_evidence_trust *trust;
	struct sj_evidence_report *report;
	struct sj_export file;
	struct sj_journal_link link;
	struct sj_statement statement; /* of a verification */
};

const char *sj_evidence_step_name(enum sj_evidence_step step)
{
	static const char *const names[] = { "form", "chain", "terminal", "signature", "card" };
	size_t i = (size_t)step;

	return i < sizeof(names) / sizeof(names[0]) ? names[i] : "?";
}

static enum sj_rc broken(struct proof *p, enum sj_evidence_step step, const char *why)
{
	sj_check_set(&p->report->steps[step], SJ_CHECK_FAILED, SJ_EVIDENCE_BROKEN, "%s", why);
	return SJ_EVIDENCE_BROKEN;
}

static void passed(struct proof *p, enum sj_evidence_step step, const char *what)
{
	sj_check_set(&p->report->steps[step], SJ_CHECK_PASSED, SJ_OK, "%s", what);
}

/* --- form -------------------------------------------------------------------------- */

static bool part_holds(const struct proof *p, enum sj_sealed_part part)
{
	struct sj_span plain = p->file.parts[part];
	uint8_t hash[SJ_JOURNAL_HASH];

	return plain.len == 0 ||
	       (sj_sealed_commit(part, plain, hash) &&
		sj_span_eq(SJ_SPAN_OF(hash), SJ_SPAN_OF(p->statement.commitments[part])));
}

static enum sj_rc check_verification(struct proof *p)
{
	struct sj_journal_record record = { .kind = SJ_JOURNAL_VERIFICATION };
	struct sj_span content = p->link.content;
	uint8_t origin[SJ_JOURNAL_HASH];
	uint64_t due;

	if (!sj_take_u64(&content, &due) || !sj_statement_take(content, &p->statement) ||
	    (uint64_t)p->statement.info.due != due || p->file.tap.len != 0)
		return broken(p, SJ_EVIDENCE_STEP_FORM, "The record cannot be read.");
	record.number = p->link.number;
	record.time = p->link.time;
	record.content = content.ptr;
	record.content_len = content.len;
	record.due = (int64_t)due;
	if (sj_evidence_read(&record, &p->report->info) != SJ_OK)
		return broken(p, SJ_EVIDENCE_STEP_FORM, "The record cannot be read.");
	p->report->read = true;
	if (!sj_journal_origin(p->file.public_key, origin) ||
	    !sj_span_eq(SJ_SPAN_OF(origin), SJ_SPAN_OF(p->statement.journal)))
		return broken(p, SJ_EVIDENCE_STEP_FORM,
			      "The record was written for another journal.");
	if (!part_holds(p, SJ_SEALED_PROOF) || !part_holds(p, SJ_SEALED_DATA))
		return broken(p, SJ_EVIDENCE_STEP_FORM,
			      "The proof or the data are not those of the record.");
	return SJ_OK;
}

static enum sj_rc check_tap(struct proof *p)
{
	const struct sj_journal_row row = { .number = p->link.number,
					    .body = p->file.body.ptr,
					    .body_len = p->file.body.len };
	struct sj_journal_record record = SJ_JOURNAL_RECORD_INIT;

	if (sj_journal_take_row(&row, &record) != SJ_OK ||
	    sj_evidence_read(&record, &p->report->info) != SJ_OK || p->file.parts[0].len != 0 ||
	    p->file.parts[1].len != 0)
		return broken(p, SJ_EVIDENCE_STEP_FORM, "The record cannot be read.");
	p->report->read = true;
	if (p->file.tap.len != 0 && !sj_journal_is_committed(p->link.commitment, p->file.tap))
		return broken(p, SJ_EVIDENCE_STEP_FORM, "The data are not those of the record.");
	return SJ_OK;
}

static enum sj_rc check_form(struct proof *p, struct sj_span in)
{
	enum sj_rc rc;

	if (!sj_export_take(in, &p->file))
		return broken(p, SJ_EVIDENCE_STEP_FORM, "It is not a whole export of evidence.");
	if (!sj_journal_take_link(p->file.body, &p->link) || p->link.number != p->file.number)
		return broken(p, SJ_EVIDENCE_STEP_FORM, "The record cannot be read.");
	if (p->link.kind == SJ_JOURNAL_VERIFICATION)
		rc = check_verification(p);
	else if (p->link.kind == SJ_JOURNAL_TAP)
		rc = check_tap(p);
	else
		rc = broken(p, SJ_EVIDENCE_STEP_FORM, "It is neither a verification nor a tap.");
	if (rc == SJ_OK)
		passed(p, SJ_EVIDENCE_STEP_FORM,
		       "The file is whole; what is in it is what the record commits to.");
	return rc;
}

/* --- chain ---------------------------------------------------------------------------- */

static bool body_hash(struct sj_span body, uint8_t out[static SJ_JOURNAL_HASH])
{
	const struct sj_journal_row row = { .body = body.ptr, .body_len = body.len };

	return sj_journal_hash(&row, out);
}

static enum sj_rc check_chain(struct proof *p)
{
	struct sj_span rest = p->file.following, body;
	struct sj_journal_head_view head;
	struct sj_journal_link link;
	struct sj_ec_point key;
	uint8_t hash[SJ_JOURNAL_HASH];
	uint64_t number = p->link.number;

	if (!body_hash(p->file.body, hash))
		return SJ_CRYPTO_FAILED;
	while (rest.len != 0) {
		if (!sj_export_body(&rest, &body) || !sj_journal_take_link(body, &link) ||
		    link.number != ++number || !sj_span_eq(link.previous, SJ_SPAN_OF(hash)))
			return broken(p, SJ_EVIDENCE_STEP_CHAIN,
				      "The records behind it do not follow on each other.");
		if (!body_hash(body, hash))
			return SJ_CRYPTO_FAILED;
	}
	if (!sj_ec_point_read(SJ_P256, p->file.public_key, &key) ||
	    !sj_journal_head_take(&p->file.head, &key, &head) || head.kind != SJ_JOURNAL_HEAD_AT ||
	    head.number != number || !sj_span_eq(head.hash, SJ_SPAN_OF(hash)))
		return broken(p, SJ_EVIDENCE_STEP_CHAIN,
			      "The journal's key did not sign a chain with this record.");
	passed(p, SJ_EVIDENCE_STEP_CHAIN,
	       "The record stands in its journal's chain, up to a head that the journal signed.");
	return SJ_OK;
}

/* --- who wrote it ----------------------------------------------------------------------- */

static bool journal_believed(const struct proof *p)
{
	return p->trust->journal_key != NULL &&
	       sj_span_eq(sj_span(p->trust->journal_key, SJ_JOURNAL_PUBLIC), p->file.public_key);
}

/* A terminal that a CVCA vouches for, or, on the caller's word, the journal's key. */
static enum sj_rc check_writer(struct proof *p)
{
	struct sj_check *certificate = &p->report->steps[SJ_EVIDENCE_STEP_TERMINAL];
	struct sj_check *signature = &p->report->steps[SJ_EVIDENCE_STEP_SIGNATURE];
	bool terminal = p->link.kind == SJ_JOURNAL_VERIFICATION && p->statement.signature.len != 0;
	enum sj_rc rc = SJ_EVIDENCE_TERMINAL;

	if (p->trust->journal_key != NULL && !journal_believed(p)) {
		sj_check_set(certificate, SJ_CHECK_FAILED, rc,
			     "The journal is not the one whose key was given.");
		return rc;
	}
	if (terminal)
		rc = sj_evidence_check_terminal(&p->statement, p->trust, certificate, signature);
	if (rc != SJ_EVIDENCE_TERMINAL || !journal_believed(p)) {
		if (!terminal)
			sj_check_set(certificate, SJ_CHECK_FAILED, rc,
				     "No terminal signed it; only the journal's own key vouches.");
		return rc;
	}
	sj_check_set(signature, SJ_CHECK_NOT_DONE, SJ_OK,
		     "The journal's key, which was given, vouches for it.");
	if (!terminal)
		sj_check_set(certificate, SJ_CHECK_NOT_DONE, SJ_OK, "No terminal signed it.");
	return SJ_OK;
}

/* --- what it says --------------------------------------------------------------------------- */

static void limit(struct sj_evidence_report *r, const char *sentence)
{
	if (r->limits_n < LIMITS)
		r->limits[r->limits_n++] = sentence;
}

static void tell_limits(struct sj_evidence_report *r)
{
	if (r->strength == SJ_CARD_SIGNED) {
		limit(r, "That the final verdict and the data are right: the chip signed service, "
			 "terminal, time and the verdict before its own check, nothing else.");
		limit(r, "That the operator asked only once: who prepares some 2^32 wordings may "
			 "find two with one challenge of 64 bits.");
	} else {
		limit(r, "That a card was there at all: the operator's keys alone can make such "
			 "a record.");
	}
	limit(r, "Who held the card: a chip answers for anybody who has it and its secret.");
	limit(r, "The time: the clock is the operator's.");
	if (r->info.kind == SJ_JOURNAL_VERIFICATION && r->info.enforced_by != SJ_LIMIT_CARD)
		limit(r, "That nothing else was read: the terminal kept to the service's fields, "
			 "not the card.");
	limit(r, "That there is no other record of the same card.");
}

/* Data are for those who believe them. */
static enum sj_rc take_kept(struct proof *p)
{
	struct sj_span data = p->file.parts[SJ_SEALED_DATA];
	struct sj_bytes copy = { .len = data.len };
	enum sj_rc rc;

	if (data.len == 0)
		return SJ_OK;
	copy.ptr = malloc(data.len);
	if (copy.ptr == NULL)
		return SJ_NO_MEMORY;
	memcpy(copy.ptr, data.ptr, data.len);
	rc = sj_kept_of(&copy, &p->report->kept);
	return rc == SJ_EVIDENCE_BROKEN
		       ? broken(p, SJ_EVIDENCE_STEP_FORM, "The data cannot be read.")
		       : rc;
}

static enum sj_rc prove(struct proof *p, struct sj_span in)
{
	struct sj_check *card = &p->report->steps[SJ_EVIDENCE_STEP_CARD];
	enum sj_rc rc = check_form(p, in);

	if (rc == SJ_OK)
		rc = check_chain(p);
	if (rc == SJ_OK)
		rc = check_writer(p);
	if (rc == SJ_OK && p->link.kind == SJ_JOURNAL_TAP)
		sj_check_set(card, SJ_CHECK_NOT_DONE, SJ_OK,
			     "EDHOC: the gate could have made it itself.");
	else if (rc == SJ_OK)
		rc = sj_evidence_check_card(&p->statement, p->file.parts[SJ_SEALED_PROOF], p->trust,
					    card);
	if (rc == SJ_OK)
		rc = take_kept(p);
	if (rc != SJ_OK)
		return rc;
	p->report->proved = true;
	p->report->strength =
		card->state == SJ_CHECK_PASSED ? SJ_CARD_SIGNED : SJ_OPERATOR_ATTESTED;
	tell_limits(p->report);
	return SJ_OK;
}

enum sj_rc sj_evidence_verify(const uint8_t *bytes, size_t len,
			      const struct sj_evidence_trust *trust,
			      struct sj_evidence_report **out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_evidence_report *report = calloc(1, sizeof(*report));
	struct sj_evidence_trust t = { .size = sizeof(t) };
	struct proof p = { .trust = &t, .report = report };
	enum sj_rc rc;

	if (report == NULL)
		return SJ_NO_MEMORY;
	if (trust != NULL)
		memcpy(&t, trust, trust->size < sizeof(t) ? trust->size : sizeof(t));
	if (t.now == 0)
		t.now = (int64_t)time(NULL);
	report->info.size = sizeof(report->info);
	for (size_t i = 0; i < SJ_EVIDENCE_STEPS; i++)
		report->steps[i] = (struct sj_check){ .size = sizeof(report->steps[i]),
						      .id = (enum sj_check_id)i };
	rc = prove(&p, sj_span(bytes, len));
	if (rc == SJ_OK || rc == SJ_EVIDENCE_BROKEN || rc == SJ_EVIDENCE_TERMINAL ||
	    rc == SJ_EVIDENCE_CARD)
		*out = report;
	else
		sj_evidence_report_free(report);
	return sj_memory_rc(mark, rc);
}

/* --- the report --------------------------------------------------------------------------- */

void sj_evidence_report_free(struct sj_evidence_report *report)
{
	if (report == NULL)
		return;
	sj_kept_free(report->kept);
	free(report);
}

bool sj_evidence_report_strength(const struct sj_evidence_report *report,
				 enum sj_evidence_strength *out)
{
	if (report->proved)
		*out = report->strength;
	return report->proved;
}

bool sj_evidence_report_info(const struct sj_evidence_report *report, struct sj_evidence_info *out)
{
	size_t size = out->size < sizeof(*out) ? out->size : sizeof(*out);

	if (!report->read)
		return false;
	memcpy(out, &report->info, size);
	out->size = size;
	return true;
}

bool sj_evidence_report_step(const struct sj_evidence_report *report, enum sj_evidence_step step,
			     struct sj_check *out)
{
	size_t size = out->size < sizeof(*out) ? out->size : sizeof(*out);

	if ((size_t)step >= SJ_EVIDENCE_STEPS)
		return false;
	memcpy(out, &report->steps[step], size);
	out->size = size;
	return true;
}

const char *sj_evidence_report_limit(const struct sj_evidence_report *report, size_t i)
{
	return i < report->limits_n ? report->limits[i] : NULL;
}

const struct sj_kept *sj_evidence_report_kept(const struct sj_evidence_report *report)
{
	return report->kept;
}
