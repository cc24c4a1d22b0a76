/* attest_rig.h -- an attestation key with a certificate, given to a key card. */
#ifndef TESTS_CARD_ATTEST_RIG_H
#define TESTS_CARD_ATTEST_RIG_H

#include "crypt/rsa.h"
#include "crypt/sign.h"
#include "tests/card/piv_rig.h"

/* Key F9, outside: its certificate is signed by itself. */
struct attester {
	uint8_t private_key[SJ_KEY_MAX], spki[SJ_RSA_SPKI_MAX], certificate[2304];
	struct sj_span pkcs8, public_key, der; /* into the above */
};

/* `kind` as for sj_key_generate(). */
void attester_make(struct attester *a, const char *kind);
/* Proves the management key; imports F9 and writes 5FFF01. */
void attester_give(struct bench *b, const struct attester *a);
/* Writes 5FFF01 with this certificate; its status word. */
uint16_t attester_write(struct bench *b, struct sj_span der, bool gzip);

#endif
