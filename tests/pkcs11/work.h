/* work.h -- what programs do with the module, where it takes more than a call. */
#ifndef TESTS_PKCS11_WORK_H
#define TESTS_PKCS11_WORK_H

#include "pkcs11/p11.h"

/* The generator of P-256, a point of 65 bytes. */
const CK_BYTE *work_generator(void);
/* Agrees with it, or as many bytes of it: 65 a point of P-256, 32 one of X25519. */
CK_RV work_derive(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_ULONG n,
		  CK_OBJECT_HANDLE *secret);
/* A secret of 32 bytes in the session, whose value may be had. */
CK_RV work_secret(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out);
/* Writes the first of these objects that has a value into 9A, as a certificate, and deletes it. */
void work_write_certificate(CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE *objects, CK_ULONG n);

#endif
