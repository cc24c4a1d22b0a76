/*
 * cbor.h -- CBOR, in its deterministic encoding only.
 *
 * Source: RFC 8949, 4.2.1: shortest heads, definite lengths, map keys in
 * bytewise order and never twice. Anything else is refused. Integers that do
 * not fit int64_t, floating point and simple values but false, true and null
 * are refused too: nothing that we speak has them.
 */
#ifndef SJ_WIRE_CBOR_H
#define SJ_WIRE_CBOR_H

#include "wire/bytes.h"

enum sj_cbor_type {
	SJ_CBOR_UINT = 0,
	SJ_CBOR_NINT = 1, /* the value is -1 - argument */
	SJ_CBOR_BYTES = 2,
	SJ_CBOR_TEXT = 3,
	SJ_CBOR_ARRAY = 4,
	SJ_CBOR_MAP = 5,
	SJ_CBOR_TAG = 6,
	SJ_CBOR_SIMPLE = 7,
};

#define SJ_CBOR_DEPTH_MAX 8u /* items inside one another, the innermost included */

/* The type of the next item; false: nothing is left. */
SJ_MUST_CHECK bool sj_cbor_peek(struct sj_span in, enum sj_cbor_type *type);

/* Each take consumes one item, or leaves `in` as it was: absent, malformed or of another type. */
SJ_MUST_CHECK bool sj_cbor_take_int(struct sj_span *in, int64_t *out);
SJ_MUST_CHECK bool sj_cbor_take_bytes(struct sj_span *in, struct sj_span *out);
/* UTF-8 is not looked into. */
SJ_MUST_CHECK bool sj_cbor_take_text(struct sj_span *in, struct sj_span *out);
/* The head of an array; its n items follow. */
SJ_MUST_CHECK bool sj_cbor_take_array(struct sj_span *in, size_t *n);
/* One whole item, checked throughout; *out gets its encoding. */
SJ_MUST_CHECK bool sj_cbor_take_item(struct sj_span *in, struct sj_span *out);

/*
 * Walking a map: sj_cbor_take_map() takes the whole of it, checked throughout;
 * then each sj_cbor_next() gives one pair, encoded; false: no more.
 */
struct sj_cbor_map {
	struct sj_span pairs; /* not walked yet */
};
SJ_MUST_CHECK bool sj_cbor_take_map(struct sj_span *in, struct sj_cbor_map *out);
SJ_MUST_CHECK bool sj_cbor_next(struct sj_cbor_map *map, struct sj_span *key,
				struct sj_span *value);
/* The value of an integer key, encoded; false: absent. */
SJ_MUST_CHECK bool sj_cbor_find(struct sj_cbor_map map, int64_t key, struct sj_span *value);

/* Items are written as they are put: keys of a map in order is the caller's task. */
void sj_cbor_put_int(struct sj_writer *w, int64_t value);
void sj_cbor_put_bytes(struct sj_writer *w, struct sj_span bytes);
void sj_cbor_put_text(struct sj_writer *w, struct sj_span text);
void sj_cbor_put_array(struct sj_writer *w, size_t n);
void sj_cbor_put_map(struct sj_writer *w, size_t pairs);
/* The head alone of a byte string whose n bytes follow. */
void sj_cbor_put_bytes_head(struct sj_writer *w, size_t n);

#endif
