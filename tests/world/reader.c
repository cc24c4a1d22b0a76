/*
 * reader.c -- threads that verify the document in the reader again and again, for others to be in the way:
 * `reader TRUST CAN-FILE SECONDS THREADS [MODULE ID PIN]`. With a PKCS#11 module every second thread signs
 * with it instead (P-256). Prints documents, the longest that a document or a signature took in ms, and signatures.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sojourn/document.h>

#include "tests/bench/signing.h"

#define TIMEOUT_MS 30000u
#define THREADS_MAX 64

struct reader {
	const char *trust, *can;
	double until;
	atomic_uint n, wrong;
	atomic_ulong longest_ms;
	struct signer signer;
};

/* A thread's own: contexts are not shared. */
struct desk {
	struct sj_context *ctx;
	struct sj_trust *trust;
	struct sj_access *access;
};

static void rest(double s)
{
	const struct timespec t = { .tv_sec = (time_t)s, .tv_nsec = (long)(s * 1e9) % 1000000000 };

	nanosleep(&t, NULL);
}

static enum sj_rc verify(const struct desk *d, enum sj_verdict *verdict)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_report *report = NULL;
	struct sj_card *card = NULL;
	enum sj_rc rc = sj_card_wait(d->ctx, NULL, TIMEOUT_MS, &card);

	options.timeout_ms = TIMEOUT_MS;
	if (rc == SJ_OK)
		rc = sj_document_verify(card, d->trust, d->access, &options, &report);
	if (rc == SJ_OK)
		*verdict = sj_report_verdict(report);
	sj_report_free(report);
	sj_card_close(card);
	return rc;
}

static bool read_can(const char *path, struct sj_access **out)
{
	char can[16] = "";
	FILE *f = fopen(path, "r");

	if (!f || !fgets(can, sizeof(can), f))
		return false;
	fclose(f);
	can[strcspn(can, "\n")] = '\0';
	return sj_access_can(can, strlen(can), out) == SJ_OK;
}

static void note_longest(struct reader *r, unsigned long ms)
{
	unsigned long most = r->longest_ms;

	while (ms > most && !atomic_compare_exchange_weak(&r->longest_ms, &most, ms))
		;
}

static void verify_again_and_again(struct reader *r, const struct desk *d)
{
	while (signer_now() < r->until) {
		const double start = signer_now();
		enum sj_verdict verdict = SJ_VERDICT_UNDECIDED;
		enum sj_rc rc = verify(d, &verdict);
		const double took = signer_now() - start;

		if (rc != SJ_OK || verdict != SJ_VERDICT_GENUINE) {
			fprintf(stderr, "reader: %s, %s\n", sj_strerror(rc),
				sj_verdict_name(verdict));
			r->wrong++;
		}
		r->n++;
		note_longest(r, (unsigned long)(took * 1000));
		rest(took); /* half of the time is others' */
	}
}

static void *work(void *of)
{
	struct reader *r = of;
	struct desk d = { 0 };

	if (sj_context_new(&d.ctx) == SJ_OK && sj_trust_open(r->trust, &d.trust) == SJ_OK &&
	    read_can(r->can, &d.access))
		verify_again_and_again(r, &d);
	else
		r->wrong++;
	sj_access_free(d.access);
	sj_trust_close(d.trust);
	sj_context_free(d.ctx);
	return NULL;
}

static bool begin_to_sign(struct signer *s, char **argv)
{
	CK_SESSION_HANDLE session;

	s->id = (CK_BYTE)strtoul(argv[1], NULL, 16);
	s->pin = argv[2];
	s->shares = true;
	s->counts = true;
	return signer_load(s, argv[0]) && signer_begin(s, &session, &s->key);
}

static void end_to_sign(struct reader *r)
{
	struct signer *s = &r->signer;

	(void)signer_ok(s, s->p11->C_Finalize(NULL), "C_Finalize");
	EVP_PKEY_free(s->key);
	note_longest(r, s->longest_us / 1000);
	r->wrong += s->failed;
}

int main(int argc, char **argv)
{
	const unsigned threads = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
	struct reader r = { .signer = { .mechanism = { CKM_ECDSA, NULL, 0 } } };
	const bool signs = argc > 7;
	pthread_t thread[THREADS_MAX];

	if (threads == 0 || threads > THREADS_MAX)
		return 2;
	r.trust = argv[1];
	r.can = argv[2];
	if (signs && !begin_to_sign(&r.signer, argv + 5))
		return 1;
	r.until = r.signer.until = signer_now() + strtod(argv[3], NULL);
	for (unsigned i = 0; i < threads; i++) {
		const bool signer = signs && i % 2 == 1;

		pthread_create(&thread[i], NULL, signer ? signer_work : work,
			       signer ? (void *)&r.signer : &r);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	if (signs)
		end_to_sign(&r);
	printf("%u %lu %lu\n", r.n, r.longest_ms, (unsigned long)r.signer.n);
	return r.wrong > 0;
}
