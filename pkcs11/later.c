/* later.c -- only until objects.c and operations.c have them: a function that is not there yet. */
#include "p11.h"

CK_RV p11_later(void);
CK_RV p11_later(void)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

#define CK_PKCS11_FUNCTION_INFO(name) __asm__(".weak " #name "\n.set " #name ", p11_later\n");
#include "oasis/pkcs11f.h"

__asm__(".weak p11_objects_free\n.set p11_objects_free, p11_later\n"
	".weak p11_objects_session_end\n.set p11_objects_session_end, p11_later\n"
	".weak p11_objects_logout\n.set p11_objects_logout, p11_later\n"
	".weak p11_operations_free\n.set p11_operations_free, p11_later\n"
	".weak p11_operations_logout\n.set p11_operations_logout, p11_later\n"
	".weak p11_operations_cancel\n.set p11_operations_cancel, p11_later\n"
	".weak p11_operations_want_pin\n.set p11_operations_want_pin, p11_later_no\n");

CK_RV p11_later_no(void);
CK_RV p11_later_no(void)
{
	return 0;
}
