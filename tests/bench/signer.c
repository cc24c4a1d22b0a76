/*
 * signer.c -- a program that signs with any PKCS#11 module, timed.
 *
 *	signer first MODULE ID PIN KIND [N]	ms from C_Initialize to the first signature, or to the N-th
 *	signer logout MODULE ID PIN KIND [N]	the same; ends logged out, without C_Finalize
 *	signer rate MODULE ID PIN KIND THREADS SECONDS	signatures per second
 *	signer soak MODULE ID PIN KIND THREADS SECONDS	the same, each of them verified; meanwhile it forks
 *		now and then, and the child signs once
 *
 * KIND: ec (CKM_ECDSA), rsa (CKM_RSA_PKCS). ID: the key's CKA_ID in hex. One figure on standard output; of
 * soak three more: the longest that a signature took in ms, children, logins again.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "pkcs11/p11.h"

#define THREADS_MAX 64
#define CERTIFICATE_MAX 3072
#define CHILD_S 60 /* a child that takes longer hangs */
#define WARM_S 0.5 /* until all have begun */

struct signer {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	CK_BYTE id;
	const char *pin;
	CK_MECHANISM mechanism;
	EVP_PKEY *key; /* of the certificate; NULL: nothing is verified */
	double until;
	atomic_bool counts, failed;
	atomic_ulong n;
	atomic_ulong longest_us;
	atomic_ulong logins; /* again */
	bool shares; /* the card, with programs that use other applications of it */
	unsigned children;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool ok(struct signer *s, CK_RV rv, const char *what)
{
	if (rv == CKR_OK)
		return true;
	fprintf(stderr, "signer: %s: 0x%lX\n", what, rv);
	s->failed = true;
	return false;
}

static bool load(struct signer *s, const char *module)
{
	void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	CK_RV (*list)(CK_FUNCTION_LIST **) = NULL;

	if (handle != NULL)
		*(void **)&list = dlsym(handle, "C_GetFunctionList");
	if (list == NULL)
		fprintf(stderr, "signer: %s\n", dlerror());
	return list != NULL && ok(s, list(&s->p11), "C_GetFunctionList");
}

/* The one object of a class with the key's ID. */
static bool find(struct signer *s, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class,
		 CK_OBJECT_HANDLE *out)
{
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_ID, &s->id, sizeof(s->id) } };
	CK_ULONG n = 0;

	if (!ok(s, s->p11->C_FindObjectsInit(session, template, 2), "C_FindObjectsInit") ||
	    !ok(s, s->p11->C_FindObjects(session, out, 1, &n), "C_FindObjects") ||
	    !ok(s, s->p11->C_FindObjectsFinal(session), "C_FindObjectsFinal"))
		return false;
	return ok(s, n == 1 ? CKR_OK : CKR_OBJECT_HANDLE_INVALID, "no such object");
}

static bool read_certificate(struct signer *s, CK_SESSION_HANDLE session, EVP_PKEY **key)
{
	CK_BYTE der[CERTIFICATE_MAX];
	const unsigned char *at = der;
	CK_ATTRIBUTE value = { CKA_VALUE, der, sizeof(der) };
	CK_OBJECT_HANDLE object;
	X509 *certificate;

	if (!find(s, session, CKO_CERTIFICATE, &object) ||
	    !ok(s, s->p11->C_GetAttributeValue(session, object, &value, 1), "C_GetAttributeValue"))
		return false;
	certificate = d2i_X509(NULL, &at, (long)value.ulValueLen);
	*key = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
	X509_free(certificate);
	return ok(s, *key != NULL ? CKR_OK : CKR_DATA_INVALID, "the certificate");
}

/* Up to a session with the user logged in; the certificate is read, as programs do. */
static bool begin(struct signer *s, CK_SESSION_HANDLE *session, EVP_PKEY **key)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_SLOT_ID slots[16];
	CK_ULONG n = sizeof(slots) / sizeof(slots[0]);

	if (!ok(s, s->p11->C_Initialize(&args), "C_Initialize") ||
	    !ok(s, s->p11->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList") ||
	    !ok(s, n > 0 ? CKR_OK : CKR_TOKEN_NOT_PRESENT, "no token"))
		return false;
	s->slot = slots[0];
	return ok(s, s->p11->C_OpenSession(s->slot, CKF_SERIAL_SESSION, NULL, NULL, session),
		  "C_OpenSession") &&
	       read_certificate(s, *session, key) &&
	       ok(s,
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
	return ok(s, good ? CKR_OK : CKR_SIGNATURE_INVALID, "a wrong signature");
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

static bool sign(struct signer *s, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key,
		 CK_ULONG number)
{
	CK_BYTE in[INFO + DIGEST] = { 0 }, signature[512];
	const size_t skip = s->mechanism.mechanism == CKM_ECDSA ? INFO : 0;
	const double until = now() + CHILD_S;
	CK_ULONG len = sizeof(signature);
	CK_RV rv;

	memcpy(in, digest_info, INFO);
	memcpy(in + INFO, &number, sizeof(number));
	memcpy(in + INFO + 16, &session, sizeof(session));
	rv = s->p11->C_SignInit(session, &s->mechanism, *key);
	if (rv == CKR_OK)
		rv = s->p11->C_Sign(session, in + skip, sizeof(in) - skip, signature, &len);
	while (is_logged_out(rv) && s->shares && now() < until) {
		rv = log_in_again(s, session, key);
		if (rv == CKR_OK)
			rv = s->p11->C_SignInit(session, &s->mechanism, *key);
		len = sizeof(signature);
		if (rv == CKR_OK)
			rv = s->p11->C_Sign(session, in + skip, sizeof(in) - skip, signature, &len);
	}
	return ok(s, rv, "C_Sign") && (s->key == NULL || verify(s, in + INFO, signature, len));
}

static void note_longest(struct signer *s, double seconds)
{
	const unsigned long us = (unsigned long)(seconds * 1e6);
	unsigned long most = s->longest_us;

	while (us > most && !atomic_compare_exchange_weak(&s->longest_us, &most, us))
		;
}

static void *work(void *of)
{
	struct signer *s = of;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

	if (!ok(s, s->p11->C_OpenSession(s->slot, CKF_SERIAL_SESSION, NULL, NULL, &session),
		"C_OpenSession"))
		return NULL;
	if (!s->shares && !find(s, session, CKO_PRIVATE_KEY, &key))
		return NULL;
	for (CK_ULONG i = 0; !s->failed && now() < s->until; i++) {
		const double start = now();

		if (!sign(s, session, &key, i))
			break;
		note_longest(s, now() - start);
		if (s->counts)
			s->n++;
	}
	(void)ok(s, s->p11->C_CloseSession(session), "C_CloseSession");
	return NULL;
}

/* The child has none of its parent's threads, whatever they were about. */
static void have_child(struct signer *s)
{
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	EVP_PKEY *public = NULL;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
#ifdef __SANITIZE_THREAD__
		_exit(0); /* the sanitiser knows no threads of a child of threads */
#endif
		alarm(CHILD_S);
		s->key = NULL;
		_exit(begin(s, &session, &public) && sign(s, session, &key, 1) &&
				      ok(s, s->p11->C_Finalize(NULL), "C_Finalize")
			      ? 0
			      : 1);
	}
	s->children++;
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "signer: a child ended with status 0x%x\n", (unsigned)status);
		s->failed = true;
	}
}

static void have_children(struct signer *s)
{
	while (!s->failed && now() < s->until) {
		const struct timespec wait = { .tv_nsec = rand() % 900000000 + 50000000 };

		nanosleep(&wait, NULL);
		have_child(s);
	}
}

static double rate(struct signer *s, unsigned threads, double seconds)
{
	const struct timespec warm = { .tv_nsec = (long)(WARM_S * 1e9) };
	pthread_t thread[THREADS_MAX];
	double start;

	s->until = now() + WARM_S + seconds;
	for (unsigned i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, work, s);
	nanosleep(&warm, NULL);
	s->counts = true;
	start = now();
	if (s->key != NULL)
		have_children(s);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return (double)s->n / (now() - start);
}

/* `stays`: it only logs out. */
static bool first(struct signer *s, unsigned n, bool stays, double *ms)
{
	double start = now();
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	EVP_PKEY *public = NULL;
	bool good = begin(s, &session, &public) && find(s, session, CKO_PRIVATE_KEY, &key) && n > 0;

	for (unsigned i = 0; good && i < n; i++)
		good = sign(s, session, &key, i);
	*ms = (now() - start) * 1000;
	EVP_PKEY_free(public);
	return good && (stays ? ok(s, s->p11->C_Logout(session), "C_Logout")
			      : ok(s, s->p11->C_Finalize(NULL), "C_Finalize"));
}

int main(int argc, char **argv)
{
	struct signer s = { .mechanism = { CKM_ECDSA, NULL, 0 } };
	CK_SESSION_HANDLE session;
	unsigned threads = argc > 6 ? (unsigned)strtoul(argv[6], NULL, 10) : 1;
	EVP_PKEY *key = NULL;
	double value = 0;

	if (argc < 6 || threads > THREADS_MAX || !load(&s, argv[2]))
		return 2;
	s.id = (CK_BYTE)strtoul(argv[3], NULL, 16);
	s.pin = argv[4];
	if (strcmp(argv[5], "rsa") == 0)
		s.mechanism.mechanism = CKM_RSA_PKCS;
	s.shares = strcmp(argv[1], "soak") == 0;
	if (strcmp(argv[1], "first") == 0 || strcmp(argv[1], "logout") == 0) {
		(void)first(&s, threads, argv[1][0] == 'l', &value);
	} else if (begin(&s, &session, &key)) {
		s.key = strcmp(argv[1], "soak") == 0 ? key : NULL;
		value = rate(&s, threads, argc > 7 ? strtod(argv[7], NULL) : 1);
		(void)ok(&s, s.p11->C_Finalize(NULL), "C_Finalize");
	}
	EVP_PKEY_free(key);
	explicit_bzero(argv[4], strlen(argv[4]));
	printf("%.3f", value);
	if (key != NULL)
		printf(" %lu %u %lu", s.longest_us / 1000, s.children, s.logins);
	printf("\n");
	return s.failed ? 1 : 0;
}
