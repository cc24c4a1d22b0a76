/*
 * soft.h -- what a program does beside a card's private key: digests taken in pieces,
 * the paddings of RSA, key derivation, operations with RSA public keys.
 *
 * Sources: RFC 8017 (PKCS #1 v2.2), SEC 1 v2.0, 3.6.1 (the KDF of ANSI X9.63).
 */
#ifndef SJ_CRYPT_SOFT_H
#define SJ_CRYPT_SOFT_H

#include "crypt/hash.h"
#include "crypt/random.h"
#include "crypt/rsa.h"

/* A message's digest, taken in pieces. */
struct sj_digest;
/* NULL: SJ_HASH_NONE or no memory. */
struct sj_digest *sj_digest_new(enum sj_hash alg);
SJ_MUST_CHECK bool sj_digest_add(struct sj_digest *digest, struct sj_span bytes);
/* Writes sj_hash_size() bytes; the digest takes no more after. */
SJ_MUST_CHECK bool sj_digest_end(struct sj_digest *digest, uint8_t out[static SJ_HASH_MAX]);
void sj_digest_free(struct sj_digest *digest);

/* DigestInfo (RFC 8017, 9.2, step 2). */
void sj_digest_info_put(struct sj_writer *w, enum sj_hash alg, struct sj_span digest);

/* The KDF of ANSI X9.63: `n` bytes of hash(secret || counter || info), counter from 1. */
SJ_MUST_CHECK bool sj_kdf_x963(enum sj_hash alg, struct sj_span secret, struct sj_span info,
			       uint8_t *out, size_t n);

/* --- RSA paddings ----------------------------------------------------------- */

/* Parameters of PSS and OAEP. */
struct sj_padding {
	enum sj_hash hash, mgf_hash;
	size_t salt; /* PSS: bytes */
	struct sj_span label; /* OAEP */
};

/* Block type 1 (EMSA-PKCS1-v1_5, 9.2) of `size` bytes; data: at most size - 11. */
SJ_MUST_CHECK bool sj_rsa_pad_type1(struct sj_span data, size_t size,
				    uint8_t out[static SJ_RSA_MAX]);
/* What lies in such a block. False: it is none. Not constant-time: for public blocks. */
SJ_MUST_CHECK bool sj_rsa_unpad_type1(struct sj_span block, struct sj_span *data);
/*
 * EMSA-PSS-ENCODE (9.1.1) for a modulus of `bits` bits, as a block of its size. False: the
 * digest is not of the hash's size, or digest and salt do not fit.
 */
SJ_MUST_CHECK bool sj_rsa_pad_pss(const struct sj_padding *p, const struct sj_random *random,
				  struct sj_span digest, size_t bits,
				  uint8_t out[static SJ_RSA_MAX]);
/*
 * The message in a decrypted block, type 2 (7.2.2) or OAEP (7.1.2): `out` has room for the block. Constant-time
 * up to the verdict, which is one for every fault; nothing is written on false.
 */
SJ_MUST_CHECK bool sj_rsa_unpad_type2(struct sj_span block, uint8_t out[static SJ_RSA_MAX],
				      size_t *len);
SJ_MUST_CHECK bool sj_rsa_unpad_oaep(const struct sj_padding *p, struct sj_span block,
				     uint8_t out[static SJ_RSA_MAX], size_t *len);

/* --- RSA public keys: `spki` is a whole SubjectPublicKeyInfo ------------------ */

/* `data` as it was padded: a DigestInfo, or whatever the signer took. */
SJ_MUST_CHECK bool sj_rsa_verify_type1(struct sj_span spki, struct sj_span data,
				       struct sj_span signature);
SJ_MUST_CHECK bool sj_rsa_verify_pss(struct sj_span spki, const struct sj_padding *p,
				     struct sj_span digest, struct sj_span signature);
/* Encrypts with PKCS #1 v1.5 (p NULL) or OAEP; writes as many bytes as the modulus has. */
SJ_MUST_CHECK bool sj_rsa_encrypt(struct sj_span spki, const struct sj_padding *p,
				  struct sj_span data, uint8_t out[static SJ_RSA_MAX]);
/* The largest message of sj_rsa_encrypt(); 0: none fits. */
size_t sj_rsa_encrypt_max(size_t modulus, const struct sj_padding *p);

#endif
