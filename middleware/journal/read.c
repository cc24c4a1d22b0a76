/* read.c -- records of verifications and taps, for those who look at them, and what is sealed. */
#include <string.h>

#include "journal/evidence.h"
#include "reader/memory.h"

/* What a gate's tap says in the words of evidence. */
static void of_tap(const struct sj_journal_record *r, struct sj_evidence_info *out)
{
	out->answered = r->decided;
	out->reason = r->decided ? r->verdict.reasons[0] : r->rc;
	out->proof = r->decided ? SJ_PROOF_AGREED : SJ_PROOF_NONE;
	out->sealed = r->personal;
	out->erased = r->erased;
}

enum sj_rc sj_evidence_read(const struct sj_journal_record *record, struct sj_evidence_info *out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_evidence_info info = { .kind = record->kind, .time = record->time };
	size_t size = out->size < sizeof(*out) ? out->size : sizeof(*out);
	struct sj_statement s;

	if (record->kind == SJ_JOURNAL_VERIFICATION) {
		if (!sj_statement_take(sj_span(record->content, record->content_len), &s) ||
		    s.info.due != record->due)
			return sj_memory_rc(mark, SJ_EVIDENCE_BROKEN);
		info = s.info;
		info.kind = record->kind;
		info.sealed = record->sealed_len != 0;
		info.erased = record->erased;
		if (info.proof == SJ_PROOF_SIGNED && info.sealed)
			info.claimed = SJ_CARD_SIGNED;
	} else if (record->kind == SJ_JOURNAL_TAP) {
		of_tap(record, &info);
	} else {
		return sj_memory_rc(mark, SJ_INPUT_REFUSED);
	}
	info.number = record->number;
	info.recorded = record->time;
	memcpy(out, &info, size);
	out->size = size;
	return SJ_OK;
}

/* Both parts that are there are those that were committed to, and none is missing. */
static bool committed(const struct sj_statement *s, const struct sj_bytes *parts)
{
	uint8_t hash[SJ_JOURNAL_HASH];

	for (size_t i = 0; i < SJ_SEALED_PARTS; i++) {
		memset(hash, 0, sizeof(hash));
		if (parts[i].len != 0 &&
		    !sj_sealed_commit((enum sj_sealed_part)i, sj_span(parts[i].ptr, parts[i].len),
				      hash))
			return false;
		if (!sj_span_eq(SJ_SPAN_OF(hash), SJ_SPAN_OF(s->commitments[i])))
			return false;
	}
	return true;
}

enum sj_rc sj_evidence_open(const struct sj_journal_record *record,
			    const uint8_t operator_key[static SJ_OPERATOR_KEY],
			    struct sj_statement *s, struct sj_bytes parts[static SJ_SEALED_PARTS])
{
	enum sj_rc rc = SJ_OK;

	memset(parts, 0, SJ_SEALED_PARTS * sizeof(parts[0]));
	if (record->kind != SJ_JOURNAL_VERIFICATION || record->sealed_len == 0)
		rc = SJ_INPUT_REFUSED;
	else if (!sj_statement_take(sj_span(record->content, record->content_len), s))
		rc = SJ_EVIDENCE_BROKEN;
	if (rc == SJ_OK)
		rc = sj_unseal(operator_key, record->key,
			       sj_span(record->sealed, record->sealed_len), parts);
	if (rc == SJ_OK && !committed(s, parts))
		rc = SJ_EVIDENCE_BROKEN;
	for (size_t i = 0; rc != SJ_OK && i < SJ_SEALED_PARTS; i++)
		sj_bytes_free(&parts[i]);
	return rc;
}

enum sj_rc sj_kept_open(const struct sj_journal_record *record,
			const uint8_t operator_key[SJ_OPERATOR_KEY], struct sj_kept **out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_bytes parts[SJ_SEALED_PARTS];
	struct sj_statement s;
	enum sj_rc rc = sj_evidence_open(record, operator_key, &s, parts);

	if (rc == SJ_OK && parts[SJ_SEALED_DATA].len == 0)
		rc = SJ_INPUT_REFUSED;
	if (rc == SJ_OK)
		rc = sj_kept_of(&parts[SJ_SEALED_DATA], out);
	sj_bytes_free(&parts[SJ_SEALED_PROOF]);
	sj_bytes_free(&parts[SJ_SEALED_DATA]);
	return sj_memory_rc(mark, rc);
}
