#include "crypt/cipher.h"
#include "crypt/internal.h"
#include "crypt/meter.h"
#include "crypt/wipe.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <string.h>

#define DES_KEY_SIZE 8u

size_t sj_cipher_key_size(enum sj_cipher c)
{
	switch (c) {
	case SJ_CIPHER_3DES:
	case SJ_CIPHER_AES128:
		return 16;
	case SJ_CIPHER_AES192:
		return 24;
	case SJ_CIPHER_AES256:
		break;
	}
	return 32;
}

bool sj_aes_of_key_size(size_t size, enum sj_cipher *out)
{
	for (enum sj_cipher c = SJ_CIPHER_AES128; c <= SJ_CIPHER_AES256; c++) {
		if (sj_cipher_key_size(c) != size)
			continue;
		*out = c;
		return true;
	}
	return false;
}

size_t sj_cipher_block_size(enum sj_cipher c)
{
	return c == SJ_CIPHER_3DES ? 8 : 16;
}

const char *sj_cipher_name(enum sj_cipher c)
{
	switch (c) {
	case SJ_CIPHER_3DES:
		return "3DES";
	case SJ_CIPHER_AES128:
		return "AES-128";
	case SJ_CIPHER_AES192:
		return "AES-192";
	case SJ_CIPHER_AES256:
		break;
	}
	return "AES-256";
}

/*
 * Looking a cipher up takes OpenSSL longer than a few blocks of it. So each is looked up once and
 * kept, as groups are: see sj_ec_group(). NULL: no memory.
 */
static const EVP_CIPHER *openssl_cbc(enum sj_cipher c)
{
	static const char *const names[] = { [SJ_CIPHER_3DES] = "DES-EDE-CBC",
					     [SJ_CIPHER_AES128] = "AES-128-CBC",
					     [SJ_CIPHER_AES192] = "AES-192-CBC",
					     [SJ_CIPHER_AES256] = "AES-256-CBC" };
	static _Atomic(EVP_CIPHER *) ciphers[sizeof(names) / sizeof(names[0])];
	EVP_CIPHER *made, *kept = atomic_load(&ciphers[c]);

	if (kept != NULL)
		return kept;
	made = EVP_CIPHER_fetch(NULL, names[c], NULL);
	if (atomic_compare_exchange_strong(&ciphers[c], &kept, made))
		return made;
	EVP_CIPHER_free(made);
	return kept;
}

/* Freed by the caller, which wipes the key schedule; NULL on failure. */
static EVP_CIPHER_CTX *cbc_start(enum sj_cipher c, const uint8_t *key, const uint8_t *iv,
				 bool encrypt)
{
	static const uint8_t zero[SJ_CIPHER_BLOCK_MAX];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx == NULL)
		return NULL;
	if (EVP_CipherInit_ex(ctx, openssl_cbc(c), NULL, key, iv != NULL ? iv : zero, encrypt) !=
		    1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static bool cbc(enum sj_cipher c, const uint8_t *key, const uint8_t *iv, struct sj_span in,
		uint8_t *out, bool encrypt)
{
	EVP_CIPHER_CTX *ctx;
	int got = 0;
	bool ok;

	if (in.len % sj_cipher_block_size(c) != 0 || in.len > INT_MAX)
		return false;
	if (in.len == 0)
		return true;
	ctx = cbc_start(c, key, iv, encrypt);
	ok = ctx != NULL && EVP_CipherUpdate(ctx, out, &got, in.ptr, (int)in.len) == 1 &&
	     (size_t)got == in.len;
	EVP_CIPHER_CTX_free(ctx);
	return sj_sure(ok);
}

bool sj_cbc_encrypt(enum sj_cipher c, const uint8_t *key, const uint8_t *iv, struct sj_span in,
		    uint8_t *out)
{
	sj_meter_cipher(in.len);
	return cbc(c, key, iv, in, out, true);
}

bool sj_cbc_decrypt(enum sj_cipher c, const uint8_t *key, const uint8_t *iv, struct sj_span in,
		    uint8_t *out)
{
	sj_meter_cipher(in.len);
	return cbc(c, key, iv, in, out, false);
}

static bool tdes(const uint8_t *key, const uint8_t *in, uint8_t *out, bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int got = 0;
	bool ok;

	sj_meter_cipher(SJ_TDES_BLOCK);
	ok = ctx != NULL &&
	     EVP_CipherInit_ex(ctx, EVP_des_ede3_ecb(), NULL, key, NULL, encrypt) == 1 &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
	     EVP_CipherUpdate(ctx, out, &got, in, SJ_TDES_BLOCK) == 1 && got == SJ_TDES_BLOCK;
	EVP_CIPHER_CTX_free(ctx);
	return sj_sure(ok);
}

bool sj_tdes_encrypt(const uint8_t key[static SJ_TDES_KEY], const uint8_t in[static SJ_TDES_BLOCK],
		     uint8_t out[static SJ_TDES_BLOCK])
{
	return tdes(key, in, out, true);
}

bool sj_tdes_decrypt(const uint8_t key[static SJ_TDES_KEY], const uint8_t in[static SJ_TDES_BLOCK],
		     uint8_t out[static SJ_TDES_BLOCK])
{
	return tdes(key, in, out, false);
}

/*
 * CBC-MAC that holds the last block back, since both MACs treat that one in
 * their own way.
 */
struct chain {
	EVP_CIPHER_CTX *ctx;
	size_t block;
	uint8_t state[SJ_CIPHER_BLOCK_MAX]; /* last output block */
	uint8_t held[SJ_CIPHER_BLOCK_MAX];
	size_t held_len;
	bool ok;
};

static void chain_blocks(struct chain *s, const uint8_t *in, size_t n)
{
	uint8_t scratch[1024];

	while (s->ok && n > 0) {
		size_t now = n < sizeof(scratch) ? n : sizeof(scratch);
		int got;

		s->ok = EVP_EncryptUpdate(s->ctx, scratch, &got, in, (int)now) == 1 &&
			(size_t)got == now;
		if (s->ok)
			memcpy(s->state, scratch + now - s->block, s->block);
		in += now;
		n -= now;
	}
}

static void chain_put(struct chain *s, struct sj_span in)
{
	while (in.len > 0) {
		size_t n;

		if (s->held_len == s->block) {
			chain_blocks(s, s->held, s->block);
			s->held_len = 0;
		}
		if (s->held_len == 0 && in.len > s->block) {
			n = (in.len - 1) / s->block * s->block;
			chain_blocks(s, in.ptr, n);
		} else {
			n = s->block - s->held_len;
			if (n > in.len)
				n = in.len;
			memcpy(s->held + s->held_len, in.ptr, n);
			s->held_len += n;
		}
		in.ptr += n;
		in.len -= n;
	}
}

static void chain_end(struct chain *s)
{
	EVP_CIPHER_CTX_free(s->ctx);
	sj_wipe(s, sizeof(*s));
}

/*
 * ISO/IEC 9797-1:2011, 7.4: DES CBC with the first key half, the last block
 * also through the second half: which is two-key 3DES of that block. OpenSSL
 * keeps single DES in a provider that may be absent; 3DES with equal halves
 * is the same function.
 */
static bool retail_mac(const uint8_t *key, const struct sj_span *parts, size_t n,
		       uint8_t out[static SJ_MAC_SIZE])
{
	uint8_t single[2 * DES_KEY_SIZE];
	struct chain s = { .block = 8, .ok = true };
	bool ok;

	memcpy(single, key, DES_KEY_SIZE);
	memcpy(single + DES_KEY_SIZE, key, DES_KEY_SIZE);
	s.ctx = cbc_start(SJ_CIPHER_3DES, single, NULL, true);
	s.ok = s.ctx != NULL;
	for (size_t i = 0; s.ok && i < n; i++)
		chain_put(&s, parts[i]);
	s.ok = s.ok && s.held_len == s.block &&
	       cbc(SJ_CIPHER_3DES, key, s.state, sj_span(s.held, s.block), out, true);
	sj_wipe(single, sizeof(single));
	ok = s.ok;
	if (s.ctx == NULL)
		sj_memory_note();
	chain_end(&s);
	return ok;
}

/* SP 800-38B, 6.1: doubling in GF(2^128). */
static void cmac_double(uint8_t block[static 16])
{
	uint8_t carry = (uint8_t)(0x87 & -(block[0] >> 7));

	for (size_t i = 0; i < 15; i++)
		block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
	block[15] = (uint8_t)(block[15] << 1 ^ carry);
}

/* SP 800-38B, 6.2, step 4: the last block, padded and masked with K1 or K2. */
static void cmac_last(struct chain *s, uint8_t subkey[static 16])
{
	cmac_double(subkey);
	if (s->held_len < s->block) {
		cmac_double(subkey);
		memset(s->held + s->held_len, 0, s->block - s->held_len);
		s->held[s->held_len] = 0x80;
	}
	for (size_t i = 0; i < s->block; i++)
		s->held[i] ^= subkey[i];
}

static bool cmac(enum sj_cipher c, const uint8_t *key, const struct sj_span *parts, size_t n,
		 uint8_t *out, size_t size)
{
	static const uint8_t zero[SJ_CIPHER_BLOCK_MAX];
	uint8_t subkey[SJ_CIPHER_BLOCK_MAX];
	struct chain s = { .block = 16, .ok = true };
	bool ok;

	s.ctx = cbc_start(c, key, NULL, true);
	s.ok = s.ctx != NULL;
	chain_blocks(&s, zero, sizeof(zero));
	memcpy(subkey, s.state, sizeof(subkey));
	s.ok = s.ok && EVP_EncryptInit_ex(s.ctx, NULL, NULL, NULL, zero) == 1;
	for (size_t i = 0; s.ok && i < n; i++)
		chain_put(&s, parts[i]);
	cmac_last(&s, subkey);
	chain_blocks(&s, s.held, s.block);
	memcpy(out, s.state, size);
	sj_wipe(subkey, sizeof(subkey));
	ok = s.ok;
	chain_end(&s);
	return sj_sure(ok);
}

bool sj_mac(enum sj_cipher c, const uint8_t *key, const struct sj_span *parts, size_t n,
	    uint8_t out[static SJ_MAC_SIZE])
{
	sj_meter_cipher(sj_spans_len(parts, n));
	return c == SJ_CIPHER_3DES ? retail_mac(key, parts, n, out)
				   : cmac(c, key, parts, n, out, SJ_MAC_SIZE);
}

bool sj_cmac(enum sj_cipher c, const uint8_t *key, const struct sj_span *parts, size_t n,
	     uint8_t out[static SJ_CIPHER_BLOCK_MAX])
{
	sj_meter_cipher(sj_spans_len(parts, n));
	return c != SJ_CIPHER_3DES && cmac(c, key, parts, n, out, SJ_CIPHER_BLOCK_MAX);
}
