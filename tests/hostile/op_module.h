/* op_module.h -- a program of the PKCS#11 module before a liar: what its steps share. */
#ifndef TESTS_HOSTILE_OP_MODULE_H
#define TESTS_HOSTILE_OP_MODULE_H

#include "tests/hostile/liar.h"

#include "pkcs11/p11.h"

#define OBJECTS_MAX 96u

struct program {
	struct liar *l;
	struct outcome *o;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE objects[OBJECTS_MAX]; /* of the last find */
	CK_ULONG n;
	unsigned signatures, secrets, made;
	CK_RV rv; /* the first failure that counts */
};

/* A call begins, which has so many ms; its session. */
#define PROGRAM_MS 10000u
CK_SESSION_HANDLE program_due(const struct program *p);
CK_SLOT_ID program_slot(const struct program *p); /* the same, of a call that takes a slot */
/* A call: true if it went well; what blames the module is wrong. */
bool program_did(struct program *p, CK_RV rv);
/* Everything of this class. */
void program_find(struct program *p, CK_OBJECT_CLASS class);
/* The public key of the same key; 0: there is none. */
CK_OBJECT_HANDLE program_public(const struct program *p, CK_OBJECT_HANDLE key);
/* By C_Login: true when the card said so to `ins` since, and never else. */
CK_RV program_log_in(struct program *p, CK_USER_TYPE type, const char *pin, uint8_t ins);

/* Programs of op_functions.c. */
void program_parts(struct program *p);
void program_keys(struct program *p);
void program_slots(struct program *p);

#endif
