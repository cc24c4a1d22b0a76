#include "crypt/rsa.h"
#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/wipe.h"

#include <openssl/bn.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define PUBLIC_MAX 1024u /* bytes of a modulus whose signatures are verified: 8192 bits */
#define PUBLIC_MIN 128u /* the same: smaller ones can be factored, and prove nothing */

bool sj_rsa_take_number(struct sj_span *in, struct sj_span *out)
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
	if (!sj_rsa_is_oid(oid, &got.pss))
		return false;
	if (got.pss)
		got.pss_parameters = algorithm;
	if (!sj_take_u8(&bits, &unused) || unused != 0 || !sj_der_take(&bits, 0x30, &key) ||
	    bits.len != 0 || !sj_rsa_take_number(&key, &got.n) ||
	    !sj_rsa_take_number(&key, &got.e) || key.len != 0 || got.n.len < PUBLIC_MIN ||
	    !is_exponent(got.e))
		return false;
	*out = got;
	return true;
}

size_t sj_rsa_modulus_size(struct sj_span spki)
{
	struct sj_rsa_key key;

	return sj_rsa_spki_parse(spki, &key) && key.n.len <= SJ_RSA_MAX ? key.n.len : 0;
}

size_t sj_rsa_private_size(struct sj_span pkcs8)
{
	struct sj_span part[SJ_RSA_PARTS];
	bool pss;

	return sj_rsa_private_parse(pkcs8, part, &pss) && !pss ? part[SJ_RSA_N].len : 0;
}

static EVP_PKEY *private_key(struct sj_span pkcs8)
{
	return sj_rsa_private_size(pkcs8) != 0 ? sj_pkey_pkcs8(pkcs8) : NULL;
}

/* n and d of p, q and e; `t` is room to work. */
static bool complete(BIGNUM *bn[static SJ_RSA_PARTS], BIGNUM *t[static 3], BN_CTX *ctx)
{
	BN_set_flags(bn[SJ_RSA_P], BN_FLG_CONSTTIME);
	BN_set_flags(bn[SJ_RSA_Q], BN_FLG_CONSTTIME);
	if (BN_mul(bn[SJ_RSA_N], bn[SJ_RSA_P], bn[SJ_RSA_Q], ctx) != 1 ||
	    BN_sub(t[0], bn[SJ_RSA_P], BN_value_one()) != 1 ||
	    BN_sub(t[1], bn[SJ_RSA_Q], BN_value_one()) != 1 || BN_gcd(t[2], t[0], t[1], ctx) != 1 ||
	    BN_mul(bn[SJ_RSA_D], t[0], t[1], ctx) != 1 ||
	    BN_div(t[2], NULL, bn[SJ_RSA_D], t[2], ctx) != 1)
		return false;
	return BN_mod_inverse(bn[SJ_RSA_D], bn[SJ_RSA_E], t[2], ctx) != NULL;
}

/* Whether dP, dQ and qInv are those of the rest. */
static bool belong(BIGNUM *bn[static SJ_RSA_PARTS], BIGNUM *t[static 3], BN_CTX *ctx)
{
	return BN_mod(t[2], bn[SJ_RSA_D], t[0], ctx) == 1 && BN_cmp(t[2], bn[SJ_RSA_DP]) == 0 &&
	       BN_mod(t[2], bn[SJ_RSA_D], t[1], ctx) == 1 && BN_cmp(t[2], bn[SJ_RSA_DQ]) == 0 &&
	       BN_mod_inverse(t[2], bn[SJ_RSA_Q], bn[SJ_RSA_P], ctx) != NULL &&
	       BN_cmp(t[2], bn[SJ_RSA_QINV]) == 0;
}

static bool is_key(BIGNUM *bn[static SJ_RSA_PARTS], unsigned bits, BN_CTX *ctx)
{
	BIGNUM *t[3];
	bool ok;

	BN_CTX_start(ctx);
	for (size_t i = 0; i < 3; i++)
		t[i] = BN_CTX_get(ctx);
	ok = t[2] != NULL && BN_is_odd(bn[SJ_RSA_P]) && BN_is_odd(bn[SJ_RSA_Q]) &&
	     BN_cmp(bn[SJ_RSA_P], bn[SJ_RSA_Q]) != 0 && complete(bn, t, ctx) &&
	     belong(bn, t, ctx) && BN_num_bits(bn[SJ_RSA_N]) == (int)bits &&
	     BN_check_prime(bn[SJ_RSA_P], ctx, NULL) == 1 &&
	     BN_check_prime(bn[SJ_RSA_Q], ctx, NULL) == 1;
	BN_CTX_end(ctx);
	return ok;
}

bool sj_rsa_import(unsigned bits, const struct sj_span part[static SJ_RSA_CRT],
		   struct sj_writer *pkcs8)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *bn[SJ_RSA_PARTS];
	EVP_PKEY *pkey = NULL;
	bool ok = sj_rsa_numbers_new(bn) && ctx != NULL && bits <= 8 * SJ_RSA_MAX &&
		  BN_set_word(bn[SJ_RSA_E], RSA_F4) == 1;

	for (size_t i = 0; ok && i < SJ_RSA_CRT; i++)
		ok = part[i].len <= bits / 16 &&
		     BN_bin2bn(part[i].ptr, (int)part[i].len, bn[SJ_RSA_P + i]) != NULL;
	if (ok && is_key(bn, bits, ctx))
		pkey = sj_rsa_private_make("RSA", bn);
	ok = pkey != NULL && sj_rsa_private_put(pkey, pkcs8);
	EVP_PKEY_free(pkey);
	sj_rsa_numbers_free(bn);
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
	ok = pkey != NULL && sj_rsa_private_put(pkey, pkcs8) && put_spki(pkey, spki);
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
