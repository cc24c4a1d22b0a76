/*
 * removal.c -- the card is taken out at every command of every conversation, through pcscd: before
 * the card has it, in the middle of its answer, after it. The right error within 500 ms, nothing
 * shown, and the next card works. `removal [FLOW...]`; a second or two a cut.
 */
#include <stdio.h>
#include <string.h>

#include "tests/world/world.h"

struct tally {
	unsigned cuts, wrong;
	double most_ms;
};

/* A gate has decided at its second command; before, half an answer opens nothing. */
static bool right_tap(unsigned at, enum bench_cut how, enum sj_rc rc, bool shown)
{
	if (shown)
		return at > 2;
	return rc == SJ_CARD_LOST ||
	       (how == BENCH_CUT_DURING && (rc == SJ_OK || rc == SJ_CARD_ANSWER));
}

/* Half an answer, which this driver passes on, is that of a card that answers wrongly. */
static bool right(enum bench_cut how, enum sj_rc rc, bool shown)
{
	return !shown && (rc == SJ_CARD_LOST || (how == BENCH_CUT_DURING &&
						 (rc == SJ_CARD_ANSWER || rc == SJ_CARD_SM_BROKEN ||
						  rc == SJ_CARD_REFUSED)));
}

static void cut(struct world *w, const struct flow *f, unsigned at, enum bench_cut how,
		struct tally *t)
{
	bool shown = false, ok;
	double took;
	enum sj_rc rc;

	world_ready(w, f);
	w->relay->count = 0;
	w->relay->how = how;
	w->relay->cut = at;
	rc = f->run(w, 5000, &shown);
	took = (double)(bench_ns() - w->relay->cut_ns) / 1e6;
	t->cuts++;
	if (w->relay->count < at)
		world_fail("%s: ended before command %u", f->name, at);
	w->relay->cut = 0;
	if (took > t->most_ms)
		t->most_ms = took;
	ok = strncmp(f->name, "tap", 3) == 0 ? right_tap(at, how, rc, shown)
					     : right(how, rc, shown);
	if (!ok) {
		printf("%s: out at command %u (%u): %s, %s\n", f->name, at, how, sj_strerror(rc),
		       shown ? "shown" : "not shown");
		t->wrong++;
	}
	world_recover(w, f, bench_ns());
}

int main(int argc, char **argv)
{
	struct tally t = { 0 };
	struct world w;

	for (int i = 1; i < argc; i++)
		if (!world_is_flow(argv[i]))
			world_fail("%s: no such conversation", argv[i]);
	world_up(&w, false);
	for (unsigned i = 0; i < WORLD_FLOWS; i++) {
		const struct flow *f = &world_flows[i];
		unsigned commands;

		if (!world_named(f, argc, argv))
			continue;
		commands = world_begin(&w, f);
		printf("%s: %u commands\n", f->name, commands);
		for (unsigned at = 1; at <= commands; at++)
			for (enum bench_cut how = 0; how < BENCH_CUTS; how++)
				cut(&w, f, at, how, &t);
		world_end(&w);
	}
	world_down(&w);
	printf("figure: removal.real.cuts %u\nfigure: removal.real.wrong %u\n"
	       "figure: removal.real.ms %.0f\n",
	       t.cuts, t.wrong, t.most_ms);
	return t.wrong > 0;
}
