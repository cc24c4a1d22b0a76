/*
 * A command and all its children, each searched for secrets when it ends, after it has cleaned up:
 *
 *   watch NEEDLES COMMAND...
 *
 *   watch NEEDLES --files FILE...	in what a command has left
 *   watch NEEDLES --processes PID...	in programs that go on
 *
 * NEEDLES has a line each: "text NAME DIGITS" or "key NAME HEX". So has the file SOJOURN_KEYS, if it is there, to
 * which keys.so adds what a program puts to use; it is read each time that something is looked at, and without the
 * keys that stand in the file SOJOURN_KEPT, which keeps them. Found: told on standard error, exit status 99; else that of the command. A line of another form: 2.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/failures/scan.h"
#include "wire/hex.h"

#define OPTIONS \
	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | \
	 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

static struct scan scan;

static const char *needles;

#define KEY_MAX 512u /* bytes */

static bool is_kept(const char *name, const uint8_t *bytes, size_t len)
{
	static struct scan one;
	const char *path = getenv("SOJOURN_KEPT");

	memset(&one, 0, sizeof(one));
	one.quiet = true;
	scan_add(&one, name, bytes, len);
	return path != NULL && scan_file(&one, path) > 0;
}

/* False: it is none of a needle, which would be looked for in vain. */
static bool add_line(const char *line)
{
	char kind[8], name[40], value[2 * KEY_MAX + 1], end;
	uint8_t bytes[KEY_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	int n = sscanf(line, "%7s %39s %1024s %c", kind, name, value, &end);
	bool ok = n == 3 && strlen(value) >= SCAN_LEAST;

	if (ok && strcmp(kind, "text") == 0) {
		scan_add_text(&scan, name, value);
	} else if (ok) {
		ok = strcmp(kind, "key") == 0 && sj_hex_read(value, strlen(value), &w) &&
		     w.len >= SCAN_LEAST;
		if (ok && !is_kept(name, bytes, w.len))
			scan_add_key(&scan, name, bytes, w.len);
	}
	explicit_bzero(value, sizeof(value));
	explicit_bzero(bytes, sizeof(bytes));
	return ok;
}

static bool read_from(const char *path)
{
	char line[2 * KEY_MAX + 64];
	FILE *f = path != NULL ? fopen(path, "r") : NULL;
	bool ok = true;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strchr(line, '\n') == NULL && feof(f)) /* it is being written */
			break;
		if (!add_line(line)) {
			fprintf(stderr, "# %s: not a line of a needle: %s\n", path, line);
			ok = false;
		}
	}
	if (f != NULL)
		fclose(f);
	explicit_bzero(line, sizeof(line));
	return ok;
}

static bool read_needles(void)
{
	bool ok;

	memset(&scan, 0, sizeof(scan));
	ok = read_from(needles);
	ok = read_from(getenv("SOJOURN_KEYS")) && ok;
	if (scan.full)
		fprintf(stderr, "# there is no room for all needles\n");
	return ok && scan.n > 0 && !scan.full;
}

static void tell(pid_t pid)
{
	char link[64], program[256] = "?";

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	if (readlink(link, program, sizeof(program) - 1) > 0)
		fprintf(stderr, "# in process %d, %s\n", (int)pid, program);
}

/* Not a thread of one. */
static bool is_process(pid_t pid)
{
	char path[64], line[128];
	int group = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f != NULL && group == 0 && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "Tgid: %d", &group);
	if (f != NULL)
		fclose(f);
	return group == pid;
}

static long look(pid_t pid)
{
	long found;

	if (!is_process(pid))
		return 0;
	found = read_needles() ? scan_process(&scan, pid) : -1;
	if (found != 0)
		tell(pid);
	return found < 0 ? 1 : found;
}

/* How many processes were looked at, and what was found. */
static long watch(pid_t child, int *status, unsigned *seen)
{
	long found = 0;
	int state;
	pid_t pid;

	while ((pid = waitpid(-1, &state, __WALL)) > 0) {
		int signal = 0;

		if (WIFEXITED(state) || WIFSIGNALED(state)) {
			if (pid == child)
				*status = state;
			continue;
		}
		if (state >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			found += look(pid);
			*seen += is_process(pid);
		} else if (state >> 16 == 0 && WSTOPSIG(state) != SIGSTOP &&
			   WSTOPSIG(state) != SIGTRAP) {
			signal = WSTOPSIG(state);
		}
		ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)signal);
	}
	return found;
}

static int look_in(char **names, bool processes)
{
	long found = 0;

	for (; *names != NULL; names++) {
		const long one =
			processes ? scan_process(&scan, atoi(*names)) : scan_file(&scan, *names);

		found += one < 0 ? 1 : one;
	}
	return found == 0 ? 0 : 99;
}

int main(int argc, char **argv)
{
	int status = 0;
	unsigned seen = 0;
	pid_t child;
	long found;

	needles = argv[1];
	if (argc < 3 || !read_needles()) {
		fprintf(stderr, "usage: watch NEEDLES COMMAND...\n");
		return 2;
	}
	if (strcmp(argv[2], "--files") == 0 || strcmp(argv[2], "--processes") == 0)
		return look_in(argv + 3, strcmp(argv[2], "--processes") == 0);
	child = fork();
	if (child == 0) {
		memset(&scan, 0, sizeof(scan));
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(intptr_t)OPTIONS) != 0)
		return 2;
	ptrace(PTRACE_CONT, child, NULL, NULL);
	found = watch(child, &status, &seen);
	if (found != 0 || seen == 0)
		return 99;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
