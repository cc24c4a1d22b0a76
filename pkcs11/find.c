#include "operations.h"

#include <stdlib.h>
#include <string.h>

static void add(struct p11_search *f, CK_OBJECT_HANDLE handle, CK_RV *rv)
{
	if (f->count == f->room) {
		const size_t room = 2 * f->room + 16;
		CK_OBJECT_HANDLE *found = realloc(f->found, room * sizeof(*found));

		if (found == NULL) {
			*rv = CKR_HOST_MEMORY;
			return;
		}
		f->found = found;
		f->room = room;
	}
	f->found[f->count++] = handle;
}

/* Does the object have every attribute of the template, with its value? Hidden ones never match. */
static CK_RV matches(struct p11_session *s, struct p11_object *o, const CK_ATTRIBUTE *t, CK_ULONG n,
		     bool *out)
{
	const struct p11_attribute *at;
	CK_RV rv;

	*out = true;
	for (CK_ULONG i = 0; *out && i < n; i++) {
		rv = p11_object_attribute(s, o, t[i].type, &at);
		if (rv != CKR_OK)
			return rv;
		*out = at != NULL && !p11_object_hides(o, at) && at->len == t[i].ulValueLen &&
		       (at->len == 0 ||
			(t[i].pValue != NULL && memcmp(at->value, t[i].pValue, at->len) == 0));
	}
	return CKR_OK;
}

/*
 * Not there, not for now, or not readable, which hides nothing else; unless the card has gone, or
 * has forgotten the PIN, which ended the search.
 */
static bool is_unseen(const struct p11_session *s, CK_RV rv)
{
	return s->operations->search != NULL &&
	       (rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_USER_NOT_LOGGED_IN ||
		(rv == CKR_DEVICE_ERROR && !p11_card_gone(s->token)));
}

static CK_RV find_one(struct p11_session *s, CK_OBJECT_HANDLE handle, const CK_ATTRIBUTE *t,
		      CK_ULONG n)
{
	struct p11_object *o;
	bool yes = false;
	CK_RV rv;

	rv = p11_object_get(s, handle, &o);
	if (rv == CKR_OK)
		rv = matches(s, o, t, n, &yes);
	if (is_unseen(s, rv))
		return CKR_OK;
	if (rv == CKR_OK && yes)
		add(s->operations->search, handle, &rv);
	return rv;
}

static CK_RV find_class(struct p11_session *s, CK_OBJECT_CLASS class, const CK_ATTRIBUTE *t,
			CK_ULONG n)
{
	uint32_t low[P11_CANDIDATES_MAX];
	size_t count;
	CK_RV rv;

	/* Nobody before login, or the wrong one: nothing need be asked. */
	if (class == CKO_PRIVATE_KEY && p11_template_bool(t, n, CKA_PRIVATE, false) &&
	    !p11_session_user(s) && !p11_session_so(s))
		return CKR_OK;
	rv = p11_token_candidates(s->token, class, p11_template_span(t, n, CKA_ID), low, &count);
	for (size_t i = 0; rv == CKR_OK && i < count; i++)
		rv = find_one(s, p11_token_handle(class, low[i]), t, n);
	return rv;
}

static CK_RV find_on_card(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n)
{
	/* Hardware features and mechanisms are found by their class only (3.1, 4.3, 4.13). */
	static const CK_OBJECT_CLASS usual[] = { CKO_CERTIFICATE, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY,
						 CKO_DATA, CKO_PROFILE };
	CK_OBJECT_CLASS class;
	CK_RV rv = CKR_OK;

	if (p11_template(t, n, CKA_CLASS) != NULL)
		return p11_template_ulong(t, n, CKA_CLASS, &class) ? find_class(s, class, t, n)
								   : CKR_OK;
	for (size_t i = 0; rv == CKR_OK && i < sizeof(usual) / sizeof(usual[0]); i++)
		rv = find_class(s, usual[i], t, n);
	return rv;
}

static CK_RV find(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n)
{
	const struct p11_objects *all = p11_objects(s->token);
	CK_RV rv = CKR_OK;

	if (all == NULL)
		return CKR_HOST_MEMORY;
	if (p11_template_bool(t, n, CKA_TOKEN, true))
		rv = find_on_card(s, t, n);
	for (const struct p11_object *o = all->of_sessions; rv == CKR_OK && o != NULL; o = o->next)
		rv = find_one(s, o->handle, t, n);
	return rv;
}

static void search_end(struct p11_session *s)
{
	(void)p11_operations_cancel(s, CKF_FIND_OBJECTS);
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR templ, CK_ULONG count)
{
	struct p11_operations *all;
	struct p11_session *s;
	CK_RV rv;

	rv = p11_session_enter(session, &s);
	if (rv != CKR_OK)
		return rv;
	if (templ == NULL && count != 0)
		return p11_session_leave(s, CKR_ARGUMENTS_BAD);
	all = p11_operations(s);
	if (all == NULL)
		return p11_session_leave(s, CKR_HOST_MEMORY);
	if (all->search != NULL)
		return p11_session_leave(s, CKR_OPERATION_ACTIVE);
	all->search = calloc(1, sizeof(*all->search));
	rv = all->search != NULL ? find(s, templ, count) : CKR_HOST_MEMORY;
	if (rv != CKR_OK)
		search_end(s);
	return p11_session_leave(s, rv);
}

CK_RV C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects, CK_ULONG max,
		    CK_ULONG_PTR count)
{
	struct p11_search *f;
	struct p11_session *s;
	CK_ULONG n;
	CK_RV rv;

	rv = p11_session_enter(session, &s);
	if (rv != CKR_OK)
		return rv;
	f = s->operations != NULL ? s->operations->search : NULL;
	if (f == NULL)
		return p11_session_leave(s, CKR_OPERATION_NOT_INITIALIZED);
	if (count == NULL || (objects == NULL && max != 0))
		return p11_session_leave(s, CKR_ARGUMENTS_BAD);
	n = f->count - f->given < max ? f->count - f->given : max;
	if (n > 0)
		memcpy(objects, f->found + f->given, n * sizeof(*objects));
	f->given += n;
	*count = n;
	return p11_session_leave(s, CKR_OK);
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE session)
{
	struct p11_session *s;
	CK_RV rv;

	rv = p11_session_enter(session, &s);
	if (rv != CKR_OK)
		return rv;
	if (s->operations == NULL || s->operations->search == NULL)
		return p11_session_leave(s, CKR_OPERATION_NOT_INITIALIZED);
	search_end(s);
	return p11_session_leave(s, CKR_OK);
}
