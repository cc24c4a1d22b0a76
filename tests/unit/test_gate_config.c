/* sojourn-gate.conf: every key, and mistakes with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/frame.h"
#include "gate/tool.h"

struct fixture {
	struct cli cli;
	struct cli_given given;
	struct gate_config config;
	char *err;
	size_t err_len;
	char file[40];
};

static int setup(void **state)
{
	static const struct cli_option option = { .name = "config" };
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	assert_non_null(f);
	strcpy(f->file, "/tmp/sojourn-gate-XXXXXX");
	fd = mkstemp(f->file);
	assert_true(fd >= 0);
	close(fd);
	f->given = (struct cli_given){ &option, f->file };
	f->cli.given = &f->given;
	f->cli.given_n = 1;
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
	gate_config_free(&f->config);
	unlink(f->file);
	free(f);
	return 0;
}

static int load(struct fixture *f, const char *lines)
{
	FILE *out = fopen(f->file, "w");
	int rc;

	assert_non_null(out);
	fprintf(out, "[gate]\n%s", lines);
	assert_int_equal(fclose(out), 0);
	rc = gate_config_load(&f->cli, &f->config);
	fflush(f->cli.err);
	return rc;
}

static void wrong(struct fixture *f, const char *line, const char *told)
{
	assert_int_equal(load(f, line), sj_exit_code(SJ_INPUT_MALFORMED));
	assert_non_null(strstr(f->err, ", line 2: "));
	assert_non_null(strstr(f->err, told));
}

static void test_defaults(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, ""), 0);
	assert_string_equal(f->config.state, "/var/lib/sojourn/gate");
	assert_string_equal(f->config.trust, "/var/lib/sojourn/trust");
	assert_string_equal(f->config.journal, "/var/lib/sojourn/gate/journal.db");
	assert_null(f->config.open_exec);
	assert_int_equal(f->config.policy.stale_after, 86400);
	assert_false(f->config.policy.fail_safe);
	assert_true(f->config.policy.tickets);
	assert_int_equal(f->config.keep_personal, 30 * 86400);
}

static void test_every_key_is_read(void **state)
{
	struct fixture *f = *state;
	struct gate_config *c = &f->config;

	assert_int_equal(load(f, "reader = Gate 1 00 00; Gate 1 00 01\ntrust = /t\nstate = /s\n"
				 "journal = /j\nstaples = /st\nopen_exec = /o\nopen_file = /of\n"
				 "fire_file = /f\nticket_key_exec = /k\n"),
			 0);
	assert_int_equal(c->readers_n, 2);
	assert_string_equal(c->readers[1], "Gate 1 00 01");
	assert_string_equal(c->trust, "/t");
	assert_string_equal(c->state, "/s");
	assert_string_equal(c->journal, "/j");
	assert_string_equal(c->staples, "/st");
	assert_string_equal(c->open_exec, "/o");
	assert_string_equal(c->open_file, "/of");
	assert_string_equal(c->fire_file, "/f");
	assert_string_equal(c->ticket_key_exec, "/k");
}

static void test_every_rule_is_read(void **state)
{
	struct fixture *f = *state;
	struct gate_config *c = &f->config;

	assert_int_equal(load(f, "classes = visitor, home-return\nmin_age = 18\nstale_after = 2h\n"
				 "when_stale = staple\nask_when_behind = yes\n"
				 "windows = Mon-Fri 06:00-22:00; Sat 08:00-12:30\n"
				 "antipassback = 90s\nfail = safe\ntickets = no\nsign_records = 7\n"
				 "sign_interval = 5m\nkeep_records = 90d\nkeep_personal = 0\n"),
			 0);
	assert_int_equal(c->policy.classes, 1 << 1 | 1 << 4);
	assert_int_equal(c->policy.min_age, sj_gate_age_at(3));
	assert_int_equal(c->policy.stale_after, 7200);
	assert_int_equal(c->policy.when_stale, SJ_GATE_STALE_STAPLE);
	assert_true(c->policy.ask_when_behind);
	assert_int_equal(c->policy.window_count, 2);
	assert_int_equal(c->policy.windows[1].days, 1 << 5);
	assert_int_equal(c->policy.windows[1].to, 12 * 60 + 30);
	assert_int_equal(c->policy.antipassback, 90);
	assert_true(c->policy.fail_safe);
	assert_false(c->policy.tickets);
	assert_int_equal(c->sign_records, 7);
	assert_int_equal(c->sign_seconds, 300);
	assert_int_equal(c->keep_records, 90 * 86400);
	assert_int_equal(c->keep_personal, 0);
}

static void test_a_window(void **state)
{
	struct sj_gate_window w;

	(void)state;
	assert_true(gate_window_parse("Mon-Fri 06:00-22:00", &w));
	assert_int_equal(w.days, 0x1F);
	assert_int_equal(w.from, 360);
	assert_int_equal(w.to, 1320);
	assert_true(gate_window_parse("Sat-Mon,Wed 00:00-24:00", &w));
	assert_int_equal(w.days, 0x65);
	assert_int_equal(w.to, 1440);
}

static void test_what_is_no_window(void **state)
{
	static const char *const texts[] = {
		"",
		"Mon",
		"Mon ",
		"Mon-",
		"Mon,",
		"mon 06:00-07:00",
		"Mon 06:00",
		"Mon 06:00-",
		"Mon 06-07",
		"Mon 06:60-07:00",
		"Mon 07:00-06:00",
		"Mon 06:00-06:00",
		"Mon 06:00-24:01",
		"Mon 06:00-25:00",
		"Mon 06:00-07:00 ",
		"Mon06:00-07:00",
		"Mon-Fri 6:00-22:00x",
	};
	struct sj_gate_window w;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(gate_window_parse(texts[i], &w));
}

static void test_durations(void **state)
{
	static const char *const wrongs[] = { "",    "5",  "s",   "-1s",          "1.5h",  "1w",
					      "1h ", "h1", "1hh", "99999999999s", "60000d" };
	uint32_t s = 1;

	(void)state;
	assert_true(cli_duration_parse("0", &s) && s == 0);
	assert_true(cli_duration_parse("90s", &s) && s == 90);
	assert_true(cli_duration_parse("7d", &s) && s == 604800);
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
		assert_false(cli_duration_parse(wrongs[i], &s));
}

static void test_an_unknown_key(void **state)
{
	wrong(*state, "raeder = x\n", "unknown key 'raeder'");
}

static void test_wrong_values_say_what_they_must_be(void **state)
{
	static const struct {
		const char *line, *told;
	} rows[] = {
		{ "classes = tourist\n", "must be of visitor" },
		{ "min_age = 17\n", "must be 0, 12" },
		{ "min_age = 18x\n", "must be 0, 12" },
		{ "stale_after = soon\n", "must be a duration" },
		{ "when_stale = open\n", "must be ask, refuse" },
		{ "windows = always\n", "must be at most 8" },
		{ "fail = open\n", "must be secure or safe" },
		{ "tickets = true\n", "must be yes or no" },
		{ "sign_records = many\n", "must be a number" },
		{ "reader = a;b;c;d;e;f;g;h;i\n", "must be at most 8" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rewind(f->cli.err);
		wrong(f, rows[i].line, rows[i].told);
		gate_config_free(&f->config);
	}
}

static void test_another_section(void **state)
{
	assert_int_equal(load(*state, "[door]\nreader = x\n"), sj_exit_code(SJ_INPUT_MALFORMED));
	assert_non_null(
		strstr(((struct fixture *)*state)->err, ", line 3: 'reader' is not in [gate]"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_defaults),
		CASE(test_every_key_is_read),
		CASE(test_every_rule_is_read),
		cmocka_unit_test(test_a_window),
		cmocka_unit_test(test_what_is_no_window),
		cmocka_unit_test(test_durations),
		CASE(test_an_unknown_key),
		CASE(test_wrong_values_say_what_they_must_be),
		CASE(test_another_section),
	};

	unsetenv("SOJOURN_CONFIG");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
