/* signing.h -- a program that signs with any PKCS#11 module: signer.c, and what does it beside other work. */
#ifndef TESTS_BENCH_SIGNING_H
#define TESTS_BENCH_SIGNING_H

#include <stdatomic.h>
#include <stdbool.h>

#include <openssl/evp.h>

#include "pkcs11/p11.h"

#define SIGNER_CHILD_S 60 /* a child, or a signature with new logins, that takes longer hangs */

struct signer {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	CK_BYTE id;
	const char *pin;
	CK_MECHANISM mechanism;
	EVP_PKEY *key; /* of the certificate; NULL: nothing is verified */
	double until; /* signer_now() */
	atomic_bool counts, failed;
	atomic_ulong n;
	atomic_ulong longest_us;
	atomic_ulong logins; /* again */
	bool shares; /* the card, with programs that use other applications of it */
	unsigned children;
};

/* Seconds. */
double signer_now(void);
/* Whether it is CKR_OK; if not it is told, and the signer has failed. */
bool signer_ok(struct signer *s, CK_RV rv, const char *what);
bool signer_load(struct signer *s, const char *module);
/* Up to a session with the first token. */
bool signer_open(struct signer *s, CK_SESSION_HANDLE *session);
/*
 * The same, with the user logged in; the certificate is read, as programs do. `key`, which the caller
 * frees, is what stands in it; NULL: it is not looked into, which is no module's work.
 */
bool signer_begin(struct signer *s, CK_SESSION_HANDLE *session, EVP_PKEY **key);
/* The one object of a class with the key's ID. */
bool signer_find(struct signer *s, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class,
		 CK_OBJECT_HANDLE *out);
/* Signs `number`, and verifies it if there is a key. */
bool signer_sign(struct signer *s, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key,
		 CK_ULONG number);
/* A thread's: signs until `until`, in a session of its own; `of` is the signer. */
void *signer_work(void *of);

#endif
