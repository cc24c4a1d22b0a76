#include "operations.h"

/* Our mechanisms take no parameter per message (3.1, 5.14, 5.16). */
static bool no_parameter(const void *parameter, CK_ULONG len)
{
	return parameter == NULL || len == 0;
}

/*
 * Enters a session with an active operation of this kind, which has begun a message or not as
 * the function wants. Not entered on any error.
 */
static CK_RV enter(CK_SESSION_HANDLE session, enum p11_doing kind, bool begun,
		   struct p11_session **s, struct p11_operation **op)
{
	CK_RV rv = p11_operation_enter(session, kind, s, op);

	if (rv != CKR_OK || (*op)->message == begun)
		return rv;
	return p11_session_leave(*s, begun ? CKR_OPERATION_NOT_INITIALIZED : CKR_OPERATION_ACTIVE);
}

/*
 * The message is over, good or not; the operation waits for the next, unless it ended because the
 * card has forgotten the PIN.
 */
static CK_RV message_end(struct p11_session *s, enum p11_doing kind, CK_RV rv)
{
	struct p11_operation *op = p11_active(s, kind);
	CK_RV again;

	if (op == NULL)
		return rv;
	op->message = false;
	again = p11_restart(op);
	return rv != CKR_OK ? rv : again;
}

static CK_RV sign_message(struct p11_session *s, struct p11_operation *op, struct sj_span last,
			  CK_BYTE_PTR signature, CK_ULONG_PTR len)
{
	uint8_t out[SJ_PIV_BLOCK_MAX];
	CK_RV rv = CKR_OK;
	size_t n;

	if (!p11_output_room(op->key.size, signature, len, &rv))
		return rv;
	rv = p11_add(op, last);
	if (rv == CKR_OK)
		rv = p11_sign(s, op, out, &n);
	if (rv == CKR_OK)
		rv = p11_output(sj_span(out, n), signature, len);
	return message_end(s, P11_MESSAGE_SIGNING, rv);
}

static CK_RV begin(CK_SESSION_HANDLE session, enum p11_doing kind, const void *parameter,
		   CK_ULONG parameter_len)
{
	struct p11_operation *op;
	struct p11_session *s;
	CK_RV rv = enter(session, kind, false, &s, &op);

	if (rv != CKR_OK)
		return rv;
	if (!no_parameter(parameter, parameter_len))
		return p11_session_leave(s, CKR_ARGUMENTS_BAD);
	rv = p11_restart(op);
	op->message = rv == CKR_OK;
	return p11_session_leave(s, rv);
}

static CK_RV final(CK_SESSION_HANDLE session, enum p11_doing kind)
{
	struct p11_operation *op;
	struct p11_session *s;
	CK_RV rv;

	rv = p11_operation_enter(session, kind, &s, &op);
	if (rv != CKR_OK)
		return rv;
	p11_end(s, kind);
	return p11_session_leave(s, CKR_OK);
}

CK_RV C_MessageSignInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return p11_operation_init(session, P11_MESSAGE_SIGNING, mechanism, key);
}

CK_RV C_SignMessage(CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_len,
		    CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature, CK_ULONG_PTR len)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct sj_span in;
	CK_RV rv = enter(session, P11_MESSAGE_SIGNING, false, &s, &op);

	if (rv != CKR_OK)
		return rv;
	if (!no_parameter(parameter, parameter_len) || !p11_input(data, data_len, &in) ||
	    len == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = sign_message(s, op, in, signature, len);
	return p11_session_leave(s, rv);
}

CK_RV C_SignMessageBegin(CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_len)
{
	return begin(session, P11_MESSAGE_SIGNING, parameter, parameter_len);
}

CK_RV C_SignMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_len,
			CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR signature,
			CK_ULONG_PTR len)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct sj_span in;
	CK_RV rv = enter(session, P11_MESSAGE_SIGNING, true, &s, &op);

	if (rv != CKR_OK)
		return rv;
	if (!no_parameter(parameter, parameter_len) || !p11_input(part, part_len, &in))
		rv = message_end(s, P11_MESSAGE_SIGNING, CKR_ARGUMENTS_BAD);
	else if (len != NULL)
		rv = sign_message(s, op, in, signature, len);
	else
		rv = p11_add(op, in);
	return p11_session_leave(s, rv);
}

CK_RV C_MessageSignFinal(CK_SESSION_HANDLE session)
{
	return final(session, P11_MESSAGE_SIGNING);
}

CK_RV C_MessageVerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
			  CK_OBJECT_HANDLE key)
{
	return p11_operation_init(session, P11_MESSAGE_VERIFYING, mechanism, key);
}

CK_RV C_VerifyMessage(CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_len,
		      CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature, CK_ULONG len)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct sj_span in, value;
	CK_RV rv = enter(session, P11_MESSAGE_VERIFYING, false, &s, &op);

	if (rv != CKR_OK)
		return rv;
	if (!no_parameter(parameter, parameter_len) || !p11_input(data, data_len, &in) ||
	    !p11_input(signature, len, &value))
		return p11_session_leave(s, CKR_ARGUMENTS_BAD);
	rv = p11_add(op, in);
	if (rv == CKR_OK)
		rv = p11_verify(op, value);
	return p11_session_leave(s, message_end(s, P11_MESSAGE_VERIFYING, rv));
}

CK_RV C_VerifyMessageBegin(CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_len)
{
	return begin(session, P11_MESSAGE_VERIFYING, parameter, parameter_len);
}

CK_RV C_VerifyMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_len,
			  CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR signature, CK_ULONG len)
{
	struct p11_operation *op;
	struct p11_session *s;
	struct sj_span in, value;
	CK_RV rv = enter(session, P11_MESSAGE_VERIFYING, true, &s, &op);

	if (rv != CKR_OK)
		return rv;
	if (!no_parameter(parameter, parameter_len) || !p11_input(part, part_len, &in) ||
	    !p11_input(signature, len, &value))
		return p11_session_leave(s,
					 message_end(s, P11_MESSAGE_VERIFYING, CKR_ARGUMENTS_BAD));
	rv = p11_add(op, in);
	if (rv == CKR_OK && signature == NULL) /* more to come */
		return p11_session_leave(s, CKR_OK);
	if (rv == CKR_OK)
		rv = p11_verify(op, value);
	return p11_session_leave(s, message_end(s, P11_MESSAGE_VERIFYING, rv));
}

CK_RV C_MessageVerifyFinal(CK_SESSION_HANDLE session)
{
	return final(session, P11_MESSAGE_VERIFYING);
}
