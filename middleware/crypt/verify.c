#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/rsa.h"
#include "crypt/scheme.h"
#include "crypt/sign.h"
#include "crypt/x509.h"

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

/* By OpenSSL's own rule: the DER of a signature, and nothing but DER. */
static bool ecdsa_verify(struct sj_span spki, struct sj_span hash, struct sj_span signature)
{
	uint8_t plain[SJ_EC_SIGNATURE_MAX], again[SJ_ECDSA_DER_MAX];
	struct sj_writer w = SJ_WRITER_OF(again);
	struct sj_ec_point point;
	struct sj_span both;
	enum sj_curve curve;
	size_t half;

	if (!sj_ec_spki_read(spki, &curve, &point))
		return false;
	half = sj_curve_order_size(curve);
	both = sj_span(plain, 2 * half);
	return sj_ecdsa_from_der(signature, half, plain) && sj_ecdsa_to_der(both, &w) &&
	       sj_span_eq(sj_written(&w), signature) && sj_ec_verify(curve, &point, hash, both);
}

static bool rsa_verify(struct sj_span spki, const struct sj_scheme *scheme, struct sj_span hash,
		       struct sj_span signature)
{
	EVP_PKEY *pkey = sj_pkey_rsa(spki);
	EVP_PKEY_CTX *ctx = NULL;
	int answer = 0;

	if (pkey != NULL) {
		sj_meter_count(SJ_METER_RSA_PUBLIC, SJ_CURVE_NONE, (size_t)EVP_PKEY_get_size(pkey));
		ctx = EVP_PKEY_CTX_new(pkey, NULL);
	}
	if (pkey != NULL && sj_sure(ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
				    sj_pkey_set_scheme(ctx, scheme)))
		answer = EVP_PKEY_verify(ctx, signature.ptr, signature.len, hash.ptr, hash.len);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(answer == 1);
}

bool sj_signature_verify(struct sj_span spki, struct sj_span algorithm, enum sj_hash digest,
			 struct sj_span message, struct sj_span signature)
{
	uint8_t hash[SJ_HASH_MAX];
	struct sj_scheme scheme;
	struct sj_span hashed;

	if (!sj_scheme_read(algorithm, &scheme))
		return false;
	if (scheme.hash == SJ_HASH_NONE)
		scheme.hash = scheme.mgf_hash = digest;
	if (scheme.salt > SJ_RSA_MAX || !key_allows(spki, &scheme) ||
	    !sj_hash(scheme.hash, &message, 1, hash))
		return false;
	hashed = sj_span(hash, sj_hash_size(scheme.hash));
	return scheme.kind == SJ_SCHEME_ECDSA ? ecdsa_verify(spki, hashed, signature)
					      : rsa_verify(spki, &scheme, hashed, signature);
}

/* Here, so that who only reads certificates needs no OpenSSL. */
bool sj_cert_signed_by(const struct sj_cert *cert, struct sj_span spki)
{
	return sj_signature_verify(spki, cert->signature_algorithm, SJ_HASH_NONE, cert->tbs,
				   cert->signature);
}
