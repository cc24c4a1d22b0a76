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
#include "tests/card/eid_rig.h"
#include "tests/card/gate_rig.h"
#include "tests/card/piv_rig.h"
#include "wire/std/tr03110.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct row {
	const char *sector, *name;
	enum sj_service_access access;
	const char *rights; /* besides valid */
} rows[] = {
	{ "transport", "metro gate", SJ_SERVICE_NONE, "pseudonym" },
	{ "transport", "city bus", SJ_SERVICE_NONE, "pseudonym" },
	{ "transport", "rail ticket and gate", SJ_SERVICE_CAN, "name document-number pseudonym" },
	{ "transport", "airline check-in", SJ_SERVICE_CAN,
	  "name nationality birth-date document-number expiry portrait" },
	{ "transport", "ferry and coach", SJ_SERVICE_CAN, "name document-number" },
	{ "transport", "car rental", SJ_SERVICE_CAN,
	  "name birth-date age-over-18 portrait document-number" },
	{ "transport", "ride hailing", SJ_SERVICE_NONE, "pseudonym age-over-18" },
	{ "finance", "bank account opening", SJ_SERVICE_PIN,
	  "name nationality birth-date document-number expiry portrait address" },
	{ "finance", "bank counter", SJ_SERVICE_CAN, "name portrait document-number" },
	{ "finance", "payment account", SJ_SERVICE_PIN, "name document-number phone" },
	{ "finance", "foreign exchange", SJ_SERVICE_CAN, "name nationality document-number" },
	{ "finance", "insurance", SJ_SERVICE_CAN, "name birth-date nationality document-number" },
	{ "finance", "securities account", SJ_SERVICE_PIN,
	  "name nationality birth-date document-number expiry portrait" },
	{ "education", "school enrolment", SJ_SERVICE_CAN, "name birth-date nationality address" },
	{ "education", "examination entry", SJ_SERVICE_CAN, "name portrait document-number" },
	{ "education", "university library", SJ_SERVICE_NONE, "pseudonym class" },
	{ "education", "degree authentication", SJ_SERVICE_CAN, "name birth-date document-number" },
	{ "telecom", "SIM registration", SJ_SERVICE_PIN,
	  "name nationality document-number portrait" },
	{ "telecom", "broadband contract", SJ_SERVICE_CAN, "name address document-number" },
	{ "telecom", "real-name online account", SJ_SERVICE_PIN, "pseudonym age-over-18" },
	{ "health", "hospital registration", SJ_SERVICE_CAN,
	  "name birth-date nationality insurance-number emergency" },
	{ "health", "clinic check-in", SJ_SERVICE_CAN, "name birth-date insurance-number" },
	{ "health", "pharmacy", SJ_SERVICE_CAN, "name age-over-18 insurance-number" },
	{ "health", "emergency ward", SJ_SERVICE_CAN, "name birth-date emergency" },
	{ "health", "vaccination", SJ_SERVICE_CAN, "name birth-date document-number" },
	{ "accommodation", "hotel check-in", SJ_SERVICE_CAN,
	  "name nationality birth-date document-number expiry portrait entry-records "
	  "home-passport" },
	{ "accommodation", "hotel door", SJ_SERVICE_NONE, "pseudonym" },
	{ "accommodation", "hostel check-in", SJ_SERVICE_CAN,
	  "name nationality document-number portrait" },
	{ "accommodation", "rental registration", SJ_SERVICE_CAN,
	  "name nationality document-number address" },
	{ "government", "border e-gate", SJ_SERVICE_CAN, "all fingerprint" },
	{ "government", "residence registration", SJ_SERVICE_CAN,
	  "name nationality birth-date document-number address entry-records home-passport" },
	{ "government", "social insurance", SJ_SERVICE_CAN,
	  "name birth-date document-number insurance-number" },
	{ "government", "tax office", SJ_SERVICE_CAN, "name document-number address" },
	{ "government", "driving licence office", SJ_SERVICE_CAN,
	  "name birth-date portrait document-number" },
	{ "government", "notary", SJ_SERVICE_CAN, "name birth-date document-number portrait" },
};

#define ROWS 35u
_Static_assert(COUNT(rows) == ROWS, "35 rows");

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

static bool has(const struct row *row, const char *right)
{
	const size_t n = strlen(right);
	bool found = strncmp(row->rights, "all", 3) == 0 && strcmp(right, "ticket") != 0;

	for (const char *at = row->rights; at != NULL && !found; at = strchr(at, ' ')) {
		at += *at == ' ';
		found = strncmp(at, right, n) == 0 && (at[n] == ' ' || at[n] == '\0');
	}
	return found;
}

static uint8_t sector_of(const struct row *row)
{
	const char *name;

	for (uint8_t i = 1; (name = sj_sector_name(i)) != NULL; i++)
		if (strcmp(name, row->sector) == 0)
			return i;
	fail();
	return 0;
}

/* As the product has it. */
static struct sj_service service_of(const struct row *row)
{
	struct sj_service out = { .size = sizeof(out), .id = (unsigned)(row - rows) + 1 };
	const char *name;
	uint32_t bit;

	out.sector = sector_of(row);
	out.access = row->access;
	for (size_t i = 0; (name = sj_right_at(i, &bit)) != NULL; i++)
		if (i == 0 || has(row, name)) /* the first is valid */
			out.rights |= bit;
	return out;
}

/* --- the card ----------------------------------------------------------------------- */

/* Everything that can be read somewhere, and what was. */
enum item {
	EID, /* + group; the status of a sector is STATUS + sector */
	STATUS = 31, /* + sector */
	CARD_SECURITY = 40, /* + sector */
	LDS = 50, /* + short identifier */
	PUBLIC = 85, /* EF.CardAccess, EF.DIR, EF.ATR/INFO */
	PIV = 90, /* + number in piv_tags */
	ITEMS = 120,
};

static const uint32_t piv_tags[] = { 0x5FC101, 0x5FC102, 0x5FC103, 0x5FC105, 0x5FC106, 0x5FC107,
				     0x5FC108, 0x5FC109, 0x5FC10A, 0x5FC10B, 0x5FC10C, 0x5FC10D,
				     0x5FC120, 0x5FC121, 0x5FC122, 0x5FC123, 0x5FFF00 };

struct fixture {
	struct eac_chain at, is;
	struct eac_card card;
	struct eac_terminal t;
	struct issuer gate_ca;
	struct eid_sector own, other;
	uint8_t aux[128];
	uint8_t *bytes[ITEMS];
	size_t len[ITEMS];
	bool seen[ITEMS];
};

static void item(struct fixture *f, unsigned i, struct sj_span content)
{
	if (content.len == 0)
		return;
	assert_true(i < ITEMS && f->bytes[i] == NULL);
	f->bytes[i] = malloc(content.len);
	assert_non_null(f->bytes[i]);
	memcpy(f->bytes[i], content.ptr, content.len);
	f->len[i] = content.len;
}

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
	item(f, i, unlike(parent, fid, bytes));
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

	item(f, LDS + 0x1C,
	     HEX("420B5554435643413030303031" /* EF.CVCA: UTCVCA00001 */
		 "0000000000000000000000000000000000000000000000"));
	item(f, LDS + 0x1E, HEX(COM_HEX));
	for (uint8_t sector = 0; sector < EAC_SECTORS; sector++)
		item(f, STATUS + sector, eid_content(EID_STATUS, sector, bytes));
	for (unsigned group = 1; group < EID_STATUS; group++)
		item(f, EID + group, eid_content(group, 0, bytes));
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
	for (unsigned i = 0; i < COUNT(piv_tags); i++)
		if (piv_get(b, piv_tags[i]) == SJ_SW_OK)
			item(f, PIV + i, b->data);
	assert_true(f->len[PIV + 3] > 0); /* the certificate of 9A */
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
	for (unsigned i = 0; i < ITEMS; i++)
		free(f->bytes[i]);
	free(f);
	return 0;
}

/* --- a terminal ------------------------------------------------------------------------- */

/* The certificate that the authority would sign for the row. */
static void certify(struct fixture *f, struct eac_chain *chain, const struct row *row)
{
	const struct sj_service service = service_of(row);
	const enum sj_cvc_terminal kind = chain->terminal.plan.rights.terminal;
	struct eid_plan plan = { .sector = (uint8_t)service.sector, .sectors = { &f->own } };
	struct sj_cvc_rights rights;

	assert_true(cv_rights_of_row(kind, &service, &rights));
	plan.bits = rights.bits;
	plan.extension = rights.extra[SJ_CVC_SOJOURN];
	eid_certify(chain, &plan);
}

/*
 * Power, and the whole procedure by a terminal that wants everything; auxiliary data: an age (NULL: none),
 * today, and a community.
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
	f->t.sector = sector_of(row);
	f->t.aux = sj_written(&w);
	if (row->access == SJ_SERVICE_CAN) {
		f->t.kind = SJ_PACE_CAN;
		f->t.password = CAN;
	}
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	return f->card.b;
}

/* --- brute force ---------------------------------------------------------------------------- */

/* Data of a good answer must be one of the items, whole. */
static void look(struct fixture *f)
{
	const struct bench *b = f->card.b;

	assert_true(b->secured); /* a session that is lost would hide what follows */
	if (b->data.len == 0)
		return;
	for (unsigned i = 0; i < ITEMS; i++) {
		if (f->len[i] > 0 && sj_span_eq(b->data, sj_span(f->bytes[i], f->len[i]))) {
			f->seen[i] = true;
			return;
		}
	}
	print_error("unknown data of %zu bytes\n", b->data.len);
	fail();
}

static void send(struct fixture *f, uint8_t cla, uint8_t ins, uint8_t p1, uint8_t p2,
		 struct sj_span data)
{
	const struct sj_apdu apdu = {
		.cla = cla, .ins = ins, .p1 = p1, .p2 = p2, .data = data, .ne = 65536
	};

	bench_send(f->card.b, &apdu);
}

static void read_by_short(struct fixture *f, uint8_t channel)
{
	for (uint8_t sfi = 0; sfi <= 30; sfi++) {
		send(f, channel, 0xB0, (uint8_t)(0x80 | sfi), 0, sj_span(NULL, 0));
		look(f);
	}
}

/* SELECT and READ BINARY, and READ BINARY of the odd instruction. */
static void read_by_fid(struct fixture *f, uint8_t channel, uint8_t high, uint8_t low)
{
	const uint8_t fid[] = { high, low };
	struct bench *b = f->card.b;

	send(f, channel, 0xB1, high, low, HEX("540100"));
	if (b->data.len > 3 && b->data.ptr[0] == 0x53)
		assert_int_equal(sj_tlv_take(&b->data, 0x53, &b->data), SJ_TLV_FOUND);
	look(f);
	send(f, channel, 0xA4, 0x02, 0x0C, SJ_SPAN_OF(fid));
	look(f);
	if (b->sw != SJ_SW_OK)
		return;
	send(f, channel, 0xB0, 0, 0, sj_span(NULL, 0));
	look(f);
}

/* GET DATA of both kinds, lists, serial numbers, what a key would prove. */
static void read_objects(struct fixture *f, uint8_t channel)
{
	static const char *const commands[] = {
		"80CA9F7F00",       "80CA004200",
		"80CA004500",       "80CA006600",
		"80CA006700",       "80CA00CF00",
		"80CA00E000",       "80CA00C100",
		"80F28002024F0000", "80F24002024F0000",
		"80F21002024F0000", "00F8000000",
		"00FD000000",       "00F7009A00",
		"00F99A0000",       "0088000008010203040506070800",
		"00870000027C0000", "0020008000",
		"0020009800",       "00860000027C0000",
		"8020800000",
	};
	uint8_t bytes[64];

	for (size_t i = 0; i < COUNT(commands); i++) {
		struct sj_apdu apdu;

		assert_true(sj_apdu_parse(hex(commands[i], bytes, sizeof(bytes)), &apdu));
		apdu.cla |= channel;
		bench_send(f->card.b, &apdu);
		look(f);
	}
	for (size_t i = 0; i < COUNT(piv_tags); i++) {
		struct sj_writer w = SJ_WRITER_OF(bytes);

		sj_put(&w, HEX("5C03"));
		sj_put_be(&w, 3, piv_tags[i]);
		send(f, channel, 0xCB, 0x3F, 0xFF, sj_written(&w));
		look(f);
	}
}

static void read_all(struct fixture *f, uint8_t channel)
{
	read_by_short(f, channel);
	for (uint8_t low = 0x01; low <= 0x1F; low++)
		read_by_fid(f, channel, 0x01, low);
	for (uint8_t sector = 0; sector < EAC_SECTORS; sector++)
		read_by_fid(f, channel, 0x1D, sector);
	read_by_fid(f, channel, 0x2F, 0x00);
	read_by_fid(f, channel, 0x2F, 0x01);
	read_objects(f, channel);
}

enum app { APP_MF, APP_LDS, APP_EID, APP_GATE, APP_PIV, APP_MANAGER };
#define APPS 6u

/* The selection may fail: then what was current before goes on. The answer is a name, no datum. */
static void select_app(struct fixture *f, uint8_t channel, unsigned app)
{
	static const char *const names[APPS] = { "",
						 "A0000002471001",
						 EID_AID,
						 "F0534F4A4F55524E01",
						 "A000000308000010000100",
						 "A000000151000000" };
	struct bench *b = f->card.b;

	if (app == APP_MF)
		send(f, channel, 0xA4, 0x00, 0x0C, sj_span(NULL, 0));
	else
		send(f, channel, 0xA4, 0x04, 0x0C, HEX(names[app]));
	assert_int_equal(b->data.len, 0);
	/* A channel that announced a CHAT sees neither keys nor the manager. */
	if (app == APP_PIV || app == APP_MANAGER)
		assert_int_equal(b->sw, SJ_SW_NOT_FOUND);
}

/* --- what it gets ------------------------------------------------------------------------------- */

static void expect_groups(const struct row *row, bool expected[static ITEMS])
{
	for (size_t i = 0; i < COUNT(learnt); i++)
		for (size_t k = 0; k < 2; k++)
			if (learnt[i].groups[k] != 0 && has(row, learnt[i].right))
				expected[EID + learnt[i].groups[k]] = true;
	expected[STATUS + sector_of(row)] = true; /* valid */
	expected[CARD_SECURITY + sector_of(row)] = true;
	for (unsigned i = 0; i < 3; i++)
		expected[PUBLIC + i] = true;
}

/* An inspection system: every group, and the document but for DG4. */
static void expect_document(const struct fixture *f, bool expected[static ITEMS])
{
	for (unsigned i = EID; i < EID + EID_STATUS; i++)
		expected[i] = f->len[i] > 0;
	for (unsigned i = LDS; i < PUBLIC; i++)
		expected[i] = f->len[i] > 0;
	expected[LDS + 4] = false;
}

static void check(struct fixture *f, const struct row *row, const bool expected[static ITEMS])
{
	for (unsigned i = 0; i < ITEMS; i++) {
		if (f->seen[i] == expected[i])
			continue;
		print_error("%s: item %u %s\n", row->name, i,
			    f->seen[i] ? "was told" : "is missing");
		fail();
	}
	memset(f->seen, 0, sizeof(f->seen));
}

/* Every pair of applications one after the other, of all six, each once. */
static void walk_pairs(struct fixture *f)
{
	for (unsigned first = 0; first < APPS; first++) {
		for (unsigned second = first; second < APPS; second++) {
			select_app(f, 0, first);
			read_all(f, 0);
			if (second == first)
				continue;
			select_app(f, 0, second);
			read_all(f, 0);
		}
	}
}

static void test_every_row_reads_its_fields(void **state)
{
	struct fixture *f = *state;

	for (const struct row *row = rows; row < rows + ROWS; row++) {
		bool expected[ITEMS] = { false };

		certify(f, &f->at, row);
		come(f, &f->at, row, NULL);
		walk_pairs(f);
		expect_groups(row, expected);
		check(f, row, expected);
	}
}

/* Every three in every order, on two channels by turns. */
static void test_every_order_of_three(void **state)
{
	struct fixture *f = *state;
	const struct row *row = &rows[25]; /* hotel check-in */
	bool expected[ITEMS] = { false };
	uint8_t channel = 0;

	certify(f, &f->at, row);
	come(f, &f->at, row, NULL);
	assert_int_equal(bench_do(f->card.b, "0070000101"), SJ_SW_OK);
	for (unsigned i = 0; i < APPS * APPS * APPS; i++) {
		select_app(f, channel, i / (APPS * APPS));
		select_app(f, channel, i / APPS % APPS);
		select_app(f, channel, i % APPS);
		read_all(f, channel);
		channel ^= 1;
	}
	expect_groups(row, expected);
	check(f, row, expected);
}

static void test_the_border_reads_the_document(void **state)
{
	struct fixture *f = *state;
	const struct row *border = &rows[29];
	bool expected[ITEMS] = { false };

	certify(f, &f->is, border);
	come(f, &f->is, border, NULL);
	walk_pairs(f);
	expect_groups(border, expected);
	expect_document(f, expected);
	check(f, border, expected);
}

/* No other row can be an inspection system's, which would read all of the document. */
static void test_no_other_row_inspects(void **state)
{
	struct sj_cvc_rights rights;

	(void)state;
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		const struct sj_service service = service_of(row);

		assert_int_equal(cv_rights_of_row(SJ_CVC_INSPECTION, &service, &rights),
				 row == &rows[29]);
	}
}

/* The holder allowed the name alone. */
static void test_a_holder_may_allow_less(void **state)
{
	struct fixture *f = *state;
	const struct row *hotel = &rows[25];
	static const struct row less = { "accommodation", "name only", SJ_SERVICE_PIN, "name" };
	bool expected[ITEMS] = { false };

	certify(f, &f->at, hotel);
	bench_power(f->card.b);
	eac_terminal(&f->t, &f->card, &f->at);
	f->t.sector = sector_of(hotel);
	f->t.chat =
		(struct sj_cvc_rights){ .terminal = SJ_CVC_AUTHENTICATION,
					.bits = 1u << SJ_AT_READ_DG(4) | 1u << SJ_AT_READ_DG(5) };
	assert_int_equal(eac_until(&f->t, EAC_CA), SJ_SW_OK);
	walk_pairs(f);
	expect_groups(&less, expected);
	expected[STATUS + sector_of(hotel)] = false;
	check(f, &less, expected);
}

/* The interface makes no difference to a terminal that announced its rights. */
static void test_on_contact_a_row_is_the_same(void **state)
{
	struct fixture *f = *state;
	const struct row *row = &rows[25];
	bool expected[ITEMS] = { false };

	bench_insert(f->card.b, CARD_CONTACT);
	certify(f, &f->at, row);
	come(f, &f->at, row, NULL);
	walk_pairs(f);
	expect_groups(row, expected);
	check(f, row, expected);
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
		if (i == 29) /* all */
			continue;
		json_array_foreach(rights, k, right)
			assert_true(has(&rows[i], json_string_value(right)));
		for (const char *at = rows[i].rights; at != NULL; at = strchr(at + 1, ' '))
			k--;
		assert_int_equal(k, 0);
	}
	json_decref(root);
}

/* --- what it is told by yes and no ----------------------------------------------------------------- */

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
			assert_int_equal(eid_ask(b, 1),
					 has(row, ages[i].right) ? answer : SJ_SW_SECURITY_STATUS);
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
		const bool may = has(row, "pseudonym");
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

/* --- writing, and lesser ways in ----------------------------------------------------------------------- */

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

/* Before rights are in force a terminal that announced a CHAT sees what is public, at every step. */
static void test_before_rights_are_in_force_nothing_is_told(void **state)
{
	struct fixture *f = *state;
	const struct row *row = &rows[25];

	certify(f, &f->at, row);
	for (enum eac_step last = EAC_PACE; last < EAC_CA; last++) {
		bool expected[ITEMS] = { false };

		bench_power(f->card.b);
		eac_terminal(&f->t, &f->card, &f->at);
		f->t.sector = sector_of(row);
		assert_int_equal(eac_until(&f->t, last), SJ_SW_OK);
		for (unsigned app = 0; app < APPS; app++) {
			select_app(f, 0, app);
			read_all(f, 0);
		}
		for (unsigned i = 0; i < 3; i++)
			expected[PUBLIC + i] = true;
		/* EF.CardSecurity is for terminals that were authenticated. */
		expected[CARD_SECURITY + sector_of(row)] = last >= EAC_TA;
		check(f, row, expected);
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
