/*
 * rfc5652.h -- object identifiers of RFC 5652 (CMS) and tags of ASN.1's
 * universal types (ISO/IEC 8824-1:2021, 8.4). Constants only; OIDs are content bytes.
 */
#ifndef SJ_WIRE_STD_RFC5652_H
#define SJ_WIRE_STD_RFC5652_H

#include "wire/bytes.h"

#define SJ_OID_SIGNED_DATA SJ_SPAN_STR("\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02")
#define SJ_OID_ATTR_CONTENT_TYPE SJ_SPAN_STR("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x03")
#define SJ_OID_ATTR_MESSAGE_DIGEST SJ_SPAN_STR("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x04")
#define SJ_OID_ATTR_SIGNING_TIME SJ_SPAN_STR("\x2A\x86\x48\x86\xF7\x0D\x01\x09\x05")

#define SJ_ASN1_BOOLEAN 0x01u
#define SJ_ASN1_INTEGER 0x02u
#define SJ_ASN1_BIT_STRING 0x03u
#define SJ_ASN1_OCTET_STRING 0x04u
#define SJ_ASN1_NULL 0x05u
#define SJ_ASN1_OID 0x06u
#define SJ_ASN1_PRINTABLE_STRING 0x13u
#define SJ_ASN1_UTC_TIME 0x17u
#define SJ_ASN1_GENERALIZED_TIME 0x18u
#define SJ_ASN1_SEQUENCE 0x30u
#define SJ_ASN1_SET 0x31u
#define SJ_ASN1_CONTEXT(n) (0xA0u + (n)) /* constructed, [0] to [30] */

#endif
