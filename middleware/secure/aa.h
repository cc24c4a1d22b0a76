/*
 * aa.h -- the bytes of Active Authentication.
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 6.1 and appendix F; ISO/IEC 9796-2:2010,
 * digital signature scheme 1; BSI TR-03111 v2.1, 5.2.1 (plain ECDSA).
 */
#ifndef SJ_SECURE_AA_H
#define SJ_SECURE_AA_H

#include "crypt/ec.h"
#include "crypt/rsa.h"

#define SJ_AA_CHALLENGE 8u /* RND.IFD */
#define SJ_AA_SIGNATURE_MAX SJ_RSA_MAX

/*
 * Signs with RSA by ISO/IEC 9796-2 scheme 1: F = 6A || M1 || H(M1 || RND.IFD) ||
 * trailer, M1 random. Trailer BC for SHA-1, xxCC else. The signature is F^d mod n
 * itself (ISO/IEC 9796-2, B.6), not the smaller of it and its complement (B.4),
 * which Doc 9303-11, 6.1.2.2 advises against: most terminals do not know that.
 */
SJ_MUST_CHECK bool sj_aa_rsa_sign(struct sj_span pkcs8, enum sj_hash hash,
				  const uint8_t challenge[static SJ_AA_CHALLENGE],
				  const struct sj_random *rnd, struct sj_writer *signature);

/* F from M1 and the challenge, for a modulus of k bytes: what the vectors show. */
SJ_MUST_CHECK bool sj_aa_rsa_encode(size_t k, enum sj_hash hash, struct sj_span m1,
				    const uint8_t challenge[static SJ_AA_CHALLENGE],
				    uint8_t f[static SJ_RSA_MAX]);

/*
 * Verifies an answer against the SubjectPublicKeyInfo of DG15. ECDSA needs
 * the hash that DG14's ActiveAuthenticationInfo names; with RSA the trailer
 * names it, and either form of the signature (B.4, B.6) is taken.
 */
SJ_MUST_CHECK bool sj_aa_verify(struct sj_span spki, enum sj_hash ecdsa_hash,
				const uint8_t challenge[static SJ_AA_CHALLENGE],
				struct sj_span signature);

/* ecdsa-plain-SHA*: the signature algorithm OID of ActiveAuthenticationInfo (TR-03111). */
struct sj_span sj_aa_ecdsa_oid(enum sj_hash hash);
enum sj_hash sj_aa_hash_from_oid(struct sj_span oid); /* SJ_HASH_NONE: unknown */

/*
 * The hash that ActiveAuthenticationInfo among DG14's SecurityInfos names for ECDSA, in *hash;
 * SJ_HASH_NONE: one that is not known. False: nothing is named.
 */
SJ_MUST_CHECK bool sj_aa_hash_named(struct sj_span dg14, enum sj_hash *hash);
/* Without a name: the longest that is not longer than the key (6.1.2.3). SJ_HASH_NONE: not EC. */
enum sj_hash sj_aa_hash_for_key(struct sj_span spki);

#endif
