/* gate.c -- one tap through the engine that does no I/O, for those with a transport of their own.
 * Build: cc gate.c $(pkg-config --cflags --libs sojourn)
 * Use:   gate TRUST-DIRECTORY KEY CREDENTIAL */
#include <stdio.h>
#include <time.h>

#include <sojourn/gate.h>

static size_t load(const char *path, unsigned char *out, size_t cap)
{
	FILE *file = fopen(path, "rb");
	size_t n = file != NULL ? fread(out, 1, cap, file) : 0;

	if (file != NULL)
		fclose(file);
	return n;
}

/* Commands go to the card and answers come back, as long as the tap has any. */
static enum sj_rc run(struct sj_tap *tap, struct sj_card *card)
{
	struct sj_gate_verdict verdict = { .size = sizeof(verdict) };
	unsigned char answer[258];
	const uint8_t *command;
	enum sj_rc rc = SJ_OK;
	size_t len, n;
	bool open = false;

	while (sj_tap_command(tap, &command, &len)) {
		uint16_t sw = 0;

		n = sizeof(answer) - 2;
		rc = sj_card_transmit(card, command, len, 2000, answer, &n, &sw);
		answer[n] = (unsigned char)(sw >> 8);
		answer[n + 1] = (unsigned char)sw;
		sj_tap_feed(tap, answer, rc == SJ_OK ? n + 2 : 0);
		/* Here the barrier moves; what follows is for the card. */
		if (!open && (open = sj_tap_verdict(tap, &verdict)))
			printf("%s\n", sj_gate_decision_name(verdict.decision));
	}
	if (sj_tap_brought_head(tap))
		printf("The card brought news of a newer status list.\n");
	return open ? verdict.reasons[0] : rc;
}

int main(int argc, char **argv)
{
	unsigned char key[33], credential[257];
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	struct sj_gate *gate = NULL;
	struct sj_tap *tap = NULL;
	enum sj_rc rc = SJ_INPUT_UNREADABLE;
	const time_t now = time(NULL);
	const struct tm *local = localtime(&now);

	if (argc != 4 || local == NULL)
		goto out;
	if ((rc = sj_gate_new(key, load(argv[2], key, sizeof(key)), credential,
			      load(argv[3], credential, sizeof(credential)), &gate)) != SJ_OK ||
	    (rc = sj_gate_load_trust(gate, argv[1])) != SJ_OK ||
	    (rc = sj_context_new(&ctx)) != SJ_OK ||
	    (rc = sj_card_wait(ctx, NULL, 10000, &card)) != SJ_OK ||
	    (rc = sj_tap_new(gate, now,
			     (unsigned)((local->tm_wday + 6) % 7 * 1440 + local->tm_hour * 60 +
					local->tm_min),
			     &tap)) != SJ_OK)
		goto out;
	rc = run(tap, card);
out:
	if (rc != SJ_OK)
		fprintf(stderr, "SJ-%04d: %s\n", rc, sj_strerror(rc));
	sj_tap_free(tap);
	sj_card_close(card);
	sj_context_free(ctx);
	sj_gate_free(gate);
	return sj_exit_code(rc);
}
