/* test_rf.c -- a card that is charged by the timing model, on a clock of the test's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/applet.h"
#include "link/direct.h"

#define assert_ms(value, expected) assert_true(fabs((value) - (expected)) < 1e-6)

/* --- a card that is charged --------------------------------------------------------- */

enum timed_ins { HASH = 0x10, STORE, LATER, LATER_BUT_FAILS, SLOW };
#define OBJECT 0x7F000001u

static uint16_t hash(struct card_call *call)
{
	static const uint8_t data[56];
	const struct sj_span part = SJ_SPAN_OF(data);
	uint8_t out[SJ_HASH_MAX];

	(void)call;
	return sj_hash(SJ_SHA256, &part, 1, out) ? SJ_SW_OK : SJ_SW_UNKNOWN;
}

static uint16_t store(struct card_call *call)
{
	return card_store_set(card_store_of(call->card), OBJECT, call->apdu->data) ? SJ_SW_OK
										   : SJ_SW_UNKNOWN;
}

static uint16_t later(struct card_call *call)
{
	card_after(call->card);
	return call->apdu->ins == LATER ? SJ_SW_OK : SJ_SW_WRONG_DATA;
}

static uint16_t slow(struct card_call *call)
{
	if (!card_delay_raise(call->card, 0))
		return SJ_SW_MEMORY_FAILURE;
	card_delay_serve(call->card, 0);
	card_delay_clear(call->card, 0);
	return SJ_SW_OK;
}

/* A hash of two blocks, and a byte stored: how often it ran. */
static void after(struct card_call *call)
{
	struct sj_span old = { NULL, 0 };
	uint8_t n = 0;

	if (card_store_get(card_store_of(call->card), OBJECT, &old) && old.len == 1)
		n = old.ptr[0];
	n++;
	assert_int_equal(hash(call), SJ_SW_OK);
	assert_true(card_store_set(card_store_of(call->card), OBJECT, sj_span(&n, 1)));
}

static const struct card_command commands[] = {
	{ 0x00, HASH, 0, 0, 0, 0, CARD_ALWAYS, hash },
	{ 0x00, STORE, 0, 0, 1, 255, CARD_ALWAYS, store },
	{ 0x00, LATER, 0, 0, 0, 0, CARD_ALWAYS, later },
	{ 0x00, LATER_BUT_FAILS, 0, 0, 0, 0, CARD_ALWAYS, later },
	{ 0x00, SLOW, 0, 0, 0, 0, CARD_ALWAYS, slow },
};
static uint16_t timed_select(struct card_call *call)
{
	if (call->apdu->p2 == 0)
		card_after(call->card);
	return SJ_SW_OK;
}
static const struct card_applet timed = {
	.aid = { (const uint8_t *)"\xA0\x00\x00\x09\x99\x09", 6 },
	.name = "timed",
	.commands = commands,
	.command_count = sizeof(commands) / sizeof(commands[0]),
	.select = timed_select,
	.after = after,
};
static const struct card_applet *const applets[] = { &timed, NULL };

#define STEPS_MAX 8
struct rig {
	struct card *card;
	struct card_store *store;
	uint64_t now; /* us */
	uint64_t power_for; /* a longer wait is cut short, us */
	struct card_rf_step steps[STEPS_MAX];
	size_t n;
	uint8_t *response; /* SJ_APDU_RESPONSE_MAX bytes */
};

static void keep_step(void *self, const struct card_rf_step *step)
{
	struct rig *r = self;

	assert_true(r->n < STEPS_MAX);
	r->steps[r->n++] = *step;
}

static uint64_t rig_now(void *self)
{
	return ((const struct rig *)self)->now;
}

static void rig_wait(void *self, uint64_t us)
{
	struct rig *r = self;

	r->now += us < r->power_for ? us : r->power_for;
}

/* On jcop4-p71 at that rate (0: none); powered, nothing sent yet. */
static void open_over(struct rig *r, struct card_store *store, unsigned rate,
		      enum card_interface interface)
{
	const struct card_rf rf = { rate, CARD_CHIP_JCOP4_P71, keep_step, r };
	struct card_config config = { .interface = interface,
				      .clock = { rig_now, rig_wait, r },
				      .random = sj_random_system(),
				      .applets = applets,
				      .rf = &rf };
	uint8_t atr[CARD_ATR_MAX];

	*r = (struct rig){ .power_for = UINT64_MAX, .response = malloc(SJ_APDU_RESPONSE_MAX) };
	assert_non_null(r->response);
	config.store = r->store = store;
	r->card = card_new(&config);
	assert_non_null(r->card);
	assert_true(card_power_on(r->card, atr) > 0);
}

static void open_card(struct rig *r, unsigned rate, enum card_interface interface)
{
	struct card_store *store = NULL;

	assert_int_equal(card_store_memory(&store), CARD_STORE_OK);
	open_over(r, store, rate, interface);
}

static void close_card(struct rig *r)
{
	card_free(r->card);
	card_store_close(r->store);
	free(r->response);
}

static size_t send(struct rig *r, const uint8_t *command, size_t len)
{
	return card_transmit(r->card, sj_span(command, len), r->response);
}

static void select_timed(struct rig *r)
{
	static const uint8_t select[] = { 0, 0xA4, 4, 0x0C, 6, 0xA0, 0, 0, 9, 0x99, 9 };

	assert_int_equal(send(r, select, sizeof(select)), 2);
	assert_int_equal(r->response[0], 0x90);
}

static void command(struct rig *r, enum timed_ins ins)
{
	const uint8_t bytes[] = { 0, (uint8_t)ins, 0, 0 };

	assert_int_equal(send(r, bytes, sizeof(bytes)), 2);
}

static uint64_t us(double ms)
{
	return (uint64_t)(ms * 1000 + 0.5);
}

/* Air both ways and the card OS, at 848. */
static double bare_ms(size_t n, size_t answer)
{
	return card_rf_air_ms(848, n) + card_rf_air_ms(848, answer) + 2.0;
}

static void test_known_exchange_is_charged_exactly(void **state)
{
	const uint8_t store_one[] = { 0, STORE, 0, 0, 1, 0xAA };
	uint64_t expected = us(card_rf_activation_ms(848));
	struct rig r;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	assert_int_equal(card_rf_elapsed_us(r.card), expected);
	assert_int_equal(r.now, 0); /* the first command waits it out */
	select_timed(&r);
	expected += us(bare_ms(11, 2) + 8.0);
	assert_int_equal(r.now, expected);
	command(&r, HASH); /* a call and two blocks */
	expected += us(bare_ms(4, 2) + 0.8 + 2 * 1.43);
	assert_int_equal(r.now, expected);
	assert_int_equal(send(&r, store_one, sizeof(store_one)), 2);
	expected += us(bare_ms(6, 2) + 3.0);
	assert_int_equal(r.now, expected);
	assert_int_equal(card_rf_elapsed_us(r.card), expected);
	close_card(&r);
}

static void test_steps_add_up_to_the_same(void **state)
{
	const struct card_rf_model model = { 848, CARD_CHIP_JCOP4_P71, 0 };
	struct rig r;
	double ms;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	command(&r, HASH);
	command(&r, LATER);
	card_settle(r.card);
	command(&r, HASH);
	assert_int_equal(r.n, 5);
	assert_int_equal(r.steps[3].command, 0);
	ms = card_rf_exchange_ms(&model, r.steps, r.n) - CARD_RF_POLL_MS;
	assert_true(fabs(ms * 1000 - (double)card_rf_elapsed_us(r.card)) < 5);
	close_card(&r);
}

static void test_without_a_model_nothing_is_charged(void **state)
{
	struct rig r;

	(void)state;
	open_card(&r, 848, CARD_CONTACT); /* a model for a card that is not on the air */
	select_timed(&r);
	command(&r, LATER);
	command(&r, HASH);
	assert_int_equal(r.now, 0);
	assert_int_equal(r.n, 0);
	assert_int_equal(card_rf_elapsed_us(r.card), 0);
	close_card(&r);
}

static void test_without_a_rate_steps_are_told_only(void **state)
{
	struct rig r;

	(void)state;
	open_card(&r, 0, CARD_CONTACTLESS);
	select_timed(&r);
	assert_int_equal(r.now, 0);
	assert_int_equal(card_rf_elapsed_us(r.card), 0);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.steps[0].command, 11);
	assert_int_equal(r.steps[0].response, 2);
	assert_ms(r.steps[0].work.n[CARD_RF_SELECT], 1);
	close_card(&r);
}

static void test_the_callers_meter_is_put_back(void **state)
{
	struct card_rf_meter mine;
	struct rig r;

	(void)state;
	card_rf_meter_init(&mine);
	open_card(&r, 848, CARD_CONTACTLESS);
	(void)sj_meter_use(&mine.head);
	select_timed(&r);
	command(&r, HASH);
	assert_ptr_equal(sj_meter_use(NULL), &mine.head);
	assert_ms(mine.work.n[CARD_RF_HASH], 0);
	close_card(&r);
}

static void test_served_delay_comes_on_top(void **state)
{
	struct rig r;
	uint64_t before;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	before = r.now;
	command(&r, SLOW); /* a failure stored, 1 s, forgotten */
	assert_int_equal(r.now - before, 1000000 + us(bare_ms(4, 2) + 2 * 3.0));
	assert_int_equal(card_rf_elapsed_us(r.card), r.now);
	close_card(&r);
}

static void test_power_that_goes_meanwhile_takes_the_answer(void **state)
{
	const uint8_t bytes[] = { 0, HASH, 0, 0 };
	struct rig r;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	r.power_for = 500;
	assert_int_equal(send(&r, bytes, sizeof(bytes)), 0);
	assert_int_equal(card_uid(r.card).len, 0);
	close_card(&r);
}

static void test_the_readers_own_work(void **state)
{
	struct card_rf_work w = { { 0 } };

	(void)state;
	w.n[CARD_RF_ECDH] = 3;
	w.n[CARD_RF_VERIFY] = 1;
	w.n[CARD_RF_POINT_Y] = 2;
	w.n[CARD_RF_HASH_BLOCKS] = 50; /* free */
	assert_ms(card_rf_reader_ms(&w), 4.6);
}

/* --- work put off ---------------------------------------------------------------------- */

static unsigned runs(const struct rig *r)
{
	struct sj_span n = { NULL, 0 };

	return card_store_get(r->store, OBJECT, &n) && n.len == 1 ? n.ptr[0] : 0;
}

/* The work of after(): a hash of two blocks and a write. */
#define AFTER_MS (0.8 + 2 * 1.43 + 3.0)

/* The hash that guards a card's file is the host's own work. */
static void test_a_write_to_a_file_is_no_hash_of_the_chip(void **state)
{
	const uint8_t store_one[] = { 0, STORE, 0, 0, 1, 0xAA };
	char dir[] = "/tmp/sojourn-rf-XXXXXX", path[64];
	struct card_store *file = NULL;
	struct rig r;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/card", dir);
	assert_int_equal(card_store_create(path, &file), CARD_STORE_OK);
	open_over(&r, file, 0, CARD_CONTACTLESS);
	select_timed(&r);
	assert_int_equal(send(&r, store_one, sizeof(store_one)), 2);
	assert_ms(r.steps[1].work.n[CARD_RF_WRITE], 1);
	assert_ms(r.steps[1].work.n[CARD_RF_HASH], 0);
	close_card(&r);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void test_after_delays_an_early_command(void **state)
{
	struct rig r;
	uint64_t left;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	command(&r, LATER);
	left = r.now;
	assert_int_equal(runs(&r), 0);
	card_settle(r.card);
	assert_int_equal(runs(&r), 1);
	assert_int_equal(r.now, left); /* beside whatever the reader does */
	r.now += 1000;
	command(&r, HASH);
	assert_int_equal(r.now, left + us(AFTER_MS) + us(bare_ms(4, 2) + 0.8 + 2 * 1.43));
	close_card(&r);
}

static void test_after_delays_no_late_command(void **state)
{
	struct rig r;
	uint64_t now;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	command(&r, LATER);
	card_settle(r.card);
	r.now += us(AFTER_MS);
	now = r.now;
	command(&r, HASH);
	assert_int_equal(r.now, now + us(bare_ms(4, 2) + 0.8 + 2 * 1.43));
	close_card(&r);
}

static void test_after_runs_before_the_next_command_without_a_link_that_settles(void **state)
{
	struct rig r;
	uint64_t left;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	command(&r, LATER);
	left = r.now;
	r.now += 1000; /* the work began when the response left all the same */
	command(&r, HASH);
	assert_int_equal(runs(&r), 1);
	assert_int_equal(r.now, left + us(AFTER_MS) + us(bare_ms(4, 2) + 0.8 + 2 * 1.43));
	close_card(&r);
}

static void test_after_runs_once(void **state)
{
	struct rig r;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	command(&r, LATER);
	card_settle(r.card);
	card_settle(r.card);
	command(&r, HASH);
	assert_int_equal(runs(&r), 1);
	close_card(&r);
}

static void test_after_of_a_selection_belongs_to_the_selected(void **state)
{
	static const uint8_t select[] = { 0, 0xA4, 4, 0, 6, 0xA0, 0, 0, 9, 0x99, 9 };
	struct rig r;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	assert_true(send(&r, select, sizeof(select)) >= 2);
	card_settle(r.card);
	assert_int_equal(runs(&r), 1);
	close_card(&r);
}

static void test_after_is_forgotten_with_an_error(void **state)
{
	struct rig r;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	command(&r, LATER_BUT_FAILS);
	card_settle(r.card);
	assert_int_equal(runs(&r), 0);
	close_card(&r);
}

static void test_after_does_not_run_when_power_goes_first(void **state)
{
	uint8_t atr[CARD_ATR_MAX];
	struct rig r;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	command(&r, LATER);
	card_power_off(r.card);
	card_settle(r.card);
	assert_true(card_power_on(r.card, atr) > 0);
	card_settle(r.card);
	assert_int_equal(runs(&r), 0);
	close_card(&r);
}

static void test_direct_link_settles(void **state)
{
	const uint8_t bytes[] = { 0, LATER, 0, 0 };
	struct rig r;

	(void)state;
	open_card(&r, 848, CARD_CONTACTLESS);
	select_timed(&r);
	assert_int_equal(card_direct_transmit(r.card, SJ_SPAN_OF(bytes), r.response), 2);
	assert_int_equal(runs(&r), 1);
	close_card(&r);
}

/* --- clocks ------------------------------------------------------------------------------ */

static void test_virtual_clock_takes_no_time(void **state)
{
	uint64_t at = 5, start;
	const struct card_clock real = card_clock_system(), clock = card_clock_virtual(&at);

	(void)state;
	start = real.now_us(real.self);
	clock.wait_us(clock.self, 60000000);
	assert_int_equal(clock.now_us(clock.self), 60000005);
	assert_true(real.now_us(real.self) - start < 10000000);
}

static void test_real_clock_waits(void **state)
{
	const struct card_rf rf = { 848, CARD_CHIP_NATIVE, NULL, NULL };
	struct card_config config = { .interface = CARD_CONTACTLESS,
				      .clock = card_clock_system(),
				      .random = sj_random_system(),
				      .applets = applets,
				      .rf = &rf };
	uint64_t start, spent;
	uint8_t atr[CARD_ATR_MAX];
	struct rig r = { .response = malloc(SJ_APDU_RESPONSE_MAX) };

	(void)state;
	assert_non_null(r.response);
	assert_int_equal(card_store_memory(&r.store), CARD_STORE_OK);
	config.store = r.store;
	r.card = card_new(&config);
	assert_non_null(r.card);
	start = config.clock.now_us(NULL);
	assert_true(card_power_on(r.card, atr) > 0);
	select_timed(&r);
	spent = config.clock.now_us(NULL) - start;
	assert_true(spent >= card_rf_elapsed_us(r.card));
	assert_true(spent < card_rf_elapsed_us(r.card) + 500000);
	close_card(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_exchange_is_charged_exactly),
		cmocka_unit_test(test_steps_add_up_to_the_same),
		cmocka_unit_test(test_without_a_model_nothing_is_charged),
		cmocka_unit_test(test_without_a_rate_steps_are_told_only),
		cmocka_unit_test(test_the_callers_meter_is_put_back),
		cmocka_unit_test(test_served_delay_comes_on_top),
		cmocka_unit_test(test_power_that_goes_meanwhile_takes_the_answer),
		cmocka_unit_test(test_a_write_to_a_file_is_no_hash_of_the_chip),
		cmocka_unit_test(test_the_readers_own_work),
		cmocka_unit_test(test_after_delays_an_early_command),
		cmocka_unit_test(test_after_delays_no_late_command),
		cmocka_unit_test(
			test_after_runs_before_the_next_command_without_a_link_that_settles),
		cmocka_unit_test(test_after_runs_once),
		cmocka_unit_test(test_after_of_a_selection_belongs_to_the_selected),
		cmocka_unit_test(test_after_is_forgotten_with_an_error),
		cmocka_unit_test(test_after_does_not_run_when_power_goes_first),
		cmocka_unit_test(test_direct_link_settles),
		cmocka_unit_test(test_virtual_clock_takes_no_time),
		cmocka_unit_test(test_real_clock_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
