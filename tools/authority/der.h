/*
 * der.h -- the DER that certificates, CRLs and CMS need beyond wire/tlv.h.
 *
 * Source: ISO/IEC 8825-1:2021 (X.690), 8 and 11. Every function appends to the
 * writer or fails it, as those of wire/bytes.h do.
 */
#ifndef SJ_AUTHORITY_DER_H
#define SJ_AUTHORITY_DER_H

#include "wire/std/rfc5652.h"
#include "wire/tlv.h"

#define SJ_DER_UTF8_STRING 0x0Cu
/* Context-specific, primitive; constructed: SJ_ASN1_CONTEXT(). */
#define SJ_DER_PRIMITIVE(n) (0x80u + (n))

/* INTEGER from an unsigned big-endian number: leading zeros go, a sign byte comes. */
void sj_der_put_unsigned(struct sj_writer *w, struct sj_span number);
/* BIT STRING without unused bits. */
void sj_der_put_bits(struct sj_writer *w, struct sj_span bytes);
/* A string of the type `tag`. */
void sj_der_put_text(struct sj_writer *w, uint32_t tag, const char *text);
/* UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5); seconds since 1970 UTC. */
void sj_der_put_time(struct sj_writer *w, int64_t when);
/* GeneralizedTime whatever the year, under a tag of its own. */
void sj_der_put_generalized(struct sj_writer *w, uint32_t tag, int64_t when);
/* AlgorithmIdentifier with parameters absent, as for hashes (RFC 5754, 2). */
void sj_der_put_algorithm(struct sj_writer *w, struct sj_span oid);

/* The subjectPublicKey bits of a SubjectPublicKeyInfo. */
SJ_MUST_CHECK bool sj_der_public_key_bits(struct sj_span spki, struct sj_span *bits);

#endif
