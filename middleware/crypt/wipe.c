#include "crypt/wipe.h"

#include <openssl/crypto.h>

void sj_wipe(void *ptr, size_t n)
{
	OPENSSL_cleanse(ptr, n);
}

bool sj_equal_secret(struct sj_span a, struct sj_span b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
