/*
 * ca2.c -- Chip Authentication version 2, the card's side, at the MF after Terminal
 * Authentication: a key for each sector, so that none links cards across sectors by it.
 *
 * Source: BSI TR-03110-2 v2.21, 3.4; TR-03110-3, A.4 and B.2.
 */
#include "crypt/wipe.h"
#include "state.h"

#define CIPHER_MASK 0x0Fu
#define KEYS_EACH (EMRTD_CA_KEY_ID_MAX + 1u)

static uint32_t first_of(uint8_t sector)
{
	return EMRTD_OBJECT_CA2 + sector * KEYS_EACH;
}

static bool find(struct card *card, uint8_t sector, uint32_t *object, uint8_t *key_id)
{
	const uint32_t first = first_of(sector);

	*object = first;
	if (!card_store_next(card_store_of(card), object) || *object - first >= KEYS_EACH)
		return false;
	*key_id = (uint8_t)(*object - first);
	return true;
}

bool emrtd_ca2_find(struct card *card, uint8_t sector, uint32_t *object, uint8_t *key_id)
{
	return find(card, sector, object, key_id) || find(card, 0, object, key_id);
}

uint16_t emrtd_ca2_personalise(struct card_call *call, struct sj_span data)
{
	uint8_t sector, curve, ciphers, key_id, former;
	uint32_t object;

	if (!sj_take_u8(&data, &sector) || !sj_take_u8(&data, &curve) ||
	    !sj_take_u8(&data, &ciphers) || !sj_take_u8(&data, &key_id) || data.len != 0 ||
	    sector >= EMRTD_SECTORS || sj_curve_from_id(curve) == SJ_CURVE_NONE || ciphers == 0 ||
	    (ciphers & ~CIPHER_MASK) != 0 || key_id > EMRTD_CA_KEY_ID_MAX)
		return SJ_SW_WRONG_DATA;
	if (find(call->card, sector, &object, &former) &&
	    !card_store_delete(card_store_of(call->card), object))
		return SJ_SW_MEMORY_FAILURE;
	return emrtd_key_generate(call, first_of(sector) + key_id, sj_curve_from_id(curve),
				  ciphers);
}

/* --- MSE:Set AT ------------------------------------------------------------------ */

static uint16_t set_at(struct card_call *call, struct emrtd_ca2 *out)
{
	const struct card_terminal *t = card_terminal(call->card);
	struct sj_span oid, id;
	struct emrtd_key key = { 0 };
	uint8_t key_id;
	uint16_t sw;

	if (!t->authenticated || t->in_force)
		return SJ_SW_CONDITIONS;
	if (!emrtd_ca_parse_mse(call->apdu->data, 0x80, &oid, &id) ||
	    !sj_ca_from_oid(oid, &out->cipher))
		return SJ_SW_WRONG_DATA;
	if (!emrtd_ca2_find(call->card, t->service.sector, &out->key, &key_id) ||
	    (id.len > 0 && !sj_span_eq(id, sj_span(&key_id, 1))) ||
	    !emrtd_key_load(call->card, out->key, &key))
		return SJ_SW_REFERENCE_NOT_FOUND;
	sw = (key.use & (1u << out->cipher)) != 0 ? SJ_SW_OK : SJ_SW_WRONG_DATA;
	sj_wipe(&key, sizeof(key));
	return sw;
}

uint16_t emrtd_ca2_set_at(struct card_call *call)
{
	struct emrtd_state *st = call->state;
	struct emrtd_ca2 set = { .state = CA2_SET,
				 .channel = call->channel,
				 .session = card_sm_number(call->card) };
	const uint16_t sw = set_at(call, &set);

	emrtd_interrupt(st);
	sj_wipe(&st->ca2, sizeof(st->ca2));
	if (sw == SJ_SW_OK)
		st->ca2 = set;
	return sw;
}

/* --- GENERAL AUTHENTICATE ---------------------------------------------------------- */

/* The key is the one that the terminal has signed; then new keys, and its rights are in force. */
static uint16_t agree(struct card_call *call, const struct emrtd_ca2 *ca, struct sj_span ephemeral)
{
	struct card_terminal *t = card_terminal(call->card);
	uint8_t nonce[SJ_CA2_NONCE], token[SJ_MAC_SIZE];
	struct emrtd_key key = { 0 };
	struct sj_sm_keys session = { 0 };
	struct sj_ec_point peer;
	size_t at = sj_tlv_open(call->out);
	uint16_t sw = SJ_SW_EXECUTION_ERROR;

	if (!emrtd_key_load(call->card, ca->key, &key))
		goto out;
	sw = SJ_SW_WRONG_DATA;
	if (!sj_ec_point_read(key.curve, ephemeral, &peer))
		goto out;
	sw = SJ_SW_NO_INFORMATION;
	if (!sj_span_eq(sj_ec_comp(key.curve, &peer), sj_span(t->ephemeral, t->ephemeral_len)))
		goto out;
	sw = SJ_SW_EXECUTION_ERROR;
	if (!sj_random_fill(card_random(call->card), nonce, sizeof(nonce)) ||
	    !sj_ca2_session(ca->cipher, key.curve, &key.secret, &peer, nonce, &session) ||
	    !sj_ca2_token(&session, ca->cipher, &peer, token))
		goto out;
	sj_tlv_put(call->out, 0x81, SJ_SPAN_OF(nonce));
	sj_tlv_put(call->out, 0x82, SJ_SPAN_OF(token));
	sj_tlv_close(call->out, 0x7C, at);
	card_sm_start(call->card, &session, NULL);
	card_grant(call->card, CARD_RIGHT_CA);
	t->in_force = true;
	sw = SJ_SW_OK;
out:
	sj_wipe(&key, sizeof(key));
	sj_wipe(&session, sizeof(session));
	return sw;
}

uint16_t emrtd_ca2_agree(struct card_call *call)
{
	struct emrtd_ca2 *state = &((struct emrtd_state *)call->state)->ca2;
	const struct emrtd_ca2 ca = *state;
	struct sj_span ephemeral;
	uint32_t tag;

	sj_wipe(state, sizeof(*state));
	if (!call->secured || ca.state != CA2_SET || ca.channel != call->channel ||
	    ca.session != card_sm_number(call->card))
		return SJ_SW_CONDITIONS;
	if (call->more)
		return SJ_SW_CHAINING_NOT_SUPPORTED;
	if (!emrtd_dynamic_data(call->apdu->data, &tag, &ephemeral) || tag != 0x80)
		return SJ_SW_WRONG_DATA;
	return agree(call, &ca, ephemeral);
}
