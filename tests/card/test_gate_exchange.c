/* The gate applet: first and repeated taps, and what they tell. */
#include "applets/gate/state.h"
#include "tests/card/gate_rig.h"
#include "tests/card/pace_reader.h"

static const uint8_t ticket_a[SJ_GATE_TICKET] = { 1, 2, 3 };
static const uint8_t ticket_b[SJ_GATE_TICKET] = { 4, 5, 6 };

/* --- first taps ---------------------------------------------------------------------- */

static void first_tap(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	tap_first(t, &r->reader, &r->ca, NULL);
	assert_int_equal(t->ead_3.class, SJ_CLASS_VISITOR);
	assert_int_equal(t->ead_3.ages, 0x1F); /* 36 years old */
	assert_int_equal(t->ead_3.epoch, 0);
	assert_int_equal(t->credential.status.partition, 96);
}

/* A card knows the reader already; another session, the same answers. */
static void a_known_reader_is_told_the_same(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	struct sj_gate_ead_3 before;
	uint32_t index;

	tap_first(t, &r->reader, &r->ca, NULL);
	before = t->ead_3;
	index = t->credential.status.index;
	tap_first(t, &r->reader, &r->ca, NULL);
	assert_memory_equal(&before, &t->ead_3, sizeof(before));
	assert_int_equal(t->credential.status.index, index);
}

/* The secret that only the card has, for the formulas of GATE.md. */
static struct sj_span secret_of(const struct bench *b)
{
	struct sj_span in, secret;

	assert_true(card_store_get(b->store, GATE_OBJECT_HOLDER, &in));
	assert_true(sj_take(&in, 5, &secret) && sj_take(&in, GATE_SECRET, &secret));
	return secret;
}

static void slot_and_pseudonym_come_of_secret_and_operator(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	const struct sj_span operator_id = SJ_SPAN_STR("\x0A\x0B\x0C\x0D");
	struct sj_hmac *h = sj_hmac_new(secret_of(t->b));
	uint8_t mac[SJ_PRK_SIZE], prk[SJ_PRK_SIZE], pseudonym[SJ_GATE_PSEUDONYM];

	tap_first(t, &r->reader, &r->ca, NULL);
	assert_true(sj_hmac(h, &operator_id, 1, mac));
	sj_hmac_free(h);
	assert_int_equal(t->credential.status.index, 1000 + 8 * SJ_SECTOR_TRANSPORT + mac[0] % 8);
	assert_true(sj_hkdf_extract(sj_span(NULL, 0), secret_of(t->b), prk));
	h = sj_hmac_new(SJ_SPAN_OF(prk));
	assert_true(sj_hkdf_expand(h, &operator_id, 1, pseudonym, sizeof(pseudonym)));
	sj_hmac_free(h);
	assert_memory_equal(t->ead_3.pseudonym, pseudonym, sizeof(pseudonym));
}

static void every_sector_sees_a_credential_of_its_own(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	for (uint8_t sector = 1; sector <= SJ_GATE_SECTORS; sector++) {
		r->reader.claims.reader.sector = sector;
		reader_sign(&r->reader, &r->ca.ca);
		tap_first(t, &r->reader, &r->ca, NULL);
		assert_int_equal((t->credential.status.index - 1000) / 8, sector);
	}
}

static void operators_have_pseudonyms_of_their_own(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	uint8_t former[SJ_GATE_PSEUDONYM] = { 0 };

	for (uint32_t i = 0; i < 10; i++) { /* more than the card remembers */
		r->reader.claims.reader.operator_id = RIG_OPERATOR + i;
		reader_sign(&r->reader, &r->ca.ca);
		tap_first(t, &r->reader, &r->ca, NULL);
		assert_memory_not_equal(former, t->ead_3.pseudonym, sizeof(former));
		memcpy(former, t->ead_3.pseudonym, sizeof(former));
	}
}

/* What no right covers is zero. */
static void rights_limit_what_is_told(void **state)
{
	static const struct {
		uint32_t rights;
		uint8_t class, ages;
		bool pseudonym;
	} cases[] = {
		{ 0, 0, 0, false },
		{ SJ_RIGHT_VALID, 0, 0, false },
		{ SJ_RIGHT_CLASS, SJ_CLASS_VISITOR, 0, false },
		{ SJ_RIGHT_PSEUDONYM, 0, 0, true },
		{ SJ_RIGHT_AGE_FIRST, 0, 0x01, false },
		{ SJ_RIGHT_AGE_FIRST << 3, 0, 0x08, false },
		{ SJ_RIGHT_AGE_FIRST << 6, 0, 0, false },
		{ ~(uint32_t)(SJ_RIGHT_CLASS | SJ_RIGHT_PSEUDONYM | SJ_RIGHT_AGE_FIRST * 0x7F), 0,
		  0, false },
	};
	static const uint8_t zeros[SJ_GATE_PSEUDONYM];
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r->reader.claims.reader.rights = cases[i].rights;
		reader_sign(&r->reader, &r->ca.ca);
		tap_first(t, &r->reader, &r->ca, NULL);
		assert_int_equal(t->ead_3.class, cases[i].class);
		assert_int_equal(t->ead_3.ages, cases[i].ages);
		assert_int_equal(memcmp(t->ead_3.pseudonym, zeros, sizeof(zeros)) != 0,
				 cases[i].pseudonym);
	}
}

static void ages_by_the_day(void **state)
{
	(void)state;
	assert_int_equal(gate_day(0), 19700101);
	assert_int_equal(gate_day(951782400), 20000229);
	assert_int_equal(gate_day(RIG_NOW), 20270115);
	assert_int_equal(gate_day(UINT32_MAX), 21060207);
	assert_int_equal(gate_ages(20120116, 20270115), 0x03);
	assert_int_equal(gate_ages(20110116, 20270115), 0x03);
	assert_int_equal(gate_ages(20110115, 20270115), 0x07);
	assert_int_equal(gate_ages(20080229, 20260228), 0x07);
	assert_int_equal(gate_ages(20080229, 20260301), 0x0F);
	assert_int_equal(gate_ages(19000101, 20270115), 0x7F);
	assert_int_equal(gate_ages(20280101, 20270115), 0);
}

/* An unknown day, month or year counts as the latest that it may be. */
static void ages_of_unknown_birthdays_are_certain(void **state)
{
	(void)state;
	assert_int_equal(gate_ages(0, 20270115), 0);
	assert_int_equal(gate_ages(20090000, 20270115), 0x07);
	assert_int_equal(gate_ages(20090000, 20271230), 0x07);
	assert_int_equal(gate_ages(20090000, 20271231), 0x0F);
	assert_int_equal(gate_ages(20090100, 20270130), 0x07);
	assert_int_equal(gate_ages(20090100, 20270201), 0x0F);
}

/* The channel around it changes nothing: secure messaging is the host's. */
static void a_tap_inside_pace(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	assert_int_equal(pace_run(t->b, SUITE_DEFAULT, SJ_PACE_CAN, CAN), SJ_SW_OK);
	assert_int_equal(tap_select(t, false, 0), SJ_EDHOC_DH_DH);
	tap_make_2(t, &r->reader);
	assert_true(tap_send_2(t, &r->reader));
	tap_check_3(t, &r->ca);
	assert_true(tap_finish(t, ticket_a));
	assert_true(t->b->secured);
	assert_true(tap_repeat(t, NULL));
}

/* --- tickets ------------------------------------------------------------------------- */

static void repeated_taps(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	tap_first(t, &r->reader, &r->ca, ticket_a);
	assert_true(tap_repeat(t, ticket_b));
	assert_true(tap_repeat(t, ticket_a));
	assert_true(tap_repeat(t, NULL));
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_DH_DH);
}

static void a_ticket_is_offered_once_whatever_comes_of_it(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	tap_first(t, &r->reader, &r->ca, ticket_a);
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_DH_DH);
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_DH_DH);
}

static void one_operator_a_power_up(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	tap_first(t, &r->reader, &r->ca, ticket_a);
	bench_power(t->b);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR + 1), SJ_EDHOC_DH_DH);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_DH_DH);
	assert_int_equal(bench_hex(t->b, SELECT_LDS), SJ_SW_OK);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_DH_DH);
	assert_true(tap_repeat(t, NULL)); /* it was not spent */
}

static void without_a_name_no_ticket_is_offered(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	tap_first(t, &r->reader, &r->ca, ticket_a);
	bench_power(t->b);
	assert_int_equal(tap_select(t, false, 0), SJ_EDHOC_DH_DH);
	assert_int_equal(tap_select(t, true, RIG_OPERATOR), SJ_EDHOC_PSK);
}

/* Transport always may leave a ticket, others by right. */
static void tickets_by_sector_and_right(void **state)
{
	static const struct {
		uint8_t sector;
		uint32_t rights;
		uint8_t method;
	} cases[] = {
		{ SJ_SECTOR_TRANSPORT, 0, SJ_EDHOC_PSK },
		{ SJ_SECTOR_HEALTH, ~(uint32_t)SJ_RIGHT_TICKET, SJ_EDHOC_DH_DH },
		{ SJ_SECTOR_HEALTH, SJ_RIGHT_TICKET, SJ_EDHOC_PSK },
	};
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r->reader.claims.reader.sector = cases[i].sector;
		r->reader.claims.reader.rights = cases[i].rights;
		reader_sign(&r->reader, &r->ca.ca);
		tap_first(t, &r->reader, &r->ca, ticket_a);
		bench_power(t->b);
		assert_int_equal(tap_select(t, true, RIG_OPERATOR), cases[i].method);
	}
}

/* Of five operators the one that came first is forgotten. */
static void four_operators_have_tickets(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;

	for (uint32_t i = 0; i < 5; i++) {
		r->reader.claims.reader.operator_id = RIG_OPERATOR + i;
		reader_sign(&r->reader, &r->ca.ca);
		tap_first(t, &r->reader, &r->ca, ticket_a);
	}
	for (uint32_t i = 0; i < 5; i++) {
		bench_power(t->b);
		assert_int_equal(tap_select(t, true, RIG_OPERATOR + i),
				 i == 0 ? SJ_EDHOC_DH_DH : SJ_EDHOC_PSK);
	}
}

/* A second ticket of one operator replaces the first, it takes no place of another's. */
static void an_operator_has_one_ticket(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	struct sj_span rows;
	size_t one;

	tap_first(t, &r->reader, &r->ca, ticket_a);
	assert_true(card_store_get(t->b->store, GATE_OBJECT_TICKETS, &rows));
	one = rows.len;
	tap_first(t, &r->reader, &r->ca, ticket_b);
	assert_true(card_store_get(t->b->store, GATE_OBJECT_TICKETS, &rows));
	assert_int_equal(rows.len, one);
	assert_true(tap_repeat(t, NULL));
}

/* --- ephemeral keys ------------------------------------------------------------------ */

static bool seen_before(const struct tap *t, uint8_t (*seen)[SJ_EDHOC_KEY], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(seen[i], t->x, SJ_EDHOC_KEY) == 0)
			return true;
	memcpy(seen[n], t->x, SJ_EDHOC_KEY);
	return false;
}

static void no_ephemeral_key_is_offered_twice(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	uint8_t seen[64][SJ_EDHOC_KEY];
	size_t n = 0;

	for (unsigned i = 0; i < 8; i++) {
		bench_power(t->b);
		tap_select(t, false, 0);
		assert_false(seen_before(t, seen, n++));
		tap_select(t, true, RIG_OPERATOR);
		assert_false(seen_before(t, seen, n++));
		tap_first(t, &r->reader, &r->ca, ticket_a);
		assert_false(seen_before(t, seen, n++));
		assert_true(tap_repeat(t, ticket_b));
		assert_false(seen_before(t, seen, n++));
	}
}

/* The key waits for the next tap; it is gone from the store when message_1 leaves. */
static void the_next_key_is_made_after_the_tap(void **state)
{
	struct gate_room *r = *state;
	struct tap *t = r->tap;
	struct sj_span waiting;

	assert_true(card_store_get(t->b->store, GATE_OBJECT_EPHEMERAL, &waiting));
	tap_select(t, false, 0);
	assert_false(card_store_get(t->b->store, GATE_OBJECT_EPHEMERAL, &waiting));
	tap_make_2(t, &r->reader);
	assert_true(tap_send_2(t, &r->reader));
	card_settle(t->b->card);
	assert_false(card_store_get(t->b->store, GATE_OBJECT_EPHEMERAL, &waiting));
	tap_check_3(t, &r->ca);
	assert_true(tap_finish(t, NULL));
	assert_false(card_store_get(t->b->store, GATE_OBJECT_EPHEMERAL, &waiting));
	card_settle(t->b->card);
	assert_true(card_store_get(t->b->store, GATE_OBJECT_EPHEMERAL, &waiting));
	assert_int_equal(waiting.len, 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		GATE_CASE(first_tap),
		GATE_CASE(a_known_reader_is_told_the_same),
		GATE_CASE(slot_and_pseudonym_come_of_secret_and_operator),
		GATE_CASE(every_sector_sees_a_credential_of_its_own),
		GATE_CASE(operators_have_pseudonyms_of_their_own),
		GATE_CASE(rights_limit_what_is_told),
		cmocka_unit_test(ages_by_the_day),
		cmocka_unit_test(ages_of_unknown_birthdays_are_certain),
		GATE_CASE(a_tap_inside_pace),
		GATE_CASE(repeated_taps),
		GATE_CASE(a_ticket_is_offered_once_whatever_comes_of_it),
		GATE_CASE(one_operator_a_power_up),
		GATE_CASE(without_a_name_no_ticket_is_offered),
		GATE_CASE(tickets_by_sector_and_right),
		GATE_CASE(four_operators_have_tickets),
		GATE_CASE(an_operator_has_one_ticket),
		GATE_CASE(no_ephemeral_key_is_offered_twice),
		GATE_CASE(the_next_key_is_made_after_the_tap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
