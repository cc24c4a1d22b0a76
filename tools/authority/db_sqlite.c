/* db_sqlite.c -- the register in one file. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/db_driver.h"

/* What is erased is overwritten; a commit is on the disk when it returns. */
#define SETTINGS \
	"PRAGMA journal_mode = WAL;" \
	"PRAGMA synchronous = FULL;" \
	"PRAGMA foreign_keys = ON;" \
	"PRAGMA secure_delete = ON;" \
	"PRAGMA trusted_schema = OFF;"

#define RETRY_MS 5

struct db_sqlite {
	struct db base;
	sqlite3 *sql;
	sqlite3_stmt *statements[DB_STATEMENTS];
	char *texts[DB_STATEMENTS];
	size_t next;
};

static struct db_sqlite *of(struct db *db)
{
	return (struct db_sqlite *)db;
}

/* Tells what SQLite says. */
static int failed(struct db *db, int code)
{
	const char *text = sqlite3_errmsg(of(db)->sql);
	const int extended = sqlite3_extended_errcode(of(db)->sql);

	switch (code & 0xFF) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return cli_fail(db->cli, SJ_REGISTER_UNREACHABLE,
				"%s: another process has held it for too long", db->name);
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
		return cli_fail(db->cli, SJ_OUTPUT_FAILED, "%s: %s", db->name, text);
	case SQLITE_NOMEM:
		return cli_fail(db->cli, SJ_NO_MEMORY, "%s", db->name);
	case SQLITE_CONSTRAINT:
		if (extended == SQLITE_CONSTRAINT_UNIQUE ||
		    extended == SQLITE_CONSTRAINT_PRIMARYKEY)
			return cli_fail(db->cli, SJ_INPUT_REFUSED, "%s: it is there already",
					db->name);
		break;
	default:
		break;
	}
	return cli_fail(db->cli, SJ_REGISTER_BROKEN, "%s: %s", db->name, text);
}

static int script(struct db *db, const char *sql)
{
	int code;

	/* On a full disk SQLite took the change back by itself. */
	if (strcmp(sql, "ROLLBACK") == 0 && sqlite3_get_autocommit(of(db)->sql) != 0)
		return 0;
	code = sqlite3_exec(of(db)->sql, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : failed(db, code);
}

static int begin(struct db *db)
{
	return script(db, "BEGIN IMMEDIATE");
}

static int commit(struct db *db)
{
	return script(db, "COMMIT");
}

/* $1 is a name to SQLite, which counts names as they come; ?1 is the first parameter. */
static int compile(struct db_sqlite *s, const char *sql, sqlite3_stmt **out)
{
	char *text = strdup(sql);
	int code;

	if (text == NULL)
		return SQLITE_NOMEM;
	for (char *c = text; (c = strchr(c, '$')) != NULL; c++)
		*c = '?';
	code = sqlite3_prepare_v3(s->sql, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	free(text);
	return code;
}

/* A statement that nobody is using; *kept: it stays, else finalize it. */
static int prepare(struct db_sqlite *s, const char *sql, sqlite3_stmt **out, bool *kept)
{
	const size_t i = db_statement_slot(s->texts, &s->next, sql, kept);
	int code;

	if (*kept) {
		*out = s->statements[i];
		return 0;
	}
	code = compile(s, sql, out);
	if (code != SQLITE_OK)
		return failed(&s->base, code);
	sqlite3_finalize(s->statements[i]);
	free(s->texts[i]);
	s->statements[i] = NULL;
	s->texts[i] = strdup(sql);
	if (s->texts[i] != NULL) {
		s->statements[i] = *out;
		*kept = true;
	}
	return 0;
}

static int bind(sqlite3_stmt *statement, int at, const struct db_value *v)
{
	switch (v->type) {
	case DB_INTEGER:
		return sqlite3_bind_int64(statement, at, v->integer);
	case DB_TEXT:
		return sqlite3_bind_text64(statement, at, (const char *)v->bytes.ptr, v->bytes.len,
					   SQLITE_STATIC, SQLITE_UTF8);
	case DB_BYTES:
		return v->bytes.len == 0 ? sqlite3_bind_zeroblob(statement, at, 0)
					 : sqlite3_bind_blob64(statement, at, v->bytes.ptr,
							       v->bytes.len, SQLITE_STATIC);
	case DB_NULL:
	default:
		return sqlite3_bind_null(statement, at);
	}
}

static struct db_value column(sqlite3_stmt *statement, int at)
{
	struct db_value v = { .type = DB_NULL };

	switch (sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
		v = db_integer(sqlite3_column_int64(statement, at));
		break;
	case SQLITE_TEXT:
		v.type = DB_TEXT;
		v.bytes.ptr = sqlite3_column_text(statement, at);
		v.bytes.len = (size_t)sqlite3_column_bytes(statement, at);
		break;
	case SQLITE_BLOB:
		v.type = DB_BYTES;
		v.bytes.ptr = sqlite3_column_blob(statement, at);
		v.bytes.len = (size_t)sqlite3_column_bytes(statement, at);
		break;
	default:
		break;
	}
	return v;
}

static int give_row(sqlite3_stmt *statement, db_row_fn row, void *user)
{
	struct db_value columns[DB_COLUMNS_MAX];
	size_t n = (size_t)sqlite3_column_count(statement);

	if (n > DB_COLUMNS_MAX)
		n = DB_COLUMNS_MAX;
	for (size_t i = 0; i < n; i++)
		columns[i] = column(statement, (int)i);
	return row(user, columns, n);
}

static int step(struct db *db, sqlite3_stmt *statement, db_row_fn row, void *user, size_t *changed)
{
	int code, rc = 0;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW && rc == 0) {
		if (row != NULL)
			rc = give_row(statement, row, user);
	}
	if (rc == 0 && code != SQLITE_DONE)
		rc = failed(db, code);
	if (changed != NULL)
		*changed = (size_t)sqlite3_changes64(of(db)->sql);
	return rc;
}

static int run(struct db *db, const char *sql, const struct db_value *params, size_t n,
	       db_row_fn row, void *user, size_t *changed)
{
	sqlite3_stmt *statement = NULL;
	bool kept = false;
	int rc = prepare(of(db), sql, &statement, &kept), code = SQLITE_OK;

	for (size_t i = 0; rc == 0 && code == SQLITE_OK && i < n; i++)
		code = bind(statement, (int)i + 1, &params[i]);
	if (code != SQLITE_OK)
		rc = failed(db, code);
	if (rc == 0)
		rc = step(db, statement, row, user, changed);
	if (statement == NULL)
		return rc;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	if (!kept)
		sqlite3_finalize(statement);
	return rc;
}

/* A file is never lost. */
static int connect(struct db *db)
{
	db->lost = false;
	return 0;
}

static void close_file(struct db *db)
{
	struct db_sqlite *s = of(db);

	for (size_t i = 0; i < DB_STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		free(s->texts[i]);
	}
	sqlite3_close(s->sql);
	free(db->name);
	free(s);
}

static const struct db_driver driver = {
	.connect = connect,
	.begin = begin,
	.commit = commit,
	.script = script,
	.run = run,
	.close = close_file,
	.identity = "INTEGER PRIMARY KEY",
	.server = false,
};

/* Made readable by its owner alone; the files beside it get the same mode. */
static int make_file(struct cli *cli, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno != EEXIST)
		return cli_output_failed(cli, path);
	if (fd >= 0)
		close(fd);
	return 0;
}

/*
 * Who turns a new file to WAL while another writes it is told at once that it is busy: SQLite
 * does not wait (sqlite3BtreeSetVersion has begun to read), so we do.
 */
static int settings(struct db *db)
{
	unsigned waited = 0;
	int code;

	for (;;) {
		code = sqlite3_exec(of(db)->sql, SETTINGS, NULL, NULL, NULL);
		if ((code & 0xFF) != SQLITE_BUSY || waited >= db->timeout_ms)
			return code == SQLITE_OK ? 0 : failed(db, code);
		sqlite3_sleep(RETRY_MS);
		waited += RETRY_MS;
	}
}

int db_sqlite_open(struct cli *cli, const char *path, unsigned timeout_ms, struct db **out)
{
	struct db_sqlite *s = calloc(1, sizeof(*s));
	int rc, code;

	if (s == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	*out = &s->base;
	s->base = (struct db){
		.driver = &driver, .cli = cli, .name = strdup(path), .timeout_ms = timeout_ms
	};
	if (s->base.name == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	rc = make_file(cli, path);
	if (rc != 0)
		return rc;
	code = sqlite3_open_v2(path, &s->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(s->sql, (int)timeout_ms);
	if (code != SQLITE_OK)
		return cli_fail(cli, SJ_INPUT_UNREADABLE, "%s: %s", path, sqlite3_errstr(code));
	return settings(&s->base);
}
