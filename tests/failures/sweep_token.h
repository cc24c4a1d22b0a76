/* sweep_token.h -- a token with keys in a plugged reader, for rows of the module. */
#ifndef TESTS_FAILURES_SWEEP_TOKEN_H
#define TESTS_FAILURES_SWEEP_TOKEN_H

#include "tests/card/stores.h"
#include "tests/failures/sweep.h"
#include "tests/pkcs11/plug.h"
#include "tests/reader/piv_stage.h"

#include "pkcs11/p11.h"

struct token {
	struct piv_stage *s;
	struct card_store *snap; /* of the card as it is at first */
	char folder[40];
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key, public_key, certificate, made;
	CK_BYTE signature[256], out[1024];
	CK_ULONG len;
};

/* Keys on P-256; and with an RSA key in 9D. */
int token_open(void **state);
int token_open_rsa(void **state);
int token_close(void **state);

/* Not initialised; a new session, the objects known; the user, or the security officer, in it. */
void token_off(void *room);
void session_ready(void *room);
void login_ready(void *room);
void so_ready(void *room);

/* The object of that class and key; one must be there. */
CK_OBJECT_HANDLE token_find(const struct token *t, CK_OBJECT_CLASS class, CK_BYTE ref);
/* With 9A. */
CK_RV token_sign(struct token *t, CK_MECHANISM_TYPE type, CK_ULONG n);
/* The same session signs, after a login if it has to. */
bool goes_on(void *room, unsigned long rv);
bool is_no_signature(void *room, unsigned long rv);

/* For `bad`. */
extern const unsigned long p11_memory[];

#define TOKEN_ROW(name, ready, run, check) \
	{ \
		"module: " name, FAIL_ALL, token_open, token_close, ready, run, .bad = p11_memory, \
										.holds = check \
	}
#define FORGERY_ROW(name, ready, run) \
	{ \
		"module: " name, FAIL_ALL, token_open, token_close, ready, run, \
			.good = CKR_SIGNATURE_INVALID, .bad = p11_memory, .holds = is_no_signature \
	}

#endif
