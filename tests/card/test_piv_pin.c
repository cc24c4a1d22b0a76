/* The key applet's PINs, PUK and pairing code. */
#include "applets/piv/state.h"
#include "host/card_internal.h"
#include "tests/card/piv_rig.h"

#define WRONG_HEX "393939393939FFFF"
#define VERIFY_WRONG "0020008008" WRONG_HEX
#define NEW_HEX "36363636363636FF"
#define VERIFY_NEW "0020008008" NEW_HEX
#define TRIES_LEFT "00200080"

static uint8_t left_of(struct bench *b, uint8_t ref)
{
	struct piv_password p;

	assert_true(piv_password_get(b->store, ref, &p));
	return p.left;
}

static void block(struct bench *b, const char *command, unsigned tries)
{
	for (unsigned i = tries; i > 0; i--)
		assert_int_equal(bench_do(b, command), 0x63C0 + i - 1);
	assert_int_equal(bench_do(b, command), SJ_SW_AUTH_BLOCKED);
}

/* --- VERIFY ---------------------------------------------------------------------------------- */

static void tries_are_counted_down_and_made_full_by_success(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, TRIES_LEFT), 0x63C5);
	assert_int_equal(bench_do(b, VERIFY_WRONG), 0x63C4);
	assert_int_equal(bench_do(b, VERIFY_WRONG), 0x63C3);
	assert_int_equal(bench_do(b, TRIES_LEFT), 0x63C3);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, TRIES_LEFT), SJ_SW_OK);
	bench_power(b);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	assert_int_equal(bench_do(b, TRIES_LEFT), 0x63C5);
}

static void a_blocked_pin_is_not_compared(void **state)
{
	struct bench *b = *state;

	block(b, VERIFY_WRONG, PIN_TRIES);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(bench_do(b, TRIES_LEFT), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(left_of(b, PIV_REF_PIN), 0);
}

/* Blocked is said before anything is said of the data field (3.2.1 to 3.2.3). */
static void blocked_comes_before_the_form(void **state)
{
	struct bench *b = *state;

	block(b, VERIFY_WRONG, PIN_TRIES);
	assert_int_equal(bench_do(b, "00200080073132333435363738"), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(bench_do(b, "0024008010" PIN_HEX "3132333435FFFFFF"), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(bench_do(b, "0024008008" PIN_HEX), SJ_SW_AUTH_BLOCKED);
	block(b, "002C008010" WRONG_HEX PIN_HEX, 3);
	assert_int_equal(bench_do(b, "002C008008" PUK_HEX), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(bench_do(b, "0024008108" PUK_HEX), SJ_SW_AUTH_BLOCKED);
}

static void blocking_leaves_what_was_verified(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, VERIFY_GLOBAL), SJ_SW_OK);
	block(b, VERIFY_WRONG, PIN_TRIES);
	assert_int_equal(bench_do(b, "00200000"), SJ_SW_OK);
}

static void asking_for_the_tries_spends_none(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 20; i++)
		assert_int_equal(bench_do(b, TRIES_LEFT), 0x63C5);
	for (int i = 0; i < 20; i++)
		assert_int_equal(bench_do(b, "0020FF80"), SJ_SW_OK);
	assert_int_equal(bench_do(b, TRIES_LEFT), 0x63C5);
}

/* Every other length: neither compared nor counted. */
static void a_verification_of_another_length_spends_none(void **state)
{
	struct bench *b = *state;
	uint8_t pin[16] = "1234567890123456";

	for (size_t n = 1; n <= sizeof(pin); n++) {
		struct sj_apdu apdu = { .ins = 0x20, .p2 = 0x80, .data = { pin, n } };

		if (n != PIV_PIN_SIZE)
			assert_int_equal(bench_send(b, &apdu), SJ_SW_WRONG_DATA);
	}
	assert_int_equal(bench_do(b, "0020FF8008" PIN_HEX), SJ_SW_WRONG_DATA);
	assert_int_equal(left_of(b, PIV_REF_PIN), PIN_TRIES);
}

static void p1_and_references_that_are_none_spend_none(void **state)
{
	static const uint8_t refs[] = { 0x01, 0x81, 0x96, 0x97, 0x99, 0xFF };
	struct bench *b = *state;
	struct sj_apdu apdu = { .ins = 0x20, .p2 = 0x80, .data = HEX(WRONG_HEX) };

	for (unsigned p1 = 1; p1 < 0xFF; p1++) {
		apdu.p1 = (uint8_t)p1;
		assert_int_equal(bench_send(b, &apdu), SJ_SW_WRONG_P1P2);
	}
	apdu.p1 = 0;
	for (size_t i = 0; i < sizeof(refs); i++) {
		apdu.p2 = refs[i];
		assert_int_equal(bench_send(b, &apdu), SJ_SW_REFERENCE_NOT_FOUND);
	}
	assert_int_equal(left_of(b, PIV_REF_PIN), PIN_TRIES);
	assert_int_equal(left_of(b, PIV_REF_PUK), 3);
}

static void a_logout_forgets_one_reference(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, VERIFY_GLOBAL), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0020FF80"), SJ_SW_OK);
	assert_int_equal(bench_do(b, TRIES_LEFT), 0x63C5);
	assert_int_equal(bench_do(b, "00200000"), SJ_SW_OK);
}

static void the_pins_form(void **state)
{
	static const struct {
		const char *pin;
		bool fits;
	} pins[] = {
		{ "313233343536FFFF", true },  { "31323334353637FF", true },
		{ "3132333435363738", true },  { "3132333435FFFFFF", false },
		{ "313233343536FF37", false }, { "313233343536FF00", false },
		{ "3132333435363700", false }, { "3A32333435363738", false },
		{ "FFFFFFFFFFFFFFFF", false }, { "2F32333435363738", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		assert_int_equal(piv_password_well_formed(PIV_REF_PIN, HEX(pins[i].pin)),
				 pins[i].fits);
		assert_true(piv_password_well_formed(PIV_REF_PUK, HEX(pins[i].pin)));
	}
	assert_false(piv_password_well_formed(PIV_REF_PUK, HEX("31323334353637")));
	assert_false(piv_password_well_formed(PIV_REF_PAIRING_CODE, HEX("31323334353637FF")));
}

/* --- over the air -------------------------------------------------------------------------------- */

static void over_the_air_the_last_try_is_kept_back(void **state)
{
	struct piv_visit v;

	(void)state;
	visit_begin(&v, VCI);
	assert_int_equal(visit_say(&v, TRIES_LEFT), 0x63C4);
	for (unsigned i = 3; i > 0; i--)
		assert_int_equal(visit_say(&v, VERIFY_WRONG), 0x63C0 + i);
	assert_int_equal(visit_say(&v, VERIFY_WRONG), 0x63C0);
	assert_int_equal(visit_say(&v, VERIFY_PIN), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(visit_say(&v, "0024008010" PIN_HEX NEW_HEX), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(visit_say(&v, TRIES_LEFT), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(left_of(v.b, PIV_REF_PIN), 1);
	piv_move(v.b, CARD_CONTACT);
	assert_int_equal(bench_do(v.b, TRIES_LEFT), 0x63C1);
	assert_int_equal(bench_do(v.b, VERIFY_PIN), SJ_SW_OK);
	visit_end(&v);
}

static void in_pace_it_is_the_same(void **state)
{
	struct piv_visit v;

	(void)state;
	visit_begin(&v, PACE);
	for (unsigned i = 4; i > 0; i--)
		assert_int_equal(visit_say(&v, VERIFY_WRONG), 0x63C0 + i - 1);
	assert_int_equal(visit_say(&v, VERIFY_PIN), SJ_SW_AUTH_BLOCKED);
	visit_end(&v);
}

static void over_the_air_alone_nothing_is_spent(void **state)
{
	struct piv_visit v;

	(void)state;
	for (enum piv_way way = MESSAGING; way <= AIR; way++) {
		visit_begin(&v, way);
		assert_int_equal(visit_say(&v, VERIFY_WRONG), SJ_SW_SECURITY_STATUS);
		assert_int_equal(visit_say(&v, "0024008110" WRONG_HEX PUK_HEX),
				 SJ_SW_SECURITY_STATUS);
		assert_int_equal(visit_say(&v, "002C008010" WRONG_HEX NEW_HEX),
				 SJ_SW_FUNCTION_NOT_SUPPORTED);
		assert_int_equal(left_of(v.b, PIV_REF_PIN), PIN_TRIES);
		assert_int_equal(left_of(v.b, PIV_REF_PUK), 3);
		visit_end(&v);
	}
}

static void the_pairing_code_has_no_counter(void **state)
{
	struct piv_visit v;

	(void)state;
	visit_begin(&v, MESSAGING);
	assert_int_equal(visit_say(&v, "00200098"), SJ_SW_NO_INFORMATION);
	for (int i = 0; i < 50; i++)
		assert_int_equal(visit_say(&v, "00200098083030303030303030"), SJ_SW_NO_INFORMATION);
	assert_int_equal(visit_say(&v, VERIFY_PAIRING), SJ_SW_OK);
	assert_int_equal(visit_say(&v, "00200098"), SJ_SW_OK);
	assert_int_equal(visit_say(&v, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(visit_say(&v, "0020FF98"), SJ_SW_OK);
	assert_int_equal(visit_say(&v, VERIFY_PIN), SJ_SW_SECURITY_STATUS);
	visit_end(&v);
}

/* --- CHANGE REFERENCE DATA ------------------------------------------------------------------------ */

static void a_pin_is_changed_by_the_old_one(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, VERIFY_WRONG), 0x63C4);
	assert_int_equal(bench_do(b, "0024008010" PIN_HEX NEW_HEX), SJ_SW_OK);
	assert_int_equal(left_of(b, PIV_REF_PIN), PIN_TRIES);
	assert_int_equal(bench_do(b, VERIFY_PIN), 0x63C4);
	assert_int_equal(bench_do(b, VERIFY_NEW), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0024000010" GLOBAL_HEX NEW_HEX), SJ_SW_OK);
	assert_int_equal(bench_do(b, "0020000008" NEW_HEX), SJ_SW_OK);
}

static void a_wrong_old_pin_counts_and_changes_nothing(void **state)
{
	struct bench *b = *state;

	block(b, "0024008010" WRONG_HEX NEW_HEX, PIN_TRIES);
	assert_int_equal(bench_do(b, "0024008010" PIN_HEX NEW_HEX), SJ_SW_AUTH_BLOCKED);
}

static void ill_formed_pins_are_neither_compared_nor_kept(void **state)
{
	static const char *const pairs[] = {
		PIN_HEX "3132333435FFFFFF",
		PIN_HEX "FFFFFFFFFFFFFFFF",
		"3132333435FFFFFF" NEW_HEX,
		WRONG_HEX "3132333435FFFFFF",
		PIN_HEX "313233343536",
		PIN_HEX NEW_HEX "FF",
		PIN_HEX,
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct sj_apdu apdu = { .ins = 0x24, .p2 = 0x80, .data = HEX(pairs[i]) };

		assert_int_equal(bench_send(b, &apdu), SJ_SW_WRONG_DATA);
	}
	assert_int_equal(left_of(b, PIV_REF_PIN), PIN_TRIES);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
}

static void the_puk_is_changed_by_the_old_one(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "0024008110" WRONG_HEX PUK_HEX), 0x63C2);
	assert_int_equal(bench_do(b, "0024008110" PUK_HEX "0001020304050607"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "002C008010" PUK_HEX PIN_HEX), 0x63C2);
	assert_int_equal(bench_do(b, "002C008010"
				     "0001020304050607" PIN_HEX),
			 SJ_SW_OK);
}

static void the_pairing_code_is_not_changed(void **state)
{
	assert_int_equal(bench_do(*state, "0024009810" PAIRING_HEX "3131313131313131"),
			 SJ_SW_REFERENCE_NOT_FOUND);
}

/* --- RESET RETRY COUNTER --------------------------------------------------------------------------- */

static void the_puk_frees_a_blocked_pin(void **state)
{
	struct bench *b = *state;

	block(b, VERIFY_WRONG, PIN_TRIES);
	assert_int_equal(bench_do(b, "002C008010" PUK_HEX NEW_HEX), SJ_SW_OK);
	assert_int_equal(bench_do(b, TRIES_LEFT), 0x63C5);
	assert_int_equal(bench_do(b, VERIFY_NEW), SJ_SW_OK);
}

static void a_wrong_puk_counts_until_it_is_blocked(void **state)
{
	struct bench *b = *state;

	block(b, "002C008010" WRONG_HEX NEW_HEX, 3);
	assert_int_equal(bench_do(b, "002C008010" PUK_HEX NEW_HEX), SJ_SW_AUTH_BLOCKED);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
}

static void a_right_puk_with_an_ill_formed_pin_changes_no_counter(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "002C008010" WRONG_HEX NEW_HEX), 0x63C2);
	assert_int_equal(bench_do(b, VERIFY_WRONG), 0x63C4);
	assert_int_equal(bench_do(b, "002C008010" PUK_HEX "3132333435FFFFFF"), SJ_SW_WRONG_DATA);
	assert_int_equal(left_of(b, PIV_REF_PUK), 2);
	assert_int_equal(left_of(b, PIV_REF_PIN), 4);
}

static void only_the_pin_is_reset(void **state)
{
	struct bench *b = *state;

	assert_int_equal(bench_do(b, "002C000010" PUK_HEX PIN_HEX), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_do(b, "002C008110" PUK_HEX PIN_HEX), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_do(b, "002C018010" PUK_HEX PIN_HEX), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(b, "002C008008" PUK_HEX), SJ_SW_WRONG_DATA);
	assert_int_equal(left_of(b, PIV_REF_PUK), 3);
}

/* --- nothing reaches a counter from elsewhere -------------------------------------------------------- */

/* VERIFY and GENERAL AUTHENTICATE after somebody else's SELECT. */
static void commands_that_reach_another_application_spend_nothing(void **state)
{
	static const char *const others[] = { SELECT_MANAGER, SELECT_LDS };
	struct bench *b = *state;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(bench_do(b, others[i]), SJ_SW_OK);
		assert_int_equal(bench_do(b, VERIFY_WRONG), SJ_SW_WRONG_INS);
		assert_int_equal(bench_do(b, "0087119A047C02810000"), SJ_SW_WRONG_INS);
	}
	assert_int_equal(left_of(b, PIV_REF_PIN), PIN_TRIES);
}

static bool in_memory(const uint8_t *memory, size_t n, struct sj_span what)
{
	for (size_t i = 0; i + what.len <= n; i++)
		if (memcmp(memory + i, what.ptr, what.len) == 0)
			return true;
	return false;
}

/* A PIN in a chain that was given up, a response that nobody fetched whole. */
static void what_was_given_up_is_wiped(void **state)
{
	struct bench *b = *state;
	uint8_t secret[600];

	assert_int_equal(bench_hex(b, "1024008008" PIN_HEX), SJ_SW_OK);
	assert_true(in_memory(b->card->chain_data, 64, HEX(PIN_HEX)));
	assert_int_equal(bench_hex(b, "00CB3FFF035C017E00"), SJ_SW_LAST_OF_CHAIN_EXPECTED);
	assert_false(in_memory(b->card->chain_data, 64, HEX(PIN_HEX)));
	memset(secret, 0xA5, sizeof(secret));
	piv_administer(b);
	assert_int_equal(piv_put(b, PIV_OBJECT_FACE, SJ_SPAN_OF(secret)), SJ_SW_OK);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "00CB3FFF055C035FC10800"), SJ_SW_BYTES_REMAINING);
	assert_true(in_memory(b->card->wire, CARD_WIRE_MAX, sj_span(secret, 8)));
	assert_int_equal(bench_hex(b, TRIES_LEFT), SJ_SW_OK);
	assert_false(in_memory(b->card->wire, CARD_WIRE_MAX, sj_span(secret, 8)));
}

/* A card and another in the same process know nothing of each other. */
static void two_cards_in_one_process(void **state)
{
	struct bench *a = *state, *b = piv_contact();

	assert_int_equal(bench_do(a, VERIFY_PIN), SJ_SW_OK);
	assert_int_equal(bench_do(b, TRIES_LEFT), 0x63C5);
	block(b, VERIFY_WRONG, PIN_TRIES);
	assert_int_equal(bench_do(a, TRIES_LEFT), SJ_SW_OK);
	piv_administer(a);
	assert_int_equal(piv_put(b, 0x5FC105, HEX("01")), SJ_SW_SECURITY_STATUS);
	bench_free(b);
	assert_int_equal(piv_put(a, 0x5FC105, HEX("01")), SJ_SW_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIV_CASE(tries_are_counted_down_and_made_full_by_success),
		PIV_CASE(a_blocked_pin_is_not_compared),
		PIV_CASE(blocked_comes_before_the_form),
		PIV_CASE(blocking_leaves_what_was_verified),
		PIV_CASE(asking_for_the_tries_spends_none),
		PIV_CASE(a_verification_of_another_length_spends_none),
		PIV_CASE(p1_and_references_that_are_none_spend_none),
		PIV_CASE(a_logout_forgets_one_reference),
		cmocka_unit_test(the_pins_form),
		cmocka_unit_test(over_the_air_the_last_try_is_kept_back),
		cmocka_unit_test(in_pace_it_is_the_same),
		cmocka_unit_test(over_the_air_alone_nothing_is_spent),
		cmocka_unit_test(the_pairing_code_has_no_counter),
		PIV_CASE(a_pin_is_changed_by_the_old_one),
		PIV_CASE(a_wrong_old_pin_counts_and_changes_nothing),
		PIV_CASE(ill_formed_pins_are_neither_compared_nor_kept),
		PIV_CASE(the_puk_is_changed_by_the_old_one),
		PIV_CASE(the_pairing_code_is_not_changed),
		PIV_CASE(the_puk_frees_a_blocked_pin),
		PIV_CASE(a_wrong_puk_counts_until_it_is_blocked),
		PIV_CASE(a_right_puk_with_an_ill_formed_pin_changes_no_counter),
		PIV_CASE(only_the_pin_is_reset),
		PIV_CASE(commands_that_reach_another_application_spend_nothing),
		PIV_CASE(what_was_given_up_is_wiped),
		PIV_CASE(two_cards_in_one_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
