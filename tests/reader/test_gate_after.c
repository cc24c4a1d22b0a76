/* Behind the decision: heads that cards carry, and what a card takes home. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/gate.h"
#include "tests/reader/gate_stage.h"
#include "trust/signers.h"

static void expect(struct sj_gate_verdict v, enum sj_gate_decision decision, enum sj_rc reason)
{
	if (v.decision != decision || v.reasons[0] != reason)
		fail_msg("%s, %d", sj_gate_decision_name(v.decision), (int)v.reasons[0]);
}

/* --- heads that cards carry ------------------------------------------------------------------ */

static void test_a_card_brings_a_newer_head(void **state)
{
	struct stage *s = *state;
	struct sj_gate_info info = { .size = sizeof(info) };
	struct test_card card;
	uint8_t head[256];
	size_t len = sizeof(head);
	bool brought;

	card_make(s, &card, 3);
	card.ead.epoch = 9;
	card.head_len = stage_head(s, 9, STAGE_NOW - 60, card.head);
	expect(stage_tap_head(s->gate, &card, 0, &brought), SJ_GATE_OPEN, SJ_OK);
	assert_true(brought);
	assert_true(sj_gate_get_info(s->gate, &info));
	assert_int_equal(info.head_epoch, 9);
	assert_int_equal(info.status_epoch, 5);
	assert_int_equal(sj_gate_head(s->gate, head, &len), SJ_OK);
	assert_int_equal(len, card.head_len);
	assert_memory_equal(head, card.head, len);
	stage_tap_head(s->gate, &card, 0, &brought);
	assert_false(brought);
	card.ead.epoch = 5; /* whoever comes next */
	s->policy.ask_when_behind = true;
	stage_policy(s);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_ASK, SJ_STATUS_BEHIND);
}

static void test_a_wrong_epoch_makes_a_gate_ask_at_most(void **state)
{
	struct stage *s = *state;
	struct test_card card;
	bool brought;

	card_make(s, &card, 3);
	card.ead.epoch = 9; /* a lie: it has no such head */
	card.head_len = stage_head(s, 4, STAGE_NOW - STAGE_DAY, card.head);
	expect(stage_tap_head(s->gate, &card, 0, &brought), SJ_GATE_OPEN, SJ_OK);
	assert_false(brought);
	s->policy.ask_when_behind = true;
	stage_policy(s);
	expect(stage_tap_head(s->gate, &card, 0, &brought), SJ_GATE_ASK, SJ_STATUS_BEHIND);
	assert_false(brought);
	card.ead.epoch = 5;
	expect(stage_tap_head(s->gate, &card, 0, &brought), SJ_GATE_OPEN, SJ_OK);
}

static void test_a_head_is_verified(void **state)
{
	struct stage *s = *state;
	const struct sj_ec_secret right = s->signer;
	struct test_card card;
	bool brought;

	card_make(s, &card, 3);
	card.ead.epoch = 9;
	stage_random(&s->signer);
	card.head_len = stage_head(s, 9, STAGE_NOW, card.head);
	stage_tap_head(s->gate, &card, 0, &brought);
	assert_false(brought);
	s->signer = right;
	card.head_len = stage_head(s, 9, STAGE_NOW + 500 * STAGE_DAY, card.head);
	stage_tap_head(s->gate, &card, 0, &brought); /* of a far future */
	assert_false(brought);
}

/* Whoever finds the key of a signer that has expired could block all lists to come. */
static void test_a_head_of_an_expired_signer_is_not_taken(void **state)
{
	struct stage *s = *state;
	struct sj_cwt claims = { .kind = SJ_CWT_SIGNER,
				 .issuer = SJ_SPAN_STR("UTO"),
				 .not_before = (uint32_t)(STAGE_NOW - 100 * STAGE_DAY),
				 .expires = (uint32_t)(STAGE_NOW - STAGE_DAY),
				 .signer = SJ_CWT_STATUS_SIGNER };
	int dir = open(s->directory, O_RDONLY | O_DIRECTORY);
	uint8_t token[SJ_CWT_MAX];
	struct test_card card;
	bool brought;

	stage_random(&s->signer);
	assert_int_equal(sj_signers_store(dir, sj_span(token, stage_token(&claims, &s->signer,
									  &s->ca, token))),
			 SJ_OK);
	close(dir);
	stage_load(s);
	card_make(s, &card, 3);
	card.ead.epoch = UINT32_MAX;
	card.head_len = stage_head(s, UINT32_MAX, STAGE_NOW - 2 * STAGE_DAY, card.head);
	stage_tap_head(s->gate, &card, 0, &brought);
	assert_false(brought);
	stage_tap_head(s->gate, &card, -STAGE_DAY, &brought); /* the clock is behind */
	assert_false(brought);
}

static void test_a_card_takes_our_newer_head(void **state)
{
	struct stage *s = *state;
	struct test_card card;
	uint8_t head[256];
	size_t len = sizeof(head);

	card_make(s, &card, 3);
	card.ead.epoch = 4;
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_OPEN, SJ_OK);
	assert_int_equal(sj_gate_head(s->gate, head, &len), SJ_OK);
	assert_int_equal(card.taken_type, SJ_OBJECT_HEAD);
	assert_int_equal(card.taken_len, len);
	assert_memory_equal(card.taken, head, len);
}

static void test_a_card_that_does_not_know_the_signer_is_told(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_make(s, &card, 3);
	card.ead.epoch = 0;
	card.mood = DENIES_HEAD;
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_OPEN, SJ_OK);
	assert_int_equal(card.tokens, 2);
	assert_int_equal(card.taken_type, SJ_OBJECT_HEAD);
}

/* A card believes a new gate CA by its link alone, which begins in the same second. */
static void test_a_card_is_given_the_link_of_a_new_gate_ca(void **state)
{
	struct stage *s = *state;
	struct sj_signers *signers = calloc(1, sizeof(*signers));
	const struct sj_gate_trust trust = { .signers = signers };
	struct sj_cwt claims = { .kind = SJ_CWT_SIGNER,
				 .issuer = SJ_SPAN_STR("UTO"),
				 .not_before = (uint32_t)(STAGE_NOW - 100 * STAGE_DAY),
				 .expires = (uint32_t)(STAGE_NOW + 100 * STAGE_DAY),
				 .signer = SJ_CWT_GATE_CA };
	uint8_t first[SJ_CWT_MAX], own[SJ_CWT_MAX], link[SJ_CWT_MAX];
	struct sj_span tokens[2];
	struct sj_ec_secret next;

	assert_non_null(signers);
	stage_random(&next);
	tokens[0] = sj_span(first, stage_token(&claims, &s->ca, &s->ca, first));
	assert_true(sj_signers_add(signers, tokens[0]));
	claims.not_before = (uint32_t)STAGE_NOW;
	tokens[0] = sj_span(own, stage_token(&claims, &next, &next, own));
	tokens[1] = sj_span(link, stage_token(&claims, &next, &s->ca, link));
	for (unsigned i = 0; i < 2; i++) {
		const struct sj_signer *given;

		signers->n = 1;
		assert_true(sj_signers_add(signers, tokens[i]));
		assert_true(sj_signers_add(signers, tokens[1 - i]));
		given = sj_gate_newest(&trust, claims.issuer, SJ_CWT_GATE_CA);
		assert_non_null(given);
		assert_true(sj_span_eq(sj_span(given->token, given->len), tokens[1]));
	}
	free(signers);
}

static void write_staple(const struct stage *s, uint32_t index, struct sj_span token)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%04x-%08x.cwt", s->directory, s->partition, index);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(token.ptr, 1, token.len, file), token.len);
	fclose(file);
}

static void test_a_card_takes_its_staple(void **state)
{
	struct stage *s = *state;
	uint8_t token[SJ_CWT_MAX];
	struct test_card card;
	struct sj_cwt claims;
	size_t len;

	card_make(s, &card, 3);
	claims = card.claims;
	claims.not_before = (uint32_t)STAGE_NOW;
	assert_int_equal(sj_gate_set_staples(s->gate, s->directory), SJ_OK);
	stage_tap(s->gate, &card, 0);
	assert_int_equal(card.taken_len, 0);
	len = stage_token(&claims, &s->signer, &s->ca, token); /* of another key */
	write_staple(s, 3, sj_span(token, len));
	stage_tap(s->gate, &card, 0);
	assert_int_equal(card.taken_len, 0);
	len = stage_token(&claims, &card.key, &s->ca, token);
	write_staple(s, 3, sj_span(token, len));
	stage_tap(s->gate, &card, 0);
	assert_int_equal(card.taken_type, SJ_OBJECT_STAPLE);
	assert_int_equal(card.taken_len, len);
	assert_memory_equal(card.taken, token, len);
}

/* A staple of yesterday would open other gates, whose list is stale, to it. */
static void test_a_revoked_card_gets_no_staple(void **state)
{
	struct stage *s = *state;
	uint8_t token[SJ_CWT_MAX];
	struct test_card card;
	struct sj_cwt claims;
	size_t len;

	card_make(s, &card, STAGE_REVOKED);
	claims = card.claims;
	claims.not_before = (uint32_t)(STAGE_NOW - STAGE_DAY);
	len = stage_token(&claims, &card.key, &s->ca, token);
	write_staple(s, STAGE_REVOKED, sj_span(token, len));
	assert_int_equal(sj_gate_set_staples(s->gate, s->directory), SJ_OK);
	expect(stage_tap(s->gate, &card, 0), SJ_GATE_REFUSE, SJ_CARD_REVOKED);
	assert_true(card.confirmed);
	assert_int_equal(card.taken_len, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(test_a_card_brings_a_newer_head),
		CASE(test_a_wrong_epoch_makes_a_gate_ask_at_most),
		CASE(test_a_head_is_verified),
		CASE(test_a_head_of_an_expired_signer_is_not_taken),
		CASE(test_a_card_takes_our_newer_head),
		CASE(test_a_card_that_does_not_know_the_signer_is_told),
		CASE(test_a_card_is_given_the_link_of_a_new_gate_ca),
		CASE(test_a_card_takes_its_staple),
		CASE(test_a_revoked_card_gets_no_staple),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
