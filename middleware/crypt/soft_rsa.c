#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/soft.h"

#include <openssl/rsa.h>
#include <string.h>

bool sj_rsa_verify_type1(struct sj_span spki, struct sj_span data, struct sj_span signature)
{
	uint8_t want[SJ_RSA_MAX], got[SJ_RSA_MAX];

	return sj_rsa_pad_type1(data, sj_rsa_modulus_size(spki), want) &&
	       sj_rsa_public(spki, signature, got) && memcmp(want, got, signature.len) == 0;
}

bool sj_rsa_verify_pss(struct sj_span spki, const struct sj_padding *p, struct sj_span digest,
		       struct sj_span signature)
{
	const size_t size = sj_rsa_modulus_size(spki);
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;
	bool ok;

	if (size == 0 || p->salt > size || digest.len != sj_hash_size(p->hash))
		return false;
	sj_meter_count(SJ_METER_RSA_PUBLIC, SJ_CURVE_NONE, size);
	pkey = sj_pkey_rsa(spki);
	if (pkey != NULL)
		ctx = EVP_PKEY_CTX_new(pkey, NULL);
	ok = pkey != NULL &&
	     sj_sure(ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
		     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_signature_md(ctx, sj_hash_md(p->hash)) == 1 &&
		     EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, sj_hash_md(p->mgf_hash)) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)p->salt) == 1) &&
	     EVP_PKEY_verify(ctx, signature.ptr, signature.len, digest.ptr, digest.len) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(ok);
}

size_t sj_rsa_encrypt_max(size_t modulus, const struct sj_padding *p)
{
	const size_t overhead = p != NULL ? 2 * sj_hash_size(p->hash) + 2 : 11;

	return modulus > overhead ? modulus - overhead : 0;
}

/* OAEP's parameters; OpenSSL takes the label over. */
static bool set_oaep(EVP_PKEY_CTX *ctx, const struct sj_padding *p)
{
	void *label = NULL;

	if (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, sj_hash_md(p->hash)) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, sj_hash_md(p->mgf_hash)) != 1)
		return false;
	if (p->label.len == 0)
		return true;
	label = OPENSSL_memdup(p->label.ptr, p->label.len);
	if (label != NULL && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, (int)p->label.len) == 1)
		return true;
	OPENSSL_free(label);
	return false;
}

bool sj_rsa_encrypt(struct sj_span spki, const struct sj_padding *p, struct sj_span data,
		    uint8_t out[static SJ_RSA_MAX])
{
	const size_t size = sj_rsa_modulus_size(spki);
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;
	size_t n = SJ_RSA_MAX;
	bool ok;

	if (size == 0 || data.len > sj_rsa_encrypt_max(size, p))
		return false;
	sj_meter_count(SJ_METER_RSA_PUBLIC, SJ_CURVE_NONE, size);
	pkey = sj_pkey_rsa(spki);
	if (pkey != NULL)
		ctx = EVP_PKEY_CTX_new(pkey, NULL);
	ok = pkey != NULL &&
	     sj_sure(ctx != NULL && EVP_PKEY_encrypt_init(ctx) == 1 &&
		     (p != NULL ? set_oaep(ctx, p)
				: EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1)) &&
	     EVP_PKEY_encrypt(ctx, out, &n, data.ptr, data.len) == 1 && n == size;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return sj_answered(ok);
}
