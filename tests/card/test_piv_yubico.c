/* The key applet's extensions: version, serial, metadata; management key and retries set anew. */
#include "applets/piv/yubico.h"
#include "tests/card/pace_reader.h"
#include "tests/card/piv_rig.h"
#include "wire/sw.h"

#define DEFAULT_ADMIN_HEX "010203040506070801020304050607080102030405060708"
#define SET_ADMIN_3DES "00FFFFFF1B039B18" DEFAULT_ADMIN_HEX

static void version(void **state)
{
	assert_int_equal(bench_do(*state, "00FD000000"), SJ_SW_OK);
	assert_bytes(((struct bench *)*state)->data, "050700");
	assert_int_equal(bench_do(*state, "00FD010000"), SJ_SW_WRONG_P1P2);
}

static void serial(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00F8000000"), SJ_SW_OK);
	assert_bytes(b->data, "00BC614E");
}

static void a_card_without_serial_number_has_none_to_give(void **state)
{
	struct bench *b = *state;

	assert_true(card_store_set(b->store, PIV_STORE_IDENTITY, HEX(PIV_GUID "00000000")));
	assert_int_equal(bench_do(b, "00F8000000"), SJ_SW_REFERENCE_NOT_FOUND);
}

/* As yubico-piv-tool selects and authenticates. */
static void commands_without_le_are_answered(void **state)
{
	struct bench *b = *state;
	struct sj_piv_application apt;

	assert_int_equal(bench_hex(b, "00A4040005A000000308"), SJ_SW_OK);
	assert_true(sj_piv_application_read(b->data, &apt));
	assert_int_equal(bench_hex(b, "00870A9B047C028000"), SJ_SW_OK);
	assert_int_equal(b->data.len, 20);
}

/* --- metadata -------------------------------------------------------------------------- */

static void metadata_of_pin_and_puk(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00F7008000"), SJ_SW_OK);
	assert_bytes(b->data, "0101FF050101"
			      "06020505");
	assert_int_equal(bench_do(b, "0020008008363534333231FFFF"), 0x63C4);
	assert_int_equal(bench_do(b, "00F7008000"), SJ_SW_OK);
	assert_bytes(b->data, "0101FF050101"
			      "06020504");
	assert_int_equal(bench_do(b, "00F7008100"), SJ_SW_OK);
	assert_bytes(b->data, "0101FF050101"
			      "06020303");
}

static void metadata_tells_a_pin_that_was_changed(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "0024008010" PIN_HEX "363534333231FFFF"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00F7008000"), SJ_SW_OK);
	assert_bytes(b->data, "0101FF050100"
			      "06020505");
}

static void metadata_of_the_management_key(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00F7009B00"), SJ_SW_OK);
	assert_bytes(b->data, "01010A02020001050100");
	piv_administer(b);
	assert_int_equal(bench_do(b, SET_ADMIN_3DES), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00F7009B00"), SJ_SW_OK);
	assert_bytes(b->data, "01010302020001050101");
}

static void metadata_of_a_key(void **state)
{
	static const struct {
		const char *command;
		uint8_t ref, pin_policy;
	} keys[] = { { "00F7009A00", 0x9A, 2 },
		     { "00F7009C00", 0x9C, 3 },
		     { "00F7009E00", 0x9E, 1 } };
	struct bench *b = *state;

	for (size_t i = 0; i < 3; i++) {
		uint8_t head[] = { 1, 1, 0x11, 2, 2, keys[i].pin_policy, 1, 3, 1, 1, 4, 67 };
		struct sj_span content;

		assert_int_equal(bench_do(b, keys[i].command), SJ_SW_OK);
		assert_true(piv_key_public(b->store, keys[i].ref, &content));
		assert_int_equal(b->data.len, sizeof(head) + content.len);
		assert_memory_equal(b->data.ptr, head, sizeof(head));
		assert_memory_equal(b->data.ptr + sizeof(head), content.ptr, content.len);
	}
}

static void metadata_of_what_is_not_there(void **state)
{
	static const char *const refs[] = { "00F7009500", "00F700F900", "00F7000000",
					    "00F7000400", "00F7009800", "00F7008300" };

	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		assert_int_equal(bench_do(*state, refs[i]), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_do(*state, "00F7019A00"), SJ_SW_WRONG_P1P2);
}

/* --- the management key ------------------------------------------------------------------- */

static void management_key_of_each_algorithm(void **state)
{
	static const char *const commands[] = {
		"00FFFFFF13089B10000102030405060708090A0B0C0D0E0F",
		"00FFFFFF1B0A9B18000102030405060708090A0B0C0D0E0F1011121314151617",
		"00FFFFFF230C9B20000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
		SET_ADMIN_3DES,
	};
	struct bench *b = *state;
	uint8_t algorithm, touch;
	struct sj_span key;

	piv_administer(b);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(bench_do(b, commands[i]), SJ_SW_OK);
		assert_true(piv_admin_key_get(b->store, &algorithm, &touch, &key));
		assert_bytes(key, commands[i] + 16);
		assert_int_equal(algorithm, HEX(commands[i]).ptr[5]);
	}
}

static void management_key_wants_the_present_one(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, SET_ADMIN_3DES), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, SET_ADMIN_3DES), SJ_SW_SECURITY_STATUS);
}

static void management_key_refusals(void **state)
{
	static const struct {
		const char *command;
		uint16_t sw;
	} wrong[] = {
		{ "00FFFFFE1B039B18" DEFAULT_ADMIN_HEX, SJ_SW_WRONG_P1P2 }, /* touch */
		{ "00FF00FF1B039B18" DEFAULT_ADMIN_HEX, SJ_SW_WRONG_P1P2 },
		{ "00FFFFFF1B119B18" DEFAULT_ADMIN_HEX, SJ_SW_WRONG_DATA }, /* P-256 */
		{ "00FFFFFF1B089B18" DEFAULT_ADMIN_HEX, SJ_SW_WRONG_DATA }, /* size of another */
		{ "00FFFFFF1B039A18" DEFAULT_ADMIN_HEX, SJ_SW_WRONG_DATA },
		{ "00FFFFFF1C039B18" DEFAULT_ADMIN_HEX "00", SJ_SW_WRONG_DATA },
		{ "00FFFFFF03039B00", SJ_SW_WRONG_DATA },
	};
	struct bench *b = *state;
	struct sj_span before, after;

	piv_administer(b);
	assert_true(card_store_get(b->store, PIV_STORE_ADMIN, &before));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_do(b, wrong[i].command), wrong[i].sw);
	assert_true(card_store_get(b->store, PIV_STORE_ADMIN, &after));
	assert_true(sj_span_eq(before, after));
}

static void every_truncated_management_key_is_refused(void **state)
{
	struct sj_span whole = HEX("039B18" DEFAULT_ADMIN_HEX);
	struct sj_apdu apdu = { .ins = 0xFF, .p1 = 0xFF, .p2 = 0xFF };

	piv_administer(*state);
	for (size_t n = 0; n < whole.len; n++) {
		apdu.data = sj_span(whole.ptr, n);
		assert_int_equal(bench_send(*state, &apdu), SJ_SW_WRONG_DATA);
	}
}

/* --- retries ---------------------------------------------------------------------------------- */

static void retries_set_pin_and_puk_to_what_everybody_knows(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "0024008010" PIN_HEX "393939393939FFFF"), SJ_SW_OK);
	piv_administer(b);
	assert_int_equal(bench_do(b, "00FA0907"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00F7008000"), SJ_SW_OK);
	assert_bytes(b->data, "0101FF050101"
			      "06020909");
	assert_int_equal(bench_do(b, "00F7008100"), SJ_SW_OK);
	assert_bytes(b->data, "0101FF050101"
			      "06020707");
	assert_int_equal(bench_do(b, "0020008000"), 0x63C9); /* to be verified anew */
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
}

static void retries_want_management_key_and_pin(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "00FA0907"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00FA0907"), SJ_SW_SECURITY_STATUS);
	bench_power(b);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	piv_administer(b);
	assert_int_equal(bench_do(b, "00FA0907"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, "00F7008000"), SJ_SW_OK);
	assert_bytes(b->data, "0101FF050101"
			      "06020505");
}

static void no_retries_at_all_are_refused(void **state)
{
	assert_int_equal(bench_do(*state, VERIFY_PIN), SJ_SW_OK);
	piv_administer(*state);
	assert_int_equal(bench_do(*state, "00FA0003"), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(*state, "00FA0300"), SJ_SW_WRONG_P1P2);
}

/* --- over the air -------------------------------------------------------------------------------- */

static const char *const everything[] = {
	"00F8000000",   "00F7008000",
	"00F7009A00",   "00F99A0000",
	SET_ADMIN_3DES, "00FA0303",
	"00FB0000",     "00FE119A220620" DEFAULT_ADMIN_HEX "0102030405060708",
	"00F6829A",
};

/* Without the virtual contact interface: what product it is, and no more. */
static void over_the_air_only_the_version(void **state)
{
	struct bench *b = *state;

	piv_move(b, CARD_CONTACTLESS);
	assert_int_equal(bench_do(b, "00FD000000"), SJ_SW_OK);
	for (size_t i = 0; i < sizeof(everything) / sizeof(everything[0]); i++) {
		uint16_t sw = bench_do(b, everything[i]);

		assert_int_equal(sw, i < 4 ? SJ_SW_SECURITY_STATUS : SJ_SW_FUNCTION_NOT_SUPPORTED);
		assert_int_equal(b->data.len, 0);
	}
}

static void the_virtual_contact_interface_reads_and_manages_nothing(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	piv_move(b, CARD_CONTACTLESS);
	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, "00F8000000"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PAIRING), SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, "00F8000000"), SJ_SW_OK);
	assert_bytes(b->data, "00BC614E");
	assert_int_equal(piv_secure_hex(&r, "00F7009A00"), SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PIN), SJ_SW_OK);
	for (size_t i = 4; i < sizeof(everything) / sizeof(everything[0]); i++)
		assert_int_equal(piv_secure_hex(&r, everything[i]), SJ_SW_FUNCTION_NOT_SUPPORTED);
}

static void a_private_card_does_not_know_them_before_pace(void **state)
{
	struct bench *b =
		piv_card(&(struct piv_plan){ .interface = CARD_CONTACTLESS, .is_private = true });

	(void)state;
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(b, "00FD000000"), SJ_SW_WRONG_INS);
	for (size_t i = 0; i < sizeof(everything) / sizeof(everything[0]); i++)
		assert_int_equal(bench_do(b, everything[i]), SJ_SW_WRONG_INS);
	bench_free(b);
}

static void inside_pace_a_private_card_is_managed(void **state)
{
	struct bench *b =
		piv_card(&(struct piv_plan){ .interface = CARD_CONTACTLESS, .is_private = true });

	(void)state;
	assert_int_equal(pace_run(b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00F8000000"), SJ_SW_OK);
	assert_bytes(b->data, "00BC614E");
	assert_int_equal(bench_do(b, "00F7009A00"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00FB0000"), SJ_SW_CONDITIONS);
	assert_int_equal(bench_do(b, SET_ADMIN_3DES), SJ_SW_SECURITY_STATUS);
	piv_administer(b);
	assert_int_equal(bench_do(b, SET_ADMIN_3DES), SJ_SW_OK);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIV_CASE(version),
		PIV_CASE(serial),
		PIV_CASE(a_card_without_serial_number_has_none_to_give),
		PIV_CASE(commands_without_le_are_answered),
		PIV_CASE(metadata_of_pin_and_puk),
		PIV_CASE(metadata_tells_a_pin_that_was_changed),
		PIV_CASE(metadata_of_the_management_key),
		PIV_CASE(metadata_of_a_key),
		PIV_CASE(metadata_of_what_is_not_there),
		PIV_CASE(management_key_of_each_algorithm),
		PIV_CASE(management_key_wants_the_present_one),
		PIV_CASE(management_key_refusals),
		PIV_CASE(every_truncated_management_key_is_refused),
		PIV_CASE(retries_set_pin_and_puk_to_what_everybody_knows),
		PIV_CASE(retries_want_management_key_and_pin),
		PIV_CASE(no_retries_at_all_are_refused),
		PIV_CASE(over_the_air_only_the_version),
		PIV_CASE(the_virtual_contact_interface_reads_and_manages_nothing),
		cmocka_unit_test(a_private_card_does_not_know_them_before_pace),
		cmocka_unit_test(inside_pace_a_private_card_is_managed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
