/* sj_mrz_holder(): what somebody typed from a printed zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sojourn/document.h>

/* ICAO Doc 9303-5, appendix B, and -4, appendix B: the specimens of Utopia. */
static const char td1[] = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\n"
			  "ERIKSSON<<ANNA<MARIA<<<<<<<<<<\n";
static const char td3[] = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n"
			  "L898902C36UTO7408122F1204159ZE184226B<<<<<10\n";
#define NOW 1790000000 /* 2026-09-21 */

static enum sj_rc read(const char *text, size_t len, struct sj_holder *h, const char **problem)
{
	*h = (struct sj_holder){ .size = sizeof(*h) };
	return sj_mrz_holder(text, len, NOW, h, problem);
}

static void check_specimen(const char *text, const char *number)
{
	struct sj_holder h;
	const char *problem = "";

	assert_int_equal(read(text, strlen(text), &h, &problem), SJ_OK);
	assert_null(problem);
	assert_string_equal(h.document_number, number);
	assert_string_equal(h.surname, "ERIKSSON");
	assert_string_equal(h.given_names, "ANNA MARIA");
	assert_string_equal(h.birth_date, "19740812");
	assert_string_equal(h.expiry_date, "20120415");
	assert_string_equal(h.nationality, "UTO");
	assert_string_equal(h.sex, "F");
}

static void reads_card_and_passport(void **state)
{
	(void)state;
	check_specimen(td1, "D23145890");
	check_specimen(td3, "L898902C3");
}

/* A check digit that does not hold is named, and what was read is there to be corrected. */
static void check_digit(size_t at, char put, const char *wanted)
{
	struct sj_holder h;
	const char *problem = NULL;
	char text[sizeof(td1)];

	memcpy(text, td1, sizeof(td1));
	text[at] = put;
	assert_int_equal(read(text, strlen(text), &h, &problem), SJ_SECRET_MALFORMED);
	assert_string_equal(problem, wanted);
	assert_string_equal(h.surname, "ERIKSSON");
}

static void names_the_check_digit_that_does_not_hold(void **state)
{
	(void)state;
	check_digit(6, '4', "number");
	check_digit(32, '1', "birth");
	check_digit(40, '3', "expiry");
	check_digit(60, '7', "composite");
}

static void refuses_what_is_no_zone_and_gives_nothing(void **state)
{
	struct sj_holder h;
	const char *problem = NULL;

	(void)state;
	for (size_t n = 0; n + 2 < sizeof(td1); n++) {
		assert_int_equal(read(td1, n, &h, &problem), SJ_SECRET_MALFORMED);
		assert_true(strcmp(problem, "size") == 0 || strcmp(problem, "character") == 0);
		assert_string_equal(h.surname, "");
	}
	assert_int_equal(read("I$", 2, &h, &problem), SJ_SECRET_MALFORMED);
}

/* A caller that was compiled with a shorter struct gets no more than that. */
static void keeps_to_the_callers_size(void **state)
{
	struct sj_holder h = { .size = offsetof(struct sj_holder, surname) };
	const char *problem;

	(void)state;
	strcpy(h.surname, "untouched");
	assert_int_equal(sj_mrz_holder(td1, strlen(td1), 0, &h, &problem), SJ_OK);
	assert_string_equal(h.document_number, "D23145890");
	assert_string_equal(h.surname, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_card_and_passport),
		cmocka_unit_test(names_the_check_digit_that_does_not_hold),
		cmocka_unit_test(refuses_what_is_no_zone_and_gives_nothing),
		cmocka_unit_test(keeps_to_the_callers_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
