/*
 * signer.c -- a program that signs with any PKCS#11 module, timed.
 *
 *	signer discover MODULE ID PIN KIND	ms from C_Initialize until all is listed that the module shows of the card without a PIN;
 *		and how many objects these are
 *	signer first MODULE ID PIN KIND [N]	ms from C_Initialize to the first signature, or to the N-th
 *	signer logout MODULE ID PIN KIND [N]	the same; ends logged out, without C_Finalize
 *	signer rate MODULE ID PIN KIND THREADS SECONDS	signatures per second
 *	signer soak MODULE ID PIN KIND THREADS SECONDS	the same, each of them verified; meanwhile it forks
 *		now and then, and the child signs once
 *
 * KIND: ec (CKM_ECDSA), rsa (CKM_RSA_PKCS). ID: the key's CKA_ID in hex. One figure on standard output; of
 * soak three more: the longest that a signature took in ms, children, logins again.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/signing.h"

#define THREADS_MAX 64
#define WARM_S 0.5 /* until all have begun */

/*
 * The sanitiser takes a thread for one of the parent's where that one had its stack, which is free
 * in the child: for one that is larger there is none to be had.
 */
static void use_other_stacks(void)
{
#ifdef __SANITIZE_THREAD__
	pthread_attr_t attr;
	size_t size = 0;

	pthread_getattr_default_np(&attr);
	pthread_attr_getstacksize(&attr, &size);
	pthread_attr_setstacksize(&attr, 2 * size);
	pthread_setattr_default_np(&attr);
	pthread_attr_destroy(&attr);
#endif
}

/*
 * The child has none of its parent's threads, whatever they were about. It calls the module alone: a thread that was in
 * OpenSSL when the program forked has left its locks as they were, for ever.
 */
static void have_child(struct signer *s)
{
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		use_other_stacks();
		alarm(SIGNER_CHILD_S);
		s->key = NULL;
		_exit(signer_begin(s, &session, NULL) && signer_sign(s, session, &key, 1) &&
				      signer_ok(s, s->p11->C_Finalize(NULL), "C_Finalize")
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
	while (!s->failed && signer_now() < s->until) {
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

	s->until = signer_now() + WARM_S + seconds;
	for (unsigned i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, signer_work, s);
	nanosleep(&warm, NULL);
	s->counts = true;
	start = signer_now();
	if (s->key != NULL)
		have_children(s);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return (double)s->n / (signer_now() - start);
}

/* Its class, what it is called, and the ID that keys and certificates have. */
static bool list_one(struct signer *s, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_OBJECT_CLASS class = CK_UNAVAILABLE_INFORMATION;
	CK_BYTE id[32], label[256];
	CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &class, sizeof(class) },
				  { CKA_LABEL, label, sizeof(label) },
				  { CKA_ID, id, sizeof(id) } };
	CK_RV rv = s->p11->C_GetAttributeValue(session, object, wanted, 3);
	const bool is_named = class >= CKO_CERTIFICATE && class <= CKO_PRIVATE_KEY;

	s->n++;
	return signer_ok(s, rv == CKR_ATTRIBUTE_TYPE_INVALID && !is_named ? CKR_OK : rv,
			 "C_GetAttributeValue");
}

/* As `pkcs11-tool -O` does it; the certificate must be among them. How many there are is counted. */
static bool discover(struct signer *s, double *ms)
{
	double start = signer_now();
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE object, certificate;
	CK_TOKEN_INFO token;
	CK_ULONG n = 1;
	bool good = signer_open(s, &session) &&
		    signer_ok(s, s->p11->C_GetTokenInfo(s->slot, &token), "C_GetTokenInfo") &&
		    signer_ok(s, s->p11->C_FindObjectsInit(session, NULL, 0), "C_FindObjectsInit");

	while (good && n == 1) {
		good = signer_ok(s, s->p11->C_FindObjects(session, &object, 1, &n),
				 "C_FindObjects");
		good = good && (n == 0 || list_one(s, session, object));
	}
	good = good && signer_ok(s, s->p11->C_FindObjectsFinal(session), "C_FindObjectsFinal") &&
	       signer_find(s, session, CKO_CERTIFICATE, &certificate);
	*ms = (signer_now() - start) * 1000;
	return good && signer_ok(s, s->p11->C_Finalize(NULL), "C_Finalize");
}

/* `stays`: it only logs out. */
static bool first(struct signer *s, unsigned n, bool stays, double *ms)
{
	double start = signer_now();
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	bool good = signer_begin(s, &session, NULL) &&
		    signer_find(s, session, CKO_PRIVATE_KEY, &key) && n > 0;

	for (unsigned i = 0; good && i < n; i++)
		good = signer_sign(s, session, &key, i);
	*ms = (signer_now() - start) * 1000;
	return good && (stays ? signer_ok(s, s->p11->C_Logout(session), "C_Logout")
			      : signer_ok(s, s->p11->C_Finalize(NULL), "C_Finalize"));
}

int main(int argc, char **argv)
{
	struct signer s = { .mechanism = { CKM_ECDSA, NULL, 0 } };
	CK_SESSION_HANDLE session;
	unsigned threads = argc > 6 ? (unsigned)strtoul(argv[6], NULL, 10) : 1;
	EVP_PKEY *key = NULL;
	double value = 0;

	if (argc < 6 || threads > THREADS_MAX || !signer_load(&s, argv[2]))
		return 2;
	s.id = (CK_BYTE)strtoul(argv[3], NULL, 16);
	s.pin = argv[4];
	if (strcmp(argv[5], "rsa") == 0)
		s.mechanism.mechanism = CKM_RSA_PKCS;
	s.shares = strcmp(argv[1], "soak") == 0;
	if (strcmp(argv[1], "discover") == 0) {
		(void)discover(&s, &value);
	} else if (strcmp(argv[1], "first") == 0 || strcmp(argv[1], "logout") == 0) {
		(void)first(&s, threads, argv[1][0] == 'l', &value);
	} else if (signer_begin(&s, &session, &key)) {
		s.key = strcmp(argv[1], "soak") == 0 ? key : NULL;
		value = rate(&s, threads, argc > 7 ? strtod(argv[7], NULL) : 1);
		(void)signer_ok(&s, s.p11->C_Finalize(NULL), "C_Finalize");
	}
	EVP_PKEY_free(key);
	explicit_bzero(argv[4], strlen(argv[4]));
	printf("%.3f", value);
	if (strcmp(argv[1], "discover") == 0)
		printf(" %lu", s.n);
	if (key != NULL)
		printf(" %lu %u %lu", s.longest_us / 1000, s.children, s.logins);
	printf("\n");
	return s.failed ? 1 : 0;
}
