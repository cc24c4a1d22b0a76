#include "crypt/wipe.h"

#include <openssl/crypto.h>

void sj_wipe(void *ptr, size_t n)
{
	OPENSSL_cleanse(ptr, n);
}

#define PIECE 2048u /* frames stay small */

static __attribute__((noinline)) void cover(unsigned pieces)
{
	uint8_t piece[PIECE];

	if (pieces > 1)
		cover(pieces - 1);
	OPENSSL_cleanse(piece, sizeof(piece));
}

void sj_wipe_stack(void)
{
	cover(4);
}

bool sj_equal_secret(struct sj_span a, struct sj_span b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
