#include "crypt/ff1.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/internal.h"
#include "crypt/wipe.h"

#define BLOCK 16u
#define ROUNDS 10u
#define HALF_BITS 56u /* a remainder times 256 still fits in 64 bits */

struct sj_ff1 {
	EVP_CIPHER_CTX *aes; /* ECB: one block at a time */
	uint32_t radix;
	unsigned u, v; /* numerals of the halves */
	uint64_t radix_u, radix_v; /* radix to their power */
	size_t b; /* bytes of a half */
	size_t d; /* bytes of the round's number, at most one block */
};

/* radix^n; 0: not below 2^56. */
static uint64_t power(uint32_t radix, unsigned n)
{
	uint64_t value = 1;

	while (n-- > 0 && value != 0)
		value = value <= (UINT64_C(1) << HALF_BITS) / radix ? value * radix : 0;
	return value;
}

/* Step 3: bytes that hold every number below radix^v. */
static size_t bytes_below(uint64_t limit)
{
	size_t n = 0;

	for (uint64_t most = limit - 1; most > 0; most >>= 8)
		n++;
	return n;
}

struct sj_ff1 *sj_ff1_new(const uint8_t key[static SJ_FF1_KEY], uint32_t radix, unsigned digits)
{
	struct sj_ff1 *f = calloc(1, sizeof(*f));

	if (!sj_sure(f != NULL) || radix < 2 || radix > 65536 || digits < 2)
		goto failed;
	f->radix = radix;
	f->u = digits / 2;
	f->v = digits - f->u;
	f->radix_u = power(radix, f->u);
	f->radix_v = power(radix, f->v);
	if (f->radix_u == 0 || f->radix_v == 0)
		goto failed;
	f->b = bytes_below(f->radix_v);
	f->d = 4 * ((f->b + 3) / 4) + 4;
	f->aes = EVP_CIPHER_CTX_new();
	if (!sj_sure(f->aes != NULL &&
		     EVP_EncryptInit_ex(f->aes, EVP_aes_256_ecb(), NULL, key, NULL) == 1 &&
		     EVP_CIPHER_CTX_set_padding(f->aes, 0) == 1))
		goto failed;
	return f;
failed:
	sj_ff1_free(f);
	return NULL;
}

void sj_ff1_free(struct sj_ff1 *f)
{
	if (f != NULL)
		EVP_CIPHER_CTX_free(f->aes);
	free(f);
}

/* One step of the CBC-MAC that is PRF (6.2, algorithm 6): mac = AES(mac xor block). */
static bool chain(struct sj_ff1 *f, const uint8_t block[static BLOCK], uint8_t mac[static BLOCK])
{
	int n;

	for (size_t i = 0; i < BLOCK; i++)
		mac[i] ^= block[i];
	return sj_sure(EVP_EncryptUpdate(f->aes, mac, &n, mac, BLOCK) == 1);
}

/* Step 5: the block P. */
static void put_p(const struct sj_ff1 *f, size_t tweak_len, uint8_t out[static BLOCK])
{
	struct sj_writer w = sj_writer(out, BLOCK);

	sj_put_be(&w, 3, 0x010201);
	sj_put_be(&w, 3, f->radix);
	sj_put_u8(&w, ROUNDS);
	sj_put_u8(&w, (uint8_t)f->u);
	sj_put_be(&w, 4, f->u + f->v);
	sj_put_be(&w, 4, (uint32_t)tweak_len);
}

/* Step 6, i and ii: Q, whole blocks; the number of B in its last b bytes. */
static size_t put_q(const struct sj_ff1 *f, struct sj_span tweak, uint8_t round, uint64_t number,
		    uint8_t out[static 3 * BLOCK])
{
	const size_t used = tweak.len + 1 + f->b, size = (used + BLOCK - 1) / BLOCK * BLOCK;

	memset(out, 0, 3 * BLOCK);
	if (tweak.len > 0)
		memcpy(out, tweak.ptr, tweak.len);
	out[size - f->b - 1] = round;
	for (size_t i = 1; i <= f->b; i++, number >>= 8)
		out[size - i] = (uint8_t)number;
	return size;
}

/* Steps 6, iii to v, with S being the first d bytes of R: y modulo `limit`. */
static uint64_t reduce(const uint8_t *s, size_t n, uint64_t limit)
{
	uint64_t y = 0;

	for (size_t i = 0; i < n; i++)
		y = (y << 8 | s[i]) % limit;
	return y;
}

bool sj_ff1_encrypt(struct sj_ff1 *f, struct sj_span tweak, uint64_t *first, uint64_t *rest)
{
	uint8_t p[BLOCK], q[3 * BLOCK], start[BLOCK] = { 0 }, mac[BLOCK];
	uint64_t a = *first, b = *rest, c;
	bool ok = tweak.len <= SJ_FF1_TWEAK_MAX && a < f->radix_u && b < f->radix_v;

	put_p(f, tweak.len, p);
	ok = ok && chain(f, p, start);
	for (uint8_t i = 0; ok && i < ROUNDS; i++) {
		const uint64_t limit = i % 2 == 0 ? f->radix_u : f->radix_v;
		const size_t size = put_q(f, tweak, i, b, q);

		memcpy(mac, start, sizeof(mac));
		for (size_t at = 0; ok && at < size; at += BLOCK)
			ok = chain(f, q + at, mac);
		c = (a + reduce(mac, f->d, limit)) % limit;
		a = b;
		b = c;
	}
	if (ok) {
		*first = a;
		*rest = b;
	}
	sj_wipe(q, sizeof(q));
	sj_wipe(mac, sizeof(mac));
	return ok;
}
