/* The gate applet's STATES.md: every state by every command, and the host's part. */
#include "applets/gate/gate.h"
#include "applets/gate/state.h"
#include "host/card_internal.h"
#include "tests/card/gate_rig.h"

static const uint8_t ticket_a[SJ_GATE_TICKET] = { 1, 2, 3 };

/* What can be sent. */
enum input {
	IN_SELECT,
	IN_SELECT_TICKET,
	IN_SELECT_NO_FCI,
	IN_2, /* 80 and 82, right for method 3 */
	IN_2_PSK, /* 82 alone, right for method 4 */
	IN_4, /* right if the state is TOLD */
	IN_OBJECT, /* right if the state is OPEN */
	IN_ERROR,
	IN_NOTHING, /* 7C {} */
	IN_OTHER_CHANNEL,
	INPUTS,
};

enum outcome { FCI_DH, FCI_PSK, DONE, MESSAGE_3, OBJECT, REFUSED, NO_SESSION };

/* STATES.md: what each gets, and the next state. */
static const struct cell {
	enum outcome outcome;
	enum gate_state next;
} cells[GATE_STATES][INPUTS] = {
#define SELECTS \
	[IN_SELECT] = { FCI_DH, GATE_OFFERED }, \
	[IN_SELECT_TICKET] = { FCI_PSK, GATE_OFFERED_TICKET }, \
	[IN_SELECT_NO_FCI] = { DONE, GATE_IDLE }
#define NO \
	{ \
		REFUSED, GATE_IDLE \
	}
#define END \
	{ \
		DONE, GATE_IDLE \
	}
#define NONE \
	{ \
		NO_SESSION, GATE_IDLE \
	}
	[GATE_IDLE] = { SELECTS, [IN_2] = NONE, [IN_2_PSK] = NONE, [IN_4] = NONE,
			[IN_OBJECT] = NONE, [IN_ERROR] = NONE, [IN_NOTHING] = NONE,
			[IN_OTHER_CHANNEL] = NONE },
	[GATE_OFFERED] = { SELECTS, [IN_2] = { MESSAGE_3, GATE_TOLD }, [IN_2_PSK] = NO, [IN_4] = NO,
			   [IN_OBJECT] = NO, [IN_ERROR] = END, [IN_NOTHING] = NO,
			   [IN_OTHER_CHANNEL] = { NO_SESSION, GATE_OFFERED } },
	[GATE_OFFERED_TICKET] = { SELECTS, [IN_2] = NO, [IN_2_PSK] = { MESSAGE_3, GATE_TOLD },
				  [IN_4] = NO, [IN_OBJECT] = NO, [IN_ERROR] = END,
				  [IN_NOTHING] = NO,
				  [IN_OTHER_CHANNEL] = { NO_SESSION, GATE_OFFERED_TICKET } },
	[GATE_TOLD] = { SELECTS, [IN_2] = NO, [IN_2_PSK] = NO, [IN_4] = { DONE, GATE_OPEN },
			[IN_OBJECT] = NO, [IN_ERROR] = END, [IN_NOTHING] = NO,
			[IN_OTHER_CHANNEL] = { NO_SESSION, GATE_TOLD } },
	[GATE_OPEN] = { SELECTS, [IN_2] = NO, [IN_2_PSK] = NO, [IN_4] = NO,
			[IN_OBJECT] = { OBJECT, GATE_OPEN }, [IN_ERROR] = END, [IN_NOTHING] = NO,
			[IN_OTHER_CHANNEL] = { NO_SESSION, GATE_OPEN } },
};

static enum gate_state state_of(const struct gate_room *r)
{
	const struct gate *g = card_state_of(r->tap->b->card, &card_applet_gate);

	return g->session.state;
}

/* --- getting into a state --------------------------------------------------------------- */

/* Up to OPEN, by method 3; the card has a ticket of RIG_OPERATOR. */
static void enter(struct gate_room *r, enum gate_state state)
{
	struct tap *t = r->tap;
	bool psk = state == GATE_OFFERED_TICKET;

	tap_first(t, &r->reader, &r->ca, ticket_a);
	bench_power(t->b);
	assert_int_equal(bench_hex(t->b, "0070000100"), SJ_SW_OK);
	assert_int_equal(bench_hex(t->b, "01A4040C09F0534F4A4F55524E01"), SJ_SW_OK);
	assert_int_equal(bench_hex(t->b, "00A4040C09F0534F4A4F55524E01"), SJ_SW_OK);
	if (state != GATE_IDLE) {
		tap_select(t, psk, RIG_OPERATOR);
		tap_make_2(t, psk ? NULL : &r->reader);
	}
	if (state == GATE_TOLD || state == GATE_OPEN) {
		assert_true(tap_send_2(t, &r->reader));
		tap_check_3(t, &r->ca);
	}
	if (state == GATE_OPEN)
		assert_true(tap_finish(t, NULL));
	assert_int_equal(state_of(r), state);
}

/* --- sending -------------------------------------------------------------------------------- */

static void put_message_4(struct tap *t, struct sj_writer *w)
{
	uint8_t ead[160], message[256];
	struct sj_writer e = SJ_WRITER_OF(ead), m = SJ_WRITER_OF(message);

	sj_gate_ead_4_put(&e, sj_span(NULL, 0));
	responder_put_4(&t->r, sj_written(&e), &m);
	sj_tlv_put(w, SJ_GATE_TAG_MESSAGE_4, sj_written(&m));
}

static void put_object(struct tap *t, struct sj_writer *w)
{
	uint8_t sealed[32];
	struct sj_writer s = SJ_WRITER_OF(sealed);

	assert_true(sj_gate_object_seal(t->keys.to_card, t->keys.sent, SJ_OBJECT_WANT_HEAD,
					sj_span(NULL, 0), &s));
	sj_tlv_put(w, SJ_GATE_TAG_OBJECT, sj_written(&s));
}

/* What goes into 7C, right for the state that it belongs to. */
static void put_parts(struct gate_room *r, enum input input, enum gate_state state,
		      struct sj_writer *w)
{
	struct tap *t = r->tap;

	if (input == IN_2)
		sj_tlv_put(w, SJ_GATE_TAG_CREDENTIAL, token_span(&r->reader.token));
	if (input == IN_2 || input == IN_2_PSK)
		sj_tlv_put(w, SJ_GATE_TAG_MESSAGE_2, sj_span(t->message_2, t->message_2_len));
	else if (input == IN_4 && state == GATE_TOLD)
		put_message_4(t, w);
	else if (input == IN_4)
		sj_tlv_put(w, SJ_GATE_TAG_MESSAGE_4, SJ_SPAN_STR("\x40"));
	else if (input == IN_OBJECT)
		put_object(t, w);
	else if (input == IN_ERROR)
		sj_tlv_put(w, SJ_GATE_TAG_ERROR, SJ_SPAN_STR("\x02\x03"));
}

static void send(struct gate_room *r, enum input input, enum gate_state state)
{
	struct bench *b = r->tap->b;
	uint8_t parts[512];
	struct sj_writer w = SJ_WRITER_OF(parts);

	switch ((int)input) {
	case IN_SELECT:
		bench_hex(b, GATE_SELECT);
		break;
	case IN_SELECT_TICKET:
		bench_hex(b, "00A404000DF0534F4A4F55524E010A0B0C0D00");
		break;
	case IN_SELECT_NO_FCI:
		bench_hex(b, "00A4040C09F0534F4A4F55524E01");
		break;
	case IN_OTHER_CHANNEL:
		bench_hex(b, "01870000027C0000");
		break;
	default:
		put_parts(r, input, state, &w);
		gate_send(b, sj_written(&w));
	}
}

/* --- the table -------------------------------------------------------------------------------- */

/* The first bytes of what comes with an outcome; message_1 begins with its method. */
static void check(const struct bench *b, enum outcome outcome)
{
	static const struct {
		const char *begins;
		size_t len; /* 0: any */
		uint16_t sw;
	} answers[] = {
		[FCI_DH] = { "6F378409F0534F4A4F55524E01A52A8001018125030358", 0, SJ_SW_OK },
		[FCI_PSK] = { "6F378409F0534F4A4F55524E01A52A8001018125040358", 0, SJ_SW_OK },
		[DONE] = { "", 0, SJ_SW_OK },
		[MESSAGE_3] = { "7C81", 0, SJ_SW_OK },
		[OBJECT] = { "7C138511", 21, SJ_SW_OK },
		[REFUSED] = { GATE_REFUSED, 6, SJ_SW_OK },
		[NO_SESSION] = { "", 0, SJ_SW_CONDITIONS },
	};
	struct sj_span begins = HEX(answers[outcome].begins);

	assert_int_equal(b->sw, answers[outcome].sw);
	assert_true(b->data.len >= begins.len);
	assert_memory_equal(b->data.ptr, begins.ptr, begins.len);
	if (begins.len == 0)
		assert_int_equal(b->data.len, 0);
	if (answers[outcome].len != 0)
		assert_int_equal(b->data.len, answers[outcome].len);
}

static void every_cell(void **state)
{
	struct gate_room *r = *state;

	for (unsigned from = 0; from < GATE_STATES; from++)
		for (unsigned input = 0; input < INPUTS; input++) {
			const struct cell *cell = &cells[from][input];
			/* Its ticket was offered already: there is no second one. */
			bool spent = from == GATE_OFFERED_TICKET && input == IN_SELECT_TICKET;

			enter(r, (enum gate_state)from);
			send(r, (enum input)input, (enum gate_state)from);
			check(r->tap->b, spent ? FCI_DH : cell->outcome);
			assert_int_equal(state_of(r), spent ? GATE_OFFERED : cell->next);
		}
}

/* Deselection, reset, power: IDLE, and nothing of the exchange in memory. */
static void every_way_out(void **state)
{
	static const char *const ways[] = { SELECT_LDS, "00A4000C023F00", "00A4000C", NULL };
	struct gate_room *r = *state;
	struct bench *b = r->tap->b;
	const struct gate *g = card_state_of(b->card, &card_applet_gate);
	static const struct gate_session zeros;

	for (unsigned from = 0; from < GATE_STATES; from++)
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			uint8_t atr[CARD_ATR_MAX];

			enter(r, (enum gate_state)from);
			if (ways[i] == NULL)
				assert_true(card_reset(b->card, atr) > 0);
			else
				bench_hex(b, ways[i]);
			assert_memory_equal(&g->session, &zeros, sizeof(zeros));
		}
}

/* Another application on another channel disturbs no exchange; its own SELECT there ends it. */
static void channels(void **state)
{
	struct gate_room *r = *state;
	struct bench *b = r->tap->b;

	enter(r, GATE_OFFERED);
	assert_int_equal(bench_hex(b, "0070000200"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "02A4040C07A0000002471001"), SJ_SW_OK);
	assert_int_equal(bench_hex(b, "01A4040C07A0000002471001"), SJ_SW_OK);
	assert_int_equal(state_of(r), GATE_OFFERED);
	assert_int_equal(bench_hex(b, "02A4040C09F0534F4A4F55524E01"), SJ_SW_OK);
	assert_int_equal(state_of(r), GATE_IDLE);
}

/* MANAGE CHANNEL from a channel with the gate selects it there: no key is spent on nobody. */
static void a_channel_opened_from_the_gate(void **state)
{
	struct gate_room *r = *state;
	struct bench *b = r->tap->b;
	struct sj_span waiting;

	enter(r, GATE_IDLE);
	assert_true(card_store_get(b->store, GATE_OBJECT_EPHEMERAL, &waiting));
	assert_int_equal(bench_hex(b, "0170000001"), SJ_SW_OK);
	assert_true(card_store_get(b->store, GATE_OBJECT_EPHEMERAL, &waiting));
	assert_int_equal(bench_hex(b, "02870000027C0000"), SJ_SW_CONDITIONS);
}

static void the_host_refuses_by_itself(void **state)
{
	static const struct {
		const char *command;
		uint16_t sw;
	} wrong[] = {
		{ "10870000027C0000", SJ_SW_CHAINING_NOT_SUPPORTED },
		{ "00870001027C0000", SJ_SW_WRONG_P1P2 },
		{ "00860000027C0000", SJ_SW_WRONG_INS },
		{ "80870000027C0000", SJ_SW_WRONG_CLA },
		{ "00B0000000", SJ_SW_WRONG_INS },
		{ "00CA9F7F00", SJ_SW_WRONG_INS },
	};
	struct gate_room *r = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		enter(r, GATE_OFFERED);
		assert_int_equal(bench_hex(r->tap->b, wrong[i].command), wrong[i].sw);
		assert_int_equal(state_of(r), GATE_OFFERED);
	}
}

/* --- SELECT ------------------------------------------------------------------------------------- */

static void names_that_are_not_it(void **state)
{
	static const char *const names[] = {
		"00A4040008F0534F4A4F55524E00",
		"00A4040005F0534F4A4F00",
		"00A404000AF0534F4A4F55524E010000",
		"00A404000CF0534F4A4F55524E0100000000",
		"00A404000EF0534F4A4F55524E01000000000000",
		"00A404000DF0534F4A4F55524E020A0B0C0D00",
		"00A4040000",
	};
	struct gate_room *r = *state;
	struct bench *b = r->tap->b;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(bench_hex(b, names[i]), SJ_SW_NOT_FOUND);
}

static void a_card_without_gate_or_not_issued_has_none(void **state)
{
	struct gate_room *r = *state;
	struct bench *plain = bench_issued(ACCESS_BAC), *blank = bench_new();

	assert_int_equal(bench_hex(plain, GATE_SELECT), SJ_SW_NOT_FOUND);
	gate_personalise_all(blank, &r->ca);
	assert_int_equal(bench_hex(blank, GATE_SELECT), SJ_SW_NOT_FOUND);
	bench_free(plain);
	bench_free(blank);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_CASE(every_cell),
		GATE_CASE(every_way_out),
		GATE_CASE(channels),
		GATE_CASE(a_channel_opened_from_the_gate),
		GATE_CASE(the_host_refuses_by_itself),
		GATE_CASE(names_that_are_not_it),
		GATE_CASE(a_card_without_gate_or_not_issued_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
