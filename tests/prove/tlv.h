/* tlv.h -- contracts of wire/tlv.h, and of the functions in its source. */
#ifndef PROVE_TLV_H
#define PROVE_TLV_H

#include "tests/prove/spans.h"
#include "wire/tlv.h"

/*@ requires \valid(in) && \valid(tag) && \valid(value) && \separated(in, tag, value) && span_ok(*in);
    assigns *in, *tag, *value;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures \result == SJ_TLV_FOUND ==> span_ok(*value) && value->len <= \old(in->len);
    ensures \result == SJ_TLV_FOUND ==> in->len < \old(in->len);
    ensures \result != SJ_TLV_FOUND ==> in->len == \old(in->len) && in->ptr == \old(in->ptr); */
enum sj_tlv_rc sj_tlv_next(struct sj_span *in, uint32_t *tag, struct sj_span *value);

/*@ requires \valid(in) && \valid(value) && \separated(in, value) && span_ok(*in);
    assigns *in, *value;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures \result == SJ_TLV_FOUND ==> span_ok(*value) && value->len <= \old(in->len);
    ensures \result == SJ_TLV_FOUND ==> in->len < \old(in->len);
    ensures \result != SJ_TLV_FOUND ==> in->len == \old(in->len) && in->ptr == \old(in->ptr);
    ensures \result != SJ_TLV_FOUND ==> value->len == \old(value->len) && value->ptr == \old(value->ptr); */
enum sj_tlv_rc sj_tlv_take(struct sj_span *in, uint32_t tag, struct sj_span *value);

/*@ requires \valid(in) && \valid(element) && \separated(in, element) && span_ok(*in);
    assigns *in, *element;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures \result == SJ_TLV_FOUND ==> span_ok(*element); */
enum sj_tlv_rc sj_tlv_take_element(struct sj_span *in, uint32_t tag, struct sj_span *element);

/*@ requires \valid(in) && \valid(element) && \separated(in, element) && span_ok(*in);
    assigns *in, *element;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures \result == SJ_TLV_FOUND ==> span_ok(*element); */
enum sj_tlv_rc sj_tlv_take_any(struct sj_span *in, struct sj_span *element);

/*@ requires \valid(value) && span_ok(in);
    assigns *value;
    ensures \result == SJ_TLV_FOUND ==> span_ok(*value); */
enum sj_tlv_rc sj_tlv_find(struct sj_span in, uint32_t tag, struct sj_span *value);

/*@ requires span_ok(in);
    assigns \nothing; */
bool sj_tlv_well_formed(struct sj_span in);

/*@ requires span_ok(in);
    assigns \nothing; */
bool sj_tlv_strict(struct sj_span in);

/*@ requires \valid(size) && span_ok(prefix);
    assigns *size; */
bool sj_tlv_announced(struct sj_span prefix, size_t *size);

/*@ assigns \nothing;
    ensures 2 <= \result <= 9; */
size_t sj_tlv_header_size(uint32_t tag, size_t n);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed; */
void sj_tlv_put_header(struct sj_writer *w, uint32_t tag, size_t n);

/*@ requires \valid(w) && writer_ok(*w) && span_ok(value);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed; */
void sj_tlv_put(struct sj_writer *w, uint32_t tag, struct sj_span value);

/*@ requires \valid_read(w) && writer_ok(*w);
    assigns \nothing;
    ensures \result == w->len; */
size_t sj_tlv_open(const struct sj_writer *w);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed; */
void sj_tlv_close(struct sj_writer *w, uint32_t tag, size_t at);

/*@ requires \valid(out) && span_ok(content);
    assigns *out; */
bool sj_der_small(struct sj_span content, uint32_t *out);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w) && w->len >= \old(w->len);
    ensures \old(w->failed) ==> w->failed; */
void sj_der_put_small(struct sj_writer *w, uint32_t value);

/*@ requires \valid(in) && \valid(out) && \separated(in, out) && span_ok(*in);
    assigns *in, *out;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures !\result ==> in->len == \old(in->len) && in->ptr == \old(in->ptr); */
bool sj_der_take_small(struct sj_span *in, uint32_t *out);

/*@ predicate spans_ok(struct sj_span *s, integer n) =
      (n == 0 || \valid_read(s + (0 .. n - 1))) && \forall integer i; 0 <= i < n ==> span_ok(s[i]); */

/*@ requires \valid(w) && writer_ok(*w) && spans_ok(elements, n);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_der_put_set(struct sj_writer *w, const struct sj_span *elements, size_t n);

#endif
