/* A desk's journal: its folder, its database, several who write, what erasing leaves; the programs. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/frame.h"
#include "cli/journal.h"
#include "tests/unit/evidence_rig.h"

#define LONG 4000000000u /* seconds: nothing is due while the tests run */

struct desk {
	struct rig *rig;
	struct cli cli;
	char *err;
	size_t err_len;
	char dir[64];
	struct cli_journal *journal;
	char *out; /* of the program that ran last */
};

static char *path_of(const struct desk *d, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	return path;
}

static void put_file(struct desk *d, const char *path, const void *bytes, size_t len)
{
	assert_int_equal(cli_file_write(&d->cli, path, bytes, len, 0600), 0);
}

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	void *rig = NULL;

	assert_non_null(d);
	rig_open(&rig);
	d->rig = rig;
	d->cli.out = stdout;
	d->cli.err = open_memstream(&d->err, &d->err_len);
	snprintf(d->dir, sizeof(d->dir), "%s/journal", d->rig->dir);
	assert_int_equal(mkdir(d->dir, 0700), 0);
	put_file(d, path_of(d, "operator.pub"), d->rig->operator_public, SJ_OPERATOR_PUBLIC);
	assert_int_equal(cli_journal_open(&d->cli, d->dir, &d->journal), 0);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;
	void *rig = d->rig;

	cli_journal_close(d->journal);
	fclose(d->cli.err);
	free(d->err);
	free(d->out);
	free(d);
	return rig_close(&rig);
}

/* A verification with a portrait of so many bytes. */
static enum sj_rc record(struct desk *d, struct cli_journal *journal, size_t portrait,
			 uint64_t *number)
{
	struct rig *r = d->rig;
	uint8_t *face = malloc(portrait);
	enum sj_rc rc;

	assert_non_null(face);
	memset(face, 0x3C, portrait);
	memcpy(face, "\xFF\xD8\xFF\xE0", 4);
	r->service.retention = LONG;
	rig_answer(r);
	assert_int_equal(sj_answer_set_portrait(r->answer, sj_span(face, portrait)), SJ_OK);
	rc = cli_journal_record(journal, r->evidence, r->answer, SJ_OK, 0, number);
	free(face);
	return rc;
}

static struct sj_journal_report verify(struct desk *d)
{
	struct sj_journal_report report = { .size = sizeof(report) };

	assert_int_equal(sj_journal_verify(cli_journal_store(d->journal),
					   cli_journal_public(d->journal), &report),
			 SJ_OK);
	return report;
}

static void test_a_folder_is_made_with_its_keys(void **state)
{
	struct desk *d = *state;
	struct stat st;

	assert_int_equal(stat(path_of(d, "journal.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(path_of(d, "journal.db"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(path_of(d, "journal.pub"), &st), 0);
	assert_int_equal(st.st_size, SJ_JOURNAL_PUBLIC);
	assert_non_null(cli_journal_operator(d->journal));
}

static void test_a_large_portrait_comes_back(void **state)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	struct desk *d = *state;
	struct sj_kept *kept = NULL;
	const uint8_t *bytes;
	const char *mime;
	uint64_t number = 0;
	size_t len = 0;

	assert_int_equal(record(d, d->journal, 200000, &number), SJ_OK);
	assert_int_equal(sj_journal_read(cli_journal_store(d->journal), number - 1, &r), SJ_OK);
	assert_int_equal(sj_kept_open(&r, d->rig->operator_key, &kept), SJ_OK);
	assert_true(sj_kept_portrait(kept, &bytes, &len, &mime));
	assert_int_equal(len, 200000);
	assert_int_equal(bytes[199999], 0x3C);
	sj_kept_free(kept);
	assert_int_equal(verify(d).covered, number);
}

/* Does any file of the folder hold these bytes? */
static bool disk_holds(struct desk *d, const void *bytes, size_t n)
{
	static const char *const names[] = { "journal.db", "journal.db-wal", "journal.db-shm" };
	bool found = false;

	for (size_t i = 0; i < 3; i++) {
		uint8_t *all = NULL;
		size_t len = 0;

		if (access(path_of(d, names[i]), F_OK) != 0)
			continue;
		assert_int_equal(cli_file_read(&d->cli, path_of(d, names[i]), 1u << 24, &all, &len),
				 0);
		found = found || memmem(all, len, bytes, n) != NULL;
		free(all);
	}
	return found;
}

static void test_what_was_erased_is_nowhere_on_the_disk(void **state)
{
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	uint8_t key[SJ_JOURNAL_KEY], piece[64];
	struct desk *d = *state;
	uint64_t n = 0;

	assert_int_equal(record(d, d->journal, 70000, &n), SJ_OK);
	assert_int_equal(sj_journal_read(cli_journal_store(d->journal), 0, &r), SJ_OK);
	memcpy(key, r.key, sizeof(key));
	memcpy(piece, r.sealed + 60000, sizeof(piece));
	assert_true(disk_holds(d, key, sizeof(key)) && disk_holds(d, piece, sizeof(piece)));
	assert_int_equal(cli_journal_erase_due(d->journal, &n), SJ_OK);
	assert_int_equal(n, 0);
	assert_int_equal(sj_journal_erase_due(cli_journal_store(d->journal), RIG_NOW + LONG, &n),
			 SJ_OK);
	assert_int_equal(n, 1);
	assert_false(disk_holds(d, key, sizeof(key)) || disk_holds(d, piece, sizeof(piece)));
	assert_int_equal(verify(d).erased, 1);
}

/* Somebody read, or power went, between an erasing and emptying the log: the next one does it. */
static void test_what_an_erasing_left_in_the_log_goes_with_the_next(void **state)
{
	static const char erase[] = "PRAGMA secure_delete = ON; UPDATE record SET key = NULL, "
				    "sealed = NULL, due = NULL";
	struct sj_journal_record r = SJ_JOURNAL_RECORD_INIT;
	uint8_t key[SJ_JOURNAL_KEY];
	struct desk *d = *state;
	sqlite3 *sql = NULL;
	uint64_t n = 0;

	assert_int_equal(record(d, d->journal, 600, &n), SJ_OK);
	assert_int_equal(sj_journal_read(cli_journal_store(d->journal), 0, &r), SJ_OK);
	memcpy(key, r.key, sizeof(key));
	assert_int_equal(sqlite3_open(path_of(d, "journal.db"), &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, erase, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
	assert_true(disk_holds(d, key, sizeof(key)));
	assert_int_equal(cli_journal_erase_due(d->journal, &n), SJ_OK);
	assert_int_equal(n, 0);
	assert_false(disk_holds(d, key, sizeof(key)));
}

static void test_several_write_to_one_journal(void **state)
{
	struct desk *d = *state;
	struct cli_journal *other = NULL;
	uint64_t number = 0;

	assert_int_equal(cli_journal_open(&d->cli, d->dir, &other), 0);
	for (uint64_t i = 0; i < 6; i++) {
		assert_int_equal(record(d, i % 2 == 0 ? d->journal : other, 600, &number), SJ_OK);
		assert_int_equal(number, i + 1);
	}
	cli_journal_close(other);
	assert_int_equal(verify(d).records, 6);
}

static void test_an_older_database_gets_its_column(void **state)
{
	static const char old[] =
		"DROP TABLE record; CREATE TABLE record (number INTEGER PRIMARY KEY, "
		"body BLOB NOT NULL, key BLOB, sealed BLOB);"
		"CREATE INDEX personal ON record (number) WHERE sealed IS NOT NULL;";
	struct desk *d = *state;
	struct sj_journal *j = NULL;
	struct cli_store *store = NULL;
	struct sj_journal_record tap = SJ_JOURNAL_RECORD_INIT;
	sqlite3 *sql = NULL;
	uint64_t number = 0;
	char why[128];
	bool clean;

	cli_journal_close(d->journal);
	assert_int_equal(sqlite3_open(path_of(d, "journal.db"), &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, old, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
	assert_int_equal(cli_store_open(path_of(d, "journal.db"), false, &store, why), SJ_OK);
	assert_int_equal(sj_journal_open(&store->store, d->rig->key, &j, &clean), SJ_OK);
	tap.kind = SJ_JOURNAL_TAP;
	tap.decided = tap.verdict.pseudonym_known = true;
	assert_int_equal(sj_journal_add(j, &tap), SJ_OK);
	assert_int_equal(sj_journal_erase_due(&store->store, INT64_MAX, &number), SJ_OK);
	assert_int_equal(number, 0);
	sj_journal_close(j);
	cli_store_close(store);
	d->journal = NULL;
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_a_full_disk_is_told_and_nothing_is_lost(void **state)
{
	struct desk *d = *state;
	uint64_t number = 0;

	assert_int_equal(record(d, d->journal, 600, &number), SJ_OK);
	limit_files(1);
	assert_int_equal(record(d, d->journal, 100000, &number), SJ_OUTPUT_FAILED);
	limit_files(RLIM_INFINITY);
	assert_int_equal(verify(d).records, 1);
	assert_int_equal(record(d, d->journal, 100000, &number), SJ_OK);
	assert_int_equal(verify(d).records, 2);
}

static void test_a_journal_without_its_key_does_not_go_on(void **state)
{
	struct desk *d = *state;
	struct cli_journal *other = NULL;

	assert_int_equal(unlink(path_of(d, "journal.key")), 0);
	assert_int_equal(cli_journal_open(&d->cli, d->dir, &other), sj_exit_code(SJ_KEY_STORE));
	fflush(d->cli.err);
	assert_non_null(strstr(d->err, "journal.key is missing"));
	assert_int_not_equal(access(path_of(d, "journal.key"), F_OK), 0);
}

static const char *unseen = ""; /* what lstat() cannot look for */

int __real_lstat(const char *path, struct stat *out);
int __wrap_lstat(const char *path, struct stat *out);

int __wrap_lstat(const char *path, struct stat *out)
{
	errno = EIO;
	return *unseen != '\0' && strstr(path, unseen) != NULL ? -1 : __real_lstat(path, out);
}

static void test_what_could_not_be_looked_for_is_not_absent(void **state)
{
	static const char *const names[] = { "journal.key", "journal", "journal.pub",
					     "operator.pub" };
	struct desk *d = *state;
	struct cli_journal *other = NULL;
	uint8_t before[32], after[32];
	int fd = open(path_of(d, "journal.key"), O_RDONLY);

	assert_int_equal(read(fd, before, 32), 32);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unseen = names[i];
		assert_int_equal(cli_journal_open(&d->cli, d->dir, &other),
				 sj_exit_code(SJ_INPUT_UNREADABLE));
		assert_null(other);
	}
	unseen = "";
	close(fd);
	fd = open(path_of(d, "journal.key"), O_RDONLY); /* the same, not one in its place */
	assert_int_equal(read(fd, after, 32), 32);
	assert_memory_equal(before, after, 32);
	close(fd);
}

static void test_a_damaged_journal_is_told(void **state)
{
	struct desk *d = *state;
	uint64_t number = 0;
	sqlite3 *sql = NULL;

	assert_int_equal(record(d, d->journal, 600, &number), SJ_OK);
	assert_int_equal(sqlite3_open(path_of(d, "journal.db"), &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, "UPDATE record SET due = due + 1", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(sql);
	assert_int_equal(record(d, d->journal, 600, &number), SJ_JOURNAL_BROKEN);
}

/* --- the programs --------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int run(struct desk *d, const char *format, ...)
{
	const char *build = getenv("SOJOURN_BUILD");
	char arguments[600], command[1400];
	size_t len = 0;
	va_list args;
	FILE *pipe;
	int status;

	va_start(args, format);
	vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	snprintf(command, sizeof(command),
		 "cd %s && SOJOURN_CONFIG=/dev/null 2>&1 %s/bin/sojourn evidence %s", d->rig->dir,
		 build != NULL ? build : "build", arguments);
	free(d->out);
	d->out = calloc(1, 65536);
	assert_non_null(d->out);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(d->out, 1, 65535, pipe);
	d->out[len] = '\0';
	status = pclose(pipe);
	return WEXITSTATUS(status);
}

static void says(const struct desk *d, const char *what)
{
	if (strstr(d->out, what) == NULL)
		fail_msg("'%s' is not in: %s", what, d->out);
}

/* The office's key, as it is or under words, which take a quarter of a second each time. */
static void office_key(struct desk *d, const char *name, const char *words)
{
	uint8_t file[SJ_OPERATOR_FILE_MAX];
	char path[128];
	size_t len = 0;

	assert_int_equal(sj_operator_key_write(d->rig->operator_key, words,
					       words ? strlen(words) : 0, file, &len),
			 SJ_OK);
	snprintf(path, sizeof(path), "%s/%s", d->rig->dir, name);
	put_file(d, path, file, len);
}

/* The office: its key, the CVCA's certificate, one record. */
static void office(struct desk *d)
{
	struct rig *r = d->rig;
	char path[128];
	uint64_t number = 0;

	office_key(d, "office.key", NULL);
	snprintf(path, sizeof(path), "%s/cvca", r->dir);
	put_file(d, path, r->certs[RIG_CVCA], r->cert_len[RIG_CVCA]);
	assert_int_equal(record(d, d->journal, 600, &number), SJ_OK);
}

#define OFFICE "--operator-key office.key "
#define WORDS "--passphrase-file words "

static void test_records_are_listed_and_shown(void **state)
{
	struct desk *d = *state;

	office(d);
	assert_int_equal(run(d, "list --journal journal"), 0);
	says(d, "hotel-check-in");
	says(d, "card-signed");
	assert_int_equal(run(d, "show 1 --journal journal"), 0);
	says(d, "UTHOTEL00001");
	assert_null(strstr(d->out, "ERIKSSON"));
	assert_int_equal(run(d, "show 1 --journal journal " OFFICE), 0);
	says(d, "ERIKSSON");
	assert_int_equal(run(d, "show 2 --journal journal"), 13);
	says(d, "there is none");
	assert_int_equal(run(d, "check --journal journal"), 0);
	assert_int_equal(run(d, "keep --journal journal"), 0);
	says(d, "1 with sealed data");
	assert_int_equal(run(d, "list"), 2);
	says(d, "--journal DIR is due");
}

static void test_an_export_is_proved_by_another_program(void **state)
{
	struct desk *d = *state;

	office(d);
	assert_int_equal(run(d, "export 1 --journal journal --out e " OFFICE), 0);
	assert_int_equal(run(d, "verify e --trust trust --cvca cvca"), 0);
	says(d, "card-signed");
	says(d, "It does not prove:");
	assert_int_equal(run(d, "verify e --trust trust"), 7);
	says(d, "SJ-0722");
	assert_int_equal(run(d, "verify journal/journal.pub --trust trust"), 7);
	says(d, "SJ-0721");
	assert_int_equal(run(d, "export 1 --journal journal --out f"), 0);
	assert_int_equal(run(d, "verify f --trust trust --cvca cvca"), 0);
	says(d, "operator-attested");
	assert_null(strstr(d->out, "card-signed,"));
	assert_int_equal(run(d, "export 1 --journal journal --out g --data " OFFICE), 0);
	assert_int_equal(run(d, "verify g --trust trust --cvca cvca"), 0);
	says(d, "ERIKSSON");
}

static void test_a_forged_answer_has_its_own_id(void **state)
{
	struct desk *d = *state;
	struct rig *r = d->rig;
	uint64_t number = 0;

	office(d);
	rig_answer(r);
	r->answer->response.bytes[0] ^= 1;
	assert_int_equal(cli_journal_record(d->journal, r->evidence, r->answer, SJ_OK, 0, &number),
			 SJ_OK);
	assert_int_equal(run(d, "export 2 --journal journal --out e " OFFICE), 0);
	assert_int_equal(run(d, "verify e --trust trust --cvca cvca"), 7);
	says(d, "SJ-0723");
}

static void test_what_is_erased_is_told(void **state)
{
	struct desk *d = *state;

	office(d);
	assert_int_equal(run(d, "erase --journal journal"), 0);
	says(d, "0 records");
	assert_int_equal(run(d, "erase 1 --journal journal"), 0);
	says(d, "1 records");
	assert_int_equal(run(d, "show 1 --journal journal " OFFICE), 13);
	says(d, "erased");
	assert_int_equal(run(d, "check --journal journal"), 0);
}

static void test_a_key_of_the_office_is_made(void **state)
{
	struct desk *d = *state;
	char path[128];

	office(d);
	office_key(d, "locked.key", "secret words");
	snprintf(path, sizeof(path), "%s/words", d->rig->dir);
	put_file(d, path, "secret words\n", 13);
	assert_int_equal(run(d, "show 1 --journal journal --operator-key locked.key " WORDS), 0);
	says(d, "ERIKSSON");
	assert_int_equal(run(d, "operator-key --out k --public p " WORDS), 0);
	assert_int_equal(run(d, "operator-key --out k --public p " WORDS), 13);
	says(d, "there already");
	assert_int_equal(run(d, "operator-key --out one --public one --plain"), 2);
	assert_int_equal(run(d, "show 1 --journal journal --operator-key k " WORDS), 13);
	says(d, "another key");
	assert_int_equal(run(d, "show 1 --journal journal --operator-key locked.key "
				"--passphrase-file journal/operator.pub"),
			 13);
	says(d, "SJ-1310");
}

/* What a program said goes to the end of the file `json`. */
static void collect(const struct desk *d)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/json", d->rig->dir);
	file = fopen(path, "ae");
	assert_non_null(file);
	assert_int_not_equal(d->out[0], '\0');
	assert_true(fputs(d->out, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* All of it against the schema that ships: so many values. */
static void valid(struct desk *d, size_t values)
{
	static const char script[] =
		"import json, sys, jsonschema\n"
		"schema = json.load(open(sys.argv[1]))\n"
		"jsonschema.Draft202012Validator.check_schema(schema)\n"
		"text, decoder = open('json').read().strip(), json.JSONDecoder()\n"
		"validator, n = jsonschema.Draft202012Validator(schema), 0\n"
		"while text:\n"
		"    value, end = decoder.raw_decode(text)\n"
		"    text, n = text[end:].strip(), n + 1\n"
		"    validator.validate(value)\n"
		"assert n >= int(sys.argv[2]), n\n";
	const char *build = getenv("SOJOURN_BUILD");
	char path[128], command[700];

	snprintf(path, sizeof(path), "%s/validate.py", d->rig->dir);
	put_file(d, path, script, sizeof(script) - 1);
	snprintf(command, sizeof(command),
		 "cd %s && /usr/bin/python3 validate.py %s/share/sojourn/evidence.schema.json %zu",
		 d->rig->dir, build != NULL ? build : "build", values);
	assert_int_equal(system(command), 0);
}

static void test_json_is_as_its_schema_says(void **state)
{
	static const char *const verbs[] = {
		"list --journal journal --json",
		"show 1 --journal journal --json",
		("show 1 --journal journal --json " OFFICE),
		"check --journal journal --json",
		"keep --journal journal --json",
		"verify e --trust trust --cvca cvca --json",
		"erase --journal journal --json",
	};
	struct desk *d = *state;

	office(d);
	assert_int_equal(run(d, "export 1 --journal journal --out e --data " OFFICE), 0);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		assert_int_equal(run(d, "%s", verbs[i]), 0);
		collect(d);
	}
	assert_int_equal(run(d, "verify e --trust trust --json 2>/dev/null"), 7);
	collect(d);
	valid(d, sizeof(verbs) / sizeof(verbs[0]) + 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_folder_is_made_with_its_keys),
		CASE(test_a_large_portrait_comes_back),
		CASE(test_what_was_erased_is_nowhere_on_the_disk),
		CASE(test_what_an_erasing_left_in_the_log_goes_with_the_next),
		CASE(test_several_write_to_one_journal),
		CASE(test_an_older_database_gets_its_column),
		CASE(test_a_full_disk_is_told_and_nothing_is_lost),
		CASE(test_a_journal_without_its_key_does_not_go_on),
		CASE(test_what_could_not_be_looked_for_is_not_absent),
		CASE(test_a_damaged_journal_is_told),
		CASE(test_records_are_listed_and_shown),
		CASE(test_an_export_is_proved_by_another_program),
		CASE(test_a_forged_answer_has_its_own_id),
		CASE(test_what_is_erased_is_told),
		CASE(test_a_key_of_the_office_is_made),
		CASE(test_json_is_as_its_schema_says),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
