/*
 * db.h -- one way to speak to SQLite and PostgreSQL.
 *
 * SQL is what both understand, with parameters $1, $2, ... The few statements that differ
 * ask db_is_server(). Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_DB_H
#define SJ_AUTHORITY_DB_H

#include "cli/cli.h"
#include "wire/bytes.h"

struct db;

/* A parameter or a column. Text and bytes are borrowed: until the row function returns. */
struct db_value {
	enum db_type { DB_NULL, DB_INTEGER, DB_TEXT, DB_BYTES } type;
	int64_t integer;
	struct sj_span bytes; /* text too, without a NUL */
};
struct db_value db_integer(int64_t n);
struct db_value db_text(const char *text); /* NULL: SQL's NULL */
struct db_value db_bytes(struct sj_span bytes);
struct db_value db_null(void);
/* Copies a text column; false: NULL, or does not fit. */
SJ_MUST_CHECK bool db_copy_text(const struct db_value *v, char *out, size_t cap);

/*
 * "sqlite:PATH" or a connection string of libpq ("postgresql://..." or "host=... dbname=...").
 * A server that does not answer is tried again until `timeout_ms`; so it is when the
 * connection has broken and db_begin() is called, or db_run() outside a change.
 * SJ_REGISTER_UNREACHABLE is told with the host, never with the password.
 */
CLI_MUST_CHECK int db_open(struct cli *cli, const char *where, unsigned timeout_ms,
			   struct db **out);
/* A connection string with a password in it, where others read it, is told as a wrong use. */
CLI_MUST_CHECK int db_refuse_password(struct cli *cli, const char *where);
void db_close(struct db *db);
bool db_is_server(const struct db *db);
/*
 * The connection broke in the last call, and whether a commit took place is not known; or the
 * change stood in the way of another. After db_rollback() it can be done again.
 */
bool db_again(const struct db *db);

/*
 * Nothing is done before db_commit(); SQLite: BEGIN IMMEDIATE. After a failure of db_run(),
 * db_script() or db_commit() nothing but db_rollback() makes sense.
 */
CLI_MUST_CHECK int db_begin(struct db *db);
CLI_MUST_CHECK int db_commit(struct db *db);
void db_rollback(struct db *db);

#define DB_COLUMNS_MAX 24u
#define DB_PARAMETERS_MAX 96u
/* A row of an answer; not 0 stops and is returned. It must not use the database. */
typedef int (*db_row_fn)(void *user, const struct db_value *columns, size_t n);
/*
 * Runs one statement; `row` may be NULL. Rows are streamed: memory does not grow with
 * their number. *changed (may be NULL): rows inserted, updated or deleted.
 */
/* What is there already (a UNIQUE column) is told as SJ_INPUT_REFUSED. */
CLI_MUST_CHECK int db_run(struct db *db, const char *sql, const struct db_value *params, size_t n,
			  db_row_fn row, void *user, size_t *changed);
/* As db_run() for a statement that gives exactly one row with one integer. */
CLI_MUST_CHECK int db_number(struct db *db, const char *sql, const struct db_value *params,
			     size_t n, int64_t *out);
/*
 * Several statements without parameters, as a migration has them. "{ID}" is a column
 * that numbers its rows by itself.
 */
CLI_MUST_CHECK int db_script(struct db *db, const char *sql);

#endif
