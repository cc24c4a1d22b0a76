/* gate_stage.c -- an authority and its gates, in a temporary directory. */
#include "tests/reader/gate_stage.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sojourn/status.h>

#include "tests/by_scalar.h"
#include "trust/status_build.h"

#define ISSUER SJ_SPAN_STR("UTO")

void stage_random(struct sj_ec_secret *key)
{
	const struct sj_random rnd = sj_random_system();

	assert_true(sj_ec_secret_random(SJ_P256, &rnd, key));
}

size_t stage_token(struct sj_cwt *claims, const struct sj_ec_secret *subject,
		   const struct sj_ec_secret *signer, uint8_t out[static SJ_CWT_MAX])
{
	struct sj_writer w = sj_writer(out, SJ_CWT_MAX);
	struct sj_ec_point point;

	assert_true(sj_ec_multiply(SJ_P256, subject, NULL, &point));
	claims->key_x = sj_span(point.bytes + 1, 32);
	claims->key_y =
		claims->kind == SJ_CWT_SIGNER ? sj_span(point.bytes + 33, 32) : sj_span(NULL, 0);
	assert_true(cwt_put_by(&w, claims, signer));
	return w.len;
}

static void store(struct stage *s, struct sj_span token)
{
	int dir = open(s->directory, O_RDONLY | O_DIRECTORY);

	assert_true(dir >= 0);
	assert_int_equal(sj_signers_store(dir, token), SJ_OK);
	close(dir);
}

static void make_authority(struct stage *s)
{
	struct sj_cwt claims = { .kind = SJ_CWT_SIGNER,
				 .issuer = ISSUER,
				 .not_before = (uint32_t)(STAGE_NOW - 100 * STAGE_DAY),
				 .expires = (uint32_t)(STAGE_NOW + 5000 * STAGE_DAY),
				 .signer = SJ_CWT_GATE_CA };
	uint8_t token[SJ_CWT_MAX];

	stage_random(&s->ca);
	stage_random(&s->signer);
	store(s, sj_span(token, stage_token(&claims, &s->ca, &s->ca, token)));
	claims.signer = SJ_CWT_STATUS_SIGNER;
	store(s, sj_span(token, stage_token(&claims, &s->signer, &s->ca, token)));
}

static struct sj_status_head head_of(uint32_t epoch, int64_t when)
{
	return (struct sj_status_head){ .issuer = "UTO",
					.epoch = epoch,
					.indices = STAGE_INDICES,
					.not_before = (uint32_t)when,
					.next_update = (uint32_t)(when + STAGE_DAY) };
}

size_t stage_head(struct stage *s, uint32_t epoch, int64_t when, uint8_t out[static 256])
{
	const struct sj_status_head head = head_of(epoch, when);
	struct sj_writer w = sj_writer(out, 256);

	assert_true(head_put_by(&w, &head, &s->signer));
	return w.len;
}

enum sj_rc stage_list(struct stage *s, const char *directory, uint32_t epoch, int64_t when)
{
	static const uint32_t revoked[] = { STAGE_REVOKED };
	const struct sj_status_revoked part = { s->partition, STAGE_INDICES, revoked, 1 };
	struct sj_status_draft *draft = calloc(1, sizeof(*draft));
	struct sj_status_head head = head_of(epoch, when);
	struct sj_status_file file = { .kind = SJ_STATUS_FILE_LIST };
	uint8_t signed_head[256], bytes[2048];
	struct sj_writer h = SJ_WRITER_OF(signed_head), w = SJ_WRITER_OF(bytes);
	enum sj_rc rc;

	assert_non_null(draft);
	assert_int_equal(sj_status_build(&part, 1, draft, &file.body), SJ_OK);
	assert_true(sj_status_root(file.body, head.root));
	assert_true(head_put_by(&h, &head, &s->signer));
	file.head = sj_written(&h);
	sj_status_file_put(&w, &file);
	assert_false(w.failed);
	rc = sj_status_import(directory, bytes, w.len, NULL);
	sj_status_draft_free(draft);
	free(draft);
	return rc;
}

void stage_load(struct stage *s)
{
	assert_int_equal(sj_gate_load_trust(s->gate, s->directory), SJ_OK);
}

struct sj_gate *stage_gate(struct stage *s, uint32_t operator_id, uint32_t rights)
{
	struct sj_cwt claims = { .kind = SJ_CWT_READER,
				 .issuer = ISSUER,
				 .not_before = (uint32_t)(STAGE_NOW - STAGE_DAY),
				 .expires = (uint32_t)(STAGE_NOW + 6 * STAGE_DAY),
				 .reader = { operator_id, SJ_SECTOR_TRANSPORT, 1, rights } };
	struct sj_gate *gate = NULL;

	stage_random(&s->gate_key);
	s->credential_len = stage_token(&claims, &s->gate_key, &s->ca, s->credential);
	assert_int_equal(
		sj_gate_new(s->gate_key.bytes, 32, s->credential, s->credential_len, &gate), SJ_OK);
	assert_int_equal(sj_gate_load_trust(gate, s->directory), SJ_OK);
	return gate;
}

int stage_open(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -1;
	strcpy(s->directory, "/tmp/sojourn-gate-XXXXXX");
	if (mkdtemp(s->directory) == NULL)
		return -1;
	s->policy = (struct sj_gate_policy)SJ_GATE_POLICY_INIT;
	s->partition = (2030 - 2020) * 12;
	make_authority(s);
	assert_int_equal(stage_list(s, s->directory, 5, STAGE_NOW - 3600), SJ_OK);
	s->gate = stage_gate(s, STAGE_OPERATOR, 0xFFFFFF);
	*state = s;
	return 0;
}

int stage_close(void **state)
{
	struct stage *s = *state;
	char command[128];

	sj_gate_free(s->gate);
	snprintf(command, sizeof(command), "rm -rf %s", s->directory);
	if (system(command) != 0)
		return -1;
	free(s);
	return 0;
}

void stage_policy(struct stage *s)
{
	assert_int_equal(sj_gate_set_policy(s->gate, &s->policy), SJ_OK);
}

void stage_ticket_keys(struct stage *s, uint8_t first, uint8_t second)
{
	uint8_t keys[2 * SJ_GATE_TICKET_KEY];

	memset(keys, first, SJ_GATE_TICKET_KEY);
	memset(keys + SJ_GATE_TICKET_KEY, second, SJ_GATE_TICKET_KEY);
	assert_int_equal(
		sj_gate_set_ticket_keys(s->gate, keys, (size_t)(first != 0) + (second != 0)),
		SJ_OK);
}

void card_sign(struct test_card *card, const struct sj_ec_secret *authority)
{
	card->credential_len = stage_token(&card->claims, &card->key, authority, card->credential);
}

void card_make(struct stage *s, struct test_card *card, uint32_t index)
{
	memset(card, 0, sizeof(*card));
	stage_random(&card->key);
	card->claims = (struct sj_cwt){ .kind = SJ_CWT_CARD,
					.issuer = ISSUER,
					.not_before = (uint32_t)(STAGE_NOW - 30 * STAGE_DAY),
					.expires = (uint32_t)(STAGE_NOW + 4900 * STAGE_DAY),
					.status = { s->partition, index } };
	card->ead = (struct sj_gate_ead_3){ 5, SJ_CLASS_VISITOR, 0x0F, { 1, 2, 3 } };
	card_sign(card, &s->ca);
}

struct sj_gate_verdict stage_tap_head(struct sj_gate *gate, struct test_card *card, int64_t after,
				      bool *brought)
{
	/* Ten in the morning of a Monday. */
	struct sj_gate_verdict verdict = { .size = sizeof(verdict) };
	struct sj_tap *tap = NULL;
	const uint8_t *command;
	uint8_t response[300];
	size_t len;

	card->step = 0;
	assert_int_equal(sj_tap_new(gate, STAGE_NOW + after, 600, &tap), SJ_OK);
	for (unsigned i = 0; sj_tap_command(tap, &command, &len); i++) {
		assert_true(i < 16);
		len = card_answer(card, sj_span(command, len), response);
		sj_tap_feed(tap, response, len);
	}
	assert_true(sj_tap_verdict(tap, &verdict));
	*brought = sj_tap_brought_head(tap);
	sj_tap_free(tap);
	card_end(card);
	return verdict;
}

struct sj_gate_verdict stage_tap(struct sj_gate *gate, struct test_card *card, int64_t after)
{
	bool brought;

	return stage_tap_head(gate, card, after, &brought);
}
