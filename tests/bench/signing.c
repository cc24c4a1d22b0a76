/* signing.c -- see signing.h. */
#include "tests/bench/signing.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define CERTIFICATE_MAX 3072

double signer_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool signer_ok(struct signer *s, CK_RV rv, const char *what)
{
	if (rv == CKR_OK)
		return true;
	fprintf(stderr, "signer: %s: 0x%lX\n", what, rv);
	s->failed = true;
	return false;
}

bool signer_load(struct signer *s, const char *module)
{
	void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	CK_RV (*list)(CK_FUNCTION_LIST **) = NULL;

	if (handle != NULL)
		*(void **)&list = dlsym(handle, "C_GetFunctionList");
	if (list == NULL)
		fprintf(stderr, "signer: %s\n", dlerror());
	return list != NULL && signer_ok(s, list(&s->p11), "C_GetFunctionList");
}

bool signer_find(struct signer *s, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class,
		 CK_OBJECT_HANDLE *out)
{
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_ID, &s->id, sizeof(s->id) } };
	CK_ULONG n = 0;

	if (!signer_ok(s, s->p11->C_FindObjectsInit(session, template, 2), "C_FindObjectsInit") ||
	    !signer_ok(s, s->p11->C_FindObjects(session, out, 1, &n), "C_FindObjects") ||
	    !signer_ok(s, s->p11->C_FindObjectsFinal(session), "C_FindObjectsFinal"))
		return false;
	return signer_ok(s, n == 1 ? CKR_OK : CKR_OBJECT_HANDLE_INVALID, "no such object");
}

static bool read_certificate(struct signer *s, CK_SESSION_HANDLE session, EVP_PKEY **key)
{
	CK_BYTE der[CERTIFICATE_MAX];
	const unsigned char *at = der;
	CK_ATTRIBUTE value = { CKA_VALUE, der, sizeof(der) };
	CK_OBJECT_HANDLE object;
	X509 *certificate;

	if (!signer_find(s, session, CKO_CERTIFICATE, &object) ||
	    !signer_ok(s, s->p11->C_GetAttributeValue(session, object, &value, 1),
		       "C_GetAttributeValue"))
		return false;
	if (key == NULL)
		return true;
	certificate = d2i_X509(NULL, &at, (long)value.ulValueLen);
	*key = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
	X509_free(certificate);
	return signer_ok(s, *key != NULL ? CKR_OK : CKR_DATA_INVALID, "the certificate");
}

bool signer_open(struct signer *s, CK_SESSION_HANDLE *session)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_SLOT_ID slots[16];
	CK_ULONG n = sizeof(slots) / sizeof(slots[0]);

	if (!signer_ok(s, s->p11->C_Initialize(&args), "C_Initialize") ||
	    !signer_ok(s, s->p11->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList") ||
	    !signer_ok(s, n > 0 ? CKR_OK : CKR_TOKEN_NOT_PRESENT, "no token"))
		return false;
	s->slot = slots[0];
	return signer_ok(s, s->p11->C_OpenSession(s->slot, CKF_SERIAL_SESSION, NULL, NULL, session),
			 "C_OpenSession");
}

bool signer_begin(struct signer *s, CK_SESSION_HANDLE *session, EVP_PKEY **key)
{
	return signer_open(s, session) && read_certificate(s, *session, key) &&
	       signer_ok(s,
			 s->p11->C_Login(*session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)s->pin,
					 strlen(s->pin)),
			 "C_Login");
}

/* DigestInfo of SHA-256, then the digest (RFC 8017, 9.2). */
static const CK_BYTE digest_info[] = { 0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				       0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
#define INFO sizeof(digest_info)
#define DIGEST 32u

/* r || s -> DER. */
static size_t to_der(const CK_BYTE *rs, size_t len, uint8_t out[static 160])
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	uint8_t *at = out;
	int n = 0;

	if (ECDSA_SIG_set0(signature, BN_bin2bn(rs, (int)len / 2, NULL),
			   BN_bin2bn(rs + len / 2, (int)len / 2, NULL)) == 1)
		n = i2d_ECDSA_SIG(signature, &at);
	ECDSA_SIG_free(signature);
	return n > 0 ? (size_t)n : 0;
}

static bool verify(struct signer *s, const CK_BYTE *digest, CK_BYTE *signature, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(s->key, NULL);
	bool good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1;
	uint8_t der[160];

	if (s->mechanism.mechanism == CKM_ECDSA) {
		len = to_der(signature, len, der);
		signature = der;
	} else {
		good = good && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1;
	}
	good = good && EVP_PKEY_verify(ctx, signature, len, digest, DIGEST) == 1;
	EVP_PKEY_CTX_free(ctx);
	return signer_ok(s, good ? CKR_OK : CKR_SIGNATURE_INVALID, "a wrong signature");
}

/*
 * What a module says when a process beside it has used another application of the card, which ended
 * the login, and with it what only a user sees.
 */
static bool is_logged_out(CK_RV rv)
{
	return rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_KEY_HANDLE_INVALID ||
	       rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_OPERATION_NOT_INITIALIZED;
}

/* As a program does it that has to share the card: logs in again and looks for the key again. */
static CK_RV log_in_again(struct signer *s, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_ID, &s->id, sizeof(s->id) } };
	CK_ULONG n = 0;
	CK_RV rv = s->p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)s->pin,
				   strlen(s->pin));

	s->logins++;
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		rv = s->p11->C_FindObjectsInit(session, template, 2);
	if (rv == CKR_OK)
		rv = s->p11->C_FindObjects(session, key, 1, &n);
	(void)s->p11->C_FindObjectsFinal(session);
	return rv == CKR_OK && n == 0 ? CKR_USER_NOT_LOGGED_IN : rv;
}

bool signer_sign(struct signer *s, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key,
		 CK_ULONG number)
{
	CK_BYTE in[INFO + DIGEST] = { 0 }, signature[512];
	const size_t skip = s->mechanism.mechanism == CKM_ECDSA ? INFO : 0;
	const double until = signer_now() + SIGNER_CHILD_S;
	CK_ULONG len = sizeof(signature);
	CK_RV rv;

	memcpy(in, digest_info, INFO);
	memcpy(in + INFO, &number, sizeof(number));
	memcpy(in + INFO + 16, &session, sizeof(session));
	rv = s->p11->C_SignInit(session, &s->mechanism, *key);
	if (rv == CKR_OK)
		rv = s->p11->C_Sign(session, in + skip, sizeof(in) - skip, signature, &len);
	while (is_logged_out(rv) && s->shares && signer_now() < until) {
		rv = log_in_again(s, session, key);
		if (rv == CKR_OK)
			rv = s->p11->C_SignInit(session, &s->mechanism, *key);
		len = sizeof(signature);
		if (rv == CKR_OK)
			rv = s->p11->C_Sign(session, in + skip, sizeof(in) - skip, signature, &len);
	}
	return signer_ok(s, rv, "C_Sign") &&
	       (s->key == NULL || verify(s, in + INFO, signature, len));
}

static void note_longest(struct signer *s, double seconds)
{
	const unsigned long us = (unsigned long)(seconds * 1e6);
	unsigned long most = s->longest_us;

	while (us > most && !atomic_compare_exchange_weak(&s->longest_us, &most, us))
		;
}

void *signer_work(void *of)
{
	struct signer *s = of;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

	if (!signer_ok(s, s->p11->C_OpenSession(s->slot, CKF_SERIAL_SESSION, NULL, NULL, &session),
		       "C_OpenSession"))
		return NULL;
	if (!s->shares && !signer_find(s, session, CKO_PRIVATE_KEY, &key))
		return NULL;
	for (CK_ULONG i = 0; !s->failed && signer_now() < s->until; i++) {
		const double start = signer_now();

		if (!signer_sign(s, session, &key, i))
			break;
		note_longest(s, signer_now() - start);
		if (s->counts)
			s->n++;
	}
	(void)signer_ok(s, s->p11->C_CloseSession(session), "C_CloseSession");
	return NULL;
}
