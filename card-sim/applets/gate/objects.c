/* objects.c -- what gates and cards carry to each other after the decision (GATE.md). */
#include "crypt/wipe.h"
#include "state.h"
#include "wire/tlv.h"

#define COUNTER_MAX 255u

static enum sj_gate_object done_if(uint16_t sw)
{
	return sw == SJ_SW_OK ? SJ_OBJECT_DONE : SJ_OBJECT_REFUSED;
}

/* A later credential for the same key and status that lives no longer. */
static bool is_staple_of(const struct sj_cwt *staple, const struct sj_cwt *used)
{
	return staple->kind == SJ_CWT_CARD && sj_span_eq(staple->key_x, used->key_x) &&
	       sj_span_eq(staple->issuer, used->issuer) &&
	       staple->status.partition == used->status.partition &&
	       staple->status.index == used->status.index && staple->expires == used->expires &&
	       staple->not_before > used->not_before;
}

static enum sj_gate_object take_staple(struct card_store *store, const struct gate_session *s,
				       struct sj_span token)
{
	struct gate_credential present;
	struct sj_cwt used, staple;

	if (token.len > SJ_CWT_MAX || !gate_credential_find(store, s->sector, s->slot, &present) ||
	    !sj_cwt_parse(present.token, &used) || !sj_cwt_parse(token, &staple) ||
	    !is_staple_of(&staple, &used) || !gate_believes(store, &staple, SJ_CWT_GATE_CA) ||
	    !gate_credential_set(store, s->sector, s->slot, token))
		return SJ_OBJECT_REFUSED;
	return SJ_OBJECT_DONE;
}

/* *answer: what goes with the type that is returned. */
static enum sj_gate_object take(struct card_store *store, const struct gate_session *s,
				uint8_t type, struct sj_span content, struct sj_span *answer)
{
	switch (type) {
	case SJ_OBJECT_HEAD:
		return done_if(gate_head_add(store, content));
	case SJ_OBJECT_WANT_HEAD:
		if (content.len != 0 || !card_store_get(store, GATE_OBJECT_HEAD, answer))
			return SJ_OBJECT_REFUSED;
		return SJ_OBJECT_HEAD;
	case SJ_OBJECT_STAPLE:
		return take_staple(store, s, content);
	case SJ_OBJECT_LINK:
		return done_if(gate_anchor_add(store, content, false));
	default:
		return SJ_OBJECT_REFUSED;
	}
}

bool gate_object(struct card_call *call, const struct gate_parts *in)
{
	struct gate_session *s = &((struct gate *)call->state)->session;
	struct sj_gate_channel *keys = &s->keys;
	uint8_t opened[1 + SJ_GATE_OBJECT_MAX], type;
	struct sj_writer buffer = SJ_WRITER_OF(opened);
	struct sj_span content, answer = { NULL, 0 };
	size_t at = sj_tlv_open(call->out);

	/* A counter does not come round: no nonce twice. */
	if (keys->received == COUNTER_MAX ||
	    !sj_gate_object_open(keys->to_card, keys->received, in->part[GATE_OBJECT], &buffer,
				 &type, &content))
		return false;
	keys->received++;
	type = (uint8_t)take(card_store_of(call->card), s, type, content, &answer);
	if (!sj_gate_object_seal(keys->to_gate, keys->sent, type, answer, call->out))
		return false;
	keys->sent++;
	sj_tlv_close(call->out, SJ_GATE_TAG_OBJECT, at);
	return true;
}
