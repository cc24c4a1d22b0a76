#include "crypt/rsa.h"
#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/wipe.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

/* RFC 4055, 1.2 and 3.1. */
static const uint8_t rsa_encryption[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1 };
static const uint8_t rsassa_pss[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10 };

#define PUBLIC_MAX 1024u /* bytes of a modulus whose signatures are verified: 8192 bits */
#define PUBLIC_MIN 128u /* the same: smaller ones can be factored, and prove nothing */

/*
 * An INTEGER of at most PUBLIC_MAX bytes, leading zeros removed. None of these
 * is negative: a set high bit is a forgotten zero, as some DG15 have it.
 */
static bool take_number(struct sj_span *in, struct sj_span *out)
{
	struct sj_span n;

	if (!sj_der_take(in, 0x02, &n))
		return false;
	while (n.len > 0 && n.ptr[0] == 0)
		n = sj_span(n.ptr + 1, n.len - 1);
	*out = n;
	return n.len <= PUBLIC_MAX;
}

/* Odd and greater than 1: with 1, everything is its own signature. */
static bool is_exponent(struct sj_span e)
{
	return e.len > 0 && (e.ptr[e.len - 1] & 1) != 0 && (e.len > 1 || e.ptr[0] > 1);
}

bool sj_rsa_spki_parse(struct sj_span spki, struct sj_rsa_key *out)
{
	struct sj_span body, algorithm, oid, bits, key;
	struct sj_rsa_key got = { .pss = false };
	uint8_t unused;

	if (!sj_der_take(&spki, 0x30, &body) || spki.len != 0 ||
	    !sj_der_take(&body, 0x30, &algorithm) || !sj_der_take(&algorithm, 0x06, &oid) ||
	    !sj_der_take(&body, 0x03, &bits) || body.len != 0)
		return false;
	got.pss = sj_span_eq(oid, SJ_SPAN_OF(rsassa_pss));
	if (!got.pss && !sj_span_eq(oid, SJ_SPAN_OF(rsa_encryption)))
		return false;
	if (got.pss)
		got.pss_parameters = algorithm;
	if (!sj_take_u8(&bits, &unused) || unused != 0 || !sj_der_take(&bits, 0x30, &key) ||
	    bits.len != 0 || !take_number(&key, &got.n) || !take_number(&key, &got.e) ||
	    key.len != 0 || got.n.len < PUBLIC_MIN || !is_exponent(got.e))
		return false;
	*out = got;
	return true;
}

size_t sj_rsa_modulus_size(struct sj_span spki)
{
	struct sj_rsa_key key;

	return sj_rsa_spki_parse(spki, &key) && key.n.len <= SJ_RSA_MAX ? key.n.len : 0;
}

/* RSAPrivateKey of RFC 8017, A.1.2: the numbers in their order there. */
enum part { PART_N, PART_E, PART_D, PART_P, PART_Q, PART_DP, PART_DQ, PART_QINV, PARTS };

/* The parts of a PKCS#8 key (RFC 5208, 5); spans into it. */
static bool private_parse(struct sj_span pkcs8, struct sj_span part[static PARTS])
{
	struct sj_span body, version, algorithm, oid, key, numbers;

	if (!sj_der_take(&pkcs8, 0x30, &body) || pkcs8.len != 0 ||
	    !sj_der_take(&body, 0x02, &version) || !sj_der_take(&body, 0x30, &algorithm) ||
	    !sj_der_take(&algorithm, 0x06, &oid) || !sj_span_eq(oid, SJ_SPAN_OF(rsa_encryption)) ||
	    !sj_der_take(&body, 0x04, &key) || !sj_der_take(&key, 0x30, &numbers) || key.len != 0 ||
	    !sj_der_take(&numbers, 0x02, &version))
		return false;
	for (size_t i = 0; i < PARTS; i++)
		if (!take_number(&numbers, &part[i]) || part[i].len == 0)
			return false;
	return numbers.len == 0 && part[PART_N].len >= 64 && part[PART_N].len <= SJ_RSA_MAX;
}

size_t sj_rsa_private_size(struct sj_span pkcs8)
{
	struct sj_span part[PARTS];

	return private_parse(pkcs8, part) ? part[PART_N].len : 0;
}

static EVP_PKEY *private_key(struct sj_span pkcs8)
{
	static const char *const names[PARTS] = {
		OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
		OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
		OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	};
	struct sj_span part[PARTS];
	BIGNUM *bn[PARTS] = { NULL };
	OSSL_PARAM_BLD *build = NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;
	bool ok;

	if (!private_parse(pkcs8, part))
		return NULL;
	build = OSSL_PARAM_BLD_new();
	ok = build != NULL;
	for (size_t i = 0; ok && i < PARTS; i++) { /* secure numbers are wiped by OpenSSL */
		bn[i] = BN_secure_new();
		ok = bn[i] != NULL && BN_bin2bn(part[i].ptr, (int)part[i].len, bn[i]) != NULL &&
		     OSSL_PARAM_BLD_push_BN(build, names[i], bn[i]) == 1;
	}
	if (ok)
		params = OSSL_PARAM_BLD_to_param(build);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	for (size_t i = 0; i < PARTS; i++)
		BN_clear_free(bn[i]);
	return pkey;
}

static bool put_spki(const EVP_PKEY *pkey, struct sj_writer *w)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	if (n > 0)
		sj_put(w, sj_span(der, (size_t)n));
	OPENSSL_free(der);
	return n > 0 && !w->failed;
}

bool sj_rsa_generate(unsigned bits, struct sj_writer *pkcs8, struct sj_writer *spki)
{
	EVP_PKEY *pkey;
	bool ok;

	if (bits != 2048 && bits != 3072 && bits != 4096)
		return false;
	pkey = EVP_RSA_gen(bits);
	ok = pkey != NULL && sj_pkey_put_private(pkey, pkcs8) && put_spki(pkey, spki);
	EVP_PKEY_free(pkey);
	return ok;
}

bool sj_rsa_public(struct sj_span spki, struct sj_span in, uint8_t out[static SJ_RSA_MAX])
{
	const size_t size = sj_rsa_modulus_size(spki);
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	size_t n = SJ_RSA_MAX;
	bool ok;

	if (size == 0 || in.len != size)
		return false;
	sj_meter_count(SJ_METER_RSA_PUBLIC, SJ_CURVE_NONE, size);
	pkey = sj_pkey_rsa(spki);
	if (pkey != NULL)
		ctx = EVP_PKEY_CTX_new(pkey, NULL);
	ok = ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	     EVP_PKEY_encrypt(ctx, out, &n, in.ptr, in.len) == 1 && n == size;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

bool sj_rsa_private(struct sj_span pkcs8, struct sj_span in, uint8_t out[static SJ_RSA_MAX])
{
	EVP_PKEY *pkey = private_key(pkcs8);
	EVP_PKEY_CTX *ctx = NULL;
	size_t n = SJ_RSA_MAX;
	bool ok = false;

	if (pkey == NULL || in.len != (size_t)EVP_PKEY_get_size(pkey))
		goto out;
	sj_meter_count(SJ_METER_RSA_PRIVATE, SJ_CURVE_NONE, in.len);
	ctx = EVP_PKEY_CTX_new(pkey, NULL);
	ok = ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
	     EVP_PKEY_decrypt(ctx, out, &n, in.ptr, in.len) == 1 && n == in.len;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}

bool sj_rsa_complement(struct sj_span spki, struct sj_span in, uint8_t out[static SJ_RSA_MAX])
{
	struct sj_rsa_key key;
	unsigned borrow = 0;

	if (!sj_rsa_spki_parse(spki, &key) || key.n.len > SJ_RSA_MAX || in.len != key.n.len)
		return false;
	for (size_t i = in.len; i > 0; i--) {
		unsigned d = 0x100u + key.n.ptr[i - 1] - in.ptr[i - 1] - borrow;

		out[i - 1] = (uint8_t)d;
		borrow = 1 - (d >> 8);
	}
	return borrow == 0;
}
