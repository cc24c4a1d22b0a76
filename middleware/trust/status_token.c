/*
 * status_token.c -- Token Status Lists of others: CBOR, CWT and JSON in, CBOR
 * and JSON out, zlib inside.
 *
 * Source: draft-ietf-oauth-status-list, 4 (lists), 5.2 (CWT). What others
 * encoded need not be deterministic, so wire/cbor.h would refuse it: here heads
 * of any width and keys in any order pass; indefinite lengths do not.
 */
#define ZLIB_CONST
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "reader/memory.h"
#include "trust/status_store.h"

#define CLAIM_LIST 65533u /* of a CWT */
#define DEPTH_MAX 8u
#define BYTES_MAX (SJ_STATUS_PART_MAX / 8) /* of an inflated list */

enum major { UINT = 0, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5, TAG = 6, SIMPLE = 7 };

/* What a token says of its list. */
struct token_list {
	uint64_t bits;
	struct sj_span lst; /* compressed */
	uint8_t *owned; /* what lst lies in, if it had to be decoded */
};

/* --- CBOR of any width -------------------------------------------------------------------- */

static bool take_head(struct sj_span *in, uint8_t *major, uint64_t *argument)
{
	struct sj_span rest = *in;
	uint8_t first, byte;
	unsigned width;

	if (!sj_take_u8(&rest, &first) || (first & 0x1F) > 27)
		return false;
	*major = first >> 5;
	*argument = first & 0x1F;
	if (*argument >= 24) {
		width = 1u << (*argument - 24);
		for (*argument = 0; width > 0; width--) {
			if (!sj_take_u8(&rest, &byte))
				return false;
			*argument = *argument << 8 | byte;
		}
	}
	*in = rest;
	return true;
}

/* A byte or text string. */
static bool take_string(struct sj_span *in, uint8_t wanted, struct sj_span *out)
{
	uint64_t size;
	uint8_t major;

	return take_head(in, &major, &size) && major == wanted && size <= in->len &&
	       sj_take(in, (size_t)size, out);
}

static bool pass_over(struct sj_span *in)
{
	uint64_t items = 1, argument;
	uint8_t major;

	/* Each head is a byte at least: more items than bytes cannot come. */
	for (; items > 0; items--) {
		struct sj_span content;

		if (!take_head(in, &major, &argument))
			return false;
		if (major == BYTES || major == TEXT) {
			if (argument > in->len || !sj_take(in, (size_t)argument, &content))
				return false;
		} else if (major == ARRAY || major == MAP) {
			if (argument > in->len)
				return false;
			items += major == MAP ? 2 * argument : argument;
		} else if (major == TAG) {
			items++;
		}
	}
	return true;
}

/* A key as it may be: text, or an unsigned number (name NULL). */
static bool is_key(struct sj_span key, const char *name, uint64_t number)
{
	uint64_t argument;
	struct sj_span text;
	uint8_t major;

	if (name != NULL)
		return take_string(&key, TEXT, &text) &&
		       sj_span_eq(text, sj_span((const uint8_t *)name, strlen(name)));
	return take_head(&key, &major, &argument) && major == UINT && argument == number;
}

/* The first value of a key in a map. */
static bool find(struct sj_span map, const char *name, uint64_t number, struct sj_span *value)
{
	uint64_t pairs;
	uint8_t major;

	if (!take_head(&map, &major, &pairs) || major != MAP)
		return false;
	for (; pairs > 0; pairs--) {
		struct sj_span key = map;

		if (!pass_over(&map))
			return false;
		*value = map;
		if (is_key(key, name, number))
			return true;
		if (!pass_over(&map))
			return false;
	}
	return false;
}

/* The payload of a COSE_Sign1, or what is there if it is none. */
static struct sj_span unwrap(struct sj_span in)
{
	struct sj_span rest = in, payload;
	uint64_t argument;
	uint8_t major = TAG;

	for (unsigned i = 0; i < DEPTH_MAX && major == TAG; i++) {
		in = rest;
		if (!take_head(&rest, &major, &argument))
			return in;
	}
	if (major == ARRAY && argument == 4 && pass_over(&rest) && pass_over(&rest) &&
	    take_string(&rest, BYTES, &payload))
		return payload;
	return in;
}

static bool read_cbor(struct sj_span in, struct token_list *out)
{
	struct sj_span map = unwrap(in), value;
	uint8_t major;

	if (find(map, NULL, CLAIM_LIST, &value))
		map = value;
	return find(map, "bits", 0, &value) && take_head(&value, &major, &out->bits) &&
	       major == UINT && find(map, "lst", 0, &value) &&
	       take_string(&value, BYTES, &out->lst);
}

/* --- JSON: enough to find two members ------------------------------------------------------ */

static void pass_blanks(struct sj_span *in)
{
	struct sj_span blank;

	while (in->len > 0 && strchr(" \t\r\n", in->ptr[0]) != NULL && in->ptr[0] != 0 &&
	       sj_take(in, 1, &blank))
		;
}

static bool take_char(struct sj_span *in, char wanted)
{
	struct sj_span one;

	pass_blanks(in);
	return in->len > 0 && in->ptr[0] == (uint8_t)wanted && sj_take(in, 1, &one);
}

/* A string as it stands, escapes and all. */
static bool take_text(struct sj_span *in, struct sj_span *out)
{
	struct sj_span rest = *in;
	size_t n = 0;

	if (!take_char(&rest, '"'))
		return false;
	for (; n < rest.len && rest.ptr[n] != '"'; n++)
		if (rest.ptr[n] == '\\')
			n++;
	if (!sj_take(&rest, n, out) || !take_char(&rest, '"'))
		return false;
	*in = rest;
	return true;
}

/* A value of any kind: brackets are counted, strings are passed over whole. */
static bool take_value(struct sj_span *in, struct sj_span *out)
{
	struct sj_span rest = *in, text;
	size_t depth = 0;
	uint8_t c;

	pass_blanks(&rest);
	*out = rest;
	while (rest.len > 0) {
		c = rest.ptr[0];
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			break;
		if (c == '"' ? !take_text(&rest, &text) : !sj_take(&rest, 1, &text))
			return false;
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
	}
	out->len -= rest.len;
	*in = rest;
	return depth == 0 && out->len > 0;
}

/* The first member of this name in an object. */
static bool find_member(struct sj_span object, const char *name, struct sj_span *value)
{
	struct sj_span key;

	if (!take_char(&object, '{'))
		return false;
	do {
		if (!take_text(&object, &key) || !take_char(&object, ':') ||
		    !take_value(&object, value))
			return false;
		if (sj_span_eq(key, sj_span((const uint8_t *)name, strlen(name))))
			return true;
	} while (take_char(&object, ','));
	return false;
}

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* base64url without padding (RFC 4648, 5); `out` holds 3 bytes for each 4 digits begun. */
static bool read64(struct sj_span text, struct sj_writer *out)
{
	uint32_t word = 0;

	for (size_t i = 0; i < text.len; i++) {
		const char *digit = text.ptr[i] == 0 ? NULL : strchr(digits64, text.ptr[i]);

		if (digit == NULL)
			return false;
		word = word << 6 | (uint32_t)(digit - digits64);
		if (i % 4 != 0)
			sj_put_u8(out, (uint8_t)(word >> (6 - i % 4 * 2)));
	}
	return text.len % 4 != 1 && !out->failed;
}

/* A whole number of one digit: enough for bits. */
static bool read_digit(struct sj_span value, uint64_t *out)
{
	uint8_t digit;

	if (!sj_take_u8(&value, &digit) || digit < '0' || digit > '9')
		return false;
	pass_blanks(&value);
	*out = (uint64_t)(digit - '0');
	return value.len == 0;
}

static bool read_json(struct sj_span in, struct token_list *out)
{
	struct sj_span value, text;
	struct sj_writer w;

	if (find_member(in, "status_list", &value))
		in = value;
	if (!find_member(in, "bits", &value) || !read_digit(value, &out->bits) ||
	    !find_member(in, "lst", &value) || !take_text(&value, &text))
		return false;
	out->owned = malloc(text.len + 1);
	w = sj_writer(out->owned, text.len);
	if (out->owned == NULL)
		sj_memory_note();
	if (out->owned == NULL || !read64(text, &w))
		return false;
	out->lst = sj_written(&w);
	return true;
}

/* --- zlib ------------------------------------------------------------------------------------ */

/* Inflates all of it; *out is the caller's to free. */
static enum sj_rc inflate_all(struct sj_span in, uint8_t **out, size_t *len)
{
	z_stream z = { .avail_in = 0 };
	size_t cap = 4096;
	uint8_t *bytes = NULL, *more;
	int state = in.len > UINT32_MAX ? Z_DATA_ERROR : inflateInit(&z);
	enum sj_rc rc = SJ_INPUT_MALFORMED;

	if (state != Z_OK)
		return state == Z_MEM_ERROR ? SJ_NO_MEMORY : rc;
	z.next_in = in.ptr;
	z.avail_in = (uInt)in.len;
	while (state == Z_OK && z.avail_out == 0 && cap < BYTES_MAX) {
		cap *= 2;
		more = realloc(bytes, cap);
		if (more == NULL) {
			rc = SJ_NO_MEMORY;
			break;
		}
		bytes = more;
		z.next_out = bytes + z.total_out;
		z.avail_out = (uInt)(cap - z.total_out);
		state = inflate(&z, Z_NO_FLUSH);
	}
	if (state == Z_MEM_ERROR)
		rc = SJ_NO_MEMORY;
	if (state == Z_STREAM_END && z.avail_in == 0) {
		*out = bytes;
		*len = z.total_out;
		bytes = NULL;
		rc = SJ_OK;
	}
	free(bytes);
	inflateEnd(&z);
	return rc;
}

static enum sj_rc deflate_all(struct sj_span in, uint8_t **out, size_t *len)
{
	uLong size = compressBound(in.len);
	uint8_t *bytes = malloc(size);

	if (bytes == NULL)
		return SJ_NO_MEMORY;
	/* There is room for the result: nothing but memory keeps from it. */
	if (compress2(bytes, &size, in.ptr, in.len, Z_BEST_COMPRESSION) != Z_OK) {
		free(bytes);
		return SJ_NO_MEMORY;
	}
	*out = bytes;
	*len = size;
	return SJ_OK;
}

/* --- the public side ------------------------------------------------------------------------- */

enum sj_rc sj_status_read_token(const uint8_t *token, size_t len, uint8_t **out, size_t *out_len)
{
	const unsigned mark = sj_memory_mark();
	struct token_list list = { .bits = 0 };
	struct sj_span in = sj_span(token, len);
	enum sj_rc rc = SJ_INPUT_MALFORMED;
	bool read;

	pass_blanks(&in);
	read = in.len > 0 && in.ptr[0] == '{' ? read_json(in, &list)
					      : read_cbor(sj_span(token, len), &list);
	if (read && list.bits != 1)
		rc = SJ_INPUT_REFUSED;
	else if (read)
		rc = inflate_all(list.lst, out, out_len);
	free(list.owned);
	return sj_memory_rc(mark, rc);
}

static void put_cbor(struct sj_writer *w, struct sj_span lst)
{
	/* In the draft's order, which is not the deterministic one. */
	sj_cbor_put_map(w, 2);
	sj_cbor_put_text(w, SJ_SPAN_STR("bits"));
	sj_cbor_put_int(w, 1);
	sj_cbor_put_text(w, SJ_SPAN_STR("lst"));
	sj_cbor_put_bytes(w, lst);
}

static void put_json(struct sj_writer *w, struct sj_span lst)
{
	sj_put(w, SJ_SPAN_STR("{\"bits\":1,\"lst\":\""));
	for (size_t i = 0; i < lst.len; i += 3) {
		size_t n = lst.len - i < 3 ? lst.len - i : 3;
		uint32_t word = (uint32_t)lst.ptr[i] << 16 |
				(n > 1 ? (uint32_t)lst.ptr[i + 1] << 8 : 0) |
				(n > 2 ? lst.ptr[i + 2] : 0);

		for (size_t d = 0; d <= n; d++)
			sj_put_u8(w, (uint8_t)digits64[word >> (18 - 6 * d) & 0x3F]);
	}
	sj_put(w, SJ_SPAN_STR("\"}"));
}

/* All bits of a partition; the caller frees them. */
static enum sj_rc read_part(const struct sj_status_list *list, const struct sj_status_part *part,
			    uint8_t **out, size_t *len)
{
	size_t size = ((size_t)part->size + 7) / 8, blocks = sj_status_blocks(part->size);
	struct sj_status_bits *bits = malloc(blocks * sizeof(*bits));

	if (bits == NULL)
		return SJ_NO_MEMORY;
	for (uint32_t b = 0; b < blocks; b++)
		if (!sj_status_list_read(list, part, b, &bits[b])) {
			free(bits);
			return SJ_TRUST_UNREADABLE;
		}
	*out = bits->bytes;
	*len = size;
	return SJ_OK;
}

enum sj_rc sj_status_export(const struct sj_status *status, uint16_t partition,
			    enum sj_status_form form, uint8_t **out, size_t *len)
{
	const unsigned mark = sj_memory_mark();
	const struct sj_status_part *part = sj_status_parts_find(&status->list.parts, partition);
	uint8_t *bits = NULL, *lst = NULL, *bytes;
	size_t bits_len = 0, lst_len = 0;
	struct sj_writer w;
	enum sj_rc rc;

	if (part == NULL)
		return sj_memory_rc(mark, SJ_INPUT_REFUSED);
	rc = read_part(&status->list, part, &bits, &bits_len);
	if (rc == SJ_OK)
		rc = deflate_all(sj_span(bits, bits_len), &lst, &lst_len);
	free(bits);
	if (rc != SJ_OK)
		return sj_memory_rc(mark, rc);
	w = sj_writer(malloc(lst_len / 3 * 4 + 64), lst_len / 3 * 4 + 64);
	bytes = w.ptr;
	if (bytes != NULL)
		(form == SJ_STATUS_JSON ? put_json : put_cbor)(&w, sj_span(lst, lst_len));
	free(lst);
	if (bytes == NULL || w.failed) {
		free(bytes);
		return sj_memory_rc(mark, bytes == NULL ? SJ_NO_MEMORY : SJ_INTERNAL);
	}
	*out = bytes;
	*len = w.len;
	return SJ_OK;
}

void sj_status_free(uint8_t *bytes)
{
	free(bytes);
}
