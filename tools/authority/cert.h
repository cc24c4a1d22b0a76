/*
 * cert.h -- making the certificates and CRLs of an issuing country.
 *
 * Source: ICAO Doc 9303-12 (8th ed.), 7.1 (certificate and CRL profiles);
 * RFC 5280. Reading and judging them is crypt/x509.h's.
 */
#ifndef SJ_AUTHORITY_CERT_H
#define SJ_AUTHORITY_CERT_H

#include "crypt/sign.h"

#define SJ_ISSUED_CERT_MAX 2304u /* bytes of any certificate made here */
#define SJ_ISSUED_NAME_MAX 256u
#define SJ_SERIAL_SIZE 16u /* bytes of a serial made here: random, positive */
#define SJ_KEY_ID_SIZE 20u

enum sj_cert_kind {
	SJ_CERT_CSCA, /* self-signed */
	SJ_CERT_LINK, /* a new CSCA key, signed by the one before */
	SJ_CERT_SIGNER, /* document signer */
	SJ_CERT_LIST_SIGNER, /* master list signer */
	SJ_CERT_KEY_CA, /* self-signed; from here on: keycert.h */
	SJ_CERT_CONTENT_SIGNER, /* of PIV objects and card verifiable certificates */
	SJ_CERT_KEY, /* of a key on a card */
	SJ_CERT_ATTESTATION, /* of a card's attestation key */
};

struct sj_key_card;

/* Everything that stands in a certificate but keys and signature. */
struct sj_cert_plan {
	enum sj_cert_kind kind;
	struct sj_span serial; /* unsigned, big-endian */
	struct sj_span issuer, subject; /* whole Name elements */
	struct sj_span issuer_spki, subject_spki; /* whole SubjectPublicKeyInfo elements */
	int64_t not_before, not_after; /* seconds since 1970 UTC */
	int64_t private_until; /* the key signs from not_before until then */
	const char *country; /* as in the MRZ: "UTO" */
	const char *const *document_types; /* signer: "I", "P", "ID": short ones first */
	const struct sj_key_card *card; /* keys of a card; NULL for all others */
};

/* RelativeDistinguishedName of one attribute, whose string has this tag. */
void sj_rdn_put(struct sj_writer *w, struct sj_span type, uint32_t string, const char *text);

/*
 * A Name: C (two capital letters), O if not NULL, CN. False: the country is
 * not two capital letters or a text is empty or does not fit.
 */
SJ_MUST_CHECK bool sj_name_put(struct sj_writer *w, const char *alpha2, const char *organization,
			       const char *common_name);

/*
 * Makes the certificate and signs it with the issuer's key, whose public half
 * is plan->issuer_spki. False: signing failed or it does not fit.
 */
SJ_MUST_CHECK bool sj_cert_put(struct sj_writer *w, const struct sj_cert_plan *plan,
			       const struct sj_key *issuer_key);

/* The key identifier used in SKI and AKI: SHA-1 of the key's bits (RFC 5280, 4.2.1.2). */
SJ_MUST_CHECK bool sj_key_identifier(struct sj_span spki, uint8_t out[static SJ_KEY_ID_SIZE]);

struct sj_revoked {
	struct sj_span serial; /* unsigned, big-endian */
	int64_t when;
};

struct sj_crl_plan {
	struct sj_span issuer; /* whole Name element */
	struct sj_span issuer_spki;
	uint32_t number; /* cRLNumber: must grow */
	int64_t this_update, next_update;
	const struct sj_revoked *revoked;
	size_t revoked_count;
};

/* Makes a CRL as sj_cert_put() makes a certificate. */
SJ_MUST_CHECK bool sj_crl_put(struct sj_writer *w, const struct sj_crl_plan *plan,
			      const struct sj_key *issuer_key);

#endif
