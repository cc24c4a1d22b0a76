/*
 * All rows of the service registry against one card that has everything: each terminal reads all it
 * can, in every order of applications, and gets what its row says and no more.
 *
 * What a row is to get is written here, from the registry's page and EID.md, and not taken from
 * the product's table.
 */
#include <stdio.h>

#include <jansson.h>

#include "authority/cvrights.h"
#include "secure/ri.h"
#include "tests/card/brute.h"
#include "tests/card/eid_rig.h"
#include "tests/card/gate_rig.h"
#include "tests/card/piv_rig.h"
#include "tests/card/rows.h"
#include "wire/std/tr03110.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Which groups a right is: EID.md. */
static const struct {
	const char *right;
	unsigned groups[2];
} learnt[] = {
	{ "class", { 24 } },         { "name", { 4, 5 } },    { "nationality", { 10 } },
	{ "birth-date", { 8 } },     { "expiry", { 3 } },     { "document-number", { 23 } },
	{ "portrait", { 26 } },      { "address", { 17 } },   { "phone", { 21 } },
	{ "entry-records", { 27 } }, { "emergency", { 28 } }, { "insurance-number", { 29 } },
	{ "home-passport", { 25 } },
};

/* --- the card ----------------------------------------------------------------------- */

struct fixture {
	struct eac_chain at, is;
	struct eac_card card;
	struct eac_terminal t;
	struct issuer gate_ca;
	struct eid_sector own, other;
	uint8_t aux[128];
	struct brute brute;
};

/* A file's content, unlike any other's. */
static struct sj_span unlike(uint16_t parent, uint16_t fid, uint8_t out[static 64])
{
	struct sj_writer w = sj_writer(out, 64);

	for (unsigned i = 0; i < 8; i++) {
		sj_put_be(&w, 2, parent);
		sj_put_be(&w, 2, fid + i);
	}
	return sj_written(&w);
}

static void give(struct fixture *f, unsigned i, uint16_t parent, uint16_t fid)
{
	uint8_t bytes[64];

	assert_int_equal(bench_file(f->card.b, parent, fid, unlike(parent, fid, bytes)), SJ_SW_OK);
	brute_item(&f->brute, i, unlike(parent, fid, bytes));
}

/* In place of what bench_perso_files() and eac_personalise() wrote. */
static void give_files(struct fixture *f)
{
	for (uint16_t fid = 0x0101; fid <= 0x0110; fid++)
		give(f, LDS + (fid & 0x1Fu), 0x0101, fid);
	give(f, LDS + 0x1D, 0x0101, 0x011D);
	give(f, PUBLIC, 0x3F00, 0x011C);
	give(f, PUBLIC + 1, 0x3F00, 0x2F00);
	give(f, PUBLIC + 2, 0x3F00, 0x2F01);
	for (uint8_t sector = 0; sector < EAC_SECTORS; sector++)
		give(f, CARD_SECURITY + sector, 0x3F00, (uint16_t)(0x1D00 + sector));
}

static void name_others(struct fixture *f)
{
	uint8_t bytes[1024];

	brute_item(&f->brute, LDS + 0x1C,
		   HEX("420B5554435643413030303031" /* EF.CVCA: UTCVCA00001 */
		       "0000000000000000000000000000000000000000000000"));
	brute_item(&f->brute, LDS + 0x1E, HEX(COM_HEX));
	for (uint8_t sector = 0; sector < EAC_SECTORS; sector++)
		brute_item(&f->brute, STATUS + sector, eid_content(EID_STATUS, sector, bytes));
	for (unsigned group = 1; group < EID_STATUS; group++)
		brute_item(&f->brute, EID + group, eid_content(group, 0, bytes));
}

/* PACE with the CAN and no CHAT opens the key application; what it tells then. */
static void name_piv(struct fixture *f)
{
	struct bench *b = f->card.b;

	bench_power(b);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.chat.terminal = (enum sj_cvc_terminal)0;
	f->t.kind = SJ_PACE_CAN;
	f->t.password = CAN;
	assert_int_equal(eac_pace(&f->t), SJ_SW_OK);
	assert_int_equal(bench_do(b, SELECT_PIV), SJ_SW_OK);
	for (unsigned i = 0; i < BRUTE_PIV_OBJECTS; i++)
		if (piv_get(b, brute_piv_tags[i]) == SJ_SW_OK)
			brute_item(&f->brute, PIV + i, b->data);
	assert_true(f->brute.len[PIV + 3] > 0); /* the certificate of 9A */
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct eac_plan plan = { .flags = CARD_EAC_EID, .date = EAC_2026, .keys = true };
	struct bench *b = bench_new();

	assert_non_null(f);
	eac_chain(&f->at, "P-256", SJ_CVC_AUTHENTICATION);
	eac_chain(&f->is, "P-256", SJ_CVC_INSPECTION);
	plan.anchors[0] = eac_made(&f->at.cvca);
	plan.anchors[1] = eac_made(&f->is.cvca);
	issuer_make(&f->gate_ca);
	f->brute.b = b;
	bench_install(b);
	eac_personalise(&f->card, b, &plan);
	give_files(f);
	eid_personalise_all(b, &f->card.ri);
	gate_personalise_all(b, &f->gate_ca);
	piv_personalise_all(b, &(struct piv_plan){ .is_private = true });
	bench_profile(b, PROFILE_PRIVATE);
	bench_lock(b);
	eid_sector_make(&f->own);
	eid_sector_make(&f->other);
	name_others(f);
	name_piv(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bench_free(f->card.b);
	eac_chain_forget(&f->at);
	eac_chain_forget(&f->is);
	brute_end(&f->brute);
	free(f);
	return 0;
}

/* --- a terminal ------------------------------------------------------------------------- */

/* The certificate that the authority would sign for the row. */
static void certify(struct fixture *f, struct eac_chain *chain, const struct row *row)
{
	const struct sj_service service = row_service(row);
	const enum sj_cvc_terminal kind = chain->terminal.plan.rights.terminal;
	struct eid_plan plan = { .sector = (uint8_t)service.sector, .sectors = { &f->own } };
	struct sj_cvc_rights rights;

	assert_true(cv_rights_of_row(kind, &service, &rights));
	plan.bits = rights.bits;
	plan.extension = rights.extra[SJ_CVC_SOJOURN];
	eid_certify(chain, &plan);
}

/*
 * Power, and the whole procedure by a terminal that wants everything; auxiliary data: an age
 * (NULL: none), today, and a community.
 */
static struct bench *come(struct fixture *f, const struct eac_chain *chain, const struct row *row,
			  const char *born)
{
	const enum sj_cvc_terminal kind = chain->terminal.plan.rights.terminal;
	struct sj_writer w = SJ_WRITER_OF(f->aux);

	if (born != NULL)
		eid_aux_put(&w, 1, born);
	eid_aux_put(&w, 2, "20260101");
	eid_aux_put(&w, 3, "\x02");
	sj_tlv_close(&w, SJ_TAG_CVC_AUTHENTICATION, 0);
	assert_false(w.failed);
	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, chain);
	f->t.chat = sj_cvc_all_rights(kind, SJ_CVC_TERMINAL);
	f->t.sector = row_sector(row);
	f->t.aux = sj_written(&w);
	if (row->access == SJ_SERVICE_CAN) {
		f->t.kind = SJ_PACE_CAN;
		f->t.password = CAN;
	}
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	return f->card.b;
}

/*
 * --- what it gets -------------------------------------------------------------------------------
 */

static void expect_groups(const struct row *row, bool expected[static ITEMS])
{
	for (size_t i = 0; i < COUNT(learnt); i++)
		for (size_t k = 0; k < 2; k++)
			if (learnt[i].groups[k] != 0 && row_has(row, learnt[i].right))
				expected[EID + learnt[i].groups[k]] = true;
	expected[STATUS + row_sector(row)] = true; /* valid */
	expected[CARD_SECURITY + row_sector(row)] = true;
	for (unsigned i = 0; i < 3; i++)
		expected[PUBLIC + i] = true;
}

/* An inspection system: every group, and the document but for DG4. */
static void expect_document(const struct fixture *f, bool expected[static ITEMS])
{
	for (unsigned i = EID; i < EID + EID_STATUS; i++)
		expected[i] = f->brute.len[i] > 0;
	for (unsigned i = LDS; i < PUBLIC; i++)
		expected[i] = f->brute.len[i] > 0;
	expected[LDS + 4] = false;
}

static void test_every_row_reads_its_fields(void **state)
{
	struct fixture *f = *state;

	for (const struct row *row = rows; row < rows + ROWS; row++) {
		bool expected[ITEMS] = { false };

		certify(f, &f->at, row);
		come(f, &f->at, row, NULL);
		brute_pairs(&f->brute);
		expect_groups(row, expected);
		brute_check(&f->brute, row->name, expected);
	}
}

/* Every three in every order, on two channels by turns. */
static void test_every_order_of_three(void **state)
{
	struct fixture *f = *state;
	const struct row *row = &rows[ROW_HOTEL]; /* hotel check-in */
	bool expected[ITEMS] = { false };
	uint8_t channel = 0;

	certify(f, &f->at, row);
	come(f, &f->at, row, NULL);
	assert_int_equal(bench_do(f->card.b, "0070000101"), SJ_SW_OK);
	for (unsigned i = 0; i < APPS * APPS * APPS; i++) {
		brute_select(&f->brute, channel, i / (APPS * APPS));
		brute_select(&f->brute, channel, i / APPS % APPS);
		brute_select(&f->brute, channel, i % APPS);
		brute_read(&f->brute, channel);
		channel ^= 1;
	}
	expect_groups(row, expected);
	brute_check(&f->brute, row->name, expected);
}

static void test_the_border_reads_the_document(void **state)
{
	struct fixture *f = *state;
	const struct row *border = &rows[ROW_BORDER];
	bool expected[ITEMS] = { false };

	certify(f, &f->is, border);
	come(f, &f->is, border, NULL);
	brute_pairs(&f->brute);
	expect_groups(border, expected);
	expect_document(f, expected);
	brute_check(&f->brute, border->name, expected);
}

/* No other row can be an inspection system's, which would read all of the document. */
static void test_no_other_row_inspects(void **state)
{
	struct sj_cvc_rights rights;

	(void)state;
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		const struct sj_service service = row_service(row);

		assert_int_equal(cv_rights_of_row(SJ_CVC_INSPECTION, &service, &rights),
				 row == &rows[ROW_BORDER]);
	}
}

/* The holder allowed the name alone. */
static void test_a_holder_may_allow_less(void **state)
{
	struct fixture *f = *state;
	const struct row *hotel = &rows[ROW_HOTEL];
	static const struct row less = { "accommodation", "name only", SJ_SERVICE_PIN, "name" };
	bool expected[ITEMS] = { false };

	certify(f, &f->at, hotel);
	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.sector = row_sector(hotel);
	f->t.chat =
		(struct sj_cvc_rights){ .terminal = SJ_CVC_AUTHENTICATION,
					.bits = 1u << SJ_AT_READ_DG(4) | 1u << SJ_AT_READ_DG(5) };
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	brute_pairs(&f->brute);
	expect_groups(&less, expected);
	expected[STATUS + row_sector(hotel)] = false;
	brute_check(&f->brute, less.name, expected);
}

/* The interface makes no difference to a terminal that announced its rights. */
static void test_on_contact_a_row_is_the_same(void **state)
{
	struct fixture *f = *state;
	const struct row *row = &rows[ROW_HOTEL];
	bool expected[ITEMS] = { false };

	bench_insert(f->card.b, CARD_CONTACT);
	certify(f, &f->at, row);
	come(f, &f->at, row, NULL);
	brute_pairs(&f->brute);
	expect_groups(row, expected);
	brute_check(&f->brute, row->name, expected);
	bench_insert(f->card.b, CARD_CONTACTLESS);
}

/* tools/authority/services.json is what is written here. */
static void test_the_registry_that_ships_has_these_rows(void **state)
{
	json_t *root = json_load_file("tools/authority/services.json", 0, NULL), *v, *right;
	const json_t *list = json_object_get(root, "services");
	static const char *const access[] = { "none", "can", "pin" };
	size_t i, k;

	(void)state;
	assert_int_equal(json_array_size(list), ROWS);
	json_array_foreach(list, i, v)
	{
		const json_t *rights = json_object_get(v, "rights");

		assert_string_equal(json_string_value(json_object_get(v, "name")), rows[i].name);
		assert_string_equal(json_string_value(json_object_get(v, "sector")),
				    rows[i].sector);
		assert_string_equal(json_string_value(json_object_get(v, "access")),
				    access[rows[i].access]);
		if (i == ROW_BORDER) /* all */
			continue;
		json_array_foreach(rights, k, right)
			assert_true(row_has(&rows[i], json_string_value(right)));
		for (const char *at = rows[i].rights; at != NULL; at = strchr(at + 1, ' '))
			k--;
		assert_int_equal(k, 0);
	}
	json_decref(root);
}

/*
 * --- what it is told by yes and no
 * -----------------------------------------------------------------
 */

static void test_every_row_asks_for_its_ages(void **state)
{
	static const struct {
		const char *right, *born;
	} ages[] = {
		{ "age-over-12", "20140101" }, { "age-over-14", "20120101" },
		{ "age-over-16", "20100101" }, { "age-over-18", "20080101" },
		{ "age-over-21", "20050101" }, { "age-over-60", "19660101" },
		{ "age-over-65", "19610101" },
	};
	struct fixture *f = *state;

	for (const struct row *row = rows; row < rows + ROWS; row++) {
		certify(f, &f->at, row);
		for (size_t i = 0; i < COUNT(ages); i++) {
			struct bench *b = come(f, &f->at, row, ages[i].born);
			const uint16_t answer = i < 5 ? SJ_SW_OK : SJ_SW_NO_INFORMATION;

			assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
			assert_int_equal(eid_ask(b, 1), row_has(row, ages[i].right)
								? answer
								: SJ_SW_SECURITY_STATUS);
			assert_int_equal(eid_ask(b, 2), SJ_SW_OK);
			assert_int_equal(eid_ask(b, 3), SJ_SW_SECURITY_STATUS);
		}
	}
}

static void test_every_row_gets_its_operators_pseudonym_or_none(void **state)
{
	struct fixture *f = *state;
	uint8_t id[32], expected[32];

	assert_true(sj_ri_identifier(SJ_BP256R1, &f->own.secret, &f->card.ri, expected));
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		const bool may = row_has(row, "pseudonym");
		struct bench *b;

		certify(f, &f->at, row);
		b = come(f, &f->at, row, NULL);
		assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
		assert_int_equal(eid_identify(b, &f->other, id),
				 may ? SJ_SW_WRONG_DATA : SJ_SW_SECURITY_STATUS);
		assert_int_equal(eid_identify(b, &f->own, id),
				 may ? SJ_SW_OK : SJ_SW_SECURITY_STATUS);
		if (may)
			assert_memory_equal(id, expected, 32);
	}
}

/*
 * --- writing, and lesser ways in
 * -----------------------------------------------------------------------
 */

static void test_no_row_writes(void **state)
{
	struct fixture *f = *state;
	struct bench *b;
	char command[24];

	for (const struct row *row = rows; row < rows + ROWS; row++) {
		certify(f, &f->at, row);
		b = come(f, &f->at, row, NULL);
		assert_int_equal(bench_do(b, EID_SELECT), SJ_SW_OK);
		for (unsigned group = 1; group <= EID_GROUPS; group++) {
			snprintf(command, sizeof(command), "00D6%02X000100", 0x80 | group);
			assert_int_equal(bench_do(b, command), SJ_SW_SECURITY_STATUS);
		}
	}
}

static void test_can_alone_serves_rows_with_the_can(void **state)
{
	struct fixture *f = *state;

	for (const struct row *row = rows; row < rows + ROWS; row++) {
		certify(f, &f->at, row);
		bench_power(f->card.b);
		eac_terminal(&f->t, &f->card, &f->at);
		f->t.kind = SJ_PACE_CAN;
		f->t.password = CAN;
		assert_int_equal(eac_until(&f->t, EAC_SET),
				 row->access == SJ_SERVICE_CAN ? SJ_SW_OK : SJ_SW_SECURITY_STATUS);
	}
}

/*
 * Before rights are in force a terminal that announced a CHAT sees what is public, at every step.
 */
static void test_before_rights_are_in_force_nothing_is_told(void **state)
{
	struct fixture *f = *state;
	const struct row *row = &rows[ROW_HOTEL];

	certify(f, &f->at, row);
	for (enum eac_step last = EAC_PACE; last < EAC_CA; last++) {
		bool expected[ITEMS] = { false };

		bench_power(f->card.b);
		eac_terminal(&f->t, &f->card, &f->at);
		f->t.sector = row_sector(row);
		assert_int_equal(eac_until(&f->t, last), SJ_SW_OK);
		for (unsigned app = 0; app < APPS; app++) {
			brute_select(&f->brute, 0, app);
			brute_read(&f->brute, 0);
		}
		for (unsigned i = 0; i < 3; i++)
			expected[PUBLIC + i] = true;
		/* EF.CardSecurity is for terminals that were authenticated. */
		expected[CARD_SECURITY + row_sector(row)] = last >= EAC_TA;
		brute_check(&f->brute, row->name, expected);
	}
}

#define CASE(test) cmocka_unit_test(test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_every_row_reads_its_fields),
		CASE(test_every_order_of_three),
		CASE(test_the_border_reads_the_document),
		CASE(test_no_other_row_inspects),
		CASE(test_a_holder_may_allow_less),
		CASE(test_on_contact_a_row_is_the_same),
		CASE(test_the_registry_that_ships_has_these_rows),
		CASE(test_every_row_asks_for_its_ages),
		CASE(test_every_row_gets_its_operators_pseudonym_or_none),
		CASE(test_no_row_writes),
		CASE(test_can_alone_serves_rows_with_the_can),
		CASE(test_before_rights_are_in_force_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
