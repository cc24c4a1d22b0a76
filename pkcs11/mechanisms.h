/*
 * mechanisms.h -- the mechanisms: one table, and their parameters read.
 *
 * Source: PKCS #11 3.1, 6.1 (RSA), 6.3 (elliptic curves), 6.20 and on (digests).
 */
#ifndef P11_MECHANISMS_H
#define P11_MECHANISMS_H

#include "crypt/soft.h"
#include "module.h"

enum p11_scheme {
	P11_PAIR, /* makes key pairs */
	P11_DIGEST,
	P11_PKCS1,
	P11_X509,
	P11_PSS,
	P11_OAEP,
	P11_ECDSA,
	P11_EDDSA,
	P11_ECDH,
};

#define P11_NO_KEY CK_UNAVAILABLE_INFORMATION

struct p11_mechanism {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key; /* P11_NO_KEY: works without */
	enum p11_scheme scheme;
	enum sj_hash hash; /* of the message; SJ_HASH_NONE: the program hashed it, or nobody does */
	CK_FLAGS flags;
};

#define P11_MECHANISMS_MAX 40u

/* The i-th of the module, for any card; NULL past the end. */
const struct p11_mechanism *p11_mechanism_at(size_t i);
/* Does this card work with it? Asks the card once what it can (its version). */
CK_RV p11_mechanism_supported(struct p11_token *t, const struct p11_mechanism *m, bool *out);
/* A hash from its CKM_; SJ_HASH_NONE: not ours. */
enum sj_hash p11_hash(CK_MECHANISM_TYPE type);

/* A mechanism with its parameter. */
struct p11_scheme_use {
	const struct p11_mechanism *mechanism;
	struct sj_padding padding; /* the label points into the parameter */
};

/*
 * Reads what a program asks for. `flag`: CKF_SIGN and so on. CKR_MECHANISM_INVALID: unknown, not
 * of this card, or not for this; CKR_MECHANISM_PARAM_INVALID.
 */
CK_RV p11_mechanism_read(struct p11_token *t, const CK_MECHANISM *m, CK_FLAGS flag,
			 struct p11_scheme_use *out);

#endif
