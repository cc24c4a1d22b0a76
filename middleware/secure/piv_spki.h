/*
 * piv_spki.h -- a public key as a PIV card gives it, as SubjectPublicKeyInfo.
 *
 * Sources: NIST SP 800-73-5, part 2, table 16 (7F49); RFC 3279, 2.3.1 and 2.3.5;
 * RFC 8410, 3 and 4.
 */
#ifndef SJ_SECURE_PIV_SPKI_H
#define SJ_SECURE_PIV_SPKI_H

#include "crypt/ec.h"
#include "wire/piv.h"

/* The curve of an algorithm or a cipher suite; SJ_CURVE_NONE: another kind. */
enum sj_curve sj_piv_curve(uint8_t algorithm);
/* False: w->failed, an unknown algorithm, or parts that are not those of such a key. */
SJ_MUST_CHECK bool sj_piv_key_spki_put(struct sj_writer *w, uint8_t algorithm,
				       const struct sj_piv_public *key);

#endif
