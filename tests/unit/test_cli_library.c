/* Libraries at their first use: what is there is found, what is not is told by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "cli/frame.h"
#include "cli/library.h"

#define CALLS(f) f(crc32) f(adler32)
struct calls {
	CALLS(CLI_CALL)
};
static const char *const names[] = { CALLS(CLI_CALL_NAME) NULL };

struct fixture {
	struct cli cli;
	char *err;
	size_t err_len;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
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
	free(f);
	return 0;
}

static void each_function_comes_under_its_name(void **state)
{
	struct fixture *f = *state;
	struct calls calls;

	assert_int_equal(cli_library(&f->cli, "libz.so.1", "zlib1g", names, &calls), 0);
	assert_ptr_equal(calls.crc32, crc32);
	assert_ptr_equal(calls.adler32, adler32);
}

static void a_library_that_is_not_there_is_told(void **state)
{
	struct fixture *f = *state;
	struct calls calls;

	assert_int_not_equal(cli_library(&f->cli, "libnowhere.so.7", "libnowhere7", names, &calls),
			     0);
	fflush(f->cli.err);
	assert_non_null(strstr(f->err, "libnowhere.so.7"));
	assert_non_null(strstr(f->err, "package libnowhere7"));
}

static void a_function_that_is_not_there_is_told(void **state)
{
	static const char *const unknown[] = { "crc32", "no_such_function", NULL };
	struct fixture *f = *state;
	struct calls calls;

	assert_int_not_equal(cli_library(&f->cli, "libz.so.1", "zlib1g", unknown, &calls), 0);
	fflush(f->cli.err);
	assert_non_null(strstr(f->err, "no_such_function"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_function_comes_under_its_name, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_library_that_is_not_there_is_told, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_function_that_is_not_there_is_told, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
