/* notify.c -- a service tells systemd how it is: sd_notify(3) without its library. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"

#define WATCHDOG_MAX_US 3600000000ull

void cli_notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t size;
	int fd;

	if (path == NULL || strlen(path) >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, strlen(path) + 1);
	if (path[0] == '@') /* an abstract name */
		to.sun_path[0] = '\0';
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
		     (const struct sockaddr *)&to, size);
	close(fd);
}

unsigned cli_watchdog_ms(void)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long us;

	if (text == NULL || (pid != NULL && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	us = strtoull(text, NULL, 10);
	return us > 0 && us <= WATCHDOG_MAX_US ? (unsigned)(us / 2000) : 0;
}
