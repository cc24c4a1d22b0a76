/*
 * objects.h -- the objects of a token: what the card has, and what sessions made.
 *
 * The card's objects have handles that say what they are -- (class + 1) << 24 and the key
 * reference, the data object's tag or the number -- so that nothing need be read
 * before somebody asks, and a handle means the same after any change of the card.
 */
#ifndef P11_OBJECTS_H
#define P11_OBJECTS_H

#include "attributes.h"
#include "crypt/public.h"
#include "module.h"

struct p11_object {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
	CK_SESSION_HANDLE session; /* 0: the card's */
	uint32_t low; /* card: key reference, tag or number */
	struct p11_attributes a;
	struct p11_object *next;
};

/* What the card can, beside what its objects say (mechanisms.c). */
enum p11_card_kind {
	P11_KIND_UNKNOWN,
	P11_KIND_STANDARD, /* no extensions */
	P11_KIND_OLDER, /* than version 5.7 */
	P11_KIND_NEWER,
};

struct p11_objects {
	struct p11_object *of_card, *of_sessions;
	unsigned generation; /* of the card, when of_card was made */
	CK_ULONG made; /* session objects so far */
	enum p11_card_kind kind;
};

/* The token's objects, made at first use; NULL: no memory. */
struct p11_objects *p11_objects(struct p11_token *t);
/*
 * An object that this session may see; owned by the token, good until leave or the
 * next write to the card. CKR_OBJECT_HANDLE_INVALID.
 */
CK_RV p11_object_get(struct p11_session *s, CK_OBJECT_HANDLE handle, struct p11_object **out);
/*
 * An attribute, also one that is read from the card or calculated only when asked; *out NULL: it has none.
 * The object may be gone when it fails.
 */
CK_RV p11_object_attribute(struct p11_session *s, struct p11_object *o, CK_ATTRIBUTE_TYPE type,
			   const struct p11_attribute **out);
/* Is it kept from the program? (3.1, 4.9, 4.10) */
bool p11_object_hides(const struct p11_object *o, const struct p11_attribute *at);
/*
 * A session object from attributes, which it takes over (also on failure); puts class, unique
 * id and defaults. CKR_HOST_MEMORY.
 */
CK_RV p11_object_new(struct p11_session *s, CK_OBJECT_CLASS class, struct p11_attributes *a,
		     CK_OBJECT_HANDLE *out);
/* Ends an object of a session. */
void p11_object_drop(struct p11_objects *all, const struct p11_object *o);

/* --- card_objects.c: the card's objects --------------------------------------------------- */

#define P11_CANDIDATES_MAX 64u

CK_OBJECT_HANDLE p11_token_handle(CK_OBJECT_CLASS class, uint32_t low);
/* What there may be of a class, *n of it; `id`: key references that a template leaves (empty: all). */
CK_RV p11_token_candidates(struct p11_token *t, CK_OBJECT_CLASS class, struct sj_span id,
			   uint32_t low[static P11_CANDIDATES_MAX], size_t *n);
/* Fills o->a; *there false: the card has no such object, or configuration hides it. */
CK_RV p11_token_object(struct p11_token *t, struct p11_object *o, bool *there);
/* A unique id that another content never gets: "private-9a-0011223344556677". For o->a as above. */
void p11_put_unique(struct p11_object *o);
/* The data object that a DER OBJECT IDENTIFIER or a label names; 0: none. */
uint32_t p11_token_tag(struct sj_span object_id, struct sj_span label);

/* --- create.c: what templates say of a key on the card ------------------------------- */

/* The key reference: from CKA_ID, or (empty) the first that is free. CKR_ATTRIBUTE_VALUE_INVALID. */
CK_RV p11_template_ref(struct p11_session *s, struct sj_span id, uint8_t *out);
/* From CKA_ALWAYS_AUTHENTICATE, and CKA_PRIVATE, which may be false. */
enum sj_piv_policy p11_template_policy(const CK_ATTRIBUTE *t, CK_ULONG n);

/*
 * The key history object speaks of a retired key that was written: it says how many of them there
 * are, so that nobody need ask for twenty (SP 800-73-5, part 1, 3.3.3).
 */
CK_RV p11_note_retired(struct p11_session *s, uint8_t ref);

/* What a public key of this type may do, and the mechanisms of a key on its half of the work. */
void p11_put_public_uses(struct p11_attributes *a, CK_KEY_TYPE type);
void p11_put_mechanisms(struct p11_attributes *a, CK_OBJECT_CLASS class, CK_KEY_TYPE type);

/* --- public.c: public keys as attributes ------------------------------------------- */

/* Puts key type, numbers and CKA_PUBLIC_KEY_INFO. False: a key that we do not know. */
bool p11_put_public(struct p11_attributes *a, CK_OBJECT_CLASS class, struct sj_span spki);
/* What a template says of a public key as SubjectPublicKeyInfo. CKR_TEMPLATE_INCOMPLETE and others. */
CK_RV p11_template_public(const CK_ATTRIBUTE *t, CK_ULONG n, struct sj_writer *spki);
/* The same of a private key, as PKCS #8 (secret). */
CK_RV p11_template_private(const CK_ATTRIBUTE *t, CK_ULONG n, struct sj_writer *pkcs8);
/* The algorithm of EC parameters, for keys of this type; SJ_PIV_ALGORITHM_NONE: not a card's. */
enum sj_piv_algorithm p11_curve_algorithm(CK_KEY_TYPE type, struct sj_span parameters);
/* The subject, dates, key and so on that stand in a certificate; false: it cannot be read. */
bool p11_put_certificate(struct p11_attributes *a, struct sj_span der);

#endif
