#include "crypt/internal.h"
#include "crypt/scheme.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

/* Makes a key object of this type from the builder's parameters. */
static EVP_PKEY *pkey_make(const char *type, OSSL_PARAM_BLD *build, int selection)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!sj_sure(params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1) ||
	    !sj_told(EVP_PKEY_fromdata(ctx, &pkey, selection, params) == 1))
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

EVP_PKEY *sj_pkey_ec(enum sj_curve curve, const struct sj_ec_point *public_key,
		     const struct sj_ec_secret *private_key)
{
	const char *group = sj_curve_openssl_name(curve);
	OSSL_PARAM_BLD *build = NULL;
	EVP_PKEY *pkey = NULL;
	BIGNUM *k = NULL;

	if (group == NULL)
		return NULL;
	build = OSSL_PARAM_BLD_new();
	if (!sj_sure(build != NULL) ||
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) != 1)
		goto out;
	if (public_key != NULL &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public_key->bytes,
					     public_key->len) != 1)
		goto out;
	if (private_key != NULL) { /* a secure number makes OpenSSL wipe its copy */
		k = BN_secure_new();
		if (k == NULL || BN_bin2bn(private_key->bytes, (int)private_key->len, k) == NULL ||
		    OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY, k,
					       sj_curve_order_size(curve)) != 1)
			goto out;
	}
	pkey = pkey_make("EC", build, private_key != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
out:
	BN_clear_free(k);
	OSSL_PARAM_BLD_free(build);
	return sj_answered(pkey != NULL) ? pkey : NULL;
}

EVP_PKEY *sj_pkey_rsa(struct sj_span spki)
{
	struct sj_rsa_key key;
	OSSL_PARAM_BLD *build = NULL;
	BIGNUM *n = NULL, *e = NULL;
	EVP_PKEY *pkey = NULL;

	if (!sj_rsa_spki_parse(spki, &key))
		return NULL;
	n = BN_bin2bn(key.n.ptr, (int)key.n.len, NULL);
	e = BN_bin2bn(key.e.ptr, (int)key.e.len, NULL);
	build = OSSL_PARAM_BLD_new();
	if (sj_sure(n != NULL && e != NULL && build != NULL) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		pkey = pkey_make("RSA", build, EVP_PKEY_PUBLIC_KEY);
	OSSL_PARAM_BLD_free(build);
	BN_free(e);
	BN_free(n);
	return sj_answered(pkey != NULL) ? pkey : NULL;
}

bool sj_pkey_set_scheme(EVP_PKEY_CTX *ctx, const struct sj_scheme *scheme)
{
	const bool pss = scheme->kind == SJ_SCHEME_PSS;

	if (EVP_PKEY_CTX_set_signature_md(ctx, sj_hash_md(scheme->hash)) != 1)
		return false;
	if (EVP_PKEY_CTX_set_rsa_padding(ctx, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1)
		return false;
	return !pss ||
	       (EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, sj_hash_md(scheme->mgf_hash)) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(
			ctx, scheme->salt_unknown ? RSA_PSS_SALTLEN_AUTO : (int)scheme->salt) == 1);
}

/* A non-negative number's bytes as a DER INTEGER. */
static void put_integer(struct sj_writer *w, struct sj_span number)
{
	while (number.len > 1 && number.ptr[0] == 0)
		number = sj_span(number.ptr + 1, number.len - 1);
	sj_tlv_put_header(w, 0x02, number.len + (number.ptr[0] >> 7));
	if (number.ptr[0] & 0x80)
		sj_put_u8(w, 0);
	sj_put(w, number);
}

bool sj_ecdsa_to_der(struct sj_span plain, struct sj_writer *w)
{
	const size_t half = plain.len / 2;
	size_t at = sj_tlv_open(w);

	if (half == 0 || plain.len % 2 != 0)
		return false;
	put_integer(w, sj_span(plain.ptr, half));
	put_integer(w, sj_span(plain.ptr + half, half));
	sj_tlv_close(w, 0x30, at);
	return !w->failed;
}

/* A DER INTEGER's content as exactly n bytes. */
static bool take_integer(struct sj_span *in, size_t n, uint8_t *out)
{
	struct sj_span number;

	if (!sj_der_take(in, 0x02, &number))
		return false;
	while (number.len > n && number.ptr[0] == 0)
		number = sj_span(number.ptr + 1, number.len - 1);
	if (number.len == 0 || number.len > n)
		return false;
	memset(out, 0, n - number.len);
	memcpy(out + n - number.len, number.ptr, number.len);
	return true;
}

bool sj_ecdsa_from_der(struct sj_span der, size_t half, uint8_t *plain)
{
	struct sj_span body;

	return sj_der_take(&der, 0x30, &body) && der.len == 0 && take_integer(&body, half, plain) &&
	       take_integer(&body, half, plain + half) && body.len == 0;
}
