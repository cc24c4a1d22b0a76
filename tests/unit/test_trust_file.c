/* Files of the trust store on disks that take a little at a time, or keep nothing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "trust/store.h"

static const uint8_t content[] = "what the file is to hold";

static int no_look; /* errno of the next one */

__typeof__(fstatat) __real_fstatat, __wrap_fstatat;
int __wrap_fstatat(int dir, const char *restrict path, struct stat *restrict out, int flags)
{
	const int fails = no_look;

	no_look = 0;
	if (fails == 0)
		return __real_fstatat(dir, path, out, flags);
	errno = fails;
	return -1;
}

struct place {
	char path[32];
	int dir;
	struct sj_trust_io io;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	strcpy(p->path, "/tmp/sojourn-disk-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY);
	p->io = sj_trust_io_system();
	*state = p;
	return p->dir < 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	unlinkat(p->dir, "file", 0);
	close(p->dir);
	assert_int_equal(rmdir(p->path), 0); /* nothing temporary is left */
	free(p);
	return 0;
}

static ssize_t write_a_little(void *self, int fd, const void *bytes, size_t n)
{
	(void)self;
	return write(fd, bytes, n < 7 ? n : 7);
}

static ssize_t write_nothing_more(void *self, int fd, const void *bytes, size_t n)
{
	if (lseek(fd, 0, SEEK_CUR) == 0)
		return write_a_little(self, fd, bytes, n);
	errno = ENOSPC;
	return -1;
}

static int sync_nothing(void *self, int fd)
{
	(void)self;
	(void)fd;
	errno = EIO;
	return -1;
}

static void what_is_written_in_pieces_is_whole(void **state)
{
	struct place *p = *state;
	struct sj_trust_file file;

	p->io.write = write_a_little;
	assert_int_equal(sj_trust_replace(&p->io, p->dir, "file", SJ_SPAN_OF(content)), SJ_OK);
	assert_int_equal(sj_trust_read(p->dir, "file", 100, &file), SJ_OK);
	assert_int_equal(file.len, sizeof(content));
	assert_memory_equal(file.bytes, content, sizeof(content));
	sj_trust_file_free(&file);
}

static void a_full_disk_leaves_no_part(void **state)
{
	struct place *p = *state;

	p->io.write = write_nothing_more;
	assert_int_equal(sj_trust_write(&p->io, p->dir, "file", SJ_SPAN_OF(content)),
			 SJ_OUTPUT_FAILED);
	assert_int_not_equal(faccessat(p->dir, "file", F_OK, 0), 0);
}

static void what_the_disk_does_not_keep_takes_no_name(void **state)
{
	struct place *p = *state;

	p->io.fsync = sync_nothing;
	assert_int_equal(sj_trust_write(&p->io, p->dir, "file", SJ_SPAN_OF(content)),
			 SJ_OUTPUT_FAILED);
	assert_int_not_equal(faccessat(p->dir, "file", F_OK, 0), 0);
}

static void a_look_that_fails_says_why(void **state)
{
	static const struct {
		int error;
		enum sj_rc rc;
	} looks[] = {
		{ ENOMEM, SJ_NO_MEMORY },
		{ EACCES, SJ_FILE_PERMISSION },
		{ ENOTDIR, SJ_TRUST_UNREADABLE },
		{ EIO, SJ_TRUST_UNREADABLE },
	};
	struct place *p = *state;
	bool there = true;

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		no_look = looks[i].error;
		assert_int_equal(sj_trust_there(p->dir, "file", &there), looks[i].rc);
	}
	assert_int_equal(sj_trust_there(p->dir, "file", &there), SJ_OK);
	assert_false(there);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_written_in_pieces_is_whole),
		CASE(a_full_disk_leaves_no_part),
		CASE(what_the_disk_does_not_keep_takes_no_name),
		CASE(a_look_that_fails_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
