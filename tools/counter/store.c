/*
 * store.c -- registrations and the shift's log in SQLite. What is erased is overwritten
 * (secure_delete), and the write-ahead log is emptied after it.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "counter/counter.h"

#define BUSY_MS 2000
#define LIST_MAX "500"
#define LOG_MAX "300"

#define COLUMNS \
	"id, created, changed, state, source, verdict, party, fields, target, attempts, next, rc, " \
	"note, differences, override, erase_at"
enum query { LOG_ADD, LOG_LIST, LOG_ERASE, ADD, GET, DUE, LIST, ERASE, OVER, QUERIES };
static const char *const queries[QUERIES] = {
	[LOG_ADD] =
		"INSERT INTO activity (time, kind, verdict, rc, ms) VALUES (?1, ?2, ?3, ?4, ?5)",
	[LOG_LIST] = "SELECT time, kind, verdict, rc, ms FROM activity WHERE time >= ?1 "
		     "ORDER BY id DESC LIMIT " LOG_MAX,
	[LOG_ERASE] = "DELETE FROM activity WHERE time < ?1",
	[ADD] = "INSERT OR REPLACE INTO registration (" COLUMNS ") VALUES "
		"(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
	[GET] = "SELECT " COLUMNS " FROM registration WHERE id = ?1",
	[DUE] = "SELECT " COLUMNS " FROM registration WHERE next != 0 AND next <= ?1 "
		"ORDER BY next, id LIMIT 1 OFFSET ?2",
	[LIST] = "SELECT " COLUMNS " FROM registration ORDER BY state = 'Incomplete' OR NOT "
		 "json_valid(fields) DESC, id DESC LIMIT " LIST_MAX,
	[ERASE] = "DELETE FROM registration WHERE id = ?1",
	[OVER] = "DELETE FROM registration WHERE erase_at != 0 AND erase_at <= ?1",
};

static const char schema[] =
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
	"PRAGMA temp_store = MEMORY; PRAGMA cache_size = -256;" /* KiB; SQLite would take 2 MiB by and by */
	"CREATE TABLE IF NOT EXISTS activity (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, "
	"kind TEXT NOT NULL, verdict TEXT, rc INTEGER NOT NULL, ms INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS registration (id INTEGER PRIMARY KEY AUTOINCREMENT, "
	"created INTEGER NOT NULL, changed INTEGER NOT NULL, state TEXT NOT NULL, source TEXT NOT "
	"NULL, verdict TEXT NOT NULL, party INTEGER NOT NULL, fields TEXT NOT NULL, target TEXT NOT "
	"NULL, attempts INTEGER NOT NULL, next INTEGER NOT NULL, rc INTEGER NOT NULL, note TEXT NOT "
	"NULL, differences TEXT, override INTEGER NOT NULL, erase_at INTEGER NOT NULL);";

struct counter_store {
	pthread_mutex_t lock;
	sqlite3 *sql;
	sqlite3_stmt *statements[QUERIES];
};

int counter_store_open(struct cli *cli, const char *path, struct counter_store **out)
{
	struct counter_store *s = calloc(1, sizeof(*s));
	mode_t mask = umask(0077);
	int rc = 0;

	if (s == NULL) {
		umask(mask);
		return cli_fail(cli, SJ_NO_MEMORY, NULL);
	}
	pthread_mutex_init(&s->lock, NULL);
	if (sqlite3_open(path, &s->sql) != SQLITE_OK ||
	    sqlite3_busy_timeout(s->sql, BUSY_MS) != SQLITE_OK ||
	    sqlite3_exec(s->sql, schema, NULL, NULL, NULL) != SQLITE_OK)
		rc = cli_fail(cli,
			      sqlite3_errcode(s->sql) == SQLITE_FULL ? SJ_OUTPUT_FAILED
								     : SJ_INPUT_UNREADABLE,
			      "%s: %s", path, sqlite3_errmsg(s->sql));
	for (size_t i = 0; rc == 0 && i < QUERIES; i++) {
		if (sqlite3_prepare_v3(s->sql, queries[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &s->statements[i], NULL) != SQLITE_OK)
			rc = cli_fail(cli, SJ_INPUT_MALFORMED, "%s: %s", path,
				      sqlite3_errmsg(s->sql));
	}
	umask(mask);
	if (rc == 0)
		*out = s;
	else
		counter_store_close(s);
	return rc;
}

void counter_store_close(struct counter_store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < QUERIES; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->sql);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

/* --- statements: begin() locks, end() unlocks -------------------------------------------- */

static sqlite3_stmt *begin(struct counter_store *store, enum query query)
{
	pthread_mutex_lock(&store->lock);
	return store->statements[query];
}

static void end(struct counter_store *store, sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	pthread_mutex_unlock(&store->lock);
}

/* False: no memory. */
static bool bind_text(sqlite3_stmt *s, int at, const char *text)
{
	return sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT) == SQLITE_OK;
}

static enum sj_rc meaning(int code)
{
	return code == SQLITE_DONE || code == SQLITE_ROW ? SJ_OK
	       : code == SQLITE_NOMEM                    ? SJ_NO_MEMORY
							 : SJ_OUTPUT_FAILED;
}

/* --- the shift's log ------------------------------------------------------------------------ */

void counter_store_log(struct counter_store *store, const struct counter_activity *activity)
{
	sqlite3_stmt *s = begin(store, LOG_ADD);

	sqlite3_bind_int64(s, 1, activity->time);
	(void)bind_text(s, 2, activity->kind);
	(void)bind_text(s, 3, activity->verdict);
	sqlite3_bind_int(s, 4, (int)activity->rc);
	sqlite3_bind_int(s, 5, (int)activity->ms);
	(void)sqlite3_step(s);
	end(store, s);
}

static const char *text_of(sqlite3_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s, column);
}

json_t *counter_store_activity(struct counter_store *store, int64_t since)
{
	sqlite3_stmt *s = begin(store, LOG_LIST);
	json_t *rows = json_array();

	sqlite3_bind_int64(s, 1, since);
	while (sqlite3_step(s) == SQLITE_ROW) {
		enum sj_rc rc = (enum sj_rc)sqlite3_column_int(s, 3);

		json_array_append_new(rows,
				      json_pack("{s:s, s:s, s:s?, s:o, s:I}", "time",
						cli_time_text(sqlite3_column_int64(s, 0)).text,
						"kind", text_of(s, 1), "verdict", text_of(s, 2),
						"reason", counter_reason_json(rc), "wallMs",
						(json_int_t)sqlite3_column_int64(s, 4)));
	}
	end(store, s);
	return rows;
}

/* --- registrations ------------------------------------------------------------------------------ */

void counter_registration_free(struct counter_registration *r)
{
	json_decref(r->fields);
	json_decref(r->differences);
	*r = (struct counter_registration){ 0 };
}

/* NULL for nothing. False: there is something, but no memory for it. */
static bool text_at(sqlite3_stmt *s, int column, const char **text)
{
	const bool none = sqlite3_column_type(s, column) == SQLITE_NULL;

	*text = text_of(s, column);
	return none || *text != NULL;
}

static bool copy(char *out, size_t size, sqlite3_stmt *s, int column)
{
	const char *text;
	const bool whole = text_at(s, column, &text);

	snprintf(out, size, "%s", text != NULL ? text : "");
	return whole;
}

/* NULL for nothing. SJ_INPUT_MALFORMED: it is no object. */
static enum sj_rc object_of(sqlite3_stmt *s, int column, json_t **out)
{
	json_error_t fault;
	const char *text;
	enum sj_rc rc;

	*out = NULL;
	if (!text_at(s, column, &text))
		return SJ_NO_MEMORY;
	rc = text != NULL ? cli_json_parse(text, strlen(text), out, &fault) : SJ_OK;
	if (*out == NULL || json_is_object(*out))
		return rc;
	json_decref(*out);
	*out = NULL;
	return SJ_INPUT_MALFORMED;
}

/* SJ_INPUT_MALFORMED: one is not UTF-8, and none is kept. */
static enum sj_rc judge_texts(struct counter_registration *r)
{
	json_error_t fault;
	json_t *texts = json_pack_ex(&fault, 0, "[s, s, s, s, s]", r->state, r->source, r->verdict,
				     r->target, r->note);
	const bool whole = texts != NULL;

	json_decref(texts);
	if (whole)
		return SJ_OK;
	r->source[0] = r->verdict[0] = r->target[0] = '\0';
	return json_error_code(&fault) == json_error_invalid_utf8 ? SJ_INPUT_MALFORMED
								  : SJ_NO_MEMORY;
}

/* Somebody else may have written into the file: the clerk sees that there is something. */
static enum sj_rc take_objects(sqlite3_stmt *s, struct counter_registration *r)
{
	const enum sj_rc fields = object_of(s, 7, &r->fields),
			 differences = object_of(s, 13, &r->differences), texts = judge_texts(r);

	if (fields == SJ_NO_MEMORY || differences == SJ_NO_MEMORY || texts == SJ_NO_MEMORY)
		return SJ_NO_MEMORY;
	if (fields == SJ_OK && differences == SJ_OK && texts == SJ_OK && r->fields != NULL)
		return SJ_OK;
	json_decref(r->fields);
	json_decref(r->differences);
	r->differences = NULL;
	r->fields = json_object();
	r->unreadable = true;
	snprintf(r->state, sizeof(r->state), "Incomplete");
	snprintf(r->note, sizeof(r->note), "unreadable");
	return r->fields != NULL ? SJ_OK : SJ_NO_MEMORY;
}

/* False: no memory for all of it; whoever put that back would lose the rest. */
static bool take(sqlite3_stmt *s, struct counter_registration *r)
{
	*r = (struct counter_registration){
		.id = sqlite3_column_int64(s, 0),
		.created = sqlite3_column_int64(s, 1),
		.changed = sqlite3_column_int64(s, 2),
		.party = sqlite3_column_int64(s, 6),
		.attempts = (unsigned)sqlite3_column_int(s, 9),
		.next = sqlite3_column_int64(s, 10),
		.rc = (enum sj_rc)sqlite3_column_int(s, 11),
		.override = sqlite3_column_int(s, 14) != 0,
		.erase_at = sqlite3_column_int64(s, 15),
	};
	if (copy(r->state, sizeof(r->state), s, 3) && copy(r->source, sizeof(r->source), s, 4) &&
	    copy(r->verdict, sizeof(r->verdict), s, 5) &&
	    copy(r->target, sizeof(r->target), s, 8) && copy(r->note, sizeof(r->note), s, 12) &&
	    take_objects(s, r) == SJ_OK)
		return true;
	counter_registration_free(r);
	return false;
}

/* Its text is wiped once it is bound. */
static bool bind_object(sqlite3_stmt *s, int at, const json_t *object)
{
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	const bool whole = (object == NULL || text != NULL) && bind_text(s, at, text);

	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
	return whole;
}

enum sj_rc counter_store_put(struct counter_store *store, struct counter_registration *r)
{
	sqlite3_stmt *s = begin(store, ADD);
	const char *const texts[] = { r->state, r->source, r->verdict };
	bool whole = true;
	enum sj_rc rc;

	if (r->id != 0)
		sqlite3_bind_int64(s, 1, r->id);
	sqlite3_bind_int64(s, 2, r->created);
	sqlite3_bind_int64(s, 3, r->changed);
	for (int i = 0; i < 3; i++)
		whole = bind_text(s, 4 + i, texts[i]) && whole;
	sqlite3_bind_int64(s, 7, r->party);
	whole = bind_object(s, 8, r->fields) && bind_text(s, 9, r->target) && whole;
	sqlite3_bind_int(s, 10, (int)r->attempts);
	sqlite3_bind_int64(s, 11, r->next);
	sqlite3_bind_int(s, 12, (int)r->rc);
	whole = bind_text(s, 13, r->note) && bind_object(s, 14, r->differences) && whole;
	sqlite3_bind_int(s, 15, r->override);
	sqlite3_bind_int64(s, 16, r->erase_at);
	rc = whole ? meaning(sqlite3_step(s)) : SJ_NO_MEMORY;
	if (rc == SJ_OK && r->id == 0)
		r->id = sqlite3_last_insert_rowid(store->sql);
	end(store, s);
	return rc;
}

/* What went wrong, if it is not that there is none. */
static enum sj_rc none(int code)
{
	return code == SQLITE_DONE    ? SJ_INPUT_REFUSED
	       : code == SQLITE_NOMEM ? SJ_NO_MEMORY
				      : SJ_INPUT_UNREADABLE;
}

static enum sj_rc one(struct counter_store *store, enum query query, int64_t key, int64_t skip,
		      struct counter_registration *out)
{
	sqlite3_stmt *s = begin(store, query);
	int code;
	enum sj_rc rc;

	*out = (struct counter_registration){ 0 };
	sqlite3_bind_int64(s, 1, key);
	if (query == DUE)
		sqlite3_bind_int64(s, 2, skip);
	code = sqlite3_step(s);
	if (code != SQLITE_ROW)
		rc = none(code);
	else
		rc = take(s, out) ? SJ_OK : SJ_NO_MEMORY;
	end(store, s);
	return rc;
}

enum sj_rc counter_store_get(struct counter_store *store, int64_t id,
			     struct counter_registration *out)
{
	return one(store, GET, id, 0, out);
}

bool counter_store_due(struct counter_store *store, int64_t now, struct counter_registration *out)
{
	for (int64_t skip = 0; one(store, DUE, now, skip, out) == SJ_OK; skip++) {
		if (!out->unreadable)
			return true;
		counter_registration_free(out);
	}
	return false;
}

json_t *counter_registration_json(const struct counter_registration *r)
{
	return json_pack(
		"{s:I, s:s, s:s, s:s, s:s, s:s, s:o, s:O, s:o, s:I, s:o, s:s, s:O?, s:o}", "id",
		(json_int_t)r->id, "created", cli_time_text(r->created).text, "changed",
		cli_time_text(r->changed).text, "state", r->state, "source", r->source, "verdict",
		r->verdict, "party", r->party != 0 ? json_integer(r->party) : json_null(), "fields",
		r->fields, "target", r->target[0] != '\0' ? json_string(r->target) : json_null(),
		"attempts", (json_int_t)r->attempts, "reason", counter_reason_json(r->rc), "note",
		r->note, "differences", r->differences, "eraseAt",
		r->erase_at != 0 ? json_string(cli_time_text(r->erase_at).text) : json_null());
}

enum sj_rc counter_store_list(struct counter_store *store, json_t **rows)
{
	sqlite3_stmt *s = begin(store, LIST);
	struct counter_registration r;
	int code;

	*rows = json_array();
	while ((code = sqlite3_step(s)) == SQLITE_ROW && take(s, &r)) {
		const int put = json_array_append_new(*rows, counter_registration_json(&r));

		counter_registration_free(&r);
		if (put != 0)
			break;
	}
	end(store, s);
	if (code == SQLITE_DONE && *rows != NULL)
		return SJ_OK;
	json_decref(*rows);
	*rows = NULL;
	return code == SQLITE_ROW || code == SQLITE_DONE ? SJ_NO_MEMORY : none(code);
}

/* --- erasing ------------------------------------------------------------------------------------ */

static enum sj_rc erase(struct counter_store *store, enum query query, int64_t key, unsigned *n)
{
	sqlite3_stmt *s = begin(store, query);
	int code;

	sqlite3_bind_int64(s, 1, key);
	code = sqlite3_step(s);
	*n = code == SQLITE_DONE ? (unsigned)sqlite3_changes(store->sql) : 0;
	sqlite3_reset(s);
	if (*n > 0) /* or what was erased would still stand in the log */
		(void)sqlite3_wal_checkpoint_v2(store->sql, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
						NULL);
	end(store, s);
	return meaning(code);
}

enum sj_rc counter_store_erase(struct counter_store *store, int64_t id)
{
	unsigned n;
	const enum sj_rc rc = erase(store, ERASE, id, &n);

	return rc == SJ_OK && n == 0 ? SJ_INPUT_REFUSED : rc;
}

unsigned counter_store_tidy(struct counter_store *store, int64_t now, int64_t log_before)
{
	unsigned n;

	(void)erase(store, LOG_ERASE, log_before, &n);
	(void)erase(store, OVER, now, &n);
	return n;
}
