/*
 * What a program sends to the key applet after somebody else's SELECT: nothing of a card that
 * has everything changes by it, whichever application it reaches.
 */
#include <stdio.h>

#include "tests/card/gate_rig.h"
#include "tests/card/piv_rig.h"

#define WRONG_HEX "393939393939FFFF"

/* Every command that could lower a counter, use a key, or change the card. */
static const char *const commands[] = {
	"0020008008" WRONG_HEX,
	"0020000008" WRONG_HEX,
	"0020009808" WRONG_HEX,
	"002000FF00",
	"0024008010" WRONG_HEX WRONG_HEX,
	"0024008110" WRONG_HEX WRONG_HEX,
	"002C008010" WRONG_HEX PIN_HEX,
	"0087119A067C0482008100",
	"0087119C067C048200810000",
	"0087009B047C02810000",
	"0087279A047C02810000",
	"00870A9B047C02810000",
	"00870A9B047C02800000",
	"1087119A057C04820081",
	"0087119A0100",
	"00872704047C02810000",
	"00DB3FFF075C035FC1055300",
	"00DB3FFF0753000000000000",
	"0047009A05AC0380011100",
	"00CB3FFF055C035FC10500",
	"00FD000000",
	"00F8000000",
	"00F7009A00",
	"00FFFFFF03039B00",
	"00FA0303",
	"00FB0000",
	"00FE119A0106",
	"00F6FF9A",
	"00F99A0000",
	"00C0000000",
	"0084000008",
};

static struct bench *card_with_everything(const struct issuer *ca)
{
	struct bench *b = bench_new();

	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	bench_perso_files(b);
	gate_personalise_all(b, ca);
	piv_personalise_all(b, &(struct piv_plan){ .policy = 0 });
	bench_lock(b);
	return b;
}

/* The whole store: ids, lengths and bytes. */
struct image {
	uint8_t bytes[262144];
	size_t len;
};

static void take_image(const struct bench *b, struct image *out)
{
	struct sj_writer w = SJ_WRITER_OF(out->bytes);
	struct sj_span value;

	for (uint32_t id = 0; card_store_next(b->store, &id); id++) {
		assert_true(card_store_get(b->store, id, &value));
		sj_put_be(&w, 4, id);
		sj_put_be(&w, 4, (uint32_t)value.len);
		sj_put(&w, value);
	}
	assert_false(w.failed);
	out->len = w.len;
}

static void say(struct bench *b, const char *select, const char *command)
{
	static struct image before, after;

	assert_int_equal(bench_hex(b, select), SJ_SW_OK);
	card_settle(b->card);
	take_image(b, &before);
	assert_true(bench_hex(b, command) != SJ_SW_OK || b->data.len <= 8); /* GET CHALLENGE */
	card_settle(b->card);
	take_image(b, &after);
	assert_int_equal(before.len, after.len);
	if (memcmp(before.bytes, after.bytes, after.len) != 0)
		fail_msg("%s after %s changes the card", command, select);
}

static void say_all(struct bench *b, const char *select)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		say(b, select, commands[i]);
}

static void on_contact(void **state)
{
	struct gate_room *r = *state;
	struct bench *b = r->tap->b;

	bench_insert(b, CARD_CONTACT);
	say_all(b, SELECT_MANAGER);
	say_all(b, SELECT_LDS);
	say_all(b, GATE_SELECT);
	say_all(b, "00A4000C");
}

static void over_the_air(void **state)
{
	struct gate_room *r = *state;
	struct bench *b = r->tap->b;

	bench_insert(b, CARD_CONTACTLESS);
	say_all(b, SELECT_LDS);
	say_all(b, GATE_SELECT);
	say_all(b, "00A4000C");
}

/* An operator's ticket is still there for the next tap at it. */
static void a_ticket_is_not_spent(void **state)
{
	static const uint8_t ticket[SJ_GATE_TICKET] = { 1, 2, 3 }, next[SJ_GATE_TICKET] = { 4 };
	struct gate_room *r = *state;

	tap_first(r->tap, &r->reader, &r->ca, ticket);
	say_all(r->tap->b, GATE_SELECT);
	assert_true(tap_repeat(r->tap, next));
}

static int setup(void **state)
{
	struct gate_room *r;
	int rc = gate_room_setup(state);

	r = *state;
	bench_free(r->tap->b);
	r->tap->b = card_with_everything(&r->ca);
	return rc;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, gate_room_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(on_contact),
		CASE(over_the_air),
		CASE(a_ticket_is_not_spent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
