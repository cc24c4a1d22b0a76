/* uses.h -- the functions of a module that make it talk to its card, one by one. */
#ifndef TESTS_PKCS11_USES_H
#define TESTS_PKCS11_USES_H

#include <stdbool.h>
#include <stddef.h>

#include "pkcs11/p11.h"

struct uses {
	CK_SESSION_HANDLE session; /* read-write */
	const char *pin, *admin; /* the user's and the SO's */
};

struct use {
	const char *name;
	CK_RV (*before)(struct uses *s); /* NULL: nothing */
	CK_RV (*run)(struct uses *s);
};
extern const struct use uses[];
extern const size_t uses_count;

CK_RV uses_login(struct uses *s, CK_USER_TYPE user, const char *pin);
/* With the key of this CKA_ID, P-256; the user is logged in. */
CK_RV uses_sign(struct uses *s, CK_BYTE id);
/* What a function may say whose card is taken out. */
bool uses_is_removal(CK_RV rv);

#endif
