/*
 * ri.h -- Restricted Identification with ECDH, for card, reader and authority.
 *
 * Source: BSI TR-03110-3 v2.21, A.5; TR-03110-2, 3.6.
 */
#ifndef SJ_SECURE_RI_H
#define SJ_SECURE_RI_H

#include "crypt/ec.h"
#include "crypt/hash.h"

#define SJ_RI_IDENTIFIER 32u /* bytes: SHA-256 */

/* id-RI-ECDH-SHA-256, content bytes (static). */
struct sj_span sj_ri_oid(void);
/*
 * H(Comp(own * peer)): the card from its key and the sector's, and whoever revokes from the
 * sector's key and the card's public one.
 */
SJ_MUST_CHECK bool sj_ri_identifier(enum sj_curve curve, const struct sj_ec_secret *own,
				    const struct sj_ec_point *peer,
				    uint8_t out[static SJ_RI_IDENTIFIER]);
/*
 * The sector's public key: the whole of 7F49 with domain parameters and the OID above. Of that, all
 * of it, is the hash in terminal certificates (C.3.2.1). It goes to the card with the tag A0 or A2
 * instead (B.4.1).
 */
void sj_ri_key_put(struct sj_writer *w, enum sj_curve curve, const struct sj_ec_point *key);
/*
 * From the content of 7F49 (A0, A2). False: not such, a curve we do not know, the point not on it.
 */
SJ_MUST_CHECK bool sj_ri_key_read(struct sj_span content, enum sj_curve *curve,
				  struct sj_ec_point *key);
/*
 * The hash of the whole 7F49 with this content. Certificates name the key by it, with the hash
 * function of their own signature; lists of revoked pseudonyms with SHA-256.
 */
SJ_MUST_CHECK bool sj_ri_key_hash(enum sj_hash alg, struct sj_span content,
				  uint8_t out[static SJ_HASH_MAX]);
/* A certificate that says this hash, of whichever function has its size, names the key. */
bool sj_ri_key_is(struct sj_span content, struct sj_span hash);

#endif
