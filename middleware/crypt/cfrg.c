#include "crypt/cfrg.h"
#include "crypt/internal.h"

#include <openssl/evp.h>

static bool public_of(int type, const uint8_t key[static SJ_CFRG_KEY],
		      uint8_t out[static SJ_CFRG_KEY])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(type, NULL, key, SJ_CFRG_KEY);
	size_t n = SJ_CFRG_KEY;
	bool ok = pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, out, &n) == 1;

	EVP_PKEY_free(pkey);
	return sj_sure(ok);
}

bool sj_x25519_public(const uint8_t key[static SJ_CFRG_KEY], uint8_t out[static SJ_CFRG_KEY])
{
	return public_of(EVP_PKEY_X25519, key, out);
}

bool sj_ed25519_public(const uint8_t key[static SJ_CFRG_KEY], uint8_t out[static SJ_CFRG_KEY])
{
	return public_of(EVP_PKEY_ED25519, key, out);
}

/* OpenSSL's X25519 fails by itself when the result is all zeros. */
bool sj_x25519_agree(const uint8_t key[static SJ_CFRG_KEY], const uint8_t peer[static SJ_CFRG_KEY],
		     uint8_t out[static SJ_CFRG_KEY])
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, key, SJ_CFRG_KEY);
	EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, SJ_CFRG_KEY);
	EVP_PKEY_CTX *ctx = own != NULL ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t n = SJ_CFRG_KEY;
	bool ok;

	ok = ctx != NULL && other != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	     EVP_PKEY_derive_set_peer(ctx, other) == 1 && EVP_PKEY_derive(ctx, out, &n) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	EVP_PKEY_free(own);
	return sj_answered(ok);
}

bool sj_ed25519_sign(const uint8_t key[static SJ_CFRG_KEY], struct sj_span message,
		     uint8_t out[static SJ_ED25519_SIGNATURE])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, SJ_CFRG_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = SJ_ED25519_SIGNATURE;
	bool ok;

	ok = pkey != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	     EVP_DigestSign(ctx, out, &n, message.ptr, message.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(ok);
}

bool sj_ed25519_verify(const uint8_t key[static SJ_CFRG_KEY], struct sj_span message,
		       const uint8_t signature[static SJ_ED25519_SIGNATURE])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, SJ_CFRG_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = pkey != NULL && ctx != NULL &&
	     EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	     EVP_DigestVerify(ctx, signature, SJ_ED25519_SIGNATURE, message.ptr, message.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(ok);
}
