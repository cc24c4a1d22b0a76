/*
 * An eID card that answers wrongly: reset, spoilt, and one that lies inside its own
 * secure messaging (linked with --wrap around its handlers).
 */
#include "tests/hostile/disturbed.h"
#include "tests/hostile/eid.h"

#include "host/applet.h"

static unsigned apdus_of(struct eid_rig *r)
{
	struct sj_statistics statistics = { .size = sizeof(statistics) };

	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	assert_true(sj_answer_statistics(r->answer, &statistics));
	return statistics.apdus;
}

static struct eid_rig *plain_rig(void)
{
	struct eid_plan plan = eid_plan();

	plan.rights |= SJ_RIGHT_PSEUDONYM | SJ_RIGHT_AGE_FIRST << 3;
	return eid_new(&plan);
}

/* --- reset ------------------------------------------------------------------- */

static void one_reset_begins_again_and_a_second_is_told(void **state)
{
	struct eid_rig *r = plain_rig();
	const unsigned apdus = apdus_of(r);
	const size_t data = eid_count(r);

	(void)state;
	for (unsigned at = 1; at <= apdus; at++) {
		issued_disturb(r->d, SJ_CARD_RESET, at, 1);
		eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
		assert_int_equal(eid_count(r), data);
		issued_disturb(r->d, SJ_CARD_RESET, at, 2);
		assert_int_equal(eid_ask(r, NULL), SJ_CARD_RESET);
		assert_null(r->answer);
	}
	eid_free(r);
}

/* --- spoilt ------------------------------------------------------------------------------- */

static size_t spoil_nth(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)command;
	if (d->seen++ == d->spoiled)
		response[(d->spoiled * 7u) % n] ^= (uint8_t)(1u << d->spoiled % 8);
	return n;
}

static size_t cut_nth(struct issued *d, struct sj_span command, uint8_t *response, size_t n)
{
	(void)command;
	(void)response;
	return d->seen++ == d->spoiled ? 2 + (n - 2) / 2 : n;
}

/* Whatever was changed on the way, what is told is what the card has. */
static void no_spoilt_or_cut_answer_changes_what_is_told(void **state)
{
	static size_t (*const ways[])(struct issued *, struct sj_span, uint8_t *,
				      size_t) = { spoil_nth, cut_nth };
	struct eid_rig *r = plain_rig();
	const unsigned apdus = apdus_of(r);

	(void)state;
	for (unsigned n = 0; n < 2 * apdus; n++) {
		r->d->seen = 0;
		r->d->spoiled = n / 2;
		r->d->meddle = ways[n % 2];
		issued_disturb(r->d, SJ_OK, 0, 0);
		if (eid_ask(r, NULL) != SJ_OK) {
			assert_null(r->answer);
		} else if (sj_answer_verdict(r->answer) == SJ_VERDICT_GENUINE) {
			assert_string_equal(eid_said(r, "surname"), "Eriksson");
			assert_string_equal(eid_said(r, "age-over-18"), "yes");
		} else {
			assert_int_equal(eid_count(r), 0);
		}
	}
	eid_free(r);
}

/* --- a card whose groups are not what they should be ----------------------------------------- */

static void put_group(struct eid_rig *r, unsigned n, struct sj_span bytes)
{
	struct card_store *store = r->d->bench->store;

	assert_true(card_store_set(store, CARD_OBJECT_EID + 0x10000u + n, bytes));
	assert_int_equal(card_store_commit(store), CARD_STORE_OK);
}

static void groups_that_are_none_end_it(void **state)
{
	static const struct {
		unsigned n;
		struct sj_span bytes;
		enum sj_rc rc;
	} cases[] = {
		/* the tag of another group; another type; cut short; too much announced */
		{ 5, { (const uint8_t *)"\x64\x04\x0C\x02XX", 6 }, SJ_CARD_ANSWER },
		{ 5, { (const uint8_t *)"\x65\x04\x04\x02XX", 6 }, SJ_CARD_ANSWER },
		{ 3,
		  { (const uint8_t *)"\x63\x05\x12\x03"
				     "202",
		    7 },
		  SJ_CARD_ANSWER },
		{ 27, { (const uint8_t *)"\x7B\x02\x04\x00", 4 }, SJ_CARD_ANSWER },
		{ 26, { (const uint8_t *)"\x7A\x83\x10\x00\x00\x04\x82", 7 }, SJ_FILE_TOO_LARGE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
		struct eid_rig *r = plain_rig();

		options.now = NOW;
		put_group(r, cases[i].n, cases[i].bytes);
		/* In a list our card leaves out what is not whole. */
		if (cases[i].rc != SJ_FILE_TOO_LARGE)
			assert_int_equal(eid_ask(r, NULL), cases[i].rc);
		options.short_only = true;
		assert_int_equal(eid_ask(r, &options), cases[i].rc);
		assert_null(r->answer);
		eid_free(r);
	}
}

/* --- a card that lies inside secure messaging --------------------------------------------------- */

/* What the wrapped handlers do to the answer of the real ones. */
static enum { HONEST, TOKEN, NONCE, NO_TOKEN, IDENTIFIER, NO_IDENTIFIER } lie; /* of this program */

uint16_t __real_emrtd_ca2_agree(struct card_call *call);
uint16_t __wrap_emrtd_ca2_agree(struct card_call *call);
uint16_t __real_eid_ri_identify(struct card_call *call);
uint16_t __wrap_eid_ri_identify(struct card_call *call);

static void answer_with(struct card_call *call, struct sj_span bytes)
{
	call->out->len = 0;
	sj_put(call->out, bytes);
}

uint16_t __wrap_emrtd_ca2_agree(struct card_call *call)
{
	const uint16_t sw = __real_emrtd_ca2_agree(call);

	if (lie == TOKEN)
		call->out->ptr[call->out->len - 1] ^= 1;
	else if (lie == NONCE)
		answer_with(call, SJ_SPAN_STR("\x7C\x0D\x81\x01\x00\x82\x08"
					      "12345678"));
	else if (lie == NO_TOKEN)
		answer_with(call, SJ_SPAN_STR("\x7C\x0A\x81\x08"
					      "12345678"));
	return sw;
}

uint16_t __wrap_eid_ri_identify(struct card_call *call)
{
	const uint16_t sw = __real_eid_ri_identify(call);

	if (lie == IDENTIFIER)
		answer_with(call, SJ_SPAN_STR("\x7C\x06\x81\x04"
					      "1234"));
	else if (lie == NO_IDENTIFIER)
		answer_with(call, SJ_SPAN_STR("\x7C\x00"));
	return sw;
}

static void a_wrong_token_is_a_forgery_and_ends_in_silence(void **state)
{
	struct eid_rig *r = plain_rig();

	(void)state;
	lie = TOKEN;
	eid_assert(r, SJ_VERDICT_NOT_GENUINE, SJ_CA_FAILED);
	assert_int_equal(eid_count(r), 0);
	lie = HONEST;
	eid_free(r);
}

static void answers_of_chip_authentication_and_pseudonyms_that_are_none(void **state)
{
	struct eid_rig *r = plain_rig();

	(void)state;
	for (lie = NONCE; lie <= NO_IDENTIFIER; lie++) {
		assert_int_equal(eid_ask(r, NULL), SJ_CARD_ANSWER);
		assert_null(r->answer);
	}
	lie = HONEST;
	eid_assert(r, SJ_VERDICT_GENUINE, SJ_OK);
	eid_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_reset_begins_again_and_a_second_is_told),
		cmocka_unit_test(no_spoilt_or_cut_answer_changes_what_is_told),
		cmocka_unit_test(groups_that_are_none_end_it),
		cmocka_unit_test(a_wrong_token_is_a_forgery_and_ends_in_silence),
		cmocka_unit_test(answers_of_chip_authentication_and_pseudonyms_that_are_none),
	};

	return cmocka_run_group_tests_name("eid_hostile", tests, NULL, NULL);
}
