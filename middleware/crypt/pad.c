#include "crypt/cipher.h"

void sj_pad(struct sj_writer *w, size_t from, size_t block)
{
	size_t used;

	if (w->failed || from > w->len)
		w->failed = true;
	if (w->failed)
		return;
	used = (w->len - from) % block;
	sj_put_u8(w, 0x80);
	sj_put_fill(w, 0, block - 1 - used);
}

bool sj_unpad(struct sj_span padded, size_t block, size_t *len)
{
	unsigned found = 0, bad = 0;
	size_t at = 0;

	if (padded.len == 0 || padded.len % block != 0)
		return false;
	/*@ loop invariant padded.len - block <= i <= padded.len;
	    loop assigns i, at, found, bad; */
	for (size_t i = padded.len; i > padded.len - block; i--) {
		unsigned byte = padded.ptr[i - 1];
		unsigned set = (0u - byte) >> 31; /* 1 unless zero */
		unsigned first = set & ~found;

		at |= (i - 1) & (size_t) - (ptrdiff_t)first;
		bad |= (byte ^ 0x80) & -first;
		found |= set;
	}
	*len = at;
	return (found & (bad == 0)) != 0;
}
