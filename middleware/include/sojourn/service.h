/*
 * service.h -- ask a card what one service may know, and no more.
 *
 * A service is a row of the registry; a terminal is a key with a certificate for one row. On a
 * card with the eID application the card itself enforces the row (Terminal Authentication); on a
 * plain identity document the library reads what the document has and blanks what the
 * service may not have before anything leaves it. Sources: BSI TR-03110 parts 2 to 4 v2.21;
 * card-sim/applets/eid/EID.md; middleware/eid/SERVICE.md.
 */
#ifndef SOJOURN_SERVICE_H
#define SOJOURN_SERVICE_H

#include <sojourn/document.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- rights and rows ------------------------------------------------------------ */

/* The i-th right of the registry: "valid", "name", ..., and its bit; NULL: past the end. */
SJ_API const char *sj_right_at(size_t i, uint32_t *bit);
/* "transport", 1 to 7; NULL: no such sector. */
SJ_API const char *sj_sector_name(unsigned sector);

enum sj_service_access { SJ_SERVICE_NONE, SJ_SERVICE_CAN, SJ_SERVICE_PIN };

/* A row of the service registry. */
struct sj_service {
	size_t size;
	unsigned id; /* 1 to 255 */
	unsigned sector;
	char name[50];
	enum sj_service_access access; /* what the holder gives besides the card */
	uint32_t stale; /* seconds: how old a status list may be */
	uint32_t rights; /* bits of sj_right_at() */
	uint32_t keep; /* of them: what the service has to keep; 0: nothing */
	uint32_t retention; /* seconds: how long */
};

/*
 * How a right stands on a card: the one table that issuing, cards' terminals and `service list` go by.
 * A data group of the eID application (0: none), its bit in an authentication terminal's CHAT (-1:
 * none), whether it stands in our authorization extension. False: past the end. There
 * may be several lines of one right (name: two groups).
 */
struct sj_right_place {
	size_t size;
	uint32_t right;
	unsigned group;
	int chat_bit;
	bool extension;
	bool inspection; /* only an inspection system gets it, from the LDS application */
};
SJ_API bool sj_right_place_at(size_t i, struct sj_right_place *out);

/* --- the terminal ---------------------------------------------------------------- */

/*
 * Who asks. A folder with terminal.key (PKCS#8, DER), terminal.cvcert, dv.cvcert, any number of
 * cvca-link*.cvcert, and sector.cvkey (7F49 of its sector's key), the last two optional.
 */
struct sj_terminal;
/* SJ_TERMINAL_FILES: a file is missing or is not what it should be, or they do not belong together. */
SJ_API enum sj_rc sj_terminal_open(const char *directory, struct sj_terminal **out);
/* Wipes (NULL is fine). */
SJ_API void sj_terminal_close(struct sj_terminal *terminal);

struct sj_terminal_info {
	size_t size;
	char holder[17], issuer[17]; /* references: UTHOTEL00001 */
	bool inspection; /* an inspection system; else an authentication terminal */
	unsigned sector, service; /* 0: the certificate does not say */
	uint32_t operator_id;
	uint32_t rights; /* what the certificate gives, in the registry's bits */
	int64_t not_before, expires; /* begin of the first day; end of the last */
	bool pseudonyms; /* it has a sector key */
};
SJ_API bool sj_terminal_get_info(const struct sj_terminal *terminal, struct sj_terminal_info *out);

#define SJ_TERMINAL_KEY_MAX 1024u
#define SJ_TERMINAL_REQUEST_MAX 2048u
/*
 * Makes a terminal's key (PKCS#8, DER; wipe it) and the request that its authority signs. `holder`
 * is the reference that it will have: country, name, five more ("UTHOTEL00001"); the curve is
 * that of the document verifier ("P-256"). A terminal whose certificate still holds vouches for its
 * next one as `previous`; else NULL. The lengths: room, then size. SJ_USAGE: no such reference
 * or curve, or too little room.
 */
SJ_API enum sj_rc sj_terminal_request(const char *holder, const char *curve,
				      const struct sj_terminal *previous, uint8_t *key,
				      size_t *key_len, uint8_t *request, size_t *request_len);

/* --- asking ----------------------------------------------------------------------- */

/* The holder's PIN, six digits; for sj_service_verify() and PIN management. */
SJ_API enum sj_rc sj_access_pin(const char *text, size_t len, struct sj_access **out);
SJ_API enum sj_rc sj_access_puk(const char *text, size_t len, struct sj_access **out);

/* Whether the reader under this card takes the PIN on a keypad of its own (FEATURE_EXECUTE_PACE). */
SJ_API bool sj_card_takes_pin(struct sj_card *card, unsigned timeout_ms);

struct sj_answer;

struct sj_service_options {
	size_t size;
	unsigned timeout_ms; /* 0: 30 s */
	uint32_t only; /* rights to narrow the row to; 0: all of it */
	bool short_only; /* never uses extended length */
	bool reader_pin; /* the PIN is typed on the reader's pad; `access` is NULL */
	int64_t now; /* system time; 0: ask the system */
	/*
	 * For evidence: called when everything but the proof is known, before Active
	 * Authentication; makes the 8 bytes that the chip signs. NULL: random ones.
	 */
	bool (*challenge)(void *user, const struct sj_answer *so_far, uint8_t out[8]);
	void *user;
};
#define SJ_SERVICE_OPTIONS_INIT \
	{ \
		sizeof(struct sj_service_options), 0, 0, false, false, 0, NULL, NULL \
	}

/*
 * Asks the card. SJ_OK: an answer was made, whatever its verdict; nothing in it is more than
 * the row, the certificate, `only` and the card allow. Otherwise nothing is handed out. SJ_TERMINAL_REFUSED:
 * the card does not believe the terminal. SJ_PIN_NEEDED: the row wants the PIN, and `access` is none.
 * `terminal` NULL: only plain documents can be asked. Free with sj_answer_free().
 */
SJ_API enum sj_rc sj_service_verify(struct sj_card *card, struct sj_trust *trust,
				    const struct sj_terminal *terminal,
				    const struct sj_service *service,
				    const struct sj_access *access,
				    const struct sj_service_options *options,
				    struct sj_answer **out);
SJ_API void sj_answer_free(struct sj_answer *answer);

SJ_API enum sj_verdict sj_answer_verdict(const struct sj_answer *answer);
/* What decided; SJ_OK: genuine. */
SJ_API enum sj_rc sj_answer_reason(const struct sj_answer *answer);

enum sj_answer_check {
	SJ_ANSWER_ACCESS, /* PACE (or BAC) */
	SJ_ANSWER_TERMINAL, /* the card believes the terminal */
	SJ_ANSWER_SECURITY, /* EF.CardSecurity, or the document's security object, and its chain */
	SJ_ANSWER_CHIP, /* the chip is the original */
	SJ_ANSWER_EXPIRY,
	SJ_ANSWER_STATUS, /* not revoked, by a list that is fresh enough */
	SJ_ANSWER_CHECKS
};
/* "access", "terminal", ... */
SJ_API const char *sj_answer_check_name(enum sj_answer_check check);
/* sj_check.id is the number of the check. */
SJ_API bool sj_answer_get_check(const struct sj_answer *answer, enum sj_answer_check check,
				struct sj_check *out);

/* Who kept a right from being more than this. */
enum sj_limit { SJ_LIMIT_CARD, SJ_LIMIT_TERMINAL };

/* A datum. Names: surname, given-names, birth-date, ..., pseudonym, age-over-18; values as text. */
struct sj_datum {
	size_t size;
	const char *name,
		*value; /* belong to the answer; dates YYYY-MM-DD; pseudonym and status in hexadecimal */
	uint32_t right;
};
SJ_API bool sj_answer_datum(const struct sj_answer *answer, size_t i, struct sj_datum *out);
/* "image/jpeg" or "image/jp2"; false: none, or none for this service. */
SJ_API bool sj_answer_portrait(const struct sj_answer *answer, const uint8_t **bytes, size_t *len,
			       const char **mime);

/* The fingers as DG3 has them; false: none, or this is no inspection system that may have them. */
SJ_API bool sj_answer_fingerprint(const struct sj_answer *answer, const uint8_t **bytes,
				  size_t *len);

struct sj_answer_info {
	size_t size;
	bool eid; /* the eID application answered; else a plain document */
	enum sj_limit enforced_by; /* who kept the service to its row */
	uint32_t asked; /* rights: the row, less what `only` leaves out */
	uint32_t
		granted; /* of them: given by certificate and card (plain document: by the library) */
	/*
	 * Of those granted: the card has no such datum. An eID card compares one age an asking, the
	 * greatest: when the holder is younger, the ages below stand here, not answered (`only`
	 * asks for one of them).
	 */
	uint32_t absent;
	uint32_t status_epoch; /* of the list that was used; 0: none */
	int64_t time; /* that was believed */
};
SJ_API bool sj_answer_get_info(const struct sj_answer *answer, struct sj_answer_info *out);
SJ_API bool sj_answer_statistics(const struct sj_answer *answer, struct sj_statistics *out);

/* What shows afterwards that a card was there. Belongs to the answer. */
enum sj_proof_kind {
	SJ_PROOF_NONE,
	SJ_PROOF_SIGNED, /* Active Authentication: the chip signed `challenge` */
	SJ_PROOF_AGREED, /* Chip Authentication: the terminal could have made it itself */
};
struct sj_proof {
	size_t size;
	enum sj_proof_kind kind;
	const uint8_t *challenge,
		*answer; /* SIGNED: 8 bytes, signature; AGREED: PK_PCD, nonce || token */
	size_t challenge_len, answer_len;
	const uint8_t *key; /* the chip's, SubjectPublicKeyInfo */
	size_t key_len;
	const uint8_t *statement; /* what the issuer signed about it: EF.SOD or EF.CardSecurity */
	size_t statement_len;
	const uint8_t
		*groups; /* SIGNED: DG14 (empty if none) and DG15, whole, one after the other */
	size_t groups_len;
};
SJ_API bool sj_answer_proof(const struct sj_answer *answer, struct sj_proof *out);

/* --- PIN management ----------------------------------------------------------------- */

struct sj_pin_state {
	size_t size;
	bool active, blocked;
	bool suspended; /* one try left: the CAN first */
	unsigned tries; /* left; 0: blocked */
};
/* Asks an eID card for the state of the holder's PIN. */
SJ_API enum sj_rc sj_pin_state(struct sj_card *card, unsigned timeout_ms, struct sj_pin_state *out);
/* `can`: needed when suspended, else NULL. SJ_WRONG_PIN, SJ_PIN_SUSPENDED, SJ_PIN_BLOCKED. */
SJ_API enum sj_rc sj_pin_change(struct sj_card *card, const struct sj_access *pin,
				const struct sj_access *can, const char *new_pin,
				unsigned timeout_ms);
SJ_API enum sj_rc sj_pin_unblock(struct sj_card *card, const struct sj_access *puk,
				 unsigned timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
