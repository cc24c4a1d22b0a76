/* The data groupings of PERSO.md, what they refuse, and what the final lock asks for. */
#include "tests/card/emrtd_reader.h"

static int open_perso(void **state)
{
	*state = bench_new();
	bench_install(*state);
	return 0;
}

static int discard(void **state)
{
	bench_free(*state);
	return 0;
}

/* --- 0000 begin ----------------------------------------------------------------------- */

static bool emrtd_holds_anything(struct bench *b)
{
	uint32_t id = CARD_OBJECT_EMRTD;

	return card_store_next(b->store, &id) && id < CARD_OBJECT_EMRTD + 0x1000000u;
}

static void test_begin_forgets_what_an_unfinished_attempt_left(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0012, "0C03"), SJ_SW_OK);
	bench_perso_files(b);
	assert_true(emrtd_holds_anything(b));
	assert_int_equal(bench_dgi_hex(b, 0x0000, "00"), SJ_SW_WRONG_DATA);
	assert_true(emrtd_holds_anything(b));
	assert_int_equal(bench_dgi_hex(b, 0x0000, ""), SJ_SW_OK);
	assert_false(emrtd_holds_anything(b));
	assert_int_equal(bench_do(b, LOCK), SJ_SW_CONDITIONS);
}

/* --- 0001 access -------------------------------------------------------------------- */

static void test_access_configurations(void **state)
{
	static const char *const right[] = {
		ACCESS_BAC,
		ACCESS_BOTH,
		"800102" ACCESS_CAN "830301010C",
		"800102" ACCESS_MRZ "8303000312",
		"830300010D" ACCESS_CAN "800102",
		"800101" ACCESS_MRZ ACCESS_CAN "830300010D",
	};

	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_int_equal(bench_dgi_hex(*state, 0x0001, right[i]), SJ_SW_OK);
}

static void test_access_refuses(void **state)
{
	static const char *const wrong[] = {
		"",
		ACCESS_MRZ, /* no 80 */
		"800100" ACCESS_MRZ, /* nothing */
		"800104" ACCESS_MRZ,
		"80020101" ACCESS_MRZ,
		"800101800101" ACCESS_MRZ,
		"800101", /* BAC without MRZ */
		"800101" ACCESS_CAN,
		"800102" ACCESS_CAN, /* PACE without PACEInfo */
		"800102830300010D", /* PACE without password */
		"800103" ACCESS_CAN "830300010D", /* BAC without MRZ */
		"80010281053132333435830300010D", /* CAN of five digits */
		"800102810731323334353637830300010D", /* of seven */
		"800102810631323334354130830300010D", /* a letter */
		"800102" ACCESS_CAN ACCESS_CAN "830300010D",
		"800102" ACCESS_CAN "830300010D830300010D", /* twice */
		"800102" ACCESS_CAN "830200018301", /* cut off */
		"800102" ACCESS_CAN "8304000100FF0D",
		"800102" ACCESS_CAN "830301000D", /* CAM with 3DES */
		"800102" ACCESS_CAN "830300040D", /* no such cipher */
		"800102" ACCESS_CAN "830303010D", /* no such mapping */
		"800102" ACCESS_CAN "8303000103", /* no such group */
		"800102" ACCESS_CAN "8303010102", /* CAM in a group of integers */
		"800102" ACCESS_CAN "830302010A", /* IM over P-224 */
		"800102" ACCESS_CAN "830300010D8400", /* PIN without digits */
		"800102" ACCESS_CAN "830300010D8600", /* unknown object */
		"800102" ACCESS_CAN "830300010D8406313233343536", /* PIN without PUK */
		"800102" ACCESS_MRZ ACCESS_PIN "830300010D", /* PIN without CAN */
		"800101" ACCESS_MRZ ACCESS_CAN ACCESS_PIN, /* PIN without PACE */
		"800102" ACCESS_CAN ACCESS_PIN ACCESS_PIN "830300010D", /* twice */
		"800102" ACCESS_CAN "830300010D850A313233343536373839"
		"30"
		"84053132333435",
		"80010182174C383938393032433C3336393038303631393430363233", /* 23 characters */
		"80010182186C383938393032433C333639303830363139343036323336", /* lower case */
		ACCESS_BAC "80",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_dgi_hex(*state, 0x0001, wrong[i]), SJ_SW_WRONG_DATA);
}

static void test_nine_pace_infos_are_too_many(void **state)
{
	assert_int_equal(bench_dgi_hex(*state, 0x0001,
				       "800102" ACCESS_CAN "830300000C830300010C830300020C"
				       "830300030C830300000D830300010D830300020D830300030D"),
			 SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(*state, 0x0001,
				       "800102" ACCESS_CAN "830300000C830300010C830300020C"
				       "830300030C830300000D830300010D830300020D830300030D"
				       "830300000F"),
			 SJ_SW_WRONG_DATA);
}

/* Every prefix of a right configuration is refused or is a configuration itself. */
static void test_every_truncation_of_access(void **state)
{
	struct sj_span whole = HEX("800102" ACCESS_CAN "830300010D" ACCESS_MRZ);

	for (size_t n = 0; n < whole.len; n++)
		assert_int_equal(bench_dgi(*state, 0x0001, sj_span(whole.ptr, n)),
				 n == 16 ? SJ_SW_OK : SJ_SW_WRONG_DATA);
}

/* --- 0002 files ----------------------------------------------------------------------- */

static void test_file_in_pieces(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_dgi_hex(b, 0x0002, "3F00011C000000AABB"), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0002, "3F00011C000002CCDD"), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0002, "3F00011C000001EE"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00A4000C023F00"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00B09C0000"), SJ_SW_OK);
	assert_bytes(b->data, "AAEECCDD");
}

static void test_offset_zero_makes_the_file_anew(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_dgi_hex(b, 0x0002, "3F00011C000000AABBCCDD"), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0002, "3F00011C000000EE"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00A4000C023F00"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00B09C0000"), SJ_SW_OK);
	assert_bytes(b->data, "EE");
}

static void test_file_refuses(void **state)
{
	static const char *const wrong[] = {
		"3F00011C000000", /* nothing */
		"3F00011C0000", /* cut off */
		"3F00011C000001AA", /* a gap */
		"3F00011E000000AA", /* EF.COM is not in the MF */
		"0101011C000000AA", /* EF.CardAccess not in LDS1 */
		"01010111000000AA", /* DG17 */
		"01020101000000AA", /* no such DF */
		"01013F00000000AA", "",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_dgi_hex(*state, 0x0002, wrong[i]), SJ_SW_WRONG_DATA);
}

static void test_file_grows_to_its_limit(void **state)
{
	struct bench *b = *state;
	uint8_t *value = calloc(1, 7 + 0x8000);

	assert_non_null(value);
	memcpy(value, (const uint8_t[]){ 0x01, 0x01, 0x01, 0x02 }, 4);
	for (unsigned part = 0; part < 8; part++) {
		value[4] = (uint8_t)(part >> 1);
		value[5] = (uint8_t)(part << 7);
		assert_int_equal(bench_dgi(b, 0x0002, sj_span(value, 7 + 0x8000)), SJ_SW_OK);
	}
	assert_int_equal(bench_dgi_hex(b, 0x0002, "01010102040000AA"), SJ_SW_NO_SPACE);
	assert_int_equal(bench_dgi_hex(b, 0x0002, "0101010203FFFFAABB"), SJ_SW_NO_SPACE);
	assert_int_equal(bench_dgi_hex(b, 0x0002, "0101010203FFFFAA"), SJ_SW_OK);
	free(value);
}

/* --- keys ------------------------------------------------------------------------------- */

static void test_chip_authentication_keys(void **state)
{
	static const char *const wrong[] = { "0C02",   "0C020101", "010201", "0C0001",
					     "0C1001", "0C0280",   "" };
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_dgi_hex(b, 0x0011, wrong[i]), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(b, 0x0011, "0C0200"), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0011, "0C027F"), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0011, "0C0203"), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0011, "0C0204"), SJ_SW_OK);
	assert_int_equal(bench_dgi_hex(b, 0x0011, "0C0205"), SJ_SW_NO_SPACE);
	assert_int_equal(bench_dgi_hex(b, 0x0011, "0D0204"), SJ_SW_OK); /* replaced */
}

static void test_keys_of_the_mapping(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_dgi_hex(b, 0x0015, ""), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(b, 0x0015, "02"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(b, 0x0015, "0D00"), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi_hex(b, 0x0015, "0D"), SJ_SW_OK);
}

static void test_unknown_groupings(void **state)
{
	static const uint16_t unknown[] = { 0x0003, 0x0010, 0x0019, 0x0101, 0xFFFF };

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(bench_dgi_hex(*state, unknown[i], "00"),
				 SJ_SW_REFERENCE_NOT_FOUND);
}

/* --- the lock ----------------------------------------------------------------------------- */

static uint16_t lock(struct bench *b)
{
	bench_manage(b);
	return bench_do(b, LOCK);
}

static void put(struct bench *b, uint16_t parent, uint16_t fid, const char *content)
{
	bench_install(b);
	assert_int_equal(bench_file(b, parent, fid, HEX(content)), SJ_SW_OK);
}

static void access(struct bench *b, const char *configuration)
{
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, configuration), SJ_SW_OK);
}

static void test_what_a_bac_card_needs(void **state)
{
	struct bench *b = *state;

	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	put(b, 0x0101, 0x011E, COM_HEX);
	put(b, 0x0101, 0x0101, "61");
	put(b, 0x0101, 0x0102, "75");
	put(b, 0x0101, 0x011D, "77");
	assert_int_equal(lock(b), SJ_SW_CONDITIONS); /* no access configuration */
	access(b, ACCESS_BAC);
	assert_int_equal(lock(b), SJ_SW_OK);
	assert_true(card_is_issued(b->card));
}

static void test_every_listed_group_must_be_there(void **state)
{
	struct bench *b = *state;

	access(b, ACCESS_BAC);
	put(b, 0x0101, 0x011D, "77");
	assert_int_equal(lock(b), SJ_SW_CONDITIONS); /* no EF.COM */
	put(b, 0x0101, 0x011E, COM_HEX);
	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	put(b, 0x0101, 0x0101, "61");
	assert_int_equal(lock(b), SJ_SW_CONDITIONS); /* DG2 is listed */
	put(b, 0x0101, 0x0102, "75");
	assert_int_equal(lock(b), SJ_SW_OK);
}

static void test_a_malformed_com_stops_the_lock(void **state)
{
	struct bench *b = *state;

	access(b, ACCESS_BAC);
	put(b, 0x0101, 0x011D, "77");
	put(b, 0x0101, 0x0101, "61");
	put(b, 0x0101, 0x0102, "75");
	put(b, 0x0101, 0x011E, "60145F01");
	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	put(b, 0x0101, 0x011E, COM_HEX);
	assert_int_equal(lock(b), SJ_SW_OK);
}

static void test_the_sod_must_be_there(void **state)
{
	struct bench *b = *state;

	access(b, ACCESS_BAC);
	put(b, 0x0101, 0x011E, COM_HEX);
	put(b, 0x0101, 0x0101, "61");
	put(b, 0x0101, 0x0102, "75");
	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	put(b, 0x0101, 0x011D, "77");
	assert_int_equal(lock(b), SJ_SW_OK);
}

static void test_what_a_pace_card_needs(void **state)
{
	struct bench *b = *state;

	access(b, "800102" ACCESS_CAN "830300010D830301010C");
	put(b, 0x0101, 0x011E, COM_HEX);
	put(b, 0x0101, 0x0101, "61");
	put(b, 0x0101, 0x0102, "75");
	put(b, 0x0101, 0x011D, "77");
	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	put(b, 0x3F00, 0x011C, "3100");
	assert_int_equal(lock(b), SJ_SW_CONDITIONS); /* no EF.CardSecurity, no key */
	put(b, 0x3F00, 0x011D, "30");
	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(b, INSTALL), SJ_SW_OK);
	b->block = 0;
	assert_int_equal(bench_dgi_hex(b, 0x0015, "0D"), SJ_SW_OK); /* on another curve */
	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0015, "0C"), SJ_SW_OK);
	assert_int_equal(lock(b), SJ_SW_OK);
}

/* A copy carries DG14 and DG15 without the keys; issuing it is possible. */
static void test_a_copy_without_keys_is_locked(void **state)
{
	struct bench *b = *state;

	access(b, ACCESS_BAC);
	bench_install(b);
	bench_perso_files(b);
	put(b, 0x0101, 0x011E, "60165F0104303130375F36063034303030305C0461756E6F");
	assert_int_equal(lock(b), SJ_SW_OK);
}

static void test_a_failed_lock_changes_nothing(void **state)
{
	struct bench *b = *state;

	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	assert_false(card_is_issued(b->card));
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BAC), SJ_SW_OK);
}

#define BLANK(test) cmocka_unit_test_setup_teardown(test, open_perso, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BLANK(test_begin_forgets_what_an_unfinished_attempt_left),
		BLANK(test_access_configurations),
		BLANK(test_access_refuses),
		BLANK(test_nine_pace_infos_are_too_many),
		BLANK(test_every_truncation_of_access),
		BLANK(test_file_in_pieces),
		BLANK(test_offset_zero_makes_the_file_anew),
		BLANK(test_file_refuses),
		BLANK(test_file_grows_to_its_limit),
		BLANK(test_chip_authentication_keys),
		BLANK(test_keys_of_the_mapping),
		BLANK(test_unknown_groupings),
		BLANK(test_what_a_bac_card_needs),
		BLANK(test_every_listed_group_must_be_there),
		BLANK(test_a_malformed_com_stops_the_lock),
		BLANK(test_the_sod_must_be_there),
		BLANK(test_what_a_pace_card_needs),
		BLANK(test_a_copy_without_keys_is_locked),
		BLANK(test_a_failed_lock_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
