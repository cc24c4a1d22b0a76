/* rsa.h -- raw RSA, for ISO/IEC 9796-2 (Active Authentication) and key cards. */
#ifndef SJ_CRYPT_RSA_H
#define SJ_CRYPT_RSA_H

#include "wire/bytes.h"

#define SJ_RSA_MAX 512u /* bytes of a modulus in raw use: 4096 bits; signatures verify up to 8192 */
#define SJ_RSA_PRIVATE_MAX 2600u /* bytes of a PKCS#8 key of 4096 bits */
#define SJ_RSA_SPKI_MAX 600u

/* Makes a key; bits: 2048, 3072 or 4096. `pkcs8` is secret: wipe it. */
SJ_MUST_CHECK bool sj_rsa_generate(unsigned bits, struct sj_writer *pkcs8, struct sj_writer *spki);

#define SJ_RSA_CRT 5u
/*
 * A private key from p, q, dP, dQ and qInv (RFC 8017, A.1.2; leading zeros may be there or
 * not) with e = 65537 and a modulus of exactly `bits` bits. False: they are not one. `pkcs8`
 * is secret: wipe it.
 */
SJ_MUST_CHECK bool sj_rsa_import(unsigned bits, const struct sj_span part[static SJ_RSA_CRT],
				 struct sj_writer *pkcs8);

/* Modulus size in bytes of a SubjectPublicKeyInfo with an RSA key; 0: none, too big or too weak. */
size_t sj_rsa_modulus_size(struct sj_span spki);
/* The same of a PKCS#8 private key. */
size_t sj_rsa_private_size(struct sj_span pkcs8);

/* out = in^e mod n; in.len and the result have the modulus' size. */
SJ_MUST_CHECK bool sj_rsa_public(struct sj_span spki, struct sj_span in,
				 uint8_t out[static SJ_RSA_MAX]);
/* out = in^d mod n (CRT, blinded); in.len and the result have the modulus' size. */
SJ_MUST_CHECK bool sj_rsa_private(struct sj_span pkcs8, struct sj_span in,
				  uint8_t out[static SJ_RSA_MAX]);
/*
 * out = n - in, false if in is not below n: of ISO/IEC 9796-2 signatures either
 * may be sent (B.4).
 */
SJ_MUST_CHECK bool sj_rsa_complement(struct sj_span spki, struct sj_span in,
				     uint8_t out[static SJ_RSA_MAX]);

#endif
