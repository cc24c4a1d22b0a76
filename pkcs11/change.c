#include "operations.h"

/* Values that go one way only, and what no program may say (3.1, tables 27 and 29). */
static CK_RV change_allowed(const struct p11_object *o, const CK_ATTRIBUTE *t, CK_ULONG n)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		bool last; /* once it has this value, it stays */
	} one_way[] = {
		{ CKA_SENSITIVE, true }, { CKA_EXTRACTABLE, false },
		{ CKA_COPYABLE, false }, { CKA_WRAP_WITH_TRUSTED, true },
		{ CKA_PRIVATE, true },
	};

	for (size_t i = 0; i < sizeof(one_way) / sizeof(one_way[0]); i++) {
		const bool now = p11_attribute_bool(&o->a, one_way[i].type);

		if (now == one_way[i].last && p11_template_bool(t, n, one_way[i].type, now) != now)
			return CKR_ATTRIBUTE_READ_ONLY;
	}
	return p11_template_bool(t, n, CKA_TRUSTED, false) ? CKR_ATTRIBUTE_READ_ONLY : CKR_OK;
}

static CK_RV copy(struct p11_session *s, CK_OBJECT_HANDLE handle, const CK_ATTRIBUTE *t, CK_ULONG n,
		  CK_OBJECT_HANDLE *out)
{
	const struct p11_attribute *subject;
	struct p11_attributes a = { 0 };
	struct p11_object *o;
	CK_RV rv;

	rv = p11_object_get(s, handle, &o);
	if (rv == CKR_OK)
		rv = p11_object_attribute(s, o, CKA_SUBJECT, &subject);
	if (rv != CKR_OK)
		return rv;
	if (!p11_attribute_bool(&o->a, CKA_COPYABLE))
		return CKR_ACTION_PROHIBITED;
	rv = p11_template_check(t, n, o->class, P11_CHANGE);
	if (rv == CKR_OK)
		rv = change_allowed(o, t, n);
	if (rv != CKR_OK)
		return rv;
	if (p11_template_bool(t, n, CKA_TOKEN, false) ||
	    (o->class != CKO_DATA && o->class != CKO_CERTIFICATE && o->class != CKO_PUBLIC_KEY &&
	     o->class != CKO_SECRET_KEY))
		return CKR_TEMPLATE_INCONSISTENT;
	if (p11_template_bool(t, n, CKA_PRIVATE, false) && !p11_session_user(s))
		return CKR_USER_NOT_LOGGED_IN;
	for (size_t i = 0; i < o->a.count; i++)
		p11_put(&a, o->a.list[i].type, sj_span(o->a.list[i].value, o->a.list[i].len));
	p11_put_bool(&a, CKA_MODIFIABLE, true);
	p11_put_bool(&a, CKA_DESTROYABLE, true);
	p11_put_template(&a, t, n);
	return p11_object_new(s, o->class, &a, out);
}

CK_RV C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR templ,
		   CK_ULONG count, CK_OBJECT_HANDLE_PTR made)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(session, &s);

	if (rv != CKR_OK)
		return rv;
	if ((templ == NULL && count != 0) || made == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = copy(s, object, templ, count, made);
	return p11_session_leave(s, rv);
}

static CK_RV set(struct p11_session *s, CK_OBJECT_HANDLE handle, const CK_ATTRIBUTE *t, CK_ULONG n)
{
	static const CK_ATTRIBUTE_TYPE by_copy[] = { CKA_TOKEN, CKA_PRIVATE, CKA_MODIFIABLE,
						     CKA_DESTROYABLE };
	struct p11_object *o;
	CK_RV rv;

	rv = p11_object_get(s, handle, &o);
	if (rv != CKR_OK)
		return rv;
	if (o->session == 0 && !p11_session_writes(s))
		return CKR_SESSION_READ_ONLY;
	if (!p11_attribute_bool(&o->a, CKA_MODIFIABLE))
		return CKR_ACTION_PROHIBITED;
	rv = p11_template_check(t, n, o->class, P11_CHANGE);
	if (rv == CKR_OK)
		rv = change_allowed(o, t, n);
	for (size_t i = 0; rv == CKR_OK && i < sizeof(by_copy) / sizeof(by_copy[0]); i++)
		if (p11_template(t, n, by_copy[i]) != NULL)
			rv = CKR_ATTRIBUTE_READ_ONLY;
	if (rv != CKR_OK)
		return rv;
	p11_put_template(&o->a, t, n);
	if (!o->a.failed)
		return CKR_OK;
	o->a.failed = false; /* what fitted is there, each attribute whole */
	return CKR_HOST_MEMORY;
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
			  CK_ATTRIBUTE_PTR templ, CK_ULONG count)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(session, &s);

	if (rv != CKR_OK)
		return rv;
	if (templ == NULL || count == 0)
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = set(s, object, templ, count);
	return p11_session_leave(s, rv);
}

static CK_RV destroy(struct p11_session *s, CK_OBJECT_HANDLE handle)
{
	struct p11_object *o;
	CK_RV rv = p11_object_get(s, handle, &o);

	if (rv != CKR_OK)
		return rv;
	if (o->session == 0 && !p11_session_writes(s))
		return CKR_SESSION_READ_ONLY;
	if (!p11_attribute_bool(&o->a, CKA_DESTROYABLE))
		return CKR_ACTION_PROHIBITED;
	if (o->session != 0) {
		p11_object_drop(s->token->objects, o);
		return CKR_OK;
	}
	switch (o->class) {
	case CKO_CERTIFICATE:
		return p11_card_write_certificate(s, (uint8_t)o->low, sj_span(NULL, 0));
	case CKO_PRIVATE_KEY:
		return p11_card_delete_key(s, (uint8_t)o->low);
	case CKO_DATA:
		return p11_card_write_object(s, o->low, sj_span(NULL, 0));
	default:
		return CKR_ACTION_PROHIBITED;
	}
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(session, &s);

	return rv != CKR_OK ? rv : p11_session_leave(s, destroy(s, object));
}
