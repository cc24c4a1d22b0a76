/* example.c -- waits for a card, verifies it, greets its holder.
 * Build: cc example.c $(pkg-config --cflags --libs sojourn)
 * Use:   example TRUST-DIRECTORY CAN-FILE */
#include <stdio.h>
#include <string.h>

#include <sojourn/document.h>

int main(int argc, char **argv)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_holder holder = { .size = sizeof(holder) };
	struct sj_context *ctx = NULL;
	struct sj_trust *trust = NULL;
	struct sj_access *access = NULL;
	struct sj_card *card = NULL;
	struct sj_report *report = NULL;
	FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;
	char can[16] = "";
	enum sj_rc rc = SJ_INPUT_UNREADABLE;

	if (file == NULL || fgets(can, sizeof(can), file) == NULL)
		goto out;
	if ((rc = sj_access_can(can, strlen(can), &access)) != SJ_OK ||
	    (rc = sj_trust_open(argv[1], &trust)) != SJ_OK ||
	    (rc = sj_context_new(&ctx)) != SJ_OK ||
	    (rc = sj_card_wait(ctx, NULL, 10000, &card)) != SJ_OK ||
	    (rc = sj_document_verify(card, trust, access, &options, &report)) != SJ_OK)
		goto out;
	rc = sj_report_reason(report);
	printf("%s\n", sj_verdict_name(sj_report_verdict(report)));
	if (rc == SJ_OK && sj_report_holder(report, &holder))
		printf("Welcome, %s %s\n", holder.given_names, holder.surname);
out:
	if (rc != SJ_OK)
		fprintf(stderr, "SJ-%04d: %s\n", rc, sj_strerror(rc));
	sj_report_free(report);
	sj_card_close(card);
	sj_access_free(access);
	sj_trust_close(trust);
	sj_context_free(ctx);
	return sj_exit_code(rc);
}
