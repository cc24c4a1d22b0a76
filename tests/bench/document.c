/* document.c -- one whole verification: commands, time, processor time, memory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sojourn/document.h>

#include "crypt/ec.h"
#include "tests/bench/bench.h"

#define RUNS 15
#define CAN "267431"

struct place {
	char card[BENCH_PATH + 32], authority[BENCH_PATH + 32], csca[BENCH_PATH + 48];
	char trust[BENCH_PATH + 32], can[BENCH_PATH + 32], letter[BENCH_PATH + 32];
};

static void places(const struct bench *b, struct place *p)
{
	snprintf(p->card, sizeof(p->card), "%s/holder.card", b->dir);
	snprintf(p->authority, sizeof(p->authority), "%s/authority", b->dir);
	snprintf(p->csca, sizeof(p->csca), "%s/authority/csca-1.cer", b->dir);
	snprintf(p->trust, sizeof(p->trust), "%s/trust", b->dir);
	snprintf(p->can, sizeof(p->can), "%s/can", b->dir);
	snprintf(p->letter, sizeof(p->letter), "%s/letter", b->dir);
}

static bool write_can(const struct place *p)
{
	int fd = open(p->can, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, CAN "\n", strlen(CAN) + 1) == (ssize_t)strlen(CAN) + 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* An authority, a trust store that knows it, and a card issued to the demo's holder. */
static bool prepare(struct bench *b, const struct place *p)
{
	const char *const init[] = { "libexec/sojourn/sojourn-authority", "authority", "init",
				     p->authority, NULL };
	const char *const import[] = { "libexec/sojourn/sojourn-trust",
				       "trust",
				       "import",
				       "--trust",
				       p->trust,
				       "--csca",
				       p->csca,
				       NULL };
	const char *const make[] = { "libexec/sojourn/sojourn-card", "card", "new", p->card, NULL };
	const char *const issue[] = { "libexec/sojourn/sojourn-authority",
				      "issue",
				      "--authority",
				      p->authority,
				      "--holder",
				      "tools/demo/holder.json",
				      "--portrait",
				      "tools/demo/face.jpg",
				      "--can-file",
				      p->can,
				      "--letter-out",
				      p->letter,
				      "--reader",
				      BENCH_READER_1,
				      NULL };

	return write_can(p) && bench_run(b, init) && bench_run(b, import) && bench_run(b, make) &&
	       bench_card(b, 1, p->card) && bench_run(b, issue);
}

/* --- one verification ------------------------------------------------------------------ */

struct reading {
	struct sj_statistics statistics;
	int64_t wall_ns, reader_ns, card_ns;
};

static int64_t own_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool verify_open(struct sj_card *card, struct sj_trust *trust, bool short_only,
			struct reading *r)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_access *access = NULL;
	struct sj_report *report = NULL;
	bool ok = sj_access_can(CAN, strlen(CAN), &access) == SJ_OK;

	options.short_only = short_only;
	r->statistics.size = sizeof(r->statistics);
	ok = ok && sj_document_verify(card, trust, access, &options, &report) == SJ_OK;
	ok = ok && sj_report_verdict(report) == SJ_VERDICT_GENUINE &&
	     sj_report_statistics(report, &r->statistics);
	sj_report_free(report);
	sj_access_free(access);
	return ok;
}

static bool verify(struct bench *b, const struct place *p, bool short_only, struct reading *r)
{
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	struct sj_trust *trust = NULL;
	bool ok = sj_context_new(&ctx) == SJ_OK && sj_trust_open(p->trust, &trust) == SJ_OK &&
		  sj_card_wait(ctx, BENCH_READER_1, 10000, &card) == SJ_OK;
	int64_t wall = bench_ns(), own = own_cpu_ns(), other = bench_cpu_ns(b->card[1]);

	ok = ok && verify_open(card, trust, short_only, r);
	r->wall_ns = bench_ns() - wall;
	r->reader_ns = own_cpu_ns() - own;
	r->card_ns = bench_cpu_ns(b->card[1]) - other;
	sj_card_close(card);
	sj_trust_close(trust);
	sj_context_free(ctx);
	return ok;
}

/* --- the floor: the same public-key operations bare ---------------------------------------- */

struct operation {
	enum sj_curve curve;
	enum { KEY, AGREE, SIGN, VERIFY } kind;
	unsigned count;
};

static bool once(const struct operation *o, const struct sj_ec_secret *k,
		 const struct sj_ec_point *q, const uint8_t *signature, size_t len)
{
	static const uint8_t digest[32] = { 1 };
	uint8_t out[SJ_EC_SIGNATURE_MAX];
	struct sj_ec_point point;
	size_t n;

	switch (o->kind) {
	case KEY:
		return sj_ec_multiply(o->curve, k, NULL, &point);
	case AGREE:
		return sj_ec_multiply(o->curve, k, q, &point);
	case SIGN:
		return sj_ec_sign(o->curve, k, SJ_SPAN_OF(digest), out, &n);
	case VERIFY:
		return sj_ec_verify(o->curve, q, SJ_SPAN_OF(digest), sj_span(signature, len));
	}
	return false;
}

/* CPU ms of all of one kind on one curve, the median of some. */
static bool cost(const struct operation *o, double *ms)
{
	static const uint8_t digest[32] = { 1 };
	const struct sj_random rnd = sj_random_system();
	uint8_t signature[SJ_EC_SIGNATURE_MAX];
	struct bench_samples s;
	struct sj_ec_secret k;
	struct sj_ec_point q;
	size_t len = 0;
	bool ok = bench_samples_init(&s, 51) && sj_ec_secret_random(o->curve, &rnd, &k) &&
		  sj_ec_multiply(o->curve, &k, NULL, &q) &&
		  sj_ec_sign(o->curve, &k, SJ_SPAN_OF(digest), signature, &len);

	for (int i = 0; ok && i < 51; i++) {
		int64_t start = own_cpu_ns();

		ok = once(o, &k, &q, signature, len);
		bench_sample(&s, own_cpu_ns() - start);
	}
	*ms = bench_percentile(&s, 50) * o->count;
	bench_samples_free(&s);
	return ok;
}

/*
 * What the protocols need, card and reader together (ICAO Doc 9303-11 and -12):
 * PACE-GM: two key pairs, a mapping of two products and two agreements on each
 * side; CA: a key pair and two agreements; AA: a signature and its check;
 * PA: the SOD's signature and, by the CSCA's P-384 key, the signer's.
 */
static bool floor_ms(enum sj_curve pace, double *ms)
{
	static const char *const kinds[] = { "k*G", "k*Q", "sign", "verify" };
	const struct operation list[] = {
		{ pace, KEY, 4 },       { pace, AGREE, 6 },   { SJ_P256, KEY, 1 },
		{ SJ_P256, AGREE, 2 },  { SJ_P256, SIGN, 1 }, { SJ_P256, VERIFY, 2 },
		{ SJ_P384, VERIFY, 1 },
	};

	*ms = 0;
	printf("# floor of document.verify.cpu:");
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		double one;

		if (!cost(&list[i], &one))
			return false;
		printf("%s %u x %s %s %.3f ms", i ? "," : "", list[i].count,
		       sj_curve_name(list[i].curve), kinds[list[i].kind], one);
		*ms += one;
	}
	printf("\n");
	return true;
}

static enum sj_curve pace_curve(const char *access)
{
	static const enum sj_curve curves[] = { SJ_P256,    SJ_P384,    SJ_P521,
						SJ_BP256R1, SJ_BP384R1, SJ_BP512R1 };

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strstr(access, sj_curve_name(curves[i])))
			return curves[i];
	}
	return SJ_CURVE_NONE;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Memory and start of the reader as people run it: `sojourn verify`. */
static void reader_rss(struct bench *b, const struct place *p)
{
	const char *const argv[] = { "libexec/sojourn/sojourn-verify",
				     "verify",
				     "--trust",
				     p->trust,
				     "--can-file",
				     p->can,
				     "--reader",
				     BENCH_READER_1,
				     NULL };
	struct rusage usage;
	int status = -1;
	pid_t pid;

	if (!bench_have(b, argv[0])) {
		bench_skip("reader.rss", "sojourn-verify was not built");
		return;
	}
	pid = bench_start(b, argv);
	if (pid <= 0 || wait4(pid, &status, 0, &usage) != pid || status != 0)
		bench_fail(b, "sojourn verify failed");
	else
		bench_row(b, "reader.rss", (double)usage.ru_maxrss * 1024, "bytes", BENCH_NO_FLOOR,
			  "peak of sojourn verify");
}

static bool time_rows(struct bench *b, const struct place *p)
{
	struct bench_samples wall, cpu;
	struct reading r = { .wall_ns = 0 };
	double floor;
	bool ok = bench_samples_init(&wall, RUNS);

	ok = bench_samples_init(&cpu, RUNS) && ok;

	for (int i = 0; ok && i < RUNS; i++) {
		ok = verify(b, p, false, &r);
		bench_sample(&wall, r.wall_ns);
		bench_sample(&cpu, r.reader_ns + r.card_ns);
	}
	ok = ok && floor_ms(pace_curve(r.statistics.access), &floor);
	if (ok) {
		bench_row(b, "document.verify.wall", bench_percentile(&wall, 50), "ms",
			  BENCH_NO_FLOOR, r.statistics.access);
		bench_row(b, "document.verify.cpu", bench_percentile(&cpu, 50), "ms", floor,
			  "card and reader; floor: its public-key operations bare");
	}
	bench_samples_free(&wall);
	bench_samples_free(&cpu);
	return ok;
}

static bool apdu_rows(struct bench *b, const struct place *p)
{
	struct reading extended, brief;

	if (!verify(b, p, false, &extended) || !verify(b, p, true, &brief))
		return bench_fail(b, "a genuine card was not found genuine");
	bench_row(b, "document.apdus.extended", extended.statistics.apdus, "apdus", BENCH_NO_FLOOR,
		  "whole verification, extended length");
	bench_row(b, "document.apdus.short", brief.statistics.apdus, "apdus", BENCH_NO_FLOOR,
		  "whole verification, short APDUs only");
	return true;
}

void bench_document(struct bench *b)
{
	struct place p = { .card = "" };

	places(b, &p);
	if (!bench_have(b, "libexec/sojourn/sojourn-authority") ||
	    !bench_have(b, "libexec/sojourn/sojourn-trust") ||
	    !bench_have(b, "libexec/sojourn/sojourn-card")) {
		bench_skip("document.*", "the programs that issue a card were not built");
		return;
	}
	if (!prepare(b, &p)) {
		bench_fail(b, "no card could be issued");
		bench_remove(b, 1);
		return;
	}
	if (apdu_rows(b, &p) && !time_rows(b, &p))
		bench_fail(b, "verification failed while it was timed");
	bench_row(b, "card.rss", (double)bench_rss(b->card[1]), "bytes", BENCH_NO_FLOOR,
		  "peak of sojourn card run, issuing included");
	reader_rss(b, &p);
	bench_remove(b, 1);
}
