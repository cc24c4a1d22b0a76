/* Gates: what they take in, and taps, at which nobody passes who should not. */
#include <stdlib.h>
#include <string.h>

#include "reader/card.h"
#include "tests/failures/sweep.h"
#include "tests/reader/gate_stage.h"

struct lane {
	struct stage *s;
	struct test_card card;
	struct sj_gate_verdict verdict;
	bool decided;
};

static int lane_open_with(void **state, uint32_t index)
{
	struct lane *l = calloc(1, sizeof(*l));
	void *stage = NULL;

	assert_non_null(l);
	assert_int_equal(stage_open(&stage), 0);
	l->s = stage;
	stage_ticket_keys(l->s, 1, 0);
	card_make(l->s, &l->card, index);
	*state = l;
	return 0;
}

static int lane_open(void **state)
{
	return lane_open_with(state, 3);
}

static int revoked_open(void **state)
{
	return lane_open_with(state, STAGE_REVOKED);
}

static int stranger_open(void **state)
{
	struct sj_ec_secret other;
	struct lane *l;

	assert_int_equal(lane_open_with(state, 3), 0);
	l = *state;
	stage_random(&other);
	card_sign(&l->card, &other);
	return 0;
}

static int copy_open(void **state)
{
	struct lane *l;

	assert_int_equal(lane_open_with(state, 3), 0);
	l = *state;
	l->card.mood = WRONG_KEY;
	return 0;
}

static int lane_close(void **state)
{
	struct lane *l = *state;
	void *stage = l->s;

	card_end(&l->card);
	free(l);
	return stage_close(&stage);
}

/* No ticket. */
static void tap_ready(void *room)
{
	struct lane *l = room;

	card_end(&l->card);
	l->card.has_ticket = false;
	l->card.step = 0;
	l->decided = false;
}

/* The ticket of a tap before; a gate that does not know which were used. */
static void repeat_ready(void *room)
{
	struct lane *l = room;
	struct sj_gate_verdict v;

	tap_ready(room);
	v = stage_tap(l->s->gate, &l->card, 0);
	assert_int_equal(v.decision, SJ_GATE_OPEN);
	assert_true(l->card.has_ticket);
	l->card.step = 0;
}

static unsigned long tap(void *room)
{
	struct lane *l = room;
	struct sj_tap *t = NULL;
	enum sj_rc rc = sj_tap_new(l->s->gate, STAGE_NOW + 1, 600, &t);
	const uint8_t *command;
	uint8_t response[300];
	size_t len;

	if (rc != SJ_OK)
		return rc;
	while (sj_tap_command(t, &command, &len)) {
		fail_pause();
		len = card_answer(&l->card, sj_span(command, len), response);
		fail_resume();
		sj_tap_feed(t, response, len);
	}
	l->verdict = (struct sj_gate_verdict){ .size = sizeof(l->verdict) };
	l->decided = sj_tap_verdict(t, &l->verdict);
	(void)sj_tap_brought_head(t);
	sj_tap_free(t);
	return !l->decided ? (unsigned long)SJ_INTERNAL : (unsigned long)l->verdict.reasons[0];
}

static bool opens(void *room, unsigned long rc)
{
	const struct lane *l = room;

	return (rc == SJ_OK) == (l->decided && l->verdict.decision == SJ_GATE_OPEN);
}

static bool stays_shut(void *room, unsigned long rc)
{
	const struct lane *l = room;

	(void)rc;
	return !l->decided || l->verdict.decision != SJ_GATE_OPEN;
}

static unsigned long new_gate(void *room)
{
	struct lane *l = room;
	struct sj_gate *gate = NULL;
	enum sj_rc rc = sj_gate_new(l->s->gate_key.bytes, 32, l->s->credential,
				    l->s->credential_len, &gate);

	sj_gate_free(gate);
	return rc;
}

static unsigned long load_trust(void *room)
{
	struct lane *l = room;

	return sj_gate_load_trust(l->s->gate, l->s->directory);
}

/* Trust is the one before or the new one: a good card passes. */
static bool still_opens(void *room, unsigned long rc)
{
	struct lane *l = room;

	(void)rc;
	tap_ready(room);
	return stage_tap(l->s->gate, &l->card, 0).decision == SJ_GATE_OPEN;
}

static unsigned long staples(void *room)
{
	struct lane *l = room;

	return sj_gate_set_staples(l->s->gate, l->s->directory);
}

static unsigned long request(void *room)
{
	uint8_t key[32], out[SJ_GATE_REQUEST];
	size_t len = sizeof(out);
	enum sj_rc rc = sj_gate_key_new(key);

	(void)room;
	return rc == SJ_OK ? sj_gate_request(key, out, &len) : rc;
}

/* What a gate is set to and tells. */
static unsigned long settings(void *room)
{
	static const uint8_t keys[2 * SJ_GATE_TICKET_KEY] = { 1 };
	struct sj_gate_policy policy = SJ_GATE_POLICY_INIT;
	struct sj_gate_info info = { .size = sizeof(info) };
	struct lane *l = room;
	uint8_t head[256];
	size_t len = sizeof(head);
	enum sj_rc rc = sj_gate_set_policy(l->s->gate, &policy);

	if (rc == SJ_OK)
		rc = sj_gate_set_ticket_keys(l->s->gate, keys, 2);
	if (rc == SJ_OK)
		rc = sj_gate_head(l->s->gate, head, &len);
	sj_gate_note_time(l->s->gate, STAGE_NOW);
	if (rc == SJ_OK &&
	    (!sj_gate_get_info(l->s->gate, &info) || !info.status_known || sj_gate_age_at(0) == 0 ||
	     sj_gate_decision_name(SJ_GATE_OPEN)[0] != 'o'))
		rc = SJ_INTERNAL;
	return rc;
}

static size_t lane_power_on(void *user, uint8_t atr[static 33])
{
	(void)user;
	memcpy(atr, "\x3B\x80\x01\x81", 4);
	return 4;
}

static void lane_power_off(void *user)
{
	(void)user;
}

static size_t lane_transmit(void *user, struct sj_span command, uint8_t *response)
{
	struct lane *l = user;
	size_t n;

	fail_pause();
	n = card_answer(&l->card, command, response);
	fail_resume();
	return n;
}

static void at_decision(void *user, const struct sj_gate_verdict *verdict)
{
	struct lane *l = user;

	l->verdict = *verdict;
	l->decided = true;
}

/* The runner goes by the clock of this machine: the list may be old by it. */
static void run_ready(void *room)
{
	struct lane *l = room;

	tap_ready(room);
	l->s->policy.stale_after = UINT32_MAX;
	stage_policy(l->s);
}

/* The engine around a connected card. */
static unsigned long run_gate(void *room)
{
	static const struct sj_direct_ops ops = { lane_power_on, lane_power_off, lane_transmit };
	struct lane *l = room;
	struct sj_context *ctx = NULL;
	struct sj_card *card = NULL;
	struct sj_gate_verdict verdict = { .size = sizeof(verdict) };
	struct sj_transport *t = sj_transport_direct(&ops, l);
	enum sj_rc rc = t == NULL ? SJ_NO_MEMORY : sj_context_new(&ctx);

	if (rc == SJ_OK)
		rc = sj_card_over(ctx, t, "lane", sj_deadline_after(20000), &card);
	else if (t != NULL)
		t->ops->close(t);
	if (rc == SJ_OK)
		rc = sj_gate_run(l->s->gate, card, 20000, at_decision, l, &verdict, NULL);
	sj_card_close(card);
	sj_context_free(ctx);
	/* An open gate has reasons, too: it says that its own credential is old. */
	if (rc == SJ_OK && verdict.decision != SJ_GATE_OPEN)
		rc = verdict.reasons[0];
	return rc;
}

const struct operation sweep_gate[] = {
	{ "gate: settings", FAIL_MEMORY, lane_open, lane_close, .run = settings,
	  .bad = sweep_memory },
	{ "gate: run", FAIL_MEMORY, lane_open, lane_close, run_ready, run_gate, .bad = sweep_memory,
	  .holds = opens },
	{ "gate: run with a revoked card", FAIL_MEMORY, revoked_open, lane_close, run_ready,
	  run_gate, .good = SJ_CARD_REVOKED, .bad = sweep_memory, .holds = stays_shut },
	{ "gate: new", FAIL_MEMORY, lane_open, lane_close, .run = new_gate, .bad = sweep_memory },
	{ "gate: load trust", FAIL_MEMORY | FAIL_READ, lane_open, lane_close, NULL, load_trust,
	  .bad = sweep_files, .holds = still_opens },
	{ "gate: staples", FAIL_MEMORY, lane_open, lane_close, .run = staples,
	  .bad = sweep_memory },
	{ "gate: request", FAIL_MEMORY, lane_open, lane_close, .run = request,
	  .bad = sweep_memory },
	{ "gate: first tap", FAIL_MEMORY, lane_open, lane_close, tap_ready, tap,
	  .bad = sweep_memory, .holds = opens },
	{ "gate: repeated tap", FAIL_MEMORY, lane_open, lane_close, repeat_ready, tap,
	  .bad = sweep_memory, .holds = opens },
	{ "gate: a revoked card", FAIL_MEMORY, revoked_open, lane_close, tap_ready, tap,
	  .good = SJ_CARD_REVOKED, .bad = sweep_memory, .holds = stays_shut },
	{ "gate: a stranger", FAIL_MEMORY, stranger_open, lane_close, tap_ready, tap,
	  .good = SJ_CHAIN_SIGNATURE, .bad = sweep_memory, .holds = stays_shut },
	{ "gate: a copy", FAIL_MEMORY, copy_open, lane_close, tap_ready, tap, .good = SJ_GATE_PROOF,
	  .bad = sweep_memory, .holds = stays_shut },
	OPERATIONS_END,
};
