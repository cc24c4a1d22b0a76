/*
 * store.c -- the journal's store in SQLite. A write-ahead log that is synced at
 * every commit: after a power cut a transaction is wholly there or not at all.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gate/tool.h"

#define BUSY_MS 2000

enum query { ROW_NEXT, ROW_LAST, HEAD_NEXT, ROW_ADD, HEAD_ADD, ERASE, TRIM_ROWS, TRIM_HEADS };
#define QUERIES 8u
static const char *const queries[QUERIES] = {
	[ROW_NEXT] = "SELECT number, body, key, sealed FROM record WHERE number > ?1 "
		     "ORDER BY number LIMIT 1",
	[ROW_LAST] = "SELECT number, body, key, sealed FROM record ORDER BY number DESC LIMIT 1",
	[HEAD_NEXT] = "SELECT number, bytes, signature FROM head WHERE number > ?1 "
		      "ORDER BY number LIMIT 1",
	[ROW_ADD] = "INSERT INTO record (number, body, key, sealed) VALUES (?1, ?2, ?3, ?4)",
	[HEAD_ADD] = "INSERT OR REPLACE INTO head (number, bytes, signature) VALUES (?1, ?2, ?3)",
	[ERASE] = "UPDATE record INDEXED BY personal SET key = NULL, sealed = NULL "
		  "WHERE sealed IS NOT NULL AND number BETWEEN ?1 AND ?2",
	[TRIM_ROWS] = "DELETE FROM record WHERE number <= ?1",
	[TRIM_HEADS] = "DELETE FROM head WHERE number <= ?1",
};

static const char schema[] = "CREATE TABLE IF NOT EXISTS record (number INTEGER PRIMARY KEY, "
			     "body BLOB NOT NULL, key BLOB, sealed BLOB);"
			     "CREATE TABLE IF NOT EXISTS head (number INTEGER PRIMARY KEY, "
			     "bytes BLOB NOT NULL, signature BLOB NOT NULL);"
			     "CREATE INDEX IF NOT EXISTS personal ON record (number) "
			     "WHERE sealed IS NOT NULL;";

struct database {
	struct gate_store outer; /* first: what the caller has */
	sqlite3 *sql;
	sqlite3_stmt *statements[QUERIES];
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

static bool take_row(sqlite3_stmt *s, struct sj_journal_row *out)
{
	size_t key_len;

	out->number = (uint64_t)sqlite3_column_int64(s, 0);
	return blob(s, 1, out->body, sizeof(out->body), &out->body_len) &&
	       blob(s, 2, out->key, sizeof(out->key), &key_len) &&
	       blob(s, 3, out->sealed, sizeof(out->sealed), &out->sealed_len) &&
	       key_len == (out->sealed_len != 0 ? sizeof(out->key) : 0);
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
	if (code == SQLITE_ROW && !take_row(s, out))
		code = SQLITE_CORRUPT;
	sqlite3_reset(s);
	return meaning(code);
}

static enum sj_rc head(void *user, uint64_t after, struct sj_journal_head *out)
{
	size_t n = 0, m = 0;
	enum sj_rc rc;
	sqlite3_stmt *s = statement(user, HEAD_NEXT, &rc);
	int code;

	if (s == NULL)
		return rc;
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

static enum sj_rc erase(void *user, uint64_t first, uint64_t last, uint64_t *erased)
{
	struct database *db = user;
	enum sj_rc rc = between(user, ERASE, first, last);

	*erased = rc == SJ_OK ? (uint64_t)sqlite3_changes(db->sql) : 0;
	return rc == SJ_OK && *erased != 0 ? empty_log(user) : rc;
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

static enum sj_rc prepare(struct database *db, bool create)
{
	enum sj_rc rc;

	sqlite3_busy_timeout(db->sql, BUSY_MS);
	rc = execute(db, "PRAGMA secure_delete = ON");
	if (rc == SJ_OK && create)
		rc = execute(db, "PRAGMA journal_mode = WAL");
	if (rc == SJ_OK)
		rc = execute(db, "PRAGMA synchronous = FULL");
	if (rc == SJ_OK && create)
		rc = execute(db, schema);
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

enum sj_rc gate_store_open(const char *path, bool create, struct gate_store **out,
			   char why[static 128])
{
	struct database *db = calloc(1, sizeof(*db));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
	enum sj_rc rc;

	why[0] = '\0';
	if (db == NULL)
		return SJ_NO_MEMORY;
	db->outer.store = (struct sj_journal_store){
		sizeof(struct sj_journal_store), db, row, head, add, erase, trim
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
	gate_store_close(&db->outer);
	return rc;
}

void gate_store_close(struct gate_store *store)
{
	struct database *db = (struct database *)(void *)store;

	if (db == NULL)
		return;
	for (size_t i = 0; i < QUERIES; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->sql);
	free(db);
}
