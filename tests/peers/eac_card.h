/*
 * eac_card.h -- libeac (OpenPACE) as an eID card, in tests only: PACE, Terminal Authentication 2,
 * Chip Authentication 2, Restricted Identification, secure messaging. Files are the test's.
 */
#ifndef TESTS_PEERS_EAC_CARD_H
#define TESTS_PEERS_EAC_CARD_H

#include "crypt/ec.h"

#define PEER_EID_GROUPS 31u
#define PEER_EID_RESPONSE 4096u

/* How it is made; all spans are the caller's and stay. AES-128 on brainpoolP256r1. */
struct peer_eid_plan {
	const char *can;
	struct sj_span cvca; /* whole certificate; its holder is named in PACE */
	struct sj_span card_access, atr_info, card_security;
	struct sj_span groups[PEER_EID_GROUPS];
	bool of_age; /* what auxiliary data are answered with */
};

struct peer_eid;
/* NULL: libeac would not. */
struct peer_eid *peer_eid_new(const struct peer_eid_plan *plan);
void peer_eid_free(struct peer_eid *card);
/* Its public keys: of Chip Authentication, and of Restricted Identification. */
struct sj_ec_point peer_eid_chip_key(const struct peer_eid *card);
struct sj_ec_point peer_eid_ri_key(const struct peer_eid *card);
/* As the plan, for what is known only later. */
void peer_eid_set_security(struct peer_eid *card, struct sj_span card_security);
/* The rest of PACE and all of the others begin again. */
void peer_eid_power(struct peer_eid *card);
size_t peer_eid_transmit(struct peer_eid *card, struct sj_span command, uint8_t *response);
/* libeac dropped a zero somewhere (peer_eac_is_short()), and nothing is shown. */
bool peer_eid_is_short(const struct peer_eid *card);
/* Which step it got to: 1 PACE, 2 Terminal, 3 Chip Authentication, 4 an identifier. */
unsigned peer_eid_reached(const struct peer_eid *card);

#endif
