/* Gates: what they take in, and taps, at which nobody passes who should not. */
#include <stdlib.h>
#include <string.h>

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

const struct operation sweep_gate[] = {
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
