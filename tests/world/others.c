/*
 * others.c -- what other processes do to ours, at each command of every conversation: `others resets`,
 * `kills [MOMENTS]` (of pcscd, a flow), `held`; without any of them all. With names of flows these alone.
 * `exit`: pcscd's own, after a minute without clients, which hurry.c makes short, once a flow. It must
 * recover within two seconds from when there is a card again, by itself, and grow in nothing.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/world/world.h"

#define MOMENTS 100u /* of time in a flow at which pcscd is killed */
#define STRIDE 37u /* from one to the next, so that early and late ones take turns */
#define PLACES_MAX 512u /* calls of PC/SC in a flow */
#define EXIT_MS 90000 /* for pcscd's minute */
#define DEADLINE_MS 700u /* of a flow while another holds the card */

struct tally {
	unsigned resets, kills, moments, held, exits, wrong;
	double recovery_ms, busy_ms, loss_ms; /* the most; busy: beyond the deadline */
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
	if ((rc != SJ_OK && rc != SJ_CARD_RESET) || shown != (rc == SJ_OK))
		wrong(t, f, "reset", at, rc, shown);
	note(&t->recovery_ms, world_recover(w, f, start));
}

/* Of a program of its own we see no more than that a command went through to the card. */
struct resetter {
	struct world *w;
	unsigned at;
	atomic_bool over;
	bool reached; /* the card, before the program was over */
	pthread_t thread;
};

static void *reset_later(void *arg)
{
	struct resetter *r = arg;

	while (!r->over && r->w->relay->count < r->at)
		sched_yield();
	if (r->over)
		return NULL;
	world_other(r->w, 'R');
	r->reached = !r->over;
	return NULL;
}

static void reset_within(struct world *w, const struct flow *f, unsigned at, struct tally *t)
{
	struct resetter r = { .w = w, .at = at };
	int64_t start;
	bool shown;
	enum sj_rc rc;

	world_ready(w, f);
	w->relay->count = 0;
	w->relay->hold = at;
	start = bench_ns();
	if (pthread_create(&r.thread, NULL, reset_later, &r) != 0)
		world_fail("no thread");
	rc = f->run(w, 5000, &shown);
	r.over = true;
	pthread_join(r.thread, NULL);
	w->relay->hold = 0;
	t->resets += r.reached;
	if ((rc != SJ_OK && rc != SJ_CARD_LOST) || shown != (rc == SJ_OK))
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

/* After its last command, or a gate's decision, nobody misses it. */
static bool right_kill(enum sj_rc rc, bool shown)
{
	return rc == SJ_OK ? shown : !shown && tells_loss(rc);
}

static void kill_at(struct world *w, const struct flow *f, const struct hook *hook, struct tally *t)
{
	bool shown;
	enum sj_rc rc;

	world_hook(hook);
	rc = f->run(w, 5000, &shown);
	world_hook(&(struct hook){ .at = 0 });
	t->kills++;
	if (!right_kill(rc, shown))
		wrong(t, f, "pcscd killed", hook->at, rc, shown);
	world_other(w, 'P');
	note(&t->recovery_ms, world_recover(w, f, bench_ns()));
}

/* Before or after each command, killed or ended. */
static void kills_at(struct world *w, const struct flow *f, unsigned commands, struct tally *t)
{
	for (unsigned i = 0; i < commands; i++)
		kill_at(w, f,
			&(struct hook){ .at = i + 1,
					.after = i % 2 == 1,
					.fire = i / 2 % 2 == 0 ? kill_now : end_now,
					.world = w },
			t);
}

/* At a moment of time, from another thread, wherever the conversation is. */
struct killer {
	struct world *w;
	int how;
	int64_t at, killed; /* bench_ns() */
	struct moment moment;
	pthread_t thread;
};

static void *kill_later(void *arg)
{
	struct killer *k = arg;
	const struct timespec at = { k->at / 1000000000, k->at % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	k->moment = world_moment();
	k->killed = bench_ns();
	lab_keeper_kill(&k->w->keeper, k->how);
	return NULL;
}

/* What was under way when pcscd was killed: so many times each, and in how many different places. */
struct places {
	struct {
		const char *call;
		unsigned times;
	} calls[16];
	bool seen[2 * PLACES_MAX];
	unsigned different;
	unsigned ended; /* conversations */
};

static void note_place(struct places *p, const struct moment *m)
{
	const unsigned at = m->calls % PLACES_MAX * 2 + (m->call != NULL);
	unsigned i = 0;

	while (p->calls[i].times > 0 && p->calls[i].call != m->call)
		i++;
	p->calls[i].call = m->call;
	p->calls[i].times++;
	p->different += !p->seen[at];
	p->seen[at] = true;
}

static void print_places(const struct places *p, const struct flow *f)
{
	printf("%s: pcscd killed at %u different moments, of which %u ended it:", f->name,
	       p->different, p->ended);
	for (unsigned i = 0; p->calls[i].times > 0; i++)
		printf(" %s %u", p->calls[i].call ? p->calls[i].call : "between",
		       p->calls[i].times);
	putchar('\n');
}

static void kill_then(struct world *w, const struct flow *f, int64_t after_ns, int how,
		      struct places *places, struct tally *t)
{
	struct killer k = { .w = w, .how = how };
	bool shown;
	int64_t end;
	enum sj_rc rc;

	world_ready(w, f);
	world_hook(&(struct hook){ .at = 0 });
	k.at = bench_ns() + after_ns;
	if (pthread_create(&k.thread, NULL, kill_later, &k) != 0)
		world_fail("no thread");
	rc = f->run(w, 5000, &shown);
	end = bench_ns();
	pthread_join(k.thread, NULL);
	t->kills++;
	note_place(places, &k.moment);
	if (!right_kill(rc, shown))
		wrong(t, f, k.moment.call ? k.moment.call : "pcscd killed between calls",
		      k.moment.calls, rc, shown);
	places->ended += rc != SJ_OK;
	if (rc != SJ_OK)
		note(&t->loss_ms, (double)(end - k.killed) / 1e6);
	world_other(w, 'P');
	note(&t->recovery_ms, world_recover(w, f, bench_ns()));
}

/* How long it takes undisturbed. */
static int64_t duration(struct world *w, const struct flow *f)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		int64_t start;
		bool shown;

		world_ready(w, f);
		start = bench_ns();
		if (f->run(w, 5000, &shown) == SJ_OK && bench_ns() - start < least)
			least = bench_ns() - start;
	}
	if (least == INT64_MAX)
		world_fail("%s: fails undisturbed", f->name);
	return least;
}

/* From the `from`th of so many moments, spread over the time that the conversation takes, to the one before `to`. */
static void kills_then(struct world *w, const struct flow *f, unsigned from, unsigned to,
		       unsigned moments, struct growth *memory, struct places *places,
		       struct tally *t)
{
	const int64_t takes = duration(w, f);

	for (unsigned i = from; i < to; i++) {
		kill_then(w, f, takes * (i * STRIDE % moments) / moments,
			  i % 2 == 0 ? SIGKILL : SIGTERM, places, t);
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

/* It did all of its work, before or after the other's, or says that it was kept from it. */
static bool right_held(struct world *w, const struct flow *f, enum sj_rc rc, bool shown)
{
	if (rc == SJ_OK)
		return shown;
	if (f->own_ms > 0) /* PKCS#11 has no word for busy */
		return !shown && w->rv == CKR_DEVICE_ERROR;
	return !shown && (rc == SJ_READER_BUSY || rc == SJ_TIMED_OUT);
}

/* From the beginning (0), or before that command; the module has a deadline of its own for each call. */
static void held(struct world *w, const struct flow *f, unsigned at, struct tally *t)
{
	const int64_t start = bench_ns();
	bool shown;
	enum sj_rc rc;

	if (at == 0)
		take_now(w);
	world_hook(&(struct hook){ at, false, take_now, w });
	w->call_ms = 0;
	rc = f->run(w, DEADLINE_MS, &shown);
	world_hook(&(struct hook){ .at = 0 });
	t->held++;
	note(&t->busy_ms, f->own_ms > 0 ? w->call_ms - f->own_ms
					: (double)(bench_ns() - start) / 1e6 - DEADLINE_MS);
	if (w->owed)
		world_other_hear(w);
	w->owed = false;
	if (!right_held(w, f, rc, shown))
		wrong(t, f, "held", at, rc, shown);
	world_other(w, 'U');
	/* What was given up does not come now, in between. */
	rc = f->run(w, 1000, &shown);
	if (rc != SJ_OK || !shown)
		wrong(t, f, "after it was held", at, rc, shown);
	note(&t->recovery_ms, world_recover(w, f, bench_ns()));
}

/* --- pcscd's own exit ------------------------------------------------------------------------- */

/* Between two conversations, a minute (of hurry.c's) after the last context was closed. */
static void auto_exit(struct world *w, const struct flow *f, struct tally *t)
{
	const struct timespec rest = { .tv_nsec = 20000000 };
	const int64_t until = bench_ns() + EXIT_MS * INT64_C(1000000);
	const unsigned starts = w->keeper.starts;

	world_ready(w, f);
	world_other(w, 'D');
	if (w->module)
		(void)C_Finalize(NULL);
	w->module = false;
	sj_context_free(w->ctx);
	while (w->keeper.pcscd != 0 && bench_ns() < until)
		nanosleep(&rest, NULL);
	if (w->keeper.pcscd != 0)
		world_fail("%s: pcscd does not end by itself", f->name);
	if (sj_context_new(&w->ctx) != SJ_OK)
		world_fail("no context");
	note(&t->recovery_ms, world_recover(w, f, bench_ns()));
	if (w->keeper.starts == starts)
		world_fail("%s: pcscd was not started anew", f->name);
	t->exits++;
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
	static struct places places; /* the same */
	struct holdings before;

	if (what->exit) {
		auto_exit(w, f, t);
		world_end(w);
		return;
	}
	printf("%s: %u commands\n", f->name, commands);
	memory.n = 0;
	places = (struct places){ .different = 0 };
	if (what->kills)
		kills_then(w, f, 0, warm, what->moments, &memory, &places, t);
	before = world_holdings();
	for (unsigned at = 1; what->resets && at <= commands; at++)
		(f->process ? reset_within : reset)(w, f, at, t);
	/* Within a program of its own there is no place to stop at. */
	for (unsigned at = 0; what->held && !f->process && at <= commands; at++)
		held(w, f, at, t);
	if (what->kills) {
		kills_at(w, f, f->process ? 0 : commands, t);
		kills_then(w, f, warm, what->moments, what->moments, &memory, &places, t);
		t->moments += f->process ? 0 : places.different; /* elsewhere we know of none */
		print_places(&places, f);
		if (f->process && places.ended == 0)
			world_fail("%s: pcscd was killed, and nothing came of it", f->name);
	}
	note(&t->memory, world_growth_slope(&memory));
	no_growth(t, &before, f->name);
	world_end(w);
}

static bool is_word(const char *word)
{
	return strcmp(word, "resets") == 0 || strcmp(word, "kills") == 0 ||
	       strcmp(word, "held") == 0 || strcmp(word, "exit") == 0 || atoi(word) > 0;
}

static struct wanted wanted(int argc, char **argv)
{
	struct wanted what = { .moments = MOMENTS };

	for (int i = 1; i < argc; i++) {
		if (!is_word(argv[i]) && !world_is_flow(argv[i]))
			world_fail(
				"%s: neither a conversation nor resets, kills [MOMENTS], held, exit",
				argv[i]);
		what.resets = what.resets || strcmp(argv[i], "resets") == 0;
		what.held = what.held || strcmp(argv[i], "held") == 0;
		what.exit = what.exit || strcmp(argv[i], "exit") == 0;
		if (strcmp(argv[i], "kills") == 0) {
			what.kills = true;
			if (i + 1 < argc && atoi(argv[i + 1]) > 0)
				what.moments = (unsigned)atoi(argv[i + 1]);
		}
	}
	if (!what.resets && !what.kills && !what.held && !what.exit)
		what.resets = what.kills = what.held = true;
	return what;
}

int main(int argc, char **argv)
{
	const struct wanted what = wanted(argc, argv);
	struct tally t = { 0 };
	struct world w;

	world_up(&w, what.exit);
	for (unsigned i = 0; i < WORLD_FLOWS; i++)
		if (world_named(&world_flows[i], argc, argv))
			disturb(&w, &world_flows[i], &what, &t);
	world_down(&w);
	if (what.exit) {
		printf("figure: others.exits %u\nfigure: others.exits.ms %.0f\n", t.exits,
		       t.recovery_ms);
		return 0;
	}
	if (what.resets)
		printf("figure: others.resets %u\n", t.resets);
	if (what.kills)
		printf("figure: others.kills %u\nfigure: others.kills.different %u\n"
		       "figure: others.kills.ms %.0f\nfigure: others.memory.bytes %.1f\n",
		       t.kills, t.moments, t.loss_ms, t.memory);
	if (what.held)
		printf("figure: others.held %u\nfigure: others.busy.ms %.0f\n", t.held, t.busy_ms);
	printf("figure: others.wrong %u\nfigure: others.recovery.ms %.0f\n"
	       "figure: others.growth %.0f\n",
	       t.wrong, t.recovery_ms, t.growth);
	return t.wrong > 0;
}
