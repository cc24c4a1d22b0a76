/*
 * operations.h -- what a session is in the middle of: at most one operation of each kind.
 *
 * Source: PKCS #11 3.1, 5.8 to 5.18. An operation ends with its last part or with any error;
 * a question for a length and CKR_BUFFER_TOO_SMALL leave it as it was.
 */
#ifndef P11_OPERATIONS_H
#define P11_OPERATIONS_H

#include "mechanisms.h"
#include "objects.h"

enum p11_doing {
	P11_DIGESTING,
	P11_SIGNING,
	P11_SIGN_RECOVERING,
	P11_VERIFYING,
	P11_VERIFY_RECOVERING,
	P11_ENCRYPTING,
	P11_DECRYPTING,
	P11_MESSAGE_SIGNING,
	P11_MESSAGE_VERIFYING,
	P11_KINDS,
};

/* A key as an operation holds it: nothing points into the token's objects. */
struct p11_key {
	CK_KEY_TYPE type;
	bool private; /* on the card */
	bool guarded; /* goes with the user's login */
	uint8_t ref; /* private: of the card */
	struct sj_piv_key_info info; /* private: whole; public: SubjectPublicKeyInfo alone */
	size_t size; /* bytes of a block or a signature */
};

struct p11_operation {
	struct p11_scheme_use use;
	struct p11_key key;
	bool parts; /* an update was there */
	bool whole; /* digests: the function for one piece was there */
	bool message; /* message signing: one has begun */
	struct sj_digest *digest; /* of schemes with a hash, or: */
	uint8_t *bytes; /* what was collected so far */
	size_t len, room;
	uint8_t *label; /* a copy of the padding's */
	uint8_t *result; /* decryption: done, waiting for room */
	size_t result_len;
};

struct p11_search {
	CK_OBJECT_HANDLE *found;
	size_t count, room, given;
};

struct p11_operations {
	struct p11_operation *active[P11_KINDS];
	struct p11_search *search;
};

/* The session's, made at first use; NULL: no memory. */
struct p11_operations *p11_operations(struct p11_session *s);
/*
 * C_*Init: m NULL ends an active one (3.1, 5.2). Checks mechanism, key, its class, its type and whether it may.
 */
CK_RV p11_begin(struct p11_session *s, enum p11_doing kind, const CK_MECHANISM *m,
		CK_OBJECT_HANDLE key);
/* The whole of a C_*Init. */
CK_RV p11_operation_init(CK_SESSION_HANDLE session, enum p11_doing kind, const CK_MECHANISM *m,
			 CK_OBJECT_HANDLE key);
/*
 * Enters a session with an active operation of this kind; p11_session_leave() it. Not entered
 * on any error.
 */
CK_RV p11_operation_enter(CK_SESSION_HANDLE session, enum p11_doing kind, struct p11_session **s,
			  struct p11_operation **op);
/* The whole of a C_*Update without output: any error ends the operation. */
CK_RV p11_operation_update(CK_SESSION_HANDLE session, enum p11_doing kind, CK_BYTE_PTR part,
			   CK_ULONG len);
/* NULL: none is active. */
struct p11_operation *p11_active(struct p11_session *s, enum p11_doing kind);
void p11_end(struct p11_session *s, enum p11_doing kind);
/* One more piece of the message. */
CK_RV p11_add(struct p11_operation *op, struct sj_span bytes);
/* Back to the beginning, for the next message. */
CK_RV p11_restart(struct p11_operation *op);
/* What was given so far: its digest in `hash`, or the bytes themselves. */
CK_RV p11_collected(struct p11_operation *op, uint8_t hash[static SJ_HASH_MAX],
		    struct sj_span *out);
/* A key for one use. `attribute`: CKA_SIGN and so on, must be true; `any_curve`: ECDH takes two types. */
CK_RV p11_key_get(struct p11_session *s, CK_OBJECT_HANDLE handle, CK_OBJECT_CLASS class,
		  CK_ATTRIBUTE_TYPE attribute, const struct p11_mechanism *m, struct p11_key *out);
/* A pointer and a length as programs give them; false: NULL with a length. */
SJ_MUST_CHECK bool p11_input(CK_BYTE_PTR bytes, CK_ULONG len, struct sj_span *out);

/* --- sign.c, verify.c, cipher.c: one whole block --------------------------------------- */

/* The signature of what was collected. */
CK_RV p11_sign(struct p11_session *s, struct p11_operation *op,
	       uint8_t out[static SJ_PIV_BLOCK_MAX], size_t *len);
CK_RV p11_verify(struct p11_operation *op, struct sj_span signature);
/* Encrypts and decrypts with RSA, for C_Encrypt and for wrapping. */
CK_RV p11_encrypt(const struct p11_key *key, const struct p11_scheme_use *use, struct sj_span data,
		  uint8_t out[static SJ_RSA_MAX]);
CK_RV p11_decrypt(struct p11_session *s, const struct p11_key *key,
		  const struct p11_scheme_use *use, struct sj_span data,
		  uint8_t out[static SJ_RSA_MAX], size_t *len);
/* How long a secret key of this type is; 0: as long as wished. False: none that we keep. */
bool p11_secret_length(CK_KEY_TYPE type, size_t *fixed);
/*
 * A secret key of the session from its bytes and a checked template. `kept`: they came from a
 * key that was always sensitive and never extractable.
 */
CK_RV p11_secret_new(struct p11_session *s, const CK_ATTRIBUTE *t, CK_ULONG n, CK_KEY_TYPE type,
		     struct sj_span value, bool kept, CK_OBJECT_HANDLE *out);

#endif
