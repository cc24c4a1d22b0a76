/* admit.h -- one certificate into an import, or refused with a reason. */
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
/* Copies what fits the caller's struct; NULL is fine. */
void sj_counts_give(const struct sj_trust_counts *found, struct sj_trust_counts *counts);

#endif
