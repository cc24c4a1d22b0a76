/*
 * gate_real.c -- taps through PC/SC by many cards, each put in once and reset
 * warm before every other tap: pcscd looks for cards every 400 ms only.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <winscard.h>

#include "tests/bench/gate.h"

#define CARDS 10u /* unless told otherwise */
#define TAPS 100u /* of a card: one half without tickets, the other with */
#define APDUS 2u /* to the decision */
#define REVOKED_EVERY 10u /* each so many-th card is a revoked one */
#define GROWTH_MAX (512u * 1024u) /* bytes that a process may take more than after its first taps */

struct lane {
	struct bench *b;
	struct sj_gate *gate;
	struct sj_context *ctx;
	SCARDCONTEXT raw; /* for resets */
	struct bench_samples first, repeat;
	unsigned taps, wrong;
	size_t card_growth; /* the most of a card */
};

/* --- one card ------------------------------------------------------------------------- */

static bool reset(struct lane *l)
{
	SCARDHANDLE card;
	DWORD protocol;

	return SCardConnect(l->raw, BENCH_READER_1, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &card,
			    &protocol) == SCARD_S_SUCCESS &&
	       SCardDisconnect(card, SCARD_RESET_CARD) == SCARD_S_SUCCESS;
}

static bool tap(struct lane *l, bool revoked, bool resumed)
{
	struct sj_gate_verdict v = { .size = sizeof(v) };
	struct sj_gate_times times = { .size = sizeof(times) };
	struct sj_card *card = NULL;
	bool ok = sj_card_wait(l->ctx, BENCH_READER_1, 10000, &card) == SJ_OK &&
		  sj_gate_run(l->gate, card, 5000, NULL, NULL, &v, &times) == SJ_OK;

	sj_card_close(card);
	if (!ok)
		return false;
	l->taps++;
	if (v.decision != (revoked ? SJ_GATE_REFUSE : SJ_GATE_OPEN) || times.apdus != APDUS ||
	    v.resumed != (resumed && !revoked))
		l->wrong++;
	else if (!revoked)
		bench_sample(resumed ? &l->repeat : &l->first, times.decision_us * (int64_t)1000);
	return true;
}

/* One half first taps, the other, but for its first one, repeated ones. */
static bool taps_of(struct lane *l, const char *file, bool revoked)
{
	size_t before = 0, after;
	bool ok = bench_card(l->b, 1, file);

	for (unsigned i = 0; ok && i < TAPS; i++) {
		if (i == 0 || i == TAPS / 2)
			ok = bench_gate_tickets(l->gate, i > 0);
		ok = ok && (i == 0 || reset(l)) && tap(l, revoked, i > TAPS / 2);
		if (i == TAPS / 4)
			before = bench_rss_now(l->b->card[1]);
	}
	after = ok ? bench_rss_now(l->b->card[1]) : 0;
	if (after > before && after - before > l->card_growth)
		l->card_growth = after - before;
	bench_remove(l->b, 1);
	return ok;
}

/* --- many ------------------------------------------------------------------------------ */

static bool lane_open(struct lane *l, struct bench *b, struct sj_gate *gate, unsigned cards)
{
	*l = (struct lane){ .b = b, .gate = gate };
	return bench_samples_init(&l->first, (size_t)cards * TAPS) &&
	       bench_samples_init(&l->repeat, (size_t)cards * TAPS) &&
	       sj_context_new(&l->ctx) == SJ_OK &&
	       SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &l->raw) == SCARD_S_SUCCESS;
}

static void lane_close(struct lane *l)
{
	if (l->raw)
		SCardReleaseContext(l->raw);
	sj_context_free(l->ctx);
	bench_samples_free(&l->first);
	bench_samples_free(&l->repeat);
}

static void card_path(const char *dir, unsigned i, char path[static 2 * BENCH_PATH])
{
	snprintf(path, 2 * BENCH_PATH, "%s/gate-%u.card", dir, i);
}

/* Each has a number of its own, of which every so many-th is revoked. */
static bool issue(struct bench *b, const struct bench_place *p, const char *dir, unsigned i)
{
	char path[2 * BENCH_PATH], number[16];
	const char *const revoke[] = { "libexec/sojourn/sojourn-authority",
				       "authority",
				       "status",
				       "revoke",
				       p->authority,
				       "--document",
				       number,
				       NULL };

	snprintf(number, sizeof(number), "G%u", i);
	card_path(dir, i, path);
	return bench_holder_number(p, number) && bench_blank(b, path) &&
	       bench_issue_to(b, p, path, BENCH_FOR_GATES) &&
	       (i % REVOKED_EVERY != REVOKED_EVERY - 1 || bench_run(b, revoke));
}

static bool run(struct lane *l, const struct bench_place *p, const char *dir, unsigned cards,
		size_t *growth)
{
	size_t before = 0, after;
	char path[2 * BENCH_PATH];
	bool ok = true;

	for (unsigned i = 0; ok && i < cards; i++)
		ok = issue(l->b, p, dir, i);
	ok = ok && bench_gate_publish(l->b, p) && sj_gate_load_trust(l->gate, p->trust) == SJ_OK;
	for (unsigned i = 0; ok && i < cards; i++) {
		card_path(dir, i, path);
		ok = taps_of(l, path, i % REVOKED_EVERY == REVOKED_EVERY - 1);
		if (i == 0)
			before = bench_rss_now(getpid());
		unlink(path);
	}
	after = bench_rss_now(getpid());
	*growth = after > before ? after - before : 0;
	return ok;
}

static void row(struct lane *l, const char *kind, bool disk, double operations_ms, const char *what)
{
	struct bench_samples *s = strcmp(kind, "first") == 0 ? &l->first : &l->repeat;
	const struct bench_talk talk = { .apdus = APDUS,
					 .operations_ms = operations_ms,
					 .kept = disk ? l->b->disk : l->b->dir };
	struct bench_least least;
	char id[64], note[384];

	if (!bench_least(l->b, &talk, &least))
		return;
	snprintf(note, sizeof(note), "%s; %s", what, least.text);
	snprintf(id, sizeof(id), "gate.%s.real%s.p50", kind, disk ? ".disk" : "");
	bench_row(l->b, id, bench_percentile(s, 50), "ms", least.ms, note);
	snprintf(id, sizeof(id), "gate.%s.real%s.p99", kind, disk ? ".disk" : "");
	bench_row(l->b, id, bench_percentile(s, 99), "ms", least.p99_ms, note);
}

static void rows(struct lane *l, bool disk, const struct bench_gate_bare *bare, unsigned cards)
{
	char what[224];

	snprintf(what, sizeof(what),
		 "SELECT to decision through PC/SC, %u taps by %u cards, none decided wrong; "
		 "store on %s",
		 l->taps, cards, disk ? "the build's disk" : "tmpfs");
	row(l, "first", disk, bare->first, what);
	row(l, "repeat", disk, bare->repeat, what);
}

static bool measure(struct bench *b, const struct bench_place *p, struct sj_gate *gate,
		    const struct bench_gate_bare *bare, unsigned cards, bool disk)
{
	struct lane l;
	size_t growth = 0;
	char what[96];
	bool ok = lane_open(&l, b, gate, cards) &&
		  run(&l, p, disk ? b->disk : b->dir, cards, &growth);

	if (!ok) {
		bench_fail(b, "a tap through PC/SC failed");
	} else if (l.wrong > 0) {
		snprintf(what, sizeof(what), "%u of %u taps were decided wrong", l.wrong, l.taps);
		ok = bench_fail(b, what);
	} else {
		rows(&l, disk, bare, cards);
	}
	if (ok && !disk) {
		bench_row(b, "gate.growth", (double)growth, "bytes", BENCH_NO_FLOOR,
			  "the gate's memory after all cards over that after the first");
		bench_row(b, "gate.card.growth", (double)l.card_growth, "bytes", BENCH_NO_FLOOR,
			  "a card's memory after all its taps over that after a quarter; the most");
	}
	if (ok && (growth > GROWTH_MAX || l.card_growth > GROWTH_MAX))
		ok = bench_fail(b, "memory grows with taps");
	lane_close(&l);
	return ok;
}

void bench_gate_real(struct bench *b, const struct bench_place *p, struct sj_gate *gate,
		     const struct bench_gate_bare *bare)
{
	if (measure(b, p, gate, bare, b->gate_cards > 0 ? b->gate_cards : CARDS, false))
		measure(b, p, gate, bare, 1, true);
}
