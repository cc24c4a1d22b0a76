/* calls_more.c -- functions of the module that do more than sign and find. */
#include <string.h>

#include "tests/fuzz/calls.h"
#include "tests/pkcs11/work.h"
#include "tests/reader/piv_stage.h"

static const CK_BYTE some_bytes[256] = { 0, 2 };

static struct calls_block some_data(const struct program *p, size_t n)
{
	return calls_data(p, sj_span(some_bytes, n));
}

/* Encryption and decryption in parts. */
static void on_parts(struct program *p, uint8_t a, uint8_t b)
{
	const CK_SESSION_HANDLE s = calls_session(p, a);
	const struct calls_block data = some_data(p, 16),
				 sealed = calls_made(p, SJ_SPAN_OF(some_bytes));
	CK_MECHANISM m = calls_mechanism(p, b / 6);
	CK_ULONG *len;
	CK_BYTE *out = calls_out(p, &len);

	switch (b % 6) {
	case 0:
		(void)C_EncryptUpdate(s, data.bytes, data.len, out, len);
		break;
	case 1:
		calls_came_out(p, C_EncryptFinal(s, out, len));
		break;
	case 2:
		(void)C_DecryptUpdate(s, sealed.bytes, sealed.len, out, len);
		break;
	case 3:
		calls_came_out(p, C_DecryptFinal(s, out, len));
		break;
	case 4:
		(void)C_EncryptInit(s, &m, calls_object(p, a));
		break;
	default:
		(void)C_DecryptInit(s, &m, calls_object(p, a));
		break;
	}
}

static void on_recover(struct program *p, uint8_t a, uint8_t b)
{
	const CK_SESSION_HANDLE s = calls_session(p, a);
	const struct calls_block data = some_data(p, 32),
				 signature = calls_made(p, SJ_SPAN_OF(some_bytes));
	CK_MECHANISM m = calls_mechanism(p, b >> 2);
	CK_ULONG *len;
	CK_BYTE *out = calls_out(p, &len);

	if (b % 4 == 0)
		(void)C_SignRecoverInit(s, &m, calls_object(p, a));
	else if (b % 4 == 1)
		calls_came_out(p, C_SignRecover(s, data.bytes, data.len, out, len));
	else if (b % 4 == 2)
		(void)C_VerifyRecoverInit(s, &m, calls_object(p, a));
	else
		(void)C_VerifyRecover(s, signature.bytes, signature.len, out, len);
}

static void on_wrap(struct program *p, uint8_t a, uint8_t b)
{
	const struct calls_block sealed = calls_made(p, SJ_SPAN_OF(some_bytes));
	CK_MECHANISM m = calls_mechanism(p, 3 /* CKM_RSA_PKCS */);
	CK_ATTRIBUTE t[CALLS_ATTRIBUTES];
	CK_ULONG *len, n = calls_template(p, t, NULL, 0);
	CK_BYTE *out = calls_out(p, &len);
	CK_OBJECT_HANDLE made;

	if ((b & 1) == 0)
		calls_came_out(p, C_WrapKey(calls_session(p, a), &m, calls_object(p, a),
					    calls_object(p, b >> 1), out, len));
	else if (C_UnwrapKey(calls_session(p, a), &m, calls_object(p, a), sealed.bytes, sealed.len,
			     t, n, &made) == CKR_OK)
		calls_keep(p, made);
}

static void on_sign_message(struct program *p, uint8_t a, uint8_t b)
{
	const CK_SESSION_HANDLE s = calls_session(p, a);
	const struct calls_block data = some_data(p, 32);
	CK_MECHANISM m = calls_mechanism(p, b >> 3);
	const CK_ULONG more = (b & 0x80) != 0 ? 1 : 0; /* a parameter, which none takes */
	CK_ULONG *len;
	CK_BYTE *out = calls_out(p, &len), none = 0;

	switch (b % 8) {
	case 0:
		(void)C_MessageSignInit(s, &m, calls_object(p, a));
		break;
	case 1:
		calls_came_out(p, C_SignMessage(s, &none, more, data.bytes, data.len, out, len));
		break;
	case 2:
		(void)C_SignMessageBegin(s, &none, more);
		break;
	case 3:
		(void)C_SignMessageNext(s, &none, more, data.bytes, data.len, NULL, NULL);
		break;
	case 4:
		calls_came_out(p,
			       C_SignMessageNext(s, &none, more, data.bytes, data.len, out, len));
		break;
	default:
		(void)C_MessageSignFinal(s);
		break;
	}
}

static void on_verify_message(struct program *p, uint8_t a, uint8_t b)
{
	const CK_SESSION_HANDLE s = calls_session(p, a);
	const struct calls_block data = some_data(p, 32);
	const struct calls_block signature = calls_made(p, sj_span(some_bytes, 64));
	CK_MECHANISM m = calls_mechanism(p, b >> 3);
	const CK_ULONG more = (b & 0x80) != 0 ? 1 : 0;
	CK_BYTE none = 0;

	switch (b % 8) {
	case 0:
		(void)C_MessageVerifyInit(s, &m, calls_object(p, a));
		break;
	case 1:
		(void)C_VerifyMessage(s, &none, more, data.bytes, data.len, signature.bytes,
				      signature.len);
		break;
	case 2:
		(void)C_VerifyMessageBegin(s, &none, more);
		break;
	case 3:
		(void)C_VerifyMessageNext(s, &none, more, data.bytes, data.len, NULL, 0);
		break;
	case 4:
		(void)C_VerifyMessageNext(s, &none, more, data.bytes, data.len, signature.bytes,
					  signature.len);
		break;
	default:
		(void)C_MessageVerifyFinal(s);
		break;
	}
}

static void on_login_user(struct program *p, uint8_t a, uint8_t b)
{
	static const CK_USER_TYPE users[] = { CKU_USER, CKU_SO, CKU_CONTEXT_SPECIFIC, 3 };
	const struct calls_block pin = calls_data(p, SJ_SPAN_STR(STAGE_GLOBAL));
	CK_BYTE name[] = "user";

	(void)C_LoginUser(calls_session(p, a), users[b % 4], pin.bytes, pin.len,
			  (b & 4) != 0 ? name : NULL, (b & 4) != 0 ? sizeof(name) - 1 : 0);
}

static void on_cancel(struct program *p, uint8_t a, uint8_t b)
{
	static const CK_FLAGS kinds[] = { CKF_SIGN,           CKF_VERIFY,       CKF_DIGEST,
					  CKF_ENCRYPT,        CKF_DECRYPT,      CKF_SIGN_RECOVER,
					  CKF_VERIFY_RECOVER, CKF_MESSAGE_SIGN, CKF_MESSAGE_VERIFY,
					  CKF_FIND_OBJECTS };
	const struct calls_block data = some_data(p, 8);
	CK_FLAGS flags = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((b >> i % 8 & 1) != 0)
			flags |= kinds[i];
	(void)C_SessionCancel(calls_session(p, a), b == 0xFF ? ~(CK_FLAGS)0 : flags);
	(void)C_SetOperationState(calls_session(p, a), data.bytes, data.len, calls_object(p, a), 0);
}

static void on_secret(struct program *p, uint8_t a, uint8_t b)
{
	const struct calls_block seed = some_data(p, 8);
	CK_OBJECT_HANDLE made;

	if (b % 4 == 0)
		(void)C_DigestKey(calls_session(p, a), calls_object(p, a));
	else if (b % 4 == 1)
		(void)C_SeedRandom(calls_session(p, a), seed.bytes, seed.len);
	else if ((b % 4 == 2 ? work_secret(calls_session(p, a), &made)
			     : work_derive(calls_session(p, a), calls_object(p, a), 65, &made)) ==
		 CKR_OK)
		calls_keep(p, made);
}

static void on_certificate(struct program *p, uint8_t a, uint8_t b)
{
	(void)b;
	work_write_certificate(calls_session(p, a), p->objects, p->n);
}

/* Everything of the card's begins anew, if the SO's PIN is right. */
static void on_init_token(struct program *p, uint8_t a, uint8_t b)
{
	const struct calls_block pin = calls_data(p, SJ_SPAN_STR(ADMIN_HEX));
	CK_UTF8CHAR label[32];

	(void)a;
	memset(label, b, sizeof(label));
	(void)C_InitToken(b >> 7, pin.bytes, pin.len, label);
}

static void on_new_pins(struct program *p, uint8_t a, uint8_t b)
{
	const struct calls_block new = calls_data(p, SJ_SPAN_STR(STAGE_PUK ":123456"));
	static const char *const olds[] = { STAGE_GLOBAL, ADMIN_HEX, STAGE_PIN, "" };
	const char *old = olds[b % 4];

	(void)((b & 4) != 0 ? C_InitPIN(calls_session(p, a), new.bytes, new.len)
			    : C_SetPIN(calls_session(p, a), (CK_UTF8CHAR *)(uintptr_t)old,
				       strlen(old), new.bytes, new.len));
}

static void on_about(struct program *p, uint8_t a, uint8_t b)
{
	CK_FUNCTION_LIST *list;
	CK_INTERFACE *one, many[4];
	CK_ULONG n = b % 5u, size;
	CK_UTF8CHAR name[] = "PKCS 11";
	CK_MECHANISM_INFO mechanism;
	CK_SLOT_INFO slot;
	CK_INFO info;

	(void)C_GetInfo((b & 0x80) != 0 ? NULL : &info);
	(void)C_GetFunctionList(&list);
	(void)C_GetInterfaceList((b & 0x40) != 0 ? NULL : many, &n);
	(void)C_GetInterface((b & 0x20) != 0 ? NULL : name, NULL, &one, b & 3);
	(void)C_GetSlotInfo(a, &slot);
	(void)C_GetMechanismInfo(0, calls_mechanism(p, b).mechanism, &mechanism);
	(void)C_GetObjectSize(calls_session(p, a), calls_object(p, a), &size);
	(void)C_GetFunctionStatus(calls_session(p, a));
	(void)C_CancelFunction(calls_session(p, a));
}

void calls_more(struct program *p, unsigned which, uint8_t a, uint8_t b)
{
	static void (*const steps[CALLS_MORE])(struct program *, uint8_t, uint8_t) = {
		on_parts,          on_recover,    on_wrap,     on_sign_message,
		on_verify_message, on_login_user, on_cancel,   on_secret,
		on_certificate,    on_init_token, on_new_pins, on_about,
	};

	steps[which](p, a, b);
}
