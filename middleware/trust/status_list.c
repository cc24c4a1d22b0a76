/*
 * status_list.c -- partitions, the directory of blocks, and asking for one index. The names in its
 * annotations are those of tests/prove/status_list.c.
 */
#include "trust/status_list.h"

#include <stdlib.h>
#include <string.h>

#include "crypt/hash.h"
#include "crypt/memory.h"

#define PART_SIZE 6u /* bytes of a partition in the table */
#define ENTRY_SIZE 8u /* bytes of a block in the directory */
#define LOW_BITS 5u
#define ENDS_BITS 25u
#define ENDS_MAX 256u /* bytes of a block's ends */

/* --- partitions --------------------------------------------------------------------- */

bool sj_status_parts_settle(struct sj_status_parts *parts)
{
	parts->blocks = 0;
	parts->indices = 0;
	if (parts->n > SJ_STATUS_PARTS_MAX)
		return false;
	/*@ loop invariant i <= parts->n <= SJ_STATUS_PARTS_MAX && parts->blocks <= 16384 * i;
	    loop invariant SIZES_OK(*parts, i);
	    loop invariant FIRSTS_IN(*parts, i);
	    loop invariant FIRSTS_FOLLOW(*parts, i);
	    loop invariant FIRSTS_END(*parts, i);
	    loop assigns i, parts->blocks, parts->indices, parts->list[0 .. SJ_STATUS_PARTS_MAX - 1].first; */
	for (uint32_t i = 0; i < parts->n; i++) {
		struct sj_status_part *part = &parts->list[i];

		if (part->size == 0 || part->size > SJ_STATUS_PART_MAX ||
		    (i > 0 && part->partition <= part[-1].partition))
			return false;
		part->first = parts->blocks;
		parts->blocks += sj_status_blocks(part->size);
		parts->indices += part->size;
		//@ assert KEPT(parts, size, i);
		//@ assert KEPT(parts, first, i);
		//@ assert parts->blocks == part->first + blocks_of(part->size);
		//@ assert FIRSTS_FOLLOW(*parts, i);
	}
	return parts->indices <= UINT32_MAX;
}

const struct sj_status_part *sj_status_parts_find(const struct sj_status_parts *parts,
						  uint16_t partition)
{
	uint32_t from = 0, to = parts->n;

	/* Mostly the months follow each other. */
	if (to > 0 && partition >= parts->list[0].partition) {
		uint32_t i = (uint32_t)partition - parts->list[0].partition;

		if (i < to && parts->list[i].partition == partition)
			return &parts->list[i];
	}
	/*@ loop invariant from <= to <= parts->n;
	    loop assigns from, to; */
	while (from < to) {
		uint32_t middle = (from + to) / 2;

		if (parts->list[middle].partition < partition)
			from = middle + 1;
		else
			to = middle;
	}
	return from < parts->n && parts->list[from].partition == partition ? &parts->list[from]
									   : NULL;
}

uint32_t sj_status_block_size(const struct sj_status_part *part, uint32_t b)
{
	uint32_t left = part->size - b * SJ_STATUS_BLOCK;

	return left < SJ_STATUS_BLOCK ? left : SJ_STATUS_BLOCK;
}

bool sj_status_parts_take(struct sj_span *in, struct sj_status_parts *parts)
{
	struct sj_span rest = *in;
	uint32_t partition;

	if (!sj_take_be(&rest, 2, &parts->n) || parts->n > SJ_STATUS_PARTS_MAX)
		return false;
	/*@ loop invariant i <= parts->n <= SJ_STATUS_PARTS_MAX && span_ok(rest);
	    loop assigns i, rest, partition, parts->list[0 .. SJ_STATUS_PARTS_MAX - 1]; */
	for (uint32_t i = 0; i < parts->n; i++) {
		if (!sj_take_be(&rest, 2, &partition) ||
		    !sj_take_be(&rest, 4, &parts->list[i].size))
			return false;
		parts->list[i].partition = (uint16_t)partition;
	}
	if (!sj_status_parts_settle(parts))
		return false;
	*in = rest;
	return true;
}

void sj_status_parts_put(struct sj_writer *w, const struct sj_status_parts *parts)
{
	sj_put_be(w, 2, parts->n);
	for (uint32_t i = 0; i < parts->n; i++) {
		sj_put_be(w, 2, parts->list[i].partition);
		sj_put_be(w, 4, parts->list[i].size);
	}
}

/* --- reading ------------------------------------------------------------------------ */

/* What the directory says of a block: its coding, and where it begins. */
struct entry {
	uint32_t ends, data; /* offsets */
	uint32_t low;
	enum sj_status_code code;
};

static uint32_t get_u32(const uint8_t at[static 4])
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The i-th entry of a directory that is long enough. */
static struct entry entry_at(struct sj_span directory, size_t i)
{
	const uint8_t *at = directory.ptr + ENTRY_SIZE * i;
	uint32_t word = get_u32(at);

	return (struct entry){ word & ((1u << ENDS_BITS) - 1), get_u32(at + 4),
			       word >> ENDS_BITS & ((1u << LOW_BITS) - 1),
			       (enum sj_status_code)(word >> (ENDS_BITS + LOW_BITS)) };
}

struct sj_status_block sj_status_list_block(const struct sj_status_list *list,
					    const struct sj_status_part *part, uint32_t b)
{
	struct entry from = entry_at(list->directory, part->first + b);
	struct entry to = entry_at(list->directory, part->first + b + 1);

	//@ assert from.ends <= to.ends && from.data <= to.data;
	return (struct sj_status_block){ from.code, from.low,
					 sj_span(list->ends.ptr + from.ends, to.ends - from.ends),
					 sj_span(list->data.ptr + from.data, to.data - from.data) };
}

/* Offsets rise from 0 to the sizes: after this every block lies inside. */
static bool directory_fits(const struct sj_status_list *list)
{
	struct entry before = { 0 }, entry;

	/*@ loop invariant i <= list->parts.blocks + 1;
	    loop invariant i > 0 ==> before.ends == ends_of(list->directory.ptr, i - 1) &&
		before.data == data_of(list->directory.ptr, i - 1) && entry == before;
	    loop invariant RISES(*list, i - 1, before.ends, before.data);
	    loop assigns i, before, entry; */
	for (size_t i = 0; i <= list->parts.blocks; i++) {
		entry = entry_at(list->directory, i);
		if (entry.ends < before.ends || entry.data < before.data ||
		    (i == 0 && (entry.ends > 0 || entry.data > 0)))
			return false;
		before = entry;
	}
	return entry.code == SJ_STATUS_EMPTY && entry.low == 0 && entry.ends == list->ends.len &&
	       entry.data == list->data.len;
}

static bool blocks_fit(const struct sj_status_list *list)
{
	/*@ loop invariant i <= list->parts.n;
	    loop invariant EVEN(*list, i < list->parts.n ? list->parts.list[i].first
							 : list->parts.blocks);
	    loop assigns i; */
	for (uint32_t i = 0; i < list->parts.n; i++) {
		const struct sj_status_part *part = &list->parts.list[i];

		/*@ loop invariant b <= blocks_of(part->size) && b <= 16384;
		    loop invariant EVEN(*list, part->first + b);
		    loop assigns b; */
		for (uint32_t b = 0; b < sj_status_blocks(part->size); b++) {
			struct sj_status_block block = sj_status_list_block(list, part, b);

			if (!sj_status_block_check(&block, sj_status_block_size(part, b)))
				return false;
			//@ assert even_at(list->directory.ptr, part->first + b);
		}
	}
	return true;
}

bool sj_status_list_open(struct sj_span body, struct sj_status_list *out)
{
	struct sj_span rest = body;

	out->body = body;
	if (!sj_status_parts_take(&rest, &out->parts) ||
	    !sj_take(&rest, ENTRY_SIZE * ((size_t)out->parts.blocks + 1), &out->directory) ||
	    !sj_take(&rest, entry_at(out->directory, out->parts.blocks).ends, &out->ends))
		return false;
	out->data = rest;
	return directory_fits(out) && blocks_fit(out);
}

enum sj_status_answer sj_status_list_query(const struct sj_status_list *list, uint16_t partition,
					   uint32_t index)
{
	const struct sj_status_part *part = sj_status_parts_find(&list->parts, partition);
	uint32_t b = index / SJ_STATUS_BLOCK;
	struct sj_status_block block;

	if (part == NULL || index >= part->size)
		return SJ_STATUS_UNKNOWN;
	block = sj_status_list_block(list, part, b);
	return sj_status_block_has(&block, sj_status_block_size(part, b), index % SJ_STATUS_BLOCK)
		       ? SJ_STATUS_REVOKED
		       : SJ_STATUS_VALID;
}

bool sj_status_list_read(const struct sj_status_list *list, const struct sj_status_part *part,
			 uint32_t b, struct sj_status_bits *bits)
{
	struct sj_status_block block = sj_status_list_block(list, part, b);

	return sj_status_block_read(&block, sj_status_block_size(part, b), bits);
}

bool sj_status_root(struct sj_span body, uint8_t root[static SJ_STATUS_ROOT])
{
	uint8_t hash[SJ_HASH_MAX];

	if (!sj_hash(SJ_SHA256, &body, 1, hash))
		return false;
	memcpy(root, hash, SJ_STATUS_ROOT);
	return true;
}

/* --- writing ------------------------------------------------------------------------ */

/*
 * The ends' size is known last, and they stand before the data: each has its
 * largest room first, and the data move up to the ends when all is written.
 */
bool sj_status_draft_begin(struct sj_status_draft *draft, const struct sj_status_parts *parts)
{
	size_t head = 2 + PART_SIZE * (size_t)parts->n + ENTRY_SIZE * ((size_t)parts->blocks + 1);
	size_t ends = ENDS_MAX * (size_t)parts->blocks;
	size_t data = (size_t)parts->indices / 8 + parts->blocks; /* all of them raw */

	memset(draft, 0, sizeof(*draft));
	if (head + ends + data > SJ_STATUS_BODY_MAX)
		return false;
	draft->bytes = malloc(head + ends + data);
	if (draft->bytes == NULL) {
		sj_memory_note();
		return false;
	}
	draft->directory = sj_writer(draft->bytes, head);
	draft->ends = sj_writer(draft->bytes + head, ends);
	draft->data = sj_writer(draft->bytes + head + ends, data);
	sj_status_parts_put(&draft->directory, parts);
	return true;
}

static void put_entry(struct sj_status_draft *draft, const struct sj_status_block *block)
{
	sj_put_be(&draft->directory, 4,
		  (uint32_t)block->code << (ENDS_BITS + LOW_BITS) | block->low << ENDS_BITS |
			  (uint32_t)(draft->ends.len - block->ends.len));
	sj_put_be(&draft->directory, 4, (uint32_t)(draft->data.len - block->data.len));
}

void sj_status_draft_block(struct sj_status_draft *draft, uint32_t n)
{
	struct sj_status_block block;

	sj_status_block_put(&draft->ends, &draft->data, &draft->bits, n, &block);
	put_entry(draft, &block);
	memset(&draft->bits, 0, sizeof(draft->bits));
}

void sj_status_draft_copy(struct sj_status_draft *draft, const struct sj_status_block *block)
{
	sj_put(&draft->ends, block->ends);
	sj_put(&draft->data, block->data);
	put_entry(draft, block);
}

bool sj_status_draft_end(struct sj_status_draft *draft, struct sj_span *body)
{
	const struct sj_status_block none = { .code = SJ_STATUS_EMPTY };
	size_t head = draft->directory.cap;

	put_entry(draft, &none);
	if (draft->directory.failed || draft->ends.failed || draft->data.failed ||
	    draft->directory.len != head)
		return false;
	memmove(draft->ends.ptr + draft->ends.len, draft->data.ptr, draft->data.len);
	*body = sj_span(draft->bytes, head + draft->ends.len + draft->data.len);
	return true;
}

void sj_status_draft_free(struct sj_status_draft *draft)
{
	free(draft->bytes);
	draft->bytes = NULL;
}
