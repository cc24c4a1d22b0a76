/* Ticket keys: the folder, the hook, their age. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/child.h"
#include "cli/frame.h"
#include "gate/tool.h"

#define NOW 1790000000 /* 2026-09-21T14:13:20Z */

struct fixture {
	struct cli cli;
	struct gate_config config;
	struct gate_ticket_keys keys;
	char *err;
	size_t err_len;
	char dir[40], hook[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/sojourn-tickets-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->hook, sizeof(f->hook), "%s/hook", f->dir);
	f->config.state = f->dir;
	f->cli.json = true; /* nothing for people */
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
	cli_tree_remove(f->dir);
	free(f);
	return 0;
}

static void make(struct fixture *f, int64_t when)
{
	assert_int_equal(gate_ticket_make(&f->cli, &f->config, when), 0);
}

static size_t load(struct fixture *f)
{
	assert_int_equal(gate_tickets_load(&f->cli, &f->config, NOW, &f->keys), 0);
	fflush(f->cli.err);
	return f->keys.n;
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void hook(struct fixture *f, const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", lines);
	put(f->hook, text, 0700);
	f->config.ticket_key_exec = f->hook;
}

static void test_no_folder_is_no_keys(void **state)
{
	assert_int_equal(load(*state), 0);
}

static void test_a_key_is_a_file_for_its_owner_named_by_the_time(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	make(f, NOW);
	assert_int_equal(stat(gate_path(&f->config, "ticket-keys/20260921T141320Z.key").text, &st),
			 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, SJ_GATE_TICKET_KEY);
}

static void test_the_newest_comes_first(void **state)
{
	struct fixture *f = *state;

	make(f, NOW - 100);
	make(f, NOW);
	make(f, NOW - 200);
	assert_int_equal(load(f), 3);
	assert_int_equal(f->keys.made[0], NOW);
	assert_int_equal(f->keys.made[2], NOW - 200);
	assert_memory_not_equal(f->keys.keys, f->keys.keys + SJ_GATE_TICKET_KEY,
				SJ_GATE_TICKET_KEY);
}

static void test_two_in_one_second_are_two(void **state)
{
	make(*state, NOW);
	make(*state, NOW);
	assert_int_equal(load(*state), 2);
}

static void test_a_key_of_seven_days_opens_nothing(void **state)
{
	make(*state, NOW - GATE_TICKET_LIFE);
	assert_int_equal(load(*state), 0);
	make(*state, NOW - GATE_TICKET_LIFE + 1);
	assert_int_equal(load(*state), 1);
}

static void test_a_key_from_the_future_waits(void **state)
{
	make(*state, NOW + 299);
	make(*state, NOW + 4000);
	assert_int_equal(load(*state), 1);
}

static void test_at_most_eight_the_newest(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 10; i++)
		make(f, NOW - 10 + i);
	assert_int_equal(load(f), SJ_GATE_TICKET_KEYS);
	assert_int_equal(f->keys.made[0], NOW - 1);
	assert_int_equal(f->keys.made[7], NOW - 8);
}

static void test_a_file_that_is_no_key_is_told_and_left_out(void **state)
{
	struct fixture *f = *state;

	make(f, NOW);
	put(gate_path(&f->config, "ticket-keys/20260921T000000Z.key").text, "short", 0600);
	put(gate_path(&f->config, "ticket-keys/20260921T000000Z.key.a1B2c3").text, "other", 0600);
	put(gate_path(&f->config, "ticket-keys/notes").text, "other", 0600);
	assert_int_equal(load(f), 1);
	assert_non_null(strstr(f->err, "20260921T000000Z.key: a ticket key has 32 bytes"));
}

static void test_old_keys_are_removed(void **state)
{
	struct fixture *f = *state;
	unsigned removed = 0;

	make(f, NOW - GATE_TICKET_LIFE);
	make(f, NOW - 5);
	assert_int_equal(gate_tickets_prune(&f->cli, &f->config, NOW, &removed), 0);
	assert_int_equal(removed, 1);
	assert_int_equal(load(f), 1);
}

static void test_the_hook_gives_keys_too(void **state)
{
	struct fixture *f = *state;

	make(f, NOW - 50);
	hook(f,
	     "for i in 1 2 3 4; do printf 'abcdefABCDEF0123'; done | sed 's/^/20260921T141320Z /'");
	assert_int_equal(load(f), 2);
	assert_int_equal(f->keys.made[0], NOW);
	assert_int_equal(f->keys.keys[0], 0xAB);
	assert_int_equal(f->keys.keys[31], 0x23);
}

static void test_a_hook_that_fails_is_told(void **state)
{
	struct fixture *f = *state;

	hook(f, "exit 3");
	assert_int_equal(gate_tickets_load(&f->cli, &f->config, NOW, &f->keys), 13);
	hook(f, "echo 20260921T141320Z 1234");
	assert_int_equal(gate_tickets_load(&f->cli, &f->config, NOW, &f->keys), 13);
	fflush(f->cli.err);
	assert_non_null(strstr(f->err, "hook: exit code 3"));
	assert_non_null(strstr(f->err, "64 hexadecimal digits"));
}

static void test_a_hook_that_floods_is_ended(void **state)
{
	struct fixture *f = *state;

	hook(f, "exec yes 20260921T141320Z");
	assert_int_equal(gate_tickets_load(&f->cli, &f->config, NOW, &f->keys), 13);
	fflush(f->cli.err);
	assert_non_null(strstr(f->err, "hook: killed, as it did not end"));
}

/* Who keeps the pipe open counts, not only the program itself. */
static void test_a_hook_that_hangs_is_ended_with_its_children(void **state)
{
	const struct cli_child child = CLI_CHILD_INIT;
	const char *const argv[] = { "/bin/sh", "-c", "sleep 60 & echo key; sleep 60", NULL };
	time_t begin = time(NULL);
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(cli_child_capture_within(&child, argv, 300, 100, &text, &len), 137);
	assert_true(time(NULL) - begin < 10);
	assert_string_equal(text, "key\n");
	free(text);
}

static void test_the_stamp_changes_with_the_folder(void **state)
{
	struct fixture *f = *state;
	uint64_t none = gate_folder_stamp(f->dir), one;

	make(f, NOW);
	one = gate_folder_stamp(f->dir);
	assert_int_not_equal(none, one);
	assert_int_equal(one, gate_folder_stamp(f->dir));
	make(f, NOW);
	assert_int_not_equal(one, gate_folder_stamp(f->dir));
}

/* A bundle that is being fetched is none in use yet. */
static void test_the_stamp_changes_with_the_bundle(void **state)
{
	struct fixture *f = *state;
	char command[256];
	uint64_t before;

	snprintf(command, sizeof(command), "cd %s && mkdir -p bundle/files bundle/b/gate", f->dir);
	assert_int_equal(system(command), 0);
	before = gate_folder_stamp(f->dir);
	snprintf(command, sizeof(command), "cd %s/bundle && touch files/1 b/index b/gate/1",
		 f->dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(before, gate_folder_stamp(f->dir));
	snprintf(command, sizeof(command), "echo b > %s/bundle/current", f->dir);
	assert_int_equal(system(command), 0);
	assert_int_not_equal(before, gate_folder_stamp(f->dir));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_no_folder_is_no_keys),
		CASE(test_a_key_is_a_file_for_its_owner_named_by_the_time),
		CASE(test_the_newest_comes_first),
		CASE(test_two_in_one_second_are_two),
		CASE(test_a_key_of_seven_days_opens_nothing),
		CASE(test_a_key_from_the_future_waits),
		CASE(test_at_most_eight_the_newest),
		CASE(test_a_file_that_is_no_key_is_told_and_left_out),
		CASE(test_old_keys_are_removed),
		CASE(test_the_hook_gives_keys_too),
		CASE(test_a_hook_that_fails_is_told),
		CASE(test_a_hook_that_floods_is_ended),
		CASE(test_a_hook_that_hangs_is_ended_with_its_children),
		CASE(test_the_stamp_changes_with_the_folder),
		CASE(test_the_stamp_changes_with_the_bundle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
