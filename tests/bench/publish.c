/*
 * publish.c -- a bundle of an authority with 100 million indices, 1 million of them revoked, and
 * what a terminal fetches of it a day later. All on the disk of the build.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "authority/register.h"
#include "tests/bench/bench.h"

#define PARTS 125u /* months, from this one on */
#define PART_SIZE 800000u
#define INDICES (PARTS * PART_SIZE)
#define REVOKED 1000000u
#define DAILY 1000u /* newly revoked in a day */
#define AUTHORITY "libexec/sojourn/sojourn-authority"
#define TRUST "libexec/sojourn/sojourn-trust"
#define SCRIPT_MAX (8 * BENCH_PATH)
#define INSERT \
	"INSERT INTO credentials (card, part, expires, status, indices, points)" \
	" VALUES (?1, ?2, 0, 2, ?3, zeroblob(32))"
#define SELECT "SELECT part, indices FROM credentials WHERE status <> 0 ORDER BY part"

struct world {
	struct bench *b;
	char dir[BENCH_PATH];
	uint64_t seed;
	uint16_t first; /* partition */
	uint8_t *revoked, *daily; /* INDICES bits each */
	unsigned port;
	pid_t server;
};

/* SplitMix64: the same in each run. */
static uint64_t draw(struct world *w)
{
	uint64_t z = w->seed += 0x9E3779B97F4A7C15u;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

/* --- the register ------------------------------------------------------------------------- */

static sqlite3 *open_register(const struct world *w)
{
	char path[BENCH_PATH + 32];
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/utopia/register.db", w->dir);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
		return db;
	sqlite3_close(db);
	return NULL;
}

/* A document of its own for each index: the most rows that so many can have. */
static bool insert(const struct world *w, sqlite3_stmt *s, uint32_t i)
{
	const uint32_t index = i % PART_SIZE;
	const uint8_t bytes[] = { 0, (uint8_t)(index >> 24), (uint8_t)(index >> 16),
				  (uint8_t)(index >> 8), (uint8_t)index };
	bool ok = sqlite3_bind_int64(s, 1, (int64_t)i + 1) == SQLITE_OK &&
		  sqlite3_bind_int(s, 2, (int)(w->first + i / PART_SIZE)) == SQLITE_OK &&
		  sqlite3_bind_blob(s, 3, bytes, sizeof(bytes), SQLITE_STATIC) == SQLITE_OK &&
		  sqlite3_step(s) == SQLITE_DONE;

	return sqlite3_reset(s) == SQLITE_OK && ok;
}

static bool revoke_more(struct world *w, uint32_t n)
{
	sqlite3 *db = open_register(w);
	sqlite3_stmt *s = NULL;
	bool ok = db != NULL && sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
		  sqlite3_prepare_v2(db, INSERT, -1, &s, NULL) == SQLITE_OK;

	memset(w->daily, 0, INDICES / 8);
	while (ok && n > 0) {
		const uint32_t i = (uint32_t)(draw(w) % INDICES);
		const uint8_t bit = (uint8_t)(1u << i % 8);

		if ((w->revoked[i / 8] & bit) != 0)
			continue;
		w->revoked[i / 8] |= bit;
		w->daily[i / 8] |= bit;
		ok = insert(w, s, i);
		n--;
	}
	sqlite3_finalize(s);
	ok = ok && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_close(db);
	return ok || bench_fail(w->b, "the register could not be filled");
}

/* ms for reading the rows alone; -1: failed. */
static double select_ms(const struct world *w)
{
	const int64_t start = bench_ns();
	sqlite3 *db = open_register(w);
	sqlite3_stmt *s = NULL;
	uint32_t n = 0;

	if (db != NULL && sqlite3_prepare_v2(db, SELECT, -1, &s, NULL) == SQLITE_OK)
		while (sqlite3_step(s) == SQLITE_ROW)
			n += sqlite3_column_bytes(s, 1) == 5;
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n == REVOKED + DAILY ? (double)(bench_ns() - start) / 1e6 : -1;
}

/* --- running ------------------------------------------------------------------------------ */

/* Runs a program of the build in the world's folder; its --json goes to `report` there. */
static bool run(const struct world *w, const char *program, const char *arguments,
		struct bench_cost *out)
{
	char script[SCRIPT_MAX], *build = realpath(w->b->build, NULL);
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	snprintf(script, sizeof(script), "cd '%s' && exec '%s/%s' %s >report", w->dir,
		 build != NULL ? build : "", program, arguments);
	free(build);
	return bench_cost(w->b, argv, 0, out) || bench_fail(w->b, arguments);
}

/* A number of the last report; -1: none. */
static double reported(const struct world *w, const char *key)
{
	char path[BENCH_PATH + 32];
	json_t *report;
	double value = -1;

	snprintf(path, sizeof(path), "%s/report", w->dir);
	report = json_load_file(path, 0, NULL);
	if (json_is_number(json_object_get(report, key)))
		value = json_number_value(json_object_get(report, key));
	json_decref(report);
	return value;
}

/* Python's web server over the folder, when it answers. */
static bool serve(struct world *w)
{
	char script[SCRIPT_MAX];
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	const char *const ask[] = { "/usr/bin/python3", "-c",
				    "import sys, time, urllib.request\n"
				    "for i in range(100):\n"
				    " try: urllib.request.urlopen(sys.argv[1]); break\n"
				    " except OSError: time.sleep(0.05)\n"
				    "else: sys.exit(1)\n",
				    script, NULL };

	w->port = w->b->port + 7;
	snprintf(script, sizeof(script),
		 "exec /usr/bin/python3 -m http.server --bind 127.0.0.1 --directory '%s/out' %u",
		 w->dir, w->port);
	w->server = bench_start(w->b, argv);
	snprintf(script, sizeof(script), "http://127.0.0.1:%u/latest", w->port);
	return bench_run(w->b, ask);
}

static double size_of(const struct world *w, const char *file)
{
	char path[BENCH_PATH + 32];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", w->dir, file);
	return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

/* --- rows ------------------------------------------------------------------------------------ */

static void publish_rows(struct world *w, const struct bench_cost *cost)
{
	const double floor = select_ms(w);
	const int64_t start = bench_ns();
	const double crl = bench_crl_bytes(w->revoked, INDICES);
	const struct bench_peer peers[] = { { "crl", (double)(bench_ns() - start) / 1e6 },
					    { NULL, 0 } };

	if (floor < 0 || crl == 0) {
		bench_fail(w->b, "what publishing is held against could not be measured");
		return;
	}
	bench_row_peers(
		w->b, "publish.wall", cost->ms, "ms", floor, peers,
		"100 M indices in 125 months, 1 M revoked, 1,000 since the day before; floor: "
		"SQLite reads the rows");
	bench_row(w->b, "publish.rss", cost->rss, "bytes", BENCH_NO_FLOOR, "the same: peak");
}

static void sync_rows(struct world *w, double whole_ms, double list_bytes)
{
	char arguments[BENCH_PATH];
	struct bench_cost http, folder;
	double bytes;

	snprintf(arguments, sizeof(arguments), "trust sync --trust a --json http://127.0.0.1:%u",
		 w->port);
	if (!run(w, TRUST, arguments, &http))
		return;
	bytes = reported(w, "bytesFetched") + size_of(w, "out/latest");
	if (!run(w, TRUST, "trust sync --trust b --json out", &folder))
		return;
	bench_row_peers(w->b, "sync.wall", http.ms, "ms", BENCH_NO_FLOOR,
			(const struct bench_peer[]){ { "whole", whole_ms }, { NULL, 0 } },
			"trust sync of that bundle a day later, over HTTP; peer: the first time");
	bench_row(w->b, "sync.folder.wall", folder.ms, "ms", BENCH_NO_FLOOR,
		  "the same from a folder");
	bench_row_peers(
		w->b, "sync.bytes", bytes, "bytes", bench_entropy_bytes(INDICES - REVOKED, DAILY),
		(const struct bench_peer[]){ { "whole-list", list_bytes },
					     { "delta-crl", bench_crl_bytes(w->daily, INDICES) },
					     { NULL, 0 } },
		"manifest and files of that day; floor: entropy of 1,000 more revoked");
}

static bool set_up(struct world *w)
{
	const time_t now = time(NULL);
	struct bench_cost cost;

	w->revoked = calloc(1, INDICES / 8);
	w->daily = calloc(1, INDICES / 8);
	snprintf(w->dir, sizeof(w->dir), "%.100s/publish", w->b->disk);
	return w->revoked != NULL && w->daily != NULL && mkdir(w->dir, 0700) == 0 &&
	       register_partition((uint32_t)now, &w->first) &&
	       run(w, AUTHORITY, "authority init utopia --indices 800000", &cost) &&
	       run(w, AUTHORITY, "register init utopia", &cost) && revoke_more(w, REVOKED);
}

/* Yesterday's bundle to both stores, then today's. */
static bool measure(struct world *w)
{
	const char anchor[] = "--anchor utopia/bundle-signer-1.cwt";
	char arguments[BENCH_PATH];
	struct bench_cost whole, published, cost;
	double list;

	if (!run(w, AUTHORITY, "authority publish utopia --out out --json", &cost))
		return false;
	if (!serve(w))
		return bench_fail(w->b, "no web server");
	snprintf(arguments, sizeof(arguments), "trust sync --trust a --json %s http://127.0.0.1:%u",
		 anchor, w->port);
	if (!run(w, TRUST, arguments, &whole))
		return false;
	snprintf(arguments, sizeof(arguments), "trust sync --trust b --json %s out", anchor);
	if (!run(w, TRUST, arguments, &cost) || !revoke_more(w, DAILY) ||
	    !run(w, AUTHORITY, "authority publish utopia --out out --json", &published))
		return false;
	list = reported(w, "listBytes");
	publish_rows(w, &published);
	sync_rows(w, whole.ms, list);
	return true;
}

void bench_publish(struct bench *b)
{
	struct world w = { .b = b, .seed = 1 };

	if (!bench_have(b, AUTHORITY) || !bench_have(b, TRUST))
		bench_skip(b, "publish.wall", "sojourn-authority or sojourn-trust was not built");
	else if (!set_up(&w) || !measure(&w))
		bench_fail(b, "publishing");
	if (w.server > 0 && kill(w.server, SIGTERM) == 0)
		waitpid(w.server, NULL, 0);
	free(w.revoked);
	free(w.daily);
}
