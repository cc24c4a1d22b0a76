/*
 * preload.c -- fail.c before a whole program (LD_PRELOAD). The plan is in SOJOURN_FAIL: kinds, how, at and ever
 * of fail.h, as numbers; SOJOURN_FAIL_ONLY: its `only`. A process that ends appends its points and how many
 * failed to the file SOJOURN_FAIL_TOLD.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/failures/fail.h"

#define TOLD_FD 900 /* a program that confines itself opens nothing at its end */

static void open_told(void)
{
	const char *path = getenv("SOJOURN_FAIL_TOLD");
	int fd = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	(void)dup3(fd, TOLD_FD, O_CLOEXEC);
	close(fd);
}

/* Whose code it was that died, libc not counted: a library is not ours to mend. Tells its name, and dies. */
static void on_crash(int number)
{
	void *frames[32];
	int n = backtrace(frames, 32);
	Dl_info info;

	fail_disarm();
	for (int i = 1; i < n; i++) {
		const char *name =
			dladdr(frames[i], &info) != 0 ? strrchr(info.dli_fname, '/') : NULL;

		if (name == NULL || strcmp(name, "/fail.so") == 0 ||
		    strncmp(name, "/libc.", 6) == 0)
			continue;
		dprintf(TOLD_FD, "crash %s\n", name + 1);
		break;
	}
	signal(number, SIG_DFL);
	raise(number);
}

__attribute__((constructor)) static void begin(void)
{
	void *first[2];
	const char *text = getenv("SOJOURN_FAIL");
	struct fail_plan plan = { 0 };
	unsigned long long at;
	unsigned how, ever;

	if (text == NULL || sscanf(text, "%u %u %llu %u", &plan.kinds, &how, &at, &ever) != 4)
		return;
	open_told();
	(void)backtrace(first, 2); /* loads what it needs */
	signal(SIGSEGV, on_crash);
	signal(SIGABRT, on_crash);
	plan.how = (enum fail_how)how;
	plan.at = at;
	plan.ever = ever != 0;
	plan.only = getenv("SOJOURN_FAIL_ONLY");
	fail_standard_output();
	fail_arm(&plan);
}

__attribute__((destructor)) static void tell(void)
{
	const unsigned long long points = fail_disarm(), failed = fail_failed();
	char line[64];
	int n = snprintf(line, sizeof(line), "%llu %llu\n", points, failed);

	(void)!write(TOLD_FD, line, (size_t)n);
}
