/*
 * ca.c -- Chip Authentication version 1, the card's side.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 6.2.4.
 */
#include "crypt/wipe.h"
#include "state.h"

/* Finds the key; `id` empty: the card's only one. */
static uint16_t find_key(struct card *card, struct sj_span id, uint8_t *key_id)
{
	size_t keys = emrtd_ca_key_count(card, key_id);

	if (id.len == 0)
		return keys == 1 ? SJ_SW_OK : SJ_SW_REFERENCE_NOT_FOUND;
	if (id.len != 1)
		return SJ_SW_WRONG_DATA;
	*key_id = id.ptr[0];
	return *key_id <= EMRTD_CA_KEY_ID_MAX ? SJ_SW_OK : SJ_SW_REFERENCE_NOT_FOUND;
}

/* The key with this id, if it is for this cipher. */
static uint16_t load_key(struct card *card, uint8_t key_id, enum sj_cipher cipher,
			 struct emrtd_key *key)
{
	if (!emrtd_key_load(card, EMRTD_OBJECT_CA + key_id, key))
		return SJ_SW_REFERENCE_NOT_FOUND;
	return (key->use & (1u << cipher)) != 0 ? SJ_SW_OK : SJ_SW_WRONG_DATA;
}

/*
 * Terminal Authentication version 1 will speak of this key. What a terminal was allowed under
 * another key it must be allowed anew.
 */
static void remember(struct card *card, enum sj_curve curve, const struct sj_ec_point *key)
{
	struct card_terminal *t = card_terminal(card);
	struct sj_span comp = sj_ec_comp(curve, key);

	t->authenticated = t->in_force = false;
	t->ephemeral_len = comp.len;
	if (!sj_take_copy(&comp, comp.len, t->ephemeral))
		t->ephemeral_len = 0;
}

/* An eID card's rights go with the key that the terminal has signed (TR-03110-2, 3.3.2). */
static bool is_signed(struct card *card, enum sj_curve curve, const struct sj_ec_point *key)
{
	const struct card_terminal *t = card_terminal(card);

	return sj_span_eq(sj_ec_comp(curve, key), sj_span(t->ephemeral, t->ephemeral_len));
}

/* New session keys from the terminal's ephemeral key; rights gained before stay. */
static uint16_t agree(struct card_call *call, uint8_t key_id, enum sj_cipher cipher,
		      struct sj_span ephemeral)
{
	struct emrtd_key key = { 0 };
	struct sj_ec_point peer;
	struct sj_sm_keys session = { 0 };
	uint16_t sw = load_key(call->card, key_id, cipher, &key);

	if (sw != SJ_SW_OK)
		goto out;
	sw = SJ_SW_WRONG_DATA;
	if (!sj_ec_point_read(key.curve, ephemeral, &peer))
		goto out;
	sw = SJ_SW_NO_INFORMATION;
	if (card_is_eid(call->card) && !is_signed(call->card, key.curve, &peer))
		goto out;
	sw = SJ_SW_WRONG_DATA;
	if (!sj_ca_session(cipher, key.curve, &key.secret, &peer, &session))
		goto out;
	if (!card_is_eid(call->card))
		remember(call->card, key.curve, &peer);
	card_sm_start(call->card, &session, NULL);
	card_grant(call->card, CARD_RIGHT_CA);
	sw = SJ_SW_OK;
out:
	sj_wipe(&key, sizeof(key));
	sj_wipe(&session, sizeof(session));
	return sw;
}

/* Unknown objects are passed over. */
bool emrtd_ca_parse_mse(struct sj_span in, uint32_t tag, struct sj_span *value, struct sj_span *id)
{
	struct sj_span v;
	enum sj_tlv_rc rc;
	uint32_t t;

	*value = *id = sj_span(NULL, 0);
	while ((rc = sj_tlv_next(&in, &t, &v)) == SJ_TLV_FOUND) {
		struct sj_span *slot = t == tag ? value : t == 0x84 ? id : NULL;

		if (!slot)
			continue;
		if (slot->len != 0 || v.len == 0)
			return false;
		*slot = v;
	}
	return rc == SJ_TLV_ABSENT && value->len != 0;
}

uint16_t emrtd_ca_set_kat(struct card_call *call)
{
	struct emrtd_ca *ca = &((struct emrtd_state *)call->state)->ca;
	struct sj_span ephemeral, id;
	uint8_t key_id;
	uint16_t sw;

	sj_wipe(ca, sizeof(*ca));
	if (!emrtd_is_open(call))
		return SJ_SW_SECURITY_STATUS;
	if (!emrtd_ca_parse_mse(call->apdu->data, 0x91, &ephemeral, &id))
		return SJ_SW_WRONG_DATA;
	sw = find_key(call->card, id, &key_id);
	if (sw == SJ_SW_OK)
		sw = agree(call, key_id, SJ_CIPHER_3DES, ephemeral);
	return sw;
}

uint16_t emrtd_ca_set_at(struct card_call *call)
{
	struct emrtd_ca *ca = &((struct emrtd_state *)call->state)->ca;
	struct emrtd_key key = { 0 };
	struct emrtd_ca set = { .state = CA_SET, .channel = call->channel };
	struct sj_span oid, id;
	uint16_t sw;

	sj_wipe(ca, sizeof(*ca));
	if (!emrtd_is_open(call))
		return SJ_SW_SECURITY_STATUS;
	if (!emrtd_ca_parse_mse(call->apdu->data, 0x80, &oid, &id) ||
	    !sj_ca_from_oid(oid, &set.cipher))
		return SJ_SW_WRONG_DATA;
	sw = find_key(call->card, id, &set.key_id);
	if (sw == SJ_SW_OK)
		sw = load_key(call->card, set.key_id, set.cipher, &key);
	if (sw == SJ_SW_OK)
		*ca = set;
	sj_wipe(&key, sizeof(key));
	return sw;
}

uint16_t emrtd_ca_agree(struct card_call *call)
{
	struct emrtd_ca *state = &((struct emrtd_state *)call->state)->ca;
	struct emrtd_ca ca = *state;
	struct sj_span ephemeral;
	uint32_t tag;
	uint16_t sw;

	sj_wipe(state, sizeof(*state));
	if (!emrtd_is_open(call))
		return SJ_SW_SECURITY_STATUS;
	if (ca.state != CA_SET || ca.channel != call->channel)
		return SJ_SW_CONDITIONS;
	if (!emrtd_dynamic_data(call->apdu->data, &tag, &ephemeral) || tag != 0x80)
		return SJ_SW_WRONG_DATA;
	sw = agree(call, ca.key_id, ca.cipher, ephemeral);
	if (sw == SJ_SW_OK)
		sj_tlv_put(call->out, 0x7C, sj_span(NULL, 0));
	return sw;
}
