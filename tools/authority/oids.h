/*
 * oids.h -- content bytes of the object identifiers that an issuer writes.
 *
 * Sources: RFC 5280 (X.509 extensions and attribute types), RFC 5652 (CMS),
 * ICAO Doc 9303-12 (8th ed.) and Doc 9303-10 (8th ed.), 4.6.2 and 9.2.
 */
#ifndef SJ_AUTHORITY_OIDS_H
#define SJ_AUTHORITY_OIDS_H

#include "wire/bytes.h"

#define SJ_OID(bytes) SJ_SPAN_STR(bytes)

/* X.520 attribute types, 2.5.4.* */
#define SJ_OID_COMMON_NAME SJ_OID("\x55\x04\x03")
#define SJ_OID_COUNTRY_NAME SJ_OID("\x55\x04\x06")
#define SJ_OID_LOCALITY_NAME SJ_OID("\x55\x04\x07")
#define SJ_OID_ORGANIZATION_NAME SJ_OID("\x55\x04\x0A")

/* Certificate and CRL extensions, 2.5.29.* */
#define SJ_OID_SUBJECT_KEY_ID SJ_OID("\x55\x1D\x0E")
#define SJ_OID_KEY_USAGE SJ_OID("\x55\x1D\x0F")
#define SJ_OID_PRIVATE_KEY_USAGE_PERIOD SJ_OID("\x55\x1D\x10")
#define SJ_OID_SUBJECT_ALT_NAME SJ_OID("\x55\x1D\x11")
#define SJ_OID_ISSUER_ALT_NAME SJ_OID("\x55\x1D\x12")
#define SJ_OID_BASIC_CONSTRAINTS SJ_OID("\x55\x1D\x13")
#define SJ_OID_CRL_NUMBER SJ_OID("\x55\x1D\x14")
#define SJ_OID_AUTHORITY_KEY_ID SJ_OID("\x55\x1D\x23")
#define SJ_OID_EXTENDED_KEY_USAGE SJ_OID("\x55\x1D\x25")

/* ICAO, 2.23.136.1.1.* */
#define SJ_OID_LDS_SECURITY_OBJECT SJ_OID("\x67\x81\x08\x01\x01\x01")
#define SJ_OID_CSCA_MASTER_LIST SJ_OID("\x67\x81\x08\x01\x01\x02")
#define SJ_OID_MASTER_LIST_SIGNING_KEY SJ_OID("\x67\x81\x08\x01\x01\x03")
#define SJ_OID_AA_PROTOCOL SJ_OID("\x67\x81\x08\x01\x01\x05")
#define SJ_OID_DOCUMENT_TYPE_LIST SJ_OID("\x67\x81\x08\x01\x01\x06\x02")

/* BSI TR-03110-3 v2.21, A.1.1: id-SecurityObject, 0.4.0.127.0.7.3.2.1 */
#define SJ_OID_SECURITY_OBJECT SJ_OID("\x04\x00\x7F\x00\x07\x03\x02\x01")

/* CMS: 1.2.840.113549.1.7.2 and 1.2.840.113549.1.9.* */
#define SJ_OID_SIGNED_DATA SJ_OID("\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02")
#define SJ_OID_CONTENT_TYPE SJ_OID("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x03")
#define SJ_OID_MESSAGE_DIGEST SJ_OID("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x04")
#define SJ_OID_SIGNING_TIME SJ_OID("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x05")

#endif
