/*
 * test_sweep.c -- power goes at every system call of every command of every applet (sweep.h).
 *
 * usage: test_sweep [--all | --failing]
 *
 * Without --all each write is torn in a few places and a part of the cuts is followed by another, and
 * cards are not cut while they are personalised, but for one of each kind; with it, in every sector,
 * and all are. --failing: nothing is cut, but each call fails in every way; else some do (sweep_fail.c).
 */
#include <stdio.h>

#include "tests/power/flows.h"

struct run {
	struct sweep_count count;
	enum disk_care care;
	enum sweep_failing failing;
};

static void swept(void **state, void (*flow)(struct sweep *s))
{
	struct run *run = *state;
	const unsigned long before = run->count.violations;
	struct sweep *s = sweep_new(&run->count, run->care, run->failing);

	flow(s);
	sweep_free(s);
	assert_int_equal(run->count.violations, before);
}

static void a_card_that_is_born(void **state)
{
	struct run *run = *state;
	const unsigned long before = run->count.violations;

	sweep_birth(&run->count, run->care);
	assert_int_equal(run->count.violations, before);
}

static void the_manager(void **state)
{
	swept(state, flow_manager);
}

static void a_document(void **state)
{
	swept(state, flow_document);
}

static void its_personalisation(void **state)
{
	swept(state, flow_perso);
}

static void an_eid_card(void **state)
{
	swept(state, flow_eid);
}

static void a_document_that_takes_terminals(void **state)
{
	swept(state, flow_ta1);
}

static void the_key_applet(void **state)
{
	swept(state, flow_piv);
}

static void its_extensions(void **state)
{
	swept(state, flow_yubico);
}

static void taps(void **state)
{
	swept(state, flow_gate);
}

/* What an applet learns to change has to be swept as well. */
static void every_command_that_changes_anything_was_swept(void **state)
{
	const struct run *run = *state;

	assert_int_equal(sweep_missing(&run->count), 0);
}

int main(int argc, char **argv)
{
	static struct run run;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(a_card_that_is_born, &run),
		cmocka_unit_test_prestate(the_manager, &run),
		cmocka_unit_test_prestate(a_document, &run),
		cmocka_unit_test_prestate(its_personalisation, &run),
		cmocka_unit_test_prestate(an_eid_card, &run),
		cmocka_unit_test_prestate(a_document_that_takes_terminals, &run),
		cmocka_unit_test_prestate(the_key_applet, &run),
		cmocka_unit_test_prestate(its_extensions, &run),
		cmocka_unit_test_prestate(taps, &run),
		cmocka_unit_test_prestate(every_command_that_changes_anything_was_swept, &run),
	};
	const bool fails = argc > 1 && strcmp(argv[1], "--failing") == 0;
	const bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
	int failed;

	run.care = all || fails ? DISK_ALL : DISK_FEW;
	run.failing = fails ? FAIL_ALL : all ? FAIL_NONE : FAIL_FEW;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (!fails) {
		printf("# figure: power.cuts %lu\n", run.count.cuts);
		printf("# figure: power.commands %lu\n", run.count.commands);
		printf("# figure: power.violations %lu\n", run.count.violations);
	}
	if (!all) {
		printf("# figure: power.failures %lu\n", run.count.failures);
		printf("# figure: power.failures.commands %lu\n", run.count.commands);
		printf("# figure: power.failures.violations %lu\n", run.count.violations);
	}
	return failed;
}
