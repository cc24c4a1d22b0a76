#include "wire/bytes.h"

#include <string.h>

bool sj_take(struct sj_span *in, size_t n, struct sj_span *out)
{
	if (n > in->len)
		return false;
	*out = sj_span(in->ptr, n);
	if (n > 0) {
		in->ptr += n;
		in->len -= n;
	}
	return true;
}

bool sj_take_u8(struct sj_span *in, uint8_t *out)
{
	struct sj_span byte;

	if (!sj_take(in, 1, &byte))
		return false;
	*out = byte.ptr[0];
	return true;
}

bool sj_take_be(struct sj_span *in, size_t n, uint32_t *out)
{
	struct sj_span bytes;
	uint32_t value = 0;

	if (n < 1 || n > 4 || !sj_take(in, n, &bytes))
		return false;
	/*@ loop invariant 0 <= i <= n;
	    loop assigns i, value; */
	for (size_t i = 0; i < n; i++)
		value = value << 8 | bytes.ptr[i];
	*out = value;
	return true;
}

bool sj_take_u64(struct sj_span *in, uint64_t *out)
{
	struct sj_span rest = *in;
	uint32_t high, low;

	if (!sj_take_be(&rest, 4, &high) || !sj_take_be(&rest, 4, &low))
		return false;
	*out = (uint64_t)high << 32 | low;
	*in = rest;
	return true;
}

bool sj_take_copy(struct sj_span *in, size_t n, uint8_t *out)
{
	struct sj_span bytes;

	if (!sj_take(in, n, &bytes))
		return false;
	if (n > 0)
		memcpy(out, bytes.ptr, n);
	return true;
}

bool sj_span_eq(struct sj_span a, struct sj_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

uint64_t sj_fnv(uint64_t sum, struct sj_span bytes)
{
	/*@ loop invariant 0 <= i <= bytes.len;
	    loop assigns i, sum; */
	for (size_t i = 0; i < bytes.len; i++)
		sum = (sum ^ bytes.ptr[i]) * UINT64_C(0x100000001B3);
	return sum;
}

uint8_t *sj_put_space(struct sj_writer *w, size_t n)
{
	uint8_t *at;

	if (w->failed || n > w->cap - w->len) {
		w->failed = true;
		return NULL;
	}
	at = w->ptr + w->len;
	w->len += n;
	return at;
}

void sj_put(struct sj_writer *w, struct sj_span bytes)
{
	uint8_t *at = sj_put_space(w, bytes.len);

	if (at != NULL && bytes.len > 0)
		memmove(at, bytes.ptr, bytes.len);
}

void sj_put_u8(struct sj_writer *w, uint8_t value)
{
	sj_put(w, sj_span(&value, 1));
}

void sj_put_be(struct sj_writer *w, size_t n, uint32_t value)
{
	uint8_t *at;

	if (n < 1 || n > 4) {
		w->failed = true;
		return;
	}
	at = sj_put_space(w, n);
	if (at == NULL)
		return;
	/*@ loop invariant 0 <= i <= n;
	    loop assigns i, value, at[0 .. n - 1]; */
	for (size_t i = n; i > 0; i--) {
		at[i - 1] = (uint8_t)value;
		value >>= 8;
	}
}

void sj_put_u64(struct sj_writer *w, uint64_t value)
{
	sj_put_be(w, 4, (uint32_t)(value >> 32));
	sj_put_be(w, 4, (uint32_t)value);
}

void sj_put_fill(struct sj_writer *w, uint8_t value, size_t n)
{
	uint8_t *at = sj_put_space(w, n);

	if (at != NULL && n > 0)
		memset(at, value, n);
}
