/* document.c -- one whole verification: commands, time, processor time, memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define RUNS 31
#define USER_RUNS 200 /* together long enough for the kernel's ticks */

/* --- one verification ------------------------------------------------------------------ */

struct reading {
	struct sj_statistics statistics;
	int64_t wall_ns, reader_ns, card_ns;
	int64_t user_ns; /* of both, in steps of 10 ms: for sums of many */
	unsigned extra; /* commands for DG11 and DG12 */
};

static bool verify_open(struct sj_card *card, struct sj_trust *trust, bool short_only,
			struct sj_statistics *statistics)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_access *access = NULL;
	struct sj_report *report = NULL;
	bool ok = sj_access_can(BENCH_CAN, strlen(BENCH_CAN), &access) == SJ_OK;

	options.short_only = short_only;
	statistics->size = sizeof(*statistics);
	ok = ok && sj_document_verify(card, trust, access, &options, &report) == SJ_OK;
	ok = ok && sj_report_verdict(report) == SJ_VERDICT_GENUINE &&
	     sj_report_statistics(report, statistics);
	sj_report_free(report);
	sj_access_free(access);
	return ok;
}

/*
 * Issuing always writes DG11 and DG12, which are no part of the figure: reading
 * each by its short identifier takes one command, as they are a few dozen bytes.
 */
static void count_extra(void *user, const struct sj_event *event)
{
	const uint8_t *c = event->bytes;
	unsigned *extra = user;

	if (event->kind == SJ_EVENT_COMMAND && event->len >= 4 && c[1] == 0xB0 &&
	    (c[2] == (0x80 | 0x0B) || c[2] == (0x80 | 0x0C)))
		(*extra)++;
}

/* Through PC/SC, the card in slot 1. */
static bool verify(struct bench *b, const struct bench_place *p, bool short_only, struct reading *r)
{
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	struct sj_trust *trust = NULL;
	bool ok = sj_context_new(&ctx) == SJ_OK && sj_trust_open(p->trust, &trust) == SJ_OK &&
		  sj_card_wait(ctx, BENCH_READER_1, 10000, &card) == SJ_OK;
	const pid_t self = getpid(), peer = b->card[1];
	int64_t user = bench_user_ns(self) + bench_user_ns(peer), wall = bench_ns(),
		own = bench_own_cpu_ns(), other = bench_cpu_ns(peer);

	if (ok)
		sj_context_listen(ctx, count_extra, &r->extra);
	ok = ok && verify_open(card, trust, short_only, &r->statistics);
	r->wall_ns = bench_ns() - wall;
	r->reader_ns = bench_own_cpu_ns() - own;
	r->card_ns = bench_cpu_ns(peer) - other;
	r->user_ns = bench_user_ns(self) + bench_user_ns(peer) - user;
	sj_card_close(card);
	sj_trust_close(trust);
	sj_context_free(ctx);
	return ok;
}

/* --- inside one process, for the floor ------------------------------------------------ */

/* One verification in this process is recorded, the others are timed. */
static bool measure_inside(struct sj_card *card, struct sj_trust *trust, struct bench_calls *calls,
			   struct bench_samples *cpu)
{
	struct sj_statistics statistics;
	bool ok;

	bench_record(calls);
	ok = verify_open(card, trust, false, &statistics);
	bench_record(NULL);
	for (int i = 0; ok && i < RUNS; i++) {
		int64_t start = bench_own_cpu_ns();

		ok = verify_open(card, trust, false, &statistics);
		bench_sample(cpu, bench_own_cpu_ns() - start);
	}
	return ok;
}

static bool inside(const struct bench_place *p, struct bench_calls *calls, double *ms)
{
	struct bench_inside *in = bench_inside_open(p->whole, NULL);
	struct bench_samples cpu;
	struct sj_trust *trust = NULL;
	bool ok = bench_samples_init(&cpu, RUNS);

	ok = ok && in && sj_trust_open(p->trust, &trust) == SJ_OK &&
	     measure_inside(bench_inside_card(in), trust, calls, &cpu);
	*ms = bench_percentile(&cpu, 50);
	sj_trust_close(trust);
	bench_inside_close(in);
	bench_samples_free(&cpu);
	return ok;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Memory of the reader as people run it: `sojourn verify`. */
static void reader_rss(struct bench *b, const struct bench_place *p)
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
	struct bench_cost cost;

	if (!bench_have(b, argv[0])) {
		bench_skip(b, "reader.rss", "sojourn-verify was not built");
		return;
	}
	if (bench_cost(b, argv, 0, &cost))
		bench_row(b, "reader.rss", cost.rss, "bytes", BENCH_NO_FLOOR,
			  "peak of sojourn verify");
	else
		bench_fail(b, "sojourn verify failed");
}

/* What both ends do themselves; the rest is the kernel's, mostly for their sockets. */
static bool user_row(struct bench *b, const struct bench_place *p, double floor)
{
	struct reading r = { .wall_ns = 0 };
	int64_t user = 0, all = 0;
	char note[128];
	bool ok = true;

	for (int i = 0; ok && i < USER_RUNS; i++) {
		ok = verify(b, p, false, &r);
		all += r.reader_ns + r.card_ns;
		user += r.user_ns;
	}
	snprintf(note, sizeof(note),
		 "in user mode, mean of %d runs of %.2f ms; the rest is system time, for sockets",
		 USER_RUNS, (double)all / 1e6 / USER_RUNS);
	if (ok)
		bench_row(b, "document.verify.cpu.user", (double)user / 1e6 / USER_RUNS, "ms",
			  floor, note);
	return ok;
}

/* Through PC/SC; `floor` are the public-key operations bare, in ms. */
static bool time_rows(struct bench *b, const struct bench_place *p, double floor, const char *text)
{
	struct bench_samples wall, cpu;
	struct reading r = { .wall_ns = 0 };
	struct bench_least least;
	char note[240];
	bool ok = bench_samples_init(&wall, RUNS);

	ok = bench_samples_init(&cpu, RUNS) && ok;
	for (int i = 0; ok && i < RUNS; i++) {
		ok = verify(b, p, false, &r);
		bench_sample(&wall, r.wall_ns);
		bench_sample(&cpu, r.reader_ns + r.card_ns);
	}
	ok = ok &&
	     bench_least(
		     b, &(struct bench_talk){ .apdus = r.statistics.apdus, .operations_ms = floor },
		     &least);
	if (ok) {
		snprintf(note, sizeof(note), "%s; %s", r.statistics.access, least.text);
		bench_row(b, "document.verify.wall", bench_percentile(&wall, 50), "ms", least.ms,
			  note);
		bench_row(b, "document.verify.cpu", bench_percentile(&cpu, 50), "ms", floor, text);
		bench_row(
			b, "document.verify.cpu.pcsc", least.cpu_ms, "ms", BENCH_NO_FLOOR,
			"as many bare SCardTransmit with the null card, both ends: part of any total");
	}
	bench_samples_free(&wall);
	bench_samples_free(&cpu);
	return ok && user_row(b, p, floor);
}

static bool cpu_rows(struct bench *b, const struct bench_place *p)
{
	struct bench_calls calls = { .call = { { .count = 0 } } };
	double direct, floor;
	char text[320];

	if (!inside(p, &calls, &direct) || !bench_floor(&calls, &floor, text, sizeof(text)))
		return bench_fail(b, "no verification inside one process");
	if (!bench_card(b, 1, p->whole) || !time_rows(b, p, floor, text))
		return bench_fail(b, "verification failed while it was timed");
	bench_row(b, "document.verify.cpu.direct", direct, "ms", floor,
		  "the same work without PC/SC and sockets: card and reader in one process");
	bench_row(b, "card.rss", (double)bench_rss(b->card[1]), "bytes", BENCH_NO_FLOOR,
		  "peak of sojourn card run");
	return true;
}

/* The lean card, in this process, as the model of every chip sees it. */
static bool model_rows(struct bench *b, const struct bench_place *p)
{
	struct bench_exchange *e = bench_exchange_new();
	struct bench_inside *in = e ? bench_inside_open(p->lean, &e->rf) : NULL;
	struct sj_trust *trust = NULL;
	struct sj_statistics statistics;
	struct bench_moment end;
	bool ok = in && sj_trust_open(p->trust, &trust) == SJ_OK &&
		  verify_open(bench_inside_card(in), trust, false, &statistics);

	if (ok) {
		end = bench_exchange_now(e);
		ok = bench_model_rows(b, e, &end, "document",
				      "PACE, CA, SOD, COM, DG1, DG14, DG2 of 20 kB, DG11, DG12");
	}
	sj_trust_close(trust);
	bench_inside_close(in);
	bench_exchange_free(e);
	return ok || bench_fail(b, "no verification for the model");
}

/* A card that was just put in, as every card is that somebody brings. */
static bool apdu_row(struct bench *b, const struct bench_place *p, const char *file,
		     bool short_only, const char *id, const char *note)
{
	struct reading r = { .extra = 0 };
	bool lean = file == p->lean;

	if (!bench_card(b, 1, file) || !verify(b, p, short_only, &r))
		return bench_fail(b, "a genuine card was not found genuine");
	bench_row(b, id, r.statistics.apdus - (lean ? r.extra : 0), "apdus", BENCH_NO_FLOOR, note);
	return true;
}

static bool apdu_rows(struct bench *b, const struct bench_place *p)
{
	return apdu_row(b, p, p->lean, false, "document.apdus.extended",
			"PACE, CA, SOD, COM, DG1, DG14, DG2 of 20 kB; DG11 and DG12 not counted") &&
	       apdu_row(b, p, p->lean, true, "document.apdus.short", "the same, short only") &&
	       apdu_row(b, p, p->whole, false, "document.apdus.extended.default",
			"a card issued by default, with AA, DG11, DG12, DG15, DG16, all counted") &&
	       apdu_row(b, p, p->whole, true, "document.apdus.short.default",
			"the same, short only");
}

void bench_document(struct bench *b)
{
	struct bench_place p;

	if (!bench_have(b, "libexec/sojourn/sojourn-authority") ||
	    !bench_have(b, "libexec/sojourn/sojourn-trust") ||
	    !bench_have(b, "libexec/sojourn/sojourn-card")) {
		bench_skip(b, "document.*", "the programs that issue a card were not built");
		return;
	}
	if (!bench_place_make(b, &p) || !bench_blank(b, p.whole) || !bench_blank(b, p.lean) ||
	    !bench_issue_to(b, &p, p.whole, BENCH_WHOLE) ||
	    !bench_issue_to(b, &p, p.lean, BENCH_LEAN)) {
		bench_fail(b, "no card could be issued");
		return;
	}
	if (apdu_rows(b, &p)) {
		bench_remove(b, 1); /* its file is locked while it runs */
		if (model_rows(b, &p) && cpu_rows(b, &p))
			reader_rss(b, &p);
	}
	bench_remove(b, 1);
}
