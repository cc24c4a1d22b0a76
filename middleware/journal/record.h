/*
 * record.h -- the bytes of a record and of a head: JOURNAL.md.
 */
#ifndef SJ_JOURNAL_RECORD_H
#define SJ_JOURNAL_RECORD_H

#include <sojourn/journal.h>

#include "crypt/ec.h"

#define SJ_JOURNAL_HASH 32u /* SHA-256 */

/* What links a body to the others. */
struct sj_journal_link {
	uint64_t number;
	int64_t time;
	struct sj_span previous; /* SJ_JOURNAL_HASH bytes: the hash of the body before */
	struct sj_span commitment; /* the salted hash of the personal data; zeros: none */
	struct sj_span content;
	uint8_t kind;
};

/* Takes a body apart; false: it is none. */
SJ_MUST_CHECK bool sj_journal_take_link(struct sj_span body, struct sj_journal_link *out);
/* Is there a commitment to personal data? */
bool sj_journal_committed(const struct sj_journal_link *link);

/* A row, and what its bytes stand in. Do not copy. */
struct sj_journal_built {
	struct sj_journal_row row;
	uint8_t *body;
	uint8_t personal[64]; /* a tap's, sealed */
};
/*
 * Makes the row of a record: its number, its previous hash; personal data of a tap are
 * sealed under a new key. False: out of range, no memory, or no random bytes. Free it in any case
 * with sj_journal_built_free(), before the record's own bytes go.
 */
SJ_MUST_CHECK bool sj_journal_put_row(const struct sj_journal_record *record,
				      const uint8_t previous[static SJ_JOURNAL_HASH],
				      struct sj_journal_built *out);
/* Wipes and frees. */
void sj_journal_built_free(struct sj_journal_built *built);
/*
 * The reverse. SJ_JOURNAL_BROKEN: the body is none, or the sealed data are not
 * those that it commits to.
 */
SJ_MUST_CHECK enum sj_rc sj_journal_take_row(const struct sj_journal_row *row,
					     struct sj_journal_record *out);

/* A tap's personal data as bytes; false: none, or sealed under another key. */
SJ_MUST_CHECK bool sj_journal_open_tap(const struct sj_journal_row *row, struct sj_writer *out);
/* Are these the personal data that a tap commits to? */
SJ_MUST_CHECK bool sj_journal_is_committed(struct sj_span commitment, struct sj_span plain);

SJ_MUST_CHECK bool sj_journal_hash(const struct sj_journal_row *row,
				   uint8_t out[static SJ_JOURNAL_HASH]);
/* What stands before the first record: the hash of the journal's public key. */
SJ_MUST_CHECK bool sj_journal_origin(struct sj_span public_key,
				     uint8_t out[static SJ_JOURNAL_HASH]);
/* The same of an open journal. */
SJ_MUST_CHECK enum sj_rc sj_journal_origin_of(const struct sj_journal *journal,
					      uint8_t out[static SJ_JOURNAL_HASH]);

/*
 * The numbers of the first record, and of the last one that is older than
 * `before` (*last 0: none is). Times never go back, so a few rows are looked at.
 */
SJ_MUST_CHECK enum sj_rc sj_journal_find(const struct sj_journal_store *store, int64_t before,
					 uint64_t *first, uint64_t *last);

/* --- heads -------------------------------------------------------------------- */

enum sj_journal_head_kind {
	SJ_JOURNAL_HEAD_AT = 1, /* the chain was so */
	SJ_JOURNAL_HEAD_TRIM, /* the chain begins behind it */
};

SJ_MUST_CHECK bool sj_journal_head_make(const struct sj_ec_secret *key,
					enum sj_journal_head_kind kind, uint64_t number,
					int64_t time, const uint8_t hash[static SJ_JOURNAL_HASH],
					struct sj_journal_head *out);

struct sj_journal_head_view {
	uint8_t kind;
	uint64_t number;
	int64_t time;
	struct sj_span hash;
};
/* False: malformed, of another number than it is stored under, or not signed by that key. */
SJ_MUST_CHECK bool sj_journal_head_take(const struct sj_journal_head *head,
					const struct sj_ec_point *key,
					struct sj_journal_head_view *out);

#endif
