/* sojourn.conf: order, drop-ins, and mistakes with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/frame.h"

struct fixture {
	struct cli cli;
	char *err;
	size_t err_len;
	char dir[32], file[48], drop_ins[48], early[64], late[64], other[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/sojourn-conf-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/x.conf", f->dir);
	snprintf(f->drop_ins, sizeof(f->drop_ins), "%s/x.conf.d", f->dir);
	snprintf(f->early, sizeof(f->early), "%s/10.conf", f->drop_ins);
	snprintf(f->late, sizeof(f->late), "%s/20.conf", f->drop_ins);
	snprintf(f->other, sizeof(f->other), "%s/30.conf~", f->drop_ins);
	assert_int_equal(mkdir(f->drop_ins, 0700), 0);
	setenv("SOJOURN_CONFIG", f->file, 1);
	f->cli.out = stdout;
	f->cli.err = open_memstream(&f->err, &f->err_len);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fclose(f->cli.err);
	free(f->err);
	cli_config_free(&f->cli.config);
	unlink(f->file);
	unlink(f->early);
	unlink(f->late);
	unlink(f->other);
	rmdir(f->drop_ins);
	rmdir(f->dir);
	free(f);
	unsetenv("SOJOURN_CONFIG");
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static int load(struct fixture *f)
{
	int rc = cli_config_load(&f->cli);

	fflush(f->cli.err);
	return rc;
}

static void test_a_setting_is_read(void **state)
{
	struct fixture *f = *state;

	put(f->file, "[sojourn]\ntrust = /srv/trust\nreader = Counter 2\n");
	assert_int_equal(load(f), 0);
	assert_string_equal(cli_setting(&f->cli, "trust"), "/srv/trust");
	assert_string_equal(cli_setting(&f->cli, "reader"), "Counter 2");
}

static void test_what_is_not_set_has_its_default(void **state)
{
	struct fixture *f = *state;

	put(f->file, "# nothing\n");
	assert_int_equal(load(f), 0);
	assert_string_equal(cli_setting(&f->cli, "trust"), "/var/lib/sojourn/trust");
	assert_null(cli_setting(&f->cli, "reader"));
	assert_int_equal(cli_timeout_ms(&f->cli), 0);
}

static void test_drop_ins_come_later_and_by_name(void **state)
{
	struct fixture *f = *state;

	put(f->file, "[sojourn]\ntrust = a\nreader = r\n");
	put(f->late, "[sojourn]\ntrust = c\n");
	put(f->early, "[sojourn]\ntrust = b\n");
	put(f->other, "[sojourn]\ntrust = d\n");
	assert_int_equal(load(f), 0);
	assert_string_equal(cli_setting(&f->cli, "trust"), "c");
	assert_string_equal(cli_setting(&f->cli, "reader"), "r");
}

static void test_an_unknown_key_names_file_and_line(void **state)
{
	struct fixture *f = *state;

	put(f->file, "[sojourn]\n\ntrsut = x\n");
	assert_int_equal(load(f), sj_exit_code(SJ_INPUT_MALFORMED));
	assert_non_null(strstr(f->err, "x.conf, line 3: unknown key 'trsut'"));
}

/* The drop-ins behind a wrong one are not read; hidden ones never are. */
static void test_a_wrong_drop_in_is_the_last(void **state)
{
	struct fixture *f = *state;

	snprintf(f->other, sizeof(f->other), "%s/.40.conf", f->drop_ins);
	put(f->file, "");
	put(f->other, "nonsense");
	put(f->early, "nonsense");
	put(f->late, "[sojourn]\ntrust = c\n");
	assert_int_equal(load(f), 13);
	assert_non_null(strstr(f->err, "10.conf, line 1"));
	assert_string_equal(cli_setting(&f->cli, "trust"), "/var/lib/sojourn/trust");
}

/* What may stand in drop-ins that cannot be listed is not left out. */
static void test_a_folder_that_cannot_be_read_is_an_error(void **state)
{
	struct fixture *f = *state;

	put(f->file, "[sojourn]\ntrust = a\n");
	assert_int_equal(rmdir(f->drop_ins), 0);
	assert_int_equal(symlink(f->drop_ins, f->drop_ins), 0);
	assert_int_equal(load(f), sj_exit_code(SJ_INPUT_UNREADABLE));
	assert_non_null(strstr(f->err, "x.conf.d: "));
	assert_int_equal(unlink(f->drop_ins), 0);
}

/* A folder of the person: XDG_CONFIG_HOME, else HOME/.config, if that is a whole path. */
static void test_a_person_has_a_file(void **state)
{
	struct fixture *f = *state;
	char *home = getenv("HOME") != NULL ? strdup(getenv("HOME")) : NULL, base[40];

	snprintf(base, sizeof(base), "%s/.config", f->dir);
	snprintf(f->early, sizeof(f->early), "%s/sojourn/sojourn.conf", base);
	snprintf(f->other, sizeof(f->other), "%s/sojourn", base);
	assert_true(mkdir(base, 0700) == 0 && mkdir(f->other, 0700) == 0);
	put(f->early, "[sojourn]\nreader = mine\n");
	unsetenv("SOJOURN_CONFIG");
	setenv("XDG_CONFIG_HOME", base, 1);
	assert_int_equal(load(f), 0);
	assert_string_equal(cli_setting(&f->cli, "reader"), "mine");
	cli_config_free(&f->cli.config);
	setenv("XDG_CONFIG_HOME", "relative", 1);
	setenv("HOME", f->dir, 1);
	assert_int_equal(load(f), 0);
	assert_string_equal(cli_setting(&f->cli, "reader"), "mine");
	cli_config_free(&f->cli.config);
	setenv("HOME", "relative", 1);
	assert_int_equal(load(f), 0);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("HOME");
	assert_int_equal(load(f), 0);
	assert_true(home == NULL || setenv("HOME", home, 1) == 0);
	free(home);
	unlink(f->early);
	rmdir(f->other);
	rmdir(base);
}

static void test_a_line_that_is_no_setting_is_an_error(void **state)
{
	struct fixture *f = *state;

	put(f->late, "[sojourn]\nnonsense\n");
	put(f->file, "");
	assert_int_equal(load(f), 13);
	assert_non_null(strstr(f->err, "20.conf, line 2"));
}

static void test_another_section_is_an_error(void **state)
{
	put(((struct fixture *)*state)->file, "[other]\ntrust = x\n");
	assert_int_equal(load(*state), 13);
}

static void test_a_file_that_was_asked_for_must_be_there(void **state)
{
	assert_int_equal(load(*state), sj_exit_code(SJ_INPUT_UNREADABLE));
}

static void test_a_wrong_colour_is_an_error(void **state)
{
	put(((struct fixture *)*state)->file, "[sojourn]\ncolor = blue\n");
	assert_int_equal(load(*state), 13);
}

static void test_an_option_goes_before_the_file(void **state)
{
	static const struct cli_option option = { .name = "trust" };
	struct fixture *f = *state;
	struct cli_given given = { &option, "given" };

	put(f->file, "[sojourn]\ntrust = file\n");
	assert_int_equal(load(f), 0);
	f->cli.given = &given;
	f->cli.given_n = 1;
	assert_string_equal(cli_setting(&f->cli, "trust"), "given");
}

static void test_timeout_in_milliseconds(void **state)
{
	struct fixture *f = *state;

	put(f->file, "[sojourn]\ntimeout = 12\n");
	assert_int_equal(load(f), 0);
	assert_int_equal(cli_timeout_ms(&f->cli), 12000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_setting_is_read),
		CASE(test_what_is_not_set_has_its_default),
		CASE(test_drop_ins_come_later_and_by_name),
		CASE(test_an_unknown_key_names_file_and_line),
		CASE(test_a_wrong_drop_in_is_the_last),
		CASE(test_a_folder_that_cannot_be_read_is_an_error),
		CASE(test_a_person_has_a_file),
		CASE(test_a_line_that_is_no_setting_is_an_error),
		CASE(test_another_section_is_an_error),
		CASE(test_a_file_that_was_asked_for_must_be_there),
		CASE(test_a_wrong_colour_is_an_error),
		CASE(test_an_option_goes_before_the_file),
		CASE(test_timeout_in_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
