/* status_delta.c -- changed indices in Rice codes, or changed blocks. */
#include "trust/status_delta.h"

#include <stdlib.h>
#include <string.h>

enum { SAME, INDICES, BLOCKS }; /* what follows the table, for each partition */

#define INDICES_HEAD 9u /* bytes: number, width, size */
#define BLOCKS_HEAD 2u /* bytes: number */
#define BLOCK_HEAD 5u /* bytes: which, code, size */
#define LOW_BITS 5u
#define WIDTH_MAX 30u

/* --- Rice codes: the gap's high part in unary (ones, then a zero), its low part plain ---- */

/* Ascending indices. */
struct indices {
	uint32_t *list;
	size_t n, cap;
};

static bool add(struct indices *s, uint32_t index)
{
	if (s->n == s->cap) {
		size_t cap = s->cap > 0 ? 2 * s->cap : 1024;
		uint32_t *list = realloc(s->list, cap * sizeof(*list));

		if (list == NULL)
			return false;
		s->list = list;
		s->cap = cap;
	}
	s->list[s->n++] = index;
	return true;
}

static size_t rice_size(const struct indices *s, uint32_t width)
{
	size_t bits = s->n * (1 + (size_t)width);

	for (size_t i = 0; i < s->n; i++)
		bits += (s->list[i] - (i > 0 ? s->list[i - 1] + 1 : 0)) >> width;
	return (bits + 7) / 8;
}

static size_t best_rice(const struct indices *s, uint32_t *width)
{
	size_t best = rice_size(s, 0);

	*width = 0;
	for (uint32_t w = 1; w <= WIDTH_MAX; w++) {
		size_t size = rice_size(s, w);

		if (size < best) {
			best = size;
			*width = w;
		}
	}
	return best;
}

static void rice_put(struct sj_writer *w, const struct indices *s, uint32_t width, size_t size)
{
	uint8_t *to = sj_put_space(w, size);
	size_t at = 0;

	if (to == NULL)
		return;
	memset(to, 0, size);
	for (size_t i = 0; i < s->n; i++) {
		uint32_t gap = s->list[i] - (i > 0 ? s->list[i - 1] + 1 : 0);

		for (uint32_t q = gap >> width; q > 0; q--, at++)
			to[at / 8] |= (uint8_t)(1u << at % 8);
		at++;
		for (uint32_t b = 0; b < width; b++, at++)
			to[at / 8] |= (uint8_t)((gap >> b & 1) << at % 8);
	}
}

static bool rice_take(struct sj_span bits, uint32_t width, uint32_t size, uint32_t *out, size_t n)
{
	size_t at = 0, end = 8 * bits.len;
	uint64_t next = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t gap = 0;

		while (at < end && sj_status_bit(bits.ptr, (uint32_t)at++))
			gap++;
		gap <<= width;
		if (width > end - at)
			return false;
		for (uint32_t b = 0; b < width; b++, at++)
			gap |= (uint64_t)sj_status_bit(bits.ptr, (uint32_t)at) << b;
		if (gap >= size - next)
			return false;
		out[i] = (uint32_t)(next + gap);
		next += gap + 1;
	}
	return true;
}

/* --- making --------------------------------------------------------------------------- */

struct maker {
	const struct sj_status_list *old, *new;
	struct sj_status_bits was, is;
	struct indices changed; /* of one partition */
	size_t blocks, blocks_size; /* changed ones of that partition, and their bytes */
	struct sj_writer out;
};

/* Block b of a list, or nothing where it has none. */
static struct sj_status_block block_of(const struct sj_status_list *list,
				       const struct sj_status_part *part, uint32_t b)
{
	if (part == NULL || b >= sj_status_blocks(part->size))
		return (struct sj_status_block){ .code = SJ_STATUS_EMPTY };
	return sj_status_list_block(list, part, b);
}

static bool read_block(const struct sj_status_list *list, const struct sj_status_part *part,
		       uint32_t b, struct sj_status_bits *bits)
{
	if (part != NULL && b < sj_status_blocks(part->size))
		return sj_status_list_read(list, part, b, bits);
	memset(bits, 0, sizeof(*bits));
	return true;
}

static bool compare_bits(struct maker *m, uint32_t b)
{
	for (uint32_t i = 0; i < sizeof(m->is.bytes); i++) {
		uint32_t changes = m->was.bytes[i] ^ m->is.bytes[i];

		for (; changes != 0; changes &= changes - 1)
			if (!add(&m->changed,
				 b * SJ_STATUS_BLOCK + 8 * i + (uint32_t)__builtin_ctz(changes)))
				return false;
	}
	return true;
}

/* Finds what changed in a partition. */
static enum sj_rc compare(struct maker *m, const struct sj_status_part *was,
			  const struct sj_status_part *is)
{
	m->changed.n = m->blocks = m->blocks_size = 0;
	for (uint32_t b = 0; b < sj_status_blocks(is->size); b++) {
		struct sj_status_block old = block_of(m->old, was, b);
		struct sj_status_block new = block_of(m->new, is, b);

		if (sj_status_block_eq(&old, &new))
			continue;
		m->blocks++;
		m->blocks_size += BLOCK_HEAD + new.ends.len + new.data.len;
		if (!read_block(m->old, was, b, &m->was) || !read_block(m->new, is, b, &m->is))
			return SJ_INPUT_MALFORMED;
		if (!compare_bits(m, b))
			return SJ_NO_MEMORY;
	}
	return SJ_OK;
}

static void put_blocks(struct maker *m, const struct sj_status_part *was,
		       const struct sj_status_part *is)
{
	sj_put_be(&m->out, 2, (uint32_t)m->blocks);
	for (uint32_t b = 0; b < sj_status_blocks(is->size); b++) {
		struct sj_status_block old = block_of(m->old, was, b);
		struct sj_status_block new = block_of(m->new, is, b);

		if (sj_status_block_eq(&old, &new))
			continue;
		sj_put_be(&m->out, 2, b);
		sj_put_u8(&m->out, (uint8_t)((uint32_t) new.code << LOW_BITS | new.low));
		sj_put_be(&m->out, 2, (uint32_t) new.data.len);
		sj_put(&m->out, new.ends);
		sj_put(&m->out, new.data);
	}
}

static enum sj_rc put_changes(struct maker *m, const struct sj_status_part *is)
{
	const struct sj_status_part *was = sj_status_parts_find(&m->old->parts, is->partition);
	enum sj_rc rc;
	uint32_t width;
	size_t size;

	if (was != NULL && was->size > is->size)
		return SJ_INPUT_REFUSED;
	rc = compare(m, was, is);
	if (rc != SJ_OK)
		return rc;
	size = best_rice(&m->changed, &width);
	if (m->changed.n == 0) {
		sj_put_u8(&m->out, SAME);
	} else if (INDICES_HEAD + size <= BLOCKS_HEAD + m->blocks_size) {
		sj_put_u8(&m->out, INDICES);
		sj_put_be(&m->out, 4, (uint32_t)m->changed.n);
		sj_put_u8(&m->out, (uint8_t)width);
		sj_put_be(&m->out, 4, (uint32_t)size);
		rice_put(&m->out, &m->changed, width, size);
	} else {
		sj_put_u8(&m->out, BLOCKS);
		put_blocks(m, was, is);
	}
	return SJ_OK;
}

enum sj_rc sj_status_delta_make(const struct sj_status_list *old, const struct sj_status_list *new,
				uint8_t **out, size_t *len)
{
	/* At most the new body with every block named. */
	size_t most = new->body.len + (size_t)BLOCK_HEAD *new->parts.blocks +
		      (size_t) new->parts.n *(1 + BLOCKS_HEAD);
	struct maker *m = calloc(1, sizeof(*m));
	uint8_t *bytes = malloc(most);
	enum sj_rc rc = m != NULL && bytes != NULL ? SJ_OK : SJ_NO_MEMORY;

	if (rc == SJ_OK) {
		*m = (struct maker){ .old = old, .new = new, .out = sj_writer(bytes, most) };
		sj_status_parts_put(&m->out, &new->parts);
	}
	for (uint32_t i = 0; rc == SJ_OK && i < new->parts.n; i++)
		rc = put_changes(m, &new->parts.list[i]);
	if (rc == SJ_OK && m->out.failed)
		rc = SJ_INTERNAL;
	if (rc == SJ_OK) {
		*out = bytes;
		*len = m->out.len;
		bytes = NULL;
	}
	if (m != NULL)
		free(m->changed.list);
	free(m);
	free(bytes);
	return rc;
}

/* --- applying ---------------------------------------------------------------------------- */

/* What a delta says of one partition. */
struct changes {
	uint32_t mode, n; /* indices or blocks to come */
	uint32_t *list; /* INDICES */
	size_t at; /* those done */
};

static enum sj_rc take_indices(struct sj_span *in, uint32_t size, struct changes *c)
{
	uint32_t width, length;
	struct sj_span bits;

	if (!sj_take_be(in, 4, &c->n) || !sj_take_be(in, 1, &width) || width > WIDTH_MAX ||
	    !sj_take_be(in, 4, &length) || !sj_take(in, length, &bits) || c->n == 0 ||
	    c->n / 8 > bits.len)
		return SJ_INPUT_MALFORMED;
	c->list = malloc(c->n * sizeof(*c->list));
	if (c->list == NULL)
		return SJ_NO_MEMORY;
	return rice_take(bits, width, size, c->list, c->n) ? SJ_OK : SJ_INPUT_MALFORMED;
}

/* Takes the head of a partition's changes; of blocks, only their number. */
static enum sj_rc take_changes(struct sj_span *in, uint32_t size, struct changes *c)
{
	*c = (struct changes){ .mode = SAME };
	if (!sj_take_be(in, 1, &c->mode))
		return SJ_INPUT_MALFORMED;
	switch (c->mode) {
	case SAME:
		return SJ_OK;
	case INDICES:
		return take_indices(in, size, c);
	case BLOCKS:
		return sj_take_be(in, 2, &c->n) ? SJ_OK : SJ_INPUT_MALFORMED;
	default:
		return SJ_INPUT_MALFORMED;
	}
}

static void change_indices(struct changes *c, uint32_t b, struct sj_status_bits *bits)
{
	for (; c->at < c->n && c->list[c->at] / SJ_STATUS_BLOCK == b; c->at++) {
		uint32_t i = c->list[c->at] % SJ_STATUS_BLOCK;

		bits->bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
}

/* Block b, if it is the next in the delta. */
static bool change_block(struct changes *c, struct sj_span *in, uint32_t b, uint32_t n,
			 struct sj_status_bits *bits)
{
	struct sj_span rest = *in;
	struct sj_status_block block;
	uint32_t which, head, length;

	if (c->at == c->n)
		return true;
	if (!sj_take_be(&rest, 2, &which) || which < b)
		return false;
	if (which > b)
		return true;
	if (!sj_take_be(&rest, 1, &head) || head >> LOW_BITS > SJ_STATUS_DENSE ||
	    !sj_take_be(&rest, 2, &length))
		return false;
	block.code = (enum sj_status_code)(head >> LOW_BITS);
	block.low = head & ((1u << LOW_BITS) - 1);
	if (block.low > SJ_STATUS_LOW_MAX ||
	    !sj_take(&rest, sj_status_block_ends(&block, n), &block.ends) ||
	    !sj_take(&rest, length, &block.data))
		return false;
	c->at++;
	*in = rest;
	return sj_status_block_read(&block, n, bits);
}

/* Whether the delta says nothing of block b, which is the next one. */
static bool is_same(const struct changes *c, struct sj_span in, uint32_t b)
{
	uint32_t which;

	if (c->mode == SAME || c->at == c->n)
		return true;
	if (c->mode == INDICES)
		return c->list[c->at] / SJ_STATUS_BLOCK != b;
	return sj_take_be(&in, 2, &which) && which > b;
}

/* A block that stays what it was needs no coding anew. False: it is another, or has grown. */
static bool copy_block(const struct sj_status_list *old, const struct sj_status_part *was,
		       uint32_t b, uint32_t n, struct sj_status_draft *draft)
{
	struct sj_status_block block;

	if (was == NULL || b >= sj_status_blocks(was->size) || sj_status_block_size(was, b) != n)
		return false;
	block = sj_status_list_block(old, was, b);
	sj_status_draft_copy(draft, &block);
	return true;
}

static enum sj_rc apply_part(const struct sj_status_list *old, const struct sj_status_part *is,
			     struct sj_span *in, struct sj_status_draft *draft)
{
	const struct sj_status_part *was = sj_status_parts_find(&old->parts, is->partition);
	struct changes c;
	enum sj_rc rc = take_changes(in, is->size, &c);

	if (rc == SJ_OK && was != NULL && was->size > is->size)
		rc = SJ_INPUT_MALFORMED;
	for (uint32_t b = 0; rc == SJ_OK && b < sj_status_blocks(is->size); b++) {
		uint32_t n = sj_status_block_size(is, b);

		if (is_same(&c, *in, b) && copy_block(old, was, b, n, draft))
			continue;
		if (!read_block(old, was, b, &draft->bits) ||
		    (c.mode == BLOCKS && !change_block(&c, in, b, n, &draft->bits))) {
			rc = SJ_INPUT_MALFORMED; /* and the bits may be any */
			break;
		}
		if (c.mode == INDICES)
			change_indices(&c, b, &draft->bits);
		sj_status_draft_block(draft, n);
	}
	if (rc == SJ_OK && c.mode != SAME && c.at != c.n)
		rc = SJ_INPUT_MALFORMED;
	free(c.list);
	return rc;
}

enum sj_rc sj_status_delta_apply(const struct sj_status_list *old, struct sj_span delta,
				 struct sj_status_draft *draft, struct sj_span *body)
{
	struct sj_status_parts *parts = malloc(sizeof(*parts));
	enum sj_rc rc = SJ_OK;

	memset(draft, 0, sizeof(*draft));
	if (parts == NULL)
		return SJ_NO_MEMORY;
	if (!sj_status_parts_take(&delta, parts))
		rc = SJ_INPUT_MALFORMED;
	else if (!sj_status_draft_begin(draft, parts))
		rc = SJ_NO_MEMORY;
	for (uint32_t i = 0; rc == SJ_OK && i < parts->n; i++)
		rc = apply_part(old, &parts->list[i], &delta, draft);
	if (rc == SJ_OK && (delta.len > 0 || !sj_status_draft_end(draft, body)))
		rc = SJ_INPUT_MALFORMED;
	if (rc != SJ_OK)
		sj_status_draft_free(draft);
	free(parts);
	return rc;
}
