/*
 * status_list.h -- the partitions and blocks of one issuer's status list: what
 * its root covers. STATUS.md documents every byte.
 */
#ifndef SJ_TRUST_STATUS_LIST_H
#define SJ_TRUST_STATUS_LIST_H

#include <sojourn/status.h>

#include "trust/status_block.h"

#define SJ_STATUS_ROOT 32u
#define SJ_STATUS_PARTS_MAX 1024u
#define SJ_STATUS_PART_MAX 0x40000000u /* indices of a partition */
#define SJ_STATUS_BODY_MAX 0x20000000u /* bytes: all that a directory may cover */

struct sj_status_part {
	uint16_t partition;
	uint32_t size; /* indices, at least 1 */
	uint32_t first; /* its first block; set by whoever reads or builds */
};

static inline uint32_t sj_status_blocks(uint32_t size)
{
	return (size - 1) / SJ_STATUS_BLOCK + 1;
}

/* Partitions in ascending order. */
struct sj_status_parts {
	struct sj_status_part list[SJ_STATUS_PARTS_MAX];
	uint32_t n, blocks; /* of all */
	uint64_t indices; /* of all */
};

/* Sets first, blocks and indices from list and n. False: order, sizes or number. */
SJ_MUST_CHECK bool sj_status_parts_settle(struct sj_status_parts *parts);
/* NULL: there is none. */
const struct sj_status_part *sj_status_parts_find(const struct sj_status_parts *parts,
						  uint16_t partition);
/* Indices of block b (0..) of a partition. */
uint32_t sj_status_block_size(const struct sj_status_part *part, uint32_t b);
/* Partition count and table as lists and deltas begin. */
SJ_MUST_CHECK bool sj_status_parts_take(struct sj_span *in, struct sj_status_parts *parts);
void sj_status_parts_put(struct sj_writer *w, const struct sj_status_parts *parts);

/* A list over bytes that somebody else owns. */
struct sj_status_list {
	struct sj_status_parts parts;
	struct sj_span body; /* all of it */
	struct sj_span directory, ends, data;
};

/* False: sizes do not fit together. What opens may be asked, whatever it holds. */
SJ_MUST_CHECK bool sj_status_list_open(struct sj_span body, struct sj_status_list *out);
enum sj_status_answer sj_status_list_query(const struct sj_status_list *list, uint16_t partition,
					   uint32_t index);
/* Block b of a partition in the clear. */
SJ_MUST_CHECK bool sj_status_list_read(const struct sj_status_list *list,
				       const struct sj_status_part *part, uint32_t b,
				       struct sj_status_bits *bits);
/* Block b of a partition as it is coded. */
struct sj_status_block sj_status_list_block(const struct sj_status_list *list,
					    const struct sj_status_part *part, uint32_t b);
/* The root: SHA-256 of the body. */
SJ_MUST_CHECK bool sj_status_root(struct sj_span body, uint8_t root[static SJ_STATUS_ROOT]);

/*
 * A body being written, block after block. Begun by sj_status_draft_begin(), freed
 * by sj_status_draft_free(); large: keep it off the stack.
 */
struct sj_status_draft {
	uint8_t *bytes;
	struct sj_writer directory, ends, data; /* all in `bytes` */
	struct sj_status_bits bits; /* the next block, cleared after each */
};
SJ_MUST_CHECK bool sj_status_draft_begin(struct sj_status_draft *draft,
					 const struct sj_status_parts *parts);
/* Adds the draft's bits as a block of n indices. */
void sj_status_draft_block(struct sj_status_draft *draft, uint32_t n);
/* Adds a block of another list as it is coded; of as many indices. */
void sj_status_draft_copy(struct sj_status_draft *draft, const struct sj_status_block *block);
/* The body, in the draft's memory. False: something did not fit. */
SJ_MUST_CHECK bool sj_status_draft_end(struct sj_status_draft *draft, struct sj_span *body);
void sj_status_draft_free(struct sj_status_draft *draft);

#endif
