/* sessions.c -- sessions: handles, states, their end. */
#include <stdlib.h>

#include "state.h"

/* A handle is the slot's id plus one above these bits, and a number of its own in them. */
#define HANDLE_BITS 20
#define SESSIONS_MAX 4096u

static CK_SLOT_ID handle_slot(CK_SESSION_HANDLE handle)
{
	return (handle >> HANDLE_BITS) - 1; /* 0 becomes a slot that is not there */
}

static struct p11_session **place(struct p11_slot *slot, CK_SESSION_HANDLE handle)
{
	struct p11_session **at = &slot->sessions;

	while (*at != NULL && (*at)->handle != handle)
		at = &(*at)->next;
	return at;
}

/* The slot is locked. */
static CK_RV find(struct p11_slot *slot, CK_SESSION_HANDLE handle, struct p11_session **out)
{
	*out = *place(slot, handle);
	if (*out == NULL)
		return CKR_SESSION_HANDLE_INVALID;
	if (p11_slot_same_card(slot))
		return CKR_OK;
	slot->gone = true;
	return CKR_DEVICE_REMOVED;
}

CK_RV p11_session_enter(CK_SESSION_HANDLE handle, struct p11_session **out)
{
	struct p11_slot *slot;
	CK_RV rv = p11_slot_enter(handle_slot(handle), &slot);

	if (rv == CKR_SLOT_ID_INVALID)
		return CKR_SESSION_HANDLE_INVALID;
	if (rv != CKR_OK)
		return rv;
	rv = find(slot, handle, out);
	if (rv != CKR_OK)
		(void)p11_slot_leave(slot, rv);
	return rv;
}

CK_RV p11_session_leave(struct p11_session *s, CK_RV rv)
{
	return p11_slot_leave(s->token->slot, rv);
}

bool p11_session_writes(const struct p11_session *s)
{
	return (s->flags & CKF_RW_SESSION) != 0;
}

bool p11_session_user(const struct p11_session *s)
{
	return s->token->user == CKU_USER;
}

bool p11_session_so(const struct p11_session *s)
{
	return s->token->user == CKU_SO;
}

/* --- opening -------------------------------------------------------------------------- */

/* A handle that no session of the slot has; numbers come round after a million. */
static CK_SESSION_HANDLE new_handle(struct p11_slot *slot)
{
	CK_SESSION_HANDLE handle;

	do {
		slot->last_handle = (slot->last_handle + 1) & ((1UL << HANDLE_BITS) - 1);
		handle = (slot->id + 1) << HANDLE_BITS | slot->last_handle;
	} while (*place(slot, handle) != NULL);
	return handle;
}

static size_t count(const struct p11_slot *slot)
{
	size_t n = 0;

	for (const struct p11_session *s = slot->sessions; s != NULL; s = s->next)
		n++;
	return n;
}

static CK_RV add(struct p11_slot *slot, CK_FLAGS flags, CK_SESSION_HANDLE_PTR out)
{
	struct p11_session *s;

	if (slot->token->user == CKU_SO && (flags & CKF_RW_SESSION) == 0)
		return CKR_SESSION_READ_WRITE_SO_EXISTS;
	if (count(slot) == SESSIONS_MAX)
		return CKR_SESSION_COUNT;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return CKR_HOST_MEMORY;
	s->handle = new_handle(slot);
	s->token = slot->token;
	s->flags = flags & (CKF_RW_SESSION | CKF_SERIAL_SESSION);
	s->next = slot->sessions;
	slot->sessions = s;
	*out = s->handle;
	return CKR_OK;
}

/* The callback is for devices that surrender (3.1, 5.21); ours does not. */
CK_RV C_OpenSession(CK_SLOT_ID id, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
		    CK_SESSION_HANDLE_PTR out)
{
	struct p11_token *t;
	CK_RV rv;

	(void)application;
	(void)notify;
	if (out == NULL || (flags & ~(CK_FLAGS)(CKF_RW_SESSION | CKF_SERIAL_SESSION)) != 0)
		return CKR_ARGUMENTS_BAD;
	if ((flags & CKF_SERIAL_SESSION) == 0)
		return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	rv = p11_token_enter(id, &t);
	if (rv != CKR_OK)
		return rv;
	return p11_token_leave(t, add(t->slot, flags, out));
}

/* --- closing ---------------------------------------------------------------------------- */

static void session_free(struct p11_session *s)
{
	p11_operations_free(s->operations);
	p11_objects_session_end(s->token->objects, s->handle);
	free(s);
}

void p11_sessions_end(struct p11_slot *slot)
{
	struct p11_session *s;

	while ((s = slot->sessions) != NULL) {
		slot->sessions = s->next;
		session_free(s);
	}
}

/* After the last session nobody is logged in (3.1, 5.6.2). What other processes proved stays. */
static void rest(struct p11_slot *slot)
{
	if (slot->sessions != NULL || slot->token == NULL)
		return;
	p11_token_logged_out(slot->token);
	p11_card_rest(slot->token);
}

CK_RV C_CloseSession(CK_SESSION_HANDLE handle)
{
	struct p11_session *s;
	struct p11_slot *slot;
	CK_RV rv = p11_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	slot = s->token->slot;
	*place(slot, handle) = s->next;
	session_free(s);
	rest(slot);
	return p11_slot_leave(slot, CKR_OK);
}

CK_RV C_CloseAllSessions(CK_SLOT_ID id)
{
	struct p11_slot *slot;
	CK_RV rv = p11_slot_enter(id, &slot);

	if (rv != CKR_OK)
		return rv;
	p11_sessions_end(slot);
	rest(slot);
	return p11_slot_leave(slot, CKR_OK);
}

/* --- the rest ----------------------------------------------------------------------------- */

static CK_STATE state_of(const struct p11_session *s)
{
	bool rw = p11_session_writes(s);

	if (p11_session_so(s))
		return CKS_RW_SO_FUNCTIONS;
	if (p11_session_user(s))
		return rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
	return rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE handle, CK_SESSION_INFO_PTR info)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (info == NULL)
		return p11_session_leave(s, CKR_ARGUMENTS_BAD);
	*info = (CK_SESSION_INFO){ s->token->slot->id, state_of(s), s->flags, 0 };
	return p11_session_leave(s, CKR_OK);
}

CK_RV C_SessionCancel(CK_SESSION_HANDLE handle, CK_FLAGS flags)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	return rv == CKR_OK ? p11_session_leave(s, p11_operations_cancel(s, flags)) : rv;
}

CK_RV C_SeedRandom(CK_SESSION_HANDLE handle, CK_BYTE_PTR seed, CK_ULONG len)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	rv = seed == NULL && len > 0 ? CKR_ARGUMENTS_BAD : CKR_RANDOM_SEED_NOT_SUPPORTED;
	return p11_session_leave(s, rv);
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE handle, CK_BYTE_PTR out, CK_ULONG len)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	if (rv != CKR_OK)
		return rv;
	if (out == NULL)
		rv = len > 0 ? CKR_ARGUMENTS_BAD : CKR_OK;
	else
		rv = p11_card_random(s->token, out, len);
	return p11_session_leave(s, rv);
}
