/* programs.c -- how big the programs are, how fast they start, and the demo. */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define STARTS 21
#define EMPTY_INPUT 13 /* what it ends with then */
#define LIBDIR "/usr/lib/x86_64-linux-gnu/"
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
		    { "openssl", "/usr/bin/openssl", "--help" } },
  size_peers[] = { { "opensc-pkcs11.so", LIBDIR "opensc-pkcs11.so", NULL },
		   { "libopensc.so.8", LIBDIR "libopensc.so.8", NULL },
		   { "libykcs11.so.2", LIBDIR "libykcs11.so.2", NULL } };

static void start_row(struct bench *b, const char *name, const struct bench_cost *cost,
		      double floor, const struct bench_peer *peers, const char *what)
{
	char id[64], note[160];

	snprintf(id, sizeof(id), "start.%s.cpu", name);
	snprintf(note, sizeof(note), "%s, %.1f ms in all", what, cost->ms);
	if (cost->cpu_ms < 0)
		bench_fail(b, id);
	else
		bench_row_peers(b, id, cost->cpu_ms, "ms", floor, peers, note);
}

/* Peers beside the dispatcher, which a user starts and which becomes the program. */
static void dispatcher_row(struct bench *b, double floor)
{
	const char *const help[] = { "bin/sojourn", "verify", "--help", NULL };
	const struct bench_cost cost = start_cost(b, help, 0);
	struct bench_peer peers[PEERS_OF(start_peers) + 1] = { { NULL, 0 } };
	size_t n = 0;

	for (size_t i = 0; i < PEERS_OF(start_peers); i++) {
		const char *const argv[] = { start_peers[i].file, start_peers[i].option, NULL };
		const double ms =
			access(start_peers[i].file, X_OK) == 0 ? start_cost(b, argv, 0).cpu_ms : -1;

		if (ms > 0)
			peers[n++] = (struct bench_peer){ start_peers[i].name, ms };
		else
			bench_skip(start_peers[i].name, "it is not there or fails");
	}
	start_row(b, "sojourn", &cost, 2 * floor, peers,
		  "verify --help: dispatcher, then program; floor: /bin/true twice");
}

/* As it is installed: without what only a debugger reads. */
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
	else
		bench_row_peers(b, id, (double)st.st_size, "bytes", BENCH_NO_FLOOR, peers,
				"stripped");
	unlink(to);
}

static void library_rows(struct bench *b)
{
	struct bench_peer peers[PEERS_OF(size_peers) + 1] = { { NULL, 0 } };
	size_t n = 0;
	struct stat st;

	for (size_t i = 0; i < PEERS_OF(size_peers); i++) {
		if (stat(size_peers[i].file, &st) == 0)
			peers[n++] = (struct bench_peer){ size_peers[i].name, (double)st.st_size };
		else
			bench_skip(size_peers[i].name, "it is not there");
	}
	size_row(b, "lib/libsojourn.so.0", "libsojourn.so.0", peers + n);
	size_row(b, "lib/pkcs11/sojourn-pkcs11.so", "sojourn-pkcs11.so", peers);
	size_row(b, "bin/sojourn", "sojourn", peers + n);
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
static void program_rows(struct bench *b, const char *file, double floor)
{
	static const struct bench_peer none = { NULL, 0 };
	const char *const name = strrchr(file, '/') + 1, *const noun = file + strlen(PROGRAMS);
	const bool words = strcmp(noun, "portrait") != 0 && strcmp(noun, "signed") != 0;
	const char *const argv[] = { file, words ? noun : NULL, "--help", NULL };
	const struct bench_cost cost = start_cost(b, argv, words ? 0 : EMPTY_INPUT);

	start_row(b, name, &cost, floor, &none,
		  words ? "--help; floor: /bin/true" : "an empty input; floor: /bin/true");
	size_row(b, file, name, &none);
}

void bench_programs(struct bench *b)
{
	const char *const nothing[] = { "/bin/true", NULL };
	const double floor = start_cost(b, nothing, 0).cpu_ms;
	char pattern[2 * BENCH_PATH];
	glob_t found;

	dispatcher_row(b, floor);
	library_rows(b);
	snprintf(pattern, sizeof(pattern), "%s/" PROGRAMS "*", b->build);
	if (glob(pattern, 0, NULL, &found) != 0) {
		bench_fail(b, "no programs were built");
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		program_rows(b, found.gl_pathv[i] + strlen(b->build) + 1, floor);
	globfree(&found);
	demo_row(b);
}
