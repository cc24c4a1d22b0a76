/* test_eid_rights.c -- the one table of rights: names, bits, and where each stands on a card. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sojourn/service.h>

#include "secure/gate.h"
#include "wire/eid.h"
#include "wire/std/tr03110.h"

static uint32_t bit_of(const char *want)
{
	const char *name;
	uint32_t bit;

	for (size_t i = 0; (name = sj_right_at(i, &bit)) != NULL; i++)
		if (strcmp(name, want) == 0)
			return bit;
	return 0;
}

static void test_each_right_has_a_bit_of_its_own(void **state)
{
	uint32_t bit, seen = 0;

	(void)state;
	for (size_t i = 0; sj_right_at(i, &bit) != NULL; i++) {
		assert_int_equal(bit & (bit - 1), 0);
		assert_int_equal(seen & bit, 0);
		seen |= bit;
	}
	assert_int_equal(seen, 0x17FFFFF);
	assert_int_equal(bit_of("home-passport"), SJ_RIGHT_HOME_PASSPORT);
}

static void test_ages_are_those_of_the_gate(void **state)
{
	char name[16];

	(void)state;
	for (unsigned i = 0; i < SJ_GATE_AGES; i++) {
		snprintf(name, sizeof(name), "age-over-%u", sj_gate_age(i));
		assert_int_equal(bit_of(name), SJ_RIGHT_AGE_FIRST << i);
	}
}

static void test_seven_sectors_have_names(void **state)
{
	(void)state;
	assert_null(sj_sector_name(0));
	assert_string_equal(sj_sector_name(SJ_SECTOR_TRANSPORT), "transport");
	assert_string_equal(sj_sector_name(SJ_SECTOR_GOVERNMENT), "government");
	assert_null(sj_sector_name(8));
}

/* What no line gives would be a right that no card can grant: only the gate's ticket. */
static void test_every_right_but_the_ticket_stands_somewhere(void **state)
{
	struct sj_right_place place = { .size = sizeof(place) };
	uint32_t seen = 0;

	(void)state;
	for (size_t i = 0; sj_right_place_at(i, &place); i++) {
		assert_true(place.chat_bit >= 0 || place.extension || place.inspection);
		seen |= place.right;
	}
	assert_int_equal(seen, 0x7FFFFF);
}

/* A group that two rights opened would give the one what is the other's. */
static void test_a_group_belongs_to_one_right(void **state)
{
	struct sj_right_place place = { .size = sizeof(place) };
	uint64_t groups = 0, bits = 0;

	(void)state;
	for (size_t i = 0; sj_right_place_at(i, &place); i++) {
		if (place.group == 0)
			continue;
		assert_in_range(place.group, 1, SJ_EID_GROUPS);
		assert_int_equal(groups >> place.group & 1, 0);
		groups |= UINT64_C(1) << place.group;
		if (place.group <= SJ_EID_STANDARD) {
			assert_int_equal(place.chat_bit, SJ_AT_READ_DG(place.group));
			assert_false(place.extension);
			bits |= UINT64_C(1) << place.chat_bit;
		} else {
			assert_int_equal(place.chat_bit, -1);
			assert_true(place.extension);
		}
	}
	/* DG3, 4, 5, 8, 10, 17, 21: TR-03110-4, table 4. */
	assert_int_equal(bits, 0x11029C00);
	/* and all of our own, 23 to 30 */
	assert_int_equal(groups >> 23, 0xFF);
}

static void test_a_caller_of_an_older_size_gets_what_it_knows(void **state)
{
	struct sj_right_place place = { .size = offsetof(struct sj_right_place, chat_bit),
					.chat_bit = 77 };

	(void)state;
	assert_true(sj_right_place_at(0, &place));
	assert_int_equal(place.right, SJ_RIGHT_VALID);
	assert_int_equal(place.chat_bit, 77);
	assert_int_equal(place.size, offsetof(struct sj_right_place, chat_bit));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_right_has_a_bit_of_its_own),
		cmocka_unit_test(test_ages_are_those_of_the_gate),
		cmocka_unit_test(test_seven_sectors_have_names),
		cmocka_unit_test(test_every_right_but_the_ticket_stands_somewhere),
		cmocka_unit_test(test_a_group_belongs_to_one_right),
		cmocka_unit_test(test_a_caller_of_an_older_size_gets_what_it_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
