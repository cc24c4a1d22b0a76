/* time.h -- evidence of the time, from signed data. */
#ifndef SJ_TRUST_TIME_H
#define SJ_TRUST_TIME_H

#include "trust/store.h"

/* Reads `time` and `time-imported`. SJ_TRUST_UNREADABLE: malformed. */
SJ_MUST_CHECK enum sj_rc sj_trust_time_read(struct sj_trust *trust);

/*
 * Remembers the newest date of what was imported: no evidence of the time, but
 * what the dates of documents are measured by.
 */
SJ_MUST_CHECK enum sj_rc sj_trust_time_imported(struct sj_trust *trust, int64_t when);

/* What others sign proves no time further ahead of clock and imports than this, in seconds. */
#define SJ_TRUST_TIME_AHEAD INT64_C(31622400) /* 366 days */
/* Not further ahead of `now` (the system clock) and the imports than that. */
bool sj_trust_time_plausible(const struct sj_trust *trust, int64_t when, int64_t now);
/* The clock is so far behind that it is to be told (SJ_CLOCK_BEHIND); the evidence counts in any case. */
bool sj_trust_time_behind(int64_t evidence, int64_t now);
/*
 * What a document proves: as sj_trust_note_time(), but a time that is not
 * plausible is ignored, and it does not count as imported.
 */
SJ_MUST_CHECK enum sj_rc sj_trust_learn_time(struct sj_trust *trust, int64_t when, int64_t now);

#endif
