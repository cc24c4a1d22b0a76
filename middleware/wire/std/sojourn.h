/*
 * sojourn.h -- object identifiers of our own, content bytes.
 *
 * Under 1.2.840.113556.1.8000.2554.3117.718.31458.16442.33490.7549120.15607694:
 * the UUID 0c2d02ce-7ae2-403a-82d2-7330c0ee278e, in the arc that Microsoft gives to everybody's
 * UUIDs (its script oidgen). The arc 2.25 of Recommendation ITU-T X.667 would be meant for this,
 * but libraries in wide use, Go's and Python's, read no certificate with a number so long.
 */
#ifndef SJ_WIRE_STD_SOJOURN_H
#define SJ_WIRE_STD_SOJOURN_H

#include "wire/bytes.h"

#define SJ_OID_SOJOURN \
	"\x2A\x86\x48\x86\xF7\x14\x01\xBE\x40\x93\x7A\x98\x2D\x85\x4E\x81" \
	"\xF5\x62\x81\x80\x3A\x82\x85\x52\x83\xCC\xE1\x40\x87\xB8\xCF\x0E"
/* .1: certificate extension, where the keys of a card stand in a status list. */
#define SJ_OID_SOJOURN_KEY_STATUS SJ_SPAN_STR(SJ_OID_SOJOURN "\x01")
/* .2: extended key usage of an attestation key: what it certifies signs in nowhere. */
#define SJ_OID_SOJOURN_ATTESTATION SJ_SPAN_STR(SJ_OID_SOJOURN "\x02")
/*
 * .3: authorization extension of CV certificates (BSI TR-03110-3, C.3.1): what a terminal may learn
 * beyond the data groups that have a bit of their own. Four bytes: SJ_RIGHT_... of secure/gate.h.
 */
#define SJ_OID_SOJOURN_RIGHTS SJ_SPAN_STR(SJ_OID_SOJOURN "\x03")
/* .4: extension of a terminal's CV certificate: sector (1), service (1), operator (4); secure/cvc_service.h. */
#define SJ_OID_SOJOURN_SERVICE SJ_SPAN_STR(SJ_OID_SOJOURN "\x04")

#endif
