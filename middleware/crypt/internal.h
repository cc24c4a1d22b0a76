/* internal.h -- what the files of crypt share: OpenSSL's objects behind our types. */
#ifndef SJ_CRYPT_INTERNAL_H
#define SJ_CRYPT_INTERNAL_H

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "crypt/ec.h"
#include "crypt/memory.h"
#include "wire/tlv.h"

/* Takes the next element, which must be there and have this tag. */
SJ_MUST_CHECK static inline bool sj_der_take(struct sj_span *in, uint32_t tag,
					     struct sj_span *value)
{
	return sj_tlv_take(in, tag, value) == SJ_TLV_FOUND;
}

/*
 * What OpenSSL answered. sj_sure(): where nothing but want of memory can be the reason of a "no", which
 * is noted; sj_answered(): where its errors have to tell, which are forgotten; sj_told(): the same, and
 * silence means want of memory.
 */
static inline bool sj_sure(bool ok)
{
	if (!ok)
		sj_memory_note();
	return ok;
}

/* Of the two others; `spoken`: silence is an answer, too. */
void sj_refusal_heard(bool spoken);

SJ_MUST_CHECK static inline bool sj_answered(bool ok)
{
	if (!ok)
		sj_refusal_heard(true);
	return ok;
}

SJ_MUST_CHECK static inline bool sj_told(bool ok)
{
	if (!ok)
		sj_refusal_heard(false);
	return ok;
}

/* OpenSSL's digest; NULL for SJ_HASH_NONE. Not owned by the caller. */
const EVP_MD *sj_hash_md(enum sj_hash alg);

/* OpenSSL's name of a curve ("brainpoolP256r1"); NULL: unknown. */
const char *sj_curve_openssl_name(enum sj_curve curve);
/* From that name; SJ_CURVE_NONE if unknown. */
enum sj_curve sj_curve_from_openssl_name(const char *name);
/* Content bytes of the curve's OBJECT IDENTIFIER (static); empty: unknown. */
struct sj_span sj_curve_oid(enum sj_curve curve);
/* SJ_CURVE_NONE if unknown. */
enum sj_curve sj_curve_from_oid(struct sj_span oid);
/* The curve at this place of the table, SJ_CURVE_NONE after the last. */
enum sj_curve sj_curve_at(size_t index);

/*
 * OpenSSL's group of a curve, the same one every time, for any thread. Not owned
 * by the caller. NULL: unknown curve or no memory.
 */
const EC_GROUP *sj_ec_group(enum sj_curve curve);
/* Encodes a point as 04 || x || y; false for infinity. */
SJ_MUST_CHECK bool sj_ec_point_encode(const EC_GROUP *group, const EC_POINT *point, BN_CTX *bn,
				      struct sj_ec_point *out);

/* Room for Ecdsa-Sig-Value: a SEQUENCE and two INTEGERs with a sign byte each. */
#define SJ_ECDSA_DER_MAX (3u + 2u * (3u + SJ_EC_FIELD_MAX))

/*
 * A key object from a public point, a private scalar, or both (either may be
 * NULL); freed by the caller with EVP_PKEY_free(). NULL on failure.
 */
EVP_PKEY *sj_pkey_ec(enum sj_curve curve, const struct sj_ec_point *public_key,
		     const struct sj_ec_secret *private_key);
/* A public key object from a SubjectPublicKeyInfo: RSA or RSA-PSS (as RSA). */
EVP_PKEY *sj_pkey_rsa(struct sj_span spki);
struct sj_scheme;
/* Hash, padding and salt of an RSA scheme, for signing or verifying with such a key. */
SJ_MUST_CHECK bool sj_pkey_set_scheme(EVP_PKEY_CTX *ctx, const struct sj_scheme *scheme);
/* A private key object from PKCS#8: EC, RSA or RSA-PSS. NULL: none, or not of these. */
EVP_PKEY *sj_pkey_pkcs8(struct sj_span pkcs8);

/* The curve that an AlgorithmIdentifier names, describes or numbers; takes its parameters. */
enum sj_curve sj_ec_take_curve(struct sj_span oid, struct sj_span *in);
/* AlgorithmIdentifier of an EC key. */
SJ_MUST_CHECK bool sj_ec_put_algorithm(struct sj_writer *w, enum sj_curve curve,
				       bool explicit_form);
/* PKCS#8 of a key. */
SJ_MUST_CHECK bool sj_ec_private_put(struct sj_writer *w, enum sj_curve curve,
				     const struct sj_ec_secret *secret,
				     const struct sj_ec_point *point);

/* An RSA public key's parts; spans point into `spki`, numbers without leading zeros. */
struct sj_rsa_key {
	struct sj_span n, e;
	bool pss; /* id-RSASSA-PSS: good for that scheme only */
	struct sj_span pss_parameters; /* whole element; empty: absent */
};
SJ_MUST_CHECK bool sj_rsa_spki_parse(struct sj_span spki, struct sj_rsa_key *out);
/* rsaEncryption, or id-RSASSA-PSS. */
SJ_MUST_CHECK bool sj_rsa_is_oid(struct sj_span oid, bool *pss);
/*
 * An INTEGER of at most 1,024 bytes, leading zeros removed. None of these
 * is negative: a set high bit is a forgotten zero, as some DG15 have it.
 */
SJ_MUST_CHECK bool sj_rsa_take_number(struct sj_span *in, struct sj_span *out);

/* RSAPrivateKey of RFC 8017, A.1.2: the numbers in their order there. */
enum sj_rsa_part {
	SJ_RSA_N,
	SJ_RSA_E,
	SJ_RSA_D,
	SJ_RSA_P,
	SJ_RSA_Q,
	SJ_RSA_DP,
	SJ_RSA_DQ,
	SJ_RSA_QINV,
	SJ_RSA_PARTS
};

/* The parts of a PKCS#8 key; spans into it. */
SJ_MUST_CHECK bool sj_rsa_private_parse(struct sj_span pkcs8,
					struct sj_span part[static SJ_RSA_PARTS], bool *pss);
/* Secure numbers, which OpenSSL wipes. False: some are missing. Freed in any case. */
SJ_MUST_CHECK bool sj_rsa_numbers_new(BIGNUM *bn[static SJ_RSA_PARTS]);
void sj_rsa_numbers_free(BIGNUM *bn[static SJ_RSA_PARTS]);
/* A key object of these numbers, which stay the caller's; `type`: "RSA" or "RSA-PSS". */
EVP_PKEY *sj_rsa_private_make(const char *type, BIGNUM *const bn[static SJ_RSA_PARTS]);
/* PKCS#8 of a key. */
SJ_MUST_CHECK bool sj_rsa_private_put(const EVP_PKEY *pkey, struct sj_writer *w);

#endif
