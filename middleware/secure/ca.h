/*
 * ca.h -- the bytes and key schedule of Chip Authentication version 1 (ECDH).
 *
 * Source: ICAO Doc 9303-11 (8th ed.), 6.2; BSI TR-03110-3 v2.21, A.4 and A.2.
 */
#ifndef SJ_SECURE_CA_H
#define SJ_SECURE_CA_H

#include "crypt/ec.h"
#include "secure/sm.h"

/* id-CA-ECDH-*: content bytes of the OBJECT IDENTIFIER (static; 10 bytes). */
struct sj_span sj_ca_oid(enum sj_cipher cipher);
SJ_MUST_CHECK bool sj_ca_from_oid(struct sj_span oid, enum sj_cipher *cipher);
/* id-PK-ECDH, content bytes (static). */
struct sj_span sj_ca_public_key_oid(void);

/*
 * Session keys after Chip Authentication from own scalar and peer's point;
 * the SSC starts again at zero.
 */
SJ_MUST_CHECK bool sj_ca_session(enum sj_cipher c, enum sj_curve curve,
				 const struct sj_ec_secret *own, const struct sj_ec_point *peer,
				 struct sj_sm_keys *keys);

#endif
