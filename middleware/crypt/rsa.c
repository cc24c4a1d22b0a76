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

/* A key object of these numbers, which stay the caller's. */
static EVP_PKEY *private_make(BIGNUM *const bn[static PARTS])
{
	static const char *const names[PARTS] = {
		OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
		OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
		OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	};
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;
	bool ok = build != NULL;

	for (size_t i = 0; ok && i < PARTS; i++)
		ok = OSSL_PARAM_BLD_push_BN(build, names[i], bn[i]) == 1;
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

/* Secure numbers, which OpenSSL wipes. False: some are missing. */
static bool numbers_new(BIGNUM *bn[static PARTS])
{
	bool ok = true;

	for (size_t i = 0; i < PARTS; i++) {
		bn[i] = BN_secure_new();
		ok = ok && bn[i] != NULL;
	}
	return sj_sure(ok);
}

static void numbers_free(BIGNUM *bn[static PARTS])
{
	for (size_t i = 0; i < PARTS; i++)
		BN_clear_free(bn[i]);
}

static EVP_PKEY *private_key(struct sj_span pkcs8)
{
	struct sj_span part[PARTS];
	BIGNUM *bn[PARTS];
	EVP_PKEY *pkey = NULL;
	bool ok;

	if (!private_parse(pkcs8, part))
		return NULL;
	ok = numbers_new(bn);
	for (size_t i = 0; ok && i < PARTS; i++)
		ok = BN_bin2bn(part[i].ptr, (int)part[i].len, bn[i]) != NULL;
	if (ok)
		pkey = private_make(bn);
	numbers_free(bn);
	return sj_answered(pkey != NULL) ? pkey : NULL;
}

/* n and d of p, q and e; `t` is room to work. */
static bool complete(BIGNUM *bn[static PARTS], BIGNUM *t[static 3], BN_CTX *ctx)
{
	BN_set_flags(bn[PART_P], BN_FLG_CONSTTIME);
	BN_set_flags(bn[PART_Q], BN_FLG_CONSTTIME);
	if (BN_mul(bn[PART_N], bn[PART_P], bn[PART_Q], ctx) != 1 ||
	    BN_sub(t[0], bn[PART_P], BN_value_one()) != 1 ||
	    BN_sub(t[1], bn[PART_Q], BN_value_one()) != 1 || BN_gcd(t[2], t[0], t[1], ctx) != 1 ||
	    BN_mul(bn[PART_D], t[0], t[1], ctx) != 1 ||
	    BN_div(t[2], NULL, bn[PART_D], t[2], ctx) != 1)
		return false;
	return BN_mod_inverse(bn[PART_D], bn[PART_E], t[2], ctx) != NULL;
}

/* Whether dP, dQ and qInv are those of the rest. */
static bool belong(BIGNUM *bn[static PARTS], BIGNUM *t[static 3], BN_CTX *ctx)
{
	return BN_mod(t[2], bn[PART_D], t[0], ctx) == 1 && BN_cmp(t[2], bn[PART_DP]) == 0 &&
	       BN_mod(t[2], bn[PART_D], t[1], ctx) == 1 && BN_cmp(t[2], bn[PART_DQ]) == 0 &&
	       BN_mod_inverse(t[2], bn[PART_Q], bn[PART_P], ctx) != NULL &&
	       BN_cmp(t[2], bn[PART_QINV]) == 0;
}

static bool is_key(BIGNUM *bn[static PARTS], unsigned bits, BN_CTX *ctx)
{
	BIGNUM *t[3];
	bool ok;

	BN_CTX_start(ctx);
	for (size_t i = 0; i < 3; i++)
		t[i] = BN_CTX_get(ctx);
	ok = t[2] != NULL && BN_is_odd(bn[PART_P]) && BN_is_odd(bn[PART_Q]) &&
	     BN_cmp(bn[PART_P], bn[PART_Q]) != 0 && complete(bn, t, ctx) && belong(bn, t, ctx) &&
	     BN_num_bits(bn[PART_N]) == (int)bits && BN_check_prime(bn[PART_P], ctx, NULL) == 1 &&
	     BN_check_prime(bn[PART_Q], ctx, NULL) == 1;
	BN_CTX_end(ctx);
	return ok;
}

bool sj_rsa_import(unsigned bits, const struct sj_span part[static SJ_RSA_CRT],
		   struct sj_writer *pkcs8)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *bn[PARTS];
	EVP_PKEY *pkey = NULL;
	bool ok = numbers_new(bn) && ctx != NULL && bits <= 8 * SJ_RSA_MAX &&
		  BN_set_word(bn[PART_E], RSA_F4) == 1;

	for (size_t i = 0; ok && i < SJ_RSA_CRT; i++)
		ok = part[i].len <= bits / 16 &&
		     BN_bin2bn(part[i].ptr, (int)part[i].len, bn[PART_P + i]) != NULL;
	if (ok && is_key(bn, bits, ctx))
		pkey = private_make(bn);
	ok = pkey != NULL && sj_pkey_put_private(pkey, pkcs8);
	EVP_PKEY_free(pkey);
	numbers_free(bn);
	BN_CTX_free(ctx);
	return sj_answered(ok);
}

static bool put_spki(const EVP_PKEY *pkey, struct sj_writer *w)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	if (n > 0)
		sj_put(w, sj_span(der, (size_t)n));
	OPENSSL_free(der);
	return sj_sure(n > 0) && !w->failed;
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
	return sj_answered(ok);
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
	ok = pkey != NULL &&
	     sj_sure(ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
		     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1) &&
	     EVP_PKEY_encrypt(ctx, out, &n, in.ptr, in.len) == 1 && n == size;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(ok);
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
	ok = sj_sure(ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
		     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1) &&
	     EVP_PKEY_decrypt(ctx, out, &n, in.ptr, in.len) == 1 && n == in.len;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(ok);
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
