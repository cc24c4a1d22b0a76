/*
 * evidence.h -- what shows afterwards that a service asked a card, what it was told, and what
 * the operator had to keep of it.
 *
 * Each verification leaves a record in a journal (sojourn/journal.h). Its body names service, terminal,
 * rights, verdict and lists, and nobody's data; what identifies the holder (the chip's key,
 * what was signed about it, its answer) and what the service has to keep are sealed to the operator's key
 * and erased when they are due. The bytes stand in middleware/journal/EVIDENCE.md.
 */
#ifndef SOJOURN_EVIDENCE_H
#define SOJOURN_EVIDENCE_H

#include <sojourn/journal.h>
#include <sojourn/service.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SJ_OPERATOR_KEY 32u /* bytes of the operator's private key, as of sj_gate_key_new() */
#define SJ_OPERATOR_PUBLIC 65u /* of the public half, as of sj_journal_public() */

#define SJ_OPERATOR_FILE_MAX 1024u
/*
 * The private key as a file (PKCS#8 in DER, which other programs read too) under a passphrase; NULL: without one.
 * *len gets its size.
 */
SJ_API enum sj_rc sj_operator_key_write(const uint8_t key[SJ_OPERATOR_KEY], const char *passphrase,
					size_t passphrase_len, uint8_t out[SJ_OPERATOR_FILE_MAX],
					size_t *len);
/* SJ_SECRET_NEEDED: it has a passphrase. SJ_KEY_STORE: another one. SJ_INPUT_MALFORMED: no such key. */
SJ_API enum sj_rc sj_operator_key_read(const uint8_t *file, size_t len, const char *passphrase,
				       size_t passphrase_len, uint8_t key[SJ_OPERATOR_KEY]);

enum sj_evidence_strength {
	SJ_OPERATOR_ATTESTED, /* the operator says so, by the terminal's or the journal's key */
	SJ_CARD_SIGNED, /* the chip signed a challenge that binds service, terminal, time and verdict */
};
/* "card-signed", "operator-attested"; never NULL. */
SJ_API const char *sj_evidence_strength_name(enum sj_evidence_strength strength);

/* --- making a record ----------------------------------------------------------------- */

/* The evidence of one verification while it is made. */
struct sj_evidence;

/*
 * Before sj_service_verify(). The row is copied; the terminal (NULL: none) stays until
 * sj_evidence_free(). SJ_USAGE: the row keeps data for no time.
 */
SJ_API enum sj_rc sj_evidence_begin(const struct sj_service *service,
				    const struct sj_terminal *terminal, struct sj_evidence **out);
/* For sj_service_options.challenge, with the evidence as `user`. */
SJ_API bool sj_evidence_challenge(void *evidence, const struct sj_answer *so_far, uint8_t out[8]);

struct sj_evidence_options {
	size_t size;
	/*
	 * SJ_OPERATOR_PUBLIC bytes; NULL: nothing that identifies the holder is kept, so no record will be
	 * card-signed, and a service that has to keep data is refused.
	 */
	const uint8_t *operator_key;
	/*
	 * How long the chip's own proof stays where the service has to keep nothing, seconds; 0: it is
	 * not kept. Otherwise it stays as long as the data, sj_service.retention.
	 */
	uint32_t proof_retention;
	enum sj_rc failure; /* without an answer: why there is none */
	int64_t now; /* system time; 0: ask the system. An answer's own time goes before it */
};
#define SJ_EVIDENCE_OPTIONS_INIT \
	{ \
		sizeof(struct sj_evidence_options), NULL, 0, SJ_OK, 0 \
	}
/*
 * Adds the record; `answer` NULL: there was none, and options->failure says why. SJ_KEY_STORE: the
 * service has to keep data and there is no operator's key. Otherwise as sj_journal_add(): after
 * a failure nothing was added and it may be tried again.
 */
SJ_API enum sj_rc sj_evidence_add(struct sj_evidence *evidence, struct sj_journal *journal,
				  const struct sj_answer *answer,
				  const struct sj_evidence_options *options, uint64_t *number);
/* NULL is fine. */
SJ_API void sj_evidence_free(struct sj_evidence *evidence);

/* --- reading records -------------------------------------------------------------------- */

struct sj_evidence_check {
	enum sj_check_state state;
	enum sj_rc reason;
};

/* A record without what is sealed. */
struct sj_evidence_info {
	size_t size;
	uint64_t number;
	enum sj_journal_kind kind; /* verification, or tap (only what a tap has is set then) */
	int64_t recorded; /* by the journal's clock */
	int64_t time; /* that was believed; when the challenge was made, if there was one */
	unsigned service, sector;
	char name[50]; /* of the service */
	char terminal[17]; /* reference of its certificate; "": there was none */
	uint8_t terminal_hash[32]; /* SHA-256 of the certificate */
	bool answered; /* there was an answer; else only `reason` counts */
	enum sj_verdict verdict;
	enum sj_verdict bound; /* the verdict in the challenge: before Active Authentication */
	enum sj_rc reason;
	bool eid;
	enum sj_limit enforced_by;
	uint32_t asked, granted, absent; /* rights. What was read: granted and not absent */
	uint32_t kept; /* rights whose data are in the sealed part */
	struct sj_evidence_check checks[SJ_ANSWER_CHECKS];
	uint32_t status_epoch; /* 0: none */
	enum sj_proof_kind proof;
	uint8_t challenge[8]; /* SJ_PROOF_SIGNED */
	uint8_t operator_id[8]; /* of the key that it is sealed to: first bytes of its SHA-256 */
	int64_t due; /* when the sealed part has to go; 0: there is none */
	bool sealed; /* it is there */
	bool erased; /* it was */
	enum sj_evidence_strength
		claimed; /* what the record says of itself; see sj_evidence_verify() */
};
/*
 * Reads a verification or a tap, as sj_journal_read() gave it. SJ_EVIDENCE_BROKEN: not a record
 * of ours. SJ_INPUT_REFUSED: another kind.
 */
SJ_API enum sj_rc sj_evidence_read(const struct sj_journal_record *record,
				   struct sj_evidence_info *out);

/* What was sealed. Free it with sj_kept_free(). */
struct sj_kept;
/*
 * Opens what is sealed in a verification with the operator's private key. SJ_INPUT_REFUSED: it was
 * erased, there never was anything, or it is sealed to another key.
 */
SJ_API enum sj_rc sj_kept_open(const struct sj_journal_record *record,
			       const uint8_t operator_key[SJ_OPERATOR_KEY], struct sj_kept **out);
SJ_API bool sj_kept_datum(const struct sj_kept *kept, size_t i, struct sj_datum *out);
SJ_API bool sj_kept_portrait(const struct sj_kept *kept, const uint8_t **bytes, size_t *len,
			     const char **mime);
/* Wipes (NULL is fine). */
SJ_API void sj_kept_free(struct sj_kept *kept);

/* --- files that prove themselves ---------------------------------------------------------- */

struct sj_export_options {
	size_t size;
	const uint8_t
		*operator_key; /* SJ_OPERATOR_KEY bytes: with the chip's proof; NULL: without */
	bool data; /* with the kept data, too; needs the key */
};
#define SJ_EXPORT_OPTIONS_INIT \
	{ \
		sizeof(struct sj_export_options), NULL, false \
	}
/*
 * Makes a file of the record `number`: its body, the chain to the next signed head, the journal's public
 * key, and what the options ask for. SJ_INPUT_REFUSED: no such record, neither
 * verification nor tap, no head vouches for it yet, or nothing to open with that key.
 * *why: a sentence (static). Free it with sj_export_free().
 */
SJ_API enum sj_rc sj_evidence_export(const struct sj_journal_store *store,
				     const uint8_t public_key[SJ_JOURNAL_PUBLIC], uint64_t number,
				     const struct sj_export_options *options, uint8_t **bytes,
				     size_t *len, const char **why);
/* Wipes (NULL is fine). */
SJ_API void sj_export_free(uint8_t *bytes, size_t len);

/* Whom the verifier believes. */
struct sj_evidence_trust {
	size_t size;
	struct sj_trust
		*trust; /* CSCA certificates, and the bundle's CVCA certificates; may be NULL */
	const uint8_t *cvca; /* one more CVCA certificate, on the caller's word; may be NULL */
	size_t cvca_len;
	const uint8_t *journal_key; /* SJ_JOURNAL_PUBLIC bytes, on the caller's word; may be NULL */
	int64_t now; /* system time; 0: ask the system */
};

enum sj_evidence_step {
	SJ_EVIDENCE_STEP_FORM, /* an export, whole, and every part is the one that the record commits to */
	SJ_EVIDENCE_STEP_CHAIN, /* the record stands in its journal's chain up to a head that it signed */
	SJ_EVIDENCE_STEP_TERMINAL, /* the terminal's certificate comes from a CVCA that is believed */
	SJ_EVIDENCE_STEP_SIGNATURE, /* the terminal's key signed record and journal */
	SJ_EVIDENCE_STEP_CARD, /* the chip signed, and its issuer is believed */
	SJ_EVIDENCE_STEPS
};
/* "form", "chain", "terminal", "signature", "card". */
SJ_API const char *sj_evidence_step_name(enum sj_evidence_step step);

struct sj_evidence_report;
/*
 * Proves a file offline. SJ_OK: it holds; the report says how strong it is. SJ_EVIDENCE_BROKEN: it
 * is not as it was exported. SJ_EVIDENCE_TERMINAL: nobody who is believed vouches for who
 * wrote it. SJ_EVIDENCE_CARD: it holds the answer of a chip, and that is none. A report is made in
 * all these cases, with no strength and no data but for SJ_OK.
 */
SJ_API enum sj_rc sj_evidence_verify(const uint8_t *bytes, size_t len,
				     const struct sj_evidence_trust *trust,
				     struct sj_evidence_report **out);
SJ_API void sj_evidence_report_free(struct sj_evidence_report *report);
/* What was proved. False: nothing was. */
SJ_API bool sj_evidence_report_strength(const struct sj_evidence_report *report,
					enum sj_evidence_strength *out);
/* The record; false: the file could not be read as far. */
SJ_API bool sj_evidence_report_info(const struct sj_evidence_report *report,
				    struct sj_evidence_info *out);
/* sj_check.id is the number of the step. */
SJ_API bool sj_evidence_report_step(const struct sj_evidence_report *report,
				    enum sj_evidence_step step, struct sj_check *out);
/* The i-th thing that it does not prove, a sentence; NULL: past the end. */
SJ_API const char *sj_evidence_report_limit(const struct sj_evidence_report *report, size_t i);
/* The kept data, if they are in the file and hold; belongs to the report. NULL: none. */
SJ_API const struct sj_kept *sj_evidence_report_kept(const struct sj_evidence_report *report);

#ifdef __cplusplus
}
#endif

#endif
