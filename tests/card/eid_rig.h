/*
 * eid_rig.h -- the eID application full of data that can be told apart, and a terminal that reads
 * it. Written from EID.md and TR-03110; groups are bytes here, not written by wire/eid.h.
 */
#ifndef TESTS_CARD_EID_RIG_H
#define TESTS_CARD_EID_RIG_H

#include "secure/gate.h"
#include "tests/card/eac_rig.h"

#define EID_AID "E80704007F00070302"
#define EID_SELECT "00A4040C09" EID_AID
#define EID_INSTALL "80E620000F000009" EID_AID "00000000"
#define EID_RI_SET "002241A40F800A04007F00070202050203840101"
#define EID_GROUPS 30u
#define EID_STATUS 30u
#define EID_BORN "19740812"
#define EID_EXPIRES "20301231"
#define EID_PORTRAIT_SIZE 700u
#define EID_ABSENT 16u /* the group that no card has */
#define EID_BIT(n) (UINT64_C(1) << (n))
#define EID_ALL_BITS (EID_BIT(38) - 1)
#define EID_ALL_EXTENSIONS (EID_BIT(32) - 1)
#define EID_AGE(i) ((uint64_t)SJ_RIGHT_AGE_FIRST << (i))

/* What stands in the group's file; empty: no such file. Sector: of the status alone. */
struct sj_span eid_content(unsigned group, uint8_t sector, uint8_t out[static 1024]);
/* A whole grouping 0001. */
uint16_t eid_group_dgi(struct bench *b, unsigned group, uint8_t sector, uint32_t offset,
		       struct sj_span bytes);
/*
 * INSTALL and every grouping; `ri`: the card's key of Restricted Identification, NULL: not wanted.
 */
void eid_personalise_all(struct bench *b, struct sj_ec_point *ri);

/* An operator's key pair for pseudonyms. */
struct eid_sector {
	struct sj_ec_secret secret;
	uint8_t bytes[512]; /* 7F49 */
	size_t len;
	uint8_t hash[32];
};
void eid_sector_make(struct eid_sector *s);

/* The terminal's certificate with these rights and extensions from now on, signed by the DV. */
struct eid_plan {
	uint64_t bits; /* of the CHAT, without the role */
	uint64_t extension; /* SJ_RIGHT_..., .3 */
	uint8_t sector;
	const struct eid_sector *sectors[2]; /* NULL: not named */
};
void eid_certify(struct eac_chain *chain, const struct eid_plan *plan);
/* A template 73 of 67: id-AuxiliaryData.arc. */
void eid_aux_put(struct sj_writer *w, uint8_t arc, const char *data);

/* READ BINARY with the short identifier; the data in b->data. */
uint16_t eid_read(struct bench *b, unsigned group);
/* VERIFY of id-AuxiliaryData.arc. */
uint16_t eid_ask(struct bench *b, uint8_t arc);
/* GENERAL AUTHENTICATE with this inside of 7C. */
uint16_t eid_authenticate(struct bench *b, struct sj_span content);
/* The key with the tag of a command, A0 or A2. */
struct sj_span eid_sector_object(const struct eid_sector *s, uint32_t tag, uint8_t out[static 512]);
/* MSE:Set AT and GENERAL AUTHENTICATE with one sector key; the identifier in `id`. */
uint16_t eid_identify(struct bench *b, const struct eid_sector *s, uint8_t id[static 32]);

/* --- for cases: a card that knows both kinds of terminals, and visits to it ----------------- */

struct eid_room {
	struct eac_chain at, is;
	struct eac_card card;
	struct eac_terminal t;
	struct eid_sector sector, other;
	uint8_t aux[256];
	struct sj_writer aux_w; /* templates of 67 for the next visit: eid_aux_put() */
};
int eid_room_setup(void **state);
int eid_room_teardown(void **state);
#define EID_CASE(name) cmocka_unit_test_setup_teardown(name, eid_room_setup, eid_room_teardown)

/* All rights, of sector 3. */
struct eid_plan eid_everything(void);
/* Power, then everything up to this step. */
struct bench *eid_come_to(struct eid_room *f, const struct eid_plan *plan, enum eac_step last);
/* All steps; the application is selected. */
struct bench *eid_come(struct eid_room *f, const struct eid_plan *plan);
/* The same by an inspection system. */
struct bench *eid_inspect(struct eid_room *f);

#endif
