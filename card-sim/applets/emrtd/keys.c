/* keys.c -- static EC keys in the store: curve (1) || use (1) || scalar. */
#include "crypt/wipe.h"
#include "state.h"

bool emrtd_key_load(struct card *card, uint32_t object, struct emrtd_key *out)
{
	struct emrtd_key key = { 0 };
	struct sj_span value;
	uint8_t curve;
	bool ok;

	ok = card_store_get(card_store_of(card), object, &value) && sj_take_u8(&value, &curve) &&
	     sj_take_u8(&value, &key.use);
	if (ok) {
		key.curve = sj_curve_from_id(curve);
		ok = sj_ec_secret_read(key.curve, value, &key.secret);
	}
	if (ok)
		*out = key;
	sj_wipe(&key, sizeof(key));
	return ok;
}

static bool store_key(struct card *card, uint32_t object, const struct emrtd_key *key)
{
	uint8_t bytes[2 + SJ_EC_FIELD_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	bool ok;

	sj_put_u8(&w, (uint8_t)key->curve);
	sj_put_u8(&w, key->use);
	sj_put(&w, sj_span(key->secret.bytes, key->secret.len));
	ok = !w.failed && card_store_set(card_store_of(card), object, sj_written(&w));
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

uint16_t emrtd_key_generate(struct card_call *call, uint32_t object, enum sj_curve curve,
			    uint8_t use)
{
	struct emrtd_key key = { .curve = curve, .use = use };
	struct sj_ec_point public_key;
	uint16_t sw = SJ_SW_MEMORY_FAILURE;

	if (curve == SJ_CURVE_NONE)
		return SJ_SW_WRONG_DATA;
	if (!sj_ec_secret_random(curve, card_random(call->card), &key.secret) ||
	    !sj_ec_multiply(curve, &key.secret, NULL, &public_key) ||
	    !sj_ec_spki_put(call->out, curve, &public_key, false) ||
	    !store_key(call->card, object, &key))
		goto out;
	sw = SJ_SW_OK;
out:
	sj_wipe(&key, sizeof(key));
	return sw;
}

size_t emrtd_ca_key_count(struct card *card, uint8_t *id)
{
	uint32_t object = EMRTD_OBJECT_CA;
	size_t n = 0;

	while (card_store_next(card_store_of(card), &object) &&
	       object <= EMRTD_OBJECT_CA + EMRTD_CA_KEY_ID_MAX) {
		if (n++ == 0)
			*id = (uint8_t)(object - EMRTD_OBJECT_CA);
		object++;
	}
	return n;
}
