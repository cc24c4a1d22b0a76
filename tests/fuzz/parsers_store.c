/*
 * parsers_store.c -- a journal that is written, signed, trimmed and erased in any order, in a store
 * that somebody has changed. An input: steps of three bytes, which and two arguments.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/failures.h"
#include "tests/unit/memory.h"

#define STEPS_MAX 40u

static const uint8_t journal_key[SJ_JOURNAL_KEY] = { [SJ_JOURNAL_KEY - 1] = 1 };

struct life {
	struct memory_store *memory;
	struct sj_journal_store store;
	struct sj_journal *journal; /* NULL: closed */
	uint8_t public_key[SJ_JOURNAL_PUBLIC];
	int64_t now;
	bool changed; /* by somebody: then it need not hold */
};

static void on_add(struct life *l, uint8_t a, uint8_t b)
{
	static const uint8_t bytes[16] = "content";
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	r.kind = (enum sj_journal_kind)(a % 9u);
	r.time = l->now += b;
	r.decided = (b & 1) != 0;
	r.verdict.decision = b & 2 ? SJ_GATE_OPEN : SJ_GATE_REFUSE;
	r.verdict.resumed = (b & 4) != 0;
	r.verdict.from_staple = (b & 8) != 0;
	r.verdict.pseudonym_known = (b & 16) != 0;
	r.verdict.holder_class = (a >> 4) & 3;
	r.verdict.ages = a >> 6;
	r.times.apdus = a;
	r.content = bytes;
	r.content_len = b & 15;
	r.sealed = bytes;
	r.sealed_len = b & 32 ? a & 15 : 0;
	r.due = r.sealed_len > 0 ? l->now + 10 : 0;
	if (l->journal != NULL && l->memory->rows_n < MEMORY_ROWS - 2 &&
	    sj_journal_add(l->journal, &r) != SJ_OK && fuzz_is_calm() && !l->changed &&
	    r.kind == SJ_JOURNAL_START)
		abort();
}

static void on_sign(struct life *l, uint8_t a, uint8_t b)
{
	if ((a & 1) != 0)
		sj_journal_sign_every(l->journal, b % 5u);
	l->changed |= sj_journal_sign(l->journal, l->now) != SJ_OK;
}

static void on_trim(struct life *l, uint8_t a, uint8_t b)
{
	uint64_t removed;

	l->changed |= sj_journal_trim(l->journal, l->now, l->now - (a << 4) - b, &removed) != SJ_OK;
}

static void on_erase(struct life *l, uint8_t a, uint8_t b)
{
	const uint8_t pseudonym[16] = { 0 };
	uint64_t erased;
	enum sj_rc rc;

	if (a % 4 == 0)
		rc = sj_journal_erase(&l->store, l->now - b, &erased);
	else if (a % 4 == 1)
		rc = sj_journal_erase_due(&l->store, l->now + b, &erased);
	else if (a % 4 == 2)
		rc = sj_journal_erase_record(&l->store, b, &erased);
	else
		rc = sj_journal_erase_pseudonym(&l->store, pseudonym, &erased);
	l->changed |= rc != SJ_OK;
}

static void on_change(struct life *l, uint8_t a, uint8_t b)
{
	struct memory_row *row = &l->memory->rows[a % MEMORY_ROWS];

	l->changed = true;
	if (a % 3 == 0 && row->body_len > 0)
		row->body[b % row->body_len] ^= (uint8_t)(1 + a);
	else if (a % 3 == 1 && row->sealed_len > 0)
		row->sealed[b % row->sealed_len] ^= (uint8_t)(1 + a);
	else if (l->memory->heads_n > 0)
		l->memory->heads[a % l->memory->heads_n].bytes[b % SJ_JOURNAL_HEAD] ^= 1;
}

static void on_reopen(struct life *l, uint8_t a, uint8_t b)
{
	bool clean;

	(void)a;
	(void)b;
	sj_journal_close(l->journal);
	l->journal = NULL;
	if (sj_journal_open(&l->store, journal_key, &l->journal, &clean) != SJ_OK) {
		l->journal = NULL;
		if (fuzz_is_calm() && !l->changed)
			abort();
	}
}

/* What nobody changed holds. */
static void on_verify(struct life *l, uint8_t a, uint8_t b)
{
	struct sj_journal_report report = { .size = sizeof(report) };
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	uint64_t after = 0;

	(void)a;
	(void)b;
	if (sj_journal_verify(&l->store, l->public_key, &report) != SJ_OK && fuzz_is_calm() &&
	    !l->changed)
		abort();
	for (size_t i = 0; i < MEMORY_ROWS; i++, after = r.number)
		if (sj_journal_read(&l->store, after, &r) != SJ_OK || r.number <= after)
			break;
}

static bool run(struct sj_span in)
{
	static void (*const steps[])(struct life *, uint8_t, uint8_t) = {
		on_add, on_sign, on_trim, on_erase, on_verify, on_reopen, on_change,
	};
	static struct memory_store *memory; /* made once: half a megabyte */
	struct life l = { .now = 1780000000 };
	bool opened;

	fuzz_calm_begin();
	if (memory == NULL)
		memory = calloc(1, sizeof(*memory));
	l.memory = memory;
	memory->rows_n = memory->heads_n = 0;
	for (size_t i = 0; i < MEMORY_ROWS; i++)
		memory->rows[i].body_len = memory->rows[i].sealed_len = 0;
	memory->full = false;
	l.store = memory_store(memory);
	if (sj_journal_public(journal_key, l.public_key) != SJ_OK)
		abort();
	fuzz_calm_end();
	on_reopen(&l, 0, 0);
	opened = l.journal != NULL;
	for (unsigned i = 0; i < STEPS_MAX && in.len >= 3 && l.journal != NULL; i++) {
		steps[in.ptr[0] % 7](&l, in.ptr[1], in.ptr[2]);
		in = sj_span(in.ptr + 3, in.len - 3);
	}
	sj_journal_close(l.journal);
	return opened;
}

static bool seed(size_t i, struct sj_writer *w)
{
	const struct sj_span seeds[] = {
		SJ_SPAN_STR(
			"\0\1\1\0\x93\x17\0\x53\x1F\0\4\2\0\7\1\0\x18\x2F\1\0\0\4\0\0\3\1\x20\2\0\5\5\0\0\4\0\0"),
		SJ_SPAN_STR(
			"\0\1\1\0\x93\x17\0\5\1\0\6\1\3\0\0\3\2\2\3\3\0\6\3\5\4\0\0\6\1\2\5\0\0\4\0\0"),
	};

	if (i < 2)
		sj_put(w, seeds[i]);
	return i < 2;
}

struct fuzz_room fuzz_store(void)
{
	static const struct fuzz_parser parsers[] = { { "journal-life", seed, run } };

	return (struct fuzz_room){ parsers, sizeof(parsers) / sizeof(parsers[0]) };
}
