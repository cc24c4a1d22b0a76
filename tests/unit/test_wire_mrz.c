#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/mrz.h"
static const char td1[] = "I<UTOD231458907<<<<<<<<<<<<<<<"
			  "7408122F1204159UTO<<<<<<<<<<<6"
			  "ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
static const char td2[] = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<"
			  "D231458907UTO7408122F1204159<<<<<<<6";
static const char td3[] = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
			  "L898902C36UTO7408122F1204159ZE184226B<<<<<10";
/* Doc 9303-11, D.2: long document numbers. */
static const char td1_long[] = "I<UTOD23145890<7349<<<<<<<<<<<"
			       "3407127M9507122UTO<<<<<<<<<<<2"
			       "STEVENSON<<PETER<JOHN<<<<<<<<<";
static const char td2_long[] = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<"
			       "D23145890<UTO3407127M95071227349<<<8";

static struct sj_mrz parsed(const char *zone)
{
	struct sj_mrz mrz;

	assert_int_equal(sj_mrz_parse(zone, strlen(zone), &mrz), SJ_MRZ_OK);
	return mrz;
}

static void assert_put(const struct sj_mrz *mrz, const char *zone)
{
	uint8_t bytes[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_mrz_put(&w, mrz);
	assert_false(w.failed);
	assert_int_equal(w.len, strlen(zone));
	assert_memory_equal(bytes, zone, w.len);
}

static void assert_not_put(const struct sj_mrz *mrz)
{
	uint8_t bytes[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_mrz_put(&w, mrz);
	assert_true(w.failed);
}

static void assert_access(const char *text, const char *information)
{
	uint8_t bytes[SJ_MRZ_INFORMATION_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	assert_int_equal(sj_mrz_access(text, strlen(text), &w), SJ_MRZ_OK);
	assert_int_equal(w.len, strlen(information));
	assert_memory_equal(bytes, information, w.len);
}

static enum sj_mrz_rc access_rc(const char *text)
{
	uint8_t bytes[SJ_MRZ_INFORMATION_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	return sj_mrz_access(text, strlen(text), &w);
}

/* The zone with one character changed. */
static enum sj_mrz_rc changed(const char *zone, size_t at, char c)
{
	char copy[SJ_MRZ_SIZE_MAX + 1];
	struct sj_mrz mrz;

	memcpy(copy, zone, strlen(zone) + 1);
	copy[at] = c;
	return sj_mrz_parse(copy, strlen(copy), &mrz);
}

static struct sj_mrz named(enum sj_mrz_format format, const char *surname, const char *given)
{
	struct sj_mrz mrz = parsed(td3);

	mrz.format = format;
	if (format != SJ_MRZ_TD3)
		mrz.optional_data[0] = '\0';
	snprintf(mrz.surname, sizeof(mrz.surname), "%s", surname);
	snprintf(mrz.given_names, sizeof(mrz.given_names), "%s", given);
	return mrz;
}

static void assert_names(const struct sj_mrz *mrz, size_t at, const char *names)
{
	uint8_t bytes[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_mrz_put(&w, mrz);
	assert_false(w.failed);
	assert_memory_equal(bytes + at, names, strlen(names));
}

static void check_digits_of_part_3(void **state)
{
	(void)state;
	assert_int_equal(sj_mrz_check_digit("520727", 6), '3');
	assert_int_equal(sj_mrz_check_digit("AB2134<<<", 9), '5');
	assert_int_equal(sj_mrz_check_digit("", 0), '0');
	assert_int_equal(sj_mrz_check_digit("a", 1), '\0');
}

static void td3_specimen(void **state)
{
	const struct sj_mrz mrz = parsed(td3);

	(void)state;
	assert_int_equal(mrz.format, SJ_MRZ_TD3);
	assert_string_equal(mrz.document_code, "P");
	assert_string_equal(mrz.issuing_state, "UTO");
	assert_string_equal(mrz.document_number, "L898902C3");
	assert_string_equal(mrz.surname, "ERIKSSON");
	assert_string_equal(mrz.given_names, "ANNA MARIA");
	assert_string_equal(mrz.nationality, "UTO");
	assert_string_equal(mrz.birth_date, "740812");
	assert_int_equal(mrz.sex, 'F');
	assert_string_equal(mrz.expiry_date, "120415");
	assert_string_equal(mrz.optional_data, "ZE184226B");
}

static void td1_and_td2_specimens(void **state)
{
	const struct sj_mrz one = parsed(td1), two = parsed(td2);

	(void)state;
	assert_int_equal(one.format, SJ_MRZ_TD1);
	assert_int_equal(two.format, SJ_MRZ_TD2);
	assert_string_equal(one.document_number, "D23145890");
	assert_string_equal(two.document_number, "D23145890");
	assert_string_equal(one.given_names, "ANNA MARIA");
	assert_string_equal(two.surname, "ERIKSSON");
	assert_string_equal(one.optional_data, "");
}

static void long_numbers_are_whole(void **state)
{
	const struct sj_mrz one = parsed(td1_long), two = parsed(td2_long);

	(void)state;
	assert_string_equal(one.document_number, "D23145890734");
	assert_string_equal(two.document_number, "D23145890734");
	assert_string_equal(one.optional_data, "");
	assert_string_equal(two.optional_data, "");
}

static void specimens_are_made_again(void **state)
{
	struct sj_mrz mrz;

	(void)state;
	mrz = parsed(td1);
	assert_put(&mrz, td1);
	mrz = parsed(td2);
	assert_put(&mrz, td2);
	mrz = parsed(td3);
	assert_put(&mrz, td3);
	mrz = parsed(td1_long);
	assert_put(&mrz, td1_long);
	mrz = parsed(td2_long);
	assert_put(&mrz, td2_long);
}

static void optional_data_after_a_long_number(void **state)
{
	struct sj_mrz mrz = parsed(td1_long), again;
	uint8_t bytes[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	memcpy(mrz.optional_data, "AB12", 5);
	memcpy(mrz.optional_data_2, "XYZ", 4);
	sj_mrz_put(&w, &mrz);
	assert_false(w.failed);
	assert_memory_equal(bytes + 15, "7349<AB12<<<<<<", 15);
	assert_int_equal(sj_mrz_parse((const char *)bytes, w.len, &again), SJ_MRZ_OK);
	assert_memory_equal(&again, &mrz, sizeof(mrz));
}

static void white_space_is_passed_over(void **state)
{
	struct sj_mrz mrz;
	static const char text[] = "  I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<< \r\n"
				   "\tD231458907UTO7408122F1204159<<<<<<<6\n\n";

	(void)state;
	assert_int_equal(sj_mrz_parse(text, strlen(text), &mrz), SJ_MRZ_OK);
	assert_int_equal(mrz.format, SJ_MRZ_TD2);
}

static void the_wrong_check_digit_is_named(void **state)
{
	(void)state;
	assert_int_equal(changed(td3, 53, '7'), SJ_MRZ_CHECK_NUMBER);
	assert_int_equal(changed(td3, 63, '3'), SJ_MRZ_CHECK_BIRTH);
	assert_int_equal(changed(td3, 71, '8'), SJ_MRZ_CHECK_EXPIRY);
	assert_int_equal(changed(td3, 86, '2'), SJ_MRZ_CHECK_OPTIONAL);
	assert_int_equal(changed(td3, 87, '1'), SJ_MRZ_CHECK_COMPOSITE);
	assert_int_equal(changed(td1, 59, '7'), SJ_MRZ_CHECK_COMPOSITE);
	assert_int_equal(changed(td2, 71, '7'), SJ_MRZ_CHECK_COMPOSITE);
	assert_int_equal(changed(td1_long, 18, '8'), SJ_MRZ_CHECK_NUMBER);
}

/* Examples that ICAO prints with a composite digit that does not hold: what is read is shown. */
static void printed_examples_with_a_wrong_composite_digit(void **state)
{
	static const struct {
		const char *zone, *number, *given_names;
	} printed[] = {
		/* Doc 9303-11, D.2: 2 would hold in both */
		{ "I<UTOL898902C<3<<<<<<<<<<<<<<<6908061F9406236UTO<<<<<<<<<<<1"
		  "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
		  "L898902C", "ANNA MARIA" },
		{ "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<L898902C<3UTO6908061F9406236<<<<<<<8",
		  "L898902C", "ANNA MARIA" },
		/* Doc 9303-10, A.2.1: 8 would hold */
		{ "I<NLDXI85935F86999999990<<<<<<7208148F1108268NLD<<<<<<<<<<<4"
		  "VAN<DER<STEEN<<MARIANNE<LOUISE",
		  "XI85935F8", "MARIANNE LOUISE" },
	};
	struct sj_mrz mrz;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(sj_mrz_parse(printed[i].zone, strlen(printed[i].zone), &mrz),
				 SJ_MRZ_CHECK_COMPOSITE);
		assert_string_equal(mrz.document_number, printed[i].number);
		assert_string_equal(mrz.given_names, printed[i].given_names);
	}
}

static void every_digit_of_the_checked_fields_counts(void **state)
{
	(void)state;
	for (size_t i = 44; i < 87; i++) {
		if (td3[i] >= '0' && td3[i] <= '9')
			assert_int_not_equal(
				changed(td3, i, td3[i] == '9' ? '0' : (char)(td3[i] + 1)),
				SJ_MRZ_OK);
	}
}

static void what_was_read_is_shown_with_a_wrong_digit(void **state)
{
	char copy[sizeof(td3)];
	struct sj_mrz mrz;

	(void)state;
	memcpy(copy, td3, sizeof(td3));
	copy[53] = '7';
	assert_int_equal(sj_mrz_parse(copy, strlen(copy), &mrz), SJ_MRZ_CHECK_NUMBER);
	assert_string_equal(mrz.document_number, "L898902C3");
	assert_string_equal(mrz.optional_data, "ZE184226B");
}

static void sizes_and_characters_are_strict(void **state)
{
	struct sj_mrz mrz;

	(void)state;
	assert_int_equal(sj_mrz_parse(td3, 87, &mrz), SJ_MRZ_WRONG_SIZE);
	assert_int_equal(mrz.format, SJ_MRZ_NONE);
	assert_int_equal(sj_mrz_parse("", 0, &mrz), SJ_MRZ_WRONG_SIZE);
	assert_int_equal(changed(td3, 10, 'e'), SJ_MRZ_WRONG_CHARACTER);
	assert_int_equal(changed(td3, 10, '1'), SJ_MRZ_WRONG_CHARACTER);
	assert_int_equal(changed(td3, 64, 'X'), SJ_MRZ_WRONG_CHARACTER);
	assert_int_equal(changed(td3, 57, 'A'), SJ_MRZ_WRONG_CHARACTER);
	assert_int_equal(changed(td3, 70, '<'), SJ_MRZ_WRONG_CHARACTER);
}

static void an_empty_optional_field_may_have_a_filler_as_digit(void **state)
{
	struct sj_mrz mrz = parsed(td3);
	uint8_t bytes[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	mrz.optional_data[0] = '\0';
	sj_mrz_put(&w, &mrz);
	assert_int_equal(bytes[86], '<');
	assert_int_equal(sj_mrz_parse((const char *)bytes, w.len, &mrz), SJ_MRZ_OK);
	bytes[86] = '0';
	assert_int_equal(sj_mrz_parse((const char *)bytes, w.len, &mrz), SJ_MRZ_OK);
	assert_int_equal(changed(td3, 86, '<'), SJ_MRZ_CHECK_OPTIONAL);
}

static void an_unknown_birth_date(void **state)
{
	struct sj_mrz mrz = parsed(td3);
	uint8_t bytes[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	memcpy(mrz.birth_date, "74<<<<", 6);
	sj_mrz_put(&w, &mrz);
	assert_int_equal(sj_mrz_parse((const char *)bytes, w.len, &mrz), SJ_MRZ_OK);
	assert_string_equal(mrz.birth_date, "74<<<<");
}

static void information_of_the_specimens(void **state)
{
	(void)state;
	assert_access(td1, "D23145890774081221204159");
	assert_access(td2, "D23145890774081221204159");
	assert_access(td3, "L898902C3674081221204159");
	assert_access(td1_long, "D23145890734934071279507122");
	assert_access(td2_long, "D23145890734934071279507122");
}

static void information_itself_is_taken(void **state)
{
	(void)state;
	assert_access("L898902C3674081221204159\n", "L898902C3674081221204159");
	assert_access("D23145890734934071279507122", "D23145890734934071279507122");
	assert_access("L898902C<369080619406236", "L898902C<369080619406236"); /* 9303-11, D.2 */
}

static void wrong_information_is_refused(void **state)
{
	(void)state;
	assert_int_equal(access_rc("L898902C3574081221204159"), SJ_MRZ_CHECK_NUMBER);
	assert_int_equal(access_rc("L898902C3674081231204159"), SJ_MRZ_CHECK_BIRTH);
	assert_int_equal(access_rc("L898902C3674081221204158"), SJ_MRZ_CHECK_EXPIRY);
	assert_int_equal(access_rc("L898902C367408122120415"), SJ_MRZ_WRONG_SIZE);
	assert_int_equal(access_rc("L898902C36740812212O4159"), SJ_MRZ_WRONG_CHARACTER);
	assert_int_equal(access_rc("<<<<<<<<<074081221204159"), SJ_MRZ_WRONG_CHARACTER);
	assert_int_equal(access_rc("l898902c3674081221204159"), SJ_MRZ_WRONG_CHARACTER);
	assert_int_equal(access_rc("123456"), SJ_MRZ_WRONG_SIZE);
}

static void information_needs_room(void **state)
{
	uint8_t bytes[23];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	assert_int_equal(sj_mrz_access(td3, strlen(td3), &w), SJ_MRZ_WRONG_SIZE);
}

static void names_that_just_fit_stay_whole(void **state)
{
	const struct sj_mrz mrz = named(SJ_MRZ_TD1, "ABCDEFGHIJKLMN", "OPQRSTUVWXYZAB");

	(void)state;
	assert_names(&mrz, 60, "ABCDEFGHIJKLMN<<OPQRSTUVWXYZAB");
}

static void truncated_names_end_in_a_letter(void **state)
{
	struct sj_mrz mrz = named(SJ_MRZ_TD3, "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG KRASUANG");

	(void)state;
	assert_names(&mrz, 5, "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"); /* Doc 9303-4 */
	mrz = named(SJ_MRZ_TD3, "NILAVADHANANANDAX", "CHAYAPA DEJTHAMRONG KRASUANG");
	assert_names(&mrz, 5, "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K");
}

static void a_long_surname_leaves_one_letter(void **state)
{
	struct sj_mrz mrz = named(SJ_MRZ_TD1, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ", "ZOE");

	(void)state;
	assert_names(&mrz, 60, "ABCDEFGHIJKLMNOPQRSTUVWXYZA<<Z");
	mrz = named(SJ_MRZ_TD1, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ", "");
	assert_names(&mrz, 60, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCD");
	mrz = named(SJ_MRZ_TD2, "ABCDEFGHIJKLMNOPQRSTUVWXYZAB CDEFGHIJ", "ZOE");
	assert_names(&mrz, 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZAB<<Z");
}

static void fields_that_no_zone_holds(void **state)
{
	struct sj_mrz mrz = parsed(td3);

	(void)state;
	mrz.document_number[0] = '\0';
	assert_not_put(&mrz);
	mrz = parsed(td3);
	memcpy(mrz.document_number, "L898902C3X", 11); /* long numbers are for TD1 and TD2 */
	assert_not_put(&mrz);
	mrz = parsed(td3);
	mrz.surname[0] = 'e';
	assert_not_put(&mrz);
	mrz = parsed(td3);
	mrz.expiry_date[0] = '<';
	assert_not_put(&mrz);
	mrz = parsed(td3);
	mrz.sex = 'X';
	assert_not_put(&mrz);
	mrz = parsed(td3);
	mrz.format = SJ_MRZ_NONE;
	assert_not_put(&mrz);
}

static void lines_have_their_sizes(void **state)
{
	(void)state;
	assert_int_equal(sj_mrz_line_size(SJ_MRZ_TD1) * sj_mrz_line_count(SJ_MRZ_TD1), 90);
	assert_int_equal(sj_mrz_line_size(SJ_MRZ_TD2) * sj_mrz_line_count(SJ_MRZ_TD2), 72);
	assert_int_equal(sj_mrz_line_size(SJ_MRZ_TD3) * sj_mrz_line_count(SJ_MRZ_TD3), 88);
	assert_int_equal(sj_mrz_line_size(SJ_MRZ_NONE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_digits_of_part_3),
		cmocka_unit_test(td3_specimen),
		cmocka_unit_test(td1_and_td2_specimens),
		cmocka_unit_test(long_numbers_are_whole),
		cmocka_unit_test(specimens_are_made_again),
		cmocka_unit_test(optional_data_after_a_long_number),
		cmocka_unit_test(white_space_is_passed_over),
		cmocka_unit_test(the_wrong_check_digit_is_named),
		cmocka_unit_test(printed_examples_with_a_wrong_composite_digit),
		cmocka_unit_test(every_digit_of_the_checked_fields_counts),
		cmocka_unit_test(what_was_read_is_shown_with_a_wrong_digit),
		cmocka_unit_test(sizes_and_characters_are_strict),
		cmocka_unit_test(an_empty_optional_field_may_have_a_filler_as_digit),
		cmocka_unit_test(an_unknown_birth_date),
		cmocka_unit_test(information_of_the_specimens),
		cmocka_unit_test(information_itself_is_taken),
		cmocka_unit_test(wrong_information_is_refused),
		cmocka_unit_test(information_needs_room),
		cmocka_unit_test(names_that_just_fit_stay_whole),
		cmocka_unit_test(truncated_names_end_in_a_letter),
		cmocka_unit_test(a_long_surname_leaves_one_letter),
		cmocka_unit_test(fields_that_no_zone_holds),
		cmocka_unit_test(lines_have_their_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
