/*
 * Every operation with every allocation failing, and every call of the system: a few points of some, or
 * with "all" every one ("all NAME": of the operations whose names begin so; "all NAME 17": the 17th alone,
 * told where it is), or so many of each ("50").
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/failures/sweep.h"

static const struct operation *const tables[] = {
	sweep_document, sweep_service, sweep_trust, sweep_import, sweep_journal, sweep_gate,
	sweep_piv,      sweep_card,    sweep_host,  sweep_reader, sweep_pkcs11,  sweep_module,
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))
#define MOST 2 /* points a kind and way */

static uint64_t sweep_table(const struct operation *o, uint64_t most, uint64_t only,
			    const char *name, struct sweep_sum *sum)
{
	uint64_t faults = 0;

	for (; o->name != NULL; o++) {
		struct sweep_sum one = { 0 };
		struct timespec from, to;

		if (strncmp(o->name, name, strlen(name)) != 0)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &from);
		sweep_run(o, most, only, &one);
		clock_gettime(CLOCK_MONOTONIC, &to);
		printf("# %-44s %6llu points, %6llu runs, %llu faults, %.2f s\n", o->name,
		       (unsigned long long)one.points, (unsigned long long)one.runs,
		       (unsigned long long)one.faults,
		       (double)(to.tv_sec - from.tv_sec) +
			       (double)(to.tv_nsec - from.tv_nsec) / 1e9);
		fflush(stdout);
		faults += one.faults;
		sum->operations++;
		sum->points += one.points;
		sum->runs += one.runs;
		sum->faults += one.faults;
	}
	return faults;
}

/* One of each kind, those that found most; the campaign takes them all. */
static const char *const few[] = {
	"document: judge files", "document: verify, a copy",
	"trust: open",           "status: open and query",
	"journal: sign",         "evidence: prove",
	"gate: a revoked card",  "keys: write a certificate",
	"card: open its file",   "card: CHANGE REFERENCE DATA",
	"module: C_Verify of",   "reader: PACE",
	"reader: a card",        "keys: forget",
};

static void test_a_few_points_of_a_few(void **state)
{
	struct sweep_sum sum = { 0 };

	(void)state;
	for (size_t n = 0; n < sizeof(few) / sizeof(few[0]); n++)
		for (size_t i = 0; i < TABLES; i++)
			assert_int_equal(sweep_table(tables[i], MOST, 0, few[n], &sum), 0);
	assert_true(sum.operations >= sizeof(few) / sizeof(few[0]));
}

static void test_a_stream_that_fails_has_written_half(void **state)
{
	const struct fail_plan second = { .kinds = FAIL_WRITE, .how = FAIL_ENOSPC, .at = 2 };
	char path[] = "/tmp/sojourn-half-XXXXXX", text[16];
	FILE *f;
	int fd = mkstemp(path), rc;

	(void)state;
	assert_true(fd >= 0);
	fail_arm(&second); /* the first is the opening */
	f = fopen(path, "we");
	if (f != NULL)
		fprintf(f, "%s\n", "1234567");
	errno = 0;
	rc = f != NULL ? fclose(f) : 0;
	fail_disarm();
	assert_int_equal(rc, EOF);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_memory_equal(text, "1234", 4);
	close(fd);
	unlink(path);
}

static int all(const char *name, uint64_t most, uint64_t only)
{
	struct sweep_sum sum = { 0 };

	for (size_t i = 0; i < TABLES; i++)
		sweep_table(tables[i], most, only, name, &sum);
	printf("figure: failures.operations %llu\nfigure: failures.points %llu\n"
	       "figure: failures.runs %llu\nfigure: failures.faults %llu\n",
	       (unsigned long long)sum.operations, (unsigned long long)sum.points,
	       (unsigned long long)sum.runs, (unsigned long long)sum.faults);
	return sum.faults != 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_few_points_of_a_few),
		cmocka_unit_test(test_a_stream_that_fails_has_written_half),
	};

	if (argc > 1)
		return all(argc > 2 ? argv[2] : "",
			   strcmp(argv[1], "all") == 0 ? 0 : strtoull(argv[1], NULL, 10),
			   argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
