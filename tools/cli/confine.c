#include "cli/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/landlock.h>

#include "cli/child.h"

/* --- files: Landlock (kernel documentation, userspace-api/landlock) -------------------- */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_RUN (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
#define FS_FILE \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
	 LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define FS_REFER (1ull << 13) /* since its second version; */
#define FS_TRUNCATE (1ull << 14) /* since its third */
#define FS_FIRST (FS_REFER - 1)

/* What this kernel can refuse; 0: nothing. False: somebody keeps us from asking it. */
static bool ask_kernel(uint64_t *all)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	*all = 0;
	if (version <= 0)
		return errno == ENOSYS || errno == EOPNOTSUPP;
	*all = FS_FIRST | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0);
	return true;
}

/* One step up; false: there is none. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (strcmp(path, "/") == 0 || strcmp(path, ".") == 0 || path[0] == '\0')
		return false;
	if (slash == NULL)
		memcpy(path, ".", sizeof(".")); /* a name has at least a character */
	else
		slash[slash == path ? 1 : 0] = '\0';
	return true;
}

/* The directory of a file, and the one above what is not there: only the next, to write in. */
static int open_room(const char *path, enum cli_room_use use)
{
	int flags = O_PATH | O_CLOEXEC | (use == CLI_ROOM_RUN ? 0 : O_DIRECTORY), fd;
	char *up = strdup(path);
	unsigned steps = use == CLI_ROOM_READ ? 64 : use == CLI_ROOM_WRITE ? 1 : 0;

	if (up == NULL)
		return -1;
	fd = open(up, flags);
	while (fd < 0 && steps-- > 0 && go_up(up))
		fd = open(up, flags);
	free(up);
	return fd;
}

static bool add_rule(int rules, int fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };
	bool ok = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;

	close(fd);
	return ok;
}

static bool add_room(int rules, uint64_t all, const struct cli_room *room)
{
	static const uint64_t access[] = { FS_READ, ~0ull & ~LANDLOCK_ACCESS_FS_EXECUTE, FS_RUN };
	int fd = room->path != NULL ? open_room(room->path, room->use) : -1;
	int led = fd >= 0 && room->use == CLI_ROOM_READ ? open(room->path, O_PATH | O_CLOEXEC) : -1;

	/* Where a link leads, /dev/stdin too. What cannot be named so, such as a pipe, is not refused. */
	if (led >= 0)
		(void)add_rule(rules, led, LANDLOCK_ACCESS_FS_READ_FILE & all);
	return fd < 0 || add_rule(rules, fd, access[room->use] & all);
}

/* The loader that the kernel starts for programs such as this one. */
static int find_loader(struct dl_phdr_info *info, size_t size, void *user)
{
	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_INTERP)
			*(const char **)user =
				(const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	}
	return 1; /* the program itself is the first */
}

static bool add_system(int rules, uint64_t all, bool runs)
{
	static const char *const places[] = { "/usr", "/lib", "/lib64", "/etc" };
	/* Who manages the network keeps it elsewhere: its folder, as it is replaced. */
	char *resolver = realpath("/etc/resolv.conf", NULL);
	const char *loader = NULL;
	int null = open("/dev/null", O_PATH | O_CLOEXEC);
	bool ok = null < 0 || add_rule(rules, null, all & FS_FILE & ~LANDLOCK_ACCESS_FS_EXECUTE);

	for (size_t i = 0; ok && i < sizeof(places) / sizeof(places[0]); i++) {
		if (access(places[i], F_OK) == 0)
			ok = add_room(rules, all, &(struct cli_room){ CLI_ROOM_READ, places[i] });
	}
	ok = ok && add_room(rules, all, &(struct cli_room){ CLI_ROOM_READ, resolver });
	free(resolver);
	if (runs)
		dl_iterate_phdr(find_loader, &loader);
#ifdef __SANITIZE_ADDRESS__
	ok = ok && add_room(rules, all, &(struct cli_room){ CLI_ROOM_READ, "/proc" });
#endif
	return ok && add_room(rules, all, &(struct cli_room){ CLI_ROOM_RUN, loader });
}

/* Where this program and what it needs are installed: libraries beside libexec. */
static bool add_own(int rules, uint64_t all)
{
	char *share = cli_share_path("../../lib");
	bool ok = add_room(rules, all, &(struct cli_room){ CLI_ROOM_READ, share });

	free(share);
	return ok;
}

static bool restrict_files(const struct cli_room *rooms, size_t n, uint64_t all)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = all };
	long rules = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	bool ok = rules >= 0, runs = false;

	for (size_t i = 0; ok && i < n; i++) {
		runs |= rooms[i].use == CLI_ROOM_RUN;
		ok = add_room((int)rules, all, &rooms[i]);
	}
	ok = ok && add_system((int)rules, all, runs) && add_own((int)rules, all) &&
	     syscall(SYS_landlock_restrict_self, (int)rules, 0) == 0;
	if (rules >= 0)
		close((int)rules);
	return ok;
}

int cli_confine_files(struct cli *cli, const struct cli_room *rooms, size_t n)
{
	uint64_t all = 0;
	bool ok = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ask_kernel(&all);

	/* Where SQLite spills: /var/tmp is not ours any more. */
	for (size_t i = 0; i < n; i++) {
		if (rooms[i].use == CLI_ROOM_WRITE && rooms[i].path != NULL)
			(void)setenv("SQLITE_TMPDIR", rooms[i].path, 0);
	}
	if (ok && all == 0)
		cli_debug(cli, "the kernel has no Landlock: only owners guard files");
	if (ok && (all == 0 || restrict_files(rooms, n, all)))
		return 0;
	return cli_fail(cli, SJ_INTERNAL,
			"Landlock: %s: a unit or container around this program has to allow it "
			"seccomp() and the calls of landlock(7)",
			strerror(errno));
}

/* --- calls: seccomp ------------------------------------------------------------------------ */

static bool refuse(scmp_filter_ctx f, int error, int call)
{
	return seccomp_rule_add(f, SCMP_ACT_ERRNO((uint32_t)error), call, 0) == 0;
}

static bool refuse_bits(scmp_filter_ctx f, int call, unsigned argument, uint64_t bits)
{
	return seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), call, 1,
				SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, bits, bits)) == 0;
}

static bool refuse_always(scmp_filter_ctx f)
{
	static const int calls[] = {
#ifndef __SANITIZE_ADDRESS__ /* its report of leaks attaches to the process */
		SCMP_SYS(ptrace),
#endif
		SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev),
		SCMP_SYS(pidfd_getfd),
		SCMP_SYS(kcmp),
		SCMP_SYS(mount),
		SCMP_SYS(umount2),
		SCMP_SYS(pivot_root),
		SCMP_SYS(chroot),
		SCMP_SYS(unshare),
		SCMP_SYS(setns),
		SCMP_SYS(bpf),
		SCMP_SYS(perf_event_open),
		SCMP_SYS(userfaultfd),
		SCMP_SYS(io_uring_setup),
		SCMP_SYS(io_uring_enter),
		SCMP_SYS(io_uring_register),
		SCMP_SYS(keyctl),
		SCMP_SYS(add_key),
		SCMP_SYS(request_key),
		SCMP_SYS(kexec_load),
		SCMP_SYS(init_module),
		SCMP_SYS(finit_module),
		SCMP_SYS(delete_module),
		SCMP_SYS(open_by_handle_at),
		SCMP_SYS(mknod),
		SCMP_SYS(mknodat),
		SCMP_SYS(personality),
		SCMP_SYS(settimeofday),
		SCMP_SYS(clock_settime),
		SCMP_SYS(quotactl),
		SCMP_SYS(swapon),
		SCMP_SYS(reboot),
		SCMP_SYS(acct),
	};
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(calls) / sizeof(calls[0]); i++)
		ok = refuse(f, EPERM, calls[i]);
	return ok;
}

/* Its arguments cannot be looked at: the C library goes back to clone(). */
static bool refuse_namespaces(scmp_filter_ctx f)
{
	static const uint64_t spaces[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,
					   CLONE_NEWNET,  CLONE_NEWUTS, CLONE_NEWIPC };
	bool ok = refuse(f, ENOSYS, SCMP_SYS(clone3));

	for (size_t i = 0; ok && i < sizeof(spaces) / sizeof(spaces[0]); i++)
		ok = refuse_bits(f, SCMP_SYS(clone), 0, spaces[i]);
	return ok;
}

static bool refuse_new_code(scmp_filter_ctx f)
{
	return refuse_bits(f, SCMP_SYS(mmap), 2, PROT_WRITE | PROT_EXEC) &&
	       refuse_bits(f, SCMP_SYS(mprotect), 2, PROT_EXEC);
}

/* Local ones always; what there is of the network when it is allowed; nothing else. */
static bool refuse_sockets(scmp_filter_ctx f, bool network)
{
	const uint32_t no = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	bool ok = true;

	for (int family = 0; ok && family < AF_MAX; family++) {
		if (family == AF_UNIX ||
		    (network && (family == AF_INET || family == AF_INET6 || family == AF_NETLINK)))
			continue;
		ok = seccomp_rule_add(f, no, SCMP_SYS(socket), 1,
				      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family, 0)) == 0;
	}
	return ok &&
	       seccomp_rule_add(f, no, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GE, AF_MAX, 0)) == 0;
}

static void say_no_memory(int number)
{
	static const char said[] =
		"sojourn: seccomp: There was not enough memory. Close other programs or raise the "
		"limit, then repeat. [SJ-0102]\n";

	(void)number;
	(void)!write(STDERR_FILENO, said, sizeof(said) - 1);
	_exit(1);
}

/*
 * libseccomp 2.5 goes round for ever when it cannot have memory for the program that it makes. That takes
 * 10 ms of the processor; 2 s are the end.
 */
static int load(scmp_filter_ctx f)
{
	const struct itimerval most = { .it_value = { .tv_sec = 2 } }, none = { .it_value = { 0 } };
	const struct sigaction ends = { .sa_handler = say_no_memory };
	struct sigaction before;
	int rc;

	if (sigaction(SIGVTALRM, &ends, &before) != 0 ||
	    setitimer(ITIMER_VIRTUAL, &most, NULL) != 0)
		return -errno;
	rc = seccomp_load(f);
	(void)setitimer(ITIMER_VIRTUAL, &none, NULL);
	(void)sigaction(SIGVTALRM, &before, NULL);
	return rc;
}

int cli_confine_calls(struct cli *cli, unsigned allowed)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int rc = f != NULL ? 0 : -ENOMEM;

	if (rc == 0)
		rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0 && !(refuse_always(f) && refuse_namespaces(f) && refuse_new_code(f) &&
			 refuse_sockets(f, (allowed & CLI_CALLS_NETWORK) != 0)))
		rc = -ENOMEM;
	if (rc == 0 && (allowed & CLI_CALLS_RUN) == 0 &&
	    !(refuse(f, EPERM, SCMP_SYS(execve)) && refuse(f, EPERM, SCMP_SYS(execveat))))
		rc = -ENOMEM;
	if (rc == 0)
		rc = load(f);
	seccomp_release(f);
	if (rc == -ENOMEM)
		return cli_fail(cli, SJ_NO_MEMORY, "seccomp");
	return rc == 0 ? 0 : cli_fail(cli, SJ_INTERNAL, "seccomp: %s", strerror(-rc));
}
