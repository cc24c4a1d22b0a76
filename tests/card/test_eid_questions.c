/* The eID application: what is told by yes and no, and pseudonyms. */
#include "applets/eid/state.h"
#include "secure/ri.h"
#include "tests/card/eid_rig.h"
#include "wire/std/tr03110.h"

/*
 * --- age, validity, community ------------------------------------------------------------------
 */

/* One question in a terminal's visit of its own. */
static uint16_t ask(struct eid_room *f, const struct eid_plan *plan, uint8_t arc, const char *data)
{
	eid_aux_put(&f->aux_w, arc, data);
	return eid_ask(eid_come(f, plan), arc);
}

/* The holder was born on 12 August 1974; the card's date is 1 January 2026. */
static void test_age(void **state)
{
	const struct eid_plan plan = { .bits = EID_BIT(SJ_AT_AGE),
				       .extension = EID_AGE(3) | EID_AGE(5) };
	struct eid_room *f = *state;

	assert_int_equal(ask(f, &plan, 1, "20080101"), SJ_SW_OK); /* over 18 */
	assert_int_equal(ask(f, &plan, 1, "19660101"), SJ_SW_NO_INFORMATION); /* over 60 */
}

/* A terminal knows the day, its certificate the days: with others it would find out the birthday. */
static void test_an_age_is_asked_while_the_certificate_holds(void **state)
{
	const struct eid_plan plan = { .bits = EID_BIT(SJ_AT_AGE), .extension = EID_AGE(3) };
	struct eid_room *f = *state;

	f->at.terminal.plan.from = EAC_2026 + 10 * EAC_DAY;
	f->at.terminal.plan.until = EAC_2026 + 16 * EAC_DAY;
	assert_int_equal(ask(f, &plan, 1, "20080109"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(ask(f, &plan, 1, "20080110"), SJ_SW_OK); /* a day before: time zones */
	assert_int_equal(ask(f, &plan, 1, "20080118"), SJ_SW_OK); /* a day after */
	assert_int_equal(ask(f, &plan, 1, "20080119"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(ask(f, &plan, 2, "20260109"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(ask(f, &plan, 2, "20260119"), SJ_SW_SECURITY_STATUS);
}

/* However long that is. */
static void test_an_age_is_asked_about_today(void **state)
{
	const struct eid_plan plan = { .bits = EID_BIT(SJ_AT_AGE), .extension = EID_AGE(3) };
	struct eid_room *f = *state;

	f->at.terminal.plan.from = EAC_2026 - 100 * EAC_DAY;
	f->at.terminal.plan.until = EAC_2026 + 500 * EAC_DAY;
	assert_int_equal(ask(f, &plan, 1, "20071201"), SJ_SW_OK); /* 31 days before */
	assert_int_equal(ask(f, &plan, 1, "20071130"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(ask(f, &plan, 1, "20090205"), SJ_SW_OK); /* 400 days after */
	assert_int_equal(ask(f, &plan, 1, "20090206"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(ask(f, &plan, 1, "19740812"), SJ_SW_SECURITY_STATUS);
	/* 18 years after 29 February 2008 there is none: 1 March */
	assert_int_equal(ask(f, &plan, 1, "20080229"), SJ_SW_OK);
	assert_int_equal(ask(f, &plan, 1, "20080230"), SJ_SW_SECURITY_STATUS);
}

static void test_only_ages_of_the_certificate(void **state)
{
	struct eid_plan plan = { .bits = EID_BIT(SJ_AT_AGE), .extension = EID_AGE(4) };
	struct eid_room *f = *state;

	assert_int_equal(ask(f, &plan, 1, "20080101"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(ask(f, &plan, 1, "20050101"), SJ_SW_OK); /* over 21 */
	plan.extension = EID_ALL_EXTENSIONS & ~(uint64_t)EID_AGE(4);
	assert_int_equal(ask(f, &plan, 1, "20050101"), SJ_SW_SECURITY_STATUS);
	plan = (struct eid_plan){ .extension = EID_AGE(4) }; /* without the bit */
	assert_int_equal(ask(f, &plan, 1, "20050101"), SJ_SW_SECURITY_STATUS);
}

/* Programs of others send no 65: bit 0 of the CHAT is the holder's consent. */
static void test_an_age_needs_no_extension_in_pace(void **state)
{
	const struct eid_plan plan = { .bits = EID_BIT(SJ_AT_AGE), .extension = EID_AGE(3) };
	struct eid_room *f = *state;
	struct bench *b = f->card.b;

	eid_certify(&f->at, &plan);
	eid_aux_put(&f->aux_w, 1, "20080101");
	sj_tlv_close(&f->aux_w, SJ_TAG_CVC_AUTHENTICATION, 0);
	bench_power(b);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.aux = sj_written(&f->aux_w);
	memset(f->t.chat.extra, 0, sizeof(f->t.chat.extra));
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
	assert_int_equal(eid_ask(b, 1), SJ_SW_OK);
}

static void test_validity(void **state)
{
	const struct eid_plan plan = { .bits = EID_BIT(SJ_AT_READ_DG(1)) };
	struct eid_room *f = *state;

	f->at.terminal.plan.from = EAC_2026 - 100 * EAC_DAY;
	assert_int_equal(ask(f, &plan, 2, "20260101"), SJ_SW_OK);
	assert_int_equal(ask(f, &plan, 2, "20251201"), SJ_SW_OK);
	assert_int_equal(ask(f, &plan, 2, "20251130"), SJ_SW_SECURITY_STATUS);
	/* nobody finds out the day that it expires */
	assert_int_equal(ask(f, &plan, 2, "20301231"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(ask(f, &plan, 2, "2026010"), SJ_SW_WRONG_DATA);
	assert_int_equal(ask(f, &plan, 2, "20261301"), SJ_SW_WRONG_DATA);
	assert_int_equal(ask(f, &plan, 2, "2026010X"), SJ_SW_WRONG_DATA);
}

static void test_community(void **state)
{
	struct eid_plan plan = { .bits = EID_BIT(SJ_AT_MUNICIPALITY) };
	struct eid_room *f = *state;

	assert_int_equal(ask(f, &plan, 3, "\x02\x76"), SJ_SW_OK);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76\x05\x03\x15"), SJ_SW_OK);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76\x06"), SJ_SW_NO_INFORMATION);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76\x05\x03\x15\x01\x01\x01"),
			 SJ_SW_NO_INFORMATION);
	assert_int_equal(ask(f, &plan, 3, ""), SJ_SW_WRONG_DATA);
	plan.bits = EID_ALL_BITS & ~EID_BIT(SJ_AT_MUNICIPALITY);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76"), SJ_SW_SECURITY_STATUS);
}

static void test_a_community_that_was_written_counts(void **state)
{
	const struct eid_plan all = eid_everything();
	const struct eid_plan plan = { .bits = EID_BIT(SJ_AT_MUNICIPALITY) };
	struct eid_room *f = *state;

	assert_int_equal(bench_do(eid_come(f, &all), "00D692040703"
						     "112233445566"),
			 SJ_SW_OK);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76"), SJ_SW_NO_INFORMATION);
	assert_int_equal(ask(f, &plan, 3, "\x03\x11"), SJ_SW_OK);
}

static void test_what_was_not_committed_to_is_not_answered(void **state)
{
	const struct eid_plan all = eid_everything();
	struct eid_room *f = *state;
	struct bench *b = eid_come(f, &all);

	assert_int_equal(eid_ask(b, 2), SJ_SW_REFERENCE_NOT_FOUND);
	eid_aux_put(&f->aux_w, 1, "20080101");
	b = eid_come(f, &all);
	assert_int_equal(eid_ask(b, 1), SJ_SW_OK);
	assert_int_equal(eid_ask(b, 2), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(eid_ask(b, 4), SJ_SW_REFERENCE_NOT_FOUND);
	assert_int_equal(bench_do(b, "8020800002"
				     "0601"),
			 SJ_SW_WRONG_DATA);
	assert_int_equal(bench_do(b, "8020800004"
				     "06010105"),
			 SJ_SW_WRONG_DATA);
}

/* Every end that the templates could have. */
static void test_auxiliary_data_cut_short_say_nothing(void **state)
{
	uint8_t bytes[64];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	struct sj_span value;
	size_t first;

	(void)state;
	eid_aux_put(&w, 1, "20080101");
	first = w.len;
	eid_aux_put(&w, 2, "20260101");
	assert_true(eid_auxiliary(sj_written(&w), SJ_OID_AUX_EXPIRY, &value));
	assert_true(sj_span_eq(value, SJ_SPAN_STR("20260101")));
	for (size_t n = 0; n < w.len; n++)
		assert_int_equal(eid_auxiliary(sj_span(bytes, n), SJ_OID_AUX_BIRTH, &value),
				 n == first);
	assert_false(eid_auxiliary(SJ_SPAN_STR("\x73\x00"), SJ_OID_AUX_BIRTH, &value));
	assert_false(eid_auxiliary(sj_written(&w), SJ_OID_AUX_COMMUNITY, &value));
}

/* A.7.5: of several templates with one OID the last counts. */
static void test_the_last_of_several_dates_counts(void **state)
{
	const struct eid_plan all = eid_everything();
	struct eid_room *f = *state;

	eid_aux_put(&f->aux_w, 1, "20080101");
	eid_aux_put(&f->aux_w, 2, "20260101");
	assert_int_equal(ask(f, &all, 1, "19660101"), SJ_SW_NO_INFORMATION);
	assert_int_equal(eid_ask(f->card.b, 2), SJ_SW_OK);
}

/*
 * --- Restricted Identification
 * -------------------------------------------------------------------
 */

static struct eid_plan operator_with(const struct eid_sector *first,
				     const struct eid_sector *second)
{
	return (struct eid_plan){ .bits = EID_BIT(SJ_AT_RESTRICTED_ID),
				  .sectors = { first, second } };
}

static void test_a_pseudonym(void **state)
{
	struct eid_room *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	uint8_t id[32], again[32], expected[32];

	assert_int_equal(eid_identify(eid_come(f, &plan), &f->sector, id), SJ_SW_OK);
	assert_int_equal(eid_identify(eid_come(f, &plan), &f->sector, again), SJ_SW_OK);
	assert_memory_equal(id, again, 32);
	/* the authority can name it, from the card's public key */
	assert_true(sj_ri_identifier(SJ_BP256R1, &f->sector.secret, &f->card.ri, expected));
	assert_memory_equal(id, expected, 32);
}

static void test_two_operators_get_two(void **state)
{
	struct eid_room *f = *state;
	struct eid_plan plan = operator_with(&f->sector, NULL);
	uint8_t id[32], other[32];

	assert_int_equal(eid_identify(eid_come(f, &plan), &f->sector, id), SJ_SW_OK);
	plan = operator_with(&f->other, NULL);
	assert_int_equal(eid_identify(eid_come(f, &plan), &f->other, other), SJ_SW_OK);
	assert_memory_not_equal(id, other, 32);
}

static void test_a_key_of_another_operator_is_refused(void **state)
{
	struct eid_room *f = *state;
	struct eid_plan plan = operator_with(&f->sector, NULL);
	uint8_t id[32];

	assert_int_equal(eid_identify(eid_come(f, &plan), &f->other, id), SJ_SW_WRONG_DATA);
	plan = operator_with(NULL, NULL);
	assert_int_equal(eid_identify(eid_come(f, &plan), &f->sector, id), SJ_SW_WRONG_DATA);
}

static void test_both_keys_at_once(void **state)
{
	struct eid_room *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, &f->other);
	struct bench *b = eid_come(f, &plan);
	uint8_t content[1024], bytes[512], id[32];
	struct sj_writer w = SJ_WRITER_OF(content);
	struct sj_span in, told;

	sj_put(&w, eid_sector_object(&f->sector, SJ_TAG_RI_KEY_1, bytes));
	sj_put(&w, eid_sector_object(&f->other, SJ_TAG_RI_KEY_2, bytes));
	assert_int_equal(bench_do(b, EID_RI_SET), SJ_SW_OK);
	assert_int_equal(eid_authenticate(b, sj_written(&w)), SJ_SW_OK);
	in = b->data;
	assert_int_equal(sj_tlv_take(&in, 0x7C, &told), SJ_TLV_FOUND);
	assert_int_equal(told.len, 2 * 34);
	assert_true(sj_ri_identifier(SJ_BP256R1, &f->sector.secret, &f->card.ri, id));
	assert_memory_equal(told.ptr + 2, id, 32);
	assert_true(sj_ri_identifier(SJ_BP256R1, &f->other.secret, &f->card.ri, id));
	assert_int_equal(told.ptr[34], SJ_TAG_RI_ID_2);
	assert_memory_equal(told.ptr + 36, id, 32);
	/* the other way round they are not the terminal's */
	assert_int_equal(bench_do(b, EID_RI_SET), SJ_SW_OK);
	assert_int_equal(eid_authenticate(b, eid_sector_object(&f->sector, SJ_TAG_RI_KEY_2, bytes)),
			 SJ_SW_WRONG_DATA);
}

static void test_a_pseudonym_needs_its_bit(void **state)
{
	struct eid_room *f = *state;
	struct eid_plan plan = operator_with(&f->sector, NULL);
	uint8_t id[32];

	plan.bits = EID_ALL_BITS & ~EID_BIT(SJ_AT_RESTRICTED_ID);
	assert_int_equal(eid_identify(eid_come(f, &plan), &f->sector, id), SJ_SW_SECURITY_STATUS);
}

static void test_the_two_commands_come_one_after_the_other(void **state)
{
	struct eid_room *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	struct bench *b = eid_come(f, &plan);
	uint8_t bytes[512];
	const struct sj_span key = eid_sector_object(&f->sector, SJ_TAG_RI_KEY_1, bytes);
	static const char *const between[] = { "00B0840000", "00A4020C020104",
					       "8020800002"
					       "0600",
					       EID_SELECT };

	assert_int_equal(eid_authenticate(b, key), SJ_SW_CONDITIONS);
	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		assert_int_equal(bench_do(b, EID_RI_SET), SJ_SW_OK);
		bench_do(b, between[i]);
		assert_int_equal(eid_authenticate(b, key), SJ_SW_CONDITIONS);
	}
	assert_int_equal(bench_do(b, EID_RI_SET), SJ_SW_OK);
	assert_int_equal(eid_authenticate(b, key), SJ_SW_OK);
	assert_int_equal(eid_authenticate(b, key), SJ_SW_CONDITIONS); /* once */
}

static void test_what_sets_restricted_identification(void **state)
{
	static const struct {
		const char *command;
		uint16_t sw;
	} cases[] = {
		{ "002241A40C800A04007F00070202050203", SJ_SW_OK }, /* the only key */
		{ "002241A40F800A04007F00070202050203840102", SJ_SW_REFERENCE_NOT_FOUND },
		{ "002241A40F800A04007F000702020502038401FF", SJ_SW_REFERENCE_NOT_FOUND },
		{ "002241A410800A04007F0007020205020384020101", SJ_SW_WRONG_DATA },
		{ "002241A40F800A04007F00070202050202840101", SJ_SW_WRONG_DATA }, /* SHA-224 */
		{ "002241A403840101", SJ_SW_WRONG_DATA },
		{ "002241A40E800A04007F000702020502038401", SJ_SW_WRONG_DATA },
	};
	struct eid_room *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	struct bench *b = eid_come(f, &plan);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(bench_do(b, cases[i].command), cases[i].sw);
}

static void test_broken_sector_keys_are_refused(void **state)
{
	struct eid_room *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	struct bench *b = eid_come(f, &plan);
	uint8_t bytes[512], flipped[512];
	const struct sj_span key = eid_sector_object(&f->sector, SJ_TAG_RI_KEY_1, bytes);

	for (size_t n = 0; n < key.len; n++) {
		assert_int_equal(bench_do(b, EID_RI_SET), SJ_SW_OK);
		assert_int_equal(eid_authenticate(b, sj_span(bytes, n)), SJ_SW_WRONG_DATA);
		memcpy(flipped, bytes, key.len);
		flipped[n] ^= 1;
		assert_int_equal(bench_do(b, EID_RI_SET), SJ_SW_OK);
		assert_int_equal(eid_authenticate(b, sj_span(flipped, key.len)), SJ_SW_WRONG_DATA);
		assert_int_equal(b->data.len, 0);
	}
}

/* Short commands alone: the key comes in a chain. */
static void test_a_sector_key_in_a_chain(void **state)
{
	struct eid_room *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	struct bench *b = eid_come(f, &plan);
	uint8_t bytes[512], data[600], id[32];
	struct sj_writer w = SJ_WRITER_OF(data);
	struct sj_apdu apdu = { .cla = 0x10, .ins = 0x86 };

	sj_tlv_put(&w, 0x7C, eid_sector_object(&f->sector, SJ_TAG_RI_KEY_1, bytes));
	assert_int_equal(bench_do(b, EID_RI_SET), SJ_SW_OK);
	apdu.data = sj_span(data, 200);
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	apdu = (struct sj_apdu){ .ins = 0x86, .data = sj_span(data + 200, w.len - 200), .ne = 256 };
	assert_int_equal(bench_send(b, &apdu), SJ_SW_OK);
	assert_true(sj_ri_identifier(SJ_BP256R1, &f->sector.secret, &f->card.ri, id));
	assert_memory_equal(dynamic_object(b, SJ_TAG_RI_ID_1).ptr, id, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EID_CASE(test_age),
		EID_CASE(test_an_age_is_asked_while_the_certificate_holds),
		EID_CASE(test_an_age_is_asked_about_today),
		EID_CASE(test_only_ages_of_the_certificate),
		EID_CASE(test_an_age_needs_no_extension_in_pace),
		EID_CASE(test_validity),
		EID_CASE(test_community),
		EID_CASE(test_a_community_that_was_written_counts),
		EID_CASE(test_what_was_not_committed_to_is_not_answered),
		cmocka_unit_test(test_auxiliary_data_cut_short_say_nothing),
		EID_CASE(test_the_last_of_several_dates_counts),
		EID_CASE(test_a_pseudonym),
		EID_CASE(test_two_operators_get_two),
		EID_CASE(test_a_key_of_another_operator_is_refused),
		EID_CASE(test_both_keys_at_once),
		EID_CASE(test_a_pseudonym_needs_its_bit),
		EID_CASE(test_the_two_commands_come_one_after_the_other),
		EID_CASE(test_what_sets_restricted_identification),
		EID_CASE(test_broken_sector_keys_are_refused),
		EID_CASE(test_a_sector_key_in_a_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
