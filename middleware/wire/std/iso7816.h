/*
 * iso7816.h -- constants of ISO/IEC 7816-4:2020 and 7816-6:2016, and of the
 * PC/SC pseudo command that readers answer. Constants only.
 */
#ifndef SJ_WIRE_STD_ISO7816_H
#define SJ_WIRE_STD_ISO7816_H

/* Class bytes, 5.4.1, tables 2 and 3. */
#define SJ_CLA_INTERINDUSTRY 0x00u
#define SJ_CLA_CHAINING 0x10u /* not the last command of a chain */
#define SJ_CLA_SM 0x0Cu /* secure messaging, command header authenticated */
#define SJ_CLA_CHANNEL_MASK 0x03u
#define SJ_CLA_PROPRIETARY 0x80u

/* Instruction bytes, 5.5. */
#define SJ_INS_VERIFY 0x20u
#define SJ_INS_MSE 0x22u /* MANAGE SECURITY ENVIRONMENT */
#define SJ_INS_PSO 0x2Au /* PERFORM SECURITY OPERATION */
#define SJ_INS_RESET_RETRY_COUNTER 0x2Cu
#define SJ_INS_MANAGE_CHANNEL 0x70u
#define SJ_INS_EXTERNAL_AUTHENTICATE 0x82u
#define SJ_INS_GET_CHALLENGE 0x84u
#define SJ_INS_GENERAL_AUTHENTICATE 0x86u
#define SJ_INS_INTERNAL_AUTHENTICATE 0x88u
#define SJ_INS_SELECT 0xA4u
#define SJ_INS_READ_BINARY 0xB0u
#define SJ_INS_READ_BINARY_ODD 0xB1u
#define SJ_INS_READ_RECORD 0xB2u
#define SJ_INS_GET_RESPONSE 0xC0u
#define SJ_INS_GET_DATA 0xCAu
#define SJ_INS_GET_DATA_ODD 0xCBu
#define SJ_INS_UPDATE_BINARY 0xD6u
#define SJ_INS_UPDATE_BINARY_ODD 0xD7u
#define SJ_INS_PUT_DATA 0xDAu
#define SJ_INS_PUT_DATA_ODD 0xDBu

/* SELECT, 11.2.2. */
#define SJ_SELECT_FILE_ID 0x00u /* P1: MF, DF or EF by identifier */
#define SJ_SELECT_CHILD_DF 0x01u
#define SJ_SELECT_CHILD_EF 0x02u /* P1: EF under the current DF */
#define SJ_SELECT_PARENT 0x03u
#define SJ_SELECT_DF_NAME 0x04u /* P1: application by AID */
#define SJ_SELECT_PATH_MF 0x08u /* P1: path from the MF */
#define SJ_SELECT_PATH_DF 0x09u /* P1: path from the current DF */
#define SJ_SELECT_FIRST 0x00u /* P2, bits 2-1 */
#define SJ_SELECT_LAST 0x01u
#define SJ_SELECT_NEXT 0x02u
#define SJ_SELECT_PREVIOUS 0x03u
#define SJ_SELECT_FCI 0x00u /* P2, bits 4-3: what is answered */
#define SJ_SELECT_FCP 0x04u
#define SJ_SELECT_FMD 0x08u
#define SJ_SELECT_NO_DATA 0x0Cu

/* READ BINARY, 11.3.3. */
#define SJ_READ_SHORT_ID 0x80u /* P1: bits 5-1 are a short identifier */
#define SJ_READ_OFFSET_MAX 0x7FFFu /* greatest offset with the even INS */

/* MSE, 11.6. */
#define SJ_MSE_SET_COMPUTE 0x41u /* P1: set, for computing or internal authentication */
#define SJ_MSE_SET_VERIFY 0x81u /* P1: set, for verifying or external authentication */
#define SJ_MSE_SET_MUTUAL 0xC1u /* P1: set, for mutual authentication (PACE) */
#define SJ_MSE_AT 0xA4u /* P2: control reference template for authentication */
#define SJ_MSE_KAT 0xA6u /* P2: for key agreement */
#define SJ_MSE_DST 0xB6u /* P2: for digital signature */
#define SJ_PSO_CERTIFICATE 0xBEu /* P2 of PSO, P1 00: verify a certificate that describes itself */

/* Data objects of control reference templates, 10. */
#define SJ_TAG_CRT_OID 0x80u /* cryptographic mechanism reference */
#define SJ_TAG_CRT_REFERENCE 0x83u /* password, public key or secret key */
#define SJ_TAG_CRT_PRIVATE 0x84u /* private key or domain parameters */

#define SJ_TAG_CRT_EPHEMERAL 0x91u /* ephemeral public key, compressed (TR-03110-3, B.3) */

/* Secure messaging data objects, 10. */
#define SJ_TAG_SM_CRYPTOGRAM_ODD 0x85u /* without padding indicator (odd INS) */
#define SJ_TAG_SM_CRYPTOGRAM 0x87u /* with padding indicator */
#define SJ_TAG_SM_MAC 0x8Eu
#define SJ_TAG_SM_LE 0x97u
#define SJ_TAG_SM_STATUS 0x99u

/* Dynamic authentication data, 11.6. */
#define SJ_TAG_DYNAMIC_AUTHENTICATION 0x7Cu

/* Interindustry data objects. */
#define SJ_TAG_AID 0x4Fu
#define SJ_TAG_APPLICATION_LABEL 0x50u
#define SJ_TAG_OFFSET 0x54u /* odd INS: where the data are */
#define SJ_TAG_DISCRETIONARY 0x53u /* odd INS: the data */
#define SJ_TAG_TAG_LIST 0x5Cu
#define SJ_TAG_APPLICATION 0x61u /* application template */
#define SJ_TAG_FCP 0x62u
#define SJ_TAG_FCI 0x6Fu
#define SJ_TAG_CARD_SERVICE 0x43u
#define SJ_TAG_CAPABILITIES 0x47u
#define SJ_TAG_EXTENDED_LENGTH 0x7F66u
#define SJ_TAG_FCP_SIZE 0x80u /* bytes in a transparent file */
#define SJ_TAG_FCP_DESCRIPTOR 0x82u
#define SJ_TAG_FCP_FILE_ID 0x83u
#define SJ_TAG_FCP_DF_NAME 0x84u
#define SJ_TAG_FCP_SHORT_ID 0x88u
#define SJ_TAG_FCP_LIFE_CYCLE 0x8Au

#define SJ_FID_MF 0x3F00u
#define SJ_FID_CURRENT_DF 0x3FFFu

/* PC/SC part 3 (rev. 2.01.09), 3.2.2.1.3: GET DATA of the reader, P1 00: the UID. */
#define SJ_PCSC_CLA 0xFFu

#endif
