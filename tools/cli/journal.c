/*
 * journal.c -- a journal's store in SQLite. A write-ahead log that is synced at
 * every commit: after a power cut a transaction is wholly there or not at all.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/journal.h"

#define BUSY_MS 2000

enum query {
	ROW_NEXT,
	ROW_LAST,
	HEAD_NEXT,
	HEAD_LAST,
	ROW_ADD,
	HEAD_ADD,
	ERASE,
	ERASE_DUE,
	TRIM_ROWS,
	TRIM_HEADS
};
#define QUERIES 10u
static const char *const queries[QUERIES] = {
	[ROW_NEXT] = "SELECT number, body, key, sealed, due FROM record WHERE number > ?1 "
		     "ORDER BY number LIMIT 1",
	[ROW_LAST] = "SELECT number, body, key, sealed, due FROM record "
		     "ORDER BY number DESC LIMIT 1",
	[HEAD_NEXT] = "SELECT number, bytes, signature FROM head WHERE number > ?1 "
		      "ORDER BY number LIMIT 1",
	[HEAD_LAST] = "SELECT number, bytes, signature FROM head ORDER BY number DESC LIMIT 1",
	[ROW_ADD] = "INSERT INTO record (number, body, key, sealed, due) "
		    "VALUES (?1, ?2, ?3, ?4, ?5)",
	[HEAD_ADD] = "INSERT OR REPLACE INTO head (number, bytes, signature) VALUES (?1, ?2, ?3)",
	[ERASE] = "UPDATE record INDEXED BY personal SET key = NULL, sealed = NULL, due = NULL "
		  "WHERE sealed IS NOT NULL AND number BETWEEN ?1 AND ?2",
	[ERASE_DUE] = "UPDATE record INDEXED BY due SET key = NULL, sealed = NULL, due = NULL "
		      "WHERE due IS NOT NULL AND due <= ?1",
	[TRIM_ROWS] = "DELETE FROM record WHERE number <= ?1",
	[TRIM_HEADS] = "DELETE FROM head WHERE number <= ?1",
};

static const char schema[] = "CREATE TABLE IF NOT EXISTS record (number INTEGER PRIMARY KEY, "
			     "body BLOB NOT NULL, key BLOB, sealed BLOB, due INTEGER);"
			     "CREATE TABLE IF NOT EXISTS head (number INTEGER PRIMARY KEY, "
			     "bytes BLOB NOT NULL, signature BLOB NOT NULL);";
static const char indexes[] = "CREATE INDEX IF NOT EXISTS personal ON record (number) "
			      "WHERE sealed IS NOT NULL;"
			      "CREATE INDEX IF NOT EXISTS due ON record (due) "
			      "WHERE due IS NOT NULL;";

struct database {
	struct cli_store outer; /* first: what the caller has */
	sqlite3 *sql;
	sqlite3_stmt *statements[QUERIES];
	uint8_t *bytes; /* body and sealed data of the row that was read last */
	size_t bytes_len;
};

static enum sj_rc meaning(int code)
{
	switch (code & 0xFF) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return SJ_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return SJ_TIMED_OUT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_MISMATCH:
		return SJ_JOURNAL_BROKEN;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return SJ_FILE_PERMISSION;
	case SQLITE_CANTOPEN:
		return SJ_INPUT_UNREADABLE;
	case SQLITE_NOMEM:
		return SJ_NO_MEMORY;
	default:
		return SJ_OUTPUT_FAILED;
	}
}

/* The prepared statement, ready for its parameters; NULL: *rc says why. */
static sqlite3_stmt *statement(struct database *db, enum query query, enum sj_rc *rc)
{
	int code = SQLITE_OK;

	if (db->statements[query] == NULL)
		code = sqlite3_prepare_v3(db->sql, queries[query], -1, SQLITE_PREPARE_PERSISTENT,
					  &db->statements[query], NULL);
	*rc = meaning(code);
	return db->statements[query];
}

static enum sj_rc execute(struct database *db, const char *text)
{
	return meaning(sqlite3_exec(db->sql, text, NULL, NULL, NULL));
}

/* Steps a statement that gives no rows. */
static enum sj_rc run(sqlite3_stmt *s)
{
	int code = sqlite3_step(s);

	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return meaning(code);
}

/* --- reading --------------------------------------------------------------------- */

static bool blob(sqlite3_stmt *s, int column, uint8_t *out, size_t max, size_t *len)
{
	int n = sqlite3_column_bytes(s, column);

	if (n < 0 || (size_t)n > max)
		return false;
	if (n > 0)
		memcpy(out, sqlite3_column_blob(s, column), (size_t)n);
	*len = (size_t)n;
	return true;
}

static void forget_row(struct database *db)
{
	if (db->bytes != NULL)
		explicit_bzero(db->bytes, db->bytes_len);
	free(db->bytes);
	db->bytes = NULL;
	db->bytes_len = 0;
}

/* A copy: a statement that stays open holds a read transaction, and the log could not be emptied. */
static int take_row(struct database *db, sqlite3_stmt *s, struct sj_journal_row *out)
{
	size_t body = (size_t)sqlite3_column_bytes(s, 1),
	       sealed = (size_t)sqlite3_column_bytes(s, 3);
	size_t key_len;

	if (body > SJ_JOURNAL_BODY_MAX || sealed > SJ_JOURNAL_SEALED_MAX)
		return SQLITE_CORRUPT;
	db->bytes_len = body + sealed;
	db->bytes = malloc(db->bytes_len + 1);
	if (db->bytes == NULL)
		return SQLITE_NOMEM;
	out->number = (uint64_t)sqlite3_column_int64(s, 0);
	out->body = db->bytes;
	out->sealed = db->bytes + body;
	out->due = sqlite3_column_int64(s, 4);
	if (!blob(s, 1, db->bytes, body, &out->body_len) ||
	    !blob(s, 2, out->key, sizeof(out->key), &key_len) ||
	    !blob(s, 3, db->bytes + body, sealed, &out->sealed_len) ||
	    key_len != (sealed != 0 ? sizeof(out->key) : 0))
		return SQLITE_CORRUPT;
	return SQLITE_ROW;
}

static enum sj_rc row(void *user, uint64_t after, struct sj_journal_row *out)
{
	bool last = after == UINT64_MAX;
	enum sj_rc rc;
	sqlite3_stmt *s = statement(user, last ? ROW_LAST : ROW_NEXT, &rc);
	int code;

	if (s == NULL)
		return rc;
	if (!last)
		sqlite3_bind_int64(s, 1, (sqlite3_int64)after);
	code = sqlite3_step(s);
	out->number = 0;
	forget_row(user);
	if (code == SQLITE_ROW)
		code = take_row(user, s, out);
	sqlite3_reset(s);
	return meaning(code);
}

static enum sj_rc head(void *user, uint64_t after, struct sj_journal_head *out)
{
	bool last = after == UINT64_MAX;
	size_t n = 0, m = 0;
	enum sj_rc rc;
	sqlite3_stmt *s = statement(user, last ? HEAD_LAST : HEAD_NEXT, &rc);
	int code;

	if (s == NULL)
		return rc;
	if (!last)
		sqlite3_bind_int64(s, 1, (sqlite3_int64)after);
	code = sqlite3_step(s);
	out->number = 0;
	if (code == SQLITE_ROW) {
		out->number = (uint64_t)sqlite3_column_int64(s, 0);
		if (!blob(s, 1, out->bytes, sizeof(out->bytes), &n) || n != sizeof(out->bytes) ||
		    !blob(s, 2, out->signature, sizeof(out->signature), &m) ||
		    m != sizeof(out->signature))
			code = SQLITE_CORRUPT;
	}
	sqlite3_reset(s);
	return meaning(code);
}

/* --- writing ---------------------------------------------------------------------- */

static enum sj_rc add_row(struct database *db, const struct sj_journal_row *r)
{
	enum sj_rc rc;
	sqlite3_stmt *s = statement(db, ROW_ADD, &rc);

	if (s == NULL)
		return rc;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)r->number);
	sqlite3_bind_blob(s, 2, r->body, (int)r->body_len, SQLITE_STATIC);
	if (r->sealed_len != 0) {
		sqlite3_bind_blob(s, 3, r->key, (int)sizeof(r->key), SQLITE_STATIC);
		sqlite3_bind_blob(s, 4, r->sealed, (int)r->sealed_len, SQLITE_STATIC);
	}
	if (r->due != 0)
		sqlite3_bind_int64(s, 5, r->due);
	return run(s);
}

static enum sj_rc add_head(struct database *db, const struct sj_journal_head *h)
{
	enum sj_rc rc;
	sqlite3_stmt *s = statement(db, HEAD_ADD, &rc);

	if (s == NULL)
		return rc;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)h->number);
	sqlite3_bind_blob(s, 2, h->bytes, (int)sizeof(h->bytes), SQLITE_STATIC);
	sqlite3_bind_blob(s, 3, h->signature, (int)sizeof(h->signature), SQLITE_STATIC);
	return run(s);
}

static enum sj_rc between(struct database *db, enum query query, uint64_t first, uint64_t last)
{
	enum sj_rc rc;
	sqlite3_stmt *s = statement(db, query, &rc);

	if (s == NULL)
		return rc;
	sqlite3_bind_int64(s, 1, (sqlite3_int64)first);
	if (query == ERASE)
		sqlite3_bind_int64(s, 2, (sqlite3_int64)last);
	return run(s);
}

/* Ends a transaction that went as `rc` says. */
static enum sj_rc end(struct database *db, enum sj_rc rc)
{
	if (rc == SJ_OK)
		rc = execute(db, "COMMIT");
	if (rc != SJ_OK && sqlite3_get_autocommit(db->sql) == 0)
		(void)execute(db, "ROLLBACK");
	return rc;
}

static enum sj_rc add(void *user, const struct sj_journal_row *r, const struct sj_journal_head *h)
{
	enum sj_rc rc = execute(user, "BEGIN IMMEDIATE");

	if (rc != SJ_OK)
		return rc;
	if (r != NULL)
		rc = add_row(user, r);
	if (rc == SJ_OK && h != NULL)
		rc = add_head(user, h);
	return end(user, rc);
}

/* What was deleted is overwritten with zeros, and no copy stays in the write-ahead log. */
static enum sj_rc empty_log(struct database *db)
{
	return meaning(
		sqlite3_wal_checkpoint_v2(db->sql, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

/* Also when nothing was due: an earlier erasing may have found the log in use. */
static enum sj_rc erased_so(struct database *db, enum sj_rc rc, uint64_t *erased)
{
	forget_row(db);
	*erased = rc == SJ_OK ? (uint64_t)sqlite3_changes(db->sql) : 0;
	return rc == SJ_OK ? empty_log(db) : rc;
}

static enum sj_rc erase(void *user, uint64_t first, uint64_t last, uint64_t *erased)
{
	return erased_so(user, between(user, ERASE, first, last), erased);
}

static enum sj_rc erase_due(void *user, int64_t now, uint64_t *erased)
{
	enum sj_rc rc;
	sqlite3_stmt *s = statement(user, ERASE_DUE, &rc);

	if (s != NULL) {
		sqlite3_bind_int64(s, 1, now);
		rc = run(s);
	}
	return erased_so(user, rc, erased);
}

static enum sj_rc trim(void *user, const struct sj_journal_head *start)
{
	enum sj_rc rc = execute(user, "BEGIN IMMEDIATE");

	if (rc != SJ_OK)
		return rc;
	rc = between(user, TRIM_ROWS, start->number, 0);
	if (rc == SJ_OK)
		rc = between(user, TRIM_HEADS, start->number, 0);
	if (rc == SJ_OK)
		rc = add_head(user, start);
	rc = end(user, rc);
	return rc == SJ_OK ? empty_log(user) : rc;
}

/* --- opening ------------------------------------------------------------------------ */

/* Journals of before evidence know no `due`. */
static bool is_old(struct database *db)
{
	static const char sought[] = "SELECT count(*), sum(name = 'due') "
				     "FROM pragma_table_info('record')";
	sqlite3_stmt *s = NULL;
	bool old = sqlite3_prepare_v2(db->sql, sought, -1, &s, NULL) == SQLITE_OK &&
		   sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) != 0 &&
		   sqlite3_column_int(s, 1) == 0;

	sqlite3_finalize(s);
	return old;
}

/* Another process may do the same: whoever comes second finds it done. */
static enum sj_rc migrate(struct database *db)
{
	enum sj_rc rc = SJ_OK;

	if (!is_old(db))
		return SJ_OK;
	rc = execute(db, "BEGIN IMMEDIATE");
	if (rc != SJ_OK)
		return rc;
	if (is_old(db)) {
		rc = execute(db, "ALTER TABLE record ADD COLUMN due INTEGER");
		if (rc == SJ_OK)
			rc = execute(db, indexes);
	}
	return end(db, rc);
}

static enum sj_rc prepare(struct database *db, bool create)
{
	enum sj_rc rc;

	sqlite3_busy_timeout(db->sql, BUSY_MS);
	/* 256 KiB: more is of no use for adding, and SQLite would take 2 MiB, a page with each new one. */
	rc = execute(db, "PRAGMA cache_size = -256; PRAGMA secure_delete = ON");
	if (rc == SJ_OK && create)
		rc = execute(db, "PRAGMA journal_mode = WAL");
	if (rc == SJ_OK)
		rc = execute(db, "PRAGMA synchronous = FULL");
	if (rc == SJ_OK && create)
		rc = execute(db, schema);
	if (rc == SJ_OK)
		rc = migrate(db);
	if (rc == SJ_OK && create)
		rc = execute(db, indexes);
	/* What a kill between erasing and this has left; somebody who reads may forbid it. */
	if (rc == SJ_OK && create)
		(void)empty_log(db);
	return rc;
}

/* It holds personal data: for its owner alone. SQLite gives its logs the same mode. */
static void make_private(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

enum sj_rc cli_store_open(const char *path, bool create, struct cli_store **out,
			  char why[static 128])
{
	struct database *db = calloc(1, sizeof(*db));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
	enum sj_rc rc;

	why[0] = '\0';
	if (db == NULL)
		return SJ_NO_MEMORY;
	db->outer.store = (struct sj_journal_store){
		sizeof(struct sj_journal_store), db, row, head, add, erase, trim, erase_due
	};
	if (create)
		make_private(path);
	rc = meaning(sqlite3_open_v2(path, &db->sql, flags, NULL));
	if (rc == SJ_OK)
		rc = prepare(db, create);
	if (rc == SJ_OK) {
		*out = &db->outer;
		return SJ_OK;
	}
	if (db->sql != NULL)
		snprintf(why, 128, "%s", sqlite3_errmsg(db->sql));
	cli_store_close(&db->outer);
	return rc;
}

void cli_store_close(struct cli_store *store)
{
	struct database *db = (struct database *)(void *)store;

	if (db == NULL)
		return;
	for (size_t i = 0; i < QUERIES; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->sql);
	forget_row(db);
	free(db);
}
