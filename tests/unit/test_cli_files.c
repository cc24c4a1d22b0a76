/* Files and secrets: limits, atomic output, permissions, echo off. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/frame.h"

static const struct cli_option can_options[] = { CLI_SECRET_OPTIONS("can", "CAN"), { 0 } };

struct fixture {
	struct cli cli;
	struct cli_given given[2];
	char *err;
	size_t err_len;
	char dir[32], file[48];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/sojourn-file-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/file", f->dir);
	f->cli.out = stdout;
	f->cli.err = open_memstream(&f->err, &f->err_len);
	f->cli.given = f->given;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fclose(f->cli.err);
	free(f->err);
	unlink(f->file);
	assert_int_equal(rmdir(f->dir), 0); /* nothing temporary is left */
	free(f);
	return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static bool told(struct fixture *f, const char *what)
{
	fflush(f->cli.err);
	return strstr(f->err, what) != NULL;
}

/* --- files ------------------------------------------------------------------ */

static void test_a_file_is_read_whole(void **state)
{
	struct fixture *f = *state;
	uint8_t *bytes = NULL;
	size_t len = 0;

	put(f->file, "twelve bytes", 0600);
	assert_int_equal(cli_file_read(&f->cli, f->file, 12, &bytes, &len), 0);
	assert_int_equal(len, 12);
	assert_string_equal((const char *)bytes, "twelve bytes");
	free(bytes);
}

static void test_a_file_over_the_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t *bytes = NULL;
	size_t len = 0;

	put(f->file, "twelve bytes", 0600);
	assert_int_equal(cli_file_read(&f->cli, f->file, 11, &bytes, &len),
			 sj_exit_code(SJ_INPUT_REFUSED));
	assert_true(told(f, f->file));
	assert_null(bytes);
}

static void test_an_endless_file_is_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t *bytes = NULL;
	size_t len = 0;

	assert_int_equal(cli_file_read(&f->cli, "/dev/zero", 100000, &bytes, &len), 13);
}

static void test_a_missing_file_is_named(void **state)
{
	struct fixture *f = *state;
	uint8_t *bytes = NULL;
	size_t len = 0;

	assert_int_equal(cli_file_read(&f->cli, f->file, 11, &bytes, &len), 13);
	assert_true(told(f, f->file) && told(f, "SJ-1301"));
}

static void test_a_folder_is_no_file(void **state)
{
	struct fixture *f = *state;
	uint8_t *bytes = NULL;
	size_t len = 0;

	assert_int_equal(cli_file_read(&f->cli, f->dir, 11, &bytes, &len), 13);
}

static void test_output_replaces_the_file_whole(void **state)
{
	struct fixture *f = *state;
	uint8_t *bytes = NULL;
	size_t len = 0;

	put(f->file, "before", 0600);
	assert_int_equal(cli_file_write(&f->cli, f->file, "after", 5, 0644), 0);
	assert_int_equal(cli_file_read(&f->cli, f->file, 100, &bytes, &len), 0);
	assert_string_equal((const char *)bytes, "after");
	assert_int_equal(mode_of(f->file), 0644);
	free(bytes);
}

static void test_output_replaces_no_pipe_and_no_link(void **state)
{
	struct fixture *f = *state;
	char link[64], got[8] = "";
	struct stat st;
	int fd;

	assert_int_equal(mkfifo(f->file, 0600), 0);
	fd = open(f->file, O_RDONLY | O_NONBLOCK);
	assert_int_equal(cli_file_write(&f->cli, f->file, "piped", 5, 0644), 0);
	assert_int_equal(read(fd, got, sizeof(got)), 5);
	close(fd);
	unlink(f->file);
	put(f->file, "before", 0600);
	snprintf(link, sizeof(link), "%s/link", f->dir);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(cli_file_write(&f->cli, link, "after", 5, 0644), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(f->file, &st), 0);
	assert_int_equal(st.st_size, 5);
	unlink(link);
}

static void test_output_that_fails_is_told_and_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cli_file_write(&f->cli, "/nowhere/file", "a", 1, 0600),
			 sj_exit_code(SJ_OUTPUT_FAILED));
	assert_int_equal(cli_file_write(&f->cli, f->dir, "a", 1, 0600), 1);
	assert_true(told(f, "SJ-0105"));
}

/* --- disks: this file's calls stand before libc's ------------------------------------------ */

static struct {
	size_t most, room; /* bytes of a write, and of all */
	bool loses; /* what is synced */
} disk = { SIZE_MAX, SIZE_MAX, false };

__typeof__(write) __real_write, __wrap_write;
__typeof__(fsync) __real_fsync, __wrap_fsync;

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
	ssize_t put;

	if (n > disk.most)
		n = disk.most;
	if (n > disk.room) {
		errno = ENOSPC;
		return -1;
	}
	put = __real_write(fd, bytes, n);
	disk.room -= put > 0 ? (size_t)put : 0;
	return put;
}

int __wrap_fsync(int fd)
{
	errno = EIO;
	return disk.loses ? -1 : __real_fsync(fd);
}

static void test_output_may_come_in_pieces(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	disk.most = 7;
	assert_int_equal(cli_file_write(&f->cli, f->file, "as it is to be", 14, 0600), 0);
	disk.most = SIZE_MAX;
	assert_int_equal(stat(f->file, &st), 0);
	assert_int_equal(st.st_size, 14);
}

static void test_what_the_disk_does_not_take_leaves_what_was(void **state)
{
	const int failed = sj_exit_code(SJ_OUTPUT_FAILED);
	struct fixture *f = *state;
	struct stat st;

	put(f->file, "before", 0600);
	disk.most = disk.room = 7;
	assert_int_equal(cli_file_write(&f->cli, f->file, "as it is to be", 14, 0600), failed);
	disk.most = disk.room = SIZE_MAX;
	disk.loses = true;
	assert_int_equal(cli_file_write(&f->cli, f->file, "as it is to be", 14, 0600), failed);
	disk.loses = false;
	assert_int_equal(stat(f->file, &st), 0);
	assert_int_equal(st.st_size, 6);
}

static void test_directories_are_made_with_their_parents(void **state)
{
	struct fixture *f = *state;
	char deep[64];

	snprintf(deep, sizeof(deep), "%s/a/b", f->dir);
	assert_int_equal(cli_directory_make(&f->cli, deep, 0700), 0);
	assert_int_equal(cli_directory_make(&f->cli, deep, 0700), 0);
	assert_int_equal(rmdir(deep), 0);
	*strrchr(deep, '/') = '\0';
	assert_int_equal(rmdir(deep), 0);
}

/* --- secrets ---------------------------------------------------------------- */

static void give(struct fixture *f, size_t option, const char *value)
{
	f->given[f->cli.given_n++] = (struct cli_given){ &can_options[option], value };
}

static void test_a_secret_comes_from_a_file(void **state)
{
	struct fixture *f = *state;
	struct cli_secret can;

	put(f->file, "123456\r\n", 0600);
	give(f, 0, f->file);
	assert_true(cli_secret_given(&f->cli, "can"));
	assert_int_equal(cli_secret_read(&f->cli, "can", "CAN", &can), 0);
	assert_string_equal(can.text, "123456");
	assert_int_equal(can.len, 6);
	assert_false(told(f, "chmod"));
	cli_secret_wipe(&can);
	assert_int_equal(can.text[0], 0);
}

static void test_a_secret_that_others_can_read_is_warned_about(void **state)
{
	struct fixture *f = *state;
	struct cli_secret can;

	put(f->file, "123456\n", 0644);
	give(f, 0, f->file);
	assert_int_equal(cli_secret_read(&f->cli, "can", "CAN", &can), 0);
	assert_true(told(f, "chmod 600"));
}

static void test_a_secret_comes_from_a_descriptor(void **state)
{
	struct fixture *f = *state;
	struct cli_secret can;
	char number[16];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "654321", 6), 6);
	close(ends[1]);
	snprintf(number, sizeof(number), "%d", ends[0]);
	give(f, 1, number);
	assert_int_equal(cli_secret_read(&f->cli, "can", "CAN", &can), 0);
	assert_string_equal(can.text, "654321");
	close(ends[0]);
}

static void test_an_empty_or_endless_secret_is_refused(void **state)
{
	struct fixture *f = *state;
	struct cli_secret can;

	give(f, 0, "/dev/null");
	assert_int_equal(cli_secret_read(&f->cli, "can", "CAN", &can),
			 sj_exit_code(SJ_SECRET_MALFORMED));
	f->given[0].value = "/dev/zero";
	assert_int_equal(cli_secret_read(&f->cli, "can", "CAN", &can), 12);
}

static void test_a_secret_has_one_source(void **state)
{
	struct fixture *f = *state;
	struct cli_secret can;

	give(f, 0, f->file);
	give(f, 1, "3");
	assert_int_equal(cli_secret_read(&f->cli, "can", "CAN", &can), 2);
}

static void test_a_letter_is_for_its_owner_and_never_overwrites(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(cli_secret_write_letter(&f->cli, f->file, "CAN", 3), 0);
	assert_int_equal(mode_of(f->file), 0600);
	assert_int_equal(cli_secret_write_letter(&f->cli, f->file, "new", 3),
			 sj_exit_code(SJ_INPUT_REFUSED));
	assert_true(told(f, "left alone"));
}

/* --- asking, on a pseudo-terminal --------------------------------------------- */

struct asking {
	int master;
	char output[256];
	bool echo_after;
	int status;
};

/* Runs the prompt in a process with `typed` at its terminal; exit 0: it got `want`. */
static void ask_for(struct fixture *f, const char *typed, const char *want, struct asking *a)
{
	struct termios t;
	size_t n = 0;
	ssize_t got = 0;
	pid_t pid;

	a->master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(a->master >= 0 && grantpt(a->master) == 0 && unlockpt(a->master) == 0);
	pid = fork();
	if (pid == 0) {
		struct cli_secret can = { 0 };
		int tty, rc;

		setsid();
		tty = open(ptsname(a->master), O_RDWR);
		close(a->master);
		rc = tty < 0 ? 99 : cli_secret_read(&f->cli, "can", "CAN", &can);
		_exit(rc == 0 && strcmp(can.text, want) != 0 ? 98 : rc);
	}
	while (n < sizeof(a->output) - 1 && strstr(a->output, "CAN: ") == NULL && got >= 0) {
		got = read(a->master, a->output + n, sizeof(a->output) - 1 - n);
		n += got > 0 ? (size_t)got : 0;
		a->output[n] = '\0';
	}
	assert_int_equal(write(a->master, typed, strlen(typed)), strlen(typed));
	assert_int_equal(waitpid(pid, &a->status, 0), pid);
	got = read(a->master, a->output + n, sizeof(a->output) - 1 - n);
	a->output[n + (got > 0 ? (size_t)got : 0)] = '\0';
	a->echo_after = tcgetattr(a->master, &t) == 0 && (t.c_lflag & ECHO) != 0;
	close(a->master);
}

static void ask(struct fixture *f, const char *typed, struct asking *a)
{
	ask_for(f, typed, "1234", a);
}

static void test_what_is_typed_is_not_shown(void **state)
{
	struct asking a = { .output = "" };

	ask(*state, "1239\1774\n", &a);
	assert_true(WIFEXITED(a.status));
	assert_int_equal(WEXITSTATUS(a.status), 0);
	assert_null(strstr(a.output, "123"));
	assert_true(a.echo_after);
}

static void test_ctrl_c_puts_the_terminal_back(void **state)
{
	struct asking a = { .output = "" };

	ask(*state, "12\003", &a);
	assert_int_equal(WEXITSTATUS(a.status), sj_exit_code(SJ_CANCELLED));
	assert_true(a.echo_after);
}

static void test_nothing_typed_is_no_secret(void **state)
{
	struct asking a = { .output = "" };

	ask(*state, "\n", &a);
	assert_int_equal(WEXITSTATUS(a.status), sj_exit_code(SJ_SECRET_NEEDED));
}

/* The lines of Doc 9303-5, appendix B, and Doc 9303-4, appendix B: pasted as they stand. */
static void test_the_lines_of_a_zone_are_one_answer(void **state)
{
	static const char td1[] = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\n"
				  "ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
	static const char td3[] = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n"
				  "L898902C36UTO7408122F1204159ZE184226B<<<<<10";
	struct asking a = { .output = "" }, b = { .output = "" };
	char typed[128];

	snprintf(typed, sizeof(typed), "%s\n", td1);
	ask_for(*state, typed, td1, &a);
	assert_int_equal(WEXITSTATUS(a.status), 0);
	snprintf(typed, sizeof(typed), "%s\n", td3);
	ask_for(*state, typed, td3, &b);
	assert_int_equal(WEXITSTATUS(b.status), 0);
}

/* More than the secret's memory, without an end: the end of a line ends it. */
static void test_a_zone_that_does_not_end_ends_at_what_fits(void **state)
{
	struct asking a = { .output = "" };
	char typed[400];

	memset(typed, 'A', sizeof(typed));
	typed[30] = '\n';
	typed[sizeof(typed) - 2] = '\n';
	typed[sizeof(typed) - 1] = '\0';
	ask(*state, typed, &a);
	assert_int_equal(WEXITSTATUS(a.status), 98);
}

static void test_secrets_are_equal_or_not(void **state)
{
	struct cli_secret a = { .len = 6, .text = "123456" }, b = a;

	(void)state;
	assert_true(cli_secret_equal(&a, &b));
	for (size_t i = 0; i < a.len; i++) {
		b = a;
		b.text[i] ^= 1;
		assert_false(cli_secret_equal(&a, &b));
	}
	b = a;
	b.len--;
	assert_false(cli_secret_equal(&a, &b));
	b = (struct cli_secret){ .len = CLI_SECRET_MAX };
	a = b;
	b.text[CLI_SECRET_MAX - 1] = 1;
	assert_false(cli_secret_equal(&a, &b));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void test_a_stream_that_lost_something_says_so_at_its_end(void **state)
{
	FILE *full = fopen("/dev/full", "we"), *good = fopen("/dev/null", "we");

	(void)state;
	assert_non_null(full);
	assert_non_null(good);
	setvbuf(full, NULL, _IONBF, 0); /* it fails long before its end */
	fputs("lost", full);
	fputs("good", good);
	assert_false(cli_stream_close(full));
	assert_true(cli_stream_close(good));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_secrets_are_equal_or_not),
		CASE(test_a_file_is_read_whole),
		CASE(test_a_file_over_the_limit_is_refused),
		CASE(test_an_endless_file_is_refused),
		CASE(test_a_missing_file_is_named),
		CASE(test_a_folder_is_no_file),
		CASE(test_output_replaces_the_file_whole),
		CASE(test_output_replaces_no_pipe_and_no_link),
		CASE(test_output_that_fails_is_told_and_leaves_nothing),
		CASE(test_output_may_come_in_pieces),
		CASE(test_what_the_disk_does_not_take_leaves_what_was),
		CASE(test_directories_are_made_with_their_parents),
		CASE(test_a_secret_comes_from_a_file),
		CASE(test_a_secret_that_others_can_read_is_warned_about),
		CASE(test_a_secret_comes_from_a_descriptor),
		CASE(test_an_empty_or_endless_secret_is_refused),
		CASE(test_a_secret_has_one_source),
		CASE(test_a_letter_is_for_its_owner_and_never_overwrites),
		CASE(test_what_is_typed_is_not_shown),
		CASE(test_ctrl_c_puts_the_terminal_back),
		CASE(test_nothing_typed_is_no_secret),
		CASE(test_a_stream_that_lost_something_says_so_at_its_end),
		CASE(test_the_lines_of_a_zone_are_one_answer),
		CASE(test_a_zone_that_does_not_end_ends_at_what_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
