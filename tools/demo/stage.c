#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "demo/demo.h"

struct demo_path demo_path(const struct demo *demo, const char *format, ...)
{
	struct demo_path path;
	va_list args;
	int n = snprintf(path.text, sizeof(path.text), "%s/", demo->dir);

	va_start(args, format);
	vsnprintf(path.text + n, sizeof(path.text) - (size_t)n, format, args);
	va_end(args);
	return path;
}

struct demo_path demo_reader(unsigned i)
{
	struct demo_path name;

	/* As `sojourn lab status` tells: two readers a device. */
	snprintf(name.text, sizeof(name.text), "Sojourn Lab %u 00 %02u", i / 2 + 1, i % 2);
	return name;
}

uint64_t demo_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

const char *demo_text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

int demo_run(struct demo *demo, const char *program, const char **argv, char **out)
{
	struct cli_child child = CLI_CHILD_INIT;
	char *path = cli_program_path(program), *text = NULL;
	size_t len;
	int rc = -1;

	if (path == NULL)
		return -1;
	argv[0] = path;
	child.err = demo->log;
	rc = cli_child_capture(&child, argv, &text, &len);
	if (out != NULL)
		*out = text;
	else
		free(text);
	free(path);
	return rc;
}

int demo_step(struct demo *demo, const char *program, const char **argv)
{
	int code = demo_run(demo, program, argv, NULL);

	if (code == 0)
		return 0;
	if (cli_interrupted(demo->cli))
		return cli_fail(demo->cli, SJ_CANCELLED, NULL);
	return cli_fail(demo->cli, SJ_INTERNAL, "%s %s ended with %d", argv[1], argv[2], code);
}

/* --- the lab --------------------------------------------------------------------- */

/* The lab ends with us, however we end. */
static bool follow(void *user)
{
	const pid_t *demo = user;

	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == *demo;
}

/* Its first line comes when all cards are present. */
static bool lab_ready(int fd)
{
	char byte = 0;
	ssize_t got;

	do {
		got = read(fd, &byte, 1);
	} while (got == 1 ? byte != '\n' : got < 0 && errno == EINTR);
	return got == 1;
}

static int start_lab(struct demo *demo, unsigned n)
{
	struct demo_path dir = demo_path(demo, "lab"), cards = { "" };
	char *path = cli_program_path("lab");
	const char *const argv[] = { path,       "lab",   "--foreground", "--blank", "--cards",
				     cards.text, "--dir", dir.text,       NULL };
	struct cli_child child = CLI_CHILD_INIT;
	pid_t self = getpid();
	int ends[2], rc = 0;

	snprintf(cards.text, sizeof(cards.text), "%u", n);
	if (path == NULL || pipe2(ends, O_CLOEXEC) != 0) {
		free(path);
		return cli_fail(demo->cli, SJ_INTERNAL, "lab: %s", strerror(errno));
	}
	child.out = ends[1];
	child.session = true;
	child.prepare = follow;
	child.user = &self;
	demo->lab = cli_child_start(&child, argv);
	close(ends[1]);
	if (demo->lab <= 0)
		rc = cli_fail(demo->cli, SJ_INTERNAL, "lab: %s", strerror(errno));
	else if (!lab_ready(ends[0]))
		rc = cli_fail(demo->cli, SJ_NO_READER, "the lab did not come up");
	close(ends[0]);
	free(path);
	return rc;
}

/* --- the directory --------------------------------------------------------------- */

/* The socket's path has to be short: no long TMPDIR. */
#define TEMPLATE "/tmp/sojourn-demo-XXXXXX"

int demo_stage_open(struct demo *demo, unsigned n)
{
	int rc;

	snprintf(demo->dir, sizeof(demo->dir), "%s", TEMPLATE);
	if (mkdtemp(demo->dir) == NULL) {
		rc = cli_fail(demo->cli, SJ_OUTPUT_FAILED, "%s: %s", TEMPLATE, strerror(errno));
		demo->dir[0] = '\0';
		return rc;
	}
	demo->log = open(demo_path(demo, "log").text,
			 O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (demo->log < 0)
		return cli_fail(demo->cli, SJ_OUTPUT_FAILED, "log: %s", strerror(errno));
	rc = start_lab(demo, n);
	if (rc == 0)
		setenv("PCSCLITE_CSOCK_NAME", demo_path(demo, "lab/pcscd.comm").text, 1);
	return rc;
}

#define STOP_MS 5000u

void demo_stage_close(struct demo *demo)
{
	if (demo->lab > 0)
		cli_child_stop(demo->lab, STOP_MS);
	if (demo->log >= 0)
		close(demo->log);
	if (demo->dir[0] != '\0')
		cli_tree_remove(demo->dir);
}
