/* What gates of operators that may read a card can compare: GATE.md, "Who learns what". */
#include "tests/card/gate_rig.h"
#include "tests/card/transcript.h"

struct people {
	struct issuer ca;
	struct rig_reader reader;
	struct bench *a, *b;
};

static int setup(void **state)
{
	struct people *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	issuer_make(&p->ca);
	reader_make(&p->reader, &p->ca);
	p->a = gate_card(&p->ca);
	p->b = gate_card(&p->ca);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct people *p = *state;

	bench_free(p->a);
	bench_free(p->b);
	free(p);
	return 0;
}

/* What a reader of this operator and sector gets to know in a whole tap. */
static struct transcript *learn(struct people *p, struct bench *b, uint32_t operator_id,
				uint8_t sector)
{
	struct transcript *t = calloc(1, sizeof(*t));
	struct tap *tap = calloc(1, sizeof(*tap));

	assert_true(t != NULL && tap != NULL);
	p->reader.claims.reader.operator_id = operator_id;
	p->reader.claims.reader.sector = sector;
	reader_sign(&p->reader, &p->ca.ca);
	t->b = tap->b = b;
	tap_first(tap, &p->reader, &p->ca, NULL);
	note(t, SJ_SPAN_OF(tap->x));
	note(t, sj_span(tap->token, tap->token_len));
	note(t, tap->r.plain.ead);
	tap_end(tap);
	free(tap);
	return t;
}

static void two_sectors_have_nothing_to_compare(void **state)
{
	struct people *p = *state;

	for (uint8_t sector = 2; sector <= SJ_GATE_SECTORS; sector++) {
		struct transcript *one = learn(p, p->a, RIG_OPERATOR, 1),
				  *two = learn(p, p->a, RIG_OPERATOR + sector, sector),
				  *other = learn(p, p->b, RIG_OPERATOR, 1);

		assert_false(share(one, two, other));
		free(one);
		free(two);
		free(other);
	}
}

/* One in eight pairs of operators of one sector sees the same credential, and nothing else. */
static void operators_of_a_sector_share_a_slot_at_times(void **state)
{
	struct people *p = *state;
	struct transcript *one = learn(p, p->a, RIG_OPERATOR, 1),
			  *other = learn(p, p->b, RIG_OPERATOR, 1);
	unsigned shared = 0;

	for (uint32_t i = 1; i <= 160; i++) {
		struct transcript *two = learn(p, p->a, RIG_OPERATOR + i, 1);

		shared += share(one, two, other);
		free(two);
	}
	free(one);
	free(other);
	assert_in_range(shared, 4, 45); /* 20 expected; p < 1e-5 outside */
}

/* An operator recognises its own guests, by pseudonym: that is what it is for. */
static void an_operator_recognises_a_card(void **state)
{
	struct people *p = *state;
	struct transcript *one = learn(p, p->a, RIG_OPERATOR, 1),
			  *two = learn(p, p->a, RIG_OPERATOR, 1),
			  *other = learn(p, p->b, RIG_OPERATOR, 1);

	assert_true(share(one, two, other));
	free(one);
	free(two);
	free(other);
}

#define PEOPLE_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PEOPLE_CASE(two_sectors_have_nothing_to_compare),
		PEOPLE_CASE(operators_of_a_sector_share_a_slot_at_times),
		PEOPLE_CASE(an_operator_recognises_a_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
