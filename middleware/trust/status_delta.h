/*
 * status_delta.h -- from one status list to the next in few bytes.
 *
 * STATUS.md documents the bytes. Whether the result is the right one only its
 * root tells: compare it with the new head.
 */
#ifndef SJ_TRUST_STATUS_DELTA_H
#define SJ_TRUST_STATUS_DELTA_H

#include "trust/status_list.h"

/*
 * The delta that makes `new` of `old`, in memory that the caller frees. Of each
 * partition the changed indices or the changed blocks, whichever is shorter.
 * SJ_INPUT_REFUSED: a partition has become smaller.
 */
SJ_MUST_CHECK enum sj_rc sj_status_delta_make(const struct sj_status_list *old,
					      const struct sj_status_list *new, uint8_t **out,
					      size_t *len);
/* The new body, in the draft. SJ_INPUT_MALFORMED: the delta does not fit the old list. */
SJ_MUST_CHECK enum sj_rc sj_status_delta_apply(const struct sj_status_list *old,
					       struct sj_span delta, struct sj_status_draft *draft,
					       struct sj_span *body);

#endif
