/*
 * secrets.h -- symmetric keys of an authority, which stay where they lie: a file or an HSM.
 *
 * Each is an AES-256 key that does one thing: CMAC as the pseudo-random function of NIST
 * SP 800-108 (r1, 4.1), counter mode: block i is CMAC(key, i (1) || 00 || context || 0100 (2)),
 * two blocks make 32 bytes. An HSM needs nothing but CKM_AES_CMAC for it.
 * Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_SECRETS_H
#define SJ_AUTHORITY_SECRETS_H

#include "authority/registry.h"

#define SECRETS_SIZE 32u /* bytes of what is derived */
#define SECRETS_CONTEXT_MAX 64u

/* Names: "card-master-N" (keys of cards), "register-N" (personal data at rest). */

/* Makes the key of that name where the authority keeps its keys, with a row in registry.json. */
CLI_MUST_CHECK int secrets_make(struct authority *a, const char *name);
/* Derives 32 bytes from it; wipe them. */
CLI_MUST_CHECK int secrets_derive(const struct authority *a, const char *name,
				  struct sj_span context, uint8_t out[static SECRETS_SIZE]);

#endif
