/*
 * ask.h -- the steps of an asking on a card with the eID application.
 *
 * Source: BSI TR-03110-2 v2.21, 3.3 to 3.6; TR-03110-3, B. Each returns SJ_OK when the conversation
 * goes on, whatever a check found; else it is over and nothing is handed out.
 */
#ifndef SJ_EID_ASK_H
#define SJ_EID_ASK_H

#include "eid/eid.h"
#include "secure/ta.h"

/* The General Authentication Procedure, then the data (eid.c). EF.CardAccess is read. */
SJ_MUST_CHECK enum sj_rc sj_eid_ask(struct sj_ask *ask);

/* PACE with the secret, and what is asked for. */
SJ_MUST_CHECK enum sj_rc sj_eid_access(struct sj_ask *ask);
/* Terminal Authentication 2, with what is to be compared. SJ_TERMINAL_REFUSED. */
SJ_MUST_CHECK enum sj_rc sj_eid_terminal(struct sj_ask *ask);
/* Its parts, for Terminal Authentication 1 as well: the chain from one of these CVCA keys, */
SJ_MUST_CHECK enum sj_rc sj_eid_chain(struct sj_ask *ask, const struct sj_span *cars, size_t n);
/* the card's challenge, */
SJ_MUST_CHECK enum sj_rc sj_eid_challenge(struct sj_ask *ask, uint8_t out[static SJ_TA_CHALLENGE]);
/* and the signature. */
SJ_MUST_CHECK enum sj_rc sj_eid_sign(struct sj_ask *ask, const struct sj_ta_signed *s);
/* EF.CardSecurity: read, and held against the trust store. */
SJ_MUST_CHECK enum sj_rc sj_eid_security(struct sj_ask *ask);
/* Chip Authentication 2 with its key; new secure messaging runs afterwards if the check passed. */
SJ_MUST_CHECK enum sj_rc sj_eid_chip(struct sj_ask *ask);
/* The SecurityInfos of EF.CardSecurity whose signature and chain hold. */
SJ_MUST_CHECK bool sj_eid_infos(const struct sj_ask *ask, struct sj_span *items);

/* Expiry, by what the card compares. */
SJ_MUST_CHECK enum sj_rc sj_eid_expiry(struct sj_ask *ask);
/* The place in the status list, looked up. */
SJ_MUST_CHECK enum sj_rc sj_eid_status(struct sj_ask *ask);
/* The pseudonym, if it is asked for; one that is revoked fails the status. */
SJ_MUST_CHECK enum sj_rc sj_eid_pseudonym(struct sj_ask *ask);
/* Whether the holder is as old as was asked. */
SJ_MUST_CHECK enum sj_rc sj_eid_ages(struct sj_ask *ask);
/* DG3 of the LDS application, for an inspection system (inspect.c). */
SJ_MUST_CHECK enum sj_rc sj_eid_fingerprint(struct sj_ask *ask);
/* The data groups of what was granted. */
SJ_MUST_CHECK enum sj_rc sj_eid_groups(struct sj_ask *ask);

/* Content of 67 to compare with: dates of today and of the age asked for; sets ask->age. */
void sj_eid_auxiliary(struct sj_ask *ask, struct sj_writer *w);
/* What one group or file has to say. *sw: SJ_SW_OK: `file` has it; else the card's refusal. */
SJ_MUST_CHECK enum sj_rc sj_eid_read_group(struct sj_ask *ask, unsigned group,
					   struct sj_document_file *file);
/* Object 84 with the number of a key in as few bytes as it needs. */
void sj_eid_put_key_id(struct sj_writer *w, uint32_t key_id);
/* One command; its status word to *sw. */
SJ_MUST_CHECK enum sj_rc sj_eid_send(struct sj_ask *ask, const struct sj_apdu *a, uint16_t *sw);
/*
 * GENERAL AUTHENTICATE with one object in the dynamic authentication data; *data: what came.
 * `r` keeps it.
 */
SJ_MUST_CHECK enum sj_rc sj_eid_authenticate(struct sj_ask *ask, uint32_t tag, struct sj_span value,
					     struct sj_response *r, struct sj_span *data);

#endif
