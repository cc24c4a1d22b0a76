/* cbor.c -- the functions of wire/cbor.c, proved. */
#include "wire/cbor.h"
#include "tests/prove/spans.h"

/*@ requires \valid(in) && span_ok(*in) && \valid(out) && \separated(in, out);
    assigns *in, *out;
    ensures span_ok(*in) && in->len <= \old(in->len); */
static bool take_argument(struct sj_span *in, size_t n, uint64_t *out);

/*@ requires \valid(in) && span_ok(*in) && \valid(type) && \valid(argument) && \separated(in, type, argument);
    assigns *in, *type, *argument;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures \result ==> in->len < \old(in->len);
    ensures !\result ==> in->len == \old(in->len) && in->ptr == \old(in->ptr); */
static bool take_head(struct sj_span *in, enum sj_cbor_type *type, uint64_t *argument);

/*@ requires \valid(type) && span_ok(in);
    assigns *type; */
bool sj_cbor_peek(struct sj_span in, enum sj_cbor_type *type);

/*@ requires \valid(in) && span_ok(*in) && \valid(out) && \separated(in, out);
    assigns *in, *out;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures !\result ==> in->len == \old(in->len) && in->ptr == \old(in->ptr); */
bool sj_cbor_take_int(struct sj_span *in, int64_t *out);

/*@ requires \valid(in) && span_ok(*in) && \valid(out) && \separated(in, out);
    assigns *in, *out;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures !\result ==> in->len == \old(in->len) && in->ptr == \old(in->ptr);
    ensures \result ==> span_ok(*out); */
static bool take_string(struct sj_span *in, enum sj_cbor_type wanted, struct sj_span *out);

/*@ requires \valid(in) && span_ok(*in) && \valid(out) && \separated(in, out);
    assigns *in, *out;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures !\result ==> in->len == \old(in->len) && in->ptr == \old(in->ptr);
    ensures \result ==> span_ok(*out); */
bool sj_cbor_take_bytes(struct sj_span *in, struct sj_span *out);

/*@ requires \valid(in) && span_ok(*in) && \valid(out) && \separated(in, out);
    assigns *in, *out;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures !\result ==> in->len == \old(in->len) && in->ptr == \old(in->ptr);
    ensures \result ==> span_ok(*out); */
bool sj_cbor_take_text(struct sj_span *in, struct sj_span *out);

/*@ requires \valid(in) && span_ok(*in) && \valid(n) && \separated(in, n);
    assigns *in, *n;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures !\result ==> in->len == \old(in->len) && in->ptr == \old(in->ptr);
    ensures \result ==> *n <= in->len; */
bool sj_cbor_take_array(struct sj_span *in, size_t *n);

/*@ requires span_ok(before) && span_ok(key);
    assigns \nothing; */
static bool in_order(struct sj_span before, struct sj_span key);

/*@ requires \valid(in) && span_ok(*in);
    assigns *in;
    ensures span_ok(*in) && in->len <= \old(in->len); */
static bool skip_pairs(struct sj_span *in, uint64_t n, unsigned depth);

/*@ requires \valid(in) && span_ok(*in);
    assigns *in;
    ensures span_ok(*in) && in->len <= \old(in->len); */
static bool skip_items(struct sj_span *in, uint64_t n, unsigned depth);

/*@ requires \valid(in) && span_ok(*in);
    assigns *in;
    ensures span_ok(*in) && in->len <= \old(in->len); */
static bool skip_item(struct sj_span *in, unsigned depth);

/*@ requires \valid(in) && span_ok(*in) && \valid(out) && \separated(in, out);
    assigns *in, *out;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures !\result ==> in->len == \old(in->len) && in->ptr == \old(in->ptr);
    ensures \result ==> span_ok(*out); */
bool sj_cbor_take_item(struct sj_span *in, struct sj_span *out);

/*@ requires \valid(in) && span_ok(*in) && \valid(out) && \separated(in, out);
    assigns *in, *out;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures !\result ==> in->len == \old(in->len) && in->ptr == \old(in->ptr);
    ensures \result ==> span_ok(out->pairs); */
bool sj_cbor_take_map(struct sj_span *in, struct sj_cbor_map *out);

/*@ requires \valid(map) && \valid(key) && \valid(value) && \separated(map, key, value) && span_ok(map->pairs);
    assigns *map, *key, *value;
    ensures span_ok(map->pairs);
    ensures \result ==> span_ok(*key) && span_ok(*value); */
bool sj_cbor_next(struct sj_cbor_map *map, struct sj_span *key, struct sj_span *value);

/*@ requires \valid(value) && span_ok(map.pairs);
    assigns *value;
    ensures \result ==> span_ok(*value); */
bool sj_cbor_find(struct sj_cbor_map map, int64_t key, struct sj_span *value);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
static void put_head(struct sj_writer *w, enum sj_cbor_type type, uint64_t argument);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_cbor_put_int(struct sj_writer *w, int64_t value);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_cbor_put_bytes_head(struct sj_writer *w, size_t n);

/*@ requires \valid(w) && writer_ok(*w) && span_ok(bytes);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_cbor_put_bytes(struct sj_writer *w, struct sj_span bytes);

/*@ requires \valid(w) && writer_ok(*w) && span_ok(text);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_cbor_put_text(struct sj_writer *w, struct sj_span text);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_cbor_put_array(struct sj_writer *w, size_t n);

/*@ requires \valid(w) && writer_ok(*w);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_cbor_put_map(struct sj_writer *w, size_t pairs);

#include "wire/cbor.c"
