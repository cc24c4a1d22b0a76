/* programs.c -- how big the programs are, how fast they start, and the demo. */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define STARTS 21
#define EMPTY_INPUT 13 /* what it ends with then */
#define PROGRAMS "libexec/sojourn/sojourn-"
#define PEERS_OF(list) (sizeof(list) / sizeof((list)[0]))

/* The medians of some starts that end so; cpu_ms negative: it fails. */
static struct bench_cost start_cost(struct bench *b, const char *const argv[], int ends)
{
	struct bench_samples wall, cpu;
	struct bench_cost cost;
	bool ok = bench_samples_init(&wall, STARTS);

	ok = bench_samples_init(&cpu, STARTS) && ok;
	for (int i = 0; ok && i < STARTS; i++) {
		ok = bench_cost(b, argv, ends, &cost);
		bench_sample(&wall, (int64_t)(cost.ms * 1e6));
		bench_sample(&cpu, (int64_t)(cost.cpu_ms * 1e6));
	}
	cost.ms = bench_percentile(&wall, 50);
	cost.cpu_ms = ok ? bench_percentile(&cpu, 50) : -1;
	bench_samples_free(&wall);
	bench_samples_free(&cpu);
	return cost;
}

/* Programs of others, as they are installed. */
static const struct {
	const char *name, *file, *option;
} start_peers[] = { { "opensc-tool", "/usr/bin/opensc-tool", "--version" },
		    { "yubico-piv-tool", "/usr/bin/yubico-piv-tool", "--help" },
		    { "openssl", "/usr/bin/openssl", "--help" } };
static const char *const size_peers[] = { "opensc-pkcs11.so", "libopensc.so.8", "libykcs11.so.2" };

/* Peers and floors of a row, both ways of telling time. */
struct start {
	struct bench_cost cost, floor;
	struct bench_cost of[PEERS_OF(start_peers)]; /* cpu_ms negative: it is not there or fails */
	bool peers;
};

static void start_row(struct bench *b, const char *name, const struct start *s, bool wall,
		      const char *what)
{
	struct bench_peer peers[PEERS_OF(start_peers) + 1] = { { NULL, 0 } };
	const double ms = wall ? s->cost.ms : s->cost.cpu_ms,
		     floor = wall ? s->floor.ms : s->floor.cpu_ms;
	char id[64];
	size_t n = 0;

	for (size_t i = 0; s->peers && i < PEERS_OF(start_peers); i++)
		if (s->of[i].cpu_ms >= 0)
			peers[n++] = (struct bench_peer){ start_peers[i].name,
							  wall ? s->of[i].ms : s->of[i].cpu_ms };
	snprintf(id, sizeof(id), "start.%s.%s", name, wall ? "wall" : "cpu");
	if (s->cost.cpu_ms < 0)
		bench_fail(b, id);
	else if (s->peers)
		bench_row_peers(b, id, ms, "ms", floor, peers, what);
	else
		bench_row(b, id, ms, "ms", floor, what);
}

static void start_rows(struct bench *b, const char *name, const struct start *s, const char *what)
{
	start_row(b, name, s, true, what);
	start_row(b, name, s, false, what);
}

/* Peers beside the dispatcher, which a user starts and which becomes the program. */
static void dispatcher_rows(struct bench *b, const struct bench_cost *nothing)
{
	const char *const help[] = { "bin/sojourn", "verify", "--help", NULL };
	struct start s = { .cost = start_cost(b, help, 0),
			   .floor = { .ms = 2 * nothing->ms, .cpu_ms = 2 * nothing->cpu_ms },
			   .peers = true };

	for (size_t i = 0; i < PEERS_OF(start_peers); i++) {
		const char *const argv[] = { start_peers[i].file, start_peers[i].option, NULL };

		s.of[i].cpu_ms = -1;
		if (access(start_peers[i].file, X_OK) == 0)
			s.of[i] = start_cost(b, argv, 0);
		if (s.of[i].cpu_ms < 0)
			bench_skip(b, start_peers[i].name, "it is not there or fails");
	}
	start_rows(b, "sojourn", &s,
		   "verify --help: dispatcher, then program; floor: /bin/true twice");
}

/* As it is installed: without what only a debugger reads. `peers` NULL: there are none. */
static void size_row(struct bench *b, const char *file, const char *name,
		     const struct bench_peer *peers)
{
	char id[64], from[2 * BENCH_PATH], to[BENCH_PATH + 32];
	const char *const strip[] = { "/usr/bin/strip", "-o", to, from, NULL };
	struct stat st;

	snprintf(id, sizeof(id), "size.%s", name);
	snprintf(from, sizeof(from), "%s/%s", b->build, file);
	snprintf(to, sizeof(to), "%s/stripped", b->dir);
	if (!bench_run(b, strip) || stat(to, &st) != 0)
		bench_fail(b, id);
	else if (!peers)
		bench_row(b, id, (double)st.st_size, "bytes", BENCH_NO_FLOOR, "stripped");
	else
		bench_row_peers(b, id, (double)st.st_size, "bytes", BENCH_NO_FLOOR, peers,
				"stripped");
	unlink(to);
}

static void library_rows(struct bench *b)
{
	struct bench_peer peers[PEERS_OF(size_peers) + 1] = { { NULL, 0 } };
	char path[BENCH_PATH];
	size_t n = 0;
	struct stat st;

	for (size_t i = 0; i < PEERS_OF(size_peers); i++) {
		if (bench_library(size_peers[i], path) && stat(path, &st) == 0)
			peers[n++] = (struct bench_peer){ size_peers[i], (double)st.st_size };
		else
			bench_skip(b, size_peers[i], "it is not there");
	}
	size_row(b, "lib/libsojourn.so.0", "libsojourn.so.0", NULL);
	size_row(b, "lib/pkcs11/sojourn-pkcs11.so", "sojourn-pkcs11.so", peers);
	size_row(b, "bin/sojourn", "sojourn", NULL);
}

static void demo_row(struct bench *b)
{
	const char *const argv[] = { "bin/sojourn", "demo", NULL };
	int64_t start = bench_ns();

	if (bench_run(b, argv))
		bench_row(b, "demo.wall", (double)(bench_ns() - start) / 1e6, "ms", BENCH_NO_FLOOR,
			  "sojourn demo, all scenes");
	else
		bench_fail(b, "the demo failed");
}

/* Those for portraits and signed data take no words: they find that their input is empty. */
static void program_rows(struct bench *b, const char *file, const struct bench_cost *nothing)
{
	const char *const name = strrchr(file, '/') + 1, *const noun = file + strlen(PROGRAMS);
	const bool words = strcmp(noun, "portrait") != 0 && strcmp(noun, "signed") != 0;
	const char *const argv[] = { file, words ? noun : NULL, "--help", NULL };
	const struct start s = { .cost = start_cost(b, argv, words ? 0 : EMPTY_INPUT),
				 .floor = *nothing };

	start_rows(b, name, &s,
		   words ? "--help; floor: /bin/true" : "an empty input; floor: /bin/true");
	size_row(b, file, name, NULL);
}

void bench_programs(struct bench *b)
{
	const char *const nothing[] = { "/bin/true", NULL };
	const struct bench_cost floor = start_cost(b, nothing, 0);
	char pattern[2 * BENCH_PATH];
	glob_t found;

	dispatcher_rows(b, &floor);
	library_rows(b);
	snprintf(pattern, sizeof(pattern), "%s/" PROGRAMS "*", b->build);
	if (glob(pattern, 0, NULL, &found) != 0) {
		bench_fail(b, "no programs were built");
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		program_rows(b, found.gl_pathv[i] + strlen(b->build) + 1, &floor);
	globfree(&found);
	demo_row(b);
}
