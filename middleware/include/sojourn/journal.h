/*
 * journal.h -- what happened at a gate: a chain of records that cannot be
 * changed unseen, and personal data that can be erased from it.
 *
 * The bytes stand in middleware/journal/JOURNAL.md. Where they are kept is the
 * caller's: a table of functions. A journal belongs to one thread at a time.
 */
#ifndef SOJOURN_JOURNAL_H
#define SOJOURN_JOURNAL_H

#include <sojourn/gate.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SJ_JOURNAL_BODY_MAX 8192u
#define SJ_JOURNAL_KEY 32u
#define SJ_JOURNAL_SEALED_MAX (1u << 20)
#define SJ_JOURNAL_HEAD 50u
#define SJ_JOURNAL_SIGNATURE 64u
#define SJ_JOURNAL_PUBLIC 65u /* a public key: 04 || x || y */

/* --- where it is kept --------------------------------------------------------- */

/*
 * A record as it is stored. sealed_len 0: nothing personal, or erased. In a row that a store
 * gives, the bytes belong to the store until its next call.
 */
struct sj_journal_row {
	uint64_t number; /* from 1; 0: none */
	const uint8_t *body; /* at most SJ_JOURNAL_BODY_MAX bytes */
	size_t body_len;
	uint8_t key[SJ_JOURNAL_KEY];
	const uint8_t *sealed; /* at most SJ_JOURNAL_SEALED_MAX bytes */
	size_t sealed_len;
	int64_t due; /* when key and sealed data have to go, seconds since 1970 UTC; 0: not told */
};

/* A signed statement about the chain up to `number`. */
struct sj_journal_head {
	uint64_t number; /* 0: none */
	uint8_t bytes[SJ_JOURNAL_HEAD];
	uint8_t signature[SJ_JOURNAL_SIGNATURE];
};

/*
 * Every change is one transaction and on the disk when the function returns.
 * What is not there is SJ_OK with number 0.
 */
struct sj_journal_store {
	size_t size;
	void *user;
	/* The row with the least number above `after`; UINT64_MAX: the last row. */
	enum sj_rc (*row)(void *user, uint64_t after, struct sj_journal_row *out);
	/* The head with the least number above `after`; UINT64_MAX: the last head. */
	enum sj_rc (*head)(void *user, uint64_t after, struct sj_journal_head *out);
	/* Adds a row (NULL: none) and a head (NULL: none). */
	enum sj_rc (*add)(void *user, const struct sj_journal_row *row,
			  const struct sj_journal_head *head);
	/*
	 * Destroys keys and personal data of the rows from `first` to `last`, beyond
	 * recovery; *erased: how many had some.
	 */
	enum sj_rc (*erase)(void *user, uint64_t first, uint64_t last, uint64_t *erased);
	/* Removes rows and heads up to start->number and puts that head there. */
	enum sj_rc (*trim)(void *user, const struct sj_journal_head *start);
	/* As `erase`: of the rows that are due at `now` or were before. */
	enum sj_rc (*erase_due)(void *user, int64_t now, uint64_t *erased);
};

/* --- records ------------------------------------------------------------------ */

enum sj_journal_kind {
	SJ_JOURNAL_START = 1, /* the gate began to work */
	SJ_JOURNAL_STOP, /* it ended as it should */
	SJ_JOURNAL_TAP,
	SJ_JOURNAL_GAP, /* `lost` records since `since` could not be written; 0: nobody knows how many */
	SJ_JOURNAL_FIRE, /* the fire input opens the gate */
	SJ_JOURNAL_FIRE_END,
	SJ_JOURNAL_TRUST, /* trust was loaded anew; `rc`: or why not */
	SJ_JOURNAL_VERIFICATION, /* a service asked a card: sojourn/evidence.h */
};
/* "tap"; NULL: no such kind. */
SJ_API const char *sj_journal_kind_name(enum sj_journal_kind kind);

struct sj_journal_record {
	size_t size;
	uint64_t number; /* given by sj_journal_add() */
	enum sj_journal_kind kind;
	int64_t time; /* seconds since 1970 UTC */
	uint32_t lost; /* gap */
	int64_t since; /* gap */
	enum sj_rc rc; /* trust; a tap without a verdict: why */
	bool decided; /* tap: there was a verdict; else only rc and reader count */
	struct sj_gate_verdict verdict; /* pseudonym, class, ages: unless erased */
	struct sj_gate_times times;
	char reader[SJ_READER_NAME_MAX]; /* tap */
	bool personal; /* the verdict's personal data are there */
	bool erased; /* they were, once */
	/*
	 * verification: what sojourn/evidence.h reads and writes. When read, the bytes belong to the
	 * store until its next call. sealed_len 0: nothing personal, or erased.
	 */
	const uint8_t *content, *sealed;
	size_t content_len, sealed_len;
	uint8_t key[SJ_JOURNAL_KEY];
	int64_t due; /* when sealed data and key have to go; 0: there are none */
};
#define SJ_JOURNAL_RECORD_INIT \
	{ \
		.size = sizeof(struct sj_journal_record), \
		.verdict = { .size = sizeof(struct sj_gate_verdict) }, .times = { \
			.size = sizeof(struct sj_gate_times) \
		} \
	}

/* --- writing ------------------------------------------------------------------- */

struct sj_journal;

/*
 * Goes on with the journal in `store` (copied), whose functions stay valid until
 * sj_journal_close(), or begins one. `key`: the journal's private key
 * (as of sj_gate_key_new(); copied). SJ_JOURNAL_BROKEN: the last record
 * is none. *clean: it was stopped as it should, or is new.
 */
SJ_API enum sj_rc sj_journal_open(const struct sj_journal_store *store,
				  const uint8_t key[SJ_JOURNAL_KEY], struct sj_journal **out,
				  bool *clean);
/* Wipes the key; nothing is written (NULL is fine). */
SJ_API void sj_journal_close(struct sj_journal *journal);
/* Signs a head after so many records (0: never by itself); 100 at the beginning. */
SJ_API void sj_journal_sign_every(struct sj_journal *journal, uint32_t records);
/* When the last record was made; 0: there is none. It is at least that late, whatever the clock says. */
SJ_API int64_t sj_journal_time(const struct sj_journal *journal);
/*
 * Adds a record; a time before the last one's becomes that (a clock that was set
 * back). After a failure the journal is as it was, and the next may succeed.
 */
SJ_API enum sj_rc sj_journal_add(struct sj_journal *journal, struct sj_journal_record *record);
/* Signs the head now, unless the last record is covered already. */
SJ_API enum sj_rc sj_journal_sign(struct sj_journal *journal, int64_t now);
/* Removes what is older than `before` and leaves a signed checkpoint; the last record stays. */
SJ_API enum sj_rc sj_journal_trim(struct sj_journal *journal, int64_t now, int64_t before,
				  uint64_t *removed);

/* --- reading, by anybody who has the store --------------------------------------- */

/* The first record after the number `after`; SJ_OK with number 0: no more. */
SJ_API enum sj_rc sj_journal_read(const struct sj_journal_store *store, uint64_t after,
				  struct sj_journal_record *out);
/* Erases the personal data of records older than `before`. *erased: how many had some. */
SJ_API enum sj_rc sj_journal_erase(const struct sj_journal_store *store, int64_t before,
				   uint64_t *erased);
/* Erases what is due at `now` by its own time, or at the time of the last record if that is later. */
SJ_API enum sj_rc sj_journal_erase_due(const struct sj_journal_store *store, int64_t now,
				       uint64_t *erased);
/* Erases the personal data of one record. *erased 0: it had none. */
SJ_API enum sj_rc sj_journal_erase_record(const struct sj_journal_store *store, uint64_t number,
					  uint64_t *erased);
/* Erases what is kept of one pseudonym. */
SJ_API enum sj_rc sj_journal_erase_pseudonym(const struct sj_journal_store *store,
					     const uint8_t pseudonym[16], uint64_t *erased);

struct sj_journal_report {
	size_t size;
	uint64_t first, last; /* numbers of the records that are there; 0: none */
	uint64_t records, personal, erased;
	uint64_t gaps, lost; /* gap records, and what they count */
	uint64_t heads; /* signed ones that hold */
	uint64_t covered; /* the last record that a signed head vouches for */
	int64_t covered_time;
	uint64_t broken; /* where it does not hold; 0: it holds */
	const char *why; /* a sentence, static; NULL: it holds */
};
/*
 * Checks every record, every personal datum that is there and every head against
 * the journal's public key. SJ_JOURNAL_BROKEN: the report says where and why.
 */
SJ_API enum sj_rc sj_journal_verify(const struct sj_journal_store *store,
				    const uint8_t public_key[SJ_JOURNAL_PUBLIC],
				    struct sj_journal_report *report);
SJ_API enum sj_rc sj_journal_public(const uint8_t key[SJ_JOURNAL_KEY],
				    uint8_t public_key[SJ_JOURNAL_PUBLIC]);

#ifdef __cplusplus
}
#endif

#endif
