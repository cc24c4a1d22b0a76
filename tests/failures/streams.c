/*
 * streams.c -- streams and folders, whose system calls libc makes inside. A stream that writes is a
 * cookie over our own write and close: one that fails has written half.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/failures/points.h"

/* --- streams that write -------------------------------------------------------------- */

/* As libc: short writes go on. */
static ssize_t put(void *user, const char *bytes, size_t n)
{
	const int fd = *(const int *)user;
	size_t done = 0;

	if (n > 1 && fail_whole(FAIL_WRITE, false, NULL)) {
		const int error = errno;

		fail_pause();
		done = (size_t)write(fd, bytes, n / 2);
		fail_resume();
		errno = error;
		return (ssize_t)done;
	}
	while (done < n) {
		ssize_t some = write(fd, bytes + done, n - done);

		if (some < 0)
			break;
		done += (size_t)some;
	}
	return (ssize_t)done;
}

static int seek(void *user, off64_t *at, int whence)
{
	const off_t now = lseek(*(const int *)user, *at, whence);

	*at = now;
	return now < 0 ? -1 : 0;
}

static int end(void *user)
{
	int rc = close(*(const int *)user), error = errno;

	free(user);
	errno = error;
	return rc;
}

/* Takes fd if it succeeds. */
static FILE *writing(int fd, const char *mode)
{
	const cookie_io_functions_t calls = { .write = put, .seek = seek, .close = end };
	int *user = malloc(sizeof(*user));
	FILE *f = user != NULL ? fopencookie(user, mode[0] == 'a' ? "a" : "w", calls) : NULL;

	if (f == NULL) {
		free(user);
		return NULL;
	}
	*user = fd;
	f->_fileno = fd; /* for fileno() */
	return f;
}

static bool only_writes(const char *mode)
{
	return mode[0] != 'r' && strchr(mode, '+') == NULL;
}

FILE *fopen(const char *path, const char *mode)
{
	const int flags = O_WRONLY | O_CREAT | (mode[0] == 'a' ? O_APPEND : O_TRUNC) |
			  (strchr(mode, 'e') != NULL ? O_CLOEXEC : 0) |
			  (strchr(mode, 'x') != NULL ? O_EXCL : 0);
	FILE *f;
	int fd;

	if (!only_writes(mode))
		return fail_whole(FAIL_READ, false, path) ? NULL : NEXT(fopen)(path, mode);
	fd = open(path, flags, 0666);
	f = fd < 0 ? NULL : writing(fd, mode);
	if (f == NULL && fd >= 0)
		close(fd);
	return f;
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

FILE *fdopen(int fd, const char *mode)
{
	if (only_writes(mode) && fcntl(fd, F_GETFL) >= 0)
		return writing(fd, mode);
	return fail_memory(ENOMEM) ? NULL : NEXT(fdopen)(fd, mode);
}

void fail_standard_output(void)
{
	FILE *f = writing(STDOUT_FILENO, "w");

	if (f != NULL)
		stdout = f;
}

/* --- streams that read --------------------------------------------------------------- */

/* As libc does it: the stream remembers that something failed. */
static bool read_fails(FILE *stream)
{
	if (!fail_whole(FAIL_READ, false, NULL))
		return false;
	stream->_flags |= 0x20; /* _IO_ERR_SEEN */
	return true;
}

size_t fread(void *out, size_t each, size_t n, FILE *stream)
{
	return read_fails(stream) ? 0 : NEXT(fread)(out, each, n, stream);
}

char *fgets(char *out, int room, FILE *stream)
{
	return read_fails(stream) ? NULL : NEXT(fgets)(out, room, stream);
}

ssize_t getdelim(char **line, size_t *cap, int end_of_line, FILE *stream)
{
	return read_fails(stream) ? -1 : NEXT(getdelim)(line, cap, end_of_line, stream);
}

ssize_t getline(char **line, size_t *cap, FILE *stream)
{
	return getdelim(line, cap, '\n', stream);
}

/* What _FORTIFY_SOURCE and libc's headers call instead; getc has a buffer filled. */
int __uflow(FILE *stream);

int __uflow(FILE *stream)
{
	return read_fails(stream) ? EOF : NEXT(__uflow)(stream);
}

char *__fgets_chk(char *out, size_t size, int room, FILE *stream);
ssize_t __getdelim(char **line, size_t *cap, int end_of_line, FILE *stream)
	__attribute__((alias("getdelim")));

char *__fgets_chk(char *out, size_t size, int room, FILE *stream)
{
	if (room < 0 || (size_t)room > size)
		abort();
	return fgets(out, room, stream);
}

/* --- folders --------------------------------------------------------------------------- */

DIR *opendir(const char *path)
{
	return fail_whole(FAIL_READ, false, path) ? NULL : NEXT(opendir)(path);
}

DIR *fdopendir(int fd)
{
	return fail_whole(FAIL_READ, true, NULL) ? NULL : NEXT(fdopendir)(fd);
}

struct dirent *readdir(DIR *folder)
{
	return fail_whole(FAIL_READ, true, NULL) ? NULL : NEXT(readdir)(folder);
}

struct dirent64 *readdir64(DIR *folder)
{
	return fail_whole(FAIL_READ, true, NULL) ? NULL : NEXT(readdir64)(folder);
}

int scandir(const char *restrict path, struct dirent ***restrict list,
	    int (*wanted)(const struct dirent *),
	    int (*order)(const struct dirent **, const struct dirent **))
{
	return fail_whole(FAIL_READ, true, path) ? -1 : NEXT(scandir)(path, list, wanted, order);
}

int nftw(const char *path, int (*visit)(const char *, const struct stat *, int, struct FTW *),
	 int fds, int flags)
{
	return fail_whole(FAIL_READ, true, path) ? -1 : NEXT(nftw)(path, visit, fds, flags);
}

FTS *fts_open(char *const *paths, int options, int (*order)(const FTSENT **, const FTSENT **))
{
	return fail_whole(FAIL_READ, true, paths[0]) ? NULL : NEXT(fts_open)(paths, options, order);
}

FTSENT *fts_read(FTS *walk)
{
	return fail_whole(FAIL_READ, true, NULL) ? NULL : NEXT(fts_read)(walk);
}

/* --- names ----------------------------------------------------------------------------- */

char *realpath(const char *restrict path, char *restrict out)
{
	return fail_whole(FAIL_READ, true, path) ? NULL : NEXT(realpath)(path, out);
}

int remove(const char *path)
{
	return fail_removal(path) ? -1 : NEXT(remove)(path);
}

int mkostemp(char *path, int flags)
{
	return fail_whole(FAIL_WRITE, true, path) ? -1 : NEXT(mkostemp)(path, flags);
}

int mkostemp64(char *path, int flags)
{
	return mkostemp(path, flags);
}

char *mkdtemp(char *path)
{
	return fail_whole(FAIL_WRITE, true, path) ? NULL : NEXT(mkdtemp)(path);
}
