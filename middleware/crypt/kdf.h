/* kdf.h -- the key derivation function of ICAO Doc 9303-11 (8th ed.), 9.7.1. */
#ifndef SJ_CRYPT_KDF_H
#define SJ_CRYPT_KDF_H

#include "crypt/cipher.h"

enum sj_kdf_counter { SJ_KDF_ENC = 1, SJ_KDF_MAC = 2, SJ_KDF_PI = 3 };

/*
 * KDF(K, c): hash(K || c) with SHA-1 (3DES, AES-128) or SHA-256 (AES-192,
 * AES-256), cut to the cipher's key size; 3DES keys get odd parity. `out`
 * gets sj_cipher_key_size(c) bytes.
 */
SJ_MUST_CHECK bool sj_kdf(enum sj_cipher c, struct sj_span secret, enum sj_kdf_counter counter,
			  uint8_t out[static SJ_CIPHER_KEY_MAX]);

#endif
