/* hex.h -- bytes as hexadecimal text and back. */
#ifndef SJ_WIRE_HEX_H
#define SJ_WIRE_HEX_H

#include "wire/bytes.h"

enum sj_hex_case { SJ_HEX_LOWER, SJ_HEX_UPPER };

/*
 * Reads `len` characters: an even number of hexadecimal digits of either
 * case and nothing else, no white space. False, nothing written: anything
 * else, or the bytes do not fit.
 */
SJ_MUST_CHECK bool sj_hex_read(const char *text, size_t len, struct sj_writer *out);

/*
 * Writes two digits a byte and a terminating NUL to `out`. False, and an
 * empty text (if cap > 0): cap is less than 2 * bytes.len + 1.
 */
bool sj_hex_text(struct sj_span bytes, enum sj_hex_case letters, char *out, size_t cap);

#endif
