/*
 * register.h -- the holder register: who has which document, on which card, in what state.
 *
 * REGISTER.md describes tables, states, what is encrypted and how the history is chained.
 * It lies in DIR/register.db (SQLite), or where registry.json's "register" says (PostgreSQL:
 * any number of machines). It takes the place of the ledger: indices of the status list are
 * drawn here. Functions that return int return 0 or the exit code of what they told.
 */
#ifndef SJ_AUTHORITY_REGISTER_H
#define SJ_AUTHORITY_REGISTER_H

#include "authority/db.h"
#include "authority/registry.h"
#include "secure/cwt.h"
#include "wire/mrz.h"

struct holder_register; /* open */

/* A document's life. What the table of REGISTER.md lacks is refused. */
enum document_state {
	DOCUMENT_APPLIED,
	DOCUMENT_APPROVED,
	DOCUMENT_PERSONALISED, /* a good card exists, still at the authority */
	DOCUMENT_DELIVERED,
	DOCUMENT_ACTIVE,
	DOCUMENT_SUSPENDED,
	DOCUMENT_REVOKED,
	DOCUMENT_EXPIRED,
};

/* A card's. Exactly one card of a document is ISSUED and not revoked once it is personalised. */
enum card_state {
	CARD_WORKING, /* in a worker's reader; nothing signed for it counts */
	CARD_FINISHING, /* everything is written and recorded; the lock may have been sent */
	CARD_ISSUED,
	CARD_SCRAPPED, /* never delivered; what was signed for it is revoked */
};

#define REGISTER_MONTHS_AHEAD 124u /* of the status list: ten years and a signer's three months */
#define REGISTER_SLOT_KEYS 1u /* of sector 0: the key application's */

#define REGISTER_SERIAL 8u /* bytes of a card's serial number (GP.md) */
#define REGISTER_SLOT_EID 8u /* of sectors 1 to 7: the eID application's status value */
#define REGISTER_CREDENTIALS 65u /* of a card: 56 for gates, the document, 7 for eID, the keys */

/* A credential of a card, as the status list knows it. */
struct register_credential {
	uint8_t sector,
		slot; /* 1..7 and 0..7, or 8: eID; 0 0: the document (DG13); 0 1: the key application */
	struct sj_status_ref status;
	uint8_t key_x[SJ_CWT_KEY]; /* of a gate credential; else see keys.h */
};

/* A key on a card: what it is and who certified it. */
struct register_key {
	char name[8]; /* "9A", "CA1", "AA" */
	char algorithm[24];
	struct sj_span spki; /* borrowed */
	char issuer[AUTHORITY_NAME_MAX]; /* "key-ca-1"; "": no certificate */
	struct sj_span serial; /* of the certificate; borrowed; empty: none */
};

struct register_document {
	int64_t id, holder;
	enum document_state state;
	char number[SJ_MRZ_NUMBER_MAX + 1];
	uint32_t expires; /* seconds since 1970 UTC */
	int64_t replaces; /* another document's id; 0: none */
	char reason[32]; /* of a suspension or revocation: "lost", "stolen", ... */
};

struct register_card {
	int64_t id, document;
	enum card_state state;
	uint8_t serial[REGISTER_SERIAL];
	uint8_t key_version; /* of its SCP03 keys: 31, ...; 0: still the transport keys */
	unsigned master; /* N of card-master-N */
};

/* --- opening ---------------------------------------------------------------------------- */

/*
 * Sets where the register is: "postgresql://...", or NULL: DIR/register.db. Makes its key when
 * there is none. Call authority_save() after.
 */
CLI_MUST_CHECK int register_place(struct authority *a, const char *where);
/*
 * Opens it, makes it at the first time, and brings an older schema up to date (one process at
 * a time; others wait). A newer schema than ours is refused.
 */
CLI_MUST_CHECK int register_open(const struct authority *a, struct holder_register **out);
void register_close(struct holder_register *r);
struct db *register_db(struct holder_register *r);
/* "anna@desk-3": whom the history names. Default: user and host. */
CLI_MUST_CHECK int register_actor(struct holder_register *r, const char *actor);

/*
 * A change is one transaction: begin, functions below, commit. What is not committed did not
 * happen, and left no history.
 */
CLI_MUST_CHECK int register_begin(struct holder_register *r);
CLI_MUST_CHECK int register_commit(struct holder_register *r);
void register_rollback(struct holder_register *r);

/* --- holders and documents ------------------------------------------------------------- */

/* Holder file and portrait, encrypted under a key of this holder alone. State: applied. */
CLI_MUST_CHECK int register_apply(struct holder_register *r, struct sj_span holder_json,
				  struct sj_span portrait, const char *number, uint32_t expires,
				  int64_t *document);
/* By document number. *found false: none. */
CLI_MUST_CHECK int register_find(struct holder_register *r, const char *number,
				 struct register_document *out, bool *found);
CLI_MUST_CHECK int register_document_get(struct holder_register *r, int64_t id,
					 struct register_document *out);
/* The same, and nobody else changes it before the end of this change. */
CLI_MUST_CHECK int register_document_hold(struct holder_register *r, int64_t id,
					  struct register_document *out);
/* A holder file of the register, parsed; the caller frees it. */
CLI_MUST_CHECK int register_json(struct holder_register *r, struct sj_span json, json_t **out);
/* Its holder file and portrait; free with wiping. SJ_INPUT_REFUSED: erased. */
CLI_MUST_CHECK int register_person(struct holder_register *r, int64_t document, uint8_t **json,
				   size_t *json_len, uint8_t **portrait, size_t *portrait_len);
/* "approved". */
const char *register_state_name(enum document_state state);
/* Whether the table of REGISTER.md has it; back from a suspension: any state it may come from. */
bool register_may_move(enum document_state from, enum document_state to);
/*
 * SJ_INPUT_REFUSED: not from its present state. Suspended, revoked: its cards' credentials with
 * it. From a suspension back only to the state before it.
 */
CLI_MUST_CHECK int register_move(struct holder_register *r, int64_t document,
				 enum document_state to, const char *reason);

/* Back to the state before its suspension. */
CLI_MUST_CHECK int register_reinstate(struct holder_register *r, int64_t document);
/*
 * Revokes `old` for `reason` and makes another document of the same holder: approved. An empty
 * holder file or portrait: as before.
 */
CLI_MUST_CHECK int register_replace(struct holder_register *r, int64_t old, const char *reason,
				    struct sj_span holder_json, struct sj_span portrait,
				    const char *number, uint32_t expires, int64_t *document);
/* Moves what ran out before `now` to expired, in changes of its own; adds to *moved. */
CLI_MUST_CHECK int register_expire(struct holder_register *r, int64_t now, size_t *moved);
/* Forgets the holder of a document: SJ_INPUT_REFUSED while a card of theirs is good. */
CLI_MUST_CHECK int register_erase(struct holder_register *r, int64_t document);
/* Calls `found` for each document, in the order of their making; state -1: of any. */
CLI_MUST_CHECK int register_list(struct holder_register *r, int state,
				 int (*found)(void *user, const struct register_document *d),
				 void *user);

/* --- cards ------------------------------------------------------------------------------ */

/*
 * A card in a reader is to become this document: working. The document's other unissued cards are
 * scrapped, and what this card was begun for before.
 */
CLI_MUST_CHECK int register_card_begin(struct holder_register *r, int64_t document,
				       const uint8_t serial[static REGISTER_SERIAL], int64_t *card);
/* The card of that serial number, newest first. */
CLI_MUST_CHECK int register_card_find(struct holder_register *r,
				      const uint8_t serial[static REGISTER_SERIAL],
				      struct register_card *out, bool *found);
CLI_MUST_CHECK int register_card_keyed(struct holder_register *r, int64_t card, uint8_t version,
				       unsigned master);
/*
 * Draws indices for all of a card's credentials, whose partition is set and the same, and records
 * them with the card: no index is ever given twice, whatever becomes of the card. Once for a card,
 * before anything is signed for it; their keys come later.
 */
CLI_MUST_CHECK int register_card_credentials(struct holder_register *r, int64_t card,
					     struct register_credential *credentials, size_t n,
					     uint32_t expires);
/* The keys of these credentials, the same ones in the same order: the card has made them. */
CLI_MUST_CHECK int register_card_points(struct holder_register *r, int64_t card,
					const struct register_credential *credentials, size_t n);
CLI_MUST_CHECK int register_card_keys(struct holder_register *r, int64_t card,
				      const struct register_key *keys, size_t n);
/*
 * FINISHING before the lock, ISSUED (its document: personalised) after it. SCRAPPED: everything
 * it was given is revoked; a document that was personalised with it is approved again.
 */
CLI_MUST_CHECK int register_card_move(struct holder_register *r, int64_t card, enum card_state to,
				      const char *reason);
/* Management key of the key application and the like, encrypted. */
CLI_MUST_CHECK int register_card_secret(struct holder_register *r, int64_t card, const char *name,
					struct sj_span secret);
/* SJ_INPUT_REFUSED: there is none. Free *out with wiping. */
CLI_MUST_CHECK int register_card_secret_read(struct holder_register *r, int64_t card,
					     const char *name, uint8_t **out, size_t *len);
/* Its public key for pseudonyms (SubjectPublicKeyInfo), sealed under the register's own key. */
CLI_MUST_CHECK int register_card_pseudonym(struct holder_register *r, int64_t card,
					   struct sj_span spki);
const char *register_card_state_name(enum card_state state);
/* Calls `found` for each card of a document, the oldest first. */
CLI_MUST_CHECK int register_cards(struct holder_register *r, int64_t document,
				  int (*found)(void *user, const struct register_card *c),
				  void *user);

/* --- status ----------------------------------------------------------------------------- */

/* The partition of a credential that expires then; false: before 2020. */
SJ_MUST_CHECK bool register_partition(uint32_t expires, uint16_t *out);
/* Indices of each partition; only grows. */
uint32_t register_indices(const struct holder_register *r);
/*
 * Calls `found` for each revoked or suspended index of partitions `from` and later, partition
 * after partition, not sorted within. Memory does not grow with their number.
 */
CLI_MUST_CHECK int register_revoked(struct holder_register *r, uint16_t from,
				    int (*found)(void *user, struct sj_status_ref ref), void *user);
/*
 * Everything that a document's cards were given and have keys for; `good`: not revoked and not
 * suspended.
 */
CLI_MUST_CHECK int register_credentials(struct holder_register *r, const char *number,
					int (*found)(void *user,
						     const struct register_credential *c,
						     uint32_t expires, bool good),
					void *user);

/* Calls `row` for each partition in which something was issued. */
CLI_MUST_CHECK int register_count(struct holder_register *r,
				  int (*row)(void *user, uint16_t partition, uint64_t issued,
					     uint64_t bad),
				  void *user);
/* Calls `found` for each certificate of a card that is bad and does not end before `from`. */
CLI_MUST_CHECK int register_bad_certificates(struct holder_register *r, int64_t from,
					     int (*found)(void *user, const char *issuer,
							  struct sj_span serial, int64_t when),
					     void *user);

/*
 * Calls `found` with the public key for pseudonyms of each card that is bad and whose time is not
 * over at `from`, in no order.
 */
CLI_MUST_CHECK int register_bad_pseudonyms(struct holder_register *r, int64_t from,
					   int (*found)(void *user, struct sj_span spki),
					   void *user);

/* --- history ------------------------------------------------------------------- */

/* Adds to the chain, in the present transaction: "crl", and a JSON object without personal data. */
CLI_MUST_CHECK int register_note(struct holder_register *r, const char *event, json_t *detail);
/* The same, of a document and a card (0: none). Takes over `detail`, also on failure; NULL: {}. */
CLI_MUST_CHECK int register_event(struct holder_register *r, const char *event, int64_t document,
				  int64_t card, json_t *detail);
struct register_record {
	int64_t number, at, document, card;
	const char *actor, *event, *detail; /* detail: JSON */
};
/* Calls `row` for each record from the first on; document 0: of all. */
CLI_MUST_CHECK int register_history(struct holder_register *r, int64_t document,
				    int (*row)(void *user, const struct register_record *record),
				    void *user);
/* Checks the whole chain; *broken: number of the first record that does not hold, 0: none. */
CLI_MUST_CHECK int register_check(struct holder_register *r, int64_t *broken);

#endif
