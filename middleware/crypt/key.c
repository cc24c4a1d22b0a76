#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/scheme.h"
#include "crypt/sign.h"
#include "crypt/wipe.h"

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
	struct sj_key_elsewhere how; /* how.sign NULL: the private half is in pkey */
};

/* Takes over pkey, also on failure. */
static struct sj_key *key_new(EVP_PKEY *pkey)
{
	struct sj_key *key = pkey != NULL ? calloc(1, sizeof(*key)) : NULL;
	char group[32];
	int bits;

	if (!sj_answered(pkey != NULL) || !sj_sure(key != NULL)) {
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
	struct sj_key *key = NULL;
	bool known = curve != SJ_CURVE_NONE;

	if (known)
		key = key_new(EVP_EC_gen(sj_curve_openssl_name(curve)));
	for (size_t i = 0; !known && i < sizeof(rsa) / sizeof(rsa[0]); i++) {
		known = strcmp(rsa[i].kind, kind) == 0;
		if (known)
			key = key_new(rsa_generate(rsa[i].type, rsa[i].bits));
	}
	sj_sure(key != NULL || !known);
	return key;
}

struct sj_key *sj_key_read(struct sj_span pkcs8)
{
	return pkcs8.len <= SJ_KEY_MAX ? key_new(sj_pkey_pkcs8(pkcs8)) : NULL;
}

struct sj_key *sj_key_elsewhere(struct sj_span spki, const struct sj_key_elsewhere *how)
{
	const unsigned char *at = spki.ptr;
	struct sj_ec_point point;
	enum sj_curve curve;
	struct sj_key *key;

	/* Not OpenSSL's reading of EC keys: theirs has no explicit parameters. */
	if (sj_ec_spki_read(spki, &curve, &point))
		key = key_new(sj_pkey_ec(curve, &point, NULL));
	else
		key = key_new(d2i_PUBKEY(NULL, &at, (long)spki.len));
	if (key != NULL)
		key->how = *how;
	return key;
}

struct sj_key *sj_key_from_ec(enum sj_curve curve, const struct sj_ec_secret *secret)
{
	struct sj_ec_point point;

	if (!sj_ec_multiply(curve, secret, NULL, &point))
		return NULL;
	return key_new(sj_pkey_ec(curve, &point, secret));
}

enum sj_curve sj_key_curve(const struct sj_key *key)
{
	return key->curve;
}

bool sj_key_get_point(const struct sj_key *key, enum sj_curve *curve, struct sj_ec_point *point)
{
	unsigned char *encoded = NULL;
	size_t n;
	bool ok;

	*curve = key->curve;
	if (key->curve == SJ_CURVE_NONE)
		return false;
	n = EVP_PKEY_get1_encoded_public_key(key->pkey, &encoded);
	ok = sj_sure(n > 0) && sj_ec_point_read(key->curve, sj_span(encoded, n), point);
	OPENSSL_free(encoded);
	return ok;
}

bool sj_key_put_public(const struct sj_key *key, bool explicit_form, struct sj_writer *w)
{
	struct sj_ec_point point;
	unsigned char *der = NULL;
	enum sj_curve curve;
	int n;

	if (key->curve != SJ_CURVE_NONE)
		return sj_key_get_point(key, &curve, &point) &&
		       sj_ec_spki_put(w, curve, &point, explicit_form);
	n = i2d_PUBKEY(key->pkey, &der);
	if (n > 0)
		sj_put(w, sj_span(der, (size_t)n));
	OPENSSL_free(der);
	return sj_sure(n > 0) && !w->failed;
}

bool sj_key_get_ec(const struct sj_key *key, enum sj_curve *curve, struct sj_ec_secret *secret,
		   struct sj_ec_point *point)
{
	BIGNUM *k = NULL;
	bool ok;

	secret->len = sj_curve_order_size(key->curve);
	ok = key->how.sign == NULL && sj_key_get_point(key, curve, point) &&
	     EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &k) == 1 &&
	     BN_bn2binpad(k, secret->bytes, (int)secret->len) == (int)secret->len;
	if (!ok && key->how.sign == NULL && key->curve != SJ_CURVE_NONE)
		sj_memory_note(); /* nothing else keeps from what is there */
	BN_clear_free(k);
	return sj_answered(ok);
}

bool sj_key_put(const struct sj_key *key, struct sj_writer *w)
{
	struct sj_ec_secret secret;
	struct sj_ec_point point;
	enum sj_curve curve;
	bool ok;

	if (key->how.sign != NULL)
		return false;
	if (key->curve == SJ_CURVE_NONE)
		return sj_rsa_private_put(key->pkey, w);
	ok = sj_key_get_ec(key, &curve, &secret, &point) &&
	     sj_ec_private_put(w, curve, &secret, &point);
	sj_wipe(&secret, sizeof(secret));
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

/* Bytes of what sj_key_sign_digest() gives. */
static size_t signature_size(const struct sj_key *key)
{
	if (key->curve != SJ_CURVE_NONE)
		return 2 * sj_curve_order_size(key->curve);
	return (size_t)EVP_PKEY_get_size(key->pkey);
}

static bool sign_here(const struct sj_key *key, const struct sj_scheme *scheme,
		      struct sj_span digest, struct sj_writer *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	const bool ec = key->curve != SJ_CURVE_NONE;
	uint8_t value[RSA_BITS_MAX / 8], plain[SJ_EC_SIGNATURE_MAX];
	const size_t size = signature_size(key);
	size_t n = sizeof(value);
	bool ok;

	sj_meter_count(ec ? SJ_METER_EC_SIGN : SJ_METER_RSA_PRIVATE, key->curve, ec ? 1 : size);
	ok = sj_sure(ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
		     (ec || sj_pkey_set_scheme(ctx, scheme)) &&
		     EVP_PKEY_sign(ctx, value, &n, digest.ptr, digest.len) == 1) &&
	     (!ec || sj_ecdsa_from_der(sj_span(value, n), size / 2, plain));
	sj_wipe_stack();
	EVP_PKEY_CTX_free(ctx);
	if (sj_answered(ok))
		sj_put(out, ec ? sj_span(plain, size) : sj_span(value, n));
	return ok;
}

bool sj_key_sign_digest(const struct sj_key *key, struct sj_span digest, struct sj_writer *out)
{
	const struct sj_scheme scheme = scheme_of(key);
	const size_t start = out->len;
	bool ok;

	if (digest.len != sj_hash_size(scheme.hash))
		return false;
	if (key->how.sign != NULL)
		ok = key->how.sign(key->how.user, scheme.hash, digest, out);
	else
		ok = sign_here(key, &scheme, digest, out);
	return ok && !out->failed && out->len - start == signature_size(key);
}

/* Hashes and signs. */
static bool sign_message(const struct sj_key *key, struct sj_span message, struct sj_writer *out)
{
	const enum sj_hash alg = sj_key_hash(key);
	uint8_t hash[SJ_HASH_MAX];

	return sj_hash(alg, &message, 1, hash) &&
	       sj_key_sign_digest(key, sj_span(hash, sj_hash_size(alg)), out);
}

bool sj_key_sign(const struct sj_key *key, struct sj_span message, struct sj_writer *algorithm,
		 struct sj_writer *signature)
{
	uint8_t plain[SJ_EC_SIGNATURE_MAX];
	struct sj_writer w = SJ_WRITER_OF(plain);

	if (!sj_key_put_algorithm(key, algorithm))
		return false;
	if (key->curve == SJ_CURVE_NONE)
		return sign_message(key, message, signature);
	return sign_message(key, message, &w) && sj_ecdsa_to_der(sj_written(&w), signature);
}

bool sj_key_sign_plain(const struct sj_key *key, struct sj_span message,
		       struct sj_writer *signature)
{
	return key->curve != SJ_CURVE_NONE && sign_message(key, message, signature);
}

void sj_key_free(struct sj_key *key)
{
	if (key == NULL)
		return;
	if (key->how.done != NULL)
		key->how.done(key->how.user);
	EVP_PKEY_free(key->pkey);
	free(key);
}
