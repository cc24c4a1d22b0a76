/* The journal: chain, heads, erasure, trimming, and everything that may be wrong with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "journal/record.h"
#include "tests/unit/memory.h"

#define NOW 1790000000

struct memory {
	struct sj_journal_store store;
	struct memory_store kept;
	struct sj_journal *journal;
	uint8_t key[SJ_JOURNAL_KEY], public_key[SJ_JOURNAL_PUBLIC];
	struct sj_journal_report report;
};

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
	m->store = memory_store(&m->kept);
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
	assert_null(memmem(m->kept.rows[0].body, m->kept.rows[0].body_len, "\xA7\xA7\xA7\xA7", 4));
	assert_null(
		memmem(m->kept.rows[0].sealed, m->kept.rows[0].sealed_len, "\xA7\xA7\xA7\xA7", 4));
}

static void test_a_tap_without_personal_data_has_no_key(void **state)
{
	struct sj_journal_record r = tap(NOW, 0), out = SJ_JOURNAL_RECORD_INIT;
	struct memory *m = *state;

	r.verdict.pseudonym_known = false;
	r.verdict.holder_class = r.verdict.ages = 0;
	put(m, r);
	assert_int_equal(m->kept.rows[0].sealed_len, 0);
	assert_int_equal(sj_journal_read(&m->store, 0, &out), SJ_OK);
	assert_false(out.personal || out.erased);
}

static void test_equal_taps_have_different_commitments(void **state)
{
	struct memory *m = *state;

	put(m, tap(NOW, 1));
	put(m, tap(NOW, 1));
	assert_memory_not_equal(m->kept.rows[0].body + 50, m->kept.rows[1].body + 50, 32);
	assert_memory_not_equal(m->kept.rows[0].key, m->kept.rows[1].key, 32);
}

static void test_heads_are_signed_at_intervals(void **state)
{
	struct memory *m = *state;

	sj_journal_sign_every(m->journal, 5);
	fill(m, 12);
	assert_int_equal(m->kept.heads_n, 2);
	assert_int_equal(verify(m), SJ_OK);
	assert_int_equal(m->report.covered, 10);
	assert_int_equal(sj_journal_sign(m->journal, NOW + 50), SJ_OK);
	assert_int_equal(sj_journal_sign(m->journal, NOW + 51), SJ_OK);
	assert_int_equal(m->kept.heads_n, 3);
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
		for (size_t i = 0; i < m->kept.rows[r].body_len; i++) {
			m->kept.rows[r].body[i] ^= 1;
			assert_int_equal(verify(m), SJ_JOURNAL_BROKEN);
			m->kept.rows[r].body[i] ^= 1;
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
		m->kept.heads[0].bytes[i] ^= 1;
		broken_at(m, 2, "not signed");
		m->kept.heads[0].bytes[i] ^= 1;
	}
	for (size_t i = 0; i < SJ_JOURNAL_SIGNATURE; i++) {
		m->kept.heads[0].signature[i] ^= 1;
		broken_at(m, 2, "not signed");
		m->kept.heads[0].signature[i] ^= 1;
	}
}

static void test_every_truncation_of_a_body_is_found(void **state)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct memory *m = *state;

	fill(m, 1);
	for (size_t n = m->kept.rows[0].body_len; n-- > 0;) {
		m->kept.rows[0].body_len = n;
		assert_int_equal(sj_journal_read(&m->store, 0, &r), SJ_JOURNAL_BROKEN);
	}
}

static void test_changed_personal_data_are_found(void **state)
{
	struct memory *m = *state;

	fill(m, 2);
	m->kept.rows[0].sealed[20] ^= 1;
	broken_at(m, 1, "not as it was written");
	m->kept.rows[0].sealed[20] ^= 1;
	memcpy(m->kept.rows[0].sealed, m->kept.rows[1].sealed, sizeof(m->kept.rows[0].sealed));
	memcpy(m->kept.rows[0].key, m->kept.rows[1].key, sizeof(m->kept.rows[0].key));
	broken_at(m, 1, "not as it was written");
}

static void remove_row(struct memory *m, size_t i)
{
	memmove(m->kept.rows + i, m->kept.rows + i + 1,
		(m->kept.rows_n - i - 1) * sizeof(m->kept.rows[0]));
	m->kept.rows_n--;
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
	struct sj_journal_built built;

	fill(m, 3);
	assert_int_equal(sj_journal_sign(m->journal, NOW), SJ_OK);
	assert_true(sj_journal_origin(SJ_SPAN_OF(m->public_key), previous));
	for (size_t i = 0; i < 3; i++) {
		r = tap(NOW + 5, 77);
		r.number = i + 1;
		assert_true(sj_journal_put_row(&r, previous, &built));
		assert_true(sj_journal_hash(&built.row, previous));
		memory_row_set(&m->kept.rows[i], &built.row);
		sj_journal_built_free(&built);
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
	assert_int_equal(m->kept.rows[3].sealed_len, 0);
	assert_int_not_equal(m->kept.rows[2].sealed_len, 0);
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
	assert_int_equal(m->kept.rows_n, 1);
	assert_int_equal(verify(m), SJ_OK);
	m->kept.heads[0].signature[0] ^= 1;
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
	m->kept.full = true;
	assert_int_equal(sj_journal_add(m->journal, &r), SJ_OUTPUT_FAILED);
	assert_int_equal(sj_journal_add(m->journal, &r), SJ_OUTPUT_FAILED);
	m->kept.full = false;
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
	m->kept.rows[1].body[0] = 9;
	assert_int_equal(sj_journal_open(&m->store, m->key, &other, &clean), SJ_JOURNAL_BROKEN);
	assert_null(other);
}

/* --- verifications ---------------------------------------------------------------- */

static void put_verification(struct memory *m, int64_t time, int64_t due)
{
	static const uint8_t content[600] = { 1, 2, 3 };
	uint8_t sealed[2000];
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	memset(sealed, 0x5E, sizeof(sealed));
	memset(r.key, 0x77, sizeof(r.key));
	r.kind = SJ_JOURNAL_VERIFICATION;
	r.time = time;
	r.content = content;
	r.content_len = sizeof(content);
	r.sealed = sealed;
	r.sealed_len = due != 0 ? sizeof(sealed) : 0;
	r.due = due;
	put(m, r);
}

static void test_a_verification_comes_back_as_it_was(void **state)
{
	struct sj_journal_record out = SJ_JOURNAL_RECORD_INIT;
	struct memory *m = *state;

	put_verification(m, NOW, NOW + 60);
	assert_int_equal(sj_journal_read(&m->store, 0, &out), SJ_OK);
	assert_int_equal(out.content_len, 600);
	assert_int_equal(out.content[1], 2);
	assert_int_equal(out.sealed_len, 2000);
	assert_int_equal(out.sealed[1999], 0x5E);
	assert_int_equal(out.key[31], 0x77);
	assert_int_equal(out.due, NOW + 60);
	assert_true(out.personal && !out.erased);
	assert_int_equal(verify(m), SJ_OK);
}

static void test_what_is_sealed_is_bound_with_its_key_and_its_time(void **state)
{
	struct memory *m = *state;

	put_verification(m, NOW, NOW + 60);
	for (size_t i = 0; i < m->kept.rows[0].sealed_len; i += 37) {
		m->kept.rows[0].sealed[i] ^= 1;
		broken_at(m, 1, "not as it was written");
		m->kept.rows[0].sealed[i] ^= 1;
	}
	m->kept.rows[0].key[3] ^= 1;
	broken_at(m, 1, "not as it was written");
	m->kept.rows[0].key[3] ^= 1;
	m->kept.rows[0].due++;
	broken_at(m, 1, "not as it was written");
}

static void test_what_is_due_is_erased_and_nothing_else(void **state)
{
	struct memory *m = *state;
	uint64_t n = 0;

	put_verification(m, NOW, NOW + 10);
	put_verification(m, NOW, 0);
	put_verification(m, NOW, NOW + 30);
	put(m, tap(NOW, 1));
	assert_int_equal(sj_journal_erase_due(&m->store, NOW + 9, &n), SJ_OK);
	assert_int_equal(n, 0);
	assert_int_equal(sj_journal_erase_due(&m->store, NOW + 10, &n), SJ_OK);
	assert_int_equal(n, 1);
	assert_int_equal(verify(m), SJ_OK);
	assert_int_equal(m->report.personal, 2);
	assert_int_equal(m->report.erased, 1);
}

static void test_a_clock_that_was_set_back_keeps_nothing_longer(void **state)
{
	struct memory *m = *state;
	uint64_t n = 0;

	put_verification(m, NOW, NOW + 10);
	put(m, tap(NOW + 20, 1));
	assert_int_equal(sj_journal_erase_due(&m->store, NOW - 1000, &n), SJ_OK);
	assert_int_equal(n, 1);
}

static void test_one_record_is_erased(void **state)
{
	struct memory *m = *state;
	uint64_t n = 0;

	put_verification(m, NOW, NOW + 10);
	put_verification(m, NOW, NOW + 10);
	assert_int_equal(sj_journal_erase_record(&m->store, 2, &n), SJ_OK);
	assert_int_equal(n, 1);
	assert_int_equal(sj_journal_erase_record(&m->store, 2, &n), SJ_OK);
	assert_int_equal(n, 0);
	assert_int_not_equal(m->kept.rows[0].sealed_len, 0);
	assert_int_equal(verify(m), SJ_OK);
}

static void test_a_verification_that_is_too_long_is_refused(void **state)
{
	static const uint8_t content[SJ_JOURNAL_BODY_MAX] = { 1 };
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct memory *m = *state;

	r.kind = SJ_JOURNAL_VERIFICATION;
	r.content = content;
	r.content_len = sizeof(content);
	assert_int_equal(sj_journal_add(m->journal, &r), SJ_CRYPTO_FAILED);
	assert_int_equal(verify(m), SJ_OK);
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
		CASE(test_a_verification_comes_back_as_it_was),
		CASE(test_what_is_sealed_is_bound_with_its_key_and_its_time),
		CASE(test_what_is_due_is_erased_and_nothing_else),
		CASE(test_a_clock_that_was_set_back_keeps_nothing_longer),
		CASE(test_one_record_is_erased),
		CASE(test_a_verification_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
