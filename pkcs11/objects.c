#include "objects.h"
#include "crypt/hash.h"
#include "crypt/x509.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_OBJECTS 0x40000000u /* handles of session objects begin here */

struct p11_objects *p11_objects(struct p11_token *t)
{
	if (t->objects == NULL)
		t->objects = calloc(1, sizeof(*t->objects));
	return t->objects;
}

static void object_free(struct p11_object *o)
{
	p11_attributes_free(&o->a);
	free(o);
}

/* Takes the first of a list out and ends it. */
static void drop_first(struct p11_object **list)
{
	struct p11_object *o = *list;

	*list = o->next;
	object_free(o);
}

static void list_free(struct p11_object **list)
{
	while (*list != NULL)
		drop_first(list);
}

void p11_objects_free(struct p11_objects *o)
{
	if (o == NULL)
		return;
	list_free(&o->of_card);
	list_free(&o->of_sessions);
	free(o);
}

void p11_object_drop(struct p11_objects *all, const struct p11_object *o)
{
	struct p11_object **at = &all->of_sessions;

	while (*at != NULL && *at != o)
		at = &(*at)->next;
	if (*at != NULL)
		drop_first(at);
}

void p11_objects_session_end(struct p11_objects *o, CK_SESSION_HANDLE handle)
{
	struct p11_object **at = o != NULL ? &o->of_sessions : NULL;

	while (at != NULL && *at != NULL)
		if ((*at)->session == handle)
			drop_first(at);
		else
			at = &(*at)->next;
}

void p11_objects_logout(struct p11_objects *o)
{
	struct p11_object **at = o != NULL ? &o->of_sessions : NULL;

	while (at != NULL && *at != NULL)
		if (p11_attribute_bool(&(*at)->a, CKA_PRIVATE))
			drop_first(at);
		else
			at = &(*at)->next;
	if (o != NULL)
		list_free(&o->of_card); /* data objects that wanted the PIN are among them */
}

CK_RV p11_object_new(struct p11_session *s, CK_OBJECT_CLASS class, struct p11_attributes *a,
		     CK_OBJECT_HANDLE *out)
{
	struct p11_objects *all = p11_objects(s->token);
	struct p11_object *o = all != NULL ? calloc(1, sizeof(*o)) : NULL;
	char id[32];

	if (o != NULL) {
		o->class = class;
		o->session = s->handle;
		o->handle = SESSION_OBJECTS + ++all->made;
		snprintf(id, sizeof(id), "session-%lu", all->made);
		p11_put_ulong(a, CKA_CLASS, class);
		p11_put_text(a, CKA_UNIQUE_ID, id);
		p11_put_bool(a, CKA_TOKEN, false);
		p11_put_defaults(a, class);
		if (class == CKO_PUBLIC_KEY && p11_attribute(a, CKA_SUBJECT) == NULL)
			p11_put(a, CKA_SUBJECT, sj_span(NULL, 0));
	}
	if (o == NULL || a->failed) {
		p11_attributes_free(a);
		free(o);
		return CKR_HOST_MEMORY;
	}
	o->a = *a;
	*a = (struct p11_attributes){ 0 };
	o->next = all->of_sessions;
	all->of_sessions = o;
	*out = o->handle;
	return CKR_OK;
}

/*
 * May this session see it? Private objects are the user's (3.1, 2.4); the SO sees private keys too,
 * whose existence is no secret with PIV, because it makes and deletes them.
 */
static bool may_see(const struct p11_session *s, const struct p11_object *o)
{
	return !p11_attribute_bool(&o->a, CKA_PRIVATE) || p11_session_user(s) ||
	       (p11_session_so(s) && o->class == CKO_PRIVATE_KEY);
}

/* The card's object, made if it was not yet. */
static CK_RV card_object(struct p11_session *s, CK_OBJECT_HANDLE handle, struct p11_object **out)
{
	struct p11_objects *all = s->token->objects;
	struct p11_object *o;
	bool there = false;
	CK_RV rv;

	if (all->generation != p11_card_generation(s->token))
		list_free(&all->of_card);
	all->generation = p11_card_generation(s->token);
	for (o = all->of_card; o != NULL; o = o->next)
		if (o->handle == handle) {
			*out = o;
			return CKR_OK;
		}
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		return CKR_HOST_MEMORY;
	o->handle = handle;
	o->class = (handle >> 24) - 1;
	o->low = (uint32_t)(handle & 0xFFFFFF);
	rv = p11_token_object(s->token, o, &there);
	if (rv == CKR_OK && there && o->a.failed)
		rv = CKR_HOST_MEMORY;
	if (rv != CKR_OK || !there) {
		object_free(o);
		return rv != CKR_OK ? rv : CKR_OBJECT_HANDLE_INVALID;
	}
	o->next = all->of_card;
	all->of_card = o;
	*out = o;
	return CKR_OK;
}

CK_RV p11_object_get(struct p11_session *s, CK_OBJECT_HANDLE handle, struct p11_object **out)
{
	struct p11_objects *all = p11_objects(s->token);
	struct p11_object *o = NULL;
	CK_RV rv = CKR_OK;

	if (all == NULL)
		return CKR_HOST_MEMORY;
	if (handle >= SESSION_OBJECTS) {
		for (o = all->of_sessions; o != NULL && o->handle != handle;)
			o = o->next;
	} else if (handle >> 24 != 0) {
		rv = card_object(s, handle, &o);
	}
	if (rv == CKR_OK && (o == NULL || !may_see(s, o)))
		rv = CKR_OBJECT_HANDLE_INVALID;
	if (rv == CKR_OK)
		*out = o;
	return rv;
}

/* A key's subject is that of its certificate, which is read only for this. */
static CK_RV put_subject(struct p11_session *s, struct p11_object *o)
{
	struct sj_span der = { NULL, 0 };
	struct sj_cert cert = { 0 };
	CK_RV rv = p11_card_certificate(s->token, (uint8_t)o->low, &der);

	if (rv != CKR_OK)
		return rv;
	p11_put(&o->a, CKA_SUBJECT,
		der.len > 0 && sj_cert_read(der, &cert) ? cert.subject : sj_span(NULL, 0));
	return CKR_OK;
}

/* A certificate's (3.1, 4.6.2). */
static void put_check_value(struct p11_attributes *a)
{
	const struct sj_span der = p11_attribute_span(a, CKA_VALUE);
	uint8_t hash[SJ_HASH_MAX];

	if (sj_hash(SJ_SHA1, &der, 1, hash))
		p11_put(a, CKA_CHECK_VALUE, sj_span(hash, 3));
	else
		a->failed = true;
}

/* Few programs ask for digests: the others need not wait until OpenSSL is ready. */
CK_RV p11_object_attribute(struct p11_session *s, struct p11_object *o, CK_ATTRIBUTE_TYPE type,
			   const struct p11_attribute **out)
{
	const bool of_card = o->session == 0;
	CK_RV rv = CKR_OK;

	*out = p11_attribute(&o->a, type);
	if (*out != NULL)
		return CKR_OK;
	if (type == CKA_UNIQUE_ID && of_card)
		p11_put_unique(o);
	else if (type == CKA_CHECK_VALUE && o->class == CKO_CERTIFICATE)
		put_check_value(&o->a);
	else if (type == CKA_SUBJECT && of_card &&
		 (o->class == CKO_PUBLIC_KEY || o->class == CKO_PRIVATE_KEY))
		rv = put_subject(s, o);
	if (rv != CKR_OK)
		return rv; /* the object may be gone */
	if (o->a.failed)
		rv = CKR_HOST_MEMORY;
	o->a.failed = false; /* it may be asked for again */
	*out = p11_attribute(&o->a, type);
	return rv;
}

bool p11_object_hides(const struct p11_object *o, const struct p11_attribute *at)
{
	if (at->hidden)
		return true;
	return o->class == CKO_SECRET_KEY && at->type == CKA_VALUE &&
	       (p11_attribute_bool(&o->a, CKA_SENSITIVE) ||
		!p11_attribute_bool(&o->a, CKA_EXTRACTABLE));
}

/* An answer, not a failure: the others are answered too. */
static bool is_answer(CK_RV rv)
{
	return rv == CKR_OK || rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
	       rv == CKR_BUFFER_TOO_SMALL;
}

/* One attribute for the program (3.1, 5.7.5, steps 1 to 5). */
static CK_RV answer(struct p11_session *s, struct p11_object *o, CK_ATTRIBUTE *t)
{
	const struct p11_attribute *at;
	CK_RV rv;

	rv = p11_object_attribute(s, o, t->type, &at);
	if (rv != CKR_OK)
		return rv;
	if (at == NULL)
		rv = CKR_ATTRIBUTE_TYPE_INVALID;
	else if (p11_object_hides(o, at))
		rv = CKR_ATTRIBUTE_SENSITIVE;
	else if (t->pValue != NULL && t->ulValueLen < at->len)
		rv = CKR_BUFFER_TOO_SMALL;
	if (rv != CKR_OK) {
		t->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return rv;
	}
	if (t->pValue != NULL && at->len > 0)
		memcpy(t->pValue, at->value, at->len);
	t->ulValueLen = at->len;
	return CKR_OK;
}

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
			  CK_ATTRIBUTE_PTR templ, CK_ULONG count)
{
	struct p11_session *s;
	struct p11_object *o;
	CK_RV rv, first = CKR_OK;

	rv = p11_session_enter(session, &s);
	if (rv != CKR_OK)
		return rv;
	if (templ == NULL || count == 0)
		return p11_session_leave(s, CKR_ARGUMENTS_BAD);
	rv = p11_object_get(s, object, &o);
	if (rv != CKR_OK)
		return p11_session_leave(s, rv);
	for (CK_ULONG i = 0; i < count; i++) {
		rv = answer(s, o, &templ[i]);
		if (!is_answer(rv)) /* the card failed, and the object may be gone */
			return p11_session_leave(s, rv);
		if (first == CKR_OK)
			first = rv;
	}
	return p11_session_leave(s, first);
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size)
{
	struct p11_session *s;
	struct p11_object *o;
	CK_RV rv;

	rv = p11_session_enter(session, &s);
	if (rv != CKR_OK)
		return rv;
	if (size == NULL)
		return p11_session_leave(s, CKR_ARGUMENTS_BAD);
	rv = p11_object_get(s, object, &o);
	if (rv == CKR_OK)
		*size = p11_attributes_size(&o->a);
	return p11_session_leave(s, rv);
}
