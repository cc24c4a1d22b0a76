/*
 * state.h -- what the identity applet's parts share: files, access, keys, and
 * the volatile state. The MF and the LDS1 application have one state each.
 */
#ifndef CARD_APPLETS_EMRTD_STATE_H
#define CARD_APPLETS_EMRTD_STATE_H

#include "applets/emrtd/ta.h"
#include "host/applet.h"
#include "host/eac.h"
#include "secure/bac.h"
#include "secure/ca.h"
#include "secure/pace.h"
#include "wire/tlv.h"

/* --- objects in the store ------------------------------------------------ */

#define EMRTD_OBJECT_ACCESS (CARD_OBJECT_EMRTD + 1u) /* value of DGI 0001 */
#define EMRTD_OBJECT_AA_EC (CARD_OBJECT_EMRTD + 2u) /* key object, use: enum sj_hash */
#define EMRTD_OBJECT_AA_RSA (CARD_OBJECT_EMRTD + 3u) /* hash (1) || PKCS#8 */
#define EMRTD_OBJECT_IMPORT (CARD_OBJECT_EMRTD + 4u) /* the same, unfinished */
#define EMRTD_OBJECT_PIN (CARD_OBJECT_EMRTD + 0x10u) /* struct emrtd_pin; absent: as issued */
#define EMRTD_OBJECT_PUK (CARD_OBJECT_EMRTD + 0x11u) /* uses left (1); absent: all */
#define EMRTD_OBJECT_CA (CARD_OBJECT_EMRTD + 0x100u) /* + key id; use: ciphers, a bit each */
#define EMRTD_OBJECT_CAM (CARD_OBJECT_EMRTD + 0x200u) /* + curve; use: 0 */
#define EMRTD_OBJECT_CA2 (CARD_OBJECT_EMRTD + 0x400u) /* + 80 * sector + key id; use: ciphers */
#define EMRTD_OBJECT_ANCHOR (CARD_OBJECT_EMRTD + 0x300u) /* + 2 * kind + slot (anchors.c) */
#define EMRTD_OBJECT_FILES_MF (CARD_OBJECT_EMRTD + 0x10000u) /* + FID: the bytes */
#define EMRTD_OBJECT_FILES_LDS (CARD_OBJECT_EMRTD + 0x20000u)
#define EMRTD_OBJECT_END (CARD_OBJECT_EMRTD + 0x1000000u)

#define EMRTD_CA_KEY_ID_MAX 0x7Fu
#define EMRTD_CA_KEYS_MAX 4u

/* --- files --------------------------------------------------------------- */

enum emrtd_df { EMRTD_MF, EMRTD_LDS };

/* Who may read. */
enum emrtd_rule {
	EMRTD_READ_ALWAYS,
	EMRTD_READ_PACE, /* after PACE */
	EMRTD_READ_ACCESS, /* after BAC or PACE */
	EMRTD_READ_DG3, /* after Terminal Authentication, by the terminal's right to DG3, DG4 */
	EMRTD_READ_DG4,
};

/* + sector: where EF.CardSecurity of an eID card is stored, under the MF. */
#define EMRTD_FID_CARD_SECURITIES 0x1D00u

struct emrtd_file {
	enum emrtd_df df;
	uint16_t fid;
	uint8_t sfi;
	enum emrtd_rule rule;
	const char *name;
};

/* NULL: no such file in the file system, on no card. */
const struct emrtd_file *emrtd_file_by_fid(enum emrtd_df df, uint16_t fid);
const struct emrtd_file *emrtd_file_by_sfi(enum emrtd_df df, uint8_t sfi);
uint32_t emrtd_file_object(const struct emrtd_file *f);
bool emrtd_file_exists(const struct card_store *store, const struct emrtd_file *f);

/* --- access configuration (PERSO.md, 0001) ------------------------------- */

enum emrtd_protocol { EMRTD_BAC = 1, EMRTD_PACE = 2 };

#define EMRTD_SUITES_MAX 8u

/* Spans point into the bytes it was read from. */
struct emrtd_access {
	unsigned protocols; /* enum emrtd_protocol bits */
	struct sj_span can; /* digits; empty: none */
	struct sj_span mrz; /* MRZ information; empty: none */
	struct sj_span pin, puk; /* digits, the PIN as issued; empty: none */
	struct sj_pace_suite suites[EMRTD_SUITES_MAX];
	size_t suite_count;
};

SJ_MUST_CHECK bool emrtd_access_parse(struct sj_span in, struct emrtd_access *out);
/* The card's; false: none. Valid until the store changes. */
SJ_MUST_CHECK bool emrtd_access_load(struct card *card, struct emrtd_access *out);

/* --- PIN and PUK (pin.c, STATES.md) ---------------------------------------- */

#define EMRTD_PIN_SIZE 6u
#define EMRTD_PUK_SIZE 10u
#define EMRTD_PIN_TRIES 3u
#define EMRTD_PUK_USES 10u

/* The holder's PIN. Wipe it. */
struct emrtd_pin {
	uint8_t tries; /* left; 1: suspended, 0: blocked */
	bool active;
	uint8_t digits[EMRTD_PIN_SIZE];
};

/* False: the card has none. */
SJ_MUST_CHECK bool emrtd_pin_load(struct card *card, struct emrtd_pin *out);
/* 9000, or the warning of MSE:Set AT: 63Cx, 6283. */
uint16_t emrtd_password_warning(struct card *card, enum sj_pace_password kind);
/* 9000, or why PACE cannot go on with it; `resumed`: in a session that the CAN opened. */
uint16_t emrtd_password_usable(struct card *card, enum sj_pace_password kind, bool resumed);
/* Before the comparison: a try, or a failure that costs time, is stored. False: 6581. */
SJ_MUST_CHECK bool emrtd_password_try(struct card *card, enum sj_pace_password kind);
/* After it. False: 6581. */
SJ_MUST_CHECK bool emrtd_password_right(struct card *card, enum sj_pace_password kind);
/* What a wrong one is answered with: 6300, or 63Cx of the PIN. */
uint16_t emrtd_password_wrong(struct card *card, enum sj_pace_password kind);

/* --- keys ---------------------------------------------------------------- */

/* A static EC key. Wipe it. */
struct emrtd_key {
	enum sj_curve curve;
	uint8_t use; /* by the kind of object */
	struct sj_ec_secret secret;
};

/* False: no such key. */
SJ_MUST_CHECK bool emrtd_key_load(struct card *card, uint32_t object, struct emrtd_key *out);
/* Makes a key, stores it, and answers its SubjectPublicKeyInfo. */
uint16_t emrtd_key_generate(struct card_call *call, uint32_t object, enum sj_curve curve,
			    uint8_t use);
/* How many Chip Authentication keys there are; *id gets the least key id. */
size_t emrtd_ca_key_count(struct card *card, uint8_t *id);

/* --- volatile state ------------------------------------------------------ */

enum emrtd_pace_state { PACE_IDLE, PACE_SET, PACE_NONCE, PACE_MAPPED, PACE_AGREED };
enum emrtd_bac_state { BAC_IDLE, BAC_CHALLENGED };
enum emrtd_ca_state { CA_IDLE, CA_SET };

struct emrtd_pace {
	enum emrtd_pace_state state;
	uint8_t channel;
	bool secured; /* inside the session that the CAN opened */
	enum sj_pace_password password;
	struct sj_pace_suite suite;
	bool chat; /* the terminal sent one: what the holder allows */
	struct sj_cvc_rights allowed;
	uint8_t nonce[SJ_PACE_NONCE_MAX]; /* from NONCE to MAPPED */
	struct sj_pace_secret sk_map; /* from MAPPED on, for CAM */
	struct sj_pace_public generator; /* mapped; from MAPPED to AGREED */
	struct sj_pace_public pk_ic, pk_ifd; /* from AGREED on */
	struct sj_sm_keys keys;
};

struct emrtd_bac {
	enum emrtd_bac_state state;
	uint8_t channel;
	uint8_t rnd_ic[SJ_BAC_NONCE];
};

struct emrtd_ca {
	enum emrtd_ca_state state;
	uint8_t channel;
	uint8_t key_id;
	enum sj_cipher cipher;
};

struct emrtd_state {
	enum emrtd_df df; /* 0 is the MF: what a zeroed state says */
	uint16_t current[CARD_CHANNELS]; /* FID of the current EF; 0: none */
	struct emrtd_pace pace; /* MF */
	struct emrtd_bac bac; /* LDS1 */
	struct emrtd_ca ca; /* LDS1 */
	struct emrtd_ta ta; /* both, each its version */
	struct emrtd_ca2 ca2; /* MF */
	uint8_t made[EMRTD_CVCA_SIZE]; /* content of a file that is not stored: EF.CVCA */
};

/*
 * After BAC or PACE, and inside their secure messaging; on an eID card, for an inspection system
 * whose rights are in force.
 */
bool emrtd_is_open(const struct card_call *call);
/* Another command came between the steps of a protocol (STATES.md). */
void emrtd_interrupt(struct emrtd_state *st);

/*
 * The dynamic authentication data of GENERAL AUTHENTICATE: 7C with one object,
 * or empty (*tag 0). False: anything else.
 */
SJ_MUST_CHECK bool emrtd_dynamic_data(struct sj_span in, uint32_t *tag, struct sj_span *value);

/* MSE of Chip Authentication: one object `tag`, and perhaps 84, in any order. */
SJ_MUST_CHECK bool emrtd_ca_parse_mse(struct sj_span in, uint32_t tag, struct sj_span *value,
				      struct sj_span *id);

/* --- handlers ------------------------------------------------------------ */

uint16_t emrtd_select_fid(struct card_call *call); /* P1 = 00 */
uint16_t emrtd_select_ef(struct card_call *call); /* P1 = 02, 08, 09 */
uint16_t emrtd_read_binary(struct card_call *call); /* B0 */
uint16_t emrtd_read_binary_odd(struct card_call *call); /* B1 */
uint16_t emrtd_pace_set(struct card_call *call); /* MSE:Set AT C1A4 */
uint16_t emrtd_pace_step(struct card_call *call); /* GENERAL AUTHENTICATE at the MF */
uint16_t emrtd_pin_change(struct card_call *call); /* RESET RETRY COUNTER 0203 */
uint16_t emrtd_pin_unblock(struct card_call *call); /* RESET RETRY COUNTER 0303 */
uint16_t emrtd_pin_deactivate(struct card_call *call); /* DEACTIVATE 1003 */
uint16_t emrtd_pin_activate(struct card_call *call); /* ACTIVATE 1003 */
uint16_t emrtd_get_challenge(struct card_call *call);
uint16_t emrtd_external_authenticate(struct card_call *call);
uint16_t emrtd_ca_set_kat(struct card_call *call); /* MSE:Set KAT 41A6 */
uint16_t emrtd_ca_set_at(struct card_call *call); /* MSE:Set AT 41A4 */
uint16_t emrtd_ca_agree(struct card_call *call); /* GENERAL AUTHENTICATE in LDS1 */
uint16_t emrtd_internal_authenticate(struct card_call *call);
uint16_t emrtd_personalise(struct card_call *call, uint16_t dgi, struct sj_span data);
uint16_t emrtd_lock(struct card_call *call);

#endif
