/* programs.c -- how big the programs are, how fast they start, and the demo. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define STARTS 21

static double start_ms(struct bench *b, const char *const argv[])
{
	struct bench_samples s;
	bool ok = bench_samples_init(&s, STARTS);
	double ms;

	for (int i = 0; ok && i < STARTS; i++) {
		int64_t start = bench_ns();

		ok = bench_run(b, argv);
		bench_sample(&s, bench_ns() - start);
	}
	ms = ok ? bench_percentile(&s, 50) : -1;
	bench_samples_free(&s);
	return ms;
}

/* `file` is where the program lies in the build, `name` what the row is called by. The help is shown. */
static void start_row(struct bench *b, const char *file, const char *noun, const char *name,
		      double floor)
{
	const char *const argv[] = { file, noun, "--help", NULL };
	char id[64];
	double ms = start_ms(b, argv);

	snprintf(id, sizeof(id), "start.%s.wall", name);
	if (ms < 0)
		bench_fail(b, id);
	else
		bench_row(b, id, ms, "ms", floor, "--help; floor: /bin/true");
}

/* As it is installed: without what only a debugger reads. */
static void size_row(struct bench *b, const char *file, const char *name)
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
		bench_row(b, id, (double)st.st_size, "bytes", BENCH_NO_FLOOR, "stripped");
	unlink(to);
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

void bench_programs(struct bench *b)
{
	static const char *const nouns[] = { "card",   "authority", "reader",  "trust",
					     "verify", "lab",       "demo",    "terminal",
					     "pin",    "evidence",  "counter", "gate" };
	const char *const nothing[] = { "/bin/true", NULL };
	double floor = start_ms(b, nothing);
	char file[64], name[32];

	start_row(b, "bin/sojourn", "verify", "sojourn", floor);
	size_row(b, "lib/libsojourn.so.0", "libsojourn.so.0");
	size_row(b, "bin/sojourn", "sojourn");
	for (size_t i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++) {
		snprintf(file, sizeof(file), "libexec/sojourn/sojourn-%s", nouns[i]);
		snprintf(name, sizeof(name), "sojourn-%s", nouns[i]);
		if (!bench_have(b, file)) {
			bench_skip(name, "it was not built");
			continue;
		}
		start_row(b, file, nouns[i], name, floor);
		size_row(b, file, name);
	}
	demo_row(b);
}
