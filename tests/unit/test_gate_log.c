/* The journal of a running gate in SQLite: gaps, a full disk, what erasing leaves; lines; fire. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/frame.h"
#include "gate/tool_run.h"

struct fixture {
	struct cli cli;
	struct gate_config config;
	struct gate_log log;
	struct sj_journal_report report;
	uint8_t key[GATE_KEY];
	char *err;
	size_t err_len;
	char dir[40], file[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/sojourn-log-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/file", f->dir);
	f->config.state = f->dir;
	assert_true(asprintf(&f->config.journal, "%s/journal.db", f->dir) > 0);
	f->key[31] = 5;
	f->cli.out = stdout;
	f->cli.err = open_memstream(&f->err, &f->err_len);
	pthread_mutex_init(&f->log.lock, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fclose(f->cli.err);
	free(f->err);
	cli_tree_remove(f->dir);
	free(f->config.journal);
	free(f);
	return 0;
}

static void begin(struct fixture *f)
{
	gate_log_open(&f->log, &f->cli, &f->config, f->key);
}

static void tap(struct fixture *f)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;

	r.kind = SJ_JOURNAL_TAP;
	r.time = (int64_t)time(NULL);
	r.decided = true;
	r.verdict.pseudonym_known = true;
	memcpy(r.verdict.pseudonym, "HOLDERHOLDERHOLD", 16);
	gate_log_add(&f->log, &r);
}

/* As `journal verify` does it, in a second connection. */
static enum sj_rc verify(struct fixture *f)
{
	struct cli_store *store = NULL;
	uint8_t public_key[SJ_JOURNAL_PUBLIC];
	char why[128];
	enum sj_rc rc;

	f->report.size = sizeof(f->report);
	assert_int_equal(sj_journal_public(f->key, public_key), SJ_OK);
	assert_int_equal(cli_store_open(f->config.journal, false, &store, why), SJ_OK);
	rc = sj_journal_verify(&store->store, public_key, &f->report);
	cli_store_close(store);
	return rc;
}

static void test_a_run_is_recorded_and_signed_at_its_end(void **state)
{
	struct fixture *f = *state;

	begin(f);
	tap(f);
	gate_log_close(&f->log);
	assert_int_equal(verify(f), SJ_OK);
	assert_int_equal(f->report.records, 3);
	assert_int_equal(f->report.covered, 3);
	assert_int_equal(f->report.gaps, 0);
}

static void test_a_run_that_was_cut_off_leaves_a_gap(void **state)
{
	struct fixture *f = *state;

	begin(f);
	tap(f);
	sj_journal_close(f->log.journal);
	cli_store_close(f->log.store);
	memset(&f->log.store, 0, sizeof(f->log) - offsetof(struct gate_log, store));
	begin(f);
	gate_log_close(&f->log);
	assert_int_equal(verify(f), SJ_OK);
	assert_int_equal(f->report.records, 5);
	assert_int_equal(f->report.gaps, 1);
	assert_int_equal(f->report.lost, 0);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_a_full_disk_is_a_gap_that_counts(void **state)
{
	struct fixture *f = *state;

	begin(f);
	tap(f);
	limit_files(1);
	tap(f);
	tap(f);
	tap(f);
	assert_int_equal(f->log.lost, 3);
	limit_files(RLIM_INFINITY);
	gate_log_tick(&f->log, (int64_t)time(NULL));
	tap(f);
	gate_log_close(&f->log);
	assert_int_equal(verify(f), SJ_OK);
	assert_int_equal(f->report.lost, 3);
	assert_int_equal(f->report.gaps, 1);
	assert_int_equal(f->report.records, 5);
	fflush(f->cli.err);
	assert_non_null(strstr(f->err, "The gate goes on"));
	assert_non_null(strstr(f->err, "works again"));
}

static void test_a_journal_that_cannot_be_made_is_made_later(void **state)
{
	struct fixture *f = *state;

	limit_files(1);
	begin(f);
	tap(f);
	assert_int_equal(f->log.lost, 2);
	limit_files(RLIM_INFINITY);
	gate_log_tick(&f->log, (int64_t)time(NULL));
	gate_log_close(&f->log);
	assert_int_equal(verify(f), SJ_OK);
	assert_int_equal(f->report.lost, 2);
}

/* Does any file of the folder hold these bytes? */
static bool disk_holds(struct fixture *f, const void *bytes, size_t n)
{
	static const char *const names[] = { "journal.db", "journal.db-wal", "journal.db-shm" };
	bool found = false;

	for (size_t i = 0; i < 3; i++) {
		struct gate_path path = gate_path(&f->config, names[i]);
		uint8_t *all = NULL;
		size_t len = 0;

		if (access(path.text, F_OK) != 0)
			continue;
		assert_int_equal(cli_file_read(&f->cli, path.text, 1u << 24, &all, &len), 0);
		found = found || memmem(all, len, bytes, n) != NULL;
		free(all);
	}
	return found;
}

static void test_erased_keys_are_nowhere_on_the_disk(void **state)
{
	struct sj_journal_row row;
	uint8_t sealed[64];
	struct fixture *f = *state;
	uint64_t n = 0;

	begin(f);
	tap(f);
	assert_false(disk_holds(f, "HOLDERHOLDER", 12));
	assert_int_equal(f->log.store->store.row(f->log.store->store.user, 1, &row), SJ_OK);
	assert_int_equal(row.number, 2);
	assert_true(disk_holds(f, row.key, sizeof(row.key)));
	assert_true(row.sealed_len <= sizeof(sealed));
	memcpy(sealed, row.sealed, row.sealed_len);
	assert_int_equal(sj_journal_erase(&f->log.store->store, INT64_MAX, &n), SJ_OK);
	assert_int_equal(n, 1);
	assert_false(disk_holds(f, row.key, sizeof(row.key)));
	assert_false(disk_holds(f, sealed, row.sealed_len));
	gate_log_close(&f->log);
	assert_int_equal(verify(f), SJ_OK);
	assert_int_equal(f->report.erased, 1);
}

static void test_a_journal_is_trimmed_while_the_gate_runs(void **state)
{
	struct fixture *f = *state;
	struct cli_store *store = NULL;
	struct sj_journal *journal = NULL;
	char why[128];
	uint64_t n = 0;
	bool clean;

	begin(f);
	for (int i = 0; i < 5; i++)
		tap(f);
	assert_int_equal(cli_store_open(f->config.journal, false, &store, why), SJ_OK);
	assert_int_equal(sj_journal_open(&store->store, f->key, &journal, &clean), SJ_OK);
	assert_false(clean);
	assert_int_equal(sj_journal_trim(journal, 1, INT64_MAX, &n), SJ_OK);
	sj_journal_close(journal);
	cli_store_close(store);
	assert_int_equal(n, 5);
	tap(f);
	gate_log_close(&f->log);
	assert_int_equal(verify(f), SJ_OK);
	assert_int_equal(f->report.first, 6);
	assert_int_equal(f->report.last, 8);
}

/* Three megabytes of records, all read. */
static void test_a_long_journal_takes_no_more_memory(void **state)
{
	static const char many[] =
		"PRAGMA synchronous = OFF;"
		"WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n "
		"WHERE i < 4000) INSERT INTO record (number, body) "
		"SELECT i, zeroblob(1000) FROM n";
	struct fixture *f = *state;
	struct cli_store *store = NULL;
	struct sj_journal_row row = { .number = 0 };
	sqlite3_int64 before;
	sqlite3 *sql = NULL;
	char why[128];

	begin(f);
	gate_log_close(&f->log);
	assert_int_equal(sqlite3_open(f->config.journal, &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, many, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
	before = sqlite3_memory_used();
	assert_int_equal(cli_store_open(f->config.journal, false, &store, why), SJ_OK);
	do {
		assert_int_equal(store->store.row(store->store.user, row.number, &row), SJ_OK);
	} while (row.number != 0 && row.number < 4000);
	assert_int_equal(row.number, 4000);
	assert_in_range(sqlite3_memory_used() - before, 1, 600 * 1024);
	cli_store_close(store);
}

static void test_what_is_no_database_is_told(void **state)
{
	struct fixture *f = *state;
	struct cli_store *store = NULL;
	char why[128];

	assert_int_equal(cli_store_open("/nonexistent/x.db", false, &store, why),
			 SJ_INPUT_UNREADABLE);
	assert_int_equal(cli_file_write(&f->cli, f->config.journal,
					"no database, but text, long "
					"enough for a header of one "
					"hundred bytes, and then some.",
					84, 0600),
			 0);
	assert_int_equal(cli_store_open(f->config.journal, false, &store, why), SJ_JOURNAL_BROKEN);
	assert_non_null(strstr(why, "not a database"));
	assert_null(store);
}

/* --- lines ------------------------------------------------------------------------ */

static void test_lines_that_nobody_reads_are_counted(void **state)
{
	struct gate_say say = { .lock = PTHREAD_MUTEX_INITIALIZER };
	char text[2048];
	int ends[2];
	ssize_t n;
	(void)state;

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 16384) >= 16384);
	say.fd = ends[1];
	for (int i = 0; i < 1000; i++) /* returns at once, always */
		gate_say(&say, json_pack("{s:s}", "event", "a rather long text to fill a pipe"));
	assert_true(say.lost > 50);
	do {
		n = read(ends[0], text, sizeof(text));
	} while (n == (ssize_t)sizeof(text));
	gate_say(&say, json_pack("{s:s}", "event", "x"));
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "{\"schema\":1,\"event\":\"lines-lost\",\"count\":"));
	assert_non_null(strstr(text, "{\"schema\":1,\"event\":\"x\"}\n"));
	assert_int_equal(say.lost, 0);
	close(ends[0]);
	close(ends[1]);
}

/* --- fire -------------------------------------------------------------------------- */

static bool output_has(struct fixture *f, const char *what)
{
	for (int i = 0; i < 3000; i++) {
		uint8_t *text = NULL;
		size_t len = 0;
		bool found;

		assert_int_equal(cli_file_read(&f->cli, f->file, 65536, &text, &len), 0);
		found = strstr((const char *)text, what) != NULL;
		free(text);
		if (found)
			return true;
		usleep(10000);
	}
	return false;
}

static void fire(struct fixture *f, struct gate_fire *fire, struct gate_output *output,
		 const char *path)
{
	output->file = open(f->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(output->file >= 0);
	assert_true(gate_fire_start(fire, path, output, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
}

static void fire_ends(struct gate_fire *fire, struct gate_output *output)
{
	gate_fire_stop(fire);
	close(fire->wake);
	close(output->file);
}

static void test_a_file_is_fire(void **state)
{
	struct fixture *f = *state;
	struct gate_output output = { NULL, -1 };
	struct gate_fire input = { .path = NULL };
	struct gate_path path = gate_path(&f->config, "fire");

	fire(f, &input, &output, path.text);
	usleep(120000);
	assert_int_equal(atomic_load(&input.begun), 0);
	assert_int_equal(cli_file_write(&f->cli, path.text, "", 0, 0600), 0);
	assert_true(output_has(f, " fire - open\n"));
	assert_int_equal(unlink(path.text), 0);
	assert_true(output_has(f, " fire-end - -\n"));
	fire_ends(&input, &output);
	assert_int_equal(atomic_load(&input.begun), 1);
}

static void test_a_line_in_a_fifo_is_fire(void **state)
{
	struct fixture *f = *state;
	struct gate_output output = { NULL, -1 };
	struct gate_fire input = { .path = NULL };
	struct gate_path path = gate_path(&f->config, "fifo");
	int fd;

	assert_int_equal(mkfifo(path.text, 0600), 0);
	fd = open(path.text, O_RDWR | O_CLOEXEC);
	fire(f, &input, &output, path.text);
	usleep(120000);
	assert_int_equal(atomic_load(&input.begun), 0);
	assert_int_equal(write(fd, "fire\n", 5), 5);
	assert_true(output_has(f, " fire - open\n"));
	assert_int_equal(write(fd, "end\n", 4), 4);
	assert_true(output_has(f, " fire-end - -\n"));
	close(fd);
	fire_ends(&input, &output);
}

/* Whoever holds every lock of the program does not hold up the fire. */
static void test_fire_needs_no_lock(void **state)
{
	struct fixture *f = *state;
	struct gate_output output = { NULL, -1 };
	struct gate_fire input = { .path = NULL };
	struct gate_path path = gate_path(&f->config, "fire");

	begin(f);
	pthread_mutex_lock(&f->log.lock);
	flockfile(stdout);
	flockfile(stderr);
	fire(f, &input, &output, path.text);
	assert_int_equal(cli_file_write(&f->cli, path.text, "", 0, 0600), 0);
	assert_true(output_has(f, " fire - open\n"));
	funlockfile(stderr);
	funlockfile(stdout);
	pthread_mutex_unlock(&f->log.lock);
	fire_ends(&input, &output);
	gate_log_close(&f->log);
}

static void test_a_program_that_opens_is_not_waited_for(void **state)
{
	struct fixture *f = *state;
	struct gate_helper opener = { .fd = -1 };
	struct gate_output output = { &opener, -1 };
	char script[128];
	struct timespec a, b;

	snprintf(script, sizeof(script), "#!/bin/sh\nprintf '%%s|' \"$@\" >%s.out\nsleep 5\n",
		 f->file);
	assert_int_equal(cli_file_write(&f->cli, f->file, script, strlen(script), 0700), 0);
	assert_int_equal(gate_helper_start(&f->cli, &opener, f->file, GATE_HELPER_OPENS), 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_true(gate_output(&output, "open", "Gate 1 00 00", "open"));
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec <= 2);
	strcat(f->file, ".out");
	for (int i = 0; i < 1500 && access(f->file, F_OK) != 0; i++)
		usleep(20000);
	assert_true(output_has(f, "open|Gate 1 00 00|open|"));
	gate_helper_stop(&opener);
}

/* A program that hangs would pile up, tap by tap. */
static void test_a_program_that_opens_has_half_a_minute(void **state)
{
	static const char script[] =
		"#!/usr/bin/python3\n"
		"import signal, sys\n"
		"left = signal.alarm(0)\n"
		"open(sys.argv[0] + '.out', 'w').write(f'{0 < left <= 30}|')\n";
	struct fixture *f = *state;
	struct gate_helper opener = { .fd = -1 };
	struct gate_output output = { &opener, -1 };

	assert_int_equal(cli_file_write(&f->cli, f->file, script, strlen(script), 0700), 0);
	assert_int_equal(gate_helper_start(&f->cli, &opener, f->file, GATE_HELPER_OPENS), 0);
	assert_true(gate_output(&output, "open", "Gate 1 00 00", "open"));
	strcat(f->file, ".out");
	for (int i = 0; i < 1500 && access(f->file, F_OK) != 0; i++)
		usleep(20000);
	assert_true(output_has(f, "True|"));
	gate_helper_stop(&opener);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_run_is_recorded_and_signed_at_its_end),
		CASE(test_a_run_that_was_cut_off_leaves_a_gap),
		CASE(test_a_full_disk_is_a_gap_that_counts),
		CASE(test_a_journal_that_cannot_be_made_is_made_later),
		CASE(test_erased_keys_are_nowhere_on_the_disk),
		CASE(test_a_journal_is_trimmed_while_the_gate_runs),
		CASE(test_a_long_journal_takes_no_more_memory),
		CASE(test_what_is_no_database_is_told),
		cmocka_unit_test(test_lines_that_nobody_reads_are_counted),
		CASE(test_a_file_is_fire),
		CASE(test_a_line_in_a_fifo_is_fire),
		CASE(test_fire_needs_no_lock),
		CASE(test_a_program_that_opens_is_not_waited_for),
		CASE(test_a_program_that_opens_has_half_a_minute),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
