/*
 * others.c -- what other processes do to ours, at each command of every conversation: `others resets`,
 * `kills [MOMENTS]` (of pcscd, a flow), `held`, `exit` (pcscd's own, after a minute without clients).
 * Without arguments all of them. It must recover within two seconds from when there is a card again,
 * by itself, and grow in nothing.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/world/world.h"

#define MOMENTS 100u /* of a flow at which pcscd is killed */
#define DEADLINE_MS 700u /* of a flow while another holds the card */

struct tally {
	unsigned resets, kills, held, wrong;
	double recovery_ms, busy_ms; /* the most; busy: beyond the deadline */
	double growth, memory; /* of descriptors or threads; of bytes a kill; the most */
};

static void note(double *most, double ms)
{
	if (ms > *most)
		*most = ms;
}

static void wrong(struct tally *t, const struct flow *f, const char *what, unsigned at,
		  enum sj_rc rc, bool shown)
{
	printf("%s: %s at command %u: %s, %s\n", f->name, what, at, sj_strerror(rc),
	       shown ? "shown" : "not shown");
	t->wrong++;
}

/* --- resets ---------------------------------------------------------------------------- */

/* Within a transaction of ours the other waits for its end. */
static void reset_now(struct world *w)
{
	world_other_ask(w, 'R');
	if (!world_in_transaction())
		world_other_hear(w);
	else
		w->owed = true;
}

static void reset(struct world *w, const struct flow *f, unsigned at, struct tally *t)
{
	const int64_t start = bench_ns();
	bool shown;
	enum sj_rc rc;

	world_hook(&(struct hook){ at, false, reset_now, w });
	rc = f->run(w, 5000, &shown);
	world_hook(&(struct hook){ .at = 0 });
	if (w->owed)
		world_other_hear(w);
	w->owed = false;
	t->resets++;
	if (rc != SJ_OK && rc != SJ_CARD_RESET)
		wrong(t, f, "reset", at, rc, shown);
	if (rc == SJ_OK && !shown)
		wrong(t, f, "reset", at, rc, shown);
	note(&t->recovery_ms, world_recover(w, f, start));
}

/* --- pcscd killed ------------------------------------------------------------------------ */

static void kill_now(struct world *w)
{
	lab_keeper_kill(&w->keeper, SIGKILL);
}

static void end_now(struct world *w)
{
	lab_keeper_kill(&w->keeper, SIGTERM);
}

/* What a conversation says whose service went. */
static bool tells_loss(enum sj_rc rc)
{
	return rc == SJ_READER_LOST || rc == SJ_NO_PCSCD || rc == SJ_CARD_LOST;
}

static void kill_at(struct world *w, const struct flow *f, const struct hook *hook, struct tally *t)
{
	bool shown, decided;
	enum sj_rc rc;

	world_hook(hook);
	rc = f->run(w, 5000, &shown);
	world_hook(&(struct hook){ .at = 0 });
	t->kills++;
	/* After its last command, or a gate's decision, nobody misses it. */
	decided = rc == SJ_OK && shown;
	if (!decided && (shown || !tells_loss(rc)))
		wrong(t, f, "pcscd killed", hook->at, rc, shown);
	world_other(w, 'P');
	note(&t->recovery_ms, world_recover(w, f, bench_ns()));
}

/* Before and after each command, killed and ended, until there were so many. */
static void kills(struct world *w, const struct flow *f, unsigned commands, unsigned moments,
		  struct growth *memory, struct tally *t)
{
	memory->n = 0;
	for (unsigned i = 0; i < moments; i++) {
		const struct hook hook = { .at = i % commands + 1,
					   .after = i / commands % 2 == 1,
					   .fire = i / commands / 2 % 2 == 0 ? kill_now : end_now,
					   .world = w };

		kill_at(w, f, &hook, t);
		world_growth_note(memory);
	}
}

/* --- a transaction that does not end -------------------------------------------------------- */

static void take_now(struct world *w)
{
	world_other_ask(w, 'T');
	if (!world_in_transaction())
		world_other_hear(w);
	else
		w->owed = true;
}

static void held(struct world *w, const struct flow *f, unsigned at, struct tally *t)
{
	const bool module = strcmp(f->name, "sign") == 0; /* it has ten seconds of its own */
	const int64_t start = bench_ns();
	bool shown;
	enum sj_rc rc;

	if (module)
		return;
	if (at == 0)
		take_now(w);
	world_hook(&(struct hook){ at, false, take_now, w });
	rc = f->run(w, DEADLINE_MS, &shown);
	world_hook(&(struct hook){ .at = 0 });
	t->held++;
	note(&t->busy_ms, (double)(bench_ns() - start) / 1e6 - DEADLINE_MS);
	if (w->owed)
		world_other_hear(w);
	else if (rc != SJ_READER_BUSY && rc != SJ_TIMED_OUT && !(rc == SJ_OK && shown))
		wrong(t, f, "held", at, rc, shown);
	w->owed = false;
	world_other(w, 'U');
	note(&t->recovery_ms, world_recover(w, f, bench_ns()));
}

/* --- pcscd's own exit ------------------------------------------------------------------------- */

static void auto_exit(struct world *w, const struct flow *f, struct tally *t)
{
	const struct timespec second = { .tv_sec = 1 };
	const unsigned starts = w->keeper.starts;

	/* What holds it up is an open context: ours lets go after a while, or never is in its way. */
	world_other(w, 'D');
	sj_context_free(w->ctx);
	for (int i = 0; i < 90 && w->keeper.pcscd != 0; i++)
		nanosleep(&second, NULL);
	if (w->keeper.pcscd != 0)
		world_fail("pcscd does not end by itself");
	if (sj_context_new(&w->ctx) != SJ_OK)
		world_fail("no context");
	note(&t->recovery_ms, world_recover(w, f, bench_ns()));
	if (w->keeper.starts == starts)
		world_fail("pcscd was not started anew");
}

/* --- all of it ------------------------------------------------------------------------------------ */

/* Threads left behind at a deadline end within a second or two. */
static void no_growth(struct tally *t, const struct holdings *before, const char *when)
{
	const struct timespec wait = { .tv_nsec = 100000000 };
	struct holdings now = world_holdings();

	for (int i = 0;
	     i < 100 && (now.threads > before->threads || now.descriptors > before->descriptors);
	     i++) {
		nanosleep(&wait, NULL);
		now = world_holdings();
	}
	printf("%s: %u descriptors, %u threads, %zu KiB; then %u, %u, %zu\n", when,
	       before->descriptors, before->threads, before->rss / 1024, now.descriptors,
	       now.threads, now.rss / 1024);
	note(&t->growth, (double)now.descriptors - before->descriptors);
	note(&t->growth, (double)now.threads - before->threads);
}

struct wanted {
	bool resets, kills, held, exit;
	unsigned moments;
};

static void disturb(struct world *w, const struct flow *f, const struct wanted *what,
		    struct tally *t)
{
	const unsigned commands = world_begin(w, f);
	const unsigned warm = what->moments / 5;
	static struct growth memory; /* too large for a stack */
	struct holdings before;

	printf("%s: %u commands\n", f->name, commands);
	if (what->kills)
		kills(w, f, commands, warm, &memory, t);
	before = world_holdings();
	for (unsigned at = 1; what->resets && at <= commands; at++)
		reset(w, f, at, t);
	for (unsigned at = 0; what->held && at <= commands; at++)
		held(w, f, at, t);
	if (what->kills)
		kills(w, f, commands, what->moments - warm, &memory, t);
	note(&t->memory, world_growth_slope(&memory));
	no_growth(t, &before, f->name);
	if (what->exit && strcmp(f->name, "verify") == 0)
		auto_exit(w, f, t);
	world_end(w);
}

static struct wanted wanted(int argc, char **argv)
{
	struct wanted what = { .moments = MOMENTS };

	for (int i = 1; i < argc; i++) {
		what.resets = what.resets || strcmp(argv[i], "resets") == 0;
		what.held = what.held || strcmp(argv[i], "held") == 0;
		what.exit = what.exit || strcmp(argv[i], "exit") == 0;
		if (strcmp(argv[i], "kills") == 0) {
			what.kills = true;
			if (i + 1 < argc && atoi(argv[i + 1]) > 0)
				what.moments = (unsigned)atoi(argv[i + 1]);
		}
	}
	if (argc == 1)
		what.resets = what.kills = what.held = what.exit = true;
	return what;
}

int main(int argc, char **argv)
{
	const struct wanted what = wanted(argc, argv);
	struct tally t = { 0 };
	struct world w;

	world_up(&w, what.exit);
	for (unsigned i = 0; i < WORLD_FLOWS; i++)
		disturb(&w, &world_flows[i], &what, &t);
	world_down(&w);
	if (what.resets)
		printf("figure: others.resets %u\n", t.resets);
	if (what.kills)
		printf("figure: others.kills %u\nfigure: others.memory.bytes %.1f\n", t.kills,
		       t.memory);
	if (what.held)
		printf("figure: others.held %u\nfigure: others.busy.ms %.0f\n", t.held, t.busy_ms);
	printf("figure: others.wrong %u\nfigure: others.recovery.ms %.0f\n"
	       "figure: others.growth %.0f\n",
	       t.wrong, t.recovery_ms, t.growth);
	return t.wrong > 0;
}
