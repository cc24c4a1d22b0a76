#include "link/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DIAL_US 2000000

enum card_wait card_socket_wait(int fd, short events, int64_t us, int stop_fd)
{
	const struct timespec limit = { .tv_sec = (time_t)(us / 1000000),
					.tv_nsec = (long)(us % 1000000) * 1000 };
	struct pollfd fds[2] = { { .fd = stop_fd, .events = POLLIN },
				 { .fd = fd, .events = events } };
	int n;

	do
		n = ppoll(fds, 2, us < 0 ? NULL : &limit, NULL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return CARD_WAIT_FAILED;
	if (fds[0].revents != 0)
		return CARD_WAIT_STOPPED;
	return fds[1].revents != 0 ? CARD_WAIT_READY : CARD_WAIT_TIMED_OUT;
}

static void set_flag(int fd, int level, int option)
{
	int on = 1;

	/* What these flags are for still works without them, only slower. */
	if (setsockopt(fd, level, option, &on, sizeof(on)) != 0)
		errno = 0;
}

void card_socket_quick_ack(int fd)
{
	set_flag(fd, IPPROTO_TCP, TCP_QUICKACK);
}

/*
 * A socket that dials a local port of the ephemeral range where nobody
 * listens can be given that very port and then meets itself.
 */
static bool met_itself(int fd)
{
	struct sockaddr_storage here, there;
	socklen_t n = sizeof(here), m = sizeof(there);

	memset(&here, 0, sizeof(here));
	memset(&there, 0, sizeof(there));
	return getsockname(fd, (struct sockaddr *)&here, &n) == 0 &&
	       getpeername(fd, (struct sockaddr *)&there, &m) == 0 && n == m &&
	       memcmp(&here, &there, n) == 0;
}

static enum card_dial dial_address(const struct addrinfo *a, int stop_fd, int *out)
{
	int fd =
		socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	enum card_wait waited = CARD_WAIT_READY;
	int error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return CARD_DIAL_REFUSED;
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
		error = errno;
		if (error == EINPROGRESS) {
			waited = card_socket_wait(fd, POLLOUT, DIAL_US, stop_fd);
			if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
				error = errno;
		}
	}
	if (error != 0 || waited != CARD_WAIT_READY || met_itself(fd)) {
		close(fd);
		return waited == CARD_WAIT_STOPPED ? CARD_DIAL_STOPPED : CARD_DIAL_REFUSED;
	}
	set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
	*out = fd;
	return CARD_DIAL_OK;
}

enum card_dial card_socket_dial(const char *host, uint16_t port, int stop_fd, int *fd)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	enum card_dial rc = CARD_DIAL_REFUSED;
	char service[6];

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &list) != 0)
		return CARD_DIAL_BAD_HOST;
	for (const struct addrinfo *a = list; a != NULL && rc == CARD_DIAL_REFUSED; a = a->ai_next)
		rc = dial_address(a, stop_fd, fd);
	freeaddrinfo(list);
	return rc;
}

int card_socket_listen(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(*port),
				  .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0 &&
	    getsockname(fd, (struct sockaddr *)&at, &size) == 0) {
		*port = ntohs(at.sin_port);
		return fd;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int card_socket_accept(int fd)
{
	int connection = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (connection >= 0)
		set_flag(connection, IPPROTO_TCP, TCP_NODELAY);
	return connection;
}
