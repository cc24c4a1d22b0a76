/* op_functions.c -- programs of the module before a liar: in parts, by messages, with public keys, on slots. */
#include "tests/hostile/op_module.h"
#include "tests/pkcs11/plug.h"
#include "tests/pkcs11/work.h"
#include "tests/reader/piv_stage.h"

struct buffer {
	CK_BYTE bytes[SJ_PIV_BLOCK_MAX];
	CK_ULONG len; /* room before, size after */
};

static CK_BYTE text[32] = { 1 }; /* what is signed; nobody writes it */

static bool gives(struct program *p, CK_RV rv, const struct buffer *b)
{
	if (!program_did(p, rv))
		return false;
	outcome_touch(b->bytes, b->len);
	return true;
}

/* Some keys want the PIN for each signature; the others refuse this login. */
static void log_in_for_this(struct program *p)
{
	(void)program_log_in(p, CKU_CONTEXT_SPECIFIC, STAGE_GLOBAL, PIV_INS_VERIFY);
}

/* No public key that a card tells makes a signature of zeros. */
static void forged(struct program *p, CK_RV rv)
{
	if (rv == CKR_OK)
		p->o->wrong = "zeros are a signature";
	(void)program_did(p, rv);
}

/* --- in parts ------------------------------------------------------------------------------- */

static bool sign_in_parts(struct program *p, CK_OBJECT_HANDLE key, CK_MECHANISM *m,
			  struct buffer *out)
{
	out->len = sizeof(out->bytes);
	if (!program_did(p, C_SignInit(program_due(p), m, key)))
		return false;
	log_in_for_this(p);
	return program_did(p, C_SignUpdate(program_due(p), text, sizeof(text))) &&
	       gives(p, C_SignFinal(program_due(p), out->bytes, &out->len), out);
}

static void verify_in_parts(struct program *p, CK_OBJECT_HANDLE key, CK_MECHANISM *m,
			    struct buffer *signature)
{
	CK_BYTE zeros[sizeof(signature->bytes)] = { 0 };

	if (program_did(p, C_VerifyInit(program_due(p), m, key)) &&
	    program_did(p, C_VerifyUpdate(program_due(p), text, sizeof(text))) &&
	    !program_did(p, C_VerifyFinal(program_due(p), signature->bytes, signature->len)) &&
	    p->l->wrong == NULL)
		p->o->wrong = "an honest signature does not hold";
	if (program_did(p, C_VerifyInit(program_due(p), m, key)))
		forged(p, C_Verify(program_due(p), text, sizeof(text), zeros, signature->len));
}

static void sign_messages(struct program *p, CK_OBJECT_HANDLE key, CK_MECHANISM *m,
			  struct buffer *out)
{
	if (!program_did(p, C_MessageSignInit(program_due(p), m, key)))
		return;
	out->len = sizeof(out->bytes);
	log_in_for_this(p);
	(void)gives(
		p,
		C_SignMessage(program_due(p), NULL, 0, text, sizeof(text), out->bytes, &out->len),
		out);
	out->len = sizeof(out->bytes);
	if (program_did(p, C_SignMessageBegin(program_due(p), NULL, 0))) {
		log_in_for_this(p);
		(void)gives(p,
			    C_SignMessageNext(program_due(p), NULL, 0, text, sizeof(text),
					      out->bytes, &out->len),
			    out);
	}
	(void)program_did(p, C_MessageSignFinal(program_due(p)));
}

static void verify_messages(struct program *p, CK_OBJECT_HANDLE key, CK_MECHANISM *m, CK_ULONG len)
{
	CK_BYTE zeros[SJ_PIV_BLOCK_MAX] = { 0 };

	if (!program_did(p, C_MessageVerifyInit(program_due(p), m, key)))
		return;
	forged(p, C_VerifyMessage(program_due(p), NULL, 0, text, sizeof(text), zeros, len));
	if (program_did(p, C_VerifyMessageBegin(program_due(p), NULL, 0)))
		forged(p, C_VerifyMessageNext(program_due(p), NULL, 0, text, sizeof(text), zeros,
					      len));
	(void)program_did(p, C_MessageVerifyFinal(program_due(p)));
}

/* One kind of signature with one key, which may be of the other kind. */
static void sign_and_verify(struct program *p, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE how)
{
	CK_MECHANISM m = { how, NULL, 0 };
	const CK_OBJECT_HANDLE public = program_public(p, key);
	struct buffer out;

	if (!sign_in_parts(p, key, &m, &out))
		return;
	p->signatures++;
	verify_in_parts(p, public, &m, &out);
	verify_messages(p, public, &m, out.len);
	sign_messages(p, key, &m, &out);
}

void program_parts(struct program *p)
{
	const CK_RV rv = program_log_in(p, CKU_USER, STAGE_GLOBAL, PIV_INS_VERIFY);

	p->rv = rv;
	if (rv != CKR_OK)
		return;
	program_find(p, CKO_PRIVATE_KEY);
	for (CK_ULONG i = 0; i < p->n; i++) {
		sign_and_verify(p, p->objects[i], CKM_ECDSA_SHA256);
		sign_and_verify(p, p->objects[i], CKM_SHA256_RSA_PKCS);
	}
	p->rv = rv;
	if (p->l->wrong == NULL && p->signatures < 4)
		p->o->wrong = "the honest card signs too little in parts";
}

/* --- with RSA, and objects of the session ------------------------------------------------------ */

static void recover(struct program *p, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	const CK_OBJECT_HANDLE public = program_public(p, key);
	struct buffer out = { .len = sizeof(out.bytes) }, back = { .len = sizeof(back.bytes) };

	if (!program_did(p, C_SignRecoverInit(program_due(p), &m, key)) ||
	    !gives(p, C_SignRecover(program_due(p), text, sizeof(text), out.bytes, &out.len), &out))
		return;
	p->signatures++;
	if (!program_did(p, C_VerifyRecoverInit(program_due(p), &m, public)) ||
	    !gives(p, C_VerifyRecover(program_due(p), out.bytes, out.len, back.bytes, &back.len),
		   &back) ||
	    back.len != sizeof(text) || memcmp(back.bytes, text, sizeof(text)) != 0)
		p->o->wrong = "a signature that does not hold";
}

static void decrypt_in_parts(struct program *p, CK_OBJECT_HANDLE key)
{
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	const CK_OBJECT_HANDLE public = program_public(p, key);
	struct buffer sealed = { .len = sizeof(sealed.bytes) }, out = { .len = sizeof(out.bytes) };
	CK_ULONG none = 0;

	if (program_did(p, C_EncryptInit(program_due(p), &m, public)) &&
	    program_did(p,
			C_EncryptUpdate(program_due(p), text, sizeof(text), sealed.bytes, &none)) &&
	    gives(p, C_EncryptFinal(program_due(p), sealed.bytes, &sealed.len), &sealed) &&
	    program_did(p, C_DecryptInit(program_due(p), &m, key)) &&
	    program_did(p, C_DecryptUpdate(program_due(p), sealed.bytes, sealed.len, out.bytes,
					   &none)) &&
	    gives(p, C_DecryptFinal(program_due(p), out.bytes, &out.len), &out))
		p->secrets++;
}

static void wrap(struct program *p, CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE secret)
{
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE a[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) } };
	const CK_OBJECT_HANDLE public = program_public(p, key);
	CK_OBJECT_HANDLE again;
	struct buffer out = { .len = sizeof(out.bytes) };

	if (gives(p, C_WrapKey(program_due(p), &m, public, secret, out.bytes, &out.len), &out) &&
	    program_did(p, C_UnwrapKey(program_due(p), &m, key, out.bytes, out.len, a, 2, &again)))
		p->secrets++;
}

static void digest(struct program *p, CK_OBJECT_HANDLE secret)
{
	CK_MECHANISM m = { CKM_SHA256, NULL, 0 };
	struct buffer out = { .len = sizeof(out.bytes) };

	if (program_did(p, C_DigestInit(program_due(p), &m)))
		(void)gives(p, C_Digest(program_due(p), text, sizeof(text), out.bytes, &out.len),
			    &out);
	out.len = sizeof(out.bytes);
	if (program_did(p, C_DigestInit(program_due(p), &m)) &&
	    program_did(p, C_DigestUpdate(program_due(p), text, sizeof(text))) &&
	    program_did(p, C_DigestKey(program_due(p), secret)))
		(void)gives(p, C_DigestFinal(program_due(p), out.bytes, &out.len), &out);
}

/* A copy of each thing that the card tells, with another name. */
static void copy_all(struct program *p, CK_OBJECT_CLASS class)
{
	CK_BYTE label[] = "another";
	CK_ATTRIBUTE a = { CKA_LABEL, label, sizeof(label) };
	CK_OBJECT_HANDLE copy;

	program_find(p, class);
	for (CK_ULONG i = 0; i < p->n; i++) {
		(void)program_did(p, C_SetAttributeValue(program_due(p), p->objects[i], &a, 1));
		if (program_did(p, C_CopyObject(program_due(p), p->objects[i], &a, 1, &copy)))
			(void)program_did(p, C_SetAttributeValue(program_due(p), copy, &a, 1));
	}
}

void program_keys(struct program *p)
{
	const CK_RV rv = program_log_in(p, CKU_USER, STAGE_GLOBAL, PIV_INS_VERIFY);
	CK_OBJECT_HANDLE secret = 0;

	p->rv = rv;
	if (rv != CKR_OK || !program_did(p, work_secret(program_due(p), &secret)))
		return;
	program_find(p, CKO_PRIVATE_KEY);
	for (CK_ULONG i = 0; i < p->n; i++) {
		recover(p, p->objects[i]);
		decrypt_in_parts(p, p->objects[i]);
		wrap(p, p->objects[i], secret);
	}
	digest(p, secret);
	copy_all(p, CKO_CERTIFICATE);
	copy_all(p, CKO_PUBLIC_KEY);
	copy_all(p, CKO_DATA);
	p->rv = rv;
	if (p->l->wrong == NULL && (p->signatures < 1 || p->secrets < 2))
		p->o->wrong = "the honest card's RSA key does too little";
}

/* --- slots and sessions ------------------------------------------------------------------------------ */

/* Whatever the card is, these say the same. */
static void ask_module(struct program *p)
{
	CK_FUNCTION_LIST_PTR list;
	CK_INTERFACE some[4];
	CK_INTERFACE_PTR one;
	CK_ULONG n = 4;
	CK_INFO info;
	struct buffer b = { .len = sizeof(b.bytes) };
	const CK_RV good = C_GetFunctionList(&list) | C_GetInterfaceList(some, &n) |
			   C_GetInterface(NULL, NULL, &one, 0) | C_GetInfo(&info);

	if (good != CKR_OK || C_GetFunctionStatus(program_due(p)) != CKR_FUNCTION_NOT_PARALLEL ||
	    C_CancelFunction(program_due(p)) != CKR_FUNCTION_NOT_PARALLEL)
		p->o->wrong = "the module does not say what it is";
	(void)program_did(p, C_GetOperationState(program_due(p), b.bytes, &b.len));
	(void)program_did(p, C_SetOperationState(program_due(p), b.bytes, 4, 0, 0));
	(void)program_did(p, C_SeedRandom(program_due(p), b.bytes, 4));
}

/* Another user's login, as 3.0 has it, and an operation that is given up. */
static void in_and_out(struct program *p)
{
	CK_UTF8CHAR pin[] = STAGE_GLOBAL;
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	const unsigned before = p->l->good[PIV_INS_VERIFY];
	const CK_RV rv = C_LoginUser(program_due(p), CKU_USER, pin, sizeof(pin) - 1, NULL, 0);

	if (rv == CKR_OK && p->l->good[PIV_INS_VERIFY] == before)
		p->o->wrong = "a login that the card did not call right";
	if (!program_did(p, rv))
		return;
	program_find(p, CKO_PRIVATE_KEY);
	for (CK_ULONG i = 0; i < p->n; i++)
		if (program_did(p, C_SignInit(program_due(p), &m, p->objects[i])))
			(void)program_did(p, C_SessionCancel(program_due(p), CKF_SIGN));
	(void)program_did(p, C_Logout(program_due(p)));
}

/* The card is taken out and put in again: what it said before is not what it is now. */
static void come_again(struct program *p)
{
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	CK_SESSION_INFO session;

	plug.events++;
	(void)program_slot(p);
	(void)program_did(p, C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL));
	if (program_did(p, C_GetTokenInfo(program_slot(p), &info)))
		outcome_touch(&info, sizeof(info));
	if (program_did(p, C_GetSessionInfo(program_due(p), &session)))
		(void)program_did(p, C_CloseSession(program_due(p)));
}

void program_slots(struct program *p)
{
	CK_RV first;

	ask_module(p);
	in_and_out(p);
	first = p->rv;
	come_again(p);
	p->rv = C_OpenSession(program_slot(p), CKF_SERIAL_SESSION, NULL, NULL, &p->session);
	if (program_did(p, p->rv)) {
		in_and_out(p);
		(void)program_did(p, C_CloseSession(program_due(p)));
	}
	p->rv = first;
}
