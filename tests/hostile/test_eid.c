/* What a service is told by an eID card, and which verdict it gets: every row of SERVICE.md. */
#include "tests/hostile/eid.h"

static void a_genuine_card_tells_a_hotel_what_it_may_know(void **state)
{
	const struct eid_plan plan = eid_plan();
	struct eid_rig *r = eid_new(&plan);
	struct sj_answer_info info = { .size = sizeof(info) };
	struct sj_statistics statistics = { .size = sizeof(statistics) };

	(void)state;
	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	assert_string_equal(eid_said(r, "surname"), "Eriksson");
	assert_string_equal(eid_said(r, "given-names"), "Anna Maria");
	assert_string_equal(eid_said(r, "birth-date"), "1974-08-12");
	assert_string_equal(eid_said(r, "expiry"), "2031-09-20");
	assert_string_equal(eid_said(r, "document-number"), "L898902C3");
	assert_string_equal(eid_said(r, "home-passport-number"), "P1234567");
	assert_string_equal(eid_said(r, "entry-record"), "2026-09-01 entry Port of Zenith");
	assert_string_equal(eid_said(r, "address"), "");
	assert_true(sj_answer_get_info(r->answer, &info));
	assert_true(info.eid);
	assert_int_equal(info.enforced_by, SJ_LIMIT_CARD);
	assert_int_equal(info.granted, EID_HOTEL);
	assert_int_equal(info.absent, 0);
	assert_int_equal(info.status_epoch, EID_EPOCH);
	assert_true(sj_answer_statistics(r->answer, &statistics));
	print_message("# %u APDUs, %u bytes\n", statistics.apdus,
		      statistics.bytes_sent + statistics.bytes_received);
	eid_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_genuine_card_tells_a_hotel_what_it_may_know),
	};

	return cmocka_run_group_tests_name("eid", tests, NULL, NULL);
}
