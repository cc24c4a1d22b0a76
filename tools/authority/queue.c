#include "authority/queue.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SQL_MAX 640u
#define WORKERS_MAX 64u /* dead ones that one call finds */

/* --- who -------------------------------------------------------------------------------- */

/* When the process began (proc_pid_stat(5), field 22); 0: there is none. */
static unsigned long long began(long pid)
{
	char path[32], text[1024];
	const char *p;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	/* The name may have blanks and brackets: from its last bracket on. */
	p = strrchr(text, ')');
	for (int field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p != NULL ? strtoull(p, NULL, 10) : 0;
}

/* "desk-3 4b5e..."; two boots are two machines: what ran before is dead, but nobody can ask. */
static void machine(char *out, size_t cap)
{
	char host[64] = "", boot[9] = "";
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	gethostname(host, sizeof(host) - 1);
	for (char *p = host; *p != '\0'; p++) {
		if (*p == ' ')
			*p = '-';
	}
	if (f != NULL && fgets(boot, sizeof(boot), f) == NULL)
		boot[0] = '\0';
	if (f != NULL)
		fclose(f);
	snprintf(out, cap, "%s %s", host, boot);
}

void queue_worker_self(struct queue_worker *out)
{
	char where[80];

	machine(where, sizeof(where));
	snprintf(out->name, sizeof(out->name), "%s %ld %llu", where, (long)getpid(),
		 began((long)getpid()));
}

/* The process of that name lives no more, as far as this machine can tell. */
static bool is_dead(const char *name, const char *where)
{
	const size_t n = strlen(where);
	unsigned long long start;
	char *end;
	long pid;

	if (strncmp(name, where, n) != 0 || name[n] != ' ')
		return false;
	pid = strtol(name + n + 1, &end, 10);
	start = strtoull(end, NULL, 10);
	return began(pid) != start;
}

/* --- statements ---------------------------------------------------------------------------- */

/* Seconds since 1970 by the database's clock: machines may disagree. */
static const char *now_of(struct holder_register *r)
{
	return db_is_server(register_db(r)) ? "CAST(extract(epoch FROM now()) AS BIGINT)"
					    : "CAST(strftime('%s', 'now') AS INTEGER)";
}

/* A statement about one job. *changed: there was one that it fits. */
static int change_one(struct holder_register *r, const char *sql, const struct db_value *params,
		      size_t n, bool *changed)
{
	size_t rows = 0;
	int rc = db_run(register_db(r), sql, params, n, NULL, NULL, &rows);

	*changed = rc == 0 && rows == 1;
	return rc;
}

int queue_add(struct holder_register *r, int64_t document, int64_t line, bool *added)
{
	const struct db_value params[] = { db_integer(document), db_integer(QUEUE_WAITING),
					   db_integer(line) };

	return change_one(
		r,
		"INSERT INTO job (document, state, attempts, lease, worker, failure, line) "
		"VALUES ($1, $2, 0, 0, '', 0, $3) ON CONFLICT (document) DO NOTHING",
		params, 3, added);
}

static int take_row(void *user, const struct db_value *columns, size_t n)
{
	struct queue_job *job = user;

	if (n < 3)
		return 1;
	*job = (struct queue_job){ columns[0].integer, columns[1].integer, columns[2].integer };
	return 0;
}

/* Takes the first row that `which` lets through. */
static int take(struct holder_register *r, const struct queue_worker *w, const char *which,
		struct queue_job *out, bool *found)
{
	const struct db_value params[] = { db_integer(QUEUE_TAKEN), db_text(w->name) };
	struct db *db = register_db(r);
	char sql[SQL_MAX];
	size_t changed = 0;
	int rc;

	snprintf(sql, sizeof(sql),
		 "UPDATE job SET state = $1, worker = $2, lease = %s + %d, attempts = attempts + 1 "
		 "WHERE document = (SELECT document FROM job WHERE %s ORDER BY document LIMIT 1%s) "
		 "RETURNING document, line, attempts",
		 now_of(r), QUEUE_LEASE_S, which,
		 db_is_server(db) ? " FOR UPDATE SKIP LOCKED" : "");
	rc = db_run(db, sql, params, 2, take_row, out, &changed);
	*found = rc == 0 && changed == 1;
	return rc;
}

int queue_take(struct holder_register *r, const struct queue_worker *w, struct queue_job *out,
	       bool *found)
{
	char over[128];
	int rc = take(r, w, "state = 0", out, found);

	if (rc != 0 || *found)
		return rc;
	snprintf(over, sizeof(over), "state = 1 AND lease < %s", now_of(r));
	return take(r, w, over, out, found);
}

int queue_hold(struct holder_register *r, const struct queue_worker *w, int64_t document,
	       bool *mine)
{
	const struct db_value params[] = { db_integer(document), db_integer(QUEUE_TAKEN),
					   db_text(w->name) };
	char sql[SQL_MAX];
	size_t changed = 0;
	int rc;

	snprintf(
		sql, sizeof(sql),
		"UPDATE job SET lease = %s + %d WHERE document = $1 AND state = $2 AND worker = $3",
		now_of(r), QUEUE_LEASE_S);
	rc = db_run(register_db(r), sql, params, 3, NULL, NULL, &changed);
	*mine = rc == 0 && changed == 1;
	return rc;
}

/* A change of SQLite's has the whole file to itself. */
int queue_lock(struct holder_register *r, int64_t document)
{
	const struct db_value id = db_integer(document);

	if (!db_is_server(register_db(r)))
		return 0;
	return db_run(register_db(r), "SELECT document FROM job WHERE document = $1 FOR UPDATE",
		      &id, 1, NULL, NULL, NULL);
}

int queue_done(struct holder_register *r, int64_t document, bool *changed)
{
	const struct db_value params[] = { db_integer(document), db_integer(QUEUE_DONE) };

	return change_one(r,
			  "UPDATE job SET state = $2, worker = '', failure = 0 "
			  "WHERE document = $1 AND state <> $2",
			  params, 2, changed);
}

int queue_release(struct holder_register *r, const struct queue_worker *w, int64_t document,
		  bool failed, int failure)
{
	const struct db_value params[] = { db_integer(document),
					   db_integer(failed ? QUEUE_FAILED : QUEUE_WAITING),
					   db_text(w->name), db_integer(failure) };

	return db_run(register_db(r),
		      "UPDATE job SET state = $2, worker = '', failure = $4 "
		      "WHERE document = $1 AND state = 1 AND worker = $3",
		      params, 4, NULL, NULL, NULL);
}

int queue_again(struct holder_register *r, int64_t document, bool *changed)
{
	const struct db_value params[] = { db_integer(document), db_integer(QUEUE_WAITING),
					   db_integer(QUEUE_FAILED) };

	return change_one(r,
			  "UPDATE job SET state = $2, attempts = 0, failure = 0 "
			  "WHERE document = $1 AND state = $3",
			  params, 3, changed);
}

/* --- the dead ------------------------------------------------------------------------------ */

struct dead {
	const struct queue_worker *self;
	char where[80];
	struct queue_worker names[WORKERS_MAX];
	size_t n;
};

static int note_dead(void *user, const struct db_value *columns, size_t n)
{
	struct dead *d = user;
	struct queue_worker *w = &d->names[d->n];

	if (n == 1 && d->n < WORKERS_MAX && db_copy_text(&columns[0], w->name, sizeof(w->name)) &&
	    ((d->self != NULL && strcmp(w->name, d->self->name) == 0) ||
	     is_dead(w->name, d->where)))
		d->n++;
	return 0;
}

int queue_reap(struct holder_register *r, const struct queue_worker *self)
{
	struct db *db = register_db(r);
	struct dead *d = calloc(1, sizeof(*d));
	struct db_value name;
	int rc;

	if (d == NULL)
		return 1;
	d->self = self;
	machine(d->where, sizeof(d->where));
	rc = db_run(db, "SELECT DISTINCT worker FROM job WHERE state = 1", NULL, 0, note_dead, d,
		    NULL);
	for (size_t i = 0; rc == 0 && i < d->n; i++) {
		name = db_text(d->names[i].name);
		rc = db_run(db,
			    "UPDATE job SET state = 0, worker = '' WHERE state = 1 AND worker = $1",
			    &name, 1, NULL, NULL, NULL);
	}
	free(d);
	return rc;
}

/* --- counting ------------------------------------------------------------------------------- */

static int add_count(void *user, const struct db_value *columns, size_t n)
{
	struct queue_counts *c = user;
	int64_t *const by_state[] = { &c->waiting, &c->taken, &c->done, &c->failed };

	if (n == 2 && columns[0].integer >= 0 && columns[0].integer <= QUEUE_FAILED)
		*by_state[columns[0].integer] = columns[1].integer;
	return 0;
}

int queue_count(struct holder_register *r, struct queue_counts *out)
{
	char sql[SQL_MAX];

	*out = (struct queue_counts){ 0, 0, 0, 0 };
	snprintf(sql, sizeof(sql),
		 "SELECT CASE WHEN state = 1 AND lease < %s THEN 0 ELSE state END AS now, COUNT(*)"
		 " FROM job GROUP BY 1",
		 now_of(r));
	return db_run(register_db(r), sql, NULL, 0, add_count, out, NULL);
}

struct failures {
	int (*row)(void *user, const struct queue_job *job, int failure);
	void *user;
};

static int tell_failure(void *user, const struct db_value *columns, size_t n)
{
	const struct failures *f = user;
	struct queue_job job;

	if (n != 4)
		return 1;
	job = (struct queue_job){ columns[0].integer, columns[1].integer, columns[2].integer };
	return f->row(f->user, &job, (int)columns[3].integer);
}

int queue_failures(struct holder_register *r,
		   int (*row)(void *user, const struct queue_job *job, int failure), void *user)
{
	struct failures f = { row, user };

	return db_run(register_db(r),
		      "SELECT document, line, attempts, failure FROM job WHERE state = 3 "
		      "ORDER BY document",
		      NULL, 0, tell_failure, &f, NULL);
}
