/* The register's history, what is at rest, its schema and its connections: as test_register.c. */
#include "tests/card/register_rig.h"

#include <stdio.h>
#include <unistd.h>

#include "authority/register_private.h"
#include "tests/skip.h"

/* --- history ------------------------------------------------------------------------------------ */

static void work_on_documents(struct register_rig *rig, int out)
{
	char number[32];

	(void)out;
	for (int i = 0; i < 12; i++) {
		snprintf(number, sizeof(number), "SJ%d-%d", (int)getpid(), i);
		register_rig_document(rig, number, DOCUMENT_PERSONALISED);
	}
}

static void one_chain_by_two_processes(void **state)
{
	struct register_rig *rig = *state;
	int64_t n;

	close(register_rig_two(rig, work_on_documents));
	assert_int_equal(
		db_number(register_db(rig->r), "SELECT MAX(number) FROM history", NULL, 0, &n), 0);
	assert_int_equal(n, REGISTER_SCHEMA + 2 * 12 * 6);
	register_rig_holds(rig);
}

static void it_is_only_ever_added_to(void **state)
{
	struct register_rig *rig = *state;
	struct db *db = register_db(rig->r);

	assert_int_not_equal(
		db_run(db, "UPDATE history SET actor = 'x'", NULL, 0, NULL, NULL, NULL), 0);
	assert_int_not_equal(db_run(db, "DELETE FROM history", NULL, 0, NULL, NULL, NULL), 0);
	assert_true(register_rig_told(rig, "the history is only ever added to"));
	register_rig_holds(rig);
}

/* As somebody who may do anything with the tables, but has not the register's key. */
static void changed_by_force(struct register_rig *rig, const char *sql, int64_t expected)
{
	struct db *db = register_db(rig->r);
	int64_t broken = 0;

	assert_int_equal(db_script(db, db_is_server(db) ? "ALTER TABLE history DISABLE TRIGGER ALL"
							: "DROP TRIGGER history_update;"
							  "DROP TRIGGER history_delete"),
			 0);
	assert_int_equal(db_script(db, sql), 0);
	assert_int_equal(register_check(rig->r, &broken), 0);
	assert_int_equal(broken, expected);
}

static void a_changed_record_is_found(void **state)
{
	struct register_rig *rig = *state;

	register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);
	changed_by_force(rig, "UPDATE history SET actor = 'nobody' WHERE number = 5", 5);
}

static void a_missing_record_is_found(void **state)
{
	struct register_rig *rig = *state;

	register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);
	changed_by_force(rig, "DELETE FROM history WHERE number = 4", 4);
}

static void a_cut_history_is_found(void **state)
{
	struct register_rig *rig = *state;

	register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	changed_by_force(rig, "DELETE FROM history WHERE number > 3", 4);
}

static void a_record_behind_the_head_is_found(void **state)
{
	struct register_rig *rig = *state;

	register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	changed_by_force(rig,
			 "INSERT INTO history SELECT number + 7, at, actor, event, document, card,"
			 " detail, hash FROM history WHERE number = 4",
			 6);
}

/* The head goes back with it, but nobody else can seal it. */
static void a_cut_history_with_its_head_is_found(void **state)
{
	struct register_rig *rig = *state;

	register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	changed_by_force(rig,
			 "DELETE FROM history WHERE number > 3;"
			 "UPDATE history_head SET number = 3,"
			 " hash = (SELECT hash FROM history WHERE number = 3)",
			 3);
	register_close(rig->r);
	assert_int_equal(register_open(&rig->authority, &rig->r), RIG_REFUSED);
}

/* --- at rest --------------------------------------------------------------------------------------- */

static bool contains(const char *path, const char *text)
{
	char command[200];

	snprintf(command, sizeof(command), "cat %s* | grep -qaF '%s'", path, text);
	return system(command) == 0; /* NOLINT(cert-env33-c): a test's own words */
}

static void nothing_personal_is_in_the_files(void **state)
{
	struct register_rig *rig = *state;
	char path[64];

	if (getenv("SOJOURN_TEST_REGISTER") != NULL)
		SKIP_BECAUSE("a server's files are looked at by register_server.bats");
	register_rig_document(rig, "SJ4711", DOCUMENT_ACTIVE);
	snprintf(path, sizeof(path), "%s/register.db", rig->directory);
	assert_true(contains(path, "personalised"));
	assert_false(contains(path, "SJ4711"));
	assert_false(contains(path, "Eriksson"));
	assert_false(contains(path, "portrait of Anna"));
}

static void who_is_erased_is_not_known_any_more(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);
	uint8_t *json, *portrait;
	size_t json_len, portrait_len;
	struct register_document d;
	bool found;

	assert_int_equal(register_erase(rig->r, id), RIG_REFUSED);
	assert_true(register_rig_told(rig, "revoke it first"));
	register_rig_move(rig, id, DOCUMENT_REVOKED);
	assert_int_equal(register_erase(rig->r, id), 0);
	assert_int_equal(register_person(rig->r, id, &json, &json_len, &portrait, &portrait_len),
			 RIG_REFUSED);
	assert_int_equal(register_rig_revoked(rig), 2);
	assert_int_equal(register_find(rig->r, "SJ1", &d, &found), 0);
	assert_true(found);
	assert_string_equal(d.number, "");
	register_rig_holds(rig);
}

/* Another process that reads keeps the log of SQLite, and with it what was erased. */
static void the_log_of_who_is_erased_goes_too(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_REVOKED);
	struct db *other;
	char where[80];

	if (db_is_server(register_db(rig->r)))
		return;
	snprintf(where, sizeof(where), "sqlite:%s/register.db", rig->directory);
	assert_int_equal(db_open(&rig->cli, where, 100, &other), 0);
	assert_int_equal(db_script(other, "BEGIN; SELECT COUNT(*) FROM holders"), 0);
	assert_int_equal(db_script(register_db(rig->r), "PRAGMA busy_timeout = 50"), 0);
	assert_int_not_equal(register_erase(rig->r, id), 0);
	assert_true(register_rig_told(rig, "erased, but"));
	db_close(other);
	assert_int_equal(register_erase(rig->r, id), 0);
}

static void another_key_opens_nothing(void **state)
{
	struct register_rig *rig = *state;
	char path[64];
	FILE *f;

	register_close(rig->r);
	snprintf(path, sizeof(path), "%s/register-1.secret", rig->directory);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("0123456789abcdef0123456789abcdef", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(register_open(&rig->authority, &rig->r), RIG_REFUSED);
	assert_true(register_rig_told(rig, "was not sealed with this authority's key register-1"));
}

/* --- schema, connections ------------------------------------------------------------------------------ */

static void a_version_1_is_brought_up_to_date(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);
	int64_t n;

	assert_int_equal(db_script(register_db(rig->r), "DROP TABLE job; DROP TABLE pseudonyms;"
							"UPDATE schema SET version = 1"),
			 0);
	register_rig_reopen(rig);
	assert_int_equal(db_number(register_db(rig->r), "SELECT version FROM schema", NULL, 0, &n),
			 0);
	assert_int_equal(n, REGISTER_SCHEMA);
	assert_int_equal(db_number(register_db(rig->r), "SELECT COUNT(*) FROM job", NULL, 0, &n),
			 0);
	assert_int_equal(register_rig_state(rig, id), DOCUMENT_ACTIVE);
	register_rig_holds(rig);
}

static void a_newer_schema_is_refused(void **state)
{
	struct register_rig *rig = *state;

	assert_int_equal(db_script(register_db(rig->r), "UPDATE schema SET version = 99"), 0);
	register_close(rig->r);
	assert_int_equal(register_open(&rig->authority, &rig->r), RIG_REFUSED);
	assert_true(register_rig_told(rig, "schema 99 of the register is newer"));
}

static void a_server_that_is_not_there_is_told_without_the_password(void **state)
{
	struct register_rig *rig = *state;
	struct db *db;

	assert_int_equal(db_open(&rig->cli, "postgresql://anna:hunter2@127.0.0.1:1/ut", 300, &db),
			 sj_exit_code(SJ_REGISTER_UNREACHABLE));
	assert_true(register_rig_told(rig, "postgresql at 127.0.0.1"));
	assert_false(register_rig_told(rig, "hunter2"));
	assert_int_not_equal(db_open(&rig->cli, "nonsense", 300, &db), 0);
	assert_true(register_rig_told(rig, "nor a connection string"));
}

static void a_password_is_not_kept_in_a_file(void **state)
{
	struct register_rig *rig = *state;

	assert_int_not_equal(register_place(&rig->authority, "postgresql://anna:hunter2@db/ut"), 0);
	assert_int_not_equal(register_place(&rig->authority, "host=db password=hunter2"), 0);
	assert_false(register_rig_told(rig, "hunter2"));
}

/* Two rows, if the server's own defaults ruled. */
static void a_servers_defaults_do_not_rule(void **state)
{
	struct register_rig *rig = *state;
	const char *server = getenv("SOJOURN_TEST_REGISTER");
	struct db *db;
	char where[400];
	int64_t n = -1;

	if (server == NULL)
		return;
	snprintf(
		where, sizeof(where),
		"%s options='-csynchronous_commit=off -cdefault_transaction_isolation=serializable'",
		server);
	assert_int_equal(db_open(&rig->cli, where, 1000, &db), 0);
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(
		db_number(db,
			  "SELECT COUNT(*) FROM pg_settings WHERE"
			  " (name = 'synchronous_commit' AND setting <> 'on') OR"
			  " (name = 'transaction_isolation' AND setting <> 'read committed')",
			  NULL, 0, &n),
		0);
	db_close(db);
	assert_int_equal(n, 0);
}

static int use_again(void *user, const struct db_value *columns, size_t n)
{
	(void)columns;
	(void)n;
	return db_run(user, "SELECT 1", NULL, 0, NULL, NULL, NULL);
}

static void values_come_back_as_they_were(void **state)
{
	struct register_rig *rig = *state;
	struct db *db = register_db(rig->r);
	const struct db_value n = db_integer(INT64_MIN);
	int64_t out;

	assert_int_equal(db_number(db, "SELECT CAST($1 AS BIGINT)", &n, 1, &out), 0);
	assert_true(out == INT64_MIN);
	assert_int_not_equal(db_number(db, "SELECT CAST($1 AS BIGINT) WHERE 1 = 0", &n, 1, &out),
			     0);
	assert_int_equal(db_run(db, "SELECT 1", NULL, 0, use_again, db, NULL),
			 sj_exit_code(SJ_INTERNAL));
	assert_int_not_equal(db_run(db, "SELECT nonsense", NULL, 0, NULL, NULL, NULL), 0);
	assert_int_equal(db_number(db, "SELECT 7", NULL, 0, &out), 0);
	assert_int_equal(out, 7);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, register_rig_setup, register_rig_teardown)
	const struct CMUnitTest tests[] = {
		CASE(one_chain_by_two_processes),
		CASE(it_is_only_ever_added_to),
		CASE(a_changed_record_is_found),
		CASE(a_missing_record_is_found),
		CASE(a_cut_history_is_found),
		CASE(a_record_behind_the_head_is_found),
		CASE(a_cut_history_with_its_head_is_found),
		CASE(nothing_personal_is_in_the_files),
		CASE(who_is_erased_is_not_known_any_more),
		CASE(another_key_opens_nothing),
		CASE(a_version_1_is_brought_up_to_date),
		CASE(a_newer_schema_is_refused),
		CASE(a_server_that_is_not_there_is_told_without_the_password),
		CASE(a_password_is_not_kept_in_a_file),
		CASE(the_log_of_who_is_erased_goes_too),
		CASE(a_servers_defaults_do_not_rule),
		CASE(values_come_back_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
