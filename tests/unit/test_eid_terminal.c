/* test_eid_terminal.c -- a terminal's folder: what it says, and folders that are none. */
#include "eid/terminal.h"
#include "journal/evidence.h"
#include "tests/hostile/eid.h"

static struct eid_rig *folder_of(enum sj_cvc_terminal kind, bool rollover)
{
	struct eid_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->plan = eid_plan();
	r->plan.kind = kind;
	r->plan.rollover = rollover;
	eid_sector_key(r);
	eid_certify(r);
	eid_folder(r);
	return r;
}

static void forget(struct eid_rig *r)
{
	char command[80];

	sj_terminal_close(r->terminal);
	snprintf(command, sizeof(command), "rm -rf %s", r->folder);
	assert_int_equal(system(command), 0);
	eac_chain_forget(&r->chain);
	eac_forget(&r->next);
	eac_forget(&r->other);
	free(r);
}

static enum sj_rc open_it(struct eid_rig *r)
{
	sj_terminal_close(r->terminal);
	r->terminal = NULL;
	return sj_terminal_open(r->folder, &r->terminal);
}

static void a_terminal_says_who_it_is(void **state)
{
	struct eid_rig *r = folder_of(SJ_CVC_AUTHENTICATION, false);
	struct sj_terminal_info info = { .size = sizeof(info) };

	(void)state;
	assert_int_equal(open_it(r), SJ_OK);
	assert_true(sj_terminal_get_info(r->terminal, &info));
	assert_string_equal(info.holder, "UTTERM00001");
	assert_string_equal(info.issuer, "UTDV00001");
	assert_false(info.inspection);
	assert_int_equal(info.sector, EID_SECTOR);
	assert_int_equal(info.service, EID_SERVICE);
	assert_int_equal(info.operator_id, 4711);
	assert_int_equal(info.rights, EID_HOTEL);
	assert_int_equal(info.not_before, EAC_2026);
	assert_int_equal(info.expires, EAC_2026 + 365 * DAY);
	assert_true(info.pseudonyms);
	forget(r);
}

static void an_inspection_system_says_so(void **state)
{
	struct eid_rig *r = folder_of(SJ_CVC_INSPECTION, false);
	struct sj_terminal_info info = { .size = sizeof(info) };

	(void)state;
	assert_int_equal(open_it(r), SJ_OK);
	assert_true(sj_terminal_get_info(r->terminal, &info));
	assert_true(info.inspection);
	assert_int_equal(info.rights & (SJ_RIGHT_FINGERPRINT | SJ_RIGHT_PSEUDONYM), 0);
	assert_true(info.rights & SJ_RIGHT_NAME);
	forget(r);
}

static void a_terminal_signs_with_the_key_of_its_certificate(void **state)
{
	struct eid_rig *r = folder_of(SJ_CVC_AUTHENTICATION, false);
	const struct sj_span message = SJ_SPAN_STR("what was told");
	uint8_t signature[132];
	size_t len = sizeof(signature);
	struct sj_cvc_key key = r->chain.terminal.plan.key;

	(void)state;
	key.curve = SJ_P256;
	assert_int_equal(open_it(r), SJ_OK);
	assert_int_equal(sj_terminal_sign(r->terminal, message.ptr, message.len, signature, &len),
			 SJ_OK);
	assert_int_equal(len, 64);
	assert_true(sj_cvc_key_verify(&key, &message, 1, sj_span(signature, len)));
	len = 63;
	assert_int_equal(sj_terminal_sign(r->terminal, message.ptr, message.len, signature, &len),
			 SJ_USAGE);
	forget(r);
}

/* Without the file, then with something else in it. */
static void assert_needed(struct eid_rig *r, const char *name, struct sj_span other, bool optional)
{
	char from[96], to[96];

	snprintf(from, sizeof(from), "%s/%s", r->folder, name);
	snprintf(to, sizeof(to), "%s/kept", r->folder);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(open_it(r), optional ? SJ_OK : SJ_TERMINAL_FILES);
	eid_write(r->folder, name, other);
	assert_int_equal(open_it(r), SJ_TERMINAL_FILES);
	eid_write(r->folder, name, sj_span(NULL, 0));
	assert_int_equal(open_it(r), SJ_TERMINAL_FILES);
	assert_null(r->terminal);
	assert_int_equal(rename(to, from), 0);
	assert_int_equal(open_it(r), SJ_OK);
}

static void files_that_are_missing_or_of_another_terminal(void **state)
{
	struct eid_rig *r = folder_of(SJ_CVC_AUTHENTICATION, true);
	struct eid_rig *other = folder_of(SJ_CVC_AUTHENTICATION, false);
	struct eid_rig *inspection = folder_of(SJ_CVC_INSPECTION, false);
	uint8_t key[512];
	struct sj_writer w = SJ_WRITER_OF(key);

	(void)state;
	assert_true(sj_key_put(other->chain.terminal.key, &w));
	assert_needed(r, "terminal.key", sj_written(&w), false);
	assert_needed(r, "terminal.cvcert", eac_made(&other->chain.terminal), false);
	assert_needed(r, "terminal.cvcert", eac_made(&r->chain.dv), false);
	assert_needed(r, "dv.cvcert", eac_made(&other->chain.dv), false);
	assert_needed(r, "dv.cvcert", eac_made(&r->chain.cvca), false);
	assert_needed(r, "cvca-link-2.cvcert", eac_made(&r->chain.dv), true);
	assert_needed(r, "cvca-link-2.cvcert", eac_made(&inspection->next), true);
	assert_needed(r, "sector.cvkey", sj_span(other->sector_key, other->sector_key_len), true);
	forget(r);
	forget(other);
	forget(inspection);
}

/* Any cut of any file. */
static void no_cut_file_is_taken(void **state)
{
	struct eid_rig *r = folder_of(SJ_CVC_AUTHENTICATION, true);
	const struct {
		const char *name;
		struct sj_span whole;
	} files[] = { { "terminal.cvcert", eac_made(&r->chain.terminal) },
		      { "dv.cvcert", eac_made(&r->chain.dv) },
		      { "cvca-link-2.cvcert", eac_made(&r->next) },
		      { "sector.cvkey", sj_span(r->sector_key, r->sector_key_len) } };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		for (size_t n = 0; n < files[i].whole.len; n++) {
			eid_write(r->folder, files[i].name, sj_span(files[i].whole.ptr, n));
			assert_int_equal(open_it(r), SJ_TERMINAL_FILES);
		}
		eid_write(r->folder, files[i].name, files[i].whole);
		assert_int_equal(open_it(r), SJ_OK);
	}
	assert_int_equal(sj_terminal_open("/nonexistent", &r->terminal), SJ_TERMINAL_FILES);
	forget(r);
}

static void the_chain_begins_at_a_key_that_the_card_names(void **state)
{
	struct eid_rig *r = folder_of(SJ_CVC_AUTHENTICATION, true);
	const struct sj_cvc *chain[SJ_TERMINAL_CHAIN];
	struct sj_span cars[2] = { SJ_SPAN_STR("UTCVCA00002"), { NULL, 0 } };

	(void)state;
	assert_int_equal(open_it(r), SJ_OK);
	assert_int_equal(sj_terminal_chain(r->terminal, cars, 2, chain), 2);
	assert_true(sj_span_eq(chain[1]->holder, SJ_SPAN_STR("UTTERM00001")));
	cars[0] = SJ_SPAN_STR("UTCVCA00001");
	assert_int_equal(sj_terminal_chain(r->terminal, cars, 2, chain), 3);
	assert_true(sj_span_eq(chain[0]->holder, SJ_SPAN_STR("UTCVCA00002")));
	cars[0] = SJ_SPAN_STR("UTCVCA00003");
	assert_int_equal(sj_terminal_chain(r->terminal, cars, 2, chain), 0);
	assert_int_equal(sj_terminal_chain(r->terminal, cars, 0, chain), 0);
	/* A link that leads to itself leads nowhere. */
	eac_sign(&r->next, &r->next);
	eid_write(r->folder, "cvca-link-2.cvcert", eac_made(&r->next));
	assert_int_equal(open_it(r), SJ_OK);
	assert_int_equal(sj_terminal_chain(r->terminal, cars, 2, chain), 0);
	forget(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_says_who_it_is),
		cmocka_unit_test(an_inspection_system_says_so),
		cmocka_unit_test(a_terminal_signs_with_the_key_of_its_certificate),
		cmocka_unit_test(files_that_are_missing_or_of_another_terminal),
		cmocka_unit_test(no_cut_file_is_taken),
		cmocka_unit_test(the_chain_begins_at_a_key_that_the_card_names),
	};

	return cmocka_run_group_tests_name("eid_terminal", tests, NULL, NULL);
}
