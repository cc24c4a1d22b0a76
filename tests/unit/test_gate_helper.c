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

__typeof__(fork) __real_fork, __wrap_fork;
pid_t __wrap_fork(void)
{
	if (go_well > 0)
		go_well--;
	else if (fail > 0 && fail-- > 0)
		return -1;
	return __real_fork();
}

__typeof__(usleep) __wrap_usleep;
int __wrap_usleep(useconds_t us)
{
	(void)us;
	return 0;
}

/* Who tapped has gone by then. */
static void fire_waits_for_room_and_a_tap_does_not(void **state)
{
	char dir[] = "/tmp/sojourn-helper-XXXXXX", program[64], fire[80], tap[80];
	struct gate_helper opener = { .fd = -1 };
	struct cli cli = { .debug = false };
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(program, sizeof(program), "%s/opener", dir);
	snprintf(fire, sizeof(fire), "%s.fire", program);
	snprintf(tap, sizeof(tap), "%s.tap", program);
	f = fopen(program, "we");
	assert_non_null(f);
	assert_true(fputs("#!/bin/sh\n: >$0.$1\n", f) >= 0 && fclose(f) == 0);
	assert_int_equal(chmod(program, 0700), 0);
	go_well = 1;
	fail = 1000;
	assert_int_equal(gate_helper_start(&cli, &opener, program, GATE_HELPER_OPENS), 0);
	fail = 0;
	assert_true(gate_helper_tell(&opener, "tap", "-", "open"));
	assert_true(gate_helper_tell(&opener, "fire", "-", "open"));
	for (unsigned i = 0; access(fire, F_OK) != 0 && i < 1000; i++)
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	gate_helper_stop(&opener);
	assert_int_equal(unlink(fire), 0);
	assert_int_equal(unlink(tap), -1);
	unlink(program);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fire_waits_for_room_and_a_tap_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
