/*
 * gate.c -- the gate applet's table: SELECT, which offers message_1, and
 * GENERAL AUTHENTICATE. STATES.md is the page to the steps below.
 */
#include "gate.h"

#include "crypt/wipe.h"
#include "state.h"
#include "wire/tlv.h"

#define P2_NO_FCI 0x0Cu /* P2 of SELECT: FCP, FMD, or nothing is wanted */

void gate_drop(struct gate *g)
{
	initiator_end(&g->session.initiator);
	sj_wipe(&g->session, sizeof(g->session));
}

/* --- SELECT ------------------------------------------------------------------------ */

static void put_fci(struct sj_writer *w, uint8_t method, const uint8_t x[static SJ_EDHOC_KEY])
{
	size_t outer = sj_tlv_open(w), inner, message;

	sj_tlv_put(w, 0x84, sj_gate_aid());
	inner = sj_tlv_open(w);
	sj_tlv_put(w, 0x80, SJ_SPAN_STR("\x01"));
	message = sj_tlv_open(w);
	gate_message_1_put(w, method, x);
	sj_tlv_close(w, 0x81, message);
	sj_tlv_close(w, 0xA5, inner);
	sj_tlv_close(w, 0x6F, outer);
}

/* The operator that SELECT names behind the AID; its ticket, if it is the one to have it. */
static enum gate_state choose_method(struct card_call *call, struct gate_session *s)
{
	struct gate *g = call->state;
	struct sj_span name = call->apdu->data, aid;

	if (!sj_take(&name, sj_gate_aid().len, &aid) ||
	    !sj_take_be(&name, SJ_GATE_OPERATOR, &s->operator_id))
		return GATE_OFFERED;
	s->named = true;
	if (!g->asked) {
		g->asked = true;
		g->asked_for = s->operator_id;
	}
	if (g->asked_for != s->operator_id ||
	    !gate_ticket_take(card_store_of(call->card), s->operator_id, &s->ticket))
		return GATE_OFFERED;
	return GATE_OFFERED_TICKET;
}

/*
 * Key and ticket are forgotten by the store before message_1 leaves: whatever
 * happens then, no other tap has them.
 */
static uint16_t offer(struct card_call *call)
{
	struct gate *g = call->state;
	struct gate_ephemeral e = { .key = { 0 } };
	struct gate_session *s = &g->session;
	enum gate_state state = choose_method(call, s);
	bool psk = state == GATE_OFFERED_TICKET;
	uint8_t method = psk ? SJ_EDHOC_PSK : SJ_EDHOC_DH_DH;
	uint16_t sw = SJ_SW_MEMORY_FAILURE;

	if (!gate_ephemeral_take(call->card, &e) || !card_commit(call->card))
		goto out;
	initiator_begin(&s->initiator, method, sj_edhoc_suite(SJ_GATE_SUITE), e.key,
			psk ? e.hash_psk : e.hash_dh);
	s->channel = card_channel(call->card);
	s->state = state;
	put_fci(call->out, method, e.x);
	sw = SJ_SW_OK;
out:
	sj_wipe(&e, sizeof(e));
	if (sw != SJ_SW_OK)
		gate_drop(g);
	return sw;
}

/* Without a name (MANAGE CHANNEL) or an FCI in the answer nobody would see message_1. */
static uint16_t gate_select(struct card_call *call)
{
	gate_drop(call->state);
	if (call->apdu->data.len == 0 || (call->apdu->p2 & P2_NO_FCI) != 0)
		return SJ_SW_OK;
	return offer(call);
}

static void gate_deselect(struct card *card, void *state)
{
	struct gate *g = state;

	if (g->session.channel == card_channel(card))
		gate_drop(g);
}

/* --- GENERAL AUTHENTICATE ------------------------------------------------------------ */

#define HAS(part) (1u << (part))

static const struct gate_step {
	enum gate_state from;
	unsigned has; /* exactly these parts */
	bool (*run)(struct card_call *call, const struct gate_parts *in);
	enum gate_state to;
} steps[] = {
	{ GATE_OFFERED, HAS(GATE_CREDENTIAL) | HAS(GATE_MESSAGE_2), gate_message_2, GATE_TOLD },
	{ GATE_OFFERED_TICKET, HAS(GATE_MESSAGE_2), gate_message_2_psk, GATE_TOLD },
	{ GATE_TOLD, HAS(GATE_MESSAGE_4), gate_message_4, GATE_OPEN },
	{ GATE_OPEN, HAS(GATE_OBJECT), gate_object, GATE_OPEN },
};

bool gate_parts_parse(struct sj_span in, struct gate_parts *out)
{
	static const uint8_t tags[GATE_PARTS] = { SJ_GATE_TAG_CREDENTIAL, SJ_GATE_TAG_MESSAGE_2,
						  SJ_GATE_TAG_MESSAGE_4, SJ_GATE_TAG_OBJECT,
						  SJ_GATE_TAG_ERROR };
	struct sj_span content, value;
	enum sj_tlv_rc rc;
	uint32_t tag;

	*out = (struct gate_parts){ .present = 0 };
	if (sj_tlv_take(&in, 0x7C, &content) != SJ_TLV_FOUND || in.len != 0)
		return false;
	while ((rc = sj_tlv_next(&content, &tag, &value)) == SJ_TLV_FOUND) {
		size_t i = 0;

		while (i < GATE_PARTS && tags[i] != tag)
			i++;
		if (i == GATE_PARTS || (out->present & HAS(i)) != 0)
			return false;
		out->present |= HAS(i);
		out->part[i] = value;
	}
	return rc == SJ_TLV_ABSENT;
}

/* The step of this state, if these are its parts. */
static bool run_step(struct card_call *call, const struct gate_parts *in)
{
	struct gate_session *s = &((struct gate *)call->state)->session;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].from != s->state)
			continue;
		if (steps[i].has != in->present || !steps[i].run(call, in))
			return false;
		s->state = steps[i].to;
		return true;
	}
	return false;
}

/* The same for whatever the card does not like: (1, "") (RFC 9528, 6.2). */
static void refuse(struct card_call *call)
{
	uint8_t bytes[8];
	struct sj_writer error = SJ_WRITER_OF(bytes);

	gate_drop(call->state);
	sj_wipe(call->out->ptr, call->out->len);
	*call->out = sj_writer(call->out->ptr, call->out->cap);
	sj_edhoc_error_put(&error, SJ_EDHOC_UNSPECIFIED, sj_span(NULL, 0));
	sj_tlv_put(call->out, SJ_GATE_TAG_ERROR, sj_written(&error));
}

static uint16_t gate_authenticate(struct card_call *call)
{
	struct gate *g = call->state;
	struct gate_parts in;

	if (g->session.state == GATE_IDLE || g->session.channel != call->channel)
		return SJ_SW_CONDITIONS;
	card_after(call->card);
	if (!gate_parts_parse(call->apdu->data, &in)) {
		refuse(call);
	} else if (in.present == HAS(GATE_ERROR)) { /* not answered by another (RFC 9528, 6) */
		gate_drop(g);
		return SJ_SW_OK;
	} else if (!run_step(call, &in)) {
		refuse(call);
	}
	if (call->out->len > 0)
		sj_tlv_close(call->out, 0x7C, 0);
	return SJ_SW_OK;
}

/*
 * After the response: what the decision did not need. The key for the next tap
 * waits until this one is over; it may take longer than the gate would wait.
 */
static void gate_after(struct card_call *call)
{
	struct gate *g = call->state;
	struct card_store *store = card_store_of(call->card);
	bool ok = true;

	if (g->met)
		ok = gate_reader_add(store, &g->reader);
	ok = ok && gate_date_move(store, g->met_at);
	if (ok && g->session.state != GATE_TOLD)
		ok = gate_ephemeral_prepare(call->card);
	if (!ok) /* what is missing is made up for in the next tap */
		card_store_abort(store);
	g->met = false;
	g->met_at = 0;
}

/* --- the applet ----------------------------------------------------------------------- */

/* A card without anything for gates has no such applet. */
static bool gate_selectable(struct card *card)
{
	struct sj_span holder;

	return card_is_issued(card) &&
	       card_store_get(card_store_of(card), GATE_OBJECT_HOLDER, &holder);
}

static const struct card_command gate_commands[] = {
	/* CLA   INS   P1    P2    Lc      conditions, handler */
	{ 0x00, 0xA4, 0x00, 0x0C, 0, 2, CARD_ALWAYS, card_lead_out },
	{ 0x00, 0x87, 0x00, 0x00, 0, 255, CARD_ALWAYS, gate_authenticate },
};

const struct card_applet card_applet_gate = {
	.aid = { (const uint8_t *)"\xF0SOJOURN\x01", 9 },
	.name = "gate",
	.objects = CARD_OBJECT_GATE,
	.full_name_only = true,
	.name_suffix = SJ_GATE_OPERATOR,
	.commands = gate_commands,
	.command_count = sizeof(gate_commands) / sizeof(gate_commands[0]),
	.state_size = sizeof(struct gate),
	.select = gate_select,
	.deselect = gate_deselect,
	.after = gate_after,
	.selectable = gate_selectable,
	.personalise = gate_personalise,
	.lock = gate_lock,
};
