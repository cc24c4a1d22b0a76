/* The eID application: who reads and writes what, what is told by yes and no, pseudonyms. */
#include <stdio.h>

#include "applets/eid/eid.h"
#include "secure/ri.h"
#include "tests/card/eid_rig.h"
#include "wire/std/tr03110.h"

#define BIT(n) (UINT64_C(1) << (n))
#define ALL_BITS (BIT(38) - 1)
#define ALL_EXTENSIONS (BIT(32) - 1)
#define AGE(i) ((uint64_t)SJ_RIGHT_AGE_FIRST << (i))
#define ABSENT 16u /* the group that no card has */

static const struct eid_plan everything = { .bits = ALL_BITS,
					    .extension = ALL_EXTENSIONS,
					    .sector = 3 };

struct fixture {
	struct eac_chain at, is;
	struct eac_card card;
	struct eac_terminal t;
	struct eid_sector sector, other;
	uint8_t aux[256];
	struct sj_writer aux_w; /* templates so far */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct eac_plan plan = { .flags = CARD_EAC_EID, .date = EAC_2026, .keys = true };

	assert_non_null(f);
	eac_chain(&f->at, "P-256", SJ_CVC_AUTHENTICATION);
	eac_chain(&f->is, "P-256", SJ_CVC_INSPECTION);
	plan.anchors[0] = eac_made(&f->at.cvca);
	plan.anchors[1] = eac_made(&f->is.cvca);
	eac_issue(&f->card, &plan);
	eid_sector_make(&f->sector);
	eid_sector_make(&f->other);
	f->aux_w = SJ_WRITER_OF(f->aux);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bench_free(f->card.b);
	eac_chain_forget(&f->at);
	eac_chain_forget(&f->is);
	free(f);
	return 0;
}

/* Power, then everything up to this step, with the templates of 67 that were put. */
static struct bench *come_to(struct fixture *f, const struct eid_plan *plan, enum eac_step last)
{
	eid_certify(&f->at, plan);
	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.sector = plan->sector;
	if (f->aux_w.len > 0) {
		sj_tlv_close(&f->aux_w, SJ_TAG_CVC_AUTHENTICATION, 0);
		f->t.aux = sj_written(&f->aux_w);
	}
	assert_int_equal(eac_until(&f->t, last), SJ_SW_OK);
	f->aux_w.len = 0;
	return f->card.b;
}

/* The application is selected. */
static struct bench *come(struct fixture *f, const struct eid_plan *plan)
{
	struct bench *b = come_to(f, plan, EAC_CA);

	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
	return b;
}

static struct bench *come_inspecting(struct fixture *f)
{
	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, &f->is);
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(f->card.b, EID_SELECT), SJ_SW_OK);
	return f->card.b;
}

static void assert_reads(struct bench *b, unsigned group, uint8_t sector)
{
	uint8_t bytes[1024];

	assert_int_equal(eid_read(b, group), SJ_SW_OK);
	assert_true(sj_span_eq(b->data, eid_content(group, sector, bytes)));
}

/* --- is it there? -------------------------------------------------------------------- */

static void test_it_is_there_when_rights_are_in_force(void **state)
{
	struct fixture *f = *state;
	struct bench *b = f->card.b;

	bench_power(b);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_NOT_FOUND);
	for (enum eac_step step = EAC_PACE; step < EAC_CA; step++) {
		come_to(f, &everything, step);
		assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_NOT_FOUND);
	}
	come_to(f, &everything, EAC_CA);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
}

static void test_a_plain_command_ends_it(void **state)
{
	struct bench *b = come(*state, &everything);

	assert_reads(b, 4, 0);
	b->secured = false;
	assert_int_not_equal(bench_do(b, "00B0840000"), SJ_SW_OK);
	assert_int_equal(b->data.len, 0);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_NOT_FOUND);
}

static void test_on_contact_the_same(void **state)
{
	struct fixture *f = *state;

	bench_insert(f->card.b, CARD_CONTACT);
	assert_int_equal(bench_do(f->card.b, EID_SELECT), SJ_SW_NOT_FOUND);
	assert_reads(come(f, &everything), 5, 0);
}

static void test_a_plain_document_has_none(void **state)
{
	struct fixture *f = *state;
	struct eac_card plain;
	const struct eac_plan plan = { .flags = CARD_EAC_TA1,
				       .date = EAC_2026,
				       .anchors = { eac_made(&f->is.cvca) },
				       .ca1 = true };

	eac_issue(&plain, &plan);
	eac_terminal(&f->t, &plain, &f->is);
	f->t.chat.terminal = (enum sj_cvc_terminal)0;
	assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
	assert_int_equal(bench_do(plain.b, EID_SELECT), SJ_SW_NOT_FOUND);
	bench_free(plain.b);
}

static void test_select_answers_its_name(void **state)
{
	struct bench *b = come(*state, &everything);

	assert_int_equal(bench_do(b, "00A4040009" EID_AID "00"), SJ_SW_OK);
	assert_true(sj_span_eq(b->data, HEX("6F0B8409" EID_AID)));
	assert_int_equal(bench_do(b, "00A4040C08E80704007F000703"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(b, "00A4000C023F00"), SJ_SW_OK); /* and back */
	assert_int_equal(bench_do(b, "00B0840000"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
	assert_reads(b, 4, 0);
}

/* --- reading ---------------------------------------------------------------------------- */

static void test_every_group_is_read(void **state)
{
	struct bench *b = come(*state, &everything);

	for (unsigned group = 1; group <= EID_GROUPS; group++)
		if (group != ABSENT)
			assert_reads(b, group, 3);
	assert_int_equal(eid_read(b, ABSENT), SJ_SW_NOT_FOUND);
}

/* The right to group n, where n is one bit alone. */
static struct eid_plan right_to(unsigned group)
{
	static const uint32_t extensions[] = { SJ_RIGHT_DOCUMENT_NUMBER,  SJ_RIGHT_CLASS,
					       SJ_RIGHT_HOME_PASSPORT,    SJ_RIGHT_PORTRAIT,
					       SJ_RIGHT_ENTRY_RECORDS,    SJ_RIGHT_EMERGENCY,
					       SJ_RIGHT_INSURANCE_NUMBER, SJ_RIGHT_VALID };
	struct eid_plan plan = { .sector = 5 };

	if (group <= 22)
		plan.bits = BIT(7 + group);
	else
		plan.extension = extensions[group - 23];
	return plan;
}

static void test_a_right_opens_its_group_and_no_other(void **state)
{
	struct fixture *f = *state;

	for (unsigned own = 1; own <= EID_GROUPS; own++) {
		const struct eid_plan plan = right_to(own);
		struct bench *b = come(f, &plan);

		for (unsigned group = 1; group <= EID_GROUPS; group++) {
			if (group == own)
				continue;
			assert_int_equal(eid_read(b, group), SJ_SW_SECURITY_STATUS);
			assert_int_equal(b->data.len, 0);
		}
		if (own != ABSENT)
			assert_reads(b, own, 5);
		else
			assert_int_equal(eid_read(b, own), SJ_SW_NOT_FOUND);
	}
}

static void test_nobody_is_told_whether_a_group_is_there(void **state)
{
	const struct eid_plan none = { .bits = BIT(SJ_AT_AGE) };
	struct bench *b = come(*state, &none);
	char command[24];

	for (unsigned group = 1; group <= EID_GROUPS; group++) {
		assert_int_equal(eid_read(b, group), SJ_SW_SECURITY_STATUS);
		snprintf(command, sizeof(command), "00A4020C0201%02X", group);
		assert_int_equal(bench_do(b, command), SJ_SW_SECURITY_STATUS);
	}
}

static void test_a_status_is_of_the_terminals_sector(void **state)
{
	struct eid_plan plan = { .extension = SJ_RIGHT_VALID };
	struct fixture *f = *state;

	for (plan.sector = 1; plan.sector < EAC_SECTORS; plan.sector++)
		assert_reads(come(f, &plan), EID_STATUS, plan.sector);
	plan.sector = 0;
	assert_int_equal(eid_read(come(f, &plan), EID_STATUS), SJ_SW_NOT_FOUND);
}

static void test_an_inspection_system_reads_every_group(void **state)
{
	struct bench *b = come_inspecting(*state);

	for (unsigned group = 1; group < EID_STATUS; group++)
		if (group != ABSENT)
			assert_reads(b, group, 0);
	assert_int_equal(bench_do(b, "00D6910001"
				     "00"),
			 SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, EID_RI_SET), SJ_SW_SECURITY_STATUS);
	assert_int_equal(eid_ask(b, 2), SJ_SW_SECURITY_STATUS);
}

static void test_select_by_file_identifier(void **state)
{
	struct bench *b = come(*state, &everything);

	assert_int_equal(bench_do(b, "00B0000000"), SJ_SW_NOT_ALLOWED);
	assert_int_equal(bench_do(b, "00A40204020104"
				     "00"),
			 SJ_SW_OK);
	assert_true(sj_span_eq(b->data, HEX("620C800300000E82010183020104")));
	assert_int_equal(bench_do(b, "00B0000000"), SJ_SW_OK);
	assert_true(sj_span_eq(b->data, HEX("640C0C0A414E4E41204D41524941")));
	assert_int_equal(bench_do(b, "00A4000C020105"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00B000020C"), SJ_SW_END_OF_FILE);
	assert_true(sj_span_eq(b->data, HEX("0C084552494B53534F4E")));
	assert_int_equal(bench_do(b, "00A4020C02011F"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(b, "00A4020C020100"), SJ_SW_NOT_FOUND);
	assert_int_equal(bench_do(b, "00A4010C020104"), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(b, "00A40208020104"), SJ_SW_WRONG_P1P2);
	assert_int_equal(bench_do(b, "00A4000C01"
				     "01"),
			 SJ_SW_WRONG_LENGTH);
}

static void test_read_binary_of_the_odd_instruction(void **state)
{
	struct bench *b = come(*state, &everything);

	assert_int_equal(bench_do(b, "00B1000503540102"
				     "00"),
			 SJ_SW_OK);
	assert_true(sj_span_eq(b->data, HEX("530A0C084552494B53534F4E")));
	assert_int_equal(bench_do(b, "00B1010403540100"
				     "00"),
			 SJ_SW_OK);
	assert_true(sj_span_eq(b->data, HEX("530E640C0C0A414E4E41204D41524941")));
	assert_int_equal(bench_do(b, "00B1000003540100"
				     "00"),
			 SJ_SW_OK);
	assert_int_equal(b->data.len, 16);
	assert_int_equal(bench_do(b, "00B1001A0454020200"
				     "00"),
			 SJ_SW_OK);
	assert_int_equal(b->data.ptr[3], pattern(0x011A, 0x200 - 8));
	assert_int_equal(bench_do(b, "00B1001F03540100"
				     "00"),
			 SJ_SW_NOT_FOUND);
}

/* --- writing -------------------------------------------------------------------------------- */

static void test_writing_stays_in_its_room(void **state)
{
	struct fixture *f = *state;
	struct bench *b = come(f, &everything);

	assert_int_equal(bench_do(b, "00D691080545"
				     "5353454E"),
			 SJ_SW_OK); /* ESSEN */
	b = come(f, &everything);
	assert_int_equal(bench_do(b, "00B0910805"), SJ_SW_OK);
	assert_true(sj_span_eq(b->data, SJ_SPAN_STR("ESSEN")));
	/* the file is as long as it was made: 26 and 8 bytes */
	assert_int_equal(bench_do(b, "00D69120021122"), SJ_SW_OK);
	assert_int_equal(bench_do(b, "00D69121021122"), SJ_SW_NO_SPACE);
	assert_int_equal(bench_do(b, "00D691220111"), SJ_SW_NO_SPACE);
	assert_int_equal(bench_do(b, "00D691230111"), SJ_SW_WRONG_P1P2_PLAIN);
	assert_int_equal(eid_read(b, 17), SJ_SW_OK);
	assert_int_equal(b->data.len, 0x22);
}

static void test_each_write_has_its_right(void **state)
{
	struct fixture *f = *state;
	char command[24];

	for (unsigned own = 17; own <= 22; own++) {
		const struct eid_plan plan = { .bits = BIT(54 - own) };
		struct bench *b = come(f, &plan);

		for (unsigned group = 1; group <= EID_GROUPS; group++) {
			snprintf(command, sizeof(command), "00D6%02X0001%02X", 0x80 | group,
				 0x60 + group);
			assert_int_equal(bench_do(b, command),
					 group == own ? SJ_SW_OK : SJ_SW_SECURITY_STATUS);
		}
		/* writing is not reading */
		assert_int_equal(eid_read(b, own), SJ_SW_SECURITY_STATUS);
		snprintf(command, sizeof(command), "00A4020C0201%02X", own);
		assert_int_equal(bench_do(b, command), SJ_SW_OK);
		assert_int_equal(bench_do(b, "00B0000000"), SJ_SW_SECURITY_STATUS);
	}
}

/* --- age, validity, community ------------------------------------------------------------------ */

/* One question in a terminal's visit of its own. */
static uint16_t ask(struct fixture *f, const struct eid_plan *plan, uint8_t arc, const char *data)
{
	eid_aux_put(&f->aux_w, arc, data);
	return eid_ask(come(f, plan), arc);
}

/* The holder was born on 12 August 1974; the card's date is 1 January 2026. */
static void test_age(void **state)
{
	const struct eid_plan plan = { .bits = BIT(SJ_AT_AGE), .extension = AGE(3) | AGE(5) };
	struct fixture *f = *state;

	assert_int_equal(ask(f, &plan, 1, "20080101"), SJ_SW_OK); /* over 18 */
	assert_int_equal(ask(f, &plan, 1, "19660101"), SJ_SW_NO_INFORMATION); /* over 60 */
}

static void test_an_age_is_asked_about_today(void **state)
{
	const struct eid_plan plan = { .bits = BIT(SJ_AT_AGE), .extension = AGE(3) };
	struct fixture *f = *state;

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
	struct eid_plan plan = { .bits = BIT(SJ_AT_AGE), .extension = AGE(4) };
	struct fixture *f = *state;

	assert_int_equal(ask(f, &plan, 1, "20080101"), SJ_SW_SECURITY_STATUS);
	assert_int_equal(ask(f, &plan, 1, "20050101"), SJ_SW_OK); /* over 21 */
	plan.extension = ALL_EXTENSIONS & ~(uint64_t)AGE(4);
	assert_int_equal(ask(f, &plan, 1, "20050101"), SJ_SW_SECURITY_STATUS);
	plan = (struct eid_plan){ .extension = AGE(4) }; /* without the bit */
	assert_int_equal(ask(f, &plan, 1, "20050101"), SJ_SW_SECURITY_STATUS);
}

/* Programs of others send no 65: bit 0 of the CHAT is the holder's consent. */
static void test_an_age_needs_no_extension_in_pace(void **state)
{
	const struct eid_plan plan = { .bits = BIT(SJ_AT_AGE), .extension = AGE(3) };
	struct fixture *f = *state;
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
	const struct eid_plan plan = { .bits = BIT(SJ_AT_READ_DG(1)) };
	struct fixture *f = *state;

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
	struct eid_plan plan = { .bits = BIT(SJ_AT_MUNICIPALITY) };
	struct fixture *f = *state;

	assert_int_equal(ask(f, &plan, 3, "\x02\x76"), SJ_SW_OK);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76\x05\x03\x15"), SJ_SW_OK);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76\x06"), SJ_SW_NO_INFORMATION);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76\x05\x03\x15\x01\x01\x01"),
			 SJ_SW_NO_INFORMATION);
	assert_int_equal(ask(f, &plan, 3, ""), SJ_SW_WRONG_DATA);
	plan.bits = ALL_BITS & ~BIT(SJ_AT_MUNICIPALITY);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76"), SJ_SW_SECURITY_STATUS);
}

static void test_a_community_that_was_written_counts(void **state)
{
	const struct eid_plan plan = { .bits = BIT(SJ_AT_MUNICIPALITY) };
	struct fixture *f = *state;

	assert_int_equal(bench_do(come(f, &everything), "00D692040703"
							"112233445566"),
			 SJ_SW_OK);
	assert_int_equal(ask(f, &plan, 3, "\x02\x76"), SJ_SW_NO_INFORMATION);
	assert_int_equal(ask(f, &plan, 3, "\x03\x11"), SJ_SW_OK);
}

static void test_what_was_not_committed_to_is_not_answered(void **state)
{
	struct fixture *f = *state;
	struct bench *b = come(f, &everything);

	assert_int_equal(eid_ask(b, 2), SJ_SW_REFERENCE_NOT_FOUND);
	eid_aux_put(&f->aux_w, 1, "20080101");
	b = come(f, &everything);
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

/* A.7.5: of several templates with one OID the last counts. */
static void test_the_last_of_several_dates_counts(void **state)
{
	struct fixture *f = *state;

	eid_aux_put(&f->aux_w, 1, "20080101");
	eid_aux_put(&f->aux_w, 2, "20260101");
	assert_int_equal(ask(f, &everything, 1, "19660101"), SJ_SW_NO_INFORMATION);
	assert_int_equal(eid_ask(f->card.b, 2), SJ_SW_OK);
}

/* --- Restricted Identification ------------------------------------------------------------------- */

static struct eid_plan operator_with(const struct eid_sector *first,
				     const struct eid_sector *second)
{
	return (struct eid_plan){ .bits = BIT(SJ_AT_RESTRICTED_ID), .sectors = { first, second } };
}

static void test_a_pseudonym(void **state)
{
	struct fixture *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	uint8_t id[32], again[32], expected[32];

	assert_int_equal(eid_identify(come(f, &plan), &f->sector, id), SJ_SW_OK);
	assert_int_equal(eid_identify(come(f, &plan), &f->sector, again), SJ_SW_OK);
	assert_memory_equal(id, again, 32);
	/* the authority can name it, from the card's public key */
	assert_true(sj_ri_identifier(SJ_BP256R1, &f->sector.secret, &f->card.ri, expected));
	assert_memory_equal(id, expected, 32);
}

static void test_two_operators_get_two(void **state)
{
	struct fixture *f = *state;
	struct eid_plan plan = operator_with(&f->sector, NULL);
	uint8_t id[32], other[32];

	assert_int_equal(eid_identify(come(f, &plan), &f->sector, id), SJ_SW_OK);
	plan = operator_with(&f->other, NULL);
	assert_int_equal(eid_identify(come(f, &plan), &f->other, other), SJ_SW_OK);
	assert_memory_not_equal(id, other, 32);
}

static void test_a_key_of_another_operator_is_refused(void **state)
{
	struct fixture *f = *state;
	struct eid_plan plan = operator_with(&f->sector, NULL);
	uint8_t id[32];

	assert_int_equal(eid_identify(come(f, &plan), &f->other, id), SJ_SW_WRONG_DATA);
	plan = operator_with(NULL, NULL);
	assert_int_equal(eid_identify(come(f, &plan), &f->sector, id), SJ_SW_WRONG_DATA);
}

static void test_both_keys_at_once(void **state)
{
	struct fixture *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, &f->other);
	struct bench *b = come(f, &plan);
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
	struct fixture *f = *state;
	struct eid_plan plan = operator_with(&f->sector, NULL);
	uint8_t id[32];

	plan.bits = ALL_BITS & ~BIT(SJ_AT_RESTRICTED_ID);
	assert_int_equal(eid_identify(come(f, &plan), &f->sector, id), SJ_SW_SECURITY_STATUS);
}

static void test_the_two_commands_come_one_after_the_other(void **state)
{
	struct fixture *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	struct bench *b = come(f, &plan);
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
	struct fixture *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	struct bench *b = come(f, &plan);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(bench_do(b, cases[i].command), cases[i].sw);
}

static void test_broken_sector_keys_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	struct bench *b = come(f, &plan);
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
	struct fixture *f = *state;
	const struct eid_plan plan = operator_with(&f->sector, NULL);
	struct bench *b = come(f, &plan);
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

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_it_is_there_when_rights_are_in_force),
		CASE(test_a_plain_command_ends_it),
		CASE(test_on_contact_the_same),
		CASE(test_a_plain_document_has_none),
		CASE(test_select_answers_its_name),
		CASE(test_every_group_is_read),
		CASE(test_a_right_opens_its_group_and_no_other),
		CASE(test_nobody_is_told_whether_a_group_is_there),
		CASE(test_a_status_is_of_the_terminals_sector),
		CASE(test_an_inspection_system_reads_every_group),
		CASE(test_select_by_file_identifier),
		CASE(test_read_binary_of_the_odd_instruction),
		CASE(test_writing_stays_in_its_room),
		CASE(test_each_write_has_its_right),
		CASE(test_age),
		CASE(test_an_age_is_asked_about_today),
		CASE(test_only_ages_of_the_certificate),
		CASE(test_an_age_needs_no_extension_in_pace),
		CASE(test_validity),
		CASE(test_community),
		CASE(test_a_community_that_was_written_counts),
		CASE(test_what_was_not_committed_to_is_not_answered),
		CASE(test_the_last_of_several_dates_counts),
		CASE(test_a_pseudonym),
		CASE(test_two_operators_get_two),
		CASE(test_a_key_of_another_operator_is_refused),
		CASE(test_both_keys_at_once),
		CASE(test_a_pseudonym_needs_its_bit),
		CASE(test_the_two_commands_come_one_after_the_other),
		CASE(test_what_sets_restricted_identification),
		CASE(test_broken_sector_keys_are_refused),
		CASE(test_a_sector_key_in_a_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
