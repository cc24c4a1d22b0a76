#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/child.h"
#include "gate/tool_run.h"

#define EXEC_SECONDS 30u /* to open something, at the most */

/* A program that hangs must not pile up, tap by tap; the alarm outlives exec. */
static bool limit(void *user)
{
	(void)user;
	alarm(EXEC_SECONDS);
	return true;
}

bool gate_output_start(const char *program, const char *what, const char *reader,
		       const char *decision)
{
	/* What it prints must not come between our lines. */
	const struct cli_child child = { -1, STDERR_FILENO, -1, true, limit, NULL };
	const char *const argv[] = { program, what, reader, decision, NULL };

	return cli_child_start(&child, argv) > 0;
}

static bool append(int fd, const char *what, const char *reader, const char *decision)
{
	struct timespec now;
	char line[SJ_READER_NAME_MAX + 96];
	int len;
	ssize_t put;

	clock_gettime(CLOCK_REALTIME, &now);
	len = snprintf(line, sizeof(line), "%lld.%03ld %s %s %s\n", (long long)now.tv_sec,
		       now.tv_nsec / 1000000, what, reader, decision);
	do {
		put = write(fd, line, (size_t)len);
	} while (put < 0 && errno == EINTR);
	return put == len;
}

bool gate_output(const struct gate_output *output, const char *what, const char *reader,
		 const char *decision)
{
	bool ok = output->opener == NULL && output->file < 0;

	if (output->opener != NULL && gate_helper_tell(output->opener, what, reader, decision))
		ok = true;
	if (output->file >= 0 && append(output->file, what, reader, decision))
		ok = true;
	return ok;
}
