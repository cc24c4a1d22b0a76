/* login.h -- secrets of the user and of the security officer, for login.c and pins.c. */
#ifndef P11_LOGIN_H
#define P11_LOGIN_H

#include <stdio.h>

#include "state.h"

/*
 * The security officer's PIN is the management key in hexadecimal: 32 digits AES-128, 48 AES-192
 * or 3DES, 64 AES-256.
 */
struct p11_admin_key {
	enum sj_piv_algorithm algorithm;
	uint8_t bytes[32];
	size_t len;
};

/* Of 24 bytes the card tells the algorithm. CKR_PIN_LEN_RANGE: not such a number. The caller wipes. */
CK_RV p11_admin_key_read(struct p11_token *t, const char *hex, size_t len,
			 struct p11_admin_key *out);
/* Proves it to the card. CKR_PIN_INCORRECT. */
CK_RV p11_login_admin(struct p11_token *t, const char *hex, size_t len);
/* Asks the user through pinentry; no lock is held. The caller wipes. */
CK_RV p11_ask_secret(CK_SLOT_ID id, const char *prompt, char out[static P11_SECRET_MAX],
		     size_t *len);

#endif
