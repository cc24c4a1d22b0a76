/* child.h -- programs that a program starts: Sojourn's own and pcscd. */
#ifndef SOJOURN_TOOLS_CLI_CHILD_H
#define SOJOURN_TOOLS_CLI_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Where a program of Sojourn stands, seen from this executable: "card" for
 * .../libexec/sojourn/sojourn-card. Free it; NULL: it cannot be told.
 */
char *cli_program_path(const char *program);

/* A file that ships with the programs: .../share/sojourn/<name>. Free it; NULL: as above. */
char *cli_share_path(const char *name);

/* How a child begins. The parent's blocked signals are not inherited. */
struct cli_child {
	int in, out, err; /* become its 0, 1, 2; -1: /dev/null, and inherited for out and err */
	bool session; /* in a session of its own: Ctrl-C is for us alone */
	/* Runs in the child before exec; false: the child exits with 127. */
	bool (*prepare)(void *user);
	void *user;
};
#define CLI_CHILD_INIT \
	{ \
		-1, -1, -1, false, NULL, NULL \
	}

/* Starts argv[0] (a path). -1: it could not; errno says why. 127 at its end: no such program. */
pid_t cli_child_start(const struct cli_child *child, const char *const argv[]);
/* Waits for its end: its exit code, 128 + the signal that killed it, or -1. */
int cli_child_end(pid_t pid);
/*
 * Runs a program to its end and collects its standard output, NUL-terminated
 * (free it; `child->out` is not used). Returns as cli_child_end(); *out is
 * NULL when it could not be started.
 */
int cli_child_capture(const struct cli_child *child, const char *const argv[], char **out,
		      size_t *len);
/*
 * The same for somebody else's program: with all that it started it is killed
 * after wait_ms or when it prints more than max bytes, and 137 is returned.
 */
int cli_child_capture_within(const struct cli_child *child, const char *const argv[],
			     unsigned wait_ms, size_t max, char **out, size_t *len);
/*
 * The same, and `len` bytes are its standard input, out of a file that only its descriptor leads to.
 * *out NULL: as above, or there is no such file.
 */
int cli_child_filter(const char *const argv[], const uint8_t *bytes, size_t len, unsigned wait_ms,
		     size_t max, char **out, size_t *out_len);
/* Asks it to end (SIGTERM), insists after wait_ms (SIGKILL), and collects it. */
void cli_child_stop(pid_t pid, unsigned wait_ms);

#endif
