/*
 * x509.h -- certificates and CRLs of the ICAO PKI, read and judged.
 *
 * Sources: ICAO Doc 9303-12 (8th ed.), RFC 5280. No path building here: that
 * is trust's; no OpenSSL chain check either, which refuses the explicit EC
 * parameters that Doc 9303-12 requires.
 */
#ifndef SJ_CRYPT_X509_H
#define SJ_CRYPT_X509_H

#include "crypt/hash.h"

#define SJ_CERT_MAX 8192u /* bytes of one certificate that we read */

enum sj_key_usage { SJ_USAGE_SIGNATURE = 1, SJ_USAGE_CERT_SIGN = 2, SJ_USAGE_CRL_SIGN = 4 };

/* A parsed certificate. The spans point into the DER given to sj_cert_read. */
struct sj_cert {
	struct sj_span der;
	struct sj_span tbs; /* what is signed, tag and length included */
	struct sj_span serial; /* INTEGER content */
	struct sj_span issuer, subject; /* whole Name elements */
	struct sj_span spki; /* whole SubjectPublicKeyInfo element */
	struct sj_span signature_algorithm; /* whole AlgorithmIdentifier element */
	struct sj_span signature; /* without the unused-bits byte */
	struct sj_span subject_key_id, authority_key_id; /* empty: absent */
	int64_t not_before, not_after; /* seconds since 1970 UTC */
	int64_t private_from, private_until; /* privateKeyUsagePeriod; 0: absent */
	unsigned key_usage; /* enum sj_key_usage bits; ~0u: extension absent */
	bool is_ca; /* basicConstraints cA */
	bool explicit_parameters; /* EC key with explicit domain parameters */
	bool unknown_critical; /* a critical extension that we do not know */
	struct sj_span extended_key_usage; /* SEQUENCE content; empty: absent */
	struct sj_span extensions; /* all of them, for sj_cert_extension() */
};

/* False: not a certificate that can be read. */
SJ_MUST_CHECK bool sj_cert_read(struct sj_span der, struct sj_cert *out);
/* The value of an extension of this type (OID content); false: there is none. */
SJ_MUST_CHECK bool sj_cert_extension(const struct sj_cert *cert, struct sj_span oid,
				     struct sj_span *value);
/* The signature of `cert` holds under `spki` (a whole SubjectPublicKeyInfo). */
SJ_MUST_CHECK bool sj_cert_signed_by(const struct sj_cert *cert, struct sj_span spki);
/* Issuer and subject are the same Name by RFC 5280, 7.1 (case, white space, string type). */
bool sj_name_eq(struct sj_span a, struct sj_span b);
/* "C=DE,O=bund,CN=csca-germany" (cut to fit, always terminated; control bytes replaced). */
void sj_name_text(struct sj_span name, char *out, size_t cap);

/* A parsed CRL; spans as above. */
struct sj_crl {
	struct sj_span tbs, issuer, signature_algorithm, signature;
	struct sj_span revoked; /* content of revokedCertificates; may be empty */
	int64_t this_update, next_update; /* next_update 0: absent */
	bool unknown_critical;
};

SJ_MUST_CHECK bool sj_crl_read(struct sj_span der, struct sj_crl *out);
SJ_MUST_CHECK bool sj_crl_signed_by(const struct sj_crl *crl, struct sj_span spki);
/* The serial is in the list; *date gets the revocation date. */
bool sj_crl_lists(const struct sj_crl *crl, struct sj_span serial, int64_t *date);

#endif
