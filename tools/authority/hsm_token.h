/* hsm_token.h -- what the files of hsm share: a token's session. */
#ifndef SJ_AUTHORITY_HSM_TOKEN_H
#define SJ_AUTHORITY_HSM_TOKEN_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "authority/hsm.h"

struct hsm {
	struct cli *cli;
	unsigned users;
	char *uri;
	P11KitUri *parsed;
	CK_FUNCTION_LIST **modules; /* NULL-terminated; NULL: not loaded */
	CK_FUNCTION_LIST *module; /* of the session */
	CK_SESSION_HANDLE session; /* CK_INVALID_HANDLE: none */
	unsigned generation; /* of the session: handles of another are void */
	pid_t process; /* that loaded the modules */
	char label[33]; /* of the token */
	bool logs_in; /* the token wants it */
	bool pin_set;
	CK_RV refused; /* how it refused our PIN; else CKR_OK */
	struct cli_secret pin;
};

/* Opens and logs in, unless that is done. */
CLI_MUST_CHECK int hsm_ready(struct hsm *h);
/* Closes the session, so that the next hsm_ready() makes another. */
void hsm_drop(struct hsm *h);
/* Did the session end, or the token go? Another session may do. */
bool hsm_is_gone(CK_RV rv);
/* Tells SJ_KEY_STORE: what failed, and the token's answer in words. */
int hsm_fail(const struct hsm *h, const char *what, CK_RV rv);

#endif
