/* The PKCS#11 module over a plugged card: every function that can fail. */
#include <stdlib.h>
#include <string.h>

#include "tests/failures/sweep_token.h"

static unsigned long start(void *room)
{
	CK_ULONG n = 0;
	CK_TOKEN_INFO token;
	CK_SLOT_INFO slot;
	CK_RV rv = C_Initialize(NULL);

	(void)room;
	if (rv != CKR_OK)
		return rv;
	rv = C_GetSlotList(CK_FALSE, NULL, &n);
	if (rv == CKR_OK)
		rv = C_GetSlotInfo(0, &slot);
	if (rv == CKR_OK)
		rv = C_GetTokenInfo(0, &token);
	C_Finalize(NULL);
	return rv;
}

static unsigned long open_session(void *room)
{
	CK_SESSION_HANDLE s = 0;
	CK_SESSION_INFO info;
	CK_RV rv = C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s);

	(void)room;
	if (rv == CKR_OK)
		rv = C_GetSessionInfo(s, &info);
	if (s != 0)
		C_CloseSession(s);
	return rv;
}

static unsigned long look(void *room)
{
	struct token *t = room;
	CK_OBJECT_HANDLE found[64];
	CK_ULONG n = 0;
	CK_RV rv = C_FindObjectsInit(t->session, NULL, 0);

	if (rv != CKR_OK)
		return rv;
	rv = C_FindObjects(t->session, found, 64, &n);
	C_FindObjectsFinal(t->session);
	return rv == CKR_OK && n < 3 ? (CK_RV)CKR_GENERAL_ERROR : rv;
}

/* A card that this process has not seen. */
static void unseen_ready(void *room)
{
	struct token *t = room;
	CK_ULONG n = 1;
	CK_SLOT_ID slot;

	C_Finalize(NULL);
	assert_int_equal(C_Initialize(NULL), CKR_OK);
	assert_int_equal(C_GetSlotList(CK_TRUE, &slot, &n), CKR_OK);
	assert_int_equal(C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &t->session), CKR_OK);
}

static unsigned long attributes(void *room)
{
	struct token *t = room;
	CK_BYTE value[2048], check[3], id[64], point[100], subject[512], key_id[64];
	CK_ATTRIBUTE c[] = { { CKA_VALUE, value, sizeof(value) },
			     { CKA_CHECK_VALUE, check, sizeof(check) },
			     { CKA_UNIQUE_ID, id, sizeof(id) } };
	CK_ATTRIBUTE k[] = { { CKA_EC_POINT, point, sizeof(point) },
			     { CKA_SUBJECT, subject, sizeof(subject) },
			     { CKA_UNIQUE_ID, key_id, sizeof(key_id) } };
	CK_RV rv = C_GetAttributeValue(t->session, t->certificate, c, 3);

	if (rv == CKR_OK)
		rv = C_GetAttributeValue(t->session, t->public_key, k, 3);
	if (rv == CKR_OK) { /* none of them is what is left of a failure */
		assert_int_equal(c[1].ulValueLen, sizeof(check));
		assert_true(k[1].ulValueLen > 0);
		assert_false(memcmp(id + c[2].ulValueLen - 16, "0000000000000000", 16) == 0);
		assert_false(memcmp(key_id + k[2].ulValueLen - 16, "0000000000000000", 16) == 0);
	}
	return rv;
}

static unsigned long log_in(void *room)
{
	struct token *t = room;

	return C_Login(t->session, CKU_USER, (CK_BYTE *)(char[]){ STAGE_GLOBAL }, 6);
}

static unsigned long set_pin(void *room)
{
	struct token *t = room;

	return C_SetPIN(t->session, (CK_BYTE *)(char[]){ STAGE_GLOBAL }, 6,
			(CK_BYTE *)(char[]){ STAGE_GLOBAL }, 6);
}

static unsigned long sign(void *room)
{
	return token_sign(room, CKM_ECDSA, 32);
}

static unsigned long sign_hashed(void *room)
{
	return token_sign(room, CKM_ECDSA_SHA256, 100);
}

static unsigned long sign_parts(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_ECDSA_SHA384, NULL, 0 };
	CK_BYTE data[100] = { 1 };
	CK_RV rv = C_SignInit(t->session, &m, t->key);

	t->len = sizeof(t->out);
	if (rv == CKR_OK)
		rv = C_SignUpdate(t->session, data, sizeof(data));
	return rv == CKR_OK ? C_SignFinal(t->session, t->out, &t->len) : rv;
}

/* A signature to verify, and one that is none. */
static void verify_ready(void *room)
{
	struct token *t = room;

	login_ready(room);
	assert_int_equal(sign(room), CKR_OK);
	memcpy(t->signature, t->out, 64);
}

static void forged_ready(void *room)
{
	struct token *t = room;

	verify_ready(room);
	t->signature[40] ^= 1;
}

static unsigned long verify(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	CK_BYTE data[32] = { 1 };
	CK_RV rv = C_VerifyInit(t->session, &m, t->public_key);

	return rv == CKR_OK ? C_Verify(t->session, data, sizeof(data), t->signature, 64) : rv;
}

static unsigned long digest(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_SHA256, NULL, 0 };
	CK_BYTE data[100] = { 1 };
	CK_RV rv = C_DigestInit(t->session, &m);

	t->len = sizeof(t->out);
	return rv == CKR_OK ? C_Digest(t->session, data, sizeof(data), t->out, &t->len) : rv;
}

static unsigned long random_bytes(void *room)
{
	struct token *t = room;

	return C_GenerateRandom(t->session, t->out, 40);
}

static unsigned long generate(void *room)
{
	struct token *t = room;
	static CK_BYTE curve[] = { 0x06, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7 };
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BYTE ref = 0x83;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE pub[] = { { CKA_EC_PARAMS, curve, sizeof(curve) }, { CKA_ID, &ref, 1 } };
	CK_ATTRIBUTE priv[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, &ref, 1 } };
	CK_OBJECT_HANDLE a = 0, b = 0;

	return C_GenerateKeyPair(t->session, &m, pub, 2, priv, 2, &a, &b);
}

static unsigned long create_object(void *room)
{
	struct token *t = room;
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BYTE value[40] = { 1 };
	CK_ATTRIBUTE a[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_VALUE, value, sizeof(value) } };
	CK_OBJECT_HANDLE made = 0;
	CK_RV rv = C_CreateObject(t->session, a, 2, &made);

	if (rv == CKR_OK)
		rv = C_DestroyObject(t->session, made);
	return rv;
}

const struct operation sweep_pkcs11[] = {
	TOKEN_ROW("C_Initialize to C_Finalize", token_off, start, NULL),
	TOKEN_ROW("C_OpenSession", session_ready, open_session, goes_on),
	TOKEN_ROW("C_FindObjects", unseen_ready, look, NULL),
	TOKEN_ROW("C_FindObjects, again", session_ready, look, goes_on),
	TOKEN_ROW("C_GetAttributeValue", session_ready, attributes, goes_on),
	TOKEN_ROW("C_Login", session_ready, log_in, goes_on),
	TOKEN_ROW("C_SetPIN", session_ready, set_pin, goes_on),
	TOKEN_ROW("C_Sign", login_ready, sign, goes_on),
	TOKEN_ROW("C_Sign with a hash", login_ready, sign_hashed, goes_on),
	TOKEN_ROW("C_SignUpdate, C_SignFinal", login_ready, sign_parts, goes_on),
	TOKEN_ROW("C_Verify", verify_ready, verify, goes_on),
	FORGERY_ROW("C_Verify of a forgery", forged_ready, verify),
	TOKEN_ROW("C_Digest", session_ready, digest, goes_on),
	TOKEN_ROW("C_GenerateRandom", session_ready, random_bytes, goes_on),
	TOKEN_ROW("C_GenerateKeyPair", so_ready, generate, goes_on),
	TOKEN_ROW("C_CreateObject, C_DestroyObject", session_ready, create_object, goes_on),
	OPERATIONS_END,
};
