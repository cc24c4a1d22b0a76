/* wipe.h -- the end of secrets, and comparing them. */
#ifndef SJ_CRYPT_WIPE_H
#define SJ_CRYPT_WIPE_H

#include "wire/bytes.h"

/* Overwrites n bytes in a way no compiler removes. */
void sj_wipe(void *ptr, size_t n);

/*
 * Overwrites what calls that have returned left on the stack, 8 KiB below the caller's frame: after a signature by
 * ECDSA, OpenSSL leaves its nonce there, of which the private key can be reckoned.
 */
void sj_wipe_stack(void);

/* Same length and bytes; the time depends on the lengths only. */
bool sj_equal_secret(struct sj_span a, struct sj_span b);

#endif
