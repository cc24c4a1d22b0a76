#include "tests/card/issue_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

int shell(const struct place *p, const char *format, ...)
{
	char command[1200], line[1400];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "cd %s && { %s; } >>log 2>&1", p->directory, command);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int open_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *build = getenv("SOJOURN_BUILD");
	char cwd[300];

	assert_non_null(p);
	assert_true(readlink("/proc/self/exe", p->self, sizeof(p->self) - 1) > 0);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	p->build = realpath(build != NULL ? build : "build", NULL);
	assert_non_null(p->build);
	/* In memory where that is possible: the register waits for the disk. */
	snprintf(p->directory, sizeof(p->directory), "%s/sojourn-issue-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(p->directory));
	assert_int_equal(shell(p,
			       "(umask 077; echo 317905 >can); ln -s %s/tools/demo demo && "
			       "ln -s %s/tests/card tests",
			       cwd, cwd),
			 0);
	assert_int_equal(shell(p, "%s/bin/sojourn authority init ut", p->build), 0);
	*state = p;
	return 0;
}

int close_place(void **state)
{
	struct place *p = *state;

	assert_int_equal(shell(p, "rm -r %s", p->directory), 0);
	free(p->build);
	free(p);
	return 0;
}
