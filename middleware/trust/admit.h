/* admit.h -- certificates and CRLs into an import, or refused with a reason. */
#ifndef SJ_TRUST_ADMIT_H
#define SJ_TRUST_ADMIT_H

#include "trust/store.h"

/*
 * Adds a certificate that somebody believed vouches for, as a CSCA or a link
 * certificate, and counts it. SJ_INPUT_REFUSED: it is not acceptable; counted,
 * and the listener was told why. Anything else: the import must be aborted.
 */
SJ_MUST_CHECK enum sj_rc sj_admit(struct sj_trust_batch *batch, struct sj_span der,
				  struct sj_trust_counts *counts);
/* The same of a self-signed certificate: a CSCA's, or a key CA's. SJ_INPUT_MALFORMED: none at all. */
SJ_MUST_CHECK enum sj_rc sj_admit_anchor(struct sj_trust_batch *batch, struct sj_span der,
					 bool key_ca, struct sj_trust_counts *counts);
/* The same of a link, which a CSCA or link of `trust` has signed. */
SJ_MUST_CHECK enum sj_rc sj_admit_link(const struct sj_trust *trust, struct sj_trust_batch *batch,
				       struct sj_span der, struct sj_trust_counts *counts);
/* A CRL, which a CA of `trust` has signed, in place of the one of its name. */
SJ_MUST_CHECK enum sj_rc sj_admit_crl(const struct sj_trust *trust, struct sj_trust_batch *batch,
				      struct sj_span der, int64_t *this_update);
/*
 * All certificates of a master list, whose signer stands below a CSCA of `trust`.
 * SJ_INPUT_MALFORMED, SJ_MASTERLIST_SIGNER.
 */
SJ_MUST_CHECK enum sj_rc sj_admit_masterlist(const struct sj_trust *trust,
					     struct sj_trust_batch *batch, struct sj_span list,
					     struct sj_trust_counts *counts);
/* Copies what fits the caller's struct; NULL is fine. */
void sj_counts_give(const struct sj_trust_counts *found, struct sj_trust_counts *counts);

#endif
