/*
 * Secure messaging of SP 800-73-5 in the card: the session in the host, its opening by
 * key 04 in the applet. NIST's captured sessions replay in tests/vectors.
 */
#include <stdio.h>

#include "tests/card/piv_rig.h"

#define GET_DISCOVERY "00CB3FFF035C017E00"

static struct bench *air(uint8_t suite)
{
	return piv_card(&(struct piv_plan){ .interface = CARD_CONTACTLESS, .suite = suite });
}

static int air_setup(void **state)
{
	*state = air(PIV_ALG_CS2);
	return 0;
}

#define AIR_CASE(name) cmocka_unit_test_setup_teardown(name, air_setup, piv_teardown)

/* --- opening ------------------------------------------------------------------------------------ */

static void both_suites(void **state)
{
	static const uint8_t suites[] = { PIV_ALG_CS2, PIV_ALG_CS7 };

	(void)state;
	for (size_t i = 0; i < sizeof(suites); i++) {
		struct bench *b = air(suites[i]);
		struct piv_reader r;

		piv_open(&r, b, suites[i]);
		assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_OK);
		assert_bytes(b->data, "7E124F0BA0000003080000100001005F2F026820");
		bench_free(b);
	}
}

static void a_card_without_key_04(void **state)
{
	struct bench *b = piv_card(&(struct piv_plan){ .suite = 0xFF, .policy = 0x4000 });
	struct sj_piv_application apt;

	(void)state;
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	assert_true(sj_piv_application_read(b->data, &apt));
	assert_int_equal(apt.suite, 0);
	assert_int_equal(piv_authenticate(b, PIV_ALG_CS2, 0x04, "8200"), SJ_SW_WRONG_P1P2);
	bench_free(b);
}

static void the_nonce_is_the_cards_random(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	bench_queue(b, "101112131415161718191A1B1C1D1E1F");
	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(b->queued_from, b->queued_to);
	assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_OK);
}

/* Requests of the key establishment that are malformed: 6A80, and the running session is gone. */
static void requests_that_are_malformed(void **state)
{
	static const char point[] =
		"046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
		"4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5";
	static const char *const heads[] = { "004142434445464748", "014142434445464748",
					     "0041424344454647" };
	struct bench *b = *state;
	struct piv_reader r;
	char objects[300];

	for (size_t i = 0; i < 3; i++) {
		const size_t n = (strlen(heads[i]) + strlen(point)) / 2;

		piv_open(&r, b, PIV_ALG_CS2);
		snprintf(objects, sizeof(objects), "81%02zX%s%s8200", n, heads[i], point);
		assert_int_equal(piv_authenticate(b, PIV_ALG_CS2, 0x04, objects),
				 i == 0 ? SJ_SW_OK : SJ_SW_WRONG_DATA);
		assert_int_not_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_OK);
	}
	snprintf(objects, sizeof(objects), "814A%s%.*s048200", heads[0], 128, point);
	assert_int_equal(piv_authenticate(b, PIV_ALG_CS2, 0x04, objects), SJ_SW_WRONG_DATA);
	assert_int_equal(piv_authenticate(b, PIV_ALG_CS2, 0x04, "81008200"), SJ_SW_WRONG_DATA);
	assert_int_equal(piv_authenticate(b, PIV_ALG_CS2, 0x04, "8200"), SJ_SW_WRONG_DATA);
}

/* --- messages ------------------------------------------------------------------------------------- */

static void many_messages_chain_their_macs(void **state)
{
	struct piv_reader r;

	piv_open(&r, *state, PIV_ALG_CS2);
	for (int i = 0; i < 300; i++)
		assert_int_equal(piv_secure_hex(&r, i % 2 ? GET_DISCOVERY : "00200098"),
				 i % 2 ? SJ_SW_OK : SJ_SW_NO_INFORMATION);
}

/* The command's status word is inside; outside stands how the messaging went. */
static void errors_of_the_command_are_inside(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PIN), SJ_SW_SECURITY_STATUS);
	assert_int_equal(b->sw, SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, "00EE0000"), SJ_SW_WRONG_INS);
	assert_int_equal(b->sw, SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_OK);
}

/* A protected command is sent in parts of every size, and opened once it is whole. */
static void a_command_in_parts(void **state)
{
	static const uint8_t get[] = { 0x5C, 0x01, 0x7E };
	const struct sj_apdu plain = {
		.ins = 0xCB, .p1 = 0x3F, .p2 = 0xFF, .data = SJ_SPAN_OF(get), .ne = 256
	};
	struct piv_reader r;

	piv_open(&r, *state, PIV_ALG_CS2);
	for (size_t part = 1; part < 40; part++)
		assert_int_equal(piv_secure(&r, &plain, part), SJ_SW_OK);
}

static void a_long_command_and_a_long_response(void **state)
{
	struct bench *b = *state;
	uint8_t data[600];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu plain = { .ins = 0x87, .p1 = PIV_ALG_RSA_2048, .p2 = 0x9E, .ne = 256 };
	struct piv_reader r;
	size_t at;

	piv_move(b, CARD_CONTACT);
	piv_administer(b);
	assert_int_equal(bench_do(b, "0047009E05AC0380010700"), SJ_SW_OK);
	piv_move(b, CARD_CONTACTLESS);
	at = sj_tlv_open(&w);
	sj_tlv_put(&w, 0x82, sj_span(NULL, 0));
	sj_tlv_put_header(&w, 0x81, 256);
	sj_put_fill(&w, 0x00, 1);
	sj_put_fill(&w, 0x5A, 255);
	sj_tlv_close(&w, 0x7C, at);
	plain.data = sj_written(&w);
	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure(&r, &plain, 255), SJ_SW_OK);
	assert_int_equal(b->data.len, 4 + 4 + 256);
	assert_int_equal(piv_secure(&r, &plain, 0), SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_OK);
}

/* --- what ends a session -------------------------------------------------------------------------------- */

static void plain_commands_leave_it_running(void **state)
{
	static const char *const plain[] = { GET_DISCOVERY, SELECT_PIV, "00A4040005A000000999",
					     "00EE0000",    VERIFY_PIN, "44000000",
					     "000000" };
	struct bench *b = *state;
	struct piv_reader r;

	piv_open(&r, b, PIV_ALG_CS2);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		bench_hex(b, plain[i]);
		assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_OK);
	}
}

static void a_plain_command_has_no_part_in_it(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, VERIFY_PAIRING), SJ_SW_OK);
	assert_int_equal(piv_secure_hex(&r, "00CB3FFF055C035FC10500"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00CB3FFF055C035FC10500"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_SECURITY_STATUS);
}

static void another_application_ends_it(void **state)
{
	static const char *const others[] = { SELECT_MANAGER, "00A4000C" };
	struct bench *b = *state;
	struct piv_reader r;

	for (size_t i = 0; i < 2; i++) {
		piv_open(&r, b, PIV_ALG_CS2);
		assert_int_equal(bench_do(b, others[i]), SJ_SW_OK);
		assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_SM_NOT_SUPPORTED);
		assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
		assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_SECURITY_STATUS);
	}
}

/* Each way to go wrong: its answer in plain, and the keys are gone. */
static void assert_ended(struct bench *b, struct sj_span command, uint16_t sw)
{
	struct piv_reader r;

	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(bench_raw(b, command), sw);
	assert_int_equal(b->data.len, 0);
	assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_SECURITY_STATUS);
}

static void objects_that_are_missing_or_wrong(void **state)
{
	struct bench *b = *state;

	assert_ended(b, HEX("0CCB3FFF00"), SJ_SW_SM_MISSING);
	assert_ended(b, HEX("0CCB3FFF0397010000"), SJ_SW_SM_MISSING);
	assert_ended(b, HEX("0CCB3FFF0A8E08000000000000000000"), SJ_SW_SM_INCORRECT);
	assert_ended(b, HEX("0CCB3FFF028E0900"), SJ_SW_SM_INCORRECT);
	assert_ended(b, HEX("0DCB3FFF0A8E08000000000000000000"), SJ_SW_CHANNEL_NOT_SUPPORTED);
	assert_ended(b, HEX("0CCB3FFF0A8E08"), SJ_SW_WRONG_LENGTH); /* not an APDU */
	assert_ended(b, HEX("0C"), SJ_SW_WRONG_LENGTH);
}

static void a_message_that_is_repeated(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;
	uint8_t again[300];
	size_t n;

	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_OK);
	{ /* what went out last stands in the bench */
		struct sj_apdu apdu = {
			.ins = 0xCB, .p1 = 0x3F, .p2 = 0xFF, .ne = 256, .data = HEX("5C017E")
		};
		struct piv_reader copy = r;
		struct sj_writer w = SJ_WRITER_OF(again);

		sj_piv_sm_command_put(&w, &copy.keys, copy.counter, copy.command_chain, &apdu);
		n = w.len;
	}
	assert_int_equal(bench_raw(b, sj_span(again, n)), SJ_SW_OK);
	assert_int_equal(bench_raw(b, sj_span(again, n)), SJ_SW_SM_INCORRECT);
}

static void a_chain_of_another_header_ends_it(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(bench_hex(b, "1CCB3FFF03010203"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "1C20008003010203"), SJ_SW_LAST_OF_CHAIN_EXPECTED);
	assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_SECURITY_STATUS);
}

/* A plain command among protected parts: the chain is over, the session is not. */
static void a_plain_command_among_the_parts(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(bench_hex(b, "1CCB3FFF03010203"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, GET_DISCOVERY), SJ_SW_LAST_OF_CHAIN_EXPECTED);
	assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_OK);
}

static void a_chain_longer_than_any_command(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;
	uint8_t part[5 + 255] = { 0x1C, 0xCB, 0x3F, 0xFF, 255 };

	piv_open(&r, b, PIV_ALG_CS2);
	for (size_t sent = 255; sent <= 65535; sent += 255)
		assert_int_equal(bench_raw(b, SJ_SPAN_OF(part)), SJ_SW_OK);
	assert_int_equal(bench_raw(b, SJ_SPAN_OF(part)), SJ_SW_WRONG_LENGTH);
	assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_SECURITY_STATUS);
}

/* --- other sessions ------------------------------------------------------------------------------------------ */

/* BAC in place of it: keys of the one are nothing to the other. */
static void a_document_session_takes_over(void **state)
{
	struct bench *b = *state;
	struct piv_reader r;

	piv_open(&r, b, PIV_ALG_CS2);
	assert_int_equal(bench_hex(b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(bac_run(b, MRZ), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00CB3FFF055C035FC10500"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, VERIFY_PIN), SJ_SW_SECURITY_STATUS);
	b->secured = false;
	assert_int_equal(piv_secure_hex(&r, GET_DISCOVERY), SJ_SW_SM_INCORRECT);
}

static void on_a_private_card_it_is_not_needed_and_not_offered(void **state)
{
	struct piv_visit v;

	(void)state;
	visit_begin(&v, PACE);
	assert_int_equal(piv_authenticate(v.b, PIV_ALG_CS2, 0x04, "8200"), SJ_SW_CONDITIONS);
	assert_int_equal(visit_say(&v, VERIFY_PIN), SJ_SW_OK);
	visit_end(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_suites),
		cmocka_unit_test(a_card_without_key_04),
		AIR_CASE(the_nonce_is_the_cards_random),
		AIR_CASE(requests_that_are_malformed),
		AIR_CASE(many_messages_chain_their_macs),
		AIR_CASE(errors_of_the_command_are_inside),
		AIR_CASE(a_command_in_parts),
		AIR_CASE(a_long_command_and_a_long_response),
		AIR_CASE(plain_commands_leave_it_running),
		AIR_CASE(a_plain_command_has_no_part_in_it),
		AIR_CASE(another_application_ends_it),
		AIR_CASE(objects_that_are_missing_or_wrong),
		AIR_CASE(a_message_that_is_repeated),
		AIR_CASE(a_chain_of_another_header_ends_it),
		AIR_CASE(a_plain_command_among_the_parts),
		AIR_CASE(a_chain_longer_than_any_command),
		AIR_CASE(a_document_session_takes_over),
		cmocka_unit_test(on_a_private_card_it_is_not_needed_and_not_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
