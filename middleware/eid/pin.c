/*
 * pin.c -- the holder's PIN of an eID card: its state; changed, resumed, unblocked.
 *
 * Source: BSI TR-03110-2 v2.21, 2.4; TR-03110-3, B.7, B.14.
 */
#include <string.h>

#include "document/document.h"
#include "reader/card.h"
#include "reader/memory.h"
#include "reader/pace.h"
#include "wire/std/iso7816.h"
#include "wire/sw.h"

#include <sojourn/service.h>

#define PIN_DIGITS 6u
#define TRIES 3u
#define SUSPENDED (SJ_SW_COUNTER | 1)
#define RESET_WITH_NEW 0x02u /* P1 of RESET RETRY COUNTER */
#define RESET_ALONE 0x03u

static bool is_pin(const char *text)
{
	return strlen(text) == PIN_DIGITS && strspn(text, "0123456789") == PIN_DIGITS;
}

static enum sj_rc find(struct sj_card *card, unsigned timeout_ms, struct sj_pace_offer *offer)
{
	sj_session_deadline(card->session, sj_deadline_after(timeout_ms));
	return sj_pace_find(card->session, offer);
}

enum sj_rc sj_pin_state(struct sj_card *card, unsigned timeout_ms, struct sj_pin_state *out)
{
	const unsigned mark = sj_memory_mark();
	struct sj_pin_state state = { .active = true, .tries = TRIES };
	struct sj_pace_offer offer;
	uint16_t sw = SJ_SW_OK;
	enum sj_rc rc = find(card, timeout_ms, &offer);

	if (rc == SJ_OK)
		rc = sj_pace_ask(card->session, &offer, SJ_PACE_PIN, &sw);
	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	if (sw == SJ_SW_FILE_DEACTIVATED)
		state.active = false;
	else if (sw != SJ_SW_OK)
		state.tries = sw & 0x0F;
	state.blocked = state.active && state.tries == 0;
	state.suspended = sw == SUSPENDED;
	state.size = out->size < sizeof(state) ? out->size : sizeof(state);
	memcpy(out, &state, state.size);
	return SJ_OK;
}

static enum sj_rc open_with(struct sj_card *card, const struct sj_pace_offer *offer,
			    const struct sj_access *access)
{
	const struct sj_random random = sj_random_system();
	struct sj_pace_result unused;
	enum sj_rc rc;

	sj_session_patient(card->session, true);
	rc = sj_pace_run(card->session, offer, sj_access_password(access),
			 sj_span(access->secret, access->len), NULL, &random, &unused);
	sj_session_patient(card->session, false);
	return rc;
}

/* A suspended PIN is resumed with the CAN; one that is not is left alone. */
static enum sj_rc resume(struct sj_card *card, const struct sj_pace_offer *offer,
			 const struct sj_access *can)
{
	uint16_t sw;
	enum sj_rc rc = sj_pace_ask(card->session, offer, SJ_PACE_PIN, &sw);

	return rc == SJ_OK && sw == SUSPENDED ? open_with(card, offer, can) : rc;
}

/* RESET RETRY COUNTER of the PIN (B.14.11). */
static enum sj_rc reset(struct sj_card *card, uint8_t how, struct sj_span new_pin)
{
	const struct sj_apdu a = {
		.ins = SJ_INS_RESET_RETRY_COUNTER, .p1 = how, .p2 = SJ_PACE_PIN, .data = new_pin
	};
	struct sj_response r;
	enum sj_rc rc = sj_session_command(card->session, &a, &r);

	if (rc != SJ_OK)
		return rc;
	if (r.sw == SJ_SW_AUTH_BLOCKED)
		return SJ_PUK_BLOCKED;
	return r.sw == SJ_SW_OK ? SJ_OK : SJ_CARD_REFUSED;
}

/* Opens the card with the PIN, which gives it its tries back, and with a new one changes it. */
static enum sj_rc with_pin(struct sj_card *card, const struct sj_access *pin,
			   const struct sj_access *can, const char *new_pin, unsigned timeout_ms)
{
	struct sj_pace_offer offer;
	enum sj_rc rc;

	if (pin->kind != SJ_SECRET_PIN || (can != NULL && can->kind != SJ_SECRET_CAN))
		return SJ_SECRET_MALFORMED;
	rc = find(card, timeout_ms, &offer);
	if (rc == SJ_OK && can != NULL)
		rc = resume(card, &offer, can);
	if (rc == SJ_OK)
		rc = open_with(card, &offer, pin);
	if (rc == SJ_OK && new_pin != NULL)
		rc = reset(card, RESET_WITH_NEW, sj_span((const uint8_t *)new_pin, PIN_DIGITS));
	sj_session_sm_end(card->session);
	return rc;
}

enum sj_rc sj_pin_change(struct sj_card *card, const struct sj_access *pin,
			 const struct sj_access *can, const char *new_pin, unsigned timeout_ms)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, is_pin(new_pin) ? with_pin(card, pin, can, new_pin, timeout_ms)
						  : SJ_SECRET_MALFORMED);
}

enum sj_rc sj_pin_resume(struct sj_card *card, const struct sj_access *pin,
			 const struct sj_access *can, unsigned timeout_ms)
{
	const unsigned mark = sj_memory_mark();

	return sj_memory_rc(mark, with_pin(card, pin, can, NULL, timeout_ms));
}

enum sj_rc sj_pin_unblock(struct sj_card *card, const struct sj_access *puk, unsigned timeout_ms)
{
	const unsigned mark = sj_memory_mark();
	struct sj_pace_offer offer;
	enum sj_rc rc;

	if (puk->kind != SJ_SECRET_PUK)
		return SJ_SECRET_MALFORMED;
	rc = find(card, timeout_ms, &offer);
	if (rc == SJ_OK)
		rc = open_with(card, &offer, puk);
	if (rc == SJ_OK)
		rc = reset(card, RESET_ALONE, sj_span(NULL, 0));
	sj_session_sm_end(card->session);
	return sj_memory_rc(mark, rc);
}
