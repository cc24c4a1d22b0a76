/* token.c -- a card of ours in a slot: opening, its end, what C_GetTokenInfo says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"
#include "wire/hex.h"

#define PIN_MIN 6u
#define PIN_MAX 64u /* the management key in hexadecimal; the PIN itself: 8 */
/* "PIN count low" where a card does not tell how many tries there are in all. */
#define FEW_TRIES 3

/* --- what is in the reader ----------------------------------------------------------- */

/* Says what was found; the slot's own lock is held, or nobody knows of the slot. */
static void found(struct p11_slot *slot, enum p11_found what, uint32_t at)
{
	p11_lock(&slot->module->lock);
	slot->found = what;
	slot->found_at = at;
	p11_unlock(&slot->module->lock);
}

/* What is known of the card without asking it. */
struct view {
	bool present;
	uint32_t events;
	enum p11_found found;
};

static struct view look_at(struct p11_slot *slot)
{
	struct view v;

	p11_lock(&slot->module->lock);
	v.present = slot->present;
	v.events = slot->events;
	v.found = slot->found_at == slot->events ? slot->found : P11_UNKNOWN;
	p11_unlock(&slot->module->lock);
	return v;
}

/*
 * Why a card could not be opened says what it is; P11_UNKNOWN: try again next time. One that is
 * mute for good is not there, by the list of readers.
 */
static enum p11_found judge(const struct p11_slot *slot, enum sj_rc rc, enum p11_ask ask)
{
	switch ((int)rc) {
	case SJ_OK:
		return P11_OURS;
	case SJ_SECRET_NEEDED:
		return slot->module->config.pinentry != NULL && ask == P11_ASK_FILES ? P11_HIDDEN
										     : P11_FOREIGN;
	case SJ_NO_KEY_APPLICATION:
	case SJ_NOT_A_DOCUMENT:
	case SJ_WRONG_CAN: /* not again and again: the user takes it away and brings it back */
	case SJ_WRONG_PAIRING_CODE:
		return P11_FOREIGN;
	default:
		return P11_UNKNOWN;
	}
}

static CK_RV open_card(struct p11_slot *slot, enum p11_ask ask, uint32_t events)
{
	struct p11_token *t = calloc(1, sizeof(*t));
	enum sj_rc rc;

	if (t == NULL)
		return CKR_HOST_MEMORY;
	t->slot = slot;
	t->user = P11_NOBODY;
	rc = p11_card_open(slot, ask, &t->card);
	found(slot, judge(slot, rc, ask), events);
	if (rc != SJ_OK) {
		free(t);
		/* Gone between the look and the opening. */
		return p11_rv(rc) == CKR_DEVICE_REMOVED ? CKR_TOKEN_NOT_PRESENT : p11_rv(rc);
	}
	slot->token = t;
	slot->token_at = events;
	return CKR_OK;
}

static CK_RV open_token(struct p11_slot *slot, enum p11_ask ask)
{
	struct view v = look_at(slot);

	if (!v.present)
		return CKR_TOKEN_NOT_PRESENT;
	if (v.found == P11_FOREIGN || (v.found == P11_HIDDEN && ask == P11_ASK_FILES) ||
	    !p11_config_piv(&slot->module->config))
		return CKR_TOKEN_NOT_RECOGNIZED;
	return open_card(slot, ask, v.events);
}

CK_RV p11_token_need(struct p11_slot *slot, enum p11_ask ask)
{
	CK_RV rv = p11_slots_look(slot->module);

	if (rv != CKR_OK)
		return rv;
	if (slot->token != NULL && !p11_slot_same_card(slot))
		p11_token_drop(slot);
	if (slot->token != NULL)
		rv = p11_card_check(slot->token);
	if (rv != CKR_OK && (!slot->gone || slot->late))
		return rv;
	if (slot->gone)
		p11_token_drop(slot);
	return slot->token != NULL ? CKR_OK : open_token(slot, ask);
}

void p11_token_drop(struct p11_slot *slot)
{
	struct p11_token *t = slot->token;

	slot->gone = slot->late = false;
	if (t == NULL)
		return;
	p11_sessions_end(slot);
	slot->token = NULL;
	p11_objects_free(t->objects);
	p11_card_close(t->card);
	free(t);
}

bool p11_token_usable(struct p11_slot *slot)
{
	struct view v = look_at(slot);

	if (v.present && v.found == P11_UNKNOWN) {
		p11_lock(&slot->lock);
		p11_slot_clock(slot);
		(void)p11_token_need(slot, P11_ASK_FILES);
		if (slot->gone)
			p11_token_drop(slot);
		p11_unlock(&slot->lock);
		v = look_at(slot);
	}
	/* A card that is held by another process is one all the same. */
	return v.present && v.found != P11_FOREIGN && p11_config_piv(&slot->module->config);
}

void p11_token_logged_out(struct p11_token *t)
{
	if (t->user == P11_NOBODY)
		return;
	t->user = P11_NOBODY;
	for (struct p11_session *s = t->slot->sessions; s != NULL; s = s->next) {
		s->context_login = false;
		p11_operations_logout(s->operations);
	}
	p11_objects_logout(t->objects);
}

/* --- C_GetTokenInfo ------------------------------------------------------------------- */

static CK_FLAGS pin_flags(const struct sj_piv_pin_state *state)
{
	CK_FLAGS flags = CKF_USER_PIN_INITIALIZED;
	int all = state->tries > 0 ? state->tries : FEW_TRIES;

	if (state->blocked || state->tries_left == 0)
		return flags | CKF_USER_PIN_LOCKED;
	if (state->tries_left > 0 && state->tries_left < all)
		flags |= CKF_USER_PIN_COUNT_LOW;
	if (state->tries_left == 1)
		flags |= CKF_USER_PIN_FINAL_TRY;
	if (state->is_default)
		flags |= CKF_USER_PIN_TO_BE_CHANGED;
	return flags;
}

/* The PIN's state, asked from the card now. */
static CK_RV user_flags(struct p11_token *t, CK_FLAGS *flags)
{
	struct sj_piv_pin_state state = { .size = sizeof(state) };
	enum sj_piv_pin pin;
	CK_RV rv = p11_card_user_pin(t, &pin);
	enum sj_rc rc;

	*flags = 0;
	if (rv != CKR_OK)
		return rv;
	rc = sj_piv_pin_state(p11_card_piv(t), pin, &state);
	if (rc == SJ_OK)
		*flags = pin_flags(&state);
	return rc == SJ_KEY_ABSENT ? CKR_OK : p11_card_failed(t, rc);
}

static void count_sessions(const struct p11_slot *slot, CK_TOKEN_INFO_PTR info)
{
	for (const struct p11_session *s = slot->sessions; s != NULL; s = s->next) {
		info->ulSessionCount++;
		info->ulRwSessionCount += (s->flags & CKF_RW_SESSION) != 0;
	}
}

/* The end of the GUID, as much as fits; cards without one have no number. */
static void name_token(const struct p11_token *t, CK_TOKEN_INFO_PTR info)
{
	const struct sj_piv_info *id = p11_card_identity(t);
	char hex[2 * SJ_PIV_GUID + 1] = "", label[sizeof(info->label) + 1];
	const char *serial, *maker = id->has_content ? "Sojourn" : "PIV";

	if (id->has_guid)
		sj_hex_text(SJ_SPAN_OF(id->guid), SJ_HEX_LOWER, hex, sizeof(hex));
	serial = id->has_guid ? hex + strlen(hex) - sizeof(info->serialNumber) : "0";
	snprintf(label, sizeof(label), "%s card %s", maker,
		 id->has_guid ? hex + strlen(hex) - 8 : "");
	p11_pad(info->label, sizeof(info->label), label);
	p11_pad(info->manufacturerID, sizeof(info->manufacturerID), maker);
	p11_pad(info->model, sizeof(info->model), "PIV");
	p11_pad(info->serialNumber, sizeof(info->serialNumber), serial);
}

static CK_RV token_info(struct p11_token *t, CK_TOKEN_INFO_PTR info)
{
	CK_FLAGS flags;
	CK_RV rv = user_flags(t, &flags);

	if (rv != CKR_OK)
		return rv;
	memset(info, 0, sizeof(*info));
	name_token(t, info);
	info->flags = flags | CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED;
	if (p11_card_random(t, NULL, 0) == CKR_OK)
		info->flags |= CKF_RNG;
	if (t->slot->module->config.pinentry != NULL || sj_piv_reader_has_keypad(p11_card_piv(t)))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	info->ulMaxSessionCount = info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
	count_sessions(t->slot, info);
	info->ulMinPinLen = PIN_MIN;
	info->ulMaxPinLen = PIN_MAX;
	info->ulTotalPublicMemory = info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulTotalPrivateMemory = info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
	info->firmwareVersion =
		(CK_VERSION){ 1, 0 }; /* of the application: SP 800-73, part 1, 2.2 */
	p11_pad(info->utcTime, sizeof(info->utcTime), "");
	return CKR_OK;
}

CK_RV C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO_PTR info)
{
	struct p11_slot *slot;
	CK_RV rv;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = p11_slot_enter(id, &slot);
	if (rv != CKR_OK)
		return rv;
	rv = p11_token_need(slot, P11_ASK_ANYBODY);
	if (rv == CKR_OK)
		rv = token_info(slot->token, info);
	if (slot->gone &&
	    !slot->late) { /* the card was changed, or the service came anew, since the last call */
		rv = p11_token_need(slot, P11_ASK_ANYBODY);
		if (rv == CKR_OK)
			rv = token_info(slot->token, info);
	}
	return p11_slot_leave(slot, rv);
}
