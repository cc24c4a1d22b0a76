#include "authority/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/db_driver.h"

#define SQLITE_PREFIX "sqlite:"
#define IDENTITY "{ID}"

/* --- values ----------------------------------------------------------------------- */

struct db_value db_integer(int64_t n)
{
	return (struct db_value){ .type = DB_INTEGER, .integer = n };
}

struct db_value db_text(const char *text)
{
	if (text == NULL)
		return db_null();
	return (struct db_value){ .type = DB_TEXT,
				  .bytes = sj_span((const uint8_t *)text, strlen(text)) };
}

struct db_value db_bytes(struct sj_span bytes)
{
	return (struct db_value){ .type = DB_BYTES, .bytes = bytes };
}

struct db_value db_null(void)
{
	return (struct db_value){ .type = DB_NULL };
}

bool db_copy_text(const struct db_value *v, char *out, size_t cap)
{
	if (v->type != DB_TEXT || v->bytes.len >= cap)
		return false;
	memcpy(out, v->bytes.ptr, v->bytes.len);
	out[v->bytes.len] = '\0';
	return true;
}

/* --- opening ------------------------------------------------------------------------ */

int db_open(struct cli *cli, const char *where, unsigned timeout_ms, struct db **out)
{
	int rc;

	*out = NULL;
	if (strncmp(where, SQLITE_PREFIX, strlen(SQLITE_PREFIX)) == 0)
		rc = db_sqlite_open(cli, where + strlen(SQLITE_PREFIX), timeout_ms, out);
	else
		rc = db_postgres_open(cli, where, timeout_ms, out);
	if (rc != 0) {
		db_close(*out);
		*out = NULL;
	}
	return rc;
}

void db_close(struct db *db)
{
	if (db != NULL)
		db->driver->close(db);
}

bool db_is_server(const struct db *db)
{
	return db->driver->server;
}

bool db_again(const struct db *db)
{
	return db->lost || db->conflict;
}

/* --- changes ------------------------------------------------------------------------- */

/* Outside a change a broken connection is made again; within one the change is over. */
static int ready(struct db *db)
{
	if (db->busy)
		return cli_fail(db->cli, SJ_INTERNAL, "database: used by its own row function");
	if (!db->lost)
		return 0;
	if (db->within)
		return cli_fail(db->cli, SJ_REGISTER_UNREACHABLE, "%s: the connection broke",
				db->name);
	return db->driver->connect(db);
}

int db_begin(struct db *db)
{
	int rc;

	if (db->within)
		return cli_fail(db->cli, SJ_INTERNAL, "database: a change within a change");
	rc = ready(db);
	db->conflict = false;
	if (rc == 0)
		rc = db->driver->begin(db);
	db->within = rc == 0;
	return rc;
}

int db_commit(struct db *db)
{
	int rc;

	if (!db->within)
		return cli_fail(db->cli, SJ_INTERNAL, "database: nothing to commit");
	rc = ready(db);
	if (rc == 0)
		rc = db->driver->commit(db);
	if (rc == 0)
		db->within = false;
	else
		db_rollback(db);
	return rc;
}

void db_rollback(struct db *db)
{
	if (db->within && !db->lost && db->driver->script(db, "ROLLBACK") != 0)
		cli_debug(db->cli, "%s: rollback failed", db->name);
	db->within = false;
}

/* --- statements ------------------------------------------------------------------------ */

struct guarded {
	struct db *db;
	db_row_fn row;
	void *user;
};

static int guarded_row(void *user, const struct db_value *columns, size_t n)
{
	struct guarded *g = user;
	int rc;

	g->db->busy = true;
	rc = g->row(g->user, columns, n);
	g->db->busy = false;
	return rc;
}

int db_run(struct db *db, const char *sql, const struct db_value *params, size_t n, db_row_fn row,
	   void *user, size_t *changed)
{
	struct guarded g = { db, row, user };
	int rc = ready(db);

	if (rc == 0 && n > DB_PARAMETERS_MAX)
		rc = cli_fail(db->cli, SJ_INTERNAL, "database: too many parameters");
	if (rc == 0)
		rc = db->driver->run(db, sql, params, n, row != NULL ? guarded_row : NULL, &g,
				     changed);
	return rc;
}

struct number {
	int64_t value;
	size_t rows;
};

static int take_number(void *user, const struct db_value *columns, size_t n)
{
	struct number *out = user;

	if (n == 1 && columns[0].type == DB_INTEGER) {
		out->value = columns[0].integer;
		out->rows++;
	}
	return 0;
}

int db_number(struct db *db, const char *sql, const struct db_value *params, size_t n, int64_t *out)
{
	struct number number = { 0, 0 };
	int rc = db_run(db, sql, params, n, take_number, &number, NULL);

	if (rc == 0 && number.rows != 1)
		rc = cli_fail(db->cli, SJ_REGISTER_BROKEN, "%s: no number where one should be",
			      db->name);
	if (rc == 0)
		*out = number.value;
	return rc;
}

/* The script with every "{ID}" replaced; free it. */
static char *spell(const char *sql, const char *identity)
{
	char *out = NULL;
	const char *next;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	if (f == NULL)
		return NULL;
	while ((next = strstr(sql, IDENTITY)) != NULL) {
		fprintf(f, "%.*s%s", (int)(next - sql), sql, identity);
		sql = next + strlen(IDENTITY);
	}
	fputs(sql, f);
	if (fclose(f) == 0)
		return out;
	free(out);
	return NULL;
}

int db_script(struct db *db, const char *sql)
{
	char *text;
	int rc = ready(db);

	if (rc != 0)
		return rc;
	text = spell(sql, db->driver->identity);
	if (text == NULL)
		return cli_fail(db->cli, SJ_NO_MEMORY, NULL);
	rc = db->driver->script(db, text);
	free(text);
	return rc;
}

size_t db_statement_slot(char *texts[static DB_STATEMENTS], size_t *next, const char *sql,
			 bool *found)
{
	size_t i;

	for (i = 0; i < DB_STATEMENTS; i++) {
		*found = texts[i] != NULL && strcmp(texts[i], sql) == 0;
		if (*found)
			return i;
	}
	i = *next;
	*next = (i + 1) % DB_STATEMENTS;
	return i;
}
