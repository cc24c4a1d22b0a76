/*
 * pins.c -- C_InitPIN, C_SetPIN and C_InitToken on a card that has a PIN, a PUK and a
 * management key (sojourn-pkcs11(7) tells users the same).
 */
#include <string.h>

#include "crypt/random.h"
#include "crypt/wipe.h"
#include "login.h"
#include "wire/hex.h"

/* The card counts to 255 at most. */
#define TRIES_MAX 256

CK_RV p11_admin_key_read(struct p11_token *t, const char *hex, size_t len,
			 struct p11_admin_key *out)
{
	struct sj_writer w = SJ_WRITER_OF(out->bytes);

	if (!sj_hex_read(hex, len, &w))
		return CKR_PIN_LEN_RANGE;
	out->len = w.len;
	switch (w.len) {
	case 16:
		out->algorithm = SJ_PIV_AES_128;
		return CKR_OK;
	case 24:
		return p11_card_failed(t, sj_piv_admin_algorithm(p11_card_piv(t), &out->algorithm));
	case 32:
		out->algorithm = SJ_PIV_AES_256;
		return CKR_OK;
	default:
		return CKR_PIN_LEN_RANGE;
	}
}

/* --- C_InitPIN --------------------------------------------------------------------------- */

/*
 * PIV sets a new PIN by the PUK, which the security officer's login does not know: so
 * the value is "PUK:PIN".
 */
static CK_RV init_pin(struct p11_session *s, const char *value, size_t len)
{
	const char *colon = memchr(value, ':', len);
	size_t puk_len = colon != NULL ? (size_t)(colon - value) : 0;
	enum sj_rc rc;

	if (s->token->user != CKU_SO)
		return CKR_USER_NOT_LOGGED_IN;
	if (colon == NULL)
		return CKR_PIN_INVALID;
	rc = sj_piv_unblock(p11_card_piv(s->token), value, puk_len, colon + 1, len - puk_len - 1,
			    NULL);
	/* It began with SELECT: the card has forgotten the management key. */
	p11_token_logged_out(s->token);
	return p11_card_failed(s->token, rc);
}

CK_RV C_InitPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR pin, CK_ULONG len)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	rv = pin == NULL ? CKR_ARGUMENTS_BAD : init_pin(s, (const char *)pin, len);
	return p11_session_leave(s, rv);
}

/* --- C_SetPIN ------------------------------------------------------------------------------ */

static CK_RV set_user_pin(struct p11_token *t, const char *old, size_t old_len, const char *new,
			  size_t new_len)
{
	enum sj_piv_pin which;
	CK_RV rv = p11_card_user_pin(t, &which);

	if (rv != CKR_OK)
		return rv;
	return p11_card_failed(
		t, sj_piv_change(p11_card_piv(t), which, old, old_len, new, new_len, NULL));
}

static CK_RV set_admin_key(struct p11_token *t, const char *old, size_t old_len, const char *new,
			   size_t new_len)
{
	struct p11_admin_key key;
	CK_RV rv = p11_admin_key_read(t, new, new_len, &key);

	if (rv == CKR_OK)
		rv = p11_login_admin(t, old, old_len);
	if (rv == CKR_OK)
		rv = p11_card_failed(t, sj_piv_set_admin_key(p11_card_piv(t), key.algorithm,
							     key.bytes, key.len));
	sj_wipe(&key, sizeof(key));
	return rv;
}

/* 3.1, 5.6.5: the PIN of whoever is logged in; the user's when nobody is. */
static CK_RV set_pin(struct p11_session *s, const char *old, size_t old_len, const char *new,
		     size_t new_len)
{
	if (!p11_session_writes(s))
		return CKR_SESSION_READ_ONLY;
	if (p11_session_so(s))
		return set_admin_key(s->token, old, old_len, new, new_len);
	return set_user_pin(s->token, old, old_len, new, new_len);
}

static CK_RV ask_and_set(CK_SESSION_HANDLE handle, CK_SLOT_ID slot)
{
	char old[P11_SECRET_MAX] = "", new[P11_SECRET_MAX] = "", again[P11_SECRET_MAX] = "";
	size_t old_len = 0, new_len = 0, again_len = 0;
	struct p11_session *s;
	CK_RV rv = p11_ask_secret(slot, "Present PIN:", old, &old_len);

	if (rv == CKR_OK)
		rv = p11_ask_secret(slot, "New PIN:", new, &new_len);
	if (rv == CKR_OK)
		rv = p11_ask_secret(slot, "New PIN again:", again, &again_len);
	if (rv == CKR_OK && !sj_equal_secret(sj_span((const uint8_t *)new, new_len),
					     sj_span((const uint8_t *)again, again_len)))
		rv = CKR_PIN_INVALID;
	if (rv == CKR_OK)
		rv = p11_session_enter(handle, &s);
	if (rv == CKR_OK)
		rv = p11_session_leave(s, set_pin(s, old, old_len, new, new_len));
	sj_wipe(old, sizeof(old));
	sj_wipe(new, sizeof(new));
	sj_wipe(again, sizeof(again));
	return rv;
}

CK_RV C_SetPIN(CK_SESSION_HANDLE handle, CK_UTF8CHAR_PTR old, CK_ULONG old_len, CK_UTF8CHAR_PTR new,
	       CK_ULONG new_len)
{
	bool ask = old == NULL && old_len == 0 && new == NULL &&new_len == 0;
	struct p11_session *s;
	CK_SLOT_ID slot;
	CK_RV rv = p11_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	slot = s->token->slot->id;
	if (ask ? s->token->slot->module->config.pinentry == NULL : old == NULL || new == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else if (!p11_session_writes(s))
		rv = CKR_SESSION_READ_ONLY;
	else if (!ask)
		rv = set_pin(s, (const char *)old, old_len, (const char *)new, new_len);
	rv = p11_session_leave(s, rv);
	return rv == CKR_OK && ask ? ask_and_set(handle, slot) : rv;
}

/* --- C_InitToken ------------------------------------------------------------------------------ */

/* Tries wrong values until the card blocks it; a value that happens to be right counts anew. */
static enum sj_rc block(struct sj_piv *piv, enum sj_piv_pin pin)
{
	const struct sj_random r = sj_random_system();
	enum sj_rc rc = SJ_WRONG_PIN;
	uint8_t bytes[4];
	char wrong[2 * sizeof(bytes) + 1];

	for (int i = 0; i < TRIES_MAX; i++) {
		if (!sj_random_fill(&r, bytes, sizeof(bytes)))
			return SJ_CRYPTO_FAILED;
		for (size_t d = 0; d < sizeof(wrong) - 1; d++)
			wrong[d] = (char)('0' + (bytes[d / 2] >> (d % 2 * 4)) % 10);
		if (pin == SJ_PIV_PUK)
			rc = sj_piv_unblock(piv, wrong, 8, wrong, 8, NULL);
		else
			rc = sj_piv_verify(piv, pin, wrong, 8, NULL);
		if (rc != SJ_OK && rc != SJ_WRONG_PIN && rc != SJ_WRONG_PUK)
			break;
	}
	return rc == SJ_PIN_BLOCKED || rc == SJ_PUK_BLOCKED ? SJ_OK : rc;
}

/* The management key of a card that was just reset: that of YubiKeys and PIV's test cards. */
static enum sj_rc administer_default(struct sj_piv *piv)
{
	static const uint8_t key[24] = { 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
					 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	enum sj_piv_algorithm algorithm;
	enum sj_rc rc = sj_piv_admin_algorithm(piv, &algorithm);

	return rc == SJ_OK ? sj_piv_administer(piv, algorithm, key, sizeof(key)) : rc;
}

/*
 * Everything goes: the card allows it only with PIN and PUK blocked. The security officer's
 * PIN stays what was given (3.1, 5.5.7).
 */
static CK_RV reset(struct p11_token *t, const struct p11_admin_key *key)
{
	struct sj_piv *piv = p11_card_piv(t);
	enum sj_rc rc = block(piv, SJ_PIV_PIN);

	if (rc == SJ_OK)
		rc = block(piv, SJ_PIV_PUK);
	if (rc == SJ_OK)
		rc = sj_piv_reset(piv);
	p11_card_changed(t);
	if (rc == SJ_OK)
		rc = administer_default(piv);
	if (rc == SJ_OK)
		rc = sj_piv_set_admin_key(piv, key->algorithm, key->bytes, key->len);
	return p11_card_failed(t, rc);
}

/*
 * A card without a number that has the PIN and the key of fresh ones is new, and takes this PIN for its first (3.1,
 * 5.5.7): so is one that was taken out before it had another. Whose PIN somebody chose is in use.
 */
static CK_RV may_reset(struct p11_token *t, const char *pin, size_t len)
{
	struct sj_piv_pin_state state = { .size = sizeof(state) };
	CK_RV rv = p11_login_admin(t, pin, len);
	enum sj_rc rc;

	if (rv != CKR_PIN_INCORRECT || p11_card_identity(t)->has_guid)
		return rv;
	rc = sj_piv_pin_state(p11_card_piv(t), SJ_PIV_PIN, &state);
	if (rc == SJ_OK)
		rc = state.is_default ? administer_default(p11_card_piv(t)) : SJ_WRONG_ADMIN_KEY;
	return p11_card_failed(t, rc);
}

static CK_RV init_token(struct p11_token *t, const char *pin, size_t len)
{
	struct sj_piv_info info = { .size = sizeof(info) };
	struct p11_admin_key key;
	CK_RV rv = p11_card_info(t, &info);

	/* Asked before anything is spent: only cards with the extensions can be reset. */
	if (rv == CKR_OK && !info.extensions)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (rv == CKR_OK)
		rv = p11_admin_key_read(t, pin, len, &key);
	if (rv == CKR_OK)
		rv = may_reset(t, pin, len);
	if (rv == CKR_OK)
		rv = reset(t, &key);
	sj_wipe(&key, sizeof(key));
	/* The next use finds a new card: it has another GUID, or none. */
	t->slot->gone = t->slot->gone || rv == CKR_OK;
	return rv == CKR_PIN_LEN_RANGE ? CKR_PIN_INCORRECT : rv;
}

/* The card has no place for the label. */
CK_RV C_InitToken(CK_SLOT_ID id, CK_UTF8CHAR_PTR pin, CK_ULONG len, CK_UTF8CHAR_PTR label)
{
	struct p11_token *t;
	CK_RV rv;

	if (pin == NULL || label == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = p11_token_enter(id, &t);
	if (rv != CKR_OK)
		return rv;
	rv = t->slot->sessions != NULL ? CKR_SESSION_EXISTS : init_token(t, (const char *)pin, len);
	return p11_token_leave(t, rv);
}
