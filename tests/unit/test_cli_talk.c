/* What reaches the terminal, and how failures are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/frame.h"

static const char *cleaned(char *text)
{
	cli_text_clean(text);
	return text;
}

static void test_control_characters_do_not_reach_the_terminal(void **state)
{
	char escape[] = "a\033[31mb\rc\bd\177e", lines[] = "a\n\tb",
	     c1[] = "a\xC2\x9B"
		    "31mb";

	(void)state;
	assert_string_equal(cleaned(escape), "a?[31mb?c?d?e");
	assert_string_equal(cleaned(lines), "a\n\tb");
	assert_string_equal(cleaned(c1), "a??31mb");
}

static void test_national_writing_stays(void **state)
{
	char text[] = "H\xC3\xA5kansson \xE6\x9D\x8E \xF0\xA0\x80\x8B";

	(void)state;
	assert_string_equal(cleaned(text), "H\xC3\xA5kansson \xE6\x9D\x8E \xF0\xA0\x80\x8B");
}

static void test_what_is_not_utf8_is_replaced(void **state)
{
	char overlong[] = "\xC0\xAF", cut[] = "a\xE6\x9D", surrogate[] = "\xED\xA0\x80",
	     beyond[] = "\xF4\x90\x80\x80";

	(void)state;
	assert_string_equal(cleaned(overlong), "??");
	assert_string_equal(cleaned(cut), "a??");
	assert_string_equal(cleaned(surrogate), "???");
	assert_string_equal(cleaned(beyond), "????");
}

static void test_the_writing_direction_cannot_be_turned(void **state)
{
	char text[] = "a\xE2\x80\xAE"
		      "b";

	(void)state;
	assert_string_equal(cleaned(text), "a???b");
}

/* --- with streams ----------------------------------------------------------- */

struct fixture {
	struct cli cli;
	char *out, *err;
	size_t out_len, err_len;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->cli.out = open_memstream(&f->out, &f->out_len);
	f->cli.err = open_memstream(&f->err, &f->err_len);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fclose(f->cli.out);
	fclose(f->cli.err);
	free(f->out);
	free(f->err);
	free(f);
	return 0;
}

static void flush(struct fixture *f)
{
	fflush(f->cli.out);
	fflush(f->cli.err);
}

static void test_a_failure_names_thing_cause_action_and_id(void **state)
{
	struct fixture *f = *state;
	const struct sj_failure *row = sj_failure_find(SJ_INPUT_UNREADABLE);

	assert_int_equal(cli_fail(&f->cli, SJ_INPUT_UNREADABLE, "%s", "face.jpg"), 13);
	flush(f);
	assert_non_null(strstr(f->err, "sojourn: face.jpg: "));
	assert_non_null(strstr(f->err, row->action));
	assert_non_null(strstr(f->err, " [SJ-1301]\n"));
	assert_int_equal(cli_exit_code(&f->cli), 13);
	assert_int_equal(f->out_len, 0);
}

static void test_colour_never_stands_alone(void **state)
{
	struct fixture *f = *state;

	f->cli.color_out = true;
	cli_line(&f->cli, CLI_MARK_BAD, "failed", "chip");
	flush(f);
	assert_string_equal(f->out, "\033[31mx failed      \033[0m chip\n");
}

static void test_without_colour_symbol_and_word_stay(void **state)
{
	struct fixture *f = *state;

	cli_line(&f->cli, CLI_MARK_GOOD, "passed", "chip");
	flush(f);
	assert_string_equal(f->out, "+ passed       chip\n");
}

static void test_with_json_nothing_else_is_on_standard_output(void **state)
{
	struct fixture *f = *state;

	f->cli.json = true;
	cli_print(&f->cli, "talk\n");
	cli_line(&f->cli, CLI_MARK_GOOD, "passed", "chip");
	cli_note(&f->cli, "note");
	assert_int_equal(cli_json_line(&f->cli, 1, json_pack("{s:i}", "a", 2)), 0);
	flush(f);
	assert_string_equal(f->out, "{\"schema\":1,\"a\":2}\n");
	assert_string_equal(f->err, "note\n");
}

static void test_a_full_disk_is_an_error(void **state)
{
	struct fixture *f = *state;
	FILE *memory = f->cli.out;

	f->cli.out = fopen("/dev/full", "w");
	assert_non_null(f->cli.out);
	assert_int_equal(cli_json_print(&f->cli, 1, json_object()), sj_exit_code(SJ_OUTPUT_FAILED));
	fclose(f->cli.out);
	f->cli.out = memory;
}

static void test_debug_is_silent_by_default(void **state)
{
	struct fixture *f = *state;

	cli_debug(&f->cli, "one");
	f->cli.debug = true;
	cli_debug(&f->cli, "two");
	flush(f);
	assert_string_equal(f->err, "sojourn: debug: two\n");
}

static void test_ids(void **state)
{
	(void)state;
	assert_string_equal(cli_failure_id(SJ_WRONG_CAN).text, "SJ-1201");
	assert_string_equal(cli_failure_id(SJ_NO_READER).text, "SJ-0302");
	assert_string_equal(cli_failure_id(SJ_OK).text, "");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(test_national_writing_stays),
		cmocka_unit_test(test_what_is_not_utf8_is_replaced),
		cmocka_unit_test(test_the_writing_direction_cannot_be_turned),
		CASE(test_a_failure_names_thing_cause_action_and_id),
		CASE(test_colour_never_stands_alone),
		CASE(test_without_colour_symbol_and_word_stay),
		CASE(test_with_json_nothing_else_is_on_standard_output),
		CASE(test_a_full_disk_is_an_error),
		CASE(test_debug_is_silent_by_default),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
