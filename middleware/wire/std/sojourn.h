/*
 * sojourn.h -- object identifiers of our own, content bytes.
 *
 * Under 2.25.16184446231904434704153737356362262414, the arc of the UUID
 * 0c2d02ce-7ae2-403a-82d2-7330c0ee278e (Recommendation ITU-T X.667).
 */
#ifndef SJ_WIRE_STD_SOJOURN_H
#define SJ_WIRE_STD_SOJOURN_H

#include "wire/bytes.h"

#define SJ_OID_SOJOURN \
	"\x69\x98\xAD\x81\xB3\xCF\xAE\x92\x80\xF5\x82\xE9\x9C\xE6\x8C\x87\xB8\xCF\x0E"
/* .1: certificate extension, where the keys of a card stand in a status list. */
#define SJ_OID_SOJOURN_KEY_STATUS SJ_SPAN_STR(SJ_OID_SOJOURN "\x01")
/* .2: extended key usage of an attestation key: what it certifies signs in nowhere. */
#define SJ_OID_SOJOURN_ATTESTATION SJ_SPAN_STR(SJ_OID_SOJOURN "\x02")

#endif
