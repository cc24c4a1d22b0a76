/* interfaces.c -- the lists of functions, and those that no one needs. */
#include <string.h>

#include "module.h"

#define VERSION_3_1 \
	{ \
		3, 1 \
	}
#define VERSION_3_0 \
	{ \
		3, 0 \
	}
#define VERSION_2_40 \
	{ \
		2, 40 \
	}

/* NOLINTBEGIN(bugprone-macro-parentheses,readability-duplicate-include) */
#define CK_PKCS11_FUNCTION_INFO(name) .name = name,

static const CK_FUNCTION_LIST_3_0 functions_3_1 = {
	.version = VERSION_3_1,
#include "oasis/pkcs11f.h"
};

static const CK_FUNCTION_LIST_3_0 functions_3_0 = {
	.version = VERSION_3_0,
#include "oasis/pkcs11f.h"
};

#define CK_PKCS11_2_0_ONLY 1
static const CK_FUNCTION_LIST functions_2_40 = {
	.version = VERSION_2_40,
#include "oasis/pkcs11f.h"
};
#undef CK_PKCS11_2_0_ONLY
#undef CK_PKCS11_FUNCTION_INFO
/* NOLINTEND(bugprone-macro-parentheses,readability-duplicate-include) */

#define NAME "PKCS 11"
#define INTERFACES 3u

/* The types of 3.1 have no const, but nobody may write to what these point to. */
#define UNCONST(pointer) ((CK_VOID_PTR)(uintptr_t)(pointer))

/* Best first: what a program gets that asks for none in particular. */
static const CK_INTERFACE interfaces[INTERFACES] = {
	{ UNCONST(NAME), UNCONST(&functions_3_1), 0 },
	{ UNCONST(NAME), UNCONST(&functions_3_0), 0 },
	{ UNCONST(NAME), UNCONST(&functions_2_40), 0 },
};

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	if (list == NULL)
		return CKR_ARGUMENTS_BAD;
	*list = UNCONST(&functions_2_40);
	return CKR_OK;
}

CK_RV C_GetInterfaceList(CK_INTERFACE_PTR list, CK_ULONG_PTR count)
{
	CK_ULONG room;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	room = *count;
	*count = INTERFACES;
	if (list == NULL)
		return CKR_OK;
	if (room < INTERFACES)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(list, interfaces, sizeof(interfaces));
	return CKR_OK;
}

/* Every function list begins with its version. */
static bool version_is(const CK_INTERFACE *in, const CK_VERSION *version)
{
	return memcmp(in->pFunctionList, version, sizeof(*version)) == 0;
}

CK_RV C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version, CK_INTERFACE_PTR_PTR out,
		     CK_FLAGS flags)
{
	if (out == NULL)
		return CKR_ARGUMENTS_BAD;
	if (name != NULL && strcmp((const char *)name, NAME) != 0)
		return CKR_ARGUMENTS_BAD;
	/* CKF_INTERFACE_FORK_SAFE is not claimed: a child must call C_Initialize. */
	if (flags != 0)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < INTERFACES; i++) {
		if (version == NULL || version_is(&interfaces[i], version)) {
			*out = UNCONST(&interfaces[i]);
			return CKR_OK;
		}
	}
	return CKR_ARGUMENTS_BAD;
}

/* --- functions of parallel times and of states that are never saved ------------------ */

CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE handle)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	return rv == CKR_OK ? p11_session_leave(s, CKR_FUNCTION_NOT_PARALLEL) : rv;
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE handle)
{
	return C_GetFunctionStatus(handle);
}

CK_RV C_GetOperationState(CK_SESSION_HANDLE handle, CK_BYTE_PTR state, CK_ULONG_PTR len)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	(void)state;
	if (rv != CKR_OK)
		return rv;
	return p11_session_leave(s, len == NULL ? CKR_ARGUMENTS_BAD : CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV C_SetOperationState(CK_SESSION_HANDLE handle, CK_BYTE_PTR state, CK_ULONG len,
			  CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key)
{
	struct p11_session *s;
	CK_RV rv = p11_session_enter(handle, &s);

	(void)len;
	(void)encryption_key;
	(void)authentication_key;
	if (rv != CKR_OK)
		return rv;
	return p11_session_leave(s, state == NULL ? CKR_ARGUMENTS_BAD : CKR_FUNCTION_NOT_SUPPORTED);
}
