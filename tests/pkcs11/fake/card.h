/*
 * card.h -- a token whose card is software, in place of the module's slots, sessions and
 * card access: for cases on objects and mechanisms.
 *
 * Keys: 9A P-256 with a certificate, 9C RSA-2048 (PIN always), 9D RSA-2048, 9E P-384 (PIN
 * never), 82 Ed25519, 83 X25519, 84 P-256. Session 1 is read-only, session 2 read-write.
 */
#ifndef TESTS_PKCS11_FAKE_CARD_H
#define TESTS_PKCS11_FAKE_CARD_H

#include "crypt/public.h"
#include "pkcs11/objects.h"
#include "pkcs11/operations.h"

#include "tests/vectors/hexbytes.h"

#define FAKE_RO 1u
#define FAKE_RW 2u

/* Before the first case and after the last: cmocka's group functions. */
int fake_begin(void **state);
int fake_end(void **state);
/* Before each case: nobody is logged in, no operation, no session object, the card as it was. */
int fake_reset(void **state);
void fake_login(CK_USER_TYPE user);
void fake_logout(void);
/* CKU_CONTEXT_SPECIFIC. */
void fake_context_login(void);
/* A card without extensions: no Ed25519, nothing imported. */
void fake_old_card(void);
/* From now on the card has forgotten the PIN whenever a key or a certificate is wanted. */
void fake_forgets(void);
/* The reader has a keypad. */
void fake_keypad(void);
/* A key's SubjectPublicKeyInfo. */
struct sj_span fake_spki(uint8_t ref);
struct sj_span fake_certificate(void);
/* The bytes that the card tells from now on, until the next case: 9A's certificate, a key's SPKI. */
uint8_t *fake_told_certificate(size_t **len);
uint8_t *fake_told_spki(uint8_t ref, size_t **len);
/* The module is to read everything anew. */
void fake_changed(void);
/* How often the card was asked for its version. */
unsigned fake_asked(void);
/* Private operations so far. */
unsigned fake_uses(void);
/* Whether p11_operations_want_pin() says so of a session. */
bool fake_wants_pin(CK_SESSION_HANDLE handle);

/* --- templates -------------------------------------------------------------------- */

#define CLASS(c) \
	{ \
		CKA_CLASS, &(CK_OBJECT_CLASS){ c }, sizeof(CK_OBJECT_CLASS) \
	}
#define TYPE(k) \
	{ \
		CKA_KEY_TYPE, &(CK_KEY_TYPE){ k }, sizeof(CK_KEY_TYPE) \
	}
#define FLAG(type, value) \
	{ \
		type, &(CK_BBOOL){ value }, 1 \
	}
#define BYTES(type, span) \
	{ \
		type, (void *)(uintptr_t)(span).ptr, (span).len \
	}
#define TEXT(type, text) \
	{ \
		type, (void *)(uintptr_t)(text), sizeof(text) - 1 \
	}
#define N(t) (sizeof(t) / sizeof((t)[0]))

/* --- shorthand for cases ---------------------------------------------------------- */

/* The only object of a class with this id (0: any id); fails the case if there is none. */
CK_OBJECT_HANDLE find_key(CK_OBJECT_CLASS class, uint8_t id);
/* How many match. */
size_t find_count(CK_SESSION_HANDLE session, CK_ATTRIBUTE *t, CK_ULONG n);
/* One attribute, which must be there. */
struct sj_span attribute_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
bool flag_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
CK_ULONG number_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

#endif
