/*
 * unplug.c -- preloaded into a program that reads from a folder, SOJOURN_STICK: at its call of number
 * SOJOURN_PULLED (from 1) the folder goes away, as a stick does that is pulled out. Opening finds nothing
 * from then on, reading fails. Says so once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILES 1024

static bool of_stick[FILES];
static unsigned long calls;

static bool is_gone(void)
{
	const char *at = getenv("SOJOURN_PULLED");
	const unsigned long n = at ? strtoul(at, NULL, 10) : 0;

	if (++calls == n)
		(void)!write(STDERR_FILENO, "unplugged\n", 10);
	return n > 0 && calls >= n;
}

static int open_any(const char *path, int flags, unsigned mode)
{
	const char *stick = getenv("SOJOURN_STICK");
	const bool on_it = stick && strncmp(path, stick, strlen(stick)) == 0;
	int fd;

	if (on_it && is_gone()) {
		errno = ENOENT;
		return -1;
	}
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (fd >= 0 && fd < FILES)
		of_stick[fd] = on_it;
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	unsigned mode = 0;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, unsigned);
	va_end(args);
	return open_any(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

ssize_t read(int fd, void *to, size_t n)
{
	if (fd >= 0 && fd < FILES && of_stick[fd] && is_gone()) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_read, fd, to, n);
}

/* What the compiler makes of it with _FORTIFY_SOURCE. */
ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
ssize_t __read_chk(int fd, void *to, size_t n, size_t room)
{
	return n <= room ? read(fd, to, n) : -1;
}

int close(int fd)
{
	if (fd >= 0 && fd < FILES)
		of_stick[fd] = false;
	return (int)syscall(SYS_close, fd);
}
