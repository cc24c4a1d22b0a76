/* confined.c -- a process that can compute and write, and nothing else. */
#include "cli/confined.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>

static bool limit(__rlimit_resource_t what, rlim_t most)
{
	const struct rlimit both = { most, most };

	return setrlimit(what, &both) == 0;
}

/* Sanitizers map terabytes that nobody uses. */
static bool limit_memory(size_t most)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	(void)most;
	return true;
#else
	return limit(RLIMIT_AS, most);
#endif
}

/* All that the kernel knows of files, and no rule that allows any. */
static bool landlock(void)
{
	struct landlock_ruleset_attr all = { .handled_access_fs =
						     (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	long fd = syscall(SYS_landlock_create_ruleset, &all, sizeof(all.handled_access_fs), 0);
	bool ok;

	if (fd < 0) /* an old kernel, or switched off: seccomp stands alone */
		return errno == ENOSYS || errno == EOPNOTSUPP;
	ok = syscall(SYS_landlock_restrict_self, (int)fd, 0) == 0;
	close((int)fd);
	return ok;
}

/* Memory that is private to us and never runs as code. */
static bool allow_memory(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
				SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)) == 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
}

static bool filter_calls(void)
{
	static const int calls[] = {
		SCMP_SYS(write),     SCMP_SYS(exit),         SCMP_SYS(exit_group),
		SCMP_SYS(brk),       SCMP_SYS(munmap),       SCMP_SYS(mremap),
		SCMP_SYS(madvise),   SCMP_SYS(rt_sigreturn), SCMP_SYS(futex),
		SCMP_SYS(fstat),     SCMP_SYS(newfstatat),   SCMP_SYS(lseek),
		SCMP_SYS(getrandom), SCMP_SYS(sigaltstack),
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = filter != NULL && allow_memory(filter);

	for (size_t i = 0; ok && i < sizeof(calls) / sizeof(calls[0]); i++)
		ok = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) == 0;
	/* stdio asks whether it writes to a terminal: no. */
	ok = ok && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0) == 0;
	ok = ok && seccomp_load(filter) == 0;
	seccomp_release(filter);
	return ok;
}

uint8_t *cli_confined_input(size_t most, size_t *len)
{
	uint8_t *bytes = malloc(most + 1);
	ssize_t got = 1;

	for (*len = 0; bytes != NULL && got > 0 && *len <= most; *len += (size_t)got) {
		got = read(STDIN_FILENO, bytes + *len, most + 1 - *len);
		if (got < 0)
			break;
	}
	if (*len > most)
		*len = 0;
	return bytes;
}

bool cli_confine_self(size_t memory, unsigned seconds)
{
	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_CPU, seconds) && limit_memory(memory) &&
	       prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && landlock() && filter_calls();
}
