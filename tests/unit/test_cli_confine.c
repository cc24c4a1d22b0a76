/* What a daemon can still reach once it has shut its doors: each question is asked in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/landlock.h>

#include "cli/confine.h"
#include "cli/frame.h"
#include "tests/skip.h"

struct fixture {
	char dir[64], mine[96], other[96], late[96], link[96], file[128], linked[128];
};

static void put(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/sojourn-confine-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->mine, sizeof(f->mine), "%s/mine", f->dir);
	snprintf(f->other, sizeof(f->other), "%s/other", f->dir);
	snprintf(f->late, sizeof(f->late), "%s/mine/late/key", f->dir);
	snprintf(f->file, sizeof(f->file), "%s/other/file", f->dir);
	assert_int_equal(mkdir(f->mine, 0700), 0);
	assert_int_equal(mkdir(f->other, 0700), 0);
	snprintf(f->link, sizeof(f->link), "%s/mine/link", f->dir);
	snprintf(f->linked, sizeof(f->linked), "%s/other/linked", f->dir);
	put(f->file);
	put(f->linked);
	assert_int_equal(symlink(f->linked, f->link), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cli_tree_remove(f->dir);
	free(f);
	return 0;
}

/* --- what is asked: 0 when it went well, else errno ----------------------------------- */

static int reads(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? close(fd) : errno;
}

static int writes(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 ? close(fd) : errno;
}

static int removes(const char *path)
{
	return unlink(path) == 0 ? 0 : errno;
}

/* 200: it ran. */
static int runs(const char *path)
{
	execl(path, path, "-c", "exit 200", (char *)NULL);
	return errno;
}

static int local_socket(const char *path)
{
	(void)path;
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int web_socket(const char *path)
{
	(void)path;
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int odd_socket(const char *path)
{
	(void)path;
	return socket(AF_PACKET, SOCK_RAW, 0) >= 0 ? 0 : errno;
}

static int looks_into_the_parent(const char *path)
{
	char byte;
	struct {
		void *at;
		size_t n;
	} here = { &byte, 1 }, there = { &byte, 1 };

	(void)path;
	return syscall(SYS_process_vm_readv, getppid(), &here, 1, &there, 1, 0) >= 0 ? 0 : errno;
}

static int traces(const char *path)
{
	(void)path;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : errno;
}

static int new_space(const char *path)
{
	(void)path;
	return unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
}

static int new_code(const char *path)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)path;
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0)
		return 0;
	return mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? errno
		       : 0;
}

/* Asks in a child that is confined to `mine` (write), to `late` and `link` (read), and to the shell (run). */
static int ask(struct fixture *f, unsigned calls, int (*question)(const char *), const char *path)
{
	const struct cli_room rooms[] = { { CLI_ROOM_WRITE, f->mine },
					  { CLI_ROOM_READ, f->late },
					  { CLI_ROOM_RUN, "/bin/sh" },
					  { CLI_ROOM_READ, f->link },
					  { CLI_ROOM_READ, NULL } };
	struct cli cli = { .out = stdout, .err = stderr };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (cli_confine_files(&cli, rooms, 5) != 0 || cli_confine_calls(&cli, calls) != 0)
			_exit(255);
		_exit(question(path));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

#define NEEDS_LANDLOCK \
	if (!has_landlock()) \
	SKIP_BECAUSE("this kernel has no Landlock")

/* --- files ------------------------------------------------------------------------------ */

static void test_files_of_others_are_out_of_reach(void **state)
{
	struct fixture *f = *state;

	NEEDS_LANDLOCK;
	assert_int_equal(ask(f, 0, reads, f->file), EACCES);
	assert_int_equal(ask(f, 0, writes, f->file), EACCES);
	assert_int_equal(ask(f, 0, removes, f->file), EACCES);
	assert_int_equal(ask(f, 0, reads, "/proc/self/environ"),
#ifdef __SANITIZE_ADDRESS__
			 0);
#else
			 EACCES);
#endif
	assert_int_equal(access(f->file, R_OK), 0);
}

static void test_its_own_files_stay(void **state)
{
	struct fixture *f = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/new", f->mine);
	assert_int_equal(ask(f, 0, writes, path), 0);
	assert_int_equal(ask(f, 0, reads, path), 0);
	assert_int_equal(ask(f, 0, removes, path), 0);
	assert_int_equal(ask(f, 0, reads, "/etc/passwd"), 0);
	assert_int_equal(ask(f, 0, writes, "/dev/null"), 0);
}

static void test_the_system_is_to_be_read_only(void **state)
{
	NEEDS_LANDLOCK;
	assert_int_equal(ask(*state, 0, writes, "/usr/lib/sojourn-new"), EACCES);
	assert_int_equal(ask(*state, 0, writes, "/etc/sojourn-new"), EACCES);
}

/* A file of a directory that comes later is read: the directory above counts. */
static void test_what_is_not_there_yet_may_come(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, 0, reads, f->late), ENOENT);
}

static void test_where_a_named_link_leads_is_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, 0, reads, f->link), 0);
	NEEDS_LANDLOCK;
	assert_int_equal(ask(f, 0, writes, f->link), EACCES);
}

/* --- programs ------------------------------------------------------------------------------ */

static void test_no_program_is_started(void **state)
{
	assert_int_equal(ask(*state, 0, runs, "/bin/sh"), EPERM);
	assert_int_equal(ask(*state, CLI_CALLS_NETWORK, runs, "/bin/sh"), EPERM);
}

static void test_the_named_program_is_started(void **state)
{
	assert_int_equal(ask(*state, CLI_CALLS_RUN, runs, "/bin/sh"), 200);
}

static void test_another_program_is_not_started(void **state)
{
	NEEDS_LANDLOCK;
	assert_int_equal(ask(*state, CLI_CALLS_RUN, runs, "/bin/bash"), EACCES);
}

/* --- sockets, other processes, code --------------------------------------------------------- */

static void test_the_network_is_out_of_reach(void **state)
{
	assert_int_equal(ask(*state, 0, web_socket, NULL), EAFNOSUPPORT);
	assert_int_equal(ask(*state, 0, local_socket, NULL), 0);
	assert_int_equal(ask(*state, CLI_CALLS_NETWORK, web_socket, NULL), 0);
	assert_int_equal(ask(*state, CLI_CALLS_NETWORK, odd_socket, NULL), EAFNOSUPPORT);
}

static void test_other_processes_are_out_of_reach(void **state)
{
	assert_int_equal(ask(*state, ~0u, looks_into_the_parent, NULL), EPERM);
	assert_int_equal(ask(*state, ~0u, new_space, NULL), EPERM);
#ifndef __SANITIZE_ADDRESS__
	assert_int_equal(ask(*state, ~0u, traces, NULL), EPERM);
#else
	(void)traces;
#endif
}

static void test_no_code_is_made(void **state)
{
	assert_int_equal(ask(*state, ~0u, new_code, NULL), EPERM);
}

/* The counter's threads run when its calls are taken away. */
static void *wait_and_ask(void *user)
{
	while (!atomic_load((atomic_bool *)user))
		sched_yield();
	return web_socket(NULL) == EAFNOSUPPORT ? user : NULL;
}

static void test_threads_that_run_are_confined_as_well(void **state)
{
	struct cli cli = { .out = stdout, .err = stderr };
	atomic_bool go = false;
	pthread_t thread;
	void *refused = NULL;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (pthread_create(&thread, NULL, wait_and_ask, &go) != 0 ||
		    cli_confine_files(&cli, NULL, 0) != 0 || cli_confine_calls(&cli, 0) != 0)
			_exit(255);
		atomic_store(&go, true);
		pthread_join(thread, &refused);
		_exit(refused != NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

enum loading { LOADS, NEVER_LOADS, LOADS_NO_MEMORY };

static enum loading *loading(void)
{
	static enum loading how;

	return &how;
}

/* The linker knows them by these names (--wrap). */
__typeof__(seccomp_load) __real_seccomp_load, __wrap_seccomp_load;

/* As libseccomp does without memory; its time is up at once. */
int __wrap_seccomp_load(const scmp_filter_ctx filter)
{
	struct itimerval left = { .it_value = { 0 } };

	if (*loading() == LOADS)
		return __real_seccomp_load(filter);
	if (*loading() == LOADS_NO_MEMORY)
		return -ENOMEM;
	if (getitimer(ITIMER_VIRTUAL, &left) != 0 || left.it_value.tv_sec == 0)
		_exit(255);
	for (;;)
		raise(SIGVTALRM);
}

static void end_without_a_filter(enum loading how, int code)
{
	struct cli cli = { .out = stdout, .err = stderr };
	char said[256] = "";
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		*loading() = how;
		dup2(ends[1], STDERR_FILENO);
		_exit(cli_confine_calls(&cli, 0) == 0 ? 254 : 253);
	}
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == code);
	assert_non_null(strstr(said, "seccomp: There was not enough memory"));
	close(ends[0]);
}

static void test_a_filter_that_is_never_made_ends_the_program(void **state)
{
	(void)state;
	end_without_a_filter(NEVER_LOADS, 1);
	end_without_a_filter(LOADS_NO_MEMORY, 253);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_files_of_others_are_out_of_reach),
		CASE(test_its_own_files_stay),
		CASE(test_where_a_named_link_leads_is_read),
		CASE(test_the_system_is_to_be_read_only),
		CASE(test_what_is_not_there_yet_may_come),
		CASE(test_no_program_is_started),
		CASE(test_the_named_program_is_started),
		CASE(test_another_program_is_not_started),
		CASE(test_the_network_is_out_of_reach),
		CASE(test_other_processes_are_out_of_reach),
		CASE(test_no_code_is_made),
		CASE(test_threads_that_run_are_confined_as_well),
		CASE(test_a_filter_that_is_never_made_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
