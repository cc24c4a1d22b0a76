/* state.h -- what the eID application's parts share: objects, rights, the volatile state. */
#ifndef CARD_APPLETS_EID_STATE_H
#define CARD_APPLETS_EID_STATE_H

#include "host/applet.h"
#include "host/eac.h"
#include "wire/eid.h"

/* --- objects in the store ---------------------------------------------------- */

#define EID_OBJECT_COMPARED (CARD_OBJECT_EID + 1u) /* value of DGI 0003 */
#define EID_OBJECT_RI (CARD_OBJECT_EID + 0x100u) /* + key id: curve (1) || scalar */
#define EID_OBJECT_GROUP (CARD_OBJECT_EID + 0x10000u) /* + 100 * sector + n: the bytes */
#define EID_OBJECT_END (CARD_OBJECT_EID + 0x1000000u)

#define EID_RI_KEY_ID_MAX 0x7Fu
#define EID_DATE 8u /* digits */

/* Sector 0, but for SJ_EID_STATUS. */
uint32_t eid_group_object(unsigned group, uint8_t sector);
/* The group's bytes, as they stand in the store: behind the group there may be room. */
SJ_MUST_CHECK bool eid_group(const struct card_store *store, unsigned group, uint8_t sector,
			     struct sj_span *out);
/* The group alone. False: what stands there is none. */
SJ_MUST_CHECK bool eid_group_read(struct sj_span stored, unsigned group, struct sj_eid_value *out);

/* --- rights (rights.c) ----------------------------------------------------------- */

/* The terminal whose rights are in force for this command: of either kind; NULL: none. */
const struct card_terminal *eid_terminal(const struct card_call *call);
/* The same, of an authentication terminal with this bit. */
const struct card_terminal *eid_terminal_with(const struct card_call *call, unsigned bit);
bool eid_may_read(const struct card_terminal *t, unsigned group);
bool eid_may_update(const struct card_terminal *t, unsigned group);
/* The i-th age threshold (secure/gate.h) may be asked for. */
bool eid_may_ask_age(const struct card_terminal *t, size_t i);

/*
 * What the content of 67 says for this OID; of several templates with it the last. False: nothing,
 * or malformed.
 */
SJ_MUST_CHECK bool eid_auxiliary(struct sj_span in, struct sj_span oid, struct sj_span *value);

/* --- volatile state -------------------------------------------------------------- */

/* STATES.md. */
struct eid_ri {
	bool set; /* MSE:Set AT came, and nothing since */
	uint8_t channel;
	uint8_t key_id;
};

struct eid_state {
	uint16_t current[CARD_CHANNELS]; /* FID of the current EF */
	struct eid_ri ri;
};

/* Another command came between the two of Restricted Identification. */
void eid_interrupt(struct card_call *call);

/* --- handlers ---------------------------------------------------------------------- */

uint16_t eid_select_fid(struct card_call *call); /* P1 = 00 */
uint16_t eid_select_ef(struct card_call *call); /* P1 = 02 */
uint16_t eid_read_binary(struct card_call *call); /* B0 */
uint16_t eid_read_binary_odd(struct card_call *call); /* B1 */
uint16_t eid_get_data(struct card_call *call); /* CB */
uint16_t eid_update_binary(struct card_call *call); /* D6 */
uint16_t eid_verify(struct card_call *call); /* 80 20 80 00 */
uint16_t eid_ri_set(struct card_call *call); /* MSE:Set AT 41A4 */
uint16_t eid_ri_identify(struct card_call *call); /* GENERAL AUTHENTICATE */
uint16_t eid_personalise(struct card_call *call, uint16_t dgi, struct sj_span data);
uint16_t eid_lock(struct card_call *call);
/* Makes a key, stores it, and answers its SubjectPublicKeyInfo. */
uint16_t eid_ri_generate(struct card_call *call, enum sj_curve curve, uint8_t key_id);
/* How many keys of Restricted Identification there are; *id gets the least key id. */
size_t eid_ri_count(const struct card_store *store, uint8_t *id);

#endif
