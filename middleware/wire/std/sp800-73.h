/*
 * sp800-73.h -- constants of the PIV card application.
 *
 * Source: NIST SP 800-73-5 (2024), parts 1 and 2; SP 800-78-5 (2024), tables 7
 * to 11 (algorithm and key references). YUBICO_*: the extensions of YubiKey
 * firmware 5.7, "PIV extensions" of its technical manual.
 */
#ifndef SJ_WIRE_STD_SP800_73_H
#define SJ_WIRE_STD_SP800_73_H

/* Part 1, 2.2: RID, PIX, version 01 00. */
#define PIV_AID \
	{ \
		0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00 \
	}
#define PIV_AID_SIZE 11u
#define PIV_AID_SHORT 9u /* RID and PIX without the version */
#define PIV_RID_SIZE 5u

/* Part 2, table 2: instructions of the card command interface. */
#define PIV_INS_VERIFY 0x20
#define PIV_INS_CHANGE_REFERENCE_DATA 0x24
#define PIV_INS_RESET_RETRY_COUNTER 0x2C
#define PIV_INS_GENERATE 0x47
#define PIV_INS_GENERAL_AUTHENTICATE 0x87
#define PIV_INS_GET_DATA 0xCB
#define PIV_INS_PUT_DATA 0xDB

/* Extensions. */
#define YUBICO_INS_MOVE_KEY 0xF6
#define YUBICO_INS_GET_METADATA 0xF7
#define YUBICO_INS_GET_SERIAL 0xF8
#define YUBICO_INS_ATTEST 0xF9
#define YUBICO_INS_SET_PIN_RETRIES 0xFA
#define YUBICO_INS_RESET 0xFB
#define YUBICO_INS_GET_VERSION 0xFD
#define YUBICO_INS_IMPORT 0xFE
#define YUBICO_INS_SET_MANAGEMENT_KEY 0xFF

/* Part 1, table 4; part 2, 2.4.3: references of PINs and the like. */
#define PIV_REF_GLOBAL_PIN 0x00
#define PIV_REF_PIN 0x80
#define PIV_REF_PUK 0x81
#define PIV_REF_PAIRING_CODE 0x98

/* SP 800-78-5, table 9: keys. */
#define PIV_KEY_SECURE_MESSAGING 0x04
#define PIV_KEY_RETIRED_FIRST 0x82
#define PIV_KEY_RETIRED_LAST 0x95
#define PIV_KEY_AUTHENTICATION 0x9A
#define PIV_KEY_ADMINISTRATION 0x9B
#define PIV_KEY_SIGNATURE 0x9C
#define PIV_KEY_MANAGEMENT 0x9D
#define PIV_KEY_CARD_AUTHENTICATION 0x9E
#define YUBICO_KEY_ATTESTATION 0xF9

/* SP 800-78-5, table 10: algorithms. */
#define PIV_ALG_3DES_DEFAULT 0x00
#define PIV_ALG_3DES 0x03
#define PIV_ALG_RSA_3072 0x05
#define PIV_ALG_RSA_1024 0x06
#define PIV_ALG_RSA_2048 0x07
#define PIV_ALG_AES_128 0x08
#define PIV_ALG_AES_192 0x0A
#define PIV_ALG_AES_256 0x0C
#define PIV_ALG_P256 0x11
#define PIV_ALG_P384 0x14
#define PIV_ALG_CS2 0x27
#define PIV_ALG_CS7 0x2E
#define YUBICO_ALG_RSA_4096 0x16
#define YUBICO_ALG_ED25519 0xE0
#define YUBICO_ALG_X25519 0xE1

/* Part 2, table 7: the dynamic authentication template 7C. */
#define PIV_TAG_AUTHENTICATION 0x7C
#define PIV_TAG_WITNESS 0x80
#define PIV_TAG_CHALLENGE 0x81
#define PIV_TAG_RESPONSE 0x82
#define PIV_TAG_EXPONENTIATION 0x85

/* Part 1, table 3: data objects by their BER-TLV tag. */
#define PIV_OBJECT_DISCOVERY 0x7Eu
#define PIV_OBJECT_BIOMETRIC_GROUP 0x7F61u
#define PIV_OBJECT_CARD_AUTHENTICATION_CERTIFICATE 0x5FC101u
#define PIV_OBJECT_CHUID 0x5FC102u
#define PIV_OBJECT_FINGERPRINTS 0x5FC103u
#define PIV_OBJECT_AUTHENTICATION_CERTIFICATE 0x5FC105u
#define PIV_OBJECT_SECURITY 0x5FC106u
#define PIV_OBJECT_CCC 0x5FC107u
#define PIV_OBJECT_FACE 0x5FC108u
#define PIV_OBJECT_PRINTED 0x5FC109u
#define PIV_OBJECT_SIGNATURE_CERTIFICATE 0x5FC10Au
#define PIV_OBJECT_MANAGEMENT_CERTIFICATE 0x5FC10Bu
#define PIV_OBJECT_KEY_HISTORY 0x5FC10Cu
#define PIV_OBJECT_RETIRED_FIRST 0x5FC10Du /* certificate of key 82; the 20th is 5FC120 */
#define PIV_OBJECT_RETIRED_LAST 0x5FC120u
#define PIV_OBJECT_IRIS 0x5FC121u
#define PIV_OBJECT_SM_SIGNER 0x5FC122u
#define PIV_OBJECT_PAIRING_CODE 0x5FC123u
#define YUBICO_OBJECT_ATTESTATION_CERTIFICATE 0x5FFF01u
#define YUBICO_OBJECT_FIRST 0x5FFF00u /* free objects of card programs */
#define YUBICO_OBJECT_LAST 0x5FFFFFu
/*
 * Ours: 32 bytes that change when any data object or key does, for programs
 * that keep copies (PERSO.md). Readable always, written by nobody.
 */
#define SOJOURN_OBJECT_CONTENT 0x5FFF50u

/* Tags inside data objects. */
#define PIV_TAG_DATA 0x53
#define PIV_TAG_LIST 0x5C
#define PIV_TAG_CERTIFICATE 0x70
#define PIV_TAG_CERTINFO 0x71
#define PIV_TAG_MSCUID 0x72
#define PIV_TAG_INTERMEDIATE_CVC 0x7F21u
#define PIV_TAG_ERROR_DETECTION 0xFE
#define PIV_CERTINFO_GZIP 0x01
#define PIV_TAG_PUBLIC_KEY 0x7F49u
#define PIV_TAG_PIN_POLICY 0x5F2Fu
#define PIV_TAG_APPLICATION 0x61

/* Part 1, 3.3.2: first byte of the PIN usage policy. */
#define PIV_POLICY_PIN 0x40
#define PIV_POLICY_GLOBAL_PIN 0x20
#define PIV_POLICY_OCC 0x10
#define PIV_POLICY_VCI 0x08
#define PIV_POLICY_VCI_WITHOUT_PAIRING 0x04
/* The second byte when both PINs are there: which one to ask for. */
#define PIV_PREFER_PIN 0x10
#define PIV_PREFER_GLOBAL_PIN 0x20

#define PIV_PIN_SIZE 8u /* padded with FF */
#define PIV_PIN_MIN 6u
#define PIV_GUID_SIZE 16u

/* Policies of a key (extension), as in IMPORT, GENERATE and metadata. */
#define YUBICO_TAG_PIN_POLICY 0xAA
#define YUBICO_TAG_TOUCH_POLICY 0xAB
#define YUBICO_PIN_POLICY_NEVER 0x01
#define YUBICO_PIN_POLICY_ONCE 0x02
#define YUBICO_PIN_POLICY_ALWAYS 0x03
#define YUBICO_TOUCH_POLICY_NEVER 0x01

#endif
