/* Services: a card is asked by a terminal, a document without one; the holder's PIN. */
#include "applets/emrtd/state.h"
#include "tests/failures/sweep.h"
#include "tests/hostile/eid.h"

static int card_open(void **state)
{
	struct eid_plan plan = eid_plan();

	*state = eid_new(&plan);
	return 0;
}

/* The PUK opens ten times, and a card counts them: it gets them back. */
static void puk_ready(void *room)
{
	struct eid_rig *r = room;
	struct card_store *store = r->d->bench->store;

	assert_true(card_store_delete(store, EMRTD_OBJECT_PUK));
	assert_int_equal(card_store_commit(store), CARD_STORE_OK);
}

static int revoked_open(void **state)
{
	struct eid_plan plan = eid_plan();

	plan.index = EID_REVOKED;
	*state = eid_new(&plan);
	return 0;
}

static int plain_open(void **state)
{
	struct eid_plan plan = eid_plan();

	plan.plain = true;
	plan.kind = SJ_CVC_INSPECTION;
	plan.rights = SJ_RIGHT_VALID | SJ_RIGHT_NAME | SJ_RIGHT_FINGERPRINT;
	*state = eid_new(&plan);
	return 0;
}

static int service_close(void **state)
{
	eid_free(*state);
	return 0;
}

static unsigned long ask(void *room)
{
	struct eid_rig *r = room;
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	struct sj_access *access = NULL;
	enum sj_rc rc = sj_access_can(r->plan.plain ? HOLDER_CAN : CAN, 6, &access);

	options.now = NOW;
	if (rc == SJ_OK)
		rc = sj_service_verify(r->d->card, r->d->trust, r->terminal, &r->service, access,
				       &options, &r->answer);
	sj_access_free(access);
	return rc;
}

/* An answer, if there is one, is this one, whole; or a store that could not be read leaves it undecided. */
static bool answered(struct eid_rig *r, unsigned long rc, enum sj_verdict verdict, bool tells)
{
	const bool some = r->answer != NULL;
	bool ok = (rc == SJ_OK) == some;

	if (some && sj_answer_reason(r->answer) != SJ_TRUST_UNREADABLE)
		ok = ok && sj_answer_verdict(r->answer) == verdict &&
		     (strcmp(eid_said(r, "surname"), "") != 0) == tells;
	else if (some)
		ok = ok && sj_answer_verdict(r->answer) == SJ_VERDICT_UNDECIDED;
	if (!ok && some)
		for (int i = 0; i < SJ_ANSWER_CHECKS; i++)
			if (eid_check(r, (enum sj_answer_check)i).state != SJ_CHECK_PASSED)
				fprintf(stderr, "# %s: %s\n",
					sj_answer_check_name((enum sj_answer_check)i),
					eid_check(r, (enum sj_answer_check)i).detail);
	sj_answer_free(r->answer);
	r->answer = NULL;
	return ok;
}

static bool is_genuine(void *room, unsigned long rc)
{
	return answered(room, rc, SJ_VERDICT_GENUINE, true);
}

static bool is_revoked(void *room, unsigned long rc)
{
	return answered(room, rc, SJ_VERDICT_EXPIRED, false);
}

/* With a card that fails by itself: an answer is freed. */
static bool never_more(void *room, unsigned long rc)
{
	struct eid_rig *r = room;
	const bool some = r->answer != NULL;

	sj_answer_free(r->answer);
	r->answer = NULL;
	return (rc == SJ_OK) == some;
}

static bool is_never_genuine(void *room, unsigned long rc)
{
	struct eid_rig *r = room;

	if (r->answer != NULL && sj_answer_verdict(r->answer) == SJ_VERDICT_GENUINE)
		return false;
	return never_more(room, rc);
}

/* --- terminals ----------------------------------------------------------------------- */

static unsigned long open_terminal(void *room)
{
	struct eid_rig *r = room;
	struct sj_terminal *t = NULL;
	enum sj_rc rc = sj_terminal_open(r->folder, &t);

	sj_terminal_close(t);
	return rc;
}

static unsigned long request(void *room)
{
	struct eid_rig *r = room;
	uint8_t key[SJ_TERMINAL_KEY_MAX], bytes[SJ_TERMINAL_REQUEST_MAX];
	size_t key_len = sizeof(key), len = sizeof(bytes);

	return sj_terminal_request("UTHOTEL00002", "P-256", r->terminal, key, &key_len, bytes,
				   &len);
}

/* --- the holder's PIN ------------------------------------------------------------------ */

static enum sj_rc accesses(struct sj_access **pin, struct sj_access **can)
{
	enum sj_rc rc = sj_access_pin(EAC_PIN, 6, pin);

	return rc == SJ_OK ? sj_access_can(CAN, 6, can) : rc;
}

static unsigned long change(void *room)
{
	struct eid_rig *r = room;
	struct sj_access *pin = NULL, *can = NULL;
	enum sj_rc rc = accesses(&pin, &can);

	if (rc == SJ_OK)
		rc = sj_pin_change(r->d->card, pin, can, EAC_PIN, 60000);
	sj_access_free(pin);
	sj_access_free(can);
	return rc;
}

static unsigned long resume(void *room)
{
	struct eid_rig *r = room;
	struct sj_access *pin = NULL, *can = NULL;
	enum sj_rc rc = accesses(&pin, &can);

	if (rc == SJ_OK)
		rc = sj_pin_resume(r->d->card, pin, can, 60000);
	sj_access_free(pin);
	sj_access_free(can);
	return rc;
}

static unsigned long unblock(void *room)
{
	struct eid_rig *r = room;
	struct sj_access *puk = NULL;
	enum sj_rc rc = sj_access_puk(EAC_PUK, 10, &puk);

	if (rc == SJ_OK)
		rc = sj_pin_unblock(r->d->card, puk, 60000);
	sj_access_free(puk);
	return rc;
}

/* What succeeded has left three tries. */
static bool is_fresh(void *room, unsigned long rc)
{
	struct eid_rig *r = room;
	struct sj_pin_state s = { .size = sizeof(s) };

	return sj_pin_state(r->d->card, 60000, &s) == SJ_OK && s.active && !s.blocked &&
	       (rc != SJ_OK || s.tries == 3);
}

static unsigned long state_of_pin(void *room)
{
	struct eid_rig *r = room;
	struct sj_pin_state s = { .size = sizeof(s) };

	return sj_pin_state(r->d->card, 60000, &s);
}

static int asked_open(void **state)
{
	assert_int_equal(card_open(state), 0);
	eid_assert(*state, SJ_VERDICT_GENUINE, SJ_OK);
	return 0;
}

/* All that an answer tells. */
static unsigned long tell(void *room)
{
	const struct eid_rig *r = room;
	struct sj_check check = { .size = sizeof(check) };
	struct sj_datum datum = { .size = sizeof(datum) };
	struct sj_answer_info info = { .size = sizeof(info) };
	struct sj_statistics statistics = { .size = sizeof(statistics) };
	struct sj_proof proof = { .size = sizeof(proof) };
	const uint8_t *bytes;
	const char *mime;
	size_t len;
	bool ok = sj_answer_verdict(r->answer) == SJ_VERDICT_GENUINE &&
		  sj_answer_reason(r->answer) == SJ_OK &&
		  sj_answer_get_check(r->answer, SJ_ANSWER_CHIP, &check) &&
		  sj_answer_datum(r->answer, 0, &datum) && sj_answer_get_info(r->answer, &info) &&
		  sj_answer_statistics(r->answer, &statistics) &&
		  sj_answer_proof(r->answer, &proof);

	(void)sj_answer_portrait(r->answer, &bytes, &len, &mime);
	return ok && !sj_answer_fingerprint(r->answer, &bytes, &len) ? 0 : 1;
}

static unsigned long names(void *room)
{
	struct sj_right_place place = { .size = sizeof(place) };
	struct sj_terminal_info info = { .size = sizeof(info) };
	const struct eid_rig *r = room;
	uint32_t bit;

	return sj_answer_check_name(SJ_ANSWER_CHIP) != NULL && sj_right_at(0, &bit) != NULL &&
			       sj_right_place_at(0, &place) && sj_sector_name(1) != NULL &&
			       sj_terminal_get_info(r->terminal, &info)
		       ? 0
		       : 1;
}

static unsigned long ask_and_forget(void *room)
{
	struct eid_rig *r = room;
	unsigned long rc = ask(room);

	sj_answer_free(r->answer);
	r->answer = NULL;
	return rc;
}

/* The reader of this process has no pad for it. */
static unsigned long takes_pin(void *room)
{
	const struct eid_rig *r = room;

	return sj_card_takes_pin(r->d->card, 60000);
}

#define EVERYWHERE (FAIL_MEMORY | FAIL_READ)

const struct operation sweep_service[] = {
	{ "service: terminal", EVERYWHERE, card_open, service_close, .run = open_terminal,
	  .bad = sweep_files },
	{ "service: terminal's request", FAIL_MEMORY, card_open, service_close, .run = request,
	  .bad = sweep_memory },
	{ "service: ask an eID card", EVERYWHERE, card_open, service_close, .run = ask,
	  .bad = sweep_files, .holds = is_genuine },
	{ "service: ask a revoked eID card", EVERYWHERE, revoked_open, service_close, .run = ask,
	  .bad = sweep_files, .holds = is_revoked },
	{ "service: ask a plain document", EVERYWHERE, plain_open, service_close, .run = ask,
	  .bad = sweep_files, .holds = is_genuine },
	{ "service: state of the PIN", FAIL_MEMORY, card_open, service_close, .run = state_of_pin,
	  .bad = sweep_memory },
	{ "service: change the PIN", FAIL_MEMORY, card_open, service_close, .run = change,
	  .bad = sweep_memory, .holds = is_fresh },
	{ "service: resume the PIN", FAIL_MEMORY, card_open, service_close, .run = resume,
	  .bad = sweep_memory, .holds = is_fresh },
	{ "service: unblock the PIN", FAIL_MEMORY, card_open, service_close, puk_ready, unblock,
	  .bad = sweep_memory, .holds = is_fresh },
	{ "service: what an answer tells", EVERYWHERE, asked_open, service_close, .run = tell },
	{ "service: names", EVERYWHERE, card_open, service_close, .run = names },
	{ "service: ask and forget", FAIL_MEMORY, card_open, service_close, .run = ask_and_forget,
	  .bad = sweep_memory },
	{ "service: no pad", FAIL_MEMORY, card_open, service_close, .run = takes_pin },
	{ "service, inside too: ask an eID card", FAIL_MEMORY, card_open, service_close, .run = ask,
	  .holds = never_more, .card = true },
	{ "service, inside too: ask a revoked card", FAIL_MEMORY, revoked_open, service_close,
	  .run = ask, .holds = is_never_genuine, .card = true },
	{ "service, inside too: change the PIN", FAIL_MEMORY, card_open, service_close,
	  .run = change, .holds = is_fresh, .card = true },
	OPERATIONS_END,
};
