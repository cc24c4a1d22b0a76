/* by_scalar.h -- tests keep keys as scalars; what signs takes a struct sj_key. */
#ifndef TESTS_BY_SCALAR_H
#define TESTS_BY_SCALAR_H

#include "secure/cwt.h"
#include "trust/status_build.h"

/* sj_cwt_put() with a scalar on P-256. */
static inline bool cwt_put_by(struct sj_writer *w, const struct sj_cwt *cwt,
			      const struct sj_ec_secret *secret)
{
	struct sj_key *key = sj_key_from_ec(SJ_P256, secret);
	bool ok = key != NULL && sj_cwt_put(w, cwt, key);

	sj_key_free(key);
	return ok;
}

/* sj_status_head_put() likewise. */
static inline bool head_put_by(struct sj_writer *w, const struct sj_status_head *head,
			       const struct sj_ec_secret *secret)
{
	struct sj_key *key = sj_key_from_ec(SJ_P256, secret);
	bool ok = key != NULL && sj_status_head_put(w, head, key);

	sj_key_free(key);
	return ok;
}

#endif
