/* flows.c -- conversations with a card, each from its reader to its end. */
#include <string.h>
#include <time.h>

#include "tests/pkcs11/uses.h"
#include "tests/world/world.h"

static enum sj_rc verify(struct world *w, unsigned timeout_ms, bool *shown)
{
	struct sj_verify_options options = SJ_VERIFY_OPTIONS_INIT;
	struct sj_access *access = NULL;
	struct sj_report *report = NULL;
	struct sj_card *card = NULL;
	enum sj_rc rc = sj_card_wait(w->ctx, WORLD_READER, timeout_ms, &card);

	options.timeout_ms = timeout_ms;
	if (rc == SJ_OK)
		rc = sj_access_can(BENCH_CAN, strlen(BENCH_CAN), &access);
	if (rc == SJ_OK)
		rc = sj_document_verify(card, w->trust, access, &options, &report);
	*shown = rc == SJ_OK && sj_report_verdict(report) == SJ_VERDICT_GENUINE;
	sj_report_free(report);
	sj_access_free(access);
	sj_card_close(card);
	return rc;
}

static enum sj_rc check_in(struct world *w, unsigned timeout_ms, bool *shown)
{
	struct sj_service_options options = SJ_SERVICE_OPTIONS_INIT;
	struct sj_statistics statistics;
	struct sj_card *card = NULL;
	enum sj_rc rc = sj_card_wait(w->ctx, WORLD_READER, timeout_ms, &card);

	*shown = false;
	options.timeout_ms = timeout_ms;
	if (rc == SJ_OK)
		rc = bench_desk_ask(card, &w->desk, &options, &statistics, shown);
	sj_card_close(card);
	return rc;
}

static enum sj_rc tap(struct world *w, unsigned timeout_ms, bool *shown)
{
	struct sj_gate_verdict v = { .size = sizeof(v) };
	struct sj_card *card = NULL;
	enum sj_rc rc = sj_card_wait(w->ctx, WORLD_READER, timeout_ms, &card);

	if (rc == SJ_OK)
		rc = sj_gate_run(w->gate, card, timeout_ms, NULL, NULL, &v, NULL);
	*shown = rc == SJ_OK && v.decision == SJ_GATE_OPEN;
	sj_card_close(card);
	return rc;
}

static enum sj_rc tap_first(struct world *w, unsigned timeout_ms, bool *shown)
{
	return bench_gate_tickets(w->gate, false) ? tap(w, timeout_ms, shown) : SJ_INTERNAL;
}

/* The undisturbed one before it has left a ticket. */
static enum sj_rc tap_again(struct world *w, unsigned timeout_ms, bool *shown)
{
	return bench_gate_tickets(w->gate, true) ? tap(w, timeout_ms, shown) : SJ_INTERNAL;
}

static enum sj_rc meaning(CK_RV rv)
{
	if (rv == CKR_OK)
		return SJ_OK;
	if (uses_is_removal(rv))
		return SJ_CARD_LOST;
	/* Another's reset ended the login. */
	if (rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_PIN_INCORRECT)
		return SJ_CARD_RESET;
	return rv == CKR_DEVICE_ERROR ? SJ_CARD_ANSWER : SJ_INTERNAL;
}

static CK_RV find_slot(CK_SLOT_ID *slot)
{
	CK_SLOT_ID slots[4];
	CK_ULONG n = 4;
	CK_RV rv = C_GetSlotList(CK_TRUE, slots, &n);

	if (rv == CKR_OK && n == 0)
		return CKR_TOKEN_NOT_PRESENT;
	if (rv == CKR_OK)
		*slot = slots[0];
	return rv;
}

enum step { SLOT, SESSION, LOGIN, SIGN, STEPS };

static CK_RV take_step(struct uses *s, enum step step, CK_SLOT_ID *slot)
{
	switch (step) {
	case SLOT:
		return find_slot(slot);
	case SESSION:
		return C_OpenSession(*slot, CKF_SERIAL_SESSION, NULL, NULL, &s->session);
	case LOGIN:
		return uses_login(s, CKU_USER, s->pin);
	case SIGN:
	case STEPS:
	default:
		return uses_sign(s, 0x9A);
	}
}

/* The module lives as long as the process; of a session nothing is kept. */
static enum sj_rc sign(struct world *w, unsigned timeout_ms, bool *shown)
{
	struct uses s = { .pin = WORLD_PIN };
	CK_SLOT_ID slot = 0;

	(void)timeout_ms;
	w->rv = w->module ? CKR_OK : C_Initialize(NULL);
	w->module = true;
	for (enum step step = SLOT; w->rv == CKR_OK && step < STEPS; step++) {
		const int64_t start = bench_ns();

		w->rv = take_step(&s, step, &slot);
		w->call_ms = fmax(w->call_ms, (double)(bench_ns() - start) / 1e6);
	}
	*shown = w->rv == CKR_OK;
	(void)C_CloseAllSessions(slot);
	return meaning(w->rv);
}

const struct flow world_flows[WORLD_FLOWS] = {
	{ "verify", "whole.card", "contactless", verify, 0, false, false },
	{ "service", "eid.card", "contactless", check_in, 0, false, false },
	{ "tap", "whole.card", "contactless", tap_first, 0, false, false },
	{ "tap-again", "whole.card", "contactless", tap_again, 0, false, false },
	{ "sign", "whole.card", "contact", sign, 10000, false, false },
	{ "key-pin", "whole.card", "contact", world_key_pin, 0, false, false },
	{ "key-unblock", "whole.card", "contact", world_key_unblock, 0, false, false },
	{ "key-make", "whole.card", "contact", world_key_make, 0, false, false },
	{ "eid-pin", "eid.card", "contactless", world_eid_pin, 0, false, false },
	{ "card-rotate", "whole.card", "contact", world_card_rotate, 0, true, false },
	{ "card-lock", "whole.card", "contact", world_card_lock, 0, true, false },
	{ "issue", "blank.card", "contactless", world_issue, 0, true, true },
};

bool world_is_flow(const char *name)
{
	for (unsigned i = 0; i < WORLD_FLOWS; i++)
		if (strcmp(name, world_flows[i].name) == 0)
			return true;
	return false;
}

bool world_named(const struct flow *f, int argc, char **argv)
{
	bool any = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], f->name) == 0)
			return true;
		any = any || world_is_flow(argv[i]);
	}
	return !any;
}
