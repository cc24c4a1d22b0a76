/*
 * eac_terminal.h -- libeac (OpenPACE) as a terminal that does Extended Access Control version 2 with
 * a card of ours, in tests only. Keys, signatures and what they are over are libeac's; objects and
 * APDUs around them are put together with wire/.
 */
#ifndef TESTS_PEERS_EAC_TERMINAL_H
#define TESTS_PEERS_EAC_TERMINAL_H

#include "tests/card/eac_rig.h"
#include "tests/peers/eac.h"
#include "wire/apdu.h"

/* An exchange with one of our cards: `bench` is its struct bench. */
size_t peer_to_bench(void *bench, const uint8_t *command, size_t len,
		     uint8_t response[PEER_APDU_MAX]);

/* PACE with generic mapping and Chip Authentication: AES-128 on brainpoolP256r1. */
struct peer_eac_plan {
	struct sj_span cvca, dv, terminal; /* certificates */
	struct sj_span key; /* the terminal's, PKCS#8 */
	struct sj_span chat; /* whole 7F4C, and whole 65 behind it or not */
	int reference; /* 2 CAN, 3 PIN */
	const char *secret;
	struct sj_span aux; /* whole 67; empty: none */
	const char *ta_oid; /* content bytes, in hexadecimal */
};

struct peer_eac;
/* Does PACE, then Terminal Authentication. *fault: NULL, or what failed. */
struct peer_eac *peer_eac_open(const struct peer_eac_plan *plan, peer_exchange_fn exchange,
			       void *user, const char **fault);
/* Chip Authentication with this key of the card, 04 || x || y. NULL: all went well. */
const char *peer_eac_chip(struct peer_eac *t, struct sj_span card_key);
/*
 * libeac drops leading zeros of coordinates, which have a fixed length (TR-03111, 3.1.3): one key in
 * 256 does not fit then, whoever made it. True: it did so here, and nothing is shown.
 */
bool peer_eac_is_short(const struct peer_eac *t);
/*
 * PACE, Terminal Authentication and Chip Authentication with one of our cards, anew while libeac drops
 * zeros. `sector`: whose key; or no Chip Authentication; or the sector of the terminal's certificate.
 */
enum { PEER_EAC_NO_CHIP = -1, PEER_EAC_OWN_SECTOR = -2 };
struct peer_eac *peer_eac_visit(const struct peer_eac_plan *plan, struct eac_card *card, int sector,
				const char **fault);
/* A plain command, protected; the status word, and the data (valid until the next one). */
uint16_t peer_eac_send(struct peer_eac *t, struct sj_span command, struct sj_span *data);
uint16_t peer_eac_apdu(struct peer_eac *t, const struct sj_apdu *command, struct sj_span *data);
void peer_eac_free(struct peer_eac *t);

/*
 * What Restricted Identification with ECDH and SHA-256 gives on brainpoolP256r1, from the sector's
 * secret key (PKCS#8) and the card's public one (04 || x || y). False: libeac refuses.
 */
bool peer_ri_identifier(struct sj_span sector_key, struct sj_span card_key, uint8_t out[static 32]);

#endif
