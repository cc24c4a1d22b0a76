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
#define SJ_OID_TA_RSA SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x02\x01")
#define SJ_OID_TA_ECDSA SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x02\x02")
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
#define SJ_OID_RI_ECDH SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x05\x02")
#define SJ_OID_RI_ECDH_SHA_256 SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x02\x02\x05\x02\x03")
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

/* id-roles, 0.4.0.127.0.7.3.1.2; .1 id-IS, .2 id-AT, .3 id-ST (part 4). */
#define SJ_OID_ROLES SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x02")
/* Bits of an authentication terminal's template, from the right (part 4, table 4). */
#define SJ_AT_READ_DG(n) (7u + (n)) /* 1..22 */
#define SJ_AT_WRITE_DG(n) (54u - (n)) /* 17..22 */
#define SJ_AT_AGE 0u
#define SJ_AT_MUNICIPALITY 1u
#define SJ_AT_RESTRICTED_ID 2u
#define SJ_AT_PRIVILEGED 3u
#define SJ_AT_CAN_ALLOWED 4u
#define SJ_AT_PIN_MANAGEMENT 5u
/* An inspection system's (part 4). */
#define SJ_IS_READ_DG3 0u
#define SJ_IS_READ_DG4 1u
/* Authorization extensions of authentication terminals (part 4, 2.2.3.2). */
#define SJ_OID_EID_ACCESS SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x02\x02\x01")
#define SJ_OID_SPECIAL_FUNCTIONS SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x02\x02\x02")
/* id-extensions, 0.4.0.127.0.7.3.1.3 (C.3; part 4, 2.2.6). */
#define SJ_OID_CVC_DESCRIPTION SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x03\x01")
#define SJ_OID_CVC_SECTOR SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x03\x02")

/* id-AuxiliaryData 0.4.0.127.0.7.3.1.4: a birth date, today, a municipality (A.7.5). */
#define SJ_OID_AUX SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x04")
#define SJ_OID_AUX_BIRTH SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x04\x01")
#define SJ_OID_AUX_EXPIRY SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x04\x02")
#define SJ_OID_AUX_COMMUNITY SJ_SPAN_STR("\x04\x00\x7F\x00\x07\x03\x01\x04\x03")

/* The eID application: id-eID 0.4.0.127.0.7.3.2 behind E8 (part 4, 2.2.1). */
#define SJ_AID_EID SJ_SPAN_STR("\xE8\x07\x04\x00\x7F\x00\x07\x03\x02")

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
#define SJ_TAG_PUBLIC_MODULUS 0x81u /* RSA */
#define SJ_TAG_PUBLIC_EXPONENT 0x82u
#define SJ_TAG_PUBLIC_PRIME 0x81u /* elliptic curves */
#define SJ_TAG_PUBLIC_A 0x82u
#define SJ_TAG_PUBLIC_B 0x83u
#define SJ_TAG_PUBLIC_GENERATOR 0x84u
#define SJ_TAG_PUBLIC_ORDER 0x85u
#define SJ_TAG_PUBLIC_POINT 0x86u
#define SJ_TAG_PUBLIC_COFACTOR 0x87u

/* CV certificates and requests (C.1, C.2, D.2). */
#define SJ_TAG_CVC 0x7F21u
#define SJ_TAG_CVC_BODY 0x7F4Eu
#define SJ_TAG_CVC_PROFILE 0x5F29u
#define SJ_TAG_CVC_AUTHORITY 0x42u /* certification authority reference */
#define SJ_TAG_CVC_HOLDER 0x5F20u /* certificate holder reference */
#define SJ_TAG_CVC_CHAT 0x7F4Cu /* certificate holder authorization template */
#define SJ_TAG_CVC_EFFECTIVE 0x5F25u
#define SJ_TAG_CVC_EXPIRATION 0x5F24u
#define SJ_TAG_CVC_EXTENSIONS 0x65u
#define SJ_TAG_CVC_SIGNATURE 0x5F37u
#define SJ_TAG_CVC_AUTHENTICATION 0x67u
#define SJ_TAG_DISCRETIONARY 0x53u
#define SJ_TAG_DISCRETIONARY_TEMPLATE 0x73u

/* Dynamic authentication data of PACE (ICAO Doc 9303-11, table 4): command, response. */
#define SJ_TAG_PACE_NONCE 0x80u /* response of step 1 */
#define SJ_TAG_PACE_MAP_OUT 0x81u
#define SJ_TAG_PACE_MAP_IN 0x82u
#define SJ_TAG_PACE_KEY_OUT 0x83u
#define SJ_TAG_PACE_KEY_IN 0x84u
#define SJ_TAG_PACE_TOKEN_OUT 0x85u
#define SJ_TAG_PACE_TOKEN_IN 0x86u
#define SJ_TAG_PACE_CAR 0x87u /* certification authority reference, the newest */
#define SJ_TAG_PACE_CAR_BEFORE 0x88u /* the one before */
#define SJ_TAG_PACE_CAM 0x8Au /* encrypted chip authentication data */

/* Dynamic authentication data of Restricted Identification (B.4): sector key and identifier. */
#define SJ_TAG_RI_KEY_1 0xA0u
#define SJ_TAG_RI_KEY_2 0xA2u
#define SJ_TAG_RI_ID_1 0x81u
#define SJ_TAG_RI_ID_2 0x83u

#endif
