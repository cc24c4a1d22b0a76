/*
 * cwt.h -- CBOR Web Tokens as the gate profile uses them: COSE_Sign1 with
 * ES256, untagged, deterministic, with the claims of GATE.md.
 *
 * Sources: RFC 8392 (claims), RFC 9052, 4.2 and 4.4 (COSE_Sign1), RFC 8747
 * (cnf), RFC 9053, 7.1.1 (COSE_Key).
 */
#ifndef SJ_SECURE_CWT_H
#define SJ_SECURE_CWT_H

#include "crypt/ec.h"
#include "crypt/sign.h"
#include "wire/cbor.h"

#define SJ_CWT_SIGNATURE 64u
#define SJ_CWT_ISSUER_MAX 8u /* bytes of `iss` */
#define SJ_CWT_MAX 256u /* of any token of the profile */
#define SJ_CWT_KEY 32u /* a coordinate on P-256 */

/* What a token says it is: which private claim it has. Exactly one. */
enum sj_cwt_kind {
	SJ_CWT_CARD = 1, /* a card's credential, or its staple: `status` */
	SJ_CWT_READER, /* a gate's credential: `reader` */
	SJ_CWT_SIGNER, /* an authority's key: `signer` */
	SJ_CWT_HEAD, /* the head of a status list: `head` */
};

enum sj_cwt_signer { SJ_CWT_GATE_CA = 1, SJ_CWT_STATUS_SIGNER = 2, SJ_CWT_BUNDLE_SIGNER = 3 };

/* Where a credential stands in its issuer's status list. */
struct sj_status_ref {
	uint16_t partition; /* month of expiry: (year - 2020) * 12 + month - 1 */
	uint32_t index;
};

/* What a reader may know and whose it is. */
struct sj_cwt_reader {
	uint32_t operator_id;
	uint8_t sector; /* enum sj_gate_sector */
	uint8_t service; /* row of the service registry, from 1 */
	uint32_t rights; /* enum sj_gate_right bits */
};

/* Spans point into the token. Times are seconds since 1970 UTC. */
struct sj_cwt {
	enum sj_cwt_kind kind;
	struct sj_span issuer; /* 1 to SJ_CWT_ISSUER_MAX visible ASCII characters */
	uint32_t not_before, expires;
	struct sj_span key_x; /* empty in a head */
	struct sj_span key_y; /* signers only, else empty */
	struct sj_status_ref status; /* SJ_CWT_CARD */
	struct sj_cwt_reader reader; /* SJ_CWT_READER */
	uint8_t signer; /* SJ_CWT_SIGNER: enum sj_cwt_signer */
	struct sj_span head; /* SJ_CWT_HEAD: epoch (4) || what trust/STATUS.md says */
	struct sj_span payload, signature; /* of the COSE_Sign1 */
};

/*
 * Reads one whole token, believing nothing yet. False: malformed, not
 * deterministic, a claim too many or missing, expires before not_before.
 */
SJ_MUST_CHECK bool sj_cwt_parse(struct sj_span in, struct sj_cwt *out);
/* Whether `key` (P-256) signed it. Issuer and times are the caller's to check. */
SJ_MUST_CHECK bool sj_cwt_verify(const struct sj_cwt *cwt, const struct sj_ec_point *key);
/*
 * Signs the claims of `cwt` (payload and signature are not looked at) with a key on P-256 and
 * appends the token; it must be one that sj_cwt_parse() accepts. False:
 * w->failed, or the claims are none of a token.
 */
SJ_MUST_CHECK bool sj_cwt_put(struct sj_writer *w, const struct sj_cwt *cwt,
			      const struct sj_key *key);
/* The public key of a signer's token. */
SJ_MUST_CHECK bool sj_cwt_signer_key(const struct sj_cwt *cwt, struct sj_ec_point *out);

#endif
