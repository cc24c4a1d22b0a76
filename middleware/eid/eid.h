/*
 * eid.h -- one question of a service from inside: who asks, what was found, what is answered.
 *
 * ask.c begins and begins again; access.c is PACE, ta.c Terminal Authentication, security.c
 * EF.CardSecurity, chip.c Chip Authentication 2, status.c what may speak against the card, groups.c the
 * data, inspect.c an inspection system's way, plain.c a plain identity document, answer.c and
 * judge.c the answer. SERVICE.md says how a verdict comes about.
 */
#ifndef SJ_EID_EID_H
#define SJ_EID_EID_H

#include "document/document.h"
#include "eid/terminal.h"
#include "secure/gate.h"
#include "wire/eid.h"

#define SJ_ANSWER_DATA_MAX 64u
#define SJ_ANSWER_RECORDS 24u /* entry records that are handed out, of those on the card */

struct sj_answer_datum {
	const char *name; /* static */
	char *value; /* the answer's */
	uint32_t right;
};

/* Bytes of the answer's own. */
struct sj_answer_bytes {
	uint8_t *bytes;
	size_t len;
};

struct sj_answer {
	enum sj_verdict verdict;
	enum sj_rc reason;
	struct sj_check checks[SJ_ANSWER_CHECKS];
	struct sj_answer_info info;
	struct sj_statistics statistics;
	struct sj_answer_datum data[SJ_ANSWER_DATA_MAX];
	size_t count;
	struct sj_answer_bytes portrait, fingerprint;
	const char *mime;
	enum sj_proof_kind proof;
	struct sj_answer_bytes challenge, response, key, statement, groups;
};

/* --- answer.c: filling it in (plain.c, too) -------------------------------------------- */

struct sj_answer *sj_answer_new(void);
/* Forgets everything that was found, for another attempt. */
void sj_answer_reset(struct sj_answer *answer);
/*
 * Adds a datum with this static name; what info.granted has not is passed over, and so
 * is an empty text. What is no UTF-8 or does not show becomes '?' (sj_text_put()).
 */
SJ_MUST_CHECK enum sj_rc sj_answer_add(struct sj_answer *answer, uint32_t right, const char *name,
				       struct sj_span text);
/* The same with a date: YYYYMMDD (unknown parts blank, 00 or 99) as YYYY-MM-DD, YYYY-MM or YYYY. */
SJ_MUST_CHECK enum sj_rc sj_answer_add_date(struct sj_answer *answer, uint32_t right,
					    const char *name, struct sj_span date);
/* In hexadecimal. */
SJ_MUST_CHECK enum sj_rc sj_answer_add_bytes(struct sj_answer *answer, uint32_t right,
					     const char *name, struct sj_span bytes);
/* A raw image: its type is found out; what is neither JPEG nor JPEG 2000 is passed over. */
SJ_MUST_CHECK enum sj_rc sj_answer_set_portrait(struct sj_answer *answer, struct sj_span image);
/* Copies into one of the answer's buffers, replacing what was there. */
SJ_MUST_CHECK enum sj_rc sj_answer_keep(struct sj_answer_bytes *to, struct sj_span bytes);
/* Rights that turned out not to be given: nothing of them stays, nor is granted. */
void sj_answer_withdraw(struct sj_answer *answer, uint32_t rights);
/* What was granted and is not among what was found becomes info.absent. */
void sj_answer_find_absent(struct sj_answer *answer);
/* "yes" or "no" to age-over-N for this bit. */
SJ_MUST_CHECK enum sj_rc sj_answer_add_age(struct sj_answer *answer, uint32_t right, bool over);

/* --- judge.c ------------------------------------------------------------------------------ */

/* SERVICE.md: from the checks to one verdict and its reason. */
void sj_answer_judge(struct sj_answer *answer);
/* Whether data may be handed out with this verdict. */
bool sj_answer_may_tell(const struct sj_answer *answer);

/* --- one asking ---------------------------------------------------------------------------- */

struct sj_ask {
	struct sj_card *card;
	struct sj_session *session;
	struct sj_context *context;
	struct sj_trust *trust; /* may be NULL */
	const struct sj_terminal *terminal; /* NULL: only plain documents */
	const struct sj_service *service;
	const struct sj_access *access; /* NULL: typed on the reader */
	struct sj_service_options options;
	int64_t now; /* the time that is believed */
	/* Files of the card, and reading them; its report is the asking's own. */
	struct sj_document doc;
	struct sj_answer *answer;
	bool eid; /* it has the eID application */

	struct sj_pace_result pace;
	struct sj_signed security; /* EF.CardSecurity's */
	struct sj_cvc_rights asked; /* of the card, in PACE */
	struct sj_ec_secret secret; /* ephemeral, for Terminal and Chip Authentication */
	enum sj_curve curve; /* of both */
	struct sj_ec_point ephemeral;
	unsigned age; /* years that auxiliary data ask for; 0: none */
	bool in_force; /* Chip Authentication 2 is done */
};

/* --- plain.c: a plain identity document ----------------------------------------------------- */

/*
 * What was read so far is EF.CardAccess; nothing else was sent. Fills ask->answer, verdict too.
 * ask->answer->info.asked is set. The stretch of the session has ended.
 */
SJ_MUST_CHECK enum sj_rc sj_plain_ask(struct sj_ask *ask);
/*
 * Terminal Authentication 1 (inspect.c), as doc->guard of a document whose `user` is the asking:
 * opens DG3 if the card believes the terminal, and leaves all as it is if not.
 */
SJ_MUST_CHECK enum sj_rc sj_inspect_plain(struct sj_document *doc);

#endif
