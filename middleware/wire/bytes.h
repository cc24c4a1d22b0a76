/* bytes.h -- reading and writing bytes without leaving the buffer. */
#ifndef SJ_WIRE_BYTES_H
#define SJ_WIRE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SJ_MUST_CHECK __attribute__((warn_unused_result))

/*
 * Bytes that somebody else owns. Taking from a span consumes its front; copy
 * the struct to look ahead. A failed take leaves the span as it was.
 */
struct sj_span {
	const uint8_t *ptr;
	size_t len; /* bytes not yet taken */
};

/*
 * A buffer of fixed capacity, owned by the caller. The first put that does
 * not fit sets `failed` and later puts do nothing, so that a builder reads
 * like the message it builds and tests for failure once, at the end.
 */
struct sj_writer {
	uint8_t *ptr;
	size_t len; /* bytes written so far */
	size_t cap; /* bytes available in all */
	bool failed;
};

/* A span over an array object (not a pointer). */
#define SJ_SPAN_OF(array) ((struct sj_span){ (array), sizeof(array) })
/* A writer over an array object (not a pointer). */
#define SJ_WRITER_OF(array) ((struct sj_writer){ (array), 0, sizeof(array), false })
/* The bytes of a string literal, without its NUL. */
#define SJ_SPAN_STR(literal) \
	((struct sj_span){ (const uint8_t *)("" literal), sizeof(literal) - 1 })

static inline struct sj_span sj_span(const uint8_t *ptr, size_t len)
{
	return (struct sj_span){ ptr, len };
}

static inline struct sj_writer sj_writer(uint8_t *ptr, size_t cap)
{
	return (struct sj_writer){ ptr, 0, cap, false };
}

/* The bytes written so far; valid while the writer's buffer is. */
static inline struct sj_span sj_written(const struct sj_writer *w)
{
	return (struct sj_span){ w->ptr, w->len };
}

/* The bytes of n parts together. */
static inline size_t sj_spans_len(const struct sj_span *parts, size_t n)
{
	size_t len = 0;

	/*@ loop invariant 0 <= i <= n;
	    loop assigns i, len; */
	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	return len;
}

/* Takes n bytes into *out. False, nothing changed: fewer than n are left. */
SJ_MUST_CHECK bool sj_take(struct sj_span *in, size_t n, struct sj_span *out);
/* Takes one byte. */
SJ_MUST_CHECK bool sj_take_u8(struct sj_span *in, uint8_t *out);
/* Takes a big-endian number of n bytes; n: 1..4. */
SJ_MUST_CHECK bool sj_take_be(struct sj_span *in, size_t n, uint32_t *out);
/* Takes a big-endian number of eight bytes. */
SJ_MUST_CHECK bool sj_take_u64(struct sj_span *in, uint64_t *out);
/* Takes n bytes and copies them to `out`, which holds at least n. */
SJ_MUST_CHECK bool sj_take_copy(struct sj_span *in, size_t n, uint8_t *out);

/* Same length and same bytes. NOT constant-time: for public values only. */
bool sj_span_eq(struct sj_span a, struct sj_span b);

/*
 * FNV-1a of 64 bits: spreads names and notices accidents; it proves nothing. It goes on from
 * what it gave, and begins with SJ_FNV_BASIS.
 */
#define SJ_FNV_BASIS UINT64_C(0xCBF29CE484222325)
uint64_t sj_fnv(uint64_t sum, struct sj_span bytes);

/* Each put appends, or sets w->failed and appends nothing. */
void sj_put(struct sj_writer *w, struct sj_span bytes);
void sj_put_u8(struct sj_writer *w, uint8_t value);
void sj_put_be(struct sj_writer *w, size_t n, uint32_t value); /* n: 1..4 bytes */
void sj_put_u64(struct sj_writer *w, uint64_t value);
void sj_put_fill(struct sj_writer *w, uint8_t value, size_t n);

/*
 * Reserves n bytes to be filled by the caller at once; NULL if they do not
 * fit (w->failed is then set). Valid while the writer's buffer is.
 */
SJ_MUST_CHECK uint8_t *sj_put_space(struct sj_writer *w, size_t n);

#endif
