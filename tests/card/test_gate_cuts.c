/*
 * The gate applet when power goes: at every write and sync of the store, and
 * after every command. No ephemeral key and no ticket is shown twice, and the
 * next tap works.
 */
#include <stdio.h>

#include "applets/gate/state.h"
#include "tests/card/gate_rig.h"
#include "tests/card/store_rig.h"

#define SHOWN_MAX 16u

static const uint8_t ticket_a[SJ_GATE_TICKET] = { 1, 2, 3 };
static const uint8_t ticket_b[SJ_GATE_TICKET] = { 4, 5, 6 };

/* A card's file after a first tap that left ticket_a, and what was ever shown since. */
struct cuts {
	struct room *room;
	struct issuer ca;
	struct rig_reader reader;
	struct rig_token head;
	struct tap tap;
	uint8_t psk[SJ_PRK_SIZE]; /* of ticket_a */
	uint8_t *image;
	size_t len;
	uint8_t shown[SHOWN_MAX][SJ_EDHOC_KEY];
	size_t shown_count;
	unsigned offers; /* messages_1 of method 4 */
};

static int setup(void **state)
{
	struct cuts *c = calloc(1, sizeof(*c));
	struct tap *t;

	assert_non_null(c);
	assert_int_equal(store_rig_setup((void **)&c->room), 0);
	t = &c->tap;
	issuer_make(&c->ca);
	reader_make(&c->reader, &c->ca);
	head_token(&c->head, 9, RIG_NOW + 1, &c->ca.status);
	t->b = bench_new_in(create(c->room));
	gate_issue(t->b, &c->ca);
	tap_first(t, &c->reader, &c->ca, ticket_a);
	memcpy(c->psk, t->psk, sizeof(c->psk));
	bench_free(t->b);
	c->image = store_rig_image(c->room, &c->len);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct cuts *c = *state;
	void *room = c->room;

	tap_end(&c->tap);
	free(c->image);
	free(c);
	return store_rig_teardown(&room);
}

/* The file as it was, and the card on; nothing was shown yet. */
static void start(struct cuts *c)
{
	struct card_store *s = NULL;

	put_file(c->room, c->image, c->len);
	c->room->fail_at = 0;
	assert_int_equal(card_store_open_with(c->room->path, &c->room->io, c->room, &s),
			 CARD_STORE_OK);
	c->tap.b = bench_new_in(s);
	c->shown_count = 0;
	c->offers = 0;
	memcpy(c->tap.ticket, ticket_a, sizeof(ticket_a));
	memcpy(c->tap.psk, c->psk, sizeof(c->psk));
}

/* The process dies: what is in the file is all there is. */
static void restart(struct cuts *c)
{
	struct card_store *s = NULL;

	bench_free(c->tap.b);
	c->room->fail_at = 0;
	assert_int_equal(card_store_open_with(c->room->path, &c->room->io, c->room, &s),
			 CARD_STORE_OK);
	c->tap.b = bench_new_in(s);
}

/* message_1 left: its G_X was never shown before. */
static void note_message_1(struct cuts *c)
{
	for (size_t i = 0; i < c->shown_count; i++)
		assert_memory_not_equal(c->shown[i], c->tap.x, SJ_EDHOC_KEY);
	assert_true(c->shown_count < SHOWN_MAX);
	memcpy(c->shown[c->shown_count++], c->tap.x, SJ_EDHOC_KEY);
	c->offers += c->tap.r.method == SJ_EDHOC_PSK;
}

/*
 * message_3 of method 4: a message_4 that failed may have left its ticket or
 * not. ticket_a was offered by the first message_1 of method 4, or never.
 */
static void check_psk(struct cuts *c)
{
	struct tap *t = &c->tap;
	struct responder look = t->r;

	assert_true(responder_take_3(&look, sj_span(t->message_3, t->message_3_len)));
	if (look.id_cred.ptr[2] == ticket_a[0]) {
		assert_int_equal(c->offers, 1);
		memcpy(t->ticket, ticket_a, sizeof(ticket_a));
		memcpy(t->psk, c->psk, sizeof(c->psk));
	}
	tap_check_psk(t);
}

/* A tap by method 4 or 3, as the card offers, up to `last`; as far as the card goes along. */
static void run(struct cuts *c, bool named, int last)
{
	struct tap *t = &c->tap;
	bool psk;

	if (!tap_try_select(t, named, RIG_OPERATOR))
		return;
	note_message_1(c);
	psk = t->r.method == SJ_EDHOC_PSK;
	tap_make_2(t, psk ? NULL : &c->reader);
	if (last < 2 || !tap_send_2(t, psk ? NULL : &c->reader))
		return;
	card_settle(t->b->card);
	if (psk)
		check_psk(c);
	else
		tap_check_3(t, &c->ca);
	if (last < 3 || !tap_finish(t, ticket_b))
		return;
	card_settle(t->b->card);
	if (last >= 4)
		tap_object(t, SJ_OBJECT_HEAD, token_span(&c->head));
}

/* Two more taps work to their end; the second one by the ticket that the first left. */
static void assert_goes_on(struct cuts *c)
{
	struct tap *t = &c->tap;

	for (unsigned i = 0; i < 2; i++) {
		bench_power(t->b);
		run(c, true, 3);
		assert_int_equal(t->b->sw, SJ_SW_OK);
		assert_int_equal(t->b->data.len, 0);
	}
	assert_int_equal(t->r.method, SJ_EDHOC_PSK);
}

/* At every call of pwrite, fdatasync and what follows, for good: a dying card or disk. */
static void killed_at_every_write(struct cuts *c, bool named, bool dies)
{
	unsigned k = 1;

	for (;; k++) {
		unsigned calls;

		start(c);
		c->room->calls = 0;
		c->room->fail_at = k;
		c->room->fail_on = dies;
		run(c, named, 3);
		calls = c->room->calls;
		if (dies)
			restart(c);
		c->room->fail_at = 0;
		assert_goes_on(c);
		bench_free(c->tap.b);
		if (calls < k)
			break;
	}
	assert_true(k > 4); /* there were some */
}

static void repeated_tap_killed_at_every_write(void **state)
{
	killed_at_every_write(*state, true, true);
}

static void first_tap_killed_at_every_write(void **state)
{
	killed_at_every_write(*state, false, true);
}

static void a_write_fails_and_the_card_stays_on(void **state)
{
	killed_at_every_write(*state, true, false);
	killed_at_every_write(*state, false, false);
}

/* After each command, before anything that was put off. */
static void killed_after_every_command(void **state)
{
	struct cuts *c = *state;

	for (int last = 1; last <= 4; last++)
		for (unsigned named = 0; named < 2; named++) {
			start(c);
			run(c, named, last);
			restart(c);
			assert_goes_on(c);
			bench_free(c->tap.b);
		}
}

/* Power of the field goes, the process stays: volatile state is wiped, the store keeps. */
static void power_goes_after_every_command(void **state)
{
	struct cuts *c = *state;

	for (int last = 1; last <= 4; last++)
		for (unsigned named = 0; named < 2; named++) {
			start(c);
			run(c, named, last);
			assert_goes_on(c);
			bench_free(c->tap.b);
		}
}

#define CUTS_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CUTS_CASE(repeated_tap_killed_at_every_write),
		CUTS_CASE(first_tap_killed_at_every_write),
		CUTS_CASE(a_write_fails_and_the_card_stays_on),
		CUTS_CASE(killed_after_every_command),
		CUTS_CASE(power_goes_after_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
