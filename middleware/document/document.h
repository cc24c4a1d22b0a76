/*
 * document.h -- one verification from inside: what was read, what was found.
 *
 * access.c opens the card, read.c gets files, authentic.c, signer.c, access_file.c,
 * expiry.c, state.c, status.c, ca.c, aa.c and cam.c fill in the checks, verdict.c
 * makes one verdict of them.
 */
#ifndef SJ_DOCUMENT_DOCUMENT_H
#define SJ_DOCUMENT_DOCUMENT_H

#include <sojourn/document.h>

#include "crypt/random.h"
#include "reader/pace.h"
#include "secure/aa.h"
#include "trust/finding.h"
#include "trust/signed.h"
#include "wire/lds.h"
#include "wire/mrz.h"
#include "wire/secinfo.h"

/* No file of an identity document is larger; more is SJ_FILE_TOO_LARGE. */
#define SJ_DOCUMENT_FILE_MAX (512u * 1024u)
#define SJ_FILE_COUNT ((size_t)SJ_EF_ATR_INFO + 1) /* by enum sj_lds_file */

/* PIN and PUK of an eID card. */
enum sj_secret_kind { SJ_SECRET_CAN, SJ_SECRET_MRZ, SJ_SECRET_PIN, SJ_SECRET_PUK };

struct sj_access {
	enum sj_secret_kind kind;
	uint8_t secret[SJ_MRZ_INFORMATION_MAX]; /* digits, or the MRZ information */
	size_t len;
};

/* How PACE calls it, and people: "CAN". */
enum sj_pace_password sj_access_password(const struct sj_access *access);
const char *sj_access_name(const struct sj_access *access);

enum sj_file_state {
	SJ_FILE_UNREAD,
	SJ_FILE_READ,
	SJ_FILE_REFUSED, /* the card answered `sw` instead of all of it */
	SJ_FILE_LEFT_OUT, /* not asked for */
};

struct sj_document_file {
	enum sj_file_state state;
	uint16_t sw;
	uint8_t *bytes;
	size_t len;
};

struct sj_report {
	struct sj_document_file files[SJ_FILE_COUNT];
	struct sj_check checks[SJ_CHECK_COUNT];
	struct sj_check groups[SJ_DG_COUNT + 1];
	enum sj_verdict verdict;
	enum sj_rc reason;
	struct sj_statistics statistics;
	/* What Active Authentication passed with; no signature: it did not. */
	uint8_t challenge[SJ_AA_CHALLENGE];
	uint8_t signature[SJ_AA_SIGNATURE_MAX];
	size_t signature_len;
	uint32_t status_epoch; /* of the status list that was asked; 0: none */
};

enum sj_short_ids { SJ_SHORT_IDS_UNKNOWN, SJ_SHORT_IDS_WORK, SJ_SHORT_IDS_REFUSED };

#define SJ_GROUPS_ALL 0x1FFFEu /* bit n: DGn */

struct sj_document {
	struct sj_session *session; /* NULL: files that were read before */
	struct sj_context *context;
	struct sj_trust *trust; /* may be NULL */
	const struct sj_access *access;
	struct sj_verify_options options;
	struct sj_random random;
	struct sj_report *report;
	uint32_t wanted; /* groups to read; DG1 always is */
	uint32_t stale; /* seconds: the most that a status list may be old; 0: as it says itself */
	/*
	 * Makes the challenge of Active Authentication, the last step, when all else is
	 * judged as if the chip passed it. NULL: random.
	 */
	enum sj_rc (*challenge)(struct sj_document *doc, uint8_t out[static SJ_AA_CHALLENGE]);
	void *user; /* of challenge() */

	enum sj_short_ids short_ids;
	size_t piece; /* most bytes to ask for in one READ BINARY; 0: the session's */
	bool again; /* begun for the second time: what fails now is told or judged */

	struct sj_pace_result pace;
	bool bac_done;

	struct sj_signed sod; /* EF.SOD's */
	struct sj_signed security; /* EF.CardSecurity's */
	struct sj_security_object object;
	bool unread; /* one of them was not taken apart: nothing can be said */
	bool sod_holds; /* its signature holds, `object` is filled */
	bool chain_holds;

	/*
	 * After Chip Authentication, before the groups: may open guarded ones (Terminal
	 * Authentication), which are read then if they are wanted. NULL: nobody does.
	 */
	enum sj_rc (*guard)(struct sj_document *doc);
	uint32_t opened; /* guarded groups that may be read */
	enum sj_curve chip_curve; /* of Chip Authentication, and our key in it */
	struct sj_ec_point chip_ephemeral;

	bool chip_key; /* DG14 has a Chip Authentication key */
	bool chip_started; /* new keys run */
	bool chip_proved; /* and the chip has answered under them */

	struct sj_mrz mrz;
	bool mrz_read; /* DG1 is authentic and was parsed */
	int64_t now; /* the time that is believed */
	unsigned mark; /* of the beginning: sj_memory_lacked() */
};

/* --- verify.c ------------------------------------------------------------- */

/* Fills in the options, and what follows from them. */
void sj_document_options(struct sj_document *doc, const struct sj_verify_options *options);
/*
 * Reads and judges as sj_document_verify() does; session, trust, access, random and options
 * were set, and the session has its deadline. Release it, whatever this returned.
 */
SJ_MUST_CHECK enum sj_rc sj_document_run(struct sj_card *card, struct sj_document *doc);
/* Wipes and frees all that was read and found. */
void sj_document_release(struct sj_document *doc);

/* --- report.c: checks ----------------------------------------------------- */

struct sj_report *sj_report_new(void);
void sj_check_from(struct sj_check *check, enum sj_check_state state, const struct sj_finding *f);
/* The bytes of a file that was read; an empty span otherwise. */
struct sj_span sj_report_bytes(const struct sj_report *report, enum sj_lds_file file);
/* Wipes and forgets a file. */
void sj_document_file_clear(struct sj_document_file *file);
/* Forgets everything that was read and found, for another attempt. */
void sj_document_reset(struct sj_document *doc);

/* --- read.c ---------------------------------------------------------------- */

/*
 * Reads a whole file of the MF or the application, whichever is current. SJ_OK:
 * it was read, or the card refused (see its state). Else the conversation is over.
 */
SJ_MUST_CHECK enum sj_rc sj_document_read(struct sj_document *doc, enum sj_lds_file file);
/* The same of any file with these identifiers and this tag, into *file, which is replaced. */
SJ_MUST_CHECK enum sj_rc sj_document_read_entry(struct sj_document *doc,
						const struct sj_lds_entry *entry,
						struct sj_document_file *file);

/* --- access.c, bac.c ------------------------------------------------------ */

/* EF.CardAccess, if the card has one; nothing else of it was touched before. */
SJ_MUST_CHECK enum sj_rc sj_document_find_access(struct sj_document *doc);
/* It offers Terminal Authentication 2: a card with the eID application. */
bool sj_document_offers_eid(const struct sj_report *report);
/* What lengths the card takes. */
SJ_MUST_CHECK enum sj_rc sj_document_find_lengths(struct sj_document *doc);
/* Opens the document and selects its application. */
SJ_MUST_CHECK enum sj_rc sj_document_open(struct sj_document *doc);
/* BAC with the MRZ; the application is selected. */
SJ_MUST_CHECK enum sj_rc sj_bac_run(struct sj_document *doc);

/* --- the checks --------------------------------------------------------------- */

/* EF.SOD: signature, chain, times, revocation. */
void sj_check_security_object(struct sj_document *doc);
/* Chain, times, revocation and the time that is believed. */
void sj_check_signer(struct sj_document *doc);
/* What a finding about a signer makes of its check. */
enum sj_check_state sj_signer_state(const struct sj_finding *f);
/* When it was signed, as it says itself; 0: not stated. */
int64_t sj_signed_at(const struct sj_signed *signature);
/* The clock rule: a date that was verified pushes doc->now forward, and is remembered. */
void sj_document_learn_time(struct sj_document *doc, const struct sj_signed *signature,
			    const struct sj_cert *issuer);
/* Every data group's hash. */
void sj_check_groups(struct sj_document *doc);
/* EF.COM and the card against what the security object lists. */
void sj_check_presence(struct sj_document *doc);
/* EF.CardAccess against DG14 and EF.CardSecurity. */
void sj_check_access_file(struct sj_document *doc);
/* DG1's date, and its MRZ against the one that opened the chip. */
void sj_check_expiry(struct sj_document *doc);
/* The state in DG1 against the country of the CSCA; needs sj_check_expiry(). */
void sj_check_state(struct sj_document *doc);
/* The document in its issuer's status list; needs the groups and all of the above. */
void sj_check_status(struct sj_document *doc);
/* Opens the status list of this issuer ("" if unknown); NULL: *check says why there is none. */
struct sj_status *sj_document_status_open(const struct sj_trust *trust, const char *issuer,
					  struct sj_check *check);
/*
 * Chip Authentication with DG14's key; new secure messaging runs afterwards.
 * SJ_OK, whatever it found, or the conversation is over.
 */
SJ_MUST_CHECK enum sj_rc sj_check_chip(struct sj_document *doc);
/* There is a key for Active Authentication and a chip to ask; else the check may say why not. */
bool sj_active_possible(struct sj_document *doc);
/* Active Authentication with DG15's key, which is possible; as above. */
SJ_MUST_CHECK enum sj_rc sj_check_active(struct sj_document *doc,
					 const uint8_t challenge[static SJ_AA_CHALLENGE]);
/* What the chip-authentication mapping of PACE proves; needs EF.CardSecurity. */
void sj_check_mapping(struct sj_document *doc);
/*
 * EF.CardSecurity is signed by somebody we trust; *infos gets its SecurityInfos,
 * there until the next call.
 */
bool sj_card_security_holds(struct sj_document *doc, struct sj_span *infos, struct sj_finding *f);
/* With neither key, or files only: says that a copy cannot be excluded. */
void sj_check_copy(struct sj_document *doc);

/* --- verify.c ------------------------------------------------------------------ */

/*
 * After this failure, is it worth beginning again once, with what was learnt? Says why. The
 * session is then to be restarted: with a reset, unless another program had reset the card.
 */
bool sj_document_may_restart(struct sj_document *doc, enum sj_rc rc);
/* The statistics since `before` and `start` (sj_clock_ms()). */
void sj_document_count(struct sj_document *doc, const struct sj_session_counts *before,
		       int64_t start);

/* --- verdict.c, holder.c ------------------------------------------------------- */

/* VERDICT.md: from the checks to one verdict and its reason. */
void sj_document_judge(struct sj_report *report);
/* The hash of DGn held and nothing speaks against handing it out. */
bool sj_report_authentic(const struct sj_report *report, unsigned dg);
/*
 * The i-th person to notify (DG16) as "name, telephone", cut to what fits, if it is authentic.
 */
bool sj_report_person(const struct sj_report *report, size_t i, char *out, size_t cap);
/*
 * The same text in UTF-8 in which every byte belongs to a character that shows: '?' for what does
 * not, or steers a terminal or the direction of the text. Not longer than it was.
 */
void sj_text_put(struct sj_writer *w, struct sj_span text);
/* YYMMDD of an MRZ to YYYYMMDD ("" if it is not a date); `birth`: not after now. */
void sj_date_complete(const char *yymmdd, bool birth, int64_t now, char out[static 9]);
/* The day of `when` (UTC) as YYYYMMDD. */
void sj_date_of(int64_t when, char out[static 9]);

#endif
