/* tlv.c -- the functions of wire/tlv.c, proved. */
#include "tests/prove/tlv.h"

/*@ requires \valid(in) && \valid(tag) && \separated(in, tag) && span_ok(*in);
    assigns *in, *tag;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures \result ==> in->len < \old(in->len); */
static bool take_tag(struct sj_span *in, uint32_t *tag);

/*@ requires \valid(in) && \valid(len) && \separated(in, len) && span_ok(*in);
    assigns *in, *len;
    ensures span_ok(*in) && in->len <= \old(in->len);
    ensures \result ==> in->len < \old(in->len); */
static bool take_length(struct sj_span *in, size_t *len);

/*@ assigns \nothing; */
static bool is_constructed(uint32_t tag);

/*@ requires span_ok(in);
    assigns \nothing; */
static bool strict(struct sj_span in, unsigned depth);

/*@ assigns \nothing;
    ensures 1 <= \result <= 4; */
static size_t bytes_of(uint32_t value);

/*@ requires \valid_read(elements + a) && \valid_read(elements + b);
    requires span_ok(elements[a]) && span_ok(elements[b]);
    assigns \nothing; */
static bool der_before(const struct sj_span *elements, size_t a, size_t b);

/*@ requires spans_ok(elements, n) && last <= n;
    assigns \nothing;
    ensures \result <= n; */
static size_t der_successor(const struct sj_span *elements, size_t n, size_t last);

#include "wire/tlv.c"
