/* uses.c -- the functions of a module that make it talk to its card. */
#include "tests/pkcs11/uses.h"

#include <stdint.h>
#include <string.h>

CK_RV uses_login(struct uses *s, CK_USER_TYPE user, const char *pin)
{
	return C_Login(s->session, user, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin));
}

static CK_RV find(struct uses *s, CK_OBJECT_CLASS class, CK_BYTE id, CK_OBJECT_HANDLE *out)
{
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_ID, &id, sizeof(id) } };
	CK_ULONG n = 0;
	CK_RV rv = C_FindObjectsInit(s->session, template, 2);

	if (rv == CKR_OK)
		rv = C_FindObjects(s->session, out, 1, &n);
	if (rv == CKR_OK && n == 0)
		rv = CKR_OBJECT_HANDLE_INVALID;
	(void)C_FindObjectsFinal(s->session);
	return rv;
}

CK_RV uses_sign(struct uses *s, CK_BYTE id)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	CK_BYTE digest[32] = { 1 }, signature[128];
	CK_ULONG len = sizeof(signature);
	CK_OBJECT_HANDLE key;
	CK_RV rv = find(s, CKO_PRIVATE_KEY, id, &key);

	if (rv == CKR_OK)
		rv = C_SignInit(s->session, &ecdsa, key);
	if (rv == CKR_OK && id == 0x9C)
		rv = uses_login(s, CKU_CONTEXT_SPECIFIC, s->pin);
	return rv == CKR_OK ? C_Sign(s->session, digest, sizeof(digest), signature, &len) : rv;
}

static CK_RV by_user(struct uses *s)
{
	return uses_login(s, CKU_USER, s->pin);
}

static CK_RV by_admin(struct uses *s)
{
	return uses_login(s, CKU_SO, s->admin);
}

static CK_RV token_info(struct uses *s)
{
	CK_TOKEN_INFO info;

	(void)s;
	return C_GetTokenInfo(0, &info);
}

static CK_RV mechanism_list(struct uses *s)
{
	CK_MECHANISM_TYPE list[200];
	CK_ULONG n = 200;

	(void)s;
	return C_GetMechanismList(0, list, &n);
}

static CK_RV open_session(struct uses *s)
{
	CK_SESSION_HANDLE other;

	(void)s;
	return C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &other);
}

/* Every object, and the values of the certificates. */
static CK_RV find_all(struct uses *s)
{
	CK_BYTE value[2048];
	CK_ATTRIBUTE attribute = { CKA_VALUE, value, sizeof(value) };
	CK_OBJECT_HANDLE object;
	CK_ULONG n = 0;
	CK_RV rv = C_FindObjectsInit(s->session, NULL, 0);

	while (rv == CKR_OK && (rv = C_FindObjects(s->session, &object, 1, &n)) == CKR_OK && n > 0)
		(void)C_GetAttributeValue(s->session, object, &attribute, 1);
	(void)C_FindObjectsFinal(s->session);
	return rv;
}

static CK_RV sign_once(struct uses *s)
{
	return uses_sign(s, 0x9A);
}

static CK_RV sign_always(struct uses *s)
{
	return uses_sign(s, 0x9C);
}

static CK_RV agree(struct uses *s)
{
	CK_BYTE point[67], secret[32];
	CK_ATTRIBUTE ec = { CKA_EC_POINT, point, sizeof(point) };
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL no = CK_FALSE;
	CK_ULONG size = sizeof(secret);
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_KEY_TYPE, &type, sizeof(type) },
				    { CKA_TOKEN, &no, sizeof(no) },
				    { CKA_VALUE_LEN, &size, sizeof(size) } };
	CK_ECDH1_DERIVE_PARAMS p = { CKD_NULL, 0, NULL, 65, point + 2 };
	CK_MECHANISM ecdh = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
	CK_OBJECT_HANDLE key, public, out;
	CK_RV rv = find(s, CKO_PUBLIC_KEY, 0x9D, &public);

	if (rv == CKR_OK)
		rv = C_GetAttributeValue(s->session, public, &ec, 1);
	if (rv == CKR_OK)
		rv = find(s, CKO_PRIVATE_KEY, 0x9D, &key);
	return rv == CKR_OK ? C_DeriveKey(s->session, &ecdh, key, template, 4, &out) : rv;
}

static CK_RV random_bytes(struct uses *s)
{
	CK_BYTE bytes[100];

	return C_GenerateRandom(s->session, bytes, sizeof(bytes));
}

static CK_RV set_pin(struct uses *s)
{
	return C_SetPIN(s->session, (CK_UTF8CHAR *)(uintptr_t)s->pin, strlen(s->pin),
			(CK_UTF8CHAR *)(uintptr_t)s->pin, strlen(s->pin));
}

static CK_RV make_pair(struct uses *s)
{
	CK_BYTE p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
	CK_BYTE id = 0x95;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE public[] = { { CKA_EC_PARAMS, p256, sizeof(p256) },
				  { CKA_TOKEN, &yes, sizeof(yes) },
				  { CKA_ID, &id, sizeof(id) } };
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof(yes) }, { CKA_ID, &id, sizeof(id) } };
	CK_MECHANISM ec = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_OBJECT_HANDLE a, b;

	return C_GenerateKeyPair(s->session, &ec, public, 3, private, 2, &a, &b);
}

static CK_RV log_out(struct uses *s)
{
	return C_Logout(s->session);
}

const struct use uses[] = {
	{ "C_GetTokenInfo", NULL, token_info },
	{ "C_GetMechanismList", NULL, mechanism_list },
	{ "C_OpenSession", NULL, open_session },
	{ "C_FindObjects, C_GetAttributeValue", NULL, find_all },
	{ "C_Login, user", NULL, by_user },
	{ "C_Login, SO", NULL, by_admin },
	{ "C_Logout", by_user, log_out },
	{ "C_Sign", by_user, sign_once },
	{ "C_Login for this signature, C_Sign", by_user, sign_always },
	{ "C_DeriveKey", by_user, agree },
	{ "C_GenerateRandom", NULL, random_bytes },
	{ "C_SetPIN", by_user, set_pin },
	{ "C_GenerateKeyPair", by_admin, make_pair },
};
const size_t uses_count = sizeof(uses) / sizeof(uses[0]);

bool uses_is_removal(CK_RV rv)
{
	return rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
	       rv == CKR_SESSION_HANDLE_INVALID;
}
