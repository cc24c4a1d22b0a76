/* rsa_parts.h -- the numbers of an RSA private key, for tests that take keys apart. */
#ifndef TESTS_UNIT_RSA_PARTS_H
#define TESTS_UNIT_RSA_PARTS_H

#include "crypt/rsa.h"

/* p, q, dP, dQ, qInv of a PKCS#8 key without leading zeros; asserts that they are there. */
void rsa_parts(struct sj_span pkcs8, struct sj_span part[static SJ_RSA_CRT]);

#endif
