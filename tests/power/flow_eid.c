#include "tests/card/eid_rig.h"
#include "tests/power/flows.h"
#include "wire/std/tr03110.h"

#define CHANGE \
	"002C020306" \
	"323731383238" /* EAC_PIN again, with all its tries */
#define UNBLOCK "002C0303"
#define DEACTIVATE "00041003"
#define ACTIVATE "00441003"

/* Of `is` nothing but the names: two more keys of the CVCA, one after the other. */
static void add_links(struct eid_room *f, struct eac_holder *next, struct eac_holder *third)
{
	const enum sj_cvc_terminal kind = SJ_CVC_AUTHENTICATION;

	eac_chain(&f->at, "P-256", kind);
	eac_enter(next, "P-256", "UTCVCA00002", kind, SJ_CVC_CVCA);
	eac_sign(next, &f->at.cvca);
	eac_enter(third, "P-256", "UTCVCA00003", kind, SJ_CVC_CVCA);
	third->plan.from = EAC_2026 + 30 * EAC_DAY;
	eac_sign(third, next);
}

/* The DV's and the terminal's certificates each tell the card a later day. */
static void dates(struct eid_room *f)
{
	f->at.dv.plan.from = EAC_2026 + 10 * EAC_DAY;
	f->at.terminal.plan.from = EAC_2026 + 20 * EAC_DAY;
	eac_sign(&f->at.dv, &f->at.cvca);
	eac_sign(&f->at.terminal, &f->at.dv);
}

static void links(struct eid_room *f, struct eac_holder *next, struct eac_holder *third)
{
	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, &f->at);
	assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, next), SJ_SW_OK); /* fills the second place */
	assert_int_equal(eac_verify(&f->t, third), SJ_SW_OK); /* and the older one goes */
}

static void manage_pin(struct eid_room *f)
{
	const struct eid_plan plan = eid_everything();
	struct bench *b = eid_come_to(f, &plan, EAC_CA);

	assert_int_equal(bench_do(b, DEACTIVATE), SJ_SW_OK);
	assert_int_equal(bench_do(b, ACTIVATE), SJ_SW_OK);
	assert_int_equal(bench_do(b, UNBLOCK), SJ_SW_OK);
	assert_int_equal(bench_do(b, CHANGE), SJ_SW_OK);
}

static void update_groups(struct eid_room *f)
{
	const struct eid_plan plan = eid_everything();
	struct bench *b = eid_come(f, &plan);

	assert_int_equal(bench_do(b, "00D6910805"
				     "4553"
				     "53454E"),
			 SJ_SW_OK);
	assert_int_equal(bench_do(b, "00D69120021122"), SJ_SW_OK);
}

void flow_eid(struct sweep *s)
{
	struct eid_room *f = calloc(1, sizeof(*f));
	struct eac_holder *next = calloc(1, sizeof(*next)), *third = calloc(1, sizeof(*third));
	struct eac_plan plan = { .flags = CARD_EAC_EID, .date = EAC_2026, .keys = true };

	assert_true(f != NULL && next != NULL && third != NULL);
	f->aux_w = SJ_WRITER_OF(f->aux);
	add_links(f, next, third);
	plan.anchors[0] = eac_made(&f->at.cvca);
	if (s->care == DISK_FEW)
		sweep_pause(s);
	bench_install(s->b);
	eac_personalise(&f->card, s->b, &plan);
	eid_personalise_all(s->b, &f->card.ri);
	bench_lock(s->b);
	sweep_go_on(s);
	dates(f);
	update_groups(f);
	manage_pin(f);
	links(f, next, third);
	eac_chain_forget(&f->at);
	eac_forget(next);
	eac_forget(third);
	free(f);
	free(next);
	free(third);
}

/* --- version 1 ------------------------------------------------------------------------------- */

void flow_ta1(struct sweep *s)
{
	struct eac_chain *chain = calloc(1, sizeof(*chain));
	struct eac_card *card = calloc(1, sizeof(*card));
	struct eac_terminal *t = calloc(1, sizeof(*t));
	struct eac_plan plan = {
		.flags = CARD_EAC_TA1, .date = EAC_2026, .access = ACCESS_BOTH, .ca1 = true
	};

	assert_true(chain != NULL && card != NULL && t != NULL);
	eac_chain(chain, "P-256", SJ_CVC_INSPECTION);
	chain->dv.plan.from = EAC_2026 + 10 * EAC_DAY;
	eac_sign(&chain->dv, &chain->cvca);
	plan.anchors[0] = eac_made(&chain->cvca);
	if (s->care == DISK_FEW)
		sweep_pause(s);
	bench_install(s->b);
	eac_personalise(card, s->b, &plan);
	bench_lock(s->b);
	sweep_go_on(s);
	eac_terminal(t, card, chain);
	bench_bac(s->b);
	assert_int_equal(eac_ca1(t, &card->keys[0]), SJ_SW_OK);
	assert_int_equal(eac_verify_chain(t), SJ_SW_OK);
	eac_chain_forget(chain);
	free(chain);
	free(card);
	free(t);
}
