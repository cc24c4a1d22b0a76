/*
 * test_journal.c -- kill -9 of a process that writes, signs, erases and trims
 * a journal of taps and verifications, at random moments: it opens, holds, and goes on.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "gate/tool.h"

#define KILLS 120u
#define SEED 4711u
#define UNTIL_MS 40u

struct fixture {
	char dir[40], path[64];
	uint8_t key[SJ_JOURNAL_KEY], public_key[SJ_JOURNAL_PUBLIC];
	uint64_t told; /* the last record that the writer knew to be on the disk */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/sojourn-kill-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/journal.db", f->dir);
	f->key[31] = 9;
	assert_int_equal(sj_journal_public(f->key, f->public_key), SJ_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cli_tree_remove(f->dir);
	free(f);
	return 0;
}

static struct sj_journal_record tap(unsigned i)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	r.kind = SJ_JOURNAL_TAP;
	r.time = i;
	r.decided = true;
	r.verdict.pseudonym_known = true;
	return r;
}

/* What a desk keeps of a holder, large enough to go over many pages. */
static struct sj_journal_record verification(unsigned i)
{
	static const uint8_t content[900] = { 1 }, sealed[20000] = { 2 };
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	r.kind = SJ_JOURNAL_VERIFICATION;
	r.time = i;
	r.content = content;
	r.content_len = sizeof(content);
	r.sealed = sealed;
	r.sealed_len = sizeof(sealed);
	r.due = (int64_t)i + 2;
	r.key[0] = (uint8_t)i;
	return r;
}

/* Writes until it is killed; each number goes to `told` once its record is on the disk. */
static void write_on(const struct fixture *f, int told)
{
	struct sj_journal *journal = NULL;
	struct cli_store *store = NULL;
	char why[128];
	uint64_t n;
	bool clean;

	if (cli_store_open(f->path, true, &store, why) != SJ_OK ||
	    sj_journal_open(&store->store, f->key, &journal, &clean) != SJ_OK)
		_exit(1);
	sj_journal_sign_every(journal, 3);
	for (unsigned i = 0;; i++) {
		struct sj_journal_record r = i % 4 == 1 ? verification(i) : tap(i);

		if (sj_journal_add(journal, &r) != SJ_OK ||
		    write(told, &r.number, sizeof(r.number)) != (ssize_t)sizeof(r.number))
			_exit(2);
		if (i % 5 == 4 && sj_journal_erase(&store->store, i, &n) != SJ_OK)
			_exit(3);
		if (i % 3 == 2 && sj_journal_erase_due(&store->store, i, &n) != SJ_OK)
			_exit(6);
		if (i % 7 == 6 && sj_journal_sign(journal, i) != SJ_OK)
			_exit(4);
		if (i % 11 == 10 && sj_journal_trim(journal, i, i, &n) != SJ_OK)
			_exit(5);
	}
}

/* Kills a writer after so long; what it told last is kept. */
static void kill_one(struct fixture *f, unsigned us)
{
	uint64_t number;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		write_on(f, ends[1]);
	close(ends[1]);
	usleep(us);
	kill(pid, SIGKILL);
	while (read(ends[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
		f->told = number;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void holds(struct fixture *f)
{
	struct sj_journal_report report = { .size = sizeof(report) };
	struct cli_store *store = NULL;
	char why[128];

	assert_int_equal(cli_store_open(f->path, true, &store, why), SJ_OK);
	assert_int_equal(sj_journal_verify(&store->store, f->public_key, &report), SJ_OK);
	cli_store_close(store);
	assert_true(report.last >= f->told);
	assert_true(f->told == 0 || report.records > 0);
}

static void test_no_kill_breaks_the_chain_or_loses_what_was_written(void **state)
{
	struct fixture *f = *state;
	unsigned seed = SEED;

	for (unsigned i = 0; i < KILLS; i++) {
		seed = seed * 1103515245u + 12345u;
		kill_one(f, (seed >> 8) % (UNTIL_MS * 1000u));
		holds(f);
	}
	assert_true(f->told > KILLS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_no_kill_breaks_the_chain_or_loses_what_was_written, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
