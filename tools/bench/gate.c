/* gate.c -- taps at a gate of the stage. */
#include <stdlib.h>

#include "bench/stage.h"

#define CREDENTIAL_MAX 512u
#define TAP_MS 10000u

/* --- the gate ----------------------------------------------------------------------- */

static int import_trust(struct stage *s)
{
	struct path authority = in_stage(s, "authority"), trust = in_stage(s, "trust");
	struct path ca = in_stage(s, "authority/gate-ca-1.cwt");
	struct path signer = in_stage(s, "authority/status-signer-1.cwt");
	struct path list = in_stage(s, "authority/status.list");
	const char *build[] = { NULL, "authority", "status", "build", authority.text, NULL };
	const char *import[] = { NULL,        "trust",     "import",  "--trust",
				 trust.text,  "--gate-ca", ca.text,   "--gate-token",
				 signer.text, "--status",  list.text, NULL };
	int rc = run_program(s, "authority", build);

	return rc == 0 ? run_program(s, "trust", import) : rc;
}

/* The request of this key, signed for the metro gate of the registry. */
static int sign(struct stage *s, const uint8_t key[static 32])
{
	struct path authority = in_stage(s, "authority"), request = in_stage(s, "request");
	struct path credential = in_stage(s, "credential");
	const char *argv[] = { NULL,        "authority",  "gate",          "sign", authority.text,
			       "--request", request.text, "--service",     "1",    "--operator",
			       "00000001",  "--out",      credential.text, NULL };
	uint8_t bytes[CREDENTIAL_MAX];
	size_t len = sizeof(bytes);
	int rc = 0;

	if (sj_gate_request(key, bytes, &len) != SJ_OK)
		return cli_fail(s->cli, SJ_CRYPTO_FAILED, NULL);
	rc = cli_file_write(s->cli, request.text, bytes, len, 0600);
	return rc == 0 ? run_program(s, "authority", argv) : rc;
}

/* Its key opens nothing but this stage's cards. */
int stage_gate_open(struct stage *s)
{
	uint8_t key[32], ticket_key[SJ_GATE_TICKET_KEY], *credential = NULL;
	size_t len = 0;
	enum sj_rc made;
	int rc = import_trust(s);

	if (rc == 0 && (sj_gate_key_new(key) != SJ_OK || sj_gate_key_new(ticket_key) != SJ_OK))
		rc = cli_fail(s->cli, SJ_CRYPTO_FAILED, NULL);
	if (rc == 0)
		rc = sign(s, key);
	if (rc == 0)
		rc = cli_file_read(s->cli, in_stage(s, "credential").text, CREDENTIAL_MAX,
				   &credential, &len);
	if (rc != 0)
		return rc;
	made = sj_gate_new(key, sizeof(key), credential, len, &s->gate);
	free(credential);
	if (made == SJ_OK)
		made = sj_gate_load_trust(s->gate, in_stage(s, "trust").text);
	if (made == SJ_OK)
		made = sj_gate_set_ticket_keys(s->gate, ticket_key, 1);
	return made == SJ_OK ? 0 : cli_fail(s->cli, made, "gate");
}

/* --- taps ------------------------------------------------------------------------------ */

static void decided(void *user, const struct sj_gate_verdict *verdict)
{
	struct stage *s = user;

	(void)verdict;
	s->decided_reader = s->meter.work;
}

static enum sj_rc tap(struct stage *s, struct sj_card *card, bool tickets, bool resumed)
{
	struct sj_gate_verdict verdict = { .size = sizeof(verdict) };
	struct sj_gate_times times = { .size = sizeof(times) };
	struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;
	enum sj_rc rc;

	policy.tickets = tickets;
	rc = sj_gate_set_policy(s->gate, &policy);
	if (rc == SJ_OK)
		rc = sj_gate_run(s->gate, card, TAP_MS, decided, s, &verdict, &times);
	if (rc != SJ_OK)
		return rc;
	if (verdict.decision != SJ_GATE_OPEN || verdict.resumed != resumed)
		return verdict.reasons[0] != SJ_OK ? verdict.reasons[0] : SJ_INTERNAL;
	s->decided_commands = times.apdus;
	return SJ_OK;
}

enum sj_rc stage_gate_tap(struct stage *s, struct sj_card *card)
{
	return tap(s, card, false, false);
}

enum sj_rc stage_gate_tap_ticket(struct stage *s, struct sj_card *card)
{
	return tap(s, card, true, false);
}

enum sj_rc stage_gate_repeat(struct stage *s, struct sj_card *card)
{
	return tap(s, card, true, true);
}
