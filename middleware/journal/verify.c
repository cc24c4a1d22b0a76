/* verify.c -- reading a journal: records, erasure, and does the chain hold. */
#include <string.h>

#include "crypt/wipe.h"
#include "journal/record.h"
#include "reader/memory.h"

enum sj_rc sj_journal_read(const struct sj_journal_store *store, uint64_t after,
			   struct sj_journal_record *out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_journal_row row = { .number = 0 };
	enum sj_rc rc = store->row(store->user, after, &row);

	if (rc == SJ_OK && row.number == 0)
		out->number = 0;
	else if (rc == SJ_OK)
		rc = sj_journal_take_row(&row, out);
	sj_wipe(&row, sizeof(row));
	return sj_memory_rc(mark, rc);
}

/* --- erasing ------------------------------------------------------------------- */

static enum sj_rc is_before(const struct sj_journal_store *store, uint64_t number, int64_t before,
			    bool *yes)
{
	struct sj_journal_row row = { .number = 0 };
	struct sj_journal_link link;
	enum sj_rc rc = store->row(store->user, number - 1, &row);

	if (rc == SJ_OK && !sj_journal_take_link(sj_span(row.body, row.body_len), &link))
		rc = SJ_JOURNAL_BROKEN;
	if (rc == SJ_OK)
		*yes = link.time < before;
	sj_wipe(&row, sizeof(row));
	return rc;
}

enum sj_rc sj_journal_find(const struct sj_journal_store *store, int64_t before, uint64_t *first,
			   uint64_t *last)
{
	struct sj_journal_row row = { .number = 0 };
	uint64_t low, high;
	enum sj_rc rc = store->row(store->user, 0, &row);
	bool yes = false;

	*first = row.number;
	if (rc == SJ_OK)
		rc = store->row(store->user, UINT64_MAX, &row);
	high = row.number;
	low = *first != 0 ? *first - 1 : high;
	while (rc == SJ_OK && low < high) {
		uint64_t middle = high - (high - low) / 2;

		rc = is_before(store, middle, before, &yes);
		if (yes)
			low = middle;
		else
			high = middle - 1;
	}
	*last = low >= *first ? low : 0;
	sj_wipe(&row, sizeof(row));
	return rc;
}

enum sj_rc sj_journal_erase(const struct sj_journal_store *store, int64_t before, uint64_t *erased)
{
	const unsigned mark = sj_memory_mark();
	uint64_t first, last;
	enum sj_rc rc = sj_journal_find(store, before, &first, &last);

	*erased = 0;
	return sj_memory_rc(mark, rc == SJ_OK && last != 0
					  ? store->erase(store->user, first, last, erased)
					  : rc);
}

enum sj_rc sj_journal_erase_due(const struct sj_journal_store *store, int64_t now, uint64_t *erased)
{
	const unsigned mark = sj_memory_mark();
	struct sj_journal_row row = { .number = 0 };
	struct sj_journal_link link;
	enum sj_rc rc = store->row(store->user, UINT64_MAX, &row);

	*erased = 0;
	if (rc == SJ_OK && row.number != 0 &&
	    sj_journal_take_link(sj_span(row.body, row.body_len), &link) && link.time > now)
		now = link.time;
	sj_wipe(&row, sizeof(row));
	return sj_memory_rc(mark, rc == SJ_OK ? store->erase_due(store->user, now, erased) : rc);
}

enum sj_rc sj_journal_erase_record(const struct sj_journal_store *store, uint64_t number,
				   uint64_t *erased)
{
	const unsigned mark = sj_memory_mark();

	*erased = 0;
	return sj_memory_rc(mark, store->erase(store->user, number, number, erased));
}

enum sj_rc sj_journal_erase_pseudonym(const struct sj_journal_store *store,
				      const uint8_t pseudonym[16], uint64_t *erased)
{
	const unsigned mark = sj_memory_mark();
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	uint64_t n = 0;
	enum sj_rc rc;

	*erased = 0;
	while ((rc = sj_journal_read(store, r.number, &r)) == SJ_OK && r.number != 0) {
		if (!r.personal || !r.verdict.pseudonym_known ||
		    memcmp(r.verdict.pseudonym, pseudonym, sizeof(r.verdict.pseudonym)) != 0)
			continue;
		rc = store->erase(store->user, r.number, r.number, &n);
		if (rc != SJ_OK)
			break;
		*erased += n;
	}
	sj_wipe(&r, sizeof(r));
	return sj_memory_rc(mark, rc);
}

/* --- does it hold ---------------------------------------------------------------- */

struct check {
	const struct sj_journal_store *store;
	struct sj_ec_point key;
	struct sj_journal_report *report;
	struct sj_journal_head head; /* the next one; number 0: none */
	uint8_t hash[SJ_JOURNAL_HASH]; /* that the next record must name */
	uint64_t next; /* its number */
};

static enum sj_rc broken(struct check *c, uint64_t number, const char *why)
{
	c->report->broken = number;
	c->report->why = why;
	return SJ_JOURNAL_BROKEN;
}

static enum sj_rc next_head(struct check *c)
{
	return c->store->head(c->store->user, c->head.number, &c->head);
}

/* Where the chain begins: at the key's hash, or behind the checkpoint that a trim left. */
static enum sj_rc check_begin(struct check *c, const uint8_t public_key[SJ_JOURNAL_PUBLIC],
			      uint64_t first)
{
	struct sj_journal_head_view view;

	c->next = first;
	if (first == 1)
		return sj_journal_origin(sj_span(public_key, SJ_JOURNAL_PUBLIC), c->hash)
			       ? SJ_OK
			       : SJ_CRYPTO_FAILED;
	if (c->head.number != first - 1)
		return broken(c, first, "the records before it are missing");
	if (!sj_journal_head_take(&c->head, &c->key, &view) || view.kind != SJ_JOURNAL_HEAD_TRIM)
		return broken(c, first - 1, "the checkpoint where it was trimmed is not signed");
	memcpy(c->hash, view.hash.ptr, SJ_JOURNAL_HASH);
	c->report->heads++;
	c->report->covered = view.number;
	c->report->covered_time = view.time;
	return next_head(c);
}

static enum sj_rc check_head(struct check *c)
{
	struct sj_journal_head_view view;

	if (!sj_journal_head_take(&c->head, &c->key, &view) || view.kind != SJ_JOURNAL_HEAD_AT)
		return broken(c, c->head.number, "the head is not signed by the journal's key");
	if (!sj_span_eq(view.hash, SJ_SPAN_OF(c->hash)))
		return broken(c, c->head.number, "the signed head vouches for another chain");
	c->report->heads++;
	c->report->covered = view.number;
	c->report->covered_time = view.time;
	return next_head(c);
}

static void count(struct sj_journal_report *report, const struct sj_journal_record *r)
{
	report->last = r->number;
	report->records++;
	report->personal += r->personal;
	report->erased += r->erased;
	if (r->kind == SJ_JOURNAL_GAP) {
		report->gaps++;
		report->lost += r->lost;
	}
}

static enum sj_rc check_row(struct check *c, const struct sj_journal_row *row)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct sj_journal_link link;
	enum sj_rc rc = sj_journal_take_row(row, &r);

	if (rc != SJ_OK)
		return broken(c, row->number, "the record is not as it was written");
	if (row->number != c->next)
		rc = broken(c, c->next, "records are missing here");
	else if (!sj_journal_take_link(sj_span(row->body, row->body_len), &link) ||
		 !sj_span_eq(link.previous, SJ_SPAN_OF(c->hash)))
		rc = broken(c, row->number, "it does not follow the record before it");
	else if (!sj_journal_hash(row, c->hash))
		rc = SJ_CRYPTO_FAILED;
	if (rc == SJ_OK) {
		count(c->report, &r);
		c->next++;
	}
	if (rc == SJ_OK && c->head.number == row->number)
		rc = check_head(c);
	else if (rc == SJ_OK && c->head.number != 0 && c->head.number < row->number)
		rc = broken(c, c->head.number, "a head stands where the journal was trimmed");
	sj_wipe(&r, sizeof(r));
	return rc;
}

enum sj_rc sj_journal_verify(const struct sj_journal_store *store,
			     const uint8_t public_key[SJ_JOURNAL_PUBLIC],
			     struct sj_journal_report *report)
{
	const unsigned mark = sj_memory_mark();
	struct check c = { .store = store, .report = report };
	struct sj_journal_row row = { .number = 0 };
	enum sj_rc rc;

	*report = (struct sj_journal_report){ .size = report->size };
	if (!sj_ec_point_read(SJ_P256, sj_span(public_key, SJ_JOURNAL_PUBLIC), &c.key))
		return sj_memory_rc(mark, SJ_INPUT_MALFORMED);
	rc = next_head(&c);
	while (rc == SJ_OK && (rc = store->row(store->user, row.number, &row)) == SJ_OK) {
		if (row.number == 0)
			break;
		if (report->first == 0) {
			report->first = row.number;
			rc = check_begin(&c, public_key, row.number);
		}
		if (rc == SJ_OK)
			rc = check_row(&c, &row);
	}
	if (rc == SJ_OK && c.head.number != 0)
		rc = broken(&c, c.next != 0 ? c.next : 1, "signed records are missing at the end");
	sj_wipe(&row, sizeof(row));
	return sj_memory_rc(mark, rc);
}
