/* finding.h -- what a check found: a failure id and a sentence. */
#ifndef SJ_TRUST_FINDING_H
#define SJ_TRUST_FINDING_H

#include <sojourn/document.h>

#define SJ_FINDING_TEXT 160u

struct sj_finding {
	enum sj_rc rc; /* SJ_OK: nothing wrong */
	char detail[SJ_FINDING_TEXT]; /* a sentence; no personal data */
};

/* Sets both; the text is cut to fit. */
__attribute__((format(printf, 3, 4))) void sj_find(struct sj_finding *f, enum sj_rc rc,
						   const char *format, ...);

/* Sets a check's state, reason and sentence. */
__attribute__((format(printf, 4, 5))) void sj_check_set(struct sj_check *check,
							enum sj_check_state state, enum sj_rc rc,
							const char *format, ...);

#endif
