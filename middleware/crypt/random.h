/* random.h -- random bytes, as a source that is passed in. */
#ifndef SJ_CRYPT_RANDOM_H
#define SJ_CRYPT_RANDOM_H

#include "wire/bytes.h"

/* Where random bytes come from; tests and vectors pass their own. */
struct sj_random {
	bool (*fill)(void *self, uint8_t *out, size_t n);
	void *self;
};

/* The operating system's source through OpenSSL (RAND_priv_bytes). */
struct sj_random sj_random_system(void);

SJ_MUST_CHECK static inline bool sj_random_fill(const struct sj_random *r, uint8_t *out, size_t n)
{
	return r->fill(r->self, out, n);
}

#endif
