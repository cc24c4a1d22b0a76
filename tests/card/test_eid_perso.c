/* The eID application: what personalisation takes, what the lock asks for, power at each write. */
#include <stdio.h>

#include "applets/eid/state.h"
#include "tests/card/eid_rig.h"
#include "tests/card/store_rig.h"

/* --- groupings ---------------------------------------------------------------------- */

static struct bench *blank(void)
{
	struct bench *b = bench_new();

	bench_manage(b);
	assert_int_equal(bench_do(b, EID_INSTALL), SJ_SW_OK);
	b->block = 0;
	return b;
}

static int setup(void **state)
{
	*state = blank();
	return 0;
}

static int teardown(void **state)
{
	bench_free(*state);
	return 0;
}

static void test_malformed_groupings_are_refused(void **state)
{
	static const struct {
		uint16_t dgi;
		const char *value;
		uint16_t sw;
	} cases[] = {
		{ 0x0000, "00", SJ_SW_WRONG_DATA },
		{ 0x0001, "", SJ_SW_WRONG_DATA },
		{ 0x0001, "0400000000", SJ_SW_WRONG_DATA }, /* no bytes */
		{ 0x0001, "00000000006400", SJ_SW_WRONG_DATA }, /* group 0 */
		{ 0x0001, "1F000000006400", SJ_SW_WRONG_DATA }, /* group 31 */
		{ 0x0001, "04010000006400", SJ_SW_WRONG_DATA }, /* a sector, and not the status */
		{ 0x0001, "1E000000007E00", SJ_SW_WRONG_DATA }, /* a status without sector */
		{ 0x0001, "1E080000007E00", SJ_SW_WRONG_DATA },
		{ 0x0001, "04000000016400", SJ_SW_WRONG_DATA }, /* behind nothing */
		{ 0x0002, "0D", SJ_SW_WRONG_DATA },
		{ 0x0002, "0D0100", SJ_SW_WRONG_DATA },
		{ 0x0002, "0001", SJ_SW_WRONG_DATA }, /* no such curve */
		{ 0x0002, "0D80", SJ_SW_WRONG_DATA },
		{ 0x0003, "3139373430383132323033303132", SJ_SW_WRONG_DATA },
		{ 0x0003, "31393734303831583230333031323331", SJ_SW_WRONG_DATA },
		{ 0x0004, "00", SJ_SW_REFERENCE_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(bench_dgi_hex(*state, cases[i].dgi, cases[i].value), cases[i].sw);
}

static void test_a_group_comes_in_pieces(void **state)
{
	struct bench *b = *state;
	struct sj_span stored;

	assert_int_equal(eid_group_dgi(b, 4, 0, 0, HEX("640C0C0A")), SJ_SW_OK);
	assert_int_equal(eid_group_dgi(b, 4, 0, 3, HEX("41")), SJ_SW_WRONG_DATA);
	assert_int_equal(eid_group_dgi(b, 4, 0, 5, HEX("41")), SJ_SW_WRONG_DATA);
	assert_int_equal(eid_group_dgi(b, 4, 0, 4, HEX("414E4E41")), SJ_SW_OK);
	assert_int_equal(eid_group_dgi(b, 4, 0, 8, HEX("204D41524941")), SJ_SW_OK);
	assert_true(eid_group(b->store, 4, 0, &stored));
	assert_true(sj_span_eq(stored, HEX("640C0C0A414E4E41204D41524941")));
	assert_int_equal(eid_group_dgi(b, 4, 0, 0, HEX("6400")), SJ_SW_OK); /* anew */
	assert_true(eid_group(b->store, 4, 0, &stored));
	assert_int_equal(stored.len, 2);
}

static void test_a_group_has_a_largest_size(void **state)
{
	struct bench *b = *state;
	uint8_t bytes[1024] = { 0 };
	uint32_t at = 0;

	for (; at < 0x10000; at += sizeof(bytes))
		assert_int_equal(eid_group_dgi(b, 26, 0, at, SJ_SPAN_OF(bytes)), SJ_SW_OK);
	assert_int_equal(eid_group_dgi(b, 26, 0, at, sj_span(bytes, 1)), SJ_SW_NO_SPACE);
}

static void test_begin_forgets(void **state)
{
	struct bench *b = *state;
	uint32_t id = CARD_OBJECT_EID;

	eid_personalise_all(b, NULL);
	assert_true(card_store_next(b->store, &id) && id < EID_OBJECT_END);
	assert_int_equal(bench_dgi_hex(b, 0x0000, ""), SJ_SW_OK);
	id = CARD_OBJECT_EID;
	assert_false(card_store_next(b->store, &id) && id < EID_OBJECT_END);
}

static void test_its_files_are_shown(void **state)
{
	struct bench *b = *state;
	struct card_applet_info info;
	struct card_file_info file;
	size_t applet = 0, i = 0;

	eid_personalise_all(b, NULL);
	while (card_applet_at(b->card, applet, &info) && strcmp(info.name, "eID") != 0)
		applet++;
	for (unsigned group = 1; group <= EID_GROUPS; group++) {
		char name[12];

		if (group == EID_ABSENT)
			continue;
		snprintf(name, sizeof(name), "EF.DG%u", group);
		assert_true(card_file_at(b->card, applet, i++, &file));
		assert_string_equal(file.name, name);
		assert_int_equal(file.fid, 0x0100 + group);
		assert_true(file.size > 0);
	}
	assert_false(card_file_at(b->card, applet, i, &file));
}

/* --- the lock ----------------------------------------------------------------------------- */

struct lock_room {
	struct eac_chain at;
	struct eac_card card;
};

/* Everything but the lock. */
static int lock_setup(void **state)
{
	struct lock_room *r = calloc(1, sizeof(*r));
	struct eac_plan plan = {
		.flags = CARD_EAC_EID, .date = EAC_2026, .keys = true, .unlocked = true
	};

	assert_non_null(r);
	eac_chain(&r->at, "P-256", SJ_CVC_AUTHENTICATION);
	plan.anchors[0] = eac_made(&r->at.cvca);
	eac_issue(&r->card, &plan);
	*state = r;
	return 0;
}

static int lock_teardown(void **state)
{
	struct lock_room *r = *state;

	bench_free(r->card.b);
	eac_chain_forget(&r->at);
	free(r);
	return 0;
}

static uint16_t lock(struct bench *b)
{
	bench_manage(b);
	return bench_do(b, LOCK);
}

/* Without this object it cannot be locked; with it again it can. */
static void missing(struct bench *b, uint32_t object)
{
	uint8_t bytes[1024];
	struct sj_span stored;
	size_t n;

	assert_true(card_store_get(b->store, object, &stored));
	n = stored.len;
	memcpy(bytes, stored.ptr, n);
	assert_true(card_store_delete(b->store, object));
	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	assert_true(card_store_set(b->store, object, sj_span(bytes, n)));
}

static void test_the_lock_asks_for_what_is_needed(void **state)
{
	struct bench *b = ((struct lock_room *)*state)->card.b;

	missing(b, eid_group_object(3, 0));
	missing(b, eid_group_object(8, 0));
	missing(b, EID_OBJECT_RI + 1);
	missing(b, EID_OBJECT_COMPARED);
	assert_true(card_store_delete(b->store, eid_group_object(4, 0)));
	missing(b, eid_group_object(5, 0)); /* one of the names is enough */
	assert_int_equal(lock(b), SJ_SW_OK);
}

static void test_the_lock_reads_every_group(void **state)
{
	struct bench *b = ((struct lock_room *)*state)->card.b;
	uint8_t bytes[1024], whole[1024];

	for (unsigned group = 1; group <= EID_GROUPS; group++) {
		const uint8_t sector = group == EID_STATUS ? 7 : 0;
		const uint32_t object = eid_group_object(group, sector);
		const struct sj_span content = eid_content(group, sector, whole);

		if (content.len == 0)
			continue;
		memcpy(bytes, content.ptr, content.len);
		bytes[0] ^= 1; /* another group's tag */
		assert_true(card_store_set(b->store, object, sj_span(bytes, content.len)));
		assert_int_equal(lock(b), SJ_SW_CONDITIONS);
		assert_true(card_store_set(b->store, object, sj_span(whole, 3)));
		assert_int_equal(lock(b), SJ_SW_CONDITIONS);
		assert_true(card_store_set(b->store, object, content));
	}
	assert_int_equal(lock(b), SJ_SW_OK);
}

static void test_a_plain_document_takes_no_groups(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_install(b);
	assert_int_equal(bench_dgi_hex(b, 0x0001, ACCESS_BOTH), SJ_SW_OK);
	bench_perso_files(b);
	eid_personalise_all(b, NULL);
	assert_int_equal(lock(b), SJ_SW_CONDITIONS);
	bench_manage(b);
	assert_int_equal(bench_do(b, EID_INSTALL), SJ_SW_OK);
	b->block = 0;
	assert_int_equal(bench_dgi_hex(b, 0x0000, ""), SJ_SW_OK);
	assert_int_equal(lock(b), SJ_SW_OK);
	bench_free(b);
}

static void test_an_issued_card_takes_no_groupings(void **state)
{
	struct bench *b = ((struct lock_room *)*state)->card.b;

	assert_int_equal(lock(b), SJ_SW_OK);
	bench_power(b);
	bench_insert(b, CARD_CONTACT);
	bench_manage(b);
	assert_int_not_equal(bench_do(b, EID_INSTALL), SJ_SW_OK);
}

/* --- power ----------------------------------------------------------------------------------- */

#define OLD "KOELN"
#define NEW "ESSEN"

static void visit(struct eac_terminal *t, struct eac_card *c, const struct eac_chain *at)
{
	bench_power(c->b);
	eac_terminal(t, c, at);
	assert_int_equal(eac_until(t, EAC_CA), SJ_SW_OK);
	assert_int_equal(bench_do(c->b, EID_SELECT), SJ_SW_OK);
}

/* An address is the old one or the new one, whichever write was the last. */
static void test_an_update_at_every_write(void **state)
{
	struct room *room = *state;
	struct lock_room *r = calloc(1, sizeof(*r));
	struct eac_card *c = &r->card;
	struct eac_plan plan = { .flags = CARD_EAC_EID, .date = EAC_2026, .keys = true };
	struct eac_terminal t;
	unsigned k = 1, calls, seen[2] = { 0 };

	assert_non_null(r);
	eac_chain(&r->at, "P-256", SJ_CVC_AUTHENTICATION);
	plan.anchors[0] = eac_made(&r->at.cvca);
	c->b = bench_new_in(create(room));
	bench_install(c->b);
	eac_personalise(c, c->b, &plan);
	eid_personalise_all(c->b, NULL);
	bench_lock(c->b);
	do {
		uint16_t sw;
		bool is_new;

		visit(&t, c, &r->at);
		room->calls = 0;
		room->fail_at = k;
		room->fail_on = true;
		sw = bench_do(c->b, "00D69108054553"
				    "53454E");
		calls = room->calls;
		room->fail_at = 0;
		card_free(c->b->card);
		c->b->card = NULL;
		c->b->store = reopen(room, c->b->store);
		bench_insert(c->b, CARD_CONTACTLESS);
		visit(&t, c, &r->at);
		assert_int_equal(bench_do(c->b, "00B0910805"), SJ_SW_OK);
		is_new = sj_span_eq(c->b->data, SJ_SPAN_STR(NEW));
		assert_true(is_new || sj_span_eq(c->b->data, SJ_SPAN_STR(OLD)));
		assert_true(is_new || sw != SJ_SW_OK);
		seen[is_new]++;
		assert_int_equal(bench_do(c->b, "00D6910805"
						"4B4F454C4E"),
				 SJ_SW_OK);
	} while (calls >= k++);
	assert_true(seen[0] > 0 && seen[1] > 0);
	bench_free(c->b);
	eac_chain_forget(&r->at);
	free(r);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define LOCK_CASE(test) cmocka_unit_test_setup_teardown(test, lock_setup, lock_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_malformed_groupings_are_refused),
		CASE(test_a_group_comes_in_pieces),
		CASE(test_a_group_has_a_largest_size),
		CASE(test_begin_forgets),
		CASE(test_its_files_are_shown),
		LOCK_CASE(test_the_lock_asks_for_what_is_needed),
		LOCK_CASE(test_the_lock_reads_every_group),
		cmocka_unit_test(test_a_plain_document_takes_no_groups),
		LOCK_CASE(test_an_issued_card_takes_no_groupings),
		STORE_CASE(test_an_update_at_every_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
