/*
 * status_block.c -- asking a block of a status list, in trust/status_block.c: whatever its bytes
 * are, they are not left.
 *
 * Assumed: the compiler's builtins, and that first_with() and place_of() do as they say for words
 * that have what is looked for (their callers give such; the unit tests try every bucket).
 *
 * only: bytes_of buckets_of chunks_of is_set sj_status_block_ends bits_of best_low end_of chunk_of load low_half is_one start_of set_has sj_status_block_check sj_status_block_has sj_status_block_eq sj_status_bit
 */
#include "tests/prove/spans.h"

#include <endian.h>

#include "trust/status_block.h"

#undef memcpy
#define memcpy prove_word

/*@ requires \valid(to) && n == 8 && bytes_ok(from, 8);
    assigns *to; */
void prove_word(uint64_t *to, const uint8_t *from, size_t n);

/*@ requires x != 0;
    assigns \nothing;
    ensures 0 <= \result < 64; */
int prove_ctz(uint64_t x);
/*@ assigns \nothing; */
void prove_prefetch(const uint8_t *at);
/*@ assigns \nothing; */
uint64_t prove_order(uint64_t x);
#undef le64toh
#define le64toh prove_order
#define __builtin_ctzll prove_ctz
#define __builtin_prefetch prove_prefetch

/*@ requires \valid_read(bytes + i / 8);
    assigns \nothing; */
static inline bool sj_status_bit(const uint8_t *bytes, uint32_t i);

/*@ assigns \nothing; */
static size_t bytes_of(size_t bits);
/*@ requires n > 0 && low <= 16;
    assigns \nothing; */
static uint32_t buckets_of(uint32_t n, uint32_t low);
/*@ requires n > 0 && low <= 16;
    assigns \nothing; */
static uint32_t chunks_of(uint32_t n, uint32_t low);
/*@ requires \valid_read(block);
    assigns \nothing; */
static bool is_set(const struct sj_status_block *block);
/*@ requires \valid_read(block) && block->low <= 16 && n > 0;
    assigns \nothing;
    ensures \result % 2 == 0; */
size_t sj_status_block_ends(const struct sj_status_block *block, uint32_t n);
/*@ requires n > 0 && low <= 16;
    assigns \nothing; */
static size_t bits_of(uint32_t n, uint32_t count, uint32_t low);
/*@ requires n > 0;
    assigns \nothing;
    ensures \result <= 16; */
static uint32_t best_low(uint32_t n, uint32_t count);

/* Spans that are there, ends in whole pairs, and a width that check() lets through. */
/*@ predicate block_ok(struct sj_status_block b) =
      span_ok(b.ends) && span_ok(b.data) && b.low <= 16 && b.ends.len % 2 == 0; */

/*@ requires \valid_read(block) && block_ok(*block);
    assigns \nothing; */
static size_t end_of(const struct sj_status_block *block, uint32_t chunk);
/*@ requires \valid_read(block) && \valid(out) && \separated(block, out) && block_ok(*block);
    assigns *out;
    ensures \result ==> span_ok(*out); */
static bool chunk_of(const struct sj_status_block *block, uint32_t chunk, struct sj_span *out);

/*@ requires span_ok(bits);
    assigns \nothing; */
static uint64_t load(struct sj_span bits, size_t at);
/*@ assigns \nothing; */
static uint64_t running_ones(uint64_t word);
/*@ assigns \nothing; */
static uint32_t place_of(uint64_t word, uint64_t sums, uint32_t n);
/*@ requires span_ok(chunk);
    assigns \nothing; */
static size_t start_of(struct sj_span chunk, uint32_t h);
/*@ requires span_ok(chunk) && low <= 16;
    assigns \nothing; */
static uint32_t low_half(struct sj_span chunk, uint32_t low, size_t i);
/*@ requires span_ok(bits);
    assigns \nothing; */
static bool is_one(struct sj_span bits, size_t at);
/*@ requires \valid_read(block) && block_ok(*block);
    assigns \nothing; */
static bool set_has(const struct sj_status_block *block, uint32_t x);
/*@ requires \valid_read(block) && n > 0;
    assigns \nothing;
    ensures \result ==> block->low <= 16 && block->ends.len % 2 == 0; */
bool sj_status_block_check(const struct sj_status_block *block, uint32_t n);
/*@ requires \valid_read(block) && block_ok(*block);
    assigns \nothing; */
bool sj_status_block_has(const struct sj_status_block *block, uint32_t n, uint32_t x);
/*@ requires \valid_read(a) && \valid_read(b) && span_ok(a->ends) && span_ok(a->data);
    requires span_ok(b->ends) && span_ok(b->data);
    assigns \nothing; */
bool sj_status_block_eq(const struct sj_status_block *a, const struct sj_status_block *b);

#include "trust/status_block.c"
