/*
 * Terminal Authentication when power goes, or a write fails, at every write: anchors and date change
 * together or not at all, and what was answered with 9000 is stored.
 */
#include <stdio.h>

#include "tests/card/eac_rig.h"
#include "tests/card/eid_rig.h"
#include "tests/card/store_rig.h"

struct cuts {
	struct room *room;
	uint8_t *image;
	size_t len;
	struct eac_chain chain;
	struct eac_holder next, third;
	struct eac_card card;
	struct eac_terminal t;
};

static int setup(void **state)
{
	struct cuts *c = calloc(1, sizeof(*c));
	struct eac_plan plan = { .flags = CARD_EAC_EID, .date = EAC_2026, .keys = true };

	assert_non_null(c);
	assert_int_equal(store_rig_setup((void **)&c->room), 0);
	eac_chain(&c->chain, "P-256", SJ_CVC_AUTHENTICATION);
	eac_enter(&c->next, "P-256", "UTCVCA00002", SJ_CVC_AUTHENTICATION, SJ_CVC_CVCA);
	eac_sign(&c->next, &c->chain.cvca);
	eac_enter(&c->third, "P-256", "UTCVCA00003", SJ_CVC_AUTHENTICATION, SJ_CVC_CVCA);
	c->third.plan.from = EAC_2026 + 30 * EAC_DAY;
	eac_sign(&c->third, &c->next);
	plan.anchors[0] = eac_made(&c->chain.cvca);
	plan.anchors[1] = eac_made(&c->next);
	c->card.b = bench_new_in(create(c->room));
	bench_install(c->card.b);
	eac_personalise(&c->card, c->card.b, &plan);
	eid_personalise_all(c->card.b, &c->card.ri);
	bench_lock(c->card.b);
	bench_free(c->card.b);
	c->image = store_rig_image(c->room, &c->len);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct cuts *c = *state;
	void *room = c->room;

	eac_chain_forget(&c->chain);
	eac_forget(&c->next);
	eac_forget(&c->third);
	free(c->image);
	free(c);
	return store_rig_teardown(&room);
}

static void insert(struct cuts *c)
{
	struct card_store *s = NULL;

	c->room->fail_at = 0;
	assert_int_equal(card_store_open_with(c->room->path, &c->room->io, c->room, &s),
			 CARD_STORE_OK);
	c->card.b = bench_new_in(s);
	eac_terminal(&c->t, &c->card, &c->chain);
	assert_int_equal(eac_pace(&c->t), SJ_SW_OK);
}

/* The two anchors of before with the date of before, or those of after with that of after. */
static void check(struct cuts *c, uint16_t sw)
{
	const bool changed = sj_span_eq(c->t.cars[0], c->third.plan.holder);

	assert_true(sw == SJ_SW_OK || sw == SJ_SW_MEMORY_FAILURE);
	assert_true(changed || sw != SJ_SW_OK);
	assert_true(sj_span_eq(c->t.cars[changed ? 1 : 0], c->next.plan.holder));
	assert_true(changed || sj_span_eq(c->t.cars[1], c->chain.cvca.plan.holder));
	assert_int_equal(card_date(c->card.b->card),
			 changed ? c->third.plan.from : (int64_t)EAC_2026);
}

static void at_every_write(struct cuts *c, bool dies)
{
	unsigned k = 1, calls;

	do {
		uint16_t sw;

		put_file(c->room, c->image, c->len);
		insert(c);
		assert_int_equal(eac_dst(&c->t, c->third.plan.authority), SJ_SW_OK);
		c->room->calls = 0;
		c->room->fail_at = k;
		c->room->fail_on = dies;
		sw = eac_pso(&c->t, eac_made(&c->third));
		calls = c->room->calls;
		c->room->fail_at = 0;
		if (sw != SJ_SW_OK) /* what was not stored counts for nothing */
			assert_int_equal(eac_dst(&c->t, c->third.plan.holder),
					 SJ_SW_REFERENCE_NOT_FOUND);
		bench_free(c->card.b);
		insert(c);
		check(c, sw);
		bench_free(c->card.b);
	} while (calls >= k++);
	assert_true(k > 2);
}

static void a_link_at_every_write(void **state)
{
	at_every_write(*state, true);
	at_every_write(*state, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_link_at_every_write, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
