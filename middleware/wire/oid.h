/*
 * oid.h -- OBJECT IDENTIFIERs as the content bytes that stand in DER.
 *
 * Source: ISO/IEC 8825-1:2021, 8.19. Throughout the project an OID is the span
 * of its content bytes, without tag and length; two are equal if
 * sj_span_eq() says so.
 */
#ifndef SJ_WIRE_OID_H
#define SJ_WIRE_OID_H

#include "wire/bytes.h"

#define SJ_OID_TAG 0x06u
#define SJ_OID_TEXT_MAX 128u /* enough for every OID that this project knows */

/* Whole subidentifiers in shortest form, at least one, each below 2^32. */
bool sj_oid_valid(struct sj_span oid);

/*
 * `oid` lies under `arc`: it begins with all of its bytes and goes on with at
 * least one more. Both are taken to be valid.
 */
bool sj_oid_under(struct sj_span oid, struct sj_span arc);

/*
 * Dotted text ("2.23.136.1.1.1"), always terminated. False, and an empty
 * text: not valid, or cap is too small.
 */
SJ_MUST_CHECK bool sj_oid_text(struct sj_span oid, char *out, size_t cap);

/*
 * Content bytes from dotted text of `len` characters: at least two arcs,
 * decimal, no leading zeros, each below 2^32 (the second below 40 under 0 and 1;
 * under 2 below 2^32 - 80). False, nothing written: anything else, or they do
 * not fit.
 */
SJ_MUST_CHECK bool sj_oid_read(const char *text, size_t len, struct sj_writer *out);

#endif
