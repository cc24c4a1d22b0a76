/* The eID application: who reads and writes what. */
#include <stdio.h>

#include "tests/card/eid_rig.h"
#include "wire/std/tr03110.h"

static void assert_reads(struct bench *b, unsigned group, uint8_t sector)
{
	uint8_t bytes[1024];

	assert_int_equal(eid_read(b, group), SJ_SW_OK);
	assert_true(sj_span_eq(b->data, eid_content(group, sector, bytes)));
}

/* --- is it there? -------------------------------------------------------------------- */

static void test_it_is_there_when_rights_are_in_force(void **state)
{
	const struct eid_plan all = eid_everything();
	struct eid_room *f = *state;
	struct bench *b = f->card.b;

	bench_power(b);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_NOT_FOUND);
	for (enum eac_step step = EAC_PACE; step < EAC_CA; step++) {
		eid_come_to(f, &all, step);
		assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_NOT_FOUND);
	}
	eid_come_to(f, &all, EAC_CA);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
}

static void test_a_plain_command_ends_it(void **state)
{
	const struct eid_plan all = eid_everything();
	struct bench *b = eid_come(*state, &all);

	assert_reads(b, 4, 0);
	b->secured = false;
	assert_int_not_equal(bench_do(b, "00B0840000"), SJ_SW_OK);
	assert_int_equal(b->data.len, 0);
	assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_NOT_FOUND);
}

static void test_on_contact_the_same(void **state)
{
	const struct eid_plan all = eid_everything();
	struct eid_room *f = *state;

	bench_insert(f->card.b, CARD_CONTACT);
	assert_int_equal(bench_do(f->card.b, EID_SELECT), SJ_SW_NOT_FOUND);
	assert_reads(eid_come(f, &all), 5, 0);
}

static void test_a_plain_document_has_none(void **state)
{
	struct eid_room *f = *state;
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
	const struct eid_plan all = eid_everything();
	struct bench *b = eid_come(*state, &all);

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
	const struct eid_plan all = eid_everything();
	struct bench *b = eid_come(*state, &all);

	for (unsigned group = 1; group <= EID_GROUPS; group++)
		if (group != EID_ABSENT)
			assert_reads(b, group, 3);
	assert_int_equal(eid_read(b, EID_ABSENT), SJ_SW_NOT_FOUND);
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
		plan.bits = EID_BIT(7 + group);
	else
		plan.extension = extensions[group - 23];
	return plan;
}

static void test_a_right_opens_its_group_and_no_other(void **state)
{
	struct eid_room *f = *state;

	for (unsigned own = 1; own <= EID_GROUPS; own++) {
		const struct eid_plan plan = right_to(own);
		struct bench *b = eid_come(f, &plan);

		for (unsigned group = 1; group <= EID_GROUPS; group++) {
			if (group == own)
				continue;
			assert_int_equal(eid_read(b, group), SJ_SW_SECURITY_STATUS);
			assert_int_equal(b->data.len, 0);
		}
		if (own != EID_ABSENT)
			assert_reads(b, own, 5);
		else
			assert_int_equal(eid_read(b, own), SJ_SW_NOT_FOUND);
	}
}

static void test_nobody_is_told_whether_a_group_is_there(void **state)
{
	const struct eid_plan none = { .bits = EID_BIT(SJ_AT_AGE) };
	struct bench *b = eid_come(*state, &none);
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
	struct eid_room *f = *state;

	for (plan.sector = 1; plan.sector < EAC_SECTORS; plan.sector++)
		assert_reads(eid_come(f, &plan), EID_STATUS, plan.sector);
	plan.sector = 0;
	assert_int_equal(eid_read(eid_come(f, &plan), EID_STATUS), SJ_SW_NOT_FOUND);
}

static void test_an_inspection_system_reads_every_group(void **state)
{
	struct bench *b = eid_inspect(*state);

	for (unsigned group = 1; group < EID_STATUS; group++)
		if (group != EID_ABSENT)
			assert_reads(b, group, 0);
	assert_int_equal(bench_do(b, "00D6910001"
				     "00"),
			 SJ_SW_SECURITY_STATUS);
	assert_int_equal(bench_do(b, EID_RI_SET), SJ_SW_SECURITY_STATUS);
	assert_int_equal(eid_ask(b, 2), SJ_SW_SECURITY_STATUS);
}

static void test_select_by_file_identifier(void **state)
{
	const struct eid_plan all = eid_everything();
	struct bench *b = eid_come(*state, &all);

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
	const struct eid_plan all = eid_everything();
	struct bench *b = eid_come(*state, &all);

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
	const struct eid_plan all = eid_everything();
	struct eid_room *f = *state;
	struct bench *b = eid_come(f, &all);

	assert_int_equal(bench_do(b, "00D691080545"
				     "5353454E"),
			 SJ_SW_OK); /* ESSEN */
	b = eid_come(f, &all);
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
	struct eid_room *f = *state;
	char command[24];

	for (unsigned own = 17; own <= 22; own++) {
		const struct eid_plan plan = { .bits = EID_BIT(54 - own) };
		struct bench *b = eid_come(f, &plan);

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		EID_CASE(test_it_is_there_when_rights_are_in_force),
		EID_CASE(test_a_plain_command_ends_it),
		EID_CASE(test_on_contact_the_same),
		EID_CASE(test_a_plain_document_has_none),
		EID_CASE(test_select_answers_its_name),
		EID_CASE(test_every_group_is_read),
		EID_CASE(test_a_right_opens_its_group_and_no_other),
		EID_CASE(test_nobody_is_told_whether_a_group_is_there),
		EID_CASE(test_a_status_is_of_the_terminals_sector),
		EID_CASE(test_an_inspection_system_reads_every_group),
		EID_CASE(test_select_by_file_identifier),
		EID_CASE(test_read_binary_of_the_odd_instruction),
		EID_CASE(test_writing_stays_in_its_room),
		EID_CASE(test_each_write_has_its_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
