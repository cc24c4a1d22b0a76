/* login.c -- who may do what: C_Login, C_LoginUser, C_Logout. */
#include <string.h>

#include "crypt/wipe.h"
#include "login.h"

/* --- rules before the card is asked (3.1, 5.6.8) ---------------------------------------- */

static bool read_only_exists(const struct p11_slot *slot)
{
	for (const struct p11_session *s = slot->sessions; s != NULL; s = s->next) {
		if (!p11_session_writes(s))
			return true;
	}
	return false;
}

static CK_RV may_log_in(const struct p11_session *s, CK_USER_TYPE type)
{
	CK_USER_TYPE now = s->token->user;

	if (type == CKU_CONTEXT_SPECIFIC) {
		if (!p11_operations_want_pin(s))
			return CKR_OPERATION_NOT_INITIALIZED;
		return now == CKU_USER ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
	}
	if (now == type)
		return CKR_USER_ALREADY_LOGGED_IN;
	if (now != P11_NOBODY)
		return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	if (type == CKU_SO && read_only_exists(s->token->slot))
		return CKR_SESSION_READ_ONLY_EXISTS;
	return CKR_OK;
}

/* --- the card's word ---------------------------------------------------------------------- */

/* PC/SC part 10, 2.5.2.2: the user took too long, or pressed the key for it. No harm done. */
static bool given_up(struct sj_piv *piv)
{
	const uint16_t sw = sj_piv_status_word(piv);

	return sw == 0x6400 || sw == 0x6401;
}

/* `pin` NULL: on the reader's keypad. */
static CK_RV prove_user(struct p11_token *t, const char *pin, size_t len)
{
	enum sj_piv_pin which;
	CK_RV rv = p11_card_user_pin(t, &which);
	enum sj_rc rc;

	if (rv != CKR_OK)
		return rv;
	if (pin != NULL)
		rc = sj_piv_verify(p11_card_piv(t), which, pin, len, NULL);
	else
		rc = sj_piv_verify_on_reader(p11_card_piv(t), which, NULL);
	if (pin == NULL && rc != SJ_OK && given_up(p11_card_piv(t)))
		return CKR_FUNCTION_CANCELED;
	/* C_Login knows no CKR_PIN_LEN_RANGE: what cannot be the PIN is not the PIN. */
	return rc == SJ_SECRET_MALFORMED ? CKR_PIN_INCORRECT : p11_card_failed(t, rc);
}

CK_RV p11_login_admin(struct p11_token *t, const char *hex, size_t len)
{
	struct p11_admin_key key;
	CK_RV rv = p11_admin_key_read(t, hex, len, &key);

	if (rv == CKR_OK)
		rv = p11_card_failed(
			t, sj_piv_administer(p11_card_piv(t), key.algorithm, key.bytes, key.len));
	sj_wipe(&key, sizeof(key));
	return rv == CKR_PIN_LEN_RANGE ? CKR_PIN_INCORRECT : rv;
}

static CK_RV prove(struct p11_session *s, CK_USER_TYPE type, const char *pin, size_t len)
{
	struct p11_token *t = s->token;
	CK_RV rv = type == CKU_SO ? p11_login_admin(t, pin, len) : prove_user(t, pin, len);

	if (type == CKU_CONTEXT_SPECIFIC)
		s->context_login = rv == CKR_OK;
	else if (rv == CKR_OK)
		t->user = type;
	return rv;
}

/* --- where the PIN comes from ------------------------------------------------------------- */

static CK_RV with_pin(CK_SESSION_HANDLE handle, CK_USER_TYPE type, const char *pin, size_t len)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	rv = may_log_in(s, type);
	return p11_session_leave(s, rv == CKR_OK ? prove(s, type, pin, len) : rv);
}

/* The protected path: the reader's keypad if it has one, else pinentry. */
enum path { PATH_NONE, PATH_DONE, PATH_PINENTRY };

static CK_RV try_keypad(CK_SESSION_HANDLE handle, CK_USER_TYPE type, enum path *path,
			CK_SLOT_ID *slot)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	*path = PATH_NONE;
	if (rv != CKR_OK)
		return rv;
	*slot = s->token->slot->id;
	rv = may_log_in(s, type);
	if (rv == CKR_OK && type != CKU_SO && sj_piv_reader_has_keypad(p11_card_piv(s->token))) {
		*path = PATH_DONE;
		rv = prove(s, type, NULL, 0);
	} else if (rv == CKR_OK && s->token->slot->module->config.pinentry != NULL) {
		*path = PATH_PINENTRY;
	}
	return p11_session_leave(s, rv);
}

CK_RV p11_ask_secret(CK_SLOT_ID id, const char *prompt, char out[static P11_SECRET_MAX],
		     size_t *len)
{
	char text[SJ_READER_NAME_MAX + 32];
	struct p11_module *m;
	struct p11_slot *slot;
	CK_RV rv = p11_enter(&m);

	if (rv != CKR_OK)
		return rv;
	slot = p11_slot_find(m, id);
	if (slot != NULL) {
		snprintf(text, sizeof(text), "Card in %s", slot->reader);
		rv = p11_pinentry(slot, prompt, text, out, len);
	}
	p11_leave(m);
	return slot != NULL ? rv : CKR_SLOT_ID_INVALID;
}

/* The user types while no lock is held. */
static CK_RV without_pin(CK_SESSION_HANDLE handle, CK_USER_TYPE type)
{
	char pin[P11_SECRET_MAX] = "";
	enum path path;
	CK_SLOT_ID slot;
	size_t len = 0;
	CK_RV rv = try_keypad(handle, type, &path, &slot);

	if (rv != CKR_OK || path == PATH_DONE)
		return rv;
	if (path == PATH_NONE)
		return CKR_ARGUMENTS_BAD;
	rv = p11_ask_secret(slot, type == CKU_SO ? "Management key:" : "PIN:", pin, &len);
	if (rv == CKR_OK)
		rv = with_pin(handle, type, pin, len);
	sj_wipe(pin, sizeof(pin));
	return rv;
}

/* --- the functions ------------------------------------------------------------------------- */

CK_RV C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE type, CK_UTF8CHAR_PTR pin, CK_ULONG len)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (type != CKU_SO && type != CKU_USER && type != CKU_CONTEXT_SPECIFIC)
		rv = CKR_USER_TYPE_INVALID;
	else if (pin == NULL && len > 0)
		rv = CKR_ARGUMENTS_BAD;
	rv = p11_session_leave(s, rv);
	if (rv != CKR_OK)
		return rv;
	return pin != NULL ? with_pin(handle, type, (const char *)pin, len)
			   : without_pin(handle, type);
}

/* The card knows no names of users: only the empty one is right. */
CK_RV C_LoginUser(CK_SESSION_HANDLE handle, CK_USER_TYPE type, CK_UTF8CHAR_PTR pin, CK_ULONG len,
		  CK_UTF8CHAR_PTR name, CK_ULONG name_len)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (name == NULL && name_len > 0)
		rv = CKR_ARGUMENTS_BAD;
	else if (name_len > 0)
		rv = CKR_PIN_INCORRECT;
	rv = p11_session_leave(s, rv);
	return rv == CKR_OK ? C_Login(handle, type, pin, len) : rv;
}

/* The card forgets the PIN too, for all who use it: that is what the user asks for. */
static CK_RV log_out(struct p11_token *t)
{
	CK_USER_TYPE was = t->user;
	enum sj_piv_pin which;
	enum sj_rc rc;
	CK_RV rv;

	if (was == P11_NOBODY)
		return CKR_USER_NOT_LOGGED_IN;
	p11_token_logged_out(t);
	if (was == CKU_SO) {
		/* A management key is forgotten when the application is selected anew. */
		rc = sj_piv_begin(p11_card_piv(t));
		if (rc == SJ_OK)
			sj_piv_end(p11_card_piv(t));
		return p11_card_failed(t, rc);
	}
	rv = p11_card_user_pin(t, &which);
	if (rv != CKR_OK)
		return rv;
	rc = sj_piv_logout(p11_card_piv(t), which);
	/* Old cards know no such command: the module has forgotten, at least. */
	return rc == SJ_CARD_REFUSED ? CKR_OK : p11_card_failed(t, rc);
}

CK_RV C_Logout(CK_SESSION_HANDLE handle)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	return rv == CKR_OK ? p11_session_leave(s, log_out(s->token)) : rv;
}
