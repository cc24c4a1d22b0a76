/*
 * spans.h -- contracts of wire/bytes.h: what a span and a writer are, and what each call leaves.
 *
 * Assumed, and so not proved: the C library's functions below do what they say.
 */
#ifndef PROVE_SPANS_H
#define PROVE_SPANS_H

#include <string.h>

#include "wire/bytes.h"

/*@
  predicate bytes_ok(uint8_t *p, integer n) = n == 0 || \valid_read(p + (0 .. n - 1));
  predicate room_ok(uint8_t *p, integer n) = n == 0 || \valid(p + (0 .. n - 1));
  predicate span_ok(struct sj_span s) = bytes_ok(s.ptr, s.len);
  predicate writer_ok(struct sj_writer w) = w.len <= w.cap && room_ok(w.ptr, w.cap);
*/

/* --- the C library, on bytes ------------------------------------------------- */

/*@ requires room_ok(to, n) && bytes_ok(from, n);
    assigns to[0 .. n - 1]; */
void prove_copy(uint8_t *to, const uint8_t *from, size_t n);
/*@ requires room_ok(to, n);
    assigns to[0 .. n - 1]; */
void prove_fill(uint8_t *to, int value, size_t n);
/*@ requires bytes_ok(a, n) && bytes_ok(b, n);
    assigns \nothing; */
int prove_compare(const uint8_t *a, const uint8_t *b, size_t n);

#define memcpy prove_copy
#define memmove prove_copy
#define memset prove_fill
#define memcmp prove_compare

/*@ assigns \nothing;
    ensures \result.ptr == ptr && \result.len == len; */
static inline struct sj_span sj_span(const uint8_t *ptr, size_t len);
/*@ assigns \nothing;
    ensures \result.ptr == ptr && \result.len == 0 && \result.cap == cap && !\result.failed; */
static inline struct sj_writer sj_writer(uint8_t *ptr, size_t cap);
/*@ requires \valid_read(w);
    assigns \nothing;
    ensures \result.ptr == w->ptr && \result.len == w->len; */
static inline struct sj_span sj_written(const struct sj_writer *w);

/* --- spans ----------------------------------------------------------------------- */

/*@ requires \valid(in) && \valid(out) && \separated(in, out) && span_ok(*in);
    assigns *in, *out;
    ensures span_ok(*in);
    ensures \result <==> n <= \old(in->len);
    ensures \result ==> out->ptr == \old(in->ptr) && out->len == n;
    ensures \result ==> in->len == \old(in->len) - n;
    ensures \result ==> in->ptr == \old(in->ptr) + n;
    ensures \result ==> span_ok(*out);
    ensures !\result ==> in->ptr == \old(in->ptr) && in->len == \old(in->len); */
bool sj_take(struct sj_span *in, size_t n, struct sj_span *out);

/*@ requires \valid(in) && \valid(out) && \separated(in, out) && span_ok(*in);
    assigns *in, *out;
    ensures span_ok(*in);
    ensures \result ==> in->len == \old(in->len) - 1 && in->ptr == \old(in->ptr) + 1;
    ensures !\result ==> in->ptr == \old(in->ptr) && in->len == \old(in->len) == 0; */
bool sj_take_u8(struct sj_span *in, uint8_t *out);

/*@ requires \valid(in) && \valid(out) && \separated(in, out) && span_ok(*in);
    assigns *in, *out;
    ensures span_ok(*in);
    ensures \result ==> 1 <= n <= 4 && in->len == \old(in->len) - n && in->ptr == \old(in->ptr) + n;
    ensures !\result ==> in->ptr == \old(in->ptr) && in->len == \old(in->len); */
bool sj_take_be(struct sj_span *in, size_t n, uint32_t *out);

/*@ requires \valid(in) && \valid(out) && \separated(in, out) && span_ok(*in);
    assigns *in, *out;
    ensures span_ok(*in);
    ensures \result ==> in->len == \old(in->len) - 8 && in->ptr == \old(in->ptr) + 8;
    ensures !\result ==> in->ptr == \old(in->ptr) && in->len == \old(in->len); */
bool sj_take_u64(struct sj_span *in, uint64_t *out);

/*@ requires \valid(in) && span_ok(*in) && room_ok(out, n);
    assigns *in, out[0 .. n - 1];
    ensures span_ok(*in);
    ensures \result ==> in->len == \old(in->len) - n && in->ptr == \old(in->ptr) + n;
    ensures !\result ==> in->ptr == \old(in->ptr) && in->len == \old(in->len); */
bool sj_take_copy(struct sj_span *in, size_t n, uint8_t *out);

/*@ requires span_ok(a) && span_ok(b);
    assigns \nothing;
    ensures \result ==> a.len == b.len; */
bool sj_span_eq(struct sj_span a, struct sj_span b);

/*@ requires span_ok(bytes);
    assigns \nothing; */
uint64_t sj_fnv(uint64_t sum, struct sj_span bytes);

/*@ requires \valid_read(parts + (0 .. n - 1));
    assigns \nothing; */
static inline size_t sj_spans_len(const struct sj_span *parts, size_t n);

/* --- writers ------------------------------------------------------------------------ */

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed;
    ensures writer_ok(*w);
    ensures \old(w->failed) ==> w->failed;
    ensures w->failed ==> \result == \null && w->len == \old(w->len);
    ensures \result == \null && n > 0 ==> w->failed;
    ensures !w->failed ==> w->len == \old(w->len) + n;
    ensures !w->failed ==> \result == w->ptr + \old(w->len);
    ensures !w->failed ==> room_ok(\result, n); */
uint8_t *sj_put_space(struct sj_writer *w, size_t n);

/*@ requires \valid(w) && writer_ok(*w) && span_ok(bytes);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed;
    ensures w->failed ==> w->len == \old(w->len);
    ensures !w->failed ==> w->len == \old(w->len) + bytes.len; */
void sj_put(struct sj_writer *w, struct sj_span bytes);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed;
    ensures w->failed ==> w->len == \old(w->len);
    ensures !w->failed ==> w->len == \old(w->len) + 1; */
void sj_put_u8(struct sj_writer *w, uint8_t value);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed;
    ensures w->failed ==> w->len == \old(w->len);
    ensures !w->failed ==> w->len == \old(w->len) + n; */
void sj_put_be(struct sj_writer *w, size_t n, uint32_t value);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed; */
void sj_put_u64(struct sj_writer *w, uint64_t value);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed;
    ensures w->failed ==> w->len == \old(w->len);
    ensures !w->failed ==> w->len == \old(w->len) + n; */
void sj_put_fill(struct sj_writer *w, uint8_t value, size_t n);

#endif
