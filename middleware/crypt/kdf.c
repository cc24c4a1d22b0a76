#include "crypt/kdf.h"
#include "crypt/hash.h"
#include "crypt/wipe.h"

#include <string.h>

/* FIPS 46-3: each byte of a DES key has an odd number of ones, by its lowest bit. */
static void des_parity(uint8_t *key, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned ones = (unsigned)__builtin_popcount(key[i] & 0xFEu);

		key[i] = (uint8_t)((key[i] & 0xFEu) | (~ones & 1u));
	}
}

bool sj_kdf(enum sj_cipher c, struct sj_span secret, enum sj_kdf_counter counter,
	    uint8_t out[static SJ_CIPHER_KEY_MAX])
{
	const uint8_t count[4] = { 0, 0, 0, (uint8_t)counter };
	const struct sj_span parts[] = { secret, SJ_SPAN_OF(count) };
	const size_t size = sj_cipher_key_size(c);
	enum sj_hash alg = size > 16 ? SJ_SHA256 : SJ_SHA1;
	uint8_t digest[SJ_HASH_MAX];
	bool ok;

	ok = sj_hash(alg, parts, 2, digest);
	if (ok) {
		memcpy(out, digest, size);
		if (c == SJ_CIPHER_3DES)
			des_parity(out, size);
	}
	sj_wipe(digest, sizeof(digest));
	return ok;
}
