/* op_eid.c -- an eID card asked by a service and by a border, and its PIN, before a liar. */
#include "tests/hostile/eid.h"
#include "tests/hostile/liar.h"

#include "applets/emrtd/state.h"

#define NEW_PIN "654321"
#define TIMEOUT_MS 30000u /* of asking, if the caller gives none */

/* --- asking ---------------------------------------------------------------------------- */

static void *open_service(void)
{
	struct eid_plan plan = eid_plan();

	plan.rights |= SJ_RIGHT_PSEUDONYM | SJ_RIGHT_AGE_FIRST << 3 | SJ_RIGHT_ADDRESS;
	return eid_new(&plan);
}

static void *open_border(void)
{
	struct eid_plan plan = eid_plan();

	plan.kind = SJ_CVC_INSPECTION;
	plan.rights |= SJ_RIGHT_FINGERPRINT;
	return eid_new(&plan);
}

static void *open_plain_border(void)
{
	struct eid_plan plan = eid_plan();

	plan.kind = SJ_CVC_INSPECTION;
	plan.plain = true;
	plan.rights |= SJ_RIGHT_FINGERPRINT;
	return eid_new(&plan);
}

static void eid_close(void *rig)
{
	eid_free(rig);
}

static void take_answer(const struct sj_answer *answer, struct outcome *o)
{
	struct sj_datum datum = { .size = sizeof(datum) };
	struct sj_proof proof = { .size = sizeof(proof) };
	struct sj_answer_info info = { .size = sizeof(info) };
	const uint8_t *bytes;
	const char *mime;
	size_t len;

	o->accepted = sj_answer_verdict(answer) == SJ_VERDICT_GENUINE;
	o->rc = sj_answer_reason(answer);
	for (size_t i = 0; sj_answer_datum(answer, i, &datum); i++) {
		outcome_put(o, datum.name, datum.value, strlen(datum.value));
	}
	if (sj_answer_portrait(answer, &bytes, &len, &mime))
		outcome_put(o, "portrait", bytes, len);
	if (sj_answer_fingerprint(answer, &bytes, &len))
		outcome_put(o, "fingerprint", bytes, len);
	if (sj_answer_get_info(answer, &info))
		outcome_touch(&info, sizeof(info));
	if (sj_answer_proof(answer, &proof)) {
		outcome_touch(proof.answer, proof.answer_len);
		outcome_touch(proof.statement, proof.statement_len);
	}
	if (sj_answer_verdict(answer) == SJ_VERDICT_NOT_GENUINE && o->handed_len > 0)
		o->wrong = "data of a card that is not genuine are handed out";
}

static void ask_run(void *rig, struct liar *l, struct outcome *o)
{
	struct eid_rig *r = rig;
	struct issued *d = r->d;
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	struct sj_access *access = NULL;
	struct sj_answer *answer = NULL;
	struct sj_card *card = NULL;
	enum sj_rc rc;

	options.now = NOW;
	liar_insert(l, d->bench->store, CARD_CONTACTLESS);
	assert_int_equal(sj_access_can(r->plan.plain ? HOLDER_CAN : CAN, 6, &access), SJ_OK);
	rc = sj_card_over(d->ctx, &l->head, "liar", sj_deadline_after(liar_call(l, TIMEOUT_MS)),
			  &card);
	(void)liar_call(l, TIMEOUT_MS);
	if (rc == SJ_OK)
		rc = sj_service_verify(card, d->trust, r->terminal, &r->service, access, &options,
				       &answer);
	o->rc = rc;
	if (rc == SJ_OK)
		take_answer(answer, o);
	sj_answer_free(answer);
	sj_card_close(card);
	sj_access_free(access);
}

/* --- the PIN ------------------------------------------------------------------------------ */

static void *open_pin(void)
{
	struct eid_plan plan = eid_plan();

	return eid_new(&plan);
}

/* So many tries left. */
static void *open_pin_with(uint8_t tries)
{
	struct eid_rig *r = open_pin();
	uint8_t pin[2 + EMRTD_PIN_SIZE] = { tries, 1 };

	memcpy(pin + 2, EAC_PIN, EMRTD_PIN_SIZE);
	assert_true(card_store_set(r->d->bench->store, EMRTD_OBJECT_PIN, SJ_SPAN_OF(pin)));
	assert_int_equal(card_store_commit(r->d->bench->store), CARD_STORE_OK);
	return r;
}

static void *open_suspended(void)
{
	return open_pin_with(1);
}

static void *open_blocked(void)
{
	return open_pin_with(0);
}

/* What it is after: the PIN's state, or 9000 to RESET RETRY COUNTER, which is INS 2C. */
static void pin_run(struct eid_rig *r, struct liar *l, struct outcome *o,
		    enum sj_rc (*work)(struct sj_card *card))
{
	struct sj_card *card = NULL;
	enum sj_rc rc;

	liar_insert(l, r->d->bench->store, CARD_CONTACTLESS);
	rc = sj_card_over(r->d->ctx, &l->head, "liar", sj_deadline_after(liar_call(l, TIMEOUT_MS)),
			  &card);
	(void)liar_call(l, TIMEOUT_MS); /* the work is one call */
	if (rc == SJ_OK)
		rc = work(card);
	sj_card_close(card);
	o->rc = rc;
	o->accepted = rc == SJ_OK;
}

static enum sj_rc ask_state(struct sj_card *card)
{
	struct sj_pin_state state = { .size = sizeof(state) };
	const enum sj_rc rc = sj_pin_state(card, TIMEOUT_MS, &state);

	if (rc == SJ_OK)
		outcome_touch(&state.tries, sizeof(state.tries));
	return rc;
}

static enum sj_rc change(struct sj_card *card)
{
	struct sj_access *pin = NULL;
	enum sj_rc rc = sj_access_pin(EAC_PIN, 6, &pin);

	if (rc == SJ_OK)
		rc = sj_pin_change(card, pin, NULL, NEW_PIN, TIMEOUT_MS);
	sj_access_free(pin);
	return rc;
}

static enum sj_rc resume(struct sj_card *card)
{
	struct sj_access *pin = NULL, *can = NULL;
	enum sj_rc rc = sj_access_pin(EAC_PIN, 6, &pin);

	if (rc == SJ_OK)
		rc = sj_access_can(CAN, 6, &can);
	if (rc == SJ_OK)
		rc = sj_pin_resume(card, pin, can, TIMEOUT_MS);
	sj_access_free(pin);
	sj_access_free(can);
	return rc;
}

static enum sj_rc unblock(struct sj_card *card)
{
	struct sj_access *puk = NULL;
	enum sj_rc rc = sj_access_puk(EAC_PUK, 10, &puk);

	if (rc == SJ_OK)
		rc = sj_pin_unblock(card, puk, TIMEOUT_MS);
	sj_access_free(puk);
	return rc;
}

/* Nobody may be told that something was done that the card has not done. */
static void must_have_been_done(const struct liar *l, struct outcome *o)
{
	if (o->accepted && l->done[0x2C] == 0)
		o->wrong = "success without the card's";
}

static void state_run(void *rig, struct liar *l, struct outcome *o)
{
	pin_run(rig, l, o, ask_state);
}

static void change_run(void *rig, struct liar *l, struct outcome *o)
{
	pin_run(rig, l, o, change);
	must_have_been_done(l, o);
}

static void resume_run(void *rig, struct liar *l, struct outcome *o)
{
	pin_run(rig, l, o, resume);
}

static void unblock_run(void *rig, struct liar *l, struct outcome *o)
{
	pin_run(rig, l, o, unblock);
	must_have_been_done(l, o);
}

/* --- all of them ------------------------------------------------------------------------------ */

const struct operation *const *operations_eid(void)
{
	static const unsigned kind = ON_EID | ON_SM | ON_PACE;
	static const struct operation service = { "service-eid", kind,    true,     NULL,
						  open_service,  ask_run, eid_close };
	static const struct operation border = { "inspection-eid", kind,    true,     "fingerprint",
						 open_border,      ask_run, eid_close };
	static const struct operation plain = { "inspection-plain", kind | ON_DOCUMENT, false,
						"fingerprint",      open_plain_border,  ask_run,
						eid_close };
	static const struct operation state = { "pin-state", ON_EID,    true,     NULL,
						open_pin,    state_run, eid_close };
	static const struct operation changing = { "pin-change", kind,       true,     NULL,
						   open_pin,     change_run, eid_close };
	static const struct operation resuming = { "pin-resume",   kind,       true,     NULL,
						   open_suspended, resume_run, eid_close };
	static const struct operation unblocking = { "pin-unblock", kind,        true,     NULL,
						     open_blocked,  unblock_run, eid_close };
	static const struct operation *const all[] = { &service,  &border,   &plain,      &state,
						       &changing, &resuming, &unblocking, NULL };
	return all;
}
