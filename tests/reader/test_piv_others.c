/*
 * What others do to a card in use: another process selects something else or resets the
 * card before any command of any call, somebody pulls it away, a byte changes on the air.
 */
#include <stdio.h>

#include "tests/reader/piv_stage.h"

static const struct piv_plan contact = { .policy = 0 };
static const struct piv_plan paired = { .interface = CARD_CONTACTLESS };
static const struct piv_plan hidden = { .interface = CARD_CONTACTLESS, .is_private = true };

/* --- the calls ------------------------------------------------------------------------ */

static enum sj_rc do_read(struct piv_stage *s)
{
	uint8_t out[1500];
	size_t len = sizeof(out);

	return sj_piv_read(s->piv, PIV_OBJECT_CCC, out, &len);
}

static enum sj_rc do_identify(struct piv_stage *s)
{
	uint8_t guid[SJ_PIV_GUID], content[SJ_PIV_CONTENT];
	bool has_guid, has_content = false;
	enum sj_rc rc = sj_piv_identify(s->piv, guid, &has_guid, content, &has_content);

	assert_true(rc != SJ_OK || has_content);
	return rc;
}

static enum sj_rc do_info(struct piv_stage *s)
{
	struct sj_piv_info info = { .size = sizeof(info) };
	enum sj_rc rc = sj_piv_get_info(s->piv, &info);

	assert_true(rc != SJ_OK || (info.has_content && info.global_pin && info.extensions));
	return rc;
}

static enum sj_rc do_user_pin(struct piv_stage *s)
{
	enum sj_piv_pin pin = SJ_PIV_PUK;
	enum sj_rc rc = sj_piv_user_pin(s->piv, &pin);

	assert_true(rc != SJ_OK || pin == SJ_PIV_GLOBAL_PIN);
	return rc;
}

static enum sj_rc do_pin_state(struct piv_stage *s)
{
	struct sj_piv_pin_state pin = { .size = sizeof(pin) };
	enum sj_rc rc = sj_piv_pin_state(s->piv, SJ_PIV_PIN, &pin);

	assert_true(rc != SJ_OK || (!pin.blocked && (pin.verified || pin.tries_left > 3)));
	return rc;
}

static enum sj_rc do_key_info(struct piv_stage *s)
{
	struct sj_piv_key_info info = { .size = sizeof(info) };
	enum sj_rc rc = sj_piv_key_info(s->piv, 0x9A, &info);

	assert_true(rc != SJ_OK || info.algorithm == SJ_PIV_P256);
	return rc;
}

static enum sj_rc sign(struct piv_stage *s, uint8_t key)
{
	static const uint8_t digest[32] = { 5 };
	struct sj_piv_public public = piv_public_key(s->b, key);
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);
	struct sj_ec_point point;
	enum sj_rc rc;

	assert_true(sj_ec_point_read(SJ_P256, public.point, &point));
	rc = sj_piv_sign(s->piv, key, SJ_PIV_P256, digest, 32, out, &len);
	assert_true(rc != SJ_OK ||
		    sj_ec_verify(SJ_P256, &point, SJ_SPAN_OF(digest), sj_span(out, len)));
	return rc;
}

static enum sj_rc do_sign(struct piv_stage *s)
{
	return sign(s, 0x9A);
}

static enum sj_rc do_sign_free(struct piv_stage *s)
{
	return sign(s, 0x9E);
}

static enum sj_rc do_verify(struct piv_stage *s)
{
	return sj_piv_verify(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, NULL);
}

static enum sj_rc do_logout(struct piv_stage *s)
{
	return sj_piv_logout(s->piv, SJ_PIV_PIN);
}

static enum sj_rc do_change(struct piv_stage *s)
{
	return sj_piv_change(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, STAGE_PIN, 6, NULL);
}

static enum sj_rc do_unblock(struct piv_stage *s)
{
	return sj_piv_unblock(s->piv, STAGE_PUK, 8, STAGE_PIN, 6, NULL);
}

static enum sj_rc do_verify_and_sign(struct piv_stage *s)
{
	static const uint8_t digest[32] = { 5 };
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	return sj_piv_verify_and_sign(s->piv, SJ_PIV_PIN, STAGE_PIN, 6, 0x9C, SJ_PIV_P256, digest,
				      32, out, &len, NULL);
}

static enum sj_rc do_agree(struct piv_stage *s)
{
	struct sj_piv_public public = piv_public_key(s->b, 0x9E);
	uint8_t out[SJ_PIV_BLOCK_MAX];
	size_t len = sizeof(out);

	return sj_piv_agree(s->piv, 0x9D, SJ_PIV_P256, public.point.ptr, public.point.len, out,
			    &len);
}

static enum sj_rc do_random(struct piv_stage *s)
{
	uint8_t out[32];

	return sj_piv_random(s->piv, out, sizeof(out));
}

static enum sj_rc do_administer(struct piv_stage *s)
{
	return sj_piv_administer(s->piv, SJ_PIV_AES_192, HEX(ADMIN_HEX).ptr, 24);
}

static enum sj_rc do_write(struct piv_stage *s)
{
	enum sj_rc rc = do_administer(s);

	return rc == SJ_OK ? sj_piv_write(s->piv, 0x5FFF20, (const uint8_t *)"x", 1) : rc;
}

static enum sj_rc do_generate(struct piv_stage *s)
{
	uint8_t spki[SJ_PIV_SPKI_MAX];
	size_t len = sizeof(spki);
	enum sj_rc rc = do_administer(s);

	return rc == SJ_OK ? sj_piv_generate(s->piv, 0x88, SJ_PIV_P256, SJ_PIV_POLICY_DEFAULT, spki,
					     &len)
			   : rc;
}

struct call {
	const char *name;
	enum sj_rc (*run)(struct piv_stage *s);
	bool login; /* is done logged in, and fails with SJ_PIN_NEEDED when that is lost */
	bool manages; /* contact and PACE alone; what was proved may be lost */
};

static const struct call calls[] = {
	{ "read", do_read, false, false },
	{ "identify", do_identify, false, false },
	{ "get_info", do_info, false, false },
	{ "user_pin", do_user_pin, false, false },
	{ "pin_state", do_pin_state, false, false },
	{ "key_info", do_key_info, false, false },
	{ "sign", do_sign, true, false },
	{ "sign without PIN", do_sign_free, false, false },
	{ "agree", do_agree, true, false },
	{ "verify", do_verify, false, false },
	{ "logout", do_logout, false, false },
	{ "change", do_change, false, false },
	{ "verify_and_sign", do_verify_and_sign, false, false },
	{ "unblock", do_unblock, false, true },
	{ "random", do_random, false, true },
	{ "administer", do_administer, false, true },
	{ "write", do_write, false, true },
	{ "generate", do_generate, false, true },
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* --- a call with a fault ----------------------------------------------------------------- */

static struct piv_stage *opened(const struct piv_plan *plan)
{
	struct piv_stage *s = piv_stage_new(plan);

	s->answers[0] = plan->is_private ? CAN : STAGE_PAIRING;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	return s;
}

/* Before a call: logged in where it wants that, counters of the stage at zero. */
static void ready(struct piv_stage *s, const struct call *call)
{
	if (s->piv == NULL) {
		s->questions = 0;
		assert_int_equal(piv_stage_open(s), SJ_OK);
	}
	if (call->login)
		assert_int_equal(do_verify(s), SJ_OK);
	s->sent = s->passwords = 0;
	s->changed = false;
}

static bool possible(const struct call *call, const struct piv_plan *plan)
{
	return !call->manages || plan != &paired;
}

static void say(const struct call *call, unsigned at, enum sj_rc rc)
{
	print_error("%s, command %u: %d\n", call->name, at, rc);
}

/* The commands that the call takes when nobody disturbs it. */
static unsigned undisturbed(struct piv_stage *s, const struct call *call)
{
	enum sj_rc rc;

	ready(s, call);
	rc = call->run(s);
	if (rc != SJ_OK)
		say(call, 0, rc);
	assert_int_equal(rc, SJ_OK);
	return s->sent;
}

enum fault { FOREIGN, RESET, BUSY, PULLED };

static void set_fault(struct piv_stage *s, enum fault fault, unsigned at)
{
	s->foreign_at = fault == FOREIGN ? at : 0;
	s->reset_at = fault == RESET ? at : 0;
	s->busy_at = fault == BUSY ? at : 0;
	s->pull_at = fault == PULLED ? at : 0;
}

static void check_call(struct piv_stage *s, const struct call *call, enum fault fault)
{
	unsigned n = undisturbed(s, call);

	for (unsigned at = 1; at <= n; at++) {
		enum sj_rc rc;

		ready(s, call);
		set_fault(s, fault, at);
		rc = call->run(s);
		set_fault(s, fault, 0);
		if (fault == PULLED) {
			if (rc != SJ_CARD_LOST)
				say(call, at, rc);
			assert_int_equal(rc, SJ_CARD_LOST);
			piv_stage_close(s);
			continue;
		}
		if (rc != SJ_OK && !(call->login && rc == SJ_PIN_NEEDED) && !call->manages)
			say(call, at, rc);
		assert_true(rc == SJ_OK || (call->login && rc == SJ_PIN_NEEDED) || call->manages);
		assert_true(s->passwords <= 1);
		/* And the next one works. */
		ready(s, call);
		assert_int_equal(call->run(s), SJ_OK);
	}
}

static void check_all(const struct piv_plan *plan, enum fault fault)
{
	struct piv_stage *s = opened(plan);

	for (size_t i = 0; i < CALLS; i++)
		if (possible(&calls[i], plan))
			check_call(s, &calls[i], fault);
	assert_int_equal(s->careless, 0);
	piv_stage_free(s);
}

#define FAULT_CASE(name, plan, fault) \
	static void name(void **state) \
	{ \
		(void)state; \
		check_all(&(plan), fault); \
	}
FAULT_CASE(another_application_is_selected_on_contact, contact, FOREIGN)
FAULT_CASE(another_application_is_selected_over_the_air, paired, FOREIGN)
FAULT_CASE(another_application_is_selected_in_pace, hidden, FOREIGN)
FAULT_CASE(another_process_resets_the_card_on_contact, contact, RESET)
FAULT_CASE(another_process_resets_the_card_over_the_air, paired, RESET)
FAULT_CASE(another_process_resets_the_card_in_pace, hidden, RESET)
FAULT_CASE(a_transaction_of_another_is_waited_for, contact, BUSY)
FAULT_CASE(the_card_is_pulled_on_contact, contact, PULLED)
FAULT_CASE(the_card_is_pulled_over_the_air, paired, PULLED)
FAULT_CASE(the_card_is_pulled_in_pace, hidden, PULLED)

/* The card is pulled while it is being opened, at every command of that. */
static void check_opening(const struct piv_plan *plan)
{
	struct piv_stage *s = opened(plan);
	unsigned n = s->sent;

	for (unsigned at = 1; at <= n; at++) {
		piv_stage_close(s);
		s->sent = s->questions = 0;
		s->pull_at = at;
		assert_int_equal(piv_stage_open(s), SJ_CARD_LOST);
	}
	piv_stage_close(s);
	s->questions = 0;
	assert_int_equal(piv_stage_open(s), SJ_OK);
	piv_stage_free(s);
}

static void the_card_is_pulled_while_opening(void **state)
{
	(void)state;
	check_opening(&contact);
	check_opening(&paired);
	check_opening(&hidden);
}

/* --- bytes changed on the air ------------------------------------------------------------- */

/* Whatever byte of an answer changes: the right result or none, and no password twice. */
static void check_changes(struct piv_stage *s, const struct call *call)
{
	unsigned n = undisturbed(s, call);

	for (unsigned at = 1; at <= n; at++) {
		for (size_t byte = 0;; byte++) {
			enum sj_rc rc;

			ready(s, call);
			s->change_at = at;
			s->change_byte = byte;
			rc = call->run(s);
			s->change_at = 0;
			if (!s->changed)
				break;
			assert_true(s->passwords <= 1);
			if (rc != SJ_OK)
				piv_stage_close(s);
		}
	}
}

static void a_byte_changes_on_the_air(void **state)
{
	static const size_t some[] = { 0, 1, 3, 6, 9 };
	struct piv_stage *s = opened(&paired);

	(void)state;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		check_changes(s, &calls[some[i]]);
	piv_stage_free(s);
}

/* A right PIN whose answer was changed is not sent again by itself. */
static void a_verification_without_answer_is_not_repeated(void **state)
{
	struct piv_stage *s = opened(&paired);
	enum sj_rc rc;

	(void)state;
	s->sent = s->passwords = 0;
	s->change_at = 3;
	s->change_byte = 4;
	rc = sj_piv_verify(s->piv, SJ_PIV_PIN, "999999", 6, NULL);
	assert_true(s->changed);
	assert_int_equal(rc, SJ_CARD_SM_BROKEN);
	assert_int_equal(s->passwords, 1);
	piv_stage_free(s);
}

/* What the session lost is not sent in clear. */
static void nothing_goes_in_clear_after_a_break(void **state)
{
	struct piv_stage *s = opened(&paired);

	(void)state;
	assert_int_equal(sj_piv_begin(s->piv), SJ_OK);
	s->change_at = s->sent + 1;
	s->change_byte = 4;
	(void)do_read(s);
	s->passwords = 0;
	assert_int_equal(do_verify(s), SJ_CARD_SM_BROKEN);
	assert_int_equal(s->passwords, 0);
	sj_piv_end(s->piv);
	assert_int_equal(do_verify(s), SJ_OK);
	piv_stage_free(s);
}

/* Else another's command would be put together with ours, or its answer with the rest of ours. */
static void what_goes_in_pieces_has_the_card_for_itself(void **state)
{
	struct piv_stage *s = *state;
	uint8_t out[1500], digest[32] = { 1 };
	size_t len = sizeof(out);
	unsigned before;

	piv_stage_fill(s);
	assert_int_equal(do_verify(s), SJ_OK);
	sj_session_forbid_extended(sj_card_session(s->card));
	before = s->transactions;
	s->foreign_at = s->sent + 2; /* between the pieces, if it could */
	assert_int_equal(sj_piv_read_certificate(s->piv, 0x9A, out, &len), SJ_OK);
	assert_true(len > 256);
	assert_int_equal(s->transactions, before + 1);
	s->foreign_at = 0;
	len = sizeof(out);
	assert_int_equal(sj_piv_sign(s->piv, 0x9A, SJ_PIV_P256, digest, sizeof(digest), out, &len),
			 SJ_OK);
	assert_int_equal(s->transactions, before + 1); /* one command, one answer */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_application_is_selected_on_contact),
		cmocka_unit_test(another_application_is_selected_over_the_air),
		cmocka_unit_test(another_application_is_selected_in_pace),
		cmocka_unit_test(another_process_resets_the_card_on_contact),
		cmocka_unit_test(another_process_resets_the_card_over_the_air),
		cmocka_unit_test(another_process_resets_the_card_in_pace),
		cmocka_unit_test(a_transaction_of_another_is_waited_for),
		cmocka_unit_test(the_card_is_pulled_on_contact),
		cmocka_unit_test(the_card_is_pulled_over_the_air),
		cmocka_unit_test(the_card_is_pulled_in_pace),
		cmocka_unit_test(the_card_is_pulled_while_opening),
		cmocka_unit_test(a_byte_changes_on_the_air),
		cmocka_unit_test(a_verification_without_answer_is_not_repeated),
		cmocka_unit_test(nothing_goes_in_clear_after_a_break),
		STAGE_CASE(what_goes_in_pieces_has_the_card_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
