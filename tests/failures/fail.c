#include "tests/failures/points.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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

static bool ends_so(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && strcmp(path + n - m, end) == 0;
}

/* path: what the call names, or NULL. */
static bool fails(enum fail_kind kind, const char *path)
{
	uint64_t point;
	bool yes;

	if (!armed || paused != 0 || !(the_plan.kinds & kind) ||
	    (the_plan.only != NULL && (path == NULL || !ends_so(path, the_plan.only))))
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

bool fail_whole(enum fail_kind kind, bool closes, const char *path)
{
	enum fail_how how = the_plan.how;

	if (how == FAIL_SHORT || (how == FAIL_EINTR && closes) || !fails(kind, path))
		return false;
	errno = how == FAIL_EINTR ? EINTR : how == FAIL_ENOSPC && kind == FAIL_WRITE ? ENOSPC : EIO;
	return true;
}

/* A call that moves n bytes: how many it may (0: fails, with errno set). */
static size_t may_move(enum fail_kind kind, size_t n)
{
	if (the_plan.how == FAIL_SHORT)
		return n > 1 && fails(kind, NULL) ? n / 2 : n;
	return fail_whole(kind, false, NULL) ? 0 : n;
}

bool fail_memory(int error)
{
	bool yes = fails(FAIL_MEMORY, NULL);

	if (yes)
		errno = error;
	return yes;
}

void *fail_next(const char *name)
{
	void *f;

	fail_pause();
	f = dlsym(RTLD_NEXT, name);
	fail_resume();
	if (f == NULL)
		abort();
	return f;
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

static void *counted(void *p)
{
	alive += p != NULL;
	return p;
}

void *malloc(size_t n)
{
	if (fail_memory(ENOMEM))
		return NULL;
	return counted(__interceptor_malloc ? __interceptor_malloc(n) : __libc_malloc(n));
}

void *calloc(size_t n, size_t each)
{
	if (fail_memory(ENOMEM))
		return NULL;
	return counted(__interceptor_calloc ? __interceptor_calloc(n, each)
					    : __libc_calloc(n, each));
}

void *realloc(void *old, size_t n)
{
	void *p;

	if (n != 0 && fail_memory(ENOMEM))
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
	rc = NEXT(pthread_getattr_np)(thread, out);
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
	if (fail_whole(flags & O_CREAT ? FAIL_WRITE : FAIL_READ, false, path))
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

ssize_t readv(int fd, const struct iovec *parts, int n)
{
	return fail_whole(FAIL_READ, false, NULL) ? -1 : (ssize_t)syscall(SYS_readv, fd, parts, n);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
	return fail_whole(FAIL_WRITE, false, NULL) ? -1
						   : (ssize_t)syscall(SYS_writev, fd, parts, n);
}

#define WHOLE(kind, closes, path, ...) \
	(fail_whole(kind, closes, path) ? -1 : (int)syscall(__VA_ARGS__))

/* No test of these pulls a plug: a disk is not waited for. */
int fsync(int fd)
{
	(void)fd;
	return fail_whole(FAIL_WRITE, false, NULL) ? -1 : 0;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int ftruncate(int fd, off_t length)
{
	return WHOLE(FAIL_WRITE, false, NULL, SYS_ftruncate, fd, length);
}

int posix_fallocate(int fd, off_t at, off_t length)
{
	return fail_whole(FAIL_WRITE, false, NULL)              ? errno
	       : syscall(SYS_fallocate, fd, 0, at, length) != 0 ? errno
								: 0;
}

off_t lseek(int fd, off_t at, int whence)
{
	return fail_whole(FAIL_READ, true, NULL) ? -1 : (off_t)syscall(SYS_lseek, fd, at, whence);
}

int flock(int fd, int how)
{
	return WHOLE(FAIL_READ, (how & LOCK_UN) != 0, NULL, SYS_flock, fd, how);
}

/* Locks, and copies; flags of what is open are always set. */
int fcntl(int fd, int what, ...)
{
	const bool copies = what == F_DUPFD || what == F_DUPFD_CLOEXEC;
	const bool locks = what == F_SETLK || what == F_SETLKW || what == F_GETLK;
	va_list rest;
	void *with;

	va_start(rest, what);
	with = va_arg(rest, void *);
	va_end(rest);
	if ((copies && fail_memory(EMFILE)) || (locks && fail_whole(FAIL_READ, true, NULL)))
		return -1;
	return (int)syscall(SYS_fcntl, fd, what, with);
}

ssize_t getrandom(void *out, size_t n, unsigned flags)
{
	return fail_whole(FAIL_READ, true, NULL) ? -1
						 : (ssize_t)syscall(SYS_getrandom, out, n, flags);
}

int getentropy(void *out, size_t n)
{
	return getrandom(out, n, 0) == (ssize_t)n ? 0 : -1;
}

int fchmod(int fd, mode_t mode)
{
	return WHOLE(FAIL_WRITE, true, NULL, SYS_fchmod, fd, mode);
}

int chown(const char *path, uid_t user, gid_t group)
{
	return WHOLE(FAIL_WRITE, true, path, SYS_fchownat, AT_FDCWD, path, user, group, 0);
}

int renameat(int a, const char *from, int b, const char *to)
{
	return WHOLE(FAIL_WRITE, true, to, SYS_renameat, a, from, b, to);
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
	return WHOLE(FAIL_WRITE, true, to, SYS_linkat, a, from, b, to, flags);
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

bool fail_removal(const char *path)
{
	return the_plan.how != FAIL_ENOSPC && fail_whole(FAIL_WRITE, true, path);
}

int unlinkat(int folder, const char *path, int flags)
{
	return fail_removal(path) ? -1 : (int)syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
	return WHOLE(FAIL_WRITE, true, path, SYS_mkdirat, folder, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* Where flags are given libc has its own way. */
int faccessat(int folder, const char *path, int mode, int flags)
{
	return fail_whole(FAIL_READ, true, path) ? -1
	       : flags != 0                      ? NEXT(faccessat)(folder, path, mode, flags)
						 : (int)syscall(SYS_faccessat, folder, path, mode);
}

int access(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, 0);
}

int fstatat(int folder, const char *restrict path, struct stat *restrict out, int flags)
{
	return WHOLE(FAIL_READ, true, path, SYS_newfstatat, folder, path, out, flags);
}

int stat(const char *restrict path, struct stat *restrict out)
{
	return fstatat(AT_FDCWD, path, out, 0);
}

int lstat(const char *restrict path, struct stat *restrict out)
{
	return fstatat(AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *out)
{
	return WHOLE(FAIL_READ, true, NULL, SYS_fstat, fd, out);
}

/* Closes all the same, as Linux does. */
int close(int fd)
{
	bool bad = fail_whole(FAIL_WRITE, true, NULL);
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
off64_t lseek64(int fd, off64_t at, int whence) __attribute__((alias("lseek")));
int posix_fallocate64(int fd, off64_t at, off64_t n) __attribute__((alias("posix_fallocate")));
int fcntl64(int fd, int what, ...) __attribute__((alias("fcntl")));

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
