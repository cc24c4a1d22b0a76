/*
 * What a tap costs a chip: operations until the decision, by the meter of the
 * timing model (host/rf.h). Two command-response pairs, and no block of SHA-256
 * more than there are now: one is 1.43 ms on a Java Card.
 */
#include "host/rf.h"
#include "tests/card/gate_rig.h"

#define STEPS_MAX 16u
#define TO_DECISION 2u /* commands */

static const uint8_t ticket_a[SJ_GATE_TICKET] = { 1, 2, 3 };

struct record {
	struct card_rf_step steps[STEPS_MAX];
	size_t count;
};

static void note_step(void *self, const struct card_rf_step *step)
{
	struct record *r = self;

	assert_true(r->count < STEPS_MAX);
	r->steps[r->count++] = *step;
}

/* The same card with a meter in it. */
static void with_meter(struct bench *b, struct record *r)
{
	const struct card_rf rf = { .step = note_step, .self = r };
	struct card_config config = { .interface = CARD_CONTACTLESS,
				      .clock = { bench_now, bench_wait, b },
				      .random = { bench_fill, b },
				      .store = b->store,
				      .rf = &rf };

	card_free(b->card);
	b->card = card_new(&config);
	assert_non_null(b->card);
	bench_power(b);
	r->count = 0;
}

/* Up to the decision: all operations of SELECT and GENERAL AUTHENTICATE. */
static struct card_rf_work work_of(const struct record *r)
{
	struct card_rf_work sum = { { 0 } };

	assert_true(r->count >= TO_DECISION);
	for (size_t i = 0; i < TO_DECISION; i++) {
		assert_true(r->steps[i].command > 0);
		assert_true(r->steps[i].response <= 258);
		for (size_t op = 0; op < CARD_RF_OPS; op++)
			sum.n[op] += r->steps[i].work.n[op];
	}
	return sum;
}

static void assert_work(const struct card_rf_work *w, double keygen, double ecdh, double verify,
			double blocks, double writes)
{
	print_message(
		"keygen %.0f ecdh %.0f y %.0f verify %.0f hashes %.0f blocks %.0f ciphers %.0f "
		"writes %.0f\n",
		w->n[CARD_RF_KEYGEN], w->n[CARD_RF_ECDH], w->n[CARD_RF_POINT_Y],
		w->n[CARD_RF_VERIFY], w->n[CARD_RF_HASH], w->n[CARD_RF_HASH_BLOCKS],
		w->n[CARD_RF_CIPHER], w->n[CARD_RF_WRITE]);
	assert_true(w->n[CARD_RF_KEYGEN] == keygen);
	assert_true(w->n[CARD_RF_ECDH] == ecdh);
	assert_true(w->n[CARD_RF_VERIFY] == verify);
	assert_true(w->n[CARD_RF_SIGN] == 0);
	assert_true(w->n[CARD_RF_HASH_BLOCKS] <= blocks);
	assert_true(w->n[CARD_RF_WRITE] == writes);
}

/* The card's part, and the air and the gate's host; without the gate's own operations. */
static double modelled(const struct record *r, enum card_chip chip)
{
	const struct card_rf_model model = { 848, chip, CARD_RF_HOST_MS };

	return card_rf_exchange_ms(&model, r->steps, TO_DECISION);
}

static void first_tap_of_a_known_reader(void **state)
{
	struct gate_room *room = *state;
	struct record r;
	struct card_rf_work w;

	tap_first(room->tap, &room->reader, &room->ca, NULL);
	with_meter(room->tap->b, &r);
	tap_first(room->tap, &room->reader, &room->ca, NULL);
	w = work_of(&r);
	print_message("first: %.1f ms on jcop4-p71 at 848, %.1f on native\n",
		      modelled(&r, CARD_CHIP_JCOP4_P71), modelled(&r, CARD_CHIP_NATIVE));
	assert_work(&w, 0, 3, 0, 49, 1);
	assert_true(modelled(&r, CARD_CHIP_JCOP4_P71) < 250);
	assert_true(modelled(&r, CARD_CHIP_NATIVE) < 90);
}

static void first_tap_of_a_new_reader(void **state)
{
	struct gate_room *room = *state;
	struct record r;
	struct card_rf_work w;

	with_meter(room->tap->b, &r);
	tap_first(room->tap, &room->reader, &room->ca, NULL);
	w = work_of(&r);
	assert_work(&w, 0, 3, 1, 59, 1);
}

static void repeated_tap(void **state)
{
	struct gate_room *room = *state;
	struct record r;
	struct card_rf_work w;

	tap_first(room->tap, &room->reader, &room->ca, ticket_a);
	with_meter(room->tap->b, &r);
	assert_true(tap_repeat(room->tap, NULL));
	w = work_of(&r);
	print_message("repeated: %.1f ms on jcop4-p71 at 848, %.1f on native\n",
		      modelled(&r, CARD_CHIP_JCOP4_P71), modelled(&r, CARD_CHIP_NATIVE));
	assert_work(&w, 0, 1, 0, 34, 1);
	assert_true(modelled(&r, CARD_CHIP_JCOP4_P71) < 155);
	assert_true(modelled(&r, CARD_CHIP_NATIVE) < 60);
}

/* --- what a refusal costs: it tells nothing of the card ------------------------------------- */

/* Operations of GENERAL AUTHENTICATE that refuses this reader. */
static struct card_rf_work refusal(struct gate_room *room, struct record *r,
				   const struct rig_reader *reader)
{
	r->count = 0;
	assert_false(tap_ask(room->tap, reader));
	assert_true(r->count >= TO_DECISION);
	return r->steps[TO_DECISION - 1].work;
}

static void assert_same_work(struct card_rf_work a, struct card_rf_work b)
{
	for (size_t op = 0; op < CARD_RF_OPS; op++)
		if (a.n[op] != b.n[op])
			fail_msg("%s: %.0f, %.0f", card_rf_op_name((enum card_rf_op)op), a.n[op],
				 b.n[op]);
}

/* A credential of one's own making has a private key, so MAC_2 holds. */
static void who_made_a_credential_learns_nothing_of_anchors(void **state)
{
	struct gate_room *room = *state;
	struct signer fake, second;
	struct rig_reader made = room->reader;
	struct rig_token link;
	struct card_rf_work w;
	struct record r;

	signer_make(&fake);
	signer_make(&second);
	reader_sign(&made, &fake);
	with_meter(room->tap->b, &r);
	w = refusal(room, &r, &made);
	made.claims.issuer = SJ_SPAN_STR("XTB"); /* which authority is the card's? */
	reader_sign(&made, &fake);
	assert_same_work(w, refusal(room, &r, &made));
	made.claims.issuer = room->reader.claims.issuer;
	made.claims.not_before =
		UINT32_MAX - SJ_GATE_READER_LIFE; /* how long does its anchor live? */
	made.claims.expires = UINT32_MAX;
	reader_sign(&made, &fake);
	assert_same_work(w, refusal(room, &r, &made));
	r.count = 0;
	tap_first(room->tap, &room->reader, &room->ca, NULL);
	signer_token(&link, &second, SJ_CWT_GATE_CA, RIG_NOW + 1, &room->ca.ca);
	assert_int_equal(tap_object(room->tap, SJ_OBJECT_LINK, token_span(&link)), SJ_OBJECT_DONE);
	made.claims = room->reader.claims; /* has it seen the anchor's successor? */
	reader_sign(&made, &fake);
	assert_same_work(w, refusal(room, &r, &made));
}

/* A reader whose time is over does not learn whether the card was there before. */
static void an_expired_reader_learns_nothing_of_visits(void **state)
{
	struct gate_room *room = *state;
	struct rig_reader later = room->reader, stranger = room->reader;
	struct card_rf_work w;
	struct record r;

	later.claims.not_before = room->reader.claims.expires + 1;
	later.claims.expires = later.claims.not_before + RIG_DAY;
	reader_sign(&later, &room->ca.ca);
	stranger.claims.reader.service++;
	reader_sign(&stranger, &room->ca.ca);
	with_meter(room->tap->b, &r);
	tap_first(room->tap, &room->reader, &room->ca, NULL);
	r.count = 0;
	tap_first(room->tap, &later, &room->ca, NULL);
	w = refusal(room, &r, &stranger);
	assert_same_work(w, refusal(room, &r, &room->reader));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_CASE(first_tap_of_a_known_reader),
		GATE_CASE(first_tap_of_a_new_reader),
		GATE_CASE(repeated_tap),
		GATE_CASE(who_made_a_credential_learns_nothing_of_anchors),
		GATE_CASE(an_expired_reader_learns_nothing_of_visits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
