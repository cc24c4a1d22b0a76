/*
 * eac.h -- what Extended Access Control leaves on a card: who the terminal is and what it may.
 *
 * Source: BSI TR-03110-2 v2.21, 3.3 and 3.4; TR-03110-3, 2.7. Written by the MF's and the LDS
 * application's protocols, read by the applications. Gone when secure messaging ends.
 */
#ifndef CARD_HOST_EAC_H
#define CARD_HOST_EAC_H

#include "crypt/ec.h"
#include "secure/cvc_rights.h"
#include "secure/cvc_service.h"

#define CARD_AUX_MAX 128u /* bytes of auxiliary data, the content of 67 */
#define CARD_SECTOR_HASHES 2u

struct card_terminal {
	/* From PACE. */
	uint8_t password; /* enum sj_pace_password; 0: no PACE */
	bool chat; /* a CHAT was sent: `allowed` is what the holder allows */
	struct sj_cvc_rights allowed;
	uint8_t id_icc[SJ_EC_FIELD_MAX]; /* Comp(ephemeral key), for Terminal Authentication 2 */
	size_t id_icc_len;
	/* From Terminal Authentication. */
	bool authenticated;
	int64_t from, until; /* its certificate's first and last day */
	struct sj_cvc_rights certified; /* of the certificates alone */
	struct sj_cvc_rights rights; /* effective; in force after Chip Authentication */
	struct sj_cvc_service service; /* sector 0: not told */
	uint8_t sector_hash[CARD_SECTOR_HASHES][SJ_HASH_MAX];
	size_t sector_hash_len[CARD_SECTOR_HASHES]; /* 0: not told */
	/* Comp(PK_PCD): Chip Authentication 2 must use it; version 1, or PACE's mapping, did. */
	uint8_t ephemeral[SJ_EC_FIELD_MAX];
	size_t ephemeral_len;
	uint8_t aux[CARD_AUX_MAX];
	size_t aux_len;
	/* From Chip Authentication. */
	bool in_force; /* version 2 after TA 2, or TA 1 after CA 1 */
};

struct card;
/*
 * The terminal of the running session; zeroed by the host when secure messaging ends. What a
 * handler wrote that answers with an error is undone.
 */
struct card_terminal *card_terminal(struct card *card);
/* It is of this kind, its rights are in force, and the present command is protected. */
bool card_terminal_is(struct card *card, bool secured, enum sj_cvc_terminal kind);

/*
 * Sessions of secure messaging since power-up, new keys counted: what a protocol learnt in one it
 * forgets in the next.
 */
uint32_t card_sm_number(const struct card *card);

/* The card's own date, seconds since 1970 UTC; 0: never set. Only grows. */
int64_t card_date(struct card *card);
/*
 * A date that somebody trustworthy has named: the card's becomes it if it is later, by at most
 * CARD_DATE_STEP days at once. False: the store failed.
 */
#define CARD_DATE_STEP 400
SJ_MUST_CHECK bool card_date_grow(struct card *card, int64_t when);

/* What kind of card it is (EID.md, DGI 0018), with its first date. */
enum card_eac { CARD_EAC_TA1 = 1, CARD_EAC_EID = 2 };
SJ_MUST_CHECK bool card_eac_set(struct card *card, unsigned flags, int64_t date);
/* Flags and date as on a card that was never told. False: the store failed. */
SJ_MUST_CHECK bool card_eac_forget(struct card *card);
/* Terminal Authentication version 1 gives DG3 and DG4. */
bool card_has_ta1(struct card *card);
/* An eID card (EID.md): PACE alone opens no LDS file. */
bool card_is_eid(struct card *card);

#endif
