/* What the card believes, and what day it is: anchors, links between them, and the card's date. */
#include "applets/emrtd/state.h"
#include "tests/card/eac_rig.h"

struct fixture {
	struct eac_chain chain; /* authentication terminals */
	struct eac_card card;
	struct eac_terminal t;
	struct eac_holder next, third, other;
};

static void enter(struct eac_holder *h, const char *name, enum sj_cvc_role role)
{
	eac_enter(h, "P-256", name, SJ_CVC_AUTHENTICATION, role);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	eac_chain(&f->chain, "P-256", SJ_CVC_AUTHENTICATION);
	enter(&f->next, "UTCVCA00002", SJ_CVC_CVCA);
	enter(&f->third, "UTCVCA00003", SJ_CVC_CVCA);
	eac_sign(&f->next, &f->chain.cvca);
	eac_sign(&f->third, &f->next);
	eac_issue_eid(&f->card, &f->chain);
	eac_terminal(&f->t, &f->card, &f->chain);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bench_free(f->card.b);
	eac_chain_forget(&f->chain);
	eac_forget(&f->next);
	eac_forget(&f->third);
	eac_forget(&f->other);
	free(f);
	return 0;
}

static int64_t date(struct fixture *f)
{
	return card_date(f->card.b->card);
}

static void again(struct fixture *f)
{
	bench_power(f->card.b);
	assert_int_equal(eac_step(&f->t, EAC_PACE), SJ_SW_OK);
}

static void assert_names(struct fixture *f, const char *newest, const char *older)
{
	assert_true(sj_span_eq(f->t.cars[0], sj_span((const uint8_t *)newest, strlen(newest))));
	assert_true(sj_span_eq(f->t.cars[1], sj_span((const uint8_t *)older, strlen(older))));
}

/* --- links ---------------------------------------------------------------------------- */

static void test_a_link_brings_the_next_anchor(void **state)
{
	struct fixture *f = *state;

	again(f);
	assert_names(f, "UTCVCA00001", "");
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
	again(f);
	assert_names(f, "UTCVCA00002", "UTCVCA00001");
	/* Both certify. */
	assert_int_equal(eac_verify(&f->t, &f->chain.dv), SJ_SW_OK);
	enter(&f->other, "UTDV00002", SJ_CVC_DV_DOMESTIC);
	eac_sign(&f->other, &f->next);
	assert_int_equal(eac_verify(&f->t, &f->other), SJ_SW_OK);
}

static void test_of_two_the_older_makes_room(void **state)
{
	struct fixture *f = *state;

	again(f);
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, &f->third), SJ_SW_OK);
	again(f);
	assert_names(f, "UTCVCA00003", "UTCVCA00002");
	assert_int_equal(eac_verify(&f->t, &f->chain.dv), SJ_SW_REFERENCE_NOT_FOUND);
}

static void test_links_and_the_rest_in_one_session(void **state)
{
	struct fixture *f = *state;

	eac_sign(&f->chain.dv, &f->third);
	again(f);
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, &f->third), SJ_SW_OK);
	for (enum eac_step step = EAC_CHAIN; step <= EAC_CA; step++)
		assert_int_equal(eac_step(&f->t, step), SJ_SW_OK);
}

static void test_a_known_link_changes_nothing(void **state)
{
	struct fixture *f = *state;

	again(f);
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
	again(f);
	assert_names(f, "UTCVCA00002", "UTCVCA00001");
}

/* A known name brings no other key, not even for this session. */
static void test_a_known_name_keeps_its_key(void **state)
{
	struct fixture *f = *state;
	struct eac_holder *dv = &f->chain.dv;

	enter(&f->other, "UTCVCA00002", SJ_CVC_CVCA);
	eac_sign(&f->other, &f->chain.cvca);
	again(f);
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
	assert_int_equal(eac_verify(&f->t, &f->other), SJ_SW_OK);
	eac_sign(dv, &f->other);
	assert_int_equal(eac_verify(&f->t, dv), SJ_SW_NO_INFORMATION);
	eac_sign(dv, &f->next);
	assert_int_equal(eac_verify(&f->t, dv), SJ_SW_OK);
}

static void test_an_expired_anchor_certifies_links_only(void **state)
{
	struct fixture *f = *state;

	f->next.plan.from = f->chain.cvca.plan.until + EAC_DAY;
	f->next.plan.until = f->next.plan.from + 364 * EAC_DAY;
	eac_sign(&f->next, &f->chain.cvca);
	again(f);
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
	assert_int_equal(date(f), f->next.plan.from);
	assert_int_equal(eac_verify(&f->t, &f->chain.dv), SJ_SW_DATA_INVALIDATED);
	again(f);
	assert_names(f, "UTCVCA00002", "");
	enter(&f->other, "UTCVCA00002", SJ_CVC_CVCA);
	eac_sign(&f->other, &f->chain.cvca);
	assert_int_equal(eac_verify(&f->t, &f->other), SJ_SW_OK);
}

static void test_anchors_of_one_kind_are_not_for_others(void **state)
{
	struct fixture *f = *state;

	eac_enter(&f->other, "P-256", "UTCVCA00009", SJ_CVC_INSPECTION, SJ_CVC_CVCA);
	eac_sign(&f->other, &f->chain.cvca);
	again(f);
	assert_int_equal(eac_verify(&f->t, &f->other), SJ_SW_CONDITIONS);
	f->t.chat = sj_cvc_all_rights(SJ_CVC_INSPECTION, SJ_CVC_TERMINAL);
	f->t.kind = SJ_PACE_CAN;
	f->t.password = CAN;
	again(f);
	assert_int_equal(f->t.cars[0].len, 0);
	assert_int_equal(eac_dst(&f->t, f->chain.cvca.plan.holder), SJ_SW_REFERENCE_NOT_FOUND);
}

/* --- the date ------------------------------------------------------------------------- */

static void test_date_grows_with_cvca_and_dv(void **state)
{
	struct fixture *f = *state;

	f->next.plan.from = EAC_2026 + 20 * EAC_DAY;
	eac_sign(&f->next, &f->chain.cvca);
	f->chain.dv.plan.from = EAC_2026 + 30 * EAC_DAY;
	eac_sign(&f->chain.dv, &f->chain.cvca);
	again(f);
	assert_int_equal(date(f), EAC_2026);
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
	assert_int_equal(date(f), EAC_2026 + 20 * EAC_DAY);
	assert_int_equal(eac_verify(&f->t, &f->chain.dv), SJ_SW_OK);
	assert_int_equal(date(f), EAC_2026 + 30 * EAC_DAY);
	again(f);
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
	assert_int_equal(date(f), EAC_2026 + 30 * EAC_DAY); /* it never goes back */
}

static void terminal_under(struct fixture *f, enum sj_cvc_role role)
{
	struct eac_holder *dv = &f->chain.dv, *terminal = &f->chain.terminal;

	sj_cvc_set_role(&dv->plan.rights, role);
	eac_sign(dv, &f->chain.cvca);
	terminal->plan.from = EAC_2026 + 50 * EAC_DAY;
	eac_sign(terminal, dv);
	again(f);
	assert_int_equal(eac_verify_chain(&f->t), SJ_SW_OK);
}

static void test_date_grows_with_terminals_of_a_domestic_dv(void **state)
{
	struct fixture *f = *state;

	terminal_under(f, SJ_CVC_DV_DOMESTIC);
	assert_int_equal(date(f), EAC_2026 + 50 * EAC_DAY);
}

static void test_date_does_not_grow_with_foreign_terminals(void **state)
{
	struct fixture *f = *state;

	terminal_under(f, SJ_CVC_DV_FOREIGN);
	assert_int_equal(date(f), EAC_2026);
	for (enum eac_step step = EAC_SET; step <= EAC_CA; step++)
		assert_int_equal(eac_step(&f->t, step), SJ_SW_OK);
}

/* A certificate far ahead costs the card no more than 400 days, each time. */
static void test_date_grows_in_steps(void **state)
{
	struct fixture *f = *state;

	f->next.plan.from = EAC_2026 + 1000 * EAC_DAY;
	f->next.plan.until = EAC_2026 + 2000 * EAC_DAY;
	eac_sign(&f->next, &f->chain.cvca);
	for (int steps = 1; steps <= 3; steps++) {
		again(f);
		assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_OK);
		assert_int_equal(date(f), EAC_2026 + (steps < 3 ? 400 * steps : 1000) * EAC_DAY);
	}
}

static void test_nothing_grows_without_a_signature(void **state)
{
	struct fixture *f = *state;

	f->next.plan.from = EAC_2026 + 20 * EAC_DAY;
	eac_sign(&f->next, &f->chain.cvca);
	f->next.bytes[f->next.len - 1] ^= 1;
	again(f);
	assert_int_equal(eac_verify(&f->t, &f->next), SJ_SW_NO_INFORMATION);
	again(f);
	assert_names(f, "UTCVCA00001", "");
	assert_int_equal(date(f), EAC_2026);
}

/* --- personalisation ---------------------------------------------------------------------- */

static void test_anchors_are_cvca_certificates_two_a_kind(void **state)
{
	struct fixture *f = *state;
	struct bench *b = bench_new();

	bench_install(b);
	assert_int_equal(bench_dgi(b, 0x0017, eac_made(&f->chain.dv)), SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi(b, 0x0017, eac_made(&f->chain.terminal)), SJ_SW_WRONG_DATA);
	f->chain.cvca.bytes[f->chain.cvca.len - 1] ^= 1; /* it has signed itself */
	assert_int_equal(bench_dgi(b, 0x0017, eac_made(&f->chain.cvca)), SJ_SW_WRONG_DATA);
	f->chain.cvca.bytes[f->chain.cvca.len - 1] ^= 1;
	for (size_t n = 0; n < f->chain.cvca.len; n++)
		assert_int_equal(bench_dgi(b, 0x0017, sj_span(f->chain.cvca.bytes, n)),
				 SJ_SW_WRONG_DATA);
	assert_int_equal(bench_dgi(b, 0x0017, eac_made(&f->chain.cvca)), SJ_SW_OK);
	assert_int_equal(bench_dgi(b, 0x0017, eac_made(&f->next)), SJ_SW_OK);
	assert_int_equal(bench_dgi(b, 0x0017, eac_made(&f->third)), SJ_SW_NO_SPACE);
	bench_free(b);
}

static void test_kind_and_keys_are_checked(void **state)
{
	static const struct {
		uint16_t dgi;
		const char *value;
	} wrong[] = {
		{ 0x0018, "00695502C0" },
		{ 0x0018, "03695502C0" },
		{ 0x0018, "0200000000" },
		{ 0x0018, "026955" },
		{ 0x0018, "02695502C000" },
		{ 0x0016, "080D022A" },
		{ 0x0016, "0003022A" },
		{ 0x0016, "000D002A" },
		{ 0x0016, "000D102A" },
		{ 0x0016, "000D0280" },
		{ 0x0016, "000D02" },
		{ 0x0016, "000D022A00" },
		{ 0x0002, "3F001D0800000000" },
		{ 0x0002, "0101011C00000000" }, /* EF.CVCA is the card's own */
	};
	struct bench *b = bench_new();

	(void)state;
	bench_install(b);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(bench_dgi_hex(b, wrong[i].dgi, wrong[i].value), SJ_SW_WRONG_DATA);
	bench_free(b);
}

/* The card forgets what another person's began with. */
static void test_a_fresh_start_forgets_the_kind_too(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0018, "02695502C0"), SJ_SW_OK);
	assert_true(card_is_eid(b->card));
	assert_int_equal(bench_dgi_hex(b, 0x0000, ""), SJ_SW_OK);
	assert_false(card_is_eid(b->card));
	assert_int_equal(card_date(b->card), 0);
	bench_free(b);
}

/* The lock of a card that has everything but what `drop` takes away. */
static uint16_t lock_without(struct fixture *f, uint32_t object)
{
	const struct eac_plan plan = { .flags = CARD_EAC_EID,
				       .date = EAC_2026,
				       .anchors = { eac_made(&f->chain.cvca) },
				       .keys = true,
				       .unlocked = true };
	struct eac_card card;
	uint16_t sw;

	eac_issue(&card, &plan);
	if (object != 0) {
		assert_true(card_store_delete(card.b->store, object));
		assert_int_equal(card_store_commit(card.b->store), CARD_STORE_OK);
	}
	bench_manage(card.b);
	sw = bench_do(card.b, LOCK);
	bench_free(card.b);
	return sw;
}

static void test_an_eid_card_locks_when_it_is_whole(void **state)
{
	struct fixture *f = *state;
	const uint32_t kind = 2 * SJ_CVC_AUTHENTICATION;

	assert_int_equal(lock_without(f, 0), SJ_SW_OK);
	assert_int_equal(lock_without(f, EMRTD_OBJECT_ANCHOR + kind), SJ_SW_CONDITIONS);
	for (uint32_t sector = 0; sector < EMRTD_SECTORS; sector++) {
		assert_int_equal(lock_without(f, EMRTD_OBJECT_CA2 + 0x80 * sector + 0x2A),
				 SJ_SW_CONDITIONS);
		assert_int_equal(lock_without(f, EMRTD_OBJECT_FILES_MF + 0x1D00 + sector),
				 SJ_SW_CONDITIONS);
	}
}

static uint16_t lock_with(const char *access, unsigned flags, struct sj_span anchor)
{
	const struct eac_plan plan = { .flags = flags,
				       .date = EAC_2026,
				       .access = access,
				       .anchors = { anchor },
				       .keys = flags == CARD_EAC_EID,
				       .unlocked = true };
	struct eac_card card;
	uint16_t sw;

	eac_issue(&card, &plan);
	bench_manage(card.b);
	sw = bench_do(card.b, LOCK);
	bench_free(card.b);
	return sw;
}

static void test_an_eid_card_has_can_pin_and_puk_and_no_bac(void **state)
{
	struct fixture *f = *state;
	const struct sj_span anchor = eac_made(&f->chain.cvca);

	assert_int_equal(lock_with(EAC_ACCESS, CARD_EAC_EID, anchor), SJ_SW_OK);
	assert_int_equal(
		lock_with("800102" ACCESS_MRZ ACCESS_CAN "830300010D", CARD_EAC_EID, anchor),
		SJ_SW_CONDITIONS);
	assert_int_equal(lock_with(ACCESS_BOTH, CARD_EAC_EID, anchor), SJ_SW_CONDITIONS);
	assert_int_equal(lock_with("800103" ACCESS_MRZ ACCESS_CAN
				   "8406323731383238850A33313431353932363533830300010D",
				   CARD_EAC_EID, anchor),
			 SJ_SW_CONDITIONS);
}

static void test_terminal_authentication_1_needs_an_inspection_anchor(void **state)
{
	struct fixture *f = *state;

	eac_enter(&f->other, "P-256", "UTCVCAIS001", SJ_CVC_INSPECTION, SJ_CVC_CVCA);
	eac_sign(&f->other, &f->other);
	assert_int_equal(lock_with(ACCESS_BOTH, CARD_EAC_TA1, eac_made(&f->other)), SJ_SW_OK);
	assert_int_equal(lock_with(ACCESS_BOTH, CARD_EAC_TA1, eac_made(&f->chain.cvca)),
			 SJ_SW_CONDITIONS);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_link_brings_the_next_anchor),
		CASE(test_of_two_the_older_makes_room),
		CASE(test_links_and_the_rest_in_one_session),
		CASE(test_a_known_link_changes_nothing),
		CASE(test_a_known_name_keeps_its_key),
		CASE(test_an_expired_anchor_certifies_links_only),
		CASE(test_anchors_of_one_kind_are_not_for_others),
		CASE(test_date_grows_with_cvca_and_dv),
		CASE(test_date_grows_with_terminals_of_a_domestic_dv),
		CASE(test_date_does_not_grow_with_foreign_terminals),
		CASE(test_date_grows_in_steps),
		CASE(test_nothing_grows_without_a_signature),
		CASE(test_anchors_are_cvca_certificates_two_a_kind),
		CASE(test_kind_and_keys_are_checked),
		CASE(test_a_fresh_start_forgets_the_kind_too),
		CASE(test_an_eid_card_locks_when_it_is_whole),
		CASE(test_an_eid_card_has_can_pin_and_puk_and_no_bac),
		CASE(test_terminal_authentication_1_needs_an_inspection_anchor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
