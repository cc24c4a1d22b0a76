/*
 * status_block.h -- 65,536 indices of a status list as few bytes.
 *
 * STATUS.md documents the codings. Peter Elias, Robert Fano: quasi-succinct
 * sets; the high halves in unary, the low ones packed, some positions sampled.
 */
#ifndef SJ_TRUST_STATUS_BLOCK_H
#define SJ_TRUST_STATUS_BLOCK_H

#include "wire/bytes.h"

#define SJ_STATUS_BLOCK 65536u /* indices of a whole block */

enum sj_status_code {
	SJ_STATUS_EMPTY, /* nothing revoked: no bytes */
	SJ_STATUS_SPARSE, /* the revoked ones in Elias-Fano */
	SJ_STATUS_RAW, /* a bit each */
	SJ_STATUS_DENSE, /* the others in Elias-Fano */
};

/* A block in the clear: bit i % 8 of byte i / 8 is index i. */
struct sj_status_bits {
	uint8_t bytes[SJ_STATUS_BLOCK / 8];
};

static inline bool sj_status_bit(const uint8_t *bytes, uint32_t i)
{
	return (bytes[i / 8] >> i % 8 & 1) != 0;
}

/* A coded block; the spans belong to somebody else. */
struct sj_status_block {
	enum sj_status_code code;
	uint32_t low; /* Elias-Fano: bits of a low half, else 0 */
	struct sj_span ends; /* Elias-Fano: where its chunks end in the data */
	struct sj_span data;
};

#define SJ_STATUS_LOW_MAX 16u

/* n, everywhere: indices in the block, 1..SJ_STATUS_BLOCK. */

/*
 * Appends the shortest coding of the bits (0 from n on) to two writers. If one
 * has failed, *out has no meaning.
 */
void sj_status_block_put(struct sj_writer *ends, struct sj_writer *data,
			 const struct sj_status_bits *bits, uint32_t n,
			 struct sj_status_block *out);
/* Bytes of the ends that go with code and low. */
size_t sj_status_block_ends(const struct sj_status_block *block, uint32_t n);
/* False: code, low and sizes do not fit together. What holds may be asked. */
SJ_MUST_CHECK bool sj_status_block_check(const struct sj_status_block *block, uint32_t n);
/* Whether index x < n is revoked. Whatever the bytes are, they are not left. */
bool sj_status_block_has(const struct sj_status_block *block, uint32_t n, uint32_t x);
/*
 * Sets `bits`; those from n on are 0. False: elements out of order or range.
 * (Whether it is the shortest coding shows when the bits are put again.)
 */
SJ_MUST_CHECK bool sj_status_block_read(const struct sj_status_block *block, uint32_t n,
					struct sj_status_bits *bits);
bool sj_status_block_eq(const struct sj_status_block *a, const struct sj_status_block *b);

#endif
