/* Who waits for a reader comes in the order of waiting, whatever becomes of the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "reader/transport.h"
#include "reader/turn.h"

#define ALONE true
#define TOGETHER false

static int64_t now;

__typeof__(sj_clock_ms) __wrap_sj_clock_ms;
int64_t __wrap_sj_clock_ms(void)
{
	return now;
}

struct stage {
	char folder[32], file[64];
	struct sj_turn a, b, c;
};

static int set_up(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	now = 1000;
	snprintf(s->folder, sizeof(s->folder), "/tmp/sojourn-turn-XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	snprintf(s->file, sizeof(s->file), "%s/sojourn-turns", s->folder);
	setenv("XDG_RUNTIME_DIR", s->folder, 1);
	sj_turn_open(&s->a, "service", "reader");
	sj_turn_open(&s->b, "service", "reader");
	sj_turn_open(&s->c, "service", "reader");
	assert_true(s->a.fd >= 0 && s->b.fd >= 0 && s->c.fd >= 0);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;

	sj_turn_close(&s->a);
	sj_turn_close(&s->b);
	sj_turn_close(&s->c);
	unlink(s->file);
	rmdir(s->folder);
	free(s);
	return 0;
}

static void who_waits_first_comes_first(void **state)
{
	struct stage *s = *state;

	assert_true(sj_turn_is(&s->a, ALONE));
	assert_false(sj_turn_is(&s->b, ALONE));
	assert_false(sj_turn_is(&s->c, ALONE));
	sj_turn_end(&s->a);
	assert_false(sj_turn_is(&s->a, ALONE)); /* at the end of the queue */
	assert_false(sj_turn_is(&s->c, ALONE));
	assert_true(sj_turn_is(&s->b, ALONE));
	sj_turn_end(&s->b);
	assert_false(sj_turn_is(&s->a, ALONE));
	assert_true(sj_turn_is(&s->c, ALONE));
}

static void single_commands_go_together_but_pass_nobody(void **state)
{
	struct stage *s = *state;

	assert_true(sj_turn_is(&s->a, TOGETHER));
	assert_true(sj_turn_is(&s->b, TOGETHER));
	sj_turn_end(&s->b);
	assert_false(sj_turn_is(&s->c, ALONE));
	assert_false(sj_turn_is(&s->b, TOGETHER)); /* after the one that waits */
	sj_turn_end(&s->a);
	assert_true(sj_turn_is(&s->c, ALONE));
	assert_false(sj_turn_is(&s->b, TOGETHER));
	sj_turn_end(&s->c);
	assert_true(sj_turn_is(&s->b, TOGETHER));
}

static void together_becomes_alone_by_waiting(void **state)
{
	struct stage *s = *state;

	assert_true(sj_turn_is(&s->a, TOGETHER));
	assert_true(sj_turn_is(&s->b, TOGETHER));
	assert_false(sj_turn_is(&s->a, ALONE));
	sj_turn_end(&s->b);
	assert_true(sj_turn_is(&s->a, ALONE));
	assert_true(sj_turn_is(&s->a, TOGETHER)); /* that is less */
	assert_false(sj_turn_is(&s->b, TOGETHER));
}

static void whether_others_came_between_is_known(void **state)
{
	struct stage *s = *state;
	unsigned before;

	assert_true(sj_turn_is(&s->a, ALONE));
	before = s->a.others;
	sj_turn_end(&s->a);
	assert_true(sj_turn_is(&s->a, ALONE));
	assert_int_equal(s->a.others, before);
	assert_false(sj_turn_is(&s->b, TOGETHER));
	sj_turn_end(&s->a);
	assert_true(sj_turn_is(&s->b, TOGETHER));
	sj_turn_end(&s->b);
	assert_true(sj_turn_is(&s->a, ALONE));
	assert_int_equal(s->a.others, before + 1);
}

static void who_was_there_before_is_known(void **state)
{
	struct stage *s = *state;
	unsigned before;

	assert_true(sj_turn_is(&s->b, TOGETHER));
	assert_true(sj_turn_is(&s->a, TOGETHER));
	before = s->a.others;
	sj_turn_end(&s->a);
	assert_false(sj_turn_is(&s->a, ALONE)); /* the next number, but b may act until its end */
	sj_turn_end(&s->b);
	assert_true(sj_turn_is(&s->a, ALONE));
	assert_int_equal(s->a.others, before + 1);
	sj_turn_end(&s->a);
	assert_true(sj_turn_is(&s->a, ALONE));
	assert_int_equal(s->a.others, before + 1);
}

static void a_lone_program_has_no_others(void **state)
{
	struct stage *s = *state;
	unsigned before;

	assert_true(sj_turn_is(&s->a, TOGETHER));
	before = s->a.others;
	for (unsigned i = 0; i < 20; i++) {
		assert_true(sj_turn_is(&s->a, i % 3 == 0));
		now += i % 4 == 0 ? 5000 : SJ_TURN_MS / 2;
		if (i % 5 == 0)
			sj_turn_end(&s->a);
	}
	assert_int_equal(s->a.others, before);
}

static void a_turn_has_an_end(void **state)
{
	struct stage *s = *state;

	assert_true(sj_turn_is(&s->a, ALONE));
	assert_false(sj_turn_is(&s->b, ALONE));
	now += SJ_TURN_MS;
	assert_true(sj_turn_is(&s->a, ALONE));
	assert_int_equal(sj_turn_idle(&s->a), SJ_TURN_IDLE_MS);
	now++;
	assert_int_equal(sj_turn_idle(&s->a), 0);
	assert_false(sj_turn_is(&s->a, ALONE));
	assert_true(sj_turn_is(&s->b, ALONE));
	sj_turn_end(&s->b);
	sj_turn_end(&s->a);
	assert_true(sj_turn_is(&s->a, TOGETHER));
	assert_int_equal(sj_turn_idle(&s->a), SJ_TURN_IDLE_SHARED_MS);
}

static void who_goes_is_waited_for_no_more(void **state)
{
	struct stage *s = *state;
	int status;
	pid_t pid;

	assert_true(sj_turn_is(&s->a, ALONE));
	assert_false(sj_turn_is(&s->b, ALONE)); /* waits, and gives up */
	assert_false(sj_turn_is(&s->c, ALONE));
	sj_turn_end(&s->b);
	sj_turn_end(&s->a);
	assert_true(sj_turn_is(&s->c, ALONE));
	sj_turn_end(&s->c);
	pid = fork();
	if (pid == 0) { /* dies with the turn */
		struct sj_turn t;

		sj_turn_open(&t, "service", "reader");
		_exit(sj_turn_is(&t, ALONE) && t.mine ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(sj_turn_is(&s->a, ALONE));
	assert_true(s->a.mine);
}

static void a_queue_that_stands_still_is_passed_by(void **state)
{
	struct stage *s = *state;

	assert_true(sj_turn_is(&s->a, ALONE));
	assert_false(sj_turn_is(&s->b, ALONE));
	now += 3000;
	assert_false(sj_turn_is(&s->b, ALONE));
	now++;
	assert_true(sj_turn_is(&s->b, ALONE));
	assert_true(sj_turn_is(&s->b, ALONE)); /* and goes on */
	assert_false(sj_turn_is(&s->c, ALONE)); /* among those after it there is order */
	sj_turn_end(&s->b);
	assert_false(sj_turn_is(&s->b, ALONE));
	assert_true(sj_turn_is(&s->c, ALONE)); /* at once */
	sj_turn_end(&s->a);
	assert_false(sj_turn_is(&s->a, ALONE)); /* behind b again */
	sj_turn_end(&s->c);
	assert_false(sj_turn_is(&s->a, ALONE));
	assert_true(sj_turn_is(&s->b, ALONE));
}

/* A program that became a daemon while it had the turn. */
static void a_turn_left_to_a_child_stops_nobody_twice(void **state)
{
	struct stage *s = *state;
	int ends[2], status;
	struct sj_turn t;
	char gone;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		sj_turn_open(&t, "service", "reader");
		if (!sj_turn_is(&t, ALONE) || fork() != 0)
			_exit(t.mine ? 0 : 1);
		_exit((int)read(ends[0], &gone, 1)); /* when the test ends */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(sj_turn_is(&s->a, ALONE));
	now += 3001;
	assert_true(sj_turn_is(&s->a, ALONE));
	sj_turn_end(&s->a);
	assert_true(sj_turn_is(&s->b, ALONE) && s->b.mine);
	sj_turn_end(&s->b);
	sj_turn_open(&t, "service", "reader");
	assert_true(sj_turn_is(&t, ALONE) && t.mine);
	sj_turn_close(&t);
	close(ends[0]);
	close(ends[1]);
}

/* It slept, and must not act with its old number, of which who passed it by cannot know. */
static void who_was_passed_by_waits_at_the_end(void **state)
{
	struct stage *s = *state;
	unsigned before;

	assert_true(sj_turn_is(&s->a, ALONE));
	assert_false(sj_turn_is(&s->b, ALONE));
	assert_false(sj_turn_is(&s->c, ALONE));
	now += 3001;
	before = s->c.others;
	assert_true(sj_turn_is(&s->c, ALONE));
	assert_int_equal(s->c.others, before + 1); /* the turn of a is not over */
	assert_false(sj_turn_is(&s->b, ALONE));
	sj_turn_end(&s->c);
	assert_true(sj_turn_is(&s->b, ALONE));
	sj_turn_end(&s->b);
	assert_true(sj_turn_is(&s->c, ALONE));
	assert_int_equal(s->c.others, before + 2);
	sj_turn_end(&s->c);
	sj_turn_end(&s->a);
	assert_true(sj_turn_is(&s->c, ALONE));
	assert_int_equal(s->c.others, before + 3);
}

static void one_at_a_time_passes_by(void **state)
{
	struct stage *s = *state;

	assert_true(sj_turn_is(&s->a, ALONE));
	assert_false(sj_turn_is(&s->b, ALONE));
	assert_false(sj_turn_is(&s->c, ALONE));
	now += 3001;
	assert_true(sj_turn_is(&s->b, ALONE));
	assert_false(sj_turn_is(&s->c, ALONE));
	sj_turn_end(&s->b);
	assert_true(sj_turn_is(&s->c, ALONE));
}

/* As in a folder of a file system that knows none. */
static void without_locks_there_is_no_queue(void **state)
{
	struct stage *s = *state;
	const unsigned before = s->a.others;

	close(s->a.fd);
	for (int i = 0; i < 3; i++) {
		assert_true(sj_turn_is(&s->a, ALONE));
		assert_int_equal(s->a.fd, -1);
		assert_int_equal(s->a.others, before);
		assert_int_equal(sj_turn_idle(&s->a), 0);
		sj_turn_end(&s->a);
		now += 3001;
	}
}

static void a_queue_that_moves_is_waited_for(void **state)
{
	struct stage *s = *state;

	assert_true(sj_turn_is(&s->a, ALONE));
	assert_false(sj_turn_is(&s->c, ALONE));
	assert_false(sj_turn_is(&s->b, ALONE));
	now += 2000;
	sj_turn_end(&s->a);
	assert_true(sj_turn_is(&s->c, ALONE));
	assert_false(sj_turn_is(&s->b, ALONE));
	now += 2000;
	assert_false(sj_turn_is(&s->b, ALONE));
	sj_turn_end(&s->c);
	assert_true(sj_turn_is(&s->b, ALONE));
	assert_true(s->b.mine);
}

static void each_reader_and_each_service_has_its_own_queue(void **state)
{
	struct stage *s = *state;
	struct sj_turn other;

	assert_true(sj_turn_is(&s->a, ALONE));
	sj_turn_open(&other, "service", "another reader");
	assert_true(sj_turn_is(&other, ALONE) && other.mine);
	sj_turn_close(&other);
	sj_turn_open(&other, "another service", "reader");
	assert_true(sj_turn_is(&other, ALONE) && other.mine);
	sj_turn_close(&other);
}

static void without_a_folder_nobody_waits(void **state)
{
	static const char *const folders[] = { "", "relative", "/does/not/exist", "/dev/null" };
	struct stage *s = *state;
	struct sj_turn t;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		setenv("XDG_RUNTIME_DIR", folders[i], 1);
		sj_turn_open(&t, "service", "reader");
		assert_true(t.fd < 0 && sj_turn_is(&t, ALONE) && sj_turn_idle(&t) == 0);
		sj_turn_close(&t);
	}
	/* Nor at what is no file of ours. */
	setenv("XDG_RUNTIME_DIR", s->folder, 1);
	unlink(s->file);
	assert_int_equal(symlink("/tmp/sojourn-turns", s->file), 0);
	sj_turn_open(&t, "service", "reader");
	assert_true(t.fd < 0);
	unlink(s->file);
	assert_int_equal(mkfifo(s->file, 0600), 0);
	sj_turn_open(&t, "service", "reader");
	assert_true(t.fd < 0);
	unlink(s->file);
	/* Nor where others may put one. */
	assert_int_equal(chmod(s->folder, 01777), 0);
	sj_turn_open(&t, "service", "reader");
	assert_true(t.fd < 0);
	assert_int_equal(access(s->file, F_OK), -1);
	assert_int_equal(chmod(s->folder, 0700), 0);
	if (geteuid() == 0) { /* `sudo` with the user's own environment */
		assert_int_equal(chown(s->folder, 65534, 65534), 0);
		sj_turn_open(&t, "service", "reader");
		assert_true(t.fd < 0);
	}
}

#define TURN_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TURN_CASE(who_waits_first_comes_first),
		TURN_CASE(single_commands_go_together_but_pass_nobody),
		TURN_CASE(together_becomes_alone_by_waiting),
		TURN_CASE(whether_others_came_between_is_known),
		TURN_CASE(who_was_there_before_is_known),
		TURN_CASE(a_lone_program_has_no_others),
		TURN_CASE(a_turn_has_an_end),
		TURN_CASE(who_goes_is_waited_for_no_more),
		TURN_CASE(a_queue_that_stands_still_is_passed_by),
		TURN_CASE(who_was_passed_by_waits_at_the_end),
		TURN_CASE(one_at_a_time_passes_by),
		TURN_CASE(without_locks_there_is_no_queue),
		TURN_CASE(a_turn_left_to_a_child_stops_nobody_twice),
		TURN_CASE(a_queue_that_moves_is_waited_for),
		TURN_CASE(each_reader_and_each_service_has_its_own_queue),
		TURN_CASE(without_a_folder_nobody_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
