/* A plain identity document asked for a service: what is told, what stays on the card, what is signed. */
#include <sojourn/service.h>

#include "eid/terminal.h"
#include "secure/gate.h"
#include "tests/hostile/issued.h"
#include "tests/unit/status_rig.h"

#define STALE (3 * 86400u)

/* A document that has everything, and what was asked of it last. */
struct asked {
	struct issued *d;
	struct sj_service row;
	struct sj_service_options options;
	struct sj_access *access;
	struct sj_terminal *terminal;
	struct sj_answer *answer;
};

static struct plan full_plan(void)
{
	struct plan plan = issued_plan();

	plan.aa = SJ_P256;
	plan.details = plan.persons = true;
	return plan;
}

static void begin(struct asked *a, struct plan plan, uint32_t rights)
{
	*a = (struct asked){ .d = issued_new(&plan), .options = SJ_SERVICE_OPTIONS_INIT };
	a->row = (struct sj_service){ .size = sizeof(a->row),
				      .id = 26,
				      .sector = SJ_SECTOR_ACCOMMODATION,
				      .access = SJ_SERVICE_CAN,
				      .stale = STALE,
				      .rights = rights | SJ_RIGHT_VALID };
	a->options.now = NOW;
	assert_int_equal(sj_access_can(HOLDER_CAN, 6, &a->access), SJ_OK);
}

static enum sj_rc ask(struct asked *a)
{
	sj_answer_free(a->answer);
	a->answer = NULL;
	return sj_service_verify(a->d->card, a->d->trust, a->terminal, &a->row, a->access,
				 &a->options, &a->answer);
}

static void end(struct asked *a)
{
	sj_answer_free(a->answer);
	sj_access_free(a->access);
	issued_free(a->d);
}

/* "surname=ERIKSSON given-names=..." of all that is told. */
static const char *told(const struct asked *a, char out[static 512])
{
	struct sj_datum datum = { .size = sizeof(datum) };
	size_t len = 0;

	out[0] = 0;
	for (size_t i = 0; sj_answer_datum(a->answer, i, &datum); i++)
		len += (size_t)snprintf(out + len, 512 - len, "%s%s=%s", i > 0 ? "; " : "",
					datum.name, datum.value);
	return out;
}

static bool shows_face(const struct asked *a)
{
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	return sj_answer_portrait(a->answer, &bytes, &len, &mime);
}

static struct sj_answer_info info_of(const struct asked *a)
{
	struct sj_answer_info info = { .size = sizeof(info) };

	assert_true(sj_answer_get_info(a->answer, &info));
	return info;
}

static void assert_answer(const struct asked *a, enum sj_verdict verdict, enum sj_rc reason)
{
	assert_int_equal(sj_answer_verdict(a->answer), verdict);
	assert_int_equal(sj_answer_reason(a->answer), reason);
}

/* --- what is told -------------------------------------------------------------------- */

static void a_hotel_gets_its_row_and_no_more(void **state)
{
	struct asked a;
	char text[512];

	(void)state;
	begin(&a, full_plan(),
	      SJ_RIGHT_NAME | SJ_RIGHT_NATIONALITY | SJ_RIGHT_BIRTH_DATE |
		      SJ_RIGHT_DOCUMENT_NUMBER | SJ_RIGHT_EXPIRY | SJ_RIGHT_PORTRAIT |
		      SJ_RIGHT_ENTRY_RECORDS | SJ_RIGHT_HOME_PASSPORT);
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_GENUINE, SJ_OK);
	assert_string_equal(told(&a, text),
			    "surname=ERIKSSON; given-names=ANNA MARIA; birth-date=1974-08-12; "
			    "nationality=UTO; document-number=L898902C3; expiry=2031-09-20");
	assert_true(shows_face(&a));
	assert_false(info_of(&a).eid);
	assert_int_equal(info_of(&a).enforced_by, SJ_LIMIT_TERMINAL);
	assert_int_equal(info_of(&a).absent, SJ_RIGHT_ENTRY_RECORDS | SJ_RIGHT_HOME_PASSPORT);
	end(&a);
}

static void an_age_is_told_without_the_birth_date(void **state)
{
	struct asked a;
	char text[512];

	(void)state;
	begin(&a, full_plan(),
	      SJ_RIGHT_AGE_FIRST << 3 | SJ_RIGHT_AGE_FIRST << 5 | SJ_RIGHT_INSURANCE_NUMBER);
	assert_int_equal(ask(&a), SJ_OK);
	assert_string_equal(told(&a, text), "age-over-18=yes; age-over-60=no");
	assert_false(shows_face(&a));
	assert_int_equal(info_of(&a).absent, SJ_RIGHT_INSURANCE_NUMBER);
	end(&a);
}

static void address_phone_and_contact_come_from_groups_of_their_own(void **state)
{
	struct asked a;
	char text[512];

	(void)state;
	begin(&a, full_plan(), SJ_RIGHT_ADDRESS | SJ_RIGHT_PHONE | SJ_RIGHT_EMERGENCY);
	assert_int_equal(ask(&a), SJ_OK);
	assert_string_equal(told(&a, text), "address=Harbour Road 7, Zenith; phone=+990 123 4567; "
					    "emergency-contact=Eriksson, Erik, +990 765 4321");
	end(&a);
}

static void the_terminal_narrows_its_row(void **state)
{
	struct asked a;
	char text[512];

	(void)state;
	begin(&a, full_plan(), SJ_RIGHT_NAME | SJ_RIGHT_PORTRAIT | SJ_RIGHT_AGE_FIRST << 3);
	a.options.only = SJ_RIGHT_AGE_FIRST << 3 | SJ_RIGHT_ADDRESS;
	assert_int_equal(ask(&a), SJ_OK);
	assert_string_equal(told(&a, text), "age-over-18=yes");
	assert_false(shows_face(&a));
	assert_int_equal(info_of(&a).asked, SJ_RIGHT_VALID | SJ_RIGHT_AGE_FIRST << 3);
	end(&a);
}

static void a_certificate_narrows_it_too(void **state)
{
	struct sj_terminal terminal = { .rights = { .terminal = SJ_CVC_AUTHENTICATION } };
	struct asked a;
	char text[512];

	(void)state;
	terminal.rights = sj_rights_ask(SJ_RIGHT_VALID | SJ_RIGHT_NATIONALITY);
	terminal.own.cvc.until = terminal.dv.cvc.until = NOW + DAY;
	terminal.own.cvc.holder = SJ_SPAN_STR("UTHOTEL00001");
	terminal.own.cvc.authority = SJ_SPAN_STR("UTDV00001");
	begin(&a, full_plan(), SJ_RIGHT_NAME | SJ_RIGHT_NATIONALITY);
	a.terminal = &terminal;
	assert_int_equal(ask(&a), SJ_OK);
	assert_string_equal(told(&a, text), "nationality=UTO");
	assert_int_equal(info_of(&a).granted, SJ_RIGHT_VALID | SJ_RIGHT_NATIONALITY);
	end(&a);
}

/* What each check is of: the document's checks, summed up under the names of an eID card's. */
static void the_checks_are_those_of_the_document(void **state)
{
	struct sj_check check = { .size = sizeof(check) };
	struct plan plan = full_plan();
	struct asked a;

	(void)state;
	plan.withheld = 1u << 11;
	plan.details = true;
	begin(&a, plan, SJ_RIGHT_NAME | SJ_RIGHT_ADDRESS);
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_NOT_GENUINE, SJ_GROUP_WITHHELD);
	assert_true(sj_answer_get_check(a.answer, SJ_ANSWER_SECURITY, &check));
	assert_int_equal(check.state, SJ_CHECK_FAILED);
	assert_int_equal(check.reason, SJ_GROUP_WITHHELD);
	assert_true(sj_answer_get_check(a.answer, SJ_ANSWER_TERMINAL, &check));
	assert_int_equal(check.state, SJ_CHECK_NOT_DONE);
	assert_true(sj_answer_get_check(a.answer, SJ_ANSWER_CHIP, &check));
	assert_int_equal(check.state, SJ_CHECK_PASSED);
	assert_false(sj_answer_get_check(a.answer, SJ_ANSWER_CHECKS, &check));
	end(&a);
}

/* --- what is read ---------------------------------------------------------------------- */

/* Bytes that came from the card in all: what was not read did not come. */
static unsigned received(const struct asked *a)
{
	struct sj_statistics statistics = { .size = sizeof(statistics) };

	assert_true(sj_answer_statistics(a->answer, &statistics));
	return statistics.bytes_received;
}

static void what_is_not_for_the_service_is_not_read(void **state)
{
	struct asked a;
	unsigned least;

	(void)state;
	begin(&a, full_plan(), SJ_RIGHT_NAME);
	assert_int_equal(ask(&a), SJ_OK);
	least = received(&a);
	assert_in_range(least, 1, FACE_SIZE / 4);
	a.row.rights |= SJ_RIGHT_ADDRESS;
	assert_int_equal(ask(&a), SJ_OK);
	assert_true(received(&a) > least + a.d->len[SJ_DG11] / 2);
	a.row.rights |= SJ_RIGHT_PORTRAIT;
	assert_int_equal(ask(&a), SJ_OK);
	assert_true(received(&a) > least + FACE_SIZE);
	end(&a);
}

/* --- ages --------------------------------------------------------------------------------- */

static void assert_age(const char *birth, const char *expected)
{
	struct plan plan = full_plan();
	struct asked a;
	char text[512];

	plan.birth = birth;
	begin(&a, plan, SJ_RIGHT_AGE_FIRST << 3 | SJ_RIGHT_BIRTH_DATE);
	assert_int_equal(ask(&a), SJ_OK);
	assert_string_equal(told(&a, text), expected);
	end(&a);
}

/* NOW is 2026-09-21. */
static void eighteen_begins_on_the_birthday(void **state)
{
	(void)state;
	assert_age("080921", "age-over-18=yes; birth-date=2008-09-21");
	assert_age("080922", "age-over-18=no; birth-date=2008-09-22");
}

static void an_unknown_day_of_birth_counts_as_the_last(void **state)
{
	(void)state;
	assert_age("0809<<", "age-over-18=no; birth-date=2008-09");
	assert_age("0808<<", "age-over-18=yes; birth-date=2008-08");
	assert_age("08<<<<", "age-over-18=no; birth-date=2008");
	assert_age("<<<<<<", "");
}

/* --- who may ask ------------------------------------------------------------------------------ */

/* Neither for the CAN, nor for a PIN that it cannot check. */
static void a_plain_document_has_no_pin(void **state)
{
	struct asked a;

	(void)state;
	begin(&a, full_plan(), SJ_RIGHT_NAME);
	a.row.access = SJ_SERVICE_PIN;
	assert_int_equal(ask(&a), SJ_ACCESS_UNSUPPORTED);
	assert_null(a.answer);
	sj_access_free(a.access);
	assert_int_equal(sj_access_pin("123456", 6, &a.access), SJ_OK);
	assert_int_equal(ask(&a), SJ_ACCESS_UNSUPPORTED);
	a.row.access = SJ_SERVICE_CAN;
	assert_int_equal(ask(&a), SJ_SECRET_NEEDED);
	end(&a);
}

static void a_reader_without_a_keypad_takes_no_pin(void **state)
{
	struct asked a;

	(void)state;
	begin(&a, full_plan(), SJ_RIGHT_NAME);
	assert_false(sj_card_takes_pin(a.d->card, 1000));
	end(&a);
}

static void the_machine_readable_lines_open_it_too(void **state)
{
	struct plan plan = full_plan();
	struct asked a;
	char text[512];

	(void)state;
	plan.pace = false;
	plan.bac = true;
	begin(&a, plan, SJ_RIGHT_NATIONALITY);
	sj_access_free(a.access);
	assert_int_equal(sj_access_mrz(a.d->mrz, strlen(a.d->mrz), &a.access), SJ_OK);
	assert_int_equal(ask(&a), SJ_OK);
	assert_string_equal(told(&a, text), "nationality=UTO");
	end(&a);
}

/* --- what is signed ----------------------------------------------------------------------------- */

struct bound {
	const struct asked *a;
	unsigned calls;
	char told[512];
	enum sj_verdict verdict;
};

static bool bind_answer(void *user, const struct sj_answer *so_far, uint8_t out[8])
{
	struct bound *b = user;
	struct sj_datum datum = { .size = sizeof(datum) };
	struct sj_proof proof = { .size = sizeof(proof) };

	b->calls++;
	assert_true(sj_answer_datum(so_far, 0, &datum));
	snprintf(b->told, sizeof(b->told), "%s", datum.value);
	b->verdict = sj_answer_verdict(so_far);
	assert_false(sj_answer_proof(so_far, &proof));
	memcpy(out, "SERVICE!", 8);
	return true;
}

static void the_chip_signs_what_was_found(void **state)
{
	struct sj_proof proof = { .size = sizeof(proof) };
	struct bound bound = { .calls = 0 };
	struct asked a;

	(void)state;
	begin(&a, full_plan(), SJ_RIGHT_NATIONALITY);
	a.options.challenge = bind_answer;
	a.options.user = &bound;
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(bound.calls, 1);
	assert_string_equal(bound.told, "UTO");
	assert_int_equal(bound.verdict, SJ_VERDICT_GENUINE);
	assert_true(sj_answer_proof(a.answer, &proof));
	assert_int_equal(proof.kind, SJ_PROOF_SIGNED);
	assert_memory_equal(proof.challenge, "SERVICE!", 8);
	assert_true(sj_aa_verify(sj_span(proof.key, proof.key_len), SJ_SHA256, proof.challenge,
				 sj_span(proof.answer, proof.answer_len)));
	assert_int_equal(proof.statement_len, a.d->len[SJ_EF_SOD]);
	assert_int_equal(proof.groups_len, a.d->len[SJ_DG14] + a.d->len[SJ_DG15]);
	assert_memory_equal(proof.groups + a.d->len[SJ_DG14], a.d->bytes[SJ_DG15],
			    a.d->len[SJ_DG15]);
	end(&a);
}

static bool no_challenge(void *user, const struct sj_answer *so_far, uint8_t out[8])
{
	(void)user;
	(void)so_far;
	(void)out;
	return false;
}

static void without_a_challenge_nothing_is_handed_out(void **state)
{
	struct asked a;

	(void)state;
	begin(&a, full_plan(), SJ_RIGHT_NATIONALITY);
	a.options.challenge = no_challenge;
	assert_int_equal(ask(&a), SJ_CRYPTO_FAILED);
	assert_null(a.answer);
	end(&a);
}

static void a_chip_with_chip_authentication_alone_signs_nothing(void **state)
{
	struct sj_proof proof = { .size = sizeof(proof) };
	struct bound bound = { .calls = 0 };
	struct asked a;

	(void)state;
	begin(&a, issued_plan(), SJ_RIGHT_NATIONALITY);
	a.options.challenge = bind_answer;
	a.options.user = &bound;
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(bound.calls, 0);
	assert_false(sj_answer_proof(a.answer, &proof));
	end(&a);
}

/* --- forgeries, copies, the revoked ----------------------------------------------------------------- */

static void a_copy_tells_nothing(void **state)
{
	struct sj_proof proof = { .size = sizeof(proof) };
	struct plan plan = full_plan();
	struct bound bound = { .calls = 0 };
	struct asked a;
	char text[512];

	(void)state;
	plan.ca = SJ_CURVE_NONE;
	plan.other_keys = true;
	begin(&a, plan, SJ_RIGHT_NAME | SJ_RIGHT_PORTRAIT);
	a.options.challenge = bind_answer;
	a.options.user = &bound;
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_NOT_GENUINE, SJ_AA_FAILED);
	assert_int_equal(bound.calls, 1);
	assert_string_equal(told(&a, text), "");
	assert_false(shows_face(&a));
	assert_int_equal(info_of(&a).granted, 0);
	assert_int_equal(info_of(&a).absent, 0);
	assert_false(sj_answer_proof(a.answer, &proof));
	end(&a);
}

static void an_altered_name_is_not_told(void **state)
{
	struct plan plan = full_plan();
	struct asked a;
	char text[512];

	(void)state;
	plan.altered = SJ_DG1;
	plan.altered_at = 12;
	begin(&a, plan, SJ_RIGHT_NAME);
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_NOT_GENUINE, SJ_HASH_MISMATCH);
	assert_string_equal(told(&a, text), "");
	end(&a);
}

/* A document that stands at `index` of a list; epoch 1 revokes index 0. */
static void begin_listed(struct asked *a, uint32_t index, bool with_list)
{
	struct plan plan = full_plan();
	struct status_rig *rig = calloc(1, sizeof(*rig));
	struct rig_file list;
	uint8_t dg13[16];
	struct sj_writer w = SJ_WRITER_OF(dg13);

	assert_non_null(rig);
	sj_dg13_put(&w, RIG_PARTITION, index);
	plan.dg13 = sj_written(&w);
	begin(a, plan, SJ_RIGHT_NAME);
	if (with_list) {
		strcpy(rig->directory, a->d->directory);
		rig_found(rig);
		list = rig_list(rig, 1);
		assert_int_equal(sj_status_import(a->d->directory, list.bytes, list.len, NULL),
				 SJ_OK);
		rig_file_free(&list);
	}
	free(rig);
}

static void a_revoked_document_tells_nothing(void **state)
{
	struct asked a;
	char text[512];

	(void)state;
	begin_listed(&a, 0, true);
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_EXPIRED, SJ_DOCUMENT_REVOKED);
	assert_int_equal(info_of(&a).granted, 0);
	assert_string_equal(told(&a, text), "");
	end(&a);
}

static void the_row_says_how_old_a_list_may_be(void **state)
{
	struct asked a;

	(void)state;
	begin_listed(&a, 7, true);
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_GENUINE, SJ_OK);
	assert_int_equal(info_of(&a).status_epoch, 1);
	a.options.now = NOW + 5 * DAY; /* the list is of tomorrow */
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_UNDECIDED, SJ_STATUS_STALE);
	a.row.stale = 30 * 86400;
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_GENUINE, SJ_OK);
	end(&a);
}

static void no_list_at_all_is_no_green_light(void **state)
{
	struct asked a;

	(void)state;
	begin_listed(&a, 7, false);
	assert_int_equal(ask(&a), SJ_OK);
	assert_answer(&a, SJ_VERDICT_UNDECIDED, SJ_STATUS_MISSING);
	end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hotel_gets_its_row_and_no_more),
		cmocka_unit_test(an_age_is_told_without_the_birth_date),
		cmocka_unit_test(address_phone_and_contact_come_from_groups_of_their_own),
		cmocka_unit_test(the_terminal_narrows_its_row),
		cmocka_unit_test(a_certificate_narrows_it_too),
		cmocka_unit_test(the_checks_are_those_of_the_document),
		cmocka_unit_test(what_is_not_for_the_service_is_not_read),
		cmocka_unit_test(eighteen_begins_on_the_birthday),
		cmocka_unit_test(an_unknown_day_of_birth_counts_as_the_last),
		cmocka_unit_test(a_plain_document_has_no_pin),
		cmocka_unit_test(a_reader_without_a_keypad_takes_no_pin),
		cmocka_unit_test(the_machine_readable_lines_open_it_too),
		cmocka_unit_test(the_chip_signs_what_was_found),
		cmocka_unit_test(without_a_challenge_nothing_is_handed_out),
		cmocka_unit_test(a_chip_with_chip_authentication_alone_signs_nothing),
		cmocka_unit_test(a_copy_tells_nothing),
		cmocka_unit_test(an_altered_name_is_not_told),
		cmocka_unit_test(a_revoked_document_tells_nothing),
		cmocka_unit_test(the_row_says_how_old_a_list_may_be),
		cmocka_unit_test(no_list_at_all_is_no_green_light),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
