/* Contexts and sessions that get no memory: nothing is used, nothing is left open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "reader/context.h"
#include "reader/session.h"

/* --- an allocation that fails: the linker leads calloc() here (tests.mk) ----------------- */

static int left = -1; /* how many go well; -1: all */

__typeof__(calloc) __real_calloc, __wrap_calloc;
void *__wrap_calloc(size_t n, size_t size)
{
	if (left == 0)
		return NULL;
	left -= left > 0;
	return __real_calloc(n, size);
}

/* --- a transport that counts --------------------------------------------------------------- */

static unsigned closed;

static void count_close(struct sj_transport *t)
{
	(void)t;
	closed++;
}

static void test_a_session_without_memory_closes_its_transport(void **state)
{
	static const struct sj_transport_ops ops = { .close = count_close };
	struct sj_transport transport = { .ops = &ops };
	struct sj_session *s = NULL;
	struct sj_context *ctx;
	enum sj_rc rc;

	(void)state;
	assert_int_equal(sj_context_new(&ctx), SJ_OK);
	left = 0;
	rc = sj_session_open(ctx, &transport, 0, &s);
	left = -1;
	assert_int_equal(rc, SJ_NO_MEMORY);
	assert_null(s);
	assert_int_equal(closed, 1);
	sj_context_free(ctx);
}

static void test_a_context_without_memory_is_none(void **state)
{
	struct sj_context *ctx = NULL;
	enum sj_rc rc;

	(void)state;
	for (int k = 0; k < 2; k++) {
		left = k;
		rc = sj_context_new(&ctx);
		left = -1;
		assert_int_equal(rc, SJ_NO_MEMORY);
		assert_null(ctx);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_session_without_memory_closes_its_transport),
		cmocka_unit_test(test_a_context_without_memory_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
