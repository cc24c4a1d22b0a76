/* world.c -- the stage: pcscd, cards, a relay, another process. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/pkcs11/uses.h"
#include "tests/world/other.h"

#define CARD "libexec/sojourn/sojourn-card"
#define AUTHORITY "libexec/sojourn/sojourn-authority"

void world_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* For bench.h, whose main.c is not here. */
bool bench_fail(struct bench *b, const char *what)
{
	b->failed = true;
	world_fail("%s", what);
}

void bench_skip(struct bench *b, const char *id, const char *why)
{
	(void)b;
	printf("%s: %s\n", id, why);
}

void bench_lack(struct bench *b, const char *id, const char *why)
{
	bench_skip(b, id, why);
}

void bench_row(struct bench *b, const char *id, double value, const char *unit, double floor,
	       const char *note)
{
	static const struct bench_peer none[] = { { NULL, 0 } };

	bench_row_peers(b, id, value, unit, floor, none, note);
}

void bench_row_peers(struct bench *b, const char *id, double value, const char *unit, double floor,
		     const struct bench_peer *peers, const char *note)
{
	(void)b;
	(void)floor;
	(void)peers;
	printf("%s: %g %s, %s\n", id, value, unit, note);
}

/* --- cards --------------------------------------------------------------------------- */

static bool write_secret(const struct world *w, const char *name, const char *text,
			 char path[static BENCH_PATH + 32])
{
	FILE *f;

	snprintf(path, BENCH_PATH + 32, "%s/%s", w->bench.dir, name);
	f = fopen(path, "w");
	return f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0600) == 0;
}

/* Passport, gates, keys, a PIN and a PUK. */
static bool issue_whole(struct world *w)
{
	struct bench_place *p = &w->desk.p;
	char pin[BENCH_PATH + 32], puk[BENCH_PATH + 32], card[2 * BENCH_PATH];
	const char *const argv[] = { AUTHORITY,    "issue",      "--authority",
				     p->authority, "--portrait", "tools/demo/face.jpg",
				     "--can-file", p->can,       "--letter-out",
				     p->letter,    "--holder",   p->holder,
				     "--pin-file", pin,          "--puk-file",
				     puk,          "--exec",     "--",
				     card,         "card",       "run",
				     p->whole,     "--link",     "stdio",
				     NULL };

	snprintf(card, sizeof(card), "%s/" CARD, w->bench.build);
	unlink(p->letter);
	return write_secret(w, "pin", WORLD_PIN "\n", pin) &&
	       write_secret(w, "puk", WORLD_PUK "\n", puk) && bench_blank(&w->bench, p->whole) &&
	       bench_run(&w->bench, argv);
}

/* Of the eID card's PIN, while its letter is the last one. */
static bool read_letter(struct world *w)
{
	FILE *f = fopen(w->desk.p.letter, "r");
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "PIN of the card: %6s", w->eid_pin) == 1)
			break;
	if (f)
		fclose(f);
	return w->eid_pin[0] != '\0';
}

static void start_card(struct world *w, const struct flow *f)
{
	char path[2 * BENCH_PATH], port[8];
	const char *const argv[] = { CARD,          "card",       "run",    path,
				     "--interface", f->interface, "--link", "listen",
				     "--port",      port,         NULL };

	snprintf(path, sizeof(path), "%s/%s", w->bench.dir, f->card);
	snprintf(port, sizeof(port), "%u", w->lab.port + 2u);
	if (f->blank && ((unlink(path) != 0 && errno != ENOENT) || !bench_blank(&w->bench, path)))
		world_fail("no blank card");
	w->issued = false;
	w->card = bench_start(&w->bench, argv);
	w->relay = bench_relay(w->lab.port, w->lab.port + 2u, &w->through);
	if (w->card <= 0 || !w->relay)
		world_fail("no card");
}

static bool present(struct world *w)
{
	struct sj_reader_info info = { .size = sizeof(info) };
	struct sj_readers *list = NULL;
	bool there = false;

	if (sj_readers_list(w->ctx, 5000, &list) != SJ_OK)
		return true;
	for (size_t i = 0; sj_readers_get(list, i, &info); i++)
		there = there || info.card_present;
	sj_readers_free(list);
	return there;
}

static void await(struct world *w, bool there, const char *else_say)
{
	const struct timespec wait = { .tv_nsec = 20000000 };
	const int64_t until = bench_ns() + WORLD_PATIENCE_MS * INT64_C(1000000);

	while (present(w) != there && bench_ns() < until)
		nanosleep(&wait, NULL);
	if (bench_ns() >= until)
		world_fail("%s", else_say);
}

/* pcscd must see that, or it takes the next card for this one. */
void world_end(struct world *w)
{
	if (w->module)
		(void)C_Finalize(NULL);
	w->module = false;
	bench_relay_end(w->relay, w->through);
	w->relay = NULL;
	if (w->card > 0) {
		kill(w->card, SIGTERM);
		waitpid(w->card, NULL, 0);
	}
	w->card = 0;
	await(w, false, "a card that was taken out is still seen");
}

void world_ready(struct world *w, const struct flow *f)
{
	if (!f->blank || !w->issued)
		return;
	world_end(w);
	start_card(w, f);
	await(w, true, "a blank card is not seen");
}

double world_recover(struct world *w, const struct flow *f, int64_t start)
{
	const int64_t until = bench_ns() + WORLD_PATIENCE_MS * INT64_C(1000000);
	int64_t before;
	bool shown = false;
	enum sj_rc rc;

	do {
		before = bench_ns();
		world_ready(w, f);
		start += bench_ns() - before;
		rc = f->run(w, 1000, &shown);
		if (f->process && rc == SJ_INTERNAL)
			world_fail("%s: ended with an error that is none of the card's", f->name);
	} while ((rc != SJ_OK || !shown) && bench_ns() < until);
	if (rc != SJ_OK || !shown)
		world_fail("%s: does not recover: %s", f->name, sj_strerror(rc));
	return (double)(bench_ns() - start) / 1e6;
}

unsigned world_begin(struct world *w, const struct flow *f)
{
	bool shown;

	start_card(w, f);
	world_recover(w, f, bench_ns());
	world_hook(&(struct hook){ .at = 0 });
	world_ready(w, f);
	w->relay->count = 0;
	if (f->run(w, 5000, &shown) != SJ_OK || !shown)
		world_fail("%s: fails undisturbed", f->name);
	return f->process ? w->relay->count : world_hook_count();
}

/* --- all of it -------------------------------------------------------------------------- */

void world_up(struct world *w, bool auto_exit)
{
	const char *build = getenv("SOJOURN_BUILD");
	char hurry[BENCH_PATH + 32];
	bool ok;

	*w = (struct world){ .bench = { .build = build ? build : "build" } };
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	snprintf(hurry, sizeof(hurry), "%s/tests/world/hurry.so", w->bench.build);
	if (auto_exit)
		w->hurry = realpath(hurry, NULL);
	if (auto_exit && !w->hurry)
		world_fail("%s: build it first", hurry);
	if (!lab_init(&w->lab) || !lab_keep(&w->lab, &w->keeper, w->hurry))
		world_fail("no pcscd");
	snprintf(w->bench.dir, sizeof(w->bench.dir), "%s", w->lab.dir);
	setenv("XDG_CACHE_HOME", w->lab.dir, 1);
	setenv("SOJOURN_PKCS11_CONF", "/dev/null", 1);
	setenv("SOJOURN_CONFIG", "/dev/null", 1);
	world_other_start(w);
	ok = bench_desk_make(&w->bench, &w->desk) && read_letter(w) && issue_whole(w) &&
	     world_read_admin(w) && bench_gate_publish(&w->bench, &w->desk.p);
	w->gate = ok ? bench_gate_make(&w->bench, &w->desk.p) : NULL;
	if (!w->gate || sj_context_new(&w->ctx) != SJ_OK ||
	    sj_trust_open(w->desk.p.trust, &w->trust) != SJ_OK)
		world_fail("no cards: run it from the sources, with SOJOURN_BUILD=build");
}

void world_down(struct world *w)
{
	char command[BENCH_PATH + 16];

	world_other_stop(w);
	sj_context_free(w->ctx);
	sj_gate_free(w->gate);
	sj_trust_close(w->trust);
	lab_keeper_end(&w->keeper);
	free(w->hurry);
	snprintf(command, sizeof(command), "rm -r %s", w->bench.dir);
	if (system(command) != 0)
		world_fail("%s", command);
}

/* --- what this process has ---------------------------------------------------------------- */

static unsigned entries(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

struct holdings world_holdings(void)
{
	return (struct holdings){ .descriptors = entries("/proc/self/fd"),
				  .threads = entries("/proc/self/task"),
				  .rss = bench_rss_now(getpid()) };
}
