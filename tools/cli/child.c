#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static char *collect(int fd, size_t *len)
{
	size_t size = 0;
	char *text = NULL, buffer[1024];
	FILE *memory = open_memstream(&text, &size);
	ssize_t got = 1;

	if (memory == NULL)
		return NULL;
	while (got != 0) {
		got = read(fd, buffer, sizeof(buffer));
		if (got > 0)
			fwrite(buffer, 1, (size_t)got, memory);
		else if (got < 0 && errno != EINTR)
			break;
	}
	if (fclose(memory) != 0) {
		free(text);
		return NULL;
	}
	*len = size;
	return text;
}

int cli_child_capture(const struct cli_child *child, const char *const argv[], char **out,
		      size_t *len)
{
	struct cli_child with = *child;
	int ends[2];
	pid_t pid;

	*out = NULL;
	*len = 0;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	with.out = ends[1];
	pid = cli_child_start(&with, argv);
	close(ends[1]);
	if (pid > 0)
		*out = collect(ends[0], len);
	close(ends[0]);
	return pid > 0 ? cli_child_end(pid) : -1;
}
