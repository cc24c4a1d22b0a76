/*
 * eac_rig.h -- cards with trust anchors, and a terminal's half of Extended Access Control, step by
 * step so that a test can go wrong at any of them. Written from BSI TR-03110-2 and -3 with the verbs
 * of secure/ only.
 */
#ifndef TESTS_CARD_EAC_RIG_H
#define TESTS_CARD_EAC_RIG_H

#include "crypt/sign.h"
#include "host/eac.h"
#include "secure/cvc.h"
#include "secure/ta.h"
#include "tests/card/pace_reader.h"

#define EAC_DAY 86400
#define EAC_2026 INT64_C(1767225600) /* 1 January */
#define EAC_SECTORS 8u
#define EAC_PIN "271828"
#define EAC_PUK "3141592653"

/* --- certificates -------------------------------------------------------------- */

/* A holder of a certificate. Change `plan`, then sign. */
struct eac_holder {
	struct sj_key *key;
	struct sj_ec_point point;
	struct sj_cvc plan; /* all rights, all of 2026 */
	uint8_t bytes[SJ_CVC_MAX];
	size_t len;
	uint8_t extensions[256];
};

static inline struct sj_span eac_made(const struct eac_holder *h)
{
	return sj_span(h->bytes, h->len);
}

/* `key`: a name of sj_key_generate(). */
void eac_enter(struct eac_holder *h, const char *key, const char *name, enum sj_cvc_terminal kind,
	       enum sj_cvc_role role);
void eac_sign(struct eac_holder *h, const struct eac_holder *by);
/* Its certificate names this service from now on (sign again). */
void eac_serve(struct eac_holder *h, uint8_t sector, uint8_t service, uint32_t operator_id);
void eac_forget(struct eac_holder *h);

/* A CVCA, a domestic DV under it, and a terminal under that; of one kind, signed. */
struct eac_chain {
	struct eac_holder cvca, dv, terminal;
};
void eac_chain(struct eac_chain *c, const char *key, enum sj_cvc_terminal kind);
void eac_chain_forget(struct eac_chain *c);

/* --- cards ----------------------------------------------------------------------- */

struct eac_card {
	struct bench *b;
	struct sj_ec_point keys[EAC_SECTORS]; /* Chip Authentication 2; brainpoolP256r1, AES-128 */
	struct sj_ec_point ri; /* an eID card's key of Restricted Identification, brainpoolP256r1 */
};

/* How a card is made. */
struct eac_plan {
	unsigned flags; /* enum card_eac; 0: none, and no date */
	int64_t date;
	const char *access; /* DGI 0001 in hexadecimal; NULL: EAC_ACCESS */
	struct sj_span anchors[4]; /* CVCA certificates; empty: no more */
	bool keys; /* a Chip Authentication 2 key and EF.CardSecurity, of every sector */
	bool ca1; /* a key of version 1: id 1, 3DES and AES-128, on brainpoolP256r1 */
	bool unlocked; /* leave it blank */
};
/* MRZ, CAN, PIN, PUK; PACE with generic mapping, AES-128 on brainpoolP256r1. */
#define EAC_ACCESS_ON(curve) \
	"800102" ACCESS_MRZ ACCESS_CAN "8406323731383238850A33313431353932363533830300" \
	"01" curve
#define EAC_ACCESS EAC_ACCESS_ON("0D")
static inline const char *eac_access(enum sj_curve curve)
{
	return curve == SJ_P256 ? EAC_ACCESS_ON("0C") : EAC_ACCESS;
}
/* EF.CardSecurity of that sector is 40 bytes of it. */
#define EAC_CARD_SECURITY(sector) ((uint8_t)(0xC0 + (sector)))

/* A blank card, personalised but for the lock. The answered CA 1 key is in keys[0] if no others are. */
void eac_personalise(struct eac_card *c, struct bench *b, const struct eac_plan *plan);
/* The same in a new card, with everything of the eID application, issued and switched on. */
void eac_issue(struct eac_card *c, const struct eac_plan *plan);
/* An eID card that believes the chain's CVCA, of January 2026. */
void eac_issue_eid(struct eac_card *c, const struct eac_chain *chain);

/* --- a terminal -------------------------------------------------------------------- */

/* What a run of the protocols needs; eac_terminal() fills it in. */
struct eac_terminal {
	struct eac_card *card;
	const struct eac_chain *chain;
	struct sj_cvc_rights chat; /* what the holder allows */
	enum sj_pace_password kind;
	const char *password;
	uint8_t sector; /* whose Chip Authentication key */
	struct sj_span aux; /* whole 67; empty: none */
	struct sj_ec_secret sk; /* for Chip Authentication, on brainpoolP256r1 */
	struct sj_ec_point pk;
	uint8_t id_icc[SJ_EC_FIELD_MAX];
	size_t id_icc_len;
	uint8_t challenge[SJ_TA_CHALLENGE];
	struct sj_span cars[2]; /* 87, 88 of PACE; in `names` */
	uint8_t names[2][SJ_CVC_REFERENCE_MAX];
};
/* All that the chain's terminal has, with the PIN; an inspection system's with the CAN. */
void eac_terminal(struct eac_terminal *t, struct eac_card *card, const struct eac_chain *chain);

/* The steps; each gives the status word of the last command. */
uint16_t eac_pace(struct eac_terminal *t);
uint16_t eac_dst(struct eac_terminal *t, struct sj_span name);
uint16_t eac_pso(struct eac_terminal *t, struct sj_span certificate);
/* MSE:Set DST to its issuer, then the certificate. */
uint16_t eac_verify(struct eac_terminal *t, const struct eac_holder *h);
uint16_t eac_verify_chain(struct eac_terminal *t); /* DV and terminal */
uint16_t eac_ta_set(struct eac_terminal *t); /* version 2 */
uint16_t eac_challenge(struct eac_terminal *t);
uint16_t eac_external(struct eac_terminal *t);
uint16_t eac_ca_set(struct eac_terminal *t);
/* With this key of the terminal; goes over to the new session. */
uint16_t eac_ca_agree(struct eac_terminal *t, const struct sj_ec_secret *sk,
		      const struct sj_ec_point *pk);

/* PACE to here, in this order. */
enum eac_step { EAC_PACE = 1, EAC_CHAIN, EAC_SET, EAC_CHALLENGE, EAC_TA, EAC_CA_SET, EAC_CA };
uint16_t eac_until(struct eac_terminal *t, enum eac_step last);
/* One of them. */
uint16_t eac_step(struct eac_terminal *t, enum eac_step step);

/* --- version 1, in LDS1 ------------------------------------------------------------ */

/* Chip Authentication 1 with AES-128 and the terminal's key, against this key of the card. */
uint16_t eac_ca1(struct eac_terminal *t, const struct sj_ec_point *card_key);
uint16_t eac_ta1_set(struct eac_terminal *t);

#endif
