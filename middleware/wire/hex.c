#include "wire/hex.h"

static bool digit_value(char c, uint8_t *out)
{
	if (c >= '0' && c <= '9')
		*out = (uint8_t)(c - '0');
	else if (c >= 'a' && c <= 'f')
		*out = (uint8_t)(c - 'a' + 10);
	else if (c >= 'A' && c <= 'F')
		*out = (uint8_t)(c - 'A' + 10);
	else
		return false;
	return true;
}

bool sj_hex_read(const char *text, size_t len, struct sj_writer *out)
{
	uint8_t high, low;

	if (out->failed || len % 2 != 0 || len / 2 > out->cap - out->len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!digit_value(text[i], &low))
			return false;
	}
	for (size_t i = 0; i < len; i += 2) {
		if (digit_value(text[i], &high) && digit_value(text[i + 1], &low))
			sj_put_u8(out, (uint8_t)(high << 4 | low));
	}
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
