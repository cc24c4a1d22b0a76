/*
 * keyobjects.h -- data objects of the key application that the issuer makes, what stands
 * inside tag 53.
 *
 * Sources: NIST SP 800-73-5, part 1, 3.1 and appendix A; FIPS 201-3, 4.2.1.
 */
#ifndef SJ_AUTHORITY_KEYOBJECTS_H
#define SJ_AUTHORITY_KEYOBJECTS_H

#include "authority/signed.h"
#include "wire/piv.h"

#define KEYOBJECTS_MAX 3072u /* bytes of any of these */

/* Signed by the content signer, whose certificate is in it. `expires`: YYYYMMDD. */
SJ_MUST_CHECK bool keyobjects_put_chuid(struct sj_writer *w, struct sj_span guid,
					const char *expires, const struct sj_signed_by *signer);
#define KEYOBJECTS_CARD_ID 14u
#define KEYOBJECTS_CCC_MAX 64u
/* Card capability container; `id` is of this card alone. */
void keyobjects_put_ccc(struct sj_writer *w, const uint8_t id[static KEYOBJECTS_CARD_ID]);
/* The pairing code, for its holder to read. */
void keyobjects_put_pairing(struct sj_writer *w, const char *digits);
/*
 * Security object over CHUID and CCC, which nobody but the issuer changes. Hashed is what
 * stands inside 53.
 */
SJ_MUST_CHECK bool keyobjects_put_security(struct sj_writer *w, struct sj_span chuid,
					   struct sj_span ccc, const struct sj_signed_by *signer);

#endif
