/* The table of failures: every number, in order, with every text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sojourn/failure.h>

static void test_rows_are_in_order_and_found(void **state)
{
	const struct sj_failure *f;
	int before = 0;

	(void)state;
	for (size_t i = 0; (f = sj_failure_at(i)) != NULL; i++) {
		assert_true((int)f->rc > before);
		assert_ptr_equal(sj_failure_find(f->rc), f);
		before = (int)f->rc;
	}
}

static void test_every_text_is_a_sentence(void **state)
{
	const struct sj_failure *f;

	(void)state;
	for (size_t i = 0; (f = sj_failure_at(i)) != NULL; i++) {
		const char *const texts[] = { f->text, f->cause, f->action };

		for (size_t k = 0; k < 3; k++) {
			assert_true(strlen(texts[k]) > 10);
			assert_int_equal(texts[k][strlen(texts[k]) - 1], '.');
		}
		assert_true(strlen(f->name) > 3 && strlen(f->contact) > 3);
	}
}

static void test_names_differ(void **state)
{
	const struct sj_failure *a, *b;

	(void)state;
	for (size_t i = 0; (a = sj_failure_at(i)) != NULL; i++) {
		for (size_t k = i + 1; (b = sj_failure_at(k)) != NULL; k++)
			assert_string_not_equal(a->name, b->name);
	}
}

static void test_exit_code_is_the_hundreds(void **state)
{
	(void)state;
	assert_int_equal(sj_exit_code(SJ_OK), 0);
	assert_int_equal(sj_exit_code(SJ_NO_PCSCD), 3);
	assert_int_equal(sj_exit_code(SJ_UNDECIDED), 14);
}

static void test_unknown_numbers_have_a_text_but_no_row(void **state)
{
	(void)state;
	assert_null(sj_failure_find(SJ_OK));
	assert_null(sj_failure_find((enum sj_rc)199));
	assert_non_null(sj_strerror((enum sj_rc)199));
	assert_string_equal(sj_strerror(SJ_WRONG_CAN), sj_failure_find(SJ_WRONG_CAN)->text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_in_order_and_found),
		cmocka_unit_test(test_every_text_is_a_sentence),
		cmocka_unit_test(test_names_differ),
		cmocka_unit_test(test_exit_code_is_the_hundreds),
		cmocka_unit_test(test_unknown_numbers_have_a_text_but_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
