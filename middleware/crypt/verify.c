#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/rsa.h"
#include "crypt/scheme.h"
#include "crypt/sign.h"
#include "crypt/x509.h"

#include <openssl/rsa.h>

/* Whether this key may be used with this scheme (RFC 4055, 3.3, for PSS keys). */
static bool key_allows(struct sj_span spki, const struct sj_scheme *scheme)
{
	struct sj_scheme limit;
	struct sj_rsa_key key;

	if (!sj_rsa_spki_parse(spki, &key))
		return scheme->kind == SJ_SCHEME_ECDSA;
	if (!key.pss)
		return scheme->kind != SJ_SCHEME_ECDSA;
	if (scheme->kind != SJ_SCHEME_PSS)
		return false;
	if (key.pss_parameters.len == 0)
		return true;
	return sj_scheme_read_pss(key.pss_parameters, &limit) && limit.hash == scheme->hash &&
	       limit.mgf_hash == scheme->mgf_hash &&
	       (scheme->salt_unknown || scheme->salt >= limit.salt);
}

static bool set_scheme(EVP_PKEY_CTX *ctx, const struct sj_scheme *scheme)
{
	const bool pss = scheme->kind == SJ_SCHEME_PSS;

	if (EVP_PKEY_CTX_set_signature_md(ctx, sj_hash_md(scheme->hash)) != 1)
		return false;
	if (scheme->kind == SJ_SCHEME_ECDSA)
		return true;
	if (EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1)
		return false;
	return !pss ||
	       (EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, sj_hash_md(scheme->mgf_hash)) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(
			ctx, scheme->salt_unknown ? RSA_PSS_SALTLEN_AUTO : (int)scheme->salt) == 1);
}

static void meter(const EVP_PKEY *key)
{
	char group[32] = "";

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1)
		sj_meter_count(SJ_METER_EC_VERIFY, sj_curve_from_openssl_name(group), 1);
	else
		sj_meter_count(SJ_METER_RSA_PUBLIC, SJ_CURVE_NONE, (size_t)EVP_PKEY_get_size(key));
}

bool sj_signature_verify(struct sj_span spki, struct sj_span algorithm, enum sj_hash digest,
			 struct sj_span message, struct sj_span signature)
{
	uint8_t hash[SJ_HASH_MAX];
	struct sj_scheme scheme;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;
	int answer = 0;

	if (!sj_scheme_read(algorithm, &scheme))
		return false;
	if (scheme.hash == SJ_HASH_NONE)
		scheme.hash = scheme.mgf_hash = digest;
	if (scheme.salt > SJ_RSA_MAX || !key_allows(spki, &scheme) ||
	    !sj_hash(scheme.hash, &message, 1, hash))
		return false;
	pkey = sj_pkey_spki(spki);
	if (pkey != NULL) {
		meter(pkey);
		ctx = EVP_PKEY_CTX_new(pkey, NULL);
	}
	if (pkey != NULL &&
	    sj_sure(ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 && set_scheme(ctx, &scheme)))
		answer = EVP_PKEY_verify(ctx, signature.ptr, signature.len, hash,
					 sj_hash_size(scheme.hash));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(answer == 1);
}

/* Here, so that who only reads certificates needs no OpenSSL. */
bool sj_cert_signed_by(const struct sj_cert *cert, struct sj_span spki)
{
	return sj_signature_verify(spki, cert->signature_algorithm, SJ_HASH_NONE, cert->tbs,
				   cert->signature);
}
