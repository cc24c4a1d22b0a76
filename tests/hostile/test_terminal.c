/*
 * Hostile terminals: every named sequence and some random commands, with a monitor that knows what
 * may be told and used. `test_terminal -n 10000000 [-w] [-s SEED] [-p NAME]` sends so many at random, with
 * whole sweeps (-w), and prints figures NAME.sequences and so on.
 */
#include <stdio.h>
#include <unistd.h>

#include "tests/hostile/terminal.h"

#define RANDOM_CHECK 20000u

static const struct sequences *const pages[] = {
	&terminal_host, &terminal_manager, &terminal_document, &terminal_eid,
	&terminal_keys, &terminal_gate,    &terminal_sweeps,
};
#define PAGES (sizeof(pages) / sizeof(pages[0]))

struct job {
	struct stage *stage;
	const struct sequence *sequence;
};

static void perform(void **state)
{
	const struct job *job = *state;
	struct stage *s = job->stage;
	const struct scene *scene = scene_named(job->sequence->scene);
	const unsigned long before = monitor_faults(&s->m);

	assert_non_null(scene);
	assert_true(stage_set(s, scene, job->sequence->name));
	assert_true(stage_run(s, job->sequence->script));
	assert_int_equal(monitor_faults(&s->m), before);
}

static void at_random(void **state)
{
	const struct job *job = *state;
	const unsigned long before = monitor_faults(&job->stage->m);

	assert_true(terminal_random(job->stage, RANDOM_CHECK) >= RANDOM_CHECK);
	assert_int_equal(monitor_faults(&job->stage->m), before);
}

/* Every name once. */
static void names_are_their_own(void **state)
{
	(void)state;
	for (size_t p = 0; p < PAGES; p++)
		for (size_t i = 0; i < pages[p]->count; i++)
			for (size_t q = 0; q <= p; q++)
				for (size_t k = 0; k < (q == p ? i : pages[q]->count); k++)
					assert_string_not_equal(pages[p]->rows[i].name,
								pages[q]->rows[k].name);
}

static size_t count_sequences(void)
{
	size_t n = 0;

	for (size_t p = 0; p < PAGES; p++)
		n += pages[p]->count;
	return n;
}

static int run_cases(struct stage *stage)
{
	const size_t all = count_sequences() + 2;
	struct CMUnitTest *tests = calloc(all, sizeof(*tests));
	struct job *jobs = calloc(all, sizeof(*jobs));
	size_t n = 0;
	int failed;

	assert_true(tests != NULL && jobs != NULL);
	for (size_t p = 0; p < PAGES; p++)
		for (size_t i = 0; i < pages[p]->count; i++, n++) {
			jobs[n] = (struct job){ stage, &pages[p]->rows[i] };
			tests[n] = (struct CMUnitTest){ .name = pages[p]->rows[i].name,
							.test_func = perform,
							.initial_state = &jobs[n] };
		}
	jobs[n] = (struct job){ stage, NULL };
	tests[n++] = (struct CMUnitTest){ .name = "commands at random",
					  .test_func = at_random,
					  .initial_state = &jobs[all - 2] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(names_are_their_own);
	failed = _cmocka_run_group_tests("terminal", tests, n, NULL, NULL);
	free(tests);
	free(jobs);
	return failed;
}

static void figure(const char *name, const char *of, unsigned long value)
{
	printf("figure: %s.%s %lu\n", name, of, value);
}

/* The sequences whole, then at random; the figures. */
static int run_campaign(struct stage *s, unsigned long count, const char *name)
{
	const unsigned long *faults = s->m.faults;
	unsigned long sequences = 0, sent;
	int failed = 0;

	for (size_t p = 0; p < PAGES; p++)
		for (size_t i = 0; i < pages[p]->count; i++, sequences++) {
			const struct sequence *q = &pages[p]->rows[i];

			failed |= !stage_set(s, scene_named(q->scene), q->name) ||
				  !stage_run(s, q->script);
		}
	figure(name, "sequences", sequences);
	figure(name, "sequences.commands", s->m.sent);
	figure(name, "swept", s->swept);
	sent = terminal_random(s, count);
	figure(name, "random", sent);
	figure(name, "leaks", faults[FAULT_LEAK]);
	figure(name, "uses", faults[FAULT_USE]);
	figure(name, "others", faults[FAULT_COUNTER] + faults[FAULT_FORM] + faults[FAULT_STORE]);
	return failed || monitor_faults(&s->m) != 0;
}

int main(int argc, char **argv)
{
	struct world *world = world_new();
	struct stage *stage = stage_new(world);
	const char *name = "terminal";
	unsigned long count = 0;
	int opt, rc;

	while ((opt = getopt(argc, argv, "n:s:p:w")) != -1) {
		if (opt == 'n')
			count = strtoul(optarg, NULL, 10);
		else if (opt == 's')
			stage->seed = (uint32_t)strtoul(optarg, NULL, 10);
		else if (opt == 'p')
			name = optarg;
		else if (opt == 'w')
			stage->thorough = true;
		else
			return 2;
	}
	rc = count > 0 ? run_campaign(stage, count, name) : run_cases(stage);
	stage_free(stage);
	world_free(world);
	return rc;
}
