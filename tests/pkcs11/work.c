#include "tests/pkcs11/work.h"

#include <stdint.h>

const CK_BYTE *work_generator(void)
{
	static const char generator[] =
		"\x04\x6B\x17\xD1\xF2\xE1\x2C\x42\x47\xF8\xBC\xE6\xE5\x63\xA4\x40\xF2\x77\x03\x7D\x81\x2D"
		"\xEB\x33\xA0\xF4\xA1\x39\x45\xD8\x98\xC2\x96\x4F\xE3\x42\xE2\xFE\x1A\x7F\x9B\x8E\xE7\xEB"
		"\x4A\x7C\x0F\x9E\x16\x2B\xCE\x33\x57\x6B\x31\x5E\xCE\xCB\xB6\x40\x68\x37\xBF\x51\xF5";

	return (const CK_BYTE *)generator;
}

CK_RV work_derive(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_ULONG n,
		  CK_OBJECT_HANDLE *secret)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL no = CK_FALSE, yes = CK_TRUE;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) },
			     { CKA_SENSITIVE, &no, 1 },
			     { CKA_EXTRACTABLE, &yes, 1 } };
	CK_ECDH1_DERIVE_PARAMS ecdh = { CKD_NULL, 0, NULL, n,
					(CK_BYTE *)(uintptr_t)work_generator() };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &ecdh, sizeof(ecdh) };

	return C_DeriveKey(session, &m, key, t, 4, secret);
}

CK_RV work_secret(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BYTE value[32] = { 7 };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE a[] = { { CKA_CLASS, &class, sizeof(class) },
			     { CKA_KEY_TYPE, &type, sizeof(type) },
			     { CKA_EXTRACTABLE, &yes, 1 },
			     { CKA_SENSITIVE, &no, 1 },
			     { CKA_VALUE, value, sizeof(value) } };

	return C_CreateObject(session, a, 5, out);
}

void work_write_certificate(CK_SESSION_HANDLE session, const CK_OBJECT_HANDLE *objects, CK_ULONG n)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	CK_BYTE id = 0x9A, der[1024];
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE t[] = { { CKA_VALUE, der, sizeof(der) },
			     { CKA_CLASS, &class, sizeof(class) },
			     { CKA_CERTIFICATE_TYPE, &x509, sizeof(x509) },
			     { CKA_TOKEN, &yes, 1 },
			     { CKA_ID, &id, 1 } };
	CK_OBJECT_HANDLE made;

	for (CK_ULONG i = 0; i < n; i++) {
		t[0].ulValueLen = sizeof(der);
		if (C_GetAttributeValue(session, objects[i], t, 1) != CKR_OK)
			continue;
		if (C_CreateObject(session, t, 5, &made) == CKR_OK)
			(void)C_DestroyObject(session, made);
		break;
	}
}
