/* status_block.c -- coding a block and asking it without decoding. */
#include "trust/status_block.h"

#include <endian.h>
#include <string.h>

#define CHUNK_BITS 8u
#define CHUNK (1u << CHUNK_BITS) /* buckets of a chunk */
#define END_SIZE 2u /* bytes of a chunk's end */
#define STEP 56u /* bits that load() certainly has from any bit on */
#define LINE 64u /* bytes: what a prefetch brings, about */
#define LINES 3u /* that a chunk takes, about */

/*
 * Elias-Fano: a set of elements below n. Bucket h holds those whose high half
 * is h. The buckets lie in chunks, each with its high halves (a one for each
 * element, then a zero) from its beginning and its low halves from its end.
 */

static size_t bytes_of(size_t bits)
{
	return (bits + 7) / 8;
}

static uint32_t buckets_of(uint32_t n, uint32_t low)
{
	return ((n - 1) >> low) + 1;
}

static uint32_t chunks_of(uint32_t n, uint32_t low)
{
	return ((n - 1) >> low >> CHUNK_BITS) + 1;
}

static bool is_set(const struct sj_status_block *block)
{
	return block->code == SJ_STATUS_SPARSE || block->code == SJ_STATUS_DENSE;
}

size_t sj_status_block_ends(const struct sj_status_block *block, uint32_t n)
{
	return is_set(block) ? (size_t)END_SIZE * (chunks_of(n, block->low) - 1) : 0;
}

/* At most that many bits, whatever the elements are. */
static size_t bits_of(uint32_t n, uint32_t count, uint32_t low)
{
	return (size_t)buckets_of(n, low) + (size_t)count * (1 + low) +
	       (8 * END_SIZE + 7) * (size_t)chunks_of(n, low);
}

/* The width with the fewest bits; of equals the least. */
static uint32_t best_low(uint32_t n, uint32_t count)
{
	uint32_t best = 0;

	/*@ loop invariant 1 <= low <= SJ_STATUS_LOW_MAX + 1 && best <= SJ_STATUS_LOW_MAX;
	    loop assigns low, best; */
	for (uint32_t low = 1; low <= SJ_STATUS_LOW_MAX; low++)
		if (bits_of(n, count, low) < bits_of(n, count, best))
			best = low;
	return best;
}

/* Where a chunk ends in the data. */
static size_t end_of(const struct sj_status_block *block, uint32_t chunk)
{
	const uint8_t *at = block->ends.ptr + (size_t)END_SIZE * chunk;

	return END_SIZE * (size_t)chunk < block->ends.len ? (size_t)at[0] << 8 | at[1]
							  : block->data.len;
}

static bool chunk_of(const struct sj_status_block *block, uint32_t chunk, struct sj_span *out)
{
	size_t from = chunk > 0 ? end_of(block, chunk - 1) : 0, to = end_of(block, chunk);

	*out = sj_span(block->data.ptr + from, to - from);
	return from <= to && to <= block->data.len;
}

/* --- asking ----------------------------------------------------------------------- */

/* At least STEP bits from bit `at` on, the first of them lowest; zeros after the end. */
static uint64_t load(struct sj_span bits, size_t at)
{
	uint64_t word = 0;
	size_t byte = at / 8;

	if (bits.len >= sizeof(word) && byte <= bits.len - sizeof(word)) {
		memcpy(&word, bits.ptr + byte, sizeof(word));
		return le64toh(word) >> at % 8;
	}
	/*@ loop invariant i <= 8;
	    loop assigns i, word; */
	for (size_t i = 0; i < sizeof(word) && byte + i < bits.len; i++)
		word |= (uint64_t)bits.ptr[byte + i] << 8 * i;
	return word >> at % 8;
}

#define EACH_BYTE(value) ((value)*0x0101010101010101u)

/* Of a running sum in each byte: the first byte that is n (1..128) or more; it exists. */
static uint32_t first_with(uint64_t sums, uint32_t n)
{
	uint64_t tops = EACH_BYTE(0x80u);

	return (uint32_t)__builtin_ctzll(((sums | tops) - EACH_BYTE((uint64_t)n)) & tops) / 8;
}

/* For each byte the ones from the lowest byte up to it. */
static uint64_t running_ones(uint64_t word)
{
	word -= word >> 1 & EACH_BYTE(0x55u);
	word = (word & EACH_BYTE(0x33u)) + (word >> 2 & EACH_BYTE(0x33u));
	return EACH_BYTE((word + (word >> 4)) & EACH_BYTE(0x0Fu));
}

/* The place of the n-th (1..) one of a word that has so many. */
static uint32_t place_of(uint64_t word, uint64_t sums, uint32_t n)
{
	uint32_t byte = first_with(sums, n);
	uint64_t spread = EACH_BYTE(word >> 8 * byte & 0xFF) & 0x8040201008040201u;

	n -= (uint32_t)(sums << 8 >> 8 * byte) & 0xFF;
	spread = (spread + EACH_BYTE(0x7Fu)) >> 7 & EACH_BYTE(1u); /* a byte for each bit */
	return 8 * byte + first_with(EACH_BYTE(spread), n);
}

/* Where bucket h of a chunk begins: after the h-th zero. */
static size_t start_of(struct sj_span chunk, uint32_t h)
{
	size_t at = 0;

	if (h == 0)
		return 0;
	/* From a whole byte on a load has all 64 bits. */
	/*@ loop assigns at, h; */
	for (;; at += 64) {
		uint64_t zeros = ~load(chunk, at), sums = running_ones(zeros);

		if (sums >> 56 >= h)
			return at + place_of(zeros, sums, h) + 1;
		h -= (uint32_t)(sums >> 56);
	}
}

/* The low half of a chunk's i-th element; anything where it has none. */
static uint32_t low_half(struct sj_span chunk, uint32_t low, size_t i)
{
	size_t from_end = (i + 1) * low;

	if (from_end > 8 * chunk.len)
		return 0;
	return (uint32_t)load(chunk, 8 * chunk.len - from_end) & ((1u << low) - 1);
}

static bool is_one(struct sj_span bits, size_t at)
{
	return at / 8 < bits.len && (bits.ptr[at / 8] >> at % 8 & 1) != 0;
}

/*
 * Whether the set has x. A query waits for memory above all: so first it asks for
 * the lines in which the chunk of a whole block must be about, before the ends
 * have come. (In a function of its own that would be optimised away.)
 */
static bool set_has(const struct sj_status_block *block, uint32_t x)
{
	uint32_t low = block->low, h = x >> low, wanted = x & ((1u << low) - 1);
	struct sj_span chunk;
	bool found = false;
	size_t guess;

	guess = block->data.len * (h >> CHUNK_BITS << CHUNK_BITS << low) / SJ_STATUS_BLOCK;
	/*@ loop assigns i, guess; */
	for (size_t i = 0; i < LINES; i++, guess += guess + LINE < block->data.len ? LINE : 0)
		__builtin_prefetch(block->data.ptr + guess);
	if (!chunk_of(block, h >> CHUNK_BITS, &chunk))
		return false;
	h %= CHUNK;
	/*@ loop assigns at, run, found; */
	for (size_t at = start_of(chunk, h), run = STEP; run == STEP; at += run) {
		run = (size_t)__builtin_ctzll(~load(chunk, at) | (uint64_t)1 << STEP);
		/*@ loop assigns i, found; */
		for (size_t i = 0; i < run; i++)
			found |= low_half(chunk, low, at - h + i) == wanted;
	}
	return found;
}

bool sj_status_block_check(const struct sj_status_block *block, uint32_t n)
{
	if (is_set(block))
		return block->low <= SJ_STATUS_LOW_MAX &&
		       block->ends.len == sj_status_block_ends(block, n);
	return block->low == 0 && block->ends.len == 0 &&
	       block->data.len == (block->code == SJ_STATUS_RAW ? bytes_of(n) : 0);
}

bool sj_status_block_has(const struct sj_status_block *block, uint32_t n, uint32_t x)
{
	if (x >= n || block->code == SJ_STATUS_EMPTY)
		return false;
	if (block->code == SJ_STATUS_RAW)
		return is_one(block->data, x);
	return set_has(block, x) == (block->code == SJ_STATUS_SPARSE);
}

bool sj_status_block_eq(const struct sj_status_block *a, const struct sj_status_block *b)
{
	return a->code == b->code && a->low == b->low && sj_span_eq(a->ends, b->ends) &&
	       sj_span_eq(a->data, b->data);
}

/* --- coding ------------------------------------------------------------------------ */

/* The indices from..to-1 (from: a multiple of 8) whose bit is `kind`. */
static uint32_t count(const struct sj_status_bits *bits, uint32_t from, uint32_t to, bool kind)
{
	uint32_t ones = 0;

	for (size_t i = from / 8; i < bytes_of(to); i++)
		ones += (uint32_t)__builtin_popcount(bits->bytes[i]);
	return kind ? ones : to - from - ones;
}

static void set_bits(uint8_t *bytes, size_t at, uint32_t value)
{
	for (; value != 0; value &= value - 1) {
		size_t bit = at + (size_t)__builtin_ctz(value);

		bytes[bit / 8] |= (uint8_t)(1u << bit % 8);
	}
}

/* Appends the chunk with the elements from..to-1. */
static void put_chunk(struct sj_writer *w, const struct sj_status_bits *bits, uint32_t from,
		      uint32_t to, uint32_t low, bool kind)
{
	uint32_t elements = count(bits, from, to, kind), buckets = ((to - 1 - from) >> low) + 1;
	size_t size = bytes_of((size_t)buckets + (size_t)elements * (1 + low)), found = 0;
	uint8_t *out = sj_put_space(w, size);

	if (out == NULL)
		return;
	memset(out, 0, size);
	for (uint32_t x = from; x < to; x++) {
		if (x % 8 == 0 && bits->bytes[x / 8] == (kind ? 0 : 0xFF)) {
			x += 7;
			continue;
		}
		if (sj_status_bit(bits->bytes, x) != kind)
			continue;
		set_bits(out, ((x - from) >> low) + found, 1);
		found++;
		set_bits(out, 8 * size - found * low, x & ((1u << low) - 1));
	}
}

static void put_set(struct sj_writer *ends, struct sj_writer *data,
		    const struct sj_status_bits *bits, uint32_t n, uint32_t low, bool kind)
{
	uint32_t each = CHUNK << low;
	size_t begin = data->len;

	for (uint32_t from = 0; from < n; from += each) {
		put_chunk(data, bits, from, n - from < each ? n : from + each, low, kind);
		if (n - from > each)
			sj_put_be(ends, END_SIZE, (uint32_t)(data->len - begin));
	}
}

void sj_status_block_put(struct sj_writer *ends, struct sj_writer *data,
			 const struct sj_status_bits *bits, uint32_t n, struct sj_status_block *out)
{
	uint32_t ones = count(bits, 0, n, true), elements = ones <= n / 2 ? ones : n - ones;
	uint32_t low = best_low(n, elements);
	size_t ends_at = ends->len, data_at = data->len;

	*out = (struct sj_status_block){ .code = SJ_STATUS_EMPTY };
	if (ones > 0 && bits_of(n, elements, low) < n) {
		out->code = ones == elements ? SJ_STATUS_SPARSE : SJ_STATUS_DENSE;
		out->low = low;
		put_set(ends, data, bits, n, low, ones == elements);
	} else if (ones > 0) {
		out->code = SJ_STATUS_RAW;
		sj_put(data, sj_span(bits->bytes, bytes_of(n)));
	}
	out->ends = sj_span(ends->ptr + ends_at, ends->len - ends_at);
	out->data = sj_span(data->ptr + data_at, data->len - data_at);
}

/* The chunk's elements change their bit. False: they are out of order or range. */
static bool read_chunk(struct sj_span chunk, uint32_t from, uint32_t to, uint32_t low,
		       struct sj_status_bits *bits)
{
	uint32_t bucket = from >> low, next = from;
	size_t found = 0;

	for (size_t at = 0; bucket <= (to - 1) >> low; at++) {
		uint32_t x;

		if (at >= 8 * chunk.len)
			return false;
		if (!is_one(chunk, at)) {
			bucket++;
			continue;
		}
		x = (bucket << low) + low_half(chunk, low, found++);
		if (x < next || x >= to)
			return false;
		next = x + 1;
		bits->bytes[x / 8] ^= (uint8_t)(1u << x % 8);
	}
	return true;
}

static bool read_set(const struct sj_status_block *block, uint32_t n, struct sj_status_bits *bits)
{
	uint32_t each = CHUNK << block->low;
	struct sj_span chunk;

	memset(bits->bytes, block->code == SJ_STATUS_SPARSE ? 0 : 0xFF, bytes_of(n));
	for (uint32_t from = 0; from < n; from += each)
		if (!chunk_of(block, from / each, &chunk) ||
		    !read_chunk(chunk, from, n - from < each ? n : from + each, block->low, bits))
			return false;
	return true;
}

bool sj_status_block_read(const struct sj_status_block *block, uint32_t n,
			  struct sj_status_bits *bits)
{
	memset(bits, 0, sizeof(*bits));
	if (!sj_status_block_check(block, n) || (is_set(block) && !read_set(block, n, bits)))
		return false;
	if (block->code == SJ_STATUS_RAW)
		memcpy(bits->bytes, block->data.ptr, block->data.len);
	if (n % 8 != 0)
		bits->bytes[n / 8] &= (uint8_t)((1u << n % 8) - 1);
	return true;
}
