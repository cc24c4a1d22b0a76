/* A batch file, line by line: what is taken, what is refused, and that the next line is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "authority/batch.h"

/* The least JPEG that has a size and an end. */
#define PORTRAIT "/9j/wAALCAAQABABAREA/9k="
#define HEAD \
	"{\"documentNumber\":\"K1\",\"surname\":\"Eriksson\",\"nationality\":\"UTO\"," \
	"\"birthDate\":\"1990-08-12\",\"sex\":\"F\",\"expiryDate\":\"2033-05-18\""
#define GOOD HEAD ",\"portraitData\":\"" PORTRAIT "\"}"

struct fixture {
	char path[40];
	struct batch_file *file;
	struct batch_line line;
	struct holder_fault fault;
};

static void open_with(struct fixture *f, const char *text, size_t len)
{
	int fd;

	strcpy(f->path, "/tmp/sojourn-batch-XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	f->file = batch_open(f->path);
	assert_non_null(f->file);
}

static enum batch_rc next(struct fixture *f)
{
	return batch_next(f->file, &f->line, &f->fault);
}

static void close_it(struct fixture *f)
{
	batch_close(f->file);
	unlink(f->path);
}

static void a_line_is_a_holder_and_a_portrait(void **state)
{
	static const char text[] = "\n" GOOD "\r\n  \n" GOOD;
	struct fixture f;

	(void)state;
	open_with(&f, text, strlen(text));
	assert_int_equal(next(&f), BATCH_GOOD);
	assert_int_equal(f.line.number, 2);
	assert_string_equal(f.line.holder.fields[HOLDER_SURNAME], "Eriksson");
	assert_int_equal(f.line.portrait.len, 17);
	assert_memory_equal(f.line.portrait.ptr + 15, "\xFF\xD9", 2);
	assert_null(memmem(f.line.json.ptr, f.line.json.len, "portrait", 8));
	assert_int_equal(next(&f), BATCH_GOOD);
	assert_int_equal(f.line.number, 4);
	assert_int_equal(next(&f), BATCH_END);
	close_it(&f);
}

static void what_is_wrong_is_told_and_the_next_line_is_read(void **state)
{
	static const struct {
		const char *line, *path;
		enum sj_rc rc;
	} cases[] = {
		{ "{", "", SJ_INPUT_MALFORMED },
		{ "[]", "", SJ_INPUT_MALFORMED },
		{ HEAD "}", "/portrait", SJ_INPUT_MALFORMED },
		{ HEAD ",\"portrait\":\"a\",\"portraitData\":\"" PORTRAIT "\"}", "/portrait",
		  SJ_INPUT_MALFORMED },
		{ HEAD ",\"portrait\":7}", "/portrait", SJ_INPUT_MALFORMED },
		{ HEAD ",\"portrait\":\"none.jpg\"}", "/portrait", SJ_INPUT_UNREADABLE },
		{ HEAD ",\"portraitData\":\"/9j=\"}", "/portraitData", SJ_INPUT_MALFORMED },
		{ HEAD ",\"portraitData\":\"/9j\"}", "/portraitData", SJ_INPUT_MALFORMED },
		{ HEAD ",\"portraitData\":\"=\"}", "/portraitData", SJ_INPUT_MALFORMED },
		{ HEAD ",\"portraitData\":\"/9j/2Q==\"}", "/portraitData", SJ_INPUT_MALFORMED },
		{ HEAD ",\"colour\":\"red\",\"portraitData\":\"" PORTRAIT "\"}", "/colour",
		  SJ_INPUT_MALFORMED },
	};
	char text[1024];
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s\n%s\n", cases[i].line, GOOD);
		open_with(&f, text, strlen(text));
		assert_int_equal(next(&f), BATCH_BAD);
		assert_int_equal(f.fault.rc, cases[i].rc);
		assert_string_equal(f.fault.path, cases[i].path);
		assert_int_equal(f.line.number, 1);
		assert_int_equal(next(&f), BATCH_GOOD);
		close_it(&f);
	}
}

static void no_truncation_is_taken_for_a_holder(void **state)
{
	const size_t len = strlen(GOOD);
	struct fixture f;

	(void)state;
	for (size_t n = 1; n < len; n++) {
		open_with(&f, GOOD, n);
		assert_int_equal(next(&f), BATCH_BAD);
		assert_int_equal(next(&f), BATCH_END);
		close_it(&f);
	}
}

static void a_line_without_end_is_refused_and_passed_over(void **state)
{
	const size_t len = BATCH_LINE_MAX + 5000;
	char *text = malloc(len + sizeof(GOOD) + 1);
	struct fixture f;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	text[len] = '\n';
	memcpy(text + len + 1, GOOD, sizeof(GOOD));
	open_with(&f, text, len + sizeof(GOOD));
	free(text);
	assert_int_equal(next(&f), BATCH_BAD);
	assert_int_equal(f.fault.rc, SJ_INPUT_REFUSED);
	assert_int_equal(next(&f), BATCH_GOOD);
	assert_int_equal(f.line.number, 2);
	close_it(&f);
}

/* A file one byte larger than is allowed, named from the batch's folder and by its whole path; then in the line. */
static void a_portrait_too_large_is_refused(void **state)
{
	static const char start[] = HEAD ",\"portraitData\":\"";
	const size_t len = BATCH_PORTRAIT_MAX + 1;
	char name[] = "/tmp/sojourn-large-XXXXXX", *text = malloc(2 * len);
	const char *const names[] = { name, name + strlen("/tmp/") };
	const int fd = mkstemp(name);
	struct fixture f;

	(void)state;
	assert_non_null(text);
	assert_true(fd >= 0 && ftruncate(fd, (off_t)len) == 0);
	close(fd);
	for (size_t i = 0; i < 2; i++) {
		snprintf(text, len, "%s,\"portrait\":\"%s\"}", HEAD, names[i]);
		open_with(&f, text, strlen(text));
		assert_int_equal(next(&f), BATCH_BAD);
		assert_int_equal(f.fault.rc, SJ_INPUT_REFUSED);
		close_it(&f);
	}
	unlink(name);
	memset(text, 'A', 2 * len);
	memcpy(text, start, strlen(start));
	strcpy(text + strlen(start) + 4 * (len / 3 + 1), "\"}");
	open_with(&f, text, strlen(text));
	assert_int_equal(next(&f), BATCH_BAD);
	assert_int_equal(f.fault.rc, SJ_INPUT_REFUSED);
	assert_string_equal(f.fault.path, "/portraitData");
	close_it(&f);
	free(text);
}

/* All but the portrait is the holder's file, which has a size of its own. */
static void a_holder_too_large_is_refused(void **state)
{
	const size_t len = HOLDER_FILE_MAX + sizeof(GOOD) + 32;
	char *text = malloc(len);
	struct fixture f;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, "{\"more\":\"", strlen("{\"more\":\""));
	snprintf(text + HOLDER_FILE_MAX, len - HOLDER_FILE_MAX, "\",%s", &GOOD[1]);
	open_with(&f, text, strlen(text));
	free(text);
	assert_int_equal(next(&f), BATCH_BAD);
	assert_int_equal(f.fault.rc, SJ_INPUT_REFUSED);
	assert_string_equal(f.fault.path, "");
	close_it(&f);
}

static void no_file_is_told_by_errno(void **state)
{
	(void)state;
	assert_null(batch_open("/tmp/sojourn-no-such-batch"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_holder_and_a_portrait),
		cmocka_unit_test(what_is_wrong_is_told_and_the_next_line_is_read),
		cmocka_unit_test(no_truncation_is_taken_for_a_holder),
		cmocka_unit_test(a_line_without_end_is_refused_and_passed_over),
		cmocka_unit_test(a_portrait_too_large_is_refused),
		cmocka_unit_test(a_holder_too_large_is_refused),
		cmocka_unit_test(no_file_is_told_by_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
