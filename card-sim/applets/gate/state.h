/* state.h -- what the gate applet's parts share: objects, tokens, the volatile state. */
#ifndef CARD_APPLETS_GATE_STATE_H
#define CARD_APPLETS_GATE_STATE_H

#include "host/applet.h"
#include "initiator.h"
#include "secure/gate.h"

/* --- objects in the store ------------------------------------------------ */

#define GATE_OBJECT_HOLDER (CARD_OBJECT_GATE + 1u) /* struct gate_holder, field by field */
#define GATE_OBJECT_DATE (CARD_OBJECT_GATE + 2u) /* the card's date (4) */
#define GATE_OBJECT_HEAD (CARD_OBJECT_GATE + 3u) /* newest verified head, the token */
#define GATE_OBJECT_EPHEMERAL (CARD_OBJECT_GATE + 4u) /* struct gate_ephemeral */
#define GATE_OBJECT_READERS (CARD_OBJECT_GATE + 5u) /* rows, the latest first: readers.c */
#define GATE_OBJECT_TICKETS (CARD_OBJECT_GATE + 6u) /* rows, the latest last: tickets.c */
/* + 2 * role: the newest anchor, the token; + 1: the one before it */
#define GATE_OBJECT_ANCHOR (CARD_OBJECT_GATE + 0x10u)
/* + 8 * sector + slot: key (32) || x (32) || token, empty until it is given */
#define GATE_OBJECT_CREDENTIAL (CARD_OBJECT_GATE + 0x100u)
#define GATE_OBJECT_END (CARD_OBJECT_GATE + 0x1000000u)

/* --- the holder (holder.c) -------------------------------------------------- */

#define GATE_SECRET 32u

/* Wipe it. */
struct gate_holder {
	uint8_t class; /* enum sj_gate_class */
	uint32_t born; /* decimal YYYYMMDD; zeros from the right: unknown */
	uint8_t secret[GATE_SECRET];
	uint8_t prk[SJ_PRK_SIZE]; /* HKDF-Extract of it, for pseudonyms */
};

/* A birth date of PERSO.md, 0001. False: none. */
SJ_MUST_CHECK bool gate_birth_date(struct sj_span bcd, uint32_t *born);
/* Class and birth date, with a new secret. */
uint16_t gate_holder_make(struct card_call *call, uint8_t class, uint32_t born);
/* What an operator's credential leads to; by the cache this is not computed again. */
SJ_MUST_CHECK bool gate_holder_know(struct card *card, uint32_t operator_id, uint8_t *slot,
				    uint8_t pseudonym[static SJ_GATE_PSEUDONYM]);
/* EAD_3 for these rights at this time. */
SJ_MUST_CHECK bool gate_holder_tell(struct card *card, uint32_t rights, uint32_t date,
				    const uint8_t pseudonym[static SJ_GATE_PSEUDONYM],
				    struct sj_writer *ead_3);
/* Age thresholds that are certain on `day` (decimal YYYYMMDD), bit i: sj_gate_age(i). */
uint8_t gate_ages(uint32_t born, uint32_t day);
/* The UTC day of a time, decimal YYYYMMDD. */
uint32_t gate_day(uint32_t time);

/* --- what the card believes (trust.c) --------------------------------------- */

/* The card's date, in seconds since 1970; 0: none. */
uint32_t gate_date(const struct card_store *store);
/* What it becomes by a token from `time`: never earlier, at most 400 days later. */
uint32_t gate_date_after(const struct card_store *store, uint32_t time);
/* Stores that. False: the store failed. */
SJ_MUST_CHECK bool gate_date_move(struct card_store *store, uint32_t time);
/* Signed by an anchor with this role (enum sj_cwt_signer), which had not expired before? */
SJ_MUST_CHECK bool gate_believes(const struct card_store *store, const struct sj_cwt *cwt,
				 uint8_t role);
/* A signer's token becomes an anchor if it is newer than those of its role. 9000, 6A80, 6581. */
uint16_t gate_anchor_add(struct card_store *store, struct sj_span token, bool may_sign_itself);
bool gate_has_anchor(const struct card_store *store, uint8_t role);
/* Keeps a verified, newer head, and moves the date. 9000, 6A80, 6581. */
uint16_t gate_head_add(struct card_store *store, struct sj_span token);
/* The head's epoch; 0: none. */
uint32_t gate_epoch(const struct card_store *store);

/* --- readers that were verified before (readers.c) -------------------------- */

/* What the card knows of a reader's credential. */
struct gate_reader {
	uint8_t hash[SJ_EDHOC_HASH]; /* SHA-256 of the token */
	uint8_t slot;
	uint8_t pseudonym[SJ_GATE_PSEUDONYM]; /* of the holder, for its operator */
};

/* Fills the rest from the hash. False: not among the last ones. */
SJ_MUST_CHECK bool gate_reader_find(const struct card_store *store, struct gate_reader *reader);
/* Makes it the latest of at most 8. */
SJ_MUST_CHECK bool gate_reader_add(struct card_store *store, const struct gate_reader *reader);

/* --- keys (keys.c) ---------------------------------------------------------- */

/* A key pair for one exchange, and what message_1 with it hashes to. Wipe it. */
struct gate_ephemeral {
	uint8_t key[SJ_EDHOC_KEY], x[SJ_EDHOC_KEY];
	uint8_t hash_dh[SJ_EDHOC_HASH], hash_psk[SJ_EDHOC_HASH]; /* in method 3 and 4 */
};

void gate_message_1_put(struct sj_writer *w, uint8_t method, const uint8_t x[static SJ_EDHOC_KEY]);
/* The one that waits in the store, which forgets it; else a new one. */
SJ_MUST_CHECK bool gate_ephemeral_take(struct card *card, struct gate_ephemeral *out);
/* Makes one for the next tap, if none waits. */
SJ_MUST_CHECK bool gate_ephemeral_prepare(struct card *card);

/* Credential `slot` of a sector. */
struct gate_credential {
	struct sj_span key, x; /* in the store */
	struct sj_span token; /* empty: not yet given */
};

uint32_t gate_credential_object(uint8_t sector, uint8_t slot);
/* False: no such key. Valid until the store changes. */
SJ_MUST_CHECK bool gate_credential_find(const struct card_store *store, uint8_t sector,
					uint8_t slot, struct gate_credential *out);

/* Gives the slot this token, or another one for its key. */
SJ_MUST_CHECK bool gate_credential_set(struct card_store *store, uint8_t sector, uint8_t slot,
				       struct sj_span token);

/* --- tickets (tickets.c) ----------------------------------------------------- */

/* Wipe it. */
struct gate_ticket {
	uint8_t ticket[SJ_GATE_TICKET];
	uint8_t psk[SJ_PRK_SIZE];
	uint8_t cred_i[SJ_GATE_PSK_CRED], cred_r[SJ_GATE_PSK_CRED];
};

/* Takes this operator's out of the store. False: none. */
SJ_MUST_CHECK bool gate_ticket_take(struct card_store *store, uint32_t operator_id,
				    struct gate_ticket *out);
/* In place of this operator's; the one stored least recently of 4 others goes. */
SJ_MUST_CHECK bool gate_ticket_keep(struct card_store *store, uint32_t operator_id,
				    const struct gate_ticket *ticket);

/* --- volatile state ----------------------------------------------------------- */

/* STATES.md. */
enum gate_state {
	GATE_IDLE,
	GATE_OFFERED, /* message_1 left, method 3 */
	GATE_OFFERED_TICKET, /* message_1 left, method 4 */
	GATE_TOLD, /* message_3 left */
	GATE_OPEN, /* message_4 was right: objects */
};
#define GATE_STATES 5u

/* Of one exchange; wiped when it ends. No pointers between commands (initiator.h). */
struct gate_session {
	enum gate_state state;
	uint8_t channel;
	bool named; /* SELECT named an operator */
	uint32_t operator_id; /* it, then the verified one */
	uint8_t sector, slot; /* of the credential that was shown; 0: method 4 */
	bool may_resume; /* a ticket is taken */
	struct gate_ticket ticket; /* method 4 */
	struct initiator initiator;
	struct sj_gate_channel keys;
};

struct gate {
	struct gate_session session;
	/* The one operator whose ticket may be offered while there is power. */
	bool asked;
	uint32_t asked_for;
	/* To be stored when message_3 has left: a reader new to the card, its date. */
	bool met;
	struct gate_reader reader;
	uint32_t met_at;
};

/* Ends the exchange. */
void gate_drop(struct gate *g);

/* --- steps of GENERAL AUTHENTICATE ------------------------------------------------ */

/* What the template 7C holds, each at most once. */
enum gate_part { GATE_CREDENTIAL, GATE_MESSAGE_2, GATE_MESSAGE_4, GATE_OBJECT, GATE_ERROR };
#define GATE_PARTS 5u
struct gate_parts {
	struct sj_span part[GATE_PARTS];
	unsigned present; /* bit i: part i */
};

/* The data of GENERAL AUTHENTICATE. False: malformed, a part twice, an unknown one. */
SJ_MUST_CHECK bool gate_parts_parse(struct sj_span in, struct gate_parts *out);

/* Each writes what goes into the template of the answer. False: refused, whatever the reason. */
SJ_MUST_CHECK bool gate_message_2(struct card_call *call, const struct gate_parts *in);
SJ_MUST_CHECK bool gate_message_2_psk(struct card_call *call, const struct gate_parts *in);
SJ_MUST_CHECK bool gate_message_4(struct card_call *call, const struct gate_parts *in);
SJ_MUST_CHECK bool gate_object(struct card_call *call, const struct gate_parts *in);

uint16_t gate_personalise(struct card_call *call, uint16_t dgi, struct sj_span data);
uint16_t gate_lock(struct card_call *call);

#endif
