/* op_gate.c -- a gate, first tap and repeated, before a liar; the card is gate_card.c's. */
#include <stdlib.h>

#include "tests/hostile/liar.h"
#include "tests/reader/gate_stage.h"

#define INDEX 3u
#define OLD_EPOCH 5u /* of the stage's list */
#define NEW_EPOCH 9u /* of the head that the card brings */

struct gate_rig {
	struct stage *s;
	bool tickets;
	struct sj_context *ctx;
	struct test_card card;
};

static void *gate_new(bool tickets)
{
	struct gate_rig *g = calloc(1, sizeof(*g));
	void *state = NULL;

	assert_non_null(g);
	assert_int_equal(stage_open(&state), 0);
	g->s = state;
	g->tickets = tickets;
	/* The runner goes by the clock of this machine: the list may be old by it. */
	g->s->policy.stale_after = UINT32_MAX;
	stage_policy(g->s);
	stage_ticket_keys(g->s, tickets, 0);
	assert_int_equal(sj_context_new(&g->ctx), SJ_OK);
	return g;
}

static void *open_first(void)
{
	return gate_new(false);
}

static void *open_repeated(void)
{
	return gate_new(true);
}

static void gate_close(void *rig)
{
	struct gate_rig *g = rig;
	void *state = g->s;

	sj_context_free(g->ctx);
	assert_int_equal(stage_close(&state), 0);
	free(g);
}

static size_t ask(void *user, struct sj_span command, uint8_t *response)
{
	return card_answer(user, command, response);
}

static void decided(void *user, const struct sj_gate_verdict *verdict)
{
	(void)user;
	outcome_touch(verdict->reasons, sizeof(verdict->reasons));
}

/* One tap; SJ_OK: there is a verdict. */
static enum sj_rc tap(struct gate_rig *g, struct liar *l, struct sj_gate_verdict *v)
{
	struct sj_gate_times times = { .size = sizeof(times) };
	struct sj_card *card = NULL;
	enum sj_rc rc;

	l->ask = ask;
	l->user = &g->card;
	rc = sj_card_over(g->ctx, &l->head, "liar", sj_deadline_after(liar_call(l, 5000)), &card);
	if (rc == SJ_OK)
		rc = sj_gate_run(g->s->gate, card, liar_call(l, 5000), decided, NULL, v, &times);
	sj_card_close(card);
	card_end(&g->card);
	return rc;
}

static void gate_run(void *rig, struct liar *l, struct outcome *o)
{
	struct gate_rig *g = rig;
	struct sj_gate_verdict v = { .size = sizeof(v) };
	struct sj_gate_info info = { .size = sizeof(info) };

	card_make(g->s, &g->card, INDEX);
	g->card.ead.epoch = NEW_EPOCH; /* it brings a head */
	g->card.head_len = stage_head(g->s, NEW_EPOCH, STAGE_NOW, g->card.head);
	if (g->tickets)
		(void)stage_tap(g->s->gate, &g->card, 0);
	o->rc = tap(g, l, &v);
	if (sj_gate_get_info(g->s->gate, &info) && info.head_epoch != OLD_EPOCH &&
	    info.head_epoch != NEW_EPOCH)
		o->wrong = "a head is believed that nobody signed";
	if (o->rc != SJ_OK)
		return;
	o->rc = v.reasons[0];
	o->accepted = v.decision == SJ_GATE_OPEN;
	if (!o->accepted)
		return;
	outcome_put(o, "class", &v.holder_class, sizeof(v.holder_class));
	outcome_put(o, "ages", &v.ages, sizeof(v.ages));
	outcome_put(o, "pseudonym", v.pseudonym, sizeof(v.pseudonym));
	outcome_put(o, "expires", &v.expires, sizeof(v.expires));
	if (v.resumed && !g->tickets)
		o->wrong = "a ticket where there are none";
}

const struct operation *const *operations_gate(void)
{
#define GATE(name_, open_) \
	{ \
		.name = name_, .kind = ON_GATE, .open = open_, .run = gate_run, \
		.close = gate_close \
	}
	static const struct operation first = GATE("gate-first", open_first);
	static const struct operation repeated = GATE("gate-repeated", open_repeated);
	static const struct operation *const all[] = { &first, &repeated, NULL };

	return all;
}
