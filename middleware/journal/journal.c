/* journal.c -- going on with a chain: add, sign, trim. */
#include <stdlib.h>
#include <string.h>

#include "crypt/wipe.h"
#include "journal/record.h"
#include "reader/memory.h"

#define SIGN_EVERY 100u

struct sj_journal {
	struct sj_journal_store store;
	struct sj_ec_secret key;
	uint64_t last; /* number of the last record; 0: none */
	int64_t time; /* of the last record */
	uint64_t covered; /* by a signed head */
	uint32_t every;
	uint8_t hash[SJ_JOURNAL_HASH]; /* of the last record, or the origin */
};

static bool public_of(const struct sj_ec_secret *key, struct sj_ec_point *out)
{
	return sj_ec_multiply(SJ_P256, key, NULL, out);
}

enum sj_rc sj_journal_public(const uint8_t key[SJ_JOURNAL_KEY],
			     uint8_t public_key[SJ_JOURNAL_PUBLIC])
{
	const unsigned mark = sj_memory_mark();
	struct sj_ec_secret secret;
	struct sj_ec_point point;
	enum sj_rc rc = SJ_OK;

	if (!sj_ec_secret_read(SJ_P256, sj_span(key, SJ_JOURNAL_KEY), &secret))
		rc = SJ_INPUT_MALFORMED;
	else if (!public_of(&secret, &point) || point.len != SJ_JOURNAL_PUBLIC)
		rc = SJ_CRYPTO_FAILED;
	else
		memcpy(public_key, point.bytes, SJ_JOURNAL_PUBLIC);
	sj_wipe(&secret, sizeof(secret));
	return sj_memory_rc(mark, rc);
}

enum sj_rc sj_journal_origin_of(const struct sj_journal *journal,
				uint8_t out[static SJ_JOURNAL_HASH])
{
	struct sj_ec_point point;

	return public_of(&journal->key, &point) && sj_journal_origin(sj_ec_point_span(&point), out)
		       ? SJ_OK
		       : SJ_CRYPTO_FAILED;
}

static enum sj_rc find_covered(struct sj_journal *j)
{
	struct sj_journal_head head = { .number = 0 };
	enum sj_rc rc = j->store.head(j->store.user, UINT64_MAX, &head);

	j->covered = head.number;
	return rc;
}

static enum sj_rc find_end(struct sj_journal *j, bool *clean)
{
	struct sj_journal_record record = SJ_JOURNAL_RECORD_INIT;
	struct sj_journal_row row = { .number = 0 };
	enum sj_rc rc = j->store.row(j->store.user, UINT64_MAX, &row);

	*clean = true;
	if (rc == SJ_OK && row.number == 0)
		return sj_journal_origin_of(j, j->hash);
	if (rc == SJ_OK)
		rc = sj_journal_take_row(&row, &record);
	if (rc == SJ_OK && !sj_journal_hash(&row, j->hash))
		rc = SJ_CRYPTO_FAILED;
	j->last = row.number;
	j->time = record.time;
	*clean = record.kind == SJ_JOURNAL_STOP;
	sj_wipe(&row, sizeof(row));
	sj_wipe(&record, sizeof(record));
	return rc;
}

enum sj_rc sj_journal_open(const struct sj_journal_store *store, const uint8_t key[SJ_JOURNAL_KEY],
			   struct sj_journal **out, bool *clean)
{
	const unsigned mark = sj_memory_mark();
	struct sj_journal *j = calloc(1, sizeof(*j));
	enum sj_rc rc = SJ_OK;

	if (j == NULL)
		return SJ_NO_MEMORY;
	j->store = *store;
	j->every = SIGN_EVERY;
	if (!sj_ec_secret_read(SJ_P256, sj_span(key, SJ_JOURNAL_KEY), &j->key))
		rc = SJ_INPUT_MALFORMED;
	if (rc == SJ_OK)
		rc = find_end(j, clean);
	if (rc == SJ_OK)
		rc = find_covered(j);
	if (rc == SJ_OK)
		*out = j;
	else
		sj_journal_close(j);
	return sj_memory_rc(mark, rc);
}

void sj_journal_close(struct sj_journal *journal)
{
	if (journal == NULL)
		return;
	sj_wipe(journal, sizeof(*journal));
	free(journal);
}

void sj_journal_sign_every(struct sj_journal *journal, uint32_t records)
{
	journal->every = records;
}

int64_t sj_journal_time(const struct sj_journal *journal)
{
	return journal->time;
}

enum sj_rc sj_journal_add(struct sj_journal *j, struct sj_journal_record *record)
{
	const unsigned mark = sj_memory_mark();
	struct sj_journal_built built;
	struct sj_journal_head head;
	uint8_t hash[SJ_JOURNAL_HASH];
	uint64_t number = j->last + 1;
	bool sign = j->every != 0 && number - j->covered >= j->every;
	enum sj_rc rc = SJ_CRYPTO_FAILED;

	record->number = number;
	if (record->time < j->time)
		record->time = j->time;
	if (!sj_journal_put_row(record, j->hash, &built) || !sj_journal_hash(&built.row, hash))
		goto out;
	if (sign &&
	    !sj_journal_head_make(&j->key, SJ_JOURNAL_HEAD_AT, number, record->time, hash, &head))
		goto out;
	rc = j->store.add(j->store.user, &built.row, sign ? &head : NULL);
	if (rc != SJ_OK)
		goto out;
	memcpy(j->hash, hash, sizeof(j->hash));
	j->last = number;
	j->time = record->time;
	if (sign)
		j->covered = number;
out:
	sj_journal_built_free(&built);
	return sj_memory_rc(mark, rc);
}

enum sj_rc sj_journal_sign(struct sj_journal *j, int64_t now)
{
	const unsigned mark = sj_memory_mark();
	struct sj_journal_head head;
	enum sj_rc rc;

	if (j->last == 0 || j->covered >= j->last)
		return SJ_OK;
	if (!sj_journal_head_make(&j->key, SJ_JOURNAL_HEAD_AT, j->last, now, j->hash, &head))
		return sj_memory_rc(mark, SJ_CRYPTO_FAILED);
	rc = j->store.add(j->store.user, NULL, &head);
	if (rc == SJ_OK)
		j->covered = j->last;
	return sj_memory_rc(mark, rc);
}

/* What goes away is covered to the end first: the chain is never without a signed head. */
static enum sj_rc trim_to(struct sj_journal *j, int64_t now, uint64_t last)
{
	struct sj_journal_row row = { .number = 0 };
	struct sj_journal_head head;
	uint8_t hash[SJ_JOURNAL_HASH];
	enum sj_rc rc = sj_journal_sign(j, now);

	if (rc == SJ_OK)
		rc = j->store.row(j->store.user, last - 1, &row);
	if (rc == SJ_OK && row.number != last)
		rc = SJ_JOURNAL_BROKEN;
	if (rc == SJ_OK &&
	    (!sj_journal_hash(&row, hash) ||
	     !sj_journal_head_make(&j->key, SJ_JOURNAL_HEAD_TRIM, last, now, hash, &head)))
		rc = SJ_CRYPTO_FAILED;
	sj_wipe(&row, sizeof(row));
	return rc == SJ_OK ? j->store.trim(j->store.user, &head) : rc;
}

enum sj_rc sj_journal_trim(struct sj_journal *j, int64_t now, int64_t before, uint64_t *removed)
{
	const unsigned mark = sj_memory_mark();
	uint64_t first, last;
	enum sj_rc rc = sj_journal_find(&j->store, before, &first, &last);

	*removed = 0;
	if (rc == SJ_OK && last >= j->last)
		last = j->last - 1;
	if (rc != SJ_OK || last == 0 || last < first)
		return sj_memory_rc(mark, rc);
	rc = trim_to(j, now, last);
	if (rc == SJ_OK)
		*removed = last - first + 1;
	return sj_memory_rc(mark, rc);
}
