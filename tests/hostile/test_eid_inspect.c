/* Fingerprints: an inspection system at eID cards and at plain documents. */
#include "tests/hostile/eid.h"

#define FINGER "\x63\x03\x7F\x61\x00"

static struct eid_plan inspection(bool plain)
{
	struct eid_plan plan = eid_plan();

	plan.kind = SJ_CVC_INSPECTION;
	plan.plain = plain;
	plan.rights = EID_HOTEL | SJ_RIGHT_FINGERPRINT;
	return plan;
}

static bool has_finger(const struct eid_rig *r)
{
	const uint8_t *bytes;
	size_t len;

	if (!sj_answer_fingerprint(r->answer, &bytes, &len))
		return false;
	assert_int_equal(len, sizeof(FINGER) - 1);
	assert_memory_equal(bytes, FINGER, len);
	return true;
}

static uint32_t granted(const struct eid_rig *r)
{
	struct sj_answer_info info = { .size = sizeof(info) };

	assert_true(sj_answer_get_info(r->answer, &info));
	return info.granted & ~info.absent;
}

static struct eid_rig *asked(struct eid_plan plan)
{
	struct eid_rig *r = eid_new(&plan);

	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	return r;
}

static void an_eid_card_shows_its_finger_to_a_border(void **state)
{
	struct eid_rig *r = asked(inspection(false));

	(void)state;
	assert_true(has_finger(r));
	assert_int_equal(granted(r), r->plan.rights);
	assert_string_equal(eid_said(r, "surname"), "Eriksson");
	assert_int_equal(eid_check(r, SJ_ANSWER_EXPIRY).state, SJ_CHECK_PASSED);
	eid_free(r);
}

static void a_row_with_pin_is_one_for_an_inspection_system_too(void **state)
{
	const struct eid_plan plan = inspection(false);
	struct eid_rig *r = eid_new(&plan);

	(void)state;
	r->service.access = SJ_SERVICE_PIN;
	assert_int_equal(eid_ask(r, NULL), SJ_PIN_NEEDED);
	eid_free(r);
}

static void without_the_bit_no_finger(void **state)
{
	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		struct eid_plan plan = inspection(plain == 1);
		struct eid_rig *r;

		plan.rights &= ~(uint32_t)SJ_RIGHT_FINGERPRINT;
		r = eid_new(&plan);
		r->service.rights |= SJ_RIGHT_FINGERPRINT;
		eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
		assert_false(has_finger(r));
		assert_int_equal(granted(r) & SJ_RIGHT_FINGERPRINT, 0);
		eid_free(r);
	}
}

static void an_expired_card_is_seen_by_its_date(void **state)
{
	struct eid_plan plan = inspection(false);
	struct eid_rig *r;

	(void)state;
	plan.expiry = "20260920";
	r = eid_new(&plan);
	eid_assert(r, SJ_VERDICT_EXPIRED, SJ_DOCUMENT_EXPIRED);
	eid_free(r);
}

/* A byte of a file of the LDS application in the card's own memory. */
static void alter(struct eid_rig *r, uint32_t file_id)
{
	static uint8_t bytes[SJ_SOD_MAX];
	const uint32_t object = CARD_OBJECT_EMRTD + 0x20000u + file_id;
	struct card_store *store = r->d->bench->store;
	struct sj_span stored;

	assert_true(card_store_get(store, object, &stored));
	memcpy(bytes, stored.ptr, stored.len);
	bytes[stored.len - 1] ^= 1;
	assert_true(card_store_set(store, object, sj_span(bytes, stored.len)));
	assert_int_equal(card_store_commit(store), CARD_STORE_OK);
}

static void a_finger_or_an_object_that_was_changed_is_a_forgery(void **state)
{
	static const struct {
		uint32_t file_id;
		enum sj_rc reason;
	} cases[] = { { 0x0103, SJ_HASH_MISMATCH }, { 0x011D, SJ_SOD_SIGNATURE } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct eid_plan plan = inspection(false);
		struct eid_rig *r = eid_new(&plan);

		alter(r, cases[i].file_id);
		eid_assert(r, SJ_VERDICT_NOT_GENUINE, cases[i].reason);
		assert_int_equal(eid_count(r), 0);
		assert_false(has_finger(r));
		eid_free(r);
	}
}

static void a_plain_document_opens_its_finger(void **state)
{
	struct eid_rig *r = asked(inspection(true));
	struct sj_answer_info info = { .size = sizeof(info) };

	(void)state;
	assert_true(has_finger(r));
	assert_true(sj_answer_get_info(r->answer, &info));
	assert_false(info.eid);
	assert_int_equal(info.enforced_by, SJ_LIMIT_TERMINAL);
	assert_int_equal(eid_check(r, SJ_ANSWER_TERMINAL).state, SJ_CHECK_PASSED);
	eid_free(r);
}

static void a_plain_document_that_does_not_believe_tells_the_rest(void **state)
{
	struct eid_plan plan = inspection(true);
	struct eid_rig *r;

	(void)state;
	plan.rollover = plan.no_links = true;
	r = asked(plan);
	assert_false(has_finger(r));
	assert_int_equal(granted(r) & SJ_RIGHT_FINGERPRINT, 0);
	assert_string_equal(eid_said(r, "surname"), "ERIKSSON");
	eid_free(r);
}

static void sj_document_verify_never_opens_a_finger(void **state)
{
	const struct eid_plan plan = inspection(true);
	struct eid_rig *r = eid_new(&plan);
	const uint8_t *bytes;
	size_t len;

	(void)state;
	assert_verdict(r->d, SJ_VERDICT_GENUINE, SJ_OK);
	assert_false(sj_report_file(r->d->report, "DG3", &bytes, &len));
	eid_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_eid_card_shows_its_finger_to_a_border),
		cmocka_unit_test(a_row_with_pin_is_one_for_an_inspection_system_too),
		cmocka_unit_test(without_the_bit_no_finger),
		cmocka_unit_test(an_expired_card_is_seen_by_its_date),
		cmocka_unit_test(a_finger_or_an_object_that_was_changed_is_a_forgery),
		cmocka_unit_test(a_plain_document_opens_its_finger),
		cmocka_unit_test(a_plain_document_that_does_not_believe_tells_the_rest),
		cmocka_unit_test(sj_document_verify_never_opens_a_finger),
	};

	return cmocka_run_group_tests_name("eid_inspect", tests, NULL, NULL);
}
