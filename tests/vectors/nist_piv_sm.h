/*
 * nist_piv_sm.h -- what is kept of a captured session of PIV secure messaging.
 * The cards' private keys are not published: a card's side begins with z.
 */
#ifndef TESTS_VECTORS_NIST_PIV_SM_H
#define TESTS_VECTORS_NIST_PIV_SM_H

#include <stddef.h>
#include <stdint.h>

/* One protected command and its response. */
struct nist_exchange {
	const char *plain; /* the command APDU before protection */
	const char *first; /* of a chained command: the first part; NULL: none */
	const char *command; /* the command APDU, or the last part of it */
	const char *response; /* protected data objects; in clear follows 9000 */
	const char *data_sha256; /* of the opened response data; NULL: none */
	uint16_t sw; /* protected status word */
	const char *counter;
	const char *command_chain; /* the MAC chaining value after this command */
	const char *response_chain; /* that before this response */
};

struct nist_session {
	uint8_t suite;
	const char *select, *chuid, *discovery; /* responses in clear; of the CHUID 80 bytes */
	const char *host_secret; /* the host's ephemeral private key */
	const char *request, *answer; /* GENERAL AUTHENTICATE: command, response data */
	const char *z, *card_id, *confirm, *mac, *enc, *rmac; /* what comes of it */
	const char *nonce, *cryptogram, *cvc; /* what the answer holds */
	const struct nist_exchange *exchanges;
	size_t count;
};

#endif
