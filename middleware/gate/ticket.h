/*
 * ticket.h -- what a gate seals for itself and lets the card carry: GATE.md,
 * "Tickets". Only gates with the operator's ticket key can read one.
 */
#ifndef SJ_GATE_TICKET_H
#define SJ_GATE_TICKET_H

#include "secure/gate.h"

#define SJ_TICKET_SALT 16u
#define SJ_TICKET_KEY 32u
#define SJ_TICKET_ISSUER 4u /* bytes of SHA-256(iss) */
#define SJ_TICKET_LIFE 86400u /* most seconds after `issued` */

/* Wipe it: it holds the PSK. */
struct sj_ticket {
	uint32_t issued; /* seconds since 1970 UTC, of the full run that it goes back to */
	uint32_t operator_id;
	uint8_t sector;
	uint32_t rights; /* of the gate that sealed it: what class, ages and pseudonym rest on */
	uint8_t class, ages;
	uint32_t expires; /* of the card's credential */
	struct sj_status_ref status;
	uint8_t pseudonym[SJ_GATE_PSEUDONYM];
	uint8_t issuer[SJ_TICKET_ISSUER];
	uint8_t psk[SJ_PRK_SIZE];
};

/* The hash by which a ticket names an issuer. */
SJ_MUST_CHECK bool sj_ticket_issuer(struct sj_span iss, uint8_t out[static SJ_TICKET_ISSUER]);
/* Seals; the salt is fresh random and already what t->psk was derived with. */
SJ_MUST_CHECK bool sj_ticket_seal(const uint8_t key[static SJ_TICKET_KEY],
				  const uint8_t salt[static SJ_TICKET_SALT],
				  const struct sj_ticket *t, uint8_t out[static SJ_GATE_TICKET]);
/* False: not sealed with this key, or not whole. Whether it is still good the caller says. */
SJ_MUST_CHECK bool sj_ticket_open(const uint8_t key[static SJ_TICKET_KEY], struct sj_span sealed,
				  struct sj_ticket *t);

#endif
