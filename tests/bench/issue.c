/* issue.c -- cards to measure, and how fast they are issued. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define ISSUED 200u /* by each worker */
#define ROUNDS 3u /* by turns with the floor; the best of each counts, as others use the machine */
#define WORKERS 2u
#define KEYS 6 /* of the key application */
#define OBJECTS 3 /* that its content signer signs */
#define CERTIFICATES 5 /* that the CA for card keys signs, on P-384 */
#define CREDENTIALS 56 /* for gates: seven sectors, eight each */
#define ATTESTED 4 /* keys that the card states to be its own, and the issuer checks */
#define ANCHORS 2 /* of gates, which the card verifies */
#define AUTHORITY "libexec/sojourn/sojourn-authority"
#define TRUST "libexec/sojourn/sojourn-trust"
#define CARD "libexec/sojourn/sojourn-card"

static void name_places(const struct bench *b, struct bench_place *p)
{
	snprintf(p->authority, sizeof(p->authority), "%s/authority", b->dir);
	snprintf(p->csca, sizeof(p->csca), "%s/authority/csca-1.cer", b->dir);
	snprintf(p->trust, sizeof(p->trust), "%s/trust", b->dir);
	snprintf(p->can, sizeof(p->can), "%s/can", b->dir);
	snprintf(p->letter, sizeof(p->letter), "%s/letter", b->dir);
	snprintf(p->holder, sizeof(p->holder), "%s/holder.json", b->dir);
	snprintf(p->whole, sizeof(p->whole), "%s/whole.card", b->dir);
	snprintf(p->lean, sizeof(p->lean), "%s/lean.card", b->dir);
}

static bool write_can(const struct bench_place *p)
{
	int fd = open(p->can, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, BENCH_CAN "\n", strlen(BENCH_CAN) + 1) ==
				     (ssize_t)strlen(BENCH_CAN) + 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* The demo's holder with what DG1 needs alone: no DG11, DG12, DG16. */
static bool write_lean_holder(const struct bench_place *p)
{
	static const char *const more[] = { "issueDate",      "personalNumber", "placeOfBirth",
					    "address",        "telephone",      "issuingAuthority",
					    "personsToNotify" };
	json_t *holder = json_load_file("tools/demo/holder.json", 0, NULL);
	bool ok = holder != NULL;

	for (size_t i = 0; ok && i < sizeof(more) / sizeof(more[0]); i++)
		json_object_del(holder, more[i]);
	ok = ok && json_dump_file(holder, p->holder, 0) == 0;
	json_decref(holder);
	return ok;
}

bool bench_holder_number(const struct bench_place *p, const char *number)
{
	json_t *holder = json_load_file(p->holder, 0, NULL);
	bool ok = holder != NULL &&
		  json_object_set_new(holder, "documentNumber", json_string(number)) == 0 &&
		  json_dump_file(holder, p->holder, 0) == 0;

	json_decref(holder);
	return ok;
}

bool bench_place_make(struct bench *b, struct bench_place *p)
{
	const char *const init[] = { AUTHORITY, "authority", "init", p->authority, NULL };
	const char *const import[] = { TRUST,    "trust",  "import", "--trust",
				       p->trust, "--csca", p->csca,  NULL };

	name_places(b, p);
	if (access(p->authority, F_OK) == 0)
		return true;
	return write_can(p) && write_lean_holder(p) && bench_run(b, init) && bench_run(b, import);
}

bool bench_blank(struct bench *b, const char *file)
{
	const char *const make[] = { CARD, "card", "new", file, NULL };

	return bench_run(b, make);
}

bool bench_issue_to(struct bench *b, const struct bench_place *p, const char *file,
		    enum bench_kind kind)
{
	char card[2 * BENCH_PATH];
	const char *argv[32] = { AUTHORITY,    "issue",      "--authority",
				 p->authority, "--portrait", "tools/demo/face.jpg",
				 "--can-file", p->can,       "--letter-out",
				 p->letter,    "--again" };
	const char *const whole_words[] = { "--holder", "tools/demo/holder.json" };
	const char *const lean_words[] = { "--holder", p->holder, "--access",  "pace",
					   "--aa",     "none",    "--no-gate", "--no-keys" };
	const char *const program[] = {
		"--exec", "--", card, "card", "run", file, "--link", "stdio"
	};
	const char *const eid_words[] = { "--holder", "tools/demo/holder-eid.json", "--eid" };
	const char *const *words = kind == BENCH_WHOLE ? whole_words
				   : kind == BENCH_EID ? eid_words
						       : lean_words;
	size_t n = 11, more = kind == BENCH_WHOLE  ? 2
			      : kind == BENCH_EID  ? 3
			      : kind == BENCH_LEAN ? 8
						   : 6;

	snprintf(card, sizeof(card), "%s/" CARD, b->build);
	unlink(p->letter);
	memcpy(argv + n, words, more * sizeof(*argv));
	memcpy(argv + n + more, program, sizeof(program));
	return bench_run(b, argv);
}

/* --- how many a second -------------------------------------------------------------------- */

struct speed {
	double rate; /* cards a second */
	double cpu_ms; /* processor's time of a card, all processes together */
};

/* Waits for the workers; what they and all that they started took for so many cards each. */
static bool collect(const pid_t *pids, unsigned workers, int64_t start, struct speed *out)
{
	const double cards = workers * ISSUED;
	struct rusage u;
	bool ok = true;
	int status;

	out->cpu_ms = 0;
	for (unsigned i = 0; i < workers; i++) {
		ok = pids[i] > 0 && wait4(pids[i], &status, 0, &u) == pids[i] && status == 0 && ok;
		if (ok)
			out->cpu_ms += ((double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
					(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3) /
				       cards;
	}
	out->rate = cards / ((double)(bench_ns() - start) / 1e9);
	return ok;
}

/*
 * The public-key operations of so many cards a second, by so many processes at once: keys of the
 * default card (CA, AA, one for the first tap), signatures of its security objects, credentials,
 * attestations and certificates, verifications.
 */
static bool floor_rate(unsigned workers, struct speed *out)
{
	static const struct bench_call calls[] = {
		{ BENCH_BASE, SJ_P256, 3 + CREDENTIALS + KEYS },
		{ BENCH_SIGN, SJ_P256, 1 + CREDENTIALS + OBJECTS + ATTESTED },
		{ BENCH_VERIFY, SJ_P256, ATTESTED + ANCHORS },
		{ BENCH_SIGN, SJ_P384, CERTIFICATES },
		{ BENCH_OTHER, SJ_CURVE_NONE, 0 },
	};
	const int64_t start = bench_ns();
	pid_t pids[WORKERS];

	for (unsigned i = 0; i < workers; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(bench_bare_work(calls, ISSUED) ? 0 : 1);
	}
	return collect(pids, workers, start, out);
}

/* A file with so many holders, of whom nobody was heard before. */
static bool write_batch(const char *path, const char *face, unsigned first, unsigned n)
{
	json_t *holder = json_load_file("tools/demo/holder.json", 0, NULL);
	FILE *f = fopen(path, "we");
	bool ok = holder != NULL && f != NULL;
	char number[16];

	for (unsigned i = 0; ok && i < n; i++) {
		snprintf(number, sizeof(number), "B%07u", first + i);
		ok = json_object_set_new(holder, "documentNumber", json_string(number)) == 0 &&
		     json_object_set_new(holder, "portrait", json_string(face)) == 0 &&
		     json_dumpf(holder, f, JSON_COMPACT) == 0 && fputc('\n', f) == '\n';
	}
	ok = f != NULL && fclose(f) == 0 && ok;
	json_decref(holder);
	return ok;
}

/* Starts a worker that takes its cards from a folder of its own. */
static pid_t start_worker(struct bench *b, const char *authority, const char *letters, unsigned i)
{
	char cards[BENCH_PATH + 32], card[2 * BENCH_PATH];
	const char *argv[] = { AUTHORITY,   "issue", "--authority", authority, "--worker",
			       "--letters", letters, "--exec",      "--",      card,
			       "card",      "feed",  cards,         NULL };

	snprintf(cards, sizeof(cards), "%s/cards-%u", b->dir, i);
	snprintf(card, sizeof(card), "%s/" CARD, b->build);
	return mkdir(cards, 0700) == 0 || errno == EEXIST ? bench_start(b, argv) : -1;
}

/* Cards a second by so many workers at once; the queue is filled before. */
static bool batch_rate(struct bench *b, const struct bench_place *p, unsigned workers,
		       unsigned first, struct speed *out)
{
	char batch[BENCH_PATH + 32], letters[BENCH_PATH + 32];
	char *face = realpath("tools/demo/face.jpg", NULL);
	const char *const fill[] = { AUTHORITY, "issue",     "--authority", p->authority, "--batch",
				     batch,     "--workers", "0",           NULL };
	pid_t pids[WORKERS];
	int64_t start;
	bool ok;

	snprintf(batch, sizeof(batch), "%s/batch.jsonl", b->dir);
	snprintf(letters, sizeof(letters), "%s/letters", b->dir);
	ok = face != NULL && write_batch(batch, face, first, workers * ISSUED) &&
	     bench_run(b, fill);
	free(face);
	start = bench_ns();
	for (unsigned i = 0; ok && i < workers; i++)
		pids[i] = start_worker(b, p->authority, letters, i);
	return ok && collect(pids, workers, start, out);
}

void bench_issue(struct bench *b)
{
	struct speed floor[WORKERS] = { { 0, 0 } }, rate[WORKERS] = { { 0, 0 } };
	unsigned first = 0;
	struct bench_place p;

	if (!bench_have(b, AUTHORITY) || !bench_have(b, TRUST) || !bench_have(b, CARD)) {
		bench_skip(b, "issue.rate", "the programs that issue a card were not built");
		return;
	}
	if (!bench_place_make(b, &p)) {
		bench_fail(b, "issuing failed");
		return;
	}
	for (unsigned round = 0; round < ROUNDS * WORKERS; round++) {
		const unsigned i = round % WORKERS;
		struct speed bare, batch;

		if (!floor_rate(i + 1, &bare) || !batch_rate(b, &p, i + 1, first, &batch)) {
			bench_fail(b, "issuing failed");
			return;
		}
		floor[i] = bare.rate > floor[i].rate ? bare : floor[i];
		rate[i] = batch.rate > rate[i].rate ? batch : rate[i];
		first += (i + 1) * ISSUED;
	}
	bench_row(
		b, "issue.rate", rate[0].rate, "1/s", floor[0].rate,
		"one worker of sojourn issue, register in SQLite, cards over SCP03 by a pipe, all "
		"on tmpfs; floor: P-256, 65 key pairs, 64 signatures, 6 verifications; P-384, 5 signatures");
	bench_row(b, "issue.cpu", rate[0].cpu_ms, "ms", floor[0].cpu_ms,
		  "processor's time of a card, worker and card; floor: the same");
	bench_row(b, "issue.rate.2", rate[1].rate, "1/s", floor[1].rate,
		  "two workers at one register; floor: the same by two processes at once");
}
