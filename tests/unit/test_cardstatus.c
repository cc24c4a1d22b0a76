/* What a card's manager tells about its applications and keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authority/cardkeys.h"
#include "authority/cardstatus.h"

#define IDENTITY \
	"\xE3\x16\x4F\x07\xA0\x00\x00\x02\x47\x10\x01\x9F\x70\x01\x8F\xC5\x01\x00\xC4\x04\xF0SJO"
#define MANAGER "\xE3\x0E\x4F\x08\xA0\x00\x00\x01\x51\x00\x00\x00\x9F\x70\x01\x0F"
#define KEYS "\xC0\x04\x01\x31\x88\x20\xC0\x04\x02\x31\x88\x10"

static void entries_are_taken_one_after_the_other(void **state)
{
	struct sj_span in = SJ_SPAN_STR(IDENTITY MANAGER);
	struct cardstatus_entry e;

	(void)state;
	assert_true(cardstatus_take_entry(&in, &e));
	assert_int_equal(e.aid_len, 7);
	assert_memory_equal(e.aid, "\xA0\x00\x00\x02\x47\x10\x01", 7);
	assert_int_equal(e.state, 0x8F);
	assert_true(cardstatus_take_entry(&in, &e));
	assert_int_equal(e.aid_len, 8);
	assert_int_equal(e.state, CARDSTATUS_SECURED);
	assert_int_equal(in.len, 0);
	assert_false(cardstatus_take_entry(&in, &e));
}

static void keys_are_taken_one_after_the_other(void **state)
{
	struct sj_span in = SJ_SPAN_STR(KEYS);
	struct cardstatus_key key;

	(void)state;
	assert_true(cardstatus_take_key(&in, &key));
	assert_int_equal(key.version, 0x31);
	assert_int_equal(key.size, 32);
	assert_true(cardstatus_take_key(&in, &key));
	assert_int_equal(key.id, 2);
	assert_int_equal(in.len, 0);
}

/* Copied to the heap, where the sanitizer sees a byte too many. */
static bool whole(const char *text, size_t len, bool keys)
{
	uint8_t *copy = malloc(len + 1);
	struct cardstatus_entry e;
	struct cardstatus_key key;
	struct sj_span in;
	bool ok = true;

	assert_non_null(copy);
	memcpy(copy, text, len);
	copy = realloc(copy, len > 0 ? len : 1);
	assert_non_null(copy);
	in = sj_span(copy, len);
	while (ok && in.len > 0)
		ok = keys ? cardstatus_take_key(&in, &key) : cardstatus_take_entry(&in, &e);
	free(copy);
	return ok;
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	assert_true(whole(IDENTITY MANAGER, sizeof(IDENTITY MANAGER) - 1, false));
	for (size_t n = 1; n < sizeof(IDENTITY) - 1; n++)
		assert_false(whole(IDENTITY, n, false));
	for (size_t n = 1; n < 6; n++)
		assert_false(whole(KEYS, n, true));
}

static void a_name_too_long_or_a_state_missing_is_refused(void **state)
{
	(void)state;
	assert_false(whole("\xE3\x17\x4F\x11"
			   "0123456789abcdefg"
			   "\x9F\x70\x01\x07",
			   25, false));
	assert_false(whole("\xE3\x07\x4F\x05"
			   "01234",
			   9, false));
}

#define LOAD_FILE "\xF0SO"
#define MODULES "\xE3\x0D\x4F\x03" LOAD_FILE "\x84\x01m\x84\x03two"

/* As whole(): of the load file F0SO. */
static bool modules(const char *text, size_t len, size_t *n)
{
	struct cardstatus_modules m;
	uint8_t *copy = malloc(len > 0 ? len : 1);
	bool ok;

	assert_non_null(copy);
	memcpy(copy, text, len);
	ok = cardstatus_read_modules(sj_span(copy, len), SJ_SPAN_STR(LOAD_FILE), &m);
	if (ok)
		assert_memory_equal(m.aids[m.n - 1].ptr, "two", 3);
	*n = m.n;
	free(copy);
	return ok;
}

static void modules_are_those_of_our_load_file(void **state)
{
	char many[2 + 5 + 2 * (CARDSTATUS_MODULES + 1)] = "\xE3\x27\x4F\x03" LOAD_FILE;
	size_t n;

	(void)state;
	assert_true(modules(MODULES MODULES, 2 * (sizeof(MODULES) - 1), &n));
	assert_int_equal(n, 4);
	for (size_t len = 0; len < sizeof(MODULES) - 1; len++)
		assert_false(modules(MODULES, len, &n));
	assert_false(modules("\xE3\x0A\x4F\x03\xF0SX\x84\x03two", 12, &n)); /* another's */
	assert_false(modules("\xE3\x05\x4F\x03" LOAD_FILE, 7, &n)); /* none */
	for (size_t i = 7; i < sizeof(many); i += 2)
		memcpy(many + i, "\x84", 2); /* empty names, one too many */
	assert_false(modules(many, sizeof(many), &n));
}

static void states_have_the_standard_s_names(void **state)
{
	(void)state;
	assert_string_equal(cardstatus_card_name(0x01), "OP_READY");
	assert_string_equal(cardstatus_card_name(0x7F), "CARD_LOCKED");
	assert_string_equal(cardstatus_card_name(0x07), "INITIALIZED");
	assert_string_equal(cardstatus_card_name(0x02), "UNKNOWN");
	assert_string_equal(cardstatus_application_name(0x03), "INSTALLED");
	assert_string_equal(cardstatus_application_name(0x00), "UNKNOWN");
	assert_string_equal(cardstatus_application_name(0x87), "SELECTABLE");
	assert_string_equal(cardstatus_application_name(0x0F), "PERSONALIZED");
}

static void versions_go_round(void **state)
{
	(void)state;
	assert_int_equal(cardkeys_next_version(0x30), 0x31);
	assert_int_equal(cardkeys_next_version(0x3E), 0x3F);
	assert_int_equal(cardkeys_next_version(0x3F), 0x30);
	assert_int_equal(cardkeys_next_version(0x01), 0x30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_taken_one_after_the_other),
		cmocka_unit_test(keys_are_taken_one_after_the_other),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_name_too_long_or_a_state_missing_is_refused),
		cmocka_unit_test(modules_are_those_of_our_load_file),
		cmocka_unit_test(states_have_the_standard_s_names),
		cmocka_unit_test(versions_go_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
