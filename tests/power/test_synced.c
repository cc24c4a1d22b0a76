/*
 * test_synced.c -- whoever is told that a file was written finds it after a power cut: what was given a name
 * had been synced, and so has the folder of that name since.
 *
 * The names that are given and the syncs are noted on their way to libc (--wrap). The operations are those of the
 * sweeps (tests/failures), and what the programs write files with.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/frame.h"
#include "tests/failures/sweep.h"

#define NAMES 256u
#define FILES 512u

/* A file or a folder. */
struct node {
	dev_t device;
	ino_t inode;
};

static struct {
	bool noting;
	struct given {
		struct node folder;
		char name[80];
		bool synced; /* the folder, since */
	} names[NAMES];
	size_t n;
	struct node synced[FILES]; /* whose content is on the disk */
	size_t synced_n;
	unsigned unsynced; /* that were given a name all the same */
	char last[80]; /* of them */
} noted;

static bool same(struct node a, struct node b)
{
	return a.device == b.device && a.inode == b.inode;
}

static struct node node_of(const struct stat *st)
{
	return (struct node){ st->st_dev, st->st_ino };
}

/* Before a name is given to what has the name `from`. */
static void note_content(int dir, const char *from)
{
	struct stat st;
	bool found = false;

	if (!noted.noting || fstatat(dir, from, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(st.st_mode))
		return;
	for (size_t i = 0; i < noted.synced_n; i++)
		found = found || same(noted.synced[i], node_of(&st));
	if (!found) {
		noted.unsynced++;
		snprintf(noted.last, sizeof(noted.last), "%s", from);
	}
}

/* A file of a bundle that is still being fetched: its digest. What is lost is fetched again. */
static bool is_fetched(const char *name)
{
	return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;
}

static void note_name(int dir, const char *to)
{
	char folder[256];
	char *slash;
	struct stat st;

	if (!noted.noting || is_fetched(to))
		return;
	snprintf(folder, sizeof(folder), "%s", to);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder ? 1 : 0] = '\0';
	assert_int_equal(fstatat(dir, slash != NULL ? folder : ".", &st, 0), 0);
	assert_true(noted.n < NAMES);
	noted.names[noted.n] = (struct given){ .folder = node_of(&st) };
	snprintf(noted.names[noted.n].name, sizeof(noted.names[0].name), "%s", to);
	noted.n++;
}

static void note_sync(int fd)
{
	struct stat st;

	if (!noted.noting || fstat(fd, &st) != 0)
		return;
	for (size_t i = 0; i < noted.n; i++)
		if (same(noted.names[i].folder, node_of(&st)))
			noted.names[i].synced = true;
	if (S_ISREG(st.st_mode) && noted.synced_n < FILES)
		noted.synced[noted.synced_n++] = node_of(&st);
}

/* --- the calls ----------------------------------------------------------------------------------- */

__typeof__(open) __real_open, __wrap_open;
__typeof__(rename) __real_rename, __wrap_rename;
__typeof__(renameat) __real_renameat, __wrap_renameat;
__typeof__(link) __real_link, __wrap_link;
__typeof__(linkat) __real_linkat, __wrap_linkat;
__typeof__(fsync) __real_fsync, __wrap_fsync;
__typeof__(fdatasync) __real_fdatasync, __wrap_fdatasync;

static int named(int rc, int dir, const char *to)
{
	if (rc == 0)
		note_name(dir, to);
	return rc;
}

/* A new file has a name from the first. */
int __wrap_open(const char *path, int flags, ...)
{
	unsigned mode = 0;
	va_list rest;
	int fd;

	va_start(rest, flags);
	if (flags & O_CREAT)
		mode = va_arg(rest, unsigned);
	va_end(rest);
	fd = __real_open(path, flags, mode);
	if (fd >= 0 && (flags & O_EXCL))
		note_name(AT_FDCWD, path);
	return fd;
}

int __wrap_rename(const char *from, const char *to)
{
	note_content(AT_FDCWD, from);
	return named(__real_rename(from, to), AT_FDCWD, to);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	note_content(from_dir, from);
	return named(__real_renameat(from_dir, from, to_dir, to), to_dir, to);
}

int __wrap_link(const char *from, const char *to)
{
	note_content(AT_FDCWD, from);
	return named(__real_link(from, to), AT_FDCWD, to);
}

/* A second name of what had one: its content is as safe as it was. */
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	return named(__real_linkat(from_dir, from, to_dir, to, flags), to_dir, to);
}

int __wrap_fsync(int fd)
{
	note_sync(fd);
	return __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
	note_sync(fd);
	return __real_fdatasync(fd);
}

static void begin(void)
{
	memset(&noted, 0, sizeof(noted));
	noted.noting = true;
}

/* Success was told. */
static void end(const char *what, size_t least)
{
	noted.noting = false;
	if (noted.unsynced > 0)
		fail_msg("%s: %s was given a name before it was synced", what, noted.last);
	for (size_t i = 0; i < noted.n; i++)
		if (!noted.names[i].synced)
			fail_msg("%s: the folder of %s was not synced", what, noted.names[i].name);
	if (noted.n < least)
		fail_msg("%s: %zu names, not %zu", what, noted.n, least);
}

/* --- operations --------------------------------------------------------------------------------- */

static void operate(const struct operation *table, const char *name, size_t least)
{
	const struct operation *o = table;
	unsigned long rc;
	void *room = NULL;

	while (o->name != NULL && strcmp(o->name, name) != 0)
		o++;
	assert_non_null(o->name);
	assert_int_equal(o->open(&room), 0);
	if (o->ready)
		o->ready(room);
	begin();
	rc = o->run(room);
	assert_int_equal(rc, o->good);
	end(name, least);
	if (o->holds)
		assert_true(o->holds(room, rc));
	assert_int_equal(o->close(&room), 0);
}

static void the_trust_store(void **state)
{
	(void)state;
	operate(sweep_trust, "trust: import a CSCA", 2);
	operate(sweep_trust, "status: import a list", 2);
	operate(sweep_trust, "status: import a delta", 2);
	operate(sweep_trust, "status: note a head", 1);
	operate(sweep_trust, "bundle: take in", 2);
}

static void the_card(void **state)
{
	(void)state;
	operate(sweep_card, "card: create its file", 1);
}

static void files_of_the_programs(void **state)
{
	char folder[] = "/tmp/sojourn-synced-XXXXXX", path[64], command[64];
	struct cli cli = { .out = stdout, .err = stderr };

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	begin();
	assert_int_equal(cli_file_write(&cli, path, "abc", 3, 0600), 0);
	end("a file", 1);
	snprintf(path, sizeof(path), "%s/letter", folder);
	begin();
	assert_int_equal(cli_secret_write_letter(&cli, path, "abc", 3), 0);
	end("a letter", 1);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_trust_store),
		cmocka_unit_test(the_card),
		cmocka_unit_test(files_of_the_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
