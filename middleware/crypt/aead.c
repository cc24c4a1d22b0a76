#include "crypt/aead.h"

#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/wipe.h"

#include <limits.h>
#include <openssl/evp.h>

size_t sj_aead_key_size(enum sj_aead alg)
{
	return alg == SJ_AES_256_GCM ? 32 : 16;
}

size_t sj_aead_nonce_size(enum sj_aead alg)
{
	return alg == SJ_AES_256_GCM ? 12 : 13;
}

size_t sj_aead_tag_size(enum sj_aead alg)
{
	return alg == SJ_AES_CCM_16_64_128 ? 8 : 16;
}

/*
 * A context with sizes, key and nonce set. CCM wants the tag (or its size)
 * before the key, and the length of the text before the associated data.
 */
static EVP_CIPHER_CTX *begin(enum sj_aead alg, const uint8_t *key, const uint8_t *nonce,
			     uint8_t *tag, int text, bool seal)
{
	const EVP_CIPHER *cipher = alg == SJ_AES_256_GCM ? EVP_aes_256_gcm() : EVP_aes_128_ccm();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, direction = seal ? 1 : 0;
	bool ok;

	ok = ctx != NULL && EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, direction) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)sj_aead_nonce_size(alg),
				 NULL) == 1;
	if (ok && (!seal || alg != SJ_AES_256_GCM))
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)sj_aead_tag_size(alg),
					 tag) == 1;
	ok = ok && EVP_CipherInit_ex(ctx, NULL, NULL, key, nonce, direction) == 1;
	if (ok && alg != SJ_AES_256_GCM)
		ok = EVP_CipherUpdate(ctx, NULL, &n, NULL, text) == 1;
	if (sj_sure(ok))
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

/*
 * Text from `in` to `out`. CCM must see even an empty text once, and checks
 * the tag there, not at the end.
 */
static bool run(EVP_CIPHER_CTX *ctx, enum sj_aead alg, struct sj_span aad, struct sj_span in,
		uint8_t *out, bool seal)
{
	static const uint8_t nothing[1];
	uint8_t spare[SJ_AEAD_TAG_MAX];
	const uint8_t *from = in.len > 0 ? in.ptr : nothing;
	int n;

	if (aad.len > 0 && EVP_CipherUpdate(ctx, NULL, &n, aad.ptr, (int)aad.len) != 1)
		return false;
	if ((in.len > 0 || alg != SJ_AES_256_GCM) &&
	    EVP_CipherUpdate(ctx, in.len > 0 ? out : spare, &n, from, (int)in.len) != 1)
		return false;
	if (!seal && alg != SJ_AES_256_GCM)
		return true;
	return EVP_CipherFinal_ex(ctx, spare, &n) == 1;
}

bool sj_aead_seal(enum sj_aead alg, const uint8_t *key, const uint8_t *nonce, struct sj_span aad,
		  struct sj_span plain, struct sj_writer *out)
{
	const size_t tag = sj_aead_tag_size(alg);
	EVP_CIPHER_CTX *ctx = NULL;
	bool ok = false;

	if (out->failed || aad.len > INT_MAX || plain.len > INT_MAX / 2 ||
	    plain.len + tag > out->cap - out->len)
		return false;
	sj_meter_cipher(aad.len + plain.len);
	ctx = begin(alg, key, nonce, NULL, (int)plain.len, true);
	ok = ctx != NULL && run(ctx, alg, aad, plain, out->ptr + out->len, true) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)tag,
				 out->ptr + out->len + plain.len) == 1;
	if (ok)
		out->len += plain.len + tag;
	EVP_CIPHER_CTX_free(ctx);
	return sj_sure(ok);
}

bool sj_aead_open(enum sj_aead alg, const uint8_t *key, const uint8_t *nonce, struct sj_span aad,
		  struct sj_span sealed, struct sj_writer *out)
{
	const size_t size = sj_aead_tag_size(alg);
	uint8_t tag[SJ_AEAD_TAG_MAX];
	struct sj_span text, rest = sealed;
	EVP_CIPHER_CTX *ctx = NULL;
	bool ok = false;

	if (sealed.len < size || !sj_take(&rest, sealed.len - size, &text) ||
	    !sj_take_copy(&rest, size, tag) || out->failed || aad.len > INT_MAX ||
	    text.len > INT_MAX || text.len > out->cap - out->len)
		return false;
	sj_meter_cipher(aad.len + text.len);
	ctx = begin(alg, key, nonce, tag, (int)text.len, false);
	ok = ctx != NULL && run(ctx, alg, aad, text, out->ptr + out->len, false);
	if (ok)
		out->len += text.len;
	else if (text.len > 0)
		sj_wipe(out->ptr + out->len, text.len);
	EVP_CIPHER_CTX_free(ctx);
	return sj_answered(ok);
}
