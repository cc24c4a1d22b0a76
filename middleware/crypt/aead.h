/*
 * aead.h -- authenticated encryption: AES-128-CCM as COSE numbers it
 * (RFC 9053, 4.2; 13-byte nonces) and AES-256-GCM (NIST SP 800-38D).
 */
#ifndef SJ_CRYPT_AEAD_H
#define SJ_CRYPT_AEAD_H

#include "wire/bytes.h"

enum sj_aead {
	SJ_AES_CCM_16_64_128, /* COSE 10: tags of 8 bytes */
	SJ_AES_CCM_16_128_128, /* COSE 30: tags of 16 bytes */
	SJ_AES_256_GCM, /* 12-byte nonces, tags of 16 bytes */
};

#define SJ_AEAD_KEY_MAX 32u
#define SJ_AEAD_NONCE_MAX 13u
#define SJ_AEAD_TAG_MAX 16u

/* In bytes. */
size_t sj_aead_key_size(enum sj_aead alg);
size_t sj_aead_nonce_size(enum sj_aead alg);
size_t sj_aead_tag_size(enum sj_aead alg);

/*
 * Appends ciphertext and tag to `out`; key and nonce have the algorithm's
 * sizes. On failure nothing is appended and w->failed is not set.
 */
SJ_MUST_CHECK bool sj_aead_seal(enum sj_aead alg, const uint8_t *key, const uint8_t *nonce,
				struct sj_span aad, struct sj_span plain, struct sj_writer *out);
/* The reverse. False: forged, or no room; nothing is appended then. */
SJ_MUST_CHECK bool sj_aead_open(enum sj_aead alg, const uint8_t *key, const uint8_t *nonce,
				struct sj_span aad, struct sj_span sealed, struct sj_writer *out);

#endif
