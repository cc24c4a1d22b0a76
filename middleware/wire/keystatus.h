/*
 * keystatus.h -- the extension of key certificates that says where the card's keys
 * stand in their issuer's status list.
 *
 *	KeyStatus ::= SEQUENCE { issuer PrintableString, partition INTEGER, index INTEGER }
 */
#ifndef SJ_WIRE_KEYSTATUS_H
#define SJ_WIRE_KEYSTATUS_H

#include "wire/bytes.h"

#define SJ_KEY_STATUS_ISSUER_MAX 8u

struct sj_key_status {
	struct sj_span issuer; /* "UTO", 1 to SJ_KEY_STATUS_ISSUER_MAX characters */
	uint16_t partition; /* month of expiry: (year - 2020) * 12 + month - 1 */
	uint32_t index;
};

/* `value`: what stands in the extension's OCTET STRING. False: malformed. */
SJ_MUST_CHECK bool sj_key_status_read(struct sj_span value, struct sj_key_status *out);
void sj_key_status_put(struct sj_writer *w, const struct sj_key_status *status);

#endif
