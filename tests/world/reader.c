/*
 * reader.c -- verifies the document in the reader again and again, for others to be in the way:
 * `reader TRUST CAN-FILE SECONDS`. Prints how many, and the longest that one took, in ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sojourn/document.h>

#define TIMEOUT_MS 30000u

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static void rest(double ms)
{
	const struct timespec t = { .tv_sec = (time_t)(ms / 1000),
				    .tv_nsec = (long)(ms * 1e6) % 1000000000 };

	nanosleep(&t, NULL);
}

static enum sj_rc verify(struct sj_context *ctx, struct sj_trust *trust,
			 const struct sj_access *access, enum sj_verdict *verdict)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_report *report = NULL;
	struct sj_card *card = NULL;
	enum sj_rc rc = sj_card_wait(ctx, NULL, TIMEOUT_MS, &card);

	options.timeout_ms = TIMEOUT_MS;
	if (rc == SJ_OK)
		rc = sj_document_verify(card, trust, access, &options, &report);
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

int main(int argc, char **argv)
{
	const double until = now_ms() + (argc > 3 ? strtod(argv[3], NULL) : 1) * 1000;
	struct sj_access *access = NULL;
	struct sj_context *ctx = NULL;
	struct sj_trust *trust = NULL;
	double longest = 0;
	unsigned n = 0, wrong = 0;

	if (argc < 4 || sj_context_new(&ctx) != SJ_OK || sj_trust_open(argv[1], &trust) != SJ_OK ||
	    !read_can(argv[2], &access))
		return 2;
	for (; now_ms() < until; n++) {
		const double start = now_ms();
		double took;
		enum sj_verdict verdict = SJ_VERDICT_UNDECIDED;
		enum sj_rc rc = verify(ctx, trust, access, &verdict);

		if (rc != SJ_OK || verdict != SJ_VERDICT_GENUINE) {
			fprintf(stderr, "reader: %s, %s\n", sj_strerror(rc),
				sj_verdict_name(verdict));
			wrong++;
		}
		took = now_ms() - start;
		if (took > longest)
			longest = took;
		rest(took); /* half of the time is others' */
	}
	sj_access_free(access);
	sj_trust_close(trust);
	sj_context_free(ctx);
	printf("%u %.0f\n", n, longest);
	return wrong > 0;
}
