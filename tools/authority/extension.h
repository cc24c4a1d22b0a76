/*
 * extension.h -- the X.509 extensions that issuers write (RFC 5280, 4.2.1).
 *
 * Every function appends to the writer or fails it.
 */
#ifndef SJ_AUTHORITY_EXTENSION_H
#define SJ_AUTHORITY_EXTENSION_H

#include "wire/bytes.h"

/* Opened before its value is written, closed after. */
struct sj_extension {
	size_t sequence, value;
};
struct sj_extension sj_extension_open(struct sj_writer *w, struct sj_span oid, bool critical);
void sj_extension_close(struct sj_writer *w, struct sj_extension e);

void sj_extension_put_authority_key_id(struct sj_writer *w, struct sj_span issuer_spki);
void sj_extension_put_subject_key_id(struct sj_writer *w, struct sj_span spki);

/* KeyUsage, whole BIT STRINGs in DER. */
#define SJ_USAGE_BITS_SIGNATURE SJ_SPAN_STR("\x03\x02\x07\x80")
#define SJ_USAGE_BITS_SIGNATURE_COMMITMENT SJ_SPAN_STR("\x03\x02\x06\xC0")
#define SJ_USAGE_BITS_KEY_ENCIPHERMENT SJ_SPAN_STR("\x03\x02\x05\x20")
#define SJ_USAGE_BITS_KEY_AGREEMENT SJ_SPAN_STR("\x03\x02\x03\x08")
#define SJ_USAGE_BITS_CERTIFICATES SJ_SPAN_STR("\x03\x02\x02\x04")
#define SJ_USAGE_BITS_CERTIFICATES_CRLS SJ_SPAN_STR("\x03\x02\x01\x06")
void sj_extension_put_key_usage(struct sj_writer *w, struct sj_span bits);
void sj_extension_put_extended_usage(struct sj_writer *w, bool critical, const struct sj_span *oids,
				     size_t n);
/* cA and the path length. */
void sj_extension_put_ca(struct sj_writer *w, uint32_t path_length);

#endif
