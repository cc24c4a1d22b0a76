/* pcsc_denied.c -- knocks at the service's socket as libpcsclite would. */
#include "reader/pcsc_denied.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/pcscd/pcscd.comm"
#define PATIENCE_MS 250
#define PAUSE_MS 50

/* A service that accepts us waits for our first message; another one hangs up. */
static bool hangs_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&p, 1, PATIENCE_MS) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

static bool knock(void)
{
	const char *path = getenv("PCSCLITE_CSOCK_NAME");
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	bool denied = false;
	int fd;

	if (!path)
		path = DEFAULT_SOCKET;
	if (strlen(path) >= sizeof(at.sun_path))
		return false;
	memcpy(at.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		denied = hangs_up(fd);
	else
		denied = errno == EACCES || errno == EPERM;
	close(fd);
	return denied;
}

bool sj_pcsc_denied(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

	/* So does one that ends just now; who refuses us does it again. */
	return knock() && nanosleep(&pause, NULL) == 0 && knock();
}
