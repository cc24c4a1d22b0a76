/* statusbody.h -- the body of a status list, from the register in one pass. */
#ifndef SJ_AUTHORITY_STATUSBODY_H
#define SJ_AUTHORITY_STATUSBODY_H

#include "authority/register.h"
#include "trust/status_list.h"

/*
 * Codes what is revoked or suspended, of this month and REGISTER_MONTHS_AHEAD more, in the
 * draft's memory; free that with sj_status_draft_free(), whatever this returned. *revoked: how
 * many. Besides the draft it takes one bit for each index of one month. Returns 0 or the exit
 * code of what it told.
 */
CLI_MUST_CHECK int statusbody_code(struct cli *cli, struct holder_register *r,
				   struct sj_status_draft *draft, struct sj_span *body,
				   size_t *revoked);

#endif
