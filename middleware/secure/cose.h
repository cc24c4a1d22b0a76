/*
 * cose.h -- COSE_Sign1 with ES256 in the one form that we speak: untagged, deterministic, the
 * payload inside, `84 43 A1 01 26 A0 payload signature`.
 *
 * Source: RFC 9052, 4.2 and 4.4; RFC 9053, 2.1.
 */
#ifndef SJ_SECURE_COSE_H
#define SJ_SECURE_COSE_H

#include "crypt/sign.h"
#include "wire/cbor.h"

#define SJ_COSE_SIGNATURE 64u

struct sj_cose {
	struct sj_span payload, signature; /* point into what was parsed */
};

/* Reads one whole COSE_Sign1, believing nothing yet. False: any other form, or bytes behind it. */
SJ_MUST_CHECK bool sj_cose_parse(struct sj_span in, struct sj_cose *out);
/* Whether `key` (P-256) signed it. */
SJ_MUST_CHECK bool sj_cose_verify(const struct sj_cose *cose, const struct sj_ec_point *key);
/* Signs a payload with a key on P-256 and appends the whole. False: w->failed, or another key. */
SJ_MUST_CHECK bool sj_cose_put(struct sj_writer *w, struct sj_span payload,
			       const struct sj_key *key);

#endif
