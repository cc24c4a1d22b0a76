#include "crypt/random.h"
#include "crypt/internal.h"

#include <limits.h>
#include <openssl/rand.h>

static bool system_fill(void *self, uint8_t *out, size_t n)
{
	(void)self;
	return n <= INT_MAX && sj_answered(RAND_priv_bytes(out, (int)n) == 1);
}

struct sj_random sj_random_system(void)
{
	return (struct sj_random){ system_fill, NULL };
}
