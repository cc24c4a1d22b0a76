/*
 * module.h -- what the files of the module share.
 *
 * Source: PKCS #11 Base Specification 3.1 (OASIS, 2023), "3.1" in comments.
 *
 * Who has what: one p11_module from C_Initialize to C_Finalize; a p11_slot per
 * reader, which stays until C_Finalize; a p11_token while a card of ours is in
 * it; sessions. Every C_ function that takes a session begins with p11_session_enter()
 * and ends with p11_session_leave(); between them the slot with its token, its
 * sessions and all that hangs on them belong to the calling thread. Pointers into
 * a token are good until leave.
 *
 * A call that talks to the card may find it gone: it then returns the error for
 * the program, and the slot drops token and sessions when the session is left.
 */
#ifndef P11_MODULE_H
#define P11_MODULE_H

#include <sojourn/piv.h>

#include "p11.h"
#include "wire/bytes.h"

struct p11_module;
struct p11_slot;
struct p11_card;
struct p11_objects; /* objects.c */
struct p11_operations; /* operations.c */

/* No user: CK_USER_TYPE has no value for it. */
#define P11_NOBODY CK_UNAVAILABLE_INFORMATION

struct p11_token {
	struct p11_slot *slot;
	CK_USER_TYPE user; /* CKU_SO, CKU_USER or P11_NOBODY */
	struct p11_objects *objects; /* NULL at first; p11_objects_free() at the token's end */
	struct p11_card *card; /* card.c */
};

struct p11_session {
	CK_SESSION_HANDLE handle;
	struct p11_token *token; /* never NULL between enter and leave */
	CK_FLAGS flags; /* CKF_RW_SESSION, CKF_SERIAL_SESSION */
	bool context_login; /* CKU_CONTEXT_SPECIFIC succeeded and was not used up */
	struct p11_operations
		*operations; /* NULL at first; p11_operations_free() at the session's end */
	struct p11_session *next;
};

/* --- entry.c: the way in and out --------------------------------------------- */

/* For the few functions without a session. Initialised, in this process? The module stays till leave. */
CK_RV p11_enter(struct p11_module **out);
void p11_leave(struct p11_module *m);

/*
 * Locks the session's slot. CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID
 * (also: its card is gone), CKR_DEVICE_REMOVED: the card went just now.
 */
CK_RV p11_session_enter(CK_SESSION_HANDLE handle, struct p11_session **out);
/* Unlocks. Gives rv back, so that functions can end with it. */
CK_RV p11_session_leave(struct p11_session *s, CK_RV rv);

/* Read-write session? Objects of the token are made and changed in those only (3.1, 5.6). */
bool p11_session_writes(const struct p11_session *s);
/* Is the user logged in, as far as the module knows? Private objects are seen only then (3.1, 2.4). */
bool p11_session_user(const struct p11_session *s);
bool p11_session_so(const struct p11_session *s);

/* SJ_WRONG_PIN -> CKR_PIN_INCORRECT and so on. */
CK_RV p11_rv(enum sj_rc rc);

/* A size question or a copy: the rule for outputs of 3.1, 5.2. out NULL: *len = n. */
CK_RV p11_output(struct sj_span value, CK_BYTE_PTR out, CK_ULONG_PTR len);
/* The same for one whose size is known before it is made. True: go on and make it. */
bool p11_output_room(size_t n, CK_BYTE_PTR out, CK_ULONG_PTR len, CK_RV *rv);
/* Blank-padded, not NUL-terminated text, as the info structs have it. */
void p11_pad(CK_UTF8CHAR *out, size_t size, const char *text);

/* --- slots.c ------------------------------------------------------------------- */

/* For C_GetMechanismList and others that take a slot id: locks the slot. The token is opened if need be.
 * CKR_SLOT_ID_INVALID, CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED. */
CK_RV p11_token_enter(CK_SLOT_ID id, struct p11_token **out);
CK_RV p11_token_leave(struct p11_token *t, CK_RV rv);

/* --- config.c: what the configuration lets be seen ------------------------------ */

bool p11_visible_key(const struct p11_token *t, uint8_t key); /* SJ_PIV_KEY_*, 0x82.. */
bool p11_visible_class(const struct p11_token *t, CK_OBJECT_CLASS class);

/* --- card.c: the card, with what it said kept ------------------------------------ */

/*
 * What is read here is read from the card once, then kept in memory, and on disk for cards that
 * tell when their content changes. Absence is kept too. *out: NULL or an empty
 * span when it is not there, and CKR_OK.
 */
CK_RV p11_card_key(struct p11_token *t, uint8_t key, const struct sj_piv_key_info **out);
CK_RV p11_card_certificate(struct p11_token *t, uint8_t key, struct sj_span *der);
/* A data object, without its 53. CKR_USER_NOT_LOGGED_IN: it wants the PIN; such ones are not kept. */
CK_RV p11_card_object(struct p11_token *t, uint32_t tag, struct sj_span *out);
/* Did the call so far find the card gone, or its own time over? Else what it refused or garbled was one thing on it. */
bool p11_card_gone(const struct p11_token *t);
/* GUID, serial and the like; CHUID and what sj_piv_identify() told is there, the rest asked now. */
CK_RV p11_card_info(struct p11_token *t, struct sj_piv_info *out);
/* The number of retired keys (82..) worth asking about: 0 to 20, from the key history object. */
CK_RV p11_card_retired(struct p11_token *t, unsigned *out);
/* Counts up whenever what was told above may have changed (our writes, another card program's). */
unsigned p11_card_generation(const struct p11_token *t);

/*
 * One command. For a key that wants the PIN each time, CKR_USER_NOT_LOGGED_IN unless
 * s->context_login, which is used up. If the card has forgotten the PIN, the token's user
 * is logged out and CKR_USER_NOT_LOGGED_IN given. Ed25519: in is the message.
 */
CK_RV p11_card_sign(struct p11_session *s, const struct sj_piv_key_info *key, uint8_t ref,
		    struct sj_span in, uint8_t out[static SJ_PIV_BLOCK_MAX], size_t *out_len);
CK_RV p11_card_agree(struct p11_session *s, const struct sj_piv_key_info *key, uint8_t ref,
		     struct sj_span peer, uint8_t out[static SJ_PIV_BLOCK_MAX], size_t *out_len);
CK_RV p11_card_random(struct p11_token *t, uint8_t *out, size_t len);

/* These need the SO (CKR_USER_NOT_LOGGED_IN) and a RW session (CKR_SESSION_READ_ONLY), and check both. */
CK_RV p11_card_generate(struct p11_session *s, uint8_t ref, enum sj_piv_algorithm algorithm,
			enum sj_piv_policy policy);
CK_RV p11_card_import(struct p11_session *s, uint8_t ref, struct sj_span pkcs8,
		      enum sj_piv_policy policy);
CK_RV p11_card_delete_key(struct p11_session *s, uint8_t ref);
/* An empty span deletes. */
CK_RV p11_card_write_certificate(struct p11_session *s, uint8_t ref, struct sj_span der);
CK_RV p11_card_write_object(struct p11_session *s, uint32_t tag, struct sj_span value);

/* --- objects.c, operations.c: called by the files above ---------------------------- */

/* NULL is fine in all of them. */
void p11_objects_free(struct p11_objects *o);
/* Session objects of a session that ends. */
void p11_objects_session_end(struct p11_objects *o, CK_SESSION_HANDLE handle);
/* Private session objects go at logout, and with them what uses them (3.1, 5.6.9). */
void p11_objects_logout(struct p11_objects *o);
void p11_operations_free(struct p11_operations *o);
/* Logout: operations with private keys and searches end. */
void p11_operations_logout(struct p11_operations *o);
/* C_SessionCancel: CKF_SIGN and so on, CKF_FIND_OBJECTS; CKR_OPERATION_CANCEL_FAILED. */
CK_RV p11_operations_cancel(struct p11_session *s, CK_FLAGS flags);
/* Is an operation active with a key that wants the PIN each time? (3.1, 5.6.8) */
bool p11_operations_want_pin(const struct p11_session *s);

#endif
