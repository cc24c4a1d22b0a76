/* What an issuer is given: holder files and portraits, good, bad and cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/holder.h"
#include "authority/portrait.h"
#include "cli/cli.h"

#define GOOD \
	"\"documentNumber\": \"U1\", \"surname\": \"Å\", \"nationality\": \"UTO\",\n" \
	"\"birthDate\": \"1990-08-12\", \"sex\": \"F\", \"expiryDate\": \"2034-05-05\""

static unsigned wants; /* so many of Jansson's get no memory */

static void *lack(size_t size)
{
	return wants > 0 && wants-- > 0 ? NULL : malloc(size);
}

static bool read_text(const char *text, struct holder *h, struct holder_fault *fault)
{
	return holder_read(text, strlen(text), h, fault);
}

static void expect_fault(const char *text, enum sj_rc rc, int line, const char *path)
{
	struct holder_fault fault;
	struct holder h;

	assert_false(read_text(text, &h, &fault));
	assert_int_equal(fault.rc, rc);
	assert_string_equal(fault.path, path);
	assert_int_equal(fault.line, line);
	assert_true(fault.what[0] != '\0');
	holder_free(&h);
}

static void expect_zone(const char *text, const char *zone)
{
	struct holder_fault fault;
	struct holder h;
	struct sj_mrz mrz;
	uint8_t out[SJ_MRZ_SIZE_MAX];
	struct sj_writer w = SJ_WRITER_OF(out);

	assert_true(read_text(text, &h, &fault));
	assert_true(holder_mrz(&h, "UTO", &mrz));
	sj_mrz_put(&w, &mrz);
	assert_false(w.failed);
	assert_int_equal(w.len, strlen(zone));
	assert_memory_equal(out, zone, w.len);
	holder_free(&h);
}

static void a_small_file_makes_a_card_s_zone(void **state)
{
	(void)state;
	expect_zone("{" GOOD "}", "I<UTOU1<<<<<<<3<<<<<<<<<<<<<<<"
				  "9008124F3405053UTO<<<<<<<<<<<6"
				  "AA<<<<<<<<<<<<<<<<<<<<<<<<<<<<");
}

static void a_passport_s_zone_has_two_lines(void **state)
{
	(void)state;
	expect_zone("{\"documentType\": \"TD3\", \"givenNames\": \"Ida-Lovisa\", " GOOD "}",
		    "P<UTOAA<<IDA<LOVISA<<<<<<<<<<<<<<<<<<<<<<<<<"
		    "U1<<<<<<<3UTO9008124F3405053<<<<<<<<<<<<<<<6");
}

static void faults_name_path_and_line(void **state)
{
	(void)state;
	expect_fault("{", SJ_INPUT_MALFORMED, 1, "");
	expect_fault("[]", SJ_INPUT_MALFORMED, 1, "");
	expect_fault("{" GOOD ",\n\n\"colour\": 1}", SJ_INPUT_MALFORMED, 4, "/colour");
	expect_fault("{\n\"telephone\": 5,\n" GOOD "}", SJ_INPUT_MALFORMED, 2, "/telephone");
	expect_fault("{" GOOD ",\n\"title\": \"a<b\"}", SJ_INPUT_MALFORMED, 3, "/title");
	expect_fault("{" GOOD ",\n\"personsToNotify\": [\n{\"name\": \"x\"},\n{}]}",
		     SJ_INPUT_MALFORMED, 5, "/personsToNotify/1/name");
	expect_fault("{" GOOD
		     ",\n\"personsToNotify\": [\n{\"name\": \"x\",\n\"recorded\": \"1\"}]}",
		     SJ_INPUT_MALFORMED, 5, "/personsToNotify/0/recorded");
}

static void a_missing_member_is_named(void **state)
{
	(void)state;
	expect_fault("{\n}", SJ_INPUT_MALFORMED, 1, "/documentNumber");
}

static void what_no_schema_can_say_is_refused(void **state)
{
	(void)state;
	expect_fault("{" GOOD ",\n\"issueDate\": \"2023-02-29\"}", SJ_INPUT_REFUSED, 3,
		     "/issueDate");
	expect_fault("{" GOOD ",\n\"issueDate\": \"1990-08-11\"}", SJ_INPUT_REFUSED, 3,
		     "/issueDate");
	expect_fault("{" GOOD ",\n\"issueDate\": \"2034-05-06\"}", SJ_INPUT_REFUSED, 2,
		     "/expiryDate");
	expect_fault("{" GOOD ",\n\"givenNames\": \"\xE7\x8E\x8B\"}", SJ_INPUT_REFUSED, 3,
		     "/givenNames");
}

static void an_unspellable_name_can_be_spelled_by_hand(void **state)
{
	(void)state;
	expect_zone("{" GOOD ", \"givenNames\": \"\xE7\x8E\x8B\", \"givenNamesMrz\": \"WANG LI\"}",
		    "I<UTOU1<<<<<<<3<<<<<<<<<<<<<<<"
		    "9008124F3405053UTO<<<<<<<<<<<6"
		    "AA<<WANG<LI<<<<<<<<<<<<<<<<<<<");
}

static void a_fault_does_not_quote_the_holder(void **state)
{
	struct holder_fault fault;
	struct holder h;

	(void)state;
	assert_false(read_text("{" GOOD ", \"sex\": \"SECRET\"}", &h, &fault));
	assert_null(strstr(fault.what, "SECRET"));
	holder_free(&h);
}

static void every_truncation_of_a_holder_file_is_refused(void **state)
{
	static const char text[] = "{" GOOD ", \"personsToNotify\": [{\"name\": \"x\"}]}";
	struct holder_fault fault;
	struct holder h;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, text, len);
		assert_false(holder_read(cut, len, &h, &fault));
		assert_true(fault.line >= 1 && fault.line <= 2);
		holder_free(&h);
		free(cut);
	}
}

/* Jansson says nothing then. */
static void a_want_of_memory_is_no_fault_of_the_file(void **state)
{
	struct holder_fault fault;
	struct holder h;

	(void)state;
	json_set_alloc_funcs(lack, free);
	wants = 1;
	assert_true(read_text("{" GOOD "}", &h, &fault));
	holder_free(&h);
	wants = 2;
	assert_false(read_text("{" GOOD "}", &h, &fault));
	assert_int_equal(fault.rc, SJ_NO_MEMORY);
	holder_free(&h);
	json_set_alloc_funcs(malloc, free);
}

static void lines_are_found_in_any_text(void **state)
{
	static const char nonsense[] = "}]{\"a\\\"b\":[[[[[[[[[[[\"";

	(void)state;
	for (size_t len = 0; len < sizeof(nonsense); len++)
		assert_int_equal(cli_line_of(nonsense, len, "/x/0/y"), 1);
	assert_int_equal(cli_line_of("{\"a\\\"b\":\n1,\n\"c\": [1,\n{\"d\": 2}]}", 32, "/c/1/d"),
			 4);
}

/* --- portraits -------------------------------------------------------------------- */

static uint8_t *load(const char *path, size_t *len)
{
	uint8_t *bytes = malloc(65536);
	FILE *f = fopen(path, "rb");

	assert_non_null(bytes);
	assert_non_null(f);
	*len = fread(bytes, 1, 65536, f);
	fclose(f);
	return bytes;
}

static void expect_portrait(const char *path, enum sj_image_type type)
{
	struct sj_face face;
	size_t len;
	uint8_t *bytes = load(path, &len), *cut;

	assert_true(sj_portrait_read(sj_span(bytes, len), &face));
	assert_int_equal(face.type, type);
	assert_int_equal(face.width, 413);
	assert_int_equal(face.height, 531);
	/* The size stands in the first kilobyte; a truncation gives it whole or not at all. */
	for (size_t n = 0; n < 1024; n++) {
		cut = malloc(n + 1);
		assert_non_null(cut);
		memcpy(cut, bytes, n);
		if (sj_portrait_read(sj_span(cut, n), &face))
			assert_int_equal(face.height, 531);
		free(cut);
	}
	free(bytes);
}

static void the_demo_s_jpeg_has_its_size(void **state)
{
	(void)state;
	expect_portrait("tools/demo/face.jpg", SJ_IMAGE_JPEG);
}

static void the_demo_s_jpeg2000_has_its_size(void **state)
{
	(void)state;
	expect_portrait("tools/demo/face.jp2", SJ_IMAGE_JPEG2000);
}

static void other_images_are_refused(void **state)
{
	struct sj_face face;

	(void)state;
	assert_false(sj_portrait_read(SJ_SPAN_STR(""), &face));
	assert_false(sj_portrait_read(SJ_SPAN_STR("GIF89a\1\0\1\0"), &face));
	assert_false(sj_portrait_read(SJ_SPAN_STR("\xFF\xD8\xFF\xFF\xFF\xFF"), &face));
	/* A JPEG of no width; a codestream whose offset is beyond its extent. */
	assert_false(sj_portrait_read(
		SJ_SPAN_STR("\xFF\xD8\xFF\xC0\x00\x08\x08\x00\x10\x00\x00\x01"), &face));
	assert_false(sj_portrait_read(SJ_SPAN_STR("\xFF\x4F\xFF\x51\x00\x29\x00\x00"
						  "\x00\x00\x00\x10\x00\x00\x00\x10"
						  "\x00\x00\x00\x11\x00\x00\x00\x00"),
				      &face));
}

static void a_bare_codestream_is_a_portrait(void **state)
{
	struct sj_face face;

	(void)state;
	assert_true(sj_portrait_read(SJ_SPAN_STR("\xFF\x4F\xFF\x51\x00\x29\x00\x00"
						 "\x00\x00\x00\x14\x00\x00\x00\x10"
						 "\x00\x00\x00\x04\x00\x00\x00\x00"),
				     &face));
	assert_int_equal(face.type, SJ_IMAGE_JPEG2000);
	assert_int_equal(face.width, 16);
	assert_int_equal(face.height, 16);
}

/* Cut anywhere, or with a byte behind its end, the demo's face is not one to issue. */
static void only_whole_images_are_issued(void **state)
{
	static const char *const paths[] = { "tools/demo/face.jpg", "tools/demo/face.jp2" };
	struct sj_face face;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t len;
		uint8_t *bytes = load(paths[i], &len);

		assert_true(sj_portrait_read(sj_span(bytes, len), &face));
		assert_true(sj_portrait_is_whole(&face));
		for (size_t n = 1024; n < len; n += 97) {
			face.image = sj_span(bytes, n);
			assert_false(sj_portrait_is_whole(&face));
		}
		bytes[len] = 0;
		face.image = sj_span(bytes, len + 1);
		assert_false(sj_portrait_is_whole(&face));
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_file_makes_a_card_s_zone),
		cmocka_unit_test(a_passport_s_zone_has_two_lines),
		cmocka_unit_test(faults_name_path_and_line),
		cmocka_unit_test(a_missing_member_is_named),
		cmocka_unit_test(what_no_schema_can_say_is_refused),
		cmocka_unit_test(an_unspellable_name_can_be_spelled_by_hand),
		cmocka_unit_test(a_fault_does_not_quote_the_holder),
		cmocka_unit_test(every_truncation_of_a_holder_file_is_refused),
		cmocka_unit_test(a_want_of_memory_is_no_fault_of_the_file),
		cmocka_unit_test(lines_are_found_in_any_text),
		cmocka_unit_test(the_demo_s_jpeg_has_its_size),
		cmocka_unit_test(the_demo_s_jpeg2000_has_its_size),
		cmocka_unit_test(other_images_are_refused),
		cmocka_unit_test(a_bare_codestream_is_a_portrait),
		cmocka_unit_test(only_whole_images_are_issued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
