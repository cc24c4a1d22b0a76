/* The host: power, the secure session's life, waiting, several cards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "link/field.h"
#include "tests/card/host_rig.h"
#include "wire/atr.h"

static int setup(void **state)
{
	*state = rig_new(CARD_CONTACTLESS);
	return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

/* --- power ------------------------------------------------------------------------ */

static void no_power_no_answer(void **state)
{
	struct rig *r = *state;

	card_power_off(r->card);
	assert_int_equal(rig_send(r, "00100102"), 0);
	assert_int_equal(card_uid(r->card).len, 0);
}

static void check_forgotten(struct rig *r)
{
	assert_int_equal(rig_send(r, "00100102"), 0x6D00); /* no application any more */
	assert_int_equal(rig_send(r, "01100102"), 0x6881); /* nor a second channel */
	assert_int_equal(rig_send(r, "00A4040C06A00000099903"), 0x9000);
	assert_int_equal(rig_send(r, "001E000003"), 0x9000);
	assert_true(rig_answered(r, "000000"));
}

/* Session, rights, channels, application, applet's state: gone. */
static void power_off_and_reset_forget_everything(void **state)
{
	struct rig *r = *state;
	uint8_t atr[CARD_ATR_MAX];

	for (int reset = 0; reset < 2; reset++) {
		assert_int_equal(rig_send(r, "00700001"), 0x9000);
		assert_int_equal(rig_send(r, "001E7700"), 0x6103);
		assert_int_equal(rig_send(r, "001C0000"), 0x9000);
		if (reset) {
			assert_true(card_reset(r->card, atr) > 0);
		} else {
			card_power_off(r->card);
			assert_true(card_power_on(r->card, atr) > 0);
		}
		assert_int_equal(rig_send(r, "0CB0000000"), 0x6882);
		check_forgotten(r);
	}
}

static void uid_is_random_and_of_this_power_up(void **state)
{
	struct rig *r = *state;
	uint8_t first[CARD_UID_SIZE], atr[CARD_ATR_MAX];

	assert_int_equal(card_uid(r->card).len, CARD_UID_SIZE);
	memcpy(first, card_uid(r->card).ptr, sizeof(first));
	assert_int_equal(first[0], 0x08);
	assert_true(card_reset(r->card, atr) > 0);
	assert_memory_equal(card_uid(r->card).ptr, first, sizeof(first));
	assert_true(card_power_on(r->card, atr) > 0);
	assert_memory_not_equal(card_uid(r->card).ptr, first, sizeof(first));
	assert_int_equal(card_uid(r->card).ptr[0], 0x08);
}

static void uid_is_answered_in_front_of_the_card(void **state)
{
	struct rig *r = *state;
	static const uint8_t all[] = { 0xFF, 0xCA, 0, 0, 0 }, two[] = { 0xFF, 0xCA, 0, 0, 2 },
			     ats[] = { 0xFF, 0xCA, 1, 0, 0 };

	assert_int_equal(card_field_transmit(r->card, SJ_SPAN_OF(all), r->response), 6);
	assert_memory_equal(r->response, card_uid(r->card).ptr, 4);
	assert_memory_equal(r->response + 4, "\x90\x00", 2);
	assert_int_equal(card_field_transmit(r->card, SJ_SPAN_OF(two), r->response), 2);
	assert_memory_equal(r->response, "\x6C\x04", 2);
	assert_int_equal(card_field_transmit(r->card, SJ_SPAN_OF(ats), r->response), 2);
	assert_memory_equal(r->response, "\x6A\x81", 2);
}

static void contact_card_has_no_uid(void **state)
{
	struct rig *r = rig_new(CARD_CONTACT);
	static const uint8_t ask[] = { 0xFF, 0xCA, 0, 0, 0 };

	(void)state;
	assert_int_equal(card_field_transmit(r->card, SJ_SPAN_OF(ask), r->response), 2);
	assert_memory_equal(r->response, "\x6E\x00", 2);
	rig_free(r);
}

static void atrs_carry_the_same_historical_bytes(void **state)
{
	struct rig *r = *state, *contact = rig_new(CARD_CONTACT);
	uint8_t a[CARD_ATR_MAX], b[CARD_ATR_MAX];
	struct sj_atr one, two;

	assert_true(sj_atr_parse(sj_span(a, card_power_on(r->card, a)), &one));
	assert_true(sj_atr_parse(sj_span(b, card_power_on(contact->card, b)), &two));
	assert_true(one.tck && two.tck);
	assert_true(sj_span_eq(one.historical, two.historical));
	assert_int_equal(two.protocols & 0x7FFF, 1 << 1); /* T=1; T=15 only qualifies */
	rig_free(contact);
}

static void two_cards_in_one_process(void **state)
{
	struct rig *r = *state, *other = rig_new(CARD_CONTACT);

	assert_int_equal(rig_send(r, "001E5500"), 0x6103);
	assert_int_equal(rig_send(other, "1018000001AA"), 0x9000);
	assert_int_equal(rig_send(r, "001D000001AA"), 0x9000);
	assert_int_equal(rig_send(other, "0018000001BB00"), 0x9000);
	assert_true(rig_answered(other, "00000002BB"));
	assert_int_equal(rig_send(r, "001E000003"), 0x9000);
	assert_true(rig_answered(r, "550000"));
	assert_int_equal(rig_send(other, "001E000003"), 0x9000);
	assert_true(rig_answered(other, "000000"));
	rig_free(other);
}

/* --- secure messaging: the card's role ------------------------------------------------- */

static const struct sj_apdu show = { .ins = RIG_STATE, .ne = 256 };

static void start(struct rig *r)
{
	memset(&r->ssc, 0, sizeof(r->ssc));
	assert_int_equal(rig_send(r, "001C0000"), 0x9000);
}

static void session_and_rights_last(void **state)
{
	start(*state);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_send_secure(*state, &show), 0x9000);
		assert_true(rig_answered(*state, "000100"));
	}
}

static void plain_command_ends_session_and_is_answered(void **state)
{
	start(*state);
	assert_int_equal(rig_send(*state, "001E000003"), 0x9000);
	assert_true(rig_answered(*state, "000000"));
	assert_int_equal(rig_send_secure(*state, &show), 0x6882);
}

static void repeated_command_ends_the_session(void **state)
{
	struct rig *r = *state;
	uint8_t command[128];
	struct sj_writer w = SJ_WRITER_OF(command);

	start(r);
	sj_ssc_increment(&r->ssc, rig_keys.cipher);
	sj_sm_command_put(&w, &rig_keys, &r->ssc, &show);
	assert_int_equal(rig_send_bytes(r, sj_written(&w)), 0x9000);
	assert_int_equal(rig_send_bytes(r, sj_written(&w)), 0x6988);
	assert_int_equal(rig_send(r, "001E000003"), 0x9000);
	assert_true(rig_answered(r, "000000"));
}

static void every_flipped_bit_ends_the_session(void **state)
{
	struct rig *r = *state;

	for (size_t bit = 8; bit < 8 * 17; bit++) { /* all behind CLA */
		uint8_t command[128];
		struct sj_writer w = SJ_WRITER_OF(command);
		unsigned sw;

		start(r);
		sj_ssc_increment(&r->ssc, rig_keys.cipher);
		sj_sm_command_put(&w, &rig_keys, &r->ssc, &show);
		command[bit / 8] ^= (uint8_t)(1u << bit % 8);
		sw = rig_send_bytes(r, sj_written(&w));
		assert_true(sw == 0x6987 || sw == 0x6988 || sw == 0x6700);
		assert_int_equal(card_rights(r->card), 0);
	}
}

static void missing_mac_is_named(void **state)
{
	start(*state);
	assert_int_equal(rig_send(*state, "0C1E00000397010000"), 0x6987);
	assert_int_equal(rig_send_secure(*state, &show), 0x6882);
}

static void refusals_inside_are_protected(void **state)
{
	const struct sj_apdu unknown = { .ins = 0xEE }, sm = { .ins = RIG_SM };

	start(*state);
	assert_int_equal(rig_send_secure(*state, &unknown), 0x6D00);
	assert_int_equal(rig_send_secure(*state, &sm), 0x9000);
}

static void failed_start_does_not_start(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_send(r, "001C0100"), 0x6A80);
	assert_int_equal(card_rights(r->card), 0);
	assert_int_equal(rig_send_secure(r, &show), 0x6882);
}

/* The new keys count from zero; the response to the start still has the old ones. */
static void restart_inside_takes_over_afterwards(void **state)
{
	struct rig *r = *state;
	const struct sj_apdu again = { .ins = RIG_START };

	start(r);
	assert_int_equal(rig_send_secure(r, &show), 0x9000);
	assert_int_equal(rig_send_secure(r, &again), 0x9000);
	memset(&r->ssc, 0, sizeof(r->ssc));
	assert_int_equal(rig_send_secure(r, &show), 0x9000);
	assert_true(rig_answered(r, "000100"));
}

/* Protected as one, then given in pieces; plain GET RESPONSE does not end the session. */
static void protected_response_in_pieces(void **state)
{
	struct rig *r = *state;
	const struct sj_apdu bytes = { .ins = RIG_BYTES, .p1 = 1, .p2 = 0, .ne = 256 };
	uint8_t command[64], whole[600], data[600];
	struct sj_writer w = SJ_WRITER_OF(command), buffer = SJ_WRITER_OF(data);
	struct sj_response response;
	size_t n;

	start(r);
	sj_ssc_increment(&r->ssc, rig_keys.cipher);
	sj_sm_command_put(&w, &rig_keys, &r->ssc, &bytes);
	assert_int_equal(rig_send_bytes(r, sj_written(&w)) >> 8, 0x61);
	memcpy(whole, r->response, n = r->len);
	assert_int_equal(rig_send(r, "00C0000000"), 0x9000);
	memcpy(whole + n, r->response, r->len);
	sj_ssc_increment(&r->ssc, rig_keys.cipher);
	assert_int_equal(sj_sm_response_open(&rig_keys, &r->ssc, sj_span(whole, n + r->len),
					     &buffer, &response),
			 SJ_SM_OK);
	assert_int_equal(response.data.len, 256);
	assert_int_equal(rig_send_secure(r, &show), 0x9000);
}

static void chain_under_secure_messaging(void **state)
{
	static const uint8_t a[] = { 1, 2, 3 }, b[] = { 4, 5 };
	const struct sj_apdu one = { .cla = 0x10, .ins = RIG_CHAIN, .data = SJ_SPAN_OF(a) };
	const struct sj_apdu two = { .ins = RIG_CHAIN, .data = SJ_SPAN_OF(b), .ne = 256 };

	start(*state);
	assert_int_equal(rig_send_secure(*state, &one), 0x9000);
	assert_int_equal(rig_send_secure(*state, &two), 0x9000);
	assert_true(rig_answered(*state, "0000000505"));
}

/* A chain begun under protection is not finished without. */
static void chain_does_not_leave_the_session(void **state)
{
	static const uint8_t a[] = { 1, 2, 3 };
	const struct sj_apdu one = { .cla = 0x10, .ins = RIG_CHAIN, .data = SJ_SPAN_OF(a) };

	start(*state);
	assert_int_equal(rig_send_secure(*state, &one), 0x9000);
	assert_int_equal(rig_send(*state, "0018000002AABB00"), 0x6883);
}

/* --- delays --------------------------------------------------------------------------------- */

static uint64_t served(struct rig *r)
{
	uint64_t before = r->clock.now;

	card_delay_serve(r->card, 1);
	return r->clock.now - before;
}

static void failures_cost_time(void **state)
{
	static const uint64_t costs[] = { 0, 1000, 7000, 14000, 21000, 21000, 21000 };
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		assert_int_equal(served(r), costs[i]);
		assert_true(card_delay_raise(r->card, 1));
	}
	card_delay_serve(r->card, 2); /* another password pays nothing */
	assert_int_equal(served(r), 21000);
}

static void success_is_free_again(void **state)
{
	struct rig *r = *state;

	assert_true(card_delay_raise(r->card, 1) && card_delay_raise(r->card, 1));
	card_delay_clear(r->card, 1);
	assert_true(card_commit(r->card));
	assert_int_equal(served(r), 0);
}

static void failure_is_stored_before_it_is_known(void **state)
{
	struct rig *r = *state;

	assert_true(card_delay_raise(r->card, 1));
	card_store_abort(r->store); /* as a power cut does */
	assert_int_equal(served(r), 1000);
}

/* Switching off while the card waits: the next wait is as long, and nothing was stored. */
static void reset_gains_nothing(void **state)
{
	struct rig *r = *state;
	uint8_t atr[CARD_ATR_MAX];

	assert_true(card_delay_raise(r->card, 1) && card_delay_raise(r->card, 1));
	r->clock.power_for = 6900;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(served(r), 6900);
		assert_false(card_commit(r->card));
		card_power_off(r->card);
		assert_true(card_power_on(r->card, atr) > 0);
	}
	r->clock.power_for = UINT64_MAX;
	assert_int_equal(served(r), 7000);
	assert_true(card_commit(r->card));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(no_power_no_answer),
		CASE(power_off_and_reset_forget_everything),
		CASE(uid_is_random_and_of_this_power_up),
		CASE(uid_is_answered_in_front_of_the_card),
		CASE(contact_card_has_no_uid),
		CASE(atrs_carry_the_same_historical_bytes),
		CASE(two_cards_in_one_process),
		CASE(session_and_rights_last),
		CASE(plain_command_ends_session_and_is_answered),
		CASE(repeated_command_ends_the_session),
		CASE(every_flipped_bit_ends_the_session),
		CASE(missing_mac_is_named),
		CASE(refusals_inside_are_protected),
		CASE(failed_start_does_not_start),
		CASE(restart_inside_takes_over_afterwards),
		CASE(protected_response_in_pieces),
		CASE(chain_under_secure_messaging),
		CASE(chain_does_not_leave_the_session),
		CASE(failures_cost_time),
		CASE(success_is_free_again),
		CASE(failure_is_stored_before_it_is_known),
		CASE(reset_gains_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
