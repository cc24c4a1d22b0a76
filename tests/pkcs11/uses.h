/* uses.h -- the functions of a module, each in such a use that it talks to its card if it ever does. */
#ifndef TESTS_PKCS11_USES_H
#define TESTS_PKCS11_USES_H

#include <stdbool.h>
#include <stddef.h>

#include "pkcs11/p11.h"

#define USES_KEY 0x95 /* keys and certificates that are made and deleted */
#define USES_RSA 0x82

struct uses {
	CK_SESSION_HANDLE session; /* read-write */
	const char *pin, *puk, *admin; /* the user's; the last is the SO's */
	bool there; /* what kept() found: the new PIN, the key, the certificate */
};

struct use {
	const char *name; /* the functions that it is a use of */
	CK_RV (*before)(struct uses *s); /* NULL: nothing */
	CK_RV (*run)(struct uses *s);
	/*
	 * NULL: it changes nothing on the card. Else, in a new session and with nobody logged in:
	 * CKR_OK if the card is as it was or as it was to be, and now is as it was. Again if it
	 * was interrupted.
	 */
	CK_RV (*kept)(struct uses *s);
	bool bare; /* the first of all, without a session */
	bool last; /* leaves nothing of the card that others could use */
	bool silent; /* CKR_OK is a right answer of a card that went */
	bool deletes; /* what kept() looks for */
	bool misses; /* it passes over what it cannot read, which half an answer is */
};
extern const struct use uses[];
extern const size_t uses_count;

/* Functions that no card has a part in, or that are not supported: " C_GetInfo ... ". */
extern const char uses_without[];

/* The SO makes the key USES_RSA, once. */
CK_RV uses_ready(struct uses *s);
CK_RV uses_login(struct uses *s, CK_USER_TYPE user, const char *pin);
CK_RV uses_by_admin(struct uses *s);
/* An object of this class. CKR_OBJECT_HANDLE_INVALID: there is none. */
CK_RV uses_find(struct uses *s, CK_OBJECT_CLASS class, CK_BYTE id, CK_OBJECT_HANDLE *out);
/* With the key of this CKA_ID, P-256; the user is logged in. */
CK_RV uses_sign(struct uses *s, CK_BYTE id);
/* What a function may say whose card is taken out. */
bool uses_is_removal(CK_RV rv);
/* What the use may say whose card went, after kept(); `half`: it passed on half an answer. */
bool uses_is_right(const struct use *f, const struct uses *s, CK_RV rv, bool half);
/* So it ended undisturbed. */
bool uses_is_done(const struct use *f, const struct uses *s, CK_RV rv);

/* --- uses_change.c ---------------------------------------------------------------------- */

CK_RV uses_set_pin(struct uses *s), uses_init_pin(struct uses *s), uses_pin_kept(struct uses *s);
CK_RV uses_set_admin(struct uses *s), uses_admin_kept(struct uses *s);
CK_RV uses_make_pair(struct uses *s), uses_import_key(struct uses *s);
CK_RV uses_admin_with_pair(struct uses *s), uses_delete_key(struct uses *s);
CK_RV uses_key_kept(struct uses *s);
CK_RV uses_write_certificate(struct uses *s), uses_admin_with_certificate(struct uses *s);
CK_RV uses_delete_certificate(struct uses *s), uses_certificate_kept(struct uses *s);
CK_RV uses_init_token(struct uses *s);

#endif
