/*
 * eid.h -- data groups of the eID application: texts to bytes and back.
 *
 * Source: BSI TR-03110-4 v2.21, table 1 and ASN.1; groups 23 to 30 are our own
 * (card-sim/applets/eid/EID.md). A group is one element of tag 60 + n around one ASN.1 value.
 */
#ifndef SJ_WIRE_EID_H
#define SJ_WIRE_EID_H

#include "wire/tlv.h"

#define SJ_EID_GROUPS 30u
#define SJ_EID_STANDARD 22u
#define SJ_EID_PARTS 5u

enum sj_eid_group {
	SJ_EID_DOCUMENT_TYPE = 1,
	SJ_EID_ISSUING_STATE = 2,
	SJ_EID_EXPIRY = 3, /* YYYYMMDD */
	SJ_EID_GIVEN_NAMES = 4,
	SJ_EID_FAMILY_NAMES = 5,
	SJ_EID_BIRTH_DATE = 8, /* YYYYMMDD; unknown parts: blanks */
	SJ_EID_BIRTH_PLACE = 9,
	SJ_EID_NATIONALITY = 10,
	SJ_EID_SEX = 11,
	SJ_EID_ISSUE_DATE = 15,
	SJ_EID_ADDRESS = 17,
	SJ_EID_COMMUNITY = 18,
	SJ_EID_PHONE = 21,
	SJ_EID_EMAIL = 22,
	SJ_EID_DOCUMENT_NUMBER = 23,
	SJ_EID_CLASS = 24,
	SJ_EID_HOME_PASSPORT = 25, /* parts: state, number */
	SJ_EID_PORTRAIT = 26,
	SJ_EID_ENTRY_RECORDS = 27,
	SJ_EID_EMERGENCY = 28, /* parts: blood group, allergies, contact; any may be empty */
	SJ_EID_INSURANCE = 29,
	SJ_EID_STATUS = 30, /* partition (2) || index (4) */
};

/* E8 07 04 00 7F 00 07 03 02 */
struct sj_span sj_eid_aid(void);

/* The texts or bytes of a group; most have one part. Spans point into what was read. */
struct sj_eid_value {
	struct sj_span parts[SJ_EID_PARTS];
	size_t count;
};
/* Writes the whole group. Fails the writer: the value does not fit that group. ENTRY_RECORDS: see below. */
void sj_eid_put(struct sj_writer *w, unsigned group, const struct sj_eid_value *value);
/* Reads a whole group. False: malformed, or another group. */
SJ_MUST_CHECK bool sj_eid_read(struct sj_span in, unsigned group, struct sj_eid_value *out);

struct sj_eid_entry {
	struct sj_span date; /* YYYYMMDD */
	unsigned kind; /* 1 entry, 2 exit */
	struct sj_span place;
};
void sj_eid_entries_put(struct sj_writer *w, const struct sj_eid_entry *entries, size_t n);
/* Opens the group, then takes one after the other. */
SJ_MUST_CHECK bool sj_eid_entries_read(struct sj_span in, struct sj_span *items);
SJ_MUST_CHECK enum sj_tlv_rc sj_eid_entry_next(struct sj_span *items, struct sj_eid_entry *out);

#endif
