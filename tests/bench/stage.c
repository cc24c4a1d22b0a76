/* stage.c -- a private pcscd, and what dials its readers. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"

/* --- processes ------------------------------------------------------------------------ */

void bench_full_path(const struct bench *b, const char *program, char path[static BENCH_PATH])
{
	if (program[0] == '/')
		snprintf(path, BENCH_PATH, "%s", program);
	else
		snprintf(path, BENCH_PATH, "%s/%s", b->build, program);
}

bool bench_have(const struct bench *b, const char *program)
{
	char path[BENCH_PATH];

	bench_full_path(b, program, path);
	return access(path, X_OK) == 0;
}

/* Loaded, not only looked for: the folders are the loader's own affair. */
bool bench_library(const char *name, char path[static BENCH_PATH])
{
	void *handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
	struct link_map *map = NULL;
	bool ok = handle && dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 &&
		  strlen(map->l_name) < BENCH_PATH;

	if (ok)
		snprintf(path, BENCH_PATH, "%s", map->l_name);
	if (handle)
		dlclose(handle);
	return ok;
}

pid_t bench_start(struct bench *b, const char *const argv[])
{
	char path[BENCH_PATH];
	pid_t pid;
	int null;

	bench_full_path(b, argv[0], path);
	pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives a bench that is killed */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, 0);
	dup2(null, 1);
	if (!getenv("SOJOURN_BENCH_VERBOSE"))
		dup2(null, 2);
	execv(path, (char *const *)(uintptr_t)argv);
	_exit(127);
}

bool bench_run(struct bench *b, const char *const argv[])
{
	pid_t pid = bench_start(b, argv);
	int status = -1;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static void stop(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGTERM);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

/* --- pcscd ------------------------------------------------------------------------------ */

static bool port_free(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	close(fd);
	return ok;
}

static bool write_configuration(struct bench *b)
{
	char path[BENCH_PATH + 32];
	FILE *f;

	for (b->port = 21000 + (unsigned)getpid() % 5000;
	     !port_free(b->port) || !port_free(b->port + 1);)
		b->port += 2;
	snprintf(path, sizeof(path), "%s/conf", b->dir);
	if (mkdir(path, 0755) != 0)
		return false;
	snprintf(path, sizeof(path), "%s/conf/vpcd", b->dir);
	f = fopen(path, "w");
	if (!f)
		return false;
	fprintf(f,
		"FRIENDLYNAME \"Yubico Bench\"\nDEVICENAME /dev/null:%u\n"
		"LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\nCHANNELID %u\n",
		b->port, b->port);
	return fclose(f) == 0;
}

/* The socket is fd 3 with LISTEN_PID and LISTEN_FDS, as systemd hands it over. */
static _Noreturn void become_pcscd(const struct bench *b, int fd)
{
	char conf[BENCH_PATH + 32], pid[16];
	int null = open("/dev/null", O_RDWR);

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(conf, sizeof(conf), "%s/conf", b->dir);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	dup2(null, 1);
	dup2(null, 2);
	if (fd == 3)
		fcntl(3, F_SETFD, 0);
	else
		dup2(fd, 3);
	execl("/usr/sbin/pcscd", "pcscd", "--foreground", "-c", conf, (char *)NULL);
	_exit(127);
}

static bool start_pcscd(struct bench *b)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%.90s/pcscd.comm", b->dir);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 16) != 0) {
		close(fd);
		return false;
	}
	setenv("PCSCLITE_CSOCK_NAME", at.sun_path, 1);
	b->pcscd = fork();
	if (b->pcscd == 0)
		become_pcscd(b, fd);
	close(fd);
	return b->pcscd > 0;
}

bool bench_stage_up(struct bench *b)
{
	snprintf(b->dir, sizeof(b->dir), "%s/sojourn-bench-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	snprintf(b->disk, sizeof(b->disk), "%s/bench-XXXXXX", b->build);
	if (!mkdtemp(b->dir) || !mkdtemp(b->disk))
		return bench_fail(b, "no folder to work in");
	if (!write_configuration(b) || !start_pcscd(b))
		return bench_fail(b, "pcscd does not start");
	return true;
}

void bench_stage_down(struct bench *b)
{
	const char *const remove[] = { "/bin/rm", "-rf", b->dir, b->disk, NULL };

	for (unsigned i = 0; i < BENCH_SLOTS; i++)
		bench_remove(b, i);
	stop(&b->pcscd);
	if (b->dir[0] != '\0' && b->disk[0] != '\0')
		(void)bench_run(b, remove);
}

/* --- cards ---------------------------------------------------------------------------------- */

static bool insert(struct bench *b, unsigned slot, const char *const argv[])
{
	bench_remove(b, slot);
	b->card[slot] = bench_start(b, argv);
	return b->card[slot] > 0;
}

bool bench_null_card(struct bench *b, unsigned slot)
{
	char port[16];
	const char *const argv[] = { "tests/bench/nullcard", port, NULL };

	snprintf(port, sizeof(port), "%u", b->port + slot);
	return insert(b, slot, argv);
}

bool bench_card(struct bench *b, unsigned slot, const char *file)
{
	char port[16];
	const char *const argv[] = {
		"libexec/sojourn/sojourn-card", "card", "run", file, "--port", port, NULL
	};

	snprintf(port, sizeof(port), "%u", b->port + slot);
	return insert(b, slot, argv);
}

void bench_remove(struct bench *b, unsigned slot)
{
	/* pcscd looks every 400 ms: it must see the slot empty before the next card. */
	const struct timespec two_looks = { .tv_nsec = 900000000 };

	if (b->card[slot] <= 0)
		return;
	stop(&b->card[slot]);
	nanosleep(&two_looks, NULL);
}
