/*
 * exchange.c -- message_2, message_3 and message_4: the card makes sure who
 * asks before it says anything. GATE.md, "What the card checks".
 */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"
#include "wire/tlv.h"

#define ID_CRED_MAX (SJ_CWT_MAX + 2u)
#define EAD_3_MAX 32u
#define EAD_4_MAX 160u

/* --- the reader ---------------------------------------------------------------------- */

/* Message_2 as this profile has it: constant identifiers, nothing beside. */
static bool fits_profile(const struct sj_edhoc_plaintext *plain, bool psk)
{
	return sj_span_eq(plain->c_r, sj_gate_c_r()) && plain->ead.len == 0 &&
	       (psk || sj_span_eq(plain->id_cred, sj_gate_kid_r()));
}

/* Check 1: whoever lacks the reader's private key goes no further, nor learns from the time. */
static bool heard_from(struct initiator *initiator, struct sj_span message_2, struct sj_span token,
		       struct sj_cwt *reader)
{
	struct sj_edhoc_plaintext plain;

	return sj_cwt_parse(token, reader) && reader->kind == SJ_CWT_READER &&
	       initiator_message_2(initiator, message_2, &plain) && fits_profile(&plain, false) &&
	       initiator_verify(initiator, token, reader->key_x);
}

static bool is_vouched_for(struct card *card, const struct sj_cwt *reader, struct gate_reader *out)
{
	return gate_believes(card_store_of(card), reader, SJ_CWT_GATE_CA) &&
	       gate_holder_know(card, reader->reader.operator_id, &out->slot, out->pseudonym);
}

/* Check 2: known, or signed by an anchor; *is_new: the latter. */
static bool is_genuine(struct card *card, struct sj_span token, const struct sj_cwt *reader,
		       struct gate_reader *out, bool *is_new)
{
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &token, 1, hash))
		return false;
	memcpy(out->hash, hash, sizeof(out->hash));
	*is_new = !gate_reader_find(card_store_of(card), out);
	return !*is_new || is_vouched_for(card, reader, out);
}

static bool fits_time_and_operator(const struct gate_session *s, const struct card_store *store,
				   const struct sj_cwt *reader)
{
	return reader->expires >= gate_date(store) &&
	       reader->expires - reader->not_before <= SJ_GATE_READER_LIFE &&
	       (!s->named || s->operator_id == reader->reader.operator_id);
}

/*
 * Checks 3 and 4. A known reader that is refused costs what a new one does: its
 * time does not tell it that the card was there before.
 */
static bool is_admitted(struct card_call *call, const struct sj_cwt *reader, bool is_new)
{
	const struct gate_session *s = &((struct gate *)call->state)->session;
	struct gate_reader again = { .slot = 0 };
	bool ok = fits_time_and_operator(s, card_store_of(call->card), reader);

	if (!ok && !is_new && is_vouched_for(call->card, reader, &again))
		sj_wipe(&again, sizeof(again));
	return ok;
}

/* --- message_3 -------------------------------------------------------------------------- */

/* With the credential of the reader's sector, and what its rights cover: check 5. */
static bool answer(struct card_call *call, const struct sj_cwt *reader,
		   const struct gate_reader *known, struct sj_writer *message_3)
{
	struct card_store *store = card_store_of(call->card);
	struct gate_session *s = &((struct gate *)call->state)->session;
	uint8_t map[ID_CRED_MAX], told[EAD_3_MAX];
	struct sj_writer id_cred = SJ_WRITER_OF(map), ead_3 = SJ_WRITER_OF(told);
	struct initiator_credential own = { .key = NULL };
	struct gate_credential c;
	bool ok = gate_credential_find(store, reader->reader.sector, known->slot, &c) &&
		  gate_holder_tell(call->card, reader->reader.rights,
				   gate_date_after(store, reader->not_before), known->pseudonym,
				   &ead_3);

	if (ok) {
		sj_put(&id_cred, SJ_SPAN_STR("\xA1\x0D")); /* { 13 : kcwt } */
		sj_put(&id_cred, c.token);
		own = (struct initiator_credential){ sj_written(&id_cred), c.token, c.key.ptr };
		s->operator_id = reader->reader.operator_id;
		s->sector = reader->reader.sector;
		s->slot = known->slot;
		s->may_resume = sj_gate_may_resume(&reader->reader);
	}
	ok = ok && !id_cred.failed &&
	     initiator_message_3(&s->initiator, &own, sj_written(&ead_3), message_3);
	sj_wipe(told, sizeof(told));
	return ok;
}

bool gate_message_2(struct card_call *call, const struct gate_parts *in)
{
	struct gate *g = call->state;
	struct sj_span token = in->part[GATE_CREDENTIAL];
	struct gate_reader known = { .slot = 0 };
	size_t at = sj_tlv_open(call->out);
	struct sj_cwt reader;
	bool ok, is_new = false;

	ok = heard_from(&g->session.initiator, in->part[GATE_MESSAGE_2], token, &reader) &&
	     is_genuine(call->card, token, &reader, &known, &is_new) &&
	     is_admitted(call, &reader, is_new) && answer(call, &reader, &known, call->out);
	if (ok) {
		sj_tlv_close(call->out, SJ_GATE_TAG_MESSAGE_3, at);
		g->met = is_new;
		g->reader = known;
		g->met_at = reader.not_before;
	}
	sj_wipe(&known, sizeof(known));
	return ok;
}

bool gate_message_2_psk(struct card_call *call, const struct gate_parts *in)
{
	struct gate_session *s = &((struct gate *)call->state)->session;
	const struct initiator_psk psk = { SJ_SPAN_OF(s->ticket.ticket),
					   SJ_SPAN_OF(s->ticket.cred_i),
					   SJ_SPAN_OF(s->ticket.cred_r),
					   SJ_SPAN_OF(s->ticket.psk) };
	size_t at = sj_tlv_open(call->out);
	struct sj_edhoc_plaintext plain;
	bool ok;

	ok = initiator_message_2(&s->initiator, in->part[GATE_MESSAGE_2], &plain) &&
	     fits_profile(&plain, true) &&
	     initiator_message_3_psk(&s->initiator, &psk, sj_span(NULL, 0), call->out);
	sj_wipe(&s->ticket, sizeof(s->ticket));
	if (ok) {
		sj_tlv_close(call->out, SJ_GATE_TAG_MESSAGE_3, at);
		s->may_resume = true; /* who opened one ticket may leave the next */
	}
	return ok;
}

/* --- message_4 ---------------------------------------------------------------------------- */

static bool keep_ticket(struct card *card, uint32_t operator_id, struct sj_span ticket,
			struct sj_edhoc_prk *exporter)
{
	struct gate_ticket t = { .psk = { 0 } };
	struct sj_span in = ticket;
	bool ok = sj_take_copy(&in, sizeof(t.ticket), t.ticket) &&
		  sj_gate_psk(exporter, ticket, t.psk) && sj_gate_psk_cred('I', ticket, t.cred_i) &&
		  sj_gate_psk_cred('R', ticket, t.cred_r) &&
		  gate_ticket_keep(card_store_of(card), operator_id, &t);

	sj_wipe(&t, sizeof(t));
	return ok;
}

bool gate_message_4(struct card_call *call, const struct gate_parts *in)
{
	struct gate_session *s = &((struct gate *)call->state)->session;
	uint8_t bytes[EAD_4_MAX];
	struct sj_writer buffer = SJ_WRITER_OF(bytes);
	struct sj_edhoc_prk exporter = { .mac = NULL };
	struct sj_span ead_4, ticket;
	bool ok = initiator_message_4(&s->initiator, in->part[GATE_MESSAGE_4], &buffer, &ead_4,
				      &exporter) &&
		  sj_gate_ead_4_parse(ead_4, &ticket) && sj_gate_channel_make(&exporter, &s->keys);

	if (ok && ticket.len > 0 && s->may_resume)
		ok = keep_ticket(call->card, s->operator_id, ticket, &exporter);
	sj_edhoc_prk_end(&exporter);
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}
