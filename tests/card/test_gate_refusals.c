/*
 * The gate applet against readers that lie: each gets the same bytes, and the
 * session is gone (tap_send_2() and assert_refused() look at both).
 */
#include "applets/gate/state.h"
#include "tests/card/gate_rig.h"

static const uint8_t ticket_a[SJ_GATE_TICKET] = { 1, 2, 3 };

/* --- who asks ------------------------------------------------------------------------ */

/* A credential by `by`, changed by the case before; false: refused. */
static bool ask_as(struct gate_room *r, const struct signer *by)
{
	reader_sign(&r->reader, by);
	return tap_ask(r->tap, &r->reader);
}

static void without_the_private_key(void **state)
{
	struct gate_room *r = *state;

	r->reader.key[31] ^= 1;
	assert_false(tap_ask(r->tap, &r->reader));
}

static void altered_credential(void **state)
{
	struct gate_room *r = *state;

	for (size_t i = 0; i < r->reader.token.len; i++) {
		r->reader.token.bytes[i] ^= 0x01;
		assert_false(tap_ask(r->tap, &r->reader));
		r->reader.token.bytes[i] ^= 0x01;
	}
	assert_true(tap_ask(r->tap, &r->reader));
}

/* Also when the true one is remembered: its hash is over the whole of it. */
static void altered_credential_of_a_known_reader(void **state)
{
	struct gate_room *r = *state;

	tap_first(r->tap, &r->reader, &r->ca, NULL);
	r->reader.token.bytes[r->reader.token.len - 1] ^= 0x01;
	assert_false(tap_ask(r->tap, &r->reader));
}

static void unknown_signer(void **state)
{
	struct gate_room *r = *state;
	struct signer other;

	signer_make(&other);
	assert_false(ask_as(r, &other));
}

static void a_status_signer_signs_no_readers(void **state)
{
	struct gate_room *r = *state;

	assert_false(ask_as(r, &r->ca.status));
}

static void another_issuer(void **state)
{
	struct gate_room *r = *state;

	r->reader.claims.issuer = SJ_SPAN_STR("XTB");
	assert_false(ask_as(r, &r->ca.ca));
}

/* The card's credential, or a signer's token, is not one of a reader. */
static void tokens_of_another_kind(void **state)
{
	struct gate_room *r = *state;
	const struct sj_cwt_reader was = r->reader.claims.reader;

	r->reader.claims.kind = SJ_CWT_CARD;
	r->reader.claims.status = (struct sj_status_ref){ 96, 1 };
	assert_false(ask_as(r, &r->ca.ca));
	r->reader.claims.kind = SJ_CWT_READER;
	r->reader.claims.reader = was;
	r->reader.token = r->ca.ca_token;
	memcpy(r->reader.key, r->ca.ca.key.bytes, SJ_EDHOC_KEY);
	assert_false(tap_ask(r->tap, &r->reader));
}

/* The card's date is RIG_NOW - 1 day: that second it still lives. */
static void expired_by_the_cards_date(void **state)
{
	struct gate_room *r = *state;

	r->reader.claims.not_before = RIG_NOW - 7 * RIG_DAY;
	r->reader.claims.expires = RIG_NOW - RIG_DAY - 1;
	assert_false(ask_as(r, &r->ca.ca));
	r->reader.claims.expires = RIG_NOW - RIG_DAY;
	assert_true(ask_as(r, &r->ca.ca));
}

static void a_remembered_reader_expires_too(void **state)
{
	struct gate_room *r = *state;
	struct rig_reader later;

	tap_first(r->tap, &r->reader, &r->ca, NULL);
	reader_make(&later, &r->ca);
	later.claims.not_before = r->reader.claims.expires + 1;
	later.claims.expires = later.claims.not_before + RIG_DAY;
	reader_sign(&later, &r->ca.ca);
	tap_first(r->tap, &later, &r->ca, NULL);
	assert_false(tap_ask(r->tap, &r->reader));
}

static void longer_than_seven_days(void **state)
{
	struct gate_room *r = *state;

	r->reader.claims.expires = r->reader.claims.not_before + SJ_GATE_READER_LIFE + 1;
	assert_false(ask_as(r, &r->ca.ca));
	r->reader.claims.expires--;
	assert_true(ask_as(r, &r->ca.ca));
}

static void another_operator_than_select_named(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	for (unsigned i = 0; i < 2; i++) {
		bench_power(t->b);
		assert_int_equal(tap_select(t, true, RIG_OPERATOR + i), SJ_EDHOC_DH_DH);
		tap_make_2(t, &r->reader);
		assert_int_equal(tap_send_2(t, &r->reader), i == 0);
	}
}

static void sectors_that_there_are_not(void **state)
{
	static const uint8_t sectors[] = { 0, SJ_GATE_SECTORS + 1, 0x80, 0xFF };
	struct gate_room *r = *state;

	for (size_t i = 0; i < sizeof(sectors); i++) {
		r->reader.claims.reader.sector = sectors[i];
		assert_false(ask_as(r, &r->ca.ca));
	}
}

/* Nothing of a refused reader is stored, whatever it was refused for. */
static void refused_readers_leave_nothing(void **state)
{
	struct gate_room *r = *state;
	struct sj_span rows;
	uint32_t date = gate_date(r->tap->b->store);

	r->reader.claims.not_before = RIG_NOW + 100 * RIG_DAY;
	r->reader.claims.expires = r->reader.claims.not_before + SJ_GATE_READER_LIFE + 1;
	assert_false(ask_as(r, &r->ca.ca));
	card_settle(r->tap->b->card);
	assert_false(card_store_get(r->tap->b->store, GATE_OBJECT_READERS, &rows));
	assert_int_equal(gate_date(r->tap->b->store), date);
}

/* --- message_2 ------------------------------------------------------------------------ */

static void identifiers_of_another_profile(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	t->c_r = SJ_SPAN_STR("\x02");
	assert_false(tap_ask(t, &r->reader));
	t->c_r = sj_gate_c_r();
	t->id_cred = SJ_SPAN_STR("\xA1\x04\x41\x03");
	assert_false(tap_ask(t, &r->reader));
	t->id_cred = SJ_SPAN_STR("\xA1\x0D\x80");
	assert_false(tap_ask(t, &r->reader));
	t->id_cred = SJ_SPAN_STR("\xA1\x04\x41\x02");
	t->ead_2 = SJ_SPAN_STR("\x01\x41\xFF");
	assert_false(tap_ask(t, &r->reader));
	t->ead_2 = sj_span(NULL, 0);
	assert_true(tap_ask(t, &r->reader));
}

static void message_2_of_another_tap(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	assert_true(tap_ask(t, &r->reader));
	bench_power(t->b);
	tap_select(t, false, 0);
	assert_false(tap_send_2(t, &r->reader));
}

static void message_2_twice(void **state)
{
	struct gate_room *r = *state;

	assert_true(tap_ask(r->tap, &r->reader));
	assert_false(tap_send_2(r->tap, &r->reader));
}

static void every_bit_of_message_2(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	assert_true(tap_ask(t, &r->reader));
	for (size_t i = 0; i < t->message_2_len; i++) {
		bench_power(t->b);
		tap_select(t, false, 0);
		tap_make_2(t, &r->reader);
		t->message_2[i] ^= 0x04;
		assert_false(tap_send_2(t, &r->reader));
	}
}

/* The whole command, cut at every byte of its template's content. */
static void every_truncated_template(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	uint8_t objects[512];
	struct sj_writer w = SJ_WRITER_OF(objects);

	sj_tlv_put(&w, SJ_GATE_TAG_CREDENTIAL, token_span(&r->reader.token));
	tap_select(t, false, 0);
	tap_make_2(t, &r->reader);
	sj_tlv_put(&w, SJ_GATE_TAG_MESSAGE_2, sj_span(t->message_2, t->message_2_len));
	for (size_t n = 0; n < w.len; n++) {
		bench_power(t->b);
		tap_select(t, false, 0);
		gate_send(t->b, sj_span(objects, n));
		assert_refused(t->b);
	}
}

static void malformed_templates(void **state)
{
	static const char *const commands[] = {
		"0087000000",
		"00870000017C00",
		"00870000027D0000",
		"00870000037C010000",
		"00870000047C00000000",
		"00870000047C02800000",
		"00870000067C048000800000",
		"00870000067C048200860000",
		"00870000047C02830000",
		"00870000067C048F0080000000",
	};
	struct gate_room *r = *state;
	struct bench *b = r->tap->b;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		assert_int_equal(bench_hex(b, GATE_SELECT), SJ_SW_OK);
		if (bench_hex(b, commands[i]) == SJ_SW_WRONG_LENGTH)
			continue; /* no command at all */
		assert_refused(b);
	}
}

/* --- method 4 ------------------------------------------------------------------------------ */

static void message_4_under_another_psk(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	tap_first(t, &r->reader, &r->ca, ticket_a);
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
	tap_make_2(t, NULL);
	assert_true(tap_send_2(t, NULL));
	assert_true(responder_take_3(&t->r, sj_span(t->message_3, t->message_3_len)));
	t->psk[0] ^= 1; /* somebody who has the ticket and not its PSK */
	assert_false(responder_check_psk(&t->r, SJ_SPAN_OF(t->psk), sj_span(t->psk, 20),
					 sj_span(t->psk, 20)));
	assert_false(tap_finish(t, ticket_a));
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_DH_DH);
}

static void a_credential_in_method_4(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	tap_first(t, &r->reader, &r->ca, ticket_a);
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
	tap_make_2(t, NULL);
	assert_false(tap_send_2(t, &r->reader));
}

static void method_4_identifiers(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	for (unsigned i = 0; i < 2; i++) {
		tap_first(t, &r->reader, &r->ca, ticket_a);
		bench_power(t->b);
		assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
		t->c_r = i == 0 ? SJ_SPAN_STR("\x03") : sj_gate_c_r();
		t->ead_2 = i == 1 ? SJ_SPAN_STR("\x01\x41\xFF") : sj_span(NULL, 0);
		tap_make_2(t, NULL);
		t->c_r = t->ead_2 = sj_span(NULL, 0);
		assert_false(tap_send_2(t, NULL));
	}
}

/* A ticket under an EDHOC-PSK exchange that another card ran: that card has no such PSK. */
static void a_ticket_copied_to_another_card(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap, *u = calloc(1, sizeof(*u));

	assert_non_null(u);
	u->b = gate_card(&r->ca);
	tap_first(t, &r->reader, &r->ca, ticket_a);
	tap_first(u, &r->reader, &r->ca, ticket_a);
	memcpy(u->psk, t->psk, sizeof(u->psk)); /* what the ticket holds */
	bench_power(u->b);
	assert_int_equal(tap_select(u, true, RIG_OPERATOR), SJ_EDHOC_PSK);
	tap_make_2(u, NULL);
	assert_true(tap_send_2(u, NULL));
	assert_true(responder_take_3(&u->r, sj_span(u->message_3, u->message_3_len)));
	assert_false(responder_check_psk(&u->r, SJ_SPAN_OF(u->psk), sj_span(u->psk, 20),
					 sj_span(u->psk, 20)));
	tap_end(u);
	bench_free(u->b);
	free(u);
}

/* --- message_4 ------------------------------------------------------------------------------- */

static void wrong_ead_4(void **state)
{
	static const char *const eads[] = { "", "0140", "19534A40", "39534A40", "19534A4100" };
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	struct sj_span rows;

	for (size_t i = 0; i < sizeof(eads) / sizeof(eads[0]); i++) {
		uint8_t message[64], objects[80];
		struct sj_writer m = SJ_WRITER_OF(message), w = SJ_WRITER_OF(objects);

		assert_true(tap_ask(t, &r->reader));
		tap_check_3(t, &r->ca);
		responder_put_4(&t->r, HEX(eads[i]), &m);
		sj_tlv_put(&w, SJ_GATE_TAG_MESSAGE_4, sj_written(&m));
		gate_send(t->b, sj_written(&w));
		assert_refused(t->b);
	}
	assert_false(card_store_get(t->b->store, GATE_OBJECT_TICKETS, &rows));
}

static void every_changed_or_cut_message_4(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	size_t n = 1;

	for (size_t i = 0; i < 2 * n; i++) {
		uint8_t ead[160], message[256], objects[300];
		struct sj_writer e = SJ_WRITER_OF(ead), m = SJ_WRITER_OF(message),
				 w = SJ_WRITER_OF(objects);

		assert_true(tap_ask(t, &r->reader));
		tap_check_3(t, &r->ca);
		sj_gate_ead_4_put(&e, SJ_SPAN_OF(ticket_a));
		responder_put_4(&t->r, sj_written(&e), &m);
		n = m.len;
		if (i < n)
			message[i] ^= 0x20;
		sj_tlv_put(&w, SJ_GATE_TAG_MESSAGE_4, sj_span(message, i < n ? n : i - n));
		gate_send(t->b, sj_written(&w));
		assert_refused(t->b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_CASE(without_the_private_key),
		GATE_CASE(altered_credential),
		GATE_CASE(altered_credential_of_a_known_reader),
		GATE_CASE(unknown_signer),
		GATE_CASE(a_status_signer_signs_no_readers),
		GATE_CASE(another_issuer),
		GATE_CASE(tokens_of_another_kind),
		GATE_CASE(expired_by_the_cards_date),
		GATE_CASE(a_remembered_reader_expires_too),
		GATE_CASE(longer_than_seven_days),
		GATE_CASE(another_operator_than_select_named),
		GATE_CASE(sectors_that_there_are_not),
		GATE_CASE(refused_readers_leave_nothing),
		GATE_CASE(identifiers_of_another_profile),
		GATE_CASE(message_2_of_another_tap),
		GATE_CASE(message_2_twice),
		GATE_CASE(every_bit_of_message_2),
		GATE_CASE(every_truncated_template),
		GATE_CASE(malformed_templates),
		GATE_CASE(message_4_under_another_psk),
		GATE_CASE(a_credential_in_method_4),
		GATE_CASE(method_4_identifiers),
		GATE_CASE(a_ticket_copied_to_another_card),
		GATE_CASE(wrong_ead_4),
		GATE_CASE(every_changed_or_cut_message_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
