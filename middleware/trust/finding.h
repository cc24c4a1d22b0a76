/* finding.h -- what a check found: a failure id and a sentence. */
#ifndef SJ_TRUST_FINDING_H
#define SJ_TRUST_FINDING_H

#include <sojourn/failure.h>

#define SJ_FINDING_TEXT 160u

struct sj_finding {
	enum sj_rc rc; /* SJ_OK: nothing wrong */
	char detail[SJ_FINDING_TEXT]; /* a sentence; no personal data */
};

/* Sets both; the text is cut to fit. */
__attribute__((format(printf, 3, 4))) void sj_find(struct sj_finding *f, enum sj_rc rc,
						   const char *format, ...);

#endif
