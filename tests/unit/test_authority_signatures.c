/* The record of signatures: before the fact, chained, and what a power cut leaves of it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "authority/keystore.h"
#include "authority/signatures.h"
#include "cli/frame.h"

static bool no_write, no_sync; /* the next one fails */
static off_t synced; /* what the last one that did not fail had kept */

__typeof__(cli_write_all) __real_cli_write_all, __wrap_cli_write_all;
bool __wrap_cli_write_all(int fd, const void *bytes, size_t len)
{
	const bool fails = no_write;

	no_write = false;
	return __real_cli_write_all(fd, bytes, fails ? len / 2 : len) && !fails;
}

__typeof__(fdatasync) __real_fdatasync, __wrap_fdatasync;
int __wrap_fdatasync(int fd)
{
	const bool fails = no_sync;

	no_sync = false;
	if (!fails)
		synced = lseek(fd, 0, SEEK_END);
	return fails ? -1 : __real_fdatasync(fd);
}

struct fixture {
	struct cli cli;
	struct authority a;
	char *err;
	size_t err_len;
	char dir[40], log[60];
	size_t total; /* of what signatures_check() counted */
	char last[64]; /* key and purpose of its last line */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/sojourn-signed-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->log, sizeof(f->log), "%s/signatures.log", f->dir);
	f->cli.out = stdout;
	f->cli.err = open_memstream(&f->err, &f->err_len);
	f->a = (struct authority){ .cli = &f->cli,
				   .directory = f->dir,
				   .lock = -1,
				   .state = json_object(),
				   .keys = keystore_new(&f->cli) };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	keystore_release(f->a.keys);
	fclose(f->cli.err);
	free(f->err);
	json_decref(f->a.state);
	cli_tree_remove(f->dir);
	free(f);
	return 0;
}

static void count(void *user, const struct signature_row *row)
{
	struct fixture *f = user;

	f->total += row->count;
	snprintf(f->last, sizeof(f->last), "%s %s", row->key, row->purpose);
}

/* Lines that hold; SIZE_MAX: the chain does not. */
static size_t check(struct fixture *f)
{
	uint8_t chain[SIGNATURES_CHAIN];
	size_t records = 0;

	f->total = 0;
	if (signatures_check(&f->a, count, f, &records, chain) != 0)
		return SIZE_MAX;
	return records;
}

/* Signs n messages with one key. */
static void sign_only(struct fixture *f, const char *name, size_t n)
{
	uint8_t signature[SJ_EC_SIGNATURE_MAX];
	struct sj_key *key = NULL;

	assert_int_equal(authority_key_make(&f->a, name, "P-256", &key), 0);
	for (size_t i = 0; i < n; i++) {
		struct sj_writer w = SJ_WRITER_OF(signature);

		assert_true(sj_key_sign_plain(key, SJ_SPAN_STR("a"), &w));
	}
	sj_key_free(key);
}

/* The same, and records it. */
static void sign(struct fixture *f, const char *name, size_t n)
{
	sign_only(f, name, n);
	assert_int_equal(signatures_flush(&f->a), 0);
}

static off_t size_of(const struct fixture *f)
{
	int fd = open(f->log, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);

	close(fd);
	return size;
}

static void a_key_s_uses_are_one_line(void **state)
{
	struct fixture *f = *state;

	sign(f, "gate-ca-1", 56);
	assert_int_equal(check(f), 1);
	assert_int_equal(f->total, 56);
	assert_string_equal(f->last, "gate-ca-1 credential");
	sign(f, "csca-1", 1);
	assert_int_equal(check(f), 2);
	assert_string_equal(f->last, "csca-1 certificate");
}

static void many_uses_are_several_lines(void **state)
{
	struct fixture *f = *state;

	sign(f, "gate-ca-1", 600);
	assert_int_equal(check(f), 3);
	assert_int_equal(f->total, 600);
}

static void what_it_was_for_is_said(void **state)
{
	struct fixture *f = *state;

	signatures_for(&f->a, "CRL");
	sign(f, "csca-1", 1);
	assert_int_equal(check(f), 1);
	assert_string_equal(f->last, "csca-1 CRL");
	signatures_for(&f->a, NULL);
	sign(f, "csca-2", 1);
	assert_int_equal(check(f), 2);
	assert_string_equal(f->last, "csca-2 certificate");
}

static void every_altered_byte_is_found(void **state)
{
	struct fixture *f = *state;
	int fd;

	sign(f, "signer-1", 1);
	sign(f, "signer-2", 1);
	fd = open(f->log, O_RDWR);
	for (off_t i = 0; i < size_of(f); i++) {
		char was, altered;

		assert_int_equal(pread(fd, &was, 1, i), 1);
		altered = (char)(was ^ 1);
		assert_int_equal(pwrite(fd, &altered, 1, i), 1);
		/* Without its newline the last line is one that a power cut left. */
		if (i == size_of(f) - 1)
			assert_int_equal(check(f), 1);
		else
			assert_int_equal(check(f), SIZE_MAX);
		assert_int_equal(pwrite(fd, &was, 1, i), 1);
	}
	close(fd);
	assert_int_equal(check(f), 2);
}

static void a_line_taken_out_is_found(void **state)
{
	struct fixture *f = *state;
	char bytes[1024];
	off_t one, all;
	int fd;

	sign(f, "signer-1", 1);
	one = size_of(f);
	sign(f, "signer-2", 1);
	all = size_of(f);
	fd = open(f->log, O_RDWR);
	assert_int_equal(pread(fd, bytes, sizeof(bytes), one), all - one);
	assert_int_equal(pwrite(fd, bytes, (size_t)(all - one), 0), all - one);
	assert_int_equal(ftruncate(fd, all - one), 0);
	close(fd);
	assert_int_equal(check(f), SIZE_MAX);
}

/* What is behind the last whole line was not on the disk when its flush was to return. */
static void after_a_cut_anywhere_it_goes_on(void **state)
{
	struct fixture *f = *state;
	off_t one, all;

	sign(f, "signer-1", 1);
	one = size_of(f);
	sign(f, "signer-2", 1);
	all = size_of(f);
	for (off_t cut = all - 1; cut >= one; cut -= 7) {
		assert_int_equal(truncate(f->log, cut), 0);
		assert_int_equal(check(f), 1);
		sign(f, "signer-3", 1);
		assert_int_equal(check(f), 2);
		assert_string_equal(f->last, "signer-3 SOD");
	}
}

/* No record, no file: nothing that was signed leaves. */
static void without_a_record_nothing_leaves(void **state)
{
	struct fixture *f = *state;
	struct sj_key *key = NULL;
	uint8_t signature[SJ_EC_SIGNATURE_MAX];
	struct sj_writer w = SJ_WRITER_OF(signature);
	char path[80];

	assert_int_equal(authority_key_make(&f->a, "csca-1", "P-256", &key), 0);
	assert_int_equal(symlink("/nonexistent", f->log), 0);
	assert_true(sj_key_sign_plain(key, SJ_SPAN_STR("a"), &w));
	assert_int_not_equal(authority_file_write(&f->a, "csca-1", ".cer", sj_written(&w), 0644),
			     0);
	snprintf(path, sizeof(path), "%s/csca-1.cer", f->dir);
	assert_int_not_equal(access(path, F_OK), 0);
	sj_key_free(key);
}

/* The key outlives the authority that it was read from. */
static void a_key_may_be_freed_last(void **state)
{
	struct fixture *f = *state;
	struct sj_key *key = NULL;
	uint8_t signature[SJ_EC_SIGNATURE_MAX];
	struct sj_writer w = SJ_WRITER_OF(signature);

	assert_int_equal(authority_key_make(&f->a, "csca-1", "P-256", &key), 0);
	keystore_release(f->a.keys);
	f->a.keys = NULL;
	assert_true(sj_key_sign_plain(key, SJ_SPAN_STR("a"), &w));
	sj_key_free(key);
}

/* A lock that was left behind would keep it waiting for ever. */
static void what_failed_is_recorded_once_at_the_next_try(void **state)
{
	bool *const fails[] = { &no_write, &no_sync };
	struct fixture *f = *state;

	alarm(20);
	for (size_t i = 0; i < 2; i++) {
		sign_only(f, i == 0 ? "signer-1" : "signer-2", 3);
		*fails[i] = true;
		assert_int_not_equal(signatures_flush(&f->a), 0);
		assert_int_equal(signatures_flush(&f->a), 0);
		assert_int_equal(check(f), i + 1);
		assert_int_equal(f->total, 3 * (i + 1));
	}
	alarm(0);
}

/* Else a power cut would bring it back, beside the same of the next try. */
static void what_failed_is_taken_back_on_the_disk_too(void **state)
{
	struct fixture *f = *state;
	off_t one;

	sign(f, "signer-1", 1);
	one = size_of(f);
	sign_only(f, "signer-2", 1);
	no_sync = true;
	synced = -1;
	assert_int_not_equal(signatures_flush(&f->a), 0);
	assert_int_equal(size_of(f), one);
	assert_int_equal(synced, one);
}

#define SIGNED_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SIGNED_CASE(a_key_s_uses_are_one_line),
		SIGNED_CASE(many_uses_are_several_lines),
		SIGNED_CASE(what_it_was_for_is_said),
		SIGNED_CASE(every_altered_byte_is_found),
		SIGNED_CASE(a_line_taken_out_is_found),
		SIGNED_CASE(after_a_cut_anywhere_it_goes_on),
		SIGNED_CASE(without_a_record_nothing_leaves),
		SIGNED_CASE(a_key_may_be_freed_last),
		SIGNED_CASE(what_failed_is_recorded_once_at_the_next_try),
		SIGNED_CASE(what_failed_is_taken_back_on_the_disk_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
