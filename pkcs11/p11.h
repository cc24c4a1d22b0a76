/* p11.h -- the headers of OASIS, with the macros they ask for (Unix: natural packing). */
#ifndef P11_P11_H
#define P11_P11_H

#include <stddef.h>

#define CK_PTR *
#define CK_DECLARE_FUNCTION(type, name) __attribute__((visibility("default"))) type name
#define CK_DECLARE_FUNCTION_POINTER(type, name) type(CK_PTR name)
#define CK_CALLBACK_FUNCTION(type, name) type(CK_PTR name)
#ifndef NULL_PTR
#define NULL_PTR NULL
#endif

#include "oasis/pkcs11.h"

#endif
