/*
 * pin.c -- the holder's PIN and PUK: their states, and the commands that manage the PIN.
 *
 * Source: BSI TR-03110-2 v2.21, 2.2 and 2.4; TR-03110-3, B.1, B.7 and B.14. STATES.md is the page.
 */
#include <string.h>

#include "crypt/wipe.h"
#include "state.h"
#include "wire/std/tr03110.h"

#define SUSPENDED 1u

/* --- in the store ------------------------------------------------------------- */

bool emrtd_pin_load(struct card *card, struct emrtd_pin *out)
{
	struct emrtd_access access;
	struct sj_span stored, digits;
	uint8_t active = 1;

	out->tries = EMRTD_PIN_TRIES;
	if (!emrtd_access_load(card, &access) || access.pin.len == 0)
		return false;
	digits = access.pin;
	if (card_store_get(card_store_of(card), EMRTD_OBJECT_PIN, &stored) &&
	    (!sj_take_u8(&stored, &out->tries) || !sj_take_u8(&stored, &active) ||
	     !sj_take(&stored, EMRTD_PIN_SIZE, &digits)))
		return false;
	out->active = active != 0;
	memcpy(out->digits, digits.ptr, EMRTD_PIN_SIZE);
	return true;
}

static bool store_pin(struct card *card, const struct emrtd_pin *pin)
{
	uint8_t bytes[2 + EMRTD_PIN_SIZE];
	struct sj_writer w = SJ_WRITER_OF(bytes);
	bool ok;

	sj_put_u8(&w, pin->tries);
	sj_put_u8(&w, pin->active);
	sj_put(&w, SJ_SPAN_OF(pin->digits));
	ok = card_store_set(card_store_of(card), EMRTD_OBJECT_PIN, sj_written(&w));
	sj_wipe(bytes, sizeof(bytes));
	return ok;
}

/* Another number of tries, the rest as it was. */
static bool set_tries(struct card *card, uint8_t tries)
{
	struct emrtd_pin pin;
	bool ok = emrtd_pin_load(card, &pin);

	if (ok && pin.tries != tries) {
		pin.tries = tries;
		ok = store_pin(card, &pin);
	}
	sj_wipe(&pin, sizeof(pin));
	return ok;
}

static uint8_t puk_uses(struct card *card)
{
	struct sj_span stored;

	if (!card_store_get(card_store_of(card), EMRTD_OBJECT_PUK, &stored) || stored.len != 1)
		return EMRTD_PUK_USES;
	return stored.ptr[0];
}

/* --- for PACE -------------------------------------------------------------------- */

uint16_t emrtd_password_warning(struct card *card, enum sj_pace_password kind)
{
	struct emrtd_pin pin = { .tries = 0 };
	uint16_t sw = SJ_SW_OK;

	if (kind == SJ_PACE_PUK && puk_uses(card) == 0)
		sw = SJ_SW_COUNTER;
	if (kind == SJ_PACE_PIN && emrtd_pin_load(card, &pin)) {
		if (!pin.active)
			sw = SJ_SW_FILE_DEACTIVATED;
		else if (pin.tries < EMRTD_PIN_TRIES)
			sw = SJ_SW_COUNTER | pin.tries;
	}
	sj_wipe(&pin, sizeof(pin));
	return sw;
}

uint16_t emrtd_password_usable(struct card *card, enum sj_pace_password kind, bool resumed)
{
	struct emrtd_pin pin = { .tries = 0 };
	uint16_t sw = SJ_SW_OK;

	if (kind == SJ_PACE_PUK)
		return puk_uses(card) > 0 ? SJ_SW_OK : SJ_SW_AUTH_BLOCKED;
	if (kind != SJ_PACE_PIN)
		return SJ_SW_OK;
	if (!emrtd_pin_load(card, &pin))
		sw = SJ_SW_REFERENCE_NOT_FOUND;
	else if (!pin.active)
		sw = SJ_SW_DATA_INVALIDATED;
	else if (pin.tries == 0)
		sw = SJ_SW_AUTH_BLOCKED;
	else if (pin.tries == SUSPENDED && !resumed)
		sw = SJ_SW_CONDITIONS;
	sj_wipe(&pin, sizeof(pin));
	return sw;
}

bool emrtd_password_try(struct card *card, enum sj_pace_password kind)
{
	struct emrtd_pin pin = { .tries = 0 };
	bool ok;

	if (kind != SJ_PACE_PIN)
		return card_delay_raise(card, (uint8_t)kind);
	ok = emrtd_pin_load(card, &pin) && pin.tries > 0 &&
	     set_tries(card, (uint8_t)(pin.tries - 1)) && card_commit(card);
	sj_wipe(&pin, sizeof(pin));
	return ok;
}

bool emrtd_password_right(struct card *card, enum sj_pace_password kind)
{
	if (kind == SJ_PACE_PIN)
		return set_tries(card, EMRTD_PIN_TRIES);
	card_delay_clear(card, (uint8_t)kind);
	return true;
}

uint16_t emrtd_password_wrong(struct card *card, enum sj_pace_password kind)
{
	return kind == SJ_PACE_PIN ? emrtd_password_warning(card, kind) : SJ_SW_NO_INFORMATION;
}

/* --- management (B.7, B.14.11 to .13) --------------------------------------------------------- */

/*
 * By whoever knows this password: once a terminal is authenticated, the keys are those of a server
 * that does not (TR-03110-2, 2.4.1).
 */
static bool opened_with(const struct card_call *call, enum sj_pace_password kind)
{
	const struct card_terminal *t = card_terminal(call->card);

	return call->secured && t->password == kind && !t->authenticated;
}

/* A terminal whose right "PIN management" is in force. */
static bool may_manage(const struct card_call *call)
{
	return card_terminal_is(call->card, call->secured, SJ_CVC_AUTHENTICATION) &&
	       (card_terminal(call->card)->rights.bits >> SJ_AT_PIN_MANAGEMENT & 1u) != 0;
}

static bool are_digits(struct sj_span in)
{
	/*@ loop invariant i <= in.len; loop assigns i; */
	for (size_t i = 0; i < in.len; i++)
		if (in.ptr[i] < '0' || in.ptr[i] > '9')
			return false;
	return true;
}

uint16_t emrtd_pin_change(struct card_call *call)
{
	const struct sj_span digits = call->apdu->data;
	struct emrtd_pin pin = { .tries = 0 };
	uint16_t sw = SJ_SW_MEMORY_FAILURE;

	if (!opened_with(call, SJ_PACE_PIN) && !may_manage(call))
		return SJ_SW_SECURITY_STATUS;
	if (!emrtd_pin_load(call->card, &pin)) {
		sw = SJ_SW_REFERENCE_NOT_FOUND;
	} else if (!are_digits(digits)) {
		sw = SJ_SW_WRONG_DATA;
	} else {
		memcpy(pin.digits, digits.ptr, EMRTD_PIN_SIZE);
		pin.tries = EMRTD_PIN_TRIES;
		if (store_pin(call->card, &pin))
			sw = SJ_SW_OK;
	}
	sj_wipe(&pin, sizeof(pin));
	return sw;
}

/* A use of the PUK, of which there are ten. */
static bool use_puk(struct card *card)
{
	const uint8_t left = (uint8_t)(puk_uses(card) - 1);

	return card_store_set(card_store_of(card), EMRTD_OBJECT_PUK, sj_span(&left, 1));
}

uint16_t emrtd_pin_unblock(struct card_call *call)
{
	const bool by_puk = opened_with(call, SJ_PACE_PUK);

	if (!by_puk && !may_manage(call))
		return SJ_SW_SECURITY_STATUS;
	if (by_puk && puk_uses(call->card) == 0)
		return SJ_SW_AUTH_BLOCKED;
	if ((by_puk && !use_puk(call->card)) || !set_tries(call->card, EMRTD_PIN_TRIES))
		return SJ_SW_MEMORY_FAILURE;
	return SJ_SW_OK;
}

static uint16_t set_active(struct card_call *call, bool active)
{
	struct emrtd_pin pin = { .tries = 0 };
	uint16_t sw = SJ_SW_REFERENCE_NOT_FOUND;

	if (!may_manage(call))
		return SJ_SW_SECURITY_STATUS;
	if (emrtd_pin_load(call->card, &pin)) {
		pin.active = active;
		sw = store_pin(call->card, &pin) ? SJ_SW_OK : SJ_SW_MEMORY_FAILURE;
	}
	sj_wipe(&pin, sizeof(pin));
	return sw;
}

uint16_t emrtd_pin_deactivate(struct card_call *call)
{
	return set_active(call, false);
}

uint16_t emrtd_pin_activate(struct card_call *call)
{
	return set_active(call, true);
}
