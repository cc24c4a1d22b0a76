/* db_postgres.c -- the register on a server, for any number of machines. */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/db_driver.h"
#include "cli/library.h"

#define RETRY_NS 200000000L
#define NUMBER_TEXT 24u
#define UNIQUE_VIOLATION "23505"
/* Whatever the server's defaults are: what waited for a row sees it as it is then. */
#define BEGIN "BEGIN ISOLATION LEVEL READ COMMITTED"
/* A commit that was answered stays: an index must not be drawn twice after a power cut. */
#define DURABLE \
	"SELECT set_config('synchronous_commit', 'on', false)" \
	" WHERE current_setting('synchronous_commit') = 'off'"
/* Types of the server's catalogue (pg_type.dat). */
#define OID_BOOL 16u
#define OID_BYTEA 17u
#define OID_INT8 20u
#define OID_INT2 21u
#define OID_INT4 23u
#define OID_TEXT 25u

/* A statement's parameters as libpq wants them. */
struct parameters {
	const char *values[DB_PARAMETERS_MAX];
	int lengths[DB_PARAMETERS_MAX], formats[DB_PARAMETERS_MAX];
	Oid types[DB_PARAMETERS_MAX];
	char numbers[DB_PARAMETERS_MAX][NUMBER_TEXT];
	char *texts[DB_PARAMETERS_MAX]; /* with the NUL that libpq wants; freed after */
};

#define LIBRARY "libpq.so.5"
#define LIBPQ_CALLS(f) \
	f(PQclear) f(PQcmdStatus) f(PQcmdTuples) f(PQconnectdbParams) f(PQconninfoFree) \
		f(PQconninfoParse) f(PQerrorMessage) f(PQexec) f(PQfinish) f(PQftype) \
			f(PQgetResult) f(PQgetisnull) f(PQgetlength) f(PQgetvalue) f(PQnfields) \
				f(PQpingParams) f(PQprepare) f(PQresultErrorField) \
					f(PQresultStatus) f(PQsendQueryPrepared) \
						f(PQsetNoticeProcessor) f(PQsetSingleRowMode) \
							f(PQstatus)

struct libpq {
	LIBPQ_CALLS(CLI_CALL)
};

struct db_postgres {
	struct db base;
	struct libpq pq;
	char *where;
	PGconn *conn;
	char *texts[DB_STATEMENTS];
	size_t next;
	struct parameters parameters;
};

static struct db_postgres *of(struct db *db)
{
	return (struct db_postgres *)db;
}

/* --- telling ----------------------------------------------------------------------- */

/* The first line of what libpq says: it names hosts and files, never a password. */
static void first_line(const char *text, char out[static 160])
{
	snprintf(out, 160, "%s", text != NULL ? text : "");
	out[strcspn(out, "\n")] = '\0';
}

/* What went wrong: the connection, or the statement. Parameters are never told. */
static int failed(struct db *db, const PGresult *result)
{
	const struct libpq *pq = &of(db)->pq;
	const char *state = pq->PQresultErrorField(result, PG_DIAG_SQLSTATE);
	char text[160];

	if (pq->PQstatus(of(db)->conn) != CONNECTION_OK) {
		db->lost = true;
		first_line(pq->PQerrorMessage(of(db)->conn), text);
		return cli_fail(db->cli, SJ_REGISTER_UNREACHABLE, "%s: %s", db->name, text);
	}
	if (state != NULL && strcmp(state, UNIQUE_VIOLATION) == 0)
		return cli_fail(db->cli, SJ_INPUT_REFUSED, "%s: it is there already", db->name);
	db->conflict =
		state != NULL && (strncmp(state, "40", 2) == 0 || strncmp(state, "55", 2) == 0);
	if (db->conflict)
		return cli_fail(db->cli, SJ_REGISTER_UNREACHABLE,
				"%s: others change the same; repeat it", db->name);
	first_line(state != NULL ? pq->PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)
				 : pq->PQerrorMessage(of(db)->conn),
		   text);
	return cli_fail(db->cli, SJ_REGISTER_BROKEN, "%s: %s", db->name, text);
}

static int script(struct db *db, const char *sql)
{
	const struct libpq *pq = &of(db)->pq;
	PGresult *result = pq->PQexec(of(db)->conn, sql);
	const ExecStatusType status = pq->PQresultStatus(result);
	int rc = 0;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		rc = failed(db, result);
	pq->PQclear(result);
	return rc;
}

/* --- connecting ---------------------------------------------------------------------- */

static void forget_statements(struct db_postgres *p)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++) {
		free(p->texts[i]);
		p->texts[i] = NULL;
	}
	p->next = 0;
}

static void quiet(void *user, const char *text)
{
	(void)user;
	(void)text;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * What the connection string does not say: dead hosts are noticed within half a minute, and
 * a client that vanished holds no lock for longer.
 */
static const char *const keywords[] = {
	"connect_timeout",  "keepalives_idle",  "keepalives_interval",
	"keepalives_count", "tcp_user_timeout", "fallback_application_name",
	"dbname",           "client_encoding",  NULL
};

static bool try_connect(struct db_postgres *p, PGPing *state)
{
	const struct libpq *pq = &p->pq;
	const char *const values[] = { "5",       "10",     "5",    "3", "30000",
				       "sojourn", p->where, "UTF8", NULL };

	pq->PQfinish(p->conn);
	p->conn = pq->PQconnectdbParams(keywords, values, 1);
	pq->PQsetNoticeProcessor(p->conn, quiet, NULL);
	*state = PQPING_OK;
	if (pq->PQstatus(p->conn) == CONNECTION_OK)
		return true;
	*state = pq->PQpingParams(keywords, values, 1);
	return false;
}

/* A server that is there and refuses us is not asked again. */
static int connect(struct db *db)
{
	const struct timespec pause = { 0, RETRY_NS };
	const int64_t end = now_ms() + (int64_t)db->timeout_ms;
	struct db_postgres *p = of(db);
	unsigned refused = 0;
	char text[160];
	PGPing state;

	forget_statements(p);
	while (!try_connect(p, &state)) {
		refused += state == PQPING_OK;
		if (state == PQPING_NO_ATTEMPT || refused > 1 || now_ms() >= end ||
		    cli_interrupted(db->cli)) {
			first_line(p->pq.PQerrorMessage(p->conn), text);
			return cli_fail(db->cli, SJ_REGISTER_UNREACHABLE, "%s: %s", db->name, text);
		}
		nanosleep(&pause, NULL);
	}
	db->lost = false;
	return script(db, DURABLE);
}

/* --- changes --------------------------------------------------------------------------- */

/* Nothing is lost yet: a connection that broke while it was idle is made again. */
static int begin(struct db *db)
{
	const struct libpq *pq = &of(db)->pq;
	PGresult *result = pq->PQexec(of(db)->conn, BEGIN);
	const bool ok = pq->PQresultStatus(result) == PGRES_COMMAND_OK;
	int rc = 0;

	if (!ok && pq->PQstatus(of(db)->conn) == CONNECTION_OK)
		rc = failed(db, result);
	pq->PQclear(result);
	if (!ok && rc == 0)
		rc = connect(db);
	return ok || rc != 0 ? rc : script(db, BEGIN);
}

/* COMMIT of a change that has failed answers ROLLBACK, and no error. */
static int commit(struct db *db)
{
	const struct libpq *pq = &of(db)->pq;
	PGresult *result = pq->PQexec(of(db)->conn, "COMMIT");
	int rc = 0;

	if (pq->PQresultStatus(result) != PGRES_COMMAND_OK)
		rc = failed(db, result);
	else if (strcmp(pq->PQcmdStatus(result), "COMMIT") != 0)
		rc = cli_fail(db->cli, SJ_INTERNAL, "%s: the change had failed", db->name);
	pq->PQclear(result);
	return rc;
}

/* --- statements with parameters ----------------------------------------------------------- */

/* Numbers and texts go as text, whatever their column's type is; bytes as they are. */
static bool set_parameter(struct parameters *p, size_t i, const struct db_value *v)
{
	p->formats[i] = v->type == DB_BYTES;
	p->lengths[i] = (int)v->bytes.len;
	p->texts[i] = NULL;
	switch (v->type) {
	case DB_INTEGER:
		snprintf(p->numbers[i], NUMBER_TEXT, "%" PRId64, v->integer);
		p->values[i] = p->numbers[i];
		p->types[i] = OID_INT8;
		break;
	case DB_TEXT:
		p->texts[i] = strndup((const char *)v->bytes.ptr, v->bytes.len);
		p->values[i] = p->texts[i];
		p->types[i] = OID_TEXT;
		return p->texts[i] != NULL;
	case DB_BYTES:
		p->values[i] = v->bytes.len > 0 ? (const char *)v->bytes.ptr : "";
		p->types[i] = OID_BYTEA;
		break;
	case DB_NULL:
	default:
		p->values[i] = NULL;
		p->types[i] = 0;
		break;
	}
	return true;
}

/* The name of the prepared statement in `name`. */
static int prepare(struct db_postgres *p, const char *sql, size_t n, char name[static 24])
{
	const struct libpq *pq = &p->pq;
	bool found;
	const size_t i = db_statement_slot(p->texts, &p->next, sql, &found);
	PGresult *result;
	char drop[48];
	int rc = 0;

	snprintf(name, 24, "s%zu", i);
	if (found)
		return 0;
	if (p->texts[i] != NULL) {
		snprintf(drop, sizeof(drop), "DEALLOCATE %s", name);
		rc = script(&p->base, drop);
		free(p->texts[i]);
		p->texts[i] = NULL;
	}
	if (rc != 0)
		return rc;
	result = pq->PQprepare(p->conn, name, sql, (int)n, p->parameters.types);
	if (pq->PQresultStatus(result) != PGRES_COMMAND_OK)
		rc = failed(&p->base, result);
	pq->PQclear(result);
	if (rc == 0) {
		p->texts[i] = strdup(sql);
		if (p->texts[i] == NULL)
			rc = cli_fail(p->base.cli, SJ_NO_MEMORY, NULL);
	}
	return rc;
}

/* A big-endian number of 1 to 8 bytes with its sign. */
static int64_t number(struct sj_span bytes)
{
	uint64_t value = bytes.len > 0 && (bytes.ptr[0] & 0x80) != 0 ? UINT64_MAX : 0;

	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | bytes.ptr[i];
	return (int64_t)value;
}

static struct db_value column(const struct libpq *pq, const PGresult *result, int at)
{
	struct db_value v = { .type = DB_NULL };

	if (pq->PQgetisnull(result, 0, at))
		return v;
	v.bytes = sj_span((const uint8_t *)pq->PQgetvalue(result, 0, at),
			  (size_t)pq->PQgetlength(result, 0, at));
	switch (pq->PQftype(result, at)) {
	case OID_INT8:
	case OID_INT4:
	case OID_INT2:
		return db_integer(number(v.bytes));
	case OID_BOOL:
		return db_integer(v.bytes.len == 1 && v.bytes.ptr[0] != 0);
	case OID_BYTEA:
		v.type = DB_BYTES;
		break;
	default:
		v.type = DB_TEXT;
		break;
	}
	return v;
}

static int give_row(const struct libpq *pq, const PGresult *result, db_row_fn row, void *user)
{
	struct db_value columns[DB_COLUMNS_MAX];
	size_t n = (size_t)pq->PQnfields(result);

	if (n > DB_COLUMNS_MAX)
		n = DB_COLUMNS_MAX;
	for (size_t i = 0; i < n; i++)
		columns[i] = column(pq, result, (int)i);
	return row(user, columns, n);
}

/* Row by row, to the end, even when nobody listens any more. */
static int take_answer(struct db *db, db_row_fn row, void *user, size_t *changed)
{
	const struct libpq *pq = &of(db)->pq;
	PGresult *result;
	int rc = 0;

	while ((result = pq->PQgetResult(of(db)->conn)) != NULL) {
		const ExecStatusType status = pq->PQresultStatus(result);

		if (status == PGRES_SINGLE_TUPLE && rc == 0 && row != NULL)
			rc = give_row(pq, result, row, user);
		else if (status == PGRES_FATAL_ERROR && rc == 0)
			rc = failed(db, result);
		else if (status != PGRES_SINGLE_TUPLE && changed != NULL)
			*changed = strtoul(pq->PQcmdTuples(result), NULL, 10);
		pq->PQclear(result);
	}
	if (rc == 0 && pq->PQstatus(of(db)->conn) != CONNECTION_OK)
		rc = failed(db, NULL);
	return rc;
}

static int send(struct db_postgres *p, const char *sql, size_t n)
{
	const struct libpq *pq = &p->pq;
	struct parameters *v = &p->parameters;
	char name[24];
	int rc = prepare(p, sql, n, name);

	if (rc == 0 && (pq->PQsendQueryPrepared(p->conn, name, (int)n, v->values, v->lengths,
						v->formats, 1) != 1 ||
			pq->PQsetSingleRowMode(p->conn) != 1))
		rc = failed(&p->base, NULL);
	return rc;
}

static int run(struct db *db, const char *sql, const struct db_value *params, size_t n,
	       db_row_fn row, void *user, size_t *changed)
{
	struct db_postgres *p = of(db);
	bool ok = true;
	size_t set = 0;
	int rc;

	for (; ok && set < n; set++)
		ok = set_parameter(&p->parameters, set, &params[set]);
	rc = ok ? send(p, sql, n) : cli_fail(db->cli, SJ_NO_MEMORY, NULL);
	for (size_t i = 0; i < set; i++)
		free(p->parameters.texts[i]);
	return rc != 0 ? rc : take_answer(db, row, user, changed);
}

/* --- opening ------------------------------------------------------------------------------- */

static void close_connection(struct db *db)
{
	struct db_postgres *p = of(db);

	forget_statements(p);
	if (p->conn != NULL)
		p->pq.PQfinish(p->conn);
	free(p->where);
	free(db->name);
	free(p);
}

static const struct db_driver driver = {
	.connect = connect,
	.begin = begin,
	.commit = commit,
	.script = script,
	.run = run,
	.close = close_connection,
	.identity = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
	.server = true,
};

static int load(struct cli *cli, struct libpq *pq)
{
	static const char *const names[] = { LIBPQ_CALLS(CLI_CALL_NAME) NULL };

	return cli_library(cli, LIBRARY, "libpq5", names, pq);
}

/* "postgresql at HOST"; NULL: no connection string. */
static char *name_of(const struct libpq *pq, const char *where)
{
	PQconninfoOption *options = pq->PQconninfoParse(where, NULL);
	const char *host = "this machine";
	char *name = NULL;

	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
		if (o->val != NULL &&
		    (strcmp(o->keyword, "host") == 0 || (strcmp(o->keyword, "hostaddr") == 0)))
			host = o->val;
	}
	if (options != NULL && asprintf(&name, "postgresql at %s", host) < 0)
		name = NULL;
	pq->PQconninfoFree(options);
	return name;
}

int db_refuse_password(struct cli *cli, const char *where)
{
	PQconninfoOption *options;
	struct libpq pq;
	bool named = false;
	int rc = load(cli, &pq);

	if (rc != 0)
		return rc;
	options = pq.PQconninfoParse(where, NULL);
	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
		named = named || (o->val != NULL && strstr(o->keyword, "password") != NULL);
	pq.PQconninfoFree(options);
	return named ? cli_usage(cli, "a connection string with a password is not taken: put it "
				      "into ~/.pgpass, or use a certificate")
		     : 0;
}

int db_postgres_open(struct cli *cli, const char *where, unsigned timeout_ms, struct db **out)
{
	struct db_postgres *p = calloc(1, sizeof(*p));
	int rc;

	if (p == NULL)
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	*out = &p->base;
	p->base = (struct db){ .driver = &driver, .cli = cli, .timeout_ms = timeout_ms };
	rc = load(cli, &p->pq);
	if (rc != 0)
		return rc;
	p->where = strdup(where);
	p->base.name = name_of(&p->pq, where);
	if (p->where == NULL || p->base.name == NULL)
		return cli_fail(cli, SJ_INPUT_MALFORMED,
				"the register's place: neither sqlite:FILE nor a connection string "
				"of PostgreSQL");
	return connect(&p->base);
}
