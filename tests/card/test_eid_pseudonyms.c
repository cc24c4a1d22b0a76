/*
 * Pseudonyms of many cards at two operators: none twice, none that tells of another, the same in
 * every session, revoked at one operator without the other.
 *
 * The cards are keys; that a card answers with what is computed here is shown for some of them,
 * with whole sessions (test_eid_questions.c: test_a_pseudonym).
 */
#include <math.h>
#include <stdio.h>

#include "secure/ri.h"
#include "tests/card/eid_rig.h"
#include "trust/pseudonyms.h"

#define CARDS 1000u
#define OPERATORS 2u
#define SESSIONS 8u /* cards that are asked for real */
#define BYTES SJ_RI_IDENTIFIER

struct fixture {
	struct eac_chain at;
	struct eid_sector operators[OPERATORS];
	struct sj_ec_point keys[CARDS]; /* the public halves, of the register */
	uint8_t ids[OPERATORS][CARDS][BYTES]; /* what cards answer */
};

static int setup(void **state)
{
	const struct sj_random random = sj_random_system();
	struct fixture *f = calloc(1, sizeof(*f));
	struct sj_ec_secret card;
	struct sj_ec_point sector;
	enum sj_curve curve;

	assert_non_null(f);
	for (size_t k = 0; k < OPERATORS; k++)
		eid_sector_make(&f->operators[k]);
	for (size_t i = 0; i < CARDS; i++) {
		assert_true(sj_ec_secret_random(SJ_BP256R1, &random, &card));
		assert_true(sj_ec_multiply(SJ_BP256R1, &card, NULL, &f->keys[i]));
		for (size_t k = 0; k < OPERATORS; k++) {
			uint8_t bytes[512];
			struct sj_span object = eid_sector_object(&f->operators[k], 0x7F49, bytes);
			struct sj_span content;

			assert_int_equal(sj_tlv_take(&object, 0x7F49, &content), SJ_TLV_FOUND);
			assert_true(sj_ri_key_read(content, &curve, &sector));
			assert_true(sj_ri_identifier(curve, &card, &sector, f->ids[k][i]));
		}
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static int order(const void *a, const void *b)
{
	return memcmp(a, b, BYTES);
}

/* Nobody's is anybody else's, at one operator or across both. */
static void test_no_two_are_the_same(void **state)
{
	struct fixture *f = *state;
	uint8_t *all = malloc(sizeof(f->ids));

	assert_non_null(all);
	memcpy(all, f->ids, sizeof(f->ids));
	qsort(all, OPERATORS * CARDS, BYTES, order);
	for (size_t i = 1; i < OPERATORS * CARDS; i++)
		assert_memory_not_equal(all + (i - 1) * BYTES, all + i * BYTES, BYTES);
	free(all);
}

static unsigned bit(const uint8_t *id, size_t i)
{
	return (unsigned)id[i / 8] >> (i % 8) & 1u;
}

/* Bits in which two identifiers differ, of 256. */
static unsigned distance(const uint8_t *a, const uint8_t *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < 8 * BYTES; i++)
		n += bit(a, i) ^ bit(b, i);
	return n;
}

/*
 * What two operators would try: is the one's identifier of a card nearer to the other's of the
 * same card than to those of others? Bits that differ are 128 of 256 on average, 8 is the
 * deviation; of 1,000 cards the average deviates by 0.25. Bounds of six deviations fail once in
 * 500 million runs.
 */
static void test_one_operators_tell_nothing_of_the_others(void **state)
{
	const struct fixture *f = *state;
	double same = 0, other = 0;

	for (size_t i = 0; i < CARDS; i++) {
		const unsigned d = distance(f->ids[0][i], f->ids[1][i]);

		assert_in_range(d, 128 - 64, 128 + 64);
		same += d;
		other += distance(f->ids[0][i], f->ids[1][(i + 1) % CARDS]);
	}
	assert_true(fabs(same / CARDS - 128) < 1.5);
	assert_true(fabs(other / CARDS - 128) < 1.5);
}

/*
 * Each of the 256 bits at one operator against each at the other: how often they are equal, of
 * 1,000 cards. 500 on average, 15.8 is the deviation; among 65,536 pairs the largest is near 4.3
 * of them. Seven fail once in 6 million runs.
 */
static void test_no_bit_goes_with_a_bit_of_the_other(void **state)
{
	const struct fixture *f = *state;
	static uint64_t columns[OPERATORS][8 * BYTES][CARDS / 64 + 1];

	memset(columns, 0, sizeof(columns));
	for (size_t k = 0; k < OPERATORS; k++)
		for (size_t i = 0; i < CARDS; i++)
			for (size_t b = 0; b < 8 * BYTES; b++)
				columns[k][b][i / 64] |= (uint64_t)bit(f->ids[k][i], b) << i % 64;
	for (size_t a = 0; a < 8 * BYTES; a++) {
		for (size_t b = 0; b < 8 * BYTES; b++) {
			int differ = 0;

			for (size_t w = 0; w < CARDS / 64 + 1; w++)
				differ += __builtin_popcountll(columns[0][a][w] ^ columns[1][b][w]);
			assert_in_range(differ, 500 - 111, 500 + 111);
		}
	}
}

/*
 * The order in which identifiers sort at one operator says nothing of that at the other (Kendall,
 * neighbours).
 */
static void test_no_order_is_kept(void **state)
{
	const struct fixture *f = *state;
	int concordant = 0;

	for (size_t i = 0; i + 1 < CARDS; i += 2)
		concordant += (order(f->ids[0][i], f->ids[0][i + 1]) < 0) ==
			      (order(f->ids[1][i], f->ids[1][i + 1]) < 0);
	assert_in_range(concordant, 250 - 67, 250 + 67); /* six deviations of 11.2 */
}

/*
 * Whoever revokes has the sector's private key and the card's public one; lists hold what
 * sj_pseudonym_entry() makes of an identifier.
 */
static void revoke(const struct fixture *f, size_t at, size_t card, uint8_t out[static BYTES])
{
	const struct eid_sector *s = &f->operators[at];

	assert_true(sj_ri_identifier(SJ_BP256R1, &s->secret, &f->keys[card], out));
}

static void test_a_revocation_is_of_one_card_at_one_operator(void **state)
{
	const struct fixture *f = *state;

	for (size_t revoked = 0; revoked < CARDS; revoked += 199) {
		uint8_t id[BYTES], listed[SJ_PSEUDONYM_ENTRY], entry[SJ_PSEUDONYM_ENTRY];

		revoke(f, 0, revoked, id);
		assert_true(sj_pseudonym_entry(id, listed));
		for (size_t i = 0; i < CARDS; i++) {
			assert_int_equal(memcmp(f->ids[0][i], id, BYTES) == 0, i == revoked);
			assert_true(sj_pseudonym_entry(f->ids[0][i], entry));
			assert_int_equal(memcmp(entry, listed, sizeof(entry)) == 0, i == revoked);
			assert_true(sj_pseudonym_entry(f->ids[1][i], entry));
			assert_memory_not_equal(entry, listed, sizeof(entry));
		}
	}
}

/* --- the same from cards ----------------------------------------------------------------- */

/* The identifier that this card tells this operator, in a session of its own. */
static void ask(struct eac_card *c, struct eac_chain *at, const struct eid_sector *s,
		uint8_t id[static BYTES])
{
	const struct eid_plan plan = { .bits = EID_BIT(2), .sectors = { s } };
	struct eac_terminal t;

	eid_certify(at, &plan);
	bench_power(c->b);
	eac_terminal(&t, c, at);
	assert_int_equal(eac_until(&t, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(c->b, EID_SELECT), SJ_SW_OK);
	assert_int_equal(eid_identify(c->b, s, id), SJ_SW_OK);
}

static void test_cards_tell_the_same_in_every_session(void **state)
{
	struct fixture *f = *state;

	eac_chain(&f->at, "P-256", SJ_CVC_AUTHENTICATION);
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct eac_card c;

		eac_issue_eid(&c, &f->at);
		for (size_t k = 0; k < OPERATORS; k++) {
			uint8_t first[BYTES], again[BYTES], expected[BYTES];

			ask(&c, &f->at, &f->operators[k], first);
			ask(&c, &f->at, &f->operators[k], again);
			assert_memory_equal(first, again, BYTES);
			assert_true(sj_ri_identifier(SJ_BP256R1, &f->operators[k].secret, &c.ri,
						     expected));
			assert_memory_equal(first, expected, BYTES);
		}
		bench_free(c.b);
	}
	eac_chain_forget(&f->at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_two_are_the_same),
		cmocka_unit_test(test_one_operators_tell_nothing_of_the_others),
		cmocka_unit_test(test_no_bit_goes_with_a_bit_of_the_other),
		cmocka_unit_test(test_no_order_is_kept),
		cmocka_unit_test(test_a_revocation_is_of_one_card_at_one_operator),
		cmocka_unit_test(test_cards_tell_the_same_in_every_session),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
