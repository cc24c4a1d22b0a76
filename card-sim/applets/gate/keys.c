/* keys.c -- ephemeral keys for one exchange each, and the credentials' keys. */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"

#define EPHEMERAL_SIZE (2u * SJ_EDHOC_KEY + 2u * SJ_EDHOC_HASH)
#define MESSAGE_1_MAX 64u

/* --- ephemeral keys ----------------------------------------------------------- */

void gate_message_1_put(struct sj_writer *w, uint8_t method, const uint8_t x[static SJ_EDHOC_KEY])
{
	static const uint8_t suite = SJ_GATE_SUITE;

	sj_edhoc_message_1_put(w, method, sj_span(&suite, 1), sj_span(x, SJ_EDHOC_KEY),
			       sj_gate_c_i(), sj_span(NULL, 0));
}

static bool hash_message_1(uint8_t method, const uint8_t x[static SJ_EDHOC_KEY],
			   uint8_t out[static SJ_EDHOC_HASH])
{
	uint8_t message[MESSAGE_1_MAX], hash[SJ_HASH_MAX];
	struct sj_writer w = SJ_WRITER_OF(message);
	struct sj_span whole;

	gate_message_1_put(&w, method, x);
	whole = sj_written(&w);
	if (w.failed || !sj_hash(SJ_SHA256, &whole, 1, hash))
		return false;
	memcpy(out, hash, SJ_EDHOC_HASH);
	return true;
}

static bool make(struct card *card, struct gate_ephemeral *out)
{
	return sj_edhoc_keygen(sj_edhoc_suite(SJ_GATE_SUITE), card_random(card), out->key,
			       out->x) &&
	       hash_message_1(SJ_EDHOC_DH_DH, out->x, out->hash_dh) &&
	       hash_message_1(SJ_EDHOC_PSK, out->x, out->hash_psk);
}

static bool load(struct card *card, struct gate_ephemeral *out)
{
	struct sj_span in;

	return card_store_get(card_store_of(card), GATE_OBJECT_EPHEMERAL, &in) &&
	       in.len == EPHEMERAL_SIZE && sj_take_copy(&in, sizeof(out->key), out->key) &&
	       sj_take_copy(&in, sizeof(out->x), out->x) &&
	       sj_take_copy(&in, sizeof(out->hash_dh), out->hash_dh) &&
	       sj_take_copy(&in, sizeof(out->hash_psk), out->hash_psk);
}

bool gate_ephemeral_take(struct card *card, struct gate_ephemeral *out)
{
	if (!load(card, out))
		return make(card, out);
	return card_store_delete(card_store_of(card), GATE_OBJECT_EPHEMERAL);
}

bool gate_ephemeral_prepare(struct card *card)
{
	struct gate_ephemeral e = { .key = { 0 } };
	uint8_t bytes[EPHEMERAL_SIZE];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	bool ok = true;

	if (load(card, &e))
		goto out;
	ok = make(card, &e);
	sj_put(&w, SJ_SPAN_OF(e.key));
	sj_put(&w, SJ_SPAN_OF(e.x));
	sj_put(&w, SJ_SPAN_OF(e.hash_dh));
	sj_put(&w, SJ_SPAN_OF(e.hash_psk));
	ok = ok && !w.failed &&
	     card_store_set(card_store_of(card), GATE_OBJECT_EPHEMERAL, sj_written(&w));
out:
	sj_wipe(&e, sizeof(e));
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

/* --- credentials ---------------------------------------------------------------- */

uint32_t gate_credential_object(uint8_t sector, uint8_t slot)
{
	return GATE_OBJECT_CREDENTIAL + SJ_GATE_SLOTS * sector + slot;
}

bool gate_credential_find(const struct card_store *store, uint8_t sector, uint8_t slot,
			  struct gate_credential *out)
{
	struct sj_span in;

	if (sector < 1 || sector > SJ_GATE_SECTORS || slot >= SJ_GATE_SLOTS ||
	    !card_store_get(store, gate_credential_object(sector, slot), &in) ||
	    !sj_take(&in, SJ_EDHOC_KEY, &out->key) || !sj_take(&in, SJ_EDHOC_KEY, &out->x))
		return false;
	out->token = in;
	return true;
}

bool gate_credential_set(struct card_store *store, uint8_t sector, uint8_t slot,
			 struct sj_span token)
{
	uint8_t bytes[2 * SJ_EDHOC_KEY + SJ_CWT_MAX];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct gate_credential present;
	bool ok = gate_credential_find(store, sector, slot, &present);

	if (ok) {
		sj_put(&w, present.key);
		sj_put(&w, present.x);
		sj_put(&w, token);
		ok = !w.failed &&
		     card_store_set(store, gate_credential_object(sector, slot), sj_written(&w));
	}
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}
