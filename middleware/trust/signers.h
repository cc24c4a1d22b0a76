/*
 * signers.h -- whom an authority lets sign at gates: its gate CA's anchors and
 * links, and the status signers that they vouch for.
 *
 * The folder `gate` of a trust directory holds their tokens (secure/GATE.md),
 * a file each; STATUS.md says how they are chained.
 */
#ifndef SJ_TRUST_SIGNERS_H
#define SJ_TRUST_SIGNERS_H

#include <sojourn/failure.h>

#include "secure/cwt.h"

#define SJ_SIGNERS_MAX 32u
#define SJ_SIGNERS_FOLDER "gate"

struct sj_signer {
	enum sj_cwt_signer kind;
	bool anchor; /* signed by itself */
	uint8_t token[SJ_CWT_MAX]; /* what cwt's spans point into */
	size_t len;
	struct sj_cwt cwt;
	struct sj_ec_point key;
};

/* Those that are believed. Do not copy: the spans point into it. Large: keep it off the stack. */
struct sj_signers {
	struct sj_signer list[SJ_SIGNERS_MAX];
	size_t n;
};

/*
 * Loads what the folder of an open trust directory holds: self-signed gate CAs,
 * and what these vouch for, directly or through links. Other files are passed
 * over. SJ_TRUST_MISSING: there is no gate CA.
 */
SJ_MUST_CHECK enum sj_rc sj_signers_load(int dir, struct sj_signers *out);
/* Adds one token if it is self-signed (a gate CA) or vouched for by those there. */
bool sj_signers_add(struct sj_signers *signers, struct sj_span token);
/*
 * Who signed it: a signer of this kind and of its issuer, in whose validity the
 * token's not-before lies. NULL: nobody that is believed.
 */
const struct sj_signer *sj_signers_of(const struct sj_signers *signers, const struct sj_cwt *cwt,
				      enum sj_cwt_signer kind);
/*
 * Stores a signer's token in the folder (made if missing): a self-signed gate CA
 * because the caller says so, else one that those there vouch for. SJ_INPUT_MALFORMED,
 * SJ_INPUT_REFUSED.
 */
SJ_MUST_CHECK enum sj_rc sj_signers_store(int dir, struct sj_span token);

#endif
