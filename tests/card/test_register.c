/*
 * The holder register: its rows, its history, its indices, in SQLite or, with
 * SOJOURN_TEST_REGISTER, on a server. tests/card/register.bats has the verbs.
 */
#include "tests/card/register_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authority/register_private.h"
#include "tests/skip.h"

#define REFUSED 13 /* exit code of SJ_INPUT_REFUSED, and of a broken register */

static void begin(struct register_rig *rig)
{
	assert_int_equal(register_begin(rig->r), 0);
}

static void commit(struct register_rig *rig)
{
	assert_int_equal(register_commit(rig->r), 0);
}

static void move(struct register_rig *rig, int64_t id, enum document_state to)
{
	begin(rig);
	assert_int_equal(register_move(rig->r, id, to, NULL), 0);
	commit(rig);
}

/* The history from the first record to the head holds. */
static void holds(struct register_rig *rig)
{
	int64_t broken = -1;

	assert_int_equal(register_check(rig->r, &broken), 0);
	assert_int_equal(broken, 0);
}

/* --- a document's life ------------------------------------------------------------------ */

/*
 * The table of REGISTER.md, from each state to: applied, approved, personalised, delivered,
 * active, suspended, revoked, expired. From a suspension back to what was before: here active.
 */
static const char *const life[] = {
	".x....x.", "..x...x.", ".x.x.xxx", "....xxxx",
	".....xxx", "....x.xx", "........", "........",
};

static void every_cell_of_a_documents_life(void **state)
{
	struct register_rig *rig = *state;
	char number[16];
	int64_t id;

	for (int from = DOCUMENT_APPLIED; from <= DOCUMENT_EXPIRED; from++) {
		for (int to = DOCUMENT_APPLIED; to <= DOCUMENT_EXPIRED; to++) {
			const bool allowed = life[from][to] == 'x';

			snprintf(number, sizeof(number), "SJ%d%d", from, to);
			id = register_rig_document(rig, number, (enum document_state)from);
			begin(rig);
			assert_int_equal(register_move(rig->r, id, (enum document_state)to, NULL),
					 allowed ? 0 : REFUSED);
			if (allowed)
				commit(rig);
			else
				register_rollback(rig->r);
			assert_int_equal(register_rig_state(rig, id), allowed ? to : from);
		}
	}
	assert_true(register_rig_told(rig, "SJ60: the document is revoked, which cannot become "
					   "applied"));
}

static void a_suspension_ends_where_it_began(void **state)
{
	struct register_rig *rig = *state;
	int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_DELIVERED);

	move(rig, id, DOCUMENT_SUSPENDED);
	assert_int_equal(register_rig_revoked(rig), 2);
	begin(rig);
	assert_int_equal(register_move(rig->r, id, DOCUMENT_ACTIVE, NULL), REFUSED);
	register_rollback(rig->r);
	begin(rig);
	assert_int_equal(register_reinstate(rig->r, id), 0);
	commit(rig);
	assert_int_equal(register_rig_state(rig, id), DOCUMENT_DELIVERED);
	assert_int_equal(register_rig_revoked(rig), 0);
	begin(rig);
	assert_int_equal(register_reinstate(rig->r, id), REFUSED);
	register_rollback(rig->r);
}

static void what_is_not_committed_did_not_happen(void **state)
{
	struct register_rig *rig = *state;
	int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);

	begin(rig);
	assert_int_equal(register_move(rig->r, id, DOCUMENT_REVOKED, "lost"), 0);
	register_rollback(rig->r);
	register_rig_reopen(rig);
	assert_int_equal(register_rig_state(rig, id), DOCUMENT_ACTIVE);
	assert_int_equal(register_rig_revoked(rig), 0);
	holds(rig);
}

static void a_number_is_given_once(void **state)
{
	struct register_rig *rig = *state;
	struct register_document d;
	int64_t id;
	bool found;

	id = register_rig_document(rig, "SJ1", DOCUMENT_APPLIED);
	begin(rig);
	assert_int_equal(
		register_apply(rig->r, SJ_SPAN_STR("{}"), SJ_SPAN_STR(""), "SJ1", RIG_EXPIRES, &id),
		REFUSED);
	register_rollback(rig->r);
	assert_int_equal(register_find(rig->r, "SJ1", &d, &found), 0);
	assert_true(found);
	assert_string_equal(d.number, "SJ1");
	assert_int_equal(d.expires, RIG_EXPIRES);
	assert_int_equal(register_find(rig->r, "SJ2", &d, &found), 0);
	assert_false(found);
}

static void a_lost_one_is_replaced_for_the_same_holder(void **state)
{
	struct register_rig *rig = *state;
	const int64_t old = register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);
	uint8_t *json, *portrait;
	size_t json_len, portrait_len;
	struct register_document d;
	int64_t id;

	begin(rig);
	assert_int_equal(register_replace(rig->r, old, "lost", sj_span(NULL, 0), sj_span(NULL, 0),
					  "SJ2", RIG_EXPIRES + 86400, &id),
			 0);
	commit(rig);
	assert_int_equal(register_rig_state(rig, old), DOCUMENT_REVOKED);
	assert_int_equal(register_rig_revoked(rig), 2);
	assert_int_equal(register_document_get(rig->r, id, &d), 0);
	assert_int_equal(d.state, DOCUMENT_APPROVED);
	assert_int_equal(d.replaces, old);
	assert_int_equal(register_person(rig->r, id, &json, &json_len, &portrait, &portrait_len),
			 0);
	assert_non_null(strstr((char *)json, "\"documentNumber\": \"SJ2\""));
	assert_non_null(strstr((char *)json, "\"expiryDate\": \"2033-05-19\""));
	assert_non_null(strstr((char *)json, "\"surname\": \"Eriksson\""));
	free(json);
	free(portrait);
	begin(rig);
	assert_int_equal(register_replace(rig->r, old, "lost", sj_span(NULL, 0), sj_span(NULL, 0),
					  "SJ3", RIG_EXPIRES, &id),
			 REFUSED);
	register_rollback(rig->r);
}

static void what_runs_out_expires(void **state)
{
	struct register_rig *rig = *state;
	const int64_t active = register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);
	const int64_t applied = register_rig_document(rig, "SJ2", DOCUMENT_APPLIED);
	size_t moved = 0;

	assert_int_equal(register_expire(rig->r, RIG_EXPIRES, &moved), 0);
	assert_int_equal(moved, 0);
	assert_int_equal(register_expire(rig->r, (int64_t)RIG_EXPIRES + 1, &moved), 0);
	assert_int_equal(moved, 1);
	assert_int_equal(register_rig_state(rig, active), DOCUMENT_EXPIRED);
	assert_int_equal(register_rig_state(rig, applied), DOCUMENT_APPLIED);
}

/* --- cards ---------------------------------------------------------------------------------- */

static const uint8_t serial_a[REGISTER_SERIAL] = { 1 }, serial_b[REGISTER_SERIAL] = { 2 };

static int64_t begin_card(struct register_rig *rig, int64_t document, const uint8_t *serial)
{
	struct register_credential c = { .sector = 1, .status.partition = RIG_PARTITION };
	int64_t card;

	begin(rig);
	assert_int_equal(register_card_begin(rig->r, document, serial, &card), 0);
	assert_int_equal(register_card_credentials(rig->r, card, &c, 1, RIG_EXPIRES), 0);
	commit(rig);
	return card;
}

static void a_card_that_was_not_finished_is_void(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	struct register_card card;
	bool found;

	begin_card(rig, id, serial_a);
	assert_int_equal(register_rig_revoked(rig), 0);
	begin_card(rig, id, serial_b);
	assert_int_equal(register_card_find(rig->r, serial_a, &card, &found), 0);
	assert_true(found);
	assert_int_equal(card.state, CARD_SCRAPPED);
	assert_int_equal(register_rig_revoked(rig), 1);
	/* The same card for another document. */
	begin_card(rig, register_rig_document(rig, "SJ2", DOCUMENT_APPROVED), serial_b);
	assert_int_equal(register_rig_revoked(rig), 2);
}

static void a_card_is_made_of_an_approved_document_alone(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_APPLIED);
	int64_t card;

	begin(rig);
	assert_int_equal(register_card_begin(rig->r, id, serial_a, &card), REFUSED);
	register_rollback(rig->r);
	assert_true(register_rig_told(rig, "SJ1: the document is applied"));
}

static void a_cards_life(void **state)
{
	static const char *const cells[] = { ".x.x", "..xx", "...x", "...." };
	struct register_rig *rig = *state;
	char number[16];

	for (int from = CARD_WORKING; from <= CARD_SCRAPPED; from++) {
		for (int to = CARD_WORKING; to <= CARD_SCRAPPED; to++) {
			int64_t id, card;

			snprintf(number, sizeof(number), "SJ%d%d", from, to);
			id = register_rig_document(rig, number, DOCUMENT_APPROVED);
			card = begin_card(rig, id, serial_a);
			begin(rig);
			for (int s = CARD_FINISHING; s <= from && from != CARD_SCRAPPED; s++)
				assert_int_equal(
					register_card_move(rig->r, card, (enum card_state)s, NULL),
					0);
			if (from == CARD_SCRAPPED)
				assert_int_equal(
					register_card_move(rig->r, card, CARD_SCRAPPED, NULL), 0);
			assert_int_equal(
				register_card_move(rig->r, card, (enum card_state)to, NULL),
				cells[from][to] == 'x' ? 0 : REFUSED);
			register_rollback(rig->r);
		}
	}
}

static void a_bad_card_gives_its_document_back(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	const int64_t card = register_rig_card(rig, id, 3);

	assert_int_equal(register_rig_state(rig, id), DOCUMENT_PERSONALISED);
	begin(rig);
	assert_int_equal(register_card_move(rig->r, card, CARD_SCRAPPED, "misprint"), 0);
	commit(rig);
	assert_int_equal(register_rig_state(rig, id), DOCUMENT_APPROVED);
	assert_int_equal(register_rig_revoked(rig), 3);
}

static void a_cards_keys_and_secrets_are_kept(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	const int64_t card = register_rig_card(rig, id, 1);
	const struct register_key keys[] = {
		{ "9A", "P-256", SJ_SPAN_STR("spki"), "key-ca-1", SJ_SPAN_STR("serial") },
		{ "AA", "P-256", SJ_SPAN_STR("spki"), "", { NULL, 0 } },
	};
	uint8_t *secret;
	int64_t n;
	size_t len;

	begin(rig);
	assert_int_equal(register_card_keys(rig->r, card, keys, 2), 0);
	assert_int_equal(register_card_secret(rig->r, card, "9B", SJ_SPAN_STR("first")), 0);
	assert_int_equal(register_card_secret(rig->r, card, "9B", SJ_SPAN_STR("second")), 0);
	commit(rig);
	assert_int_equal(
		db_number(register_db(rig->r), "SELECT COUNT(*) FROM certificates", NULL, 0, &n),
		0);
	assert_int_equal(n, 1);
	assert_int_equal(register_card_secret_read(rig->r, card, "9B", &secret, &len), 0);
	assert_int_equal(len, 6);
	assert_memory_equal(secret, "second", 6);
	free(secret);
	assert_int_equal(register_card_secret_read(rig->r, card, "9C", &secret, &len), REFUSED);
}

/* --- indices --------------------------------------------------------------------------------- */

/* Draws by sevens until the partition is full; writes what it got. */
static void draw_all(struct register_rig *rig, int out)
{
	uint32_t drawn[7];
	size_t n = 7;
	int rc;

	while (n > 0) {
		if (register_begin(rig->r) != 0)
			_exit(1);
		rc = register_draw(rig->r, RIG_PARTITION, n, drawn);
		if (rc == 0)
			rc = register_commit(rig->r);
		else
			register_rollback(rig->r);
		if (rc != 0)
			n--; /* the last ones */
		else if (write(out, drawn, n * sizeof(*drawn)) != (ssize_t)(n * sizeof(*drawn)))
			_exit(1);
	}
}

/* Another process, with a connection of its own. */
static pid_t other(struct register_rig *rig, void (*work)(struct register_rig *rig, int out),
		   int out)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		rig->r = NULL;
		if (register_open(&rig->authority, &rig->r) != 0)
			_exit(1);
		work(rig, out);
		register_close(rig->r);
		_exit(0);
	}
	return pid;
}

/* Two at once; what they write is read from the file that this gives. */
static int two_processes(struct register_rig *rig, void (*work)(struct register_rig *rig, int out))
{
	char path[64];
	int out, status;
	pid_t pids[2];

	snprintf(path, sizeof(path), "%s/out", rig->directory);
	out = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(out >= 0);
	register_close(rig->r);
	rig->r = NULL;
	for (int i = 0; i < 2; i++)
		pids[i] = other(rig, work, out);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(register_open(&rig->authority, &rig->r), 0);
	return out;
}

static void every_index_once_by_two_processes(void **state)
{
	struct register_rig *rig = *state;
	const int out = two_processes(rig, draw_all);
	bool seen[RIG_INDICES] = { false };
	uint32_t index, last = 0;
	size_t n = 0, neighbours = 0;

	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	for (; read(out, &index, sizeof(index)) == sizeof(index); n++) {
		assert_true(index < RIG_INDICES);
		assert_false(seen[index]);
		seen[index] = true;
		neighbours += index == last + 1;
		last = index;
	}
	close(out);
	assert_int_equal(n, RIG_INDICES);
	assert_true(neighbours < RIG_INDICES / 16); /* 1 expected */
}

static void a_full_partition_grows(void **state)
{
	struct register_rig *rig = *state;
	uint32_t drawn[RIG_INDICES], more[8];
	json_t *status = json_object_get(rig->authority.state, "status");

	begin(rig);
	assert_int_equal(register_draw(rig->r, RIG_PARTITION, RIG_INDICES, drawn), 0);
	commit(rig);
	begin(rig);
	assert_int_equal(register_draw(rig->r, RIG_PARTITION, 1, more), REFUSED);
	register_rollback(rig->r);
	assert_true(register_rig_told(rig, "partition 00a0 of the status list is full; enlarge"));
	json_object_set_new(status, "indices", json_integer(RIG_INDICES + 8));
	register_rig_reopen(rig);
	begin(rig);
	assert_int_equal(register_draw(rig->r, RIG_PARTITION, 8, more), 0);
	commit(rig);
	for (size_t i = 0; i < 8; i++)
		assert_true(more[i] >= RIG_INDICES && more[i] < RIG_INDICES + 8);
	/* A machine whose registry.json is behind knows it, too. */
	json_object_set_new(status, "indices", json_integer(RIG_INDICES));
	register_rig_reopen(rig);
	assert_int_equal(register_indices(rig->r), RIG_INDICES + 8);
}

/* --- history ------------------------------------------------------------------------------------ */

static void work_on_documents(struct register_rig *rig, int out)
{
	char number[24];

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

	close(two_processes(rig, work_on_documents));
	assert_int_equal(
		db_number(register_db(rig->r), "SELECT MAX(number) FROM history", NULL, 0, &n), 0);
	assert_int_equal(n, REGISTER_SCHEMA + 2 * 12 * 6);
	holds(rig);
}

static void it_is_only_ever_added_to(void **state)
{
	struct register_rig *rig = *state;
	struct db *db = register_db(rig->r);

	assert_int_not_equal(
		db_run(db, "UPDATE history SET actor = 'x'", NULL, 0, NULL, NULL, NULL), 0);
	assert_int_not_equal(db_run(db, "DELETE FROM history", NULL, 0, NULL, NULL, NULL), 0);
	assert_true(register_rig_told(rig, "the history is only ever added to"));
	holds(rig);
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
	changed_by_force(rig, "DELETE FROM history WHERE number > 4", 5);
}

/* The head goes back with it, but nobody else can seal it. */
static void a_cut_history_with_its_head_is_found(void **state)
{
	struct register_rig *rig = *state;

	register_rig_document(rig, "SJ1", DOCUMENT_APPROVED);
	changed_by_force(rig,
			 "DELETE FROM history WHERE number > 4;"
			 "UPDATE history_head SET number = 4,"
			 " hash = (SELECT hash FROM history WHERE number = 4)",
			 4);
	register_close(rig->r);
	assert_int_equal(register_open(&rig->authority, &rig->r), REFUSED);
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

	assert_int_equal(register_erase(rig->r, id), REFUSED);
	assert_true(register_rig_told(rig, "revoke it first"));
	move(rig, id, DOCUMENT_REVOKED);
	assert_int_equal(register_erase(rig->r, id), 0);
	assert_int_equal(register_person(rig->r, id, &json, &json_len, &portrait, &portrait_len),
			 REFUSED);
	assert_int_equal(register_rig_revoked(rig), 2);
	assert_int_equal(register_find(rig->r, "SJ1", &d, &found), 0);
	assert_true(found);
	assert_string_equal(d.number, "");
	holds(rig);
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
	assert_int_equal(register_open(&rig->authority, &rig->r), REFUSED);
	assert_true(register_rig_told(rig, "was not sealed with this authority's key register-1"));
}

/* --- schema, connections ------------------------------------------------------------------------------ */

static void a_version_1_is_brought_up_to_date(void **state)
{
	struct register_rig *rig = *state;
	const int64_t id = register_rig_document(rig, "SJ1", DOCUMENT_ACTIVE);
	int64_t n;

	assert_int_equal(db_script(register_db(rig->r), "DROP TABLE job; DROP TABLE signatures;"
							"UPDATE schema SET version = 1"),
			 0);
	register_rig_reopen(rig);
	assert_int_equal(db_number(register_db(rig->r), "SELECT version FROM schema", NULL, 0, &n),
			 0);
	assert_int_equal(n, REGISTER_SCHEMA);
	begin(rig);
	assert_int_equal(register_signed(rig->r, "key-ca-1", "issue", 0, 5, SJ_SPAN_STR("digest")),
			 0);
	commit(rig);
	assert_int_equal(register_rig_state(rig, id), DOCUMENT_ACTIVE);
	holds(rig);
}

static void a_newer_schema_is_refused(void **state)
{
	struct register_rig *rig = *state;

	assert_int_equal(db_script(register_db(rig->r), "UPDATE schema SET version = 99"), 0);
	register_close(rig->r);
	assert_int_equal(register_open(&rig->authority, &rig->r), REFUSED);
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
		CASE(every_cell_of_a_documents_life),
		CASE(a_suspension_ends_where_it_began),
		CASE(what_is_not_committed_did_not_happen),
		CASE(a_number_is_given_once),
		CASE(a_lost_one_is_replaced_for_the_same_holder),
		CASE(what_runs_out_expires),
		CASE(a_card_that_was_not_finished_is_void),
		CASE(a_card_is_made_of_an_approved_document_alone),
		CASE(a_cards_life),
		CASE(a_bad_card_gives_its_document_back),
		CASE(a_cards_keys_and_secrets_are_kept),
		CASE(every_index_once_by_two_processes),
		CASE(a_full_partition_grows),
		CASE(one_chain_by_two_processes),
		CASE(it_is_only_ever_added_to),
		CASE(a_changed_record_is_found),
		CASE(a_missing_record_is_found),
		CASE(a_cut_history_is_found),
		CASE(a_cut_history_with_its_head_is_found),
		CASE(nothing_personal_is_in_the_files),
		CASE(who_is_erased_is_not_known_any_more),
		CASE(another_key_opens_nothing),
		CASE(a_version_1_is_brought_up_to_date),
		CASE(a_newer_schema_is_refused),
		CASE(a_server_that_is_not_there_is_told_without_the_password),
		CASE(values_come_back_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
