/*
 * state.h -- the module and its slots, for the files that keep them.
 *
 * Locks, outermost first: a slot's own, then the module's, then that of the static
 * struct in entry.c. Only a slot's is held while the card is talked to, and none
 * while waiting for a slot's event.
 */
#ifndef P11_STATE_H
#define P11_STATE_H

#include <sys/types.h>

#include "config.h"
#include "lock.h"
#include "module.h"

/* What the card in a reader turned out to be. */
enum p11_found {
	P11_UNKNOWN, /* not looked at yet */
	P11_OURS,
	P11_FOREIGN, /* left alone until it is taken away */
	P11_HIDDEN, /* a card that wants a code that nobody gave */
};

struct p11_slot {
	struct p11_module *module;
	CK_SLOT_ID id;
	char reader[SJ_READER_NAME_MAX];
	struct sj_context *context; /* cancelled by C_Finalize without the slot's lock */
	struct p11_slot *next;

	/* Guarded by the module's lock. */
	bool listed; /* C_GetSlotList has told of it */
	bool present; /* a card, says the last list of readers */
	bool changed; /* since the last C_WaitForSlotEvent */
	uint32_t events; /* the reader's count of cards that came and went */
	enum p11_found found;
	uint32_t found_at; /* `found` was found when the count was this */
	int asking; /* the socket to a pinentry that runs for this slot; -1: none */

	/* Guarded by `lock`. */
	struct p11_lock lock;
	unsigned mark; /* when it was entered: sj_memory_lacked() */
	struct p11_token *token; /* NULL: no card of ours, or not opened yet */
	bool gone; /* its card went away: dropped when the slot is left */
	bool late; /* this call's time is up: it does not begin anew */
	uint32_t token_at; /* the count when it was opened */
	struct p11_session *sessions;
	CK_ULONG last_handle;
};

/* Somebody in C_WaitForSlotEvent. */
struct p11_waiter {
	struct sj_context *context;
	struct p11_waiter *next;
};

struct p11_module {
	pid_t pid;
	struct p11_mutexes mutexes;
	struct p11_config config;
	/* Guarded by the static struct's lock in entry.c. */
	unsigned calls; /* inside the module now; the last one out frees it after C_Finalize */
	bool closing;

	struct p11_lock watch_lock; /* of `watch` alone; inside no other */
	struct sj_context *watch;

	struct p11_lock lock; /* of what follows */
	struct p11_slot *slots; /* by id; grows at its end */
	CK_ULONG n_slots;
	struct p11_waiter *waiters;
};

/* --- entry.c -------------------------------------------------------------------- */

bool p11_closing(const struct p11_module *m);

/* --- slots.c -------------------------------------------------------------------- */

/* Asks pcscd which readers and cards there are; no service: none. */
CK_RV p11_slots_look(struct p11_module *m);
/* The first look, by C_Initialize: what is there now is no event. */
CK_RV p11_slots_begin(struct p11_module *m);
struct p11_slot *p11_slot_find(struct p11_module *m, CK_SLOT_ID id);
/* Wakes every call that waits for a card, a reader or a user. */
void p11_slots_cancel(struct p11_module *m);
void p11_slots_free(struct p11_module *m);
/* Locks a slot by its id; CKR_SLOT_ID_INVALID. After leave, a slot whose card went away has no token. */
CK_RV p11_slot_enter(CK_SLOT_ID id, struct p11_slot **out);
/* All that the call that begins asks of the card has one deadline; the slot is locked. */
void p11_slot_clock(struct p11_slot *slot);
CK_RV p11_slot_leave(struct p11_slot *slot, CK_RV rv);
/* Is the card of slot->token still the one in the reader, by what is known of the reader? */
bool p11_slot_same_card(struct p11_slot *slot);

/* --- token.c -------------------------------------------------------------------- */

/* Whom a card that needs a code may ask. */
enum p11_ask { P11_ASK_FILES, P11_ASK_ANYBODY };
/* Opens the token if it is not open; the slot is locked. Looks for another card first. */
CK_RV p11_token_need(struct p11_slot *slot, enum p11_ask ask);
/* Ends the token with its sessions; the slot is locked. NULL token is fine. */
void p11_token_drop(struct p11_slot *slot);
/* Is a card in it that a program can use? Opens it to see, once a card; the slot is not locked. */
bool p11_token_usable(struct p11_slot *slot);
/* The user is logged out as far as the module knows: after C_Logout, or when the card has forgotten. */
void p11_token_logged_out(struct p11_token *t);

/* --- sessions.c ----------------------------------------------------------------- */

/* Ends all of a slot's sessions; the slot is locked. */
void p11_sessions_end(struct p11_slot *slot);

/* --- card.c ----------------------------------------------------------------------- */

/* SJ_NO_KEY_APPLICATION and what sj_card_wait() and sj_piv_open() say. */
enum sj_rc p11_card_open(struct p11_slot *slot, enum p11_ask how, struct p11_card **out);
void p11_card_close(struct p11_card *c);
struct sj_piv *p11_card_piv(const struct p11_token *t);
/* The GUID and content as told when it was opened. */
const struct sj_piv_info *p11_card_identity(const struct p11_token *t);
/* A failure of the card's: marks the slot when the card is gone. Any rc, SJ_OK too. */
CK_RV p11_card_failed(struct p11_token *t, enum sj_rc rc);
/* Forgets what is kept: we changed it. */
void p11_card_changed(struct p11_token *t);
/* The last session ended: before the next one, p11_card_check() asks whether somebody changed it. */
void p11_card_rest(struct p11_token *t);
CK_RV p11_card_check(struct p11_token *t);
/* The end of a call: others may use the card; what was learnt goes to disk, if it may. */
void p11_card_leave(struct p11_token *t);
/* The reference of the PIN that the card wants from its user. */
CK_RV p11_card_user_pin(struct p11_token *t, enum sj_piv_pin *out);

/* --- pinentry.c --------------------------------------------------------------------- */

#define P11_SECRET_MAX 128u

/*
 * Asks through the configured program. *len: size of what was typed. CKR_FUNCTION_CANCELED:
 * the user gave up or there is no such program. The caller wipes out.
 */
CK_RV p11_pinentry(struct p11_slot *slot, const char *prompt, const char *text,
		   char out[static P11_SECRET_MAX], size_t *len);
/* Ends one that runs, so that p11_pinentry() returns; the module's lock is held. */
void p11_pinentry_end(struct p11_slot *slot);

#endif
