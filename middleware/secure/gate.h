/*
 * gate.h -- the gate profile's bytes that card and gate both need: names,
 * rights, external authorization data, resumption credentials, the sealed
 * objects after the decision. GATE.md says what each means.
 */
#ifndef SJ_SECURE_GATE_H
#define SJ_SECURE_GATE_H

#include "secure/cwt.h"
#include "secure/edhoc.h"

#define SJ_GATE_SUITE 3 /* the one cipher suite of card and gate */
#define SJ_GATE_VERSION 1u /* tag 80 in the FCI */
#define SJ_GATE_OPERATOR 4u /* bytes of an operator id */
#define SJ_GATE_PSEUDONYM 16u
#define SJ_GATE_TICKET 109u /* a sealed ticket, opaque to the card */
#define SJ_GATE_READER_LIFE \
	(7u * 86400u) /* most seconds between nbf and exp of a reader's credential */
#define SJ_GATE_EAD_LABEL 0x534A

/* F0 53 4F 4A 4F 55 52 4E 01 */
struct sj_span sj_gate_aid(void);
/* C_I, C_R and the kid of ID_CRED_R: constants, each one byte that is a CBOR integer. */
struct sj_span sj_gate_c_i(void);
struct sj_span sj_gate_c_r(void);
struct sj_span sj_gate_kid_r(void);

/* Objects of the template 7C. */
enum sj_gate_tag {
	SJ_GATE_TAG_CREDENTIAL = 0x80, /* the reader's CWT, beside message_2 */
	SJ_GATE_TAG_MESSAGE_2 = 0x82,
	SJ_GATE_TAG_MESSAGE_3 = 0x83,
	SJ_GATE_TAG_MESSAGE_4 = 0x84,
	SJ_GATE_TAG_OBJECT = 0x85, /* sealed, after message_4 */
	SJ_GATE_TAG_ERROR = 0x8F,
};

enum sj_gate_sector {
	SJ_SECTOR_TRANSPORT = 1,
	SJ_SECTOR_FINANCE,
	SJ_SECTOR_EDUCATION,
	SJ_SECTOR_TELECOM,
	SJ_SECTOR_HEALTH,
	SJ_SECTOR_ACCOMMODATION,
	SJ_SECTOR_GOVERNMENT,
};
#define SJ_GATE_SECTORS 7u
#define SJ_GATE_SLOTS 8u /* credentials a sector; by HMAC(card secret, operator id) */

enum sj_gate_class {
	SJ_CLASS_NONE,
	SJ_CLASS_VISITOR,
	SJ_CLASS_RESIDENT,
	SJ_CLASS_PERMANENT,
	SJ_CLASS_RETURN
};

/* Rights of a reader, a bit each; the gate applet gives by the first three and the ages. */
enum sj_gate_right {
	SJ_RIGHT_VALID = 1 << 0,
	SJ_RIGHT_CLASS = 1 << 1,
	SJ_RIGHT_PSEUDONYM = 1 << 2,
	SJ_RIGHT_NAME = 1 << 3,
	SJ_RIGHT_NATIONALITY = 1 << 4,
	SJ_RIGHT_BIRTH_DATE = 1 << 5,
	SJ_RIGHT_DOCUMENT_NUMBER = 1 << 6,
	SJ_RIGHT_EXPIRY = 1 << 7,
	SJ_RIGHT_PORTRAIT = 1 << 8,
	SJ_RIGHT_ADDRESS = 1 << 9,
	SJ_RIGHT_PHONE = 1 << 10,
	SJ_RIGHT_ENTRY_RECORDS = 1 << 11,
	SJ_RIGHT_EMERGENCY = 1 << 12,
	SJ_RIGHT_INSURANCE_NUMBER = 1 << 13,
	SJ_RIGHT_FINGERPRINT = 1 << 14,
	SJ_RIGHT_HOME_PASSPORT = 1 << 15,
	SJ_RIGHT_AGE_FIRST = 1 << 16, /* then one bit each threshold of sj_gate_age() */
	SJ_RIGHT_TICKET = 1 << 24, /* resumption outside transport */
};
#define SJ_GATE_AGES 7u
/* The i-th threshold in years: 12, 14, 16, 18, 21, 60, 65; 0 past the end. */
unsigned sj_gate_age(size_t i);
/* Whether this reader may leave a ticket on a card: transport, or by right. */
bool sj_gate_may_resume(const struct sj_cwt_reader *reader);

/* EAD_3 of method 3, sealed to the reader: one length, zeros where there is no right. */
struct sj_gate_ead_3 {
	uint32_t epoch; /* of the newest status head that the card has verified; 0: none */
	uint8_t class; /* enum sj_gate_class */
	uint8_t ages; /* bit i: at least sj_gate_age(i) */
	uint8_t pseudonym[SJ_GATE_PSEUDONYM];
};
void sj_gate_ead_3_put(struct sj_writer *w, const struct sj_gate_ead_3 *ead);
SJ_MUST_CHECK bool sj_gate_ead_3_parse(struct sj_span in, struct sj_gate_ead_3 *out);

/* EAD_4: a ticket, or as many zeros; *ticket empty: none. */
void sj_gate_ead_4_put(struct sj_writer *w, struct sj_span ticket);
SJ_MUST_CHECK bool sj_gate_ead_4_parse(struct sj_span in, struct sj_span *ticket);

/* The PSK that goes with a ticket: EDHOC_Exporter( 32768, its salt, 32 ). */
SJ_MUST_CHECK bool sj_gate_psk(struct sj_edhoc_prk *exporter, struct sj_span ticket,
			       uint8_t psk[static SJ_PRK_SIZE]);
/* CRED_I ('I') or CRED_R ('R') of method 4: a CCS with that `sub` and the ticket's hash as kid. */
#define SJ_GATE_PSK_CRED 20u
SJ_MUST_CHECK bool sj_gate_psk_cred(uint8_t sub, struct sj_span ticket,
				    uint8_t out[static SJ_GATE_PSK_CRED]);

/* Sealed objects after message_4: one byte what it is, then its content. */
enum sj_gate_object {
	SJ_OBJECT_DONE = 0, /* card: taken; nothing to send */
	SJ_OBJECT_HEAD = 1, /* a signed status head, either way */
	SJ_OBJECT_WANT_HEAD = 2, /* gate: send me yours */
	SJ_OBJECT_STAPLE = 3, /* gate: a fresh credential in place of the one used */
	SJ_OBJECT_LINK = 4, /* gate: a signer's new key, signed by the gate CA */
	SJ_OBJECT_REFUSED = 255, /* card: not believed, or not wanted */
};
#define SJ_GATE_OBJECT_MAX 232u /* content; fits a short command and response */

/* The two keys of this exchange; wipe them. Counters begin at 0, one for each way. */
struct sj_gate_channel {
	uint8_t to_card[16], to_gate[16];
	uint8_t sent, received;
};
SJ_MUST_CHECK bool sj_gate_channel_make(struct sj_edhoc_prk *exporter, struct sj_gate_channel *out);
/* Seals type and content under `key` with this counter; the caller counts. */
SJ_MUST_CHECK bool sj_gate_object_seal(const uint8_t key[static 16], uint8_t counter, uint8_t type,
				       struct sj_span content, struct sj_writer *out);
/* Opens into `buffer`; content points into it. */
SJ_MUST_CHECK bool sj_gate_object_open(const uint8_t key[static 16], uint8_t counter,
				       struct sj_span sealed, struct sj_writer *buffer,
				       uint8_t *type, struct sj_span *content);

#endif
