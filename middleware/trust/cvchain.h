/*
 * cvchain.h -- chains of card verifiable certificates, as the reader's side and the
 * authority judge them. Cards judge for themselves.
 *
 * Source: BSI TR-03110-3 v2.21, 2.5 (PKI for CV certificates), 2.7, C.
 */
#ifndef SJ_TRUST_CVCHAIN_H
#define SJ_TRUST_CVCHAIN_H

#include "secure/cvc.h"

enum sj_cv_fault {
	SJ_CV_GOOD,
	SJ_CV_MALFORMED,
	SJ_CV_ISSUER, /* names another issuer than this one */
	SJ_CV_ROLE, /* the issuer may not certify such a holder */
	SJ_CV_KIND, /* of another kind of terminal than its issuer */
	SJ_CV_KEY, /* domain parameters where there must be none, or none where they must be */
	SJ_CV_SIGNATURE,
	SJ_CV_DATES, /* begins outside the issuer's time */
};
/* "names another issuer"; never NULL. */
const char *sj_cv_fault_text(enum sj_cv_fault fault);

/* The end of a chain that was believed so far. It points into its certificate. */
struct sj_cv_end {
	struct sj_cvc cvc; /* its key has a curve */
	struct sj_cvc_rights effective;
};

/*
 * Begins with a CVCA's certificate on the caller's word; one that names itself as issuer must
 * have signed itself. SJ_CV_ROLE: not a CVCA's.
 */
enum sj_cv_fault sj_cv_begin(struct sj_span cvca, struct sj_cv_end *out);
/*
 * Goes on to a certificate that the end of the chain signed: CVCA to the next CVCA (a
 * link) and to DVs, DV to terminals; rights are narrowed. Whether it holds today is asked of
 * each by sj_cvc_valid_at(). *end is unchanged on a fault.
 */
enum sj_cv_fault sj_cv_step(struct sj_cv_end *end, struct sj_span certificate);

/*
 * May a store that believes these CVCA certificates believe one more? It has it already, or the key
 * of one of them signed it: a link to the next key, or what the key of a link says of itself. The
 * first CVCA of all is believed on somebody's word. Otherwise the fault that came nearest.
 */
enum sj_cv_fault sj_cv_admit(const struct sj_span *believed, size_t n, struct sj_span candidate);

#endif
