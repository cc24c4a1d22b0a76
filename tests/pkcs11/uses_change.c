/* uses_change.c -- the functions of a module that change its card, and what the card is after them. */
#include "tests/pkcs11/uses.h"

#include <stdint.h>
#include <string.h>

#define OTHER_PIN "975310"
#define OTHER_ADMIN "A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8C1C2C3C4C5C6C7C8"
#define CERTIFICATE_MAX 1536

static CK_UTF8CHAR *text(const char *from)
{
	return (CK_UTF8CHAR *)(uintptr_t)from;
}

/* --- PINs ---------------------------------------------------------------------------------- */

static CK_RV set_pin(struct uses *s, const char *old, const char *new)
{
	return C_SetPIN(s->session, text(old), strlen(old), text(new), strlen(new));
}

CK_RV uses_set_pin(struct uses *s)
{
	return set_pin(s, s->pin, OTHER_PIN);
}

CK_RV uses_init_pin(struct uses *s)
{
	char value[32] = "";

	strncat(value, s->puk, 16);
	strcat(value, ":" OTHER_PIN);
	return C_InitPIN(s->session, text(value), strlen(value));
}

/* The old one first: it is wrong once if the other was set, and never twice in turn. */
CK_RV uses_pin_kept(struct uses *s)
{
	CK_RV rv = uses_login(s, CKU_USER, s->pin);

	s->there = rv == CKR_PIN_INCORRECT;
	if (rv == CKR_OK)
		return C_Logout(s->session);
	return s->there ? set_pin(s, OTHER_PIN, s->pin) : rv;
}

CK_RV uses_set_admin(struct uses *s)
{
	return set_pin(s, s->admin, OTHER_ADMIN);
}

CK_RV uses_admin_kept(struct uses *s)
{
	CK_RV rv = uses_by_admin(s);

	s->there = rv == CKR_PIN_INCORRECT;
	if (s->there) {
		rv = uses_login(s, CKU_SO, OTHER_ADMIN);
		if (rv == CKR_OK)
			rv = set_pin(s, OTHER_ADMIN, s->admin);
	}
	return rv == CKR_OK ? C_Logout(s->session) : rv;
}

/* --- keys ------------------------------------------------------------------------------------ */

static CK_BYTE p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };

CK_RV uses_make_pair(struct uses *s)
{
	CK_BYTE id = USES_KEY;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE public[] = { { CKA_EC_PARAMS, p256, sizeof(p256) },
				  { CKA_TOKEN, &yes, sizeof(yes) },
				  { CKA_ID, &id, sizeof(id) } };
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof(yes) }, { CKA_ID, &id, sizeof(id) } };
	CK_MECHANISM ec = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_OBJECT_HANDLE a, b;

	return C_GenerateKeyPair(s->session, &ec, public, 3, private, 2, &a, &b);
}

CK_RV uses_import_key(struct uses *s)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_BYTE id = USES_KEY, secret[32] = { 1, 2, 3 };
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = {
		{ CKA_CLASS, &class, sizeof(class) },  { CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, sizeof(yes) },      { CKA_ID, &id, sizeof(id) },
		{ CKA_EC_PARAMS, p256, sizeof(p256) }, { CKA_VALUE, secret, sizeof(secret) }
	};
	CK_OBJECT_HANDLE made;

	return C_CreateObject(s->session, template, 6, &made);
}

CK_RV uses_admin_with_pair(struct uses *s)
{
	CK_RV rv = uses_by_admin(s);

	return rv == CKR_OK ? uses_make_pair(s) : rv;
}

/* CKR_OK as well if there is none. */
static CK_RV destroy(struct uses *s, CK_OBJECT_CLASS class, CK_BYTE id)
{
	CK_OBJECT_HANDLE object;
	CK_RV rv = uses_find(s, class, id, &object);

	if (rv == CKR_OK)
		return C_DestroyObject(s->session, object);
	return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_OK : rv;
}

CK_RV uses_delete_key(struct uses *s)
{
	CK_OBJECT_HANDLE key;
	CK_RV rv = uses_find(s, CKO_PRIVATE_KEY, USES_KEY, &key);

	return rv == CKR_OK ? C_DestroyObject(s->session, key) : rv;
}

/* The data object that counts the retired keys. */
static CK_RV forget_retired(struct uses *s)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BYTE oid[] = { 0x06, 0x08, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x07, 0x02, 0x60, 0x60 };
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_OBJECT_ID, oid, sizeof(oid) } };
	CK_OBJECT_HANDLE object;
	CK_ULONG n = 0;
	CK_RV rv = C_FindObjectsInit(s->session, template, 2);

	if (rv == CKR_OK)
		rv = C_FindObjects(s->session, &object, 1, &n);
	(void)C_FindObjectsFinal(s->session);
	return rv == CKR_OK && n == 1 ? C_DestroyObject(s->session, object) : rv;
}

/* A key that is there signs. */
CK_RV uses_key_kept(struct uses *s)
{
	CK_RV rv = uses_login(s, CKU_USER, s->pin);

	if (rv == CKR_OK)
		rv = uses_sign(s, USES_KEY);
	s->there = rv == CKR_OK;
	if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
		rv = C_Logout(s->session);
	if (rv == CKR_OK)
		rv = uses_by_admin(s);
	if (rv == CKR_OK)
		rv = destroy(s, CKO_PRIVATE_KEY, USES_KEY);
	if (rv == CKR_OK)
		rv = forget_retired(s);
	return rv == CKR_OK ? C_Logout(s->session) : rv;
}

/* --- certificates ------------------------------------------------------------------------------ */

static CK_RV read_certificate(struct uses *s, CK_BYTE id, CK_BYTE out[static CERTIFICATE_MAX],
			      CK_ULONG *len)
{
	CK_ATTRIBUTE value = { CKA_VALUE, out, CERTIFICATE_MAX };
	CK_OBJECT_HANDLE object;
	CK_RV rv = uses_find(s, CKO_CERTIFICATE, id, &object);

	if (rv == CKR_OK)
		rv = C_GetAttributeValue(s->session, object, &value, 1);
	*len = value.ulValueLen;
	return rv;
}

/* That of 9A once more. */
CK_RV uses_write_certificate(struct uses *s)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	CK_BYTE id = USES_KEY, der[CERTIFICATE_MAX];
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = { { CKA_VALUE, der, 0 },
				    { CKA_CLASS, &class, sizeof(class) },
				    { CKA_CERTIFICATE_TYPE, &x509, sizeof(x509) },
				    { CKA_TOKEN, &yes, sizeof(yes) },
				    { CKA_ID, &id, sizeof(id) } };
	CK_OBJECT_HANDLE made;
	CK_RV rv = read_certificate(s, 0x9A, der, &template[0].ulValueLen);

	return rv == CKR_OK ? C_CreateObject(s->session, template, 5, &made) : rv;
}

CK_RV uses_admin_with_certificate(struct uses *s)
{
	CK_RV rv = uses_by_admin(s);

	return rv == CKR_OK ? uses_write_certificate(s) : rv;
}

CK_RV uses_delete_certificate(struct uses *s)
{
	CK_OBJECT_HANDLE object;
	CK_RV rv = uses_find(s, CKO_CERTIFICATE, USES_KEY, &object);

	return rv == CKR_OK ? C_DestroyObject(s->session, object) : rv;
}

CK_RV uses_certificate_kept(struct uses *s)
{
	CK_BYTE der[CERTIFICATE_MAX], there[CERTIFICATE_MAX];
	CK_ULONG len, n;
	CK_RV rv = read_certificate(s, 0x9A, der, &len);

	if (rv == CKR_OK)
		rv = read_certificate(s, USES_KEY, there, &n);
	s->there = rv == CKR_OK;
	if (rv == CKR_OK && (n != len || memcmp(der, there, n) != 0))
		return CKR_DATA_INVALID; /* between the two */
	if (rv == CKR_OK || rv == CKR_OBJECT_HANDLE_INVALID)
		rv = uses_by_admin(s);
	if (rv == CKR_OK)
		rv = destroy(s, CKO_CERTIFICATE, USES_KEY);
	if (rv == CKR_OK)
		rv = forget_retired(s);
	return rv == CKR_OK ? C_Logout(s->session) : rv;
}

/* --- all of it ---------------------------------------------------------------------------------- */

/* Many commands; interrupted by anything, it is done by the same again. */
CK_RV uses_init_token(struct uses *s)
{
	CK_UTF8CHAR label[32];

	(void)C_CloseAllSessions(0);
	memset(label, ' ', sizeof(label));
	s->there = true;
	return C_InitToken(0, text(s->admin), strlen(s->admin), label);
}
