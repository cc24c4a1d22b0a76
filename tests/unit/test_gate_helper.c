/* The process that starts a gate's programs, on a machine that has no room for a process for a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/frame.h"
#include "gate/tool_run.h"

/* --- no room: the linker leads fork() and usleep() here (tests.mk) ------------------------ */

static unsigned go_well, fail; /* how many; then all go well */

pid_t __real_fork(void);
pid_t __wrap_fork(void);
pid_t __wrap_fork(void)
{
	if (go_well > 0)
		go_well--;
	else if (fail > 0 && fail-- > 0)
		return -1;
	return __real_fork();
}

int __wrap_usleep(useconds_t us);
int __wrap_usleep(useconds_t us)
{
	(void)us;
	return 0;
}

#define MANY 1000u /* tries: longer than a tap waits */

/* Whether the program was started, whose room comes after MANY tries. */
static bool is_started(const char *what)
{
	char dir[] = "/tmp/sojourn-helper-XXXXXX", program[64], told[64];
	struct gate_helper opener = { .fd = -1 };
	struct cli cli = { .debug = false };
	struct stat st;
	bool started;
	FILE *f;

	assert_non_null(mkdtemp(dir));
	snprintf(program, sizeof(program), "%s/opener", dir);
	snprintf(told, sizeof(told), "%s/told", dir);
	f = fopen(program, "we");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n: >%s\n", told);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(program, 0700), 0);
	go_well = 1;
	fail = MANY;
	assert_int_equal(gate_helper_start(&cli, &opener, program, GATE_HELPER_OPENS), 0);
	fail = 0;
	assert_true(gate_helper_tell(&opener, what, "-", "open"));
	gate_helper_stop(&opener);
	for (unsigned i = 0; !(started = stat(told, &st) == 0) && i < 500 && what[0] == 'f'; i++)
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	unlink(told);
	unlink(program);
	rmdir(dir);
	return started;
}

static void fire_waits_for_room_as_long_as_it_takes(void **state)
{
	(void)state;
	assert_true(is_started("fire"));
}

/* Who tapped has gone by then. */
static void a_tap_does_not(void **state)
{
	(void)state;
	assert_false(is_started("tap"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fire_waits_for_room_as_long_as_it_takes),
		cmocka_unit_test(a_tap_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
