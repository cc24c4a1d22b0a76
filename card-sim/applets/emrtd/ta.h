/*
 * ta.h -- Terminal Authentication and Chip Authentication 2 on the card: anchors, the certificate
 * that was verified last, and the state of both protocols. STATES.md has the tables.
 *
 * Sources: BSI TR-03110-1 v2.20, 3.5; TR-03110-2 v2.21, 3.3, 3.4; -3, 2.5, A.4, A.7, B.2, B.3, B.14.
 */
#ifndef CARD_APPLETS_EMRTD_TA_H
#define CARD_APPLETS_EMRTD_TA_H

#include "host/applet.h"
#include "host/eac.h"
#include "secure/cvc.h"
#include "secure/ta.h"

#define EMRTD_ANCHORS 2u /* of a kind of terminals */
#define EMRTD_CVCA_SIZE 36u /* EF.CVCA (TR-03110-3, A.7.2.4) */
#define EMRTD_SECTORS 8u /* 0: terminals that name none */
#define EMRTD_AUX_ELEMENT (CARD_AUX_MAX + 3u) /* whole 67 */

/* A certificate that is believed, with what it inherited. */
struct emrtd_ta_link {
	uint8_t certificate[SJ_CVC_MAX];
	size_t len;
	enum sj_curve curve;
	struct sj_cvc_rights effective;
};

struct emrtd_ta {
	uint32_t session; /* card_sm_number(): in another one all of this is nothing */
	uint8_t channel;
	struct emrtd_ta_link signer; /* of the certificate to come; len 0: not set */
	struct emrtd_ta_link held; /* verified last; len 0: none */
	bool set; /* `held` is the terminal that will sign */
	uint8_t ephemeral[SJ_EC_FIELD_MAX]; /* if set: Comp(PK_PCD) */
	size_t ephemeral_len;
	uint8_t aux[EMRTD_AUX_ELEMENT]; /* if set: whole 67; empty: none */
	size_t aux_len;
	bool challenged; /* `challenge` was given, and not used */
	uint8_t challenge[SJ_TA_CHALLENGE];
};

enum emrtd_ca2_state { CA2_IDLE, CA2_SET };

struct emrtd_ca2 {
	enum emrtd_ca2_state state;
	uint8_t channel;
	uint32_t session;
	enum sj_cipher cipher;
	uint32_t key; /* object */
};

/* 9000: it may begin now. */
uint16_t emrtd_ta_may_begin(const struct card_call *call);

/* --- anchors --------------------------------------------------------------- */

/*
 * The holders of the card's anchors of this kind, the newest first; one that has expired is
 * named only if it is the newest. How many; the spans are valid until the store changes.
 */
size_t emrtd_anchor_names(struct card *card, enum sj_cvc_terminal kind,
			  struct sj_span names[static EMRTD_ANCHORS]);
/* The anchor of that kind with this holder. False: none. */
SJ_MUST_CHECK bool emrtd_anchor_find(struct card *card, enum sj_cvc_terminal kind,
				     struct sj_span holder, struct emrtd_ta_link *out);
/* Stores what an anchor has certified, in place of the older of two; nothing if its name is known. */
SJ_MUST_CHECK bool emrtd_anchor_add(struct card *card, const struct sj_cvc *cvca);
/* DGI 0017: a whole CVCA certificate. The status word. */
uint16_t emrtd_anchor_personalise(struct card_call *call, struct sj_span data);
/* EF.CVCA: the names of the inspection systems' anchors; false: there are none. */
SJ_MUST_CHECK bool emrtd_anchor_file(struct card *card, uint8_t out[static EMRTD_CVCA_SIZE]);

/* --- Chip Authentication 2 -------------------------------------------------- */

/* The key of this sector, or of sector 0 where it has none; its object and key id. */
SJ_MUST_CHECK bool emrtd_ca2_find(struct card *card, uint8_t sector, uint32_t *object,
				  uint8_t *key_id);
/* DGI 0016. The status word. */
uint16_t emrtd_ca2_personalise(struct card_call *call, struct sj_span data);

/* --- handlers ---------------------------------------------------------------- */

uint16_t emrtd_ta_set_dst(struct card_call *call); /* MSE:Set DST 81B6 */
uint16_t emrtd_ta_verify(struct card_call *call); /* PSO: VERIFY CERTIFICATE 00BE */
uint16_t emrtd_ta_set_at(struct card_call *call); /* MSE:Set AT 81A4 */
uint16_t emrtd_ta_challenge(struct card_call *call); /* GET CHALLENGE in secure messaging */
uint16_t emrtd_ta_finish(struct card_call *call); /* EXTERNAL AUTHENTICATE there */
uint16_t emrtd_ca2_set_at(struct card_call *call); /* MSE:Set AT 41A4 at the MF */
uint16_t emrtd_ca2_agree(struct card_call *call); /* GENERAL AUTHENTICATE at the MF after it */

#endif
