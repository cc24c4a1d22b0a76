/* scarce.c -- memory that is mapped, descriptors, processes and threads: the system may have none left. */
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/failures/points.h"

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t from)
{
	if (fail_memory(ENOMEM))
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, n, protection, flags, fd, from); // NOLINT
}

int dup(int fd)
{
	return fail_memory(EMFILE) ? -1 : (int)syscall(SYS_dup, fd);
}

int pipe2(int fds[2], int flags)
{
	return fail_memory(EMFILE) ? -1 : (int)syscall(SYS_pipe2, fds, flags);
}

int pipe(int fds[2])
{
	return pipe2(fds, 0);
}

int eventfd(unsigned count, int flags)
{
	return fail_memory(EMFILE) ? -1 : (int)syscall(SYS_eventfd2, count, flags);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
	return fail_memory(EMFILE) ? -1 : (int)syscall(SYS_socketpair, domain, type, protocol, fds);
}

int signalfd(int fd, const sigset_t *set, int flags)
{
	return fail_memory(EMFILE) ? -1 : NEXT(signalfd)(fd, set, flags);
}

int inotify_init1(int flags)
{
	return fail_memory(EMFILE) ? -1 : (int)syscall(SYS_inotify_init1, flags);
}

int memfd_create(const char *name, unsigned flags)
{
	return fail_memory(EMFILE) ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

int pidfd_open(pid_t pid, unsigned flags)
{
	return fail_memory(EMFILE) ? -1 : (int)syscall(SYS_pidfd_open, pid, flags);
}

int posix_spawnp(pid_t *restrict pid, const char *restrict program,
		 const posix_spawn_file_actions_t *restrict files,
		 const posix_spawnattr_t *restrict how, char *const *restrict argv,
		 char *const *restrict environment)
{
	return fail_memory(EAGAIN)
		       ? EAGAIN
		       : NEXT(posix_spawnp)(pid, program, files, how, argv, environment);
}

pid_t fork(void)
{
	return fail_memory(EAGAIN) ? -1 : NEXT(fork)();
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *user)
{
	return fail_memory(EAGAIN) ? EAGAIN : NEXT(pthread_create)(thread, how, run, user);
}

void *mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t from)
	__attribute__((alias("mmap")));

int inotify_add_watch(int fd, const char *path, uint32_t what)
{
	return fail_whole(FAIL_READ, true, path)
		       ? -1
		       : (int)syscall(SYS_inotify_add_watch, fd, path, what);
}
