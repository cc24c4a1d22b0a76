/* What a service is told by an eID card, and which verdict it gets: every row of SERVICE.md. */
#include "tests/hostile/eid.h"

/* --- genuine ------------------------------------------------------------------------ */

static void a_genuine_card_tells_a_hotel_what_it_may_know(void **state)
{
	struct eid_rig *r = eid_asked(eid_plan(), SJ_VERDICT_GENUINE, SJ_OK);
	const struct sj_answer_info info = eid_info(r);

	(void)state;
	assert_string_equal(eid_said(r, "surname"), "Eriksson");
	assert_string_equal(eid_said(r, "given-names"), "Anna Maria");
	assert_string_equal(eid_said(r, "birth-date"), "1974-08-12");
	assert_string_equal(eid_said(r, "expiry"), "2031-09-20");
	assert_string_equal(eid_said(r, "document-number"), "L898902C3");
	assert_string_equal(eid_said(r, "home-passport-number"), "P1234567");
	assert_string_equal(eid_said(r, "entry-record"), "2026-09-01 entry Port of Zenith");
	assert_string_equal(eid_said(r, "address"), "");
	assert_true(has_portrait(r));
	assert_true(info.eid);
	assert_int_equal(info.enforced_by, SJ_LIMIT_CARD);
	assert_int_equal(info.granted, EID_HOTEL);
	assert_int_equal(info.absent, 0);
	assert_int_equal(info.status_epoch, EID_EPOCH);
	eid_free(r);
}

static void every_check_of_a_genuine_card_passed(void **state)
{
	struct eid_rig *r = eid_asked(eid_plan(), SJ_VERDICT_GENUINE, SJ_OK);

	(void)state;
	for (int i = 0; i < SJ_ANSWER_CHECKS; i++) {
		const struct sj_check check = eid_check(r, (enum sj_answer_check)i);

		assert_int_equal(check.state, SJ_CHECK_PASSED);
		assert_int_not_equal(check.detail[0], 0);
		assert_string_not_equal(sj_answer_check_name((enum sj_answer_check)i), "unknown");
		assert_true(sj_answer_get_check(r->answer, (enum sj_answer_check)i,
						&(struct sj_check){ .size = sizeof(check) }));
	}
	eid_free(r);
}

static void the_chip_leaves_a_proof_that_the_terminal_could_have_made(void **state)
{
	struct eid_rig *r = eid_asked(eid_plan(), SJ_VERDICT_GENUINE, SJ_OK);
	struct sj_proof proof = { .size = sizeof(proof) };

	(void)state;
	assert_true(sj_answer_proof(r->answer, &proof));
	assert_int_equal(proof.kind, SJ_PROOF_AGREED);
	assert_int_equal(proof.challenge_len, 65);
	assert_int_equal(proof.answer_len, SJ_CA2_NONCE + SJ_MAC_SIZE);
	assert_int_equal(proof.key_len, r->ca_spki_len[EID_SECTOR]);
	assert_memory_equal(proof.key, r->ca_spki[EID_SECTOR], proof.key_len);
	assert_true(proof.statement_len > proof.key_len);
	eid_free(r);
}

static struct sj_statistics statistics_of(const struct eid_rig *r)
{
	struct sj_statistics statistics = { .size = sizeof(statistics) };

	assert_true(sj_answer_statistics(r->answer, &statistics));
	return statistics;
}

static void hotel_check_in_takes_21_apdus(void **state)
{
	struct eid_rig *r = eid_asked(eid_plan(), SJ_VERDICT_GENUINE, SJ_OK);

	(void)state;
	assert_int_equal(statistics_of(r).apdus, 21);
	assert_true(statistics_of(r).extended_length);
	eid_free(r);
}

static void short_apdus_tell_the_same(void **state)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	struct eid_rig *r = eid_asked(eid_plan(), SJ_VERDICT_GENUINE, SJ_OK);
	const size_t data = eid_count(r);

	(void)state;
	options.now = NOW;
	options.short_only = true;
	assert_int_equal(eid_ask(r, &options), SJ_OK);
	assert_int_equal(sj_answer_verdict(r->answer), SJ_VERDICT_GENUINE);
	assert_false(statistics_of(r).extended_length);
	assert_int_equal(eid_count(r), data);
	assert_true(has_portrait(r));
	eid_free(r);
}

/* --- lists of groups, at the card itself ---------------------------------------------- */

static struct bench *inside(struct eid_rig *r, struct eac_card *card, struct eac_terminal *t)
{
	const struct sj_span spki = sj_span(r->ca_spki[EID_SECTOR], r->ca_spki_len[EID_SECTOR]);
	enum sj_curve curve;

	card->b = r->d->bench;
	assert_true(sj_ec_spki_read(spki, &curve, &card->keys[EID_SECTOR]));
	bench_power(card->b);
	eac_terminal(t, card, &r->chain);
	t->kind = SJ_PACE_CAN;
	t->password = CAN;
	t->sector = EID_SECTOR;
	assert_int_equal(eac_until(t, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(card->b, SELECT_EID), SJ_SW_OK);
	return card->b;
}

static void a_list_gives_what_is_there_and_nothing_beyond_the_rights(void **state)
{
	static const struct {
		const char *list;
		uint16_t sw;
		size_t len;
	} cases[] = {
		{ "00CB3FFF035C016300", SJ_SW_OK, 12 },
		{ "00CB3FFF045C02636A00", SJ_SW_OK, 19 }, /* expiry, nationality */
		{ "00CB3FFF045C02637B00", SJ_SW_OK, 12 }, /* entry records: left out */
		{ "00CB3FFF035C017B00", SJ_SW_REFERENCE_NOT_FOUND, 0 },
		{ "00CB3FFF045C02637100", SJ_SW_SECURITY_STATUS, 0 }, /* the address */
		{ "00CB3FFF035C017100", SJ_SW_SECURITY_STATUS, 0 },
		{ "00CB3FFF035C016005", SJ_SW_NOT_FOUND, 0 },
		{ "00CB3FFF035C017F00", SJ_SW_NOT_FOUND, 0 },
		{ "00CB3FFF035C01630B", SJ_SW_WRONG_LENGTH, 0 },
		{ "00CB3FFF035C027A00", SJ_SW_WRONG_DATA, 0 },
		{ "00CB3FFF045C01630000", SJ_SW_WRONG_DATA, 0 },
		{ "00CB3FFF0300630000", SJ_SW_WRONG_DATA, 0 },
	};
	struct eid_plan plan = eid_plan();
	struct eac_card card;
	struct eac_terminal t;
	struct eid_rig *r;
	struct bench *b;

	(void)state;
	plan.without = 1u << SJ_EID_ENTRY_RECORDS;
	r = eid_new(&plan);
	b = inside(r, &card, &t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(bench_do(b, cases[i].list), cases[i].sw);
		assert_int_equal(b->data.len, cases[i].len);
	}
	eid_free(r);
}

/* --- narrowing ------------------------------------------------------------------------- */

static void only_narrows_and_valid_stays(void **state)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	options.now = NOW;
	options.only = SJ_RIGHT_NAME | SJ_RIGHT_ADDRESS;
	assert_int_equal(eid_ask(r, &options), SJ_OK);
	assert_int_equal(sj_answer_verdict(r->answer), SJ_VERDICT_GENUINE);
	assert_int_equal(eid_info(r).asked, SJ_RIGHT_NAME | SJ_RIGHT_VALID);
	assert_int_equal(eid_count(r), 2);
	assert_false(has_portrait(r));
	eid_free(r);
}

static void a_row_that_wants_more_than_the_certificate_gets_what_that_has(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.rights = SJ_RIGHT_VALID | SJ_RIGHT_NATIONALITY;
	r = eid_new(&plan);
	r->service.rights = EID_HOTEL;
	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(eid_info(r).granted, plan.rights);
	assert_string_equal(eid_said(r, "nationality"), "UTO");
	assert_int_equal(eid_count(r), 1);
	eid_free(r);
}

static void what_a_card_has_not_is_absent(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.without = 1u << SJ_EID_ENTRY_RECORDS;
	r = eid_asked(plan, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(eid_info(r).absent, SJ_RIGHT_ENTRY_RECORDS);
	assert_string_equal(eid_said(r, "entry-record"), "");
	eid_free(r);
}

/* Who has one name only was told all the same: evidence says so. */
static void a_name_of_one_part_is_not_absent(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.without = 1u << SJ_EID_GIVEN_NAMES;
	r = eid_asked(plan, SJ_VERDICT_GENUINE, SJ_OK);
	assert_string_equal(eid_said(r, "surname"), "Eriksson");
	assert_int_equal(eid_info(r).absent, 0);
	eid_free(r);
}

/* --- age, and who the holder is here --------------------------------------------------- */

static void a_pharmacy_learns_an_age_and_no_birth_date(void **state)
{
	static const struct {
		const char *birth, *said;
	} cases[] = { { "20080921", "yes" }, { "20080922", "no" } }; /* NOW: 2026-09-21 */
	struct eid_plan plan = eid_plan();

	(void)state;
	plan.rights = SJ_RIGHT_VALID | SJ_RIGHT_AGE_FIRST << 3; /* 18 */
	for (size_t i = 0; i < 2; i++) {
		struct eid_rig *r;

		plan.birth = cases[i].birth;
		r = eid_asked(plan, SJ_VERDICT_GENUINE, SJ_OK);
		assert_string_equal(eid_said(r, "age-over-18"), cases[i].said);
		assert_int_equal(eid_count(r), 1);
		eid_free(r);
	}
}

static void a_no_to_the_greatest_age_says_nothing_about_others(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.rights = SJ_RIGHT_VALID | SJ_RIGHT_AGE_FIRST << 3 | SJ_RIGHT_AGE_FIRST << 6;
	r = eid_asked(plan, SJ_VERDICT_GENUINE, SJ_OK);
	assert_string_equal(eid_said(r, "age-over-65"), "no");
	assert_string_equal(eid_said(r, "age-over-18"), "");
	assert_int_equal(eid_info(r).absent, SJ_RIGHT_AGE_FIRST << 3);
	eid_free(r);
}

static void a_pseudonym_is_the_one_that_the_authority_computes(void **state)
{
	struct eid_plan plan = eid_plan();
	uint8_t identifier[SJ_RI_IDENTIFIER];
	char expected[2 * SJ_RI_IDENTIFIER + 1];
	struct eid_rig *r;

	(void)state;
	plan.rights = SJ_RIGHT_VALID | SJ_RIGHT_PSEUDONYM;
	r = eid_asked(plan, SJ_VERDICT_GENUINE, SJ_OK);
	assert_true(sj_ri_identifier(SJ_BP256R1, &r->sector_secret, &r->ri_key, identifier));
	assert_true(sj_hex_text(SJ_SPAN_OF(identifier), SJ_HEX_LOWER, expected, sizeof(expected)));
	assert_string_equal(eid_said(r, "pseudonym"), expected);
	eid_free(r);
}

static void no_pseudonym_without_the_sectors_key(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.rights = SJ_RIGHT_VALID | SJ_RIGHT_PSEUDONYM;
	plan.no_sector_key = true;
	r = eid_asked(plan, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(eid_info(r).granted, SJ_RIGHT_VALID);
	assert_int_equal(eid_count(r), 0);
	eid_free(r);
}

/* --- expired, revoked, stale --------------------------------------------------------------- */

static void an_expired_card_is_expired_and_tells(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.expiry = "20260920";
	r = eid_asked(plan, SJ_VERDICT_EXPIRED, SJ_DOCUMENT_EXPIRED);
	assert_string_equal(eid_said(r, "expiry"), "2026-09-20");
	eid_free(r);
}

static void a_revoked_card_tells_nothing(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.index = EID_REVOKED;
	plan.expiry = "20260920"; /* revoked goes before expired */
	r = eid_asked(plan, SJ_VERDICT_EXPIRED, SJ_DOCUMENT_REVOKED);
	assert_nothing_told(r);
	eid_free(r);
}

static void a_list_older_than_the_row_allows_is_stale(void **state)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	options.now = NOW + EID_EPOCH * DAY + 61; /* the list's begin, and a minute */
	r->service.stale = 60;
	assert_int_equal(eid_ask(r, &options), SJ_OK);
	assert_int_equal(sj_answer_verdict(r->answer), SJ_VERDICT_UNDECIDED);
	assert_int_equal(sj_answer_reason(r->answer), SJ_STATUS_STALE);
	r->service.stale = 61;
	assert_int_equal(eid_ask(r, &options), SJ_OK);
	assert_int_equal(sj_answer_verdict(r->answer), SJ_VERDICT_GENUINE);
	assert_string_equal(eid_said(r, "surname"), "Eriksson");
	eid_free(r);
}

static void the_row_may_take_a_list_past_its_next_update(void **state)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	r->service.stale = 30 * 86400;
	options.now = NOW + 20 * DAY;
	assert_int_equal(eid_ask(r, &options), SJ_OK);
	assert_int_equal(sj_answer_verdict(r->answer), SJ_VERDICT_GENUINE);
	eid_free(r);
}

static void a_card_that_no_list_clears_is_undecided(void **state)
{
	struct eid_plan plan = eid_plan();

	(void)state;
	plan.no_list = true;
	eid_free(eid_asked(plan, SJ_VERDICT_UNDECIDED, SJ_STATUS_MISSING));
	plan = eid_plan();
	plan.without = 1u << SJ_EID_STATUS;
	eid_free(eid_asked(plan, SJ_VERDICT_UNDECIDED, SJ_STATUS_NOT_COVERED));
	plan = eid_plan();
	plan.index = RIG_SIZE;
	eid_free(eid_asked(plan, SJ_VERDICT_UNDECIDED, SJ_STATUS_NOT_COVERED));
}

static void a_terminal_that_may_not_ask_for_validity_cannot_decide(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.rights = SJ_RIGHT_NATIONALITY;
	r = eid_asked(plan, SJ_VERDICT_UNDECIDED, SJ_RIGHT_REFUSED);
	assert_int_equal(eid_info(r).granted, SJ_RIGHT_NATIONALITY);
	eid_free(r);
}

/* --- not genuine, unknown -------------------------------------------------------------------- */

static void a_card_with_the_signed_key_of_another_is_a_forgery(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.other_security = true;
	r = eid_asked(plan, SJ_VERDICT_NOT_GENUINE, SJ_CA_FAILED);
	assert_nothing_told(r);
	eid_free(r);
}

static void an_unknown_issuer_is_not_believed_and_not_read(void **state)
{
	struct eid_plan plan = eid_plan();
	struct eid_rig *r;

	(void)state;
	plan.no_trust = plan.no_list = true;
	r = eid_asked(plan, SJ_VERDICT_UNDECIDED, SJ_ISSUER_UNKNOWN);
	assert_nothing_told(r);
	assert_int_equal(eid_check(r, SJ_ANSWER_CHIP).state, SJ_CHECK_NOT_DONE);
	eid_free(r);
}

/* A byte of EF.CardSecurity in the card's own memory. */
static void alter_security(struct eid_rig *r)
{
	const uint32_t object = CARD_OBJECT_EMRTD + 0x10000u + 0x1D00u + EID_SECTOR;
	struct card_store *store = r->d->bench->store;
	static uint8_t bytes[SJ_SOD_MAX];
	struct sj_span stored;

	assert_true(card_store_get(store, object, &stored));
	memcpy(bytes, stored.ptr, stored.len);
	bytes[stored.len - 1] ^= 1; /* of the signature */
	assert_true(card_store_set(store, object, sj_span(bytes, stored.len)));
	assert_int_equal(card_store_commit(store), CARD_STORE_OK);
}

static void a_wrong_signature_of_the_security_file(void **state)
{
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	alter_security(r);
	eid_assert(r, SJ_VERDICT_NOT_GENUINE, SJ_CARD_SECURITY);
	assert_nothing_told(r);
	eid_free(r);
}

/* An offer of PACE that nobody signed, in EF.CardAccess. */
static void an_offer_that_is_not_signed_is_a_forgery(void **state)
{
	const struct sj_pace_suite weak = { SJ_PACE_GM, SJ_CIPHER_3DES, SJ_BP256R1, 0 };
	const struct sj_pace_info info = { sj_pace_oid(&weak), 2, { true, SJ_BP256R1 } };
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);
	struct card_store *store = r->d->bench->store;
	uint8_t items[256], file[280];
	struct sj_writer i = SJ_WRITER_OF(items), w = SJ_WRITER_OF(file);

	(void)state;
	eid_put_access(&i, plan.curve);
	sj_secinfo_put_pace(&i, &info);
	sj_secinfos_put(&w, sj_written(&i));
	assert_true(card_store_set(store, CARD_OBJECT_EMRTD + 0x1011Cu, sj_written(&w)));
	assert_int_equal(card_store_commit(store), CARD_STORE_OK);
	eid_assert(r, SJ_VERDICT_NOT_GENUINE, SJ_ACCESS_FILE_MISMATCH);
	assert_nothing_told(r);
	eid_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_genuine_card_tells_a_hotel_what_it_may_know),
		cmocka_unit_test(every_check_of_a_genuine_card_passed),
		cmocka_unit_test(the_chip_leaves_a_proof_that_the_terminal_could_have_made),
		cmocka_unit_test(hotel_check_in_takes_21_apdus),
		cmocka_unit_test(short_apdus_tell_the_same),
		cmocka_unit_test(a_list_gives_what_is_there_and_nothing_beyond_the_rights),
		cmocka_unit_test(only_narrows_and_valid_stays),
		cmocka_unit_test(a_row_that_wants_more_than_the_certificate_gets_what_that_has),
		cmocka_unit_test(what_a_card_has_not_is_absent),
		cmocka_unit_test(a_name_of_one_part_is_not_absent),
		cmocka_unit_test(a_pharmacy_learns_an_age_and_no_birth_date),
		cmocka_unit_test(a_no_to_the_greatest_age_says_nothing_about_others),
		cmocka_unit_test(a_pseudonym_is_the_one_that_the_authority_computes),
		cmocka_unit_test(no_pseudonym_without_the_sectors_key),
		cmocka_unit_test(an_expired_card_is_expired_and_tells),
		cmocka_unit_test(a_revoked_card_tells_nothing),
		cmocka_unit_test(a_list_older_than_the_row_allows_is_stale),
		cmocka_unit_test(the_row_may_take_a_list_past_its_next_update),
		cmocka_unit_test(a_card_that_no_list_clears_is_undecided),
		cmocka_unit_test(a_terminal_that_may_not_ask_for_validity_cannot_decide),
		cmocka_unit_test(a_card_with_the_signed_key_of_another_is_a_forgery),
		cmocka_unit_test(an_unknown_issuer_is_not_believed_and_not_read),
		cmocka_unit_test(a_wrong_signature_of_the_security_file),
		cmocka_unit_test(an_offer_that_is_not_signed_is_a_forgery),
	};

	return cmocka_run_group_tests_name("eid", tests, NULL, NULL);
}
