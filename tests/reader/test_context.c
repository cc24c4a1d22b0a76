/* Contexts: what needs no reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include <sojourn/reader.h>

static void test_the_version_is_that_of_the_header(void **state)
{
	(void)state;
	assert_string_equal(sj_version(), SJ_VERSION);
}

static void test_without_descriptors_there_is_no_context(void **state)
{
	struct sj_context *ctx = NULL;
	struct rlimit before, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(sj_context_new(&ctx), SJ_NO_MEMORY);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_null(ctx);
}

static void test_status_words_have_texts(void **state)
{
	(void)state;
	assert_non_null(strstr(sj_status_word_text(0x6A82), "not found"));
	assert_non_null(sj_status_word_text(0x1234));
}

static void test_nothing_is_closed_twice(void **state)
{
	(void)state;
	sj_context_free(NULL);
	sj_card_close(NULL);
	sj_readers_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_version_is_that_of_the_header),
		cmocka_unit_test(test_without_descriptors_there_is_no_context),
		cmocka_unit_test(test_status_words_have_texts),
		cmocka_unit_test(test_nothing_is_closed_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
