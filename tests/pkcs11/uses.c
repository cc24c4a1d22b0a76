/* uses.c -- the functions of a module, used so that they talk to its card; those that change it are in uses_change.c. */
#include "tests/pkcs11/uses.h"

#include <stdint.h>
#include <string.h>

CK_RV uses_login(struct uses *s, CK_USER_TYPE user, const char *pin)
{
	return C_Login(s->session, user, (CK_UTF8CHAR *)(uintptr_t)pin, strlen(pin));
}

CK_RV uses_find(struct uses *s, CK_OBJECT_CLASS class, CK_BYTE id, CK_OBJECT_HANDLE *out)
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
	CK_RV rv = uses_find(s, CKO_PRIVATE_KEY, id, &key);

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

CK_RV uses_by_admin(struct uses *s)
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
	CK_RV rv = uses_find(s, CKO_PUBLIC_KEY, 0x9D, &public);

	if (rv == CKR_OK)
		rv = C_GetAttributeValue(s->session, public, &ec, 1);
	if (rv == CKR_OK)
		rv = uses_find(s, CKO_PRIVATE_KEY, 0x9D, &key);
	return rv == CKR_OK ? C_DeriveKey(s->session, &ecdh, key, template, 4, &out) : rv;
}

static CK_RV random_bytes(struct uses *s)
{
	CK_BYTE bytes[100];

	return C_GenerateRandom(s->session, bytes, sizeof(bytes));
}

static CK_RV log_out(struct uses *s)
{
	return C_Logout(s->session);
}

/* --- slots and sessions ------------------------------------------------------------------ */

static CK_RV slot_list(struct uses *s)
{
	CK_SLOT_ID slots[4];
	CK_ULONG n = 4;

	(void)s;
	return C_GetSlotList(CK_TRUE, slots, &n);
}

static CK_RV slot_info(struct uses *s)
{
	CK_SLOT_INFO info;

	(void)s;
	return C_GetSlotInfo(0, &info);
}

static CK_RV slot_event(struct uses *s)
{
	CK_SLOT_ID slot;
	CK_RV rv = C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL);

	(void)s;
	return rv == CKR_NO_EVENT ? CKR_OK : rv;
}

static CK_RV mechanism_info(struct uses *s)
{
	CK_MECHANISM_INFO info;

	(void)s;
	return C_GetMechanismInfo(0, CKM_RSA_PKCS, &info);
}

static CK_RV look_and_close(struct uses *s)
{
	CK_SESSION_INFO info;
	CK_RV rv = C_GetSessionInfo(s->session, &info);

	if (rv == CKR_OK)
		rv = C_SessionCancel(s->session, CKF_SIGN);
	if (rv == CKR_OK)
		rv = C_CloseSession(s->session);
	return rv == CKR_OK ? C_CloseAllSessions(0) : rv;
}

static CK_RV login_user(struct uses *s)
{
	return C_LoginUser(s->session, CKU_USER, (CK_UTF8CHAR *)(uintptr_t)s->pin, strlen(s->pin),
			   NULL, 0);
}

/* --- objects ------------------------------------------------------------------------------- */

static CK_RV object_size(struct uses *s)
{
	CK_OBJECT_HANDLE object;
	CK_ULONG size;
	CK_RV rv = uses_find(s, CKO_CERTIFICATE, 0x9A, &object);

	return rv == CKR_OK ? C_GetObjectSize(s->session, object, &size) : rv;
}

static CK_RV copy_object(struct uses *s)
{
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE here = { CKA_TOKEN, &no, 1 };
	CK_OBJECT_HANDLE object, copy;
	CK_RV rv = uses_find(s, CKO_CERTIFICATE, 0x9A, &object);

	return rv == CKR_OK ? C_CopyObject(s->session, object, &here, 1, &copy) : rv;
}

/* The card keeps no attributes that are not its own. */
static CK_RV set_attribute(struct uses *s)
{
	CK_BYTE label[] = "mine";
	CK_ATTRIBUTE t = { CKA_LABEL, label, 4 };
	CK_OBJECT_HANDLE object;
	CK_RV rv = uses_find(s, CKO_CERTIFICATE, 0x9A, &object);

	if (rv == CKR_OK)
		rv = C_SetAttributeValue(s->session, object, &t, 1);
	return rv == CKR_ACTION_PROHIBITED ? CKR_OK : rv;
}

/* --- in parts, in messages, with RSA ------------------------------------------------------- */

static CK_RV sign_parts(struct uses *s)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_BYTE part[32] = { 1 }, signature[128];
	CK_ULONG len = sizeof(signature);
	CK_OBJECT_HANDLE key;
	CK_RV rv = uses_find(s, CKO_PRIVATE_KEY, 0x9A, &key);

	if (rv == CKR_OK)
		rv = C_SignInit(s->session, &ecdsa, key);
	if (rv == CKR_OK)
		rv = C_SignUpdate(s->session, part, sizeof(part));
	return rv == CKR_OK ? C_SignFinal(s->session, signature, &len) : rv;
}

static CK_RV sign_messages(struct uses *s)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	CK_BYTE part[32] = { 1 }, signature[128];
	CK_ULONG len = sizeof(signature);
	CK_OBJECT_HANDLE key;
	CK_RV rv = uses_find(s, CKO_PRIVATE_KEY, 0x9A, &key);

	if (rv == CKR_OK)
		rv = C_MessageSignInit(s->session, &ecdsa, key);
	if (rv == CKR_OK)
		rv = C_SignMessage(s->session, NULL, 0, part, sizeof(part), signature, &len);
	if (rv == CKR_OK)
		rv = C_SignMessageBegin(s->session, NULL, 0);
	len = sizeof(signature);
	if (rv == CKR_OK)
		rv = C_SignMessageNext(s->session, NULL, 0, part, sizeof(part), signature, &len);
	return rv == CKR_OK ? C_MessageSignFinal(s->session) : rv;
}

/* All of them take the public key, and no more of the card; nothing that they are given holds. */
static CK_RV verify(struct uses *s)
{
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	CK_BYTE digest[32] = { 1 }, signature[64] = { 1 };
	CK_OBJECT_HANDLE key;
	CK_RV rv = uses_find(s, CKO_PUBLIC_KEY, 0x9A, &key);

	if (rv == CKR_OK)
		rv = C_VerifyInit(s->session, &ecdsa, key);
	if (rv == CKR_OK)
		rv = C_Verify(s->session, digest, 32, signature, 64);
	return rv == CKR_SIGNATURE_INVALID ? CKR_OK : rv;
}

static CK_RV sign_recover(struct uses *s)
{
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE data[20] = { 1 }, signature[256];
	CK_ULONG len = sizeof(signature);
	CK_OBJECT_HANDLE key;
	CK_RV rv = uses_find(s, CKO_PRIVATE_KEY, USES_RSA, &key);

	if (rv == CKR_OK)
		rv = C_SignRecoverInit(s->session, &rsa, key);
	return rv == CKR_OK ? C_SignRecover(s->session, data, sizeof(data), signature, &len) : rv;
}

static CK_RV encrypt(struct uses *s, CK_BYTE sealed[static 256])
{
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_BYTE data[20] = { 1 };
	CK_ULONG len = 256;
	CK_OBJECT_HANDLE key;
	CK_RV rv = uses_find(s, CKO_PUBLIC_KEY, USES_RSA, &key);

	if (rv == CKR_OK)
		rv = C_EncryptInit(s->session, &rsa, key);
	return rv == CKR_OK ? C_Encrypt(s->session, data, sizeof(data), sealed, &len) : rv;
}

static CK_RV begin_decrypting(struct uses *s, CK_BYTE sealed[static 256])
{
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_OBJECT_HANDLE key;
	CK_RV rv = encrypt(s, sealed);

	if (rv == CKR_OK)
		rv = uses_find(s, CKO_PRIVATE_KEY, USES_RSA, &key);
	return rv == CKR_OK ? C_DecryptInit(s->session, &rsa, key) : rv;
}

static CK_RV decrypt(struct uses *s)
{
	CK_BYTE sealed[256], data[256];
	CK_ULONG len = sizeof(data);
	CK_RV rv = begin_decrypting(s, sealed);

	return rv == CKR_OK ? C_Decrypt(s->session, sealed, 256, data, &len) : rv;
}

static CK_RV decrypt_parts(struct uses *s)
{
	CK_BYTE sealed[256], data[256];
	CK_ULONG none = sizeof(data), len = sizeof(data);
	CK_RV rv = begin_decrypting(s, sealed);

	if (rv == CKR_OK)
		rv = C_DecryptUpdate(s->session, sealed, 256, data, &none);
	return rv == CKR_OK ? C_DecryptFinal(s->session, data, &len) : rv;
}

static CK_RV unwrap(struct uses *s)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL no = CK_FALSE;
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_ATTRIBUTE template[] = { { CKA_CLASS, &class, sizeof(class) },
				    { CKA_KEY_TYPE, &type, sizeof(type) },
				    { CKA_TOKEN, &no, sizeof(no) } };
	CK_BYTE sealed[256];
	CK_OBJECT_HANDLE key, out;
	CK_RV rv = encrypt(s, sealed);

	if (rv == CKR_OK)
		rv = uses_find(s, CKO_PRIVATE_KEY, USES_RSA, &key);
	return rv == CKR_OK ? C_UnwrapKey(s->session, &rsa, key, sealed, 256, template, 3, &out)
			    : rv;
}

/* --- all of them ---------------------------------------------------------------------------- */

CK_RV uses_ready(struct uses *s)
{
	CK_BYTE id = USES_RSA;
	CK_ULONG bits = 2048;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE public[] = { { CKA_MODULUS_BITS, &bits, sizeof(bits) }, { CKA_ID, &id, 1 } };
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, &id, 1 } };
	CK_MECHANISM rsa = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_OBJECT_HANDLE a, b;
	CK_RV rv = uses_by_admin(s);

	if (rv == CKR_OK)
		rv = C_GenerateKeyPair(s->session, &rsa, public, 2, private, 2, &a, &b);
	return rv == CKR_OK ? C_Logout(s->session) : rv;
}

#define CHANGE(name_, before_, run_, kept_) \
	{ \
		.name = name_, .before = before_, .run = run_, .kept = kept_ \
	}
#define DELETE(name_, before_, run_, kept_) \
	{ \
		.name = name_, .before = before_, .run = run_, .kept = kept_, .deletes = true \
	}
#define BARE(name_, run_) \
	{ \
		.name = name_, .run = run_, .bare = true \
	}

const struct use uses[] = {
	{ .name = "C_GetSlotList", .run = slot_list, .bare = true, .silent = true },
	{ .name = "C_GetSlotInfo", .run = slot_info, .bare = true, .silent = true },
	{ .name = "C_WaitForSlotEvent", .run = slot_event },
	BARE("C_GetTokenInfo", token_info),
	/* Half of its serial number is an answer that says no: drivers pass on what came. */
	{ .name = "C_GetMechanismList", .run = mechanism_list, .bare = true, .misses = true },
	{ .name = "C_GetMechanismInfo", .run = mechanism_info, .bare = true, .misses = true },
	BARE("C_OpenSession", open_session),
	{ .name = "C_GetSessionInfo, C_SessionCancel, C_CloseSession, C_CloseAllSessions",
	  .run = look_and_close },
	{ .name = "C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal, C_GetAttributeValue",
	  .run = find_all,
	  .misses = true },
	{ .name = "C_GetObjectSize", .run = object_size },
	{ .name = "C_CopyObject", .run = copy_object },
	{ .name = "C_SetAttributeValue", .run = set_attribute },
	{ .name = "C_Login, user", .run = by_user },
	{ .name = "C_LoginUser", .run = login_user },
	{ .name = "C_Login, SO", .run = uses_by_admin },
	{ .name = "C_Logout", .before = by_user, .run = log_out },
	{ .name = "C_Logout, SO", .before = uses_by_admin, .run = log_out },
	{ .name = "C_SignInit, C_Sign", .before = by_user, .run = sign_once },
	{ .name = "C_SignInit, C_Login for this signature, C_Sign",
	  .before = by_user,
	  .run = sign_always },
	{ .name = "C_SignUpdate, C_SignFinal", .before = by_user, .run = sign_parts },
	{ .name = "C_MessageSignInit, C_SignMessage, C_SignMessageBegin, C_SignMessageNext, "
		  "C_MessageSignFinal",
	  .before = by_user,
	  .run = sign_messages },
	{ .name = "C_SignRecoverInit, C_SignRecover", .before = by_user, .run = sign_recover },
	{ .name = "C_VerifyInit, C_Verify", .run = verify },
	{ .name = "C_EncryptInit, C_Encrypt, C_DecryptInit, C_Decrypt",
	  .before = by_user,
	  .run = decrypt },
	{ .name = "C_DecryptUpdate, C_DecryptFinal", .before = by_user, .run = decrypt_parts },
	{ .name = "C_UnwrapKey", .before = by_user, .run = unwrap },
	{ .name = "C_DeriveKey", .before = by_user, .run = agree },
	{ .name = "C_GenerateRandom", .run = random_bytes },
	CHANGE("C_SetPIN, user", by_user, uses_set_pin, uses_pin_kept),
	CHANGE("C_SetPIN, SO", uses_by_admin, uses_set_admin, uses_admin_kept),
	CHANGE("C_InitPIN", uses_by_admin, uses_init_pin, uses_pin_kept),
	CHANGE("C_GenerateKeyPair", uses_by_admin, uses_make_pair, uses_key_kept),
	CHANGE("C_CreateObject, private key", uses_by_admin, uses_import_key, uses_key_kept),
	DELETE("C_DestroyObject, private key", uses_admin_with_pair, uses_delete_key,
	       uses_key_kept),
	CHANGE("C_CreateObject, certificate", uses_by_admin, uses_write_certificate,
	       uses_certificate_kept),
	DELETE("C_DestroyObject, certificate", uses_admin_with_certificate, uses_delete_certificate,
	       uses_certificate_kept),
	{ .name = "C_InitToken",
	  .run = uses_init_token,
	  .kept = uses_init_token,
	  .bare = true,
	  .last = true },
};
const size_t uses_count = sizeof(uses) / sizeof(uses[0]);

const char uses_without[] =
	/* The module itself, or what it has of a session. */
	" C_Initialize C_Finalize C_GetInfo C_GetFunctionList C_GetInterfaceList C_GetInterface"
	" C_GetFunctionStatus C_CancelFunction C_SeedRandom"
	" C_DigestInit C_Digest C_DigestUpdate C_DigestKey C_DigestFinal"
	/* A public key that C_EncryptInit and its like have read. */
	" C_EncryptUpdate C_EncryptFinal C_WrapKey C_VerifyUpdate C_VerifyFinal C_VerifyRecoverInit"
	" C_VerifyRecover C_MessageVerifyInit C_VerifyMessage C_VerifyMessageBegin"
	" C_VerifyMessageNext C_MessageVerifyFinal"
	/* Not supported. */
	" C_GetOperationState C_SetOperationState C_GenerateKey C_DigestEncryptUpdate"
	" C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate C_MessageEncryptInit"
	" C_EncryptMessage C_EncryptMessageBegin C_EncryptMessageNext C_MessageEncryptFinal"
	" C_MessageDecryptInit C_DecryptMessage C_DecryptMessageBegin C_DecryptMessageNext"
	" C_MessageDecryptFinal ";

bool uses_is_removal(CK_RV rv)
{
	return rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
	       rv == CKR_SESSION_HANDLE_INVALID;
}

bool uses_is_done(const struct use *f, const struct uses *s, CK_RV rv)
{
	return rv == CKR_OK && (f->kept == NULL || s->there != f->deletes);
}

/*
 * Half an answer is that of a card that answers wrongly, or that has no such thing. What changes the
 * card may look at it once more when it is done.
 */
bool uses_is_right(const struct use *f, const struct uses *s, CK_RV rv, bool half)
{
	if (rv == CKR_OK)
		return f->silent || (half && f->misses) ||
		       (f->kept != NULL && uses_is_done(f, s, rv));
	return uses_is_removal(rv) ||
	       (half && (rv == CKR_DEVICE_ERROR || rv == CKR_OBJECT_HANDLE_INVALID));
}
