/*
 * cipher.h -- block ciphers and MACs as secure messaging and BAC use them.
 *
 * Sources: ISO/IEC 9797-1:2011 (MAC algorithm 3, padding method 2),
 * NIST SP 800-38A (CBC), SP 800-38B (CMAC), FIPS 197, SP 800-67.
 */
#ifndef SJ_CRYPT_CIPHER_H
#define SJ_CRYPT_CIPHER_H

#include "wire/bytes.h"

enum sj_cipher { SJ_CIPHER_3DES, SJ_CIPHER_AES128, SJ_CIPHER_AES192, SJ_CIPHER_AES256 };

#define SJ_CIPHER_KEY_MAX 32u
#define SJ_CIPHER_BLOCK_MAX 16u
#define SJ_MAC_SIZE 8u /* all MACs of ICAO 9303-11 are cut to 8 bytes */

/* Key size in bytes: 16 (3DES: two-key), 16, 24, 32. */
size_t sj_cipher_key_size(enum sj_cipher c);
/* AES by the size of its key. False: it has none of that size. */
bool sj_aes_of_key_size(size_t size, enum sj_cipher *out);
/* Block size in bytes: 8 (3DES) or 16. */
size_t sj_cipher_block_size(enum sj_cipher c);
const char *sj_cipher_name(enum sj_cipher c);

/*
 * CBC without padding: in.len must be a multiple of the block size. `key` and
 * `iv` have the cipher's sizes; iv NULL means zero. `out` has room for in.len
 * bytes and may be in.ptr.
 */
SJ_MUST_CHECK bool sj_cbc_encrypt(enum sj_cipher c, const uint8_t *key, const uint8_t *iv,
				  struct sj_span in, uint8_t *out);
SJ_MUST_CHECK bool sj_cbc_decrypt(enum sj_cipher c, const uint8_t *key, const uint8_t *iv,
				  struct sj_span in, uint8_t *out);

/*
 * The 8-byte MAC of the cipher over the parts in order. 3DES: ISO/IEC 9797-1
 * MAC algorithm 3 with DES; the parts together must already be padded to
 * whole blocks (padding method 2). AES: CMAC, first 8 bytes, any length.
 */
SJ_MUST_CHECK bool sj_mac(enum sj_cipher c, const uint8_t *key, const struct sj_span *parts,
			  size_t n, uint8_t out[static SJ_MAC_SIZE]);

/*
 * One block of three-key 3DES (NIST SP 800-67): the administration keys of PIV cards, which no
 * other use here has.
 */
#define SJ_TDES_KEY 24u
#define SJ_TDES_BLOCK 8u
SJ_MUST_CHECK bool sj_tdes_encrypt(const uint8_t key[static SJ_TDES_KEY],
				   const uint8_t in[static SJ_TDES_BLOCK],
				   uint8_t out[static SJ_TDES_BLOCK]);
SJ_MUST_CHECK bool sj_tdes_decrypt(const uint8_t key[static SJ_TDES_KEY],
				   const uint8_t in[static SJ_TDES_BLOCK],
				   uint8_t out[static SJ_TDES_BLOCK]);

/* AES-CMAC whole: 16 bytes over the parts in order, of any length. Not for 3DES. */
SJ_MUST_CHECK bool sj_cmac(enum sj_cipher c, const uint8_t *key, const struct sj_span *parts,
			   size_t n, uint8_t out[static SJ_CIPHER_BLOCK_MAX]);

/* ISO/IEC 9797-1 padding method 2: puts 80 00* until `w->len - from` is whole blocks. */
void sj_pad(struct sj_writer *w, size_t from, size_t block);
/* Length without the padding; false: not padded so, *len has no meaning. Constant-time in the content. */
SJ_MUST_CHECK bool sj_unpad(struct sj_span padded, size_t block, size_t *len);

#endif
