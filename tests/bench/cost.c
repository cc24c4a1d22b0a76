/*
 * cost.c -- what one run of a program takes. This process is large by and by, and the kernel counts
 * what a child was before it became another program: a small one in between starts it.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define WORDS_MAX 24u
#define NEVER_RAN 127

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1000 + (double)t.tv_usec / 1000;
}

int bench_cost_main(char **argv)
{
	const int64_t start = bench_ns();
	struct rusage u;
	int status = -1;
	pid_t pid = fork();
	double wall;
	FILE *f;

	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(NEVER_RAN);
	}
	if (pid < 0 || wait4(pid, &status, 0, &u) != pid || !WIFEXITED(status))
		return NEVER_RAN;
	wall = (double)(bench_ns() - start) / 1e6;
	f = fopen(argv[0], "we");
	if (f == NULL)
		return NEVER_RAN;
	fprintf(f, "%f %f %f\n", wall, ms_of(u.ru_utime) + ms_of(u.ru_stime),
		(double)u.ru_maxrss * 1024);
	return fclose(f) == 0 ? WEXITSTATUS(status) : NEVER_RAN;
}

bool bench_cost(struct bench *b, const char *const argv[], int ends, struct bench_cost *out)
{
	char file[BENCH_PATH + 32], path[BENCH_PATH];
	const char *words[WORDS_MAX] = { "/proc/self/exe", BENCH_COST, file, path };
	int status = -1;
	pid_t pid;
	FILE *f;
	bool ok;

	snprintf(file, sizeof(file), "%s/cost", b->dir);
	bench_full_path(b, argv[0], path);
	for (size_t i = 1; argv[i] != NULL && i + 4 < WORDS_MAX; i++)
		words[i + 3] = argv[i];
	pid = bench_start(b, words);
	if (pid <= 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != ends)
		return false;
	f = fopen(file, "re");
	ok = f != NULL && fscanf(f, "%lf %lf %lf", &out->ms, &out->cpu_ms, &out->rss) == 3;
	if (f != NULL)
		fclose(f);
	return ok;
}
