/* Option tables: what is taken, what is refused and how it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/frame.h"

static int run_nothing(struct cli *cli)
{
	(void)cli;
	return 0;
}

static const struct cli_option options[] = {
	{ .name = "cards", .letter = 'n', .argument = "N", .help = "how many" },
	{ .name = "kind", .argument = "KIND", .help = "which", .words = "red green" },
	{ .name = "blank", .help = "empty" },
	{ .name = "secret", .help = "not shown", .hidden = true },
	{ 0 },
};
static const struct cli_positional positionals[] = {
	{ .name = "FILE", .help = "a file" },
	{ .name = "MORE", .help = "more", .optional = true, .repeated = true },
	{ 0 },
};
static const char *const examples[] = { "sojourn card new a # make a", NULL };
static const struct cli_command command = {
	.noun = "card",
	.verb = "new",
	.summary = "make a card",
	.features = CLI_JSON | CLI_TIMEOUT,
	.options = options,
	.positionals = positionals,
	.examples = examples,
	.run = run_nothing,
};
static const struct cli_command *const commands[] = { &command, NULL };
static const struct cli_program program = { "card", commands };

struct fixture {
	struct cli cli;
	char *out, *err;
	size_t out_len, err_len;
	char *argv[12];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->cli.program = &program;
	f->cli.command = &command;
	f->cli.out = open_memstream(&f->out, &f->out_len);
	f->cli.err = open_memstream(&f->err, &f->err_len);
	f->cli.options = cli_options_collect(&command);
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
	free(f->cli.options);
	free(f->cli.given);
	for (int i = 0; f->argv[i] != NULL; i++)
		free(f->argv[i]);
	free(f);
	return 0;
}

/* Words separated by blanks; the first one stands for the command. */
static int parse(struct fixture *f, const char *line)
{
	char *copy = strdup(line), *save = NULL;
	int argc = 0, rc;

	for (char *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		f->argv[argc++] = strdup(w);
	free(copy);
	rc = cli_parse(&f->cli, argc, f->argv);
	fflush(f->cli.out);
	fflush(f->cli.err);
	return rc;
}

static void test_values_and_arguments(void **state)
{
	struct fixture *f = *state;
	unsigned long n = 1;

	assert_int_equal(parse(f, "new a --cards 3 b --blank c"), 0);
	assert_int_equal(cli_number(&f->cli, "cards", 1, 16, &n), 0);
	assert_int_equal(n, 3);
	assert_true(cli_given(&f->cli, "blank"));
	assert_false(cli_given(&f->cli, "kind"));
	assert_int_equal(cli_argument_count(&f->cli), 3);
	assert_string_equal(cli_argument(&f->cli, 2), "c");
	assert_null(cli_argument(&f->cli, 3));
}

static void test_the_last_value_counts_and_all_are_kept(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new a -n 3 --cards=5"), 0);
	assert_string_equal(cli_value(&f->cli, "cards"), "5");
	assert_string_equal(cli_value_at(&f->cli, "cards", 0), "3");
	assert_null(cli_value_at(&f->cli, "cards", 2));
}

static void test_what_follows_two_dashes_is_no_option(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new a -- --blank"), 0);
	assert_false(cli_given(&f->cli, "blank"));
	assert_string_equal(cli_argument(&f->cli, 1), "--blank");
}

static void test_a_typo_is_answered_with_the_near_option(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new a --balnk"), 2);
	assert_non_null(strstr(f->err, "--balnk"));
	assert_non_null(strstr(f->err, "--blank"));
	assert_non_null(strstr(f->err, "SJ-0201"));
}

static void test_hidden_options_are_not_suggested(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new a --secretx"), 2);
	assert_null(strstr(f->err, "did you mean"));
}

static void test_an_unknown_letter_is_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new a -x"), 2);
	assert_non_null(strstr(f->err, "-x"));
}

static void test_a_missing_value_is_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new a --cards"), 2);
	assert_non_null(strstr(f->err, "--cards needs a value (N)"));
}

static void test_a_switch_takes_no_value(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new a --blank=1"), 2);
	assert_non_null(strstr(f->err, "--blank takes no value"));
}

static void test_a_value_must_be_one_of_the_words(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new a --kind blue"), 2);
	assert_non_null(strstr(f->err, "red green"));
}

static void test_part_of_a_word_is_no_word(void **state)
{
	assert_int_equal(parse(*state, "new a --kind gre"), 2);
}

static void test_numbers_have_limits(void **state)
{
	struct fixture *f = *state;
	unsigned long n = 7;

	assert_int_equal(parse(f, "new a --cards 17"), 0);
	assert_int_equal(cli_number(&f->cli, "cards", 1, 16, &n), 2);
	assert_int_equal(n, 7);
}

static void test_numbers_are_whole_and_plain(void **state)
{
	static const char *const bad[] = { "-1", "+1", "0x1", "1e3", "", "99999999999999999999" };
	struct fixture *f = *state;
	struct cli_given given = { &options[0], NULL };
	unsigned long n = 7;

	f->cli.given = &given;
	f->cli.given_n = 1;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		given.value = bad[i];
		assert_int_equal(cli_number(&f->cli, "cards", 0, 10, &n), 2);
	}
	f->cli.given = NULL;
	assert_int_equal(n, 7);
}

static void test_a_missing_argument_is_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new"), 2);
	assert_non_null(strstr(f->err, "FILE is missing"));
}

static void test_help_has_the_options_and_examples_last(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new --help"), -1);
	assert_non_null(strstr(f->out, "-n, --cards N"));
	assert_non_null(strstr(f->out, "--json"));
	assert_null(strstr(f->out, "--secret"));
	assert_non_null(strstr(strstr(f->out, "Options:"), "Examples:\n  make a:\n"));
	assert_string_equal(strrchr(f->out, ':'), ":\n    sojourn card new a\n");
}

static void test_version(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "new --version"), -1);
	assert_string_equal(f->out, "sojourn " SJ_VERSION "\n");
}

static void test_an_error_with_json_is_json_too(void **state)
{
	struct fixture *f = *state;
	json_t *whole;

	assert_int_equal(parse(f, "new --json a"), 0);
	assert_int_equal(cli_fail(&f->cli, SJ_WRONG_CAN, "reader"), 12);
	fflush(f->cli.out);
	whole = json_loads(f->out, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(whole, "schema")), 1);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(whole, "error"), "id")),
		"SJ-1201");
	json_decref(whole);
}

static void test_suggestions(void **state)
{
	static const char *const words[] = { "verify", "reader", "card", "trust", NULL };

	(void)state;
	assert_string_equal(cli_suggest("verfy", words), "verify");
	assert_string_equal(cli_suggest("crad", words), "card");
	assert_string_equal(cli_suggest("ver", words), "verify");
	assert_null(cli_suggest("zzz", words));
	assert_null(cli_suggest("", words));
	assert_null(cli_suggest("averylongwordthatisnonounofthisprogram", words));
}

static void test_nouns(void **state)
{
	(void)state;
	assert_string_equal(cli_noun_find("issue")->program, "authority");
	assert_string_equal(cli_noun_find("doctor")->program, "reader");
	assert_null(cli_noun_find("isue"));
	assert_null(cli_noun_at(100));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_values_and_arguments),
		CASE(test_the_last_value_counts_and_all_are_kept),
		CASE(test_what_follows_two_dashes_is_no_option),
		CASE(test_a_typo_is_answered_with_the_near_option),
		CASE(test_hidden_options_are_not_suggested),
		CASE(test_an_unknown_letter_is_named),
		CASE(test_a_missing_value_is_named),
		CASE(test_a_switch_takes_no_value),
		CASE(test_a_value_must_be_one_of_the_words),
		CASE(test_part_of_a_word_is_no_word),
		CASE(test_numbers_have_limits),
		CASE(test_numbers_are_whole_and_plain),
		CASE(test_a_missing_argument_is_named),
		CASE(test_help_has_the_options_and_examples_last),
		CASE(test_version),
		CASE(test_an_error_with_json_is_json_too),
		cmocka_unit_test(test_suggestions),
		cmocka_unit_test(test_nouns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
