/*
 * pkcs8.c -- private keys as files have them (RFC 5958), read and written without OpenSSL's coders: those
 * of 3.0 give back memory in which the key still stands.
 */
#include "crypt/internal.h"
#include "crypt/rsa.h"
#include "crypt/wipe.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

/* RFC 4055, 1.2 and 3.1. */
static const uint8_t rsa_encryption[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1 };
static const uint8_t rsassa_pss[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10 };

static const char *const rsa_names[SJ_RSA_PARTS] = {
	OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
	OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
	OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

/* The parts of OneAsymmetricKey (RFC 5958, 2): the content of the algorithm behind its OID, and the key. */
struct pkcs8 {
	struct sj_span oid, algorithm, key;
};

static bool parse(struct sj_span in, struct pkcs8 *out)
{
	struct sj_span body;
	uint32_t version;

	/* Behind the key: attributes, and in version 1 the public key. Neither is needed. */
	return sj_der_take(&in, 0x30, &body) && in.len == 0 && sj_der_take_small(&body, &version) &&
	       version <= 1 && sj_der_take(&body, 0x30, &out->algorithm) &&
	       sj_der_take(&out->algorithm, 0x06, &out->oid) &&
	       sj_der_take(&body, 0x04, &out->key) && sj_tlv_well_formed(body);
}

/* --- elliptic curves (RFC 5915, 3) ----------------------------------------------------------- */

static EVP_PKEY *ec_key(const struct pkcs8 *p)
{
	struct sj_span in = p->key, algorithm = p->algorithm, body, scalar;
	const enum sj_curve curve = sj_ec_take_curve(p->oid, &algorithm);
	struct sj_ec_secret secret = { .len = 0 };
	struct sj_ec_point point;
	EVP_PKEY *pkey = NULL;
	uint32_t version;

	if (curve != SJ_CURVE_NONE && algorithm.len == 0 && sj_der_take(&in, 0x30, &body) &&
	    in.len == 0 && sj_der_take_small(&body, &version) && version == 1 &&
	    sj_der_take(&body, 0x04, &scalar) && sj_tlv_well_formed(body) &&
	    sj_ec_secret_read(curve, scalar, &secret) &&
	    sj_ec_multiply(curve, &secret, NULL, &point))
		pkey = sj_pkey_ec(curve, &point, &secret);
	sj_wipe(&secret, sizeof(secret));
	return pkey;
}

bool sj_ec_private_put(struct sj_writer *w, enum sj_curve curve, const struct sj_ec_secret *secret,
		       const struct sj_ec_point *point)
{
	const size_t at = sj_tlv_open(w);
	size_t octets, key, public_key, bits;

	sj_tlv_put(w, 0x02, SJ_SPAN_STR("\0"));
	if (!sj_ec_put_algorithm(w, curve, false))
		return false;
	octets = sj_tlv_open(w);
	key = sj_tlv_open(w);
	sj_tlv_put(w, 0x02, SJ_SPAN_STR("\1"));
	sj_tlv_put(w, 0x04, sj_span(secret->bytes, secret->len));
	public_key = sj_tlv_open(w);
	bits = sj_tlv_open(w);
	sj_put_u8(w, 0); /* unused bits */
	sj_put(w, sj_ec_point_span(point));
	sj_tlv_close(w, 0x03, bits);
	sj_tlv_close(w, 0xA1, public_key);
	sj_tlv_close(w, 0x30, key);
	sj_tlv_close(w, 0x04, octets);
	sj_tlv_close(w, 0x30, at);
	return !w->failed;
}

/* --- RSA (RFC 8017, A.1.2) ------------------------------------------------------------------- */

bool sj_rsa_is_oid(struct sj_span oid, bool *pss)
{
	*pss = sj_span_eq(oid, SJ_SPAN_OF(rsassa_pss));
	return *pss || sj_span_eq(oid, SJ_SPAN_OF(rsa_encryption));
}

/* A key for PSS that names parameters is not taken: it may be good for others than ours. */
static bool rsa_parse(const struct pkcs8 *p, struct sj_span part[static SJ_RSA_PARTS], bool *pss)
{
	struct sj_span in = p->key, numbers, version;

	if (!sj_rsa_is_oid(p->oid, pss) || (*pss && p->algorithm.len != 0) ||
	    !sj_der_take(&in, 0x30, &numbers) || in.len != 0 ||
	    !sj_der_take(&numbers, 0x02, &version))
		return false;
	for (size_t i = 0; i < SJ_RSA_PARTS; i++)
		if (!sj_rsa_take_number(&numbers, &part[i]) || part[i].len == 0)
			return false;
	return numbers.len == 0 && part[SJ_RSA_N].len >= 64 && part[SJ_RSA_N].len <= SJ_RSA_MAX;
}

bool sj_rsa_private_parse(struct sj_span pkcs8, struct sj_span part[static SJ_RSA_PARTS], bool *pss)
{
	struct pkcs8 p;

	return parse(pkcs8, &p) && rsa_parse(&p, part, pss);
}

EVP_PKEY *sj_rsa_private_make(const char *type, BIGNUM *const bn[static SJ_RSA_PARTS])
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;
	bool ok = build != NULL;

	for (size_t i = 0; ok && i < SJ_RSA_PARTS; i++)
		ok = OSSL_PARAM_BLD_push_BN(build, rsa_names[i], bn[i]) == 1;
	if (ok)
		params = OSSL_PARAM_BLD_to_param(build);
	if (!sj_sure(params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1) ||
	    !sj_answered(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) == 1))
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

bool sj_rsa_numbers_new(BIGNUM *bn[static SJ_RSA_PARTS])
{
	bool ok = true;

	for (size_t i = 0; i < SJ_RSA_PARTS; i++) {
		bn[i] = BN_secure_new();
		ok = ok && bn[i] != NULL;
	}
	return sj_sure(ok);
}

void sj_rsa_numbers_free(BIGNUM *bn[static SJ_RSA_PARTS])
{
	for (size_t i = 0; i < SJ_RSA_PARTS; i++)
		BN_clear_free(bn[i]);
}

static EVP_PKEY *rsa_key(const struct pkcs8 *p)
{
	struct sj_span part[SJ_RSA_PARTS];
	BIGNUM *bn[SJ_RSA_PARTS];
	EVP_PKEY *pkey = NULL;
	bool ok, pss;

	if (!rsa_parse(p, part, &pss))
		return NULL;
	ok = sj_rsa_numbers_new(bn);
	for (size_t i = 0; ok && i < SJ_RSA_PARTS; i++)
		ok = BN_bin2bn(part[i].ptr, (int)part[i].len, bn[i]) != NULL;
	if (ok)
		pkey = sj_rsa_private_make(pss ? "RSA-PSS" : "RSA", bn);
	sj_rsa_numbers_free(bn);
	return sj_answered(pkey != NULL) ? pkey : NULL;
}

/* A number of the key as a DER INTEGER, by way of `bytes`. */
static bool put_number(struct sj_writer *w, const EVP_PKEY *pkey, const char *name,
		       uint8_t bytes[static 1 + SJ_RSA_MAX])
{
	BIGNUM *bn = BN_secure_new();
	int len = -1;

	if (bn != NULL && EVP_PKEY_get_bn_param(pkey, name, &bn) == 1)
		len = BN_num_bits(bn) / 8 + 1; /* no sign */
	if (len > 0 && len <= 1 + (int)SJ_RSA_MAX && BN_bn2binpad(bn, bytes, len) == len)
		sj_tlv_put(w, 0x02, sj_span(bytes, (size_t)len));
	else
		len = -1;
	BN_clear_free(bn);
	return sj_sure(len > 0);
}

bool sj_rsa_private_put(const EVP_PKEY *pkey, struct sj_writer *w)
{
	const bool pss = EVP_PKEY_is_a(pkey, "RSA-PSS") == 1;
	const size_t at = sj_tlv_open(w);
	uint8_t bytes[1 + SJ_RSA_MAX];
	size_t algorithm, octets, key;
	bool ok = true;

	sj_tlv_put(w, 0x02, SJ_SPAN_STR("\0"));
	algorithm = sj_tlv_open(w);
	sj_tlv_put(w, 0x06, pss ? SJ_SPAN_OF(rsassa_pss) : SJ_SPAN_OF(rsa_encryption));
	if (!pss)
		sj_tlv_put(w, 0x05, sj_span(NULL, 0));
	sj_tlv_close(w, 0x30, algorithm);
	octets = sj_tlv_open(w);
	key = sj_tlv_open(w);
	sj_tlv_put(w, 0x02, SJ_SPAN_STR("\0"));
	for (size_t i = 0; ok && i < SJ_RSA_PARTS; i++)
		ok = put_number(w, pkey, rsa_names[i], bytes);
	sj_wipe(bytes, sizeof(bytes));
	sj_tlv_close(w, 0x30, key);
	sj_tlv_close(w, 0x04, octets);
	sj_tlv_close(w, 0x30, at);
	return ok && !w->failed;
}

EVP_PKEY *sj_pkey_pkcs8(struct sj_span pkcs8)
{
	EVP_PKEY *pkey;
	struct pkcs8 p;

	if (!parse(pkcs8, &p))
		return NULL;
	pkey = ec_key(&p);
	return pkey != NULL ? pkey : rsa_key(&p);
}
