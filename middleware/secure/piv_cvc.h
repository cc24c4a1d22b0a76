/*
 * piv_cvc.h -- the card verifiable certificates of the PIV card application.
 *
 * Source: NIST SP 800-73-5, part 2, 4.1.5: the secure messaging CVC and the
 * intermediate CVC (profile 80). Not those of BSI TR-03110.
 */
#ifndef SJ_SECURE_PIV_CVC_H
#define SJ_SECURE_PIV_CVC_H

#include "crypt/sign.h"

#define SJ_PIV_CVC_MAX 600u /* bytes; with an RSA-3072 signer */
#define SJ_PIV_CVC_CARD 0x00 /* role 5F4C: a card's key */
#define SJ_PIV_CVC_SIGNER 0x12 /* role: an intermediate CVC's */

struct sj_piv_cvc {
	struct sj_span element; /* whole 7F21 */
	struct sj_span body; /* what is signed: 5F29 up to 5F4C */
	struct sj_span issuer; /* 42: the first 8 bytes of the signer's key identifier */
	struct sj_span subject; /* 5F20: a card's GUID (16), a signer's identifier (8) */
	enum sj_curve curve;
	struct sj_ec_point key;
	uint8_t role;
	struct sj_span algorithm; /* AlgorithmIdentifier, whole element */
	struct sj_span signature; /* without the unused-bits byte */
};

/* False: malformed, another profile or curve, or a point that is not on it. */
SJ_MUST_CHECK bool sj_piv_cvc_read(struct sj_span in, struct sj_piv_cvc *out);
/* Its signature under the signer's SubjectPublicKeyInfo. */
SJ_MUST_CHECK bool sj_piv_cvc_verify(const struct sj_piv_cvc *cvc, struct sj_span spki);
/* Makes and signs one from issuer, subject, curve, key and role. */
SJ_MUST_CHECK bool sj_piv_cvc_put(struct sj_writer *w, const struct sj_piv_cvc *plan,
				  const struct sj_key *signer);

#endif
