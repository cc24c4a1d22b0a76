/* hexbytes.h -- vectors are written as hexadecimal text; these make bytes of it. */
#ifndef TESTS_VECTORS_HEXBYTES_H
#define TESTS_VECTORS_HEXBYTES_H

#include "wire/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * The bytes of a hexadecimal text, in a ring that later calls overwrite after
 * 64 kB: long enough for any one case.
 */
static inline struct sj_span hex(const char *text)
{
	static uint8_t ring[65536];
	static size_t used;
	const size_t n = strlen(text) / 2;
	uint8_t *out;

	assert_true(strlen(text) % 2 == 0 && n <= sizeof(ring));
	if (n > sizeof(ring) - used)
		used = 0;
	out = ring + used;
	used += n;
	for (size_t i = 0; i < n; i++) {
		const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		assert_true(high >= 0 && low >= 0);
		out[i] = (uint8_t)(high << 4 | low);
	}
	return sj_span(out, n);
}

/* The bytes are those of the text. */
#define assert_hex(span, text) \
	do { \
		const struct sj_span got_ = (span), want_ = hex(text); \
		assert_int_equal(got_.len, want_.len); \
		assert_memory_equal(got_.ptr, want_.ptr, want_.len); \
	} while (0)

#endif
