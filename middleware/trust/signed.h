/*
 * signed.h -- a CMS SignedData held against its signer's certificate.
 *
 * Source: RFC 5652, 5.4 and 5.6. All over the raw bytes: nothing is encoded
 * again before it is hashed.
 *
 * Taking it apart is one thing (sj_signed_find(), the parsers of CMS and certificates), checking it
 * another. Programs have the first done by a process that can do no harm (tools/signed), which answers
 * with nothing but places. Whatever they are, digest and signatures are computed here; and once they
 * hold up to a CA of the store, what they cover is read here, too (sj_signed_read()).
 */
#ifndef SJ_TRUST_SIGNED_H
#define SJ_TRUST_SIGNED_H

#include <sojourn/sojourn.h>

#include "crypt/x509.h"
#include "trust/chain.h"
#include "wire/cms.h"

enum sj_signed_rc {
	SJ_SIGNED_OK,
	SJ_SIGNED_MALFORMED, /* not one signer, attributes missing */
	SJ_SIGNED_NO_CERTIFICATE, /* the signer's is not among its certificates */
	SJ_SIGNED_TYPE, /* content type here and in the attributes differ */
	SJ_SIGNED_DIGEST, /* the digest in the attributes is not the content's */
	SJ_SIGNED_SIGNATURE, /* the signature does not hold */
	SJ_SIGNED_NO_MEMORY,
	SJ_SIGNED_STOPPED, /* who takes it apart elsewhere gave no answer that can be used */
};

struct sj_signed {
	struct sj_cms cms;
	struct sj_cms_signer signer;
	struct sj_cert certificate; /* the signer's, out of the SignedData */
	struct sj_span bytes; /* what the spans point into: the input, or */
	uint8_t *definite; /* a copy, if its lengths were indefinite; else NULL */
};

/*
 * Reads a SignedData of this content type, finds its one signer's
 * certificate in it and checks digest and signature. Lengths may be indefinite:
 * a copy is made definite, what is signed inside stays as it is. All spans in *out
 * point into `in` or that copy, until sj_signed_close(). Whether the certificate may
 * sign this, and is believed, is not asked. *out is filled as far as it went, for
 * those who explain.
 */
SJ_MUST_CHECK enum sj_signed_rc sj_signed_open(struct sj_span in, struct sj_span content_type,
					       struct sj_signed *out);
/* The same; it is taken apart where the context says (sj_context_find_signed()). ctx may be NULL. */
SJ_MUST_CHECK enum sj_signed_rc sj_signed_open_for(const struct sj_context *ctx, struct sj_span in,
						   struct sj_span content_type,
						   struct sj_signed *out);
/* The same by `find`; NULL: here. */
SJ_MUST_CHECK enum sj_signed_rc sj_signed_open_by(sj_signed_fn find, void *user, struct sj_span in,
						  struct sj_span content_type,
						  struct sj_signed *out);
/*
 * Once somebody believed has signed the signer's certificate, what the signatures cover is no
 * stranger's any more: of the certificate everything, of the signer the signing time is read from it.
 * False: it does not say what was found before.
 */
SJ_MUST_CHECK bool sj_signed_read(struct sj_signed *s);
/* Finds who certified the signer, as sj_chain_find(), and sj_signed_read(). SJ_CHAIN_SIGNATURE: that is false. */
void sj_signed_chain(const struct sj_trust *trust, struct sj_signed *s, struct sj_issuer *out,
		     struct sj_finding *f);
/* Frees the copy, after any result of sj_signed_open() or on one that is all zero. */
void sj_signed_close(struct sj_signed *s);
/* A sentence; never NULL. */
const char *sj_signed_text(enum sj_signed_rc rc);

/* --- elsewhere ---------------------------------------------------------------- */

/* Takes it apart, and checks nothing. SJ_SIGNED_MALFORMED, _NO_CERTIFICATE, _NO_MEMORY. */
SJ_MUST_CHECK enum sj_signed_rc sj_signed_find(struct sj_span in, struct sj_signed *out);

/* Bytes of what sj_signed_put() writes, without the copy that it may add. */
#define SJ_SIGNED_PLACES_MAX 256u
/* Writes what sj_signed_find() found: result, size of the copy, places (offset and size), copy. */
void sj_signed_put(struct sj_writer *w, enum sj_signed_rc rc, const struct sj_signed *s);
/*
 * Reads that as sj_signed_find() would have filled *out for `in`, times and bits left out. The result
 * that was written, or _STOPPED: it is none, or a place lies outside.
 */
SJ_MUST_CHECK enum sj_signed_rc sj_signed_take(struct sj_span answer, struct sj_span in,
					       struct sj_signed *out);
/* Every place that sj_signed_put() writes is the same in both. */
SJ_MUST_CHECK bool sj_signed_same(const struct sj_signed *a, const struct sj_signed *b);

#endif
