/*
 * keys.c -- the manager's key sets, and PUT KEY.
 *
 * Source: GlobalPlatform Card Specification 2.3.1, 11.8; Amendment D v1.2, 6.1, 6.2.2.1, 7.2.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "manager.h"
#include "state.h"
#include "wire/hex.h"

#define VERSION_MAX 0x7Fu
#define STORED_MAX (1u + 3u * SJ_CIPHER_KEY_MAX)

static const uint8_t well_known[16] = { 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
					0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F };

static bool has(const struct card_store *store, uint8_t version)
{
	struct sj_span unused;

	return card_store_get(store, MANAGER_OBJECT_KEYS + version, &unused);
}

/* The i-th version, the least first; 00: past the end. */
static uint8_t version_at(const struct card_store *store, size_t i)
{
	for (uint8_t v = 1; v <= VERSION_MAX; v++)
		if (has(store, v) && i-- == 0)
			return v;
	return 0;
}

bool manager_key_at(const struct card_store *store, size_t i, struct card_key_info *out)
{
	uint8_t version = version_at(store, i);
	struct sj_span stored;

	if (version == 0 || !card_store_get(store, MANAGER_OBJECT_KEYS + version, &stored) ||
	    stored.len == 0)
		return false;
	*out = (struct card_key_info){ version, stored.ptr[0] };
	return true;
}

static bool set_keys(struct card_store *store, uint8_t version, const struct sj_scp03_keys *keys)
{
	const size_t size = sj_cipher_key_size(keys->cipher);
	uint8_t stored[STORED_MAX];
	struct sj_writer w = SJ_WRITER_OF(stored);
	bool ok;

	sj_put_u8(&w, (uint8_t)size);
	sj_put(&w, sj_span(keys->enc, size));
	sj_put(&w, sj_span(keys->mac, size));
	sj_put(&w, sj_span(keys->dek, size));
	ok = card_store_set(store, MANAGER_OBJECT_KEYS + version, sj_written(&w));
	sj_wipe(stored, sizeof(stored));
	return ok;
}

static bool read_keys(struct sj_span in, struct sj_scp03_keys *out)
{
	uint8_t size;

	*out = (struct sj_scp03_keys){ .cipher = SJ_CIPHER_AES128 };
	return sj_take_u8(&in, &size) && sj_aes_of_key_size(size, &out->cipher) &&
	       sj_take_copy(&in, size, out->enc) && sj_take_copy(&in, size, out->mac) &&
	       sj_take_copy(&in, size, out->dek) && in.len == 0;
}

uint16_t manager_keys_find(struct card *card, uint8_t version, uint8_t *found,
			   struct sj_scp03_keys *out)
{
	const struct card_store *store = card_store_of(card);
	struct sj_span stored;

	*found = version != 0 ? version : version_at(store, 0);
	if (*found == 0 || *found > VERSION_MAX ||
	    !card_store_get(store, MANAGER_OBJECT_KEYS + *found, &stored) ||
	    !read_keys(stored, out))
		return SJ_SW_REFERENCE_NOT_FOUND;
	return SJ_SW_OK;
}

static bool set_transport(struct card_store *store, struct sj_span key)
{
	struct sj_scp03_keys keys = { .cipher = SJ_CIPHER_AES128 };
	bool ok = sj_aes_of_key_size(key.len, &keys.cipher);

	if (ok) {
		memcpy(keys.enc, key.ptr, key.len);
		memcpy(keys.mac, key.ptr, key.len);
		memcpy(keys.dek, key.ptr, key.len);
		ok = set_keys(store, MANAGER_VERSION_TRANSPORT, &keys);
	}
	sj_wipe(&keys, sizeof(keys));
	return ok;
}

bool manager_keys_ensure(struct card *card)
{
	struct card_store *store = card_store_of(card);

	return version_at(store, 0) != 0 || card_is_issued(card) ||
	       set_transport(store, SJ_SPAN_OF(well_known));
}

bool manager_key_read(const char *text, size_t len, struct sj_writer *out)
{
	const size_t before = out->len;
	enum sj_cipher unused;

	return sj_hex_read(text, len, out) && !out->failed &&
	       sj_aes_of_key_size(out->len - before, &unused);
}

bool manager_be_born(struct card_store *store, const struct card_birth *birth)
{
	const struct sj_span key = birth->transport_key;
	uint8_t serial[CARD_SERIAL_SIZE];

	if (birth->scp_i != 0x00 && birth->scp_i != 0x10 && birth->scp_i != 0x60 &&
	    birth->scp_i != 0x70)
		return false;
	return sj_random_fill(birth->random, serial, sizeof(serial)) &&
	       set_transport(store, key.len > 0 ? key : SJ_SPAN_OF(well_known)) &&
	       card_store_set(store, MANAGER_OBJECT_SERIAL, SJ_SPAN_OF(serial)) &&
	       card_store_set(store, MANAGER_OBJECT_I, sj_span(&birth->scp_i, 1)) &&
	       card_store_commit(store) == CARD_STORE_OK;
}

void manager_sequence_get(const struct card_store *store, uint8_t version,
			  uint8_t out[static SJ_SCP03_SEQUENCE])
{
	struct sj_span count;

	memset(out, 0, SJ_SCP03_SEQUENCE);
	if (card_store_get(store, MANAGER_OBJECT_SEQUENCE + version, &count) &&
	    count.len == SJ_SCP03_SEQUENCE)
		memcpy(out, count.ptr, SJ_SCP03_SEQUENCE);
}

/* --- PUT KEY -------------------------------------------------------------------------------- */

static bool drop(struct card_store *store, uint32_t id)
{
	return card_store_wipe(store, id, id + 1);
}

/* `old` 00: a further set; else that one goes, and its counter. All in one transaction. */
static uint16_t replace(struct card_store *store, uint8_t old, uint8_t version,
			const struct sj_scp03_keys *keys)
{
	if (version == 0 || version > VERSION_MAX || (version != old && has(store, version)))
		return SJ_SW_WRONG_DATA;
	if (old == 0 && version_at(store, MANAGER_KEYS_MAX - 1) != 0)
		return SJ_SW_NO_SPACE;
	if (old != 0 && (!drop(store, MANAGER_OBJECT_KEYS + old) ||
			 !drop(store, MANAGER_OBJECT_SEQUENCE + old)))
		return SJ_SW_MEMORY_FAILURE;
	return set_keys(store, version, keys) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
}

/* P1: the version that is replaced, 00 for none; b8 (more follow) is no version that there is. */
uint16_t manager_put_key(struct card_call *call)
{
	struct card_store *store = card_store_of(call->card);
	const struct manager *m = call->state;
	uint8_t old = call->apdu->p1, version, kcv[3 * SJ_SCP03_KCV];
	struct sj_scp03_keys keys;
	uint16_t sw = SJ_SW_WRONG_DATA;

	if (old > VERSION_MAX)
		return SJ_SW_WRONG_P1P2;
	if (old != 0 && !has(store, old))
		return SJ_SW_REFERENCE_NOT_FOUND;
	if (sj_scp03_read_keys(call->apdu->data, m->dek_cipher, m->dek, &version, &keys, kcv) ==
	    SJ_SCP03_KEYS_GOOD) {
		sw = replace(store, old, version, &keys);
		sj_put_u8(call->out, version);
		sj_put(call->out, SJ_SPAN_OF(kcv));
	}
	sj_wipe(&keys, sizeof(keys));
	return sw;
}
