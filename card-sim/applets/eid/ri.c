/*
 * ri.c -- Restricted Identification: an identifier that only the terminal's sector gets.
 *
 * Source: BSI TR-03110-2 v2.21, 3.6; TR-03110-3, A.5 and B.4; the sector's key is believed by its
 * hash in the terminal's certificate (C.3.2.1).
 */
#include "secure/ri.h"

#include <string.h>

#include "crypt/wipe.h"
#include "state.h"
#include "wire/std/tr03110.h"
#include "wire/tlv.h"

/* --- keys in the store ------------------------------------------------------------- */

struct ri_key {
	enum sj_curve curve;
	struct sj_ec_secret secret;
};

/* Wipe it. False: no such key. */
static bool load_key(const struct card_store *store, uint8_t key_id, struct ri_key *out)
{
	struct sj_span value;
	uint8_t curve;

	memset(out, 0, sizeof(*out));
	if (!card_store_get(store, EID_OBJECT_RI + key_id, &value) || !sj_take_u8(&value, &curve))
		return false;
	out->curve = sj_curve_from_id(curve);
	return sj_ec_secret_read(out->curve, value, &out->secret);
}

uint16_t eid_ri_generate(struct card_call *call, enum sj_curve curve, uint8_t key_id)
{
	uint8_t bytes[1 + SJ_EC_FIELD_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_ec_secret secret = { .len = 0 };
	struct sj_ec_point point;
	uint16_t sw = SJ_SW_MEMORY_FAILURE;

	if (!sj_ec_secret_random(curve, card_random(call->card), &secret) ||
	    !sj_ec_multiply(curve, &secret, NULL, &point) ||
	    !sj_ec_spki_put(call->out, curve, &point, false))
		goto out;
	sj_put_u8(&w, (uint8_t)curve);
	sj_put(&w, sj_span(secret.bytes, secret.len));
	if (card_store_set(card_store_of(call->card), EID_OBJECT_RI + key_id, sj_written(&w)))
		sw = SJ_SW_OK;
out:
	sj_wipe(&secret, sizeof(secret));
	sj_wipe(bytes, sizeof(bytes));
	return sw;
}

size_t eid_ri_count(const struct card_store *store, uint8_t *id)
{
	size_t n = 0;

	for (uint32_t object = EID_OBJECT_RI;
	     card_store_next(store, &object) && object <= EID_OBJECT_RI + EID_RI_KEY_ID_MAX;
	     object++)
		if (n++ == 0)
			*id = (uint8_t)(object - EID_OBJECT_RI);
	return n;
}

/* --- MSE:Set AT ------------------------------------------------------------------------ */

/* 80 and perhaps 84, each once; others are passed over. */
static bool parse_mse(struct sj_span in, struct sj_span *oid, struct sj_span *id)
{
	struct sj_span v;
	enum sj_tlv_rc rc;
	uint32_t t;

	*oid = *id = sj_span(NULL, 0);
	while ((rc = sj_tlv_next(&in, &t, &v)) == SJ_TLV_FOUND) {
		struct sj_span *slot = t == 0x80 ? oid : t == 0x84 ? id : NULL;

		if (slot == NULL)
			continue;
		if (slot->len != 0 || v.len == 0)
			return false;
		*slot = v;
	}
	return rc == SJ_TLV_ABSENT && oid->len != 0;
}

uint16_t eid_ri_set(struct card_call *call)
{
	struct eid_ri *ri = &((struct eid_state *)call->state)->ri;
	const struct card_store *store = card_store_of(call->card);
	struct sj_span oid, id, present;
	uint8_t key_id = 0;
	const size_t keys = eid_ri_count(store, &key_id);

	eid_interrupt(call);
	if (eid_terminal_with(call, SJ_AT_RESTRICTED_ID) == NULL)
		return SJ_SW_SECURITY_STATUS;
	if (!parse_mse(call->apdu->data, &oid, &id) || !sj_span_eq(oid, sj_ri_oid()) || id.len > 1)
		return SJ_SW_WRONG_DATA;
	if (id.len == 1)
		key_id = id.ptr[0];
	if ((id.len == 0 && keys != 1) || key_id > EID_RI_KEY_ID_MAX ||
	    !card_store_get(store, EID_OBJECT_RI + key_id, &present))
		return SJ_SW_REFERENCE_NOT_FOUND;
	*ri = (struct eid_ri){ .set = true, .channel = call->channel, .key_id = key_id };
	return SJ_SW_OK;
}

/* --- GENERAL AUTHENTICATE ------------------------------------------------------------------ */

/* The identifier for the i-th sector key of the terminal, if this is it. */
static bool identify(const struct ri_key *key, const struct card_terminal *t, size_t i,
		     struct sj_span sector, uint8_t id[static SJ_RI_IDENTIFIER])
{
	struct sj_ec_point point;
	enum sj_curve curve;

	return sj_ri_key_is(sector, sj_span(t->sector_hash[i], t->sector_hash_len[i])) &&
	       sj_ri_key_read(sector, &curve, &point) && curve == key->curve &&
	       sj_ri_identifier(curve, &key->secret, &point, id);
}

/* One or both keys, each at most once. False: malformed, or a key that is not the terminal's. */
static bool answer(const struct ri_key *key, const struct card_terminal *t, struct sj_span in,
		   struct sj_writer *out)
{
	static const uint32_t asked[] = { SJ_TAG_RI_KEY_1, SJ_TAG_RI_KEY_2 };
	static const uint32_t told[] = { SJ_TAG_RI_ID_1, SJ_TAG_RI_ID_2 };
	uint8_t id[SJ_RI_IDENTIFIER];
	struct sj_span sector;
	const size_t at = sj_tlv_open(out);
	size_t n = 0;

	for (size_t i = 0; i < CARD_SECTOR_HASHES; i++) {
		const enum sj_tlv_rc rc = sj_tlv_take(&in, asked[i], &sector);

		if (rc == SJ_TLV_ABSENT)
			continue;
		if (rc != SJ_TLV_FOUND || !identify(key, t, i, sector, id))
			return false;
		sj_tlv_put(out, told[i], SJ_SPAN_OF(id));
		n++;
	}
	sj_tlv_close(out, 0x7C, at);
	return n > 0 && in.len == 0;
}

uint16_t eid_ri_identify(struct card_call *call)
{
	const struct eid_ri ri = ((struct eid_state *)call->state)->ri;
	const struct card_terminal *t = eid_terminal_with(call, SJ_AT_RESTRICTED_ID);
	struct sj_span in = call->apdu->data, content;
	struct ri_key key;
	uint16_t sw = SJ_SW_WRONG_DATA;

	eid_interrupt(call);
	if (t == NULL)
		return SJ_SW_SECURITY_STATUS;
	if (!ri.set || ri.channel != call->channel)
		return SJ_SW_CONDITIONS;
	if (!load_key(card_store_of(call->card), ri.key_id, &key))
		sw = SJ_SW_REFERENCE_NOT_FOUND;
	else if (sj_tlv_take(&in, 0x7C, &content) == SJ_TLV_FOUND && in.len == 0 &&
		 answer(&key, t, content, call->out))
		sw = SJ_SW_OK;
	sj_wipe(&key, sizeof(key));
	return sw;
}
