/*
 * signed.h -- a CMS SignedData held against its signer's certificate.
 *
 * Source: RFC 5652, 5.4 and 5.6. All over the raw bytes: nothing is encoded
 * again before it is hashed.
 */
#ifndef SJ_TRUST_SIGNED_H
#define SJ_TRUST_SIGNED_H

#include "crypt/x509.h"
#include "wire/cms.h"

enum sj_signed_rc {
	SJ_SIGNED_OK,
	SJ_SIGNED_MALFORMED, /* not one signer, attributes missing */
	SJ_SIGNED_NO_CERTIFICATE, /* the signer's is not among its certificates */
	SJ_SIGNED_TYPE, /* content type here and in the attributes differ */
	SJ_SIGNED_DIGEST, /* the digest in the attributes is not the content's */
	SJ_SIGNED_SIGNATURE, /* the signature does not hold */
	SJ_SIGNED_NO_MEMORY,
};

struct sj_signed {
	struct sj_cms cms;
	struct sj_cms_signer signer;
	struct sj_cert certificate; /* the signer's, out of the SignedData */
	uint8_t *definite; /* what the spans point into if lengths were indefinite; else NULL */
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
/* Frees the copy, after any result of sj_signed_open() or on one that is all zero. */
void sj_signed_close(struct sj_signed *s);
/* A sentence; never NULL. */
const char *sj_signed_text(enum sj_signed_rc rc);

#endif
