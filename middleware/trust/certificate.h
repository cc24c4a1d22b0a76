/* certificate.h -- what the ICAO PKI asks of certificates and names. */
#ifndef SJ_TRUST_CERTIFICATE_H
#define SJ_TRUST_CERTIFICATE_H

#include "crypt/x509.h"

/* The C attribute in capital letters, at most three; "" if there is none. */
void sj_name_country(struct sj_span name, char out[static 4]);
/* "brainpoolP384r1", "RSA-4096"; "unknown". */
void sj_cert_key_text(const struct sj_cert *cert, char *out, size_t cap);
/* A key that we can verify with. */
bool sj_cert_key_usable(const struct sj_cert *cert);
/* May stand above other certificates: cA, keyCertSign, no unknown critical extension. */
bool sj_cert_may_certify(const struct sj_cert *cert);
/*
 * By its own claim `cert` is certified by the key of `issuer`: the names fit,
 * and the key identifiers where both are present. Not the signature.
 */
bool sj_cert_names_issuer(const struct sj_cert *cert, const struct sj_cert *issuer);
/* The identifiers are both present and the same. */
bool sj_cert_identifies_issuer(const struct sj_cert *cert, const struct sj_cert *issuer);
/* Issuer and subject are the same, and so are the key identifiers where both are present. */
bool sj_cert_is_own_issuer(const struct sj_cert *cert);
/* `when` lies in its validity. */
bool sj_cert_valid_at(const struct sj_cert *cert, int64_t when);
/* The extended key usage contains this OID. */
bool sj_cert_has_extended_usage(const struct sj_cert *cert, struct sj_span oid);

#endif
