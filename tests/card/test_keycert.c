/* Certificates of card keys: names, and what does not fit. tests/card/keys.bats has the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authority/keycert.h"
#include "authority/keyobjects.h"
#include "authority/keys.h"
#include "crypt/x509.h"

static const uint8_t guid[PIV_GUID_SIZE] = { 0x0C, 0x2D, 0x02, 0xCE, 0x7A, 0xE2, 0x40, 0x3A,
					     0x82, 0xD2, 0x73, 0x30, 0xC0, 0xEE, 0x27, 0x8E };

static void expect_name(const char *person, const char *expected)
{
	uint8_t bytes[SJ_ISSUED_NAME_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	char text[300];

	assert_true(sj_key_name_put(&w, "UT", "Registry", person, guid));
	sj_name_text(sj_written(&w), text, sizeof(text));
	assert_string_equal(text, expected);
}

static void names_of_a_person_and_of_a_card(void **state)
{
	(void)state;
	expect_name("Ida Berg", "C=UT,O=Registry,CN=Ida Berg,"
				"serialNumber=0c2d02ce-7ae2-403a-82d2-7330c0ee278e");
	expect_name(NULL, "C=UT,O=Registry,serialNumber=0c2d02ce-7ae2-403a-82d2-7330c0ee278e");
}

#define X31 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* No letter of UTF-8 is cut in two. */
static void a_long_name_is_cut_to_64_bytes(void **state)
{
	(void)state;
	expect_name(X31 X31 "yzzzz", "C=UT,O=Registry,CN=" X31 X31
				     "yz,serialNumber=0c2d02ce-7ae2-403a-82d2-7330c0ee278e");
	expect_name(X31 X31 "y\xC3\xA5z", "C=UT,O=Registry,CN=" X31 X31
					  "y,serialNumber=0c2d02ce-7ae2-403a-82d2-7330c0ee278e");
}

static void serials_are_positive_and_name_the_key(void **state)
{
	struct register_credential row = { .sector = 0 };
	uint8_t serial[SJ_SERIAL_SIZE];

	(void)state;
	memset(row.key_x, 0xFF, sizeof(row.key_x));
	keys_serial(&row, 0x9A, serial);
	assert_int_equal(serial[0], 0x7F);
	assert_int_equal(serial[SJ_SERIAL_SIZE - 1], 0x9A);
	memset(row.key_x, 0, sizeof(row.key_x));
	keys_serial(&row, 0x9E, serial);
	assert_int_equal(serial[0], 0x40);
}

static void random_digits_are_digits(void **state)
{
	char digits[9];

	(void)state;
	for (size_t n = 0; n < 9; n++) {
		assert_true(keys_random_digits(digits, n));
		assert_int_equal(strlen(digits), n);
		assert_int_equal(strspn(digits, "0123456789"), n);
	}
}

/* A P-256 key signs; every room that is too small is told. */
static void what_does_not_fit_fails(void **state)
{
	struct sj_key *key = sj_key_generate("P-256");
	uint8_t spki[SJ_EC_SPKI_MAX], name[SJ_ISSUED_NAME_MAX], der[SJ_ISSUED_CERT_MAX];
	struct sj_writer s = SJ_WRITER_OF(spki), n = SJ_WRITER_OF(name), w = SJ_WRITER_OF(der);
	const struct sj_key_card card = { .ref = PIV_KEY_AUTHENTICATION,
					  .guid = guid,
					  .status = { SJ_SPAN_STR("UTO"), 1, 2 } };
	struct sj_cert_plan plan = {
		.kind = SJ_CERT_KEY, .serial = SJ_SPAN_STR("\x41"), .not_after = 1, .card = &card
	};
	size_t whole;

	(void)state;
	assert_non_null(key);
	assert_true(sj_key_put_public(key, false, &s));
	assert_true(sj_key_name_put(&n, "UT", NULL, NULL, guid));
	plan.issuer_spki = plan.subject_spki = sj_written(&s);
	plan.issuer = plan.subject = sj_written(&n);
	assert_true(sj_cert_put(&w, &plan, key));
	whole = w.len;
	for (size_t room = 0; room < whole - 10; room += 7) {
		w = sj_writer(der, room);
		assert_false(sj_cert_put(&w, &plan, key));
	}
	sj_key_free(key);
}

static void objects_that_need_no_signature(void **state)
{
	static const uint8_t id[KEYOBJECTS_CARD_ID] = { 1, 2, 3 };
	uint8_t bytes[80];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	(void)state;
	keyobjects_put_pairing(&w, "12345678");
	assert_true(sj_span_eq(sj_written(&w), SJ_SPAN_STR("\x99\x08"
							   "12345678\xFE\x00")));
	w.len = 0;
	keyobjects_put_ccc(&w, id);
	assert_int_equal(w.len, 23 + 26 + 2);
	assert_false(w.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_a_person_and_of_a_card),
		cmocka_unit_test(a_long_name_is_cut_to_64_bytes),
		cmocka_unit_test(serials_are_positive_and_name_the_key),
		cmocka_unit_test(random_digits_are_digits),
		cmocka_unit_test(what_does_not_fit_fails),
		cmocka_unit_test(objects_that_need_no_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
