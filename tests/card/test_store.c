/* The store: transactions, the file, failing system calls, compaction. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/card/store_rig.h"

/* --- cases: what transactions are ------------------------------------------------ */

static void committed_state_survives_reopening(void **state)
{
	struct card_store *s = create(*state);

	for (unsigned i = 1; i <= TRANSACTIONS; i++) {
		step(s, i);
		commit(s);
		s = reopen(*state, s);
		assert_int_equal(state_of(s), i);
	}
	card_store_close(s);
}

static void uncommitted_state_does_not(void **state)
{
	struct card_store *s = create(*state);

	step(s, 1);
	commit(s);
	step(s, 2);
	step(s, 3);
	s = reopen(*state, s);
	assert_int_equal(state_of(s), 1);
	card_store_close(s);
}

static void abort_restores_every_object(void **state)
{
	struct card_store *s = create(*state);

	step(s, 1);
	commit(s);
	for (unsigned i = 2; i <= TRANSACTIONS; i++)
		step(s, i);
	assert_true(card_store_delete(s, 2));
	card_store_abort(s);
	assert_int_equal(state_of(s), 1);
	card_store_close(s);
}

static void reads_inside_see_writes(void **state)
{
	struct card_store *s = create(*state);

	set(s, 7, "before");
	commit(s);
	set(s, 7, "after");
	assert_true(has(s, 7, "after"));
	assert_true(card_store_delete(s, 7));
	assert_false(has(s, 7, "after"));
	card_store_abort(s);
	assert_true(has(s, 7, "before"));
	card_store_close(s);
}

static void a_gap_is_zeros(void **state)
{
	struct card_store *s = create(*state);
	struct sj_span got;

	assert_true(card_store_write(s, 9, 3, SJ_SPAN_STR("x")));
	commit(s);
	s = reopen(*state, s);
	assert_true(card_store_get(s, 9, &got));
	assert_int_equal(got.len, 4);
	assert_memory_equal(got.ptr, "\0\0\0x", 4);
	card_store_close(s);
}

static void no_change_writes_nothing(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);

	step(s, 1);
	commit(s);
	r->calls = 0;
	commit(s);
	set(s, 1, "one");
	assert_true(card_store_write(s, 1, 1, SJ_SPAN_STR("n")));
	assert_true(card_store_delete(s, 99));
	set(s, 50, "there and gone");
	assert_true(card_store_delete(s, 50));
	set(s, 1, "other");
	set(s, 1, "one");
	commit(s);
	assert_int_equal(r->calls, 0);
	card_store_close(s);
}

static void one_commit_is_one_write_and_one_sync(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);

	r->writes = 0;
	r->syncs = 0;
	step(s, 1);
	commit(s);
	assert_int_equal(r->writes, 1);
	assert_int_equal(r->syncs, 1);
	card_store_close(s);
}

static void memory_store_keeps_transactions(void **state)
{
	struct card_store *s = NULL;

	(void)state;
	assert_int_equal(card_store_memory(&s), CARD_STORE_OK);
	step(s, 1);
	commit(s);
	step(s, 2);
	card_store_abort(s);
	assert_int_equal(state_of(s), 1);
	card_store_close(s);
}

/* --- cases: the file --------------------------------------------------------------- */

static void file_is_the_owners_alone(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);
	struct stat st;

	assert_int_equal(stat(r->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	card_store_close(s);
}

static void create_never_replaces(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r), *other = NULL;

	step(s, 1);
	commit(s);
	assert_int_equal(card_store_create(r->path, &other), CARD_STORE_EXISTS);
	s = reopen(r, s);
	assert_int_equal(state_of(s), 1);
	card_store_close(s);
}

static void second_process_is_told_busy(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r), *other;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(card_store_open(r->path, &other) == CARD_STORE_BUSY ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	card_store_close(s);
}

static void other_files_are_not_cards(void **state)
{
	struct room *r = *state;
	struct card_store *s = NULL;
	static const uint8_t text[64] = "something else altogether";

	put_file(r, text, sizeof(text));
	assert_int_equal(card_store_open(r->path, &s), CARD_STORE_NOT_A_CARD);
	put_file(r, text, 0);
	assert_int_equal(card_store_open(r->path, &s), CARD_STORE_NOT_A_CARD);
	assert_int_equal(card_store_open(r->folder, &s), CARD_STORE_IO);
}

/* --- cases: failing system calls --------------------------------------------------------- */

/* Whatever call of a commit fails: the state before, in memory and in the file. */
static void check_failure(struct room *r, int error, bool lasting)
{
	for (unsigned at = 1; at <= 2; at++) {
		struct card_store *s = create(r);

		step(s, 1);
		commit(s);
		r->calls = 0;
		r->fail_at = at;
		r->fail_on = lasting;
		r->error = error;
		step(s, 2);
		assert_int_equal(card_store_commit(s), CARD_STORE_IO);
		assert_int_equal(errno, error);
		assert_int_equal(state_of(s), 1);
		r->fail_at = 0;
		step(s, 2);
		step(s, 3);
		commit(s);
		s = reopen(r, s);
		assert_int_equal(state_of(s), 3);
		card_store_close(s);
		unlink(r->path);
	}
}

static void failed_write_or_sync_rolls_back(void **state)
{
	check_failure(*state, EIO, false);
	check_failure(*state, ENOSPC, false);
}

/* Not even cutting the file back works: the next commit does that first. */
static void lasting_failure_rolls_back(void **state)
{
	check_failure(*state, EIO, true);
	check_failure(*state, ENOSPC, true);
}

static void interrupted_writes_go_on(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);

	r->calls = 0;
	r->fail_at = 3;
	r->error = EINTR;
	for (unsigned i = 1; i <= TRANSACTIONS; i++) {
		step(s, i);
		commit(s);
	}
	s = reopen(r, s);
	assert_int_equal(state_of(s), TRANSACTIONS);
	card_store_close(s);
}

/* A transaction goes out in one write: half a sector of it could not be told from damage. */
static void a_short_write_has_failed(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);

	r->most = 7;
	r->writes = 0;
	step(s, 1);
	assert_int_equal(card_store_commit(s), CARD_STORE_IO);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(r->writes, 1);
	s = reopen(r, s);
	assert_int_equal(state_of(s), 0);
	card_store_close(s);
}

/* A new file is not looked at before all of it is there. */
static void a_new_file_may_come_in_pieces(void **state)
{
	struct room *r = *state;
	struct card_store *s;

	r->most = 7;
	s = create(r);
	r->most = 0;
	step(s, 1);
	commit(s);
	r->most = 7;
	assert_true(card_store_wipe(s, 1, 3));
	commit(s);
	s = reopen(r, s);
	assert_int_equal(state_of(s), 0);
	card_store_close(s);
}

static void failed_creation_leaves_nothing(void **state)
{
	struct room *r = *state;

	for (r->fail_at = 1; r->fail_at <= 4; r->fail_at++) {
		struct card_store *s = NULL;

		r->calls = 0;
		assert_int_equal(card_store_create_with(r->path, &r->io, r, &s), CARD_STORE_IO);
		assert_int_equal(access(r->path, F_OK), -1);
	}
}

/* --- cases: compaction --------------------------------------------------------------------- */

static void churn(struct card_store *s, unsigned rounds)
{
	static uint8_t block[8192];

	for (unsigned i = 0; i < rounds; i++) {
		memset(block, (int)('0' + i % 10), sizeof(block));
		assert_true(card_store_set(s, 40, SJ_SPAN_OF(block)));
		commit(s);
	}
}

static void the_file_does_not_grow_for_ever(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);
	struct stat st;

	step(s, 1);
	churn(s, 500);
	assert_int_equal(stat(r->path, &st), 0);
	assert_true(st.st_size < 300000);
	assert_int_equal(st.st_mode & 0777, 0600);
	s = reopen(r, s);
	assert_true(card_store_delete(s, 40));
	assert_int_equal(state_of(s), 1);
	card_store_close(s);
}

/* Each call around the first compaction fails once: nothing is lost, work goes on. */
static void failed_compaction_loses_nothing(void **state)
{
	struct room *r = *state;

	for (unsigned at = 60; at <= 80; at++) {
		struct card_store *s = create(r);

		step(s, 1);
		commit(s);
		r->calls = 0;
		r->fail_at = at;
		for (unsigned i = 0; i < 60; i++) {
			static uint8_t block[8192];

			memset(block, (int)i + 1, sizeof(block));
			assert_true(card_store_set(s, 40, SJ_SPAN_OF(block)));
			if (card_store_commit(s) != CARD_STORE_OK) {
				assert_true(card_store_set(s, 40, SJ_SPAN_OF(block)));
				commit(s);
			}
		}
		r->fail_at = 0;
		s = reopen(r, s);
		assert_true(card_store_delete(s, 40));
		assert_int_equal(state_of(s), 1);
		card_store_close(s);
		unlink(r->path);
	}
}

static bool in_file(const struct room *r, const char *text)
{
	static char bytes[IMAGE_MAX];
	FILE *f = fopen(r->path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return memmem(bytes, n, text, strlen(text)) != NULL;
}

/* Neither is what it was before, nor what else was deleted. */
static void nothing_of_what_is_wiped_remains_in_the_file(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);

	set(s, 10, "secret of before");
	commit(s);
	set(s, 10, "secret of now");
	set(s, 12, "neighbour");
	commit(s);
	assert_true(in_file(r, "secret of before"));
	assert_true(card_store_wipe(s, 10, 12));
	card_store_abort(s);
	set(s, 13, "more");
	commit(s);
	assert_true(has(s, 10, "secret of now") && in_file(r, "secret of now"));
	assert_true(card_store_wipe(s, 10, 12));
	commit(s);
	assert_false(in_file(r, "secret"));
	s = reopen(r, s);
	assert_false(has(s, 10, "secret of now"));
	assert_true(has(s, 12, "neighbour"));
	card_store_close(s);
}

/* Truncation, write, sync or rename of the new file: all is as before. */
static void a_wipe_that_fails_wipes_nothing(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);

	step(s, 1);
	commit(s);
	for (unsigned at = 1; at <= 4; at++) {
		r->calls = 0;
		r->fail_at = at;
		assert_true(card_store_wipe(s, 0, 100));
		assert_int_equal(card_store_commit(s), CARD_STORE_IO);
		assert_int_equal(errno, EIO);
		assert_int_equal(state_of(s), 1);
	}
	r->fail_at = 0;
	s = reopen(r, s);
	assert_int_equal(state_of(s), 1);
	assert_true(card_store_wipe(s, 0, 100));
	commit(s);
	s = reopen(r, s);
	assert_int_equal(state_of(s), 0);
	card_store_close(s);
}

/* Else a cut could bring back what was wiped. */
static void a_wipe_whose_name_is_not_durable_has_failed(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);

	step(s, 1);
	commit(s);
	for (unsigned lasting = 0; lasting <= 1; lasting++) {
		r->calls = 0;
		r->fail_at = 5; /* the folder's sync, after the rename */
		r->fail_on = lasting != 0;
		assert_true(card_store_wipe(s, 0, 100));
		assert_int_equal(card_store_commit(s), CARD_STORE_IO);
		assert_int_equal(errno, EIO);
		assert_int_equal(state_of(s), 1 + lasting);
		r->fail_at = 0;
		step(s, 2 + lasting);
		commit(s);
		s = reopen(r, s);
		assert_int_equal(state_of(s), 2 + lasting);
	}
	card_store_close(s);
}

static void the_lock_survives_compaction(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r), *other;
	int status;
	pid_t pid;

	churn(s, 100);
	pid = fork();
	if (pid == 0)
		_exit(card_store_open(r->path, &other) == CARD_STORE_BUSY ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	card_store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_CASE(committed_state_survives_reopening),
		STORE_CASE(uncommitted_state_does_not),
		STORE_CASE(abort_restores_every_object),
		STORE_CASE(reads_inside_see_writes),
		STORE_CASE(a_gap_is_zeros),
		STORE_CASE(no_change_writes_nothing),
		STORE_CASE(one_commit_is_one_write_and_one_sync),
		STORE_CASE(memory_store_keeps_transactions),
		STORE_CASE(file_is_the_owners_alone),
		STORE_CASE(create_never_replaces),
		STORE_CASE(second_process_is_told_busy),
		STORE_CASE(other_files_are_not_cards),
		STORE_CASE(failed_write_or_sync_rolls_back),
		STORE_CASE(lasting_failure_rolls_back),
		STORE_CASE(interrupted_writes_go_on),
		STORE_CASE(a_short_write_has_failed),
		STORE_CASE(a_new_file_may_come_in_pieces),
		STORE_CASE(failed_creation_leaves_nothing),
		STORE_CASE(the_file_does_not_grow_for_ever),
		STORE_CASE(failed_compaction_loses_nothing),
		STORE_CASE(nothing_of_what_is_wiped_remains_in_the_file),
		STORE_CASE(a_wipe_that_fails_wipes_nothing),
		STORE_CASE(a_wipe_whose_name_is_not_durable_has_failed),
		STORE_CASE(the_lock_survives_compaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
