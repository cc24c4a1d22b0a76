#include "tests/failures/fail.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct fail_plan the_plan;
static atomic_bool armed;
static atomic_int paused;
static atomic_ullong points, failed;
static atomic_llong alive;

void fail_arm(const struct fail_plan *plan)
{
	the_plan = *plan;
	points = failed = 0;
	paused = 0;
	armed = true;
}

uint64_t fail_disarm(void)
{
	armed = false;
	return points;
}

uint64_t fail_failed(void)
{
	return failed;
}

void fail_pause(void)
{
	paused++;
}

void fail_resume(void)
{
	paused--;
}

int64_t fail_alive(void)
{
	return alive;
}

void __sanitizer_print_stack_trace(void) __attribute__((weak));

static bool fails(enum fail_kind kind)
{
	uint64_t point;
	bool yes;

	if (!armed || paused != 0 || !(the_plan.kinds & kind))
		return false;
	point = ++points;
	yes = the_plan.at != 0 && (the_plan.ever ? point >= the_plan.at : point == the_plan.at);
	failed += yes;
	if (yes && the_plan.tell && __sanitizer_print_stack_trace) {
		paused++;
		__sanitizer_print_stack_trace();
		paused--;
	}
	return yes;
}

/* A call that does not move bytes: true if it fails now, with errno set. `close`: not by a signal. */
static bool fails_whole(enum fail_kind kind, bool closes)
{
	enum fail_how how = the_plan.how;

	if (how == FAIL_SHORT || (how == FAIL_EINTR && closes) || !fails(kind))
		return false;
	errno = how == FAIL_EINTR ? EINTR : how == FAIL_ENOSPC && kind == FAIL_WRITE ? ENOSPC : EIO;
	return true;
}

/* A call that moves n bytes: how many it may (0: fails, with errno set). */
static size_t may_move(enum fail_kind kind, size_t n)
{
	if (the_plan.how == FAIL_SHORT)
		return n > 1 && fails(kind) ? n / 2 : n;
	return fails_whole(kind, false) ? 0 : n;
}

/* --- memory -------------------------------------------------------------------- */

/* The sanitisers' own, where there are any. */
void *__interceptor_malloc(size_t n) __attribute__((weak));
void *__interceptor_calloc(size_t n, size_t each) __attribute__((weak));
void *__interceptor_realloc(void *old, size_t n) __attribute__((weak));
void __interceptor_free(void *p) __attribute__((weak));
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t each);
void *__libc_realloc(void *old, size_t n);
void __libc_free(void *p);

static bool no_memory(void)
{
	bool yes = fails(FAIL_MEMORY);

	if (yes)
		errno = ENOMEM;
	return yes;
}

static void *counted(void *p)
{
	alive += p != NULL;
	return p;
}

void *malloc(size_t n)
{
	if (no_memory())
		return NULL;
	return counted(__interceptor_malloc ? __interceptor_malloc(n) : __libc_malloc(n));
}

void *calloc(size_t n, size_t each)
{
	if (no_memory())
		return NULL;
	return counted(__interceptor_calloc ? __interceptor_calloc(n, each)
					    : __libc_calloc(n, each));
}

void *realloc(void *old, size_t n)
{
	void *p;

	if (n != 0 && no_memory())
		return NULL;
	p = __interceptor_realloc ? __interceptor_realloc(old, n) : __libc_realloc(old, n);
	alive += (old == NULL && p != NULL) - (old != NULL && n == 0);
	return p;
}

void free(void *p)
{
	alive -= p != NULL;
	if (__interceptor_free)
		__interceptor_free(p);
	else
		__libc_free(p);
}

char *strndup(const char *text, size_t most)
{
	size_t n = strnlen(text, most);
	char *copy = malloc(n + 1);

	if (copy != NULL) {
		memcpy(copy, text, n);
		copy[n] = '\0';
	}
	return copy;
}

char *strdup(const char *text)
{
	return strndup(text, SIZE_MAX);
}

/* The sanitiser asks where a new thread's stack is, and cannot do without the answer. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *out)
{
	int rc;

	fail_pause();
	rc = ((__typeof__(&pthread_getattr_np))dlsym(RTLD_NEXT, "pthread_getattr_np"))(thread, out);
	fail_resume();
	return rc;
}

/* --- files: system calls ----------------------------------------------------------- */

int openat(int folder, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list rest;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		va_end(rest);
	}
	if (fails_whole(flags & O_CREAT ? FAIL_WRITE : FAIL_READ, false))
		return -1;
	return (int)syscall(SYS_openat, folder, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list rest;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(rest, flags);
		mode = va_arg(rest, mode_t);
		va_end(rest);
	}
	return openat(AT_FDCWD, path, flags, mode);
}

ssize_t read(int fd, void *out, size_t n)
{
	size_t some = may_move(FAIL_READ, n);

	return some == 0 && n != 0 ? -1 : (ssize_t)syscall(SYS_read, fd, out, some);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
	size_t some = may_move(FAIL_WRITE, n);

	return some == 0 && n != 0 ? -1 : (ssize_t)syscall(SYS_write, fd, bytes, some);
}

ssize_t pread(int fd, void *out, size_t n, off_t at)
{
	size_t some = may_move(FAIL_READ, n);

	return some == 0 && n != 0 ? -1 : (ssize_t)syscall(SYS_pread64, fd, out, some, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	size_t some = may_move(FAIL_WRITE, n);

	return some == 0 && n != 0 ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, bytes, some, at);
}

#define WHOLE(kind, closes, ...) (fails_whole(kind, closes) ? -1 : (int)syscall(__VA_ARGS__))

/* No test of these pulls a plug: a disk is not waited for. */
int fsync(int fd)
{
	(void)fd;
	return fails_whole(FAIL_WRITE, false) ? -1 : 0;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int ftruncate(int fd, off_t length)
{
	return WHOLE(FAIL_WRITE, false, SYS_ftruncate, fd, length);
}

int rename(const char *from, const char *to)
{
	return WHOLE(FAIL_WRITE, true, SYS_rename, from, to);
}

int renameat(int a, const char *from, int b, const char *to)
{
	return WHOLE(FAIL_WRITE, true, SYS_renameat, a, from, b, to);
}

int link(const char *from, const char *to)
{
	return WHOLE(FAIL_WRITE, true, SYS_link, from, to);
}

int mkdir(const char *path, mode_t mode)
{
	return WHOLE(FAIL_WRITE, true, SYS_mkdir, path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
	return WHOLE(FAIL_WRITE, true, SYS_mkdirat, folder, path, mode);
}

/* Closes all the same, as Linux does. */
int close(int fd)
{
	bool bad = fails_whole(FAIL_WRITE, true);
	int error = errno, rc = (int)syscall(SYS_close, fd);

	if (!bad || rc != 0)
		return rc;
	errno = error;
	return -1;
}

/* --- other names of the same -------------------------------------------------------- */

/* What _FORTIFY_SOURCE and programs for large files call instead. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
ssize_t __read_chk(int fd, void *out, size_t n, size_t room);
ssize_t __pread_chk(int fd, void *out, size_t n, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *out, size_t n, off_t at, size_t room);

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int folder, const char *path, int flags, ...) __attribute__((alias("openat")));
ssize_t pread64(int fd, void *out, size_t n, off64_t at) __attribute__((alias("pread")));
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) __attribute__((alias("pwrite")));
int ftruncate64(int fd, off64_t length) __attribute__((alias("ftruncate")));

int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
	return open(path, flags);
}

int __openat_2(int folder, const char *path, int flags)
{
	return openat(folder, path, flags);
}

ssize_t __read_chk(int fd, void *out, size_t n, size_t room)
{
	if (n > room)
		abort();
	return read(fd, out, n);
}

ssize_t __pread_chk(int fd, void *out, size_t n, off_t at, size_t room)
{
	if (n > room)
		abort();
	return pread(fd, out, n, at);
}

ssize_t __pread64_chk(int fd, void *out, size_t n, off_t at, size_t room)
{
	return __pread_chk(fd, out, n, at, room);
}

/* --- files: streams, whose system calls libc makes inside ------------------------------ */

/* The function that this one stands before. */
#define NEXT(name) ((__typeof__(&name))next(#name))

static void *next(const char *name)
{
	void *f;

	fail_pause();
	f = dlsym(RTLD_NEXT, name);
	fail_resume();
	if (f == NULL)
		abort();
	return f;
}

FILE *fopen(const char *path, const char *mode)
{
	bool reads = mode[0] == 'r' && strchr(mode, '+') == NULL;

	return fails_whole(reads ? FAIL_READ : FAIL_WRITE, false) ? NULL : NEXT(fopen)(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

FILE *fdopen(int fd, const char *mode)
{
	return no_memory() ? NULL : NEXT(fdopen)(fd, mode);
}

/* As libc does it: the stream remembers that something failed. */
static int stream_failed(FILE *stream)
{
	stream->_flags |= 0x20; /* _IO_ERR_SEEN */
	return EOF;
}

size_t fread(void *out, size_t each, size_t n, FILE *stream)
{
	if (!fails_whole(FAIL_READ, false))
		return NEXT(fread)(out, each, n, stream);
	(void)stream_failed(stream);
	return 0;
}

char *fgets(char *out, int room, FILE *stream)
{
	if (!fails_whole(FAIL_READ, false))
		return NEXT(fgets)(out, room, stream);
	(void)stream_failed(stream);
	return NULL;
}

size_t fwrite(const void *bytes, size_t each, size_t n, FILE *stream)
{
	if (!fails_whole(FAIL_WRITE, false))
		return NEXT(fwrite)(bytes, each, n, stream);
	(void)stream_failed(stream);
	return 0;
}

int fflush(FILE *stream)
{
	if (stream != NULL && fails_whole(FAIL_WRITE, false))
		return stream_failed(stream);
	return NEXT(fflush)(stream);
}

int fclose(FILE *stream)
{
	bool bad = fails_whole(FAIL_WRITE, true);
	int error = errno, rc = NEXT(fclose)(stream);

	if (!bad || rc != 0)
		return rc;
	errno = error;
	return EOF;
}

DIR *opendir(const char *path)
{
	return fails_whole(FAIL_READ, false) ? NULL : NEXT(opendir)(path);
}

struct dirent *readdir(DIR *folder)
{
	return fails_whole(FAIL_READ, true) ? NULL : NEXT(readdir)(folder);
}

struct dirent64 *readdir64(DIR *folder)
{
	return fails_whole(FAIL_READ, true) ? NULL : NEXT(readdir64)(folder);
}

int stat(const char *restrict path, struct stat *restrict out)
{
	return fails_whole(FAIL_READ, true) ? -1
					    : (int)syscall(SYS_newfstatat, AT_FDCWD, path, out, 0);
}

int fstat(int fd, struct stat *out)
{
	return fails_whole(FAIL_READ, true) ? -1 : (int)syscall(SYS_fstat, fd, out);
}
