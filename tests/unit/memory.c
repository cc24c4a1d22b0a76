#include "tests/unit/memory.h"

#include <assert.h>
#include <string.h>

void memory_row_set(struct memory_row *row, const struct sj_journal_row *from)
{
	assert(from->body_len <= sizeof(row->body) && from->sealed_len <= sizeof(row->sealed));
	*row = (struct memory_row){ .number = from->number,
				    .body_len = from->body_len,
				    .sealed_len = from->sealed_len,
				    .due = from->due };
	memcpy(row->body, from->body, from->body_len);
	memcpy(row->key, from->key, sizeof(row->key));
	if (from->sealed_len != 0)
		memcpy(row->sealed, from->sealed, from->sealed_len);
}

static enum sj_rc row(void *user, uint64_t after, struct sj_journal_row *out)
{
	struct memory_store *m = user;

	*out = (struct sj_journal_row){ .number = 0 };
	for (size_t i = 0; i < m->rows_n; i++) {
		const struct memory_row *r = &m->rows[i];

		if (r->number <= after && !(after == UINT64_MAX && i + 1 == m->rows_n))
			continue;
		*out = (struct sj_journal_row){ r->number, r->body,       r->body_len, { 0 },
						r->sealed, r->sealed_len, r->due };
		memcpy(out->key, r->key, sizeof(out->key));
		break;
	}
	return SJ_OK;
}

static enum sj_rc head(void *user, uint64_t after, struct sj_journal_head *out)
{
	struct memory_store *m = user;

	out->number = 0;
	for (size_t i = 0; i < m->heads_n; i++) {
		if (m->heads[i].number > after || (after == UINT64_MAX && i + 1 == m->heads_n)) {
			*out = m->heads[i];
			break;
		}
	}
	return SJ_OK;
}

static enum sj_rc add(void *user, const struct sj_journal_row *r, const struct sj_journal_head *h)
{
	struct memory_store *m = user;

	if (m->full || m->rows_n == MEMORY_ROWS || m->heads_n == MEMORY_ROWS)
		return SJ_OUTPUT_FAILED;
	if (r != NULL)
		memory_row_set(&m->rows[m->rows_n++], r);
	if (h != NULL)
		m->heads[m->heads_n++] = *h;
	return SJ_OK;
}

static uint64_t forget(struct memory_row *r)
{
	uint64_t n = r->sealed_len != 0;

	memset(r->key, 0, sizeof(r->key));
	memset(r->sealed, 0, sizeof(r->sealed));
	r->sealed_len = 0;
	r->due = 0;
	return n;
}

static enum sj_rc erase(void *user, uint64_t first, uint64_t last, uint64_t *erased)
{
	struct memory_store *m = user;

	*erased = 0;
	for (size_t i = 0; i < m->rows_n; i++)
		if (m->rows[i].number >= first && m->rows[i].number <= last)
			*erased += forget(&m->rows[i]);
	return SJ_OK;
}

static enum sj_rc erase_due(void *user, int64_t now, uint64_t *erased)
{
	struct memory_store *m = user;

	*erased = 0;
	for (size_t i = 0; i < m->rows_n; i++)
		if (m->rows[i].due != 0 && m->rows[i].due <= now)
			*erased += forget(&m->rows[i]);
	return SJ_OK;
}

static enum sj_rc trim(void *user, const struct sj_journal_head *start)
{
	struct memory_store *m = user;
	size_t rows = 0, heads = 0;

	while (rows < m->rows_n && m->rows[rows].number <= start->number)
		rows++;
	while (heads < m->heads_n && m->heads[heads].number <= start->number)
		heads++;
	memmove(m->rows, m->rows + rows, (m->rows_n - rows) * sizeof(m->rows[0]));
	m->rows_n -= rows;
	memmove(m->heads + 1, m->heads + heads, (m->heads_n - heads) * sizeof(m->heads[0]));
	m->heads_n += 1 - heads;
	m->heads[0] = *start;
	return SJ_OK;
}

struct sj_journal_store memory_store(struct memory_store *m)
{
	return (struct sj_journal_store){
		sizeof(struct sj_journal_store), m, row, head, add, erase, trim, erase_due
	};
}
