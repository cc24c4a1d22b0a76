/* The host: which row answers, and what it says when none does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "host/card_internal.h"
#include "tests/card/host_rig.h"

static int setup(void **state)
{
	*state = rig_new(CARD_CONTACTLESS);
	return *state != NULL ? 0 : -1;
}

static int setup_contact(void **state)
{
	*state = rig_new(CARD_CONTACT);
	return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static unsigned send_apdu(struct rig *r, const struct sj_apdu *apdu)
{
	uint8_t bytes[512];
	struct sj_writer w = SJ_WRITER_OF(bytes);

	sj_apdu_put(&w, apdu);
	assert_false(w.failed);
	return rig_send_bytes(r, sj_written(&w));
}

/* --- class, instruction, P1-P2, length --------------------------------------------- */

/* By ISO/IEC 7816-4, 5.4.1, for a plain card with the basic channel open. */
static unsigned expected_for_class(unsigned cla)
{
	if (cla >= 0x40 && cla < 0x80)
		return 0x6881;
	if ((cla >= 0x20 && cla < 0x40) || cla >= 0xA0)
		return 0x6E00;
	if ((cla & 0x0C) == 0x04 || (cla & 0x0C) == 0x08)
		return 0x6882;
	if ((cla & 0x03) != 0)
		return 0x6881;
	if ((cla & 0x0C) == 0x0C)
		return 0x6882;
	if (cla >= 0x80)
		return 0x6D00;
	return cla == 0x10 ? 0x6884 : 0x9000;
}

static void every_class(void **state)
{
	for (unsigned cla = 0; cla < 256; cla++) {
		const struct sj_apdu apdu = {
			.cla = (uint8_t)cla, .ins = RIG_PLAIN, .p1 = 1, .p2 = 2
		};

		assert_int_equal(send_apdu(*state, &apdu), expected_for_class(cla));
	}
}

static bool is_instruction(unsigned cla, unsigned ins)
{
	if (cla == 0 && (ins == 0x70 || ins == 0xA4 || ins == 0xC0))
		return true;
	for (size_t i = 0; i < RIG_COMMANDS; i++)
		if (rig_commands[i].cla == cla && rig_commands[i].ins == ins)
			return true;
	return false;
}

static void every_instruction(void **state)
{
	for (unsigned i = 0; i < 512; i++) {
		const struct sj_apdu apdu = {
			.cla = i < 256 ? 0x00 : 0x80, .ins = (uint8_t)i, .p1 = 1, .p2 = 2
		};
		unsigned sw = send_apdu(*state, &apdu);

		assert_int_equal(sw == 0x6D00, !is_instruction(apdu.cla, apdu.ins));
	}
}

static void every_p1_p2(void **state)
{
	for (unsigned p = 0; p < 65536; p++) {
		const struct sj_apdu apdu = { .ins = RIG_PLAIN,
					      .p1 = (uint8_t)(p >> 8),
					      .p2 = (uint8_t)p };

		assert_int_equal(send_apdu(*state, &apdu), p == 0x0102 ? 0x9000 : 0x6A86);
	}
}

static void every_length(void **state)
{
	static const uint8_t data[256];

	for (size_t n = 0; n <= sizeof(data); n++) {
		const struct sj_apdu apdu = { .ins = RIG_LENGTH, .data = { data, n }, .ne = 256 };

		assert_int_equal(send_apdu(*state, &apdu), n >= 2 && n <= 4 ? 0x9000 : 0x6700);
	}
}

static void bytes_that_are_no_command(void **state)
{
	assert_int_equal(rig_send(*state, "00"), 0x6700);
	assert_int_equal(rig_send(*state, "0010010203AABB"), 0x6700);
	assert_int_equal(rig_send(*state, "001001020000"), 0x6700);
	assert_int_equal(rig_send_bytes(*state, sj_span(NULL, 0)), 0x6700);
}

static void class_before_instruction_before_p1p2_before_length(void **state)
{
	assert_int_equal(rig_send(*state, "A0FF000001AA"), 0x6E00);
	assert_int_equal(rig_send(*state, "00FF000001AA"), 0x6D00);
	assert_int_equal(rig_send(*state, "0010000001AA"), 0x6A86);
	assert_int_equal(rig_send(*state, "0010010201AA"), 0x6700);
}

/* --- conditions ---------------------------------------------------------------------- */

static void secure_messaging_condition(void **state)
{
	const struct sj_apdu sm = { .ins = RIG_SM }, plain = { .ins = RIG_NO_SM };

	assert_int_equal(rig_send(*state, "00120000"), 0x6982);
	assert_int_equal(rig_send(*state, "00130000"), 0x9000);
	assert_int_equal(rig_send(*state, "001C0000"), 0x9000);
	assert_int_equal(rig_send_secure(*state, &sm), 0x9000);
	assert_int_equal(rig_send_secure(*state, &plain), 0x6985);
}

static void contact_condition(void **state)
{
	bool contact = card_interface(((struct rig *)*state)->card) == CARD_CONTACT;

	assert_int_equal(rig_send(*state, "00140000"), contact ? 0x9000 : 0x6A81);
}

static void basic_channel_condition(void **state)
{
	assert_int_equal(rig_send(*state, "00150000"), 0x9000);
	assert_int_equal(rig_send(*state, "0070000101"), 0x9000);
	assert_int_equal(rig_send(*state, "01A4040C06A00000099903"), 0x9000);
	assert_int_equal(rig_send(*state, "01150000"), 0x6881);
}

static void life_conditions(void **state)
{
	struct rig *r = *state;
	struct card_call call = { .card = r->card };

	assert_int_equal(rig_send(r, "80160000"), 0x9000);
	assert_int_equal(rig_send(r, "80170000"), 0x6985);
	assert_int_equal(card_lock(&call), SJ_SW_OK);
	assert_true(card_commit(r->card));
	assert_int_equal(rig_send(r, "80160000"), 0x6985);
	assert_int_equal(rig_send(r, "80170000"), 0x9000);
}

/* --- SELECT by DF name --------------------------------------------------------------- */

static void select_full_and_truncated(void **state)
{
	assert_int_equal(rig_send(*state, "00A4040006A0000009990200"), 0x9000);
	assert_true(rig_answered(*state, "6F088406A00000099902"));
	assert_int_equal(rig_send(*state, "00A4040005A00000099900"), 0x9000);
	assert_true(rig_answered(*state, "6F088406A00000099901"));
	assert_int_equal(rig_send(*state, "00A4040007A000000999030000"), 0x6A82);
}

static void select_next_and_previous(void **state)
{
	static const char *const hits[] = { "6F088406A00000099901", "6F088406A00000099902",
					    "6F088406A00000099903" };

	assert_int_equal(rig_send(*state, "00A4040005A00000099900"), 0x9000);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(rig_send(*state, "00A4040205A00000099900"), 0x9000);
		assert_true(rig_answered(*state, hits[i]));
	}
	assert_int_equal(rig_send(*state, "00A4040205A00000099900"), 0x6A82);
	assert_int_equal(rig_send(*state, "00A4040305A00000099900"), 0x9000);
	assert_true(rig_answered(*state, hits[1]));
	assert_int_equal(rig_send(*state, "00A4040105A00000099900"), 0x9000);
	assert_true(rig_answered(*state, hits[2]));
}

static void select_answers_what_p2_asks_for(void **state)
{
	assert_int_equal(rig_send(*state, "00A4040406A0000009990200"), 0x9000);
	assert_true(rig_answered(*state, "62088406A00000099902"));
	assert_int_equal(rig_send(*state, "00A4040C06A0000009990200"), 0x9000);
	assert_true(rig_answered(*state, ""));
	assert_int_equal(rig_send(*state, "00A4041006A0000009990200"), 0x6A86);
}

static void refused_select_changes_nothing(void **state)
{
	assert_int_equal(rig_send(*state, "00A4040006A0000009990900"), 0x6A82);
	assert_int_equal(rig_send(*state, "00100102"), 0x9000);
}

/* --- channels -------------------------------------------------------------------------- */

static void channels_open_by_number_and_first_free(void **state)
{
	assert_int_equal(rig_send(*state, "0070000200"), 0x9000);
	assert_int_equal(rig_send(*state, "0070000001"), 0x9000);
	assert_true(rig_answered(*state, "01"));
	assert_int_equal(rig_send(*state, "0070000001"), 0x9000);
	assert_true(rig_answered(*state, "03"));
	assert_int_equal(rig_send(*state, "0070000001"), 0x6A81);
	assert_int_equal(rig_send(*state, "0070000200"), 0x6985);
	assert_int_equal(rig_send(*state, "0070000400"), 0x6A86);
}

static void channels_close(void **state)
{
	assert_int_equal(rig_send(*state, "00708001"), 0x6985);
	assert_int_equal(rig_send(*state, "00700001"), 0x9000);
	assert_int_equal(rig_send(*state, "01708000"), 0x9000);
	assert_int_equal(rig_send(*state, "01100102"), 0x6881);
	assert_int_equal(rig_send(*state, "00708000"), 0x6881);
	assert_int_equal(rig_send(*state, "00100102"), 0x9000);
}

static void channels_have_their_own_application(void **state)
{
	assert_int_equal(rig_send(*state, "00700001"), 0x9000);
	assert_int_equal(rig_send(*state, "01100102"), 0x6D00);
	assert_int_equal(rig_send(*state, "01A4040C06A00000099903"), 0x9000);
	assert_int_equal(rig_send(*state, "011E000000"), 0x9000);
	assert_true(rig_answered(*state, "000001"));
	assert_int_equal(rig_send(*state, "00A4040C06A00000099901"), 0x9000);
	assert_int_equal(rig_send(*state, "01100102"), 0x9000);
	assert_int_equal(rig_send(*state, "00100102"), 0x6D00);
}

/* ISO/IEC 7816-4:2020, 11.2.3: opened from another channel, its application comes along. */
static void channel_opened_from_another_inherits(void **state)
{
	assert_int_equal(rig_send(*state, "00700001"), 0x9000);
	assert_int_equal(rig_send(*state, "01A4040C06A00000099903"), 0x9000);
	assert_int_equal(rig_send(*state, "01700002"), 0x9000);
	assert_int_equal(rig_send(*state, "02100102"), 0x9000);
}

/* --- command chains ---------------------------------------------------------------------- */

static void chain_is_collected(void **state)
{
	assert_int_equal(rig_send(*state, "1018000001AA"), 0x9000);
	assert_int_equal(rig_send(*state, "1018000002BBCC"), 0x9000);
	assert_true(rig_answered(*state, ""));
	assert_int_equal(rig_send(*state, "0018000001DD00"), 0x9000);
	assert_true(rig_answered(*state, "00000004DD"));
}

static void chain_ends_with_another_command(void **state)
{
	assert_int_equal(rig_send(*state, "1018000001AA"), 0x9000);
	assert_int_equal(rig_send(*state, "00100102"), 0x6883);
	assert_int_equal(rig_send(*state, "00100102"), 0x9000);
	assert_int_equal(rig_send(*state, "0018000002AABB00"), 0x9000);
	assert_true(rig_answered(*state, "00000002BB"));
}

static void a_chain_that_ended_is_wiped(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_send(r, "1018000004A1B2C3D4"), 0x9000);
	assert_int_equal(rig_send(r, "00100102"), 0x6883);
	assert_null(memmem(r->card->chain_data, SJ_APDU_NC_EXTENDED, "\xA1\xB2\xC3\xD4", 4));
	assert_int_equal(rig_send(r, "1018000004A1B2C3D4"), 0x9000);
	assert_int_equal(rig_send(r, "0018000001DD00"), 0x9000);
	assert_null(memmem(r->card->chain_data, SJ_APDU_NC_EXTENDED, "\xA1\xB2\xC3\xD4", 4));
}

static void chain_header_must_stay(void **state)
{
	assert_int_equal(rig_send(*state, "1018000001AA"), 0x9000);
	assert_int_equal(rig_send(*state, "0018000101AA00"), 0x6883);
	assert_int_equal(rig_send(*state, "1018000001AA"), 0x9000);
	assert_int_equal(rig_send(*state, "0019000001AA00"), 0x6883);
}

static void chain_total_is_limited(void **state)
{
	uint8_t data[255] = { 0 };
	const struct sj_apdu part = { .cla = 0x10, .ins = RIG_CHAIN, .data = { data, 255 } };

	for (unsigned i = 0; i < 257; i++) /* 65535 bytes */
		assert_int_equal(send_apdu(*state, &part), 0x9000);
	assert_int_equal(send_apdu(*state, &part), 0x6700);
	assert_int_equal(rig_send(*state, "0018000002AABB00"), 0x9000);
	assert_true(rig_answered(*state, "00000002BB"));
}

static void chain_shorter_than_needed(void **state)
{
	assert_int_equal(rig_send(*state, "1018000001AA"), 0x9000);
	assert_int_equal(rig_send(*state, "00180000"), 0x6700);
}

static void chain_where_none_is_taken(void **state)
{
	assert_int_equal(rig_send(*state, "1011000002AABB"), 0x6884);
}

static void chain_of_steps_answers_each(void **state)
{
	assert_int_equal(rig_send(*state, "1019000001AA00"), 0x9000);
	assert_true(rig_answered(*state, "01"));
	assert_int_equal(rig_send(*state, "0019000001AA00"), 0x9000);
	assert_true(rig_answered(*state, "00"));
}

/* --- responses in pieces ------------------------------------------------------------------- */

static void long_response_comes_in_pieces(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_send(r, "001A022C00"), 0x6100); /* 556 bytes */
	assert_int_equal(r->len, 256);
	assert_int_equal(rig_send(r, "00C0000000"), 0x612C);
	assert_int_equal(r->response[1], 1);
	assert_int_equal(rig_send(r, "00C000002C"), 0x9000);
	assert_int_equal(r->len, 44);
	assert_int_equal(rig_send(r, "00C0000000"), 0x6985);
}

static void extended_length_takes_it_whole(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_send(r, "001A4000000000"), 0x9000);
	assert_int_equal(r->len, 0x4000);
}

/* What a link's 16-bit length cannot carry is left for GET RESPONSE. */
static void largest_response_is_split(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_send(r, "001AFFFF000000"), 0x6103);
	assert_int_equal(r->len, 65533);
	assert_int_equal(rig_send(r, "00C0000003"), 0x9000);
	assert_true(rig_answered(r, "FDFEFF"));
}

static void without_le_nothing_is_lost(void **state)
{
	assert_int_equal(rig_send(*state, "001A0004"), 0x6104);
	assert_int_equal(rig_send(*state, "00C0000004"), 0x9000);
	assert_true(rig_answered(*state, "00010203"));
}

static void an_application_may_answer_without_le(void **state)
{
	assert_int_equal(rig_send(*state, "00A4040006A00000099901"), 0x610A);
	assert_int_equal(rig_send(*state, "00A4040006A00000099902"), 0x9000);
	assert_true(rig_answered(*state, "6F088406A00000099902"));
	/* Only where it is absent. */
	assert_int_equal(rig_send(*state, "00A4040006A0000009990203"), 0x6107);
	assert_int_equal(rig_send(*state, "7F000000"), 0x6881); /* no such channel */
}

static void another_command_drops_the_pieces(void **state)
{
	assert_int_equal(rig_send(*state, "001A0004"), 0x6104);
	assert_int_equal(rig_send(*state, "00100102"), 0x9000);
	assert_int_equal(rig_send(*state, "00C0000004"), 0x6985);
}

static void exact_le_is_asked_for(void **state)
{
	assert_int_equal(rig_send(*state, "001B000502"), 0x6C05);
	assert_int_equal(rig_send(*state, "001B000505"), 0x9000);
	assert_true(rig_answered(*state, "0001020304"));
	assert_int_equal(rig_send(*state, "001B000500"), 0x9000);
}

/* --- transactions ----------------------------------------------------------------------------- */

static void success_is_stored(void **state)
{
	struct rig *r = *state;
	struct sj_span got;

	assert_int_equal(rig_send(r, "001D000002AABB"), 0x9000);
	card_store_abort(r->store);
	assert_true(card_store_get(r->store, RIG_OBJECT, &got));
	assert_int_equal(got.len, 2);
}

static void refusal_stores_nothing(void **state)
{
	struct rig *r = *state;
	struct sj_span got;

	assert_int_equal(rig_send(r, "001D010002AABB"), 0x6A80);
	assert_false(card_store_get(r->store, RIG_OBJECT, &got));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(every_class),
		CASE(every_instruction),
		CASE(every_p1_p2),
		CASE(every_length),
		CASE(bytes_that_are_no_command),
		CASE(class_before_instruction_before_p1p2_before_length),
		CASE(secure_messaging_condition),
		CASE(contact_condition),
		cmocka_unit_test_setup_teardown(contact_condition, setup_contact, teardown),
		CASE(basic_channel_condition),
		CASE(life_conditions),
		CASE(select_full_and_truncated),
		CASE(select_next_and_previous),
		CASE(select_answers_what_p2_asks_for),
		CASE(refused_select_changes_nothing),
		CASE(channels_open_by_number_and_first_free),
		CASE(channels_close),
		CASE(channels_have_their_own_application),
		CASE(channel_opened_from_another_inherits),
		CASE(chain_is_collected),
		CASE(chain_ends_with_another_command),
		CASE(a_chain_that_ended_is_wiped),
		CASE(chain_header_must_stay),
		CASE(chain_total_is_limited),
		CASE(chain_shorter_than_needed),
		CASE(chain_where_none_is_taken),
		CASE(chain_of_steps_answers_each),
		CASE(long_response_comes_in_pieces),
		CASE(extended_length_takes_it_whole),
		CASE(largest_response_is_split),
		CASE(without_le_nothing_is_lost),
		CASE(an_application_may_answer_without_le),
		CASE(another_command_drops_the_pieces),
		CASE(exact_le_is_asked_for),
		CASE(success_is_stored),
		CASE(refusal_stores_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
