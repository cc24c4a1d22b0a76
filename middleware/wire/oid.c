#include "wire/oid.h"

#include <stdio.h>

/* Takes one subidentifier: base 128, shortest form, below 2^32. */
static bool take_subidentifier(struct sj_span *in, uint32_t *out)
{
	uint32_t value = 0;
	uint8_t byte;

	if (in->len == 0 || in->ptr[0] == 0x80)
		return false;
	do {
		if (value > UINT32_MAX >> 7 || !sj_take_u8(in, &byte))
			return false;
		value = value << 7 | (byte & 0x7F);
	} while (byte & 0x80);
	*out = value;
	return true;
}

bool sj_oid_valid(struct sj_span oid)
{
	uint32_t ignored;

	if (oid.len == 0)
		return false;
	while (oid.len > 0) {
		if (!take_subidentifier(&oid, &ignored))
			return false;
	}
	return true;
}

bool sj_oid_under(struct sj_span oid, struct sj_span arc)
{
	return oid.len > arc.len && sj_span_eq(sj_span(oid.ptr, arc.len), arc);
}

/* Appends to text of *len characters; false: cap is too small. */
static bool append_arc(char *out, size_t cap, size_t *len, uint32_t value)
{
	int n = snprintf(out + *len, cap - *len, *len > 0 ? ".%u" : "%u", (unsigned)value);

	if (n < 0 || (size_t)n >= cap - *len)
		return false;
	*len += (size_t)n;
	return true;
}

bool sj_oid_text(struct sj_span oid, char *out, size_t cap)
{
	size_t len = 0;
	uint32_t value, root;
	bool ok = cap > 0 && sj_oid_valid(oid) && take_subidentifier(&oid, &value);

	if (ok) {
		root = value < 80 ? value / 40 : 2;
		ok = append_arc(out, cap, &len, root) &&
		     append_arc(out, cap, &len, value - 40 * root);
	}
	while (ok && oid.len > 0)
		ok = take_subidentifier(&oid, &value) && append_arc(out, cap, &len, value);
	if (!ok && cap > 0)
		out[0] = '\0';
	return ok;
}

/* Takes a decimal number without leading zeros, and the dot after it if there is more. */
static bool take_arc(const char **text, size_t *len, uint32_t *out)
{
	uint64_t value = 0;
	size_t n = 0;

	while (n < *len && (*text)[n] >= '0' && (*text)[n] <= '9') {
		value = value * 10 + (uint64_t)((*text)[n] - '0');
		if (value > UINT32_MAX)
			return false;
		n++;
	}
	if (n == 0 || (n > 1 && (*text)[0] == '0'))
		return false;
	if (n < *len && ((*text)[n] != '.' || ++n == *len))
		return false;
	*text += n;
	*len -= n;
	*out = (uint32_t)value;
	return true;
}

static void put_subidentifier(struct sj_writer *w, uint32_t value)
{
	unsigned shift = 28;

	while (shift > 0 && value >> shift == 0)
		shift -= 7;
	for (; shift > 0; shift -= 7)
		sj_put_u8(w, (uint8_t)(0x80 | (value >> shift & 0x7F)));
	sj_put_u8(w, value & 0x7F);
}

bool sj_oid_read(const char *text, size_t len, struct sj_writer *out)
{
	const size_t before = out->len;
	uint32_t root, value;
	bool ok;

	if (out->failed || !take_arc(&text, &len, &root) || !take_arc(&text, &len, &value) ||
	    root > 2 || (root < 2 && value >= 40) || value > UINT32_MAX - 80)
		return false;
	put_subidentifier(out, 40 * root + value);
	ok = true;
	while (ok && len > 0) {
		ok = take_arc(&text, &len, &value);
		if (ok)
			put_subidentifier(out, value);
	}
	if (!ok || out->failed) {
		out->len = before;
		out->failed = false;
		return false;
	}
	return true;
}
