#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/child.h"

/* Cuts the last component off. False: there is none. */
static bool cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

/* The prefix of the installation: what stands above bin or libexec/sojourn. */
static char *prefix(void)
{
	char *self = realpath("/proc/self/exe", NULL);
	const char *folder;
	bool in_bin;

	if (self == NULL || !cut(self))
		goto fail;
	folder = strrchr(self, '/');
	in_bin = folder != NULL && strcmp(folder, "/bin") == 0;
	if (!cut(self) || (!in_bin && !cut(self)))
		goto fail;
	return self;
fail:
	free(self);
	return NULL;
}

char *cli_program_path(const char *program)
{
	char *base = prefix(), *path = NULL;

	if (base != NULL && asprintf(&path, "%s/libexec/sojourn/sojourn-%s", base, program) < 0)
		path = NULL;
	free(base);
	return path;
}

char *cli_share_path(const char *name)
{
	char *base = prefix(), *path = NULL;

	if (base != NULL && asprintf(&path, "%s/share/sojourn/%s", base, name) < 0)
		path = NULL;
	free(base);
	return path;
}

/* --- starting ------------------------------------------------------------------- */

static void become(const struct cli_child *child, const char *const argv[])
{
	sigset_t none;
	int in = child->in >= 0 ? child->in : open("/dev/null", O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (child->session)
		setsid();
	dup2(in, STDIN_FILENO);
	if (child->out >= 0)
		dup2(child->out, STDOUT_FILENO);
	if (child->err >= 0)
		dup2(child->err, STDERR_FILENO);
	/* execv() promises to change neither the array nor the texts. */
	if (child->prepare == NULL || child->prepare(child->user))
		execv(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

pid_t cli_child_start(const struct cli_child *child, const char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0)
		become(child, argv);
	return pid;
}

static int code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int cli_child_end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return code_of(status);
}

static void sleep_ms(long ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

#define STOP_STEP_MS 5

void cli_child_stop(pid_t pid, unsigned wait_ms)
{
	kill(pid, SIGTERM);
	for (unsigned waited = 0; waited < wait_ms; waited += STOP_STEP_MS) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		sleep_ms(STOP_STEP_MS);
	}
	kill(pid, SIGKILL);
	cli_child_end(pid);
}

/* --- collecting ------------------------------------------------------------------- */

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* More can be read, or the end has come. wait_ms 0: no limit. */
static bool readable(int fd, long since, unsigned wait_ms)
{
	struct pollfd in = { fd, POLLIN, 0 };
	long left = wait_ms == 0 ? -1 : since + (long)wait_ms - now_ms();
	int n;

	if (wait_ms != 0 && left <= 0)
		return false;
	n = poll(&in, 1, (int)left);
	return n > 0 || (n < 0 && errno == EINTR && readable(fd, since, wait_ms));
}

/* False: not to its end, for one of the limits. */
static bool collect(int fd, unsigned wait_ms, size_t max, FILE *memory)
{
	long since = now_ms();
	char buffer[1024];
	size_t all = 0;
	ssize_t got = 1;

	while (got != 0) {
		if (!readable(fd, since, wait_ms))
			return false;
		got = read(fd, buffer, sizeof(buffer));
		if (got < 0 && errno != EINTR)
			break;
		if (got <= 0)
			continue;
		fwrite(buffer, 1, (size_t)got, memory);
		all += (size_t)got;
		if (all > max)
			return false;
	}
	return true;
}

/* The group first: it is the child's own once it has begun. */
static int kill_all(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	cli_child_end(pid);
	return 128 + SIGKILL;
}

int cli_child_capture_within(const struct cli_child *child, const char *const argv[],
			     unsigned wait_ms, size_t max, char **out, size_t *len)
{
	struct cli_child with = *child;
	int ends[2] = { -1, -1 }, rc = -1;
	FILE *memory;
	bool whole;
	pid_t pid;

	*out = NULL;
	*len = 0;
	memory = open_memstream(out, len);
	if (memory == NULL)
		return -1;
	if (pipe2(ends, O_CLOEXEC) != 0)
		goto out;
	with.out = ends[1];
	with.session |= wait_ms != 0;
	pid = cli_child_start(&with, argv);
	close(ends[1]);
	whole = pid > 0 && collect(ends[0], wait_ms, max, memory);
	close(ends[0]);
	if (pid > 0)
		rc = whole ? cli_child_end(pid) : kill_all(pid);
out:
	if (fclose(memory) != 0 || (rc < 0 && *len == 0)) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

int cli_child_capture(const struct cli_child *child, const char *const argv[], char **out,
		      size_t *len)
{
	return cli_child_capture_within(child, argv, 0, SIZE_MAX, out, len);
}

/* -1: none, or not whole. */
static int memory_file(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	while (fd >= 0 && len > 0) {
		ssize_t put = write(fd, bytes, len);

		if (put <= 0)
			goto fail;
		bytes += put;
		len -= (size_t)put;
	}
	if (fd >= 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

int cli_child_filter(const char *const argv[], const uint8_t *bytes, size_t len, unsigned wait_ms,
		     size_t max, char **out, size_t *out_len)
{
	struct cli_child child = CLI_CHILD_INIT;
	int rc = -1;

	*out = NULL;
	*out_len = 0;
	child.in = memory_file(bytes, len);
	if (child.in < 0)
		return -1;
	rc = cli_child_capture_within(&child, argv, wait_ms, max, out, out_len);
	close(child.in);
	return rc;
}
