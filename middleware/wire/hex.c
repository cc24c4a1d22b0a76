#include "wire/hex.h"

/* A digit's value and one more; 0: no digit. Cards behind pipes take a lot of them. */
static const uint8_t values[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool sj_hex_read(const char *text, size_t len, struct sj_writer *out)
{
	const unsigned char *digits = (const unsigned char *)text;
	uint8_t *to;

	if (out->failed || len % 2 != 0 || len / 2 > out->cap - out->len)
		return false;
	to = out->ptr + out->len;
	for (size_t i = 0; i < len; i += 2) {
		const unsigned high = values[digits[i]], low = values[digits[i + 1]];

		if (high == 0 || low == 0)
			return false;
		*to++ = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	out->len += len / 2;
	return true;
}

bool sj_hex_text(struct sj_span bytes, enum sj_hex_case letters, char *out, size_t cap)
{
	const char *digits = letters == SJ_HEX_UPPER ? "0123456789ABCDEF" : "0123456789abcdef";

	if (cap == 0)
		return false;
	out[0] = '\0';
	if (bytes.len > (cap - 1) / 2)
		return false;
	for (size_t i = 0; i < bytes.len; i++) {
		out[2 * i] = digits[bytes.ptr[i] >> 4];
		out[2 * i + 1] = digits[bytes.ptr[i] & 0x0F];
	}
	out[2 * bytes.len] = '\0';
	return true;
}
