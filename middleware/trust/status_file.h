/*
 * status_file.h -- signed heads, and files of lists and deltas.
 *
 * STATUS.md documents every byte.
 */
#ifndef SJ_TRUST_STATUS_FILE_H
#define SJ_TRUST_STATUS_FILE_H

#include "secure/cwt.h"
#include "trust/signers.h"
#include "trust/status_list.h"

#define SJ_STATUS_HEAD_MAX 220u /* bytes of a signed head */
#define SJ_STATUS_FILE_HEAD 10u /* bytes before the head in a file */

/* What a head says. Times are seconds since 1970 UTC. */
struct sj_status_head {
	char issuer[SJ_STATUS_ISSUER_MAX];
	uint32_t epoch; /* from 1 */
	uint32_t indices; /* of the list, in all partitions */
	uint8_t root[SJ_STATUS_ROOT];
	uint8_t previous[SJ_STATUS_ROOT]; /* root of the epoch before; zeros: none */
	uint32_t not_before, next_update;
};

/* Reads and verifies a signed head. SJ_INPUT_MALFORMED; SJ_INPUT_REFUSED: nobody signed it. */
SJ_MUST_CHECK enum sj_rc sj_status_head_read(struct sj_span token, const struct sj_signers *signers,
					     struct sj_status_head *out);
/* Whether two heads say the same, whatever their signatures. */
bool sj_status_head_eq(const struct sj_status_head *a, const struct sj_status_head *b);

enum sj_status_file_kind { SJ_STATUS_FILE_LIST, SJ_STATUS_FILE_DELTA };

struct sj_status_file {
	enum sj_status_file_kind kind;
	struct sj_span head; /* signed */
	struct sj_span body; /* the list, or the delta */
};

/* Takes a file apart. False: it is neither. */
SJ_MUST_CHECK bool sj_status_file_read(struct sj_span bytes, struct sj_status_file *out);
/* SJ_STATUS_FILE_HEAD + head + body bytes. */
void sj_status_file_put(struct sj_writer *w, const struct sj_status_file *file);
/* Whether a body is what the head signs: root and number of indices; opens it. */
SJ_MUST_CHECK bool sj_status_body_open(struct sj_span body, const struct sj_status_head *head,
				       struct sj_status_list *out);

#endif
