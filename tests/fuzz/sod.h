/* sod.h -- EF.SOD over any groups, for seeds. */
#ifndef TESTS_FUZZ_SOD_H
#define TESTS_FUZZ_SOD_H

#include "authority/signed.h"

/* Its signer is of 2026, and known to nobody. */
bool fuzz_put_sod(struct sj_writer *out, const struct sj_sod_plan *plan);

#endif
