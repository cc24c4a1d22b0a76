/* The gate applet: first and repeated taps, and what they tell. */
#include "tests/card/gate_rig.h"

struct room {
	struct issuer ca;
	struct rig_reader reader;
	struct tap tap;
};

static const uint8_t a_ticket[SJ_GATE_TICKET] = { 1, 2, 3 };
static const uint8_t b_ticket[SJ_GATE_TICKET] = { 4, 5, 6 };

static int setup(void **state)
{
	struct room *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	issuer_make(&r->ca);
	reader_make(&r->reader, &r->ca);
	r->tap.b = gate_card(&r->ca);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct room *r = *state;

	tap_end(&r->tap);
	bench_free(r->tap.b);
	free(r);
	return 0;
}

static void first_tap(void **state)
{
	struct room *r = *state;
	struct tap *t = &r->tap;

	tap_first(t, &r->reader, &r->ca, NULL);
	assert_int_equal(t->ead_3.class, SJ_CLASS_VISITOR);
	assert_int_equal(t->ead_3.ages, 0x1F); /* 36 years old */
	assert_int_equal(t->ead_3.epoch, 0);
	assert_int_equal(t->credential.status.index / 8, (1000 + 8 * SJ_SECTOR_TRANSPORT) / 8);
}

static void repeated_tap(void **state)
{
	struct room *r = *state;
	struct tap *t = &r->tap;

	tap_first(t, &r->reader, &r->ca, a_ticket);
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
	tap_make_2(t, NULL);
	assert_true(tap_send_2(t, NULL));
	tap_check_psk(t);
	assert_true(tap_finish(t, b_ticket));
	/* And with the ticket that this one left. */
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
	tap_make_2(t, NULL);
	assert_true(tap_send_2(t, NULL));
	tap_check_psk(t);
	assert_true(tap_finish(t, NULL));
}

#define ROOM_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOM_CASE(first_tap),
		ROOM_CASE(repeated_tap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
