#include "operations.h"
#include "crypt/wipe.h"
#include "wire/tlv.h"

#include <stdlib.h>
#include <string.h>

#define COLLECT_MAX (16u << 20) /* bytes of a message that is not hashed */

/* What each kind of operation needs. */
static const struct kind_row {
	CK_FLAGS flag; /* of the mechanism and for C_SessionCancel */
	CK_ATTRIBUTE_TYPE attribute; /* of the key */
	CK_OBJECT_CLASS class;
} kinds[P11_KINDS] = {
	[P11_DIGESTING] = { CKF_DIGEST, 0, 0 },
	[P11_SIGNING] = { CKF_SIGN, CKA_SIGN, CKO_PRIVATE_KEY },
	[P11_SIGN_RECOVERING] = { CKF_SIGN_RECOVER, CKA_SIGN_RECOVER, CKO_PRIVATE_KEY },
	[P11_VERIFYING] = { CKF_VERIFY, CKA_VERIFY, CKO_PUBLIC_KEY },
	[P11_VERIFY_RECOVERING] = { CKF_VERIFY_RECOVER, CKA_VERIFY_RECOVER, CKO_PUBLIC_KEY },
	[P11_ENCRYPTING] = { CKF_ENCRYPT, CKA_ENCRYPT, CKO_PUBLIC_KEY },
	[P11_DECRYPTING] = { CKF_DECRYPT, CKA_DECRYPT, CKO_PRIVATE_KEY },
	[P11_MESSAGE_SIGNING] = { CKF_MESSAGE_SIGN, CKA_SIGN, CKO_PRIVATE_KEY },
	[P11_MESSAGE_VERIFYING] = { CKF_MESSAGE_VERIFY, CKA_VERIFY, CKO_PUBLIC_KEY },
};

static void secret_free(uint8_t *bytes, size_t n)
{
	if (bytes != NULL)
		sj_wipe(bytes, n);
	free(bytes);
}

static void operation_free(struct p11_operation *op)
{
	if (op == NULL)
		return;
	sj_digest_free(op->digest);
	secret_free(op->bytes, op->room);
	secret_free(op->result, op->result_len);
	free(op->label);
	free(op);
}

static void search_free(struct p11_operations *o)
{
	if (o->search != NULL)
		free(o->search->found);
	free(o->search);
	o->search = NULL;
}

struct p11_operations *p11_operations(struct p11_session *s)
{
	if (s->operations == NULL)
		s->operations = calloc(1, sizeof(*s->operations));
	return s->operations;
}

struct p11_operation *p11_active(struct p11_session *s, enum p11_doing kind)
{
	return s->operations != NULL ? s->operations->active[kind] : NULL;
}

void p11_end(struct p11_session *s, enum p11_doing kind)
{
	if (s->operations == NULL)
		return;
	operation_free(s->operations->active[kind]);
	s->operations->active[kind] = NULL;
}

void p11_operations_free(struct p11_operations *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < P11_KINDS; i++)
		operation_free(o->active[i]);
	search_free(o);
	free(o);
}

void p11_operations_logout(struct p11_operations *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < P11_KINDS; i++)
		if (o->active[i] != NULL && o->active[i]->key.guarded) {
			operation_free(o->active[i]);
			o->active[i] = NULL;
		}
	search_free(o);
}

CK_RV p11_operations_cancel(struct p11_session *s, CK_FLAGS flags)
{
	for (size_t i = 0; i < P11_KINDS; i++)
		if ((flags & kinds[i].flag) != 0)
			p11_end(s, (enum p11_doing)i);
	if ((flags & CKF_FIND_OBJECTS) != 0 && s->operations != NULL)
		search_free(s->operations);
	return CKR_OK;
}

bool p11_operations_want_pin(const struct p11_session *s)
{
	for (size_t i = 0; s->operations != NULL && i < P11_KINDS; i++)
		if (s->operations->active[i] != NULL && s->operations->active[i]->key.private &&
		    s->operations->active[i]->key.info.pin_always)
			return true;
	return false;
}

bool p11_input(CK_BYTE_PTR bytes, CK_ULONG len, struct sj_span *out)
{
	*out = sj_span(bytes, len);
	return bytes != NULL || len == 0;
}

/* --- keys ------------------------------------------------------------------------- */

/* The key was read and judged when its object was made, which takes more than all the rest here. */
static size_t block_size(const struct p11_attributes *a, CK_KEY_TYPE type)
{
	struct sj_span element, point;

	switch (type) {
	case CKK_RSA:
		return p11_attribute_span(a, CKA_MODULUS).len;
	case CKK_EC: /* 04 || x || y: r || s is as long as the two, on the curves that there are */
		element = p11_attribute_span(a, CKA_EC_POINT);
		return sj_tlv_take(&element, 0x04, &point) == SJ_TLV_FOUND ? point.len / 2 * 2 : 0;
	case CKK_EC_EDWARDS:
		return SJ_ED25519_SIGNATURE;
	default:
		return 0;
	}
}

static bool type_fits(CK_KEY_TYPE type, const struct p11_mechanism *m)
{
	return type == m->key || (m->scheme == P11_ECDH && type == CKK_EC_MONTGOMERY);
}

CK_RV p11_key_get(struct p11_session *s, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
		  CK_ATTRIBUTE_TYPE attribute, const struct p11_mechanism *m, struct p11_key *out)
{
	const struct sj_piv_key_info *info = NULL;
	struct p11_object *o;
	struct sj_span spki;
	CK_RV rv;

	rv = p11_object_get(s, handle, &o);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	if (rv != CKR_OK)
		return rv;
	out->type = p11_attribute_ulong(&o->a, CKA_KEY_TYPE);
	if (o->class != class || !type_fits(out->type, m))
		return CKR_KEY_TYPE_INCONSISTENT;
	if (!p11_attribute_bool(&o->a, attribute))
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	spki = p11_attribute_span(&o->a, CKA_PUBLIC_KEY_INFO);
	if (spki.len == 0 || spki.len > sizeof(out->info.spki))
		return CKR_KEY_TYPE_INCONSISTENT;
	out->size = block_size(&o->a, out->type);
	out->private = class == CKO_PRIVATE_KEY;
	out->guarded = p11_attribute_bool(&o->a, CKA_PRIVATE);
	out->ref = (uint8_t)o->low;
	if (!out->private) {
		memcpy(out->info.spki, spki.ptr, spki.len);
		out->info.spki_len = spki.len;
		return CKR_OK;
	}
	rv = p11_card_key(s->token, out->ref, &info);
	if (rv == CKR_OK && info == NULL)
		rv = CKR_KEY_HANDLE_INVALID;
	if (rv == CKR_OK)
		out->info = *info;
	return rv;
}

/* --- beginning, feeding, ending ------------------------------------------------------ */

static CK_RV begin(struct p11_session *s, enum p11_doing kind, const CK_MECHANISM *m,
		   CK_OBJECT_HANDLE key, struct p11_operation *op)
{
	const struct kind_row *row = &kinds[kind];
	const struct sj_span *label = &op->use.padding.label;
	CK_RV rv;

	rv = p11_mechanism_read(s->token, m, row->flag, &op->use);
	if (rv == CKR_OK && kind != P11_DIGESTING)
		rv = p11_key_get(s, key, row->class, row->attribute, op->use.mechanism, &op->key);
	if (rv != CKR_OK)
		return rv;
	if (op->use.mechanism->scheme == P11_PSS &&
	    op->use.padding.salt + sj_hash_size(op->use.padding.hash) + 2 > op->key.size)
		return CKR_MECHANISM_PARAM_INVALID;
	if (label->len > 0) {
		op->label = malloc(label->len);
		if (op->label == NULL)
			return CKR_HOST_MEMORY;
		memcpy(op->label, label->ptr, label->len);
		op->use.padding.label = sj_span(op->label, label->len);
	}
	return p11_restart(op);
}

CK_RV p11_begin(struct p11_session *s, enum p11_doing kind, const CK_MECHANISM *m,
		CK_OBJECT_HANDLE key)
{
	struct p11_operations *all = p11_operations(s);
	struct p11_operation *op;
	CK_RV rv;

	if (all == NULL)
		return CKR_HOST_MEMORY;
	if (m == NULL) {
		p11_end(s, kind);
		return CKR_OK;
	}
	if (all->active[kind] != NULL)
		return CKR_OPERATION_ACTIVE;
	op = calloc(1, sizeof(*op));
	if (op == NULL)
		return CKR_HOST_MEMORY;
	rv = begin(s, kind, m, key, op);
	if (rv == CKR_OK)
		all->active[kind] = op;
	else
		operation_free(op);
	return rv;
}

CK_RV p11_operation_init(CK_SESSION_HANDLE session, enum p11_doing kind, const CK_MECHANISM *m,
			 CK_OBJECT_HANDLE key)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(session, &s);

	return rv != CKR_OK ? rv : p11_session_leave(s, p11_begin(s, kind, m, key));
}

CK_RV p11_operation_enter(CK_SESSION_HANDLE session, enum p11_doing kind, struct p11_session **s,
			  struct p11_operation **op)
{
	CK_RV rv = p11_session_enter(session, s);

	if (rv != CKR_OK)
		return rv;
	*op = p11_active(*s, kind);
	return *op != NULL ? CKR_OK : p11_session_leave(*s, CKR_OPERATION_NOT_INITIALIZED);
}

CK_RV p11_operation_update(CK_SESSION_HANDLE session, enum p11_doing kind, CK_BYTE_PTR part,
			   CK_ULONG len)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct sj_span in;
	CK_RV rv;

	rv = p11_operation_enter(session, kind, &s, &op);
	if (rv != CKR_OK)
		return rv;
	op->parts = true;
	rv = p11_input(part, len, &in) ? p11_add(op, in) : CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		p11_end(s, kind);
	return p11_session_leave(s, rv);
}

CK_RV p11_restart(struct p11_operation *op)
{
	const enum sj_hash hash = op->use.mechanism->hash;

	if (op->len > 0)
		sj_wipe(op->bytes, op->len);
	op->len = 0;
	op->parts = false;
	sj_digest_free(op->digest);
	op->digest = hash != SJ_HASH_NONE ? sj_digest_new(hash) : NULL;
	return hash != SJ_HASH_NONE && op->digest == NULL ? CKR_HOST_MEMORY : CKR_OK;
}

CK_RV p11_add(struct p11_operation *op, struct sj_span bytes)
{
	uint8_t *grown;
	size_t room;

	if (bytes.len == 0)
		return CKR_OK;
	if (op->digest != NULL)
		return sj_digest_add(op->digest, bytes) ? CKR_OK : CKR_FUNCTION_FAILED;
	if (bytes.len > COLLECT_MAX - op->len)
		return CKR_DATA_LEN_RANGE;
	if (bytes.len > op->room - op->len) { /* not realloc, which would leave a copy behind */
		room = 2 * (op->len + bytes.len);
		grown = malloc(room);
		if (grown == NULL)
			return CKR_HOST_MEMORY;
		if (op->len > 0)
			memcpy(grown, op->bytes, op->len);
		secret_free(op->bytes, op->room);
		op->bytes = grown;
		op->room = room;
	}
	memcpy(op->bytes + op->len, bytes.ptr, bytes.len);
	op->len += bytes.len;
	return CKR_OK;
}

CK_RV p11_collected(struct p11_operation *op, uint8_t hash[static SJ_HASH_MAX], struct sj_span *out)
{
	if (op->digest == NULL) {
		*out = sj_span(op->bytes, op->len);
		return CKR_OK;
	}
	if (!sj_digest_end(op->digest, hash))
		return CKR_FUNCTION_FAILED;
	*out = sj_span(hash, sj_hash_size(op->use.mechanism->hash));
	return CKR_OK;
}
