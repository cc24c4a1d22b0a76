/*
 * status_build.h -- the issuing side of status lists: building, signing. For tools/authority; nothing here is exported.
 */
#ifndef SJ_TRUST_STATUS_BUILD_H
#define SJ_TRUST_STATUS_BUILD_H

#include "trust/status_file.h"

/* One partition as the issuer knows it. */
struct sj_status_revoked {
	uint16_t partition;
	uint32_t size; /* indices, at least 1 */
	const uint32_t *list; /* revoked ones, strictly ascending, below size */
	size_t n;
};

/*
 * Codes partitions (ascending) into the body of a list; its memory is the
 * draft's. SJ_INPUT_REFUSED: out of order or range, or too large.
 */
SJ_MUST_CHECK enum sj_rc sj_status_build(const struct sj_status_revoked *parts, size_t n,
					 struct sj_status_draft *draft, struct sj_span *body);

/*
 * Signs a head with the status signer's key, as which an authority's token must
 * name it. False: an issuer without name, next_update before not_before, no room.
 */
SJ_MUST_CHECK bool sj_status_head_put(struct sj_writer *w, const struct sj_status_head *head,
				      const struct sj_key *key);

#endif
