/*
 * evidence.h -- the bytes of a verification's record, of what is sealed in it and of a file that
 * proves it: EVIDENCE.md.
 */
#ifndef SJ_JOURNAL_EVIDENCE_H
#define SJ_JOURNAL_EVIDENCE_H

#include <sojourn/evidence.h>

#include "journal/record.h"
#include "trust/finding.h"

#define SJ_EVIDENCE_SALT 16u
#define SJ_EVIDENCE_CHALLENGE 8u
#define SJ_EVIDENCE_ID 8u /* of an operator's key */

/* --- the statement ------------------------------------------------------------------- */

/* What is sealed, in two parts: a commitment each, a key each. */
enum sj_sealed_part { SJ_SEALED_PROOF, SJ_SEALED_DATA, SJ_SEALED_PARTS };

/* What a terminal states and signs. Spans point into what was read. */
struct sj_statement {
	struct sj_evidence_info info; /* without number, kind, recorded, sealed, erased, claimed */
	uint8_t salt[SJ_EVIDENCE_SALT]; /* of the challenge */
	uint8_t commitments[SJ_SEALED_PARTS][SJ_JOURNAL_HASH]; /* zeros: there is no such part */
	uint8_t journal[SJ_JOURNAL_HASH]; /* origin of the journal that it stands in */
	struct sj_span signed_bytes;
	struct sj_span signature; /* empty: there was no terminal */
	struct sj_span certificates; /* 7F21 after 7F21: the terminal's, its DV's, links */
};

/* Writes what is signed. */
void sj_statement_put(struct sj_writer *w, const struct sj_statement *s);
/* Reads the content of a record. False: malformed. */
SJ_MUST_CHECK bool sj_statement_take(struct sj_span content, struct sj_statement *out);
/* Writes the content: what is signed, signature, certificates. */
void sj_statement_content_put(struct sj_writer *w, struct sj_span signed_bytes,
			      struct sj_span signature, const struct sj_span *certificates,
			      size_t n);
/* What the terminal signs, in this many parts. */
#define SJ_STATEMENT_PARTS 2u
void sj_statement_parts(struct sj_span signed_bytes, struct sj_span out[static SJ_STATEMENT_PARTS]);
/* The challenge for service, terminal, time and verdict (`bound`) of the statement under its salt. */
SJ_MUST_CHECK bool sj_statement_challenge(const struct sj_statement *s,
					  uint8_t out[static SJ_EVIDENCE_CHALLENGE]);

/* --- what is sealed --------------------------------------------------------------------- */

struct sj_bytes {
	uint8_t *ptr; /* NULL: none */
	size_t len;
};
/* Wipes and frees. */
void sj_bytes_free(struct sj_bytes *b);

/* A part begins with a salt, so that its commitment says nothing when it is gone. */
SJ_MUST_CHECK bool sj_sealed_commit(enum sj_sealed_part part, struct sj_span plain,
				    uint8_t out[static SJ_JOURNAL_HASH]);
/* The proof with a new salt. Nothing: the answer has none. */
SJ_MUST_CHECK enum sj_rc sj_proof_put(const struct sj_proof *proof, struct sj_bytes *out);
/* Spans point into `plain`. */
SJ_MUST_CHECK bool sj_proof_take(struct sj_span plain, enum sj_proof_kind kind,
				 struct sj_proof *out);
/* The data of the answer that the service keeps, with a new salt; *kept: their rights. Nothing: none. */
SJ_MUST_CHECK enum sj_rc sj_data_put(const struct sj_answer *answer, uint32_t keep, uint32_t *kept,
				     struct sj_bytes *out);
/* Takes the next datum or the portrait (value.ptr NULL for the other); false: no more, or malformed. */
struct sj_data_item {
	uint32_t right;
	struct sj_span name; /* of a portrait: its type */
	struct sj_span value;
	bool portrait;
};
SJ_MUST_CHECK bool sj_data_take(struct sj_span *in, struct sj_data_item *out);

/* Parts that are not there are empty. */
SJ_MUST_CHECK enum sj_rc sj_seal(const uint8_t operator_key[static SJ_OPERATOR_PUBLIC],
				 const struct sj_bytes parts[static SJ_SEALED_PARTS],
				 uint8_t key[static SJ_JOURNAL_KEY], struct sj_bytes *out);
/* SJ_INPUT_REFUSED: another key. SJ_EVIDENCE_BROKEN: malformed. Free each of the parts. */
SJ_MUST_CHECK enum sj_rc sj_unseal(const uint8_t operator_key[static SJ_OPERATOR_KEY],
				   const uint8_t key[static SJ_JOURNAL_KEY], struct sj_span sealed,
				   struct sj_bytes parts[static SJ_SEALED_PARTS]);
/* First bytes of the SHA-256 of a public key. */
SJ_MUST_CHECK bool sj_operator_id(const uint8_t operator_key[static SJ_OPERATOR_PUBLIC],
				  uint8_t out[static SJ_EVIDENCE_ID]);
/*
 * Opens what is sealed in a record and holds it against the commitments; *s is its statement.
 * SJ_INPUT_REFUSED: gone, never there, or of another key.
 */
SJ_MUST_CHECK enum sj_rc sj_evidence_open(const struct sj_journal_record *record,
					  const uint8_t operator_key[static SJ_OPERATOR_KEY],
					  struct sj_statement *s,
					  struct sj_bytes parts[static SJ_SEALED_PARTS]);
/* Takes the bytes of the data over, whatever it returns. SJ_EVIDENCE_BROKEN: malformed. */
SJ_MUST_CHECK enum sj_rc sj_kept_of(struct sj_bytes *plain, struct sj_kept **out);

/*
 * What a terminal was opened with, 7F21: 0 its own, 1 its DV's, then links. They belong to it. False:
 * past the end. In eid/terminal.c, which knows what a terminal is.
 */
SJ_MUST_CHECK bool sj_terminal_certificate(const struct sj_terminal *terminal, size_t i,
					   const uint8_t **bytes, size_t *len);
/* Signs with the terminal's key (ECDSA, r || s, at most 132 bytes). *len: room, then size. */
SJ_MUST_CHECK enum sj_rc sj_terminal_sign(const struct sj_terminal *terminal,
					  const uint8_t *message, size_t message_len,
					  uint8_t *signature, size_t *len);

/* --- making ------------------------------------------------------------------------------- */

/* What an answer says, for the statement and for sealing. */
struct sj_facts {
	struct sj_statement statement;
	struct sj_bytes parts[SJ_SEALED_PARTS];
};
/* Fills in what the answer knows; `keep`: rights whose data are kept; without `sealing` no parts. */
SJ_MUST_CHECK enum sj_rc sj_facts_collect(const struct sj_answer *answer, uint32_t keep,
					  bool sealing, struct sj_facts *facts);
/* From here on no answer is needed: seals, signs, and adds the record. */
struct sj_signer_of_evidence {
	enum sj_rc (*sign)(void *user, struct sj_span message, struct sj_writer *signature);
	void *user; /* NULL function: nobody signs */
	struct sj_span certificates[8];
	size_t n;
};
SJ_MUST_CHECK enum sj_rc sj_facts_add(struct sj_facts *facts, struct sj_journal *journal,
				      const struct sj_signer_of_evidence *signer,
				      const uint8_t *operator_key, uint64_t *number);

/* --- files --------------------------------------------------------------------------------- */

#define SJ_EXPORT_MAX (8u << 20) /* bytes of an export */

/* A file taken apart; spans point into it. */
struct sj_export {
	uint64_t number;
	struct sj_span body;
	struct sj_span
		following; /* bodies up to that of the head, each with its length before it */
	struct sj_journal_head head;
	struct sj_span public_key; /* the journal's */
	struct sj_span parts[SJ_SEALED_PARTS]; /* empty: not in the file */
	struct sj_span tap; /* personal data of a tap, opened; empty: none */
};
SJ_MUST_CHECK bool sj_export_take(struct sj_span in, struct sj_export *out);
void sj_export_put(struct sj_writer *w, const struct sj_export *e);
/* Takes the next body. */
SJ_MUST_CHECK bool sj_export_body(struct sj_span *following, struct sj_span *body);

/* --- proving ---------------------------------------------------------------------------------- */

/* Is the terminal's certificate believed at that time, and did its key sign? */
enum sj_rc sj_evidence_check_terminal(const struct sj_statement *s,
				      const struct sj_evidence_trust *trust,
				      struct sj_check *certificate, struct sj_check *signature);
/* Did the chip sign? SJ_OK: see the check's state. */
enum sj_rc sj_evidence_check_card(const struct sj_statement *s, struct sj_span proof,
				  const struct sj_evidence_trust *trust, struct sj_check *check);

#endif
