#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/lab.h"

#define ISOLATED_PORT 35963u /* vpcd's own */

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* The user stays who they are: user_namespaces(7), "Defining user and group ID mappings". */
static bool map_self(unsigned uid, unsigned gid)
{
	char line[64];

	if (!write_text("/proc/self/setgroups", "deny"))
		return false;
	snprintf(line, sizeof(line), "%u %u 1", uid, uid);
	if (!write_text("/proc/self/uid_map", line))
		return false;
	snprintf(line, sizeof(line), "%u %u 1", gid, gid);
	return write_text("/proc/self/gid_map", line);
}

static bool loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	request.ifr_flags = IFF_UP;
	ok = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return ok;
}

/*
 * Tried in a child first: a namespace entered half, a user without a name
 * say, cannot be left again.
 */
static bool enter(bool with_user)
{
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWNET | (with_user ? CLONE_NEWUSER : 0)) != 0)
		return false;
	return (!with_user || map_self(uid, gid)) && loopback_up();
}

static bool can_enter(bool with_user)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(enter(with_user) ? 0 : 1);
	return pid > 0 && cli_child_end(pid) == 0;
}

static bool isolate(void)
{
	bool done = false;

	/* The maps of /proc/self belong to root while the process may not be dumped. */
	prctl(PR_SET_DUMPABLE, 1);
	if (can_enter(false))
		done = enter(false);
	else if (can_enter(true))
		done = enter(true);
	prctl(PR_SET_DUMPABLE, 0);
	return done;
}

static bool is_free(uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool are_free(uint16_t port, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!is_free((uint16_t)(port + i)))
			return false;
	}
	return true;
}

#define PORTS_FROM 20000u
#define PORTS 12000u /* below the range that the system gives to clients */
#define TRIES 50

static int choose_port(struct lab *lab)
{
	uint16_t random;

	for (int i = 0; i < TRIES; i++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			break;
		lab->port = (uint16_t)(PORTS_FROM + random % PORTS);
		if (are_free(lab->port, (lab->cards + 1) / 2 * 2))
			return 0;
	}
	return cli_fail(lab->cli, SJ_INTERNAL, "no free TCP ports for the readers");
}

int lab_network(struct lab *lab)
{
	lab->port = ISOLATED_PORT;
	if (!lab->open_ports && isolate())
		return 0;
	cli_debug(lab->cli, "the virtual readers listen on all addresses");
	return choose_port(lab);
}
