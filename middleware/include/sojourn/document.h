/*
 * document.h -- verify an identity document and get its holder's data.
 *
 * Sources: ICAO Doc 9303-10, -11, -12 (8th ed.).
 */
#ifndef SOJOURN_DOCUMENT_H
#define SOJOURN_DOCUMENT_H

#include <sojourn/reader.h>
#include <sojourn/trust.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is printed on the card and opens it; make it with one of the readers below. */
struct sj_access;

/* Six digits, white space around them ignored. SJ_SECRET_MALFORMED otherwise. */
SJ_API enum sj_rc sj_access_can(const char *text, size_t len, struct sj_access **out);
/*
 * The machine readable zone, two or three lines (TD1, TD2, TD3), or the 24
 * and more characters of its number, birth and expiry with check digits.
 */
SJ_API enum sj_rc sj_access_mrz(const char *text, size_t len, struct sj_access **out);
/* Wipes and frees (NULL is fine). */
SJ_API void sj_access_free(struct sj_access *access);

enum sj_check_id {
	SJ_CHECK_ACCESS, /* BAC or PACE */
	SJ_CHECK_SOD, /* the security object is there and is signed by its signer */
	SJ_CHECK_CHAIN, /* the signer is certified by a CSCA of the trust store */
	SJ_CHECK_SIGNER_TIME, /* the signer could sign then, its certificates hold now */
	SJ_CHECK_REVOCATION, /* the signer is not on its CSCA's CRL */
	SJ_CHECK_GROUPS, /* every data group hash, over the raw bytes */
	SJ_CHECK_PRESENCE, /* nothing that was signed is withheld or left out of EF.COM */
	SJ_CHECK_ACCESS_FILE, /* EF.CardAccess agrees with what is signed */
	SJ_CHECK_ACTIVE, /* Active Authentication */
	SJ_CHECK_CHIP, /* Chip Authentication or chip-authentication mapping */
	SJ_CHECK_EXPIRY, /* the document is in time */
	SJ_CHECK_STATUS, /* the document is not revoked in its issuer's status list */
	SJ_CHECK_COUNT
};

enum sj_check_state {
	SJ_CHECK_NOT_DONE, /* not needed, or the checks before it made it pointless */
	SJ_CHECK_PASSED,
	SJ_CHECK_FAILED,
	SJ_CHECK_NOT_POSSIBLE, /* what it needs is not there */
};

struct sj_check {
	size_t size;
	enum sj_check_id id;
	enum sj_check_state state;
	enum sj_rc reason; /* SJ_OK when passed */
	char detail[160]; /* a sentence; names files and algorithms, no personal data */
};

enum sj_verdict {
	SJ_VERDICT_NONE, /* could not be read: see the function's rc */
	SJ_VERDICT_GENUINE, /* authentic, unaltered, not copied, in time, issuer trusted */
	SJ_VERDICT_COPY_NOT_EXCLUDED, /* all of that but the copy */
	SJ_VERDICT_UNDECIDED, /* unknown issuer, or a check was not possible */
	SJ_VERDICT_EXPIRED, /* genuine, but expired, revoked or denied */
	SJ_VERDICT_NOT_GENUINE,
};

enum sj_access_choice { SJ_ACCESS_BEST, SJ_ACCESS_PACE_ONLY, SJ_ACCESS_BAC_ONLY };

struct sj_verify_options {
	size_t size;
	unsigned timeout_ms; /* whole verification; 0: 30 s */
	bool without_portrait; /* leaves DG2 unread: its hash is then `not possible` */
	bool short_only; /* never uses extended length */
	enum sj_access_choice access;
	int64_t now; /* system time, seconds since 1970 UTC; 0: ask the system */
};
#define SJ_VERIFY_OPTIONS_INIT \
	{ \
		sizeof(struct sj_verify_options), 0, false, false, SJ_ACCESS_BEST, 0 \
	}

struct sj_report;

/*
 * Opens the document with `access`, reads and judges it. SJ_OK: a report was
 * made, whatever its verdict. Otherwise the card could not be read to the end
 * (SJ_WRONG_CAN, SJ_CARD_LOST, ...) and *out is unchanged: nothing unverified is
 * handed out. `trust` may be NULL: nobody is believed then. An eID card is undecided
 * (SJ_TERMINAL_NEEDED): sj_service_verify() asks those. Free with sj_report_free(). The rules stand in middleware/document/VERDICT.md.
 */
SJ_API enum sj_rc sj_document_verify(struct sj_card *card, struct sj_trust *trust,
				     const struct sj_access *access,
				     const struct sj_verify_options *options,
				     struct sj_report **out);
/*
 * Judges files that were read before, as sj_document_verify() does: names are
 * "EF.COM", "EF.SOD", "EF.CardAccess", "DG1".."DG16". For archives and test
 * specimens; copy protection is then `not possible`.
 */
struct sj_file {
	const char *name;
	const uint8_t *bytes;
	size_t len;
};
SJ_API enum sj_rc sj_document_verify_files(const struct sj_file *files, size_t n,
					   struct sj_trust *trust,
					   const struct sj_verify_options *options,
					   struct sj_report **out);
SJ_API void sj_report_free(struct sj_report *report);

SJ_API enum sj_verdict sj_report_verdict(const struct sj_report *report);
/* The reason that decided the verdict; SJ_OK for GENUINE. Its exit code is sj_exit_code(). */
SJ_API enum sj_rc sj_report_reason(const struct sj_report *report);
SJ_API bool sj_report_check(const struct sj_report *report, enum sj_check_id id,
			    struct sj_check *out);
/* "genuine", "copy-not-excluded", ...; never NULL. */
SJ_API const char *sj_verdict_name(enum sj_verdict verdict);
/* "access", "sod", "chain", ...; never NULL. */
SJ_API const char *sj_check_name(enum sj_check_id id);
/* "passed", "failed", "not possible", "not done". */
SJ_API const char *sj_check_state_name(enum sj_check_state state);

/* State of one data group's hash (1..16) and why; for `--json` and evidence. */
SJ_API bool sj_report_group(const struct sj_report *report, unsigned dg, struct sj_check *out);

/*
 * The holder's data. Fields are empty where the document has none. Texts are
 * those of DG1 and, where present, DG11 and DG12; dates are YYYYMMDD or, from
 * the MRZ, YYMMDD completed to YYYYMMDD ("" if the MRZ has none).
 */
struct sj_holder {
	size_t size;
	char document_code[4];
	char issuing_state[4];
	char document_number[64];
	char surname[64]; /* from the MRZ */
	char given_names[64];
	char nationality[4];
	char birth_date[9];
	char sex[2]; /* "F", "M", "X" (MRZ: <) */
	char expiry_date[9];
	char optional_data[64];
	char full_name[160]; /* DG11: in the national writing */
	char personal_number[64]; /* DG11 */
	char place_of_birth[160]; /* DG11 */
	char address[256]; /* DG11 */
	char telephone[64]; /* DG11 */
	char issuing_authority[160]; /* DG12 */
	char issue_date[9]; /* DG12 */
};
SJ_API bool sj_report_holder(const struct sj_report *report, struct sj_holder *out);

/*
 * What somebody typed from a printed machine readable zone (TD1, TD2, TD3), where a chip is dead: it
 * proves nothing. SJ_SECRET_MALFORMED: *problem says what is wrong, "size", "character" or the field whose check
 * digit does not hold ("number", "birth", "expiry", "optional", "composite"); *out is filled for
 * check digits, so that it can be shown, else empty. `now` completes two-digit years; 0: ask the system.
 */
SJ_API enum sj_rc sj_mrz_holder(const char *text, size_t len, int64_t now, struct sj_holder *out,
				const char **problem);

/* The portrait's raw bytes; belongs to the report. *mime: "image/jpeg" or "image/jp2". */
SJ_API bool sj_report_portrait(const struct sj_report *report, const uint8_t **bytes, size_t *len,
			       const char **mime);
/*
 * A file as read and its size; name as above. Belongs to the report. Data
 * groups only if they are authentic, none of a document that is not genuine.
 */
SJ_API bool sj_report_file(const struct sj_report *report, const char *name, const uint8_t **bytes,
			   size_t *len);

/* How it went: for people who look at the clock. */
struct sj_statistics {
	size_t size;
	char access[64]; /* "PACE ECDH-GM brainpoolP256r1 AES-128, CAN" */
	char signer[128]; /* subject of the document signer */
	char country[4]; /* of the CSCA that was found */
	unsigned apdus; /* command-response pairs on the wire */
	unsigned bytes_sent, bytes_received;
	unsigned wall_ms, card_ms; /* in all, and waiting for the card */
	bool extended_length;
	bool clock_behind; /* SJ_CLOCK_BEHIND is worth a warning */
	int64_t time_used; /* the time that was believed */
};
SJ_API bool sj_report_statistics(const struct sj_report *report, struct sj_statistics *out);

#ifdef __cplusplus
}
#endif

#endif
