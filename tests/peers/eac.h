/*
 * eac.h -- libeac (OpenPACE) as the other end of PACE, in tests only.
 *
 * The terminal talks to a card of ours; the card answers a reader of ours.
 * The protocol steps and keys are libeac's; only the APDUs around them are
 * built here, by hand, so that nothing of ours stands on both ends.
 */
#ifndef TESTS_PEERS_EAC_H
#define TESTS_PEERS_EAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_APDU_MAX 600

/* What is asked for, and whose certificates the card takes: in and out at the terminal. */
struct peer_chat {
	uint8_t bytes[32]; /* whole 7F4C */
	size_t len;
	char car[17]; /* object 87; "": none */
};

/*
 * Mapping is always generic: libeac's integrated one is not ICAO's. cipher: 1 3DES, 2..4
 * AES-128..256 (last arc of the OID).
 */
struct peer_suite {
	int cipher;
	int parameter_id; /* 0, 1, 2: DH; 12, 13, 15, 16, 17, 18: ECDH */
	struct peer_chat *chat; /* NULL: none */
};

/* Sends a raw command; returns the size of the raw response. */
typedef size_t (*peer_exchange_fn)(void *user, const uint8_t *command, size_t len,
				   uint8_t response[PEER_APDU_MAX]);

/*
 * PACE as terminal (reference 1: MRZ information, 2: CAN, 3: PIN, 4: PUK), then one protected
 * SELECT of the LDS application. NULL: all went well; else what failed.
 */
const char *peer_terminal_pace(struct peer_suite suite, int reference, const char *secret,
			       peer_exchange_fn exchange, void *user);

/*
 * A card that knows EF.CardAccess, PACE and a protected SELECT. suite.chat: takes the terminal's into
 * `bytes`, and answers with `car`. Freed with peer_card_free().
 */
struct peer_card;
struct peer_card *peer_card_new(struct peer_suite suite, int reference, const char *secret);
void peer_card_free(struct peer_card *card);
size_t peer_card_transmit(struct peer_card *card, const uint8_t *command, size_t len,
			  uint8_t response[PEER_APDU_MAX]);
/* A protected SELECT of the LDS application was understood. */
bool peer_card_satisfied(const struct peer_card *card);

#endif
