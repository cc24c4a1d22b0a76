#include "crypt/internal.h"
#include "crypt/scheme.h"
#include "crypt/sign.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096

struct sj_key {
	EVP_PKEY *pkey;
	enum sj_curve curve; /* SJ_CURVE_NONE: RSA */
	bool pss; /* id-RSASSA-PSS */
};

/* Takes over pkey, also on failure. */
static struct sj_key *key_new(EVP_PKEY *pkey)
{
	struct sj_key *key = pkey != NULL ? calloc(1, sizeof(*key)) : NULL;
	char group[32];
	int bits;

	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	key->pkey = pkey;
	if (EVP_PKEY_is_a(pkey, "EC") == 1) {
		if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) == 1)
			key->curve = sj_curve_from_openssl_name(group);
		if (key->curve != SJ_CURVE_NONE)
			return key;
	} else if (EVP_PKEY_is_a(pkey, "RSA") == 1 || EVP_PKEY_is_a(pkey, "RSA-PSS") == 1) {
		key->pss = EVP_PKEY_is_a(pkey, "RSA-PSS") == 1;
		bits = EVP_PKEY_get_bits(pkey);
		if (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX)
			return key;
	}
	sj_key_free(key);
	return NULL;
}

/* Generates "RSA" or "RSA-PSS" of so many bits. */
static EVP_PKEY *rsa_generate(const char *type, int bits)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits) != 1 || EVP_PKEY_keygen(ctx, &pkey) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

struct sj_key *sj_key_generate(const char *kind)
{
	static const struct {
		const char *kind, *type;
		int bits;
	} rsa[] = {
		{ "RSA-2048", "RSA", 2048 },         { "RSA-3072", "RSA", 3072 },
		{ "RSA-4096", "RSA", 4096 },         { "RSA-PSS-2048", "RSA-PSS", 2048 },
		{ "RSA-PSS-3072", "RSA-PSS", 3072 }, { "RSA-PSS-4096", "RSA-PSS", 4096 },
	};
	enum sj_curve curve = sj_curve_from_name(kind);

	if (curve != SJ_CURVE_NONE)
		return key_new(EVP_EC_gen(sj_curve_openssl_name(curve)));
	for (size_t i = 0; i < sizeof(rsa) / sizeof(rsa[0]); i++)
		if (strcmp(rsa[i].kind, kind) == 0)
			return key_new(rsa_generate(rsa[i].type, rsa[i].bits));
	return NULL;
}

struct sj_key *sj_key_read(struct sj_span pkcs8)
{
	const unsigned char *at = pkcs8.ptr;
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *pkey = NULL;

	if (pkcs8.len > SJ_KEY_MAX)
		return NULL;
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)pkcs8.len);
	if (info != NULL && at == pkcs8.ptr + pkcs8.len)
		pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	return key_new(pkey);
}

bool sj_key_put(const struct sj_key *key, struct sj_writer *w)
{
	return sj_pkey_put_private(key->pkey, w);
}

static bool put_ec_public(const struct sj_key *key, bool explicit_form, struct sj_writer *w)
{
	struct sj_ec_point point;
	unsigned char *encoded = NULL;
	size_t n = EVP_PKEY_get1_encoded_public_key(key->pkey, &encoded);
	bool ok;

	ok = n > 0 && sj_ec_point_read(key->curve, sj_span(encoded, n), &point) &&
	     sj_ec_spki_put(w, key->curve, &point, explicit_form);
	OPENSSL_free(encoded);
	return ok;
}

bool sj_key_put_public(const struct sj_key *key, bool explicit_form, struct sj_writer *w)
{
	unsigned char *der = NULL;
	int n;

	if (key->curve != SJ_CURVE_NONE)
		return put_ec_public(key, explicit_form, w);
	n = i2d_PUBKEY(key->pkey, &der);
	if (n > 0)
		sj_put(w, sj_span(der, (size_t)n));
	OPENSSL_free(der);
	return n > 0 && !w->failed;
}

bool sj_key_get_ec(const struct sj_key *key, enum sj_curve *curve, struct sj_ec_secret *secret,
		   struct sj_ec_point *point)
{
	BIGNUM *k = NULL;
	bool ok;

	*curve = key->curve;
	secret->len = sj_curve_order_size(key->curve);
	ok = key->curve != SJ_CURVE_NONE &&
	     EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &k) == 1 &&
	     BN_bn2binpad(k, secret->bytes, (int)secret->len) == (int)secret->len &&
	     sj_ec_multiply(key->curve, secret, NULL, point);
	BN_clear_free(k);
	return ok;
}

enum sj_hash sj_key_hash(const struct sj_key *key)
{
	const size_t size = sj_curve_order_size(key->curve);

	if (size == 0 || size == 32)
		return SJ_SHA256;
	if (size < 32)
		return SJ_SHA224;
	return size <= 48 ? SJ_SHA384 : SJ_SHA512;
}

static struct sj_scheme scheme_of(const struct sj_key *key)
{
	const enum sj_hash hash = sj_key_hash(key);
	struct sj_scheme s = { SJ_SCHEME_ECDSA, hash, hash, (uint32_t)sj_hash_size(hash), false };

	if (key->curve == SJ_CURVE_NONE)
		s.kind = key->pss ? SJ_SCHEME_PSS : SJ_SCHEME_PKCS1;
	return s;
}

bool sj_key_put_algorithm(const struct sj_key *key, struct sj_writer *w)
{
	const struct sj_scheme scheme = scheme_of(key);

	return sj_scheme_put(&scheme, w);
}

static bool set_padding(EVP_PKEY_CTX *ctx, const struct sj_scheme *scheme)
{
	if (EVP_PKEY_CTX_set_signature_md(ctx, sj_hash_md(scheme->hash)) != 1)
		return false;
	if (scheme->kind != SJ_SCHEME_PSS)
		return true;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool sj_key_sign(const struct sj_key *key, struct sj_span message, struct sj_writer *algorithm,
		 struct sj_writer *signature)
{
	const struct sj_scheme scheme = scheme_of(key);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	uint8_t hash[SJ_HASH_MAX], value[RSA_BITS_MAX / 8];
	size_t n = sizeof(value);
	bool ok;

	ok = ctx != NULL && sj_hash(scheme.hash, &message, 1, hash) &&
	     EVP_PKEY_sign_init(ctx) == 1 && set_padding(ctx, &scheme) &&
	     EVP_PKEY_sign(ctx, value, &n, hash, sj_hash_size(scheme.hash)) == 1 &&
	     sj_scheme_put(&scheme, algorithm);
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return false;
	sj_put(signature, sj_span(value, n));
	return !signature->failed;
}

void sj_key_free(struct sj_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}
