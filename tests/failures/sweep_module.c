/* The PKCS#11 module's other functions: in parts, by messages, with RSA, on objects, on the token. */
#include <stdlib.h>
#include <string.h>

#include "tests/failures/sweep_token.h"
#include "tests/pkcs11/work.h"

/* --- what needs no card ------------------------------------------------------------------- */

static unsigned long interfaces(void *room)
{
	CK_FUNCTION_LIST_PTR list = NULL;
	CK_INTERFACE some[4];
	CK_INTERFACE_PTR one = NULL;
	CK_ULONG n = 4;
	CK_INFO info;
	CK_RV rv = C_GetFunctionList(&list);

	(void)room;
	if (rv == CKR_OK)
		rv = C_GetInterfaceList(some, &n);
	if (rv == CKR_OK)
		rv = C_GetInterface(NULL, NULL, &one, 0);
	return rv == CKR_OK ? C_GetInfo(&info) : rv;
}

/* What says no, always, and with which number; the first other answer. */
static unsigned long refusals(void *room)
{
	struct token *t = room;
	CK_BYTE bytes[4] = { 0 };
	CK_ULONG n = sizeof(bytes);
	const CK_RV answers[][2] = {
		{ C_GetFunctionStatus(t->session), CKR_FUNCTION_NOT_PARALLEL },
		{ C_CancelFunction(t->session), CKR_FUNCTION_NOT_PARALLEL },
		{ C_GetOperationState(t->session, bytes, &n), CKR_FUNCTION_NOT_SUPPORTED },
		{ C_SetOperationState(t->session, bytes, n, 0, 0), CKR_FUNCTION_NOT_SUPPORTED },
		{ C_SeedRandom(t->session, bytes, n), CKR_RANDOM_SEED_NOT_SUPPORTED },
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i][0] != answers[i][1])
			return answers[i][0];
	return CKR_OK;
}

static unsigned long mechanisms(void *room)
{
	CK_MECHANISM_TYPE list[100];
	CK_MECHANISM_INFO info;
	CK_ULONG n = 100;
	CK_RV rv = C_GetMechanismList(0, list, &n);

	(void)room;
	for (CK_ULONG i = 0; rv == CKR_OK && i < n; i++)
		rv = C_GetMechanismInfo(0, list[i], &info);
	return rv;
}

/* A card that came since. */
static void event_ready(void *room)
{
	session_ready(room);
	plug.events++;
}

static unsigned long slot_event(void *room)
{
	CK_SLOT_ID slot;

	(void)room;
	return C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);
}

/* --- sessions ------------------------------------------------------------------------------- */

static unsigned long in_and_out(void *room)
{
	struct token *t = room;
	CK_UTF8CHAR pin[] = STAGE_GLOBAL;
	CK_RV rv = C_LoginUser(t->session, CKU_USER, pin, sizeof(pin) - 1, NULL, 0);

	return rv == CKR_OK ? C_Logout(t->session) : rv;
}

static unsigned long cancel(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_ECDSA, NULL, 0 };
	CK_RV rv = C_SignInit(t->session, &m, t->key);

	return rv == CKR_OK ? C_SessionCancel(t->session, CKF_SIGN) : rv;
}

static unsigned long close_all(void *room)
{
	CK_SESSION_HANDLE other = 0;
	CK_RV rv = C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &other);

	(void)room;
	return rv == CKR_OK ? C_CloseAllSessions(0) : rv;
}

/* --- in parts and by messages ------------------------------------------------------------------ */

static void secret_ready(void *room)
{
	struct token *t = room;

	login_ready(room);
	assert_int_equal(work_secret(t->session, &t->made), CKR_OK);
}

static unsigned long digest_parts(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_SHA384, NULL, 0 };
	CK_BYTE data[100] = { 1 };
	CK_RV rv = C_DigestInit(t->session, &m);

	t->len = sizeof(t->out);
	if (rv == CKR_OK)
		rv = C_DigestUpdate(t->session, data, sizeof(data));
	if (rv == CKR_OK)
		rv = C_DigestKey(t->session, t->made);
	return rv == CKR_OK ? C_DigestFinal(t->session, t->out, &t->len) : rv;
}

/* A signature of a hash over a hundred bytes. */
static void signed_ready(void *room)
{
	struct token *t = room;

	login_ready(room);
	assert_int_equal(token_sign(t, CKM_ECDSA_SHA256, 100), CKR_OK);
	memcpy(t->signature, t->out, 64);
}

static void spoiled_ready(void *room)
{
	struct token *t = room;

	signed_ready(room);
	t->signature[40] ^= 1;
}

static unsigned long verify_parts(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_BYTE data[100] = { 1 };
	CK_RV rv = C_VerifyInit(t->session, &m, t->public_key);

	if (rv == CKR_OK)
		rv = C_VerifyUpdate(t->session, data, 50);
	if (rv == CKR_OK)
		rv = C_VerifyUpdate(t->session, data + 50, 50);
	return rv == CKR_OK ? C_VerifyFinal(t->session, t->signature, 64) : rv;
}

static unsigned long sign_messages(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_BYTE data[100] = { 1 };
	CK_RV rv = C_MessageSignInit(t->session, &m, t->key), end;

	if (rv != CKR_OK)
		return rv;
	t->len = sizeof(t->out);
	rv = C_SignMessage(t->session, NULL, 0, data, sizeof(data), t->out, &t->len);
	if (rv == CKR_OK)
		rv = C_SignMessageBegin(t->session, NULL, 0);
	if (rv == CKR_OK)
		rv = C_SignMessageNext(t->session, NULL, 0, data, 50, NULL, NULL);
	t->len = sizeof(t->out);
	if (rv == CKR_OK)
		rv = C_SignMessageNext(t->session, NULL, 0, data, 50, t->out, &t->len);
	end = C_MessageSignFinal(t->session);
	return rv != CKR_OK ? rv : end;
}

static unsigned long verify_messages(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_BYTE data[100] = { 1 };
	CK_RV rv = C_MessageVerifyInit(t->session, &m, t->public_key), end;

	if (rv != CKR_OK)
		return rv;
	rv = C_VerifyMessage(t->session, NULL, 0, data, sizeof(data), t->signature, 64);
	if (rv == CKR_OK)
		rv = C_VerifyMessageBegin(t->session, NULL, 0);
	if (rv == CKR_OK)
		rv = C_VerifyMessageNext(t->session, NULL, 0, data, 50, NULL, 0);
	if (rv == CKR_OK)
		rv = C_VerifyMessageNext(t->session, NULL, 0, data + 50, 50, t->signature, 64);
	end = C_MessageVerifyFinal(t->session);
	return rv != CKR_OK ? rv : end;
}

/* --- RSA ------------------------------------------------------------------------------------------ */

/* A block for 9D, by its public half; its signature over 32 bytes. */
static void rsa_ready(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE data[32] = { 5 };

	secret_ready(room);
	t->public_key = token_find(t, CKO_PUBLIC_KEY, 0x9D);
	t->key = token_find(t, CKO_PRIVATE_KEY, 0x9D);
	assert_int_equal(C_EncryptInit(t->session, &m, t->public_key), CKR_OK);
	assert_int_equal(C_Encrypt(t->session, data, sizeof(data), t->out, &t->len), CKR_OK);
	assert_int_equal(t->len, sizeof(t->signature));
	memcpy(t->signature, t->out, t->len);
}

static void recover_ready(void *room)
{
	struct token *t = room;

	rsa_ready(room);
	assert_int_equal(token_sign(t, CKM_RSA_PKCS, 32), CKR_OK);
	memcpy(t->signature, t->out, sizeof(t->signature));
}

static unsigned long encrypt(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE data[32] = { 5 };
	CK_ULONG none = 0;
	CK_RV rv = C_EncryptInit(t->session, &m, t->public_key);

	t->len = sizeof(t->out);
	if (rv == CKR_OK)
		rv = C_Encrypt(t->session, data, sizeof(data), t->out, &t->len);
	if (rv == CKR_OK)
		rv = C_EncryptInit(t->session, &m, t->public_key);
	if (rv == CKR_OK)
		rv = C_EncryptUpdate(t->session, data, sizeof(data), t->out, &none);
	t->len = sizeof(t->out);
	return rv == CKR_OK ? C_EncryptFinal(t->session, t->out, &t->len) : rv;
}

static unsigned long decrypt(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_RV rv = C_DecryptInit(t->session, &m, t->key);

	t->len = sizeof(t->out);
	if (rv == CKR_OK)
		rv = C_Decrypt(t->session, t->signature, sizeof(t->signature), t->out, &t->len);
	return rv == CKR_OK && (t->len != 32 || t->out[0] != 5) ? (CK_RV)CKR_ENCRYPTED_DATA_INVALID
								: rv;
}

static unsigned long decrypt_parts(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_ULONG none = 0;
	CK_RV rv = C_DecryptInit(t->session, &m, t->key);

	if (rv == CKR_OK)
		rv = C_DecryptUpdate(t->session, t->signature, sizeof(t->signature), t->out, &none);
	t->len = sizeof(t->out);
	return rv == CKR_OK ? C_DecryptFinal(t->session, t->out, &t->len) : rv;
}

static unsigned long sign_recover(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE data[32] = { 1 };
	CK_RV rv = C_SignRecoverInit(t->session, &m, t->key);

	t->len = sizeof(t->out);
	return rv == CKR_OK ? C_SignRecover(t->session, data, sizeof(data), t->out, &t->len) : rv;
}

static unsigned long verify_recover(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_RV rv = C_VerifyRecoverInit(t->session, &m, t->public_key);

	t->len = sizeof(t->out);
	return rv == CKR_OK ? C_VerifyRecover(t->session, t->signature, sizeof(t->signature),
					      t->out, &t->len)
			    : rv;
}

static unsigned long wrap(void *room)
{
	struct token *t = room;
	CK_MECHANISM m = { CKM_RSA_PKCS, NULL, 0 };
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE a[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_OBJECT_HANDLE again = 0;
	CK_RV rv;

	t->len = sizeof(t->out);
	rv = C_WrapKey(t->session, &m, t->public_key, t->made, t->out, &t->len);
	return rv == CKR_OK ? C_UnwrapKey(t->session, &m, t->key, t->out, t->len, a, 2, &again)
			    : rv;
}

/* --- objects ------------------------------------------------------------------------------------------ */

static void agree_ready(void *room)
{
	struct token *t = room;
	CK_BYTE point[67];
	CK_ATTRIBUTE ec = { CKA_EC_POINT, point, sizeof(point) };

	login_ready(room);
	t->key = token_find(t, CKO_PRIVATE_KEY, 0x9D);
	assert_int_equal(
		C_GetAttributeValue(t->session, token_find(t, CKO_PUBLIC_KEY, 0x9D), &ec, 1),
		CKR_OK);
	memcpy(t->signature, point + 2, 65);
}

static unsigned long derive(void *room)
{
	struct token *t = room;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE a[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_ECDH1_DERIVE_PARAMS p = { CKD_SHA256_KDF, 0, NULL, 65, t->signature };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
	CK_OBJECT_HANDLE made = 0;
	CK_RV rv = C_DeriveKey(t->session, &m, t->key, a, 2, &made);

	return rv == CKR_OK ? C_DestroyObject(t->session, made) : rv;
}

static unsigned long copy(void *room)
{
	struct token *t = room;
	CK_BYTE label[300] = "another";
	CK_ATTRIBUTE a = { CKA_LABEL, label, sizeof(label) };
	CK_OBJECT_HANDLE other = 0;
	CK_ULONG size = 0;
	CK_RV rv = C_CopyObject(t->session, t->made, NULL, 0, &other);

	if (rv == CKR_OK)
		rv = C_SetAttributeValue(t->session, other, &a, 1);
	if (rv == CKR_OK)
		rv = C_GetObjectSize(t->session, other, &size);
	return rv;
}

/* The object that was copied is whole. */
static bool is_whole(void *room, unsigned long rv)
{
	struct token *t = room;
	CK_BYTE value[64];
	CK_ATTRIBUTE a = { CKA_VALUE, value, sizeof(value) };

	return C_GetAttributeValue(t->session, t->made, &a, 1) == CKR_OK && a.ulValueLen == 32 &&
	       value[0] == 7 && goes_on(room, rv);
}

/* --- the token --------------------------------------------------------------------------------------------- */

/* The card as it was at first. */
static void put_back(struct token *t)
{
	C_Finalize(NULL);
	card_power_off(t->s->b->card);
	stores_become(t->s->b->store, t->snap);
	bench_power(t->s->b);
}

static void token_so_ready(void *room)
{
	put_back(room);
	so_ready(room);
}

static unsigned long init_pin(void *room)
{
	struct token *t = room;
	char value[] = STAGE_PUK ":" STAGE_PIN;

	return C_InitPIN(t->session, (CK_BYTE *)value, sizeof(value) - 1);
}

static void token_ready(void *room)
{
	struct token *t = room;

	put_back(t);
	session_ready(room);
	assert_int_equal(C_CloseAllSessions(0), CKR_OK);
}

static unsigned long init_token(void *room)
{
	char admin[] = ADMIN_HEX;
	CK_UTF8CHAR label[32] = "a label";

	(void)room;
	return C_InitToken(0, (CK_BYTE *)admin, strlen(admin), label);
}

/* It is known what the card is: there is a token, and its state can be asked. */
static bool is_a_token(void *room, unsigned long rv)
{
	CK_TOKEN_INFO info;

	(void)room;
	(void)rv;
	return C_GetTokenInfo(0, &info) == CKR_OK;
}

#define RSA_ROW(name, ready, run) \
	{ \
		"module: " name, FAIL_ALL, token_open_rsa, token_close, ready, run, \
			.bad = p11_memory, .holds = goes_on \
	}

const struct operation sweep_module[] = {
	TOKEN_ROW("C_GetInterface and others", session_ready, interfaces, NULL),
	TOKEN_ROW("functions that say no", session_ready, refusals, NULL),
	TOKEN_ROW("C_GetMechanismInfo", session_ready, mechanisms, goes_on),
	TOKEN_ROW("C_WaitForSlotEvent", event_ready, slot_event, NULL),
	TOKEN_ROW("C_LoginUser, C_Logout", session_ready, in_and_out, goes_on),
	TOKEN_ROW("C_SessionCancel", login_ready, cancel, goes_on),
	TOKEN_ROW("C_CloseAllSessions", session_ready, close_all, NULL),
	TOKEN_ROW("C_DigestUpdate, C_DigestKey", secret_ready, digest_parts, goes_on),
	TOKEN_ROW("C_VerifyUpdate, C_VerifyFinal", signed_ready, verify_parts, goes_on),
	FORGERY_ROW("C_VerifyFinal of a forgery", spoiled_ready, verify_parts),
	TOKEN_ROW("C_SignMessage", login_ready, sign_messages, goes_on),
	TOKEN_ROW("C_VerifyMessage", signed_ready, verify_messages, goes_on),
	FORGERY_ROW("C_VerifyMessage of a forgery", spoiled_ready, verify_messages),
	RSA_ROW("C_Encrypt", rsa_ready, encrypt),
	RSA_ROW("C_Decrypt", rsa_ready, decrypt),
	RSA_ROW("C_DecryptUpdate, C_DecryptFinal", rsa_ready, decrypt_parts),
	RSA_ROW("C_SignRecover", rsa_ready, sign_recover),
	RSA_ROW("C_VerifyRecover", recover_ready, verify_recover),
	RSA_ROW("C_WrapKey, C_UnwrapKey", rsa_ready, wrap),
	TOKEN_ROW("C_DeriveKey", agree_ready, derive, goes_on),
	TOKEN_ROW("C_CopyObject, C_SetAttributeValue", secret_ready, copy, is_whole),
	TOKEN_ROW("C_InitPIN", token_so_ready, init_pin, goes_on),
	TOKEN_ROW("C_InitToken", token_ready, init_token, is_a_token),
	OPERATIONS_END,
};
