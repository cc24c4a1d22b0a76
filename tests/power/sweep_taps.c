#include "tests/power/sweep_taps.h"

#include "applets/gate/state.h"
#include "secure/gate.h"

#define ROW (SJ_GATE_OPERATOR + SJ_GATE_TICKET + SJ_PRK_SIZE + 2u * SJ_GATE_PSK_CRED)
#define PLACE_OF_X SJ_EDHOC_KEY /* in the object: key, x, ... */
#define RIG_OPERATOR 0x0A0B0C0Du

/* message_1 in an FCI: method, suite, bstr of G_X, C_I. */
static bool message_1(struct sj_span fci, uint8_t *method, struct sj_span *x)
{
	struct sj_span inner, proprietary, message, head;

	return sj_tlv_find(fci, 0x6F, &inner) == SJ_TLV_FOUND &&
	       sj_tlv_find(inner, 0xA5, &proprietary) == SJ_TLV_FOUND &&
	       sj_tlv_find(proprietary, 0x81, &message) == SJ_TLV_FOUND &&
	       sj_take_u8(&message, method) && sj_take(&message, 3, &head) &&
	       sj_take(&message, SJ_EDHOC_KEY, x);
}

/* The ticket of this operator in a picture. */
static bool find_ticket(const struct picture *p, uint32_t operator_id, struct sj_span *ticket)
{
	struct sj_span rows, row;
	uint32_t owner;

	(void)picture_find(p, GATE_OBJECT_TICKETS, &rows);
	while (sj_take(&rows, ROW, &row))
		if (sj_take_be(&row, SJ_GATE_OPERATOR, &owner) && owner == operator_id)
			return sj_take(&row, SJ_GATE_TICKET, ticket);
	return false;
}

void taps_select(struct sweep *s, struct sj_span command)
{
	struct sj_span data, name;
	struct sj_apdu apdu;

	s->asked = 0;
	if (!s->is_select || !sj_apdu_parse(command, &apdu))
		return;
	data = apdu.data;
	if (!sj_take(&data, sj_gate_aid().len, &name) || !sj_span_eq(name, sj_gate_aid()) ||
	    !sj_take_be(&data, SJ_GATE_OPERATOR, &s->asked))
		s->asked = 0;
}

void taps_note(struct sweep *s, struct sj_span answer)
{
	struct sj_span x, ticket;
	uint8_t method;

	if (!s->is_select || !message_1(answer, &method, &x))
		return;
	assert_true(s->shown_count < SWEEP_SHOWN && s->burnt_count < SWEEP_SHOWN);
	memcpy(s->shown[s->shown_count++], x.ptr, SJ_EDHOC_KEY);
	if (method != SJ_EDHOC_PSK)
		return;
	assert_true(find_ticket(&s->states[0], s->asked, &ticket));
	memcpy(s->burnt[s->burnt_count++], ticket.ptr, SJ_GATE_TICKET);
}

static bool was_shown(const struct sweep *s, struct sj_span x)
{
	for (size_t i = 0; i < s->shown_count; i++)
		if (sj_span_eq(x, sj_span(s->shown[i], SJ_EDHOC_KEY)))
			return true;
	return false;
}

bool taps_hold(const struct sweep *s, const struct picture *p)
{
	struct sj_span object, row, ticket, unused;

	if (picture_find(p, GATE_OBJECT_EPHEMERAL, &object) &&
	    sj_take(&object, PLACE_OF_X, &unused) &&
	    was_shown(s, sj_span(object.ptr, SJ_EDHOC_KEY)))
		return false;
	(void)picture_find(p, GATE_OBJECT_TICKETS, &object);
	while (sj_take(&object, ROW, &row)) {
		ticket = sj_span(row.ptr + SJ_GATE_OPERATOR, SJ_GATE_TICKET);
		for (size_t i = 0; i < s->burnt_count; i++)
			if (sj_span_eq(ticket, sj_span(s->burnt[i], SJ_GATE_TICKET)))
				return false;
	}
	return true;
}

bool taps_probe(const struct sweep *s, struct card *card)
{
	static uint8_t response[SJ_APDU_RESPONSE_MAX];
	uint8_t bytes[32], method;
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_response r;
	struct sj_span x;
	size_t n;

	sj_put(&w, SJ_SPAN_STR("\x00\xA4\x04\x00\x0D"));
	sj_put(&w, sj_gate_aid());
	sj_put_be(&w, SJ_GATE_OPERATOR, RIG_OPERATOR);
	sj_put_u8(&w, 0);
	n = card_transmit(card, sj_written(&w), response);
	if (n < 2 || !sj_response_parse(sj_span(response, n), &r))
		return false;
	return !message_1(r.data, &method, &x) || !was_shown(s, x);
}
