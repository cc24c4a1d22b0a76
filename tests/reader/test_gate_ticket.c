/* Repeated taps: tickets that are good, and all that are not. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/gate.h"
#include "tests/reader/gate_stage.h"
#include "trust/signers.h"

static const uint8_t key_a[SJ_TICKET_KEY] = { 0xA }, key_b[SJ_TICKET_KEY] = { 0xB };
static const uint8_t salt[SJ_TICKET_SALT] = { 1, 2, 3 };

static struct sj_ticket sample(void)
{
	return (struct sj_ticket){ .issued = (uint32_t)STAGE_NOW,
				   .operator_id = STAGE_OPERATOR,
				   .sector = SJ_SECTOR_TRANSPORT,
				   .rights = 0xFFFFFF,
				   .class = 2,
				   .ages = 0x55,
				   .expires = 0x70000000,
				   .status = { 120, 3 },
				   .pseudonym = { 9, 8, 7 },
				   .issuer = { 1, 2, 3, 4 },
				   .psk = { 5, 5, 5 } };
}

static void test_a_ticket_holds_what_was_sealed(void **state)
{
	struct sj_ticket t = sample(), back = { 0 };
	uint8_t sealed[SJ_GATE_TICKET];

	(void)state;
	assert_true(sj_ticket_seal(key_a, salt, &t, sealed));
	assert_memory_equal(sealed, salt, sizeof(salt));
	assert_true(sj_ticket_open(key_a, SJ_SPAN_OF(sealed), &back));
	assert_int_equal(back.issued, t.issued);
	assert_int_equal(back.operator_id, t.operator_id);
	assert_int_equal(back.sector, t.sector);
	assert_int_equal(back.rights, t.rights);
	assert_int_equal(back.class, t.class);
	assert_int_equal(back.ages, t.ages);
	assert_int_equal(back.expires, t.expires);
	assert_int_equal(back.status.partition, t.status.partition);
	assert_int_equal(back.status.index, t.status.index);
	assert_memory_equal(back.pseudonym, t.pseudonym, sizeof(t.pseudonym));
	assert_memory_equal(back.issuer, t.issuer, sizeof(t.issuer));
	assert_memory_equal(back.psk, t.psk, sizeof(t.psk));
}

static void test_no_other_ticket_opens(void **state)
{
	const struct sj_ticket t = sample();
	uint8_t sealed[SJ_GATE_TICKET + 1] = { 0 };
	struct sj_ticket back;

	(void)state;
	assert_true(sj_ticket_seal(key_a, salt, &t, sealed));
	assert_false(sj_ticket_open(key_b, sj_span(sealed, SJ_GATE_TICKET), &back));
	for (size_t n = 0; n < SJ_GATE_TICKET; n++)
		assert_false(sj_ticket_open(key_a, sj_span(sealed, n), &back));
	assert_false(sj_ticket_open(key_a, SJ_SPAN_OF(sealed), &back));
	for (size_t i = 0; i < SJ_GATE_TICKET; i++) {
		sealed[i] ^= 0x40;
		assert_false(sj_ticket_open(key_a, sj_span(sealed, SJ_GATE_TICKET), &back));
		sealed[i] ^= 0x40;
	}
}

/* --- taps -------------------------------------------------------------------------------- */

static struct sj_gate_verdict tap(struct stage *s, struct test_card *card, int64_t after)
{
	return stage_tap(s->gate, card, after);
}

/* A card that has just got a ticket. */
static void card_with_ticket(struct stage *s, struct test_card *card)
{
	stage_ticket_keys(s, 1, 0);
	card_make(s, card, 3);
	assert_int_equal(tap(s, card, 0).decision, SJ_GATE_OPEN);
	assert_true(card->has_ticket);
}

/* It opens, by the ticket or by a full run. */
static void opens(struct sj_gate_verdict v, bool resumed)
{
	assert_int_equal(v.decision, SJ_GATE_OPEN);
	assert_int_equal(v.resumed, resumed);
}

static void test_a_ticket_resumes_and_is_renewed(void **state)
{
	struct stage *s = *state;
	struct sj_gate_verdict v;
	struct test_card card;
	uint8_t first[SJ_GATE_TICKET];

	card_with_ticket(s, &card);
	memcpy(first, card.ticket, sizeof(first));
	v = tap(s, &card, 60);
	opens(v, true);
	assert_int_equal(card.step, 3); /* SELECT, message_2, message_4 */
	assert_true(v.pseudonym_known);
	assert_memory_equal(v.pseudonym, card.ead.pseudonym, SJ_GATE_PSEUDONYM);
	assert_int_equal(v.holder_class, SJ_CLASS_VISITOR);
	assert_int_equal(v.expires, card.claims.expires);
	assert_true(card.has_ticket);
	assert_memory_not_equal(first, card.ticket, sizeof(first));
	opens(tap(s, &card, 120), true);
}

static void test_any_gate_of_the_operator_takes_it(void **state)
{
	struct stage *s = *state;
	struct sj_gate *first = s->gate;
	struct test_card card;

	card_with_ticket(s, &card);
	s->gate = stage_gate(s, STAGE_OPERATOR, 0xFFFFFF);
	stage_ticket_keys(s, 1, 0);
	opens(tap(s, &card, 60), true);
	sj_gate_free(first);
}

static void test_keys_rotate(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_with_ticket(s, &card);
	stage_ticket_keys(s, 2, 1); /* the old one opens still */
	opens(tap(s, &card, 60), true);
	stage_ticket_keys(s, 2, 0);
	opens(tap(s, &card, 70), true); /* renewed under the new one */
	stage_ticket_keys(s, 3, 0);
	opens(tap(s, &card, 80), false);
	opens(tap(s, &card, 90), true);
	stage_ticket_keys(s, 0, 0);
	opens(tap(s, &card, 100), false);
	assert_true(card.has_ticket); /* not even asked for it */
}

static void test_a_ticket_lives_a_day_from_the_full_run(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_with_ticket(s, &card);
	s->policy.stale_after = 10 * 86400;
	stage_policy(s);
	opens(tap(s, &card, 80000), true);
	opens(tap(s, &card, 86400), true);
	opens(tap(s, &card, 86401), false);
	opens(tap(s, &card, 86402 + 80000), true);
}

static void test_a_ticket_of_the_future_is_of_no_use(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_with_ticket(s, &card);
	opens(tap(s, &card, -1), false);
}

static void test_a_ticket_is_used_once_at_a_gate(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	card_with_ticket(s, &card);
	card.mood = KEEPS_TICKET;
	opens(tap(s, &card, 10), true);
	opens(tap(s, &card, 20), false);
}

static void test_a_copied_ticket_is_worth_nothing(void **state)
{
	struct stage *s = *state;
	struct test_card card, thief;

	card_with_ticket(s, &card);
	card_make(s, &thief, STAGE_REVOKED);
	memcpy(thief.ticket, card.ticket, sizeof(card.ticket));
	thief.has_ticket = true; /* the ticket can be seen, its PSK cannot */
	assert_int_equal(tap(s, &thief, 10).reasons[0], SJ_CARD_REVOKED);
	card.mood = WRONG_PSK;
	opens(tap(s, &card, 10), false);
}

static void test_a_ticket_does_not_hide_a_revocation(void **state)
{
	struct stage *s = *state;
	struct sj_gate_verdict v;
	struct test_card card;

	card_with_ticket(s, &card);
	card.mood = KEEPS_TICKET;
	assert_int_equal(stage_list(s, s->directory, 6, STAGE_NOW), SJ_OK);
	stage_load(s);
	opens(tap(s, &card, 1), true);
	card_make(s, &card, STAGE_REVOKED);
	v = tap(s, &card, 1);
	assert_int_equal(v.reasons[0], SJ_CARD_REVOKED);
}

static void test_a_ticket_of_another_operator_is_of_no_use(void **state)
{
	struct stage *s = *state;
	struct sj_gate *first = s->gate;
	struct test_card card;

	card_with_ticket(s, &card);
	s->gate = stage_gate(s, STAGE_OPERATOR + 1, 0xFFFFFF);
	stage_ticket_keys(s, 1, 0); /* even with the same key */
	opens(tap(s, &card, 10), false);
	sj_gate_free(first);
}

/* Sealed by a key of the operator, with its PSK on the card: only what it says can be wrong. */
static void give_ticket(struct test_card *card, struct sj_ticket t)
{
	uint8_t key[SJ_TICKET_KEY];

	memset(key, 1, sizeof(key));
	assert_true(sj_ticket_seal(key, salt, &t, card->ticket));
	memcpy(card->psk, t.psk, sizeof(t.psk));
	card->has_ticket = true;
}

static void test_a_ticket_of_another_sector_or_issuer_is_of_no_use(void **state)
{
	struct stage *s = *state;
	struct sj_ticket t = sample();
	struct test_card card;

	stage_ticket_keys(s, 1, 0);
	card_make(s, &card, 3);
	t.status = card.claims.status;
	assert_true(sj_ticket_issuer(card.claims.issuer, t.issuer));
	t.sector = SJ_SECTOR_HEALTH;
	give_ticket(&card, t);
	opens(tap(s, &card, 0), false);
	t.sector = SJ_SECTOR_TRANSPORT;
	t.issuer[0] ^= 1;
	give_ticket(&card, t);
	opens(tap(s, &card, 1), false);
	t.issuer[0] ^= 1;
	give_ticket(&card, t);
	opens(tap(s, &card, 2), true);
}

/* A ticket from a gate with fewer rights does not tell what this policy asks. */
static void test_a_ticket_that_tells_too_little_is_of_no_use(void **state)
{
	struct stage *s = *state;
	struct sj_gate *full = s->gate, *poor = stage_gate(s, STAGE_OPERATOR, SJ_RIGHT_VALID);
	struct test_card card;

	s->gate = poor;
	card_with_ticket(s, &card);
	s->gate = full;
	stage_ticket_keys(s, 1, 0);
	opens(tap(s, &card, 10), true);
	s->policy.classes = 1u << SJ_CLASS_VISITOR;
	stage_policy(s);
	opens(tap(s, &card, 20), false);
	opens(tap(s, &card, 30), true);
	sj_gate_free(poor);
}

/* One from a gate with more rights tells a gate no more than its own rights cover. */
static void test_a_ticket_that_tells_too_much_is_cut(void **state)
{
	struct stage *s = *state;
	struct sj_gate *full = s->gate, *poor = stage_gate(s, STAGE_OPERATOR, SJ_RIGHT_VALID);
	struct sj_gate_verdict v;
	struct test_card card;

	card_with_ticket(s, &card);
	s->gate = poor;
	stage_ticket_keys(s, 1, 0);
	v = tap(s, &card, 10);
	opens(v, true);
	assert_false(v.pseudonym_known);
	assert_int_equal(v.holder_class, 0);
	assert_int_equal(v.ages, 0);
	s->gate = full;
	sj_gate_free(poor);
}

static void test_a_policy_without_tickets_leaves_none(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	stage_ticket_keys(s, 1, 0);
	s->policy.tickets = false;
	stage_policy(s);
	card_make(s, &card, 3);
	opens(tap(s, &card, 0), false);
	assert_false(card.has_ticket);
}

static void test_who_is_not_let_in_gets_no_ticket(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	stage_ticket_keys(s, 1, 0);
	s->policy.classes = 1u << SJ_CLASS_PERMANENT;
	stage_policy(s);
	card_make(s, &card, 3);
	assert_int_equal(tap(s, &card, 0).decision, SJ_GATE_REFUSE);
	assert_true(card.confirmed);
	assert_false(card.has_ticket);
}

static void test_an_expired_card_is_not_saved_by_its_ticket(void **state)
{
	struct stage *s = *state;
	struct test_card card;

	stage_ticket_keys(s, 1, 0);
	card_make(s, &card, 3);
	card.claims.expires = (uint32_t)STAGE_NOW + 100;
	card_sign(&card, &s->ca);
	opens(tap(s, &card, 0), false);
	assert_int_equal(tap(s, &card, 101).reasons[0], SJ_CREDENTIAL_EXPIRED);
}

static void sign_by_an_expired_ca(struct stage *s, struct test_card *card)
{
	struct sj_cwt claims = { .kind = SJ_CWT_SIGNER,
				 .issuer = card->claims.issuer,
				 .not_before = (uint32_t)(STAGE_NOW - 100 * STAGE_DAY),
				 .expires = (uint32_t)(STAGE_NOW - STAGE_DAY),
				 .signer = SJ_CWT_GATE_CA };
	int dir = open(s->directory, O_RDONLY | O_DIRECTORY);
	uint8_t token[SJ_CWT_MAX];
	struct sj_ec_secret old;

	stage_random(&old);
	assert_int_equal(
		sj_signers_store(dir, sj_span(token, stage_token(&claims, &old, &old, token))),
		SJ_OK);
	close(dir);
	card_make(s, card, 3);
	card_sign(card, &old);
}

/*
 * An exit lets out whom it doubts, but leaves no ticket that an entry would then
 * take: in a ticket neither who signed nor when it began can be seen.
 */
static void test_an_exit_leaves_no_ticket_for_what_it_cannot_tell(void **state)
{
	struct stage *s = *state;
	struct sj_gate *entry = stage_gate(s, STAGE_OPERATOR, 0xFFFFFF), *exit = s->gate;
	struct test_card card;

	stage_ticket_keys(s, 1, 0);
	s->gate = entry;
	stage_ticket_keys(s, 1, 0);
	s->gate = exit;
	s->policy.fail_safe = true;
	stage_policy(s);
	card_make(s, &card, 3);
	card.claims.not_before = (uint32_t)(STAGE_NOW + 401 * STAGE_DAY);
	card.claims.expires = (uint32_t)(STAGE_NOW + 500 * STAGE_DAY);
	card_sign(&card, &s->ca);
	assert_int_equal(tap(s, &card, 0).decision, SJ_GATE_OPEN);
	assert_false(card.has_ticket);
	assert_int_equal(stage_tap(entry, &card, 1).reasons[0], SJ_CREDENTIAL_EXPIRED);
	sign_by_an_expired_ca(s, &card);
	assert_int_equal(sj_gate_load_trust(exit, s->directory), SJ_OK);
	assert_int_equal(sj_gate_load_trust(entry, s->directory), SJ_OK);
	assert_int_equal(tap(s, &card, 2).decision, SJ_GATE_OPEN);
	assert_false(card.has_ticket);
	assert_int_equal(stage_tap(entry, &card, 3).reasons[0], SJ_SIGNER_EXPIRED);
	sj_gate_free(entry);
}

/* --- threads ------------------------------------------------------------------------------- */

struct worker {
	struct stage *s;
	struct sj_gate *gate;
	unsigned index, opened;
};

static void *work(void *user)
{
	struct worker *w = user;
	struct test_card card;

	card_make(w->s, &card, w->index);
	card.ead.pseudonym[0] = (uint8_t)w->index;
	for (int64_t i = 0; i < 12; i++) {
		if (i % 5 == 4)
			stage_list(w->s, w->s->directory, 10 + (uint32_t)i, STAGE_NOW);
		if (i % 3 == 2)
			(void)sj_gate_load_trust(w->gate, w->s->directory);
		w->opened += stage_tap(w->gate, &card, i).decision == SJ_GATE_OPEN;
	}
	return NULL;
}

/* Two gates, two taps at each at once, and trust that is reloaded meanwhile. */
static void test_gates_and_taps_in_threads(void **state)
{
	struct stage *s = *state;
	struct sj_gate *other = stage_gate(s, STAGE_OPERATOR, 0xFFFFFF);
	struct worker workers[4];
	pthread_t threads[4];

	stage_ticket_keys(s, 1, 0);
	for (unsigned i = 0; i < 4; i++) {
		workers[i] = (struct worker){ s, i % 2 ? other : s->gate, i + 1, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(workers[i].opened, 12);
	}
	sj_gate_free(other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_ticket_holds_what_was_sealed),
		cmocka_unit_test(test_no_other_ticket_opens),
		CASE(test_a_ticket_resumes_and_is_renewed),
		CASE(test_any_gate_of_the_operator_takes_it),
		CASE(test_keys_rotate),
		CASE(test_a_ticket_lives_a_day_from_the_full_run),
		CASE(test_a_ticket_of_the_future_is_of_no_use),
		CASE(test_a_ticket_is_used_once_at_a_gate),
		CASE(test_a_copied_ticket_is_worth_nothing),
		CASE(test_a_ticket_does_not_hide_a_revocation),
		CASE(test_a_ticket_of_another_operator_is_of_no_use),
		CASE(test_a_ticket_of_another_sector_or_issuer_is_of_no_use),
		CASE(test_a_ticket_that_tells_too_little_is_of_no_use),
		CASE(test_a_ticket_that_tells_too_much_is_cut),
		CASE(test_a_policy_without_tickets_leaves_none),
		CASE(test_who_is_not_let_in_gets_no_ticket),
		CASE(test_an_expired_card_is_not_saved_by_its_ticket),
		CASE(test_an_exit_leaves_no_ticket_for_what_it_cannot_tell),
		CASE(test_gates_and_taps_in_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
