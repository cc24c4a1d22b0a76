/*
 * icao9303.h -- constants of ICAO Doc 9303, eighth edition (2021), parts 10,
 * 11 and 12, and of ISO/IEC 19794-5:2005. Constants only; OIDs are content bytes.
 */
#ifndef SJ_WIRE_STD_ICAO9303_H
#define SJ_WIRE_STD_ICAO9303_H

#include "wire/bytes.h"

/* Applications, part 10, 3.10 and 3.11.2. */
#define SJ_AID_LDS1 SJ_SPAN_STR("\xA0\x00\x00\x02\x47\x10\x01")
#define SJ_AID_TRAVEL_RECORDS SJ_SPAN_STR("\xA0\x00\x00\x02\x47\x20\x01")
#define SJ_AID_VISA_RECORDS SJ_SPAN_STR("\xA0\x00\x00\x02\x47\x20\x02")
#define SJ_AID_ADDITIONAL_BIOMETRICS SJ_SPAN_STR("\xA0\x00\x00\x02\x47\x20\x03")

/* File identifiers and short ones, part 10, 3.11 and table 38. */
#define SJ_FID_ATR_INFO 0x2F01u
#define SJ_FID_DIR 0x2F00u
#define SJ_FID_CARD_ACCESS 0x011Cu
#define SJ_FID_CARD_SECURITY 0x011Du
#define SJ_FID_COM 0x011Eu
#define SJ_FID_SOD 0x011Du
#define SJ_FID_DG1 0x0101u /* DGn: 0x0100 + n */
#define SJ_SFI_ATR_INFO 0x01u
#define SJ_SFI_CARD_ACCESS 0x1Cu
#define SJ_SFI_CARD_SECURITY 0x1Du
#define SJ_SFI_DIR 0x1Eu
#define SJ_SFI_COM 0x1Eu
#define SJ_SFI_SOD 0x1Du
#define SJ_SFI_DG1 0x01u /* DGn: n */

/* Outer tags of the files. */
#define SJ_TAG_COM 0x60u
#define SJ_TAG_DG1 0x61u
#define SJ_TAG_DG2 0x75u
#define SJ_TAG_DG3 0x63u
#define SJ_TAG_DG4 0x76u
#define SJ_TAG_DG5 0x65u
#define SJ_TAG_DG6 0x66u
#define SJ_TAG_DG7 0x67u
#define SJ_TAG_DG8 0x68u
#define SJ_TAG_DG9 0x69u
#define SJ_TAG_DG10 0x6Au
#define SJ_TAG_DG11 0x6Bu
#define SJ_TAG_DG12 0x6Cu
#define SJ_TAG_DG13 0x6Du
#define SJ_TAG_DG14 0x6Eu
#define SJ_TAG_DG15 0x6Fu
#define SJ_TAG_DG16 0x70u
#define SJ_TAG_SOD 0x77u

/* Inside EF.COM. */
#define SJ_TAG_LDS_VERSION 0x5F01u
#define SJ_TAG_UNICODE_VERSION 0x5F36u

/* Inside DG1, DG2, DG7. */
#define SJ_TAG_MRZ 0x5F1Fu
#define SJ_TAG_BIOMETRIC_GROUP 0x7F61u
#define SJ_TAG_BIOMETRIC_TEMPLATE 0x7F60u
#define SJ_TAG_BIOMETRIC_HEADER 0xA1u
#define SJ_TAG_BIOMETRIC_DATA 0x5F2Eu
#define SJ_TAG_BIOMETRIC_DATA_CONSTRUCTED 0x7F2Eu
#define SJ_TAG_SIGNATURE_IMAGE 0x5F43u

/* Inside DG11, DG12: names are in lds.h beside the fields. */
#define SJ_TAG_LDS_NAMES 0xA0u

/* Object identifiers, part 10, 6.1, table 99: 2.23.136.1.1... */
#define SJ_OID_ICAO_LDS_SECURITY_OBJECT SJ_SPAN_STR("\x67\x81\x08\x01\x01\x01")
#define SJ_OID_ICAO_MASTER_LIST SJ_SPAN_STR("\x67\x81\x08\x01\x01\x02")
#define SJ_OID_ICAO_MASTER_LIST_SIGNER SJ_SPAN_STR("\x67\x81\x08\x01\x01\x03")
#define SJ_OID_ICAO_AA SJ_SPAN_STR("\x67\x81\x08\x01\x01\x05") /* aaProtocolObject */
#define SJ_OID_ICAO_NAME_CHANGE SJ_SPAN_STR("\x67\x81\x08\x01\x01\x06\x01")
#define SJ_OID_ICAO_DOCUMENT_TYPE_LIST SJ_SPAN_STR("\x67\x81\x08\x01\x01\x06\x02")
#define SJ_OID_ICAO_DEVIATION_LIST SJ_SPAN_STR("\x67\x81\x08\x01\x01\x07")
#define SJ_OID_ICAO_DEVIATION_LIST_SIGNER SJ_SPAN_STR("\x67\x81\x08\x01\x01\x08")

/* Password references of PACE, part 11, 4.4.4.1. */
#define SJ_PASSWORD_MRZ 0x01u
#define SJ_PASSWORD_CAN 0x02u

#endif
