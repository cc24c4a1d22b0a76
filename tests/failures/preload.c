/*
 * preload.c -- fail.c before a whole program (LD_PRELOAD). The plan is in SOJOURN_FAIL: kinds, how, at and ever
 * of fail.h, as numbers. A process that ends appends its points and how many failed to the file
 * SOJOURN_FAIL_TOLD.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/failures/fail.h"

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("SOJOURN_FAIL");
	struct fail_plan plan = { 0 };
	unsigned long long at;
	unsigned how, ever;

	if (text == NULL || sscanf(text, "%u %u %llu %u", &plan.kinds, &how, &at, &ever) != 4)
		return;
	plan.how = (enum fail_how)how;
	plan.at = at;
	plan.ever = ever != 0;
	fail_arm(&plan);
}

__attribute__((destructor)) static void tell(void)
{
	const unsigned long long points = fail_disarm(), failed = fail_failed();
	const char *path = getenv("SOJOURN_FAIL_TOLD");
	char line[64];
	int n = snprintf(line, sizeof(line), "%llu %llu\n", points, failed), fd;

	fd = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, line, (size_t)n) != n)
		abort();
	close(fd);
}
