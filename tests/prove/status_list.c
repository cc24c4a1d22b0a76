/*
 * status_list.c -- opening a status list and asking it for one index, in trust/status_list.c: whatever
 * its bytes are, what opens may be asked, and no byte outside is read.
 *
 * refused: sj_status_list_query: index >= part->size => index > part->size
 * refused: directory_fits: entry.ends < before.ends ||  =>
 * only: sj_status_blocks sj_status_parts_settle sj_status_parts_find sj_status_block_size sj_status_parts_take get_u32 entry_at sj_status_list_block directory_fits blocks_fit sj_status_list_open sj_status_list_query
 */
#include "tests/prove/spans.h"

#include "trust/status_list.h"

/* clang-format off */
#define SIZE_OK(s) (1 <= (s) <= SJ_STATUS_PART_MAX)
//@ logic integer blocks_of(integer size) = (size - 1) / 65536 + 1;

/* Valid sizes, and the blocks of each partition behind those of the one before. */
#define SIZES_OK(p, m) \
	(\forall integer i_; 0 <= i_ < (m) ==> SIZE_OK((p).list[i_].size))
#define FIRSTS_IN(p, m) \
	(\forall integer i_; 0 <= i_ < (m) ==> (p).list[i_].first + blocks_of((p).list[i_].size) <= (p).blocks)
#define FIRSTS_FOLLOW(p, m) \
	(\forall integer i_; 0 < i_ < (m) ==> (p).list[i_].first == (p).list[i_ - 1].first + blocks_of((p).list[i_ - 1].size))
#define FIRSTS_END(p, m) \
	(((m) == 0 ==> (p).blocks == 0) && \
	 ((m) > 0 ==> (p).list[0].first == 0 && (p).list[(m) - 1].first + blocks_of((p).list[(m) - 1].size) == (p).blocks))
#define PARTS_OK(p) \
	((p).n <= SJ_STATUS_PARTS_MAX && (p).blocks <= 16384 * (p).n && SIZES_OK(p, (p).n) && FIRSTS_IN(p, (p).n) && \
	 FIRSTS_FOLLOW(p, (p).n) && FIRSTS_END(p, (p).n))
/* Unchanged in this iteration. */
#define KEPT(p, f, m) \
	(\forall integer i_; 0 <= i_ < (m) ==> (p)->list[i_].f == \at((p)->list[i_].f, LoopCurrent))

/* What the i-th entry of a directory says. */
/*@ logic integer word_of(uint8_t *at) = (uint32_t)(at[0] << 24) | (uint32_t)(at[1] << 16) | (uint32_t)(at[2] << 8) | at[3];
    logic integer ends_of(uint8_t *at, integer i) = word_of(at + 8 * i) & 33554431;
    logic integer low_of(uint8_t *at, integer i) = (word_of(at + 8 * i) >> 25) & 31;
    logic integer data_of(uint8_t *at, integer i) = word_of(at + (8 * i + 4)); */
/* Of the first m blocks, the ends rise to no more than e, the data to no more than d. */
#define RISES(l, m, e, d) \
	(\forall integer k_; 0 <= k_ < (m) ==> \
		ends_of((l).directory.ptr, k_) <= ends_of((l).directory.ptr, k_ + 1) <= (e) && \
		data_of((l).directory.ptr, k_) <= data_of((l).directory.ptr, k_ + 1) <= (d))
#define FITS(l) RISES(l, (l).parts.blocks, (l).ends.len, (l).data.len)
/* What sj_status_block_check() ensures of each. */
/*@ predicate even_at(uint8_t *at, integer i) = low_of(at, i) <= 16 && (ends_of(at, i + 1) - ends_of(at, i)) % 2 == 0; */
#define EVEN(l, m) (\forall integer k_; 0 <= k_ < (m) ==> even_at((l).directory.ptr, k_))
#define SPANS_OK(l) \
	((l).parts.blocks <= 0x1000000 && (l).directory.len == 8 * ((l).parts.blocks + 1) && \
	 span_ok((l).directory) && span_ok((l).ends) && span_ok((l).data))
/* clang-format on */

/*@ requires SIZE_OK(size);
    assigns \nothing;
    ensures \result == blocks_of(size) && 1 <= \result <= 16384; */
static inline uint32_t sj_status_blocks(uint32_t size);

/*@ requires \valid(parts);
    assigns *parts;
    ensures \result ==> parts->n <= SJ_STATUS_PARTS_MAX && parts->blocks <= 16384 * parts->n;
    ensures \result ==> SIZES_OK(*parts, parts->n);
    ensures \result ==> FIRSTS_IN(*parts, parts->n);
    ensures \result ==> FIRSTS_FOLLOW(*parts, parts->n);
    ensures \result ==> FIRSTS_END(*parts, parts->n); */
bool sj_status_parts_settle(struct sj_status_parts *parts);

/*@ requires \valid_read(parts) && PARTS_OK(*parts);
    assigns \nothing;
    ensures \result == \null || \exists integer i; 0 <= i < parts->n && \result == &parts->list[i]; */
const struct sj_status_part *sj_status_parts_find(const struct sj_status_parts *parts,
						  uint16_t partition);

/*@ requires \valid_read(part) && b * 65536 < part->size;
    assigns \nothing;
    ensures 1 <= \result <= 65536; */
uint32_t sj_status_block_size(const struct sj_status_part *part, uint32_t b);

/*@ requires \valid(in) && \valid(parts) && \separated(in, parts) && span_ok(*in);
    assigns *in, *parts;
    ensures span_ok(*in);
    ensures \result ==> PARTS_OK(*parts); */
bool sj_status_parts_take(struct sj_span *in, struct sj_status_parts *parts);

/*@ requires \valid_read(at + (0 .. 3));
    assigns \nothing;
    ensures \result == word_of(at); */
static uint32_t get_u32(const uint8_t at[4]);

/*@ requires \valid_read(list) && \valid_read(part) && SPANS_OK(*list) && FITS(*list);
    requires part->first + b < list->parts.blocks;
    assigns \nothing;
    ensures span_ok(\result.ends) && span_ok(\result.data);
    ensures \result.low == low_of(list->directory.ptr, part->first + b);
    ensures \result.ends.len == ends_of(list->directory.ptr, part->first + b + 1) - ends_of(list->directory.ptr, part->first + b); */
struct sj_status_block sj_status_list_block(const struct sj_status_list *list,
					    const struct sj_status_part *part, uint32_t b);

/*@ requires \valid_read(list) && SPANS_OK(*list);
    assigns \nothing;
    ensures \result ==> FITS(*list); */
static bool directory_fits(const struct sj_status_list *list);

/* As tests/prove/status_block.c proves them. */
/*@ requires \valid_read(block) && n > 0;
    assigns \nothing;
    ensures \result ==> block->low <= 16 && block->ends.len % 2 == 0; */
bool sj_status_block_check(const struct sj_status_block *block, uint32_t n);
/*@ requires \valid_read(block) && span_ok(block->ends) && span_ok(block->data);
    requires block->low <= 16 && block->ends.len % 2 == 0;
    assigns \nothing; */
bool sj_status_block_has(const struct sj_status_block *block, uint32_t n, uint32_t x);

/*@ requires \valid_read(list) && SPANS_OK(*list) && FITS(*list) && PARTS_OK(list->parts);
    assigns \nothing;
    ensures \result ==> EVEN(*list, list->parts.blocks); */
static bool blocks_fit(const struct sj_status_list *list);

/*@ requires \valid(out) && span_ok(body);
    assigns *out;
    ensures \result ==> SPANS_OK(*out) && FITS(*out) && PARTS_OK(out->parts) && EVEN(*out, out->parts.blocks); */
bool sj_status_list_open(struct sj_span body, struct sj_status_list *out);

/*@ requires \valid_read(list) && SPANS_OK(*list) && FITS(*list) && PARTS_OK(list->parts);
    requires EVEN(*list, list->parts.blocks);
    assigns \nothing; */
enum sj_status_answer sj_status_list_query(const struct sj_status_list *list, uint16_t partition,
					   uint32_t index);

#include "trust/status_list.c"

/*@ requires span_ok(directory) && 0 <= i <= 0x1000000 && 8 * (i + 1) <= directory.len;
    assigns \nothing;
    ensures \result.ends == ends_of(directory.ptr, i) && \result.data == data_of(directory.ptr, i);
    ensures \result.low == low_of(directory.ptr, i); */
static struct entry entry_at(struct sj_span directory, size_t i);
