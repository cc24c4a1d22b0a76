/* Gates before their first tap: keys, requests, settings, trust. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <sojourn/trust.h>

#include "gate/gate.h"
#include "tests/reader/gate_stage.h"

static void test_decisions_and_ages_have_names(void **state)
{
	(void)state;
	assert_string_equal(sj_gate_decision_name(SJ_GATE_OPEN), "open");
	assert_string_equal(sj_gate_decision_name(SJ_GATE_ASK), "ask");
	assert_string_equal(sj_gate_decision_name(SJ_GATE_REFUSE), "refuse");
	assert_int_equal(sj_gate_age_at(0), 12);
	assert_int_equal(sj_gate_age_at(6), 65);
	assert_int_equal(sj_gate_age_at(7), 0);
}

static void test_a_gate_tells_about_itself(void **state)
{
	struct stage *s = *state;
	struct sj_gate_info info = { .size = sizeof(info) };

	assert_true(sj_gate_get_info(s->gate, &info));
	assert_string_equal(info.issuer, "UTO");
	assert_int_equal(info.operator_id, STAGE_OPERATOR);
	assert_int_equal(info.sector, SJ_SECTOR_TRANSPORT);
	assert_int_equal(info.expires, STAGE_NOW + 6 * STAGE_DAY);
	assert_true(info.status_known);
	assert_int_equal(info.status_epoch, 5);
	assert_int_equal(info.status_time, STAGE_NOW - 3600);
	assert_int_equal(info.head_epoch, 5);
}

static void test_policies_out_of_range_are_refused(void **state)
{
	struct stage *s = *state;
	struct sj_gate_policy p = SJ_GATE_POLICY_INIT;

	p.classes = 1; /* no class 0 */
	assert_int_equal(sj_gate_set_policy(s->gate, &p), SJ_USAGE);
	p.classes = 1u << 5;
	assert_int_equal(sj_gate_set_policy(s->gate, &p), SJ_USAGE);
	p.classes = 0;
	p.min_age = 17; /* no card answers for it */
	assert_int_equal(sj_gate_set_policy(s->gate, &p), SJ_USAGE);
	p.min_age = 18;
	p.window_count = 1; /* no day, no time */
	assert_int_equal(sj_gate_set_policy(s->gate, &p), SJ_USAGE);
	p.windows[0] = (struct sj_gate_window){ 0x7F, 0, 1441 };
	assert_int_equal(sj_gate_set_policy(s->gate, &p), SJ_USAGE);
	p.windows[0].to = 1440;
	assert_int_equal(sj_gate_set_policy(s->gate, &p), SJ_OK);
	p.window_count = SJ_GATE_WINDOWS + 1;
	assert_int_equal(sj_gate_set_policy(s->gate, &p), SJ_USAGE);
}

/* --- keys and trust -------------------------------------------------------------------------------------- */

static void test_key_and_credential_belong_together(void **state)
{
	struct stage *s = *state;
	struct sj_gate *gate = NULL;
	struct test_card card;
	uint8_t key[32];

	assert_int_equal(sj_gate_key_new(key), SJ_OK);
	assert_int_equal(sj_gate_new(key, 32, s->credential, s->credential_len, &gate),
			 SJ_INPUT_REFUSED);
	assert_int_equal(sj_gate_new(key, 31, s->credential, s->credential_len, &gate),
			 SJ_INPUT_MALFORMED);
	card_make(s, &card, 3);
	assert_int_equal(
		sj_gate_new(card.key.bytes, 32, card.credential, card.credential_len, &gate),
		SJ_INPUT_MALFORMED);
	for (size_t n = 0; n < s->credential_len; n++)
		assert_int_equal(sj_gate_new(s->gate_key.bytes, 32, s->credential, n, &gate),
				 SJ_INPUT_MALFORMED);
	assert_null(gate);
}

static void test_a_gate_without_trust_takes_no_taps(void **state)
{
	struct stage *s = *state;
	struct sj_gate *gate = NULL;
	struct sj_tap *tap = NULL;

	assert_int_equal(
		sj_gate_new(s->gate_key.bytes, 32, s->credential, s->credential_len, &gate), SJ_OK);
	assert_int_equal(sj_tap_new(gate, STAGE_NOW, 0, &tap), SJ_TRUST_MISSING);
	assert_int_equal(sj_gate_load_trust(gate, "/nonexistent"), SJ_TRUST_MISSING);
	assert_int_equal(sj_tap_new(s->gate, STAGE_NOW, 7 * 1440, &tap), SJ_USAGE);
	sj_gate_free(gate);
}

static void test_a_request_proves_its_key(void **state)
{
	uint8_t key[32], request[SJ_GATE_REQUEST], digest[SJ_HASH_MAX];
	const struct sj_span parts[] = { SJ_SPAN_STR("sojourn gate request"), { request, 65 } };
	struct sj_ec_point point;
	size_t len = sizeof(request) - 1;

	(void)state;
	assert_int_equal(sj_gate_key_new(key), SJ_OK);
	assert_int_equal(sj_gate_request(key, request, &len), SJ_USAGE);
	len = sizeof(request);
	assert_int_equal(sj_gate_request(key, request, &len), SJ_OK);
	assert_int_equal(len, SJ_GATE_REQUEST);
	assert_true(sj_ec_point_read(SJ_P256, sj_span(request, 65), &point));
	assert_true(sj_hash(SJ_SHA256, parts, 2, digest));
	assert_true(sj_ec_verify(SJ_P256, &point, sj_span(digest, 32), sj_span(request + 65, 64)));
	memset(key, 0, sizeof(key));
	assert_int_equal(sj_gate_request(key, request, &len), SJ_INPUT_MALFORMED);
}

/* --- importing, as `sojourn trust import` does it --------------------------------------- */

static void keep_reason(void *user, const char *what, const char *why)
{
	(void)what;
	snprintf(user, 128, "%s", why);
}

static void test_tokens_are_imported_on_our_word_or_a_signature(void **state)
{
	struct stage *s = *state;
	struct sj_cwt claims = { .kind = SJ_CWT_SIGNER,
				 .issuer = SJ_SPAN_STR("XOM"),
				 .not_before = (uint32_t)STAGE_NOW,
				 .expires = (uint32_t)(STAGE_NOW + STAGE_DAY),
				 .signer = SJ_CWT_GATE_CA };
	struct sj_ec_secret ca, next;
	struct sj_trust *trust = NULL;
	uint8_t own[SJ_CWT_MAX], link[SJ_CWT_MAX], other[SJ_CWT_MAX];
	char why[128] = "";
	size_t own_len, link_len, other_len;

	stage_random(&ca);
	stage_random(&next);
	own_len = stage_token(&claims, &ca, &ca, own);
	link_len = stage_token(&claims, &next, &ca, link);
	claims.signer = SJ_CWT_STATUS_SIGNER;
	other_len = stage_token(&claims, &next, &next, other);
	assert_int_equal(sj_trust_create(s->directory, &trust), SJ_OK);
	sj_trust_listen(trust, keep_reason, why);
	assert_int_equal(sj_trust_import_gate_token(trust, link, link_len), SJ_INPUT_REFUSED);
	assert_non_null(strstr(why, "No gate CA"));
	assert_int_equal(sj_trust_import_gate_token(trust, own, own_len), SJ_INPUT_REFUSED);
	assert_non_null(strstr(why, "its own key"));
	assert_int_equal(sj_trust_import_gate_ca(trust, link, link_len), SJ_INPUT_REFUSED);
	assert_int_equal(sj_trust_import_gate_ca(trust, other, other_len), SJ_INPUT_REFUSED);
	assert_non_null(strstr(why, "not a gate CA"));
	assert_int_equal(sj_trust_import_gate_ca(trust, s->credential, s->credential_len),
			 SJ_INPUT_MALFORMED);
	for (size_t n = 0; n < own_len; n++)
		assert_int_equal(sj_trust_import_gate_ca(trust, own, n), SJ_INPUT_MALFORMED);
	assert_int_equal(sj_trust_import_gate_ca(trust, own, own_len), SJ_OK);
	assert_int_equal(sj_trust_import_gate_token(trust, link, link_len), SJ_OK);
	assert_int_equal(sj_trust_import_gate_token(trust, link, link_len), SJ_OK);
	sj_trust_close(trust);
}

/* Are all pages of this memory there? */
static bool all_there(const void *memory, size_t size)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t from = (uintptr_t)memory / page * page;
	const size_t n = ((uintptr_t)memory + size - from + page - 1) / page;
	unsigned char there[256];

	assert_true(n <= sizeof(there));
	assert_int_equal(mincore((void *)from, n * page, there), 0);
	for (size_t i = 0; i < n; i++)
		if ((there[i] & 1) == 0)
			return false;
	return true;
}

static void test_what_a_gate_remembers_takes_no_more_memory_later(void **state)
{
	struct stage *s = *state;

	assert_true(all_there(s->gate->used, SJ_GATE_SALTS * sizeof(*s->gate->used)));
	assert_true(all_there(s->gate->passed, SJ_GATE_PASSED * sizeof(*s->gate->passed)));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions_and_ages_have_names),
		CASE(test_a_gate_tells_about_itself),
		CASE(test_policies_out_of_range_are_refused),
		CASE(test_key_and_credential_belong_together),
		CASE(test_a_gate_without_trust_takes_no_taps),
		CASE(test_what_a_gate_remembers_takes_no_more_memory_later),
		CASE(test_tokens_are_imported_on_our_word_or_a_signature),
		cmocka_unit_test(test_a_request_proves_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
