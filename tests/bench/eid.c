/* eid.c -- an eID card at a hotel's check-in: commands, bytes, time. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "secure/gate.h"
#include "tests/bench/bench.h"
#include "tests/bench/desk.h"
#include "tests/bench/gate.h"

#define RUNS 31
#define AUTHORITY "libexec/sojourn/sojourn-authority"
#define TERMINAL "libexec/sojourn/sojourn-terminal"
#define WHAT "hotel check-in: PACE, TA, CA, EF.CardSecurity, ten groups, a portrait of 20 kB"

/* --- the stage ---------------------------------------------------------------------- */

/* Whom eID cards believe. */
static bool found(struct bench *b, const struct bench_place *p)
{
	const char *const at[] = { AUTHORITY, "authority", "cvca-init", p->authority, NULL };
	const char *const is[] = { AUTHORITY, "authority", "cvca-init", p->authority,
				   "--type",  "is",        NULL };
	const char *const dv[] = { AUTHORITY, "authority", "dv-init", p->authority, NULL };

	return bench_run(b, at) && bench_run(b, is) && bench_run(b, dv);
}

/* A hotel's terminal, in the folder l->desk. */
static bool enrol(struct bench *b, const struct bench_desk *l)
{
	char request[BENCH_PATH + 64], came[BENCH_PATH + 32];
	const char *const ask[] = { TERMINAL,   "terminal",     "new", l->desk,
				    "--holder", "UTHOTEL00001", NULL };
	const char *const sign[] = {
		AUTHORITY,   "authority", "terminal-sign", l->p.authority, request,
		"--service", "26",        "--folder",      came,           NULL
	};
	const char *const install[] = { TERMINAL, "terminal", "install", l->desk, came, NULL };

	snprintf(request, sizeof(request), "%s/next.cvreq", l->desk);
	snprintf(came, sizeof(came), "%s/came", b->dir);
	return bench_run(b, ask) && bench_run(b, sign) && bench_run(b, install);
}

bool bench_desk_make(struct bench *b, struct bench_desk *l)
{
	snprintf(l->card, sizeof(l->card), "%s/eid.card", b->dir);
	snprintf(l->desk, sizeof(l->desk), "%s/desk", b->dir);
	return bench_place_make(b, &l->p) && found(b, &l->p) && enrol(b, l) &&
	       bench_blank(b, l->card) && bench_issue_to(b, &l->p, l->card, BENCH_EID) &&
	       bench_gate_publish(b, &l->p);
}

/* --- one asking --------------------------------------------------------------------- */

enum sj_rc bench_desk_ask(struct sj_card *card, const struct bench_desk *l,
			  const struct sj_service_options *options,
			  struct sj_statistics *statistics, bool *genuine)
{
	static const struct sj_service hotel = {
		.size = sizeof(hotel),
		.id = 26,
		.sector = SJ_SECTOR_ACCOMMODATION,
		.name = "hotel check-in",
		.access = SJ_SERVICE_CAN,
		.stale = 3 * 86400,
		.rights = SJ_RIGHT_VALID | SJ_RIGHT_NAME | SJ_RIGHT_NATIONALITY |
			  SJ_RIGHT_BIRTH_DATE | SJ_RIGHT_DOCUMENT_NUMBER | SJ_RIGHT_EXPIRY |
			  SJ_RIGHT_PORTRAIT | SJ_RIGHT_ENTRY_RECORDS | SJ_RIGHT_HOME_PASSPORT,
	};
	struct sj_terminal *terminal = NULL;
	struct sj_access *access = NULL;
	struct sj_answer *answer = NULL;
	struct sj_trust *trust = NULL;
	enum sj_rc rc = sj_trust_open(l->p.trust, &trust);

	if (rc == SJ_OK)
		rc = sj_terminal_open(l->desk, &terminal);
	if (rc == SJ_OK)
		rc = sj_access_can(BENCH_CAN, strlen(BENCH_CAN), &access);
	if (rc == SJ_OK)
		rc = sj_service_verify(card, trust, terminal, &hotel, access, options, &answer);
	*genuine = rc == SJ_OK && sj_answer_verdict(answer) == SJ_VERDICT_GENUINE;
	statistics->size = sizeof(*statistics);
	if (*genuine)
		*genuine = sj_answer_statistics(answer, statistics);
	sj_answer_free(answer);
	sj_access_free(access);
	sj_terminal_close(terminal);
	sj_trust_close(trust);
	return rc;
}

static bool ask(struct sj_card *card, const struct bench_desk *l, struct sj_statistics *statistics)
{
	bool genuine;

	return bench_desk_ask(card, l, NULL, statistics, &genuine) == SJ_OK && genuine;
}

/* Through PC/SC, the card in slot 1; from the card in hand to the answer, and both ends' work. */
static bool ask_real(const struct bench *b, const struct bench_desk *l,
		     struct sj_statistics *statistics, int64_t *ns, int64_t *cpu_ns)
{
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	bool ok = sj_context_new(&ctx) == SJ_OK &&
		  sj_card_wait(ctx, BENCH_READER_1, 10000, &card) == SJ_OK;
	const int64_t start = bench_ns(), worked = bench_own_cpu_ns() + bench_cpu_ns(b->card[1]);

	ok = ok && ask(card, l, statistics);
	*ns = bench_ns() - start;
	*cpu_ns = bench_own_cpu_ns() + bench_cpu_ns(b->card[1]) - worked;
	sj_card_close(card);
	sj_context_free(ctx);
	return ok;
}

/* --- rows ---------------------------------------------------------------------------- */

/* In this process, as the model of every chip sees it; then its public-key calls, for the floor. */
static bool inside_rows(struct bench *b, const struct bench_desk *l, double *floor, char *text,
			size_t cap)
{
	struct bench_calls calls = { .call = { { .count = 0 } } };
	struct bench_exchange *e = bench_exchange_new();
	struct bench_inside *in = e ? bench_inside_open(l->card, &e->rf) : NULL;
	struct sj_statistics statistics;
	bool ok = in && ask(bench_inside_card(in), l, &statistics);
	struct bench_moment end;

	if (ok) {
		end = bench_exchange_now(e);
		ok = bench_model_rows(b, e, &end, "eid", WHAT);
	}
	bench_inside_close(in);
	bench_exchange_free(e);
	in = ok ? bench_inside_open(l->card, NULL) : NULL;
	bench_record(&calls);
	ok = in && ask(bench_inside_card(in), l, &statistics);
	bench_record(NULL);
	bench_inside_close(in);
	return (ok && bench_floor(&calls, floor, text, cap)) ||
	       bench_fail(b, "no answer inside one process");
}

static bool real_rows(struct bench *b, const struct bench_desk *l, double floor, const char *text)
{
	struct sj_statistics s = { .apdus = 0 };
	struct bench_samples wall, cpu;
	struct bench_least least;
	char note[240];
	int64_t ns, cpu_ns;
	bool ok = bench_samples_init(&wall, RUNS);

	ok = bench_samples_init(&cpu, RUNS) && ok && bench_card(b, 1, l->card);
	for (int i = 0; ok && i < RUNS; i++) {
		ok = ask_real(b, l, &s, &ns, &cpu_ns);
		bench_sample(&wall, ns);
		bench_sample(&cpu, cpu_ns);
	}
	ok = ok && bench_least(b, &(struct bench_talk){ .apdus = s.apdus, .operations_ms = floor },
			       &least);
	if (ok) {
		bench_row(b, "eid.apdus", s.apdus, "apdus", BENCH_NO_FLOOR, WHAT "; target: 22");
		bench_row(b, "eid.bytes", s.bytes_sent + s.bytes_received, "bytes", BENCH_NO_FLOOR,
			  "both ways, headers and secure messaging included");
		snprintf(note, sizeof(note), "through pcscd, p50 of %d; target: 60; %s", RUNS,
			 least.text);
		bench_row(b, "eid.real.wall", bench_percentile(&wall, 50), "ms", least.ms, note);
		bench_row(b, "eid.real.cpu", bench_percentile(&cpu, 50), "ms", floor, text);
	}
	bench_samples_free(&wall);
	bench_samples_free(&cpu);
	return ok || bench_fail(b, "an eID card did not answer while it was timed");
}

void bench_eid(struct bench *b)
{
	struct bench_desk l;
	char text[320];
	double floor;

	if (!bench_have(b, AUTHORITY) || !bench_have(b, TERMINAL) ||
	    !bench_have(b, "libexec/sojourn/sojourn-card")) {
		bench_skip(b, "eid.*", "the programs that issue a card were not built");
		return;
	}
	if (!bench_desk_make(b, &l))
		bench_fail(b, "no eID card, or no terminal for it");
	else if (inside_rows(b, &l, &floor, text, sizeof(text)))
		real_rows(b, &l, floor, text);
	bench_remove(b, 1);
}
