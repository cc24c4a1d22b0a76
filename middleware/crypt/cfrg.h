/*
 * cfrg.h -- X25519 (RFC 7748) and Ed25519 (RFC 8032). All keys and shared
 * secrets are 32 bytes, signatures 64.
 */
#ifndef SJ_CRYPT_CFRG_H
#define SJ_CRYPT_CFRG_H

#include "wire/bytes.h"

#define SJ_CFRG_KEY 32u
#define SJ_ED25519_SIGNATURE 64u

/* The public key of a private one. */
SJ_MUST_CHECK bool sj_x25519_public(const uint8_t key[static SJ_CFRG_KEY],
				    uint8_t out[static SJ_CFRG_KEY]);
/* Key agreement; false also when the result is all zeros (RFC 7748, 6.1). */
SJ_MUST_CHECK bool sj_x25519_agree(const uint8_t key[static SJ_CFRG_KEY],
				   const uint8_t peer[static SJ_CFRG_KEY],
				   uint8_t out[static SJ_CFRG_KEY]);

SJ_MUST_CHECK bool sj_ed25519_public(const uint8_t key[static SJ_CFRG_KEY],
				     uint8_t out[static SJ_CFRG_KEY]);
SJ_MUST_CHECK bool sj_ed25519_sign(const uint8_t key[static SJ_CFRG_KEY], struct sj_span message,
				   uint8_t out[static SJ_ED25519_SIGNATURE]);
SJ_MUST_CHECK bool sj_ed25519_verify(const uint8_t key[static SJ_CFRG_KEY], struct sj_span message,
				     const uint8_t signature[static SJ_ED25519_SIGNATURE]);

#endif
