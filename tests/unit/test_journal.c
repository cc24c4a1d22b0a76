/* The journal: chain, heads, erasure, trimming, and everything that may be wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "journal/record.h"

#define ROWS 64
#define NOW 1790000000

/* A store in memory: both lists by number. */
struct memory {
	struct sj_journal_store store;
	struct sj_journal_row rows[ROWS];
	struct sj_journal_head heads[ROWS];
	size_t rows_n, heads_n;
	bool full;
	struct sj_journal *journal;
	uint8_t key[SJ_JOURNAL_KEY], public_key[SJ_JOURNAL_PUBLIC];
	struct sj_journal_report report;
};

static enum sj_rc row(void *user, uint64_t after, struct sj_journal_row *out)
{
	struct memory *m = user;

	out->number = 0;
	if (after == UINT64_MAX && m->rows_n > 0)
		*out = m->rows[m->rows_n - 1];
	for (size_t i = 0; i < m->rows_n; i++) {
		if (m->rows[i].number > after) {
			*out = m->rows[i];
			break;
		}
	}
	return SJ_OK;
}

static enum sj_rc head(void *user, uint64_t after, struct sj_journal_head *out)
{
	struct memory *m = user;

	out->number = 0;
	for (size_t i = 0; i < m->heads_n; i++) {
		if (m->heads[i].number > after) {
			*out = m->heads[i];
			break;
		}
	}
	return SJ_OK;
}

static enum sj_rc add(void *user, const struct sj_journal_row *r, const struct sj_journal_head *h)
{
	struct memory *m = user;

	if (m->full || m->rows_n == ROWS || m->heads_n == ROWS)
		return SJ_OUTPUT_FAILED;
	if (r != NULL)
		m->rows[m->rows_n++] = *r;
	if (h != NULL)
		m->heads[m->heads_n++] = *h;
	return SJ_OK;
}

static enum sj_rc erase(void *user, uint64_t first, uint64_t last, uint64_t *erased)
{
	struct memory *m = user;

	*erased = 0;
	for (size_t i = 0; i < m->rows_n; i++) {
		if (m->rows[i].number < first || m->rows[i].number > last)
			continue;
		memset(m->rows[i].key, 0, sizeof(m->rows[i].key));
		memset(m->rows[i].sealed, 0, sizeof(m->rows[i].sealed));
		*erased += m->rows[i].sealed_len != 0;
		m->rows[i].sealed_len = 0;
	}
	return SJ_OK;
}

static enum sj_rc trim(void *user, const struct sj_journal_head *start)
{
	struct memory *m = user;
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

static void reopen(struct memory *m, bool expect_clean)
{
	bool clean = !expect_clean;

	sj_journal_close(m->journal);
	m->journal = NULL;
	assert_int_equal(sj_journal_open(&m->store, m->key, &m->journal, &clean), SJ_OK);
	assert_int_equal(clean, expect_clean);
}

static int setup(void **state)
{
	struct memory *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->store = (struct sj_journal_store){ sizeof(m->store), m, row, head, add, erase, trim };
	m->key[0] = 1;
	m->key[31] = 7;
	m->report.size = sizeof(m->report);
	assert_int_equal(sj_journal_public(m->key, m->public_key), SJ_OK);
	reopen(m, true);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct memory *m = *state;

	sj_journal_close(m->journal);
	free(m);
	return 0;
}

static struct sj_journal_record tap(int64_t time, uint8_t who)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	r.kind = SJ_JOURNAL_TAP;
	r.time = time;
	r.decided = true;
	r.verdict.decision = SJ_GATE_ASK;
	r.verdict.reasons[0] = SJ_UNDECIDED;
	r.verdict.resumed = true;
	r.verdict.pseudonym_known = true;
	r.verdict.holder_class = 1;
	r.verdict.ages = 0x1F;
	memset(r.verdict.pseudonym, who, sizeof(r.verdict.pseudonym));
	r.times.select_us = 1000;
	r.times.complete_us = 70000;
	r.times.apdus = 2;
	strcpy(r.reader, "Gate 1 00 00");
	return r;
}

static void put(struct memory *m, struct sj_journal_record r)
{
	assert_int_equal(sj_journal_add(m->journal, &r), SJ_OK);
}

static void fill(struct memory *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put(m, tap(NOW + i, (uint8_t)i));
}

static void put_kind(struct memory *m, enum sj_journal_kind kind)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	r.kind = kind;
	r.time = NOW;
	put(m, r);
}

static enum sj_rc verify(struct memory *m)
{
	return sj_journal_verify(&m->store, m->public_key, &m->report);
}

static void broken_at(struct memory *m, uint64_t number, const char *why)
{
	assert_int_equal(verify(m), SJ_JOURNAL_BROKEN);
	assert_int_equal(m->report.broken, number);
	assert_non_null(strstr(m->report.why, why));
}

static void test_an_empty_journal_holds(void **state)
{
	assert_int_equal(verify(*state), SJ_OK);
	assert_int_equal(((struct memory *)*state)->report.records, 0);
}

static void test_a_tap_comes_back_as_it_was(void **state)
{
	struct sj_journal_record in = tap(NOW, 9), out = SJ_JOURNAL_RECORD_INIT;
	struct memory *m = *state;

	put(m, in);
	assert_int_equal(sj_journal_read(&m->store, 0, &out), SJ_OK);
	assert_int_equal(out.number, 1);
	assert_true(out.personal && !out.erased && out.decided);
	assert_memory_equal(&out.verdict, &in.verdict, sizeof(in.verdict));
	assert_memory_equal(&out.times, &in.times, sizeof(in.times));
	assert_string_equal(out.reader, in.reader);
	assert_int_equal(sj_journal_read(&m->store, 1, &out), SJ_OK);
	assert_int_equal(out.number, 0);
}

static void test_the_other_kinds_come_back(void **state)
{
	struct sj_journal_record gap = SJ_JOURNAL_RECORD_INIT, out = SJ_JOURNAL_RECORD_INIT;
	struct memory *m = *state;

	gap.kind = SJ_JOURNAL_GAP;
	gap.lost = 3;
	gap.since = NOW - 60;
	put(m, gap);
	put_kind(m, SJ_JOURNAL_FIRE);
	assert_int_equal(sj_journal_read(&m->store, 0, &out), SJ_OK);
	assert_int_equal(out.lost, 3);
	assert_int_equal(out.since, NOW - 60);
	assert_int_equal(sj_journal_read(&m->store, 1, &out), SJ_OK);
	assert_string_equal(sj_journal_kind_name(out.kind), "fire");
	assert_int_equal(verify(m), SJ_OK);
	assert_int_equal(m->report.gaps, 1);
	assert_int_equal(m->report.lost, 3);
}

static void test_personal_data_are_not_in_the_body(void **state)
{
	struct memory *m = *state;

	put(m, tap(NOW, 0xA7));
	assert_null(memmem(m->rows[0].body, m->rows[0].body_len, "\xA7\xA7\xA7\xA7", 4));
	assert_null(memmem(m->rows[0].sealed, m->rows[0].sealed_len, "\xA7\xA7\xA7\xA7", 4));
}

static void test_a_tap_without_personal_data_has_no_key(void **state)
{
	struct sj_journal_record r = tap(NOW, 0), out = SJ_JOURNAL_RECORD_INIT;
	struct memory *m = *state;

	r.verdict.pseudonym_known = false;
	r.verdict.holder_class = r.verdict.ages = 0;
	put(m, r);
	assert_int_equal(m->rows[0].sealed_len, 0);
	assert_int_equal(sj_journal_read(&m->store, 0, &out), SJ_OK);
	assert_false(out.personal || out.erased);
}

static void test_equal_taps_have_different_commitments(void **state)
{
	struct memory *m = *state;

	put(m, tap(NOW, 1));
	put(m, tap(NOW, 1));
	assert_memory_not_equal(m->rows[0].body + 50, m->rows[1].body + 50, 32);
	assert_memory_not_equal(m->rows[0].key, m->rows[1].key, 32);
}

static void test_heads_are_signed_at_intervals(void **state)
{
	struct memory *m = *state;

	sj_journal_sign_every(m->journal, 5);
	fill(m, 12);
	assert_int_equal(m->heads_n, 2);
	assert_int_equal(verify(m), SJ_OK);
	assert_int_equal(m->report.covered, 10);
	assert_int_equal(sj_journal_sign(m->journal, NOW + 50), SJ_OK);
	assert_int_equal(sj_journal_sign(m->journal, NOW + 51), SJ_OK);
	assert_int_equal(m->heads_n, 3);
	assert_int_equal(verify(m), SJ_OK);
	assert_int_equal(m->report.covered, 12);
	assert_int_equal(m->report.covered_time, NOW + 50);
}

static void test_it_goes_on_after_opening_again(void **state)
{
	struct memory *m = *state;

	fill(m, 3);
	reopen(m, false);
	fill(m, 2);
	put_kind(m, SJ_JOURNAL_STOP);
	assert_int_equal(sj_journal_sign(m->journal, NOW), SJ_OK);
	reopen(m, true);
	fill(m, 1);
	assert_int_equal(verify(m), SJ_OK);
	assert_int_equal(m->report.records, 7);
	assert_int_equal(m->report.covered, 6);
}

static void test_every_changed_byte_of_a_body_is_found(void **state)
{
	struct memory *m = *state;

	fill(m, 3);
	assert_int_equal(sj_journal_sign(m->journal, NOW), SJ_OK);
	for (size_t r = 0; r < 3; r++) {
		for (size_t i = 0; i < m->rows[r].body_len; i++) {
			m->rows[r].body[i] ^= 1;
			assert_int_equal(verify(m), SJ_JOURNAL_BROKEN);
			m->rows[r].body[i] ^= 1;
		}
	}
	assert_int_equal(verify(m), SJ_OK);
}

static void test_every_changed_byte_of_a_head_is_found(void **state)
{
	struct memory *m = *state;

	fill(m, 2);
	assert_int_equal(sj_journal_sign(m->journal, NOW), SJ_OK);
	for (size_t i = 0; i < SJ_JOURNAL_HEAD; i++) {
		m->heads[0].bytes[i] ^= 1;
		broken_at(m, 2, "not signed");
		m->heads[0].bytes[i] ^= 1;
	}
	for (size_t i = 0; i < SJ_JOURNAL_SIGNATURE; i++) {
		m->heads[0].signature[i] ^= 1;
		broken_at(m, 2, "not signed");
		m->heads[0].signature[i] ^= 1;
	}
}

static void test_every_truncation_of_a_body_is_found(void **state)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct memory *m = *state;

	fill(m, 1);
	for (size_t n = m->rows[0].body_len; n-- > 0;) {
		m->rows[0].body_len = n;
		assert_int_equal(sj_journal_read(&m->store, 0, &r), SJ_JOURNAL_BROKEN);
	}
}

static void test_changed_personal_data_are_found(void **state)
{
	struct memory *m = *state;

	fill(m, 2);
	m->rows[0].sealed[20] ^= 1;
	broken_at(m, 1, "not as it was written");
	m->rows[0].sealed[20] ^= 1;
	memcpy(m->rows[0].sealed, m->rows[1].sealed, sizeof(m->rows[0].sealed));
	memcpy(m->rows[0].key, m->rows[1].key, sizeof(m->rows[0].key));
	broken_at(m, 1, "not as it was written");
}

static void remove_row(struct memory *m, size_t i)
{
	memmove(m->rows + i, m->rows + i + 1, (m->rows_n - i - 1) * sizeof(m->rows[0]));
	m->rows_n--;
}

static void test_missing_records_are_found(void **state)
{
	struct memory *m = *state;

	fill(m, 4);
	assert_int_equal(sj_journal_sign(m->journal, NOW), SJ_OK);
	remove_row(m, 3);
	broken_at(m, 4, "missing at the end");
	remove_row(m, 1);
	broken_at(m, 2, "missing here");
	remove_row(m, 0);
	broken_at(m, 3, "before it are missing");
}

static void test_a_chain_computed_anew_lacks_the_signature(void **state)
{
	struct memory *m = *state;
	uint8_t previous[SJ_JOURNAL_HASH];
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	fill(m, 3);
	assert_int_equal(sj_journal_sign(m->journal, NOW), SJ_OK);
	assert_true(sj_journal_origin(SJ_SPAN_OF(m->public_key), previous));
	for (size_t i = 0; i < 3; i++) {
		r = tap(NOW + 5, 77);
		r.number = i + 1;
		assert_true(sj_journal_put_row(&r, previous, &m->rows[i]));
		assert_true(sj_journal_hash(&m->rows[i], previous));
	}
	broken_at(m, 3, "another chain");
}

static void test_another_key_does_not_verify(void **state)
{
	struct memory *m = *state;

	fill(m, 2);
	m->key[5] ^= 1;
	assert_int_equal(sj_journal_public(m->key, m->public_key), SJ_OK);
	broken_at(m, 1, "does not follow");
}

static void test_erased_data_are_gone_and_the_chain_holds(void **state)
{
	struct sj_journal_record out = SJ_JOURNAL_RECORD_INIT;
	struct memory *m = *state;
	uint64_t n = 0;

	fill(m, 5);
	assert_int_equal(sj_journal_erase(&m->store, NOW + 2, &n), SJ_OK);
	assert_int_equal(n, 2);
	assert_int_equal(sj_journal_read(&m->store, 0, &out), SJ_OK);
	assert_true(out.erased && !out.personal && !out.verdict.pseudonym_known);
	assert_int_equal(out.verdict.holder_class, 0);
	assert_int_equal(verify(m), SJ_OK);
	assert_int_equal(m->report.erased, 2);
	assert_int_equal(m->report.personal, 3);
}

static void test_what_is_older_is_found_at_every_place(void **state)
{
	struct memory *m = *state;
	uint64_t first, last;

	assert_int_equal(sj_journal_find(&m->store, NOW, &first, &last), SJ_OK);
	assert_int_equal(last, 0);
	fill(m, 9);
	for (uint64_t n = 0; n <= 9; n++) {
		assert_int_equal(sj_journal_find(&m->store, NOW + (int64_t)n, &first, &last),
				 SJ_OK);
		assert_int_equal(first, 1);
		assert_int_equal(last, n);
	}
}

static void test_one_holder_is_erased(void **state)
{
	const uint8_t who[16] = { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 };
	struct memory *m = *state;
	uint64_t n = 0;

	fill(m, 5);
	put(m, tap(NOW + 9, 3));
	assert_int_equal(sj_journal_erase_pseudonym(&m->store, who, &n), SJ_OK);
	assert_int_equal(n, 2);
	assert_int_equal(m->rows[3].sealed_len, 0);
	assert_int_not_equal(m->rows[2].sealed_len, 0);
	assert_int_equal(verify(m), SJ_OK);
}

static void test_a_trimmed_journal_holds_and_goes_on(void **state)
{
	struct memory *m = *state;
	uint64_t n = 0;

	sj_journal_sign_every(m->journal, 3);
	fill(m, 10);
	assert_int_equal(sj_journal_trim(m->journal, NOW + 20, NOW + 4, &n), SJ_OK);
	assert_int_equal(n, 4);
	fill(m, 2);
	assert_int_equal(verify(m), SJ_OK);
	assert_int_equal(m->report.first, 5);
	assert_int_equal(m->report.last, 12);
	assert_int_equal(sj_journal_trim(m->journal, NOW + 20, NOW + 9999, &n), SJ_OK);
	assert_int_equal(m->rows_n, 1);
	assert_int_equal(verify(m), SJ_OK);
	m->heads[0].signature[0] ^= 1;
	broken_at(m, 11, "not signed");
}

static void test_the_time_never_goes_back(void **state)
{
	struct sj_journal_record r = tap(NOW - 1000, 1);
	struct memory *m = *state;

	fill(m, 1);
	assert_int_equal(sj_journal_add(m->journal, &r), SJ_OK);
	assert_int_equal(r.time, NOW);
	reopen(m, false);
	assert_int_equal(sj_journal_time(m->journal), NOW);
	assert_int_equal(verify(m), SJ_OK);
}

static void test_a_full_disk_leaves_the_chain_whole(void **state)
{
	struct sj_journal_record r = tap(NOW, 1);
	struct memory *m = *state;

	fill(m, 2);
	m->full = true;
	assert_int_equal(sj_journal_add(m->journal, &r), SJ_OUTPUT_FAILED);
	assert_int_equal(sj_journal_add(m->journal, &r), SJ_OUTPUT_FAILED);
	m->full = false;
	put_kind(m, SJ_JOURNAL_GAP);
	fill(m, 1);
	assert_int_equal(verify(m), SJ_OK);
	assert_int_equal(m->report.records, 4);
	assert_int_equal(m->report.gaps, 1);
}

static void test_a_journal_whose_end_is_no_record_is_not_opened(void **state)
{
	struct memory *m = *state;
	struct sj_journal *other = NULL;
	bool clean;

	fill(m, 2);
	m->rows[1].body[0] = 9;
	assert_int_equal(sj_journal_open(&m->store, m->key, &other, &clean), SJ_JOURNAL_BROKEN);
	assert_null(other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_an_empty_journal_holds),
		CASE(test_a_tap_comes_back_as_it_was),
		CASE(test_the_other_kinds_come_back),
		CASE(test_personal_data_are_not_in_the_body),
		CASE(test_a_tap_without_personal_data_has_no_key),
		CASE(test_equal_taps_have_different_commitments),
		CASE(test_heads_are_signed_at_intervals),
		CASE(test_it_goes_on_after_opening_again),
		CASE(test_every_changed_byte_of_a_body_is_found),
		CASE(test_every_changed_byte_of_a_head_is_found),
		CASE(test_every_truncation_of_a_body_is_found),
		CASE(test_changed_personal_data_are_found),
		CASE(test_missing_records_are_found),
		CASE(test_a_chain_computed_anew_lacks_the_signature),
		CASE(test_another_key_does_not_verify),
		CASE(test_erased_data_are_gone_and_the_chain_holds),
		CASE(test_what_is_older_is_found_at_every_place),
		CASE(test_one_holder_is_erased),
		CASE(test_a_trimmed_journal_holds_and_goes_on),
		CASE(test_the_time_never_goes_back),
		CASE(test_a_full_disk_leaves_the_chain_whole),
		CASE(test_a_journal_whose_end_is_no_record_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
