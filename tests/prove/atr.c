/* atr.c -- the functions of wire/atr.c, proved. */
#include "wire/atr.h"
#include "tests/prove/spans.h"

/*@ requires \valid(in) && span_ok(*in);
    assigns *in;
    ensures span_ok(*in); */
static bool skip_interface(struct sj_span *in, uint8_t format);

/*@ requires span_ok(atr);
    assigns \nothing; */
static bool check_holds(struct sj_span atr);

/*@ requires \valid(in) && \valid(protocols) && \separated(in, protocols) && span_ok(*in);
    assigns *in, *protocols;
    ensures span_ok(*in); */
static bool take_protocols(struct sj_span *in, uint8_t t0, uint16_t *protocols);

/*@ requires \valid(out) && span_ok(in);
    assigns *out;
    ensures \result ==> span_ok(out->historical); */
bool sj_atr_parse(struct sj_span in, struct sj_atr *out);

/*@ requires \valid(w) && writer_ok(*w) && span_ok(historical);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
static void put_rest(struct sj_writer *w, size_t at, struct sj_span historical);

/*@ requires \valid(w) && writer_ok(*w) && span_ok(historical);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_atr_put_contactless(struct sj_writer *w, struct sj_span historical);

/*@ requires \valid(w) && writer_ok(*w) && span_ok(historical);
    assigns w->len, w->failed, w->ptr[0 .. w->cap - 1];
    ensures writer_ok(*w); */
void sj_atr_put_contact(struct sj_writer *w, struct sj_span historical);

#include "wire/atr.c"
