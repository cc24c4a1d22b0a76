/* load.c -- a batch in the register, without the cards: rate and memory. `bench load 100000`: so many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authority/queue.h"
#include "cli/frame.h"
#include "tests/bench/bench.h"

#define CARD_CREDENTIALS 58u /* of a card without the eID application */
#define CARDS 10000u
#define TOGETHER 256u /* applications in a change, as enqueue.c has them */
#define EXPIRES 2000000000u /* in May 2033 */
#define PARTITION 160u
#define INDICES (1 << 24)
#define PORTRAIT 4096u /* bytes */
#define KEYS 8u

/* One process that loads. */
struct load {
	struct cli cli;
	struct authority authority;
	struct holder_register *r;
	struct queue_worker who;
	uint8_t portrait[PORTRAIT];
};

static bool open_register(struct load *l, const char *dir, const char *where)
{
	l->cli.out = stdout;
	l->cli.err = stderr;
	l->authority = (struct authority){ .cli = &l->cli,
					   .lock = -1,
					   .directory = strdup(dir),
					   .state = json_pack("{s:s, s:{s:i}}", "country", "UTO",
							      "status", "indices", INDICES) };
	queue_worker_self(&l->who);
	return register_place(&l->authority, where) == 0 &&
	       register_open(&l->authority, &l->r) == 0;
}

/* --- as enqueue.c does ---------------------------------------------------------------------- */

static int apply(struct load *l, unsigned i)
{
	char json[160], number[16];
	int64_t document;
	bool added;
	int n, rc;

	snprintf(number, sizeof(number), "L%08u", i);
	n = snprintf(json, sizeof(json),
		     "{\"documentNumber\":\"%s\",\"surname\":\"Eriksson\",\"nationality\":\"UTO\","
		     "\"birthDate\":\"1990-08-12\",\"sex\":\"F\",\"expiryDate\":\"2033-05-18\"}",
		     number);
	memcpy(l->portrait, &i, sizeof(i));
	rc = register_apply(l->r, sj_span((const uint8_t *)json, (size_t)n),
			    SJ_SPAN_OF(l->portrait), number, EXPIRES, &document);
	if (rc == 0)
		rc = register_move(l->r, document, DOCUMENT_APPROVED, NULL);
	return rc != 0 ? rc : queue_add(l->r, document, i + 1, &added);
}

static int apply_all(struct load *l, unsigned n)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < n; i++) {
		if (i % TOGETHER == 0)
			rc = register_begin(l->r);
		if (rc == 0)
			rc = apply(l, i);
		if (rc == 0 && (i % TOGETHER == TOGETHER - 1 || i == n - 1))
			rc = register_commit(l->r);
	}
	return rc;
}

/* --- as worker.c does ------------------------------------------------------------------------ */

static int begin(struct load *l, unsigned i, struct queue_job *job, int64_t *card,
		 struct register_credential *credentials)
{
	uint8_t serial[REGISTER_SERIAL] = { 'L' };
	bool found;
	int rc = register_begin(l->r);

	memcpy(serial + 4, &i, sizeof(i));
	if (rc == 0)
		rc = queue_take(l->r, &l->who, job, &found);
	if (rc == 0)
		rc = register_card_begin(l->r, job->document, serial, card);
	for (size_t k = 0; k < CARD_CREDENTIALS; k++)
		credentials[k].status.partition = PARTITION;
	if (rc == 0)
		rc = register_card_credentials(l->r, *card, credentials, CARD_CREDENTIALS, EXPIRES);
	return rc != 0 ? rc : register_commit(l->r);
}

static int finish(struct load *l, const struct queue_job *job, int64_t card,
		  struct register_credential *credentials)
{
	static const char *const names[KEYS] = { "9A", "9C", "9D", "9E", "F9", "04", "CA1", "AA" };
	struct register_key keys[KEYS];
	bool mine;
	int rc = register_begin(l->r);

	for (size_t k = 0; k < KEYS; k++) {
		keys[k] = (struct register_key){ .spki = sj_span(l->portrait, 91) };
		snprintf(keys[k].name, sizeof(keys[k].name), "%s", names[k]);
		snprintf(keys[k].algorithm, sizeof(keys[k].algorithm), "P-256");
	}
	if (rc == 0)
		rc = queue_hold(l->r, &l->who, job->document, &mine);
	if (rc == 0)
		rc = register_card_points(l->r, card, credentials, CARD_CREDENTIALS);
	if (rc == 0)
		rc = register_card_keys(l->r, card, keys, KEYS);
	if (rc == 0)
		rc = register_card_secret(l->r, card, "letter", sj_span(l->portrait, 200));
	if (rc == 0)
		rc = register_card_move(l->r, card, CARD_FINISHING, NULL);
	return rc != 0 ? rc : register_commit(l->r);
}

static int end(struct load *l, const struct queue_job *job, int64_t card)
{
	bool changed;
	int rc = register_begin(l->r);

	if (rc == 0)
		rc = queue_done(l->r, job->document, &changed);
	if (rc == 0)
		rc = register_card_move(l->r, card, CARD_ISSUED, NULL);
	return rc != 0 ? rc : register_commit(l->r);
}

static int work_all(struct load *l, unsigned n)
{
	struct register_credential credentials[CARD_CREDENTIALS];
	struct queue_job job;
	int64_t card = 0;
	int rc = 0;

	memset(credentials, 0, sizeof(credentials));
	for (unsigned i = 0; rc == 0 && i < n; i++) {
		rc = begin(l, i, &job, &card, credentials);
		if (rc == 0)
			rc = finish(l, &job, card, credentials);
		if (rc == 0)
			rc = end(l, &job, card);
	}
	return rc;
}

/* --- measuring --------------------------------------------------------------------------------- */

static _Noreturn void load(const char *dir, const char *where, unsigned n)
{
	struct load *l = calloc(1, sizeof(*l));
	bool ok = l != NULL && open_register(l, dir, where) && apply_all(l, n) == 0 &&
		  work_all(l, n) == 0;

	_exit(ok ? 0 : 1);
}

struct loaded {
	double rate; /* cards a second */
	double rss; /* bytes, at most */
};

/* `n` cards by a process of its own. */
static bool measure(struct bench *b, const char *name, const char *where, unsigned n,
		    struct loaded *out)
{
	const int64_t start = bench_ns();
	char dir[BENCH_PATH + 48];
	struct rusage usage;
	int status = -1;
	pid_t pid;

	snprintf(dir, sizeof(dir), "%s/load-%s-%u", b->dir, name, n);
	if (cli_directory_make(&(struct cli){ .out = stdout, .err = stderr }, dir, 0700) != 0)
		return false;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		load(dir, where, n);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0)
		return bench_fail(b, "the register could not be loaded");
	out->rate = n / ((double)(bench_ns() - start) / 1e9);
	out->rss = (double)usage.ru_maxrss * 1024;
	cli_tree_remove(dir);
	return true;
}

static void rows(struct bench *b, const char *name, const char *few, const char *many)
{
	const unsigned cards = b->gate_cards != 0 ? b->gate_cards : CARDS;
	char note[200];
	struct loaded small, large;
	char id[48];

	if (!measure(b, name, few, cards / 10, &small) || !measure(b, name, many, cards, &large))
		return;
	snprintf(note, sizeof(note),
		 "%u documents applied for and approved, their cards recorded as a worker does, 58 "
		 "credentials and 8 keys each; no card",
		 cards);
	snprintf(id, sizeof(id), "register.load.%s.rate", name);
	bench_row(b, id, large.rate, "1/s", BENCH_NO_FLOOR, note);
	snprintf(id, sizeof(id), "register.load.%s.rss", name);
	bench_row(b, id, large.rss, "bytes", small.rss,
		  "peak memory of that process; floor: the same with a tenth of them");
}

/* A server of our own, by the script of the tests, which writes its URL to a file. */
static void start_server(FILE *shell)
{
	fputs(". tests/card/postgres.sh; postgres_find && postgres_start >&2 && "
	      "for s in few many; do psql -q \"$POSTGRES_URL\" -c \"CREATE SCHEMA $s\" >&2; done; "
	      "echo \"$POSTGRES_URL\" >\"$1\"\n",
	      shell);
	fflush(shell);
}

void bench_load(struct bench *b)
{
	char url[256], few[320], many[320], path[BENCH_PATH + 32], command[3 * BENCH_PATH];
	FILE *shell, *f;

	rows(b, "sqlite", NULL, NULL);
	snprintf(path, sizeof(path), "%s/url", b->dir);
	snprintf(command, sizeof(command), "TMPDIR=%s bash -s %s", b->dir, path);
	shell = popen(command, "we");
	if (shell == NULL)
		return;
	url[0] = '\0';
	start_server(shell);
	for (int i = 0; i < 300 && access(path, R_OK) != 0; i++)
		usleep(100000);
	f = fopen(path, "re");
	if (f != NULL && fgets(url, sizeof(url), f) != NULL)
		url[strcspn(url, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
	snprintf(few, sizeof(few), "%s options='-csearch_path=few'", url);
	snprintf(many, sizeof(many), "%s options='-csearch_path=many'", url);
	if (url[0] != '\0')
		rows(b, "postgres", few, many);
	else
		bench_skip(b, "register.load.postgres.rate", "PostgreSQL is not installed");
	fputs("postgres_stop\n", shell);
	pclose(shell);
}
