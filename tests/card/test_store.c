/* The store: transactions, power cuts at every byte, damage, failing system calls. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/store_io.h"

#define TRANSACTIONS 5u
#define IMAGE_MAX 8192u

struct room {
	char folder[64], path[96];
	/* Failing system calls. */
	struct card_store_io io;
	unsigned calls; /* of every kind so far */
	unsigned fail_at; /* 0: never; else the number of the first call that fails */
	bool fail_on; /* later ones fail, too */
	int error;
	size_t most; /* bytes that a pwrite takes at once; 0: all */
	unsigned writes, syncs;
};

/* --- system calls that fail on demand ----------------------------------------- */

static bool fails(struct room *r)
{
	r->calls++;
	if (r->fail_at == 0 || r->calls < r->fail_at || (r->calls > r->fail_at && !r->fail_on))
		return false;
	errno = r->error;
	return true;
}

static ssize_t room_pwrite(void *self, int fd, const void *bytes, size_t n, off_t at)
{
	struct room *r = self;

	r->writes++;
	if (fails(r)) {
		/* Half of it is there all the same. */
		if (r->error != EINTR && pwrite(fd, bytes, n / 2, at) < 0)
			abort();
		return -1;
	}
	return pwrite(fd, bytes, r->most != 0 && n > r->most ? r->most : n, at);
}

static int room_fdatasync(void *self, int fd)
{
	struct room *r = self;

	(void)fd;
	r->syncs++;
	return fails(r) ? -1 : 0;
}

static int room_ftruncate(void *self, int fd, off_t length)
{
	return fails(self) ? -1 : ftruncate(fd, length);
}

static int room_rename(void *self, const char *from, const char *to)
{
	return fails(self) ? -1 : rename(from, to);
}

static int setup(void **state)
{
	struct room *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return -1;
	snprintf(r->folder, sizeof(r->folder), "%s/sj-store-XXXXXX",
		 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(r->folder) == NULL)
		return -1;
	snprintf(r->path, sizeof(r->path), "%s/card", r->folder);
	r->io = (struct card_store_io){ room_pwrite, room_fdatasync, room_ftruncate, room_rename };
	r->error = EIO;
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct room *r = *state;
	char new[112];

	snprintf(new, sizeof(new), "%s.new", r->path);
	unlink(r->path);
	unlink(new);
	rmdir(r->folder);
	free(r);
	return 0;
}

static struct card_store *create(struct room *r)
{
	struct card_store *s = NULL;

	assert_int_equal(card_store_create_with(r->path, &r->io, r, &s), CARD_STORE_OK);
	return s;
}

static struct card_store *reopen(struct room *r, struct card_store *s)
{
	card_store_close(s);
	s = NULL;
	assert_int_equal(card_store_open_with(r->path, &r->io, r, &s), CARD_STORE_OK);
	return s;
}

static void set(struct card_store *s, uint32_t id, const char *text)
{
	assert_true(card_store_set(s, id, sj_span((const uint8_t *)text, strlen(text))));
}

static void commit(struct card_store *s)
{
	assert_int_equal(card_store_commit(s), CARD_STORE_OK);
}

static bool has(const struct card_store *s, uint32_t id, const char *text)
{
	struct sj_span got;

	return card_store_get(s, id, &got) &&
	       sj_span_eq(got, sj_span((const uint8_t *)text, strlen(text)));
}

/* --- five transactions, each of which the state shows -------------------------- */

/* Makes the store be in state n (1..TRANSACTIONS) from state n - 1. */
static void step(struct card_store *s, unsigned n)
{
	char text[400];

	memset(text, 'a' + (int)n, sizeof(text));
	text[sizeof(text) - 1] = '\0';
	switch (n) {
	case 1:
		set(s, 1, "one");
		set(s, 2, text);
		break;
	case 2:
		assert_true(card_store_write(s, 2, 100, SJ_SPAN_STR("patch")));
		break;
	case 3:
		assert_true(card_store_delete(s, 1));
		set(s, 3, "three");
		break;
	case 4:
		assert_true(card_store_write(s, 3, 5, SJ_SPAN_STR(" and more")));
		break;
	default:
		set(s, 2, text);
		break;
	}
}

/* Which state it is in; asserts that it is none in between. */
static unsigned state_of(const struct card_store *s)
{
	struct sj_span two;
	unsigned n = 0;

	if (!card_store_get(s, 2, &two)) {
		uint32_t any = 0;

		assert_false(card_store_next(s, &any));
		return 0;
	}
	assert_int_equal(two.len, 399);
	if (two.ptr[0] == 'f')
		n = 5;
	else if (has(s, 3, "three and more"))
		n = 4;
	else if (has(s, 3, "three"))
		n = 3;
	else
		n = memcmp(two.ptr + 100, "patch", 5) == 0 ? 2 : 1;
	assert_int_equal(has(s, 1, "one"), n < 3);
	assert_int_equal(has(s, 3, "three and more"), n >= 4);
	return n;
}

/* All five, with the file's length after each in ends[]; the file's bytes in image. */
static size_t make_image(struct room *r, uint8_t *image, size_t ends[TRANSACTIONS + 1])
{
	struct card_store *s = create(r);
	struct stat st;
	FILE *f;
	size_t n;

	assert_int_equal(stat(r->path, &st), 0);
	ends[0] = (size_t)st.st_size;
	for (unsigned i = 1; i <= TRANSACTIONS; i++) {
		step(s, i);
		commit(s);
		assert_int_equal(stat(r->path, &st), 0);
		ends[i] = (size_t)st.st_size;
	}
	card_store_close(s);
	f = fopen(r->path, "rb");
	assert_non_null(f);
	n = fread(image, 1, IMAGE_MAX, f);
	fclose(f);
	assert_int_equal(n, ends[TRANSACTIONS]);
	return n;
}

static void put_file(struct room *r, const uint8_t *bytes, size_t n)
{
	FILE *f = fopen(r->path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

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

/* --- cases: power cuts --------------------------------------------------------------- */

/* Cut at every length: the last transaction that is whole counts. */
static void every_truncation_opens(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);
	unsigned expected = 0;

	for (size_t cut = ends[0]; cut <= n; cut++) {
		struct card_store *s = NULL;

		while (expected < TRANSACTIONS && cut >= ends[expected + 1])
			expected++;
		assert_int_equal(card_store_parse(sj_span(image, cut), &s), CARD_STORE_OK);
		assert_int_equal(state_of(s), expected);
		card_store_close(s);
	}
}

/* After a cut the card goes on, and what it does then holds. */
static void work_goes_on_after_a_cut(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);

	for (size_t cut = ends[3]; cut < n; cut += 7) {
		struct card_store *s = NULL;
		unsigned was;

		put_file(r, image, cut);
		assert_int_equal(card_store_open(r->path, &s), CARD_STORE_OK);
		was = state_of(s);
		step(s, was + 1);
		commit(s);
		s = reopen(r, s);
		assert_int_equal(state_of(s), was + 1);
		card_store_close(s);
	}
}

/* The file had grown, but its new sectors never reached the disk: zeros. */
static void unwritten_sectors_at_the_end_are_a_cut(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX], torn[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);

	for (size_t cut = ends[4]; cut < n; cut = (cut / 512 + 1) * 512) {
		struct card_store *s = NULL;

		memcpy(torn, image, n);
		memset(torn + cut, 0, n - cut);
		assert_int_equal(card_store_parse(sj_span(torn, n), &s), CARD_STORE_OK);
		assert_int_equal(state_of(s), 4);
		card_store_close(s);
	}
}

/* --- cases: damage --------------------------------------------------------------------- */

/* Committed transactions are never dropped in silence. */
static void every_flipped_bit_is_noticed(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);

	for (size_t bit = 0; bit < 8 * n; bit++) {
		struct card_store *s = NULL;
		enum card_store_rc rc;

		image[bit / 8] ^= (uint8_t)(1u << bit % 8);
		rc = card_store_parse(sj_span(image, n), &s);
		assert_int_equal(rc, bit < 64 ? CARD_STORE_NOT_A_CARD : CARD_STORE_CORRUPT);
		image[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void zeroed_transaction_in_the_middle_is_damage(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);
	struct card_store *s = NULL;

	memset(image + ends[1], 0, ends[2] - ends[1]);
	assert_int_equal(card_store_parse(sj_span(image, n), &s), CARD_STORE_CORRUPT);
}

static void missing_transaction_in_the_middle_is_damage(void **state)
{
	struct room *r = *state;
	static uint8_t image[IMAGE_MAX];
	size_t ends[TRANSACTIONS + 1], n = make_image(r, image, ends);
	struct card_store *s = NULL;

	memmove(image + ends[1], image + ends[2], n - ends[2]);
	assert_int_equal(card_store_parse(sj_span(image, n - (ends[2] - ends[1])), &s),
			 CARD_STORE_CORRUPT);
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

static void interrupted_and_short_writes_go_on(void **state)
{
	struct room *r = *state;
	struct card_store *s = create(r);

	r->most = 7;
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
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(committed_state_survives_reopening),
		CASE(uncommitted_state_does_not),
		CASE(abort_restores_every_object),
		CASE(reads_inside_see_writes),
		CASE(a_gap_is_zeros),
		CASE(no_change_writes_nothing),
		CASE(one_commit_is_one_write_and_one_sync),
		CASE(memory_store_keeps_transactions),
		CASE(file_is_the_owners_alone),
		CASE(create_never_replaces),
		CASE(second_process_is_told_busy),
		CASE(other_files_are_not_cards),
		CASE(every_truncation_opens),
		CASE(work_goes_on_after_a_cut),
		CASE(unwritten_sectors_at_the_end_are_a_cut),
		CASE(every_flipped_bit_is_noticed),
		CASE(zeroed_transaction_in_the_middle_is_damage),
		CASE(missing_transaction_in_the_middle_is_damage),
		CASE(failed_write_or_sync_rolls_back),
		CASE(lasting_failure_rolls_back),
		CASE(interrupted_and_short_writes_go_on),
		CASE(failed_creation_leaves_nothing),
		CASE(the_file_does_not_grow_for_ever),
		CASE(failed_compaction_loses_nothing),
		CASE(the_lock_survives_compaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
