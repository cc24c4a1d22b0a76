/*
 * cvc.h -- card verifiable certificates and requests for them, read, written, verified.
 *
 * Source: BSI TR-03110-3 v2.21, appendices C and D. Not those of the PIV card application. Who may
 * certify whom, and when, is judged elsewhere: by the reader's side in trust/cvchain.h, by a card
 * for itself.
 */
#ifndef SJ_SECURE_CVC_H
#define SJ_SECURE_CVC_H

#include "secure/cvc_key.h"
#include "secure/cvc_rights.h"

#define SJ_CVC_MAX 2048u /* bytes of a certificate or request, with the outer signature */
#define SJ_CVC_REFERENCE_MAX 16u /* bytes of a holder reference */
#define SJ_CVC_SEQUENCE 5u /* of them, the sequence number at the end */

/* A certificate or a request. The spans point into what was read. */
struct sj_cvc {
	struct sj_span element; /* whole 7F21 */
	struct sj_span body; /* what is signed: whole 7F4E */
	struct sj_span authority; /* who signs; in a request empty: not named */
	struct sj_span holder;
	struct sj_cvc_key key;
	struct sj_cvc_rights rights; /* of a request: the extras alone */
	int64_t from, until; /* begin of the first and of the last day, seconds since 1970 UTC */
	struct sj_span extensions; /* content of 65, for sj_cvc_extension(); empty: absent */
	struct sj_span signature;
};

/* A request, and whoever vouches for it. */
struct sj_cvc_request {
	struct sj_cvc cvc;
	struct sj_span
		outer_authority; /* whose key made the outer signature; empty: there is none */
	struct sj_span outer_element; /* the same with tag and length, as it is signed */
	struct sj_span outer_signature;
};

/*
 * `in` is the whole certificate and nothing else. False: an object missing, unknown, double or
 * out of order, a length that is not the shortest, another profile, a reference, date or key
 * that is none, a last day before the first.
 */
SJ_MUST_CHECK bool sj_cvc_read(struct sj_span in, struct sj_cvc *out);
/* The same of a request, within 67 or not. Its key carries its domain parameters. */
SJ_MUST_CHECK bool sj_cvc_request_read(struct sj_span in, struct sj_cvc_request *out);
/* Country code, up to nine characters, sequence number (A.7.1). */
bool sj_cvc_is_reference(struct sj_span reference);

/* The signature under the issuer's key, which has a curve; of a request under its own. */
SJ_MUST_CHECK bool sj_cvc_verify(const struct sj_cvc *cvc, const struct sj_cvc_key *key);
/* The outer signature, which must be there. */
SJ_MUST_CHECK bool sj_cvc_verify_outer(const struct sj_cvc_request *request,
				       const struct sj_cvc_key *key);
/* The day of `when`, seconds since 1970 UTC, is neither before the first nor after the last. */
bool sj_cvc_valid_at(const struct sj_cvc *cvc, int64_t when);

/*
 * Appends a certificate from authority, holder, key, rights, from, until and extensions (content of
 * 65, after those of the rights), signed by `signer` (EC). A CVCA's has domain parameters, others
 * inherit theirs. False: the parts make no certificate, or the signature failed.
 */
SJ_MUST_CHECK bool sj_cvc_put(struct sj_writer *w, const struct sj_cvc *plan,
			      const struct sj_key *signer);
/* Appends a request from authority (may be empty), holder, key, extras; signed by the key itself. */
SJ_MUST_CHECK bool sj_cvc_request_put(struct sj_writer *w, const struct sj_cvc *plan,
				      const struct sj_key *self);
/* Appends the request within 67, vouched for by the key of that reference. */
SJ_MUST_CHECK bool sj_cvc_outer_put(struct sj_writer *w, struct sj_span request,
				    struct sj_span authority, const struct sj_key *signer);

#endif
