/*
 * tr03110.h -- constants of BSI TR-03110-3 v2.21 (2016) and TR-03111 v2.1
 * (2018). Constants only; OIDs are content bytes.
 */
#ifndef SJ_WIRE_STD_TR03110_H
#define SJ_WIRE_STD_TR03110_H

#include "wire/bytes.h"

/* id-... = bsi-de protocols(2) smartcard(2) ..., 0.4.0.127.0.7.2.2.n (A). */
#define SJ_OID_PK_DH SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x01\x01")
#define SJ_OID_PK_ECDH SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x01\x02")
#define SJ_OID_TA SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x02")
#define SJ_OID_CA SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x03")
#define SJ_OID_CA_DH SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x03\x01")
#define SJ_OID_CA_ECDH SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x03\x02")
#define SJ_OID_PACE SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x04")
#define SJ_OID_PACE_DH_GM SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x04\x01")
#define SJ_OID_PACE_ECDH_GM SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x04\x02")
#define SJ_OID_PACE_DH_IM SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x04\x03")
#define SJ_OID_PACE_ECDH_IM SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x04\x04")
#define SJ_OID_PACE_ECDH_CAM SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x04\x06")
#define SJ_OID_RI SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x05")
#define SJ_OID_CI SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x06") /* card info */

/* id-SecurityObject: content type of EF.CardSecurity, 0.4.0.127.0.7.3.2.1 (A.1.2). */
#define SJ_OID_SECURITY_OBJECT SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x02\x01")

/* standardizedDomainParameters, 0.4.0.127.0.7.1.2 (A.2.1). */
#define SJ_OID_STANDARDIZED_PARAMETERS SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x01\x02")

/* ecdsa-plain-signatures, 0.4.0.127.0.7.1.1.4.1.n (TR-03111, 5.2.1). */
#define SJ_OID_ECDSA_PLAIN SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x01\x01\x04\x01")
#define SJ_OID_ECDSA_PLAIN_SHA1 SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x01\x01\x04\x01\x01")
#define SJ_OID_ECDSA_PLAIN_SHA224 SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x01\x01\x04\x01\x02")
#define SJ_OID_ECDSA_PLAIN_SHA256 SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x01\x01\x04\x01\x03")
#define SJ_OID_ECDSA_PLAIN_SHA384 SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x01\x01\x04\x01\x04")
#define SJ_OID_ECDSA_PLAIN_SHA512 SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x01\x01\x04\x01\x05")

/* The last arc of id-PACE-... and id-CA-...: the cipher (A.3, A.4). */
#define SJ_SUITE_3DES 1u
#define SJ_SUITE_AES_128 2u
#define SJ_SUITE_AES_192 3u
#define SJ_SUITE_AES_256 4u

#define SJ_PACE_VERSION 2u
#define SJ_CA_VERSION 1u
#define SJ_AA_VERSION 1u

/* Public key data object and its parts (D.3). */
#define SJ_TAG_PUBLIC_KEY 0x7F49u
#define SJ_TAG_PUBLIC_POINT 0x86u

/* Dynamic authentication data of PACE (ICAO Doc 9303-11, table 4): command, response. */
#define SJ_TAG_PACE_NONCE 0x80u /* response of step 1 */
#define SJ_TAG_PACE_MAP_OUT 0x81u
#define SJ_TAG_PACE_MAP_IN 0x82u
#define SJ_TAG_PACE_KEY_OUT 0x83u
#define SJ_TAG_PACE_KEY_IN 0x84u
#define SJ_TAG_PACE_TOKEN_OUT 0x85u
#define SJ_TAG_PACE_TOKEN_IN 0x86u
#define SJ_TAG_PACE_CAM 0x8Au /* encrypted chip authentication data */

#endif
