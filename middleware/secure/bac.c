#include "secure/bac.h"
#include "crypt/hash.h"
#include "crypt/kdf.h"
#include "crypt/wipe.h"

#include <string.h>

#define CONTENT_SIZE (2 * SJ_BAC_NONCE + SJ_BAC_KEYING)
#define SEED_SIZE 16u

/* Both keys from K_seed (9.7.1, 9.7.2). */
static bool two_keys(struct sj_span seed, uint8_t enc[static 16], uint8_t mac[static 16])
{
	uint8_t key[SJ_CIPHER_KEY_MAX];
	bool ok;

	ok = sj_kdf(SJ_CIPHER_3DES, seed, SJ_KDF_ENC, key);
	if (ok)
		memcpy(enc, key, 16);
	ok = ok && sj_kdf(SJ_CIPHER_3DES, seed, SJ_KDF_MAC, key);
	if (ok)
		memcpy(mac, key, 16);
	sj_wipe(key, sizeof(key));
	return ok;
}

bool sj_bac_keys(struct sj_span mrz_information, struct sj_bac_keys *out)
{
	uint8_t digest[SJ_HASH_MAX];
	bool ok;

	ok = sj_hash(SJ_SHA1, &mrz_information, 1, digest) &&
	     two_keys(sj_span(digest, SEED_SIZE), out->enc, out->mac);
	sj_wipe(digest, sizeof(digest));
	return ok;
}

/* The cryptogram fills whole blocks, so padding method 2 adds one more. */
static bool token_mac(const struct sj_bac_keys *keys, struct sj_span cryptogram,
		      uint8_t mac[static SJ_MAC_SIZE])
{
	static const uint8_t padding[8] = { 0x80 };
	const struct sj_span parts[] = { cryptogram, SJ_SPAN_OF(padding) };

	return sj_mac(SJ_CIPHER_3DES, keys->mac, parts, 2, mac);
}

bool sj_bac_token_seal(const struct sj_bac_keys *keys, const struct sj_bac_content *content,
		       uint8_t token[static SJ_BAC_TOKEN])
{
	uint8_t plain[CONTENT_SIZE];
	struct sj_writer w = SJ_WRITER_OF(plain);
	bool ok;

	sj_put(&w, SJ_SPAN_OF(content->rnd_own));
	sj_put(&w, SJ_SPAN_OF(content->rnd_peer));
	sj_put(&w, SJ_SPAN_OF(content->keying));
	ok = sj_cbc_encrypt(SJ_CIPHER_3DES, keys->enc, NULL, sj_written(&w), token) &&
	     token_mac(keys, sj_span(token, CONTENT_SIZE), token + CONTENT_SIZE);
	sj_wipe(plain, sizeof(plain));
	return ok;
}

bool sj_bac_token_open(const struct sj_bac_keys *keys, struct sj_span token,
		       struct sj_bac_content *content)
{
	uint8_t mac[SJ_MAC_SIZE], plain[CONTENT_SIZE];
	struct sj_span cryptogram, in = SJ_SPAN_OF(plain);
	bool ok;

	if (token.len != SJ_BAC_TOKEN || !sj_take(&token, CONTENT_SIZE, &cryptogram) ||
	    !token_mac(keys, cryptogram, mac) || !sj_equal_secret(token, SJ_SPAN_OF(mac)))
		return false;
	ok = sj_cbc_decrypt(SJ_CIPHER_3DES, keys->enc, NULL, cryptogram, plain) &&
	     sj_take_copy(&in, SJ_BAC_NONCE, content->rnd_own) &&
	     sj_take_copy(&in, SJ_BAC_NONCE, content->rnd_peer) &&
	     sj_take_copy(&in, SJ_BAC_KEYING, content->keying);
	sj_wipe(plain, sizeof(plain));
	return ok;
}

bool sj_bac_session(const uint8_t k_ifd[static SJ_BAC_KEYING],
		    const uint8_t k_ic[static SJ_BAC_KEYING],
		    const uint8_t rnd_ifd[static SJ_BAC_NONCE],
		    const uint8_t rnd_ic[static SJ_BAC_NONCE], struct sj_sm_keys *keys,
		    struct sj_ssc *ssc)
{
	uint8_t seed[SEED_SIZE];
	bool ok;

	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = k_ifd[i] ^ k_ic[i];
	memset(keys, 0, sizeof(*keys));
	keys->cipher = SJ_CIPHER_3DES;
	ok = two_keys(SJ_SPAN_OF(seed), keys->enc, keys->mac);
	memset(ssc, 0, sizeof(*ssc)); /* 9.8.6.3: the low halves of both nonces */
	memcpy(ssc->bytes, rnd_ic + 4, 4);
	memcpy(ssc->bytes + 4, rnd_ifd + 4, 4);
	sj_wipe(seed, sizeof(seed));
	return ok;
}
