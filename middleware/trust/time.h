/* time.h -- evidence of the time, from signed data. */
#ifndef SJ_TRUST_TIME_H
#define SJ_TRUST_TIME_H

#include "trust/store.h"

/* Reads `time` into trust->evidence. SJ_TRUST_UNREADABLE: malformed. */
SJ_MUST_CHECK enum sj_rc sj_trust_time_read(struct sj_trust *trust);

#endif
