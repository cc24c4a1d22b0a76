/* memory.h -- a journal's store in memory, for tests. */
#ifndef SJ_TESTS_UNIT_MEMORY_H
#define SJ_TESTS_UNIT_MEMORY_H

#include <sojourn/journal.h>

#define MEMORY_ROWS 64
#define MEMORY_SEALED 8192

struct memory_row {
	uint64_t number;
	uint8_t body[SJ_JOURNAL_BODY_MAX];
	size_t body_len;
	uint8_t key[SJ_JOURNAL_KEY];
	uint8_t sealed[MEMORY_SEALED];
	size_t sealed_len;
	int64_t due;
};

/* Both lists by number. Large: keep it off the stack. */
struct memory_store {
	struct memory_row rows[MEMORY_ROWS];
	struct sj_journal_head heads[MEMORY_ROWS];
	size_t rows_n, heads_n;
	bool full;
};

struct sj_journal_store memory_store(struct memory_store *m);
void memory_row_set(struct memory_row *row, const struct sj_journal_row *from);

#endif
