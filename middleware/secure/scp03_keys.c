/* scp03_keys.c -- keys on their way into a card, and what tells them apart. */
#include "crypt/wipe.h"
#include "secure/scp03.h"

#include <string.h>

#define BLOCK SJ_CIPHER_BLOCK_MAX
#define TYPE_AES 0x88u
#define KEYS 3u

bool sj_scp03_kcv(enum sj_cipher cipher, const uint8_t *key, uint8_t out[static SJ_SCP03_KCV])
{
	uint8_t block[BLOCK];
	bool ok;

	if (cipher == SJ_CIPHER_3DES)
		return false;
	memset(block, 0x01, sizeof(block));
	ok = sj_cbc_encrypt(cipher, key, NULL, SJ_SPAN_OF(block), block);
	memcpy(out, block, SJ_SCP03_KCV);
	return ok;
}

static size_t whole_blocks(size_t n)
{
	return (n + BLOCK - 1) / BLOCK * BLOCK;
}

/* Amendment D, 7.2.1, table 7-10: type, length, the key's own size, cryptogram, check value. */
static bool put_key(struct sj_writer *w, enum sj_cipher cipher, const uint8_t *key,
		    enum sj_cipher dek_cipher, const uint8_t *dek)
{
	const size_t size = sj_cipher_key_size(cipher), n = whole_blocks(size);
	uint8_t padded[SJ_CIPHER_KEY_MAX] = { 0 }, kcv[SJ_SCP03_KCV], *at;
	bool ok;

	memcpy(padded, key, size);
	sj_put_u8(w, TYPE_AES);
	sj_put_u8(w, (uint8_t)(1 + n));
	sj_put_u8(w, (uint8_t)size);
	at = sj_put_space(w, n);
	ok = at != NULL && sj_cbc_encrypt(dek_cipher, dek, NULL, sj_span(padded, n), at) &&
	     sj_scp03_kcv(cipher, key, kcv);
	if (ok) {
		sj_put_u8(w, sizeof(kcv));
		sj_put(w, SJ_SPAN_OF(kcv));
	}
	sj_wipe(padded, sizeof(padded));
	return ok && !w->failed;
}

bool sj_scp03_put_keys(struct sj_writer *w, uint8_t version, const struct sj_scp03_keys *fresh,
		       enum sj_cipher dek_cipher, const uint8_t *dek)
{
	const enum sj_cipher c = fresh->cipher;

	sj_put_u8(w, version);
	return put_key(w, c, fresh->enc, dek_cipher, dek) &&
	       put_key(w, c, fresh->mac, dek_cipher, dek) &&
	       put_key(w, c, fresh->dek, dek_cipher, dek);
}

struct component {
	enum sj_cipher cipher;
	struct sj_span cryptogram, kcv;
};

/*
 * Whole blocks need no padding, and so may come without the key's own size in front (Card
 * Specification 2.3.1, tables 11-70 and 11-71).
 */
static bool take_component(struct sj_span *in, struct component *out)
{
	struct sj_span body;
	uint8_t type, len, size, kcv;

	if (!sj_take_u8(in, &type) || type != TYPE_AES || !sj_take_u8(in, &len) ||
	    !sj_take(in, len, &body))
		return false;
	size = len;
	if (len % BLOCK != 0 && !sj_take_u8(&body, &size))
		return false;
	out->cryptogram = body;
	return sj_aes_of_key_size(size, &out->cipher) && body.len == whole_blocks(size) &&
	       sj_take_u8(in, &kcv) && kcv == SJ_SCP03_KCV && sj_take(in, kcv, &out->kcv);
}

static bool take_components(struct sj_span in, uint8_t *version, struct component out[static KEYS])
{
	if (!sj_take_u8(&in, version))
		return false;
	for (size_t i = 0; i < KEYS; i++)
		if (!take_component(&in, &out[i]) || out[i].cipher != out[0].cipher)
			return false;
	return in.len == 0;
}

enum sj_scp03_key_fault sj_scp03_read_keys(struct sj_span data, enum sj_cipher dek_cipher,
					   const uint8_t *dek, uint8_t *version,
					   struct sj_scp03_keys *out,
					   uint8_t kcv[static 3 * SJ_SCP03_KCV])
{
	enum sj_scp03_key_fault fault = SJ_SCP03_KEYS_MALFORMED;
	struct sj_scp03_keys keys = { .cipher = SJ_CIPHER_AES128 };
	uint8_t *const to[KEYS] = { keys.enc, keys.mac, keys.dek };
	uint8_t number, checks[KEYS * SJ_SCP03_KCV];
	struct component c[KEYS];

	if (dek_cipher == SJ_CIPHER_3DES || !take_components(data, &number, c))
		goto out;
	keys.cipher = c[0].cipher;
	fault = SJ_SCP03_KEYS_CHECK;
	for (size_t i = 0; i < KEYS; i++) {
		uint8_t *check = checks + i * SJ_SCP03_KCV;

		if (!sj_cbc_decrypt(dek_cipher, dek, NULL, c[i].cryptogram, to[i]) ||
		    !sj_scp03_kcv(keys.cipher, to[i], check) ||
		    !sj_equal_secret(sj_span(check, SJ_SCP03_KCV), c[i].kcv))
			goto out;
	}
	*version = number;
	*out = keys;
	memcpy(kcv, checks, sizeof(checks));
	fault = SJ_SCP03_KEYS_GOOD;
out:
	sj_wipe(&keys, sizeof(keys));
	return fault;
}
