/*
 * oids.h -- content bytes of the object identifiers that an issuer writes into names
 * and extensions. Others stand in wire/std.
 *
 * Source: RFC 5280 (X.509 extensions and attribute types).
 */
#ifndef SJ_AUTHORITY_OIDS_H
#define SJ_AUTHORITY_OIDS_H

#include "wire/bytes.h"

/* X.520 attribute types, 2.5.4.* */
#define SJ_OID_COMMON_NAME SJ_SPAN_STR("\x55\x04\x03")
#define SJ_OID_SERIAL_NUMBER SJ_SPAN_STR("\x55\x04\x05")
#define SJ_OID_COUNTRY_NAME SJ_SPAN_STR("\x55\x04\x06")
#define SJ_OID_LOCALITY_NAME SJ_SPAN_STR("\x55\x04\x07")
#define SJ_OID_ORGANIZATION_NAME SJ_SPAN_STR("\x55\x04\x0A")

/* Certificate and CRL extensions, 2.5.29.* */
#define SJ_OID_SUBJECT_KEY_ID SJ_SPAN_STR("\x55\x1D\x0E")
#define SJ_OID_KEY_USAGE SJ_SPAN_STR("\x55\x1D\x0F")
#define SJ_OID_PRIVATE_KEY_USAGE_PERIOD SJ_SPAN_STR("\x55\x1D\x10")
#define SJ_OID_SUBJECT_ALT_NAME SJ_SPAN_STR("\x55\x1D\x11")
#define SJ_OID_ISSUER_ALT_NAME SJ_SPAN_STR("\x55\x1D\x12")
#define SJ_OID_BASIC_CONSTRAINTS SJ_SPAN_STR("\x55\x1D\x13")
#define SJ_OID_CRL_NUMBER SJ_SPAN_STR("\x55\x1D\x14")
#define SJ_OID_AUTHORITY_KEY_ID SJ_SPAN_STR("\x55\x1D\x23")
#define SJ_OID_EXTENDED_KEY_USAGE SJ_SPAN_STR("\x55\x1D\x25")

/* Extended key usages: RFC 5280, 4.2.1.12; Microsoft's smart card logon; FIPS 201-3, 4.2. */
#define SJ_OID_CLIENT_AUTH SJ_SPAN_STR("\x2B\x06\x01\x05\x05\x07\x03\x02")
#define SJ_OID_EMAIL_PROTECTION SJ_SPAN_STR("\x2B\x06\x01\x05\x05\x07\x03\x04")
#define SJ_OID_SMARTCARD_LOGON SJ_SPAN_STR("\x2B\x06\x01\x04\x01\x82\x37\x14\x02\x02")
#define SJ_OID_PIV_CONTENT_SIGNING SJ_SPAN_STR("\x60\x86\x48\x01\x65\x03\x06\x07")
#define SJ_OID_PIV_CARD_AUTH SJ_SPAN_STR("\x60\x86\x48\x01\x65\x03\x06\x08")

/* FIPS 201-3 and SP 800-76: of the signature in the CHUID. */
#define SJ_OID_PIV_CHUID_OBJECT SJ_SPAN_STR("\x60\x86\x48\x01\x65\x03\x06\x01")
#define SJ_OID_PIV_SIGNER_DN SJ_SPAN_STR("\x60\x86\x48\x01\x65\x03\x06\x05")

#endif
