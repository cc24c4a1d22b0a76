#include "gate/ticket.h"

#include "crypt/wipe.h"

#include <string.h>

#define FIELDS 45u
#define PLAIN (FIELDS + SJ_PRK_SIZE)

bool sj_ticket_issuer(struct sj_span iss, uint8_t out[static SJ_TICKET_ISSUER])
{
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &iss, 1, hash))
		return false;
	memcpy(out, hash, SJ_TICKET_ISSUER);
	return true;
}

/* Key and nonce of one ticket: 44 bytes. */
static bool derive(const uint8_t key[static SJ_TICKET_KEY], struct sj_span salt,
		   uint8_t out[static 44])
{
	const struct sj_span info = SJ_SPAN_STR("ticket");
	uint8_t prk[SJ_PRK_SIZE];
	struct sj_hmac *mac = NULL;
	bool ok;

	if (sj_hkdf_extract(salt, sj_span(key, SJ_TICKET_KEY), prk))
		mac = sj_hmac_new(SJ_SPAN_OF(prk));
	ok = mac != NULL && sj_hkdf_expand(mac, &info, 1, out, 44);
	sj_hmac_free(mac);
	sj_wipe(prk, sizeof(prk));
	return ok;
}

static void put_fields(struct sj_writer *w, const struct sj_ticket *t)
{
	sj_put_be(w, 4, t->issued);
	sj_put_be(w, 4, t->operator_id);
	sj_put_u8(w, t->sector);
	sj_put_be(w, 4, t->rights);
	sj_put_u8(w, t->class);
	sj_put_u8(w, t->ages);
	sj_put_be(w, 4, t->expires);
	sj_put_be(w, 2, t->status.partition);
	sj_put_be(w, 4, t->status.index);
	sj_put(w, SJ_SPAN_OF(t->pseudonym));
	sj_put(w, SJ_SPAN_OF(t->issuer));
	sj_put(w, SJ_SPAN_OF(t->psk));
}

static bool take_fields(struct sj_span in, struct sj_ticket *t)
{
	uint32_t partition;
	bool ok = sj_take_be(&in, 4, &t->issued) && sj_take_be(&in, 4, &t->operator_id) &&
		  sj_take_u8(&in, &t->sector) && sj_take_be(&in, 4, &t->rights) &&
		  sj_take_u8(&in, &t->class) && sj_take_u8(&in, &t->ages) &&
		  sj_take_be(&in, 4, &t->expires) && sj_take_be(&in, 2, &partition) &&
		  sj_take_be(&in, 4, &t->status.index) &&
		  sj_take_copy(&in, SJ_GATE_PSEUDONYM, t->pseudonym) &&
		  sj_take_copy(&in, SJ_TICKET_ISSUER, t->issuer) &&
		  sj_take_copy(&in, SJ_PRK_SIZE, t->psk) && in.len == 0;

	if (ok)
		t->status.partition = (uint16_t)partition;
	return ok;
}

bool sj_ticket_seal(const uint8_t key[static SJ_TICKET_KEY],
		    const uint8_t salt[static SJ_TICKET_SALT], const struct sj_ticket *t,
		    uint8_t out[static SJ_GATE_TICKET])
{
	struct sj_writer w = sj_writer(out, SJ_GATE_TICKET);
	uint8_t keys[44], bytes[PLAIN];
	struct sj_writer plain = SJ_WRITER_OF(bytes);
	bool ok;

	sj_put(&w, sj_span(salt, SJ_TICKET_SALT));
	put_fields(&plain, t);
	ok = !plain.failed && derive(key, sj_span(salt, SJ_TICKET_SALT), keys) &&
	     sj_aead_seal(SJ_AES_256_GCM, keys, keys + SJ_AEAD_KEY_MAX, sj_span(NULL, 0),
			  sj_written(&plain), &w) &&
	     w.len == SJ_GATE_TICKET;
	sj_wipe(keys, sizeof(keys));
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

bool sj_ticket_open(const uint8_t key[static SJ_TICKET_KEY], struct sj_span sealed,
		    struct sj_ticket *t)
{
	uint8_t keys[44], bytes[PLAIN];
	struct sj_writer plain = SJ_WRITER_OF(bytes);
	struct sj_span salt;
	bool ok;

	if (sealed.len != SJ_GATE_TICKET || !sj_take(&sealed, SJ_TICKET_SALT, &salt))
		return false;
	ok = derive(key, salt, keys) &&
	     sj_aead_open(SJ_AES_256_GCM, keys, keys + SJ_AEAD_KEY_MAX, sj_span(NULL, 0), sealed,
			  &plain) &&
	     take_fields(sj_written(&plain), t);
	sj_wipe(keys, sizeof(keys));
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}
