#include "wire/cbor.h"

#include <string.h>

#define ARGUMENT_1 24u /* additional information: 1, 2, 4, 8 bytes follow */
#define SIMPLE_FALSE 20u
#define SIMPLE_NULL 22u

/* Big-endian, n bytes of at most 8. */
static bool take_argument(struct sj_span *in, size_t n, uint64_t *out)
{
	uint32_t high = 0, low;

	if (n == 8 && !sj_take_be(in, 4, &high))
		return false;
	if (!sj_take_be(in, n == 8 ? 4 : n, &low))
		return false;
	*out = (uint64_t)high << 32 | low;
	return true;
}

/* One head in its shortest form. */
static bool take_head(struct sj_span *in, enum sj_cbor_type *type, uint64_t *argument)
{
	static const uint64_t least[] = { 24, 0x100, 0x10000, 0x100000000 };
	struct sj_span rest = *in;
	uint8_t first, info;

	if (!sj_take_u8(&rest, &first))
		return false;
	info = first & 0x1F;
	*type = (enum sj_cbor_type)(first >> 5);
	*argument = info;
	if (info >= ARGUMENT_1) {
		size_t i = info - ARGUMENT_1;

		if (i > 3 || !take_argument(&rest, (size_t)1 << i, argument) ||
		    *argument < least[i])
			return false;
	}
	*in = rest;
	return true;
}

bool sj_cbor_peek(struct sj_span in, enum sj_cbor_type *type)
{
	uint64_t argument;

	return take_head(&in, type, &argument);
}

bool sj_cbor_take_int(struct sj_span *in, int64_t *out)
{
	struct sj_span rest = *in;
	enum sj_cbor_type type;
	uint64_t argument;

	if (!take_head(&rest, &type, &argument) || argument > INT64_MAX ||
	    (type != SJ_CBOR_UINT && type != SJ_CBOR_NINT))
		return false;
	*out = type == SJ_CBOR_UINT ? (int64_t)argument : -1 - (int64_t)argument;
	*in = rest;
	return true;
}

static bool take_string(struct sj_span *in, enum sj_cbor_type wanted, struct sj_span *out)
{
	struct sj_span rest = *in;
	enum sj_cbor_type type;
	uint64_t size;

	if (!take_head(&rest, &type, &size) || type != wanted || size > rest.len ||
	    !sj_take(&rest, (size_t)size, out))
		return false;
	*in = rest;
	return true;
}

bool sj_cbor_take_bytes(struct sj_span *in, struct sj_span *out)
{
	return take_string(in, SJ_CBOR_BYTES, out);
}

bool sj_cbor_take_text(struct sj_span *in, struct sj_span *out)
{
	return take_string(in, SJ_CBOR_TEXT, out);
}

bool sj_cbor_take_array(struct sj_span *in, size_t *n)
{
	struct sj_span rest = *in;
	enum sj_cbor_type type;
	uint64_t count;

	/* Every item takes a byte: a count beyond that lies. */
	if (!take_head(&rest, &type, &count) || type != SJ_CBOR_ARRAY || count > rest.len)
		return false;
	*n = (size_t)count;
	*in = rest;
	return true;
}

static bool in_order(struct sj_span before, struct sj_span key)
{
	size_t n = before.len < key.len ? before.len : key.len;
	int order = memcmp(before.ptr, key.ptr, n);

	return order < 0 || (order == 0 && before.len < key.len);
}

static bool skip_item(struct sj_span *in, unsigned depth);

static bool skip_pairs(struct sj_span *in, uint64_t n, unsigned depth)
{
	struct sj_span before = { NULL, 0 };

	/*@ loop invariant span_ok(*in) && span_ok(before) && in->len <= \at(in->len, Pre);
	    loop assigns i, before, *in; */
	for (uint64_t i = 0; i < n; i++) {
		struct sj_span key = *in;

		if (!skip_item(in, depth))
			return false;
		key.len -= in->len;
		if ((i > 0 && !in_order(before, key)) || !skip_item(in, depth))
			return false;
		before = key;
	}
	return true;
}

static bool skip_items(struct sj_span *in, uint64_t n, unsigned depth)
{
	/*@ loop invariant span_ok(*in) && in->len <= \at(in->len, Pre);
	    loop assigns i, *in; */
	for (uint64_t i = 0; i < n; i++)
		if (!skip_item(in, depth))
			return false;
	return true;
}

/* Recursion ends at SJ_CBOR_DEPTH_MAX. */
static bool skip_item(struct sj_span *in, unsigned depth)
{
	enum sj_cbor_type type;
	struct sj_span bytes;
	uint64_t argument;

	if (depth > SJ_CBOR_DEPTH_MAX || !take_head(in, &type, &argument))
		return false;
	switch (type) {
	case SJ_CBOR_UINT:
	case SJ_CBOR_NINT:
		return argument <= INT64_MAX;
	case SJ_CBOR_BYTES:
	case SJ_CBOR_TEXT:
		return argument <= in->len && sj_take(in, (size_t)argument, &bytes);
	case SJ_CBOR_ARRAY:
		return skip_items(in, argument, depth + 1);
	case SJ_CBOR_MAP:
		return skip_pairs(in, argument, depth + 1);
	case SJ_CBOR_TAG:
		return skip_item(in, depth + 1);
	case SJ_CBOR_SIMPLE:
		break;
	}
	return argument >= SIMPLE_FALSE && argument <= SIMPLE_NULL;
}

bool sj_cbor_take_item(struct sj_span *in, struct sj_span *out)
{
	struct sj_span rest = *in;

	if (!skip_item(&rest, 1))
		return false;
	*out = sj_span(in->ptr, in->len - rest.len);
	*in = rest;
	return true;
}

bool sj_cbor_take_map(struct sj_span *in, struct sj_cbor_map *out)
{
	struct sj_span rest = *in, item;
	enum sj_cbor_type type;
	uint64_t count;

	if (!sj_cbor_take_item(&rest, &item) || !take_head(&item, &type, &count) ||
	    type != SJ_CBOR_MAP)
		return false;
	out->pairs = item;
	*in = rest;
	return true;
}

bool sj_cbor_next(struct sj_cbor_map *map, struct sj_span *key, struct sj_span *value)
{
	return sj_cbor_take_item(&map->pairs, key) && sj_cbor_take_item(&map->pairs, value);
}

bool sj_cbor_find(struct sj_cbor_map map, int64_t key, struct sj_span *value)
{
	struct sj_span found, at;
	int64_t number;

	/*@ loop invariant span_ok(map.pairs);
	    loop assigns map, found, at, number; */
	while (sj_cbor_next(&map, &found, &at)) {
		if (sj_cbor_take_int(&found, &number) && number == key) {
			*value = at;
			return true;
		}
	}
	return false;
}

static void put_head(struct sj_writer *w, enum sj_cbor_type type, uint64_t argument)
{
	unsigned size = argument < ARGUMENT_1    ? 0
			: argument < 0x100       ? 1
			: argument < 0x10000     ? 2
			: argument < 0x100000000 ? 4
						 : 8;
	unsigned info = size == 0   ? (unsigned)argument
			: size == 1 ? 24
			: size == 2 ? 25
			: size == 4 ? 26
				    : 27;

	sj_put_u8(w, (uint8_t)((unsigned)type << 5 | info));
	if (size == 8)
		sj_put_be(w, 4, (uint32_t)(argument >> 32));
	if (size > 0)
		sj_put_be(w, size == 8 ? 4 : size, (uint32_t)argument);
}

void sj_cbor_put_int(struct sj_writer *w, int64_t value)
{
	if (value >= 0)
		put_head(w, SJ_CBOR_UINT, (uint64_t)value);
	else
		put_head(w, SJ_CBOR_NINT, (uint64_t)(-1 - value));
}

void sj_cbor_put_bytes_head(struct sj_writer *w, size_t n)
{
	put_head(w, SJ_CBOR_BYTES, n);
}

void sj_cbor_put_bytes(struct sj_writer *w, struct sj_span bytes)
{
	put_head(w, SJ_CBOR_BYTES, bytes.len);
	sj_put(w, bytes);
}

void sj_cbor_put_text(struct sj_writer *w, struct sj_span text)
{
	put_head(w, SJ_CBOR_TEXT, text.len);
	sj_put(w, text);
}

void sj_cbor_put_array(struct sj_writer *w, size_t n)
{
	put_head(w, SJ_CBOR_ARRAY, n);
}

void sj_cbor_put_map(struct sj_writer *w, size_t pairs)
{
	put_head(w, SJ_CBOR_MAP, pairs);
}
