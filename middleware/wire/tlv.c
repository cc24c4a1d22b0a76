#include "wire/tlv.h"

#include <string.h>

/* ISO/IEC 7816-4:2020, 6.3: one to three bytes, no leading zero digits. */
static bool take_tag(struct sj_span *in, uint32_t *tag)
{
	uint32_t value, more;

	if (!sj_take_be(in, 1, &value))
		return false;
	if ((value & 0x1F) == 0x1F) {
		if (!sj_take_be(in, 1, &more) || (more & 0x7F) == 0)
			return false;
		value = value << 8 | more;
		if (more & 0x80) {
			if (!sj_take_be(in, 1, &more) || more & 0x80)
				return false;
			value = value << 8 | more;
		}
	}
	*tag = value;
	return true;
}

/* ISO/IEC 7816-4:2020, 6.3: definite, up to four subsequent bytes. */
static bool take_length(struct sj_span *in, size_t *len)
{
	uint32_t first, value;

	if (!sj_take_be(in, 1, &first))
		return false;
	if (first < 0x80) {
		*len = first;
		return true;
	}
	if (first == 0x80 || first > 0x84 || !sj_take_be(in, first - 0x80, &value))
		return false;
	*len = value;
	return true;
}

enum sj_tlv_rc sj_tlv_next(struct sj_span *in, uint32_t *tag, struct sj_span *value)
{
	struct sj_span rest = *in;
	size_t len;

	if (rest.len == 0)
		return SJ_TLV_ABSENT;
	if (!take_tag(&rest, tag) || !take_length(&rest, &len) || !sj_take(&rest, len, value))
		return SJ_TLV_MALFORMED;
	*in = rest;
	return SJ_TLV_FOUND;
}

enum sj_tlv_rc sj_tlv_take(struct sj_span *in, uint32_t tag, struct sj_span *value)
{
	struct sj_span rest = *in, got;
	uint32_t seen;
	enum sj_tlv_rc rc = sj_tlv_next(&rest, &seen, &got);

	if (rc != SJ_TLV_FOUND)
		return rc;
	if (seen != tag)
		return SJ_TLV_ABSENT;
	*value = got;
	*in = rest;
	return SJ_TLV_FOUND;
}

enum sj_tlv_rc sj_tlv_take_element(struct sj_span *in, uint32_t tag, struct sj_span *element)
{
	const struct sj_span before = *in;
	struct sj_span value;
	enum sj_tlv_rc rc = sj_tlv_take(in, tag, &value);

	if (rc == SJ_TLV_FOUND)
		*element = sj_span(before.ptr, before.len - in->len);
	return rc;
}

enum sj_tlv_rc sj_tlv_take_any(struct sj_span *in, struct sj_span *element)
{
	const struct sj_span before = *in;
	struct sj_span value;
	uint32_t tag;
	enum sj_tlv_rc rc = sj_tlv_next(in, &tag, &value);

	if (rc == SJ_TLV_FOUND)
		*element = sj_span(before.ptr, before.len - in->len);
	return rc;
}

enum sj_tlv_rc sj_tlv_find(struct sj_span in, uint32_t tag, struct sj_span *value)
{
	enum sj_tlv_rc rc, found = SJ_TLV_ABSENT;
	struct sj_span got;
	uint32_t seen;

	/*@ loop invariant span_ok(in) && (found == SJ_TLV_FOUND ==> span_ok(*value));
	    loop assigns in, rc, seen, got, found, *value; */
	while ((rc = sj_tlv_next(&in, &seen, &got)) == SJ_TLV_FOUND) {
		if (seen == tag && found == SJ_TLV_ABSENT) {
			*value = got;
			found = SJ_TLV_FOUND;
		}
	}
	return rc == SJ_TLV_MALFORMED ? rc : found;
}

bool sj_tlv_well_formed(struct sj_span in)
{
	struct sj_span ignored;

	return sj_tlv_find(in, 0, &ignored) != SJ_TLV_MALFORMED;
}

#define DEPTH_MAX 8u

static bool is_constructed(uint32_t tag)
{
	/*@ loop assigns tag; */
	while (tag > 0xFF)
		tag >>= 8;
	return (tag & 0x20) != 0;
}

static bool strict(struct sj_span in, unsigned depth)
{
	struct sj_span value;
	size_t before;
	uint32_t tag;

	/*@ loop invariant span_ok(in);
	    loop assigns in, before, tag, value; */
	while (in.len > 0) {
		before = in.len;
		if (sj_tlv_next(&in, &tag, &value) != SJ_TLV_FOUND ||
		    before - in.len != sj_tlv_header_size(tag, value.len) + value.len)
			return false;
		if (is_constructed(tag) && (depth == 0 || !strict(value, depth - 1)))
			return false;
	}
	return true;
}

bool sj_tlv_strict(struct sj_span in)
{
	return strict(in, DEPTH_MAX);
}

bool sj_tlv_announced(struct sj_span prefix, size_t *size)
{
	struct sj_span rest = prefix;
	uint32_t tag;
	size_t len, header;

	if (!take_tag(&rest, &tag) || !take_length(&rest, &len))
		return false;
	header = prefix.len - rest.len;
	if (len > SIZE_MAX - header)
		return false;
	*size = header + len;
	return true;
}

static size_t bytes_of(uint32_t value)
{
	size_t n = 1;

	/*@ loop invariant n == 1 || (n == 2 && value <= 0xFFFFFF) ||
	                   (n == 3 && value <= 0xFFFF) || (n == 4 && value <= 0xFF);
	    loop assigns n, value; */
	for (; value > 0xFF; value >>= 8)
		n++;
	return n;
}

size_t sj_tlv_header_size(uint32_t tag, size_t n)
{
	size_t len = n < 0x80 ? 1 : 1 + bytes_of((uint32_t)n);

	return bytes_of(tag) + len;
}

void sj_tlv_put_header(struct sj_writer *w, uint32_t tag, size_t n)
{
	if (n > UINT32_MAX) {
		w->failed = true;
		return;
	}
	sj_put_be(w, bytes_of(tag), tag);
	if (n >= 0x80)
		sj_put_u8(w, (uint8_t)(0x80 | bytes_of((uint32_t)n)));
	sj_put_be(w, n < 0x80 ? 1 : bytes_of((uint32_t)n), (uint32_t)n);
}

void sj_tlv_put(struct sj_writer *w, uint32_t tag, struct sj_span value)
{
	sj_tlv_put_header(w, tag, value.len);
	sj_put(w, value);
}

size_t sj_tlv_open(const struct sj_writer *w)
{
	return w->len;
}

void sj_tlv_close(struct sj_writer *w, uint32_t tag, size_t at)
{
	struct sj_writer header;
	size_t content, room;

	if (w->failed || at > w->len) {
		w->failed = true;
		return;
	}
	content = w->len - at;
	room = sj_tlv_header_size(tag, content);
	if (sj_put_space(w, room) == NULL)
		return;
	memmove(w->ptr + at + room, w->ptr + at, content);
	header = sj_writer(w->ptr + at, room);
	sj_tlv_put_header(&header, tag, content);
}

bool sj_der_small(struct sj_span integer, uint32_t *out)
{
	if (integer.len == 5 && integer.ptr[0] == 0)
		integer = sj_span(integer.ptr + 1, 4);
	else if (integer.len > 0 && integer.ptr[0] & 0x80)
		return false;
	return integer.len <= 4 && sj_take_be(&integer, integer.len, out);
}

void sj_der_put_small(struct sj_writer *w, uint32_t value)
{
	size_t n = bytes_of(value);
	bool negative = value >> (8 * n - 1) & 1; /* would be, without a zero in front */

	sj_put_u8(w, 0x02);
	sj_put_u8(w, (uint8_t)(n + negative));
	if (negative)
		sj_put_u8(w, 0);
	sj_put_be(w, n, value);
}

bool sj_der_take_small(struct sj_span *in, uint32_t *out)
{
	struct sj_span rest = *in, integer;

	if (sj_tlv_take(&rest, 0x02, &integer) != SJ_TLV_FOUND || !sj_der_small(integer, out))
		return false;
	*in = rest;
	return true;
}

/*
 * Whether element a goes before element b: compared as octet strings, a
 * prefix first, equal ones in the order in which they came.
 */
static bool der_before(const struct sj_span *elements, size_t a, size_t b)
{
	struct sj_span x = elements[a], y = elements[b];
	size_t n = x.len < y.len ? x.len : y.len;
	int order = n > 0 ? memcmp(x.ptr, y.ptr, n) : 0;

	if (order != 0)
		return order < 0;
	return x.len != y.len ? x.len < y.len : a < b;
}

/* The element that comes next after `last` in DER's order; n: none. last n: the first. */
static size_t der_successor(const struct sj_span *elements, size_t n, size_t last)
{
	size_t best = n;

	/*@ loop invariant i <= n && best <= n;
	    loop assigns i, best; */
	for (size_t i = 0; i < n; i++) {
		if (last != n && !der_before(elements, last, i))
			continue;
		if (best == n || der_before(elements, i, best))
			best = i;
	}
	return best;
}

void sj_der_put_set(struct sj_writer *w, const struct sj_span *elements, size_t n)
{
	size_t total = 0, next = n;

	/*@ loop invariant i <= n;
	    loop assigns i, total; */
	for (size_t i = 0; i < n; i++)
		total += elements[i].len;
	sj_tlv_put_header(w, 0x31, total);
	/*@ loop invariant next <= n && writer_ok(*w);
	    loop assigns next, w->len, w->failed, w->ptr[0 .. w->cap - 1]; */
	while ((next = der_successor(elements, n, next)) != n)
		sj_put(w, elements[next]);
}
