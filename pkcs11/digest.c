#include "operations.h"

CK_RV C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism)
{
	return p11_operation_init(session, P11_DIGESTING, mechanism, 0);
}

static CK_RV digest_end(struct p11_session *s, struct sj_span last, CK_BYTE_PTR digest,
			CK_ULONG_PTR len)
{
	struct p11_operation *op = p11_active(s, P11_DIGESTING);
	uint8_t hash[SJ_HASH_MAX];
	struct sj_span out;
	CK_RV rv = CKR_OK;

	if (!p11_output_room(sj_hash_size(op->use.mechanism->hash), digest, len, &rv)) {
		if (rv != CKR_OK && rv != CKR_BUFFER_TOO_SMALL)
			p11_end(s, P11_DIGESTING);
		return rv;
	}
	rv = p11_add(op, last);
	if (rv == CKR_OK)
		rv = p11_collected(op, hash, &out);
	if (rv == CKR_OK)
		rv = p11_output(out, digest, len);
	p11_end(s, P11_DIGESTING);
	return rv;
}

CK_RV C_Digest(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR digest,
	       CK_ULONG_PTR len)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct sj_span in;
	CK_RV rv;

	rv = p11_operation_enter(session, P11_DIGESTING, &s, &op);
	if (rv != CKR_OK)
		return rv;
	if (op->parts)
		rv = CKR_OPERATION_ACTIVE;
	else if (!p11_input(data, data_len, &in) || len == NULL)
		rv = CKR_ARGUMENTS_BAD;
	op->whole = true;
	if (rv == CKR_OK)
		rv = digest_end(s, in, digest, len);
	else
		p11_end(s, P11_DIGESTING);
	return p11_session_leave(s, rv);
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG len)
{
	return p11_operation_update(session, P11_DIGESTING, part, len);
}

/* A secret session key's value, also one that is not told (3.1, 5.13.4). */
CK_RV C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct p11_object *o;
	CK_RV rv;

	rv = p11_operation_enter(session, P11_DIGESTING, &s, &op);
	if (rv != CKR_OK)
		return rv;
	rv = p11_object_get(s, key, &o);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		rv = CKR_KEY_HANDLE_INVALID;
	else if (rv == CKR_OK && o->class != CKO_SECRET_KEY)
		rv = CKR_KEY_INDIGESTIBLE;
	op->parts = true;
	if (rv == CKR_OK)
		rv = p11_add(op, p11_attribute_span(&o->a, CKA_VALUE));
	if (rv != CKR_OK)
		p11_end(s, P11_DIGESTING);
	return p11_session_leave(s, rv);
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR digest, CK_ULONG_PTR len)
{
	struct p11_operation *op;
	struct p11_session *s;
	CK_RV rv;

	rv = p11_operation_enter(session, P11_DIGESTING, &s, &op);
	if (rv != CKR_OK)
		return rv;
	if (len == NULL || op->whole) { /* C_Digest() began, and ends it itself (3.1, 5.13.2) */
		p11_end(s, P11_DIGESTING);
		return p11_session_leave(s, len != NULL ? CKR_OPERATION_ACTIVE : CKR_ARGUMENTS_BAD);
	}
	return p11_session_leave(s, digest_end(s, sj_span(NULL, 0), digest, len));
}
