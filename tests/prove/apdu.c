/* apdu.c -- the functions of wire/apdu.c, proved. */
#include "wire/apdu.h"
#include "tests/prove/spans.h"

/*@ requires \valid(in) && \valid(ne) && \separated(in, ne) && span_ok(*in);
    assigns *in, *ne;
    ensures span_ok(*in); */
static bool take_le(struct sj_span *in, size_t n, uint32_t maximum, uint32_t *ne);

/*@ requires \valid(a) && span_ok(body) && span_ok(a->data);
    assigns a->data, a->ne;
    ensures \result ==> span_ok(a->data); */
static bool parse_short(struct sj_span body, struct sj_apdu *a);

/*@ requires \valid(a) && span_ok(body) && body.len > 1 && span_ok(a->data);
    assigns a->data, a->ne, a->extended;
    ensures \result ==> span_ok(a->data); */
static bool parse_extended(struct sj_span body, struct sj_apdu *a);

/*@ requires \valid(out) && span_ok(in);
    assigns *out;
    ensures \result ==> span_ok(out->data); */
bool sj_apdu_parse(struct sj_span in, struct sj_apdu *out);

/*@ requires \valid(w) && writer_ok(*w) && \valid_read(a) && span_ok(a->data);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_apdu_put(struct sj_writer *w, const struct sj_apdu *a);

/*@ requires \valid(out) && span_ok(in);
    assigns *out;
    ensures \result ==> span_ok(out->data); */
bool sj_response_parse(struct sj_span in, struct sj_response *out);

#include "wire/apdu.c"
